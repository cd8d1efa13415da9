/* SPDX-License-Identifier: BSD-3-Clause
 * The build adds -mavx512f -mavx512dq -mavx512vl -mfma. */
#define VARIANT avx512
#include "numerics/kernels_table.h"
