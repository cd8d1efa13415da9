/* SPDX-License-Identifier: BSD-3-Clause
 * The operator of one population, of both space schemes, sharp and random threshold: what the layers above rely on. */
#include "operators/operator.h"
#include "support.h"

#include <math.h>
#include <string.h>

enum { MAX = 400 };

static npde_context *context;
static npde_grid *grid;
static npde__operator op;

static npde_status leak(void *self, size_t n, const double *v, double *value)
{
    const double *shift = self;
    for (size_t i = 0; i < n; i++) value[i] = *shift - v[i];
    return NPDE_OK;
}

static npde_status jump(void *self, size_t n, const double *v, double *value)
{
    (void)self;
    for (size_t i = 0; i < n; i++) value[i] = v[i] > 2 ? 5 : 0;
    return NPDE_OK;
}

static double shift;

/* kind: bit 0 spectral, bit 1 random threshold, bit 2 exact flux */
static void make(int kind, double size)
{
    const int spectral = kind & 1, random = kind & 2;
    const double breaks[] = {-6 * size, 1 * size, 2 * size, 5 * size};
    const size_t fine[] = {70, 10, 30}, degrees[] = {20, 8, 14};
    OK(context, npde_context_new(&context));
    OK(context, npde_grid_new(context, spectral ? NPDE_SCHEME_SPECTRAL : NPDE_SCHEME_FINITE_VOLUME, breaks,
                              random ? 4 : 3, spectral ? degrees : fine, &grid));
    const npde__field drift = {leak, &shift}, discharge = {random ? jump : NULL, NULL};
    OK(context,
       npde__operator_init(&op, context, grid, grid->node[1], grid->node[2], drift, discharge, (kind & 4) != 0));
}

static void clear(void)
{
    npde__operator_free(&op);
    npde_grid_free(grid);
    npde_context_free(context);
}

static void random_density(random_stream *stream, double *n)
{
    memset(n, 0, MAX * sizeof *n);
    for (size_t i = 0; i < op.end; i++) n[i] = random_between(stream, 0, 1);
}

static double norm(const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < op.end; i++) sum += fabs(x[i]);
    return sum;
}

/* 1ᵀK n = −c·n for every n: what the rows lose is the rate. */
START_TEST(loses_exactly_the_rate)
{
    random_stream stream = {11};
    for (int kind = 0; kind < 8; kind++) {
        make(kind, 1);
        for (int trial = 0; trial < 20; trial++) {
            double n[MAX], out[MAX], sum = 0;
            random_density(&stream, n);
            npde__operator_load(&op, random_between(&stream, -5, 5), random_between(&stream, 0.05, 3));
            op.scheme->apply(&op, n, out);
            for (size_t i = 0; i < op.end; i++) sum += out[i];
            NEAR(sum, -npde__operator_flux(&op, n), 1e-14 * norm(out));
        }
        clear();
    }
}
END_TEST

/* (W − γK) n − γκ N e_R = W r, and the rate that the solve returns is the flux of its result. */
START_TEST(solve_solves)
{
    random_stream stream = {12};
    for (int kind = 0; kind < 8; kind++) {
        make(kind, 1);
        for (int trial = 0; trial < 20; trial++) {
            double r[MAX], n[MAX], out[MAX];
            const double gamma = pow(10, random_between(&stream, -4, 1)), kappa = random_between(&stream, 0, 1);
            const double m = random_between(&stream, 0, 1);
            random_density(&stream, r);
            memcpy(n, r, sizeof n);
            npde__operator_load(&op, random_between(&stream, -3, 3), random_between(&stream, 0.3, 3));
            OK(context, npde__operator_factor(&op, gamma, kappa));
            const double rate = npde__operator_solve(&op, kappa, m, n);
            NEAR(rate, npde__operator_flux(&op, n), 1e-9 * (1 + fabs(rate)));
            op.scheme->apply(&op, n, out);
            out[op.reset] += kappa * rate + m;
            const double scale = 1 + gamma * norm(out);
            for (size_t i = 0; i < op.end; i++)
                NEAR(grid->w[i] * n[i] - gamma * out[i], grid->w[i] * r[i], 1e-11 * scale);
        }
        clear();
    }
}
END_TEST

/* The same with a complex γ, for the real and for the imaginary part. */
START_TEST(solve_solves_with_a_complex_step)
{
    random_stream stream = {16};
    for (int kind = 0; kind < 8; kind++) {
        make(kind, 1);
        OK(context, npde__operator_make_complex(&op));
        for (int trial = 0; trial < 20; trial++) {
            double r[2][MAX], n[2][MAX], out[2][MAX];
            const double size = pow(10, random_between(&stream, -4, 1)), angle = random_between(&stream, -1.2, 1.2);
            const npde__complex gamma = {size * cos(angle), size * sin(angle)};
            const npde__complex kappa = {random_between(&stream, 0, 1), random_between(&stream, -0.3, 0.3)};
            const npde__complex m = {random_between(&stream, 0, 1), random_between(&stream, -1, 1)};
            random_density(&stream, r[0]);
            random_density(&stream, r[1]);
            memcpy(n, r, sizeof n);
            npde__operator_load(&op, random_between(&stream, -3, 3), random_between(&stream, 0.3, 3));
            OK(context, npde__operator_factor_complex(&op, gamma, kappa));
            const npde__complex rate = npde__operator_solve_complex(&op, kappa, m, n[0], n[1]);
            const npde__complex enters = npde__complex_add(npde__complex_times(kappa, rate), m);
            for (int part = 0; part < 2; part++) {
                NEAR(part ? rate.im : rate.re, npde__operator_flux(&op, n[part]), 1e-9 * (1 + fabs(rate.re)));
                op.scheme->apply(&op, n[part], out[part]);
                out[part][op.reset] += part ? enters.im : enters.re;
            }
            const double scale = 1 + size * (norm(out[0]) + norm(out[1]));
            for (size_t i = 0; i < op.end; i++) {
                const npde__complex change = npde__complex_times(gamma, (npde__complex){out[0][i], out[1][i]});
                NEAR(grid->w[i] * n[0][i] - change.re, grid->w[i] * r[0][i], 1e-11 * scale);
                NEAR(grid->w[i] * n[1][i] - change.im, grid->w[i] * r[1][i], 1e-11 * scale);
            }
        }
        clear();
    }
}
END_TEST

/* The tangents are the derivatives of apply and flux by drive and diffusion. */
START_TEST(tangents_are_derivatives)
{
    random_stream stream = {13};
    for (int kind = 0; kind < 8; kind++) {
        make(kind, 1);
        for (int trial = 0; trial < 10; trial++) {
            double n[MAX], by[2][MAX], plus[MAX], minus[MAX], flux_by[2], unused[2];
            const double at[2] = {random_between(&stream, -3, 3), random_between(&stream, 0.3, 3)}, h = 1e-5;
            random_density(&stream, n);
            npde__operator_load(&op, at[0], at[1]);
            op.scheme->tangent(&op, n, by[0], by[1]);
            op.scheme->flux(&op, at[0], at[1], n, &flux_by[0], &flux_by[1]);
            for (int k = 0; k < 2; k++) {
                npde__operator_load(&op, at[0] + (k == 0) * h, at[1] + (k == 1) * h);
                op.scheme->apply(&op, n, plus);
                const double flux_plus =
                    op.scheme->flux(&op, at[0] + (k == 0) * h, at[1] + (k == 1) * h, n, &unused[0], &unused[1]);
                npde__operator_load(&op, at[0] - (k == 0) * h, at[1] - (k == 1) * h);
                op.scheme->apply(&op, n, minus);
                const double flux_minus =
                    op.scheme->flux(&op, at[0] - (k == 0) * h, at[1] - (k == 1) * h, n, &unused[0], &unused[1]);
                const double scale = 1 + norm(by[k]);
                for (size_t i = 0; i < op.end; i++) NEAR((plus[i] - minus[i]) / (2 * h), by[k][i], 1e-7 * scale);
                NEAR((flux_plus - flux_minus) / (2 * h), flux_by[k], 1e-7 * scale);
            }
        }
        clear();
    }
}
END_TEST

/* residual() is the difference of two operators, without loading the second. */
START_TEST(residual_is_a_difference)
{
    random_stream stream = {15};
    for (int kind = 0; kind < 8; kind++) {
        make(kind, 1);
        double n[MAX], first[MAX], second[MAX], difference[MAX];
        random_density(&stream, n);
        npde__operator_load(&op, 0.7, 0.9);
        op.scheme->residual(&op, -0.4, 1.3, n, difference);
        op.scheme->apply(&op, n, first);
        npde__operator_load(&op, -0.4, 1.3);
        op.scheme->apply(&op, n, second);
        const double scale = norm(second);
        for (size_t i = 0; i < op.end; i++) NEAR(difference[i], second[i] - first[i], 1e-14 * scale);
        clear();
    }
}
END_TEST

/* flux() without loading is what the loaded functional gives. */
START_TEST(flux_is_the_functional)
{
    random_stream stream = {14};
    for (int kind = 0; kind < 8; kind++) {
        make(kind, 1);
        double n[MAX], a, b;
        random_density(&stream, n);
        npde__operator_load(&op, 0.7, 0.9);
        const double rate = npde__operator_flux(&op, n);
        npde__operator_load(&op, -2, 2);
        NEAR(op.scheme->flux(&op, 0.7, 0.9, n, &a, &b), kind & 2 ? npde__operator_flux(&op, n) : rate,
             1e-10 * (1 + fabs(rate)));
        clear();
    }
}
END_TEST

/*
 * Drift exactly zero at faces and points (the reset and leak at a face's midpoint, drive 0), and a hair beside it: the
 * Bernoulli function's removable singularity leaves no trace.
 */
START_TEST(drift_zero_at_a_face_is_harmless)
{
    for (int kind = 0; kind < 8; kind += 4) {
        double at_zero[MAX], beside[MAX], n[MAX];
        for (size_t i = 0; i < MAX; i++) n[i] = 1 + cos(0.1 * (double)i);
        for (int k = 0; k < 3; k++) {
            shift = -5.95 + (k == 1 ? 1e-17 : k == 2 ? 1e-9 : 0); /* the first face of the grid lies at −5.95 */
            make(kind, 1);
            npde__operator_load(&op, 0, 1);
            op.scheme->apply(&op, n, k ? beside : at_zero);
            for (size_t i = 0; i < op.end; i++) {
                ck_assert(isfinite(k ? beside[i] : at_zero[i]));
                if (k) NEAR(beside[i], at_zero[i], 1e-7);
            }
            clear();
        }
    }
    shift = 0;
}
END_TEST

/* Across the switch between series and closed form the Bernoulli function and its slope are smooth. */
START_TEST(bernoulli_is_smooth_across_its_switch)
{
    /* Two points and one cell of width h: c = (a/h) B(−z), z = drift h/a; a = 1, h = 1. */
    const double breaks[] = {-1, 0, 1};
    const size_t cells[] = {1, 1};
    shift = 0.5; /* f(midpoint of the last cell) = 0 */
    OK(context, npde_context_new(&context));
    OK(context, npde_grid_new(context, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, &grid));
    const npde__field drift = {leak, &shift}, none = {NULL, NULL};
    OK(context, npde__operator_init(&op, context, grid, 1, 2, drift, none, 0));
    for (double z = -60; z < 60; z += 0.0137) {
        double n[3] = {0, 1, 0}, by_drive, by_diffusion;
        const double value = op.scheme->flux(&op, z, 1, n, &by_drive, &by_diffusion);
        const long double x = -z,
                          exact = fabsl(x) < 1e-3L ? 1 - x / 2 + x * x / 12 - x * x * x * x / 720 : x / expm1l(x);
        NEAR(value, (double)exact, 4e-16 * (1 + fabs(z)) + 4e-16 * (double)exact);
        const double h = 1e-4, plus = op.scheme->flux(&op, z + h, 1, n, &(double){0}, &(double){0});
        const double minus = op.scheme->flux(&op, z - h, 1, n, &(double){0}, &(double){0});
        NEAR(by_drive, (plus - minus) / (2 * h), 1e-8);
    }
    clear();
    shift = 0;
}
END_TEST

MAIN("operator", loses_exactly_the_rate, solve_solves, solve_solves_with_a_complex_step, tangents_are_derivatives,
     residual_is_a_difference, flux_is_the_functional, drift_zero_at_a_face_is_harmless,
     bernoulli_is_smooth_across_its_switch)
