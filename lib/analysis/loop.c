/* SPDX-License-Identifier: BSD-3-Clause
 * Guesses come from the dense matrix. With D(s) the diagonal matrix of det(sW_p − K_p), the matrix T = D H has no poles, and
 *
 *     Δ(s) = det T(s) = Π_p det(sW_p − K_p) × det H(s)
 *
 * vanishes at the eigenvalues. They are found by successive linear problems T(s) x = −θ T'(s) x, s ← s + θ with the smallest θ
 * (Ruhe, SIAM J. Numer. Anal. 10, 1973, 674), by which also multiple eigenvalues are well conditioned: a p-fold one shows as p
 * small θ. A count of the zeros of Δ by the argument principle tells whether some were not reached.
 */
#include "analysis/loop.h"

#include "analysis/dense.h"
#include "numerics/lapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { ITERATIONS = 40, SPARE = 6 };

/* Relative distances: of what is one eigenvalue found twice, and up to which a group of eigenvalues shows all at once. */
static const double same = 1e-8, group = 1e-6, difference = 1e-4;

/* ---- T and its determinant ---- */

/* H(s), and ln det(sW_p − K_p) of each population. */
static npde_status evaluate(npde__loop *z, double complex s, double complex *h, double complex *log_det)
{
    const npde_status status = npde__linear_matrix(&z->l, s, 1, h, NULL);
    for (size_t p = 0; p < z->n && !status; p++) log_det[p] = npde__passage_log_determinant(&z->l.pop[p].passage);
    return status;
}

/* ln Δ(s), up to multiples of 2πi. */
npde_status npde__loop_log_delta(npde__spectrum *z, npde__loop *of, double complex s, double complex *out)
{
    const size_t n = of->n;
    const npde_status status = evaluate(of, s, z->at, z->log_at);
    if (status) return status;
    *out = 0;
    for (size_t p = 0; p < n; p++) *out += z->log_at[p];
    if (n > 1) {
        const int order = (int)n;
        int info = 0;
        zgetrf_(&order, &order, (double *)z->at, &order, z->pivots, &info);
        for (size_t p = 0; p < n; p++)
            if (z->pivots[p] != (int)p + 1) *out += npde__complex_of(0, pi);
    }
    for (size_t p = 0; p < n; p++) *out += clog(z->at[p * n + p]);
    return isfinite(creal(*out)) && isfinite(cimag(*out))
               ? NPDE_OK
               : npde__fail(z->c, NPDE_ERR_RANGE, "det H is 0 or not finite at s = %g%+gi", creal(s), cimag(s));
}

/* ---- eigenvalues near a guess ---- */

/* Rows and columns of T and of its slope times numbers that make them of size 1: θ does not feel it, rounding does. */
static void equilibrate(npde__spectrum *z, size_t n)
{
    for (int columns = 0; columns < 2; columns++)
        for (size_t p = 0; p < n; p++) {
            const size_t first = columns ? p * n : p, stride = columns ? 1 : n;
            double most = 0;
            for (size_t q = 0; q < n; q++)
                most = fmax(most, cabs(z->left[first + q * stride]) + cabs(z->slope[first + q * stride]));
            for (size_t q = 0; q < n && most > 0; q++) {
                z->left[first + q * stride] /= most;
                z->slope[first + q * stride] /= most;
            }
        }
}

/* All θ of left x = −θ slope x into alpha; infinite ones where there are none. */
static int solve_pencil(npde__spectrum *z, size_t n)
{
    if (n == 1) {
        z->alpha[0] = -z->left[0] / z->slope[0];
        return 1;
    }
    for (size_t k = 0; k < n * n; k++)
        if (!isfinite(cabs(z->left[k])) || !isfinite(cabs(z->slope[k]))) return 0;
    equilibrate(z, n);
    const int order = (int)n, one = 1, length = (int)(8 * n);
    int info = 0;
    double none[2] = {0};
    zggev_("N", "N", &order, (double *)z->left, &order, (double *)z->slope, &order, (double *)z->alpha,
           (double *)z->beta, none, &one, none, &one, (double *)z->work, &length, z->real_work, &info, 1, 1);
    for (size_t k = 0; k < n; k++) z->alpha[k] = z->beta[k] == 0 ? INFINITY : -z->alpha[k] / z->beta[k];
    return !info;
}

/* slope += part × (T − T before)/apart, in units of the determinants where T is. */
static void add_difference(npde__spectrum *z, size_t n, double part, double complex apart)
{
    for (size_t p = 0; p < n; p++) {
        const double complex grown = cexp(z->log_before[p] - z->log_at[p]);
        for (size_t k = p; k < n * n; k += n) z->slope[k] += part * (z->at[k] - grown * z->before[k]) / apart;
    }
}

static void begin_problem(npde__spectrum *z, size_t n)
{
    memcpy(z->left, z->at, n * n * sizeof *z->left);
    memset(z->slope, 0, n * n * sizeof *z->slope);
}

static int near(double complex a, double complex b, double distance)
{
    return cabs(a - b) < distance * (1 + cabs(a));
}

/* Steps are as small as rounding lets them be. */
static int settled(double size, double last)
{
    return size < 1e-15 || (size < 1e-9 && size >= last / 2);
}

static void swap(double complex **a, double complex **b)
{
    double complex *const t = *a;
    *a = *b;
    *b = t;
}

/* From s to an eigenvalue, by secants of T. */
static npde_status improve(npde__spectrum *z, npde__loop *of, double complex *s, int *converged)
{
    double last = INFINITY;
    double complex before = *s * (1 + 1e-7) + 1e-9;
    *converged = 0;
    npde_status status = evaluate(of, before, z->before, z->log_before);
    for (int k = 0; k < ITERATIONS && !*converged && !status; k++) {
        status = evaluate(of, *s, z->at, z->log_at);
        if (status) break;
        begin_problem(z, of->n);
        add_difference(z, of->n, 1, *s - before);
        if (!solve_pencil(z, of->n)) break;
        double complex step = INFINITY;
        for (size_t i = 0; i < of->n; i++)
            if (cabs(z->alpha[i]) < cabs(step)) step = z->alpha[i];
        const double size = cabs(step) / (1 + cabs(*s));
        if (!isfinite(size)) break;
        const double apart = cabs(*s - before) / (1 + cabs(*s));
        before = *s;
        *s += step;
        /* The slope from afar may be any: e^{−sd} grows fast. From nearby it leaves an error of about size × apart. */
        *converged = apart < difference && (size * apart < 1e-16 || settled(size, last));
        last = size;
        swap(&z->at, &z->before);
        swap(&z->log_at, &z->log_before);
    }
    return status == NPDE_ERR_RANGE ? NPDE_OK : status; /* on an eigenvalue of K to the last bit: given up */
}

/* All θ at s, with a central difference: s + θ are eigenvalues to θ². */
static npde_status look_around(npde__spectrum *z, npde__loop *of, double complex s, int *known)
{
    const size_t n = of->n;
    const double h = difference * (1 + cabs(s));
    npde_status status = evaluate(of, s, z->at, z->log_at);
    begin_problem(z, n);
    for (int side = -1; side <= 1 && !status; side += 2) {
        status = evaluate(of, s + side * h, z->before, z->log_before);
        if (!status) add_difference(z, n, 0.5, -side * h);
    }
    *known = !status && solve_pencil(z, n);
    return status == NPDE_ERR_RANGE ? NPDE_OK : status;
}

int npde__by_real_part(const void *a, const void *b)
{
    const double complex x = *(const double complex *)a, y = *(const double complex *)b;
    return (creal(x) < creal(y)) - (creal(x) > creal(y));
}

/* In the upper half plane; real when the imaginary part is rounding. */
static double complex upper(double complex s)
{
    if (fabs(cimag(s)) < 1e-9 * (1 + cabs(s))) return creal(s);
    return cimag(s) < 0 ? conj(s) : s;
}

static void keep(npde__loop *of, double complex s)
{
    if (of->n_roots < of->capacity) of->root[of->n_roots++] = s;
}

static int is_kept(const npde__loop *of, double complex s)
{
    for (size_t i = 0; i < of->n_roots; i++)
        if (near(s, of->root[i], same)) return 1;
    return 0;
}

/*
 * Keeps the eigenvalue s and those next to it unless they are there already. With several populations it may be multiple: then as
 * many are kept as there are small θ.
 */
static npde_status collect(npde__spectrum *z, npde__loop *of, double complex s)
{
    s = upper(s);
    if (is_kept(of, s)) return NPDE_OK; /* with all that are near */
    if (of->n == 1) {
        keep(of, s);
        return NPDE_OK;
    }
    int known;
    const npde_status status = look_around(z, of, s, &known);
    if (status) return status;
    const size_t before = of->n_roots;
    for (size_t k = 0; known && k < of->n; k++) {
        const double complex there = s + z->alpha[k];
        if (!(cabs(z->alpha[k]) < group * (1 + cabs(s))) || cimag(there) < -1e-9 * (1 + cabs(s))) continue;
        size_t i = 0;
        while (i < before && !near(there, of->root[i], same)) i++;
        if (i == before) keep(of, upper(there));
    }
    if (of->n_roots == before) keep(of, s);
    return NPDE_OK;
}

/* Roots with their conjugates among the first n kept. */
size_t npde__loop_weight(const npde__loop *of, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += cimag(of->root[i]) > 0 ? 2 : 1;
    return sum;
}

static npde_status reserve(npde__spectrum *z, npde__loop *of, size_t capacity)
{
    npde__free(z->c, of->root);
    of->root = npde__alloc(z->c, capacity, sizeof *of->root);
    of->n_roots = 0;
    of->capacity = of->root ? capacity : 0;
    return of->root ? NPDE_OK : NPDE_ERR_MEMORY;
}

/* From the eigenvalues of the dense matrix, the rightmost first, until there are some to spare. */
npde_status npde__loop_gather(npde__spectrum *z, npde__loop *of, size_t wanted, size_t degree)
{
    size_t n = 0;
    double *re = NULL, *im = NULL;
    npde_status status = npde__dense_eigenvalues(&of->l, degree, &n, &re, &im);
    double complex *guess = status ? NULL : npde__alloc(z->c, n, sizeof *guess);
    if (!status && !guess) status = NPDE_ERR_MEMORY;
    if (!status) status = reserve(z, of, n + of->n);
    if (!status) {
        for (size_t i = 0; i < n; i++) guess[i] = npde__complex_of(re[i], im[i]);
        qsort(guess, n, sizeof *guess, npde__by_real_part);
    }
    for (size_t i = 0; i < n && !status; i++) {
        int converged;
        if (cimag(guess[i]) < 0) continue;
        if (npde__loop_weight(of, of->n_roots) >= wanted + SPARE + of->n && i >= wanted + SPARE + 2 * of->n) break;
        double complex s = guess[i];
        status = improve(z, of, &s, &converged);
        if (!status && converged) status = collect(z, of, s);
    }
    npde__free(z->c, guess);
    npde__free(z->c, re);
    npde__free(z->c, im);
    if (!status) qsort(of->root, of->n_roots, sizeof *of->root, npde__by_real_part);
    return status;
}

/* Moves the roots, of which the first `wanted` must be met, to the present grids; moved receives how far they were away. */
npde_status npde__loop_follow(npde__spectrum *z, npde__loop *of, size_t wanted, double *moved)
{
    const size_t n = of->n_roots;
    double complex *old = of->root;
    of->root = NULL;
    *moved = 0;
    npde_status status = reserve(z, of, 2 * n + of->n);
    for (size_t i = 0; i < n && !status; i++) {
        int converged;
        double complex s = old[i];
        status = improve(z, of, &s, &converged);
        if (!status && converged && near(s, old[i], 0.02)) status = collect(z, of, s);
    }
    for (size_t i = 0; i < n && !status; i++) { /* each old root takes the nearest new one, once */
        size_t nearest = i;
        for (size_t k = i; k < of->n_roots; k++)
            if (nearest >= of->n_roots || cabs(of->root[k] - old[i]) < cabs(of->root[nearest] - old[i])) nearest = k;
        if (nearest < of->n_roots && near(of->root[nearest], old[i], 0.02)) {
            const double complex met = of->root[nearest];
            of->root[nearest] = of->root[i];
            of->root[i] = met;
            if (i < wanted) *moved = fmax(*moved, cabs(met - old[i]) / (1 + cabs(met)));
        } else {
            for (size_t k = of->n_roots; k > i; k--) of->root[k] = of->root[k - 1];
            of->root[i] = old[i];
            of->n_roots++;
            if (i < wanted) *moved = INFINITY;
        }
    }
    npde__free(z->c, old);
    if (!status) of->n_roots = n;
    if (!status) qsort(of->root, of->n_roots, sizeof *of->root, npde__by_real_part);
    return status;
}
