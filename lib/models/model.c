/* SPDX-License-Identifier: BSD-3-Clause */
#include "models/model.h"

#include "models/neuron.h"

#include <math.h>
#include <string.h>

npde_status npde__model_new(npde_context *c, const npde__model_kind *kind, size_t n_pop, npde_model **out)
{
    npde_model *m = npde__alloc(c, 1, sizeof *m);
    if (!m) return NPDE_ERR_MEMORY;
    atomic_init(&m->refs, 1);
    npde__context_acquire(c);
    m->context = c;
    m->kind = kind;
    m->n_pop = n_pop;
    const size_t n_params = m->n_params = npde__ids_size(NPDE_FAMILY_PARAM);
    m->param = npde__alloc(c, n_pop * n_params, sizeof *m->param);
    int ok = m->param != NULL;
    for (size_t i = 0; kind->coupled && i < NPDE__MATRICES; i++)
        ok = ok && (m->matrix[i] = npde__alloc(c, n_pop * n_pop, sizeof(double))) != NULL;
    if (!ok) {
        npde__model_release(m);
        return NPDE_ERR_MEMORY;
    }
    for (size_t i = 0; i < n_params; i++)
        for (size_t p = 0; p < n_pop; p++) m->param[p * n_params + i] = npde__ids_row_at(NPDE_FAMILY_PARAM, i)->preset;
    *out = m;
    return NPDE_OK;
}

npde_status npde__model_copy(const npde_model *m, npde_model **out)
{
    const npde_status status = npde__model_new(m->context, m->kind, m->n_pop, out);
    if (status) return status;
    memcpy((*out)->param, m->param, m->n_pop * npde__ids_size(NPDE_FAMILY_PARAM) * sizeof *m->param);
    for (size_t i = 0; m->kind->coupled && i < NPDE__MATRICES; i++)
        memcpy((*out)->matrix[i], m->matrix[i], m->n_pop * m->n_pop * sizeof *m->matrix[i]);
    (*out)->coupling = npde__callback_acquire(m->coupling);
    (*out)->drift = npde__callback_acquire(m->drift);
    (*out)->discharge = npde__callback_acquire(m->discharge);
    return NPDE_OK;
}

npde_model *npde__model_acquire(npde_model *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void npde__model_release(npde_model *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1) return;
    npde_context *c = m->context;
    npde__free(c, m->param);
    for (size_t i = 0; i < NPDE__MATRICES; i++) npde__free(c, m->matrix[i]);
    npde__callback_release(m->coupling);
    npde__callback_release(m->drift);
    npde__callback_release(m->discharge);
    npde__callback_release(m->conductance);
    npde__free(c, m);
    npde__context_release(c);
}

/* A population's coupling with itself is the diagonal of a matrix. */
static npde_id matrix_of(npde_id param)
{
    switch (param) {
    case NPDE_PARAM_CONNECTIVITY: return NPDE_MATRIX_WEIGHTS;
    case NPDE_PARAM_NOISE_CONNECTIVITY: return NPDE_MATRIX_NOISE_WEIGHTS;
    case NPDE_PARAM_DELAY: return NPDE_MATRIX_DELAYS;
    default: return 0;
    }
}

int npde__model_is_coupling(npde_id param)
{
    return matrix_of(param) != 0;
}

/*
 * Does the kind of model have the parameter? Single neurons have the drive, their own block and the level of a spike;
 * oscillators their own and the diffusion.
 */
static int has_param(const npde__model_kind *kind, npde_id param)
{
    const int of_neurons = param >= NPDE_PARAM_ML_CAPACITANCE && param <= NPDE_PARAM_SPIKE_LEVEL;
    const int of_oscillators = param >= NPDE_PARAM_PHASE_COUPLING && param <= NPDE_PARAM_MODES;
    if (kind->id == NPDE_MODEL_KURAMOTO) return of_oscillators || param == NPDE_PARAM_DIFFUSION;
    if (!kind->neuron) {
        for (const npde_id *lacked = kind->lacks; *lacked; lacked++)
            if (*lacked == param) return 0;
        return !of_neurons && !of_oscillators;
    }
    const npde_id first = kind->neuron->first_param;
    return param == NPDE_PARAM_DRIVE || param == NPDE_PARAM_SPIKE_LEVEL ||
           (param >= first && param < first + (npde_id)kind->neuron->n_params);
}

size_t npde__model_components(const npde__model_kind *kind)
{
    return kind->neuron->components;
}

double *npde__model_param(const npde_model *m, size_t pop, npde_id param)
{
    if (!has_param(m->kind, param)) return NULL;
    const npde_id matrix = matrix_of(param);
    if (!matrix) return &m->param[pop * m->n_params + npde__ids_slot(param)];
    return m->kind->coupled ? &m->matrix[npde__ids_slot(matrix)][pop * m->n_pop + pop] : NULL;
}

double npde__model_value(const npde_model *m, size_t pop, npde_id param)
{
    const double *value = npde__model_param(m, pop, param);
    return value ? *value : 0;
}

double npde__model_entry(const npde_model *m, npde_id matrix, size_t p, size_t q)
{
    return m->kind->coupled ? m->matrix[npde__ids_slot(matrix)][p * m->n_pop + q] : 0;
}

npde_status npde__model_validate(const npde_model *m)
{
    if (m->kind->no_grid) return NPDE_OK;
    for (size_t p = 0; p < m->n_pop; p++) {
        const double reset = npde__model_value(m, p, NPDE_PARAM_V_RESET);
        const double threshold = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD);
        if (!(reset < threshold))
            return npde__fail(m->context, NPDE_ERR_RANGE,
                              "population %zu: v_reset = %g must be less than v_threshold = %g", p, reset, threshold);
        const npde_id refractory = (npde_id)npde__model_value(m, p, NPDE_PARAM_REFRACTORY);
        if (refractory && refractory != NPDE_REFRACTORY_NONE && /* 0: the kind has none */
            !(npde__model_value(m, p, NPDE_PARAM_REFRACTORY_TIME) > 0))
            return npde__fail(m->context, NPDE_ERR_RANGE,
                              "population %zu: refractory_time = 0 must be > 0 for a refractory state; set it, or set "
                              "refractory to none",
                              p);
        if ((npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_CUSTOM && !m->discharge)
            return npde__fail(m->context, NPDE_ERR_STATE,
                              "population %zu: discharge is custom, but npde_model_set_discharge() was not called", p);
        const npde_status status = m->kind->validate ? m->kind->validate(m, p) : NPDE_OK;
        if (status) return status;
    }
    return NPDE_OK;
}

static npde_status call_profile(const npde_model *m, const npde__callback *callback, const char *what, size_t pop,
                                size_t n, const double *v, double *value)
{
    npde_context *c = m->context;
    for (size_t i = 0; i < n; i++) value[i] = NAN; /* so that a value left out is noticed */
    const int32_t answer = callback->fn.profile(pop, n, v, value, callback->user);
    if (answer) {
        c->user_status = answer;
        return npde__fail(c, NPDE_ERR_CALLBACK, "the %s callback of population %zu returned %d", what, pop,
                          (int)answer);
    }
    for (size_t i = 0; i < n; i++)
        if (!isfinite(value[i]))
            return npde__fail(c, NPDE_ERR_CALLBACK,
                              "the %s callback of population %zu gave %g at v = %g: it must be finite", what, pop,
                              value[i], v[i]);
    return NPDE_OK;
}

npde__population npde__model_population(const npde_model *m, size_t pop)
{
    return (npde__population){.model = m,
                              .pop = pop,
                              .leak = npde__model_value(m, pop, NPDE_PARAM_V_LEAK),
                              .rate = 1 / npde__model_value(m, pop, NPDE_PARAM_TIME_CONSTANT),
                              .threshold = npde__model_value(m, pop, NPDE_PARAM_V_THRESHOLD),
                              .kappa = npde__model_value(m, pop, NPDE_PARAM_DISCHARGE_RATE),
                              .discharge = (npde_id)npde__model_value(m, pop, NPDE_PARAM_DISCHARGE)};
}

npde_status npde__model_drift(void *self, size_t n, const double *v, double *value)
{
    const npde__population *of = self;
    if (of->model->drift) return call_profile(of->model, of->model->drift, "drift", of->pop, n, v, value);
    for (size_t i = 0; i < n; i++) value[i] = (of->leak - v[i]) * of->rate;
    return NPDE_OK;
}

npde_status npde__model_discharge(void *self, size_t n, const double *v, double *value)
{
    const npde__population *of = self;
    const npde_model *m = of->model;
    if (of->discharge == NPDE_DISCHARGE_CUSTOM) {
        const npde_status status = call_profile(m, m->discharge, "discharge", of->pop, n, v, value);
        for (size_t i = 0; i < n && !status; i++)
            if (value[i] < 0)
                return npde__fail(m->context, NPDE_ERR_CALLBACK,
                                  "the discharge callback of population %zu gave %g at v = %g: it must be >= 0",
                                  of->pop, value[i], v[i]);
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        const double over = v[i] - of->threshold;
        value[i] = over <= 0 ? 0 : of->discharge == NPDE_DISCHARGE_STEP ? of->kappa : of->kappa * over;
    }
    return NPDE_OK;
}

npde_status npde__model_locate(const npde_model *m, const npde_grid *g, size_t pop, size_t *reset, size_t *threshold)
{
    if (npde__grid_axes(g) != 1 || npde__grid_scheme_cells(g->scheme))
        return npde__fail(
            m->context, NPDE_ERR_GRID,
            "the kind %s takes a grid with one axis of the scheme finite_volume or spectral; products and "
            "cells are for the kinetic kinds",
            npde__ids_row(m->kind->id)->name);
    const double v_reset = npde__model_value(m, pop, NPDE_PARAM_V_RESET);
    const double v_threshold = npde__model_value(m, pop, NPDE_PARAM_V_THRESHOLD);
    const size_t r = npde__grid_break(g, v_reset), f = npde__grid_break(g, v_threshold);
    if (r > g->n_segments || f > g->n_segments)
        return npde__fail(
            m->context, NPDE_ERR_GRID,
            "population %zu: the grid has no break at %s = %.17g; add it to the breaks of npde_grid_new()", pop,
            r > g->n_segments ? "v_reset" : "v_threshold", r > g->n_segments ? v_reset : v_threshold);
    if (r == 0)
        return npde__fail(m->context, NPDE_ERR_GRID,
                          "population %zu: v_reset = %g is the left end of the grid; begin the grid further left", pop,
                          v_reset);
    if (r >= f)
        return npde__fail(
            m->context, NPDE_ERR_GRID,
            "population %zu: the grid has one break for v_reset = %.17g and v_threshold = %.17g; they are "
            "too close for its span",
            pop, v_reset, v_threshold);
    const int sharp = (npde_id)npde__model_value(m, pop, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
    if (!sharp && f == g->n_segments)
        return npde__fail(
            m->context, NPDE_ERR_GRID,
            "population %zu: with a random threshold the grid must go on beyond v_threshold = %g; add a break "
            "to the right of it",
            pop, v_threshold);
    *reset = g->node[r];
    *threshold = g->node[f];
    return NPDE_OK;
}
