/* SPDX-License-Identifier: BSD-3-Clause
 * A drift f(v) by the user and a discharge φ_F(v), linear in each of many cells. Increments are those of the local
 * linearization of Shoji & Ozaki (Stoch. Anal. Appl. 16, 1998), exact where f is linear, with k = −f':
 *
 *     V + (f(V) + μ) ∫₀ʰ e^{−ks} ds + a f'' ∫₀ʰ∫₀ˢ e^{−kr} dr ds + ξ √(2a ∫₀ʰ e^{−2ks} ds). */
#ifndef NPDE_PARTICLES_PROFILE_H
#define NPDE_PARTICLES_PROFILE_H

#include "models/model.h"

typedef struct {
    size_t n;                                 /* cells; the first and the last go on for ever */
    double left, inverse;                     /* of the first cell; 1/width */
    double *drift, *slope, *discharge, *rise; /* of each cell: values at its left end, slopes */
    double h;                                 /* the step that what follows is for */
    double *push, *bend, *spread,
        *bridge; /* ∫e^{−ks}; for a = 1: f''∫∫e^{−kr}, √(2∫e^{−2ks}), and as in npde__kernels_leaky */
} npde__profile;

/* ∫₀ᵗ e^{−ks} ds */
double npde__profile_growth(double k, double t);

/* Of population p, cells over [left, right]. moves = 0: of the discharge alone. */
npde_status npde__profile_new(const npde_model *m, size_t p, double left, double right, int moves, npde__profile **out);
void npde__profile_free(npde__profile *f, npde_context *c); /* NULL is allowed */
/* Prepares for steps of size h. */
void npde__profile_prepare(npde__profile *f, double h);

static inline size_t npde__profile_cell(const npde__profile *f, double v)
{
    const double x = (v - f->left) * f->inverse;
    return x < 1 ? 0 : x < (double)(f->n - 1) ? (size_t)x : f->n - 1;
}

static inline double npde__profile_offset(const npde__profile *f, size_t cell, double v)
{
    return v - f->left - (double)cell / f->inverse;
}

static inline double npde__profile_discharge(const npde__profile *f, double v)
{
    const size_t cell = npde__profile_cell(f, v);
    const double phi = f->discharge[cell] + f->rise[cell] * npde__profile_offset(f, cell, v);
    return phi > 0 ? phi : 0;
}

#endif
