/* SPDX-License-Identifier: BSD-3-Clause
 * Outputs between steps, at the order of the method; and jumps that the user announces. */
#include "problem.h"
#include "steppers/stepper.h"

#include <math.h>
#include <string.h>

static const problem network = {.name = "network",
                                .reset = 1,
                                .threshold = 2,
                                .diffusion = 1,
                                .connectivity = 0.8,
                                .noise = 0.1,
                                .mean = -1.5,
                                .variance = 0.2};

enum { TIMES = 9 };
static const double times[TIMES] = {0.30303, 0.412, 0.5, 0.617, 0.7001, 0.777777, 0.81, 0.9876, 1};

/* 0 where the method refuses the problem. */
static int sample(const problem *p, npde_id method, npde_id output, double dt, double rtol, double *rates,
                  int64_t *steps)
{
    run *r = run_prepare(p, 0, method, dt);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_OUTPUT, output));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, rtol));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, rtol / 10));
    const int supported = run_start(r);
    if (supported) OK(r->context, npde_solver_sample(r->solver, times, TIMES, rates));
    *steps = supported ? run_count(r, NPDE_COUNT_STEPS) : 0;
    run_free(r);
    return supported;
}

static double distance(const double *a, const double *b)
{
    double d = 0;
    for (int i = 0; i < TIMES; i++) d = fmax(d, fabs(a[i] - b[i]));
    return d;
}

/* Against a far finer run that stops at each time. A multistep method shows its order with finer steps. */
START_TEST(dense_output_has_the_order_of_the_method)
{
    static const double steps[] = {0, 400, 80, 40, 20, 16};
    double exact[TIMES], rates[TIMES];
    int64_t n;
    sample(&network, NPDE_METHOD_RODAS5P, NPDE_OUTPUT_EXACT, 1. / 640, 1e-6, exact, &n);
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        double error[2];
        if (method->ends_at_outputs || !sample(&network, method->id, NPDE_OUTPUT_DENSE, 0.1, 1e-6, rates, &n)) continue;
        for (int k = 0; k < 2; k++) {
            const double count = steps[method->order] * (method->past > 0 ? 8 : 1) * (1 << k);
            sample(&network, method->id, NPDE_OUTPUT_DENSE, 1 / count, 1e-6, rates, &n);
            ck_assert_int_eq(n, (int64_t)count); /* no step was cut */
            error[k] = distance(rates, exact);
        }
        const double order = log2(error[0] / error[1]);
        ck_assert_msg(order > (double)method->order - 0.2, "%s: order %.2f", npde_id_name(method->id), order);
    }
}
END_TEST

START_TEST(dense_output_keeps_adaptive_tolerances)
{
    double exact[TIMES], rates[TIMES];
    int64_t dense, cut;
    sample(&network, NPDE_METHOD_RODAS5P, NPDE_OUTPUT_EXACT, 1. / 640, 1e-6, exact, &dense);
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        if (!method->error_order || method->order == 1) continue;
        sample(&network, method->id, NPDE_OUTPUT_DENSE, 0, 1e-6, rates, &dense);
        ck_assert_msg(distance(rates, exact) < 3e-6, "%s: %g", npde_id_name(method->id), distance(rates, exact));
        sample(&network, method->id, NPDE_OUTPUT_EXACT, 0, 1e-6, rates, &cut);
        ck_assert_int_le(dense, cut);
    }
}
END_TEST

static int32_t count_outputs(npde_solver *s, npde_id event, double t, void *user)
{
    double at;
    (void)event;
    if (npde_solver_stat(s, NPDE_STAT_TIME, &at)) return -1;
    if (at != t) return -2;
    ++*(int *)user;
    return 0;
}

/* An observer of an output finds the solver at that time, whatever the option. */
START_TEST(observers_of_outputs_see_the_state_of_their_time)
{
    int outputs = 0;
    double rates[TIMES];
    run *r = run_prepare(&network, 0, NPDE_METHOD_RODAS5P, 0);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_OUTPUT, NPDE_OUTPUT_DENSE));
    OK(r->context, npde_solver_observe(r->solver, NPDE_EVENT_OUTPUT, count_outputs, &outputs, NULL, NULL));
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    OK(r->context, npde_solver_sample(r->solver, times, TIMES, rates));
    ck_assert_int_eq(outputs, TIMES);
    run_free(r);
}
END_TEST

/* ---- announced jumps ---- */

static const double on = 0.3, off = 0.55, weak = 0.5, strong = 3;

static int32_t pulse(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)n_pop, (void)rate, (void)diffusion, (void)user;
    drive[0] += t > on && t < off ? strong : weak;
    return 0;
}

/* The rate at 0.8 under the pulse, NaN where the method refuses it, and how many steps were given up. */
static double pulsed(npde_id method, double delay, double dt, int announced, int64_t *rejections)
{
    const double jumps[] = {on, off};
    problem p = network;
    p.delay = delay;
    run *r = run_prepare(&p, 0, method, dt);
    OK(r->context, npde_model_set_coupling(r->model, pulse, NULL, NULL));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, 1e-8));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, 1e-10));
    if (announced) OK(r->context, npde_solver_set_jumps(r->solver, jumps, 2));
    const int supported = run_start(r);
    const double rate = supported ? run_rate(r, 0.8) : NAN;
    *rejections = supported ? run_count(r, NPDE_COUNT_REJECTIONS) : 0;
    run_free(r);
    return rate;
}

/* The same in three runs of constant drive, each begun with the state that the last one ended in. */
static double in_pieces(void)
{
    const double ends[] = {on, off, 0.8}, drives[] = {weak, strong, weak}, breaks[] = {-7, -4, -1, 1, 2};
    const size_t degrees[] = {20, 20, 20, 20};
    double state[81] = {0}, rate = NAN, begin = 0;
    for (int k = 0; k < 3; k++) {
        problem p = network;
        p.drive = drives[k];
        npde_context *c;
        npde_grid *grid;
        npde_solver *s;
        OK(c, npde_context_new(&c));
        npde_model *m = problem_model(c, &p);
        OK(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 5, degrees, &grid));
        OK(c, npde_solver_new(m, grid, NPDE_METHOD_RODAS5P, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-12));
        OK(c, npde_solver_set(s, NPDE_OPTION_ATOL, 1e-13));
        if (k == 0) OK(c, npde_solver_set_gaussian(s, 0, p.mean, p.variance));
        else OK(c, npde_solver_set_state(s, 0, state, 81));
        ck_assert_int_ge(npde_solver_start(s, begin), 0);
        OK(c, npde_solver_sample(s, &ends[k], 1, &rate));
        OK(c, npde_solver_state(s, 0, state, 81));
        begin = ends[k];
        npde_solver_free(s);
        npde_grid_free(grid);
        npde_model_free(m);
        npde_context_free(c);
    }
    return rate;
}

/* After a jump the rate turns as a square root of time: fixed steps of any method converge no faster than with order 1.5. */
START_TEST(announced_jumps_of_the_drive_are_met)
{
    const double exact = in_pieces();
    int64_t given_up, blind;
    const npde__method *method;
    NEAR(pulsed(NPDE_METHOD_RODAS5P, 0, 0, 1, &given_up), exact, 1e-8);
    pulsed(NPDE_METHOD_RODAS5P, 0, 0, 0, &blind);
    ck_assert_int_lt(given_up, blind);
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        double error[2];
        for (int k = 0; k < 2; k++)
            error[k] =
                fabs(pulsed(method->id, 0, (method->order == 1 ? 0.0005 : 0.0025) / (1 << k), 1, &given_up) - exact);
        if (isnan(error[0])) continue; /* refused */
        const double order = log2(error[0] / error[1]);
        ck_assert_msg(order > fmin((double)method->order, 1.5) - 0.25 || error[1] < 1e-9, "%s: order %.2f, error %g",
                      npde_id_name(method->id), order, error[1]);
    }
}
END_TEST

/* A delay carries an announced jump on: rates kink there, and adaptive steps know of it. */
START_TEST(delays_carry_announced_jumps)
{
    int64_t given_up, blind;
    const double exact = pulsed(NPDE_METHOD_TR_BDF2, 0.1, 0.00025, 1, &given_up);
    NEAR(pulsed(NPDE_METHOD_RODAS5P, 0.1, 0, 1, &given_up), exact, 1e-7);
    pulsed(NPDE_METHOD_RODAS5P, 0.1, 0, 0, &blind);
    ck_assert_int_lt(given_up, blind);
}
END_TEST

static int32_t pulse_that_fails_once(double t, size_t n_pop, const double *rate, double *drive, double *diffusion,
                                     void *user)
{
    int *calls_left = user;
    if (t > on && *calls_left > 0 && --*calls_left == 0) return -7;
    return pulse(t, n_pop, rate, drive, diffusion, NULL);
}

/* A callback that stops a run just while a jump is crossed: the call that goes on crosses it, also from a snapshot. */
START_TEST(a_jump_that_a_callback_failed_at_is_not_lost)
{
    int64_t given_up;
    static unsigned char bytes[1 << 18];
    size_t need;
    const double jumps[] = {on, off}, exact = pulsed(NPDE_METHOD_RODAS5P, 0.1, 0, 1, &given_up);
    problem p = network;
    p.delay = 0.1;
    for (int calls = 1; calls <= 4; calls++)
        for (int restored = 0; restored < 2; restored++) {
            int calls_left = calls;
            double t;
            run *r = run_prepare(&p, 0, NPDE_METHOD_RODAS5P, 0);
            OK(r->context, npde_model_set_coupling(r->model, pulse_that_fails_once, &calls_left, NULL));
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, 1e-8));
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, 1e-10));
            OK(r->context, npde_solver_set_jumps(r->solver, jumps, 2));
            ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
            ANSWERS(r->context, NPDE_ERR_CALLBACK, npde_solver_advance(r->solver, 0.8, &t));
            NEAR(t, on, 0);
            if (restored) {
                OK(r->context, npde_solver_save(r->solver, bytes, sizeof bytes, &need));
                ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
                OK(r->context, npde_solver_restore(r->solver, bytes, need));
            }
            NEAR(run_rate(r, 0.8), exact, 1e-9);
            run_free(r);
        }
}
END_TEST

/* ---- what once went wrong ---- */

static run *moving(npde_id method, double dt, npde_coupling_fn drive, void *user)
{
    run *r = run_prepare(&network, 0, method, dt);
    OK(r->context, npde_model_set_coupling(r->model, drive, user, NULL));
    OK(r->context, npde_solver_set_gaussian(r->solver, 0, -1, 0.25));
    return r;
}

static int32_t sines(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)n_pop, (void)rate;
    const double *failing = user; /* from this time on */
    drive[0] += sin(6 * t);
    diffusion[0] += 0.3 * sin(5 * t);
    return failing && t > *failing ? -7 : 0;
}

/* Data that do not vanish at the threshold have a slope at the start that is no part of what follows. */
START_TEST(the_first_step_is_not_interpolated_by_its_slope)
{
    const double t = 0.03;
    double exact;
    run *r = moving(NPDE_METHOD_RODAS5P, 1e-4, sines, NULL);
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    exact = run_rate(r, t);
    run_free(r);
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        double rate;
        r = moving(method->id, 0.1, sines, NULL);
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_OUTPUT, NPDE_OUTPUT_DENSE));
        const npde_status status = npde_solver_start(r->solver, 0);
        if (status >= 0) {
            const double times_of_it[] = {t, 1};
            double rates[2];
            ck_assert_int_ge(npde_solver_sample(r->solver, times_of_it, 2, rates), 0);
            rate = rates[0];
            ck_assert_msg(fabs(rate - exact) < 1e-3, "%s: %g and not %g", npde_id_name(method->id), rate, exact);
        }
        run_free(r);
    }
}
END_TEST

/* Loose tolerances leave stiff residues in the state: what is interpolated must not show them. */
START_TEST(dense_output_is_sound_at_loose_tolerances)
{
    enum { N = 20 };
    double at[N], exact[N], rates[N];
    for (int k = 0; k < N; k++) at[k] = 0.1 * (k + 1);
    run *r = moving(NPDE_METHOD_RODAS5P, 1e-3, sines, NULL);
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    OK(r->context, npde_solver_sample(r->solver, at, N, exact));
    run_free(r);
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++)
        for (int digits = 1; digits <= 3 && method->error_order > 0 && method->order > 1; digits++) {
            const double tolerance = pow(10, -digits);
            r = moving(method->id, 0, sines, NULL);
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_OUTPUT, NPDE_OUTPUT_DENSE));
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, tolerance));
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, tolerance / 100));
            ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
            OK(r->context, npde_solver_sample(r->solver, at, N, rates));
            for (int k = 0; k < N; k++)
                ck_assert_msg(fabs(rates[k] - exact[k]) < 10 * tolerance * 0.3, "%s at %g: %g and not %g at t = %g",
                              npde_id_name(method->id), tolerance, rates[k], exact[k], at[k]);
            run_free(r);
        }
}
END_TEST

/* A time that is a jump's but for rounding is the jump's: no step across it, no limit from its other side. */
START_TEST(an_output_a_rounding_error_after_a_jump_is_at_the_jump)
{
    const double jumps[] = {on, off}, after = nextafter(on, 1);
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        double at_jump[2], later[2];
        for (int k = 0; k < 2; k++) {
            run *r = moving(method->id, 0.01, pulse, NULL);
            OK(r->context, npde_solver_set_jumps(r->solver, jumps, 2));
            const npde_status status = npde_solver_start(r->solver, 0);
            at_jump[k] = status < 0 ? 0 : run_rate(r, k ? after : on);
            later[k] = status < 0 ? 0 : run_rate(r, 0.4);
            run_free(r);
        }
        ck_assert_msg(at_jump[0] == at_jump[1] && fabs(later[0] - later[1]) < 1e-12, "%s: %.12g, %.12g",
                      npde_id_name(method->id), later[0], later[1]);
    }
}
END_TEST

/* A callback that fails in a step that was cut, and is well afterwards, leaves nothing behind. */
START_TEST(a_step_that_failed_leaves_nothing_behind)
{
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        double rate[2] = {0, 0};
        for (int k = 0; k < 2; k++) {
            double failing = INFINITY, t;
            run *r = moving(method->id, 0.01, sines, &failing);
            if (npde_solver_start(r->solver, 0) >= 0) {
                OK(r->context, npde_solver_advance(r->solver, 0.2, &t));
                failing = 0.2031;
                if (k) ANSWERS(r->context, NPDE_ERR_CALLBACK, npde_solver_advance(r->solver, 0.205, &t));
                if (k) NEAR(t, 0.2, 1e-15);
                failing = INFINITY;
                rate[k] = run_rate(r, 0.5);
            }
            run_free(r);
        }
        /* SBDF freezes its operator anew: that is another run of the same accuracy. */
        const double allowed = method->past == 0 ? 1e-12 : method->order == 2 ? 3e-4 : method->order == 3 ? 1e-4 : 1e-5;
        ck_assert_msg(fabs(rate[0] - rate[1]) < allowed, "%s: %.12g, %.12g", npde_id_name(method->id), rate[0],
                      rate[1]);
    }
}
END_TEST

/* Every method goes on bit for bit from a snapshot while drive and noise move. */
START_TEST(snapshots_while_coefficients_move)
{
    static unsigned char bytes[1 << 18];
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++)
        for (int k = 1; k < 12; k++) {
            double rate[2] = {0, 0};
            size_t need;
            run *r = moving(method->id, 0.01, sines, NULL), *other = moving(method->id, 0.01, sines, NULL);
            if (npde_solver_start(r->solver, 0) >= 0) {
                run_rate(r, 0.04 * k);
                OK(r->context, npde_solver_save(r->solver, bytes, sizeof bytes, &need));
                rate[0] = run_rate(r, 0.8);
                ck_assert_int_ge(npde_solver_start(other->solver, 0), 0);
                OK(other->context, npde_solver_restore(other->solver, bytes, need));
                rate[1] = run_rate(other, 0.8);
            }
            ck_assert_msg(rate[0] == rate[1], "%s, saved at %g: %.17g, %.17g", npde_id_name(method->id), 0.04 * k,
                          rate[0], rate[1]);
            run_free(r);
            run_free(other);
        }
}
END_TEST

START_TEST(jumps_are_checked)
{
    run *r = run_prepare(&network, 0, NPDE_METHOD_TR_BDF2, 0);
    const double wrong[][3] = {{0, 1, 1}, {2, 1, 3}, {0, NAN, 1}, {0, 1, INFINITY}};
    for (int i = 0; i < 4; i++) {
        const npde_status status = npde_solver_set_jumps(r->solver, wrong[i], 3);
        ck_assert_int_eq(status, i < 2 ? NPDE_ERR_RANGE : NPDE_ERR_NOT_FINITE);
        ck_assert_ptr_nonnull(strstr(npde_context_error(r->context), "times["));
    }
    ANSWERS(r->context, NPDE_ERR_NULL, npde_solver_set_jumps(r->solver, NULL, 1));
    OK(r->context, npde_solver_set_jumps(r->solver, NULL, 0));
    ck_assert_int_eq(npde_solver_set_jumps(NULL, NULL, 0), NPDE_ERR_NULL);
    run_free(r);
}
END_TEST

MAIN("output", dense_output_has_the_order_of_the_method, dense_output_keeps_adaptive_tolerances,
     observers_of_outputs_see_the_state_of_their_time, announced_jumps_of_the_drive_are_met,
     delays_carry_announced_jumps, a_jump_that_a_callback_failed_at_is_not_lost,
     the_first_step_is_not_interpolated_by_its_slope, dense_output_is_sound_at_loose_tolerances,
     an_output_a_rounding_error_after_a_jump_is_at_the_jump, a_step_that_failed_leaves_nothing_behind,
     snapshots_while_coefficients_move, jumps_are_checked)
