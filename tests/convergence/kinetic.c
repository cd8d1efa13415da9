/* SPDX-License-Identifier: BSD-3-Clause
 * The voltage–conductance equation against independent solutions (discontinuous Galerkin × spectral, three refinements) and closed
 * forms. */
#include "kinetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FULL                                                                                                      \
    .kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE, .g_scheme = NPDE_SCHEME_SPECTRAL, .n_v = 128, .n_g = 32, .mean = 0.4, \
    .variance = 0.0025
static const kinetic strong = {FULL, .g_end = 2.3, .sigma = 0.25, .input = 0.5, .noise = 0.05, .dt = 0.0025};
static const kinetic weak = {FULL, .g_end = 1.4, .sigma = 0.25, .input = 0.2, .noise = 0.02, .dt = 0.005};

/* ---- the whole equation ---- */

/* Linear problem: steady rate and mean potential; and the identity ⟨g_L(V_L − v) + g(V_E − v)⟩ = N (V_F − V_L). */
START_TEST(steady_rates_of_the_linear_problem)
{
    static const struct {
        const kinetic *problem;
        double sigma, rate, mean;
    } row[] = {{&strong, 0.05, 1.48241875, 0.58930192}, {&strong, 0.25, 1.47137707, 0.59926640},
               {&strong, 1, 1.46579359, 0.60433472},    {&strong, 5, 1.46600924, 0.60396650},
               {&weak, 0.05, 0.0857435, 0.7781771},     {&weak, 0.25, 0.1954832, 0.6877436},
               {&weak, 1, 0.2417934, 0.6479322}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        kinetic k = *row[i].problem;
        double v, g;
        k.sigma = row[i].sigma;
        kinetic_run r = kinetic_start(&k);
        const double rate = kinetic_rate(&r, 20 + 12 * k.sigma);
        kinetic_means(&r, &v, &g, NULL);
        ck_assert_msg(fabs(rate - row[i].rate) < 1e-4 + 2e-4 * (row[i].problem == &weak),
                      "sigma %g: rate %.8f and not %.8f", k.sigma, rate, row[i].rate);
        NEAR(v, row[i].mean, row[i].problem == &weak ? 3e-4 : 1e-4);
        kinetic_free(&r);
    }
}
END_TEST

/* The error at the corner (V_F, g_F), where the density is singular, falls with the cells in v. */
START_TEST(finer_cells_in_v)
{
    double error[3];
    for (size_t i = 0; i < 3; i++) {
        kinetic k = strong;
        k.n_v = (size_t)64 << i;
        kinetic_run r = kinetic_start(&k);
        error[i] = fabs(kinetic_rate(&r, 6) - 1.47137707);
        kinetic_free(&r);
    }
    ck_assert_double_le(error[0], 2e-4);
    ck_assert_double_le(error[1], 0.6 * error[0]);
    ck_assert_double_le(error[2], 0.6 * error[1]);
}
END_TEST

/* ---- the library's own grid ---- */

/* Mass in each cell of v, and the mean potential of the parabolas in them. */
static double marginal(const kinetic_run *r, double *mass)
{
    const size_t n_v = npde_grid_size(r->grid, 0), n_g = npde_grid_size(r->grid, 1);
    double *v = calloc(n_v, sizeof *v), *w = calloc(n_v, sizeof *w), *w_g = calloc(n_g, sizeof *w_g), mean = 0;
    const double *p;
    size_t n;
    OK(r->context, npde_grid_points(r->grid, 0, v, n_v));
    OK(r->context, npde_grid_weights(r->grid, 0, w, n_v));
    OK(r->context, npde_grid_weights(r->grid, 1, w_g, n_g));
    OK(r->context, npde_solver_state_view(r->solver, 0, &p, &n));
    for (size_t i = 0; i < n_v; i++) mass[i] = 0;
    for (size_t j = 0; j < n_g; j++)
        for (size_t i = 0; i < n_v; i++) mass[i] += w[i] * w_g[j] * p[j * n_v + i];
    for (size_t i = 0; i < n_v; i++) {
        const size_t a = i ? i - 1 : i, b = i + 1 < n_v ? i + 1 : i;
        const double slope = (mass[b] / w[b] - mass[a] / w[a]) / (v[b] - v[a]);
        mean += v[i] * mass[i] + w[i] * w[i] * w[i] / 12 * slope;
    }
    free(v);
    free(w);
    free(w_g);
    return mean;
}

/* A run on the library's grid, or, in v, on one with every cell cut into `finer`. */
static kinetic_run own_grid(const kinetic *k, size_t finer)
{
    kinetic_run r = {0};
    const double zones[] = {0, 0.9, 0.973, 0.9921, 0.9975, 0.9991, 1}, g_breaks[] = {0, 3.0 / 11, k->g_end};
    const size_t cells[] = {82 * finer, 17 * finer, 11 * finer, 8 * finer, 6 * finer, 4 * finer},
                 degrees[] = {k->n_g, k->n_g};
    OK(r.context, npde_context_new(&r.context));
    r.model = kinetic_model(r.context, k);
    if (finer == 1) {
        OK(r.context, npde_grid_new_for(r.model, NPDE_SCHEME_SPECTRAL, 0, &r.grid));
    } else {
        OK(r.context, npde_grid_new(r.context, NPDE_SCHEME_CELLS, zones, 7, cells, &r.v));
        OK(r.context, npde_grid_new(r.context, NPDE_SCHEME_SPECTRAL, g_breaks, 3, degrees, &r.g));
        OK(r.context, npde_grid_new_product(r.v, r.g, &r.grid));
    }
    OK(r.context, npde_solver_new(r.model, r.grid, NPDE_METHOD_STRANG, &r.solver));
    OK(r.context, npde_solver_set(r.solver, NPDE_OPTION_DT, k->dt));
    OK(r.context, npde_solver_set_gaussian(r.solver, 0, k->mean, k->variance));
    ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
    return r;
}

/* 128 cells in v, closer at the corner, and 65 points in g: the rate and the mean potential, and the mass up to any v against a
 * grid of cells half as wide. */
START_TEST(own_grid_to_five_digits)
{
    enum { CELLS = 128 };
    static const struct {
        const kinetic *problem;
        double sigma, t, rate, mean;
    } row[] = {{&strong, 0.05, 8, 1.48241876, 0.5893019}, {&strong, 0.25, 8, 1.47137708, 0.5992664},
               {&strong, 1, 12, 1.46579360, 0.6043347},   {&strong, 5, 30, 1.46600925, 0.6039665},
               {&weak, 0.25, 18, 0.1954832, 0.6877436},   {&weak, 1, 20, 0.2417934, 0.6479322},
               {&weak, 0.05, 16, 0.0857435, 0.7781771}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        if (test_scale() < 1 && i != 1) continue;
        kinetic k = *row[i].problem;
        double coarse[CELLS], fine[2 * CELLS], up_to = 0;
        k.sigma = row[i].sigma;
        k.dt = 0.00125;
        kinetic_run r = own_grid(&k, 1);
        ck_assert_uint_eq(npde_grid_size(r.grid, 0), CELLS);
        ck_assert_uint_eq(npde_grid_size(r.grid, 1), 65);
        const double rate = kinetic_rate(&r, row[i].t), mean = marginal(&r, coarse);
        ck_assert_msg(fabs(rate - row[i].rate) <= 5e-6, "row %zu: rate %.8f and not %.8f", i, rate, row[i].rate);
        ck_assert_msg(fabs(mean - row[i].mean) <= 5e-6, "row %zu: mean %.8f and not %.8f", i, mean, row[i].mean);
        kinetic_free(&r);
        r = own_grid(&k, 2);
        kinetic_rate(&r, row[i].t);
        marginal(&r, fine);
        for (size_t c = 0; c < CELLS; c++) {
            up_to += coarse[c] - (fine[2 * c] + fine[2 * c + 1]);
            ck_assert_msg(fabs(up_to) <= 5e-6, "row %zu: mass up to cell %zu off by %.2e", i, c, up_to);
        }
        kinetic_free(&r);
    }
}
END_TEST

START_TEST(transient)
{
    static const double t[] = {0.25, 0.5, 1, 2}, rate[] = {0.8963768, 1.671690, 1.4767820, 1.4713714};
    static const double v[] = {0.7389091, 0.5808439, 0.5990308, 0.5992673};
    static const double g[] = {0.502433228, 0.50546243, 0.50717402, 0.507413032};
    kinetic k = strong;
    k.n_v = 256;
    k.n_g = 40;
    k.dt = 0.00125;
    k.g_mean = 0.5;
    k.g_variance = 0.004;
    kinetic_run r = kinetic_start(&k);
    for (int i = 0; i < 4; i++) {
        double v_mean, g_mean;
        NEAR(kinetic_rate(&r, t[i]), rate[i], 1.5e-4);
        kinetic_means(&r, &v_mean, &g_mean, NULL);
        NEAR(v_mean, v[i], 5e-5);
        NEAR(g_mean, g[i], 1e-6);
    }
    kinetic_free(&r);
}
END_TEST

START_TEST(order_two_in_time)
{
    double rate[3];
    for (int i = 0; i < 3; i++) {
        kinetic k = strong;
        k.n_v = 256;
        k.strength = 0.05;
        k.dt = 0.005 / (1 << i);
        kinetic_run r = kinetic_start(&k);
        rate[i] = kinetic_rate(&r, 0.5);
        kinetic_free(&r);
    }
    NEAR(log2(fabs((rate[0] - rate[1]) / (rate[1] - rate[2]))), 2, 0.25);
}
END_TEST

/* Half a relaxation is owed between steps. Looking at the state settles a copy, in which fast conductances are where they are
 * bound for, and the run goes on as if nobody had looked, to the bit. */
START_TEST(looking_changes_nothing)
{
    for (int i = 0; i < 2; i++) {
        kinetic k = strong;
        k.n_v = 24;
        k.n_g = i ? 24 : 12;
        k.g_scheme = i ? NPDE_SCHEME_CELLS : NPDE_SCHEME_SPECTRAL;
        k.strength = 0.1;
        k.sigma = 1e-6; /* so that at the end of each step the conductances are where they are bound for */
        k.g_mean = 0.8;
        k.g_variance = 0.01;
        kinetic_run looked = kinetic_start(&k), left = kinetic_start(&k);
        for (int step = 1; step <= 20; step++) {
            double v, g, before, rate = kinetic_rate(&looked, step * k.dt);
            kinetic_means(&looked, &v, &before, NULL);
            kinetic_means(&looked, &v, &g, NULL);
            ck_assert_double_eq(g, before);
            ck_assert_double_eq(kinetic_rate(&left, step * k.dt), rate);
            if (step > 2) NEAR(g, 0.5074164852890068 + 0.1 * rate, 0.03);
        }
        kinetic_free(&looked);
        kinetic_free(&left);
    }
}
END_TEST

START_TEST(order_two_in_g)
{
    double rate[3];
    for (int i = 0; i < 3; i++) {
        kinetic k = strong;
        k.g_scheme = NPDE_SCHEME_CELLS;
        k.g_end = 24.0 / 11; /* the same cells on both sides of g_F */
        k.n_g = (size_t)64 << i;
        kinetic_run r = kinetic_start(&k);
        rate[i] = kinetic_rate(&r, 4);
        kinetic_free(&r);
    }
    NEAR(log2(fabs((rate[0] - rate[1]) / (rate[1] - rate[2]))), 2, 0.3);
}
END_TEST

/* Coupled: one, and two stable steady states. */
START_TEST(steady_rates_of_networks)
{
    static const struct {
        double input, noise, strength, noisy, g_end, start, rate, tolerance;
    } row[] = {{0.2, 0.02, 0.1, 0, 1.5, 0.2, 0.282777, 4e-4},
               {0.2, 0.02, 0.1, 0.01, 1.8, 0.2, 0.324763, 4e-4},
               {0.2, 0.002, 0.22, 0, 1.5, 0, 0.00129301, 2e-5},
               {0.2, 0.002, 0.22, 0, 1.5, 2.8, 2.8326336, 1e-3}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        kinetic k = weak;
        k.input = row[i].input;
        k.noise = row[i].noise;
        k.strength = row[i].strength;
        k.noisy = row[i].noisy;
        k.g_end = row[i].g_end;
        k.n_g = 48;
        kinetic_run r = kinetic_prepare(&k);
        OK(r.context, npde_solver_set_past_rate(r.solver, 0, row[i].start)); /* where the conductance begins */
        if (row[i].start > 1) OK(r.context, npde_solver_set_gaussian(r.solver, 0, 0.5, 0.3));
        ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
        const double rate = kinetic_rate(&r, 30);
        ck_assert_msg(fabs(rate - row[i].rate) <= row[i].tolerance, "input %g, strength %g: rate %.8f and not %.8f",
                      row[i].input, row[i].strength, rate, row[i].rate);
        kinetic_free(&r);
    }
}
END_TEST

/* Until the delay is over the network is one without coupling at the past rate's conductance, to the bit but for rounding. */
START_TEST(delay_sees_the_past)
{
    kinetic k = strong, plain = strong;
    k.strength = 0.1;
    k.delay = 0.4;
    plain.input += 0.1 * 0.7;
    kinetic_run r = kinetic_prepare(&k), other = kinetic_start(&plain);
    OK(r.context, npde_solver_set_past_rate(r.solver, 0, 0.7));
    ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
    NEAR(kinetic_rate(&r, 0.39), kinetic_rate(&other, 0.39), 1e-12);
    ck_assert_double_ge(fabs(kinetic_rate(&r, 0.8) - kinetic_rate(&other, 0.8)), 1e-3);
    kinetic_free(&r);
    kinetic_free(&other);
}
END_TEST

/* Two populations that each get half from both are one that gets all from itself. */
START_TEST(populations_couple_by_matrices)
{
    kinetic k = strong;
    k.n_v = 64;
    k.strength = 0.12;
    kinetic_run r = kinetic_start(&k);
    npde_model *pair;
    npde_solver *solver;
    const double weights[] = {0.06, 0.06, 0.1, 0.02}, t = 1;
    double rates[2];
    OK(r.context, npde_model_new(r.context, NPDE_MODEL_VOLTAGE_CONDUCTANCE, 2, &pair));
    const npde_id params[] = {NPDE_PARAM_V_RESET,           NPDE_PARAM_V_THRESHOLD,
                              NPDE_PARAM_V_EXCITATORY,      NPDE_PARAM_CONDUCTANCE_TIME,
                              NPDE_PARAM_CONDUCTANCE_INPUT, NPDE_PARAM_CONDUCTANCE_DIFFUSION};
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        double value;
        OK(r.context, npde_model_get(r.model, 0, params[i], &value));
        OK(r.context, npde_model_set(pair, NPDE_ALL, params[i], value));
    }
    OK(r.context, npde_model_set_matrix(pair, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(r.context, npde_solver_new(pair, r.grid, NPDE_METHOD_STRANG, &solver));
    OK(r.context, npde_solver_set(solver, NPDE_OPTION_DT, k.dt));
    OK(r.context, npde_solver_set_gaussian(solver, NPDE_ALL, k.mean, k.variance));
    OK(r.context, npde_solver_start(solver, 0));
    OK(r.context, npde_solver_sample(solver, &t, 1, rates));
    NEAR(rates[0], rates[1], 1e-12);
    NEAR(rates[0], kinetic_rate(&r, t), 1e-12);
    npde_solver_free(solver);
    npde_model_free(pair);
    kinetic_free(&r);
}
END_TEST

/* ---- what the schemes keep ---- */

START_TEST(mass_over_many_steps)
{
    const int steps = (int)(1e5 * test_scale());
    for (int i = 0; i < 4; i++) {
        kinetic k = {FULL, .g_end = 2.3, .sigma = 0.25, .input = 0.5, .noise = 0.05, .strength = 0.1, .dt = 0.01};
        k.n_v = 12;
        k.n_g = 12;
        k.g_scheme = i < 3 ? NPDE_SCHEME_CELLS : NPDE_SCHEME_SPECTRAL;
        k.v_scheme = i < 3 ? NPDE_SCHEME_CELLS + i : NPDE_SCHEME_CELLS;
        if (i == 1) {
            k.kind = NPDE_MODEL_REDUCED_KINETIC;
            k.kappa = 10;
        }
        kinetic_run r = kinetic_start(&k);
        double worst = 0;
        for (int part = 1; part <= 10; part++) {
            kinetic_rate(&r, 0.001 * steps * part);
            worst = fmax(worst, kinetic_stat(&r, NPDE_STAT_MASS_DEFECT));
        }
        ck_assert_msg(worst <= 1e-12, "scheme %d: mass defect %.2e", i, worst);
        ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_ROUNDING) / steps, 1e-14);
        kinetic_free(&r);
    }
}
END_TEST

/* The marginal over g begins in the discrete Gaussian and stays there, whatever the potentials do. */
START_TEST(gaussian_marginal_is_kept)
{
    kinetic k = strong;
    k.g_scheme = NPDE_SCHEME_CELLS;
    k.n_g = 128;
    k.dt = 0.01;
    double before[128], after[128], v, g, g_after;
    kinetic_run r = kinetic_start(&k);
    kinetic_means(&r, &v, &g, before);
    NEAR(g, 0.5074164852890068, 5e-5); /* the mean of the cut Gaussian, to second order */
    kinetic_rate(&r, 3);
    kinetic_means(&r, &v, &g_after, after);
    for (size_t j = 0; j < 128; j++) NEAR(after[j], before[j], 1e-13);
    kinetic_free(&r);
}
END_TEST

/* No negative density in the schemes that promise it, for random parameters, data and steps. */
static int32_t input_jumps(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)n_pop, (void)rate, (void)diffusion, (void)user;
    drive[0] = t < 0.1001 ? 2 : 2.5;
    return 0;
}

/* Far from g = 0 the mean of g tends to G as e^{−t/σ}, whatever v does: across a jump of G the order is two as well. */
START_TEST(announced_jump_of_the_input)
{
    const double jump = 0.1001, end = 0.3001;
    double error[3];
    for (int i = 0; i < 3; i++) {
        kinetic k = {FULL, .g_end = 5, .sigma = 0.25, .input = 2, .noise = 0.1, .g_mean = 2, .g_variance = 0.1};
        double v, g;
        k.n_v = 64;
        k.n_g = 40;
        k.dt = 0.02 / (1 << i);
        kinetic_run r = kinetic_prepare(&k);
        OK(r.context, npde_model_set_coupling(r.model, input_jumps, NULL, NULL));
        OK(r.context, npde_solver_set_jumps(r.solver, &jump, 1));
        OK(r.context, npde_solver_start(r.solver, 0));
        OK(r.context, npde_solver_advance(r.solver, end, NULL));
        kinetic_means(&r, &v, &g, NULL);
        error[i] = fabs(g - (2.5 - 0.5 * exp(-(end - jump) / k.sigma)));
        kinetic_free(&r);
    }
    ck_assert_double_le(error[0], 1e-4);
    for (int i = 0; i < 2; i++) ck_assert_double_ge(log2(error[i] / error[i + 1]), 1.7);
}
END_TEST

/* A step cut to almost nothing does not bring the flux at the corner into the rate. */
START_TEST(very_short_steps)
{
    kinetic k = strong;
    kinetic_run r = kinetic_start(&k);
    const double rate = kinetic_rate(&r, 8), cut[] = {1e-4, 1e-6, 1e-9};
    for (int i = 0; i < 3; i++) {
        NEAR(kinetic_rate(&r, 8 + i + cut[i]), rate, 1e-5);
        NEAR(kinetic_rate(&r, 8 + i + 1), rate, 1e-5);
    }
    kinetic_free(&r);
}
END_TEST

START_TEST(positivity)
{
    random_stream s = {42};
    const int trials = (int)(60 * test_scale()) + 6;
    for (int i = 0; i < trials; i++) {
        kinetic k = {FULL, .g_end = 3};
        k.kind = i % 3 == 2 ? NPDE_MODEL_REDUCED_KINETIC : NPDE_MODEL_VOLTAGE_CONDUCTANCE;
        k.g_scheme = NPDE_SCHEME_CELLS;
        k.v_scheme = i % 2 ? NPDE_SCHEME_CELLS_LIMITED : NPDE_SCHEME_CELLS_UPWIND;
        k.n_v = (size_t)random_between(&s, 8, 40);
        k.n_g = (size_t)random_between(&s, 22, 40);
        k.sigma = exp(random_between(&s, -6, 2));
        k.input = random_between(&s, 0, 1);
        k.noise = exp(random_between(&s, -6, -1));
        k.strength = random_between(&s, -0.2, 0.2);
        k.kappa = i % 3 == 2 ? random_between(&s, 1, 100) : 0;
        k.mean = random_between(&s, 0.2, 0.8);
        k.variance = exp(random_between(&s, -9, -3));
        k.dt = exp(random_between(&s, -7, 0));
        kinetic_run r = kinetic_start(&k);
        for (int step = 0; step < 40; step++) {
            const npde_status status = npde_solver_step(r.solver, 1e9, NULL);
            ck_assert_msg(status >= 0, "%s", npde_context_error(r.context));
            double rate;
            ck_assert_double_ge(kinetic_stat(&r, NPDE_STAT_MIN_DENSITY), 0);
            ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
            OK(r.context, npde_solver_rates(r.solver, &rate, 1));
            ck_assert_double_ge(rate, 0);
        }
        kinetic_free(&r);
    }
}
END_TEST

/* A network that fires in volleys: between them the rate is 0 and not below. */
START_TEST(rates_after_volleys)
{
    const npde_id schemes[] = {NPDE_SCHEME_CELLS, NPDE_SCHEME_CELLS_LIMITED, NPDE_SCHEME_CELLS_UPWIND};
    for (int i = 0; i < 6; i++) {
        kinetic k = {.kind = i < 3 ? NPDE_MODEL_MACROSCOPIC : NPDE_MODEL_VOLTAGE_CONDUCTANCE,
                     .v_scheme = schemes[i % 3],
                     .g_scheme = NPDE_SCHEME_CELLS,
                     .n_v = 256,
                     .n_g = 32,
                     .g_end = 3,
                     .sigma = 1e-3,
                     .input = 0.5,
                     .noise = i < 3 ? 0 : 0.01,
                     .strength = 0.02,
                     .noisy = 0.01,
                     .mean = 0.5,
                     .variance = 0.002,
                     .dt = 0.005};
        kinetic_run r = kinetic_start(&k);
        double t = 0, rate, most = 0;
        while (t < 1.5) {
            const npde_status status = npde_solver_step(r.solver, 1.5, &t);
            ck_assert_msg(status >= 0, "%s", npde_context_error(r.context));
            OK(r.context, npde_solver_rates(r.solver, &rate, 1));
            ck_assert_double_ge(rate, 0);
            most = fmax(most, rate);
        }
        ck_assert_double_ge(most, 3);
        kinetic_free(&r);
    }
}
END_TEST

/* ---- conductance by callback ---- */

static int32_t constant_mean(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean,
                             void *user)
{
    (void)t, (void)pop, (void)v, (void)user;
    for (size_t i = 0; i < n; i++) g_mean[i] = 0.5 + 0.1 * rate[0];
    return 0;
}

static int32_t increasing_mean(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean,
                               void *user)
{
    (void)t, (void)pop, (void)rate, (void)user;
    for (size_t i = 0; i < n; i++) g_mean[i] += 0.3 * (v[i] - 0.5);
    return 0;
}

/* A law by the coupling callback, as drive G and diffusion a, is the built-in one when it says the same. */
static int32_t same_law(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)t, (void)n_pop, (void)user;
    drive[0] = 0.5 + 0.1 * rate[0];
    diffusion[0] = 0.05 + 0.01 * rate[0];
    return 0;
}

START_TEST(coupling_callback)
{
    static const npde_id kinds[] = {NPDE_MODEL_VOLTAGE_CONDUCTANCE, NPDE_MODEL_MACROSCOPIC};
    for (int i = 0; i < 2; i++) {
        kinetic k = strong;
        k.kind = kinds[i];
        k.kappa = i ? 10 : 0;
        k.n_v = 64;
        k.strength = 0.1;
        k.noisy = 0.01;
        kinetic_run built_in = kinetic_start(&k);
        k.strength = k.noisy = 0;
        kinetic_run own = kinetic_prepare(&k);
        OK(own.context, npde_model_set_coupling(own.model, same_law, NULL, NULL));
        ck_assert_int_ge(npde_solver_start(own.solver, 0), 0);
        NEAR(kinetic_rate(&own, 1), kinetic_rate(&built_in, 1), 1e-13);
        kinetic_free(&built_in);
        kinetic_free(&own);
    }
}
END_TEST

START_TEST(conductance_callback)
{
    kinetic k = strong;
    k.g_scheme = NPDE_SCHEME_CELLS;
    k.n_v = 64;
    k.n_g = 64;
    k.dt = 0.001; /* so that taking each row at its own conductance makes no difference */
    k.strength = 0.1;
    kinetic_run built_in = kinetic_start(&k);
    k.strength = 0;
    kinetic_run own = kinetic_prepare(&k), other = kinetic_prepare(&k);
    OK(own.context, npde_model_set_conductance(own.model, constant_mean, NULL, NULL));
    ck_assert_int_ge(npde_solver_start(own.solver, 0), 0);
    NEAR(kinetic_rate(&own, 1), kinetic_rate(&built_in, 1), 1e-5);
    /* Conductance that grows with the potential speeds up those near threshold; mass stays. */
    OK(other.context, npde_model_set_conductance(other.model, increasing_mean, NULL, NULL));
    ck_assert_int_ge(npde_solver_start(other.solver, 0), 0);
    double v, g;
    const double rate = kinetic_rate(&other, 6);
    kinetic_means(&other, &v, &g, NULL);
    ck_assert_double_le(kinetic_stat(&other, NPDE_STAT_MASS_DEFECT), 1e-12);
    /* In the steady state ⟨G(v) − g⟩ + a q(0) = 0 stays true, with the mean of G. */
    ck_assert_double_ge(g, 0.5 + 0.3 * (v - 0.5));
    ck_assert_double_le(g, 0.5 + 0.3 * (v - 0.5) + 0.05 * 0.3);
    ck_assert_double_ge(rate, 1);
    kinetic_free(&built_in);
    kinetic_free(&own);
    kinetic_free(&other);
}
END_TEST

MAIN("kinetic", announced_jump_of_the_input, very_short_steps, rates_after_volleys, steady_rates_of_the_linear_problem,
     finer_cells_in_v, own_grid_to_five_digits, transient, order_two_in_time, looking_changes_nothing, order_two_in_g,
     steady_rates_of_networks, delay_sees_the_past, populations_couple_by_matrices, mass_over_many_steps,
     gaussian_marginal_is_kept, positivity, coupling_callback, conductance_callback)
