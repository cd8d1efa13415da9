/* SPDX-License-Identifier: BSD-3-Clause
 * Every method on a toy system of two unknowns and one rate, with no grid, no model and no solver: the seam alone.
 *
 *     y0' = −(1 + N) y0 + 2 y1 + sin t,  y1' = (1 + N) y0 − 2 y1,  N = y1 + y0/4.
 */
#include "steppers/stepper.h"
#include "support.h"

#include <math.h>
#include <string.h>

typedef struct {
    npde__system base;
    double rate, force, gamma, y[2];
    npde__complex shift;
} toy;

static double functional(const double *y)
{
    return y[1] + y[0] / 4;
}

static npde_status toy_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    (void)s, (void)t, (void)side;
    rates[0] = functional(y);
    return NPDE_OK;
}

static npde_status toy_freeze(npde__system *s, double t, int side, const double *rates)
{
    (void)side;
    ((toy *)s)->rate = rates[0];
    ((toy *)s)->force = sin(t);
    return NPDE_OK;
}

static npde_status toy_factor(npde__system *s, double gamma)
{
    ((toy *)s)->gamma = gamma;
    s->factorizations++;
    return NPDE_OK;
}

/* (I − γL)⁻¹ r, L = [−a 2; a −2], a = 1 + N. */
static void invert(const toy *s, double *x)
{
    const double a = s->gamma * (1 + s->rate), b = s->gamma * 2, det = (1 + a) * (1 + b) - a * b;
    const double x0 = ((1 + b) * x[0] + b * x[1]) / det, x1 = (a * x[0] + (1 + a) * x[1]) / det;
    x[0] = x0;
    x[1] = x1;
}

static void toy_solve(npde__system *s, int forced, double *x, double *rates)
{
    const toy *t = (const toy *)s;
    if (forced) x[0] += t->gamma * t->force;
    invert(t, x);
    rates[0] = functional(x);
}

static void toy_apply(npde__system *s, int forced, const double *y, double *out)
{
    const toy *t = (const toy *)s;
    out[1] = (1 + t->rate) * y[0] - 2 * y[1];
    out[0] = -out[1] + (forced ? t->force : 0);
}

static npde_status toy_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                               double *residual, int *linear)
{
    (void)t, (void)side, (void)rates;
    const toy *self = (const toy *)s;
    double dy[2] = {-self->gamma * y[0], self->gamma * y[0]}; /* γ ∂L/∂N y */
    invert(self, dy);
    residual[0] /= 1 - functional(dy);
    *linear = 0;
    return NPDE_OK;
}

/* F − L y when L is frozen at another rate. */
static npde_status toy_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    (void)side;
    const toy *self = (const toy *)s;
    rates[0] = functional(y);
    out[1] = (rates[0] - self->rate) * y[0];
    out[0] = -out[1] + sin(t);
    return NPDE_OK;
}

static npde_status toy_evaluate(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    (void)s, (void)side;
    rates[0] = functional(y);
    out[1] = (1 + rates[0]) * y[0] - 2 * y[1];
    out[0] = -out[1] + sin(t);
    return NPDE_OK;
}

static void toy_raise(npde__system *s, double factor)
{
    (void)s, (void)factor;
}

/* The rate plays the diffusion's part: it moves the operator by less than itself. */
static void toy_drift(const npde__system *s, double *low, double *high, double *advection)
{
    (void)s;
    *low = *high = *advection = 0;
}

static void toy_measure(const npde__system *s, const double *e, double *mass, double *rates)
{
    (void)s;
    *mass = fabs(e[0]) + fabs(e[1]);
    rates[0] = functional(e);
}

static npde_status toy_linearize(npde__system *s, double t, double h, const double *y, const double *rates,
                                 double *slope)
{
    (void)h;
    toy *self = (toy *)s;
    memcpy(self->y, y, sizeof self->y);
    if (slope) {
        slope[0] = cos(t);
        slope[1] = 0;
    }
    return toy_freeze(s, t, +1, rates);
}

/* (I − γJ)⁻¹ = the frozen inverse and a correction of rank one: J = L + (−y0, y0)ᵀ (1/4, 1). */
static npde_status toy_solve_jacobian(npde__system *s, double *x)
{
    const toy *self = (const toy *)s;
    double column[2] = {-self->gamma * self->y[0], self->gamma * self->y[0]};
    invert(self, x);
    invert(self, column);
    const double rate = functional(x) / (1 - functional(column));
    for (int i = 0; i < 2; i++) x[i] += rate * column[i];
    return NPDE_OK;
}

static npde_status toy_make_complex(npde__system *s)
{
    (void)s;
    return NPDE_OK;
}

static npde_status toy_factor_complex(npde__system *s, npde__complex gamma)
{
    ((toy *)s)->shift = gamma;
    return NPDE_OK;
}

/* J = [−p q; p −q] = (−1, 1)ᵀ (p, −q), so that (I − γJ)⁻¹ x = x + γJx/(1 + γ(p + q)). */
static npde_status toy_solve_complex(npde__system *s, double *re, double *im)
{
    const toy *self = (const toy *)s;
    const double p = 1 + self->rate + self->y[0] / 4, q = 2 - self->y[0];
    const npde__complex one = {1 + self->shift.re * (p + q), self->shift.im * (p + q)};
    const npde__complex jx = {p * re[0] - q * re[1], p * im[0] - q * im[1]};
    const npde__complex d = npde__complex_times(npde__complex_times(self->shift, jx), npde__complex_inverse(one));
    re[0] -= d.re, im[0] -= d.im;
    re[1] += d.re, im[1] += d.im;
    return NPDE_OK;
}

static const npde__system_ops ops = {.make_complex = toy_make_complex,
                                     .factor_jacobian_complex = toy_factor_complex,
                                     .solve_jacobian_complex = toy_solve_complex,
                                     .remainder = toy_remainder,
                                     .evaluate = toy_evaluate,
                                     .raise = toy_raise,
                                     .drift = toy_drift,
                                     .measure = toy_measure,
                                     .linearize = toy_linearize,
                                     .factor_jacobian = toy_factor,
                                     .solve_jacobian = toy_solve_jacobian,
                                     .rates = toy_rates,
                                     .freeze = toy_freeze,
                                     .factor = toy_factor,
                                     .solve = toy_solve,
                                     .apply = toy_apply,
                                     .correct = toy_correct};

static void reference_slope(double t, const double *y, double *dy)
{
    dy[1] = (1 + functional(y)) * y[0] - 2 * y[1];
    dy[0] = -dy[1] + sin(t);
}

/* Classical Runge–Kutta with very many steps. */
static void reference(double end, double *y)
{
    const int n = 20000;
    const double h = end / n;
    y[0] = 1;
    y[1] = 0;
    for (int i = 0; i < n; i++) {
        double k[4][2], z[2];
        reference_slope(i * h, y, k[0]);
        for (int s = 1; s < 4; s++) {
            const double c = s == 3 ? 1 : 0.5;
            for (int j = 0; j < 2; j++) z[j] = y[j] + c * h * k[s - 1][j];
            reference_slope((i + c) * h, z, k[s]);
        }
        for (int j = 0; j < 2; j++) y[j] += h / 6 * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]);
    }
}

/* NaN when the method refuses the toy, which is not constant. */
static double integrate(const npde__method *method, int steps, int iterate, double *local_error, double *rate)
{
    npde_context *c;
    OK(c, npde_context_new(&c));
    toy system = {.base = {.ops = &ops, .context = c, .n = 2, .n_rates = 1, .stride = 2, .coupled = 1}};
    npde__stepper s;
    const npde_status status = npde__stepper_init(&s, method, &system.base);
    if (status == NPDE_ERR_UNSUPPORTED) {
        npde__stepper_free(&s);
        npde_context_free(c);
        *rate = *local_error = NAN;
        return NAN;
    }
    ck_assert_int_eq(status, NPDE_OK);
    s.iterate = iterate;
    s.y[0] = 1;
    s.y[1] = 0;
    s.rates[0] = functional(s.y);
    const double h = s.dt = 2.0 / steps;
    *local_error = 0;
    for (int i = 0; i < steps; i++) {
        OK(c, method->step(&s, i * h, h, method->error_order > 0));
        /* The last one: first steps may have another estimate. */
        if (method->error_order) *local_error = fabs(s.error[0]) + fabs(s.error[1]);
        npde__stepper_accept(&s, h);
    }
    double exact[2];
    reference(2, exact);
    const double error = fabs(s.y[0] - exact[0]) + fabs(s.y[1] - exact[1]);
    *rate = s.rates[0] - functional(s.y);
    npde__stepper_free(&s);
    npde_context_free(c);
    return error;
}

START_TEST(have_their_order)
{
    const npde__method *method;
    for (size_t i = 0; (method = npde__method_at(i)) != NULL; i++)
        for (int iterate = 0; iterate < 2 && !method->splits; iterate++) {
            double local[2], rate;
            /* Fewer steps for high orders, whose errors would be rounding. */
            const int few = method->order < 3 ? 200 : method->order == 3 ? 80 : 48;
            const int steps = method->past > 0 ? 7 * few / 2 : few; /* multistep: after the start */
            const double coarse = integrate(method, steps, iterate, &local[0], &rate);
            const double fine = integrate(method, 2 * steps, iterate, &local[1], &rate);
            if (isnan(coarse)) continue;
            NEAR(log2(coarse / fine), (double)method->order, 0.15);
            if (method->error_order) NEAR(log2(local[0] / local[1]), (double)method->error_order + 1, 0.2);
        }
}
END_TEST

/* The rate a step delivers is that of the state it delivers. */
START_TEST(deliver_the_rate_of_their_state)
{
    const npde__method *method;
    for (size_t i = 0; (method = npde__method_at(i)) != NULL; i++)
        for (int iterate = 0; iterate < 2 && !method->splits; iterate++) {
            double local, rate;
            if (!isnan(integrate(method, 20, iterate, &local, &rate))) NEAR(rate, 0, 1e-13);
        }
}
END_TEST

/* An unknown id is no method; the registry and the table of ids hold the same ones. */
START_TEST(registry_and_ids_agree)
{
    size_t n;
    npde_id id;
    ck_assert_int_eq(npde_id_count(NPDE_FAMILY_METHOD, &n), NPDE_OK);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(npde_id_at(NPDE_FAMILY_METHOD, i, &id), NPDE_OK);
        ck_assert_ptr_nonnull(npde__method_find(id));
        ck_assert_int_eq(npde__method_find(id)->id, id);
    }
    ck_assert_ptr_null(npde__method_at(n));
    ck_assert_ptr_null(npde__method_find(NPDE_MODEL_LIF));
}
END_TEST

MAIN("steppers", have_their_order, deliver_the_rate_of_their_state, registry_and_ids_agree)
