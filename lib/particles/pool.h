/* SPDX-License-Identifier: BSD-3-Clause
 * Threads that the caller asked for: they wait for jobs and do one part after the other, in no particular order. */
#ifndef NPDE_PARTICLES_POOL_H
#define NPDE_PARTICLES_POOL_H

#include "core/context.h"

typedef struct npde__pool npde__pool;
/* Does part number k; worker tells which thread it is, the caller's is 0. */
typedef void (*npde__pool_job)(void *self, size_t k, size_t worker);

/* A pool of n_threads, the caller's among them. */
npde_status npde__pool_new(npde_context *c, size_t n_threads, npde__pool **out);
void npde__pool_free(npde__pool *pool, npde_context *c); /* NULL is allowed */
/* Does all parts and returns when they are done; without a pool in the caller's thread. */
void npde__pool_run(npde__pool *pool, npde__pool_job job, void *self, size_t n_parts);

#endif
