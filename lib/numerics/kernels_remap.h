/* SPDX-License-Identifier: BSD-3-Clause
 * Semi-Lagrangian transport of a run of cells. */
#ifndef NPDE_NUMERICS_KERNELS_REMAP_H
#define NPDE_NUMERICS_KERNELS_REMAP_H

#include "numerics/kernels_vector.h"

/* One vector of cells: fractions θ of them, (1 − θ)/24, (1 − 2 θ)/5, the mass up to θ and the mass beyond. */
typedef struct {
    vec theta, beyond, between, part, rest;
} remap_cells;

/*
 * With n, L and R as in operators/characteristics.c: up to θ lies θ [n + (1 − θ)/2 ((1 − 2 θ)(L + R) + (L − R))], where
 *
 *     60 (L + R) = 14 (n_{−1} + n_1) − 26 n_0 − (n_{−2} + n_2),    12 (L − R) = 8 (n_{−1} − n_1) − (n_{−2} − n_2).
 *
 * The units that add and those that multiply are kept equally busy.
 */
static ALWAYS_INLINE remap_cells remap_at(const double *m, vec mass, vec ahead, vec theta, vec beyond, vec between)
{
    const vec before = load(m - 1), first = load(m - 2);
    const vec next = shift_down(mass, ahead), last = WIDTH == 1 ? load(m + 2) : shift_down_two(mass, ahead);
    const vec sum = subtract_product(splat(14) * (before + next) - (first + last), splat(26), mass);
    const vec difference = splat(8) * (before - next) - (first - last);
    const vec share = add_product(mass, beyond, add_product(difference, between, sum));
    return (remap_cells){theta, beyond, between, theta * share, subtract_product(mass, theta, share)};
}

static ALWAYS_INLINE remap_cells remap_first(const double *m, double theta, double slope)
{
    const vec at = add_product(splat(theta), ramp(), splat(slope));
    return remap_at(m, load(m), load(m + WIDTH), at, (splat(1) - at) * splat(1.0 / 24),
                    (splat(1) - (at + at)) * splat(0.2));
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
    enum { FEW = 4 * WIDTH };
    const double stride = WIDTH * slope;
    remap_cells here = remap_first(m, theta, slope);
    size_t i = n > FEW ? to_line(out) : 0;
    ends[0] = first_of(here.part);
    if (i) {
        remap_store(out, i, here.rest + shift_down(here.part, here.part), scale, plain);
        here = remap_first(m + i, theta + slope * (double)i, slope);
    }
    vec mass = load(m + i + WIDTH);
    for (; i + WIDTH < n; i += WIDTH) {
        const double *next_cells = m + i + WIDTH;
        const vec ahead = load(next_cells + WIDTH);
        const remap_cells next = remap_at(next_cells, mass, ahead, here.theta + splat(stride),
                                          here.beyond - splat(stride / 24), here.between - splat(stride / 2.5));
        remap_store(out + i, WIDTH, here.rest + shift_down(here.part, next.part), scale, plain);
        here = next;
        mass = ahead;
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
