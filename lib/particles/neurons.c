/* SPDX-License-Identifier: BSD-3-Clause
 * Single neurons: a step of many at once, and one by one those that fire in it. */
#include "particles/particles.h"

#include <math.h>

/* ---- one neuron on its way ---- */

/* Where a neuron is, its motion is dV = (force − k (V − v)) dt + noise. */
typedef struct {
    double force, k;
} motion;

static motion motion_at(const npde__neurons *pop, double v)
{
    const npde__profile *f = pop->profile;
    if (!f) return (motion){(pop->leak - v) * pop->rate + pop->drive, pop->rate};
    const size_t cell = npde__profile_cell(f, v);
    return (motion){f->drift[cell] + f->slope[cell] * npde__profile_offset(f, cell, v) + pop->drive, -f->slope[cell]};
}

static double variance_after(const npde__neurons *pop, double k, double h)
{
    return 2 * pop->diffusion * npde__profile_growth(2 * k, h);
}

/* Where a neuron at v is a time h later. */
static double reach(const npde__neurons *pop, double v, double h, double normal)
{
    const motion m = motion_at(pop, v);
    return v + m.force * npde__profile_growth(m.k, h) + normal * sqrt(variance_after(pop, m.k, h));
}

/* Does a neuron fire on its way from v0 to v1 in a time h? See kernels_leaky.h for the sharp threshold. */
static int fires(const npde__network *w, const npde__neurons *pop, double v0, double v1, double h, double exponential)
{
    if (!pop->sharp)
        return exponential <
               h * (npde__profile_discharge(pop->profile, v0) + npde__profile_discharge(pop->profile, v1)) / 2;
    const double d0 = pop->threshold - v0, d1 = pop->threshold - v1;
    if (d0 <= 0 || d1 <= 0) return 1;
    if (!w->bridge) return 0;
    const motion m = motion_at(pop, v0);
    const double curve = -m.k * (m.force - m.k * d0) * h * h / 12;
    return (d0 + curve) * (d1 + curve) * 2 * exp(-m.k * h) / variance_after(pop, m.k, h) < exponential;
}

/* An inverse Gaussian variate of mean m and shape s (Michael, Schucany & Haas, Am. Stat. 30, 1976), without
 * cancellation. */
static double inverse_gaussian(double m, double s, double normal, double uniform)
{
    const double q = m * normal * normal / (2 * s), x = m / (1 + q + sqrt(q * (q + 2)));
    return uniform * (m + x) <= m ? x : m * (m / x);
}

/*
 * When, of a neuron that crosses. In the time s = a(e^{2kt} − 1)/k the path is a Brownian motion and the threshold
 * nearly a line; the bridge from d₀ below it to d₁ off it, over S, meets it at s = S u/(1 + u) with u inverse Gaussian
 * of mean d₀/d₁, shape d₀²/S.
 */
static double crossing_time(const npde__neurons *pop, double v0, double v1, double h, double normal, double uniform)
{
    const double d0 = pop->threshold - v0;
    if (d0 <= 0) return 0;
    const double k = motion_at(pop, v0).k, a = pop->diffusion;
    const double whole = variance_after(pop, k, h) * exp(2 * k * h);
    const double d1 = fmax(fabs(pop->threshold - v1) * exp(k * h), 1e-150 * d0);
    const double u = inverse_gaussian(d0 / d1, d0 * d0 / whole, normal, uniform);
    const double s = u < 1 ? whole * u / (1 + u) : whole / (1 + 1 / u);
    const double t = fabs(k * s) < 1e-12 * a ? s / (2 * a) : log1p(k * s / a) / (2 * k);
    return fmin(fmax(t, 0), h);
}

/* When, of a neuron that is discharged: the chance grows linearly from v0 to v1, and its integral meets the
 * exponential. */
double npde__neurons_discharge_time(double begin, double end, double h, double exponential)
{
    const double rise = (end - begin) / h;
    return fmin(h, 2 * exponential / (begin + sqrt(fmax(0, begin * begin + 2 * rise * exponential))));
}

/* ---- neurons that fire, and those that come back ---- */

double npde__neurons_wait(const npde__neurons *pop, double exponential)
{
    return pop->refractory == NPDE_REFRACTORY_EXPONENTIAL ? pop->hold * exponential : pop->hold;
}

double npde__neurons_held_until(const npde__network *w, double t)
{
    const double ticks = floor((t - w->began) / w->dt * NPDE__PARTICLES_TICKS);
    return npde__of_bits(NPDE__HELD +
                         (ticks < (double)NPDE__HELD_LONGEST ? (uint64_t)fmax(0, ticks) : NPDE__HELD_LONGEST));
}

double npde__neurons_left(const npde__network *w, double held)
{
    const double ticks = (double)(npde__bits(held) - NPDE__HELD) + 0.5;
    const double until = w->began + ticks * (w->dt / NPDE__PARTICLES_TICKS);
    return fmin(w->h, fmax(0, w->t + w->h - until));
}

void npde__neurons_hold(const npde__network *w, npde__neurons *pop, size_t i, double now, double exponential)
{
    pop->v[i] = npde__neurons_held_until(w, now + npde__neurons_wait(pop, exponential));
}

/*
 * What is left of the step of neuron i, which fires (exponential: what its discharge was compared with) on its way from
 * v0 to v1, or is back after `left` has passed of the step. Each pass is one life from the reset on. The number of
 * spikes.
 */
static int64_t live_on(const npde__network *w, npde__neurons *pop, size_t p, size_t i, double v0, double v1,
                       double exponential)
{
    const uint32_t index = npde__network_index(w, p, i);
    const int back = isnan(v0);
    double left = w->h;
    int64_t spikes = 0;
    for (uint32_t k = NPDE__PURPOSE_SPIKE;; k += 2) {
        const npde__random a = npde__random_draw(w->seed, w->number, k, index);
        const npde__random b = npde__random_draw(w->seed, w->number, k + 1, index);
        double normal[2];
        npde__random_normal(a.word[0], a.word[1], normal);
        if (back && k == NPDE__PURPOSE_SPIKE) {
            left = npde__neurons_left(w, v0);
        } else {
            spikes++;
            if (pop->sharp && w->bridge)
                left -= crossing_time(pop, v0, v1, left, normal[0], npde__random_uniform(a.word[2]));
            else if (!pop->sharp)
                left -= npde__neurons_discharge_time(npde__profile_discharge(pop->profile, v0),
                                                     npde__profile_discharge(pop->profile, v1), left, exponential);
            else left = 0;
            const double held = pop->refractory == NPDE_REFRACTORY_NONE
                                    ? 0
                                    : npde__neurons_wait(pop, npde__random_exponential(a.word[3]));
            if (held >= left && held > 0) {
                pop->v[i] = npde__neurons_held_until(w, w->t + w->h - left + held);
                return spikes;
            }
            left -= held;
        }
        v0 = pop->reset;
        v1 = reach(pop, v0, left, normal[1]);
        exponential = npde__random_exponential(b.word[0]);
        if (!fires(w, pop, v0, v1, left, exponential)) break;
    }
    pop->v[i] = v1;
    return spikes;
}

/* ---- a step of a chunk ---- */

/* As the kernel `leaky`, neuron by neuron, with what drift and discharge there are where the neuron is. */
static double step_by_profile(const npde__network *w, const npde__neurons *pop, size_t p, size_t first, size_t n_words,
                              uint64_t *hit, double *after)
{
    const npde__profile *f = pop->profile;
    const double noise = sqrt(pop->diffusion), most = 23;
    double largest = -INFINITY;
    w->kernels->normals(w->seed, w->number, NPDE__KERNELS_NORMALS, npde__network_index(w, p, first) / 4, 2 * n_words,
                        after);
    for (size_t j = 0; j < 64 * n_words; j++) {
        const size_t i = first + j;
        const uint64_t bit = UINT64_C(1) << (j % 64);
        if (j % 64 == 0) hit[j / 64] = 0;
        if (isnan(pop->v[i])) {
            if (npde__bits(pop->v[i]) < pop->step.due_before) hit[j / 64] |= bit;
            continue;
        }
        const double v0 = pop->v[i] + pop->pending;
        const size_t cell = npde__profile_cell(f, v0);
        const double force = f->drift[cell] + f->slope[cell] * npde__profile_offset(f, cell, v0) + pop->drive;
        const double v1 =
            v0 + force * f->push[cell] + pop->diffusion * f->bend[cell] + noise * f->spread[cell] * after[j];
        double chance; /* crossing or discharge happens where an exponential variate is on one side of it */
        int hits;
        const double d0 = pop->threshold - v0, d1 = pop->threshold - v1;
        const int sure = pop->sharp && (d0 <= 0 || d1 <= 0);
        if (pop->sharp) {
            const double curve = f->slope[cell] * (force + f->slope[cell] * d0) * w->h * w->h / 12;
            chance = (d0 + curve) * (d1 + curve) * f->bridge[cell] / pop->diffusion;
            hits = w->bridge && chance < most;
        } else {
            chance = w->h * (npde__profile_discharge(pop->profile, v0) + npde__profile_discharge(pop->profile, v1)) / 2;
            hits = chance > 0;
        }
        if (hits && !sure) {
            const npde__random a =
                npde__random_draw(w->seed, w->number, NPDE__KERNELS_CROSSINGS, npde__network_index(w, p, i));
            const double exponential = npde__random_exponential(a.word[0]);
            hits = pop->sharp ? chance < exponential : exponential < chance;
        }
        after[j] = v1;
        if (hits || sure) {
            hit[j / 64] |= bit;
            continue;
        }
        pop->v[i] = v1;
        if (v1 > largest) largest = v1;
    }
    return largest;
}

/* The exponential variate that decided about the discharge of neuron i. */
static double deciding(const npde__network *w, size_t p, size_t i)
{
    return npde__random_exponential(
        npde__random_draw(w->seed, w->number, NPDE__KERNELS_CROSSINGS, npde__network_index(w, p, i)).word[0]);
}

int64_t npde__neurons_step(const npde__network *w, npde__neurons *pop, size_t p, size_t chunk, double *after)
{
    const size_t begin = chunk * NPDE__PARTICLES_CHUNK, rest = w->words - begin;
    const size_t n_words = rest < NPDE__PARTICLES_CHUNK ? rest : NPDE__PARTICLES_CHUNK, first = 64 * begin;
    uint64_t *hit = pop->fired + begin;
    double largest = pop->profile ? step_by_profile(w, pop, p, first, n_words, hit, after)
                                  : w->kernels->leaky(&pop->step, npde__network_index(w, p, first) / 4, n_words,
                                                      pop->v + first, hit, after);
    int64_t spikes = 0;
    for (size_t k = 0; k < n_words; k++) {
        uint64_t left = hit[k];
        for (size_t l = 0; left; l++, left >>= 1) {
            if (!(left & 1)) continue;
            const size_t j = 64 * k + l, i = first + j;
            const double v0 = isnan(pop->v[i]) ? pop->v[i] : pop->v[i] + pop->pending;
            const double exponential = pop->sharp || isnan(v0) ? 0 : deciding(w, p, i);
            const int64_t fired = live_on(w, pop, p, i, v0, after[j], exponential);
            if (fired == 0) hit[k] &= ~(UINT64_C(1) << l); /* only came back */
            spikes += fired;
            if (pop->v[i] > largest) largest = pop->v[i];
        }
    }
    pop->top[chunk] = largest;
    return spikes;
}
