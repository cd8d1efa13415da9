/* SPDX-License-Identifier: BSD-3-Clause
 * Relaxation along the conductance axis, and with transport the kinetic Fokker–Planck equation, whose Gaussian
 * solution is exact. */
#include "operators/characteristics.h"
#include "operators/relaxation.h"
#include "steppers/stepper.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static npde_context *c;

static void set_up(void)
{
    OK(c, npde_context_new(&c));
}

static void tear_down(void)
{
    npde_context_free(c);
}

static npde_grid *axis(npde_id scheme, double left, double right, size_t n)
{
    npde_grid *g;
    const double breaks[] = {left, (left + right) / 2, right};
    const size_t half[] = {n / 2, n / 2};
    OK(c, npde_grid_new(c, scheme, breaks, 3, half, &g));
    return g;
}

/* The discrete Gaussian stays: from it and to it, over steps that are short and long against σ. */
START_TEST(discrete_gaussian_is_kept)
{
    const npde_grid *g = axis(NPDE_SCHEME_CELLS, 0, 2.5, 128);
    for (int k = 0; k < 2; k++) {
        const double mean = 0.5, a = 0.05, sigma = k ? 1e-6 : 0.25;
        npde__relaxation r;
        OK(c, npde__relaxation_init(&r, c, g, 3, sigma, 0, 0));
        npde__relaxation_load(&r, &mean, a);
        double p[3 * 128], total = 0, exact[128];
        for (size_t j = 0; j < 128; j++) total += g->w[j] * (exact[j] = exp(-pow(g->v[j] - mean, 2) / (2 * a)));
        for (size_t j = 0; j < 128; j++) {
            exact[j] /= total;
            p[3 * j] = exact[j];                       /* the equilibrium */
            p[3 * j + 1] = j == 100 ? 1 / g->w[j] : 0; /* all else goes to it */
            p[3 * j + 2] = 2 * exact[j];
        }
        for (int i = 0; i < 400; i++) ck_assert_int_eq(npde__relaxation_flow(&r, &r, 0.05, p, p), NPDE_OK);
        for (size_t j = 0; j < 128; j++) {
            NEAR(p[3 * j], exact[j], 1e-13 * (1 + exact[j]));
            NEAR(p[3 * j + 1], exact[j], 1e-12 * (1 + exact[j]));
            NEAR(p[3 * j + 2], 2 * exact[j], 2e-13 * (1 + exact[j]));
        }
        npde__relaxation_free(&r);
    }
    npde_grid_free((npde_grid *)g);
}
END_TEST

/* Far from the ends a Gaussian stays one: mean and variance relax like e^{−t/σ}, e^{−2t/σ}. */
static double gaussian_error(npde_id scheme, size_t n, double h)
{
    npde_grid *g = axis(scheme, 0, 8, n);
    const double mean = 4, a = 0.3, sigma = 0.5, t = 0.5, m0 = 3, v0 = 0.1;
    npde__relaxation r;
    OK(c, npde__relaxation_init(&r, c, g, 1, sigma, 0, 0));
    npde__relaxation_load(&r, &mean, a);
    double *p = calloc(g->n, sizeof *p), error = 0;
    for (size_t j = 0; j < g->n; j++)
        p[j] = exp(-pow(g->v[j] - m0, 2) / (2 * v0)) / sqrt(2 * 3.14159265358979323846 * v0);
    for (int i = 0; i < (int)(t / h + 0.5); i++) ck_assert_int_eq(npde__relaxation_flow(&r, &r, h, p, p), NPDE_OK);
    const double m = mean + (m0 - mean) * exp(-t / sigma), v = a + (v0 - a) * exp(-2 * t / sigma);
    for (size_t j = 0; j < g->n; j++)
        error += g->w[j] * fabs(p[j] - exp(-pow(g->v[j] - m, 2) / (2 * v)) / sqrt(2 * 3.14159265358979323846 * v));
    free(p);
    npde__relaxation_free(&r);
    npde_grid_free(g);
    return error;
}

START_TEST(orders_in_time_and_space)
{
    NEAR(log2(gaussian_error(NPDE_SCHEME_SPECTRAL, 100, 0.02) / gaussian_error(NPDE_SCHEME_SPECTRAL, 100, 0.01)), 2,
         0.1);
    NEAR(log2(gaussian_error(NPDE_SCHEME_CELLS, 64, 0.0005) / gaussian_error(NPDE_SCHEME_CELLS, 128, 0.0005)), 2, 0.1);
    const double coarse = gaussian_error(NPDE_SCHEME_SPECTRAL, 32, 0.0005),
                 fine = gaussian_error(NPDE_SCHEME_SPECTRAL, 48, 0.0005);
    ck_assert_double_ge(log(coarse / fine) / log(1.5), 6); /* faster than any order */
    ck_assert_double_le(fine, 1e-5);
}
END_TEST

/* A mean for each column, all the same, is the shared one; and each column otherwise goes to its own equilibrium. */
START_TEST(a_mean_for_each_column)
{
    enum { COLUMNS = 37, N = 48 };
    npde_grid *g = axis(NPDE_SCHEME_CELLS, 0, 3, N);
    npde__relaxation shared, own;
    double mean[COLUMNS], p[COLUMNS * N], q[COLUMNS * N];
    random_stream random = {11};
    for (size_t i = 0; i < COLUMNS; i++) mean[i] = 0.7;
    for (size_t i = 0; i < COLUMNS * N; i++) p[i] = q[i] = random_between(&random, 0, 1);
    OK(c, npde__relaxation_init(&shared, c, g, COLUMNS, 0.2, 0, 0));
    OK(c, npde__relaxation_init(&own, c, g, COLUMNS, 0.2, 0, 1));
    npde__relaxation_load(&shared, mean, 0.1);
    npde__relaxation_load(&own, mean, 0.1);
    ck_assert_int_eq(npde__relaxation_flow(&shared, &shared, 0.1, p, p), NPDE_OK);
    ck_assert_int_eq(npde__relaxation_flow(&own, &own, 0.1, q, q), NPDE_OK);
    for (size_t i = 0; i < COLUMNS * N; i++) NEAR(p[i], q[i], 1e-13);
    double mass[COLUMNS] = {0};
    for (size_t i = 0; i < COLUMNS; i++) {
        mean[i] = 0.1 + 0.03 * (double)i;
        for (size_t j = 0; j < N; j++) mass[i] += g->w[j] * q[j * COLUMNS + i];
    }
    npde__relaxation_load(&own, mean, 0.1);
    for (int k = 0; k < 200; k++) ck_assert_int_eq(npde__relaxation_flow(&own, &own, 0.1, q, q), NPDE_OK);
    for (size_t i = 0; i < COLUMNS; i++) {
        double total = 0;
        for (size_t j = 0; j < N; j++) total += g->w[j] * exp(-pow(g->v[j] - mean[i], 2) / 0.2);
        for (size_t j = 0; j < N; j++)
            NEAR(q[j * COLUMNS + i], mass[i] * exp(-pow(g->v[j] - mean[i], 2) / 0.2) / total, 1e-12);
    }
    npde__relaxation_free(&shared);
    npde__relaxation_free(&own);
    npde_grid_free(g);
}
END_TEST

/* All variants of the sweeps agree to rounding, for every number of columns, and from one array to another as in place. */
START_TEST(kernels_agree)
{
    enum { N = 9, MOST = 150 };
    static double p[N * MOST], out[2][N * MOST], work[N * NPDE__KERNELS_COLUMNS];
    random_stream random = {17};
    double first[3 * N], second[N];
    const npde__kernels *portable = npde__kernels_at(0), *other;
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < 3; k++) first[3 * i + k] = random_between(&random, 0, 0.5);
        second[i] = random_between(&random, 0, 0.5);
        if (i == 0) first[0] = 0;
        if (i + 1 == N) first[3 * i + 2] = second[i] = 0;
    }
    for (size_t columns = 1; columns < MOST; columns++) {
        for (size_t i = 0; i < N * columns; i++) p[i] = random_between(&random, 0, 1);
        portable->shared_flow(N, columns, columns, first, second, -1.4, p, out[0], work);
        for (size_t k = 0; (other = npde__kernels_at(k)) != NULL; k++) {
            memcpy(out[1], p, sizeof out[1]);
            other->shared_flow(N, columns, columns, first, second, -1.4, out[1], out[1], work);
            for (size_t i = 0; i < N * columns; i++) NEAR(out[1][i], out[0][i], 1e-14);
        }
    }
}
END_TEST

/* First moment at t = 1 with G = 4 + sin 3t, each of the two stages with its own. */
static double changing_moment(npde_grid *g, double h)
{
    npde__relaxation early, late;
    OK(c, npde__relaxation_init(&early, c, g, 1, 0.5, 0, 0));
    OK(c, npde__relaxation_init(&late, c, g, 1, 0.5, 0, 0));
    double p[64], moment = 0;
    for (size_t j = 0; j < 64; j++) p[j] = exp(-pow(g->v[j] - 3, 2));
    for (int i = 0; i < (int)(1 / h + 0.5); i++) {
        const double first = 4 + sin(3 * h * (i + NPDE__RELAXATION_EARLY)), second = 4 + sin(3 * h * (i + 1));
        npde__relaxation_load(&early, &first, 0.3);
        npde__relaxation_load(&late, &second, 0.3);
        ck_assert_int_eq(npde__relaxation_flow(&early, &late, h, p, p), NPDE_OK);
    }
    for (size_t j = 0; j < 64; j++) moment += g->w[j] * p[j] * g->v[j];
    npde__relaxation_free(&early);
    npde__relaxation_free(&late);
    return moment;
}

START_TEST(order_two_when_coefficients_change)
{
    npde_grid *g = axis(NPDE_SCHEME_CELLS, 0, 8, 64);
    double moment[3];
    for (int k = 0; k < 3; k++) moment[k] = changing_moment(g, 0.1 / (1 << k));
    NEAR(log2(fabs((moment[0] - moment[1]) / (moment[1] - moment[2]))), 2, 0.2);
    npde_grid_free(g);
}
END_TEST

/* Nothing negative in positive mode, from rough data and for steps of any size; mass of each column to rounding. */
START_TEST(positive_when_promised)
{
    enum { COLUMNS = 9, N = 40 };
    random_stream random = {5};
    npde_grid *g = axis(NPDE_SCHEME_CELLS, 0, 3, N);
    for (int k = 0; k < 200; k++) {
        const double mean = random_between(&random, -2, 4), h = exp(random_between(&random, -10, 10));
        double p[COLUMNS * N], before[COLUMNS] = {0};
        for (size_t i = 0; i < COLUMNS * N; i++) {
            p[i] = random_between(&random, 0, 1) < 0.9 ? 0 : exp(random_between(&random, -10, 5));
            before[i % COLUMNS] += g->w[i / COLUMNS] * p[i];
        }
        npde__relaxation r;
        OK(c, npde__relaxation_init(&r, c, g, COLUMNS, 1, 1, k % 2));
        double means[COLUMNS];
        for (size_t i = 0; i < COLUMNS; i++) means[i] = mean;
        npde__relaxation_load(&r, means, exp(random_between(&random, -8, 1)));
        ck_assert_int_eq(npde__relaxation_flow(&r, &r, h, p, p), NPDE_OK);
        for (size_t i = 0; i < COLUMNS * N; i++) {
            ck_assert_double_ge(p[i], 0);
            before[i % COLUMNS] -= g->w[i / COLUMNS] * p[i];
        }
        for (size_t i = 0; i < COLUMNS; i++) NEAR(before[i], 0, 1e-12);
        npde__relaxation_free(&r);
    }
    npde_grid_free(g);
}
END_TEST

/* ---- the two-dimensional core on ∂_t p + u ∂_x p = ∂_u(u p) + ∂_uu p ---- */

typedef struct {
    npde__system base;
    npde_grid *x, *u;
    npde__characteristics row;
    npde__relaxation column;
} core;

static npde_status core_freeze(npde__system *s, double t, int side, const double *rates)
{
    (void)s, (void)t, (void)side, (void)rates;
    return NPDE_OK;
}

static npde_status core_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    (void)s, (void)t, (void)side, (void)y;
    rates[0] = 0;
    return NPDE_OK;
}

static npde_status core_step(npde__system *s, double h, const double *from, double *y)
{
    core *k = (core *)s;
    const double b = 1e-9; /* a speed that hardly changes along x: u = u(1 − b x) */
    const npde_status status = npde__relaxation_flow_rows(&k->column, &k->column, h / 2, from, y);
    if (status) return status;
    for (size_t j = 0; j < k->u->n; j++) {
        const npde__relaxation_row last = npde__relaxation_last(&k->column, j);
        npde__characteristics_flow(&k->row, k->u->v[j] / b, expm1(b * h), last.scale, last.carry, y + j * k->x->n);
    }
    return npde__relaxation_flow(&k->column, &k->column, h / 2, y, y);
}

static const npde__system_ops core_ops = {.freeze = core_freeze, .rates = core_rates, .split_step = core_step};

static double gaussian(double x, double u, const double *m)
{
    const double d = m[2] * m[4] - m[3] * m[3], dx = x - m[0], du = u - m[1];
    return exp(-(m[4] * dx * dx - 2 * m[3] * dx * du + m[2] * du * du) / (2 * d)) /
           (2 * 3.14159265358979323846 * sqrt(d));
}

/* Mean and covariance at t: x̄, ū, Σ_xx, Σ_xu, Σ_uu, from their linear equations. */
static void moments(double t, double *m)
{
    const double e = exp(-t), x0 = -0.5, u0 = 1, xx = 0.3, xu = 0.1, uu = 0.5;
    m[0] = x0 + u0 * (1 - e);
    m[1] = u0 * e;
    m[4] = 1 + (uu - 1) * e * e;
    /* Σ_xu' = Σ_uu − Σ_xu, Σ_xx' = 2 Σ_xu */
    m[3] = 1 + (xu - 1 + uu - 1) * e - (uu - 1) * e * e;
    m[2] = xx + 2 * t + 2 * (xu - 1 + uu - 1) * (1 - e) - (uu - 1) * (1 - e * e);
}

enum { BINS = 40 };

/* Error in L1 at t = 1, and the masses of the 40 intervals along x that the cells share. */
static double core_error(size_t n_x, npde_id scheme, size_t n_u, double h, double *bins)
{
    core k = {.base = {.ops = &core_ops, .context = c, .n_rates = 1}};
    const double breaks[] = {-7, 7}, mean = 0;
    OK(c, npde_grid_new(c, NPDE_SCHEME_CELLS, breaks, 2, &n_x, &k.x));
    k.u = axis(scheme, -7, 7, n_u);
    k.base.n = k.base.stride = k.base.points = n_x * k.u->n;
    OK(c, npde__characteristics_init(&k.row, c, k.x, 0));
    OK(c, npde__relaxation_init(&k.column, c, k.u, n_x, 1, 0, 0));
    npde__relaxation_load(&k.column, &mean, 1);
    npde__stepper s;
    OK(c, npde__stepper_init(&s, npde__method_find(NPDE_METHOD_STRANG), &k.base));
    double m[5], error = 0;
    memset(bins, 0, BINS * sizeof *bins);
    for (int pass = 0; pass < 2; pass++) {
        moments(pass ? 1 : 0, m);
        for (size_t j = 0; j < k.u->n; j++)
            for (size_t i = 0; i < n_x; i++) { /* the mean over a cell by three Gauss points */
                const double d = 0.7745966692414833770 * k.x->w[i] / 2, x = k.x->v[i], u = k.u->v[j];
                const double value =
                    (5 * gaussian(x - d, u, m) + 8 * gaussian(x, u, m) + 5 * gaussian(x + d, u, m)) / 18;
                const double weight = k.x->w[i] * k.u->w[j];
                if (pass == 0) s.y[j * n_x + i] = value;
                else error += weight * fabs(s.y[j * n_x + i] - value);
                if (pass == 1) bins[i * BINS / n_x] += weight * s.y[j * n_x + i];
            }
        for (int step = 0; pass == 0 && step < (int)(1 / h + 0.5); step++) {
            ck_assert_int_eq(s.method->step(&s, step * h, h, 0), NPDE_OK);
            npde__stepper_accept(&s, h);
        }
    }
    npde__stepper_free(&s);
    npde__characteristics_free(&k.row);
    npde__relaxation_free(&k.column);
    npde_grid_free(k.x);
    npde_grid_free(k.u);
    return error;
}

START_TEST(kinetic_fokker_planck_in_time)
{
    double bins[BINS];
    const double coarse = core_error(480, NPDE_SCHEME_SPECTRAL, 64, 0.1, bins);
    const double fine = core_error(480, NPDE_SCHEME_SPECTRAL, 64, 0.05, bins);
    NEAR(log2(coarse / fine), 2, 0.1);
    ck_assert_double_le(fine, 1e-3);
}
END_TEST

/* Orders in x and u from three grids, at a step that moves mass by a cell and more. */
START_TEST(kinetic_fokker_planck_in_space)
{
    double bins[3][BINS], apart[2] = {0};
    for (size_t k = 0; k < 3; k++) core_error((size_t)BINS << k, NPDE_SCHEME_SPECTRAL, 64, 0.25, bins[k]);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < BINS; i++) apart[k] += fabs(bins[k][i] - bins[k + 1][i]);
    ck_assert_msg(log2(apart[0] / apart[1]) > 3.5, "apart by %.3e, %.3e", apart[0], apart[1]);
    const double few = core_error(200, NPDE_SCHEME_CELLS, 48, 0.02, bins[0]);
    const double many = core_error(200, NPDE_SCHEME_CELLS, 96, 0.02, bins[1]);
    NEAR(log2(few / many), 2, 0.15);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {discrete_gaussian_is_kept,
                                  orders_in_time_and_space,
                                  a_mean_for_each_column,
                                  positive_when_promised,
                                  kernels_agree,
                                  order_two_when_coefficients_change,
                                  kinetic_fokker_planck_in_time,
                                  kinetic_fokker_planck_in_space};
    return run_suite_with("relaxation", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
