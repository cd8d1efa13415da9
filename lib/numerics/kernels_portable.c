/* SPDX-License-Identifier: BSD-3-Clause
 * The baseline of the target, whatever it is. */
#define VARIANT portable
#include "numerics/kernels_table.h"
