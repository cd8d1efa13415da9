/* SPDX-License-Identifier: BSD-3-Clause */
#include "system/system.h"

#include "core/time.h"

#include <math.h>
#include <string.h>

enum { MAX_ITERATIONS = 25 };

int npde__system_finite(const double *x, size_t n)
{
    enum { CHAINS = 8 }; /* none waits for the others */
    /* 0·x is 0 for finite x and NaN otherwise, so one sum tells for all of them. */
    double sum[CHAINS] = {0};
    size_t i = 0;
    for (; i + CHAINS <= n; i += CHAINS)
        for (size_t k = 0; k < CHAINS; k++) sum[k] += 0 * x[i + k];
    for (; i < n; i++) sum[0] += 0 * x[i];
    for (size_t k = 1; k < CHAINS; k++) sum[0] += sum[k];
    return sum[0] == 0;
}

size_t npde__system_jump_after(const npde__system *s, double t)
{
    size_t low = 0, high = s->n_jumps;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (s->jumps[middle] <= t) low = middle + 1;
        else high = middle;
    }
    return low;
}

const double *npde__system_jump_at(const npde__system *s, double t)
{
    const double slack = npde__time_slack(t);
    const size_t next = npde__system_jump_after(s, t + slack);
    return next > 0 && s->jumps[next - 1] >= t - slack ? &s->jumps[next - 1] : NULL;
}

double npde__system_beside(const npde__system *s, double t, int side)
{
    const double *jump = npde__system_jump_at(s, t), slack = npde__time_slack(t);
    return jump ? *jump + (side > 0 ? slack : -slack) : t;
}

static double largest(const double *x, size_t n)
{
    double max = 0;
    for (size_t i = 0; i < n; i++) max = fmax(max, fabs(x[i]));
    return max;
}

/* One pass: coefficients at the rates, y from them, residual = rates of y − rates. */
static npde_status pass(npde__system *s, double t, double gamma, const double *r, double *y, const double *rates,
                        double *residual)
{
    npde_status status = s->ops->freeze(s, t, -1, rates);
    if (!status) status = s->ops->factor(s, gamma);
    if (status) return status;
    memcpy(y, r, s->n * sizeof *y);
    s->ops->solve(s, 1, y, residual);
    if (!npde__system_finite(residual, s->n_rates))
        return npde__fail(s->context, NPDE__RETRY, "the rates are not finite at t = %g", t);
    for (size_t k = 0; k < s->n_rates; k++) residual[k] -= rates[k];
    return NPDE_OK;
}

npde_status npde__system_stage(npde__system *s, double t, double gamma, const double *r, int iterate, double *y,
                               double *rates, double *residual, int64_t *iterations)
{
    int last = !s->coupled || !iterate;
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        npde_status status = pass(s, t, gamma, r, y, rates, residual);
        if (status) return status;
        const double scale = 1 + largest(rates, s->n_rates), error = largest(residual, s->n_rates) / scale;
        int linear = 0;
        if (!last && error > 1e-14) {
            ++*iterations;
            status = s->ops->correct(s, t, -1, rates, y, residual, &linear);
            if (status) return status;
        } else {
            last = 1;
        }
        for (size_t i = 0; i < s->n_rates; i++) rates[i] += residual[i];
        if (last || linear) return NPDE_OK;
        /* Newton squares the error: after a correction this small the next pass is exact to rounding. */
        last = largest(residual, s->n_rates) <= 1e-8 * scale;
    }
    return npde__fail(s->context, NPDE__RETRY, "Newton's iteration on the rates does not converge at t = %g", t);
}
