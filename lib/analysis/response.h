/* SPDX-License-Identifier: BSD-3-Clause
 * Linear response and finite-size spectra at a steady state. */
#ifndef NPDE_ANALYSIS_RESPONSE_H
#define NPDE_ANALYSIS_RESPONSE_H

#include "analysis/linear.h"

enum { NPDE__DECADES = 24 };

struct npde_response {
    atomic_size_t refs;
    npde_context *context;
    npde__study *study;
    size_t index, n_pop;
    npde__linear *linear;               /* of the frequency last resolved, among … */
    npde__linear decade[NPDE__DECADES]; /* … those made so far: the grids of each decade of frequencies */
    double slow;                        /* where the decades begin: slower layers are as wide as the populations */
    double complex *h, *slope, *x;
    int *pivots;
};

/* study: a reference is taken. */
npde_status npde__response_new(const npde__study *study, size_t index, npde_response **out);
void npde__response_release(npde_response *response); /* NULL is allowed */
/*
 * Takes the grids for a frequency, which depend on nothing else: whatever was asked before, the answer is the same. The next
 * two are for the frequency last resolved.
 */
npde_status npde__response_resolve(npde_response *r, double omega);
/* Response of all rates to e^{iωt} in the drive or the diffusion (noise) of the populations first … last − 1. */
npde_status npde__response_rate(npde_response *r, int noise, int coupled, size_t first, size_t last, double omega,
                                double complex *out);
/* Spectral density of all rates of populations of these sizes. */
npde_status npde__response_spectrum(npde_response *r, const double *n_neurons, double omega, double *out);

#endif
