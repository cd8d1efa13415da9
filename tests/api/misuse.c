/* SPDX-License-Identifier: BSD-3-Clause
 * Bad input: every call × NULL, NaN, infinity, size, range, wrong family, wrong state gives its status and a text
 * that names function, argument, value and what is allowed, and changes nothing. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static npde_context *c, *other;
static npde_model *model, *lif, *foreign;
static npde_grid *grid;
static npde_solver *solver, *fresh;

enum { POPS = 2, POINTS = 31 };

/* All that a call could change: parameters, matrices, options, and the run with its snapshot. */
typedef struct {
    unsigned char bytes[65536];
    size_t n;
} print_of;

static void add(print_of *f, const void *block, size_t size)
{
    ck_assert_uint_le(f->n + size, sizeof f->bytes);
    memcpy(f->bytes + f->n, block, size);
    f->n += size;
}

static void fingerprint(print_of *f)
{
    size_t n;
    npde_id id;
    double value;
    f->n = 0;
    OK(c, npde_id_count(NPDE_FAMILY_PARAM, &n));
    for (size_t i = 0; i < n * POPS; i++) {
        OK(c, npde_id_at(NPDE_FAMILY_PARAM, i / POPS, &id));
        const npde_status status = npde_model_get(model, i % POPS, id, &value);
        if (status == NPDE_ERR_UNSUPPORTED) continue; /* of another kind of model */
        OK(c, status);
        add(f, &value, sizeof value);
    }
    OK(c, npde_id_count(NPDE_FAMILY_OPTION, &n));
    for (size_t i = 0; i < n; i++) {
        OK(c, npde_id_at(NPDE_FAMILY_OPTION, i, &id));
        OK(c, npde_solver_get(solver, id, &value));
        add(f, &value, sizeof value);
    }
    size_t need;
    OK(c, npde_solver_save(solver, NULL, 0, &need));
    ck_assert_uint_le(f->n + need, sizeof f->bytes);
    OK(c, npde_solver_save(solver, f->bytes + f->n, need, &need));
    f->n += need;
}

static void set_up(void)
{
    const double breaks[] = {-8, -3, 1, 2};
    const size_t degrees[] = {10, 12, 8};
    OK(c, npde_context_new(&c));
    OK(other, npde_context_new(&other));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, POPS, &model));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &lif));
    OK(other, npde_model_new(other, NPDE_MODEL_LIF, 1, &foreign));
    OK(c, npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 0.3));
    OK(c, npde_model_set(model, 1, NPDE_PARAM_DELAY, 0.2));
    OK(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 4, degrees, &grid));
    OK(c, npde_solver_new(model, grid, NPDE_METHOD_TR_BDF2, &solver));
    OK(c, npde_solver_new(lif, NULL, NPDE_METHOD_CRANK_NICOLSON, &fresh));
    OK(c, npde_solver_set_gaussian(solver, NPDE_ALL, -1, 0.5));
    ck_assert_int_ge(npde_solver_start(solver, 1), 0);
    ck_assert_int_ge(npde_solver_advance(solver, 1.5, NULL), 0);
}

static void tear_down(void)
{
    npde_solver_free(solver);
    npde_solver_free(fresh);
    npde_grid_free(grid);
    npde_model_free(model);
    npde_model_free(lif);
    npde_model_free(foreign);
    npde_context_free(c);
    npde_context_free(other);
}

/* The call is refused with this status, says so in words, and leaves everything as it was. */
#define REFUSED(status, call, ...)                                                                            \
    do {                                                                                                      \
        static print_of before, after;                                                                        \
        const char *const words[] = {__VA_ARGS__};                                                            \
        fingerprint(&before);                                                                                 \
        ANSWERS(c, status, call);                                                                             \
        for (size_t word_ = 0; word_ < sizeof words / sizeof words[0]; word_++)                               \
            ck_assert_msg(strstr(npde_context_error(c), words[word_]) != NULL, "%s: no \"%s\" in: %s", #call, \
                          words[word_], npde_context_error(c));                                               \
        fingerprint(&after);                                                                                  \
        ck_assert_uint_eq(before.n, after.n);                                                                 \
        ck_assert_int_eq(memcmp(before.bytes, after.bytes, before.n), 0);                                     \
    } while (0)

/* A NULL handle has no context to speak through: the status is all. */
START_TEST(null_handles)
{
    double x = 0;
    size_t n = 0;
    int64_t k = 0;
    const double *view;
    npde_model *m;
    npde_grid *g;
    npde_solver *s;
    npde_steady *steady;
    npde_response *response;
    const npde_status answers[] = {
        npde_context_new(NULL),
        npde_context_set_log(NULL, 0, NULL, NULL, NULL),
        npde_model_new(NULL, NPDE_MODEL_LIF, 1, &m),
        npde_model_set(NULL, 0, NPDE_PARAM_DRIVE, 0),
        npde_model_get(NULL, 0, NPDE_PARAM_DRIVE, &x),
        npde_model_set_matrix(NULL, NPDE_MATRIX_WEIGHTS, &x, 1, 1),
        npde_model_set_coupling(NULL, NULL, NULL, NULL),
        npde_model_set_drift(NULL, NULL, NULL, NULL),
        npde_model_set_discharge(NULL, NULL, NULL, NULL),
        npde_grid_new(NULL, NPDE_SCHEME_SPECTRAL, &x, 2, &n, &g),
        npde_grid_new_graded(NULL, &x, 2, &n, &x, &g),
        npde_grid_new_for(NULL, NPDE_SCHEME_SPECTRAL, 0, &g),
        npde_grid_points(NULL, 0, &x, 1),
        npde_grid_weights(NULL, 0, &x, 1),
        npde_solver_new(NULL, NULL, NPDE_METHOD_TR_BDF2, &s),
        npde_solver_set(NULL, NPDE_OPTION_DT, 1),
        npde_solver_get(NULL, NPDE_OPTION_DT, &x),
        npde_solver_set_gaussian(NULL, 0, 0, 1),
        npde_solver_set_density(NULL, 0, NULL, NULL, NULL),
        npde_solver_set_state(NULL, 0, &x, 1),
        npde_solver_set_past_rate(NULL, 0, 1),
        npde_solver_start(NULL, 0),
        npde_solver_step(NULL, 1, NULL),
        npde_solver_advance(NULL, 1, NULL),
        npde_solver_sample(NULL, &x, 1, &x),
        npde_solver_state(NULL, 0, &x, 1),
        npde_solver_state_view(NULL, 0, &view, &n),
        npde_solver_evaluate(NULL, 0, &x, 1, &x),
        npde_solver_rates(NULL, &x, 1),
        npde_solver_reservoirs(NULL, &x, 1),
        npde_solver_grid(NULL, &g),
        npde_solver_stat(NULL, NPDE_STAT_TIME, &x),
        npde_solver_count(NULL, NPDE_COUNT_STEPS, &k),
        npde_solver_observe(NULL, NPDE_EVENT_STEP, NULL, NULL, NULL, NULL),
        npde_solver_unobserve(NULL, 1),
        npde_solver_save(NULL, NULL, 0, &n),
        npde_solver_restore(NULL, &x, 1),
        npde_steady_new(NULL, NULL, &steady),
        npde_steady_set(NULL, NPDE_STEADY_BOXES, 1),
        npde_steady_get(NULL, NPDE_STEADY_BOXES, &x),
        npde_steady_solve(NULL, &n),
        npde_steady_rates(NULL, 0, &x, 1),
        npde_steady_state(NULL, 0, 0, &x, 1),
        npde_steady_evaluate(NULL, 0, 0, &x, 1, &x),
        npde_steady_grid(NULL, &g),
        npde_steady_eigenvalues(NULL, 0, &x, 1),
        npde_response_new(NULL, 0, &response),
        npde_response_rate(NULL, NPDE_INPUT_DRIVE, 0, &x, 1, &x),
        npde_response_spectrum(NULL, &x, 1, &x, 1, &x),
        npde_id_count(NPDE_FAMILY_MODEL, NULL),
        npde_id_at(NPDE_FAMILY_MODEL, 0, NULL),
        npde_id_find(NPDE_FAMILY_MODEL, NULL, NULL),
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        ck_assert_msg(answers[i] == NPDE_ERR_NULL, "call %zu answers %s", i, npde_status_name(answers[i]));
    ck_assert_str_eq(npde_context_error(NULL), "");
    ck_assert_int_eq(npde_context_user_status(NULL), 0);
    ck_assert_uint_eq(npde_grid_axes(NULL), 0);
    ck_assert_uint_eq(npde_grid_size(NULL, 0), 0);
    npde_context_free(NULL);
    npde_model_free(NULL);
    npde_grid_free(NULL);
    npde_solver_free(NULL);
    npde_steady_free(NULL);
    npde_response_free(NULL);
}
END_TEST

START_TEST(null_arguments)
{
    double x[POINTS];
    const double breaks[] = {0, 1, 2};
    const size_t cells[] = {4, 4};
    size_t n;
    npde_grid *g;
    const double *view;
    REFUSED(NPDE_ERR_NULL, npde_model_new(c, NPDE_MODEL_LIF, 1, NULL), "npde_model_new", "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_model_get(model, 0, NPDE_PARAM_DRIVE, NULL), "npde_model_get", "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_model_set_matrix(model, NPDE_MATRIX_WEIGHTS, NULL, 2, 2), "row_major is NULL");
    REFUSED(NPDE_ERR_NULL, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, NULL, 3, cells, &g), "breaks is NULL");
    REFUSED(NPDE_ERR_NULL, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 3, NULL, &g), "cells is NULL");
    REFUSED(NPDE_ERR_NULL, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 3, cells, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_grid_new_graded(c, breaks, 3, cells, NULL, &g), "ratios is NULL");
    REFUSED(NPDE_ERR_NULL, npde_grid_new_for(model, NPDE_SCHEME_SPECTRAL, 0, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_grid_points(grid, 0, NULL, POINTS), "npde_grid_points", "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_grid_weights(grid, 0, NULL, POINTS), "npde_grid_weights", "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_new(model, grid, NPDE_METHOD_TR_BDF2, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_get(solver, NPDE_OPTION_DT, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_set_density(solver, 0, NULL, NULL, NULL), "density is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_set_state(solver, 0, NULL, POINTS), "p is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_sample(solver, NULL, 1, x), "times is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_sample(solver, (const double[]){2}, 1, NULL), "rates is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_state(solver, 0, NULL, POINTS), "npde_solver_state", "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_state_view(solver, 0, NULL, &n), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_state_view(solver, 0, &view, NULL), "n is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_evaluate(solver, 0, NULL, 1, x), "v is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_evaluate(solver, 0, x, 1, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_rates(solver, NULL, POPS), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_reservoirs(solver, NULL, POPS), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_grid(solver, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_stat(solver, NPDE_STAT_TIME, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_count(solver, NPDE_COUNT_STEPS, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_observe(solver, NPDE_EVENT_STEP, NULL, NULL, NULL, NULL), "observer is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_save(solver, x, sizeof x, NULL), "need is NULL");
    REFUSED(NPDE_ERR_NULL, npde_solver_restore(solver, NULL, 8), "buf is NULL");
    ck_assert_int_eq(npde_context_new_with_allocator(NULL, NULL, NULL, &other), NPDE_ERR_NULL);
}
END_TEST

static void bad_values(npde_id family, npde_id id, npde_status (*set)(npde_id, double))
{
    double low, high, preset;
    const char *name = npde_id_name(id);
    OK(c, npde_id_range(id, &low, &high, &preset));
    const double infinite[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) REFUSED(NPDE_ERR_NOT_FINITE, set(id, infinite[i]), name, "not finite");
    REFUSED(NPDE_ERR_RANGE, set(id, low - fmax(1e-3, fabs(low) * 1e-3)), name, "outside [");
    REFUSED(NPDE_ERR_RANGE, set(id, high + fmax(1e-3, fabs(high) * 1e-3)), name, "outside [");
    const int choice =
        low >= 10000 || id == NPDE_OPTION_MAX_STEPS || id == NPDE_OPTION_STARTUP_STEPS || id == NPDE_OPTION_HISTORY;
    if (choice) REFUSED(NPDE_ERR_RANGE, set(id, low + 0.5), name, "whole number");
    (void)family;
}

static npde_status set_param(npde_id id, double value)
{
    return npde_model_set(model, 1, id, value);
}

static npde_status set_option(npde_id id, double value)
{
    return npde_solver_set(solver, id, value);
}

/* The table of ids knows every range: each parameter and option is tried beyond it. */
START_TEST(values_beyond_every_range)
{
    size_t n;
    npde_id id;
    OK(c, npde_id_count(NPDE_FAMILY_PARAM, &n));
    for (size_t i = 0; i < n; i++) {
        OK(c, npde_id_at(NPDE_FAMILY_PARAM, i, &id));
        double value;
        if (npde_model_get(model, 1, id, &value) == NPDE_ERR_UNSUPPORTED) continue; /* of another kind of model */
        bad_values(NPDE_FAMILY_PARAM, id, set_param);
    }
    OK(c, npde_id_count(NPDE_FAMILY_OPTION, &n));
    for (size_t i = 0; i < n; i++) {
        OK(c, npde_id_at(NPDE_FAMILY_OPTION, i, &id));
        bad_values(NPDE_FAMILY_OPTION, id, set_option);
    }
}
END_TEST

START_TEST(other_values)
{
    double matrix[] = {0, NAN, 0, 0}, negative[] = {0, -1, 0, 0}, x[POINTS] = {0}, times[] = {2, 1.8};
    const double breaks[] = {0, 1, 1, 2}, jump[] = {0, INFINITY, 2}, good[] = {0, 1, 2}, ratios[] = {1, 0},
                 wild[] = {1, NAN};
    const size_t cells[] = {4, 4, 4}, none[] = {4, 0, 4}, many[] = {4, 65, 4};
    npde_grid *g;
    REFUSED(NPDE_ERR_NOT_FINITE, npde_model_set_matrix(model, NPDE_MATRIX_WEIGHTS, matrix, 2, 2), "weights[1]");
    REFUSED(NPDE_ERR_RANGE, npde_model_set_matrix(model, NPDE_MATRIX_DELAYS, negative, 2, 2), "delays[1] = -1", "[0, ");
    REFUSED(NPDE_ERR_RANGE, npde_model_set_matrix(model, NPDE_MATRIX_NOISE_WEIGHTS, negative, 2, 2), "noise_weights");
    REFUSED(NPDE_ERR_RANGE, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 4, cells, &g), "breaks[2]");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, jump, 3, cells, &g), "breaks[1]");
    REFUSED(NPDE_ERR_SIZE, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, good, 1, cells, &g), "n_breaks = 1");
    REFUSED(NPDE_ERR_SIZE, npde_grid_new(c, NPDE_SCHEME_FINITE_VOLUME, good, 3, none, &g), "cells[1] = 0");
    REFUSED(NPDE_ERR_SIZE, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, good, 3, many, &g), "cells[1] = 65", "[2, 64]");
    REFUSED(NPDE_ERR_RANGE, npde_grid_new_graded(c, good, 3, cells, ratios, &g), "ratios[1] = 0", "[1e-12, ");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_grid_new_graded(c, good, 3, cells, wild, &g), "ratios");
    REFUSED(NPDE_ERR_SIZE, npde_grid_new_for(model, NPDE_SCHEME_SPECTRAL, 1, &g), "cells");
    REFUSED(NPDE_ERR_SIZE, npde_grid_new_for(model, NPDE_SCHEME_FINITE_VOLUME, 1000001, &g), "cells");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_set_gaussian(solver, 0, NAN, 1), "mean");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_set_gaussian(solver, 0, 0, INFINITY), "variance");
    REFUSED(NPDE_ERR_RANGE, npde_solver_set_gaussian(solver, 0, 0, -1), "variance = -1");
    REFUSED(NPDE_ERR_RANGE, npde_solver_set_past_rate(solver, 0, -1), "rate = -1");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_set_past_rate(solver, 0, NAN), "rate");
    x[3] = NAN;
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_set_state(solver, 0, x, POINTS), "p[3]");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_evaluate(solver, 0, x, 4, x), "v[3]");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_start(solver, NAN), "t0");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_step(solver, NAN, NULL), "t_limit");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_advance(solver, INFINITY, NULL), "t_end");
    REFUSED(NPDE_ERR_RANGE, npde_solver_advance(solver, 1.2, NULL), "t_end = 1.2", "1.5");
    REFUSED(NPDE_ERR_RANGE, npde_solver_step(solver, 1.5, NULL), "t_limit = 1.5");
    REFUSED(NPDE_ERR_RANGE, npde_solver_sample(solver, times, 2, x), "times[1] = 1.8", "ascend");
    times[0] = 1;
    REFUSED(NPDE_ERR_RANGE, npde_solver_sample(solver, times, 2, x), "times[0] = 1");
    times[0] = NAN;
    REFUSED(NPDE_ERR_NOT_FINITE, npde_solver_sample(solver, times, 2, x), "times[0]");
    REFUSED(NPDE_ERR_RANGE, npde_context_set_log(c, 7, NULL, NULL, NULL), "level = 7");
}
END_TEST

START_TEST(sizes_and_populations)
{
    double x[POINTS + 1];
    npde_model *m;
    const double *view;
    size_t n;
    REFUSED(NPDE_ERR_SIZE, npde_model_new(c, NPDE_MODEL_LIF, 0, &m), "n_pop = 0");
    REFUSED(NPDE_ERR_SIZE, npde_model_new(c, NPDE_MODEL_LIF, 65537, &m), "n_pop = 65537", "[1, 65536]");
    REFUSED(NPDE_ERR_SIZE, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 4097, &m), "[1, 4096]");
    REFUSED(NPDE_ERR_SIZE, npde_model_set(model, POPS, NPDE_PARAM_DRIVE, 0), "pop = 2", "[0, 1]");
    REFUSED(NPDE_ERR_SIZE, npde_model_get(model, POPS, NPDE_PARAM_DRIVE, x), "pop = 2");
    REFUSED(NPDE_ERR_SIZE, npde_model_get(model, NPDE_ALL, NPDE_PARAM_DRIVE, x), "NPDE_ALL");
    REFUSED(NPDE_ERR_SIZE, npde_model_set_matrix(model, NPDE_MATRIX_WEIGHTS, x, 3, 2), "rows = 3", "2");
    REFUSED(NPDE_ERR_SIZE, npde_model_set_matrix(model, NPDE_MATRIX_WEIGHTS, x, 2, 1), "cols = 1");
    REFUSED(NPDE_ERR_SIZE, npde_grid_points(grid, 0, x, POINTS - 1), "n = 30", "31");
    REFUSED(NPDE_ERR_SIZE, npde_grid_points(grid, 1, x, POINTS), "axis = 1");
    REFUSED(NPDE_ERR_SIZE, npde_grid_weights(grid, 0, x, POINTS + 1), "n = 32");
    ck_assert_uint_eq(npde_grid_size(grid, 1), 0);
    REFUSED(NPDE_ERR_SIZE, npde_solver_set_gaussian(solver, 5, 0, 1), "pop = 5");
    REFUSED(NPDE_ERR_SIZE, npde_solver_set_past_rate(solver, 5, 0), "pop = 5");
    REFUSED(NPDE_ERR_SIZE, npde_solver_set_state(solver, 0, x, POINTS + 1), "n = 32", "31");
    REFUSED(NPDE_ERR_SIZE, npde_solver_set_state(solver, NPDE_ALL, x, POINTS), "NPDE_ALL");
    REFUSED(NPDE_ERR_SIZE, npde_solver_sample(solver, x, 0, x), "n_times = 0");
    REFUSED(NPDE_ERR_SIZE, npde_solver_state(solver, 0, x, 3), "n = 3");
    REFUSED(NPDE_ERR_SIZE, npde_solver_state(solver, 2, x, POINTS), "pop = 2");
    REFUSED(NPDE_ERR_SIZE, npde_solver_state_view(solver, 2, &view, &n), "pop = 2");
    REFUSED(NPDE_ERR_SIZE, npde_solver_evaluate(solver, 2, x, 0, x), "pop = 2");
    REFUSED(NPDE_ERR_SIZE, npde_solver_rates(solver, x, 1), "n_pop = 1", "2");
    REFUSED(NPDE_ERR_SIZE, npde_solver_reservoirs(solver, x, 3), "n_pop = 3");
    REFUSED(NPDE_ERR_RANGE, npde_solver_unobserve(solver, 99), "token = 99");
}
END_TEST

/* An id of another family is no id here; the text says which would be. */
START_TEST(ids_of_another_family)
{
    double x = 0;
    int64_t k;
    npde_model *m;
    npde_grid *g;
    npde_solver *s;
    const double breaks[] = {0, 1};
    const size_t cells[] = {4};
    REFUSED(NPDE_ERR_ID, npde_model_new(c, NPDE_METHOD_TR_BDF2, 1, &m), "kind = 3004", "(lif)");
    REFUSED(NPDE_ERR_ID, npde_model_set(model, 0, NPDE_OPTION_DT, 0), "param = 6001", "v_leak");
    REFUSED(NPDE_ERR_ID, npde_model_get(model, 0, 0, &x), "param = 0");
    REFUSED(NPDE_ERR_ID, npde_model_set_matrix(model, NPDE_PARAM_DELAY, &x, 1, 1), "which = 4010", "weights");
    REFUSED(NPDE_ERR_ID, npde_grid_new(c, -1, breaks, 2, cells, &g), "scheme = -1", "finite_volume");
    REFUSED(NPDE_ERR_ID, npde_grid_new_for(model, 2003, 0, &g), "scheme = 2003");
    REFUSED(NPDE_ERR_ID, npde_solver_new(model, grid, NPDE_MODEL_LIF, &s), "method = 1001", "backward_euler");
    REFUSED(NPDE_ERR_ID, npde_solver_set(solver, NPDE_PARAM_DRIVE, 1), "option = 4005");
    REFUSED(NPDE_ERR_ID, npde_solver_get(solver, NPDE_STAT_TIME, &x), "option = 7001");
    REFUSED(NPDE_ERR_ID, npde_solver_stat(solver, NPDE_COUNT_STEPS, &x), "stat = 8001");
    REFUSED(NPDE_ERR_ID, npde_solver_count(solver, NPDE_STAT_TIME, &k), "count = 7001");
    REFUSED(NPDE_ERR_ID, npde_solver_observe(solver, NPDE_STAT_TIME, NULL, NULL, NULL, NULL), "event = 7001", "start");
}
END_TEST

START_TEST(calls_at_the_wrong_time)
{
    double x[POINTS];
    int64_t k;
    size_t n;
    const double *view;
    npde_grid *g;
    npde_solver *s;
    const char *first = "npde_solver_start() first";
    REFUSED(NPDE_ERR_STATE, npde_solver_step(fresh, 1, NULL), "npde_solver_step", first);
    REFUSED(NPDE_ERR_STATE, npde_solver_advance(fresh, 1, NULL), "npde_solver_advance", first);
    REFUSED(NPDE_ERR_STATE, npde_solver_sample(fresh, x, 1, x), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_state(fresh, 0, x, 1), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_state_view(fresh, 0, &view, &n), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_evaluate(fresh, 0, x, 1, x), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_rates(fresh, x, 1), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_reservoirs(fresh, x, 1), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_grid(fresh, &g), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_stat(fresh, NPDE_STAT_TIME, x), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_count(fresh, NPDE_COUNT_STEPS, &k), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_save(fresh, NULL, 0, &n), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_restore(fresh, x, 8), first);
    REFUSED(NPDE_ERR_STATE, npde_solver_set_state(fresh, 0, x, 1), "without a grid of its own");
    REFUSED(NPDE_ERR_STATE, npde_solver_start(fresh, 0), "population 0 has no initial data");
    REFUSED(NPDE_ERR_STATE,
            npde_solver_new(foreign, grid, NPDE_METHOD_TR_BDF2, &s) == NPDE_ERR_STATE
                ? npde_solver_step(fresh, 1, NULL) /* the foreign context has the text; this one gets one of its own */
                : NPDE_OK,
            first);
    ck_assert_ptr_nonnull(strstr(npde_context_error(other), "same context"));
}
END_TEST

START_TEST(combinations_that_make_no_sense)
{
    double x = 0;
    npde_solver *s;
    npde_grid *g;
    REFUSED(NPDE_ERR_UNSUPPORTED, npde_model_set(lif, 0, NPDE_PARAM_CONNECTIVITY, 1), "connectivity", "lif_network");
    REFUSED(NPDE_ERR_UNSUPPORTED, npde_model_get(lif, 0, NPDE_PARAM_DELAY, &x), "delay", "lif_network");
    REFUSED(NPDE_ERR_UNSUPPORTED, npde_model_set_matrix(lif, NPDE_MATRIX_WEIGHTS, &x, 1, 1), "weights", "lif_network");
    /* No error estimate, no adaptive steps: the text says which methods have one. */
    OK(c, npde_solver_set_gaussian(fresh, 0, -1, 0.5));
    REFUSED(NPDE_ERR_UNSUPPORTED, npde_solver_start(fresh, 0), "crank_nicolson", "dt", "tr_bdf2");
    OK(c, npde_solver_set(fresh, NPDE_OPTION_DT, 0.1));
    OK(c, npde_solver_set(fresh, NPDE_OPTION_DT_MIN, 0.2));
    REFUSED(NPDE_ERR_RANGE, npde_solver_start(fresh, 0), "dt_min = 0.2", "dt = 0.1");
    OK(c, npde_solver_set(fresh, NPDE_OPTION_DT_MIN, 0));

    OK(c, npde_model_set(lif, 0, NPDE_PARAM_V_RESET, 3));
    REFUSED(NPDE_ERR_RANGE, npde_solver_start(fresh, 0), "v_reset = 3", "v_threshold = 2");
    REFUSED(NPDE_ERR_RANGE, npde_grid_new_for(lif, NPDE_SCHEME_SPECTRAL, 0, &g), "v_reset = 3");
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_V_RESET, 1));
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    REFUSED(NPDE_ERR_RANGE, npde_solver_start(fresh, 0), "refractory_time = 0");
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_REFRACTORY_TIME, 0.5));
    OK(c, npde_solver_set_past_rate(fresh, 0, 2));
    REFUSED(NPDE_ERR_RANGE, npde_solver_start(fresh, 0), "past rate 2", "< 1");
    OK(c, npde_solver_set_past_rate(fresh, 0, 0));
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_CUSTOM));
    REFUSED(NPDE_ERR_STATE, npde_solver_start(fresh, 0), "npde_model_set_discharge()");
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));

    OK(c, npde_solver_new(lif, grid, NPDE_METHOD_TR_BDF2, &s));
    OK(c, npde_solver_set_gaussian(s, 0, -1, 0.5));
    REFUSED(NPDE_ERR_GRID, npde_solver_start(s, 0), "beyond v_threshold = 2");
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_NONE));
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_V_THRESHOLD, 1.5));
    REFUSED(NPDE_ERR_GRID, npde_solver_start(s, 0), "v_threshold = 1.5", "add it to the breaks");
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_V_THRESHOLD, 2));
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_V_RESET, 2 - 1e-13));
    REFUSED(NPDE_ERR_GRID, npde_solver_start(s, 0), "one break", "too close");
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_V_RESET, -8));
    REFUSED(NPDE_ERR_GRID, npde_solver_start(s, 0), "left end of the grid");
    OK(c, npde_model_set(lif, 0, NPDE_PARAM_V_RESET, 1));
    OK(c, npde_solver_set_gaussian(s, 0, 50, 0.01));
    REFUSED(NPDE_ERR_RANGE, npde_solver_start(s, 0), "population 0", "inside it");
    double p[POINTS] = {0};
    OK(c, npde_solver_set_state(s, 0, p, POINTS));
    REFUSED(NPDE_ERR_RANGE, npde_solver_start(s, 0), "mass", "is 1");
    npde_solver_free(s);
}
END_TEST

/* A start that fails leaves the run before it as it was, and it goes on. */
START_TEST(failed_start_keeps_the_run)
{
    OK(c, npde_model_set(model, 0, NPDE_PARAM_V_THRESHOLD, 7));
    REFUSED(NPDE_ERR_GRID, npde_solver_start(solver, 0), "v_threshold = 7");
    ck_assert_int_ge(npde_solver_advance(solver, 2, NULL), 0);
}
END_TEST

START_TEST(budget_of_steps)
{
    OK(c, npde_solver_set(solver, NPDE_OPTION_MAX_STEPS, 5));
    ck_assert_int_ge(npde_solver_start(solver, 0), 0);
    double t;
    ANSWERS(c, NPDE_ERR_TOO_MANY_STEPS, npde_solver_advance(solver, 50, &t));
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "max_steps = 5"));
    ck_assert_double_gt(t, 0);
    ANSWERS(c, NPDE_ERR_TOO_MANY_STEPS, npde_solver_advance(solver, 50, NULL)); /* goes on from there */
    double now;
    OK(c, npde_solver_stat(solver, NPDE_STAT_TIME, &now));
    ck_assert_double_gt(now, t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {null_handles,
                                  null_arguments,
                                  values_beyond_every_range,
                                  other_values,
                                  sizes_and_populations,
                                  ids_of_another_family,
                                  calls_at_the_wrong_time,
                                  combinations_that_make_no_sense,
                                  failed_start_keeps_the_run,
                                  budget_of_steps};
    return run_suite_with("misuse", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
