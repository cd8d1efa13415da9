/* SPDX-License-Identifier: BSD-3-Clause
 * Initial data of one population, as the user gave them. */
#ifndef NPDE_SYSTEM_INITIAL_H
#define NPDE_SYSTEM_INITIAL_H

#include "core/context.h"

typedef struct {
    enum { NPDE__INITIAL_NONE, NPDE__INITIAL_GAUSSIAN, NPDE__INITIAL_DENSITY, NPDE__INITIAL_STATE } kind;
    double mean, variance;   /* Gaussian */
    npde__callback *density; /* density by a function */
    double *state;           /* density by its values at the grid's points */
    double past_rate;
    int conductance; /* a Gaussian over g was given; otherwise the equilibrium */
    double g_mean, g_variance;
} npde__initial;

#endif
