/* SPDX-License-Identifier: BSD-3-Clause
 * Initial data: projected on the scheme's test functions, so that mass is what the data say, never sampled.
 *
 * Spectral: n_i = (n0, l_i)/w_i. Finite volume: n_i = mean of n0 over the control volume.
 */
#include "models/model.h"

#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

enum { GAUSS = 16, MAX_PANELS = 4000, FUNCTION_PANELS = 16 };

static const double reach = 9; /* in deviations of Gaussian data */

typedef struct {
    npde_context *c;
    const npde_grid *g;
    size_t end, pop;
    const npde__initial *data;
    double x[GAUSS], w[GAUSS];
} projection;

static npde_status values(const projection *p, size_t n, const double *v, double *value)
{
    if (p->data->kind == NPDE__INITIAL_GAUSSIAN) {
        const double scale = 1 / sqrt(2 * p->data->variance);
        for (size_t i = 0; i < n; i++) {
            const double z = (v[i] - p->data->mean) * scale;
            value[i] = exp(-z * z) * scale;
        }
        return NPDE_OK;
    }
    const npde__callback *f = p->data->density;
    for (size_t i = 0; i < n; i++) value[i] = NAN;
    const int32_t answer = f->fn.profile(p->pop, n, v, value, f->user);
    if (answer) {
        p->c->user_status = answer;
        return npde__fail(p->c, NPDE_ERR_CALLBACK, "the density callback of population %zu returned %d", p->pop,
                          (int)answer);
    }
    for (size_t i = 0; i < n; i++)
        if (!isfinite(value[i]) || value[i] < 0)
            return npde__fail(p->c, NPDE_ERR_CALLBACK,
                              "the density callback of population %zu gave %g at v = %g: it must be finite and >= 0",
                              p->pop, value[i], v[i]);
    return NPDE_OK;
}

/*
 * Panels of a cell. Sixteen Gauss points integrate what a Gaussian does over two of its deviations, times what a polynomial does
 * between 8 of its nodes, to rounding; a distance is not needed to so many digits.
 */
static double count_panels(const projection *p, double width, size_t nodes, int distance)
{
    const int spectral = p->g->scheme == NPDE_SCHEME_SPECTRAL;
    if (p->data->kind != NPDE__INITIAL_GAUSSIAN) return spectral ? FUNCTION_PANELS : 1;
    const double wide = distance ? 2 : 1, smooth = ceil(width / (2 * wide * sqrt(p->data->variance)));
    return fmin(MAX_PANELS, spectral ? fmax(smooth, ceil((double)nodes / (8 * wide))) : fmax(smooth, 1));
}

/*
 * Walks the Gauss points of a cell of so many nodes, panel by panel, and at each adds value × weight to the test functions (pass
 * 1), or |value × scale − interpolant| × weight to the distance (pass 2).
 */
static npde_status walk_cell(const projection *p, double left, double right, size_t owner, size_t nodes, double scale,
                             const double *interpolant, double *density, double *distance)
{
    if (p->data->kind == NPDE__INITIAL_GAUSSIAN && !interpolant) { /* what lies beyond is 1e-17 */
        const double deviation = sqrt(p->data->variance);
        left = fmax(left, p->data->mean - reach * deviation);
        right = fmin(right, p->data->mean + reach * deviation);
    }
    if (!(right > left)) return NPDE_OK;
    const double panels = count_panels(p, right - left, nodes, interpolant != NULL);
    const double width = (right - left) / panels;
    for (size_t k = 0; k < (size_t)panels; k++) {
        double v[GAUSS], value[GAUSS], l[NPDE__MAX_NODES];
        for (size_t q = 0; q < GAUSS; q++) v[q] = left + width * ((double)k + (p->x[q] + 1) / 2);
        const npde_status status = values(p, GAUSS, v, value);
        if (status) return status;
        for (size_t q = 0; q < GAUSS; q++) {
            const double weight = p->w[q] * width / 2;
            size_t first = owner, n = 1;
            l[0] = 1;
            if (interpolant || p->g->scheme == NPDE_SCHEME_SPECTRAL) n = npde__grid_interpolate(p->g, v[q], &first, l);
            if (interpolant) {
                double sum = -scale * value[q];
                for (size_t j = 0; j < n; j++) sum += l[j] * interpolant[first + j];
                *distance += weight * fabs(sum);
            } else {
                for (size_t j = 0; j < n; j++) density[first + j] += weight * value[q] * l[j];
            }
        }
    }
    return NPDE_OK;
}

/* All elements, or all half cells, below the end of the domain. */
static npde_status walk(const projection *p, double scale, const double *interpolant, double *density, double *distance)
{
    const npde_grid *g = p->g;
    npde_status status = NPDE_OK;
    if (g->scheme == NPDE_SCHEME_SPECTRAL) {
        for (size_t s = 0; s < g->n_segments && g->node[s] < p->end && !status; s++)
            status =
                walk_cell(p, g->breaks[s], g->breaks[s + 1], 0, g->cells[s] + 1, scale, interpolant, density, distance);
        return status;
    }
    for (size_t i = 0; i + 1 < g->n && i < p->end && !status; i++) {
        const double middle = (g->v[i] + g->v[i + 1]) / 2;
        status = walk_cell(p, g->v[i], middle, i, 1, scale, interpolant, density, distance);
        if (!status) status = walk_cell(p, middle, g->v[i + 1], i + 1, 1, scale, interpolant, density, distance);
    }
    return status;
}

static double total(const npde_grid *g, size_t end, const double *density)
{
    double sum = 0;
    for (size_t i = 0; i < end; i++) sum += g->w[i] * density[i];
    return sum;
}

npde_status npde__model_project(npde_context *c, const npde_grid *g, size_t end, size_t pop, const npde__initial *data,
                                double mass, double *density, double *resolution)
{
    projection p = {.c = c, .g = g, .end = end, .pop = pop, .data = data};
    npde__quadrature_gauss(GAUSS, p.x, p.w);
    *resolution = 0;
    /* A Gaussian that is far narrower than any cell is a point mass to the grid. */
    const double span = g->breaks[g->n_segments] - g->breaks[0];
    const int point_mass = data->kind == NPDE__INITIAL_GAUSSIAN && sqrt(data->variance) < 1e-9 * span;
    if (data->kind == NPDE__INITIAL_STATE) {
        memcpy(density, data->state, g->n * sizeof *density);
    } else if (point_mass) {
        double l[NPDE__MAX_NODES];
        size_t first = 0;
        const size_t n = npde__grid_interpolate(g, data->mean, &first, l);
        for (size_t j = 0; j < n; j++) density[first + j] = l[j] / g->w[first + j];
    } else {
        const npde_status status = walk(&p, 1, NULL, density, NULL);
        if (status) return status;
        for (size_t i = 0; i < g->n; i++) density[i] /= g->w[i];
    }
    for (size_t i = end; i < g->n; i++) density[i] = 0; /* the threshold and what lies beyond it */
    const double raw = total(g, end, density);
    if (data->kind == NPDE__INITIAL_STATE && !(fabs(raw - 1) <= 1e-6))
        return npde__fail(
            c, NPDE_ERR_RANGE,
            "population %zu: the state's mass below the threshold is %.9g; scale it so that the sum of weight x "
            "density is 1",
            pop, raw);
    if (!(raw > 0) || !isfinite(1 / raw))
        return npde__fail(
            c, NPDE_ERR_RANGE,
            "population %zu: the initial data have mass %g on the grid [%g, %g]; they must lie inside it, below "
            "the threshold",
            pop, raw, g->v[0], g->v[end < g->n ? end : g->n - 1]);
    for (size_t i = 0; i < end; i++) density[i] *= mass / raw;
    if (data->kind == NPDE__INITIAL_STATE) return NPDE_OK;
    if (point_mass) {
        *resolution = 2 * mass; /* no density on a grid is near a point mass */
        return NPDE_OK;
    }
    return walk(&p, mass / raw, density, NULL, resolution);
}
