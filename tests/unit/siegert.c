/* SPDX-License-Identifier: BSD-3-Clause
 * Siegert's formula and its slopes: against 30-digit quadrature, the properties that the search for steady states rests on, and the
 * discrete operator. */
#include "analysis/passage.h"
#include "support.h"

#include <math.h>

static npde__escape escape(double reset, double threshold, double drive, double diffusion)
{
    const npde__siegert s = {0, 1, reset, threshold, drive, diffusion};
    return npde__siegert_escape(&s);
}

/* T, ∂N/∂drive = N by_drive, ∂N/∂diffusion = N by_diffusion. */
START_TEST(times_and_slopes)
{
    static const struct {
        double reset, threshold, drive, diffusion, time, gain, noise_gain;
    } sets[] = {
        {1, 2, 0, 1, 8.3350027483176271972, .2104896777949897, .2355144234304804},
        {0, 1, 0, 0.2, 15.979821383247489089, .253039734983319, .6600366207953459},
        {0, 1, 1.5, 0.02, 1.0668716603677220776, 1.060722678467275, 1.256942545544339},
        {-1, 0, 0, 1, 0.90190801265280650064, .7347020281808428, .4030297892435784},
    };
    for (int k = 0; k < 4; k++) {
        const npde__escape e = escape(sets[k].reset, sets[k].threshold, sets[k].drive, sets[k].diffusion);
        NEAR(exp(e.log_time) / sets[k].time, 1, 2e-15);
        NEAR(e.by_drive / sets[k].time / sets[k].gain, 1, 4e-15);
        NEAR(e.by_diffusion / sets[k].time / sets[k].noise_gain, 1, 4e-15);
    }
    NEAR(escape(0, 1, 0, 0.005).log_time, log(4.7887530009939483e42), 3e-14);
    NEAR(escape(0, 1, 0, 0.001).log_time, log(1.11369500395882842e216), 3e-13);
    NEAR(exp(escape(0, 1, 2, 1e-4).log_time), 0.693109687588735678, 1e-15);
    NEAR(escape(1, 2, -1000, 1).log_time / 501996.0091862475743, 1, 1e-15); /* no overflow */
    NEAR(exp(escape(1, 2, 1e6, 1).log_time) * 1e6, 1, 2e-6);                /* straight on at a speed of 10⁶ */
}
END_TEST

/* ln T falls in drive and diffusion, and so do its slopes. */
START_TEST(everything_falls)
{
    random_stream r = {3};
    for (int k = 0; k < 20000; k++) {
        const double reset = random_between(&r, -3, 1), threshold = reset + exp(random_between(&r, -4, 1)),
                     drive = random_between(&r, -20, 20), diffusion = exp(random_between(&r, -5, 3)),
                     more = exp(random_between(&r, -3, 2));
        const npde__escape e = escape(reset, threshold, drive, diffusion),
                           f = k % 2 ? escape(reset, threshold, drive + more, diffusion)
                                     : escape(reset, threshold, drive, diffusion + more);
        ck_assert(isfinite(e.log_time) && e.by_drive > 0 && e.by_diffusion > 0);
        ck_assert_double_lt(f.log_time, e.log_time);
        ck_assert_double_le(f.by_drive, e.by_drive * (1 + 1e-14));
        ck_assert_double_le(f.by_diffusion, e.by_diffusion * (1 + 1e-14));
    }
}
END_TEST

/* The slopes are those of the function. */
START_TEST(slopes_by_differences)
{
    random_stream r = {4};
    for (int k = 0; k < 200; k++) {
        const double drive = random_between(&r, -3, 3), diffusion = exp(random_between(&r, -3, 1)), h = 1e-4;
        const npde__escape e = escape(1, 2, drive, diffusion);
        const double by_drive =
            escape(1, 2, drive - h, diffusion).log_time - escape(1, 2, drive + h, diffusion).log_time;
        const double by_diffusion =
            escape(1, 2, drive, diffusion * (1 - h)).log_time - escape(1, 2, drive, diffusion * (1 + h)).log_time;
        NEAR(by_drive / (2 * h) / e.by_drive, 1, 1e-6);
        NEAR(by_diffusion / (2 * h * diffusion) / e.by_diffusion, 1, 1e-6);
    }
}
END_TEST

/* The discrete operator has the same times and slopes on the grids that are made for it. */
START_TEST(the_discrete_operator_agrees)
{
    random_stream r = {5};
    npde_context *c;
    npde_model *m;
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
    const int trials = test_scale() == 1 ? 2000 : 200;
    for (int k = 0; k < trials; k++) {
        const double reset = random_between(&r, -1, 1.5), drive = random_between(&r, -2, 10),
                     diffusion = exp(random_between(&r, -2, 1.5));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, reset));
        const npde__escape e = escape(reset, 2, drive, diffusion);
        npde__passage p;
        const npde__detail detail = {k % 3 ? 0 : 500, k % 4};
        OK(c, npde__passage_init(&p, m, 0, NULL, drive, diffusion, detail));
        if (isfinite(p.escape.log_time)) {
            NEAR(p.escape.log_time, e.log_time, p.error);
            NEAR(p.escape.by_drive / e.by_drive, 1, 1e-9 + 3 * p.error);
            NEAR(p.escape.by_diffusion / e.by_diffusion, 1, 1e-9 + 3 * p.error);
        } else {
            ck_assert_double_lt(exp(-e.log_time), 20 * p.floor); /* too rare to be seen */
        }
        npde__passage_free(&p);
    }
    npde_model_free(m);
    npde_context_free(c);
}
END_TEST

MAIN("siegert", times_and_slopes, everything_falls, slopes_by_differences, the_discrete_operator_agrees)
