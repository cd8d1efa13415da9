/* SPDX-License-Identifier: BSD-3-Clause
 * Backward differentiation formulas of orders 1 to 5 with a fixed leading coefficient (Jackson & Sacks-Davis, ACM Trans. Math.
 * Softw. 6, 1980, 295; Brenan, Campbell & Petzold, Numerical Solution of Initial-Value Problems in Differential-Algebraic
 * Equations, 5.2) on the last accepted states themselves. With P the polynomial of degree k through the last k + 1 of them,
 * whatever their times,
 *
 *     y − γ F(t + h, y) = P(t + h) − γ P'(t + h),     γ = h/α_k,   α_k = (1 − κ_k) Σ_{j≤k} 1/j,
 *
 * where κ_k ≠ 0 makes a numerical differentiation formula of it (Shampine & Reichelt, SIAM J. Sci. Comput. 18, 1997, 1). For
 * equal steps this is the method of backward differences. Keeping states and not differences costs no pass over memory when a
 * step is accepted, and a step that is cut short leaves no trace: the next polynomial goes through the true points again.
 *
 * The equation is solved by Newton's method with the exact Jacobian of an earlier step, factored. The first five steps, and the
 * first five after coefficients jump, are RODAS5P's: order 5 then begins at once.
 */
#include "steppers/stepper.h"

#include "numerics/kernels.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST = 5, OLDER = MOST + 1, POINTS = OLDER + 1 };
enum { CORRECTION, SLOPE, REST }; /* work vectors, when RODAS5P does not use them */
enum { ADAPTIVE_PASSES = 5, FIXED_PASSES = 20, ATTEMPTS = 4, DOUBTS = 3 };

static const double kappa[MOST + 1] = {0, -0.185, -1.0 / 9, -0.0823, 0, 0};
static const double harmonic[MOST + 1] = {0, 1, 3.0 / 2, 11.0 / 6, 25.0 / 12, 137.0 / 60};

static const double solved = 0.1;     /* of the tolerance: what Newton's method may leave */
static const double patience = 0.5;   /* slowest convergence that is worth going on with */
static const double most_growth = 2;  /* of a step */
static const double worthwhile = 1.7; /* growth that pays for a factorisation */
static const double short_step = 0.1; /* of the one before */

typedef struct {
    double *y[OLDER], *rates[OLDER]; /* accepted states before the present one, the latest first */
    double age[POINTS];              /* time since the present one, 0, and since those */
    size_t known;                    /* how many of those there are */
    size_t order, next_order;        /* of the next step; of the one after the offered one */
    size_t offered;                  /* order of the offered step; 0 for RODAS5P's */
    int64_t since;                   /* steps since order or size was chosen */
    int64_t doubts;                  /* steps in a row after which the formula did not look stable */
    size_t attempts;                 /* at the next step */
    int64_t merged;                  /* the last step was too short for a point of its own */
    /* The Jacobian: */
    double gamma; /* that it is factored for; 0 when there is none */
    int fresh;    /* it is the present state's */
    int tired;    /* it is to be taken anew in the next step */
    double rate;  /* at which Newton's method converges with it, as last seen */
} bdf;

/* ---- the formula ---- */

static double leading(size_t order)
{
    return (1 - kappa[order]) * harmonic[order];
}

/* value_j and right_j: what y_j contributes to P and to P − γP' at the end of a step of size h, P of that degree. */
static void weigh(const double *age, size_t degree, double h, double *value, double *right)
{
    value[0] = right[0] = 1; /* they sum to 1 to rounding, so that mass is kept and nothing drifts */
    for (size_t j = 1; j <= degree; j++) {
        double product = 1, sum = 0; /* of the Lagrange polynomial, and its derivative over it */
        for (size_t i = 0; i <= degree; i++) {
            if (i == j) continue;
            product *= (h + age[i]) / (age[i] - age[j]);
            sum += h / (h + age[i]);
        }
        value[j] = product;
        right[j] = product * (1 - sum / leading(degree));
        value[0] -= value[j];
        right[0] -= right[j];
    }
}

/*
 * Error of a step as a multiple of y − P: h times the residual that the solution leaves in the formula. It may vanish for unequal
 * steps, so it is held to what equal ones have.
 */
static double error_constant(const double *age, size_t order, double h)
{
    const double alpha = leading(order), equal = kappa[order] * harmonic[order] + 1 / ((double)order + 1);
    double sum = 0;
    for (size_t i = 0; i <= order; i++) sum += h / (h + age[i]);
    return fmax(fabs(alpha - sum), equal * ((double)order + 1) * h / (h + age[order]));
}

/* out = Σ_j weight_j y_j + Σ_j more_j x_j over the accepted states, the present one first, and some others. */
static void combine(const npde__stepper *s, size_t points, const double *weight, size_t others, const double *more,
                    const double *const *x, double *out)
{
    const bdf *d = s->data;
    double c[NPDE__KERNELS_TERMS];
    const double *v[NPDE__KERNELS_TERMS];
    for (size_t j = 0; j < points; j++) {
        c[j] = weight[j];
        v[j] = j ? d->y[j - 1] : s->y;
    }
    for (size_t j = 0; j < others; j++) {
        c[points + j] = more[j];
        v[points + j] = x[j];
    }
    npde__kernels_best()->combine(s->system->n, points + others, c, v, out);
}

/* ---- Newton's method ---- */

static npde_status take_jacobian(npde__stepper *s, double t, double h, double gamma)
{
    bdf *d = s->data;
    npde__system *system = s->system;
    const int outdated = d->tired && !d->fresh;
    if (d->gamma == gamma && !outdated) return NPDE_OK;
    npde_status status = NPDE_OK;
    if (d->gamma == 0 || outdated || !(d->fresh || system->constant)) {
        status = system->ops->linearize(system, t, h, s->y, s->rates, s->work[REST]);
        d->fresh = 1;
    }
    d->tired = 0;
    d->gamma = 0;
    if (!status) status = system->ops->factor_jacobian(system, gamma);
    if (!status) d->gamma = gamma;
    return status;
}

/* out = the correction of y_new, where right are the weights of P − γP'. */
static npde_status correct(npde__stepper *s, double t, size_t order, const double *right, double *out)
{
    npde__system *system = s->system;
    const double gamma = ((const bdf *)s->data)->gamma;
    double *slope = s->work[SLOPE], *rest = s->work[REST];
    npde_status status = system->ops->remainder(system, t, -1, s->y_new, s->rates_new, rest);
    if (status) return status;
    if (!system->coupled) { /* then J is the frozen linear part, and one product with it is saved */
        combine(s, order + 1, right, 1, &gamma, (const double *const[]){rest}, out);
        status = system->ops->solve_jacobian(system, out);
        npde__kernels_best()->combine(system->n, 2, (const double[]){1, -1}, (const double *const[]){out, s->y_new},
                                      out);
        return status;
    }
    system->ops->apply(system, 0, s->y_new, slope);
    combine(s, order + 1, right, 3, (const double[]){-1, gamma, gamma}, (const double *const[]){s->y_new, slope, rest},
            out);
    return system->ops->solve_jacobian(system, out);
}

static double largest(const double *x, size_t n)
{
    double max = 0;
    for (size_t i = 0; i < n; i++) max = fmax(max, fabs(x[i]));
    return max;
}

static int adaptive(const npde__stepper *s)
{
    return s->norm && s->dt == 0;
}

/*
 * From the prediction in y_new to the solution; error ← solution − prediction. Adaptive steps stop when the tolerance will not
 * notice what is left, fixed ones at rounding. *passes counts corrections.
 */
static npde_status iterate(npde__stepper *s, double t, size_t order, const double *right, int *passes)
{
    bdf *d = s->data;
    const size_t n = s->system->n;
    const npde__kernels *kernels = npde__kernels_best();
    const double goal = adaptive(s) ? solved : DBL_EPSILON / 4;
    /* A rate that is not measured again is trusted less from step to step (Hairer & Wanner II, IV.8). */
    double before = 0, rate = adaptive(s) ? pow(d->rate, 0.9) : 1;
    for (*passes = 1; *passes <= (adaptive(s) ? ADAPTIVE_PASSES : FIXED_PASSES); ++*passes) {
        double *delta = *passes == 1 ? s->error : s->work[CORRECTION];
        const npde_status status = correct(s, t, order, right, delta);
        if (status) return status;
        kernels->combine(n, 2, (const double[]){1, 1}, (const double *const[]){s->y_new, delta}, s->y_new);
        if (delta != s->error)
            kernels->combine(n, 2, (const double[]){1, 1}, (const double *const[]){s->error, delta}, s->error);
        const double size = adaptive(s) ? s->norm(s->norm_self, delta) : largest(delta, n) / largest(s->y_new, n);
        if (*passes > 1) rate = size / before;
        d->rate = fmin(1, fmax(rate, 1e-4));
        if (size <= goal || (rate < patience && size * rate / (1 - rate) <= goal)) return NPDE_OK;
        if (*passes > 1 && rate >= patience) {
            if (!adaptive(s) && size <= 1e-13) return NPDE_OK; /* rounding errors: no pass makes them smaller */
            break;
        }
        before = size;
    }
    return npde__fail(s->system->context, NPDE__RETRY, "Newton's iteration does not converge at t = %g", t);
}

static npde_status solve(npde__stepper *s, double t, double h, size_t order, const double *value, const double *right)
{
    bdf *d = s->data;
    npde__system *system = s->system;
    for (;;) {
        npde_status status = take_jacobian(s, t, h, h / leading(order));
        if (status) return status;
        if (system->constant) { /* F = J y: a single solution, and no F */
            combine(s, order + 1, right, 0, NULL, NULL, s->y_new);
            s->stages++;
            return system->ops->solve_jacobian(system, s->y_new);
        }
        combine(s, order + 1, value, 0, NULL, NULL, s->y_new);
        for (size_t k = 0; k < system->n_rates; k++) {
            s->rates_new[k] = value[0] * s->rates[k];
            for (size_t j = 1; j <= order; j++) s->rates_new[k] += value[j] * d->rates[j - 1][k];
        }
        int passes;
        status = iterate(s, t + h, order, right, &passes);
        s->stages += passes;
        s->iterations += passes;
        d->tired = status || passes > (adaptive(s) ? 2 : 5);
        if (status != NPDE__RETRY || d->fresh) return status;
    }
}

/* ---- a step ---- */

static npde_status bdf_step(npde__stepper *s, double t, double h, int want_error)
{
    bdf *d = s->data;
    npde__system *system = s->system;
    const size_t order = d->offered;
    double value[POINTS], right[POINTS];
    weigh(d->age, order, h, value, right);
    npde_status status = solve(s, t, h, order, value, right);
    if (status) return status;
    s->slope_new_known = 0;
    s->error_order = order;
    if (want_error) {
        const double c = error_constant(d->age, order, h);
        if (system->constant) {
            for (size_t j = 0; j <= order; j++) value[j] *= -c;
            combine(s, order + 1, value, 1, &c, (const double *const[]){s->y_new}, s->error);
        } else {
            for (size_t i = 0; i < system->n; i++) s->error[i] *= c;
        }
    }
    if (system->constant) memcpy(s->rates_new, s->rates, system->n_rates * sizeof *s->rates);
    return system->ops->rates(system, t + h, -1, s->y_new, s->rates_new);
}

/* Until there are states for order 5, and when nothing else helps, a step of RODAS5P. */
static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    bdf *d = s->data;
    const size_t attempt = d->attempts++;
    /* Steps begin anew where attempts fail, and after one so short that next to this one it is a point twice. */
    if (attempt >= ATTEMPTS || (d->known > 0 && d->age[1] < 1e-3 * h)) {
        d->known = 0;
        d->next_order = MOST;
    }
    d->offered = d->known < MOST ? 0 : d->order;
    if (d->offered && attempt >= 2) d->offered = d->offered > attempt ? d->offered - attempt + 1 : 1;
    if (d->offered) return bdf_step(s, t, h, want_error);
    d->gamma = 0;
    s->error_order = npde__rodas5p.error_order;
    return npde__rodas5p.step(s, t, h, want_error);
}

/* ---- order and size of the next step ---- */

/* ‖y_new − P(t + h)‖, P of that degree; in place of the error, which has done its work. */
static double distance(npde__stepper *s, size_t degree, double h)
{
    const bdf *d = s->data;
    double value[POINTS], right[POINTS];
    weigh(d->age, degree, h, value, right);
    for (size_t j = 0; j <= degree; j++) value[j] = -value[j];
    combine(s, degree + 1, value, 1, (const double[]){1}, (const double *const[]){s->y_new}, s->error);
    return s->norm(s->norm_self, s->error);
}

static double growth(double bias, double error, size_t order)
{
    return 1 / (bias * pow(fmax(error, 1e-10), 1 / ((double)order + 1)));
}

/* Steps of RODAS5P grow as long as a backward difference of the order at hand could follow them. */
static double next_start_step(npde__stepper *s, double h)
{
    const bdf *d = s->data;
    double factor = fmin(most_growth, growth(1.1, s->norm(s->norm_self, s->error), npde__rodas5p.error_order));
    if (d->known >= 3)
        factor = fmin(factor, growth(1.2, error_constant(d->age, d->known, h) * distance(s, d->known, h), d->known));
    return h * fmax(0.2, factor);
}

static double next_step(npde__stepper *s, double h)
{
    bdf *d = s->data;
    if (!d->offered) return next_start_step(s, h);
    const size_t order = d->next_order = d->offered;
    const double error = s->norm(s->norm_self, s->error), now = error / error_constant(d->age, order, h);
    double factor = growth(1.1, error, order);
    int unstable = 0;
    if (factor >= 1 && ++d->since < (int64_t)order) return h;
    if (order > 1) {
        const double lower = distance(s, order - 1, h);
        const double other = growth(1.2, error_constant(d->age, order - 1, h) * lower, order - 1);
        /* Differences that go on not falling with their order are those of a mode beyond the stability of the formula. */
        d->doubts = order > 2 && lower <= now ? d->doubts + 1 : 0;
        unstable = d->doubts >= DOUBTS;
        if (unstable || other > factor) {
            d->next_order = order - 1;
            factor = other;
        }
    }
    if (d->next_order == order && order < MOST && d->known > order) {
        const double higher = distance(s, order + 1, h);
        const double other = growth(1.3, error_constant(d->age, order + 1, h) * higher, order + 1);
        if (higher < now && other > factor) {
            d->next_order = order + 1;
            factor = other;
        }
    }
    if (factor >= 1 && factor < worthwhile && !unstable) {
        d->next_order = order;
        return h;
    }
    d->since = 0;
    if (d->next_order != order) d->doubts = 0;
    return h * fmin(most_growth, fmax(0.5, factor));
}

/* ---- memory ---- */

static void forget(npde__stepper *s)
{
    bdf *d = s->data;
    d->known = 0;
    d->order = d->next_order = MOST;
    d->since = d->doubts = d->merged = 0;
    d->attempts = 0;
    d->gamma = 0;
    d->rate = 1;
}

static npde_status init(npde__stepper *s)
{
    npde_context *c = s->system->context;
    bdf *d = npde__alloc(c, 1, sizeof *d);
    if (!d) return NPDE_ERR_MEMORY;
    s->data = d;
    for (size_t j = 0; j < OLDER; j++) {
        d->y[j] = npde__alloc(c, s->system->n, sizeof(double));
        d->rates[j] = npde__alloc(c, s->system->n_rates, sizeof(double));
        if (!d->y[j] || !d->rates[j]) return NPDE_ERR_MEMORY;
    }
    forget(s);
    return NPDE_OK;
}

static void release(npde__stepper *s)
{
    npde_context *c = s->system->context;
    bdf *d = s->data;
    for (size_t j = 0; d && j < OLDER; j++) {
        npde__free(c, d->y[j]);
        npde__free(c, d->rates[j]);
    }
    npde__free(c, d);
}

/*
 * The present state becomes an older one: vectors change hands, nothing is copied. A state that a very short step has left
 * behind is dropped: a difference between two so close together would be rounding errors.
 */
static void accept(npde__stepper *s, double h)
{
    bdf *d = s->data;
    d->merged = d->known > 0 && !d->merged && h < short_step * d->age[1];
    if (!d->merged) {
        double *y = d->y[OLDER - 1], *rates = d->rates[OLDER - 1];
        memmove(d->y + 1, d->y, (OLDER - 1) * sizeof *d->y);
        memmove(d->rates + 1, d->rates, (OLDER - 1) * sizeof *d->rates);
        memmove(d->age + 1, d->age, (POINTS - 1) * sizeof *d->age);
        d->y[0] = s->y;
        s->y = y;
        d->rates[0] = rates;
        memcpy(rates, s->rates, s->system->n_rates * sizeof *rates);
        if (d->known < OLDER) d->known++;
    }
    for (size_t j = 1; j <= d->known; j++) d->age[j] += h;
    d->order = d->next_order;
    d->fresh = 0;
    d->attempts = 0;
}

/* The polynomial through the last states, of the degree that the step had. */
static void dense(npde__stepper *s, double theta, double *y)
{
    const bdf *d = s->data;
    if (!d->offered) {
        double *const held = s->y_new;
        if (!d->merged) s->y_new = d->y[0]; /* where the step began */
        npde__rodas5p.dense(s, theta, y);
        s->y_new = held;
        return;
    }
    double value[POINTS], right[POINTS];
    weigh(d->age, d->offered, (theta - 1) * s->h_old, value, right);
    combine(s, d->offered + 1, value, 0, NULL, NULL, y);
}

/* Factors are not in a snapshot: the run that is saved and the one that is restored both make them anew. */
static void snapshot(npde__stepper *s, npde__bytes *bytes)
{
    bdf *d = s->data;
    npde__bytes_block(bytes, d->age, sizeof d->age);
    npde__bytes_block(bytes, &d->known, sizeof d->known);
    npde__bytes_block(bytes, &d->order, sizeof d->order);
    npde__bytes_block(bytes, &d->since, sizeof d->since);
    npde__bytes_block(bytes, &d->doubts, sizeof d->doubts);
    npde__bytes_block(bytes, &d->merged, sizeof d->merged);
    for (size_t j = 0; j < OLDER; j++) {
        npde__bytes_block(bytes, d->y[j], s->system->n * sizeof(double));
        npde__bytes_block(bytes, d->rates[j], s->system->n_rates * sizeof(double));
    }
    if (bytes->mode == NPDE__BYTES_MEASURE) return;
    d->next_order = d->order;
    d->attempts = 0;
    d->gamma = 0;
    d->rate = 1;
}

const npde__method npde__bdf = {.id = NPDE_METHOD_BDF,
                                .calibration = 6,
                                .order = MOST,
                                .past = MOST - 1,
                                .error_order = MOST,
                                .vectors = NPDE__RODAS_VECTORS,
                                .step = step,
                                .init = init,
                                .free = release,
                                .accept = accept,
                                .restart = forget,
                                .next_step = next_step,
                                .dense = dense,
                                .snapshot = snapshot};
