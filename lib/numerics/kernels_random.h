/* SPDX-License-Identifier: BSD-3-Clause
 * Random numbers in vectors: Philox4x32-10 with one counter in each lane, logarithm, Box–Muller. The words are those of
 * npde__random_draw() for every width; the numbers made of them agree to 1e-11. */
#ifndef NPDE_NUMERICS_KERNELS_RANDOM_H
#define NPDE_NUMERICS_KERNELS_RANDOM_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"

#include <Random123/philox.h>
#include <math.h>
#include <stdint.h>

#if WIDTH > 1
typedef uint64_t uvec __attribute__((vector_size(8 * WIDTH)));
typedef int64_t ivec __attribute__((vector_size(8 * WIDTH)));
#else
typedef uint64_t uvec;
typedef int64_t ivec;
#endif

/* A truth in each lane. */
#if WIDTH == 8
typedef __mmask8 lanes;
#else
typedef ivec lanes;
#endif

static ALWAYS_INLINE uvec bits_of(vec x)
{
    uvec u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static ALWAYS_INLINE vec of_bits(uvec u)
{
    vec x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static ALWAYS_INLINE lanes nowhere(void)
{
#if WIDTH == 8
    return 0;
#else
    return (lanes){0};
#endif
}

static ALWAYS_INLINE lanes less(vec a, vec b)
{
#if WIDTH == 8
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
#elif WIDTH > 1
    return a < b;
#else
    return -(int64_t)(a < b);
#endif
}

static ALWAYS_INLINE uvec splat_bits(uint64_t x)
{
    return x - (uvec){0};
}

static ALWAYS_INLINE lanes less_bits(uvec a, uvec b)
{
#if WIDTH == 8
    return _mm512_cmp_epi64_mask((__m512i)a, (__m512i)b, _MM_CMPINT_LT);
#elif WIDTH > 1
    return (ivec)a < (ivec)b;
#else
    return -(int64_t)((int64_t)a < (int64_t)b);
#endif
}

static ALWAYS_INLINE lanes not_a_number(vec a)
{
#if WIDTH == 8
    return _mm512_cmp_pd_mask(a, a, _CMP_UNORD_Q);
#else
    const uint64_t infinity = UINT64_C(0x7ff) << 52, all_but_the_sign = INT64_MAX;
    return less_bits(splat_bits(infinity), bits_of(a) & splat_bits(all_but_the_sign));
#endif
}

static ALWAYS_INLINE vec choose(lanes where, vec yes, vec no)
{
#if WIDTH == 8
    return _mm512_mask_blend_pd(where, no, yes);
#elif WIDTH > 1
    return of_bits(((uvec)where & bits_of(yes)) | (~(uvec)where & bits_of(no)));
#else
    return where ? yes : no;
#endif
}

/* a, but no further from 0 than b. */
static ALWAYS_INLINE vec within(vec a, vec b)
{
#if WIDTH == 8
    return _mm512_range_pd(a, b, 2);
#else
    const uvec all_but_the_sign = splat_bits(INT64_MAX), size = bits_of(a) & all_but_the_sign,
               most = bits_of(b) & all_but_the_sign;
    return of_bits((bits_of(a) & ~all_but_the_sign) |
                   bits_of(choose(less(of_bits(most), of_bits(size)), of_bits(most), of_bits(size))));
#endif
}

/* Lane l as bit l. */
static ALWAYS_INLINE uint64_t lane_bits(lanes where)
{
#if WIDTH == 8
    return where;
#elif WIDTH == 4
    return (uint64_t)_mm256_movemask_pd((__m256d)where);
#elif WIDTH > 1
    uint64_t bits = 0;
    UNROLL for (size_t l = 0; l < WIDTH; l++) bits |= (uint64_t)(where[l] & 1) << l;
    return bits;
#else
    return (uint64_t)(where & 1);
#endif
}

static ALWAYS_INLINE vec square_root(vec x)
{
#if WIDTH == 8
    return _mm512_sqrt_pd(x);
#elif WIDTH == 4
    return _mm256_sqrt_pd(x);
#elif WIDTH > 1
    UNROLL for (size_t l = 0; l < WIDTH; l++) x[l] = sqrt(x[l]);
    return x;
#else
    return sqrt(x);
#endif
}

/* Product of the low halves of the lanes. */
static ALWAYS_INLINE uvec multiply_low(uvec a, uvec b)
{
#if WIDTH == 8
    return (uvec)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif WIDTH == 4
    return (uvec)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#else
    return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

static ALWAYS_INLINE uvec exclusive_or(uvec a, uvec b, uvec c)
{
#if WIDTH == 8
    return (uvec)_mm512_ternarylogic_epi64((__m512i)a, (__m512i)b, (__m512i)c, 0x96);
#else
    return a ^ b ^ c;
#endif
}

enum { ROUNDS = PHILOX4x32_DEFAULT_ROUNDS };

/* Key of each round. */
typedef struct {
    uint64_t round[ROUNDS][2];
} key_schedule;

static inline key_schedule schedule(uint64_t seed)
{
    key_schedule k = {{{0}}};
    uint32_t low = (uint32_t)seed, high = (uint32_t)(seed >> 32);
    for (size_t r = 0; r < ROUNDS; r++, low += PHILOX_W32_0, high += PHILOX_W32_1) {
        k.round[r][0] = low;
        k.round[r][1] = high;
    }
    return k;
}

/* Words of the counters (index + lane, purpose, step), in the low halves of the lanes; the high halves are anything. */
static ALWAYS_INLINE void philox(const key_schedule *key, uint32_t index, uint32_t purpose, uint64_t step, uvec word[4])
{
    const uvec m0 = splat_bits(PHILOX_M4x32_0), m1 = splat_bits(PHILOX_M4x32_1);
    uvec a = splat_bits(index), b = splat_bits(purpose), c = splat_bits((uint32_t)step), d = splat_bits(step >> 32);
#if WIDTH > 1
    UNROLL for (size_t l = 0; l < WIDTH; l++) a[l] += l;
#endif
    UNROLL for (size_t r = 0; r < ROUNDS; r++)
    {
        const uvec p = multiply_low(a, m0), q = multiply_low(c, m1);
        a = exclusive_or(q >> 32, b, splat_bits(key->round[r][0]));
        c = exclusive_or(p >> 32, d, splat_bits(key->round[r][1]));
        b = q;
        d = p;
    }
    word[0] = a;
    word[1] = b;
    word[2] = c;
    word[3] = d;
}

/* A word w as the number w − minus, exactly: the word is put into the mantissa of 2^52. */
static ALWAYS_INLINE vec number(uvec word, uint64_t mask, double minus)
{
    return of_bits((word & mask) | splat_bits(UINT64_C(0x4330000000000000))) - splat(0x1p52 + minus);
}

static ALWAYS_INLINE vec horner(const double *c, size_t n, vec x)
{
    vec y = splat(c[n - 1]);
    UNROLL for (size_t k = n - 1; k-- > 0;) y = add_product(splat(c[k]), y, x);
    return y;
}

/* log(1 + x)/x on √½ − 1 … √2 − 1; cos(π√q/2) and sin(π√q/2)/√q on 0 … 1: interpolated at Chebyshev points, relative
 * errors below 4e-12. */
static const double log_terms[14] = {
    0.99999999999808685,  -0.49999999992971808,  0.33333333479574099,  -0.25000002048164391, 0.1999998295912731,
    -0.16666490142581625, 0.14286366102434627,   -0.12506640703431108, 0.11102988279786334,  -0.098789698109920537,
    0.090545055509250049, -0.093428814519668432, 0.090897545094535187, -0.047177590533593856};
static const double cos_terms[7] = {0.99999999999924796,   -1.2337005500624624,    0.25366950672108985,
                                    -0.020863473675962031, 0.00091923998667074689, -2.5172184011050644e-5,
                                    4.4921617120835063e-7};
static const double sin_terms[7] = {1.5707963267948175,   -0.64596409749849488,   0.079692626122085771,
                                    -0.00468175339012288, 0.00016043905209111045, -3.5957057969315051e-6,
                                    5.4625498645960706e-8};

/* −ln((w + ½)/2^32) = (32 − e) ln 2 − ln m, w + ½ = 2^e m. */
static ALWAYS_INLINE vec exponential(uvec word)
{
    const uvec y = bits_of(number(word, 0xffffffffu, -0.5)), root = splat_bits(UINT64_C(0x3fe6a09e667f3bcd));
    const uvec e = (y - root) >> 52; /* w + ½ ≥ ½, and √½ ≤ m < √2: e ≥ 0 */
    const vec x = of_bits(y - (e << 52)) - splat(1), halvings = splat(32) - number(e, 0xffu, 0);
    return subtract_product(halvings * splat(0.69314718055994530942), x, horner(log_terms, 14, x));
}

/* As npde__random_normal. */
static ALWAYS_INLINE void normal_pair(uvec first, uvec second, vec *z0, vec *z1)
{
    const vec radius = square_root(splat(2) * exponential(first));
    const vec x = add_product(splat(0x1p-31 - 1), number(second, 0x7fffffffu, 0), splat(0x1p-30)), q = x * x;
    const vec signed_radius = of_bits(bits_of(radius) ^ ((second << 32) & splat_bits(UINT64_C(1) << 63)));
    *z0 = signed_radius * horner(cos_terms, 7, q);
    *z1 = signed_radius * x * horner(sin_terms, 7, q);
}

/* z[32 g + 8 k + l] is normal k of the counter first + 8 g + l. */
static void normals(uint64_t seed, uint64_t step, uint32_t purpose, uint32_t first, size_t n_groups, double *z)
{
    const key_schedule key = schedule(seed);
    for (size_t g = 0; g < n_groups; g++)
        for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
            uvec word[4];
            vec normal[4];
            philox(&key, first + (uint32_t)(8 * g + part), purpose, step, word);
            normal_pair(word[0], word[1], &normal[0], &normal[1]);
            normal_pair(word[2], word[3], &normal[2], &normal[3]);
            UNROLL for (size_t k = 0; k < 4; k++) store(z + 32 * g + 8 * k + part, normal[k]);
        }
}

#endif
