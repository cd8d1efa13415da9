/* SPDX-License-Identifier: BSD-3-Clause
 * The seven transients that are measured, and references to judge them by: V_R = 1, V_F = 2, leak 1,
 *
 *     μ = I + swing sin 2πt + b N,   a = 1 + a1 N,   n(·, 0) a Gaussian,   N at t = 0.1, 0.2, … 5. */
#ifndef NPDE_BENCH_PROBLEMS_H
#define NPDE_BENCH_PROBLEMS_H

#include <neuropde/neuropde.h>

enum { PROBLEM_TIMES = 50, PROBLEMS = 7 };

typedef struct {
    const char *name;
    double connectivity, noise, drive, swing, mean, variance;
    double low; /* the smallest μ of the run: grids begin at a distance to the left of it */
    const double *golden;
} problem;

extern const problem problems[PROBLEMS];
extern const double problem_reset, problem_threshold, problem_diffusion;

/* The output times. */
const double *problem_times(void);
/* I + swing sin 2πt. */
double problem_drive(const problem *p, double t);
/* The problem as a model of the library: without coupling the linear kind. */
npde_model *problem_model(npde_context *context, const problem *p);
/* The library must answer 0 or a notice here; otherwise the program ends with its text. */
void problem_check(npde_context *context, npde_status status);

/* Two independent runs of other resolution in space and time, and their distances, relative to the largest rate. */
typedef struct {
    double rates[PROBLEM_TIMES]; /* the finer */
    double largest, apart, from_golden;
} reference;
/* max over output times of |N − N_ref| / max N_ref, the rates stride apart; infinite when not all are finite. */
double reference_error(const reference *r, const double *rates, size_t stride);
double problem_error(const problem *p, const double *rates);
void problem_compute(const problem *p, reference *r);
/* Computed when first asked for; p is one of the seven. */
const reference *problem_reference(const problem *p);

#endif
