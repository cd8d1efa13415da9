/* SPDX-License-Identifier: BSD-3-Clause */
#include "operators/operator.h"

#include <math.h>
#include <string.h>

npde_status npde__operator_init(npde__operator *op, npde_context *c, const npde_grid *grid, size_t reset,
                                size_t threshold, npde__field drift, npde__field discharge, int exact)
{
    *op = (npde__operator){
        .scheme = grid->scheme == NPDE_SCHEME_SPECTRAL ? &npde__spectral : &npde__finite_volume,
        .context = c,
        .grid = grid,
        .reset = reset,
        .absorbing = discharge.fn == NULL,
        .exact = exact,
        .drive = NAN, /* nothing is loaded */
    };
    op->end = op->absorbing ? threshold : grid->n;
    op->c = npde__alloc(c, op->end, sizeof *op->c);
    op->response = npde__alloc(c, op->end, sizeof *op->response);
    if (!op->c || !op->response) return NPDE_ERR_MEMORY;
    return op->scheme->init(op, drift, discharge);
}

void npde__operator_free(npde__operator *op)
{
    if (op->data) op->scheme->free(op);
    npde__free(op->context, op->c);
    npde__free(op->context, op->response);
    npde__operator_free_complex(op);
}

void npde__operator_load(npde__operator *op, double drive, double diffusion)
{
    op->drive = drive;
    op->diffusion = diffusion;
    op->loads++;
    op->scheme->load(op, drive, diffusion);
}

double npde__operator_flux(const npde__operator *op, const double *n)
{
    double sum = 0;
    for (size_t i = op->c_first; i < op->end; i++) sum += op->c[i] * n[i];
    return sum;
}

npde_status npde__operator_factor(npde__operator *op, double gamma, double kappa)
{
    const npde_status status = op->scheme->factor(op, gamma);
    if (status) return status;
    double *y = op->response, kept = 0;
    memset(y, 0, op->end * sizeof *y);
    y[op->reset] = 1;
    op->scheme->solve(op, y);
    /* 1 − γκ c·y without cancellation: summing the rows of (W − γK) y = e_R gives Σ w y + γ c·y = 1. */
    for (size_t i = 0; i < op->end; i++) kept += op->grid->w[i] * y[i];
    op->gamma = gamma;
    op->border = kept + gamma * (1 - kappa) * npde__operator_flux(op, y);
    return isfinite(op->border) && op->border > 0 ? NPDE_OK : NPDE__RETRY;
}

double npde__operator_solve_weighted(const npde__operator *op, double kappa, double *n)
{
    op->scheme->solve(op, n);
    const double rate = npde__operator_flux(op, n) / op->border, source = op->gamma * kappa * rate;
    if (source != 0)
        for (size_t i = 0; i < op->end; i++) n[i] += source * op->response[i];
    return rate;
}

double npde__operator_solve(const npde__operator *op, double kappa, double m, double *n)
{
    for (size_t i = 0; i < op->end; i++) n[i] *= op->grid->w[i];
    n[op->reset] += op->gamma * m;
    return npde__operator_solve_weighted(op, kappa, n);
}
