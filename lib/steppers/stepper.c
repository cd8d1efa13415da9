/* SPDX-License-Identifier: BSD-3-Clause */
#include "steppers/stepper.h"

#include "core/ids.h"
#include "numerics/kernels.h"

#include <math.h>
#include <string.h>

/* Does the method suit a system whose F has parts, or has none? */
static npde_status check_parts(npde__stepper *s, const npde__method *method, npde__system *system)
{
    npde_context *c = system->context;
    const char *name = npde__ids_row(method->id)->name;
    if (method->splits == (system->ops->split_step != NULL)) return NPDE_OK;
    if (method->splits)
        return npde__fail(c, NPDE_ERR_UNSUPPORTED,
                          "the method %s splits transport from relaxation, and this kind of model is one whole; take "
                          "rodas5p or tr_bdf2",
                          name);
    if (!(method->reach > 0))
        return npde__fail(c, NPDE_ERR_UNSUPPORTED,
                          "the method %s cannot split transport from relaxation, as this kind of model needs; take "
                          "strang, or ars222, ars443, ark4 with a short step",
                          name);
    if (system->explicit_refused)
        return npde__fail(c, NPDE_ERR_UNSUPPORTED, "the method %s would take the transport explicitly: %s", name,
                          system->explicit_refused);
    s->longest = method->reach / system->explicit_rate;
    if (s->longest < system->max_step) system->max_step = s->longest;
    return NPDE_OK;
}

npde_status npde__stepper_init(npde__stepper *s, const npde__method *method, npde__system *system)
{
    *s = (npde__stepper){
        .method = method, .system = system, .iterate = 1, .error_order = method->error_order, .longest = INFINITY};
    npde_context *c = system->context;
    const npde_status parts = check_parts(s, method, system);
    if (parts) return parts;
    double **const states[] = {&s->y, &s->y_new, &s->error, &s->slope, &s->slope_new};
    double **const rates[] = {&s->rates, &s->rates_new, &s->rates_old, &s->residual};
    int ok = 1;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        ok = ok && (*states[i] = npde__alloc(c, system->n, sizeof(double))) != NULL;
    for (size_t i = 0; i < method->vectors; i++)
        ok = ok && (s->work[i] = npde__alloc(c, system->n, sizeof(double))) != NULL;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        ok = ok && (*rates[i] = npde__alloc(c, system->n_rates, sizeof(double))) != NULL;
    if (!ok) return NPDE_ERR_MEMORY;
    return method->init ? method->init(s) : NPDE_OK;
}

void npde__stepper_free(npde__stepper *s)
{
    if (!s->system) return;
    npde_context *c = s->system->context;
    if (s->method->free) s->method->free(s);
    double *const blocks[] = {s->y,     s->y_new,     s->error,     s->slope,   s->slope_new,
                              s->rates, s->rates_new, s->rates_old, s->residual};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    for (size_t i = 0; i < NPDE__STEPPER_VECTORS; i++) npde__free(c, s->work[i]);
}

static void swap(double **a, double **b)
{
    double *c = *a;
    *a = *b;
    *b = c;
}

void npde__stepper_accept(npde__stepper *s, double h)
{
    if (s->foreign && s->method->restart) s->method->restart(s);
    else if (!s->foreign && s->method->accept) s->method->accept(s, h);
    s->foreign = 0;
    swap(&s->y, &s->y_new);
    swap(&s->rates_old, &s->rates);
    swap(&s->rates, &s->rates_new);
    swap(&s->slope, &s->slope_new);
    const int known = s->slope_known;
    s->slope_known = s->slope_new_known;
    s->slope_new_known = known; /* of the step's beginning now, like y_new */
    s->h_old = h;
    if (s->startup > 0) s->startup--;
}

void npde__stepper_restart(npde__stepper *s)
{
    s->slope_known = 0;
    s->h_old = 0;
    if (s->method->restart) s->method->restart(s);
}

/* Differences over a step far smaller than the next one are rounding errors by then: neither slope nor extrapolation. */
static int usable(const npde__stepper *s, double h)
{
    return s->h_old > 0.01 * h;
}

npde_status npde__stepper_slope(npde__stepper *s, double t, double h)
{
    if (s->slope_known && usable(s, h)) return NPDE_OK;
    const npde_status status = s->system->ops->freeze(s->system, t, +1, s->rates);
    if (status) return status;
    s->system->ops->apply(s->system, 1, s->y, s->slope);
    s->slope_known = 1;
    return NPDE_OK;
}

npde_status npde__stepper_stage(npde__stepper *s, double t, double offset, double gamma, const double *r, double *y,
                                double *rates)
{
    const int extrapolate = usable(s, offset);
    const double ahead = extrapolate ? offset / s->h_old : 0;
    for (size_t k = 0; k < s->system->n_rates; k++) rates[k] = s->rates[k] + ahead * (s->rates[k] - s->rates_old[k]);
    s->stages++;
    /* Without a step to extrapolate from, iterate: the first step then has the method's order too. */
    return npde__system_stage(s->system, t + offset, gamma, r, s->iterate || !extrapolate, y, rates, s->residual,
                              &s->iterations);
}

npde_status npde__stepper_finish(npde__stepper *s, double t)
{
    return s->iterate || !s->system->coupled ? NPDE_OK
                                             : s->system->ops->rates(s->system, t, -1, s->y_new, s->rates_new);
}

npde_status npde__stepper_end_slope(npde__stepper *s, double t)
{
    if (s->slope_new_known) return NPDE_OK;
    const npde_status status = s->system->ops->freeze(s->system, t, -1, s->rates_new);
    if (status) return status;
    s->system->ops->apply(s->system, 1, s->y_new, s->slope_new);
    s->slope_new_known = 1;
    return NPDE_OK;
}

void npde__stepper_dense(npde__stepper *s, double theta, double *y)
{
    if (s->method->dense) {
        s->method->dense(s, theta, y);
        return;
    }
    const double back = 1 - theta;
    const double weight[] = {back * back * (1 + 2 * theta), theta * theta * (3 - 2 * theta),
                             s->h_old * theta * back * back, -s->h_old * theta * theta * back};
    const double *const x[] = {s->y_new, s->y, s->slope_new, s->slope};
    npde__kernels_best()->combine(s->system->n, 4, weight, x, y);
}

void npde__stepper_filter(npde__stepper *s)
{
    s->system->ops->solve(s->system, 0, s->error, s->residual);
}
