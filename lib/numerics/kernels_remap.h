/* SPDX-License-Identifier: BSD-3-Clause
 * Semi-Lagrangian transport of a run of cells: vectors of faces, then of cells. */
#ifndef NPDE_NUMERICS_KERNELS_REMAP_H
#define NPDE_NUMERICS_KERNELS_REMAP_H

#include "numerics/kernels_vector.h"

static ALWAYS_INLINE vec remap_partial(vec theta, vec below, vec mass, vec above)
{
    const vec rest = 1 - theta, sixth = theta * rest * splat(1.0 / 6);
    const vec bend = subtract_product((1 + rest) * (below - mass), 1 + theta, above - mass);
    return add_product(theta * mass, sixth, bend);
}

static double remap_one(double theta, const double *m)
{
    const double rest = 1 - theta, sixth = theta * rest * (1.0 / 6);
    return theta * m[0] + sixth * ((1 + rest) * (m[-1] - m[0]) - (1 + theta) * (m[1] - m[0]));
}

static void remap(size_t n, const double *m, double theta, double slope, double scale, double *partial, double *out)
{
    double step[WIDTH];
    for (size_t k = 0; k < WIDTH; k++) step[k] = slope * (double)k;
    vec at = load(step) + theta;
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH, at += WIDTH * slope)
        store(partial + i, remap_partial(at, load(m + i - 1), load(m + i), load(m + i + 1)));
    for (; i < n; i++) partial[i] = remap_one(theta + (double)i * slope, m + i);
    for (i = 0; i + WIDTH < n; i += WIDTH)
        store(out + i,
              add_product(load(out + i), splat(scale), (load(m + i) - load(partial + i)) + load(partial + i + 1)));
    for (; i + 1 < n; i++) out[i] += scale * ((m[i] - partial[i]) + partial[i + 1]);
}

#endif
