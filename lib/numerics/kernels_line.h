/* SPDX-License-Identifier: BSD-3-Clause
 * One tridiagonal system, cut into CHUNKS chunks of consecutive unknowns that are swept side by side, one in each lane
 * (Wang, ACM Trans. Math. Softw. 7, 1981, 170, with separators): the chain of dependent operations is n/CHUNKS long.
 *
 * The last unknown of each chunk is a separator s_c. Seen as flows, column j loses sum_j to the outside, down_j to j + 1 and
 * up_{j−1} to j − 1; to eliminate j is to send what flows into it on to where it flows to, which takes sums, products and
 * quotients of positive numbers alone (Grassmann, Taksar & Heyman, Oper. Res. 33, 1985). When all above j in its chunk is gone,
 * j loses α_j to the separator above the chunk, down_j to j + 1 and σ_j to the outside, and φ_j flows into it from that
 * separator:
 *
 *     p_j = α_j + down_j + σ_j,
 *     α_{j+1} = up_j α_j/p_j,  σ_{j+1} = sum_{j+1} + up_j σ_j/p_j,  φ_{j+1} = down_j φ_j/p_j,
 *
 * from α = up, φ = down of the separator above and σ = sum. Then with b the separator above
 *
 *     z_j = (r_j + down_{j−1} z_{j−1})/p_j  downwards,  x_j = z_j + (φ_j b + up_j x_{j+1})/p_j  upwards,
 *
 * and the separators solve a tridiagonal system of the same kind, with the right sides
 * r + down z (of the unknown before) + Σ α_j z_j (of the chunk below); its inverse is at hand.
 *
 * A chunk may be one unknown short. Its first row is then a dummy, x = b, at the place of the separator above: so that all
 * chunks have one length and only write what is right.
 */
#ifndef NPDE_NUMERICS_KERNELS_LINE_H
#define NPDE_NUMERICS_KERNELS_LINE_H

#include "numerics/kernels.h"
#include "numerics/kernels_vector.h"
#include "numerics/tridiagonal.h"

enum {
    CHUNKS = NPDE__KERNELS_CHUNKS,
    VECTORS = CHUNKS / WIDTH,
    SHORTEST = NPDE__KERNELS_CHUNKED,
    SQUARE = CHUNKS * CHUNKS,
    /* Of a row on the way down 1/p_j, then down_{j−1}/p_j and α_j; on the way up φ_j/p_j, then up_j/p_j. */
    ABOVE = CHUNKS,
    FLOW = 2 * CHUNKS,
    FALLING = 3 * CHUNKS,
    BELOW = CHUNKS,
    RISING = 2 * CHUNKS
};

/* Where things are among the factors. Rows are those of all chunks but the separators. */
typedef struct {
    size_t rows;
    double *falling; /* FALLING numbers a row */
    double *rising;  /* RISING numbers a row */
    double *z;       /* scratch */
    double *into;    /* down of the last row */
    double *inverse; /* of the separators' matrix, column by column */
} line;

static line line_layout(size_t n, double *factors)
{
    line f;
    f.rows = (n + CHUNKS - 1) / CHUNKS - 1;
    f.falling = factors;
    f.rising = f.falling + FALLING * f.rows;
    f.z = f.rising + RISING * f.rows;
    f.into = f.z + CHUNKS * f.rows;
    f.inverse = f.into + CHUNKS;
    return f;
}

/* Number of chunks that are not short; they come first. */
static size_t line_full(size_t n, size_t rows)
{
    return n - CHUNKS * rows;
}

/* Where each chunk begins. */
static ALWAYS_INLINE void line_begin(size_t n, size_t rows, size_t *at)
{
    const size_t full = line_full(n, rows);
    for (size_t c = 0; c < CHUNKS; c++) at[c] = c * rows + (c < full ? c : full - 1);
}

/* Rates of the row at hand, chunk by chunk. */
typedef struct {
    double alpha[CHUNKS], phi[CHUNKS], sigma[CHUNKS];
    double before[CHUNKS]; /* down of the row before */
    double lost[CHUNKS];   /* what the separator above loses through the rows so far */
} rates;

static void line_enter(const double *sum, const double *down, const double *up, size_t c, size_t first, rates *r)
{
    r->alpha[c] = first ? up[first - 1] : 0;
    r->phi[c] = first ? down[first - 1] : 0;
    r->sigma[c] = sum[first];
    r->before[c] = r->lost[c] = 0;
}

static void line_eliminate(const double *sum, const double *down, const double *up, const size_t *at, size_t j,
                           const line *f, rates *r)
{
    for (size_t c = 0; c < CHUNKS; c += WIDTH) {
        double *falling = f->falling + FALLING * j + c, *rising = f->rising + RISING * j + c;
        const vec d = load_column(down + j, at + c), u = load_column(up + j, at + c);
        const vec alpha = load(r->alpha + c), phi = load(r->phi + c), sigma = load(r->sigma + c);
        const vec inverse = 1 / (alpha + sigma + d);
        store(falling, inverse);
        store(falling + ABOVE, load(r->before + c) * inverse);
        store(falling + FLOW, alpha);
        store(rising, phi * inverse);
        store(rising + BELOW, u * inverse);
        store(r->lost + c, add_product(load(r->lost + c), phi * inverse, sigma));
        store(r->alpha + c, u * alpha * inverse);
        store(r->phi + c, d * phi * inverse);
        store(r->sigma + c, add_product(load_column(sum + j + 1, at + c), u * sigma, inverse));
        store(r->before + c, d);
    }
}

/* What row 0 of a short chunk should have been. */
static void line_dummy(const line *f, size_t c)
{
    f->falling[c] = f->falling[ABOVE + c] = f->falling[FLOW + c] = 0;
    f->rising[c] = 1;
    f->rising[BELOW + c] = 0;
}

/* The inverse of the separators' matrix T = LU, from Uᵀ Lᵀ (T⁻¹)ᵀ = 1: all columns at once, row by row. */
static void line_invert(const rates *r, double last, double *inverse)
{
    double sum[CHUNKS], down[CHUNKS], up[CHUNKS], ratio[CHUNKS], pivot[CHUNKS];
    for (size_t c = 0; c < CHUNKS; c++) {
        const int below = c + 1 < CHUNKS;
        sum[c] = r->sigma[c] + (below ? r->lost[c + 1] : 0);
        down[c] = below ? r->phi[c + 1] : last;
        up[c] = below ? r->alpha[c + 1] : 0;
    }
    npde__tridiagonal_factor(CHUNKS, sum, down, up, ratio, pivot);
    memset(inverse, 0, SQUARE * sizeof(double));
    for (size_t c = 0; c < CHUNKS; c++) {
        double *y = inverse + CHUNKS * c;
        y[c] = pivot[c];
        for (size_t k = 0; k < c; k++) y[k] = up[c - 1] * inverse[CHUNKS * (c - 1) + k] * pivot[c];
    }
    for (size_t c = CHUNKS - 1; c-- > 0;) {
        double *y = inverse + CHUNKS * c;
        for (size_t k = 0; k < CHUNKS; k++) y[k] += ratio[c] * inverse[CHUNKS * (c + 1) + k];
    }
}

static void line_factor(size_t n, const double *sum, const double *down, const double *up, double *factors)
{
    if (n < SHORTEST) {
        npde__tridiagonal_factor(n, sum, down, up, factors, factors + n);
        memcpy(factors + 2 * n, up, n * sizeof(double));
        return;
    }
    const line f = line_layout(n, factors);
    const size_t full = line_full(n, f.rows);
    size_t at[CHUNKS];
    rates r;
    line_begin(n, f.rows, at);
    for (size_t c = 0; c < CHUNKS; c++) line_enter(sum, down, up, c, at[c], &r);
    line_eliminate(sum, down, up, at, 0, &f, &r);
    for (size_t c = full; c < CHUNKS; c++) {
        line_dummy(&f, c);
        line_enter(sum, down, up, c, at[c] + 1, &r);
    }
    for (size_t j = 1; j < f.rows; j++) line_eliminate(sum, down, up, at, j, &f, &r);
    memcpy(f.into, r.before, sizeof r.before);
    line_invert(&r, down[n - 1], f.inverse);
}

/* Row j of one vector of chunks on the way down: z, and the flow into the separators above. */
static ALWAYS_INLINE vec line_fall(const line *f, size_t j, size_t v, vec r, vec above, vec *flow)
{
    const double *row = f->falling + FALLING * j + WIDTH * v;
    const vec z = add_product(load(row) * r, load(row + ABOVE), above);
    *flow = add_product(*flow, load(row + FLOW), z);
    store(f->z + CHUNKS * j + WIDTH * v, z);
    return z;
}

/* And on the way up, between the separators above and the row below. */
static ALWAYS_INLINE vec line_rise(const line *f, size_t j, size_t v, vec separator, vec below)
{
    const double *row = f->rising + RISING * j + WIDTH * v;
    const vec z = load(f->z + CHUNKS * j + WIDTH * v);
    return add_product(add_product(z, load(row), separator), load(row + BELOW), below);
}

/* All the way down; q ← right sides of the separators. */
static void line_down(const line *f, const size_t *at, const double *x, double *q)
{
    vec z[VECTORS], flow[VECTORS];
    UNROLL for (size_t v = 0; v < VECTORS; v++) z[v] = flow[v] = splat(0);
    size_t j = 0;
    for (; j + WIDTH <= f->rows; j += WIDTH) {
        UNROLL for (size_t v = 0; v < VECTORS; v++)
        {
            vec tile[WIDTH];
            load_tile(x + j, at + WIDTH * v, tile);
            UNROLL for (size_t k = 0; k < WIDTH; k++) z[v] = line_fall(f, j + k, v, tile[k], z[v], &flow[v]);
        }
    }
    for (; j < f->rows; j++)
        UNROLL for (size_t v = 0; v < VECTORS; v++) z[v] =
            line_fall(f, j, v, load_column(x + j, at + WIDTH * v), z[v], &flow[v]);
    double above[CHUNKS + 1];
    UNROLL for (size_t v = 0; v < VECTORS; v++) store(above + WIDTH * v, flow[v]);
    above[CHUNKS] = 0;
    UNROLL for (size_t v = 0; v < VECTORS; v++)
    {
        const vec r = load_column(x + j, at + WIDTH * v) + load(above + WIDTH * v + 1);
        store(q + WIDTH * v, add_product(r, load(f->into + WIDTH * v), z[v]));
    }
}

/* s ← T⁻¹ q for the separators. */
static void line_separators(const double *inverse, const double *q, double *s)
{
    vec sum[VECTORS];
    UNROLL for (size_t v = 0; v < VECTORS; v++) sum[v] = splat(0);
    for (size_t c = 0; c < CHUNKS; c++)
        UNROLL for (size_t v = 0; v < VECTORS; v++) sum[v] =
            add_product(sum[v], load(inverse + CHUNKS * c + WIDTH * v), splat(q[c]));
    UNROLL for (size_t v = 0; v < VECTORS; v++) store(s + WIDTH * v, sum[v]);
}

/* All the way up; s[0] = 0 stands above the first chunk, s[1] and on are the separators. */
static void line_up(const line *f, const size_t *at, const double *s, double *x)
{
    vec below[VECTORS], b[VECTORS];
    UNROLL for (size_t v = 0; v < VECTORS; v++)
    {
        b[v] = load(s + WIDTH * v);
        below[v] = load(s + WIDTH * v + 1);
        store_column(x + f->rows, at + WIDTH * v, below[v]);
    }
    size_t j = f->rows;
    for (; j % WIDTH; j--) {
        UNROLL for (size_t v = 0; v < VECTORS; v++)
        {
            below[v] = line_rise(f, j - 1, v, b[v], below[v]);
            store_column(x + j - 1, at + WIDTH * v, below[v]);
        }
    }
    for (; j > 0; j -= WIDTH) {
        UNROLL for (size_t v = 0; v < VECTORS; v++)
        {
            vec tile[WIDTH];
            UNROLL for (size_t k = 1; k <= WIDTH; k++) tile[WIDTH - k] = below[v] =
                line_rise(f, j - k, v, b[v], below[v]);
            store_tile(x + j - WIDTH, at + WIDTH * v, tile);
        }
    }
}

static void line_solve(size_t n, double *factors, double *x)
{
    if (n < SHORTEST) {
        npde__tridiagonal_solve(n, factors + 2 * n, factors, factors + n, x);
        return;
    }
    const line f = line_layout(n, factors);
    size_t at[CHUNKS];
    double q[CHUNKS], s[CHUNKS + 1];
    line_begin(n, f.rows, at);
    line_down(&f, at, x, q);
    s[0] = 0;
    line_separators(f.inverse, q, s + 1);
    line_up(&f, at, s, x);
}

#endif
