/* SPDX-License-Identifier: BSD-3-Clause
 * LU without pivoting of band matrices in lanes, PIVOTS columns at a time: so each number of the columns behind is loaded and
 * stored once for PIVOTS products. The inverses of the pivots take the diagonal. */
#ifndef NPDE_NUMERICS_KERNELS_BAND_H
#define NPDE_NUMERICS_KERNELS_BAND_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"

enum { PIVOTS = 4 };

typedef struct {
    size_t n, kl, ku;
    double *a; /* of one vector of lanes */
} band;

static ALWAYS_INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where row i of column j is. */
static ALWAYS_INLINE size_t band_at(const band *m, size_t i, size_t j)
{
    return NPDE__KERNELS_LANES * (j * (m->kl + m->ku + 1) + m->ku + i - j);
}

static ALWAYS_INLINE int band_has(const band *m, size_t i, size_t j)
{
    return i <= j + m->kl && j <= i + m->ku;
}

/* 0 outside the band. */
static ALWAYS_INLINE vec band_entry(const band *m, size_t i, size_t j)
{
    return band_has(m, i, j) ? load(m->a + band_at(m, i, j)) : splat(0);
}

/* Row i in columns k to k + count − 1; `inside`: all of them are in the band. */
static ALWAYS_INLINE void band_row(const band *m, size_t i, size_t k, const size_t count, int inside, vec *row)
{
    if (inside) {
        UNROLL for (size_t p = 0; p < count; p++) row[p] = load(m->a + band_at(m, i, k + p));
    } else {
        UNROLL for (size_t p = 0; p < count; p++) row[p] = band_entry(m, i, k + p);
    }
}

static ALWAYS_INLINE void band_store(const band *m, size_t i, size_t k, const size_t count, int inside, const vec *row)
{
    UNROLL for (size_t p = 0; p < count; p++) if (inside || band_has(m, i, k + p))
        store(m->a + band_at(m, i, k + p), row[p]);
}

/* LU in place of the square of columns and rows k to k + count − 1, with its pivots' inverses. */
static ALWAYS_INLINE void band_square(const band *m, size_t k, const size_t count, vec s[PIVOTS][PIVOTS], vec *inverse)
{
    UNROLL for (size_t p = 0; p < count; p++)
    {
        band_row(m, k + p, k, count, 0, s[p]);
    }
    UNROLL for (size_t p = 0; p < count; p++)
    {
        inverse[p] = 1 / s[p][p];
        UNROLL for (size_t i = p + 1; i < count; i++)
        {
            s[i][p] *= inverse[p];
            UNROLL for (size_t j = p + 1; j < count; j++) s[i][j] = subtract_product(s[i][j], s[i][p], s[p][j]);
        }
    }
    UNROLL for (size_t p = 0; p < count; p++)
    {
        band_store(m, k + p, k, count, 0, s[p]);
        store(m->a + band_at(m, k + p, k + p), inverse[p]);
    }
}

/* Columns k to k + count − 1 of L: each row below the square by itself. */
static ALWAYS_INLINE void band_panel(const band *m, size_t k, const size_t count)
{
    vec s[PIVOTS][PIVOTS], inverse[PIVOTS], row[PIVOTS];
    band_square(m, k, count, s, inverse);
    const size_t end = least(m->n, k + count + m->kl);
    for (size_t i = k + count; i < end; i++) {
        const int inside = i <= k + m->kl;
        band_row(m, i, k, count, inside, row);
        UNROLL for (size_t p = 0; p < count; p++)
        {
            UNROLL for (size_t q = 0; q < p; q++) row[p] = subtract_product(row[p], row[q], s[q][p]);
            row[p] *= inverse[p];
        }
        band_store(m, i, k, count, inside, row);
    }
}

/* Rows k to k + count − 1 of U in column j. */
static ALWAYS_INLINE void band_upper(const band *m, size_t k, const size_t count, size_t j, vec *u)
{
    UNROLL for (size_t p = 0; p < count; p++)
    {
        u[p] = band_entry(m, k + p, j);
        UNROLL for (size_t q = 0; q < p; q++) u[p] = subtract_product(u[p], band_entry(m, k + p, k + q), u[q]);
        if (band_has(m, k + p, j)) store(m->a + band_at(m, k + p, j), u[p]);
    }
}

/* Columns j to j + columns − 1 behind a panel: their part of U and what is left below it. */
static ALWAYS_INLINE void band_update(const band *m, size_t k, const size_t count, size_t j, const size_t columns)
{
    vec u[2][PIVOTS];
    UNROLL for (size_t c = 0; c < columns; c++) band_upper(m, k, count, j + c, u[c]);
    const size_t end = least(m->n, k + count + m->kl);
    for (size_t i = k + count; i < end; i++) {
        vec l[PIVOTS];
        band_row(m, i, k, count, i <= k + m->kl, l);
        UNROLL for (size_t c = 0; c < columns; c++)
        {
            double *to = m->a + band_at(m, i, j + c);
            vec y = load(to);
            UNROLL for (size_t p = 0; p < count; p++) y = subtract_product(y, l[p], u[c][p]);
            store(to, y);
        }
    }
}

static ALWAYS_INLINE void band_eliminate(const band *m, size_t k, const size_t count)
{
    band_panel(m, k, count);
    const size_t end = least(m->n, k + count + m->ku);
    size_t j = k + count;
    for (; j + 2 <= end; j += 2) band_update(m, k, count, j, 2);
    if (j < end) band_update(m, k, count, j, 1);
}

static void band_factor(size_t n, size_t kl, size_t ku, double *a)
{
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        const band m = {n, kl, ku, a + part};
        size_t k = 0;
        for (; k + PIVOTS <= n; k += PIVOTS) band_eliminate(&m, k, PIVOTS);
        for (; k < n; k++) band_eliminate(&m, k, 1);
    }
}

/* x_i less what the unknowns y at k contribute. */
static ALWAYS_INLINE void band_reduce(const band *m, size_t i, size_t k, const size_t count, int inside, const vec *y,
                                      double *x)
{
    vec row[PIVOTS];
    band_row(m, i, k, count, inside, row);
    vec r = load(x + NPDE__KERNELS_LANES * i);
    UNROLL for (size_t p = 0; p < count; p++) r = subtract_product(r, row[p], y[p]);
    store(x + NPDE__KERNELS_LANES * i, r);
}

static ALWAYS_INLINE void band_down(const band *m, size_t k, const size_t count, double *x)
{
    vec y[PIVOTS];
    UNROLL for (size_t p = 0; p < count; p++)
    {
        y[p] = load(x + NPDE__KERNELS_LANES * (k + p));
        UNROLL for (size_t q = 0; q < p; q++) y[p] = subtract_product(y[p], band_entry(m, k + p, k + q), y[q]);
        store(x + NPDE__KERNELS_LANES * (k + p), y[p]);
    }
    const size_t end = least(m->n, k + count + m->kl);
    for (size_t i = k + count; i < end; i++) band_reduce(m, i, k, count, i <= k + m->kl, y, x);
}

static ALWAYS_INLINE void band_up(const band *m, size_t k, const size_t count, double *x)
{
    vec y[PIVOTS];
    UNROLL for (size_t p = count; p-- > 0;)
    {
        y[p] = load(x + NPDE__KERNELS_LANES * (k + p));
        UNROLL for (size_t q = p + 1; q < count; q++) y[p] = subtract_product(y[p], band_entry(m, k + p, k + q), y[q]);
        y[p] *= load(m->a + band_at(m, k + p, k + p));
        store(x + NPDE__KERNELS_LANES * (k + p), y[p]);
    }
    for (size_t i = k - least(k, m->ku); i < k; i++) band_reduce(m, i, k, count, i + m->ku >= k + count - 1, y, x);
}

static void band_solve(size_t n, size_t kl, size_t ku, const double *a, double *x)
{
    const size_t tail = n % PIVOTS;
    for (size_t part = 0; part < NPDE__KERNELS_LANES; part += WIDTH) {
        const band m = {n, kl, ku, (double *)a + part};
        size_t k = 0;
        for (; k < n - tail; k += PIVOTS) band_down(&m, k, PIVOTS, x + part);
        for (; k < n; k++) band_down(&m, k, 1, x + part);
        for (; k > n - tail; k--) band_up(&m, k - 1, 1, x + part);
        for (; k > 0; k -= PIVOTS) band_up(&m, k - PIVOTS, PIVOTS, x + part);
    }
}

#endif
