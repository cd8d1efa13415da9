/* SPDX-License-Identifier: BSD-3-Clause
 * The exponential of a dense matrix and its relatives,
 *
 *     φ_0(z) = e^z,   φ_k(z) = (φ_{k−1}(z) − 1/(k−1)!)/z = Σ_j z^j/(j + k)!,
 *
 * by scaling and modified squaring (Skaflestad & Wright, Appl. Numer. Math. 59, 2009, 783): Taylor polynomials of
 * A/2^s, then doubled s times,
 *
 *     e^{2z} − 1 = 2d + d², d = e^z − 1,   φ_1(2z) = φ_1 + d φ_1/2,   φ_2(2z) = (φ_1² + 2φ_2)/4,
 *     φ_3(2z) = (φ_1 φ_2 + 2φ_3 + φ_2)/8.
 *
 * It is e^A − I that is kept, not e^A: next to the identity the digits of slow modes would be lost.
 *
 * Matrices are in columns, ld ≥ n, a multiple of 8, as numerics/kernels.h has them.
 */
#ifndef NPDE_NUMERICS_PHI_H
#define NPDE_NUMERICS_PHI_H

#include <stddef.h>

enum {
    NPDE__PHI_MOST = 3,   /* largest k */
    NPDE__PHI_SCRATCH = 6 /* matrices of scratch */
};

/* Leading dimension for n rows. */
size_t npde__phi_leading(size_t n);
/* c = a b; c is neither of them. */
void npde__phi_multiply(size_t n, size_t ld, const double *a, const double *b, double *c);
/* max_j Σ_i w_i |a_ij|/w_j, where a weight 0 counts as 1. */
double npde__phi_norm(size_t n, size_t ld, const double *a, const double *weights);
/* Puts the rounding error of wᵀm = target wᵀ right, column by column in the entry that carries most. */
void npde__phi_conserve(size_t n, size_t ld, const double *weights, double target, double *m);
/* d ← 2d + d², of a matrix d = e^z − 1 with wᵀd = 0; product is scratch. */
void npde__phi_double(size_t n, size_t ld, const double *weights, double *d, double *product);
/*
 * phi[0] = e^{hA} − I and phi[k] = φ_k(hA), 1 ≤ k ≤ order ≤ NPDE__PHI_MOST. half, if not NULL: half[0], half[1],
 * half[2] the same at hA/2, with order ≥ 2. weights ≥ 0 span a left null space, wᵀA = 0, that the results keep to
 * rounding. scratch holds NPDE__PHI_SCRATCH matrices.
 */
void npde__phi(size_t n, size_t ld, const double *a, double h, const double *weights, size_t order, double *const *phi,
               double *const *half, double *scratch);

#endif
