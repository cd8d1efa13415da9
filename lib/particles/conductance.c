/* SPDX-License-Identifier: BSD-3-Clause
 * Neurons with a conductance, the particles of the voltage–conductance equation:
 *
 *     dv = (g_L (V_L − v) + g (V_E − v)) dt,    dg = (G − g)/σ dt + √(2a/σ) dW, reflected at g = 0.
 *
 * Within a step of size h the coefficients G and a are constant. With x = h/σ,
 *
 *     g: without the wall, g₁ = G + (g₀ − G) e^{−x} + √(a(1 − e^{−2x})) ξ. The wall pushes e^{t/σ} g as it would push a
 *        Brownian motion in the time a(e^{2t/σ} − 1), by the least that it has been below 0 (Skorokhod); given both ends
 *        that is the least of a Brownian bridge, whose law is known, above which the curve G e^{t/σ} lifts the path by
 *        c = G x²/12 on average.
 *     v: moves with the mean ḡ of g over the step, exactly; the integral of g given both ends is normal with the mean
 *        G h + (g₀ + g₁ − 2G) σ tanh(x/2) and the variance aσ² (2x − 4 tanh(x/2)), at the wall with those of a reflected
 *        Brownian bridge, see mean_above().
 *
 * What v leaves out is of the third order in h on average. Spikes at a sharp threshold are found on cubics through both ends
 * of v and, near the threshold, its middle, which is drawn, with their slopes. */
#include "particles/particles.h"

#include <float.h>
#include <math.h>

/* No exponential variate of 32 bits is larger: 33 ln 2. */
static const double largest_exponential = 22.9;

void npde__conductances_load(npde__conductances *c, double drive, double diffusion, double h)
{
    const double x = h / c->sigma, half = tanh(x / 2);
    const double kept = -c->sigma * expm1(-x); /* ∫ e^{−t/σ} */
    c->drive = drive;
    c->push = c->added / expm1(x);
    c->owed = (c->lagging + c->added * kept - c->push * (h - kept)) / h;
    c->decay = exp(-x);
    c->variance = -diffusion * expm1(-2 * x);
    c->spread = sqrt(c->variance);
    c->curve = x * x / 12 * c->decay;
    c->middle = exp(x / 2);
    c->half = half / x;
    c->jitter = sqrt(diffusion * fmax(0, 2 * x - 4 * half)) / x;
}

/*
 * A drive larger by kick/h during the step would have made g larger by what is added now, and the integral of g over it by the
 * rest of the kick, once it has decayed. A jump of g against the wall would cost half an order: the next step
 * begins where this one ended, has a push more that adds as much to g by its end, and the difference to the integral.
 */
void npde__conductances_kick(npde__conductances *c, double kick, double h)
{
    c->added = -kick * expm1(-h / c->sigma) / h;
    c->lagging = kick - c->sigma * c->added;
}

/* ---- the potential at a constant conductance: v → target like e^{−Bt} ---- */

typedef struct {
    double target, b;
} flow;

static flow flow_at(const npde__neurons *pop, double g)
{
    const npde__conductances *c = pop->conductance;
    const double b = c->g_leak + g;
    return (flow){(c->g_leak * pop->leak + g * c->v_excitatory) / b, b};
}

static double reach(flow f, double v, double t)
{
    return v - (f.target - v) * expm1(-f.b * t);
}

/* Time from v to a level; infinite if it is never met. */
static double meets(flow f, double v, double level)
{
    const double ratio = (level - v) / (f.target - level);
    return ratio >= 0 ? log1p(ratio) / f.b : INFINITY;
}

static double slope(const npde__neurons *pop, double v, double g)
{
    const npde__conductances *c = pop->conductance;
    return c->g_leak * (pop->leak - v) + g * (c->v_excitatory - v);
}

/*
 * Where in [0, 1] the cubic from v₀ to v₁ with the slopes out, in first comes to a level: on its way to an end over it, or to its
 * maximum where out > 0 > in; infinite if that is below.
 */
static double cubic_meets(double level, double v0, double v1, double out, double in)
{
    const int over = v1 >= level;
    if (v0 >= level) return 0;
    if (!over && (out <= 0 || in >= 0 || fmax(v0, v1) + 4. / 27 * (out - in) < level)) return INFINITY;
    const double b = 3 * (v1 - v0) - 2 * out - in, c = out + in - 2 * (v1 - v0);
    double low = 0, high = over ? 1 : out / (sqrt(b * b - 3 * c * out) - b);
    if (!(((c * high + b) * high + out) * high >= level - v0)) return over ? 1 : INFINITY;
    for (int k = 0; k < 30; k++) {
        const double u = (low + high) / 2;
        if (((c * u + b) * u + out) * u >= level - v0) high = u;
        else low = u;
    }
    return high;
}

/* When a neuron fires within a time: at the threshold, */
static double crossing(const npde__neurons *pop, flow f, double v)
{
    return v >= pop->threshold ? 0 : meets(f, v, pop->threshold);
}

/* or when the integral of φ_F meets the exponential, by two Gauss points on either side of V_F, where φ_F may jump. */
static double discharge(const npde__neurons *pop, flow f, double v, double time, double exponential)
{
    static const double inset = 0.21132486540518711775, beyond = 0.36602540378443864676; /* (1 − 1/√3)/2, (√3 − 1)/2 */
    const double met = meets(f, v, pop->threshold);
    const int crosses = met > 0 && met < time;
    double begin = 0;
    for (int part = 0; part <= crosses; part++) {
        const double length = (crosses && part == 0 ? met : time) - begin;
        const double early = npde__profile_discharge(pop->profile, reach(f, v, begin + inset * length));
        const double late = npde__profile_discharge(pop->profile, reach(f, v, begin + (1 - inset) * length));
        const double all = length * (early + late) / 2, rise = (late - early) * beyond; /* from a point to its end */
        if (exponential < all)
            return begin + npde__neurons_discharge_time(early - rise, late + rise, length, exponential);
        exponential -= all;
        begin = met;
    }
    return INFINITY;
}

/* ---- lives ---- */

/* G at a potential, by the user's table. */
static double mean_at(const npde__conductances *c, double v, double v_leak)
{
    const double x = fmin(fmax(0, (v - v_leak) * c->per), NPDE__CONDUCTANCE_CELLS);
    const size_t cell = x < NPDE__CONDUCTANCE_CELLS ? (size_t)x : NPDE__CONDUCTANCE_CELLS - 1;
    return c->mean[cell] + (x - (double)cell) * (c->mean[cell + 1] - c->mean[cell]);
}

/* What a neuron of which `left` of the step is left after it fired has for G, where that depends on v; *mean is what it had. */
static void renew_mean(npde__neurons *pop, size_t i, flow f, double left, double *mean)
{
    npde__conductances *c = pop->conductance;
    const double now = mean_at(c, reach(f, pop->reset, left / 2), pop->leak);
    c->g[i] = (float)fmax(0, (double)c->g[i] - (now - *mean) * expm1(-left / c->sigma));
    *mean = now;
}

/*
 * What is left of the step of neuron i, at v; exponential: for its discharge. Each pass is one life up to a spike. The
 * number of spikes.
 */
static int64_t live(const npde__network *w, npde__neurons *pop, size_t p, size_t i, flow f, double mean, double v,
                    double left, double exponential)
{
    int64_t spikes = 0;
    for (uint32_t k = NPDE__PURPOSE_SPIKE;; k++) {
        const double time = pop->sharp ? crossing(pop, f, v) : discharge(pop, f, v, left, exponential);
        if (!(time <= left)) break;
        const npde__random a = npde__random_draw(w->seed, w->number, k, npde__network_index(w, p, i));
        const double held =
            pop->refractory == NPDE_REFRACTORY_NONE ? 0 : npde__neurons_wait(pop, npde__random_exponential(a.word[0]));
        spikes++;
        left -= time;
        if (pop->conductance->mean) renew_mean(pop, i, f, left, &mean);
        if (held >= left && held > 0) {
            pop->v[i] = npde__neurons_held_until(w, w->t + w->h - left + held);
            return spikes;
        }
        left -= held;
        v = pop->reset;
        exponential = npde__random_exponential(a.word[1]);
    }
    pop->v[i] = reach(f, v, left);
    return spikes;
}

/* ---- the conductance ---- */

/*
 * The mean of a Brownian path of variance v over its time, reflected at 0, with its noise. What is known of the path: its ends are
 * at the heights a and b over the least place it was at, or over the wall, which pushes it by `push` in all. The path consists of
 * excursions over the least that is yet to come or has been, whose durations are the jumps of a stable subordinator of the order ½
 * along s = a + b + push, given their sum (Pitman, Adv. Appl. Probab. 7, 1975). With the moments √(π/8) and 5/12 of the area
 * under an excursion, z = s/√(2v), i_n = e^{z²} iⁿ erfc z and q = (a² + b²)/(2s),
 *
 *     mean = q + √(πv/8) i₀,    variance = √π (i₁ ((a³ + b³)/(3s) − q²) + v (5/2 i₃ + z/2 i₂)) − π/8 v i₀².
 */
static double mean_above(double a, double b, double push, double v, double normal)
{
    const double s = fmax(a + b + push, DBL_MIN), z = s / sqrt(2 * v), root_pi = 1.7724538509055160273;
    if (z > 26) return (a + b) / 2 + sqrt(v / 12) * normal; /* the wall is out of reach */
    const double i0 = exp(z * z) * erfc(z), i1 = 1 / root_pi - z * i0, i2 = (i0 - 2 * z * i1) / 4;
    const double i3 = (i1 - 2 * z * i2) / 6, q = (a * a + b * b) / (2 * s), under = 0.62665706865775012560 * i0;
    const double levels = i1 * ((a * a * a + b * b * b) / (3 * s) - q * q), areas = v * (2.5 * i3 + z / 2 * i2);
    return q + sqrt(v) * under + sqrt(fmax(0, root_pi * (levels + areas) - v * under * under)) * normal;
}

/*
 * The wall at 0 on the way from g₀ to *g₁, both as at the end of the step: moves *g₁ to where it leaves the neuron. How far the
 * mean of g over the step is from the line between these ends.
 */
static double reflect(const npde__conductances *c, double g0, double *g1, double curve, double exponential,
                      double normal)
{
    const double v = c->variance, end = *g1;
    const double least = (g0 + end - sqrt((end - g0) * (end - g0) + 2 * v * exponential)) / 2 + curve;
    const double push = -fmin(fmin(0, least), fmin(g0, end));
    *g1 += push;
    const double a = g0 + curve, b = *g1 + curve, floor = fmin(fmax(least, 0), fmin(a, b));
    if (push == 0 && a * b > 4 * v) return c->jitter * normal; /* had but a chance of e^{−8} to meet the wall */
    return c->middle * (floor + mean_above(a - floor, b - floor, push, v, normal) - (a + b) / 2);
}

static npde__random draw(const npde__network *w, size_t p, size_t i)
{
    return npde__random_draw(w->seed, w->number, NPDE__KERNELS_CROSSINGS, npde__network_index(w, p, i));
}

/*
 * A conductance as it is kept, rounded up or down by chance, which the last bits of a random number are good for: the nearest
 * number would hold a conductance in place where steps are so short that it moves by less.
 */
static float rounded(double g, double random)
{
    const uint64_t beyond = (UINT64_C(1) << 29) - 1; /* bits of a double that a float has not */
    return (float)npde__of_bits((npde__bits(g) + (npde__bits(random) & beyond)) & ~beyond);
}

/* Steps the conductance of neuron i; its mean over the step. */
static double step_conductance(const npde__network *w, npde__neurons *pop, size_t p, size_t i, double mean,
                               const double *normal)
{
    npde__conductances *c = pop->conductance;
    const double g0 = (double)c->g[i], from = g0 * c->decay, curve = c->curve * mean;
    double g1 = mean + (g0 - mean) * c->decay + c->spread * normal[0], aside = c->jitter * normal[1];
    if (g1 <= 0 || (from + curve) * (g1 + curve) < largest_exponential / 2 * c->variance)
        aside = reflect(c, from, &g1, curve, npde__random_exponential(draw(w, p, i).word[0]), normal[1]);
    c->g[i] = rounded(g1, normal[1]);
    return fmax(0, mean + (g0 + g1 - 2 * mean) * c->half + aside + c->owed);
}

/* ---- a step of a chunk ---- */

/*
 * Where in the step a neuron comes to V_F, in [0, 1]; infinite if it does not. Between both ends v goes on average like the cubic
 * that has their slopes out, in. Where it may come to V_F its middle is drawn, and the slope there: what g does between the ends
 * makes them independent of each other, with the variances 1/192 and 1/16 of what it makes of the slope over the step.
 */
static double meets_threshold(const npde__network *w, const npde__neurons *pop, size_t p, size_t i, double v0,
                              double v1, double out, double in)
{
    const npde__conductances *c = pop->conductance;
    const double noise = w->h * (c->v_excitatory - pop->threshold) * c->spread, level = pop->threshold;
    if ((v0 > v1 ? v0 : v1) + 4. / 27 * (fabs(out) + fabs(in)) + 0.25 * noise < level) return INFINITY;
    const npde__random a = draw(w, p, i);
    double normal[2];
    npde__random_normal(a.word[2], a.word[3], normal);
    const double middle = (v0 + v1) / 2 + (out - in) / 8 + noise * normal[0] / sqrt(192);
    const double slope = 1.5 * (v1 - v0) - (out + in) / 4 + noise * normal[1] / 4;
    const double u = cubic_meets(level, v0, middle, out / 2, slope / 2);
    return u <= 1 ? u / 2 : (1 + cubic_meets(level, middle, v1, slope / 2, in / 2)) / 2;
}

/* Neurons with a sharp threshold: who is below V_F again at the end of the step is seen as well. */
static int64_t step_sharp(const npde__network *w, npde__neurons *pop, size_t p, size_t i, double mean, double g0,
                          flow f)
{
    const npde__conductances *c = pop->conductance;
    const double v0 = pop->v[i], v1 = reach(f, v0, w->h), g1 = (double)c->g[i];
    const double u = meets_threshold(w, pop, p, i, v0, v1, w->h * slope(pop, v0, g0), w->h * slope(pop, v1, g1));
    if (u > 1) {
        pop->v[i] = v1;
        return 0;
    }
    /* The rest of the parabola through both ends of g with the mean it has. */
    const double bulge = f.b - c->g_leak - (g0 + g1) / 2;
    const double rest = g0 + (1 + u) / 2 * (g1 - g0) + (1 - u) * (1 + 2 * u) * bulge;
    return live(w, pop, p, i, flow_at(pop, fmax(0, rest)), mean, pop->threshold, (1 - u) * w->h, 0);
}

/* Neurons that fire by discharge. */
static int64_t step_random(const npde__network *w, npde__neurons *pop, size_t p, size_t i, double mean, flow f)
{
    const double v0 = pop->v[i], v1 = reach(f, v0, w->h);
    if ((v0 < pop->threshold) == (v1 < pop->threshold) && npde__profile_discharge(pop->profile, v0) == 0 &&
        npde__profile_discharge(pop->profile, v1) == 0) { /* most of them, most of the time: no number is drawn */
        pop->v[i] = v1;
        return 0;
    }
    return live(w, pop, p, i, f, mean, v0, w->h, npde__random_exponential(draw(w, p, i).word[1]));
}

static int64_t step_neuron(const npde__network *w, npde__neurons *pop, size_t p, size_t i, const double *normal)
{
    const npde__conductances *c = pop->conductance;
    const double v0 = pop->v[i], g0 = npde__conductance_now(c, i);
    const double there = !c->mean || isnan(v0) ? pop->reset : reach(flow_at(pop, g0), v0, w->h / 2);
    const double mean = c->mean ? mean_at(c, there, pop->leak) : c->drive; /* who waits does so at V_R */
    const flow f = flow_at(pop, step_conductance(w, pop, p, i, mean + c->push, normal));
    if (!isnan(v0)) return pop->sharp ? step_sharp(w, pop, p, i, mean, g0, f) : step_random(w, pop, p, i, mean, f);
    if (npde__bits(v0) >= pop->step.due_before) return 0;
    return live(w, pop, p, i, f, mean, pop->reset, npde__neurons_left(w, v0),
                npde__random_exponential(draw(w, p, i).word[1]));
}

int64_t npde__conductances_step(const npde__network *w, npde__neurons *pop, size_t p, size_t chunk)
{
    const size_t begin = chunk * NPDE__PARTICLES_CHUNK, rest = w->words - begin;
    const size_t n_words = rest < NPDE__PARTICLES_CHUNK ? rest : NPDE__PARTICLES_CHUNK;
    int64_t spikes = 0;
    for (size_t k = begin; k < begin + n_words; k++) {
        double of_g[64], of_integral[64];
        const uint32_t index = npde__network_index(w, p, 64 * k) / 4;
        w->kernels->normals(w->seed, w->number, NPDE__KERNELS_NORMALS, index, 2, of_g);
        w->kernels->normals(w->seed, w->number, NPDE__PURPOSE_INTEGRAL, index, 2, of_integral);
        for (size_t j = 0; j < 64; j++)
            spikes += step_neuron(w, pop, p, 64 * k + j, (const double[]){of_g[j], of_integral[j]});
    }
    return spikes;
}
