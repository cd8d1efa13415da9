/* SPDX-License-Identifier: BSD-3-Clause
 * The expert's choice: CVODE on the library's own spectral semi-discretisation, with the exact Jacobian D + (…) gᵀ. On a few
 * elements dense, by SUNDIALS' or LAPACK's factorisation; on many by its band solver, the part of the rank-1 term outside the
 * band left out, for which Newton makes up. */
#include "cvode.h"
#include "grids.h"

#include <math.h>
#include <stdlib.h>
#include <sunmatrix/sunmatrix_band.h>
#include <sunmatrix/sunmatrix_dense.h>

const char group_sem[] = "CVODE spectral elements";

typedef struct {
    bench_solver base;
    const problem *p;
    const grids *layouts;
    cvode_linear linear;
    int stop;
    double atol; /* over rtol */
    spectral *made[GRIDS_MOST];
} sem;

typedef struct {
    const spectral *s;
    double *scratch, *dense;
} sem_data;

static int sem_rhs(realtype t, N_Vector y, N_Vector out, void *user)
{
    const sem_data *d = user;
    spectral_rhs(d->s, t, N_VGetArrayPointer(y), N_VGetArrayPointer(out));
    return 0;
}

static double sem_rate(void *data, double t, const double *y)
{
    double den;
    return spectral_rate(((const sem_data *)data)->s, t, y, &den);
}

static int dense_jacobian(realtype t, N_Vector y, N_Vector f, SUNMatrix j, void *user, N_Vector w1, N_Vector w2,
                          N_Vector w3)
{
    const sem_data *d = user;
    (void)f, (void)w1, (void)w2, (void)w3;
    spectral_jacobian(d->s, t, N_VGetArrayPointer(y), d->scratch, SUNDenseMatrix_Data(j));
    return 0;
}

static int band_jacobian(realtype t, N_Vector y, N_Vector f, SUNMatrix j, void *user, N_Vector w1, N_Vector w2,
                         N_Vector w3)
{
    const sem_data *d = user;
    const size_t n = d->s->n, band = d->s->bandwidth;
    (void)f, (void)w1, (void)w2, (void)w3;
    spectral_jacobian(d->s, t, N_VGetArrayPointer(y), d->scratch, d->dense);
    for (size_t c = 0; c < n; c++) {
        realtype *column = SUNBandMatrix_Column(j, (sunindextype)c);
        for (size_t r = c > band ? c - band : 0; r < n && r <= c + band; r++)
            SM_COLUMN_ELEMENT_B(column, r, c) = d->dense[c * n + r];
    }
    return 0;
}

static const spectral *made(sem *s, size_t grid)
{
    if (!s->made[grid]) s->made[grid] = spectral_new(s->p, &s->layouts->at[grid]);
    return s->made[grid];
}

static int run(bench_solver *self, size_t grid, size_t rung, size_t repeats, bench_point *out)
{
    sem *solver = (sem *)self;
    char space[64];
    const spectral *s = made(solver, grid);
    sem_data data = {.s = s};
    data.scratch = bench_alloc(2 * s->n, sizeof(double));
    data.dense = bench_alloc(s->n * s->n, sizeof(double));
    const double rtol = cvode_tolerance(rung);
    const cvode_job job = {.n = s->n,
                           .rhs = sem_rhs,
                           .jacobian = solver->linear == CVODE_BAND ? band_jacobian : dense_jacobian,
                           .data = &data,
                           .initial = s->initial,
                           .rate = sem_rate,
                           .linear = solver->linear,
                           .lower = s->bandwidth,
                           .upper = s->bandwidth,
                           .rtol = rtol,
                           .atol = solver->atol * rtol,
                           .stop = solver->stop};
    double rates[PROBLEM_TIMES];
    const int failed = cvode_run(&job, repeats, rates, out);
    free(data.scratch);
    free(data.dense);
    out->error = failed ? INFINITY : problem_error(solver->p, rates);
    grids_describe(&solver->layouts->at[grid], space, sizeof space);
    snprintf(out->setting, sizeof out->setting, "%s; rtol %.1e", space, rtol);
    return failed != 0;
}

static double layout_floor(const bench_solver *self, size_t grid)
{
    return ((const sem *)self)->layouts->at[grid].floor;
}

static void release(bench_solver *self)
{
    sem *s = (sem *)self;
    for (size_t k = 0; k < GRIDS_MOST; k++)
        if (s->made[k]) spectral_free(s->made[k]);
    free(s);
}

static void add(const problem *p, cvode_linear linear, int stop, double atol, solver_list *list)
{
    static const char *const names[] = {"band", "dense", "LAPACK"};
    sem *s = bench_alloc(1, sizeof *s);
    *s = (sem){.p = p,
               .layouts = grids_spectral(p, linear == CVODE_BAND ? GRIDS_MANY : GRIDS_FEW),
               .linear = linear,
               .stop = stop,
               .atol = atol};
    s->base = (bench_solver){.group = group_sem,
                             .n_grids = s->layouts->n,
                             .n_rungs = CVODE_TOLERANCES,
                             .run = run,
                             .floor = layout_floor,
                             .free = release};
    snprintf(s->base.name, sizeof s->base.name, "CVODE spectral %s, outputs %s, atol %g rtol", names[linear],
             stop ? "stepped to" : "interpolated", atol);
    solver_list_add(list, &s->base);
}

void cvode_sem_solvers(const problem *p, cvode_effort effort, solver_list *list)
{
    static const cvode_linear kinds[] = {CVODE_LAPACK, CVODE_BAND, CVODE_DENSE};
    for (size_t k = 0; k < (effort == CVODE_ALL ? 3 : 2); k++)
        for (int stop = 0; stop < (effort == CVODE_ALL ? 2 : 1); stop++) {
            add(p, kinds[k], stop, 1, list);
            add(p, kinds[k], stop, 1e-2, list);
        }
}
