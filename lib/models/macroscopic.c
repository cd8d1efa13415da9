/* SPDX-License-Identifier: BSD-3-Clause
 * Steady states of the macroscopic equation ∂_t n + ∂_v[(A − B v) n] + φ n = N δ(v − V_R), N = ∫ φ n, and their stability.
 *
 * With the age s since V_R, v(s) = v* − (v* − V_R) e^{−Bs}, the fraction that has not fired is S(s) = e^{−Φ(s)}, Φ' =
 * φ(v(s)), and 1/N = T = ∫ S ds. With a refractory state 1/N = T + τ.
 *
 * Ages are cut into panels with Gauss points and the matrix that integrates the polynomial through them. */
#include "models/macroscopic.h"

#include "numerics/quadrature.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SCAN = 4000 };

/* |1/(T + τ) − N|/N up to which two states are one: rounding. */
static const double touching = 1e-14;

static void make_rule(npde__ages *s)
{
    double b[NPDE__AGE_POINTS], l[NPDE__MAX_NODES];
    npde__quadrature_gauss(NPDE__AGE_POINTS, s->x, s->w);
    for (size_t i = 0; i < NPDE__AGE_POINTS; i++) {
        s->x[i] = (s->x[i] + 1) / 2;
        s->w[i] /= 2;
    }
    npde__quadrature_barycentric(NPDE__AGE_POINTS, s->x, b);
    for (size_t i = 0; i < NPDE__AGE_POINTS; i++)
        for (size_t q = 0; q < NPDE__AGE_POINTS; q++) {
            npde__quadrature_lagrange(NPDE__AGE_POINTS, s->x, b, s->x[i] * s->x[q], l);
            for (size_t j = 0; j < NPDE__AGE_POINTS; j++)
                s->integral[i * NPDE__AGE_POINTS + j] += s->x[i] * s->w[q] * l[j];
        }
}

double npde__macroscopic_potential(const npde__ages *s, double age)
{
    const double target = s->a / s->b;
    return target - (target - s->pop.v_reset) * exp(-s->b * age);
}

static npde_status add_panel(npde__ages *s, double begin, double length)
{
    const size_t k = s->n_panels++;
    double v[NPDE__AGE_POINTS];
    s->begin[k] = begin;
    s->length[k] = length;
    for (size_t i = 0; i < NPDE__AGE_POINTS; i++) v[i] = npde__macroscopic_potential(s, begin + length * s->x[i]);
    memset(s->phi[k], 0, sizeof s->phi[k]);
    const npde_status status =
        s->discharge == NPDE_DISCHARGE_NONE ? NPDE_OK : npde__model_discharge(&s->of, NPDE__AGE_POINTS, v, s->phi[k]);
    const double before = k ? s->passed_end[k - 1] : 0;
    s->passed_end[k] = before;
    for (size_t i = 0; i < NPDE__AGE_POINTS; i++) {
        s->passed[k][i] = before;
        for (size_t j = 0; j < NPDE__AGE_POINTS; j++)
            s->passed[k][i] += length * s->integral[i * NPDE__AGE_POINTS + j] * s->phi[k][j];
        s->passed_end[k] += length * s->w[i] * s->phi[k][i];
    }
    return status;
}

/* Cuts the ages at a conductance, and the mean time between spikes; infinite when not all fire. */
npde_status npde__macroscopic_cut(npde__ages *s, double g, double *time)
{
    s->a = npde__kinetic_a(&s->pop, g);
    s->b = npde__kinetic_b(&s->pop, g);
    s->n_panels = 0;
    const double target = s->a / s->b, crossing = npde__kinetic_crossing(&s->pop, g);
    *time = INFINITY;
    if (s->discharge == NPDE_DISCHARGE_NONE && !isfinite(crossing)) return NPDE_OK;
    if (s->discharge != NPDE_DISCHARGE_NONE) { /* what comes to v* must fire there */
        const double way = isfinite(crossing) ? target - s->pop.v_threshold : target - s->pop.v_reset;
        double v[3], phi[3]; /* on the same side of V_F as v* */
        for (int i = 0; i < 3; i++) v[i] = target - 1e-3 * i * way;
        const npde_status status = npde__model_discharge(&s->of, 3, v, phi);
        /* A step fires beyond V_F even where v* is so near that its double is V_F. */
        if (s->discharge == NPDE_DISCHARGE_STEP && isfinite(crossing)) phi[0] = phi[1] = phi[2] = s->kappa;
        if (status || !(phi[0] > 0)) return status;
        s->tail_phi = phi[0];
        s->tail_slope = way != 0 ? (3 * phi[0] - 4 * phi[1] + phi[2]) / (2e-3 * way) : 0;
    }
    /*
     * Panels up to V_F, where the discharge may have a kink, then on to where v is v* to rounding or nothing is left. The
     * built-in discharges do nothing up to V_F, so that one panel is enough (its integrals are closed forms), and are
     * constant beyond if they are a step.
     */
    const int sharp = s->discharge == NPDE_DISCHARGE_NONE, custom = s->discharge == NPDE_DISCHARGE_CUSTOM;
    const double end =
        sharp || s->discharge == NPDE_DISCHARGE_STEP ? crossing : (isfinite(crossing) ? crossing : 0) + 37 / s->b;
    double age = 0, most = INFINITY;
    npde_status status = NPDE_OK;
    if (!custom) status = add_panel(s, 0, age = crossing);
    while (age < end && !status && s->n_panels < NPDE__AGE_PANELS) {
        double length = fmin(s->longest / s->b, most);
        const double fastest = s->n_panels ? s->phi[s->n_panels - 1][NPDE__AGE_POINTS - 1] : 0;
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
        const double before = s->n_panels ? s->passed_end[s->n_panels - 1] : 0;
        status = add_panel(s, age, length);
        if (s->passed_end[s->n_panels - 1] > before + 8 && length > 1e-9 * age) { /* too much at once */
            s->n_panels--;
            most = length / 4;
            continue;
        }
        most = INFINITY;
        age = age < crossing && fabs(age + length - crossing) <= 1e-12 * crossing ? crossing : age + length;
        if (s->passed_end[s->n_panels - 1] > (s->growth > 0 ? 20 : 45)) break;
    }
    if (status) return status;
    *time = 0;
    for (size_t k = 0; k < s->n_panels; k++)
        for (size_t i = 0; i < NPDE__AGE_POINTS; i++) *time += s->length[k] * s->w[i] * exp(-s->passed[k][i]);
    s->tail_passed = s->passed_end[s->n_panels - 1];
    if (!sharp) *time += exp(-s->tail_passed) / s->tail_phi;
    return NPDE_OK;
}

double npde__macroscopic_mean(const npde__ages *s, double rate)
{
    return npde__kinetic_mean(s->input + s->strength * rate, s->noise + s->noisy * rate);
}

/* 1/(T(ḡ(N)) + τ) − N. */
static npde_status excess(npde__ages *s, double rate, double *out)
{
    const double g = npde__macroscopic_mean(s, rate), crossing = npde__kinetic_crossing(&s->pop, g);
    double time = crossing;
    npde_status status = NPDE_OK;
    if (s->discharge == NPDE_DISCHARGE_STEP) time += 1 / s->kappa;
    else if (s->discharge != NPDE_DISCHARGE_NONE) status = npde__macroscopic_cut(s, g, &time);
    *out = 1 / (time + s->pop.tau) - rate;
    return status;
}

/* ---- all roots ---- */

/* A root between two rates of opposite signs, to rounding: regula falsi in the Illinois form, every third step a bisection. */
static npde_status refine(npde__ages *s, double low, double f_low, double high, double f_high, double *root)
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
static npde_status dip(npde__ages *s, double left, double right, double sign, double *at, double *value)
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

/* The scan goes from 0 to a rate that is small beside all there is and on by equal factors, whatever the units and rate_max are. */
static double scan_at(const npde__ages *s, double rate_max, size_t k)
{
    const double least = 1e-12 * fmin(rate_max, npde__kinetic_b(&s->pop, npde__macroscopic_mean(s, 0)));
    return k ? rate_max * pow(least / rate_max, (double)(SCAN - k) / (SCAN - 1)) : 0;
}

static npde_status find(npde__ages *s, double rate_max, double *rates, size_t capacity, size_t *n)
{
    double f[3] = {NAN, NAN, NAN}, at[3] = {0}, root, place, value;
    npde_status status = NPDE_OK;
    *n = 0;
    for (size_t k = 0; k <= SCAN && !status; k++) {
        memmove(f, f + 1, 2 * sizeof *f);
        memmove(at, at + 1, 2 * sizeof *at);
        at[2] = scan_at(s, rate_max, k);
        status = excess(s, at[2], &f[2]);
        if (status) break;
        const int turned = f[1] * f[2] > 0 && f[0] * f[1] > 0 && fabs(f[1]) < fabs(f[0]) && fabs(f[1]) < fabs(f[2]);
        if (turned) {
            const double sign = f[1] > 0 ? 1 : -1;
            status = dip(s, at[0], at[2], sign, &place, &value);
            if (status || sign * value > touching * place) continue;
            if (sign * value >= 0) {
                keep(rates, capacity, n, place);
                continue;
            }
            status = refine(s, at[0], f[0], place, value, &root);
            keep(rates, capacity, n, root);
            if (!status) status = refine(s, place, value, at[2], f[2], &root);
            keep(rates, capacity, n, root);
        } else if (f[1] * f[2] < 0) {
            status = refine(s, at[1], f[1], at[2], f[2], &root);
            keep(rates, capacity, n, root);
        }
        if (f[2] == 0) keep(rates, capacity, n, at[2]);
    }
    return status;
}

npde_status npde__macroscopic_steady(const npde_model *m, double rate_max, double *rates, double *eigenvalues,
                                     size_t capacity, size_t *n_found)
{
    npde_status status = npde__model_validate(m);
    if (status) return status;
    npde__ages *s = npde__alloc(m->context, 1, sizeof *s);
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
        status = npde__macroscopic_leading(s, rates[i], eigenvalues + 2 * i);
    npde__free(m->context, s);
    return status;
}
