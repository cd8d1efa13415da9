/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file neuropde.h
 * libneuropde: mean-field PDEs of neuroscience. This header includes all the others.
 */
#ifndef NEUROPDE_NEUROPDE_H
#define NEUROPDE_NEUROPDE_H

#include <neuropde/types.h>

#include <neuropde/context.h>
#include <neuropde/entropy.h>
#include <neuropde/grid.h>
#include <neuropde/ids.h>
#include <neuropde/macroscopic.h>
#include <neuropde/model.h>
#include <neuropde/particles.h>
#include <neuropde/response.h>
#include <neuropde/solver.h>
#include <neuropde/steady.h>
#include <neuropde/version.h>

#endif
