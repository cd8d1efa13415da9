/* SPDX-License-Identifier: BSD-3-Clause
 * The kernels of one instruction set: included by one source file for each, which names it by VARIANT. */
#ifndef NPDE_NUMERICS_KERNELS_TABLE_H
#define NPDE_NUMERICS_KERNELS_TABLE_H

#include "numerics/kernels.h"
#include "numerics/kernels_batch.h"
#include "numerics/kernels_chain.h"
#include "numerics/kernels_dense.h"
#include "numerics/kernels_columns.h"
#include "numerics/kernels_lanes.h"
#include "numerics/kernels_leaky.h"
#include "numerics/kernels_line.h"
#include "numerics/kernels_remap.h"
#include "numerics/kernels_sums.h"

#define PASTE(a, b) a##b
#define TABLE(variant) PASTE(npde__kernels_, variant)
#define STRING(text) #text
#define NAME(variant) STRING(variant)

extern const npde__kernels TABLE(VARIANT);
const npde__kernels TABLE(VARIANT) = {
    .name = NAME(VARIANT),
    .line_factor = line_factor,
    .line_solve = line_solve,
    .batch_factor = batch_factor,
    .batch_solve = batch_solve,
    .shared_factor = shared_factor,
    .shared_solve = shared_solve,
    .shared_flow = shared_flow,
    .chain_factor = chain_factor,
    .chain_forward = chain_forward,
    .chain_backward = chain_backward,
    .lanes_factor = lanes_factor,
    .lanes_forward = lanes_forward,
    .lanes_backward = lanes_backward,
    .gather = gather,
    .scatter = scatter,
    .spread = spread,
    .lanes_multiply = lanes_multiply,
    .multiply = multiply,
    .combine = combine,
    .dot = dot,
    .carry = carry,
    .remap = remap,
    .to_lanes = to_lanes,
    .from_lanes = from_lanes,
    .normals = normals,
    .leaky = leaky,
};

#endif
