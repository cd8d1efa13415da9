/* SPDX-License-Identifier: BSD-3-Clause
 * The library's spectral semi-discretisation, written down again as dense matrices: for references, and for the expert who
 * would hand it to a general integrator,
 *
 *     n' = (D0 + μ D1 + a D2) n,   N = (c0 + μ c1 + a c2)·n = num/den,
 *     num = (c0 + I c1 + a0 c2)·n,   den = 1 − (b c1 + a1 c2)·n. */
#ifndef NPDE_BENCH_SPECTRAL_H
#define NPDE_BENCH_SPECTRAL_H

#include "problems.h"

enum { LAYOUT_ELEMENTS = 12 };

/* Breaks and degrees of spectral elements. */
typedef struct {
    size_t n;
    double breaks[LAYOUT_ELEMENTS + 1];
    size_t degrees[LAYOUT_ELEMENTS];
    double floor; /* what is left of the error when time is exact, relative to the largest rate */
} layout;

typedef struct {
    const problem *p;
    size_t n, first;   /* unknowns; the flux functionals are zero before first */
    size_t bandwidth;  /* of D, to either side */
    size_t parts;      /* 1: D is constant; 2: μ moves; 3: a moves as well */
    double *d[3];      /* n × n, column-major; constant parts are gathered in the first */
    double *c[3];      /* n */
    double *initial;   /* n */
    double start_rate; /* N of the initial data as the library has it */
} spectral;

spectral *spectral_new(const problem *p, const layout *l);
void spectral_free(spectral *s);
size_t layout_unknowns(const layout *l);
/* N at t; *den receives the denominator. */
double spectral_rate(const spectral *s, double t, const double *y, double *den);
/* out = F(t, y) */
void spectral_rhs(const spectral *s, double t, const double *y, double *out);
/* ∂F/∂y, column-major: D + (b D1 n + a1 D2 n) gᵀ, g = (c0 + μ c1 + a c2)/den. scratch has room for 2 n. */
void spectral_jacobian(const spectral *s, double t, const double *y, double *scratch, double *out);
/*
 * N at the output times by Radau IIA collocation with so many stages (order 2 stages − 1, stage order stages; Hairer & Wanner,
 * Solving ODEs II, IV.5) and so many equal steps between outputs.
 */
void spectral_radau(const spectral *s, size_t stages, size_t steps, double *rates);

#endif
