/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void npde__context_acquire(npde_context *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void npde__context_release(npde_context *c)
{
    if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1) return;
    if (c->log_release) c->log_release(c->log_user);
    c->dealloc(c, c->user);
}

/* Every block begins a line of the cache, so that a vector that a loop takes from an array lies in one of them and not in two,
 * which costs a third of the time where memory is what limits. What the allocator gave is noted in front. */
enum { LINE = 64 };

void *npde__alloc(npde_context *c, size_t n, size_t size)
{
    const size_t more = sizeof(void *) + LINE - 1;
    if (n == 0) n = 1;
    char *given = n <= (SIZE_MAX - more) / size ? c->alloc(n * size + more, c->user) : NULL;
    if (!given) {
        npde__fail(c, NPDE_ERR_MEMORY, "out of memory: %zu x %zu bytes were refused", n, size);
        return NULL;
    }
    char *block = given + sizeof(void *);
    block += (LINE - (uintptr_t)block % LINE) % LINE;
    memcpy(block - sizeof(void *), &given, sizeof given);
    return memset(block, 0, n * size);
}

void npde__free(npde_context *c, void *block)
{
    if (!block) return;
    char *given;
    memcpy(&given, (char *)block - sizeof(void *), sizeof given);
    c->dealloc(given, c->user);
}

npde_status npde__fail(npde_context *c, npde_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(status == NPDE__RETRY ? c->reason : c->error, sizeof c->error, format, args);
    va_end(args);
    return status;
}

void npde__log(npde_context *c, int32_t level, const char *format, ...)
{
    char text[sizeof c->error];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (level == NPDE_LOG_NOTICE) memcpy(c->error, text, sizeof text);
    if (c->log && level <= c->log_level) c->log(level, text, c->log_user);
}

npde__callback *npde__callback_new(npde_context *c, void *user, npde_release_fn release)
{
    npde__callback *callback = npde__alloc(c, 1, sizeof *callback);
    if (!callback) return NULL;
    atomic_init(&callback->refs, 1);
    npde__context_acquire(c);
    callback->context = c;
    callback->user = user;
    callback->release = release;
    return callback;
}

npde__callback *npde__callback_acquire(npde__callback *callback)
{
    if (callback) atomic_fetch_add_explicit(&callback->refs, 1, memory_order_relaxed);
    return callback;
}

void npde__callback_release(npde__callback *callback)
{
    if (!callback || atomic_fetch_sub_explicit(&callback->refs, 1, memory_order_acq_rel) != 1) return;
    npde_context *c = callback->context;
    if (callback->release) callback->release(callback->user);
    npde__free(c, callback);
    npde__context_release(c);
}
