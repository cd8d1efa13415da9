/* SPDX-License-Identifier: BSD-3-Clause
 * Spikes of single neurons: where the potential crosses a level upwards, found on the interpolated solution of the last
 * step. */
#include "solve/solver.h"

#include <math.h>

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
    if (!(run->spikes.last = npde__alloc(system->context, system->outputs, sizeof(double)))) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < system->outputs; p++) run->spikes.last[p] = NAN;
    return NPDE_OK;
}

static double at(npde__run *run, size_t p, double theta)
{
    double *y = run->stepper.error; /* not in use between steps */
    npde__run_interpolate(run, theta, y);
    return run->system->ops->above(run->system, p, y);
}

/*
 * The root between two ends of different sign: the Illinois method, a regula falsi that halves the value of an end that
 * stays twice, so that both ends move.
 */
static double root(npde__run *run, size_t p, double below, double above)
{
    double left = 0, right = 1;
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

npde_status npde__solver_spikes(npde_solver *s, double begin)
{
    npde__run *run = s->run;
    const npde__system *system = run->system;
    npde_status status = NPDE_OK;
    for (size_t p = 0; system->ops->above && p < system->outputs && status >= 0; p++) {
        const double below = system->ops->above(system, p, run->stepper.y_new); /* what was accepted before */
        const double above = system->ops->above(system, p, run->stepper.y);
        if (!(below < 0 && above >= 0)) continue;
        npde__spikes *k = &run->spikes;
        k->time = begin + (run->t - begin) * root(run, p, below, above);
        k->interval = k->time - k->last[p];
        k->last[p] = k->time;
        k->population = (double)p;
        k->count++;
        const npde_status told = npde__solver_notify_at(s, NPDE_EVENT_SPIKE, k->time);
        if (told) status = told;
    }
    return status;
}
