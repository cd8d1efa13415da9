/* SPDX-License-Identifier: BSD-3-Clause
 * TR-BDF2 (Bank et al. 1985) as the diagonally implicit Runge–Kutta method of Hosea & Shampine, Appl. Numer. Math. 20,
 * 1996, 21: with γ = 2 − √2, d = γ/2, w = √2/4,
 *
 *     y_γ = y + d h (F + F_γ),   y⁺ = y + h (w F + w F_γ + d F⁺),
 *
 * order 2, L-stable, first same as last. Its embedded method of order 3, with weights (1 − w)/3, (3w + 1)/3, d/3, gives the
 * error estimate. */
#include "steppers/stepper.h"

static const double gamma_ = 0.5857864376269049511983113; /* 2 − √2 */
static const double d = 0.2928932188134524755991556;      /* 1 − √2/2 */
static const double w = 0.3535533905932737622004222;      /* √2/4 */

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    const size_t n = s->system->n;
    double *r = s->work[0], *stage = s->work[1], *middle = s->work[2];
    npde_status status = npde__stepper_slope(s, t, h);
    if (status) return status;

    for (size_t i = 0; i < n; i++) r[i] = s->y[i] + d * h * s->slope[i];
    status = npde__stepper_stage(s, t, gamma_ * h, d * h, r, stage, s->rates_new);
    if (status) return status;
    for (size_t i = 0; i < n; i++) middle[i] = (stage[i] - r[i]) / (d * h);

    for (size_t i = 0; i < n; i++) r[i] = s->y[i] + w * h * (s->slope[i] + middle[i]);
    status = npde__stepper_stage(s, t, h, d * h, r, s->y_new, s->rates_new);
    if (!status) status = npde__stepper_finish(s, t + h);
    if (status) return status;
    for (size_t i = 0; i < n; i++) s->slope_new[i] = (s->y_new[i] - r[i]) / (d * h);
    s->slope_new_known = 1;

    if (!want_error) return NPDE_OK;
    for (size_t i = 0; i < n; i++)
        s->error[i] = h / 3 * ((4 * w - 1) * s->slope[i] - middle[i] + 2 * d * s->slope_new[i]);
    npde__stepper_filter(s);
    return NPDE_OK;
}

const npde__method npde__tr_bdf2 = {
    .id = NPDE_METHOD_TR_BDF2, .calibration = 6, .order = 2, .error_order = 2, .vectors = 3, .step = step};
