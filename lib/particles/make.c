/* SPDX-License-Identifier: BSD-3-Clause
 * A network of particles made from a model: what it needs, allocated; its neurons, placed. */
#include "particles/particles.h"

#include <math.h>

static void free_conductances(npde__conductances *g, npde_context *c)
{
    if (!g) return;
    npde__free(c, g->g);
    npde__free(c, g->mean);
    npde__free(c, g->at);
    npde__free(c, g);
}

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
        free_conductances(w->pop[p].conductance, c);
    }
    npde__history_free(&w->history, c);
    npde__callback_release(w->coupling);
    npde__callback_release(w->conductance);
    void *const blocks[] = {w->pop,    w->weights, w->noise, w->delays, w->rates,  w->drive, w->diffusion, w->past,
                            w->counts, w->after,   w->tally, w->binned, w->recent, w->slope, w->counted,   w->expected};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__free(c, w);
}

static int is_kinetic(const npde_model *m)
{
    return m->kind->id == NPDE_MODEL_VOLTAGE_CONDUCTANCE || m->kind->id == NPDE_MODEL_REDUCED_KINETIC;
}

static npde_status allocate(npde__network *w, int kinetic)
{
    npde_context *c = w->context;
    double **const arrays[] = {&w->rates,  &w->drive, &w->diffusion, &w->past,    &w->counts,
                               &w->recent, &w->slope, &w->counted,   &w->expected};
    for (size_t i = 0; i < (kinetic ? 9 : 8); i++)
        if (!(*arrays[i] = npde__alloc(c, w->n_pop, sizeof(double)))) return NPDE_ERR_MEMORY;
    w->binned = npde__alloc(c, w->n_pop, sizeof *w->binned);
    w->after = npde__alloc(c, kinetic ? 0 : w->workers * NPDE__CHUNK_NEURONS, sizeof *w->after);
    w->tally = npde__alloc(c, w->n_pop * w->chunks, sizeof *w->tally);
    w->pop = npde__alloc(c, w->n_pop, sizeof *w->pop);
    if (!w->binned || !w->after || !w->tally || !w->pop) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < w->n_pop; p++) {
        npde__neurons *pop = &w->pop[p];
        pop->v = npde__alloc(c, 64 * w->words, sizeof *pop->v);
        if (!pop->v) return NPDE_ERR_MEMORY;
        if (kinetic) continue;
        pop->fired = npde__alloc(c, w->words, sizeof *pop->fired);
        pop->top = npde__alloc(c, w->chunks, sizeof *pop->top);
        if (!pop->fired || !pop->top) return NPDE_ERR_MEMORY;
    }
    return w->workers > 1 ? npde__pool_new(c, w->workers, &w->pool) : NPDE_OK;
}

/*
 * The step of kinetic kinds. The reflection of conductances is drawn for steps that are short against their time, the way of a
 * potential for steps no longer than it takes to relax at rest, 1/g_L. Undelayed inhibition acts by the rates
 * expected, and what those are off is made up for a step later: a loop that alternates from step to step, and grows, if its gain
 * over a step is too large.
 */
static void limit_step(npde__network *w, const npde_model *m)
{
    enum { WITHIN_INHIBITION = 100 };
    for (size_t p = 0; p < w->n_pop; p++) {
        const double sigma = npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_TIME);
        double inhibition = 0;
        for (size_t k = p * w->n_pop; k < (p + 1) * w->n_pop; k++)
            if (w->delays[k] == 0) inhibition += fmax(0, -w->weights[k]);
        w->max_step = fmin(w->max_step, sigma / fmax(2, WITHIN_INHIBITION * inhibition));
        w->max_step = fmin(w->max_step, 1 / npde__model_value(m, p, NPDE_PARAM_G_LEAK));
    }
}

/* Weights and delays; the memory that the longest delay needs at steps of the shortest. */
static npde_status make_coupling(npde__network *w, const npde_model *m)
{
    const size_t n = w->n_pop;
    double longest = 0;
    w->max_step = INFINITY;
    w->coupling = npde__callback_acquire(m->coupling);
    w->conductance = npde__callback_acquire(m->conductance);
    if (!m->kind->coupled) return NPDE_OK;
    double **const to[NPDE__MATRICES] = {&w->weights, &w->noise, &w->delays};
    for (size_t i = 0; i < NPDE__MATRICES; i++) {
        if (!(*to[i] = npde__alloc(w->context, n * n, sizeof(double)))) return NPDE_ERR_MEMORY;
        memcpy(*to[i], m->matrix[i], n * n * sizeof(double));
    }
    if (w->expected) limit_step(w, m);
    for (size_t k = 0; k < n * n; k++) {
        if (w->weights[k] == 0 && w->noise[k] == 0) continue;
        if (w->delays[k] == 0) w->kicks |= w->weights[k] != 0;
        else w->max_step = fmin(w->max_step, w->delays[k]);
        longest = fmax(longest, w->delays[k]);
    }
    if (longest == 0) return NPDE_OK;
    w->delayed = 1;
    const double h = npde__network_usual_step(w), points = 2 * ceil(longest / h) + 8, most = 1 << 27;
    if (points * (double)n > most)
        return npde__fail(
            w->context, NPDE_ERR_SIZE,
            "delays up to %g with steps of %g need %.3g past counts, more than %.3g: make the longest delay "
            "shorter, or %s",
            longest, h, points * (double)n, most, npde__network_lengthen(w));
    return npde__history_init(&w->history, w->context, n, (size_t)points, 2, 0.5 * h);
}

/* Conductances of a kinetic kind: their parameters, their equilibrium at the past rates, the table of G(v). */
static npde_status make_conductances(npde__network *w, const npde_particles *of, size_t p)
{
    const npde_model *m = of->model;
    npde__neurons *pop = &w->pop[p];
    npde__conductances *c = pop->conductance = npde__alloc(w->context, 1, sizeof *c);
    if (!c || !(c->g = npde__alloc(w->context, 64 * w->words, sizeof *c->g))) return NPDE_ERR_MEMORY;
    c->g_leak = npde__model_value(m, p, NPDE_PARAM_G_LEAK);
    c->v_excitatory = npde__model_value(m, p, NPDE_PARAM_V_EXCITATORY);
    c->sigma = npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_TIME);
    pop->drive0 = c->start_mean = npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_INPUT);
    pop->diffusion0 = c->start_variance = npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_DIFFUSION);
    for (size_t q = 0; q < w->n_pop; q++) {
        c->start_mean += w->weights[p * w->n_pop + q] * of->initial[q].past_rate;
        c->start_variance += w->noise[p * w->n_pop + q] * of->initial[q].past_rate;
    }
    if (of->initial[p].conductance) {
        c->start_mean = of->initial[p].g_mean;
        c->start_variance = of->initial[p].g_variance;
    }
    const npde_status small = npde__network_check_start(w, p);
    if (small) return small;
    const double end = pop->sharp ? pop->threshold : c->v_excitatory;
    c->per = NPDE__CONDUCTANCE_CELLS / (end - pop->leak);
    if (!pop->sharp) {
        const npde_status status = npde__profile_new(m, p, pop->leak, end, 0, &pop->profile);
        if (status) return status;
    }
    if (!w->conductance) return NPDE_OK;
    c->mean = npde__alloc(w->context, NPDE__CONDUCTANCE_CELLS + 1, sizeof *c->mean);
    c->at = npde__alloc(w->context, NPDE__CONDUCTANCE_CELLS + 1, sizeof *c->at);
    if (!c->mean || !c->at) return NPDE_ERR_MEMORY;
    for (size_t i = 0; i <= NPDE__CONDUCTANCE_CELLS; i++) c->at[i] = pop->leak + (double)i / c->per;
    return NPDE_OK;
}

static npde_status make_neurons(npde__network *w, const npde_particles *of, size_t p, const npde_grid *range)
{
    const npde_model *m = of->model;
    npde__neurons *pop = &w->pop[p];
    const npde_id refractory = (npde_id)npde__model_value(m, p, NPDE_PARAM_REFRACTORY);
    const npde_id discharge = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE);
    pop->refractory = refractory ? refractory : NPDE_REFRACTORY_NONE; /* 0: the kind has none */
    pop->hold = npde__model_value(m, p, NPDE_PARAM_REFRACTORY_TIME);
    pop->leak = npde__model_value(m, p, NPDE_PARAM_V_LEAK);
    pop->rate = 1 / npde__model_value(m, p, NPDE_PARAM_TIME_CONSTANT);
    pop->drive0 = npde__model_value(m, p, NPDE_PARAM_DRIVE);
    pop->diffusion0 = npde__model_value(m, p, NPDE_PARAM_DIFFUSION);
    pop->reset = npde__model_value(m, p, NPDE_PARAM_V_RESET);
    pop->threshold = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD);
    pop->sharp = !discharge || discharge == NPDE_DISCHARGE_NONE;
    pop->past_rate = w->rates[p] = w->past[p] = of->initial[p].past_rate;
    const double held = pop->refractory == NPDE_REFRACTORY_NONE ? 0 : pop->past_rate * pop->hold;
    if (!(held < 1))
        return npde__fail(w->context, NPDE_ERR_RANGE,
                          "population %zu: past rate %g x refractory time %g = %g, the share of the neurons that wait "
                          "at the start, must "
                          "be < 1: give a past rate less than %g",
                          p, pop->past_rate, pop->hold, held, 1 / pop->hold);
    if (w->expected) return make_conductances(w, of, p);
    if (!range) return NPDE_OK;
    return npde__profile_new(m, p, range->breaks[0], range->breaks[range->n_segments], 1, &pop->profile);
}

/* Hash of all that defines the problem, threads not among it. */
static uint64_t signature(const npde__network *w, const npde_model *m)
{
    const double numbers[] = {(double)w->n, w->dt, (double)w->bridge, (double)(m->coupling != NULL),
                              (double)(m->conductance != NULL)};
    uint64_t h = npde__bytes_hash(NPDE__HASH, &m->kind->id, sizeof m->kind->id);
    h = npde__bytes_hash(h, m->param, w->n_pop * npde__ids_size(NPDE_FAMILY_PARAM) * sizeof(double));
    for (size_t i = 0; m->kind->coupled && i < NPDE__MATRICES; i++)
        h = npde__bytes_hash(h, m->matrix[i], w->n_pop * w->n_pop * sizeof(double));
    h = npde__bytes_hash(h, &w->seed, sizeof w->seed);
    h = npde__bytes_hash(h, numbers, sizeof numbers);
    for (size_t p = 0; p < w->n_pop; p++) {
        const npde__profile *f = w->pop[p].profile;
        if (!f) continue;
        if (f->drift) h = npde__bytes_hash(h, f->drift, f->n * sizeof(double));
        h = npde__bytes_hash(h, f->discharge, f->n * sizeof(double));
    }
    return h;
}

static npde_status make(npde__network *w, const npde_particles *of)
{
    const npde_model *m = of->model;
    npde_grid *range = NULL;
    const int kinetic = is_kinetic(m);
    int general = m->drift != NULL && !kinetic;
    for (size_t p = 0; p < w->n_pop && !kinetic; p++)
        general |= (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) != NPDE_DISCHARGE_NONE;
    npde_status status = allocate(w, kinetic);
    if (!status) status = make_coupling(w, m);
    if (!status) status = npde__network_check_time(w);
    if (!status && general) status = npde__model_fit_grid(m, NPDE_SCHEME_FINITE_VOLUME, 0, NULL, 0, &range);
    for (size_t p = 0; p < w->n_pop && !status; p++) status = make_neurons(w, of, p, range);
    npde__grid_release(range);
    if (!status) status = npde__network_place(w, m, of->initial);
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
    w->began = w->t = w->counting = t0;
    w->dt = p->option[npde__ids_slot(NPDE_PARTICLE_OPTION_DT)];
    w->workers = (size_t)p->option[npde__ids_slot(NPDE_PARTICLE_OPTION_THREADS)];
    w->bridge = p->option[npde__ids_slot(NPDE_PARTICLE_OPTION_BRIDGE)] != 0;
    const npde_status status = make(w, p);
    if (status) npde__network_free(w);
    else *out = w;
    return status;
}
