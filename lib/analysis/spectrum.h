/* SPDX-License-Identifier: BSD-3-Clause
 * Leading eigenvalues of the network linearised at a steady state. */
#ifndef NPDE_ANALYSIS_SPECTRUM_H
#define NPDE_ANALYSIS_SPECTRUM_H

#include "analysis/study.h"

/*
 * The n_pairs eigenvalues with the largest real parts, descending, of a conjugated pair the one with positive imaginary part
 * first; re_im: real and imaginary part of each. They are counted by the argument principle: none is missing. An error says when
 * that fails, or when there are not as many.
 */
npde_status npde__spectrum_leading(const npde__study *study, size_t index, size_t n_pairs, double *re_im);

#endif
