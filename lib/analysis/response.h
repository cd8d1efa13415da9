/* SPDX-License-Identifier: BSD-3-Clause
 * Linear response and finite-size spectra at a steady state. */
#ifndef NPDE_ANALYSIS_RESPONSE_H
#define NPDE_ANALYSIS_RESPONSE_H

#include "analysis/linear.h"

struct npde_response {
    atomic_size_t refs;
    npde_context *context;
    npde__study *study;
    size_t index, n_pop;
    npde__linear linear;
    double resolved; /* the largest frequency that the grids are made for */
    double complex *h, *slope, *x;
    int *pivots;
};

/* study: a reference is taken. */
npde_status npde__response_new(const npde__study *study, size_t index, npde_response **out);
void npde__response_release(npde_response *response); /* NULL is allowed */
/* Grids for all these frequencies, unless the user gave one. */
npde_status npde__response_resolve(npde_response *r, const double *omega, size_t n);
/* Response of all rates to e^{iωt} in the drive or the diffusion (noise) of the populations first … last − 1. */
npde_status npde__response_rate(npde_response *r, int noise, int coupled, size_t first, size_t last, double omega,
                                double complex *out);
/* Spectral density of all rates of populations of these sizes. */
npde_status npde__response_spectrum(npde_response *r, const double *n_neurons, double omega, double *out);

#endif
