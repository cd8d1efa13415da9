/* SPDX-License-Identifier: BSD-3-Clause
 * Noisy oscillators on the circle against closed forms: the order parameter of the stationary density, transients by
 * another code in 30 digits, the manifold of Ott & Antonsen, the critical coupling. */
#include "steppers/stepper.h"

#include "one.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static void oscillators(size_t n_pop, double coupling, double diffusion, double width)
{
    npde_model_free(m);
    OK(c, npde_model_new(c, NPDE_MODEL_KURAMOTO, n_pop, &m));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_PHASE_COUPLING, coupling));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DIFFUSION, diffusion));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_FREQUENCY_WIDTH, width));
}

static void solver(npde_id method, double dt)
{
    npde_solver_free(s);
    OK(c, npde_solver_new(m, NULL, method, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_DT, dt));
    OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-11));
    OK(c, npde_solver_set(s, NPDE_OPTION_ATOL, 1e-13));
}

static double order(void)
{
    double r;
    OK(c, npde_solver_stat(s, NPDE_STAT_ORDER_PARAMETER, &r));
    return r;
}

static int32_t cosine(size_t pop, size_t n, const double *theta, double *f, void *user)
{
    (void)pop;
    for (size_t i = 0; i < n; i++) f[i] = 1 + *(const double *)user * cos(theta[i]);
    return 0;
}

/* Σ r^|n| e^{inθ}: on the manifold of Ott & Antonsen. */
static int32_t poisson(size_t pop, size_t n, const double *theta, double *f, void *user)
{
    (void)pop;
    const double r = *(const double *)user;
    for (size_t i = 0; i < n; i++) f[i] = (1 - r * r) / (1 - 2 * r * cos(theta[i]) + r * r);
    return 0;
}

START_TEST(stationary_order_parameters)
{
    static const double known[4][3] = {{3, 1, 0.724158717626352861},
                                       {2.2, 1, 0.413388513064383166},
                                       {4, 1, 0.831462024754256971},
                                       {1, 0.3, 0.77312962537029185}};
    for (int i = 0; i < 4; i++) {
        oscillators(1, known[i][0], known[i][1], 0);
        solver(NPDE_METHOD_RODAS5P, 0);
        OK(c, npde_solver_set_gaussian(s, 0, 0, 1));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_advance(s, 400, NULL));
        NEAR(order(), known[i][2], 1e-12);
        /* f ∝ e^{(Kr/D) cos θ} */
        const double x = known[i][0] * known[i][2] / known[i][1];
        double theta[64], f[64], weight[64], all = 0, least;
        for (int k = 0; k < 64; k++) {
            theta[k] = 2 * pi * k / 64 - pi;
            all += (weight[k] = exp(x * cos(theta[k]))) * 2 * pi / 64;
        }
        OK(c, npde_solver_evaluate(s, 0, theta, 64, f));
        for (int k = 0; k < 64; k++) NEAR(f[k], weight[k] / all, 1e-11);
        OK(c, npde_solver_stat(s, NPDE_STAT_MIN_DENSITY, &least));
        NEAR(least, exp(-x) / all, 1e-10);
    }
}
END_TEST

START_TEST(transient)
{
    static const double times[6] = {0.5, 1, 2, 5, 10, 20}, known[6] = {0.127905319208, 0.162726428427, 0.257905443832,
                                                                       0.631272043206, 0.72362953956,  0.724158706961};
    double rates[6], depth = 0.2;
    oscillators(1, 3, 1, 0);
    solver(NPDE_METHOD_RODAS5P, 0);
    OK(c, npde_solver_set_density(s, 0, cosine, &depth, NULL));
    OK(c, npde_solver_start(s, 0));
    OK(c, npde_solver_sample(s, times, 6, rates));
    for (int k = 0; k < 6; k++) NEAR(rates[k], known[k], 1e-11); /* ψ = 0 */
}
END_TEST

START_TEST(lorentzian_of_ott_and_antonsen)
{
    static const double times[3] = {1, 2, 5},
                        known[3] = {0.255965876139281286, 0.513331560047489798, 0.706321577359340066};
    double rates[3], r = 0.1;
    oscillators(1, 4, 1e-12, 1);
    solver(NPDE_METHOD_RODAS5P, 0);
    OK(c, npde_solver_set_density(s, 0, poisson, &r, NULL));
    OK(c, npde_solver_start(s, 0));
    OK(c, npde_solver_sample(s, times, 3, rates));
    for (int k = 0; k < 3; k++) NEAR(rates[k], known[k], 1e-10);
}
END_TEST

static double critical(void)
{
    double k;
    solver(NPDE_METHOD_RODAS5P, 0);
    OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 0, 1));
    OK(c, npde_solver_start(s, 0));
    OK(c, npde_solver_stat(s, NPDE_STAT_CRITICAL_COUPLING, &k));
    return k;
}

/* 2D, 2(D + γ); a normal distribution of frequencies by quadrature; two groups apart, which start to oscillate. */
START_TEST(critical_couplings)
{
    oscillators(1, 1, 0.7, 0);
    NEAR(critical(), 1.4, 1e-14);
    oscillators(1, 1, 0.7, 0.4);
    NEAR(critical(), 2.2, 1e-14);
    oscillators(1, 2, 0.7, 0.4);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_FREQUENCY, 5));
    NEAR(critical(), 1.1, 1e-12); /* the factor of the coupling 2; a common frequency means nothing */
    enum { N = 161 };
    oscillators(N, 1, 0.5, 0);
    double exact = 0;
    for (size_t p = 0; p < N; p++) {
        const double omega = 0.1 * ((double)p - 80);
        OK(c, npde_model_set(m, p, NPDE_PARAM_FREQUENCY, omega));
        OK(c, npde_model_set(m, p, NPDE_PARAM_SHARE, exp(-omega * omega / 2)));
        OK(c, npde_model_set(m, p, NPDE_PARAM_MODES, 4));
    }
    /* 2/K = ∫ g D/(D² + ω²) = √(π/2) e^{D²/2} erfc(D/√2) */
    exact = 2 / (sqrt(pi / 2) * exp(0.125) * erfc(0.5 / sqrt(2)));
    NEAR(critical(), exact, 1e-6);
    oscillators(2, 1, 1, 0);
    for (size_t p = 0; p < 2; p++) OK(c, npde_model_set(m, p, NPDE_PARAM_FREQUENCY, p ? 3 : -3));
    NEAR(critical(), 4, 1e-10); /* 4D once ω > D (Bonilla, Neu & Spigler, J. Stat. Phys. 67, 1992) */
    for (size_t p = 0; p < 2; p++) OK(c, npde_model_set(m, p, NPDE_PARAM_FREQUENCY, p ? 0.5 : -0.5));
    NEAR(critical(), 2 * (1 + 0.25), 1e-12);
    /* A few of one frequency far out in a wide crowd: all of theirs and a little of the crowd's part. */
    oscillators(2, 1, 1e-6, 0);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_FREQUENCY_WIDTH, 100));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_SHARE, 1 - 1e-4));
    OK(c, npde_model_set(m, 1, NPDE_PARAM_FREQUENCY, 150));
    OK(c, npde_model_set(m, 1, NPDE_PARAM_SHARE, 1e-4));
    NEAR(critical(), 1 / (1e-4 / 2e-6 + 0.5 * 100 / (1e4 + 150 * 150) * (1 - 1e-4)), 1e-9);
    oscillators(1, -1, 1, 0);
    ck_assert(isinf(critical())); /* those who push each other never agree */
}
END_TEST

/* The coupling at which a small order parameter neither grows nor falls, from runs alone. */
static double growth(double coupling, double diffusion, double width)
{
    double depth = 2e-6, begin;
    oscillators(1, coupling, diffusion, width);
    solver(NPDE_METHOD_RODAS5P, 0);
    OK(c, npde_solver_set_density(s, 0, cosine, &depth, NULL));
    OK(c, npde_solver_set(s, NPDE_OPTION_ATOL, 1e-16));
    OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-14));
    OK(c, npde_solver_start(s, 0));
    OK(c, npde_solver_advance(s, 3, NULL));
    begin = order();
    OK(c, npde_solver_advance(s, 5, NULL));
    return log(order() / begin) / 2;
}

START_TEST(critical_coupling_of_runs)
{
    static const double cases[2][2] = {{1, 0}, {0.5, 0.3}};
    for (int i = 0; i < 2; i++) {
        const double d = cases[i][0], width = cases[i][1], expected = 2 * (d + width);
        double left = 0.8 * expected, right = 1.3 * expected;
        double at_left = growth(left, d, width), at_right = growth(right, d, width);
        for (int k = 0; k < 3; k++) { /* secant */
            const double next = right - at_right * (right - left) / (at_right - at_left);
            left = right;
            at_left = at_right;
            right = next;
            at_right = growth(right, d, width);
        }
        NEAR(right, expected, 1e-6);
    }
}
END_TEST

/* Two groups that drift apart and pull: the same in a rotating frame. */
START_TEST(groups_in_a_rotating_frame)
{
    double r[2], phase, y[2][2];
    for (int k = 0; k < 2; k++) {
        oscillators(2, 5, 0.5, 0.1);
        OK(c, npde_model_set(m, 0, NPDE_PARAM_FREQUENCY, 1 + 2 * k));
        OK(c, npde_model_set(m, 1, NPDE_PARAM_FREQUENCY, -1 + 2 * k));
        OK(c, npde_model_set(m, 1, NPDE_PARAM_SHARE, 2));
        solver(NPDE_METHOD_RODAS5P, 0);
        OK(c, npde_solver_set_gaussian(s, 0, 0.3, 0.5));
        OK(c, npde_solver_set_gaussian(s, 1, -0.4, 0.8));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_advance(s, 2, NULL));
        r[k] = order();
        OK(c, npde_solver_stat(s, NPDE_STAT_ORDER_PHASE, &phase));
        OK(c, npde_solver_rates(s, y[k], 2));
        ck_assert(r[k] > 0.3 && r[k] < 1);
    }
    NEAR(r[0], r[1], 1e-9);
    double far;
    OK(c, npde_solver_stat(s, NPDE_STAT_ORDER_PHASE, &far));
    ck_assert(fabs(y[0][0] - y[1][0]) > 0.01);
}
END_TEST

static double error_of(npde_id method, double dt)
{
    double depth = 0.2, exact = 0.257905443832;
    oscillators(1, 3, 1, 0);
    solver(method, dt);
    OK(c, npde_solver_set_density(s, 0, cosine, &depth, NULL));
    if (npde_solver_start(s, 0)) return NAN;
    OK(c, npde_solver_advance(s, 2, NULL));
    return fabs(order() - exact);
}

/* Identical oscillators with little noise: 1 − r = D/2K or so as long as the modes suffice; otherwise the run says so. */
START_TEST(too_few_modes_are_told)
{
    static const struct {
        double diffusion, modes;
        npde_status status;
    } row[] = {
        {1e-4, 0, NPDE_OK}, {1.1e-5, 0, NPDE_OK}, {1e-4, 200, NPDE_NOTICE_TRUNCATED}, {1e-6, 0, NPDE_NOTICE_TRUNCATED}};
    for (int i = 0; i < 4; i++) {
        oscillators(1, 1, row[i].diffusion, 0);
        OK(c, npde_model_set(m, 0, NPDE_PARAM_MODES, row[i].modes));
        solver(NPDE_METHOD_RODAS5P, 0);
        OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-5));
        OK(c, npde_solver_set_gaussian(s, 0, 0, 1));
        OK(c, npde_solver_start(s, 0));
        ck_assert_int_eq(npde_solver_advance(s, 25, NULL), row[i].status);
        if (!row[i].status) NEAR(1 - order(), row[i].diffusion / 2, 2 * row[i].diffusion * row[i].diffusion + 1e-8);
    }
}
END_TEST

START_TEST(every_method_has_its_order)
{
    const npde__method *method;
    int refused = 0;
    for (size_t i = 0; (method = npde__method_at(i)) != NULL; i++) {
        const double dt = method->order == 1   ? 0.01
                          : method->order == 2 ? 0.05
                          : method->past > 0   ? 0.025
                                               : 0.25,
                     coarse = error_of(method->id, dt);
        if (isnan(coarse)) {
            refused++;
            continue;
        }
        const double shown = log2(coarse / error_of(method->id, dt / 2));
        ck_assert_msg(fabs(shown - (double)method->order) < (method->order > 2 ? 0.7 : 0.3) || coarse < 1e-9,
                      "%s: order %.2f, error %g", npde_id_name(method->id), shown, coarse);
    }
    ck_assert_int_eq(refused, 12); /* those that freeze an operator or split, radau_iia5, dopri5 */
    ck_assert(isnan(error_of(NPDE_METHOD_DOPRI5, 0.01)));
}
END_TEST

START_TEST(snapshots_and_misuse)
{
    double depth = 0.3, r[2], x = 0;
    size_t n;
    npde_grid *g;
    oscillators(2, 4, 0.5, 0);
    solver(NPDE_METHOD_TR_BDF2, 0);
    OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-6));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_start(s, 0));
    OK(c, npde_solver_set_density(s, NPDE_ALL, cosine, &depth, NULL));
    OK(c, npde_solver_start(s, 0));
    OK(c, npde_solver_advance(s, 1, NULL));
    OK(c, npde_solver_save(s, NULL, 0, &n));
    void *bytes = malloc(n);
    OK(c, npde_solver_save(s, bytes, n, &n));
    OK(c, npde_solver_advance(s, 3, NULL));
    r[0] = order();
    OK(c, npde_solver_start(s, 0));
    OK(c, npde_solver_restore(s, bytes, n));
    OK(c, npde_solver_advance(s, 3, NULL));
    r[1] = order();
    ck_assert(r[0] == r[1]);
    free(bytes);
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set(m, 0, NPDE_PARAM_V_RESET, 0));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set_coupling(m, NULL, NULL, NULL));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set_drift(m, cosine, &depth, NULL));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_grid_new_for(m, NPDE_SCHEME_SPECTRAL, 0, &g));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_solver_reservoirs(s, r, 2));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_solver_grid(s, &g));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_set_state(s, 0, &x, 1));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_SHARE, 0));
    ANSWERS(c, NPDE_ERR_RANGE, npde_solver_start(s, 0));
    depth = 2; /* a density that is negative somewhere */
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_SHARE, 1));
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_start(s, 0));
    OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 0, 0));
    ANSWERS(c, NPDE_NOTICE_UNRESOLVED, npde_solver_start(s, 0));
    npde_solver_free(s);
    npde_model_free(m);
    OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set(m, 0, NPDE_PARAM_SHARE, 1));
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_TR_BDF2, &s));
    OK(c, npde_solver_set_gaussian(s, 0, 0, 1));
    OK(c, npde_solver_start(s, 0));
    OK(c, npde_solver_stat(s, NPDE_STAT_ORDER_PARAMETER, &x));
    ck_assert(isnan(x));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {stationary_order_parameters,
                                  transient,
                                  lorentzian_of_ott_and_antonsen,
                                  critical_couplings,
                                  critical_coupling_of_runs,
                                  groups_in_a_rotating_frame,
                                  every_method_has_its_order,
                                  too_few_modes_are_told,
                                  snapshots_and_misuse};
    return run_suite_with("kuramoto", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
