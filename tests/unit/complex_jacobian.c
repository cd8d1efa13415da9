/* SPDX-License-Identifier: BSD-3-Clause
 * Solves with I − γJ for a complex γ in every variant of the LIF model, held against the real ones by the resolvent identity:
 * with x = (I − γJ)⁻¹ r, and real solves by g,
 *
 *     x − (I − gJ)⁻¹ r = (γ − g)/g ((I − gJ)⁻¹ − I) x. */
#include "problem.h"
#include "solve/solver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BASE .reset = 1, .threshold = 2, .diffusion = 1, .mean = 0, .variance = 0.2
static const problem variants[] = {
    {.name = "linear", BASE},
    {.name = "network", BASE, .connectivity = 0.7},
    {.name = "noise", BASE, .connectivity = -2, .noise = 0.3},
    {.name = "callback", BASE, .connectivity = 0.7, .noise = 0.2, .swing = 0.5},
    {.name = "delay", BASE, .connectivity = -3, .delay = 0.3},
    {.name = "exponential", BASE, .connectivity = 1, .refractory = NPDE_REFRACTORY_EXPONENTIAL, .tau = 0.2},
    {.name = "fixed", BASE, .connectivity = 1, .refractory = NPDE_REFRACTORY_FIXED, .tau = 0.2},
    {.name = "threshold", BASE, .connectivity = 0.5, .noise = 0.1, .discharge = NPDE_DISCHARGE_STEP, .kappa = 10},
};
enum { N_VARIANTS = sizeof variants / sizeof variants[0] };

/* Populations that act on each other at once: the small system of the rates is then a full one. */
static void couple(run *r, const problem *p, size_t n_pop)
{
    double weights[9], noise[9];
    npde_model_free(r->model);
    OK(r->context, npde_model_new(r->context, NPDE_MODEL_LIF_NETWORK, n_pop, &r->model));
    for (size_t k = 0; k < n_pop * n_pop; k++) {
        weights[k] = p->connectivity * (1 - 0.4 * (double)k / 3);
        noise[k] = p->noise * (1 + (double)k) / 9;
    }
    OK(r->context, npde_model_set_matrix(r->model, NPDE_MATRIX_WEIGHTS, weights, n_pop, n_pop));
    OK(r->context, npde_model_set_matrix(r->model, NPDE_MATRIX_NOISE_WEIGHTS, noise, n_pop, n_pop));
    if (p->refractory) {
        OK(r->context, npde_model_set(r->model, NPDE_ALL, NPDE_PARAM_REFRACTORY, p->refractory));
        OK(r->context, npde_model_set(r->model, NPDE_ALL, NPDE_PARAM_REFRACTORY_TIME, p->tau));
    }
}

static double size_of(size_t n, const double *x)
{
    double size = 0;
    for (size_t i = 0; i < n; i++) size = fmax(size, fabs(x[i]));
    return size;
}

static void check(npde__system *s, npde__stepper *st, random_stream *stream, const char *name)
{
    const size_t n = s->n;
    double *x = calloc(6 * n, sizeof *x), *im = x + n, *y = im + n, *y_im = y + n, *r = y_im + n, *real = r + n;
    ck_assert_ptr_nonnull(x);
    OK(s->context, s->ops->linearize(s, 0, 0.01, st->y, st->rates, NULL));
    for (int trial = 0; trial < 10; trial++) {
        const double g = pow(10, random_between(stream, -4, 1)), angle = random_between(stream, -1, 1);
        const double size = g * pow(10, random_between(stream, -0.3, 0.3));
        const npde__complex gamma = {size * cos(angle), size * sin(angle)};
        /* A residual that J could have made: 0 where nothing is unknown. */
        s->ops->apply(s, 0, st->y, r);
        for (size_t i = 0; i < n; i++) r[i] = r[i] != 0 ? random_between(stream, -1, 1) : 0;
        memcpy(x, r, n * sizeof *x);
        memset(im, 0, n * sizeof *im);
        OK(s->context, s->ops->factor_jacobian(s, g));
        OK(s->context, s->ops->factor_jacobian_complex(s, gamma));
        OK(s->context, s->ops->solve_jacobian_complex(s, x, im));
        memcpy(real, r, n * sizeof *real);
        memcpy(y, x, n * sizeof *y);
        memcpy(y_im, im, n * sizeof *y_im);
        OK(s->context, s->ops->solve_jacobian(s, real));
        OK(s->context, s->ops->solve_jacobian(s, y));
        OK(s->context, s->ops->solve_jacobian(s, y_im));
        const npde__complex f = {(gamma.re - g) / g, gamma.im / g};
        const double tolerance = 1e-11 * (size_of(n, r) + size_of(n, x) + size_of(n, im));
        for (size_t i = 0; i < n; i++) {
            const npde__complex right = npde__complex_times(f, (npde__complex){y[i] - x[i], y_im[i] - im[i]});
            ck_assert_msg(fabs(x[i] - real[i] - right.re) <= tolerance && fabs(im[i] - right.im) <= tolerance,
                          "%s, γ = %g + %g i, g = %g, entry %zu: off by %g, %g", name, gamma.re, gamma.im, g, i,
                          x[i] - real[i] - right.re, im[i] - right.im);
        }
    }
    free(x);
}

START_TEST(resolvent_identity)
{
    random_stream stream = {21};
    for (size_t v = 0; v < N_VARIANTS; v++)
        for (int cells = -12; cells <= 70; cells += 82)
            for (int coupled = 0; coupled < 2; coupled++) {
                const problem *p = &variants[v];
                if (coupled && (p->swing != 0 || p->delay > 0 || p->discharge)) continue;
                run *r = run_prepare(p, cells, NPDE_METHOD_RADAU_IIA5, 0.01);
                if (coupled) {
                    npde_solver_free(r->solver);
                    couple(r, p, 3);
                    OK(r->context, npde_solver_new(r->model, r->grid, NPDE_METHOD_RADAU_IIA5, &r->solver));
                    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_DT, 0.01));
                    OK(r->context, npde_solver_set_gaussian(r->solver, NPDE_ALL, p->mean, p->variance));
                }
                ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
                OK(r->context, npde_solver_advance(r->solver, 0.5, NULL));
                npde__run *inside = r->solver->run;
                check(inside->system, &inside->stepper, &stream, p->name);
                run_free(r);
            }
}
END_TEST

MAIN("complex_jacobian", resolvent_identity)
