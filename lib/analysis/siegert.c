/* SPDX-License-Identifier: BSD-3-Clause
 * All integrands are positive and divided by their largest value, so that nothing cancels, overflows or underflows. */
#include "analysis/siegert.h"

#include <math.h>

enum { HALF = 8 }; /* Gauss–Legendre with 16 points, by symmetry */
static const double gauss_x[HALF], gauss_w[HALF];

static const double gaussian_panel = 4; /* longest panel on which the rule resolves e^{−s²/2} to rounding */
static const double reach = 9.5;        /* e^{−reach²/2} is below rounding */

typedef struct {
    double f, r_less_f; /* w_F, and w_R − w_F < 0 */
    double zeroth, first, second;
} passage;

/*
 * Adds to ∫ e^{s w_F − s²/2 − m} (1 − e^{−s(w_F − w_R)}) s^{k−1} ds, k = 0, 1, 2, m = max(0, w_F)²/2, what [left, right]
 * holds.
 */
static void add_panel(passage *p, double left, double right)
{
    const double half = (right - left) / 2, middle = (right + left) / 2;
    for (int i = 0; i < 2 * HALF; i++) {
        const int k = i % HALF;
        const double s = middle + half * (i < HALF ? -gauss_x[k] : gauss_x[k]);
        const double exponent = p->f > 0 ? -(s - p->f) * (s - p->f) / 2 : s * (p->f - s / 2);
        const double x = -half * gauss_w[k] * exp(exponent) * expm1(s * p->r_less_f);
        p->zeroth += x / s;
        p->first += x;
        p->second += x * s;
    }
}

npde__escape npde__siegert_escape(const npde__siegert *s)
{
    const double mean = s->leak + s->time_constant * s->drive, sigma = sqrt(s->time_constant * s->diffusion);
    passage p = {.f = (s->threshold - mean) / sigma, .r_less_f = -(s->threshold - s->reset) / sigma};
    /* Panels grow threefold from the shortest scale in the exponents: on each, 1/s and the exponentials are smooth. */
    double left = fmax(0, p.f - reach), length = fmin(gaussian_panel, 8 / (fmax(0, -p.f) - p.r_less_f));
    if (left > 0) length = gaussian_panel;
    const double end = p.f >= 0 ? p.f + reach : reach * reach / (sqrt(p.f * p.f + reach * reach) - p.f);
    while (left < end) {
        const double right = left + length < end ? left + length : end;
        add_panel(&p, left, right);
        length = fmin(gaussian_panel, left > 0 ? 3 * length : 2 * length);
        left = right;
    }
    const double most = fmax(0, p.f);
    return (npde__escape){
        .log_time = most * most / 2 + log(s->time_constant * p.zeroth),
        .by_drive = s->time_constant / sigma * (p.first / p.zeroth),
        .by_diffusion = (p.second / p.zeroth) / (2 * s->diffusion),
    };
}

/* ∫_0^length e^{−c t + t²/2} dt for 0 ≤ length ≤ c: what lies below the peak of e^{u²/2} at u = c, as a part of it. */
static double below_peak(double c, double length)
{
    const double enough = reach * reach / 2 / c; /* where e^{−ct/2} ≥ e^{−ct + t²/2} has gone … */
    const double end = fmin(length, 2 * enough); /* … to rounding */
    double left = 0, sum = 0, panel = fmin(gaussian_panel / 2, 8 / fmax(c, 1));
    while (left < end) {
        const double right = fmin(left + panel, end), half = (right - left) / 2, middle = (right + left) / 2;
        for (int i = 0; i < 2 * HALF; i++) {
            const int k = i % HALF;
            const double t = middle + half * (i < HALF ? -gauss_x[k] : gauss_x[k]);
            sum += half * gauss_w[k] * exp(t * (t / 2 - c));
        }
        left = right;
    }
    return sum;
}

double npde__siegert_density(const npde__siegert *s, double log_rate, double v)
{
    const double mean = s->leak + s->time_constant * s->drive, sigma = sqrt(s->time_constant * s->diffusion);
    const double x = (v - mean) / sigma, f = (s->threshold - mean) / sigma, r = (s->reset - mean) / sigma;
    const double from = fmax(x, r);
    if (!(from < f)) return 0;
    /* ∫_from^f e^{(u² − m²)/2} du on both sides of u = 0, m the larger of |from|, |f|. */
    const double m = fmax(fabs(from), fabs(f));
    double sum = 0;
    if (f > 0) sum += exp((f - m) * (f + m) / 2) * below_peak(f, fmin(f, f - from));
    if (from < 0) sum += exp((-from - m) * (-from + m) / 2) * below_peak(-from, fmin(-from, f - from));
    return sum * exp(log_rate + (m - x) * (m + x) / 2) * sigma / s->diffusion;
}

/*
 * y = E e^{−w²/4} solves y'' = Q y, Q = w²/4 + z − 1/2, so u = y'/y solves u' + u² = Q. By powers of the slowness of Q
 * (Liouville and Green; Bender & Orszag, Advanced Mathematical Methods, 1978, 10.1) u = u_0 + u_1 + …, u_0 = √Q,
 *
 *     u_{n+1} = −(u_n' + Σ_{0<i≤n} u_i u_{n+1−i})/(2 u_0),   u_n = Σ_j c_nj w^j u_0^{1−2n−j}.
 *
 * E(z+1) = ∂_w E, so that E(z+1)/E(z) = u + w/2. The last term tells the error.
 */
static double complex log_slope(double complex root, double w, double *error)
{
    enum { TERMS = 7 };
    double c[TERMS][TERMS] = {{1}};
    double complex sum = root, term = 0;
    for (int n = 0; n + 1 < TERMS; n++) {
        for (int j = 0; j <= n; j++) {
            if (j > 0) c[n + 1][j - 1] -= c[n][j] * j / 2;
            c[n + 1][j + 1] -= c[n][j] * (1 - 2 * n - j) / 8;
        }
        for (int i = 1; i <= n; i++)
            for (int j = 0; j <= i; j++)
                for (int k = 0; k <= n + 1 - i; k++) c[n + 1][j + k] -= c[i][j] * c[n + 1 - i][k] / 2;
        term = 0;
        for (int j = n + 1; j >= 0; j--) term = term * (w / root) + c[n + 1][j];
        for (int k = 0; k < 2 * n + 1; k++) term /= root;
        sum += term;
    }
    *error = cabs(term) / cabs(sum);
    return sum;
}

int npde__siegert_fast(const npde__siegert *neuron, double complex s, double complex *by_drive,
                       double complex *by_diffusion)
{
    const double tau = neuron->time_constant, mean = neuron->leak + tau * neuron->drive,
                 sigma = sqrt(tau * neuron->diffusion);
    const double f = (neuron->threshold - mean) / sigma, r = (neuron->reset - mean) / sigma, negligible = 40;
    const double complex z = s * tau, root = csqrt(f * f / 4 + z - 0.5);
    /* ln E(z, w_F)/E(z, w_R) = ∫ u + w/2 dw, and Re √Q is least where w = 0. */
    if (!(creal(csqrt(z - 0.5)) * (f - r) + (f - r) * (f + r) / 4 > negligible)) return 0;
    double error;
    const double complex slope = log_slope(root, f, &error) + f / 2;
    if (!(error < 1e-16)) return 0;
    *by_drive = tau / (sigma * (1 + z)) * slope;
    *by_diffusion = 1 / (neuron->diffusion * (2 + z)) * (f * slope + z);
    return 1;
}

static const double gauss_x[HALF] = {0.095012509837637440185, 0.28160355077925891323, 0.45801677765722738634,
                                     0.61787624440264374845,  0.7554044083550030339,  0.86563120238783174388,
                                     0.94457502307323257608,  0.9894009349916499326};
static const double gauss_w[HALF] = {0.18945061045506849629,  0.18260341504492358887, 0.16915651939500253819,
                                     0.14959598881657673208,  0.12462897125553387205, 0.09515851168249278481,
                                     0.062253523938647892863, 0.027152459411754094852};
