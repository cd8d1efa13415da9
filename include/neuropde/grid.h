/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file grid.h
 * The grid: space only. It knows no model and no time; any number of solvers may share one.
 *
 * - NPDE_SCHEME_FINITE_VOLUME: vertex-centred Scharfetter–Gummel finite volumes, second order. The operator is an
 *   M-matrix: backward Euler on it is positive for any step.
 * - NPDE_SCHEME_SPECTRAL: spectral elements on Gauss–Lobatto–Legendre nodes, exponential convergence, one element per
 *   segment.
 *
 * - NPDE_SCHEME_CELLS, NPDE_SCHEME_CELLS_LIMITED, NPDE_SCHEME_CELLS_UPWIND: cell-centred finite volumes, for the
 * kinetic models and
 *   their limits. Points are the centres of the cells, and densities are means over cells.
 *
 * V_RESET and V_THRESHOLD of every population must be among the breaks: there the solution has kinks.
 */
#ifndef NEUROPDE_GRID_H
#define NEUROPDE_GRID_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a grid.
 *
 * @param scheme    NPDE_SCHEME_FINITE_VOLUME or NPDE_SCHEME_SPECTRAL
 * @param breaks    n_breaks ascending potentials; the first is the left end (no flux), the last the right end
 * @param n_breaks  at least 2
 * @param cells     n_breaks − 1 numbers: equal cells per segment (1 to 1000000), or the degree of the element (2 to 64)
 * @param out       receives the handle; free it with npde_grid_free()
 */
NPDE_API npde_status npde_grid_new(npde_context *context, npde_id scheme, const double *breaks, size_t n_breaks,
                                   const size_t *cells, npde_grid **out);
/**
 * Makes a finite-volume grid whose cells grow geometrically within each segment.
 *
 * @param breaks    as in npde_grid_new()
 * @param n_breaks  as in npde_grid_new()
 * @param cells     as in npde_grid_new()
 * @param ratios    n_breaks − 1 numbers in [1e-12, 1e12]: width of the segment's last cell over that of its first; 1 for
 *                  equal cells, < 1 to refine towards the right end
 * @param out       receives the handle
 */
NPDE_API npde_status npde_grid_new_graded(npde_context *context, const double *breaks, size_t n_breaks,
                                          const size_t *cells, const double *ratios, npde_grid **out);
/**
 * Makes the product of an axis v and an axis g, for the kinetic models. Point (i, j) of what the solver's state holds
 * is number j · npde_grid_size(v) + i: v is fastest.
 *
 * @param v    equal cells (NPDE_SCHEME_CELLS, _LIMITED, _UPWIND)
 * @param g    cells, or spectral elements; from 0 on, the conductance g_F of the threshold among its breaks
 * @param out  receives the handle; it keeps what it needs of v and g
 */
NPDE_API npde_status npde_grid_new_product(const npde_grid *v, const npde_grid *g, npde_grid **out);
/**
 * Makes a grid that fits a model: the left end by the truncation rule v_min ≤ μ − 8√a, elements and degrees for a space
 * error at rounding level (spectral), or a number of equal cells (finite volume). Initial data are not known to it: a
 * solver made with a NULL grid also looks at them. A coupling callback that moves the drive is announced by DRIVE_SWING.
 *
 * @param model   its parameters as they are now
 * @param scheme  NPDE_SCHEME_…
 * @param cells   finite volume: number of cells in all, 0 for 400; spectral: 0 for the automatic degrees, or one degree
 *                (2 to 64) for all elements
 * @param out     receives the handle
 */
NPDE_API npde_status npde_grid_new_for(const npde_model *model, npde_id scheme, size_t cells, npde_grid **out);
/** Gives up the handle; NULL is allowed. */
NPDE_API void npde_grid_free(npde_grid *grid);
/** Number of axes: 1, or 2 for a product; 0 for NULL. */
NPDE_API size_t npde_grid_axes(const npde_grid *grid);
/** Number of points along an axis, both ends included (cells: of centres); 0 for NULL or an axis that is not there. */
NPDE_API size_t npde_grid_size(const npde_grid *grid, size_t axis);
/** Copies the ascending points of an axis; @p n must be npde_grid_size(). */
NPDE_API npde_status npde_grid_points(const npde_grid *grid, size_t axis, double *out, size_t n);
/** Copies the quadrature weights of an axis: the mass that a run conserves is Σ w p. @p n must be npde_grid_size(). */
NPDE_API npde_status npde_grid_weights(const npde_grid *grid, size_t axis, double *out, size_t n);

#ifdef __cplusplus
}
#endif
#endif
