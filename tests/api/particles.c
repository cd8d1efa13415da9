/* SPDX-License-Identifier: BSD-3-Clause
 * Particles in wrong hands: bad arguments, wrong order, callbacks that fail, memory that is refused, damaged snapshots.
 * And what is promised: the same numbers for any number of threads, nothing allocated while running, runs that go on
 * bit for bit. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static npde_context *c;
static npde_model *m;
static npde_particles *p;

/* Two populations with all there is: weights at once and delayed, noise weights, both refractory kinds. */
static npde_status make(size_t n, uint64_t seed)
{
    const double weights[] = {0.4, -0.5, 0.6, -1}, delays[] = {0, 0.3, 0.07, 0}, noise[] = {0.1, 0, 0, 0.2};
    npde_status status = npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m);
    if (!status) status = npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2);
    if (!status) status = npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2);
    if (!status) status = npde_model_set_matrix(m, NPDE_MATRIX_NOISE_WEIGHTS, noise, 2, 2);
    if (!status) status = npde_model_set(m, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED);
    if (!status) status = npde_model_set(m, 1, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL);
    if (!status) status = npde_model_set(m, NPDE_ALL, NPDE_PARAM_REFRACTORY_TIME, 0.2);
    if (!status) status = npde_particles_new(m, n, seed, &p);
    if (!status) status = npde_particles_set_gaussian(p, NPDE_ALL, 1, 0.2);
    if (!status) status = npde_particles_set_past_rate(p, NPDE_ALL, 0.3);
    return status;
}

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

/* The last answer's text holds this. */
static void says(const char *text)
{
    ck_assert_msg(strstr(npde_context_error(c), text) != NULL, "'%s' does not say '%s'", npde_context_error(c), text);
}

START_TEST(bad_arguments)
{
    double x = 0, v[100] = {0}, bad[2] = {0, NAN}, falling[2] = {1, 0}, wide[2] = {0, 1e300};
    const double endless[2] = {-1e308, 1e308}, narrow[3] = {0, 1e-310, 1}, widest[2] = {-8e307, 9e307};
    int64_t k;
    size_t need;
    OK(c, make(100, 1));
    npde_particles *q = NULL;
    ck_assert_int_eq(npde_particles_new(NULL, 1, 1, &q), NPDE_ERR_NULL);
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_new(m, 1, 1, NULL));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_new(m, 0, 1, &q));
    says("n_neurons = 0");
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_new(m, SIZE_MAX, 1, &q));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_new(m, ((size_t)1 << 31) + 1, 1, &q));
    ck_assert_ptr_null(q);
    npde_particles_free(NULL);
    ANSWERS(c, NPDE_ERR_ID, npde_particles_set(p, NPDE_OPTION_DT, 1));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 0));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, 1.5));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, 0));
    ANSWERS(c, NPDE_ERR_NOT_FINITE, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, NAN));
    ANSWERS(c, NPDE_ERR_ID, npde_particles_get(p, NPDE_PARTICLE_STAT_TIME, &x));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_get(p, NPDE_PARTICLE_OPTION_DT, NULL));
    OK(c, npde_particles_get(p, NPDE_PARTICLE_OPTION_DT, &x));
    ck_assert_double_eq(x, 0.01);
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_set_gaussian(p, 2, 0, 1));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_set_gaussian(p, 0, 0, -1));
    ANSWERS(c, NPDE_ERR_NOT_FINITE, npde_particles_set_gaussian(p, 0, INFINITY, 1));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_set_potentials(p, 0, NULL, 100));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_set_potentials(p, 0, v, 99));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_set_potentials(p, NPDE_ALL, v, 100));
    v[37] = NAN;
    ANSWERS(c, NPDE_ERR_NOT_FINITE, npde_particles_set_potentials(p, 0, v, 100));
    says("v[37]");
    v[37] = 1e200;
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_set_potentials(p, 0, v, 100));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_set_past_rate(p, 0, -0.1));
    /* before the start */
    ANSWERS(c, NPDE_ERR_STATE, npde_particles_advance(p, 1, NULL));
    says("npde_particles_start");
    ANSWERS(c, NPDE_ERR_STATE, npde_particles_sample(p, &x, 1, &x));
    ANSWERS(c, NPDE_ERR_STATE, npde_particles_rates(p, v, 2));
    ANSWERS(c, NPDE_ERR_STATE, npde_particles_spikes(p, &k, 2));
    ANSWERS(c, NPDE_ERR_STATE, npde_particles_save(p, NULL, 0, &need));
    ANSWERS(c, NPDE_ERR_NOT_FINITE, npde_particles_start(p, NAN));
    OK(c, npde_particles_start(p, 5));
    /* after it */
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_advance(p, 4.9, NULL));
    says("4.9");
    ANSWERS(c, NPDE_ERR_NOT_FINITE, npde_particles_advance(p, NAN, NULL));
    OK(c, npde_particles_advance(p, 5, &x));
    ck_assert_double_eq(x, 5);
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_sample(p, NULL, 1, v));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_sample(p, v, 1, NULL));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_sample(p, &x, 0, v));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_sample(p, &x, 1, v)); /* an empty bin */
    const double twice[2] = {5.1, 5.1};
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_sample(p, twice, 2, v));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_rates(p, v, 1));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_rates(p, NULL, 2));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_spikes(p, &k, 3));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_reservoirs(p, v, 0));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_potentials(p, 2, v, 100));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_potentials(p, 0, v, 101));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_histogram(p, 0, NULL, 2, v));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_histogram(p, 0, wide, 1, v));
    ANSWERS(c, NPDE_ERR_NOT_FINITE, npde_particles_histogram(p, 0, bad, 2, v));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_histogram(p, 0, falling, 2, v));
    v[0] = v[1] = -1;
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_histogram(p, 0, endless, 2, v));
    says("edges[0] = -1e+308 and edges[1] = 1e+308 are inf apart");
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_histogram(p, 0, narrow, 3, v));
    says("edges[1] = 1e-310");
    ck_assert(v[0] == -1 && v[1] == -1);
    OK(c, npde_particles_histogram(p, 0, wide, 2, v));
    OK(c, npde_particles_histogram(p, 0, widest, 2, v));
    NEAR(v[0] * 1.7e308, 0.94, 1e-12); /* all but those who are refractory */
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_cascade_sizes(p, &k, 0));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_cascade_sizes(p, NULL, 1));
    ANSWERS(c, NPDE_ERR_ID, npde_particles_stat(p, NPDE_STAT_TIME, &x));
    ANSWERS(c, NPDE_ERR_ID, npde_particles_count(p, NPDE_COUNT_STEPS, &k));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_count(p, NPDE_PARTICLE_COUNT_STEPS, NULL));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_restore(p, NULL, 0));
    ANSWERS(c, NPDE_ERR_NULL, npde_particles_save(p, NULL, 0, NULL));
    /* a NULL handle */
    ck_assert_int_eq(npde_particles_set(NULL, 0, 0), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_get(NULL, 0, &x), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_set_gaussian(NULL, 0, 0, 0), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_set_potentials(NULL, 0, v, 1), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_set_past_rate(NULL, 0, 0), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_start(NULL, 0), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_advance(NULL, 0, NULL), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_sample(NULL, v, 1, v), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_rates(NULL, v, 1), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_spikes(NULL, &k, 1), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_reservoirs(NULL, v, 1), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_potentials(NULL, 0, v, 1), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_histogram(NULL, 0, v, 2, v), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_cascade_sizes(NULL, &k, 1), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_stat(NULL, 0, v), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_count(NULL, 0, &k), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_save(NULL, v, 1, &need), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_particles_restore(NULL, v, 1), NPDE_ERR_NULL);
}
END_TEST

/* A step that the time is too large to tell: at the start, or as the time grows. */
START_TEST(steps_lost_in_the_time)
{
    double t;
    int64_t steps;
    OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
    OK(c, npde_particles_new(m, 64, 1, &p));
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 1e-5));
    OK(c, npde_particles_set_gaussian(p, 0, 0.4, 0.01));
    OK(c, npde_particles_start(p, 0));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 1e12));
    says("1e-05");
    says("1000000000000,");
    OK(c, npde_particles_advance(p, 1e-3, &t)); /* the run before it is left as it was */
    ck_assert_double_eq(t, 1e-3);
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, -1e12));
    /* From 2^20 on numbers are 2^-32 apart, before it 2^-33; half of one is lost in a step of 41 × 2^-33. */
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 41 * 0x1p-33));
    OK(c, npde_particles_start(p, 0x1p20 - 82 * 0x1p-33));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_advance(p, 0x1p20 + 1, &t));
    ck_assert_double_eq(t, 0x1p20);
    OK(c, npde_particles_count(p, NPDE_PARTICLE_COUNT_STEPS, &steps));
    ck_assert_int_eq(steps, 2);
    OK(c, npde_particles_advance(p, 0x1p20 + 0x1p-31, &t)); /* what is shorter than a step can be met */
    ck_assert_double_eq(t, 0x1p20 + 0x1p-31);
}
END_TEST

START_TEST(starts_that_cannot_be)
{
    double t, v[100];
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 1, &m));
    OK(c, npde_particles_new(m, 100, 1, &p));
    ANSWERS(c, NPDE_ERR_STATE, npde_particles_start(p, 0));
    says("no initial data");
    OK(c, npde_particles_set_gaussian(p, 0, 50, 1)); /* nothing below the threshold */
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
    says("the mean 50 and the variance 1");
    says("[-inf, 2)");
    OK(c, npde_particles_set_gaussian(p, 0, 2, 0));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
    OK(c,
       npde_particles_set_gaussian(p, 0, nextafter(2, 3), 1e-33)); /* what is left is narrower than doubles are apart */
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_potentials(p, 0, v, 100));
    for (int i = 0; i < 100; i++) ck_assert_double_eq(v[i], nextafter(2, 0));
    OK(c, npde_particles_set_gaussian(p, 0, 0, 1));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, 1, NULL));
    /* A start that fails leaves the run as it was. */
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, 3));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, 1.5, &t));
    ck_assert_double_eq(t, 1.5);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, 1));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY_TIME, 2));
    OK(c, npde_particles_set_past_rate(p, 0, 0.5));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 0));
    says("a past rate less than 0.5");
    OK(c, npde_particles_set_past_rate(p, 0, 0));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, 0.1));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DELAY, 1e9));
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_start(p, 0));
    says("delay shorter, or take a larger dt");
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT,
                             1e3)); /* which does not help where the shortest delay is the step */
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DELAY, 1e-8));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_start(p, 1e9));
    says("raise what bounds the step, not dt: the shortest delay");
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 0.01));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DELAY, 0));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, 1e6));
    OK(c, npde_particles_start(p, 0));
    ANSWERS(c, NPDE_ERR_RANGE, npde_particles_advance(p, 1, &t));
    says("make dt smaller than 0.001");
    ck_assert_double_eq(t, 0);
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 0.00099)); /* and that is enough */
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, 0.002, &t));
}
END_TEST

/* ---- callbacks ---- */

static struct {
    int calls, at, what;
    npde_status inside;
} script;

static int32_t coupling(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)t, (void)user;
    for (size_t k = 0; k < n_pop; k++) drive[k] += 0.1 * rate[n_pop - 1 - k];
    if (++script.calls != script.at) return 0;
    switch (script.what) {
    case 0: return -42;
    case 1: return 7;
    case 2: drive[0] = NAN; return 0;
    case 3: diffusion[1] = -1; return 0;
    case 4: {
        double rates[2];
        script.inside = npde_particles_rates(p, rates, 2);
        if (!script.inside) script.inside = npde_particles_advance(p, 100, NULL);
        return 0;
    }
    default:
        npde_particles_free(p);
        p = NULL;
        return 0;
    }
}

START_TEST(callbacks_that_fail)
{
    const npde_status answer[] = {NPDE_ERR_CALLBACK, NPDE_ERR_CALLBACK, NPDE_ERR_CALLBACK,
                                  NPDE_ERR_RANGE,    NPDE_OK,           NPDE_OK};
    OK(c, make(100, 1));
    OK(c, npde_model_set_coupling(m, coupling, NULL, NULL));
    for (int what = 0; what < 6; what++) {
        script.calls = 0;
        script.at = 11;
        script.what = what;
        OK(c, npde_particles_start(p, 0));
        double t = -1;
        ANSWERS(c, answer[what], npde_particles_advance(p, 1, &t));
        if (what >= 4) {
            ck_assert_double_eq(t, 1);
            continue;
        }
        NEAR(t, 0.1, 1e-12); /* ten steps were made */
        if (what < 2) ck_assert_int_eq(npde_context_user_status(c), what ? 7 : -42);
        OK(c, npde_particles_advance(p, 1, &t)); /* and it can go on */
        ck_assert_double_eq(t, 1);
    }
    ck_assert_int_eq(script.inside, NPDE_ERR_STATE);
    ck_assert_ptr_null(p);
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

static int32_t drift(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = -v[i];
    return 0;
}

static void scenario(void)
{
    const double weights[] = {0.4, -0.5, 0.6, -1}, delays[] = {0, 0.3, 0.07, 0};
    double v[100] = {0};
    c = NULL;
    npde_status status = npde_context_new_with_allocator(heap_give, heap_take, NULL, &c);
    if (status == NPDE_ERR_MEMORY) refused++, status = npde_context_new_with_allocator(heap_give, heap_take, NULL, &c);
    ck_assert_int_eq(status, NPDE_OK);
    TRY(npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m));
    TRY(npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    TRY(npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2));
    TRY(npde_model_set_drift(m, drift, NULL, NULL));
    TRY(npde_model_set_coupling(m, coupling, NULL, NULL));
    script.at = -1;
    TRY(npde_particles_new(m, 100, 1, &p));
    TRY(npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, 2));
    TRY(npde_particles_set_gaussian(p, NPDE_ALL, 0, 1));
    TRY(npde_particles_set_potentials(p, 1, v, 100));
    TRY(npde_particles_start(p, 0));
    TRY(npde_particles_advance(p, 0.2, NULL));
    int64_t spikes[2], again[2];
    TRY(npde_particles_spikes(p, spikes, 2));
    status = npde_particles_start(p, 0);
    if (status == NPDE_ERR_MEMORY) { /* the run before is still there */
        refused++;
        TRY(npde_particles_spikes(p, again, 2));
        ck_assert_int_eq(memcmp(spikes, again, sizeof spikes), 0);
        TRY(npde_particles_start(p, 0));
    }
    const long before = heap.requests;
    double rates[2];
    size_t need;
    const double time = 0.5;
    TRY(npde_particles_advance(p, 0.4, NULL));
    TRY(npde_particles_sample(p, &time, 1, rates));
    TRY(npde_particles_potentials(p, 0, v, 100));
    TRY(npde_particles_save(p, NULL, 0, &need));
    ck_assert_int_eq(heap.requests, before); /* nothing is allocated while running */
    npde_model_free(m);
    npde_particles_free(p);
    npde_context_free(c);
    m = NULL;
    p = NULL;
    c = NULL;
}

START_TEST(every_allocation_may_fail)
{
    npde_context *of_fixture = c;
    memset(&heap, 0, sizeof heap);
    scenario();
    const long requests = heap.requests;
    ck_assert_int_eq(heap.live, 0);
    ck_assert_int_gt(requests, 40);
    for (long k = 1; k <= requests; k++) {
        heap.requests = heap.live = 0;
        heap.fail_at = k;
        refused = 0;
        scenario();
        ck_assert_msg(refused == 1, "request %ld of %ld was refused: %d calls said so", k, requests, refused);
        ck_assert_int_eq(heap.live, 0);
    }
    c = of_fixture;
}
END_TEST

static int32_t ones(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)v, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = 1;
    return 0;
}

/* The kinds without a grid. */
static void gridless(npde_id kind, npde_id method)
{
    const double y[4] = {-60, 0.1, 0.5, 0.3};
    npde_solver *s;
    c = NULL;
    npde_status status = npde_context_new_with_allocator(heap_give, heap_take, NULL, &c);
    if (status == NPDE_ERR_MEMORY) refused++, status = npde_context_new_with_allocator(heap_give, heap_take, NULL, &c);
    ck_assert_int_eq(status, NPDE_OK);
    TRY(npde_model_new(c, kind, 2, &m));
    TRY(npde_solver_new(m, NULL, method, &s));
    for (size_t k = 0; k < 2; k++) {
        if (kind == NPDE_MODEL_KURAMOTO) TRY(npde_solver_set_density(s, k, ones, NULL, NULL));
        else TRY(npde_solver_set_state(s, k, y, kind == NPDE_MODEL_HODGKIN_HUXLEY ? 4 : 2));
    }
    TRY(npde_solver_start(s, 0));
    const long before = heap.requests;
    TRY(npde_solver_advance(s, 1, NULL));
    ck_assert_int_eq(heap.requests, before);
    npde_solver_free(s);
    npde_model_free(m);
    npde_context_free(c);
    m = NULL;
    c = NULL;
}

START_TEST(every_allocation_of_gridless_kinds_may_fail)
{
    const npde_id runs[][2] = {{NPDE_MODEL_HODGKIN_HUXLEY, NPDE_METHOD_DOPRI5},
                               {NPDE_MODEL_MORRIS_LECAR, NPDE_METHOD_RODAS5P},
                               {NPDE_MODEL_KURAMOTO, NPDE_METHOD_TR_BDF2}};
    npde_context *of_fixture = c;
    for (int i = 0; i < 3; i++) {
        memset(&heap, 0, sizeof heap);
        gridless(runs[i][0], runs[i][1]);
        const long requests = heap.requests;
        ck_assert_int_gt(requests, 20);
        for (long k = 1; k <= requests; k++) {
            heap.requests = heap.live = 0;
            heap.fail_at = k;
            refused = 0;
            gridless(runs[i][0], runs[i][1]);
            ck_assert_msg(refused == 1, "request %ld of %ld was refused: %d calls said so", k, requests, refused);
            ck_assert_int_eq(heap.live, 0);
        }
    }
    c = of_fixture;
}
END_TEST

/* ---- threads, order of calls ---- */

typedef struct {
    double rates[40];
    int64_t spikes[2];
    unsigned char *bytes;
    size_t n;
} outcome;

static outcome run(size_t n, int threads, int pieces)
{
    outcome o;
    memset(&o, 0, sizeof o);
    OK(c, make(n, 12345));
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, threads));
    OK(c, npde_particles_start(p, 0));
    double times[20];
    for (int i = 0; i < 20; i++) times[i] = 0.05 * (i + 1);
    for (int i = 0; i < 20; i += 20 / pieces)
        OK(c, npde_particles_sample(p, times + i, (size_t)(20 / pieces), o.rates + 2 * i));
    OK(c, npde_particles_spikes(p, o.spikes, 2));
    OK(c, npde_particles_save(p, NULL, 0, &o.n));
    o.bytes = malloc(o.n);
    OK(c, npde_particles_save(p, o.bytes, o.n, &o.n));
    npde_particles_free(p);
    npde_model_free(m);
    p = NULL;
    m = NULL;
    return o;
}

START_TEST(threads_do_not_change_a_bit)
{
    const size_t sizes[] = {1, 63, 64, 65, 4096, 4097, 30000};
    for (size_t k = 0; k < 7; k++) {
        const outcome one = run(sizes[k], 1, 1);
        for (int threads = 2; threads <= 5; threads++) {
            const outcome other = run(sizes[k], threads, threads == 5 ? 4 : 1);
            ck_assert_int_eq(memcmp(one.rates, other.rates, sizeof one.rates), 0);
            ck_assert_int_eq(memcmp(one.spikes, other.spikes, sizeof one.spikes), 0);
            ck_assert_uint_eq(one.n, other.n);
            ck_assert_int_eq(memcmp(one.bytes, other.bytes, one.n), 0); /* each potential of each neuron */
            free(other.bytes);
        }
        free(one.bytes);
    }
}
END_TEST

START_TEST(seeds_differ_and_repeat)
{
    int64_t spikes[3][2];
    for (int k = 0; k < 3; k++) {
        OK(c, make(10000, k == 1 ? UINT64_MAX : 5));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_advance(p, 1, NULL));
        OK(c, npde_particles_spikes(p, spikes[k], 2));
        npde_particles_free(p);
        npde_model_free(m);
    }
    p = NULL;
    m = NULL;
    ck_assert_int_eq(memcmp(spikes[0], spikes[2], sizeof spikes[0]), 0);
    ck_assert_int_ne(memcmp(spikes[0], spikes[1], sizeof spikes[0]), 0);
}
END_TEST

/* Populations without coupling do not draw the same numbers. */
START_TEST(populations_are_independent)
{
    int64_t spikes[4];
    OK(c, npde_model_new(c, NPDE_MODEL_LIF, 4, &m));
    OK(c, npde_particles_new(m, 5000, 1, &p));
    OK(c, npde_particles_set_gaussian(p, NPDE_ALL, 1, 0));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, 5, NULL));
    OK(c, npde_particles_spikes(p, spikes, 4));
    for (int k = 0; k < 4; k++)
        for (int l = 0; l < k; l++) ck_assert_int_ne(spikes[k], spikes[l]);
    double bytes;
    OK(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_BYTES_PER_NEURON, &bytes));
    ck_assert_double_le(bytes, 16);
}
END_TEST

/* ---- snapshots ---- */

static void refuse(const void *bytes, size_t n)
{
    double before[500], after[500];
    OK(c, npde_particles_potentials(p, 0, before, 500));
    ANSWERS(c, NPDE_ERR_SNAPSHOT, npde_particles_restore(p, bytes, n));
    OK(c, npde_particles_potentials(p, 0, after, 500));
    ck_assert_int_eq(memcmp(before, after, sizeof before), 0);
}

START_TEST(snapshots)
{
    OK(c, make(500, 3));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, 0.703, NULL)); /* within a step, which is remembered as the run goes on */
    size_t n, again;
    OK(c, npde_particles_save(p, NULL, 0, &n));
    unsigned char *bytes = malloc(n), *end[2] = {malloc(n), malloc(n)};
    ANSWERS(c, NPDE_ERR_SIZE, npde_particles_save(p, bytes, n - 1, &again));
    ck_assert_uint_eq(again, n);
    OK(c, npde_particles_save(p, bytes, n, &again));
    for (int k = 0; k < 2; k++) { /* the second time from the snapshot, with two threads, in another object */
        OK(c, npde_particles_advance(p, 1.9, NULL));
        OK(c, npde_particles_save(p, end[k], n, &again));
        npde_particles_free(p);
        npde_model_free(m);
        OK(c, make(500, 3));
        OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, 2));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_restore(p, bytes, n));
    }
    ck_assert_int_eq(memcmp(end[0], end[1], n), 0);
    for (size_t k = 0; k < n; k += 1 + n / 50) refuse(bytes, k);
    for (size_t k = 0; k < n; k += 1 + n / 50) {
        bytes[k] ^= 1;
        refuse(bytes, n);
        bytes[k] ^= 1;
    }
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 0.02));
    OK(c, npde_particles_start(p, 0));
    refuse(bytes, n);
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 0.01));
    OK(c, npde_model_set(m, 1, NPDE_PARAM_DRIVE, 0.1));
    OK(c, npde_particles_start(p, 0));
    refuse(bytes, n);
    npde_particles_free(p);
    npde_model_free(m);
    OK(c, make(500, 4));
    OK(c, npde_particles_start(p, 0));
    refuse(bytes, n);
    free(bytes);
    free(end[0]);
    free(end[1]);
}
END_TEST

/* Any order of free, and a model that changes while a run goes on. */
START_TEST(lives)
{
    OK(c, make(100, 1));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DRIVE, 1e12)); /* concerns the next start */
    OK(c, npde_particles_advance(p, 0.5, NULL));
    npde_model_free(m);
    m = NULL;
    OK(c, npde_particles_advance(p, 1, NULL));
    npde_context_free(c);
    double t = 0;
    ck_assert_int_eq(npde_particles_advance(p, 1.5, &t), NPDE_OK);
    ck_assert_double_eq(t, 1.5);
    npde_particles_free(p);
    p = NULL;
    ck_assert_int_eq(npde_context_new(&c), NPDE_OK);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {bad_arguments,
                                  starts_that_cannot_be,
                                  steps_lost_in_the_time,
                                  callbacks_that_fail,
                                  every_allocation_may_fail,
                                  every_allocation_of_gridless_kinds_may_fail,
                                  threads_do_not_change_a_bit,
                                  seeds_differ_and_repeat,
                                  populations_are_independent,
                                  snapshots,
                                  lives};
    return run_suite_with("particles", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
