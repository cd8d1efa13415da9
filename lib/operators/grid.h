/* SPDX-License-Identifier: BSD-3-Clause
 * The grid behind the handle. */
#ifndef NPDE_OPERATORS_GRID_H
#define NPDE_OPERATORS_GRID_H

#include "operators/reference.h"

struct npde_grid {
    atomic_size_t refs;
    npde_context *context;
    npde_id scheme;
    size_t n_segments;
    double *breaks;              /* n_segments + 1 */
    size_t *cells;               /* n_segments: cells (finite volume) or degree (spectral) */
    size_t *node;                /* n_segments + 1: index of the point at each break */
    size_t n;                    /* points */
    double *v, *w;               /* n points and quadrature weights */
    double *inverse;             /* 1/w */
    npde__reference **reference; /* n_segments: spectral elements of one degree share theirs; NULL for finite volumes */
    double *faces;               /* cells: the n + 1 ends of the cells, the points being their centres */
    npde_grid *axis[2];          /* a product: its axes v and g; n is the number of all points, v fastest, the rest empty */
};

/* ratios: NULL for equal cells. The arguments have been checked. */
npde_status npde__grid_new(npde_context *c, npde_id scheme, const double *breaks, size_t n_breaks, const size_t *cells,
                           const double *ratios, npde_grid **out);
/* The product of two grids; the arguments have been checked. */
npde_status npde__grid_new_product(const npde_grid *v, const npde_grid *g, npde_grid **out);
/* Number of axes, and one of them: a grid with one axis is its own. */
size_t npde__grid_axes(const npde_grid *grid);
const npde_grid *npde__grid_axis(const npde_grid *grid, size_t axis);
/* One of the schemes of cells. */
int npde__grid_scheme_cells(npde_id scheme);
npde_grid *npde__grid_acquire(const npde_grid *grid);
void npde__grid_release(npde_grid *grid); /* NULL is allowed */
/* The break nearest to potential v, within 1e-12 of the span; n_segments + 1 when there is none. */
size_t npde__grid_break(const npde_grid *grid, double v);
/*
 * Interpolation at v, to the order of the scheme: value = Σ_j l[j] f[first + j], with the number of points returned.
 * l has room for NPDE__MAX_NODES values; 0 points outside the grid.
 */
size_t npde__grid_interpolate(const npde_grid *grid, double v, size_t *first, double *l);

#endif
