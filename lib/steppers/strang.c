/* SPDX-License-Identifier: BSD-3-Clause
 * Strang splitting (SIAM J. Numer. Anal. 5, 1968, 506) of a stiff relaxation R and a transport T:
 *
 *     y⁺ = R(h/2) T(h) R(h/2) y,
 *
 * coefficients at the middle of the step, with rates extrapolated from the last two steps. A system may join the last R of a
 * step with the first of the next, which halves the work (system/system.h). The relaxation is L-stable
 * and comes last, so that a step ends where a fast relaxation ends. Order 2. Without a step to extrapolate from,
 * rates are iterated.
 */
#include "steppers/stepper.h"

#include <math.h>

enum { ITERATIONS = 3 };

static npde_status advance(npde__stepper *s, double t, double h, const double *middle)
{
    npde__system *system = s->system;
    const npde__system_ops *ops = system->ops;
    npde_status status = ops->freeze(system, t + h / 2, -1, middle);
    if (!status) status = ops->split_step(system, h, s->y, s->y_new);
    s->stages += 2;
    return status ? status : ops->rates(system, t + h, -1, s->y_new, s->rates_new);
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    (void)want_error; /* it has none to give; a solver refuses adaptive steps with it */
    const size_t n = s->system->n_rates;
    const int first = !(s->h_old > 0.01 * h); /* a difference over a far smaller step is a rounding error by now */
    double *middle = s->residual;
    for (size_t k = 0; k < n; k++) {
        const double slope = first ? 0 : (s->rates[k] - s->rates_old[k]) / s->h_old;
        middle[k] = fmax(0, s->rates[k] + h / 2 * slope); /* rates are not negative */
        s->rates_new[k] = fmax(0, s->rates[k] + h * slope);
    }
    npde_status status = advance(s, t, h, middle);
    for (int i = 1; i < ITERATIONS && first && s->system->coupled && !status; i++) {
        s->iterations++;
        for (size_t k = 0; k < n; k++) middle[k] = (s->rates[k] + s->rates_new[k]) / 2;
        status = advance(s, t, h, middle);
    }
    s->slope_new_known = 0;
    return status;
}

/* Linear: of order 2 in the state, and in the rates that go with it. After a step y_new is where it began. */
static void dense(npde__stepper *s, double theta, double *y)
{
    for (size_t i = 0; i < s->system->n; i++) y[i] = (1 - theta) * s->y_new[i] + theta * s->y[i];
}

const npde__method npde__strang = {
    .id = NPDE_METHOD_STRANG, .order = 2, .error_order = 0, .vectors = 0, .step = step, .splits = 1, .dense = dense};
