/* SPDX-License-Identifier: BSD-3-Clause
 * What a snapshot of particles holds. */
#include "core/snapshot.h"

#include "particles/particles.h"

/* What acts at once, and what a kinetic kind extrapolates. */
static void walk_rates(npde__network *w, npde__bytes *bytes)
{
    double *const scalars[] = {&w->recent_at, &w->recent_length, &w->counting};
    double *const vectors[] = {w->recent, w->slope, w->counted};
    for (size_t i = 0; i < 3; i++) {
        npde__bytes_block(bytes, scalars[i], sizeof(double));
        npde__bytes_block(bytes, vectors[i], w->n_pop * sizeof(double));
    }
}

static void walk_conductances(const npde__network *w, npde__conductances *c, npde__bytes *bytes)
{
    npde__bytes_block(bytes, &c->added, sizeof c->added);
    npde__bytes_block(bytes, &c->lagging, sizeof c->lagging);
    npde__bytes_block(bytes, c->g, 64 * w->words * sizeof *c->g);
}

static void walk(void *self, npde__bytes *bytes)
{
    npde__network *w = self;
    double *const scalars[] = {&w->began, &w->t, &w->h, &w->largest, &w->largest_time};
    int64_t *const counts[] = {&w->steps, &w->cascades, &w->generations, &w->callbacks};
    double *const vectors[] = {w->rates, w->past, w->counts};
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++)
        npde__bytes_block(bytes, scalars[i], sizeof(double));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) npde__bytes_block(bytes, counts[i], sizeof(int64_t));
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        npde__bytes_block(bytes, vectors[i], w->n_pop * sizeof(double));
    npde__bytes_block(bytes, &w->number, sizeof w->number);
    npde__bytes_block(bytes, &w->stuck, sizeof w->stuck);
    npde__bytes_block(bytes, w->sizes, sizeof w->sizes);
    for (size_t p = 0; p < w->n_pop; p++) {
        npde__neurons *pop = &w->pop[p];
        npde__bytes_block(bytes, &pop->kick, sizeof pop->kick);
        npde__bytes_block(bytes, &pop->spikes, sizeof pop->spikes);
        npde__bytes_block(bytes, &pop->total, sizeof pop->total);
        npde__bytes_block(bytes, pop->v, 64 * w->words * sizeof(double));
        if (pop->conductance) walk_conductances(w, pop->conductance, bytes);
    }
    walk_rates(w, bytes);
    if (w->delayed) npde__history_snapshot(&w->history, bytes);
}

static npde__snapshot snapshot(npde__network *w)
{
    return (npde__snapshot){.magic = "npde-p2",
                            .signature = w->signature,
                            .walk = walk,
                            .self = w,
                            .owner = "npde_particles",
                            .foreign = "is no snapshot of particles of this build's layout",
                            .others = "belongs to another model, number of neurons, seed or set of options"};
}

npde_status npde__network_save(npde__network *w, void *buf, size_t capacity, size_t *need)
{
    const npde__snapshot of_network = snapshot(w);
    return npde__snapshot_save(&of_network, w->context, buf, capacity, need);
}

npde_status npde__network_restore(npde__network *w, const void *buf, size_t len)
{
    const npde__snapshot of_network = snapshot(w);
    return npde__snapshot_restore(&of_network, w->context, buf, len);
}
