/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/check.h"
#include "models/model.h"
#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

enum { MAX_CELLS = 1000000, MAX_POINTS = 1 << 28 };

static npde_status check_cells(npde_context *c, const char *function, npde_id scheme, size_t segment, size_t cells)
{
    const size_t low = scheme == NPDE_SCHEME_SPECTRAL ? 2 : 1,
                 high = scheme == NPDE_SCHEME_SPECTRAL ? NPDE__MAX_DEGREE : MAX_CELLS;
    if (cells >= low && cells <= high) return NPDE_OK;
    return npde__fail(c, NPDE_ERR_SIZE, "%s: cells[%zu] = %zu is outside [%zu, %zu] for the scheme %s", function,
                      segment, cells, low, high, npde__ids_row(scheme)->name);
}

static npde_status check_breaks(npde_context *c, const char *function, npde_id scheme, const double *breaks,
                                size_t n_breaks, const size_t *cells)
{
    NPDE__GIVEN(c, function, breaks);
    NPDE__GIVEN(c, function, cells);
    if (n_breaks < 2 || n_breaks > MAX_CELLS)
        return npde__fail(c, NPDE_ERR_SIZE, "%s: n_breaks = %zu is outside [2, %d]", function, n_breaks,
                          (int)MAX_CELLS);
    NPDE__TRY(npde__check_values(c, function, "breaks", breaks, n_breaks));
    const double span = breaks[n_breaks - 1] - breaks[0];
    for (size_t s = 0; s + 1 < n_breaks; s++) {
        if (!(breaks[s + 1] - breaks[s] > 1e-11 * span) || !isfinite(span))
            return npde__fail(
                c, NPDE_ERR_RANGE,
                "%s: breaks[%zu] = %.17g must lie to the right of breaks[%zu] = %.17g by more than 1e-11 of the span",
                function, s + 1, breaks[s + 1], s, breaks[s]);
        NPDE__TRY(check_cells(c, function, scheme, s, cells[s]));
    }
    return NPDE_OK;
}

npde_status npde_grid_new(npde_context *context, npde_id scheme, const double *breaks, size_t n_breaks,
                          const size_t *cells, npde_grid **out)
{
    if (!context) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__GIVEN(context, __func__, out);
    NPDE__TRY(npde__check_id(context, __func__, "scheme", NPDE_FAMILY_SCHEME, scheme, &row));
    NPDE__TRY(check_breaks(context, __func__, scheme, breaks, n_breaks, cells));
    return npde__grid_new(context, scheme, breaks, n_breaks, cells, NULL, out);
}

npde_status npde_grid_new_graded(npde_context *context, const double *breaks, size_t n_breaks, const size_t *cells,
                                 const double *ratios, npde_grid **out)
{
    if (!context) return NPDE_ERR_NULL;
    NPDE__GIVEN(context, __func__, out);
    NPDE__GIVEN(context, __func__, ratios);
    NPDE__TRY(check_breaks(context, __func__, NPDE_SCHEME_FINITE_VOLUME, breaks, n_breaks, cells));
    NPDE__TRY(npde__check_ranges(context, __func__, "ratios", ratios, n_breaks - 1, 1e-12, 1e12));
    return npde__grid_new(context, NPDE_SCHEME_FINITE_VOLUME, breaks, n_breaks, cells, ratios, out);
}

npde_status npde_grid_new_product(const npde_grid *v, const npde_grid *g, npde_grid **out)
{
    if (!v || !g) return NPDE_ERR_NULL;
    npde_context *c = v->context;
    NPDE__GIVEN(c, __func__, out);
    if (g->context != c) return npde__fail(c, NPDE_ERR_STATE, "%s: v and g must come from the same context", __func__);
    if (npde__grid_axes(v) != 1 || npde__grid_axes(g) != 1)
        return npde__fail(c, NPDE_ERR_GRID, "%s: %s is a product already; give grids with one axis", __func__,
                          npde__grid_axes(v) != 1 ? "v" : "g");
    if (v->n > MAX_POINTS / g->n)
        return npde__fail(c, NPDE_ERR_SIZE, "%s: %zu x %zu points are more than %d", __func__, v->n, g->n,
                          (int)MAX_POINTS);
    return npde__grid_new_product(v, g, out);
}

npde_status npde_grid_new_for(const npde_model *model, npde_id scheme, size_t cells, npde_grid **out)
{
    if (!model) return NPDE_ERR_NULL;
    npde_context *c = model->context;
    const npde__id_row *row;
    NPDE__GIVEN(c, __func__, out);
    NPDE__TRY(npde__check_id(c, __func__, "scheme", NPDE_FAMILY_SCHEME, scheme, &row));
    if (model->kind->no_grid)
        return npde__fail(c, NPDE_ERR_UNSUPPORTED, "%s: the kind %s has no grid", __func__,
                          npde__ids_row(model->kind->id)->name);
    if (cells) NPDE__TRY(check_cells(c, __func__, scheme, 0, cells));
    return model->kind->fit_grid(model, scheme, cells, NULL, 0, out);
}

void npde_grid_free(npde_grid *grid)
{
    npde__grid_release(grid);
}

size_t npde_grid_axes(const npde_grid *grid)
{
    return grid ? npde__grid_axes(grid) : 0;
}

size_t npde_grid_size(const npde_grid *grid, size_t axis)
{
    return grid && axis < npde__grid_axes(grid) ? npde__grid_axis(grid, axis)->n : 0;
}

static npde_status copy_axis(const npde_grid *grid, const char *function, size_t axis, int weights, double *out,
                             size_t n)
{
    NPDE__GIVEN(grid->context, function, out);
    const size_t axes = npde__grid_axes(grid);
    if (axis >= axes)
        return npde__fail(grid->context, NPDE_ERR_SIZE, "%s: axis = %zu must be %s", function, axis,
                          axes == 1 ? "0: the grid has one axis" : "0 or 1: the grid has two axes");
    const npde_grid *along = npde__grid_axis(grid, axis);
    NPDE__TRY(npde__check_size(grid->context, function, "n", n, along->n));
    memcpy(out, weights ? along->w : along->v, n * sizeof *out);
    return NPDE_OK;
}

npde_status npde_grid_points(const npde_grid *grid, size_t axis, double *out, size_t n)
{
    return grid ? copy_axis(grid, __func__, axis, 0, out, n) : NPDE_ERR_NULL;
}

npde_status npde_grid_weights(const npde_grid *grid, size_t axis, double *out, size_t n)
{
    return grid ? copy_axis(grid, __func__, axis, 1, out, n) : NPDE_ERR_NULL;
}
