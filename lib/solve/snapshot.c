/* SPDX-License-Identifier: BSD-3-Clause
 * Snapshots: header {magic, signature of the problem, length, hash of the rest}, then the run's memory block by block. */
#include "solve/solver.h"

#include <string.h>

typedef struct {
    char magic[8]; /* changes with the layout of what follows */
    uint64_t signature, length, hash;
} header;

static const char magic[8] = "npde-s3";

static void walk(npde__run *run, npde__bytes *bytes)
{
    npde__stepper *st = &run->stepper;
    const npde__system *system = run->system;
    double *const scalars[] = {&run->t, &run->h, &run->h_next, &run->scale, &run->error, &run->resolution, &st->h_old};
    int64_t *const counts[] = {&run->steps, &run->rejections, &st->stages, &st->iterations, &st->startup};
    int *const flags[] = {&run->truncation_told, &run->jump_pending, &st->slope_known};
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
    if (run->spikes.last) {
        npde__spikes *k = &run->spikes;
        double *const of_last[] = {&k->time, &k->interval, &k->population, &k->count};
        for (size_t i = 0; i < 4; i++) npde__bytes_block(bytes, of_last[i], sizeof(double));
        npde__bytes_block(bytes, k->last, system->outputs * sizeof(double));
    }
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

npde_status npde__solver_save(const npde_solver *s, void *buf, size_t capacity, size_t *need)
{
    npde__bytes bytes = {.mode = NPDE__BYTES_MEASURE};
    walk(s->run, &bytes);
    *need = sizeof(header) + bytes.at;
    if (!buf) return NPDE_OK;
    if (capacity < *need)
        return npde__fail(s->context, NPDE_ERR_SIZE,
                          "npde_solver_save: capacity = %zu is too small, %zu bytes are needed", capacity, *need);
    unsigned char *body = (unsigned char *)buf + sizeof(header);
    header h = {.signature = signature(s->run), .length = bytes.at};
    memcpy(h.magic, magic, sizeof magic);
    bytes = (npde__bytes){.mode = NPDE__BYTES_WRITE, .data = body};
    walk(s->run, &bytes);
    h.hash = npde__bytes_hash(NPDE__HASH, body, bytes.at);
    memcpy(buf, &h, sizeof h);
    return NPDE_OK;
}

npde_status npde__solver_restore(npde_solver *s, const void *buf, size_t len)
{
    header h;
    npde__bytes bytes = {.mode = NPDE__BYTES_MEASURE};
    walk(s->run, &bytes);
    const char *wrong = NULL;
    if (len < sizeof h) {
        wrong = "is shorter than a header";
    } else {
        memcpy(&h, buf, sizeof h);
        if (memcmp(h.magic, magic, sizeof magic) != 0) wrong = "is no snapshot of this build's layout";
        else if (h.signature != signature(s->run) || h.length != bytes.at)
            wrong = "belongs to another model, grid, method or set of options";
        else if (len != sizeof h + bytes.at) wrong = "is truncated or has bytes to spare";
        else if (h.hash != npde__bytes_hash(NPDE__HASH, (const unsigned char *)buf + sizeof h, bytes.at))
            wrong = "is damaged";
    }
    if (wrong)
        return npde__fail(s->context, NPDE_ERR_SNAPSHOT, "npde_solver_restore: the snapshot of %zu bytes %s", len,
                          wrong);
    /* Reading only: the blocks are copied out of the buffer. */
    bytes = (npde__bytes){.mode = NPDE__BYTES_READ, .data = (unsigned char *)buf + sizeof h};
    walk(s->run, &bytes);
    return NPDE_OK;
}
