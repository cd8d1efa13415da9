/* SPDX-License-Identifier: BSD-3-Clause */
#include "particles/particles.h"

#include "api/check.h"
#include "api/initial.h"

#include <float.h>
#include <math.h>

/* ---- life ---- */

static int is_kinetic(const npde_model *m)
{
    return m->kind->id == NPDE_MODEL_VOLTAGE_CONDUCTANCE || m->kind->id == NPDE_MODEL_REDUCED_KINETIC;
}

npde_status npde_particles_new(npde_model *model, size_t n_neurons, uint64_t seed, npde_particles **out)
{
    if (!model) return NPDE_ERR_NULL;
    npde_context *c = model->context;
    NPDE__GIVEN(c, __func__, out);
    const npde_id kind = model->kind->id;
    if (kind != NPDE_MODEL_LIF && kind != NPDE_MODEL_LIF_NETWORK && !is_kinetic(model))
        return npde__fail(c, NPDE_ERR_UNSUPPORTED,
                          "%s: there are no particles for the kind %s; make a model of the kind lif, lif_network, "
                          "voltage_conductance or reduced_kinetic",
                          __func__, npde__ids_row(kind)->name);
    const size_t most = ((size_t)1 << 32) / model->n_pop / 64 * 64;
    if (n_neurons < 1 || n_neurons > most)
        return npde__fail(c, NPDE_ERR_SIZE, "%s: n_neurons = %zu is outside [1, %zu] for %zu populations", __func__,
                          n_neurons, most, model->n_pop);
    npde_particles *p = npde__alloc(c, 1, sizeof *p);
    if (!p) return NPDE_ERR_MEMORY;
    atomic_init(&p->refs, 1);
    npde__context_acquire(c);
    p->context = c;
    p->model = npde__model_acquire(model);
    p->n = n_neurons;
    p->seed = seed;
    const size_t n_options = npde__ids_size(NPDE_FAMILY_PARTICLE_OPTION);
    p->option = npde__alloc(c, n_options, sizeof *p->option);
    p->initial = npde__alloc(c, model->n_pop, sizeof *p->initial);
    if (!p->option || !p->initial) {
        npde_particles_free(p);
        return NPDE_ERR_MEMORY;
    }
    for (size_t i = 0; i < n_options; i++) p->option[i] = npde__ids_row_at(NPDE_FAMILY_PARTICLE_OPTION, i)->preset;
    *out = p;
    return NPDE_OK;
}

void npde_particles_free(npde_particles *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1) return;
    npde_context *c = p->context;
    npde__network_free(p->network);
    for (size_t k = 0; p->initial && k < p->model->n_pop; k++) npde__initial_clear(c, &p->initial[k]);
    npde__free(c, p->initial);
    npde__free(c, p->option);
    npde__model_release(p->model);
    npde__free(c, p);
    npde__context_release(c);
}

static npde_status check_idle(const npde_particles *p, const char *function)
{
    if (!p->busy) return NPDE_OK;
    return npde__fail(p->context, NPDE_ERR_STATE,
                      "%s: the particles are running; a callback may read them but not change them", function);
}

static npde_status check_started(const npde_particles *p, const char *function)
{
    if (p->network) return NPDE_OK;
    return npde__fail(p->context, NPDE_ERR_STATE,
                      "%s: the particles have not been started; call npde_particles_start() first", function);
}

/* ---- options and data ---- */

npde_status npde_particles_set(npde_particles *p, npde_id option, double value)
{
    if (!p) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__TRY(check_idle(p, __func__));
    NPDE__TRY(npde__check_id(p->context, __func__, "option", NPDE_FAMILY_PARTICLE_OPTION, option, &row));
    NPDE__TRY(npde__check_value(p->context, __func__, row, value));
    p->option[npde__ids_slot(option)] = value;
    return NPDE_OK;
}

npde_status npde_particles_get(const npde_particles *p, npde_id option, double *out)
{
    if (!p) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__GIVEN(p->context, __func__, out);
    NPDE__TRY(npde__check_id(p->context, __func__, "option", NPDE_FAMILY_PARTICLE_OPTION, option, &row));
    *out = p->option[npde__ids_slot(option)];
    return NPDE_OK;
}

static npde_status check_kinetic(const npde_particles *p, const char *function)
{
    if (is_kinetic(p->model)) return NPDE_OK;
    return npde__fail(
        p->context, NPDE_ERR_UNSUPPORTED,
        "%s: neurons of the kind %s have no conductance; voltage_conductance and reduced_kinetic have one", function,
        npde__ids_row(p->model->kind->id)->name);
}

static npde__initials initials(npde_particles *p)
{
    return (npde__initials){p->context, p->initial, p->model->n_pop};
}

npde_status npde_particles_set_gaussian(npde_particles *p, size_t pop, double mean, double variance)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(p, __func__));
    return npde__initial_set_gaussian(initials(p), __func__, pop, mean, variance);
}

npde_status npde_particles_set_conductance(npde_particles *p, size_t pop, double mean, double variance)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(p, __func__));
    NPDE__TRY(check_kinetic(p, __func__));
    return npde__initial_set_conductance(initials(p), __func__, pop, mean, variance);
}

npde_status npde_particles_set_density(npde_particles *p, size_t pop, npde_profile_fn density, void *user,
                                       npde_release_fn release)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(p, __func__));
    return npde__initial_set_density(initials(p), __func__, pop, density, user, release);
}

npde_status npde_particles_set_potentials(npde_particles *p, size_t pop, const double *v, size_t n)
{
    if (!p) return NPDE_ERR_NULL;
    npde_context *c = p->context;
    size_t first, last;
    NPDE__TRY(check_idle(p, __func__));
    NPDE__GIVEN(c, __func__, v);
    NPDE__TRY(npde__check_population(c, __func__, pop, p->model->n_pop, 0, &first, &last));
    NPDE__TRY(npde__check_size(c, __func__, "n", n, p->n));
    NPDE__TRY(npde__check_ranges(c, __func__, "v", v, n, -1e12, 1e12));
    return npde__initial_set_values(initials(p), pop, v, n);
}

npde_status npde_particles_set_past_rate(npde_particles *p, size_t pop, double rate)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(p, __func__));
    return npde__initial_set_past_rate(initials(p), __func__, pop, rate);
}

/* ---- running: callbacks may read the particles and free their handle, not change them ---- */

static void enter(npde_particles *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    p->busy = 1;
}

static npde_status leave(npde_particles *p, npde_status status)
{
    p->busy = 0;
    npde_particles_free(p);
    return status;
}

npde_status npde_particles_start(npde_particles *p, double t0)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(p, __func__));
    NPDE__TRY(npde__check_range(p->context, __func__, "t0", t0, -1e12, 1e12));
    for (size_t k = 0; k < p->model->n_pop; k++)
        if (p->initial[k].kind == NPDE__INITIAL_NONE)
            return npde__fail(
                p->context, NPDE_ERR_STATE,
                "%s: population %zu has no initial data; call npde_particles_set_gaussian(), _set_density() or "
                "_set_potentials()",
                __func__, k);
    NPDE__TRY(npde__model_validate(p->model));
    enter(p); /* drift and discharge are called back */
    npde__network *made = NULL;
    const npde_status status = npde__network_new(p, t0, &made);
    if (!status) {
        npde__network_free(p->network);
        p->network = made;
    }
    return leave(p, status);
}

static npde_status check_run(const npde_particles *p, const char *function, const char *argument, double t)
{
    NPDE__TRY(check_idle(p, function));
    NPDE__TRY(check_started(p, function));
    NPDE__TRY(npde__check_finite(p->context, function, argument, t));
    if (t >= p->network->t) return NPDE_OK;
    return npde__fail(p->context, NPDE_ERR_RANGE, "%s: %s = %.15g lies before the present time %.15g", function,
                      argument, t, p->network->t);
}

npde_status npde_particles_advance(npde_particles *p, double t_end, double *t)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_run(p, __func__, "t_end", t_end));
    enter(p);
    const npde_status status = npde__network_advance(p->network, t_end);
    if (t) *t = p->network->t;
    return leave(p, status);
}

npde_status npde_particles_sample(npde_particles *p, const double *times, size_t n_times, double *rates)
{
    if (!p) return NPDE_ERR_NULL;
    npde_context *c = p->context;
    NPDE__TRY(check_idle(p, __func__));
    NPDE__TRY(check_started(p, __func__));
    NPDE__GIVEN(c, __func__, times);
    NPDE__GIVEN(c, __func__, rates);
    if (n_times == 0) return npde__fail(c, NPDE_ERR_SIZE, "%s: n_times = 0 must be at least 1", __func__);
    NPDE__TRY(npde__check_values(c, __func__, "times", times, n_times));
    for (size_t i = 0; i < n_times; i++)
        if (!(times[i] > (i ? times[i - 1] : p->network->t)))
            return npde__fail(c, NPDE_ERR_RANGE, "%s: times[%zu] = %.15g must be later than %s %.15g", __func__, i,
                              times[i], i ? "the time before it," : "the present time,",
                              i ? times[i - 1] : p->network->t);
    enter(p);
    npde__network *w = p->network;
    npde_status status = NPDE_OK;
    for (size_t i = 0; i < n_times && !status; i++) {
        const double begin = w->t;
        double *row = rates + i * w->n_pop;
        for (size_t k = 0; k < w->n_pop; k++) w->binned[k] = w->pop[k].total;
        status = npde__network_advance(w, times[i]);
        for (size_t k = 0; k < w->n_pop && !status; k++)
            row[k] = (double)(w->pop[k].total - w->binned[k]) / ((double)w->n * (times[i] - begin));
    }
    return leave(p, status);
}

/* ---- reading ---- */

static npde_status check_read(const npde_particles *p, const char *function, const void *out, size_t pop)
{
    size_t first, last;
    NPDE__TRY(check_started(p, function));
    NPDE__GIVEN(p->context, function, out);
    return npde__check_population(p->context, function, pop, p->model->n_pop, 0, &first, &last);
}

npde_status npde_particles_rates(const npde_particles *p, double *out, size_t n_pop)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(p, __func__, out, 0));
    NPDE__TRY(npde__check_size(p->context, __func__, "n_pop", n_pop, p->model->n_pop));
    memcpy(out, p->network->rates, n_pop * sizeof *out);
    return NPDE_OK;
}

npde_status npde_particles_spikes(const npde_particles *p, int64_t *out, size_t n_pop)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(p, __func__, out, 0));
    NPDE__TRY(npde__check_size(p->context, __func__, "n_pop", n_pop, p->model->n_pop));
    for (size_t k = 0; k < n_pop; k++) out[k] = p->network->pop[k].total;
    return NPDE_OK;
}

npde_status npde_particles_reservoirs(const npde_particles *p, double *out, size_t n_pop)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(p, __func__, out, 0));
    NPDE__TRY(npde__check_size(p->context, __func__, "n_pop", n_pop, p->model->n_pop));
    for (size_t k = 0; k < n_pop; k++) {
        size_t held = 0;
        for (size_t i = 0; i < p->n; i++) held += isnan(p->network->pop[k].v[i]) != 0;
        out[k] = (double)held / (double)p->n;
    }
    return NPDE_OK;
}

npde_status npde_particles_potentials(const npde_particles *p, size_t pop, double *out, size_t n)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(p, __func__, out, pop));
    NPDE__TRY(npde__check_size(p->context, __func__, "n", n, p->n));
    const npde__neurons *of = &p->network->pop[pop];
    for (size_t i = 0; i < n; i++) out[i] = isnan(of->v[i]) ? NAN : of->v[i] + of->kick;
    return NPDE_OK;
}

npde_status npde_particles_conductances(const npde_particles *p, size_t pop, double *out, size_t n)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_kinetic(p, __func__));
    NPDE__TRY(check_read(p, __func__, out, pop));
    NPDE__TRY(npde__check_size(p->context, __func__, "n", n, p->n));
    for (size_t i = 0; i < n; i++) out[i] = npde__conductance_now(p->network->pop[pop].conductance, i);
    return NPDE_OK;
}

npde_status npde_particles_histogram(const npde_particles *p, size_t pop, const double *edges, size_t n_edges,
                                     double *density)
{
    if (!p) return NPDE_ERR_NULL;
    npde_context *c = p->context;
    NPDE__TRY(check_read(p, __func__, density, pop));
    NPDE__GIVEN(c, __func__, edges);
    if (n_edges < 2) return npde__fail(c, NPDE_ERR_SIZE, "%s: n_edges = %zu must be at least 2", __func__, n_edges);
    NPDE__TRY(npde__check_values(c, __func__, "edges", edges, n_edges));
    for (size_t i = 1; i < n_edges; i++) {
        const double width = edges[i] - edges[i - 1];
        if (!(width > 0))
            return npde__fail(c, NPDE_ERR_RANGE, "%s: edges[%zu] = %.15g must lie beyond edges[%zu] = %.15g", __func__,
                              i, edges[i], i - 1, edges[i - 1]);
        if (!(width >= DBL_MIN && width <= DBL_MAX))
            return npde__fail(c, NPDE_ERR_RANGE,
                              "%s: edges[%zu] = %g and edges[%zu] = %g are %g apart, a width by which no share can be "
                              "divided: it must be in [%g, %g]",
                              __func__, i - 1, edges[i - 1], i, edges[i], width, DBL_MIN, DBL_MAX);
    }
    const npde__neurons *of = &p->network->pop[pop];
    for (size_t i = 0; i + 1 < n_edges; i++) density[i] = 0;
    for (size_t i = 0; i < p->n; i++) {
        const double v = of->v[i] + of->kick;
        if (!(v >= edges[0] && v < edges[n_edges - 1])) continue;
        size_t low = 0, high = n_edges - 1;
        while (high - low > 1) {
            const size_t middle = (low + high) / 2;
            if (edges[middle] <= v) low = middle;
            else high = middle;
        }
        density[low] += 1;
    }
    for (size_t i = 0; i + 1 < n_edges; i++) density[i] = density[i] / (double)p->n / (edges[i + 1] - edges[i]);
    return NPDE_OK;
}

npde_status npde_particles_cascade_sizes(const npde_particles *p, int64_t *out, size_t n)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(p, __func__, out, 0));
    if (n == 0) return npde__fail(p->context, NPDE_ERR_SIZE, "%s: n = 0 must be at least 1", __func__);
    memset(out, 0, n * sizeof *out);
    for (size_t k = 0; k < NPDE__PARTICLES_SIZES; k++) out[k < n ? k : n - 1] += p->network->sizes[k];
    return NPDE_OK;
}

npde_status npde_particles_stat(const npde_particles *p, npde_id stat, double *out)
{
    if (!p) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__TRY(check_read(p, __func__, out, 0));
    NPDE__TRY(npde__check_id(p->context, __func__, "stat", NPDE_FAMILY_PARTICLE_STAT, stat, &row));
    *out = npde__network_stat(p->network, stat);
    return NPDE_OK;
}

npde_status npde_particles_count(const npde_particles *p, npde_id count, int64_t *out)
{
    if (!p) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__TRY(check_read(p, __func__, out, 0));
    NPDE__TRY(npde__check_id(p->context, __func__, "count", NPDE_FAMILY_PARTICLE_COUNT, count, &row));
    *out = npde__network_count(p->network, count);
    return NPDE_OK;
}

/* ---- snapshots ---- */

npde_status npde_particles_save(const npde_particles *p, void *buf, size_t capacity, size_t *need)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_started(p, __func__));
    NPDE__GIVEN(p->context, __func__, need);
    return npde__network_save(p->network, buf, capacity, need);
}

npde_status npde_particles_restore(npde_particles *p, const void *buf, size_t len)
{
    if (!p) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(p, __func__));
    NPDE__TRY(check_started(p, __func__));
    NPDE__GIVEN(p->context, __func__, buf);
    return npde__network_restore(p->network, buf, len);
}
