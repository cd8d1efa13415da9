/* SPDX-License-Identifier: BSD-3-Clause
 * The linearised network as one matrix: where the search for eigenvalues begins. */
#ifndef NPDE_ANALYSIS_DENSE_H
#define NPDE_ANALYSIS_DENSE_H

#include "analysis/linear.h"

/*
 * All eigenvalues of the linearisation, those of the masses included; delays by transport of the rates along Chebyshev polynomials
 * of this degree: near the exact ones where |s| × delay is less than about the degree. re and im receive n of them, for the
 * caller to free.
 */
npde_status npde__dense_eigenvalues(const npde__linear *l, size_t degree, size_t *n, double **re, double **im);

#endif
