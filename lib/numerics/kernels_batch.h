/* SPDX-License-Identifier: BSD-3-Clause
 * Tridiagonal systems in lanes. On the way down and up again each vector waits for the one before it, so several vectors of
 * different systems are swept together: as many as fill the pipes and still fit into the registers. */
#ifndef NPDE_NUMERICS_KERNELS_BATCH_H
#define NPDE_NUMERICS_KERNELS_BATCH_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"
#include "numerics/tridiagonal.h"

enum { LANES = NPDE__KERNELS_LANES, PARTS = LANES / WIDTH, IN_FLIGHT = WIDTH == 8 ? 4 : 8 };

/* Vector k of a batch is part k mod PARTS of group k/PARTS; here is its first number. */
static ALWAYS_INLINE size_t batch_begin(size_t n, size_t k)
{
    return k / PARTS * LANES * n + k % PARTS * WIDTH;
}

/* As npde__tridiagonal_factor. */
static void batch_factor(size_t n, const double *sum, const double *down, const double *up, double *ratio,
                         double *inverse, double *climb)
{
    vec surplus[PARTS];
    UNROLL for (size_t k = 0; k < PARTS; k++) surplus[k] = load(sum + WIDTH * k);
    for (size_t i = 0; i < n; i++) {
        UNROLL for (size_t k = 0; k < PARTS; k++)
        {
            const size_t at = LANES * i + WIDTH * k;
            const vec d = load(down + at), u = load(up + at), pivot = 1 / (surplus[k] + d);
            store(inverse + at, pivot);
            store(ratio + at, d * pivot);
            store(climb + at, u * pivot);
            if (i + 1 < n) surplus[k] = add_product(load(sum + at + LANES), u * surplus[k], pivot);
        }
    }
}

static ALWAYS_INLINE void batch_sweep(size_t n, const double *ratio, const double *inverse, const double *climb,
                                      double *x, size_t first, const size_t count)
{
    size_t at[IN_FLIGHT];
    vec y[IN_FLIGHT];
    UNROLL for (size_t k = 0; k < count; k++)
    {
        at[k] = batch_begin(n, first + k);
        y[k] = load(x + at[k]);
    }
    for (size_t i = LANES; i < LANES * n; i += LANES) {
        UNROLL for (size_t k = 0; k < count; k++)
        {
            y[k] = add_product(load(x + at[k] + i), load(ratio + at[k] + i - LANES), y[k]);
            store(x + at[k] + i, y[k]);
        }
    }
    UNROLL for (size_t k = 0; k < count; k++) y[k] = splat(0);
    for (size_t i = LANES * n; i > 0;) {
        i -= LANES;
        UNROLL for (size_t k = 0; k < count; k++)
        {
            const vec z = load(x + at[k] + i) * load(inverse + at[k] + i);
            y[k] = add_product(z, load(climb + at[k] + i), y[k]);
            store(x + at[k] + i, y[k]);
        }
    }
}

static void batch_solve(size_t n, size_t n_groups, const double *ratio, const double *inverse, const double *climb,
                        double *x)
{
    const size_t n_vectors = n_groups * PARTS;
    size_t k = 0;
    for (; k + 4 <= n_vectors; k += 4) batch_sweep(n, ratio, inverse, climb, x, k, 4);
    for (; k + 2 <= n_vectors; k += 2) batch_sweep(n, ratio, inverse, climb, x, k, 2);
    for (; k < n_vectors; k++) batch_sweep(n, ratio, inverse, climb, x, k, 1);
}

static void shared_factor(size_t n, const double *sum, const double *down, const double *up, double *factors)
{
    npde__tridiagonal_factor(n, sum, down, up, factors, factors + n);
    for (size_t i = 0; i < n; i++) factors[2 * n + i] = up[i] * factors[n + i];
}

static ALWAYS_INLINE void shared_sweep(size_t n, const double *factors, double *x, size_t first, const size_t count)
{
    const double *ratio = factors, *inverse = factors + n, *climb = factors + 2 * n;
    double *at[IN_FLIGHT];
    vec y[IN_FLIGHT];
    UNROLL for (size_t k = 0; k < count; k++)
    {
        at[k] = x + batch_begin(n, first + k);
        y[k] = load(at[k]);
    }
    for (size_t i = 1; i < n; i++) {
        const vec l = splat(ratio[i - 1]);
        UNROLL for (size_t k = 0; k < count; k++)
        {
            y[k] = add_product(load(at[k] + LANES * i), l, y[k]);
            store(at[k] + LANES * i, y[k]);
        }
    }
    UNROLL for (size_t k = 0; k < count; k++) y[k] = splat(0);
    for (size_t i = n; i-- > 0;) {
        const vec d = splat(inverse[i]), u = splat(climb[i]);
        UNROLL for (size_t k = 0; k < count; k++)
        {
            y[k] = add_product(load(at[k] + LANES * i) * d, u, y[k]);
            store(at[k] + LANES * i, y[k]);
        }
    }
}

static void shared_solve(size_t n, size_t n_groups, const double *factors, double *x)
{
    const size_t n_vectors = n_groups * PARTS;
    size_t k = 0;
    for (; IN_FLIGHT > 4 && k + IN_FLIGHT <= n_vectors; k += IN_FLIGHT) shared_sweep(n, factors, x, k, IN_FLIGHT);
    for (; k + 4 <= n_vectors; k += 4) shared_sweep(n, factors, x, k, 4);
    for (; k + 2 <= n_vectors; k += 2) shared_sweep(n, factors, x, k, 2);
    for (; k < n_vectors; k++) shared_sweep(n, factors, x, k, 1);
}

#endif
