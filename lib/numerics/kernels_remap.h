/* SPDX-License-Identifier: BSD-3-Clause
 * Semi-Lagrangian transport of a run of cells. */
#ifndef NPDE_NUMERICS_KERNELS_REMAP_H
#define NPDE_NUMERICS_KERNELS_REMAP_H

#include "numerics/kernels_vector.h"

/* One vector of cells: fractions θ of them, (1 − θ)/6, the mass up to θ and the mass beyond. */
typedef struct {
    vec theta, sixth, part, rest;
} remap_cells;

/* With n and D∓ as in operators/characteristics.c: up to θ lies θ [n + (1 − θ)/6 ((2 D− − D+) − θ (D− + D+))]. The units that add
 * and those that multiply are kept equally busy. */
static ALWAYS_INLINE remap_cells remap_at(const double *m, vec theta, vec sixth)
{
    const vec mass = load(m), up = load(m + 1) - mass, fall = mass - load(m - 1);
    const vec bend = add_product(add_product(up, splat(2), fall), theta, up - fall);
    const vec share = subtract_product(mass, sixth, bend);
    return (remap_cells){theta, sixth, theta * share, subtract_product(mass, theta, share)};
}

static ALWAYS_INLINE remap_cells remap_first(const double *m, double theta, double slope)
{
    const vec at = add_product(splat(theta), ramp(), splat(slope));
    return remap_at(m, at, (splat(1) - at) * splat(1.0 / 6));
}

/* What is written: the gain, or what there is + scale × the gain. */
static ALWAYS_INLINE void remap_store(double *out, size_t n, vec gained, double scale, const int plain)
{
    if (n == WIDTH) store(out, plain ? gained : add_product(load(out), splat(scale), gained));
    else store_some(out, n, plain ? gained : add_product(load_some(out, n), splat(scale), gained));
}

/* A few cells first, so that no store reaches over two lines of the cache. */
static ALWAYS_INLINE void remap_run(size_t n, const double *m, double theta, double slope, double scale,
                                    const int plain, double *ends, double *out)
{
    const vec stride = splat(WIDTH * slope), sixth = splat(WIDTH * slope / 6);
    remap_cells here = remap_first(m, theta, slope);
    size_t i = n > 4 * WIDTH ? to_line(out) : 0;
    ends[0] = first_of(here.part);
    if (i) {
        remap_store(out, i, here.rest + shift_down(here.part, here.part), scale, plain);
        here = remap_first(m + i, theta + slope * (double)i, slope);
    }
    for (; i + WIDTH < n; i += WIDTH) {
        const remap_cells next = remap_at(m + i + WIDTH, here.theta + stride, here.sixth - sixth);
        remap_store(out + i, WIDTH, here.rest + shift_down(here.part, next.part), scale, plain);
        here = next;
    }
    double part[WIDTH];
    remap_store(out + i, n - 1 - i, here.rest + shift_down(here.part, here.part), scale, plain);
    store(part, here.part);
    ends[1] = part[n - 1 - i];
}

static void remap(size_t n, const double *m, double theta, double slope, double scale, int add, double *ends,
                  double *out)
{
    if (!add && scale == 1) {
        remap_run(n, m, theta, slope, 1, 1, ends, out);
        return;
    }
    for (size_t i = 0; !add && i + 1 < n; i++) out[i] = 0;
    remap_run(n, m, theta, slope, scale, 0, ends, out);
}

#endif
