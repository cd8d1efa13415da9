/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file model.h
 * The model: physics only. It knows no grid and no step, and one model may feed any number of solvers.
 *
 * For each population p the density n(v,t) obeys (Cáceres, Carrillo & Perthame, J. Math. Neurosci. 1:7, 2011)
 *
 *     ∂_t n + ∂_v[(f(v) + μ) n] − a ∂_vv n + φ(v) n = M(t) δ(v − V_RESET),    f(v) = −(v − V_LEAK)/TIME_CONSTANT,
 *     μ_p = DRIVE + Σ_q b_pq N_q(t − d_pq),    a_p = DIFFUSION + Σ_q a1_pq N_q(t − d_pq),
 *
 * with n = 0 at V_THRESHOLD and the rate N = −a ∂_v n(V_THRESHOLD), or, with a random firing threshold, φ = φ_F beyond
 * V_THRESHOLD and N = ∫ φ_F n. What re-enters is M = N, or N(t − τ), or R/τ with R' = N − R/τ (refractory state).
 * For the kinetic kinds drive stands for the mean conductance G and diffusion for a, with CONDUCTANCE_INPUT and
 * CONDUCTANCE_DIFFUSION in place of DRIVE and DIFFUSION.
 *
 * Mass ∫n + R = 1 for each population. a is half the squared noise intensity: dV = (f + μ)dt + √(2a) dW.
 */
#ifndef NEUROPDE_MODEL_H
#define NEUROPDE_MODEL_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a model with the parameters at their presets (see npde_id_range()).
 *
 * @param kind   NPDE_MODEL_LIF (populations without coupling), NPDE_MODEL_LIF_NETWORK, one of the kinetic kinds
 *               NPDE_MODEL_VOLTAGE_CONDUCTANCE, _REDUCED_KINETIC, _MACROSCOPIC, _FAST_VOLTAGE (see docs/kinetics.md), a
 *               single neuron (NPDE_MODEL_MORRIS_LECAR, _FITZHUGH_NAGUMO, _HODGKIN_HUXLEY: each population is one,
 *               docs/equations.md) or NPDE_MODEL_KURAMOTO
 * @param n_pop  number of populations, 1 to 65536, for a network 1 to 4096 (it stores three n_pop × n_pop matrices)
 * @param out    receives the handle; free it with npde_model_free()
 */
NPDE_API npde_status npde_model_new(npde_context *context, npde_id kind, size_t n_pop, npde_model **out);
/** Gives up the handle; NULL is allowed. Solvers made from the model keep what they need. */
NPDE_API void npde_model_free(npde_model *model);
/**
 * Sets a parameter. A solver copies the parameters when it starts; later changes concern later starts only.
 *
 * @param pop    population, or NPDE_ALL
 * @param param  NPDE_PARAM_…
 * @param value  in the range of npde_id_range(); for a choice, one of its ids
 */
NPDE_API npde_status npde_model_set(npde_model *model, size_t pop, npde_id param, double value);
/** Reads a parameter of one population into @p out. */
NPDE_API npde_status npde_model_get(const npde_model *model, size_t pop, npde_id param, double *out);
/**
 * Sets a coupling matrix of a network.
 *
 * @param which      NPDE_MATRIX_WEIGHTS (b), NPDE_MATRIX_NOISE_WEIGHTS (a1) or NPDE_MATRIX_DELAYS (d)
 * @param row_major  rows × cols values, copied; entry p·cols + q acts on population p from population q. The diagonals are
 *                   the parameters CONNECTIVITY, NOISE_CONNECTIVITY and DELAY
 * @param rows       n_pop
 * @param cols       n_pop
 */
NPDE_API npde_status npde_model_set_matrix(npde_model *model, npde_id which, const double *row_major, size_t rows,
                                           size_t cols);
/**
 * Replaces b·N(t) + I(t) and a(N); NULL removes it. In a network the callback may depend on the present rates: steps find
 * rates consistent with what it answers. On NPDE_MODEL_LIF it is a drive in time; the rates it sees there are those of the
 * step before, and what it makes of them is not iterated. What it does must depend on its arguments alone. @p release is
 * called with @p user when no one uses it any more.
 */
NPDE_API npde_status npde_model_set_coupling(npde_model *model, npde_coupling_fn coupling, void *user,
                                             npde_release_fn release);
/**
 * Replaces the drift −(v − V_LEAK)/TIME_CONSTANT by f(v), smooth between the grid's breaks; NULL removes it. Called once
 * at each start. With f(v) = v² it is quadratic, with an exponential the exponential integrate-and-fire neuron.
 */
NPDE_API npde_status npde_model_set_drift(npde_model *model, npde_profile_fn drift, void *user,
                                          npde_release_fn release);
/**
 * Gives the discharge φ_F(v) ≥ 0 of a random firing threshold and sets DISCHARGE to NPDE_DISCHARGE_CUSTOM; NULL removes
 * it and sets NPDE_DISCHARGE_NONE. Smooth between the grid's breaks (V_THRESHOLD is one). Called once at each start.
 */
NPDE_API npde_status npde_model_set_discharge(npde_model *model, npde_profile_fn discharge, void *user,
                                              npde_release_fn release);

/**
 * Replaces the law G = CONDUCTANCE_INPUT + Σ_q b_pq N_q(t − d_pq) of a kinetic model by G(v, N); NULL removes it.
 * Called once a step, for each population, at the centres of the cells in v.
 */
NPDE_API npde_status npde_model_set_conductance(npde_model *model, npde_conductance_fn conductance, void *user,
                                                npde_release_fn release);

#ifdef __cplusplus
}
#endif
#endif
