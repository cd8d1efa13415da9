/* SPDX-License-Identifier: BSD-3-Clause
 * Implicit–explicit Runge–Kutta methods: the linear part L, frozen, is implicit, and all the rest R = F − L y explicit,
 *
 *     Y_i = y + h Σ_{j≤i} a_ij L Y_j + h Σ_{j<i} â_ij R(t + c_j h, Y_j),   y⁺ = y + h Σ_j b_j (L Y_j + R_j),
 *
 * one linear solve a stage with the same factors for all of them, and no iteration. The first stage is y itself.
 *
 * ARS222, ARS443: U. Ascher, S. Ruuth & R. Spiteri, Appl. Numer. Math. 25, 1997, 151, order 2 and 3: both last stages are y⁺.
 * ARK4(3)6L[2]SA: C. Kennedy & M. Carpenter, Appl. Numer. Math. 44, 2003, 139, order 4(3), stage order 2. All three implicit
 * parts are L-stable and stiffly accurate.
 */
#include "steppers/imex_rk.h"

#include "numerics/kernels.h"

#include <math.h>
#include <string.h>

enum { MOST = NPDE__IMEX_STAGES };

/*
 * Coefficients that move with the rates alone stay frozen until a rate has moved by this fraction: since a = a_0 + Σ a_1 N
 * moves by no more, the explicit part of the diffusion is then far inside of what all three methods are stable for.
 */
static const double keep = 0.05;

typedef struct {
    double *frozen; /* rates that the coefficients are frozen at */
    int kept;       /* there are some */
} reference;

static npde_status init(npde__stepper *s)
{
    reference *r = s->data = npde__alloc(s->system->context, 1, sizeof *r);
    if (!r) return NPDE_ERR_MEMORY;
    r->frozen = npde__alloc(s->system->context, s->system->n_rates, sizeof *r->frozen);
    return r->frozen ? NPDE_OK : NPDE_ERR_MEMORY;
}

static void release(npde__stepper *s)
{
    reference *r = s->data;
    if (r) npde__free(s->system->context, r->frozen);
    npde__free(s->system->context, r);
}

static void restart(npde__stepper *s)
{
    ((reference *)s->data)->kept = 0;
}

static void snapshot(npde__stepper *s, npde__bytes *bytes)
{
    reference *r = s->data;
    npde__bytes_block(bytes, &r->kept, sizeof r->kept);
    npde__bytes_block(bytes, r->frozen, s->system->n_rates * sizeof *r->frozen);
}

static npde_status freeze(npde__stepper *s, double t)
{
    reference *r = s->data;
    const npde__system *system = s->system;
    /* A callback or a delay moves coefficients in time: rates do not tell. */
    int stays = r->kept && system->callbacks == 0 && !isfinite(system->max_step);
    for (size_t k = 0; k < system->n_rates && stays; k++)
        stays = fabs(s->rates[k] - r->frozen[k]) <= keep * fabs(r->frozen[k]);
    if (!stays) memcpy(r->frozen, s->rates, system->n_rates * sizeof *r->frozen);
    r->kept = 1;
    return system->ops->freeze(s->system, t, +1, r->frozen);
}

/* The vectors of a step: L Y_j, then R_j. */
static double **linear(npde__stepper *s)
{
    return s->work;
}

static double **rest(npde__stepper *s)
{
    return s->work + MOST;
}

/* out = y + h Σ_j (a_j L Y_j + â_j R_j); y may be out, or NULL for none */
static void sum_stages(npde__stepper *s, size_t stages, double h, const double *a, const double *a_hat, const double *y,
                       double *out)
{
    double weight[2 * MOST + 1];
    const double *x[2 * MOST + 1];
    size_t terms = 0;
    if (y) {
        weight[terms] = 1;
        x[terms++] = y;
    }
    for (size_t j = 0; j < stages; j++) {
        if (a && a[j] != 0) {
            weight[terms] = h * a[j];
            x[terms++] = linear(s)[j];
        }
        if (a_hat && a_hat[j] != 0 && !s->system->constant) {
            weight[terms] = h * a_hat[j];
            x[terms++] = rest(s)[j];
        }
    }
    npde__kernels_best()->combine(s->system->n, terms, weight, x, out);
}

/* L and R of the accepted state. */
static npde_status first_stage(npde__stepper *s, double t, double h, double gamma)
{
    npde__system *system = s->system;
    npde_status status = npde__stepper_slope(s, t, h);
    if (!status) status = freeze(s, t);
    if (!status) status = system->ops->factor(system, gamma * h);
    if (status) return status;
    system->ops->apply(system, 0, s->y, linear(s)[0]);
    for (size_t i = 0; i < system->n; i++) rest(s)[0][i] = s->slope[i] - linear(s)[0][i];
    memcpy(s->rates_new, s->rates, system->n_rates * sizeof *s->rates);
    return NPDE_OK;
}

/* Y_i in y_new, L Y_i and, if there is use for it, R_i. */
static npde_status stage(npde__stepper *s, const npde__imex_tableau *m, double t, double h, size_t i, int want_rest)
{
    npde__system *system = s->system;
    const double gamma = m->a[1][1] * h;
    double *l = linear(s)[i];
    sum_stages(s, i, h, m->a[i], m->a_hat[i], s->y, s->y_new);
    memcpy(l, s->y_new, system->n * sizeof *l);
    system->ops->solve(system, 0, s->y_new, s->residual);
    for (size_t k = 0; k < system->n; k++) l[k] = (s->y_new[k] - l[k]) / gamma;
    s->stages++;
    if (system->constant || !want_rest) return NPDE_OK;
    return system->ops->remainder(system, t + m->c[i] * h, -1, s->y_new, s->rates_new, rest(s)[i]);
}

/* Rates and slope of the offered state. */
static npde_status finish(npde__stepper *s, double t)
{
    npde__system *system = s->system;
    s->slope_new_known = 1;
    if (system->constant) {
        system->ops->apply(system, 0, s->y_new, s->slope_new);
        return system->ops->rates(system, t, -1, s->y_new, s->rates_new);
    }
    const npde_status status = system->ops->remainder(system, t, -1, s->y_new, s->rates_new, s->slope_new);
    system->ops->apply(system, 0, s->y_new, s->error);
    for (size_t i = 0; i < system->n; i++) s->slope_new[i] += s->error[i];
    return status;
}

static npde_status step_with(const npde__imex_tableau *m, npde__stepper *s, double t, double h, int want_error)
{
    const size_t last = m->stages - 1;
    const double *b = m->a[last]; /* stiffly accurate */
    npde_status status = first_stage(s, t, h, m->a[1][1]);
    for (size_t i = 1; i <= last && !status; i++)
        status = stage(s, m, t, h, i, i < last || m->explicit_weights);
    if (status) return status;
    if (m->explicit_weights) {
        double difference[MOST];
        for (size_t j = 0; j <= last; j++) difference[j] = b[j] - m->a_hat[last][j];
        sum_stages(s, m->stages, h, NULL, difference, s->y_new, s->y_new);
    }
    status = finish(s, t + h);
    if (status || !m->embedded || !want_error) return status;
    double difference[MOST];
    for (size_t j = 0; j <= last; j++) difference[j] = b[j] - m->embedded[j];
    sum_stages(s, m->stages, h, difference, difference, NULL, s->error);
    npde__stepper_filter(s);
    return NPDE_OK;
}

static npde_status ars222_step(npde__stepper *s, double t, double h, int want_error)
{
    return step_with(&npde__imex_ars222, s, t, h, want_error);
}

static npde_status ars443_step(npde__stepper *s, double t, double h, int want_error)
{
    return step_with(&npde__imex_ars443, s, t, h, want_error);
}

static npde_status ark4_step(npde__stepper *s, double t, double h, int want_error)
{
    return step_with(&npde__imex_ark4, s, t, h, want_error);
}

/* ---- the tableaus ---- */

#define GAMMA 0.2928932188134524755991556  /* 1 − 1/√2 */
#define DELTA -0.7071067811865475244008444 /* 1 − 1/(2 GAMMA) */

const npde__imex_tableau npde__imex_ars222 = {
    .stages = 3,
    .c = {0, GAMMA, 1},
    .a = {{0}, {0, GAMMA}, {0, 1 - GAMMA, GAMMA}},
    .a_hat = {{0}, {GAMMA}, {DELTA, 1 - DELTA}},
};

const npde__imex_tableau npde__imex_ars443 = {
    .stages = 5,
    .c = {0, 1.0 / 2, 2.0 / 3, 1.0 / 2, 1},
    .a = {{0}, {0, 1.0 / 2}, {0, 1.0 / 6, 1.0 / 2}, {0, -1.0 / 2, 1.0 / 2, 1.0 / 2}, {0, 3.0 / 2, -3.0 / 2, 1.0 / 2, 1.0 / 2}},
    .a_hat = {{0}, {1.0 / 2}, {11.0 / 18, 1.0 / 18}, {5.0 / 6, -5.0 / 6, 1.0 / 2}, {1.0 / 4, 7.0 / 4, 3.0 / 4, -7.0 / 4}},
};

static const double ark4_embedded[] = {
    4586570599 / 29645900160.0, 0, 178811875 / 945068544.0, 814220225 / 1159782912.0, -3700637 / 11593932.0, 61727 / 225920.0};

/* clang-format off: a row of the tableau a line */
const npde__imex_tableau npde__imex_ark4 = {
    .stages = 6,
    .c = {0, 1 / 2.0, 83 / 250.0, 31 / 50.0, 17 / 20.0, 1},
    .a = {{0},
          {1 / 4.0, 1 / 4.0},
          {8611 / 62500.0, -1743 / 31250.0, 1 / 4.0},
          {5012029 / 34652500.0, -654441 / 2922500.0, 174375 / 388108.0, 1 / 4.0},
          {15267082809 / 155376265600.0, -71443401 / 120774400.0, 730878875 / 902184768.0, 2285395 / 8070912.0, 1 / 4.0},
          {82889 / 524892.0, 0, 15625 / 83664.0, 69875 / 102672.0, -2260 / 8211.0, 1 / 4.0}},
    .a_hat = {{0},
              {1 / 2.0},
              {13861 / 62500.0, 6889 / 62500.0},
              {-116923316275 / 2393684061468.0, -2731218467317 / 15368042101831.0, 9408046702089 / 11113171139209.0},
              {-451086348788 / 2902428689909.0, -2682348792572 / 7519795681897.0, 12662868775082 / 11960479115383.0,
               3355817975965 / 11060851509271.0},
              {647845179188 / 3216320057751.0, 73281519250 / 8382639484533.0, 552539513391 / 3454668386233.0,
               3354512671639 / 8306763924573.0, 4040 / 17871.0}},
    .explicit_weights = 1,
    .embedded = ark4_embedded,
};
/* clang-format on */

#define SHARED .vectors = 2 * MOST, .init = init, .free = release, .restart = restart, .snapshot = snapshot

const npde__method npde__ars222 = {.id = NPDE_METHOD_ARS222, .order = 2, .step = ars222_step, SHARED};
const npde__method npde__ars443 = {.id = NPDE_METHOD_ARS443, .order = 3, .step = ars443_step, SHARED};
const npde__method npde__ark4 = {.id = NPDE_METHOD_ARK4, .order = 4, .error_order = 3, .step = ark4_step, SHARED};
