/* SPDX-License-Identifier: BSD-3-Clause
 * Peer of the kinetic solvers: WENO5 finite differences and TVD Runge–Kutta of order 3 for the linear
 * voltage–conductance equation. */
#ifndef NPDE_BENCH_KINETIC_WENO_H
#define NPDE_BENCH_KINETIC_WENO_H

#include <stddef.h>

typedef struct {
    size_t n_v, n_g;
    double g_end;
    double g_leak, v_excitatory, sigma, input, noise; /* V_L = 0, V_F = 1 */
    double mean, variance, g_mean, g_variance;        /* Gaussian data */
} weno_problem;

/* Rates at ascending times and CPU seconds of the stepping; steps receives their number. Nonzero when memory runs out. */
int weno_run(const weno_problem *problem, const double *times, size_t n, double *rates, double *seconds, long *steps);

#endif
