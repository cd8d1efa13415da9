/* SPDX-License-Identifier: BSD-3-Clause
 * Sums over columns and over vectors, their partial sums in registers. */
#ifndef NPDE_NUMERICS_KERNELS_DENSE_H
#define NPDE_NUMERICS_KERNELS_DENSE_H

#include "numerics/kernels_vector.h"

enum {
    ROWS = 8, /* vectors of rows at a time */
    BLOCK = ROWS * WIDTH,
    AT_ONCE = 4, /* vectors of a combination at a time */
    STRIP = AT_ONCE * WIDTH
};

/* The first `rows` numbers of `count` vectors. What is copied in part is a copy, lest all of them live in memory. */
static ALWAYS_INLINE void dense_store(double *y, size_t rows, const vec *sum, const size_t count)
{
    UNROLL for (size_t b = 0; b < count; b++)
    {
        const vec v = sum[b];
        if (rows >= WIDTH * (b + 1)) store(y + WIDTH * b, v);
        else if (rows > WIDTH * b) memcpy(y + WIDTH * b, &v, (rows - WIDTH * b) * sizeof(double));
    }
}

/* Rows of `count` vectors. Few vectors are too few chains of sums: even and odd columns then go apart. */
static ALWAYS_INLINE void dense_rows(size_t rows, size_t columns, const double *a, size_t ld, const double *x,
                                     double *y, const size_t count)
{
    vec sum[ROWS], odd[ROWS];
    UNROLL for (size_t b = 0; b < count; b++) sum[b] = odd[b] = splat(0);
    size_t j = 0;
    for (; count <= ROWS / 2 && j + 2 <= columns; j += 2, a += 2 * ld) {
        UNROLL for (size_t b = 0; b < count; b++)
        {
            sum[b] = add_product(sum[b], load(a + WIDTH * b), splat(x[j]));
            odd[b] = add_product(odd[b], load(a + ld + WIDTH * b), splat(x[j + 1]));
        }
    }
    for (; j < columns; j++, a += ld)
        UNROLL for (size_t b = 0; b < count; b++) sum[b] = add_product(sum[b], load(a + WIDTH * b), splat(x[j]));
    if (count <= ROWS / 2) UNROLL for (size_t b = 0; b < count; b++) sum[b] += odd[b];
    dense_store(y, rows, sum, count);
}

static void multiply(size_t rows, size_t columns, const double *a, size_t ld, const double *x, double *y)
{
    for (; rows > BLOCK; rows -= BLOCK, a += BLOCK, y += BLOCK) dense_rows(BLOCK, columns, a, ld, x, y, ROWS);
    switch ((rows + WIDTH - 1) / WIDTH) {
    case 8: dense_rows(rows, columns, a, ld, x, y, 8); break;
    case 7: dense_rows(rows, columns, a, ld, x, y, 7); break;
    case 6: dense_rows(rows, columns, a, ld, x, y, 6); break;
    case 5: dense_rows(rows, columns, a, ld, x, y, 5); break;
    case 4: dense_rows(rows, columns, a, ld, x, y, 4); break;
    case 3: dense_rows(rows, columns, a, ld, x, y, 3); break;
    case 2: dense_rows(rows, columns, a, ld, x, y, 2); break;
    default: dense_rows(rows, columns, a, ld, x, y, 1); break;
    }
}

/* `count` vectors from i on. */
static ALWAYS_INLINE void dense_combine(size_t i, size_t m, const double *c, const double *const *x, double *y,
                                        const size_t count)
{
    vec sum[AT_ONCE];
    UNROLL for (size_t b = 0; b < count; b++) sum[b] = splat(0);
    for (size_t k = 0; k < m; k++)
        UNROLL for (size_t b = 0; b < count; b++) sum[b] = add_product(sum[b], load(x[k] + i + WIDTH * b), splat(c[k]));
    UNROLL for (size_t b = 0; b < count; b++) store(y + i + WIDTH * b, sum[b]);
}

static void combine(size_t n, size_t m, const double *c, const double *const *x, double *y)
{
    size_t i = 0;
    for (; i + STRIP <= n; i += STRIP) dense_combine(i, m, c, x, y, AT_ONCE);
    for (; i + WIDTH <= n; i += WIDTH) dense_combine(i, m, c, x, y, 1);
    for (; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < m; k++) sum += c[k] * x[k][i];
        y[i] = sum;
    }
}

#endif
