/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/history.h"
#include "support.h"

#include <math.h>

static npde_context *context;
static npde__history history;
static const double past[] = {7, 8};

static void fill(size_t points, size_t capacity, double spacing, double step, double end)
{
    OK(context, npde_context_new(&context));
    OK(context, npde__history_init(&history, context, 2, capacity, points, spacing));
    npde__history_begin(&history, 0, past, (double[]){sin(0.0), cos(0.0)});
    for (int k = 1; k * step <= end + 1e-12; k++)
        npde__history_push(&history, k * step, (double[]){sin(k * step), cos(k * step)});
}

static void empty(void)
{
    npde__history_free(&history, context);
    npde_context_free(context);
}

static double worst(double from, double to)
{
    double error = 0;
    for (double s = from; s <= to; s += 0.00371) {
        error = fmax(error, fabs(npde__history_at(&history, 0, s, 1) - sin(s)));
        error = fmax(error, fabs(npde__history_at(&history, 1, s, 1) - cos(s)));
    }
    return error;
}

START_TEST(interpolates_to_its_order)
{
    for (size_t points = 2; points <= 6; points++) {
        double error[2];
        for (int k = 0; k < 2; k++) {
            fill(points, 1000, 0, 0.1 / (1 << k), 4);
            error[k] = worst(0, 4);
            empty();
        }
        NEAR(log2(error[0] / error[1]), (double)points, 0.35);
    }
}
END_TEST

/* Two points: linear, hence between its neighbours: non-negative rates stay so. */
START_TEST(linear_interpolation_is_monotone)
{
    fill(2, 100, 0, 0.5, 3);
    for (double s = 0; s <= 3; s += 0.01) {
        const double left = sin(floor(s / 0.5) * 0.5), right = sin(fmin(3, floor(s / 0.5) * 0.5 + 0.5));
        const double value = npde__history_at(&history, 0, s, 1);
        ck_assert_double_ge(value, fmin(left, right) - 1e-15);
        ck_assert_double_le(value, fmax(left, right) + 1e-15);
    }
    empty();
}
END_TEST

START_TEST(before_the_start_is_the_past)
{
    fill(4, 100, 0, 0.1, 1);
    ck_assert_double_eq(npde__history_at(&history, 0, -0.5, 1), 7);
    ck_assert_double_eq(npde__history_at(&history, 1, -1e-9, 1), 8);
    ck_assert_double_eq(npde__history_at(&history, 1, 0, -1), 8); /* the limit from the left */
    ck_assert_double_eq(npde__history_at(&history, 1, 0, +1), 1);
    empty();
}
END_TEST

/* The ring forgets the oldest points, and keeps what lies within capacity × spacing of the newest. */
START_TEST(ring_keeps_the_recent_past)
{
    fill(4, 64, 0.05, 0.05, 50);
    ck_assert_uint_eq(history.count, 64);
    ck_assert_double_lt(worst(47.5, 49.9), 3e-6);
    empty();
}
END_TEST

/* Many more steps than points: the spacing bounds the ring, the newest value is always exact. */
START_TEST(close_steps_are_thinned)
{
    fill(4, 64, 0.05, 0.0005, 3);
    ck_assert_uint_le(history.count, 64);
    ck_assert_double_lt(worst(0.2, 2.99), 1e-6);
    NEAR(npde__history_at(&history, 0, 3, 1), sin(3), 1e-14);
    empty();
}
END_TEST

/* A step at 1 and a kink at 2: polynomials stay on their side, and each side has its own value. */
START_TEST(nothing_crosses_a_jump)
{
    for (size_t points = 2; points <= 6; points++) {
        OK(context, npde_context_new(&context));
        OK(context, npde__history_init(&history, context, 1, 1000, points, 0));
        npde__history_begin(&history, 0, past, (double[]){0});
        for (int k = 1; k <= 30; k++) {
            const double t = 0.1 * k;
            npde__history_push(&history, t, (double[]){t <= 1.05 ? t : t <= 2.05 ? 5 + t : 9 - t});
            if (k == 10) {
                NEAR(npde__history_at(&history, 0, t, 1), 1, 1e-13);
                npde__history_jump(&history, (double[]){6});
                NEAR(npde__history_at(&history, 0, t, 1), 6, 1e-13);
                NEAR(npde__history_at(&history, 0, t, -1), 1, 1e-13);
            }
            if (k == 20) npde__history_jump(&history, (double[]){7});
        }
        for (double s = 0.003; s < 3; s += 0.0071)
            NEAR(npde__history_at(&history, 0, s, 1), s < 1 ? s : s < 2 ? 5 + s : 9 - s, 1e-12);
        NEAR(npde__history_at(&history, 0, 1, -1), 1, 1e-12);
        NEAR(npde__history_at(&history, 0, 1, 1), 6, 1e-12);
        empty();
    }
}
END_TEST

MAIN("history", interpolates_to_its_order, linear_interpolation_is_monotone, before_the_start_is_the_past,
     ring_keeps_the_recent_past, close_steps_are_thinned, nothing_crosses_a_jump)
