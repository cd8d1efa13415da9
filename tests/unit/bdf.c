/* SPDX-License-Identifier: BSD-3-Clause
 * The formulas of bdf.c by themselves: order conditions on steps of any sizes, error constants, stability; then what the step
 * makes of them on equations with a polynomial for a solution. */
#define npde__bdf npde__bdf_under_test
#include "../../lib/steppers/bdf.c"
#undef npde__bdf

#include "support.h"

#include <complex.h>

static double power(double x, size_t k)
{
    return k ? x * power(x, k - 1) : 1;
}

/* Ages of states that steps of random sizes have left behind. */
static void draw_ages(random_stream *stream, double *age)
{
    age[0] = 0;
    for (size_t j = 1; j < POINTS; j++) age[j] = age[j - 1] + random_between(stream, 0.3, 1.7);
}

/* P reproduces polynomials of its degree: Σ value_j q(t_j) = q(h) and Σ right_j q(t_j) = q(h) − γ q'(h) for q = t^m, m ≤ k. */
START_TEST(order_conditions)
{
    random_stream stream = {11};
    for (int draw = 0; draw < 200; draw++) {
        double age[POINTS], value[POINTS], right[POINTS];
        const double h = random_between(&stream, 0.3, 2);
        draw_ages(&stream, age);
        for (size_t k = 1; k <= MOST; k++) {
            weigh(age, k, h, value, right);
            for (size_t m = 0; m <= k; m++) {
                double p = 0, r = 0, size = 1;
                for (size_t j = 0; j <= k; j++) {
                    p += value[j] * power(-age[j], m);
                    r += right[j] * power(-age[j], m);
                    size = fmax(size, fabs(value[j] * power(-age[j], m)));
                }
                const double slope = m ? (double)m * power(h, m - 1) : 0;
                NEAR(p, power(h, m), 1e-13 * size);
                NEAR(r, power(h, m) - h / leading(k) * slope, 1e-13 * size);
            }
        }
    }
}
END_TEST

/*
 * The residual of t^{k+1} in the formula, over (t^{k+1} − P)/h, is the error constant, on equal steps 1/(k + 1) + κ Σ 1/j; on
 * unequal ones the constant is never below it.
 */
START_TEST(error_constants)
{
    random_stream stream = {12};
    for (int draw = 0; draw < 200; draw++) {
        double age[POINTS], value[POINTS], right[POINTS];
        const double h = draw ? random_between(&stream, 0.3, 2) : 1;
        draw_ages(&stream, age);
        for (size_t j = 0; j < POINTS && draw == 0; j++) age[j] = (double)j;
        for (size_t k = 1; k <= MOST; k++) {
            double p = 0, r = 0;
            weigh(age, k, h, value, right);
            for (size_t j = 0; j <= k; j++) {
                p += value[j] * power(-age[j], k + 1);
                r += right[j] * power(-age[j], k + 1);
            }
            const double q = power(h, k + 1), slope = (double)(k + 1) * power(h, k), gamma = h / leading(k);
            const double constant = fabs((q - gamma * slope - r) / gamma * h / (q - p));
            const double equal = 1 / ((double)k + 1) + kappa[k] * harmonic[k];
            const double used = error_constant(age, k, h);
            if (draw == 0) {
                NEAR(constant, equal, 1e-11);
                NEAR(used, equal, 1e-13);
            } else {
                ck_assert_double_ge(used, constant * (1 - 1e-9));
            }
        }
    }
}
END_TEST

/* On equal steps and without κ these are the classical coefficients (Hairer, Nørsett & Wanner I, III.1). */
START_TEST(classical_coefficients)
{
    static const double classical[2][MOST] = {{48. / 25, -36. / 25, 16. / 25, -3. / 25, 0},
                                              {300. / 137, -300. / 137, 200. / 137, -75. / 137, 12. / 137}};
    static const double gamma[2] = {12. / 25, 60. / 137};
    double age[POINTS], value[POINTS], right[POINTS];
    for (size_t j = 0; j < POINTS; j++) age[j] = 0.1 * (double)j;
    for (size_t k = 4; k <= MOST; k++) {
        weigh(age, k, 0.1, value, right);
        for (size_t j = 0; j < k; j++) NEAR(right[j], classical[k - 4][j], 1e-13);
        NEAR(right[k], 0, 1e-13); /* the oldest point is in P but not in the formula */
        NEAR(1 / leading(k), gamma[k - 4], 1e-15);
    }
}
END_TEST

/*
 * The root locus hλ(θ) = α (1 − Σ right_j e^{−i(j+1)θ}) stays within |arg(−hλ)| > the angle that the formula is known for
 * (Shampine & Reichelt 1997; Hairer & Wanner II, V.2): 90°, 90°, 80°, 73.35°, 51.84°.
 */
START_TEST(angles_of_stability)
{
    static const double angle[MOST + 1] = {0, 90, 90, 80, 73.35, 51.83};
    double age[POINTS], value[POINTS], right[POINTS];
    for (size_t j = 0; j < POINTS; j++) age[j] = (double)j;
    for (size_t k = 1; k <= MOST; k++) {
        double least = 180;
        weigh(age, k, 1, value, right);
        for (int i = 1; i < 20000; i++) {
            const double theta = 3.14159265358979 * i / 20000;
            double complex z = 1;
            for (size_t j = 0; j <= k; j++) z -= right[j] * cexp(-I * ((double)j + 1) * theta);
            if (cabs(z) > 1e-3) least = fmin(least, fabs(carg(-z)) * 180 / 3.14159265358979);
        }
        ck_assert_msg(least > angle[k] - (k == 3 ? 1 : 0.05), "order %zu: %.3f degrees", k, least);
    }
}
END_TEST

/* ---- the step on y' = q'(t) − λ (y − q(t)): the solution is the polynomial q whatever λ ---- */

typedef struct {
    npde__system base;
    double lambda, gamma;
    size_t degree;
} polynomial;

static double q(const polynomial *p, double t)
{
    return 1 + power(t - 1, p->degree);
}

static double q_slope(const polynomial *p, double t)
{
    return (double)p->degree * power(t - 1, p->degree - 1);
}

static npde_status poly_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    (void)s, (void)t, (void)side;
    rates[0] = y[0];
    return NPDE_OK;
}

static void poly_apply(npde__system *s, int forced, const double *y, double *out)
{
    (void)forced;
    out[0] = -((polynomial *)s)->lambda * y[0];
}

static npde_status poly_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    const polynomial *p = (const polynomial *)s;
    out[0] = q_slope(p, t) + p->lambda * q(p, t);
    return poly_rates(s, t, side, y, rates);
}

static npde_status poly_linearize(npde__system *s, double t, double h, const double *y, const double *rates,
                                  double *slope)
{
    (void)s, (void)t, (void)h, (void)y, (void)rates, (void)slope;
    return NPDE_OK;
}

static npde_status poly_factor(npde__system *s, double gamma)
{
    ((polynomial *)s)->gamma = gamma;
    s->factorizations++;
    return NPDE_OK;
}

static npde_status poly_solve(npde__system *s, double *x)
{
    const polynomial *p = (const polynomial *)s;
    x[0] /= 1 + p->gamma * p->lambda;
    return NPDE_OK;
}

static const npde__system_ops polynomial_ops = {.rates = poly_rates,
                                                .apply = poly_apply,
                                                .remainder = poly_remainder,
                                                .linearize = poly_linearize,
                                                .factor_jacobian = poly_factor,
                                                .solve_jacobian = poly_solve};

static void begin(npde_context *c, polynomial *p, npde__stepper *s, size_t n, size_t degree, double lambda, int coupled)
{
    *p = (polynomial){.base = {.ops = &polynomial_ops, .context = c, .n = n, .n_rates = 1, .stride = n}};
    p->lambda = lambda;
    p->degree = degree;
    p->base.coupled = coupled;
    OK(c, npde__stepper_init(s, &npde__bdf_under_test, &p->base));
    s->dt = 1; /* not adaptive: Newton's method goes on to rounding */
}

/* As if accepted, as they lie on the polynomial: the history without the steps of another method. */
static void fill_history(const polynomial *p, npde__stepper *s, double *t, double h)
{
    bdf *d = s->data;
    for (size_t j = 0; j <= OLDER; j++) {
        s->y[0] = s->rates[0] = q(p, *t);
        if (j == OLDER) break;
        npde__stepper_accept(s, h);
        *t += h;
    }
    ck_assert_uint_eq(d->known, OLDER);
}

/* Steps of random sizes, of each order: polynomials of that degree are followed to rounding, and between steps too. */
START_TEST(polynomials_are_followed)
{
    random_stream stream = {13};
    npde_context *c;
    OK(c, npde_context_new(&c));
    for (int k = 0; k < 40; k++) {
        const size_t order = 1 + (size_t)k % MOST;
        polynomial p;
        npde__stepper s;
        begin(c, &p, &s, 1, order, k < 20 ? 1 : 1e3, k % 4 < 2);
        bdf *d = s.data;
        double t = 0;
        fill_history(&p, &s, &t, 0.05);
        d->order = d->next_order = order;
        while (t < 2) {
            const double h = 0.05 * random_between(&stream, 0.5, 1.8), theta = random_between(&stream, 0, 1);
            double between;
            OK(c, s.method->step(&s, t, h, 1));
            NEAR(s.y_new[0], q(&p, t + h), 2e-12);
            NEAR(s.error[0], 0, 1e-10);
            npde__stepper_accept(&s, h);
            npde__stepper_dense(&s, theta, &between);
            NEAR(between, q(&p, t + theta * h), 2e-12);
            t += h;
        }
        npde__stepper_free(&s);
    }
    npde_context_free(c);
}
END_TEST

/*
 * On a polynomial q of one degree more the estimate, C (y − P), tells the error exactly: α (y − q) = C (q − P).
 */
START_TEST(estimates_tell_the_error)
{
    npde_context *c;
    OK(c, npde_context_new(&c));
    for (size_t order = 1; order <= MOST; order++) {
        polynomial p;
        npde__stepper s;
        begin(c, &p, &s, 1, order + 1, 0, 0);
        bdf *d = s.data;
        double t = 0;
        const double h = 0.25;
        fill_history(&p, &s, &t, h);
        d->order = d->next_order = order;
        OK(c, s.method->step(&s, t, h, 1));
        const double constant = error_constant(d->age, order, h), exact = q(&p, t + h), y = s.y_new[0];
        const double predicted = y - s.error[0] / constant;
        NEAR(leading(order) * (y - exact), constant * (exact - predicted), 1e-11);
        npde__stepper_free(&s);
    }
    npde_context_free(c);
}
END_TEST

/* A step of nearly nothing leaves no point: the next long one is as good as if it had not been. */
START_TEST(very_short_steps_do_no_harm)
{
    npde_context *c;
    OK(c, npde_context_new(&c));
    for (double tiny = 1e-2; tiny > 1e-13; tiny /= 10) {
        polynomial p;
        npde__stepper s;
        begin(c, &p, &s, 1, 5, 1, 0);
        double t = 0;
        fill_history(&p, &s, &t, 0.1);
        for (int k = 0; k < 8; k++) {
            const double h = k % 2 ? 0.1 : 0.1 * tiny;
            OK(c, s.method->step(&s, t, h, 0));
            NEAR(s.y_new[0], q(&p, t + h), 1e-12);
            npde__stepper_accept(&s, h);
            t += h;
        }
        npde__stepper_free(&s);
    }
    npde_context_free(c);
}
END_TEST

/* The order that is chosen after three equal steps on Re and Im of factor e^{λt}, for a tolerance of 1e-3. */
static double modulus(void *self, const double *e)
{
    (void)self;
    return 1e3 * hypot(e[0], e[1]);
}

static size_t chosen(double factor, double complex lambda, size_t order)
{
    npde_context *c;
    polynomial p;
    npde__stepper s;
    size_t next = 0;
    OK(c, npde_context_new(&c));
    begin(c, &p, &s, 2, 1, 0, 0);
    s.dt = 0;
    s.norm = modulus;
    bdf *d = s.data;
    for (int t = 0; t < 12; t++) {
        const double complex y = factor * cexp(lambda * t);
        d->offered = d->order = d->next_order = order;
        s.y_new[0] = creal(y);
        s.y_new[1] = cimag(y);
        if (t >= 9) {
            d->since = 100;
            distance(&s, order, 1); /* leaves y − P in the error */
            for (int i = 0; i < 2; i++) s.error[i] *= error_constant(d->age, order, 1);
            next_step(&s, 1);
            next = d->next_order;
        }
        npde__stepper_accept(&s, 1);
    }
    npde__stepper_free(&s);
    npde_context_free(c);
    return next;
}

/* A mode that turns by 75° a step, where the root locus of order 5 lies in the left half plane, hardly damped: a lower order. */
START_TEST(order_follows_the_solution)
{
    const double turn = 75 * 3.14159265358979 / 180;
    ck_assert_uint_eq(chosen(3e-4, -0.01 + turn * I, 5), 4);
    ck_assert_uint_eq(chosen(1, -0.3, 5), 5);
    ck_assert_uint_eq(chosen(1, -0.02, 4), 5);
    ck_assert_uint_eq(chosen(1, -0.05, 1), 2);
}
END_TEST

MAIN("bdf", order_conditions, error_constants, classical_coefficients, angles_of_stability, polynomials_are_followed,
     estimates_tell_the_error, very_short_steps_do_no_harm, order_follows_the_solution)
