/* SPDX-License-Identifier: BSD-3-Clause
 * The limits of the voltage–conductance equation, of fast conductances and of fast potentials, against independent solutions by
 * high-order quadrature and root finding, and the way there. */
#include "kinetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FULL                                                                                                      \
    .kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE, .g_scheme = NPDE_SCHEME_SPECTRAL, .n_v = 128, .n_g = 32, .mean = 0.4, \
    .variance = 0.0025
static const kinetic strong = {FULL, .g_end = 2.3, .sigma = 0.25, .input = 0.5, .noise = 0.05, .dt = 0.0025};

/* ---- the limits ---- */

#define MACRO .kind = NPDE_MODEL_MACROSCOPIC, .kappa = 10, .mean = 0.5, .variance = 0.0025
START_TEST(macroscopic_transients)
{
    static const double t[] = {0.5, 1, 2, 4, 8};
    static const struct {
        double input, strength, noise, rate[5];
    } row[] = {{0.5, 0, 0, {4.983302888459, 0.03453125839384, 2.652942340506, 0.6396429132818, 1.226898823203}},
               {0.5, 0.1, 0, {3.693976410554, 3.447039421482, 1.813814348145, 1.786585408721, 1.830832584792}},
               {0.5, 0.1, 0.05, {3.373658984307, 3.467838467399, 1.910745070453, 1.782427307728, 1.834424020849}},
               {0.5, -0.1, 0, {1.9187227072, 0.3373706899, 0.799463259, 1.0249795449, 0.979167945030}}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        double error[2][5];
        for (int fine = 0; fine < 2; fine++) {
            kinetic k = {MACRO, .n_v = fine ? 768 : 384, .dt = fine ? 5e-4 : 1e-3};
            k.input = row[i].input;
            k.strength = row[i].strength;
            k.noise = row[i].noise;
            kinetic_run r = kinetic_start(&k);
            for (int j = 0; j < 5; j++) error[fine][j] = fabs(kinetic_rate(&r, t[j]) - row[i].rate[j]);
            kinetic_free(&r);
        }
        for (int j = 0; j < 5; j++) {
            ck_assert_msg(error[1][j] <= 6e-4, "row %zu, t = %g: off by %.2e", i, t[j], error[1][j]);
            ck_assert_msg(error[1][j] <= 0.45 * error[0][j] + 5e-6, "row %zu, t = %g: off by %.2e, %.2e", i, t[j],
                          error[0][j], error[1][j]);
        }
    }
}
END_TEST

/* With a threshold the density 1/(T (A − Bv)) stands, and fires at 1/T. */
START_TEST(macroscopic_threshold)
{
    double g = 0.5074164852890068; /* of (G, a) = (0.5, 0.05) */
    kinetic k = {MACRO, .n_v = 128, .input = 0.5, .noise = 0.05, .dt = 0.01};
    k.kappa = 0;
    kinetic_run r = kinetic_prepare(&k);
    OK(r.context, npde_solver_set_density(r.solver, 0, kinetic_standing, &g, NULL));
    OK(r.context, npde_solver_start(r.solver, 0));
    for (int i = 1; i <= 5; i++) NEAR(kinetic_rate(&r, i), 1.489200504227029, 1e-7);
    kinetic_free(&r);
    k.input = 0.2; /* below threshold nothing fires */
    k.noise = 0.02;
    r = kinetic_start(&k);
    NEAR(kinetic_rate(&r, 10), 0, 1e-12);
    kinetic_free(&r);
}
END_TEST

START_TEST(fast_voltage)
{
    static const struct {
        double input, noise, strength, noisy, past, rate;
    } row[] = {{0.5, 0.05, 0, 0, 0, 1.464010326799969},      {0.2, 0.02, 0, 0, 0, 0.2649053369667966},
               {1, 0.1, 0, 0, 0, 3.569599911815676},         {0.1, 0.01, 0.2, 0, 0, 0.0308217439992955},
               {0.1, 0.01, 0.3, 0, 0, 0.033186652291967},    {0.1, 0.01, 0.25, 0.02, 0, 0.0385237140092918},
               {0.2, 0.002, 0.22, 0, 0, 0.0285593687465511}, {0.2, 0.002, 0.22, 0, 2.8, 2.83255464569708}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        kinetic k = {
            .kind = NPDE_MODEL_FAST_VOLTAGE, .g_scheme = NPDE_SCHEME_SPECTRAL, .n_g = 60, .sigma = 0.1, .dt = 0.02};
        k.input = row[i].input;
        k.noise = row[i].noise;
        k.strength = row[i].strength;
        k.noisy = row[i].noisy;
        k.g_end = k.input + k.strength * row[i].past + 8 * sqrt(k.noise + k.noisy) + 0.2;
        k.mean = k.input + k.strength * row[i].past;
        k.variance = k.noise;
        kinetic_run r = kinetic_start(&k);
        NEAR(kinetic_rate(&r, row[i].past > 0 ? 25 : 6), row[i].rate, 1e-8);
        kinetic_free(&r);
    }
}
END_TEST

/*
 * Asymptotic preserving: on a fixed grid and at a fixed step the kinetic solution tends to the macroscopic one like
 * ε, for all ε, with the step from far shorter to far longer than ε.
 */
START_TEST(kinetic_tends_to_macroscopic)
{
    static const double t[] = {0.5, 1, 2};
    kinetic macro = {MACRO, .n_v = 96, .input = 0.5, .noise = 0.05, .strength = 0.1, .dt = 0.004};
    kinetic_run limit = kinetic_start(&macro);
    double exact[3];
    for (int i = 0; i < 3; i++) exact[i] = kinetic_rate(&limit, t[i]);
    kinetic_free(&limit);
    double worst = 0;
    for (int e = 2; e <= 8; e++) {
        kinetic k = macro;
        k.kind = NPDE_MODEL_REDUCED_KINETIC;
        k.n_g = 72;
        k.g_end = 2.4;
        k.sigma = pow(10, -e);
        kinetic_run r = kinetic_start(&k);
        double error = 0;
        for (int i = 0; i < 3; i++) error = fmax(error, fabs(kinetic_rate(&r, t[i]) - exact[i]));
        worst = fmax(worst, error / k.sigma);
        ck_assert_msg(error <= 300 * k.sigma, "epsilon 1e-%d: off by %.3e = %.3g epsilon", e, error, error / k.sigma);
        kinetic_free(&r);
    }
    ck_assert_double_ge(worst, 1); /* it does differ */
}
END_TEST

/* The same for the threshold: rows come to move as one. */
START_TEST(threshold_tends_to_macroscopic)
{
    double g = 0.5074164852890068;
    for (int e = 3; e <= 7; e += 2) {
        kinetic k = strong;
        k.sigma = pow(10, -e);
        k.dt = 0.01;
        kinetic_run r = kinetic_prepare(&k);
        OK(r.context, npde_solver_set_density(r.solver, 0, kinetic_standing, &g, NULL));
        OK(r.context, npde_solver_start(r.solver, 0));
        NEAR(kinetic_rate(&r, 2), 1.489200504227029, 8 * k.sigma + 2e-6);
        kinetic_free(&r);
    }
}
END_TEST

/* ---- the library's own grid, with a discharge ---- */

/* The same grid with every cell in v cut into `finer`; V_F = 1, g_F = 3/11. */
static npde_grid *finer_grid(npde_context *c, const npde_grid *own, size_t finer)
{
    const double zones[] = {0, 0.84, 0.96, 0.992, 1, 1.008, 1.04, 1.16, 1.5, 2, 3, 14.0 / 3};
    size_t cells[] = {39, 15, 10, 6, 6, 10, 13, 14, 7, 5, 3}, degrees[] = {32, 32};
    double points[65], g_breaks[] = {0, 3.0 / 11, 0};
    npde_grid *v, *g, *grid;
    for (size_t z = 0; z < sizeof cells / sizeof *cells; z++) cells[z] *= finer;
    OK(c, npde_grid_points(own, 1, points, 65));
    g_breaks[2] = points[64];
    OK(c, npde_grid_new(c, NPDE_SCHEME_CELLS, zones, sizeof zones / sizeof *zones, cells, &v));
    OK(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, g_breaks, 3, degrees, &g));
    OK(c, npde_grid_new_product(v, g, &grid));
    npde_grid_free(v);
    npde_grid_free(g);
    return grid;
}

/* Rates in a transient and when they stand, on 128 cells of the library's and on four times as many. */
START_TEST(own_grid_with_a_discharge)
{
    static const struct {
        kinetic problem;
        double transient, steady; /* relative errors, a half more than measured */
    } row[] = {{{.sigma = 0.5, .input = 0.1, .noise = 0.1, .strength = 0.1, .noisy = 0.05, .kappa = 30}, 1e-4, 6e-5},
               {{.sigma = 0.05, .input = 0.5, .noise = 0.1, .strength = 0.1, .noisy = 0.05, .kappa = 5}, 2e-4, 1.4e-4}};
    const double t[] = {0.5, 1, 16};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        kinetic k = row[i].problem;
        double rate[2][3];
        k.kind = NPDE_MODEL_REDUCED_KINETIC;
        for (int fine = 0; fine < 2; fine++) {
            kinetic_run r = {0};
            OK(r.context, npde_context_new(&r.context));
            r.model = kinetic_model(r.context, &k);
            OK(r.context, npde_grid_new_for(r.model, NPDE_SCHEME_SPECTRAL, 0, &r.grid));
            ck_assert_uint_eq(npde_grid_size(r.grid, 0), 128);
            npde_grid *grid = finer_grid(r.context, r.grid, fine ? 4 : 1);
            if (fine) {
                npde_grid_free(r.grid);
                r.grid = grid;
            } else {
                double own[128], same[128];
                OK(r.context, npde_grid_points(r.grid, 0, own, 128));
                OK(r.context, npde_grid_points(grid, 0, same, 128));
                for (size_t c = 0; c < 128; c++) NEAR(own[c], same[c], 1e-14);
                npde_grid_free(grid);
            }
            OK(r.context, npde_solver_new(r.model, r.grid, NPDE_METHOD_STRANG, &r.solver));
            OK(r.context, npde_solver_set(r.solver, NPDE_OPTION_DT, 0.005));
            OK(r.context, npde_solver_set_gaussian(r.solver, 0, 0.4, 0.01));
            ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
            for (int j = 0; j < 3; j++) rate[fine][j] = kinetic_rate(&r, t[j]);
            kinetic_free(&r);
        }
        for (int j = 0; j < 3; j++) {
            const double error = fabs(rate[0][j] / rate[1][j] - 1);
            ck_assert_msg(error <= (j < 2 ? row[i].transient : row[i].steady),
                          "row %zu, t = %g: %.8f and %.8f, off by %.2e", i, t[j], rate[0][j], rate[1][j], error);
        }
    }
}
END_TEST

/* ---- steady states of the macroscopic equation ---- */

static int32_t step_discharge(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = v[i] > 1 ? 10 : 0;
    return 0;
}

/* In closed form, and by the quadrature that any discharge gets. */
START_TEST(macroscopic_steady_states)
{
    static const struct {
        double input, strength, noise;
        size_t n;
        double rate[3], re[3], im[3];
    } row[] = {
        {0.3, 0, 0, 1, {0.469473848048002}, {-0.019704022821144}, {2.953372075541}},
        {0.3, 0.02, 0, 1, {0.529121549222896}, {0.10288355467719}, {3.3343495378457}},
        {0.3, 0.1, 0, 1, {0.8651322847285101}, {0.4528711656635}, {5.1544501628476}},
        {0.5, 0, 0, 1, {1.271596565936859}, {-0.33998641336467}, {8.1340734531463}},
        {0.5, 0.1, 0.05, 1, {1.834784175936074}, {-1.0644445911036}, {11.406717338928}},
        {0.1, 0.1, 0, 1, {0}, {NAN}, {NAN}},
        {0.1, 0.5, 0.01, 3, {0, 0.3695692092137982, 5.113010947118248}, {NAN, 130.68771036777, -9.99}, {NAN, 0, NAN}}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        for (int custom = 0; custom < 2; custom++) {
            npde_context *c;
            kinetic k = {MACRO, .input = row[i].input, .strength = row[i].strength, .noise = row[i].noise};
            OK(c, npde_context_new(&c));
            npde_model *m = kinetic_model(c, &k);
            if (custom) OK(c, npde_model_set_discharge(m, step_discharge, NULL, NULL));
            double rates[4], eigenvalues[8];
            size_t n;
            OK(c, npde_macroscopic_steady(m, 20, rates, eigenvalues, 4, &n));
            ck_assert_uint_eq(n, row[i].n);
            for (size_t j = 0; j < n; j++) {
                NEAR(rates[j], row[i].rate[j], 1e-12);
                if (isnan(row[i].re[j])) continue;
                NEAR(eigenvalues[2 * j], row[i].re[j], 1e-6 * (1 + fabs(row[i].re[j])));
                if (!isnan(row[i].im[j])) NEAR(eigenvalues[2 * j + 1], row[i].im[j], 1e-6);
            }
            npde_model_free(m);
            npde_context_free(c);
        }
}
END_TEST

/* The state between the two others parts those that fall silent from those that go up. */
START_TEST(bistable_network_in_time)
{
    const double between = 0.3695692092137982;
    for (int up = 0; up < 2; up++) {
        kinetic k = {MACRO, .n_v = 400, .v_end = 4, .input = 0.1, .strength = 0.5, .noise = 0.01, .dt = 2.5e-4};
        double g, rates[4];
        size_t n;
        kinetic_run r = kinetic_prepare(&k);
        OK(r.context, npde_macroscopic_steady(r.model, 20, rates, NULL, 4, &n));
        NEAR(rates[1], between, 1e-12);
        const double mean = 0.1 + 0.5 * between * (up ? 1.05 : 0.95), z = mean / 0.1;
        g = mean + 0.1 * exp(-z * z / 2) / (1.2533141373155002512 * erfc(-z / sqrt(2)));
        OK(r.context, npde_solver_set_density(r.solver, 0, kinetic_firing_at_ten, &g, NULL));
        ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
        if (up) NEAR(kinetic_rate(&r, 5), 5.113010947118248, 1e-5);
        else NEAR(kinetic_rate(&r, 5), 0, 1e-12);
        kinetic_free(&r);
    }
}
END_TEST

/* Where the drift converges inside the axis all gathers at one potential, whatever the step, and nothing comes of rounding. */
START_TEST(what_gathers_does_not_grow)
{
    static const kinetic row[] = {
        {.kind = NPDE_MODEL_MACROSCOPIC, .input = 0.25, .n_v = 128, .mean = 0.4, .variance = 0.01, .dt = 0.0025},
        {.kind = NPDE_MODEL_MACROSCOPIC, .input = 0.28, .n_v = 128, .mean = 0.4, .variance = 0.01, .dt = 0.2},
        {.kind = NPDE_MODEL_MACROSCOPIC, .input = 1e6, .n_v = 64, .mean = 0.4, .variance = 0.01, .dt = 0.0025},
        {.kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE,
         .g_end = 2.3,
         .n_v = 64,
         .n_g = 64,
         .sigma = 5,
         .input = 0.2,
         .noise = 0.0005,
         .mean = 0.4,
         .variance = 0.01,
         .dt = 0.01}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        if (test_scale() < 1 && i % 2) continue;
        kinetic_run r = kinetic_start(&row[i]);
        ck_assert_double_ge(kinetic_rate(&r, i == 2 ? 0.1 : 150), 0);
        ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
        ck_assert_double_ge(kinetic_stat(&r, NPDE_STAT_MIN_DENSITY), -1e-15);
        kinetic_free(&r);
    }
}
END_TEST

MAIN("kinetic limits", macroscopic_transients, macroscopic_threshold, fast_voltage, kinetic_tends_to_macroscopic,
     threshold_tends_to_macroscopic, own_grid_with_a_discharge, macroscopic_steady_states, bistable_network_in_time,
     what_gathers_does_not_grow)
