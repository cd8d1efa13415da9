/* SPDX-License-Identifier: BSD-3-Clause
 * Where the neurons of a network begin: Gaussian potentials, those of a density by inversion of its integral, given
 * ones; conductances of a Gaussian, by default their equilibrium. */
#include "particles/particles.h"

#include <math.h>

enum { CELLS = 1 << 14, POINTS = 2, PLACES = POINTS * CELLS };

/* The deviations that a Gaussian by the user may be away from where it is cut: its mass there is a number yet. */
static const double farthest = 37;

/* Where potentials are drawn: an interval; a density over cells of it, constant in each, by its integral up to their ends. */
typedef struct {
    double left, right, width;
    double *until; /* CELLS; NULL for a Gaussian */
} distribution;

typedef struct {
    npde__network *network;
    const npde__initial *initial;
    distribution *of; /* one per population */
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
        status =
            npde__fail(c, NPDE_ERR_RANGE,
                       "population %zu: the initial density has the mass %g on [%g, %g]: it must be > 0 and finite; "
                       "give a density that lies there",
                       p, sum * d->width / 2, d->left, d->right);
    return status;
}

/* ---- Gaussians ---- */

static npde_status check_gaussian(npde_context *c, size_t p, const char *of, double mean, double variance, double low,
                                  double high)
{
    const double far = farthest * sqrt(variance);
    if (mean >= low - far && mean < high + far && (variance > 0 || (mean >= low && mean < high))) return NPDE_OK;
    return npde__fail(
        c, NPDE_ERR_RANGE,
        "population %zu: the Gaussian of the initial %s has the mean %g and the variance %g, and next to "
        "nothing in [%g, %g), where they can be: give a mean in there, or a variance of which the mean is "
        "less than %g deviations away",
        p, of, mean, variance, low, high, farthest);
}

/* Where a density is looked for: as far as a fitted grid reaches, or from V_LEAK on; up to the threshold if it is sharp. */
static npde_status fit(const npde_model *m, const npde__neurons *pop, distribution *d)
{
    npde_grid *range;
    const npde_status status = npde__model_fit_grid(m, NPDE_SCHEME_FINITE_VOLUME, 0, NULL, 0, &range);
    if (status) return status;
    d->left = range->breaks[0];
    if (!pop->sharp) d->right = range->breaks[range->n_segments];
    npde__grid_release(range);
    return NPDE_OK;
}

static npde_status make_distribution(const start_job *job, const npde_model *m, size_t p)
{
    const npde__network *w = job->network;
    const npde__neurons *pop = &w->pop[p];
    const npde__conductances *c = pop->conductance;
    distribution *d = &job->of[p];
    d->left = c ? pop->leak : -INFINITY;
    d->right = pop->sharp ? pop->threshold : c ? c->v_excitatory : INFINITY;
    const npde__initial *initial = &job->initial[p];
    npde_status status = NPDE_OK;
    if (initial->conductance)
        status = check_gaussian(w->context, p, "conductances", initial->g_mean, initial->g_variance, 0, INFINITY);
    if (!status && initial->kind == NPDE__INITIAL_GAUSSIAN)
        status = check_gaussian(w->context, p, "potentials", initial->mean, initial->variance, d->left, d->right);
    if (status || initial->kind != NPDE__INITIAL_DENSITY) return status;
    if (!c) status = fit(m, pop, d);
    if (status) return status;
    d->width = (d->right - d->left) / CELLS;
    if (!(d->until = npde__alloc(w->context, CELLS, sizeof *d->until))) return NPDE_ERR_MEMORY;
    return integrate(w->context, p, initial->density, d);
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

/*
 * A variate of the Gaussian cut to [low, high), however little of it lies there, by rejection (Robert, Stat. Comput. 5,
 * 1995): from the Gaussian itself, in the tail from an exponential law that begins at the end next to the mean, in a short
 * interval from the uniform law. Two of five draws or more are taken.
 */
static double within(const npde__network *w, uint32_t purpose, uint32_t index, double mean, double variance, double low,
                     double high)
{
    const double deviation = sqrt(variance), wide = (high - low) / deviation;
    const double near = (mean < low ? low - mean : mean < high ? 0 : mean - high) / deviation;
    const double rate = (near + sqrt(near * near + 4)) / 2;
    for (;; purpose++) {
        const npde__random a = npde__random_draw(w->seed, 0, purpose, index);
        const double exponential = npde__random_exponential(a.word[0]), accepted = npde__random_exponential(a.word[2]);
        double normal[2], x, price; /* the chance of x is e^{−price} */
        if (near > 0 ? wide * rate < 2 : wide < 2.5) {
            x = low + (high - low) * npde__random_uniform(a.word[0]);
            const double z = fabs(x - mean) / deviation;
            price = (z - near) * (z + near) / 2;
        } else if (near > 0) {
            const double y = exponential / rate;
            x = mean < low ? low + deviation * y
                           : fmin(high - deviation * y, nextafter(high, -INFINITY)); /* not rounded up */
            price = (y - 1 / rate) * (y - 1 / rate) / 2;
        } else {
            npde__random_normal(a.word[0], a.word[1], normal);
            x = mean + deviation * normal[0];
            price = 0;
        }
        if (accepted >= price && x >= low && x < high) return x;
    }
}

static double potential(const npde__network *w, const npde__initial *initial, const distribution *d, uint32_t index)
{
    if (d->until) {
        const npde__random a = npde__random_draw(w->seed, 0, NPDE__PURPOSE_START, index);
        return invert(d, (a.word[0] + 0x1p-32 * (a.word[1] + 0.5)) * 0x1p-32);
    }
    return within(w, NPDE__PURPOSE_START, index, initial->mean, initial->variance, d->left, d->right);
}

static double held(const npde__network *w, const npde__neurons *pop, uint32_t index)
{
    const uint32_t word = npde__random_draw(w->seed, 0, NPDE__PURPOSE_START, index).word[0];
    const int fixed = pop->refractory == NPDE_REFRACTORY_FIXED;
    const double waits = pop->hold * (fixed ? npde__random_uniform(word) : npde__random_exponential(word));
    return npde__neurons_held_until(w, w->began + waits);
}

/* Fills a chunk with initial data. */
static void start_chunk(const npde__network *w, npde__neurons *pop, size_t p, size_t chunk,
                        const npde__initial *initial, const distribution *d)
{
    const size_t first = NPDE__CHUNK_NEURONS * chunk, all = 64 * w->words;
    const size_t last = first + NPDE__CHUNK_NEURONS < all ? first + NPDE__CHUNK_NEURONS : all;
    const size_t refractory =
        pop->refractory == NPDE_REFRACTORY_NONE ? 0 : (size_t)(pop->past_rate * pop->hold * (double)w->n + 0.5);
    npde__conductances *c = pop->conductance;
    double top = -INFINITY;
    for (size_t i = first; i < last; i++) {
        const uint32_t index = npde__network_index(w, p, i);
        if (i >= w->n) {
            pop->v[i] = npde__of_bits(NPDE__HELD + NPDE__HELD_LONGEST);
            continue;
        }
        if (c)
            c->g[i] = (float)within(w, NPDE__PURPOSE_CONDUCTANCE, index, c->start_mean, c->start_variance, 0, INFINITY);
        if (initial->kind == NPDE__INITIAL_STATE) pop->v[i] = initial->state[i];
        else if (i < refractory) pop->v[i] = held(w, pop, index);
        else pop->v[i] = potential(w, initial, d, index);
        if (pop->v[i] > top) top = pop->v[i];
    }
    if (pop->top) pop->top[chunk] = top;
}

static void start_part(void *self, size_t k, size_t worker)
{
    (void)worker;
    const start_job *job = self;
    npde__network *w = job->network;
    const size_t p = k / w->chunks;
    start_chunk(w, &w->pop[p], p, k % w->chunks, &job->initial[p], &job->of[p]);
}

npde_status npde__network_place(npde__network *w, const npde_model *m, const npde__initial *initial)
{
    start_job job = {w, initial, npde__alloc(w->context, w->n_pop, sizeof(distribution))};
    npde_status status = job.of ? NPDE_OK : NPDE_ERR_MEMORY;
    for (size_t p = 0; p < w->n_pop && !status; p++) status = make_distribution(&job, m, p);
    if (!status) npde__pool_run(w->pool, start_part, &job, w->n_pop * w->chunks);
    for (size_t p = 0; job.of && p < w->n_pop; p++) npde__free(w->context, job.of[p].until);
    npde__free(w->context, job.of);
    return status;
}
