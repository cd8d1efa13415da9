/* SPDX-License-Identifier: BSD-3-Clause
 * Semi-implicit Euler: the operator implicit, its coefficients at the old rates, y⁺ = y + h (L(N) y⁺ + g). Order 1, one
 * linear solve a step, positive like backward Euler. What depends on time itself (a drive, a delayed rate) is taken at
 * t + h. Error as for backward Euler. */
#include "steppers/stepper.h"

#include <string.h>

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    npde__system *system = s->system;
    const npde__system_ops *ops = system->ops;
    npde_status status = want_error ? npde__stepper_slope(s, t, h) : NPDE_OK;
    if (!status) status = ops->freeze(system, t + h, -1, s->rates);
    if (!status) status = ops->factor(system, h);
    if (status) return status;
    s->stages++;
    memcpy(s->y_new, s->y, system->n * sizeof *s->y);
    ops->solve(system, 1, s->y_new, s->rates_new);
    s->slope_new_known = want_error;
    if (want_error) {
        for (size_t i = 0; i < system->n; i++) {
            s->slope_new[i] = (s->y_new[i] - s->y[i]) / h;
            s->error[i] = h / 2 * (s->slope_new[i] - s->slope[i]);
        }
        npde__stepper_filter(s);
    }
    return system->coupled ? ops->rates(system, t + h, -1, s->y_new, s->rates_new) : NPDE_OK;
}

const npde__method npde__imex_euler = {
    .id = NPDE_METHOD_IMEX_EULER, .order = 1, .error_order = 1, .vectors = 0, .step = step, .reach = 1};
