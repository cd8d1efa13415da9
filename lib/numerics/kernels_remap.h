/* SPDX-License-Identifier: BSD-3-Clause
 * Semi-Lagrangian transport of a run of cells. */
#ifndef NPDE_NUMERICS_KERNELS_REMAP_H
#define NPDE_NUMERICS_KERNELS_REMAP_H

#include "numerics/kernels_vector.h"

/* θ [n + (1 − θ)/6 (2 D− − D+ − θ (D− + D+))] */
static ALWAYS_INLINE vec remap_partial(vec theta, vec below, vec mass, vec above)
{
    const vec down = below - mass, up = above - mass, sixth = splat(1.0 / 6);
    const vec bend = subtract_product((down + down - up), theta, down + up);
    return theta * add_product(mass, subtract_product(sixth, sixth, theta), bend);
}

/* Feet i + 1 … i + WIDTH, from i … i + WIDTH − 1 and the next ones. */
static ALWAYS_INLINE vec remap_shift(vec here, vec next)
{
#if WIDTH == 8
    return __builtin_shufflevector(here, next, 1, 2, 3, 4, 5, 6, 7, 8);
#elif WIDTH == 4
    return __builtin_shufflevector(here, next, 1, 2, 3, 4);
#elif WIDTH == 2
    return __builtin_shufflevector(here, next, 1, 2);
#else
    (void)here;
    return next;
#endif
}

static ALWAYS_INLINE void remap_run(size_t n, const double *m, double theta, double slope, double scale, const int add,
                                    double *ends, double *out)
{
    double step[WIDTH];
    for (size_t k = 0; k < WIDTH; k++) step[k] = slope * (double)k;
    vec at = load(step) + theta, here = remap_partial(at, load(m - 1), load(m), load(m + 1));
    const vec stride = splat(WIDTH * slope), factor = splat(scale);
    size_t i = 0;
    store(step, here);
    ends[0] = step[0];
    for (; i + WIDTH < n; i += WIDTH) {
        at += stride;
        const vec next = remap_partial(at, load(m + i + WIDTH - 1), load(m + i + WIDTH), load(m + i + WIDTH + 1));
        const vec before = add ? load(out + i) : splat(0);
        store(out + i, add_product(before, factor, (load(m + i) - here) + remap_shift(here, next)));
        here = next;
    }
    double cells[WIDTH];
    store(step, here);
    store(cells, factor * ((load(m + i) - here) + remap_shift(here, here)));
    for (size_t k = 0; i + k + 1 < n; k++) out[i + k] = (add ? out[i + k] : 0) + cells[k];
    ends[1] = step[n - 1 - i];
}

static void remap(size_t n, const double *m, double theta, double slope, double scale, int add, double *ends,
                  double *out)
{
    if (add) remap_run(n, m, theta, slope, scale, 1, ends, out);
    else remap_run(n, m, theta, slope, scale, 0, ends, out);
}

#endif
