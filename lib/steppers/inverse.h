/* SPDX-License-Identifier: BSD-3-Clause
 * (I − γL)⁻¹ of a frozen system as dense matrices, one for each block of L: for blocks so short that a product costs no more than
 * a chain of solves. */
#ifndef NPDE_STEPPERS_INVERSE_H
#define NPDE_STEPPERS_INVERSE_H

#include "system/system.h"

typedef struct {
    double *a; /* NULL where blocks are too long, or too many */
    size_t ld;
} npde__inverse;

npde_status npde__inverse_init(npde__inverse *inverse, const npde__system *s);
void npde__inverse_free(npde__inverse *inverse, npde_context *c);
/* Made from the factors that the system has; scratch has the length of the state, rates that of the rates. */
void npde__inverse_make(const npde__inverse *inverse, npde__system *s, double *scratch, double *rates);
/* y = (I − γL)⁻¹ x, x is not y */
void npde__inverse_multiply(const npde__inverse *inverse, const npde__system *s, const double *x, double *y);

#endif
