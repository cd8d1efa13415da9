/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/tridiagonal.h"

void npde__tridiagonal_factor(size_t n, const double *sum, const double *down, const double *up, double *ratio,
                              double *inverse)
{
    double surplus = sum[0]; /* column sum of what is left after eliminating the columns before */
    for (size_t i = 0;; i++) {
        inverse[i] = 1 / (surplus + down[i]);
        ratio[i] = down[i] * inverse[i];
        if (i + 1 == n) break;
        surplus = sum[i + 1] + up[i] * (surplus * inverse[i]);
    }
}

void npde__tridiagonal_solve(size_t n, const double *up, const double *ratio, const double *inverse, double *x)
{
    for (size_t i = 1; i < n; i++) x[i] += ratio[i - 1] * x[i - 1];
    x[n - 1] *= inverse[n - 1];
    for (size_t i = n - 1; i-- > 0;) x[i] = (x[i] + up[i] * x[i + 1]) * inverse[i];
}
