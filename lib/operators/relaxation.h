/* SPDX-License-Identifier: BSD-3-Clause
 * Relaxation and diffusion along an axis g, the same for all columns or with a mean G of its own for each:
 *
 *     ∂_t p = (1/σ) ∂_g[(g − G) p + a ∂_g p],    no flux at both ends.
 *
 * On cells by Scharfetter & Gummel (IEEE Trans. Electron Devices 16, 1969): the flux between two centres d apart is
 * (a/(σ d)) [B(−z) p_j − B(z) p_{j+1}], z = (G − (g_j + g_{j+1})/2) d/a, B(z) = z/(e^z − 1), so that the Gaussian
 * e^{−(g − G)²/2a} at the centres is the discrete equilibrium; an M-matrix, solved without a subtraction. On spectral
 * elements by Galerkin's method with Gauss–Lobatto quadrature. In time by the L-stable SDIRK method of order 2
 * (Alexander, SIAM J. Numer. Anal. 14, 1977), γ = 1 − 1/√2.
 *
 * A state is a row of `columns` numbers for each point g_j, one row after the other.
 */
#ifndef NPDE_OPERATORS_RELAXATION_H
#define NPDE_OPERATORS_RELAXATION_H

#include "numerics/kernels.h"
#include "operators/grid.h"

/* A row of a state is scale × what has been left for it + carry × the row before; in front of the first is nothing. */
typedef struct {
    double scale, carry;
} npde__relaxation_row;

typedef struct {
    npde_context *context;
    const npde__kernels *kernels;
    const npde_grid *g;
    size_t n, columns;
    double sigma;
    int positive; /* what a step makes negative is cut off and the column scaled to the mass it had */
    int per_column;
    double *mean; /* columns: G of each, or one for all */
    double diffusion;
    double gamma; /* what is factored; NaN for nothing */
    /* Cells: the matrix of masses 1 − γK; with a mean for each column in lanes of eight. */
    double *sum, *down, *up, *factors, *first_solve, *second_solve, *ratio, *inverse, *climb, *block;
    npde__relaxation_row *last; /* of one matrix for all on cells: the last sweep of a step */
    /* Spectral: K in columns, the LU factors of 1 − γK, the propagator of a step and what it is for, scratch. */
    double *k, *lu, *propagator, *scratch, propagator_h;
    int *pivots;
} npde__relaxation;

npde_status npde__relaxation_init(npde__relaxation *r, npde_context *c, const npde_grid *g, size_t columns,
                                  double sigma, int positive, int per_column);
void npde__relaxation_free(npde__relaxation *r);
/* Takes G (one, or one for each column) and a. */
void npde__relaxation_load(npde__relaxation *r, const double *mean, double diffusion);
/* Factors 1 − γ L; x ← (1 − γ L)⁻¹ x; out = L p. */
npde_status npde__relaxation_factor(npde__relaxation *r, double gamma);
void npde__relaxation_solve(npde__relaxation *r, double *x);
void npde__relaxation_apply(npde__relaxation *r, const double *p, double *out);
/* When, in units of a step, the first stage of the next function takes its coefficients; the second does at the end. */
#define NPDE__RELAXATION_EARLY 0.2928932188134524755991556 /* 1 − 1/√2 */
/* The state after a time h: from p to out, which may be the same. early: one like r with the coefficients of the first stage,
 * or r itself. */
npde_status npde__relaxation_flow(npde__relaxation *early, npde__relaxation *r, double h, const double *p, double *out);
/* The same but for a last sweep along the rows, which whoever reads them next may do on the way, from the first to the last. */
npde_status npde__relaxation_flow_rows(npde__relaxation *early, npde__relaxation *r, double h, const double *p,
                                       double *out);
static inline npde__relaxation_row npde__relaxation_last(const npde__relaxation *r, size_t j)
{
    return r->last ? r->last[j] : (npde__relaxation_row){1, 0};
}

#endif
