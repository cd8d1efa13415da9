/* SPDX-License-Identifier: BSD-3-Clause
 * Particles against closed forms, and against the equation that is their limit, by the same model object. Seeds are
 * fixed; what is compared must agree within three standard errors where the scheme's own error is far below, within
 * four where very many numbers are looked at. */
#include "problem.h"

#include <math.h>
#include <stdlib.h>

/* The noisy leaky neuron: V_R, V_F, μ, a; steady rate, CV and variance of the intervals, mean and second moment of the
 * density. */
static const struct {
    const char *name;
    double reset, threshold, drive, diffusion, rate, cv, mean, second;
} sets[4] = {
    {"A", 1, 2, 0, 1, 0.11997596523910496621, 1.19635455595851805, -0.119975965239104966, 0.820036052141342551},
    {"B", 0, 1, 0, 0.2, 0.062578922255561259143, 0.980433954335335836, -0.0625789222555612591, 0.16871053887221937},
    {"C", 0, 1, 1.5, 0.02, 0.93731986437368370259, 0.227833111554666691, 0.562680135626316297, 0.395360271252632595},
    {"D", -1, 0, 0, 1, 1.1087605232141944015, 1.02287812748061522, -1.1087605232141944, 1.5543802616070972},
};

static npde_context *c;

static void set_up(void)
{
    ck_assert_int_eq(npde_context_new(&c), NPDE_OK);
}

static void tear_down(void)
{
    npde_context_free(c);
}

static npde_model *leaky(npde_id kind, size_t n_pop, int set)
{
    npde_model *m;
    OK(c, npde_model_new(c, kind, n_pop, &m));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_V_RESET, sets[set].reset));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_V_THRESHOLD, sets[set].threshold));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DRIVE, sets[set].drive));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DIFFUSION, sets[set].diffusion));
    return m;
}

static npde_particles *particles(npde_model *m, size_t n, uint64_t seed, double dt, double mean, double variance)
{
    npde_particles *p;
    OK(c, npde_particles_new(m, n, seed, &p));
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, dt));
    OK(c, npde_particles_set_gaussian(p, NPDE_ALL, mean, variance));
    OK(c, npde_particles_start(p, 0));
    return p;
}

/* The rate over a time, after a time of its own to become steady, and its standard error by renewal theory: CV
 * √(spikes). */
static double rate_between(npde_particles *p, size_t n, double begin, double end, double cv, double *error)
{
    const double times[2] = {begin, end};
    double rates[2];
    OK(c, npde_particles_sample(p, times, 2, rates));
    *error = cv * sqrt(rates[1] / ((double)n * (end - begin)));
    return rates[1];
}

START_TEST(rates_of_the_leaky_neuron_are_exact)
{
    for (int i = 0; i < 4; i++) {
        const size_t n = 20000 + (size_t)(80000 * test_scale());
        npde_model *m = leaky(NPDE_MODEL_LIF, 1, i);
        npde_particles *p = particles(m, n, 1, 0.01, sets[i].reset, 0);
        double error;
        const double rate = rate_between(p, n, 10, 30, sets[i].cv, &error);
        NEAR(rate, sets[i].rate, 3 * error);
        ck_assert_double_lt(error, 0.01 * sets[i].rate);
        npde_particles_free(p);
        npde_model_free(m);
    }
}
END_TEST

/* With a refractory time that never ends each neuron fires once: rates are the first-passage density. */
START_TEST(first_passage_times_have_their_mean_and_spread)
{
    for (int i = 0; i < 4; i++) {
        enum { BINS = 4000 };
        const size_t n = 5000 + (size_t)(20000 * test_scale());
        const double mean = 1 / sets[i].rate, width = 20 * mean / BINS;
        npde_model *m = leaky(NPDE_MODEL_LIF, 1, i);
        OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY_TIME, 1e12));
        npde_particles *p = particles(m, n, 2, 0.025, sets[i].reset, 0);
        double *times = malloc(BINS * sizeof *times), *rates = malloc(BINS * sizeof *rates), left;
        ck_assert(times && rates);
        for (size_t k = 0; k < BINS; k++) times[k] = (double)(k + 1) * width;
        OK(c, npde_particles_sample(p, times, BINS, rates));
        OK(c, npde_particles_reservoirs(p, &left, 1));
        ck_assert_double_gt(left, 0.9999);
        double first = 0, second = 0, fourth = 0, all = 0;
        for (size_t k = 0; k < BINS; k++) {
            all += rates[k] * width;
            first += rates[k] * width * (times[k] - width / 2);
        }
        NEAR(all, left, 1e-12);
        first /= all;
        for (size_t k = 0; k < BINS; k++) {
            const double d = times[k] - width / 2 - first;
            second += rates[k] * width * d * d / all;
            fourth += rates[k] * width * d * d * d * d / all;
        }
        const double spread = sqrt(second), sd_error = sqrt((fourth - second * second) / (double)n) / (2 * spread);
        NEAR(first, mean, 3 * spread / sqrt((double)n) + 2e-4 * mean);
        /* The CV's error by that of the deviation; mean and deviation vary together, which only makes it smaller. */
        NEAR(spread / first, sets[i].cv, 3 * (sd_error / first + spread / first / sqrt((double)n) * spread / first));
        npde_particles_free(p);
        npde_model_free(m);
        free(times);
        free(rates);
    }
}
END_TEST

/* Moments of the potentials in the steady state. */
START_TEST(potentials_have_the_steady_law)
{
    for (int i = 0; i < 4; i++) {
        const size_t n = 20000 + (size_t)(180000 * test_scale());
        npde_model *m = leaky(NPDE_MODEL_LIF, 1, i);
        npde_particles *p = particles(m, n, 3, 0.02, sets[i].reset, 0);
        OK(c, npde_particles_advance(p, 15, NULL));
        double *v = malloc(n * sizeof *v), sum[3] = {0}, edges[201], density[200], mass = 0;
        OK(c, npde_particles_potentials(p, 0, v, n));
        for (size_t k = 0; k < n; k++) {
            ck_assert(v[k] < sets[i].threshold);
            sum[0] += v[k];
            sum[1] += v[k] * v[k];
            sum[2] += v[k] * v[k] * v[k] * v[k];
        }
        const double first = sum[0] / (double)n, second = sum[1] / (double)n, fourth = sum[2] / (double)n;
        NEAR(first, sets[i].mean, 3 * sqrt((second - first * first) / (double)n));
        NEAR(second, sets[i].second, 3 * sqrt((fourth - second * second) / (double)n));
        const double low = fmin(sets[i].drive, sets[i].reset) - 8 * sqrt(sets[i].diffusion);
        for (size_t k = 0; k <= 200; k++) edges[k] = low + (sets[i].threshold - low) * (double)k / 200;
        OK(c, npde_particles_histogram(p, 0, edges, 201, density));
        for (size_t k = 0; k < 200; k++) mass += density[k] * (edges[k + 1] - edges[k]);
        NEAR(mass, 1, 1e-12);
        npde_particles_free(p);
        npde_model_free(m);
        free(v);
    }
}
END_TEST

/* Ends of steps alone: a quarter of the step halves the error. With crossings drawn, large steps leave next to none. */
START_TEST(orders_in_the_step)
{
    const size_t n = 100000;
    const double all = fmax(test_scale(), 0.2);
    npde_model *m = leaky(NPDE_MODEL_LIF, 1, 0);
    double bias[2][3], error[2][3];
    for (int bridge = 0; bridge < 2; bridge++)
        for (int k = 0; k < 3; k++) {
            const double dt = bridge ? 0.5 / (1 << k) : 0.16 / (1 << (2 * k));
            npde_particles *p = particles(m, n, 4, dt, 0, 0.5);
            OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_BRIDGE, bridge));
            OK(c, npde_particles_start(p, 0));
            const double rate = rate_between(p, n, 8, 8 + (bridge ? 200 : 60) * all, 1.2, &error[bridge][k]);
            bias[bridge][k] = rate / sets[0].rate - 1;
            error[bridge][k] /= sets[0].rate;
            npde_particles_free(p);
        }
    for (int k = 0; k < 2; k++) NEAR(log2(bias[0][k] / bias[0][k + 1]), 1, 0.35);
    ck_assert(bias[0][2] < 0);
    NEAR(bias[1][0], 0, 0.01);
    for (int k = 1; k < 3; k++) NEAR(bias[1][k], 0, 3 * error[1][k] + 0.001);
    npde_model_free(m);
}
END_TEST

/* Coupling by kicks at the ends of steps has order 1: half the step, half the error in the spikes until t = 2. */
START_TEST(order_of_a_network)
{
    const size_t n = 400000, runs = 2 + (size_t)(14 * test_scale());
    npde_model *m = leaky(NPDE_MODEL_LIF_NETWORK, 1, 0);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, -4));
    npde_solver *s;
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-9));
    OK(c, npde_solver_set_gaussian(s, 0, 0, 0.04));
    ck_assert_int_ge(npde_solver_start(s, 0), 0);
    enum { POINTS = 256 };
    double times[POINTS + 1], rates[POINTS + 1], limit = 0, error[3] = {0};
    for (int k = 0; k <= POINTS; k++) times[k] = 2.0 * k / POINTS;
    ck_assert_int_ge(npde_solver_sample(s, times, POINTS + 1, rates), 0);
    for (int k = 0; k <= POINTS; k++) limit += rates[k] * (k == 0 || k == POINTS ? 1 : k % 2 ? 4 : 2) / (3.0 * POINTS);
    for (int k = 0; k < 3; k++)
        for (size_t r = 0; r < runs; r++) {
            npde_particles *p = particles(m, n, r + 1, 0.4 / (1 << k), 0, 0.04);
            double rate;
            OK(c, npde_particles_sample(p, &times[POINTS], 1, &rate));
            error[k] += (rate / limit - 1) / (double)runs;
            npde_particles_free(p);
        }
    const double noise = sqrt(1 / (limit * 2 * (double)(n * runs)));
    for (int k = 0; k < 2; k++) NEAR(log2(error[k] / error[k + 1]), 1, 0.25 + 4 * noise / fabs(error[k + 1]));
    npde_solver_free(s);
    npde_model_free(m);
}
END_TEST

/* Spikes of particles in bins, and the integral of the rate of the equation over the same bins. */
enum { BINS = 8, FINE = 32 };

static void limit_of(const double *fine, double *bins)
{
    for (size_t b = 0; b < BINS; b++) { /* Simpson's rule */
        bins[b] = 0;
        for (size_t k = 0; k <= FINE; k++)
            bins[b] += fine[b * FINE + k] * (k == 0 || k == FINE ? 1 : k % 2 ? 4 : 2) / (3.0 * FINE);
    }
}

static void compare(const problem *q, double dt, double tolerance)
{
    const size_t n = 20000 + (size_t)(180000 * test_scale());
    run *r = run_prepare(q, 0, NPDE_METHOD_RODAS5P, 0);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, 1e-8));
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    double times[BINS * FINE + 1], fine[BINS * FINE + 1], limit[BINS], ends[BINS], rates[BINS];
    for (size_t k = 0; k <= BINS * FINE; k++) times[k] = 2.0 * (double)k / (BINS * FINE);
    ck_assert_int_ge(npde_solver_sample(r->solver, times, BINS * FINE + 1, fine), 0);
    limit_of(fine, limit);
    npde_particles *p;
    OK(r->context, npde_particles_new(r->model, n, 5, &p));
    OK(r->context, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, dt));
    OK(r->context, npde_particles_set_gaussian(p, 0, q->mean, q->variance));
    OK(r->context, npde_particles_start(p, 0));
    for (size_t b = 0; b < BINS; b++) ends[b] = times[(b + 1) * FINE];
    OK(r->context, npde_particles_sample(p, ends, BINS, rates));
    for (size_t b = 0; b < BINS; b++) {
        const double error = sqrt(limit[b] / ((double)n * (ends[0])));
        ck_assert_msg(fabs(rates[b] - limit[b]) <= 4 * error + tolerance * limit[b],
                      "%s: bin %zu: %g, limit %g: %.2f standard errors, %.2g of it", q->name, b, rates[b], limit[b],
                      (rates[b] - limit[b]) / error, rates[b] / limit[b] - 1);
    }
    double reservoir = 0, have;
    OK(r->context, npde_solver_reservoirs(r->solver, &reservoir, 1));
    OK(r->context, npde_particles_reservoirs(p, &have, 1));
    ck_assert_msg(fabs(have - reservoir) <= 4 * sqrt(reservoir / (double)n) + tolerance * reservoir,
                  "%s: reservoir %g, not %g", q->name, have, reservoir);
    npde_particles_free(p);
    run_free(r);
}

START_TEST(the_equation_is_the_limit)
{
    static const problem cases[] = {
        {.name = "linear", .reset = 1, .threshold = 2, .diffusion = 1, .mean = 0, .variance = 0.04},
        {.name = "excitatory",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 1.5,
         .mean = 0,
         .variance = 0.04},
        {.name = "inhibitory",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = -4,
         .mean = 0,
         .variance = 0.04},
        {.name = "noisy",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 0.5,
         .noise = 0.5,
         .mean = 0,
         .variance = 0.04},
        {.name = "delayed",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 1.5,
         .noise = 0.1,
         .delay = 0.25,
         .variance = 0.04},
        {.name = "fixed refractory time",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 1.5,
         .refractory = NPDE_REFRACTORY_FIXED,
         .tau = 0.25,
         .variance = 0.04},
        {.name = "exponential refractory time",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 1.5,
         .refractory = NPDE_REFRACTORY_EXPONENTIAL,
         .tau = 0.25,
         .variance = 0.04},
        {.name = "discharge, step",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 0.5,
         .discharge = NPDE_DISCHARGE_STEP,
         .kappa = 10,
         .variance = 0.04},
        {.name = "discharge, ramp",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 0.5,
         .refractory = NPDE_REFRACTORY_FIXED,
         .tau = 0.2,
         .discharge = NPDE_DISCHARGE_RAMP,
         .kappa = 10,
         .variance = 0.04},
        {.name = "driven",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = -1,
         .swing = 2,
         .mean = 0,
         .variance = 0.2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) compare(&cases[i], 0.005, 0.01);
}
END_TEST

/* Steady rates of networks (reference values by quadrature and root-finding). */
START_TEST(steady_rates_of_networks)
{
    static const struct {
        double b, tau, rate;
    } cases[] = {{0.5, 0, 0.134775079935250081}, {-10, 0, 0.047335337249043635}, {1.5, 0.2, 0.180408480733869081}};
    for (size_t i = 0; i < 3; i++) {
        const size_t n = 20000 + (size_t)(80000 * test_scale());
        npde_model *m = leaky(NPDE_MODEL_LIF_NETWORK, 1, 0);
        OK(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, cases[i].b));
        if (cases[i].tau > 0) {
            OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
            OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY_TIME, cases[i].tau));
        }
        npde_particles *p = particles(m, n, 6, 0.01, 0, 0.5);
        double error;
        const double rate = rate_between(p, n, 15, 40, 1.3, &error);
        NEAR(rate, cases[i].rate, 3 * error + 0.003 * cases[i].rate);
        npde_particles_free(p);
        npde_model_free(m);
    }
}
END_TEST

/* Excitatory and inhibitory populations, with delays across: spikes in bins against the equation's. */
START_TEST(two_populations)
{
    const double weights[] = {1.8, -0.75, 0.5, -0.25}, delays[] = {0, 0.1, 0, 0};
    const size_t n = 50000 + (size_t)(150000 * test_scale());
    npde_model *m = leaky(NPDE_MODEL_LIF_NETWORK, 2, 0);
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_REFRACTORY_TIME, 0.25));
    npde_solver *s;
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
    OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 0, 0.04));
    ck_assert_int_ge(npde_solver_start(s, 0), 0);
    npde_particles *p = particles(m, n, 7, 0.005, 0, 0.04);
    double times[BINS * FINE + 1], fine[2 * (BINS * FINE + 1)], one[BINS * FINE + 1], limit[BINS], ends[BINS],
        rates[2 * BINS];
    for (size_t k = 0; k <= BINS * FINE; k++) times[k] = 4.0 * (double)k / (BINS * FINE);
    ck_assert_int_ge(npde_solver_sample(s, times, BINS * FINE + 1, fine), 0);
    for (size_t b = 0; b < BINS; b++) ends[b] = times[(b + 1) * FINE];
    OK(c, npde_particles_sample(p, ends, BINS, rates));
    for (size_t q = 0; q < 2; q++) {
        for (size_t k = 0; k <= BINS * FINE; k++) one[k] = fine[2 * k + q];
        limit_of(one, limit);
        for (size_t b = 0; b < BINS; b++)
            NEAR(rates[2 * b + q], limit[b], 4 * sqrt(limit[b] / ((double)n * ends[0])) + 0.01 * limit[b]);
    }
    npde_particles_free(p);
    npde_solver_free(s);
    npde_model_free(m);
}
END_TEST

static int32_t minus_v(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = -v[i];
    return 0;
}

static int32_t exponential(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = -v[i] + 0.5 * exp((v[i] - 1) / 0.5);
    return 0;
}

/* A drift by callback: the leaky one again has the leaky rate; the exponential one that of the equation. */
START_TEST(drifts_by_callback)
{
    const size_t n = 20000 + (size_t)(80000 * test_scale());
    npde_model *m = leaky(NPDE_MODEL_LIF, 1, 0);
    OK(c, npde_model_set_drift(m, minus_v, NULL, NULL));
    npde_particles *p = particles(m, n, 8, 0.01, 0, 0.5);
    double error, rate = rate_between(p, n, 10, 25, 1.2, &error);
    NEAR(rate, sets[0].rate, 3 * error);
    npde_particles_free(p);
    OK(c, npde_model_set_drift(m, exponential, NULL, NULL));
    npde_solver *s;
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
    OK(c, npde_solver_set_gaussian(s, 0, 0, 0.5));
    ck_assert_int_ge(npde_solver_start(s, 0), 0);
    const double late = 40;
    double steady;
    ck_assert_int_ge(npde_solver_sample(s, &late, 1, &steady), 0);
    p = particles(m, n, 9, 0.005, 0, 0.5);
    rate = rate_between(p, n, 10, 25, 1.2, &error);
    NEAR(rate, steady, 3 * error + 0.002 * steady);
    npde_particles_free(p);
    npde_solver_free(s);
    npde_model_free(m);
}
END_TEST

/* A drive far above the threshold: several spikes of a neuron within one step are all counted. */
START_TEST(many_spikes_in_a_step)
{
    npde_model *m = leaky(NPDE_MODEL_LIF, 1, 0);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, 50));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, 0.01));
    npde_particles *p = particles(m, 20000, 10, 0.05, 1, 0);
    double error;
    /* Without noise: ln((50 − 1)/(50 − 2)); the noise moves it by much less than what is asked for. */
    NEAR(rate_between(p, 20000, 1, 6, 0.1, &error), 1 / log(49. / 48), 0.01 / log(49. / 48));
    npde_particles_free(p);
    npde_model_free(m);
}
END_TEST

/* A drive by what acts at once. */
static int32_t saturates(double t, size_t n, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)t;
    (void)n;
    (void)diffusion;
    (void)user;
    drive[0] += 0.5 * rate[0] / (1 + rate[0]);
    return 0;
}

/* Rates that act at once, by callback and on the noise, are the same wherever outputs cut steps. */
START_TEST(outputs_may_cut_steps)
{
    static const double widths[] = {0.01, 0.010000012, 0.0100001, 0.0101, 0.015, 0.003};
    enum { WIDTHS = sizeof widths / sizeof widths[0] };
    const size_t n = 2000 + (size_t)(18000 * test_scale());
    for (int noisy = 0; noisy < 2; noisy++) {
        double aligned = 0;
        npde_model *m;
        OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 1, &m));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, 1.5));
        if (noisy) OK(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, 0.3));
        if (noisy) OK(c, npde_model_set(m, 0, NPDE_PARAM_NOISE_CONNECTIVITY, 0.3));
        else OK(c, npde_model_set_coupling(m, saturates, NULL, NULL));
        for (int k = 0; k < WIDTHS; k++) {
            const size_t bins = (size_t)(10 / widths[k]);
            npde_particles *p = particles(m, n, 1 + (uint64_t)k, 0.01, 0.4, 0.01);
            double *times = malloc(2 * bins * sizeof *times), *rates = times + bins, rate = 0;
            ck_assert_ptr_nonnull(times);
            for (size_t i = 0; i < bins; i++) times[i] = (double)(i + 1) * widths[k];
            OK(c, npde_particles_sample(p, times, bins, rates));
            for (size_t i = bins / 2; i < bins; i++) rate += rates[i] / (double)(bins - bins / 2);
            if (k == 0) aligned = rate;
            NEAR(rate, aligned, 4 * sqrt(2 * rate / ((double)n * 5)));
            free(times);
            npde_particles_free(p);
        }
        npde_model_free(m);
    }
}
END_TEST

/* Noise weights act at once: nobody fires, so that the potentials diffuse by a₀ alone, whatever the rate was before. */
START_TEST(noise_at_once_has_no_past)
{
    const size_t n = 20000 + (size_t)(80000 * test_scale());
    double *v = malloc(n * sizeof *v);
    ck_assert_ptr_nonnull(v);
    for (int past = 0; past < 2; past++) {
        npde_model *m = leaky(NPDE_MODEL_LIF_NETWORK, 1, 0);
        OK(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, 0.2));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_NOISE_CONNECTIVITY, 1));
        npde_particles *p;
        OK(c, npde_particles_new(m, n, 1, &p));
        OK(c, npde_particles_set_gaussian(p, 0, -3, 0));
        OK(c, npde_particles_set_past_rate(p, 0, 5 * past));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_advance(p, 0.05, NULL));
        OK(c, npde_particles_potentials(p, 0, v, n));
        double mean = 0, square = 0;
        const double law = 0.2 * (1 - exp(-0.1));
        for (size_t i = 0; i < n; i++) mean += v[i] / (double)n;
        for (size_t i = 0; i < n; i++) square += (v[i] - mean) * (v[i] - mean) / (double)n;
        NEAR(mean, -3 * exp(-0.05), 4 * sqrt(law / (double)n));
        NEAR(square, law, 4 * law * sqrt(2 / (double)n));
        npde_particles_free(p);
        npde_model_free(m);
    }
    free(v);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {rates_of_the_leaky_neuron_are_exact,
                                  first_passage_times_have_their_mean_and_spread,
                                  potentials_have_the_steady_law,
                                  orders_in_the_step,
                                  order_of_a_network,
                                  the_equation_is_the_limit,
                                  steady_rates_of_networks,
                                  two_populations,
                                  drifts_by_callback,
                                  many_spikes_in_a_step,
                                  outputs_may_cut_steps,
                                  noise_at_once_has_no_past};
    return run_suite_with("particles", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
