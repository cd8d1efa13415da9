/* SPDX-License-Identifier: BSD-3-Clause
 * The semi-discrete LIF system, shared by lif.c (state) and lif_coupling.c (rates, coefficients, delays). */
#ifndef NPDE_MODELS_LIF_H
#define NPDE_MODELS_LIF_H

#include "models/model.h"
#include "numerics/history.h"

typedef struct {
    npde__operator op;
    size_t threshold; /* its point */
    npde_id refractory;
    double tau;
    double drive0, diffusion0; /* constant parts */
    double drive, diffusion;   /* frozen coefficients */
    double release;            /* frozen N(t − τ) + C(t − τ)/τ of a fixed refractory time */
    double kappa;              /* fraction of N that re-enters within the step factored for */
    double factored_gamma;     /* what the operator is factored for; NaN for nothing */
    double tail[2];            /* mass next to the left and to the right end, averaged over the recent past */
    /* ∂F/∂μ, ∂F/∂a at fixed state (stride each), what they become by (I − γL)⁻¹γ, and ∂N/∂μ, ∂N/∂a before and after. */
    double *by_drive, *by_diffusion, *drive_response, *diffusion_response;
    double flux_by_drive, flux_by_diffusion;
} lif_population;

/* ∂μ_p/∂N_q and ∂a_p/∂N_q, n_rates × n_rates: NULL without a callback, when they are the undelayed weights. */
typedef struct {
    double *drive, *diffusion;
} lif_jacobian;

/* A population with a complex γ: what the real one has in lif_population. */
typedef struct {
    npde__complex gamma, kappa, to_drive, to_diffusion;
    int64_t loads;                               /* of the operator that is factored */
    double *drive_response, *diffusion_response; /* stride real parts, then stride imaginary ones */
} lif_shifted;

typedef struct {
    npde__system base;
    npde_grid *grid;
    lif_population *pop;
    int linked;                       /* some weight or noise weight is not zero */
    int diagonal;                     /* no population acts at once on another: Newton is scalar for each */
    int moves;                        /* coefficients depend on time itself: a callback, a delay */
    int noisy;                        /* the diffusion may vary */
    double *weights, *noise, *delays; /* n_rates × n_rates; NULL when not linked */
    npde__callback *coupling;
    int iterate_callback;  /* a network's callback may depend on the rates */
    npde__history history; /* of the rates, then (with a fixed refractory time) of all that fired */
    int fired;             /* some population has a fixed refractory time */
    double *memory;        /* one row of the history; NULL without delays */
    double *breaks;        /* ascending: coefficients may jump at began + breaks[i] */
    size_t n_breaks;
    double began, accepted; /* times of the start and of the last accepted step */
    double *past;           /* rates before the start */
    double *drive, *diffusion, *probe_rates, *probe_drive, *probe_diffusion, *residual; /* n_rates each */
    double *to_drive, *to_diffusion; /* n_rates: sensitivities of the rates to drive and diffusion */
    lif_jacobian present, kept;      /* of Newton's method, and of the last linearize */
    double *matrix, *kept_matrix; /* n_rates × n_rates: I − sensitivities × Jacobian, factored; NULL when diagonal */
    int *pivots, *kept_pivots;
    double *columns; /* what the populations' four vectors point to */
    /* lif_complex.c; NULL unless a method asks for it */
    lif_shifted *shifted;
    double *shifted_columns, *shifted_rates;
    npde__complex *shifted_matrix;
    int *shifted_pivots;
} lif_system;

static inline lif_system *npde__lif_self(npde__system *s)
{
    return (lif_system *)s;
}

static inline const lif_system *npde__lif_const(const npde__system *s)
{
    return (const lif_system *)s;
}

/* ---- lif_coupling.c ---- */

/* Copies the coupling and finds out how much of it there is; then the memory of delays (refractory kinds must be known). */
npde_status npde__lif_make_coupling(lif_system *l, const npde_model *m);
npde_status npde__lif_make_history(lif_system *l, size_t order, double dt, double per_delay);
void npde__lif_free_coupling(lif_system *l);

/* Drive and diffusion of every population at these rates, into l->drive and l->diffusion. */
npde_status npde__lif_law(lif_system *l, double t, int side, const double *rates);
/* The Jacobian of the law by the present rates; *any tells whether there is one. Leaves the law's values alone. */
npde_status npde__lif_law_jacobian(lif_system *l, double t, int side, const double *rates, lif_jacobian *jacobian,
                                   int *any);
/* Σ_q ∂μ_p/∂N_q x_q and Σ_q ∂a_p/∂N_q x_q. */
void npde__lif_act(const lif_system *l, const lif_jacobian *jacobian, size_t p, const double *x, double *drive,
                   double *diffusion);
/*
 * Slopes in time of drive, diffusion and release of every population at fixed rates, from the right, looking ahead by a
 * fraction of h at most; into probe_drive, probe_diffusion, release.
 */
npde_status npde__lif_law_slope(lif_system *l, double t, double h, const double *rates, double *release);
/* residual ← (I − D)⁻¹ residual with D_pq = to_drive_p ∂μ_p/∂N_q + to_diffusion_p ∂a_p/∂N_q, in two steps. */
npde_status npde__lif_factor_rates(lif_system *l, const lif_jacobian *jacobian, double *matrix, int *pivots);
npde_status npde__lif_solve_rates(lif_system *l, const double *matrix, const int *pivots, double *residual);
/* An entry of D. */
double npde__lif_gain(const lif_system *l, const lif_jacobian *jacobian, size_t p, size_t q);
/* N(t − τ) + C(t − τ)/τ of a fixed refractory time. */
double npde__lif_release(const lif_system *l, size_t p, double t, int side);

/* The seam's memory of delays. */
void npde__lif_begin(npde__system *s, double t, const double *rates);
void npde__lif_remember(lif_system *l, double t, const double *y, const double *rates);
void npde__lif_jump(npde__system *s, const double *y, const double *rates);
double npde__lif_next_break(const npde__system *s, double t);

/* ---- lif_complex.c: the seam's solves with a complex γ ---- */

npde_status npde__lif_make_complex(npde__system *s);
void npde__lif_free_complex(lif_system *l);
npde_status npde__lif_factor_complex(npde__system *s, npde__complex gamma);
npde_status npde__lif_solve_complex(npde__system *s, double *re, double *im);
/* The exact Jacobian's part of a snapshot: a method that asks for complex solves keeps it for many steps. */
void npde__lif_snapshot_complex(npde__system *s, npde__bytes *bytes);

#endif
