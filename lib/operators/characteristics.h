/* SPDX-License-Identifier: BSD-3-Clause
 * Transport along exact characteristics, conservative: the row of densities n over cells after a time h under
 *
 *     ∂_t n + ∂_v[(A − B v) n] = N(t) δ(v − V_R),    B > 0,    on [left, right],
 *
 * with what leaves at the right end, N, re-entering at V_R at once. A mass at v came from v* − (v* − v) e^{Bh}, v* =
 * A/B; if on the way back it passes V_R it may as well have come from the right end (a branch for each time it did).
 * The mass up to the foot of each face is a cubic through four faces (Crouseilles, Mehrenberger & Sonnendrücker, J.
 * Comput. Phys. 229, 2010), so the scheme is of fourth order, conserves mass by telescoping, and has no step limit.
 *
 * The row is cut into pieces of equal cells. Beyond both ends of a piece stands one more cell of its width with the mass
 * that a cubic through four faces gives it: two of the piece and one behind the break, or, at V_R, where what enters
 * makes a jump, and at the ends, four of the piece. Within a piece all cells are then alike.
 */
#ifndef NPDE_OPERATORS_CHARACTERISTICS_H
#define NPDE_OPERATORS_CHARACTERISTICS_H

#include "numerics/kernels.h"
#include "operators/grid.h"

/* Cells begin to end − 1, of one width, of which the first starts at left; and the cells beyond, Σ_q weight[q] n[first + q]. */
typedef struct {
    size_t begin, end;
    double left, right, width, inverse;
    size_t below_first, above_first;
    double below[3], above[3];
} npde__characteristics_piece;

typedef struct {
    npde_context *context;
    const npde__kernels *kernels;
    const npde_grid *v;
    npde_id
        scheme;  /* cells: cubic; cells_limited: limited to positive densities; cells_upwind: constant in each cell */
    int bounded; /* cells: limited so that Σ |n| does not grow */
    size_t n, n_pieces, reset; /* cells, pieces, the piece that begins at V_R */
    npde__characteristics_piece *piece;
    double *density;                 /* a row with the cells beyond: cell k of piece s at k + 2 s + 1 */
    double mass;                     /* of the row last moved, before it was */
    double *below, *above, *partial; /* in the same places: differences to both sides; masses up to feet, in cells */
} npde__characteristics;

/* reset: a face. In each of its segments the grid has equal cells (npde__characteristics_equal). */
npde_status npde__characteristics_init(npde__characteristics *f, npde_context *c, const npde_grid *v, size_t reset);
void npde__characteristics_free(npde__characteristics *f);
int npde__characteristics_equal(const npde_grid *v);
/* The row after h, given v* and e^{Bh} − 1; the mass that fired. What moves is scale × row + carry × what moved with the call
 * before, before it did. */
double npde__characteristics_flow(npde__characteristics *f, double target, double growth, double scale, double carry,
                                  double *row);
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
/* The density at the right end. */
double npde__characteristics_end(const npde__characteristics *f, const double *row);
/* ∫ φ n, for the means of φ over the cells. */
double npde__characteristics_rate(const npde__characteristics *f, const double *phi, const double *row);

#endif
