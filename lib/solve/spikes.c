/* SPDX-License-Identifier: BSD-3-Clause
 * Spikes of single neurons: where the potential crosses a level upwards, found on the interpolated solution of the last
 * step. */
#include "solve/solver.h"

#include <math.h>
#include <string.h>

enum { PIECES = 2 * NPDE__SPIKES }; /* of a step that are looked into for a crossing each */

double npde__spikes_stat(const npde__spikes *k, npde_id stat)
{
    switch (stat) {
    case NPDE_STAT_SPIKES: return k->count;
    case NPDE_STAT_SPIKE_TIME: return k->time;
    case NPDE_STAT_SPIKE_INTERVAL: return k->interval;
    default: return k->population; /* NPDE_STAT_SPIKE_POPULATION */
    }
}

npde_status npde__spikes_begin(npde__run *run)
{
    const npde__system *system = run->system;
    run->spikes = (npde__spikes){.time = NAN, .interval = NAN, .population = NAN};
    if (!system->ops->above) return NPDE_OK;
    const size_t n = system->outputs;
    double *last = npde__alloc(system->context, (3 + 2 * NPDE__SPIKES) * n, sizeof *last);
    if (!last) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < n; p++) last[p] = NAN;
    run->spikes.last = last;
    run->spikes.above = last + n;
    run->spikes.queue = last + 3 * n;
    return NPDE_OK;
}

void npde__spikes_snapshot(npde__spikes *k, size_t n, npde__bytes *bytes)
{
    double *const of_last[] = {&k->time, &k->interval, &k->population, &k->count};
    for (size_t i = 0; i < sizeof of_last / sizeof of_last[0]; i++)
        npde__bytes_block(bytes, of_last[i], sizeof(double));
    npde__bytes_block(bytes, k->last, n * sizeof(double));
    npde__bytes_block(bytes, &k->waiting, sizeof k->waiting);
    npde__bytes_block(bytes, k->queue, n * 2 * NPDE__SPIKES * sizeof(double));
}

static double at(npde__run *run, size_t p, double theta)
{
    double *y = run->stepper.error; /* not in use between steps */
    npde__run_interpolate(run, theta, y);
    return run->system->ops->above(run->system, p, y);
}

/*
 * The root between two fractions of the step with values of different sign: the Illinois method, a regula falsi that halves the
 * value of an end that stays twice, so that both ends move.
 */
static double root(npde__run *run, size_t p, double left, double right, double below, double above)
{
    int stayed = 0; /* which end stayed last: −1 the left, +1 the right */
    for (int k = 0; k < 100 && right - left > 1e-15; k++) {
        const double theta = left - below * (right - left) / (above - below), value = at(run, p, theta);
        if (value == 0 || theta <= left || theta >= right) return theta;
        if (value < 0) {
            left = theta;
            below = value;
            if (stayed > 0) above /= 2;
            stayed = 1;
        } else {
            right = theta;
            above = value;
            if (stayed < 0) below /= 2;
            stayed = -1;
        }
    }
    return (left + right) / 2;
}

/* How far all are above their levels in a state. */
static void look(const npde__run *run, const double *y, double *above)
{
    for (size_t p = 0; p < run->system->outputs; p++) above[p] = run->system->ops->above(run->system, p, y);
}

void npde__spikes_before(npde__run *run)
{
    if (run->system->ops->above) look(run, run->stepper.y, run->spikes.above);
}

/* Spikes are told in the order of their times. */
static void enqueue(npde__spikes *k, double time, size_t p)
{
    int64_t i = k->waiting++;
    for (; i > 0 && k->queue[2 * i - 2] > time; i--) memcpy(k->queue + 2 * i, k->queue + 2 * i - 2, 2 * sizeof time);
    k->queue[2 * i] = time;
    k->queue[2 * i + 1] = (double)p;
}

void npde__spikes_find(npde__run *run, double begin)
{
    npde__spikes *k = &run->spikes;
    const size_t n = run->system->outputs;
    if (!run->system->ops->above) return;
    double *before = k->above, *now = before + n, *y = run->stepper.error; /* not in use between steps */
    for (int i = 1; i <= PIECES; i++) {
        const double left = (i - 1.0) / PIECES, right = (double)i / PIECES;
        if (i < PIECES) npde__run_interpolate(run, right, y);
        look(run, i < PIECES ? y : run->stepper.y, now);
        for (size_t p = 0; p < n; p++)
            if (before[p] < 0 && now[p] >= 0)
                enqueue(k, begin + (run->t - begin) * root(run, p, left, right, before[p], now[p]), p);
        memcpy(before, now, n * sizeof *now);
    }
}

npde_status npde__spikes_tell(npde_solver *s)
{
    npde__spikes *k = &s->run->spikes;
    npde_status status = NPDE_OK;
    while (k->waiting > 0 && status >= 0) {
        const size_t p = (size_t)k->queue[1];
        k->time = k->queue[0];
        k->interval = k->time - k->last[p];
        k->last[p] = k->time;
        k->population = (double)p;
        k->count++;
        k->waiting--;
        memmove(k->queue, k->queue + 2, 2 * (size_t)k->waiting * sizeof *k->queue);
        const npde_status told = npde__solver_notify_at(s, NPDE_EVENT_SPIKE, k->time);
        if (told) status = told;
    }
    return status;
}
