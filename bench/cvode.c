/* SPDX-License-Identifier: BSD-3-Clause */
#include "cvode.h"

#include "dense.h"

#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdlib.h>
#include <string.h>
#include <sunlinsol/sunlinsol_band.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_band.h>
#include <sunmatrix/sunmatrix_dense.h>

int cvode_is_there(void)
{
    return 1;
}

double cvode_tolerance(size_t rung)
{
    return pow(10, -2 - 0.5 * (double)rung);
}

/* ---- LAPACK's dense factorisation as a linear solver: distributions leave theirs out, an expert would add it ---- */

typedef struct {
    int n, *pivots;
} lapack;

static SUNLinearSolver_Type lapack_type(SUNLinearSolver s)
{
    (void)s;
    return SUNLINEARSOLVER_DIRECT;
}

static int lapack_setup(SUNLinearSolver s, SUNMatrix a)
{
    lapack *l = s->content;
    int info = 0;
    dgetrf_(&l->n, &l->n, SUNDenseMatrix_Data(a), &l->n, l->pivots, &info);
    return info;
}

static int lapack_solve(SUNLinearSolver s, SUNMatrix a, N_Vector x, N_Vector b, realtype tolerance)
{
    const lapack *l = s->content;
    const int one = 1;
    int info = 0;
    (void)tolerance;
    memcpy(N_VGetArrayPointer(x), N_VGetArrayPointer(b), (size_t)l->n * sizeof(double));
    dgetrs_("N", &l->n, &one, SUNDenseMatrix_Data(a), &l->n, l->pivots, N_VGetArrayPointer(x), &l->n, &info, 1);
    return info;
}

static int lapack_free(SUNLinearSolver s)
{
    lapack *l = s->content;
    free(l->pivots);
    free(l);
    s->content = NULL;
    SUNLinSolFreeEmpty(s);
    return 0;
}

static SUNLinearSolver lapack_new(size_t n, SUNContext context)
{
    SUNLinearSolver s = SUNLinSolNewEmpty(context);
    lapack *l = bench_alloc(1, sizeof *l);
    l->n = (int)n;
    l->pivots = bench_alloc(n, sizeof(int));
    s->content = l;
    s->ops->gettype = lapack_type;
    s->ops->setup = lapack_setup;
    s->ops->solve = lapack_solve;
    s->ops->free = lapack_free;
    return s;
}

/* ---- a run ---- */

typedef struct {
    SUNContext context;
    N_Vector y;
    SUNMatrix matrix;
    SUNLinearSolver solver;
    void *cvode;
} memory;

static int make_linear(const cvode_job *job, memory *m)
{
    const sunindextype n = (sunindextype)job->n;
    if (job->linear == CVODE_BAND) {
        m->matrix = SUNBandMatrix(n, (sunindextype)job->upper, (sunindextype)job->lower, m->context);
        m->solver = SUNLinSol_Band(m->y, m->matrix, m->context);
    } else {
        m->matrix = SUNDenseMatrix(n, n, m->context);
        m->solver =
            job->linear == CVODE_LAPACK ? lapack_new(job->n, m->context) : SUNLinSol_Dense(m->y, m->matrix, m->context);
    }
    int failed = CVodeSetLinearSolver(m->cvode, m->solver, m->matrix);
    return failed ? failed : CVodeSetJacFn(m->cvode, job->jacobian);
}

static int make(const cvode_job *job, memory *m)
{
    m->y = N_VNew_Serial((sunindextype)job->n, m->context);
    memcpy(N_VGetArrayPointer(m->y), job->initial, job->n * sizeof(double));
    m->cvode = CVodeCreate(CV_BDF, m->context);
    int failed = CVodeInit(m->cvode, job->rhs, 0, m->y);
    if (!failed) failed = CVodeSStolerances(m->cvode, job->rtol, job->atol);
    if (!failed) failed = CVodeSetUserData(m->cvode, job->data);
    if (!failed) failed = CVodeSetMaxNumSteps(m->cvode, 1000000);
    if (!failed) failed = CVodeSetErrFile(m->cvode, NULL);
    return failed ? failed : make_linear(job, m);
}

static void release(memory *m)
{
    if (m->cvode) CVodeFree(&m->cvode);
    if (m->solver) SUNLinSolFree(m->solver);
    if (m->matrix) SUNMatDestroy(m->matrix);
    if (m->y) N_VDestroy(m->y);
    m->solver = NULL;
    m->matrix = NULL;
    m->y = NULL;
}

static int integrate(const cvode_job *job, const memory *m, double *rates)
{
    int answer = 0;
    for (size_t k = 0; k < PROBLEM_TIMES && answer >= 0; k++) {
        realtype t;
        const double end = problem_times()[k];
        if (job->stop) answer = CVodeSetStopTime(m->cvode, end);
        if (answer >= 0) answer = CVode(m->cvode, end, m->y, &t, CV_NORMAL);
        rates[k] = job->rate(job->data, end, N_VGetArrayPointer(m->y));
    }
    return answer < 0;
}

static void read_counters(const memory *m, bench_point *out)
{
    long steps = 0, failures = 0, setups = 0;
    CVodeGetNumSteps(m->cvode, &steps);
    CVodeGetNumErrTestFails(m->cvode, &failures);
    CVodeGetNumLinSolvSetups(m->cvode, &setups);
    out->steps = steps;
    out->rejections = failures;
    out->factorizations = setups;
}

int cvode_run(const cvode_job *job, size_t repeats, double *rates, bench_point *out)
{
    memory m = {0};
    int failed = SUNContext_Create(NULL, &m.context);
    out->run = out->whole = INFINITY;
    out->unknowns = (int64_t)job->n;
    for (size_t k = 0; k < repeats && !failed; k++) {
        const double begin = bench_clock();
        failed = make(job, &m);
        const double ready = bench_clock();
        if (!failed) failed = integrate(job, &m, rates);
        const double end = bench_clock();
        out->run = fmin(out->run, end - ready);
        out->whole = fmin(out->whole, end - begin);
        if (!failed) read_counters(&m, out);
        release(&m);
    }
    SUNContext_Free(&m.context);
    return failed;
}
