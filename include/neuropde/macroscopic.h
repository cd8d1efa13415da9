/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file macroscopic.h
 * Steady states of the macroscopic equation, the limit of fast conductance.
 */
#ifndef NEUROPDE_MACROSCOPIC_H
#define NEUROPDE_MACROSCOPIC_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Finds the steady states of one population of the kind NPDE_MODEL_MACROSCOPIC without a coupling callback, and their
 * stability.
 *
 * A steady rate solves N (T(ḡ(N)) + τ) = 1, T being the mean time from V_R to a spike at the conductance ḡ(N), τ that in
 * the refractory state: in closed form for a threshold and for the discharge step, by quadrature to about 1e-14 for any
 * other. N = 0 is one where nothing would ever fire. The rates in [0, rate_max] are found by a scan in 4000 steps of
 * equal factors, each looked at for a pair of roots as well, and refined to rounding; two that meet to rounding are one.
 * Stability is that of the equation linearised there, with the delay: the eigenvalue with the largest real part among
 * those that Newton's method finds from a grid of starting points, and the largest real one > 0, which is bracketed
 * (without closed form, beyond some 1000 conductances, a lower bound of it). With a discharge the eigenvalues to the
 * right of the one found, or of the imaginary axis if its real part is < 0, are then counted by the argument principle:
 * as long as there are any they are looked for, so that a state called stable is stable. With a threshold the equation
 * is of neutral type: chains of infinitely many eigenvalues come up to a line Re λ = σ, whose σ is known in closed form
 * (with a fixed refractory time that has a common measure with the delay, a bound of it), and those to the right of it
 * are counted in the same way. Chains alone make a threshold unstable with any delay, and with excitation, unless the
 * refractory time is exponential and the coupling weak; see docs/kinetics.md.
 *
 * @param model        read, and not changed
 * @param rate_max     > 0
 * @param rates        receives up to @p capacity rates, ascending
 * @param eigenvalues  receives as many pairs of real and imaginary part (≥ 0), NaN at N = 0; may be NULL. The state
 *                     is stable if the real part is < 0; a real one > 0 belongs to a state between two others. Eigenvalues
 *                     are looked for to the right of minus the discharge at the end of the way (with a threshold: of
 *                     the chains' σ, −12 N at least); if there is none, that is the real part and NaN the imaginary one,
 *                     0 for an uncoupled threshold, INFINITY for one that without delay excites so much that each spike
 *                     makes another at once; one less than 1e-3 (|σ| + N) beside chains may be left out. A real part
 *                     ≥ 0 with NaN: unstable, by chains, or by the count with an eigenvalue further to the right that was
 *                     not found. NaN both at N > 0: none > 0 was found, but counting took
 *                     too many panels (300000), or V_F is v* to rounding
 * @param capacity     of the arrays
 * @param n_found      receives the number of steady states, also when it is more than @p capacity; 0 is not an error
 * @return NPDE_ERR_UNSUPPORTED for another kind of model, more populations, or with a coupling callback
 */
NPDE_API npde_status npde_macroscopic_steady(const npde_model *model, double rate_max, double *rates,
                                             double *eigenvalues, size_t capacity, size_t *n_found);

#ifdef __cplusplus
}
#endif
#endif
