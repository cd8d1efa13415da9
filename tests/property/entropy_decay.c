/* SPDX-License-Identifier: BSD-3-Clause
 * Entropy on finite volumes with backward Euler: for random models, grids, data, steps and convex functions it never grows,
 * and a step takes at least h (D_diff + D_jump) of the new state from it, as convexity says. */
#include "problem.h"

#include <math.h>

enum { MOST = 256 };

/* max(0, x − a) smoothed, a power, a Huber function: H'' ≥ 0, any shape. */
typedef struct {
    int kind;
    double a, b;
} shape;

static int32_t convex(size_t n, const double *x, double *value, double *slope, double *curvature, void *user)
{
    const shape *s = user;
    for (size_t i = 0; i < n; i++) {
        const double y = x[i] - s->a, z = s->b * y;
        curvature[i] = 0;
        if (s->kind == 0) {
            value[i] = (z > 30 ? z : log1p(exp(z))) / s->b;
            slope[i] = 1 / (1 + exp(-z));
        } else if (s->kind == 1) {
            value[i] = pow(fabs(y), 1 + s->b);
            slope[i] = copysign((1 + s->b) * pow(fabs(y), s->b), y);
        } else {
            value[i] = fabs(z) < 1 ? z * z / 2 : fabs(z) - 0.5;
            slope[i] = s->b * fmax(-1, fmin(1, z));
        }
    }
    return 0;
}

/* A model, a graded grid and rough data: a few random bumps on a floor that may be 0. */
static npde_grid *draw(npde_context *c, npde_model *m, random_stream *stream, double *p)
{
    const double reset = random_between(stream, -1, 1), threshold = reset + random_between(stream, 0.2, 2);
    const double a = exp(random_between(stream, log(0.05), log(2))), drive = random_between(stream, -1, 3);
    const double left = fmin(reset, drive) - 6 * sqrt(a);
    const int discharge = random_between(stream, 0, 1) < 0.3, refractory = random_between(stream, 0, 1) < 0.4;
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, reset));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_V_THRESHOLD, threshold));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, a));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, drive));
    if (discharge) OK(c, npde_model_set(m, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));
    if (refractory) {
        OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY_TIME, random_between(stream, 0.05, 1)));
    }
    const double breaks[] = {left, reset, threshold, threshold + 5 * sqrt(a)};
    const size_t cells[] = {(size_t)random_between(stream, 8, 80), (size_t)random_between(stream, 4, 60), 40};
    const double ratios[] = {exp(random_between(stream, -3, 1)), exp(random_between(stream, -6, 1)), 3};
    npde_grid *grid;
    OK(c, npde_grid_new_graded(c, breaks, discharge ? 4 : 3, cells, ratios, &grid));
    const size_t n = npde_grid_size(grid, 0);
    double v[MOST], w[MOST], sum = 0;
    ck_assert_uint_le(n, MOST);
    OK(c, npde_grid_points(grid, 0, v, n));
    OK(c, npde_grid_weights(grid, 0, w, n));
    const double floor = random_between(stream, -0.05, 0.1), share = random_between(stream, 0, 1);
    for (size_t i = 0; i < n; i++) {
        const int below = discharge || i + 1 < n;
        p[i] = below ? fmax(0, floor) + (random_between(stream, 0, 1) < share ? random_between(stream, 0, 1) : 0) : 0;
        if (below) p[i] += 1e-12;
        sum += w[i] * p[i];
    }
    for (size_t i = 0; i < n; i++) p[i] /= sum;
    return grid;
}

START_TEST(decays_for_every_convex_function)
{
    random_stream stream = {2024};
    const int draws = (int)fmax(20, 1000 * test_scale());
    for (int k = 0; k < draws; k++) {
        npde_context *c;
        npde_model *m;
        npde_solver *s;
        npde_entropy *e;
        double p[MOST], reservoir, before, now, diffusion, jump;
        OK(c, npde_context_new(&c));
        OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
        npde_grid *grid = draw(c, m, &stream, p);
        const size_t n = npde_grid_size(grid, 0);
        const double dt = exp(random_between(&stream, log(1e-4), log(10)));
        const npde_id flux = k % 2 ? NPDE_FLUX_EXACT : NPDE_FLUX_MIDPOINT;
        shape custom = {k % 3, random_between(&stream, 0, 3), random_between(&stream, 0.1, 3)};
        OK(c, npde_solver_new(m, grid, NPDE_METHOD_BACKWARD_EULER, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, dt));
        OK(c, npde_solver_set(s, NPDE_OPTION_FLUX, flux));
        OK(c, npde_entropy_new(m, grid, 0, NULL, flux, &e));
        OK(c, npde_entropy_set_function(e, convex, &custom, NULL));
        for (npde_id function = NPDE_ENTROPY_QUADRATIC; function <= NPDE_ENTROPY_CUSTOM; function++) {
            OK(c, npde_solver_set_state(s, 0, p, n));
            OK(c, npde_solver_start(s, 0));
            OK(c, npde_solver_reservoirs(s, &reservoir, 1));
            OK(c, npde_entropy_measure(e, function, p, n, reservoir, &before, NULL, NULL));
            for (int step = 1; step <= 10; step++) {
                double now_p[MOST];
                ck_assert_int_ge(npde_solver_step(s, 1e6, NULL), 0); /* a truncated tail is told, and no matter here */
                OK(c, npde_solver_state(s, 0, now_p, n));
                OK(c, npde_solver_reservoirs(s, &reservoir, 1));
                OK(c, npde_entropy_measure(e, function, now_p, n, reservoir, &now, &diffusion, &jump));
                const double slack = 1e-10 * (fabs(before) + 1);
                ck_assert_msg(diffusion >= -slack && jump >= -slack, "draw %d, %s: D_diff = %g, D_jump = %g", k,
                              npde_id_name(function), diffusion, jump);
                ck_assert_msg(now <= before - dt * (diffusion + jump) + slack,
                              "draw %d, %s, step %d: S from %.17g to %.17g, dissipation %g", k, npde_id_name(function),
                              step, before, now, dt * (diffusion + jump));
                before = now;
            }
        }
        npde_entropy_free(e);
        npde_solver_free(s);
        npde_grid_free(grid);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

MAIN("entropy", decays_for_every_convex_function)
