/* SPDX-License-Identifier: BSD-3-Clause
 * Vertex-centred finite volumes with Scharfetter–Gummel fluxes (IEEE Trans. Electron Devices 16, 1969, 64; for this
 * equation e.g. Hu, Liu, Xie & Zhou, J. Comput. Phys. 433, 2021).
 *
 * Between the points v_i and v_{i+1}, h apart, the flux is J = α n_i − β n_{i+1}: the exact flux of a constant current
 * through a cell whose drift is f(midpoint) + μ,
 *
 *     α = (a/h) B(−z),  β = (a/h) B(z),  z = (f + μ) h/a,  B(z) = z/(eᶻ − 1),
 *
 * or, with the exact integral, through a cell with the true drift:
 *
 *     α = a e^{Φ(v_i)}/S,  β = a e^{Φ(v_{i+1})}/S,  S = ∫ e^Φ dv,  Φ(v) = −(1/a) ∫_{midpoint}^v (f + μ).
 *
 * α, β > 0 whatever the drift: K is a Markov generator, hence positivity, and mass is kept by construction.
 */
#include "operators/operator.h"

#include "numerics/complex_lu.h"
#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

enum { GAUSS = 10 };               /* points per cell of the exact integral */
static const double steepest = 10; /* variation of Φ over a cell that they integrate to rounding */

enum { PER_CELL = GAUSS + 2 };

/* Of a stencil. */
typedef struct {
    double *drift;             /* f at the midpoints */
    double *integral;          /* exact: ∫_{midpoint}^x f at the two ends and the GAUSS points of each cell */
    double *discharge;         /* w φ: integral of φ_F over each control volume */
    double x[GAUSS], w[GAUSS]; /* the Gauss rule */
} data;

/* Of an operator, in lanes. */
typedef struct {
    double *alpha, *beta;    /* fluxes by face; face i lies between points i and i + 1 */
    double *sum, *down, *up; /* W − γK */
    double *factors;         /* of line_factor, shared_factor or batch_factor */
    int shared;              /* all lanes have one matrix */
} coefficients;

/* B(z) and B'(z) for z ≥ 0. The series has relative error < 1e-16 for z < 0.1; B' = B(z)(1 − B(−z))/z elsewhere. */
static double bernoulli(double z, double *slope)
{
    if (z < 0.1) {
        const double y = z * z;
        *slope = -0.5 + z * (1. / 6 + y * (-1. / 180 + y * (1. / 5040 - y / 151200)));
        return 1 - z / 2 + y * (1. / 12 + y * (-1. / 720 + y * (1. / 30240 - y / 1209600)));
    }
    if (z > 700) {
        *slope = 0;
        return 0; /* < 1e-300 */
    }
    const double b = z / expm1(z);
    *slope = b * (1 - (b + z)) / z; /* B(−z) = B(z) + z */
    return b;
}

typedef struct {
    double alpha, beta, alpha_drive, beta_drive, alpha_diffusion, beta_diffusion;
} face;

static face midpoint_face(double drift, double h, double a)
{
    face f;
    const double z = drift * h / a, size = fabs(z);
    double slope;
    const double small = bernoulli(size, &slope), large = small + size, opposite = -1 - slope;
    const double b = z > 0 ? small : large, m = z > 0 ? large : small; /* B(z) and B(−z) */
    const double b_slope = z > 0 ? slope : opposite, m_slope = z > 0 ? opposite : slope;
    f.alpha = a / h * m;
    f.beta = a / h * b;
    f.alpha_drive = -m_slope;
    f.beta_drive = b_slope;
    f.alpha_diffusion = (m + z * m_slope) / h;
    f.beta_diffusion = (b - z * b_slope) / h;
    return f;
}

/*
 * The flux with the exact integral; 0 where 10 Gauss points cannot see e^Φ: over a cell in which Φ varies by 10 their error is
 * 5e-12, by 40 already 3e-4. Cells that steep are wider than the layers in them, and the midpoint's flux is the one to take.
 */
static int exact_face(const double *integral, double drive, double h, double a, const double *x, const double *w,
                      face *result)
{
    double phi[PER_CELL], offset[PER_CELL], top = -INFINITY, bottom = INFINITY;
    for (size_t q = 0; q < PER_CELL; q++) {
        offset[q] = q == 0 ? -h / 2 : q == 1 ? h / 2 : x[q - 2] * h / 2;
        phi[q] = -(integral[q] + drive * offset[q]) / a;
        top = fmax(top, phi[q]);
        bottom = fmin(bottom, phi[q]);
    }
    if (top - bottom > steepest) return 0;
    double s = 0, s_drive = 0, s_diffusion = 0;
    for (size_t q = 2; q < PER_CELL; q++) {
        const double e = w[q - 2] * h / 2 * exp(phi[q] - top);
        s += e;
        s_drive -= e * offset[q] / a;
        s_diffusion -= e * phi[q] / a;
    }
    face f;
    f.alpha = a * exp(phi[0] - top) / s;
    f.beta = a * exp(phi[1] - top) / s;
    f.alpha_drive = f.alpha * (-offset[0] / a - s_drive / s);
    f.beta_drive = f.beta * (-offset[1] / a - s_drive / s);
    f.alpha_diffusion = f.alpha * (1 / a - phi[0] / a - s_diffusion / s);
    f.beta_diffusion = f.beta * (1 / a - phi[1] / a - s_diffusion / s);
    *result = f;
    return 1;
}

static face compute_face(const npde__stencil *s, size_t i, double drive, double a)
{
    const data *d = s->data;
    const double h = s->grid->v[i + 1] - s->grid->v[i];
    face f;
    if (s->exact && exact_face(d->integral + i * PER_CELL, drive, h, a, d->x, d->w, &f)) return f;
    return midpoint_face(d->drift[i] + drive, h, a);
}

static size_t n_faces(const npde__stencil *s)
{
    return s->absorbing ? s->end : s->end - 1;
}

/* ---- what operators have in common ---- */

/* A face's midpoint and, for the exact integral, the Gauss points of its cell. */
static size_t fv_drift_points(const npde__stencil *s, double *v)
{
    const size_t per_face = s->exact ? GAUSS + 1 : 1;
    double x[GAUSS], w[GAUSS];
    if (v) npde__quadrature_gauss(GAUSS, x, w);
    for (size_t i = 0; v && i < n_faces(s); i++) {
        const double left = s->grid->v[i], right = s->grid->v[i + 1], middle = (left + right) / 2;
        *v++ = middle;
        for (size_t q = 0; q + 1 < per_face; q++) *v++ = middle + x[q] * (right - left) / 2;
    }
    return n_faces(s) * per_face;
}

/* Gauss points of each half cell, so that a jump of φ_F at a point is harmless. */
static size_t fv_discharge_points(const npde__stencil *s, double *v)
{
    const double *p = s->grid->v;
    double x[GAUSS], w[GAUSS];
    if (v) npde__quadrature_gauss(GAUSS, x, w);
    for (size_t half = 0; v && half < 2 * (s->end - 1); half++) {
        const size_t i = half / 2;
        const double middle = (p[i] + p[i + 1]) / 2;
        const double left = half % 2 ? middle : p[i], right = half % 2 ? p[i + 1] : middle;
        for (size_t q = 0; q < GAUSS; q++) *v++ = left + (right - left) * (x[q] + 1) / 2;
    }
    return 2 * (s->end - 1) * GAUSS;
}

/* ∫_{midpoint}^x f over each cell, of the polynomial through the Gauss points: a matrix for all cells. */
static void integrate_drift(const npde__stencil *s, const double *drift)
{
    const data *d = s->data;
    double b[GAUSS], matrix[PER_CELL][GAUSS] = {{0}}, l[GAUSS];
    npde__quadrature_barycentric(GAUSS, d->x, b);
    for (size_t q = 0; q < PER_CELL; q++) {
        const double to = q == 0 ? -1 : q == 1 ? 1 : d->x[q - 2];
        for (size_t k = 0; k < GAUSS; k++) {
            npde__quadrature_lagrange(GAUSS, d->x, b, to * (d->x[k] + 1) / 2, l);
            for (size_t j = 0; j < GAUSS; j++) matrix[q][j] += d->w[k] * to / 2 * l[j];
        }
    }
    for (size_t i = 0; i < n_faces(s); i++) {
        const double half = (s->grid->v[i + 1] - s->grid->v[i]) / 2, *f = drift + i * (GAUSS + 1) + 1;
        for (size_t q = 0; q < PER_CELL; q++) {
            double sum = 0;
            for (size_t j = 0; j < GAUSS; j++) sum += matrix[q][j] * f[j];
            d->integral[i * PER_CELL + q] = half * sum;
        }
    }
}

static npde_status fv_prepare(npde__stencil *s, const double *drift, const double *discharge)
{
    npde_context *c = s->context;
    data *d = npde__alloc(c, 1, sizeof *d);
    if (!d) return NPDE_ERR_MEMORY;
    s->data = d;
    s->c_first = s->absorbing ? s->end - 1 : 0;
    d->drift = npde__alloc(c, s->end, sizeof *d->drift);
    d->discharge = npde__alloc(c, s->end, sizeof *d->discharge);
    if (s->exact) d->integral = npde__alloc(c, s->end * PER_CELL, sizeof *d->integral);
    if (!d->drift || !d->discharge || (s->exact && !d->integral)) return NPDE_ERR_MEMORY;
    npde__quadrature_gauss(GAUSS, d->x, d->w);
    for (size_t i = 0; i < n_faces(s); i++) d->drift[i] = drift[i * (s->exact ? GAUSS + 1 : 1)];
    if (s->exact) integrate_drift(s, drift);
    for (size_t half = 0; discharge && half < 2 * (s->end - 1); half++, discharge += GAUSS) {
        const size_t i = half / 2;
        for (size_t q = 0; q < GAUSS; q++)
            d->discharge[i + half % 2] += d->w[q] * discharge[q] * (s->grid->v[i + 1] - s->grid->v[i]) / 4;
    }
    return NPDE_OK;
}

static void fv_discard(npde__stencil *s)
{
    data *d = s->data;
    npde__free(s->context, d->drift);
    npde__free(s->context, d->integral);
    npde__free(s->context, d->discharge);
    npde__free(s->context, d);
}

/* ---- an operator ---- */

static npde_status fv_init(npde__operator *op)
{
    npde_context *c = op->stencil->context;
    const size_t end = op->stencil->end, size = op->lanes * end;
    coefficients *k = npde__alloc(c, 1, sizeof *k);
    if (!k) return NPDE_ERR_MEMORY;
    op->data = k;
    double **const arrays[] = {&k->alpha, &k->beta, &k->sum, &k->down, &k->up};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!(*arrays[i] = npde__alloc(c, size, sizeof(double)))) return NPDE_ERR_MEMORY;
    k->factors = npde__alloc(c, op->lanes == 1 ? npde__kernels_line_size(end) : 3 * size, sizeof *k->factors);
    return k->factors ? NPDE_OK : NPDE_ERR_MEMORY;
}

static void fv_free(npde__operator *op)
{
    coefficients *k = op->data;
    double *const arrays[] = {k->alpha, k->beta, k->sum, k->down, k->up, k->factors};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) npde__free(op->stencil->context, arrays[i]);
    npde__free(op->stencil->context, k);
}

/* All lanes alike? */
static int alike(const npde__operator *op)
{
    int same = op->lanes > 1;
    for (size_t l = 1; l < op->count; l++)
        same = same && op->drive[l] == op->drive[0] && op->diffusion[l] == op->diffusion[0];
    return same;
}

/* Lanes that repeat another have its numbers. */
static void repeat(const npde__operator *op, size_t from, double *x)
{
    for (size_t i = 0; i < op->stencil->end * op->lanes; i += op->lanes)
        for (size_t l = from; l < op->lanes; l++) x[i + l] = x[i + from - 1];
}

static void fv_load(npde__operator *op)
{
    const npde__stencil *s = op->stencil;
    coefficients *k = op->data;
    const size_t lanes = op->lanes;
    k->shared = alike(op);
    const size_t different = k->shared ? 1 : op->count;
    for (size_t i = 0; i < n_faces(s); i++)
        for (size_t l = 0; l < different; l++) {
            const face f = compute_face(s, i, op->drive[l], op->diffusion[l]);
            k->alpha[i * lanes + l] = f.alpha;
            k->beta[i * lanes + l] = f.beta;
        }
    repeat(op, different, k->alpha);
    repeat(op, different, k->beta);
    for (size_t l = 0; l < lanes; l++) op->stiffest[l] = 0;
    for (size_t i = 0; i < s->end; i++)
        for (size_t l = 0; l < lanes; l++)
            op->stiffest[l] = fmax(op->stiffest[l],
                                   (k->alpha[i * lanes + l] + (i ? k->beta[(i - 1) * lanes + l] : 0)) / s->grid->w[i]);
    const data *d = s->data;
    for (size_t i = s->c_first; i < s->end; i++)
        for (size_t l = 0; l < lanes; l++)
            op->c[i * lanes + l] = s->absorbing ? k->alpha[i * lanes + l] : d->discharge[i];
}

/* ---- products ---- */

/* out_i = J_{i−1/2} − J_{i+1/2} for J = α n_i − β n_{i+1}; n beyond an absorbing threshold is 0. */
static inline void divergence(const npde__stencil *s, const size_t lanes, const double *alpha, const double *beta,
                              const double *n, double *out)
{
    double left[NPDE__LANES] = {0};
    const size_t last = (s->end - 1) * lanes;
    for (size_t i = 0; i < last; i += lanes)
        for (size_t l = 0; l < lanes; l++) {
            const double right = alpha[i + l] * n[i + l] - beta[i + l] * n[i + lanes + l];
            out[i + l] = left[l] - right;
            left[l] = right;
        }
    for (size_t l = 0; l < lanes; l++) out[last + l] = left[l] - (s->absorbing ? alpha[last + l] * n[last + l] : 0);
}

/* out = (K(drive, diffusion) − loaded K) n of lane l */
static void add_difference(const npde__operator *op, size_t l, double drive, double diffusion, const double *n,
                           double *out)
{
    const npde__stencil *s = op->stencil;
    const coefficients *k = op->data;
    const size_t lanes = op->lanes;
    double left = 0;
    for (size_t i = 0; i < s->end; i++) {
        const size_t at = i * lanes + l;
        double right = 0;
        if (i < n_faces(s)) {
            const face f = compute_face(s, i, drive, diffusion);
            const double next = i + 1 < s->end ? n[at + lanes] : 0;
            right = (f.alpha - k->alpha[at]) * n[at] - (f.beta - k->beta[at]) * next;
        }
        out[at] += left - right;
        left = right;
    }
}

static void add_differences(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                            double *out)
{
    for (size_t l = 0; l < op->count; l++)
        if (drive[l] != op->drive[l] || diffusion[l] != op->diffusion[l])
            add_difference(op, l, drive[l], diffusion[l], n, out);
    repeat(op, op->count, out);
}

static void fv_apply(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                     double *out)
{
    const npde__stencil *s = op->stencil;
    const data *d = s->data;
    const coefficients *k = op->data;
    if (op->lanes == 1) divergence(s, 1, k->alpha, k->beta, n, out);
    else divergence(s, NPDE__LANES, k->alpha, k->beta, n, out);
    add_differences(op, drive, diffusion, n, out);
    if (s->absorbing) return;
    for (size_t i = 0; i < s->end; i++)
        for (size_t l = 0; l < op->lanes; l++) out[i * op->lanes + l] -= d->discharge[i] * n[i * op->lanes + l];
}

static void fv_tangent(const npde__operator *op, const double *n, double *by_drive, double *by_diffusion)
{
    const npde__stencil *s = op->stencil;
    const size_t lanes = op->lanes;
    for (size_t l = 0; l < op->count; l++) {
        double left = 0, left_diffusion = 0;
        for (size_t i = 0; i < s->end; i++) {
            const size_t at = i * lanes + l;
            face f = {0};
            if (i < n_faces(s)) f = compute_face(s, i, op->drive[l], op->diffusion[l]);
            const double next = i + 1 < s->end ? n[at + lanes] : 0;
            const double right = f.alpha_drive * n[at] - f.beta_drive * next;
            const double right_diffusion = f.alpha_diffusion * n[at] - f.beta_diffusion * next;
            by_drive[at] = left - right;
            if (by_diffusion) by_diffusion[at] = left_diffusion - right_diffusion;
            left = right;
            left_diffusion = right_diffusion;
        }
    }
    repeat(op, op->count, by_drive);
    if (by_diffusion) repeat(op, op->count, by_diffusion);
}

static void fv_residual(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                        double *out)
{
    memset(out, 0, op->stencil->end * op->lanes * sizeof *out);
    add_differences(op, drive, diffusion, n, out);
}

static void fv_flux(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                    double *rate, double *by_drive, double *by_diffusion)
{
    const npde__stencil *s = op->stencil;
    const data *d = s->data;
    const size_t last = s->end - 1;
    for (size_t l = 0; l < op->lanes; l++) {
        rate[l] = by_drive[l] = by_diffusion[l] = 0;
        if (s->absorbing) {
            const face f = compute_face(s, last, drive[l], diffusion[l]);
            rate[l] = f.alpha * n[last * op->lanes + l];
            by_drive[l] = f.alpha_drive * n[last * op->lanes + l];
            by_diffusion[l] = f.alpha_diffusion * n[last * op->lanes + l];
        }
    }
    for (size_t i = 0; !s->absorbing && i < s->end; i++)
        for (size_t l = 0; l < op->lanes; l++) rate[l] += d->discharge[i] * n[i * op->lanes + l];
}

/* ---- the linear solves ---- */

static npde_status fv_factor(npde__operator *op, double gamma)
{
    const npde__stencil *s = op->stencil;
    const data *d = s->data;
    const coefficients *k = op->data;
    const size_t lanes = op->lanes, step = k->shared ? lanes : 1, end = s->end, size = end * lanes;
    for (size_t i = 0, to = 0; i < size; i += step, to++) {
        k->sum[to] = s->grid->w[i / lanes] + gamma * d->discharge[i / lanes];
        k->down[to] = gamma * k->alpha[i]; /* α beyond a no-flux end stays 0 */
        k->up[to] = gamma * k->beta[i];
    }
    if (lanes == 1) op->kernels->line_factor(end, k->sum, k->down, k->up, k->factors);
    else if (k->shared) op->kernels->shared_factor(end, k->sum, k->down, k->up, k->factors);
    else op->kernels->batch_factor(end, k->sum, k->down, k->up, k->factors, k->factors + size, k->factors + 2 * size);
    return NPDE_OK;
}

static void fv_solve(const npde__operator *op, double *x)
{
    const coefficients *k = op->data;
    const size_t end = op->stencil->end, size = end * op->lanes;
    if (op->lanes == 1) op->kernels->line_solve(end, k->factors, x);
    else if (k->shared) op->kernels->shared_solve(end, 1, k->factors, x);
    else op->kernels->batch_solve(end, 1, k->factors, k->factors + size, k->factors + 2 * size, x);
}

static size_t fv_complex_size(const npde__stencil *s)
{
    return 6 * s->end;
}

static npde_status fv_factor_complex(const npde__operator *op, size_t lane, npde__complex gamma, double *factors)
{
    const npde__stencil *s = op->stencil;
    const data *d = s->data;
    const coefficients *k = op->data;
    double *alpha = op->image[0], *beta = op->image[1];
    for (size_t i = 0; i < s->end; i++) {
        alpha[i] = k->alpha[i * op->lanes + lane];
        beta[i] = k->beta[i * op->lanes + lane];
    }
    npde__complex_tridiagonal_factor(s->end, gamma, s->grid->w, d->discharge, alpha, beta, (npde__complex *)factors);
    return NPDE_OK;
}

static void fv_solve_complex(const npde__stencil *s, double *factors, double *re, double *im)
{
    npde__complex_tridiagonal_solve(s->end, (const npde__complex *)factors, re, im);
}

const npde__scheme npde__finite_volume = {
    .drift_points = fv_drift_points,
    .discharge_points = fv_discharge_points,
    .prepare = fv_prepare,
    .discard = fv_discard,
    .init = fv_init,
    .free = fv_free,
    .load = fv_load,
    .apply = fv_apply,
    .tangent = fv_tangent,
    .residual = fv_residual,
    .flux = fv_flux,
    .factor = fv_factor,
    .solve = fv_solve,
    .complex_size = fv_complex_size,
    .factor_complex = fv_factor_complex,
    .solve_complex = fv_solve_complex,
};
