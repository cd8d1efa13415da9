/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int run_suite_with(const char *name, SFun set_up, SFun tear_down, const TTest *const *tests, size_t n_tests)
{
    Suite *suite = suite_create(name);
    for (size_t i = 0; i < n_tests; i++) {
        TCase *tcase = tcase_create(tests[i]->name);
        tcase_set_timeout(tcase, 600);
        if (set_up) tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}

int run_suite(const char *name, const TTest *const *tests, size_t n_tests)
{
    return run_suite_with(name, NULL, NULL, tests, n_tests);
}

double random_between(random_stream *stream, double low, double high)
{
    uint64_t z = (stream->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return low + (high - low) * (double)(z >> 11) * 0x1p-53;
}

double test_scale(void)
{
    const char *scale = getenv("NPDE_TEST_SCALE");
    const double value = scale ? atof(scale) : 1;
    return value > 0 && value <= 1 ? value : 1;
}

struct test_heap heap;

typedef union {
    size_t size;
    max_align_t align;
} block_head;

void *heap_give(size_t size, void *user)
{
    (void)user;
    if (++heap.requests == heap.fail_at) return NULL;
    block_head *block = malloc(sizeof *block + size);
    if (!block) abort();
    block->size = size;
    memset(block + 1, 0xA5, size);
    heap.live++;
    return block + 1;
}

void heap_take(void *memory, void *user)
{
    (void)user;
    block_head *block = (block_head *)memory - 1;
    memset(memory, 0xDD, block->size);
    heap.live--;
    free(block);
}
