/* SPDX-License-Identifier: BSD-3-Clause
 * What broke other codes for these equations. (Drift exactly zero at a face is in unit/operator; a header that defines the
 * macro I is in package.) */
#include "problem.h"

#include <math.h>
#include <string.h>

static const problem linear = {
    .name = "linear", .reset = 1, .threshold = 2, .diffusion = 1, .mean = -1, .variance = 0.1};
static const double steady = 0.11997596523910496621;

/* A reset between two points costs an order of convergence: it is refused, with the break to add. */
START_TEST(reset_off_a_node_is_refused)
{
    const double breaks[] = {-6, 0.9, 2};
    const size_t cells[] = {60, 10};
    npde_context *c;
    npde_grid *grid;
    npde_solver *s;
    OK(c, npde_context_new(&c));
    npde_model *m = problem_model(c, &linear);
    OK(c, npde_grid_new(c, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, &grid));
    OK(c, npde_solver_new(m, grid, NPDE_METHOD_TR_BDF2, &s));
    OK(c, npde_solver_set_gaussian(s, 0, -1, 0.1));
    ANSWERS(c, NPDE_ERR_GRID, npde_solver_start(s, 0));
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "v_reset = 1"));
    npde_solver_free(s);
    npde_grid_free(grid);
    npde_model_free(m);
    npde_context_free(c);
}
END_TEST

/* An explicit boundary flux limits the step to about h²/a. Here steps a million times larger give the steady rate. */
START_TEST(no_hidden_step_limit)
{
    const npde_id methods[] = {NPDE_METHOD_BACKWARD_EULER, NPDE_METHOD_IMEX_EULER, NPDE_METHOD_TR_BDF2};
    for (int k = 0; k < 3; k++) {
        run *r = run_new(&linear, 4000, methods[k], 5); /* h = 0.002: h² = 5e-6 */
        NEAR(run_rate(r, 500), steady, 1e-9);
        ck_assert_double_ge(run_stat(r, NPDE_STAT_MIN_DENSITY), k == 2 ? -1e-12 : 0);
        run_free(r);
    }
}
END_TEST

/*
 * A drive in time is taken where the step ends: with nothing else to lag, the semi-implicit method is backward Euler to the
 * last bit. A drive taken at the old time would shift N by a step.
 */
START_TEST(drive_is_not_lagged)
{
    problem p = linear;
    p.drive = 1;
    p.swing = 0.5;
    run *a = run_new(&p, 200, NPDE_METHOD_BACKWARD_EULER, 0.01), *b = run_new(&p, 200, NPDE_METHOD_IMEX_EULER, 0.01);
    for (int i = 1; i <= 20; i++) {
        const double x = run_rate(a, 0.1 * i), y = run_rate(b, 0.1 * i);
        NEAR(x, y, 1e-15);
    }
    run_free(a);
    run_free(b);
}
END_TEST

/* The rate at an output time is −a ∂_v n at the threshold of the state there, also between natural step ends. */
START_TEST(rate_is_the_flux_of_the_state)
{
    problem p = linear;
    p.connectivity = 0.8;
    p.noise = 0.1;
    const npde_id methods[] = {NPDE_METHOD_BACKWARD_EULER, NPDE_METHOD_IMEX_EULER, NPDE_METHOD_CRANK_NICOLSON,
                               NPDE_METHOD_TR_BDF2};
    const npde_id couplings[] = {NPDE_COUPLING_NEWTON, NPDE_COUPLING_EXTRAPOLATED};
    for (int k = 0; k < 8; k++) {
        run *r = run_new(&p, 0, methods[k % 4], 0.03);
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_COUPLING, couplings[k / 4]));
        OK(r->context, npde_solver_start(r->solver, 0));
        for (int i = 1; i <= 3; i++) {
            const double rate = run_rate(r, 0.3171 * i), h = 1e-3;
            /* One-sided difference of fourth order; n(V_F) = 0. */
            const double v[] = {2 - h, 2 - 2 * h, 2 - 3 * h, 2 - 4 * h};
            double n[4];
            OK(r->context, npde_solver_evaluate(r->solver, 0, v, 4, n));
            const double slope = (-48 * n[0] + 36 * n[1] - 16 * n[2] + 3 * n[3]) / (12 * h);
            /* Coefficients from other rates than the state's own leave a boundary layer of the size of the step's error. */
            const int lagged = k >= 4 || methods[k] == NPDE_METHOD_IMEX_EULER;
            NEAR(rate, -(1 + p.noise * rate) * slope, lagged ? 1e-6 : 1e-11);
        }
        run_free(r);
    }
}
END_TEST

/* Rates do not depend on how often they are asked for, beyond the error of the steps. */
START_TEST(asking_often_changes_nothing)
{
    run *often = run_new(&linear, 0, NPDE_METHOD_TR_BDF2, 0.01), *once = run_new(&linear, 0, NPDE_METHOD_TR_BDF2, 0.01);
    double rate = 0;
    for (int i = 1; i <= 1000; i++)
        rate = run_rate(often, i == 1000 ? 1 : 1e-3 * i + 1e-14 * (i % 7)); /* slivers of steps among them */
    NEAR(rate, run_rate(once, 1), 2e-5);
    NEAR(rate, 0.06364856829968214, 2e-7);
    run_free(often);
    run_free(once);
}
END_TEST

/* A domain cut where density still is gives a wrong rate: the run says so, once, and how much is cut off. */
START_TEST(truncated_tail_is_noticed)
{
    const double breaks[] = {-3, 1, 2};
    const size_t cells[] = {24, 16};
    run *r = run_new_on(&linear, NPDE_SCHEME_SPECTRAL, breaks, 3, cells, NPDE_METHOD_TR_BDF2, 0.01);
    ANSWERS(r->context, NPDE_NOTICE_TRUNCATED, npde_solver_advance(r->solver, 5, NULL));
    ck_assert_ptr_nonnull(strstr(npde_context_error(r->context), "left"));
    ck_assert_double_gt(run_stat(r, NPDE_STAT_TAIL_MASS), 1e-4);
    OK(r->context, npde_solver_advance(r->solver, 6, NULL));
    run_free(r);
}
END_TEST

/* With a random threshold the right end can be too near as well. */
START_TEST(truncation_on_the_right_is_noticed)
{
    const double exact = 0.0172911324364136; /* κ = 1, b = 0 */
    for (int near = 0; near < 2; near++) {
        const double breaks[] = {-8, -3, 1, 2, near ? 3 : 9};
        const size_t cells[] = {24, 24, 20, 24};
        problem p = linear;
        p.discharge = NPDE_DISCHARGE_STEP;
        p.kappa = 1;
        run *r = run_new_on(&p, NPDE_SCHEME_SPECTRAL, breaks, 5, cells, NPDE_METHOD_BACKWARD_EULER, 0.5);
        ANSWERS(r->context, near ? NPDE_NOTICE_TRUNCATED : NPDE_OK, npde_solver_advance(r->solver, 100, NULL));
        const double off = fabs(run_rate(r, 200) - exact);
        if (near) ck_assert_double_gt(off, 1e-5);
        else ck_assert_double_lt(off, 1e-9);
        run_free(r);
    }
}
END_TEST

/* Steps that the floating-point time cannot resolve would change the state and not the time. */
START_TEST(time_never_stands_still)
{
    static const struct {
        double t0, dt, delay;
    } table[] = {{1e12, 1e-5, 0}, {1e9, 1e-8, 0}, {1e3, 1e-13, 0}, {0, 0.1, 1e-20}};
    for (size_t k = 0; k < 4; k++) {
        problem p = linear;
        p.connectivity = 0.5;
        p.delay = table[k].delay;
        run *r = run_prepare(&p, 20, NPDE_METHOD_TR_BDF2, table[k].dt);
        ck_assert_int_ge(npde_solver_start(r->solver, table[k].t0), 0);
        double before, after, t;
        OK(r->context, npde_solver_rates(r->solver, &before, 1));
        ANSWERS(r->context, NPDE_ERR_STEP_TOO_SMALL, npde_solver_advance(r->solver, table[k].t0 + 1, &t));
        OK(r->context, npde_solver_rates(r->solver, &after, 1));
        ck_assert_double_eq(t, table[k].t0);
        ck_assert_double_eq(before, after);
        run_free(r);
    }
}
END_TEST

/* Data narrower than the cells: said at the start, with the distance. */
START_TEST(unresolved_data_are_noticed)
{
    const double breaks[] = {-7, 1, 2};
    const size_t cells[] = {80, 10};
    problem p = linear;
    p.variance = 1e-4;
    run *r = run_new_on(&p, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, NPDE_METHOD_TR_BDF2, 0.01);
    ANSWERS(r->context, NPDE_NOTICE_UNRESOLVED, npde_solver_start(r->solver, 0));
    ck_assert_double_gt(run_stat(r, NPDE_STAT_RESOLUTION), 0.1);
    ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-15);
    run_free(r);
}
END_TEST

/*
 * Near a blow-up no smaller step helps: the run ends by itself with a reason, with or without the watch, and its state is
 * intact.
 */
START_TEST(blow_up_ends_cleanly)
{
    const problem p = {.name = "blow-up",
                       .reset = 1,
                       .threshold = 2,
                       .diffusion = 1,
                       .connectivity = 1.5,
                       .mean = 1.5,
                       .variance = 0.005};
    const npde_id actions[] = {NPDE_BLOWUP_IGNORE, NPDE_BLOWUP_STOP};
    const npde_status answers[] = {NPDE_ERR_STEP_TOO_SMALL, NPDE_NOTICE_ETERNAL};
    for (int k = 0; k < 2; k++) {
        run *r = run_new(&p, 2000, NPDE_METHOD_BACKWARD_EULER, 0);
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_BLOWUP, actions[k]));
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_DT_MIN, 1e-9));
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, 1e-4));
        ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
        double t;
        ANSWERS(r->context, answers[k], npde_solver_advance(r->solver, 0.2, &t));
        NEAR(t, 0.0402, 0.002); /* blow-up time 0.04018478 */
        ck_assert_double_ge(run_stat(r, NPDE_STAT_MIN_DENSITY), 0);
        ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-14);
        run_free(r);
    }
}
END_TEST

MAIN("traps", reset_off_a_node_is_refused, no_hidden_step_limit, drive_is_not_lagged, rate_is_the_flux_of_the_state,
     asking_often_changes_nothing, truncated_tail_is_noticed, truncation_on_the_right_is_noticed,
     time_never_stands_still, unresolved_data_are_noticed, blow_up_ends_cleanly)
