/* SPDX-License-Identifier: BSD-3-Clause
 * What npde_steady_solve() finds: a copy of the model and its steady states. It does not change any more, and is shared by all
 * that looks at it. */
#ifndef NPDE_ANALYSIS_STUDY_H
#define NPDE_ANALYSIS_STUDY_H

#include "analysis/passage.h"

typedef struct {
    atomic_size_t refs;
    npde_context *context;
    npde_model *model; /* a copy */
    npde_grid *given;  /* the user's grid, or NULL */
    size_t n_pop, n_found;
    double *log_rates; /* n_found × n_pop */
} npde__study;

/* Finds all steady states with rates in [rate_min, rate_max], looking at so many boxes at most. */
npde_status npde__study_new(const npde_model *model, npde_grid *given, double rate_min, double rate_max, size_t boxes,
                            npde__study **out);
npde__study *npde__study_acquire(const npde__study *study);
void npde__study_release(npde__study *study); /* NULL is allowed */

/* Rate, drive and diffusion of a population in a steady state. */
double npde__study_rate(const npde__study *study, size_t index, size_t pop);
void npde__study_law(const npde__study *study, size_t index, size_t pop, double *drive, double *diffusion);
/* The neuron of a population in a steady state; 0 when there is no closed form for it. */
int npde__study_neuron(const npde__study *study, size_t index, size_t pop, npde__siegert *out);
/* A population as it is in a steady state, on the user's grid or on one of this detail. */
npde_status npde__study_passage(const npde__study *study, size_t index, size_t pop, npde__detail detail,
                                npde__passage *out);
/* Where densities are shown: the user's grid, or one that fits, made anew; for the caller to release. */
npde_status npde__study_grid(const npde__study *study, npde_grid **out);
/* Its density at n potentials; 0 outside the grid. */
npde_status npde__study_density(const npde__study *study, size_t index, size_t pop, const double *v, size_t n,
                                double *out);

#endif
