/* SPDX-License-Identifier: BSD-3-Clause
 * SUNDIALS CVODE (BDF, Newton) on a problem that somebody has discretised in space. */
#ifndef NPDE_BENCH_CVODE_H
#define NPDE_BENCH_CVODE_H

#include "peers.h"

#include <cvode/cvode.h>
#include <cvode/cvode_ls.h>

typedef enum { CVODE_BAND, CVODE_DENSE, CVODE_LAPACK } cvode_linear;

typedef struct {
    size_t n;
    CVRhsFn rhs;
    CVLsJacFn jacobian;
    void *data;
    const double *initial;
    double (*rate)(void *data, double t, const double *y);
    cvode_linear linear;
    size_t lower, upper; /* bandwidths */
    double rtol, atol;
    int stop; /* steps end at the output times; otherwise the state is interpolated there */
} cvode_job;

/* Half decades from 1e-2 on. */
enum { CVODE_TOLERANCES = 23 };
double cvode_tolerance(size_t rung);
/* The best of so many runs into out; not 0 when a run fails. */
int cvode_run(const cvode_job *job, size_t repeats, double *rates, bench_point *out);

#endif
