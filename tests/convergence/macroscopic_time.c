/* SPDX-License-Identifier: BSD-3-Clause
 * The eigenvalues of steady states of the macroscopic equation are those at which runs leave them or come back to them. */
#include "kinetic.h"

#include <math.h>

/* ---- a real eigenvalue: the state between two others ---- */

/* A ramp beyond V_F, κ = 20, g_in = 0, b = 0.5, a = 0.05: silent, between, active. */
static const kinetic bistable = {.kind = NPDE_MODEL_MACROSCOPIC,
                                 .n_v = 400,
                                 .v_end = 3,
                                 .kappa = 20,
                                 .input = 0,
                                 .strength = 0.5,
                                 .noise = 0.05,
                                 .dt = 1e-3,
                                 .mean = 0.5,
                                 .variance = 0.01};

static double mean_of(double input, double noise)
{
    const double z = input / sqrt(noise);
    return input + sqrt(noise) * exp(-z * z / 2) / (1.2533141373155002512 * erfc(-z / sqrt(2)));
}

typedef struct {
    double g, off;
} start;

/* S/(A − Bv) at the conductance g, S = exp(−∫φ/(A − Bv)) from V_F on, tilted by `off`. */
static int32_t standing_with_ramp(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop;
    const start *from = user;
    const double g = from->g, a = 14.0 / 3 * g, b = 1 + g, target = a / b, way = target - 1;
    for (size_t i = 0; i < n; i++) {
        const double left = target - v[i], passed = v[i] > 1 ? way * log(way / left) - (v[i] - 1) : 0;
        value[i] = left > 0 ? (1 + from->off * v[i]) * exp(-bistable.kappa / b * passed) / (a - b * v[i]) : 0;
    }
    return 0;
}

/* Rates at times, from the steady state's density tilted by `off`. */
static void run_from(double steady, double off, const double *t, size_t n, double *rates)
{
    kinetic_run r = kinetic_prepare(&bistable);
    start from = {mean_of(bistable.input + bistable.strength * steady, bistable.noise), off};
    OK(r.context, npde_model_set(r.model, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_RAMP));
    OK(r.context, npde_solver_set_density(r.solver, 0, standing_with_ramp, &from, NULL));
    OK(r.context, npde_solver_set_past_rate(r.solver, 0, steady));
    ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
    for (size_t i = 0; i < n; i++) rates[i] = kinetic_rate(&r, t[i]);
    kinetic_free(&r);
}

START_TEST(between_two_states)
{
    npde_context *c;
    OK(c, npde_context_new(&c));
    npde_model *m = kinetic_model(c, &bistable);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_RAMP));
    double steady[3], eigenvalues[6];
    size_t n;
    OK(c, npde_macroscopic_steady(m, 20, steady, eigenvalues, 3, &n));
    ck_assert_uint_eq(n, 3);
    ck_assert_double_eq(steady[0], 0);
    ck_assert_double_gt(eigenvalues[2], 0);
    ck_assert_double_eq(eigenvalues[3], 0);
    ck_assert_double_lt(eigenvalues[4], 0);

    /* The state as the grid has it parts those that fall silent from those that go up; from 1e-6 beside it as well. */
    const double late = 6, times[] = {1, 1.8, 10};
    double low = -0.02, high = 0.02;
    for (int i = 0; i < 34; i++) {
        double rate;
        run_from(steady[1], (low + high) / 2, &late, 1, &rate);
        if (rate < steady[1]) low = (low + high) / 2;
        else high = (low + high) / 2;
    }
    ck_assert_double_le(fabs(low), 1e-4);

    double up[3], down[3];
    run_from(steady[1], low + 1e-6, times, 3, up);
    run_from(steady[1], low - 1e-6, times, 3, down);
    NEAR(up[0], steady[1], 2e-4);
    NEAR(down[0], steady[1], 2e-4);
    const double growth = log((up[1] - down[1]) / (up[0] - down[0])) / (times[1] - times[0]);
    NEAR(growth, eigenvalues[2], 1e-4 * eigenvalues[2]);
    NEAR(up[2], steady[2], 1e-4);
    NEAR(down[2], 0, 1e-10);
    npde_model_free(m);
    npde_context_free(c);
}
END_TEST

/* ---- pairs of eigenvalues: thresholds with an exponential refractory time, whose chains are stable ---- */

/* Differences of two runs at equal times x apart, which obey y'' = 2 e^{ax} cos(bx) y' − e^{2ax} y. */
static void fit(const double *y, double x, double *a, double *b)
{
    const double det = y[0] * y[2] - y[1] * y[1], square = (y[1] * y[3] - y[2] * y[2]) / det;
    const double twice = (y[0] * y[3] - y[1] * y[2]) / det;
    *a = log(square) / (2 * x);
    *b = acos(twice / (2 * sqrt(square))) / x;
}

START_TEST(thresholds)
{
    static const struct {
        double input, strength, delay, tau, from;
    } row[] = {{0.4, -0.05, 0.5, 0.1, 35},
               {0.4, 0.1, 0, 0.1, 25},
               {0.5, -0.1, 0.5, 0.2, 35},
               {0.4, -0.02, 0.2, 0.2, 30},
               {0.5, 0.05, 0, 0.1, 15}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        kinetic k = {.kind = NPDE_MODEL_MACROSCOPIC,
                     .n_v = 400,
                     .input = row[i].input,
                     .noise = 0.05,
                     .strength = row[i].strength,
                     .delay = row[i].delay,
                     .refractory = NPDE_REFRACTORY_EXPONENTIAL,
                     .tau = row[i].tau,
                     .dt = 1e-3};
        double steady, eigenvalue[2], y[4];
        size_t n;
        for (int up = 0; up < 2; up++) {
            kinetic_run r = kinetic_prepare(&k);
            OK(r.context, npde_macroscopic_steady(r.model, 20, &steady, eigenvalue, 1, &n));
            ck_assert_uint_eq(n, 1);
            const double off = eigenvalue[0] > 0 ? 1e-7 : 1e-3; /* neither too large nor too small in the end */
            start from = {mean_of(k.input + k.strength * steady, k.noise), up ? off : -off};
            OK(r.context, npde_solver_set_density(r.solver, 0, standing_with_ramp, &from, NULL));
            OK(r.context, npde_solver_set_past_rate(r.solver, 0, steady));
            ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
            for (int j = 0; j < 4; j++) {
                const double rate = kinetic_rate(&r, row[i].from + j / eigenvalue[1]);
                y[j] = up ? rate - y[j] : rate;
            }
            kinetic_free(&r);
        }
        double a, b;
        fit(y, 1 / eigenvalue[1], &a, &b);
        NEAR(a, eigenvalue[0], 5e-5 * hypot(eigenvalue[0], eigenvalue[1]));
        NEAR(b, eigenvalue[1], 5e-5 * eigenvalue[1]);
    }
}
END_TEST

MAIN("macroscopic in time", between_two_states, thresholds)
