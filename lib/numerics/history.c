/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/history.h"

#include "core/time.h"

#include <string.h>

npde_status npde__history_init(npde__history *h, npde_context *c, size_t n_rates, size_t capacity, size_t points,
                               double spacing)
{
    *h = (npde__history){.n_rates = n_rates, .capacity = capacity, .points = points, .spacing = spacing};
    h->t = npde__alloc(c, capacity, sizeof *h->t);
    h->rates = npde__alloc(c, capacity * n_rates, sizeof *h->rates);
    return h->t && h->rates ? NPDE_OK : NPDE_ERR_MEMORY;
}

void npde__history_free(npde__history *h, npde_context *c)
{
    npde__free(c, h->t);
    npde__free(c, h->rates);
}

static size_t slot(const npde__history *h, size_t i)
{
    return (h->first + i) % h->capacity;
}

static void store(npde__history *h, size_t i, double t, const double *rates)
{
    h->t[slot(h, i)] = t;
    memcpy(h->rates + slot(h, i) * h->n_rates, rates, h->n_rates * sizeof *rates);
}

void npde__history_begin(npde__history *h, double t0, const double *past, const double *rates)
{
    h->first = 0;
    h->count = 1;
    h->past = past;
    store(h, 0, t0, rates);
}

/* Is the point before i its twin, the limit from the left at the same time? */
static int twin(const npde__history *h, size_t i)
{
    return i > 0 && h->t[slot(h, i)] == h->t[slot(h, i - 1)];
}

static void append(npde__history *h, double t, const double *rates)
{
    if (h->count == h->capacity) {
        h->first = slot(h, 1);
        h->count--;
    }
    store(h, h->count++, t, rates);
}

void npde__history_push(npde__history *h, double t, const double *rates)
{
    /* A newest point closer to its neighbour than the spacing was only there to reach the present: it gives way. */
    const size_t n = h->count;
    if (n >= 2 && !twin(h, n - 1) && h->t[slot(h, n - 1)] - h->t[slot(h, n - 2)] < h->spacing)
        store(h, n - 1, t, rates);
    else append(h, t, rates);
}

void npde__history_jump(npde__history *h, const double *rates)
{
    append(h, h->t[slot(h, h->count - 1)], rates);
}

/* The point i for which [t_i, t_{i+1}] holds s; at a jump the interval on the side that is asked for. */
static size_t bracket(const npde__history *h, double s, int side, double tolerance)
{
    size_t low = 0, high = h->count - 1;
    const double at = side > 0 ? s + tolerance : s - tolerance;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (h->t[slot(h, middle)] <= at) low = middle;
        else high = middle;
    }
    return low;
}

double npde__history_at(const npde__history *h, size_t k, double s, int side)
{
    const double t0 = h->t[slot(h, 0)], tolerance = npde__time_slack(fabs(t0) + fabs(s));
    if (s < t0 - tolerance || (side < 0 && s <= t0 + tolerance)) return h->past[k];
    if (h->count == 1 || s <= t0) return h->rates[slot(h, 0) * h->n_rates + k];

    /* The polynomial through the `points` stored points around s that no jump parts from it (Neville). */
    const size_t at = bracket(h, s, side, tolerance);
    if (twin(h, at + 1)) return h->rates[slot(h, at + 1) * h->n_rates + k]; /* the present, just after a jump */
    size_t begin = at, end = at + 1;                                        /* first and last point */
    while (end - begin + 1 < h->points) {
        const int left = begin > 0 && !twin(h, begin), right = end + 1 < h->count && !twin(h, end + 1);
        if (!left && !right) break;
        if (left && (!right || at - begin <= end - at - 1)) begin--;
        else end++;
    }
    const size_t points = end - begin + 1;
    double value[NPDE__HISTORY_POINTS] = {0}, t[NPDE__HISTORY_POINTS] = {0};
    for (size_t i = 0; i < points; i++) {
        t[i] = h->t[slot(h, begin + i)];
        value[i] = h->rates[slot(h, begin + i) * h->n_rates + k];
    }
    for (size_t m = 1; m < points; m++)
        for (size_t i = 0; i + m < points; i++)
            value[i] = ((s - t[i + m]) * value[i] - (s - t[i]) * value[i + 1]) / (t[i] - t[i + m]);
    return value[0];
}

void npde__history_snapshot(npde__history *h, npde__bytes *bytes)
{
    npde__bytes_block(bytes, &h->first, sizeof h->first);
    npde__bytes_block(bytes, &h->count, sizeof h->count);
    npde__bytes_block(bytes, h->t, h->capacity * sizeof *h->t);
    npde__bytes_block(bytes, h->rates, h->capacity * h->n_rates * sizeof *h->rates);
}
