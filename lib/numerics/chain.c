/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/chain.h"

#include <math.h>

int npde__chain_factor(size_t m, size_t k, size_t ld, double *block, double *inverse)
{
    for (size_t j = 0; j < k; j++) {
        double *pivot = block + j * ld;
        inverse[j] = 1 / pivot[j];
        if (!isfinite(inverse[j])) return 0;
        for (size_t i = j + 1; i < m; i++) pivot[i] *= inverse[j];
        for (size_t c = j + 1; c < m; c++) {
            double *column = block + c * ld;
            const double factor = column[j];
            for (size_t i = j + 1; i < m; i++) column[i] -= factor * pivot[i];
        }
    }
    return 1;
}

void npde__chain_forward(size_t m, size_t k, size_t ld, const double *block, double *x)
{
    for (size_t j = 0; j < k; j++) {
        const double *column = block + j * ld, factor = x[j];
        for (size_t i = j + 1; i < m; i++) x[i] -= factor * column[i];
    }
}

void npde__chain_backward(size_t m, size_t k, size_t ld, const double *block, const double *inverse, double *x)
{
    if (m > k) { /* the shared unknown is known by now */
        const double *column = block + k * ld, factor = x[k];
        for (size_t i = 0; i < k; i++) x[i] -= factor * column[i];
    }
    for (size_t j = k; j-- > 0;) {
        const double *column = block + j * ld, factor = x[j] *= inverse[j];
        for (size_t i = 0; i < j; i++) x[i] -= factor * column[i];
    }
}
