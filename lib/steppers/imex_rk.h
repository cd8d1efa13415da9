/* SPDX-License-Identifier: BSD-3-Clause
 * Tableaus of implicit–explicit Runge–Kutta methods, apart so that their order conditions can be tested. */
#ifndef NPDE_STEPPERS_IMEX_RK_H
#define NPDE_STEPPERS_IMEX_RK_H

#include "steppers/frozen.h"

enum { NPDE__IMEX_STAGES = 6 };

typedef struct {
    size_t stages; /* with the first, which is the state itself; the diagonal of the others is a[1][1] */
    double c[NPDE__IMEX_STAGES];
    double a[NPDE__IMEX_STAGES][NPDE__IMEX_STAGES];     /* implicit; the last row holds its weights b */
    double a_hat[NPDE__IMEX_STAGES][NPDE__IMEX_STAGES]; /* explicit; its weights are the last row too, or b */
    int explicit_weights;                               /* the latter */
    const double *embedded;                             /* weights one order lower, or NULL */
    npde__window window;
} npde__imex_tableau;

extern const npde__imex_tableau npde__imex_ars222, npde__imex_ars443, npde__imex_ark4;

#endif
