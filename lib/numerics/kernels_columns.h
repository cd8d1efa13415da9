/* SPDX-License-Identifier: BSD-3-Clause
 * Groups of eight columns of a matrix in rows, to lanes and back. */
#ifndef NPDE_NUMERICS_KERNELS_COLUMNS_H
#define NPDE_NUMERICS_KERNELS_COLUMNS_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"

enum { LANE_VECTORS = NPDE__KERNELS_LANES / WIDTH };

static void to_lanes(size_t n, size_t n_groups, const double *w, double keep, double take, const double *p,
                     size_t stride, double *x)
{
    const size_t group = NPDE__KERNELS_LANES * n;
    for (size_t j = 0; j < n; j++) {
        const vec scale = splat(take * w[j]), kept = splat(keep);
        for (size_t g = 0; g < n_groups; g++) UNROLL for (size_t k = 0; k < LANE_VECTORS; k++)
            {
                double *to = x + g * group + NPDE__KERNELS_LANES * j + WIDTH * k;
                const vec new = scale *load(p + j * stride + NPDE__KERNELS_LANES * g + WIDTH * k);
                store(to, keep == 0 ? new : add_product(new, kept, load(to)));
            }
    }
}

static void from_lanes(size_t n, size_t n_groups, const double *w, const double *x, size_t stride, double *p)
{
    const size_t group = NPDE__KERNELS_LANES * n;
    for (size_t j = 0; j < n; j++) {
        const vec scale = splat(1 / w[j]);
        for (size_t g = 0; g < n_groups; g++)
            UNROLL for (size_t k = 0; k < LANE_VECTORS; k++)
                store(p + j * stride + NPDE__KERNELS_LANES * g + WIDTH * k,
                      scale * load(x + g * group + NPDE__KERNELS_LANES * j + WIDTH * k));
    }
}

#endif
