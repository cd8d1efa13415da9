/* SPDX-License-Identifier: BSD-3-Clause
 * Backward Euler: y⁺ = y + h F(t + h, y⁺). Order 1, L-stable; on a Markov generator positive for any h.
 * Error: h/2 (F⁺ − F), the leading term h²/2 y'', filtered. */
#include "steppers/stepper.h"

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    npde_status status = want_error ? npde__stepper_slope(s, t, h) : NPDE_OK;
    if (!status) status = npde__stepper_stage(s, t, h, h, s->y, s->y_new, s->rates_new);
    if (!status) status = npde__stepper_finish(s, t + h);
    if (status) return status;
    s->slope_new_known = want_error;
    if (!want_error) return NPDE_OK;
    for (size_t i = 0; i < s->system->n; i++) {
        s->slope_new[i] = (s->y_new[i] - s->y[i]) / h;
        s->error[i] = h / 2 * (s->slope_new[i] - s->slope[i]);
    }
    npde__stepper_filter(s);
    return NPDE_OK;
}

const npde__method npde__backward_euler = {
    .id = NPDE_METHOD_BACKWARD_EULER, .order = 1, .error_order = 1, .vectors = 0, .step = step};
