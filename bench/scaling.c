/* SPDX-License-Identifier: BSD-3-Clause
 * How time grows with cells, with populations, and with threads of the caller. */
#define _POSIX_C_SOURCE 200809L
#include "peers.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_THREADS = 8, RUNS = 10 };
static const double longest_run = 2; /* a method that took so long goes no further */

typedef struct {
    npde_context *context;
    npde_model *model;
    npde_grid *grid;
    npde_solver *solver;
    size_t unknowns;
} job;

/* A network of uncoupled populations, connectivities from −1 to 0.9, steps of 0.02. */
static npde_status job_new(job *j, size_t n_pop, size_t cells, npde_id scheme, npde_id method)
{
    *j = (job){0};
    problem_check(NULL, npde_context_new(&j->context));
    problem_check(j->context, npde_model_new(j->context, NPDE_MODEL_LIF_NETWORK, n_pop, &j->model));
    for (size_t k = 0; k < n_pop; k++)
        problem_check(j->context, npde_model_set(j->model, k, NPDE_PARAM_CONNECTIVITY,
                                                 n_pop > 1 ? -1 + 1.9 * (double)k / (double)(n_pop - 1) : 0.5));
    problem_check(j->context, npde_grid_new_for(j->model, scheme, cells, &j->grid));
    npde_status status = npde_solver_new(j->model, j->grid, method, &j->solver);
    if (status < 0) return status;
    problem_check(j->context, npde_solver_set(j->solver, NPDE_OPTION_DT, 0.02));
    problem_check(j->context, npde_solver_set_gaussian(j->solver, NPDE_ALL, -1, 0.25));
    j->unknowns = npde_grid_size(j->grid, 0) - 1;
    return status;
}

static void job_free(job *j)
{
    npde_solver_free(j->solver);
    npde_grid_free(j->grid);
    npde_model_free(j->model);
    npde_context_free(j->context);
}

/* CPU seconds of a step, the best of some runs; NaN when it is refused or fails. */
static double seconds_a_step(job *j, double t_end)
{
    double best = INFINITY, spent = 0;
    int64_t steps = 0;
    for (int k = 0; k < 20 && spent < 0.05; k++) {
        if (npde_solver_start(j->solver, 0) < 0) return NAN;
        const double begin = bench_clock();
        if (npde_solver_advance(j->solver, t_end, NULL) < 0) return NAN;
        const double time = bench_clock() - begin;
        best = fmin(best, time);
        spent += time;
        npde_solver_count(j->solver, NPDE_COUNT_STEPS, &steps);
    }
    return steps > 0 ? best / (double)steps : NAN;
}

static npde_id method_at(size_t k)
{
    npde_id id = 0;
    npde_id_at(NPDE_FAMILY_METHOD, k, &id);
    return id;
}

static size_t n_methods(void)
{
    size_t n = 0;
    npde_id_count(NPDE_FAMILY_METHOD, &n);
    return n;
}

static void record(FILE *csv, const char *what, const char *scheme, npde_id method, size_t x, double value)
{
    if (csv) fprintf(csv, "%s,%s,%s,%zu,%.5e\n", what, scheme, npde_id_name(method), x, value);
}

static void cells_of(npde_id scheme, const size_t *cells, size_t n, FILE *csv)
{
    printf("ns per unknown and step, %s, b = 0.5, h = 0.02\n  %-20s", npde_id_name(scheme), "cells or degree");
    for (size_t i = 0; i < n; i++) printf(" %9zu", cells[i]);
    for (size_t k = 0; k < n_methods(); k++) {
        printf("\n  %-20s", npde_id_name(method_at(k)));
        for (size_t i = 0; i < n; i++) {
            job j;
            const npde_status status = job_new(&j, 1, cells[i], scheme, method_at(k));
            const double time = status < 0 ? NAN : 1e9 * seconds_a_step(&j, 1) / (double)j.unknowns;
            job_free(&j);
            printf(" %9.2f", time);
            record(csv, "ns_per_unknown_step", npde_id_name(scheme), method_at(k), cells[i], time);
        }
    }
    printf("\n");
}

static void populations(size_t most, FILE *csv)
{
    printf("us per population and step, spectral, degree 16\n  %-20s", "populations");
    for (size_t n = 1; n <= most; n *= 4) printf(" %9zu", n);
    for (size_t k = 0; k < n_methods(); k++) {
        double step = 0;
        printf("\n  %-20s", npde_id_name(method_at(k)));
        for (size_t n = 1; n <= most && step < longest_run / 10; n *= 4) {
            job j;
            const npde_status status = job_new(&j, n, 16, NPDE_SCHEME_SPECTRAL, method_at(k));
            step = status < 0 ? NAN : seconds_a_step(&j, 0.2);
            job_free(&j);
            printf(" %9.3f", 1e6 * step / (double)n);
            record(csv, "us_per_population_step", "spectral", method_at(k), n, 1e6 * step / (double)n);
            if (isnan(step)) break;
        }
        fflush(stdout);
    }
    printf("\n");
}

/* ---- threads: a context each, nothing shared ---- */

static void *work(void *user)
{
    job *j = user;
    for (int k = 0; k < RUNS; k++)
        if (npde_solver_start(j->solver, 0) < 0 || npde_solver_advance(j->solver, 5, NULL) < 0) return j;
    return NULL;
}

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Wall-clock seconds of n jobs at once; NaN when one fails. */
static double together(job *jobs, size_t n)
{
    pthread_t threads[MOST_THREADS];
    int failed = 0;
    const double begin = wall();
    for (size_t k = 0; k < n; k++)
        if (pthread_create(&threads[k], NULL, work, &jobs[k])) exit(EXIT_FAILURE);
    for (size_t k = 0; k < n; k++) {
        void *answer;
        pthread_join(threads[k], &answer);
        failed |= answer != NULL;
    }
    return failed ? NAN : wall() - begin;
}

/* Transients a second of all threads together, the best of three. */
static double throughput(size_t n, npde_id method)
{
    job jobs[MOST_THREADS];
    int refused = 0;
    double best = INFINITY;
    for (size_t k = 0; k < n; k++) refused |= job_new(&jobs[k], 1, 16, NPDE_SCHEME_SPECTRAL, method) < 0;
    for (int k = 0; k < 3 && !refused && !isnan(best); k++) {
        const double time = together(jobs, n);
        best = isnan(time) ? NAN : fmin(best, time);
    }
    for (size_t k = 0; k < n; k++) job_free(&jobs[k]);
    return refused ? NAN : RUNS * (double)n / best;
}

static void threads_of_caller(FILE *csv)
{
    printf("transients (T = 5, h = 0.02) a second by wall clock, a context per thread\n  %-20s", "threads");
    for (size_t n = 1; n <= MOST_THREADS; n *= 2) printf(" %9zu", n);
    for (size_t k = 0; k < n_methods(); k++) {
        printf("\n  %-20s", npde_id_name(method_at(k)));
        for (size_t n = 1; n <= MOST_THREADS; n *= 2) {
            const double rate = throughput(n, method_at(k));
            printf(" %9.0f", rate);
            record(csv, "transients_per_second", "spectral", method_at(k), n, rate);
        }
    }
    printf("\n");
}

int bench_scaling(const bench_options *options)
{
    static const size_t cells[] = {50, 100, 200, 400, 800, 1600, 3200, 6400}, degrees[] = {8, 12, 16, 24, 32};
    FILE *csv = options->out ? bench_create(options->out, "scaling", ".csv") : NULL;
    if (csv) fprintf(csv, "quantity,scheme,method,x,value\n");
    cells_of(NPDE_SCHEME_FINITE_VOLUME, cells, options->quick ? 3 : sizeof cells / sizeof cells[0], csv);
    cells_of(NPDE_SCHEME_SPECTRAL, degrees, options->quick ? 2 : sizeof degrees / sizeof degrees[0], csv);
    populations(options->quick ? 16 : options->populations, csv);
    threads_of_caller(csv);
    if (csv) fclose(csv);
    return 0;
}
