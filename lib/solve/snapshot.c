/* SPDX-License-Identifier: BSD-3-Clause
 * What a snapshot of a run holds. */
#include "core/snapshot.h"

#include "solve/solver.h"

static void walk(void *self, npde__bytes *bytes)
{
    npde__run *run = self;
    npde__stepper *st = &run->stepper;
    const npde__system *system = run->system;
    double *const scalars[] = {&run->t, &run->h, &run->h_next, &run->scale, &run->error, &run->resolution, &st->h_old};
    int64_t *const counts[] = {&run->steps, &run->rejections, &st->stages, &st->iterations, &st->startup};
    int *const flags[] = {&run->truncation_told, &run->jump_pending, &run->step_untold, &st->slope_known};
    double *const states[] = {st->y, st->slope};
    double *const rates[] = {st->rates, st->rates_old};
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++)
        npde__bytes_block(bytes, scalars[i], sizeof(double));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) npde__bytes_block(bytes, counts[i], sizeof(int64_t));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) npde__bytes_block(bytes, flags[i], sizeof(int));
    for (size_t i = 0; i < 2; i++) npde__bytes_block(bytes, states[i], system->n * sizeof(double));
    for (size_t i = 0; i < 2; i++) npde__bytes_block(bytes, rates[i], system->n_rates * sizeof(double));
    npde__bytes_block(bytes, &run->controller.known, sizeof run->controller.known);
    npde__bytes_block(bytes, run->controller.error, sizeof run->controller.error);
    npde__bytes_block(bytes, &run->settle_from, sizeof run->settle_from);
    npde__blowup_snapshot(&run->blowup, system->n_rates, bytes);
    npde__bytes_block(bytes, &st->error_order, sizeof st->error_order);
    if (run->spikes.last) npde__spikes_snapshot(&run->spikes, system->outputs, bytes);
    if (st->method->snapshot) st->method->snapshot(st, bytes);
    run->system->ops->snapshot(run->system, bytes);
}

static uint64_t signature(const npde__run *run)
{
    const double options[] = {run->dt, run->rtol, run->atol, run->dt_min, run->dt_max, (double)run->stepper.iterate};
    uint64_t h = npde__bytes_hash(run->system->signature, &run->stepper.method->id, sizeof(npde_id));
    h = npde__bytes_hash(h, options, sizeof options);
    h = npde__bytes_hash(h, &run->controller.kind, sizeof run->controller.kind);
    h = npde__bytes_hash(h, &run->blowup.action, sizeof run->blowup.action);
    return npde__bytes_hash(h, run->jumps, run->system->n_jumps * sizeof *run->jumps);
}

static npde__snapshot snapshot(const npde_solver *s)
{
    return (npde__snapshot){.magic = "npde-s4",
                            .signature = signature(s->run),
                            .walk = walk,
                            .self = s->run,
                            .owner = "npde_solver",
                            .foreign = "is no snapshot of this build's layout",
                            .others = "belongs to another model, grid, method or set of options"};
}

npde_status npde__solver_save(const npde_solver *s, void *buf, size_t capacity, size_t *need)
{
    const npde__snapshot of_run = snapshot(s);
    return npde__snapshot_save(&of_run, s->context, buf, capacity, need);
}

npde_status npde__solver_restore(npde_solver *s, const void *buf, size_t len)
{
    const npde__snapshot of_run = snapshot(s);
    return npde__snapshot_restore(&of_run, s->context, buf, len);
}
