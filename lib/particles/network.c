/* SPDX-License-Identifier: BSD-3-Clause
 * A network of particles: made from a model, stepped. Within a step of size h the coefficients are constant: delayed
 * spikes of a step come as a drive, Σ b (C(t + h − d) − C(t − d))/(n h) with C all spikes so far; undelayed ones as
 * kicks at its end. */
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

/* The built-in law; what acts at once adds to the diffusion with the rate of the step before. */
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
                      : w->rates[q];
            if (d > 0) drive[p] += b * rate;
            diffusion[p] += a1 * rate;
        }
    }
}

/*
 * The callback sees drive and diffusion as the law gives them, undelayed weights included. Those act by kicks; what it
 * changes is added to the drive.
 */
static npde_status call_back(npde__network *w, double h)
{
    const double middle = w->t + h / 2;
    for (size_t p = 0; p < w->n_pop; p++) {
        for (size_t q = 0; w->kicks && q < w->n_pop; q++)
            if (w->delays[p * w->n_pop + q] == 0) w->drive[p] += w->weights[p * w->n_pop + q] * w->rates[q];
        w->given[p] = w->drive[p];
    }
    w->callbacks++;
    const int32_t answer =
        w->coupling->fn.coupling(middle, w->n_pop, w->rates, w->drive, w->diffusion, w->coupling->user);
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
        for (size_t q = 0; w->kicks && q < w->n_pop; q++)
            if (w->delays[p * w->n_pop + q] == 0) w->drive[p] -= w->weights[p * w->n_pop + q] * w->rates[q];
    }
    return NPDE_OK;
}

/* A step over which a neuron would run through the gap from reset to threshold very often is no step. */
static npde_status check_size(const npde__network *w, size_t p, double h)
{
    enum { OFTEN = 1000 };
    const npde__neurons *pop = &w->pop[p];
    const double gap = pop->threshold - pop->reset;
    const double far = h * fabs(w->drive[p]), wide = sqrt(h * w->diffusion[p]);
    if (!(w->diffusion[p] > 0))
        return npde__fail(w->context, NPDE_ERR_RANGE, "population %zu: diffusion = %g at t = %g must be > 0", p,
                          w->diffusion[p], w->t);
    if (far < OFTEN * gap && wide < OFTEN * gap) return NPDE_OK;
    return npde__fail(
        w->context, NPDE_ERR_RANGE,
        "population %zu: with drive = %g and diffusion = %g at t = %g a step of %g takes a neuron further than %d "
        "times v_threshold - v_reset: make dt smaller",
        p, w->drive[p], w->diffusion[p], w->t, h, (int)OFTEN);
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
    linear_law(w, h, w->drive, w->diffusion);
    npde_status status = w->coupling ? call_back(w, h) : NPDE_OK;
    for (size_t p = 0; p < w->n_pop && !status; p++) status = check_size(w, p, h);
    for (size_t p = 0; p < w->n_pop && !status; p++) {
        npde__neurons *pop = &w->pop[p];
        pop->drive = w->drive[p];
        pop->diffusion = w->diffusion[p];
        pop->pending = pop->kick;
        pop->kick = 0;
        pop->spikes = 0;
        load_leaky(w, pop, h);
        if (pop->profile) npde__profile_prepare(pop->profile, h);
    }
    return status;
}

/* ---- a step ---- */

static void step_part(void *self, size_t k, size_t worker)
{
    npde__network *w = self;
    const size_t p = k / w->chunks;
    double *after = w->after + worker * NPDE__CHUNK_NEURONS;
    w->tally[k] = npde__neurons_step(w, &w->pop[p], p, k % w->chunks, after);
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
}

static npde_status step(npde__network *w, double h)
{
    npde_status status = prepare(w, h);
    if (status) return status;
    w->h = h;
    npde__pool_run(w->pool, step_part, w, w->n_pop * w->chunks);
    for (size_t p = 0; p < w->n_pop; p++)
        for (size_t k = 0; k < w->chunks; k++) w->pop[p].spikes += w->tally[p * w->chunks + k];
    status = npde__network_cascade(w);
    finish(w);
    return status;
}

npde_status npde__network_advance(npde__network *w, double t_end)
{
    while (w->t < t_end) {
        if (w->stuck)
            return npde__fail(w->context, NPDE_ERR_CASCADE,
                              "a cascade that would not end stopped the run at t = %.15g; start it anew", w->t);
        const double rest = t_end - w->t, h = fmin(w->dt, w->max_step);
        const int lands = h * (1 + 1e-6) >= rest;
        const npde_status status = step(w, lands ? rest : h);
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
        const size_t word = 64 * sizeof(double) + sizeof(uint64_t), chunk = sizeof(double) + sizeof(int64_t);
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

/* ---- making it ---- */

void npde__network_free(npde__network *w)
{
    if (!w) return;
    npde_context *c = w->context;
    npde__pool_free(w->pool, c);
    for (size_t p = 0; w->pop && p < w->n_pop; p++) {
        npde__free(c, w->pop[p].v);
        npde__free(c, w->pop[p].fired);
        npde__free(c, w->pop[p].top);
        npde__profile_free(w->pop[p].profile, c);
    }
    npde__history_free(&w->history, c);
    npde__callback_release(w->coupling);
    void *const blocks[] = {w->pop,   w->weights, w->noise,  w->delays, w->rates, w->drive, w->diffusion,
                            w->given, w->past,    w->counts, w->after,  w->tally, w->binned};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__free(c, w);
}

static npde_status allocate(npde__network *w)
{
    npde_context *c = w->context;
    double **const arrays[] = {&w->rates, &w->drive, &w->diffusion, &w->given, &w->past, &w->counts};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!(*arrays[i] = npde__alloc(c, w->n_pop, sizeof(double)))) return NPDE_ERR_MEMORY;
    w->binned = npde__alloc(c, w->n_pop, sizeof *w->binned);
    w->after = npde__alloc(c, w->workers * NPDE__CHUNK_NEURONS, sizeof *w->after);
    w->tally = npde__alloc(c, w->n_pop * w->chunks, sizeof *w->tally);
    w->pop = npde__alloc(c, w->n_pop, sizeof *w->pop);
    if (!w->binned || !w->after || !w->tally || !w->pop) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < w->n_pop; p++) {
        npde__neurons *pop = &w->pop[p];
        pop->v = npde__alloc(c, 64 * w->words, sizeof *pop->v);
        pop->fired = npde__alloc(c, w->words, sizeof *pop->fired);
        pop->top = npde__alloc(c, w->chunks, sizeof *pop->top);
        if (!pop->v || !pop->fired || !pop->top) return NPDE_ERR_MEMORY;
    }
    return w->workers > 1 ? npde__pool_new(c, w->workers, &w->pool) : NPDE_OK;
}

/* Weights and delays; the memory that the longest delay needs at steps of the shortest. */
static npde_status make_coupling(npde__network *w, const npde_model *m)
{
    const size_t n = w->n_pop;
    double longest = 0;
    w->max_step = INFINITY;
    w->coupling = npde__callback_acquire(m->coupling);
    if (!m->kind->coupled) return NPDE_OK;
    double **const to[NPDE__MATRICES] = {&w->weights, &w->noise, &w->delays};
    for (size_t i = 0; i < NPDE__MATRICES; i++) {
        if (!(*to[i] = npde__alloc(w->context, n * n, sizeof(double)))) return NPDE_ERR_MEMORY;
        memcpy(*to[i], m->matrix[i], n * n * sizeof(double));
    }
    for (size_t k = 0; k < n * n; k++) {
        if (w->weights[k] == 0 && w->noise[k] == 0) continue;
        if (w->delays[k] == 0) w->kicks |= w->weights[k] != 0;
        else w->max_step = fmin(w->max_step, w->delays[k]);
        longest = fmax(longest, w->delays[k]);
    }
    if (longest == 0) return NPDE_OK;
    w->delayed = 1;
    const double h = fmin(w->dt, w->max_step), points = 2 * ceil(longest / h) + 8, most = 1 << 27;
    if (points * (double)n > most)
        return npde__fail(w->context, NPDE_ERR_SIZE,
                          "delays up to %g with steps of %g need %.3g past counts, more than %.3g: take a larger dt",
                          longest, h, points * (double)n, most);
    return npde__history_init(&w->history, w->context, n, (size_t)points, 2, 0.5 * h);
}

static npde_status make_neurons(npde__network *w, const npde_particles *of, size_t p, const npde_grid *range)
{
    const npde_model *m = of->model;
    npde__neurons *pop = &w->pop[p];
    pop->refractory = (npde_id)npde__model_value(m, p, NPDE_PARAM_REFRACTORY);
    pop->hold = npde__model_value(m, p, NPDE_PARAM_REFRACTORY_TIME);
    pop->leak = npde__model_value(m, p, NPDE_PARAM_V_LEAK);
    pop->rate = 1 / npde__model_value(m, p, NPDE_PARAM_TIME_CONSTANT);
    pop->drive0 = npde__model_value(m, p, NPDE_PARAM_DRIVE);
    pop->diffusion0 = npde__model_value(m, p, NPDE_PARAM_DIFFUSION);
    pop->reset = npde__model_value(m, p, NPDE_PARAM_V_RESET);
    pop->threshold = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD);
    pop->sharp = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
    pop->past_rate = w->rates[p] = w->past[p] = of->initial[p].past_rate;
    const double held = pop->refractory == NPDE_REFRACTORY_NONE ? 0 : pop->past_rate * pop->hold;
    if (!(held < 1))
        return npde__fail(
            w->context, NPDE_ERR_RANGE,
            "population %zu: past rate %g x refractory time %g = %g must be < 1, the share of all neurons", p,
            pop->past_rate, pop->hold, held);
    return range ? npde__profile_new(m, p, range, &pop->profile) : NPDE_OK;
}

typedef struct {
    npde__network *network;
    const npde__initial *initial;
} start_job;

static void start_part(void *self, size_t k, size_t worker)
{
    (void)worker;
    const start_job *job = self;
    npde__network *w = job->network;
    const size_t p = k / w->chunks;
    w->tally[k] = npde__neurons_start(w, &w->pop[p], p, k % w->chunks, &job->initial[p]);
}

static npde_status place_neurons(npde__network *w, const npde_particles *of)
{
    start_job job = {w, of->initial};
    npde__pool_run(w->pool, start_part, &job, w->n_pop * w->chunks);
    for (size_t k = 0; k < w->n_pop * w->chunks; k++)
        if (w->tally[k] > 0)
            return npde__fail(
                w->context, NPDE_ERR_RANGE,
                "population %zu: the Gaussian of mean %g and variance %g has next to nothing below v_threshold = %g",
                k / w->chunks, of->initial[k / w->chunks].mean, of->initial[k / w->chunks].variance,
                w->pop[k / w->chunks].threshold);
    return NPDE_OK;
}

/* Hash of all that defines the problem, threads not among it. */
static uint64_t signature(const npde__network *w, const npde_model *m)
{
    const double numbers[] = {(double)w->n, w->dt, (double)w->bridge, (double)(m->coupling != NULL)};
    uint64_t h = npde__bytes_hash(NPDE__HASH, &m->kind->id, sizeof m->kind->id);
    h = npde__bytes_hash(h, m->param, w->n_pop * npde__ids_size(NPDE_FAMILY_PARAM) * sizeof(double));
    for (size_t i = 0; m->kind->coupled && i < NPDE__MATRICES; i++)
        h = npde__bytes_hash(h, m->matrix[i], w->n_pop * w->n_pop * sizeof(double));
    h = npde__bytes_hash(h, &w->seed, sizeof w->seed);
    h = npde__bytes_hash(h, numbers, sizeof numbers);
    for (size_t p = 0; p < w->n_pop; p++) {
        const npde__profile *f = w->pop[p].profile;
        if (!f) continue;
        h = npde__bytes_hash(h, f->drift, f->n * sizeof(double));
        h = npde__bytes_hash(h, f->discharge, f->n * sizeof(double));
    }
    return h;
}

static npde_status make(npde__network *w, const npde_particles *of)
{
    const npde_model *m = of->model;
    npde_grid *range = NULL;
    int general = m->drift != NULL;
    for (size_t p = 0; p < w->n_pop; p++)
        general |= (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) != NPDE_DISCHARGE_NONE;
    npde_status status = allocate(w);
    if (!status) status = make_coupling(w, m);
    if (!status && general) status = npde__model_fit_grid(m, NPDE_SCHEME_FINITE_VOLUME, 0, NULL, 0, &range);
    for (size_t p = 0; p < w->n_pop && !status; p++) status = make_neurons(w, of, p, range);
    npde__grid_release(range);
    if (!status) status = place_neurons(w, of);
    if (status) return status;
    if (w->delayed) npde__history_begin(&w->history, w->t, w->past, w->counts);
    w->signature = signature(w, m);
    return NPDE_OK;
}

npde_status npde__network_new(const npde_particles *p, double t0, npde__network **out)
{
    npde__network *w = npde__alloc(p->context, 1, sizeof *w);
    if (!w) return NPDE_ERR_MEMORY;
    w->context = p->context;
    w->kernels = npde__kernels_best();
    w->n_pop = p->model->n_pop;
    w->n = p->n;
    w->words = (p->n + 63) / 64;
    w->chunks = (w->words + NPDE__PARTICLES_CHUNK - 1) / NPDE__PARTICLES_CHUNK;
    w->seed = p->seed;
    w->began = w->t = t0;
    w->dt = p->option[npde__ids_slot(NPDE_PARTICLE_OPTION_DT)];
    w->workers = (size_t)p->option[npde__ids_slot(NPDE_PARTICLE_OPTION_THREADS)];
    w->bridge = p->option[npde__ids_slot(NPDE_PARTICLE_OPTION_BRIDGE)] != 0;
    const npde_status status = make(w, p);
    if (status) npde__network_free(w);
    else *out = w;
    return status;
}
