/* SPDX-License-Identifier: BSD-3-Clause
 * Implicit–explicit Runge–Kutta methods: the linear part L, frozen, is implicit, and all the rest R = F − L y explicit,
 *
 *     Y_i = y + h Σ_{j≤i} a_ij L Y_j + h Σ_{j<i} â_ij R(t + c_j h, Y_j),   y⁺ = y + h Σ_j b_j (L Y_j + R_j),
 *
 * one linear solve a stage with the same factors for all of them, and no iteration. The first stage is y itself.
 *
 * ARS222, ARS443: U. Ascher, S. Ruuth & R. Spiteri, Appl. Numer. Math. 25, 1997, 151, order 2 and 3: both last stages
 * are y⁺. ARK4(3)6L[2]SA: C. Kennedy & M. Carpenter, Appl. Numer. Math. 44, 2003, 139, order 4(3), stage order 2. All
 * three implicit parts are L-stable and stiffly accurate.
 */
#include "steppers/imex_rk.h"

#include "numerics/kernels.h"
#include "steppers/inverse.h"

#include <math.h>
#include <string.h>

enum { MOST = NPDE__IMEX_STAGES };

enum { PATIENCE = 16 }; /* steps with the same factors before they are inverted: about what that costs */

typedef struct {
    npde__frozen frozen;
    npde__inverse inverse; /* of I − γhL */
    int inverted;
} memory;

static npde_status init(npde__stepper *s)
{
    npde_context *c = s->system->context;
    memory *m = s->data = npde__alloc(c, 1, sizeof *m);
    const npde_status status = m ? npde__frozen_init(&m->frozen, s->system) : NPDE_ERR_MEMORY;
    return status ? status : npde__inverse_init(&m->inverse, s->system);
}

static void release(npde__stepper *s)
{
    memory *m = s->data;
    if (!m) return;
    npde__frozen_free(&m->frozen, s->system->context);
    npde__inverse_free(&m->inverse, s->system->context);
    npde__free(s->system->context, m);
}

static void accept(npde__stepper *s, double h)
{
    (void)h;
    npde__frozen_accept(&((memory *)s->data)->frozen);
}

/* The inverse is made again from what is frozen. */
static void snapshot(npde__stepper *s, npde__bytes *bytes)
{
    memory *m = s->data;
    npde__frozen_snapshot(&m->frozen, s->system, bytes);
    if (bytes->mode == NPDE__BYTES_READ) m->inverted = 0;
}

/* ---- (I − γhL)⁻¹ ---- */

static npde_status factor(npde__stepper *s, double gamma)
{
    memory *m = s->data;
    const npde_status status = s->system->ops->factor(s->system, gamma);
    if (m->frozen.uses < PATIENCE) m->inverted = 0;
    if (status || m->inverted || !m->inverse.a || m->frozen.uses < PATIENCE) return status;
    npde__inverse_make(&m->inverse, s->system, s->error, s->residual);
    m->inverted = 1;
    return NPDE_OK;
}

/* y = (I − γhL)⁻¹ x, x is not y */
static void solve(npde__stepper *s, const double *x, double *y)
{
    const memory *m = s->data;
    if (m->inverted) {
        npde__inverse_multiply(&m->inverse, s->system, x, y);
        return;
    }
    memcpy(y, x, s->system->n * sizeof *y);
    s->system->ops->solve(s->system, 0, y, s->residual);
}

/* ---- stages ---- */

/* The vectors of a step: L Y_j, then R_j; the first R is at home in frozen.rest. */
static double **linear(npde__stepper *s)
{
    return s->work;
}

static double **rest(npde__stepper *s)
{
    return s->work + MOST;
}

/* out = y + h Σ_j (a_j L Y_j + â_j R_j); y, a or â may be NULL for none */
static void sum_stages(npde__stepper *s, size_t stages, double h, const double *a, const double *a_hat, const double *y,
                       double *out)
{
    double weight[2 * MOST + 1] = {1};
    const double *x[2 * MOST + 1] = {y};
    size_t terms = y != NULL;
    for (size_t j = 0; j < stages; j++) {
        if (a && a[j] != 0) {
            weight[terms] = h * a[j];
            x[terms++] = linear(s)[j];
        }
        if (a_hat && a_hat[j] != 0 && !s->system->constant) {
            weight[terms] = h * a_hat[j];
            x[terms++] = j ? rest(s)[j] : ((const memory *)s->data)->frozen.rest;
        }
    }
    npde__kernels_best()->combine(s->system->n, terms, weight, x, out);
}

/* L and R of the accepted state. */
static npde_status first_stage(npde__stepper *s, double t, double gamma, double *h)
{
    npde_status status = npde__frozen_begin(&((memory *)s->data)->frozen, s, t, h, linear(s)[0]);
    if (!status) status = factor(s, gamma * *h);
    memcpy(s->rates_new, s->rates, s->system->n_rates * sizeof *s->rates);
    return status;
}

/* r ← r + h² Σ_{j≤i} (a_ij − â_ij) c_j q: the part τq of the rest is with the implicit one. */
static void add_turn(const npde__stepper *s, const npde__imex_tableau *m, double h, size_t i, double *r)
{
    const npde__frozen *f = &((const memory *)s->data)->frozen;
    double weight = 0;
    for (size_t j = 0; j <= i; j++) weight += (m->a[i][j] - m->a_hat[i][j]) * m->c[j];
    if (s->system->constant || !f->turns || fabs(weight) < 1e-14)
        return; /* 0 where both parts are of stage order two */
    npde__kernels_best()->combine(s->system->n, 2, (const double[]){1, h * h * weight},
                                  (const double *const[]){r, f->turn}, r);
}

/* Y_i in y_new, L Y_i and, if there is use for it, R_i. */
static npde_status stage(npde__stepper *s, const npde__imex_tableau *m, double t, double h, size_t i, int want_rest)
{
    npde__system *system = s->system;
    const double gamma = m->a[1][1] * h;
    double *l = linear(s)[i];
    sum_stages(s, i, h, m->a[i], m->a_hat[i], s->y, l);
    add_turn(s, m, h, i, l);
    solve(s, l, s->y_new);
    for (size_t k = 0; k < system->n; k++) l[k] = (s->y_new[k] - l[k]) / gamma;
    s->stages++;
    if (system->constant || !want_rest) return NPDE_OK;
    return system->ops->remainder(system, t + m->c[i] * h, -1, s->y_new, s->rates_new, rest(s)[i]);
}

/*
 * From the last stage to y⁺ where they differ, by δ = h Σ_j (b_j − â_sj) R_j = O(h³). Its stiff components would be
 * left as large as the rest makes them, and no drift of the diffusion, however small, would be stable. With P = (I −
 * γhL)⁻¹, y⁺ = Y_s + (2P − P²) δ: this is δ but for (γhL)² δ, of the method's own local order.
 */
static void add_difference(npde__stepper *s, const npde__imex_tableau *m, double h)
{
    const size_t last = m->stages - 1;
    double difference[MOST], *delta = s->error, *once = s->slope_new, *twice = delta;
    if (s->system->constant) return;
    for (size_t j = 0; j <= last; j++) difference[j] = m->a[last][j] - m->a_hat[last][j];
    sum_stages(s, m->stages, h, NULL, difference, NULL, delta);
    solve(s, delta, once);
    solve(s, once, twice);
    npde__kernels_best()->combine(s->system->n, 3, (const double[]){1, 2, -1},
                                  (const double *const[]){s->y_new, once, twice}, s->y_new);
}

static npde_status step_with(const npde__imex_tableau *m, npde__stepper *s, double t, double h, int want_error)
{
    const size_t last = m->stages - 1;
    const double end = t + h;
    npde_status status = first_stage(s, t, m->a[1][1], &h);
    for (size_t i = 1; i <= last && !status; i++) status = stage(s, m, t, h, i, i < last || m->explicit_weights);
    if (status) return status;
    if (m->explicit_weights) add_difference(s, m, h);
    status = npde__frozen_end(&((memory *)s->data)->frozen, s, end, &m->window, s->error);
    if (status || !m->embedded || !want_error) return status;
    double difference[MOST];
    for (size_t j = 0; j <= last; j++) difference[j] = m->a[last][j] - m->embedded[j];
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

#define GAMMA 0.2928932188134524755991556    /* 1 − 1/√2 */
#define DELTA (-0.7071067811865475244008444) /* 1 − 1/(2 GAMMA) */

const npde__imex_tableau npde__imex_ars222 = {
    .stages = 3,
    .c = {0, GAMMA, 1},
    .a = {{0}, {0, GAMMA}, {0, 1 - GAMMA, GAMMA}},
    .a_hat = {{0}, {GAMMA}, {DELTA, 1 - DELTA}},
    .window = {-0.26, 0.17, 0.91},
};

const npde__imex_tableau npde__imex_ars443 = {
    .stages = 5,
    .c = {0, 1.0 / 2, 2.0 / 3, 1.0 / 2, 1},
    .a = {{0},
          {0, 1.0 / 2},
          {0, 1.0 / 6, 1.0 / 2},
          {0, -1.0 / 2, 1.0 / 2, 1.0 / 2},
          {0, 3.0 / 2, -3.0 / 2, 1.0 / 2, 1.0 / 2}},
    .a_hat =
        {{0}, {1.0 / 2}, {11.0 / 18, 1.0 / 18}, {5.0 / 6, -5.0 / 6, 1.0 / 2}, {1.0 / 4, 7.0 / 4, 3.0 / 4, -7.0 / 4}},
    .window = {-0.99, 0.86, 1.56},
};

static const double ark4_embedded[] = {4586570599 / 29645900160.0, 0,
                                       178811875 / 945068544.0,    814220225 / 1159782912.0,
                                       -3700637 / 11593932.0,      61727 / 225920.0};

/* clang-format off: a row of the tableau a line */
const npde__imex_tableau npde__imex_ark4 = {
    .stages = 6,
    .c = {0, 1 / 2.0, 83 / 250.0, 31 / 50.0, 17 / 20.0, 1},
    .a = {{0},
          {1 / 4.0, 1 / 4.0},
          {8611 / 62500.0, -1743 / 31250.0, 1 / 4.0},
          {5012029 / 34652500.0, -654441 / 2922500.0, 174375 / 388108.0, 1 / 4.0},
          {15267082809 / 155376265600.0, -71443401 / 120774400.0, 730878875 / 902184768.0, 2285395 / 8070912.0,
           1 / 4.0},
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
    .window = {-0.2, 0.15, 1.43},
};
/* clang-format on */

#define METHOD(ID, ORDER, STEP, ...)                                                                              \
    {                                                                                                             \
        .id = (ID), .order = (ORDER), .vectors = (size_t)2 * MOST, .step = (STEP), .init = init, .free = release, \
        .accept = accept, .ends_at_outputs = 1, .snapshot = snapshot, __VA_ARGS__                                 \
    }

const npde__method npde__ars222 = METHOD(NPDE_METHOD_ARS222, 2, ars222_step, .error_order = 0, .reach = 0.87);
const npde__method npde__ars443 = METHOD(NPDE_METHOD_ARS443, 3, ars443_step, .error_order = 0, .reach = 1.07);
const npde__method npde__ark4 =
    METHOD(NPDE_METHOD_ARK4, 4, ark4_step, .error_order = 3, .calibration = 0.5, .reach = 2.1);
