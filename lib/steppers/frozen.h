/* SPDX-License-Identifier: BSD-3-Clause
 * The linear part L frozen at a reference and kept over many steps, for one-step methods that take all the rest explicitly.
 *
 * A mode of frozen damping x = h a κ², that the rest changes by −θx ± i s √x with θ = (a − a_r)/a_r and s = |μ − μ_r| √(h/a_r), must
 * be stable for all x. Where the coefficients have moved half of the way that a method stands, L is frozen anew.
 */
#ifndef NPDE_STEPPERS_FROZEN_H
#define NPDE_STEPPERS_FROZEN_H

#include "steppers/stepper.h"

/* What a method stands: θ from low to high when s = 0, s when θ = 0. */
typedef struct {
    double low, high, advection;
} npde__window;

extern const npde__window npde__etdrk4_window;

typedef struct {
    int kept;               /* L is frozen by us */
    int serves, serves_new; /* and still good for the accepted, for the offered state */
    int anew;               /* the present step has frozen it */
    double h;               /* size of the present step */
    int64_t uses;           /* steps of that size with this L before the present one */
} npde__frozen;

/*
 * Before a step from t of size *h: s->slope holds F(t, y), and L is frozen. Sizes that differ by the rounding errors of times only are
 * the same: *h becomes the fixed step, or the size of the last one.
 */
npde_status npde__frozen_begin(npde__frozen *f, npde__stepper *s, double t, double *h);
/* Rates and slope of the offered state at t; does L still serve there? scratch has the length of the state. */
npde_status npde__frozen_end(npde__frozen *f, npde__stepper *s, double t, const npde__window *window, double *scratch);
/* The offered state is accepted. */
void npde__frozen_accept(npde__frozen *f);
void npde__frozen_snapshot(npde__frozen *f, npde__bytes *bytes);

#endif
