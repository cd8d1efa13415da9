/* SPDX-License-Identifier: BSD-3-Clause
 * Nodes by Newton's method on Legendre polynomials; Lagrange bases in barycentric form (Berrut & Trefethen, SIAM Rev. 46,
 * 2004, 501), which is stable at any degree used here. */
#include "numerics/quadrature.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* P_n(x) and P_{n-1}(x) by the three-term recurrence. */
static double legendre(size_t n, double x, double *previous)
{
    double p0 = 1, p1 = x;
    for (size_t k = 2; k <= n; k++) {
        const double kk = (double)k, p2 = ((2 * kk - 1) * x * p1 - (kk - 1) * p0) / kk;
        p0 = p1;
        p1 = p2;
    }
    *previous = p0;
    return p1;
}

void npde__quadrature_gauss(size_t n, double *x, double *w)
{
    const double nn = (double)n;
    for (size_t i = 0; i < n; i++) {
        double z = -cos(pi * ((double)i + 0.75) / (nn + 0.5)), slope = 1;
        for (int k = 0; k < 100; k++) {
            double q;
            const double p = legendre(n, z, &q);
            slope = nn * (z * p - q) / (z * z - 1);
            const double dz = p / slope;
            z -= dz;
            if (fabs(dz) < 1e-16) break;
        }
        x[i] = z;
        w[i] = 2 / ((1 - z * z) * slope * slope);
    }
}

void npde__quadrature_lobatto(size_t p, double *x, double *w)
{
    const double pp = (double)p;
    for (size_t i = 0; i <= p; i++) {
        double z = -cos(pi * (double)i / pp), q;
        /* Roots of (1 − x²)P_p'(x), by Newton on (x P_p − P_{p−1}), whose derivative is (p + 1)P_p. */
        for (int k = 0; k < 100 && i > 0 && i < p; k++) {
            const double value = legendre(p, z, &q), dz = (z * value - q) / ((pp + 1) * value);
            z -= dz;
            if (fabs(dz) < 1e-16) break;
        }
        const double value = legendre(p, z, &q);
        x[i] = z;
        w[i] = 2 / (pp * (pp + 1) * value * value);
    }
}

void npde__quadrature_barycentric(size_t n, const double *x, double *b)
{
    for (size_t j = 0; j < n; j++) {
        b[j] = 1;
        for (size_t k = 0; k < n; k++)
            if (k != j) b[j] /= 2 * (x[j] - x[k]); /* the factor 2 keeps high degrees in range */
    }
}

void npde__quadrature_lagrange(size_t n, const double *nodes, const double *b, double x, double *l)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        if (x == nodes[j]) {
            for (size_t k = 0; k < n; k++) l[k] = k == j;
            return;
        }
        l[j] = b[j] / (x - nodes[j]);
        sum += l[j];
    }
    for (size_t j = 0; j < n; j++) l[j] /= sum;
}

void npde__quadrature_derivative(size_t n, const double *nodes, const double *b, double *d)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            if (j == i) continue;
            d[i * n + j] = b[j] / b[i] / (nodes[i] - nodes[j]);
            sum += d[i * n + j];
        }
        d[i * n + i] = -sum; /* constants have derivative zero to rounding */
    }
}
