/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/ids.h"

#include <string.h>

npde_status npde_id_count(npde_id family, size_t *out)
{
    if (!out) return NPDE_ERR_NULL;
    const size_t n = family > 0 ? npde__ids_size(family) : 0;
    if (n == 0) return NPDE_ERR_ID;
    *out = n;
    return NPDE_OK;
}

npde_status npde_id_at(npde_id family, size_t index, npde_id *out)
{
    size_t n;
    if (!out) return NPDE_ERR_NULL;
    if (npde_id_count(family, &n)) return NPDE_ERR_ID;
    if (index >= n) return NPDE_ERR_SIZE;
    *out = npde__ids_row_at(family, index)->id;
    return NPDE_OK;
}

npde_status npde_id_find(npde_id family, const char *name, npde_id *out)
{
    if (!name || !out) return NPDE_ERR_NULL;
    const npde__id_row *row;
    for (size_t i = 0; family > 0 && (row = npde__ids_row_at(family, i)) != NULL; i++)
        if (strcmp(row->name, name) == 0) {
            *out = row->id;
            return NPDE_OK;
        }
    return NPDE_ERR_ID;
}

const char *npde_id_name(npde_id id)
{
    const npde__id_row *row = npde__ids_row(id);
    return row ? row->name : NULL;
}

const char *npde_id_unit(npde_id id)
{
    const npde__id_row *row = npde__ids_row(id);
    return row ? row->unit : NULL;
}

const char *npde_id_text(npde_id id)
{
    const npde__id_row *row = npde__ids_row(id);
    return row ? row->text : NULL;
}

npde_status npde_id_range(npde_id id, double *low, double *high, double *preset)
{
    const npde__id_row *row = npde__ids_row(id);
    if (!row || (row->kind == NPDE__NAME_ONLY && row->family != NPDE_FAMILY_MATRIX)) return NPDE_ERR_ID;
    if (low) *low = row->low;
    if (high) *high = row->high;
    if (preset) *preset = row->preset;
    return NPDE_OK;
}
