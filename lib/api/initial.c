/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/initial.h"

#include "api/check.h"

#include <string.h>

void npde__initial_clear(npde_context *c, npde__initial *initial)
{
    npde__callback_release(initial->density);
    npde__free(c, initial->state);
    *initial = (npde__initial){.past_rate = initial->past_rate,
                               .conductance = initial->conductance,
                               .g_mean = initial->g_mean,
                               .g_variance = initial->g_variance};
}

static npde_status check_gaussian(npde_context *c, const char *function, double mean, double variance)
{
    NPDE__TRY(npde__check_range(c, function, "mean", mean, -1e12, 1e12));
    return npde__check_range(c, function, "variance", variance, 0, 1e12);
}

npde_status npde__initial_set_gaussian(npde__initials to, const char *function, size_t pop, double mean,
                                       double variance)
{
    size_t first, last;
    NPDE__TRY(npde__check_population(to.context, function, pop, to.n_pop, 1, &first, &last));
    NPDE__TRY(check_gaussian(to.context, function, mean, variance));
    for (size_t p = first; p < last; p++) {
        npde__initial_clear(to.context, &to.of[p]);
        to.of[p].kind = NPDE__INITIAL_GAUSSIAN;
        to.of[p].mean = mean;
        to.of[p].variance = variance;
    }
    return NPDE_OK;
}

npde_status npde__initial_set_conductance(npde__initials to, const char *function, size_t pop, double mean,
                                          double variance)
{
    size_t first, last;
    NPDE__TRY(npde__check_population(to.context, function, pop, to.n_pop, 1, &first, &last));
    NPDE__TRY(check_gaussian(to.context, function, mean, variance));
    for (size_t p = first; p < last; p++) {
        to.of[p].conductance = 1;
        to.of[p].g_mean = mean;
        to.of[p].g_variance = variance;
    }
    return NPDE_OK;
}

npde_status npde__initial_set_density(npde__initials to, const char *function, size_t pop, npde_profile_fn density,
                                      void *user, npde_release_fn release)
{
    size_t first, last;
    NPDE__GIVEN(to.context, function, density);
    NPDE__TRY(npde__check_population(to.context, function, pop, to.n_pop, 1, &first, &last));
    npde__callback *callback = npde__callback_new(to.context, user, release);
    if (!callback) return NPDE_ERR_MEMORY;
    callback->fn.profile = density;
    for (size_t p = first; p < last; p++) {
        npde__initial_clear(to.context, &to.of[p]);
        to.of[p].kind = NPDE__INITIAL_DENSITY;
        to.of[p].density = npde__callback_acquire(callback);
    }
    npde__callback_release(callback);
    return NPDE_OK;
}

npde_status npde__initial_set_values(npde__initials to, size_t pop, const double *values, size_t n)
{
    double *copy = npde__alloc(to.context, n, sizeof *copy);
    if (!copy) return NPDE_ERR_MEMORY;
    memcpy(copy, values, n * sizeof *copy);
    npde__initial_clear(to.context, &to.of[pop]);
    to.of[pop].kind = NPDE__INITIAL_STATE;
    to.of[pop].state = copy;
    return NPDE_OK;
}

npde_status npde__initial_set_past_rate(npde__initials to, const char *function, size_t pop, double rate)
{
    size_t first, last;
    NPDE__TRY(npde__check_population(to.context, function, pop, to.n_pop, 1, &first, &last));
    NPDE__TRY(npde__check_range(to.context, function, "rate", rate, 0, 1e12));
    for (size_t p = first; p < last; p++) to.of[p].past_rate = rate;
    return NPDE_OK;
}
