/* SPDX-License-Identifier: BSD-3-Clause
 * Where the neurons of a network begin: Gaussian potentials, those of a density by inversion of its integral, given
 * ones; conductances of a Gaussian, by default their equilibrium. */
#include "particles/particles.h"

#include <math.h>

enum { CELLS = 1 << 14, POINTS = 2, PLACES = POINTS * CELLS, TRIES = 1000 };

/* A density over the cells of an interval, constant in each, by its integral up to their ends. */
typedef struct {
    double left, width;
    double *until; /* CELLS */
} distribution;

typedef struct {
    npde__network *network;
    const npde__initial *initial;
    distribution *of; /* one per population; until is NULL where there is no function */
} start_job;

/* ---- a density by a function ---- */

static npde_status values(npde_context *c, size_t p, const npde__callback *f, const double *v, double *value)
{
    for (size_t i = 0; i < PLACES; i++) value[i] = NAN;
    const int32_t answer = f->fn.profile(p, PLACES, v, value, f->user);
    if (answer) {
        c->user_status = answer;
        return npde__fail(c, NPDE_ERR_CALLBACK, "the density callback of population %zu returned %d", p, (int)answer);
    }
    for (size_t i = 0; i < PLACES; i++)
        if (!isfinite(value[i]) || value[i] < 0)
            return npde__fail(c, NPDE_ERR_CALLBACK,
                              "the density callback of population %zu gave %g at v = %g: it must be finite and >= 0", p,
                              value[i], v[i]);
    return NPDE_OK;
}

/* Masses of cells by Gauss quadrature. */
static npde_status integrate(npde_context *c, size_t p, const npde__callback *f, distribution *d)
{
    static const double inset = 0.21132486540518711775; /* (1 − 1/√3)/2 */
    double *v = npde__alloc(c, 2 * (size_t)PLACES, sizeof *v), sum = 0;
    if (!v) return NPDE_ERR_MEMORY;
    double *value = v + PLACES;
    for (size_t i = 0; i < CELLS; i++) {
        v[2 * i] = d->left + d->width * ((double)i + inset);
        v[2 * i + 1] = d->left + d->width * ((double)i + 1 - inset);
    }
    npde_status status = values(c, p, f, v, value);
    for (size_t i = 0; i < CELLS && !status; i++) d->until[i] = sum += value[2 * i] + value[2 * i + 1];
    npde__free(c, v);
    if (!status && (!(sum > 0) || !isfinite(sum)))
        status = npde__fail(c, NPDE_ERR_RANGE, "population %zu: the initial density has the mass %g on [%g, %g]", p,
                            sum * d->width / 2, d->left, d->left + d->width * CELLS);
    return status;
}

/* Where potentials can be: as far as a fitted grid reaches, or from V_LEAK on; up to the threshold if it is sharp. */
static npde_status bounds(const npde__network *w, const npde_model *m, size_t p, double *left, double *right)
{
    const npde__neurons *pop = &w->pop[p];
    npde_grid *range;
    if (pop->conductance) {
        *left = pop->leak;
        *right = pop->sharp ? pop->threshold : pop->conductance->v_excitatory;
        return NPDE_OK;
    }
    const npde_status status = npde__model_fit_grid(m, NPDE_SCHEME_FINITE_VOLUME, 0, NULL, 0, &range);
    if (status) return status;
    *left = range->breaks[0];
    *right = pop->sharp ? pop->threshold : range->breaks[range->n_segments];
    npde__grid_release(range);
    return NPDE_OK;
}

static npde_status make_distribution(const start_job *job, const npde_model *m, size_t p)
{
    const npde__network *w = job->network;
    distribution *d = &job->of[p];
    double right;
    if (job->initial[p].kind != NPDE__INITIAL_DENSITY) return NPDE_OK;
    const npde_status status = bounds(w, m, p, &d->left, &right);
    if (status) return status;
    d->width = (right - d->left) / CELLS;
    if (!(d->until = npde__alloc(w->context, CELLS, sizeof *d->until))) return NPDE_ERR_MEMORY;
    return integrate(w->context, p, job->initial[p].density, d);
}

/* Where the integral has the share u of all. */
static double invert(const distribution *d, double u)
{
    const double target = u * d->until[CELLS - 1];
    size_t low = 0, high = CELLS - 1; /* the first cell whose end is beyond the target */
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (d->until[middle] > target) high = middle;
        else low = middle + 1;
    }
    const double before = low ? d->until[low - 1] : 0;
    return d->left + d->width * ((double)low + (target - before) / (d->until[low] - before));
}

/* ---- neurons ---- */

/* Draws Gaussian variates until one lies in [low, high); NaN if none of many does. */
static double within(const npde__network *w, uint32_t purpose, uint32_t index, double mean, double variance, double low,
                     double high)
{
    for (uint32_t k = 0; k < TRIES; k++) {
        const npde__random a = npde__random_draw(w->seed, 0, purpose + k, index);
        double normal[2];
        npde__random_normal(a.word[0], a.word[1], normal);
        const double x = mean + sqrt(variance) * normal[0];
        if (x >= low && x < high) return x;
    }
    return NAN;
}

static double potential(const npde__network *w, const npde__neurons *pop, const npde__initial *initial,
                        const distribution *d, uint32_t index)
{
    if (d->until) {
        const npde__random a = npde__random_draw(w->seed, 0, NPDE__PURPOSE_START, index);
        return invert(d, (a.word[0] + 0x1p-32 * (a.word[1] + 0.5)) * 0x1p-32);
    }
    const npde__conductances *c = pop->conductance;
    const double end = c ? c->v_excitatory : INFINITY;
    return within(w, NPDE__PURPOSE_START, index, initial->mean, initial->variance, c ? pop->leak : -INFINITY,
                  pop->sharp ? pop->threshold : end);
}

static double held(const npde__network *w, const npde__neurons *pop, uint32_t index)
{
    const uint32_t word = npde__random_draw(w->seed, 0, NPDE__PURPOSE_START, index).word[0];
    const int fixed = pop->refractory == NPDE_REFRACTORY_FIXED;
    const double waits = pop->hold * (fixed ? npde__random_uniform(word) : npde__random_exponential(word));
    return npde__neurons_held_until(w, w->began + waits);
}

/* Fills a chunk with initial data; how many neurons found no place. */
static int64_t start_chunk(const npde__network *w, npde__neurons *pop, size_t p, size_t chunk,
                           const npde__initial *initial, const distribution *d)
{
    const size_t first = NPDE__CHUNK_NEURONS * chunk, all = 64 * w->words;
    const size_t last = first + NPDE__CHUNK_NEURONS < all ? first + NPDE__CHUNK_NEURONS : all;
    const size_t refractory =
        pop->refractory == NPDE_REFRACTORY_NONE ? 0 : (size_t)(pop->past_rate * pop->hold * (double)w->n + 0.5);
    npde__conductances *c = pop->conductance;
    double top = -INFINITY;
    int64_t lost = 0;
    for (size_t i = first; i < last; i++) {
        const uint32_t index = npde__network_index(w, p, i);
        if (i >= w->n) {
            pop->v[i] = npde__of_bits(NPDE__HELD + NPDE__HELD_LONGEST);
            continue;
        }
        if (c) {
            c->g[i] = (float)within(w, NPDE__PURPOSE_CONDUCTANCE, index, c->start_mean, c->start_variance, 0, INFINITY);
            lost += isnan(c->g[i]) != 0;
        }
        if (initial->kind == NPDE__INITIAL_STATE) pop->v[i] = initial->state[i];
        else if (i < refractory) pop->v[i] = held(w, pop, index);
        else lost += isnan(pop->v[i] = potential(w, pop, initial, d, index)) != 0;
        if (pop->v[i] > top) top = pop->v[i];
    }
    if (pop->top) pop->top[chunk] = top;
    return lost;
}

static void start_part(void *self, size_t k, size_t worker)
{
    (void)worker;
    const start_job *job = self;
    npde__network *w = job->network;
    const size_t p = k / w->chunks;
    w->tally[k] = start_chunk(w, &w->pop[p], p, k % w->chunks, &job->initial[p], &job->of[p]);
}

static npde_status no_place(const npde__network *w, size_t p, const npde__initial *initial)
{
    const npde__neurons *pop = &w->pop[p];
    const npde__conductances *c = pop->conductance;
    if (c && !(c->start_mean > -2.5 * sqrt(c->start_variance)))
        return npde__fail(w->context, NPDE_ERR_RANGE,
                          "population %zu: the Gaussian of mean %g and variance %g has next to nothing at g >= 0", p,
                          c->start_mean, c->start_variance);
    if (c)
        return npde__fail(w->context, NPDE_ERR_RANGE,
                          "population %zu: the Gaussian of mean %g and variance %g has next to nothing between v_leak "
                          "= %g and %s = %g",
                          p, initial->mean, initial->variance, pop->leak, pop->sharp ? "v_threshold" : "v_excitatory",
                          pop->sharp ? pop->threshold : c->v_excitatory);
    return npde__fail(w->context, NPDE_ERR_RANGE,
                      "population %zu: the Gaussian of mean %g and variance %g has next to nothing below v_threshold = "
                      "%g",
                      p, initial->mean, initial->variance, pop->threshold);
}

npde_status npde__network_place(npde__network *w, const npde_model *m, const npde__initial *initial)
{
    start_job job = {w, initial, npde__alloc(w->context, w->n_pop, sizeof(distribution))};
    npde_status status = job.of ? NPDE_OK : NPDE_ERR_MEMORY;
    for (size_t p = 0; p < w->n_pop && !status; p++) status = make_distribution(&job, m, p);
    if (!status) npde__pool_run(w->pool, start_part, &job, w->n_pop * w->chunks);
    for (size_t k = 0; k < w->n_pop * w->chunks && !status; k++)
        if (w->tally[k] > 0) status = no_place(w, k / w->chunks, &initial[k / w->chunks]);
    for (size_t p = 0; job.of && p < w->n_pop; p++) npde__free(w->context, job.of[p].until);
    npde__free(w->context, job.of);
    return status;
}
