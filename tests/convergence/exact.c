/* SPDX-License-Identifier: BSD-3-Clause
 * The exact propagator: rounding errors at any output time, by any path; and what exponential methods refuse. */
#include "problem.h"

#include <math.h>
#include <string.h>

static const problem linear = {
    .name = "linear", .reset = 1, .threshold = 2, .diffusion = 1, .mean = -1, .variance = 0.1};
static const double linear_exact[] = {0.06364856829968214, 0.1042148936536382}; /* N(1), N(2) by Laplace inversion */
static const double steady = 0.11997596523910496621;

/* Kinds of constant problem, each with something of its own in L. */
static const problem kinds[] = {
    {.name = "strong drive", .reset = 1, .threshold = 2, .diffusion = 0.1, .drive = 3, .mean = 0, .variance = 0.05},
    {.name = "refractory",
     .reset = 1,
     .threshold = 2,
     .diffusion = 1,
     .refractory = NPDE_REFRACTORY_EXPONENTIAL,
     .tau = 0.3,
     .mean = -0.5,
     .variance = 0.2},
    {.name = "random threshold",
     .reset = 1,
     .threshold = 2,
     .diffusion = 1,
     .drive = 1,
     .discharge = NPDE_DISCHARGE_STEP,
     .kappa = 10,
     .mean = 0,
     .variance = 0.2},
    {.name = "random threshold, refractory",
     .reset = 1,
     .threshold = 2,
     .diffusion = 0.5,
     .discharge = NPDE_DISCHARGE_RAMP,
     .kappa = 30,
     .refractory = NPDE_REFRACTORY_EXPONENTIAL,
     .tau = 0.1,
     .mean = 0.5,
     .variance = 0.1},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static run *exact_run(const problem *p, int cells, npde_id output)
{
    run *r = run_prepare(p, cells, NPDE_METHOD_EXACT_PROPAGATOR, 0);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_OUTPUT, output));
    ck_assert_int_eq(run_start(r), 1);
    return r;
}

/* Coarse grids are noticed. */
static void sample(run *r, const double *times, size_t n, double *rates)
{
    const npde_status status = npde_solver_sample(r->solver, times, n, rates);
    ck_assert_msg(status >= 0, "%s", npde_context_error(r->context));
}

/* Ascending random times in (0, end], the last of them end; gaps from 1e-6 to some tenths. */
static void draw_times(random_stream *s, double *times, int n, double end)
{
    double sum = 0;
    for (int i = 0; i < n; i++) times[i] = sum += pow(10, random_between(s, -6, -0.3));
    for (int i = 0; i < n; i++) times[i] *= end / sum;
    times[n - 1] = end;
}

/* Whatever the times before, and however they are met. */
START_TEST(exact_at_irregular_times)
{
    random_stream stream = {1};
    enum { N = 64 };
    for (int k = 0; k < 20; k++) {
        double times[N], rates[N];
        draw_times(&stream, times, N, 1);
        run *r = exact_run(&linear, 0, k % 2 ? NPDE_OUTPUT_DENSE : NPDE_OUTPUT_EXACT);
        sample(r, times, N, rates);
        NEAR(rates[N - 1], linear_exact[0], 1e-12);
        ck_assert_int_eq(run_count(r, NPDE_COUNT_STEPS), k % 2 ? 1 : N);
        NEAR(run_rate(r, 2), linear_exact[1], 1e-12);
        ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-14);
        run_free(r);
    }
}
END_TEST

/* Each time by a single step from the start: a matrix of its own, no table. */
START_TEST(paths_agree)
{
    random_stream stream = {2};
    enum { N = 24 };
    for (int k = 0; k < KINDS; k++)
        for (int cells = 0; cells <= 100; cells += 100) {
            double times[N], stepped[N], dense[N];
            draw_times(&stream, times, N, 3);
            run *r = exact_run(&kinds[k], cells, NPDE_OUTPUT_EXACT);
            sample(r, times, N, stepped);
            run_free(r);
            r = exact_run(&kinds[k], cells, NPDE_OUTPUT_DENSE);
            sample(r, times, N, dense);
            run_free(r);
            for (int i = 0; i < N; i++) {
                r = exact_run(&kinds[k], cells, NPDE_OUTPUT_EXACT);
                const double single = run_rate(r, times[i]), tolerance = 2e-12 * fmax(1, single);
                NEAR(stepped[i], single, tolerance);
                NEAR(dense[i], single, tolerance);
                run_free(r);
            }
        }
}
END_TEST

/* Against another method, on the same grid, that knows nothing of matrices. */
START_TEST(agrees_with_many_small_steps)
{
    random_stream stream = {3};
    enum { N = 8 };
    for (int k = 0; k < KINDS; k++) {
        double times[N], rates[N], other[N];
        draw_times(&stream, times, N, 1.5);
        run *r = exact_run(&kinds[k], 0, NPDE_OUTPUT_EXACT);
        sample(r, times, N, rates);
        run_free(r);
        r = run_prepare(&kinds[k], 0, NPDE_METHOD_RODAS5P, 1. / 4096);
        ck_assert_int_eq(run_start(r), 1);
        sample(r, times, N, other);
        run_free(r);
        for (int i = 0; i < N; i++)
            ck_assert_msg(fabs(rates[i] - other[i]) <= 1e-11, "%s, t = %g: %.16g and %.16g", kinds[k].name, times[i],
                          rates[i], other[i]);
    }
}
END_TEST

/* A step may be as long as one wants. */
START_TEST(long_steps)
{
    for (double end = 40; end < 1e12; end *= 100) {
        run *r = exact_run(&linear, 0, NPDE_OUTPUT_EXACT);
        NEAR(run_rate(r, end), steady, 1e-12);
        ck_assert_int_eq(run_count(r, NPDE_COUNT_STEPS), 1);
        ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-14);
        run_free(r);
    }
}
END_TEST

/* dt_max bounds its steps like any adaptive one's, dt fixes them. */
START_TEST(steps_as_they_are_asked_for)
{
    run *r = run_prepare(&linear, 0, NPDE_METHOD_EXACT_PROPAGATOR, 0);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_DT_MAX, 0.1));
    ck_assert_int_eq(run_start(r), 1);
    NEAR(run_rate(r, 1), linear_exact[0], 1e-12);
    ck_assert_int_eq(run_count(r, NPDE_COUNT_STEPS), 10);
    ck_assert_double_eq(run_stat(r, NPDE_STAT_NEXT_STEP_SIZE), 0.1);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_DT, 0.03));
    ck_assert_int_eq(run_start(r), 1);
    NEAR(run_rate(r, 1), linear_exact[0], 1e-12);
    ck_assert_int_eq(run_count(r, NPDE_COUNT_STEPS), 34);
    run_free(r);
}
END_TEST

/* Mass over 10^5 steps of sizes that never repeat. */
START_TEST(mass_over_irregular_steps)
{
    random_stream stream = {4};
    run *r = exact_run(&kinds[1], -10, NPDE_OUTPUT_EXACT);
    double t = 0;
    const int steps = (int)(1e5 * test_scale());
    for (int i = 0; i < steps; i++) {
        t += random_between(&stream, 1e-3, 2e-2);
        ck_assert_int_ge(npde_solver_advance(r->solver, t, NULL), 0);
    }
    ck_assert_int_eq(run_count(r, NPDE_COUNT_STEPS), steps);
    ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-14);
    ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_ROUNDING) / steps, 1e-14);
    run_free(r);
}
END_TEST

/* Populations of their own, together and alone. */
START_TEST(populations_have_matrices_of_their_own)
{
    enum { N = 3 };
    static const double drive[N] = {0, 1, 2.5}, tau[N] = {1, 0.3, 2};
    double together[N];
    for (int single = 0; single <= N; single++) {
        npde_context *c;
        npde_model *m;
        npde_solver *s;
        const double t = 1.7;
        double alone;
        OK(c, npde_context_new(&c));
        OK(c, npde_model_new(c, NPDE_MODEL_LIF, single ? 1 : N, &m));
        for (size_t p = 0; p < (single ? 1 : N); p++) {
            const size_t k = single ? (size_t)single - 1 : p;
            OK(c, npde_model_set(m, p, NPDE_PARAM_DRIVE, drive[k]));
            OK(c, npde_model_set(m, p, NPDE_PARAM_TIME_CONSTANT, tau[k]));
        }
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_EXACT_PROPAGATOR, &s));
        OK(c, npde_solver_set_gaussian(s, NPDE_ALL, -1, 0.1));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_sample(s, &t, 1, single ? &alone : together));
        if (single) NEAR(together[single - 1], alone, 1e-10);
        npde_solver_free(s);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

/* ---- refusals ---- */

static void refuses(run *r, const char *what)
{
    ANSWERS(r->context, NPDE_ERR_UNSUPPORTED, npde_solver_start(r->solver, 0));
    const char *text = npde_context_error(r->context);
    ck_assert_msg(strstr(text, what) && strstr(text, "take "), "%s", text);
    run_free(r);
}

START_TEST(what_the_exact_propagator_refuses)
{
    problem p = linear;
    p.connectivity = 0.5;
    refuses(run_prepare(&p, 0, NPDE_METHOD_EXACT_PROPAGATOR, 0), "constant coefficients");
    p = linear;
    p.noise = 0.1;
    refuses(run_prepare(&p, 0, NPDE_METHOD_EXACT_PROPAGATOR, 0.1), "constant coefficients");
    p = linear;
    p.swing = 0.1; /* a callback */
    refuses(run_prepare(&p, 0, NPDE_METHOD_EXACT_PROPAGATOR, 0), "constant coefficients");
    p = linear;
    p.refractory = NPDE_REFRACTORY_FIXED;
    p.tau = 0.1;
    refuses(run_prepare(&p, 0, NPDE_METHOD_EXACT_PROPAGATOR, 0), "constant coefficients");
    p = linear;
    p.connectivity = 0.5;
    p.delay = 0.1;
    refuses(run_prepare(&p, 0, NPDE_METHOD_EXACT_PROPAGATOR, 0), "constant coefficients");
}
END_TEST

START_TEST(dense_matrices_have_their_limits)
{
    static const npde_id methods[] = {NPDE_METHOD_EXACT_PROPAGATOR, NPDE_METHOD_ETDRK4};
    for (int k = 0; k < 2; k++) {
        refuses(run_prepare(&linear, 1200, methods[k], 0.1), "there are 1200"); /* finite volumes */
        npde_context *c;
        npde_model *m;
        npde_solver *s;
        OK(c, npde_context_new(&c));
        OK(c, npde_model_new(c, NPDE_MODEL_LIF, 4000, &m));
        OK(c, npde_solver_new(m, NULL, methods[k], &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.1));
        OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 0, 0.1));
        ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_solver_start(s, 0));
        ck_assert_ptr_nonnull(strstr(npde_context_error(c), "4000 populations"));
        ck_assert_ptr_nonnull(strstr(npde_context_error(c), "take "));
        npde_solver_free(s);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

/* Without an estimate there are no adaptive steps, unless there is no error. */
START_TEST(adaptive_steps_want_an_estimate)
{
    static const npde_id methods[] = {NPDE_METHOD_ARS222, NPDE_METHOD_ARS443, NPDE_METHOD_ETDRK4};
    for (int k = 0; k < 3; k++) refuses(run_prepare(&linear, 0, methods[k], 0), "no error estimate");
    run_free(exact_run(&linear, 0, NPDE_OUTPUT_EXACT));
}
END_TEST

MAIN("exact", exact_at_irregular_times, paths_agree, agrees_with_many_small_steps, long_steps,
     steps_as_they_are_asked_for, mass_over_irregular_steps, populations_have_matrices_of_their_own,
     what_the_exact_propagator_refuses, dense_matrices_have_their_limits, adaptive_steps_want_an_estimate)
