/* SPDX-License-Identifier: BSD-3-Clause
 * The calls of an entropy: bad input, callbacks that fail, memory that fails, any order of free, no allocation in a measurement. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static long requests, fail_at, live;

static void *give(size_t size, void *user)
{
    (void)user;
    if (++requests == fail_at) return NULL;
    live++;
    return malloc(size);
}

static void take(void *block, void *user)
{
    (void)user;
    live--;
    free(block);
}

static int32_t square(size_t n, const double *x, double *value, double *slope, double *curvature, void *user)
{
    const int *mode = user;
    for (size_t i = 0; i < n; i++) {
        value[i] = x[i] * x[i];
        slope[i] = 2 * x[i];
        curvature[i] = 2;
    }
    if (*mode == 1) return -7;
    if (*mode == 2) value[n / 2] = NAN;
    return 0;
}

static int released;

static void release(void *user)
{
    (void)user;
    released++;
}

static npde_context *c;
static npde_model *model;
static npde_grid *grid;

static void set_up(void)
{
    const double breaks[] = {-6, 1, 2};
    const size_t degrees[] = {24, 12};
    requests = fail_at = live = 0;
    OK(c, npde_context_new_with_allocator(give, take, NULL, &c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &model));
    OK(c, npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, -0.5));
    OK(c, npde_model_set(model, 1, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    OK(c, npde_model_set(model, 1, NPDE_PARAM_REFRACTORY_TIME, 0.5));
    OK(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, breaks, 3, degrees, &grid));
}

static void tear_down(void)
{
    npde_grid_free(grid);
    npde_model_free(model);
    npde_context_free(c);
    ck_assert_int_eq(live, 0);
}

static void refused(npde_status expected, npde_status got, const char *word)
{
    ck_assert_msg(got == expected, "%s and not %s", npde_status_name(got), npde_status_name(expected));
    ck_assert_msg(strstr(npde_context_error(c), word) != NULL, "no \"%s\" in: %s", word, npde_context_error(c));
}

START_TEST(bad_input)
{
    npde_entropy *e = NULL, *none = NULL;
    double x, density[37] = {0}, v[37], rate = -1;
    const double rates[] = {0.1, 0.1}, negative[] = {0.1, -1}, wild[] = {0.1, NAN};
    const npde_id flux = NPDE_FLUX_AUTOMATIC, quadratic = NPDE_ENTROPY_QUADRATIC;
    int mode = 0;
    ck_assert_int_eq(npde_entropy_new(NULL, grid, 0, NULL, flux, &e), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_entropy_set_function(NULL, square, NULL, NULL), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_entropy_reference(NULL, density, 37, NULL, NULL), NPDE_ERR_NULL);
    ck_assert_int_eq(npde_entropy_measure(NULL, quadratic, density, 37, 0, &x, NULL, NULL), NPDE_ERR_NULL);
    npde_entropy_free(NULL);
    refused(NPDE_ERR_NULL, npde_entropy_new(model, NULL, 0, NULL, flux, &e), "grid");
    refused(NPDE_ERR_NULL, npde_entropy_new(model, grid, 0, NULL, flux, NULL), "out");
    refused(NPDE_ERR_SIZE, npde_entropy_new(model, grid, 2, NULL, flux, &e), "pop");
    refused(NPDE_ERR_SIZE, npde_entropy_new(model, grid, NPDE_ALL, NULL, flux, &e), "pop");
    refused(NPDE_ERR_ID, npde_entropy_new(model, grid, 0, NULL, NPDE_ENTROPY_ABSOLUTE, &e), "flux");
    refused(NPDE_ERR_RANGE, npde_entropy_new(model, grid, 0, negative, flux, &e), "rates_or_null");
    refused(NPDE_ERR_NOT_FINITE, npde_entropy_new(model, grid, 0, wild, flux, &e), "rates_or_null");
    refused(NPDE_ERR_UNSUPPORTED, npde_entropy_new(model, grid, 1, NULL, flux, &e), "exponential");
    const npde_id others[] = {NPDE_MODEL_MACROSCOPIC, NPDE_MODEL_VOLTAGE_CONDUCTANCE, NPDE_MODEL_HODGKIN_HUXLEY,
                              NPDE_MODEL_KURAMOTO};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        npde_model *strange;
        OK(c, npde_model_new(c, others[i], 1, &strange));
        refused(NPDE_ERR_UNSUPPORTED, npde_entropy_new(strange, grid, 0, NULL, flux, &e), npde_id_name(others[i]));
        npde_model_free(strange);
    }
    npde_context *other;
    npde_model *foreign;
    OK(c, npde_context_new(&other));
    OK(other, npde_model_new(other, NPDE_MODEL_LIF, 1, &foreign));
    ck_assert_int_eq(npde_entropy_new(foreign, grid, 0, NULL, flux, &e), NPDE_ERR_STATE);
    npde_model_free(foreign);
    npde_context_free(other);
    OK(c, npde_model_set(model, 0, NPDE_PARAM_V_THRESHOLD, 2.5));
    refused(NPDE_ERR_GRID, npde_entropy_new(model, grid, 0, NULL, flux, &e), "v_threshold");
    OK(c, npde_model_set(model, 0, NPDE_PARAM_V_THRESHOLD, 2));
    ck_assert_ptr_eq(e, none);

    OK(c, npde_entropy_new(model, grid, 0, rates, flux, &e));
    refused(NPDE_ERR_ID, npde_entropy_measure(e, flux, density, 37, 0, &x, NULL, NULL), "function");
    refused(NPDE_ERR_NULL, npde_entropy_measure(e, quadratic, NULL, 37, 0, &x, NULL, NULL), "density");
    refused(NPDE_ERR_NULL, npde_entropy_measure(e, quadratic, density, 37, 0, NULL, NULL, NULL), "value");
    refused(NPDE_ERR_SIZE, npde_entropy_measure(e, quadratic, density, 36, 0, &x, NULL, NULL), "37");
    refused(NPDE_ERR_NOT_FINITE, npde_entropy_measure(e, quadratic, density, 37, INFINITY, &x, NULL, NULL),
            "reservoir");
    memcpy(v, density, sizeof v);
    v[5] = NAN;
    refused(NPDE_ERR_NOT_FINITE, npde_entropy_measure(e, quadratic, v, 37, 0, &x, NULL, NULL), "density");
    refused(NPDE_ERR_UNSUPPORTED, npde_entropy_measure(e, NPDE_ENTROPY_ABSOLUTE, density, 37, 0, &x, &x, NULL),
            "finite volumes");
    refused(NPDE_ERR_SIZE, npde_entropy_reference(e, density, 3, NULL, NULL), "n");
    refused(NPDE_ERR_STATE, npde_entropy_measure(e, NPDE_ENTROPY_CUSTOM, density, 37, 0, &x, NULL, NULL),
            "set_function");

    OK(c, npde_entropy_reference(e, density, 37, &rate, &x));
    ck_assert(rate > 0 && x == 0);
    OK(c, npde_entropy_measure(e, NPDE_ENTROPY_ABSOLUTE, density, 37, 0, &x, NULL, NULL));
    ck_assert(x < 1e-12);
    released = 0;
    OK(c, npde_entropy_set_function(e, square, &mode, release));
    OK(c, npde_entropy_measure(e, NPDE_ENTROPY_CUSTOM, density, 37, 0, &x, NULL, NULL));
    NEAR(x, 1, 1e-12);
    mode = 1;
    refused(NPDE_ERR_CALLBACK, npde_entropy_measure(e, NPDE_ENTROPY_CUSTOM, density, 37, 0, &x, NULL, NULL), "-7");
    ck_assert_int_eq(npde_context_user_status(c), -7);
    mode = 2;
    refused(NPDE_ERR_CALLBACK, npde_entropy_measure(e, NPDE_ENTROPY_CUSTOM, density, 37, 0, &x, NULL, NULL), "nan");
    OK(c, npde_entropy_set_function(e, square, &mode, release));
    ck_assert_int_eq(released, 1);
    OK(c, npde_entropy_set_function(e, NULL, NULL, NULL));
    ck_assert_int_eq(released, 2);
    npde_entropy_free(e);
}
END_TEST

/* −(x − 1)², sin, x³, ln x, and convex ones: (x − 1)² with all digits cancelling, a kink, |x|³, e^x. */
static int32_t shapes(size_t n, const double *x, double *value, double *slope, double *curvature, void *user)
{
    const int kind = *(const int *)user;
    for (size_t i = 0; i < n; i++) {
        const double y = x[i];
        curvature[i] = kind == 8 ? -1 : 1; /* only its sign is checked */
        const double values[] = {-(y - 1) * (y - 1), sin(2 * y), (y - 1) * (y - 1), log(fabs(y) + 1),
                                 y * y - 2 * y + 1,  fmax(y, 1), fabs(y * y * y),   exp(y),
                                 (y - 1) * (y - 1)},
                     slopes[] = {-2 * (y - 1), 2 * cos(2 * y),  2.1 * (y - 1), 1 / (fabs(y) + 1), 2 * y - 2,
                                 y > 1,        3 * y * fabs(y), exp(y),        2 * (y - 1)};
        value[i] = values[kind];
        slope[i] = slopes[kind];
    }
    return 0;
}

/* A function that is not convex where it is asked is refused, one whose slopes are wrong too; rounding is let pass. */
START_TEST(convexity)
{
    npde_entropy *e;
    double x, density[37], moved[37], v[37];
    OK(c, npde_entropy_new(model, grid, 0, NULL, NPDE_FLUX_AUTOMATIC, &e));
    OK(c, npde_entropy_reference(e, density, 37, NULL, NULL));
    OK(c, npde_grid_points(grid, 0, v, 37));
    for (int kind = 0; kind < 8; kind++) {
        OK(c, npde_entropy_set_function(e, shapes, &kind, NULL));
        for (double size = 1e-12; size < 1; size *= 10) {
            for (size_t i = 0; i < 37; i++) moved[i] = density[i] * (1 + size * sin(3 * v[i]));
            x = 7;
            if (kind >= 4) OK(c, npde_entropy_measure(e, NPDE_ENTROPY_CUSTOM, moved, 37, 0, &x, NULL, NULL));
            else if (size > 0.01) {
                refused(NPDE_ERR_CALLBACK, npde_entropy_measure(e, NPDE_ENTROPY_CUSTOM, moved, 37, 0, &x, NULL, NULL),
                        "not convex");
                ck_assert_double_eq(x, 7);
            }
        }
    }
    const int bent = 8;
    OK(c, npde_entropy_set_function(e, shapes, (void *)&bent, NULL));
    refused(NPDE_ERR_CALLBACK, npde_entropy_measure(e, NPDE_ENTROPY_CUSTOM, density, 37, 0, &x, NULL, NULL),
            "curvature -1");
    npde_entropy_free(e);
}
END_TEST

/* Densities that are no densities, or too large for their square to be a number. */
START_TEST(wild_densities)
{
    npde_entropy *e;
    double x = 7, y = 8, density[37], moved[37];
    OK(c, npde_entropy_new(model, grid, 0, NULL, NPDE_FLUX_AUTOMATIC, &e));
    OK(c, npde_entropy_reference(e, density, 37, NULL, NULL));
    for (size_t i = 0; i < 37; i++) moved[i] = 1e200 * density[i];
    refused(NPDE_ERR_RANGE, npde_entropy_measure(e, NPDE_ENTROPY_QUADRATIC, moved, 37, 0, &x, &y, NULL), "too large");
    memcpy(moved, density, sizeof moved);
    moved[20] = -0.01;
    refused(NPDE_ERR_RANGE, npde_entropy_measure(e, NPDE_ENTROPY_KULLBACK_LEIBLER, moved, 37, 0, &x, &y, NULL),
            "-0.01 at v = ");
    ck_assert(x == 7 && y == 8);
    moved[20] = -1e-14;
    OK(c, npde_entropy_measure(e, NPDE_ENTROPY_KULLBACK_LEIBLER, moved, 37, 0, &x, NULL, NULL));
    ck_assert(isfinite(x));
    npde_entropy_free(e);
}
END_TEST

/* Every allocation may fail; a measurement makes none. */
START_TEST(memory)
{
    npde_entropy *e;
    double x, d, j, density[37];
    int mode = 0;
    const long before = requests;
    OK(c, npde_entropy_new(model, grid, 0, NULL, NPDE_FLUX_AUTOMATIC, &e));
    const long needed = requests - before;
    npde_entropy_free(e);
    const long held = live;
    for (long k = 1; k <= needed; k++) {
        requests = 0;
        fail_at = k;
        refused(NPDE_ERR_MEMORY, npde_entropy_new(model, grid, 0, NULL, NPDE_FLUX_AUTOMATIC, &e), "memory");
        ck_assert_int_eq(live, held);
    }
    fail_at = 0;
    OK(c, npde_entropy_new(model, grid, 0, NULL, NPDE_FLUX_AUTOMATIC, &e));
    requests = 0;
    fail_at = 1;
    refused(NPDE_ERR_MEMORY, npde_entropy_set_function(e, square, &mode, NULL), "memory");
    fail_at = 0;
    OK(c, npde_entropy_set_function(e, square, &mode, NULL));
    OK(c, npde_entropy_reference(e, density, 37, NULL, NULL));
    requests = 0;
    OK(c, npde_entropy_measure(e, NPDE_ENTROPY_CUSTOM, density, 37, 0, &x, &d, &j));
    OK(c, npde_entropy_measure(e, NPDE_ENTROPY_KULLBACK_LEIBLER, density, 37, 0, &x, &d, &j));
    ck_assert_int_eq(requests, 0);
    npde_entropy_free(e);
}
END_TEST

/* What it needs it holds: grid, model and context may go first. */
START_TEST(order_of_free)
{
    npde_entropy *e;
    double x, density[37];
    OK(c, npde_entropy_new(model, grid, 0, NULL, NPDE_FLUX_AUTOMATIC, &e));
    npde_context *kept = c;
    npde_grid_free(grid);
    npde_model_free(model);
    npde_context_free(c);
    OK(kept, npde_entropy_reference(e, density, 37, NULL, NULL));
    OK(kept, npde_entropy_measure(e, NPDE_ENTROPY_QUADRATIC, density, 37, 0, &x, NULL, NULL));
    npde_entropy_free(e);
    ck_assert_int_eq(live, 0);
    set_up();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {bad_input, convexity, wild_densities, memory, order_of_free};
    return run_suite_with("entropy_calls", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
