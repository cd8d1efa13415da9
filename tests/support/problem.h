/* SPDX-License-Identifier: BSD-3-Clause
 * A run of one population in one line of numbers, for the tests that compare many of them. */
#ifndef NPDE_TESTS_PROBLEM_H
#define NPDE_TESTS_PROBLEM_H

#include "steppers/stepper.h"
#include "support.h"

typedef struct {
    const char *name;
    double reset, threshold, drive, diffusion;
    double connectivity, noise, delay;
    npde_id refractory; /* 0: none */
    double tau;
    npde_id discharge; /* 0: none */
    double kappa;
    double mean, variance; /* of the initial Gaussian */
    double swing;          /* adds swing sin(2πt) to the drive by a callback */
} problem;

typedef struct {
    npde_context *context;
    npde_model *model;
    npde_grid *grid; /* as given, or NULL */
    npde_solver *solver;
    double swing;
} run;

/* The model of a problem. */
npde_model *problem_model(npde_context *context, const problem *p);
/*
 * A run ready to go from t = 0. cells: 0 for a spectral grid fitted to model and data; > 0 for a fitted finite-volume
 * grid of that many cells; < 0 for a fitted spectral grid of degree −cells everywhere. dt = 0 for adaptive steps.
 */
run *run_new(const problem *p, int cells, npde_id method, double dt);
/* The same, not yet started. */
run *run_prepare(const problem *p, int cells, npde_id method, double dt);
/* The same on a grid of the caller's making, which makes it in the run's context: breaks and degrees (spectral). */
run *run_new_on(const problem *p, npde_id scheme, const double *breaks, size_t n_breaks, const size_t *cells,
                npde_id method, double dt);
/*
 * Starts what was prepared. 0 where the method is not for the problem: that is refused in so many words and with what to take
 * instead. Any other failure is one of the test.
 */
int run_start(run *r);
void run_free(run *r);
/* The index-th method that LIF populations can be stepped with, as a start answers; NULL beyond the last. */
const npde__method *lif_method_at(size_t index);
/* Rate at t, all statuses but errors allowed. */
double run_rate(run *r, double t);
double run_stat(const run *r, npde_id stat);
int64_t run_count(const run *r, npde_id count);

#endif
