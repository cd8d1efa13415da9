/* SPDX-License-Identifier: BSD-3-Clause
 * Semi-Lagrangian transport of a run of cells. */
#ifndef NPDE_NUMERICS_KERNELS_REMAP_H
#define NPDE_NUMERICS_KERNELS_REMAP_H

#include "numerics/kernels_random.h"

/* One vector of cells: fractions θ of them, (1 − θ)/6, the mass up to θ and the mass beyond; where it may have to be limited. */
typedef struct {
    vec theta, sixth, part, rest;
    lanes steep;
} remap_cells;

/*
 * What the parabola's deviation from its mean is to be multiplied by for it to stay between 0 and what it has (Zhang & Shu, J.
 * Comput. Phys. 229, 2010). With L and R of it at the ends its least value is n + L − (2 L + R)²/(3 (L + R)) if that lies inside,
 * or at an end. A negative cell is constant. So no cell gives more than it has, and Σ |n| does not grow, whatever the grid and the
 * step are.
 */
static vec remap_scale(vec mass, vec left, vec right)
{
    const vec zero = splat(0), tiny = splat(1e-300), three = splat(3), sum = left + right, at = left + sum;
    const vec ends = choose(less(left, right), left, right);
    const vec inside = left - at * at / (three * choose(less(tiny, sum), sum, tiny));
    const vec least = choose(less(zero, at), choose(less(at, three * sum), inside, ends), ends);
    const vec scale = mass / choose(less(least, -tiny), -least, tiny);
    return choose(less(zero, mass), choose(less(least, -mass), scale, splat(1)), zero);
}

/*
 * With n and D∓ as in operators/characteristics.c: up to θ lies θ [n + (1 − θ)/6 ((2 D− − D+) − θ (D− + D+))]. The units that add
 * and those that multiply are kept equally busy. |L| + |R| is at most √((D−² + D+²)/2): where that is below |n|, as it nearly
 * always is, the parabola does not change its sign.
 */
static ALWAYS_INLINE remap_cells remap_at(const double *m, vec theta, vec sixth, const int limited)
{
    const vec mass = load(m), up = load(m + 1) - mass, fall = mass - load(m - 1);
    const lanes steep = less((mass + mass) * mass, add_product(up * up, fall, fall));
    vec bend = add_product(add_product(up, splat(2), fall), theta, up - fall);
    if (limited && lane_bits(steep)) {
        const vec left = add_product(up, splat(2), fall) * splat(-1. / 6);
        bend *= remap_scale(mass, left, add_product(fall, splat(2), up) * splat(1. / 6));
    }
    const vec share = subtract_product(mass, sixth, bend);
    return (remap_cells){theta, sixth, theta * share, subtract_product(mass, theta, share), steep};
}

static ALWAYS_INLINE remap_cells remap_first(const double *m, double theta, double slope, const int limited)
{
    const vec at = add_product(splat(theta), ramp(), splat(slope));
    return remap_at(m, at, (splat(1) - at) * splat(1.0 / 6), limited);
}

/* What is written: the gain, or what there is + scale × the gain. */
static ALWAYS_INLINE void remap_store(double *out, size_t n, vec gained, double scale, const int plain)
{
    if (n == WIDTH) store(out, plain ? gained : add_product(load(out), splat(scale), gained));
    else store_some(out, n, plain ? gained : add_product(load_some(out, n), splat(scale), gained));
}

/* A few cells first, so that no store reaches over two lines of the cache. Is any cell steep? */
static ALWAYS_INLINE int remap_run(size_t n, const double *m, double theta, double slope, double scale, const int plain,
                                   const int limited, double *ends, double *out)
{
    enum { FEW = 4 * WIDTH };
    const vec stride = splat(WIDTH * slope), sixth = splat(WIDTH * slope / 6);
    remap_cells here = remap_first(m, theta, slope, limited);
    size_t i = n > FEW ? to_line(out) : 0;
    ends[0] = first_of(here.part);
    lanes steep = nowhere();
    if (i) {
        steep = here.steep;
        remap_store(out, i, here.rest + shift_down(here.part, here.part), scale, plain);
        here = remap_first(m + i, theta + slope * (double)i, slope, limited);
    }
    for (; i + WIDTH < n; i += WIDTH) {
        const remap_cells next = remap_at(m + i + WIDTH, here.theta + stride, here.sixth - sixth, limited);
        remap_store(out + i, WIDTH, here.rest + shift_down(here.part, next.part), scale, plain);
        steep |= here.steep;
        here = next;
    }
    double part[WIDTH];
    remap_store(out + i, n - 1 - i, here.rest + shift_down(here.part, here.part), scale, plain);
    store(part, here.part);
    ends[1] = part[n - 1 - i];
    return (lane_bits(steep) | (lane_bits(here.steep) & ((UINT64_C(1) << (n - i)) - 1))) != 0;
}

/* In most rows nothing is to be limited. */
static void remap(size_t n, const double *m, double theta, double slope, double scale, int add, int limited,
                  double *ends, double *out)
{
    if (!add && scale == 1) {
        if (!limited) (void)remap_run(n, m, theta, slope, 1, 1, 0, ends, out);
        else if (remap_run(n, m, theta, slope, 1, 1, 0, ends, out))
            (void)remap_run(n, m, theta, slope, 1, 1, 1, ends, out);
        return;
    }
    for (size_t i = 0; !add && i + 1 < n; i++) out[i] = 0;
    if (limited) (void)remap_run(n, m, theta, slope, scale, 0, 1, ends, out);
    else (void)remap_run(n, m, theta, slope, scale, 0, 0, ends, out);
}

#endif
