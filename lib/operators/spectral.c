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

#include "numerics/complex_lu.h"

#include <math.h>
#include <string.h>

/* An element below the end. Matrices are in columns, ld apart; A1 is the reference element's, and A2 is `scale` times its. */
typedef struct {
    size_t first, unknowns; /* the element's points; all but the threshold's are unknowns */
    size_t eliminated;      /* all of them, but for the one that the next element shares */
    const npde__reference *r;
    double scale;
    double *a0;         /* holds −Φ as well */
    size_t at_lane;     /* unknowns² numbers: where its factors begin in lanes */
    size_t at, inverse; /* where its matrix begins among all, and the inverses of its factors */
} element;

/* Of a stencil. */
typedef struct {
    size_t n_elements, numbers, numbers_lane, inverses; /* of all elements together */
    element *elements;
    double *a0;
    double *c; /* the flux functional's parts, FLUX numbers an unknown from c_first on: the last row, or sums of Φ */
} data;

enum { FLUX = 8 }; /* three, and what a product may read */

/* Of an operator. One population keeps its matrix K; lanes form products with it from the common parts. */
typedef struct {
    double *k, *lu, *inverse;
} matrices;

/* ---- what operators have in common ---- */

static size_t count_elements(const npde__stencil *s)
{
    size_t n = 0;
    while (n < s->grid->n_segments && s->grid->node[n] < s->end) n++;
    return n;
}

/* The Gauss points of the elements: they never lie at a break, where the fields may jump. */
static size_t se_points(const npde__stencil *s, double *v)
{
    const npde_grid *g = s->grid;
    size_t n = 0;
    for (size_t e = 0; e < count_elements(s); e++) {
        const npde__reference *r = g->reference[e];
        const double left = g->breaks[e], width = g->breaks[e + 1] - left;
        for (size_t q = 0; v && q < r->gauss; q++) v[n + q] = left + width * (r->gx[q] + 1) / 2;
        n += r->gauss;
    }
    return n;
}

/* A0 = Σ_q l'(x_q) ω_q f(x_q) l(x_q)ᵀ − l(x_q) ω_q φ(x_q) l(x_q)ᵀ, column by column. */
static void integrate_fields(const element *e, double width, const double *drift, const double *discharge)
{
    const npde__reference *r = e->r;
    const npde__kernels *kernels = npde__kernels_best();
    double weight[NPDE__MAX_NODES], column[NPDE__MAX_NODES + 8];
    for (size_t j = 0; j < r->n; j++) {
        double *a0 = e->a0 + j * r->ld;
        for (size_t q = 0; q < r->gauss; q++) weight[q] = r->gw[q] * drift[q] * r->value[q * r->ld + j];
        kernels->multiply(r->n, r->gauss, r->slope, r->ld, weight, a0);
        if (!discharge) continue;
        for (size_t q = 0; q < r->gauss; q++) weight[q] = r->gw[q] * width / 2 * discharge[q] * r->value[q * r->ld + j];
        kernels->multiply(r->n, r->gauss, r->value, r->ld, weight, column);
        for (size_t i = 0; i < r->n; i++) a0[i] -= column[i];
    }
}

/* Σ_i Φ_ij of an element; Σ_i l_i = 1. */
static void add_discharge(const element *e, double width, const double *discharge, double *c)
{
    const npde__reference *r = e->r;
    for (size_t q = 0; q < r->gauss; q++)
        for (size_t j = 0; j < r->n; j++)
            c[FLUX * (e->first + j)] += r->gw[q] * width / 2 * discharge[q] * r->value[q * r->ld + j];
}

static void lay_out(const npde__stencil *s, data *d)
{
    for (size_t k = 0; k < d->n_elements; k++) {
        element *e = &d->elements[k];
        e->r = s->grid->reference[k];
        e->first = s->grid->node[k];
        e->unknowns = e->first + e->r->n > s->end ? s->end - e->first : e->r->n;
        e->eliminated = k + 1 < d->n_elements ? e->unknowns - 1 : e->unknowns;
        e->scale = 2 / (s->grid->breaks[k + 1] - s->grid->breaks[k]);
        e->at = d->numbers;
        e->at_lane = d->numbers_lane;
        e->inverse = d->inverses;
        d->numbers += e->r->n * e->r->ld;
        d->numbers_lane += e->unknowns * e->unknowns;
        d->inverses += 16 * e->r->ld;
    }
}

static void take_last_row(const npde__stencil *s, const data *d)
{
    const element *e = &d->elements[d->n_elements - 1];
    for (size_t j = 0; s->c_first + j < s->end; j++) {
        const size_t row = j * e->r->ld + e->r->n - 1;
        d->c[FLUX * j] = e->a0[row];
        d->c[FLUX * j + 1] = e->r->first[row];
        d->c[FLUX * j + 2] = e->scale * e->r->second[row];
    }
}

static npde_status se_prepare(npde__stencil *s, const double *drift, const double *discharge)
{
    npde_context *c = s->context;
    data *d = npde__alloc(c, 1, sizeof *d);
    if (!d) return NPDE_ERR_MEMORY;
    s->data = d;
    d->n_elements = count_elements(s);
    d->elements = npde__alloc(c, d->n_elements, sizeof *d->elements);
    d->c = npde__alloc(c, FLUX * s->end, sizeof *d->c);
    if (!d->elements || !d->c) return NPDE_ERR_MEMORY;
    lay_out(s, d);
    if (!(d->a0 = npde__alloc(c, d->numbers, sizeof *d->a0))) return NPDE_ERR_MEMORY;
    for (size_t k = 0; k < d->n_elements; k++) {
        element *e = &d->elements[k];
        const double width = 2 / e->scale;
        e->a0 = d->a0 + e->at;
        integrate_fields(e, width, drift, discharge);
        drift += e->r->gauss;
        if (!discharge) continue;
        add_discharge(e, width, discharge, d->c);
        discharge += e->r->gauss;
    }
    s->c_first = s->absorbing ? d->elements[d->n_elements - 1].first : 0;
    if (s->absorbing) take_last_row(s, d);
    return NPDE_OK;
}

static void se_discard(npde__stencil *s)
{
    data *d = s->data;
    npde__free(s->context, d->elements);
    npde__free(s->context, d->a0);
    npde__free(s->context, d->c);
    npde__free(s->context, d);
}

/* ---- an operator ---- */

static npde_status se_init(npde__operator *op)
{
    npde_context *c = op->stencil->context;
    const data *d = op->stencil->data;
    matrices *f = npde__alloc(c, 1, sizeof *f);
    if (!f) return NPDE_ERR_MEMORY;
    op->data = f;
    if (op->lanes > 1) {
        f->lu = npde__alloc(c, NPDE__LANES * d->numbers_lane, sizeof *f->lu);
        return f->lu ? NPDE_OK : NPDE_ERR_MEMORY;
    }
    f->k = npde__alloc(c, d->numbers, sizeof *f->k);
    f->lu = npde__alloc(c, d->numbers, sizeof *f->lu);
    f->inverse = npde__alloc(c, d->inverses, sizeof *f->inverse);
    return f->k && f->lu && f->inverse ? NPDE_OK : NPDE_ERR_MEMORY;
}

static void se_free(npde__operator *op)
{
    npde_context *c = op->stencil->context;
    matrices *f = op->data;
    npde__free(c, f->k);
    npde__free(c, f->lu);
    npde__free(c, f->inverse);
    npde__free(c, f);
}

static void se_load(npde__operator *op)
{
    const npde__stencil *s = op->stencil;
    const data *d = s->data;
    const matrices *f = op->data;
    for (size_t l = 0; l < op->lanes; l++) op->stiffest[l] = 0;
    for (size_t k = 0; k < d->n_elements; k++) {
        const element *e = &d->elements[k];
        for (size_t i = 0; i < e->unknowns; i++) {
            const size_t diagonal = i * (e->r->ld + 1);
            for (size_t l = 0; l < op->lanes; l++) {
                const double entry = e->a0[diagonal] + op->drive[l] * e->r->first[diagonal] +
                                     op->diffusion[l] * e->scale * e->r->second[diagonal];
                const double stiff = fabs(entry) * s->grid->inverse[e->first + i];
                if (stiff > op->stiffest[l]) op->stiffest[l] = stiff;
            }
        }
        if (op->lanes == 1)
            op->kernels->combine(e->r->n * e->r->ld, 3, (const double[]){1, op->drive[0], op->diffusion[0] * e->scale},
                                 (const double *const[]){e->a0, e->r->first, e->r->second}, f->k + e->at);
    }
    for (size_t i = s->c_first, j = 0; i < s->end; i++, j++)
        for (size_t l = 0; l < op->lanes; l++)
            op->c[i * op->lanes + l] =
                d->c[FLUX * j] + op->drive[l] * d->c[FLUX * j + 1] + op->diffusion[l] * d->c[FLUX * j + 2];
}

/* ---- products ---- */

/* out = A n over an element, added to what the element before it has left at their common point. */
static void product(const npde__operator *op, const element *e, const double *a, const double *n, double *out)
{
    const double before = e->first ? out[e->first] : 0;
    op->kernels->multiply(e->unknowns, e->unknowns, a, e->r->ld, n + e->first, out + e->first);
    out[e->first] += before;
}

/* out = Σ_k c_k A_k n in lanes over some of the three parts A0, A1, A2, whose factors are 1, drive and diffusion. */
static void product_lanes(const npde__operator *op, int constant, const double *drive, const double *diffusion,
                          const double *n, double *out)
{
    const data *d = op->stencil->data;
    memset(out, 0, NPDE__LANES * op->stencil->end * sizeof *out);
    for (size_t k = 0; k < d->n_elements; k++) {
        const element *e = &d->elements[k];
        const double *a[3];
        double c[3][NPDE__LANES];
        size_t terms = 0;
        if (constant) {
            for (size_t l = 0; l < NPDE__LANES; l++) c[terms][l] = 1;
            a[terms++] = e->a0;
        }
        if (drive) {
            memcpy(c[terms], drive, sizeof c[terms]);
            a[terms++] = e->r->first;
        }
        if (diffusion) {
            for (size_t l = 0; l < NPDE__LANES; l++) c[terms][l] = diffusion[l] * e->scale;
            a[terms++] = e->r->second;
        }
        op->kernels->lanes_multiply(e->unknowns, e->unknowns, terms, a, e->r->ld, c[0], n + NPDE__LANES * e->first,
                                    out + NPDE__LANES * e->first);
    }
}

/* out = A1 n or, with `second`, A2 n, of one population */
static void part(const npde__operator *op, int second, const double *n, double *out)
{
    const data *d = op->stencil->data;
    for (size_t k = 0; k < d->n_elements; k++) {
        const element *e = &d->elements[k];
        const double before = e->first ? out[e->first] : 0, *a = second ? e->r->second : e->r->first;
        op->kernels->multiply(e->unknowns, e->unknowns, a, e->r->ld, n + e->first, out + e->first);
        for (size_t i = 0; second && i < e->unknowns; i++) out[e->first + i] *= e->scale;
        out[e->first] += before;
    }
}

/* Differences from what is loaded; NULL where all are 0. */
static const double *difference(const npde__operator *op, const double *x, const double *loaded, double *more)
{
    int any = 0;
    for (size_t l = 0; l < op->lanes; l++) {
        more[l] = x[l] - loaded[l];
        any = any || more[l] != 0;
    }
    return any ? more : NULL;
}

/* out += Σ of what the differences make, of one population */
static void add_parts(const npde__operator *op, const double *more_drive, const double *more_diffusion, const double *n,
                      double *out)
{
    const size_t end = op->stencil->end;
    double *term = op->scratch;
    for (int second = 0; second < 2; second++) {
        const double *more = second ? more_diffusion : more_drive;
        if (!more) continue;
        part(op, second, n, term);
        op->kernels->combine(end, 2, (const double[]){1, *more}, (const double *const[]){out, term}, out);
    }
}

static void se_apply(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                     double *out)
{
    if (op->lanes > 1) {
        product_lanes(op, 1, drive, diffusion, n, out);
        return;
    }
    const data *d = op->stencil->data;
    const matrices *f = op->data;
    double more[2];
    for (size_t k = 0; k < d->n_elements; k++) product(op, &d->elements[k], f->k + d->elements[k].at, n, out);
    add_parts(op, difference(op, drive, op->drive, &more[0]), difference(op, diffusion, op->diffusion, &more[1]), n,
              out);
}

static void se_tangent(const npde__operator *op, const double *n, double *by_drive, double *by_diffusion)
{
    if (op->lanes == 1) {
        part(op, 0, n, by_drive);
        if (by_diffusion) part(op, 1, n, by_diffusion);
        return;
    }
    double ones[NPDE__LANES];
    for (size_t l = 0; l < NPDE__LANES; l++) ones[l] = 1;
    product_lanes(op, 0, ones, NULL, n, by_drive);
    if (by_diffusion) product_lanes(op, 0, NULL, ones, n, by_diffusion);
}

static void se_residual(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                        double *out)
{
    double more[2][NPDE__LANES];
    const double *more_drive = difference(op, drive, op->drive, more[0]),
                 *more_diffusion = difference(op, diffusion, op->diffusion, more[1]);
    if (op->lanes > 1) {
        product_lanes(op, 0, more_drive, more_diffusion, n, out);
        return;
    }
    memset(out, 0, op->stencil->end * sizeof *out);
    add_parts(op, more_drive, more_diffusion, n, out);
}

static void se_flux(const npde__operator *op, const double *drive, const double *diffusion, const double *n,
                    double *rate, double *by_drive, double *by_diffusion)
{
    const npde__stencil *s = op->stencil;
    const data *d = s->data;
    const size_t lanes = op->lanes, columns = s->end - s->c_first;
    const double *x = n + s->c_first * lanes, *const c[] = {d->c};
    double part[3 * NPDE__LANES] = {0}, ones[NPDE__LANES];
    for (size_t l = 0; l < NPDE__LANES; l++) ones[l] = 1;
    if (lanes == 1) op->kernels->multiply(3, columns, d->c, FLUX, x, part);
    else op->kernels->lanes_multiply(3, columns, 1, c, FLUX, ones, x, part);
    for (size_t l = 0; l < lanes; l++) {
        by_drive[l] = part[lanes + l];
        by_diffusion[l] = part[2 * lanes + l];
        rate[l] = part[l] + drive[l] * by_drive[l] + diffusion[l] * by_diffusion[l];
    }
}

/* ---- the linear solves ---- */

static npde_status factor_one(npde__operator *op, double gamma)
{
    const data *d = op->stencil->data;
    const matrices *f = op->data;
    const double *w = op->stencil->grid->w;
    double corner = 0; /* what the block before has left of the shared unknown's diagonal entry */
    for (size_t k = 0; k < d->n_elements; k++) {
        const element *e = &d->elements[k];
        const size_t ld = e->r->ld, m = e->unknowns;
        double *lu = f->lu + e->at;
        for (size_t j = 0; j < m; j++) {
            const double *column = f->k + e->at + j * ld;
            for (size_t i = 0; i < m; i++) lu[j * ld + i] = -gamma * column[i];
            if (k == 0 || j > 0) lu[j * (ld + 1)] += w[e->first + j];
        }
        lu[0] += corner;
        if (!op->kernels->chain_factor(m, e->eliminated, ld, lu, f->inverse + e->inverse)) return NPDE__RETRY;
        corner = lu[(m - 1) * (ld + 1)];
    }
    return NPDE_OK;
}

static npde_status factor_lanes(npde__operator *op, double gamma)
{
    const data *d = op->stencil->data;
    const matrices *f = op->data;
    const double *w = op->stencil->grid->w;
    double part[3][NPDE__LANES],
        *corner = NULL; /* what the block before has left of the shared unknown's diagonal entry */
    for (size_t k = 0; k < d->n_elements; k++) {
        const element *e = &d->elements[k];
        const size_t ld = e->r->ld, m = e->unknowns;
        double *lu = f->lu + NPDE__LANES * e->at_lane;
        for (size_t l = 0; l < NPDE__LANES; l++) {
            part[0][l] = -gamma;
            part[1][l] = -gamma * op->drive[l];
            part[2][l] = -gamma * op->diffusion[l] * e->scale;
        }
        for (size_t j = 0; j < m; j++) {
            op->kernels->spread(m, 3, part[0],
                                (const double *const[]){e->a0 + j * ld, e->r->first + j * ld, e->r->second + j * ld},
                                lu + NPDE__LANES * m * j);
            double *diagonal = lu + NPDE__LANES * (m * j + j);
            for (size_t l = 0; l < NPDE__LANES; l++) diagonal[l] += corner && j == 0 ? corner[l] : w[e->first + j];
        }
        op->kernels->lanes_factor(m, e->eliminated, lu);
        corner = lu + NPDE__LANES * (m * m - 1);
    }
    return NPDE_OK; /* a pivot of 0 makes a border that is no number */
}

static npde_status se_factor(npde__operator *op, double gamma)
{
    return op->lanes == 1 ? factor_one(op, gamma) : factor_lanes(op, gamma);
}

static void se_solve(const npde__operator *op, double *x)
{
    const data *d = op->stencil->data;
    const matrices *f = op->data;
    const npde__kernels *kernels = op->kernels;
    const int one = op->lanes == 1;
    for (size_t k = 0; k < d->n_elements; k++) {
        const element *e = &d->elements[k];
        if (one) kernels->chain_forward(e->eliminated, e->r->ld, f->lu + e->at, f->inverse + e->inverse, x + e->first);
        else
            kernels->lanes_forward(e->unknowns, e->eliminated, f->lu + NPDE__LANES * e->at_lane,
                                   x + NPDE__LANES * e->first);
    }
    for (size_t k = d->n_elements; k-- > 0;) {
        const element *e = &d->elements[k];
        if (one) kernels->chain_backward(e->unknowns, e->r->ld, f->lu + e->at, f->inverse + e->inverse, x + e->first);
        else
            kernels->lanes_backward(e->unknowns, e->eliminated, f->lu + NPDE__LANES * e->at_lane,
                                    x + NPDE__LANES * e->first);
    }
}

/* ---- a complex shift: the blocks' real and imaginary parts, then the reciprocal pivots ---- */

static size_t se_complex_size(const npde__stencil *s)
{
    const data *d = s->data;
    size_t size = 2 * s->end;
    for (size_t k = 0; k < d->n_elements; k++) size += 2 * d->elements[k].unknowns * d->elements[k].unknowns;
    return size;
}

static npde__complex_block complex_block(const element *e, double **factors, npde__complex *inverse)
{
    const size_t size = e->unknowns * e->unknowns;
    const npde__complex_block b = {e->unknowns, *factors, *factors + size, inverse + e->first};
    *factors += 2 * size;
    return b;
}

static npde_status se_factor_complex(const npde__operator *op, size_t lane, npde__complex gamma, double *factors)
{
    const npde__stencil *s = op->stencil;
    const data *d = s->data;
    const double *w = s->grid->w, drive = op->drive[lane], diffusion = op->diffusion[lane];
    npde__complex *inverse = (npde__complex *)factors, corner = {0, 0};
    factors += 2 * s->end;
    for (size_t k = 0; k < d->n_elements; k++) {
        const element *e = &d->elements[k];
        const size_t n = e->unknowns, ld = e->r->ld;
        const npde__complex_block b = complex_block(e, &factors, inverse);
        for (size_t j = 0; j < n; j++)
            for (size_t i = 0; i < n; i++) {
                const size_t at = j * ld + i;
                const double entry = e->a0[at] + drive * e->r->first[at] + diffusion * e->scale * e->r->second[at];
                b.re[j * n + i] = -gamma.re * entry;
                b.im[j * n + i] = -gamma.im * entry;
            }
        for (size_t i = k ? 1 : 0; i < n; i++) b.re[i * (n + 1)] += w[e->first + i];
        b.re[0] += corner.re;
        b.im[0] += corner.im;
        if (!npde__complex_chain_factor(n, e->eliminated, b)) return NPDE__RETRY;
        corner = (npde__complex){b.re[n * n - 1], b.im[n * n - 1]};
    }
    return NPDE_OK;
}

static void se_solve_complex(const npde__stencil *s, double *factors, double *re, double *im)
{
    const data *d = s->data;
    npde__complex *inverse = (npde__complex *)factors;
    factors += 2 * s->end;
    for (size_t k = 0; k < d->n_elements; k++) {
        const element *e = &d->elements[k];
        npde__complex_chain_forward(e->unknowns, e->eliminated, complex_block(e, &factors, inverse), re + e->first,
                                    im + e->first);
    }
    for (size_t k = d->n_elements; k-- > 0;) {
        const element *e = &d->elements[k];
        double *at = factors -= 2 * e->unknowns * e->unknowns;
        npde__complex_chain_backward(e->unknowns, e->eliminated, complex_block(e, &at, inverse), re + e->first,
                                     im + e->first);
    }
}

const npde__scheme npde__spectral = {
    .drift_points = se_points,
    .discharge_points = se_points,
    .prepare = se_prepare,
    .discard = se_discard,
    .init = se_init,
    .free = se_free,
    .load = se_load,
    .apply = se_apply,
    .tangent = se_tangent,
    .residual = se_residual,
    .flux = se_flux,
    .factor = se_factor,
    .solve = se_solve,
    .complex_size = se_complex_size,
    .factor_complex = se_factor_complex,
    .solve_complex = se_solve_complex,
};
