/* SPDX-License-Identifier: BSD-3-Clause
 * Oscillators on the circle: densities of Fourier coefficients and back, the order parameter, where incoherence ends. */
#include "models/kuramoto.h"

#include <math.h>

static const double turn = 6.283185307179586477;

/* f(θ) = (1 + 2 Re Σ z_n e^{−inθ})/2π, by Horner's rule. */
void npde__kuramoto_density(const npde__system *s, size_t p, const double *y, size_t n, const double *theta,
                            double *out)
{
    const oscillators *w = (const oscillators *)s;
    for (size_t i = 0; i < n; i++) {
        const cplx back = {cos(theta[i]), -sin(theta[i])};
        cplx sum = {0, 0};
        for (size_t k = w->modes; k-- > 0;) sum = times(back, npde__complex_add(at(y + p * s->stride, k), sum));
        out[i] = (1 + 2 * sum.re) / turn;
    }
}

double npde__kuramoto_min_density(const npde__system *s, const double *y)
{
    const oscillators *w = (const oscillators *)s;
    const size_t points = 4 * w->modes;
    double least = INFINITY;
    for (size_t p = 0; p < w->n_pop; p++)
        for (size_t i = 0; i < points; i++) {
            const double theta = turn * (double)i / (double)points;
            double f;
            npde__kuramoto_density(s, p, y, 1, &theta, &f);
            least = fmin(least, f);
        }
    return least;
}

/*
 * The incoherent state loses stability at the least K > 0 for which 1 = (K/2) Σ s_p κ_p/(iΩ + D_p + γ_p − iω_p) at some
 * real Ω (Strogatz & Mirollo, J. Stat. Phys. 63, 1991), for couplings K κ_p; with κ_p the couplings of the model, times
 * which they are critical.
 */
static cplx dispersion(const oscillators *w, double omega)
{
    cplx sum = {0, 0};
    for (size_t p = 0; p < w->n_pop; p++) {
        const group *g = &w->pop[p];
        const cplx term = {g->diffusion + g->width, omega - g->frequency};
        sum = npde__complex_add(sum, scaled(g->share * g->coupling / 2, npde__complex_inverse(term)));
    }
    return sum;
}

/* 1/Re of the sum at the zero of its imaginary part between two frequencies where that differs in sign; infinite without one. */
static double factor_between(const oscillators *w, double left, double right)
{
    const double sign = dispersion(w, left).im;
    if (sign * dispersion(w, right).im > 0) return INFINITY;
    for (int i = 0; i < 200; i++) {
        const double middle = left + (right - left) / 2;
        if (middle <= left || middle >= right) break;
        if (sign * dispersion(w, middle).im > 0) left = middle;
        else right = middle;
    }
    const double answer = dispersion(w, right).re;
    return answer > 0 ? 1 / answer : INFINITY;
}

/*
 * The sum changes on the scale D_p + γ_p about each ω_p, and elsewhere the slower the further away. With couplings of both signs
 * a zero may lie beyond all ω_p.
 */
static double critical_factor(const oscillators *w)
{
    const double first = 1.0 / 16, growth = 1.189207115002721;
    double low = INFINITY, high = -INFINITY, widest = 0, best = INFINITY;
    for (size_t p = 0; p < w->n_pop; p++) {
        low = fmin(low, w->pop[p].frequency);
        high = fmax(high, w->pop[p].frequency);
        widest = fmax(widest, w->pop[p].diffusion + w->pop[p].width);
    }
    const double reach = 1e3 * (high - low + widest);
    for (size_t p = 0; p < w->n_pop; p++)
        for (int side = -1; side <= 1; side += 2) {
            const double center = w->pop[p].frequency;
            double near = 0, far = first * (w->pop[p].diffusion + w->pop[p].width);
            while (near < reach) {
                const double a = center + side * near, b = center + side * far;
                best = fmin(best, factor_between(w, fmin(a, b), fmax(a, b)));
                near = far;
                far *= growth;
            }
        }
    return best;
}

double npde__kuramoto_stat(const npde__system *s, npde_id stat, const double *y)
{
    const oscillators *w = (const oscillators *)s;
    const cplx z = order_of_state(w, y);
    if (stat == NPDE_STAT_ORDER_PARAMETER) return hypot(z.re, z.im);
    return stat == NPDE_STAT_ORDER_PHASE ? atan2(z.im, z.re) : critical_factor(w);
}

/* ---- initial data ---- */

/* Coefficients of a density by the trapezoidal rule, which is spectrally exact on the circle. */
static npde_status project(const oscillators *w, const npde__initial *initial, size_t p, double *y)
{
    npde_context *c = w->base.context;
    const size_t points = 8 * w->modes;
    double *theta = npde__alloc(c, 2 * points, sizeof *theta);
    if (!theta) return NPDE_ERR_MEMORY;
    double *f = theta + points, all = 0;
    for (size_t i = 0; i < points; i++) {
        theta[i] = turn * ((double)i / (double)points - 0.5);
        f[i] = NAN;
    }
    const int32_t answer = initial->density->fn.profile(p, points, theta, f, initial->density->user);
    npde_status status = NPDE_OK;
    for (size_t i = 0; i < points && !answer; i++) {
        if (!(f[i] >= 0) || !isfinite(f[i])) status = NPDE_ERR_CALLBACK;
        all += f[i];
    }
    if (answer) {
        c->user_status = answer;
        status = npde__fail(c, NPDE_ERR_CALLBACK, "the density callback of population %zu returned %d", p, (int)answer);
    } else if (status || !(all > 0)) {
        status =
            npde__fail(c, NPDE_ERR_CALLBACK,
                       "the density callback of population %zu must give finite values >= 0 that are not all 0", p);
    }
    for (size_t n = 0; n < w->modes && !status; n++) {
        const double k = (double)(n + 1);
        cplx sum = {0, 0};
        for (size_t i = 0; i < points; i++) {
            sum.re += f[i] * cos(k * theta[i]);
            sum.im += f[i] * sin(k * theta[i]);
        }
        put(y, n, scaled(1 / all, sum));
    }
    npde__free(c, theta);
    return status;
}

npde_status npde__kuramoto_start(npde__system *s, const npde__initial *initial, double *y, double *resolution)
{
    const oscillators *w = (const oscillators *)s;
    npde_status status = NPDE_OK;
    *resolution = 0;
    for (size_t p = 0; p < w->n_pop && !status; p++) {
        double *z = y + p * s->stride;
        if (initial[p].kind == NPDE__INITIAL_DENSITY) {
            status = project(w, &initial[p], p, z);
            continue;
        }
        for (size_t n = 0; n < w->modes; n++) { /* a Gaussian wrapped around the circle */
            const double k = (double)(n + 1);
            const double size = exp(-k * k * initial[p].variance / 2);
            put(z, n, (cplx){size * cos(k * initial[p].mean), size * sin(k * initial[p].mean)});
        }
    }
    for (size_t p = 0; p < w->n_pop && !status; p++) {
        const double *z = y + p * s->stride;
        *resolution = fmax(*resolution, hypot(at(z, w->modes - 1).re, at(z, w->modes - 1).im));
    }
    return status;
}
