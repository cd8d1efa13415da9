/* SPDX-License-Identifier: BSD-3-Clause */
#include "operators/relaxation.h"

#include "numerics/lapack.h"
#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

enum {
    LANES = NPDE__KERNELS_LANES,
    GROUPS = 4,
    WIDE = LANES * GROUPS,
    SWEPT = NPDE__KERNELS_COLUMNS
}; /* columns that are solved together */

static const double gamma_ = NPDE__RELAXATION_EARLY;
static const double ahead = 2.4142135623730950488016887; /* (1 − γ)/γ = 1 + √2 */

static int cells(const npde__relaxation *r)
{
    return r->g->scheme != NPDE_SCHEME_SPECTRAL;
}

static double bernoulli(double z)
{
    if (fabs(z) < 1e-3) return 1 - z / 2 + z * z / 12; /* the next term is z⁴/720 */
    return z > 700 ? 0 : z / expm1(z);
}

/* ---- coefficients ---- */

/* Rates from the masses of cells j and j + 1 to each other, per unit of time, for the mean G. */
static void exchange(const npde__relaxation *r, size_t j, double mean, double *down, double *up)
{
    const double *g = r->g->v, *w = r->g->w, d = g[j + 1] - g[j], a = r->diffusion;
    /* B(−z) = B(z) + z: the smaller one first, then the other without cancellation. */
    const double z = (mean - (g[j] + g[j + 1]) / 2) * d / a, small = bernoulli(fabs(z)), large = small + fabs(z);
    *down = a / (r->sigma * d) * (z > 0 ? large : small) / w[j];
    *up = a / (r->sigma * d) * (z > 0 ? small : large) / w[j + 1];
}

/* K_ij = (1/(σ w_i)) Σ_q w_q l_i'(g_q) [(G − g_q) l_j(g_q) − a l_j'(g_q)] in each element, added up; in columns. */
static void assemble(npde__relaxation *r)
{
    const npde_grid *grid = r->g;
    const size_t n = r->n;
    memset(r->k, 0, n * n * sizeof *r->k);
    for (size_t s = 0; s < grid->n_segments; s++) {
        const npde__reference *e = grid->reference[s];
        const size_t first = grid->node[s], m = e->n;
        double *d = r->scratch; /* m × m: slopes on [−1, 1] */
        npde__quadrature_derivative(m, e->x, e->b, d);
        const double half = (grid->breaks[s + 1] - grid->breaks[s]) / 2;
        for (size_t j = 0; j < m; j++)
            for (size_t i = 0; i < m; i++) {
                double sum = e->w[j] * d[j * m + i] * (r->mean[0] - grid->v[first + j]);
                for (size_t q = 0; q < m; q++) sum -= r->diffusion / half * e->w[q] * d[q * m + i] * d[q * m + j];
                r->k[(first + j) * n + first + i] += sum / (r->sigma * grid->w[first + i]);
            }
    }
}

void npde__relaxation_load(npde__relaxation *r, const double *mean, double diffusion)
{
    const size_t size = (r->per_column ? r->columns : 1) * sizeof *mean;
    if (diffusion == r->diffusion && memcmp(mean, r->mean, size) == 0) return;
    memcpy(r->mean, mean, size);
    r->diffusion = diffusion;
    r->gamma = r->propagator_h = NAN;
    if (!cells(r)) assemble(r);
}

/* ---- one implicit stage ---- */

/*
 * The two solves of a step in three sweeps: the second solve eliminates from the other end, so that it goes the first one's way
 * back. Densities p, not masses: z = L⁻¹ p on the way up; y = (1 + √2) U⁻¹ z and u = L̃⁻¹ (y − √2 p) on the way down;
 * x = Ũ⁻¹ u on the way up again, from row to row.
 */
static void factor_sweeps(npde__relaxation *r)
{
    const size_t n = r->n;
    const double *w = r->g->w, *ratio = r->factors, *inverse = ratio + n, *climb = inverse + n;
    double surplus = 1; /* as in npde__tridiagonal_factor, from the other end */
    for (size_t i = n; i-- > 0;) {
        double *f = r->first_solve + 3 * i;
        const double up = i ? r->up[i - 1] : 0, down = i ? r->down[i - 1] : 0, pivot = 1 / (surplus + up);
        const double below = i ? w[i - 1] / w[i] : 0;
        f[0] = i ? ratio[i - 1] * below : 0;
        f[1] = ahead * inverse[i];
        f[2] = i + 1 < n ? climb[i] * w[i + 1] / w[i] : 0;
        if (i) r->second_solve[i - 1] = up * pivot / below;
        if (i + 1 == n) r->second_solve[i] = 0;
        r->last[i] = (npde__relaxation_row){pivot, down * pivot * below};
        surplus = 1 + down * (surplus * pivot);
    }
}

static void factor_shared(npde__relaxation *r, double gamma)
{
    for (size_t j = 0; j + 1 < r->n; j++) {
        exchange(r, j, r->mean[0], &r->down[j], &r->up[j]);
        r->down[j] *= gamma;
        r->up[j] *= gamma;
    }
    r->kernels->shared_factor(r->n, r->sum, r->down, r->up, r->factors);
    if (r->first_solve) factor_sweeps(r);
}

/* Eight columns from `first` on, those beyond the last one like it. */
static void factor_lanes(npde__relaxation *r, double gamma, size_t first, double *ratio, double *inverse, double *climb)
{
    for (size_t l = 0; l < LANES; l++) {
        const size_t column = first + l < r->columns ? first + l : r->columns - 1;
        for (size_t j = 0; j + 1 < r->n; j++) {
            exchange(r, j, r->mean[column], &r->down[LANES * j + l], &r->up[LANES * j + l]);
            r->down[LANES * j + l] *= gamma;
            r->up[LANES * j + l] *= gamma;
        }
    }
    r->kernels->batch_factor(r->n, r->sum, r->down, r->up, ratio, inverse, climb);
}

static npde_status factor_dense(npde__relaxation *r, double gamma)
{
    const size_t n = r->n;
    for (size_t k = 0; k < n * n; k++) r->lu[k] = -gamma * r->k[k];
    for (size_t i = 0; i < n; i++) r->lu[i * n + i] += 1;
    const int order = (int)n;
    int info = 0;
    dgetrf_(&order, &order, r->lu, &order, r->pivots, &info);
    return info ? npde__fail(r->context, NPDE__RETRY, "the relaxation cannot be solved for") : NPDE_OK;
}

npde_status npde__relaxation_factor(npde__relaxation *r, double gamma)
{
    if (gamma == r->gamma) return NPDE_OK;
    r->gamma = gamma;
    if (!cells(r)) return factor_dense(r, gamma);
    if (!r->per_column) {
        factor_shared(r, gamma);
        return NPDE_OK;
    }
    for (size_t first = 0; first < r->columns; first += LANES)
        factor_lanes(r, gamma, first, r->ratio + first * r->n, r->inverse + first * r->n, r->climb + first * r->n);
    return NPDE_OK;
}

/* ---- blocks of columns ---- */

/* block ← keep × block (whatever it holds, if keep is 0) + take × the masses of the columns from `first` on, in lanes; lanes
 * without a column stay 0. */
static void gather(const npde__relaxation *r, const double *p, size_t first, size_t count, double keep, double take,
                   double *block)
{
    const size_t whole = count / LANES, rest = count % LANES;
    r->kernels->to_lanes(r->n, whole, r->g->w, keep, take, p + first, r->columns, block);
    for (size_t j = 0; rest && j < r->n; j++) {
        double *to = block + LANES * (whole * r->n + j);
        const double *row = p + j * r->columns + first + LANES * whole;
        for (size_t l = 0; l < rest; l++) to[l] = (keep != 0 ? keep * to[l] : 0) + take * r->g->w[j] * row[l];
    }
}

static void scatter(const npde__relaxation *r, const double *block, size_t first, size_t count, double *p)
{
    const size_t whole = count / LANES, rest = count % LANES;
    r->kernels->from_lanes(r->n, whole, r->g->w, block, r->columns, p + first);
    for (size_t j = 0; rest && j < r->n; j++) {
        const double *from = block + LANES * (whole * r->n + j);
        double *row = p + j * r->columns + first + LANES * whole;
        for (size_t l = 0; l < rest; l++) row[l] = from[l] / r->g->w[j];
    }
}

static void solve_block(const npde__relaxation *r, size_t first, size_t count, double *block)
{
    const npde__kernels *kernels = r->kernels;
    const size_t groups = (count + LANES - 1) / LANES, at = first * r->n;
    if (r->per_column) kernels->batch_solve(r->n, groups, r->ratio + at, r->inverse + at, r->climb + at, block);
    else kernels->shared_solve(r->n, groups, r->factors, block);
}

/* Cuts off what is negative in the columns of a block and gives each the mass it had. */
static void make_positive(const npde__relaxation *r, const double *p, size_t first, size_t count, double *block)
{
    for (size_t k = 0; k < count; k += LANES) {
        const size_t lanes = count - k < LANES ? count - k : LANES;
        double *x = block + k * r->n, had[LANES] = {0}, has[LANES] = {0}, scale[LANES];
        for (size_t j = 0; j < r->n; j++) {
            const double *row = p + j * r->columns + first + k, w = r->g->w[j];
            for (size_t l = 0; l < lanes; l++) had[l] += w * row[l];
            for (size_t l = 0; l < LANES; l++) {
                const double kept = x[LANES * j + l] > 0 ? x[LANES * j + l] : 0;
                has[l] += kept;
                x[LANES * j + l] = kept;
            }
        }
        for (size_t l = 0; l < LANES; l++) scale[l] = has[l] > 0 ? had[l] / has[l] : 0;
        for (size_t j = 0; j < r->n; j++)
            for (size_t l = 0; l < LANES; l++) x[LANES * j + l] *= scale[l];
    }
}

/* SDIRK: y₁ = S₁ p, p⁺ = S (p + (1 − γ)/γ (y₁ − p)), S = (1 − γhL)⁻¹. */
static void flow_block(const npde__relaxation *early, npde__relaxation *r, size_t first, size_t count, const double *p,
                       double *out)
{
    gather(r, p, first, count, 0, 1, r->block);
    solve_block(early, first, count, r->block);
    gather(r, p, first, count, ahead, 1 - ahead, r->block);
    solve_block(r, first, count, r->block);
    if (r->positive) make_positive(r, p, first, count, r->block);
    scatter(r, r->block, first, count, out);
}

/* ---- whole states ---- */

static size_t block_width(const npde__relaxation *r, size_t first)
{
    return r->columns - first < WIDE ? r->columns - first : WIDE;
}

/* x ← (1 − γL)⁻¹ x for columns-many right sides that lie in rows: transposed, solved, transposed back. */
static void solve_dense(npde__relaxation *r, double *x)
{
    const int order = (int)r->n, one = 1;
    int info = 0;
    double *column = r->scratch;
    for (size_t i = 0; i < r->columns; i++) {
        for (size_t j = 0; j < r->n; j++) column[j] = x[j * r->columns + i];
        dgetrs_("N", &order, &one, r->lu, &order, r->pivots, column, &order, &info, 1);
        for (size_t j = 0; j < r->n; j++) x[j * r->columns + i] = column[j];
    }
}

void npde__relaxation_solve(npde__relaxation *r, double *x)
{
    if (!cells(r)) {
        solve_dense(r, x);
        return;
    }
    for (size_t first = 0; first < r->columns; first += WIDE) {
        const size_t count = block_width(r, first);
        gather(r, x, first, count, 0, 1, r->block);
        solve_block(r, first, count, r->block);
        scatter(r, r->block, first, count, x);
    }
}

/* out = K p by rows, for the matrix in columns. */
static void multiply_rows(npde__relaxation *r, const double *matrix, const double *p, double *out)
{
    const int rows = (int)r->columns, n = (int)r->n;
    const double one = 1, zero = 0;
    dgemm_("N", "T", &rows, &n, &n, &one, p, &rows, matrix, &n, &zero, out, &rows, 1, 1);
}

void npde__relaxation_apply(npde__relaxation *r, const double *p, double *out)
{
    const size_t n = r->n, columns = r->columns;
    const double *w = r->g->w;
    if (!cells(r)) {
        multiply_rows(r, r->k, p, out);
        return;
    }
    memset(out, 0, n * columns * sizeof *out);
    for (size_t j = 0; j + 1 < n; j++) {
        double down = 0, up = 0;
        for (size_t i = 0; i < columns; i++) {
            if (r->per_column || i == 0) exchange(r, j, r->mean[r->per_column ? i : 0], &down, &up);
            const double *here = p + j * columns + i, flux = down * w[j] * here[0] - up * w[j + 1] * here[columns];
            out[j * columns + i] -= flux / w[j];
            out[(j + 1) * columns + i] += flux / w[j + 1];
        }
    }
}

/* The propagator of a step, S (1 + (1 + √2)(S₁ − 1)). */
static void propagate(const npde__relaxation *early, npde__relaxation *r)
{
    const size_t n = r->n;
    const int order = (int)n;
    int info = 0;
    memset(r->propagator, 0, n * n * sizeof(double));
    for (size_t i = 0; i < n; i++) r->propagator[i * n + i] = 1;
    dgetrs_("N", &order, &order, early->lu, &order, early->pivots, r->propagator, &order, &info, 1);
    for (size_t k = 0; k < n * n; k++) r->propagator[k] *= ahead;
    for (size_t i = 0; i < n; i++) r->propagator[i * n + i] += 1 - ahead;
    dgetrs_("N", &order, &order, r->lu, &order, r->pivots, r->propagator, &order, &info, 1);
}

static void flow_dense(const npde__relaxation *early, npde__relaxation *r, double h, const double *p, double *out)
{
    if (h != r->propagator_h || early != r) propagate(early, r);
    r->propagator_h = early == r ? h : NAN;
    double *to = p == out ? r->scratch : out;
    multiply_rows(r, r->propagator, p, to);
    if (to != out) memcpy(out, to, r->n * r->columns * sizeof *out);
}

npde_status npde__relaxation_flow_rows(npde__relaxation *early, npde__relaxation *r, double h, const double *p,
                                       double *out)
{
    npde_status status = npde__relaxation_factor(early, gamma_ * h);
    if (!status) status = npde__relaxation_factor(r, gamma_ * h);
    if (status) return status;
    if (!cells(r)) flow_dense(early, r, h, p, out);
    else if (r->last)
        r->kernels->shared_flow(r->n, r->columns, r->columns, early->first_solve, r->second_solve, 1 - ahead, p, out,
                                r->block);
    else
        for (size_t first = 0; first < r->columns; first += WIDE)
            flow_block(early, r, first, block_width(r, first), p, out);
    return NPDE_OK;
}

npde_status npde__relaxation_flow(npde__relaxation *early, npde__relaxation *r, double h, const double *p, double *out)
{
    const npde_status status = npde__relaxation_flow_rows(early, r, h, p, out);
    for (size_t j = 0; j < r->n && r->last && !status; j++) {
        double *row = out + j * r->columns;
        const double *const rows[] = {row, row - (j ? r->columns : 0)}, weight[] = {r->last[j].scale, r->last[j].carry};
        r->kernels->combine(r->columns, j ? 2 : 1, weight, rows, row);
    }
    return status;
}

/* ---- making it ---- */

static npde_status allocate_cells(npde__relaxation *r)
{
    npde_context *c = r->context;
    const size_t n = r->n, lanes = r->per_column ? LANES : 1;
    const size_t padded = (r->columns + LANES - 1) / LANES * LANES * n;
    double **const small[] = {&r->sum, &r->down, &r->up};
    for (size_t i = 0; i < 3; i++)
        if (!(*small[i] = npde__alloc(c, n * lanes, sizeof(double)))) return NPDE_ERR_MEMORY;
    for (size_t i = 0; i < n * lanes; i++) r->sum[i] = 1;
    double **const wide[] = {&r->ratio, &r->inverse, &r->climb};
    for (size_t i = 0; i < 3 && r->per_column; i++)
        if (!(*wide[i] = npde__alloc(c, padded, sizeof(double)))) return NPDE_ERR_MEMORY;
    r->factors = npde__alloc(c, 3 * n, sizeof(double));
    r->block = npde__alloc(c, (size_t)(WIDE > SWEPT ? WIDE : SWEPT) * n, sizeof(double));
    if (!r->factors || !r->block) return NPDE_ERR_MEMORY;
    if (r->per_column || r->positive) return NPDE_OK;
    r->first_solve = npde__alloc(c, 3 * n, sizeof(double));
    r->second_solve = npde__alloc(c, n, sizeof(double));
    r->last = npde__alloc(c, n, sizeof *r->last);
    return r->first_solve && r->second_solve && r->last ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status allocate_dense(npde__relaxation *r)
{
    npde_context *c = r->context;
    const size_t n = r->n, elements = (size_t)NPDE__MAX_NODES * NPDE__MAX_NODES, state = n * r->columns;
    double **const matrices[] = {&r->k, &r->lu, &r->propagator};
    for (size_t i = 0; i < 3; i++)
        if (!(*matrices[i] = npde__alloc(c, n * n, sizeof(double)))) return NPDE_ERR_MEMORY;
    r->scratch = npde__alloc(c, elements > state ? elements : state, sizeof(double));
    r->pivots = npde__alloc(c, n, sizeof *r->pivots);
    return r->scratch && r->pivots ? NPDE_OK : NPDE_ERR_MEMORY;
}

npde_status npde__relaxation_init(npde__relaxation *r, npde_context *c, const npde_grid *g, size_t columns,
                                  double sigma, int positive, int per_column)
{
    *r = (npde__relaxation){.context = c, .g = g, .n = g->n, .columns = columns, .sigma = sigma};
    r->kernels = npde__kernels_best();
    r->positive = positive;
    r->per_column = per_column;
    r->gamma = r->propagator_h = r->diffusion = NAN;
    if (!(r->mean = npde__alloc(c, per_column ? columns : 1, sizeof(double)))) return NPDE_ERR_MEMORY;
    return cells(r) ? allocate_cells(r) : allocate_dense(r);
}

void npde__relaxation_free(npde__relaxation *r)
{
    void *const blocks[] = {r->last,        r->mean,         r->sum,        r->down,    r->up,    r->factors,
                            r->first_solve, r->second_solve, r->ratio,      r->inverse, r->climb, r->block,
                            r->k,           r->lu,           r->propagator, r->scratch, r->pivots};
    for (size_t i = 0; r->context && i < sizeof blocks / sizeof blocks[0]; i++) npde__free(r->context, blocks[i]);
}
