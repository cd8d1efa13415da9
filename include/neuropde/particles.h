/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file particles.h
 * Particles: the stochastic network of n neurons whose limit n → ∞ the equations of a model are.
 *
 * Neuron i of population p obeys, with the parameters of the same model (Cáceres, Carrillo & Perthame, J. Math.
 * Neurosci. 1:7, 2011; Delarue, Inglis, Rubenthaler & Tanré, Ann. Appl. Probab. 25, 2015),
 *
 *     dV = (f(V) + DRIVE_p) dt + √(2a_p) dW + Σ_q (b_pq/n) Σ_k δ(t − t_k − d_pq),    t_k: spikes of population q,
 *
 * fires at V_THRESHOLD, or at rate φ_F(V) with a random threshold, and comes back at V_RESET, at once or after its
 * refractory time. a_p = DIFFUSION + Σ_q a1_pq N_q(t − d_pq) takes the rates from the spikes of a step.
 *
 * The particles of NPDE_MODEL_VOLTAGE_CONDUCTANCE and NPDE_MODEL_REDUCED_KINETIC have a conductance g as well,
 *
 *     dv = (g_L (V_L − v) + g (V_E − v)) dt,    dg = (G_p − g)/σ dt + √(2a_p/σ) dW, reflected at g = 0,
 *     G_p = CONDUCTANCE_INPUT + Σ_q b_pq N_q(t − d_pq),    a_p = CONDUCTANCE_DIFFUSION + Σ_q a1_pq N_q(t − d_pq),
 *
 * with N the spikes per neuron and time of the network itself; firing leaves g as it is (docs/particles.md). Steps
 * are at most σ/2, 1/g_L, and σ/(100 Σ|b|) with the sum of the negative undelayed weights onto a population.
 *
 * A step is exact for the leaky neuron without coupling but for terms beyond O(dt²) in the place of the threshold:
 * Ornstein–Uhlenbeck increments, crossings of the threshold between its ends by a Brownian bridge, their times, the way
 * from the reset to the step's end. Undelayed spikes act at the end of a step, as one cascade: Γ₀ fired in the step;
 * all are kicked by b|Γ₀|/n; who is then at V_THRESHOLD is Γ₁, and so on, each at most once; with Γ their union V
 * becomes V + b|Γ|/n − (V_THRESHOLD − V_RESET)·1{in Γ}. Rates of coupled networks converge with order 1 in dt, and with
 * order ½ in 1/n.
 *
 * With a random threshold the discharge over a step is a trapezium over its ends: dt must be short against 1/φ_F. Of a neuron
 * with a conductance, whose way is known, it is Gauss quadrature of the fourth order on either side of V_THRESHOLD. A φ_F by
 * callback should be smooth but for V_THRESHOLD: only there may it jump without a loss (docs/particles.md).
 *
 * Random numbers are Philox4x32-10, a function of seed, step and neuron: the same seed gives the same result bit for
 * bit on one machine, whatever the number of threads.
 *
 * Order of calls: new, set…, start, then advance / sample and the getters. Between two starts nothing is allocated.
 */
#ifndef NEUROPDE_PARTICLES_H
#define NEUROPDE_PARTICLES_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes particles.
 *
 * @param model      NPDE_MODEL_LIF, _LIF_NETWORK, _VOLTAGE_CONDUCTANCE or _REDUCED_KINETIC; kept by reference, its
 *                   parameters are read at each start
 * @param n_neurons  of each population; n_pop times this number, each population filled up to a multiple of 64, is at
 * most 2^32
 * @param seed       any number
 * @param out        receives the handle; free it with npde_particles_free()
 */
NPDE_API npde_status npde_particles_new(npde_model *model, size_t n_neurons, uint64_t seed, npde_particles **out);
/** Gives up the handle; NULL is allowed, and so is a call from within a coupling callback. */
NPDE_API void npde_particles_free(npde_particles *particles);
/** Sets an option NPDE_PARTICLE_OPTION_… to a value in its range (npde_id_range()); it counts from the next start. */
NPDE_API npde_status npde_particles_set(npde_particles *particles, npde_id option, double value);
/** Reads an option into @p out. */
NPDE_API npde_status npde_particles_get(const npde_particles *particles, npde_id option, double *out);
/**
 * Initial potentials: a Gaussian, cut at V_THRESHOLD (not with a random threshold), for a kinetic model at V_LEAK (and
 * V_EXCITATORY) as well.
 *
 * @param pop       population, or NPDE_ALL
 * @param mean      of the Gaussian before it is cut; at most 37 of its deviations away from what is left of it
 * @param variance  ≥ 0; 0 puts all neurons at the mean
 */
NPDE_API npde_status npde_particles_set_gaussian(npde_particles *particles, size_t pop, double mean, double variance);
/**
 * Initial conductances of a kinetic model: a Gaussian, cut at g = 0, independent of the potentials. Without it they begin
 * in their equilibrium at the past rates, which is such a Gaussian: to come back to it, give mean = G_p and variance = a_p
 * there.
 *
 * @param pop       population, or NPDE_ALL
 * @param mean      of the Gaussian before it is cut; at most 37 of its deviations below 0
 * @param variance  ≥ 0; 0 puts all at the mean
 */
NPDE_API npde_status npde_particles_set_conductance(npde_particles *particles, size_t pop, double mean,
                                                    double variance);
/**
 * Initial potentials by a density p(v) ≥ 0 of any mass, as npde_solver_set_density() takes it: drawn by inversion of its
 * integral, which 16384 cells resolve. Asked for at each start, from the left end of a fitted grid (for a kinetic model
 * V_LEAK) to V_THRESHOLD; with a random threshold to the right end (V_EXCITATORY). @p release is called with @p user when
 * no one uses it any more.
 */
NPDE_API npde_status npde_particles_set_density(npde_particles *particles, size_t pop, npde_profile_fn density,
                                                void *user, npde_release_fn release);
/**
 * Initial potentials of a population one by one. Neurons at V_THRESHOLD or beyond fire in the first step. None is
 * refractory.
 *
 * @param v  n finite values, copied; the copy, 8 bytes a neuron besides those of the run, is kept for the next start until
 *           other initial data replace it
 * @param n  the number of neurons
 */
NPDE_API npde_status npde_particles_set_potentials(npde_particles *particles, size_t pop, const double *v, size_t n);
/**
 * Rate before the start, constant; 0 by default. Delays see it, and REFRACTORY_TIME · rate (< 1) of the neurons begin
 * in the refractory state; of a kinetic model the equilibrium that conductances begin in is at it. What acts at once, and
 * a callback, see rates of the run alone, of which there are none before the first step is made: 0 in it.
 */
NPDE_API npde_status npde_particles_set_past_rate(npde_particles *particles, size_t pop, double rate);
/**
 * Validates, allocates, starts the threads asked for, draws the potentials. On an error a run started before is left as
 * it was. NPDE_ERR_RANGE, also as the run goes on, where a step is too short to be told in the time: |t + dt − t − dt|
 * beyond dt/100.
 */
NPDE_API npde_status npde_particles_start(npde_particles *particles, double t0);
/**
 * Steps until @p t_end (≥ present time) exactly; @p t receives the time reached, and may be NULL.
 *
 * @return NPDE_ERR_CASCADE when the kicks of one instant reach V_THRESHOLD − V_RESET without a refractory state: the
 *         cascade would not end. The neurons are left as they are before those kicks, and the run cannot go on.
 *         After another error the run is at the last step that was made and can go on
 */
NPDE_API npde_status npde_particles_advance(npde_particles *particles, double t_end, double *t);
/**
 * Advances through ascending times and counts spikes between them.
 *
 * @param times    n_times ascending times, the first > the present time: the ends of bins, the first of which begins
 * now
 * @param n_times  ≥ 1
 * @param rates    n_times × n_pop values, row by row: spikes per neuron and time in each bin; rows not reached are left
 * alone
 */
NPDE_API npde_status npde_particles_sample(npde_particles *particles, const double *times, size_t n_times,
                                           double *rates);
/** Copies the n_pop rates of the last step: spikes per neuron and time; the past rates before the first. */
NPDE_API npde_status npde_particles_rates(const npde_particles *particles, double *out, size_t n_pop);
/** Copies the n_pop numbers of spikes since the start. */
NPDE_API npde_status npde_particles_spikes(const npde_particles *particles, int64_t *out, size_t n_pop);
/** Copies the n_pop shares of neurons that are in the refractory state. */
NPDE_API npde_status npde_particles_reservoirs(const npde_particles *particles, double *out, size_t n_pop);
/** Copies the potentials of a population, NaN for a neuron in the refractory state; @p n is the number of neurons. */
NPDE_API npde_status npde_particles_potentials(const npde_particles *particles, size_t pop, double *out, size_t n);
/** Copies the conductances of a population of a kinetic model, refractory neurons' as well. */
NPDE_API npde_status npde_particles_conductances(const npde_particles *particles, size_t pop, double *out, size_t n);
/**
 * Histogram of the potentials: the density, as npde_solver_state() gives it of the limit.
 *
 * @param edges    n_edges ascending potentials, the ends of n_edges − 1 bins; each holds its left end. Their distances are
 *                 finite and not below 2.3e-308
 * @param n_edges  ≥ 2
 * @param density  n_edges − 1 values: share of all neurons per potential; refractory neurons are in no bin
 */
NPDE_API npde_status npde_particles_histogram(const npde_particles *particles, size_t pop, const double *edges,
                                              size_t n_edges, double *density);
/**
 * Sizes of the cascades since the start: out[k] steps with a cascade in which 2^k to 2^(k+1) − 1 neurons fired, all
 * populations together, those that set it off among them.
 *
 * @param n  how many values; larger cascades than the last one holds are counted there. No cascade has k > 32
 */
NPDE_API npde_status npde_particles_cascade_sizes(const npde_particles *particles, int64_t *out, size_t n);
/** Reads a statistic NPDE_PARTICLE_STAT_…. */
NPDE_API npde_status npde_particles_stat(const npde_particles *particles, npde_id stat, double *out);
/** Reads a counter NPDE_PARTICLE_COUNT_… since the start. */
NPDE_API npde_status npde_particles_count(const npde_particles *particles, npde_id count, int64_t *out);
/**
 * Writes a snapshot of the run. A run restored from it goes on bit for bit.
 *
 * @param buf       NULL to ask for the size only
 * @param capacity  bytes in @p buf; too few is NPDE_ERR_SIZE with @p need set
 * @param need      receives the size in bytes
 */
NPDE_API npde_status npde_particles_save(const npde_particles *particles, void *buf, size_t capacity, size_t *need);
/**
 * Goes back to a snapshot. The particles must have been started with the same model, number, seed and options (but
 * threads) on the same build; otherwise NPDE_ERR_SNAPSHOT, and nothing is changed. Of coupling and conductance callbacks it
 * is only seen that there are some: that they are the same is up to the caller.
 */
NPDE_API npde_status npde_particles_restore(npde_particles *particles, const void *buf, size_t len);

#ifdef __cplusplus
}
#endif
#endif
