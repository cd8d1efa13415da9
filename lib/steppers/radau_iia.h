/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef NPDE_STEPPERS_RADAU_IIA_H
#define NPDE_STEPPERS_RADAU_IIA_H

#include "core/complex.h"

enum { NPDE__RADAU_STAGES = 3 };

/* A⁻¹ = T Λ T⁻¹, where Λ is 1/real and, as a block of two, 1/pair. */
typedef struct {
    double c[NPDE__RADAU_STAGES];
    double inverse[NPDE__RADAU_STAGES][NPDE__RADAU_STAGES];
    double real;
    npde__complex pair;
    double t[NPDE__RADAU_STAGES][NPDE__RADAU_STAGES], t_inverse[NPDE__RADAU_STAGES][NPDE__RADAU_STAGES];
} npde__radau_tableau;

extern const npde__radau_tableau npde__radau_iia5_tableau;

#endif
