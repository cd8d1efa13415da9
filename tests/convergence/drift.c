/* SPDX-License-Identifier: BSD-3-Clause
 * Quadratic and exponential integrate-and-fire neurons by the drift callback, against the closed form of their steady rate,
 *
 *     1/N = (1/a) ∫_{V_R}^{V_F} e^{U(v)} ∫_{−∞}^v e^{−U(w)} dw dv,   U' = −(f + I)/a,
 *
 * integrated here in long double, far from any grid of the library. */
#include "support.h"

#include <math.h>

typedef struct {
    const char *name;
    npde_profile_fn drift;
    double low, reset, threshold, drive, a, mean, variance;
} neuron;

static int32_t quadratic(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = v[i] * v[i] - 1;
    return 0;
}

static int32_t exponential(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = -v[i] + 0.2 * exp((v[i] - 1) / 0.2);
    return 0;
}

static int32_t leaky(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = -v[i];
    return 0;
}

static const neuron neurons[] = {
    {"quadratic", quadratic, -8, -3, 4, 0.3, 0.5, -1, 0.04},
    {"exponential", exponential, -6, 0, 2, 0.3, 0.2, 0, 0.04},
    {"leaky by callback", leaky, -9, 1, 2, 0, 1, 0, 0.04},
};

/* U by Simpson's rule in each of n cells, both integrals by trapezoids; the reset lies on a cell's end. */
static long double passage_time(const neuron *k, int n)
{
    const long double h = ((long double)k->threshold - k->low) / n;
    long double u = 0, inner = 0, outer = 0, before_inner = 0, before_outer = 0;
    for (int i = 0; i <= n; i++) {
        const long double v = k->low + h * i;
        if (i > 0) {
            double at[3] = {(double)(v - h), (double)(v - h / 2), (double)v}, f[3];
            k->drift(0, 3, at, f, NULL);
            u -= h / 6 * (f[0] + 4 * (long double)f[1] + f[2] + 6 * (long double)k->drive) / k->a;
        }
        const long double e = expl(-u);
        if (i > 0) inner += h / 2 * (e + before_inner);
        const long double o = inner / e;
        if (i > 0 && v - h / 2 > k->reset) outer += h / 2 * (o + before_outer);
        before_inner = e;
        before_outer = o;
    }
    return outer / k->a;
}

/* Richardson's extrapolation of the trapezoids makes it Simpson's rule. */
static double steady_rate(const neuron *k)
{
    const long double coarse = passage_time(k, 105600), fine = passage_time(k, 211200);
    return (double)(1 / (fine + (fine - coarse) / 3));
}

static double run_to(const neuron *k, npde_grid *(*grid_for)(npde_context *, npde_model *, const neuron *),
                     npde_id method, double dt, double t)
{
    npde_context *c;
    npde_model *m;
    npde_solver *s;
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_THRESHOLD, k->threshold));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, k->reset));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, k->drive));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, k->a));
    OK(c, npde_model_set_drift(m, k->drift, NULL, NULL));
    npde_grid *grid = grid_for ? grid_for(c, m, k) : NULL;
    OK(c, npde_solver_new(m, grid, method, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_DT, dt));
    OK(c, npde_solver_set_gaussian(s, 0, k->mean, k->variance));
    OK(c, npde_solver_start(s, 0));
    double rate;
    ck_assert_int_ge(npde_solver_advance(s, t, NULL), 0);
    OK(c, npde_solver_rates(s, &rate, 1));
    npde_solver_free(s);
    npde_grid_free(grid);
    npde_model_free(m);
    npde_context_free(c);
    return rate;
}

static npde_grid *finite_volumes(npde_context *c, npde_model *m, const neuron *k)
{
    (void)m;
    const double breaks[] = {k->low, k->reset, k->threshold}, per = 400;
    const size_t cells[] = {(size_t)(per * (k->reset - k->low)), (size_t)(per * (k->threshold - k->reset))};
    npde_grid *grid;
    OK(c, npde_grid_new(c, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, &grid));
    return grid;
}

START_TEST(steady_rates_on_fitted_grids_to_1e_9)
{
    for (size_t k = 0; k < 3; k++) {
        const double exact = steady_rate(&neurons[k]),
                     rate = run_to(&neurons[k], NULL, NPDE_METHOD_BACKWARD_EULER, 100, 1e4);
        ck_assert_msg(fabs(rate / exact - 1) < 1e-9, "%s: %.15g and not %.15g", neurons[k].name, rate, exact);
    }
    NEAR(steady_rate(&neurons[2]), 0.11997596523910496621, 2e-11); /* the closed form's own check: Siegert's value */
}
END_TEST

START_TEST(steady_rates_of_finite_volumes)
{
    for (size_t k = 0; k < 3; k++) {
        const double exact = steady_rate(&neurons[k]);
        const double rate = run_to(&neurons[k], finite_volumes, NPDE_METHOD_BACKWARD_EULER, 100, 1e4);
        ck_assert_msg(fabs(rate / exact - 1) < 1e-5, "%s: %.15g and not %.15g", neurons[k].name, rate, exact);
    }
}
END_TEST

/* Transients: both schemes agree to the order of the finite volumes, far from where either could agree by chance. */
START_TEST(transients_agree_between_schemes)
{
    for (size_t k = 0; k < 3; k++) {
        const double spectral = run_to(&neurons[k], NULL, NPDE_METHOD_TR_BDF2, 0.002, 1.5);
        const double volumes = run_to(&neurons[k], finite_volumes, NPDE_METHOD_TR_BDF2, 0.002, 1.5);
        ck_assert_double_gt(spectral, 1e-3);
        ck_assert_msg(fabs(volumes / spectral - 1) < 3e-5, "%s: %.15g and %.15g", neurons[k].name, volumes, spectral);
    }
}
END_TEST

MAIN("drift", steady_rates_on_fitted_grids_to_1e_9, steady_rates_of_finite_volumes, transients_agree_between_schemes)
