/* SPDX-License-Identifier: BSD-3-Clause
 * The kinetic kinds at the interface: what is refused and how, callbacks that fail, memory that runs out, snapshots. */
#include "kinetic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const kinetic full = {.kind = NPDE_MODEL_VOLTAGE_CONDUCTANCE,
                             .n_v = 16,
                             .n_g = 22,
                             .g_end = 2.2,
                             .sigma = 0.25,
                             .input = 0.5,
                             .noise = 0.05,
                             .strength = 0.1,
                             .delay = 0.03,
                             .mean = 0.4,
                             .variance = 0.01,
                             .dt = 0.01};

/* The call is refused with this status, and the text holds both words. */
#define REFUSED(c, status, call, one, two)                                                      \
    do {                                                                                        \
        ANSWERS(c, status, call);                                                               \
        ck_assert_msg(strstr(npde_context_error(c), one) && strstr(npde_context_error(c), two), \
                      "no \"%s\" or \"%s\" in: %s", one, two, npde_context_error(c));           \
    } while (0)

/* A start on a grid that does not fit says what is wrong with it. */
static void refuse_grid(const kinetic *k, npde_id scheme, size_t n, const double *v_breaks, const size_t *v_cells,
                        size_t n_g, const double *g_breaks, const char *one, const char *two)
{
    kinetic_run r = kinetic_prepare(k);
    npde_grid *v, *g, *product;
    npde_solver *s;
    const size_t g_cells[] = {6, 6, 6};
    OK(r.context, npde_grid_new(r.context, scheme, v_breaks, n, v_cells, &v));
    OK(r.context, npde_grid_new(r.context, NPDE_SCHEME_CELLS, g_breaks, n_g, g_cells, &g));
    OK(r.context, npde_grid_new_product(v, g, &product));
    OK(r.context, npde_solver_new(r.model, product, NPDE_METHOD_STRANG, &s));
    OK(r.context, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
    OK(r.context, npde_solver_set_gaussian(s, 0, 0.4, 0.01));
    REFUSED(r.context, NPDE_ERR_GRID, npde_solver_start(s, 0), one, two);
    npde_solver_free(s);
    npde_grid_free(v);
    npde_grid_free(g);
    npde_grid_free(product);
    kinetic_free(&r);
}

START_TEST(grids_that_do_not_fit)
{
    const double v[] = {0, 1}, wide[] = {0, 1, 1.2}, g[] = {0, 3.0 / 11, 2}, no_threshold[] = {0, 0.5, 2},
                 shifted[] = {0.1, 3.0 / 11, 2};
    const double late[] = {-0.5, 0, 1};
    const size_t eight[] = {8, 8, 8}, three[] = {3}, proportional[] = {10, 2}, late_cells[] = {4, 8};
    refuse_grid(&full, NPDE_SCHEME_FINITE_VOLUME, 2, v, eight, 3, g, "cells", "equal");
    refuse_grid(&full, NPDE_SCHEME_CELLS, 2, v, three, 3, g, "at least 4", "equal within each segment");
    refuse_grid(&full, NPDE_SCHEME_CELLS, 3, wide, proportional, 3, g, "end at v_threshold", "1");
    refuse_grid(&full, NPDE_SCHEME_CELLS, 3, late, late_cells, 3, g, "begin at v_leak", "-0.5");
    refuse_grid(&full, NPDE_SCHEME_CELLS, 2, v, eight, 3, no_threshold, "g_F", "0.2727");
    refuse_grid(&full, NPDE_SCHEME_CELLS, 2, v, eight, 3, shifted, "axis g", "must begin at 0");
    kinetic k = full;
    k.kind = NPDE_MODEL_REDUCED_KINETIC;
    k.kappa = 10;
    refuse_grid(&k, NPDE_SCHEME_CELLS, 2, v, eight, 3, g, "beyond v_threshold", "v_excitatory");
}
END_TEST

START_TEST(products)
{
    kinetic_run r = kinetic_prepare(&full);
    npde_context *other;
    npde_grid *foreign, *product, *line;
    const double breaks[] = {0, 1};
    const size_t cells[] = {4};
    double x[64];
    ck_assert_uint_eq(npde_grid_axes(r.grid), 2);
    ck_assert_uint_eq(npde_grid_size(r.grid, 0), 16);
    ck_assert_uint_eq(npde_grid_size(r.grid, 1), 22);
    ck_assert_uint_eq(npde_grid_size(r.grid, 2), 0);
    OK(r.context, npde_grid_points(r.grid, 1, x, 22));
    NEAR(x[0], 3.0 / 11 / 3 / 2, 1e-15); /* the centre of the first of three cells below g_F */
    REFUSED(r.context, NPDE_ERR_SIZE, npde_grid_points(r.grid, 2, x, 22), "axis = 2", "0 or 1");
    REFUSED(r.context, NPDE_ERR_GRID, npde_grid_new_product(r.grid, r.v, &product), "product", "one axis");
    REFUSED(r.context, NPDE_ERR_NULL, npde_grid_new_product(r.v, r.g, NULL), "out", "NULL");
    ck_assert_int_eq(npde_grid_new_product(NULL, r.g, &product), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_grid_new_product(r.v, NULL, &product), NPDE_ERR_NULL);
    OK(other, npde_context_new(&other));
    OK(other, npde_grid_new(other, NPDE_SCHEME_CELLS, breaks, 2, cells, &foreign));
    REFUSED(r.context, NPDE_ERR_STATE, npde_grid_new_product(r.v, foreign, &product), "same context", "v");
    npde_grid_free(foreign);
    npde_context_free(other);
    /* The axes may go first; what the solver was given stays. */
    npde_grid_free(r.v);
    r.v = NULL;
    ck_assert_uint_eq(npde_grid_size(r.grid, 0), 16);
    /* A product is none for LIF, and neither are cells; a line is none for the full equation. */
    npde_model *lif;
    npde_solver *s;
    OK(r.context, npde_model_new(r.context, NPDE_MODEL_LIF, 1, &lif));
    OK(r.context, npde_grid_new(r.context, NPDE_SCHEME_CELLS, breaks, 2, cells, &line));
    npde_grid *const wrong[] = {r.grid, line};
    for (int i = 0; i < 2; i++) {
        OK(r.context, npde_solver_new(lif, wrong[i], NPDE_METHOD_TR_BDF2, &s));
        OK(r.context, npde_solver_set_gaussian(s, 0, 0, 0.1));
        REFUSED(r.context, NPDE_ERR_GRID, npde_solver_start(s, 0), "lif", "spectral");
        npde_solver_free(s);
    }
    OK(r.context, npde_solver_new(r.model, line, NPDE_METHOD_STRANG, &s));
    OK(r.context, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
    OK(r.context, npde_solver_set_gaussian(s, 0, 0.4, 0.1));
    REFUSED(r.context, NPDE_ERR_GRID, npde_solver_start(s, 0), "voltage_conductance", "product");
    npde_solver_free(s);
    npde_grid_free(line);
    npde_model_free(lif);
    kinetic_free(&r);
}
END_TEST

START_TEST(combinations)
{
    kinetic_run r = kinetic_start(&full);
    npde_solver *s;
    double value;
    OK(r.context, npde_solver_new(r.model, r.grid, NPDE_METHOD_RODAS5P, &s));
    OK(r.context, npde_solver_set_gaussian(s, 0, 0.4, 0.01));
    REFUSED(r.context, NPDE_ERR_UNSUPPORTED, npde_solver_start(s, 0), "rodas5p", "strang");
    npde_solver_free(s);
    OK(r.context, npde_solver_new(r.model, r.grid, NPDE_METHOD_STRANG, &s));
    OK(r.context, npde_solver_set_gaussian(s, 0, 0.4, 0.01));
    REFUSED(r.context, NPDE_ERR_UNSUPPORTED, npde_solver_start(s, 0), "strang", "dt");
    npde_solver_free(s);
    REFUSED(r.context, NPDE_ERR_UNSUPPORTED, npde_model_set(r.model, 0, NPDE_PARAM_DRIVE, 1), "voltage_conductance",
            "drive");
    REFUSED(r.context, NPDE_ERR_UNSUPPORTED, npde_model_get(r.model, 0, NPDE_PARAM_DIFFUSION, &value),
            "voltage_conductance", "diffusion");
    OK(r.context, npde_model_set_drift(r.model, NULL, NULL, NULL)); /* to take away what is not there is no mistake */
    size_t n;
    REFUSED(r.context, NPDE_ERR_UNSUPPORTED, npde_macroscopic_steady(r.model, 1, &value, NULL, 1, &n), "macroscopic",
            "voltage_conductance");
    /* The run that was there is as it was. */
    ck_assert_double_ge(kinetic_rate(&r, 0.1), 0);
    kinetic_free(&r);
}
END_TEST

static void refuse_start(npde_id param, double value, npde_id kind, const char *one, const char *two)
{
    kinetic k = full;
    k.kind = kind;
    if (kind == NPDE_MODEL_REDUCED_KINETIC) k.kappa = 10;
    kinetic_run r = kinetic_start(&k);
    const double rate = kinetic_rate(&r, 0.1);
    OK(r.context, npde_model_set(r.model, 0, param, value));
    REFUSED(r.context, NPDE_ERR_RANGE, npde_solver_start(r.solver, 0), one, two);
    double now;
    OK(r.context, npde_solver_rates(r.solver, &now, 1));
    ck_assert_double_eq(now, rate);
    kinetic_free(&r);
}

START_TEST(parameters_that_do_not_fit)
{
    refuse_start(NPDE_PARAM_V_EXCITATORY, 0.9, NPDE_MODEL_VOLTAGE_CONDUCTANCE, "v_threshold = 1", "v_excitatory = 0.9");
    refuse_start(NPDE_PARAM_V_LEAK, 0.5, NPDE_MODEL_VOLTAGE_CONDUCTANCE, "v_reset = 0", "v_leak = 0.5");
    refuse_start(NPDE_PARAM_V_RESET, 1, NPDE_MODEL_VOLTAGE_CONDUCTANCE, "v_reset = 1", "v_threshold = 1");
    refuse_start(NPDE_PARAM_CONDUCTANCE_DIFFUSION, 0, NPDE_MODEL_VOLTAGE_CONDUCTANCE, "conductance_diffusion = 0",
                 "macroscopic");
    refuse_start(NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED, NPDE_MODEL_VOLTAGE_CONDUCTANCE, "refractory_time = 0",
                 "> 0");
    refuse_start(NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_NONE, NPDE_MODEL_REDUCED_KINETIC, "discharge",
                 "voltage_conductance");
}
END_TEST

/* A threshold beside a discharge, whichever comes first. */
START_TEST(macroscopic_thresholds_and_discharges_do_not_mix)
{
    npde_context *c;
    OK(c, npde_context_new(&c));
    for (size_t sharp = 0; sharp < 2; sharp++) {
        npde_model *m;
        npde_solver *s;
        OK(c, npde_model_new(c, NPDE_MODEL_MACROSCOPIC, 2, &m));
        OK(c, npde_model_set(m, 1 - sharp, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_STRANG, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
        OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 1.4, 0.01));
        REFUSED(c, NPDE_ERR_RANGE, npde_solver_start(s, 0),
                sharp ? "population 1: discharge is none and that of population 0 step"
                      : "population 1: discharge is step and that of population 0 none",
                "discharge_rate");
        OK(c, npde_model_set(m, sharp, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP)); /* as it advises */
        ck_assert_int_ge(npde_solver_start(s, 0), 0);
        npde_solver_free(s);
        npde_model_free(m);
    }
    npde_context_free(c);
}
END_TEST

/* A conveyor that no memory holds, and a past with more in the refractory state than there are. */
START_TEST(refractory_states_that_do_not_fit)
{
    kinetic k = full;
    k.refractory = NPDE_REFRACTORY_FIXED;
    k.tau = 0.5;
    kinetic_run r = kinetic_start(&k);
    const double rate = kinetic_rate(&r, 0.1);
    double now;
    OK(r.context, npde_solver_set_past_rate(r.solver, 0, 2.5));
    REFUSED(r.context, NPDE_ERR_RANGE, npde_solver_start(r.solver, 0), "past rate 2.5 x refractory time 0.5 = 1.25",
            "< 1");
    OK(r.context, npde_solver_set_past_rate(r.solver, 0, 0));
    OK(r.context, npde_model_set(r.model, 0, NPDE_PARAM_REFRACTORY_TIME, 1e9));
    REFUSED(r.context, NPDE_ERR_SIZE, npde_solver_start(r.solver, 0), "refractory_time = 1e+09 with dt = 0.01",
            "raise dt");
    OK(r.context, npde_solver_rates(r.solver, &now, 1));
    ck_assert_double_eq(now, rate);
    kinetic_free(&r);
}
END_TEST

typedef struct {
    double value;
    int32_t answer;
} behaviour;

static int32_t misbehave(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean,
                         void *user)
{
    (void)pop, (void)v, (void)rate;
    const behaviour *b = user;
    if (t > 0.05) g_mean[n / 2] = b->value;
    return t > 0.05 ? b->answer : 0;
}

START_TEST(callbacks_that_fail)
{
    static behaviour row[] = {{-0.1, 0}, {NAN, 0}, {INFINITY, 0}, {1, -7}};
    for (size_t i = 0; i < 4; i++) {
        kinetic_run r = kinetic_prepare(&full);
        double t;
        OK(r.context, npde_model_set_conductance(r.model, misbehave, &row[i], NULL));
        ck_assert_int_ge(npde_solver_start(r.solver, 0), 0);
        REFUSED(r.context, NPDE_ERR_CALLBACK, npde_solver_advance(r.solver, 1, &t), "conductance callback",
                row[i].answer ? "-7" : "must be finite and >= 0");
        ck_assert_double_le(t, 0.06);
        ck_assert_double_eq(kinetic_stat(&r, NPDE_STAT_TIME), t);
        if (row[i].answer) ck_assert_int_eq(npde_context_user_status(r.context), -7);
        ck_assert_double_le(kinetic_stat(&r, NPDE_STAT_MASS_DEFECT), 1e-12);
        kinetic_free(&r);
    }
    npde_model *lif;
    kinetic_run r = kinetic_prepare(&full);
    OK(r.context, npde_model_new(r.context, NPDE_MODEL_LIF, 1, &lif));
    REFUSED(r.context, NPDE_ERR_UNSUPPORTED, npde_model_set_conductance(lif, misbehave, NULL, NULL), "lif",
            "voltage_conductance");
    REFUSED(r.context, NPDE_ERR_UNSUPPORTED, npde_model_set_discharge(r.model, NULL, NULL, NULL), "voltage_conductance",
            "discharge");
    npde_model_free(lif);
    kinetic_free(&r);
}
END_TEST

/* A conductance axis that ends too early is told, with the mass at its end. */
START_TEST(tail_is_told)
{
    kinetic k = full;
    k.g_end = 0.9;
    kinetic_run r = kinetic_start(&k);
    ANSWERS(r.context, NPDE_NOTICE_TRUNCATED, npde_solver_advance(r.solver, 1, NULL));
    ck_assert_double_ge(kinetic_stat(&r, NPDE_STAT_TAIL_MASS), 1e-3);
    kinetic_free(&r);
}
END_TEST

/* Grids made by the library for each kind and scheme, and no grid at all. */
START_TEST(fitted_grids)
{
    static const npde_id kinds[] = {NPDE_MODEL_VOLTAGE_CONDUCTANCE, NPDE_MODEL_REDUCED_KINETIC, NPDE_MODEL_MACROSCOPIC,
                                    NPDE_MODEL_FAST_VOLTAGE};
    static const npde_id schemes[] = {0, NPDE_SCHEME_CELLS, NPDE_SCHEME_CELLS_UPWIND, NPDE_SCHEME_SPECTRAL};
    for (size_t i = 0; i < 16; i++) {
        kinetic k = full;
        k.kind = kinds[i / 4];
        k.kappa = k.kind == NPDE_MODEL_REDUCED_KINETIC || k.kind == NPDE_MODEL_MACROSCOPIC ? 10 : 0;
        npde_context *c;
        npde_grid *grid = NULL;
        npde_solver *s;
        OK(c, npde_context_new(&c));
        npde_model *m = kinetic_model(c, &k);
        if (schemes[i % 4]) OK(c, npde_grid_new_for(m, schemes[i % 4], 0, &grid));
        OK(c, npde_solver_new(m, grid, NPDE_METHOD_STRANG, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.02));
        OK(c, npde_solver_set_gaussian(s, 0, 0.4, 0.01));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_advance(s, 0.5, NULL));
        npde_solver_free(s);
        npde_grid_free(grid);
        REFUSED(c, NPDE_ERR_UNSUPPORTED, npde_grid_new_for(m, NPDE_SCHEME_FINITE_VOLUME, 0, &grid), "cells",
                "spectral");
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

/* What a run gives a run takes back; the marginal over v is a density. */
START_TEST(states_go_in_and_out)
{
    kinetic_run r = kinetic_start(&full), other = kinetic_prepare(&full);
    double state[16 * 22], again[16 * 22], v[16], w[16], marginal[16], mass = 0;
    kinetic_rate(&r, 0.2);
    OK(r.context, npde_solver_state(r.solver, 0, state, 16 * 22));
    OK(other.context, npde_solver_set_state(other.solver, 0, state, 16 * 22));
    ck_assert_int_ge(npde_solver_start(other.solver, 0), 0);
    OK(other.context, npde_solver_state(other.solver, 0, again, 16 * 22));
    for (int i = 0; i < 16 * 22; i++) NEAR(again[i], state[i], 1e-13 * (1 + fabs(state[i])));
    OK(r.context, npde_grid_points(r.grid, 0, v, 16));
    OK(r.context, npde_grid_weights(r.grid, 0, w, 16));
    OK(r.context, npde_solver_evaluate(r.solver, 0, v, 16, marginal));
    for (int i = 0; i < 16; i++) mass += w[i] * marginal[i];
    NEAR(mass, 1, 1e-13);
    OK(r.context, npde_solver_reservoirs(r.solver, &mass, 1));
    ck_assert_double_eq(mass, 0);
    for (int i = 0; i < 16 * 22; i++) state[i] *= 1.1;
    OK(other.context, npde_solver_set_state(other.solver, 0, state, 16 * 22));
    REFUSED(other.context, NPDE_ERR_RANGE, npde_solver_start(other.solver, 0), "mass", "1.1");
    REFUSED(other.context, NPDE_ERR_SIZE, npde_solver_set_state(other.solver, 0, state, 16), "n = 16", "352");
    REFUSED(other.context, NPDE_ERR_RANGE, npde_solver_set_conductance(other.solver, 0, 0, -1), "variance", "-1");
    REFUSED(other.context, NPDE_ERR_SIZE, npde_solver_set_conductance(other.solver, 1, 0, 1), "pop = 1", "0");
    REFUSED(other.context, NPDE_ERR_NOT_FINITE, npde_solver_set_conductance(other.solver, 0, NAN, 1), "mean", "nan");
    kinetic_free(&r);
    kinetic_free(&other);
}
END_TEST

/* ---- snapshots ---- */

START_TEST(restored_runs_go_on_bit_for_bit)
{
    for (int i = 0; i < 8; i++) {
        kinetic k = full;
        if (i >= 4) k.refractory = i % 2 ? NPDE_REFRACTORY_FIXED : NPDE_REFRACTORY_EXPONENTIAL;
        k.tau = 0.057;
        if (i >= 6) k.kind = NPDE_MODEL_MACROSCOPIC;
        if (i == 1) k.g_scheme = NPDE_SCHEME_SPECTRAL;
        if (i == 1) k.n_g = 12;
        if (i == 2) k.kind = NPDE_MODEL_REDUCED_KINETIC;
        if (i == 3) k.kind = NPDE_MODEL_MACROSCOPIC;
        if (i == 2 || i == 3 || i >= 6) k.kappa = 10;
        kinetic_run r = kinetic_start(&k), other = kinetic_start(&k);
        size_t need, n;
        kinetic_rate(&r, 0.123);
        OK(r.context, npde_solver_save(r.solver, NULL, 0, &need));
        void *bytes = malloc(need);
        OK(r.context, npde_solver_save(r.solver, bytes, need, &need));
        const double rate = kinetic_rate(&r, 0.4);
        const double *first, *second;
        OK(r.context, npde_solver_state_view(r.solver, 0, &first, &n));
        OK(other.context, npde_solver_restore(other.solver, bytes, need));
        ck_assert_double_eq(kinetic_rate(&other, 0.4), rate);
        OK(r.context, npde_solver_state_view(other.solver, 0, &second, &n));
        ck_assert_int_eq(memcmp(first, second, n * sizeof *first), 0);
        ANSWERS(other.context, NPDE_ERR_SNAPSHOT, npde_solver_restore(other.solver, bytes, need - 1));
        k.sigma *= 2;
        k.input *= 1.1;
        kinetic_run foreign = kinetic_start(&k);
        ANSWERS(foreign.context, NPDE_ERR_SNAPSHOT, npde_solver_restore(foreign.solver, bytes, need));
        free(bytes);
        kinetic_free(&r);
        kinetic_free(&other);
        kinetic_free(&foreign);
    }
}
END_TEST

/* ---- memory ---- */

static int32_t same(double t, size_t pop, size_t n, const double *v, const double *rate, double *g_mean, void *user)
{
    (void)t, (void)pop, (void)n, (void)v, (void)rate, (void)g_mean, (void)user;
    return 0;
}

/* From context to a step; how many calls failed. */
static int scenario(const kinetic *k, int callback)
{
    npde_context *c = NULL;
    npde_model *m = NULL;
    npde_grid *grid = NULL;
    npde_solver *s = NULL;
    npde_status status = npde_context_new_with_allocator(heap_give, heap_take, NULL, &c);
    if (!status) status = npde_model_new(c, k->kind, 1, &m);
    if (!status) status = npde_model_set(m, 0, NPDE_PARAM_V_RESET, 0);
    if (!status) status = npde_model_set(m, 0, NPDE_PARAM_V_THRESHOLD, 1);
    if (!status && k->kappa > 0) status = npde_model_set(m, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP);
    if (!status) status = npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, 0.1);
    if (!status) status = npde_model_set(m, 0, NPDE_PARAM_DELAY, 0.2);
    if (!status && k->refractory) status = npde_model_set(m, 0, NPDE_PARAM_REFRACTORY, k->refractory);
    if (!status && k->refractory) status = npde_model_set(m, 0, NPDE_PARAM_REFRACTORY_TIME, 0.15);
    if (!status && callback) status = npde_model_set_conductance(m, same, NULL, NULL);
    if (!status) status = npde_grid_new_for(m, k->g_scheme, 12, &grid);
    if (!status) status = npde_solver_new(m, grid, k->method ? k->method : NPDE_METHOD_STRANG, &s);
    if (!status) status = npde_solver_set(s, NPDE_OPTION_DT, k->method ? 0 : 0.01);
    if (!status) status = npde_solver_set_gaussian(s, 0, 0.4, 0.05);
    if (!status) status = npde_solver_start(s, 0);
    const long before = heap.requests;
    if (status >= 0) status = npde_solver_advance(s, 0.03, NULL);
    if (status >= 0) ck_assert_int_eq(heap.requests, before); /* nothing while it runs */
    npde_solver_free(s);
    npde_grid_free(grid);
    npde_model_free(m);
    npde_context_free(c);
    if (status < 0) ck_assert_int_eq(status, NPDE_ERR_MEMORY);
    return status < 0;
}

START_TEST(every_allocation_may_fail)
{
    static const npde_id kinds[] = {NPDE_MODEL_VOLTAGE_CONDUCTANCE, NPDE_MODEL_REDUCED_KINETIC, NPDE_MODEL_MACROSCOPIC,
                                    NPDE_MODEL_FAST_VOLTAGE};
    for (size_t i = 0; i < 14; i++) {
        kinetic k = {.kind = kinds[i < 12 ? i % 4 : 0]};
        const int callback = i == 8;
        if (i >= 8) k.refractory = i % 2 ? NPDE_REFRACTORY_EXPONENTIAL : NPDE_REFRACTORY_FIXED;
        if (i >= 12) k.method = NPDE_METHOD_ARK4;
        if (i >= 12) k.refractory = NPDE_REFRACTORY_EXPONENTIAL;
        k.kappa = k.kind == NPDE_MODEL_REDUCED_KINETIC;
        k.g_scheme = i >= 4 && i < 13 && !callback ? NPDE_SCHEME_SPECTRAL : NPDE_SCHEME_CELLS;
        memset(&heap, 0, sizeof heap);
        ck_assert_int_eq(scenario(&k, callback), 0);
        ck_assert_int_eq(heap.live, 0);
        const long requests = heap.requests;
        for (long fail = 1; fail <= requests; fail++) {
            memset(&heap, 0, sizeof heap);
            heap.fail_at = fail;
            ck_assert_msg(scenario(&k, callback) == 1, "request %ld of %ld was refused and no call said so", fail,
                          requests);
            ck_assert_msg(heap.live == 0, "request %ld of %ld was refused: %ld blocks are lost", fail, requests,
                          heap.live);
        }
    }
}
END_TEST

MAIN("kinetic kinds", grids_that_do_not_fit, products, combinations, parameters_that_do_not_fit,
     macroscopic_thresholds_and_discharges_do_not_mix, refractory_states_that_do_not_fit, callbacks_that_fail,
     tail_is_told, fitted_grids, states_go_in_and_out, restored_runs_go_on_bit_for_bit, every_allocation_may_fail)
