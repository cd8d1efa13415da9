/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/phi.h"

#include "numerics/kernels.h"
#include "numerics/lapack.h"

#include <math.h>
#include <string.h>

enum { DEGREE = 16 }; /* of the Taylor polynomials; the first term left out is below 1/18! for a norm of at most 1 */

size_t npde__phi_leading(size_t n)
{
    return (n + 7) / 8 * 8;
}

void npde__phi_multiply(size_t n, size_t ld, const double *a, const double *b, double *c)
{
    const int rows = (int)n, leading = (int)ld;
    const double one = 1, zero = 0;
    dgemm_("N", "N", &rows, &rows, &rows, &one, a, &leading, b, &leading, &zero, c, &leading, 1, 1);
}

double npde__phi_norm(size_t n, size_t ld, const double *a, const double *weights)
{
    double norm = 0;
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += fabs(a[j * ld + i]) * (weights[i] > 0 ? weights[i] : 1);
        norm = fmax(norm, sum / (weights[j] > 0 ? weights[j] : 1));
    }
    return norm;
}

void npde__phi_conserve(size_t n, size_t ld, const double *weights, double target, double *m)
{
    for (size_t j = 0; j < n; j++) {
        double *column = m + j * ld, sum = -target * weights[j];
        size_t most = 0;
        for (size_t i = 0; i < n; i++) {
            sum += weights[i] * column[i];
            if (fabs(weights[i] * column[i]) > fabs(weights[most] * column[most])) most = i;
        }
        if (weights[most] > 0) column[most] -= sum / weights[most];
    }
}

/* m = x a + y b over all columns; b may be NULL, m any of them. */
static void combine(size_t n, size_t ld, double x, const double *a, double y, const double *b, double *m)
{
    const double c[] = {x, y};
    const double *const of[] = {a, b};
    npde__kernels_best()->combine(n * ld, b ? 2 : 1, c, of, m);
}

void npde__phi_double(size_t n, size_t ld, const double *weights, double *d, double *product)
{
    npde__phi_multiply(n, ld, d, d, product);
    combine(n, ld, 2, d, 1, product, d);
    npde__phi_conserve(n, ld, weights, 0, d);
}

/* Σ_j z^j/(j + k)! by the method of Paterson & Stockmeyer: power[i] = z^{i+1}, i < 4. */
static void taylor(size_t n, size_t ld, const double *const *power, size_t k, double *sum, double *product)
{
    double coefficient[DEGREE + 1] = {1};
    for (size_t i = 2; i <= k; i++) coefficient[0] /= (double)i;
    for (size_t j = 1; j <= DEGREE; j++) coefficient[j] = coefficient[j - 1] / (double)(j + k);
    combine(n, ld, coefficient[DEGREE], power[3], 0, NULL, sum);
    for (size_t first = DEGREE - 4;; first -= 4) {
        for (size_t i = 0; i < 3; i++) combine(n, ld, 1, sum, coefficient[first + i + 1], power[i], sum);
        for (size_t j = 0; j < n; j++) sum[j * ld + j] += coefficient[first];
        if (first == 0) return;
        npde__phi_multiply(n, ld, power[3], sum, product);
        memcpy(sum, product, n * ld * sizeof *sum);
    }
}

static void double_all(size_t n, size_t ld, const double *weights, size_t order, double *const *phi, double *product)
{
    double at_zero = 1;
    if (order > 2) {
        npde__phi_multiply(n, ld, phi[1], phi[2], product);
        combine(n, ld, 1, product, 1, phi[2], product);
        combine(n, ld, 1.0 / 8, product, 2.0 / 8, phi[3], phi[3]);
    }
    if (order > 1) {
        npde__phi_multiply(n, ld, phi[1], phi[1], product);
        combine(n, ld, 1.0 / 4, product, 2.0 / 4, phi[2], phi[2]);
    }
    if (order > 0) {
        npde__phi_multiply(n, ld, phi[0], phi[1], product);
        combine(n, ld, 1.0 / 2, product, 1, phi[1], phi[1]);
    }
    for (size_t k = 1; k <= order; k++) {
        at_zero /= (double)k;
        npde__phi_conserve(n, ld, weights, at_zero, phi[k]);
    }
    npde__phi_double(n, ld, weights, phi[0], product);
}

void npde__phi(size_t n, size_t ld, const double *a, double h, const double *weights, size_t order, double *const *phi,
               double *const *half, double *scratch)
{
    const size_t size = n * ld;
    double *power[4], *sum = scratch + 4 * size, *product = scratch + 5 * size;
    for (size_t i = 0; i < 4; i++) power[i] = scratch + i * size;
    int doublings;
    frexp(npde__phi_norm(n, ld, a, weights) * fabs(h), &doublings);
    if (doublings < (half != NULL)) doublings = half != NULL;

    combine(n, ld, ldexp(h, -doublings), a, 0, NULL, power[0]);
    for (size_t i = 1; i < 4; i++) npde__phi_multiply(n, ld, power[0], power[i - 1], power[i]);
    for (size_t k = order > 1 ? order : 1; k > 0; k--) {
        taylor(n, ld, (const double *const *)power, k, sum, product);
        if (k <= order) memcpy(phi[k], sum, size * sizeof *sum);
    }
    npde__phi_multiply(n, ld, power[0], sum, phi[0]);

    for (int i = 0; i < doublings; i++) {
        if (half && i == doublings - 1)
            for (size_t k = 0; k < 3; k++) memcpy(half[k], phi[k], size * sizeof *phi[k]);
        double_all(n, ld, weights, order, phi, product);
    }
}
