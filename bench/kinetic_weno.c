/* SPDX-License-Identifier: BSD-3-Clause
 * The kind of code that is published for the voltage–conductance equation (Cáceres, Carrillo & Tao, J. Comput. Phys.
 * 230, 2011): conservative finite differences, advection in both variables by WENO5 (Jiang & Shu, J. Comput. Phys.
 * 126, 1996) with Lax–Friedrichs splitting, diffusion by central differences of order 4, time by the TVD Runge–Kutta
 * method of order 3 at the largest stable step.
 *
 * Written to be fast: one pass a direction, vectors along v in both, no work that could be done before. In v the
 * ghost points carry what the boundary conditions say: nothing where the drift leads in, extrapolation where it leads
 * out, the flux at V_F where it re-enters at V_L.
 */
#include "kinetic_weno.h"

#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GHOST = 3 };

typedef struct {
    const weno_problem *p;
    size_t n_v, n_g, stride;
    double dv, dg;
    double *flux, *plus, *minus; /* a padded row each, or (flux) a row of faces in g */
    double *below;
} peer;

/* Flux at the face right of f2 from five values to its left and right (for the other direction, mirrored). */
static inline double weno5(double f0, double f1, double f2, double f3, double f4)
{
    const double a = f0 - 2 * f1 + f2, b = f0 - 4 * f1 + 3 * f2, c = f1 - 2 * f2 + f3, d = f1 - f3,
                 e = f2 - 2 * f3 + f4, g = 3 * f2 - 4 * f3 + f4;
    const double s0 = 13. / 12 * a * a + b * b / 4 + 1e-6, s1 = 13. / 12 * c * c + d * d / 4 + 1e-6,
                 s2 = 13. / 12 * e * e + g * g / 4 + 1e-6;
    /* Weights without divisions but one: w_k ∝ γ_k/s_k². */
    const double p0 = s0 * s0, p1 = s1 * s1, p2 = s2 * s2;
    const double w0 = 0.1 * p1 * p2, w1 = 0.6 * p0 * p2, w2 = 0.3 * p0 * p1;
    return (w0 * (2 * f0 - 7 * f1 + 11 * f2) + w1 * (-f1 + 5 * f2 + 2 * f3) + w2 * (2 * f2 + 5 * f3 - f4)) /
           (6 * (w0 + w1 + w2));
}

static double drift(const peer *w, size_t j, double v)
{
    const double g = ((double)j + 0.5) * w->dg;
    return -w->p->g_leak * v + g * (w->p->v_excitatory - v);
}

/* dp −= ∂_v(J p) along row j; what flows out at V_F. */
static double along_v(peer *w, size_t j, const double *p, double *dp)
{
    const size_t n = w->n_v;
    double *restrict plus = w->plus + GHOST, *restrict minus = w->minus + GHOST, *restrict flux = w->flux;
    const double most = fmax(fabs(drift(w, j, 0)), fabs(drift(w, j, 1)));
    const double g = ((double)j + 0.5) * w->dg, a = g * w->p->v_excitatory, b = w->p->g_leak + g, dv = w->dv;
    for (size_t i = 0; i < n; i++) {
        const double f = (a - b * ((double)i + 0.5) * dv) * p[i], m = most * p[i];
        plus[i] = (f + m) / 2;
        minus[i] = (f - m) / 2;
    }
    const int out = drift(w, j, 1) > 0;
    const double last = out ? 3 * (plus[n - 1] - plus[n - 2]) + plus[n - 3] : 0;
    for (int k = 0; k < GHOST; k++) {
        plus[n + (size_t)k] = k == 0 ? last : out ? 2 * plus[n + (size_t)k - 1] - plus[n + (size_t)k - 2] : 0;
        minus[n + (size_t)k] = out ? 2 * minus[n + (size_t)k - 1] - minus[n + (size_t)k - 2] : 0;
        plus[-1 - k] = minus[-1 - k] = 0;
    }
    for (ptrdiff_t i = 0; i + 1 < (ptrdiff_t)n; i++)
        flux[i + 1] = weno5(plus[i - 2], plus[i - 1], plus[i], plus[i + 1], plus[i + 2]) +
                      weno5(minus[i + 3], minus[i + 2], minus[i + 1], minus[i], minus[i - 1]);
    const size_t i = n - 1;
    flux[n] = out ? weno5(plus[i - 2], plus[i - 1], plus[i], plus[i + 1], plus[i + 2]) +
                        weno5(minus[i + 3], minus[i + 2], minus[i + 1], minus[i], minus[i - 1])
                  : 0;
    flux[0] = flux[n];
    for (size_t k = 0; k < n; k++) dp[k] -= (flux[k + 1] - flux[k]) / dv;
    return flux[n];
}

/* The fluxes of the faces above a row from six rows, r[2] being this one; the row's balance, and the fluxes for the next. */
static void face_row(size_t n, const double *const *r, const double *speed, double most, double diffusion,
                     double inverse, double *restrict below, double *restrict row)
{
    const double *restrict r0 = r[0], *restrict r1 = r[1], *restrict r2 = r[2], *restrict r3 = r[3],
                           *restrict r4 = r[4], *restrict r5 = r[5];
    const double u0 = speed[0] + most, u1 = speed[1] + most, u2 = speed[2] + most, u3 = speed[3] + most,
                 u4 = speed[4] + most;
    const double d1 = speed[1] - most, d2 = speed[2] - most, d3 = speed[3] - most, d4 = speed[4] - most,
                 d5 = speed[5] - most;
    for (size_t i = 0; i < n; i++) {
        const double flux = 0.5 * weno5(u0 * r0[i], u1 * r1[i], u2 * r2[i], u3 * r3[i], u4 * r4[i]) +
                            0.5 * weno5(d5 * r5[i], d4 * r4[i], d3 * r3[i], d2 * r2[i], d1 * r1[i]) -
                            diffusion * (27 * (r3[i] - r2[i]) - (r4[i] - r1[i]));
        row[i] -= (flux - below[i]) * inverse;
        below[i] = flux;
    }
}

static void last_row(size_t n, double inverse, const double *below, double *row)
{
    for (size_t i = 0; i < n; i++) row[i] += below[i] * inverse;
}

/* dp −= ∂_g of drift and diffusion, no flux at both ends. */
static void along_g(peer *w, const double *p, double *dp)
{
    const size_t n = w->n_v, m = w->n_g;
    const double sigma = w->p->sigma, a = w->p->noise, most = fmax(w->p->input, w->p->g_end - w->p->input) / sigma;
    memset(w->below, 0, n * sizeof(double));
    for (size_t j = 0; j < m; j++) { /* the face above row j */
        const double *r[6];
        double speed[6];
        for (int k = 0; k < 6; k++) { /* beyond the ends the nearest row, mirrored */
            ptrdiff_t at = (ptrdiff_t)j + k - 2;
            if (at < 0) at = -1 - at;
            if (at >= (ptrdiff_t)m) at = 2 * (ptrdiff_t)m - 1 - at;
            r[k] = p + (size_t)at * w->stride;
            speed[k] = (w->p->input - ((double)at + 0.5) * w->dg) / sigma;
        }
        if (j + 1 < m) face_row(n, r, speed, most, a / (sigma * 24 * w->dg), 1 / w->dg, w->below, dp + j * w->stride);
        else last_row(n, 1 / w->dg, w->below, dp + j * w->stride);
    }
}

static double slope(peer *w, const double *p, double *dp)
{
    double rate = 0;
    memset(dp, 0, w->n_g * w->stride * sizeof(double));
    for (size_t j = 0; j < w->n_g; j++) rate += w->dg * along_v(w, j, p + j * w->stride, dp + j * w->stride);
    along_g(w, p, dp);
    return rate;
}

/* One step of the TVD method of order 3 (Shu & Osher, J. Comput. Phys. 77, 1988); the rate at its beginning. */
static double step(peer *w, double h, double *p, double *q, double *dp)
{
    const size_t n = w->n_g * w->stride;
    const double rate = slope(w, p, dp);
    for (size_t i = 0; i < n; i++) q[i] = p[i] + h * dp[i];
    slope(w, q, dp);
    for (size_t i = 0; i < n; i++) q[i] = 0.75 * p[i] + 0.25 * (q[i] + h * dp[i]);
    slope(w, q, dp);
    for (size_t i = 0; i < n; i++) p[i] = p[i] / 3 + 2. / 3 * (q[i] + h * dp[i]);
    return rate;
}

int weno_run(const weno_problem *problem, const double *times, size_t n, double *rates, double *seconds, long *steps)
{
    peer w = {.p = problem, .n_v = problem->n_v, .n_g = problem->n_g, .stride = problem->n_v};
    w.dv = 1 / (double)w.n_v;
    w.dg = problem->g_end / (double)w.n_g;
    const size_t size = w.n_g * w.stride, padded = w.n_v + 2 * GHOST + 2;
    double *p = bench_alloc(size, sizeof *p), *q = bench_alloc(size, sizeof *q), *dp = bench_alloc(size, sizeof *dp);
    w.flux = bench_alloc(padded, sizeof(double));
    w.plus = bench_alloc(padded, sizeof(double));
    w.minus = bench_alloc(padded, sizeof(double));
    w.below = bench_alloc(padded, sizeof(double));
    double mass = 0;
    for (size_t j = 0; j < w.n_g; j++)
        for (size_t i = 0; i < w.n_v; i++) {
            const double v = ((double)i + 0.5) * w.dv, g = ((double)j + 0.5) * w.dg;
            p[j * w.stride + i] = exp(-pow(v - problem->mean, 2) / (2 * problem->variance) -
                                      pow(g - problem->g_mean, 2) / (2 * problem->g_variance));
            mass += p[j * w.stride + i] * w.dv * w.dg;
        }
    for (size_t i = 0; i < size; i++) p[i] /= mass;
    /* The largest stable step, by experience with the method: CFL 0.8 in v, and half of dg²/(2a/σ) with the drift. */
    const double speed = problem->g_leak + problem->g_end * problem->v_excitatory;
    const double advect = 0.8 / (speed / w.dv), diffuse = 0.6 * w.dg * w.dg * problem->sigma / (problem->noise * 1.34);
    const double longest = 1 / (1 / advect + 1 / diffuse);
    const double begin = bench_clock();
    double t = 0;
    *steps = 0;
    for (size_t k = 0; k < n; k++) {
        const double count = ceil((times[k] - t) / longest), h = (times[k] - t) / count;
        for (double i = 0; i < count; i++, ++*steps) step(&w, h, p, q, dp);
        t = times[k];
        memcpy(q, p, size * sizeof *q);
        rates[k] = slope(&w, q, dp);
    }
    *seconds = bench_clock() - begin;
    double *const blocks[] = {p, q, dp, w.flux, w.plus, w.minus, w.below};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) free(blocks[i]);
    return 0;
}
