/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/passage.h"

#include <math.h>
#include <string.h>

/* The blocks of the matrix: elements, or pairs of neighbours on finite volumes. */
static npde_status shape(npde__passage *p)
{
    const npde_grid *g = p->grid;
    const int spectral = g->scheme == NPDE_SCHEME_SPECTRAL;
    size_t *begin = npde__alloc(p->context, p->n, sizeof *begin), n_blocks = 0;
    if (!begin) return NPDE_ERR_MEMORY;
    if (spectral)
        for (size_t s = 0; s < g->n_segments && g->node[s] + 1 < p->n; s++) begin[n_blocks++] = g->node[s];
    else
        for (size_t i = 0; i + 1 < p->n; i++) begin[n_blocks++] = i;
    if (!n_blocks) begin[n_blocks++] = 0;
    const npde_status status = npde__envelope_init(&p->matrix, p->context, p->n, begin, n_blocks);
    npde__free(p->context, begin);
    return status;
}

/* The entries of K, column by column: K times unit vectors. */
static void read_entries(npde__passage *p)
{
    double *unit = p->re, rate;
    memset(unit, 0, p->n * sizeof *unit);
    for (size_t j = 0; j < p->n; j++) {
        unit[j] = 1;
        npde__operator_apply(&p->op, unit, &rate);
        unit[j] = 0;
        for (size_t i = p->matrix.first[j]; i <= p->matrix.last[j]; i++)
            *npde__envelope_entry(&p->matrix, i, j) = p->op.image[0][i];
    }
}

static double product(size_t n, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/*
 * How N = c·P changes with a parameter whose ∂K P is input: by the solution z of K z + input = 0, less its mass times P, and by
 * flux = ∂c P. Relative to N, which is −∂ ln T.
 */
static double faster(npde__passage *p, const double *input, double flux, double rate)
{
    memcpy(p->re, input, p->n * sizeof *p->re);
    memset(p->im, 0, p->n * sizeof *p->im);
    npde__envelope_solve(&p->matrix, p->re, p->im);
    const double mass = product(p->n, p->grid->w, p->re);
    for (size_t i = 0; i < p->n; i++) p->re[i] -= mass * p->density[i];
    double carried;
    npde__operator_flux(&p->op, p->re, &carried);
    return (carried + flux) / rate;
}

/*
 * The steady state P, along y = −K⁻¹ e_R, and T = 1/(c·P). Rounding makes K leak a little; where neurons fire rarely the mass of y
 * and the survival ψ feel it, but the flux c·P through the threshold does not.
 */
static void settle(npde__passage *p)
{
    double flux_by_drive, flux_by_diffusion;
    p->escape = (npde__escape){INFINITY, NAN, NAN};
    p->floor = 1e-17 * p->op.stiffest[0]; /* measured */
    if (!npde__envelope_factor(&p->matrix, 0, 0, p->grid->w)) return;
    memset(p->im, 0, p->n * sizeof *p->im);
    p->density[p->stencil->reset] = 1;
    npde__envelope_solve(&p->matrix, p->density, p->im);
    const double mass = product(p->n, p->grid->w, p->density);
    for (size_t i = 0; i < p->n; i++) p->density[i] /= mass;
    double rate;
    npde__operator_flux(&p->op, p->density, &rate);
    if (!(mass > 0 && rate > 10 * p->floor)) return;
    p->error = 2e-13 + 1e-3 * pow(p->floor / rate, 0.8);
    npde__operator_tangent(&p->op, p->density, 1);
    memcpy(p->by_drive, p->op.image[0], p->n * sizeof *p->by_drive);
    memcpy(p->by_diffusion, p->op.image[1], p->n * sizeof *p->by_diffusion);
    npde__operator_flux_at(&p->op, p->op.drive, p->op.diffusion, p->density, &rate, &flux_by_drive, &flux_by_diffusion);
    p->escape = (npde__escape){-log(rate), faster(p, p->by_drive, flux_by_drive, rate),
                               faster(p, p->by_diffusion, flux_by_diffusion, rate)};
}

npde_status npde__passage_init(npde__passage *p, const npde_model *m, size_t pop, npde_grid *grid_or_null, double drive,
                               double diffusion, npde__detail detail)
{
    *p = (npde__passage){.context = m->context};
    npde_status status = NPDE_OK;
    if (grid_or_null) p->grid = npde__grid_acquire(grid_or_null);
    else status = npde__model_fit_frozen(m, pop, drive, diffusion, detail, &p->grid);
    size_t reset, threshold;
    if (!status) status = npde__model_locate(m, p->grid, pop, &reset, &threshold);
    if (status) return status;
    npde__population of = npde__model_population(m, pop);
    const int sharp = (npde_id)npde__model_value(m, pop, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
    const npde__field drift_field = {npde__model_drift, &of}, discharge = {sharp ? NULL : npde__model_discharge, &of};
    status =
        npde__stencil_find(&p->stencil, p->context, p->grid, reset, threshold, drift_field, discharge, 1, &p->stencil);
    if (status) return status;
    p->n = p->stencil->end;
    double **const vectors[] = {&p->density, &p->by_drive, &p->by_diffusion, &p->re, &p->im};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        if (!(*vectors[i] = npde__alloc(p->context, p->n, sizeof(double)))) return NPDE_ERR_MEMORY;
    const size_t at = 0;
    p->work = npde__alloc(p->context, npde__operator_work(p->grid), sizeof *p->work);
    status = p->work ? npde__operator_init(&p->op, p->stencil, 1, &at, p->work) : NPDE_ERR_MEMORY;
    if (status) return status;
    if ((status = shape(p))) return status;
    npde__operator_load(&p->op, &drive, &diffusion);
    read_entries(p);
    settle(p);
    return NPDE_OK;
}

void npde__passage_free(npde__passage *p)
{
    npde_context *c = p->context;
    if (!c) return;
    npde__operator_free(&p->op);
    npde__stencil_free_all(p->stencil);
    npde__free(c, p->work);
    npde__envelope_free(&p->matrix, c);
    double *const vectors[] = {p->density, p->by_drive, p->by_diffusion, p->re, p->im};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) npde__free(c, vectors[i]);
    npde__grid_release(p->grid);
    *p = (npde__passage){0};
}

static double complex at(const npde__passage *p, const double *x)
{
    return npde__complex_of(product(p->n, p->re, x), product(p->n, p->im, x));
}

npde_status npde__passage_survive(npde__passage *p, double complex s, int slopes, npde__survival *out)
{
    const double *w = p->grid->w;
    const size_t reset = p->stencil->reset;
    if (!npde__envelope_factor(&p->matrix, creal(s), cimag(s), w))
        return npde__fail(p->context, NPDE_ERR_RANGE, "%g%+gi is an eigenvalue of the operator without re-entry",
                          creal(s), cimag(s));
    memcpy(p->re, w, p->n * sizeof *w);
    memset(p->im, 0, p->n * sizeof *p->im);
    npde__envelope_solve_transposed(&p->matrix, p->re, p->im);
    *out = (npde__survival){.reset = npde__complex_of(p->re[reset], p->im[reset]),
                            .by_drive = at(p, p->by_drive),
                            .by_diffusion = at(p, p->by_diffusion)};
    if (!slopes) return NPDE_OK;
    for (size_t i = 0; i < p->n; i++) { /* ψ' = −(sW − K)⁻ᵀ W ψ */
        p->re[i] *= -w[i];
        p->im[i] *= -w[i];
    }
    npde__envelope_solve_transposed(&p->matrix, p->re, p->im);
    out->reset_slope = npde__complex_of(p->re[reset], p->im[reset]);
    out->by_drive_slope = at(p, p->by_drive);
    out->by_diffusion_slope = at(p, p->by_diffusion);
    return NPDE_OK;
}

double complex npde__passage_log_determinant(const npde__passage *p)
{
    double log_modulus, phase;
    npde__envelope_determinant(&p->matrix, &log_modulus, &phase);
    return npde__complex_of(log_modulus, phase);
}
