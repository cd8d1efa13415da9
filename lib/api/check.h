/* SPDX-License-Identifier: BSD-3-Clause
 * The checks that stand before every call: each sets a text with the function, the argument, its value, what is allowed. */
#ifndef NPDE_API_CHECK_H
#define NPDE_API_CHECK_H

#include "core/context.h"
#include "core/ids.h"

/* Return from the calling function unless the check passes. */
#define NPDE__TRY(call)                         \
    do {                                        \
        const npde_status try_status_ = (call); \
        if (try_status_) return try_status_;    \
    } while (0)

/* Return from the calling function unless the pointer is one. A macro, so that static analysis sees what it rules out. */
#define NPDE__GIVEN(c, function, pointer)                                                              \
    do {                                                                                               \
        if (!(pointer)) return npde__fail((c), NPDE_ERR_NULL, "%s: %s is NULL", (function), #pointer); \
    } while (0)

npde_status npde__check_finite(npde_context *c, const char *function, const char *argument, double value);
/* low ≤ value ≤ high */
npde_status npde__check_range(npde_context *c, const char *function, const char *argument, double value, double low,
                              double high);
npde_status npde__check_size(npde_context *c, const char *function, const char *argument, size_t value,
                             size_t expected);
/* n finite values */
npde_status npde__check_values(npde_context *c, const char *function, const char *argument, const double *values,
                               size_t n);
/* n finite values in [low, high] */
npde_status npde__check_ranges(npde_context *c, const char *function, const char *argument, const double *values,
                               size_t n, double low, double high);
/* An id of one family; its row. */
npde_status npde__check_id(npde_context *c, const char *function, const char *argument, npde_id family, npde_id id,
                           const npde__id_row **row);
/* A value that the id's row allows. */
npde_status npde__check_value(npde_context *c, const char *function, const npde__id_row *row, double value);
/* A population, or NPDE_ALL where that is allowed; the populations meant are first … last − 1. */
npde_status npde__check_population(npde_context *c, const char *function, size_t pop, size_t n_pop, int all,
                                   size_t *first, size_t *last);

#endif
