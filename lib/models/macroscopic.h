/* SPDX-License-Identifier: BSD-3-Clause
 * Steady states of the macroscopic equation. */
#ifndef NPDE_MODELS_MACROSCOPIC_H
#define NPDE_MODELS_MACROSCOPIC_H

#include "models/kinetic.h"

/* As npde_macroscopic_steady(), which has checked the arguments. */
npde_status npde__macroscopic_steady(const npde_model *model, double rate_max, double *rates, double *eigenvalues,
                                     size_t capacity, size_t *n_found);

#endif
