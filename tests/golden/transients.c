/* SPDX-License-Identifier: BSD-3-Clause
 * Transients of the network equation against reference trajectories: spectral elements with Radau IIA(5) at two
 * resolutions, made independently of this library, 12 digits (numbers that agree between both). Start: Gaussian of mean 0
 * and variance 0.04; V_R = 1, V_F = 2, a = 1; N = 0 before 0. */
#include "golden.h"
#include "problem.h"

#include <math.h>

static const double times[] = {0.25, 0.5, 1, 2, 4};

#define NETWORK .reset = 1, .threshold = 2, .diffusion = 1, .mean = 0, .variance = 0.04
static const struct {
    problem p;
    double rate[5], reservoir[5];
} cases[] = {
    {{.name = "b = 0.5", NETWORK, .connectivity = 0.5},
     {.03937391347601, .1016989217898, .1341608311984, .1371159051016, .1350853967985},
     {0}},
    {{.name = "b = 1.5", NETWORK, .connectivity = 1.5},
     {.03996952542794, .1094763634988, .160238513018, .182308382748, .1905535713175},
     {0}},
    {{.name = "b = -4", NETWORK, .connectivity = -4},
     {.03692182781522, .07801745645253, .08192138848345, .07375552838321, .07077002192258},
     {0}},
    {{.name = "b = 0.5, a = 1 + 0.1 N", NETWORK, .connectivity = 0.5, .noise = 0.1},
     {.03970402013603, .1039696170342, .1381782559265, .1412517477091, .1390372632906},
     {0}},
    {{.name = "delay", NETWORK, .connectivity = 1.5, .delay = 0.25},
     {.03908349990427, .1001755595723, .1473216390747, .1742304208469, .1881577489663},
     {0}},
    {{.name = "exponential refractory",
      NETWORK,
      .connectivity = 1.5,
      .refractory = NPDE_REFRACTORY_EXPONENTIAL,
      .tau = 0.25},
     {.03972487076809, .104585539012, .1462363514504, .1665614385999, .1756372342108},
     {.002144467096674, .0136624583182, .03129041042728, .0407049843117, .04377394741492}},
    {{.name = "fixed refractory", NETWORK, .connectivity = 1.5, .refractory = NPDE_REFRACTORY_FIXED, .tau = 0.25},
     {.03969436483722, .1027051379683, .1448921753192, .1666752265321, .1756908207072},
     {.0025541988917, .0188848371906, .0345163522342, .0413194799541, .0438662639281}},
};

START_TEST(rates_and_reservoirs_to_1e_7)
{
    const size_t k = (size_t)_i;
    run *r = run_new(&cases[k].p, 0, NPDE_METHOD_TR_BDF2, test_scale() < 1 ? 2e-3 : 4e-4);
    const double tolerance = test_scale() < 1 ? 1e-5 : 1e-7;
    for (int i = 0; i < 5; i++) {
        NEAR(run_rate(r, times[i]), cases[k].rate[i], tolerance);
        double reservoir;
        OK(r->context, npde_solver_reservoirs(r->solver, &reservoir, 1));
        NEAR(reservoir, cases[k].reservoir[i], tolerance);
    }
    ck_assert_double_le(run_stat(r, NPDE_STAT_MASS_DEFECT), 1e-15);
    run_free(r);
}
END_TEST

/*
 * Seven runs that other codes were measured on, against golden.h: linear, sinusoidally driven, excitatory, inhibitory. All 50
 * outputs to 1e-7 of the largest rate.
 */
#define FROM(center, width) .reset = 1, .threshold = 2, .diffusion = 1, .mean = center, .variance = width
static const struct {
    problem p;
    const double *rates;
    double dt;
} measured[] = {
    {{.name = "P1", FROM(-1.5, 0.2), .drive = 0.5}, golden_p1, 8e-4},
    {{.name = "P2", FROM(-1.5, 0.2), .connectivity = 0.5, .noise = 0.1}, golden_p2, 8e-4},
    {{.name = "P3", FROM(-1.5, 0.2), .connectivity = -1, .noise = 0.1, .drive = 1, .swing = 1}, golden_p3, 4e-4},
    {{.name = "lin", FROM(-1, 0.25)}, golden_lin, 7e-4},
    {{.name = "sin", FROM(-1, 0.25), .drive = 1, .swing = 0.5}, golden_sin, 5e-4},
    {{.name = "exc", FROM(-1, 0.25), .connectivity = 0.5}, golden_exc, 7e-4},
    {{.name = "inh", FROM(-1, 0.25), .connectivity = -1}, golden_inh, 6e-4},
};

START_TEST(measured_problems_to_1e_7)
{
    const size_t k = (size_t)_i;
    run *r = run_new(&measured[k].p, 0, NPDE_METHOD_TR_BDF2, test_scale() < 1 ? 4e-3 : measured[k].dt);
    double error = 0, largest = 0;
    for (int i = 0; i < 50; i++) {
        error = fmax(error, fabs(run_rate(r, 0.1 * (i + 1)) - measured[k].rates[i]));
        largest = fmax(largest, measured[k].rates[i]);
    }
    ck_assert_msg(error <= (test_scale() < 1 ? 1e-5 : 1e-7) * largest, "%s: %.2e of the largest rate",
                  measured[k].p.name, error / largest);
    run_free(r);
}
END_TEST

/* Adaptive steps of the methods of order 5 with a tolerance of 1e-9: every problem of both tables, networks, delays, refractory
 * states, to 1e-9 (the second table by BDF to 2e-9). */
static run *run_accurately(const problem *p, npde_id method)
{
    run *r = run_prepare(p, 0, method, 0);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, 1e-9));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, 1e-12));
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    return r;
}

static const struct {
    npde_id method;
    double tolerance; /* of the second table */
} accurate[] = {{NPDE_METHOD_RODAS5P, 1e-9}, {NPDE_METHOD_RADAU_IIA5, 1e-9}, {NPDE_METHOD_BDF, 2e-9}};
enum { N_ACCURATE = sizeof accurate / sizeof accurate[0] };

START_TEST(order_5_to_1e_9)
{
    const npde_id method = accurate[_i].method;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        run *r = run_accurately(&cases[k].p, method);
        for (int i = 0; i < 5; i++) {
            const double rate = run_rate(r, times[i]);
            ck_assert_msg(fabs(rate - cases[k].rate[i]) <= 1e-9, "%s, %s, t = %g: %.13g and not %.13g",
                          npde_id_name(method), cases[k].p.name, times[i], rate, cases[k].rate[i]);
        }
        run_free(r);
    }
    for (size_t k = 0; k < sizeof measured / sizeof measured[0]; k++) {
        run *r = run_accurately(&measured[k].p, method);
        for (int i = 0; i < 50; i++) NEAR(run_rate(r, 0.1 * (i + 1)), measured[k].rates[i], accurate[_i].tolerance);
        run_free(r);
    }
}
END_TEST

/* What is delivered is what was asked for, over six orders of magnitude. */
START_TEST(tolerances_are_delivered)
{
    for (size_t k = 0; k < sizeof measured / sizeof measured[0]; k++)
        for (int digits = 4; digits <= 10; digits += 2) {
            run *r = run_prepare(&measured[k].p, 0, accurate[_i].method, 0);
            const double tolerance = pow(10, -digits);
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, tolerance));
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, tolerance / 100));
            ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
            double error = 0, largest = 0;
            for (int i = 0; i < 50; i++) {
                error = fmax(error, fabs(run_rate(r, 0.1 * (i + 1)) - measured[k].rates[i]));
                largest = fmax(largest, measured[k].rates[i]);
            }
            ck_assert_msg(error <= 4 * tolerance * largest, "%s, %s: %.2e of the largest rate at a tolerance of %g",
                          npde_id_name(accurate[_i].method), measured[k].p.name, error / largest, tolerance);
            run_free(r);
        }
}
END_TEST

/* Densities at t = 4 and v = .5, 1, 1.5, 1.9. */
START_TEST(densities_to_1e_7)
{
    static const double v[] = {0.5, 1, 1.5, 1.9};
    static const double p[3][4] = {{.390171640012, .2775330288, .103755648711, .014851250059},
                                   {.433586860178, .343174177779, .137657388895, .0207156738652},
                                   {.303903496753, .181458876836, .060139110061, .00792278460214}};
    for (size_t k = 0; k < 3; k++) {
        run *r = run_new(&cases[k].p, 0, NPDE_METHOD_TR_BDF2, 1e-3);
        double value[4];
        run_rate(r, 4);
        OK(r->context, npde_solver_evaluate(r->solver, 0, v, 4, value));
        for (int i = 0; i < 4; i++) NEAR(value[i], p[k][i], 1e-7);
        run_free(r);
    }
}
END_TEST

/* Density of the linear equation against Laplace inversion: set A at t = 1. */
START_TEST(linear_density_to_1e_8)
{
    static const double v[] = {0.5, 1, 1.5, 1.9},
                        p[] = {.2857677812992692, .1607582146611596, .05217379015096893, .007035341866756643};
    const problem a = {.name = "A", .reset = 1, .threshold = 2, .diffusion = 1, .mean = -1, .variance = 0.1};
    run *r = run_new(&a, 0, NPDE_METHOD_TR_BDF2, 4e-4);
    double value[4];
    run_rate(r, 1);
    OK(r->context, npde_solver_evaluate(r->solver, 0, v, 4, value));
    for (int i = 0; i < 4; i++) NEAR(value[i], p[i], 1e-8);
    run_free(r);
}
END_TEST

/*
 * Excitatory–inhibitory pair, exponential refractory state in both, no delay: drive_E = b_EE N_E − b_IE N_I, drive_I =
 * b_EI N_E − b_II N_I.
 */
START_TEST(excitatory_inhibitory_pair_to_1e_7)
{
    static const double weights[] = {1.8, -0.75, 0.5, -0.25};
    static const double expected[4][2] = {{.101446001002, .09598922136},
                                          {.1370608596293, .1214586737199},
                                          {.1514179793537, .1260081317049},
                                          {.1571628326973, .1260693009147}};
    npde_context *c;
    npde_model *m;
    npde_solver *s;
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_REFRACTORY_TIME, 0.25));
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_TR_BDF2, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_DT, test_scale() < 1 ? 2e-3 : 4e-4));
    OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 0, 0.04));
    OK(c, npde_solver_start(s, 0));
    double rates[4][2], reservoirs[2];
    OK(c, npde_solver_sample(s, times + 1, 4, &rates[0][0]));
    for (int i = 0; i < 8; i++) NEAR(rates[i / 2][i % 2], expected[i / 2][i % 2], test_scale() < 1 ? 1e-5 : 1e-7);
    OK(c, npde_solver_reservoirs(s, reservoirs, 2));
    NEAR(reservoirs[0], .03920283227786, 1e-7);
    NEAR(reservoirs[1], .03151520981353, 1e-7);
    npde_solver_free(s);
    npde_model_free(m);
    npde_context_free(c);
}
END_TEST

/* Spontaneous activity: random threshold and refractory state together, from rest to the limit cycle. */
START_TEST(spontaneous_activity_to_1e_6)
{
    const problem p = {.name = "spontaneous",
                       .reset = 1,
                       .threshold = 2,
                       .diffusion = 1,
                       .connectivity = 5,
                       .tau = 1,
                       .refractory = NPDE_REFRACTORY_EXPONENTIAL,
                       .discharge = NPDE_DISCHARGE_STEP,
                       .kappa = 20,
                       .mean = 0,
                       .variance = 0.04};
    static const double expected[] = {.05602394154, .1161786678, .220913910, .14102840}, at[] = {0.5, 1, 2, 4};
    run *r = run_new(&p, 0, NPDE_METHOD_TR_BDF2, 5e-4);
    for (int i = 0; i < 4; i++) NEAR(run_rate(r, at[i]), expected[i], 1e-6);
    run_free(r);
}
END_TEST

/* The delayed inhibitory network oscillates: b = −45, a = 0.2, d = 1. Rates on the way, and the period of the limit cycle. */
START_TEST(delayed_inhibition_oscillates_with_the_right_period)
{
    const problem p = {.name = "oscillation",
                       .reset = 0,
                       .threshold = 1,
                       .diffusion = 0.2,
                       .connectivity = -45,
                       .delay = 1,
                       .mean = -1,
                       .variance = 0.05};
    static const double at[] = {.5, 1, 1.5, 2, 3, 4, 6, 8};
    static const double expected[] = {.0004840083552715, .01035421622365, .02720404506367, .02085315788297,
                                      .0003608924553447, .01132546742911, .00100655412778, .01099778263329};
    run *r = run_new(&p, 0, NPDE_METHOD_TR_BDF2, 2e-3);
    for (int i = 0; i < 8; i++) NEAR(run_rate(r, at[i]), expected[i], 1e-7);
    /* Upward crossings of the mean rate, late: the transient dies as the cycle's second multiplier. */
    const double level = 0.0095, h = 0.01;
    double last = 0, first = 0, largest = 0, smallest = 1, before = run_rate(r, 40);
    int crossings = 0;
    for (double t = 40 + h; crossings < 6; t += h) {
        const double now = run_rate(r, t);
        largest = fmax(largest, now);
        smallest = fmin(smallest, now);
        if (before < level && now >= level) {
            last = t - h * (now - level) / (now - before);
            if (crossings++ == 0) first = last;
        }
        before = now;
    }
    NEAR((last - first) / 5, 2.838774, 1e-4);
    NEAR(largest, 0.0211424, 2e-6);
    NEAR(smallest, 0.00146378, 2e-6);
    run_free(r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transients");
    TCase *tcase = tcase_create("transients");
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, rates_and_reservoirs_to_1e_7, 0, (int)(sizeof cases / sizeof cases[0]));
    tcase_add_loop_test(tcase, measured_problems_to_1e_7, 0, (int)(sizeof measured / sizeof measured[0]));
    tcase_add_loop_test(tcase, order_5_to_1e_9, 0, N_ACCURATE);
    tcase_add_loop_test(tcase, tolerances_are_delivered, 0, N_ACCURATE);
    tcase_add_test(tcase, densities_to_1e_7);
    tcase_add_test(tcase, linear_density_to_1e_8);
    tcase_add_test(tcase, excitatory_inhibitory_pair_to_1e_7);
    tcase_add_test(tcase, spontaneous_activity_to_1e_6);
    tcase_add_test(tcase, delayed_inhibition_oscillates_with_the_right_period);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
