/* SPDX-License-Identifier: BSD-3-Clause
 * Dense factorisation by LAPACK. Character arguments carry their hidden length at the end. */
#ifndef NPDE_BENCH_DENSE_H
#define NPDE_BENCH_DENSE_H

#include <stddef.h>

void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivots, int *info);
void dgetrs_(const char *trans, const int *n, const int *nrhs, const double *a, const int *lda, const int *pivots,
             double *b, const int *ldb, int *info, size_t trans_length);

#endif
