/* SPDX-License-Identifier: BSD-3-Clause
 * Everybody who can solve the problems: the library in all its settings, and its peers. */
#ifndef NPDE_BENCH_PEERS_H
#define NPDE_BENCH_PEERS_H

#include "bench.h"
#include "problems.h"

enum { SOLVERS_MOST = 256 };
typedef struct {
    size_t n;
    bench_solver *at[SOLVERS_MOST];
} solver_list;

void solver_list_add(solver_list *list, bench_solver *solver);
void solver_list_free(solver_list *list);

/* The peers' groups. */
extern const char group_fv[], group_sem[], group_hlxz[];

typedef enum { SCHEMES_ALL, SCHEMES_SPECTRAL, SCHEMES_VOLUMES } library_schemes;
/* Every method × scheme × coupling × output, fixed and adaptive, found by introspection; only: one method, or NULL. */
void library_solvers(const problem *p, library_schemes schemes, const char *only, solver_list *list);
/*
 * The same for an ensemble: uncoupled populations of one network, connectivities from -1 to 0.9, on spectral elements. The error is
 * the largest of some populations'. Lists for different numbers of populations have the same order.
 */
void library_ensemble(size_t n_pop, const char *only, solver_list *list);
/* The smallest density over the steps of a setting, watched in a run of its own. */
double library_min_density(const bench_point *point);

/*
 * SUNDIALS CVODE; without SUNDIALS they add nothing. CVODE_ALL tries all there is; CVODE_BEST leaves out what was never the
 * fastest, or by less than noise: steps that end at outputs, the wide band, SUNDIALS' own dense factorisation.
 */
typedef enum { CVODE_BEST, CVODE_ALL } cvode_effort;
void cvode_fv_solvers(const problem *p, cvode_effort effort, solver_list *list);
void cvode_sem_solvers(const problem *p, cvode_effort effort, solver_list *list);
int cvode_is_there(void);

/* The published structure-preserving scheme. */
void hlxz_solvers(const problem *p, solver_list *list);

/* All settings of all solvers of the list, measured, the best of them again. */
bench_set solver_list_measure(const solver_list *list, bench_limits limits);

#endif
