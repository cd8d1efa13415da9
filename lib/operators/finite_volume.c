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
#include "numerics/kernels.h"
#include "numerics/quadrature.h"

#include <math.h>

enum { GAUSS = 10 };               /* points per cell of the exact integral */
static const double steepest = 10; /* variation of Φ over a cell that they integrate to rounding */

typedef struct {
    double *alpha, *beta;                     /* fluxes by face; face i lies between points i and i + 1 */
    double *alpha_drive, *beta_drive;         /* their derivatives by μ */
    double *alpha_diffusion, *beta_diffusion; /* and by a */
    double *drift;                            /* f at the midpoints */
    double *integral;                  /* exact: ∫_{midpoint}^x f at the two ends and the GAUSS points of each cell */
    double *discharge;                 /* w φ: integral of φ_F over each control volume */
    double *sum, *down, *up, *factors; /* W − γK and its factors */
    const npde__kernels *kernels;
    double x[GAUSS], w[GAUSS]; /* the Gauss rule */
} data;

enum { PER_CELL = GAUSS + 2 };

/* B(z) and B'(z). The series has relative error < 1e-16 for |z| < 0.1; B' = B(z)(1 − B(−z))/z elsewhere. */
static double bernoulli(double z, double *slope)
{
    if (fabs(z) < 0.1) {
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
    const double z = drift * h / a;
    double slope, mirror;
    const double b = bernoulli(z, &slope), m = bernoulli(-z, &mirror);
    f.alpha = a / h * m;
    f.beta = a / h * b;
    f.alpha_drive = -mirror;
    f.beta_drive = slope;
    f.alpha_diffusion = (m + z * mirror) / h;
    f.beta_diffusion = (b - z * slope) / h;
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

static face compute_face(const npde__operator *op, size_t i, double drive, double a)
{
    const data *d = op->data;
    const double h = op->grid->v[i + 1] - op->grid->v[i];
    face f;
    if (op->exact && exact_face(d->integral + i * PER_CELL, drive, h, a, d->x, d->w, &f)) return f;
    return midpoint_face(d->drift[i] + drive, h, a);
}

static size_t n_faces(const npde__operator *op)
{
    return op->absorbing ? op->end : op->end - 1;
}

/* ∫_{midpoint}^x f over one cell, by Gauss quadrature of f on [midpoint, x]. */
static npde_status integrate_drift(npde__field drift, double left, double right, const double *x, const double *w,
                                   double *integral)
{
    const double middle = (left + right) / 2;
    for (size_t q = 0; q < PER_CELL; q++) {
        const double to = q == 0 ? left : q == 1 ? right : middle + x[q - 2] * (right - left) / 2;
        double v[GAUSS], f[GAUSS], sum = 0;
        for (size_t k = 0; k < GAUSS; k++) v[k] = middle + (to - middle) * (x[k] + 1) / 2;
        const npde_status status = drift.fn(drift.self, GAUSS, v, f);
        if (status) return status;
        for (size_t k = 0; k < GAUSS; k++) sum += w[k] * f[k];
        integral[q] = sum * (to - middle) / 2;
    }
    return NPDE_OK;
}

/* ∫ φ_F over the control volumes, half cell by half cell, so that a jump of φ_F at a point is harmless. */
static npde_status integrate_discharge(const npde__operator *op, npde__field discharge)
{
    const data *d = op->data;
    const double *p = op->grid->v;
    for (size_t half = 0; half < 2 * (op->end - 1); half++) {
        const size_t i = half / 2;
        const double middle = (p[i] + p[i + 1]) / 2;
        const double left = half % 2 ? middle : p[i], right = half % 2 ? p[i + 1] : middle;
        double v[GAUSS], phi[GAUSS];
        for (size_t k = 0; k < GAUSS; k++) v[k] = left + (right - left) * (d->x[k] + 1) / 2;
        const npde_status status = discharge.fn(discharge.self, GAUSS, v, phi);
        if (status) return status;
        for (size_t k = 0; k < GAUSS; k++) d->discharge[i + half % 2] += d->w[k] * phi[k] * (right - left) / 2;
    }
    for (size_t i = 0; i < op->end; i++) op->c[i] = d->discharge[i];
    return NPDE_OK;
}

static npde_status fv_init(npde__operator *op, npde__field drift, npde__field discharge)
{
    npde_context *c = op->context;
    data *d = npde__alloc(c, 1, sizeof *d);
    if (!d) return NPDE_ERR_MEMORY;
    op->data = d;
    double **const arrays[] = {
        &d->alpha,     &d->beta, &d->alpha_drive, &d->beta_drive, &d->alpha_diffusion, &d->beta_diffusion, &d->drift,
        &d->discharge, &d->sum,  &d->down,        &d->up};
    for (size_t k = 0; k < sizeof arrays / sizeof arrays[0]; k++)
        if (!(*arrays[k] = npde__alloc(c, op->end, sizeof(double)))) return NPDE_ERR_MEMORY;
    d->kernels = npde__kernels_best();
    if (!(d->factors = npde__alloc(c, npde__kernels_line_size(op->end), sizeof(double)))) return NPDE_ERR_MEMORY;
    if (op->exact && !(d->integral = npde__alloc(c, op->end * PER_CELL, sizeof(double)))) return NPDE_ERR_MEMORY;

    npde__quadrature_gauss(GAUSS, d->x, d->w);
    const double *v = op->grid->v;
    for (size_t i = 0; i < n_faces(op); i++) {
        const double middle = (v[i] + v[i + 1]) / 2;
        npde_status status = drift.fn(drift.self, 1, &middle, &d->drift[i]);
        if (!status && op->exact)
            status = integrate_drift(drift, v[i], v[i + 1], d->x, d->w, d->integral + i * PER_CELL);
        if (status) return status;
    }
    return op->absorbing ? NPDE_OK : integrate_discharge(op, discharge);
}

static void fv_free(npde__operator *op)
{
    data *d = op->data;
    double *const arrays[] = {
        d->alpha,     d->beta, d->alpha_drive, d->beta_drive, d->alpha_diffusion, d->beta_diffusion, d->drift,
        d->discharge, d->sum,  d->down,        d->up,         d->factors,         d->integral};
    for (size_t k = 0; k < sizeof arrays / sizeof arrays[0]; k++) npde__free(op->context, arrays[k]);
    npde__free(op->context, d);
}

static void fv_load(npde__operator *op, double drive, double a)
{
    data *d = op->data;
    for (size_t i = 0; i < n_faces(op); i++) {
        const face f = compute_face(op, i, drive, a);
        d->alpha[i] = f.alpha;
        d->beta[i] = f.beta;
        d->alpha_drive[i] = f.alpha_drive;
        d->beta_drive[i] = f.beta_drive;
        d->alpha_diffusion[i] = f.alpha_diffusion;
        d->beta_diffusion[i] = f.beta_diffusion;
    }
    op->stiffest = 0;
    for (size_t i = 0; i < op->end; i++)
        op->stiffest = fmax(op->stiffest, (d->alpha[i] + (i ? d->beta[i - 1] : 0)) / op->grid->w[i]);
    if (op->absorbing) {
        op->c_first = op->end - 1;
        op->c[op->end - 1] = d->alpha[op->end - 1];
    }
}

/* out_i = J_{i−1/2} − J_{i+1/2} for J = α n_i − β n_{i+1}; n beyond an absorbing threshold is 0. */
static void divergence(const npde__operator *op, const double *alpha, const double *beta, const double *n, double *out)
{
    double left = 0;
    for (size_t i = 0; i < op->end; i++) {
        const double right = i + 1 < op->end ? alpha[i] * n[i] - beta[i] * n[i + 1]
                             : op->absorbing ? alpha[i] * n[i]
                                             : 0;
        out[i] = left - right;
        left = right;
    }
}

static void fv_apply(const npde__operator *op, const double *n, double *out)
{
    const data *d = op->data;
    divergence(op, d->alpha, d->beta, n, out);
    if (!op->absorbing)
        for (size_t i = 0; i < op->end; i++) out[i] -= d->discharge[i] * n[i];
}

static void fv_tangent(const npde__operator *op, const double *n, double *by_drive, double *by_diffusion)
{
    const data *d = op->data;
    divergence(op, d->alpha_drive, d->beta_drive, n, by_drive);
    divergence(op, d->alpha_diffusion, d->beta_diffusion, n, by_diffusion);
}

static void fv_residual(const npde__operator *op, double drive, double a, const double *n, double *out)
{
    const data *d = op->data;
    double left = 0;
    for (size_t i = 0; i < op->end; i++) {
        double right = 0;
        if (i < n_faces(op)) {
            const face f = compute_face(op, i, drive, a);
            const double next = i + 1 < op->end ? n[i + 1] : 0;
            right = (f.alpha - d->alpha[i]) * n[i] - (f.beta - d->beta[i]) * next;
        }
        out[i] = left - right;
        left = right;
    }
}

static double fv_flux(const npde__operator *op, double drive, double a, const double *n, double *by_drive,
                      double *by_diffusion)
{
    const size_t last = op->end - 1;
    *by_drive = *by_diffusion = 0;
    if (!op->absorbing) return npde__operator_flux(op, n);
    const face f = compute_face(op, last, drive, a);
    *by_drive = f.alpha_drive * n[last];
    *by_diffusion = f.alpha_diffusion * n[last];
    return f.alpha * n[last];
}

static npde_status fv_factor(npde__operator *op, double gamma)
{
    data *d = op->data;
    for (size_t i = 0; i < op->end; i++) {
        d->sum[i] = op->grid->w[i] + gamma * d->discharge[i];
        d->down[i] = gamma * d->alpha[i]; /* α beyond a no-flux end stays 0 */
        d->up[i] = gamma * d->beta[i];
    }
    d->kernels->line_factor(op->end, d->sum, d->down, d->up, d->factors);
    return NPDE_OK;
}

static void fv_solve(const npde__operator *op, double *x)
{
    const data *d = op->data;
    d->kernels->line_solve(op->end, d->factors, x);
}

static size_t fv_complex_size(const npde__operator *op)
{
    return 6 * op->end;
}

static npde_status fv_factor_complex(npde__operator *op, npde__complex gamma, double *factors)
{
    const data *d = op->data;
    npde__complex_tridiagonal_factor(op->end, gamma, op->grid->w, d->discharge, d->alpha, d->beta,
                                     (npde__complex *)factors);
    return NPDE_OK;
}

static void fv_solve_complex(const npde__operator *op, double *factors, double *re, double *im)
{
    npde__complex_tridiagonal_solve(op->end, (const npde__complex *)factors, re, im);
}

const npde__scheme npde__finite_volume = {fv_init,    fv_free,         fv_load,           fv_apply,
                                          fv_tangent, fv_residual,     fv_flux,           fv_factor,
                                          fv_solve,   fv_complex_size, fv_factor_complex, fv_solve_complex};
