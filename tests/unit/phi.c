/* SPDX-License-Identifier: BSD-3-Clause
 * The exponential of a matrix and its relatives: closed forms, a Taylor series in extended precision, what they satisfy. */
#include "numerics/phi.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = NPDE__PHI_MOST, N = 24 };

typedef struct {
    size_t n, ld;
    double *a, *weights, *phi[MOST + 1], *half[3], *scratch;
} work;

static work work_new(size_t n)
{
    work w = {.n = n, .ld = npde__phi_leading(n)};
    const size_t size = n * w.ld;
    w.a = calloc(size, sizeof(double));
    w.weights = calloc(n, sizeof(double));
    w.scratch = calloc(NPDE__PHI_SCRATCH * size, sizeof(double));
    for (int k = 0; k <= MOST; k++) w.phi[k] = calloc(size, sizeof(double));
    for (int k = 0; k < 3; k++) w.half[k] = calloc(size, sizeof(double));
    return w;
}

static void work_free(work *w)
{
    free(w->a);
    free(w->weights);
    free(w->scratch);
    for (int k = 0; k <= MOST; k++) free(w->phi[k]);
    for (int k = 0; k < 3; k++) free(w->half[k]);
}

static void compute(work *w, double h)
{
    npde__phi(w->n, w->ld, w->a, h, w->weights, MOST, w->phi, w->half, w->scratch);
}

static double at(const work *w, const double *m, size_t i, size_t j)
{
    return m[j * w->ld + i];
}

/* φ_k of a number, from its series or from what it is. */
static double phi_of(int k, double z)
{
    static const double factorial[] = {1, 1, 2, 6};
    if (fabs(z) < 2) {
        long double sum = 0, term = 1 / (long double)factorial[k];
        for (int j = 1; j < 60; j++) {
            sum += term;
            term *= (long double)z / (j + k);
        }
        return (double)sum;
    }
    long double value = expl(z);
    for (int j = 1; j <= k; j++) value = (value - 1 / (long double)factorial[j - 1]) / z;
    return (double)value;
}

START_TEST(diagonal_matrices)
{
    static const double rates[] = {0, -1e-9, -0.3, -1, 1, -7, -1e3, -1e6, 3};
    const size_t n = sizeof rates / sizeof rates[0];
    work w = work_new(n);
    for (size_t i = 0; i < n; i++) w.a[i * w.ld + i] = rates[i];
    for (int e = -3; e <= 1; e++) {
        const double h = pow(10, e);
        compute(&w, h);
        for (size_t i = 0; i < n; i++) {
            /* Doublings of 1e6 h: what the one of exponent 0 has for error, doubled each time, and far less in fact. */
            const double z = h * rates[i], tolerance = fmax(4e-15, 1e-17 * h * 1e6);
            NEAR(at(&w, w.phi[0], i, i), expm1(z), tolerance * fmax(1, fabs(expm1(z))) * fmax(1, fabs(z)));
            for (int k = 1; k <= MOST; k++)
                NEAR(at(&w, w.phi[k], i, i) / phi_of(k, z), 1, 1e-13 + tolerance * fmax(1, z));
            NEAR(at(&w, w.half[0], i, i), expm1(z / 2), tolerance * fmax(1, fabs(expm1(z / 2))) * fmax(1, fabs(z)));
            NEAR(at(&w, w.half[1], i, i) / phi_of(1, z / 2), 1, 1e-13 + tolerance * fmax(1, z));
        }
    }
    work_free(&w);
}
END_TEST

/* Of a rate next to a stiff one it is the difference from the identity that keeps its digits. */
START_TEST(slow_modes_keep_their_digits)
{
    work w = work_new(2);
    w.a[0] = -1e-3;
    w.a[w.ld + 1] = -1e3;
    for (double h = 1e-6; h < 10; h *= 10) {
        compute(&w, h);
        NEAR(at(&w, w.phi[0], 0, 0) / expm1(-1e-3 * h), 1, 1e-14);
    }
    work_free(&w);
}
END_TEST

START_TEST(rotations_and_chains)
{
    work w = work_new(2);
    for (double angle = 0.1; angle < 100; angle *= 3) { /* e^{[0 −x; x 0]} turns by x */
        w.a[1] = angle;
        w.a[w.ld] = -angle;
        compute(&w, 1);
        const double tolerance = 1e-15 * (4 + 4 * angle);
        NEAR(at(&w, w.phi[0], 0, 0), cos(angle) - 1, tolerance);
        NEAR(at(&w, w.phi[0], 1, 0), sin(angle), tolerance);
        NEAR(at(&w, w.phi[0], 0, 1), -sin(angle), tolerance);
        NEAR(at(&w, w.phi[1], 0, 0), sin(angle) / angle, tolerance);
        NEAR(at(&w, w.phi[1], 1, 0), (1 - cos(angle)) / angle, tolerance);
    }
    work_free(&w);
    w = work_new(5); /* e^{hJ} of a nilpotent J: h^k/k! on the k-th diagonal */
    for (size_t i = 0; i < 4; i++) w.a[(i + 1) * w.ld + i] = 1;
    for (double h = 0.25; h < 100; h *= 4) {
        compute(&w, h);
        double factorial = 1;
        for (size_t k = 0; k < 5; k++) {
            for (size_t i = 0; i + k < 5; i++) {
                double later = factorial; /* (k + m)! */
                for (int m = 0; m <= MOST; m++) {
                    const double exact = pow(h, (double)k) / later - (k == 0 && m == 0);
                    NEAR(at(&w, w.phi[m], i, i + k), exact, 1e-14 * fmax(1, exact));
                    later *= (double)k + m + 1;
                }
            }
            factorial *= (double)k + 1;
        }
    }
    work_free(&w);
}
END_TEST

/* A generator of a random chain, and not a normal matrix: columns sum to zero in the weights, the last of which is 0. */
static void draw(work *w, random_stream *s, double size)
{
    const size_t n = w->n;
    for (size_t i = 0; i + 1 < n; i++) w->weights[i] = random_between(s, 0.5, 2);
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            double *entry = &w->a[j * w->ld + i];
            *entry = size * random_between(s, -0.3, 1) * (i > j ? 1 : 0.1);
            if (i + 1 < n) sum += w->weights[i] * *entry;
        }
        if (j + 1 < n) w->a[j * w->ld + j] -= sum / w->weights[j];
        else w->a[j * w->ld] -= sum / w->weights[0];
    }
    w->a[n * w->ld - w->ld + n - 1] = -size;
}

/* Σ_j (hA)^j/(j + k)!, all of it, in extended precision. */
static void series(const work *w, long double h, int k, long double *sum)
{
    static long double term[N * N], next[N * N];
    const size_t n = w->n;
    long double factorial = 1;
    for (int i = 2; i <= k; i++) factorial *= i;
    for (size_t i = 0; i < n * n; i++) sum[i] = term[i] = i % (n + 1) == 0 ? 1 / factorial : 0;
    for (int m = 1; m < 150; m++) {
        for (size_t j = 0; j < n; j++)
            for (size_t i = 0; i < n; i++) {
                long double x = 0;
                for (size_t l = 0; l < n; l++) x += (long double)at(w, w->a, i, l) * term[j * n + l];
                next[j * n + i] = x * h / (m + k);
            }
        memcpy(term, next, sizeof term);
        for (size_t i = 0; i < n * n; i++) sum[i] += term[i];
    }
}

START_TEST(random_matrices_by_their_series)
{
    static long double exact[N * N];
    random_stream stream = {3};
    for (int draws = 0; draws < 10; draws++) {
        work w = work_new(N);
        draw(&w, &stream, 0.3);
        for (double h = 0.01; h < 1.5; h *= 5) {
            compute(&w, h);
            for (int k = 0; k <= MOST; k++) {
                series(&w, h, k, exact);
                double error = 0;
                for (size_t j = 0; j < N; j++)
                    for (size_t i = 0; i < N; i++)
                        error = fmax(error, fabs(at(&w, w.phi[k], i, j) -
                                                 (double)(exact[j * N + i] - (k == 0 && i == j ? 1 : 0))));
                ck_assert_msg(error <= 2e-14, "phi_%d, h = %g: error %.2e", k, h, error);
            }
        }
        work_free(&w);
    }
}
END_TEST

/* z φ_{k+1} = φ_k − 1/k!, and wᵀφ_k = wᵀ/k!, for stiff matrices and any h. */
START_TEST(recurrences_and_conservation)
{
    static const double factorial[] = {1, 1, 2, 6};
    random_stream stream = {5};
    work w = work_new(N);
    double *product = calloc(N * w.ld, sizeof *product);
    for (int draws = 0; draws < 20; draws++) {
        memset(w.a, 0, N * w.ld * sizeof *w.a);
        draw(&w, &stream, pow(10, random_between(&stream, -2, 4)));
        const double h = pow(10, random_between(&stream, -3, 1));
        const double size = h * npde__phi_norm(N, w.ld, w.a, w.weights);
        compute(&w, h);
        for (int k = 0; k <= MOST; k++)
            for (size_t j = 0; j < N; j++) {
                double sum = 0, magnitude = 0;
                for (size_t i = 0; i < N; i++) {
                    sum += w.weights[i] * at(&w, w.phi[k], i, j);
                    magnitude += w.weights[i] * fabs(at(&w, w.phi[k], i, j));
                }
                NEAR(sum, k == 0 ? 0 : w.weights[j] / factorial[k], 1e-15 * fmax(1, magnitude));
            }
        for (int k = 0; k < MOST; k++) {
            npde__phi_multiply(N, w.ld, w.a, w.phi[k + 1], product);
            for (size_t j = 0; j < N; j++)
                for (size_t i = 0; i < N; i++) {
                    const double less = k == 0 || i != j ? 0 : 1 / factorial[k];
                    NEAR(h * at(&w, product, i, j), at(&w, w.phi[k], i, j) - less, 1e-14 * (1 + size));
                }
        }
    }
    free(product);
    work_free(&w);
}
END_TEST

MAIN("phi", diagonal_matrices, slow_modes_keep_their_digits, rotations_and_chains, random_matrices_by_their_series,
     recurrences_and_conservation)
