/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/quadrature.h"
#include "support.h"

#include <math.h>

static double monomial(size_t n, const double *x, const double *w, int degree)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += w[i] * pow(x[i], degree);
    return sum;
}

static double exact(int degree)
{
    return degree % 2 ? 0 : 2.0 / (degree + 1);
}

START_TEST(gauss_is_exact_to_its_degree)
{
    double x[64], w[64];
    for (size_t n = 1; n <= 40; n++) {
        npde__quadrature_gauss(n, x, w);
        for (int d = 0; d < (int)(2 * n); d++) NEAR(monomial(n, x, w, d), exact(d), 2e-14);
        if (n < 12) ck_assert_double_gt(fabs(monomial(n, x, w, (int)(2 * n)) - exact((int)(2 * n))), 1e-9);
    }
}
END_TEST

START_TEST(lobatto_is_exact_to_its_degree)
{
    double x[NPDE__MAX_NODES], w[NPDE__MAX_NODES];
    for (size_t p = 2; p <= NPDE__MAX_DEGREE; p++) {
        npde__quadrature_lobatto(p, x, w);
        ck_assert_double_eq(x[0], -1);
        ck_assert_double_eq(x[p], 1);
        for (int d = 0; d < (int)(2 * p); d++) NEAR(monomial(p + 1, x, w, d), exact(d), 5e-14);
    }
}
END_TEST

START_TEST(lagrange_interpolates_and_differentiates_polynomials)
{
    for (size_t p = 2; p <= NPDE__MAX_DEGREE; p += 7) {
        double x[NPDE__MAX_NODES], w[NPDE__MAX_NODES], b[NPDE__MAX_NODES], l[NPDE__MAX_NODES];
        static double d[NPDE__MAX_NODES * NPDE__MAX_NODES];
        npde__quadrature_lobatto(p, x, w);
        npde__quadrature_barycentric(p + 1, x, b);
        npde__quadrature_derivative(p + 1, x, b, d);
        for (int k = 0; k <= (int)p; k++) {
            npde__quadrature_lagrange(p + 1, x, b, 0.3, l);
            double value = 0;
            for (size_t j = 0; j <= p; j++) value += l[j] * pow(x[j], k);
            NEAR(value, pow(0.3, k), 1e-13);
            for (size_t i = 0; i <= p; i++) {
                double slope = 0;
                for (size_t j = 0; j <= p; j++) slope += d[i * (p + 1) + j] * pow(x[j], k);
                NEAR(slope, k ? k * pow(x[i], k - 1) : 0, 1e-10);
            }
        }
        npde__quadrature_lagrange(p + 1, x, b, x[1], l);
        ck_assert_double_eq(l[1], 1);
        ck_assert_double_eq(l[0], 0);
    }
}
END_TEST

MAIN("quadrature", gauss_is_exact_to_its_degree, lobatto_is_exact_to_its_degree,
     lagrange_interpolates_and_differentiates_polynomials)
