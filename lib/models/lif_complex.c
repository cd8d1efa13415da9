/* SPDX-License-Identifier: BSD-3-Clause
 * (I − γJ)⁻¹ with a complex γ for LIF populations, beside the real one in lif.c: the eigenvalues of implicit Runge–Kutta
 * methods come in pairs. The exact Jacobian J is that of the last linearize. */
#include "models/lif.h"

#include "numerics/lapack.h"

#include <math.h>
#include <string.h>

npde_status npde__lif_make_complex(npde__system *s)
{
    lif_system *l = npde__lif_self(s);
    npde_context *c = s->context;
    const size_t n = s->n_rates;
    l->shifted = npde__alloc(c, n, sizeof *l->shifted);
    l->shifted_columns = npde__alloc(c, 4 * n * s->stride, sizeof *l->shifted_columns);
    l->shifted_rates = npde__alloc(c, 4 * n, sizeof *l->shifted_rates);
    l->shifted_act = npde__alloc(c, 4 * n, sizeof *l->shifted_act);
    l->shifted_matrix = npde__alloc(c, l->diagonal ? n : n * n, sizeof *l->shifted_matrix);
    l->shifted_pivots = npde__alloc(c, n, sizeof *l->shifted_pivots);
    if (!l->shifted || !l->shifted_columns || !l->shifted_rates || !l->shifted_act || !l->shifted_matrix ||
        !l->shifted_pivots)
        return NPDE_ERR_MEMORY;
    npde_status status = NPDE_OK;
    for (size_t p = 0; p < n && !status; p++) {
        lif_shifted *z = &l->shifted[p];
        z->drive_response = l->shifted_columns + 4 * p * s->stride;
        z->diffusion_response = z->drive_response + 2 * s->stride;
        z->loads = -1;
        status = npde__operator_make_complex(&z->op, npde__lif_operator(l, p), l->pop[p].lane);
    }
    return status;
}

void npde__lif_free_complex(lif_system *l)
{
    for (size_t p = 0; l->shifted && p < l->base.n_rates; p++) npde__operator_free_complex(&l->shifted[p].op);
    void *const blocks[] = {l->shifted,     l->shifted_columns, l->shifted_rates,
                            l->shifted_act, l->shifted_matrix,  l->shifted_pivots};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(l->base.context, blocks[i]);
}

static npde__complex number(const double *re, const double *im, size_t i)
{
    return (npde__complex){re[i], im[i]};
}

static void put(double *re, double *im, size_t i, npde__complex z)
{
    re[i] = z.re;
    im[i] = z.im;
}

/* As solve_population() in lif.c, without what is forced. */
static npde__complex solve_population(const npde__system *s, const lif_population *pop, const lif_shifted *z,
                                      double *re, double *im)
{
    const size_t reservoir = s->points, released = reservoir + 1;
    const npde__complex gamma = z->gamma, rest = {1 + gamma.re / pop->tau, gamma.im / pop->tau};
    const npde__complex held = npde__complex_inverse(rest);
    npde__complex m = {0, 0};
    if (pop->refractory == NPDE_REFRACTORY_FIXED)
        m = npde__complex_times(npde__complex_scale(-1 / pop->tau, number(re, im, released)), held);
    if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL)
        m = npde__complex_times(npde__complex_scale(1 / pop->tau, number(re, im, reservoir)), held);
    const npde__complex rate = npde__operator_solve_complex(&z->op, z->kappa, m, re, im);
    const npde__complex fired = npde__complex_times(gamma, rate), back = npde__complex_times(gamma, m);
    const npde__complex full = npde__complex_add(number(re, im, reservoir), fired);
    if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) {
        put(re, im, reservoir, npde__complex_times(full, held));
    } else if (pop->refractory == NPDE_REFRACTORY_FIXED) {
        put(re, im, reservoir, npde__complex_add(full, npde__complex_scale(-1, back)));
        put(re, im, released, npde__complex_add(number(re, im, released), back));
    }
    return rate;
}

static npde_status factor_population(npde__system *s, const lif_population *pop, lif_shifted *z, npde__complex gamma)
{
    if (z->loads == z->op.op->loads && z->gamma.re == gamma.re && z->gamma.im == gamma.im) return NPDE_OK;
    const npde__complex x = npde__complex_scale(1 / pop->tau, gamma), one = {1, 0};
    z->gamma = gamma;
    z->kappa = pop->refractory == NPDE_REFRACTORY_NONE ? one
               : pop->refractory == NPDE_REFRACTORY_FIXED
                   ? (npde__complex){0, 0}
                   : npde__complex_times(x, npde__complex_inverse(npde__complex_add(one, x)));
    z->loads = -1;
    const npde_status status = npde__operator_factor_complex(&z->op, gamma, z->kappa);
    if (status) return npde__fail(s->context, status, "the operator of a population is singular at a complex shift");
    z->loads = z->op.op->loads;
    return NPDE_OK;
}

/* response = (I − γL)⁻¹ γ column; the sensitivity of the population's rate through it. */
static npde__complex respond(const npde__system *s, const lif_population *pop, const lif_shifted *z,
                             const double *column, double flux, double *response)
{
    for (size_t i = 0; i < s->stride; i++) {
        response[i] = z->gamma.re * column[i];
        response[s->stride + i] = z->gamma.im * column[i];
    }
    npde__complex rate = solve_population(s, pop, z, response, response + s->stride);
    rate.re += flux;
    return rate;
}

/* I − D of the rates, with the sensitivities' real and imaginary parts one after the other through the real law. */
static npde_status factor_rates(lif_system *l)
{
    const size_t n = l->base.n_rates;
    const lif_jacobian *jacobian = &l->kept;
    for (int part = 0; part < 2; part++) {
        for (size_t p = 0; p < n; p++) {
            const lif_shifted *z = &l->shifted[p];
            l->to_drive[p] = part ? z->to_drive.im : z->to_drive.re;
            l->to_diffusion[p] = part ? z->to_diffusion.im : z->to_diffusion.re;
        }
        for (size_t q = 0; q < n; q++)
            for (size_t p = l->diagonal ? q : 0; p < (l->diagonal ? q + 1 : n); p++) {
                npde__complex *at = &l->shifted_matrix[l->diagonal ? p : q * n + p];
                const size_t k = l->diagonal ? p : q * l->ld + p;
                const double gain = l->to_drive[p] * jacobian->drive[k] +
                                    (jacobian->noise ? l->to_diffusion[p] * jacobian->diffusion[k] : 0);
                if (part) at->im = -gain;
                else at->re = (p == q) - gain;
            }
    }
    int info = 0;
    if (l->diagonal) {
        for (size_t p = 0; p < n; p++) l->shifted_matrix[p] = npde__complex_inverse(l->shifted_matrix[p]);
        info = !npde__system_finite(&l->shifted_matrix[0].re, 2 * n);
    } else {
        const int order = (int)n;
        zgetrf_(&order, &order, &l->shifted_matrix[0].re, &order, l->shifted_pivots, &info);
    }
    return info ? npde__fail(l->base.context, NPDE__RETRY, "the Jacobian of the rates is singular") : NPDE_OK;
}

npde_status npde__lif_factor_complex(npde__system *s, npde__complex gamma)
{
    lif_system *l = npde__lif_self(s);
    for (size_t p = 0; p < s->n_rates; p++) {
        const npde_status status = factor_population(s, &l->pop[p], &l->shifted[p], gamma);
        if (status) return status;
    }
    if (!l->kept.any) return NPDE_OK;
    for (size_t p = 0; p < s->n_rates; p++) {
        const lif_population *pop = &l->pop[p];
        lif_shifted *z = &l->shifted[p];
        const size_t at = p * s->stride;
        z->to_drive = respond(s, pop, z, l->by_drive + at, pop->flux_by_drive, z->drive_response);
        if (!l->kept.noise) continue; /* nothing comes through the diffusion */
        z->to_diffusion = respond(s, pop, z, l->by_diffusion + at, pop->flux_by_diffusion, z->diffusion_response);
    }
    return factor_rates(l);
}

/* (re, im) ← (I − D)⁻¹ (re, im) for the changes of the rates. */
static void solve_rates(const lif_system *l, double *re, double *im)
{
    const size_t n = l->base.n_rates;
    if (l->diagonal) {
        for (size_t p = 0; p < n; p++) put(re, im, p, npde__complex_times(l->shifted_matrix[p], number(re, im, p)));
        return;
    }
    const int order = (int)n, one = 1;
    int info = 0;
    double *pairs = l->shifted_rates + 2 * n;
    for (size_t p = 0; p < n; p++) {
        pairs[2 * p] = re[p];
        pairs[2 * p + 1] = im[p];
    }
    zgetrs_("N", &order, &one, &l->shifted_matrix[0].re, &order, l->shifted_pivots, pairs, &order, &info, 1);
    for (size_t p = 0; p < n; p++) put(re, im, p, (npde__complex){pairs[2 * p], pairs[2 * p + 1]});
}

/* x += f response */
static void add_response(size_t n, npde__complex f, const double *response, double *re, double *im)
{
    if (f.re == 0 && f.im == 0) return;
    const double *response_im = response + n;
    for (size_t i = 0; i < n; i++) {
        re[i] += f.re * response[i] - f.im * response_im[i];
        im[i] += f.re * response_im[i] + f.im * response[i];
    }
}

npde_status npde__lif_solve_complex(npde__system *s, double *re, double *im)
{
    lif_system *l = npde__lif_self(s);
    const size_t n = s->n_rates, stride = s->stride;
    double *rate = l->shifted_rates, *rate_im = rate + n;
    for (size_t p = 0; p < n; p++)
        put(rate, rate_im, p, solve_population(s, &l->pop[p], &l->shifted[p], re + p * stride, im + p * stride));
    if (!l->kept.any) return NPDE_OK;
    solve_rates(l, rate, rate_im);
    if (!npde__system_finite(rate, 2 * n))
        return npde__fail(s->context, NPDE__RETRY, "the Jacobian of the rates is singular");
    double *drive = l->shifted_act, *drive_im = drive + n, *diffusion = drive_im + n, *diffusion_im = diffusion + n;
    npde__lif_act(l, &l->kept, rate, drive, diffusion);
    npde__lif_act(l, &l->kept, rate_im, drive_im, diffusion_im);
    for (size_t p = 0; p < n; p++) {
        const lif_shifted *z = &l->shifted[p];
        add_response(stride, number(drive, drive_im, p), z->drive_response, re + p * stride, im + p * stride);
        if (!l->kept.noise) continue;
        add_response(stride, number(diffusion, diffusion_im, p), z->diffusion_response, re + p * stride,
                     im + p * stride);
    }
    return NPDE_OK;
}

void npde__lif_snapshot_complex(npde__system *s, npde__bytes *bytes)
{
    lif_system *l = npde__lif_self(s);
    const size_t n = s->n_rates;
    if (!l->shifted) return;
    npde__bytes_block(bytes, l->by_drive, s->n * sizeof(double));
    npde__bytes_block(bytes, l->by_diffusion, s->n * sizeof(double));
    for (size_t p = 0; p < n; p++) {
        npde__bytes_block(bytes, &l->pop[p].flux_by_drive, sizeof(double));
        npde__bytes_block(bytes, &l->pop[p].flux_by_diffusion, sizeof(double));
    }
    if (!l->iterate_callback) return;
    const size_t size = (l->diagonal ? n : n * l->ld) * sizeof(double);
    npde__bytes_block(bytes, l->kept.drive, size);
    npde__bytes_block(bytes, l->kept.diffusion, size);
    npde__bytes_block(bytes, &l->kept.any, sizeof l->kept.any);
    npde__bytes_block(bytes, &l->kept.noise, sizeof l->kept.noise);
}
