/* SPDX-License-Identifier: BSD-3-Clause
 * The semi-discrete populations: for each, the unknowns are the densities n_0 … n_{end−1} at the grid's points, of weight w_i,
 *
 *     W n' = K n + M e_R,    N = c·n,    K and c linear or not in the drive μ and the diffusion a,
 *
 * where K loses exactly N: Σ_i (K n)_i = −N. The source M e_R puts back what re-enters at V_RESET.
 *
 * A step solves (W − γK − γκ e_R c^T) n = r by bordering: one solve for r, one for e_R, and a scalar.
 *
 * An operator is that of one population, or of up to eight that have grid, drift, discharge, reset and threshold in common: they
 * go through all loops side by side, in lanes. Their densities stay apart in the state, each population's at its own place;
 * an array of scalars has one for each lane.
 */
#ifndef NPDE_OPERATORS_OPERATOR_H
#define NPDE_OPERATORS_OPERATOR_H

#include "core/complex.h"
#include "numerics/kernels.h"
#include "operators/grid.h"

enum { NPDE__LANES = NPDE__KERNELS_LANES };

/* A function of v, evaluated for one population. Returns 0, or a status with the error text set. */
typedef npde_status (*npde__field_fn)(void *self, size_t n, const double *v, double *value);
typedef struct {
    npde__field_fn fn;
    void *self;
} npde__field;

typedef struct npde__stencil npde__stencil;
typedef struct npde__operator npde__operator;

/* Vectors of a scheme's functions have `lanes` numbers for each of the `end` unknowns, number i of lane l at i lanes + l. */
typedef struct {
    /* Where the drift f and the discharge φ_F must be known: how many points and, unless v is NULL, which. */
    size_t (*drift_points)(const npde__stencil *s, double *v);
    size_t (*discharge_points)(const npde__stencil *s, double *v);
    /* Allocates and fills what depends on the grid and the values there; discharge is NULL for a sharp threshold. */
    npde_status (*prepare)(npde__stencil *s, const double *drift, const double *discharge);
    void (*discard)(npde__stencil *s);

    npde_status (*init)(npde__operator *op);
    void (*free)(npde__operator *op);
    /* Fills K, c and stiffest for op->drive and op->diffusion. */
    void (*load)(npde__operator *op);
    /* out = K(drive, diffusion) n */
    void (*apply)(const npde__operator *op, const double *drive, const double *diffusion, const double *n, double *out);
    /* out = (∂K/∂μ) n and, unless NULL, (∂K/∂a) n at what was loaded */
    void (*tangent)(const npde__operator *op, const double *n, double *by_drive, double *by_diffusion);
    /* out = (K(drive, diffusion) − the loaded K) n */
    void (*residual)(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                     double *out);
    /* c·n for this drive and diffusion, and its derivatives, without loading; n from op->c_first on */
    void (*flux)(const npde__operator *op, const double *drive, const double *diffusion, const double *n, double *rate,
                 double *by_drive, double *by_diffusion);
    /* Factors W − γK. */
    npde_status (*factor)(npde__operator *op, double gamma);
    /* x ← (W − γK)⁻¹ x */
    void (*solve)(const npde__operator *op, double *x);
    /* The same for a complex γ and one lane, in factors of so many numbers; vectors are those of one population. */
    size_t (*complex_size)(const npde__stencil *s);
    npde_status (*factor_complex)(const npde__operator *op, size_t lane, npde__complex gamma, double *factors);
    void (*solve_complex)(const npde__stencil *s, double *factors, double *re, double *im);
} npde__scheme;

extern const npde__scheme npde__finite_volume, npde__spectral;

/* What operators have in common that differ in drive and diffusion only. */
struct npde__stencil {
    npde__stencil *next;
    size_t number; /* in the list, from its end */
    const npde__scheme *scheme;
    npde_context *context;
    const npde_grid *grid;
    size_t reset, end; /* points of V_RESET and of the first non-unknown */
    int absorbing;     /* sharp threshold; otherwise a discharge */
    int exact;         /* finite volume: exact integral over the cell */
    size_t c_first;    /* the first non-zero entry of c */
    double *drift;     /* f, then φ_F, at the points that the scheme asks for */
    size_t n_values;
    void *data; /* the scheme's own */
};

/*
 * Finds what is asked for in a list, or adds it. threshold: its point; discharge.fn NULL for a sharp threshold. The grid must
 * outlive it.
 */
npde_status npde__stencil_find(npde__stencil **list, npde_context *c, const npde_grid *grid, size_t reset,
                               size_t threshold, npde__field drift, npde__field discharge, int exact,
                               npde__stencil **out);
void npde__stencil_free_all(npde__stencil *list);

struct npde__operator {
    const npde__stencil *stencil;
    const npde__kernels *kernels;
    size_t lanes, count;                               /* 1 or NPDE__LANES; lanes from count on repeat the one before */
    size_t at[NPDE__LANES];                            /* where each lane's densities begin in a state */
    double drive[NPDE__LANES], diffusion[NPDE__LANES]; /* what is loaded */
    double stiffest[NPDE__LANES];                      /* the largest |K_ii|/w_i of it */
    double *c;                                         /* the flux functional at what was loaded, from c_first on */
    double gamma, border[NPDE__LANES];                 /* of the last factorization; border = 1 − γκ c·y */
    double *response;                                  /* y = (W − γK)⁻¹ e_R */
    double *image[2];                                  /* what apply, residual and tangent leave for emit */
    double *vector, *scratch;                          /* work space, that of the caller, as are the images */
    int64_t loads; /* how often it was loaded: tells whether factors are still of it */
    void *data;    /* the scheme's own */
};

/* Numbers of work space that operators on a grid need; they may share it. */
size_t npde__operator_work(const npde_grid *grid);
/* For `count` populations at these places of the state; the stencil must outlive it. Arrays of scalars have as many numbers as
 * lanes, those from count on repeat the last. */
npde_status npde__operator_init(npde__operator *op, const npde__stencil *stencil, size_t count, const size_t *at,
                                double *work);
void npde__operator_free(npde__operator *op);

/* Loads K and c, unless they are loaded. Tells whether anything has changed. */
int npde__operator_load(npde__operator *op, const double *drive, const double *diffusion);
/* c·n at what was loaded. */
void npde__operator_flux(const npde__operator *op, const double *n, double *rate);
/* c·n at another drive and diffusion, and its derivatives. */
void npde__operator_flux_at(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                            double *rate, double *by_drive, double *by_diffusion);
/* Image 0: K n; also c·n. */
void npde__operator_apply(const npde__operator *op, const double *n, double *rate);
/* Image 0: K n at another drive and diffusion. */
void npde__operator_apply_at(const npde__operator *op, const double *drive, const double *diffusion, const double *n);
/* Image 0: (K(drive, diffusion) − K) n; also c·n of the loaded c. */
void npde__operator_residual(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                             double *rate);
/* Image 0: (∂K/∂μ) n; image 1, if asked for: (∂K/∂a) n. */
void npde__operator_tangent(const npde__operator *op, const double *n, int by_diffusion);
/* out = W⁻¹(image + M e_R), 0 beyond the unknowns. */
void npde__operator_emit(const npde__operator *op, size_t image, const double *m, double *out);
/* Factors for solves with step γ where the fraction κ of N re-enters within the step. */
npde_status npde__operator_factor(npde__operator *op, double gamma, const double *kappa);
/*
 * n ← the solution of W n = W r + γ(K n + (κN + M) e_R), given r in n; rate = c·n. Points beyond the unknowns are left alone.
 */
void npde__operator_solve(const npde__operator *op, const double *kappa, const double *m, double *n, double *rate);

/* ---- operator_complex.c: one population with a complex γ, beside the real one ---- */

typedef struct {
    const npde__operator *op;
    size_t lane;
    npde__complex gamma, border;
    double *response, *response_im, *factors;
} npde__shifted;

npde_status npde__operator_make_complex(npde__shifted *z, const npde__operator *op, size_t lane);
void npde__operator_free_complex(npde__shifted *z);
npde_status npde__operator_factor_complex(npde__shifted *z, npde__complex gamma, npde__complex kappa);
/* re, im begin at the population's own densities. */
npde__complex npde__operator_solve_complex(const npde__shifted *z, npde__complex kappa, npde__complex m, double *re,
                                           double *im);

#endif
