/* SPDX-License-Identifier: BSD-3-Clause
 * The few LAPACK and BLAS routines in use. Declared here and not through a vendor's header, which may pull in complex.h and with it
 * the macro I. Character arguments carry their hidden length at the end. */
#ifndef NPDE_NUMERICS_LAPACK_H
#define NPDE_NUMERICS_LAPACK_H

#include <stddef.h>

void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *ipiv, int *info);
void dgetrs_(const char *trans, const int *n, const int *nrhs, const double *a, const int *lda, const int *ipiv,
             double *b, const int *ldb, int *info, size_t trans_length);
void dgeev_(const char *left, const char *right, const int *n, double *a, const int *lda, double *re, double *im,
            double *vl, const int *ldvl, double *vr, const int *ldvr, double *work, const int *lwork, int *info,
            size_t left_length, size_t right_length);

void dgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k, const double *alpha,
            const double *a, const int *lda, const double *b, const int *ldb, const double *beta, double *c,
            const int *ldc, size_t transa_length, size_t transb_length);

/* Complex numbers are pairs of real ones. */
void zgetrf_(const int *m, const int *n, double *a, const int *lda, int *ipiv, int *info);
void zggev_(const char *left, const char *right, const int *n, double *a, const int *lda, double *b, const int *ldb,
            double *alpha, double *beta, double *vl, const int *ldvl, double *vr, const int *ldvr, double *work,
            const int *lwork, double *rwork, int *info, size_t left_length, size_t right_length);
void zgetrs_(const char *trans, const int *n, const int *nrhs, const double *a, const int *lda, const int *ipiv,
             double *b, const int *ldb, int *info, size_t trans_length);

#endif
