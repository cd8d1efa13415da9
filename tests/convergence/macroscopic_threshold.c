/* SPDX-License-Identifier: BSD-3-Clause
 * Steady states of the macroscopic equation with a threshold and their stability against an independent computation
 * (macroscopic_threshold.py), and in time. */
#include "kinetic.h"

#include <math.h>

enum { MOST = 4 };

/* Rates ascending; of each the abscissa of the chains (or −12 N, up to which is searched; NAN: not known), and the leading
 * eigenvalue to the right of it, NAN if there is none. */
static const struct {
    int refractory; /* 0 none, 1 exponential, 2 fixed */
    double input, strength, noise, noisy, delay, tau;
    size_t n;
    struct {
        double rate, chain, re, im;
    } state[MOST];
} row[] = {
#include "macroscopic_thresholds.h"
};

static const npde_id refractory[] = {0, NPDE_REFRACTORY_EXPONENTIAL, NPDE_REFRACTORY_FIXED};

static kinetic problem(size_t i)
{
    return (kinetic){.kind = NPDE_MODEL_MACROSCOPIC,
                     .input = row[i].input,
                     .strength = row[i].strength,
                     .noise = row[i].noise,
                     .noisy = row[i].noisy,
                     .delay = row[i].delay,
                     .refractory = refractory[row[i].refractory],
                     .tau = row[i].tau};
}

START_TEST(leading_eigenvalues_and_chains)
{
    size_t chains = 0, stable = 0, single = 0;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const kinetic k = problem(i);
        npde_context *c;
        OK(c, npde_context_new(&c));
        npde_model *m = kinetic_model(c, &k);
        double rates[MOST], eigenvalues[2 * MOST];
        size_t n;
        OK(c, npde_macroscopic_steady(m, 20, rates, eigenvalues, MOST, &n));
        ck_assert_msg(n == row[i].n, "model %zu: %zu states and not %zu", i, n, row[i].n);
        for (size_t j = 0; j < n; j++) {
            const double re = eigenvalues[2 * j], im = eigenvalues[2 * j + 1], chain = row[i].state[j].chain;
            const double from_chain = row[i].state[j].re - chain, margin = 1e-3 * (fabs(chain) + rates[j]);
            NEAR(rates[j], row[i].state[j].rate, 1e-9);
            if (rates[j] == 0) ck_assert(isnan(re) && isnan(im));
            if (isnan(chain)) continue; /* also where v* is V_F to rounding */
            if (isinf(chain)) {
                ck_assert(isinf(re) && re > 0 && isnan(im));
                chains++;
            } else if (from_chain < margin && !isnan(im)) { /* one of those next to the line */
                ck_assert_double_ge(re, chain);
                ck_assert_double_le(re, row[i].state[j].re + 1e-8 * hypot(re, im));
            } else if (isnan(from_chain) || from_chain < margin) {
                ck_assert_msg(fabs(re - chain) <= 1e-6 * (1 + fabs(chain)) && isnan(im),
                              "model %zu, rate %g: eigenvalue %g%+gi, not a chain at %g", i, rates[j], re, im, chain);
                chains++;
            } else {
                const double size = 1 + hypot(row[i].state[j].re, row[i].state[j].im);
                ck_assert_msg(fabs(re - row[i].state[j].re) <= 1e-8 * size &&
                                  fabs(im - row[i].state[j].im) <= 1e-8 * size,
                              "model %zu, rate %g: eigenvalue %g%+gi, not %g%+gi", i, rates[j], re, im,
                              row[i].state[j].re, row[i].state[j].im);
                single++;
            }
            stable += re < 0;
        }
        npde_model_free(m);
        npde_context_free(c);
    }
    ck_assert_uint_ge(chains, 15);
    ck_assert_uint_ge(single, 10);
    ck_assert_uint_ge(stable, 10);
}
END_TEST

MAIN("macroscopic_threshold", leading_eigenvalues_and_chains)
