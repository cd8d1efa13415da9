/* SPDX-License-Identifier: BSD-3-Clause
 * Transport along exact characteristics, conservative: the row of densities n over cells after a time h under
 *
 *     ∂_t n + ∂_v[(A − B v) n] = N(t) δ(v − V_R),    B > 0,    on [left, right],
 *
 * with what leaves at the right end, N, re-entering at V_R at once. A mass at v came from v* − (v* − v) e^{Bh}, v* = A/B; if
 * on the way back it passes V_R it may as well have come from the right end (a branch for each time it did). The mass up to
 * the foot of each face is the quintic through the six faces around its cell (conservative semi-Lagrangian: Crouseilles,
 * Mehrenberger & Sonnendrücker, J. Comput. Phys. 229, 2010): mass is conserved by telescoping, there is no step limit, each
 * step makes an error of the sixth order in the mass, and short steps are as upwind fluxes of the fifth order, which damp
 * what is too fine for the cells.
 *
 * The row is cut into pieces of equal cells. Beyond both ends of a piece stand two more cells of its width:
 *
 * - behind a break, with the mass that is there, as it is seen from that side alone. So what is too fine for the wider cells does
 *   not pass; with cells that both sides had a part in it would come back and grow.
 * - where mass leaves, at the right end or at V_R from before it, of a parabola;
 * - where mass enters, such that the density at the face is the one that enters: 0 at the ends, at V_R what comes from before it
 *   and the jump N/(A − B V_R). Where all drift leads inwards, to v*, extrapolation to a face that is upstream would grow.
 *
 * Modes of pure transport grow at a few hundredths of B with v* near a break behind which cells are 1.7 to 2.3 times as wide or
 * near a piece of a few cells between wider ones, and at one hundredth with v* just beyond the right end, where what leaves comes
 * back (on the library's own zones; with few cells up to a tenth); elsewhere none do (tests/unit/characteristics.c). A relaxation
 * in g damps them. Pieces of one or two cells next to others hundreds of times as wide make a single step grow.
 */
#ifndef NPDE_OPERATORS_CHARACTERISTICS_H
#define NPDE_OPERATORS_CHARACTERISTICS_H

#include "numerics/kernels.h"
#include "operators/grid.h"

enum { NPDE__AROUND = 4 };

/* Σ_q weight[q] n, of the cells that have these places among the densities. */
typedef struct {
    size_t place[NPDE__AROUND];
    double weight[NPDE__AROUND];
} npde__characteristics_sum;

/* The mass between an edge and a place beyond it: of whole cells, the first of which lies in `piece`, and a sum; by what its
 * difference from the one before is to be multiplied. */
typedef struct {
    size_t begin, end, piece;
    npde__characteristics_sum part;
    double inverse;
} npde__characteristics_beyond;

/* Where a piece ends: closed at an end or at V_R, where nothing is looked at across it. */
typedef struct {
    int closed;
    npde__characteristics_sum end;  /* the density there, if mass leaves */
    npde__characteristics_sum next; /* that at the next face, less given × the density there, if mass enters */
    double given;
    npde__characteristics_beyond beyond[2]; /* where it is open */
} npde__characteristics_edge;

/* Cells begin to end − 1, of one width, of which the first starts at left. */
typedef struct {
    size_t begin, end;
    double left, right, width, inverse;
    npde__characteristics_edge edge[2];
} npde__characteristics_piece;

typedef struct {
    npde_context *context;
    const npde__kernels *kernels;
    const npde_grid *v;
    npde_id
        scheme;  /* cells: quintics; cells_limited: parabolas that stay positive; cells_upwind: constant in each cell */
    int bounded; /* cells: no cell gives more than it has, nor less than nothing */
    size_t n, n_pieces, reset; /* cells, pieces, the piece that begins at V_R */
    npde__characteristics_piece *piece;
    double *density;       /* a row with the cells beyond */
    double mass;           /* of the row last moved, before it was */
    double *below, *above; /* of cells: densities at both faces less the mean */
} npde__characteristics;

/* reset: a face. In each of its segments the grid has equal cells (npde__characteristics_equal). */
npde_status npde__characteristics_init(npde__characteristics *f, npde_context *c, const npde_grid *v, size_t reset);
void npde__characteristics_free(npde__characteristics *f);
int npde__characteristics_equal(const npde_grid *v);
/* The row after h, given v* ≥ left and e^{Bh} − 1; the mass that fired. What moves is scale × row + carry × what moved with the
 * call before, before it did. */
double npde__characteristics_flow(npde__characteristics *f, double target, double growth, double scale, double carry,
                                  double *row);
/* What enters at V_R within a step where it does not do so at once. */
typedef struct {
    double known, share;  /* its mass: known + share × what fires */
    double slope, follow; /* of the rate at which it enters: slope + follow × (what fires − what enters) */
    double first;         /* that rate, when the step begins */
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
