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

static void compare(int custom)
{
    size_t unstable = 0, values = 0;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = model(c, i);
        kappa = row[i].kappa;
        if (custom) OK(c, npde_model_set_discharge(m, row[i].ramp ? ramp : step, NULL, NULL));
        double rates[MOST], eigenvalues[2 * MOST];
        size_t n;
        OK(c, npde_macroscopic_steady(m, 20, rates, eigenvalues, MOST, &n));
        ck_assert_uint_eq(n, row[i].n);
        for (size_t j = 0; j < n; j++) {
            const double re = eigenvalues[2 * j], im = eigenvalues[2 * j + 1];
            NEAR(rates[j], row[i].state[j].rate, 1e-9);
            if (rates[j] == 0 || row[i].state[j].unstable < 0) continue;
            ck_assert_msg((re > 0) == (row[i].state[j].unstable > 0) && !isnan(re),
                          "model %zu, rate %g: eigenvalue %g%+gi, of %d unstable ones", i, rates[j], re, im,
                          row[i].state[j].unstable);
            unstable += re > 0;
            if (isnan(row[i].state[j].re)) continue;
            const double size = 1 + hypot(row[i].state[j].re, row[i].state[j].im);
            NEAR(re, row[i].state[j].re, 1e-7 * size);
            NEAR(im, row[i].state[j].im, 1e-7 * size);
            values++;
        }
        npde_model_free(m);
        npde_context_free(c);
    }
    ck_assert_uint_ge(unstable, 15);
    ck_assert_uint_ge(values, 40);
}

START_TEST(built_in_discharge)
{
    compare(0);
}
END_TEST

START_TEST(the_same_as_custom_discharge)
{
    compare(1);
}
END_TEST

MAIN("macroscopic", built_in_discharge, the_same_as_custom_discharge)
