/* SPDX-License-Identifier: BSD-3-Clause
 * The build adds -mavx2 -mfma. */
#define VARIANT avx2
#include "numerics/kernels_table.h"
