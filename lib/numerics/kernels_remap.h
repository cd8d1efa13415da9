/* SPDX-License-Identifier: BSD-3-Clause
 * Semi-Lagrangian transport of cells. */
#ifndef NPDE_NUMERICS_KERNELS_REMAP_H
#define NPDE_NUMERICS_KERNELS_REMAP_H

#include "numerics/kernels_random.h"

/* Of a vector of cells the means n_0, their slopes n_1 − n_{−1} and bends n_1 − 2 n_0 + n_{−1}. */
typedef struct {
    vec mean, slope, bend;
} remap_means;

/* Where in them the feet are, ω = 1 − 2 θ, the mass up to there and the mass beyond. */
typedef struct {
    vec omega, part, rest;
} remap_cells;

static ALWAYS_INLINE remap_means remap_load(const double *m)
{
    const vec mean = load(m), before = load(m - 1), after = load(m + 1);
    return (remap_means){mean, after - before, subtract_product(after + before, splat(2), mean)};
}

/*
 * With n the mean, s the slope, b the bends, ω = 1 − 2 θ and τ = (1 − ω²)/48, the quintic mass up to θ is n/2 + e,
 *
 *     e = τ (ω b_0 − 3 s + (1/10 + 3/5 τ) (5 (b_1 − b_{−1}) − ω (b_1 − 2 b_0 + b_{−1}))) − ω n/2,
 *
 * in as few operations as we know: they are what a row takes its time for. Limited, |e| ≤ |n|/2: no cell gives more than it
 * has, nor less than nothing.
 */
static ALWAYS_INLINE remap_cells remap_at(remap_means at, vec before, vec after, vec omega, const int limited)
{
    const vec share = splat(0.5) * at.mean, turned = omega * at.bend;
    const vec tau = subtract_product(splat(1. / 48), splat(1. / 48) * omega, omega);
    const vec uneven = subtract_product(splat(5) * (after - before), omega, after + before);
    const vec high = add_product(uneven, splat(2), turned), low = subtract_product(turned, splat(3), at.slope);
    const vec more =
        subtract_product(tau * add_product(low, add_product(splat(0.1), splat(0.6), tau), high), omega, share);
    const vec e = limited ? within(more, share) : more;
    return (remap_cells){omega, share + e, share - e};
}

static ALWAYS_INLINE remap_cells remap_first(const double *m, double theta, double slope, const int limited)
{
    const vec at = add_product(splat(theta), ramp(), splat(slope));
    return remap_at(remap_load(m), remap_load(m - 1).bend, remap_load(m + 1).bend, splat(1) - (at + at), limited);
}

/* What is written: the gain, or what there is + scale × the gain. */
static ALWAYS_INLINE void remap_store(double *out, size_t n, vec gained, double scale, const int plain)
{
    if (n == WIDTH) store(out, plain ? gained : add_product(load(out), splat(scale), gained));
    else store_some(out, n, plain ? gained : add_product(load_some(out, n), splat(scale), gained));
}

static ALWAYS_INLINE void remap_run(size_t n, const double *m, double theta, double slope, double scale,
                                    const int plain, const int limited, double *ends, double *out)
{
    const vec stride = splat(-2 * WIDTH * slope);
    remap_cells here = remap_first(m, theta, slope, limited);
    ends[0] = first_of(here.part);
    vec before = remap_load(m).bend;
    remap_means at = remap_load(m + WIDTH);
    size_t i = 0;
    for (; i + WIDTH < n; i += WIDTH) {
        const remap_means after = remap_load(m + i + (size_t)2 * WIDTH);
        const remap_cells next =
            remap_at(at, shift_up(before, at.bend), shift_down(at.bend, after.bend), here.omega + stride, limited);
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

/* How many of `most` feet lie in consecutive cells: θ, which changes by `slope` = 1/inverse from one to the next, stays in
 * [0, 1); or one less by rounding. */
static size_t remap_length(double theta, double slope, double inverse, size_t most)
{
    if (most <= 1 || slope == 0) return most;
    const double steps = ((slope > 0) - theta) * inverse;
    if (!(steps < (double)most)) return most;
    const size_t whole = (size_t)steps;
    const double last = theta + (double)whole * slope;
    return whole + (last >= 0 && last < 1);
}

/* Foot by foot where few of them lie in consecutive cells. */
static ALWAYS_INLINE size_t remap_runs(size_t n, const double *m, double x, double slope, double scale, const int plain,
                                       const int limited, double *ends, double *out)
{
    const int apart = slope > 0.125 || slope < -0.125;
    const double pace = 1 + slope, inverse = 1 / slope, *last = m;
    for (size_t i = 0, length = 1; i < n; i += length) {
        const double at = x + (double)i * pace; /* ascending, for all rounding */
        const double *cell = m + (size_t)at, theta = at - (double)(size_t)at;
        double parts[2];
        if (!apart) length = remap_length(theta, slope, inverse, n - i);
        if (length == 1) parts[0] = parts[1] = first_of(remap_first(cell, theta, slope, limited).part);
        else remap_run(length, cell, theta, slope, scale, plain, limited, parts, out + i);
        if (i == 0) ends[0] = parts[0];
        else {
            double step = parts[0] - ends[1];
            for (; last < cell; last++) step += *last;
            out[i - 1] = plain ? step : out[i - 1] + scale * step;
        }
        ends[1] = parts[1];
        last = cell + length - 1;
    }
    return (size_t)(last - m);
}

static size_t remap(size_t n, const double *m, double x, double slope, double scale, int add, int limited, double *ends,
                    double *out)
{
    if (!add && scale == 1)
        return limited ? remap_runs(n, m, x, slope, 1, 1, 1, ends, out)
                       : remap_runs(n, m, x, slope, 1, 1, 0, ends, out);
    for (size_t i = 0; !add && i + 1 < n; i++) out[i] = 0;
    return limited ? remap_runs(n, m, x, slope, scale, 0, 1, ends, out)
                   : remap_runs(n, m, x, slope, scale, 0, 0, ends, out);
}

#endif
