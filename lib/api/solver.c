/* SPDX-License-Identifier: BSD-3-Clause */
#include "solve/solver.h"

#include "api/check.h"
#include "api/initial.h"
#include "core/time.h"
#include "models/model.h"
#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

/* ---- life ---- */

npde_status npde_solver_new(npde_model *model, const npde_grid *grid_or_null, npde_id method, npde_solver **out)
{
    if (!model) return NPDE_ERR_NULL;
    npde_context *c = model->context;
    const npde__id_row *row;
    NPDE__GIVEN(c, __func__, out);
    NPDE__TRY(npde__check_id(c, __func__, "method", NPDE_FAMILY_METHOD, method, &row));
    if (grid_or_null && grid_or_null->context != c)
        return npde__fail(c, NPDE_ERR_STATE, "%s: model and grid must come from the same context", __func__);
    npde_solver *s = npde__alloc(c, 1, sizeof *s);
    if (!s) return NPDE_ERR_MEMORY;
    atomic_init(&s->refs, 1);
    npde__context_acquire(c);
    s->context = c;
    s->model = npde__model_acquire(model);
    s->grid = grid_or_null ? npde__grid_acquire(grid_or_null) : NULL;
    s->method = npde__method_find(method);
    s->n_pop = model->n_pop;
    const size_t n_options = npde__ids_size(NPDE_FAMILY_OPTION);
    s->option = npde__alloc(c, n_options, sizeof *s->option);
    s->initial = npde__alloc(c, s->n_pop, sizeof *s->initial);
    if (!s->option || !s->initial) {
        npde_solver_free(s);
        return NPDE_ERR_MEMORY;
    }
    for (size_t i = 0; i < n_options; i++) s->option[i] = npde__ids_row_at(NPDE_FAMILY_OPTION, i)->preset;
    *out = s;
    return NPDE_OK;
}

static void free_run(npde_solver *s, npde__run *run)
{
    if (run) npde__grid_release(run->grid);
    npde__run_free(s->context, run);
}

void npde_solver_free(npde_solver *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
    npde_context *c = s->context;
    free_run(s, s->run);
    for (npde__observer *o = s->observers; o; o = o->next) o->removed = 1;
    npde__solver_sweep(s);
    for (size_t p = 0; s->initial && p < s->n_pop; p++) npde__initial_clear(c, &s->initial[p]);
    npde__free(c, s->initial);
    npde__free(c, s->jumps);
    npde__free(c, s->option);
    npde__model_release(s->model);
    npde__grid_release(s->grid);
    npde__free(c, s);
    npde__context_release(c);
}

/* ---- checks of order ---- */

static npde_status check_idle(const npde_solver *s, const char *function)
{
    if (!s->busy) return NPDE_OK;
    return npde__fail(s->context, NPDE_ERR_STATE,
                      "%s: the solver is running; an observer or callback may read it but not change it", function);
}

static npde_status check_started(const npde_solver *s, const char *function)
{
    if (s->run) return NPDE_OK;
    return npde__fail(s->context, NPDE_ERR_STATE, "%s: the solver has not been started; call npde_solver_start() first",
                      function);
}

/* ---- options and data ---- */

npde_status npde_solver_set(npde_solver *s, npde_id option, double value)
{
    if (!s) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__TRY(check_idle(s, __func__));
    NPDE__TRY(npde__check_id(s->context, __func__, "option", NPDE_FAMILY_OPTION, option, &row));
    NPDE__TRY(npde__check_value(s->context, __func__, row, value));
    s->option[npde__ids_slot(option)] = value;
    return NPDE_OK;
}

npde_status npde_solver_get(const npde_solver *s, npde_id option, double *out)
{
    if (!s) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__GIVEN(s->context, __func__, out);
    NPDE__TRY(npde__check_id(s->context, __func__, "option", NPDE_FAMILY_OPTION, option, &row));
    *out = npde__solver_option(s, option);
    return NPDE_OK;
}

static npde__initials initials(npde_solver *s)
{
    return (npde__initials){s->context, s->initial, s->n_pop};
}

npde_status npde_solver_set_gaussian(npde_solver *s, size_t pop, double mean, double variance)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(s, __func__));
    return npde__initial_set_gaussian(initials(s), __func__, pop, mean, variance);
}

npde_status npde_solver_set_conductance(npde_solver *s, size_t pop, double mean, double variance)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(s, __func__));
    return npde__initial_set_conductance(initials(s), __func__, pop, mean, variance);
}

npde_status npde_solver_set_density(npde_solver *s, size_t pop, npde_profile_fn density, void *user,
                                    npde_release_fn release)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(s, __func__));
    return npde__initial_set_density(initials(s), __func__, pop, density, user, release);
}

npde_status npde_solver_set_state(npde_solver *s, size_t pop, const double *p, size_t n)
{
    if (!s) return NPDE_ERR_NULL;
    npde_context *c = s->context;
    size_t first, last;
    NPDE__TRY(check_idle(s, __func__));
    NPDE__GIVEN(c, __func__, p);
    NPDE__TRY(npde__check_population(c, __func__, pop, s->n_pop, 0, &first, &last));
    const npde__model_kind *kind = s->model->kind;
    if (!s->grid && !kind->neuron)
        return npde__fail(c, NPDE_ERR_STATE,
                          "%s: a solver without a grid of its own has no points yet; give npde_solver_new() a grid",
                          __func__);
    NPDE__TRY(npde__check_size(c, __func__, "n", n, kind->neuron ? npde__model_components(kind) : s->grid->n));
    NPDE__TRY(npde__check_values(c, __func__, "p", p, n));
    return npde__initial_set_values(initials(s), pop, p, n);
}

npde_status npde_solver_set_past_rate(npde_solver *s, size_t pop, double rate)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(s, __func__));
    return npde__initial_set_past_rate(initials(s), __func__, pop, rate);
}

npde_status npde_solver_set_jumps(npde_solver *s, const double *times, size_t n)
{
    if (!s) return NPDE_ERR_NULL;
    npde_context *c = s->context;
    NPDE__TRY(check_idle(s, __func__));
    double *copy = NULL;
    if (n > 0) {
        NPDE__GIVEN(c, __func__, times);
        NPDE__TRY(npde__check_values(c, __func__, "times", times, n));
        for (size_t i = 1; i < n; i++)
            if (!(times[i] - times[i - 1] > 10 * npde__time_slack(times[i])))
                return npde__fail(c, NPDE_ERR_RANGE, "%s: times[%zu] = %.15g must lie after times[%zu] = %.15g",
                                  __func__, i, times[i], i - 1, times[i - 1]);
        copy = npde__alloc(c, n, sizeof *copy);
        if (!copy) return NPDE_ERR_MEMORY;
        memcpy(copy, times, n * sizeof *copy);
    }
    npde__free(c, s->jumps);
    s->jumps = copy;
    s->n_jumps = n;
    return NPDE_OK;
}

/* ---- a call that runs: callbacks may read the solver and free its handle, not change it ---- */

static void enter(npde_solver *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    s->busy = 1;
}

static npde_status leave(npde_solver *s, npde_status status)
{
    s->busy = 0;
    npde__solver_sweep(s);
    npde_solver_free(s);
    return status;
}

/* ---- start ---- */

/* Single neurons and oscillators have no grid; neurons have a state of a few numbers, oscillators have none but a density. */
static npde_status check_gridless(const npde_solver *s, const char *function)
{
    const npde__model_kind *kind = s->model->kind;
    const char *name = npde__ids_row(kind->id)->name;
    if (s->grid)
        return npde__fail(s->context, NPDE_ERR_UNSUPPORTED,
                          "%s: the kind %s has no grid: give NULL for it to npde_solver_new()", function, name);
    for (size_t p = 0; p < s->n_pop; p++) {
        if (kind->neuron && s->initial[p].kind != NPDE__INITIAL_STATE)
            return npde__fail(
                s->context, NPDE_ERR_STATE,
                "%s: neuron %zu has no state to start from; call npde_solver_set_state() with %zu numbers", function, p,
                npde__model_components(kind));
    }
    return NPDE_OK;
}

static npde_status check_start(const npde_solver *s, const char *function)
{
    const double dt = npde__solver_option(s, NPDE_OPTION_DT);
    if (s->model->kind->no_grid) NPDE__TRY(check_gridless(s, function));
    for (size_t p = 0; p < s->n_pop; p++)
        if (s->initial[p].kind == NPDE__INITIAL_NONE)
            return npde__fail(
                s->context, NPDE_ERR_STATE,
                "%s: population %zu has no initial data; call npde_solver_set_gaussian(), _density() or _state()",
                function, p);
    if (dt == 0 && s->method->error_order == 0 && s->method->order > 0)
        return npde__fail(s->context, NPDE_ERR_UNSUPPORTED,
                          "%s: the method %s has no error estimate for adaptive steps; set the option dt, or take a "
                          "method that has one, such as rodas5p or tr_bdf2",
                          function, npde__ids_row(s->method->id)->name);
    if (dt > 0 && (npde_id)npde__solver_option(s, NPDE_OPTION_BLOWUP) == NPDE_BLOWUP_JUMP)
        return npde__fail(s->context, NPDE_ERR_UNSUPPORTED,
                          "%s: blowup = jump with fixed steps: they pass by a blow-up without seeing it; set dt = 0",
                          function);
    const double dt_min = npde__solver_option(s, NPDE_OPTION_DT_MIN),
                 dt_max = npde__solver_option(s, NPDE_OPTION_DT_MAX);
    if (dt_min > (dt > 0 ? dt : dt_max))
        return npde__fail(s->context, NPDE_ERR_RANGE, "%s: dt_min = %g must be at most %s = %g", function, dt_min,
                          dt > 0 ? "dt" : "dt_max", dt > 0 ? dt : dt_max);
    return npde__model_validate(s->model);
}

/* All of a run, or what there is of it when something fails. */
static npde_status make_run(const npde_solver *s, npde__run *run, double t0)
{
    const int jump = (npde_id)npde__solver_option(s, NPDE_OPTION_BLOWUP) == NPDE_BLOWUP_JUMP;
    const double layer = npde__solver_option(s, NPDE_OPTION_LAYER);
    if (s->grid) run->grid = npde__grid_acquire(s->grid);
    else if (!s->model->kind->no_grid)
        /* What a jump leaves behind has discontinuities that move: nothing for spectral elements. */
        NPDE__TRY(s->model->kind->fit_grid(s->model, jump ? NPDE_SCHEME_FINITE_VOLUME : NPDE_SCHEME_SPECTRAL, 0,
                                           s->initial, layer > 0 || !jump ? layer : 5e-5, &run->grid));
    const npde__model_kind *kind = s->model->kind;
    const npde_id flux = (npde_id)npde__solver_option(s, NPDE_OPTION_FLUX);
    NPDE__TRY(kind->make(s->model, run->grid, flux, s->method->order, npde__solver_option(s, NPDE_OPTION_DT),
                         npde__solver_option(s, NPDE_OPTION_HISTORY), &run->system));
    NPDE__TRY(npde__stepper_init(&run->stepper, s->method, run->system));
    NPDE__TRY(kind->start(run->system, s->initial, run->stepper.y, &run->resolution));
    return npde__run_begin(s, run, t0);
}

/* Makes a run and tells the observers; a run that was there goes only when all went well. */
static npde_status restart(npde_solver *s, double t0)
{
    npde__run *before = s->run, *run = npde__alloc(s->context, 1, sizeof *run);
    npde_status status = run ? make_run(s, run, t0) : NPDE_ERR_MEMORY;
    if (!status) {
        s->run = run;
        status = npde__solver_notify(s, NPDE_EVENT_START);
        if (status >= 0 && run->blowup.jumps > 0) {
            const npde_status told = npde__solver_notify(s, NPDE_EVENT_JUMP);
            if (told) status = told;
        }
    }
    free_run(s, status < 0 ? run : before);
    if (status < 0) s->run = before;
    if (status || run->resolution <= 1e-2) return status;
    npde__log(s->context, NPDE_LOG_NOTICE,
              "the initial data differ from their projection by %.2g in L1: the grid is too coarse for them; refine it "
              "near them, or give no grid",
              run->resolution);
    return NPDE_NOTICE_UNRESOLVED;
}

npde_status npde_solver_start(npde_solver *s, double t0)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(s, __func__));
    NPDE__TRY(npde__check_range(s->context, __func__, "t0", t0, -1e12, 1e12));
    NPDE__TRY(check_start(s, __func__));
    enter(s);
    return leave(s, restart(s, t0));
}

/* ---- running ---- */

static npde_status check_run(const npde_solver *s, const char *function, const char *argument, double t)
{
    NPDE__TRY(check_idle(s, function));
    NPDE__TRY(check_started(s, function));
    NPDE__TRY(npde__check_finite(s->context, function, argument, t));
    if (t >= s->run->t) return NPDE_OK;
    return npde__fail(s->context, NPDE_ERR_RANGE, "%s: %s = %.15g lies before the present time %.15g", function,
                      argument, t, s->run->t);
}

/* Ends a running call: the notice if all went well, the time. */
static npde_status finish(npde_solver *s, npde_status status, double *t)
{
    if (t) *t = s->run->t;
    return leave(s, status ? status : npde__solver_notice(s));
}

static int64_t begin(npde_solver *s)
{
    enter(s);
    return (int64_t)s->run->max_steps;
}

npde_status npde_solver_step(npde_solver *s, double t_limit, double *t)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_run(s, __func__, "t_limit", t_limit));
    if (t_limit == s->run->t)
        return npde__fail(s->context, NPDE_ERR_RANGE, "%s: t_limit = %.15g is the present time", __func__, t_limit);
    int64_t budget = begin(s);
    return finish(s, npde__solver_step(s, t_limit, &budget), t);
}

npde_status npde_solver_advance(npde_solver *s, double t_end, double *t)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_run(s, __func__, "t_end", t_end));
    int64_t budget = begin(s);
    npde_status status = npde__solver_advance(s, t_end, &budget);
    if (!status) status = npde__solver_notify(s, NPDE_EVENT_FINISH);
    return finish(s, status, t);
}

npde_status npde_solver_sample(npde_solver *s, const double *times, size_t n_times, double *rates)
{
    if (!s) return NPDE_ERR_NULL;
    npde_context *c = s->context;
    NPDE__TRY(check_idle(s, __func__));
    NPDE__TRY(check_started(s, __func__));
    NPDE__GIVEN(c, __func__, times);
    NPDE__GIVEN(c, __func__, rates);
    if (n_times == 0) return npde__fail(c, NPDE_ERR_SIZE, "%s: n_times = 0 must be at least 1", __func__);
    NPDE__TRY(npde__check_values(c, __func__, "times", times, n_times));
    NPDE__TRY(check_run(s, __func__, "times[0]", times[0]));
    for (size_t i = 1; i < n_times; i++)
        if (times[i] < times[i - 1])
            return npde__fail(c, NPDE_ERR_RANGE,
                              "%s: times[%zu] = %.15g lies before times[%zu] = %.15g: they must ascend", __func__, i,
                              times[i], i - 1, times[i - 1]);
    int64_t budget = begin(s);
    npde_status status = npde__solver_sample(s, times, n_times, rates, &budget);
    if (!status) status = npde__solver_notify(s, NPDE_EVENT_FINISH);
    return finish(s, status, NULL);
}

/* ---- reading ---- */

static npde_status check_read(const npde_solver *s, const char *function, const void *out, size_t pop)
{
    size_t first, last;
    NPDE__TRY(check_started(s, function));
    NPDE__GIVEN(s->context, function, out);
    return npde__check_population(s->context, function, pop, s->n_pop, 0, &first, &last);
}

/* What only a density on a grid has. */
static npde_status check_density(const npde_solver *s, const char *function)
{
    if (s->run->grid) return NPDE_OK;
    return npde__fail(s->context, NPDE_ERR_UNSUPPORTED,
                      "%s: the kind %s has no grid; npde_solver_state() gives its state", function,
                      npde__ids_row(s->model->kind->id)->name);
}

/* What lies behind it need not be the rest of the state. */
static const double *density(const npde_solver *s, size_t pop)
{
    npde__system *system = s->run->system;
    const double *y = s->run->stepper.y + pop * system->stride;
    return system->ops->shown ? system->ops->shown(system, pop, y) : y;
}

npde_status npde_solver_state(const npde_solver *s, size_t pop, double *out, size_t n)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(s, __func__, out, pop));
    NPDE__TRY(npde__check_size(s->context, __func__, "n", n, s->run->system->points));
    memcpy(out, density(s, pop), n * sizeof *out);
    return NPDE_OK;
}

npde_status npde_solver_state_view(const npde_solver *s, size_t pop, const double **out, size_t *n)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(s, __func__, out, pop));
    NPDE__GIVEN(s->context, __func__, n);
    *out = density(s, pop);
    *n = s->run->system->points;
    return NPDE_OK;
}

npde_status npde_solver_evaluate(const npde_solver *s, size_t pop, const double *v, size_t n, double *out)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(s, __func__, out, pop));
    NPDE__GIVEN(s->context, __func__, v);
    NPDE__TRY(npde__check_values(s->context, __func__, "v", v, n));
    const npde__system *system = s->run->system;
    if (system->ops->density) {
        system->ops->density(system, pop, s->run->stepper.y, n, v, out);
        return NPDE_OK;
    }
    NPDE__TRY(check_density(s, __func__));
    const double *p = density(s, pop);
    const npde_grid *grid = npde__grid_axis(s->run->grid, 0);
    const npde_grid *g = npde__grid_axes(s->run->grid) == 2 ? npde__grid_axis(s->run->grid, 1) : NULL;
    for (size_t i = 0; i < n; i++) {
        double l[NPDE__MAX_NODES], sum = 0;
        size_t first = 0;
        const size_t points = npde__grid_interpolate(grid, v[i], &first, l);
        for (size_t row = 0; row < (g ? g->n : 1); row++)
            for (size_t j = 0; j < points; j++) sum += l[j] * (g ? g->w[row] : 1) * p[row * grid->n + first + j];
        out[i] = sum;
    }
    return NPDE_OK;
}

npde_status npde_solver_rates(const npde_solver *s, double *out, size_t n_pop)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(s, __func__, out, 0));
    NPDE__TRY(npde__check_size(s->context, __func__, "n_pop", n_pop, s->n_pop));
    memcpy(out, s->run->stepper.rates, n_pop * sizeof *out);
    return NPDE_OK;
}

npde_status npde_solver_reservoirs(const npde_solver *s, double *out, size_t n_pop)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(s, __func__, out, 0));
    NPDE__TRY(check_density(s, __func__));
    NPDE__TRY(npde__check_size(s->context, __func__, "n_pop", n_pop, s->n_pop));
    const npde__system *system = s->run->system;
    for (size_t p = 0; p < n_pop; p++) out[p] = s->run->stepper.y[p * system->stride + system->points];
    return NPDE_OK;
}

npde_status npde_solver_jump_sizes(const npde_solver *s, double *out, size_t n_pop)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(s, __func__, out, 0));
    NPDE__TRY(npde__check_size(s->context, __func__, "n_pop", n_pop, s->n_pop));
    memcpy(out, s->run->blowup.jump, n_pop * sizeof *out);
    return NPDE_OK;
}

npde_status npde_solver_grid(const npde_solver *s, npde_grid **out)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_read(s, __func__, out, 0));
    NPDE__TRY(check_density(s, __func__));
    *out = npde__grid_acquire(s->run->grid);
    return NPDE_OK;
}

npde_status npde_solver_stat(const npde_solver *s, npde_id stat, double *out)
{
    if (!s) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__TRY(check_read(s, __func__, out, 0));
    NPDE__TRY(npde__check_id(s->context, __func__, "stat", NPDE_FAMILY_STAT, stat, &row));
    *out = npde__solver_stat(s, stat);
    return NPDE_OK;
}

npde_status npde_solver_count(const npde_solver *s, npde_id count, int64_t *out)
{
    if (!s) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__TRY(check_read(s, __func__, out, 0));
    NPDE__TRY(npde__check_id(s->context, __func__, "count", NPDE_FAMILY_COUNT, count, &row));
    *out = npde__solver_count(s, count);
    return NPDE_OK;
}

/* ---- observers ---- */

npde_status npde_solver_observe(npde_solver *s, npde_id event, npde_observer_fn observer, void *user,
                                npde_release_fn release, int32_t *token)
{
    if (!s) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__TRY(check_idle(s, __func__));
    NPDE__TRY(npde__check_id(s->context, __func__, "event", NPDE_FAMILY_EVENT, event, &row));
    NPDE__GIVEN(s->context, __func__, observer);
    if (s->last_token == INT32_MAX)
        return npde__fail(s->context, NPDE_ERR_SIZE, "%s: all tokens are used up", __func__);
    npde__observer *o = npde__alloc(s->context, 1, sizeof *o);
    npde__callback *callback = o ? npde__callback_new(s->context, user, release) : NULL;
    if (!callback) {
        npde__free(s->context, o);
        return NPDE_ERR_MEMORY;
    }
    callback->fn.observer = observer;
    *o = (npde__observer){.event = event, .token = ++s->last_token, .callback = callback};
    npde__observer **end = &s->observers;
    while (*end) end = &(*end)->next;
    *end = o;
    if (token) *token = o->token;
    return NPDE_OK;
}

npde_status npde_solver_unobserve(npde_solver *s, int32_t token)
{
    if (!s) return NPDE_ERR_NULL;
    for (npde__observer *o = s->observers; o; o = o->next) {
        if (o->token != token || o->removed) continue;
        o->removed = 1;
        if (!s->busy) npde__solver_sweep(s);
        return NPDE_OK;
    }
    return npde__fail(s->context, NPDE_ERR_RANGE, "%s: token = %d names no observer of this solver", __func__,
                      (int)token);
}

/* ---- snapshots ---- */

npde_status npde_solver_save(const npde_solver *s, void *buf, size_t capacity, size_t *need)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_started(s, __func__));
    NPDE__GIVEN(s->context, __func__, need);
    return npde__solver_save(s, buf, capacity, need);
}

npde_status npde_solver_restore(npde_solver *s, const void *buf, size_t len)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__TRY(check_idle(s, __func__));
    NPDE__TRY(check_started(s, __func__));
    NPDE__GIVEN(s->context, __func__, buf);
    return npde__solver_restore(s, buf, len);
}
