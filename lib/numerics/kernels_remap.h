/* SPDX-License-Identifier: BSD-3-Clause
 * Semi-Lagrangian transport of a run of cells. */
#ifndef NPDE_NUMERICS_KERNELS_REMAP_H
#define NPDE_NUMERICS_KERNELS_REMAP_H

#include "numerics/kernels_random.h"

/* Of a vector of cells the means n_0, their slopes n_1 − n_{−1} and bends n_1 − 2 n_0 + n_{−1}. */
typedef struct {
    vec mean, slope, bend;
} remap_means;

/* Fractions θ of them, 1 − 2 θ, the mass up to θ and the mass beyond. */
typedef struct {
    vec theta, middle, part, rest;
} remap_cells;

static ALWAYS_INLINE remap_means remap_load(const double *m)
{
    const vec mean = load(m), before = load(m - 1), after = load(m + 1);
    return (remap_means){mean, after - before, subtract_product(after + before, splat(2), mean)};
}

/*
 * With n the mean, s the slope, b the bends and τ = θ (1 − θ)/12, the quintic mass up to θ is
 *
 *     θ n + τ ((1 − 2 θ) b_0 − 3 s + (1/10 + 3/5 τ) (5 (b_1 − b_{−1}) − (1 − 2 θ) (b_1 − 2 b_0 + b_{−1}))),
 *
 * in as few operations as we know: they are what a row takes its time for. Limited, no cell gives more than it has, nor less than
 * nothing.
 */
static ALWAYS_INLINE remap_cells remap_at(remap_means at, vec before, vec after, vec theta, vec middle,
                                          const int limited)
{
    const vec turned = middle * at.bend, tau = subtract_product(splat(1. / 12) * theta, splat(1. / 12) * theta, theta);
    const vec uneven = subtract_product(splat(5) * (after - before), middle, after + before);
    const vec high = add_product(uneven, splat(2), turned), low = subtract_product(turned, splat(3), at.slope);
    const vec up_to =
        add_product(theta * at.mean, tau, add_product(low, add_product(splat(0.1), splat(0.6), tau), high));
    const vec zero = splat(0), most = larger(at.mean, zero), least = smaller(at.mean, zero);
    const vec part = limited ? smaller(larger(up_to, least), most) : up_to;
    return (remap_cells){theta, middle, part, at.mean - part};
}

static ALWAYS_INLINE remap_cells remap_first(const double *m, double theta, double slope, const int limited)
{
    const vec at = add_product(splat(theta), ramp(), splat(slope));
    return remap_at(remap_load(m), remap_load(m - 1).bend, remap_load(m + 1).bend, at, splat(1) - (at + at), limited);
}

/* What is written: the gain, or what there is + scale × the gain. */
static ALWAYS_INLINE void remap_store(double *out, size_t n, vec gained, double scale, const int plain)
{
    if (n == WIDTH) store(out, plain ? gained : add_product(load(out), splat(scale), gained));
    else store_some(out, n, plain ? gained : add_product(load_some(out, n), splat(scale), gained));
}

/* A few cells first, so that no store reaches over two lines of the cache. */
static ALWAYS_INLINE void remap_run(size_t n, const double *m, double theta, double slope, double scale,
                                    const int plain, const int limited, double *ends, double *out)
{
    enum { FEW = 4 * WIDTH };
    const vec stride = splat(WIDTH * slope), twice = stride + stride;
    remap_cells here = remap_first(m, theta, slope, limited);
    size_t i = n > FEW ? to_line(out) : 0;
    ends[0] = first_of(here.part);
    if (i) {
        remap_store(out, i, here.rest + shift_down(here.part, here.part), scale, plain);
        here = remap_first(m + i, theta + slope * (double)i, slope, limited);
    }
    vec before = remap_load(m + i).bend;
    remap_means at = remap_load(m + i + WIDTH);
    for (; i + WIDTH < n; i += WIDTH) {
        const remap_means after = remap_load(m + i + 2 * WIDTH);
        const remap_cells next = remap_at(at, shift_up(before, at.bend), shift_down(at.bend, after.bend),
                                          here.theta + stride, here.middle - twice, limited);
        remap_store(out + i, WIDTH, here.rest + shift_down(here.part, next.part), scale, plain);
        here = next;
        before = at.bend;
        at = after;
    }
    double part[WIDTH];
    remap_store(out + i, n - 1 - i, here.rest + shift_down(here.part, here.part), scale, plain);
    store(part, here.part);
    ends[1] = part[n - 1 - i];
}

static void remap(size_t n, const double *m, double theta, double slope, double scale, int add, int limited,
                  double *ends, double *out)
{
    if (!add && scale == 1) {
        if (limited) remap_run(n, m, theta, slope, 1, 1, 1, ends, out);
        else remap_run(n, m, theta, slope, 1, 1, 0, ends, out);
        return;
    }
    for (size_t i = 0; !add && i + 1 < n; i++) out[i] = 0;
    if (limited) remap_run(n, m, theta, slope, scale, 0, 1, ends, out);
    else remap_run(n, m, theta, slope, scale, 0, 0, ends, out);
}

#endif
