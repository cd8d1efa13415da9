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

static npde_status correct_rates(lif_system *l, double *residual)
{
    const npde_status status = npde__lif_factor_rates(l, &l->present, l->matrix, l->pivots);
    return status ? status : npde__lif_solve_rates(l, l->matrix, l->pivots, residual);
}

static npde_status lif_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    lif_system *l = self(s);
    const size_t n = s->n_rates;
    double *residual = l->residual;
    int last = !s->coupled;
    for (int k = 0; k < 50; k++) {
        npde_status status = npde__lif_law(l, t, side, rates);
        if (status) return status;
        double error = 0, size = 1;
        for (size_t p = 0; p < n; p++) {
            const npde__operator *op = &l->pop[p].op;
            residual[p] = op->scheme->flux(op, l->drive[p], l->diffusion[p], y + p * s->stride, &l->to_drive[p],
                                           &l->to_diffusion[p]) -
                          rates[p];
            error = fmax(error, fabs(residual[p]));
            size = fmax(size, fabs(rates[p]));
        }
        int any = s->coupled;
        if (!last && error > 1e-15 * size) {
            status = npde__lif_law_jacobian(l, t, side, rates, &l->present, &any);
            if (!status && any) status = correct_rates(l, residual);
            if (status) return status;
        } else {
            last = 1;
        }
        error = 0;
        for (size_t p = 0; p < n; p++) {
            rates[p] += residual[p];
            error = fmax(error, fabs(residual[p]));
        }
        if (last || !any) break;
        last = error <= 1e-9 * size;
        if (k == 49) return npde__fail(s->context, NPDE__RETRY, "no consistent rates at t = %g", t);
    }
    return NPDE_OK;
}

static npde_status lif_freeze(npde__system *s, double t, int side, const double *rates)
{
    lif_system *l = self(s);
    const npde_status status = npde__lif_law(l, t, side, rates);
    if (status) return status;
    for (size_t p = 0; p < s->n_rates; p++) {
        lif_population *pop = &l->pop[p];
        pop->drive = l->drive[p];
        pop->diffusion = l->diffusion[p];
        if (pop->refractory == NPDE_REFRACTORY_FIXED) pop->release = npde__lif_release(l, p, t, side);
        if (pop->drive == pop->op.drive && pop->diffusion == pop->op.diffusion) continue;
        npde__operator_load(&pop->op, pop->drive, pop->diffusion);
        pop->factored_gamma = NAN;
    }
    return NPDE_OK;
}

static void lif_raise(npde__system *s, double factor)
{
    lif_system *l = self(s);
    for (size_t p = 0; p < s->n_rates && l->noisy; p++) {
        lif_population *pop = &l->pop[p];
        pop->diffusion *= factor;
        npde__operator_load(&pop->op, pop->drive, pop->diffusion);
        pop->factored_gamma = NAN;
    }
}

static void lif_drift(const npde__system *s, double *low, double *high, double *advection)
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

static npde_status lif_factor(npde__system *s, double gamma)
{
    lif_system *l = self(s);
    int any = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        lif_population *pop = &l->pop[p];
        if (pop->factored_gamma == gamma) continue;
        const double x = gamma / pop->tau;
        pop->kappa = pop->refractory == NPDE_REFRACTORY_NONE    ? 1
                     : pop->refractory == NPDE_REFRACTORY_FIXED ? 0
                                                                : x / (1 + x);
        const npde_status status = npde__operator_factor(&pop->op, gamma, pop->kappa);
        if (status) return npde__fail(s->context, status, "the operator of population %zu is singular", p);
        pop->factored_gamma = gamma;
        any = 1;
    }
    s->factorizations += any;
    return NPDE_OK;
}

/* n begins the population's part of the state. */
static double solve_population(const npde__system *s, const lif_population *pop, int forced, double *n)
{
    double *reservoir = n + s->points, *released = reservoir + 1;
    const double gamma = pop->factored_gamma, held = 1 + gamma / pop->tau;
    double m = 0; /* what re-enters and does not depend on the present rate */
    if (pop->refractory == NPDE_REFRACTORY_FIXED) {
        const double release = forced ? pop->release : 0;
        m = (release - *released / pop->tau) / held;
        if (forced) m = fmax(0, fmin(m, *reservoir / gamma)); /* no more than there is */
    }
    if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) m = *reservoir / pop->tau / held;
    const double rate = npde__operator_solve(&pop->op, pop->kappa, m, n);
    if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) {
        *reservoir = (*reservoir + gamma * rate) / held;
    } else if (pop->refractory == NPDE_REFRACTORY_FIXED) {
        *reservoir += gamma * (rate - m);
        *released += gamma * m;
    }
    return rate;
}

static void lif_solve(npde__system *s, int forced, double *x, double *rates)
{
    for (size_t p = 0; p < s->n_rates; p++) rates[p] = solve_population(s, &self(s)->pop[p], forced, x + p * s->stride);
}

/* From K n, in dn, to the population's slope: what fires, with rate, and what re-enters, with m. */
static void close_slope(const npde__system *s, const lif_population *pop, double rate, double m, double *dn)
{
    const double *w = self_const(s)->grid->w;
    dn[pop->op.reset] += m;
    for (size_t i = 0; i < pop->op.end; i++) dn[i] /= w[i];
    for (size_t i = pop->op.end; i < s->points; i++) dn[i] = 0;
    dn[s->points] = rate - m; /* exactly 0 without a refractory state */
    dn[s->points + 1] = pop->refractory == NPDE_REFRACTORY_FIXED ? m : 0;
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

static void lif_apply(npde__system *s, int forced, const double *y, double *out)
{
    lif_system *l = self(s);
    for (size_t p = 0; p < s->n_rates; p++) {
        const lif_population *pop = &l->pop[p];
        const double *n = y + p * s->stride, rate = npde__operator_flux(&pop->op, n);
        pop->op.scheme->apply(&pop->op, n, out + p * s->stride);
        close_slope(s, pop, rate, reentry(s, pop, forced, n, rate, pop->release), out + p * s->stride);
    }
}

static npde_status lif_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    lif_system *l = self(s);
    const npde_status status = lif_rates(s, t, side, y, rates); /* leaves the law's values at the rates */
    if (status) return status;
    for (size_t p = 0; p < s->n_rates; p++) {
        const lif_population *pop = &l->pop[p];
        const double *n = y + p * s->stride;
        double *dn = out + p * s->stride;
        const double frozen = npde__operator_flux(&pop->op, n), rate = rates[p];
        const int fixed = pop->refractory == NPDE_REFRACTORY_FIXED;
        const double release = fixed ? npde__lif_release(l, p, t, side) : 0;
        const double m = reentry(s, pop, 1, n, rate, release) - reentry(s, pop, 0, n, frozen, 0);
        pop->op.scheme->residual(&pop->op, l->drive[p], l->diffusion[p], n, dn);
        close_slope(s, pop, rate - frozen, m, dn);
    }
    return NPDE_OK;
}

/* ---- Newton's method on the rates of a stage ---- */

/* ∂F/∂μ, ∂F/∂a of a population at the frozen coefficients, as columns of the state, and ∂N/∂μ, ∂N/∂a. */
static void differentiate(npde__system *s, size_t p, const double *y)
{
    lif_population *pop = &self(s)->pop[p];
    const double *n = y + p * s->stride;
    pop->op.scheme->flux(&pop->op, pop->drive, pop->diffusion, n, &pop->flux_by_drive, &pop->flux_by_diffusion);
    pop->op.scheme->tangent(&pop->op, n, pop->by_drive, pop->by_diffusion);
    const int held = pop->refractory != NPDE_REFRACTORY_NONE;
    close_slope(s, pop, pop->flux_by_drive, held ? 0 : pop->flux_by_drive, pop->by_drive);
    close_slope(s, pop, pop->flux_by_diffusion, held ? 0 : pop->flux_by_diffusion, pop->by_diffusion);
}

/* response = (I − γL)⁻¹ γ column; the sensitivity of the population's rate through it. */
static double respond(const npde__system *s, const lif_population *pop, const double *column, double flux,
                      double *response)
{
    for (size_t i = 0; i < s->stride; i++) response[i] = pop->factored_gamma * column[i];
    return solve_population(s, pop, 0, response) + flux;
}

static void find_sensitivities(npde__system *s)
{
    lif_system *l = self(s);
    for (size_t p = 0; p < s->n_rates; p++) {
        lif_population *pop = &l->pop[p];
        l->to_drive[p] = respond(s, pop, pop->by_drive, pop->flux_by_drive, pop->drive_response);
        l->to_diffusion[p] =
            l->noisy ? respond(s, pop, pop->by_diffusion, pop->flux_by_diffusion, pop->diffusion_response) : 0;
    }
}

static npde_status lif_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                               double *residual, int *linear)
{
    lif_system *l = self(s);
    int any;
    const npde_status status = npde__lif_law_jacobian(l, t, side, rates, &l->present, &any);
    *linear = !any;
    if (status || !any) return status;
    for (size_t p = 0; p < s->n_rates; p++) differentiate(s, p, y);
    find_sensitivities(s);
    return correct_rates(l, residual);
}

/* ---- the exact Jacobian, for linearly implicit methods ---- */

/* slope = ∂F/∂t: drive, diffusion and release move in time, and the rates of the same density with them. */
static npde_status time_slope(npde__system *s, double t, double h, const double *rates, double *slope)
{
    lif_system *l = self(s);
    const size_t n = s->n_rates;
    double *drive = l->probe_drive, *diffusion = l->probe_diffusion, *rate = l->residual, *release = l->probe_rates;
    npde_status status = npde__lif_law_slope(l, t, h, rates, release);
    if (status) return status;
    for (size_t p = 0; p < n; p++) {
        l->to_drive[p] = l->pop[p].flux_by_drive;
        l->to_diffusion[p] = l->pop[p].flux_by_diffusion;
        rate[p] = l->to_drive[p] * drive[p] + l->to_diffusion[p] * diffusion[p];
    }
    if (s->coupled) {
        status = npde__lif_factor_rates(l, &l->kept, l->matrix, l->pivots);
        if (!status) status = npde__lif_solve_rates(l, l->matrix, l->pivots, rate);
    }
    for (size_t p = 0; p < n; p++) {
        const lif_population *pop = &l->pop[p];
        double by_drive = 0, by_diffusion = 0, *out = slope + p * s->stride;
        if (s->coupled) npde__lif_act(l, &l->kept, p, rate, &by_drive, &by_diffusion);
        by_drive += drive[p];
        by_diffusion += diffusion[p];
        for (size_t i = 0; i < s->stride; i++)
            out[i] = pop->by_drive[i] * by_drive + pop->by_diffusion[i] * by_diffusion;
        if (pop->refractory != NPDE_REFRACTORY_FIXED) continue;
        out[pop->op.reset] += release[p] / l->grid->w[pop->op.reset];
        out[s->points] -= release[p];
        out[s->points + 1] += release[p];
    }
    return status;
}

static npde_status lif_linearize(npde__system *s, double t, double h, const double *y, const double *rates,
                                 double *slope)
{
    lif_system *l = self(s);
    int any;
    npde_status status = lif_freeze(s, t, +1, rates);
    if (!status) status = npde__lif_law_jacobian(l, t, +1, rates, &l->kept, &any);
    if (status) return status;
    for (size_t p = 0; p < s->n_rates && (s->coupled || (slope && l->moves)); p++) differentiate(s, p, y);
    if (!slope) return NPDE_OK;
    if (l->moves) return time_slope(s, t, h, rates, slope);
    memset(slope, 0, s->n * sizeof *slope);
    return NPDE_OK;
}

static npde_status lif_factor_jacobian(npde__system *s, double gamma)
{
    lif_system *l = self(s);
    const npde_status status = lif_factor(s, gamma);
    if (status || !s->coupled) return status;
    find_sensitivities(s);
    return npde__lif_factor_rates(l, &l->kept, l->kept_matrix, l->kept_pivots);
}

/* x = (I − γL)⁻¹(r + γ Σ_q column δN_q), with the change of the rates δN from the same small system as Newton's. */
static npde_status lif_solve_jacobian(npde__system *s, double *x)
{
    lif_system *l = self(s);
    const size_t n = s->n_rates;
    double *rate = l->residual;
    lif_solve(s, 0, x, rate);
    if (!s->coupled) return NPDE_OK;
    const npde_status status = npde__lif_solve_rates(l, l->kept_matrix, l->kept_pivots, rate);
    for (size_t p = 0; p < n && !status; p++) {
        const lif_population *pop = &l->pop[p];
        double drive, diffusion, *out = x + p * s->stride;
        npde__lif_act(l, &l->kept, p, rate, &drive, &diffusion);
        for (size_t i = 0; drive != 0 && i < s->stride; i++) out[i] += drive * pop->drive_response[i];
        for (size_t i = 0; diffusion != 0 && i < s->stride; i++) out[i] += diffusion * pop->diffusion_response[i];
    }
    return status;
}

/* ---- mass ---- */

/* Mass of a population by compensated summation (Neumaier): the defect is looked at to the last digit. */
static double mass(const npde__system *s, const double *n)
{
    const double *w = self_const(s)->grid->w;
    double sum = n[s->points], lost = 0;
    for (size_t i = 0; i < s->points; i++) {
        const double x = w[i] * n[i], next = sum + x;
        lost += fabs(sum) >= fabs(x) ? (sum - next) + x : (x - next) + sum;
        sum = next;
    }
    return sum + lost;
}

static double lif_mass_defect(const npde__system *s, const double *y)
{
    double defect = 0;
    for (size_t p = 0; p < s->n_rates; p++) defect = fmax(defect, fabs(mass(s, y + p * s->stride) - 1));
    return defect;
}

static double lif_min_density(const npde__system *s, const double *y)
{
    double min = INFINITY;
    for (size_t p = 0; p < s->n_rates; p++)
        for (size_t i = 0; i < self_const(s)->pop[p].op.end; i++) min = fmin(min, y[p * s->stride + i]);
    return min;
}

/*
 * The scheme conserves mass; 10^5 steps of rounding do not. What rounding took or gave is put back at the point that holds
 * most mass, where it is smallest in proportion. Rounding of a step h is a few ulps of h × the stiffest entry; a
 * defect beyond that (limit) is not hidden: it stays.
 */
static void restore_mass(npde__system *s, double *n, double limit)
{
    const double *w = self(s)->grid->w, defect = mass(s, n) - 1;
    if (!(fabs(defect) <= limit)) return;
    size_t top = 0;
    for (size_t i = 1; i < s->points; i++)
        if (w[i] * n[i] > w[top] * n[top]) top = i;
    n[top] -= defect / w[top];
    s->mass_rounding += fabs(defect);
}

/*
 * Watches an end of the grid for density that the truncation cuts off: the mass in the last tenth before it, averaged
 * over the time that diffusion takes to cross that. What wiggles of unresolved data leave there in passing averages
 * out.
 */
static void watch_tail(npde__system *s, lif_population *pop, const double *n, double h, int right)
{
    const npde_grid *g = self_const(s)->grid;
    const size_t last = s->points - 1, end = right ? last : 0;
    const double width = (right ? g->v[last] - g->v[pop->threshold] : g->v[pop->op.reset] - g->v[0]) / 10;
    double mass = 0;
    for (size_t k = 0; k <= last; k++) {
        const size_t i = right ? last - k : k;
        if (k > 0 && fabs(g->v[i] - g->v[end]) > width) break;
        mass += g->w[i] * n[i];
    }
    pop->tail[right] -= expm1(-h * pop->diffusion / (width * width)) * (mass - pop->tail[right]);
    s->tail_mass = fmax(s->tail_mass, pop->tail[right]);
}

static void lif_accept(npde__system *s, double t, double *y, const double *rates)
{
    lif_system *l = self(s);
    const double h = t - l->accepted;
    l->accepted = t;
    for (size_t p = 0; p < s->n_rates; p++) {
        double *n = y + p * s->stride;
        lif_population *pop = &l->pop[p];
        restore_mass(s, n, fmin(1e-8, 1e-13 * (1 + h * pop->op.stiffest)));
        watch_tail(s, pop, n, h, 0);
        if (!pop->op.absorbing) watch_tail(s, pop, n, h, 1);
    }
    npde__lif_remember(l, t, y, rates);
}

/* ---- size, memory ---- */

static void lif_measure(const npde__system *s, const double *e, double *size, double *rates)
{
    const lif_system *l = self_const(s);
    *size = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        const double *n = e + p * s->stride;
        double sum = fabs(n[s->points]);
        for (size_t i = 0; i < s->points; i++) sum += l->grid->w[i] * fabs(n[i]);
        *size = fmax(*size, sum);
        rates[p] = npde__operator_flux(&l->pop[p].op, n);
    }
}

static void lif_snapshot(npde__system *s, npde__bytes *bytes)
{
    lif_system *l = self(s);
    double *const scalars[] = {&l->began, &l->accepted, &s->tail_mass, &s->mass_rounding};
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++)
        npde__bytes_block(bytes, scalars[i], sizeof(double));
    npde__bytes_block(bytes, &s->factorizations, sizeof s->factorizations);
    npde__bytes_block(bytes, &s->callbacks, sizeof s->callbacks);
    npde__bytes_block(bytes, l->past, s->n_rates * sizeof(double));
    for (size_t p = 0; p < s->n_rates; p++) {
        lif_population *pop = &l->pop[p];
        double *const frozen[] = {&pop->drive, &pop->diffusion, &pop->release, &pop->tail[0], &pop->tail[1]};
        for (size_t i = 0; i < sizeof frozen / sizeof frozen[0]; i++)
            npde__bytes_block(bytes, frozen[i], sizeof(double));
        if (bytes->mode != NPDE__BYTES_READ) continue;
        npde__operator_load(&pop->op, pop->drive, pop->diffusion);
        pop->factored_gamma = NAN;
    }
    npde__lif_snapshot_complex(s, bytes);
    if (!l->memory) return;
    npde__bytes_block(bytes, &l->history.first, sizeof l->history.first);
    npde__bytes_block(bytes, &l->history.count, sizeof l->history.count);
    npde__bytes_block(bytes, l->history.t, l->history.capacity * sizeof(double));
    npde__bytes_block(bytes, l->history.rates, l->history.capacity * l->history.n_rates * sizeof(double));
}

static void lif_free(npde__system *s)
{
    lif_system *l = self(s);
    npde_context *c = s->context;
    for (size_t p = 0; l->pop && p < s->n_rates; p++)
        if (l->pop[p].op.scheme) npde__operator_free(&l->pop[p].op);
    npde__lif_free_coupling(l);
    npde__lif_free_complex(l);
    void *const blocks[] = {l->pop,      l->drive,           l->diffusion, l->probe_rates,  l->probe_drive,
                            l->residual, l->probe_diffusion, l->to_drive,  l->to_diffusion, l->columns};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__grid_release(l->grid);
    npde__free(c, l);
}

/* ---- making it ---- */

static npde_status make_population(lif_system *l, const npde_model *m, size_t p, npde_id flux)
{
    lif_population *pop = &l->pop[p];
    pop->drive0 = npde__model_value(m, p, NPDE_PARAM_DRIVE);
    pop->diffusion0 = npde__model_value(m, p, NPDE_PARAM_DIFFUSION);
    pop->refractory = (npde_id)npde__model_value(m, p, NPDE_PARAM_REFRACTORY);
    pop->tau = npde__model_value(m, p, NPDE_PARAM_REFRACTORY_TIME);
    pop->factored_gamma = NAN;
    double **const vectors[] = {&pop->by_drive, &pop->by_diffusion, &pop->drive_response, &pop->diffusion_response};
    for (size_t i = 0; i < 4; i++) *vectors[i] = l->columns + (4 * p + i) * l->base.stride;
    size_t reset;
    npde_status status = npde__model_locate(m, l->grid, p, &reset, &pop->threshold);
    if (status) return status;
    npde__population of = {m, p};
    const int sharp = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
    const npde__field drift = {npde__model_drift, &of}, discharge = {sharp ? NULL : npde__model_discharge, &of};
    const int fixed_coefficients = !l->linked && !l->coupling;
    const int exact = flux == NPDE_FLUX_EXACT || (flux == NPDE_FLUX_AUTOMATIC && fixed_coefficients);
    status = npde__operator_init(&pop->op, l->base.context, l->grid, reset, pop->threshold, drift, discharge, exact);
    if (pop->op.end > l->base.unknowns) l->base.unknowns = pop->op.end;
    return status;
}

/* Hash of all that defines the problem; drift, discharge and flux by what the assembled operator does to a vector. */
static uint64_t signature(lif_system *l, const npde_model *m)
{
    const size_t n = m->n_pop;
    double *probe = l->columns, *image = l->columns + l->base.stride;
    uint64_t h = npde__bytes_hash(NPDE__HASH, &m->kind->id, sizeof m->kind->id);
    h = npde__bytes_hash(h, m->param, n * npde__ids_size(NPDE_FAMILY_PARAM) * sizeof(double));
    for (size_t i = 0; m->kind->coupled && i < NPDE__MATRICES; i++)
        h = npde__bytes_hash(h, m->matrix[i], n * n * sizeof(double));
    const int callback = l->coupling != NULL;
    h = npde__bytes_hash(h, &callback, sizeof callback);
    h = npde__bytes_hash(h, l->grid->v, l->grid->n * sizeof(double));
    h = npde__bytes_hash(h, &l->grid->scheme, sizeof l->grid->scheme);
    for (size_t i = 0; i < l->grid->n; i++) probe[i] = 1 + (double)(i % 7);
    for (size_t p = 0; p < n; p++) {
        npde__operator *op = &l->pop[p].op;
        npde__operator_load(op, l->pop[p].drive0, l->pop[p].diffusion0);
        op->scheme->apply(op, probe, image);
        h = npde__bytes_hash(h, image, op->end * sizeof(double));
    }
    return npde__bytes_hash(h, &l->history.capacity, sizeof l->history.capacity);
}

static const npde__system_ops ops = {
    .free = lif_free,
    .rates = lif_rates,
    .freeze = lif_freeze,
    .factor = lif_factor,
    .solve = lif_solve,
    .apply = lif_apply,
    .correct = lif_correct,
    .remainder = lif_remainder,
    .raise = lif_raise,
    .drift = lif_drift,
    .linearize = lif_linearize,
    .factor_jacobian = lif_factor_jacobian,
    .solve_jacobian = lif_solve_jacobian,
    .make_complex = npde__lif_make_complex,
    .factor_jacobian_complex = npde__lif_factor_complex,
    .solve_jacobian_complex = npde__lif_solve_complex,
    .begin = npde__lif_begin,
    .accept = lif_accept,
    .jump = npde__lif_jump,
    .next_break = npde__lif_next_break,
    .measure = lif_measure,
    .mass_defect = lif_mass_defect,
    .min_density = lif_min_density,
    .snapshot = lif_snapshot,
};

static npde_status allocate(lif_system *l, npde_context *c, size_t n)
{
    double **const arrays[] = {&l->past,        &l->residual,        &l->drive,    &l->diffusion,   &l->probe_rates,
                               &l->probe_drive, &l->probe_diffusion, &l->to_drive, &l->to_diffusion};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!(*arrays[i] = npde__alloc(c, n, sizeof(double)))) return NPDE_ERR_MEMORY;
    l->columns = npde__alloc(c, 4 * n * l->base.stride, sizeof *l->columns);
    l->pop = npde__alloc(c, n, sizeof *l->pop);
    return l->columns && l->pop ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status make(const npde_model *m, const npde_grid *grid, npde_id flux, size_t order, double dt,
                        double history, npde__system **out)
{
    npde_context *c = m->context;
    const size_t n = m->n_pop;
    lif_system *l = npde__alloc(c, 1, sizeof *l);
    if (!l) return NPDE_ERR_MEMORY;
    l->base = (npde__system){.ops = &ops, .context = c, .n_rates = n, .points = grid->n, .stride = grid->n + 2};
    l->base.n = n * l->base.stride;
    l->grid = npde__grid_acquire(grid);
    npde_status status = allocate(l, c, n);
    if (!status) status = npde__lif_make_coupling(l, m);
    for (size_t p = 0; p < n && !status; p++) status = make_population(l, m, p, flux);
    if (!status) status = npde__lif_make_history(l, order, dt, history);
    if (status) {
        lif_free(&l->base);
        return status;
    }
    l->base.constant = !l->base.coupled && !l->moves;
    l->base.signature = signature(l, m);
    *out = &l->base;
    return NPDE_OK;
}

/* Initial state: past rates, what they left in the reservoirs, the projected densities. */
static npde_status start(npde__system *s, const npde__initial *initial, double *y, double *resolution)
{
    lif_system *l = self(s);
    *resolution = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        const lif_population *pop = &l->pop[p];
        double *n = y + p * s->stride, error = 0;
        const double held = pop->refractory == NPDE_REFRACTORY_NONE ? 0 : pop->tau * initial[p].past_rate;
        if (!(held < 1))
            return npde__fail(s->context, NPDE_ERR_RANGE,
                              "population %zu: past rate %g x refractory time %g = %g must be < 1, the mass of all", p,
                              initial[p].past_rate, pop->tau, held);
        l->past[p] = initial[p].past_rate;
        n[s->points] = held;
        const npde_status status =
            npde__model_project(s->context, l->grid, pop->op.end, p, &initial[p], 1 - held, n, &error);
        if (status) return status;
        restore_mass(s, n, 1e-13);
        *resolution = fmax(*resolution, error);
    }
    s->mass_rounding = 0;
    return NPDE_OK;
}

const npde__model_kind npde__lif = {
    NPDE_MODEL_LIF, 65536, 0, make, start, npde__model_fit_grid, npde__kinetic_params, NULL};
const npde__model_kind npde__lif_network = {
    NPDE_MODEL_LIF_NETWORK, 4096, 1, make, start, npde__model_fit_grid, npde__kinetic_params, NULL};
