/* SPDX-License-Identifier: BSD-3-Clause
 * Noisy phase oscillators that pull at each other (Kuramoto 1975; Sakaguchi, Prog. Theor. Phys. 79, 1988), in the
 * mean-field limit on the circle. Population p is a group of frequencies, a Lorentzian of width γ_p about ω_p with the
 * share s_p of all:
 *
 *     ∂_t f + ∂_θ[(ω + K_p r sin(ψ − θ)) f] = D_p ∂_θθ f,    Z = r e^{iψ} = Σ_p s_p z_{p,1},    z_{p,n} = ∫∫ e^{inθ} f
 *     dθ g_p(ω) dω.
 *
 * Fourier–Galerkin: with z_0 = 1,
 *
 *     z_n' = (i n ω − n γ − n² D) z_n + (n K/2)(Z z_{n−1} − Z̄ z_{n+1}),    n = 1 … modes.
 *
 * A Lorentzian needs no quadrature: f extends analytically in ω, and the integral is its residue (Ott & Antonsen, Chaos
 * 18, 2008). All nonlinearity passes through the two numbers Z; the rates are z_{p,1}, the real parts of all first. */
#include "models/kuramoto.h"

#include <math.h>
#include <string.h>

static oscillators *self(npde__system *s)
{
    return (oscillators *)s;
}

/* Z from the rates. */
static cplx order_of_rates(const oscillators *w, const double *rates)
{
    cplx z = {0, 0};
    for (size_t p = 0; p < w->n_pop; p++) {
        z.re += w->pop[p].share * rates[p];
        z.im += w->pop[p].share * rates[w->n_pop + p];
    }
    return z;
}

static void to_rates(const oscillators *w, const double *y, double *rates)
{
    for (size_t p = 0; p < w->n_pop; p++) {
        rates[p] = y[p * w->base.stride];
        rates[w->n_pop + p] = y[p * w->base.stride + 1];
    }
}

/* ---- F, linear in z for a given field h = K Z/2 ---- */

static cplx own(const group *g, size_t n)
{
    const double k = (double)n + 1;
    return (cplx){-k * (g->width + k * g->diffusion), k * g->frequency};
}

/* h z_{n−1} − h̄ z_{n+1} */
static cplx pull(cplx field, cplx before, cplx after)
{
    return minus(times(field, before), times(conjugate(field), after));
}

static cplx next_of(const oscillators *w, const double *y, size_t n)
{
    return n + 1 < w->modes ? at(y, n + 1) : (cplx){0, 0};
}

static void act(const oscillators *w, const group *g, cplx field, int forced, const double *y, double *out)
{
    cplx before = {forced ? 1 : 0, 0};
    for (size_t n = 0; n < w->modes; n++) {
        const cplx z = at(y, n), pulled = pull(field, before, next_of(w, y, n));
        put(out, n, npde__complex_add(times(own(g, n), z), scaled((double)(n + 1), pulled)));
        before = z;
    }
}

/* ∂F/∂(Re Z), ∂F/∂(Im Z) at y, times a factor. */
static void differentiate(const oscillators *w, const group *g, double factor, const double *y, cplx *by_real,
                          cplx *by_imaginary)
{
    cplx before = {1, 0};
    for (size_t n = 0; n < w->modes; n++) {
        const cplx after = next_of(w, y, n);
        const double half = factor * (double)(n + 1) * g->coupling / 2;
        by_real[n] = scaled(half, minus(before, after));
        by_imaginary[n] = (cplx){-half * (before.im + after.im), half * (before.re + after.re)};
        before = at(y, n);
    }
}

/* ---- solves ---- */

/* I − γL is tridiagonal; divided by n, its Hermitian part is positive definite: no pivoting. */
static void factor_group(const oscillators *w, group *g, double gamma)
{
    cplx above = {0, 0}; /* entry (n − 1, n) */
    for (size_t n = 0; n < w->modes; n++) {
        const double k = gamma * (double)(n + 1);
        const cplx below = scaled(-k, g->field); /* entry (n, n − 1) */
        const cplx diagonal = minus((cplx){1, 0}, scaled(gamma, own(g, n)));
        g->ratio[n] = n > 0 ? times(below, g->inverse[n - 1]) : (cplx){0, 0};
        g->inverse[n] = npde__complex_inverse(minus(diagonal, times(g->ratio[n], above)));
        above = scaled(k, conjugate(g->field));
    }
    g->gamma = gamma;
}

static void solve_group(const oscillators *w, const group *g, cplx *x)
{
    for (size_t n = 1; n < w->modes; n++) x[n] = minus(x[n], times(g->ratio[n], x[n - 1]));
    for (size_t n = w->modes; n-- > 0;) {
        const cplx above = scaled(g->gamma * (double)(n + 1), conjugate(g->field));
        if (n + 1 < w->modes) x[n] = minus(x[n], times(above, x[n + 1]));
        x[n] = times(x[n], g->inverse[n]);
    }
}

static npde_status kuramoto_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    (void)t, (void)side;
    to_rates(self(s), y, rates);
    return NPDE_OK;
}

static npde_status kuramoto_freeze(npde__system *s, double t, int side, const double *rates)
{
    (void)t, (void)side;
    oscillators *w = self(s);
    const cplx z = order_of_rates(w, rates);
    for (size_t p = 0; p < w->n_pop; p++) {
        const cplx field = scaled(w->pop[p].coupling / 2, z);
        if (field.re != w->pop[p].field.re || field.im != w->pop[p].field.im) w->pop[p].gamma = NAN;
        w->pop[p].field = field;
    }
    return NPDE_OK;
}

static npde_status kuramoto_factor(npde__system *s, double gamma)
{
    oscillators *w = self(s);
    int any = 0;
    for (size_t p = 0; p < w->n_pop; p++) {
        if (w->pop[p].gamma == gamma) continue;
        factor_group(w, &w->pop[p], gamma);
        any = 1;
    }
    s->factorizations += any;
    return NPDE_OK;
}

static void kuramoto_solve(npde__system *s, int forced, double *x, double *rates)
{
    oscillators *w = self(s);
    cplx *z = w->memory;
    for (size_t p = 0; p < w->n_pop; p++) {
        const group *g = &w->pop[p];
        double *y = x + p * s->stride;
        for (size_t n = 0; n < w->modes; n++) z[n] = at(y, n);
        if (forced) z[0] = npde__complex_add(z[0], scaled(g->gamma, g->field));
        solve_group(w, g, z);
        for (size_t n = 0; n < w->modes; n++) put(y, n, z[n]);
    }
    to_rates(w, x, rates);
}

static void kuramoto_apply(npde__system *s, int forced, const double *y, double *out)
{
    const oscillators *w = self(s);
    for (size_t p = 0; p < w->n_pop; p++)
        act(w, &w->pop[p], w->pop[p].field, forced, y + p * s->stride, out + p * s->stride);
}

static npde_status kuramoto_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    (void)t, (void)side;
    const oscillators *w = self(s);
    const cplx order = order_of_state(w, y);
    to_rates(w, y, rates);
    for (size_t p = 0; p < w->n_pop; p++) {
        const group *g = &w->pop[p];
        const cplx field = scaled(g->coupling / 2, order), off = minus(field, g->field);
        const double *z = y + p * s->stride;
        double *slope = out + p * s->stride;
        cplx before = {0, 0};
        for (size_t n = 0; n < w->modes; n++) {
            put(slope, n, scaled((double)(n + 1), pull(off, before, next_of(w, z, n))));
            before = at(z, n);
        }
        put(slope, 0, npde__complex_add(at(slope, 0), field));
    }
    return NPDE_OK;
}

static npde_status kuramoto_evaluate(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    (void)t, (void)side;
    const oscillators *w = self(s);
    const cplx order = order_of_state(w, y);
    to_rates(w, y, rates);
    for (size_t p = 0; p < w->n_pop; p++)
        act(w, &w->pop[p], scaled(w->pop[p].coupling / 2, order), 1, y + p * s->stride, out + p * s->stride);
    return NPDE_OK;
}

/* ---- Newton's method and Jacobians: a correction of rank two ---- */

/* How a state answers to Z, and (1 − Σ s_p S_p)⁻¹. */
static npde_status respond(oscillators *w, const double *y)
{
    double m[4] = {1, 0, 0, 1};
    for (size_t p = 0; p < w->n_pop; p++) {
        group *g = &w->pop[p];
        differentiate(w, g, g->gamma, y + p * w->base.stride, g->by_real, g->by_imaginary);
        solve_group(w, g, g->by_real);
        solve_group(w, g, g->by_imaginary);
        m[0] -= g->share * g->by_real[0].re;
        m[1] -= g->share * g->by_imaginary[0].re;
        m[2] -= g->share * g->by_real[0].im;
        m[3] -= g->share * g->by_imaginary[0].im;
    }
    const double det = m[0] * m[3] - m[1] * m[2];
    if (!(fabs(det) > 0) || !isfinite(det))
        return npde__fail(w->base.context, NPDE__RETRY, "the Jacobian of the order parameter is singular");
    w->feedback[0] = m[3] / det;
    w->feedback[1] = -m[1] / det;
    w->feedback[2] = -m[2] / det;
    w->feedback[3] = m[0] / det;
    return NPDE_OK;
}

static void fed_back(const oscillators *w, cplx z, double *real, double *imaginary)
{
    *real = w->feedback[0] * z.re + w->feedback[1] * z.im;
    *imaginary = w->feedback[2] * z.re + w->feedback[3] * z.im;
}

static npde_status kuramoto_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                                    double *residual, int *linear)
{
    (void)t, (void)side, (void)rates;
    oscillators *w = self(s);
    *linear = 0;
    const npde_status status = respond(w, y);
    if (status) return status;
    double real, imaginary;
    fed_back(w, order_of_rates(w, residual), &real, &imaginary);
    for (size_t p = 0; p < w->n_pop; p++) {
        const group *g = &w->pop[p];
        residual[p] += real * g->by_real[0].re + imaginary * g->by_imaginary[0].re;
        residual[w->n_pop + p] += real * g->by_real[0].im + imaginary * g->by_imaginary[0].im;
    }
    return NPDE_OK;
}

static npde_status kuramoto_linearize(npde__system *s, double t, double h, const double *y, const double *rates,
                                      double *slope)
{
    (void)h;
    if (slope) memset(slope, 0, s->n * sizeof *slope);
    memcpy(self(s)->at, y, s->n * sizeof *y);
    return kuramoto_freeze(s, t, +1, rates);
}

static npde_status kuramoto_factor_jacobian(npde__system *s, double gamma)
{
    const npde_status status = kuramoto_factor(s, gamma);
    return status ? status : respond(self(s), self(s)->at);
}

static npde_status kuramoto_solve_jacobian(npde__system *s, double *x)
{
    oscillators *w = self(s);
    double real, imaginary;
    cplx *z = w->memory;
    for (size_t p = 0; p < w->n_pop; p++) {
        double *y = x + p * s->stride;
        for (size_t n = 0; n < w->modes; n++) z[n] = at(y, n);
        solve_group(w, &w->pop[p], z);
        for (size_t n = 0; n < w->modes; n++) put(y, n, z[n]);
    }
    fed_back(w, order_of_state(w, x), &real, &imaginary);
    for (size_t p = 0; p < w->n_pop; p++) {
        const group *g = &w->pop[p];
        double *y = x + p * s->stride;
        for (size_t n = 0; n < w->modes; n++) {
            y[2 * n] += real * g->by_real[n].re + imaginary * g->by_imaginary[n].re;
            y[2 * n + 1] += real * g->by_real[n].im + imaginary * g->by_imaginary[n].im;
        }
    }
    return NPDE_OK;
}

/* ---- steps, sizes, reading ---- */

static void kuramoto_begin(npde__system *s, double t, const double *rates)
{
    (void)s, (void)t, (void)rates;
}

static void kuramoto_accept(npde__system *s, double t, double *y, const double *rates)
{
    const oscillators *w = self(s);
    (void)t, (void)rates;
    for (size_t p = 0; p < w->n_pop; p++) {
        const cplx last = at(y + p * s->stride, w->modes - 1);
        s->tail_mass = fmax(s->tail_mass, hypot(last.re, last.im));
    }
}

static void kuramoto_jump(npde__system *s, double *y, const double *rates)
{
    (void)s, (void)y, (void)rates;
}

static double kuramoto_next_break(const npde__system *s, double t)
{
    (void)s, (void)t;
    return INFINITY;
}

/* The L2 norm of the density, times √(2π): it bounds the L1 norm. */
static void kuramoto_measure(const npde__system *s, const double *e, double *mass, double *rates)
{
    const oscillators *w = (const oscillators *)s;
    *mass = 0;
    for (size_t p = 0; p < w->n_pop; p++) {
        double sum = 0;
        for (size_t i = 0; i < 2 * w->modes; i++) sum += 2 * e[p * s->stride + i] * e[p * s->stride + i];
        *mass = fmax(*mass, sqrt(sum));
    }
    to_rates(w, e, rates);
}

static double kuramoto_mass_defect(const npde__system *s, const double *y)
{
    (void)s, (void)y;
    return 0; /* the mean is no unknown */
}

static void kuramoto_snapshot(npde__system *s, npde__bytes *bytes)
{
    oscillators *w = self(s);
    npde__bytes_block(bytes, &s->factorizations, sizeof s->factorizations);
    npde__bytes_block(bytes, &s->tail_mass, sizeof s->tail_mass);
    for (size_t p = 0; p < w->n_pop; p++) {
        npde__bytes_block(bytes, &w->pop[p].field, sizeof w->pop[p].field);
        if (bytes->mode == NPDE__BYTES_READ) w->pop[p].gamma = NAN;
    }
}

static void kuramoto_free(npde__system *s)
{
    oscillators *w = self(s);
    npde_context *c = s->context;
    npde__free(c, w->pop);
    npde__free(c, w->memory);
    npde__free(c, w->at);
    npde__free(c, w);
}

static const npde__system_ops ops = {
    .free = kuramoto_free,
    .rates = kuramoto_rates,
    .freeze = kuramoto_freeze,
    .factor = kuramoto_factor,
    .solve = kuramoto_solve,
    .apply = kuramoto_apply,
    .correct = kuramoto_correct,
    .remainder = kuramoto_remainder,
    .evaluate = kuramoto_evaluate,
    .linearize = kuramoto_linearize,
    .factor_jacobian = kuramoto_factor_jacobian,
    .solve_jacobian = kuramoto_solve_jacobian,
    .begin = kuramoto_begin,
    .accept = kuramoto_accept,
    .jump = kuramoto_jump,
    .next_break = kuramoto_next_break,
    .measure = kuramoto_measure,
    .mass_defect = kuramoto_mass_defect,
    .min_density = npde__kuramoto_min_density,
    .density = npde__kuramoto_density,
    .stat = npde__kuramoto_stat,
    .snapshot = kuramoto_snapshot,
};

/* ---- making it ---- */

/* Modes that a stationary density e^{x cos θ}, x ≤ K/D, has to 1e-16, or the Poisson kernel of a Lorentzian where D is
 * small. */
enum { MOST_MODES = 4096 }; /* as many as the parameter may ask for */

static size_t enough_modes(const npde_model *m, size_t p)
{
    const double k = fabs(npde__model_value(m, p, NPDE_PARAM_PHASE_COUPLING));
    const double d = npde__model_value(m, p, NPDE_PARAM_DIFFUSION),
                 width = npde__model_value(m, p, NPDE_PARAM_FREQUENCY_WIDTH);
    const double smooth = 24 + sqrt(80 * k / d), poisson = 24 + 80 * k / (2 * width + 1e-300);
    return (size_t)fmin(MOST_MODES, ceil(width > 0 ? fmin(smooth, poisson) : smooth));
}

static npde_status fill(oscillators *w, const npde_model *m)
{
    npde_context *c = m->context;
    double all = 0;
    w->modes = (size_t)npde__model_value(m, 0, NPDE_PARAM_MODES);
    for (size_t p = 0; p < m->n_pop; p++) {
        all += npde__model_value(m, p, NPDE_PARAM_SHARE);
        const size_t modes = enough_modes(m, p);
        if (npde__model_value(m, 0, NPDE_PARAM_MODES) == 0 && modes > w->modes) w->modes = modes;
    }
    if (!(all > 0))
        return npde__fail(c, NPDE_ERR_RANGE, "the shares of all populations are 0: one at least must be > 0");
    w->base.points = w->base.stride = w->base.unknowns = 2 * w->modes;
    w->base.n = w->n_pop * w->base.stride;
    w->pop = npde__alloc(c, w->n_pop, sizeof *w->pop);
    w->memory = npde__alloc(c, (4 * w->n_pop + 1) * w->modes, sizeof *w->memory);
    w->at = npde__alloc(c, w->base.n, sizeof *w->at);
    if (!w->pop || !w->memory || !w->at) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < w->n_pop; p++) {
        group *g = &w->pop[p];
        cplx *own_memory = w->memory + (4 * p + 1) * w->modes;
        *g = (group){.frequency = npde__model_value(m, p, NPDE_PARAM_FREQUENCY),
                     .width = npde__model_value(m, p, NPDE_PARAM_FREQUENCY_WIDTH),
                     .diffusion = npde__model_value(m, p, NPDE_PARAM_DIFFUSION),
                     .coupling = npde__model_value(m, p, NPDE_PARAM_PHASE_COUPLING),
                     .share = npde__model_value(m, p, NPDE_PARAM_SHARE) / all,
                     .gamma = NAN,
                     .ratio = own_memory,
                     .inverse = own_memory + w->modes,
                     .by_real = own_memory + 2 * w->modes,
                     .by_imaginary = own_memory + 3 * w->modes};
    }
    return NPDE_OK;
}

static npde_status make(const npde_model *m, const npde_grid *grid, npde_id flux, size_t order, double dt,
                        double history, npde__system **out)
{
    (void)grid, (void)flux, (void)order, (void)dt, (void)history;
    oscillators *w = npde__alloc(m->context, 1, sizeof *w);
    if (!w) return NPDE_ERR_MEMORY;
    w->n_pop = m->n_pop;
    w->base = (npde__system){.ops = &ops, .context = m->context, .coupled = 1, .max_step = INFINITY};
    w->base.n_rates = 2 * w->n_pop;
    w->base.outputs = w->n_pop;
    const npde_status status = fill(w, m);
    if (status) {
        kuramoto_free(&w->base);
        return status;
    }
    const uint64_t h = npde__bytes_hash(NPDE__HASH, &m->kind->id, sizeof m->kind->id);
    w->base.signature = npde__bytes_hash(h, m->param, m->n_pop * npde__ids_size(NPDE_FAMILY_PARAM) * sizeof(double));
    *out = &w->base;
    return NPDE_OK;
}

const npde__model_kind npde__kuramoto = {
    .id = NPDE_MODEL_KURAMOTO, .max_pop = 65536, .make = make, .start = npde__kuramoto_start, .no_grid = 1};
