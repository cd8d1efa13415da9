/* SPDX-License-Identifier: BSD-3-Clause
 * Complex LU factors of s W − K with a diagonal W, for a real matrix K whose non-zero entries fill a chain of dense blocks,
 * neighbours sharing an unknown: spectral elements, or with blocks of two unknowns a tridiagonal matrix. Nothing fills outside the
 * blocks. There is no pivoting, for the reason given in numerics/kernels.h.
 *
 * Real and imaginary parts lie in arrays of their own, so that every loop is a contiguous real one that compilers vectorise.
 */
#ifndef NPDE_NUMERICS_ENVELOPE_H
#define NPDE_NUMERICS_ENVELOPE_H

#include "core/context.h"

typedef struct {
    size_t n;
    size_t *first, *last; /* n: rows first[j] … last[j] of column j may be non-zero; the same for its row */
    size_t *column;       /* n: entry (i, j) is number column[j] + i − first[j] */
    double *k;            /* the entries of K */
    double *re, *im;      /* those of the factors; the diagonal holds reciprocal pivots */
} npde__envelope;

/* Blocks begin at the ascending points begin[0] = 0 … begin[n_blocks − 1] and end where the next one begins, the last at n − 1. */
npde_status npde__envelope_init(npde__envelope *e, npde_context *c, size_t n, const size_t *begin, size_t n_blocks);
void npde__envelope_free(npde__envelope *e, npde_context *c);
/* Entry (i, j) of K; i must be in the envelope of column j. */
static inline double *npde__envelope_entry(const npde__envelope *e, size_t i, size_t j)
{
    return &e->k[e->column[j] + i - e->first[j]];
}
/* Factors (re + i im) W − K. 0 if a pivot is 0 or not finite. */
int npde__envelope_factor(npde__envelope *e, double re, double im, const double *w);
/*
 * The determinant: the logarithm of its modulus, and its phase, the sum of those of the pivots in (−π, π]: it changes smoothly
 * with s until a pivot crosses the negative axis.
 */
void npde__envelope_determinant(const npde__envelope *e, double *log_modulus, double *phase);
/* x ← (s W − K)⁻¹ x, and with the transposed matrix. */
void npde__envelope_solve(const npde__envelope *e, double *re, double *im);
void npde__envelope_solve_transposed(const npde__envelope *e, double *re, double *im);

#endif
