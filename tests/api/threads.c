/* SPDX-License-Identifier: BSD-3-Clause
 * Contexts are independent: several threads, each with its own, get what one thread alone gets, to the last bit. */
#include "problem.h"

#include <pthread.h>
#include <string.h>

enum { THREADS = 4, TIMES = 20 };

static const problem problems[2] = {
    {.name = "spectral",
     .reset = 1,
     .threshold = 2,
     .diffusion = 1,
     .connectivity = 0.8,
     .delay = 0.2,
     .mean = -1,
     .variance = 0.2},
    {.name = "finite volume",
     .reset = 0,
     .threshold = 1,
     .diffusion = 0.2,
     .connectivity = -5,
     .noise = 0.1,
     .refractory = NPDE_REFRACTORY_FIXED,
     .tau = 0.3,
     .mean = -0.5,
     .variance = 0.05},
};

typedef struct {
    size_t which;
    double rates[TIMES];
} job;

/* Check's macros are not for threads: statuses are looked at afterwards, through the rates. */
static void *work(void *argument)
{
    job *j = argument;
    double times[TIMES];
    for (int i = 0; i < TIMES; i++) times[i] = 0.1 * (i + 1);
    run *r = run_new(&problems[j->which], j->which ? 200 : 0, NPDE_METHOD_TR_BDF2, 0.01);
    if (npde_solver_sample(r->solver, times, TIMES, j->rates) < 0) j->rates[0] = -1;
    run_free(r);
    return NULL;
}

START_TEST(each_thread_gets_what_one_alone_gets)
{
    job alone[2] = {{.which = 0}, {.which = 1}}, jobs[THREADS];
    for (size_t i = 0; i < 2; i++) work(&alone[i]);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        jobs[i] = (job){.which = i % 2};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_double_ge(jobs[i].rates[0], 0);
        ck_assert_int_eq(memcmp(jobs[i].rates, alone[i % 2].rates, sizeof jobs[i].rates), 0);
    }
}
END_TEST

/* Threads that particles were told to start. */
START_TEST(particles_share_their_neurons)
{
    int64_t spikes[2];
    for (int k = 0; k < 2; k++) {
        run *r = run_new(&problems[1], 20, NPDE_METHOD_TR_BDF2, 0.01);
        npde_particles *p;
        OK(r->context, npde_particles_new(r->model, 20000, 1, &p));
        OK(r->context, npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, k ? THREADS : 1));
        OK(r->context, npde_particles_set_gaussian(p, 0, 0, 0.05));
        OK(r->context, npde_particles_start(p, 0));
        OK(r->context, npde_particles_advance(p, 0.5, NULL));
        OK(r->context, npde_particles_spikes(p, &spikes[k], 1));
        npde_particles_free(p);
        run_free(r);
    }
    ck_assert_int_eq(spikes[0], spikes[1]);
    ck_assert_int_gt(spikes[0], 100);
}
END_TEST

MAIN("threads", each_thread_gets_what_one_alone_gets, particles_share_their_neurons)
