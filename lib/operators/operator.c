/* SPDX-License-Identifier: BSD-3-Clause */
#include "operators/operator.h"

#include <math.h>
#include <string.h>

/* ---- what operators have in common ---- */

static npde_status sample(const npde__stencil *s, npde__field field, size_t n,
                          size_t (*points)(const npde__stencil *, double *), double *v, double *value)
{
    if (!field.fn) return NPDE_OK;
    points(s, v);
    return field.fn(field.self, n, v, value);
}

/* The values of drift and discharge at the scheme's points. */
static npde_status sample_fields(npde__stencil *s, npde__field drift, npde__field discharge)
{
    const size_t n_drift = s->scheme->drift_points(s, NULL),
                 n_discharge = s->absorbing ? 0 : s->scheme->discharge_points(s, NULL);
    s->n_values = n_drift + n_discharge;
    s->drift = npde__alloc(s->context, s->n_values, sizeof *s->drift);
    double *v = npde__alloc(s->context, n_drift > n_discharge ? n_drift : n_discharge, sizeof *v);
    npde_status status = s->drift && v ? NPDE_OK : NPDE_ERR_MEMORY;
    if (!status) status = sample(s, drift, n_drift, s->scheme->drift_points, v, s->drift);
    if (!status) status = sample(s, discharge, n_discharge, s->scheme->discharge_points, v, s->drift + n_drift);
    npde__free(s->context, v);
    return status;
}

static void stencil_free(npde__stencil *s)
{
    if (s->data) s->scheme->discard(s);
    npde__free(s->context, s->drift);
    npde__free(s->context, s);
}

void npde__stencil_free_all(npde__stencil *list)
{
    while (list) {
        npde__stencil *next = list->next;
        stencil_free(list);
        list = next;
    }
}

static int same(const npde__stencil *a, const npde__stencil *b)
{
    return a->grid == b->grid && a->reset == b->reset && a->end == b->end && a->absorbing == b->absorbing &&
           a->exact == b->exact && a->n_values == b->n_values &&
           memcmp(a->drift, b->drift, a->n_values * sizeof *a->drift) == 0;
}

npde_status npde__stencil_find(npde__stencil **list, npde_context *c, const npde_grid *grid, size_t reset,
                               size_t threshold, npde__field drift, npde__field discharge, int exact,
                               npde__stencil **out)
{
    enum { LOOK_AT = 64 }; /* populations that differ in more ways than that have little in common */
    npde__stencil *s = npde__alloc(c, 1, sizeof *s), *known = *list;
    if (!s) return NPDE_ERR_MEMORY;
    s->scheme = grid->scheme == NPDE_SCHEME_SPECTRAL ? &npde__spectral : &npde__finite_volume;
    s->context = c;
    s->grid = grid;
    s->reset = reset;
    s->absorbing = discharge.fn == NULL;
    s->exact = exact;
    s->end = s->absorbing ? threshold : grid->n;
    npde_status status = sample_fields(s, drift, discharge);
    for (int k = 0; !status && known && k < LOOK_AT && !same(known, s); k++) known = known->next;
    if (!status && known && same(known, s)) {
        stencil_free(s);
        *out = known;
        return NPDE_OK;
    }
    if (!status) {
        const size_t n_drift = s->scheme->drift_points(s, NULL);
        status = s->scheme->prepare(s, s->drift, s->absorbing ? NULL : s->drift + n_drift);
    }
    if (status) {
        stencil_free(s);
        return status;
    }
    s->next = *list;
    s->number = *list ? (*list)->number + 1 : 0;
    *list = *out = s;
    return NPDE_OK;
}

/* ---- an operator ---- */

/* The images, a vector and one of scratch; beyond the unknowns a solve may read as far as its panels reach. */
enum { VECTORS = 4, PADDING = 8 };

size_t npde__operator_work(const npde_grid *grid)
{
    return (size_t)VECTORS * NPDE__LANES * (grid->n + PADDING);
}

npde_status npde__operator_init(npde__operator *op, const npde__stencil *stencil, size_t count, const size_t *at,
                                double *work)
{
    *op = (npde__operator){
        .stencil = stencil, .kernels = npde__kernels_best(), .lanes = count > 1 ? NPDE__LANES : 1, .count = count};
    const size_t size = NPDE__LANES * (stencil->grid->n + PADDING);
    for (size_t l = 0; l < op->lanes; l++) {
        op->at[l] = at[l < count ? l : count - 1];
        op->drive[l] = NAN; /* nothing is loaded */
    }
    op->image[0] = work;
    op->image[1] = work + size;
    op->vector = work + 2 * size;
    op->scratch = work + 3 * size;
    npde_context *c = stencil->context;
    op->c = npde__alloc(c, op->lanes * stencil->end, sizeof *op->c);
    op->response = npde__alloc(c, op->lanes * (stencil->end + PADDING), sizeof *op->response);
    if (!op->c || !op->response) return NPDE_ERR_MEMORY;
    return stencil->scheme->init(op);
}

void npde__operator_free(npde__operator *op)
{
    if (!op->stencil) return;
    if (op->data) op->stencil->scheme->free(op);
    npde__free(op->stencil->context, op->c);
    npde__free(op->stencil->context, op->response);
}

int npde__operator_load(npde__operator *op, const double *drive, const double *diffusion)
{
    const size_t size = op->lanes * sizeof(double);
    if (memcmp(op->drive, drive, size) == 0 && memcmp(op->diffusion, diffusion, size) == 0) return 0;
    memcpy(op->drive, drive, size);
    memcpy(op->diffusion, diffusion, size);
    op->loads++;
    op->stencil->scheme->load(op);
    return 1;
}

/* The densities from point `first` on in lanes. */
static const double *enter(const npde__operator *op, const double *n, size_t first)
{
    if (op->lanes == 1) return n + op->at[0];
    op->kernels->gather(op->stencil->end - first, op->at, n + first, NULL, op->vector + first * op->lanes);
    return op->vector;
}

static void multiply_flux(const npde__operator *op, const double *x, double *rate)
{
    const size_t first = op->stencil->c_first, end = op->stencil->end;
    if (op->lanes == 1) {
        rate[0] = 0;
        for (size_t i = first; i < end; i++) rate[0] += op->c[i] * x[i];
        return;
    }
    double sum[NPDE__LANES] = {0};
    for (size_t i = first * NPDE__LANES; i < end * NPDE__LANES; i += NPDE__LANES)
        for (size_t l = 0; l < NPDE__LANES; l++) sum[l] += op->c[i + l] * x[i + l];
    memcpy(rate, sum, sizeof sum);
}

void npde__operator_flux(const npde__operator *op, const double *n, double *rate)
{
    multiply_flux(op, enter(op, n, op->stencil->c_first), rate);
}

void npde__operator_flux_at(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                            double *rate, double *by_drive, double *by_diffusion)
{
    op->stencil->scheme->flux(op, drive, diffusion, enter(op, n, op->stencil->c_first), rate, by_drive, by_diffusion);
}

void npde__operator_apply(const npde__operator *op, const double *n, double *rate)
{
    const double *x = enter(op, n, 0);
    op->stencil->scheme->apply(op, op->drive, op->diffusion, x, op->image[0]);
    multiply_flux(op, x, rate);
}

void npde__operator_apply_at(const npde__operator *op, const double *drive, const double *diffusion, const double *n)
{
    op->stencil->scheme->apply(op, drive, diffusion, enter(op, n, 0), op->image[0]);
}

void npde__operator_residual(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                             double *rate)
{
    const double *x = enter(op, n, 0);
    op->stencil->scheme->residual(op, drive, diffusion, x, op->image[0]);
    multiply_flux(op, x, rate);
}

void npde__operator_tangent(const npde__operator *op, const double *n, int by_diffusion)
{
    op->stencil->scheme->tangent(op, enter(op, n, 0), op->image[0], by_diffusion ? op->image[1] : NULL);
}

void npde__operator_emit(const npde__operator *op, size_t image, const double *m, double *out)
{
    const npde__stencil *s = op->stencil;
    double *x = op->image[image];
    for (size_t l = 0; l < op->lanes; l++) x[s->reset * op->lanes + l] += m[l];
    if (op->lanes == 1) {
        for (size_t i = 0; i < s->end; i++) out[op->at[0] + i] = x[i] * s->grid->inverse[i];
    } else {
        op->kernels->scatter(s->end, op->at, s->grid->inverse, x, out);
    }
    for (size_t l = 0; l < op->lanes; l++) memset(out + op->at[l] + s->end, 0, (s->grid->n - s->end) * sizeof *out);
}

npde_status npde__operator_factor(npde__operator *op, double gamma, const double *kappa)
{
    const npde__stencil *s = op->stencil;
    const size_t lanes = op->lanes;
    const npde_status status = s->scheme->factor(op, gamma);
    if (status) return status;
    double *y = op->response, kept[NPDE__LANES] = {0}, rate[NPDE__LANES] = {0};
    memset(y, 0, lanes * s->end * sizeof *y);
    for (size_t l = 0; l < lanes; l++) y[s->reset * lanes + l] = 1;
    s->scheme->solve(op, y);
    multiply_flux(op, y, rate);
    /* 1 − γκ c·y without cancellation: summing the rows of (W − γK) y = e_R gives Σ w y + γ c·y = 1. */
    for (size_t i = 0; i < s->end; i++)
        for (size_t l = 0; l < lanes; l++) kept[l] += s->grid->w[i] * y[i * lanes + l];
    op->gamma = gamma;
    int sound = 1;
    for (size_t l = 0; l < lanes; l++) {
        op->border[l] = kept[l] + gamma * (1 - kappa[l]) * rate[l];
        sound = sound && isfinite(op->border[l]) && op->border[l] > 0;
    }
    return sound ? NPDE_OK : NPDE__RETRY;
}

/* x += source y in lanes */
static void add_response(const npde__operator *op, const double *source, double *x)
{
    const double *y = op->response;
    const size_t end = op->stencil->end;
    for (size_t i = 0; i < end * NPDE__LANES; i += NPDE__LANES)
        for (size_t l = 0; l < NPDE__LANES; l++) x[i + l] += source[l] * y[i + l];
}

void npde__operator_solve(const npde__operator *op, const double *kappa, const double *m, double *n, double *rate)
{
    const npde__stencil *s = op->stencil;
    double *x = op->vector, source[NPDE__LANES] = {0};
    if (op->lanes == 1) {
        for (size_t i = 0; i < s->end; i++) x[i] = n[op->at[0] + i] * s->grid->w[i];
        for (size_t i = s->end; i < s->end + PADDING; i++) x[i] = 0;
    } else {
        op->kernels->gather(s->end, op->at, n, s->grid->w, x);
    }
    for (size_t l = 0; l < op->lanes; l++) x[s->reset * op->lanes + l] += op->gamma * m[l];
    s->scheme->solve(op, x);
    multiply_flux(op, x, rate);
    for (size_t l = 0; l < op->lanes; l++) {
        rate[l] /= op->border[l];
        source[l] = op->gamma * kappa[l] * rate[l];
    }
    if (op->lanes == 1) {
        for (size_t i = 0; i < s->end; i++) n[op->at[0] + i] = x[i] + source[0] * op->response[i];
        return;
    }
    add_response(op, source, x);
    op->kernels->scatter(s->end, op->at, NULL, x, n);
}
