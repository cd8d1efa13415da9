/* SPDX-License-Identifier: BSD-3-Clause
 * Steady states and responses: bad input, wrong order of calls, failing memory and callbacks, frees in any order. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static npde_context *c, *other;
static npde_model *model, *foreign;
static npde_steady *steady, *fresh;
static npde_response *response;

static void set_up(void)
{
    size_t n;
    OK(c, npde_context_new(&c));
    OK(other, npde_context_new(&other));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &model));
    OK(other, npde_model_new(other, NPDE_MODEL_LIF, 1, &foreign));
    OK(c, npde_model_set(model, NPDE_ALL, NPDE_PARAM_CONNECTIVITY, 0.5));
    OK(c, npde_steady_new(model, NULL, &steady));
    OK(c, npde_steady_new(model, NULL, &fresh));
    OK(c, npde_steady_solve(steady, &n));
    ck_assert_uint_eq(n, 1);
    OK(c, npde_response_new(steady, 0, &response));
}

static void tear_down(void)
{
    npde_response_free(response);
    npde_steady_free(steady);
    npde_steady_free(fresh);
    npde_model_free(model);
    npde_model_free(foreign);
    npde_context_free(c);
    npde_context_free(other);
}

/* Refused with this status and these words; the states found before are still there. */
#define REFUSED(status, call, ...)                                                                            \
    do {                                                                                                      \
        const char *const words[] = {__VA_ARGS__};                                                            \
        double kept_[2];                                                                                      \
        ANSWERS(c, status, call);                                                                             \
        for (size_t word_ = 0; word_ < sizeof words / sizeof words[0]; word_++)                               \
            ck_assert_msg(strstr(npde_context_error(c), words[word_]) != NULL, "%s: no \"%s\" in: %s", #call, \
                          words[word_], npde_context_error(c));                                               \
        OK(c, npde_steady_rates(steady, 0, kept_, 2));                                                        \
        ck_assert_double_eq_tol(kept_[1], 0.134775079935250081, 1e-15);                                       \
    } while (0)

START_TEST(null_arguments)
{
    double x[8] = {1, 1};
    REFUSED(NPDE_ERR_NULL, npde_steady_new(model, NULL, NULL), "npde_steady_new", "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_steady_get(steady, NPDE_STEADY_BOXES, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_steady_rates(steady, 0, NULL, 2), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_steady_state(steady, 0, 0, NULL, 2), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_steady_evaluate(steady, 0, 0, NULL, 2, x), "v is NULL");
    REFUSED(NPDE_ERR_NULL, npde_steady_evaluate(steady, 0, 0, x, 2, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_steady_grid(steady, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_steady_eigenvalues(steady, 0, NULL, 1), "re_im is NULL");
    REFUSED(NPDE_ERR_NULL, npde_response_new(steady, 0, NULL), "out is NULL");
    REFUSED(NPDE_ERR_NULL, npde_response_rate(response, NPDE_INPUT_DRIVE, 0, NULL, 1, x), "omega is NULL");
    REFUSED(NPDE_ERR_NULL, npde_response_rate(response, NPDE_INPUT_DRIVE, 0, x, 1, NULL), "re_im is NULL");
    REFUSED(NPDE_ERR_NULL, npde_response_spectrum(response, NULL, 2, x, 1, x), "n_neurons is NULL");
    REFUSED(NPDE_ERR_NULL, npde_response_spectrum(response, x, 2, NULL, 1, x), "omega is NULL");
    REFUSED(NPDE_ERR_NULL, npde_response_spectrum(response, x, 2, x, 1, NULL), "power is NULL");
    OK(c, npde_steady_solve(steady, NULL)); /* the number may be left out */
}
END_TEST

START_TEST(values)
{
    double x[8] = {1, 1}, bad[] = {NAN, 1}, negative[] = {100, -1};
    REFUSED(NPDE_ERR_ID, npde_steady_set(steady, NPDE_OPTION_DT, 1), "option = 6001", "family steady");
    REFUSED(NPDE_ERR_ID, npde_steady_get(steady, NPDE_INPUT_DRIVE, x), "option = 19001");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_steady_set(steady, NPDE_STEADY_RATE_MAX, NAN), "rate_max", "not finite");
    REFUSED(NPDE_ERR_RANGE, npde_steady_set(steady, NPDE_STEADY_RATE_MIN, -1), "rate_min = -1", "[0, ");
    REFUSED(NPDE_ERR_RANGE, npde_steady_set(steady, NPDE_STEADY_RATE_MAX, 0), "rate_max", "outside");
    REFUSED(NPDE_ERR_RANGE, npde_steady_set(steady, NPDE_STEADY_BOXES, 2.5), "boxes", "whole number");
    REFUSED(NPDE_ERR_SIZE, npde_steady_rates(steady, 1, x, 2), "index = 1 is outside [0, 0]");
    REFUSED(NPDE_ERR_SIZE, npde_steady_rates(steady, 0, x, 3), "n_pop = 3 must be 2");
    REFUSED(NPDE_ERR_SIZE, npde_steady_state(steady, 0, 2, x, 2), "pop = 2");
    REFUSED(NPDE_ERR_SIZE, npde_steady_state(steady, 0, NPDE_ALL, x, 2), "NPDE_ALL");
    REFUSED(NPDE_ERR_SIZE, npde_steady_state(steady, 0, 0, x, 2), "n = 2 must be ");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_steady_evaluate(steady, 0, 0, bad, 2, x), "v[0]");
    REFUSED(NPDE_ERR_SIZE, npde_steady_eigenvalues(steady, 3, x, 1), "index = 3");
    REFUSED(NPDE_ERR_SIZE, npde_response_new(steady, 7, &response), "index = 7");
    REFUSED(NPDE_ERR_ID, npde_response_rate(response, NPDE_STEADY_BOXES, 0, x, 1, x), "input = 18003", "family input");
    REFUSED(NPDE_ERR_SIZE, npde_response_rate(response, NPDE_INPUT_DRIVE, 2, x, 1, x), "pop = 2");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_response_rate(response, NPDE_INPUT_DRIVE, 0, bad, 2, x), "omega[0]");
    REFUSED(NPDE_ERR_SIZE, npde_response_spectrum(response, x, 1, x, 1, x), "n_pop = 1 must be 2");
    REFUSED(NPDE_ERR_RANGE, npde_response_spectrum(response, negative, 2, x, 1, x), "n_neurons[1] = -1");
    REFUSED(NPDE_ERR_NOT_FINITE, npde_response_spectrum(response, x, 2, bad, 1, x), "omega[0]");
    OK(c, npde_steady_eigenvalues(steady, 0, x, 0));
}
END_TEST

static int32_t coupling(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)t, (void)n_pop, (void)rate, (void)drive, (void)diffusion, (void)user;
    return 0;
}

static int32_t failing(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)n, (void)v, (void)value;
    return *(const int32_t *)user;
}

START_TEST(order_of_calls_and_what_is_supported)
{
    double x[4];
    size_t n = 77;
    npde_grid *grid;
    npde_steady *bad;
    const double breaks[] = {-6, 1.2, 2};
    const size_t cells[] = {20, 8};
    const int32_t answer = 42;
    REFUSED(NPDE_ERR_STATE, npde_steady_rates(fresh, 0, x, 2), "npde_steady_rates", "npde_steady_solve() first");
    REFUSED(NPDE_ERR_STATE, npde_steady_grid(fresh, &grid), "npde_steady_solve() first");
    REFUSED(NPDE_ERR_STATE, npde_response_new(fresh, 0, &response), "npde_steady_solve() first");
    OK(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 3, cells, &grid));
    ANSWERS(other, NPDE_ERR_STATE, npde_steady_new(foreign, grid, &bad));
    OK(c, npde_steady_new(model, grid, &bad));
    REFUSED(NPDE_ERR_GRID, npde_steady_solve(bad, &n), "v_reset = 1", "breaks");
    npde_steady_free(bad);
    npde_grid_free(grid);
    OK(c, npde_steady_set(steady, NPDE_STEADY_RATE_MIN, 3));
    OK(c, npde_steady_set(steady, NPDE_STEADY_RATE_MAX, 2));
    REFUSED(NPDE_ERR_RANGE, npde_steady_solve(steady, &n), "rate_min = 3 must be less than rate_max = 2");
    OK(c, npde_steady_set(steady, NPDE_STEADY_RATE_MIN, 0));
    OK(c, npde_steady_set(steady, NPDE_STEADY_BOXES, 1));
    OK(c, npde_model_set(model, NPDE_ALL, NPDE_PARAM_CONNECTIVITY, 1.5));
    REFUSED(NPDE_ERR_TOO_MANY_STEPS, npde_steady_solve(steady, &n), "1 boxes", "rate_max");
    OK(c, npde_steady_set(steady, NPDE_STEADY_BOXES, 1e6));
    OK(c, npde_model_set_coupling(model, coupling, NULL, NULL));
    REFUSED(NPDE_ERR_UNSUPPORTED, npde_steady_solve(steady, &n), "coupling callback", "matrices of a network");
    OK(c, npde_model_set_coupling(model, NULL, NULL, NULL));
    OK(c, npde_model_set_drift(model, failing, (void *)(uintptr_t)&answer, NULL));
    REFUSED(NPDE_ERR_CALLBACK, npde_steady_solve(steady, &n), "drift callback", "42");
    ck_assert_int_eq(npde_context_user_status(c), 42);
    OK(c, npde_model_set_drift(model, NULL, NULL, NULL));
    OK(c, npde_model_set(model, 1, NPDE_PARAM_V_RESET, 3));
    REFUSED(NPDE_ERR_RANGE, npde_steady_solve(steady, &n), "v_reset = 3 must be less than");
    OK(c, npde_model_set(model, 1, NPDE_PARAM_V_RESET, 1));
    ck_assert_uint_eq(n, 77);
    /* No state in the window is a result. */
    OK(c, npde_model_set(model, NPDE_ALL, NPDE_PARAM_CONNECTIVITY, 3));
    OK(c, npde_steady_solve(fresh, &n));
    ck_assert_uint_eq(n, 0);
    REFUSED(NPDE_ERR_SIZE, npde_steady_rates(fresh, 0, x, 2), "no steady state in the window");
}
END_TEST

/* ---- memory ---- */

static int refused;

#define TRY(call)                                                                                \
    do {                                                                                         \
        npde_status try_status_ = (call);                                                        \
        if (try_status_ == NPDE_ERR_MEMORY) {                                                    \
            refused++;                                                                           \
            if (h) ck_assert_ptr_nonnull(strstr(npde_context_error(h), "memory"));               \
            try_status_ = (call);                                                                \
        }                                                                                        \
        ck_assert_msg(try_status_ >= 0, "%s: %s", #call, h ? npde_context_error(h) : "nothing"); \
    } while (0)

static int32_t leak(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = -v[i];
    return 0;
}

static void scenario(void)
{
    const double weights[] = {0.2, -0.5, 0.3, 0}, delays[] = {0.3, 0, 0, 0};
    npde_context *h = NULL;
    npde_model *m = NULL;
    npde_steady *s = NULL;
    npde_response *r = NULL;
    npde_grid *g = NULL;
    double x[8], sizes[] = {10, 10}, omega[] = {1, 4000}, v[] = {0, 1.5};
    size_t n;
    TRY(npde_context_new_with_allocator(heap_give, heap_take, NULL, &h));
    TRY(npde_model_new(h, NPDE_MODEL_LIF_NETWORK, 2, &m));
    TRY(npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    TRY(npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2));
    TRY(npde_model_set(m, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
    TRY(npde_model_set(m, 0, NPDE_PARAM_REFRACTORY_TIME, 0.1));
    TRY(npde_model_set_drift(m, leak, NULL, NULL));
    TRY(npde_steady_new(m, NULL, &s));
    TRY(npde_steady_set(s, NPDE_STEADY_RATE_MAX, 2));
    TRY(npde_steady_solve(s, &n));
    ck_assert_uint_eq(n, 1);
    TRY(npde_steady_evaluate(s, 0, 0, v, 2, x));
    TRY(npde_steady_grid(s, &g));
    TRY(npde_steady_eigenvalues(s, 0, x, 2));
    TRY(npde_response_new(s, 0, &r));
    TRY(npde_response_rate(r, NPDE_INPUT_DRIVE, 0, omega, 2, x));
    TRY(npde_response_spectrum(r, sizes, 2, omega, 2, x));
    npde_response_free(r);
    npde_grid_free(g);
    npde_steady_free(s);
    npde_model_free(m);
    npde_context_free(h);
}

START_TEST(every_allocation_may_fail)
{
    memset(&heap, 0, sizeof heap);
    scenario();
    const long requests = heap.requests;
    ck_assert_int_eq(heap.live, 0);
    const long stride = 1 + requests / (test_scale() == 1 ? 150 : 20);
    for (long k = 1; k <= requests; k += k < 30 || k > requests - 30 ? 1 : stride) {
        heap.requests = 0;
        heap.fail_at = k;
        refused = 0;
        scenario();
        ck_assert_msg(refused == 1, "request %ld of %ld was refused: %d calls said so", k, requests, refused);
        ck_assert_msg(heap.live == 0, "request %ld of %ld was refused: %ld blocks are lost", k, requests, heap.live);
    }
}
END_TEST

/* All 24 orders of giving up context, model, study and response; what is left goes on working. */
START_TEST(any_order_of_free)
{
    for (int number = 0; number < 24; number++) {
        int left[] = {0, 1, 2, 3}, rest = number;
        npde_context *h;
        npde_model *m;
        npde_steady *s;
        npde_response *r;
        size_t n;
        memset(&heap, 0, sizeof heap);
        OK(h, npde_context_new_with_allocator(heap_give, heap_take, NULL, &h));
        OK(h, npde_model_new(h, NPDE_MODEL_LIF_NETWORK, 1, &m));
        OK(h, npde_steady_new(m, NULL, &s));
        OK(h, npde_steady_solve(s, &n));
        OK(h, npde_response_new(s, 0, &r));
        for (int i = 0; i < 4; i++) {
            const int k = rest % (4 - i), which = left[k];
            const double omega = i;
            double x[2];
            rest /= 4 - i;
            for (int j = k; j + 1 < 4 - i; j++) left[j] = left[j + 1];
            if (which == 0) npde_context_free(h);
            if (which == 1) npde_model_free(m);
            if (which == 2) npde_steady_free(s);
            if (which == 3) npde_response_free(r);
            if (which == 2) s = NULL;
            if (which == 3) r = NULL;
            if (s) ck_assert_int_eq(npde_steady_eigenvalues(s, 0, x, 1), NPDE_OK);
            if (r) ck_assert_int_eq(npde_response_rate(r, NPDE_INPUT_DRIVE, 0, &omega, 1, x), NPDE_OK);
        }
        ck_assert_int_eq(heap.live, 0);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {null_arguments, values, order_of_calls_and_what_is_supported,
                                  every_allocation_may_fail, any_order_of_free};
    return run_suite_with("studies", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
