/* SPDX-License-Identifier: BSD-3-Clause
 * Closed forms of the leaky neuron with a sharp threshold: mean first-passage time, steady density, fast response. */
#ifndef NPDE_ANALYSIS_SIEGERT_H
#define NPDE_ANALYSIS_SIEGERT_H

#include <complex.h>

/* dV = (−(V − leak)/time_constant + drive)dt + √(2 diffusion) dW from reset to threshold. */
typedef struct {
    double leak, time_constant, reset, threshold, drive, diffusion;
} npde__siegert;

/* ln T, and how fast it falls: −∂ ln T/∂drive ≥ 0, −∂ ln T/∂diffusion ≥ 0. */
typedef struct {
    double log_time, by_drive, by_diffusion;
} npde__escape;

/*
 * Mean first-passage time (Siegert, Phys. Rev. 81, 1951, 617) to about 1e-14, plus |ln T| roundings, for any noise:
 *
 *     T = time_constant ∫_0^∞ e^{−s²/2} (e^{s w_F} − e^{s w_R})/s ds,   w = (V − mean)/σ.
 *
 * With s = σt it is ∫ e^{−σ²t²/2} (e^{t(V_F − mean)} − e^{t(V_R − mean)})/t dt: the Laplace transform of a positive measure in
 * (t, t²/2). So T falls with drive and with diffusion, and so do −∂ ln T/∂drive and −∂ ln T/∂diffusion.
 */
npde__escape npde__siegert_escape(const npde__siegert *s);
/* Steady density at v for the rate exp(log_rate). */
double npde__siegert_density(const npde__siegert *s, double log_rate, double v);
/*
 * Response of the rate to e^{st} in drive and diffusion, over the rate, where s is so large that nobody fires twice, to 1e-14:
 *
 *     R_drive = τ/(σ(1 + z)) E(z+1, w_F)/E(z, w_F),   R_diffusion = τ/(σ²(2 + z)) E(z+2, w_F)/E(z, w_F),   z = sτ
 *
 * (Brunel & Hakim, Neural Comput. 11, 1999, 1621; Lindner & Schimansky-Geier, PRL 86, 2001, 2934), where E(z, w) = ∫_0^∞ t^{z−1}
 * e^{−t²/2 + tw} dt at w_R is less than rounding beside that at w_F. 0 where s is not large enough.
 */
int npde__siegert_fast(const npde__siegert *neuron, double complex s, double complex *by_drive,
                       double complex *by_diffusion);

#endif
