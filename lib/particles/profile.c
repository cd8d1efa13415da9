/* SPDX-License-Identifier: BSD-3-Clause */
#include "particles/profile.h"

#include <math.h>

enum { CELLS = 4096 };

double npde__profile_growth(double k, double t)
{
    const double x = k * t;
    return fabs(x) < 1e-12 ? t : -expm1(-x) / k;
}

/* ∫₀ᵗ∫₀ˢ e^{−kr} dr ds */
static double growth_of_growth(double k, double t)
{
    return fabs(k * t) < 1e-4 ? t * t / 2 * (1 - k * t / 3) : (t - npde__profile_growth(k, t)) / k;
}

void npde__profile_free(npde__profile *f, npde_context *c)
{
    if (!f) return;
    double *const arrays[] = {f->drift, f->slope, f->discharge, f->rise, f->push, f->bend, f->spread, f->bridge};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) npde__free(c, arrays[i]);
    npde__free(c, f);
}

void npde__profile_prepare(npde__profile *f, double h)
{
    if (f->h == h) return;
    f->h = h;
    for (size_t i = 0; i < f->n; i++) {
        const double k = -f->slope[i], variance = 2 * npde__profile_growth(2 * k, h);
        const size_t before = i > 0 ? i - 1 : i, after = i + 1 < f->n ? i + 1 : i;
        const double curvature = (f->slope[after] - f->slope[before]) * f->inverse / (double)(after - before);
        f->push[i] = npde__profile_growth(k, h);
        f->bend[i] = curvature * growth_of_growth(k, h);
        f->spread[i] = sqrt(variance);
        f->bridge[i] = 2 * exp(-k * h) / variance;
    }
}

/* A field by its values just inside both ends of each cell: it may jump between two of them. */
static npde_status fill(npde__profile *f, npde__population *of, npde__field_fn field, double *value, double *slope)
{
    npde_context *c = of->model->context;
    const double width = 1 / f->inverse, inset = 1e-7 * width;
    double *v = npde__alloc(c, 4 * f->n, sizeof *v);
    if (!v) return NPDE_ERR_MEMORY;
    double *at = v + 2 * f->n;
    for (size_t i = 0; i < f->n; i++) {
        v[2 * i] = f->left + (double)i * width + inset;
        v[2 * i + 1] = f->left + (double)(i + 1) * width - inset;
    }
    const npde_status status = field(of, 2 * f->n, v, at);
    for (size_t i = 0; i < f->n && !status; i++) {
        slope[i] = (at[2 * i + 1] - at[2 * i]) / (width - 2 * inset);
        value[i] = at[2 * i] - slope[i] * inset;
    }
    npde__free(c, v);
    return status;
}

static npde_status build(npde__profile *f, const npde_model *m, size_t p, double left, double right, int moves)
{
    /* Reset and threshold are ends of cells. */
    const double reset = npde__model_value(m, p, NPDE_PARAM_V_RESET);
    const double gap = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD) - reset;
    const double between = fmax(4, ceil(gap * CELLS / (right - left))), width = gap / between;
    const double below = ceil((reset - left) / width), above = floor((right - reset) / width * (1 + 1e-12));
    npde_context *c = m->context;
    if (below + above > 16 * CELLS)
        return npde__fail(
            c, NPDE_ERR_GRID,
            "population %zu: v_reset and v_threshold are too close, %g, for the range [%g, %g] of its potentials", p,
            gap, left, right);
    f->n = (size_t)(below + above);
    f->left = reset - below * width;
    f->inverse = 1 / width;
    f->h = NAN;
    double **const arrays[] = {&f->discharge, &f->rise, &f->drift,  &f->slope,
                               &f->push,      &f->bend, &f->spread, &f->bridge};
    for (size_t i = 0; i < (moves ? sizeof arrays / sizeof arrays[0] : 2); i++)
        if (!(*arrays[i] = npde__alloc(c, f->n, sizeof(double)))) return NPDE_ERR_MEMORY;
    npde__population of = npde__model_population(m, p);
    npde_status status = moves ? fill(f, &of, npde__model_drift, f->drift, f->slope) : NPDE_OK;
    const npde_id discharge = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE);
    if (!status && discharge != NPDE_DISCHARGE_NONE)
        status = fill(f, &of, npde__model_discharge, f->discharge, f->rise);
    return status;
}

npde_status npde__profile_new(const npde_model *m, size_t p, double left, double right, int moves, npde__profile **out)
{
    npde__profile *f = npde__alloc(m->context, 1, sizeof *f);
    if (!f) return NPDE_ERR_MEMORY;
    const npde_status status = build(f, m, p, left, right, moves);
    if (status) npde__profile_free(f, m->context);
    else *out = f;
    return status;
}
