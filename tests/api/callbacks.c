/* SPDX-License-Identifier: BSD-3-Clause
 * What a user's functions may do to a run, and what the library owes them: their answers carried up, their data released
 * once, events in order. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static npde_context *c;
static npde_model *model;
static npde_solver *solver;

/* What the coupling shall do from a time on, and what became of its data. */
typedef struct {
    double from;
    int32_t answer;
    double drive, diffusion;
    int calls, releases;
} script;

static int32_t coupling(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    script *s = user;
    (void)n_pop;
    (void)rate;
    s->calls++;
    if (t <= s->from) return 0;
    drive[0] += s->drive;
    diffusion[0] += s->diffusion;
    return s->answer;
}

static void release(void *user)
{
    ((script *)user)->releases++;
}

static void set_up(void)
{
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 1, &model));
    OK(c, npde_solver_new(model, NULL, NPDE_METHOD_TR_BDF2, &solver));
    OK(c, npde_solver_set(solver, NPDE_OPTION_DT, 0.01));
    OK(c, npde_solver_set_gaussian(solver, 0, -1, 0.2));
}

static void tear_down(void)
{
    npde_solver_free(solver);
    npde_model_free(model);
    npde_context_free(c);
}

static double present_time(void)
{
    double t;
    OK(c, npde_solver_stat(solver, NPDE_STAT_TIME, &t));
    return t;
}

START_TEST(coupling_that_stops)
{
    script s = {.from = 0.5, .answer = -42};
    double t, before, after;
    OK(c, npde_model_set_coupling(model, coupling, &s, NULL));
    OK(c, npde_solver_start(solver, 0));
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_advance(solver, 1, &t));
    ck_assert_int_eq(npde_context_user_status(c), -42);
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "-42"));
    NEAR(t, 0.5, 0.011);
    ck_assert_double_eq(present_time(), t);
    OK(c, npde_solver_rates(solver, &before, 1));
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_step(solver, 1, NULL));
    OK(c, npde_solver_rates(solver, &after, 1));
    ck_assert_double_eq(before, after);
    s.answer = 0; /* it behaves again: the run goes on */
    OK(c, npde_solver_advance(solver, 1, &t));
    ck_assert_double_eq(t, 1);
}
END_TEST

START_TEST(coupling_that_wants_a_smaller_step)
{
    script s = {.from = 0.5, .answer = 3};
    double t;
    OK(c, npde_model_set_coupling(model, coupling, &s, NULL));
    OK(c, npde_solver_set(solver, NPDE_OPTION_DT_MIN, 1e-6));
    OK(c, npde_solver_start(solver, 0));
    ANSWERS(c, NPDE_ERR_STEP_TOO_SMALL, npde_solver_advance(solver, 1, &t));
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "returned 3"));
    ck_assert_double_le(t, 0.5);
    ck_assert_double_gt(t, 0.5 - 1e-3); /* it got as near as it could with smaller steps */
    s.answer = 0;
    OK(c, npde_solver_advance(solver, 1, NULL));
}
END_TEST

START_TEST(coupling_with_impossible_values)
{
    const script scripts[] = {{.drive = NAN}, {.drive = INFINITY}, {.diffusion = NAN}, {.diffusion = -2}};
    for (int i = 0; i < 4; i++) {
        script s = scripts[i];
        s.from = 0.1;
        OK(c, npde_model_set_coupling(model, coupling, &s, NULL));
        OK(c, npde_solver_start(solver, 0));
        ANSWERS(c, i < 3 ? NPDE_ERR_CALLBACK : NPDE_ERR_STEP_TOO_SMALL, npde_solver_advance(solver, 1, NULL));
        ck_assert_ptr_nonnull(strstr(npde_context_error(c), "diffusion"));
        NEAR(present_time(), 0.1, 0.011);
    }
}
END_TEST

START_TEST(coupling_that_fails_at_the_start)
{
    script s = {.from = -1, .answer = -7};
    OK(c, npde_model_set_coupling(model, coupling, &s, NULL));
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_start(solver, 0));
    ck_assert_int_eq(npde_context_user_status(c), -7);
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_advance(solver, 1, NULL)); /* there is no run */
    s.answer = 9; /* a smaller step, where there is no step to make smaller */
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_start(solver, 0));
    ck_assert_int_eq(npde_context_user_status(c), 9);
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "returned 9"));
}
END_TEST

/* Steps that were given up and tried again leave no word behind. */
START_TEST(retries_leave_no_text)
{
    int64_t rejections;
    OK(c, npde_solver_set(solver, NPDE_OPTION_DT, 0));
    OK(c, npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-8));
    OK(c, npde_solver_start(solver, 0));
    OK(c, npde_solver_advance(solver, 2, NULL));
    OK(c, npde_solver_count(solver, NPDE_COUNT_REJECTIONS, &rejections));
    ck_assert_int_gt(rejections, 0);
    ck_assert_str_eq(npde_context_error(c), "");
}
END_TEST

/* From within any callback the solver can be read and not run. */
static npde_status inner, inner_rates;
static int32_t reentrant_coupling(double t, size_t n_pop, const double *rate, double *drive, double *diffusion,
                                  void *user)
{
    double rates[1];
    (void)n_pop, (void)rate, (void)drive, (void)diffusion, (void)user;
    if (t < 0.5) return 0;
    inner = npde_solver_advance(solver, 5, NULL);
    inner_rates = npde_solver_rates(solver, rates, 1);
    return 0;
}

static int32_t reentrant_density(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    inner = npde_solver_set_gaussian(solver, 0, 0, 1);
    for (size_t i = 0; i < n; i++) value[i] = exp(-v[i] * v[i]);
    return 0;
}

START_TEST(callbacks_may_not_run_the_solver)
{
    double t;
    OK(c, npde_model_set_coupling(model, reentrant_coupling, NULL, NULL));
    OK(c, npde_solver_start(solver, 0));
    OK(c, npde_solver_advance(solver, 1, &t));
    ck_assert_int_eq(inner, NPDE_ERR_STATE);
    ck_assert_int_eq(inner_rates, NPDE_OK);
    ck_assert_double_eq(t, 1);
    inner = NPDE_OK;
    OK(c, npde_solver_set_density(solver, 0, reentrant_density, NULL, NULL));
    OK(c, npde_solver_start(solver, 0));
    ck_assert_int_eq(inner, NPDE_ERR_STATE);
}
END_TEST

/* What profiles may answer: 0 and finite values; a discharge and a density must not be negative. */
static double profile_value;
static int32_t profile_answer;
static int32_t profile(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop;
    (void)v;
    (void)user;
    for (size_t i = 0; i < n; i++) value[i] = profile_value;
    return profile_answer;
}

static int32_t lazy_profile(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop;
    (void)v;
    (void)user;
    for (size_t i = 0; i + 1 < n; i++) value[i] = 1;
    return 0; /* the last value is left out */
}

START_TEST(profiles_that_fail)
{
    const double values[] = {0, NAN, INFINITY};
    const int32_t answers[] = {9, 0, 0};
    for (int which = 0; which < 3; which++) {
        for (int i = 0; i < 4; i++) {
            profile_value = i < 3 ? values[i] : -1;
            profile_answer = i < 3 ? answers[i] : 0;
            if (which == 0 && i == 3) continue; /* a negative drift is fine */
            OK(c, npde_model_set_drift(model, which == 0 ? profile : NULL, NULL, NULL));
            OK(c, npde_model_set_discharge(model, which == 1 ? profile : NULL, NULL, NULL));
            if (which == 2) OK(c, npde_solver_set_density(solver, 0, profile, NULL, NULL));
            ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_start(solver, 0));
            const char *what = which == 0 ? "drift" : which == 1 ? "discharge" : "density";
            ck_assert_ptr_nonnull(strstr(npde_context_error(c), what));
            if (i == 0) ck_assert_int_eq(npde_context_user_status(c), 9);
        }
    }
    OK(c, npde_solver_set_density(solver, 0, lazy_profile, NULL, NULL));
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_start(solver, 0)); /* a value that was not filled is noticed */
}
END_TEST

/* Released once: when replaced, or when the last object that may call it is gone, and never before. */
START_TEST(data_are_released_once)
{
    script first = {.from = 1e9}, second = {.from = 1e9};
    OK(c, npde_model_set_coupling(model, coupling, &first, release));
    OK(c, npde_model_set_coupling(model, coupling, &second, release));
    ck_assert_int_eq(first.releases, 1);
    ck_assert_int_eq(second.releases, 0);
    OK(c, npde_solver_start(solver, 0));
    OK(c, npde_model_set_coupling(model, NULL, NULL, NULL)); /* the run still calls it */
    ck_assert_int_eq(second.releases, 0);
    const int calls = second.calls;
    OK(c, npde_solver_advance(solver, 0.1, NULL));
    ck_assert_int_gt(second.calls, calls);
    npde_solver_free(solver);
    solver = NULL;
    ck_assert_int_eq(second.releases, 1);

    script drift = {0}, discharge = {0}, density = {0}, log = {0};
    npde_solver *s;
    OK(c, npde_model_set_drift(model, profile, &drift, release));
    OK(c, npde_model_set_discharge(model, profile, &discharge, release));
    OK(c, npde_solver_new(model, NULL, NPDE_METHOD_TR_BDF2, &s));
    OK(c, npde_solver_set_density(s, 0, profile, &density, release));
    OK(c, npde_solver_set_gaussian(s, 0, 0, 1));
    ck_assert_int_eq(density.releases, 1);
    OK(c, npde_context_set_log(c, NPDE_LOG_INFO, NULL, &log, release));
    OK(c, npde_context_set_log(c, NPDE_LOG_NONE, NULL, NULL, NULL));
    ck_assert_int_eq(log.releases, 1);
    npde_model_free(model);
    model = NULL;
    ck_assert_int_eq(drift.releases + discharge.releases, 0);
    npde_solver_free(s);
    ck_assert_int_eq(drift.releases, 1);
    ck_assert_int_eq(discharge.releases, 1);
}
END_TEST

/* ---- observers ---- */

static char record[4096];
static int32_t observer_answer;
static npde_id answer_at;
static int observer_releases;

static int32_t observe(npde_solver *s, npde_id event, double t, void *user)
{
    double now;
    (void)user;
    OK(c, npde_solver_stat(s, NPDE_STAT_TIME, &now));
    ck_assert_double_eq(now, t);
    const char letters[] = "SsROF";
    const size_t n = strlen(record);
    if (n + 1 < sizeof record) record[n] = letters[event - NPDE_EVENT_START];
    return event == answer_at ? observer_answer : 0;
}

static void observer_release(void *user)
{
    (void)user;
    observer_releases++;
}

static void observe_all(void)
{
    memset(record, 0, sizeof record);
    observer_answer = 0;
    answer_at = 0;
    observer_releases = 0;
    for (npde_id event = NPDE_EVENT_START; event <= NPDE_EVENT_FINISH; event++)
        OK(c, npde_solver_observe(solver, event, observe, NULL, observer_release, NULL));
}

START_TEST(events_come_in_order)
{
    const double times[] = {0.01, 0.03};
    double rates[2];
    observe_all();
    OK(c, npde_solver_start(solver, 0));
    ck_assert_str_eq(record, "S");
    OK(c, npde_solver_sample(solver, times, 2, rates));
    ck_assert_str_eq(record, "SsOssOF");
    OK(c, npde_solver_advance(solver, 0.04, NULL));
    ck_assert_str_eq(record, "SsOssOFsF");
    OK(c, npde_solver_step(solver, 9, NULL));
    ck_assert_str_eq(record, "SsOssOFsFs");
    script s = {.from = 0.055, .answer = 1};
    OK(c, npde_model_set_coupling(model, coupling, &s, NULL));
    OK(c, npde_solver_set(solver, NPDE_OPTION_DT_MIN, 0.004));
    memset(record, 0, sizeof record);
    OK(c, npde_solver_start(solver, 0.05));
    ck_assert_int_lt(npde_solver_step(solver, 1, NULL), 1);
    ck_assert_str_eq(record, "SRs"); /* 0.01 is refused, half of it taken */
}
END_TEST

START_TEST(observers_can_stop_a_run)
{
    double t;
    observe_all();
    OK(c, npde_solver_start(solver, 0));
    answer_at = NPDE_EVENT_STEP;
    observer_answer = NPDE_STOP;
    ANSWERS(c, NPDE_STOP, npde_solver_advance(solver, 1, &t));
    NEAR(t, 0.01, 1e-12); /* after the first step, which stands */
    observer_answer = -5;
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_advance(solver, 1, &t));
    NEAR(t, 0.02, 1e-12);
    ck_assert_int_eq(npde_context_user_status(c), -5);
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "observer of step"));
    observer_answer = 0;
    OK(c, npde_solver_advance(solver, 0.1, NULL));
    answer_at = NPDE_EVENT_OUTPUT;
    observer_answer = NPDE_STOP;
    const double times[] = {0.2, 0.3};
    double rates[] = {-1, -1};
    ANSWERS(c, NPDE_STOP, npde_solver_sample(solver, times, 2, rates));
    ck_assert_double_ge(rates[0], 0); /* the row that was reached */
    ck_assert_double_eq(rates[1], -1);
    npde_solver_free(solver);
    solver = NULL;
    ck_assert_int_eq(observer_releases, 5);
}
END_TEST

/* Inside an observer the solver can be read by every getter and changed by no call. */
static int32_t meddle(npde_solver *s, npde_id event, double t, void *user)
{
    double x[200];
    size_t need;
    (void)event;
    (void)user;
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_step(s, t + 1, NULL));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_advance(s, t + 1, NULL));
    x[0] = t + 1;
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_sample(s, x, 1, x));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_start(s, 0));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_set(s, NPDE_OPTION_DT, 1));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_set_gaussian(s, 0, 0, 1));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_set_past_rate(s, 0, 0));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_set_state(s, 0, x, 1));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_set_density(s, 0, profile, NULL, NULL));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_restore(s, x, 8));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_observe(s, NPDE_EVENT_STEP, meddle, NULL, NULL, NULL));
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "observer"));
    OK(c, npde_solver_rates(s, x, 1));
    OK(c, npde_solver_save(s, NULL, 0, &need));
    return 0;
}

START_TEST(observers_may_not_change_the_run)
{
    OK(c, npde_solver_observe(solver, NPDE_EVENT_STEP, meddle, NULL, NULL, NULL));
    OK(c, npde_solver_start(solver, 0));
    OK(c, npde_solver_advance(solver, 0.02, NULL));
}
END_TEST

static int32_t token_of_self;
static int seen;
static int32_t remove_self(npde_solver *s, npde_id event, double t, void *user)
{
    (void)event;
    (void)t;
    (void)user;
    seen++;
    OK(c, npde_solver_unobserve(s, token_of_self));
    ANSWERS(c, NPDE_ERR_RANGE, npde_solver_unobserve(s, token_of_self));
    return 0;
}

START_TEST(observers_can_remove_themselves)
{
    observer_releases = seen = 0;
    OK(c, npde_solver_observe(solver, NPDE_EVENT_STEP, remove_self, NULL, observer_release, &token_of_self));
    OK(c, npde_solver_start(solver, 0));
    OK(c, npde_solver_advance(solver, 0.1, NULL));
    ck_assert_int_eq(seen, 1);
    ck_assert_int_eq(observer_releases, 1);
}
END_TEST

static int32_t free_it(npde_solver *s, npde_id event, double t, void *user)
{
    (void)event;
    (void)t;
    (void)user;
    npde_solver_free(s);
    return NPDE_STOP;
}

START_TEST(observers_can_free_the_solver)
{
    for (npde_id event = NPDE_EVENT_START; event <= NPDE_EVENT_FINISH; event++) {
        npde_solver *s;
        script once = {.from = 0.015, .answer = 1, .calls = 0};
        double t = 0.05, rate;
        OK(c, npde_solver_new(model, NULL, NPDE_METHOD_TR_BDF2, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
        OK(c, npde_solver_set_gaussian(s, 0, -1, 0.2));
        OK(c, npde_solver_observe(s, event, free_it, NULL, NULL, NULL));
        if (event == NPDE_EVENT_REJECT) OK(c, npde_model_set_coupling(model, coupling, &once, NULL));
        const npde_status started = npde_solver_start(s, 0);
        ck_assert_int_eq(started, event == NPDE_EVENT_START ? NPDE_STOP : NPDE_OK);
        if (event != NPDE_EVENT_START) ANSWERS(c, NPDE_STOP, npde_solver_sample(s, &t, 1, &rate));
        OK(c, npde_model_set_coupling(model, NULL, NULL, NULL));
    }
}
END_TEST

/* A start that an observer refuses leaves the run before it. */
START_TEST(refused_starts_keep_the_run)
{
    OK(c, npde_solver_start(solver, 0));
    OK(c, npde_solver_advance(solver, 1, NULL));
    observe_all();
    answer_at = NPDE_EVENT_START;
    observer_answer = -3;
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_start(solver, 5));
    ck_assert_double_eq(present_time(), 1);
    observer_answer = 0;
    OK(c, npde_solver_advance(solver, 2, NULL));
}
END_TEST

/* The release function of one observer takes out another. */
static int32_t token_of_other;
static void release_that_removes(void *user)
{
    (void)user;
    ck_assert_int_eq(npde_solver_unobserve(solver, token_of_other), NPDE_OK);
}

START_TEST(releases_may_remove_observers)
{
    int32_t first;
    observe_all();
    OK(c, npde_solver_observe(solver, NPDE_EVENT_STEP, observe, NULL, observer_release, &token_of_other));
    OK(c, npde_solver_observe(solver, NPDE_EVENT_STEP, observe, NULL, release_that_removes, &first));
    OK(c, npde_solver_observe(solver, NPDE_EVENT_STEP, observe, NULL, NULL, NULL));
    OK(c, npde_solver_unobserve(solver, first));
    ck_assert_int_eq(observer_releases, 1);
    OK(c, npde_solver_start(solver, 0));
    OK(c, npde_solver_advance(solver, 0.01, NULL));
    ck_assert_str_eq(record, "SssF");
}
END_TEST

static char logged[512];
static void keep_log(int32_t level, const char *text, void *user)
{
    (void)level;
    (void)user;
    strncpy(logged, text, sizeof logged - 1);
}

START_TEST(log_tells_what_was_chosen)
{
    OK(c, npde_context_set_log(c, NPDE_LOG_INFO, keep_log, NULL, NULL));
    OK(c, npde_solver_start(solver, 0));
    ck_assert_ptr_nonnull(strstr(logged, "grid fitted"));
    logged[0] = 0;
    OK(c, npde_context_set_log(c, NPDE_LOG_NOTICE, keep_log, NULL, NULL));
    OK(c, npde_solver_start(solver, 0));
    ck_assert_str_eq(logged, "");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {coupling_that_stops,
                                  coupling_that_wants_a_smaller_step,
                                  coupling_with_impossible_values,
                                  coupling_that_fails_at_the_start,
                                  profiles_that_fail,
                                  data_are_released_once,
                                  events_come_in_order,
                                  observers_can_stop_a_run,
                                  observers_may_not_change_the_run,
                                  observers_can_remove_themselves,
                                  observers_can_free_the_solver,
                                  refused_starts_keep_the_run,
                                  releases_may_remove_observers,
                                  retries_leave_no_text,
                                  callbacks_may_not_run_the_solver,
                                  log_tells_what_was_chosen};
    return run_suite_with("callbacks", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
