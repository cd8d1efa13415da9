/* SPDX-License-Identifier: BSD-3-Clause
 * Initial data as solvers and particles are given them: initial[0 … n_pop − 1], changed in population pop or in all. */
#ifndef NPDE_API_INITIAL_H
#define NPDE_API_INITIAL_H

#include "system/initial.h"

typedef struct {
    npde_context *context;
    npde__initial *of; /* one per population */
    size_t n_pop;
} npde__initials;

/* Forgets the data over the potentials; what was set beside them stays. */
void npde__initial_clear(npde_context *c, npde__initial *initial);
npde_status npde__initial_set_gaussian(npde__initials to, const char *function, size_t pop, double mean,
                                       double variance);
npde_status npde__initial_set_conductance(npde__initials to, const char *function, size_t pop, double mean,
                                          double variance);
npde_status npde__initial_set_density(npde__initials to, const char *function, size_t pop, npde_profile_fn density,
                                      void *user, npde_release_fn release);
/* A copy of n values, which have been checked, for one population. */
npde_status npde__initial_set_values(npde__initials to, size_t pop, const double *values, size_t n);
npde_status npde__initial_set_past_rate(npde__initials to, const char *function, size_t pop, double rate);

#endif
