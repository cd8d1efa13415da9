/* SPDX-License-Identifier: BSD-3-Clause
 * Context, memory, error text, reference counts: what every object stands on. */
#ifndef NPDE_CORE_CONTEXT_H
#define NPDE_CORE_CONTEXT_H

#include <neuropde/neuropde.h>
#include <stdatomic.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "NaN and infinity are checked for: fast-math and finite-math-only would make that meaningless"
#endif

/* Internal answer of a step or stage: give it up and try a smaller one. Never leaves the library. */
enum { NPDE__RETRY = 1000 };

struct npde_context {
    atomic_size_t refs;
    npde_alloc_fn alloc;
    npde_dealloc_fn dealloc;
    void *user;
    int32_t log_level;
    npde_log_fn log;
    void *log_user;
    npde_release_fn log_release;
    int32_t user_status;
    char error[512];
    char reason[512]; /* why the last step was given up: becomes part of an error only if no smaller step helps */
};

void npde__context_acquire(npde_context *c);
void npde__context_release(npde_context *c);

/* n × size zeroed bytes, or NULL with the error text set; n = 0 gives one element. */
void *npde__alloc(npde_context *c, size_t n, size_t size);
/* NULL is allowed. */
void npde__free(npde_context *c, void *block);

#if defined(__GNUC__)
#define NPDE__PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define NPDE__PRINTF(text, first)
#endif

/* Sets the error text (the reason, for NPDE__RETRY) and returns the status, so that a check is one line. */
npde_status npde__fail(npde_context *c, npde_status status, const char *format, ...) NPDE__PRINTF(3, 4);
/* Sends a message to the log, and for NPDE_LOG_NOTICE keeps it as the context's text as well. */
void npde__log(npde_context *c, int32_t level, const char *format, ...) NPDE__PRINTF(3, 4);

/* A user's function with its data, shared by the objects that may call it. */
typedef struct {
    atomic_size_t refs;
    npde_context *context;
    union {
        npde_coupling_fn coupling;
        npde_profile_fn profile;
        npde_conductance_fn conductance;
        npde_observer_fn observer;
        npde_convex_fn convex;
    } fn;
    void *user;
    npde_release_fn release;
} npde__callback;

npde__callback *npde__callback_new(npde_context *c, void *user, npde_release_fn release);
npde__callback *npde__callback_acquire(npde__callback *callback); /* NULL is allowed */
void npde__callback_release(npde__callback *callback);            /* NULL is allowed */

#endif
