/* SPDX-License-Identifier: BSD-3-Clause
 * The eigenvalues of populations that act on one another in a loop: found (loop.c) and counted (loop_count.c). */
#ifndef NPDE_ANALYSIS_LOOP_H
#define NPDE_ANALYSIS_LOOP_H

#include "analysis/linear.h"

/* A strongly connected component. */
typedef struct {
    npde__linear l;
    size_t *member, n;
    double complex *root; /* found so far, none with a negative imaginary part, descending */
    size_t n_roots, capacity;
    size_t wanted; /* how many of them, the first, are asked for */
    size_t evaluations;
    int complete; /* as many are wanted as there are */
} npde__loop;

typedef struct {
    npde_context *c;
    const npde__study *study;
    size_t index;
    size_t *member; /* by component */
    npde__loop *part;
    size_t n_parts;
    /* Of the largest component: T there and before, work space of n × n, ln det of the populations there and before. */
    double complex *at, *before, *slope, *left, *log_at, *log_before, *alpha, *beta, *work;
    double *real_work;
    int *pivots;
} npde__spectrum;

/* ln Δ(s), up to multiples of 2πi. */
npde_status npde__loop_log_delta(npde__spectrum *z, npde__loop *of, double complex s, double complex *out);
/* For qsort: descending real parts. */
int npde__by_real_part(const void *a, const void *b);
/* Roots with their conjugates among the first n kept. */
size_t npde__loop_weight(const npde__loop *of, size_t n);
/* From the eigenvalues of the dense matrix, the rightmost first, until there are some to spare. */
npde_status npde__loop_gather(npde__spectrum *z, npde__loop *of, size_t wanted, size_t degree);
/* Moves the roots, of which the first `wanted` must be met, to the present grids; moved receives how far they were away. */
npde_status npde__loop_follow(npde__spectrum *z, npde__loop *of, size_t wanted, double *moved);
double npde__loop_longest_delay(const npde__loop *of);
/* A radius beyond which there are no eigenvalues with Re s ≥ left, because no loop is as strong as 1; infinite if there is none. */
double npde__loop_radius(const npde__spectrum *z, const npde__loop *of, double left);
/* Zeros of Δ to the right of Re s = left and within far. */
npde_status npde__loop_count(npde__spectrum *z, npde__loop *of, double left, double far, double *zeros);

#endif
