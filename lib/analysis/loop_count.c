/* SPDX-License-Identifier: BSD-3-Clause
 * The zeros of Δ (loop.c) to the right of a line, by the argument principle. */
#include "analysis/loop.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

enum { PIECES = 24, MOST_EVALUATIONS = 200000 }; /* of Δ, to count zeros: some seconds for each population */

static npde_status too_long(const npde__spectrum *z, const npde__loop *of, double longest)
{
    return npde__fail(
        z->c, NPDE_ERR_TOO_MANY_STEPS,
        "population %zu and those it is in a loop with, of delays up to %g: eigenvalues as far to the left "
        "cannot be counted in %d steps; ask for fewer of them, or take shorter delays",
        of->member[0], longest, (int)MOST_EVALUATIONS);
}

static npde_status phase(npde__spectrum *z, npde__loop *of, double complex s, double *out)
{
    double complex log_at = 0;
    const npde_status status = npde__loop_log_delta(z, of, s, &log_at);
    of->evaluations++;
    *out = cimag(log_at);
    return status;
}

static double turned(double from, double to)
{
    return remainder(to - from, 2 * pi);
}

/* To the nearest root that is known. */
static double distance(const npde__loop *of, double complex s)
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
static npde_status follow(npde__spectrum *z, npde__loop *of, double complex a, double complex b, double longest,
                          double *sum)
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

double npde__loop_longest_delay(const npde__loop *of)
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
npde_status npde__loop_count(npde__spectrum *z, npde__loop *of, double left, double far, double *zeros)
{
    const double complex corner[] = {far, npde__complex_of(far, far), npde__complex_of(left, far), left};
    const double longest = npde__loop_longest_delay(of);
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

/* ∫ κ |∂_v² P| dv of a random threshold: the answer to noise falls like this over s, because nobody is where all fire at once. */
static double curving(const npde__linear_population *pop)
{
    const npde__passage *p = &pop->passage;
    double sum = 0;
    for (size_t i = p->stencil->c_first; i < p->n; i++)
        sum += fabs(p->op.c[i - p->stencil->c_first] * p->by_diffusion[i]) / p->grid->w[i];
    return pop->mass * sum;
}

/*
 * A bound of |D_pq| for |s| = far, Re s ≥ left: the answer to drive falls like N/√(a s) or faster, that to noise of a sharp
 * threshold tends to N/a, all to within less than as much again at the frequencies where they are small.
 */
static double strength(const npde__loop *of, double left, double far, size_t p, size_t q)
{
    const npde__linear_population *pop = &of->l.pop[p];
    const double a = pop->passage.op.diffusion[0],
                 drive = fabs(npde__linear_entry(&of->l, NPDE_MATRIX_WEIGHTS, p, q)) * pop->rate / sqrt(a),
                 noise = npde__linear_entry(&of->l, NPDE_MATRIX_NOISE_WEIGHTS, p, q);
    double answer = pop->rate / a * (1 + 4 / sqrt(far));
    if (noise > 0 && !pop->passage.stencil->absorbing) answer = fmin(answer, 3 * curving(pop) / far);
    return (2 * drive / sqrt(far) + noise * answer) *
           exp(fmax(0, -left) * npde__linear_entry(&of->l, NPDE_MATRIX_DELAYS, p, q));
}

/* The spectral radius of these bounds or more: max (|D| x)_p/x_p for an x > 0, what a power iteration makes of 1. */
static double loop_strength(const npde__spectrum *z, const npde__loop *of, double left, double far)
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
double npde__loop_radius(const npde__spectrum *z, const npde__loop *of, double left)
{
    double far = 1;
    for (size_t i = 0; i < of->n_roots; i++) far = fmax(far, 3 * cabs(of->root[i]));
    while (isfinite(far) && !(loop_strength(z, of, left, far) < 1)) far = far < 1e30 ? 1.5 * far : INFINITY;
    return far;
}
