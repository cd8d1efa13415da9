/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef NPDE_CORE_TIME_H
#define NPDE_CORE_TIME_H

#include <math.h>

/* Times closer than this are the same: what rounding makes of sums of steps and delays. */
static inline double npde__time_slack(double t)
{
    return 1e-13 * (1 + fabs(t));
}

#endif
