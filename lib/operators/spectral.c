/* SPDX-License-Identifier: BSD-3-Clause
 * Spectral elements on Gauss–Lobatto–Legendre nodes with lumped mass.
 *
 * Testing the equation with the Lagrange basis l_i, whose values at V_FIRING and V_RESET carry what leaves and re-enters,
 *
 *     w_i n_i' = Σ_j K_ij n_j − N δ_{iF} + M δ_{iR},      K = A0 + μ A1 + a A2 − Φ,
 *     A0_ij = ∫ f l_j l_i',   A1_ij = ∫ l_j l_i',   A2_ij = −∫ l_j' l_i',   Φ_ij = ∫ φ_F l_j l_i.
 *
 * With n_F = 0 the row of V_FIRING is no equation but the rate, N = Σ_j K_Fj n_j: the flux that makes the scheme conserve
 * mass exactly, as accurate as the solution. (Its sum with the reset's row is the test space φ(V_F) = φ(V_R).) With a
 * random threshold all nodes are unknowns and N = Σ_ij Φ_ij n_j. Elements couple at their ends only: a band matrix.
 */
#include "operators/operator.h"

#include "numerics/lapack.h"
#include "numerics/quadrature.h"

#include <string.h>

typedef struct {
    size_t first, nodes;      /* the element's points */
    double *k, *a0, *a1, *a2; /* nodes × nodes, row-major; a0 holds −Φ as well */
} element;

typedef struct {
    size_t n_elements;
    element *elements;
    double *blocks; /* what the elements point to */
    double *band;   /* W − γK in LAPACK's band storage, factored */
    int bandwidth, ld, *pivots;
} data;

enum { MATRICES = 4 };

/* The reference element: Lobatto nodes, and the basis at the Gauss points that integrate drift and discharge. */
typedef struct {
    size_t n, gauss;
    double x[NPDE__MAX_NODES], w[NPDE__MAX_NODES], b[NPDE__MAX_NODES];
    double derivative[NPDE__MAX_NODES * NPDE__MAX_NODES];
    double gx[NPDE__MAX_NODES], gw[NPDE__MAX_NODES];
} reference;

static void make_reference(reference *r, size_t degree)
{
    r->n = degree + 1;
    r->gauss = degree + 2;
    npde__quadrature_lobatto(degree, r->x, r->w);
    npde__quadrature_barycentric(r->n, r->x, r->b);
    npde__quadrature_derivative(r->n, r->x, r->b, r->derivative);
    npde__quadrature_gauss(r->gauss, r->gx, r->gw);
}

/* Drift and discharge of an element, by Gauss quadrature: it never asks for a value at a break, where they may jump. */
static npde_status integrate_fields(const reference *r, const element *e, double left, double right, npde__field drift,
                                    npde__field discharge, double *c)
{
    const size_t n = r->n;
    double v[NPDE__MAX_NODES], f[NPDE__MAX_NODES], d[NPDE__MAX_NODES] = {0};
    for (size_t q = 0; q < r->gauss; q++) v[q] = left + (right - left) * (r->gx[q] + 1) / 2;
    npde_status status = drift.fn(drift.self, r->gauss, v, f);
    if (!status && discharge.fn) status = discharge.fn(discharge.self, r->gauss, v, d);
    if (status) return status;
    for (size_t q = 0; q < r->gauss; q++) {
        double l[NPDE__MAX_NODES], slope[NPDE__MAX_NODES] = {0};
        npde__quadrature_lagrange(n, r->x, r->b, r->gx[q], l);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n; k++) slope[i] += l[k] * r->derivative[k * n + i]; /* l_i' by its nodal values */
        const double weight = r->gw[q] * (right - left) / 2 * d[q];
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) e->a0[i * n + j] += r->gw[q] * f[q] * l[j] * slope[i] - weight * l[i] * l[j];
        for (size_t j = 0; c && j < n; j++) c[e->first + j] += weight * l[j]; /* Σ_i l_i = 1 */
    }
    return NPDE_OK;
}

static void integrate_basis(const reference *r, const element *e, double width)
{
    const size_t n = r->n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            e->a1[i * n + j] = r->w[j] * r->derivative[j * n + i];
            double sum = 0;
            for (size_t q = 0; q < n; q++) sum += r->w[q] * r->derivative[q * n + i] * r->derivative[q * n + j];
            e->a2[i * n + j] = -2 / width * sum;
        }
}

static npde_status allocate(npde__operator *op)
{
    const npde_grid *g = op->grid;
    npde_context *c = op->context;
    data *d = npde__alloc(c, 1, sizeof *d);
    if (!d) return NPDE_ERR_MEMORY;
    op->data = d;
    size_t block = 0, degree = 0;
    while (d->n_elements < g->n_segments && g->node[d->n_elements] < op->end) {
        const size_t n = g->cells[d->n_elements++] + 1;
        block += n * n;
        if (n - 1 > degree) degree = n - 1;
    }
    d->bandwidth = (int)degree;
    d->ld = 3 * d->bandwidth + 1;
    d->elements = npde__alloc(c, d->n_elements, sizeof *d->elements);
    d->blocks = npde__alloc(c, MATRICES * block, sizeof *d->blocks);
    d->band = npde__alloc(c, (size_t)d->ld * op->end, sizeof *d->band);
    d->pivots = npde__alloc(c, op->end, sizeof *d->pivots);
    return d->elements && d->blocks && d->band && d->pivots ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status se_init(npde__operator *op, npde__field drift, npde__field discharge)
{
    npde_status status = allocate(op);
    if (status) return status;
    const npde_grid *g = op->grid;
    data *d = op->data;
    reference *r = npde__alloc(op->context, 1, sizeof *r);
    if (!r) return NPDE_ERR_MEMORY;
    double *block = d->blocks;
    for (size_t s = 0; s < d->n_elements && !status; s++) {
        element *e = &d->elements[s];
        make_reference(r, g->cells[s]);
        e->first = g->node[s];
        e->nodes = r->n;
        double **const matrices[MATRICES] = {&e->k, &e->a0, &e->a1, &e->a2};
        for (size_t m = 0; m < MATRICES; m++, block += r->n * r->n) *matrices[m] = block;
        integrate_basis(r, e, g->breaks[s + 1] - g->breaks[s]);
        status = integrate_fields(r, e, g->breaks[s], g->breaks[s + 1], drift, discharge, op->absorbing ? NULL : op->c);
    }
    npde__free(op->context, r);
    return status;
}

static void se_free(npde__operator *op)
{
    data *d = op->data;
    npde__free(op->context, d->elements);
    npde__free(op->context, d->blocks);
    npde__free(op->context, d->band);
    npde__free(op->context, d->pivots);
    npde__free(op->context, d);
}

/* Nodes of an element that are unknowns: all but the threshold's. */
static size_t unknowns(const npde__operator *op, const element *e)
{
    return e->first + e->nodes > op->end ? op->end - e->first : e->nodes;
}

static const element *last_element(const npde__operator *op)
{
    const data *d = op->data;
    return &d->elements[d->n_elements - 1];
}

static void se_load(npde__operator *op, double drive, double diffusion)
{
    const data *d = op->data;
    for (size_t s = 0; s < d->n_elements; s++) {
        const element *e = &d->elements[s];
        for (size_t i = 0; i < e->nodes * e->nodes; i++) e->k[i] = e->a0[i] + drive * e->a1[i] + diffusion * e->a2[i];
    }
    if (op->absorbing) {
        const element *e = last_element(op);
        op->c_first = e->first;
        memcpy(op->c + e->first, e->k + (e->nodes - 1) * e->nodes, (e->nodes - 1) * sizeof *op->c);
    }
}

/* out += A n over the unknowns of an element. */
static void add_product(const npde__operator *op, const element *e, const double *a, const double *n, double *out)
{
    const size_t u = unknowns(op, e);
    for (size_t i = 0; i < u; i++) {
        double sum = 0;
        for (size_t j = 0; j < u; j++) sum += a[i * e->nodes + j] * n[e->first + j];
        out[e->first + i] += sum;
    }
}

static void se_apply(const npde__operator *op, const double *n, double *out)
{
    const data *d = op->data;
    memset(out, 0, op->end * sizeof *out);
    for (size_t s = 0; s < d->n_elements; s++) add_product(op, &d->elements[s], d->elements[s].k, n, out);
}

static void se_tangent(const npde__operator *op, const double *n, double *by_drive, double *by_diffusion)
{
    const data *d = op->data;
    memset(by_drive, 0, op->end * sizeof *by_drive);
    memset(by_diffusion, 0, op->end * sizeof *by_diffusion);
    for (size_t s = 0; s < d->n_elements; s++) {
        add_product(op, &d->elements[s], d->elements[s].a1, n, by_drive);
        add_product(op, &d->elements[s], d->elements[s].a2, n, by_diffusion);
    }
}

static double se_flux(const npde__operator *op, double drive, double diffusion, const double *n, double *by_drive,
                      double *by_diffusion)
{
    *by_drive = *by_diffusion = 0;
    if (!op->absorbing) return npde__operator_flux(op, n);
    const element *e = last_element(op);
    const size_t row = (e->nodes - 1) * e->nodes;
    double rest = 0;
    for (size_t j = 0; j + 1 < e->nodes; j++) {
        rest += e->a0[row + j] * n[e->first + j];
        *by_drive += e->a1[row + j] * n[e->first + j];
        *by_diffusion += e->a2[row + j] * n[e->first + j];
    }
    return rest + drive * *by_drive + diffusion * *by_diffusion;
}

static npde_status se_factor(npde__operator *op, double gamma)
{
    const data *d = op->data;
    const int n = (int)op->end, kl = d->bandwidth;
    memset(d->band, 0, (size_t)d->ld * op->end * sizeof *d->band);
    /* LAPACK keeps entry (i, j) at band[2 kl + i − j + j ld]. */
    for (size_t s = 0; s < d->n_elements; s++) {
        const element *e = &d->elements[s];
        const size_t u = unknowns(op, e), diagonal = 2 * (size_t)kl, ld = (size_t)d->ld;
        for (size_t j = 0; j < u; j++)
            for (size_t i = 0; i < u; i++)
                d->band[diagonal + i - j + (e->first + j) * ld] -= gamma * e->k[i * e->nodes + j];
    }
    for (size_t i = 0; i < op->end; i++) d->band[2 * (size_t)kl + i * (size_t)d->ld] += op->grid->w[i];
    int info = 0;
    dgbtrf_(&n, &n, &kl, &kl, d->band, &d->ld, d->pivots, &info);
    return info == 0 ? NPDE_OK : NPDE__RETRY;
}

static void se_solve(const npde__operator *op, double *x)
{
    const data *d = op->data;
    const int n = (int)op->end, one = 1;
    int info = 0;
    dgbtrs_("N", &n, &d->bandwidth, &d->bandwidth, &one, d->band, &d->ld, d->pivots, x, &n, &info, 1);
}

const npde__scheme npde__spectral = {se_init, se_free, se_load, se_apply, se_tangent, se_flux, se_factor, se_solve};
