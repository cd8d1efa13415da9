/* SPDX-License-Identifier: BSD-3-Clause
 * Nodes by Newton's method on Legendre polynomials; Lagrange bases in barycentric form (Berrut & Trefethen, SIAM Rev. 46,
 * 2004, 501), which is stable at any degree used here. */
#include "numerics/quadrature.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

enum { ITERATIONS = 20 }; /* Newton's method needs three */

/* P_n and P_{n−1} at m points by the three-term recurrence, for all points side by side. */
static void legendre(size_t n, size_t m, const double *x, double *p, double *before)
{
    for (size_t i = 0; i < m; i++) {
        before[i] = 1;
        p[i] = x[i];
    }
    for (size_t k = 2; k <= n; k++) {
        const double fraction = (double)(k - 1) / (double)k;
        for (size_t i = 0; i < m; i++) {
            const double next = x[i] * p[i] + fraction * (x[i] * p[i] - before[i]);
            before[i] = p[i];
            p[i] = next;
        }
    }
}

/* Node and weight i of the left half give those of the right one. */
static void mirror(size_t n, double *x, double *w)
{
    if (n % 2) x[n / 2] = 0;
    for (size_t i = 0; i < n / 2; i++) {
        x[n - 1 - i] = -x[i];
        w[n - 1 - i] = w[i];
    }
}

void npde__quadrature_gauss(size_t n, double *x, double *w)
{
    const size_t half = (n + 1) / 2;
    const double nn = (double)n;
    double p[NPDE__MAX_NODES], before[NPDE__MAX_NODES], largest = 1;
    for (size_t i = 0; i < half; i++) x[i] = -cos(pi * ((double)i + 0.75) / (nn + 0.5));
    for (int k = 0; k < ITERATIONS && largest > 1e-10; k++) {
        legendre(n, half, x, p, before);
        largest = 0;
        for (size_t i = 0; i < half; i++) {
            const double dx = p[i] * (x[i] * x[i] - 1) / (nn * (x[i] * p[i] - before[i]));
            x[i] -= dx;
            largest = fmax(largest, fabs(dx));
        }
    }
    mirror(n, x, w);
    legendre(n, half, x, p, before);
    for (size_t i = 0; i < half; i++) {
        const double slope = nn * (x[i] * p[i] - before[i]) / (x[i] * x[i] - 1);
        w[i] = 2 / ((1 - x[i] * x[i]) * slope * slope);
    }
    mirror(n, x, w);
}

void npde__quadrature_lobatto(size_t degree, double *x, double *w)
{
    const size_t n = degree + 1, half = (n + 1) / 2;
    const double d = (double)degree;
    double p[NPDE__MAX_NODES], before[NPDE__MAX_NODES], largest = 1;
    x[0] = -1;
    for (size_t i = 1; i < half; i++) { /* an asymptotic formula (Parter, J. Sci. Comput. 14, 1999, 347) */
        const double at = (double)i + 0.25;
        x[i] = -cos(at * pi / d - 3 / (8 * d * pi * at));
    }
    /* Roots of (1 − x²)P_p'(x), by Newton's method on x P_p − P_{p−1}, whose derivative is (p + 1)P_p. */
    for (int k = 0; k < ITERATIONS && largest > 1e-10; k++) {
        legendre(degree, half, x, p, before);
        largest = 0;
        for (size_t i = 1; i < half; i++) {
            const double dx = (x[i] * p[i] - before[i]) / ((d + 1) * p[i]);
            x[i] -= dx;
            largest = fmax(largest, fabs(dx));
        }
    }
    mirror(n, x, w);
    legendre(degree, half, x, p, before);
    for (size_t i = 0; i < half; i++) w[i] = 2 / (d * (d + 1) * p[i] * p[i]);
    mirror(n, x, w);
}

void npde__quadrature_barycentric(size_t n, const double *x, double *b)
{
    for (size_t j = 0; j < n; j++) {
        double product = 1;
        for (size_t k = 0; k < n; k++)
            if (k != j) product *= 2 * (x[j] - x[k]); /* the factor 2 keeps high degrees in range */
        b[j] = 1 / product;
    }
}

void npde__quadrature_lagrange(size_t n, const double *nodes, const double *b, double x, double *l)
{
    enum { CHAINS = 4 }; /* none waits for the others */
    double sum[CHAINS] = {0};
    size_t j = 0, at = n;
    for (size_t k = 0; k < n; k++) {
        l[k] = x - nodes[k];
        if (l[k] == 0) at = k;
    }
    if (at < n) {
        for (size_t k = 0; k < n; k++) l[k] = k == at;
        return;
    }
    for (; j + CHAINS <= n; j += CHAINS)
        for (size_t k = 0; k < CHAINS; k++) {
            l[j + k] = b[j + k] / l[j + k];
            sum[k] += l[j + k];
        }
    for (; j < n; j++) {
        l[j] = b[j] / l[j];
        sum[0] += l[j];
    }
    const double scale = 1 / ((sum[0] + sum[1]) + (sum[2] + sum[3]));
    for (size_t k = 0; k < n; k++) l[k] *= scale;
}

void npde__quadrature_derivative(size_t n, const double *nodes, const double *b, double *d)
{
    for (size_t i = 0; i < n; i++) {
        const double scale = 1 / b[i];
        double sum = 0;
        for (size_t j = 0; j < n; j++) d[i * n + j] = j == i ? 0 : b[j] * scale / (nodes[i] - nodes[j]);
        for (size_t j = 0; j < n; j++) sum += d[i * n + j];
        d[i * n + i] = -sum; /* constants have derivative zero to rounding */
    }
}
