/* SPDX-License-Identifier: BSD-3-Clause
 * The voltage–conductance equation: what a step costs beside a STREAM triad, and what an accuracy costs beside WENO5
 * + RK3. */
#include "bench.h"
#include "kinetic_weno.h"

#include <math.h>
#include <neuropde/neuropde.h>
#include <stdlib.h>

enum { TIMES = 4 };
static const double times[TIMES] = {0.25, 0.5, 1, 2};
/* Rates of the transient below by discontinuous Galerkin × spectral, three refinements. */
static const double exact[TIMES] = {0.8963768, 1.671690, 1.4767820, 1.4713714};
static const double largest = 1.671690;

typedef struct {
    npde_context *context;
    npde_model *model;
    npde_grid *v, *g, *grid;
    npde_solver *solver;
} job;

static void check(const job *j, npde_status status)
{
    if (status >= 0) return;
    fprintf(stderr, "%s\n", npde_context_error(j->context));
    exit(EXIT_FAILURE);
}

/* (G, a) = (0.5, 0.05), σ = 0.25, from a Gaussian. n_g: cells, or the degree of two elements. */
static job job_new(npde_id v_scheme, size_t n_v, npde_id g_scheme, size_t n_g, double g_end, double dt)
{
    job j = {0};
    const double v_breaks[] = {0, 1}, g_breaks[] = {0, 3.0 / 11, g_end};
    size_t cells[] = {n_g, n_g};
    if (g_scheme != NPDE_SCHEME_SPECTRAL) {
        cells[0] = (size_t)((double)n_g * g_breaks[1] / g_end + 0.5);
        cells[1] = n_g - cells[0];
    }
    check(&j, npde_context_new(&j.context));
    check(&j, npde_model_new(j.context, NPDE_MODEL_VOLTAGE_CONDUCTANCE, 1, &j.model));
    check(&j, npde_model_set(j.model, 0, NPDE_PARAM_V_RESET, 0));
    check(&j, npde_model_set(j.model, 0, NPDE_PARAM_V_THRESHOLD, 1));
    check(&j, npde_grid_new(j.context, v_scheme, v_breaks, 2, &n_v, &j.v));
    check(&j, npde_grid_new(j.context, g_scheme, g_breaks, 3, cells, &j.g));
    check(&j, npde_grid_new_product(j.v, j.g, &j.grid));
    check(&j, npde_solver_new(j.model, j.grid, NPDE_METHOD_STRANG, &j.solver));
    check(&j, npde_solver_set(j.solver, NPDE_OPTION_DT, dt));
    check(&j, npde_solver_set_gaussian(j.solver, 0, 0.4, 0.0025));
    check(&j, npde_solver_set_conductance(j.solver, 0, 0.5, 0.004));
    check(&j, npde_solver_start(j.solver, 0));
    return j;
}

static void job_free(job *j)
{
    npde_solver_free(j->solver);
    npde_grid_free(j->grid);
    npde_grid_free(j->v);
    npde_grid_free(j->g);
    npde_model_free(j->model);
    npde_context_free(j->context);
}

/* Seconds for one pass a[i] = b[i] + s c[i] over arrays of n numbers, the best of many. */
static double triad(size_t n)
{
    double *a = bench_alloc(n, sizeof *a), *b = bench_alloc(n, sizeof *b), *c = bench_alloc(n, sizeof *c),
           best = INFINITY;
    for (size_t i = 0; i < n; i++) {
        b[i] = (double)(i % 7);
        c[i] = (double)(i % 5);
    }
    const size_t passes = 1 + 20000000 / n;
    for (int k = 0; k < 15; k++) {
        const double begin = bench_clock();
        for (size_t pass = 0; pass < passes; pass++) {
            const double s = 1 + 1e-9 * (double)pass;
            for (size_t i = 0; i < n; i++) a[i] = b[i] + s * c[i];
            b[pass % n] = a[n / 2]; /* so that no pass can be left out */
        }
        best = fmin(best, (bench_clock() - begin) / (double)passes);
    }
    free(a);
    free(b);
    free(c);
    return best;
}

static void cost(FILE *csv, int quick)
{
    static const npde_id schemes[] = {NPDE_SCHEME_CELLS, NPDE_SCHEME_CELLS_LIMITED, NPDE_SCHEME_CELLS_UPWIND};
    printf("Cost of a Strang step (semi-Lagrangian in v, SDIRK2 in g), ns per cell, and that over a triad of the same "
           "size\n");
    printf("  %-16s %10s %12s %12s %10s\n", "scheme", "cells", "step", "triad", "ratio");
    for (size_t n = 128; n <= (quick ? 128 : 512); n *= 2)
        for (size_t k = 0; k < (n == 512 ? 1 : 3); k++) {
            job j = job_new(schemes[k], n, NPDE_SCHEME_CELLS, n, 2.3, 0.002);
            const double cells = (double)(n * n);
            double best = INFINITY, stream = INFINITY;
            for (int pass = 0; pass < (quick ? 2 : 12); pass++) { /* in turns, so that both see the same machine */
                stream = fmin(stream, triad(n * n));
                for (int i = 0; i < 8; i++) {
                    const double begin = bench_clock();
                    check(&j, npde_solver_step(j.solver, 1e9, NULL));
                    best = fmin(best, bench_clock() - begin);
                }
            }
            printf("  %-16s %5zu x %3zu %9.3f ns %9.3f ns %10.2f\n", npde_id_name(schemes[k]), n, n, 1e9 * best / cells,
                   1e9 * stream / cells, best / stream);
            if (csv)
                fprintf(csv, "cost,%s,%zu,%zu,,%.6g,%.6g\n", npde_id_name(schemes[k]), n, n, 1e9 * best / cells,
                        1e9 * stream / cells);
            job_free(&j);
        }
}

static double error_of(const double *rates)
{
    double error = 0;
    for (int i = 0; i < TIMES; i++) error = fmax(error, fabs(rates[i] - exact[i]) / largest);
    return error;
}

/* Least time at an error among what has been measured. */
static void keep(double *best, double level, double error, double seconds)
{
    if (error <= level) *best = fmin(*best, seconds);
}

static void accuracy(FILE *csv, int quick)
{
    enum { LEVELS = 3 };
    static const double levels[LEVELS] = {1e-2, 1e-3, 1e-4};
    double mine[LEVELS], others[LEVELS];
    for (int i = 0; i < LEVELS; i++) mine[i] = others[i] = INFINITY;
    printf("\nTransient to t = 2 (G 0.5, a 0.05, sigma 0.25): largest error of N, relative to the largest N, and CPU "
           "time\n");
    for (size_t n_v = 32; n_v <= (quick ? 64 : 512); n_v *= 2)
        for (size_t n_g = 16; n_g <= 32; n_g += 8)
            for (double dt = 0.02; dt >= (quick ? 0.01 : 0.001); dt /= 2) {
                double rates[TIMES], seconds = INFINITY;
                for (int pass = 0; pass < (quick ? 1 : 2); pass++) {
                    job j = job_new(NPDE_SCHEME_CELLS, n_v, NPDE_SCHEME_SPECTRAL, n_g, 2.3, dt);
                    const double begin = bench_clock();
                    check(&j, npde_solver_sample(j.solver, times, TIMES, rates));
                    seconds = fmin(seconds, bench_clock() - begin);
                    job_free(&j);
                }
                const double error = error_of(rates);
                for (int i = 0; i < LEVELS; i++) keep(&mine[i], levels[i], error, seconds);
                if (csv) fprintf(csv, "accuracy,library,%zu,%zu,%g,%.6g,%.6g\n", n_v, n_g, dt, error, seconds);
            }
    for (size_t n_v = 32; n_v <= (quick ? 64 : 512); n_v *= 2)
        for (size_t n_g = n_v > 64 ? 64 : n_v; n_g <= (quick ? 64 : 256) && n_v * n_g <= (1 << 17); n_g *= 2) {
            const weno_problem p = {n_v, n_g, 2.2, 1, 14.0 / 3, 0.25, 0.5, 0.05, 0.4, 0.0025, 0.5, 0.004};
            double rates[TIMES], seconds;
            long steps;
            if (weno_run(&p, times, TIMES, rates, &seconds, &steps)) continue;
            const double error = error_of(rates);
            printf("  weno5+rk3 %4zu x %3zu: error %.2e, %8.3f s, %ld steps, %.2f ns per cell and step\n", n_v, n_g,
                   error, seconds, steps, 1e9 * seconds / ((double)(n_v * n_g) * (double)steps));
            for (int i = 0; i < LEVELS; i++) keep(&others[i], levels[i], error, seconds);
            if (csv) fprintf(csv, "accuracy,weno5_rk3,%zu,%zu,,%.6g,%.6g\n", n_v, n_g, error, seconds);
        }
    for (int i = 0; i < LEVELS; i++) {
        printf("  error %.0e: library %.4g s, weno5+rk3 ", levels[i], mine[i]);
        if (isfinite(others[i])) printf("%.4g s: %.1f times as long\n", others[i], others[i] / mine[i]);
        else printf("not reached\n");
    }
}

int bench_kinetic(const bench_options *options)
{
    FILE *csv = options->out ? bench_create(options->out, "kinetic", ".csv") : NULL;
    if (csv) fprintf(csv, "what,who,cells_v,cells_g,dt,error_or_ns,seconds_or_triad_ns\n");
    cost(csv, options->quick);
    accuracy(csv, options->quick);
    if (csv) fclose(csv);
    return 0;
}
