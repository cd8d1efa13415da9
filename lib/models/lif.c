/* SPDX-License-Identifier: BSD-3-Clause
 * Leaky integrate-and-fire populations, alone or as a network:
 *
 *     ∂_t n + ∂_v[(f + μ_p) n] − a_p ∂_vv n + φ n = M δ(v − V_RESET),
 *     μ_p = DRIVE_p + Σ_q b_pq N_q(t − d_pq),   a_p = DIFFUSION_p + Σ_q a1_pq N_q(t − d_pq),
 *     M = N | N(t − τ), R' = N − M | R/τ, R' = N − M   (Cáceres & Perthame, J. Theor. Biol. 350, 2014; Cáceres & Schneider,
 *     ESAIM M2AN 52, 2018).
 *
 * State of population p: its densities at all grid points (0 from the threshold on), its reservoir R, and E, all that the
 * reservoir has released. A fixed refractory time releases what fired a time τ ago, E(t) = C(t − τ) with C = E + R all that
 * has fired. As a rate, M = N(t − τ), this would keep every quadrature error in R for ever; so
 *
 *     M = N(t − τ) + (C(t − τ) − E)/τ,   not less than 0,
 *
 * which is the same for the exact solution and lets errors decay: a steady state is reached with R = Nτ to rounding.
 */
#include "models/lif.h"

#include <math.h>
#include <string.h>

static lif_system *self(npde__system *s)
{
    return npde__lif_self(s);
}

static const lif_system *self_const(const npde__system *s)
{
    return npde__lif_const(s);
}

/* ---- rates and coefficients ---- */

/* As fmax(a, b), NaN in b included, but an instruction where that is a call. */
static double larger(double a, double b)
{
    return b > a ? b : a;
}

static npde_status correct_rates(lif_system *l, double *residual)
{
    const npde_status status = npde__lif_factor_rates(l, &l->present, l->matrix, l->pivots);
    return status ? status : npde__lif_solve_rates(l, l->matrix, l->pivots, residual);
}

/* Rates of y at the law's drive and diffusion, and what they have for sensitivities at fixed y. */
static void find_fluxes(lif_system *l, const double *y, double *rates)
{
    for (size_t k = 0; k < l->n_groups; k++) {
        const lif_group *g = &l->group[k];
        double drive[NPDE__LANES], diffusion[NPDE__LANES], rate[NPDE__LANES], by_drive[NPDE__LANES],
            by_diffusion[NPDE__LANES];
        npde__lif_take(g, l->drive, drive);
        npde__lif_take(g, l->diffusion, diffusion);
        npde__operator_flux_at(&g->op, drive, diffusion, y, rate, by_drive, by_diffusion);
        for (size_t i = 0; i < g->count; i++) {
            rates[g->pop[i]] = rate[i];
            l->to_drive[g->pop[i]] = by_drive[i];
            l->to_diffusion[g->pop[i]] = by_diffusion[i];
        }
    }
}

npde_status npde__lif_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    lif_system *l = self(s);
    const size_t n = s->n_rates;
    double *residual = l->residual;
    int last = !s->coupled;
    for (int k = 0; k < 50; k++) {
        npde_status status = npde__lif_law(l, t, side, rates);
        if (status) return status;
        double error = 0, size = 1;
        find_fluxes(l, y, residual);
        for (size_t p = 0; p < n; p++) {
            residual[p] -= rates[p];
            error = larger(error, fabs(residual[p]));
            size = larger(size, fabs(rates[p]));
        }
        int any = s->coupled;
        if (!last && error > 1e-15 * size) {
            status = npde__lif_law_jacobian(l, t, side, rates, &l->present);
            any = l->present.any;
            if (!status && any) status = correct_rates(l, residual);
            if (status) return status;
        } else {
            last = 1;
        }
        error = 0;
        for (size_t p = 0; p < n; p++) {
            rates[p] += residual[p];
            error = larger(error, fabs(residual[p]));
        }
        if (last || !any) break;
        last = error <= 1e-9 * size;
        if (k == 49) return npde__fail(s->context, NPDE__RETRY, "no consistent rates at t = %g", t);
    }
    return NPDE_OK;
}

void npde__lif_load(lif_system *l)
{
    for (size_t k = 0; k < l->n_groups; k++) {
        lif_group *g = &l->group[k];
        double drive[NPDE__LANES], diffusion[NPDE__LANES];
        for (size_t i = 0; i < g->op.lanes; i++) {
            drive[i] = l->pop[g->pop[i]].drive;
            diffusion[i] = l->pop[g->pop[i]].diffusion;
        }
        if (npde__operator_load(&g->op, drive, diffusion)) g->factored_gamma = NAN;
    }
}

npde_status npde__lif_freeze(npde__system *s, double t, int side, const double *rates)
{
    lif_system *l = self(s);
    const npde_status status = npde__lif_law(l, t, side, rates);
    if (status) return status;
    for (size_t p = 0; p < s->n_rates; p++) {
        lif_population *pop = &l->pop[p];
        pop->drive = l->drive[p];
        pop->diffusion = l->diffusion[p];
        if (pop->refractory == NPDE_REFRACTORY_FIXED) pop->release = npde__lif_release(l, p, t, side);
    }
    npde__lif_load(l);
    return NPDE_OK;
}

void npde__lif_raise(npde__system *s, double factor)
{
    lif_system *l = self(s);
    for (size_t p = 0; p < s->n_rates && l->noisy; p++) l->pop[p].diffusion *= factor;
    npde__lif_load(l);
}

void npde__lif_drift(const npde__system *s, double *low, double *high, double *advection)
{
    const lif_system *l = self_const(s);
    *low = *high = *advection = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        const double a = l->pop[p].diffusion, shift = l->drive[p] - l->pop[p].drive;
        *low = fmin(*low, l->diffusion[p] / a - 1);
        *high = fmax(*high, l->diffusion[p] / a - 1);
        *advection = fmax(*advection, shift * shift / a);
    }
}

/* ---- the linear part ---- */

npde_status npde__lif_factor(npde__system *s, double gamma)
{
    lif_system *l = self(s);
    int any = 0;
    for (size_t k = 0; k < l->n_groups; k++) {
        lif_group *g = &l->group[k];
        if (g->factored_gamma == gamma) continue;
        double kappa[NPDE__LANES];
        for (size_t i = 0; i < g->op.lanes; i++) {
            lif_population *pop = &l->pop[g->pop[i]];
            const double x = gamma / pop->tau;
            kappa[i] = pop->kappa = pop->refractory == NPDE_REFRACTORY_NONE    ? 1
                                    : pop->refractory == NPDE_REFRACTORY_FIXED ? 0
                                                                               : x / (1 + x);
        }
        g->factored_gamma = NAN;
        const npde_status status = npde__operator_factor(&g->op, gamma, kappa);
        if (status) return npde__fail(s->context, status, "the operator of population %zu is singular", g->pop[0]);
        g->factored_gamma = gamma;
        any = 1;
    }
    s->factorizations += any;
    return NPDE_OK;
}

/* What re-enters a population within a solve and does not depend on its present rate; n is its part of the right side. */
static double reentry_known(const npde__system *s, const lif_population *pop, double gamma, int forced, const double *n)
{
    const double reservoir = n[s->points], released = n[s->points + 1], held = 1 + gamma / pop->tau;
    if (pop->refractory == NPDE_REFRACTORY_NONE) return 0;
    if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) return reservoir / pop->tau / held;
    const double m = ((forced ? pop->release : 0) - released / pop->tau) / held;
    return forced ? fmax(0, fmin(m, reservoir / gamma)) : m; /* no more than there is */
}

static void solve_reservoir(const npde__system *s, const lif_population *pop, double gamma, double rate, double m,
                            double *n)
{
    double *reservoir = n + s->points, *released = reservoir + 1;
    if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) {
        *reservoir = (*reservoir + gamma * rate) / (1 + gamma / pop->tau);
    } else if (pop->refractory == NPDE_REFRACTORY_FIXED) {
        *reservoir += gamma * (rate - m);
        *released += gamma * m;
    }
}

void npde__lif_solve(npde__system *s, int forced, double *x, double *rates)
{
    lif_system *l = self(s);
    for (size_t k = 0; k < l->n_groups; k++) {
        const lif_group *g = &l->group[k];
        double kappa[NPDE__LANES], m[NPDE__LANES] = {0}, rate[NPDE__LANES];
        for (size_t i = 0; i < g->op.lanes; i++) {
            const lif_population *pop = &l->pop[g->pop[i]];
            kappa[i] = pop->kappa;
            m[i] = reentry_known(s, pop, g->factored_gamma, forced, x + g->op.at[i]);
        }
        npde__operator_solve(&g->op, kappa, m, x, rate);
        for (size_t i = 0; i < g->count; i++) {
            solve_reservoir(s, &l->pop[g->pop[i]], g->factored_gamma, rate[i], m[i], x + g->op.at[i]);
            rates[g->pop[i]] = rate[i];
        }
    }
}

/* What re-enters at this rate and, when forced, release. */
static double reentry(const npde__system *s, const lif_population *pop, int forced, const double *n, double rate,
                      double release)
{
    if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) return n[s->points] / pop->tau;
    if (pop->refractory == NPDE_REFRACTORY_NONE) return rate;
    const double released = n[s->points + 1] / pop->tau;
    return forced ? fmax(0, release - released) : -released;
}

static double release_at(const lif_system *l, size_t p, double t, int side)
{
    return l->pop[p].refractory == NPDE_REFRACTORY_FIXED ? npde__lif_release(l, p, t, side) : 0;
}

/* From an operator's image to slopes of a group: what fires, with rate, and what re-enters, with m. */
static void emit(const npde__system *s, const lif_group *g, size_t image, const double *rate, const double *m,
                 double *slope)
{
    npde__operator_emit(&g->op, image, m, slope);
    for (size_t i = 0; i < g->count; i++) {
        double *dn = slope + g->op.at[i] + s->points;
        dn[0] = rate[i] - m[i]; /* exactly 0 without a refractory state */
        dn[1] = self_const(s)->pop[g->pop[i]].refractory == NPDE_REFRACTORY_FIXED ? m[i] : 0;
    }
}

void npde__lif_apply(npde__system *s, int forced, const double *y, double *out)
{
    const lif_system *l = self(s);
    for (size_t k = 0; k < l->n_groups; k++) {
        const lif_group *g = &l->group[k];
        double rate[NPDE__LANES] = {0}, m[NPDE__LANES] = {0};
        npde__operator_apply(&g->op, y, rate);
        for (size_t i = 0; i < g->op.lanes; i++) {
            const lif_population *pop = &l->pop[g->pop[i]];
            m[i] = reentry(s, pop, forced, y + g->op.at[i], rate[i], pop->release);
        }
        emit(s, g, 0, rate, m, out);
    }
}

npde_status npde__lif_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    lif_system *l = self(s);
    const npde_status status = npde__lif_rates(s, t, side, y, rates); /* leaves the law's values at the rates */
    if (status) return status;
    for (size_t k = 0; k < l->n_groups; k++) {
        const lif_group *g = &l->group[k];
        double drive[NPDE__LANES], diffusion[NPDE__LANES], frozen[NPDE__LANES], more[NPDE__LANES] = {0},
                                                                                m[NPDE__LANES] = {0};
        npde__lif_take(g, l->drive, drive);
        npde__lif_take(g, l->diffusion, diffusion);
        npde__operator_residual(&g->op, drive, diffusion, y, frozen);
        for (size_t i = 0; i < g->op.lanes; i++) {
            const size_t p = g->pop[i];
            const double *n = y + g->op.at[i];
            more[i] = rates[p] - frozen[i];
            m[i] = reentry(s, &l->pop[p], 1, n, rates[p], release_at(l, p, t, side)) -
                   reentry(s, &l->pop[p], 0, n, frozen[i], 0);
        }
        emit(s, g, 0, more, m, out);
    }
    return NPDE_OK;
}

npde_status npde__lif_evaluate(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    lif_system *l = self(s);
    const npde_status status = npde__lif_rates(s, t, side, y, rates);
    if (status) return status;
    for (size_t k = 0; k < l->n_groups; k++) {
        const lif_group *g = &l->group[k];
        double drive[NPDE__LANES], diffusion[NPDE__LANES], rate[NPDE__LANES] = {0}, m[NPDE__LANES] = {0};
        npde__lif_take(g, l->drive, drive);
        npde__lif_take(g, l->diffusion, diffusion);
        npde__lif_take(g, rates, rate);
        npde__operator_apply_at(&g->op, drive, diffusion, y);
        for (size_t i = 0; i < g->op.lanes; i++)
            m[i] = reentry(s, &l->pop[g->pop[i]], 1, y + g->op.at[i], rate[i], release_at(l, g->pop[i], t, side));
        emit(s, g, 0, rate, m, out);
    }
    return NPDE_OK;
}

/* ---- Newton's method on the rates of a stage ---- */

/* One of the columns ∂F/∂μ and ∂F/∂a from an operator's image: the rate's derivative re-enters unless it is held. */
static void emit_column(const npde__system *s, const lif_group *g, size_t image, const double *flux, double *column)
{
    double m[NPDE__LANES] = {0};
    for (size_t i = 0; i < g->op.lanes; i++)
        m[i] = self_const(s)->pop[g->pop[i]].refractory == NPDE_REFRACTORY_NONE ? flux[i] : 0;
    emit(s, g, image, flux, m, column);
}

/* ∂F/∂μ and, if asked for, ∂F/∂a of all populations at the frozen coefficients, as columns, and ∂N/∂μ, ∂N/∂a. */
static void differentiate(npde__system *s, const double *y, int by_diffusion)
{
    lif_system *l = self(s);
    for (size_t k = 0; k < l->n_groups; k++) {
        const lif_group *g = &l->group[k];
        double rate[NPDE__LANES], flux[NPDE__LANES] = {0}, noise_flux[NPDE__LANES] = {0};
        npde__operator_flux_at(&g->op, g->op.drive, g->op.diffusion, y, rate, flux, noise_flux);
        npde__operator_tangent(&g->op, y, by_diffusion);
        emit_column(s, g, 0, flux, l->by_drive);
        if (by_diffusion) emit_column(s, g, 1, noise_flux, l->by_diffusion);
        for (size_t i = 0; i < g->count; i++) {
            l->pop[g->pop[i]].flux_by_drive = flux[i];
            l->pop[g->pop[i]].flux_by_diffusion = noise_flux[i];
        }
    }
}

/* response = (I − γL)⁻¹ γ column, and the rates' sensitivities without what they have at fixed state. */
static void respond(npde__system *s, const double *column, double *response, double *sensitivity)
{
    const double gamma = self(s)->group[0].factored_gamma; /* one for all */
    npde__kernels_best()->combine(s->n, 1, &gamma, &column, response);
    npde__lif_solve(s, 0, response, sensitivity);
}

/* Sensitivities of the rates to drive and, where that depends on rates, to diffusion, through the solve. */
static void find_sensitivities(npde__system *s, const lif_jacobian *jacobian)
{
    lif_system *l = self(s);
    respond(s, l->by_drive, l->drive_response, l->to_drive);
    if (jacobian->noise) respond(s, l->by_diffusion, l->diffusion_response, l->to_diffusion);
    else memset(l->to_diffusion, 0, s->n_rates * sizeof(double));
    for (size_t p = 0; p < s->n_rates; p++) {
        l->to_drive[p] += l->pop[p].flux_by_drive;
        if (jacobian->noise) l->to_diffusion[p] += l->pop[p].flux_by_diffusion;
    }
}

npde_status npde__lif_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                              double *residual, int *linear)
{
    lif_system *l = self(s);
    const npde_status status = npde__lif_law_jacobian(l, t, side, rates, &l->present);
    *linear = !l->present.any;
    if (status || *linear) return status;
    differentiate(s, y, l->present.noise);
    find_sensitivities(s, &l->present);
    return correct_rates(l, residual);
}

/* ---- the exact Jacobian, for linearly implicit methods ---- */

static int nonzero(const double *x, size_t n)
{
    size_t i = 0;
    while (i < n && x[i] == 0) i++;
    return i < n;
}

/* slope = ∂F/∂t: drive, diffusion and release move in time, and the rates of the same density with them. */
static npde_status time_slope(npde__system *s, const double *y, double *slope)
{
    lif_system *l = self(s);
    const size_t n = s->n_rates;
    const double *release = l->probe_rates;
    double *drive = l->probe_drive, *diffusion = l->probe_diffusion;
    const int noise = l->kept.noise || nonzero(diffusion, n);
    double *rate = l->residual;
    npde_status status = NPDE_OK;
    differentiate(s, y, noise);
    for (size_t p = 0; p < n; p++) {
        l->to_drive[p] = l->pop[p].flux_by_drive;
        l->to_diffusion[p] = l->pop[p].flux_by_diffusion;
        rate[p] = l->to_drive[p] * drive[p] + l->to_diffusion[p] * diffusion[p];
    }
    if (l->kept.any) {
        status = npde__lif_factor_rates(l, &l->kept, l->matrix, l->pivots);
        if (!status) status = npde__lif_solve_rates(l, l->matrix, l->pivots, rate);
        npde__lif_act(l, &l->kept, rate, l->drive, l->diffusion);
        for (size_t p = 0; p < n; p++) drive[p] += l->drive[p];
        for (size_t p = 0; l->kept.noise && p < n; p++) diffusion[p] += l->diffusion[p];
    }
    for (size_t p = 0; p < n; p++) {
        const lif_population *pop = &l->pop[p];
        const size_t at = p * s->stride, reset = npde__lif_operator(l, p)->stencil->reset;
        double *out = slope + at;
        for (size_t i = 0; i < s->stride; i++) out[i] = l->by_drive[at + i] * drive[p];
        for (size_t i = 0; noise && i < s->stride; i++) out[i] += l->by_diffusion[at + i] * diffusion[p];
        if (pop->refractory != NPDE_REFRACTORY_FIXED) continue;
        out[reset] += release[p] / l->grid->w[reset];
        out[s->points] -= release[p];
        out[s->points + 1] += release[p];
    }
    return status;
}

npde_status npde__lif_linearize(npde__system *s, double t, double h, const double *y, const double *rates,
                                double *slope)
{
    lif_system *l = self(s);
    npde_status status = npde__lif_freeze(s, t, +1, rates);
    if (!status) status = npde__lif_law_jacobian(l, t, +1, rates, &l->kept);
    if (status) return status;
    if (slope && l->moves) {
        status = npde__lif_law_slope(l, t, h, rates, l->probe_rates);
        return status ? status : time_slope(s, y, slope);
    }
    if (l->kept.any) differentiate(s, y, l->kept.noise);
    if (slope) memset(slope, 0, s->n * sizeof *slope);
    return NPDE_OK;
}

npde_status npde__lif_factor_jacobian(npde__system *s, double gamma)
{
    lif_system *l = self(s);
    const npde_status status = npde__lif_factor(s, gamma);
    if (status || !l->kept.any) return status;
    find_sensitivities(s, &l->kept);
    return npde__lif_factor_rates(l, &l->kept, l->kept_matrix, l->kept_pivots);
}

/* x = (I − γL)⁻¹(r + γ Σ_q column δN_q), with the change of the rates δN from the same small system as Newton's. */
npde_status npde__lif_solve_jacobian(npde__system *s, double *x)
{
    lif_system *l = self(s);
    const size_t n = s->n_rates;
    double *rate = l->residual;
    npde__lif_solve(s, 0, x, rate);
    if (!l->kept.any) return NPDE_OK;
    const npde_status status = npde__lif_solve_rates(l, l->kept_matrix, l->kept_pivots, rate);
    if (status) return status;
    npde__lif_act(l, &l->kept, rate, l->probe_drive, l->probe_diffusion);
    for (size_t p = 0; p < n; p++) {
        const size_t at = p * s->stride;
        const double drive = l->probe_drive[p], diffusion = l->probe_diffusion[p];
        double *out = x + at;
        for (size_t i = 0; i < s->stride; i++) out[i] += drive * l->drive_response[at + i];
        for (size_t i = 0; l->kept.noise && i < s->stride; i++) out[i] += diffusion * l->diffusion_response[at + i];
    }
    return NPDE_OK;
}
