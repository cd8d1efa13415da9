/* SPDX-License-Identifier: BSD-3-Clause
 * LU factors of one block of a chain, in panels of PANEL columns: a panel is factored, its square of the diagonal inverted, and
 * all that is behind it takes PANEL products for each number loaded and stored. With the small triangles inverted a sweep waits
 * once a panel, and not once a column, for the numbers before. */
#ifndef NPDE_NUMERICS_KERNELS_CHAIN_H
#define NPDE_NUMERICS_KERNELS_CHAIN_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"

#include <math.h>

enum { PANEL = 8, PANEL_SQUARE = PANEL * PANEL, PANEL_VECTORS = PANEL / WIDTH, PANEL_PAIR = 2 * PANEL_SQUARE };

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

/* A PANEL of rows in one column. */
typedef struct {
    vec part[PANEL_VECTORS];
} column8;

static ALWAYS_INLINE column8 rows_load(const double *p)
{
    column8 r;
    UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) r.part[b] = load(p + WIDTH * b);
    return r;
}

static ALWAYS_INLINE void rows_store(double *p, column8 r)
{
    UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) store(p + WIDTH * b, r.part[b]);
}

static ALWAYS_INLINE double rows_at(column8 r, size_t i)
{
#if WIDTH > 1
    return r.part[i / WIDTH][i % WIDTH];
#else
    return r.part[i];
#endif
}

static ALWAYS_INLINE void rows_put(column8 *r, size_t i, double x)
{
#if WIDTH > 1
    r->part[i / WIDTH][i % WIDTH] = x;
#else
    r->part[i] = x;
#endif
}

/* r − x l */
static ALWAYS_INLINE column8 rows_subtract(column8 r, double x, column8 l)
{
    UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) r.part[b] = subtract_product(r.part[b], l.part[b], splat(x));
    return r;
}

/* x r, 0 where mask is 0 */
static ALWAYS_INLINE column8 rows_scale(double x, column8 r, const double *mask)
{
    UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) r.part[b] *= splat(x) * load(mask + WIDTH * b);
    return r;
}

static const double panel_ones[2 * PANEL] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1};
static const double panel_units[2 * PANEL] = {0, 0, 0, 0, 0, 0, 0, 1};

/* LU of the square of the panel at j, the first `count` columns, and the inverses of both triangles, in which other columns
 * are unit vectors. 0 for a pivot that is 0 or not finite. */
static int panel_square(size_t j, const size_t count, size_t ld, double *block, double *inverses)
{
    column8 a[PANEL], x[PANEL];
    double reciprocal[PANEL], sound = 0;
    UNROLL for (size_t q = 0; q < PANEL; q++)
    {
        a[q] = rows_load(q < count ? block + (j + q) * ld + j : panel_units + PANEL - 1 - q);
        x[q] = rows_load(panel_units + PANEL - 1 - q);
    }
    UNROLL for (size_t q = 0; q < PANEL; q++)
    {
        reciprocal[q] = 1 / rows_at(a[q], q);
        sound += 0 * reciprocal[q];
        const column8 l = rows_scale(reciprocal[q], a[q], panel_ones + PANEL - 1 - q); /* below row q */
        UNROLL for (size_t r = q + 1; r < PANEL; r++) a[r] = rows_subtract(a[r], rows_at(a[r], q), l);
        UNROLL for (size_t r = 0; r <= q; r++) x[r] = rows_subtract(x[r], rows_at(x[r], q), l);
    }
    UNROLL for (size_t q = 0; q < PANEL; q++)
    {
        rows_store(inverses + q * PANEL, x[q]);
        x[q] = rows_load(panel_units + PANEL - 1 - q);
    }
    UNROLL for (size_t q = PANEL; q-- > 0;)
    {
        /* U's column q above the diagonal; then row q of the inverse is known. */
        column8 u = a[q];
        UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) u.part[b] *= 1 - load(panel_ones + PANEL - q + WIDTH * b);
        UNROLL for (size_t r = q; r < PANEL; r++)
        {
            const double scaled = rows_at(x[r], q) * reciprocal[q];
            rows_put(&x[r], q, scaled);
            x[r] = rows_subtract(x[r], scaled, u);
        }
    }
    UNROLL for (size_t q = 0; q < PANEL; q++) rows_store(inverses + PANEL_SQUARE + q * PANEL, x[q]);
    return sound == 0;
}

/* L below the square: A U⁻¹. */
static ALWAYS_INLINE void panel_lower(size_t j, const size_t count, size_t ld, double *block, const double *upper)
{
    for (size_t i = j + PANEL; i < ld; i += PANEL) {
        column8 a[PANEL];
        UNROLL for (size_t q = 0; q < PANEL; q++) a[q] = rows_load(q < count ? block + (j + q) * ld + i : panel_ones);
        UNROLL for (size_t q = 0; q < count; q++)
        {
            column8 sum = a[q];
            UNROLL for (size_t b = 0; b < PANEL_VECTORS; b++) sum.part[b] *= splat(upper[q * PANEL + q]);
            UNROLL for (size_t r = 0; r < q; r++) sum = rows_subtract(sum, -upper[q * PANEL + r], a[r]);
            rows_store(block + (j + q) * ld + i, sum);
        }
    }
}

static int chain_factor(size_t m, size_t k, size_t ld, double *block, double *inverses)
{
    for (size_t j = 0; j < m; j += PANEL, inverses += PANEL_PAIR) {
        const size_t pivots = k > j + PANEL ? PANEL : k > j ? k - j : 0;
        double *upper = inverses + PANEL_SQUARE;
        if (!panel_square(j, pivots, ld, block, inverses)) return 0;
        if (pivots == PANEL) panel_lower(j, PANEL, ld, block, upper);
        else if (pivots > 0) panel_lower(j, pivots, ld, block, upper);
        for (size_t c = j + pivots; c < m && pivots > 0; c++) {
            double *column = block + c * ld;
            panel_multiply(inverses, column + j);
            panel_reduce(j + PANEL, ld, pivots, block + j * ld, ld, column + j, column);
        }
        if (k < m && k >= j && k < j + PANEL) /* the column of the shared unknown is a part of U only now */
            for (size_t q = 0; q < pivots; q++)
                for (size_t i = 0; i <= q; i++)
                    upper[pivots * PANEL + i] -= upper[q * PANEL + i] * block[k * ld + j + q];
    }
    return 1;
}

/* What lies beyond a block is multiplied by 0 and 1. */
static void chain_forward(size_t k, size_t ld, const double *block, const double *inverses, double *x)
{
    for (size_t j = 0; j < k; j += PANEL, inverses += PANEL_PAIR) {
        panel_multiply(inverses, x + j);
        panel_reduce(j + PANEL, ld, k - j < PANEL ? k - j : PANEL, block + j * ld, ld, x + j, x);
    }
}

static void chain_backward(size_t m, size_t ld, const double *block, const double *inverses, double *x)
{
    for (size_t j = (m + PANEL - 1) / PANEL * PANEL; j > 0;) {
        j -= PANEL;
        panel_multiply(inverses + j / PANEL * PANEL_PAIR + PANEL_SQUARE, x + j);
        panel_reduce(0, j, m - j < PANEL ? m - j : PANEL, block + j * ld, ld, x + j, x);
    }
}

#endif
