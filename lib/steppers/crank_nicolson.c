/* SPDX-License-Identifier: BSD-3-Clause
 * Crank–Nicolson: y⁺ = y + h/2 (F(t, y) + F(t + h, y⁺)). Order 2, A-stable but not L-stable: stiff components of rough
 * data would oscillate for ever, so the first steps are then two half steps of backward Euler each (Rannacher, Numer.
 * Math. 43, 1984, 309). No embedded error estimate. */
#include "steppers/stepper.h"

static npde_status startup_step(npde__stepper *s, double t, double h)
{
    npde_status status = npde__stepper_stage(s, t, h / 2, h / 2, s->y, s->work[0], s->rates_new);
    if (!status) status = npde__stepper_stage(s, t, h, h / 2, s->work[0], s->y_new, s->rates_new);
    if (status) return status;
    for (size_t i = 0; i < s->system->n; i++) s->slope_new[i] = (s->y_new[i] - s->work[0][i]) * (2 / h);
    return NPDE_OK;
}

static npde_status full_step(npde__stepper *s, double t, double h)
{
    npde_status status = npde__stepper_slope(s, t, h);
    if (status) return status;
    for (size_t i = 0; i < s->system->n; i++) s->work[0][i] = s->y[i] + h / 2 * s->slope[i];
    status = npde__stepper_stage(s, t, h, h / 2, s->work[0], s->y_new, s->rates_new);
    if (status) return status;
    for (size_t i = 0; i < s->system->n; i++) s->slope_new[i] = (s->y_new[i] - s->work[0][i]) * (2 / h);
    return NPDE_OK;
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    (void)want_error; /* it has none to give; a solver refuses adaptive steps with it */
    const npde_status status = s->startup > 0 ? startup_step(s, t, h) : full_step(s, t, h);
    if (status) return status;
    s->slope_new_known = 1;
    return npde__stepper_finish(s, t + h);
}

const npde__method npde__crank_nicolson = {
    .id = NPDE_METHOD_CRANK_NICOLSON, .order = 2, .error_order = 0, .vectors = 1, .step = step};
