/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/status.h"

#define ROWS(X)                                                                                             \
    X(NPDE_OK, 0, "All went well.")                                                                         \
    X(NPDE_STOP, 1, "An observer asked for a clean stop.")                                                  \
    X(NPDE_NOTICE_UNRESOLVED, 2, "The grid cannot resolve the initial data; the run goes on.")              \
    X(NPDE_NOTICE_TRUNCATED, 3, "Density has reached the left end of the grid; the run goes on.")           \
    X(NPDE_NOTICE_BLOWUP, 4, "The rate becomes infinite: the run stands just before.")                      \
    X(NPDE_NOTICE_ETERNAL, 5, "The cascade of the blow-up never ends: the run stands just before.")         \
    X(NPDE_ERR_NULL, -1, "A required pointer is NULL.")                                                     \
    X(NPDE_ERR_RANGE, -2, "A value is outside its allowed range.")                                          \
    X(NPDE_ERR_NOT_FINITE, -3, "A value is NaN or infinite.")                                               \
    X(NPDE_ERR_SIZE, -4, "A length or an index does not fit.")                                              \
    X(NPDE_ERR_STATE, -5, "The call came at the wrong time.")                                               \
    X(NPDE_ERR_UNSUPPORTED, -6, "This combination makes no sense; the context's text names one that does.") \
    X(NPDE_ERR_MEMORY, -7, "The allocator returned NULL.")                                                  \
    X(NPDE_ERR_CALLBACK, -8, "A user callback asked to stop with an error, or gave a non-finite value.")    \
    X(NPDE_ERR_STEP_TOO_SMALL, -9, "The step needed is below its minimum.")                                 \
    X(NPDE_ERR_TOO_MANY_STEPS, -10, "The step budget of one call is used up; call again to go on.")         \
    X(NPDE_ERR_ID, -11, "Not an id, or an id of another family.")                                           \
    X(NPDE_ERR_GRID, -12, "The grid does not fit the model.")                                               \
    X(NPDE_ERR_SNAPSHOT, -13, "A snapshot is truncated, damaged or of another problem.")                    \
    X(NPDE_ERR_CASCADE, -16, "Spikes of particles would set off others at one instant without an end.")

#define PINNED(name, value, text) _Static_assert((name) == (value), "a status was renumbered: " #name);
ROWS(PINNED)

const char *npde__status_name(npde_status status)
{
    switch (status) {
#define NAME(name, value, text) \
    case name: return #name;
        ROWS(NAME)
    default: return "unknown";
    }
}

const char *npde__status_text(npde_status status)
{
    switch (status) {
#define TEXT(name, value, text) \
    case name: return text;
        ROWS(TEXT)
    default: return "Not a status of this library.";
    }
}
