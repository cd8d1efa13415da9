/* SPDX-License-Identifier: BSD-3-Clause
 * One population at frozen drive and diffusion on a grid, seen from its survival: in Laplace space everything that steady
 * states, stability and linear response need is a few products with one vector.
 *
 * Let K be the operator without re-entry (operators/operator.h), ψ(s) = (sW − K)⁻ᵀ W 1 the Laplace transform of the
 * probability not to have fired yet, by starting point. What is put into the density as W n' = K n + r e^{st} then has mass
 * ψ(s)·r. At s = 0 ψ is the mean time to fire, so T = ψ_R, and the steady density of mass 1 is P = y/T, y = −K⁻¹ e_R. A
 * modulation of the drive by e^{st} puts in (∂K/∂μ) P.
 */
#ifndef NPDE_ANALYSIS_PASSAGE_H
#define NPDE_ANALYSIS_PASSAGE_H

#include "analysis/siegert.h"
#include "models/model.h"
#include "numerics/envelope.h"

#include <complex.h>

/* C11's CMPLX, which not every compiler has. */
static inline double complex npde__complex_of(double re, double im)
{
    return re + im * _Complex_I;
}

typedef struct {
    npde_context *context;
    npde_grid *grid;
    npde__stencil *stencil;
    npde__operator op;
    double *work; /* of the operator */
    npde__envelope matrix;
    size_t n;                        /* unknowns */
    npde__escape escape;             /* of T */
    double floor;                    /* the rate at which rounding makes K leak: rates below it are not seen */
    double error;                    /* bound of that of log_time, measured over many neurons */
    double *density;                 /* P = y/T: the steady density, of mass 1 */
    double *by_drive, *by_diffusion; /* (∂K/∂μ) P and (∂K/∂a) P */
    double *re, *im;                 /* n each: ψ, then work space */
} npde__passage;

/* ψ(s) times e_R, (∂K/∂μ) P, (∂K/∂a) P, and their derivatives by s. */
typedef struct {
    double complex reset, by_drive, by_diffusion;
    double complex reset_slope, by_drive_slope, by_diffusion_slope;
} npde__survival;

/*
 * grid_or_null: NULL for spectral elements that fit, with this detail. When neurons fire so rarely that
 * rounding hides it, log_time is infinite and the rest of escape NaN. free() takes what a failed init left.
 */
npde_status npde__passage_init(npde__passage *p, const npde_model *model, size_t pop, npde_grid *grid_or_null,
                               double drive, double diffusion, npde__detail detail);
void npde__passage_free(npde__passage *p);
/* NPDE_ERR_RANGE when s is an eigenvalue of K. slopes: whether derivatives are wanted. */
npde_status npde__passage_survive(npde__passage *p, double complex s, int slopes, npde__survival *out);
/* ln det(sW − K), up to multiples of 2πi, at the s of the last npde__passage_survive(). */
double complex npde__passage_log_determinant(const npde__passage *p);

#endif
