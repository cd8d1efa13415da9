/* SPDX-License-Identifier: BSD-3-Clause
 * Names and texts of the status codes. */
#ifndef NPDE_CORE_STATUS_H
#define NPDE_CORE_STATUS_H

#include <neuropde/neuropde.h>

const char *npde__status_name(npde_status status);
const char *npde__status_text(npde_status status);

#endif
