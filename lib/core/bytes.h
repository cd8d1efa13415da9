/* SPDX-License-Identifier: BSD-3-Clause
 * Snapshot bytes: one list of blocks, walked to measure, to write or to read. */
#ifndef NPDE_CORE_BYTES_H
#define NPDE_CORE_BYTES_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    enum { NPDE__BYTES_MEASURE, NPDE__BYTES_WRITE, NPDE__BYTES_READ } mode;
    unsigned char *data;
    size_t at; /* bytes walked so far */
} npde__bytes;

/* Copies a block to or from the snapshot, or only counts it. */
void npde__bytes_block(npde__bytes *bytes, void *block, size_t size);
/* FNV-1a: the running hash over a block; begin with NPDE__HASH. */
#define NPDE__HASH UINT64_C(14695981039346656037)
uint64_t npde__bytes_hash(uint64_t hash, const void *block, size_t size);

#endif
