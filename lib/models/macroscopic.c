/* SPDX-License-Identifier: BSD-3-Clause
 * Steady states of the macroscopic equation ∂_t n + ∂_v[(A − B v) n] + φ n = N δ(v − V_R), N = ∫ φ n, and their stability.
 *
 * With the age s since V_R, v(s) = v* − (v* − V_R) e^{−Bs}, the fraction that has not fired is S(s) = e^{−Φ(s)}, Φ' =
 * φ(v(s)), and 1/N = T = ∫ S ds. Perturbations like e^{λt}: Ψ(s), the mean of e^{−λ (time to fire)}, solves Ψ' = (λ +
 * φ)Ψ − φ, and λ is an eigenvalue where
 *
 *     1 − Ψ(0) = e^{−λd} ḡ'(N) N ∫ (V_E − v) (Ψ'/J) S ds,    J = A − B v.
 *
 * With a refractory state 1/N = T + τ, and before Ψ(0) stands the mean of e^{−λ (time in it)}, 1/(1 + λτ) or e^{−λτ}.
 *
 * Ages are cut into panels with Gauss points and the matrix that integrates the polynomial through them. */
#include "models/macroscopic.h"

#include "numerics/quadrature.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { GAUSS = 16, PANELS = 2048, SCAN = 4000 };

typedef struct {
    npde__population of; /* for the discharge */
    kinetic_population pop;
    npde_id discharge;
    double kappa, input, noise, strength, noisy, delay;
    double x[GAUSS], w[GAUSS];      /* on [0, 1] */
    double integral[GAUSS * GAUSS]; /* row i: ∫_0^{x_i} of the polynomial through the points */
    /* The ages at one conductance. */
    double a, b, longest; /* drift; longest panel, in units of 1/B */
    double growth;        /* > 0: panels resolve e^{−growth s} as well, next to V_F and beyond */
    size_t n_panels;
    double begin[PANELS], length[PANELS];
    double phi[PANELS][GAUSS], passed[PANELS][GAUSS]; /* φ and Φ at the points */
    double passed_end[PANELS], tail_phi, tail_passed; /* Φ at the panels' ends; beyond the last, φ is constant */
} study;

static void make_rule(study *s)
{
    double b[GAUSS], l[NPDE__MAX_NODES];
    npde__quadrature_gauss(GAUSS, s->x, s->w);
    for (size_t i = 0; i < GAUSS; i++) {
        s->x[i] = (s->x[i] + 1) / 2;
        s->w[i] /= 2;
    }
    npde__quadrature_barycentric(GAUSS, s->x, b);
    for (size_t i = 0; i < GAUSS; i++)
        for (size_t q = 0; q < GAUSS; q++) {
            npde__quadrature_lagrange(GAUSS, s->x, b, s->x[i] * s->x[q], l);
            for (size_t j = 0; j < GAUSS; j++) s->integral[i * GAUSS + j] += s->x[i] * s->w[q] * l[j];
        }
}

static double potential(const study *s, double age)
{
    const double target = s->a / s->b;
    return target - (target - s->pop.v_reset) * exp(-s->b * age);
}

static npde_status add_panel(study *s, double begin, double length)
{
    const size_t k = s->n_panels++;
    double v[GAUSS];
    s->begin[k] = begin;
    s->length[k] = length;
    for (size_t i = 0; i < GAUSS; i++) v[i] = potential(s, begin + length * s->x[i]);
    memset(s->phi[k], 0, sizeof s->phi[k]);
    const npde_status status =
        s->discharge == NPDE_DISCHARGE_NONE ? NPDE_OK : npde__model_discharge(&s->of, GAUSS, v, s->phi[k]);
    const double before = k ? s->passed_end[k - 1] : 0;
    s->passed_end[k] = before;
    for (size_t i = 0; i < GAUSS; i++) {
        s->passed[k][i] = before;
        for (size_t j = 0; j < GAUSS; j++) s->passed[k][i] += length * s->integral[i * GAUSS + j] * s->phi[k][j];
        s->passed_end[k] += length * s->w[i] * s->phi[k][i];
    }
    return status;
}

/* Cuts the ages at a conductance, and the mean time between spikes; infinite when not all fire. */
static npde_status cut(study *s, double g, double *time)
{
    s->a = npde__kinetic_a(&s->pop, g);
    s->b = npde__kinetic_b(&s->pop, g);
    s->n_panels = 0;
    const double target = s->a / s->b, crossing = npde__kinetic_crossing(&s->pop, g), v_end = target;
    *time = INFINITY;
    if (s->discharge == NPDE_DISCHARGE_NONE && !isfinite(crossing)) return NPDE_OK;
    if (s->discharge != NPDE_DISCHARGE_NONE) { /* what comes to v* must fire there */
        const npde_status status = npde__model_discharge(&s->of, 1, &v_end, &s->tail_phi);
        if (status || !(s->tail_phi > 0)) return status;
    }
    /* Panels up to V_F, where the discharge may have a kink, then on to where v is v* to rounding or nothing is left. */
    const int sharp = s->discharge == NPDE_DISCHARGE_NONE;
    const double end = sharp ? crossing : (isfinite(crossing) ? crossing : 0) + 37 / s->b;
    double age = 0;
    npde_status status = NPDE_OK;
    while (age < end && !status && s->n_panels < PANELS) {
        double length = s->longest / s->b;
        const double fastest = s->n_panels ? s->phi[s->n_panels - 1][GAUSS - 1] : 0;
        if (fastest * length > 1) length = fmax(1 / fastest, length / 64);
        if (s->growth > 0) {
            const double ahead = age < crossing && isfinite(crossing) ? (crossing - age) / 2 : 0;
            length = fmin(length, fmax(6 / s->growth, ahead));
        }
        if (age < crossing && isfinite(crossing)) { /* equal panels, the last one ends at V_F */
            const double left = crossing - age;
            length = left <= length * (1 + 1e-9) ? left : left / ceil(left / length);
        }
        if (age + length > end * (1 - 1e-12)) length = end - age;
        status = add_panel(s, age, length);
        age = age < crossing && fabs(age + length - crossing) <= 1e-12 * crossing ? crossing : age + length;
        if (s->passed_end[s->n_panels - 1] > (s->growth > 0 ? 20 : 45)) break;
    }
    if (status) return status;
    *time = 0;
    for (size_t k = 0; k < s->n_panels; k++)
        for (size_t i = 0; i < GAUSS; i++) *time += s->length[k] * s->w[i] * exp(-s->passed[k][i]);
    s->tail_passed = s->passed_end[s->n_panels - 1];
    if (!sharp) *time += exp(-s->tail_passed) / s->tail_phi;
    return NPDE_OK;
}

static double mean_at(const study *s, double rate)
{
    return npde__kinetic_mean(s->input + s->strength * rate, s->noise + s->noisy * rate);
}

/* 1/(T(ḡ(N)) + τ) − N. */
static npde_status excess(study *s, double rate, double *out)
{
    const double g = mean_at(s, rate), crossing = npde__kinetic_crossing(&s->pop, g);
    double time = crossing;
    npde_status status = NPDE_OK;
    if (s->discharge == NPDE_DISCHARGE_STEP) time += 1 / s->kappa;
    else if (s->discharge != NPDE_DISCHARGE_NONE) status = cut(s, g, &time);
    *out = 1 / (time + s->pop.tau) - rate;
    return status;
}

/* ---- all roots ---- */

/* A root between two rates of opposite signs, to rounding: regula falsi in the Illinois form, every third step a bisection. */
static npde_status refine(study *s, double low, double f_low, double high, double f_high, double *root)
{
    npde_status status = NPDE_OK;
    for (int i = 0; i < 200 && high - low > 2 * DBL_EPSILON * high && !status; i++) {
        double middle = i % 3 == 2 ? (low + high) / 2 : (low * f_high - high * f_low) / (f_high - f_low), f;
        if (!(middle > low && middle < high)) middle = (low + high) / 2;
        if (!(middle > low && middle < high)) break;
        status = excess(s, middle, &f);
        if (f == 0) low = high = middle;
        if ((f > 0) == (f_low > 0)) {
            low = middle;
            f_low = f;
            f_high /= 2;
        } else {
            high = middle;
            f_high = f;
            f_low /= 2;
        }
    }
    *root = (low + high) / 2;
    return status;
}

/* Where |F| is least between three rates, of which the middle one has the least; to see whether F changes its sign there. */
static npde_status dip(study *s, double left, double right, double sign, double *at, double *value)
{
    const double golden = 0.38196601125010515;
    double x = left + golden * (right - left), y = right - golden * (right - left), f = 0, h = 0;
    npde_status status = excess(s, x, &f);
    if (!status) status = excess(s, y, &h);
    for (int i = 0; i < 60 && !status && sign * f > 0 && sign * h > 0; i++) {
        if (sign * f < sign * h) {
            right = y;
            y = x;
            h = f;
            x = left + golden * (right - left);
            status = excess(s, x, &f);
        } else {
            left = x;
            x = y;
            f = h;
            y = right - golden * (right - left);
            status = excess(s, y, &h);
        }
    }
    *at = sign * f < sign * h ? x : y;
    *value = sign * f < sign * h ? f : h;
    return status;
}

static void keep(double *rates, size_t capacity, size_t *n, double rate)
{
    if (*n < capacity) rates[*n] = rate;
    ++*n;
}

/* The scan: finer towards 0, where rates are small. */
static double scan_at(double rate_max, size_t k)
{
    const double x = (double)k / SCAN;
    return rate_max * x * x * x;
}

static npde_status find(study *s, double rate_max, double *rates, size_t capacity, size_t *n)
{
    double f[3] = {NAN, NAN, NAN}, at[3] = {0}, root, place, value;
    npde_status status = NPDE_OK;
    *n = 0;
    for (size_t k = 0; k <= SCAN && !status; k++) {
        memmove(f, f + 1, 2 * sizeof *f);
        memmove(at, at + 1, 2 * sizeof *at);
        at[2] = scan_at(rate_max, k);
        status = excess(s, at[2], &f[2]);
        if (status) break;
        const int turned = f[1] * f[2] > 0 && f[0] * f[1] > 0 && fabs(f[1]) < fabs(f[0]) && fabs(f[1]) < fabs(f[2]);
        if (k == 0 && f[2] == 0) keep(rates, capacity, n, 0);
        if (turned) {
            const double sign = f[1] > 0 ? 1 : -1;
            status = dip(s, at[0], at[2], sign, &place, &value);
            if (status || sign * value > 0) continue;
            status = refine(s, at[0], f[0], place, value, &root);
            keep(rates, capacity, n, root);
            if (!status) status = refine(s, place, value, at[2], f[2], &root);
            keep(rates, capacity, n, root);
        } else if (f[1] * f[2] < 0) {
            status = refine(s, at[1], f[1], at[2], f[2], &root);
            keep(rates, capacity, n, root);
        }
    }
    return status;
}

/* ---- stability ---- */

/* (1 − Ψ(0) − …)/λ at the ages cut for the rate; the root λ = 0, the mass, is divided out. */
static double complex characteristic(const study *s, double rate, double slope, double complex lambda)
{
    const int sharp = s->discharge == NPDE_DISCHARGE_NONE;
    double complex psi = sharp ? 1 : s->tail_phi / (s->tail_phi + lambda), sum = 0, last = 0;
    for (size_t k = s->n_panels; k-- > 0;) {
        const double length = s->length[k], end = s->passed_end[k];
        double complex kernel[GAUSS]; /* φ e^{−λ(u − s_r) − Φ(u) + Φ_r}, from the panel's right end */
        double complex total = 0;
        for (size_t i = 0; i < GAUSS; i++) {
            kernel[i] = s->phi[k][i] * cexp(lambda * (length * (1 - s->x[i])) + (end - s->passed[k][i]));
            total += length * s->w[i] * kernel[i];
        }
        for (size_t i = GAUSS; i-- > 0;) {
            double complex part = total;
            for (size_t j = 0; j < GAUSS; j++) part -= length * s->integral[i * GAUSS + j] * kernel[j];
            const double complex here =
                (psi + part) * cexp(-lambda * (length * (1 - s->x[i])) - (end - s->passed[k][i]));
            const double v = potential(s, s->begin[k] + length * s->x[i]), j0 = s->a - s->b * v;
            const double complex by_v = j0 > 1e-9 * s->a ? ((lambda + s->phi[k][i]) * here - s->phi[k][i]) / j0 : last;
            last = j0 > 1e-9 * s->a ? by_v : last;
            sum += length * s->w[i] * (s->pop.v_excitatory - v) * by_v * exp(-s->passed[k][i]);
        }
        const double before = k ? s->passed_end[k - 1] : 0;
        psi = (psi + total) * cexp(-lambda * length - (end - before));
    }
    const double complex waits =
        s->pop.refractory == NPDE_REFRACTORY_FIXED ? cexp(-lambda * s->pop.tau) : 1 / (1 + lambda * s->pop.tau);
    return (1 - waits * psi - cexp(-lambda * s->delay) * slope * rate * sum) / lambda;
}

/* The integrals over all ages converge to the right of −φ(v*). */
static double limit(const study *s, double rate)
{
    return s->discharge == NPDE_DISCHARGE_NONE ? -12 * rate : -0.999 * s->tail_phi;
}

/* The secant method; 0 when it does not come to a root. */
static int secant(const study *s, double rate, double slope, double complex *lambda)
{
    double complex before = *lambda * 1.001 + 1e-3 * rate, f_before = characteristic(s, rate, slope, before);
    for (int i = 0; i < 40; i++) {
        const double complex f = characteristic(s, rate, slope, *lambda);
        double complex move = f * (*lambda - before) / (f - f_before);
        const double size = cabs(*lambda) + rate;
        if (!isfinite(creal(move)) || !isfinite(cimag(move))) return f == 0;
        if (cabs(move) > size) move *= size / cabs(move);
        before = *lambda;
        f_before = f;
        *lambda -= move;
        if (creal(*lambda) < limit(s, rate) || cabs(*lambda) * s->longest > 6 * s->b)
            return 0; /* beyond what panels resolve */
        if (cabs(move) < 1e-11 * size) return cabs(*lambda) > 1e-7 * rate;
    }
    return 0;
}

/*
 * The largest real root > 0, NaN if there is none: 1 − Ψ(0) − … tends to 1 for λ → ∞, so coming down from there it is
 * where the sign changes, however sharply potentials are driven over V_F. A state between two others always has one. (Of
 * one too large for the panels a lower bound.)
 */
static npde_status real_root(study *s, double rate, double slope, double *root)
{
    enum { DOUBLINGS = 22 };
    double high = NAN, low = ldexp(s->b, 13), f = 1, time;
    npde_status status = NPDE_OK;
    *root = NAN;
    for (int k = 0; k < DOUBLINGS && !status && f > 0; k++) {
        high = low;
        low = high / 2;
        s->growth = high;
        status = cut(s, mean_at(s, rate), &time);
        if (!status && s->n_panels < PANELS) f = creal(characteristic(s, rate, slope, low));
    }
    for (int i = 0; i < 100 && f < 0 && !status; i++) {
        const double middle = (low + high) / 2;
        if (!(middle > low && middle < high)) break;
        if (creal(characteristic(s, rate, slope, middle)) < 0) low = middle;
        else high = middle;
        *root = middle;
    }
    s->growth = 0;
    return status;
}

static npde_status leading(study *s, double rate, double *re_im)
{
    enum { REAL = 5, MODES = 17, FAR = 8 };
    static const double real[REAL] = {-2.5, -1, -0.2, 0.5, 3};
    re_im[0] = re_im[1] = NAN;
    if (rate == 0) return NPDE_OK;
    const double step = 1e-5 * rate;
    const double slope = (mean_at(s, rate + step) - mean_at(s, rate - step)) / (2 * step);
    double time;
    npde_status status = NPDE_OK;
    s->b = npde__kinetic_b(&s->pop, mean_at(s, rate));
    for (int k = 0; k < REAL * MODES + FAR && !status; k++) {
        /* Up to six turns a spike; and along the real axis, on finer panels. */
        const int far = k >= REAL * MODES;
        if (k == 0 || k == REAL * MODES) {
            s->longest = far ? 0.025 : fmin(0.5, 6 / (42 * rate / s->b));
            status = cut(s, mean_at(s, rate), &time);
        }
        const int mode = k / REAL;
        double complex lambda = rate * (real[k % REAL] + I * (2.4 * mode));
        if (far) lambda = s->b * pow(2, 1.5 * (k - REAL * MODES) - 3);
        if (!secant(s, rate, slope, &lambda) || creal(lambda) <= re_im[0]) continue;
        re_im[0] = creal(lambda);
        re_im[1] = fabs(cimag(lambda)) > 1e-9 * rate ? fabs(cimag(lambda)) : 0;
    }
    double root = NAN;
    if (!status) status = real_root(s, rate, slope, &root);
    if (root > re_im[0] || (root > 0 && isnan(re_im[0]))) {
        re_im[0] = root;
        re_im[1] = 0;
    }
    if (isnan(re_im[0])) re_im[0] = limit(s, rate);
    return status;
}

npde_status npde__macroscopic_steady(const npde_model *m, double rate_max, double *rates, double *eigenvalues,
                                     size_t capacity, size_t *n_found)
{
    npde_status status = npde__model_validate(m);
    if (status) return status;
    study *s = npde__alloc(m->context, 1, sizeof *s);
    if (!s) return NPDE_ERR_MEMORY;
    s->of = npde__model_population(m, 0);
    s->pop = npde__kinetic_read(m, 0);
    s->discharge = (npde_id)npde__model_value(m, 0, NPDE_PARAM_DISCHARGE);
    s->kappa = npde__model_value(m, 0, NPDE_PARAM_DISCHARGE_RATE);
    s->input = npde__model_value(m, 0, NPDE_PARAM_CONDUCTANCE_INPUT);
    s->noise = npde__model_value(m, 0, NPDE_PARAM_CONDUCTANCE_DIFFUSION);
    s->strength = npde__model_value(m, 0, NPDE_PARAM_CONNECTIVITY);
    s->noisy = npde__model_value(m, 0, NPDE_PARAM_NOISE_CONNECTIVITY);
    s->delay = npde__model_value(m, 0, NPDE_PARAM_DELAY);
    s->longest = 0.5;
    make_rule(s);
    status = find(s, rate_max, rates, capacity, n_found);
    for (size_t i = 0; i < *n_found && i < capacity && eigenvalues && !status; i++)
        status = leading(s, rates[i], eigenvalues + 2 * i);
    npde__free(m->context, s);
    return status;
}
