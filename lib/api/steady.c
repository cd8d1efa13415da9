/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/steady.h"

#include "analysis/spectrum.h"
#include "api/check.h"

/* ---- life ---- */

static npde_status check_kind(const npde_model *m, const char *function)
{
    if (m->kind == &npde__lif || m->kind == &npde__lif_network) return NPDE_OK;
    return npde__fail(m->context, NPDE_ERR_UNSUPPORTED,
                      "%s: steady states are found for models of the kinds lif and lif_network, not for %s", function,
                      npde__ids_row(m->kind->id)->name);
}

npde_status npde_steady_new(npde_model *model, const npde_grid *grid_or_null, npde_steady **out)
{
    if (!model) return NPDE_ERR_NULL;
    npde_context *c = model->context;
    NPDE__GIVEN(c, __func__, out);
    NPDE__TRY(check_kind(model, __func__));
    if (grid_or_null && grid_or_null->context != c)
        return npde__fail(c, NPDE_ERR_STATE, "%s: model and grid must come from the same context", __func__);
    npde_steady *s = npde__alloc(c, 1, sizeof *s);
    if (!s) return NPDE_ERR_MEMORY;
    npde__context_acquire(c);
    s->context = c;
    s->model = npde__model_acquire(model);
    s->grid = grid_or_null ? npde__grid_acquire(grid_or_null) : NULL;
    const size_t n_options = npde__ids_size(NPDE_FAMILY_STEADY);
    s->option = npde__alloc(c, n_options, sizeof *s->option);
    if (!s->option) {
        npde_steady_free(s);
        return NPDE_ERR_MEMORY;
    }
    for (size_t i = 0; i < n_options; i++) s->option[i] = npde__ids_row_at(NPDE_FAMILY_STEADY, i)->preset;
    *out = s;
    return NPDE_OK;
}

void npde_steady_free(npde_steady *s)
{
    if (!s) return;
    npde_context *c = s->context;
    npde__study_release(s->study);
    npde__model_release(s->model);
    npde__grid_release(s->grid);
    npde__free(c, s->option);
    npde__free(c, s);
    npde__context_release(c);
}

/* ---- options, search ---- */

npde_status npde_steady_set(npde_steady *s, npde_id option, double value)
{
    if (!s) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__TRY(npde__check_id(s->context, __func__, "option", NPDE_FAMILY_STEADY, option, &row));
    NPDE__TRY(npde__check_value(s->context, __func__, row, value));
    s->option[npde__ids_slot(option)] = value;
    return NPDE_OK;
}

npde_status npde_steady_get(const npde_steady *s, npde_id option, double *out)
{
    if (!s) return NPDE_ERR_NULL;
    const npde__id_row *row;
    NPDE__GIVEN(s->context, __func__, out);
    NPDE__TRY(npde__check_id(s->context, __func__, "option", NPDE_FAMILY_STEADY, option, &row));
    *out = s->option[npde__ids_slot(option)];
    return NPDE_OK;
}

npde_status npde_steady_solve(npde_steady *s, size_t *n_found)
{
    if (!s) return NPDE_ERR_NULL;
    if (s->model->coupling)
        return npde__fail(
            s->context, NPDE_ERR_UNSUPPORTED,
            "%s: the model has a coupling callback, which may depend on time; steady states are found for "
            "constant drives and the matrices of a network: remove it by npde_model_set_coupling(NULL)",
            __func__);
    const double low = s->option[npde__ids_slot(NPDE_STEADY_RATE_MIN)],
                 high = s->option[npde__ids_slot(NPDE_STEADY_RATE_MAX)];
    if (!(low < high))
        return npde__fail(s->context, NPDE_ERR_RANGE, "%s: rate_min = %g must be less than rate_max = %g", __func__,
                          low, high);
    npde__study *study;
    NPDE__TRY(
        npde__study_new(s->model, s->grid, low, high, (size_t)s->option[npde__ids_slot(NPDE_STEADY_BOXES)], &study));
    npde__study_release(s->study);
    s->study = study;
    if (n_found) *n_found = study->n_found;
    return NPDE_OK;
}

/* ---- results ---- */

npde_status npde__steady_check(const npde_steady *s, const char *function, size_t index)
{
    if (!s->study)
        return npde__fail(s->context, NPDE_ERR_STATE,
                          "%s: steady states have not been looked for; call npde_steady_solve() first", function);
    if (index < s->study->n_found) return NPDE_OK;
    if (!s->study->n_found)
        return npde__fail(s->context, NPDE_ERR_SIZE, "%s: index = %zu, but there is no steady state in the window",
                          function, index);
    return npde__fail(s->context, NPDE_ERR_SIZE, "%s: index = %zu is outside [0, %zu]", function, index,
                      s->study->n_found - 1);
}

npde_status npde_steady_rates(const npde_steady *s, size_t index, double *out, size_t n_pop)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__GIVEN(s->context, __func__, out);
    NPDE__TRY(npde__steady_check(s, __func__, index));
    NPDE__TRY(npde__check_size(s->context, __func__, "n_pop", n_pop, s->study->n_pop));
    for (size_t p = 0; p < n_pop; p++) out[p] = npde__study_rate(s->study, index, p);
    return NPDE_OK;
}

npde_status npde_steady_state(const npde_steady *s, size_t index, size_t pop, double *out, size_t n)
{
    if (!s) return NPDE_ERR_NULL;
    size_t first, last;
    NPDE__GIVEN(s->context, __func__, out);
    NPDE__TRY(npde__steady_check(s, __func__, index));
    NPDE__TRY(npde__check_population(s->context, __func__, pop, s->study->n_pop, 0, &first, &last));
    npde_grid *grid;
    NPDE__TRY(npde__study_grid(s->study, &grid));
    npde_status status = npde__check_size(s->context, __func__, "n", n, grid->n);
    if (!status) status = npde__study_density(s->study, index, pop, grid->v, n, out);
    npde__grid_release(grid);
    return status;
}

npde_status npde_steady_evaluate(const npde_steady *s, size_t index, size_t pop, const double *v, size_t n, double *out)
{
    if (!s) return NPDE_ERR_NULL;
    size_t first, last;
    NPDE__GIVEN(s->context, __func__, v);
    NPDE__GIVEN(s->context, __func__, out);
    NPDE__TRY(npde__steady_check(s, __func__, index));
    NPDE__TRY(npde__check_population(s->context, __func__, pop, s->study->n_pop, 0, &first, &last));
    NPDE__TRY(npde__check_values(s->context, __func__, "v", v, n));
    return npde__study_density(s->study, index, pop, v, n, out);
}

npde_status npde_steady_grid(const npde_steady *s, npde_grid **out)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__GIVEN(s->context, __func__, out);
    if (!s->study)
        return npde__fail(s->context, NPDE_ERR_STATE,
                          "%s: steady states have not been looked for; call npde_steady_solve() first", __func__);
    return npde__study_grid(s->study, out);
}

npde_status npde_steady_eigenvalues(const npde_steady *s, size_t index, double *re_im, size_t n_pairs)
{
    if (!s) return NPDE_ERR_NULL;
    NPDE__GIVEN(s->context, __func__, re_im);
    NPDE__TRY(npde__steady_check(s, __func__, index));
    return n_pairs ? npde__spectrum_leading(s->study, index, n_pairs, re_im) : NPDE_OK;
}
