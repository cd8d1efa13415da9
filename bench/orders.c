/* SPDX-License-Identifier: BSD-3-Clause
 * The order that each method shows with fixed steps, where coefficients follow the rates alone (P2) and where a drive moves
 * them (P3): the error of N(t) at the 50 outputs against the step, on a grid whose own error is beyond what is looked at. */
#include "bench.h"
#include "grids.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t steps[] = {1, 2, 4, 8, 16, 32, 64, 128}; /* between outputs */
enum { RUNGS = sizeof steps / sizeof steps[0] };

static const layout *finest_grid(const problem *p)
{
    const grids *few = grids_spectral(p, GRIDS_FEW);
    return &few->at[few->n - 1];
}

/* Answers NaN for what the library refuses, with the reason in text. */
static double error_with(const problem *p, npde_id method, double dt, char *text, size_t size)
{
    const layout *finest = finest_grid(p);
    npde_context *c;
    npde_grid *grid;
    npde_solver *s;
    double rates[PROBLEM_TIMES], error = NAN;
    problem_check(NULL, npde_context_new(&c));
    npde_model *m = problem_model(c, p);
    problem_check(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, finest->breaks, finest->n + 1, finest->degrees, &grid));
    problem_check(c, npde_solver_new(m, grid, method, &s));
    problem_check(c, npde_solver_set(s, NPDE_OPTION_DT, dt));
    problem_check(c, npde_solver_set_gaussian(s, NPDE_ALL, p->mean, p->variance));
    if (npde_solver_start(s, 0) < 0) snprintf(text, size, "%s", npde_context_error(c));
    else if (npde_solver_sample(s, problem_times(), PROBLEM_TIMES, rates) >= 0) error = problem_error(p, rates);
    npde_solver_free(s);
    npde_grid_free(grid);
    npde_model_free(m);
    npde_context_free(c);
    return error;
}

/* The steepest slope between neighbours above the floor of rounding and space: what the method shows before it ends. */
static double observed(const double *error, double floor)
{
    double order = NAN;
    for (size_t k = 1; k < RUNGS; k++)
        if (error[k] > floor && error[k - 1] < 1e-2) order = log2(error[k - 1] / error[k]);
    return order;
}

static void measure(const problem *p, npde_id method, FILE *csv)
{
    double error[RUNGS];
    char text[224] = "";
    printf("  %-20s", npde_id_name(method));
    for (size_t k = 0; k < RUNGS; k++) {
        const double dt = 0.1 / (double)steps[k];
        error[k] = error_with(p, method, dt, text, sizeof text);
        if (isfinite(error[k]) && csv) fprintf(csv, "%s,%s,%.6g,%.6g\n", p->name, npde_id_name(method), dt, error[k]);
        if (*text) break;
        printf(" %8.1e", error[k]);
    }
    if (*text) printf(" refused: %s\n", text);
    else printf("   %.2f\n", observed(error, 10 * finest_grid(p)->floor));
}

static const char script[] =
    "set logscale xy\nset format '10^{%L}'\nset grid\nset xlabel 'step h'\nset ylabel 'error of N(t)'\n"
    "set xrange [5e-4:0.2]\nset yrange [1e-12:1]\nset key outside right noenhanced";

int bench_orders(const bench_options *options)
{
    FILE *csv = options->out ? bench_create(options->out, "orders", ".csv") : NULL;
    if (csv) fprintf(csv, "problem,method,h,error\n");
    size_t n;
    npde_id_count(NPDE_FAMILY_METHOD, &n);
    for (size_t k = 0; k < PROBLEMS; k++) {
        if (strcmp(problems[k].name, options->problem ? options->problem : "P2") != 0 &&
            (options->problem || strcmp(problems[k].name, "P3") != 0))
            continue;
        printf("%s: error at h = 0.1, 0.05, …, 0.1/128, and the last order above the floor\n", problems[k].name);
        for (size_t i = 0; i < n; i++) {
            npde_id method;
            npde_id_at(NPDE_FAMILY_METHOD, i, &method);
            measure(&problems[k], method, csv);
        }
    }
    if (!csv) return 0;
    fclose(csv);
    bench_curves(options->out, "orders", script);
    return 0;
}
