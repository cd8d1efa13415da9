/* SPDX-License-Identifier: BSD-3-Clause
 * The plain choice: CVODE on hand-written finite volumes of second order with centred fluxes,
 *
 *     h n_i' = J_i − J_{i+1} + N s_i,   J_i = (μ − v_i)(n_{i−1} + n_i)/2 − (a/h)(n_i − n_{i−1}) at the face v_i,
 *
 * vertex-centred (V_R and V_F are points, N the last flux) or cell-centred (they are faces, the source in halves beside V_R, and
 * N = a (9 n_{n−1} − n_{n−2})/(3h)). Both are N = (μ − v) q n_{n−1} + a (k1 n_{n−1} + k2 n_{n−2}). The Jacobian is tridiagonal:
 * what enters at V_R, and the coupling through N, are left out, and Newton makes up for it; or, wide, the band that reaches from
 * V_R to V_F holds both. */
#include "cvode.h"
#include "grids.h"

#include <math.h>
#include <stdlib.h>
#include <sunmatrix/sunmatrix_band.h>

const char group_fv[] = "CVODE finite volumes";

typedef struct {
    bench_solver base;
    const problem *p;
    int cells, wide, stop; /* cell-centred; the wide band; outputs stepped to */
    double atol;           /* over rtol */
} fv;

typedef struct {
    const problem *p;
    size_t n, reset;
    double h, first_volume;   /* of the first point, over h */
    double source[2];         /* what reset − 1 and reset get of N */
    double q, k1, k2, last_v; /* the flux functional */
    size_t band;              /* above the diagonal */
    double *face;             /* n + 1 faces; the first is the closed end */
    double *initial;
} fv_data;

static double numerator(const fv_data *d, double t, const double *y, double *den)
{
    const size_t n = d->n;
    const double slope = d->k1 * y[n - 1] + d->k2 * y[n - 2], at = d->q * y[n - 1];
    *den = 1 - d->p->connectivity * at - d->p->noise * slope;
    return (problem_drive(d->p, t) - d->last_v) * at + problem_diffusion * slope;
}

static double fv_rate(void *data, double t, const double *y)
{
    double den;
    const double num = numerator(data, t, y, &den);
    return num / den;
}

static void balance(const fv_data *d, double mu, double a, double rate, const double *restrict y, double *restrict out)
{
    const size_t n = d->n, last = n - 1;
    const double *restrict v = d->face;
    const double g = 0.5 / d->h, k = a / (d->h * d->h);
    for (size_t i = 1; i < last; i++) {
        const double left = y[i - 1], right = y[i + 1], x = y[i];
        out[i] = g * ((mu - v[i]) * (left + x) - (mu - v[i + 1]) * (x + right)) + k * ((left - x) - (x - right));
    }
    out[0] = (-g * (mu - v[1]) * (y[0] + y[1]) - k * (y[0] - y[1])) / d->first_volume;
    out[last] = g * (mu - v[last]) * (y[last - 1] + y[last]) + k * (y[last - 1] - y[last]) - rate / d->h;
    out[d->reset - 1] += d->source[0] * rate / d->h;
    out[d->reset] += d->source[1] * rate / d->h;
}

static int fv_rhs(realtype t, N_Vector y, N_Vector out, void *user)
{
    const fv_data *d = user;
    const double *n = N_VGetArrayPointer(y), rate = fv_rate(user, t, n);
    balance(d, problem_drive(d->p, t) + d->p->connectivity * rate, problem_diffusion + d->p->noise * rate, rate, n,
            N_VGetArrayPointer(out));
    return 0;
}

static void tridiagonal(const fv_data *d, double mu, double a, SUNMatrix j)
{
    const size_t n = d->n;
    const double *v = d->face, g = 0.5 / d->h, k = a / (d->h * d->h);
    for (size_t c = 0; c < n; c++) {
        realtype *column = SUNBandMatrix_Column(j, (sunindextype)c);
        const double volume = c == 0 ? d->first_volume : 1;
        double diagonal = 0;
        if (c > 0) { /* face c lies between c − 1 and c */
            SM_COLUMN_ELEMENT_B(column, c - 1, c) = (-g * (mu - v[c]) + k) / (c == 1 ? d->first_volume : 1);
            diagonal += g * (mu - v[c]) - k;
        }
        if (c + 1 < n) {
            SM_COLUMN_ELEMENT_B(column, c + 1, c) = g * (mu - v[c + 1]) + k;
            diagonal -= g * (mu - v[c + 1]) + k;
        }
        SM_COLUMN_ELEMENT_B(column, c, c) = diagonal / volume;
    }
}

/* The last equation's own flux; and, in the wide band, the two columns that N depends on as far as they reach. */
static void add_rate(const fv_data *d, double mu, double a, double den, const double *y, SUNMatrix j)
{
    const size_t n = d->n, last = n - 1;
    const double by[2] = {(a * d->k2) / den, ((mu - d->last_v) * d->q + a * d->k1) / den};
    const double g = 0.5 / d->h, k = 1 / (d->h * d->h);
    for (size_t side = 0; side < 2; side++) {
        const size_t c = last - 1 + side;
        realtype *column = SUNBandMatrix_Column(j, (sunindextype)c);
        if (by[side] == 0) continue;
        SM_COLUMN_ELEMENT_B(column, last, c) -= by[side] / d->h;
        if (d->band < 2) continue;
        for (size_t i = d->reset - 1; i < n; i++) { /* those further left are beyond the band */
            if (i + d->band < c) continue;
            const double left = y[i - 1], x = y[i], right = i < last ? y[i + 1] : 0;
            const double by_mu = i < last ? g * (left - right) : g * (left + x);
            const double by_a = i < last ? k * (left - 2 * x + right) : k * (left - x);
            double term = d->p->connectivity * by_mu + d->p->noise * by_a;
            if (i == d->reset - 1) term += d->source[0] / d->h;
            if (i == d->reset) term += d->source[1] / d->h;
            SM_COLUMN_ELEMENT_B(column, i, c) += term * by[side];
        }
    }
}

static int fv_jacobian(realtype t, N_Vector y, N_Vector f, SUNMatrix j, void *user, N_Vector w1, N_Vector w2,
                       N_Vector w3)
{
    const fv_data *d = user;
    const double *n = N_VGetArrayPointer(y);
    double den;
    const double rate = numerator(d, t, n, &den) / den;
    const double mu = problem_drive(d->p, t) + d->p->connectivity * rate, a = problem_diffusion + d->p->noise * rate;
    (void)f, (void)w1, (void)w2, (void)w3;
    tridiagonal(d, mu, a, j);
    add_rate(d, mu, a, den, n, j);
    return 0;
}

/* Means over the volumes, by the error function: second order and conserving. */
static void project(fv_data *d, double begin, double left_half)
{
    const problem *p = d->p;
    const double scale = 1 / sqrt(2 * p->variance);
    const double mass = 0.5 * (1 + erf((problem_threshold - p->mean) * scale));
    for (size_t i = 0; i < d->n; i++) {
        const double left = begin + d->h * ((double)i - (i ? left_half : 0)),
                     right = begin + d->h * ((double)i + 1 - left_half);
        d->initial[i] = 0.5 * (erf((right - p->mean) * scale) - erf((left - p->mean) * scale)) / (right - left) / mass;
    }
}

static void make(const fv *solver, size_t grid, fv_data *d)
{
    const volumes v = grids_volumes(solver->p, grid);
    const size_t n = v.left + v.right;
    const double half = solver->cells ? 0 : 0.5;
    *d = (fv_data){.p = solver->p, .n = n, .reset = v.left, .h = v.h, .first_volume = solver->cells ? 1 : 0.5};
    d->source[0] = solver->cells ? 0.5 : 0;
    d->source[1] = solver->cells ? 0.5 : 1;
    d->q = solver->cells ? 0 : 0.5;
    d->k1 = solver->cells ? 3 / v.h : 1 / v.h;
    d->k2 = solver->cells ? -1 / (3 * v.h) : 0;
    d->band = solver->wide ? v.right : 1;
    d->face = bench_alloc(n + 1, sizeof(double));
    d->initial = bench_alloc(n, sizeof(double));
    for (size_t i = 0; i <= n; i++) d->face[i] = v.begin + v.h * ((double)i - half);
    d->last_v = d->face[n];
    project(d, v.begin, half);
}

static int run(bench_solver *self, size_t grid, size_t rung, size_t repeats, bench_point *out)
{
    const fv *solver = (const fv *)self;
    const double rtol = cvode_tolerance(rung);
    fv_data d;
    make(solver, grid, &d);
    const cvode_job job = {.n = d.n,
                           .rhs = fv_rhs,
                           .jacobian = fv_jacobian,
                           .data = &d,
                           .initial = d.initial,
                           .rate = fv_rate,
                           .linear = CVODE_BAND,
                           .lower = 1,
                           .upper = d.band,
                           .rtol = rtol,
                           .atol = solver->atol * rtol,
                           .stop = solver->stop};
    double rates[PROBLEM_TIMES];
    const int failed = cvode_run(&job, repeats, rates, out);
    free(d.face);
    free(d.initial);
    out->error = failed ? INFINITY : problem_error(solver->p, rates);
    snprintf(out->setting, sizeof out->setting, "n %zu; rtol %.1e", d.n, rtol);
    return failed != 0;
}

static void release(bench_solver *self)
{
    free(self);
}

static void add(const fv *like, solver_list *list)
{
    fv *s = bench_alloc(1, sizeof *s);
    *s = *like;
    s->base = (bench_solver){.group = group_fv,
                             .n_grids = like->wide ? GRIDS_VOLUMES - 5 : GRIDS_VOLUMES,
                             .n_rungs = CVODE_TOLERANCES,
                             .run = run,
                             .free = release};
    snprintf(s->base.name, sizeof s->base.name, "CVODE %s volumes%s, outputs %s, atol %g rtol",
             s->cells ? "cell" : "vertex", s->wide ? ", wide band" : "", s->stop ? "stepped to" : "interpolated",
             s->atol);
    solver_list_add(list, &s->base);
}

void cvode_fv_solvers(const problem *p, cvode_effort effort, solver_list *list)
{
    const int all = effort == CVODE_ALL;
    for (int cells = 0; cells < 2; cells++)
        for (int stop = 0; stop <= all; stop++)
            for (int loose = 0; loose <= (all || cells); loose++) {
                fv like = {.p = p, .cells = cells, .stop = stop, .atol = loose ? 1 : 1e-2};
                add(&like, list);
                like.wide = 1;
                if (all && !stop && !loose) add(&like, list);
            }
}
