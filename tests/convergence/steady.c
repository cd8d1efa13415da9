/* SPDX-License-Identifier: BSD-3-Clause
 * Steady rates against the roots of N T(μ, a) = 1, T the mean first-passage time (Siegert's integral by 30-digit
 * quadrature). With drive b N and diffusion a0 + a1 N held at the root, the discrete operator's own steady rate must be N. */
#include "problem.h"

#include <math.h>

static const struct {
    const char *name;
    double reset, threshold, b, a0, a1, drive, rate;
} cases[] = {
    /* linear */
    {"A", 1, 2, 0, 1, 0, 0, 0.11997596523910496621},
    {"B", 0, 1, 0, 0.2, 0, 0, 0.062578922255561259143},
    {"C", 0, 1, 0, 0.02, 0, 1.5, 0.93731986437368370259},
    {"D", -1, 0, 0, 1, 0, 0, 1.1087605232141944015},
    {"low noise", 1, 2, 0, 0.1, 0, 0.5, 2.33913290617407e-5},
    {"drive beyond threshold", 1, 2, 0, 0.1, 0, 3, 1.51283706253059},
    {"I = 1", 1, 2, 0, 1, 0, 1, 0.47769027587337727469},
    /* network, V_R = 1, V_F = 2, a = 1 */
    {"b = -20", 1, 2, -20, 1, 0, 0, 0.0321809871713324062},
    {"b = -10", 1, 2, -10, 1, 0, 0, 0.047335337249043635},
    {"b = -4", 1, 2, -4, 1, 0, 0, 0.0705996140733870711},
    {"b = -1.5", 1, 2, -1.5, 1, 0, 0, 0.0931160481023233194},
    {"b = -0.5", 1, 2, -0.5, 1, 0, 0, 0.108906747293063421},
    {"b = 0.3", 1, 2, 0.3, 1, 0, 0, 0.12827565177462453},
    {"b = 0.5", 1, 2, 0.5, 1, 0, 0, 0.134775079935250081},
    {"b = 0.9", 1, 2, 0.9, 1, 0, 0, 0.151141513560778914},
    {"b = 1.1", 1, 2, 1.1, 1, 0, 0, 0.161805240291967509},
    {"b = 1.1 upper", 1, 2, 1.1, 1, 0, 0, 14.3646169203744598},
    {"b = 1.3", 1, 2, 1.3, 1, 0, 0, 0.175071100444017123},
    {"b = 1.3 upper", 1, 2, 1.3, 1, 0, 0, 4.32229892880934347},
    {"b = 1.5", 1, 2, 1.5, 1, 0, 0, 0.192364012568479359},
    {"b = 1.5 upper", 1, 2, 1.5, 1, 0, 0, 2.2891257077468628},
    {"b = 1.8", 1, 2, 1.8, 1, 0, 0, 0.233645426503063056},
    {"b = 1.8 upper", 1, 2, 1.8, 1, 0, 0, 1.11835649919953466},
    {"b = 2", 1, 2, 2, 1, 0, 0, 0.292582851472102488},
    {"b = 2 upper", 1, 2, 2, 1, 0, 0, 0.689433839238298271},
    /* V_R = 0, V_F = 1, a = 0.2 */
    {"b = -45", 0, 1, -45, 0.2, 0, 0, 0.00869543351226822581},
    {"b = -10, a = 0.2", 0, 1, -10, 0.2, 0, 0, 0.0223653092612265581},
    {"b = 0.9, a = 0.2", 0, 1, 0.9, 0.2, 0, 0, 0.0837686788520883875},
    {"b = 1.2, a = 0.2", 0, 1, 1.2, 0.2, 0, 0, 0.097203137323956529},
    {"b = 1.2, a = 0.2 upper", 0, 1, 1.2, 0.2, 0, 0, 2.24256906881424704},
    {"b = 1.5, a = 0.2", 0, 1, 1.5, 0.2, 0, 0, 0.121069878345070983},
    {"b = 1.5, a = 0.2 upper", 0, 1, 1.5, 0.2, 0, 0, 0.700423862831162989},
    /* noise that grows with the rate */
    {"a = 1 + 0.1 N", 1, 2, 0.5, 1, 0.1, 0, 0.138703400296325085},
    {"a = 0.4 + 0.5 N", 1, 2, 0.5, 0.4, 0.5, 0, 0.00826303896386598494},
    {"b = 1.5, a = 1 + 0.1 N", 1, 2, 1.5, 1, 0.1, 0, 0.203268713402123974},
    {"b = 1.5, a = 1 + 0.1 N upper", 1, 2, 1.5, 1, 0.1, 0, 2.07633700187448716},
    {"b = -4, a = 1 + 0.5 N", 1, 2, -4, 1, 0.5, 0, 0.0747435799966102461},
    {"b = 0.5, a = 1 + N", 1, 2, 0.5, 1, 1, 0, 0.190148994376709475},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

/* Relative error of the steady rate at frozen coefficients: backward Euler with steps of 1000 time constants. */
static double frozen_error(size_t k, int cells, int64_t *unknowns)
{
    const problem p = {.name = cases[k].name,
                       .reset = cases[k].reset,
                       .threshold = cases[k].threshold,
                       .drive = cases[k].drive + cases[k].b * cases[k].rate,
                       .diffusion = cases[k].a0 + cases[k].a1 * cases[k].rate,
                       .mean = cases[k].reset - 0.5,
                       .variance = 0.1};
    npde_context *c;
    npde_grid *grid;
    npde_solver *solver;
    double rate;
    OK(c, npde_context_new(&c));
    npde_model *model = problem_model(c, &p);
    OK(c, npde_grid_new_for(model, cells ? NPDE_SCHEME_FINITE_VOLUME : NPDE_SCHEME_SPECTRAL, (size_t)cells, &grid));
    OK(c, npde_solver_new(model, grid, NPDE_METHOD_BACKWARD_EULER, &solver));
    OK(c, npde_solver_set(solver, NPDE_OPTION_DT, 1000));
    OK(c, npde_solver_set_gaussian(solver, 0, p.mean, p.variance));
    ck_assert_int_ge(npde_solver_start(solver, 0), 0);
    ck_assert_int_ge(npde_solver_advance(solver, 2e4, NULL), 0);
    OK(c, npde_solver_rates(solver, &rate, 1));
    OK(c, npde_solver_count(solver, NPDE_COUNT_UNKNOWNS, unknowns));
    npde_solver_free(solver);
    npde_grid_free(grid);
    npde_model_free(model);
    npde_context_free(c);
    return fabs(rate / cases[k].rate - 1);
}

START_TEST(spectral_to_1e_11_with_60_unknowns)
{
    for (size_t k = 0; k < N_CASES; k++) {
        int64_t unknowns;
        const double error = frozen_error(k, 0, &unknowns);
        ck_assert_msg(error <= 1e-11, "%s: relative error %.2e", cases[k].name, error);
        ck_assert_msg(unknowns <= 60, "%s: %lld unknowns", cases[k].name, (long long)unknowns);
    }
}
END_TEST

/* Case C, seven widths of noise between reset and threshold, is the one that 200 cells resolve to 1e-6 only. */
START_TEST(finite_volume_to_1e_7_with_200_cells)
{
    for (size_t k = 0; k < N_CASES; k++) {
        int64_t unknowns;
        const double error = frozen_error(k, 200, &unknowns), limit = cases[k].name[0] == 'C' ? 1e-6 : 1e-7;
        ck_assert_msg(error <= limit, "%s: relative error %.2e", cases[k].name, error);
        ck_assert_int_le(unknowns, 201);
    }
}
END_TEST

/* Fourth order in the steady state, as the cancellation of the mass error at the two kinks promises. */
START_TEST(finite_volume_exact_flux_is_fourth_order)
{
    int64_t unknowns;
    const double coarse = frozen_error(2, 100, &unknowns), fine = frozen_error(2, 200, &unknowns);
    NEAR(log2(coarse / fine), 4, 0.3);
}
END_TEST

/* 1/N = ∫_0^∞ e^{−s²/2}(e^{s w_F} − e^{s w_R})/s ds for a mean beyond the threshold, w < 0, by Simpson's rule on s = x/|w_F|. */
static double driven_rate(double reset, double threshold, double drive, double a)
{
    const double f = (threshold - drive) / sqrt(a), r = (reset - drive) / sqrt(a);
    const int n = 200000;
    long double sum = 0;
    for (int i = 0; i <= n; i++) {
        const long double s = 60.0L * i / n / (long double)-f;
        const long double value = i ? expl(-s * s / 2) * (expl(s * f) - expl(s * r)) / s : (long double)f - r;
        sum += value * (i == 0 || i == n ? 1 : i % 2 ? 4 : 2);
    }
    return (double)(1 / (sum * 60.0L / n / (long double)-f / 3));
}

/* Cells far wider than the layers of the exact flux: the default must not lose to the midpoint's flux there. */
START_TEST(finite_volumes_at_low_noise)
{
    for (double a = 1e-1; a > 5e-7; a /= 10) {
        const problem p = {.name = "low noise",
                           .reset = 0,
                           .threshold = 1,
                           .drive = 1.5,
                           .diffusion = a,
                           .mean = 0.5,
                           .variance = 0.01};
        run *r = run_new(&p, 400, NPDE_METHOD_BACKWARD_EULER, 1000);
        const double rate = run_rate(r, 1e5), exact = driven_rate(0, 1, 1.5, a);
        ck_assert_msg(fabs(rate / exact - 1) < 3e-4, "a = %g: %.10g and not %.10g", a, rate, exact);
        run_free(r);
    }
    NEAR(driven_rate(0, 1, 1.5, 0.02), 0.93731986437368370259, 1e-12); /* the integral's own check */
}
END_TEST

/* A steady state restarted from itself, with the rate before the start, stays where it is: delays and reservoirs included. */
START_TEST(past_rates_continue_a_steady_state)
{
    const npde_id kinds[] = {NPDE_REFRACTORY_NONE, NPDE_REFRACTORY_FIXED, NPDE_REFRACTORY_EXPONENTIAL};
    for (int k = 0; k < 3; k++) {
        const problem p = {.name = "restart",
                           .reset = 1,
                           .threshold = 2,
                           .diffusion = 1,
                           .connectivity = 0.5,
                           .noise = 0.1,
                           .delay = 0.3,
                           .refractory = kinds[k],
                           .tau = 0.2,
                           .mean = 0,
                           .variance = 0.2};
        run *r = run_new(&p, -20, NPDE_METHOD_BACKWARD_EULER, 0.2);
        double rate = run_rate(r, 100), density[256], w[256], mass = 0;
        const size_t n = npde_grid_size(r->grid, 0);
        OK(r->context, npde_solver_state(r->solver, 0, density, n));
        OK(r->context, npde_grid_weights(r->grid, 0, w, n));
        for (size_t i = 0; i < n; i++) mass += w[i] * density[i];
        for (size_t i = 0; i < n; i++) density[i] /= mass;
        OK(r->context, npde_solver_set_state(r->solver, 0, density, n));
        OK(r->context, npde_solver_set_past_rate(r->solver, 0, rate));
        OK(r->context, npde_solver_start(r->solver, 5));
        for (double t = 5.1; t < 7; t += 0.1) NEAR(run_rate(r, t), rate, 1e-12);
        run_free(r);
    }
}
END_TEST

/* The network itself settles there: the stable states, by the nonlinear run with huge steps. */
START_TEST(networks_settle_at_the_exact_rate)
{
    for (size_t k = 7; k < N_CASES; k++) {
        if (cases[k].rate > 0.5) continue; /* upper states are unstable */
        const problem p = {.name = cases[k].name,
                           .reset = cases[k].reset,
                           .threshold = cases[k].threshold,
                           .diffusion = cases[k].a0,
                           .connectivity = cases[k].b,
                           .noise = cases[k].a1,
                           .mean = cases[k].reset - 1,
                           .variance = 0.1};
        run *r = run_new(&p, 0, NPDE_METHOD_BACKWARD_EULER, 2);
        const double rate = run_rate(r, 400);
        ck_assert_msg(fabs(rate / cases[k].rate - 1) <= 1e-11, "%s: %.15g and not %.15g", cases[k].name, rate,
                      cases[k].rate);
        run_free(r);
    }
}
END_TEST

/* Refractory state: N (T + τ) = 1, mass of the density 1 − Nτ, for both kinds. */
START_TEST(refractory_states_settle_at_the_exact_rate)
{
    static const struct {
        double b, tau, rate;
    } table[] = {{1.5, 0.025, 0.190736129367184114},
                 {1.5, 0.2, 0.180408480733869081},
                 {0.5, 0.025, 0.134264474159267714},
                 {-4, 0.025, 0.0705200914080614407}};
    const npde_id kinds[] = {NPDE_REFRACTORY_FIXED, NPDE_REFRACTORY_EXPONENTIAL};
    for (size_t k = 0; k < 8; k++) {
        const double b = table[k / 2].b, tau = table[k / 2].tau, rate = table[k / 2].rate;
        const problem p = {.name = "refractory",
                           .reset = 1,
                           .threshold = 2,
                           .diffusion = 1,
                           .connectivity = b,
                           .refractory = kinds[k % 2],
                           .tau = tau,
                           .mean = 0,
                           .variance = 0.2};
        run *r = run_new(&p, 0, NPDE_METHOD_TR_BDF2, 0.05);
        NEAR(run_rate(r, 60), rate, 2e-11);
        double reservoir;
        OK(r->context, npde_solver_reservoirs(r->solver, &reservoir, 1));
        NEAR(reservoir, rate * tau, 1e-11);
        run_free(r);
    }
}
END_TEST

/* Random threshold φ_F = κ beyond V_F: closed form with parabolic cylinder functions, 30 digits. */
START_TEST(random_thresholds_settle_at_the_exact_rate)
{
    static const struct {
        double b, kappa, tau, rate;
    } table[] = {{0, 1, 0, 0.0172911324364136},
                 {0, 10, 0, 0.06088429934917462},
                 {0, 1000, 0, 0.1120207599606092},
                 {0.5, 10, 0, 0.06485274239948637},
                 {3, 10, 0.2, 0.106513605960342}};
    for (size_t k = 0; k < 5; k++) {
        const problem p = {.name = "random threshold",
                           .reset = 1,
                           .threshold = 2,
                           .diffusion = 1,
                           .connectivity = table[k].b,
                           .refractory = table[k].tau > 0 ? NPDE_REFRACTORY_EXPONENTIAL : 0,
                           .tau = table[k].tau,
                           .discharge = NPDE_DISCHARGE_STEP,
                           .kappa = table[k].kappa,
                           .mean = 0,
                           .variance = 0.2};
        run *r = run_new(&p, 0, NPDE_METHOD_BACKWARD_EULER, 1);
        const double rate = run_rate(r, 300);
        ck_assert_msg(fabs(rate / table[k].rate - 1) <= 1e-11, "kappa = %g, b = %g: %.15g and not %.15g",
                      table[k].kappa, table[k].b, rate, table[k].rate);
        run_free(r);
    }
}
END_TEST

MAIN("steady", spectral_to_1e_11_with_60_unknowns, finite_volume_to_1e_7_with_200_cells,
     finite_volume_exact_flux_is_fourth_order, networks_settle_at_the_exact_rate,
     refractory_states_settle_at_the_exact_rate, random_thresholds_settle_at_the_exact_rate,
     finite_volumes_at_low_noise, past_rates_continue_a_steady_state)
