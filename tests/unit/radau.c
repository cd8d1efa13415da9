/* SPDX-License-Identifier: BSD-3-Clause
 * Radau IIA of order 5: its coefficients, and what is known of its steps on one scalar equation, through the seam alone. */
#include "steppers/radau_iia.h"
#include "steppers/stepper.h"
#include "support.h"

#include <math.h>
#include <string.h>

static const npde__radau_tableau *const table = &npde__radau_iia5_tableau;
enum { S = NPDE__RADAU_STAGES };

/* ---- coefficients ---- */

typedef struct {
    double at[S][S];
} matrix;

static matrix product(matrix a, matrix b)
{
    matrix c = {{{0}}};
    for (int i = 0; i < S; i++)
        for (int j = 0; j < S; j++)
            for (int k = 0; k < S; k++) c.at[i][j] += a.at[i][k] * b.at[k][j];
    return c;
}

static matrix copy(const double a[S][S])
{
    matrix m;
    memcpy(m.at, a, sizeof m.at);
    return m;
}

static void is_near(matrix a, matrix b, double tolerance)
{
    for (int i = 0; i < S; i++)
        for (int j = 0; j < S; j++) NEAR(a.at[i][j], b.at[i][j], tolerance);
}

/* c are the zeros of d²/dx² x²(x − 1)³, and A⁻¹ maps cᵏ to k cᵏ⁻¹: collocation at c, of stage order 3. */
START_TEST(stages_collocate)
{
    for (int i = 0; i < S; i++) {
        const double c = table->c[i];
        NEAR((c - 1) * (10 * c * c - 8 * c + 1), 0, 2e-15);
        for (int k = 1; k <= S; k++) {
            double sum = 0;
            for (int j = 0; j < S; j++) sum += table->inverse[i][j] * pow(table->c[j], k);
            NEAR(sum, k * pow(c, k - 1), 5e-15);
        }
    }
}
END_TEST

/* Real eigenvalue and pair of A⁻¹ are zeros of x³ − 9x² + 36x − 60, the denominator of the stability function. */
START_TEST(basis_diagonalises)
{
    const npde__complex pair = npde__complex_inverse(table->pair);
    const double x = 1 / table->real;
    NEAR(((x - 9) * x + 36) * x - 60, 0, 1e-13);
    NEAR(x + 2 * pair.re, 9, 1e-14);
    NEAR(x * (pair.re * pair.re + pair.im * pair.im), 60, 1e-13);
    const matrix one = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    const matrix lambda = {{{x, 0, 0}, {0, pair.re, -pair.im}, {0, pair.im, pair.re}}};
    const matrix t = copy(table->t), t_inverse = copy(table->t_inverse);
    is_near(product(t, t_inverse), one, 2e-15);
    is_near(product(product(t_inverse, copy(table->inverse)), t), lambda, 3e-14);
}
END_TEST

/* A = T Λ⁻¹ T⁻¹, and the conditions of order 5: B(5), C(3), D(2), which imply all others (Butcher 1964). */
START_TEST(conditions_of_order_5)
{
    const npde__complex z = table->pair;
    const matrix lambda = {{{table->real, 0, 0}, {0, z.re, -z.im}, {0, z.im, z.re}}};
    const matrix a = product(product(copy(table->t), lambda), copy(table->t_inverse));
    const double *b = a.at[S - 1];
    for (int k = 1; k <= 5; k++) {
        double sum = 0;
        for (int j = 0; j < S; j++) sum += b[j] * pow(table->c[j], k - 1);
        NEAR(sum, 1. / k, 2e-15);
    }
    for (int k = 1; k <= 3; k++)
        for (int i = 0; i < S; i++) {
            double sum = 0;
            for (int j = 0; j < S; j++) sum += a.at[i][j] * pow(table->c[j], k - 1);
            NEAR(sum, pow(table->c[i], k) / k, 2e-15);
        }
    for (int k = 1; k <= 2; k++)
        for (int j = 0; j < S; j++) {
            double sum = 0;
            for (int i = 0; i < S; i++) sum += b[i] * pow(table->c[i], k - 1) * a.at[i][j];
            NEAR(sum, b[j] * (1 - pow(table->c[j], k)) / k, 2e-15);
        }
}
END_TEST

/* ---- y' = λy + t^k, with a Jacobian that may be wrong ---- */

typedef struct {
    npde__system base;
    double lambda, power, believed, gamma;
    npde__complex shift;
} scalar;

static npde_status scalar_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    (void)s, (void)t, (void)side;
    rates[0] = y[0];
    return NPDE_OK;
}

static npde_status scalar_freeze(npde__system *s, double t, int side, const double *rates)
{
    (void)s, (void)t, (void)side, (void)rates;
    return NPDE_OK;
}

static npde_status scalar_linearize(npde__system *s, double t, double h, const double *y, const double *rates,
                                    double *slope)
{
    (void)s, (void)t, (void)h, (void)y, (void)rates;
    ck_assert_ptr_null(slope);
    return NPDE_OK;
}

static void scalar_apply(npde__system *s, int forced, const double *y, double *out)
{
    (void)forced; /* only asked for at t = 0, and without a force */
    out[0] = ((scalar *)s)->lambda * y[0];
}

static npde_status scalar_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    (void)side;
    const double power = ((scalar *)s)->power;
    rates[0] = y[0];
    out[0] = power > 0 ? pow(t, power) : 0;
    return NPDE_OK;
}

static npde_status scalar_factor(npde__system *s, double gamma)
{
    ((scalar *)s)->gamma = gamma;
    return NPDE_OK;
}

static npde_status scalar_solve(npde__system *s, double *x)
{
    const scalar *self = (const scalar *)s;
    x[0] /= 1 - self->gamma * self->believed;
    return NPDE_OK;
}

static npde_status scalar_make_complex(npde__system *s)
{
    (void)s;
    return NPDE_OK;
}

static npde_status scalar_factor_complex(npde__system *s, npde__complex gamma)
{
    ((scalar *)s)->shift = gamma;
    return NPDE_OK;
}

static npde_status scalar_solve_complex(npde__system *s, double *re, double *im)
{
    const scalar *self = (const scalar *)s;
    const npde__complex d = {1 - self->shift.re * self->believed, -self->shift.im * self->believed};
    const npde__complex x = npde__complex_times((npde__complex){re[0], im[0]}, npde__complex_inverse(d));
    re[0] = x.re;
    im[0] = x.im;
    return NPDE_OK;
}

static const npde__system_ops ops = {.rates = scalar_rates,
                                     .freeze = scalar_freeze,
                                     .apply = scalar_apply,
                                     .remainder = scalar_remainder,
                                     .linearize = scalar_linearize,
                                     .factor_jacobian = scalar_factor,
                                     .solve_jacobian = scalar_solve,
                                     .make_complex = scalar_make_complex,
                                     .factor_jacobian_complex = scalar_factor_complex,
                                     .solve_jacobian_complex = scalar_solve_complex};

static scalar equation;
static npde__stepper stepper;

static void begin(double lambda, double power, double y)
{
    npde_context *c;
    OK(c, npde_context_new(&c));
    equation = (scalar){.base = {.ops = &ops, .context = c, .n = 1, .n_rates = 1, .stride = 1},
                        .lambda = lambda,
                        .power = power,
                        .believed = lambda};
    OK(c, npde__stepper_init(&stepper, &npde__radau_iia5, &equation.base));
    stepper.y[0] = stepper.rates[0] = y;
}

static void end(void)
{
    npde__stepper_free(&stepper);
    npde_context_free(equation.base.context);
}

static void step(double t, double h)
{
    OK(equation.base.context, stepper.method->step(&stepper, t, h, 1));
}

/* The stability function is the Padé approximation (2, 3) of e^z: 0 at −∞. */
START_TEST(steps_of_the_linear_equation)
{
    for (int constant = 0; constant < 2; constant++)
        for (double z = -1e-3; z > -1e12; z *= 3) {
            begin(z / 0.5, 0, 1.5);
            equation.base.constant = constant;
            step(0, 0.5);
            const double r = (1 + z * (2. / 5 + z / 20)) / (1 - z * (3. / 5 - z * (3. / 20 - z / 60)));
            NEAR(stepper.y_new[0], 1.5 * r, 1e-14);
            ck_assert_int_le(stepper.iterations, 2);
            end();
        }
}
END_TEST

/* Steps of y' = t^k are exact to k = 4, what lies between to k = 3; the estimate is the leading term that it says it is. */
START_TEST(steps_of_polynomials)
{
    static const double sizes[] = {0.5, 0.3, 0.7};
    for (int k = 1; k <= 4; k++) {
        double t = 0;
        begin(0, k, 0);
        for (int i = 0; i < 3; i++) {
            const double h = sizes[i];
            step(t, h);
            NEAR(stepper.y_new[0], pow(t + h, k + 1) / (k + 1), 4e-15);
            ck_assert_uint_eq(stepper.error_order, i ? 4 : 3);
            if (i > 0) NEAR(stepper.error[0], k < 4 ? 0 : pow(h, 5) / 25, 2e-15);
            /* The embedded formula at the start: γ₀ c₁c₂ h⁴ times the third divided difference of t^k. */
            if (i == 0 && k < 4) NEAR(stepper.error[0], k < 3 ? 0 : 0.1 * table->real * pow(h, 4), 1e-15);
            npde__stepper_accept(&stepper, h);
            for (double theta = 0; theta <= 1; theta += 0.125) {
                double y;
                npde__stepper_dense(&stepper, theta, &y);
                if (k < 4) NEAR(y, pow(t + theta * h, k + 1) / (k + 1), 4e-15);
            }
            t += h;
        }
        end();
    }
}
END_TEST

/* A Jacobian that leads nowhere: the step asks for a smaller one, and the accepted state is as it was. */
START_TEST(divergence_asks_for_a_smaller_step)
{
    begin(-1000, 0, 2);
    equation.believed = 300;
    ck_assert_int_eq(stepper.method->step(&stepper, 0, 0.1, 1), NPDE__RETRY);
    ck_assert_double_eq(stepper.y[0], 2);
    ck_assert_double_eq(stepper.rates[0], 2);
    step(0, 1e-5); /* small enough for any Jacobian */
    NEAR(stepper.y_new[0], 2 * exp(-0.01), 1e-13);
    end();
}
END_TEST

MAIN("radau", stages_collocate, basis_diagonalises, conditions_of_order_5, steps_of_the_linear_equation,
     steps_of_polynomials, divergence_asks_for_a_smaller_step)
