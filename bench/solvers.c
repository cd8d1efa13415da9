/* SPDX-License-Identifier: BSD-3-Clause
 * Lists of solvers, measured together. */
#include "peers.h"

#include <stdlib.h>

void solver_list_add(solver_list *list, bench_solver *solver)
{
    if (list->n < SOLVERS_MOST) list->at[list->n++] = solver;
    else solver->free(solver);
}

void solver_list_free(solver_list *list)
{
    for (size_t k = 0; k < list->n; k++) list->at[k]->free(list->at[k]);
    list->n = 0;
}

bench_set solver_list_measure(const solver_list *list, bench_limits limits)
{
    bench_set set = {0};
    for (size_t k = 0; k < list->n; k++) bench_sweep(list->at[k], limits, &set);
    bench_set_refine(&set, limits);
    return set;
}
