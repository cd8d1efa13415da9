/* SPDX-License-Identifier: BSD-3-Clause
 * The columns of a matrix in rows: groups of eight to lanes and back, and the flow of a relaxation along them in place. */
#ifndef NPDE_NUMERICS_KERNELS_COLUMNS_H
#define NPDE_NUMERICS_KERNELS_COLUMNS_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"

enum {
    LANE_VECTORS = NPDE__KERNELS_LANES / WIDTH,
    FLOW_IN_FLIGHT = NPDE__KERNELS_COLUMNS / 8,
    FLOWING = FLOW_IN_FLIGHT * WIDTH
};

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

/* A vector, or the first `lanes` of it. */
static ALWAYS_INLINE vec load_lanes(const double *p, const size_t lanes)
{
    return lanes == WIDTH ? load(p) : load_some(p, lanes);
}

static ALWAYS_INLINE void store_lanes(double *p, const size_t lanes, vec v)
{
    if (lanes == WIDTH) store(p, v);
    else store_some(p, lanes, v);
}

/* `count` vectors of columns, of which the last one counted has so many lanes. */
static ALWAYS_INLINE void shared_columns(size_t n, size_t stride, const double *first, const double *second,
                                         double keep, const double *from, double *to, double *work, const size_t count,
                                         const size_t lanes)
{
    const size_t row = WIDTH * count;
    vec x[FLOW_IN_FLIGHT], y[FLOW_IN_FLIGHT];
    const vec kept = splat(keep);
    UNROLL for (size_t k = 0; k < count; k++) x[k] = y[k] = splat(0);
    for (size_t i = 0; i < n; i++) {
        const vec a = splat(first[3 * i]);
        UNROLL for (size_t k = 0; k < count; k++)
        {
            x[k] = add_product(load_lanes(from + i * stride + WIDTH * k, lanes), a, x[k]);
            store(work + i * row + WIDTH * k, x[k]);
        }
    }
    UNROLL for (size_t k = 0; k < count; k++) x[k] = splat(0);
    for (size_t i = n; i-- > 0;) {
        const vec a = splat(first[3 * i]), b = splat(first[3 * i + 1]), c = splat(first[3 * i + 2]),
                  d = splat(second[i]);
        const double *z = work + i * row, *before = i ? z - row : z;
        UNROLL for (size_t k = 0; k < count; k++)
        {
            const vec here = load(z + WIDTH * k), p = subtract_product(here, a, load(before + WIDTH * k));
            y[k] = add_product(here * b, c, y[k]);
            x[k] = add_product(add_product(y[k], kept, p), d, x[k]);
            store_lanes(to + i * stride + WIDTH * k, lanes, x[k]);
        }
    }
}

static void shared_flow(size_t n, size_t columns, size_t stride, const double *first, const double *second, double keep,
                        const double *from, double *to, double *work)
{
    size_t k = 0;
    for (; k + FLOWING <= columns; k += FLOWING)
        shared_columns(n, stride, first, second, keep, from + k, to + k, work, FLOW_IN_FLIGHT, WIDTH);
    for (; k + WIDTH <= columns; k += WIDTH)
        shared_columns(n, stride, first, second, keep, from + k, to + k, work, 1, WIDTH);
    if (k < columns) shared_columns(n, stride, first, second, keep, from + k, to + k, work, 1, columns - k);
}

#endif
