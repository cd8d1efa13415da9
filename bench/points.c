/* SPDX-License-Identifier: BSD-3-Clause
 * Measured points: the search through a solver's settings, the fastest at each error, the Pareto front, the CSV file. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const double bench_levels[BENCH_LEVELS] = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-9, 1e-10};

enum { SHORT_REPEATS = 4, MAX_REPEATS = 60, BEATEN = 4 };
static const double short_run = 2e-3, refine_seconds = 0.03;
static const double near_best = 1.4; /* noise of a first measurement: what is within it is timed again */

double bench_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void *bench_alloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (p) return p;
    fprintf(stderr, "out of memory\n");
    exit(EXIT_FAILURE);
}

void bench_set_add(bench_set *set, const bench_point *point)
{
    if (set->n == set->capacity) {
        const size_t capacity = set->capacity ? 2 * set->capacity : 64;
        bench_point *points = bench_alloc(capacity, sizeof *points);
        if (set->n) memcpy(points, set->points, set->n * sizeof *points);
        free(set->points);
        set->points = points;
        set->capacity = capacity;
    }
    set->points[set->n++] = *point;
}

void bench_set_free(bench_set *set)
{
    free(set->points);
    *set = (bench_set){0};
}

/* Times a point again; the best counts. */
static void measure_again(bench_point *p, size_t repeats)
{
    bench_point again = *p;
    if (p->solver->run(p->solver, p->grid, p->rung, repeats, &again)) return;
    p->run = fmin(p->run, again.run);
    p->whole = fmin(p->whole, again.whole);
    p->repeats += repeats;
}

/* Is there a setting at least as accurate and so many times faster? */
static int dominated(const bench_set *set, const bench_point *p, double times)
{
    const bench_point *best = bench_best(set, NULL, p->error);
    return times > 0 && best && best->run * times < p->run;
}

/* A setting that does not exist is told once for each group and reason. */
static void tell(const bench_solver *solver, const char *why)
{
    enum { TOLD = 64 };
    static char told[TOLD][320];
    static size_t n;
    char text[sizeof told[0]];
    snprintf(text, sizeof text, "skipped: %s: %s", solver->group, why);
    for (size_t k = 0; k < n; k++)
        if (!strcmp(told[k], text)) return;
    if (n < TOLD) memcpy(told[n++], text, sizeof text);
    fprintf(stderr, "%s\n", text);
}

/* Once; and more often when it is short and in the running. */
static int measure(bench_solver *solver, size_t grid, size_t rung, const bench_set *set, bench_point *p)
{
    *p = (bench_point){.solver = solver, .grid = grid, .rung = rung, .repeats = 1, .min_density = NAN};
    const int answer = solver->run(solver, grid, rung, 1, p);
    if (!answer && p->run < short_run && !dominated(set, p, 2)) measure_again(p, SHORT_REPEATS);
    return answer;
}

/* Is a grid the coarsest, or the next after it, that is fine enough for one of the levels? */
static int useful(const bench_solver *solver, size_t grid, bench_limits limits)
{
    if (!solver->floor) return 1;
    for (size_t k = 0; k < limits.n_levels; k++) {
        const double enough = 0.8 * limits.levels[k];
        if (solver->floor(solver, grid) <= enough && (grid < 2 || solver->floor(solver, grid - 2) > enough)) return 1;
    }
    return 0;
}

typedef enum { GO_ON, NO_MORE_RUNGS, NO_MORE_GRIDS } verdict;

typedef struct {
    double least;        /* error on this grid */
    size_t idle, beaten; /* rungs in a row that did not help; and others are far ahead of */
    double fastest;      /* run so far at the last level, on all grids */
    size_t vain;         /* grids in a row that reached the last level and were no faster there */
} progress;

static verdict judge(const bench_set *set, const bench_point *p, bench_limits limits, progress *now)
{
    now->idle = p->error > 0.85 * now->least ? now->idle + 1 : 0;
    now->least = fmin(now->least, p->error);
    now->beaten = dominated(set, p, limits.beaten) ? now->beaten + 1 : 0;
    if (now->beaten >= BEATEN) return NO_MORE_GRIDS;
    if (p->error <= limits.levels[limits.n_levels - 1]) {
        now->vain = p->run < now->fastest ? 0 : now->vain + 1;
        now->fastest = fmin(now->fastest, p->run);
        return now->vain >= 2 ? NO_MORE_GRIDS : NO_MORE_RUNGS;
    }
    return now->idle >= 2 || p->run > limits.seconds ? NO_MORE_RUNGS : GO_ON;
}

/* The next grid begins one rung below the first that came near this one's best. */
static size_t next_start(const bench_set *set, size_t begin, double least, size_t start)
{
    for (size_t i = begin; i < set->n; i++)
        if (set->points[i].error < 3 * least) return set->points[i].rung > 0 ? set->points[i].rung - 1 : 0;
    return start;
}

size_t bench_sweep(bench_solver *solver, bench_limits limits, bench_set *set)
{
    size_t start = 0, ran = 0;
    progress now = {.fastest = INFINITY};
    for (size_t grid = 0; grid < solver->n_grids; grid++) {
        const size_t begin = set->n;
        verdict next = GO_ON;
        if (!useful(solver, grid, limits)) continue;
        now.least = INFINITY;
        now.idle = 0;
        for (size_t rung = start; rung < solver->n_rungs && next == GO_ON; rung++) {
            bench_point p;
            const int answer = measure(solver, grid, rung, set, &p);
            if (answer < 0) {
                tell(solver, p.setting);
                return ran;
            }
            if (p.run > limits.seconds) next = NO_MORE_RUNGS;
            if (answer || !isfinite(p.error)) continue; /* unstable or failed: a finer rung may do */
            ran++;
            next = judge(set, &p, limits, &now);
            bench_set_add(set, &p);
        }
        start = next_start(set, begin, now.least, start);
        if (next == NO_MORE_GRIDS || (set->n > begin && set->points[begin].run > limits.seconds)) break;
    }
    return ran;
}

const bench_point *bench_best(const bench_set *set, const char *group, double error)
{
    const bench_point *best = NULL;
    for (size_t i = 0; i < set->n; i++) {
        const bench_point *p = &set->points[i];
        if (p->error <= error && (!group || !strcmp(p->solver->group, group)) && (!best || p->run < best->run))
            best = p;
    }
    return best;
}

static int by_error(const void *a, const void *b)
{
    const bench_point *p = a, *q = b;
    return p->error < q->error ? -1 : p->error > q->error;
}

/* From the most accurate to the least: a point is on the front when it is faster than all that are more accurate. */
static void mark_pareto(bench_set *set)
{
    double fastest = INFINITY;
    qsort(set->points, set->n, sizeof *set->points, by_error);
    for (size_t i = 0; i < set->n; i++) {
        set->points[i].pareto = set->points[i].run < fastest;
        fastest = fmin(fastest, set->points[i].run);
    }
}

static void refine_at(bench_set *set, double error)
{
    const bench_point *best = bench_best(set, NULL, error);
    if (!best) return;
    const double limit = near_best * best->run;
    for (size_t i = 0; i < set->n; i++) {
        bench_point *p = &set->points[i];
        if (p->error > error || p->run > limit || p->repeats > SHORT_REPEATS + 1) continue;
        const double wanted = refine_seconds / fmax(p->run, 1e-6);
        measure_again(p, wanted < 2 ? 2 : wanted > MAX_REPEATS ? MAX_REPEATS : (size_t)wanted);
        if (p->repeats <= SHORT_REPEATS + 1) p->repeats = SHORT_REPEATS + 2; /* long runs: twice is enough */
    }
}

void bench_set_refine(bench_set *set, bench_limits limits)
{
    for (size_t i = 0; i < limits.n_levels; i++) refine_at(set, limits.levels[i]);
    mark_pareto(set);
}

void bench_csv_header(FILE *csv)
{
    fprintf(csv, "problem,group,error,run_seconds,whole_seconds,unknowns,steps,rejections,factorizations,min_density,"
                 "pareto,solver,setting\n");
}

void bench_csv(FILE *csv, const char *problem, const bench_set *set, const char *group)
{
    for (size_t i = 0; i < set->n; i++) {
        const bench_point *p = &set->points[i];
        fprintf(csv, "%s,%s,%.3e,%.4e,%.4e,%lld,%lld,%lld,%lld,%.2e,%d,\"%s\",\"%s\"\n", problem,
                group ? group : p->solver->group, p->error, p->run, p->whole, (long long)p->unknowns,
                (long long)p->steps, (long long)p->rejections, (long long)p->factorizations, p->min_density, p->pareto,
                p->solver->name, p->setting);
    }
    fflush(csv);
}
