/* SPDX-License-Identifier: BSD-3-Clause
 * Every variant of every kernel that this machine can run. What lies beyond an array, or outside a matrix, is NaN: it would
 * show in the result if it were used, and a finite number there would show that it was written. */
#include "numerics/kernels.h"
#include "support.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { L = NPDE__KERNELS_LANES, BEYOND = 16 };

void dgtsv_(const int *n, const int *nrhs, double *dl, double *d, double *du, double *b, const int *ldb, int *info);
void dgesv_(const int *n, const int *nrhs, double *a, const int *lda, int *ipiv, double *b, const int *ldb, int *info);

/* Check writes to a pipe at each of its assertions: ask it only where one fails, for there are millions. */
#define CHECK(condition, ...)                        \
    do {                                             \
        if (!(condition)) ck_abort_msg(__VA_ARGS__); \
    } while (0)

#define EACH_VARIANT(k)                           \
    const npde__kernels *k = npde__kernels_at(0); \
    for (size_t k##_i = 0; (k = npde__kernels_at(k##_i)); k##_i++)

/* n numbers, and NaN beyond. */
static double *numbers(size_t n)
{
    double *x = malloc((n + BEYOND) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n + BEYOND; i++) x[i] = NAN;
    return x;
}

static double *copied(size_t n, const double *from)
{
    double *x = numbers(n);
    memcpy(x, from, n * sizeof *x);
    return x;
}

static void untouched(size_t n, const double *x)
{
    for (size_t i = 0; i < BEYOND; i++) CHECK(isnan(x[n + i]), "number %zu beyond %zu is written", i, n);
}

static size_t random_size(random_stream *stream, size_t low, size_t high)
{
    return (size_t)random_between(stream, (double)low, (double)high + 0.999);
}

/* Sizes around everything the kernels cut by, and some between. */
static size_t size_of_trial(random_stream *stream, int trial)
{
    return trial < 140 ? (size_t)trial + 1 : random_size(stream, 1, 1200);
}

typedef struct {
    size_t n;
    double *sum, *down, *up, *r;
} tridiagonal;

/* Off-diagonals over 2 spread decades; a quarter of the right side is 0. */
static tridiagonal random_tridiagonal(random_stream *stream, size_t n, double spread)
{
    const tridiagonal p = {n, numbers(n), numbers(n), numbers(n), numbers(n)};
    for (size_t i = 0; i < n; i++) {
        p.sum[i] = pow(10, random_between(stream, -spread, 0));
        p.down[i] = pow(10, random_between(stream, -spread, spread));
        p.up[i] = pow(10, random_between(stream, -spread, spread));
        p.r[i] = fmax(0, random_between(stream, -1, 3));
    }
    return p;
}

static void free_tridiagonal(tridiagonal p)
{
    free(p.sum);
    free(p.down);
    free(p.up);
    free(p.r);
}

/* By the elimination of numerics/tridiagonal.h in long double; numbers stand `stride` apart. */
static long double *solution(tridiagonal p, size_t stride)
{
    long double *x = malloc(p.n * sizeof *x), *inverse = malloc(p.n * sizeof *inverse), surplus = p.sum[0];
    ck_assert(x && inverse);
    for (size_t i = 0; i < p.n; i++) {
        x[i] = p.r[stride * i] + (i ? p.down[stride * (i - 1)] * inverse[i - 1] * x[i - 1] : 0);
        inverse[i] = 1 / (surplus + p.down[stride * i]);
        if (i + 1 < p.n) surplus = p.sum[stride * (i + 1)] + p.up[stride * i] * surplus * inverse[i];
    }
    for (size_t i = p.n; i-- > 0;) x[i] = (x[i] + (i + 1 < p.n ? p.up[stride * i] * x[i + 1] : 0)) * inverse[i];
    free(inverse);
    return x;
}

static void near(const char *variant, double x, double y, double tolerance)
{
    CHECK(fabs(x - y) <= tolerance, "%s: %.17g, not %.17g", variant, x, y);
}

/* Non-negative, and each entry right by itself. */
static void accurate(const char *variant, size_t n, const double *x, size_t stride, const long double *exact)
{
    for (size_t i = 0; i < n; i++) {
        const double y = x[stride * i], ulps = (double)(fabsl(y - exact[i]) / fabsl(exact[i]) / DBL_EPSILON);
        CHECK(y >= 0, "%s: x[%zu] = %g of %zu", variant, i, y, n);
        CHECK(ulps <= 16 || exact[i] < DBL_MIN, "%s: x[%zu] = %.17g, not %.17g, of %zu: %.2g ulps", variant, i, y,
              (double)exact[i], n, ulps);
    }
}

START_TEST(line_is_accurate_and_positive_however_stiff)
{
    random_stream stream = {1};
    for (int trial = 0; trial < 140 + 360 * test_scale(); trial++) {
        const size_t n = size_of_trial(&stream, trial), size = npde__kernels_line_size(n);
        const tridiagonal p = random_tridiagonal(&stream, n, trial % 3 == 0 ? 1 : trial % 3 == 1 ? 4 : 10);
        long double *exact = solution(p, 1);
        EACH_VARIANT(k)
        {
            double *factors = numbers(size), *x = copied(n, p.r);
            k->line_factor(n, p.sum, p.down, p.up, factors);
            for (int again = 0; again < 2;
                 again++) { /* the scratch among the factors holds nothing from one solve to the next */
                memcpy(x, p.r, n * sizeof *x);
                k->line_solve(n, factors, x);
                accurate(k->name, n, x, 1, exact);
            }
            untouched(size, factors);
            untouched(n, x);
            free(factors);
            free(x);
        }
        free(exact);
        free_tridiagonal(p);
    }
}
END_TEST

/* Right sides of either sign; LAPACK pivots. */
START_TEST(line_agrees_with_lapack)
{
    random_stream stream = {2};
    for (int trial = 0; trial < 200; trial++) {
        const size_t n = size_of_trial(&stream, trial);
        const tridiagonal p = random_tridiagonal(&stream, n, 1);
        double *below = numbers(n), *diagonal = numbers(n), *above = numbers(n),
               *factors = numbers(npde__kernels_line_size(n));
        const int order = (int)n, one = 1;
        int info;
        for (size_t i = 0; i < n; i++) {
            p.r[i] = random_between(&stream, -1, 1);
            below[i] = -p.down[i];
            above[i] = -p.up[i];
            diagonal[i] = p.sum[i] + p.down[i] + (i ? p.up[i - 1] : 0);
        }
        double *y = copied(n, p.r);
        dgtsv_(&order, &one, below, diagonal, above, y, &order, &info);
        ck_assert_int_eq(info, 0);
        EACH_VARIANT(k)
        {
            double *x = copied(n, p.r);
            k->line_factor(n, p.sum, p.down, p.up, factors);
            k->line_solve(n, factors, x);
            for (size_t i = 0; i < n; i++) near(k->name, x[i], y[i], 1e-13 * (1 + fabs(y[i])));
            free(x);
        }
        free(below);
        free(diagonal);
        free(above);
        free(factors);
        free(y);
        free_tridiagonal(p);
    }
}
END_TEST

/* Lane l of p. */
static tridiagonal lane_of(tridiagonal p, size_t n, size_t l)
{
    return (tridiagonal){n, p.sum + l, p.down + l, p.up + l, p.r + l};
}

START_TEST(batch_is_accurate_and_positive)
{
    random_stream stream = {3};
    for (int trial = 0; trial < 60; trial++) {
        const size_t n = trial < 10 ? (size_t)trial + 1 : random_size(&stream, 1, 300),
                     groups = random_size(&stream, 1, 5);
        const size_t all = L * n * groups;
        const tridiagonal p = random_tridiagonal(&stream, all, trial % 2 ? 1 : 8);
        EACH_VARIANT(k)
        {
            double *ratio = numbers(all), *inverse = numbers(all), *climb = numbers(all), *x = copied(all, p.r);
            for (size_t at = all; at > 0;) { /* from the end: what one group writes beyond itself stays */
                at -= L * n;
                k->batch_factor(n, p.sum + at, p.down + at, p.up + at, ratio + at, inverse + at, climb + at);
            }
            k->batch_solve(n, groups, ratio, inverse, climb, x);
            for (size_t l = 0; l < L * groups; l++) {
                const size_t at = l / L * L * n + l % L;
                long double *exact = solution(lane_of(p, n, at), L);
                accurate(k->name, n, x + at, L, exact);
                free(exact);
            }
            double *const written[] = {ratio, inverse, climb, x};
            for (size_t i = 0; i < 4; i++) {
                untouched(all, written[i]);
                free(written[i]);
            }
        }
        free_tridiagonal(p);
    }
}
END_TEST

START_TEST(shared_is_accurate_and_positive)
{
    random_stream stream = {4};
    for (int trial = 0; trial < 60; trial++) {
        const size_t n = trial < 10 ? (size_t)trial + 1 : random_size(&stream, 1, 300),
                     groups = random_size(&stream, 1, 9);
        const size_t all = L * n * groups;
        const tridiagonal p = random_tridiagonal(&stream, n, trial % 2 ? 1 : 8),
                          one = {n, p.sum, p.down, p.up, numbers(n)};
        const tridiagonal many = random_tridiagonal(&stream, all, 1); /* its right side is of use */
        EACH_VARIANT(k)
        {
            double *factors = numbers(3 * n), *x = copied(all, many.r);
            k->shared_factor(n, p.sum, p.down, p.up, factors);
            k->shared_solve(n, groups, factors, x);
            for (size_t l = 0; l < L * groups; l++) {
                const size_t at = l / L * L * n + l % L;
                for (size_t i = 0; i < n; i++) one.r[i] = many.r[at + L * i];
                long double *exact = solution(one, 1);
                accurate(k->name, n, x + at, L, exact);
                free(exact);
            }
            untouched(3 * n, factors);
            untouched(all, x);
            free(factors);
            free(x);
        }
        free(one.r);
        free_tridiagonal(p);
        free_tridiagonal(many);
    }
}
END_TEST

/* A chain of blocks for each lane: sizes of the blocks, and the dense matrix that they make up, in columns. */
typedef struct {
    size_t blocks, m[4], n;
    double *dense[L];
} chain;

/* Dominant by columns or, with skew, 3 plus a skew matrix: no column is dominant, the symmetric part is positive definite. */
static chain random_chain(random_stream *stream, int trial)
{
    chain c = {.blocks = random_size(stream, 1, 4), .n = 1};
    const int skew = trial % 2;
    for (size_t b = 0; b < c.blocks; b++) {
        c.m[b] = trial < 130 && b == 0 ? (size_t)trial / 2 + 2 : random_size(stream, 2, 66);
        c.n += c.m[b] - 1;
    }
    for (size_t l = 0; l < L; l++) {
        double *a = c.dense[l] = calloc(c.n * c.n, sizeof(double));
        ck_assert_ptr_nonnull(a);
        for (size_t b = 0, first = 0; b < c.blocks; first += c.m[b++] - 1)
            for (size_t j = first; j < first + c.m[b]; j++)
                for (size_t i = first; i < first + c.m[b]; i++) {
                    if (i == j) a[j * c.n + i] += skew ? 3 : (double)c.m[b];
                    else if (!skew) a[j * c.n + i] = random_between(stream, -1, 1);
                    else if (i < j) a[i * c.n + j] = -(a[j * c.n + i] = random_between(stream, -1, 1));
                }
    }
    return c;
}

static void solve_dense(const chain *c, size_t l, double *x)
{
    double *a = copied(c->n * c->n, c->dense[l]);
    int *pivots = malloc(c->n * sizeof *pivots), info;
    ck_assert_ptr_nonnull(pivots);
    const int order = (int)c->n, one = 1;
    dgesv_(&order, &one, a, &order, pivots, x, &order, &info);
    ck_assert_int_eq(info, 0);
    free(a);
    free(pivots);
}

/* Entry i, j of a block: what two blocks have in common goes with the first. */
static double block_entry(const chain *c, size_t l, size_t block, size_t first, size_t i, size_t j)
{
    return block > 0 && i == 0 && j == 0 ? 0 : c->dense[l][(first + j) * c->n + first + i];
}

static void solve_chain(const npde__kernels *k, const chain *c, size_t l, double *x)
{
    double *lu[4], *inverses[4], corner = 0;
    for (size_t b = 0, first = 0; b < c->blocks; first += c->m[b++] - 1) {
        const size_t m = c->m[b], ld = (m + 7) / 8 * 8, last = b + 1 == c->blocks;
        lu[b] = numbers(m * ld);
        inverses[b] = numbers(16 * ld);
        for (size_t j = 0; j < m; j++)
            for (size_t i = 0; i < ld; i++) lu[b][j * ld + i] = i < m ? block_entry(c, l, b, first, i, j) : 0;
        lu[b][0] += corner;
        CHECK(k->chain_factor(m, m - !last, ld, lu[b], inverses[b]), "%s: no factors of block %zu", k->name, b);
        untouched(m * ld, lu[b]);
        untouched(16 * ld, inverses[b]);
        corner = lu[b][(m - 1) * (ld + 1)];
        k->chain_forward(m - !last, ld, lu[b], inverses[b], x + first);
    }
    for (size_t b = c->blocks, first = c->n - 1; b-- > 0;) {
        first -= c->m[b] - 1;
        k->chain_backward(c->m[b], (c->m[b] + 7) / 8 * 8, lu[b], inverses[b], x + first);
        free(lu[b]);
        free(inverses[b]);
    }
}

static void solve_chains(const npde__kernels *k, const chain *c, double *x)
{
    double *lu[4], *corner = NULL;
    for (size_t b = 0, first = 0; b < c->blocks; first += c->m[b++] - 1) {
        const size_t m = c->m[b], last = b + 1 == c->blocks;
        lu[b] = numbers(m * m * L);
        for (size_t l = 0; l < L; l++) {
            for (size_t j = 0; j < m; j++)
                for (size_t i = 0; i < m; i++) lu[b][(j * m + i) * L + l] = block_entry(c, l, b, first, i, j);
            if (corner) lu[b][l] += corner[l];
        }
        k->lanes_factor(m, m - !last, lu[b]);
        untouched(m * m * L, lu[b]);
        corner = lu[b] + (m * m - 1) * L;
        k->lanes_forward(m, m - !last, lu[b], x + first * L);
    }
    for (size_t b = c->blocks, first = c->n - 1; b-- > 0;) {
        first -= c->m[b] - 1;
        k->lanes_backward(c->m[b], c->m[b] - (b + 1 < c->blocks), lu[b], x + first * L);
        free(lu[b]);
    }
}

START_TEST(chains_agree_with_lapack)
{
    random_stream stream = {5};
    for (int trial = 0; trial < 40 + 160 * test_scale(); trial++) {
        const chain c = random_chain(&stream, trial);
        double *b = numbers(c.n * L), *y = numbers(c.n * L);
        for (size_t i = 0; i < c.n * L; i++) b[i] = random_between(&stream, -1, 1);
        for (size_t l = 0; l < L; l++) { /* the solutions, one after the other */
            for (size_t i = 0; i < c.n; i++) y[l * c.n + i] = b[i * L + l];
            solve_dense(&c, l, y + l * c.n);
        }
        EACH_VARIANT(k)
        {
            double *x = copied(c.n * L, b), *one = numbers(c.n + 8);
            solve_chains(k, &c, x);
            untouched(c.n * L, x);
            for (size_t l = 0; l < L; l++) {
                for (size_t i = 0; i < c.n + 8; i++) one[i] = i < c.n ? b[i * L + l] : 7;
                if (l % 4 == 0) solve_chain(k, &c, l, one);
                for (size_t i = c.n; i < c.n + 8; i++) CHECK(one[i] == 7, "%s: %g beyond the chain", k->name, one[i]);
                untouched(c.n + 8, one);
                for (size_t i = 0; i < c.n; i++) {
                    near(k->name, x[i * L + l], y[l * c.n + i], 1e-13);
                    if (l % 4 == 0) near(k->name, one[i], y[l * c.n + i], 1e-13);
                }
            }
            free(x);
            free(one);
        }
        for (size_t l = 0; l < L; l++) free(c.dense[l]);
        free(b);
        free(y);
    }
}
END_TEST

/* A pivot of 0 or NaN is told. */
START_TEST(chain_without_a_pivot_is_told)
{
    EACH_VARIANT(k)
    for (size_t m = 2; m < 40; m++)
        for (size_t at = 0; at < m; at += 3) {
            const size_t ld = (m + 7) / 8 * 8;
            double *a = calloc(m * ld, sizeof *a), *inverses = numbers(16 * ld);
            ck_assert_ptr_nonnull(a);
            for (size_t i = 0; i < m; i++) a[i * (ld + 1)] = i == at ? (m % 2 ? NAN : 0) : 1;
            CHECK(!k->chain_factor(m, m, ld, a, inverses), "%s: pivot %zu of %zu is told to be sound", k->name, at, m);
            free(a);
            free(inverses);
        }
}
END_TEST

/* Into lanes and out again, with every number where it belongs; a lane may be given twice. */
START_TEST(lanes_are_filled_and_emptied)
{
    random_stream stream = {8};
    for (int trial = 0; trial < 100; trial++) {
        const size_t n = trial < 40 ? (size_t)trial : random_size(&stream, 0, 150), stride = n + 3;
        double *p = numbers(L * stride), *scale = numbers(n);
        size_t at[L];
        for (size_t i = 0; i < n; i++) scale[i] = ldexp(1, (int)(i % 3) - 1);
        for (size_t i = 0; i < L * stride; i++) p[i] = random_between(&stream, -1, 1);
        for (size_t l = 0; l < L; l++) at[l] = stride * ((l == 6 ? 3 * 2 : 3 * l) % L);
        EACH_VARIANT(k)
        for (int scaled = 0; scaled < 2; scaled++) {
            double *x = numbers(n * L), *q = copied(L * stride, p);
            k->gather(n, at, p, scaled ? scale : NULL, x);
            for (size_t i = 0; i < n; i++)
                for (size_t l = 0; l < L; l++)
                    CHECK(x[i * L + l] == (scaled ? scale[i] : 1) * p[at[l] + i], "%s: number %zu of lane %zu", k->name,
                          i, l);
            untouched(n * L, x);
            k->scatter(n, at, scaled ? scale : NULL, x, q);
            for (size_t l = 0; l < L; l++)
                for (size_t i = 0; i < stride; i++) {
                    const double s = scaled ? scale[i < n ? i : 0] : 1;
                    const int written = i < n && l != 3 * 6 % L; /* lane 6 is at lane 2's place */
                    CHECK(q[l * stride + i] == (written ? s * s * p[l * stride + i] : p[l * stride + i]),
                          "%s: number %zu of place %zu", k->name, i, l);
                }
            untouched(L * stride, q);
            free(x);
            free(q);
        }
        free(p);
        free(scale);
    }
}
END_TEST

/* |y − Σ| ≤ (terms + 1) ε/2 Σ|·| for a sum in any order, each product rounded (Higham, Accuracy and Stability, 2nd ed., 3.1). */
static void summed(const char *variant, double y, long double sum, long double size, size_t terms)
{
    const double bound = (double)((long double)(terms + 1) * DBL_EPSILON / 2 * size);
    CHECK(fabsl(y - sum) <= bound, "%s: %.17g, not %.17g, of %zu terms", variant, y, (double)sum, terms);
}

START_TEST(products_are_right_to_rounding)
{
    random_stream stream = {6};
    for (int trial = 0; trial < 300; trial++) {
        const size_t rows = trial < 140 ? (size_t)trial + 1 : random_size(&stream, 1, 150),
                     columns = random_size(&stream, 0, 130);
        const size_t ld = (rows + 7) / 8 * 8 + (trial % 3 == 0 ? 8 : 0);
        double *a = numbers(ld * columns), *x = numbers(columns);
        for (size_t j = 0; j < columns; j++) {
            x[j] = random_between(&stream, -1, 1);
            for (size_t i = 0; i < rows; i++) a[ld * j + i] = random_between(&stream, -1, 1);
        }
        EACH_VARIANT(k)
        {
            double *y = numbers(rows);
            k->multiply(rows, columns, a, ld, x, y);
            for (size_t i = 0; i < rows; i++) {
                long double sum = 0, size = 0;
                for (size_t j = 0; j < columns; j++) {
                    sum += (long double)a[ld * j + i] * x[j];
                    size += fabsl((long double)a[ld * j + i] * x[j]);
                }
                summed(k->name, y[i], sum, size, columns);
            }
            untouched(rows, y);
            free(y);
        }
        free(a);
        free(x);
    }
}
END_TEST

/* y + Σ A_k (c_k x) and Σ c_k x_k in lanes. */
START_TEST(sums_in_lanes_are_right_to_rounding)
{
    random_stream stream = {9};
    for (int trial = 0; trial < 150; trial++) {
        const size_t rows = trial < 70 ? (size_t)trial + 1 : random_size(&stream, 1, 90),
                     columns = random_size(&stream, 0, 70), ld = rows + (size_t)trial % 5, m = (size_t)trial % 4;
        double *a[3], *x = numbers(columns * L), *begin = numbers(rows * L), *c = numbers(m * L);
        for (size_t t = 0; t < 3; t++) {
            a[t] = numbers(ld * (columns + 1));
            for (size_t j = 0; j <= columns; j++)
                for (size_t i = 0; i < rows; i++) a[t][ld * j + i] = random_between(&stream, -1, 1);
        }
        for (size_t i = 0; i < columns * L; i++) x[i] = random_between(&stream, -1, 1);
        for (size_t i = 0; i < rows * L; i++) begin[i] = random_between(&stream, -1, 1);
        for (size_t i = 0; i < m * L; i++) c[i] = random_between(&stream, -1, 1);
        EACH_VARIANT(k)
        {
            const double *const from[] = {a[0], a[1], a[2]};
            double *y = copied(rows * L, begin), *z = numbers(rows * L);
            k->lanes_multiply(rows, columns, m, from, ld, c, x, y);
            k->spread(rows, m, c, from, z);
            for (size_t i = 0; i < rows * L; i++) {
                long double sum = begin[i], size = fabs(begin[i]), few = 0, few_size = 0;
                for (size_t t = 0; t < m; t++) {
                    for (size_t j = 0; j < columns; j++) {
                        const long double term =
                            (long double)c[t * L + i % L] * a[t][ld * j + i / L] * x[j * L + i % L];
                        sum += term;
                        size += fabsl(term);
                    }
                    few += (long double)c[t * L + i % L] * a[t][i / L];
                    few_size += fabsl((long double)c[t * L + i % L] * a[t][i / L]);
                }
                summed(k->name, y[i], sum, size, m * columns + 2);
                summed(k->name, z[i], few, few_size, m);
            }
            untouched(rows * L, y);
            untouched(rows * L, z);
            free(y);
            free(z);
        }
        for (size_t t = 0; t < 3; t++) free(a[t]);
        free(x);
        free(begin);
        free(c);
    }
}
END_TEST

START_TEST(combinations_are_right_to_rounding)
{
    random_stream stream = {7};
    for (int trial = 0; trial < 200; trial++) {
        const size_t n = size_of_trial(&stream, trial), m = random_size(&stream, 0, NPDE__KERNELS_TERMS);
        double *x[NPDE__KERNELS_TERMS], c[NPDE__KERNELS_TERMS];
        for (size_t t = 0; t < m; t++) {
            c[t] = random_between(&stream, -1, 1);
            x[t] = numbers(n);
            for (size_t i = 0; i < n; i++) x[t][i] = random_between(&stream, -1, 1);
        }
        EACH_VARIANT(k)
        {
            const double *from[NPDE__KERNELS_TERMS] = {NULL};
            double *y = m ? copied(n, x[0]) : numbers(n); /* in place of the first */
            for (size_t t = 0; t < m; t++) from[t] = t ? x[t] : y;
            k->combine(n, m, c, from, y);
            for (size_t i = 0; i < n; i++) {
                long double sum = 0, size = 0;
                for (size_t t = 0; t < m; t++) {
                    sum += (long double)c[t] * x[t][i];
                    size += fabsl((long double)c[t] * x[t][i]);
                }
                summed(k->name, y[i], sum, size, m);
            }
            untouched(n, y);
            free(y);
        }
        for (size_t t = 0; t < m; t++) free(x[t]);
    }
}
END_TEST

/* Index 0 is portable, no variant comes twice, and the best is the last. */
START_TEST(variants_are_listed)
{
    const npde__kernels *last = NULL;
    ck_assert_str_eq(npde__kernels_at(0)->name, "portable");
    EACH_VARIANT(k)
    {
        if (last) ck_assert_str_ne(k->name, last->name);
        last = k;
    }
    ck_assert_ptr_eq(npde__kernels_best(), last);
    ck_assert_ptr_null(npde__kernels_at(100));
}
END_TEST

MAIN("kernels", variants_are_listed, line_is_accurate_and_positive_however_stiff, line_agrees_with_lapack,
     batch_is_accurate_and_positive, shared_is_accurate_and_positive, chains_agree_with_lapack,
     chain_without_a_pivot_is_told, lanes_are_filled_and_emptied, products_are_right_to_rounding,
     sums_in_lanes_are_right_to_rounding, combinations_are_right_to_rounding)
