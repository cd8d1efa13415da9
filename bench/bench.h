/* SPDX-License-Identifier: BSD-3-Clause
 * What the parts of neuropde-bench share: the clock, one measured run, sets of them, and the search for the fastest setting
 * at each error that is the same for the library and for its peers. */
#ifndef NPDE_BENCH_BENCH_H
#define NPDE_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* CPU seconds of this process: what runs beside does not count, though it still disturbs caches and clock rates. */
double bench_clock(void);

/* The errors at which solvers are compared. */
enum { BENCH_LEVELS = 8 };
extern const double bench_levels[BENCH_LEVELS];

typedef struct bench_solver bench_solver;

/* One setting of one solver on one problem, measured. */
typedef struct {
    bench_solver *solver;
    size_t grid, rung;  /* where in the solver's table of settings */
    char setting[224];  /* the same in words */
    double error;       /* max over output times of |N − N_ref| / max N_ref */
    double run, whole;  /* CPU seconds: stepping only; with start and initial data */
    double min_density; /* smallest over the steps; NaN where it was not watched */
    int64_t unknowns, steps, rejections, factorizations;
    size_t repeats; /* how often it was timed; run and whole are the best */
    int pareto;     /* no other setting of the set is as accurate and faster */
} bench_point;

/* A solver of one problem with a table of settings: grids from coarse to fine times rungs from cheap to dear. */
struct bench_solver {
    char name[80];
    const char *group; /* the library's method, or the peer: one colour in the figures */
    size_t n_grids, n_rungs;
    /*
     * Times a setting, the best of so many repeats, from the initial data to the last output. Answers 0; > 0 when the run
     * failed or its result is useless; < 0 when such a setting is refused, the reason in setting.
     */
    int (*run)(bench_solver *self, size_t grid, size_t rung, size_t repeats, bench_point *out);
    /* The error that a grid leaves when time is exact, where that is known beforehand; NULL where it is not. */
    double (*floor)(const bench_solver *self, size_t grid);
    void (*free)(bench_solver *self);
};

typedef struct {
    bench_point *points;
    size_t n, capacity;
} bench_set;

/*
 * What makes a search short: the errors of interest, the longest run, and when to leave a solver because others in the set are
 * so many times faster at equal error (several rungs in a row; 0: never).
 */
typedef struct {
    const double *levels;
    size_t n_levels; /* descending */
    double seconds, beaten;
} bench_limits;

void bench_set_add(bench_set *set, const bench_point *point);
void bench_set_free(bench_set *set);
/*
 * Goes through a solver's settings. On each grid rungs are climbed until they no longer help; the next finer grid begins where
 * the last one came near its best. Of grids whose floor is known only the two coarsest fine enough for a level are taken. The set
 * grows by what was measured. Answers the number of settings that ran.
 */
size_t bench_sweep(bench_solver *solver, bench_limits limits, bench_set *set);
/* Times again what is fastest or nearly so at each level, then marks the Pareto front. */
void bench_set_refine(bench_set *set, bench_limits limits);
/* The fastest point at an error, by stepping time; NULL when none is that accurate. group NULL: of any group. */
const bench_point *bench_best(const bench_set *set, const char *group, double error);
void bench_csv_header(FILE *csv);
/* group: what to write for the solvers' own; NULL for that. */
void bench_csv(FILE *csv, const char *problem, const bench_set *set, const char *group);

/* Draws a panel a problem from a file of bench_csv(): name.png and name.svg in a folder. */
void bench_figure(const char *folder, const char *name, const char *title);
/* Draws a panel for each entry of column 1 of name.csv, in it a curve (column 4 over column 3) for each entry of column 2. */
void bench_curves(const char *folder, const char *name, const char *settings);
/* Runs gnuplot on name.gp in a folder, for png and svg. */
void bench_draw(const char *folder, const char *name);
/* A file in a folder, or the program ends. */
FILE *bench_create(const char *folder, const char *name, const char *ending);
/* Memory or the end of the program. */
void *bench_alloc(size_t n, size_t size);

/* What the command line says. */
typedef struct {
    const char *problem, *out; /* one problem's name, the folder for files; NULL for all, and for none */
    int quick;                 /* a smoke test: little of everything */
    size_t populations;        /* largest ensemble of scaling */
} bench_options;

/* The subcommands answer the program's exit status. */
int bench_workprec(const bench_options *options);
int bench_peers(const bench_options *options);
int bench_orders(const bench_options *options);
int bench_scaling(const bench_options *options);
int bench_particles(const bench_options *options);
int bench_kinetic(const bench_options *options);
int bench_targets(const bench_options *options);
int bench_studies(const bench_options *options);

/* Kernels: ns per unknown and GB/s into a CSV file (NULL for none), and the numbers of targets; NaN for not measured. */
int bench_kernels(FILE *csv);
double bench_kernels_single_ratio(void);    /* LAPACK dgtsv over the single tridiagonal solve, 400 unknowns */
double bench_kernels_batch_ratio(void);     /* dgtsv over the prefactored batch with shared coefficients, per system */
double bench_kernels_batch_bandwidth(void); /* its bandwidth over the measured one of the second-level cache */

/* The slowest of four neurons: seconds of the closed-form rate (and its relative error), of linear response at a frequency. */
double bench_studies_rate(double *error);
double bench_studies_response(void);

#endif
