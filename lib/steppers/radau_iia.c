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

enum { STAGES = NPDE__RADAU_STAGES, MAX_ITERATIONS = 25 };

/*
 * J and its factors are kept while they do well enough: for steps not more different than this, and until the iterations
 * beyond those that new ones took add up to what new ones cost.
 */
static const double most_different = 0.3;
enum { RENEWAL = 4 };

/*
 * The vectors of a step: Z_i; those of the last step, after its h F at the beginning; what F and Newton's corrections are
 * computed in, together with some of the stepper's own.
 */
enum { Z, OLD_SLOPE = Z + STAGES, OLD_Z, F = OLD_Z + STAGES, W = F + STAGES - 1, VECTORS = W + STAGES };

typedef struct {
    double *stage_rates; /* STAGES × n_rates: guesses */
    double factored;     /* the step that I − γhJ is factored for; 0: J is to be renewed */
    double contraction;  /* of Newton's method where it was last seen */
    int64_t first, more; /* iterations of the step that J was new in; those beyond it since */
    int restored;        /* from a snapshot, which has J but not its factors */
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
    data *d = s->data;
    d->contraction = 1;
    d->factored = 0;
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
            for (size_t i = degree; i > 0; i--) p[i] = p[i - 1] - node[k] * p[i];
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
        const npde_status status = system->ops->remainder(system, t + npde__radau_iia5_tableau.c[i] * h, -1, y,
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
    const data *d = s->data;
    enum { TERMS = 2 * STAGES };
    const double *const x[TERMS] = {f[0], f[1], f[2], s->work[Z], s->work[Z + 1], s->work[Z + 2]};
    /* Factors of another step: the scale that is best for both the stiff and the smooth. */
    const double scale = 2 * d->factored / (h + d->factored);
    double weight[STAGES][TERMS];
    for (size_t j = 0; j < STAGES; j++) {
        const npde__complex w = {m->t_inverse[1][j], m->t_inverse[2][j]}, scaled = npde__complex_times(m->pair, w);
        weight[0][j] = scale * h * m->real * m->t_inverse[0][j];
        weight[1][j] = scale * h * scaled.re;
        weight[2][j] = scale * h * scaled.im;
        for (size_t k = 0; k < STAGES; k++) weight[k][STAGES + j] = -scale * m->t_inverse[k][j];
    }
    for (size_t k = 0; k < STAGES; k++) kernels->combine(s->system->n, TERMS, weight[k], x, s->work[W + k]);
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

/* With fixed steps, or without a norm, to rounding. */
static int exactly(const npde__stepper *s)
{
    return s->dt > 0 || !s->norm;
}

/* Size of the corrections in units of what may be left of them: a part of the tolerance, or rounding. */
static double size_of_corrections(const npde__stepper *s)
{
    static const double fraction = 0.03, rounding = 1e-15;
    double size = 0;
    for (size_t k = 0; k < STAGES; k++)
        size = fmax(size, exactly(s) ? largest(s->system->n, s->work[W + k]) : s->norm(s->norm_self, s->work[W + k]));
    if (!exactly(s)) return size / fraction;
    return size / (rounding * fmax(largest(s->system->n, s->y), largest(s->system->n, s->y_new))); /* y_new: Y_3 */
}

/* Iterates until what is left of the error is below a unit; NPDE__RETRY when that is not in sight. */
static npde_status iterate(npde__stepper *s, double t, double h, double *const *f)
{
    static const double prudence = 0.05; /* no first correction is believed to leave less of the error than this */
    static const double visible = 20;    /* units, in which a contraction shows */
    static const double noise = 1e3;     /* rounding may stay below this */
    data *d = s->data;
    const double shifted = fabs(h - d->factored) / (h + d->factored); /* the contraction of a constant J */
    double contraction = s->system->constant ? shifted : fmax(shifted, fmax(d->contraction, prudence)), before = 0;
    for (int k = 0; k < MAX_ITERATIONS; k++) {
        npde_status status = evaluate(s, t, h, f);
        if (!status) status = correct(s, h, f);
        if (status) return status;
        update(s);
        s->iterations++;
        const double size = size_of_corrections(s);
        if (k > 0) contraction = size / before;
        if (before > visible) d->contraction = contraction;
        if (size == 0 || size * contraction <= 1 - contraction) return NPDE_OK;
        if (k > 0 && !(contraction < 0.9)) {
            if (exactly(s) && size < noise) return NPDE_OK;
            break;
        }
        before = size;
    }
    return npde__fail(s->system->context, NPDE__RETRY, "Newton's iteration on the stages does not converge at t = %g",
                      t);
}

/* ---- error ---- */

/* Divided difference of highest order over n nodes: its weights. */
static void difference_weights(size_t n, const double *node, double scale, double *weight)
{
    for (size_t i = 0; i < n; i++) {
        weight[i] = scale;
        for (size_t k = 0; k < n; k++)
            if (k != i) weight[i] /= node[i] - node[k];
    }
}

/*
 * The estimate, by slopes at the stages: of h F = A⁻¹Z at the stages, at the beginning and at the second stage of the last
 * step a divided difference of fourth order, h⁵y⁽⁵⁾/24 + O(h⁶). Where there is no last step, the embedded formula of third
 * order of Hairer & Wanner, IV.8, which is γ₀ c₁c₂ times the divided difference of third order. Filtered; the latter twice, for
 * h F at the beginning may be as large as stiff components of the data are.
 */
static npde_status estimate(npde__stepper *s, double h)
{
    enum { NODES = STAGES + 2 };
    const npde__radau_tableau *m = &npde__radau_iia5_tableau;
    const int two = continues(s, h);
    const double back = two ? s->h_old / h : 1;
    const double node[NODES] = {(m->c[1] - 1) * back, 0, m->c[0], m->c[1], m->c[2]};
    double difference[NODES] = {0}, weight[1 + 2 * STAGES] = {0};
    if (two) difference_weights(NODES, node, 1. / 25, difference);
    else difference_weights(NODES - 1, node + 1, m->real * m->c[0] * m->c[1], difference + 1);
    weight[0] = h * difference[1];
    for (size_t j = 0; j < STAGES; j++) {
        for (size_t i = 0; i < STAGES; i++) weight[1 + j] += difference[2 + i] * m->inverse[i][j];
        weight[1 + STAGES + j] = difference[0] / back * m->inverse[1][j];
    }
    const double *const x[] = {s->slope,       s->work[Z],         s->work[Z + 1],    s->work[Z + 2],
                               s->work[OLD_Z], s->work[OLD_Z + 1], s->work[OLD_Z + 2]};
    npde__kernels_best()->combine(s->system->n, two ? 1 + 2 * STAGES : 1 + STAGES, weight, x, s->error);
    s->error_order = two ? 4 : 3;
    npde_status status = s->system->ops->solve_jacobian(s->system, s->error);
    if (!status && !two) status = s->system->ops->solve_jacobian(s->system, s->error);
    return status;
}

/* ---- a step ---- */

static npde_status factor(npde__stepper *s, double h)
{
    data *d = s->data;
    const npde__system_ops *ops = s->system->ops;
    npde_status status = ops->factor_jacobian(s->system, npde__radau_iia5_tableau.real * h);
    if (!status)
        status = ops->factor_jacobian_complex(s->system, npde__complex_scale(h, npde__radau_iia5_tableau.pair));
    d->factored = status ? 0 : h;
    d->restored = 0;
    return status;
}

/* A new Jacobian, and the slope at the beginning if it is not known. */
static npde_status renew(npde__stepper *s, double t, double h)
{
    npde_status status = s->system->ops->linearize(s->system, t, h, s->y, s->rates, NULL);
    if (status) return status;
    if (!s->slope_known || !continues(s, h)) { /* the coefficients are frozen at the step's beginning */
        s->system->ops->apply(s->system, 1, s->y, s->slope);
        s->slope_known = 1;
    }
    return factor(s, h);
}

static int usable(const npde__stepper *s, double h)
{
    const data *d = s->data;
    return d->factored > 0 && s->slope_known && continues(s, h) && d->more < RENEWAL &&
           fabs(h - d->factored) <= most_different * d->factored;
}

static npde_status try_stages(npde__stepper *s, double t, double h, double *const *f, int64_t *count)
{
    const data *d = s->data;
    const size_t n_rates = s->system->n_rates;
    for (size_t i = 0; i < STAGES; i++) memcpy(d->stage_rates + i * n_rates, s->rates, n_rates * sizeof *s->rates);
    predict(s, h);
    const int64_t before = s->iterations;
    const npde_status status = iterate(s, t, h, f);
    *count = s->iterations - before;
    return status;
}

/* With the J at hand; if there is none, or it does not do, with a new one. */
static npde_status solve_stages(npde__stepper *s, double t, double h, double *const *f)
{
    data *d = s->data;
    int64_t count;
    if (usable(s, h)) {
        npde_status status = d->restored ? factor(s, d->factored) : NPDE_OK;
        if (!status) status = try_stages(s, t, h, f, &count);
        if (status < 0) return status;
        if (!status) {
            if (count > d->first) d->more += count - d->first;
            return NPDE_OK;
        }
    }
    restart(s);
    npde_status status = renew(s, t, h);
    if (!status) status = try_stages(s, t, h, f, &count);
    if (status) {
        restart(s);
        return status;
    }
    d->first = count;
    d->more = 0;
    return NPDE_OK;
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    npde__system *system = s->system;
    const npde__kernels *kernels = npde__kernels_best();
    const data *d = s->data;
    double *const *z = s->work + Z, *const f[STAGES] = {s->work[F], s->work[F + 1], s->slope_new};
    memcpy(s->rates_new, s->rates, system->n_rates * sizeof *s->rates); /* errors are relative to them */
    npde_status status = solve_stages(s, t, h, f);
    if (!status && want_error) status = estimate(s, h);
    if (status) return status;
    const double *row = npde__radau_iia5_tableau.inverse[2];
    kernels->combine(system->n, 2, (const double[]){1, 1}, (const double *const[]){s->y, z[2]}, s->y_new);
    kernels->combine(system->n, STAGES, (const double[]){row[0] / h, row[1] / h, row[2] / h},
                     (const double *const[]){z[0], z[1], z[2]}, s->slope_new);
    s->slope_new_known = 1;
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
    npde__bytes_block(bytes, &d->factored, sizeof d->factored);
    npde__bytes_block(bytes, &d->contraction, sizeof d->contraction);
    npde__bytes_block(bytes, &d->first, sizeof d->first);
    npde__bytes_block(bytes, &d->more, sizeof d->more);
    for (size_t i = 0; i <= STAGES; i++)
        npde__bytes_block(bytes, s->work[OLD_SLOPE + i], s->system->n * sizeof(double));
    if (bytes->mode == NPDE__BYTES_READ) d->restored = 1;
}

const npde__method npde__radau_iia5 = {.id = NPDE_METHOD_RADAU_IIA5,
                                       .order = 5,
                                       .error_order = 4,
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
