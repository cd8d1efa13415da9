/* SPDX-License-Identifier: BSD-3-Clause
 * Populations that act on one another in a loop, directly or by others, have eigenvalues of their own: ordered by what acts
 * on what, the linearisation is block triangular. So every strongly connected component of the coupling is treated by itself:
 * what only feeds forward, and its delays, moves no eigenvalue.
 *
 * Guesses come from the dense matrix. With D(s) the diagonal matrix of det(sW_p − K_p), the matrix T = D H has no poles, and
 *
 *     Δ(s) = det T(s) = Π_p det(sW_p − K_p) × det H(s)
 *
 * vanishes at the eigenvalues. They are found by successive linear problems T(s) x = −θ T'(s) x, s ← s + θ with the smallest θ
 * (Ruhe, SIAM J. Numer. Anal. 10, 1973, 674), by which also multiple eigenvalues are well conditioned: a p-fold one shows as p
 * small θ. A count of the zeros of Δ by the argument principle tells whether some were not reached.
 */
#include "analysis/spectrum.h"

#include "analysis/dense.h"
#include "numerics/lapack.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { ITERATIONS = 40, SPARE = 6, PIECES = 24, DEGREE = 24, MOST_DEGREE = 192 };
enum { MOST_EVALUATIONS = 200000 }; /* of Δ, to count zeros: some seconds for each population */

/* Relative distances: of what is one eigenvalue found twice, and up to which a group of eigenvalues shows all at once. */
static const double same = 1e-8, group = 1e-6, difference = 1e-4;

/* A strongly connected component. */
typedef struct {
    npde__linear l;
    size_t *member, n;
    double complex *root; /* found so far, none with a negative imaginary part, descending */
    size_t n_roots, capacity;
    size_t wanted; /* how many of them, the first, are asked for */
    size_t evaluations;
    int complete; /* as many are wanted as there are */
} component;

typedef struct {
    npde_context *c;
    const npde__study *study;
    size_t index;
    size_t *member; /* by component */
    component *part;
    size_t n_parts;
    /* Of the largest component: T there and before, work space of n × n, ln det of the populations there and before. */
    double complex *at, *before, *slope, *left, *log_at, *log_before, *alpha, *beta, *work;
    double *real_work;
    int *pivots;
} spectrum;

/* ---- T and its determinant ---- */

/* H(s), and ln det(sW_p − K_p) of each population. */
static npde_status evaluate(component *z, double complex s, double complex *h, double complex *log_det)
{
    const npde_status status = npde__linear_matrix(&z->l, s, 1, h, NULL);
    for (size_t p = 0; p < z->n && !status; p++) log_det[p] = npde__passage_log_determinant(&z->l.pop[p].passage);
    return status;
}

/* ln Δ(s), up to multiples of 2πi. */
static npde_status log_delta(spectrum *z, component *of, double complex s, double complex *out)
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
static void equilibrate(spectrum *z, size_t n)
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
static int solve_pencil(spectrum *z, size_t n)
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
static void add_difference(spectrum *z, size_t n, double part, double complex apart)
{
    for (size_t p = 0; p < n; p++) {
        const double complex grown = cexp(z->log_before[p] - z->log_at[p]);
        for (size_t k = p; k < n * n; k += n) z->slope[k] += part * (z->at[k] - grown * z->before[k]) / apart;
    }
}

static void begin_problem(spectrum *z, size_t n)
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
static npde_status improve(spectrum *z, component *of, double complex *s, int *converged)
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
static npde_status look_around(spectrum *z, component *of, double complex s, int *known)
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

static int by_real_part(const void *a, const void *b)
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

static void keep(component *of, double complex s)
{
    if (of->n_roots < of->capacity) of->root[of->n_roots++] = s;
}

static int is_kept(const component *of, double complex s)
{
    for (size_t i = 0; i < of->n_roots; i++)
        if (near(s, of->root[i], same)) return 1;
    return 0;
}

/*
 * Keeps the eigenvalue s and those next to it unless they are there already. With several populations it may be multiple: then as
 * many are kept as there are small θ.
 */
static npde_status collect(spectrum *z, component *of, double complex s)
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
static size_t weight(const component *of, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += cimag(of->root[i]) > 0 ? 2 : 1;
    return sum;
}

static npde_status reserve(spectrum *z, component *of, size_t capacity)
{
    npde__free(z->c, of->root);
    of->root = npde__alloc(z->c, capacity, sizeof *of->root);
    of->n_roots = 0;
    of->capacity = of->root ? capacity : 0;
    return of->root ? NPDE_OK : NPDE_ERR_MEMORY;
}

/* From the eigenvalues of the dense matrix, the rightmost first, until there are some to spare. */
static npde_status gather(spectrum *z, component *of, size_t wanted, size_t degree)
{
    size_t n = 0;
    double *re = NULL, *im = NULL;
    npde_status status = npde__dense_eigenvalues(&of->l, degree, &n, &re, &im);
    double complex *guess = status ? NULL : npde__alloc(z->c, n, sizeof *guess);
    if (!status && !guess) status = NPDE_ERR_MEMORY;
    if (!status) status = reserve(z, of, n + of->n);
    if (!status) {
        for (size_t i = 0; i < n; i++) guess[i] = npde__complex_of(re[i], im[i]);
        qsort(guess, n, sizeof *guess, by_real_part);
    }
    for (size_t i = 0; i < n && !status; i++) {
        int converged;
        if (cimag(guess[i]) < 0) continue;
        if (weight(of, of->n_roots) >= wanted + SPARE + of->n && i >= wanted + SPARE + 2 * of->n) break;
        double complex s = guess[i];
        status = improve(z, of, &s, &converged);
        if (!status && converged) status = collect(z, of, s);
    }
    npde__free(z->c, guess);
    npde__free(z->c, re);
    npde__free(z->c, im);
    if (!status) qsort(of->root, of->n_roots, sizeof *of->root, by_real_part);
    return status;
}

/* ---- the argument principle ---- */

static npde_status too_long(const spectrum *z, const component *of, double longest)
{
    return npde__fail(
        z->c, NPDE_ERR_TOO_MANY_STEPS,
        "population %zu and those it is in a loop with, of delays up to %g: eigenvalues as far to the left "
        "cannot be counted in %d steps; ask for fewer of them, or take shorter delays",
        of->member[0], longest, (int)MOST_EVALUATIONS);
}

static npde_status phase(spectrum *z, component *of, double complex s, double *out)
{
    double complex log_at = 0;
    const npde_status status = log_delta(z, of, s, &log_at);
    of->evaluations++;
    *out = cimag(log_at);
    return status;
}

static double turned(double from, double to)
{
    return remainder(to - from, 2 * pi);
}

/* To the nearest root that is known. */
static double distance(const component *of, double complex s)
{
    double least = INFINITY;
    for (size_t i = 0; i < of->n_roots; i++)
        least = fmin(least, fmin(cabs(s - of->root[i]), cabs(s - conj(of->root[i]))));
    return least;
}

/*
 * How far Δ turns on the straight way from a to b, in steps on which it turns little, delays turn e^{−sd} little, and no
 * known root, which may be multiple, is passed at once. The phases know nearly all of the turns, so that none is taken for no
 * turn at all; only where one of their parts jumps by 2π does the remainder have to do, on a short step.
 */
static npde_status follow(spectrum *z, component *of, double complex a, double complex b, double longest, double *sum)
{
    const double most = fmin(1. / PIECES, 1.5 / (longest * cabs(b - a))), least = 1e-4 * most;
    double at, next, step = most;
    npde_status status = phase(z, of, a, &at);
    for (double t = 0; t < 1 && !status;) {
        if (of->evaluations > MOST_EVALUATIONS) return too_long(z, of, longest);
        const double to = fmin(1, t + fmin(step, 0.25 * distance(of, a + t * (b - a)) / cabs(b - a)));
        status = phase(z, of, a + to * (b - a), &next);
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

static double longest_delay(const component *of)
{
    double longest = 0;
    for (size_t k = 0; k < of->n * of->n; k++)
        longest = fmax(longest, npde__linear_entry(&of->l, NPDE_MATRIX_DELAYS, k / of->n, k % of->n));
    for (size_t p = 0; p < of->n; p++)
        if (of->l.pop[p].refractory == NPDE_REFRACTORY_FIXED) longest = fmax(longest, of->l.pop[p].tau);
    return longest;
}

/*
 * Zeros to the right of Re s = left, by the upper half of a rectangle's border; far enough to the right and up there are
 * none.
 */
static npde_status count(spectrum *z, component *of, double left, double far, double *zeros)
{
    const double complex corner[] = {far, npde__complex_of(far, far), npde__complex_of(left, far), left};
    const double longest = longest_delay(of);
    double sum = 0;
    of->evaluations = 0;
    if (!isfinite(far))
        return npde__fail(
            z->c, NPDE_ERR_SIZE,
            "population %zu and those it is in a loop with: noise that answers with a delay has infinitely many "
            "eigenvalues about as far to the left as %g; ask for fewer",
            of->member[0], left);
    if (!(3 * far * longest < MOST_EVALUATIONS)) return too_long(z, of, longest);
    npde_status status = NPDE_OK;
    for (int side = 0; side < 3 && !status; side++)
        status = follow(z, of, corner[side], corner[side + 1], longest, &sum);
    *zeros = sum / pi;
    return status;
}

/*
 * A bound of |D_pq| for |s| = far, Re s ≥ left: the answer to drive falls like N/√(a s), that to noise tends to N/a, both to within
 * less than as much again at the frequencies where they are small.
 */
static double strength(const component *of, double left, double far, size_t p, size_t q)
{
    const npde__linear_population *pop = &of->l.pop[p];
    const double a = pop->passage.op.diffusion[0],
                 drive = fabs(npde__linear_entry(&of->l, NPDE_MATRIX_WEIGHTS, p, q)) * pop->rate / sqrt(a),
                 noise = npde__linear_entry(&of->l, NPDE_MATRIX_NOISE_WEIGHTS, p, q) * pop->rate / a;
    return (2 * drive / sqrt(far) + noise * (1 + 4 / sqrt(far))) *
           exp(fmax(0, -left) * npde__linear_entry(&of->l, NPDE_MATRIX_DELAYS, p, q));
}

/* The spectral radius of these bounds or more: max (|D| x)_p/x_p for an x > 0, what a power iteration makes of 1. */
static double loop_strength(const spectrum *z, const component *of, double left, double far)
{
    enum { POWERS = 20 };
    double most = 0, *x = z->real_work, *next = x + of->n;
    for (size_t p = 0; p < of->n; p++) x[p] = 1;
    for (int k = 0; k < POWERS; k++) {
        double size = 0;
        most = 0;
        for (size_t p = 0; p < of->n; p++) {
            next[p] = 0;
            for (size_t q = 0; q < of->n; q++) next[p] += strength(of, left, far, p, q) * x[q];
            most = fmax(most, next[p] / x[p]);
        }
        for (size_t p = 0; p < of->n; p++) size = fmax(size, next[p] += 0.1 * most * x[p]);
        for (size_t p = 0; p < of->n && size > 0; p++) x[p] = next[p] / size;
    }
    return most;
}

/*
 * A radius beyond which there are no eigenvalues with Re s ≥ left, because no loop is as strong as 1; infinite if there is
 * none.
 */
static double radius(const spectrum *z, const component *of, double left)
{
    double far = 1;
    for (size_t i = 0; i < of->n_roots; i++) far = fmax(far, 3 * cabs(of->root[i]));
    while (isfinite(far) && !(loop_strength(z, of, left, far) < 1)) far = far < 1e30 ? 1.5 * far : INFINITY;
    return far;
}

/* ---- all components ---- */

/*
 * A line with the wanted roots to its right, and not many more: between those of neighbours that are not too close. 0 when
 * there are not enough roots.
 */
static int draw_line(const spectrum *z, size_t wanted, double complex *all, double *left)
{
    size_t n = 0, sum = 0, k = 0;
    for (size_t i = 0; i < z->n_parts; i++)
        for (size_t j = 0; j < z->part[i].n_roots; j++) all[n++] = z->part[i].root[j];
    qsort(all, n, sizeof *all, by_real_part);
    while (k < n && sum < wanted) sum += cimag(all[k++]) > 0 ? 2 : 1;
    if (sum < wanted) return 0;
    while (k < n && creal(all[k]) > creal(all[k - 1]) - 1e-6) k++; /* no line between them */
    if (k == n) return 0;
    const double gap = creal(all[k - 1]) - creal(all[k]); /* no further than needed: |e^{−sd}| grows to the left */
    *left = creal(all[k - 1]) - fmin(gap / 2, 0.1 * (1 + cabs(all[k - 1])));
    return 1;
}

/* How many roots are to the right of the line. */
static size_t right_of(const component *of, double left)
{
    size_t n = 0;
    while (n < of->n_roots && creal(of->root[n]) > left) n++;
    return n;
}

/* As many roots are to the right of a line just left of the wanted ones as the argument principle says. */
static npde_status verify(spectrum *z, size_t wanted, int *complete)
{
    double left;
    size_t n = 0;
    *complete = 0;
    for (size_t i = 0; i < z->n_parts; i++) n += z->part[i].n_roots;
    double complex *all = npde__alloc(z->c, n + 1, sizeof *all);
    if (!all) return NPDE_ERR_MEMORY;
    const int drawn = draw_line(z, wanted, all, &left);
    npde__free(z->c, all);
    if (!drawn) return NPDE_OK;
    *complete = 1;
    for (size_t i = 0; i < z->n_parts; i++) {
        component *of = &z->part[i];
        double zeros = 0;
        const npde_status status = count(z, of, left, radius(z, of, left), &zeros);
        if (status) return status;
        of->wanted = right_of(of, left);
        of->complete = fabs(zeros - (double)weight(of, of->wanted)) < 0.1;
        *complete = *complete && of->complete;
    }
    return NPDE_OK;
}

/* Moves the roots, of which the first `wanted` must be met, to the present grids; moved receives how far they were away. */
static npde_status follow_roots(spectrum *z, component *of, size_t wanted, double *moved)
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
    if (!status) qsort(of->root, of->n_roots, sizeof *of->root, by_real_part);
    return status;
}

/* The same roots on ever finer grids, until the wanted ones do not move any more. */
static npde_status refine(spectrum *z, component *of)
{
    for (int level = 1; level < NPDE__DETAIL_LEVELS && of->wanted > 0; level++) {
        double fast = 0, moved;
        for (size_t i = 0; i < of->wanted; i++) fast = fmax(fast, cabs(of->root[i]));
        npde__linear finer;
        npde_status status =
            npde__linear_init(&finer, z->study, z->index, (npde__detail){fast, level}, of->member, of->n);
        if (status) {
            npde__linear_free(&finer);
            return status;
        }
        npde__linear_free(&of->l);
        of->l = finer;
        status = follow_roots(z, of, of->wanted, &moved);
        if (status || moved < 1e-9) return status;
    }
    return !of->wanted ? NPDE_OK
                       : npde__fail(z->c, NPDE_ERR_SIZE,
                                    "the leading eigenvalues asked for, %zu of population %zu among them, are not "
                                    "resolved to 1e-9; ask for fewer, or give a grid of your own",
                                    of->wanted, of->member[0]);
}

/* ---- components ---- */

static int acts(const npde_model *m, size_t p, size_t q)
{
    return npde__model_entry(m, NPDE_MATRIX_WEIGHTS, p, q) != 0 ||
           npde__model_entry(m, NPDE_MATRIX_NOISE_WEIGHTS, p, q) != 0;
}

/* Marks all populations that act on `from`, or that it acts on, directly or by others that belong to no component yet. */
static void reach(const npde_model *m, size_t from, int back, const size_t *owner, size_t *queue, unsigned char *mark)
{
    const unsigned char bit = back ? 1 : 2;
    size_t head = 0, tail = 0;
    queue[tail++] = from;
    mark[from] |= bit;
    while (head < tail) {
        const size_t p = queue[head++];
        for (size_t q = 0; q < m->n_pop; q++) {
            if (mark[q] & bit || owner[q] != SIZE_MAX || !(back ? acts(m, p, q) : acts(m, q, p))) continue;
            mark[q] |= bit;
            queue[tail++] = q;
        }
    }
}

/* The strongly connected components: what a population reaches and what reaches it. */
static npde_status find_components(spectrum *z)
{
    const npde_model *m = z->study->model;
    const size_t n = m->n_pop;
    size_t *owner = npde__alloc(z->c, n, sizeof *owner), *queue = npde__alloc(z->c, n, sizeof *queue), at = 0;
    unsigned char *mark = npde__alloc(z->c, n, 1);
    z->member = npde__alloc(z->c, n, sizeof *z->member);
    z->part = npde__alloc(z->c, n, sizeof *z->part);
    const int ok = owner && queue && mark && z->member && z->part;
    for (size_t p = 0; ok && p < n; p++) owner[p] = SIZE_MAX;
    for (size_t p = 0; ok && p < n; p++) {
        if (owner[p] != SIZE_MAX) continue;
        component *of = &z->part[z->n_parts];
        of->member = z->member + at;
        memset(mark, 0, n);
        mark[p] = 3;
        for (int back = 0; m->kind->coupled && back < 2; back++) reach(m, p, back, owner, queue, mark);
        for (size_t q = p; q < n; q++) {
            if (mark[q] != 3) continue;
            owner[q] = z->n_parts;
            of->member[of->n++] = q;
        }
        at += of->n;
        z->n_parts++;
    }
    void *const blocks[] = {owner, queue, mark};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(z->c, blocks[i]);
    return ok ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status allocate(spectrum *z)
{
    size_t n = 0;
    for (size_t i = 0; i < z->n_parts; i++) n = z->part[i].n > n ? z->part[i].n : n;
    double complex **const arrays[] = {&z->at,         &z->before, &z->slope, &z->left, &z->log_at,
                                       &z->log_before, &z->alpha,  &z->beta,  &z->work};
    const size_t sizes[] = {n * n, n * n, n * n, n * n, n, n, n, n, 8 * n};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!(*arrays[i] = npde__alloc(z->c, sizes[i], sizeof(double complex)))) return NPDE_ERR_MEMORY;
    z->real_work = npde__alloc(z->c, 8 * n, sizeof *z->real_work);
    z->pivots = npde__alloc(z->c, n, sizeof *z->pivots);
    return z->real_work && z->pivots ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status incomplete(const spectrum *z, size_t wanted)
{
    char delays[96] = "";
    size_t found = 0;
    double longest = 0;
    for (size_t i = 0; i < z->n_parts; i++) {
        found += weight(&z->part[i], z->part[i].n_roots);
        longest = fmax(longest, longest_delay(&z->part[i]));
    }
    if (longest > 0)
        snprintf(delays, sizeof delays, "; with delays up to %g in loops many have nearly the same real part", longest);
    return npde__fail(z->c, NPDE_ERR_SIZE,
                      "of the %zu leading eigenvalues asked for only %zu could be found and counted; ask for fewer%s",
                      wanted, found, delays);
}

static npde_status solve(spectrum *z, size_t wanted)
{
    npde_status status = find_components(z);
    if (!status) status = allocate(z);
    for (size_t i = 0; i < z->n_parts && !status; i++) {
        component *of = &z->part[i];
        status = npde__linear_init(&of->l, z->study, z->index, (npde__detail){0}, of->member, of->n);
    }
    int complete = 0;
    for (size_t degree = DEGREE; degree <= MOST_DEGREE && !status && !complete; degree *= 2) {
        for (size_t i = 0; i < z->n_parts && !status; i++)
            if (!z->part[i].complete) status = gather(z, &z->part[i], wanted, degree);
        if (!status) status = verify(z, wanted, &complete);
    }
    if (!status && !complete) return incomplete(z, wanted);
    for (size_t i = 0; i < z->n_parts && !status && !z->study->given; i++) status = refine(z, &z->part[i]);
    return status;
}

/* The first n_pairs of all components. */
static npde_status write(const spectrum *z, size_t n_pairs, double *re_im)
{
    size_t n = 0, sum = 0;
    for (size_t i = 0; i < z->n_parts; i++) {
        n += z->part[i].wanted;
        sum += weight(&z->part[i], z->part[i].wanted);
    }
    if (sum < n_pairs)
        return npde__fail(
            z->c, NPDE_ERR_SIZE,
            "a pair of eigenvalues is complex on one grid and real on a finer one; give a grid of your own");
    double complex *all = npde__alloc(z->c, n, sizeof *all);
    if (!all) return NPDE_ERR_MEMORY;
    n = 0;
    for (size_t i = 0; i < z->n_parts; i++)
        for (size_t k = 0; k < z->part[i].wanted; k++) all[n++] = z->part[i].root[k];
    qsort(all, n, sizeof *all, by_real_part);
    for (size_t i = 0, k = 0; k < n_pairs; i++) {
        const double re = creal(all[i]), im = cimag(all[i]);
        re_im[2 * k] = re;
        re_im[2 * k++ + 1] = im;
        if (im == 0 || k == n_pairs) continue;
        re_im[2 * k] = re;
        re_im[2 * k++ + 1] = -im;
    }
    npde__free(z->c, all);
    return NPDE_OK;
}

npde_status npde__spectrum_leading(const npde__study *study, size_t index, size_t n_pairs, double *re_im)
{
    spectrum z = {.c = study->context, .study = study, .index = index};
    npde_status status = solve(&z, n_pairs);
    if (!status) status = write(&z, n_pairs, re_im);
    for (size_t i = 0; i < z.n_parts; i++) {
        npde__linear_free(&z.part[i].l);
        npde__free(z.c, z.part[i].root);
    }
    void *const blocks[] = {z.member,     z.part,  z.at,   z.before, z.slope,     z.left,  z.log_at,
                            z.log_before, z.alpha, z.beta, z.work,   z.real_work, z.pivots};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(z.c, blocks[i]);
    return status;
}
