/* SPDX-License-Identifier: BSD-3-Clause
 * Spontaneous activity (Cáceres & Perthame, J. Theor. Biol. 350, 2014): an excitatory network with a refractory state and a random
 * threshold fires in a rhythm of its own, with no drive that has one. */
#include "problem.h"

#include <math.h>

static run *begin(double h)
{
    const problem p = {.name = "spontaneous",
                       .reset = 1,
                       .threshold = 2,
                       .diffusion = 1,
                       .connectivity = 5,
                       .refractory = NPDE_REFRACTORY_EXPONENTIAL,
                       .tau = 1,
                       .discharge = NPDE_DISCHARGE_STEP,
                       .kappa = 20,
                       .variance = 0.04};
    const double breaks[] = {-7.5, -4.5, -2, -0.5, 0.5, 1, 1.5, 2, 2.6, 3.5, 5, 7.5, 11};
    const size_t degrees[] = {12, 14, 16, 16, 14, 14, 14, 16, 14, 14, 12, 10};
    return run_new_on(&p, NPDE_SCHEME_SPECTRAL, breaks, 13, degrees, NPDE_METHOD_RODAS5P, h);
}

/* The transient: another code's, 10 digits. */
START_TEST(transient)
{
    const double t[] = {0.5, 1, 2, 4}, rate[] = {.05602394154, .1161786678, .2209139101, .1410284046};
    run *r = begin(0.002);
    for (int k = 0; k < 4; k++) {
        NEAR(run_rate(r, t[k]), rate[k], 2e-9);
        if (k == 1) {
            double reservoir;
            OK(r->context, npde_solver_reservoirs(r->solver, &reservoir, 1));
            NEAR(reservoir, .040918397, 2e-9);
        }
    }
    run_free(r);
}
END_TEST

/* The rhythm: period 2.570905, N between 0.133328 and 2.497. */
START_TEST(rhythm)
{
    run *r = begin(0.005);
    double before = 0, period = 0, low = INFINITY, high = 0, last = 0;
    for (int k = 1; k <= 12000; k++) {
        const double t = 0.005 * k, rate = run_rate(r, t);
        if (t > 50) {
            low = fmin(low, rate);
            high = fmax(high, rate);
        }
        if (before < 0.5 && rate >= 0.5) {
            /* The chord is good to O(h²), and the error is the same at each crossing. */
            const double crossed = t - 0.005 * (rate - 0.5) / (rate - before);
            period = crossed - last;
            last = crossed;
        }
        before = rate;
    }
    NEAR(period, 2.570905, 1e-5);
    NEAR(low, .133328016, 1e-6);
    NEAR(high, 2.4976, 1e-3);
    ck_assert(run_stat(r, NPDE_STAT_MASS_DEFECT) < 1e-12);
    run_free(r);
}
END_TEST

MAIN("spontaneous", transient, rhythm)
