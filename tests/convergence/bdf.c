/* SPDX-License-Identifier: BSD-3-Clause
 * What BDF promises beyond other methods: its order where drives move, no loss where steps are cut, a way out where its higher
 * orders are not stable, and what happens when callbacks jump or refuse. */
#include "problem.h"
#include "steppers/stepper.h"

#include <math.h>

static const problem driven = {.name = "driven",
                               .reset = 1,
                               .threshold = 2,
                               .diffusion = 1,
                               .connectivity = -1,
                               .noise = 0.1,
                               .drive = 1,
                               .swing = 1,
                               .mean = -1.5,
                               .variance = 0.2};

enum { OUTPUTS = 7 }; /* where steps end exactly */

static void sample(npde_id method, double dt, const double *times, double *rates)
{
    run *r = run_new(&driven, 0, method, dt);
    OK(r->context, npde_solver_sample(r->solver, times, OUTPUTS, rates));
    ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-14);
    run_free(r);
}

/* Over the outputs from one on. */
static double distance(int first, const double *a, const double *b)
{
    double d = 0;
    for (int i = first; i < OUTPUTS; i++) d = fmax(d, fabs(a[i] - b[i]));
    return d;
}

/* In a network driven by a sine, where Runge–Kutta methods lose order at the threshold: 5. */
START_TEST(order_under_a_moving_drive)
{
    static const double times[OUTPUTS] = {0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.2};
    double rates[4][OUTPUTS];
    for (int k = 0; k < 4; k++) sample(NPDE_METHOD_BDF, 1. / (200 << k), times, rates[k]);
    const double coarse = distance(0, rates[0], rates[1]), middle = distance(0, rates[1], rates[2]),
                 fine = distance(0, rates[2], rates[3]);
    NEAR(log2(coarse / middle), 5, 0.2);
    NEAR(log2(middle / fine), 5, 0.2);
}
END_TEST

/* Fixed steps that are cut at every output, some to nearly nothing, are as accurate as those that are not. */
START_TEST(cut_steps_cost_no_accuracy)
{
    static const double even[OUTPUTS] = {0.2, 0.4, 0.5, 0.6, 0.9, 1, 1.1},
                        odd[OUTPUTS] = {0.2003, 0.40000001, 0.517, 0.52, 0.9, 1, 1.1};
    const int common = 4;
    double exact[OUTPUTS], uncut[OUTPUTS], cut[2][OUTPUTS];
    sample(NPDE_METHOD_BDF, 1. / 1280, even, exact);
    sample(NPDE_METHOD_BDF, 1. / 160, even, uncut);
    for (int k = 0; k < 2; k++) sample(NPDE_METHOD_BDF, 1. / (160 << k), odd, cut[k]);
    const double error = distance(common, cut[0], exact), finer = distance(common, cut[1], exact);
    ck_assert_msg(error < 2 * distance(common, uncut, exact), "%g with cut steps, %g without", error,
                  distance(common, uncut, exact));
    ck_assert_msg(log2(error / finer) > 4.5, "order %.2f", log2(error / finer));
}
END_TEST

/*
 * Strong drive and little noise: neurons fire in step, the eigenvalues next to 0 are −3.9 ± 9.5i, and BDF of order 5 is not
 * stable for hλ there. The order is lowered, and steps grow without bound on the way to the steady rate.
 */
START_TEST(oscillating_modes_do_not_bound_the_step)
{
    const problem p = {
        .name = "in step", .reset = 1, .threshold = 2, .diffusion = 0.1, .drive = 3, .mean = 0.5, .variance = 0.02};
    for (int k = 3; k <= 9; k += 3) {
        run *r = run_prepare(&p, 0, NPDE_METHOD_BDF, 0);
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, pow(10, -k)));
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, pow(10, -k - 2)));
        ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
        NEAR(run_rate(r, 60), 1.51283706253059, 1e-9 + pow(10, -k));
        ck_assert_double_gt(run_stat(r, NPDE_STAT_NEXT_STEP_SIZE), 5);
        ck_assert_int_lt(run_count(r, NPDE_COUNT_REJECTIONS), 15);
        run_free(r);
    }
}
END_TEST

/* A drive that jumps without a word, and a callback that refuses now and then. */
typedef struct {
    int calls, refuse_each;
} moody;

static int32_t jump(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)n_pop, (void)rate, (void)diffusion;
    moody *m = user;
    if (m->refuse_each && ++m->calls % m->refuse_each == 0) return 1;
    drive[0] += t > 0.4 ? 1.5 : 0;
    return 0;
}

static double moved(npde_id method, int announced, int refuse_each, double tolerance)
{
    const double at = 0.4;
    moody m = {0, refuse_each};
    problem p = driven;
    p.swing = 0;
    run *r = run_prepare(&p, 0, method, 0);
    OK(r->context, npde_model_set_coupling(r->model, jump, &m, NULL));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, tolerance));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, tolerance / 100));
    if (announced) OK(r->context, npde_solver_set_jumps(r->solver, &at, 1));
    m.refuse_each = 0;
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    m.refuse_each = refuse_each;
    const double rate = run_rate(r, 0.9);
    run_free(r);
    return rate;
}

START_TEST(jumps_and_refusals_are_survived)
{
    const double exact = moved(NPDE_METHOD_RODAS5P, 1, 0, 1e-11);
    NEAR(moved(NPDE_METHOD_BDF, 1, 0, 1e-8), exact, 1e-8);
    NEAR(moved(NPDE_METHOD_BDF, 0, 0, 1e-8), exact, 1e-7);
    NEAR(moved(NPDE_METHOD_BDF, 1, 101, 1e-8), exact, 1e-8);
}
END_TEST

MAIN("bdf_runs", order_under_a_moving_drive, cut_steps_cost_no_accuracy, oscillating_modes_do_not_bound_the_step,
     jumps_and_refusals_are_survived)
