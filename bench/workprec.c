/* SPDX-License-Identifier: BSD-3-Clause
 * Work and precision of the library alone: every method × scheme × problem, and what it costs to reach an error. */
#include "peers.h"

#include <math.h>
#include <string.h>

static const double quick_levels[] = {1e-2, 1e-4};

static void print_best(const bench_set *set, bench_limits limits)
{
    printf("  %-8s %10s %10s %9s %7s %6s %7s  %s\n", "error", "run ms", "whole ms", "reached", "steps", "n", "factors",
           "fastest setting");
    for (size_t k = 0; k < limits.n_levels; k++) {
        const bench_point *p = bench_best(set, NULL, limits.levels[k]);
        if (!p) printf("  %-8.0e not reached\n", limits.levels[k]);
        else
            printf("  %-8.0e %10.4f %10.4f %9.1e %7lld %6lld %7lld  %s: %s\n", limits.levels[k], 1e3 * p->run,
                   1e3 * p->whole, p->error, (long long)p->steps, (long long)p->unknowns, (long long)p->factorizations,
                   p->solver->name, p->setting);
    }
}

/* The fastest of each method at each error. */
static void print_methods(const bench_set *set, bench_limits limits)
{
    size_t n = 0;
    npde_id_count(NPDE_FAMILY_METHOD, &n);
    printf("  best run ms of each method\n  %-20s", "");
    for (size_t i = 0; i < limits.n_levels; i++) printf(" %9.0e", limits.levels[i]);
    for (size_t k = 0; k < n; k++) {
        npde_id id;
        npde_id_at(NPDE_FAMILY_METHOD, k, &id);
        printf("\n  %-20s", npde_id_name(id));
        for (size_t i = 0; i < limits.n_levels; i++) {
            const bench_point *p = bench_best(set, npde_id_name(id), limits.levels[i]);
            if (p) printf(" %9.4f", 1e3 * p->run);
            else printf(" %9s", "-");
        }
    }
    printf("\n");
}

int bench_workprec(const bench_options *options)
{
    bench_limits limits = {bench_levels, BENCH_LEVELS, 0.2, 12};
    if (options->quick) limits = (bench_limits){quick_levels, 2, 0.005, 2};
    FILE *csv = options->out ? bench_create(options->out, "workprec", ".csv") : NULL;
    if (csv) bench_csv_header(csv);
    for (size_t k = 0; k < PROBLEMS; k++) {
        if (options->problem && strcmp(options->problem, problems[k].name) != 0) continue;
        const reference *r = problem_reference(&problems[k]);
        printf("%s: largest N %.6f; two references apart by %.1e, from the stored one by %.1e\n", problems[k].name,
               r->largest, r->apart, r->from_golden);
        solver_list list = {0};
        library_solvers(&problems[k], SCHEMES_ALL, NULL, &list);
        bench_set set = solver_list_measure(&list, limits);
        print_best(&set, limits);
        print_methods(&set, limits);
        fflush(stdout);
        if (csv) bench_csv(csv, problems[k].name, &set, NULL);
        bench_set_free(&set);
        solver_list_free(&list);
    }
    if (!csv) return 0;
    fclose(csv);
    bench_figure(options->out, "workprec", "Work and precision of the methods: N(t) at 50 outputs to T = 5");
    return 0;
}
