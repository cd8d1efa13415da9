/* SPDX-License-Identifier: BSD-3-Clause
 * What the test programs share: a main for Check suites, checks of statuses with their text, the plainest way to a run. */
#ifndef NPDE_TESTS_SUPPORT_H
#define NPDE_TESTS_SUPPORT_H

#include <check.h>
#include <neuropde/neuropde.h>

/* The call answers 0; otherwise the test fails with the context's text. */
#define OK(context, call)                                                                       \
    do {                                                                                        \
        const npde_status ok_status_ = (call);                                                  \
        ck_assert_msg(ok_status_ == NPDE_OK, "%s: %s: %s", #call, npde_status_name(ok_status_), \
                      npde_context_error(context));                                             \
    } while (0)

/* The call answers this status. */
#define ANSWERS(context, status, call)                                                                                \
    do {                                                                                                              \
        const npde_status answers_status_ = (call);                                                                   \
        ck_assert_msg(answers_status_ == (status), "%s: %s and not %s: %s", #call, npde_status_name(answers_status_), \
                      npde_status_name(status), npde_context_error(context));                                         \
    } while (0)

/* |x − y| ≤ tolerance, with both printed to all digits when not. */
#define NEAR(x, y, tolerance)                                                                                          \
    do {                                                                                                               \
        const double near_x_ = (x), near_y_ = (y), near_t_ = (tolerance);                                              \
        ck_assert_msg(fabs(near_x_ - near_y_) <= near_t_, "%s = %.17g, %s = %.17g: apart by %.3g > %.3g", #x, near_x_, \
                      #y, near_y_, fabs(near_x_ - near_y_), near_t_);                                                  \
    } while (0)

/* Runs a suite; TAP on standard output when the environment asks for it. The number of tests that failed. */
int run_suite(const char *name, const TTest *const *tests, size_t n_tests);

/* The same with a fixture around each test. */
int run_suite_with(const char *name, SFun set_up, SFun tear_down, const TTest *const *tests, size_t n_tests);

/* A test program is its tests and this line. */
#define MAIN(name, ...)                                                     \
    int main(void)                                                          \
    {                                                                       \
        const TTest *const tests[] = {__VA_ARGS__};                         \
        return run_suite(name, tests, sizeof tests / sizeof tests[0]) != 0; \
    }

/* A deterministic stream of numbers for property tests (SplitMix64). */
typedef struct {
    uint64_t state;
} random_stream;
double random_between(random_stream *stream, double low, double high);

/* An allocator that counts, refuses the fail_at-th request, and fills blocks so that use before and after shows. */
extern struct test_heap {
    long requests, fail_at, live;
} heap;
void *heap_give(size_t size, void *user);
void heap_take(void *memory, void *user);

/* How many times the usual work a test may do: NPDE_TEST_SCALE in (0, 1], smaller under valgrind and sanitizers. */
double test_scale(void);

#endif
