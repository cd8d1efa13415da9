/* SPDX-License-Identifier: BSD-3-Clause
 * Step-size control: the factor between a step and the next, from scaled errors (a step is good at ≤ 1). With p the order of the
 * error, e_n the error of step n,
 *
 *     I:    h_{n+1} = h_n e_n^{−1/p},
 *     PI:   h_{n+1} = h_n e_n^{−0.7/p} e_{n−1}^{0.4/p}                       (Hairer & Wanner II, IV.2; Gustafsson),
 *     PID:  h_{n+1} = h_n e_n^{−0.58/p} e_{n−1}^{0.21/p} e_{n−2}^{−0.1/p}   (Kennedy & Carpenter, Appl. Numer. Math. 44, 2003),
 *
 * times a safety factor, within bounds. See G. Söderlind, ACM Trans. Math. Softw. 29, 2003, 1, for what they do.
 */
#ifndef NPDE_SOLVE_CONTROLLER_H
#define NPDE_SOLVE_CONTROLLER_H

#include "core/ids.h"

typedef struct {
    npde_id kind;
    int64_t known;   /* how many of the past errors are there */
    double error[2]; /* of the last accepted steps, the newest first */
} npde__controller;

/* Forgets past steps: at a start, and where the solution takes a turn that they say nothing about. */
void npde__controller_begin(npde__controller *c, npde_id kind);
/* Factor after a step that was accepted with this error. */
double npde__controller_accept(npde__controller *c, size_t error_order, double error);
/* Factor after a step that was given up with this error > 1; less than 1. */
double npde__controller_reject(const npde__controller *c, size_t error_order, double error);

#endif
