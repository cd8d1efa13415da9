/* SPDX-License-Identifier: BSD-3-Clause
 * Relative entropy against the steady state of one population's operator. */
#ifndef NPDE_ANALYSIS_ENTROPY_H
#define NPDE_ANALYSIS_ENTROPY_H

#include "analysis/siegert.h"
#include "models/model.h"

typedef struct {
    double x;
    size_t at;
} npde__sample;

struct npde_entropy {
    npde_context *context;
    npde_grid *grid;
    npde__stencil *stencils;
    const npde__stencil *of;
    npde__operator op; /* of one population, whose densities begin at 0 */
    double *work;
    double tau;             /* mean refractory time; 0 without */
    double *steady;         /* P at the grid's points */
    double rate, reservoir; /* N_∞ and N_∞ τ */
    /* By point, then the threshold, then the reservoir: h, H(h), H'(h), H''(h). */
    double *h, *value, *slope, *curvature;
    /* Spectral elements: is there a closed form, by which P has a small relative error where it is small? Of this neuron. */
    int closed;
    npde__siegert neuron;
    double *exact;          /* P by it where P is small, otherwise as steady */
    int far;                /* in the present measurement it is needed: the density is where P is small */
    unsigned char *drowned; /* by point, when far: rounding hides the density there */
    double *down, *up;      /* finite volumes: mass that P sends over each face to the right and to the left */
    npde__callback *function;
    npde__sample *sample; /* to put h in order */
};

npde_status npde__entropy_new(const npde_model *model, const npde_grid *grid, size_t pop, const double *rates,
                              npde_id flux, npde_entropy **out);
void npde__entropy_free(npde_entropy *e);
/* by_diffusion and by_jump may be NULL. */
npde_status npde__entropy_measure(npde_entropy *e, npde_id function, const double *density, double reservoir,
                                  double *value, double *by_diffusion, double *by_jump);

#endif
