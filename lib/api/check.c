/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/check.h"

#include <math.h>

npde_status npde__check_finite(npde_context *c, const char *function, const char *argument, double value)
{
    return isfinite(value) ? NPDE_OK
                           : npde__fail(c, NPDE_ERR_NOT_FINITE, "%s: %s = %g is not finite", function, argument, value);
}

npde_status npde__check_range(npde_context *c, const char *function, const char *argument, double value, double low,
                              double high)
{
    NPDE__TRY(npde__check_finite(c, function, argument, value));
    if (value >= low && value <= high) return NPDE_OK;
    return npde__fail(c, NPDE_ERR_RANGE, "%s: %s = %.15g is outside [%.15g, %.15g]", function, argument, value, low,
                      high);
}

npde_status npde__check_ranges(npde_context *c, const char *function, const char *argument, const double *values,
                               size_t n, double low, double high)
{
    NPDE__TRY(npde__check_values(c, function, argument, values, n));
    for (size_t i = 0; i < n; i++)
        if (!(values[i] >= low && values[i] <= high))
            return npde__fail(c, NPDE_ERR_RANGE, "%s: %s[%zu] = %.15g is outside [%.15g, %.15g]", function, argument, i,
                              values[i], low, high);
    return NPDE_OK;
}

npde_status npde__check_size(npde_context *c, const char *function, const char *argument, size_t value, size_t expected)
{
    return value == expected
               ? NPDE_OK
               : npde__fail(c, NPDE_ERR_SIZE, "%s: %s = %zu must be %zu", function, argument, value, expected);
}

npde_status npde__check_values(npde_context *c, const char *function, const char *argument, const double *values,
                               size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return npde__fail(c, NPDE_ERR_NOT_FINITE, "%s: %s[%zu] = %g is not finite", function, argument, i,
                              values[i]);
    return NPDE_OK;
}

npde_status npde__check_id(npde_context *c, const char *function, const char *argument, npde_id family, npde_id id,
                           const npde__id_row **row)
{
    *row = npde__ids_row_of(family, id);
    if (*row) return NPDE_OK;
    const npde__id_row *first = npde__ids_row_at(family, 0),
                       *last = npde__ids_row_at(family, npde__ids_size(family) - 1);
    return npde__fail(c, NPDE_ERR_ID, "%s: %s = %d is no id of the family %s, %d (%s) to %d (%s)", function, argument,
                      (int)id, npde__ids_row(family)->name, (int)first->id, first->name, (int)last->id, last->name);
}

npde_status npde__check_value(npde_context *c, const char *function, const npde__id_row *row, double value)
{
    NPDE__TRY(npde__check_range(c, function, row->name, value, row->low, row->high));
    if (row->kind == NPDE__REAL || value == floor(value)) return NPDE_OK;
    return npde__fail(c, NPDE_ERR_RANGE, "%s: %s = %g must be a whole number in [%g, %g]", function, row->name, value,
                      row->low, row->high);
}

npde_status npde__check_population(npde_context *c, const char *function, size_t pop, size_t n_pop, int all,
                                   size_t *first, size_t *last)
{
    *first = pop;
    *last = pop + 1;
    if (pop < n_pop) return NPDE_OK;
    if (pop == NPDE_ALL && all) {
        *first = 0;
        *last = n_pop;
        return NPDE_OK;
    }
    if (pop == NPDE_ALL)
        return npde__fail(c, NPDE_ERR_SIZE, "%s: NPDE_ALL is not allowed here; pop must be one of 0 to %zu", function,
                          n_pop - 1);
    return npde__fail(c, NPDE_ERR_SIZE, "%s: pop = %zu is outside [0, %zu]", function, pop, n_pop - 1);
}
