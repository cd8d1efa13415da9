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

typedef struct {
    double g_leak, v_leak, v_excitatory, v_reset, v_threshold;
    npde__characteristics row;
    npde__relaxation column;
    double mean;                              /* macroscopic: ḡ, frozen */
    double *g_mean;                           /* frozen G, one or one for each cell in v */
    double *moving, *growth;                  /* rows: the conductance that moves them, e^{Bh} − 1 */
    double *weight;                           /* what a row's end, or q_j, counts for the rate */
    double *phi, *survival;                   /* cells in v: mean discharge, e^{−φh/2}; NULL without discharge */
    double growth_h, growth_mean, survival_h; /* what they are for */
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

/* ---- kinetic_law.c: closed forms ---- */

/* Mean of a Gaussian of mean G and variance a ≥ 0 cut at g = 0. */
double npde__kinetic_mean(double mean, double variance);
/* Time from V_R to V_F at fixed g; infinite up to g_F. */
double npde__kinetic_crossing(const kinetic_population *pop, double g);
/* g_F, beyond which the drift leads out at V_F. */
double npde__kinetic_threshold(const kinetic_population *pop);
/* The parameters of a population. */
kinetic_population npde__kinetic_read(const npde_model *m, size_t p);

/* ---- kinetic_data.c: grids and initial data ---- */

npde_status npde__kinetic_check_grid(const npde_model *m, const npde_grid *grid, size_t pop);
npde_status npde__kinetic_fit_grid(const npde_model *m, npde_id scheme, size_t cells, const npde__initial *initial,
                                   double layer, npde_grid **out);
npde_status npde__kinetic_start(npde__system *s, const npde__initial *initial, double *y, double *resolution);
/* Weights ω_j with Σ ω_j q_j = ∫ q/T dg, T the time from V_R to V_F. */
void npde__kinetic_crossing_weights(const npde_grid *g, const kinetic_population *pop, double *weight);

#endif
