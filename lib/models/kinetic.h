/* SPDX-License-Identifier: BSD-3-Clause
 * The voltage–conductance equation and its limits: one semi-discrete system with the parts that each of the kinds has.
 *
 *                          rows (transport in v)                 columns (relaxation in g)
 *     voltage_conductance  one for each g_j, firing at V_F       one for each cell in v
 *     reduced_kinetic      one for each g_j, discharge φ_F       one for each cell in v
 *     macroscopic          a single one, at the mean ḡ(N)        none
 *     fast_voltage         none                                  a single one
 */
#ifndef NPDE_MODELS_KINETIC_H
#define NPDE_MODELS_KINETIC_H

#include "models/lif.h"
#include "operators/characteristics.h"
#include "operators/relaxation.h"

#include <math.h>

typedef struct npde__kinetic_faces npde__kinetic_faces;

typedef struct {
    double g_leak, v_leak, v_excitatory, v_reset, v_threshold;
    npde__characteristics row;
    npde__relaxation column;
    double mean;                              /* macroscopic: ḡ, frozen */
    double *g_mean;                           /* frozen G, one or one for each cell in v */
    double *moving, *growth;                  /* rows: the conductance that moves them, e^{Bh} − 1 */
    double *row_mass;                         /* of the rows of the state that the last step has made */
    const double *weighed;                    /* that state, as long as it is what it was; or NULL */
    double *weight;                           /* what a row's end, or q_j, counts for the rate */
    double *phi, *survival;                   /* cells in v: mean discharge, e^{−φh/2}; NULL without discharge */
    double growth_h, growth_mean, survival_h; /* what they are for */
    double *shown;                            /* kinetic_relax.c: a density that owes nothing, and what settles it */
    npde__relaxation settling;
    npde__kinetic_faces *faces; /* kinetic_explicit.c; NULL when that is refused */
    double *other_k;            /* spectral: room for the matrix of another relaxation */
    /* kinetic_refractory.c */
    npde_id refractory;
    double tau, dt;           /* 0 without refractory state; longest step */
    npde__relaxation waiting; /* those in the refractory state, a column or a block of them */
    size_t room;              /* columns in all */
    double *leaving, *tilt;   /* n_g: what leaves the refractory state in a step, the slope of its rate */
    double gone;              /* exponential: the share of who waits that is back at the end of a step */
    double hold;              /* exponential: the share of what fires in a step that waits at its end */
} kinetic_population;

/* The rates and what they do to the conductance are coupled as in a LIF network: its drive is G, its diffusion a. */
typedef struct {
    lif_system coupling; /* its base is the system */
    npde_id kind;
    const npde_grid *v, *g; /* the axes; NULL where there is none */
    size_t n_v, n_g;        /* 1 where there is none */
    kinetic_population *pop;
    npde__callback *conductance;
    double *weights, *noise; /* n_rates × n_rates: of the built-in law, for the start */
    double *scratch;         /* a state, for implicit–explicit methods */
} kinetic_system;

/* Drift (g_L(V_L − v) + g(V_E − v)) = A − B v. */
static inline double npde__kinetic_a(const kinetic_population *pop, double g)
{
    return pop->g_leak * pop->v_leak + g * pop->v_excitatory;
}

static inline double npde__kinetic_b(const kinetic_population *pop, double g)
{
    return pop->g_leak + g;
}

/* ---- kinetic.c ---- */

/* ∫ φ_F n over the rows of population p, or what the rows' ends let out; g: the mean conductance of a macroscopic row. */
double npde__kinetic_rate(const kinetic_system *k, size_t p, const double *y, double g);
npde_status npde__kinetic_rates(npde__system *s, double t, int side, const double *y, double *rates);

/* ---- kinetic_law.c: closed forms ---- */

/* Mean of a Gaussian of mean G and variance a ≥ 0 cut at g = 0. */
double npde__kinetic_mean(double mean, double variance);
/* Time from V_R to V_F at fixed g; infinite up to g_F. */
double npde__kinetic_crossing(const kinetic_population *pop, double g);
/* g_F, beyond which the drift leads out at V_F. */
double npde__kinetic_threshold(const kinetic_population *pop);
/* The parameters of a population. */
kinetic_population npde__kinetic_read(const npde_model *m, size_t p);

/* ---- kinetic_refractory.c: those who have fired and wait at V_R; n is the state of the population ---- */

/* After the densities: mass in the refractory state, mean rate and duration of the last step and of the one before (0 at the
 * start), then who waits. */
enum {
    NPDE__KINETIC_RESERVOIR,
    NPDE__KINETIC_MEAN,
    NPDE__KINETIC_DURATION,
    NPDE__KINETIC_MEAN_BEFORE,
    NPDE__KINETIC_DURATION_BEFORE,
    NPDE__KINETIC_OWED, /* kinetic_relax.c: time of relaxation that was put off, G and a then */
    NPDE__KINETIC_OWED_MEAN,
    NPDE__KINETIC_OWED_DIFFUSION,
    NPDE__KINETIC_WAITING
};

/* A sum and what rounding took from it (Neumaier). */
typedef struct {
    double sum, lost;
} kinetic_sum;

static inline void npde__kinetic_add(kinetic_sum *s, double x)
{
    const double next = s->sum + x;
    s->lost += fabs(s->sum) >= fabs(x) ? (s->sum - next) + x : (x - next) + s->sum;
    s->sum = next;
}

/* Does the state hold who waits, apart from the densities? */
int npde__kinetic_waits(const kinetic_system *k, const kinetic_population *pop);
/* dt: of the steps. */
npde_status npde__kinetic_waiting_init(kinetic_system *k, const npde_model *m, size_t p, double dt);
void npde__kinetic_waiting_free(kinetic_population *pop, npde_context *c);
/* Numbers in the state of a population. */
size_t npde__kinetic_waiting_size(const kinetic_system *k, const kinetic_population *pop);
/* Those who fired at a constant rate before the start, of this mass, their conductances distributed as q. */
void npde__kinetic_waiting_start(const kinetic_system *k, const kinetic_population *pop, double mass, const double *q,
                                 double *n);
/* Transport for a step h: before the rows, what a row gets back (mass), and what it fired after that. */
void npde__kinetic_waiting_begin(const kinetic_system *k, kinetic_population *pop, double h, double *n);
npde__reentry npde__kinetic_waiting_leave(const kinetic_system *k, const kinetic_population *pop, size_t j, double h,
                                          const double *n);
void npde__kinetic_waiting_enter(const kinetic_system *k, const kinetic_population *pop, size_t j,
                                 const npde__reentry *left, double fired, double *n);
/* Relaxation in g for a time h. */
npde_status npde__kinetic_waiting_relax(const kinetic_system *k, kinetic_population *pop, double h, double *n);
/* Σ |·| or the sum of the masses, and the least density. */
double npde__kinetic_waiting_mass(const kinetic_system *k, const kinetic_population *pop, int absolute,
                                  const double *n);
/* Mass in the refractory state, to be told. */
double npde__kinetic_reservoir(const kinetic_system *k, const kinetic_population *pop, const double *n);
double npde__kinetic_waiting_least(const kinetic_system *k, const kinetic_population *pop, const double *n);
void npde__kinetic_waiting_scale(const kinetic_system *k, const kinetic_population *pop, double factor, double *n);

/* ---- kinetic_split.c: Strang's splitting ---- */

npde_status npde__kinetic_split_step(npde__system *s, double h, const double *from, double *y);
/* ∫ over v of a row. */
double npde__kinetic_weigh(const kinetic_system *k, const double *row);

/* ---- kinetic_relax.c: relaxation along g of population p, whose state is y ---- */

/* y ← the state a time h after `from`, which may be y, at the frozen coefficients; rows: but for the last sweep of the densities
 * (npde__relaxation_flow_rows). The same, with the next one. */
npde_status npde__kinetic_relax(kinetic_system *k, size_t p, double h, int rows, const double *from, double *y);
npde_status npde__kinetic_relax_later(kinetic_system *k, size_t p, double h, double *y);
npde_status npde__kinetic_shown_init(kinetic_system *k, size_t p);
void npde__kinetic_shown_free(kinetic_population *pop, npde_context *c);
const double *npde__kinetic_shown(npde__system *s, size_t p, const double *y);
/* y owes nothing any more. */
void npde__kinetic_settle(npde__system *s, size_t p, double *y);

/* ---- kinetic_explicit.c: the transport as an explicit part ---- */

/* Why it is not offered, in words; NULL if it is. order: of the method. */
const char *npde__kinetic_refuses_explicit(const kinetic_system *k, size_t order);
/* 1/h up to which Euler's method is stable, by the Courant number, discharge and refractory state included. */
double npde__kinetic_explicit_rate(const kinetic_system *k);
/* On failure free what there is of it. */
npde_status npde__kinetic_faces_new(npde_context *c, const npde_grid *v, size_t reset, npde__kinetic_faces **out);
void npde__kinetic_faces_free(npde__kinetic_faces *f, npde_context *c);
/* The seam: L is the relaxation, g the transport. */
npde_status npde__kinetic_factor(npde__system *s, double gamma);
void npde__kinetic_solve(npde__system *s, int forced, double *x, double *rates);
void npde__kinetic_apply(npde__system *s, int forced, const double *y, double *out);
npde_status npde__kinetic_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                                  double *residual, int *linear);
npde_status npde__kinetic_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out);
void npde__kinetic_drift(const npde__system *s, double *low, double *high, double *advection);

/* ---- kinetic_data.c: grids and initial data ---- */

npde_status npde__kinetic_check_grid(const npde_model *m, const npde_grid *grid, size_t pop);
npde_status npde__kinetic_fit_grid(const npde_model *m, npde_id scheme, size_t cells, const npde__initial *initial,
                                   double layer, npde_grid **out);
npde_status npde__kinetic_start(npde__system *s, const npde__initial *initial, double *y, double *resolution);
/* Weights ω_j with Σ ω_j q_j = ∫ q/(T + τ) dg, T the time from V_R to V_F. */
void npde__kinetic_crossing_weights(const npde_grid *g, const kinetic_population *pop, double *weight);

#endif
