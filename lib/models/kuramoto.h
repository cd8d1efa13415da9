/* SPDX-License-Identifier: BSD-3-Clause
 * Oscillators on the circle, shared by kuramoto.c (the seam) and kuramoto_data.c (initial data, densities, statistics). */
#ifndef NPDE_MODELS_KURAMOTO_H
#define NPDE_MODELS_KURAMOTO_H

#include "core/complex.h"
#include "models/model.h"

typedef npde__complex cplx;

typedef struct {
    double frequency, width, diffusion, coupling, share;
    double gamma;                 /* what it is factored for */
    cplx field;                   /* K Z/2, frozen */
    cplx *ratio, *inverse;        /* of the elimination of I − γL */
    cplx *by_real, *by_imaginary; /* (I − γL)⁻¹ γ ∂F/∂(Re Z), ∂F/∂(Im Z) */
} group;

typedef struct {
    npde__system base;
    size_t modes, n_pop;
    group *pop;
    cplx *memory;
    double feedback[4]; /* (1 − Σ s_p S_p)⁻¹, S_p how z_{p,1} answers to Z: kept by factor_jacobian */
    double *at;         /* state of the last linearize */
} oscillators;

static inline cplx times(cplx a, cplx b)
{
    return npde__complex_times(a, b);
}

static inline cplx scaled(double a, cplx b)
{
    return npde__complex_scale(a, b);
}

static inline cplx minus(cplx a, cplx b)
{
    return (cplx){a.re - b.re, a.im - b.im};
}

static inline cplx conjugate(cplx a)
{
    return (cplx){a.re, -a.im};
}

static inline cplx at(const double *y, size_t n)
{
    return (cplx){y[2 * n], y[2 * n + 1]};
}

static inline void put(double *y, size_t n, cplx z)
{
    y[2 * n] = z.re;
    y[2 * n + 1] = z.im;
}

/* Z of a state. */
static inline cplx order_of_state(const oscillators *w, const double *y)
{
    cplx z = {0, 0};
    for (size_t p = 0; p < w->n_pop; p++)
        z = npde__complex_add(z, scaled(w->pop[p].share, at(y + p * w->base.stride, 0)));
    return z;
}

/* ---- kuramoto_data.c ---- */
npde_status npde__kuramoto_start(npde__system *s, const npde__initial *initial, double *y, double *resolution);
void npde__kuramoto_density(const npde__system *s, size_t p, const double *y, size_t n, const double *theta,
                            double *out);
double npde__kuramoto_min_density(const npde__system *s, const double *y);
double npde__kuramoto_stat(const npde__system *s, npde_id stat, const double *y);

#endif
