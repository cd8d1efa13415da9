/* SPDX-License-Identifier: BSD-3-Clause
 * Radau IIA of order 5: collocation at c = (4 ∓ √6)/10 and 1, L-stable, stiffly accurate, of stage order 3, so that a drive that
 * moves in time costs it little. With Z_i = Y_i − y the stages solve
 *
 *     Z = h (A ⊗ I) F(y + Z),
 *
 * by Newton's method with the exact Jacobian J of the step's beginning. In the basis T of A's eigenvectors that takes one
 * factorisation I − γ₀hJ and one with a complex γ instead of one of three times the size (Hairer & Wanner, Solving Ordinary
 * Differential Equations II, IV.8):
 *
 *     (I − γhJ) ΔW = γh T⁻¹F(y + Z) − T⁻¹Z,   ΔZ = T ΔW.
 */
#include "steppers/radau_iia.h"

#include "numerics/kernels.h"
#include "steppers/stepper.h"

#include <math.h>
#include <string.h>

enum { STAGES = NPDE__RADAU_STAGES, MAX_ITERATIONS = 40 };

/*
 * The vectors of a step: Z_i; those of the last step, after its h F at the beginning; what F and Newton's corrections are
 * computed in, together with some of the stepper's own.
 */
enum { Z, OLD_SLOPE = Z + STAGES, OLD_Z, F = OLD_Z + STAGES, W = F + STAGES - 1, VECTORS = W + STAGES };

typedef struct {
    double *stage_rates; /* STAGES × n_rates: guesses */
    double contraction;  /* of Newton's method in the last step that needed two iterations */
} data;

static npde_status init(npde__stepper *s)
{
    npde_context *c = s->system->context;
    data *d = s->data = npde__alloc(c, 1, sizeof *d);
    if (!d) return NPDE_ERR_MEMORY;
    d->contraction = 1;
    d->stage_rates = npde__alloc(c, STAGES * s->system->n_rates, sizeof *d->stage_rates);
    return d->stage_rates ? s->system->ops->make_complex(s->system) : NPDE_ERR_MEMORY;
}

static void release(npde__stepper *s)
{
    data *d = s->data;
    if (d) npde__free(s->system->context, d->stage_rates);
    npde__free(s->system->context, d);
}

static void restart(npde__stepper *s)
{
    ((data *)s->data)->contraction = 1;
}

/* ---- the polynomial of the last step ---- */

/*
 * Beyond the collocation polynomial, of degree 3: the one of degree 4 whose slope is the right one at the beginning as well.
 * That changes nothing at the end, and its error is O(h⁵). As y + h Σ w_j F_j, j = 0 for the beginning: w_j = ∫_0^θ l_j.
 */
static void slope_weights(double theta, double *w)
{
    const double *c = npde__radau_iia5_tableau.c;
    const double node[STAGES + 1] = {0, c[0], c[1], c[2]};
    for (size_t j = 0; j <= STAGES; j++) {
        double p[STAGES + 1] = {1, 0, 0, 0}, scale = 1; /* Π_{k ≠ j} (x − x_k), ascending */
        size_t degree = 0;
        for (size_t k = 0; k <= STAGES; k++) {
            if (k == j) continue;
            scale *= node[j] - node[k];
            degree++;
            for (size_t i = degree; i > 0; i--) p[i] = (i == degree ? 0 : -node[k] * p[i]) + p[i - 1];
            p[0] *= -node[k];
        }
        w[j] = theta * (p[0] + theta * (p[1] / 2 + theta * (p[2] / 3 + theta * p[3] / 4))) / scale;
    }
}

/* The same by h F_0 and the Z_i = h Σ_j a_ij F_j. */
static void interpolation_weights(double theta, double *w)
{
    double by_slope[STAGES + 1];
    slope_weights(theta, by_slope);
    w[0] = by_slope[0];
    for (size_t i = 0; i < STAGES; i++) {
        w[i + 1] = 0;
        for (size_t j = 0; j < STAGES; j++) w[i + 1] += by_slope[j + 1] * npde__radau_iia5_tableau.inverse[j][i];
    }
}

static void interpolate(npde__stepper *s, double theta, double *y)
{
    double weight[STAGES + 2] = {1};
    const double *const x[STAGES + 2] = {s->y_new, s->work[OLD_SLOPE], s->work[OLD_Z], s->work[OLD_Z + 1],
                                         s->work[OLD_Z + 2]};
    interpolation_weights(theta, weight + 1);
    npde__kernels_best()->combine(s->system->n, STAGES + 2, weight, x, y);
}

/* A step far larger than the last one is no continuation of it. */
static int continues(const npde__stepper *s, double h)
{
    return s->h_old > 0.1 * h;
}

/* First values of the Z_i: the polynomial of the last step goes on. */
static void predict(npde__stepper *s, double h)
{
    const npde__kernels *kernels = npde__kernels_best();
    const double *const x[STAGES + 1] = {s->work[OLD_SLOPE], s->work[OLD_Z], s->work[OLD_Z + 1], s->work[OLD_Z + 2]};
    for (size_t i = 0; i < STAGES; i++) {
        double weight[STAGES + 1];
        if (!continues(s, h)) {
            memset(s->work[Z + i], 0, s->system->n * sizeof(double));
            continue;
        }
        interpolation_weights(1 + npde__radau_iia5_tableau.c[i] * h / s->h_old, weight);
        weight[STAGES] -= 1;
        kernels->combine(s->system->n, STAGES + 1, weight, x, s->work[Z + i]);
    }
}

/* ---- Newton's method ---- */

/* F of the three stages. */
static npde_status evaluate(npde__stepper *s, double t, double h, double *const *f)
{
    const npde__kernels *kernels = npde__kernels_best();
    npde__system *system = s->system;
    const size_t n = system->n;
    const data *d = s->data;
    double *y = s->y_new, *rest = s->error;
    static const double one[] = {1, 1};
    for (size_t i = 0; i < STAGES; i++) {
        kernels->combine(n, 2, one, (const double *const[]){s->y, s->work[Z + i]}, y);
        system->ops->apply(system, system->constant, y, f[i]);
        if (system->constant) continue;
        const npde_status status =
            system->ops->remainder(system, t + npde__radau_iia5_tableau.c[i] * h, -1, y,
                                   d->stage_rates + i * system->n_rates, rest);
        if (status) return status;
        kernels->combine(n, 2, one, (const double *const[]){f[i], rest}, f[i]);
    }
    return NPDE_OK;
}

/* The corrections ΔW into work[W]. */
static npde_status correct(npde__stepper *s, double h, double *const *f)
{
    const npde__radau_tableau *m = &npde__radau_iia5_tableau;
    const npde__kernels *kernels = npde__kernels_best();
    const npde__system_ops *ops = s->system->ops;
    const double *const x[2 * STAGES] = {f[0], f[1], f[2], s->work[Z], s->work[Z + 1], s->work[Z + 2]};
    double weight[STAGES][2 * STAGES];
    for (size_t j = 0; j < STAGES; j++) {
        const npde__complex w = {m->t_inverse[1][j], m->t_inverse[2][j]}, scaled = npde__complex_times(m->pair, w);
        weight[0][j] = h * m->real * m->t_inverse[0][j];
        weight[1][j] = h * scaled.re;
        weight[2][j] = h * scaled.im;
        for (size_t k = 0; k < STAGES; k++) weight[k][STAGES + j] = -m->t_inverse[k][j];
    }
    for (size_t k = 0; k < STAGES; k++) kernels->combine(s->system->n, 2 * STAGES, weight[k], x, s->work[W + k]);
    s->stages += STAGES;
    const npde_status status = ops->solve_jacobian(s->system, s->work[W]);
    return status ? status : ops->solve_jacobian_complex(s->system, s->work[W + 1], s->work[W + 2]);
}

static void update(npde__stepper *s)
{
    for (size_t i = 0; i < STAGES; i++) {
        const double *t = npde__radau_iia5_tableau.t[i];
        const double weight[STAGES + 1] = {1, t[0], t[1], t[2]};
        const double *const x[STAGES + 1] = {s->work[Z + i], s->work[W], s->work[W + 1], s->work[W + 2]};
        npde__kernels_best()->combine(s->system->n, STAGES + 1, weight, x, s->work[Z + i]);
    }
}

static double largest(size_t n, const double *x)
{
    double max = 0;
    for (size_t i = 0; i < n; i++) max = fmax(max, fabs(x[i]));
    return max;
}

/*
 * Size of the corrections in units of what may be left of them: a fraction of the tolerance, or with fixed steps rounding.
 * Below 1e3 of the latter they may stop falling.
 */
static double size_of_corrections(const npde__stepper *s)
{
    static const double fraction = 0.01, rounding = 1e-16;
    const size_t n = s->system->n;
    const int fixed = s->dt > 0 || !s->norm;
    double size = 0;
    for (size_t k = 0; k < STAGES; k++)
        size = fmax(size, fixed ? largest(n, s->work[W + k]) / rounding : s->norm(s->norm_self, s->work[W + k]) / fraction);
    return fixed ? size / largest(n, s->y) : size;
}

static npde_status iterate(npde__stepper *s, double t, double h, double *const *f)
{
    data *d = s->data;
    const int fixed = s->dt > 0 || !s->norm;
    double before = INFINITY;
    d->contraction = pow(d->contraction, 0.8); /* what was measured long ago is believed less and less */
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        npde_status status = evaluate(s, t, h, f);
        if (!status) status = correct(s, h, f);
        if (status) return status;
        update(s);
        s->iterations++;
        if (s->system->constant) return NPDE_OK;
        const double size = size_of_corrections(s), rate = size / before;
        if (k > 0) d->contraction = rate;
        const double left = d->contraction < 1 ? size * d->contraction / (1 - d->contraction) : INFINITY;
        if (left <= 1 || size == 0) return NPDE_OK;
        if (!(rate < 0.9)) {
            if (fixed && size < 1e4) return NPDE_OK;
            break;
        }
        before = size;
    }
    d->contraction = 1;
    return npde__fail(s->system->context, NPDE__RETRY, "Newton's iteration on the stages does not converge at t = %g", t);
}

/* ---- error ---- */

/* Divided difference of highest order over n nodes: its weights. */
static void difference(size_t n, const double *node, double scale, double *weight)
{
    for (size_t i = 0; i < n; i++) {
        weight[i] = scale;
        for (size_t k = 0; k < n; k++)
            if (k != i) weight[i] /= node[i] - node[k];
    }
}

static void estimate(npde__stepper *s, double h)
{
    const npde__radau_tableau *m = &npde__radau_iia5_tableau;
    const int two = continues(s, h);
    const double back = two ? s->h_old / h : 1;
    const double node[2 * STAGES] = {(m->c[0] - 1) * back, (m->c[1] - 1) * back, 0, m->c[0], m->c[1], m->c[2]};
    double w[2 * STAGES] = {0}, weight[2 * STAGES + 1] = {0};
    if (two) difference(6, node, 1. / 60, w);
    else difference(4, node + 2, 0.1 * m->real, w + 2);
    /* By h F at the beginning, and the Z of both steps. */
    weight[0] = w[2] * h;
    for (size_t j = 0; j < STAGES; j++)
        for (size_t i = 0; i < STAGES; i++) {
            weight[1 + j] += w[STAGES + i] * m->inverse[i][j];
            weight[1 + STAGES + j] += i < 2 ? w[i] / back * m->inverse[i][j] : 0;
        }
    const double *const x[] = {s->slope,         s->work[Z],         s->work[Z + 1],    s->work[Z + 2],
                               s->work[OLD_Z], s->work[OLD_Z + 1], s->work[OLD_Z + 2]};
    npde__kernels_best()->combine(s->system->n, two ? 1 + 2 * STAGES : 1 + STAGES, weight, x, s->error);
    s->error_order = two ? 5 : 3;
}

/* ---- a step ---- */

static npde_status prepare(npde__stepper *s, double t, double h)
{
    npde__system *system = s->system;
    const npde__radau_tableau *m = &npde__radau_iia5_tableau;
    npde_status status = system->ops->linearize(system, t, h, s->y, s->rates, NULL);
    if (status) return status;
    if (!s->slope_known || !continues(s, h)) { /* the coefficients are frozen at the step's beginning */
        system->ops->apply(system, 1, s->y, s->slope);
        s->slope_known = 1;
    }
    status = system->ops->factor_jacobian(system, m->real * h);
    return status ? status : system->ops->factor_jacobian_complex(system, npde__complex_scale(h, m->pair));
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    npde__system *system = s->system;
    const npde__kernels *kernels = npde__kernels_best();
    data *d = s->data;
    double *const f[STAGES] = {s->work[F], s->work[F + 1], s->slope_new};
    npde_status status = prepare(s, t, h);
    if (status) return status;
    for (size_t i = 0; i < STAGES; i++)
        memcpy(d->stage_rates + i * system->n_rates, s->rates, system->n_rates * sizeof *s->rates);
    memcpy(s->rates_new, s->rates, system->n_rates * sizeof *s->rates);
    predict(s, h);
    status = iterate(s, t, h, f);
    if (status) return status;
    kernels->combine(system->n, 2, (const double[]){1, 1}, (const double *const[]){s->y, s->work[Z + 2]}, s->y_new);
    const double *a = npde__radau_iia5_tableau.inverse[2];
    kernels->combine(system->n, STAGES, (const double[]){a[0] / h, a[1] / h, a[2] / h},
                     (const double *const[]){s->work[Z], s->work[Z + 1], s->work[Z + 2]}, s->slope_new);
    s->slope_new_known = 1;
    if (want_error) {
        estimate(s, h);
        status = system->ops->solve_jacobian(system, s->error);
        if (status) return status;
    }
    memcpy(s->rates_new, d->stage_rates + 2 * system->n_rates, system->n_rates * sizeof *s->rates);
    return system->ops->rates(system, t + h, -1, s->y_new, s->rates_new);
}

/* The step's Z and slope become the last one's. */
static void accept(npde__stepper *s, double h)
{
    for (size_t i = 0; i < STAGES; i++) {
        double *z = s->work[Z + i];
        s->work[Z + i] = s->work[OLD_Z + i];
        s->work[OLD_Z + i] = z;
    }
    npde__kernels_best()->combine(s->system->n, 1, &h, (const double *const[]){s->slope}, s->work[OLD_SLOPE]);
}

static void snapshot(npde__stepper *s, npde__bytes *bytes)
{
    data *d = s->data;
    npde__bytes_block(bytes, &d->contraction, sizeof d->contraction);
    for (size_t i = 0; i <= STAGES; i++) npde__bytes_block(bytes, s->work[OLD_SLOPE + i], s->system->n * sizeof(double));
}

const npde__method npde__radau_iia5 = {.id = NPDE_METHOD_RADAU_IIA5,
                                       .order = 5,
                                       .error_order = 5,
                                       .vectors = VECTORS,
                                       .step = step,
                                       .init = init,
                                       .free = release,
                                       .accept = accept,
                                       .restart = restart,
                                       .dense = interpolate,
                                       .snapshot = snapshot};

/* Hairer & Wanner II, IV.8, with the eigenvectors scaled so that T ends in (1, 1, 0). */
const npde__radau_tableau npde__radau_iia5_tableau = {
    .c = {0.15505102572168219018, 0.64494897427831780982, 1},
    .inverse = {{3.2247448713915890491, 1.1678400846904054949, -0.25319726474218082619},
                {-3.5678400846904054949, 0.77525512860841095095, 1.0531972647421808262},
                {5.5319726474218082619, -7.5319726474218082619, 5}},
    .real = 0.27488882959567736775,
    .pair = {0.16255558520216131613, -0.18494932440714078428},
    .t = {{0.094438762488975241, -0.14125529502095420843, -0.030029194105147424492},
          {0.250213122965333311, 0.20412935229379993199, 0.38294211275726193779},
          {1, 1, 0}},
    .t_inverse = {{4.178718591551904727, 0.327682820761062387, 0.523376445499449548},
                  {-4.178718591551904727, -0.327682820761062387, 0.476623554500550452},
                  {-0.50287263494578687595, 2.5719269498556054292, -0.59603920482822492497}}};
