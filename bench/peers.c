/* SPDX-License-Identifier: BSD-3-Clause
 * The library beside its peers: the best time of each at each error, and the ratios. */
#include "peers.h"

#include <math.h>
#include <string.h>

enum { SIDES = 4 };
static const double quick_levels[] = {1e-2, 1e-4};

typedef struct {
    const char *name;
    solver_list list;
    bench_limits limits;
    bench_set set;
} side;

static void gather(const problem *p, int quick, side sides[SIDES])
{
    const bench_limits own = {bench_levels, BENCH_LEVELS, 0.1, 4}, sem = {bench_levels, BENCH_LEVELS, 0.5, 3},
                       fv = {bench_levels, 5, 3, 2.5}, hlxz = {bench_levels, 3, 0.5, 3},
                       little = {quick_levels, 2, 0.01, 2};
    sides[0] = (side){.name = "library", .limits = own};
    sides[1] = (side){.name = group_fv, .limits = fv};
    sides[2] = (side){.name = group_sem, .limits = sem};
    sides[3] = (side){.name = group_hlxz, .limits = hlxz};
    for (size_t k = 0; k < SIDES && quick; k++) sides[k].limits = little;
    library_solvers(p, SCHEMES_ALL, NULL, &sides[0].list);
    cvode_fv_solvers(p, quick ? CVODE_BEST : CVODE_ALL, &sides[1].list);
    cvode_sem_solvers(p, quick ? CVODE_BEST : CVODE_ALL, &sides[2].list);
    hlxz_solvers(p, &sides[3].list);
}

static void print_level(const side sides[SIDES], double level)
{
    const bench_point *own = bench_best(&sides[0].set, NULL, level);
    printf("  error %.0e\n", level);
    for (size_t k = 0; k < SIDES; k++) {
        const bench_point *p = bench_best(&sides[k].set, NULL, level);
        if (!p) {
            printf("    %-34s not reached in its sweep\n", sides[k].name);
            continue;
        }
        printf("    %-34s run %9.4f ms  whole %9.4f ms", sides[k].name, 1e3 * p->run, 1e3 * p->whole);
        if (k && own) printf("  ratio %7.1f (whole %7.1f)", p->run / own->run, p->whole / own->whole);
        else printf("  %30s", "");
        printf("  %.1e by %s; %s; %lld steps\n", p->error, p->solver->name, p->setting, (long long)p->steps);
    }
}

int bench_peers(const bench_options *options)
{
    FILE *csv = options->out ? bench_create(options->out, "peers", ".csv") : NULL;
    if (csv) bench_csv_header(csv);
    if (!cvode_is_there()) printf("built without SUNDIALS: CVODE is not measured\n");
    for (size_t k = 0; k < PROBLEMS; k++) {
        side sides[SIDES];
        if (options->problem && strcmp(options->problem, problems[k].name) != 0) continue;
        gather(&problems[k], options->quick, sides);
        printf("%s\n", problems[k].name);
        for (size_t i = 0; i < SIDES; i++) sides[i].set = solver_list_measure(&sides[i].list, sides[i].limits);
        for (size_t i = 0; i < sides[0].limits.n_levels; i++) print_level(sides, sides[0].limits.levels[i]);
        fflush(stdout);
        for (size_t i = 0; i < SIDES; i++) {
            if (csv) bench_csv(csv, problems[k].name, &sides[i].set, sides[i].name);
            bench_set_free(&sides[i].set);
            solver_list_free(&sides[i].list);
        }
    }
    if (!csv) return 0;
    fclose(csv);
    bench_figure(options->out, "peers", "The library and its peers: N(t) at 50 outputs to T = 5");
    return 0;
}
