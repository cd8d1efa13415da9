/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file steady.h
 * Steady states of a model: all of them in a window of rates, their densities, their stability.
 *
 * Supported are NPDE_MODEL_LIF and NPDE_MODEL_LIF_NETWORK without a coupling callback: any drift, random threshold,
 * refractory state, weights, noise weights and delays. Leaky populations with a sharp threshold are solved by Siegert's formula, to
 * about 1e-14 and for any noise; the others by the discrete operator on a grid.
 */
#ifndef NEUROPDE_STEADY_H
#define NEUROPDE_STEADY_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a study of a model's steady states.
 *
 * @param model         kept by reference; it is read at each npde_steady_solve(), and may be changed afterwards
 * @param grid_or_null  kept by reference: the grid of the discrete operator and of npde_steady_state(). NULL to have spectral
 *                      grids made that fit each steady state
 * @param out           receives the handle; free it with npde_steady_free()
 * @return NPDE_ERR_UNSUPPORTED for another kind of model, with a text that says what is supported
 */
NPDE_API npde_status npde_steady_new(npde_model *model, const npde_grid *grid_or_null, npde_steady **out);
/** Gives up the handle; NULL is allowed. */
NPDE_API void npde_steady_free(npde_steady *steady);
/** Sets an option NPDE_STEADY_… to a value in its range (npde_id_range()); it counts from the next solve. */
NPDE_API npde_status npde_steady_set(npde_steady *steady, npde_id option, double value);
/** Reads an option into @p out. */
NPDE_API npde_status npde_steady_get(const npde_steady *steady, npde_id option, double *out);
/**
 * Finds all steady states with every rate in [RATE_MIN, RATE_MAX]: N_p (T_p + τ_p) = 1 with the mean first-passage times T_p
 * at μ_p = DRIVE_p + Σ_q b_pq N_q, a_p = DIFFUSION_p + Σ_q a1_pq N_q. The search is by branch and prune with bounds
 * on the rates that are exact for leaky populations with a sharp threshold, so that none is missed; for others they rest on
 * samples (docs/studies.md). Those between which rounding hides that the
 * equations are not solved, at a fold or a pitchfork, are found as one. States are ordered by the rate of population 0.
 *
 * @param n_found  receives their number, and may be NULL; 0 is not an error. States with a rate below e^−700 (1e-304), as of
 *                 populations held silent, are not looked for, even with RATE_MIN = 0: none found may mean one of these
 * @return NPDE_ERR_TOO_MANY_STEPS when BOXES are not enough (many populations in a wide window); NPDE_ERR_GRID when a grid does not
 *         fit the model; NPDE_ERR_UNSUPPORTED with a coupling callback. On an error the states found before are kept
 */
NPDE_API npde_status npde_steady_solve(npde_steady *steady, size_t *n_found);
/** Copies the n_pop rates of a steady state; @p index counts from 0. */
NPDE_API npde_status npde_steady_rates(const npde_steady *steady, size_t index, double *out, size_t n_pop);
/**
 * Density of a population at the grid's points, of mass 1 − N τ: the rest waits in the refractory state. With a grid that
 * was fitted, see npde_steady_grid().
 */
NPDE_API npde_status npde_steady_state(const npde_steady *steady, size_t index, size_t pop, double *out, size_t n);
/** Density of a population at any n potentials; 0 from a sharp threshold on. */
NPDE_API npde_status npde_steady_evaluate(const npde_steady *steady, size_t index, size_t pop, const double *v,
                                          size_t n, double *out);
/**
 * The grid of npde_steady_state(), as a new reference for the caller to free: the one given, or one that fits the model.
 *
 * @return NPDE_ERR_GRID when none fits, as for very low noise; rates, and by npde_steady_evaluate() densities, of leaky
 *         populations with a sharp threshold need none
 */
NPDE_API npde_status npde_steady_grid(const npde_steady *steady, npde_grid **out);
/**
 * Leading eigenvalues s of the equation linearised at a steady state, solutions that change like e^{st}: those with the
 * largest real parts, descending. Coupling, transmission delays and refractory state are part of it: with delays it is a nonlinear
 * eigenvalue problem, det(I − D(s)) = 0. They are counted by the argument principle, so that none is missing.
 *
 * The state is stable if the first real part is < 0. The eigenvalues 0 of the conserved masses, one for each population, are not
 * among them: without coupling minus the first real part is the spectral gap.
 *
 * @param re_im    n_pairs pairs of real and imaginary part; of two conjugate ones the positive imaginary part comes first
 * @param n_pairs  ≥ 1; 0 also fine
 * @return NPDE_ERR_SIZE when there are not as many that the grid resolves, or when populations that act on one another in a
 *         loop are too many; NPDE_ERR_TOO_MANY_STEPS when long delays or strong weights in a loop make the count too long. A
 *         multiple eigenvalue, as identical populations have, is listed as often as it is multiple. Delays that only feed
 *         forward, from one population to others that do not act back, move no eigenvalue and cost nothing
 */
NPDE_API npde_status npde_steady_eigenvalues(const npde_steady *steady, size_t index, double *re_im, size_t n_pairs);

#ifdef __cplusplus
}
#endif
#endif
