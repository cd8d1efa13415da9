/* SPDX-License-Identifier: BSD-3-Clause
 * The envelope of a snapshot: header {magic, signature of the problem, length, hash of the rest}, then blocks. */
#ifndef NPDE_CORE_SNAPSHOT_H
#define NPDE_CORE_SNAPSHOT_H

#include "core/bytes.h"
#include "core/context.h"

typedef struct {
    char magic[8];      /* changes with the layout of the blocks */
    uint64_t signature; /* of all that the problem is */
    void (*walk)(void *self, npde__bytes *bytes);
    void *self;
    const char *owner;            /* "npde_solver": of the functions in error texts */
    const char *foreign, *others; /* what a snapshot of another magic, of another signature is */
} npde__snapshot;

/* *need bytes, into buf unless it is NULL. */
npde_status npde__snapshot_save(const npde__snapshot *s, npde_context *c, void *buf, size_t capacity, size_t *need);
/* Changes nothing unless all of buf is right. */
npde_status npde__snapshot_restore(const npde__snapshot *s, npde_context *c, const void *buf, size_t len);

#endif
