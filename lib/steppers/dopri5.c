/* SPDX-License-Identifier: BSD-3-Clause
 * The explicit Runge–Kutta method of order 5(4) of Dormand & Prince, J. Comput. Appl. Math. 6 (1980) 19, first same as
 * last, with the interpolation of fourth order of Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I,
 * II.6. For systems of a few ordinary equations: the diffusion of a density would bound its steps by the square of the
 * grid's spacing. */
#include "steppers/stepper.h"

#include "numerics/kernels.h"

#include <string.h>

enum { STAGES = 7, STATE = STAGES, VECTORS };

static const double c[STAGES] = {0, 0.2, 0.3, 0.8, 8. / 9, 1, 1};
static const double a[STAGES][STAGES - 1] = {{0},
                                             {1. / 5},
                                             {3. / 40, 9. / 40},
                                             {44. / 45, -56. / 15, 32. / 9},
                                             {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
                                             {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
                                             {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
static const double e[STAGES] = {71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40};
static const double d[STAGES] = {-12715105075. / 11282082432,  0,
                                 87487479700. / 32700410799,   -10690763975. / 1880347072,
                                 701980252875. / 199316789632, -1453857185. / 822651844,
                                 69997945. / 29380423};

static npde_status init(npde__stepper *s)
{
    if (s->system->ordinary) return NPDE_OK;
    return npde__fail(
        s->system->context, NPDE_ERR_UNSUPPORTED,
        "dopri5 is an explicit method, for single neurons; a density takes an implicit one, such as rodas5p");
}

/* k_i = F at the state of stage i, whose rates are left in s->rates_new. */
static npde_status stage(npde__stepper *s, const npde__kernels *kernels, double t, double h, size_t i, double *out)
{
    npde__system *system = s->system;
    double weight[STAGES] = {1};
    const double *x[STAGES] = {s->y};
    for (size_t j = 0; j < i; j++) {
        weight[j + 1] = h * a[i][j];
        x[j + 1] = s->work[j];
    }
    double *y = i + 1 == STAGES ? s->y_new : s->work[STATE];
    kernels->combine(system->n, i + 1, weight, x, y);
    s->stages++;
    return system->ops->evaluate(system, t + c[i] * h, -1, y, s->rates_new, out);
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    const npde__kernels *kernels = npde__kernels_best();
    const size_t n = s->system->n;
    npde_status status = npde__stepper_slope(s, t, h);
    if (status) return status;
    memcpy(s->work[0], s->slope, n * sizeof(double));
    memcpy(s->rates_new, s->rates, s->system->n_rates * sizeof(double));
    for (size_t i = 1; i < STAGES && !status; i++) status = stage(s, kernels, t, h, i, s->work[i]);
    if (status) return status;
    memcpy(s->slope_new, s->work[STAGES - 1], n * sizeof(double));
    s->slope_new_known = 1;
    if (!want_error) return NPDE_OK;
    double weight[STAGES];
    const double *x[STAGES];
    for (size_t j = 0; j < STAGES; j++) {
        weight[j] = h * e[j];
        x[j] = s->work[j];
    }
    kernels->combine(n, STAGES, weight, x, s->error);
    return NPDE_OK;
}

/* y + θ (Δ + (1 − θ)(h k₁ − Δ + θ (Δ − h k₇ − (h k₁ − Δ) + (1 − θ) h Σ d_j k_j))), Δ = y⁺ − y, in powers sorted by
 * vector. */
static void dense(npde__stepper *s, double theta, double *y)
{
    const double back = 1 - theta, h = s->h_old;
    const double first = theta * back, second = theta * first, third = back * second;
    const double delta = theta - first + 2 * second;
    double weight[STAGES + 2] = {1 - delta, delta};
    const double *x[STAGES + 2] = {s->y_new, s->y};
    for (size_t j = 0; j < STAGES; j++) {
        weight[j + 2] = h * (third * d[j] + (j == 0 ? first - second : 0) - (j == STAGES - 1 ? second : 0));
        x[j + 2] = s->work[j];
    }
    npde__kernels_best()->combine(s->system->n, STAGES + 2, weight, x, y);
}

const npde__method npde__dopri5 = {.id = NPDE_METHOD_DOPRI5,
                                   .order = 5,
                                   .error_order = 4,
                                   .vectors = VECTORS,
                                   .step = step,
                                   .init = init,
                                   .dense = dense};
