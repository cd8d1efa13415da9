/* SPDX-License-Identifier: BSD-3-Clause
 * The chains of eigenvalues of the macroscopic equation with a threshold.
 *
 * Whoever comes to V_F at t was at V_R at θ(t), N(t) = N_in(θ) θ'(t). Perturbations g_1 e^{λt} of the conductance move who is at
 * v(s) by x(s) e^{λt}, x' = −(B + λ)x + (V_E − v) g_1, x(0) = 0, so θ = t − T + x(T) e^{λt}/(A − B V_F). With g_1 =
 * e^{−λd} ḡ'(N) N_1, N_in = w N, w = 1, 1/(1 + λτ) or e^{−λτ}, and p(s) = (V_E − v)/(A − B v) = α + β e^{Bs} what is zero at
 * eigenvalues is
 *
 *     f(λ) = 1 − w e^{−λT} − c e^{−λd} [α (1 − e^{−λT}) + β λ/(λ + B) (e^{BT} − e^{−λT})],    c = ḡ'(N) N,
 *
 * f of macroscopic_stability.c for Φ = 0 up to T and all firing there. It does not tend to 1 for |λ| → ∞ but to
 *
 *     D(λ) = 1 − w_∞ e^{−λT} − e^{−λd} (P − Q e^{−λT}),    P = c p(T), Q = c p(0), |P| > |Q|, w_∞ = 1, 0 or e^{−λτ}:
 *
 * the equation is of neutral type, and chains of eigenvalues come up to the zeros of D. On a line Re λ = σ the phases of
 * e^{−λT} and, if d > 0, of e^{−λd} take all pairs of values as nearly as one likes, and D is as near to 0 where
 * |1 − P e^{−λd}| = e^{−σT} |w_∞ − Q e^{−λd}|. The difference of the squares is linear in cos(Im λ d), so its least value is at
 * an end, and the supremum of the zeros' real parts is where
 *
 *     k(σ) = 1 − P' − e^{−σT} R = 0,    R = 1 − Q', |Q'| or e^{−στ} + |Q'|,
 *
 * P' = |P| e^{−σd}, Q' = |Q| e^{−σd} if d > 0, otherwise P and Q. k grows with σ where P' < 1 and is < 0 where P' ≥ 1. (With τ
 * and d > 0 of a common measure the phases are not all there, and this is a bound; it is > 0, as the supremum is.) Without delay
 * and P ≥ 1 each spike makes another at once: there is no equation, its abscissa is infinite.
 *
 * To the right of its abscissa D has no zeros, and f/D → 1. There |λ||f − D| ≤ e^{−σT}/τ (exponential) + |cβB| e^{−σd} (e^{BT} +
 * e^{−σT}), σ ≥ 0, and 1/|D| is largest on the line itself. */
#include "models/macroscopic.h"

#include <math.h>

/* P', and R. */
static double spikes(const npde__chain *c, double sigma)
{
    return c->delay > 0 ? fabs(c->end) * exp(-sigma * c->delay) : c->end;
}

static double returns(const npde__chain *c, double sigma)
{
    const double begin = c->delay > 0 ? fabs(c->begin) * exp(-sigma * c->delay) : c->begin;
    if (c->refractory == NPDE_REFRACTORY_FIXED) return exp(-sigma * c->tau) + fabs(begin);
    return c->refractory == NPDE_REFRACTORY_EXPONENTIAL ? fabs(begin) : 1 - begin;
}

static double above(const npde__chain *c, double sigma)
{
    return 1 - spikes(c, sigma) - exp(-sigma * c->time) * returns(c, sigma);
}

/* The zero of k, or `least` if it is further to the left. */
static double abscissa(const npde__chain *c, double least)
{
    if (c->delay == 0 && c->end >= 1) return INFINITY;
    if (above(c, 0) == 0) return 0; /* uncoupled */
    double low = above(c, 0) < 0 ? 0 : least, high = -least;
    if (above(c, low) >= 0) return low;
    while (above(c, high) < 0 && isfinite(high)) high *= 2;
    for (int i = 0; i < 200; i++) {
        const double middle = (low + high) / 2;
        if (!(middle > low && middle < high)) break;
        if (above(c, middle) < 0) low = middle;
        else high = middle;
    }
    return high;
}

npde__chain npde__chain_of(const npde__ages *s, double rate, double slope, double time, double least)
{
    const double target = s->a / s->b, way = target - s->pop.v_reset, strength = slope * rate;
    const double growing = (s->pop.v_excitatory - target) / (s->b * way), grown = way / (target - s->pop.v_threshold);
    npde__chain c = {.time = time, .delay = s->delay, .tau = s->pop.tau, .refractory = s->pop.refractory};
    c.begin = strength * (1 / s->b + growing);
    c.end = strength * (1 / s->b + growing * grown);
    c.rest = fabs(strength * growing) * s->b;
    c.grown = grown;
    c.abscissa = abscissa(&c, least);
    return c;
}

double complex npde__chain_at(const npde__chain *c, double complex lambda)
{
    const double complex turn = cexp(-lambda * c->time);
    const double complex waits = c->refractory == NPDE_REFRACTORY_FIXED         ? cexp(-lambda * c->tau)
                                 : c->refractory == NPDE_REFRACTORY_EXPONENTIAL ? 0
                                                                                : 1;
    return 1 - waits * turn - cexp(-lambda * c->delay) * (c->end - c->begin * turn);
}

double npde__chain_far(const npde__chain *c, double sigma)
{
    const double turn = exp(-sigma * c->time), late = exp(-sigma * c->delay);
    const double exponential = c->refractory == NPDE_REFRACTORY_EXPONENTIAL ? turn / c->tau : 0;
    /* |1 − P e^{−λd}| − e^{−σT} |…| is the difference of the squares over the sum, which is no more than this. */
    const double most = 1 + fabs(c->end) * late + turn * (1 + fabs(c->begin) * late);
    const double least = above(c, sigma) * (1 - spikes(c, sigma) + turn * returns(c, sigma)) / most;
    return (exponential + c->rest * late * (c->grown + turn)) / least;
}
