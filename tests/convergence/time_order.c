/* SPDX-License-Identifier: BSD-3-Clause
 * Observed orders in time of every method in the registry, on both space schemes. */
#include "problem.h"
#include "steppers/stepper.h"

#include <math.h>

static const double order_tolerance = 0.15, rounding = 1e-12;

/* Linear: exact by Laplace inversion. Network: drive in time, rates in drive and noise, smooth data. */
static const problem linear = {
    .name = "linear", .reset = 1, .threshold = 2, .diffusion = 1, .mean = -1, .variance = 0.1};
static const double linear_exact[] = {0.06364856829968214, 0.1042148936536382}; /* N(1), N(2) */
static const problem network = {.name = "network",
                                .reset = 1,
                                .threshold = 2,
                                .diffusion = 1,
                                .connectivity = 0.8,
                                .noise = 0.1,
                                .drive = 0.5,
                                .swing = 0.3,
                                .mean = -1.5,
                                .variance = 0.2};
static const problem delayed = {.name = "delayed",
                                .reset = 1,
                                .threshold = 2,
                                .diffusion = 1,
                                .connectivity = 1.5,
                                .delay = 0.25,
                                .refractory = NPDE_REFRACTORY_EXPONENTIAL,
                                .tau = 0.2,
                                .mean = 0,
                                .variance = 0.04};
static const problem held = {.name = "fixed refractory",
                             .reset = 1,
                             .threshold = 2,
                             .diffusion = 1,
                             .connectivity = 1.5,
                             .refractory = NPDE_REFRACTORY_FIXED,
                             .tau = 0.25,
                             .mean = 0,
                             .variance = 0.04};
static const problem random_threshold = {.name = "random threshold",
                                         .reset = 1,
                                         .threshold = 2,
                                         .diffusion = 1,
                                         .connectivity = 0.5,
                                         .discharge = NPDE_DISCHARGE_STEP,
                                         .kappa = 10,
                                         .mean = 0,
                                         .variance = 0.2};

/* NaN where the method refuses the problem. */
static double rate_with(const problem *p, int cells, npde_id method, double dt, npde_id coupling, double t)
{
    run *r = run_prepare(p, cells, method, dt);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_COUPLING, coupling));
    const double rate = run_start(r) ? run_rate(r, t) : NAN;
    run_free(r);
    return rate;
}

/* A multistep method shows its order with finer steps: after a restart its first ones are another method's. */
static double finer(const npde__method *method)
{
    return method->past > 0 ? 4 : 1;
}

/*
 * Order from the differences of three step sizes at four times: no reference is needed, and the space error cancels.
 * Infinite where they are rounding errors, NaN where the method refuses the problem.
 */
static double observed_order(const problem *p, int cells, const npde__method *method, npde_id coupling, double more)
{
    static const double steps[] = {10, 400, 80, 60, 40, 40}, times[] = {0.5, 0.7, 0.85, 1};
    double rate[3][4], apart[2] = {0};
    for (int k = 0; k < 3; k++) {
        run *r = run_prepare(p, cells, method->id, 1 / (steps[method->order] * more * finer(method) * (1 << k)));
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_COUPLING, coupling));
        const int supported = run_start(r);
        for (int i = 0; i < 4 && supported; i++) rate[k][i] = run_rate(r, times[i]);
        run_free(r);
        if (!supported) return NAN;
    }
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 4; i++) apart[k] = fmax(apart[k], fabs(rate[k][i] - rate[k + 1][i]));
    return apart[0] < rounding ? INFINITY : log2(apart[0] / apart[1]);
}

/*
 * The declared order, or no error at all; a linear problem may give a method more. Runge–Kutta methods of higher
 * order lose some of it where the coefficients move in time (their stages see the moving flux at the threshold to a
 * lower order), and in the layers after what a delay brings back: `left` is what must be left there; 0 where nothing
 * is lost.
 */
static void check_orders(const problem *p, npde_id coupling, double left)
{
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++)
        for (int cells = 0; cells <= 200; cells += 200) {
            const double order = observed_order(p, cells, method, coupling, left > 0 ? 1 : 1.25),
                         declared = (double)method->order;
            if (isnan(order)) continue;
            const int high = method->order > 2 || method->order == 0;
            const double least = method->order == 0 ? INFINITY
                                 : !high            ? declared - order_tolerance
                                 : left > 0         ? left
                                                    : declared - 0.3;
            const double most = high ? INFINITY : declared + order_tolerance;
            ck_assert_msg(order >= least && order <= most, "%s, %s, %s: order %.3f and not %zu", p->name,
                          npde_id_name(method->id), cells ? "finite volume" : "spectral", order, method->order);
        }
}

START_TEST(linear_problem)
{
    check_orders(&linear, NPDE_COUPLING_NEWTON, 0);
}
END_TEST
START_TEST(driven_network)
{
    check_orders(&network, NPDE_COUPLING_NEWTON, 2.3);
}
END_TEST
START_TEST(driven_network_extrapolated)
{
    check_orders(&network, NPDE_COUPLING_EXTRAPOLATED, 2.3);
}
END_TEST
START_TEST(delay_and_exponential_refractory)
{
    check_orders(&delayed, NPDE_COUPLING_NEWTON, 1.85);
}
END_TEST
START_TEST(fixed_refractory)
{
    check_orders(&held, NPDE_COUPLING_NEWTON, 1.85);
}
END_TEST
START_TEST(random_threshold_network)
{
    check_orders(&random_threshold, NPDE_COUPLING_NEWTON, 0);
}
END_TEST

/*
 * A strong drive in a network whose noise moves as well: stage order 3 leaves Radau IIA an order of 4 and a bit, where the
 * Rosenbrock methods, of stage order 1, keep less. P3 of docs/benchmarks.md at its 50 outputs.
 */
START_TEST(stage_order_keeps_the_order_of_driven_networks)
{
    static const problem driven = {.name = "P3",
                                   .reset = 1,
                                   .threshold = 2,
                                   .diffusion = 1,
                                   .connectivity = -1,
                                   .noise = 0.1,
                                   .drive = 1,
                                   .swing = 1,
                                   .mean = -1.5,
                                   .variance = 0.2};
    for (int cells = 0; cells <= 200; cells += 200) {
        double rate[4][20], apart[3] = {0};
        for (int k = 0; k < 4; k++) {
            run *r = run_new(&driven, cells, NPDE_METHOD_RADAU_IIA5, 0.1 / (1 << k));
            for (int i = 0; i < 20; i++) rate[k][i] = run_rate(r, 0.1 * (i + 1));
            run_free(r);
        }
        for (int k = 0; k < 3; k++)
            for (int i = 0; i < 20; i++) apart[k] = fmax(apart[k], fabs(rate[k][i] - rate[k + 1][i]));
        for (int k = 0; k < 2; k++)
            ck_assert_msg(log2(apart[k] / apart[k + 1]) > 4, "%d cells, h = %g: order %.2f", cells, 0.1 / (1 << k),
                          log2(apart[k] / apart[k + 1]));
    }
}
END_TEST

/* Factors are kept: for good where nothing moves, for many steps where the rates or the drive do. */
START_TEST(radau_keeps_its_factors)
{
    const problem *const problems[] = {&linear, &random_threshold, &network};
    for (int k = 0; k < 3; k++) {
        run *r = run_new(problems[k], 0, NPDE_METHOD_RADAU_IIA5, 1. / 64);
        run_rate(r, 4);
        ck_assert_int_eq(run_count(r, NPDE_COUNT_STEPS), 256);
        ck_assert_int_le(run_count(r, NPDE_COUNT_FACTORIZATIONS), k == 0 ? 1 : 256 / 5);
        run_free(r);
    }
}
END_TEST

/* Against the exact rate, so that all methods converge to the right thing and not only somewhere. */
START_TEST(errors_against_the_exact_rate)
{
    static const double steps[] = {3, 800, 160, 60, 20, 10}, largest[] = {1e-11, 1e-4, 1e-6, 2e-6, 1e-6, 1e-6};
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        const double dt = 1 / steps[method->order] / finer(method), power = pow(2, (double)method->order);
        double error[2], late[2];
        for (int k = 0; k < 2; k++) {
            error[k] =
                fabs(rate_with(&linear, 0, method->id, dt / (1 << k), NPDE_COUPLING_NEWTON, 1) - linear_exact[0]);
            late[k] = rate_with(&linear, 0, method->id, dt / (1 << k), NPDE_COUPLING_NEWTON, 2);
        }
        const double order = log2(error[0] / error[1]), declared = (double)method->order;
        const int exact = error[0] < 1e-11 && method->order != 1 && method->order != 2;
        ck_assert_msg(exact || (order >= declared - 0.3 && (method->order > 2 || order <= declared + order_tolerance)),
                      "%s: order %.3f, error %.2e", npde_id_name(method->id), order, error[0]);
        ck_assert_double_le(error[1], largest[method->order]);
        const double extrapolated = exact ? late[1] : late[1] + (late[1] - late[0]) / (power - 1);
        NEAR(extrapolated, linear_exact[1], exact ? 1e-11 : method->order == 1 ? 1e-7 : 2e-8);
    }
}
END_TEST

/* Steps that do not divide the delay or the time of refractoriness change nothing in the order. */
START_TEST(steps_that_do_not_divide_the_delay)
{
    const double exact = 0.1742304208469; /* b = 1.5, delay 0.25, N(2): two independent methods, 13 digits */
    problem p = delayed;
    p.refractory = 0;
    double error[2];
    for (int k = 0; k < 2; k++)
        error[k] = fabs(rate_with(&p, 0, NPDE_METHOD_TR_BDF2, 0.0137 / (1 << k), NPDE_COUPLING_NEWTON, 2) - exact);
    NEAR(log2(error[0] / error[1]), 2, 0.3);
    ck_assert_double_lt(error[1], 1e-5);
}
END_TEST

/*
 * The rate before the start differs from the one at it, and comes back through the noise after the delay, and again:
 * a jump of the diffusion is a jump of the rate. The layer after it costs a little of the order (1.8 to 1.9); a
 * polynomial across the jump would cost all of the second.
 */
START_TEST(jumps_that_delays_bring_back)
{
    double rate[3];
    problem p = delayed;
    p.refractory = 0;
    p.connectivity = 0;
    p.noise = 1;
    for (int k = 0; k < 3; k++) {
        run *r = run_prepare(&p, 0, NPDE_METHOD_TR_BDF2, 0.25 / (40 << k));
        OK(r->context, npde_solver_set_past_rate(r->solver, 0, 0.5));
        ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
        rate[k] = run_rate(r, 0.7);
        run_free(r);
    }
    NEAR(log2(fabs((rate[0] - rate[1]) / (rate[1] - rate[2]))), 2, 0.25);
}
END_TEST

/* A jump of the delayed drive: no method may take a stage's coefficients from the wrong side of it. */
START_TEST(jumps_of_the_drive_cost_no_second_order)
{
    const npde__method *method;
    problem p = delayed;
    p.refractory = 0;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        double rate[3] = {NAN, NAN, NAN};
        for (int k = 0; k < 3; k++) {
            run *r = run_prepare(&p, 0, method->id, 0.25 / (80 << k));
            OK(r->context, npde_solver_set_past_rate(r->solver, 0, 2));
            if (run_start(r)) rate[k] = run_rate(r, 0.45);
            run_free(r);
        }
        if (isnan(rate[0])) continue;
        const double order = log2(fabs((rate[0] - rate[1]) / (rate[1] - rate[2])));
        const double least = method->order == 1 ? 0.8 : 1.75;
        ck_assert_msg(order >= least, "%s: order %.2f", npde_id_name(method->id), order);
    }
}
END_TEST

/* And adaptive steps see what comes back: the error follows the tolerance. */
START_TEST(tolerances_hold_across_jumps)
{
    problem p = delayed;
    p.refractory = NPDE_REFRACTORY_FIXED;
    double rate[4];
    for (int k = 0; k < 4; k++) {
        run *r = run_prepare(&p, 0, NPDE_METHOD_RODAS5P, 0);
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, k == 3 ? 1e-10 : pow(10, -6 - k)));
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, 1e-12));
        OK(r->context, npde_solver_set_past_rate(r->solver, 0, 0.5));
        ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
        rate[k] = run_rate(r, 1.3);
        run_free(r);
    }
    for (int k = 0; k < 3; k++) NEAR(rate[k], rate[3], 15 * pow(10, -6 - k)); /* the layers after jumps are rough */
}
END_TEST

/* An output a rounding error before a jump does not hide it. */
START_TEST(stopping_just_before_a_jump_crosses_it)
{
    double rate[2];
    problem p = delayed;
    p.refractory = 0;
    p.noise = 0.5;
    for (int k = 0; k < 2; k++) {
        run *r = run_prepare(&p, 0, NPDE_METHOD_RODAS5P, 0.0125);
        OK(r->context, npde_solver_set_past_rate(r->solver, 0, 1));
        ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
        run_rate(r, k ? nextafter(0.25, 0) : 0.25);
        rate[k] = run_rate(r, 0.7);
        run_free(r);
    }
    NEAR(rate[1], rate[0], 1e-12);
}
END_TEST

/* A second delay, of no weight but very long, does not thin the memory that the short one needs. */
START_TEST(a_long_delay_leaves_a_short_one_alone)
{
    const double weights[] = {1.5, 1e-12, 0, 0};
    double rate[2];
    for (int k = 0; k < 2; k++) {
        npde_context *c;
        npde_model *m;
        npde_solver *s;
        const double delays[] = {0.05, k ? 1e4 : 0.05, 0, 0}, t = 1;
        double rates[2];
        OK(c, npde_context_new(&c));
        OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m));
        OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
        OK(c, npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2));
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_TR_BDF2, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-7));
        OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 0, 0.04));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_sample(s, &t, 1, rates));
        rate[k] = rates[0];
        npde_solver_free(s);
        npde_model_free(m);
        npde_context_free(c);
    }
    NEAR(rate[1], rate[0], 1e-9);
}
END_TEST

/* Adaptive steps: a tighter tolerance gives a smaller error, in proportion, and few steps are given up. */
START_TEST(adaptive_error_follows_the_tolerance)
{
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        if (!method->error_order) continue;
        const double tight = method->order == 1 ? 1e-6 : 1e-9;
        double error[2];
        for (int k = 0; k < 2; k++) {
            npde_context *c;
            npde_solver *s;
            OK(c, npde_context_new(&c));
            npde_model *m = problem_model(c, &linear);
            OK(c, npde_solver_new(m, NULL, method->id, &s));
            OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, k ? tight : 100 * tight));
            OK(c, npde_solver_set(s, NPDE_OPTION_ATOL, k ? tight / 10 : 10 * tight));
            OK(c, npde_solver_set_gaussian(s, 0, linear.mean, linear.variance));
            OK(c, npde_solver_start(s, 0));
            const double t = 1;
            double rate;
            int64_t steps, rejections;
            OK(c, npde_solver_sample(s, &t, 1, &rate));
            OK(c, npde_solver_count(s, NPDE_COUNT_STEPS, &steps));
            OK(c, npde_solver_count(s, NPDE_COUNT_REJECTIONS, &rejections));
            ck_assert_int_le(rejections, steps / 10 + 3);
            error[k] = fabs(rate - linear_exact[0]);
            npde_solver_free(s);
            npde_model_free(m);
            npde_context_free(c);
        }
        /* An estimate per step goes as h^{q+1}; at first order the tolerance bounds it, at all others the error of the run. */
        NEAR(log(error[0] / error[1]) / log(100), method->order == 1 ? 0.5 : 1, 0.15);
        if (method->order > 1) ck_assert_double_le(error[1], 3 * 1.1 * tight);
    }
}
END_TEST

/*
 * Rough data, a point mass at the reset: Crank–Nicolson alone rings for ever, its Rannacher start cures it, and it is
 * chosen without being asked for. L-stable methods recover by themselves. N(0.5) is exact by Laplace inversion.
 */
START_TEST(rough_data)
{
    const problem point = {.name = "point mass", .reset = 1, .threshold = 2, .diffusion = 1, .mean = 1, .variance = 0};
    const double exact = 0.2954402745035139, breaks[] = {-6, 1, 2};
    const size_t cells[] = {700, 100};
    const struct {
        npde_id method;
        double startup, lowest, highest, error;
    } table[] = {{NPDE_METHOD_CRANK_NICOLSON, 0, -1e9, -1, 1},
                 {NPDE_METHOD_CRANK_NICOLSON, -1, -1e-12, 1, 3e-4},
                 {NPDE_METHOD_TR_BDF2, -1, -1e-12, 1, 1e-4},
                 {NPDE_METHOD_BACKWARD_EULER, -1, 0, 1, 1e-2}};
    for (size_t k = 0; k < 4; k++) {
        run *r = run_new_on(&point, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, table[k].method, 0.02);
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_STARTUP_STEPS, table[k].startup));
        ANSWERS(r->context, NPDE_NOTICE_UNRESOLVED, npde_solver_start(r->solver, 0));
        run_rate(r, 0.2);
        const double min = run_stat(r, NPDE_STAT_MIN_DENSITY);
        ck_assert_msg(min >= table[k].lowest && min <= table[k].highest, "case %zu: min density %g", k, min);
        NEAR(run_rate(r, 0.5), exact, table[k].error);
        run_free(r);
    }
}
END_TEST

MAIN("time_order", linear_problem, driven_network, driven_network_extrapolated, delay_and_exponential_refractory,
     fixed_refractory, random_threshold_network, stage_order_keeps_the_order_of_driven_networks,
     radau_keeps_its_factors, errors_against_the_exact_rate, steps_that_do_not_divide_the_delay,
     jumps_that_delays_bring_back, jumps_of_the_drive_cost_no_second_order, tolerances_hold_across_jumps,
     stopping_just_before_a_jump_crosses_it, a_long_delay_leaves_a_short_one_alone,
     adaptive_error_follows_the_tolerance, rough_data)
