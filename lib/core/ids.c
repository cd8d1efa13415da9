/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/ids.h"

/* Families name themselves by family 0. */
enum { NPDE_FAMILY_FAMILY = 0 };

static const npde__id_row table[] = {
#define NPDE_ID(family, NAME, name, value, kind, unit, low, high, preset, text) \
    {NPDE_FAMILY_##family, NPDE_##family##_##NAME, NPDE__##kind, #name, unit, text, low, high, preset},
#include "core/ids.def"
#undef NPDE_ID
};

/* The public constants are pinned twice, and the compiler compares. */
#define NPDE_ID(family, NAME, name, value, kind, unit, low, high, preset, text) \
    _Static_assert((NPDE_##family##_##NAME) == (value), "an id was renumbered: " #name);
#include "core/ids.def"
#undef NPDE_ID

enum { N_ROWS = sizeof table / sizeof table[0] };

const npde__id_row *npde__ids_row(npde_id id)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (table[i].id == id) return &table[i];
    return NULL;
}

const npde__id_row *npde__ids_row_of(npde_id family, npde_id id)
{
    const npde__id_row *row = npde__ids_row(id);
    return row && row->family == family ? row : NULL;
}

size_t npde__ids_slot(npde_id id)
{
    const npde__id_row *row = npde__ids_row(id), *first = row;
    while (first > table && first[-1].family == row->family) first--;
    return (size_t)(row - first);
}

size_t npde__ids_size(npde_id family)
{
    size_t n = 0;
    for (size_t i = 0; i < N_ROWS; i++) n += table[i].family == family;
    return n;
}

const npde__id_row *npde__ids_row_at(npde_id family, size_t index)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (table[i].family == family && index-- == 0) return &table[i];
    return NULL;
}
