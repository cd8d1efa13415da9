/* SPDX-License-Identifier: BSD-3-Clause
 * The seam between models and steppers: a semi-discrete problem
 *
 *     y' = F(t, y) = L(N) y + g(t, N),   N = the rates of y,
 *
 * that is linear once the few rates N are known. A stepper freezes the coefficients at rates of its choice, factors
 * I − γL, solves; all nonlinearity goes through vectors of length n_rates.
 */
#ifndef NPDE_SYSTEM_SYSTEM_H
#define NPDE_SYSTEM_SYSTEM_H

#include "core/bytes.h"
#include "core/complex.h"
#include "core/context.h"

typedef struct npde__system npde__system;

typedef enum {
    NPDE__CASCADE_NONE,   /* it dies out at once */
    NPDE__CASCADE_ENDS,   /* it ends when the fractions have fired */
    NPDE__CASCADE_ETERNAL /* those who fired come round to fire again, for ever */
} npde__cascade;

/* side: the limit a time-dependent coefficient is taken from at t: > 0 at the beginning of a step, < 0 at its end. */
typedef struct {
    void (*free)(npde__system *s);
    /* Consistent rates of y at t; rates holds a guess. NPDE__RETRY when there are none nearby. */
    npde_status (*rates)(npde__system *s, double t, int side, const double *y, double *rates);
    /* Freezes the coefficients (user callbacks are called here). */
    npde_status (*freeze)(npde__system *s, double t, int side, const double *rates);
    /* Factors I − γL. */
    npde_status (*factor)(npde__system *s, double gamma);
    /* x ← (I − γL)⁻¹ (x + γg), or without g when forced is 0; rates receives those of x at the frozen coefficients. */
    void (*solve)(npde__system *s, int forced, double *x, double *rates);
    /* out = L y + g, or without g when forced is 0 */
    void (*apply)(npde__system *s, int forced, const double *y, double *out);
    /*
     * For y = (I − γL(N))⁻¹(r + γg) with residual (rates of y) − N: residual ← the Newton correction of N, from the exact
     * low-rank Jacobian. *linear tells that y does not depend on N at all.
     */
    npde_status (*correct)(npde__system *s, double t, int side, const double *rates, const double *y, double *residual,
                           int *linear);
    /*
     * out = F(t, y) − L y, all but the frozen linear part; rates holds a guess and receives the consistent rates of y at t. The
     * frozen coefficients and their factors stay as they are. NPDE__RETRY when there are no rates nearby.
     */
    npde_status (*remainder)(npde__system *s, double t, int side, const double *y, double *rates, double *out);
    /* out = F(t, y), otherwise as remainder. */
    npde_status (*evaluate)(npde__system *s, double t, int side, const double *y, double *rates, double *out);
    /* Multiplies the frozen diffusion, where it may vary at all, by a factor. */
    void (*raise)(npde__system *s, double factor);
    /*
     * How far the coefficients last found by rates() or remainder() are from the frozen ones: the least and the largest of
     * (a − a_r)/a_r, and the largest of (μ − μ_r)²/a_r.
     */
    void (*drift)(const npde__system *s, double *low, double *high, double *advection);
    /*
     * Freezes the coefficients at the consistent rates of y at t, keeps the exact low-rank Jacobian J = ∂F/∂y there, and writes
     * ∂F/∂t for a step of size h, unless slope is NULL.
     */
    npde_status (*linearize)(npde__system *s, double t, double h, const double *y, const double *rates, double *slope);
    /* Factors I − γJ of the last linearize. */
    npde_status (*factor_jacobian)(npde__system *s, double gamma);
    /* x ← (I − γJ)⁻¹ x */
    npde_status (*solve_jacobian)(npde__system *s, double *x);
    /* Allocates what a complex γ needs, once and before a run. Its factors lie beside those of a real γ. */
    npde_status (*make_complex)(npde__system *s);
    npde_status (*factor_jacobian_complex)(npde__system *s, npde__complex gamma);
    npde_status (*solve_jacobian_complex)(npde__system *s, double *re, double *im);
    /* Begins a run at y: the memory of delays forgets what was before. */
    void (*begin)(npde__system *s, double t, const double *rates);
    /* A step was accepted: puts the mass's rounding error right in y and remembers the rates. */
    void (*accept)(npde__system *s, double t, double *y, const double *rates);
    /* At an accepted state where coefficients jump: rates are the limits from the right. What the state owes is paid. */
    void (*jump)(npde__system *s, double *y, const double *rates);
    /* First time after t at which a coefficient may jump: an announced one, or one that a delay carries; infinite if none. */
    double (*next_break)(const npde__system *s, double t);
    /* Size of a change e of the state: mass-weighted L1 norm, and the rates it carries at the frozen coefficients. */
    void (*measure)(const npde__system *s, const double *e, double *mass, double *rates);
    double (*mass_defect)(const npde__system *s, const double *y);
    double (*min_density)(const npde__system *s, const double *y);
    /* The next four may be NULL in a system whose rates cannot become infinite. */
    /*
     * The layer that the density of rate k's population has at its threshold at these rates: its width, and the thinnest that the
     * grid resolves, both in units of V_THRESHOLD − V_RESET, and its diffusion time; all infinite without such a layer.
     */
    void (*layer)(npde__system *s, double t, const double *rates, size_t k, double *width, double *thinnest,
                  double *time);
    /*
     * The minimal cascade: the fraction of each population that fires at once when the layers at the thresholds are taken away.
     * rates NULL: there are none.
     */
    npde__cascade (*cascade)(npde__system *s, double t, const double *y, const double *rates, double *fired);
    /*
     * Fires these fractions in y, which a cascade at these rates gave: the physical jump. NPDE_ERR_UNSUPPORTED, with a text, where
     * it is not known what that is. With y NULL only that is found out, for any grid.
     */
    npde_status (*fire)(npde__system *s, double t, double *y, const double *rates, const double *fired);
    /* The moment certificate of y at t: a value >= 1 proves that the rate becomes infinite before *time. */
    double (*certificate)(const npde__system *s, double t, const double *y, double *time);
    /* The next three may be NULL. */
    /* How far the potential of neuron p is above the level of a spike. */
    double (*above)(const npde__system *s, size_t p, const double *y);
    /* Density of population p at n places, where there is no grid. */
    void (*density)(const npde__system *s, size_t p, const double *y, size_t n, const double *x, double *out);
    /* Statistics that only this system has. */
    double (*stat)(const npde__system *s, npde_id stat, const double *y);
    /* Walks the system's memory through a snapshot. */
    void (*snapshot)(npde__system *s, npde__bytes *bytes);
    /*
     * y ← the state a time h after `from`, another one, by Strang's splitting R(h/2) T(h) R(h/2) at the frozen coefficients. NULL
     * unless F is the sum of a transport T and a stiff relaxation R; L is then the relaxation alone, and the transport belongs to g
     * and to the remainder. A state may owe its last R; what is shown of it has had it.
     */
    npde_status (*split_step)(npde__system *s, double h, const double *from, double *y);
    /* Is all of y finite? NULL: it is looked through. */
    int (*finite)(const npde__system *s, const double *y);
    /* The density of population p, whose state begins at y, as it is to be seen; until y changes. NULL: y itself. */
    const double *(*shown)(npde__system *s, size_t p, const double *y);
} npde__system_ops;

struct npde__system {
    const npde__system_ops *ops;
    npde_context *context;
    size_t n;       /* length of the state */
    size_t n_rates; /* number of rates */
    size_t outputs; /* how many of them, the first, the user sees; 0 for all */
    size_t
        points; /* grid points of one population; its density begins at y[p stride], its refractory mass follows it */
    size_t stride;       /* L is block diagonal with blocks of this length, one a rate */
    size_t unknowns;     /* the largest number of unknown densities of a population */
    int ordinary;        /* a few ordinary equations and no density */
    int coupled;         /* coefficients depend on the present rates */
    int constant;        /* F(t, y) = L y with a constant L */
    int smooth;          /* the grid cannot hold discontinuities */
    int32_t answer;      /* what the user's callback last returned */
    double max_step;     /* the shortest delay; infinite if none */
    const double *jumps; /* ascending: times at which the user says that coefficients jump; the solver's */
    size_t n_jumps;
    /* Where L is a part of F: why the rest may not be explicit, and 1/h up to which Euler's method is stable for it. */
    const char *explicit_refused;
    double explicit_rate;
    uint64_t signature; /* hash of all that defines the problem */
    double tail_mass, mass_rounding;
    int64_t factorizations, callbacks;
};

/*
 * Solves the implicit stage y = r + γ F(t, y): on return y and its rates. rates holds a guess, residual is work space of
 * n_rates. iterate = 0 takes the guess for the rates that freeze the coefficients (the returned rates are then those of y
 * at these coefficients). Newton runs on the rates; each pass is one linear solve, so what L conserves and keeps positive,
 * y does, converged or not.
 */
npde_status npde__system_stage(npde__system *s, double t, double gamma, const double *r, int iterate, double *y,
                               double *rates, double *residual, int64_t *iterations);
/* Index of the first announced jump after t. */
size_t npde__system_jump_after(const npde__system *s, double t);
/* The announced jump that t is, but for rounding; NULL if it is none. */
const double *npde__system_jump_at(const npde__system *s, double t);
/* The time at which to ask a coefficient for its limit at t from this side: beside t if it jumps there, otherwise t. */
double npde__system_beside(const npde__system *s, double t, int side);
/* Number of the rates that the user sees. */
static inline size_t npde__system_outputs(const npde__system *s)
{
    return s->outputs ? s->outputs : s->n_rates;
}
/* All finite? */
int npde__system_finite(const double *x, size_t n);

#endif
