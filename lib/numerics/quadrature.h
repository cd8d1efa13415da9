/* SPDX-License-Identifier: BSD-3-Clause
 * Gauss–Legendre and Gauss–Lobatto–Legendre rules on [−1, 1], Lagrange bases on any nodes. */
#ifndef NPDE_NUMERICS_QUADRATURE_H
#define NPDE_NUMERICS_QUADRATURE_H

#include <stddef.h>

enum { NPDE__MAX_DEGREE = 64, NPDE__MAX_NODES = NPDE__MAX_DEGREE + 4 };

/* n-point Gauss–Legendre rule, n ≤ NPDE__MAX_NODES, exact to degree 2n − 1. */
void npde__quadrature_gauss(size_t n, double *x, double *w);
/* (p + 1)-point Gauss–Lobatto–Legendre rule, exact to degree 2p − 1, ends included. */
void npde__quadrature_lobatto(size_t p, double *x, double *w);
/* Barycentric weights of n nodes. */
void npde__quadrature_barycentric(size_t n, const double *x, double *b);
/* The n Lagrange polynomials at x: l[j] = l_j(x). */
void npde__quadrature_lagrange(size_t n, const double *nodes, const double *b, double x, double *l);
/* Derivative matrix d[i n + j] = l_j'(x_i) at the nodes. */
void npde__quadrature_derivative(size_t n, const double *nodes, const double *b, double *d);

#endif
