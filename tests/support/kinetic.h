/* SPDX-License-Identifier: BSD-3-Clause
 * A run of one population of a kinetic kind in one line of numbers. */
#ifndef NPDE_TESTS_KINETIC_H
#define NPDE_TESTS_KINETIC_H

#include "support.h"

typedef struct {
    npde_id kind, v_scheme, g_scheme; /* 0: cells */
    size_t n_v, n_g;                  /* cells in v up to V_F; cells in g, or the degree of each of two elements */
    double g_end, v_end;              /* v_end with a discharge; 0: 2 */
    double sigma, input, noise, strength, noisy, delay;
    double kappa;              /* > 0: a discharge of this rate beyond V_F */
    double mean, variance;     /* over v */
    double g_mean, g_variance; /* over g; variance 0 for the equilibrium */
    npde_id refractory;        /* 0: none */
    double tau;
    npde_id method;  /* 0: strang */
    double dt, rtol; /* dt = 0: adaptive, to rtol */
} kinetic;

typedef struct {
    npde_context *context;
    npde_model *model;
    npde_grid *v, *g, *grid;
    npde_solver *solver;
} kinetic_run;

/* g_L = 1, V_L = V_R = 0, V_F = 1, V_E = 14/3, so that g_F = 3/11. */
npde_model *kinetic_model(npde_context *c, const kinetic *k);
/* The same model in other units: rates in those `faster` times as large, potentials in those `volt` times. */
void kinetic_units(npde_context *c, npde_model *m, double faster, double volt);
/* The grid of the kind: [0, 1], or [0, v_end] with a discharge, times [0, 3/11, g_end]. */
npde_grid *kinetic_grid(npde_context *c, const kinetic *k, npde_grid **v, npde_grid **g);
/* Ready to start, and started at 0. */
kinetic_run kinetic_prepare(const kinetic *k);
kinetic_run kinetic_start(const kinetic *k);
void kinetic_free(kinetic_run *r);
double kinetic_rate(kinetic_run *r, double t);
double kinetic_stat(const kinetic_run *r, npde_id stat);
/* Means of v and of g, and the marginal over g at its points (which may be NULL), by the public weights. */
void kinetic_means(const kinetic_run *r, double *v_mean, double *g_mean, double *marginal);
/* A density that stands between V_R and V_F, 1/(A − Bv) at the mean conductance that user points to. */
int32_t kinetic_standing(size_t pop, size_t n, const double *v, double *value, void *user);
/* One that stands with the discharge 10 beyond V_F, e^{−Φ(v)}/(A − Bv), where the drift leads. */
int32_t kinetic_firing_at_ten(size_t pop, size_t n, const double *v, double *value, void *user);

#endif
