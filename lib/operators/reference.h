/* SPDX-License-Identifier: BSD-3-Clause
 * The reference element of a degree, on [−1, 1]: all that spectral elements of that degree have in common. */
#ifndef NPDE_OPERATORS_REFERENCE_H
#define NPDE_OPERATORS_REFERENCE_H

#include "core/context.h"
#include "numerics/quadrature.h"

typedef struct {
    size_t n, gauss, ld; /* nodes; Gauss points that integrate drift and discharge; of all matrices, a multiple of 8 */
    double x[NPDE__MAX_NODES], w[NPDE__MAX_NODES], b[NPDE__MAX_NODES]; /* Lobatto nodes, weights, barycentric weights */
    double gx[NPDE__MAX_NODES], gw[NPDE__MAX_NODES];                   /* Gauss points and weights */
    /* Column q of value and of slope: all l_i, l_i' at Gauss point q. In columns, 0 below row n: */
    double *value, *slope;
    double *first;  /* ∫ l_j l_i' by the Lobatto rule */
    double *second; /* −∫ l_j' l_i', each column summing to 0 as far as rounding lets it */
    double *matrices;
} npde__reference;

npde_status npde__reference_new(npde_context *c, size_t degree, npde__reference **out);
void npde__reference_free(npde_context *c, npde__reference *r); /* NULL is allowed */

#endif
