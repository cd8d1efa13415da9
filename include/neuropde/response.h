/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file response.h
 * Small modulations around a steady state: linear response of the rates, and their power spectrum in finite networks.
 *
 * A response belongs to one steady state and keeps all it needs: npde_steady and model may be changed or freed.
 */
#ifndef NEUROPDE_RESPONSE_H
#define NEUROPDE_RESPONSE_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Linearises at a steady state.
 *
 * @param steady  solved by npde_steady_solve()
 * @param index   of the steady state, from 0
 * @param out     receives the handle; free it with npde_response_free()
 */
NPDE_API npde_status npde_response_new(const npde_steady *steady, size_t index, npde_response **out);
/** Gives up the handle; NULL is allowed. */
NPDE_API void npde_response_free(npde_response *response);
/**
 * Response of the rates to a modulated input: with μ_pop + ε cos(ωt), or a_pop + ε cos(ωt), the rates become
 * N_p + ε Re(R_p e^{iωt}) to first order. |R| is the gain, its argument the phase (< 0: the rate lags behind). Grids are made
 * finer for high frequencies, each decade its own, unless the study has a grid of the user's; leaky neurons with a sharp threshold
 * need none at high frequencies. Any ω may be asked for, in any order, whether the state is stable or not.
 *
 * @param input  NPDE_INPUT_…: drive or diffusion, in the network or alone
 * @param pop    the population whose input is modulated, or NPDE_ALL for all alike
 * @param omega  n angular frequencies in radians per unit of time, finite, of any sign; 0 is the static gain
 * @param n      number of frequencies
 * @param re_im  n × n_pop pairs, row by row: real and imaginary part of R for each population
 * @return NPDE_ERR_RANGE when a frequency is too large for any grid, or above 1e200; or when the response is infinite there
 */
NPDE_API npde_status npde_response_rate(npde_response *response, npde_id input, size_t pop, const double *omega,
                                        size_t n, double *re_im);
/**
 * Power spectrum of the rates in a network of finite populations, as linear noise: each fires with the fluctuations of independent
 * renewal processes, to which the network responds. Two-sided, S(ω) = ∫ e^{iωu} ⟨δN(t + u) δN(t)⟩ du; without coupling
 * S → N/M at high frequency and N CV²/M at low. Of use at a stable state only.
 *
 * @param n_neurons  sizes M > 0 of the n_pop populations
 * @param n_pop      number of populations
 * @param omega      n angular frequencies
 * @param n          number of frequencies
 * @param power      n × n_pop values, row by row
 */
NPDE_API npde_status npde_response_spectrum(npde_response *response, const double *n_neurons, size_t n_pop,
                                            const double *omega, size_t n, double *power);

#ifdef __cplusplus
}
#endif
#endif
