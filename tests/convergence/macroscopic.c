/* SPDX-License-Identifier: BSD-3-Clause
 * Steady states of the macroscopic equation and their stability against an independent computation (macroscopic.py). */
#include "kinetic.h"

#include <math.h>

enum { MOST = 4 };

/* Rates ascending; of each the number of eigenvalues with Re λ > 0 (−1: not known), and the leading one (NAN: not found). */
static const struct {
    int ramp, refractory; /* 0 none, 1 exponential, 2 fixed */
    double input, strength, noise, noisy, delay, kappa, tau;
    size_t n;
    struct {
        double rate;
        int unstable;
        double re, im;
    } state[MOST];
} row[] = {
#include "macroscopic_states.h"
};

static double kappa;

static int32_t step(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = v[i] > 1 ? kappa : 0;
    return 0;
}

static int32_t ramp(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = v[i] > 1 ? kappa * (v[i] - 1) : 0;
    return 0;
}

static npde_model *model(npde_context *c, size_t i)
{
    static const npde_id refractory[] = {0, NPDE_REFRACTORY_EXPONENTIAL, NPDE_REFRACTORY_FIXED};
    const kinetic k = {.kind = NPDE_MODEL_MACROSCOPIC,
                       .input = row[i].input,
                       .strength = row[i].strength,
                       .noise = row[i].noise,
                       .noisy = row[i].noisy,
                       .delay = row[i].delay,
                       .kappa = row[i].kappa,
                       .refractory = refractory[row[i].refractory],
                       .tau = row[i].tau};
    npde_model *m = kinetic_model(c, &k);
    if (row[i].ramp) OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_RAMP));
    return m;
}

static const double rate_max = 20;

static size_t unstable, values;

/* State j of row i in units in which rates are `faster` times as large. */
static void compare_state(size_t i, size_t j, double faster, double rate, double re, double im)
{
    rate /= faster;
    re /= faster;
    im /= faster;
    NEAR(rate, row[i].state[j].rate, 1e-9);
    if (rate == 0 || row[i].state[j].unstable < 0) return;
    ck_assert_msg((re > 0) == (row[i].state[j].unstable > 0) && !isnan(re),
                  "model %zu, rate %g: eigenvalue %g%+gi, of %d unstable ones", i, rate, re, im,
                  row[i].state[j].unstable);
    unstable += re > 0;
    if (isnan(row[i].state[j].re)) return;
    const double size = 1 + hypot(row[i].state[j].re, row[i].state[j].im);
    NEAR(re, row[i].state[j].re, 1e-7 * size);
    NEAR(im, row[i].state[j].im, 1e-7 * size);
    values++;
}

static void compare(int custom, int units)
{
    static const double other[][2] = {{1e3, 1}, {1e-3, 1}, {1, 1e3}, {1, 1e-3}};
    unstable = values = 0;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const double faster = units ? other[i / 2 % 4][0] : 1, volt = units ? other[i / 2 % 4][1] : 1;
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = model(c, i);
        kinetic_units(c, m, faster, volt);
        kappa = row[i].kappa;
        if (custom) OK(c, npde_model_set_discharge(m, row[i].ramp ? ramp : step, NULL, NULL));
        double rates[MOST], eigenvalues[2 * MOST];
        size_t n;
        OK(c, npde_macroscopic_steady(m, rate_max * faster, rates, eigenvalues, MOST, &n));
        ck_assert_uint_eq(n, row[i].n);
        for (size_t j = 0; j < n; j++)
            compare_state(i, j, faster, rates[j], eigenvalues[2 * j], eigenvalues[2 * j + 1]);
        npde_model_free(m);
        npde_context_free(c);
    }
    ck_assert_uint_ge(unstable, 15);
    ck_assert_uint_ge(values, 40);
}

START_TEST(built_in_discharge)
{
    compare(0, 0);
}
END_TEST

START_TEST(the_same_as_custom_discharge)
{
    compare(1, 0);
}
END_TEST

START_TEST(the_same_in_other_units)
{
    compare(0, 1);
}
END_TEST

/* The widest window there may be has the same states in its lower part. */
START_TEST(the_same_in_a_wider_window)
{
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = model(c, i);
        double rates[2 * MOST];
        size_t n, below = 0;
        OK(c, npde_macroscopic_steady(m, 1e12, rates, NULL, 2 * MOST, &n));
        while (below < n && rates[below] <= rate_max) below++;
        ck_assert_uint_eq(below, row[i].n);
        for (size_t j = 0; j < below; j++) NEAR(rates[j], row[i].state[j].rate, 1e-9);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

/*
 * N (T(g) + 1/κ) = 1 and g = g_in + b N: there are states with N > 0 as long as b is at least the least value of (g − g_in)(T(g) +
 * 1/κ), two as soon as it is more. T = −log(1 − 1/v*)/B, v* = V_E g/B, B = 1 + g.
 */
static double strength_at(double g, double input)
{
    return (g - input) * (1 / kappa - log1p(-(1 + g) / (14.0 / 3 * g)) / (1 + g));
}

START_TEST(states_that_meet)
{
    const double input = 0.1;
    kappa = 10;
    double low = 3.0 / 11, high = 3, relative[] = {-1e-9, 0, 1e-9, 1e-3};
    for (int i = 0; i < 100; i++) { /* thirds; the least value is flat, and so known to all digits */
        const double a = low + (high - low) / 3, b = high - (high - low) / 3;
        if (strength_at(a, input) < strength_at(b, input)) high = b;
        else low = a;
    }
    const double least = strength_at(low, input), rate = (low - input) / least;
    for (int i = 0; i < 4; i++) {
        const kinetic k = {
            .kind = NPDE_MODEL_MACROSCOPIC, .kappa = kappa, .input = input, .strength = least * (1 + relative[i])};
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = kinetic_model(c, &k);
        double rates[MOST];
        size_t n;
        OK(c, npde_macroscopic_steady(m, rate_max, rates, NULL, MOST, &n));
        if (i == 0) ck_assert_uint_eq(n, 1); /* silence */
        if (i == 1) ck_assert(n == 2 || n == 3);
        if (i > 1) ck_assert_uint_eq(n, 3);
        ck_assert_double_eq(rates[0], 0);
        for (size_t j = 1; j < n && i < 3; j++) NEAR(rates[j], rate, (i == 1 ? 1e-6 : 3e-4) * rate);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

MAIN("macroscopic", built_in_discharge, the_same_as_custom_discharge, the_same_in_other_units,
     the_same_in_a_wider_window, states_that_meet)
