/* SPDX-License-Identifier: BSD-3-Clause
 * Sums over long vectors, in chains that do not wait for each other. */
#ifndef NPDE_NUMERICS_KERNELS_SUMS_H
#define NPDE_NUMERICS_KERNELS_SUMS_H

#include "numerics/kernels_vector.h"

enum { CHAINS = 4, CHAINED = CHAINS * WIDTH };

static ALWAYS_INLINE double sum_of_chains(const vec *chain)
{
    double part[WIDTH], sum = 0;
    store(part, (chain[0] + chain[1]) + (chain[2] + chain[3]));
    for (size_t k = 0; k < WIDTH; k++) sum += part[k];
    return sum;
}

static double dot(size_t n, const double *a, const double *b)
{
    vec chain[CHAINS];
    size_t i = 0;
    UNROLL for (size_t k = 0; k < CHAINS; k++) chain[k] = splat(0);
    for (; i + CHAINED <= n; i += CHAINED)
        UNROLL for (size_t k = 0; k < CHAINS; k++) chain[k] =
            add_product(chain[k], load(a + i + WIDTH * k), load(b + i + WIDTH * k));
    double sum = sum_of_chains(chain);
    for (; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static ALWAYS_INLINE double carry_sum(size_t n, double scale, double share, const double *x, double *m,
                                      const int carried)
{
    vec chain[CHAINS];
    size_t i = 0;
    UNROLL for (size_t k = 0; k < CHAINS; k++) chain[k] = splat(0);
    for (; i + CHAINED <= n; i += CHAINED) UNROLL for (size_t k = 0; k < CHAINS; k++)
        {
            vec new = load(x + i + WIDTH * k) * splat(scale);
            if (carried) new = add_product(new, load(m + i + WIDTH * k), splat(share));
            store(m + i + WIDTH * k, new);
            chain[k] += new;
        }
    double sum = sum_of_chains(chain);
    for (; i < n; i++) {
        m[i] = scale * x[i] + (carried ? share * m[i] : 0);
        sum += m[i];
    }
    return sum;
}

static double carry(size_t n, double scale, double share, const double *x, double *m)
{
    return share == 0 ? carry_sum(n, scale, 0, x, m, 0) : carry_sum(n, scale, share, x, m, 1);
}

#endif
