/* SPDX-License-Identifier: BSD-3-Clause
 * A run restored from a snapshot goes on bit for bit; a snapshot that is cut, damaged or of something else is refused. */
#include "problem.h"
#include "steppers/stepper.h"

#include <stdlib.h>
#include <string.h>

static const problem delayed = {.name = "delayed",
                                .reset = 1,
                                .threshold = 2,
                                .diffusion = 1,
                                .connectivity = -3,
                                .delay = 0.2,
                                .refractory = NPDE_REFRACTORY_FIXED,
                                .tau = 0.3,
                                .swing = 0.4,
                                .mean = -0.5,
                                .variance = 0.2};

/* For exact methods. */
static const problem linear = {.name = "linear",
                               .reset = 1,
                               .threshold = 2,
                               .diffusion = 1,
                               .refractory = NPDE_REFRACTORY_EXPONENTIAL,
                               .tau = 0.3,
                               .mean = -0.5,
                               .variance = 0.2};

static void *save(run *r, size_t *n)
{
    OK(r->context, npde_solver_save(r->solver, NULL, 0, n));
    void *bytes = malloc(*n);
    ck_assert_ptr_nonnull(bytes);
    OK(r->context, npde_solver_save(r->solver, bytes, *n, n));
    return bytes;
}

static size_t state(run *r, double *p)
{
    const double *view;
    size_t n;
    OK(r->context, npde_solver_state_view(r->solver, 0, &view, &n));
    memcpy(p, view, n * sizeof *p);
    OK(r->context, npde_solver_rates(r->solver, p + n, 1));
    return n + 1;
}

START_TEST(restored_runs_go_on_bit_for_bit)
{
    const npde__method *method;
    for (size_t k = 0; (method = lif_method_at(k / 4)) != NULL; k++) {
        const double dt = k % 4 < 2 ? 0 : 0.013; /* adaptive, where there is an error estimate */
        if (dt == 0 && !method->error_order && method->order > 0) continue;
        const problem *p = method->order > 0 ? &delayed : &linear;
        run *r = run_new(p, k % 2 ? 120 : 0, method->id, dt);
        run *other = run_new(p, k % 2 ? 120 : 0, method->id, dt);
        if (dt == 0) {
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, 1e-4));
            OK(r->context, npde_solver_start(r->solver, 0));
            OK(other->context, npde_solver_set(other->solver, NPDE_OPTION_RTOL, 1e-4));
            OK(other->context, npde_solver_start(other->solver, 0));
        }
        double first[1024], second[1024];
        size_t n;
        run_rate(r, 0.7);
        void *bytes = save(r, &n);
        run_rate(r, 1.4);
        const int64_t steps = run_count(r, NPDE_COUNT_STEPS);
        const size_t length = state(r, first);
        OK(r->context, npde_solver_restore(r->solver, bytes, n)); /* back in the same solver */
        ck_assert_double_eq(run_stat(r, NPDE_STAT_TIME), 0.7);
        run_rate(r, 1.4);
        state(r, second);
        ck_assert_int_eq(memcmp(first, second, length * sizeof *first), 0);
        ck_assert_int_eq(run_count(r, NPDE_COUNT_STEPS), steps);
        OK(other->context, npde_solver_restore(other->solver, bytes, n)); /* on in another one */
        run_rate(other, 1.4);
        state(other, second);
        ck_assert_int_eq(memcmp(first, second, length * sizeof *first), 0);
        free(bytes);
        run_free(r);
        run_free(other);
    }
}
END_TEST

/* Refused, with nothing changed. */
static void refuse(run *r, const void *bytes, size_t n)
{
    size_t before_n, after_n;
    void *before = save(r, &before_n);
    ANSWERS(r->context, NPDE_ERR_SNAPSHOT, npde_solver_restore(r->solver, bytes, n));
    ck_assert_ptr_nonnull(strstr(npde_context_error(r->context), "npde_solver_restore"));
    void *after = save(r, &after_n);
    ck_assert_uint_eq(before_n, after_n);
    ck_assert_int_eq(memcmp(before, after, before_n), 0);
    free(before);
    free(after);
}

START_TEST(damaged_snapshots_are_refused)
{
    run *r = run_new(&delayed, 20, NPDE_METHOD_TR_BDF2, 0.05);
    size_t n;
    run_rate(r, 0.5);
    unsigned char *bytes = save(r, &n);
    unsigned char *longer = calloc(1, n + 1);
    memcpy(longer, bytes, n);
    run_rate(r, 0.6);
    const size_t stride = n / (test_scale() < 1 ? 50 : 500) + 1;
    for (size_t cut = 0; cut < n; cut += cut < 64 ? 1 : stride) refuse(r, bytes, cut);
    refuse(r, longer, n + 1);
    for (size_t at = 0; at < n; at += at < 64 ? 1 : stride) {
        bytes[at] ^= 1;
        refuse(r, bytes, n);
        bytes[at] ^= 1;
    }
    OK(r->context, npde_solver_restore(r->solver, bytes, n));
    free(longer);
    free(bytes);
    run_free(r);
}
END_TEST

START_TEST(snapshots_of_something_else_are_refused)
{
    run *r = run_new(&delayed, 20, NPDE_METHOD_TR_BDF2, 0.05);
    size_t n;
    void *bytes = save(r, &n);
    problem p = delayed;
    p.connectivity = -3.5;
    run *others[] = {run_new(&p, 20, NPDE_METHOD_TR_BDF2, 0.05), run_new(&delayed, 21, NPDE_METHOD_TR_BDF2, 0.05),
                     run_new(&delayed, 20, NPDE_METHOD_CRANK_NICOLSON, 0.05),
                     run_new(&delayed, 20, NPDE_METHOD_TR_BDF2, 0.04), run_new(&delayed, 0, NPDE_METHOD_TR_BDF2, 0.05)};
    for (int i = 0; i < 5; i++) {
        refuse(others[i], bytes, n);
        run_free(others[i]);
    }
    problem q = delayed;
    q.swing = 0; /* without the callback */
    run *plain = run_new(&q, 20, NPDE_METHOD_TR_BDF2, 0.05);
    refuse(plain, bytes, n);
    run_free(plain);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_FLUX, NPDE_FLUX_EXACT));
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    refuse(r, bytes, n);
    free(bytes);
    run_free(r);
}
END_TEST

START_TEST(buffers_that_are_too_small)
{
    run *r = run_new(&delayed, 20, NPDE_METHOD_TR_BDF2, 0.05);
    size_t n, need = 0;
    void *bytes = save(r, &n);
    ANSWERS(r->context, NPDE_ERR_SIZE, npde_solver_save(r->solver, bytes, n - 1, &need));
    ck_assert_uint_eq(need, n);
    ck_assert_ptr_nonnull(strstr(npde_context_error(r->context), "capacity"));
    free(bytes);
    run_free(r);
}
END_TEST

MAIN("snapshot", restored_runs_go_on_bit_for_bit, damaged_snapshots_are_refused,
     snapshots_of_something_else_are_refused, buffers_that_are_too_small)
