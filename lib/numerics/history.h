/* SPDX-License-Identifier: BSD-3-Clause
 * The past rates that delays look back at: a ring of (t, N_1 … N_n) with polynomial interpolation. Where rates or their slopes
 * jump there are two points with the same t, the limits from both sides; no polynomial crosses them. */
#ifndef NPDE_NUMERICS_HISTORY_H
#define NPDE_NUMERICS_HISTORY_H

#include "core/bytes.h"
#include "core/context.h"

enum { NPDE__HISTORY_POINTS = 8 }; /* most points of an interpolating polynomial */

typedef struct {
    size_t n_rates, capacity, first, count;
    size_t points;      /* of the interpolating polynomial: order + 1 */
    double spacing;     /* closest distance of stored points, the newest one excepted: what bounds the ring */
    double *t;          /* capacity */
    double *rates;      /* capacity × n_rates */
    const double *past; /* constant values before the first point; the caller's */
} npde__history;

npde_status npde__history_init(npde__history *h, npde_context *c, size_t n_rates, size_t capacity, size_t points,
                               double spacing);
void npde__history_free(npde__history *h, npde_context *c);
/* Begins at t0 with these rates; before t0 they were past, which must live as long. */
void npde__history_begin(npde__history *h, double t0, const double *past, const double *rates);
/* Appends the rates at t, later than the newest point. */
void npde__history_push(npde__history *h, double t, const double *rates);
/* The newest point is where rates or their slopes jump: these are the limits from the right. */
void npde__history_jump(npde__history *h, const double *rates);
/*
 * Rate k at a past time s ≤ the newest point. Where the rates jump, side < 0 is the limit from the left and side > 0 the one
 * from the right.
 */
double npde__history_at(const npde__history *h, size_t k, double s, int side);
/* Walks it through a snapshot. */
void npde__history_snapshot(npde__history *h, npde__bytes *bytes);

#endif
