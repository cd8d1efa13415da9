/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file context.h
 * The context: where memory comes from, where messages go, what the last error was.
 *
 * One context and all that was made with it belong to one thread at a time; different contexts are independent, and the
 * library has no global state. Every object holds a reference to what it uses, so handles may be freed in any order.
 */
#ifndef NEUROPDE_CONTEXT_H
#define NEUROPDE_CONTEXT_H

#include <neuropde/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a context that uses malloc and free. @p out receives the handle; free it with npde_context_free(). */
NPDE_API npde_status npde_context_new(npde_context **out);
/**
 * Makes a context with an allocator of the caller's. Everything the library allocates through this context comes from it.
 *
 * @param alloc    allocates; may return NULL: the call then fails with NPDE_ERR_MEMORY and leaves nothing behind
 * @param dealloc  gives back
 * @param user     passed to both
 * @param out      receives the handle
 */
NPDE_API npde_status npde_context_new_with_allocator(npde_alloc_fn alloc, npde_dealloc_fn dealloc, void *user,
                                                     npde_context **out);
/** Gives up the handle; NULL is allowed. The memory goes when the last object made with the context is freed. */
NPDE_API void npde_context_free(npde_context *context);
/**
 * Sets where messages go; none by default.
 *
 * @param level    NPDE_LOG_NONE, NPDE_LOG_NOTICE or NPDE_LOG_INFO: messages above it are dropped
 * @param log      receives them; NULL for none
 * @param user     passed to @p log
 * @param release  called with @p user when it is replaced or the context goes; may be NULL. Not called if this call fails
 */
NPDE_API npde_status npde_context_set_log(npde_context *context, int32_t level, npde_log_fn log, void *user,
                                          npde_release_fn release);
/**
 * Text of the last error or notice of a call with this context: which argument, its value, the allowed range, what to do.
 * Never NULL; "" before the first one. Lives until the next error or notice.
 */
NPDE_API const char *npde_context_error(const npde_context *context);
/** What the user's callback returned when a call last failed with NPDE_ERR_CALLBACK; 0 before. */
NPDE_API int32_t npde_context_user_status(const npde_context *context);
/** Name of a status, such as "NPDE_ERR_RANGE"; "unknown" for a value that is none. Lives as long as the program. */
NPDE_API const char *npde_status_name(npde_status status);
/** One sentence about a status. Lives as long as the program. */
NPDE_API const char *npde_status_text(npde_status status);

#ifdef __cplusplus
}
#endif
#endif
