/* SPDX-License-Identifier: BSD-3-Clause
 * Element matrices on Gauss–Lobatto–Legendre nodes, tested with the Lagrange basis l_i and lumped mass w_i:
 *
 *     A0_ij = ∫ −v l_j l_i',   A1_ij = ∫ l_j l_i',   A2_ij = −∫ l_j' l_i',
 *
 * the row of V_F is the flux and is added to the row of V_R. */
#include "spectral.h"

#include "bench.h"
#include "numerics/quadrature.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    size_t n; /* nodes */
    double x[NPDE__MAX_NODES], w[NPDE__MAX_NODES], b[NPDE__MAX_NODES];
    double derivative[NPDE__MAX_NODES * NPDE__MAX_NODES];
} element;

size_t layout_unknowns(const layout *l)
{
    size_t n = 0;
    for (size_t s = 0; s < l->n; s++) n += l->degrees[s];
    return n;
}

static void make_element(element *e, size_t degree)
{
    e->n = degree + 1;
    npde__quadrature_lobatto(degree, e->x, e->w);
    npde__quadrature_barycentric(e->n, e->x, e->b);
    npde__quadrature_derivative(e->n, e->x, e->b, e->derivative);
}

/* A0 of an element: the drift makes the integrand one degree more than the Lobatto rule is exact for, so Gauss. */
static void add_leak(const element *e, double left, double right, double *full, size_t stride)
{
    const size_t n = e->n, gauss = n + 1;
    double gx[NPDE__MAX_NODES], gw[NPDE__MAX_NODES], l[NPDE__MAX_NODES], slope[NPDE__MAX_NODES];
    npde__quadrature_gauss(gauss, gx, gw);
    for (size_t q = 0; q < gauss; q++) {
        const double v = left + (right - left) * (gx[q] + 1) / 2;
        npde__quadrature_lagrange(n, e->x, e->b, gx[q], l);
        for (size_t i = 0; i < n; i++) {
            slope[i] = 0;
            for (size_t k = 0; k < n; k++) slope[i] += l[k] * e->derivative[k * n + i];
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) full[j * stride + i] -= gw[q] * v * l[j] * slope[i];
    }
}

static void add_transport(const element *e, double *full, size_t stride)
{
    for (size_t i = 0; i < e->n; i++)
        for (size_t j = 0; j < e->n; j++) full[j * stride + i] += e->w[j] * e->derivative[j * e->n + i];
}

static void add_diffusion(const element *e, double width, double *full, size_t stride)
{
    const size_t n = e->n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t q = 0; q < n; q++) sum += e->w[q] * e->derivative[q * n + i] * e->derivative[q * n + j];
            full[j * stride + i] -= 2 / width * sum;
        }
}

/* The matrices over all nodes, V_F included, column-major with stride n + 1, and the lumped masses. */
static void assemble(const layout *l, double *const full[3], size_t stride, double *mass)
{
    element *e = bench_alloc(1, sizeof *e);
    for (size_t s = 0, first = 0; s < l->n; first += l->degrees[s++]) {
        const double left = l->breaks[s], right = l->breaks[s + 1];
        const size_t corner = first * stride + first;
        make_element(e, l->degrees[s]);
        add_leak(e, left, right, full[0] + corner, stride);
        add_transport(e, full[1] + corner, stride);
        add_diffusion(e, right - left, full[2] + corner, stride);
        for (size_t i = 0; i < e->n; i++) mass[first + i] += e->w[i] * (right - left) / 2;
    }
    free(e);
}

/* D = W⁻¹ A with the flux row added at the reset; c = the flux row. */
static void reduce(spectral *s, double *const full[3], const double *mass, size_t reset)
{
    const size_t n = s->n, stride = n + 1;
    for (int m = 0; m < 3; m++)
        for (size_t j = 0; j < n; j++) {
            s->c[m][j] = full[m][j * stride + n];
            full[m][j * stride + reset] += s->c[m][j];
            for (size_t i = 0; i < n; i++) s->d[m][j * n + i] = full[m][j * stride + i] / mass[i];
        }
}

/* What does not move goes into the first matrix: fewer products a call. */
static void gather(spectral *s)
{
    const problem *p = s->p;
    s->parts = p->noise != 0 ? 3 : p->connectivity != 0 || p->swing != 0 ? 2 : 1;
    for (size_t k = 0; k < s->n * s->n; k++) {
        if (s->parts < 3) s->d[0][k] += problem_diffusion * s->d[2][k];
        if (s->parts < 2) s->d[0][k] += p->drive * s->d[1][k];
    }
}

/* The initial density is the library's own projection: both then solve the same semi-discrete problem. */
static void take_initial(spectral *s, const layout *l)
{
    npde_context *c = NULL;
    npde_grid *grid;
    npde_solver *solver;
    problem_check(c, npde_context_new(&c));
    npde_model *m = problem_model(c, s->p);
    problem_check(c, npde_grid_new(c, NPDE_SCHEME_SPECTRAL, l->breaks, l->n + 1, l->degrees, &grid));
    problem_check(c, npde_solver_new(m, grid, NPDE_METHOD_BACKWARD_EULER, &solver));
    problem_check(c, npde_solver_set_gaussian(solver, 0, s->p->mean, s->p->variance));
    problem_check(c, npde_solver_start(solver, 0));
    double *all = bench_alloc(s->n + 1, sizeof *all);
    problem_check(c, npde_solver_state(solver, 0, all, s->n + 1));
    for (size_t i = 0; i < s->n; i++) s->initial[i] = all[i];
    problem_check(c, npde_solver_rates(solver, &s->start_rate, 1));
    free(all);
    npde_solver_free(solver);
    npde_grid_free(grid);
    npde_model_free(m);
    npde_context_free(c);
}

spectral *spectral_new(const problem *p, const layout *l)
{
    spectral *s = bench_alloc(1, sizeof *s);
    double *full[3];
    s->p = p;
    s->n = layout_unknowns(l);
    s->first = s->n - l->degrees[l->n - 1];
    size_t reset = 0;
    for (size_t k = 0, node = 0; k < l->n; node += l->degrees[k++]) {
        if (l->breaks[k] == problem_reset) reset = node;
        if (l->degrees[k] > s->bandwidth) s->bandwidth = l->degrees[k];
    }
    /* The flux row, added at the reset, reaches to the last element. */
    if (s->n - 1 - reset > s->bandwidth) s->bandwidth = s->n - 1 - reset;
    double *mass = bench_alloc(s->n + 1, sizeof *mass);
    for (int m = 0; m < 3; m++) {
        full[m] = bench_alloc((s->n + 1) * (s->n + 1), sizeof(double));
        s->d[m] = bench_alloc(s->n * s->n, sizeof(double));
        s->c[m] = bench_alloc(s->n, sizeof(double));
    }
    s->initial = bench_alloc(s->n, sizeof *s->initial);
    assemble(l, full, s->n + 1, mass);
    reduce(s, full, mass, reset);
    gather(s);
    take_initial(s, l);
    for (int m = 0; m < 3; m++) free(full[m]);
    free(mass);
    return s;
}

void spectral_free(spectral *s)
{
    for (int m = 0; m < 3; m++) {
        free(s->d[m]);
        free(s->c[m]);
    }
    free(s->initial);
    free(s);
}

double spectral_rate(const spectral *s, double t, const double *y, double *den)
{
    const problem *p = s->p;
    double f0 = 0, f1 = 0, f2 = 0;
    for (size_t i = s->first; i < s->n; i++) {
        f0 += s->c[0][i] * y[i];
        f1 += s->c[1][i] * y[i];
        f2 += s->c[2][i] * y[i];
    }
    *den = 1 - p->connectivity * f1 - p->noise * f2;
    return (f0 + problem_drive(p, t) * f1 + problem_diffusion * f2) / *den;
}

/* One pass over the columns: every coefficient is used while it is loaded. */
static void product(const spectral *s, double mu, double a, const double *restrict y, double *restrict out)
{
    const size_t n = s->n;
    const double *restrict d0 = s->d[0], *restrict d1 = s->d[1], *restrict d2 = s->d[2];
    for (size_t i = 0; i < n; i++) out[i] = 0;
    for (size_t j = 0; j < n; j++, d0 += n, d1 += n, d2 += n) {
        const double x = y[j], mx = mu * x, ax = a * x;
        if (s->parts == 1)
            for (size_t i = 0; i < n; i++) out[i] += x * d0[i];
        else if (s->parts == 2)
            for (size_t i = 0; i < n; i++) out[i] += x * d0[i] + mx * d1[i];
        else
            for (size_t i = 0; i < n; i++) out[i] += x * d0[i] + mx * d1[i] + ax * d2[i];
    }
}

void spectral_rhs(const spectral *s, double t, const double *y, double *out)
{
    const problem *p = s->p;
    double den, rate = s->parts == 1 ? 0 : spectral_rate(s, t, y, &den);
    product(s, problem_drive(p, t) + p->connectivity * rate, problem_diffusion + p->noise * rate, y, out);
}

/* column ← (b D1 + a1 D2) y, what moves with N. */
static void by_rate(const spectral *s, const double *y, double *column)
{
    const size_t n = s->n;
    for (size_t i = 0; i < n; i++) column[i] = 0;
    for (size_t j = 0; j < n; j++) {
        const double b = s->p->connectivity * y[j], a1 = s->p->noise * y[j];
        for (size_t i = 0; i < n; i++) column[i] += b * s->d[1][j * n + i] + a1 * s->d[2][j * n + i];
    }
}

void spectral_jacobian(const spectral *s, double t, const double *y, double *scratch, double *out)
{
    const problem *p = s->p;
    const size_t n = s->n;
    double den;
    const double rate = spectral_rate(s, t, y, &den);
    const double mu = problem_drive(p, t) + p->connectivity * rate, a = problem_diffusion + p->noise * rate;
    const double m1 = s->parts > 1 ? mu : 0, m2 = s->parts > 2 ? a : 0;
    const int coupled = p->connectivity != 0 || p->noise != 0;
    if (coupled) by_rate(s, y, scratch);
    for (size_t j = 0; j < n; j++) {
        const double g = coupled ? (s->c[0][j] + mu * s->c[1][j] + a * s->c[2][j]) / den : 0;
        for (size_t k = j * n, i = 0; i < n; i++, k++) {
            out[k] = s->d[0][k];
            if (m1 != 0) out[k] += m1 * s->d[1][k];
            if (m2 != 0) out[k] += m2 * s->d[2][k];
            if (g != 0) out[k] += scratch[i] * g;
        }
    }
}
