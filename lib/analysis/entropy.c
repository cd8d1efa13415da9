/* SPDX-License-Identifier: BSD-3-Clause
 * Relative entropy. A semi-discrete linear equation of finite volumes is a Markov chain: mass moves from place j to place i
 * (neighbouring points, the reservoir) at the rate q_ij n_j. For its steady state P and h = n/P
 *
 *     d/dt Σ P H(h) = −Σ_ij q_ij P_j [H(h_j) − H(h_i) − (h_j − h_i) H'(h_i)],
 *
 * each bracket ≥ 0 for convex H. Faces make D_diff, firing and re-entry make D_jump. On spectral elements D_diff is the quadrature
 * of a P H''(h) (∂_v h)², differentiated element by element.
 */
#include "analysis/entropy.h"

#include "numerics/quadrature.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double negligible =
    1e-7; /* relative density, and h, below which differentiation shows rounding errors only */

/*
 * P below which it is its own error, relative to its maximum. On spectral elements rounding errors are of the size of the
 * maximum. On finite volumes they are of the size of P itself, and that squares of n/P stay finite is the limit.
 */
static const double unresolved_spectral = 50 * DBL_EPSILON, unresolved_volumes = 1e-140;
static const double tolerable = 1e-10; /* share of a density where P is not resolved */
static const double audible =
    1e3 * DBL_EPSILON;               /* a density on spectral elements, over its maximum, that is no rounding error */
static const double doubtful = 1e-6; /* share of the entropy that may lie where rounding hides the density */
enum { ITERATIONS = 40 };            /* each takes 8 digits of what is left of the beginning */

/* ---- the steady state ---- */

static double rate_of(const npde_entropy *e, const double *density)
{
    double rate;
    npde__operator_flux(&e->op, density, &rate);
    return rate;
}

/* P by inverse iteration: backward Euler with steps far longer than any relaxation. Mass is kept, so that it stays 1. */
static npde_status find_steady(npde_entropy *e)
{
    npde__operator *op = &e->op;
    const npde_grid *g = e->grid;
    const double all = 1, none = 0;
    const double width = g->v[e->of->end < g->n ? e->of->end : g->n - 1] - g->v[0], longest = 1e8 * width * width;
    for (size_t i = 0; i < e->of->end; i++) e->steady[i] = 1 / width;
    if (npde__operator_factor(op, longest / op->diffusion[0], &all))
        return npde__fail(e->context, NPDE_ERR_RANGE, "the operator is singular on this grid");
    for (int k = 0; k < ITERATIONS; k++) npde__operator_solve(op, &all, &none, e->steady, &e->rate);
    double mass = 0;
    for (size_t i = 0; i < e->of->end; i++) mass += g->w[i] * e->steady[i];
    const double held = rate_of(e, e->steady) * e->tau;
    for (size_t i = 0; i < e->of->end; i++) e->steady[i] /= mass + held;
    e->rate = rate_of(e, e->steady);
    e->reservoir = e->rate * e->tau;
    if (e->rate > 0 && isfinite(e->rate)) return NPDE_OK;
    return npde__fail(e->context, NPDE_ERR_RANGE, "the steady state has the rate %g on this grid: refine it", e->rate);
}

/* K is tridiagonal on finite volumes: three products show all of it. */
static void find_faces(npde_entropy *e)
{
    const npde__operator *op = &e->op;
    double *unit = e->value, *image = e->slope, rate;
    const double none = 0, *w = e->grid->w;
    for (size_t color = 0; color < 3; color++) {
        for (size_t i = 0; i < e->of->end; i++) unit[i] = i % 3 == color ? e->steady[i] : 0;
        (void)npde__operator_apply(op, unit, &rate);
        npde__operator_emit(op, 0, &none, image); /* W⁻¹ of it */
        for (size_t i = color; i < e->of->end; i += 3) {
            if (i + 1 < e->of->end) e->down[i] = w[i + 1] * image[i + 1];
            if (i > 0) e->up[i - 1] = w[i - 1] * image[i - 1];
        }
    }
}

/* Where P is so small that its rounding errors on spectral elements show, the closed form. */
static void find_tails(npde_entropy *e, const npde_model *m, size_t pop)
{
    double top = 0;
    e->closed = 1;
    e->neuron = (npde__siegert){.leak = npde__model_value(m, pop, NPDE_PARAM_V_LEAK),
                                .time_constant = npde__model_value(m, pop, NPDE_PARAM_TIME_CONSTANT),
                                .reset = npde__model_value(m, pop, NPDE_PARAM_V_RESET),
                                .threshold = npde__model_value(m, pop, NPDE_PARAM_V_THRESHOLD),
                                .drive = e->op.drive[0],
                                .diffusion = e->op.diffusion[0]};
    for (size_t i = 0; i < e->of->end; i++) top = fmax(top, e->steady[i]);
    memcpy(e->exact, e->steady, e->grid->n * sizeof *e->exact);
    for (size_t i = 0; i < e->of->end; i++)
        if (e->steady[i] < negligible * top)
            e->exact[i] = npde__siegert_density(&e->neuron, log(e->rate), e->grid->v[i]);
}

/* ---- making it ---- */

static npde_status allocate(npde_entropy *e)
{
    double **const arrays[] = {&e->steady, &e->exact, &e->h, &e->value, &e->slope, &e->curvature, &e->down, &e->up};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!(*arrays[i] = npde__alloc(e->context, e->grid->n + 2, sizeof(double)))) return NPDE_ERR_MEMORY;
    e->work = npde__alloc(e->context, npde__operator_work(e->grid), sizeof *e->work);
    e->drowned = npde__alloc(e->context, e->grid->n + 2, 1);
    e->sample = npde__alloc(e->context, e->grid->n + 2, sizeof *e->sample);
    return e->work && e->drowned && e->sample ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status make(npde_entropy *e, const npde_model *m, size_t pop, const double *rates, npde_id flux)
{
    size_t reset, threshold;
    npde_status status = allocate(e);
    if (!status) status = npde__model_locate(m, e->grid, pop, &reset, &threshold);
    if (status) return status;
    double drive = npde__model_value(m, pop, NPDE_PARAM_DRIVE), a = npde__model_value(m, pop, NPDE_PARAM_DIFFUSION);
    int linked = m->coupling != NULL;
    for (size_t k = 0; m->kind->coupled && k < m->n_pop * m->n_pop; k++)
        linked = linked || m->matrix[0][k] != 0 || m->matrix[1][k] != 0;
    for (size_t q = 0; rates && q < m->n_pop; q++) {
        drive += npde__model_entry(m, NPDE_MATRIX_WEIGHTS, pop, q) * rates[q];
        a += npde__model_entry(m, NPDE_MATRIX_NOISE_WEIGHTS, pop, q) * rates[q];
    }
    if (!(a > 0) || !isfinite(a) || !isfinite(drive))
        return npde__fail(e->context, NPDE_ERR_RANGE,
                          "drive = %g and diffusion = %g at these rates: diffusion must be > 0", drive, a);
    npde__population of = npde__model_population(m, pop);
    const int sharp = (npde_id)npde__model_value(m, pop, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
    const npde__field drift = {npde__model_drift, &of}, discharge = {sharp ? NULL : npde__model_discharge, &of};
    const int exact = flux == NPDE_FLUX_EXACT || (flux == NPDE_FLUX_AUTOMATIC && !linked);
    npde__stencil *found;
    status = npde__stencil_find(&e->stencils, e->context, e->grid, reset, threshold, drift, discharge, exact, &found);
    if (status) return status;
    e->of = found;
    const size_t at = 0;
    if ((status = npde__operator_init(&e->op, found, 1, &at, e->work))) return status;
    (void)npde__operator_load(&e->op, &drive, &a);
    if ((status = find_steady(e))) return status;
    if (e->grid->scheme == NPDE_SCHEME_FINITE_VOLUME) find_faces(e);
    else if (sharp && !m->drift) find_tails(e, m, pop);
    return NPDE_OK;
}

npde_status npde__entropy_new(const npde_model *m, const npde_grid *grid, size_t pop, const double *rates, npde_id flux,
                              npde_entropy **out)
{
    const npde_id refractory = (npde_id)npde__model_value(m, pop, NPDE_PARAM_REFRACTORY);
    if (refractory == NPDE_REFRACTORY_FIXED)
        return npde__fail(m->context, NPDE_ERR_UNSUPPORTED,
                          "a fixed refractory time has a memory that is not in the density; take an exponential one");
    npde_entropy *e = npde__alloc(m->context, 1, sizeof *e);
    if (!e) return NPDE_ERR_MEMORY;
    npde__context_acquire(m->context);
    e->context = m->context;
    e->grid = npde__grid_acquire(grid);
    if (refractory == NPDE_REFRACTORY_EXPONENTIAL) e->tau = npde__model_value(m, pop, NPDE_PARAM_REFRACTORY_TIME);
    const npde_status status = make(e, m, pop, rates, flux);
    if (status) npde__entropy_free(e);
    else *out = e;
    return status;
}

void npde__entropy_free(npde_entropy *e)
{
    npde_context *c = e->context;
    npde__operator_free(&e->op);
    npde__stencil_free_all(e->stencils);
    double *const arrays[] = {e->steady, e->exact, e->h, e->value, e->slope, e->curvature, e->down, e->up, e->work};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) npde__free(c, arrays[i]);
    npde__free(c, e->sample);
    npde__free(c, e->drowned);
    npde__callback_release(e->function);
    npde__grid_release(e->grid);
    npde__free(c, e);
    npde__context_release(c);
}

/* ---- H ---- */

static void built_in(npde_id function, double x, double *value, double *slope, double *curvature)
{
    if (function == NPDE_ENTROPY_QUADRATIC) {
        *value = (x - 1) * (x - 1);
        *slope = 2 * (x - 1);
        *curvature = 2;
    } else if (function == NPDE_ENTROPY_ABSOLUTE) {
        *value = fabs(x - 1);
        *slope = (x > 1) - (x < 1);
        *curvature = 0;
    } else { /* x ln x − x + 1, and its limit for what rounding has made of 0 */
        const double positive = fmax(x, DBL_MIN);
        *slope = log(positive);
        *value = positive * *slope - positive + 1;
        *curvature = 1 / positive;
    }
}

static int ascending(const void *a, const void *b)
{
    const npde__sample *x = a, *y = b;
    return (x->x > y->x) - (x->x < y->x);
}

/*
 * Between neighbours x < y a convex function has H'(x) ≤ (H(y) − H(x))/(y − x) ≤ H'(y). If that holds for all, the values and
 * slopes are those of some convex function.
 */
static npde_status check_convex(npde_entropy *e)
{
    const size_t n = e->of->end + 2;
    for (size_t i = 0; i < n; i++) e->sample[i] = (npde__sample){e->h[i], i};
    qsort(e->sample, n, sizeof *e->sample, ascending);
    for (size_t k = 0; k + 1 < n; k++) {
        const size_t i = e->sample[k].at, j = e->sample[k + 1].at;
        const double x = e->h[i], y = e->h[j], rise = e->value[j] - e->value[i];
        const double slopes = fabs(e->slope[i]) + fabs(e->slope[j]);
        const double noise = 1e-14 + 1e-12 * (fabs(e->value[i]) + fabs(e->value[j]) + slopes * (fabs(x) + fabs(y)));
        if (x == y || (rise - e->slope[i] * (y - x) >= -noise && e->slope[j] * (y - x) - rise >= -noise)) continue;
        return npde__fail(
            e->context, NPDE_ERR_CALLBACK,
            "the function is not convex: %.10g with slope %.10g at x = %.10g, %.10g with slope %.10g at %.10g; a "
            "convex one lies above its tangents",
            e->value[i], e->slope[i], x, e->value[j], e->slope[j], y);
    }
    return NPDE_OK;
}

static npde_status evaluate(npde_entropy *e, npde_id function)
{
    const size_t n = e->of->end + 2;
    if (function != NPDE_ENTROPY_CUSTOM) {
        for (size_t i = 0; i < n; i++) built_in(function, e->h[i], &e->value[i], &e->slope[i], &e->curvature[i]);
        return NPDE_OK;
    }
    for (size_t i = 0; i < n; i++) e->value[i] = e->slope[i] = e->curvature[i] = NAN;
    const int32_t answer = e->function->fn.convex(n, e->h, e->value, e->slope, e->curvature, e->function->user);
    if (answer) {
        e->context->user_status = answer;
        return npde__fail(e->context, NPDE_ERR_CALLBACK, "the convex function returned %d", (int)answer);
    }
    for (size_t i = 0; i < n; i++)
        if (!isfinite(e->value[i]) || !isfinite(e->slope[i]) ||
            (e->grid->scheme == NPDE_SCHEME_SPECTRAL && !isfinite(e->curvature[i])))
            return npde__fail(e->context, NPDE_ERR_CALLBACK,
                              "the convex function gave %g, slope %g, curvature %g at %g: they must be finite",
                              e->value[i], e->slope[i], e->curvature[i], e->h[i]);
    for (size_t i = 0; i < n && e->grid->scheme == NPDE_SCHEME_SPECTRAL; i++)
        if (e->curvature[i] < 0)
            return npde__fail(e->context, NPDE_ERR_CALLBACK,
                              "the function is not convex: it gave the curvature %g at x = %g; it must be >= 0",
                              e->curvature[i], e->h[i]);
    return check_convex(e);
}

/* ---- the sums ---- */

static const double *reference(const npde_entropy *e)
{
    return e->far ? e->exact : e->steady;
}

/* H(h_from) − H(h_to) − (h_from − h_to) H'(h_to) */
static double bracket(const npde_entropy *e, size_t from, size_t to)
{
    if (e->h[from] == e->h[to]) return 0; /* 0 times an infinite slope */
    return e->value[from] - e->value[to] - (e->h[from] - e->h[to]) * e->slope[to];
}

static double over_faces(const npde_entropy *e)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < e->of->end; i++)
        sum += e->down[i] * bracket(e, i, i + 1) + e->up[i] * bracket(e, i + 1, i);
    return sum;
}

/* One element: its slopes of n and P at its nodes. */
static void differentiate(const npde_entropy *e, size_t s, const double *density, double *dn, double *dp)
{
    const npde_grid *g = e->grid;
    const size_t n = g->cells[s] + 1, first = g->node[s];
    double d[NPDE__MAX_NODES * NPDE__MAX_NODES], b[NPDE__MAX_NODES];
    npde__quadrature_barycentric(n, g->v + first, b);
    npde__quadrature_derivative(n, g->v + first, b, d);
    for (size_t i = 0; i < n; i++) {
        dn[i] = dp[i] = 0;
        for (size_t j = 0; j < n; j++) {
            dn[i] += d[i * n + j] * density[first + j];
            dp[i] += d[i * n + j] * e->steady[first + j];
        }
    }
}

/* ∂_v P by the flux: a ∂_v P = (f + μ) P − N to the right of the reset, without N to the left. */
static double steady_slope(const npde_entropy *e, size_t i, double left)
{
    const npde__siegert *of = &e->neuron;
    const double drift = (of->leak - e->grid->v[i]) / of->time_constant + of->drive;
    return (drift * e->exact[i] - (left < of->reset ? 0 : e->rate)) / of->diffusion;
}

/*
 * P (∂_v h)² = (∂_v n − h ∂_v P)²/P, which keeps the rounding errors of the tails, where h may be anything, where they are. The
 * integrand vanishes at the threshold.
 */
static double over_elements(const npde_entropy *e, const double *density)
{
    const npde_grid *g = e->grid;
    double sum = 0, top = 0;
    for (size_t i = 0; i < e->of->end; i++) top = fmax(top, e->steady[i]);
    for (size_t s = 0; s < g->n_segments && g->node[s] < e->of->end; s++) {
        const size_t n = g->cells[s] + 1, first = g->node[s];
        double dn[NPDE__MAX_NODES], dp[NPDE__MAX_NODES], x[NPDE__MAX_NODES], w[NPDE__MAX_NODES];
        differentiate(e, s, density, dn, dp);
        npde__quadrature_lobatto(n - 1, x, w);
        for (size_t i = 0; i < n && first + i < e->of->end; i++) {
            const double p = reference(e)[first + i], h = e->h[first + i];
            const double slope = e->far && p < negligible * top ? steady_slope(e, first + i, g->breaks[s]) : dp[i],
                         r = dn[i] - h * slope;
            if (e->far ? e->drowned[first + i] || !(p > unresolved_volumes * top) : p < negligible * top) continue;
            if (h < negligible) continue;
            sum += w[i] * (g->breaks[s + 1] - g->breaks[s]) / 2 * e->curvature[first + i] * r * r / p;
        }
    }
    return e->op.diffusion[0] * sum;
}

/*
 * h at a sharp threshold, where n and P are 0: the ratio of what fires, or on spectral elements of the slopes, which is
 * sharper.
 */
static double at_threshold(const npde_entropy *e, const double *density)
{
    const npde_grid *g = e->grid;
    if (g->scheme != NPDE_SCHEME_SPECTRAL || !e->of->absorbing) return rate_of(e, density) / e->rate;
    size_t s = 0;
    while (g->node[s + 1] < e->of->end) s++;
    double dn[NPDE__MAX_NODES] = {0}, dp[NPDE__MAX_NODES] = {0};
    differentiate(e, s, density, dn, dp);
    return dn[g->cells[s]] / dp[g->cells[s]];
}

/* Firing goes to the reservoir and from there to the reset, or there at once. */
static double over_jumps(const npde_entropy *e)
{
    const size_t threshold = e->of->end, reservoir = threshold + 1, to = e->tau > 0 ? reservoir : e->of->reset;
    double sum = e->tau > 0 ? e->rate * bracket(e, reservoir, e->of->reset) : 0;
    if (e->of->absorbing) return sum + e->rate * bracket(e, threshold, to);
    for (size_t i = e->of->c_first; i < e->of->end; i++)
        sum += e->op.c[i - e->of->c_first] * e->steady[i] * bracket(e, i, to);
    return sum;
}

/* The share of the density where P is not resolved, P ≤ least. h there is 1: what is there counts nothing. */
static double unresolved_share(npde_entropy *e, const double *density, double least)
{
    const double *steady = reference(e);
    double all = 0, lost = 0;
    for (size_t i = 0; i < e->of->end; i++) {
        const double mass = e->grid->w[i] * fabs(density[i]);
        const int resolved = steady[i] > least;
        e->h[i] = resolved ? density[i] / steady[i] : 1;
        all += mass;
        if (!resolved) lost += mass;
    }
    return all > 0 ? lost / all : 0;
}

/* Where rounding hides the density and P is even smaller, h is what it might be at most. */
static void drown(npde_entropy *e, const double *density, double least)
{
    double loudest = 0;
    for (size_t i = 0; i < e->of->end; i++) loudest = fmax(loudest, fabs(density[i]));
    for (size_t i = 0; i < e->of->end; i++) {
        e->drowned[i] = e->exact[i] <= least && e->h[i] != 1 && fabs(density[i]) < audible * loudest;
        if (e->drowned[i]) e->h[i] = audible * loudest / e->exact[i];
    }
}

/* h = n/P, as far as it means something; nearly all of the density must be there. */
static npde_status divide(npde_entropy *e, const double *density)
{
    const int spectral = e->grid->scheme == NPDE_SCHEME_SPECTRAL;
    double top = 0;
    for (size_t i = 0; i < e->of->end; i++) top = fmax(top, e->steady[i]);
    e->far = 0;
    double least = (spectral ? unresolved_spectral : unresolved_volumes) * top;
    double lost = unresolved_share(e, density, least);
    e->far = e->closed && lost > tolerable;
    if (e->far) {
        const double near = least;
        least = unresolved_volumes * top;
        lost = unresolved_share(e, density, least);
        drown(e, density, near);
    }
    if (lost <= tolerable) return NPDE_OK;
    return npde__fail(e->context, NPDE_ERR_RANGE,
                      "%.3g of the density lies where the steady state is not resolved, below %.3g: its ratio to the "
                      "density means nothing there, and at most %g may lie there; %s",
                      lost, least, tolerable,
                      spectral ? "take finite volumes, or measure later in the run" : "measure later in the run");
}

/* x ln x needs x ≥ 0; negative by rounding of the largest counts as 0. */
static npde_status check_sign(npde_entropy *e, const double *density, double reservoir)
{
    static const double rounding = 1e-12;
    double top = 0;
    for (size_t i = 0; i < e->of->end; i++) top = fmax(top, density[i]);
    for (size_t i = 0; i < e->of->end; i++)
        if (density[i] < -rounding * top)
            return npde__fail(e->context, NPDE_ERR_RANGE,
                              "the density is %g at v = %g: NPDE_ENTROPY_KULLBACK_LEIBLER needs one >= 0, but for "
                              "rounding of %g of its maximum %g",
                              density[i], e->grid->v[i], rounding, top);
    if (e->tau > 0 && reservoir < -rounding * fmax(1, top))
        return npde__fail(e->context, NPDE_ERR_RANGE,
                          "the reservoir is %g: NPDE_ENTROPY_KULLBACK_LEIBLER needs one >= 0", reservoir);
    return NPDE_OK;
}

npde_status npde__entropy_measure(npde_entropy *e, npde_id function, const double *density, double reservoir,
                                  double *value, double *by_diffusion, double *by_jump)
{
    const size_t end = e->of->end;
    const int spectral = e->grid->scheme == NPDE_SCHEME_SPECTRAL;
    if (spectral && by_diffusion && function == NPDE_ENTROPY_ABSOLUTE)
        return npde__fail(e->context, NPDE_ERR_UNSUPPORTED,
                          "|x - 1| has no curvature to integrate on a spectral grid: ask for no by_diffusion, or take "
                          "finite volumes");
    npde_status status = function == NPDE_ENTROPY_KULLBACK_LEIBLER ? check_sign(e, density, reservoir) : NPDE_OK;
    if (!status) status = divide(e, density);
    if (status) return status;
    e->h[end] = at_threshold(e, density);
    e->h[end + 1] = e->tau > 0 ? reservoir / e->reservoir : 1;
    if ((status = evaluate(e, function))) return status;
    double sum = e->tau > 0 ? e->reservoir * e->value[end + 1] : 0;
    double doubt = 0;
    for (size_t i = 0; i < end; i++) {
        const double part = e->grid->w[i] * reference(e)[i] * e->value[i];
        if (e->far && e->drowned[i]) doubt += fabs(part);
        else sum += part;
    }
    if (!(doubt <= doubtful * fabs(sum)))
        return npde__fail(
            e->context, NPDE_ERR_RANGE,
            "what rounding leaves of the density where the steady state is not resolved may make %.3g of %s, "
            "beside %.3g elsewhere; take finite volumes, or measure later in the run",
            doubt, npde__ids_row(function)->name, sum);
    const double diffused = by_diffusion ? spectral ? over_elements(e, density) : over_faces(e) : 0,
                 jumped = by_jump ? over_jumps(e) : 0;
    if (!isfinite(sum) || isnan(diffused) || isnan(jumped))
        return npde__fail(e->context, NPDE_ERR_RANGE,
                          "%s of this density is %g, its dissipation %g and %g: the density is too large for numbers",
                          npde__ids_row(function)->name, sum, diffused, jumped);
    *value = sum;
    if (by_diffusion) *by_diffusion = diffused;
    if (by_jump) *by_jump = jumped;
    return NPDE_OK;
}
