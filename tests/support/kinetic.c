/* SPDX-License-Identifier: BSD-3-Clause */
#include "kinetic.h"

#include <math.h>
#include <stdlib.h>

static const double g_threshold = 3.0 / 11;

static void set(npde_context *c, npde_model *m, npde_id param, double value)
{
    OK(c, npde_model_set(m, NPDE_ALL, param, value));
}

npde_model *kinetic_model(npde_context *c, const kinetic *k)
{
    npde_model *m;
    OK(c, npde_model_new(c, k->kind, 1, &m));
    set(c, m, NPDE_PARAM_V_RESET, 0);
    set(c, m, NPDE_PARAM_V_THRESHOLD, 1);
    set(c, m, NPDE_PARAM_V_EXCITATORY, 14.0 / 3);
    if (k->kind != NPDE_MODEL_MACROSCOPIC) set(c, m, NPDE_PARAM_CONDUCTANCE_TIME, k->sigma);
    set(c, m, NPDE_PARAM_CONDUCTANCE_INPUT, k->input);
    set(c, m, NPDE_PARAM_CONDUCTANCE_DIFFUSION, k->noise);
    set(c, m, NPDE_PARAM_CONNECTIVITY, k->strength);
    set(c, m, NPDE_PARAM_NOISE_CONNECTIVITY, k->noisy);
    set(c, m, NPDE_PARAM_DELAY, k->delay);
    if (k->refractory) {
        set(c, m, NPDE_PARAM_REFRACTORY, k->refractory);
        set(c, m, NPDE_PARAM_REFRACTORY_TIME, k->tau);
    }
    if (k->kappa > 0) {
        set(c, m, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP);
        set(c, m, NPDE_PARAM_DISCHARGE_RATE, k->kappa);
    }
    return m;
}

void kinetic_units(npde_context *c, npde_model *m, double faster, double volt)
{
    double discharge;
    OK(c, npde_model_get(m, 0, NPDE_PARAM_DISCHARGE, &discharge));
    const double per_volt = (npde_id)discharge == NPDE_DISCHARGE_RAMP ? volt : 1;
    const struct {
        npde_id param;
        double factor;
    } row[] = {{NPDE_PARAM_G_LEAK, faster},
               {NPDE_PARAM_CONDUCTANCE_INPUT, faster},
               {NPDE_PARAM_CONDUCTANCE_DIFFUSION, faster * faster},
               {NPDE_PARAM_NOISE_CONNECTIVITY, faster},
               {NPDE_PARAM_DELAY, 1 / faster},
               {NPDE_PARAM_REFRACTORY_TIME, 1 / faster},
               {NPDE_PARAM_DISCHARGE_RATE, faster / per_volt},
               {NPDE_PARAM_V_LEAK, volt},
               {NPDE_PARAM_V_RESET, volt},
               {NPDE_PARAM_V_THRESHOLD, volt},
               {NPDE_PARAM_V_EXCITATORY, volt}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        double value;
        OK(c, npde_model_get(m, 0, row[i].param, &value));
        set(c, m, row[i].param, value * row[i].factor);
    }
}

npde_grid *kinetic_grid(npde_context *c, const kinetic *k, npde_grid **v, npde_grid **g)
{
    const npde_id v_scheme = k->v_scheme ? k->v_scheme : NPDE_SCHEME_CELLS;
    const npde_id g_scheme = k->g_scheme ? k->g_scheme : NPDE_SCHEME_CELLS;
    const double v_end = k->v_end > 0 ? k->v_end : 2, v_breaks[] = {0, 1, v_end},
                 g_breaks[] = {0, g_threshold, k->g_end};
    const size_t v_cells[] = {k->n_v, (size_t)((double)k->n_v * (v_end - 1) + 0.5)};
    size_t g_cells[] = {k->n_g, k->n_g};
    if (g_scheme != NPDE_SCHEME_SPECTRAL) {
        g_cells[0] = (size_t)((double)k->n_g * g_threshold / k->g_end + 0.5);
        g_cells[1] = k->n_g - g_cells[0];
    }
    npde_grid *grid;
    *v = *g = NULL;
    if (k->kind != NPDE_MODEL_FAST_VOLTAGE)
        OK(c, npde_grid_new(c, v_scheme, v_breaks, k->kappa > 0 ? 3 : 2, v_cells, v));
    if (k->kind != NPDE_MODEL_MACROSCOPIC) OK(c, npde_grid_new(c, g_scheme, g_breaks, 3, g_cells, g));
    if (!*v || !*g) {
        grid = *v ? *v : *g;
        *v = *g = NULL;
    } else {
        OK(c, npde_grid_new_product(*v, *g, &grid));
    }
    return grid;
}

kinetic_run kinetic_prepare(const kinetic *k)
{
    kinetic_run r = {0};
    OK(r.context, npde_context_new(&r.context));
    r.model = kinetic_model(r.context, k);
    r.grid = kinetic_grid(r.context, k, &r.v, &r.g);
    OK(r.context, npde_solver_new(r.model, r.grid, k->method ? k->method : NPDE_METHOD_STRANG, &r.solver));
    OK(r.context, npde_solver_set(r.solver, NPDE_OPTION_DT, k->dt));
    if (k->rtol > 0) OK(r.context, npde_solver_set(r.solver, NPDE_OPTION_RTOL, k->rtol));
    OK(r.context, npde_solver_set_gaussian(r.solver, 0, k->mean, k->variance));
    if (k->g_variance > 0) OK(r.context, npde_solver_set_conductance(r.solver, 0, k->g_mean, k->g_variance));
    return r;
}

kinetic_run kinetic_start(const kinetic *k)
{
    kinetic_run r = kinetic_prepare(k);
    const npde_status status = npde_solver_start(r.solver, 0);
    ck_assert_msg(status >= 0, "start: %s", npde_context_error(r.context));
    return r;
}

void kinetic_free(kinetic_run *r)
{
    npde_solver_free(r->solver);
    npde_grid_free(r->grid);
    npde_grid_free(r->v);
    npde_grid_free(r->g);
    npde_model_free(r->model);
    npde_context_free(r->context);
}

double kinetic_rate(kinetic_run *r, double t)
{
    double rate = NAN;
    const npde_status status = npde_solver_sample(r->solver, &t, 1, &rate);
    ck_assert_msg(status >= 0, "to t = %g: %s: %s", t, npde_status_name(status), npde_context_error(r->context));
    return rate;
}

double kinetic_stat(const kinetic_run *r, npde_id stat)
{
    double value = NAN;
    OK(r->context, npde_solver_stat(r->solver, stat, &value));
    return value;
}

void kinetic_means(const kinetic_run *r, double *v_mean, double *g_mean, double *marginal)
{
    const size_t n_v = npde_grid_size(r->grid, 0), n_g = npde_grid_size(r->grid, 1);
    double *v = malloc(n_v * sizeof *v), *w_v = malloc(n_v * sizeof *v);
    double *g = malloc(n_g * sizeof *g), *w_g = malloc(n_g * sizeof *g);
    const double *p;
    size_t n;
    OK(r->context, npde_grid_points(r->grid, 0, v, n_v));
    OK(r->context, npde_grid_weights(r->grid, 0, w_v, n_v));
    OK(r->context, npde_grid_points(r->grid, 1, g, n_g));
    OK(r->context, npde_grid_weights(r->grid, 1, w_g, n_g));
    OK(r->context, npde_solver_state_view(r->solver, 0, &p, &n));
    ck_assert_uint_eq(n, n_v * n_g);
    *v_mean = *g_mean = 0;
    for (size_t j = 0; j < n_g; j++) {
        double q = 0;
        for (size_t i = 0; i < n_v; i++) {
            q += w_v[i] * p[j * n_v + i];
            *v_mean += v[i] * w_v[i] * w_g[j] * p[j * n_v + i];
        }
        *g_mean += g[j] * w_g[j] * q;
        if (marginal) marginal[j] = q;
    }
    free(v);
    free(w_v);
    free(g);
    free(w_g);
}

int32_t kinetic_standing(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop;
    const double g = *(double *)user;
    for (size_t i = 0; i < n; i++) value[i] = 1 / (14.0 / 3 * g - (1 + g) * v[i]);
    return 0;
}

int32_t kinetic_firing_at_ten(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop;
    const double g = *(double *)user, a = 14.0 / 3 * g, b = 1 + g, target = a / b;
    for (size_t i = 0; i < n; i++) {
        const double fired = v[i] > 1 && v[i] < target ? pow((target - v[i]) / (target - 1), 10 / b) : 1;
        value[i] = v[i] < target ? fired / (a - b * v[i]) : 0;
    }
    return 0;
}
