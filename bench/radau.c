/* SPDX-License-Identifier: BSD-3-Clause
 * References: Radau IIA collocation of high order on the dense spectral system. Slow, simple, and no relative of any stepper
 * of the library. With Z_i = Y_i − y the stages solve Z = h (A ⊗ I) F(Y), by Newton's method with I − h A ⊗ J frozen as long
 * as it converges well. */
#include "bench.h"
#include "dense.h"
#include "numerics/quadrature.h"
#include "spectral.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STAGES = 8, MAX_ITERATIONS = 60, GOOD_ITERATIONS = 9 };

typedef struct {
    const spectral *s;
    size_t stages, size; /* stages × unknowns */
    double c[MAX_STAGES], a[MAX_STAGES * MAX_STAGES];
    double *y, *z, *f, *residual, *jacobian, *matrix, *scratch, *stage;
    int *pivots, factored;
} radau;

static double legendre(size_t n, double x)
{
    double p0 = 1, p1 = x;
    if (n == 0) return 1;
    for (size_t k = 1; k < n; k++) {
        const double p2 = ((double)(2 * k + 1) * x * p1 - (double)k * p0) / (double)(k + 1);
        p0 = p1;
        p1 = p2;
    }
    return p1;
}

/* The zeros of P_s − P_{s−1} on [−1, 1], of which 1 is one: bisection between the zeros' known neighbours is enough. */
static void radau_nodes(size_t s, double *c)
{
    size_t found = 0;
    const int samples = 4000;
    double before = legendre(s, -1) - legendre(s - 1, -1), left = -1;
    for (int k = 1; k < samples && found + 1 < s; k++) {
        const double right = -1 + 2.0 * k / samples, value = legendre(s, right) - legendre(s - 1, right);
        if (before * value < 0) {
            double lo = left, hi = right;
            for (int i = 0; i < 100; i++) {
                const double middle = (lo + hi) / 2, m = legendre(s, middle) - legendre(s - 1, middle);
                if (m * before > 0) lo = middle;
                else hi = middle;
            }
            c[found++] = (1 + lo) / 2;
        }
        before = value;
        left = right;
    }
    c[s - 1] = 1;
}

/* a_ij = ∫_0^{c_i} l_j. */
static void radau_coefficients(radau *r)
{
    const size_t s = r->stages;
    double b[NPDE__MAX_NODES], x[NPDE__MAX_NODES], w[NPDE__MAX_NODES], l[NPDE__MAX_NODES];
    radau_nodes(s, r->c);
    npde__quadrature_barycentric(s, r->c, b);
    npde__quadrature_gauss(s, x, w);
    for (size_t i = 0; i < s; i++)
        for (size_t q = 0; q < s; q++) {
            npde__quadrature_lagrange(s, r->c, b, r->c[i] * (x[q] + 1) / 2, l);
            for (size_t j = 0; j < s; j++) r->a[i * s + j] += w[q] * r->c[i] / 2 * l[j];
        }
}

static void factor(radau *r, double t, double h)
{
    const size_t n = r->s->n, s = r->stages, size = r->size;
    const int order = (int)size;
    int info = 0;
    spectral_jacobian(r->s, t, r->y, r->scratch, r->jacobian);
    for (size_t q = 0; q < s; q++)
        for (size_t j = 0; j < n; j++)
            for (size_t p = 0; p < s; p++)
                for (size_t i = 0; i < n; i++)
                    r->matrix[(q * n + j) * size + p * n + i] =
                        (p == q && i == j) - h * r->a[p * s + q] * r->jacobian[j * n + i];
    dgetrf_(&order, &order, r->matrix, &order, r->pivots, &info);
    r->factored = info == 0;
}

/* One Newton step; the size of the correction. */
static double iterate(radau *r, double t, double h)
{
    const size_t n = r->s->n, s = r->stages;
    const int order = (int)r->size, one = 1;
    int info = 0;
    double change = 0;
    for (size_t p = 0; p < s; p++) {
        for (size_t i = 0; i < n; i++) r->stage[i] = r->y[i] + r->z[p * n + i];
        spectral_rhs(r->s, t + r->c[p] * h, r->stage, r->f + p * n);
    }
    for (size_t p = 0; p < s; p++)
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t q = 0; q < s; q++) sum += r->a[p * s + q] * r->f[q * n + i];
            r->residual[p * n + i] = h * sum - r->z[p * n + i];
        }
    dgetrs_("N", &order, &one, r->matrix, &order, r->pivots, r->residual, &order, &info, 1);
    for (size_t i = 0; i < r->size; i++) {
        r->z[i] += r->residual[i];
        change = fmax(change, fabs(r->residual[i]));
    }
    return change;
}

static void step(radau *r, double t, double h)
{
    const size_t n = r->s->n;
    double before = INFINITY;
    int k;
    memset(r->z, 0, r->size * sizeof *r->z);
    if (!r->factored) factor(r, t + h / 2, h);
    for (k = 0; k < MAX_ITERATIONS; k++) {
        const double change = iterate(r, t, h);
        if (change < 1e-14 || (change < 1e-12 && change > before / 2)) break; /* at rounding */
        before = change;
    }
    if (k > GOOD_ITERATIONS) r->factored = 0;
    for (size_t i = 0; i < n; i++) r->y[i] += r->z[(r->stages - 1) * n + i];
}

/*
 * To the first output in steps that grow from tiny ones: data that do not quite vanish at V_F, and the first curvature at V_R,
 * make thin layers at once.
 */
static void first_steps(radau *r, size_t steps)
{
    enum { HALVINGS = 16 };
    double t = 0;
    for (int k = HALVINGS; k >= 0; k--) {
        const double end = ldexp(0.1, -k), h = (end - t) / (double)steps, begin = t;
        r->factored = 0;
        for (size_t i = 0; i < steps; i++) step(r, begin + h * (double)i, h);
        t = end;
    }
    r->factored = 0;
}

void spectral_radau(const spectral *s, size_t stages, size_t steps, double *rates)
{
    radau r = {.s = s, .stages = stages, .size = stages * s->n};
    const double h = 0.1 / (double)steps;
    double *const vectors = bench_alloc(5 * r.size + 3 * s->n, sizeof(double));
    r.y = vectors;
    r.z = r.y + r.size;
    r.f = r.z + r.size;
    r.residual = r.f + r.size;
    r.stage = r.residual + r.size;
    r.scratch = r.stage + r.size;
    r.jacobian = bench_alloc(s->n * s->n, sizeof(double));
    r.matrix = bench_alloc(r.size * r.size, sizeof(double));
    r.pivots = bench_alloc(r.size, sizeof(int));
    radau_coefficients(&r);
    memcpy(r.y, s->initial, s->n * sizeof(double));
    for (size_t k = 0; k < PROBLEM_TIMES; k++) {
        double den;
        if (k == 0) first_steps(&r, steps);
        else
            for (size_t i = 0; i < steps; i++) step(&r, 0.1 * (double)k + h * (double)i, h);
        rates[k] = spectral_rate(s, 0.1 * (double)(k + 1), r.y, &den);
    }
    free(vectors);
    free(r.jacobian);
    free(r.matrix);
    free(r.pivots);
}
