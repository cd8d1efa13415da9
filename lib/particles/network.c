/* SPDX-License-Identifier: BSD-3-Clause
 * A step of a network of particles. Within a step of size h the coefficients are constant: delayed spikes of a step come
 * as a drive, Σ b (C(t + h − d) − C(t − d))/(n h) with C all spikes so far; undelayed ones as kicks at its end. Those that
 * act on conductances come as a drive by the expected rates, and as kicks where they are more or less than expected. */
#include "particles/particles.h"

#include <math.h>

/* ---- coefficients ---- */

/* All spikes of population q until a time, which lies before the end of the last step; rates were constant before the
 * start. */
static double spikes_until(const npde__network *w, size_t q, double t)
{
    if (t < w->began) return w->past[q] * (double)w->n * (t - w->began);
    return npde__history_at(&w->history, q, t, +1);
}

/* The rates that act at once: the recent ones, in a kinetic kind those expected in the middle of this step. */
static const double *present(const npde__network *w)
{
    return w->expected ? w->expected : w->recent;
}

static void expect(npde__network *w, double middle)
{
    for (size_t q = 0; q < w->n_pop; q++)
        w->expected[q] = fmax(0, w->recent[q] + w->slope[q] * (middle - w->recent_at));
}

/* What undelayed weights would add to the drive by these rates. */
static double undelayed(const npde__network *w, size_t p)
{
    double drive = 0;
    for (size_t q = 0; w->kicks && w->weights && q < w->n_pop; q++)
        if (w->delays[p * w->n_pop + q] == 0) drive += w->weights[p * w->n_pop + q] * present(w)[q];
    return drive;
}

/* The built-in law; what acts at once adds to the diffusion with the recent rate. */
static void linear_law(const npde__network *w, double h, double *drive, double *diffusion)
{
    for (size_t p = 0; p < w->n_pop; p++) {
        drive[p] = w->pop[p].drive0;
        diffusion[p] = w->pop[p].diffusion0;
        for (size_t q = 0; w->weights && q < w->n_pop; q++) {
            const size_t k = p * w->n_pop + q;
            const double b = w->weights[k], a1 = w->noise[k], d = w->delays[k];
            if (b == 0 && a1 == 0) continue;
            const double rate =
                d > 0 ? (spikes_until(w, q, w->t + h - d) - spikes_until(w, q, w->t - d)) / ((double)w->n * h)
                      : present(w)[q];
            if (d > 0) drive[p] += b * rate;
            diffusion[p] += a1 * rate;
        }
        if (w->expected) drive[p] += undelayed(w, p);
    }
}

/*
 * The callback sees drive and diffusion as the law gives them, undelayed weights included. Those act by kicks; what it
 * changes is added to the drive.
 */
static npde_status call_back(npde__network *w, double h)
{
    const double middle = w->t + h / 2;
    for (size_t p = 0; p < w->n_pop && !w->expected; p++) w->drive[p] += undelayed(w, p);
    w->callbacks++;
    const int32_t answer =
        w->coupling->fn.coupling(middle, w->n_pop, present(w), w->drive, w->diffusion, w->coupling->user);
    if (answer) {
        w->context->user_status = answer;
        return npde__fail(w->context, NPDE_ERR_CALLBACK, "the coupling callback returned %d at t = %g%s", (int)answer,
                          middle, answer > 0 ? ": particles have fixed steps, none can be made smaller" : "");
    }
    for (size_t p = 0; p < w->n_pop; p++) {
        if (!isfinite(w->drive[p]) || !isfinite(w->diffusion[p]))
            return npde__fail(
                w->context, NPDE_ERR_CALLBACK,
                "population %zu: the coupling callback gave drive = %g and diffusion = %g at t = %g: both must be "
                "finite",
                p, w->drive[p], w->diffusion[p], middle);
        if (!w->expected) w->drive[p] -= undelayed(w, p);
    }
    return NPDE_OK;
}

/* A step over which a neuron would run through the gap from reset to threshold very often is no step. */
enum { OFTEN = 1000 };

/* The gaps that a neuron with that conductance runs through in a step. */
static double gaps(const npde__neurons *pop, double g, double h)
{
    return h * g * (pop->conductance->v_excitatory - pop->reset) / (pop->threshold - pop->reset);
}

/* The user's G(v, N) of a kinetic kind. */
static npde_status ask(npde__network *w, size_t p, double h)
{
    const npde__neurons *pop = &w->pop[p];
    const npde__conductances *c = pop->conductance;
    const npde__callback *f = w->conductance;
    const double middle = w->t + h / 2;
    enum { N = NPDE__CONDUCTANCE_CELLS + 1 };
    for (size_t i = 0; i < N; i++) c->mean[i] = fmax(0, w->drive[p]);
    w->callbacks++;
    const int32_t answer = f->fn.conductance(middle, p, N, c->at, w->expected, c->mean, f->user);
    if (answer) {
        w->context->user_status = answer;
        return npde__fail(w->context, NPDE_ERR_CALLBACK, "the conductance callback returned %d at t = %g%s",
                          (int)answer, middle,
                          answer > 0 ? ": particles have fixed steps, none can be made smaller" : "");
    }
    for (size_t i = 0; i < N; i++) {
        if (!isfinite(c->mean[i]) || c->mean[i] < 0)
            return npde__fail(w->context, NPDE_ERR_CALLBACK,
                              "the conductance callback of population %zu gave %g at v = %g, t = %g: it must be finite "
                              "and >= 0",
                              p, c->mean[i], c->at[i], middle);
        const double far = gaps(pop, c->mean[i], h);
        if (!(far < OFTEN))
            return npde__fail(
                w->context, NPDE_ERR_RANGE,
                "population %zu: with %g, the conductance callback's answer at v = %g, t = %g, a step of %g "
                "takes a neuron further than %d times v_threshold - v_reset: make dt smaller than %.3g",
                p, c->mean[i], c->at[i], middle, h, (int)OFTEN, h * OFTEN / far);
    }
    return NPDE_OK;
}

npde_status npde__network_check_start(const npde__network *w, size_t p)
{
    const npde__conductances *c = w->pop[p].conductance;
    const double h = npde__network_usual_step(w);
    const double far = gaps(&w->pop[p], fmax(c->start_mean, sqrt(fmax(0, c->start_variance))), h);
    if (far < OFTEN) return NPDE_OK;
    return npde__fail(
        w->context, NPDE_ERR_RANGE,
        "population %zu: conductances that begin with the mean %g and the variance %g take a neuron further "
        "than %d times v_threshold - v_reset in a step of %g: let them be smaller "
        "(npde_particles_set_conductance(), or the past rates without it), or make dt smaller than %.3g",
        p, c->start_mean, c->start_variance, (int)OFTEN, h, h * OFTEN / far);
}

static npde_status check_size(const npde__network *w, size_t p, double h)
{
    const npde__neurons *pop = &w->pop[p];
    const double gap = pop->threshold - pop->reset;
    const double pull = pop->conductance ? pop->conductance->v_excitatory - pop->reset : 1;
    const double far = h * pull * fabs(w->drive[p]);
    const double wide = pop->conductance ? h * pull * sqrt(w->diffusion[p]) : sqrt(h * w->diffusion[p]);
    const double most = h * OFTEN * gap / fmax(far, pop->conductance ? wide : wide * wide / (OFTEN * gap));
    if (!(w->diffusion[p] > 0))
        return npde__fail(w->context, NPDE_ERR_RANGE,
                          "population %zu: diffusion = %g at t = %g must be > 0: make the diffusion of the "
                          "model larger, or what the noise weights or the coupling callback take from it smaller",
                          p, w->diffusion[p], w->t);
    if (far < OFTEN * gap && wide < OFTEN * gap) return NPDE_OK;
    return npde__fail(
        w->context, NPDE_ERR_RANGE,
        "population %zu: with drive = %g and diffusion = %g at t = %g a step of %g takes a neuron further than %d "
        "times v_threshold - v_reset: make dt smaller than %.3g",
        p, w->drive[p], w->diffusion[p], w->t, h, (int)OFTEN, most);
}

static void load_leaky(const npde__network *w, npde__neurons *pop, double h)
{
    const double decay = exp(-h * pop->rate), variance = 2 * pop->diffusion * npde__profile_growth(2 * pop->rate, h);
    const double ticks = floor((w->t + h - w->began) / w->dt * NPDE__PARTICLES_TICKS);
    pop->step = (npde__kernels_leaky){
        .seed = w->seed,
        .step = w->number,
        .decay = decay,
        .add = (pop->leak * pop->rate + pop->drive) * npde__profile_growth(pop->rate, h) + decay * pop->pending,
        .spread = sqrt(variance),
        .threshold = pop->threshold,
        .before = pop->threshold - pop->pending,
        .bridge = w->bridge ? 2 * decay / variance : 1e300,
        .curve = w->bridge ? -pop->rate * ((pop->leak - pop->threshold) * pop->rate + pop->drive) * h * h / 12 : 0,
        .due_before = NPDE__HELD + (uint64_t)fmin(ticks, (double)NPDE__HELD_LONGEST),
    };
}

static npde_status prepare(npde__network *w, double h)
{
    if (w->expected) expect(w, w->t + h / 2);
    linear_law(w, h, w->drive, w->diffusion);
    npde_status status = w->coupling ? call_back(w, h) : NPDE_OK;
    for (size_t p = 0; p < w->n_pop && !status; p++) status = check_size(w, p, h);
    for (size_t p = 0; w->conductance && p < w->n_pop && !status; p++) status = ask(w, p, h);
    for (size_t p = 0; p < w->n_pop && !status; p++) {
        npde__neurons *pop = &w->pop[p];
        pop->drive = w->drive[p];
        pop->diffusion = w->diffusion[p];
        pop->pending = pop->kick;
        pop->kick = 0;
        pop->spikes = 0;
        load_leaky(w, pop, h);
        if (pop->conductance) npde__conductances_load(pop->conductance, pop->drive, pop->diffusion, h);
        else if (pop->profile) npde__profile_prepare(pop->profile, h);
    }
    return status;
}

/* ---- a step ---- */

static void step_part(void *self, size_t k, size_t worker)
{
    npde__network *w = self;
    const size_t p = k / w->chunks;
    double *after = w->after + worker * NPDE__CHUNK_NEURONS;
    npde__neurons *pop = &w->pop[p];
    w->tally[k] = pop->conductance ? npde__conductances_step(w, pop, p, k % w->chunks)
                                   : npde__neurons_step(w, pop, p, k % w->chunks, after);
}

/*
 * The recent rates. An output that cuts a step into two leaves one that may be too short to count in: it is taken together
 * with those after it. What expected rates are extrapolated from: the last two steps, if spikes were many enough in both to
 * tell a slope.
 */
static void remember(npde__network *w)
{
    enum { MANY = 64 };
    const double length = w->t - w->counting, at = w->counting + length / 2, before = w->recent_length;
    if (!(length >= 0.5 * npde__network_usual_step(w))) return;
    for (size_t p = 0; p < w->n_pop; p++) {
        const double rate = (w->counts[p] - w->counted[p]) / ((double)w->n * length), change = rate - w->recent[p];
        const double fewest = (double)w->n * fmin(rate * length, w->recent[p] * before);
        w->slope[p] = fewest >= MANY ? change / (at - w->recent_at) : 0;
        w->recent[p] = rate;
        w->counted[p] = w->counts[p];
    }
    w->recent_at = at;
    w->recent_length = length;
    w->counting = w->t;
}

static void finish(npde__network *w)
{
    w->t += w->h;
    w->steps++;
    w->number++;
    for (size_t p = 0; p < w->n_pop; p++) {
        npde__neurons *pop = &w->pop[p];
        pop->total += pop->spikes;
        w->rates[p] = (double)pop->spikes / ((double)w->n * w->h);
        w->counts[p] = (double)pop->total;
    }
    if (w->delayed) npde__history_push(&w->history, w->t, w->counts);
    remember(w);
}

static npde_status step(npde__network *w, double h)
{
    npde_status status = prepare(w, h);
    if (status) return status;
    w->h = h;
    npde__pool_run(w->pool, step_part, w, w->n_pop * w->chunks);
    for (size_t p = 0; p < w->n_pop; p++)
        for (size_t k = 0; k < w->chunks; k++) w->pop[p].spikes += w->tally[p * w->chunks + k];
    for (size_t p = 0; w->expected && w->kicks && p < w->n_pop; p++)
        npde__conductances_kick(w->pop[p].conductance, npde__network_kick(w, p) - h * undelayed(w, p), h);
    if (!w->expected) status = npde__network_cascade(w);
    finish(w);
    return status;
}

double npde__network_usual_step(const npde__network *w)
{
    return fmin(w->dt, w->max_step);
}

const char *npde__network_lengthen(const npde__network *w)
{
    if (w->dt <= w->max_step) return "take a larger dt";
    return w->expected ? "raise what bounds the step, not dt: the shortest delay, or the conductance time and the "
                         "undelayed inhibition"
                       : "raise what bounds the step, not dt: the shortest delay";
}

npde_status npde__network_check_time(const npde__network *w)
{
    const double h = npde__network_usual_step(w), next = w->t + h;
    if (fabs(next - w->t - h) <= 0.01 * h) return NPDE_OK;
    return npde__fail(w->context, NPDE_ERR_RANGE,
                      "steps of %g are lost in the rounding of the time t = %.15g, the next number to which is %.3g "
                      "away: count time from a nearer origin, or %s",
                      h, w->t, nextafter(w->t, INFINITY) - w->t, npde__network_lengthen(w));
}

npde_status npde__network_advance(npde__network *w, double t_end)
{
    while (w->t < t_end) {
        if (w->stuck)
            return npde__fail(w->context, NPDE_ERR_CASCADE,
                              "a cascade that would not end stopped the run at t = %.15g; start it anew", w->t);
        const double rest = t_end - w->t, h = npde__network_usual_step(w);
        const int lands = h * (1 + 1e-6) >= rest;
        npde_status status = lands ? NPDE_OK : npde__network_check_time(w);
        if (!status) status = step(w, lands ? rest : h);
        if (status) return status;
        if (lands) w->t = t_end;
    }
    return NPDE_OK;
}

/* ---- reading ---- */

double npde__network_stat(const npde__network *w, npde_id stat)
{
    switch (stat) {
    case NPDE_PARTICLE_STAT_TIME: return w->t;
    case NPDE_PARTICLE_STAT_LARGEST_CASCADE: return w->largest;
    case NPDE_PARTICLE_STAT_LARGEST_CASCADE_TIME: return w->largest_time;
    default: { /* NPDE_PARTICLE_STAT_BYTES_PER_NEURON */
        const int kinetic = w->pop[0].conductance != NULL;
        const size_t word = 64 * (sizeof(double) + (kinetic ? sizeof(float) : 0)) + (kinetic ? 0 : sizeof(uint64_t));
        const size_t chunk = (kinetic ? 0 : sizeof(double)) + sizeof(int64_t);
        return (double)(w->words * word + w->chunks * chunk) / (double)w->n;
    }
    }
}

int64_t npde__network_count(const npde__network *w, npde_id count)
{
    int64_t spikes = 0;
    switch (count) {
    case NPDE_PARTICLE_COUNT_STEPS: return w->steps;
    case NPDE_PARTICLE_COUNT_CASCADES: return w->cascades;
    case NPDE_PARTICLE_COUNT_GENERATIONS: return w->generations;
    case NPDE_PARTICLE_COUNT_CALLBACKS: return w->callbacks;
    default: /* NPDE_PARTICLE_COUNT_SPIKES */
        for (size_t p = 0; p < w->n_pop; p++) spikes += w->pop[p].total;
        return spikes;
    }
}
