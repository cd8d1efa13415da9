/* SPDX-License-Identifier: BSD-3-Clause
 * Complex LU factors of chains of dense blocks against dense LAPACK. */
#include "numerics/envelope.h"

#include "numerics/lapack.h"
#include "support.h"

#include <complex.h>
#include <math.h>
#include <string.h>

enum { MOST = 64 };
static npde_context *c;

/* A chain of blocks of these sizes, filled at random but for a strong diagonal: no pivoting is needed. */
static size_t fill(npde__envelope *e, random_stream *r, size_t n_blocks, double *w, double complex *dense,
                   double complex s)
{
    size_t begin[MOST], n = 1;
    for (size_t b = 0; b < n_blocks; b++) {
        begin[b] = n - 1;
        n += 1 + (size_t)random_between(r, 0, 6);
    }
    OK(c, npde__envelope_init(e, c, n, begin, n_blocks));
    memset(dense, 0, MOST * MOST * sizeof *dense);
    for (size_t j = 0; j < n; j++) {
        w[j] = random_between(r, 0.5, 2);
        for (size_t i = e->first[j]; i <= e->last[j]; i++) {
            const double k = random_between(r, -1, 1) - (i == j ? 20 : 0);
            *npde__envelope_entry(e, i, j) = k;
            dense[j * n + i] = (i == j ? s * w[j] : 0) - k;
        }
    }
    return n;
}

START_TEST(solves_like_dense_lapack)
{
    random_stream r = {1};
    OK(c, npde_context_new(&c));
    for (int trial = 0; trial < 200; trial++) {
        npde__envelope e;
        double w[MOST], re[MOST], im[MOST], log_modulus, phase;
        static double complex dense[MOST * MOST], copy[MOST * MOST];
        double complex x[MOST];
        int pivots[MOST], info = 0;
        const double complex s = random_between(&r, -5, 5) + random_between(&r, -5, 5) * _Complex_I;
        const size_t n = fill(&e, &r, 1 + (size_t)trial % 8, w, dense, s);
        const int order = (int)n, one = 1;
        ck_assert_int_eq(npde__envelope_factor(&e, creal(s), cimag(s), w), 1);
        for (int transposed = 0; transposed < 2; transposed++) {
            memcpy(copy, dense, sizeof copy);
            for (size_t i = 0; i < n; i++) {
                re[i] = random_between(&r, -1, 1);
                im[i] = random_between(&r, -1, 1);
                x[i] = re[i] + im[i] * _Complex_I;
            }
            zgetrf_(&order, &order, (double *)copy, &order, pivots, &info);
            ck_assert_int_eq(info, 0);
            zgetrs_(transposed ? "T" : "N", &order, &one, (double *)copy, &order, pivots, (double *)x, &order, &info,
                    1);
            if (transposed) npde__envelope_solve_transposed(&e, re, im);
            else npde__envelope_solve(&e, re, im);
            for (size_t i = 0; i < n; i++) NEAR(cabs(re[i] + im[i] * _Complex_I - x[i]), 0, 1e-14);
        }
        double complex turn = 1;
        double size = 0;
        for (size_t i = 0; i < n; i++) {
            const double complex pivot = copy[i * n + i];
            size += log(cabs(pivot));
            turn *= pivot / cabs(pivot) * (pivots[i] == (int)i + 1 ? 1 : -1);
        }
        npde__envelope_determinant(&e, &log_modulus, &phase);
        NEAR(log_modulus, size, 1e-13 * (1 + size));
        NEAR(cabs(cexp(phase * _Complex_I) - turn), 0, 1e-13);
        npde__envelope_free(&e, c);
    }
    npde_context_free(c);
}
END_TEST

START_TEST(a_singular_matrix_is_noticed)
{
    npde__envelope e;
    const size_t begin[] = {0};
    const double w[] = {1, 1};
    OK(c, npde_context_new(&c));
    OK(c, npde__envelope_init(&e, c, 2, begin, 1));
    ck_assert_int_eq(npde__envelope_factor(&e, 0, 0, w), 0);
    ck_assert_int_eq(npde__envelope_factor(&e, 0, 1, w), 1);
    ck_assert_int_eq(npde__envelope_factor(&e, NAN, 1, w), 0);
    npde__envelope_free(&e, c);
    npde_context_free(c);
}
END_TEST

MAIN("envelope", solves_like_dense_lapack, a_singular_matrix_is_noticed)
