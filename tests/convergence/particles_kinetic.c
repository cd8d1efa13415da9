/* SPDX-License-Identifier: BSD-3-Clause
 * Particles with conductances against the voltage–conductance equation, its form with discharge, independent steady rates
 * and closed forms. Standard errors are those of independent networks with other seeds. */
#include "kinetic.h"

#include <math.h>
#include <stdlib.h>

#define FULL                                                                                                       \
    .kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE, .g_scheme = NPDE_SCHEME_SPECTRAL, .n_v = 256, .n_g = 32, .g_end = 2.3, \
    .sigma = 0.25, .input = 0.5, .noise = 0.05, .mean = 0.4, .variance = 0.0025, .dt = 1. / 512
#define REDUCED                                                                                                \
    .kind = NPDE_MODEL_REDUCED_KINETIC, .g_scheme = NPDE_SCHEME_SPECTRAL, .n_v = 128, .n_g = 32, .g_end = 2.3, \
    .v_end = 3.5, .sigma = 0.25, .input = 0.5, .noise = 0.05, .kappa = 10, .mean = 0.4, .variance = 0.0025,    \
    .dt = 1. / 512

static npde_particles *particles(npde_context *c, npde_model *m, const kinetic *k, size_t n, uint64_t seed, double dt)
{
    npde_particles *p;
    OK(c, npde_particles_new(m, n, seed, &p));
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, dt));
    OK(c, npde_particles_set_gaussian(p, NPDE_ALL, k->mean, k->variance));
    if (k->g_variance > 0) OK(c, npde_particles_set_conductance(p, NPDE_ALL, k->g_mean, k->g_variance));
    return p;
}

/* ---- steady rates ---- */

/* Mean and standard error of the rate between two times from many networks. */
static double steady_rate(const kinetic *k, double past, double dt, double begin, double end, double *error)
{
    enum { RUNS = 16 };
    const size_t n = 1000 + (size_t)(9000 * test_scale());
    double sum = 0, squares = 0;
    npde_context *c;
    OK(c, npde_context_new(&c));
    npde_model *m = kinetic_model(c, k);
    for (uint64_t r = 0; r < RUNS; r++) {
        npde_particles *p = particles(c, m, k, n, 100 + r, dt);
        const double times[] = {begin, end};
        double rates[2];
        OK(c, npde_particles_set_past_rate(p, 0, past));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_sample(p, times, 2, rates));
        sum += rates[1] / RUNS;
        squares += rates[1] * rates[1] / RUNS;
        npde_particles_free(p);
    }
    npde_model_free(m);
    npde_context_free(c);
    *error = sqrt((squares - sum * sum) / (RUNS - 1));
    return sum;
}

START_TEST(steady_rates)
{
    static const struct {
        double sigma, input, noise, strength, noisy, past, rate;
    } row[] = {{0.05, 0.5, 0.05, 0, 0, 0, 1.48241875},   {0.25, 0.5, 0.05, 0, 0, 0, 1.47137707},
               {1, 0.5, 0.05, 0, 0, 0, 1.46579359},      {0.05, 0.2, 0.02, 0, 0, 0, 0.0857435},
               {0.25, 0.2, 0.02, 0, 0, 0, 0.1954832},    {1, 0.2, 0.02, 0, 0, 0, 0.2417934},
               {0.25, 0.2, 0.02, 0.1, 0, 0.2, 0.282777}, {0.25, 0.2, 0.02, 0.1, 0.01, 0.2, 0.324763}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        kinetic k = {FULL};
        k.sigma = row[i].sigma;
        k.input = row[i].input;
        k.noise = row[i].noise;
        k.strength = row[i].strength;
        k.noisy = row[i].noisy;
        double error;
        const double begin = 10 + 6 * k.sigma;
        const double rate = steady_rate(&k, row[i].past, k.sigma / 10, begin, begin + 10, &error);
        ck_assert_msg(fabs(rate - row[i].rate) <= 4 * error + 5e-4 * row[i].rate,
                      "sigma %g, input %g, strength %g: rate %.6f and not %.6f: %.1f standard errors", k.sigma, k.input,
                      k.strength, rate, row[i].rate, (rate - row[i].rate) / error);
    }
}
END_TEST

/* ---- transients ---- */

enum { BINS = 8, FINE = 16, RUNS = 24 };

typedef struct {
    npde_context *context;
    npde_model *model;
    npde_solver *solver;
    const kinetic *data;
    npde_profile_fn density;
} pair;

/*
 * Spikes in bins of many networks, and the integral of the equation's rates over them: within four standard errors and the
 * equation's own error. The variance of a bin is estimated from the runs, and not below what all bins have on average.
 */
static void compare(const pair *of, const char *name, size_t n_pop, double own)
{
    const size_t n = 1000 + (size_t)(19000 * test_scale());
    npde_context *c = of->context;
    double times[BINS * FINE + 1], *fine = malloc(n_pop * (BINS * FINE + 1) * sizeof *fine), ends[BINS];
    double rates[2 * BINS], sum[2 * BINS] = {0}, squares[2 * BINS] = {0};
    ck_assert(fine && n_pop <= 2);
    for (size_t k = 0; k <= BINS * FINE; k++) times[k] = 2.0 * (double)k / (BINS * FINE);
    for (size_t b = 0; b < BINS; b++) ends[b] = times[(b + 1) * FINE];
    ck_assert_msg(npde_solver_sample(of->solver, times, BINS * FINE + 1, fine) >= 0, "%s", npde_context_error(c));
    for (uint64_t r = 0; r < RUNS; r++) {
        npde_particles *p = particles(c, of->model, of->data, n, r, 1. / 64);
        if (of->density) OK(c, npde_particles_set_density(p, NPDE_ALL, of->density, NULL, NULL));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_sample(p, ends, BINS, rates));
        for (size_t b = 0; b < BINS * n_pop; b++) {
            sum[b] += rates[b] / RUNS;
            squares[b] += rates[b] * rates[b] / RUNS;
        }
        npde_particles_free(p);
    }
    for (size_t q = 0; q < n_pop; q++) {
        double variance[BINS], pooled = 0, mean = 0;
        for (size_t b = 0; b < BINS; b++) {
            variance[b] = (squares[b * n_pop + q] - sum[b * n_pop + q] * sum[b * n_pop + q]) / (RUNS - 1);
            pooled += variance[b] / BINS;
            mean += sum[b * n_pop + q] / BINS;
        }
        for (size_t b = 0; b < BINS; b++) {
            double limit = 0; /* Simpson's rule */
            for (size_t k = 0; k <= FINE; k++)
                limit += fine[(b * FINE + k) * n_pop + q] * (k == 0 || k == FINE ? 1 : k % 2 ? 4 : 2) / (3.0 * FINE);
            const double have = sum[b * n_pop + q], error = sqrt(fmax(variance[b], pooled * have / mean));
            ck_assert_msg(fabs(have - limit) <= 4 * error + own,
                          "%s: population %zu, bin %zu: %.5f and not %.5f: off by %.1e, %.1f standard errors", name, q,
                          b, have, limit, have - limit, (have - limit) / error);
        }
    }
    free(fine);
}

START_TEST(the_equation_is_the_limit)
{
    static const struct {
        const char *name;
        kinetic k;
    } cases[] = {
        {"linear", {FULL}},
        {"from elsewhere", {FULL, .g_mean = 0.3, .g_variance = 0.004}},
        {"coupled", {FULL, .strength = 0.1}},
        {"inhibitory", {FULL, .strength = -0.1}},
        {"noisy", {FULL, .strength = 0.05, .noisy = 0.02}},
        {"delayed", {FULL, .strength = 0.1, .noisy = 0.01, .delay = 0.3}},
        {"discharge", {REDUCED}},
        {"discharge, coupled", {REDUCED, .strength = 0.1}},
        {"discharge, delayed", {REDUCED, .strength = -0.1, .noisy = 0.01, .delay = 0.3}},
        {"exponential wait", {FULL, .refractory = NPDE_REFRACTORY_EXPONENTIAL, .tau = 0.2}},
        {"fixed wait", {FULL, .refractory = NPDE_REFRACTORY_FIXED, .tau = 0.2}},
        {"exponential wait, coupled",
         {FULL, .refractory = NPDE_REFRACTORY_EXPONENTIAL, .tau = 0.1, .strength = 0.1, .noisy = 0.01, .delay = 0.3}},
        {"discharge, exponential wait", {REDUCED, .refractory = NPDE_REFRACTORY_EXPONENTIAL, .tau = 0.2}},
        {"discharge, fixed wait", {REDUCED, .refractory = NPDE_REFRACTORY_FIXED, .tau = 0.1, .strength = 0.1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        kinetic_run r = kinetic_start(&cases[i].k);
        compare(&(pair){r.context, r.model, r.solver, &cases[i].k, NULL}, cases[i].name, 1, 3e-4);
        kinetic_free(&r);
    }
}
END_TEST

/*
 * Relative error of the spikes between two times, and its standard error, by one step. What couples at once is what has an
 * order: without it the error is below what can be told.
 */
static double bias(const pair *of, double limit, double begin, double end, double dt, double *error)
{
    const size_t n = 20000, runs = 12 + (size_t)(28 * test_scale());
    const double times[] = {begin, end};
    double rates[2], sum = 0, squares = 0;
    for (uint64_t r = 0; r < runs; r++) {
        npde_particles *p = particles(of->context, of->model, of->data, n, r, dt);
        OK(of->context, npde_particles_start(p, 0));
        OK(of->context, npde_particles_sample(p, times, 2, rates));
        sum += rates[1] / (double)runs;
        squares += rates[1] * rates[1] / (double)runs;
        npde_particles_free(p);
    }
    *error = sqrt((squares - sum * sum) / (double)(runs - 1)) / limit;
    return sum / limit - 1;
}

/*
 * Undelayed coupling has order two where it acts on G, as excitation sets in; order one where it acts on a. The step is
 * halved twice: the last errors are below what can be told.
 */
START_TEST(orders_in_the_step)
{
    static const struct {
        kinetic k;
        double begin, end, dt, order;
    } cases[] = {{{FULL, .strength = 0.1}, 0.25, 0.5, 0.125, 1.7},
                 {{REDUCED, .strength = 0, .noisy = 0.2}, 0.25, 0.5, 0.0625, 0.85}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum { POINTS = 64 };
        kinetic_run r = kinetic_start(&cases[i].k);
        const pair of = {r.context, r.model, r.solver, &cases[i].k, NULL};
        double limit = 0, error[3], noise[3];
        for (int k = 0; k <= POINTS; k++) {
            const double t = cases[i].begin + (cases[i].end - cases[i].begin) * k / POINTS;
            limit += kinetic_rate(&r, t) * (k == 0 || k == POINTS ? 1 : k % 2 ? 4 : 2) / (3.0 * POINTS);
        }
        for (int k = 0; k < 3; k++)
            error[k] = bias(&of, limit, cases[i].begin, cases[i].end, cases[i].dt / (1 << k), &noise[k]);
        ck_assert_double_gt(fabs(error[0]), 4 * noise[0]);
        const double factor = pow(2, -cases[i].order);
        ck_assert_msg(fabs(error[1]) <= factor * fabs(error[0]) + 3 * hypot(noise[1], factor * noise[0]),
                      "case %zu: errors %.2e +- %.1e, %.2e +- %.1e: order %.2f", i, error[0], noise[0], error[1],
                      noise[1], log2(fabs(error[0] / error[1])));
        ck_assert_double_le(fabs(error[2]), fabs(error[0]) / 2 + 4 * noise[2]);
        kinetic_free(&r);
    }
}
END_TEST

/* ---- what the user gives ---- */

static int32_t drive(double t, size_t n_pop, const double *rate, double *mean, double *diffusion, void *user)
{
    (void)user;
    for (size_t p = 0; p < n_pop; p++) {
        mean[p] += 0.2 * sin(6.283185307179586 * t) + 0.05 * rate[p] / (1 + rate[p]);
        diffusion[p] += 0.02 * cos(3 * t) * cos(3 * t);
    }
    return 0;
}

static int32_t conductance(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean,
                           void *user)
{
    (void)t, (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) g_mean[i] += 0.3 * v[i] * v[i] + 0.02 * rate[0];
    return 0;
}

static int32_t steep(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = 2 * exp(3 * fmin(v[i], 3) - 3) + 3 * (v[i] > 1);
    return 0;
}

static int32_t two_humps(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++)
        value[i] = 7 * v[i] * v[i] * (1 - fmin(v[i], 1)) + exp(-200 * (v[i] - 0.2) * (v[i] - 0.2));
    return 0;
}

START_TEST(callbacks)
{
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"coupling", "conductance", "discharge", "density"};
        const kinetic full = {FULL, .strength = 0.03}, reduced = {REDUCED, .strength = 0.03};
        kinetic k = i == 2 ? reduced : full;
        if (i == 1) {
            k.g_scheme = NPDE_SCHEME_CELLS; /* of second order: many of them */
            k.g_end = 24.0 / 11;
            k.n_g = 320;
        }
        kinetic_run r = kinetic_prepare(&k);
        if (i == 0) OK(r.context, npde_model_set_coupling(r.model, drive, NULL, NULL));
        if (i == 1) OK(r.context, npde_model_set_conductance(r.model, conductance, NULL, NULL));
        if (i == 2) OK(r.context, npde_model_set_discharge(r.model, steep, NULL, NULL));
        if (i == 3) OK(r.context, npde_solver_set_density(r.solver, 0, two_humps, NULL, NULL));
        ck_assert_msg(npde_solver_start(r.solver, 0) >= 0, "%s", npde_context_error(r.context));
        compare(&(pair){r.context, r.model, r.solver, &k, i == 3 ? two_humps : NULL}, names[i], 1, 1e-3);
        kinetic_free(&r);
    }
}
END_TEST

/* ---- discharge in long steps ---- */

static int32_t smooth(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = 20 / (1 + exp(-5 * (v[i] - 1)));
    return 0;
}

/*
 * All begin at v = 0.5 with g = 1, which stays, and fire once: the share of them that has fired after one step is
 * 1 − exp(−∫φ_F(v(t)) dt), v(t) = m + (0.5 − m) e^{−2t}, m = 7/3. Trapezia over the parts of a step would be off by up to
 * a tenth.
 */
START_TEST(discharges_of_long_steps)
{
    static const npde_profile_fn phi[] = {smooth, steep};
    const size_t n = 10000 + (size_t)(990000 * test_scale());
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) {
            enum { PANELS = 3000 };
            const double h = (double[]){0.15, 0.25, 0.4}[j], t_fires = 0.5 * log((7. / 3 - 0.5) / (7. / 3 - 1));
            double integral = 0, share;
            for (int side = 0; side < (h > t_fires ? 2 : 1); side++) {
                const double begin = side ? t_fires : 0, end = side ? h : fmin(h, t_fires);
                for (int k = 0; k < PANELS; k++) { /* midpoints, which avoid V_F, where `steep` jumps */
                    const double t = begin + (end - begin) * (k + 0.5) / PANELS;
                    double v = 7. / 3 + (0.5 - 7. / 3) * exp(-2 * t), value;
                    phi[i](0, 1, &v, &value, NULL);
                    integral += value * (end - begin) / PANELS;
                }
            }
            kinetic k = {.kind = NPDE_MODEL_REDUCED_KINETIC, .sigma = 1e6, .input = 1, .noise = 1e-12, .kappa = 1};
            k.refractory = NPDE_REFRACTORY_FIXED;
            k.tau = 1e6;
            k.mean = 0.5;
            npde_context *c;
            OK(c, npde_context_new(&c));
            npde_model *m = kinetic_model(c, &k);
            OK(c, npde_model_set_discharge(m, phi[i], NULL, NULL));
            npde_particles *p = particles(c, m, &k, n, 1, h);
            OK(c, npde_particles_set_conductance(p, 0, 1, 0));
            OK(c, npde_particles_start(p, 0));
            OK(c, npde_particles_advance(p, h, NULL));
            OK(c, npde_particles_reservoirs(p, &share, 1));
            const double limit = 1 - exp(-integral);
            ck_assert_msg(fabs(share - limit) <= 4 * sqrt(limit * (1 - limit) / (double)n) + 2e-3 * limit,
                          "%s, step %g: the share %.5f and not %.5f", i ? "steep" : "smooth", h, share, limit);
            npde_particles_free(p);
            npde_model_free(m);
            npde_context_free(c);
        }
}
END_TEST

/* Two populations with a delay across. */
START_TEST(two_populations)
{
    const double weights[] = {0.1, -0.05, 0.15, 0}, noise[] = {0.01, 0, 0, 0.02}, delays[] = {0, 0.2, 0, 0.1};
    for (int i = 0; i < 2; i++) {
        const kinetic full = {FULL}, reduced = {REDUCED};
        const kinetic k = i ? reduced : full;
        kinetic_run r = kinetic_prepare(&k);
        npde_model *m;
        npde_solver *s;
        OK(r.context, npde_model_new(r.context, k.kind, 2, &m));
        static const npde_id params[] = {NPDE_PARAM_V_RESET,           NPDE_PARAM_V_THRESHOLD,
                                         NPDE_PARAM_V_EXCITATORY,      NPDE_PARAM_CONDUCTANCE_TIME,
                                         NPDE_PARAM_CONDUCTANCE_INPUT, NPDE_PARAM_CONDUCTANCE_DIFFUSION,
                                         NPDE_PARAM_DISCHARGE,         NPDE_PARAM_DISCHARGE_RATE};
        for (size_t j = 0; j < (i ? 8u : 6u); j++) {
            double value;
            OK(r.context, npde_model_get(r.model, 0, params[j], &value));
            OK(r.context, npde_model_set(m, NPDE_ALL, params[j], value));
        }
        OK(r.context, npde_model_set(m, 1, NPDE_PARAM_CONDUCTANCE_TIME, 0.1));
        OK(r.context, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
        OK(r.context, npde_model_set_matrix(m, NPDE_MATRIX_NOISE_WEIGHTS, noise, 2, 2));
        OK(r.context, npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2));
        OK(r.context, npde_solver_new(m, r.grid, NPDE_METHOD_STRANG, &s));
        OK(r.context, npde_solver_set(s, NPDE_OPTION_DT, k.dt));
        OK(r.context, npde_solver_set_gaussian(s, NPDE_ALL, k.mean, k.variance));
        OK(r.context, npde_solver_start(s, 0));
        compare(&(pair){r.context, m, s, &k, NULL}, i ? "two, discharge" : "two", 2, 5e-4);
        npde_solver_free(s);
        npde_model_free(m);
        kinetic_free(&r);
    }
}
END_TEST

/* ---- inhibition ---- */

/*
 * The largest step: its rate is the equation's, it scatters from step to step as spikes that are independent would, or less,
 * and does not alternate.
 */
START_TEST(inhibition_does_not_alternate)
{
    for (int i = 0; i < 2; i++) {
        const double b = i ? -1 : -0.4, width = 0.25 / (100 * -b);
        const size_t n = 4000 + (size_t)(16000 * test_scale()), bins = (size_t)(8 / width + 0.5), half = bins / 2;
        double limit, rate = 0, square = 0, next = 0;
        int64_t steps;
        npde_context *c;
        npde_solver *s;
        OK(c, npde_context_new(&c));
        kinetic k = {FULL};
        k.input = 1;
        k.strength = b;
        npde_model *m = kinetic_model(c, &k);
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_STRANG, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
        OK(c, npde_solver_set_gaussian(s, 0, k.mean, k.variance));
        ck_assert_int_ge(npde_solver_start(s, 0), 0);
        ck_assert_int_ge(npde_solver_advance(s, 8, NULL), 0);
        OK(c, npde_solver_rates(s, &limit, 1));
        npde_particles *p = particles(c, m, &k, n, 1, 1);
        double *times = malloc(2 * bins * sizeof *times), *rates = times + bins;
        ck_assert_ptr_nonnull(times);
        for (size_t l = 0; l < bins; l++) times[l] = (double)(l + 1) * width;
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_sample(p, times, bins, rates));
        OK(c, npde_particles_count(p, NPDE_PARTICLE_COUNT_STEPS, &steps));
        ck_assert_int_eq(steps, (int64_t)bins); /* none is longer */
        for (size_t l = half; l < bins; l++) rate += rates[l] / (double)(bins - half);
        for (size_t l = half; l < bins; l++) square += (rates[l] - rate) * (rates[l] - rate) / (double)(bins - half);
        for (size_t l = half + 1; l < bins; l++)
            next += (rates[l] - rate) * (rates[l - 1] - rate) / (double)(bins - half);
        const double poisson = rate / (width * (double)n);
        NEAR(rate, limit, 4 * sqrt(rate / (4 * (double)n)) + 3e-3);
        ck_assert_double_lt(fabs(sqrt(square / poisson) - 1), 0.2);
        ck_assert_double_gt(next / square, -0.2);
        free(times);
        npde_particles_free(p);
        npde_solver_free(s);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

MAIN("particles with conductances", steady_rates, the_equation_is_the_limit, orders_in_the_step, callbacks,
     discharges_of_long_steps, two_populations, inhibition_does_not_alternate)
