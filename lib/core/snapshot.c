/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/snapshot.h"

#include <string.h>

typedef struct {
    char magic[8];
    uint64_t signature, length, hash;
} header;

static size_t measure(const npde__snapshot *s)
{
    npde__bytes bytes = {.mode = NPDE__BYTES_MEASURE};
    s->walk(s->self, &bytes);
    return bytes.at;
}

npde_status npde__snapshot_save(const npde__snapshot *s, npde_context *c, void *buf, size_t capacity, size_t *need)
{
    header h = {.signature = s->signature, .length = measure(s)};
    *need = sizeof h + h.length;
    if (!buf) return NPDE_OK;
    if (capacity < *need)
        return npde__fail(c, NPDE_ERR_SIZE, "%s_save: capacity = %zu is too small, %zu bytes are needed", s->owner,
                          capacity, *need);
    unsigned char *body = (unsigned char *)buf + sizeof h;
    npde__bytes bytes = {.mode = NPDE__BYTES_WRITE, .data = body};
    s->walk(s->self, &bytes);
    memcpy(h.magic, s->magic, sizeof h.magic);
    h.hash = npde__bytes_hash(NPDE__HASH, body, bytes.at);
    memcpy(buf, &h, sizeof h);
    return NPDE_OK;
}

/* NULL when all is right. */
static const char *find_wrong(const npde__snapshot *s, const void *buf, size_t len)
{
    header h;
    if (len < sizeof h) return "is shorter than a header";
    memcpy(&h, buf, sizeof h);
    if (memcmp(h.magic, s->magic, sizeof h.magic) != 0) return s->foreign;
    if (h.signature != s->signature || h.length != measure(s)) return s->others;
    if (len != sizeof h + h.length) return "is truncated or has bytes to spare";
    if (h.hash != npde__bytes_hash(NPDE__HASH, (const unsigned char *)buf + sizeof h, len - sizeof h))
        return "is damaged";
    return NULL;
}

npde_status npde__snapshot_restore(const npde__snapshot *s, npde_context *c, const void *buf, size_t len)
{
    const char *wrong = find_wrong(s, buf, len);
    if (wrong)
        return npde__fail(c, NPDE_ERR_SNAPSHOT, "%s_restore: the snapshot of %zu bytes %s", s->owner, len, wrong);
    /* Reading only: the blocks are copied out of the buffer. */
    npde__bytes bytes = {.mode = NPDE__BYTES_READ, .data = (unsigned char *)buf + sizeof(header)};
    s->walk(s->self, &bytes);
    return NPDE_OK;
}
