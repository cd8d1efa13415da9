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

MAIN("threads", each_thread_gets_what_one_alone_gets)
