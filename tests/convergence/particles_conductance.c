/* SPDX-License-Identifier: BSD-3-Clause
 * Conductances of particles, and the Gaussians that particles begin with, against closed forms and quadrature. */
#include "kinetic.h"

#include <math.h>
#include <stdlib.h>

#define FULL \
    .kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE, .sigma = 0.25, .input = 0.5, .noise = 0.05, .mean = 0.4, .variance = 0.0025

static npde_particles *particles(npde_context *c, npde_model *m, const kinetic *k, size_t n, uint64_t seed, double dt)
{
    npde_particles *p;
    OK(c, npde_particles_new(m, n, seed, &p));
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, dt));
    OK(c, npde_particles_set_gaussian(p, NPDE_ALL, k->mean, k->variance));
    return p;
}

/* ---- the law of the conductance ---- */

/*
 * The cut Gaussian is drawn and kept whatever the step, the largest being half of σ: ⟨g⟩ of (G, a) = (0.5, 0.05) and (0.1,
 * 0.05) by the closed form.
 */
START_TEST(conductances_have_their_law)
{
    static const double late[] = {0.5074164852890068, 0.22000054070098635};
    const size_t n = 100000 + (size_t)(900000 * test_scale());
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) {
            kinetic k = {FULL};
            k.input = i ? 0.1 : 0.5;
            npde_context *c;
            OK(c, npde_context_new(&c));
            npde_model *m = kinetic_model(c, &k);
            npde_particles *p = particles(c, m, &k, n, 1, (double[]){1, 0.1, 0.02}[j]);
            OK(c, npde_particles_start(p, 0));
            double *g = malloc(n * sizeof *g);
            for (int later = 0; later < 2; later++) {
                double sum = 0, squares = 0, least = 0;
                OK(c, npde_particles_advance(p, later, NULL));
                OK(c, npde_particles_conductances(p, 0, g, n));
                for (size_t l = 0; l < n; l++) {
                    least = fmin(least, g[l]);
                    sum += g[l] / (double)n;
                    squares += g[l] * g[l] / (double)n;
                }
                const double deviation = sqrt(squares - sum * sum), mean = late[i];
                ck_assert_double_ge(least, 0);
                NEAR(sum, mean, 4 * deviation / sqrt((double)n) + 2e-4 * later);
                /* of the cut Gaussian, ⟨g²⟩ = G ⟨g⟩ + a */
                NEAR(squares, k.input * mean + k.noise, 8 * deviation / sqrt((double)n) + 2e-4 * later);
            }
            free(g);
            npde_particles_free(p);
            npde_model_free(m);
            npde_context_free(c);
        }
}
END_TEST

/* Steps of a millionth of σ, nearly without noise, move g by less than numbers of 32 bits are apart: it relaxes all the same. */
START_TEST(conductances_move_in_very_short_steps)
{
    enum { N = 256 };
    double g[N], sum = 0, squares = 0;
    kinetic k = {FULL};
    k.sigma = 1e4;
    k.input = 1;
    k.noise = 1e-12;
    npde_context *c;
    OK(c, npde_context_new(&c));
    npde_model *m = kinetic_model(c, &k);
    npde_particles *p = particles(c, m, &k, N, 1, 0.01);
    OK(c, npde_particles_set_conductance(p, 0, 0.98, 0));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, 200, NULL));
    OK(c, npde_particles_conductances(p, 0, g, N));
    for (int i = 0; i < N; i++) sum += (g[i] - 0.98) / N;
    for (int i = 0; i < N; i++) squares += (g[i] - 0.98 - sum) * (g[i] - 0.98 - sum) / N;
    NEAR(sum, 0.02 * -expm1(-0.02), 5 * sqrt(squares / N));
    ck_assert_double_lt(sqrt(squares), 1e-5); /* of the rounding: 20000 times half of 2⁻²⁴ at most */
    npde_particles_free(p);
    npde_model_free(m);
    npde_context_free(c);
}
END_TEST

/*
 * The mean ḡ of g over one step of half of σ, read off v = V_E (1 − e^{−ḡh}), to which it comes where g_L is next to nothing:
 * against steps a hundredth as long, and on average what g has in equilibrium, at the wall and away from it.
 */
typedef struct {
    double mean, variance, covariance; /* of ḡ; with g at the end */
} step_law;

static step_law law_of_a_step(double input, double width, int pieces, size_t n)
{
    kinetic k = {.kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE, .sigma = 1, .input = input, .noise = 1, .mean = 0};
    npde_context *c;
    OK(c, npde_context_new(&c));
    npde_model *m = kinetic_model(c, &k);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_EXCITATORY, 1));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_THRESHOLD, 0.9999));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_G_LEAK, 1e-9));
    npde_particles *p = particles(c, m, &k, n, (uint64_t)pieces, width / pieces);
    OK(c, npde_particles_set_gaussian(p, 0, 0, 0));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, width, NULL));
    double *v = malloc(2 * n * sizeof *v), *g = v + n, sum = 0, end = 0, squares = 0, products = 0;
    ck_assert_ptr_nonnull(v);
    OK(c, npde_particles_potentials(p, 0, v, n));
    OK(c, npde_particles_conductances(p, 0, g, n));
    for (size_t i = 0; i < n; i++) {
        const double mean = -log1p(-v[i]) / width;
        sum += mean / (double)n;
        end += g[i] / (double)n;
        squares += mean * mean / (double)n;
        products += mean * g[i] / (double)n;
    }
    free(v);
    npde_particles_free(p);
    npde_model_free(m);
    npde_context_free(c);
    return (step_law){sum, squares - sum * sum, products - sum * end};
}

START_TEST(means_over_a_step_have_their_law)
{
    static const double input[] = {0, 0.5, 5}, expected[] = {0.7978846, 1.0091604, 5.0000015};
    const size_t n = 20000 + (size_t)(380000 * test_scale());
    for (int i = 0; i < 3; i++) {
        const step_law fine = law_of_a_step(input[i], 0.5, 100, n), one = law_of_a_step(input[i], 0.5, 1, n);
        const double error = 4 / sqrt((double)n);
        NEAR(one.mean, expected[i], error * sqrt(fine.variance) + 1e-3);
        NEAR(fine.mean, expected[i], error * sqrt(fine.variance) + 1e-3);
        NEAR(one.variance / fine.variance, 1, 2.5 * error + 0.035);
        NEAR(one.covariance / fine.covariance, 1, 2.5 * error + 0.035);
    }
}
END_TEST

/* ---- Gaussians that are cut, in their tails as well ---- */

/* The first three moments of e^{−(x − mean)²/(2 variance)} on [low, high] about the end next to the mean, by Simpson's rule. */
static void cut_moments(double mean, double variance, double low, double high, double end, double moment[3])
{
    enum { PANELS = 200000 };
    double sum[4] = {0};
    for (int i = 0; i <= PANELS; i++) {
        const double x = low + (high - low) * i / PANELS, y = x - end;
        const double p = (i == 0 || i == PANELS ? 1
                          : i % 2               ? 4
                                                : 2) *
                         exp((end - x) * (x + end - 2 * mean) / (2 * variance));
        sum[0] += p;
        sum[1] += p * y;
        sum[2] += p * y * y;
        sum[3] += p * y * y * y * y;
    }
    for (int k = 0; k < 3; k++) moment[k] = sum[k + 1] / sum[0];
}

static void check_cut(const double *x, size_t n, double mean, double variance, double low, double high)
{
    const double end = fmin(fmax(mean, low), high);
    double first = 0, second = 0, moment[3];
    cut_moments(mean, variance, low, high, end, moment);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(x[i] >= low && x[i] < high, "%.17g is not in [%g, %g)", x[i], low, high);
        first += (x[i] - end) / (double)n;
        second += (x[i] - end) * (x[i] - end) / (double)n;
    }
    NEAR(first, moment[0], 4.5 * sqrt((moment[1] - moment[0] * moment[0]) / (double)n));
    NEAR(second, moment[1], 4.5 * sqrt((moment[2] - moment[1] * moment[1]) / (double)n));
}

/*
 * Potentials in [0, 1): from the Gaussian itself, on either side of it, from as far as 36 deviations, from next to none of a wide
 * one. Conductances of a network with strong inhibition, in equilibrium at its past rate 1: from a Gaussian 20 deviations below
 * the wall, without a delay and with one.
 */
START_TEST(cut_gaussians_have_their_law)
{
    static const double law[][2] = {{0.4, 0.0025}, {0.4, 0.2},      {-2, 0.04}, {1.2, 0.04},
                                    {4.6, 0.01},   {-0.0001, 0.01}, {0.5, 1e4}, {1.5, 100}};
    const size_t n = 10000 + (size_t)(90000 * test_scale());
    double *x = malloc(n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < sizeof law / sizeof law[0]; i++) {
        kinetic k = {FULL, .strength = -5, .delay = i % 2 ? 0.3 : 0};
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = kinetic_model(c, &k);
        npde_particles *p = particles(c, m, &k, n, i, 1e-3);
        OK(c, npde_particles_set_gaussian(p, 0, law[i][0], law[i][1]));
        OK(c, npde_particles_set_past_rate(p, 0, 1));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_potentials(p, 0, x, n));
        check_cut(x, n, law[i][0], law[i][1], 0, 1);
        OK(c, npde_particles_conductances(p, 0, x, n));
        check_cut(x, n, 0.5 - 5, 0.05, 0, 1);
        OK(c, npde_particles_advance(p, 0.001, NULL));
        npde_particles_free(p);
        npde_model_free(m);
        npde_context_free(c);
    }
    free(x);
}
END_TEST

/* Nobody fires: conductances that begin at G diffuse by a₀ alone, whatever the rate was that undelayed weights could have seen. */
START_TEST(weights_at_once_have_no_past)
{
    const size_t n = 20000 + (size_t)(80000 * test_scale());
    double *g = malloc(n * sizeof *g);
    ck_assert_ptr_nonnull(g);
    for (int past = 0; past < 2; past++) {
        kinetic k = {FULL, .strength = 0.1, .noisy = 0.1};
        k.mean = 0;
        k.variance = 0;
        k.noise = 0.005;
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = kinetic_model(c, &k);
        npde_particles *p = particles(c, m, &k, n, 1, 0.01);
        OK(c, npde_particles_set_conductance(p, 0, k.input, 0));
        OK(c, npde_particles_set_past_rate(p, 0, 5 * past));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_advance(p, 0.05, NULL));
        OK(c, npde_particles_conductances(p, 0, g, n));
        int64_t spikes;
        OK(c, npde_particles_spikes(p, &spikes, 1));
        ck_assert_int_eq(spikes, 0);
        double mean = 0, square = 0;
        const double law = k.noise * (1 - exp(-2 * 0.05 / k.sigma));
        for (size_t i = 0; i < n; i++) mean += g[i] / (double)n;
        for (size_t i = 0; i < n; i++) square += (g[i] - mean) * (g[i] - mean) / (double)n;
        NEAR(mean, k.input, 4 * sqrt(law / (double)n));
        NEAR(square, law, 4 * law * sqrt(2 / (double)n));
        npde_particles_free(p);
        npde_model_free(m);
        npde_context_free(c);
    }
    free(g);
}
END_TEST

MAIN("conductances of particles", conductances_have_their_law, conductances_move_in_very_short_steps,
     means_over_a_step_have_their_law, cut_gaussians_have_their_law, weights_at_once_have_no_past)
