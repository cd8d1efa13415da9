/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/check.h"
#include "core/status.h"

#include <stdlib.h>
#include <string.h>

static void *default_alloc(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static void default_dealloc(void *block, void *user)
{
    (void)user;
    free(block);
}

npde_status npde_context_new(npde_context **out)
{
    return npde_context_new_with_allocator(default_alloc, default_dealloc, NULL, out);
}

npde_status npde_context_new_with_allocator(npde_alloc_fn alloc, npde_dealloc_fn dealloc, void *user,
                                            npde_context **out)
{
    if (!alloc || !dealloc || !out) return NPDE_ERR_NULL;
    npde_context *c = alloc(sizeof *c, user);
    if (!c) return NPDE_ERR_MEMORY;
    memset(c, 0, sizeof *c);
    atomic_init(&c->refs, 1);
    c->alloc = alloc;
    c->dealloc = dealloc;
    c->user = user;
    *out = c;
    return NPDE_OK;
}

void npde_context_free(npde_context *context)
{
    if (context) npde__context_release(context);
}

npde_status npde_context_set_log(npde_context *context, int32_t level, npde_log_fn log, void *user,
                                 npde_release_fn release)
{
    if (!context) return NPDE_ERR_NULL;
    NPDE__TRY(npde__check_range(context, __func__, "level", level, NPDE_LOG_NONE, NPDE_LOG_INFO));
    const npde_release_fn old = context->log_release;
    void *old_user = context->log_user;
    context->log_level = level;
    context->log = log;
    context->log_user = user;
    context->log_release = release;
    if (old) old(old_user);
    return NPDE_OK;
}

const char *npde_context_error(const npde_context *context)
{
    return context ? context->error : "";
}

int32_t npde_context_user_status(const npde_context *context)
{
    return context ? context->user_status : 0;
}

const char *npde_status_name(npde_status status)
{
    return npde__status_name(status);
}

const char *npde_status_text(npde_status status)
{
    return npde__status_text(status);
}

const char *npde_version(void)
{
    return NPDE_VERSION;
}

int32_t npde_abi_version(void)
{
    return NPDE_ABI_VERSION;
}
