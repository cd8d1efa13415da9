/* SPDX-License-Identifier: BSD-3-Clause */
#include "particles/pool.h"

#include <pthread.h>

typedef struct {
    npde__pool *pool;
    pthread_t thread;
    size_t number;
} worker;

struct npde__pool {
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    npde__pool_job job;
    void *self;
    size_t n_parts;
    atomic_size_t next; /* the next part to take */
    size_t at_work;     /* workers that have not finished the present round */
    uint64_t round;
    int stop;
    size_t n_workers; /* running ones, without the caller */
    worker *workers;
};

static void take_parts(npde__pool *pool, size_t number)
{
    size_t k;
    while ((k = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed)) < pool->n_parts)
        pool->job(pool->self, k, number);
}

static void *work(void *self)
{
    const worker *w = self;
    npde__pool *pool = w->pool;
    uint64_t round = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->round == round && !pool->stop) pthread_cond_wait(&pool->wake, &pool->mutex);
        if (pool->stop) break;
        round = pool->round;
        pthread_mutex_unlock(&pool->mutex);
        take_parts(pool, w->number);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->at_work == 0) pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

npde_status npde__pool_new(npde_context *c, size_t n_threads, npde__pool **out)
{
    npde__pool *pool = npde__alloc(c, 1, sizeof *pool);
    worker *workers = pool ? npde__alloc(c, n_threads, sizeof *workers) : NULL;
    if (!workers) {
        npde__free(c, pool);
        return NPDE_ERR_MEMORY;
    }
    pool->workers = workers;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (size_t k = 1; k < n_threads; k++) {
        worker *w = &workers[pool->n_workers];
        *w = (worker){.pool = pool, .number = k};
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            npde__pool_free(pool, c);
            return npde__fail(c, NPDE_ERR_MEMORY, "the system refused thread %zu of %zu: ask for fewer threads", k + 1,
                              n_threads);
        }
        pool->n_workers++;
    }
    *out = pool;
    return NPDE_OK;
}

void npde__pool_free(npde__pool *pool, npde_context *c)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->mutex);
    pool->stop = 1;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t k = 0; k < pool->n_workers; k++) pthread_join(pool->workers[k].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    npde__free(c, pool->workers);
    npde__free(c, pool);
}

void npde__pool_run(npde__pool *pool, npde__pool_job job, void *self, size_t n_parts)
{
    if (!pool || n_parts == 1) {
        for (size_t k = 0; k < n_parts; k++) job(self, k, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->job = job;
    pool->self = self;
    pool->n_parts = n_parts;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pool->at_work = pool->n_workers;
    pool->round++;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    take_parts(pool, 0);
    pthread_mutex_lock(&pool->mutex);
    while (pool->at_work > 0) pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
