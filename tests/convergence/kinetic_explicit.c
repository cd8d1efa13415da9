/* SPDX-License-Identifier: BSD-3-Clause
 * Implicit–explicit methods for the kinetic kinds: another discretisation in time and in v than Strang's splitting, so each is
 * a check of the other; orders in time; where they are refused. */
#include "kinetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FULL                                                                                                 \
    .kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE, .n_v = 64, .n_g = 44, .g_end = 2.2, .sigma = 0.25, .input = 0.5, \
    .noise = 0.05, .strength = 0.1, .noisy = 0.01, .mean = 0.4, .variance = 0.01, .v_end = 1.5

static kinetic variant(int i)
{
    kinetic k = {FULL};
    if (i == 1) k.kind = NPDE_MODEL_REDUCED_KINETIC;
    if (i == 1) k.kappa = 10;
    if (i == 2) k.refractory = NPDE_REFRACTORY_EXPONENTIAL;
    k.tau = 0.2;
    if (i == 3) k.g_scheme = NPDE_SCHEME_SPECTRAL;
    if (i == 3) k.n_g = 16;
    if (i == 4) k.delay = 0.15;
    return k;
}

/* Transient, and steady at last: the distance, the error of explicit fluxes of the third order, falls as both refine. */
START_TEST(agrees_with_splitting)
{
    static const double t[] = {0.3, 1, 6};
    for (int i = 0; i < (test_scale() < 1 ? 1 : 5); i++) {
        double distance[2][3];
        for (int fine = 0; fine < 2; fine++) {
            kinetic k = variant(i);
            k.n_v = fine ? 96 : 48;
            k.dt = fine ? 0.0005 : 0.002;
            kinetic_run split = kinetic_start(&k);
            k.dt = fine ? 0.001 : 0.002;
            k.method = NPDE_METHOD_ARK4;
            kinetic_run r = kinetic_start(&k);
            for (int j = 0; j < 3; j++) {
                double v[2], g[2];
                distance[fine][j] = fabs(kinetic_rate(&r, t[j]) - kinetic_rate(&split, t[j]));
                kinetic_means(&r, &v[0], &g[0], NULL);
                kinetic_means(&split, &v[1], &g[1], NULL);
                NEAR(v[0], v[1], fine ? 4e-5 : 2e-4);
                NEAR(g[0], g[1], fine ? 4e-5 : 1e-4);
            }
            ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
            kinetic_free(&r);
            kinetic_free(&split);
        }
        for (int j = 0; j < 3; j++) {
            ck_assert_msg(distance[1][j] <= 4e-4, "variant %d, t = %g: %.2e apart", i, t[j], distance[1][j]);
            ck_assert_msg(distance[1][j] <= 0.5 * distance[0][j] + 8e-6, "variant %d, t = %g: %.2e, then %.2e apart", i,
                          t[j], distance[0][j], distance[1][j]);
        }
    }
}
END_TEST

/* On a grid of the library's own, with cells of several widths; V_R inside, where the density jumps. */
START_TEST(cells_of_several_widths)
{
    const double t[] = {0.5, 3};
    double rates[2][2];
    for (int i = 0; i < 2; i++) {
        kinetic k = {FULL};
        npde_context *c;
        npde_grid *grid;
        npde_solver *s;
        OK(c, npde_context_new(&c));
        npde_model *m = kinetic_model(c, &k);
        OK(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, 0.25));
        OK(c, npde_grid_new_for(m, NPDE_SCHEME_CELLS, 64, &grid));
        OK(c, npde_solver_new(m, grid, i ? NPDE_METHOD_ARK4 : NPDE_METHOD_STRANG, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, i ? 0 : 0.001));
        OK(c, npde_solver_set_gaussian(s, 0, 0.5, 0.01));
        ck_assert_int_ge(npde_solver_start(s, 0), 0);
        OK(c, npde_solver_sample(s, t, 2, rates[i]));
        npde_solver_free(s);
        npde_grid_free(grid);
        npde_model_free(m);
        npde_context_free(c);
    }
    for (int j = 0; j < 2; j++) NEAR(rates[1][j], rates[0][j], 1.5e-4);
}
END_TEST

START_TEST(orders_in_time)
{
    static const struct {
        npde_id method;
        double order, dt, slack;
    } row[] = {{NPDE_METHOD_IMEX_EULER, 1, 0.001, 0.1},
               {NPDE_METHOD_ARS222, 2, 0.004, 0.15},
               {NPDE_METHOD_ARS443, 3, 0.005, 0.3},
               {NPDE_METHOD_ARK4, 4, 0.006, 0.4}};
    for (int i = 0; i < 3; i++)
        for (size_t j = 0; j < 4; j++) {
            double rate[3];
            for (int fine = 0; fine < 3; fine++) {
                kinetic k = variant(i);
                k.n_v = 16;
                k.method = row[j].method;
                k.dt = row[j].dt / (1 << fine);
                if (row[j].order == 1) k.v_scheme = NPDE_SCHEME_CELLS_UPWIND;
                kinetic_run r = kinetic_start(&k);
                rate[fine] = kinetic_rate(&r, 0.4);
                kinetic_free(&r);
            }
            const double order = log2(fabs((rate[0] - rate[1]) / (rate[1] - rate[2])));
            ck_assert_msg(order > row[j].order - row[j].slack,
                          "variant %d, method %d: order %g, rates %.12f %.12f %.12f", i, (int)row[j].method, order,
                          rate[0], rate[1], rate[2]);
        }
}
END_TEST

/* ARK4 chooses its steps, none longer than the stable one. */
START_TEST(adaptive_steps)
{
    for (int i = 0; i < 3; i++) {
        kinetic k = variant(i);
        k.n_v = 24;
        k.method = NPDE_METHOD_ARK4;
        k.dt = 5e-4;
        kinetic_run exact = kinetic_start(&k);
        const double rate = kinetic_rate(&exact, 1);
        k.dt = 0;
        for (k.rtol = 1e-4; k.rtol > 1e-9; k.rtol /= 100) {
            kinetic_run r = kinetic_start(&k);
            NEAR(kinetic_rate(&r, 1), rate, 20 * k.rtol);
            ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_STEP_SIZE), 0.02);
            kinetic_free(&r);
        }
        kinetic_free(&exact);
    }
}
END_TEST

/* The longest step that the text of a refusal tells. */
static double longest(const kinetic *k)
{
    kinetic too_long = *k;
    too_long.dt = 1e3;
    kinetic_run r = kinetic_prepare(&too_long);
    ANSWERS(r.context, NPDE_ERR_RANGE, npde_solver_start(r.solver, 0));
    const char *text = strstr(npde_context_error(r.context), "is more than ");
    ck_assert_ptr_nonnull(text);
    const double dt = strtod(text + strlen("is more than "), NULL);
    kinetic_free(&r);
    return dt;
}

/* For random parameters: stable at the longest step, mass kept; Euler's method with upwind cells positive. */
START_TEST(stable_up_to_the_limit)
{
    static const npde_id methods[] = {NPDE_METHOD_IMEX_EULER, NPDE_METHOD_ARS222, NPDE_METHOD_ARS443, NPDE_METHOD_ARK4};
    random_stream s = {11};
    const int trials = (int)(80 * test_scale()) + 12;
    for (int i = 0; i < trials; i++) {
        kinetic k = variant(i % 3);
        k.method = methods[i % 4];
        k.v_scheme = i % 4 == 0 || i % 5 == 0 ? NPDE_SCHEME_CELLS_UPWIND : NPDE_SCHEME_CELLS;
        k.n_v = (size_t)(2 * (int)random_between(&s, 4, 20));
        k.n_g = (size_t)random_between(&s, 22, 40);
        k.sigma = exp(random_between(&s, -5, 2));
        k.input = random_between(&s, 0, 1);
        k.noise = exp(random_between(&s, -5, -1));
        k.strength = random_between(&s, -0.1, 0.1);
        k.noisy = random_between(&s, 0, 0.01);
        k.tau = exp(random_between(&s, -5, 0));
        k.dt = 0.9999 * longest(&k);
        kinetic_run r = kinetic_start(&k);
        double v, g;
        kinetic_rate(&r, 400 * k.dt);
        kinetic_means(&r, &v, &g, NULL);
        ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
        ck_assert_msg(v > 0 && v < k.v_end && g > 0 && g < k.g_end, "trial %d: means %g, %g", i, v, g);
        const double least = kinetic_stat(&r, NPDE_STAT_MIN_DENSITY);
        if (i % 4 == 0) ck_assert_double_ge(least, 0);
        else ck_assert_double_ge(least, -10);
        kinetic_free(&r);
    }
}
END_TEST

static int32_t same(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean, void *user)
{
    (void)t, (void)pop, (void)n, (void)v, (void)rate, (void)g_mean, (void)user;
    return 0;
}

static void refuse(const kinetic *k, npde_status status, int callback, const char *one, const char *two)
{
    kinetic_run r = kinetic_prepare(k);
    if (callback) OK(r.context, npde_model_set_conductance(r.model, same, NULL, NULL));
    ANSWERS(r.context, status, npde_solver_start(r.solver, 0));
    ck_assert_msg(strstr(npde_context_error(r.context), one) && strstr(npde_context_error(r.context), two),
                  "no \"%s\" or \"%s\" in: %s", one, two, npde_context_error(r.context));
    kinetic_free(&r);
}

START_TEST(what_is_refused)
{
    kinetic k = {FULL, .method = NPDE_METHOD_ARS222, .dt = 0.01}, other = k;
    refuse(&k, NPDE_ERR_RANGE, 0, "dt = 0.01 is more than 0.0013", "ars222");
    k.dt = 1e-3;
    refuse(&k, NPDE_ERR_UNSUPPORTED, 1, "callback", "strang");
    other = k;
    other.v_scheme = NPDE_SCHEME_CELLS_LIMITED;
    refuse(&other, NPDE_ERR_UNSUPPORTED, 0, "cells_limited", "strang");
    other = k;
    other.refractory = NPDE_REFRACTORY_FIXED;
    other.tau = 0.1;
    refuse(&other, NPDE_ERR_UNSUPPORTED, 0, "fixed refractory time", "strang");
    other.method = NPDE_METHOD_ARK4;
    other.dt = 0;
    refuse(&other, NPDE_ERR_UNSUPPORTED, 0, "fixed refractory time", "strang");
    other = k;
    other.method = NPDE_METHOD_IMEX_EULER;
    refuse(&other, NPDE_ERR_UNSUPPORTED, 0, "first order", "cells_upwind");
    other.method = NPDE_METHOD_SBDF2;
    refuse(&other, NPDE_ERR_UNSUPPORTED, 0, "sbdf2", "strang");
    other = k;
    other.kind = NPDE_MODEL_MACROSCOPIC;
    other.kappa = 10;
    refuse(&other, NPDE_ERR_UNSUPPORTED, 0, "one variable", "ars222");
    other.kind = NPDE_MODEL_FAST_VOLTAGE;
    other.kappa = 0;
    refuse(&other, NPDE_ERR_UNSUPPORTED, 0, "one variable", "ars222");
}
END_TEST

/* Restored runs go on as they would have, bit for bit. */
START_TEST(snapshots)
{
    kinetic k = variant(2);
    k.n_v = 16;
    k.method = NPDE_METHOD_ARK4;
    k.rtol = 1e-5;
    kinetic_run r = kinetic_start(&k), other = kinetic_start(&k);
    size_t need, n;
    kinetic_rate(&r, 0.123);
    OK(r.context, npde_solver_save(r.solver, NULL, 0, &need));
    void *bytes = malloc(need);
    OK(r.context, npde_solver_save(r.solver, bytes, need, &need));
    const double rate = kinetic_rate(&r, 0.4), *first, *second;
    OK(other.context, npde_solver_restore(other.solver, bytes, need));
    ck_assert_double_eq(kinetic_rate(&other, 0.4), rate);
    OK(r.context, npde_solver_state_view(r.solver, 0, &first, &n));
    OK(other.context, npde_solver_state_view(other.solver, 0, &second, &n));
    ck_assert_int_eq(memcmp(first, second, n * sizeof *first), 0);
    free(bytes);
    kinetic_free(&r);
    kinetic_free(&other);
}
END_TEST

MAIN("kinetic explicit", agrees_with_splitting, cells_of_several_widths, orders_in_time, adaptive_steps,
     stable_up_to_the_limit, what_is_refused, snapshots)
