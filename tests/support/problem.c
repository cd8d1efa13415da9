/* SPDX-License-Identifier: BSD-3-Clause */
#include "problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int32_t sine(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)rate;
    (void)diffusion;
    for (size_t p = 0; p < n_pop; p++) drive[p] += *(const double *)user * sin(2 * 3.14159265358979323846 * t);
    return 0;
}

static void set(npde_context *c, npde_model *m, npde_id param, double value)
{
    OK(c, npde_model_set(m, NPDE_ALL, param, value));
}

npde_model *problem_model(npde_context *c, const problem *p)
{
    npde_model *m;
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 1, &m));
    set(c, m, NPDE_PARAM_V_RESET, p->reset);
    set(c, m, NPDE_PARAM_V_THRESHOLD, p->threshold);
    set(c, m, NPDE_PARAM_DRIVE, p->drive);
    set(c, m, NPDE_PARAM_DRIVE_SWING, fabs(p->swing));
    set(c, m, NPDE_PARAM_DIFFUSION, p->diffusion);
    set(c, m, NPDE_PARAM_CONNECTIVITY, p->connectivity);
    set(c, m, NPDE_PARAM_NOISE_CONNECTIVITY, p->noise);
    set(c, m, NPDE_PARAM_DELAY, p->delay);
    if (p->refractory) set(c, m, NPDE_PARAM_REFRACTORY, p->refractory);
    set(c, m, NPDE_PARAM_REFRACTORY_TIME, p->tau);
    if (p->discharge) set(c, m, NPDE_PARAM_DISCHARGE, p->discharge);
    if (p->kappa > 0) set(c, m, NPDE_PARAM_DISCHARGE_RATE, p->kappa);
    return m;
}

static run *begin(const problem *p)
{
    run *r = calloc(1, sizeof *r);
    ck_assert_ptr_nonnull(r);
    OK(r->context, npde_context_new(&r->context));
    r->model = problem_model(r->context, p);
    r->swing = p->swing;
    if (p->swing != 0) OK(r->context, npde_model_set_coupling(r->model, sine, &r->swing, NULL));
    return r;
}

static run *finish(run *r, const problem *p, npde_id method, double dt)
{
    OK(r->context, npde_solver_new(r->model, r->grid, method, &r->solver));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_DT, dt));
    OK(r->context, npde_solver_set_gaussian(r->solver, NPDE_ALL, p->mean, p->variance));
    return r;
}

int run_start(run *r)
{
    const npde_status status = npde_solver_start(r->solver, 0);
    if (status == NPDE_ERR_UNSUPPORTED) {
        ck_assert_ptr_nonnull(strstr(npde_context_error(r->context), "take "));
        return 0;
    }
    ck_assert_msg(status >= 0, "start: %s: %s", npde_status_name(status), npde_context_error(r->context));
    return 1;
}

static run *start(run *r, const problem *p)
{
    const npde_status status = npde_solver_start(r->solver, 0);
    ck_assert_msg(status >= 0, "%s: start: %s", p->name, npde_context_error(r->context));
    return r;
}

run *run_prepare(const problem *p, int cells, npde_id method, double dt)
{
    run *r = begin(p);
    if (cells > 0) OK(r->context, npde_grid_new_for(r->model, NPDE_SCHEME_FINITE_VOLUME, (size_t)cells, &r->grid));
    if (cells < 0) OK(r->context, npde_grid_new_for(r->model, NPDE_SCHEME_SPECTRAL, (size_t)-cells, &r->grid));
    return finish(r, p, method, dt);
}

run *run_new(const problem *p, int cells, npde_id method, double dt)
{
    return start(run_prepare(p, cells, method, dt), p);
}

run *run_new_on(const problem *p, npde_id scheme, const double *breaks, size_t n_breaks, const size_t *cells,
                npde_id method, double dt)
{
    run *r = begin(p);
    OK(r->context, npde_grid_new(r->context, scheme, breaks, n_breaks, cells, &r->grid));
    return start(finish(r, p, method, dt), p);
}

void run_free(run *r)
{
    npde_solver_free(r->solver);
    npde_grid_free(r->grid);
    npde_model_free(r->model);
    npde_context_free(r->context);
    free(r);
}

double run_rate(run *r, double t)
{
    double rate = NAN;
    const npde_status status = npde_solver_sample(r->solver, &t, 1, &rate);
    ck_assert_msg(status >= 0, "to t = %g: %s: %s", t, npde_status_name(status), npde_context_error(r->context));
    return rate;
}

double run_stat(const run *r, npde_id stat)
{
    double value = NAN;
    OK(r->context, npde_solver_stat(r->solver, stat, &value));
    return value;
}

int64_t run_count(const run *r, npde_id count)
{
    int64_t value = -1;
    OK(r->context, npde_solver_count(r->solver, count, &value));
    return value;
}

/* Whether a start with the method is refused for what the kind of model is. */
static int supported(const npde__method *method)
{
    static const problem p = {.name = "any", .reset = 1, .threshold = 2, .diffusion = 1, .variance = 0.1};
    run *r = run_prepare(&p, 20, method->id, 0.01);
    const npde_status status = npde_solver_start(r->solver, 0);
    run_free(r);
    return status != NPDE_ERR_UNSUPPORTED;
}

const npde__method *lif_method_at(size_t index)
{
    const npde__method *method;
    for (size_t i = 0; (method = npde__method_at(i)) != NULL; i++)
        if (supported(method) && index-- == 0) return method;
    return NULL;
}
