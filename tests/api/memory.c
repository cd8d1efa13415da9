/* SPDX-License-Identifier: BSD-3-Clause
 * Out of memory at every allocation, one after the other: the call says so, nothing leaks, the context stays usable, the
 * same call works when there is memory again. And: nothing is allocated while a run runs. */
#include "steppers/stepper.h"
#include "problem.h"

#include <stdlib.h>
#include <string.h>

static int32_t coupling(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)t, (void)n_pop, (void)diffusion, (void)user;
    drive[0] += 0.1 * rate[1];
    return 0;
}

static int32_t density(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = v[i] < 0 && v[i] > -2 ? 1 : 0;
    return 0;
}

static int32_t discharge(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = v[i] > 2 ? 10 : 0;
    return 0;
}

static int32_t watch(npde_solver *solver, npde_id event, double t, void *user)
{
    (void)solver, (void)event, (void)t, (void)user;
    return 0;
}

static npde_context *c;
static int failures; /* refused calls seen */

/* Makes the call; if memory was refused in it, makes it again: then it must work. */
#define TRY(call)                                                                                   \
    do {                                                                                            \
        npde_status try_status_ = (call);                                                           \
        if (try_status_ == NPDE_ERR_MEMORY) {                                                       \
            failures++;                                                                             \
            if (c) ck_assert_ptr_nonnull(strstr(npde_context_error(c), "memory"));                  \
            try_status_ = (call);                                                                   \
        }                                                                                           \
        ck_assert_msg(try_status_ >= 0, "%s: %s", #call, c ? npde_context_error(c) : "no context"); \
    } while (0)

static void run_network(npde_solver *solver)
{
    size_t need;
    TRY(npde_solver_advance(solver, 0.5, NULL));
    double rates[2], again[2];
    TRY(npde_solver_rates(solver, rates, 2));
    TRY(npde_solver_save(solver, NULL, 0, &need));
    void *snapshot = malloc(need);
    TRY(npde_solver_save(solver, snapshot, need, &need));
    /* A start that fails for want of memory leaves the run as it was: the second start is what TRY makes of it. */
    const npde_status status = npde_solver_start(solver, 0);
    if (status == NPDE_ERR_MEMORY) {
        failures++;
        TRY(npde_solver_rates(solver, again, 2));
        ck_assert_int_eq(memcmp(rates, again, sizeof rates), 0);
        TRY(npde_solver_advance(solver, 0.6, NULL));
        TRY(npde_solver_start(solver, 0));
    }
    TRY(npde_solver_restore(solver, snapshot, need));
    TRY(npde_solver_rates(solver, again, 2));
    ck_assert_int_eq(memcmp(rates, again, sizeof rates), 0);
    free(snapshot);
}

static void scenario(npde_id method, npde_id scheme)
{
    const double breaks[] = {-6, 1, 2, 4}, ratios[] = {0.1, 1, 1};
    const size_t cells[] = {8, 4, 4};
    const double weights[] = {0, 0.2, -0.5, 0}, delays[] = {0, 0, 0.3, 0};
    npde_model *model = NULL, *sharp = NULL;
    npde_grid *own = NULL, *fitted = NULL, *graded = NULL;
    npde_solver *solver = NULL, *automatic = NULL;
    c = NULL;
    TRY(npde_context_new_with_allocator(heap_give, heap_take, NULL, &c));
    TRY(npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &model));
    TRY(npde_model_set_matrix(model, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    TRY(npde_model_set_matrix(model, NPDE_MATRIX_DELAYS, delays, 2, 2));
    TRY(npde_model_set(model, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    TRY(npde_model_set(model, 1, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
    TRY(npde_model_set(model, NPDE_ALL, NPDE_PARAM_REFRACTORY_TIME, 0.4));
    TRY(npde_model_set_coupling(model, coupling, NULL, NULL));
    TRY(npde_model_set_discharge(model, discharge, NULL, NULL));
    TRY(npde_grid_new(c, scheme, breaks, 4, cells, &own));
    TRY(npde_grid_new_graded(c, breaks, 4, cells, ratios, &graded));
    TRY(npde_grid_new_for(model, scheme, 0, &fitted));
    TRY(npde_solver_new(model, own, method, &solver));
    TRY(npde_solver_set(solver, NPDE_OPTION_DT, 0.05));
    TRY(npde_solver_set_density(solver, NPDE_ALL, density, NULL, NULL));
    TRY(npde_solver_observe(solver, NPDE_EVENT_STEP, watch, NULL, NULL, NULL));
    npde_status started = npde_solver_start(solver, 0);
    if (started == NPDE_ERR_MEMORY) {
        failures++;
        started = npde_solver_start(solver, 0);
    }
    if (started != NPDE_ERR_UNSUPPORTED) { /* which an exact method answers */
        ck_assert_msg(started >= 0, "start: %s", npde_context_error(c));
        run_network(solver);
    }
    double *values = calloc(npde_grid_size(own, 0), sizeof *values);
    TRY(npde_solver_set_state(solver, 0, values, npde_grid_size(own, 0)));
    free(values);
    TRY(npde_model_new(c, NPDE_MODEL_LIF, 1, &sharp));
    TRY(npde_solver_new(sharp, NULL, method, &automatic));
    TRY(npde_solver_set(automatic, NPDE_OPTION_DT, 0.1));
    TRY(npde_solver_set_gaussian(automatic, 0, 0, 0.1));
    TRY(npde_solver_start(automatic, 0));
    TRY(npde_solver_set(automatic, NPDE_OPTION_LAYER, 1e-4));
    TRY(npde_solver_start(automatic, 0));
    if (npde__method_find(method)->error_order) { /* finite volumes for jumps, adaptive */
        TRY(npde_solver_set(automatic, NPDE_OPTION_DT, 0));
        TRY(npde_solver_set(automatic, NPDE_OPTION_BLOWUP, NPDE_BLOWUP_JUMP));
        TRY(npde_solver_start(automatic, 0));
    }
    npde_solver_free(automatic);
    npde_solver_free(solver);
    npde_grid_free(fitted);
    npde_grid_free(graded);
    npde_grid_free(own);
    npde_model_free(sharp);
    npde_model_free(model);
    npde_context_free(c);
}

static void sweep(npde_id method, npde_id scheme, long stride)
{
    memset(&heap, 0, sizeof heap);
    scenario(method, scheme);
    const long requests = heap.requests;
    ck_assert_int_eq(heap.live, 0);
    ck_assert_int_gt(requests, 100);
    for (long k = 1; k <= requests; k += stride) {
        heap.requests = 0;
        heap.fail_at = k;
        failures = 0;
        scenario(method, scheme);
        ck_assert_msg(failures == 1, "request %ld of %ld was refused: %d calls said so", k, requests, failures);
        ck_assert_msg(heap.live == 0, "request %ld of %ld was refused: %ld blocks are lost", k, requests, heap.live);
    }
}

START_TEST(every_allocation_may_fail)
{
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        sweep(method->id, NPDE_SCHEME_SPECTRAL, test_scale() == 1 ? 1 : 7);
        sweep(method->id, NPDE_SCHEME_FINITE_VOLUME, test_scale() == 1 ? 1 : 7);
    }
}
END_TEST

/* Delays, a refractory state and a callback; or none of them, for exact methods. */
static npde_model *two_populations(int network)
{
    const double weights[] = {0.5, 0.2, -0.5, -1}, delays[] = {0, 0, 0.3, 0.1};
    npde_model *model;
    OK(c, npde_model_new(c, network ? NPDE_MODEL_LIF_NETWORK : NPDE_MODEL_LIF, 2, &model));
    if (!network) return model;
    OK(c, npde_model_set_matrix(model, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(c, npde_model_set_matrix(model, NPDE_MATRIX_DELAYS, delays, 2, 2));
    OK(c, npde_model_set(model, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    OK(c, npde_model_set(model, 0, NPDE_PARAM_REFRACTORY_TIME, 0.2));
    OK(c, npde_model_set_coupling(model, coupling, NULL, NULL));
    return model;
}

/* Between two starts the allocator is not called once, whatever is asked of the run. */
START_TEST(nothing_is_allocated_while_running)
{
    const npde__method *method;
    for (size_t k = 0; (method = lif_method_at(k / 4)) != NULL; k++) {
        const int adaptive = k % 4 >= 2;
        if (adaptive && !method->error_order && method->order > 0) continue;
        npde_model *model;
        npde_grid *grid;
        npde_solver *solver;
        memset(&heap, 0, sizeof heap);
        OK(c, npde_context_new_with_allocator(heap_give, heap_take, NULL, &c));
        model = two_populations(method->order > 0);
        OK(c, npde_grid_new_for(model, k % 2 ? NPDE_SCHEME_FINITE_VOLUME : NPDE_SCHEME_SPECTRAL, 0, &grid));
        OK(c, npde_solver_new(model, grid, method->id, &solver));
        OK(c, npde_solver_set(solver, NPDE_OPTION_DT, adaptive ? 0 : 0.01));
        OK(c, npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-4));
        OK(c, npde_solver_set_gaussian(solver, NPDE_ALL, -1, 0.3));
        OK(c, npde_solver_observe(solver, NPDE_EVENT_STEP, watch, NULL, NULL, NULL));
        OK(c, npde_solver_start(solver, 0));
        const long before = heap.requests;
        const double times[] = {0.5, 1};
        double rates[4], x[512];
        const double *view;
        size_t n = npde_grid_size(grid, 0), need;
        int64_t count;
        OK(c, npde_solver_step(solver, 0.3, NULL));
        OK(c, npde_solver_advance(solver, 0.4, NULL));
        OK(c, npde_solver_sample(solver, times, 2, rates));
        OK(c, npde_solver_state(solver, 1, x, n));
        OK(c, npde_solver_state_view(solver, 1, &view, &n));
        OK(c, npde_solver_evaluate(solver, 0, times, 2, x));
        OK(c, npde_solver_rates(solver, rates, 2));
        OK(c, npde_solver_reservoirs(solver, rates, 2));
        OK(c, npde_solver_count(solver, NPDE_COUNT_STEPS, &count));
        npde_id stat;
        for (size_t i = 0; npde_id_at(NPDE_FAMILY_STAT, i, &stat) == NPDE_OK; i++)
            OK(c, npde_solver_stat(solver, stat, x));
        OK(c, npde_solver_save(solver, NULL, 0, &need));
        void *snapshot = malloc(need);
        OK(c, npde_solver_save(solver, snapshot, need, &need));
        OK(c, npde_solver_advance(solver, 1.5, NULL));
        OK(c, npde_solver_restore(solver, snapshot, need));
        OK(c, npde_solver_advance(solver, 1.5, NULL));
        free(snapshot);
        ck_assert_int_eq(heap.requests, before);
        npde_solver_free(solver);
        npde_grid_free(grid);
        npde_model_free(model);
        npde_context_free(c);
        ck_assert_int_eq(heap.live, 0);
    }
}
END_TEST

MAIN("memory", every_allocation_may_fail, nothing_is_allocated_while_running)
