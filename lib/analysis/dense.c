/* SPDX-License-Identifier: BSD-3-Clause
 * The state is, for each population, the density, the reservoir if its time is exponential, and the past of the rate if some delay
 * looks at it: u(θ) = N(t + θ) at θ_j = D (cos(jπ/m) − 1)/2, j = 1 … m, moved by ∂_t u = ∂_θ u with u(0) = N (Breda, Maset &
 * Vermiglio, SIAM J. Sci. Comput. 27, 2005, 482). The rates are linear functionals of the state.
 */
#include "analysis/dense.h"

#include "numerics/lapack.h"
#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { MOST = 4000 }; /* unknowns that a dense eigenvalue problem may have: a gigabyte, minutes */

typedef struct {
    const npde__linear *l;
    npde_context *c;
    size_t total, degree;
    size_t *density, *reservoir, *past; /* where each population's parts begin; past = total without one */
    double *longest;                    /* the delay that looks furthest back at a rate */
    double *theta, *barycentric, *derivative, *basis; /* nodes on [−1, 1], degree + 1 */
    double *rates;                                    /* n × total, row-major: the functionals N_q */
    double *present;                                  /* n × n, column-major: how N depends on itself at once */
    double *matrix;                                   /* total × total, column-major */
    int *pivots;
} dense;

static double entry(const dense *d, npde_id matrix, size_t p, size_t q)
{
    return npde__linear_entry(d->l, matrix, p, q);
}

static int linked(const dense *d, size_t p, size_t q)
{
    return entry(d, NPDE_MATRIX_WEIGHTS, p, q) != 0 || entry(d, NPDE_MATRIX_NOISE_WEIGHTS, p, q) != 0;
}

static npde_status lay_out(dense *d)
{
    const npde__linear *l = d->l;
    size_t at = 0;
    for (size_t q = 0; q < l->n; q++) {
        if (l->pop[q].refractory == NPDE_REFRACTORY_FIXED) d->longest[q] = l->pop[q].tau;
        for (size_t p = 0; p < l->n; p++)
            if (linked(d, p, q)) d->longest[q] = fmax(d->longest[q], entry(d, NPDE_MATRIX_DELAYS, p, q));
    }
    for (size_t p = 0; p < l->n; p++) {
        d->density[p] = at;
        at += l->pop[p].passage.n;
        d->reservoir[p] = at;
        at += l->pop[p].refractory == NPDE_REFRACTORY_EXPONENTIAL;
        d->past[p] = at;
        at += d->longest[p] > 0 ? d->degree : 0;
    }
    d->total = at;
    if (at > MOST)
        return npde__fail(
            d->c, NPDE_ERR_SIZE,
            "populations that act on one another have %zu unknowns; eigenvalues are found for at most %d: take fewer "
            "populations or a coarser grid",
            at, (int)MOST);
    return NPDE_OK;
}

static npde_status allocate(dense *d)
{
    const size_t n = d->l->n, m = d->degree + 1;
    d->rates = npde__alloc(d->c, n * d->total, sizeof(double));
    d->present = npde__alloc(d->c, n * n, sizeof(double));
    d->matrix = npde__alloc(d->c, d->total * d->total, sizeof(double));
    d->theta = npde__alloc(d->c, m, sizeof(double));
    d->barycentric = npde__alloc(d->c, m, sizeof(double));
    d->basis = npde__alloc(d->c, m, sizeof(double));
    d->derivative = npde__alloc(d->c, m * m, sizeof(double));
    d->pivots = npde__alloc(d->c, n, sizeof *d->pivots);
    const int ok =
        d->rates && d->present && d->matrix && d->theta && d->barycentric && d->basis && d->derivative && d->pivots;
    if (!ok) return NPDE_ERR_MEMORY;
    for (size_t j = 0; j < m; j++) {
        d->theta[j] = cos(pi * (double)j / (double)d->degree);
        d->barycentric[j] = (j % 2 ? -1 : 1) * (j == 0 || j == d->degree ? 0.5 : 1);
    }
    npde__quadrature_derivative(m, d->theta, d->barycentric, d->derivative);
    return NPDE_OK;
}

/* The rate of q a time ago: basis[0] times the present rate plus basis[j] times the past at node j. */
static void look_back(dense *d, size_t q, double delay)
{
    memset(d->basis, 0, (d->degree + 1) * sizeof *d->basis);
    if (delay == 0) d->basis[0] = 1;
    else npde__quadrature_lagrange(d->degree + 1, d->theta, d->barycentric, 1 - 2 * delay / d->longest[q], d->basis);
}

/* row += factor × (rate of q a time ago); the row has this stride. */
static void add_rate(dense *d, size_t q, double delay, double factor, double *row, size_t stride)
{
    look_back(d, q, delay);
    if (d->basis[0] != 0)
        for (size_t k = 0; k < d->total; k++) row[k * stride] += factor * d->basis[0] * d->rates[q * d->total + k];
    for (size_t j = 1; delay > 0 && j <= d->degree; j++) row[(d->past[q] + j - 1) * stride] += factor * d->basis[j];
}

/* The functionals: N_q = c_q·n_q + what drive and diffusion add to the flux, solved for the rates. */
static npde_status find_rates(dense *d)
{
    const npde__linear *l = d->l;
    const size_t n = l->n;
    for (size_t p = 0; p < n; p++) {
        const npde__operator *op = &l->pop[p].passage.op;
        double *row = d->rates + p * d->total, rate, by_drive, by_diffusion;
        memcpy(row + d->density[p], op->c, op->stencil->end * sizeof *row);
        npde__operator_flux_at(op, op->drive, op->diffusion, l->pop[p].passage.density, &rate, &by_drive,
                               &by_diffusion);
        for (size_t q = 0; q < n; q++) {
            d->present[q * n + p] += p == q;
            if (!linked(d, p, q)) continue;
            const double factor = l->pop[p].mass * (by_drive * entry(d, NPDE_MATRIX_WEIGHTS, p, q) +
                                                    by_diffusion * entry(d, NPDE_MATRIX_NOISE_WEIGHTS, p, q));
            const double delay = entry(d, NPDE_MATRIX_DELAYS, p, q);
            look_back(d, q, delay);
            d->present[q * n + p] -= factor * d->basis[0];
            for (size_t j = 1; delay > 0 && j <= d->degree; j++) row[d->past[q] + j - 1] += factor * d->basis[j];
        }
    }
    /* present × rates = rows: with everything transposed, that is what dgetrs solves for column-major rows. */
    const int order = (int)n, one = 1;
    int info = 0;
    dgetrf_(&order, &order, d->present, &order, d->pivots, &info);
    if (info) return npde__fail(d->c, NPDE_ERR_RANGE, "the rates at the steady state are not determined: singular");
    double *column = npde__alloc(d->c, n, sizeof *column);
    if (!column) return NPDE_ERR_MEMORY;
    for (size_t k = 0; k < d->total; k++) {
        for (size_t p = 0; p < n; p++) column[p] = d->rates[p * d->total + k];
        dgetrs_("N", &order, &one, d->present, &order, d->pivots, column, &order, &info, 1);
        for (size_t p = 0; p < n; p++) d->rates[p * d->total + k] = column[p];
    }
    npde__free(d->c, column);
    return NPDE_OK;
}

/* W n' = K n + M e_R + m (∂K/∂μ) P δμ + m (∂K/∂a) P δa, and R' = N − R/τ. */
static npde_status fill_population(dense *d, size_t p)
{
    const npde__linear *l = d->l;
    const npde__linear_population *pop = &l->pop[p];
    const npde__passage *of = &pop->passage;
    const double *w = of->grid->w;
    const size_t first = d->density[p], total = d->total;
    for (size_t j = 0; j < of->n; j++)
        for (size_t i = of->matrix.first[j]; i <= of->matrix.last[j]; i++)
            d->matrix[(first + j) * total + first + i] = *npde__envelope_entry(&of->matrix, i, j) / w[i];
    double *reset = d->matrix + first + of->stencil->reset;
    if (pop->refractory == NPDE_REFRACTORY_EXPONENTIAL) {
        double *reservoir = d->matrix + d->reservoir[p];
        add_rate(d, p, 0, 1, reservoir, total);
        reservoir[d->reservoir[p] * total] -= 1 / pop->tau;
        reset[d->reservoir[p] * total] += 1 / (pop->tau * w[of->stencil->reset]);
    } else {
        add_rate(d, p, pop->tau, 1 / w[of->stencil->reset], reset, total);
    }
    double *change = npde__alloc(d->c, total, sizeof *change);
    if (!change) return NPDE_ERR_MEMORY;
    for (size_t q = 0; q < l->n; q++) {
        if (!linked(d, p, q)) continue;
        memset(change, 0, total * sizeof *change);
        add_rate(d, q, entry(d, NPDE_MATRIX_DELAYS, p, q), pop->mass, change, 1);
        const double b = entry(d, NPDE_MATRIX_WEIGHTS, p, q), a1 = entry(d, NPDE_MATRIX_NOISE_WEIGHTS, p, q);
        for (size_t k = 0; k < total; k++)
            for (size_t i = 0; change[k] != 0 && i < of->n; i++)
                d->matrix[k * total + first + i] += (b * of->by_drive[i] + a1 * of->by_diffusion[i]) / w[i] * change[k];
    }
    npde__free(d->c, change);
    return NPDE_OK;
}

/* ∂_t u = ∂_θ u at the nodes j ≥ 1. */
static void fill_past(dense *d, size_t q)
{
    const size_t m = d->degree;
    if (!(d->longest[q] > 0)) return;
    for (size_t j = 1; j <= m; j++) {
        double *row = d->matrix + d->past[q] + j - 1;
        const double *slope = d->derivative + j * (m + 1), scale = 2 / d->longest[q];
        for (size_t k = 0; k < d->total; k++) row[k * d->total] += scale * slope[0] * d->rates[q * d->total + k];
        for (size_t k = 1; k <= m; k++) row[(d->past[q] + k - 1) * d->total] += scale * slope[k];
    }
}

static npde_status solve(dense *d, double *re, double *im)
{
    const int n = (int)d->total, one = 1;
    int info = 0, query = -1;
    double size = 0, none = 0;
    dgeev_("N", "N", &n, d->matrix, &n, re, im, &none, &one, &none, &one, &size, &query, &info, 1, 1);
    const int length = (int)size;
    double *work = npde__alloc(d->c, (size_t)length, sizeof *work);
    if (!work) return NPDE_ERR_MEMORY;
    dgeev_("N", "N", &n, d->matrix, &n, re, im, &none, &one, &none, &one, work, &length, &info, 1, 1);
    npde__free(d->c, work);
    return info ? npde__fail(d->c, NPDE_ERR_RANGE, "the eigenvalues of the linearised network do not converge")
                : NPDE_OK;
}

npde_status npde__dense_eigenvalues(const npde__linear *l, size_t degree, size_t *n, double **re, double **im)
{
    npde_context *c = l->study->context;
    dense d = {.l = l, .c = c, .degree = degree};
    d.density = npde__alloc(c, 3 * l->n, sizeof *d.density);
    d.longest = npde__alloc(c, l->n, sizeof *d.longest);
    *re = *im = NULL;
    npde_status status = d.density && d.longest ? NPDE_OK : NPDE_ERR_MEMORY;
    if (!status) {
        d.reservoir = d.density + l->n;
        d.past = d.density + 2 * l->n;
        status = lay_out(&d);
    }
    if (!status) status = allocate(&d);
    if (!status) status = find_rates(&d);
    for (size_t p = 0; p < l->n && !status; p++) status = fill_population(&d, p);
    for (size_t p = 0; p < l->n && !status; p++) fill_past(&d, p);
    if (!status) {
        *n = d.total;
        *re = npde__alloc(c, d.total, sizeof **re);
        *im = npde__alloc(c, d.total, sizeof **im);
        status = *re && *im ? solve(&d, *re, *im) : NPDE_ERR_MEMORY;
    }
    void *const blocks[] = {d.density, d.longest,     d.rates, d.present,    d.matrix,
                            d.theta,   d.barycentric, d.basis, d.derivative, d.pivots};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    return status;
}
