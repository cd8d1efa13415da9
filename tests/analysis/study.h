/* SPDX-License-Identifier: BSD-3-Clause
 * Models and their steady states in one line of numbers. */
#ifndef NPDE_TESTS_STUDY_H
#define NPDE_TESTS_STUDY_H

#include "problem.h"

#include <math.h>

typedef struct {
    npde_context *context;
    npde_model *model;
    npde_steady *steady;
    size_t n; /* states found */
} study;

/* The steady states of a problem (drive swing, initial data are not looked at), on fitted grids. */
static inline study study_of(const problem *p)
{
    study s;
    OK(s.context, npde_context_new(&s.context));
    s.model = problem_model(s.context, p);
    OK(s.context, npde_steady_new(s.model, NULL, &s.steady));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    return s;
}

static inline void study_free(study *s)
{
    npde_steady_free(s->steady);
    npde_model_free(s->model);
    npde_context_free(s->context);
}

/* Rate of population 0. */
static inline double study_rate(const study *s, size_t index)
{
    double rates[8];
    size_t n_pop = 1;
    while (n_pop < 8 && npde_steady_rates(s->steady, index, rates, n_pop) == NPDE_ERR_SIZE) n_pop++;
    OK(s->context, npde_steady_rates(s->steady, index, rates, n_pop));
    return rates[0];
}

#endif
