/* SPDX-License-Identifier: BSD-3-Clause
 * LU without pivoting of band matrices in lanes, PIVOTS columns at a time: so each number of the columns behind is loaded and
 * stored once for PIVOTS products. The inverses of the pivots take the diagonal.
 *
 * For the columns k to k + count − 1, row k + kl + r has only those from r on in the band, and column k + ku + r only the
 * rows from k + r on: hence the `first`, a constant wherever it is passed, so that all loops over pivots unroll. */
#ifndef NPDE_NUMERICS_KERNELS_BAND_H
#define NPDE_NUMERICS_KERNELS_BAND_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"

enum { PIVOTS = 3 }; /* more take more registers than there are */

typedef struct {
    size_t n, kl, ku;
    double *a; /* of one vector of lanes */
} band;

static ALWAYS_INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static ALWAYS_INLINE double *band_at(const band *m, size_t i, size_t j)
{
    return m->a + NPDE__KERNELS_LANES * (j * (m->kl + m->ku) + m->ku + i);
}

/* LU in place of the square of rows and columns k to k + count − 1, and its pivots' inverses. 0 outside the band. */
static ALWAYS_INLINE void band_square(const band *m, size_t k, const size_t count, vec s[PIVOTS][PIVOTS], vec *inverse)
{
    UNROLL for (size_t p = 0; p < count; p++) UNROLL for (size_t q = 0; q < count; q++) s[p][q] =
        p <= q + m->kl && q <= p + m->ku ? load(band_at(m, k + p, k + q)) : splat(0);
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
        UNROLL for (size_t q = 0; q < count; q++) if (p <= q + m->kl && q <= p + m->ku)
            store(band_at(m, k + p, k + q), p == q ? inverse[p] : s[p][q]);
}

/* Row i of L, below the square. */
static ALWAYS_INLINE void band_lower(const band *m, size_t i, size_t k, const size_t first, const size_t count,
                                     vec s[PIVOTS][PIVOTS], const vec *inverse)
{
    vec l[PIVOTS];
    UNROLL for (size_t p = first; p < count; p++)
    {
        l[p] = load(band_at(m, i, k + p));
        UNROLL for (size_t q = first; q < p; q++) l[p] = subtract_product(l[p], l[q], s[q][p]);
        l[p] *= inverse[p];
        store(band_at(m, i, k + p), l[p]);
    }
}

/* Row i of the columns j to j + columns − 1, less L U. */
static ALWAYS_INLINE void band_row(const band *m, size_t i, size_t k, const size_t first, const size_t count, size_t j,
                                   const size_t columns, vec u[2][PIVOTS])
{
    vec l[PIVOTS];
    UNROLL for (size_t p = first; p < count; p++) l[p] = load(band_at(m, i, k + p));
    UNROLL for (size_t c = 0; c < columns; c++)
    {
        vec y = load(band_at(m, i, j + c));
        UNROLL for (size_t p = first; p < count; p++) y = subtract_product(y, l[p], u[c][p]);
        store(band_at(m, i, j + c), y);
    }
}

/* The columns j to j + columns − 1 behind the square: their rows of U, from k + first on, and what is left below. */
static ALWAYS_INLINE void band_columns(const band *m, size_t k, const size_t first, const size_t count, size_t j,
                                       const size_t columns, vec s[PIVOTS][PIVOTS])
{
    vec u[2][PIVOTS];
    UNROLL for (size_t c = 0; c < columns; c++)
    {
        UNROLL for (size_t p = first; p < count; p++)
        {
            u[c][p] = load(band_at(m, k + p, j + c));
            UNROLL for (size_t q = first; q < p; q++) u[c][p] = subtract_product(u[c][p], s[p][q], u[c][q]);
            store(band_at(m, k + p, j + c), u[c][p]);
        }
    }
    const size_t end = least(m->n, k + m->kl + 1);
    for (size_t i = k + count; i < end; i++) band_row(m, i, k, first, count, j, columns, u);
    UNROLL for (size_t r = 1; r < count; r++) if (r + m->kl >= count && k + m->kl + r < m->n)
        band_row(m, k + m->kl + r, k, r > first ? r : first, count, j, columns, u);
}

static ALWAYS_INLINE void band_eliminate(const band *m, size_t k, const size_t count)
{
    vec s[PIVOTS][PIVOTS], inverse[PIVOTS];
    band_square(m, k, count, s, inverse);
    size_t end = least(m->n, k + m->kl + 1);
    for (size_t i = k + count; i < end; i++) band_lower(m, i, k, 0, count, s, inverse);
    UNROLL for (size_t r = 1; r < count; r++) if (r + m->kl >= count && k + m->kl + r < m->n)
        band_lower(m, k + m->kl + r, k, r, count, s, inverse);
    end = least(m->n, k + m->ku + 1);
    size_t j = k + count;
    for (; j + 2 <= end; j += 2) band_columns(m, k, 0, count, j, 2, s);
    if (j < end) band_columns(m, k, 0, count, j, 1, s);
    UNROLL for (size_t r = 1; r < count; r++) if (r + m->ku >= count && k + m->ku + r < m->n)
        band_columns(m, k, r, count, k + m->ku + r, 1, s);
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

/* x_i less what the unknowns k + first to k + last contribute. */
static ALWAYS_INLINE void band_reduce(const band *m, size_t i, size_t k, const size_t first, const size_t last,
                                      const vec *y, double *x)
{
    vec r = load(x + NPDE__KERNELS_LANES * i);
    UNROLL for (size_t p = first; p <= last; p++) r = subtract_product(r, load(band_at(m, i, k + p)), y[p]);
    store(x + NPDE__KERNELS_LANES * i, r);
}

static ALWAYS_INLINE void band_down(const band *m, size_t k, const size_t count, double *x)
{
    vec y[PIVOTS];
    UNROLL for (size_t p = 0; p < count; p++)
    {
        y[p] = load(x + NPDE__KERNELS_LANES * (k + p));
        UNROLL for (size_t q = 0; q < p; q++) if (p - q <= m->kl) y[p] =
            subtract_product(y[p], load(band_at(m, k + p, k + q)), y[q]);
        store(x + NPDE__KERNELS_LANES * (k + p), y[p]);
    }
    const size_t end = least(m->n, k + m->kl + 1);
    for (size_t i = k + count; i < end; i++) band_reduce(m, i, k, 0, count - 1, y, x);
    UNROLL for (size_t r = 1; r < count; r++) if (r + m->kl >= count && k + m->kl + r < m->n)
        band_reduce(m, k + m->kl + r, k, r, count - 1, y, x);
}

static ALWAYS_INLINE void band_up(const band *m, size_t k, const size_t count, double *x)
{
    vec y[PIVOTS];
    UNROLL for (size_t p = count; p-- > 0;)
    {
        y[p] = load(x + NPDE__KERNELS_LANES * (k + p));
        UNROLL for (size_t q = p + 1; q < count; q++) if (q - p <= m->ku) y[p] =
            subtract_product(y[p], load(band_at(m, k + p, k + q)), y[q]);
        y[p] *= load(band_at(m, k + p, k + p));
        store(x + NPDE__KERNELS_LANES * (k + p), y[p]);
    }
    /* Row k + r − ku has the columns up to k + r. */
    UNROLL for (size_t r = 0; r + 1 < count; r++) if (r < m->ku && k + r >= m->ku)
        band_reduce(m, k + r - m->ku, k, 0, r, y, x);
    const size_t all = count - 1 + k;
    for (size_t i = all - least(all, m->ku); i < k; i++) band_reduce(m, i, k, 0, count - 1, y, x);
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
