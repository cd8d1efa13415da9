/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file solver.h
 * The solver: model × grid × method, the state and the step loop.
 *
 * Order of calls: new, set…, start, then step / advance / sample and the getters; start again begins anew. Between two
 * starts nothing is allocated. A failed call leaves the state at the last accepted step.
 */
#ifndef NEUROPDE_SOLVER_H
#define NEUROPDE_SOLVER_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a solver.
 *
 * @param model         kept by reference; its parameters are read at each start
 * @param grid_or_null  kept by reference; NULL to have a spectral grid made at each start that fits the model and the data
 * @param method        NPDE_METHOD_…
 * @param out           receives the handle; free it with npde_solver_free()
 */
NPDE_API npde_status npde_solver_new(npde_model *model, const npde_grid *grid_or_null, npde_id method,
                                     npde_solver **out);
/** Gives up the handle; NULL is allowed, and so is a call from within an observer. */
NPDE_API void npde_solver_free(npde_solver *solver);
/** Sets an option NPDE_OPTION_… to a value in its range (npde_id_range()); it counts from the next start. */
NPDE_API npde_status npde_solver_set(npde_solver *solver, npde_id option, double value);
/** Reads an option into @p out. */
NPDE_API npde_status npde_solver_get(const npde_solver *solver, npde_id option, double *out);
/**
 * Initial density: a Gaussian, cut at V_THRESHOLD and scaled to the right mass, projected on the grid at the next start.
 *
 * @param pop       population, or NPDE_ALL
 * @param mean      inside the grid
 * @param variance  ≥ 0; 0 is a point mass
 */
NPDE_API npde_status npde_solver_set_gaussian(npde_solver *solver, size_t pop, double mean, double variance);
/**
 * Initial distribution over the conductance, for a kinetic model: a Gaussian, cut at g = 0, independent of v. Without
 * it the conductance begins in its equilibrium at the past rate.
 *
 * @param pop       population, or NPDE_ALL
 * @param mean      mean of the Gaussian before the cut
 * @param variance  ≥ 0
 */
NPDE_API npde_status npde_solver_set_conductance(npde_solver *solver, size_t pop, double mean, double variance);
/**
 * Initial density by a function p(v) ≥ 0, scaled to the right mass, projected at each start by Gauss quadrature.
 * @p release is called with @p user when no one uses it any more.
 */
NPDE_API npde_status npde_solver_set_density(npde_solver *solver, size_t pop, npde_profile_fn density, void *user,
                                             npde_release_fn release);
/**
 * Initial density by its values at the grid's points, for a solver with a grid of its own.
 *
 * @param p  n values, copied; Σ w p must be 1 to 1e-6 and is scaled to the right mass; negative values are kept.
 *           What npde_solver_state() of a run with a refractory reservoir gives sums to less: set the past rate as well and
 *           divide by the sum. For a single neuron it is its state, the potential first
 * @param n  npde_grid_size() of the grid; for a single neuron the number of its variables
 */
NPDE_API npde_status npde_solver_set_state(npde_solver *solver, size_t pop, const double *p, size_t n);
/**
 * Rate before the start, constant; 0 by default. It is what delays see, and it fills the refractory reservoir:
 * R = REFRACTORY_TIME · rate (< 1), so that a steady state with delays can be started from. With conductances those who
 * wait have the initial ones.
 */
NPDE_API npde_status npde_solver_set_past_rate(npde_solver *solver, size_t pop, double rate);
/**
 * Announces times at which a coupling callback's drive or diffusion jumps: a step ends at each, the next one begins with the
 * limits from the right, and so at what delays carry on from there (the callback is asked 1e-13 (1 + |t|) before and after).
 * Without it adaptive steps find a jump by failing there many times, and fixed steps lose their order.
 *
 * @param times  ascending, copied; they count from the next start. Those before the start have no effect
 * @param n      0 to announce none
 */
NPDE_API npde_status npde_solver_set_jumps(npde_solver *solver, const double *times, size_t n);
/**
 * Validates model, grid, method and data, allocates, projects the data, computes the rates at @p t0.
 *
 * @return NPDE_NOTICE_UNRESOLVED when the grid cannot resolve the data (stat RESOLUTION has the L1 error): the run can
 *         go on. On an error a run started before is left as it was
 */
NPDE_API npde_status npde_solver_start(npde_solver *solver, double t0);
/** One accepted step, at most to @p t_limit (> present time); @p t receives the time reached, and may be NULL. */
NPDE_API npde_status npde_solver_step(npde_solver *solver, double t_limit, double *t);
/**
 * Steps until @p t_end (≥ present time) exactly, unless the rate becomes infinite before (NPDE_NOTICE_BLOWUP, NPDE_NOTICE_ETERNAL:
 * the run stands at the last step before, and another call answers the same; see NPDE_OPTION_BLOWUP); @p t receives the time
 * reached, and may be NULL. */
NPDE_API npde_status npde_solver_advance(npde_solver *solver, double t_end, double *t);
/**
 * Advances through ascending times and writes the rates there: the flux of the solution at that time. A step ends at each, or
 * with the option OUTPUT at NPDE_OUTPUT_DENSE only at the last: the density is then interpolated to the method's order, and its
 * flux taken.
 *
 * @param times    n_times ascending times ≥ the present time
 * @param n_times  ≥ 1
 * @param rates    n_times × n_pop values, row by row; rows not reached are left alone
 */
NPDE_API npde_status npde_solver_sample(npde_solver *solver, const double *times, size_t n_times, double *rates);
/** Copies the density of a population at the grid's points; @p n as npde_grid_size(). */
NPDE_API npde_status npde_solver_state(const npde_solver *solver, size_t pop, double *out, size_t n);
/** Lends the density of a population without a copy: read only, valid until the next step, start or free. */
NPDE_API npde_status npde_solver_state_view(const npde_solver *solver, size_t pop, const double **out, size_t *n);
/**
 * Density at any n potentials (for oscillators: phases), interpolated to the order of the space scheme (on cells
 * linearly); 0 outside the grid. On a product grid it is the marginal ∫ p dg.
 */
NPDE_API npde_status npde_solver_evaluate(const npde_solver *solver, size_t pop, const double *v, size_t n,
                                          double *out);
/** Copies the n_pop present rates. */
NPDE_API npde_status npde_solver_rates(const npde_solver *solver, double *out, size_t n_pop);
/**
 * Copies the n_pop present masses of the refractory reservoirs (0 without refractory state). With a fixed refractory time
 * and a drive that jumps, the Rosenbrock methods may leave one negative by a few parts in 1e5.
 */
NPDE_API npde_status npde_solver_reservoirs(const npde_solver *solver, double *out, size_t n_pop);
/**
 * Copies the n_pop fractions of the populations that fire at once at the last blow-up, the Δ of the minimal cascade (Delarue,
 * Inglis, Rubenthaler & Tanré, Stoch. Process. Appl. 125, 2015); all 0 before any. At the event BLOWUP, and where the run stops
 * there, they are those that would fire; at the event JUMP those that have fired, further cascades at the same time included. NaN
 * where noise that grows with the rate makes them unknown.
 */
NPDE_API npde_status npde_solver_jump_sizes(const npde_solver *solver, double *out, size_t n_pop);
/** The grid of the run, as a new reference for the caller to free. */
NPDE_API npde_status npde_solver_grid(const npde_solver *solver, npde_grid **out);
/** Reads a statistic NPDE_STAT_…. */
NPDE_API npde_status npde_solver_stat(const npde_solver *solver, npde_id stat, double *out);
/** Reads a counter NPDE_COUNT_… since the start. */
NPDE_API npde_status npde_solver_count(const npde_solver *solver, npde_id count, int64_t *out);
/**
 * Adds an observer of an event NPDE_EVENT_….
 *
 * @param release  called with @p user when the observer is removed or the solver goes; may be NULL
 * @param token    receives a number for npde_solver_unobserve(); may be NULL
 */
NPDE_API npde_status npde_solver_observe(npde_solver *solver, npde_id event, npde_observer_fn observer, void *user,
                                         npde_release_fn release, int32_t *token);
/** Removes an observer. */
NPDE_API npde_status npde_solver_unobserve(npde_solver *solver, int32_t token);
/**
 * Writes a snapshot of the run: state, rates, step-size memory, delays. A run restored from it goes on bit for bit.
 *
 * @param buf       NULL to ask for the size only
 * @param capacity  bytes in @p buf; too few is NPDE_ERR_SIZE with @p need set
 * @param need      receives the size in bytes
 */
NPDE_API npde_status npde_solver_save(const npde_solver *solver, void *buf, size_t capacity, size_t *need);
/**
 * Goes back to a snapshot. The solver must have been started with the same model, grid, method and options on the same
 * build; anything else that the library can see, or a damaged snapshot, is NPDE_ERR_SNAPSHOT and changes nothing.
 * What a coupling callback does it cannot see: it must be the same.
 */
NPDE_API npde_status npde_solver_restore(npde_solver *solver, const void *buf, size_t len);

#ifdef __cplusplus
}
#endif
#endif
