/* SPDX-License-Identifier: BSD-3-Clause
 * One population's drift–diffusion operator on a grid, whatever the space scheme.
 *
 * On the unknowns n_0 … n_{end−1} (end is the threshold's point, or the number of points with a random threshold)
 *
 *     W n' = K(μ, a) n + M e_R,      N = c(μ, a)·n,      1ᵀK = −cᵀ,
 *
 * so that Σ w n changes by M − N exactly: what leaves is what c measures, what re-enters does so at V_RESET. K holds drift,
 * diffusion and discharge. The two schemes supply K and c; bordered elimination of the source is common to both.
 */
#ifndef NPDE_OPERATORS_OPERATOR_H
#define NPDE_OPERATORS_OPERATOR_H

#include "core/complex.h"
#include "operators/grid.h"

/* A function of v, evaluated for one population. Returns 0, or a status with the error text set. */
typedef npde_status (*npde__field_fn)(void *self, size_t n, const double *v, double *value);
typedef struct {
    npde__field_fn fn;
    void *self;
} npde__field;

typedef struct npde__operator npde__operator;

typedef struct {
    /* Allocates and fills what depends on the grid, the drift f and the discharge only. */
    npde_status (*init)(npde__operator *op, npde__field drift, npde__field discharge);
    void (*free)(npde__operator *op);
    /* Fills K, c and stiffest for drive and diffusion; npde__operator_load() calls it. */
    void (*load)(npde__operator *op, double drive, double diffusion);
    /* out = K n */
    void (*apply)(const npde__operator *op, const double *n, double *out);
    /* out = (∂K/∂μ) n and (∂K/∂a) n at what was loaded */
    void (*tangent)(const npde__operator *op, const double *n, double *by_drive, double *by_diffusion);
    /* out = (K(drive, diffusion) − the loaded K) n */
    void (*residual)(const npde__operator *op, double drive, double diffusion, const double *n, double *out);
    /* c·n for this drive and diffusion, and its derivatives, without loading */
    double (*flux)(const npde__operator *op, double drive, double diffusion, const double *n, double *by_drive,
                   double *by_diffusion);
    /* Factors W − γK. */
    npde_status (*factor)(npde__operator *op, double gamma);
    /* x ← (W − γK)⁻¹ x */
    void (*solve)(const npde__operator *op, double *x);
    /* The same for a complex γ, factors beside the real ones: of so many numbers. */
    size_t (*complex_size)(const npde__operator *op);
    npde_status (*factor_complex)(npde__operator *op, npde__complex gamma, double *factors);
    void (*solve_complex)(const npde__operator *op, double *factors, double *re, double *im);
} npde__scheme;

struct npde__operator {
    const npde__scheme *scheme;
    npde_context *context;
    const npde_grid *grid;
    size_t reset, end;       /* points of V_RESET and of the first non-unknown */
    int absorbing;           /* sharp threshold; otherwise a discharge */
    int exact;               /* finite volume: exact integral over the cell */
    double drive, diffusion; /* what is loaded */
    double stiffest;         /* the largest |K_ii|/w_i of it */
    double *c;               /* end: the flux functional at what was loaded */
    size_t c_first;          /* its first non-zero entry */
    double gamma, border;    /* of the last factorization; border = 1 − γκ c·y */
    double *response;        /* y = (W − γK)⁻¹ e_R */
    int64_t loads;           /* how often it was loaded: tells whether factors are still of it */
    /* All this for a complex γ, where npde__operator_make_complex() was called. */
    struct {
        npde__complex gamma, border;
        double *response, *response_im, *factors;
    } shifted;
    void *data; /* the scheme's own */
};

extern const npde__scheme npde__finite_volume, npde__spectral;

/* threshold: its point; discharge.fn NULL for a sharp threshold. The grid must outlive the operator. */
npde_status npde__operator_init(npde__operator *op, npde_context *c, const npde_grid *grid, size_t reset,
                                size_t threshold, npde__field drift, npde__field discharge, int exact);
void npde__operator_free(npde__operator *op);
/* Loads K and c. */
void npde__operator_load(npde__operator *op, double drive, double diffusion);
/* c·n at what was loaded. */
double npde__operator_flux(const npde__operator *op, const double *n);
/* Factors for solves with step γ where the fraction κ of N re-enters within the step. */
npde_status npde__operator_factor(npde__operator *op, double gamma, double kappa);
/*
 * n ← the solution of W n = W r + γ(K n + (κN + m)e_R), given r in n; returns N = c·n. Points beyond the unknowns are
 * left alone.
 */
double npde__operator_solve(const npde__operator *op, double kappa, double m, double *n);
/* The same for a right side that is already weighted (W r given in n), with m = 0. */
double npde__operator_solve_weighted(const npde__operator *op, double kappa, double *n);

/* ---- operator_complex.c: with a complex γ, beside a real one ---- */

npde_status npde__operator_make_complex(npde__operator *op);
void npde__operator_free_complex(npde__operator *op);
npde_status npde__operator_factor_complex(npde__operator *op, npde__complex gamma, npde__complex kappa);
npde__complex npde__operator_solve_complex(const npde__operator *op, npde__complex kappa, npde__complex m, double *re,
                                           double *im);

#endif
