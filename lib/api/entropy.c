/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/entropy.h"
#include "api/check.h"

#include <string.h>

npde_status npde_entropy_new(const npde_model *model, const npde_grid *grid, size_t pop, const double *rates_or_null,
                             npde_id flux, npde_entropy **out)
{
    if (!model) return NPDE_ERR_NULL;
    npde_context *c = model->context;
    const npde__id_row *row;
    size_t first, last;
    NPDE__GIVEN(c, __func__, grid);
    NPDE__GIVEN(c, __func__, out);
    if (model->kind != &npde__lif && model->kind != &npde__lif_network)
        return npde__fail(c, NPDE_ERR_UNSUPPORTED,
                          "%s: a relative entropy is of models of the kinds lif and lif_network, not of %s", __func__,
                          npde__ids_row(model->kind->id)->name);
    NPDE__TRY(npde__check_population(c, __func__, pop, model->n_pop, 0, &first, &last));
    NPDE__TRY(npde__check_id(c, __func__, "flux", NPDE_FAMILY_FLUX, flux, &row));
    if (grid->context != c)
        return npde__fail(c, NPDE_ERR_STATE, "%s: model and grid must come from the same context", __func__);
    if (rates_or_null)
        NPDE__TRY(npde__check_ranges(c, __func__, "rates_or_null", rates_or_null, model->n_pop, 0, 1e12));
    NPDE__TRY(npde__model_validate(model));
    return npde__entropy_new(model, grid, pop, rates_or_null, flux, out);
}

void npde_entropy_free(npde_entropy *entropy)
{
    if (entropy) npde__entropy_free(entropy);
}

npde_status npde_entropy_set_function(npde_entropy *entropy, npde_convex_fn function, void *user,
                                      npde_release_fn release)
{
    if (!entropy) return NPDE_ERR_NULL;
    npde__callback *callback = NULL;
    if (function) {
        if (!(callback = npde__callback_new(entropy->context, user, release))) return NPDE_ERR_MEMORY;
        callback->fn.convex = function;
    }
    npde__callback_release(entropy->function);
    entropy->function = callback;
    return NPDE_OK;
}

npde_status npde_entropy_reference(const npde_entropy *entropy, double *density, size_t n, double *rate,
                                   double *reservoir)
{
    if (!entropy) return NPDE_ERR_NULL;
    if (density) {
        NPDE__TRY(npde__check_size(entropy->context, __func__, "n", n, entropy->grid->n));
        memcpy(density, entropy->steady, n * sizeof *density);
    }
    if (rate) *rate = entropy->rate;
    if (reservoir) *reservoir = entropy->reservoir;
    return NPDE_OK;
}

npde_status npde_entropy_measure(npde_entropy *entropy, npde_id function, const double *density, size_t n,
                                 double reservoir, double *value, double *by_diffusion, double *by_jump)
{
    if (!entropy) return NPDE_ERR_NULL;
    npde_context *c = entropy->context;
    const npde__id_row *row;
    NPDE__TRY(npde__check_id(c, __func__, "function", NPDE_FAMILY_ENTROPY, function, &row));
    NPDE__GIVEN(c, __func__, density);
    NPDE__GIVEN(c, __func__, value);
    NPDE__TRY(npde__check_size(c, __func__, "n", n, entropy->grid->n));
    NPDE__TRY(npde__check_values(c, __func__, "density", density, n));
    NPDE__TRY(npde__check_finite(c, __func__, "reservoir", reservoir));
    if (function == NPDE_ENTROPY_CUSTOM && !entropy->function)
        return npde__fail(c, NPDE_ERR_STATE, "%s: function is custom, but npde_entropy_set_function() was not called",
                          __func__);
    return npde__entropy_measure(entropy, function, density, reservoir, value, by_diffusion, by_jump);
}
