/* SPDX-License-Identifier: BSD-3-Clause
 * The linear part L frozen at a reference and kept over many steps, for one-step methods that take all the rest, R =
 * F − L y, explicitly.
 *
 * Where drive or noise move, R does not vanish at a sharp threshold, and an explicit method sees that to an order of
 * about 1.25 only. One order is won back when its slope in time, q, goes to the other side: with τ = t − t_n
 *
 *     y' = (L y + τq) + (R − τq),    q = (R_n − R_{n−1})/h_{n−1},
 *
 * so that what is left to the explicit side is O(τ²). What is exact, or of order two, stays so for any q.
 *
 * Stability: a mode of frozen damping x = h a κ², that the rest changes by −θx ± i s √x with θ = (a − a_r)/a_r and s
 * = |μ − μ_r| √(h/a_r), must not grow for any x. Where the coefficients have moved half of the way that a method
 * stands, L is frozen anew.
 */
#ifndef NPDE_STEPPERS_FROZEN_H
#define NPDE_STEPPERS_FROZEN_H

#include "steppers/stepper.h"

/* What a method stands with equal steps: θ from low to high when s = 0, s when θ = 0. */
typedef struct {
    double low, high, advection;
} npde__window;

/* Are the coefficients that the system has last found within these parts of the window, for θ and for s with this h? */
int npde__window_holds(const npde__window *window, const npde__system *s, double h, double theta_part, double s_part);

extern const npde__window npde__etdrk4_window;

typedef struct {
    int kept;               /* L is frozen by us */
    int serves, serves_new; /* and still good for the accepted, for the offered state */
    int anew;               /* the present step has frozen it */
    double h;               /* size of the present step */
    int64_t uses;           /* steps of that size with this L before the present one */
    double *rest, *before;  /* R of the accepted state, and of one before */
    double h_before;        /* how far that is back; 0: not known for this L */
    int skipped;            /* it is the last but one */
    double *turn;           /* q of the present step */
    int turns;              /* it is not 0 */
} npde__frozen;

npde_status npde__frozen_init(npde__frozen *f, const npde__system *s);
void npde__frozen_free(npde__frozen *f, npde_context *c);
/*
 * Before a step from t of size *h: L is frozen, linear = L y; R and q are there unless the problem is constant. Sizes
 * that differ by the rounding errors of times only are the same: *h becomes the fixed step, or the size of the last
 * one.
 */
npde_status npde__frozen_begin(npde__frozen *f, npde__stepper *s, double t, double *h, double *linear);
/* Rates and slope of the offered state at t; does L still serve there? scratch has the length of the state. */
npde_status npde__frozen_end(npde__frozen *f, npde__stepper *s, double t, const npde__window *window, double *scratch);
/* The offered state is accepted. */
void npde__frozen_accept(npde__frozen *f);
void npde__frozen_snapshot(npde__frozen *f, const npde__system *s, npde__bytes *bytes);

#endif
