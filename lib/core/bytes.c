/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/bytes.h"

#include <string.h>

void npde__bytes_block(npde__bytes *bytes, void *block, size_t size)
{
    if (bytes->mode == NPDE__BYTES_WRITE) memcpy(bytes->data + bytes->at, block, size);
    if (bytes->mode == NPDE__BYTES_READ) memcpy(block, bytes->data + bytes->at, size);
    bytes->at += size;
}

uint64_t npde__bytes_hash(uint64_t hash, const void *block, size_t size)
{
    /* FNV-1a on words: the rotation lets high bits reach low ones, which a product alone does not. */
    const unsigned char *p = block;
    uint64_t word;
    for (; size >= sizeof word; p += sizeof word, size -= sizeof word) {
        memcpy(&word, p, sizeof word);
        hash = (hash ^ word) * UINT64_C(1099511628211);
        hash = hash << 29 | hash >> 35;
    }
    for (size_t i = 0; i < size; i++) hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return hash;
}
