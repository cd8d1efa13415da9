/* SPDX-License-Identifier: BSD-3-Clause
 * Populations that act on one another in a loop, directly or by others, have eigenvalues of their own: ordered by what acts
 * on what, the linearisation is block triangular. So every strongly connected component of the coupling is treated by itself:
 * what only feeds forward, and its delays, moves no eigenvalue.
 */
#include "analysis/spectrum.h"

#include "analysis/loop.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEGREE = 24, MOST_DEGREE = 192 };

/* ---- all components ---- */

/*
 * A line with the wanted roots to its right, and not many more: between those of neighbours that are not too close. 0 when
 * there are not enough roots.
 */
static int draw_line(const npde__spectrum *z, size_t wanted, double complex *all, double *left)
{
    size_t n = 0, sum = 0, k = 0;
    for (size_t i = 0; i < z->n_parts; i++)
        for (size_t j = 0; j < z->part[i].n_roots; j++) all[n++] = z->part[i].root[j];
    qsort(all, n, sizeof *all, npde__by_real_part);
    while (k < n && sum < wanted) sum += cimag(all[k++]) > 0 ? 2 : 1;
    if (sum < wanted) return 0;
    while (k < n && creal(all[k]) > creal(all[k - 1]) - 1e-6) k++; /* no line between them */
    if (k == n) return 0;
    const double gap = creal(all[k - 1]) - creal(all[k]); /* no further than needed: |e^{−sd}| grows to the left */
    *left = creal(all[k - 1]) - fmin(gap / 2, 0.1 * (1 + cabs(all[k - 1])));
    return 1;
}

/* How many roots are to the right of the line. */
static size_t right_of(const npde__loop *of, double left)
{
    size_t n = 0;
    while (n < of->n_roots && creal(of->root[n]) > left) n++;
    return n;
}

/* As many roots are to the right of a line just left of the wanted ones as the argument principle says. */
static npde_status verify(npde__spectrum *z, size_t wanted, int *complete)
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
        npde__loop *of = &z->part[i];
        double zeros = 0;
        const npde_status status = npde__loop_count(z, of, left, npde__loop_radius(z, of, left), &zeros);
        if (status) return status;
        of->wanted = right_of(of, left);
        of->complete = fabs(zeros - (double)npde__loop_weight(of, of->wanted)) < 0.1;
        *complete = *complete && of->complete;
    }
    return NPDE_OK;
}

/* The same roots on ever finer grids, until the wanted ones do not move any more. */
static npde_status refine(npde__spectrum *z, npde__loop *of)
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
        status = npde__loop_follow(z, of, of->wanted, &moved);
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
static npde_status find_components(npde__spectrum *z)
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
        npde__loop *of = &z->part[z->n_parts];
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

static npde_status allocate(npde__spectrum *z)
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

static npde_status incomplete(const npde__spectrum *z, size_t wanted)
{
    size_t found = 0;
    double longest = 0;
    for (size_t i = 0; i < z->n_parts; i++) {
        if (z->part[i].complete) found += npde__loop_weight(&z->part[i], z->part[i].wanted);
        longest = fmax(longest, npde__loop_longest_delay(&z->part[i]));
    }
    if (!(longest > 0))
        return npde__fail(
            z->c, NPDE_ERR_SIZE,
            "of the %zu leading eigenvalues asked for only %zu are found and sure to be all there; ask for fewer",
            wanted, found);
    return npde__fail(
        z->c, NPDE_ERR_SIZE,
        "of the %zu leading eigenvalues asked for only %zu are found and sure to be all there; ask for fewer; "
        "with delays up to %g in loops many have nearly the same real part",
        wanted, found, longest);
}

static npde_status solve(npde__spectrum *z, size_t wanted)
{
    npde_status status = find_components(z);
    if (!status) status = allocate(z);
    for (size_t i = 0; i < z->n_parts && !status; i++) {
        npde__loop *of = &z->part[i];
        status = npde__linear_init(&of->l, z->study, z->index, (npde__detail){0}, of->member, of->n);
    }
    int complete = 0;
    for (size_t degree = DEGREE; degree <= MOST_DEGREE && !status && !complete; degree *= 2) {
        for (size_t i = 0; i < z->n_parts && !status; i++)
            if (!z->part[i].complete) status = npde__loop_gather(z, &z->part[i], wanted, degree);
        if (!status) status = verify(z, wanted, &complete);
    }
    if (!status && !complete) return incomplete(z, wanted);
    for (size_t i = 0; i < z->n_parts && !status && !z->study->given; i++) status = refine(z, &z->part[i]);
    return status;
}

/* The first n_pairs of all components. */
static npde_status write(const npde__spectrum *z, size_t n_pairs, double *re_im)
{
    size_t n = 0, sum = 0;
    for (size_t i = 0; i < z->n_parts; i++) {
        n += z->part[i].wanted;
        sum += npde__loop_weight(&z->part[i], z->part[i].wanted);
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
    qsort(all, n, sizeof *all, npde__by_real_part);
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
    npde__spectrum z = {.c = study->context, .study = study, .index = index};
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
