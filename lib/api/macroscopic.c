/* SPDX-License-Identifier: BSD-3-Clause */
#include "models/macroscopic.h"

#include "api/check.h"

npde_status npde_macroscopic_steady(const npde_model *model, double rate_max, double *rates, double *eigenvalues,
                                    size_t capacity, size_t *n_found)
{
    if (!model) return NPDE_ERR_NULL;
    npde_context *c = model->context;
    NPDE__GIVEN(c, __func__, n_found);
    NPDE__TRY(npde__check_range(c, __func__, "rate_max", rate_max, 1e-12, 1e12));
    if (capacity) NPDE__GIVEN(c, __func__, rates);
    if (model->kind->id != NPDE_MODEL_MACROSCOPIC || model->n_pop != 1 || model->coupling)
        return npde__fail(
            c, NPDE_ERR_UNSUPPORTED,
            "%s: the model must be of the kind macroscopic with one population and no coupling callback; it is "
            "of the kind %s with %zu%s",
            __func__, npde__ids_row(model->kind->id)->name, model->n_pop, model->coupling ? " and a callback" : "");
    size_t found = 0;
    NPDE__TRY(npde__macroscopic_steady(model, rate_max, rates, eigenvalues, capacity, &found));
    *n_found = found;
    return NPDE_OK;
}
