/* SPDX-License-Identifier: BSD-3-Clause
 * A step of many leaky neurons with noise: exact Ornstein–Uhlenbeck increments, and who crossed the threshold on the
 * way.
 *
 * Conditional on both ends, a path of dV = −(V − m)/τ dt + √(2a) dW is a Brownian bridge in another time, and the
 * threshold is nearly a straight line there, the chord, from which it is off by c = (V_F − m) h²/(12 τ²) on average. The
 * chance that it was crossed is exp(−(V_F + c − v₀)(V_F + c − v₁)/(aτ sinh(h/τ))). Its logarithm is compared with an
 * exponential variate, drawn only where it can matter. */
#ifndef NPDE_NUMERICS_KERNELS_LEAKY_H
#define NPDE_NUMERICS_KERNELS_LEAKY_H

#include "numerics/kernels_random.h"

#include <float.h>

/* No exponential variate of 32 bits is larger: 33 ln 2. */
static const double largest_exponential = 22.9;

/* Four vectors of neurons at at[8 k]; answers who is to be looked at, vector k at bit 8 k. */
static ALWAYS_INLINE uint64_t leaky_vectors(const npde__kernels_leaky *s, const key_schedule *key, uint32_t index,
                                            double *at, double *after, vec *top)
{
    const vec before = splat(s->before), threshold = splat(s->threshold), curve = splat(s->curve), least = splat(DBL_MIN);
    const vec nearby = splat(largest_exponential / s->bridge);
    const uvec due_before = splat_bits(s->due_before);
    uvec word[4];
    vec x[4], v1[4];
    lanes close[4], sure[4], hit[4], any;
    philox(key, index, NPDE__KERNELS_NORMALS, s->step, word);
    normal_pair(word[0], word[1], &v1[0], &v1[1]);
    normal_pair(word[2], word[3], &v1[2], &v1[3]);
    UNROLL for (size_t k = 0; k < 4; k++)
    {
        const vec v0 = load(at + 8 * k), d0 = before - v0;
        v1[k] = add_product(add_product(splat(s->add), splat(s->decay), v0), splat(s->spread), v1[k]);
        const vec d1 = threshold - v1[k], nearest = choose(less(d0, d1), d0, d1);
        x[k] = (d0 + curve) * (d1 + curve);
        sure[k] = less(nearest, least) | (not_a_number(v0) & less_bits(bits_of(v0), due_before));
        close[k] = less(x[k], nearby) | sure[k];
        hit[k] = nowhere();
    }
    any = close[0] | close[1] | close[2] | close[3];
    uint64_t hits = 0;
    if (lane_bits(any)) {
        philox(key, index, NPDE__KERNELS_CROSSINGS, s->step, word);
        UNROLL for (size_t k = 0; k < 4; k++)
        {
            if (!lane_bits(close[k])) continue;
            hit[k] = less(x[k] * splat(s->bridge), exponential(word[k])) | sure[k];
            if (!lane_bits(hit[k])) continue;
            hits |= lane_bits(hit[k]) << (8 * k);
            store(after + 8 * k, v1[k]);
        }
    }
    UNROLL for (size_t k = 0; k < 4; k++)
    {
        const vec v0 = load(at + 8 * k), v = choose(hit[k] | not_a_number(v0), v0, v1[k]);
        store(at + 8 * k, v);
        *top = choose(less(*top, v), v, *top);
    }
    return hits;
}

static double leaky(const npde__kernels_leaky *s, uint32_t first, size_t n_words, double *v, uint64_t *hit,
                    double *after)
{
    const key_schedule key = schedule(s->seed);
    vec top = splat(-INFINITY);
    for (size_t i = 0; i < n_words; i++) {
        uint64_t hits = 0;
        for (size_t group = 0; group < 2; group++)
            for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
                const size_t at = 64 * i + 32 * group + part;
                const uint32_t index = first + (uint32_t)(16 * i + 8 * group + part);
                hits |= leaky_vectors(s, &key, index, v + at, after + at, &top) << (32 * group + part);
            }
        hit[i] = hits;
    }
    double lane[WIDTH], largest = -INFINITY;
    store(lane, top);
    for (size_t l = 0; l < WIDTH; l++) largest = fmax(largest, lane[l]);
    return largest;
}

#endif
