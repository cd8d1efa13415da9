/* SPDX-License-Identifier: BSD-3-Clause
 * The factorisations of a chain of blocks (kernels.h) and of numerics/tridiagonal.h for a complex shift γ of a real operator.
 * Vectors and blocks keep real and imaginary parts apart, so that inner loops are those of real numbers. */
#ifndef NPDE_NUMERICS_COMPLEX_LU_H
#define NPDE_NUMERICS_COMPLEX_LU_H

#include "core/complex.h"

#include <stddef.h>

/* A block of the chain: both parts column-major with leading dimension ld. inverse[j] receives 1/pivot. */
typedef struct {
    size_t ld;
    double *re, *im;
    npde__complex *inverse;
} npde__complex_block;

int npde__complex_chain_factor(size_t m, size_t k, npde__complex_block b);
void npde__complex_chain_forward(size_t m, size_t k, npde__complex_block b, double *re, double *im);
void npde__complex_chain_backward(size_t m, size_t k, npde__complex_block b, double *re, double *im);

/*
 * T = W + γ(D + M) with the diagonals W, D ≥ 0 and the M-matrix of column sums 0 that down and up are the flows of, as in
 * tridiagonal.h: real parts of what is added are positive when that of γ is. factors holds 3 n numbers.
 */
void npde__complex_tridiagonal_factor(size_t n, npde__complex gamma, const double *w, const double *d,
                                      const double *down, const double *up, npde__complex *factors);
void npde__complex_tridiagonal_solve(size_t n, const npde__complex *factors, double *re, double *im);

#endif
