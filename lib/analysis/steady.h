/* SPDX-License-Identifier: BSD-3-Clause
 * The study behind the handle. */
#ifndef NPDE_ANALYSIS_STEADY_H
#define NPDE_ANALYSIS_STEADY_H

#include "analysis/study.h"

struct npde_steady {
    npde_context *context;
    npde_model *model;
    npde_grid *grid; /* the user's, or NULL */
    double *option;
    npde__study *study; /* what the last solve found; NULL before */
};

/* Has it been solved, and is there a state of that index? */
npde_status npde__steady_check(const npde_steady *steady, const char *function, size_t index);

#endif
