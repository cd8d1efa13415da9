/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/check.h"
#include "models/model.h"

#include <string.h>

npde_status npde_model_new(npde_context *context, npde_id kind, size_t n_pop, npde_model **out)
{
    if (!context) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__GIVEN(context, __func__, out);
    NPDE__TRY(npde__check_id(context, __func__, "kind", NPDE_FAMILY_MODEL, kind, &row));
    const npde__model_kind *found = npde__model_kind_find(kind);
    if (n_pop < 1 || n_pop > found->max_pop)
        return npde__fail(context, NPDE_ERR_SIZE, "%s: n_pop = %zu is outside [1, %zu] for the kind %s", __func__,
                          n_pop, found->max_pop, row->name);
    return npde__model_new(context, found, n_pop, out);
}

void npde_model_free(npde_model *model)
{
    npde__model_release(model);
}

/* A parameter that the kind of model has. */
static npde_status check_param(const npde_model *m, const char *function, npde_id param, const npde__id_row **row)
{
    NPDE__TRY(npde__check_id(m->context, function, "param", NPDE_FAMILY_PARAM, param, row));
    if (npde__model_param(m, 0, param)) return NPDE_OK;
    if (m->kind->id == NPDE_MODEL_LIF && npde__model_is_coupling(param))
        return npde__fail(
            m->context, NPDE_ERR_UNSUPPORTED,
            "%s: the kind lif has no %s: its populations are not coupled; make a model of the kind lif_network",
            function, (*row)->name);
    return npde__fail(m->context, NPDE_ERR_UNSUPPORTED,
                      "%s: the kind %s has no %s; see the equations of its kind for what it has", function,
                      npde__ids_row(m->kind->id)->name, (*row)->name);
}

npde_status npde_model_set(npde_model *model, size_t pop, npde_id param, double value)
{
    if (!model) return NPDE_ERR_NULL;
    const npde__id_row *row;
    size_t first, last;
    NPDE__TRY(npde__check_population(model->context, __func__, pop, model->n_pop, 1, &first, &last));
    NPDE__TRY(check_param(model, __func__, param, &row));
    NPDE__TRY(npde__check_value(model->context, __func__, row, value));
    for (size_t p = first; p < last; p++) *npde__model_param(model, p, param) = value;
    return NPDE_OK;
}

npde_status npde_model_get(const npde_model *model, size_t pop, npde_id param, double *out)
{
    if (!model) return NPDE_ERR_NULL;
    const npde__id_row *row;
    size_t first, last;
    NPDE__GIVEN(model->context, __func__, out);
    NPDE__TRY(npde__check_population(model->context, __func__, pop, model->n_pop, 0, &first, &last));
    NPDE__TRY(check_param(model, __func__, param, &row));
    *out = npde__model_value(model, pop, param);
    return NPDE_OK;
}

npde_status npde_model_set_matrix(npde_model *model, npde_id which, const double *row_major, size_t rows, size_t cols)
{
    if (!model) return NPDE_ERR_NULL;
    npde_context *c = model->context;
    const npde__id_row *row;
    NPDE__TRY(npde__check_id(c, __func__, "which", NPDE_FAMILY_MATRIX, which, &row));
    if (!model->kind->coupled)
        return npde__fail(
            c, NPDE_ERR_UNSUPPORTED,
            "%s: the kind lif has no %s: its populations are not coupled; make a model of the kind lif_network",
            __func__, row->name);
    NPDE__GIVEN(c, __func__, row_major);
    NPDE__TRY(npde__check_size(c, __func__, "rows", rows, model->n_pop));
    NPDE__TRY(npde__check_size(c, __func__, "cols", cols, model->n_pop));
    NPDE__TRY(npde__check_ranges(c, __func__, row->name, row_major, rows * cols, row->low, row->high));
    memcpy(model->matrix[npde__ids_slot(which)], row_major, rows * cols * sizeof(double));
    return NPDE_OK;
}

/* A callback for what the kind of model has. */
static npde_status check_has(const npde_model *m, const char *function, npde_id param, const char *what)
{
    if (npde__model_param(m, 0, param)) return NPDE_OK;
    return npde__fail(m->context, NPDE_ERR_UNSUPPORTED, "%s: the kind %s has no %s", function,
                      npde__ids_row(m->kind->id)->name, what);
}

/* Puts a callback in its place; the one before is let go. */
static npde_status replace(npde_model *m, npde__callback **place, int present, void *user, npde_release_fn release)
{
    npde__callback *callback = NULL;
    if (present && !(callback = npde__callback_new(m->context, user, release))) return NPDE_ERR_MEMORY;
    npde__callback_release(*place);
    *place = callback;
    return NPDE_OK;
}

npde_status npde_model_set_coupling(npde_model *model, npde_coupling_fn coupling, void *user, npde_release_fn release)
{
    if (!model) return NPDE_ERR_NULL;
    if (model->kind->id == NPDE_MODEL_KURAMOTO)
        return npde__fail(model->context, NPDE_ERR_UNSUPPORTED, "%s: the kind kuramoto has no coupling callback",
                          __func__);
    NPDE__TRY(replace(model, &model->coupling, coupling != NULL, user, release));
    if (coupling) model->coupling->fn.coupling = coupling;
    return NPDE_OK;
}

npde_status npde_model_set_drift(npde_model *model, npde_profile_fn drift, void *user, npde_release_fn release)
{
    if (!model) return NPDE_ERR_NULL;
    if (drift) NPDE__TRY(check_has(model, __func__, NPDE_PARAM_TIME_CONSTANT, "drift"));
    NPDE__TRY(replace(model, &model->drift, drift != NULL, user, release));
    if (drift) model->drift->fn.profile = drift;
    return NPDE_OK;
}

npde_status npde_model_set_discharge(npde_model *model, npde_profile_fn discharge, void *user, npde_release_fn release)
{
    if (!model) return NPDE_ERR_NULL;
    NPDE__TRY(check_has(model, __func__, NPDE_PARAM_DISCHARGE, "discharge"));
    NPDE__TRY(replace(model, &model->discharge, discharge != NULL, user, release));
    if (discharge) model->discharge->fn.profile = discharge;
    for (size_t p = 0; p < model->n_pop; p++)
        *npde__model_param(model, p, NPDE_PARAM_DISCHARGE) = discharge ? NPDE_DISCHARGE_CUSTOM : NPDE_DISCHARGE_NONE;
    return NPDE_OK;
}

npde_status npde_model_set_conductance(npde_model *model, npde_conductance_fn conductance, void *user,
                                       npde_release_fn release)
{
    if (!model) return NPDE_ERR_NULL;
    const npde_id kind = model->kind->id;
    if (conductance && kind != NPDE_MODEL_VOLTAGE_CONDUCTANCE && kind != NPDE_MODEL_REDUCED_KINETIC)
        return npde__fail(model->context, NPDE_ERR_UNSUPPORTED,
                          "%s: the kind %s has no conductance G(v, N) by callback; voltage_conductance and "
                          "reduced_kinetic have one",
                          __func__, npde__ids_row(kind)->name);
    NPDE__TRY(replace(model, &model->conductance, conductance != NULL, user, release));
    if (conductance) model->conductance->fn.conductance = conductance;
    return NPDE_OK;
}
