/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/tridiagonal.h"
#include "support.h"

#include <math.h>

/* The library has no use for these; the test does. */
void dgbtrf_(const int *m, const int *n, const int *kl, const int *ku, double *ab, const int *ldab, int *ipiv,
             int *info);
void dgbtrs_(const char *trans, const int *n, const int *kl, const int *ku, const int *nrhs, const double *ab,
             const int *ldab, const int *ipiv, double *b, const int *ldb, int *info, size_t trans_length);

enum { N = 200 };

typedef struct {
    double sum[N], down[N], up[N], ratio[N], inverse[N];
} matrix;

static matrix random_matrix(random_stream *stream, double spread)
{
    matrix m;
    for (size_t i = 0; i < N; i++) {
        m.sum[i] = pow(10, random_between(stream, -spread, 0));
        m.down[i] = pow(10, random_between(stream, -spread, spread));
        m.up[i] = pow(10, random_between(stream, -spread, spread));
    }
    npde__tridiagonal_factor(N, m.sum, m.down, m.up, m.ratio, m.inverse);
    return m;
}

/* Against LAPACK's banded solver with pivoting, where the matrix is well conditioned. */
START_TEST(agrees_with_lapack)
{
    random_stream stream = {1};
    for (int trial = 0; trial < 50; trial++) {
        const matrix m = random_matrix(&stream, 1);
        static double band[4 * N];
        double x[N], y[N];
        int pivots[N], info = 0;
        const int n = N, one = 1, ld = 4;
        for (size_t i = 0; i < N; i++) {
            x[i] = y[i] = random_between(&stream, -1, 1);
            band[4 * i] = 0;
            band[4 * i + 1] = i > 0 ? -m.up[i - 1] : 0;
            band[4 * i + 2] = m.sum[i] + m.down[i] + (i > 0 ? m.up[i - 1] : 0);
            band[4 * i + 3] = i + 1 < N ? -m.down[i] : 0;
        }
        npde__tridiagonal_solve(N, m.up, m.ratio, m.inverse, x);
        dgbtrf_(&n, &n, &one, &one, band, &ld, pivots, &info);
        ck_assert_int_eq(info, 0);
        dgbtrs_("N", &n, &one, &one, &one, band, &ld, pivots, y, &n, &info, 1);
        ck_assert_int_eq(info, 0);
        for (size_t i = 0; i < N; i++) NEAR(x[i], y[i], 1e-12 * (1 + fabs(y[i])));
    }
}
END_TEST

/* Off-diagonals over twenty decades: still positive, and the column sums still give Σ sum·x + what leaves = Σ r. */
START_TEST(positive_and_conservative_however_stiff)
{
    random_stream stream = {2};
    for (int trial = 0; trial < 200; trial++) {
        const matrix m = random_matrix(&stream, 10);
        double x[N], given = 0, kept = 0;
        for (size_t i = 0; i < N; i++) given += x[i] = i % 7 ? 0 : random_between(&stream, 0, 1);
        npde__tridiagonal_solve(N, m.up, m.ratio, m.inverse, x);
        for (size_t i = 0; i < N; i++) {
            ck_assert_double_ge(x[i], 0);
            kept += m.sum[i] * x[i];
        }
        kept += m.down[N - 1] * x[N - 1];
        NEAR(kept, given, 1e-13 * given);
    }
}
END_TEST

MAIN("tridiagonal", agrees_with_lapack, positive_and_conservative_however_stiff)
