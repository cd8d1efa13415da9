/* SPDX-License-Identifier: BSD-3-Clause
 * LU factors of a chain of dense blocks, each sharing its last unknown with the first of the next: the matrix of spectral
 * elements. In the natural order elimination fills nothing outside the blocks, and each step is a contiguous axpy.
 *
 * There is no pivoting. The matrices are W − γK of a drift–diffusion operator, which is close to self-adjoint and of one sign
 * in the weight of its own steady state; elimination does not see a scaling of rows or columns by such a weight.
 */
#ifndef NPDE_NUMERICS_CHAIN_H
#define NPDE_NUMERICS_CHAIN_H

#include <stddef.h>

/*
 * Eliminates the first k unknowns of an m × m block (column-major, leading dimension ld ≥ m) in place. inverse[j] receives 1/pivot.
 * With k = m − 1 the last diagonal entry becomes what the next block's first must be added to. 0 if a pivot is 0 or not finite.
 */
int npde__chain_factor(size_t m, size_t k, size_t ld, double *block, double *inverse);
/* The block's part of the forward and of the backward sweep; x begins at the block's first unknown. */
void npde__chain_forward(size_t m, size_t k, size_t ld, const double *block, double *x);
void npde__chain_backward(size_t m, size_t k, size_t ld, const double *block, const double *inverse, double *x);

#endif
