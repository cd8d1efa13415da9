/* SPDX-License-Identifier: BSD-3-Clause
 * The semi-discrete LIF system, shared by lif.c (state), lif_coupling.c (rates, coefficients, delays) and lif_cascade.c
 * (blow-up). */
#ifndef NPDE_MODELS_LIF_H
#define NPDE_MODELS_LIF_H

#include "models/model.h"
#include "numerics/history.h"

typedef struct {
    size_t group, lane; /* where it is solved */
    size_t threshold;   /* its point */
    double distance;    /* V_THRESHOLD − V_RESET */
    double leak;        /* f(V_THRESHOLD), the smallest drift of the leaky neuron */
    int leaky;          /* no drift of the user's */
    npde_id refractory;
    double tau;
    double drive0, diffusion0; /* constant parts */
    double drive, diffusion;   /* frozen coefficients */
    double release;            /* frozen N(t − τ) + C(t − τ)/τ of a fixed refractory time */
    double kappa;              /* fraction of N that re-enters within the step factored for */
    double tail[2];            /* mass next to the left and to the right end, averaged over the recent past */
    double tail_width[2];      /* how far that reaches */
    size_t tail_points[2];     /* and how many points it holds; 0 for an end that the equation has */
    double flux_by_drive, flux_by_diffusion; /* ∂N/∂μ, ∂N/∂a at fixed state */
} lif_population;

/* Populations that are solved side by side: one, or up to a lane each of those that have all but drive and noise in common. */
typedef struct {
    npde__operator op;
    size_t count, pop[NPDE__LANES]; /* lanes from count on repeat the last */
    double factored_gamma;          /* what the operator is factored for; NaN for nothing */
} lif_group;

/* ∂μ_p/∂N_q and ∂a_p/∂N_q at p + q ld, or the diagonal alone. Without a callback they are those of the linear law. */
typedef struct {
    double *drive, *diffusion;
    int any, noise; /* some derivative, some derivative of a diffusion is not zero */
} lif_jacobian;

/* A population with a complex γ. */
typedef struct {
    npde__shifted op;
    npde__complex gamma, kappa, to_drive, to_diffusion;
    int64_t loads;                               /* of the operator that is factored */
    double *drive_response, *diffusion_response; /* stride real parts, then stride imaginary ones */
} lif_shifted;

typedef struct {
    npde__system base;
    npde_grid *grid;
    npde__stencil *stencils;
    lif_population *pop;
    lif_group *group;
    size_t n_groups;
    int linked;                       /* some weight or noise weight is not zero */
    int apart;                        /* no population acts on another, not even later */
    int diagonal;                     /* no population acts at once on another: Newton is scalar for each */
    int delayed;                      /* some population acts later */
    int moves;                        /* coefficients depend on time itself: a callback, a delay */
    int noisy;                        /* the diffusion may vary */
    double *weights, *noise, *delays; /* n_rates × n_rates; NULL unless delayed */
    size_t ld;                        /* of Jacobians */
    lif_jacobian linear;              /* what acts at once; NULL when not linked */
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
    double *cascade; /* n_rates: work space of a cascade */
    double *sums;    /* the same, a row of stride for each population, and one more; NULL when not coupled */
    /* States: ∂F/∂μ, ∂F/∂a at fixed state, each population's by its own, and what they become by (I − γL)⁻¹γ. */
    double *by_drive, *by_diffusion, *drive_response, *diffusion_response;
    double *work; /* of the operators */
    /* lif_complex.c; NULL unless a method asks for it */
    lif_shifted *shifted;
    double *shifted_columns, *shifted_rates, *shifted_act;
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

/* ---- lif.c: the seam's functions that know the equation ---- */

npde_status npde__lif_rates(npde__system *s, double t, int side, const double *y, double *rates);
npde_status npde__lif_freeze(npde__system *s, double t, int side, const double *rates);
void npde__lif_raise(npde__system *s, double factor);
void npde__lif_drift(const npde__system *s, double *low, double *high, double *advection);
npde_status npde__lif_factor(npde__system *s, double gamma);
void npde__lif_solve(npde__system *s, int forced, double *x, double *rates);
void npde__lif_apply(npde__system *s, int forced, const double *y, double *out);
npde_status npde__lif_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out);
npde_status npde__lif_evaluate(npde__system *s, double t, int side, const double *y, double *rates, double *out);
npde_status npde__lif_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                              double *residual, int *linear);
npde_status npde__lif_linearize(npde__system *s, double t, double h, const double *y, const double *rates,
                                double *slope);
npde_status npde__lif_factor_jacobian(npde__system *s, double gamma);
npde_status npde__lif_solve_jacobian(npde__system *s, double *x);
/* Loads the frozen coefficients of all populations, as after a snapshot. */
void npde__lif_load(lif_system *l);

/* ---- lif_state.c: mass, tails, sizes ---- */

/* How far the tails of a population reach. */
void npde__lif_find_tails(lif_system *l, size_t p);
double npde__lif_mass_defect(const npde__system *s, const double *y);
double npde__lif_min_density(const npde__system *s, const double *y);
/* Puts rounding of at most `limit` back into the mass of a population, which begins at n. */
void npde__lif_restore_mass(npde__system *s, double *n, double limit);
void npde__lif_accept(npde__system *s, double t, double *y, const double *rates);
void npde__lif_measure(const npde__system *s, const double *e, double *mass, double *rates);

/* Of an array over the populations, the numbers of a group's lanes. */
static inline void npde__lif_take(const lif_group *g, const double *of, double *lane)
{
    for (size_t k = 0; k < g->op.lanes; k++) lane[k] = of[g->pop[k]];
}

static inline const npde__operator *npde__lif_operator(const lif_system *l, size_t p)
{
    return &l->group[l->pop[p].group].op;
}

/* ---- lif_coupling.c ---- */

/* Copies the coupling and finds out how much of it there is; then the memory of delays (refractory kinds must be known). */
npde_status npde__lif_make_coupling(lif_system *l, const npde_model *m);
npde_status npde__lif_make_history(lif_system *l, size_t order, double dt, double per_delay);
void npde__lif_free_coupling(lif_system *l);

/* Drive and diffusion of every population at these rates, into l->drive and l->diffusion. */
npde_status npde__lif_law(lif_system *l, double t, int side, const double *rates);
/* The Jacobian of the law by the present rates; jacobian->any tells whether there is one. Leaves the law's values alone. */
npde_status npde__lif_law_jacobian(lif_system *l, double t, int side, const double *rates, lif_jacobian *jacobian);
/* Σ_q ∂μ_p/∂N_q x_q and, where that is not zero, Σ_q ∂a_p/∂N_q x_q of every population. */
void npde__lif_act(const lif_system *l, const lif_jacobian *jacobian, const double *x, double *drive,
                   double *diffusion);
/*
 * Slopes in time of drive, diffusion and release of every population at fixed rates, from the right, looking ahead by a
 * fraction of h at most; into probe_drive, probe_diffusion, release.
 */
npde_status npde__lif_law_slope(lif_system *l, double t, double h, const double *rates, double *release);
/* residual ← (I − D)⁻¹ residual with D_pq = to_drive_p ∂μ_p/∂N_q + to_diffusion_p ∂a_p/∂N_q, in two steps. */
npde_status npde__lif_factor_rates(lif_system *l, const lif_jacobian *jacobian, double *matrix, int *pivots);
npde_status npde__lif_solve_rates(lif_system *l, const double *matrix, const int *pivots, double *residual);
/* N(t − τ) + C(t − τ)/τ of a fixed refractory time. */
double npde__lif_release(const lif_system *l, size_t p, double t, int side);

/* Times, rates before the start and counters of the system s whose coupling l is: what a snapshot begins with. */
void npde__lif_snapshot_coupling(npde__system *s, lif_system *l, npde__bytes *bytes);

/* The seam's memory of delays. */
void npde__lif_begin(npde__system *s, double t, const double *rates);
void npde__lif_remember(lif_system *l, double t, const double *y, const double *rates);
void npde__lif_jump(npde__system *s, double *y, const double *rates);
double npde__lif_next_break(const npde__system *s, double t);

/* ---- lif_cascade.c: blow-up, as the seam describes it ---- */

void npde__lif_layer(npde__system *s, double t, const double *rates, size_t k, double *width, double *thinnest,
                     double *time);
npde__cascade npde__lif_cascade(npde__system *s, double t, const double *y, const double *rates, double *fired);
npde_status npde__lif_fire(npde__system *s, double t, double *y, const double *rates, const double *fired);
double npde__lif_certificate(const npde__system *s, double t, const double *y, double *time);

/* ---- lif_complex.c: the seam's solves with a complex γ ---- */

npde_status npde__lif_make_complex(npde__system *s);
void npde__lif_free_complex(lif_system *l);
npde_status npde__lif_factor_complex(npde__system *s, npde__complex gamma);
npde_status npde__lif_solve_complex(npde__system *s, double *re, double *im);
/* The exact Jacobian's part of a snapshot: a method that asks for complex solves keeps it for many steps. */
void npde__lif_snapshot_complex(npde__system *s, npde__bytes *bytes);

#endif
