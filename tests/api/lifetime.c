/* SPDX-License-Identifier: BSD-3-Clause
 * Handles may be freed in any order, as the finalisers of other languages do; what is still held goes on working. */
#include "problem.h"

#include <string.h>

enum { CONTEXT, MODEL, GRID, SOLVER, SECOND, N_HANDLES };

static void free_one(void **handles, int which)
{
    switch (which) {
    case CONTEXT: npde_context_free(handles[which]); break;
    case MODEL: npde_model_free(handles[which]); break;
    case GRID: npde_grid_free(handles[which]); break;
    default: npde_solver_free(handles[which]); break;
    }
    handles[which] = NULL;
}

static double value_of(npde_solver *solver, double t)
{
    double rate = -1;
    ck_assert_int_ge(npde_solver_sample(solver, &t, 1, &rate), 0);
    return rate;
}

static void make(void **handles)
{
    const double breaks[] = {-6, -2, 1, 2};
    const size_t degrees[] = {10, 12, 8};
    npde_context *c;
    npde_model *model;
    npde_grid *grid;
    npde_solver *solver[2];
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 1, &model));
    OK(c, npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 0.5));
    OK(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 4, degrees, &grid));
    for (int i = 0; i < 2; i++) {
        OK(c, npde_solver_new(model, grid, NPDE_METHOD_TR_BDF2, &solver[i]));
        OK(c, npde_solver_set(solver[i], NPDE_OPTION_DT, 0.05));
        OK(c, npde_solver_set_gaussian(solver[i], 0, -1, 0.4));
        ck_assert_int_ge(npde_solver_start(solver[i], 0), 0);
    }
    handles[CONTEXT] = c;
    handles[MODEL] = model;
    handles[GRID] = grid;
    handles[SOLVER] = solver[0];
    handles[SECOND] = solver[1];
}

/* All 120 orders; the solvers run on between the frees for as long as they are there. */
START_TEST(any_order_of_free)
{
    int order[N_HANDLES];
    for (int number = 0; number < 120; number++) {
        void *handles[N_HANDLES];
        int left[N_HANDLES] = {CONTEXT, MODEL, GRID, SOLVER, SECOND}, rest = number;
        for (int i = 0; i < N_HANDLES; i++) {
            const int k = rest % (N_HANDLES - i);
            rest /= N_HANDLES - i;
            order[i] = left[k];
            for (int j = k; j + 1 < N_HANDLES - i; j++) left[j] = left[j + 1];
        }
        make(handles);
        for (int i = 0; i < N_HANDLES; i++) {
            free_one(handles, order[i]);
            double a = 0, b = 0;
            if (handles[SOLVER]) a = value_of(handles[SOLVER], 0.1 * (i + 1));
            if (handles[SECOND]) b = value_of(handles[SECOND], 0.1 * (i + 1));
            if (handles[SOLVER] && handles[SECOND]) ck_assert_double_eq(a, b);
        }
    }
}
END_TEST

/* A solver starts anew from the model as it is then; the run is the same to the last bit when nothing changed. */
START_TEST(start_begins_anew)
{
    void *handles[N_HANDLES];
    make(handles);
    const double first = value_of(handles[SOLVER], 1);
    ck_assert_int_ge(npde_solver_start(handles[SOLVER], 0), 0);
    ck_assert_double_eq(value_of(handles[SOLVER], 1), first);
    npde_context *c = handles[CONTEXT];
    OK(c, npde_model_set(handles[MODEL], 0, NPDE_PARAM_CONNECTIVITY, -3)); /* concerns later starts only */
    const double second = value_of(handles[SECOND], 1);
    ck_assert_double_eq(second, first);
    ck_assert_int_ge(npde_solver_start(handles[SECOND], 0), 0);
    ck_assert_double_lt(value_of(handles[SECOND], 1), 0.99 * first);
    for (int i = 0; i < N_HANDLES; i++) free_one(handles, i);
}
END_TEST

/* The grid of a run without one of its own is the caller's to keep, beyond the solver's life. */
START_TEST(grid_of_a_run_outlives_it)
{
    const problem p = {.name = "p", .reset = 1, .threshold = 2, .diffusion = 1, .mean = 0, .variance = 0.1};
    run *r = run_new(&p, 0, NPDE_METHOD_TR_BDF2, 0.1);
    npde_grid *grid;
    OK(r->context, npde_solver_grid(r->solver, &grid));
    run_free(r);
    double v[512];
    const size_t n = npde_grid_size(grid, 0);
    ck_assert_uint_eq(npde_grid_axes(grid), 1);
    ck_assert_int_eq(npde_grid_points(grid, 0, v, n), NPDE_OK);
    ck_assert_double_eq(v[n - 1], 2);
    npde_grid_free(grid);
}
END_TEST

MAIN("lifetime", any_order_of_free, start_begins_anew, grid_of_a_run_outlives_it)
