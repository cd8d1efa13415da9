/* SPDX-License-Identifier: BSD-3-Clause
 * Guesses from the dense matrix, Newton's method on det H(s), the secant method on Δ(s), and a count of the zeros by the
 * argument principle on
 *
 *     Δ(s) = Π_p det(sW_p − K_p) × det H(s),
 *
 * which has no poles: what Newton's method did not reach would be noticed.
 */
#include "analysis/spectrum.h"

#include "analysis/dense.h"
#include "numerics/lapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { ITERATIONS = 40, SPARE = 6, PIECES = 24, DEGREE = 24, MOST_DEGREE = 192 };

typedef struct {
    npde_context *c;
    npde__linear l;
    double complex *h, *slope; /* n × n */
    int *pivots;
    double complex *root; /* found so far, none with a negative imaginary part */
    size_t n_roots, capacity;
} spectrum;

/* det H'/det H = tr(H⁻¹ H') at s. */
static npde_status log_derivative(spectrum *z, double complex s, double complex *out)
{
    const size_t n = z->l.n;
    const npde_status status = npde__linear_matrix(&z->l, s, 1, z->h, z->slope);
    if (status) return status;
    *out = INFINITY; /* on an eigenvalue to the last bit */
    if (!npde__linear_solve(n, z->h, z->pivots, n, z->slope)) return NPDE_OK;
    *out = 0;
    for (size_t p = 0; p < n; p++) *out += z->slope[p * n + p];
    return NPDE_OK;
}

/* ln Δ(s), up to multiples of 2πi. */
static npde_status log_delta(spectrum *z, double complex s, double complex *out)
{
    const size_t n = z->l.n;
    const npde_status status = npde__linear_matrix(&z->l, s, 1, z->h, z->slope);
    if (status) return status;
    *out = 0;
    for (size_t p = 0; p < n; p++) *out += z->l.at[p].log_determinant;
    if (n > 1) {
        const int order = (int)n;
        int info = 0;
        zgetrf_(&order, &order, (double *)z->h, &order, z->pivots, &info);
        for (size_t p = 0; p < n; p++)
            if (z->pivots[p] != (int)p + 1) *out += npde__complex_of(0, pi);
    }
    for (size_t p = 0; p < n; p++) *out += clog(z->h[p * n + p]);
    return isfinite(creal(*out)) && isfinite(cimag(*out))
               ? NPDE_OK
               : npde__fail(z->c, NPDE_ERR_RANGE, "det H is 0 or not finite at s = %g%+gi", creal(s), cimag(s));
}

/* Steps are as small as rounding lets them be. */
static int settled(double size, double last)
{
    return size < 1e-15 || (size < 1e-9 && size >= last / 2);
}

/* Newton's method on det H. */
static npde_status newton(spectrum *z, double complex *s, int *converged)
{
    double last = INFINITY;
    *converged = 0;
    for (int k = 0; k < ITERATIONS && !*converged; k++) {
        double complex slope;
        const npde_status status = log_derivative(z, *s, &slope);
        if (status == NPDE_ERR_RANGE) return NPDE_OK; /* on a pole: given up */
        if (status) return status;
        const double complex step = -1 / slope;
        const double size = cabs(step) / (1 + cabs(*s));
        if (!isfinite(size)) return NPDE_OK;
        *s += step;
        *converged = settled(size, last);
        last = size;
    }
    return NPDE_OK;
}

/*
 * The secant method on Δ, for eigenvalues that det H hardly sees: of modes far from the reset, next to a pole of det H that hides
 * them.
 */
static npde_status secant(spectrum *z, double complex *s, int *converged)
{
    double last = INFINITY;
    double complex before = *s * (1 + 1e-7) + 1e-9, log_before, log_at;
    *converged = 0;
    npde_status status = log_delta(z, before, &log_before);
    for (int k = 0; k < ITERATIONS && !*converged && !status; k++) {
        status = log_delta(z, *s, &log_at);
        if (status) break;
        const double complex step = -(*s - before) / (1 - cexp(log_before - log_at));
        const double size = cabs(step) / (1 + cabs(*s));
        if (!isfinite(size)) break;
        before = *s;
        log_before = log_at;
        *s += step;
        *converged = settled(size, last);
        last = size;
    }
    return status == NPDE_ERR_RANGE ? NPDE_OK : status;
}

static int near(double complex a, double complex b)
{
    return cabs(a - b) < 0.02 * (1 + cabs(a));
}

static int by_real_part(const void *a, const void *b)
{
    const double complex x = *(const double complex *)a, y = *(const double complex *)b;
    return (creal(x) < creal(y)) - (creal(x) > creal(y));
}

/* Keeps a root in the upper half plane unless it is there already. */
static void keep(spectrum *z, double complex s)
{
    if (fabs(cimag(s)) < 1e-9 * (1 + cabs(s))) s = creal(s);
    if (cimag(s) < 0) s = conj(s);
    for (size_t i = 0; i < z->n_roots; i++)
        if (cabs(z->root[i] - s) < 1e-8 * (1 + cabs(s))) return;
    if (z->n_roots < z->capacity) z->root[z->n_roots++] = s;
}

/* Roots with their conjugates among the first n kept. */
static size_t weight(const spectrum *z, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += cimag(z->root[i]) > 0 ? 2 : 1;
    return sum;
}

/* Newton's method from the eigenvalues of the dense matrix, the rightmost first, until there are some to spare. */
static npde_status gather(spectrum *z, size_t wanted, size_t degree)
{
    size_t n = 0;
    double *re = NULL, *im = NULL;
    npde_status status = npde__dense_eigenvalues(&z->l, degree, &n, &re, &im);
    double complex *guess = status ? NULL : npde__alloc(z->c, n, sizeof *guess);
    double complex *root = status ? NULL : npde__alloc(z->c, n, sizeof *root);
    if (!status && (!guess || !root)) status = NPDE_ERR_MEMORY;
    if (!status) {
        for (size_t i = 0; i < n; i++) guess[i] = npde__complex_of(re[i], im[i]);
        qsort(guess, n, sizeof *guess, by_real_part);
        npde__free(z->c, z->root);
        z->root = root;
        z->n_roots = 0;
        z->capacity = n;
    } else {
        npde__free(z->c, root);
    }
    for (size_t i = 0; i < n && !status; i++) {
        int converged;
        if (cimag(guess[i]) < 0) continue;
        if (weight(z, z->n_roots) >= wanted + SPARE + z->l.n && i >= wanted + SPARE + 2 * z->l.n) break;
        double complex s = guess[i];
        status = newton(z, &s, &converged);
        if (!status && converged) keep(z, s);
        if (status || (converged && near(s, guess[i]))) continue;
        s = guess[i];
        status = secant(z, &s, &converged);
        if (!status && converged && near(s, guess[i])) keep(z, s);
    }
    npde__free(z->c, guess);
    npde__free(z->c, re);
    npde__free(z->c, im);
    if (!status) qsort(z->root, z->n_roots, sizeof *z->root, by_real_part);
    return status;
}

/* ---- the argument principle ---- */

static npde_status phase(spectrum *z, double complex s, double *out)
{
    double complex log_at = 0;
    const npde_status status = log_delta(z, s, &log_at);
    *out = cimag(log_at);
    return status;
}

static double turned(double from, double to)
{
    return remainder(to - from, 2 * pi);
}

/*
 * How far Δ turns on the straight way from a to b, in steps on which it turns little and delays turn e^{−sd} little. The phases
 * know nearly all of the turns, so that none is taken for no turn at all; only where one of their parts jumps by 2π does the
 * remainder have to do, on a short step.
 */
static npde_status follow(spectrum *z, double complex a, double complex b, double longest, double *sum)
{
    const double most = fmin(1. / PIECES, 1.5 / (longest * cabs(b - a))), least = 1e-4 * most;
    double at, next, step = most;
    npde_status status = phase(z, a, &at);
    for (double t = 0; t < 1 && !status;) {
        const double to = fmin(1, t + step);
        status = phase(z, a + to * (b - a), &next);
        const double turn = turned(at, next);
        if (fabs(turn) < 0.6 && (fabs(next - at) < 1 || step < least)) {
            *sum += turn;
            at = next;
            t = to;
            step = fmin(2 * step, most);
        } else if ((step /= 2) < 1e-6 * least) {
            return npde__fail(z->c, NPDE_ERR_RANGE,
                              "eigenvalues near s = %g%+gi cannot be counted; ask for another number of them",
                              creal(a + t * (b - a)), cimag(a + t * (b - a)));
        }
    }
    return status;
}

/* Zeros to the right of Re s = left, by the upper half of a rectangle's border; far enough to the right and up there are none. */
static npde_status count(spectrum *z, double left, double far, double *zeros)
{
    const npde_model *m = z->l.study->model;
    const double complex corner[] = {far, npde__complex_of(far, far), npde__complex_of(left, far), left};
    double sum = 0, longest = 0;
    for (size_t k = 0; k < z->l.n * z->l.n; k++)
        longest = fmax(longest, npde__model_entry(m, NPDE_MATRIX_DELAYS, k / z->l.n, k % z->l.n));
    for (size_t p = 0; p < z->l.n; p++)
        if (z->l.pop[p].refractory == NPDE_REFRACTORY_FIXED) longest = fmax(longest, z->l.pop[p].tau);
    npde_status status = NPDE_OK;
    for (int side = 0; side < 3 && !status; side++) status = follow(z, corner[side], corner[side + 1], longest, &sum);
    *zeros = sum / pi;
    return status;
}

/*
 * A radius beyond which there are no eigenvalues with Re s ≥ left: where the coupling, which falls like b N/√(a s), is less than a
 * half.
 */
static double radius(const spectrum *z, double left)
{
    const npde_model *m = z->l.study->model;
    double far = 1;
    for (size_t i = 0; i < z->n_roots; i++) far = fmax(far, 3 * cabs(z->root[i]));
    for (size_t p = 0; p < z->l.n; p++) {
        const npde__operator *op = &z->l.pop[p].passage.op;
        double sum = 0;
        for (size_t q = 0; q < z->l.n; q++)
            sum += fabs(npde__model_entry(m, NPDE_MATRIX_WEIGHTS, p, q)) *
                   exp(fmax(0, -left) * npde__model_entry(m, NPDE_MATRIX_DELAYS, p, q));
        const double strength = 2 * sum * z->l.pop[p].rate;
        far = fmax(far, strength * strength / op->diffusion[0]);
    }
    return far;
}

/* The wanted eigenvalues are there, and as many are to the right of a line just left of them as the argument principle says. */
static npde_status verify(spectrum *z, size_t wanted, int *complete)
{
    size_t kept = 0;
    double zeros;
    *complete = 0;
    while (kept < z->n_roots && weight(z, kept) < wanted) kept++;
    while (kept < z->n_roots && creal(z->root[kept]) > creal(z->root[kept - 1]) - 1e-6)
        kept++; /* no line between them */
    if (weight(z, kept) < wanted || kept == z->n_roots) return NPDE_OK;
    const double left = (creal(z->root[kept - 1]) + creal(z->root[kept])) / 2;
    const npde_status status = count(z, left, radius(z, left), &zeros);
    *complete = !status && fabs(zeros - (double)weight(z, kept)) < 0.1;
    return status;
}

/* The root nearby on the present grids; moved receives how far away it is, infinite if it is not found. */
static npde_status follow_root(spectrum *z, double complex *root, double *moved)
{
    int converged;
    double complex s = *root;
    npde_status status = newton(z, &s, &converged);
    if (!status && !(converged && near(s, *root))) {
        s = *root;
        status = secant(z, &s, &converged);
    }
    *moved = !status && converged && near(s, *root) ? cabs(s - *root) / (1 + cabs(s)) : INFINITY;
    if (isfinite(*moved)) *root = fabs(cimag(s)) < 1e-9 * (1 + cabs(s)) ? creal(s) : s;
    return status;
}

/* The same roots on ever finer grids, until the wanted ones do not move any more. */
static npde_status refine(spectrum *z, const npde__study *study, size_t index, size_t wanted)
{
    for (int level = 1; level < NPDE__DETAIL_LEVELS; level++) {
        double fast = 0, most = 0;
        for (size_t i = 0; i < z->n_roots && weight(z, i) < wanted; i++) fast = fmax(fast, cabs(z->root[i]));
        npde__linear finer;
        npde_status status = npde__linear_init(&finer, study, index, (npde__detail){fast, level});
        if (status) {
            npde__linear_free(&finer);
            return status;
        }
        npde__linear_free(&z->l);
        z->l = finer;
        for (size_t i = 0; i < z->n_roots && weight(z, i) < wanted + SPARE; i++) {
            double moved;
            status = follow_root(z, &z->root[i], &moved);
            if (status) return status;
            if (weight(z, i) < wanted) most = fmax(most, moved);
        }
        qsort(z->root, z->n_roots, sizeof *z->root, by_real_part);
        if (most < 1e-9) return NPDE_OK;
    }
    return npde__fail(
        z->c, NPDE_ERR_SIZE,
        "the %zu leading eigenvalues asked for are not resolved to 1e-9; ask for fewer, or give a grid of "
        "your own",
        wanted);
}

static npde_status solve(spectrum *z, const npde__study *study, size_t index, size_t wanted)
{
    npde_status status = npde__linear_init(&z->l, study, index, (npde__detail){0});
    const size_t n = z->l.n;
    z->h = npde__alloc(z->c, n * n, sizeof *z->h);
    z->slope = npde__alloc(z->c, n * n, sizeof *z->slope);
    z->pivots = npde__alloc(z->c, n, sizeof *z->pivots);
    if (!status && (!z->h || !z->slope || !z->pivots)) status = NPDE_ERR_MEMORY;
    for (size_t degree = DEGREE; degree <= MOST_DEGREE && !status; degree *= 2) {
        int complete = 0;
        status = gather(z, wanted, degree);
        if (!status) status = verify(z, wanted, &complete);
        if (complete) return study->given ? NPDE_OK : refine(z, study, index, wanted);
    }
    return status ? status
                  : npde__fail(z->c, NPDE_ERR_SIZE,
                               "of the %zu leading eigenvalues asked for only %zu could be found and counted; ask for "
                               "fewer",
                               wanted, weight(z, z->n_roots));
}

npde_status npde__spectrum_leading(const npde__study *study, size_t index, size_t n_pairs, double *re_im)
{
    spectrum z = {.c = study->context};
    const npde_status status = solve(&z, study, index, n_pairs);
    for (size_t i = 0, k = 0; !status && k < n_pairs; i++) {
        const double re = creal(z.root[i]), im = cimag(z.root[i]);
        re_im[2 * k] = re;
        re_im[2 * k++ + 1] = im;
        if (im == 0 || k == n_pairs) continue;
        re_im[2 * k] = re;
        re_im[2 * k++ + 1] = -im;
    }
    npde__linear_free(&z.l);
    npde__free(z.c, z.h);
    npde__free(z.c, z.slope);
    npde__free(z.c, z.pivots);
    npde__free(z.c, z.root);
    return status;
}
