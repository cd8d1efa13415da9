/* SPDX-License-Identifier: BSD-3-Clause
 * Eight systems side by side: in and out of lanes, products with a common matrix, and LU factors of the blocks of a chain,
 * PIVOTS columns at a time: so each number of the columns behind is loaded and stored once for PIVOTS products. */
#ifndef NPDE_NUMERICS_KERNELS_LANES_H
#define NPDE_NUMERICS_KERNELS_LANES_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"

enum {
    PIVOTS = 3, /* more take more registers than there are */
    SUMS = WIDTH == 8   ? 8
           : WIDTH == 4 ? 8
                        : 4, /* rows of a product at a time */
};

static void gather(size_t n, const size_t *at, const double *p, const double *scale, double *x)
{
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        double *to = x + part;
        size_t i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            vec t[WIDTH];
            load_tile(p + i, at + part, t);
            UNROLL for (size_t s = 0; s < WIDTH; s++)
                store(to + NPDE__KERNELS_LANES * (i + s), scale ? t[s] * splat(scale[i + s]) : t[s]);
        }
        for (; i < n; i++) {
            const vec v = load_column(p + i, at + part);
            store(to + NPDE__KERNELS_LANES * i, scale ? v * splat(scale[i]) : v);
        }
    }
}

static void scatter(size_t n, const size_t *at, const double *scale, const double *x, double *p)
{
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        const double *from = x + part;
        size_t i = 0;
        for (; i + WIDTH <= n; i += WIDTH) {
            vec t[WIDTH];
            UNROLL for (size_t s = 0; s < WIDTH; s++)
            {
                const vec v = load(from + NPDE__KERNELS_LANES * (i + s));
                t[s] = scale ? v * splat(scale[i + s]) : v;
            }
            store_tile(p + i, at + part, t);
        }
        for (; i < n; i++) {
            const vec v = load(from + NPDE__KERNELS_LANES * i);
            store_column(p + i, at + part, scale ? v * splat(scale[i]) : v);
        }
    }
}

static ALWAYS_INLINE void spread_all(size_t n, const size_t m, const double *c, const double *const *x, double *y)
{
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        vec factor[NPDE__KERNELS_MATRICES];
        UNROLL for (size_t k = 0; k < m; k++) factor[k] = load(c + NPDE__KERNELS_LANES * k + part);
        for (size_t i = 0; i < n; i++) {
            vec sum = splat(0);
            UNROLL for (size_t k = 0; k < m; k++) sum = add_product(sum, factor[k], splat(x[k][i]));
            store(y + NPDE__KERNELS_LANES * i + part, sum);
        }
    }
}

static void spread(size_t n, size_t m, const double *c, const double *const *x, double *y)
{
    if (m == 3) spread_all(n, 3, c, x, y);
    else spread_all(n, m, c, x, y);
}

/* `count` rows of m matrices. */
static ALWAYS_INLINE void lanes_rows(size_t columns, const size_t m, const double *const *a, size_t i, size_t ld,
                                     const double *c, const double *x, double *y, const size_t count)
{
    vec sum[SUMS], factor[NPDE__KERNELS_MATRICES];
    UNROLL for (size_t r = 0; r < count; r++) sum[r] = load(y + NPDE__KERNELS_LANES * (i + r));
    UNROLL for (size_t k = 0; k < m; k++) factor[k] = load(c + NPDE__KERNELS_LANES * k);
    for (size_t j = 0; j < columns; j++) {
        const vec z = load(x + NPDE__KERNELS_LANES * j);
        UNROLL for (size_t k = 0; k < m; k++)
        {
            const double *column = a[k] + ld * j + i;
            const vec scaled = factor[k] * z;
            UNROLL for (size_t r = 0; r < count; r++) sum[r] = add_product(sum[r], splat(column[r]), scaled);
        }
    }
    UNROLL for (size_t r = 0; r < count; r++) store(y + NPDE__KERNELS_LANES * (i + r), sum[r]);
}

static ALWAYS_INLINE void lanes_product(size_t rows, size_t columns, const size_t m, const double *const *a, size_t ld,
                                        const double *c, const double *x, double *y)
{
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        size_t i = 0;
        for (; i + SUMS <= rows; i += SUMS) lanes_rows(columns, m, a, i, ld, c + part, x + part, y + part, SUMS);
        for (; i + 2 <= rows; i += 2) lanes_rows(columns, m, a, i, ld, c + part, x + part, y + part, 2);
        if (i < rows) lanes_rows(columns, m, a, i, ld, c + part, x + part, y + part, 1);
    }
}

static void lanes_multiply(size_t rows, size_t columns, size_t m, const double *const *a, size_t ld, const double *c,
                           const double *x, double *y)
{
    if (m == 3) lanes_product(rows, columns, 3, a, ld, c, x, y);
    else if (m == 2) lanes_product(rows, columns, 2, a, ld, c, x, y);
    else if (m == 1) lanes_product(rows, columns, 1, a, ld, c, x, y);
}

/* ---- LU of a block ---- */

typedef struct {
    size_t m;
    double *a; /* of one vector of lanes */
} lanes_block;

static ALWAYS_INLINE double *block_at(const lanes_block *b, size_t i, size_t j)
{
    return b->a + NPDE__KERNELS_LANES * (j * b->m + i);
}

/* LU in place of the square of rows and columns j to j + count − 1; the inverses of the pivots take the diagonal. */
static ALWAYS_INLINE void block_square(const lanes_block *b, size_t j, const size_t count, vec s[PIVOTS][PIVOTS])
{
    UNROLL for (size_t p = 0; p < count; p++) UNROLL for (size_t q = 0; q < count; q++) s[p][q] =
        load(block_at(b, j + p, j + q));
    UNROLL for (size_t p = 0; p < count; p++)
    {
        s[p][p] = 1 / s[p][p];
        UNROLL for (size_t i = p + 1; i < count; i++)
        {
            s[i][p] *= s[p][p];
            UNROLL for (size_t c = p + 1; c < count; c++) s[i][c] = subtract_product(s[i][c], s[i][p], s[p][c]);
        }
    }
    UNROLL for (size_t p = 0; p < count; p++) UNROLL for (size_t q = 0; q < count; q++)
        store(block_at(b, j + p, j + q), s[p][q]);
}

/* Row i of L, below the square. */
static ALWAYS_INLINE void block_lower(const lanes_block *b, size_t i, size_t j, const size_t count,
                                      vec s[PIVOTS][PIVOTS])
{
    vec l[PIVOTS];
    UNROLL for (size_t p = 0; p < count; p++)
    {
        l[p] = load(block_at(b, i, j + p));
        UNROLL for (size_t q = 0; q < p; q++) l[p] = subtract_product(l[p], l[q], s[q][p]);
        l[p] *= s[p][p];
        store(block_at(b, i, j + p), l[p]);
    }
}

/* The columns c to c + columns − 1 behind the square: their rows of U, and what is left below. */
static ALWAYS_INLINE void block_columns(const lanes_block *b, size_t j, const size_t count, size_t c,
                                        const size_t columns, vec s[PIVOTS][PIVOTS])
{
    vec u[2][PIVOTS];
    UNROLL for (size_t d = 0; d < columns; d++) UNROLL for (size_t p = 0; p < count; p++)
    {
        u[d][p] = load(block_at(b, j + p, c + d));
        UNROLL for (size_t q = 0; q < p; q++) u[d][p] = subtract_product(u[d][p], s[p][q], u[d][q]);
        store(block_at(b, j + p, c + d), u[d][p]);
    }
    for (size_t i = j + count; i < b->m; i++) {
        vec l[PIVOTS];
        UNROLL for (size_t p = 0; p < count; p++) l[p] = load(block_at(b, i, j + p));
        UNROLL for (size_t d = 0; d < columns; d++)
        {
            vec y = load(block_at(b, i, c + d));
            UNROLL for (size_t p = 0; p < count; p++) y = subtract_product(y, l[p], u[d][p]);
            store(block_at(b, i, c + d), y);
        }
    }
}

static ALWAYS_INLINE void block_eliminate(const lanes_block *b, size_t j, const size_t count)
{
    vec s[PIVOTS][PIVOTS];
    block_square(b, j, count, s);
    for (size_t i = j + count; i < b->m; i++) block_lower(b, i, j, count, s);
    size_t c = j + count;
    for (; c + 2 <= b->m; c += 2) block_columns(b, j, count, c, 2, s);
    if (c < b->m) block_columns(b, j, count, c, 1, s);
}

static void lanes_factor(size_t m, size_t k, double *block)
{
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        const lanes_block b = {m, block + part};
        size_t j = 0;
        for (; j + PIVOTS <= k; j += PIVOTS) block_eliminate(&b, j, PIVOTS);
        for (; j < k; j++) block_eliminate(&b, j, 1);
    }
}

/* x_i less what the unknowns j to j + count − 1, in y, contribute, for the rows from begin to end. */
static ALWAYS_INLINE void block_reduce(const lanes_block *b, size_t begin, size_t end, size_t j, const size_t count,
                                       const vec *y, double *x)
{
    for (size_t i = begin; i < end; i++) {
        vec r = load(x + NPDE__KERNELS_LANES * i);
        UNROLL for (size_t p = 0; p < count; p++) r = subtract_product(r, load(block_at(b, i, j + p)), y[p]);
        store(x + NPDE__KERNELS_LANES * i, r);
    }
}

static ALWAYS_INLINE void block_down(const lanes_block *b, size_t j, const size_t count, double *x)
{
    vec y[PIVOTS];
    UNROLL for (size_t p = 0; p < count; p++)
    {
        y[p] = load(x + NPDE__KERNELS_LANES * (j + p));
        UNROLL for (size_t q = 0; q < p; q++) y[p] = subtract_product(y[p], load(block_at(b, j + p, j + q)), y[q]);
        store(x + NPDE__KERNELS_LANES * (j + p), y[p]);
    }
    block_reduce(b, j + count, b->m, j, count, y, x);
}

static ALWAYS_INLINE void block_up(const lanes_block *b, size_t j, const size_t count, double *x)
{
    vec y[PIVOTS];
    UNROLL for (size_t p = count; p-- > 0;)
    {
        y[p] = load(x + NPDE__KERNELS_LANES * (j + p));
        UNROLL for (size_t q = p + 1; q < count; q++) y[p] =
            subtract_product(y[p], load(block_at(b, j + p, j + q)), y[q]);
        y[p] *= load(block_at(b, j + p, j + p));
        store(x + NPDE__KERNELS_LANES * (j + p), y[p]);
    }
    block_reduce(b, 0, j, j, count, y, x);
}

static void lanes_forward(size_t m, size_t k, const double *block, double *x)
{
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        const lanes_block b = {m, (double *)block + part};
        size_t j = 0;
        for (; j + PIVOTS <= k; j += PIVOTS) block_down(&b, j, PIVOTS, x + part);
        for (; j < k; j++) block_down(&b, j, 1, x + part);
    }
}

static void lanes_backward(size_t m, size_t k, const double *block, double *x)
{
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        const lanes_block b = {m, (double *)block + part};
        for (size_t i = k; i < m; i++) { /* the shared unknown is known by now */
            const vec y[1] = {load(x + part + NPDE__KERNELS_LANES * i)};
            block_reduce(&b, 0, k, i, 1, y, x + part);
        }
        size_t j = k;
        for (; j % PIVOTS; j--) block_up(&b, j - 1, 1, x + part);
        for (; j > 0; j -= PIVOTS) block_up(&b, j - PIVOTS, PIVOTS, x + part);
    }
}

#endif
