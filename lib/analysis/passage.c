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
    double *unit = p->re, *column = p->im;
    memset(unit, 0, p->n * sizeof *unit);
    for (size_t j = 0; j < p->n; j++) {
        unit[j] = 1;
        p->op.scheme->apply(&p->op, unit, column);
        unit[j] = 0;
        for (size_t i = p->matrix.first[j]; i <= p->matrix.last[j]; i++)
            *npde__envelope_entry(&p->matrix, i, j) = column[i];
    }
}

static double product(size_t n, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* The steady state: y = −K⁻¹ e_R, T = 1ᵀW y = ψ_R, and its slopes ψᵀ(∂K/∂μ) y, ψᵀ(∂K/∂a) y. */
static npde_status settle(npde__passage *p)
{
    npde__survival at;
    p->escape = (npde__escape){INFINITY, NAN, NAN};
    p->floor = 1e-17 * p->op.stiffest; /* measured: what rounding of K lets leak, or holds back */
    if (!npde__envelope_factor(&p->matrix, 0, 0, p->grid->w)) return NPDE_OK;
    memset(p->im, 0, p->n * sizeof *p->im);
    p->density[p->op.reset] = 1;
    npde__envelope_solve(&p->matrix, p->density, p->im);
    const double time = product(p->n, p->grid->w, p->density);
    if (!(time > 0 && time * p->floor < 0.1)) return NPDE_OK;
    for (size_t i = 0; i < p->n; i++) p->density[i] /= time;
    p->op.scheme->tangent(&p->op, p->density, p->by_drive, p->by_diffusion);
    const npde_status status = npde__passage_survive(p, 0, 0, &at);
    if (!status) p->escape = (npde__escape){log(time), -creal(at.by_drive), -creal(at.by_diffusion)};
    return status;
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
    npde__population of = {m, pop};
    const int sharp = (npde_id)npde__model_value(m, pop, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
    const npde__field drift = {npde__model_drift, &of}, discharge = {sharp ? NULL : npde__model_discharge, &of};
    status = npde__operator_init(&p->op, p->context, p->grid, reset, threshold, drift, discharge, 1);
    if (status) return status;
    p->n = p->op.end;
    double **const vectors[] = {&p->density, &p->by_drive, &p->by_diffusion, &p->re, &p->im};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        if (!(*vectors[i] = npde__alloc(p->context, p->n, sizeof(double)))) return NPDE_ERR_MEMORY;
    if ((status = shape(p))) return status;
    npde__operator_load(&p->op, drive, diffusion);
    read_entries(p);
    return settle(p);
}

void npde__passage_free(npde__passage *p)
{
    npde_context *c = p->context;
    if (!c) return;
    if (p->op.scheme) npde__operator_free(&p->op);
    npde__envelope_free(&p->matrix, c);
    double *const vectors[] = {p->density, p->by_drive, p->by_diffusion, p->re, p->im};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) npde__free(c, vectors[i]);
    npde__grid_release(p->grid);
    *p = (npde__passage){0};
}

static double complex at(const npde__passage *p, const double *x)
{
    return CMPLX(product(p->n, p->re, x), product(p->n, p->im, x));
}

npde_status npde__passage_survive(npde__passage *p, double complex s, int slopes, npde__survival *out)
{
    const double *w = p->grid->w;
    const size_t reset = p->op.reset;
    if (!npde__envelope_factor(&p->matrix, creal(s), cimag(s), w))
        return npde__fail(p->context, NPDE_ERR_RANGE, "%g%+gi is an eigenvalue of the operator without re-entry",
                          creal(s), cimag(s));
    memcpy(p->re, w, p->n * sizeof *w);
    memset(p->im, 0, p->n * sizeof *p->im);
    npde__envelope_solve_transposed(&p->matrix, p->re, p->im);
    *out = (npde__survival){.reset = CMPLX(p->re[reset], p->im[reset]),
                            .by_drive = at(p, p->by_drive),
                            .by_diffusion = at(p, p->by_diffusion)};
    if (!slopes) return NPDE_OK;
    double log_modulus, phase;
    npde__envelope_determinant(&p->matrix, &log_modulus, &phase);
    out->log_determinant = CMPLX(log_modulus, phase);
    for (size_t i = 0; i < p->n; i++) { /* ψ' = −(sW − K)⁻ᵀ W ψ */
        p->re[i] *= -w[i];
        p->im[i] *= -w[i];
    }
    npde__envelope_solve_transposed(&p->matrix, p->re, p->im);
    out->reset_slope = CMPLX(p->re[reset], p->im[reset]);
    out->by_drive_slope = at(p, p->by_drive);
    out->by_diffusion_slope = at(p, p->by_diffusion);
    return NPDE_OK;
}
