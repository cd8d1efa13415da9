/* SPDX-License-Identifier: BSD-3-Clause
 * Refractory states of the kinetic kinds against closed forms, an independent finite-volume solution (kinetic_refractory.py)
 * and what must hold for any of them. */
#include "kinetic.h"

#include <complex.h>
#include <math.h>

static const npde_id states[] = {NPDE_REFRACTORY_EXPONENTIAL, NPDE_REFRACTORY_FIXED};

#define FULL                                                                                                      \
    .kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE, .g_scheme = NPDE_SCHEME_SPECTRAL, .n_v = 128, .n_g = 32, .mean = 0.4, \
    .variance = 0.0025, .g_end = 2.3, .sigma = 0.25, .input = 0.5, .noise = 0.05
#define MACRO .kind = NPDE_MODEL_MACROSCOPIC, .mean = 0.5, .variance = 0.0025

static double reservoir(const kinetic_run *r)
{
    double mass = NAN;
    OK(r->context, npde_solver_reservoirs(r->solver, &mass, 1));
    return mass;
}

/* ---- steady states ---- */

/* The mass that waits is N τ; and ⟨g_L(V_L − v) + g(V_E − v)⟩ = N (V_F − V_R) over those that do not. */
START_TEST(steady_rates)
{
    static const double rate[] = {1.088966, 1.078166}, mean[] = {0.458660, 0.457595};
    for (int i = 0; i < 2; i++) {
        kinetic k = {FULL, .dt = 0.0025, .refractory = states[i], .tau = 0.2};
        double error[2];
        for (int fine = 0; fine < 2; fine++) {
            k.n_v = fine ? 256 : 128;
            kinetic_run r = kinetic_start(&k);
            const double n = kinetic_rate(&r, 8);
            double v, g;
            kinetic_means(&r, &v, &g, NULL);
            error[fine] = fabs(n - rate[i]);
            NEAR(v, mean[i], fine ? 1.5e-5 : 4e-5);
            NEAR(reservoir(&r), n * k.tau, 1e-9);
            ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
            kinetic_free(&r);
        }
        ck_assert_double_le(error[0], 6e-5); /* the corner (V_F, g_F), as without refractory state */
        ck_assert_double_le(error[1], 0.6 * error[0]);
    }
}
END_TEST

/* N = ∫ q/(T + τ) dg by quadrature in 25 digits, for both kinds; q is the density of all neurons. */
START_TEST(fast_voltage)
{
    static const struct {
        double input, noise, tau, rate;
    } row[] = {{0.5, 0.05, 0.2, 1.048619277342739},
               {0.5, 0.05, 1, 0.511890215617594},
               {0.2, 0.02, 0.2, 0.2228594340953266},
               {0.2, 0.02, 1, 0.1398206054680059}};
    for (size_t i = 0; i < 8; i++) {
        kinetic k = {
            .kind = NPDE_MODEL_FAST_VOLTAGE, .g_scheme = NPDE_SCHEME_SPECTRAL, .n_g = 60, .sigma = 0.1, .dt = 0.02};
        k.input = k.mean = row[i / 2].input;
        k.noise = k.variance = row[i / 2].noise;
        k.tau = row[i / 2].tau;
        k.refractory = states[i % 2];
        k.g_end = k.input + 8 * sqrt(k.noise) + 0.2;
        kinetic_run r = kinetic_start(&k);
        const double rate = kinetic_rate(&r, 4);
        NEAR(rate, row[i / 2].rate, 1e-8);
        NEAR(reservoir(&r), rate * k.tau, 1e-12);
        ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
        kinetic_free(&r);
    }
}
END_TEST

/* Slow conductances: the whole equation tends to that for both kinds, as slowly as without (those near g_F never fire). */
START_TEST(slow_conductance_tends_to_fast_voltage)
{
    for (int i = 0; i < 2; i++) {
        double error[2];
        for (int slow = 0; slow < 2; slow++) {
            kinetic k = {FULL, .dt = 0.02, .refractory = states[i], .tau = 0.2};
            k.n_v = 64;
            k.sigma = slow ? 32 : 8;
            kinetic_run r = kinetic_start(&k);
            error[slow] = kinetic_rate(&r, 4 * k.sigma) - 1.048619277342739;
            kinetic_free(&r);
        }
        ck_assert_double_le(fabs(error[0]), 6e-3);
        ck_assert_double_le(fabs(error[1]), 0.8 * fabs(error[0]));
    }
}
END_TEST

/* With a threshold the density N/(A − Bv) stands beside N τ that wait, N = 1/(T + τ), T = log(A/(A − B))/B. */
START_TEST(macroscopic_threshold)
{
    double g = 0.5074164852890068; /* of (G, a) = (0.5, 0.05) */
    for (int i = 0; i < 2; i++) {
        kinetic k = {MACRO, .n_v = 128, .input = 0.5, .noise = 0.05, .dt = 0.01, .refractory = states[i], .tau = 0.237};
        const double rate = 1 / (1 / 1.489200504227029 + k.tau);
        kinetic_run r = kinetic_prepare(&k);
        OK(r.context, npde_solver_set_density(r.solver, 0, kinetic_standing, &g, NULL));
        OK(r.context, npde_solver_set_past_rate(r.solver, 0, rate));
        OK(r.context, npde_solver_start(r.solver, 0));
        NEAR(reservoir(&r), rate * k.tau, 1e-15);
        for (int t = 1; t <= 5; t++) NEAR(kinetic_rate(&r, t), rate, 2e-7);
        NEAR(reservoir(&r), rate * k.tau, 1e-6);
        double found, eigenvalue[2];
        size_t n;
        OK(r.context, npde_macroscopic_steady(r.model, 20, &found, eigenvalue, 1, &n));
        ck_assert_uint_eq(n, 1);
        NEAR(found, rate, 1e-12);
        kinetic_free(&r);
    }
}
END_TEST

/*
 * Steady rates 1/(T + 1/κ + τ) of a step discharge; uncoupled, eigenvalues are the roots of 1 = e^{−λT} κ/(κ + λ) χ(λ), χ =
 * 1/(1 + λτ) or e^{−λτ}: the one found is a root, and Newton's method from all over the plane comes to none further right.
 */
static double complex characteristic(double complex lambda, double t, double kappa, double tau, int fixed)
{
    const double complex wait = fixed ? cexp(-lambda * tau) : 1 / (1 + lambda * tau);
    return 1 - cexp(-lambda * t) * kappa / (kappa + lambda) * wait;
}

START_TEST(macroscopic_steady_states)
{
    const double kappa = 10;
    random_stream s = {3};
    for (int i = 0; i < 8; i++) {
        kinetic k = {MACRO, .kappa = kappa, .refractory = states[i % 2], .tau = 0.1 + 0.15 * (i / 2)};
        k.input = 0.4 + 0.1 * (i / 2);
        const double a = 14.0 / 3 * k.input, b = 1 + k.input, t = log(a / (a - b)) / b;
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = kinetic_model(c, &k);
        double rate, eigenvalue[2];
        size_t n;
        OK(c, npde_macroscopic_steady(m, 20, &rate, eigenvalue, 1, &n));
        ck_assert_uint_eq(n, 1);
        NEAR(rate, 1 / (t + 1 / kappa + k.tau), 1e-12);
        const double complex leading = eigenvalue[0] + I * eigenvalue[1];
        ck_assert_double_le(cabs(characteristic(leading, t, kappa, k.tau, i % 2)), 1e-9);
        for (int trial = 0; trial < 200; trial++) {
            double complex z = random_between(&s, -12, 3) + I * random_between(&s, 0, 60);
            for (int j = 0; j < 60; j++) {
                const double complex f = characteristic(z, t, kappa, k.tau, i % 2), e = 1e-6;
                z -= f * 2 * e /
                     (characteristic(z + e, t, kappa, k.tau, i % 2) - characteristic(z - e, t, kappa, k.tau, i % 2));
            }
            const int root = cabs(characteristic(z, t, kappa, k.tau, i % 2)) < 1e-10 && cabs(z) > 1e-4;
            if (root) ck_assert_double_le(creal(z), creal(leading) + 1e-6);
        }
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

/* A network that leaves its steady state does so at the rate of the leading eigenvalue. */
START_TEST(growth_at_the_leading_eigenvalue)
{
    for (int i = 0; i < 2; i++) {
        kinetic k = {MACRO, .n_v = 800, .v_end = 3, .kappa = 10, .input = 0.3, .strength = 0.1, .dt = 1e-3};
        k.refractory = states[i];
        k.tau = 0.1;
        double rate, eigenvalue[2], y[4], before = 0;
        size_t n;
        kinetic_run r = kinetic_prepare(&k);
        OK(r.context, npde_macroscopic_steady(r.model, 9.9, &rate, eigenvalue, 1, &n));
        ck_assert_uint_eq(n, 1);
        double g = 0.3 + 0.1 * rate * (1 + 1e-5);
        OK(r.context, npde_solver_set_density(r.solver, 0, kinetic_firing_at_ten, &g, NULL));
        OK(r.context, npde_solver_set_past_rate(r.solver, 0, rate));
        ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
        /* x = c + Re(A e^{λt}) at equal times: its differences obey y'' = 2 e^{aΔ} cos(bΔ) y' − e^{2aΔ} y. */
        const double gap = 1.2 / eigenvalue[1];
        for (int j = 0; j < 5; j++) {
            const double x = kinetic_rate(&r, 8 + j * gap);
            if (j > 0) y[j - 1] = x - before;
            before = x;
        }
        const double det = y[0] * y[2] - y[1] * y[1], square = (y[1] * y[3] - y[2] * y[2]) / det;
        const double twice = (y[0] * y[3] - y[1] * y[2]) / det, growth = log(square) / (2 * gap);
        NEAR(growth, eigenvalue[0], 0.06);
        NEAR(acos(twice / (2 * sqrt(square))) / gap, eigenvalue[1], 0.04);
        kinetic_free(&r);
    }
}
END_TEST

/* Of three steady states the one between the others is unstable, by a real eigenvalue, however large. */
START_TEST(middle_states_are_unstable)
{
    for (int i = 0; i < 12; i++) {
        kinetic k = {MACRO, .kappa = 10, .input = 0.1, .noise = 0.01, .tau = 0.1};
        k.strength = 0.45 + 0.05 * i;
        k.refractory = i % 3 ? states[i % 3 - 1] : 0;
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = kinetic_model(c, &k);
        double rates[4], eigenvalues[8];
        size_t n;
        OK(c, npde_macroscopic_steady(m, 15, rates, eigenvalues, 4, &n));
        ck_assert_uint_eq(n, 3);
        ck_assert_double_gt(eigenvalues[2], 1);
        ck_assert_double_eq(eigenvalues[3], 0);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

/* ---- limits and orders ---- */

/* On a fixed grid and at a fixed step the kinetic solution tends to the macroscopic one like ε. */
START_TEST(kinetic_tends_to_macroscopic)
{
    static const double t[] = {0.5, 1, 2};
    for (int i = 0; i < 2; i++) {
        kinetic macro = {MACRO, .n_v = 64, .kappa = 10, .input = 0.5, .noise = 0.05, .strength = 0.1, .dt = 0.005};
        macro.refractory = states[i];
        macro.tau = 0.12;
        kinetic_run limit = kinetic_start(&macro);
        double exact[3];
        for (int j = 0; j < 3; j++) exact[j] = kinetic_rate(&limit, t[j]);
        kinetic_free(&limit);
        for (int e = 2; e <= 8; e += 2) {
            kinetic k = macro;
            k.kind = NPDE_MODEL_REDUCED_KINETIC;
            k.n_g = 72;
            k.g_end = 2.4;
            k.sigma = pow(10, -e);
            kinetic_run r = kinetic_start(&k);
            double error = 0;
            for (int j = 0; j < 3; j++) error = fmax(error, fabs(kinetic_rate(&r, t[j]) - exact[j]));
            ck_assert_msg(error <= 300 * k.sigma, "epsilon 1e-%d: off by %.3e", e, error);
            kinetic_free(&r);
        }
    }
}
END_TEST

/* In the rate and in the mass that waits; τ a multiple of the steps, and not. */
START_TEST(order_two_in_time)
{
    for (int i = 0; i < 4; i++) {
        double rate[4], held[4];
        for (int j = 0; j < 4; j++) {
            kinetic k = {FULL, .strength = 0.05, .refractory = states[i % 2], .dt = j < 3 ? 0.02 / (1 << j) : 0.000625};
            k.n_v = 256;
            k.n_g = 24;
            k.mean = 0.5;
            k.variance = 0.02;
            k.tau = i < 2 ? 0.2 : 0.1777;
            kinetic_run r = kinetic_start(&k);
            rate[j] = kinetic_rate(&r, 0.9);
            held[j] = reservoir(&r);
            kinetic_free(&r);
        }
        const double coarse = fabs(held[0] - held[3]), fine = fabs(held[2] - held[3]);
        ck_assert_double_le(coarse, 4e-4);
        NEAR(log2(coarse / fine) / 2, 2, 0.25);
        ck_assert_double_le(fabs(rate[0] - rate[3]), 5e-4);
        ck_assert_double_le(fabs(rate[2] - rate[3]), 3e-5);
    }
}
END_TEST

/* Steps cut at random, so that parcels are shared and split: the same solution to second order. */
START_TEST(steps_cut_short)
{
    random_stream s = {5};
    for (int i = 0; i < 2; i++) {
        kinetic k = {FULL, .strength = 0.05, .refractory = states[i], .tau = 0.1777, .dt = 0.005};
        kinetic_run r = kinetic_start(&k), cut = kinetic_start(&k);
        double t = 0;
        while (t < 0.9)
            OK(cut.context, npde_solver_step(cut.solver, fmin(0.9, t + random_between(&s, 1e-4, 0.008)), &t));
        NEAR(kinetic_rate(&cut, 1), kinetic_rate(&r, 1), 4e-4);
        NEAR(reservoir(&cut), reservoir(&r), 5e-5);
        ck_assert_double_le(kinetic_stat(&cut, NPDE_STAT_MASS_DEFECT), 1e-12);
        kinetic_free(&r);
        kinetic_free(&cut);
    }
}
END_TEST

/* A refractory time far shorter than the step is none; one without an end empties the population into the reservoir. */
START_TEST(extreme_times)
{
    kinetic k = {FULL, .dt = 0.005};
    kinetic_run plain = kinetic_start(&k);
    k.refractory = NPDE_REFRACTORY_EXPONENTIAL;
    k.tau = 1e-9;
    kinetic_run brief = kinetic_start(&k);
    NEAR(kinetic_rate(&brief, 1), kinetic_rate(&plain, 1), 1e-4);
    k.tau = 1e12;
    kinetic_run endless = kinetic_start(&k);
    kinetic_rate(&endless, 40);
    ck_assert_double_ge(reservoir(&endless), 0.99);
    ck_assert_double_le(kinetic_stat(&endless, NPDE_STAT_MASS_DEFECT), 1e-12);
    kinetic_free(&plain);
    kinetic_free(&brief);
    kinetic_free(&endless);
}
END_TEST

/* ---- what the schemes keep ---- */

START_TEST(mass_over_many_steps)
{
    const int steps = (int)(1e5 * test_scale());
    for (int i = 0; i < 8; i++) {
        kinetic k = {FULL, .strength = 0.1, .dt = 0.01, .refractory = states[i % 2], .tau = 0.073};
        k.n_v = k.n_g = 12;
        k.g_scheme = i / 2 < 3 ? NPDE_SCHEME_CELLS : NPDE_SCHEME_SPECTRAL;
        k.v_scheme = i / 2 < 3 ? NPDE_SCHEME_CELLS + i / 2 : NPDE_SCHEME_CELLS;
        if (i / 2 == 1) {
            k.kind = NPDE_MODEL_REDUCED_KINETIC;
            k.kappa = 10;
        }
        kinetic_run r = kinetic_start(&k);
        double worst = 0;
        for (int part = 1; part <= 10; part++) {
            const double rate = kinetic_rate(&r, 0.001 * steps * part);
            worst = fmax(worst, kinetic_stat(&r, NPDE_STAT_MASS_DEFECT));
            if (part == 10) NEAR(reservoir(&r), rate * k.tau, 1e-3 * (1 + 100 * (steps < 20000)));
        }
        ck_assert_msg(worst <= 1e-12, "scheme %d: mass defect %.2e", i, worst);
        ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_ROUNDING) / steps, 1e-14);
        kinetic_free(&r);
    }
}
END_TEST

/* No negative density, waiting or not, in the schemes that promise it, for random parameters, data and steps. */
START_TEST(positivity)
{
    random_stream s = {43};
    const int trials = (int)(60 * test_scale()) + 8;
    for (int i = 0; i < trials; i++) {
        kinetic k = {FULL, .refractory = states[i % 2]};
        k.g_end = 3;
        k.kind = i % 3 == 2 ? NPDE_MODEL_REDUCED_KINETIC : NPDE_MODEL_VOLTAGE_CONDUCTANCE;
        k.g_scheme = NPDE_SCHEME_CELLS;
        k.v_scheme = i % 4 < 2 ? NPDE_SCHEME_CELLS_LIMITED : NPDE_SCHEME_CELLS_UPWIND;
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
        k.tau = exp(random_between(&s, -5, 0));
        kinetic_run r = kinetic_start(&k);
        double t = 0;
        for (int step = 0; step < 60; step++) {
            const double limit = step % 3 ? 1e9 : t + k.dt * random_between(&s, 0.05, 1);
            const npde_status status = npde_solver_step(r.solver, limit, &t);
            ck_assert_msg(status >= 0, "%s", npde_context_error(r.context));
            ck_assert_double_ge(kinetic_stat(&r, NPDE_STAT_MIN_DENSITY), 0);
            ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
            ck_assert_double_ge(reservoir(&r), 0);
        }
        kinetic_free(&r);
    }
}
END_TEST

/* Two that do not act on each other, with refractory states of different kinds, are two alone. */
START_TEST(populations_have_their_own)
{
    const double t = 0.7;
    double rates[2], held[2];
    kinetic k = {FULL, .dt = 0.005, .refractory = NPDE_REFRACTORY_FIXED, .tau = 0.1777};
    kinetic_run r = kinetic_prepare(&k);
    npde_model *pair;
    npde_solver *solver;
    OK(r.context, npde_model_new(r.context, NPDE_MODEL_VOLTAGE_CONDUCTANCE, 2, &pair));
    const npde_id params[] = {NPDE_PARAM_V_RESET,           NPDE_PARAM_V_THRESHOLD,
                              NPDE_PARAM_V_EXCITATORY,      NPDE_PARAM_CONDUCTANCE_TIME,
                              NPDE_PARAM_CONDUCTANCE_INPUT, NPDE_PARAM_CONDUCTANCE_DIFFUSION};
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
        double value;
        OK(r.context, npde_model_get(r.model, 0, params[i], &value));
        OK(r.context, npde_model_set(pair, NPDE_ALL, params[i], value));
    }
    for (size_t p = 0; p < 2; p++) {
        OK(r.context, npde_model_set(pair, p, NPDE_PARAM_REFRACTORY, states[p]));
        OK(r.context, npde_model_set(pair, p, NPDE_PARAM_REFRACTORY_TIME, p ? 0.1777 : 0.3));
    }
    OK(r.context, npde_solver_new(pair, r.grid, NPDE_METHOD_STRANG, &solver));
    OK(r.context, npde_solver_set(solver, NPDE_OPTION_DT, k.dt));
    OK(r.context, npde_solver_set_gaussian(solver, NPDE_ALL, k.mean, k.variance));
    OK(r.context, npde_solver_start(solver, 0));
    OK(r.context, npde_solver_sample(solver, &t, 1, rates));
    OK(r.context, npde_solver_reservoirs(solver, held, 2));
    for (size_t p = 0; p < 2; p++) {
        k.refractory = states[p];
        k.tau = p ? 0.1777 : 0.3;
        kinetic_run alone = kinetic_start(&k);
        NEAR(rates[p], kinetic_rate(&alone, t), 1e-12);
        NEAR(held[p], reservoir(&alone), 1e-12);
        kinetic_free(&alone);
    }
    npde_solver_free(solver);
    npde_model_free(pair);
    kinetic_free(&r);
}
END_TEST

static int32_t increasing_mean(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean,
                               void *user)
{
    (void)t, (void)pop, (void)rate, (void)user;
    for (size_t i = 0; i < n; i++) g_mean[i] += 0.3 * (v[i] - 0.5);
    return 0;
}

/* With G(v) those who wait relax to G(V_R): in the steady state the mean conductance of all obeys ⟨G⟩ − ⟨g⟩ + a q(0) = 0. */
/* With a short grid beyond V_F many fire at its end: they count like all others, and those who wait are N τ. */
START_TEST(firing_at_the_end_of_the_grid)
{
    for (int i = 0; i < 2; i++) {
        kinetic k = {.kind = i ? NPDE_MODEL_MACROSCOPIC : NPDE_MODEL_REDUCED_KINETIC,
                     .g_scheme = NPDE_SCHEME_CELLS,
                     .n_v = 64,
                     .n_g = 48,
                     .v_end = 1.2,
                     .g_end = 2.3,
                     .sigma = 0.25,
                     .input = 0.5,
                     .noise = 0.05,
                     .kappa = 5,
                     .mean = 0.4,
                     .variance = 0.0025,
                     .refractory = NPDE_REFRACTORY_EXPONENTIAL,
                     .tau = 0.2,
                     .dt = 0.0025};
        kinetic_run r = kinetic_start(&k);
        const double rate = kinetic_rate(&r, 12);
        NEAR(reservoir(&r) / k.tau, rate, 1e-3 * rate);
        ck_assert_double_ge(kinetic_stat(&r, NPDE_STAT_TAIL_MASS), 1e-3);
        kinetic_free(&r);
    }
}
END_TEST

static int32_t more_at_reset(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean,
                             void *user)
{
    (void)t, (void)pop, (void)rate, (void)user;
    for (size_t i = 0; i < n; i++) g_mean[i] += v[i] == 0 ? 1 : 0; /* no cell has its centre there */
    return 0;
}

/* Who waits long relaxes to G(V_R), and fires the sooner: the conductance of those who move is everywhere the same. */
START_TEST(who_waits_relaxes_to_the_conductance_at_reset)
{
    double rate[2];
    for (int more = 0; more < 2; more++) {
        kinetic k = {FULL, .dt = 0.005, .refractory = states[0], .tau = 1};
        k.g_scheme = NPDE_SCHEME_CELLS;
        k.n_v = k.n_g = 64;
        k.g_end = 3.5;
        kinetic_run r = kinetic_prepare(&k);
        if (more) OK(r.context, npde_model_set_conductance(r.model, more_at_reset, NULL, NULL));
        ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
        rate[more] = kinetic_rate(&r, 8);
        kinetic_free(&r);
    }
    /* In a mean time of 1 it comes to 0.5 + 1/(1 + σ/τ) = 1.3 on average, which makes the way to V_F twice as fast. */
    ck_assert_double_ge(1 / rate[0] - 1, 1.5 * (1 / rate[1] - 1));
}
END_TEST

START_TEST(conductance_callback)
{
    for (int i = 0; i < 2; i++) {
        double mean[2];
        for (int waits = 0; waits < 2; waits++) {
            kinetic k = {FULL, .dt = 0.005, .refractory = waits ? states[i] : 0, .tau = 0.3};
            double v, g;
            k.g_scheme = NPDE_SCHEME_CELLS;
            k.n_v = k.n_g = 64;
            kinetic_run r = kinetic_prepare(&k);
            OK(r.context, npde_model_set_conductance(r.model, increasing_mean, NULL, NULL));
            ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
            const double rate = kinetic_rate(&r, 8);
            kinetic_means(&r, &v, &g, NULL);
            if (waits) NEAR(reservoir(&r), rate * k.tau, 2e-6);
            ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
            mean[waits] = rate;
            kinetic_free(&r);
        }
        ck_assert_double_le(mean[1], 1 / (1 / mean[0] + 0.3)); /* slower than by the pause: G(V_R) is the lowest G */
        ck_assert_double_ge(mean[1], 0.7 / (1 / mean[0] + 0.3));
    }
}
END_TEST

MAIN("kinetic refractory", who_waits_relaxes_to_the_conductance_at_reset, firing_at_the_end_of_the_grid, steady_rates,
     fast_voltage, slow_conductance_tends_to_fast_voltage, macroscopic_threshold, macroscopic_steady_states,
     growth_at_the_leading_eigenvalue, middle_states_are_unstable, kinetic_tends_to_macroscopic, order_two_in_time,
     steps_cut_short, extreme_times, mass_over_many_steps, positivity, populations_have_their_own, conductance_callback)
