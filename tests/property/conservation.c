/* SPDX-License-Identifier: BSD-3-Clause
 * Mass, positivity and moments over many steps and random parameters. */
#include "problem.h"
#include "steppers/stepper.h"

#include <math.h>
#include <string.h>

#define BASE .reset = 1, .threshold = 2, .diffusion = 1, .mean = -0.5, .variance = 0.3
static const problem variants[] = {
    {.name = "linear", BASE},
    {.name = "driven network", BASE, .connectivity = 0.7, .noise = 0.2, .swing = 0.5},
    {.name = "inhibitory", BASE, .connectivity = -4},
    {.name = "delay", BASE, .connectivity = -3, .delay = 0.3},
    {.name = "exponential refractory",
     BASE,
     .connectivity = 1.5,
     .refractory = NPDE_REFRACTORY_EXPONENTIAL,
     .tau = 0.2},
    {.name = "fixed refractory", BASE, .connectivity = 1.5, .refractory = NPDE_REFRACTORY_FIXED, .tau = 0.23},
    {.name = "random threshold", BASE, .connectivity = 0.5, .discharge = NPDE_DISCHARGE_STEP, .kappa = 10},
    {.name = "ramp, refractory, delay",
     BASE,
     .connectivity = 1,
     .delay = 0.2,
     .discharge = NPDE_DISCHARGE_RAMP,
     .kappa = 10,
     .refractory = NPDE_REFRACTORY_FIXED,
     .tau = 0.31},
};
enum { N_VARIANTS = sizeof variants / sizeof variants[0] };

/* 10^5 steps of each method: the defect stays below 1e-13, and what rounding took and was given back is rounding. */
START_TEST(mass_over_1e5_steps)
{
    const problem *p = &variants[_i];
    const npde__method *method;
    const int steps = (int)(1e5 * test_scale());
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++)
        for (int cells = -10; cells <= 60; cells += 70) {
            run *r = run_prepare(p, cells, method->id, 0.01);
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_COUPLING, NPDE_COUPLING_EXTRAPOLATED));
            if (!run_start(r)) {
                run_free(r);
                continue;
            }
            double worst = 0;
            for (int part = 1; part <= 10; part++) {
                run_rate(r, 0.001 * steps * part);
                worst = fmax(worst, run_stat(r, NPDE_STAT_MASS_DEFECT));
            }
            ck_assert_int_ge(run_count(r, NPDE_COUNT_STEPS), steps);
            ck_assert_msg(worst <= 1e-13, "%s, %s, %d cells: mass defect %.2e", p->name, npde_id_name(method->id),
                          cells, worst);
            const double rounding = run_stat(r, NPDE_STAT_MASS_ROUNDING) / steps;
            ck_assert_msg(rounding <= 1e-14, "%s, %s, %d cells: %.2e of mass lost to rounding per step", p->name,
                          npde_id_name(method->id), cells, rounding);
            run_free(r);
        }
}
END_TEST

/* Mass of density and reservoir by the public weights, not by the library's own word. */
START_TEST(mass_by_the_weights)
{
    for (int k = 0; k < N_VARIANTS; k++) {
        run *r = run_new(&variants[k], k % 2 ? 150 : 0, NPDE_METHOD_TR_BDF2, 0.02);
        run_rate(r, 3);
        npde_grid *grid;
        OK(r->context, npde_solver_grid(r->solver, &grid));
        double w[512], p[512], mass;
        const size_t n = npde_grid_size(grid, 0);
        ck_assert_uint_le(n, 512);
        OK(r->context, npde_grid_weights(grid, 0, w, n));
        OK(r->context, npde_solver_state(r->solver, 0, p, n));
        OK(r->context, npde_solver_reservoirs(r->solver, &mass, 1));
        for (size_t i = 0; i < n; i++) mass += w[i] * p[i];
        NEAR(mass, 1, 1e-14);
        npde_grid_free(grid);
        run_free(r);
    }
}
END_TEST

/* Data of any width, down to a point mass, on the grid that is made for them: mass to rounding, and no false word of a tail. */
START_TEST(mass_of_narrow_data)
{
    for (double variance = 1e-3; variance > 1e-15; variance /= 100) {
        const problem p = {.name = "narrow",
                           .reset = 1,
                           .threshold = 2,
                           .diffusion = 1,
                           .mean = 0.3,
                           .variance = variance < 1e-14 ? 0 : variance};
        run *r = run_new(&p, 0, NPDE_METHOD_TR_BDF2, 0);
        for (int k = 1; k <= 8; k++) {
            const npde_status status = npde_solver_advance(r->solver, pow(10, k - 7), NULL);
            if (variance > 1e-14) ck_assert_int_eq(status, NPDE_OK);
            ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-13);
        }
        NEAR(run_rate(r, 40), 0.11997596523910496621, 1e-8);
        run_free(r);
    }
}
END_TEST

static npde_id pick(random_stream *s, npde_id a, npde_id b)
{
    return random_between(s, 0, 1) < 0.5 ? a : b;
}

/* A random network: any drive, noise, coupling of both signs, delay, refractory state and threshold. */
static problem draw(random_stream *s)
{
    problem p = {.name = "draw",
                 .reset = random_between(s, -1, 1),
                 .diffusion = pow(10, random_between(s, -2, 0.5)),
                 .drive = random_between(s, -2, 2.5)};
    p.threshold = p.reset + random_between(s, 0.3, 2);
    p.connectivity = random_between(s, -5, 1) * (p.threshold - p.reset);
    p.noise = pick(s, 0, 1) ? random_between(s, 0, 0.5) : 0;
    p.delay = pick(s, 0, 1) ? random_between(s, 0.05, 0.5) : 0;
    if (pick(s, 0, 1)) {
        p.refractory = pick(s, NPDE_REFRACTORY_FIXED, NPDE_REFRACTORY_EXPONENTIAL);
        p.tau = random_between(s, 0.05, 0.5);
    }
    if (random_between(s, 0, 1) < 0.3) {
        p.discharge = pick(s, NPDE_DISCHARGE_STEP, NPDE_DISCHARGE_RAMP);
        p.kappa = pow(10, random_between(s, 0, 2));
    }
    p.mean = p.reset + random_between(s, -2.5, 0) * sqrt(p.diffusion);
    p.variance = p.diffusion * pow(10, random_between(s, -2, -0.3));
    /* Data with b n(V_F) + a1 |n'(V_F)| ≥ 1 blow up at once: no run to look at. */
    const double widest = (p.threshold - p.mean) / 5;
    p.variance = fmin(p.variance, widest * widest);
    return p;
}

/*
 * Finite volumes with backward Euler and its semi-implicit relative: not one negative density over 10^4 draws, whatever the
 * step. A strongly excitatory draw may blow up: that ends the run, and what it leaves is positive as well.
 */
START_TEST(positive_over_1e4_draws)
{
    random_stream stream = {2026};
    const int draws = (int)(1e4 * test_scale());
    int finished = 0;
    for (int k = 0; k < draws; k++) {
        const problem p = draw(&stream);
        const double dt = pow(10, random_between(&stream, -3, 1));
        run *r = run_prepare(&p, 40, k % 2 ? NPDE_METHOD_BACKWARD_EULER : NPDE_METHOD_IMEX_EULER, dt);
        npde_status status = npde_solver_start(r->solver, 0);
        if (status < 0) { /* on a coarse grid b n + a1 |n'| ≥ 1 next to the threshold: no finite rate */
            ck_assert_int_eq(status, NPDE_ERR_RANGE);
            ck_assert(p.connectivity > 0 || p.noise > 0);
            run_free(r);
            continue;
        }
        status = 0;
        double rate = 0;
        for (int step = 0; step < 12 && status >= 0; step++) {
            status = npde_solver_step(r->solver, 1e6, NULL);
            OK(r->context, npde_solver_rates(r->solver, &rate, 1));
            const double min = run_stat(r, NPDE_STAT_MIN_DENSITY);
            ck_assert_msg(min >= 0, "draw %d, step %d of %g: min density %g", k, step, dt, min);
            ck_assert_msg(rate >= 0, "draw %d: rate %g", k, rate);
            ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-13);
            double reservoir;
            OK(r->context, npde_solver_reservoirs(r->solver, &reservoir, 1));
            ck_assert_double_ge(reservoir, -1e-15);
        }
        if (status >= 0) finished++;
        else
            ck_assert_msg(status == NPDE_ERR_STEP_TOO_SMALL && (p.connectivity > 0 || p.noise > 0), "draw %d: %s", k,
                          npde_context_error(r->context));
        run_free(r);
    }
    ck_assert_int_ge(finished, draws * 95 / 100);
}
END_TEST

static double mean_of(run *r)
{
    npde_grid *grid;
    OK(r->context, npde_solver_grid(r->solver, &grid));
    double v[512], w[512], p[512], sum = 0;
    const size_t n = npde_grid_size(grid, 0);
    ck_assert_uint_le(n, 512);
    OK(r->context, npde_grid_points(grid, 0, v, n));
    OK(r->context, npde_grid_weights(grid, 0, w, n));
    OK(r->context, npde_solver_state(r->solver, 0, p, n));
    for (size_t i = 0; i < n; i++) sum += w[i] * v[i] * p[i];
    npde_grid_free(grid);
    return sum;
}

/* d⟨v⟩/dt = μ − ⟨v⟩ − (V_F − V_R) N for random linear problems: an exact law that no discretisation knows of. */
START_TEST(mean_follows_its_law)
{
    random_stream stream = {7};
    for (int k = 0; k < 100 * test_scale(); k++) {
        problem p = draw(&stream);
        p.connectivity = p.noise = p.delay = p.tau = 0;
        p.refractory = p.discharge = 0;
        const double h = 1e-3;
        run *r = run_new(&p, 0, NPDE_METHOD_TR_BDF2, h / 4);
        double mean[3], rate[3];
        for (int i = 0; i < 3; i++) {
            rate[i] = run_rate(r, 0.5 + h * i);
            mean[i] = mean_of(r);
        }
        double law[3];
        for (int i = 0; i < 3; i++) law[i] = p.drive - mean[i] - (p.threshold - p.reset) * rate[i];
        NEAR((mean[2] - mean[0]) / (2 * h), (law[0] + 4 * law[1] + law[2]) / 6, 3e-6 * (1 + rate[1]));
        run_free(r);
    }
}
END_TEST

/* Populations without coupling do not feel each other: a sweep gives what single runs give. */
START_TEST(uncoupled_populations_are_independent)
{
    enum { N = 7 };
    npde_context *c;
    npde_model *m;
    npde_grid *grid;
    npde_solver *s;
    const double breaks[] = {-8, -3, 1, 2};
    const size_t degrees[] = {24, 24, 16};
    OK(c, npde_context_new(&c));
    OK(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 4, degrees, &grid));
    double together[N], alone;
    for (int single = 0; single <= N; single++) {
        OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, single ? 1 : N, &m));
        for (size_t p = 0; p < (single ? 1 : N); p++)
            OK(c, npde_model_set(m, p, NPDE_PARAM_CONNECTIVITY, 0.2 * (double)(single ? single - 1 : (int)p) - 0.5));
        OK(c, npde_solver_new(m, grid, NPDE_METHOD_TR_BDF2, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
        OK(c, npde_solver_set_gaussian(s, NPDE_ALL, -1, 0.2));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_advance(s, 2, NULL));
        OK(c, npde_solver_rates(s, single ? &alone : together, single ? 1 : N));
        if (single) NEAR(together[single - 1], alone, 1e-13);
        npde_solver_free(s);
        npde_model_free(m);
    }
    npde_grid_free(grid);
    npde_context_free(c);
}
END_TEST

/* Populations with thresholds, resets and time constants of their own on one grid: what each gives alone on its own grid. */
START_TEST(thresholds_of_their_own)
{
    enum { N = 3 };
    static const double reset[N] = {1, 0.2, -0.5}, threshold[N] = {2, 1.1, 3}, tau[N] = {1, 0.3, 2},
                        drive[N] = {0, 1, 1.5};
    double together[N];
    for (int single = 0; single <= N; single++) {
        npde_context *c;
        npde_model *m;
        npde_solver *s;
        const double t = 1.5;
        double alone;
        OK(c, npde_context_new(&c));
        OK(c, npde_model_new(c, NPDE_MODEL_LIF, single ? 1 : N, &m));
        for (size_t p = 0; p < (single ? 1 : N); p++) {
            const size_t k = single ? (size_t)single - 1 : p;
            OK(c, npde_model_set(m, p, NPDE_PARAM_V_THRESHOLD, threshold[k]));
            OK(c, npde_model_set(m, p, NPDE_PARAM_V_RESET, reset[k]));
            OK(c, npde_model_set(m, p, NPDE_PARAM_TIME_CONSTANT, tau[k]));
            OK(c, npde_model_set(m, p, NPDE_PARAM_DRIVE, drive[k]));
        }
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_TR_BDF2, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
        OK(c, npde_solver_set_gaussian(s, NPDE_ALL, -1, 0.05));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_sample(s, &t, 1, single ? &alone : together));
        if (single) NEAR(together[single - 1], alone, 1e-10);
        npde_solver_free(s);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conservation");
    TCase *tcase = tcase_create("conservation");
    tcase_set_timeout(tcase, 1200);
    tcase_add_loop_test(tcase, mass_over_1e5_steps, 0, N_VARIANTS);
    tcase_add_test(tcase, mass_by_the_weights);
    tcase_add_test(tcase, mass_of_narrow_data);
    tcase_add_test(tcase, positive_over_1e4_draws);
    tcase_add_test(tcase, mean_follows_its_law);
    tcase_add_test(tcase, uncoupled_populations_are_independent);
    tcase_add_test(tcase, thresholds_of_their_own);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
