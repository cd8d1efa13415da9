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
#include "models/model.h"

#include "numerics/history.h"
#include "numerics/lapack.h"

#include <math.h>
#include <string.h>

typedef struct {
    npde__operator op;
    npde_id refractory;
    double tau;
    double drive0, diffusion0; /* constant parts */
    double drive, diffusion;   /* frozen coefficients */
    double release;            /* frozen N(t − τ) + C(t − τ)/τ of a fixed refractory time */
    double kappa;              /* fraction of N that re-enters within the step factored for */
    double loaded_drive, loaded_diffusion, factored_gamma; /* what the operator holds now; NaN for nothing */
} population;

typedef struct {
    npde__system base;
    npde_grid *grid;
    population *pop;
    int linked;                       /* some weight, noise weight or delay is not zero */
    int diagonal;                     /* no population acts at once on another: Newton is scalar for each */
    double *weights, *noise, *delays; /* n_rates × n_rates; NULL when not linked */
    npde__callback *coupling;
    int iterate_callback;  /* a network's callback may depend on the rates */
    npde__history history; /* of the rates, then (with a fixed refractory time) of all that fired */
    int fired;             /* some population has a fixed refractory time */
    double *memory;        /* one row of the history */
    double *breaks;        /* distinct delays: coefficients may jump at begin + delay */
    size_t n_breaks;
    double began;
    double *past;                                                                       /* rates before the start */
    double *drive, *diffusion, *probe_rates, *probe_drive, *probe_diffusion, *residual; /* n_rates each */
    double *by_drive, *by_diffusion;                                                    /* points each: tangents */
    double *jacobian, *drive_jacobian, *diffusion_jacobian; /* n_rates × n_rates; NULL where not needed */
    int *pivots;
} lif_system;

static lif_system *self(npde__system *s)
{
    return (lif_system *)s;
}

static const lif_system *self_const(const npde__system *s)
{
    return (const lif_system *)s;
}

/* ---- coupling: rates to drive and diffusion ---- */

/* The built-in linear law, delays included. */
static void linear_law(const lif_system *l, double t, int side, const double *rates, double *drive, double *diffusion)
{
    const size_t n = l->base.n_rates;
    for (size_t p = 0; p < n; p++) {
        drive[p] = l->pop[p].drive0;
        diffusion[p] = l->pop[p].diffusion0;
        for (size_t q = 0; l->linked && q < n; q++) {
            const double b = l->weights[p * n + q], a1 = l->noise[p * n + q], d = l->delays[p * n + q];
            if (b == 0 && a1 == 0) continue;
            const double rate = d > 0 ? npde__history_at(&l->history, q, t - d, side) : rates[q];
            drive[p] += b * rate;
            diffusion[p] += a1 * rate;
        }
    }
}

/* The law with the user's callback on top. */
static npde_status law(lif_system *l, double t, int side, const double *rates, double *drive, double *diffusion)
{
    npde_context *c = l->base.context;
    linear_law(l, t, side, rates, drive, diffusion);
    if (l->coupling) {
        l->base.callbacks++;
        const int32_t answer = l->coupling->fn.coupling(t, l->base.n_rates, rates, drive, diffusion, l->coupling->user);
        if (answer > 0)
            return npde__fail(c, NPDE__RETRY, "the coupling callback returned %d at t = %g", (int)answer, t);
        if (answer < 0) {
            c->user_status = answer;
            return npde__fail(c, NPDE_ERR_CALLBACK, "the coupling callback returned %d at t = %g", (int)answer, t);
        }
    }
    for (size_t p = 0; p < l->base.n_rates; p++) {
        const int finite = isfinite(drive[p]) && isfinite(diffusion[p]);
        if (finite && diffusion[p] > 0) continue;
        /* Without a callback this is a rate that ran away: a smaller step may find the way back. */
        return npde__fail(
            c, l->coupling && !finite ? NPDE_ERR_CALLBACK : NPDE__RETRY,
            "population %zu: drive = %g and diffusion = %g at t = %g: both must be finite and diffusion > 0", p,
            drive[p], diffusion[p], t);
    }
    return NPDE_OK;
}

/*
 * Jacobians ∂μ_p/∂N_q and ∂a_p/∂N_q of the law at the present rates. Without a callback they are the undelayed weights. With
 * one they are differences, after a first try that moves all rates at once: a callback that only moves the drive in time
 * then costs one call. *any tells whether something depends on the rates.
 */
static npde_status law_jacobian(lif_system *l, double t, int side, const double *rates, int *any)
{
    const size_t n = l->base.n_rates;
    *any = l->base.coupled;
    if (!l->iterate_callback) return NPDE_OK;
    memset(l->drive_jacobian, 0, n * n * sizeof(double));
    memset(l->diffusion_jacobian, 0, n * n * sizeof(double));
    npde_status status = law(l, t, side, rates, l->drive, l->diffusion);
    if (status) return status;
    for (size_t column = 0; column <= n; column++) { /* column n is the try with all of them */
        const size_t q = column == 0 ? n : column - 1;
        for (size_t k = 0; k < n; k++) {
            const double step = 1e-7 * (1 + fabs(rates[k]));
            l->probe_rates[k] = rates[k] + (q == n ? step * (1 + (double)k / (double)n) : k == q ? step : 0);
        }
        status = law(l, t, side, l->probe_rates, l->probe_drive, l->probe_diffusion);
        if (status) return status;
        if (q == n) {
            *any = memcmp(l->probe_drive, l->drive, n * sizeof(double)) != 0 ||
                   memcmp(l->probe_diffusion, l->diffusion, n * sizeof(double)) != 0;
            if (!*any) return NPDE_OK;
            continue;
        }
        const double step = l->probe_rates[q] - rates[q];
        for (size_t p = 0; p < n; p++) {
            l->drive_jacobian[p * n + q] = (l->probe_drive[p] - l->drive[p]) / step;
            l->diffusion_jacobian[p * n + q] = (l->probe_diffusion[p] - l->diffusion[p]) / step;
        }
    }
    return NPDE_OK;
}

static double by_drive(const lif_system *l, size_t p, size_t q)
{
    const size_t k = p * l->base.n_rates + q;
    if (l->iterate_callback) return l->drive_jacobian[k];
    return l->linked && l->delays[k] == 0 ? l->weights[k] : 0;
}

static double by_diffusion(const lif_system *l, size_t p, size_t q)
{
    const size_t k = p * l->base.n_rates + q;
    if (l->iterate_callback) return l->diffusion_jacobian[k];
    return l->linked && l->delays[k] == 0 ? l->noise[k] : 0;
}

/* residual ← (I − D)⁻¹ residual with D_pq = sensitivity of N_p to μ_p and a_p times the law's Jacobian. */
static npde_status newton_correction(lif_system *l, const double *to_drive, const double *to_diffusion,
                                     double *residual)
{
    const size_t n = l->base.n_rates;
    if (l->diagonal) {
        for (size_t p = 0; p < n; p++)
            residual[p] /= 1 - to_drive[p] * by_drive(l, p, p) - to_diffusion[p] * by_diffusion(l, p, p);
    } else {
        for (size_t q = 0; q < n; q++)
            for (size_t p = 0; p < n; p++) /* column-major */
                l->jacobian[q * n + p] =
                    (p == q) - to_drive[p] * by_drive(l, p, q) - to_diffusion[p] * by_diffusion(l, p, q);
        const int order = (int)n, one = 1;
        int info = 0;
        dgesv_(&order, &one, l->jacobian, &order, l->pivots, residual, &order, &info);
        if (info) return npde__fail(l->base.context, NPDE__RETRY, "the Jacobian of the rates is singular");
    }
    return npde__system_finite(residual, n)
               ? NPDE_OK
               : npde__fail(l->base.context, NPDE__RETRY, "the Jacobian of the rates is singular");
}

/* ---- the seam ---- */

static npde_status lif_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    lif_system *l = self(s);
    const size_t n = s->n_rates;
    double *residual = l->residual, *to_drive = l->by_drive, *to_diffusion = l->by_diffusion;
    int last = !s->coupled;
    for (int k = 0; k < 50; k++) {
        npde_status status = law(l, t, side, rates, l->drive, l->diffusion);
        if (status) return status;
        double error = 0, size = 1;
        for (size_t p = 0; p < n; p++) {
            const npde__operator *op = &l->pop[p].op;
            residual[p] =
                op->scheme->flux(op, l->drive[p], l->diffusion[p], y + p * s->stride, &to_drive[p], &to_diffusion[p]) -
                rates[p];
            error = fmax(error, fabs(residual[p]));
            size = fmax(size, fabs(rates[p]));
        }
        int any = s->coupled;
        if (!last && error > 1e-15 * size) {
            status = law_jacobian(l, t, side, rates, &any);
            if (!status && any) status = newton_correction(l, to_drive, to_diffusion, residual);
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

/* N + C/τ at the past time at. Before the start the rate was constant, and C is the line that ends in R at the start. */
static double delayed_release(const lif_system *l, size_t p, double at, int side)
{
    const double tau = l->pop[p].tau, past = l->past[p];
    const double fired =
        at < l->began ? past * (tau - (l->began - at)) : npde__history_at(&l->history, l->base.n_rates + p, at, +1);
    return npde__history_at(&l->history, p, at, side) + fired / tau;
}

static npde_status lif_freeze(npde__system *s, double t, int side, const double *rates)
{
    lif_system *l = self(s);
    const npde_status status = law(l, t, side, rates, l->drive, l->diffusion);
    if (status) return status;
    for (size_t p = 0; p < s->n_rates; p++) {
        population *pop = &l->pop[p];
        pop->drive = l->drive[p];
        pop->diffusion = l->diffusion[p];
        if (pop->refractory == NPDE_REFRACTORY_FIXED) pop->release = delayed_release(l, p, t - pop->tau, side);
        if (pop->drive == pop->loaded_drive && pop->diffusion == pop->loaded_diffusion) continue;
        npde__operator_load(&pop->op, pop->drive, pop->diffusion);
        pop->loaded_drive = pop->drive;
        pop->loaded_diffusion = pop->diffusion;
        pop->factored_gamma = NAN;
    }
    return NPDE_OK;
}

static npde_status lif_factor(npde__system *s, double gamma)
{
    lif_system *l = self(s);
    int any = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        population *pop = &l->pop[p];
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

/* R and E of a population follow its densities. */
static double *reservoir_of(const npde__system *s, double *y, size_t p)
{
    return y + p * s->stride + s->points;
}

static void lif_solve(npde__system *s, int forced, double *x, double *rates)
{
    lif_system *l = self(s);
    for (size_t p = 0; p < s->n_rates; p++) {
        const population *pop = &l->pop[p];
        double *n = x + p * s->stride, *reservoir = reservoir_of(s, x, p), *released = reservoir + 1;
        const double gamma = pop->factored_gamma, held = 1 + gamma / pop->tau;
        double m = 0; /* what re-enters and does not depend on the present rate */
        if (pop->refractory == NPDE_REFRACTORY_FIXED) {
            const double release = forced ? pop->release : 0;
            m = (release - *released / pop->tau) / held;
            if (forced) m = fmax(0, fmin(m, *reservoir / gamma)); /* no more than there is */
        }
        if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) m = *reservoir / pop->tau / held;
        rates[p] = npde__operator_solve(&pop->op, pop->kappa, m, n);
        if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) {
            *reservoir = (*reservoir + gamma * rates[p]) / held;
        } else if (pop->refractory == NPDE_REFRACTORY_FIXED) {
            *reservoir += gamma * (rates[p] - m);
            *released += gamma * m;
        }
    }
}

static void lif_apply(npde__system *s, const double *y, double *out)
{
    lif_system *l = self(s);
    memset(out, 0, s->n * sizeof *out);
    for (size_t p = 0; p < s->n_rates; p++) {
        const population *pop = &l->pop[p];
        const double *n = y + p * s->stride, rate = npde__operator_flux(&pop->op, n);
        double *dn = out + p * s->stride, m = rate;
        if (pop->refractory == NPDE_REFRACTORY_FIXED) m = fmax(0, pop->release - n[s->points + 1] / pop->tau);
        if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) m = n[s->points] / pop->tau;
        pop->op.scheme->apply(&pop->op, n, dn);
        dn[pop->op.reset] += m;
        for (size_t i = 0; i < pop->op.end; i++) dn[i] /= l->grid->w[i];
        dn[s->points] = rate - m; /* exactly 0 without a refractory state */
        if (pop->refractory == NPDE_REFRACTORY_FIXED) dn[s->points + 1] = m;
    }
}

/* Sensitivity of N_p to μ_p or a_p through the stage: n' from (W − γK)n' = γ(∂K)n + γκN'e_R, N' = c·n' + (∂c)·n. */
static double sensitivity(const population *pop, double *dk, double dc)
{
    const double gamma = pop->factored_gamma;
    for (size_t i = 0; i < pop->op.end; i++) dk[i] *= gamma;
    dk[pop->op.reset] += gamma * pop->kappa * dc;
    return npde__operator_solve_weighted(&pop->op, pop->kappa, dk) + dc;
}

static npde_status lif_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                               double *residual, int *linear)
{
    lif_system *l = self(s);
    int any;
    npde_status status = law_jacobian(l, t, side, rates, &any);
    *linear = !any;
    if (status || !any) return status;
    double *to_drive = l->probe_drive, *to_diffusion = l->probe_diffusion;
    for (size_t p = 0; p < s->n_rates; p++) {
        const population *pop = &l->pop[p];
        const double *n = y + p * s->stride;
        double flux_by_drive, flux_by_diffusion;
        pop->op.scheme->flux(&pop->op, pop->drive, pop->diffusion, n, &flux_by_drive, &flux_by_diffusion);
        pop->op.scheme->tangent(&pop->op, n, l->by_drive, l->by_diffusion);
        to_drive[p] = sensitivity(pop, l->by_drive, flux_by_drive);
        to_diffusion[p] = sensitivity(pop, l->by_diffusion, flux_by_diffusion);
    }
    return newton_correction(l, to_drive, to_diffusion, residual);
}

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

/*
 * The scheme conserves mass; 10^5 steps of rounding do not. What rounding took or gave is put back at the point that holds
 * most mass, where it is smallest in proportion. A defect beyond rounding is not hidden: it stays.
 */
static void restore_mass(npde__system *s, double *n)
{
    const double *w = self(s)->grid->w, defect = mass(s, n) - 1;
    if (!(fabs(defect) < 1e-10)) return;
    size_t top = 0;
    for (size_t i = 1; i < s->points; i++)
        if (w[i] * n[i] > w[top] * n[top]) top = i;
    n[top] -= defect / w[top];
    s->mass_rounding += fabs(defect);
}

/*
 * √a × the density at the left end, as its mean over a quarter of √a: what wiggles of unresolved data leave at one point is
 * none of the truncation's business.
 */
static double tail(const npde__system *s, const double *n, double a)
{
    const npde_grid *g = self_const(s)->grid;
    double sum = 0, width = 0;
    for (size_t i = 0; i < s->points && (i == 0 || g->v[i] - g->v[0] < sqrt(a) / 4); i++) {
        sum += g->w[i] * n[i];
        width += g->w[i];
    }
    return sqrt(a) * fabs(sum) / width;
}

static void lif_begin(npde__system *s, double t, const double *rates)
{
    lif_system *l = self(s);
    const size_t n = s->n_rates;
    l->began = t;
    memcpy(l->memory, rates, n * sizeof *rates);
    for (size_t p = 0; l->fired && p < n; p++) l->memory[n + p] = l->past[p] * l->pop[p].tau;
    npde__history_begin(&l->history, t, l->past, l->memory);
}

static void lif_accept(npde__system *s, double t, double *y, const double *rates)
{
    lif_system *l = self(s);
    for (size_t p = 0; p < s->n_rates; p++) {
        double *n = y + p * s->stride;
        restore_mass(s, n);
        s->tail_mass = fmax(s->tail_mass, tail(s, n, l->pop[p].diffusion));
    }
    if (!l->n_breaks) return;
    memcpy(l->memory, rates, s->n_rates * sizeof *rates);
    for (size_t p = 0; l->fired && p < s->n_rates; p++) {
        const double *reservoir = reservoir_of(s, y, p);
        l->memory[s->n_rates + p] = reservoir[0] + reservoir[1];
    }
    npde__history_push(&l->history, t, l->memory);
}

static double lif_next_break(const npde__system *s, double t)
{
    const lif_system *l = self_const(s);
    double next = INFINITY;
    for (size_t i = 0; i < l->n_breaks; i++) {
        const double at = l->began + l->breaks[i];
        if (at > t + 1e-13 * (1 + fabs(t)) && at < next) next = at;
    }
    return next;
}

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
    npde__bytes_block(bytes, &l->began, sizeof l->began);
    npde__bytes_block(bytes, &s->tail_mass, sizeof s->tail_mass);
    npde__bytes_block(bytes, &s->mass_rounding, sizeof s->mass_rounding);
    npde__bytes_block(bytes, &s->factorizations, sizeof s->factorizations);
    npde__bytes_block(bytes, &s->callbacks, sizeof s->callbacks);
    npde__bytes_block(bytes, &l->history.first, sizeof l->history.first);
    npde__bytes_block(bytes, &l->history.count, sizeof l->history.count);
    npde__bytes_block(bytes, l->past, s->n_rates * sizeof(double));
    npde__bytes_block(bytes, l->history.t, l->history.capacity * sizeof(double));
    npde__bytes_block(bytes, l->history.rates, l->history.capacity * l->history.n_rates * sizeof(double));
}

static void lif_free(npde__system *s)
{
    lif_system *l = self(s);
    npde_context *c = s->context;
    for (size_t p = 0; l->pop && p < s->n_rates; p++)
        if (l->pop[p].op.scheme) npde__operator_free(&l->pop[p].op);
    npde__history_free(&l->history, c);
    npde__callback_release(l->coupling);
    void *const blocks[] = {l->pop,
                            l->weights,
                            l->noise,
                            l->delays,
                            l->breaks,
                            l->past,
                            l->drive,
                            l->diffusion,
                            l->probe_rates,
                            l->probe_drive,
                            l->by_drive,
                            l->by_diffusion,
                            l->probe_diffusion,
                            l->jacobian,
                            l->drive_jacobian,
                            l->diffusion_jacobian,
                            l->residual,
                            l->memory,
                            l->pivots};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__grid_release(l->grid);
    npde__free(c, l);
}

/* ---- making it ---- */

static void add_break(lif_system *l, double delay)
{
    for (size_t i = 0; i < l->n_breaks; i++)
        if (l->breaks[i] == delay) return;
    l->breaks[l->n_breaks++] = delay;
    l->base.max_step = fmin(l->base.max_step, delay);
}

/* Copies the coupling and finds out how much of it there is. */
static npde_status make_coupling(lif_system *l, const npde_model *m)
{
    npde_context *c = l->base.context;
    const size_t n = m->n_pop;
    l->diagonal = 1;
    l->coupling = npde__callback_acquire(m->coupling);
    l->iterate_callback = m->coupling && m->kind->coupled;
    if (l->iterate_callback) {
        l->base.coupled = 1;
        l->diagonal = n == 1;
    }
    for (size_t k = 0; m->kind->coupled && k < n * n; k++) {
        const double b = m->matrix[0][k], a1 = m->matrix[1][k];
        if (b == 0 && a1 == 0) continue;
        l->linked = 1;
        if (m->matrix[2][k] > 0) continue;
        l->base.coupled = 1;
        if (k / n != k % n) l->diagonal = 0;
    }
    if (l->linked) {
        double **const to[NPDE__MATRICES] = {&l->weights, &l->noise, &l->delays};
        for (size_t i = 0; i < NPDE__MATRICES; i++) {
            if (!(*to[i] = npde__alloc(c, n * n, sizeof(double)))) return NPDE_ERR_MEMORY;
            memcpy(*to[i], m->matrix[i], n * n * sizeof(double));
        }
    }
    if (!l->diagonal && !(l->jacobian = npde__alloc(c, n * n, sizeof(double)))) return NPDE_ERR_MEMORY;
    if (l->iterate_callback) {
        l->drive_jacobian = npde__alloc(c, n * n, sizeof(double));
        l->diffusion_jacobian = npde__alloc(c, n * n, sizeof(double));
        if (!l->drive_jacobian || !l->diffusion_jacobian) return NPDE_ERR_MEMORY;
    }
    return NPDE_OK;
}

static npde_status make_population(lif_system *l, const npde_model *m, size_t p, npde_id flux)
{
    population *pop = &l->pop[p];
    pop->drive0 = npde__model_value(m, p, NPDE_PARAM_DRIVE);
    pop->diffusion0 = npde__model_value(m, p, NPDE_PARAM_DIFFUSION);
    pop->refractory = (npde_id)npde__model_value(m, p, NPDE_PARAM_REFRACTORY);
    pop->tau = npde__model_value(m, p, NPDE_PARAM_REFRACTORY_TIME);
    pop->loaded_drive = pop->loaded_diffusion = pop->factored_gamma = NAN;
    size_t reset, threshold;
    npde_status status = npde__model_locate(m, l->grid, p, &reset, &threshold);
    if (status) return status;
    npde__population of = {m, p};
    const int sharp = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
    const npde__field drift = {npde__model_drift, &of}, discharge = {sharp ? NULL : npde__model_discharge, &of};
    const int fixed_coefficients = !l->linked && !l->coupling;
    const int exact = flux == NPDE_FLUX_EXACT || (flux == NPDE_FLUX_AUTOMATIC && fixed_coefficients);
    status = npde__operator_init(&pop->op, l->base.context, l->grid, reset, threshold, drift, discharge, exact);
    if (pop->op.end > l->base.unknowns) l->base.unknowns = pop->op.end;
    return status;
}

/* The memory of delays: as many points per longest delay as asked for, or all steps of a fixed size. */
static npde_status make_history(lif_system *l, const npde_model *m, size_t order, double dt, size_t history)
{
    const size_t n = m->n_pop;
    l->base.max_step = INFINITY;
    if (!(l->breaks = npde__alloc(l->base.context, n + (l->linked ? n * n : 0), sizeof *l->breaks)))
        return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < n; p++) {
        if (l->pop[p].refractory != NPDE_REFRACTORY_FIXED) continue;
        add_break(l, l->pop[p].tau);
        l->fired = 1;
    }
    for (size_t k = 0; l->linked && k < n * n; k++)
        if (l->delays[k] > 0 && (l->weights[k] != 0 || l->noise[k] != 0)) add_break(l, l->delays[k]);
    double longest = 0;
    for (size_t i = 0; i < l->n_breaks; i++) longest = fmax(longest, l->breaks[i]);
    const size_t points = order + 1, margin = 2 * points + 8;
    double spacing = longest / (double)history;
    if (dt > 0) spacing = fmax(fmin(dt, l->base.max_step) / 2, longest / 1e9);
    const size_t capacity = l->n_breaks ? (size_t)ceil(longest / spacing) + margin : 1;
    const size_t width = l->fired ? 2 * n : n;
    if (!(l->memory = npde__alloc(l->base.context, width, sizeof *l->memory))) return NPDE_ERR_MEMORY;
    return npde__history_init(&l->history, l->base.context, width, capacity, points, spacing);
}

static uint64_t signature(const lif_system *l, const npde_model *m)
{
    const size_t n = m->n_pop;
    uint64_t h = npde__bytes_hash(NPDE__HASH, &m->kind->id, sizeof m->kind->id);
    h = npde__bytes_hash(h, m->param, n * npde__ids_size(NPDE_FAMILY_PARAM) * sizeof(double));
    for (size_t i = 0; m->kind->coupled && i < NPDE__MATRICES; i++)
        h = npde__bytes_hash(h, m->matrix[i], n * n * sizeof(double));
    h = npde__bytes_hash(h, l->grid->v, l->grid->n * sizeof(double));
    h = npde__bytes_hash(h, &l->grid->scheme, sizeof l->grid->scheme);
    return npde__bytes_hash(h, &l->history.capacity, sizeof l->history.capacity);
}

static const npde__system_ops ops = {
    lif_free,  lif_rates,  lif_freeze,     lif_factor,  lif_solve,       lif_apply,    lif_correct,
    lif_begin, lif_accept, lif_next_break, lif_measure, lif_mass_defect, lif_snapshot,
};

static npde_status allocate(lif_system *l, npde_context *c, size_t n)
{
    const size_t tangent = l->base.points > n ? l->base.points : n; /* also hold n_rates sensitivities */
    const struct {
        double **to;
        size_t n;
    } arrays[] = {{&l->past, n},
                  {&l->residual, n},
                  {&l->drive, n},
                  {&l->diffusion, n},
                  {&l->probe_rates, n},
                  {&l->probe_drive, n},
                  {&l->probe_diffusion, n},
                  {&l->by_drive, tangent},
                  {&l->by_diffusion, tangent}};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!(*arrays[i].to = npde__alloc(c, arrays[i].n, sizeof(double)))) return NPDE_ERR_MEMORY;
    l->pop = npde__alloc(c, n, sizeof *l->pop);
    l->pivots = npde__alloc(c, n, sizeof *l->pivots);
    return l->pop && l->pivots ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status make(const npde_model *m, const npde_grid *grid, npde_id flux, size_t order, double dt,
                        size_t history, npde__system **out)
{
    npde_context *c = m->context;
    const size_t n = m->n_pop;
    lif_system *l = npde__alloc(c, 1, sizeof *l);
    if (!l) return NPDE_ERR_MEMORY;
    l->base = (npde__system){.ops = &ops, .context = c, .n_rates = n, .points = grid->n, .stride = grid->n + 2};
    l->base.n = n * l->base.stride;
    l->grid = npde__grid_acquire(grid);
    npde_status status = allocate(l, c, n);
    if (!status) status = make_coupling(l, m);
    for (size_t p = 0; p < n && !status; p++) status = make_population(l, m, p, flux);
    if (!status) status = make_history(l, m, order, dt, history);
    if (status) {
        lif_free(&l->base);
        return status;
    }
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
        const population *pop = &l->pop[p];
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
        restore_mass(s, n);
        *resolution = fmax(*resolution, error);
    }
    s->mass_rounding = 0;
    return NPDE_OK;
}

const npde__model_kind npde__lif = {NPDE_MODEL_LIF, 65536, 0, make, start};
const npde__model_kind npde__lif_network = {NPDE_MODEL_LIF_NETWORK, 4096, 1, make, start};
