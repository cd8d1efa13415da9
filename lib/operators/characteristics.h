/* SPDX-License-Identifier: BSD-3-Clause
 * Transport along exact characteristics, conservative: the row of masses m over equal cells after a time h under
 *
 *     ∂_t n + ∂_v[(A − B v) n] = N(t) δ(v − V_R),    B > 0,    on [left, right],
 *
 * with what leaves at the right end, N, re-entering at V_R at once. A mass at v came from v* − (v* − v) e^{Bh}, v* =
 * A/B; if on the way back it passes V_R it may as well have come from the right end (a branch for each time it did).
 * The mass up to the foot of each face is a cubic through four faces (Crouseilles, Mehrenberger & Sonnendrücker, J.
 * Comput. Phys. 229, 2010), so the scheme is of fourth order, conserves mass by telescoping, and has no step limit.
 * One-sided at the ends. Cells being equal, a row may hold densities as well: what fired is then in their unit.
 */
#ifndef NPDE_OPERATORS_CHARACTERISTICS_H
#define NPDE_OPERATORS_CHARACTERISTICS_H

#include "numerics/kernels.h"
#include "operators/grid.h"

typedef struct {
    npde_context *context;
    const npde__kernels *kernels;
    npde_id
        scheme; /* cells: cubic; cells_limited: limited to positive densities; cells_upwind: constant in each cell */
    size_t n, reset;                 /* cells; face of V_R */
    double left, width;              /* of the grid and of a cell */
    double *masses;                  /* n + 2: a row between two cells beyond the ends, extrapolated */
    double *below, *above, *partial; /* n + 2: differences to both sides, masses up to feet */
} npde__characteristics;

/* reset: a face. The grid has equal cells (npde__characteristics_equal). */
npde_status npde__characteristics_init(npde__characteristics *f, npde_context *c, const npde_grid *v, size_t reset);
void npde__characteristics_free(npde__characteristics *f);
int npde__characteristics_equal(const npde_grid *v);
/* The row after h, given v* and e^{Bh} − 1; what fired. */
double npde__characteristics_flow(npde__characteristics *f, double target, double growth, double *row);
/* What enters at V_R within a step where it does not do so at once. */
typedef struct {
    double known, share;  /* its mass: known + share × what fires */
    double slope, follow; /* of the rate at which it enters: slope + follow × (what fires − what enters) */
} npde__reentry;
/*
 * The same with a discharge ∂_t n + … + φ n = N δ(v − V_R), N = ∫ φ n: half of it, transport, the other half
 * (Strang), and what was discharged enters along the way, at a rate linear in time. phi: its mean over each cell;
 * survival: e^{−φh/2}; both NULL without discharge, when only the right end fires. later: NULL for at once, which
 * needs a discharge. entered receives the mass that entered.
 */
double npde__characteristics_discharge(npde__characteristics *f, double target, double growth, double h,
                                       const double *phi, const double *survival, const npde__reentry *later,
                                       double *entered, double *row);
/* The row's profile at the right end, in the unit of the row. */
double npde__characteristics_end(const npde__characteristics *f, const double *row);

#endif
