/* SPDX-License-Identifier: BSD-3-Clause */
#include "operators/grid.h"

#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

/* Points of a segment in geometric progression: widths h, h q, h q², …, the last `ratio` times the first. */
static void place_cells(double *v, size_t cells, double left, double right, double ratio)
{
    const double q = cells > 1 ? log(ratio) / (double)(cells - 1) : 0, whole = q * (double)cells;
    v[0] = left;
    for (size_t i = 1; i < cells; i++) {
        const double x = fabs(whole) < 1e-12 ? (double)i / (double)cells : expm1(q * (double)i) / expm1(whole);
        v[i] = left + (right - left) * x;
    }
    v[cells] = right;
}

/* Gauss–Lobatto points of an element and their weights, added to what the neighbour left. */
static void place_element(double *v, double *w, const npde__reference *r, double left, double right)
{
    for (size_t i = 0; i < r->n; i++) {
        v[i] = left + (right - left) * (r->x[i] + 1) / 2;
        w[i] += r->w[i] * (right - left) / 2;
    }
    v[0] = left;
    v[r->n - 1] = right;
}

/* The reference element of segment s: one that a segment before it has, or a new one. */
static npde_status find_reference(npde_grid *g, size_t s)
{
    for (size_t k = 0; k < s; k++)
        if (g->cells[k] == g->cells[s]) {
            g->reference[s] = g->reference[k];
            return NPDE_OK;
        }
    return npde__reference_new(g->context, g->cells[s], &g->reference[s]);
}

int npde__grid_scheme_cells(npde_id scheme)
{
    return scheme == NPDE_SCHEME_CELLS || scheme == NPDE_SCHEME_CELLS_LIMITED || scheme == NPDE_SCHEME_CELLS_UPWIND;
}

size_t npde__grid_axes(const npde_grid *g)
{
    return g->axis[0] ? 2 : 1;
}

const npde_grid *npde__grid_axis(const npde_grid *g, size_t axis)
{
    return g->axis[0] ? g->axis[axis] : g;
}

npde_status npde__grid_new_product(const npde_grid *v, const npde_grid *g, npde_grid **out)
{
    npde_grid *product = npde__alloc(v->context, 1, sizeof *product);
    if (!product) return NPDE_ERR_MEMORY;
    atomic_init(&product->refs, 1);
    npde__context_acquire(v->context);
    product->context = v->context;
    product->scheme = v->scheme;
    product->n = v->n * g->n;
    product->axis[0] = npde__grid_acquire(v);
    product->axis[1] = npde__grid_acquire(g);
    *out = product;
    return NPDE_OK;
}

npde_status npde__grid_new(npde_context *c, npde_id scheme, const double *breaks, size_t n_breaks, const size_t *cells,
                           const double *ratios, npde_grid **out)
{
    npde_grid *g = npde__alloc(c, 1, sizeof *g);
    if (!g) return NPDE_ERR_MEMORY;
    atomic_init(&g->refs, 1);
    npde__context_acquire(c);
    g->context = c;
    g->scheme = scheme;
    g->n_segments = n_breaks - 1;
    const int cell_centred = npde__grid_scheme_cells(scheme);
    g->n = cell_centred ? 0 : 1;
    for (size_t s = 0; s < g->n_segments; s++) g->n += cells[s];
    g->breaks = npde__alloc(c, n_breaks, sizeof *g->breaks);
    g->cells = npde__alloc(c, g->n_segments, sizeof *g->cells);
    g->node = npde__alloc(c, n_breaks, sizeof *g->node);
    g->v = npde__alloc(c, g->n, sizeof *g->v);
    g->w = npde__alloc(c, g->n, sizeof *g->w);
    g->inverse = npde__alloc(c, g->n, sizeof *g->inverse);
    if (scheme == NPDE_SCHEME_SPECTRAL) g->reference = npde__alloc(c, g->n_segments, sizeof(void *));
    if (cell_centred) g->faces = npde__alloc(c, g->n + 1, sizeof *g->faces);
    if (!g->breaks || !g->cells || !g->node || !g->v || !g->w || !g->inverse ||
        (scheme == NPDE_SCHEME_SPECTRAL && !g->reference) || (cell_centred && !g->faces)) {
        npde__grid_release(g);
        return NPDE_ERR_MEMORY;
    }
    memcpy(g->breaks, breaks, n_breaks * sizeof *breaks);
    memcpy(g->cells, cells, g->n_segments * sizeof *cells);
    for (size_t s = 0; s < g->n_segments; s++) {
        const size_t at = g->node[s];
        g->node[s + 1] = at + cells[s];
        if (scheme != NPDE_SCHEME_SPECTRAL) {
            place_cells((cell_centred ? g->faces : g->v) + at, cells[s], breaks[s], breaks[s + 1],
                        ratios ? ratios[s] : 1);
            continue;
        }
        const npde_status status = find_reference(g, s);
        if (status) {
            npde__grid_release(g);
            return status;
        }
        place_element(g->v + at, g->w + at, g->reference[s], breaks[s], breaks[s + 1]);
    }
    for (size_t i = 0; scheme == NPDE_SCHEME_FINITE_VOLUME && i + 1 < g->n; i++) {
        const double half = (g->v[i + 1] - g->v[i]) / 2;
        g->w[i] += half;
        g->w[i + 1] += half;
    }
    for (size_t i = 0; cell_centred && i < g->n; i++) {
        g->v[i] = (g->faces[i] + g->faces[i + 1]) / 2;
        g->w[i] = g->faces[i + 1] - g->faces[i];
    }
    for (size_t i = 0; i < g->n; i++) g->inverse[i] = 1 / g->w[i];
    *out = g;
    return NPDE_OK;
}

npde_grid *npde__grid_acquire(const npde_grid *grid)
{
    npde_grid *g = (npde_grid *)grid; /* a reference count is not part of what const promises */
    atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
    return g;
}

/* Gives up a reference; was it the last one? */
static int last_reference(npde_grid *g)
{
    return g && atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) == 1;
}

static void destroy(npde_grid *g)
{
    npde_context *c = g->context;
    for (size_t s = 0; g->reference && s < g->n_segments; s++) {
        npde__reference *mine = g->reference[s];
        for (size_t k = s; mine && k < g->n_segments; k++)
            if (g->reference[k] == mine) g->reference[k] = NULL;
        npde__reference_free(c, mine);
    }
    void *const blocks[] = {g->breaks, g->cells, g->node, g->v, g->w, g->inverse, g->reference, g->faces, g};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__context_release(c);
}

void npde__grid_release(npde_grid *g)
{
    if (!last_reference(g)) return;
    for (size_t k = 0; k < 2; k++) /* an axis has no axes */
        if (last_reference(g->axis[k])) destroy(g->axis[k]);
    destroy(g);
}

/* The last i in [low, high) with x[i] ≤ v, or low. */
static size_t bisect(const double *x, size_t low, size_t high, double v)
{
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (x[middle] <= v) low = middle;
        else high = middle;
    }
    return low;
}

static size_t segment(const npde_grid *g, double v)
{
    return bisect(g->breaks, 0, g->n_segments, v);
}

size_t npde__grid_break(const npde_grid *g, double v)
{
    const double tolerance = 1e-12 * (g->breaks[g->n_segments] - g->breaks[0]);
    size_t s = segment(g, v);
    if (fabs(g->breaks[s + 1] - v) < fabs(g->breaks[s] - v)) s++;
    return fabs(g->breaks[s] - v) <= tolerance ? s : g->n_segments + 1;
}

size_t npde__grid_interpolate(const npde_grid *g, double v, size_t *first, double *l)
{
    if (!(v >= g->breaks[0] && v <= g->breaks[g->n_segments])) return 0;
    const size_t s = segment(g, v);
    if (g->scheme == NPDE_SCHEME_SPECTRAL) {
        *first = g->node[s];
        npde__quadrature_lagrange(g->cells[s] + 1, g->v + *first, g->reference[s]->b, v, l);
        return g->cells[s] + 1;
    }
    /* Cells are joined across breaks, and the outermost ones go on to the end. */
    const int cells = npde__grid_scheme_cells(g->scheme);
    if (cells && g->n == 1) {
        *first = 0;
        l[0] = 1;
        return 1;
    }
    const size_t low = cells ? bisect(g->v, 0, g->n - 1, v) : bisect(g->v, g->node[s], g->node[s + 1], v);
    if (cells) v = fmin(fmax(v, g->v[0]), g->v[g->n - 1]);
    *first = low;
    l[1] = (v - g->v[low]) / (g->v[low + 1] - g->v[low]);
    l[0] = 1 - l[1];
    return 2;
}
