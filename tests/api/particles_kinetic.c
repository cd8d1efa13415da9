/* SPDX-License-Identifier: BSD-3-Clause
 * Particles with conductances, and initial densities by a function, in wrong hands; and what is promised of them: the same
 * bits for any number of threads, snapshots that go on bit for bit, nothing allocated while running. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static npde_context *c;
static npde_model *m;
static npde_particles *p;

static void set_up(void)
{
    ck_assert_int_eq(npde_context_new(&c), NPDE_OK);
    m = NULL;
    p = NULL;
}

static void tear_down(void)
{
    npde_particles_free(p);
    npde_model_free(m);
    npde_context_free(c);
}

static void says(const char *text)
{
    ck_assert_msg(strstr(npde_context_error(c), text) != NULL, "'%s' does not say '%s'", npde_context_error(c), text);
}

/* ---- callbacks with a script ---- */

enum { FINE, REFUSES, ASKS_AGAIN, NOT_FINITE, NEGATIVE, STEPS };
static struct {
    int calls, at, what, released, outside;
    npde_status inside;
} script;

static int32_t act(double *value)
{
    if (++script.calls != script.at) return 0;
    switch (script.what) {
    case REFUSES: return -42;
    case ASKS_AGAIN: return 7;
    case NOT_FINITE: *value = NAN; break;
    case NEGATIVE: *value = -1; break;
    case STEPS: script.inside = npde_particles_advance(p, 100, NULL); break;
    default: break;
    }
    return 0;
}

static int32_t conductance(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean,
                           void *user)
{
    (void)t, (void)user;
    for (size_t i = 0; i < n; i++) {
        script.outside |= !(v[i] >= 0 && v[i] <= 14. / 3 + 1e-12);
        g_mean[i] = fmax(0, g_mean[i]) + 0.2 * v[i] + 0.01 * rate[pop]; /* a few neurons fire in bursts */
    }
    return act(&g_mean[n / 2]);
}

/* What it is given must be G ≥ 0. */
static int32_t given(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean, void *user)
{
    (void)t, (void)pop, (void)v, (void)rate;
    for (size_t i = 0; i < n; i++) {
        script.outside |= !(g_mean[i] >= 0);
        *(double *)user = fmin(*(double *)user, g_mean[i]);
    }
    return 0;
}

static int32_t density(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = v[i] > 0.25 && v[i] < 0.75 ? 6 * v[i] : 0;
    return act(&value[n / 2]);
}

static int32_t nothing(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)v, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = 0;
    return 0;
}

static void released(void *user)
{
    (void)user;
    script.released++;
}

/* ---- a network with all there is ---- */

static npde_status make(npde_id kind, size_t n, uint64_t seed)
{
    const double weights[] = {0.1, -0.05, 0.1, 0.02}, delays[] = {0, 0.3, 0.07, 0}, noise[] = {0.01, 0, 0, 0.02};
    npde_status status = npde_model_new(c, kind, 2, &m);
    if (!status) status = npde_model_set(m, NPDE_ALL, NPDE_PARAM_V_RESET, 0);
    if (!status) status = npde_model_set(m, NPDE_ALL, NPDE_PARAM_V_THRESHOLD, 1);
    if (!status) status = npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2);
    if (!status) status = npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2);
    if (!status) status = npde_model_set_matrix(m, NPDE_MATRIX_NOISE_WEIGHTS, noise, 2, 2);
    if (!status && kind == NPDE_MODEL_REDUCED_KINETIC)
        status = npde_model_set(m, NPDE_ALL, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP);
    if (!status) status = npde_particles_new(m, n, seed, &p);
    if (!status) status = npde_particles_set_gaussian(p, NPDE_ALL, 0.4, 0.01);
    if (!status) status = npde_particles_set_past_rate(p, NPDE_ALL, 0.3);
    return status;
}

static const npde_id kinds[] = {NPDE_MODEL_VOLTAGE_CONDUCTANCE, NPDE_MODEL_REDUCED_KINETIC};

static void let_go(void)
{
    npde_particles_free(p);
    npde_model_free(m);
    p = NULL;
    m = NULL;
}

/* ---- bad arguments ---- */

START_TEST(kinds_without_particles)
{
    const npde_id without[] = {NPDE_MODEL_MACROSCOPIC, NPDE_MODEL_FAST_VOLTAGE, NPDE_MODEL_KURAMOTO,
                               NPDE_MODEL_HODGKIN_HUXLEY};
    for (int i = 0; i < 4; i++) {
        OK(c, npde_model_new(c, without[i], 1, &m));
        ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_particles_new(m, 10, 1, &p));
        says("voltage_conductance or reduced_kinetic");
        ck_assert_ptr_null(p);
        let_go();
    }
}
END_TEST

START_TEST(bad_arguments)
{
    double x[100];
    OK(c, make(NPDE_MODEL_VOLTAGE_CONDUCTANCE, 100, 1));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_set_conductance(p, 2, 0.5, 0.1));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_set_conductance(p, 0, 0.5, -0.1));
    ANSWERS(c, NPDE_ERR_NOT_FINITE, npde_particles_set_conductance(p, 0, NAN, 0.1));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_set_density(p, 0, NULL, NULL, NULL));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_set_density(p, 2, density, NULL, NULL));
    ANSWERS(c, NPDE_ERR_STATE, npde_particles_conductances(p, 0, x, 100));
    OK(c, npde_particles_start(p, 0));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_conductances(p, 0, NULL, 100));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_conductances(p, 0, x, 99));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_conductances(p, 2, x, 100));
    OK(c, npde_particles_conductances(p, 1, x, 100));
    ck_assert_int_eq(npde_particles_conductances(NULL, 0, x, 100), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_set_conductance(NULL, 0, 0, 0), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_set_density(NULL, 0, density, NULL, NULL), NPDE_ERR_NULL);
    let_go();
    /* neurons without a conductance */
    OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
    OK(c, npde_particles_new(m, 100, 1, &p));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_particles_set_conductance(p, 0, 0.5, 0.1));
    says("kind lif");
    OK(c, npde_particles_set_gaussian(p, 0, 0, 0.5));
    OK(c, npde_particles_start(p, 0));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_particles_conductances(p, 0, x, 100));
}
END_TEST

START_TEST(starts_that_cannot_be)
{
    double t;
    OK(c, make(NPDE_MODEL_VOLTAGE_CONDUCTANCE, 100, 1));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_set_gaussian(p, 1, -50, 1));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
    says("population 1");
    says("potentials has the mean -50 and the variance 1");
    says("[0, 1)");
    says("37 deviations");
    OK(c, npde_particles_set_gaussian(p, 1, 0.5, 0));
    OK(c, npde_particles_set_conductance(p, 0, -50, 1));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
    says("conductances has the mean -50");
    says("[0, inf)");
    for (int wide = 0; wide < 2; wide++) { /* so many spikes a step that it would not end */
        OK(c, npde_particles_set_conductance(p, 0, wide ? 0 : 1e12, wide ? 1e12 : 0));
        ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
        says(wide ? "the mean 0 and the variance 1e+12" : "the mean 1e+12 and the variance 0");
        says("make dt smaller than ");
    }
    OK(c, npde_particles_set_conductance(p, 0, 1, 0));
    OK(c, npde_particles_set_density(p, 0, nothing, NULL, NULL));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
    says("mass 0");
    OK(c, npde_particles_advance(p, 0.5, &t)); /* the run before goes on */
    ck_assert_double_eq(t, 0.5);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_EXCITATORY, 1));
    OK(c, npde_particles_set_gaussian(p, NPDE_ALL, 0.4, 0.01));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
    says("v_excitatory");
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_EXCITATORY, 14. / 3));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_CONDUCTANCE_INPUT, 1e9)); /* a million spikes a step */
    OK(c, npde_particles_start(p, 0));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_advance(p, 1, &t));
    says("make dt smaller than ");
    ck_assert_double_eq(t, 0);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_CONDUCTANCE_INPUT, 0.5));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_CONDUCTANCE_TIME, 1e-7)); /* by which steps are bounded */
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 1e9));
    says("not dt: the shortest delay, or the conductance time");
}
END_TEST

/* The equilibrium at the past rates, or what was given; the potentials within V_LEAK and V_THRESHOLD. */
START_TEST(neurons_begin_where_they_are_told)
{
    enum { N = 200000 };
    double *x = malloc(N * sizeof *x), sum = 0, squares = 0;
    size_t outside = 0;
    OK(c, make(NPDE_MODEL_VOLTAGE_CONDUCTANCE, N, 1));
    OK(c, npde_particles_set_gaussian(p, 0, 0.1, 1));
    script.at = 0;
    OK(c, npde_particles_set_density(p, 1, density, NULL, NULL));
    OK(c, npde_particles_set_conductance(p, 1, 0.7, 0));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_conductances(p, 0, x, N));
    /* G = 0.5 + 0.3 (0.1 − 0.05), a = 0.05 + 0.3 × 0.01: ⟨g⟩ = G + √a f(z)/F(z), ⟨g²⟩ = G⟨g⟩ + a */
    const double mean = 0.515, a = 0.053, z = mean / sqrt(a);
    const double cut = mean + sqrt(a) * exp(-z * z / 2) / (2.5066282746310002 * erfc(-z / sqrt(2)) / 2);
    for (size_t i = 0; i < N; i++) {
        outside += !(x[i] >= 0);
        sum += x[i] / N;
        squares += x[i] * x[i] / N;
    }
    NEAR(sum, cut, 4 * sqrt(a / N));
    NEAR(squares, mean * cut + a, 10 * a / sqrt(N));
    OK(c, npde_particles_conductances(p, 1, x, N));
    for (size_t i = 0; i < N; i++) outside += !(fabs(x[i] - 0.7) <= 1e-7);
    OK(c, npde_particles_potentials(p, 0, x, N));
    for (size_t i = 0; i < N; i++) outside += !(x[i] >= 0 && x[i] < 1);
    /* p(v) ∝ v on [1/4, 3/4]: ⟨v⟩ = 13/24, ⟨v²⟩ = 5/16 */
    OK(c, npde_particles_potentials(p, 1, x, N));
    sum = squares = 0;
    for (size_t i = 0; i < N; i++) {
        outside += !(x[i] >= 0.25 - 1e-4 && x[i] <= 0.75 + 1e-4);
        sum += x[i] / N;
        squares += x[i] * x[i] / N;
    }
    ck_assert_uint_eq(outside, 0);
    NEAR(sum, 13. / 24, 4 * 0.14 / sqrt(N));
    NEAR(squares, 5. / 16, 4 * 0.15 / sqrt(N));
    free(x);
}
END_TEST

/* A density for neurons with a sharp threshold is cut there, one for those with a random one goes on. */
START_TEST(densities_of_leaky_neurons)
{
    enum { N = 1000 };
    double x[N];
    script.at = 0;
    for (int random = 0; random < 2; random++) {
        OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, 0));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_V_THRESHOLD, 0.5));
        if (random) OK(c, npde_model_set(m, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));
        OK(c, npde_particles_new(m, N, 1, &p));
        OK(c, npde_particles_set_density(p, 0, density, NULL, NULL));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_potentials(p, 0, x, N));
        size_t beyond = 0;
        for (size_t i = 0; i < N; i++) {
            ck_assert(x[i] >= 0.24 && x[i] < (random ? 0.76 : 0.5));
            beyond += x[i] >= 0.5;
        }
        if (random) ck_assert(beyond > N / 2 && beyond < 3 * N / 4); /* 5/8 */
        let_go();
    }
}
END_TEST

/* ---- callbacks ---- */

START_TEST(callbacks_that_fail)
{
    const npde_status answer[] = {NPDE_OK,           NPDE_ERR_CALLBACK, NPDE_ERR_CALLBACK,
                                  NPDE_ERR_CALLBACK, NPDE_ERR_CALLBACK, NPDE_OK};
    for (int k = 0; k < 2; k++) {
        OK(c, make(kinds[k], 100, 1));
        OK(c, npde_model_set_conductance(m, conductance, NULL, NULL));
        for (int what = REFUSES; what <= STEPS; what++) {
            double t = -1;
            memset(&script, 0, sizeof script);
            script.at = 21;
            script.what = what;
            OK(c, npde_particles_start(p, 0));
            ANSWERS(c, answer[what], npde_particles_advance(p, 1, &t));
            if (what == STEPS) {
                ck_assert_double_eq(t, 1);
                ck_assert_int_eq(script.inside, NPDE_ERR_STATE);
                continue;
            }
            ck_assert(!script.outside);
            NEAR(t, 0.1, 1e-12); /* ten steps were made, of two calls */
            if (what <= ASKS_AGAIN) ck_assert_int_eq(npde_context_user_status(c), what == REFUSES ? -42 : 7);
            OK(c, npde_particles_advance(p, 1, &t)); /* and it can go on */
            ck_assert_double_eq(t, 1);
        }
        let_go();
    }
}
END_TEST

static int32_t enormous(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean, void *user)
{
    (void)t, (void)pop, (void)v, (void)rate, (void)user;
    for (size_t i = 0; i < n; i++) g_mean[i] = 1e12;
    return 0;
}

/* What a callback answers makes no step of a step either. */
START_TEST(conductances_too_large_for_a_step)
{
    OK(c, make(NPDE_MODEL_VOLTAGE_CONDUCTANCE, 100, 1));
    OK(c, npde_model_set_conductance(m, enormous, NULL, NULL));
    OK(c, npde_particles_start(p, 0));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_advance(p, 1, NULL));
    says("with 1e+12, the conductance callback's answer at v = 0");
    says("make dt smaller than ");
}
END_TEST

/* Inhibition that is stronger than the input: without a callback G is below 0, a callback is given 0, by both who ask it. */
START_TEST(conductances_below_zero_are_given_as_zero)
{
    for (int delayed = 0; delayed < 2; delayed++) {
        double least = INFINITY;
        npde_grid *grid;
        npde_solver *s;
        memset(&script, 0, sizeof script);
        OK(c, npde_model_new(c, NPDE_MODEL_VOLTAGE_CONDUCTANCE, 1, &m));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, -5));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_DELAY, delayed ? 0.5 : 0));
        OK(c, npde_model_set_conductance(m, given, &least, NULL));
        OK(c, npde_particles_new(m, 1000, 1, &p));
        OK(c, npde_particles_set_gaussian(p, 0, 0.4, 0.01));
        OK(c, npde_particles_set_past_rate(p, 0, 1));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_advance(p, delayed ? 0.3 : 2, NULL)); /* until they fire themselves */
        ck_assert(!script.outside && least == 0);
        least = INFINITY;
        OK(c, npde_grid_new_for(m, NPDE_SCHEME_CELLS, 32, &grid));
        OK(c, npde_solver_new(m, grid, NPDE_METHOD_STRANG, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
        OK(c, npde_solver_set_gaussian(s, 0, 0.4, 0.01));
        OK(c, npde_solver_set_past_rate(s, 0, 1));
        ck_assert_msg(npde_solver_start(s, 0) >= 0, "%s", npde_context_error(c));
        ck_assert_msg(npde_solver_advance(s, 0.1, NULL) >= 0, "%s", npde_context_error(c));
        ck_assert(!script.outside && (least == 0 || !delayed));
        npde_solver_free(s);
        npde_grid_free(grid);
        let_go();
    }
}
END_TEST

/* The equilibrium by its mean and variance is the one that is there without. */
START_TEST(the_equilibrium_can_be_given)
{
    double before[500], after[500];
    OK(c, make(NPDE_MODEL_VOLTAGE_CONDUCTANCE, 500, 1));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_conductances(p, 0, before, 500));
    OK(c, npde_particles_set_conductance(p, 0, 2, 0.1));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_set_conductance(p, 0, 0.5 + 0.3 * (0.1 - 0.05), 0.05 + 0.3 * 0.01));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_conductances(p, 0, after, 500));
    for (size_t i = 0; i < 500; i++) NEAR(after[i], before[i], 1e-6);
}
END_TEST

START_TEST(densities_that_fail)
{
    OK(c, make(NPDE_MODEL_VOLTAGE_CONDUCTANCE, 100, 1));
    memset(&script, 0, sizeof script);
    OK(c, npde_particles_set_density(p, NPDE_ALL, density, NULL, released));
    for (int what = REFUSES; what <= STEPS; what++) {
        if (what == ASKS_AGAIN) continue;
        script.calls = 0;
        script.at = 2;
        script.what = what;
        ANSWERS(c, what == STEPS ? NPDE_OK : NPDE_ERR_CALLBACK, npde_particles_start(p, 0));
        if (what == REFUSES) says("population 1");
        if (what == STEPS) ck_assert_int_eq(script.inside, NPDE_ERR_STATE);
    }
    OK(c, npde_particles_set_gaussian(p, 0, 0.4, 0.01));
    ck_assert_int_eq(script.released, 0);
    OK(c, npde_particles_set_density(p, 1, density, NULL, NULL));
    ck_assert_int_eq(script.released, 1);
    OK(c, npde_particles_set_density(p, 1, density, NULL, released));
    npde_particles_free(p);
    p = NULL;
    ck_assert_int_eq(script.released, 2);
}
END_TEST

/* ---- the same bits ---- */

typedef struct {
    double rates[40];
    unsigned char *bytes;
    size_t n;
} outcome;

static outcome run(npde_id kind, size_t n, int threads, int pieces)
{
    outcome o;
    memset(&o, 0, sizeof o);
    script.at = 0;
    OK(c, make(kind, n, 12345));
    OK(c, npde_model_set_conductance(m, conductance, NULL, NULL));
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, threads));
    OK(c, npde_particles_start(p, 0));
    double times[20];
    for (int i = 0; i < 20; i++) times[i] = 0.05 * (i + 1);
    for (int i = 0; i < 20; i += 20 / pieces)
        OK(c, npde_particles_sample(p, times + i, (size_t)(20 / pieces), o.rates + 2 * i));
    OK(c, npde_particles_save(p, NULL, 0, &o.n));
    o.bytes = malloc(o.n);
    OK(c, npde_particles_save(p, o.bytes, o.n, &o.n));
    let_go();
    return o;
}

START_TEST(threads_do_not_change_a_bit)
{
    const size_t sizes[] = {1, 64, 65, 4097, 20000};
    for (size_t k = 0; k < 10; k++) {
        const outcome one = run(kinds[k % 2], sizes[k / 2], 1, 1);
        for (int threads = 2; threads <= 4; threads++) {
            const outcome other = run(kinds[k % 2], sizes[k / 2], threads, threads == 4 ? 4 : 1);
            ck_assert_int_eq(memcmp(one.rates, other.rates, sizeof one.rates), 0);
            ck_assert_uint_eq(one.n, other.n);
            ck_assert_int_eq(memcmp(one.bytes, other.bytes, one.n), 0);
            free(other.bytes);
        }
        free(one.bytes);
    }
}
END_TEST

static void refuse(const void *bytes, size_t n)
{
    double before[500], after[500];
    OK(c, npde_particles_conductances(p, 0, before, 500));
    ANSWERS(c, NPDE_ERR_SNAPSHOT, npde_particles_restore(p, bytes, n));
    OK(c, npde_particles_conductances(p, 0, after, 500));
    ck_assert_int_eq(memcmp(before, after, sizeof before), 0);
}

START_TEST(snapshots)
{
    for (int kind = 0; kind < 2; kind++) {
        OK(c, make(kinds[kind], 500, 3));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_advance(p, 0.703, NULL)); /* a short step at the end */
        size_t n, again;
        OK(c, npde_particles_save(p, NULL, 0, &n));
        unsigned char *bytes = malloc(n), *end[2] = {malloc(n), malloc(n)};
        OK(c, npde_particles_save(p, bytes, n, &again));
        for (int k = 0; k < 2; k++) { /* the second time from the snapshot, with two threads, in another object */
            OK(c, npde_particles_advance(p, 1.9, NULL));
            OK(c, npde_particles_save(p, end[k], n, &again));
            let_go();
            OK(c, make(kinds[kind], 500, 3));
            OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, 2));
            OK(c, npde_particles_start(p, 0));
            OK(c, npde_particles_restore(p, bytes, n));
        }
        ck_assert_int_eq(memcmp(end[0], end[1], n), 0);
        for (size_t k = 0; k < n; k += 1 + n / 30) {
            refuse(bytes, k);
            bytes[k] ^= 1;
            refuse(bytes, n);
            bytes[k] ^= 1;
        }
        let_go();
        OK(c, make(kinds[1 - kind], 500, 3));
        OK(c, npde_particles_start(p, 0));
        refuse(bytes, n);
        let_go();
        OK(c, make(kinds[kind], 500, 3));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_CONDUCTANCE_TIME, 0.3));
        OK(c, npde_particles_start(p, 0));
        refuse(bytes, n);
        let_go();
        free(bytes);
        free(end[0]);
        free(end[1]);
    }
}
END_TEST

START_TEST(memory_of_a_neuron)
{
    double bytes;
    OK(c, make(NPDE_MODEL_VOLTAGE_CONDUCTANCE, 1000000, 1));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_BYTES_PER_NEURON, &bytes));
    ck_assert_double_le(bytes, 12.01);
}
END_TEST

/* ---- memory ---- */

static int refused;

#define TRY(call)                                                                \
    do {                                                                         \
        npde_status try_status_ = (call);                                        \
        if (try_status_ == NPDE_ERR_MEMORY) refused++, try_status_ = (call);     \
        ck_assert_msg(try_status_ >= 0, "%s: %s", #call, npde_context_error(c)); \
    } while (0)

static void scenario(npde_id kind)
{
    const double weights[] = {0.1, -0.05, 0.1, 0.02}, delays[] = {0, 0.3, 0.07, 0}, time = 0.5;
    double rates[2], g[100];
    size_t need;
    c = NULL;
    npde_status status = npde_context_new_with_allocator(heap_give, heap_take, NULL, &c);
    if (status == NPDE_ERR_MEMORY) refused++, status = npde_context_new_with_allocator(heap_give, heap_take, NULL, &c);
    ck_assert_int_eq(status, NPDE_OK);
    TRY(npde_model_new(c, kind, 2, &m));
    TRY(npde_model_set(m, NPDE_ALL, NPDE_PARAM_V_RESET, 0));
    TRY(npde_model_set(m, NPDE_ALL, NPDE_PARAM_V_THRESHOLD, 1));
    TRY(npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    TRY(npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2));
    if (kind == NPDE_MODEL_REDUCED_KINETIC) TRY(npde_model_set(m, NPDE_ALL, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));
    TRY(npde_model_set_conductance(m, conductance, NULL, NULL));
    TRY(npde_particles_new(m, 100, 1, &p));
    TRY(npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, 2));
    TRY(npde_particles_set_gaussian(p, 0, 0.4, 0.01));
    TRY(npde_particles_set_density(p, 1, density, NULL, NULL));
    TRY(npde_particles_start(p, 0));
    TRY(npde_particles_advance(p, 0.2, NULL));
    TRY(npde_particles_start(p, 0));
    const long before = heap.requests;
    TRY(npde_particles_advance(p, 0.4, NULL));
    TRY(npde_particles_sample(p, &time, 1, rates));
    TRY(npde_particles_conductances(p, 0, g, 100));
    TRY(npde_particles_save(p, NULL, 0, &need));
    ck_assert_int_eq(heap.requests, before); /* nothing is allocated while running */
    let_go();
    npde_context_free(c);
    c = NULL;
}

START_TEST(every_allocation_may_fail)
{
    npde_context *of_fixture = c;
    script.at = 0;
    for (int kind = 0; kind < 2; kind++) {
        memset(&heap, 0, sizeof heap);
        scenario(kinds[kind]);
        const long requests = heap.requests;
        ck_assert_int_eq(heap.live, 0);
        ck_assert_int_gt(requests, 40);
        for (long k = 1; k <= requests; k++) {
            heap.requests = heap.live = 0;
            heap.fail_at = k;
            refused = 0;
            scenario(kinds[kind]);
            ck_assert_msg(refused == 1, "request %ld of %ld was refused: %d calls said so", k, requests, refused);
            ck_assert_int_eq(heap.live, 0);
        }
    }
    c = of_fixture;
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {kinds_without_particles,
                                  bad_arguments,
                                  starts_that_cannot_be,
                                  neurons_begin_where_they_are_told,
                                  densities_of_leaky_neurons,
                                  callbacks_that_fail,
                                  densities_that_fail,
                                  conductances_too_large_for_a_step,
                                  conductances_below_zero_are_given_as_zero,
                                  the_equilibrium_can_be_given,
                                  threads_do_not_change_a_bit,
                                  snapshots,
                                  memory_of_a_neuron,
                                  every_allocation_may_fail};
    return run_suite_with("particles with conductances", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
