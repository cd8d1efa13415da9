/* SPDX-License-Identifier: BSD-3-Clause
 * The watch for blow-up over random runs: no alarm on a run that goes on smoothly, however steep, and none missed. What
 * becomes of a run is found out by running it without the watch. */
#include "problem.h"

#include <math.h>
#include <string.h>

typedef struct {
    npde_status status;
    double t, top, time, exponent;
} fate;

typedef struct {
    double *top;
    double until; /* a rate at which the run need not go on */
    size_t n_pop;
} watch;

static int32_t largest(npde_solver *solver, npde_id event, double t, void *user)
{
    watch *w = user;
    double rates[2] = {0};
    (void)event, (void)t;
    ck_assert_int_eq(npde_solver_rates(solver, rates, w->n_pop), NPDE_OK);
    const double rate = fmax(rates[0], rates[1]);
    if (t > 1e-3) *w->top = fmax(*w->top, rate); /* data that do not vanish at the threshold begin with any rate */
    return t > 1e-3 && rate > w->until ? NPDE_STOP : 0;
}

static npde_grid *graded(npde_context *c, const problem *p)
{
    const double sigma = sqrt(p->diffusion), left = fmin(fmin(p->reset, p->drive), p->mean) - 7.5 * sigma;
    const double breaks[] = {left, p->reset, p->threshold, p->threshold + 4 + 5 * sigma}, ratios[] = {0.3, 2e-5, 100};
    const size_t cells[] = {150, 350, 200};
    npde_grid *grid;
    OK(c, npde_grid_new_graded(c, breaks, p->discharge ? 4 : 3, cells, ratios, &grid));
    return grid;
}

/* A steep pulse of drive: up and down within a few hundredths. */
static int32_t pulse(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    const double *height = user, x = (t - 0.4) / 0.03;
    (void)n_pop, (void)rate, (void)diffusion;
    drive[0] += *height * exp(-x * x);
    return 0;
}

static fate go(const problem *p, int finite_volumes, npde_id action, double t_end, double *height)
{
    fate f = {0};
    watch w = {&f.top, 3e5, 1};
    run *r = run_prepare(p, 0, NPDE_METHOD_RODAS5P, 0);
    if (finite_volumes) {
        npde_solver_free(r->solver);
        r->grid = graded(r->context, p);
        OK(r->context, npde_solver_new(r->model, r->grid, NPDE_METHOD_RODAS5P, &r->solver));
        OK(r->context, npde_solver_set_gaussian(r->solver, 0, p->mean, p->variance));
    }
    if (height) {
        OK(r->context, npde_model_set_coupling(r->model, pulse, height, NULL));
        OK(r->context, npde_model_set(r->model, 0, NPDE_PARAM_DRIVE_SWING, fabs(*height)));
    }
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_BLOWUP, action));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_LAYER, 2e-6));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, 1e-6));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_DT_MAX, height ? 0.02 : 1e12));
    OK(r->context, npde_solver_observe(r->solver, NPDE_EVENT_STEP, largest, &w, NULL, NULL));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_MAX_STEPS, 20000));
    f.status = npde_solver_start(r->solver, 0);
    if (f.status >= 0) {
        f.status = npde_solver_advance(r->solver, t_end, &f.t);
        f.time = run_stat(r, NPDE_STAT_BLOWUP_TIME);
        f.exponent = run_stat(r, NPDE_STAT_BLOWUP_EXPONENT);
    }
    run_free(r);
    return f;
}

static problem draw(random_stream *stream)
{
    problem p = {.name = "random", .reset = 1, .threshold = 2};
    p.diffusion = exp(random_between(stream, log(0.05), log(1.5)));
    p.connectivity = random_between(stream, 0.1, 3);
    p.drive = random_between(stream, -0.5, 2.2);
    p.variance = exp(random_between(stream, log(0.002), log(0.5)));
    p.mean =
        2 - fmax(random_between(stream, 0, 7), 1) * sqrt(p.variance); /* many that do not vanish at the threshold */
    return p;
}

/* A rate that has gone beyond 3e5, or a step that became too small on the way there, is a blow-up; a run that ends is none. */
START_TEST(the_verdict_is_the_fate)
{
    random_stream stream = {11};
    int smooth = 0, blown = 0, steep = 0;
    const int draws = (int)fmax(12, 420 * test_scale());
    for (int k = 0; k < draws; k++) {
        const problem p = draw(&stream);
        const int finite_volumes = k % 2;
        const fate with = go(&p, finite_volumes, NPDE_BLOWUP_STOP, 1, NULL);
        const fate without = go(&p, finite_volumes, NPDE_BLOWUP_IGNORE, 1, NULL);
        if (with.status == NPDE_ERR_RANGE || with.t < 1e-9) { /* b n(V_F) >= 1 */
            ck_assert_int_lt(without.status, 0);
            continue;
        }
        const int blows_up = without.t < 1,
                  told = with.status == NPDE_NOTICE_BLOWUP || with.status == NPDE_NOTICE_ETERNAL;
        ck_assert_msg(told == blows_up,
                      "draw %d: b %g, a %g, I %g, from %g, %g: without the watch %s at t = %g (largest rate %g), with "
                      "it %s at t = %g",
                      k, p.connectivity, p.diffusion, p.drive, p.mean, p.variance, npde_status_name(without.status),
                      without.t, without.top, npde_status_name(with.status), with.t);
        if (blows_up) {
            blown++;
            NEAR(with.time, without.t, 1e-7 + 1e-5 * without.t);
            if (with.t > 1e-5)
                NEAR(with.exponent, 0.5, 0.015); /* with b n(V_F) just below 1 there are no two decades */
        } else {
            smooth++;
            steep += with.top > 3;
            ck_assert_int_ge(with.status, 0);
            ck_assert(isinf(with.time));
        }
    }
    if (draws >= 420) ck_assert(smooth >= 200 && steep >= 20 && blown >= 100);
}
END_TEST

/* The same of two populations that excite and inhibit each other. */
static fate go_together(const problem pop[2], const double weights[4], npde_id action)
{
    fate f = {0};
    watch w = {&f.top, 3e5, 2};
    npde_context *c;
    npde_model *m;
    npde_solver *s;
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
    for (size_t p = 0; p < 2; p++) {
        OK(c, npde_model_set(m, p, NPDE_PARAM_DIFFUSION, pop[p].diffusion));
        OK(c, npde_model_set(m, p, NPDE_PARAM_DRIVE, pop[p].drive));
        OK(c, npde_solver_set_gaussian(s, p, pop[p].mean, pop[p].variance));
    }
    OK(c, npde_solver_set(s, NPDE_OPTION_BLOWUP, action));
    OK(c, npde_solver_set(s, NPDE_OPTION_LAYER, 2e-6));
    OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-6));
    OK(c, npde_solver_set(s, NPDE_OPTION_MAX_STEPS, 20000));
    OK(c, npde_solver_observe(s, NPDE_EVENT_STEP, largest, &w, NULL, NULL));
    f.status = npde_solver_start(s, 0);
    if (f.status >= 0) {
        f.status = npde_solver_advance(s, 1, &f.t);
        OK(c, npde_solver_stat(s, NPDE_STAT_BLOWUP_TIME, &f.time));
        OK(c, npde_solver_stat(s, NPDE_STAT_BLOWUP_EXPONENT, &f.exponent));
    }
    npde_solver_free(s);
    npde_model_free(m);
    npde_context_free(c);
    return f;
}

START_TEST(the_verdict_is_the_fate_of_networks)
{
    random_stream stream = {23};
    int smooth = 0, blown = 0;
    const int draws = (int)fmax(8, 160 * test_scale());
    for (int k = 0; k < draws; k++) {
        problem pop[2] = {draw(&stream), draw(&stream)};
        double weights[4];
        for (int i = 0; i < 4; i++) weights[i] = random_between(&stream, -0.7, 1.6);
        if (k % 4 == 0) pop[1] = pop[0]; /* in step, by rounding errors only */
        if (k % 4 == 0) weights[2] = weights[0], weights[3] = weights[1];
        const fate with = go_together(pop, weights, NPDE_BLOWUP_STOP);
        const fate without = go_together(pop, weights, NPDE_BLOWUP_IGNORE);
        if (with.status == NPDE_ERR_RANGE || with.t < 1e-9) {
            ck_assert_int_lt(without.status, 0);
            continue;
        }
        const int blows_up = without.t < 1,
                  told = with.status == NPDE_NOTICE_BLOWUP || with.status == NPDE_NOTICE_ETERNAL;
        ck_assert_msg(
            told == blows_up,
            "draw %d: weights %g %g %g %g: without the watch %s at t = %g (largest rate %g), with it %s at t = %g", k,
            weights[0], weights[1], weights[2], weights[3], npde_status_name(without.status), without.t, without.top,
            npde_status_name(with.status), with.t);
        smooth += !blows_up;
        blown += blows_up;
        if (blows_up) NEAR(with.time, without.t, 1e-7 + 1e-5 * without.t);
        if (blows_up && with.t > 1e-5) NEAR(with.exponent, 0.5, 0.06); /* each is bent by the others' layers */
    }
    if (draws >= 160) ck_assert_msg(smooth >= 50 && blown >= 30, "%d smooth, %d blown", smooth, blown);
}
END_TEST

/* Equations that cannot blow up, driven as steeply as one likes. */
START_TEST(no_alarm_where_there_can_be_none)
{
    random_stream stream = {5};
    double top = 0;
    const int draws = (int)fmax(12, 200 * test_scale());
    for (int k = 0; k < draws; k++) {
        problem p = draw(&stream);
        double height = exp(random_between(&stream, 0, log(150)));
        switch (k % 4) {
        case 0: p.connectivity = -p.connectivity; break;
        case 1: p.connectivity = 0; break;
        case 2:
            p.delay = random_between(&stream, 0.02, 0.3);
            height = fmin(height, 20);
            break;
        default:
            p.discharge = NPDE_DISCHARGE_STEP;
            p.kappa = random_between(&stream, 10, 50);
            p.connectivity *= 0.3;
            height = fmin(height, 20);
        }
        const fate f = go(&p, 1, NPDE_BLOWUP_STOP, 0.8, &height);
        top = fmax(top, f.top);
        ck_assert_msg(f.status >= 0 && f.status != NPDE_NOTICE_BLOWUP && f.status != NPDE_NOTICE_ETERNAL &&
                          isinf(f.time),
                      "draw %d: b %g, a %g, I %g, from %g, %g, pulse %g: %s at t = %g", k, p.connectivity, p.diffusion,
                      p.drive, p.mean, p.variance, height, npde_status_name(f.status), f.t);
    }
    ck_assert(top > 30 || draws < 100);
}
END_TEST

MAIN("blowup_verdict", the_verdict_is_the_fate, the_verdict_is_the_fate_of_networks, no_alarm_where_there_can_be_none)
