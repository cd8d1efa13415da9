/* SPDX-License-Identifier: BSD-3-Clause
 * The factorisations of numerics/chain.h and numerics/tridiagonal.h for a complex shift γ of a real operator. Vectors and blocks
 * keep real and imaginary parts apart, so that inner loops are those of real numbers; C's own complex type is optional, and
 * its product looks out for infinities. */
#ifndef NPDE_NUMERICS_COMPLEX_LU_H
#define NPDE_NUMERICS_COMPLEX_LU_H

#include <stddef.h>

typedef struct {
    double re, im;
} npde__complex;

static inline npde__complex npde__complex_add(npde__complex a, npde__complex b)
{
    return (npde__complex){a.re + b.re, a.im + b.im};
}

static inline npde__complex npde__complex_scale(double a, npde__complex b)
{
    return (npde__complex){a * b.re, a * b.im};
}

static inline npde__complex npde__complex_times(npde__complex a, npde__complex b)
{
    return (npde__complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static inline npde__complex npde__complex_inverse(npde__complex a)
{
    const double square = a.re * a.re + a.im * a.im;
    return (npde__complex){a.re / square, -a.im / square};
}

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
