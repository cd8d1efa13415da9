/* SPDX-License-Identifier: BSD-3-Clause
 * The frozen linear part L as dense matrices, one a population: what exponential methods work with. */
#ifndef NPDE_STEPPERS_DENSE_H
#define NPDE_STEPPERS_DENSE_H

#include "numerics/kernels.h"
#include "numerics/phi.h"
#include "steppers/stepper.h"

enum { NPDE__DENSE_MOST = 1024 }; /* unknowns of a population: beyond that banded methods are faster at any accuracy */

typedef struct {
    size_t n, ld, blocks; /* length of a block, leading dimension, populations */
    size_t size, all;     /* of one matrix, of one for each population */
    const npde__kernels *kernels;
    double *weights; /* n: mass of a unit density at each point */
    double *a;       /* all: L */
    double *scratch; /* NPDE__PHI_SCRATCH matrices */
    double *probe, *image;
} npde__dense;

/*
 * Allocates room for L and scratch, or refuses a system whose matrices, `kept` for each population and these, would
 * be too large.
 */
npde_status npde__dense_init(npde__dense *d, npde__stepper *s, size_t kept);
void npde__dense_free(npde__dense *d, npde_context *c);
/* Takes L from the frozen system, column by column. */
void npde__dense_load(npde__dense *d, npde__system *s);
/* y = M x with a matrix for each population */
void npde__dense_multiply(const npde__dense *d, const double *m, const double *x, double *y);

#endif
