/* SPDX-License-Identifier: BSD-3-Clause
 * The vector of the instruction set that this file is compiled for: `vec`, WIDTH doubles. A compiler without vector
 * extensions gets vectors of one double, and the same loops. */
#ifndef NPDE_NUMERICS_KERNELS_VECTOR_H
#define NPDE_NUMERICS_KERNELS_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define HAS_VECTORS 1
#endif
#endif

#if !defined HAS_VECTORS
#define WIDTH 1
#elif defined __AVX512F__
#define WIDTH 8
#elif defined __AVX2__ && defined __FMA__
#define WIDTH 4
#else
#define WIDTH 2
#endif

#if WIDTH >= 4
#include <immintrin.h>
#endif

#if WIDTH > 1
typedef double vec __attribute__((vector_size(8 * WIDTH)));
/* Arrays of vectors stay in registers only if no loop over them is left. clang sees to that by itself, once the counts are
 * known; asked for it, it begins before they are and leaves loops. */
#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
typedef double vec;
#define UNROLL
#define ALWAYS_INLINE inline
#endif

static ALWAYS_INLINE vec load(const double *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static ALWAYS_INLINE void store(double *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

static ALWAYS_INLINE vec splat(double x)
{
    return x - (vec){0};
}

/* a b + c and c − a b, in one rounding where there is an instruction for it. It is asked for by name: left to the compiler,
 * a b + c d may fuse the product that the chain of operations does not wait for. */
static ALWAYS_INLINE vec add_product(vec c, vec a, vec b)
{
#if WIDTH == 8
    return _mm512_fmadd_pd(a, b, c);
#elif WIDTH == 4
    return _mm256_fmadd_pd(a, b, c);
#else
    return c + a * b;
#endif
}

static ALWAYS_INLINE vec subtract_product(vec c, vec a, vec b)
{
#if WIDTH == 8
    return _mm512_fnmadd_pd(a, b, c);
#elif WIDTH == 4
    return _mm256_fnmadd_pd(a, b, c);
#else
    return c - a * b;
#endif
}

/* How many numbers (fewer than WIDTH) there are from p to the next place where a vector does not straddle; 0 if there is none. */
static ALWAYS_INLINE size_t to_line(const double *p)
{
    const size_t at = (uintptr_t)p / sizeof *p % WIDTH;
    return at ? WIDTH - at : 0;
}

/* 0, 1, 2, … */
static ALWAYS_INLINE vec ramp(void)
{
#if WIDTH == 8
    return (vec){0, 1, 2, 3, 4, 5, 6, 7};
#elif WIDTH == 4
    return (vec){0, 1, 2, 3};
#elif WIDTH == 2
    return (vec){0, 1};
#else
    return 0;
#endif
}

static ALWAYS_INLINE double first_of(vec v)
{
#if WIDTH > 1
    return v[0];
#else
    return v;
#endif
}

/* Of the numbers of two vectors one after the other, those that begin one after the first. */
static ALWAYS_INLINE vec shift_down(vec here, vec next)
{
#if WIDTH == 8
    return (vec)_mm512_alignr_epi64((__m512i)next, (__m512i)here, 1);
#elif WIDTH == 4
    return __builtin_shufflevector(here, next, 1, 2, 3, 4);
#elif WIDTH == 2
    return __builtin_shufflevector(here, next, 1, 2);
#else
    (void)here;
    return next;
#endif
}

/* Those that begin one before the second. */
static ALWAYS_INLINE vec shift_up(vec before, vec here)
{
#if WIDTH == 8
    return (vec)_mm512_alignr_epi64((__m512i)here, (__m512i)before, 7);
#elif WIDTH == 4
    return __builtin_shufflevector(before, here, 3, 4, 5, 6);
#elif WIDTH == 2
    return __builtin_shufflevector(before, here, 1, 2);
#else
    (void)here;
    return before;
#endif
}

/* The first n < WIDTH numbers of a vector. */
static ALWAYS_INLINE vec load_some(const double *p, size_t n)
{
#if WIDTH == 8
    return _mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
#else
    double part[WIDTH] = {0};
    for (size_t l = 0; l < n; l++) part[l] = p[l];
    return load(part);
#endif
}

static ALWAYS_INLINE void store_some(double *p, size_t n, vec v)
{
#if WIDTH == 8
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), v);
#else
    double part[WIDTH];
    store(part, v);
    for (size_t l = 0; l < n; l++) p[l] = part[l];
#endif
}

/* Tiles of WIDTH rows by WIDTH numbers, row k beginning at p[at[k]]: t[i] takes number i of each row. Rows are joined in
 * halves on their way in and parted on their way out, which spares a third of the shuffles. */
#if WIDTH == 8
typedef double half __attribute__((vector_size(32)));
#define JOIN(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7)
#define LOW(a) __builtin_shufflevector(a, a, 0, 1, 2, 3)
#define HIGH(a) __builtin_shufflevector(a, a, 4, 5, 6, 7)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define FIRST_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13)
#define SECOND_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15)
#define LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 2, 3, 10, 11)
#define HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 4, 5, 12, 13, 6, 7, 14, 15)
#elif WIDTH == 4
typedef double half __attribute__((vector_size(16)));
#define JOIN(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3)
#define LOW(a) __builtin_shufflevector(a, a, 0, 1)
#define HIGH(a) __builtin_shufflevector(a, a, 2, 3)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#elif WIDTH == 2
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif

#if WIDTH >= 4
/* Numbers at p and q, half a vector each. */
static ALWAYS_INLINE vec load_halves(const double *p, const double *q)
{
    half a, b;
    memcpy(&a, p, sizeof a);
    memcpy(&b, q, sizeof b);
    return JOIN(a, b);
}

static ALWAYS_INLINE void store_halves(double *p, double *q, vec v)
{
    const half a = LOW(v), b = HIGH(v);
    memcpy(p, &a, sizeof a);
    memcpy(q, &b, sizeof b);
}
#endif

static ALWAYS_INLINE void load_tile(const double *p, const size_t *at, vec *t)
{
#if WIDTH == 8
    UNROLL for (size_t s = 0; s < 8; s += 4)
    {
        const vec a = load_halves(p + at[0] + s, p + at[2] + s), b = load_halves(p + at[1] + s, p + at[3] + s);
        const vec c = load_halves(p + at[4] + s, p + at[6] + s), d = load_halves(p + at[5] + s, p + at[7] + s);
        t[s] = FIRST_PAIRS(EVEN(a, b), EVEN(c, d));
        t[s + 1] = FIRST_PAIRS(ODD(a, b), ODD(c, d));
        t[s + 2] = SECOND_PAIRS(EVEN(a, b), EVEN(c, d));
        t[s + 3] = SECOND_PAIRS(ODD(a, b), ODD(c, d));
    }
#elif WIDTH == 4
    UNROLL for (size_t s = 0; s < 4; s += 2)
    {
        const vec a = load_halves(p + at[0] + s, p + at[2] + s), b = load_halves(p + at[1] + s, p + at[3] + s);
        t[s] = EVEN(a, b);
        t[s + 1] = ODD(a, b);
    }
#elif WIDTH == 2
    const vec a = load(p + at[0]), b = load(p + at[1]);
    t[0] = EVEN(a, b);
    t[1] = ODD(a, b);
#else
    t[0] = p[at[0]];
#endif
}

static ALWAYS_INLINE void store_tile(double *p, const size_t *at, const vec *t)
{
#if WIDTH == 8
    UNROLL for (size_t s = 0; s < 8; s += 4)
    {
        const vec a = EVEN(t[s], t[s + 1]), b = ODD(t[s], t[s + 1]);
        const vec c = EVEN(t[s + 2], t[s + 3]), d = ODD(t[s + 2], t[s + 3]);
        store_halves(p + at[0] + s, p + at[2] + s, LOW_PAIRS(a, c));
        store_halves(p + at[1] + s, p + at[3] + s, LOW_PAIRS(b, d));
        store_halves(p + at[4] + s, p + at[6] + s, HIGH_PAIRS(a, c));
        store_halves(p + at[5] + s, p + at[7] + s, HIGH_PAIRS(b, d));
    }
#elif WIDTH == 4
    UNROLL for (size_t s = 0; s < 4; s += 2)
    {
        store_halves(p + at[0] + s, p + at[2] + s, EVEN(t[s], t[s + 1]));
        store_halves(p + at[1] + s, p + at[3] + s, ODD(t[s], t[s + 1]));
    }
#elif WIDTH == 2
    store(p + at[0], EVEN(t[0], t[1]));
    store(p + at[1], ODD(t[0], t[1]));
#else
    p[at[0]] = t[0];
#endif
}

/* One number from each row. */
static ALWAYS_INLINE vec load_column(const double *p, const size_t *at)
{
#if WIDTH == 8
    return (vec){p[at[0]], p[at[1]], p[at[2]], p[at[3]], p[at[4]], p[at[5]], p[at[6]], p[at[7]]};
#elif WIDTH == 4
    return (vec){p[at[0]], p[at[1]], p[at[2]], p[at[3]]};
#elif WIDTH == 2
    return (vec){p[at[0]], p[at[1]]};
#else
    return p[at[0]];
#endif
}

static ALWAYS_INLINE void store_column(double *p, const size_t *at, vec v)
{
#if WIDTH > 1
    UNROLL for (size_t k = 0; k < WIDTH; k++) p[at[k]] = v[k];
#else
    p[at[0]] = v;
#endif
}

#endif
