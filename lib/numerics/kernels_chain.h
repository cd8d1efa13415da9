/* SPDX-License-Identifier: BSD-3-Clause
 * LU factors of one block of a chain, in panels of PANEL columns: a panel is factored, its square of the diagonal inverted, and
 * all that is behind it takes PANEL products for each number loaded and stored. With the small triangles inverted a sweep waits
 * once a panel, and not once a column, for the numbers before. */
#ifndef NPDE_NUMERICS_KERNELS_CHAIN_H
#define NPDE_NUMERICS_KERNELS_CHAIN_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"

#include <math.h>

enum { PANEL = 8, PANEL_SQUARE = PANEL * PANEL, PANEL_VECTORS = PANEL / WIDTH };

/* y ← a y with a PANEL × PANEL matrix in columns */
static ALWAYS_INLINE void panel_multiply(const double *a, double *y)
{
    vec even[PANEL_VECTORS], odd[PANEL_VECTORS];
    UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) even[b] = odd[b] = splat(0);
    UNROLL for (size_t q = 0; q < PANEL; q += 2)
    {
        const vec x = splat(y[q]), z = splat(y[q + 1]);
        UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++)
        {
            even[b] = add_product(even[b], load(a + PANEL * q + WIDTH * b), x);
            odd[b] = add_product(odd[b], load(a + PANEL * (q + 1) + WIDTH * b), z);
        }
    }
    UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) store(y + WIDTH * b, even[b] + odd[b]);
}

/* x[i] −= Σ_q a[q ld + i] y[q] for begin ≤ i < end, multiples of PANEL, over the first `count` columns of a panel */
static ALWAYS_INLINE void panel_reduce(size_t begin, size_t end, size_t count, const double *a, size_t ld,
                                       const double *y, double *x)
{
    for (size_t i = begin; i < end; i += PANEL) {
        vec sum[PANEL_VECTORS];
        UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) sum[b] = load(x + i + WIDTH * b);
        for (size_t q = 0; q < count; q++)
            UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) sum[b] =
                subtract_product(sum[b], load(a + q * ld + i + WIDTH * b), splat(y[q]));
        UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) store(x + i + WIDTH * b, sum[b]);
    }
}

static ALWAYS_INLINE void column_scale(size_t begin, size_t end, double factor, double *x)
{
    for (size_t i = begin; i < end; i += WIDTH) store(x + i, load(x + i) * splat(factor));
}

/* The columns [0, count) of the panel at j: L below the diagonal, U on and above it. 0 for a pivot that is 0 or not finite. */
static int panel_factor(size_t j, size_t count, size_t ld, double *block)
{
    for (size_t q = 0; q < count; q++) {
        double *column = block + (j + q) * ld, *top = column + j;
        for (size_t r = 0; r < q; r++)
            for (size_t i = r + 1; i < PANEL; i++) top[i] -= top[r] * block[(j + r) * ld + j + i];
        panel_reduce(j + PANEL, ld, q, block + j * ld, ld, top, column);
        const double inverse = 1 / top[q];
        if (!isfinite(inverse)) return 0;
        for (size_t i = q + 1; i < PANEL; i++) top[i] *= inverse;
        column_scale(j + PANEL, ld, inverse, column);
    }
    return 1;
}

/* The inverse of the first `count` columns of L in the panel at j, as if the others were unit vectors. */
static void invert_lower(size_t j, size_t count, size_t ld, const double *block, double *inverse)
{
    for (size_t c = 0; c < PANEL; c++) {
        double *x = inverse + c * PANEL;
        for (size_t i = 0; i < PANEL; i++) x[i] = i == c;
        for (size_t r = c; r < count; r++)
            for (size_t i = r + 1; i < PANEL; i++) x[i] -= x[r] * block[(j + r) * ld + j + i];
    }
}

/* The same of U; the diagonal beyond its first `pivots` numbers is 1. */
static void invert_upper(size_t j, size_t count, size_t pivots, size_t ld, const double *block, double *inverse)
{
    for (size_t c = 0; c < PANEL; c++) {
        double *x = inverse + c * PANEL;
        for (size_t i = 0; i < PANEL; i++) x[i] = i == c;
        for (size_t r = c < count ? c + 1 : 0; r-- > 0;) {
            const double *column = block + (j + r) * ld + j;
            if (r < pivots) x[r] /= column[r];
            for (size_t i = 0; i < r; i++) x[i] -= x[r] * column[i];
        }
    }
}

static int chain_factor(size_t m, size_t k, size_t ld, double *block, double *inverses)
{
    for (size_t j = 0; j < m; j += PANEL, inverses += 2 * PANEL_SQUARE) {
        const size_t pivots = k > j + PANEL ? PANEL : k > j ? k - j : 0, count = m > j + PANEL ? PANEL : m - j;
        if (!panel_factor(j, pivots, ld, block)) return 0;
        invert_lower(j, pivots, ld, block, inverses);
        for (size_t c = j + pivots; c < m && pivots > 0; c++) {
            double *column = block + c * ld;
            panel_multiply(inverses, column + j);
            panel_reduce(j + PANEL, ld, pivots, block + j * ld, ld, column + j, column);
        }
        invert_upper(j, count, pivots, ld, block, inverses + PANEL_SQUARE);
    }
    return 1;
}

/* Blocks overlap in memory as they do in the unknowns: what a block does not reach of its last panel is kept. */
static ALWAYS_INLINE void chain_load(size_t m, size_t ld, const double *x, double *y)
{
    memcpy(y, x, m * sizeof *y);
    for (size_t i = m; i < ld; i++) y[i] = 0;
}

static void chain_forward(size_t m, size_t k, size_t ld, const double *block, const double *inverses, double *x)
{
    double y[NPDE__KERNELS_BLOCK];
    chain_load(m, ld, x, y);
    for (size_t j = 0; j < k; j += PANEL, inverses += 2 * PANEL_SQUARE) {
        panel_multiply(inverses, y + j);
        panel_reduce(j + PANEL, ld, k - j < PANEL ? k - j : PANEL, block + j * ld, ld, y + j, y);
    }
    memcpy(x, y, m * sizeof *x);
}

static void chain_backward(size_t m, size_t ld, const double *block, const double *inverses, double *x)
{
    double y[NPDE__KERNELS_BLOCK];
    chain_load(m, ld, x, y);
    for (size_t j = ld; j > 0;) {
        j -= PANEL;
        panel_multiply(inverses + j / PANEL * 2 * PANEL_SQUARE + PANEL_SQUARE, y + j);
        panel_reduce(0, j, m - j < PANEL ? m - j : PANEL, block + j * ld, ld, y + j, y);
    }
    memcpy(x, y, m * sizeof *x);
}

#endif
