/* SPDX-License-Identifier: BSD-3-Clause
 * Tridiagonal M-matrices without a subtraction. */
#ifndef NPDE_NUMERICS_TRIDIAGONAL_H
#define NPDE_NUMERICS_TRIDIAGONAL_H

#include <stddef.h>

/*
 * T x = r for the column-dominant M-matrix with
 *     T[i+1][i] = −down[i],  T[i][i+1] = −up[i],  T[i][i] = sum[i] + down[i] + up[i−1]   (down[n−1] leaves the domain),
 * where down, up ≥ 0 and sum > 0 is the column sum. Its LU factors are computed from sums and quotients of positive numbers
 * only (as Grassmann, Taksar & Heyman, Oper. Res. 33, 1985, do for Markov chains), so that each entry of the solution for
 * r ≥ 0 is positive and accurate to a few ulps, however stiff T is. Factors: ratio[i] = down[i]/pivot[i], inverse[i] = 1/pivot[i].
 */
void npde__tridiagonal_factor(size_t n, const double *sum, const double *down, const double *up, double *ratio,
                              double *inverse);
/* x ← T⁻¹ x. */
void npde__tridiagonal_solve(size_t n, const double *up, const double *ratio, const double *inverse, double *x);

#endif
