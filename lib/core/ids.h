/* SPDX-License-Identifier: BSD-3-Clause
 * The table of ids, for the parts that validate by it. */
#ifndef NPDE_CORE_IDS_H
#define NPDE_CORE_IDS_H

#include <neuropde/neuropde.h>

enum { NPDE__NAME_ONLY, NPDE__REAL, NPDE__WHOLE, NPDE__CHOICE };

typedef struct {
    npde_id family, id;
    int kind;
    const char *name, *unit, *text;
    double low, high, preset;
} npde__id_row;

/* The row of an id, or NULL. */
const npde__id_row *npde__ids_row(npde_id id);
/* The row of an id of one family, or NULL. */
const npde__id_row *npde__ids_row_of(npde_id family, npde_id id);
/* Row number of an id within its family: the index of its value in an array. */
size_t npde__ids_slot(npde_id id);
/* Number of rows of a family. */
size_t npde__ids_size(npde_id family);
/* The index-th row of a family, or NULL. */
const npde__id_row *npde__ids_row_at(npde_id family, size_t index);

#endif
