/* SPDX-License-Identifier: BSD-3-Clause
 * Spikes of single neurons do not depend on the method: each one that takes them tells as many, at the intervals of the limit
 * cycle, whose period other codes have found to many digits. */
#include "steppers/stepper.h"

#include "one.h"

#include <math.h>

static const struct {
    npde_id kind;
    double drive, period, state[4];
    size_t components;
} neurons[3] = {{NPDE_MODEL_FITZHUGH_NAGUMO, 0.5, 39.4744149802418, {0, 0}, 2},
                {NPDE_MODEL_MORRIS_LECAR, 100, 85.29064104291239, {-10, 0}, 2},
                {NPDE_MODEL_HODGKIN_HUXLEY, 10, 14.6362099898316, {-65, 0.05, 0.6, 0.32}, 4}};

/* Does the method take this neuron? Its spikes in 9.5 periods, and the last interval between two. */
static int run(int k, npde_id method, double dt, double *count, double *interval)
{
    OK(c, npde_model_new(c, neurons[k].kind, 1, &m));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, neurons[k].drive));
    OK(c, npde_solver_new(m, NULL, method, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_DT, dt));
    OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-9));
    OK(c, npde_solver_set(s, NPDE_OPTION_ATOL, 1e-9));
    OK(c, npde_solver_set_state(s, 0, neurons[k].state, neurons[k].components));
    const npde_status status = npde_solver_start(s, 0);
    if (!status) {
        OK(c, npde_solver_advance(s, 9.5 * neurons[k].period, NULL));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKES, count));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKE_INTERVAL, interval));
    } else {
        ck_assert_int_eq(status, NPDE_ERR_UNSUPPORTED);
    }
    npde_solver_free(s);
    npde_model_free(m);
    s = NULL;
    m = NULL;
    return !status;
}

/* Steps of a size, and where the method estimates its error those it chooses. */
START_TEST(all_methods_tell_the_same_spikes)
{
    for (int k = 0; k < 3; k++) {
        double expected, count, interval;
        const npde__method *method;
        int taken = 0;
        ck_assert(run(k, NPDE_METHOD_DOPRI5, 1e-4 * neurons[k].period, &expected, &interval));
        ck_assert(expected == 9 || expected == 10);
        for (size_t i = 0; (method = npde__method_at(i)) != NULL; i++) {
            const int chooses = method->error_order > 0 && method->order > 1;
            for (int adaptive = 0; adaptive <= chooses; adaptive++) {
                const double share = method->order == 1 ? 1e-5 : 1e-4;
                if (!run(k, method->id, adaptive ? 0 : share * neurons[k].period, &count, &interval)) continue;
                taken++;
                ck_assert_msg(count == expected, "neuron %d, method %d: %g spikes, not %g", k, (int)method->id, count,
                              expected);
                const double off = fabs(interval / neurons[k].period - 1);
                ck_assert_msg(off < (method->order == 1 ? 2e-5 : 5e-7), "neuron %d, method %d: intervals off by %g", k,
                              (int)method->id, off);
            }
        }
        ck_assert_int_ge(taken, 12);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_methods_tell_the_same_spikes};
    return run_suite_with("methods for neurons", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
