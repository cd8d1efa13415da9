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
 * random threshold all nodes are unknowns and N = Σ_ij Φ_ij n_j. Elements couple at their ends only: a chain of dense blocks.
 */
#include "operators/operator.h"

#include "numerics/chain.h"
#include "numerics/complex_lu.h"
#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

typedef struct {
    size_t first, nodes, unknowns; /* the element's points; all but the threshold's are unknowns */
    double *k, *a0, *a1, *a2;      /* nodes × nodes, column-major; a0 holds −Φ as well */
    double *lu;                    /* its block of W − γK, factored; leading dimension nodes */
} element;

typedef struct {
    size_t n_elements;
    element *elements;
    double *blocks;       /* what the elements point to */
    double *c0, *c1, *c2; /* the last element's row of V_FIRING in a0, a1, a2 */
    double *inverse;      /* end: reciprocal pivots */
} data;

enum { MATRICES = 5 };

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
        for (size_t j = 0; j < n; j++)
            for (size_t i = 0; i < n; i++) e->a0[j * n + i] += l[j] * (r->gw[q] * f[q] * slope[i] - weight * l[i]);
        for (size_t j = 0; c && j < n; j++) c[e->first + j] += weight * l[j]; /* Σ_i l_i = 1 */
    }
    return NPDE_OK;
}

/* A1 and A2, the latter with columns that sum to zero exactly as far as rounding lets them. */
static void integrate_basis(const reference *r, const element *e, double width)
{
    const size_t n = r->n;
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++) {
            e->a1[j * n + i] = r->w[j] * r->derivative[j * n + i];
            double sum = 0;
            for (size_t q = 0; q < n; q++) sum += r->w[q] * r->derivative[q * n + i] * r->derivative[q * n + j];
            e->a2[j * n + i] = -2 / width * sum;
        }
}

static npde_status allocate(npde__operator *op)
{
    const npde_grid *g = op->grid;
    npde_context *c = op->context;
    data *d = npde__alloc(c, 1, sizeof *d);
    if (!d) return NPDE_ERR_MEMORY;
    op->data = d;
    size_t block = 0, nodes = 0;
    while (d->n_elements < g->n_segments && g->node[d->n_elements] < op->end) {
        nodes = g->cells[d->n_elements++] + 1;
        block += nodes * nodes;
    }
    d->elements = npde__alloc(c, d->n_elements, sizeof *d->elements);
    d->blocks = npde__alloc(c, MATRICES * block, sizeof *d->blocks);
    d->c0 = npde__alloc(c, 3 * nodes, sizeof *d->c0);
    d->inverse = npde__alloc(c, op->end, sizeof *d->inverse);
    if (!d->elements || !d->blocks || !d->c0 || !d->inverse) return NPDE_ERR_MEMORY;
    d->c1 = d->c0 + nodes;
    d->c2 = d->c1 + nodes;
    return NPDE_OK;
}

static const element *last_element(const npde__operator *op)
{
    const data *d = op->data;
    return &d->elements[d->n_elements - 1];
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
        if (r->n != g->cells[s] + 1) make_reference(r, g->cells[s]);
        e->first = g->node[s];
        e->nodes = r->n;
        e->unknowns = e->first + r->n > op->end ? op->end - e->first : r->n;
        double **const matrices[MATRICES] = {&e->k, &e->a0, &e->a1, &e->a2, &e->lu};
        for (size_t m = 0; m < MATRICES; m++, block += r->n * r->n) *matrices[m] = block;
        integrate_basis(r, e, g->breaks[s + 1] - g->breaks[s]);
        status = integrate_fields(r, e, g->breaks[s], g->breaks[s + 1], drift, discharge, op->absorbing ? NULL : op->c);
    }
    npde__free(op->context, r);
    const element *e = last_element(op);
    for (size_t j = 0; op->absorbing && j < e->nodes; j++) {
        const size_t row = (j + 1) * e->nodes - 1;
        d->c0[j] = e->a0[row];
        d->c1[j] = e->a1[row];
        d->c2[j] = e->a2[row];
    }
    return status;
}

static void se_free(npde__operator *op)
{
    data *d = op->data;
    npde__free(op->context, d->elements);
    npde__free(op->context, d->blocks);
    npde__free(op->context, d->c0);
    npde__free(op->context, d->inverse);
    npde__free(op->context, d);
}

static void se_load(npde__operator *op, double drive, double diffusion)
{
    const data *d = op->data;
    double stiffest = 0;
    for (size_t s = 0; s < d->n_elements; s++) {
        const element *e = &d->elements[s];
        for (size_t i = 0; i < e->nodes * e->nodes; i++) e->k[i] = e->a0[i] + drive * e->a1[i] + diffusion * e->a2[i];
        for (size_t i = 0; i < e->unknowns; i++)
            stiffest = fmax(stiffest, fabs(e->k[i * (e->nodes + 1)]) / op->grid->w[e->first + i]);
    }
    op->stiffest = stiffest;
    if (!op->absorbing) return;
    const element *e = last_element(op);
    op->c_first = e->first;
    for (size_t j = 0; j + 1 < e->nodes; j++) op->c[e->first + j] = d->c0[j] + drive * d->c1[j] + diffusion * d->c2[j];
}

/* out += factor A n over the unknowns of an element. */
static void add_product(const element *e, double factor, const double *a, const double *n, double *out)
{
    for (size_t j = 0; j < e->unknowns; j++) {
        const double *column = a + j * e->nodes, x = factor * n[e->first + j];
        double *o = out + e->first;
        for (size_t i = 0; i < e->unknowns; i++) o[i] += x * column[i];
    }
}

static void se_apply(const npde__operator *op, const double *n, double *out)
{
    const data *d = op->data;
    memset(out, 0, op->end * sizeof *out);
    for (size_t s = 0; s < d->n_elements; s++) add_product(&d->elements[s], 1, d->elements[s].k, n, out);
}

static void se_tangent(const npde__operator *op, const double *n, double *by_drive, double *by_diffusion)
{
    const data *d = op->data;
    memset(by_drive, 0, op->end * sizeof *by_drive);
    memset(by_diffusion, 0, op->end * sizeof *by_diffusion);
    for (size_t s = 0; s < d->n_elements; s++) {
        add_product(&d->elements[s], 1, d->elements[s].a1, n, by_drive);
        add_product(&d->elements[s], 1, d->elements[s].a2, n, by_diffusion);
    }
}

static void se_residual(const npde__operator *op, double drive, double diffusion, const double *n, double *out)
{
    const data *d = op->data;
    const double more_drive = drive - op->drive, more_diffusion = diffusion - op->diffusion;
    memset(out, 0, op->end * sizeof *out);
    for (size_t s = 0; s < d->n_elements; s++) {
        const element *e = &d->elements[s];
        if (more_drive != 0) add_product(e, more_drive, e->a1, n, out);
        if (more_diffusion != 0) add_product(e, more_diffusion, e->a2, n, out);
    }
}

static double se_flux(const npde__operator *op, double drive, double diffusion, const double *n, double *by_drive,
                      double *by_diffusion)
{
    const data *d = op->data;
    *by_drive = *by_diffusion = 0;
    if (!op->absorbing) return npde__operator_flux(op, n);
    const element *e = last_element(op);
    double rest = 0;
    for (size_t j = 0; j + 1 < e->nodes; j++) {
        const double x = n[e->first + j];
        rest += d->c0[j] * x;
        *by_drive += d->c1[j] * x;
        *by_diffusion += d->c2[j] * x;
    }
    return rest + drive * *by_drive + diffusion * *by_diffusion;
}

static npde_status se_factor(npde__operator *op, double gamma)
{
    const data *d = op->data;
    const double *w = op->grid->w;
    double corner = 0; /* what the block before has left of the shared unknown's diagonal entry */
    for (size_t s = 0; s < d->n_elements; s++) {
        const element *e = &d->elements[s];
        const size_t n = e->nodes, u = e->unknowns, k = s + 1 < d->n_elements ? u - 1 : u;
        for (size_t j = 0; j < u; j++)
            for (size_t i = 0; i < u; i++) e->lu[j * n + i] = -gamma * e->k[j * n + i];
        for (size_t i = s ? 1 : 0; i < u; i++) e->lu[i * (n + 1)] += w[e->first + i];
        e->lu[0] += corner;
        if (!npde__chain_factor(u, k, n, e->lu, d->inverse + e->first)) return NPDE__RETRY;
        if (k < u) corner = e->lu[k * (n + 1)];
    }
    return NPDE_OK;
}

static void se_solve(const npde__operator *op, double *x)
{
    const data *d = op->data;
    for (size_t s = 0; s < d->n_elements; s++) {
        const element *e = &d->elements[s];
        const size_t k = s + 1 < d->n_elements ? e->unknowns - 1 : e->unknowns;
        npde__chain_forward(e->unknowns, k, e->nodes, e->lu, x + e->first);
    }
    for (size_t s = d->n_elements; s-- > 0;) {
        const element *e = &d->elements[s];
        const size_t k = s + 1 < d->n_elements ? e->unknowns - 1 : e->unknowns;
        npde__chain_backward(e->unknowns, k, e->nodes, e->lu, d->inverse + e->first, x + e->first);
    }
}

/* ---- a complex shift: the blocks' real and imaginary parts, then the reciprocal pivots ---- */

static size_t se_complex_size(const npde__operator *op)
{
    const data *d = op->data;
    size_t size = 2 * op->end;
    for (size_t s = 0; s < d->n_elements; s++) size += 2 * d->elements[s].nodes * d->elements[s].nodes;
    return size;
}

static npde__complex_block complex_block(const element *e, double **factors, npde__complex *inverse)
{
    const size_t size = e->nodes * e->nodes;
    const npde__complex_block b = {e->nodes, *factors, *factors + size, inverse + e->first};
    *factors += 2 * size;
    return b;
}

static npde_status se_factor_complex(npde__operator *op, npde__complex gamma, double *factors)
{
    const data *d = op->data;
    const double *w = op->grid->w;
    npde__complex *inverse = (npde__complex *)factors, corner = {0, 0};
    factors += 2 * op->end;
    for (size_t s = 0; s < d->n_elements; s++) {
        const element *e = &d->elements[s];
        const size_t n = e->nodes, u = e->unknowns, k = s + 1 < d->n_elements ? u - 1 : u;
        const npde__complex_block b = complex_block(e, &factors, inverse);
        for (size_t j = 0; j < u; j++)
            for (size_t i = 0; i < u; i++) {
                b.re[j * n + i] = -gamma.re * e->k[j * n + i];
                b.im[j * n + i] = -gamma.im * e->k[j * n + i];
            }
        for (size_t i = s ? 1 : 0; i < u; i++) b.re[i * (n + 1)] += w[e->first + i];
        b.re[0] += corner.re;
        b.im[0] += corner.im;
        if (!npde__complex_chain_factor(u, k, b)) return NPDE__RETRY;
        if (k < u) corner = (npde__complex){b.re[k * (n + 1)], b.im[k * (n + 1)]};
    }
    return NPDE_OK;
}

static void se_solve_complex(const npde__operator *op, double *factors, double *re, double *im)
{
    const data *d = op->data;
    npde__complex *inverse = (npde__complex *)factors;
    factors += 2 * op->end;
    for (size_t s = 0; s < d->n_elements; s++) {
        const element *e = &d->elements[s];
        const size_t k = s + 1 < d->n_elements ? e->unknowns - 1 : e->unknowns;
        npde__complex_chain_forward(e->unknowns, k, complex_block(e, &factors, inverse), re + e->first, im + e->first);
    }
    for (size_t s = d->n_elements; s-- > 0;) {
        const element *e = &d->elements[s];
        const size_t k = s + 1 < d->n_elements ? e->unknowns - 1 : e->unknowns;
        double *at = factors -= 2 * e->nodes * e->nodes;
        npde__complex_chain_backward(e->unknowns, k, complex_block(e, &at, inverse), re + e->first, im + e->first);
    }
}

const npde__scheme npde__spectral = {se_init,    se_free,         se_load,           se_apply,
                                     se_tangent, se_residual,     se_flux,           se_factor,
                                     se_solve,   se_complex_size, se_factor_complex, se_solve_complex};
