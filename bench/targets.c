/* SPDX-License-Identifier: BSD-3-Clause
 * The numbers the library is held to, one line each: measured, goal, met or short. Ratios are of stepping times within one run of
 * this program; beside them stand those of whole runs. */
#include "peers.h"

#include <math.h>
#include <string.h>

enum { ENSEMBLE = 256, SAMPLE = 16, CANDIDATES = 4, LISTS = 6 };

static int unmeasured;

/* What one problem gave. */
typedef struct {
    bench_set own, volumes, fv, sem, hlxz, adaptive;
    solver_list lists[LISTS];
} outcome;

/* NaN: there was nothing to measure. 0 for what should be large and infinity for what should be small: not reached. */
static void line(const char *name, double measured, double whole, double goal, int at_least, const char *unit,
                 const char *detail)
{
    const int met = at_least ? measured >= goal : measured <= goal;
    const char *verdict = isnan(measured) ? "NOT MEASURED" : met ? "met" : "short";
    char number[32] = "-";
    if (isnan(measured)) unmeasured++;
    else if (isfinite(measured)) snprintf(number, sizeof number, "%.4g", measured);
    printf("%-66s %10s  goal %s %-6g %-3s %s", name, number, at_least ? ">=" : "<=", goal, unit, verdict);
    if (isfinite(whole) && isfinite(measured)) printf("  (whole runs %.4g)", whole);
    printf("%s%s\n", *detail ? "  " : "", detail);
}

/* ---- measuring ---- */

/* Finite volumes that stay positive: the fastest candidates are run again and watched. */
static void watch_positivity(bench_set *set, double level)
{
    for (size_t i = 0; i < set->n; i++) set->points[i].min_density = NAN;
    for (;;) {
        bench_point *best = (bench_point *)(uintptr_t)bench_best(set, NULL, level);
        if (!best || !isnan(best->min_density)) return;
        best->min_density = library_min_density(best);
        if (!(best->min_density >= -1e-12)) best->error = INFINITY; /* out of the running */
    }
}

static void measure(const problem *p, outcome *o)
{
    static const double own[] = {1e-3, 1e-4, 1e-6, 1e-9, 1e-10}, rough[] = {1e-3}, fv[] = {1e-3, 1e-4, 1e-6},
                        sem[] = {1e-3, 1e-4, 1e-6, 1e-9};
    memset(o, 0, sizeof *o);
    library_solvers(p, SCHEMES_SPECTRAL, NULL, &o->lists[0]);
    library_solvers(p, SCHEMES_VOLUMES, NULL, &o->lists[1]);
    cvode_fv_solvers(p, CVODE_BEST, &o->lists[2]);
    cvode_sem_solvers(p, CVODE_BEST, &o->lists[3]);
    hlxz_solvers(p, &o->lists[4]);
    if (p->swing == 0) library_solvers(p, SCHEMES_SPECTRAL, "rodas5p", &o->lists[5]);
    o->own = solver_list_measure(&o->lists[0], (bench_limits){own, 5, 0.03, 3});
    o->volumes = solver_list_measure(&o->lists[1], (bench_limits){rough, 1, 0.02, 4});
    o->fv = solver_list_measure(&o->lists[2], (bench_limits){fv, 3, 3, 3});
    o->sem = solver_list_measure(&o->lists[3], (bench_limits){sem, 4, 0.1, 3});
    o->hlxz = solver_list_measure(&o->lists[4], (bench_limits){rough, 1, 0.2, 4});
    o->adaptive = solver_list_measure(&o->lists[5], (bench_limits){own + 2, 1, 0.03, 0});
    watch_positivity(&o->volumes, rough[0]);
}

static void forget(outcome *o)
{
    bench_set *const sets[] = {&o->own, &o->volumes, &o->fv, &o->sem, &o->hlxz, &o->adaptive};
    for (size_t k = 0; k < LISTS; k++) {
        bench_set_free(sets[k]);
        solver_list_free(&o->lists[k]);
    }
}

/* ---- ratios over the problems ---- */

typedef struct {
    double worst, mean, whole_worst, whole_mean; /* geometric means */
    char worst_name[8], missing[64];
    int no_peer; /* a peer's time is missing; a library's time that is missing makes a ratio of 0 */
} ratios;

static void add_ratio(ratios *r, const char *name, const bench_point *peer, const bench_point *own)
{
    if ((!peer || !own) && strlen(r->missing) + strlen(name) + 2 < sizeof r->missing)
        strcat(strcat(r->missing, " "), name);
    if (!peer) r->no_peer = 1;
    const double run = peer && own ? peer->run / own->run : 0, whole = peer && own ? peer->whole / own->whole : 0;
    if (run < r->worst) snprintf(r->worst_name, sizeof r->worst_name, "%s", name);
    r->worst = fmin(r->worst, run);
    r->whole_worst = fmin(r->whole_worst, whole);
    r->mean *= pow(run, 1.0 / PROBLEMS);
    r->whole_mean *= pow(whole, 1.0 / PROBLEMS);
}

typedef enum { AGAINST_VOLUMES, AGAINST_SPECTRAL, AGAINST_PUBLISHED } rival;

static void ratio_lines(const outcome *all, rival against, double level, double goal, const char *what)
{
    ratios r = {.worst = INFINITY, .mean = 1, .whole_worst = INFINITY, .whole_mean = 1};
    char name[96], detail[96];
    for (size_t k = 0; k < PROBLEMS; k++) {
        const outcome *o = &all[k];
        const bench_set *peer = against == AGAINST_VOLUMES ? &o->fv : against == AGAINST_SPECTRAL ? &o->sem : &o->hlxz;
        add_ratio(&r, problems[k].name, bench_best(peer, NULL, level),
                  bench_best(against == AGAINST_PUBLISHED ? &o->volumes : &o->own, NULL, level));
    }
    if (r.missing[0])
        snprintf(detail, sizeof detail, "not reached by %s on%s", r.no_peer ? "the peer" : "the library", r.missing);
    else snprintf(detail, sizeof detail, "%s", r.worst_name);
    snprintf(name, sizeof name, "%s at %.0e, worst problem", what, level);
    line(name, r.no_peer ? NAN : r.worst, r.whole_worst, goal, 1, "x", detail);
    snprintf(name, sizeof name, "%s at %.0e, geometric mean", what, level);
    line(name, r.no_peer ? NAN : r.mean, r.whole_mean, goal, 1, "x", r.missing[0] ? detail : "");
}

/* ---- absolute times ---- */

/* The fastest point of a set at an error, of adaptive settings only when asked for. */
static const bench_point *fastest(const bench_set *set, double level, int adaptive)
{
    const bench_point *best = NULL;
    for (size_t i = 0; i < set->n; i++) {
        const bench_point *p = &set->points[i];
        if (p->error > level || (adaptive && !strstr(p->solver->name, "adaptive"))) continue;
        if (!best || p->run < best->run) best = p;
    }
    return best;
}

/* The slowest problem's best time at an error, and the geometric mean; adaptive: rodas5p on the autonomous problems. */
static void time_lines(const outcome *all, const char *what, int adaptive, double level, double goal)
{
    double worst = 0, whole = 0, mean = 0, whole_mean = 0, n = 0, present = 0;
    char name[96], detail[360] = "";
    for (size_t k = 0; k < PROBLEMS; k++) {
        if (adaptive && problems[k].swing != 0) continue;
        const bench_set *set = adaptive ? &all[k].adaptive : &all[k].own;
        const bench_point *best = fastest(set, level, adaptive);
        const double run = best ? best->run : INFINITY;
        present += set->n > 0;
        n++;
        mean += log(run);
        whole_mean += log(best ? best->whole : INFINITY);
        if (run <= worst) continue;
        worst = run;
        whole = best ? best->whole : INFINITY;
        if (best) snprintf(detail, sizeof detail, "%s: %s; %s", problems[k].name, best->solver->name, best->setting);
        else snprintf(detail, sizeof detail, "%s: not reached", problems[k].name);
    }
    snprintf(name, sizeof name, "%s, slowest problem", what);
    line(name, present > 0 ? 1e3 * worst : NAN, 1e3 * whole, goal, 0, "ms", present > 0 ? detail : "no such method");
    snprintf(name, sizeof name, "%s, geometric mean", what);
    line(name, present > 0 ? 1e3 * exp(mean / n) : NAN, 1e3 * exp(whole_mean / n), goal, 0, "ms", "");
}

static void reach_line(const outcome *all)
{
    double worst = 0;
    const char *where = "";
    for (size_t k = 0; k < PROBLEMS; k++) {
        double least = INFINITY;
        for (size_t i = 0; i < all[k].own.n; i++) least = fmin(least, all[k].own.points[i].error);
        least = fmax(least, problem_reference(&problems[k])->apart); /* no better than the reference is known */
        if (least > worst) {
            worst = least;
            where = problems[k].name;
        }
    }
    line("smallest error reached, worst problem", worst, NAN, 1e-10, 0, "", where);
}

/* ---- ensembles ---- */

/* Settings are compared with few populations; the fastest of some solvers are then run with all. */
static void ensemble_line(void)
{
    static const double level[] = {1e-6};
    const bench_limits limits = {level, 1, 0.1, 2};
    solver_list few = {0}, all = {0};
    library_ensemble(SAMPLE, NULL, &few);
    library_ensemble(ENSEMBLE, NULL, &all);
    bench_set set = solver_list_measure(&few, limits);
    double best = INFINITY, whole = NAN;
    char detail[360] = "";
    for (int k = 0; k < CANDIDATES; k++) {
        bench_point *next = (bench_point *)(uintptr_t)bench_best(&set, NULL, level[0]), p;
        if (!next) break;
        p = *next;
        next->error = INFINITY; /* each once */
        for (size_t i = 0; i < few.n; i++)
            if (few.at[i] == p.solver) p.solver = all.at[i];
        if (p.solver->run(p.solver, p.grid, p.rung, 1, &p) || p.error > level[0]) continue;
        if (p.run < 0.5) p.solver->run(p.solver, p.grid, p.rung, 5, &p);
        if (p.run >= best) continue;
        best = p.run;
        whole = p.whole;
        snprintf(detail, sizeof detail, "%s; %s", p.solver->name, p.setting);
    }
    const double none = set.n ? 0 : NAN; /* nothing was as accurate; nothing ran */
    line("ensemble of 256: transients at 1e-6 a second and core", isfinite(best) ? ENSEMBLE / best : none,
         ENSEMBLE / whole, 8000, 1, "/s", detail);
    bench_set_free(&set);
    solver_list_free(&few);
    solver_list_free(&all);
}

static void print_table(const outcome *all)
{
    static const double levels[] = {1e-3, 1e-4, 1e-6, 1e-9};
    printf("best stepping times in ms (whole runs)\n%-5s %-6s %-23s %-23s %-23s %-23s %s\n", "", "error", "library",
           "CVODE finite volumes", "CVODE spectral", "published scheme", "library, positive");
    for (size_t k = 0; k < PROBLEMS; k++)
        for (size_t i = 0; i < 4; i++) {
            const bench_set *const sets[] = {&all[k].own, &all[k].fv, &all[k].sem, &all[k].hlxz, &all[k].volumes};
            printf("%-5s %-6.0e", problems[k].name, levels[i]);
            for (size_t j = 0; j < 5; j++) {
                const bench_point *p = bench_best(sets[j], NULL, levels[i]);
                if (p) printf(" %10.4f (%9.4f)", 1e3 * p->run, 1e3 * p->whole);
                else printf(" %23s", "-");
            }
            printf("\n");
        }
}

int bench_targets(const bench_options *options)
{
    static outcome all[PROBLEMS];
    (void)options;
    for (size_t k = 0; k < PROBLEMS; k++) measure(&problems[k], &all[k]);
    print_table(all);
    ratio_lines(all, AGAINST_VOLUMES, 1e-6, 300, "times faster than CVODE on finite volumes");
    ratio_lines(all, AGAINST_VOLUMES, 1e-4, 20, "times faster than CVODE on finite volumes");
    ratio_lines(all, AGAINST_SPECTRAL, 1e-6, 5, "times faster than CVODE on our spectral elements");
    ratio_lines(all, AGAINST_SPECTRAL, 1e-9, 5, "times faster than CVODE on our spectral elements");
    reach_line(all);
    time_lines(all, "T = 5 at 1e-6", 0, 1e-6, 0.3);
    time_lines(all, "T = 5 at 1e-9", 0, 1e-9, 1);
    time_lines(all, "adaptive rodas5p at 1e-6, autonomous", 1, 1e-6, 0.5);
    ratio_lines(all, AGAINST_PUBLISHED, 1e-3, 20, "positive, times faster than the published scheme");
    line("single tridiagonal solve, M = 400, over LAPACK dgtsv", bench_kernels_single_ratio(), NAN, 20, 1, "x", "");
    line("batched prefactored solve, over dgtsv per system", bench_kernels_batch_ratio(), NAN, 80, 1, "x", "");
    line("its bandwidth, of the measured second-level cache", bench_kernels_batch_bandwidth(), NAN, 0.7, 1, "", "");
    ensemble_line();
    double error;
    line("closed-form steady rate, slowest of four neurons", 1e6 * bench_studies_rate(&error), NAN, 5, 0, "us", "");
    line("its relative error, largest", error, NAN, 1e-14, 0, "", "");
    line("linear response, a frequency, slowest of four neurons", 1e6 * bench_studies_response(), NAN, 50, 0, "us", "");
    for (size_t k = 0; k < PROBLEMS; k++) forget(&all[k]);
    if (unmeasured) fprintf(stderr, "%d numbers could not be measured\n", unmeasured);
    return unmeasured != 0;
}
