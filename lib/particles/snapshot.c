/* SPDX-License-Identifier: BSD-3-Clause
 * Snapshots of particles: header {magic, signature of the problem, length, hash of the rest}, then the memory block by
 * block. */
#include "particles/particles.h"

typedef struct {
    char magic[8]; /* changes with the layout of what follows */
    uint64_t signature, length, hash;
} header;

static const char magic[8] = "npde-p1";

static void walk(npde__network *w, npde__bytes *bytes)
{
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
    }
    if (!w->delayed) return;
    npde__bytes_block(bytes, &w->history.first, sizeof w->history.first);
    npde__bytes_block(bytes, &w->history.count, sizeof w->history.count);
    npde__bytes_block(bytes, w->history.t, w->history.capacity * sizeof(double));
    npde__bytes_block(bytes, w->history.rates, w->history.capacity * w->n_pop * sizeof(double));
}

npde_status npde__network_save(npde__network *w, void *buf, size_t capacity, size_t *need)
{
    npde__bytes bytes = {.mode = NPDE__BYTES_MEASURE};
    walk(w, &bytes);
    *need = sizeof(header) + bytes.at;
    if (!buf) return NPDE_OK;
    if (capacity < *need)
        return npde__fail(w->context, NPDE_ERR_SIZE,
                          "npde_particles_save: capacity = %zu is too small, %zu bytes are needed", capacity, *need);
    unsigned char *body = (unsigned char *)buf + sizeof(header);
    header h = {.signature = w->signature, .length = bytes.at};
    memcpy(h.magic, magic, sizeof magic);
    bytes = (npde__bytes){.mode = NPDE__BYTES_WRITE, .data = body};
    walk(w, &bytes);
    h.hash = npde__bytes_hash(NPDE__HASH, body, bytes.at);
    memcpy(buf, &h, sizeof h);
    return NPDE_OK;
}

npde_status npde__network_restore(npde__network *w, const void *buf, size_t len)
{
    header h;
    npde__bytes bytes = {.mode = NPDE__BYTES_MEASURE};
    walk(w, &bytes);
    const char *wrong = NULL;
    if (len < sizeof h) {
        wrong = "is shorter than a header";
    } else {
        memcpy(&h, buf, sizeof h);
        if (memcmp(h.magic, magic, sizeof magic) != 0) wrong = "is no snapshot of particles of this build's layout";
        else if (h.signature != w->signature || h.length != bytes.at)
            wrong = "belongs to another model, number of neurons, seed or set of options";
        else if (len != sizeof h + bytes.at) wrong = "is truncated or has bytes to spare";
        else if (h.hash != npde__bytes_hash(NPDE__HASH, (const unsigned char *)buf + sizeof h, bytes.at))
            wrong = "is damaged";
    }
    if (wrong)
        return npde__fail(w->context, NPDE_ERR_SNAPSHOT, "npde_particles_restore: the snapshot of %zu bytes %s", len,
                          wrong);
    /* Reading only: the blocks are copied out of the buffer. */
    bytes = (npde__bytes){.mode = NPDE__BYTES_READ, .data = (unsigned char *)buf + sizeof h};
    walk(w, &bytes);
    return NPDE_OK;
}
