/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file entropy.h
 * Relative entropy of a population against the steady state of its linear equation.
 *
 * For convex H ≥ 0 with H(1) = 0, h = n/P and constant drive and diffusion (Cáceres, Carrillo & Perthame, J. Math. Neurosci. 1:7,
 * 2011, theorem 4.2)
 *
 *     S = ∫ P H(h) dv,    dS/dt = −D_diff − D_jump,    D_diff = a ∫ P H''(h) (∂_v h)² dv,
 *     D_jump = N_∞ [H(N/N_∞) − H(h_R) − (N/N_∞ − h_R) H'(h_R)],    h_R = h(V_RESET), N_∞ the rate of P,
 *
 * both ≥ 0. With an exponential refractory state the reservoir counts as one more place with h = R/R_∞: what fires goes there,
 * and from there to the reset. With a random threshold D_jump is the integral of φ_F P times such a bracket.
 *
 * On finite volumes P is the steady state of the discrete operator, and D_diff is the sum of the brackets over all faces: the
 * law then holds exactly for the semi-discrete equation, and S decays in every step of backward Euler, whatever H and the
 * step.
 */
#ifndef NEUROPDE_ENTROPY_H
#define NEUROPDE_ENTROPY_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A convex function of yours. In every measurement its values and slopes are checked to be those of a convex function, above all
 * its tangents, at the places x that it is asked for; NPDE_ERR_CALLBACK if they are not.
 *
 * @param n          number of arguments
 * @param x          n arguments, as n/P is at the grid's points
 * @param value      n values H(x) to fill
 * @param slope      n values H'(x) to fill
 * @param curvature  n values H''(x) ≥ 0 to fill; read on spectral grids only
 * @param user       the pointer given with the callback
 * @return 0, or any other value to make the calling function fail with NPDE_ERR_CALLBACK
 */
typedef int32_t (*npde_convex_fn)(size_t n, const double *x, double *value, double *slope, double *curvature,
                                  void *user);

/**
 * Makes the entropy of a population: computes P on the grid.
 *
 * @param model          of the kind lif or lif_network, its parameters as they are now; a refractory state may be none
 *                       or exponential
 * @param grid           that of the runs to be measured (npde_solver_grid())
 * @param pop            population
 * @param rates_or_null  n_pop constant rates that set drive and diffusion through the weights; NULL for none. The coupling callback
 *                       is not called
 * @param flux           NPDE_FLUX_…, as the option of the runs; looked at on finite volumes
 * @param out            receives the handle; free it with npde_entropy_free()
 */
NPDE_API npde_status npde_entropy_new(const npde_model *model, const npde_grid *grid, size_t pop,
                                      const double *rates_or_null, npde_id flux, npde_entropy **out);
/** Gives up the handle; NULL is allowed. */
NPDE_API void npde_entropy_free(npde_entropy *entropy);
/** Gives the H of NPDE_ENTROPY_CUSTOM; NULL removes it. @p release is called with @p user when no one uses it any more. */
NPDE_API npde_status npde_entropy_set_function(npde_entropy *entropy, npde_convex_fn function, void *user,
                                               npde_release_fn release);
/**
 * Copies the steady state: P at the grid's points, its rate N_∞, its reservoir. Each pointer may be NULL.
 *
 * @param n  npde_grid_size() of the grid, when @p density is given
 */
NPDE_API npde_status npde_entropy_reference(const npde_entropy *entropy, double *density, size_t n, double *rate,
                                            double *reservoir);
/**
 * Measures a density, such as npde_solver_state() gives. Nothing is allocated.
 *
 * Where P is less than its own error n/P means nothing: on spectral grids below 1e-14 of the maximum of P, on finite volumes,
 * whose P has a small relative error everywhere, below 1e-140 of it. What lies there counts nothing; it may be 1e-10 of the
 * density at most. When more of the density lies there, leaky neurons with a sharp threshold on spectral grids are measured against
 * the closed form of P, down to 1e-140 as well; then rounding of the density itself must not be able to make more than 1e-6 of S.
 *
 * @param function      NPDE_ENTROPY_…
 * @param density       n values at the grid's points
 * @param n             npde_grid_size() of the grid
 * @param reservoir     as npde_solver_reservoirs() gives it; 0 without refractory state
 * @param value         receives S
 * @param by_diffusion  receives D_diff, and may be NULL; NPDE_ERR_UNSUPPORTED for NPDE_ENTROPY_ABSOLUTE on a spectral grid
 * @param by_jump       receives D_jump, and may be NULL
 * @return NPDE_ERR_RANGE when more of the density than that lies where P is not resolved, or when S may be made of rounding errors
 *         of the density, as squares of n/P may far from P; when S is not finite; when NPDE_ENTROPY_KULLBACK_LEIBLER is asked
 *         of a density that is negative by more than 1e-12 of its maximum
 */
NPDE_API npde_status npde_entropy_measure(npde_entropy *entropy, npde_id function, const double *density, size_t n,
                                          double reservoir, double *value, double *by_diffusion, double *by_jump);

#ifdef __cplusplus
}
#endif
#endif
