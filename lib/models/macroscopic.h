/* SPDX-License-Identifier: BSD-3-Clause
 * Steady states of the macroscopic equation, and their stability. */
#ifndef NPDE_MODELS_MACROSCOPIC_H
#define NPDE_MODELS_MACROSCOPIC_H

#include "models/kinetic.h"

#include <complex.h>

enum { NPDE__AGE_POINTS = 16, NPDE__AGE_PANELS = 2048 };

typedef struct {
    npde__population of; /* for the discharge */
    kinetic_population pop;
    npde_id discharge;
    double kappa, input, noise, strength, noisy, delay;
    double x[NPDE__AGE_POINTS], w[NPDE__AGE_POINTS];      /* on [0, 1] */
    double integral[NPDE__AGE_POINTS * NPDE__AGE_POINTS]; /* row i: ∫_0^{x_i} of the polynomial through the points */
    /* The ages at one conductance. */
    double a, b, longest; /* drift; longest panel, in units of 1/B */
    double growth;        /* > 0: panels resolve e^{−growth s} as well, next to V_F and beyond */
    size_t n_panels;
    double begin[NPDE__AGE_PANELS], length[NPDE__AGE_PANELS];
    double phi[NPDE__AGE_PANELS][NPDE__AGE_POINTS],
        passed[NPDE__AGE_PANELS][NPDE__AGE_POINTS]; /* φ and Φ at the points */
    double passed_end[NPDE__AGE_PANELS], tail_phi,
        tail_passed;   /* Φ at the panels' ends; beyond the last, φ is constant */
    double tail_slope; /* dφ/dv at v* */
} npde__ages;

/* The potential at an age; ḡ(N). */
double npde__macroscopic_potential(const npde__ages *s, double age);
double npde__macroscopic_mean(const npde__ages *s, double rate);
/* Cuts the ages at a conductance, and the mean time between spikes; infinite when not all fire. */
npde_status npde__macroscopic_cut(npde__ages *s, double g, double *time);

/* ---- macroscopic_chain.c: what the characteristic function of a threshold tends to for |λ| → ∞ ---- */

typedef struct {
    double time, delay, tau; /* T, d, τ */
    npde_id refractory;
    double begin, end;  /* Q and P: ḡ'(N) N p at V_R and at V_F */
    double rest, grown; /* |ḡ'(N) N β B|, e^{BT} */
    double abscissa;    /* of the chains; infinite where each spike makes another at once */
} npde__chain;

/* At a steady rate, for which ages are cut; slope: ḡ'(N). The abscissa is `least` if it is further to the left than that < 0. */
npde__chain npde__chain_of(const npde__ages *s, double rate, double slope, double time, double least);
/* D(λ). */
double complex npde__chain_at(const npde__chain *c, double complex lambda);
/* A bound of |λ||f/D − 1| for Re λ ≥ σ, σ ≥ 0 to the right of the abscissa. */
double npde__chain_far(const npde__chain *c, double sigma);

/* ---- macroscopic_stability.c ---- */

/* The eigenvalue with the largest real part at a steady rate; of a chain of eigenvalues its abscissa, and NaN. */
npde_status npde__macroscopic_leading(npde__ages *s, double rate, double *re_im);

/* As npde_macroscopic_steady(), which has checked the arguments. */
npde_status npde__macroscopic_steady(const npde_model *model, double rate_max, double *rates, double *eigenvalues,
                                     size_t capacity, size_t *n_found);

#endif
