/* SPDX-License-Identifier: BSD-3-Clause
 * Blow-up: times, exponents, jumps against computations of another kind and closed forms; what a run does at one. */
#include "problem.h"
#include "solve/solver.h"
#include "steppers/stepper.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIT .reset = 1, .threshold = 2, .diffusion = 1
/*
 * Times and jumps: spectral elements with Radau IIA of order 5 on two grids; 0 where there is no such number. The certificate
 * for the exponent 2 max(1/b, V_F/a), by quadrature.
 */
static const struct {
    problem p;
    double time, digits, jump, jump_digits;
} cases[] = {
    {{.name = "b 3, wide", UNIT, .connectivity = 3, .mean = -1, .variance = 0.5}, 3.4173742, 2e-7, 1, 0},
    {{.name = "b 3, at 0", UNIT, .connectivity = 3, .mean = 0, .variance = 0.04}, 2.2011657, 2e-7, 1, 0},
    {{.name = "b 2.2", UNIT, .connectivity = 2.2, .mean = 0, .variance = 0.04}, 9.6692294, 2e-7, 1, 0},
    {{.name = "b 1.5", UNIT, .connectivity = 1.5, .mean = 1.5, .variance = 0.005}, 0.040184777, 2e-9, 1, 0},
    {{.name = "b 1.5, near", UNIT, .connectivity = 1.5, .mean = 1.83, .variance = 0.003}, 0.00071574593, 3e-10, 1, 0},
    {{.name = "b 0.5, near", UNIT, .connectivity = 0.5, .mean = 1.83, .variance = 0.003},
     0.0024656661,
     3e-10,
     0.810756,
     1e-4},
    {{.name = "b 0.9, near", UNIT, .connectivity = 0.9, .mean = 1.83, .variance = 0.003},
     0.001234405,
     1e-9,
     0.9326,
     1e-4},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

static run *prepare(const problem *p, npde_id action, double layer, double rtol)
{
    run *r = run_prepare(p, 0, NPDE_METHOD_RODAS5P, 0);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_BLOWUP, action));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_LAYER, layer));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, rtol));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_ATOL, 1e-3 * rtol));
    return r;
}

static run *begin(const problem *p, npde_id action, double layer, double rtol)
{
    run *r = prepare(p, action, layer, rtol);
    ck_assert_msg(npde_solver_start(r->solver, 0) >= 0, "%s: %s", p->name, npde_context_error(r->context));
    return r;
}

START_TEST(times_exponents_and_jumps)
{
    run *r = begin(&cases[_i].p, NPDE_BLOWUP_STOP, 1e-6, 1e-8);
    double t, time;
    const int eternal = cases[_i].jump == 1;
    ANSWERS(r->context, eternal ? NPDE_NOTICE_ETERNAL : NPDE_NOTICE_BLOWUP, npde_solver_advance(r->solver, 20, &t));
    time = run_stat(r, NPDE_STAT_BLOWUP_TIME);
    ck_assert(t < time && time - t < 1e-8);
    NEAR(time, cases[_i].time, cases[_i].digits);
    NEAR(run_stat(r, NPDE_STAT_BLOWUP_EXPONENT), 0.5, 0.01);
    NEAR(run_stat(r, NPDE_STAT_JUMP_SIZE), cases[_i].jump, cases[_i].jump_digits);
    ck_assert(run_stat(r, NPDE_STAT_MASS_DEFECT) < 1e-13);
    run_free(r);
}
END_TEST

/* Finite volumes, as the solver makes them for jumps. */
START_TEST(finite_volumes)
{
    run *r = begin(&cases[_i].p, NPDE_BLOWUP_JUMP, 0, 1e-6);
    double t = 0;
    npde_status status = 0;
    while (!status && t < 20 && run_stat(r, NPDE_STAT_JUMPS) == 0) status = npde_solver_step(r->solver, 20, &t);
    ck_assert_int_eq(status, cases[_i].jump == 1 ? NPDE_NOTICE_ETERNAL : NPDE_OK);
    NEAR(run_stat(r, NPDE_STAT_BLOWUP_TIME) / cases[_i].time, 1, 5e-5);
    NEAR(run_stat(r, NPDE_STAT_BLOWUP_EXPONENT), 0.5, 0.01);
    NEAR(run_stat(r, NPDE_STAT_JUMP_SIZE), cases[_i].jump, 1e-3);
    ck_assert(run_stat(r, NPDE_STAT_MASS_DEFECT) < 1e-13);
    run_free(r);
}
END_TEST

/* Whatever the method, if it chooses its steps. */
START_TEST(every_adaptive_method)
{
    const npde__method *method;
    for (size_t i = 0; (method = lif_method_at(i)) != NULL; i++) {
        if (!method->error_order) continue;
        run *r = run_prepare(&cases[3].p, 0, method->id, 0);
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_LAYER, 1e-6));
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_RTOL, 1e-4));
        OK(r->context, npde_solver_start(r->solver, 0));
        ANSWERS(r->context, NPDE_NOTICE_ETERNAL, npde_solver_advance(r->solver, 1, NULL));
        NEAR(run_stat(r, NPDE_STAT_BLOWUP_TIME) / cases[3].time, 1, method->order == 1 ? 0.04 : 3e-4);
        NEAR(run_stat(r, NPDE_STAT_BLOWUP_EXPONENT), 0.5, 0.01);
        run_free(r);
    }
}
END_TEST

/* ---- the cascade, by data that blow up at the start ---- */

typedef struct {
    double share, low, mean, deviation; /* a ramp on [low, 2] or, with a deviation, a Gaussian; the rest far away */
} data;

static double gauss(double v, double mean, double deviation)
{
    const double z = (v - mean) / deviation;
    return exp(-z * z / 2) / (deviation * sqrt(2 * 3.14159265358979323846));
}

static int32_t density(size_t pop, size_t n, const double *v, double *value, void *user)
{
    const data *d = user;
    (void)pop;
    for (size_t i = 0; i < n; i++) {
        const double l = 2 - d->low;
        double near;
        if (d->deviation > 0)
            near = gauss(v[i], d->mean, d->deviation) / (0.5 * erfc((d->mean - 2) / d->deviation / sqrt(2)));
        else near = v[i] > d->low ? 2 * (v[i] - d->low) / (l * l) : 0;
        value[i] = d->share * near + (1 - d->share) * gauss(v[i], -1, 0.2);
    }
    return 0;
}

static const struct {
    data d;
    double b, jump, tolerance;
} instant[] = {
    {{1, 1, 0, 0}, 0.8, 0.9375, 1e-4},                   /* (2b/L − 1/share) L²/b² */
    {{0.4, 1.5, 0, 0}, 0.8, 0.2734375, 1e-4},            /* the same, L = 1/2 */
    {{0.5, 0, 1.8, 0.2}, 1.5, 0.4981528571335184, 1e-4}, /* P(bx) = x by the error function */
    {{1, 0, 1.85, 0.15}, 0.8, 0.9999912699546965, 1e-4},
    {{1, 0, 1.9, 0.2}, 0.9, 0.9999541567858894, 1e-4},
    {{1, 0, 1.7, 0.3}, 0.8, 0, 0}, /* b n(V_F) = 0.77 < 1: none, although P(bx) = x has another root at 0.9075 */
};

static int32_t count_events(npde_solver *solver, npde_id event, double t, void *user)
{
    (void)solver, (void)event;
    ck_assert_double_eq(t, 0);
    ++*(int *)user;
    return 0;
}

static run *begin_with(const data *d, double b, npde_id action, npde_status expected)
{
    const problem p = {.name = "instant", UNIT, .connectivity = b, .mean = 0, .variance = 0.1};
    const double breaks[] = {-8, 1, 1.5, 2}, ratios[] = {0.1, 0.5, 1e-3};
    const size_t cells[] = {500, 500, 2000};
    run *r = run_prepare(&p, 0, NPDE_METHOD_RODAS5P, 0);
    npde_solver_free(r->solver);
    OK(r->context, npde_grid_new_graded(r->context, breaks, 4, cells, ratios, &r->grid));
    OK(r->context, npde_solver_new(r->model, r->grid, NPDE_METHOD_RODAS5P, &r->solver));
    OK(r->context, npde_solver_set_density(r->solver, 0, density, (void *)d, NULL));
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_BLOWUP, action));
    int told = 0;
    OK(r->context, npde_solver_observe(r->solver, NPDE_EVENT_JUMP, count_events, &told, NULL, NULL));
    ANSWERS(r->context, expected, npde_solver_start(r->solver, 0));
    ck_assert_int_eq(told, expected ? 0 : (int)run_stat(r, NPDE_STAT_JUMPS));
    return r;
}

START_TEST(jumps_in_closed_form)
{
    const double jump = instant[_i].jump;
    run *r = begin_with(&instant[_i].d, instant[_i].b, NPDE_BLOWUP_JUMP, NPDE_OK);
    NEAR(run_stat(r, NPDE_STAT_JUMP_SIZE), jump, instant[_i].tolerance);
    ck_assert(run_stat(r, NPDE_STAT_JUMPS) == (jump > 0));
    if (jump > 0) ck_assert(run_stat(r, NPDE_STAT_BLOWUP_TIME) == 0);
    ck_assert(run_stat(r, NPDE_STAT_MASS_DEFECT) < 1e-13);
    run_free(r);
    /* A run that may not jump cannot begin there. */
    run_free(begin_with(&instant[_i].d, instant[_i].b, NPDE_BLOWUP_STOP, jump > 0 ? NPDE_ERR_RANGE : NPDE_OK));
}
END_TEST

/* Where the ramp goes: survivors move by bΔ, those who fired to v + bΔ − (V_F − V_R). Δ = 0.9375: v → v + 0.75 and v − 0.25. */
START_TEST(where_the_jump_leads)
{
    const double shift = 0.8 * 0.9375, at[] = {1.1, 1.3, 1.6, 1.72, 1.78, 1.9, 1.97};
    double value[7];
    run *r = begin_with(&instant[0].d, 0.8, NPDE_BLOWUP_JUMP, NPDE_OK);
    OK(r->context, npde_solver_evaluate(r->solver, 0, at, 7, value));
    for (int k = 0; k < 7; k++) {
        const double survivor = at[k] - shift > 1 ? 2 * (at[k] - shift - 1) : 0;
        const double from = at[k] - shift + 1, fired = from > 2 - shift && from < 2 ? 2 * (from - 1) : 0;
        NEAR(value[k], survivor + fired, 2e-3);
    }
    run_free(r);
}
END_TEST

/* Two populations that see the mean of both are one. */
START_TEST(a_network_jumps_as_one)
{
    double time[2], jump[2], exponent[2], each[2], rates[2], alone;
    for (size_t n = 1; n <= 2; n++) {
        npde_context *c;
        npde_model *m;
        npde_solver *s;
        const double weights[] = {0.45, 0.45, 0.45, 0.45};
        OK(c, npde_context_new(&c));
        OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, n, &m));
        if (n == 2) OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
        else OK(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, 0.9));
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_BLOWUP, NPDE_BLOWUP_JUMP));
        OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 1.83, 0.003));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_advance(s, 0.005, NULL));
        OK(c, npde_solver_stat(s, NPDE_STAT_BLOWUP_TIME, &time[n - 1]));
        OK(c, npde_solver_stat(s, NPDE_STAT_JUMP_SIZE, &jump[n - 1]));
        OK(c, npde_solver_stat(s, NPDE_STAT_BLOWUP_EXPONENT, &exponent[n - 1]));
        OK(c, npde_solver_jump_sizes(s, each, n));
        ck_assert_double_eq(fmax(each[0], each[n - 1]), jump[n - 1]);
        OK(c, npde_solver_rates(s, n == 1 ? &alone : rates, n));
        npde_solver_free(s);
        npde_model_free(m);
        npde_context_free(c);
    }
    NEAR(time[1], time[0], 1e-9);
    NEAR(jump[1], jump[0], 2e-4);
    NEAR(each[1], each[0], 1e-9);
    NEAR(exponent[1], exponent[0], 1e-4); /* whichever is the larger by a rounding error */
    NEAR(rates[0], alone, 1e-3 * alone);
    NEAR(rates[1], alone, 1e-3 * alone);
}
END_TEST

/* Stopped at each step and sent on, a run finds what it finds otherwise. */
static int32_t stop_each_step(npde_solver *solver, npde_id event, double t, void *user)
{
    (void)solver, (void)event, (void)t, (void)user;
    return NPDE_STOP;
}

START_TEST(stopped_at_each_step)
{
    run *r = prepare(&cases[5].p, NPDE_BLOWUP_STOP, 1e-6, 1e-8);
    npde_status status = NPDE_STOP;
    OK(r->context, npde_solver_observe(r->solver, NPDE_EVENT_STEP, stop_each_step, NULL, NULL, NULL));
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    while (status == NPDE_STOP) status = npde_solver_advance(r->solver, 20, NULL);
    ck_assert_int_eq(status, NPDE_NOTICE_BLOWUP);
    NEAR(run_stat(r, NPDE_STAT_BLOWUP_TIME), cases[5].time, cases[5].digits);
    NEAR(run_stat(r, NPDE_STAT_BLOWUP_EXPONENT), 0.5, 0.01);
    run_free(r);
}
END_TEST

/* Noise that grows with a rate bars only the jumps of those whose rate it is. */
START_TEST(noise_of_another_population)
{
    for (int own = 0; own < 2; own++) {
        npde_context *c;
        npde_model *m;
        npde_solver *s;
        const double weights[] = {0.8, 0, 0, 0.1}, noise[] = {own ? 1e-3 : 0, 0, 0, 0.05};
        double jump[2], size;
        OK(c, npde_context_new(&c));
        OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m));
        OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
        OK(c, npde_model_set_matrix(m, NPDE_MATRIX_NOISE_WEIGHTS, noise, 2, 2));
        OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DIFFUSION, 0.1));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, 2));
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_BLOWUP, NPDE_BLOWUP_JUMP));
        OK(c, npde_solver_set_gaussian(s, 0, 1.6, 0.01));
        OK(c, npde_solver_set_gaussian(s, 1, 0, 0.04));
        OK(c, npde_solver_start(s, 0));
        ANSWERS(c, own ? NPDE_NOTICE_BLOWUP : NPDE_OK, npde_solver_advance(s, 0.3, NULL));
        OK(c, npde_solver_jump_sizes(s, jump, 2));
        OK(c, npde_solver_stat(s, NPDE_STAT_JUMP_SIZE, &size));
        if (own) {
            ck_assert(isnan(jump[0]) && isnan(size));
            ck_assert_ptr_nonnull(strstr(npde_context_error(c), "population 0"));
        } else {
            NEAR(jump[0], 0.70515, 1e-3);
            ck_assert_double_eq(jump[1], 0);
        }
        npde_solver_free(s);
        npde_model_free(m);
        npde_context_free(c);
    }
}
END_TEST

/* With an exponential refractory state those who fire wait in the reservoir, and a cascade always ends. */
START_TEST(refractory_jump)
{
    problem p = cases[3].p;
    p.refractory = NPDE_REFRACTORY_EXPONENTIAL;
    p.tau = 0.5;
    run *r = begin(&p, NPDE_BLOWUP_JUMP, 0, 1e-6);
    double t = 0, reservoir;
    while (run_stat(r, NPDE_STAT_JUMPS) == 0) OK(r->context, npde_solver_step(r->solver, 1, &t));
    OK(r->context, npde_solver_reservoirs(r->solver, &reservoir, 1));
    const double jump = run_stat(r, NPDE_STAT_JUMP_SIZE);
    ck_assert(jump > 0.7 && reservoir > 0.99 && reservoir <= 1); /* 0.22 have fired before */
    ck_assert(run_stat(r, NPDE_STAT_MASS_DEFECT) < 1e-13);
    ck_assert_int_ge(npde_solver_advance(r->solver, 1, NULL), 0);
    ck_assert(run_stat(r, NPDE_STAT_MASS_DEFECT) < 1e-13);
    run_free(r);
}
END_TEST

/* ---- the continuation against particles ---- */

/* All that has fired, by the law of the mean: d⟨v⟩ = (I − ⟨v⟩) dt + (b − (V_F − V_R)) dM, jumps included. */
static double mean_of(run *r)
{
    npde_grid *grid;
    double sum = 0;
    OK(r->context, npde_solver_grid(r->solver, &grid));
    const size_t n = npde_grid_size(grid, 0);
    double *v = malloc(3 * n * sizeof *v), *w = v + n, *density_ = w + n;
    ck_assert_ptr_nonnull(v);
    OK(r->context, npde_grid_points(grid, 0, v, n));
    OK(r->context, npde_grid_weights(grid, 0, w, n));
    OK(r->context, npde_solver_state(r->solver, 0, density_, n));
    for (size_t i = 0; i < n; i++) sum += w[i] * v[i] * density_[i];
    free(v);
    npde_grid_free(grid);
    return sum;
}

/* What the neurons of the same model have fired. */
static void fire_particles(const run *r, const problem *q, size_t n, double dt, const double *times, int n_times,
                           double *fired)
{
    npde_particles *p;
    OK(r->context, npde_particles_new(r->model, n, 1, &p));
    OK(r->context, npde_particles_set_gaussian(p, 0, q->mean, q->variance));
    OK(r->context, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, dt));
    OK(r->context, npde_particles_start(p, 0));
    for (int k = 0; k < n_times; k++) {
        int64_t spikes;
        OK(r->context, npde_particles_advance(p, times[k], NULL));
        OK(r->context, npde_particles_spikes(p, &spikes, 1));
        fired[k] = (double)spikes / (double)n;
    }
    npde_particles_free(p);
}

START_TEST(two_jumps_as_particles_make_them)
{
    enum { TIMES = 9 };
    const problem p = {.name = "two jumps",
                       .reset = 1,
                       .threshold = 2,
                       .diffusion = 0.1,
                       .drive = 2,
                       .connectivity = 0.8,
                       .mean = 1.6,
                       .variance = 0.01};
    const double at[TIMES] = {0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1};
    /* 10^5 particles with steps of 1e-4, of another program, to the digits it printed */
    const double other[] = {.0344, 1.0146, 1.0623, 1.1582, 2.0846, 2.1775, 2.3099, 2.5618, 3.0419};
    /* Before the first jump few have fired, and four standard errors are more than half a percent of them. */
    const int whole = test_scale() == 1;
    const double n = whole ? 2e6 : fmax(2e4, 2e6 * test_scale()), noise = whole ? 0 : 8 / sqrt(n);
    double particles[TIMES];
    run *r = begin(&p, NPDE_BLOWUP_JUMP, 0, 1e-6);
    fire_particles(r, &p, (size_t)n, whole ? 2.5e-4 : 5e-4, at, TIMES, particles);
    double t = 0, mean = mean_of(r), first = mean, integral = 0, times[2] = {0}, sizes[2] = {0};
    int jumps = 0;
    for (int k = 0; k < TIMES; k++) {
        while (t < at[k]) {
            double reached;
            OK(r->context, npde_solver_step(r->solver, fmin(at[k], t + 2e-3), &reached));
            const double now = mean_of(r);
            integral += (reached - t) * (mean + now) / 2; /* ∫⟨v⟩; a jump takes no time */
            mean = now;
            t = reached;
            if (run_stat(r, NPDE_STAT_JUMPS) > jumps && jumps < 2) {
                times[jumps] = run_stat(r, NPDE_STAT_BLOWUP_TIME);
                sizes[jumps++] = run_stat(r, NPDE_STAT_JUMP_SIZE);
            }
        }
        const double fired = (mean - first - p.drive * t + integral) / (p.connectivity - (p.threshold - p.reset));
        NEAR(fired, other[k], 0.005 * other[k] + 0.001);
        NEAR(fired, particles[k], (0.005 + noise) * fired + (k == 0 ? 4 * sqrt(fired / n) : 0));
    }
    ck_assert_int_eq(jumps, 2);
    NEAR(times[0], 0.1750569, 1e-5); /* spectral elements */
    NEAR(sizes[0], 0.70515, 3e-4);
    NEAR(times[1], 0.506282, 1e-4); /* 14400 cells graded in two ways, and 25600 */
    NEAR(sizes[1], 0.32126, 1e-3);
    ck_assert(run_stat(r, NPDE_STAT_JUMPS) == 2);
    ck_assert(run_stat(r, NPDE_STAT_MASS_DEFECT) < 1e-13);
    ck_assert(run_stat(r, NPDE_STAT_MIN_DENSITY) > -1e-6);
    run_free(r);
}
END_TEST

/* ---- the certificate ---- */

START_TEST(certificate)
{
    /* The data that the theorem speaks of, and, with its b μ M e^{−μ V_F} at μ = 4, the least that the best μ must give. */
    static const struct {
        double b, mean, variance, least;
    } rows[] = {{1.5, 1.83, 0.003, 1.5 * 4 * 1545.3331779604},
                {0.5, 1.83, 0.003, 0.5 * 4 * 1545.3331779604},
                {1.5, 1.5, 0.005, 1.5 * 4 * 419.89303488461},
                {3, -1, 0.5, 3 * 4 * 0.92136057313135}};
    const int met[] = {1, 1, 1, 0};
    for (int k = 0; k < 4; k++) {
        const problem p = {
            .name = "certificate", UNIT, .connectivity = rows[k].b, .mean = rows[k].mean, .variance = rows[k].variance};
        run *r = begin(&p, NPDE_BLOWUP_STOP, 1e-6, 1e-6);
        const double value = run_stat(r, NPDE_STAT_CERTIFICATE), until = run_stat(r, NPDE_STAT_CERTIFIED_TIME);
        ck_assert_msg(value >= rows[k].least * exp(-8) * (1 - 1e-6), "row %d: %g < %g", k, value,
                      rows[k].least * exp(-8));
        ck_assert_int_eq(value >= 1, met[k]);
        ck_assert_int_eq(isfinite(until), met[k]);
        ck_assert_int_gt(npde_solver_advance(r->solver, 20, NULL), 0);
        ck_assert(run_stat(r, NPDE_STAT_BLOWUP_TIME) <= until); /* the proof's bound */
        run_free(r);
    }
    /* At μ = 4 alone, where no other multiple of max(1/b, V_F/a) is better. */
    problem p = {.name = "inhibitory", UNIT, .connectivity = -1, .mean = 1.83, .variance = 0.003};
    run *r = begin(&p, NPDE_BLOWUP_STOP, 0, 1e-6);
    ck_assert(run_stat(r, NPDE_STAT_CERTIFICATE) == 0 && isinf(run_stat(r, NPDE_STAT_CERTIFIED_TIME)));
    run_free(r);
}
END_TEST

/* ---- what a run does ---- */

typedef struct {
    int blowups, jumps, steps_at_blowup, stop;
    double rate_before, rate_after;
} seen;

static int32_t at_blowup(npde_solver *solver, npde_id event, double t, void *user)
{
    seen *s = user;
    (void)event, (void)t;
    s->blowups++;
    ck_assert_int_eq(npde_solver_rates(solver, &s->rate_before, 1), NPDE_OK);
    return s->stop ? NPDE_STOP : 0;
}

static int32_t at_jump(npde_solver *solver, npde_id event, double t, void *user)
{
    seen *s = user;
    (void)event, (void)t;
    s->jumps++;
    ck_assert_int_eq(npde_solver_rates(solver, &s->rate_after, 1), NPDE_OK);
    return 0;
}

START_TEST(stopping_leaves_the_state)
{
    seen s = {0};
    run *r = prepare(&cases[5].p, NPDE_BLOWUP_STOP, 1e-6, 1e-7);
    OK(r->context, npde_solver_observe(r->solver, NPDE_EVENT_BLOWUP, at_blowup, &s, NULL, NULL));
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    const double times[] = {1e-3, 2e-3, 3e-3};
    double rates[] = {-1, -1, -1}, t;
    ck_assert(isinf(run_stat(r, NPDE_STAT_BLOWUP_TIME)) && run_stat(r, NPDE_STAT_JUMP_SIZE) == 0);
    ANSWERS(r->context, NPDE_NOTICE_BLOWUP, npde_solver_sample(r->solver, times, 3, rates));
    ck_assert(rates[0] > 0 && rates[1] > rates[0] && rates[2] == -1);
    ck_assert_ptr_nonnull(strstr(npde_context_error(r->context), "infinite"));
    ck_assert_int_eq(s.blowups, 1);
    /* Asked again it answers the same, does nothing, and can be read. */
    size_t need;
    const int64_t steps = run_count(r, NPDE_COUNT_STEPS);
    const double at = run_stat(r, NPDE_STAT_TIME);
    OK(r->context, npde_solver_save(r->solver, NULL, 0, &need));
    char *before = malloc(need), *after = malloc(need);
    OK(r->context, npde_solver_save(r->solver, before, need, &need));
    ANSWERS(r->context, NPDE_NOTICE_BLOWUP, npde_solver_advance(r->solver, 1, &t));
    ANSWERS(r->context, NPDE_NOTICE_BLOWUP, npde_solver_step(r->solver, 1, &t));
    OK(r->context, npde_solver_save(r->solver, after, need, &need));
    ck_assert(t == at && run_count(r, NPDE_COUNT_STEPS) == steps && s.blowups == 1);
    ck_assert_int_eq(memcmp(before, after, need), 0);
    /* The snapshot brings it back there from a new start. */
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    OK(r->context, npde_solver_restore(r->solver, before, need));
    ANSWERS(r->context, NPDE_NOTICE_BLOWUP, npde_solver_advance(r->solver, 1, &t));
    ck_assert(t == at && run_stat(r, NPDE_STAT_JUMP_SIZE) > 0.8);
    free(before);
    free(after);
    run_free(r);
}
END_TEST

START_TEST(events_and_snapshots_of_a_jump)
{
    seen s = {.stop = 1};
    run *r = prepare(&cases[5].p, NPDE_BLOWUP_JUMP, 0, 1e-6);
    OK(r->context, npde_solver_observe(r->solver, NPDE_EVENT_BLOWUP, at_blowup, &s, NULL, NULL));
    OK(r->context, npde_solver_observe(r->solver, NPDE_EVENT_JUMP, at_jump, &s, NULL, NULL));
    ck_assert_int_ge(npde_solver_start(r->solver, 0), 0);
    const double past[] = {5e-3, 1e-2};
    double rates[2], again[2], t;
    /* An observer may stop the run before the jump; the next call jumps. */
    ANSWERS(r->context, NPDE_STOP, npde_solver_advance(r->solver, 5e-3, &t));
    ck_assert(s.blowups == 1 && s.jumps == 0 && t < run_stat(r, NPDE_STAT_BLOWUP_TIME));
    size_t need;
    OK(r->context, npde_solver_save(r->solver, NULL, 0, &need));
    char *snapshot = malloc(need);
    OK(r->context, npde_solver_save(r->solver, snapshot, need, &need));
    ck_assert_int_ge(npde_solver_sample(r->solver, past, 2, rates), 0);
    ck_assert(s.blowups == 1 && s.jumps == 1 && s.rate_before > 1e3 && run_stat(r, NPDE_STAT_JUMPS) == 1);
    OK(r->context, npde_solver_restore(r->solver, snapshot, need));
    ck_assert(run_stat(r, NPDE_STAT_JUMPS) == 0);
    ck_assert_int_ge(npde_solver_sample(r->solver, past, 2, again), 0);
    ck_assert_int_eq(memcmp(rates, again, sizeof rates), 0);
    free(snapshot);
    run_free(r);
}
END_TEST

/* What the jump is not known for stops the run, and the text says why. */
START_TEST(jumps_that_are_not_known)
{
    const struct {
        problem p;
        const char *why;
        int spectral;
    } rows[] = {
        {{.name = "fixed",
          UNIT,
          .connectivity = 0.9,
          .refractory = NPDE_REFRACTORY_FIXED,
          .tau = 0.2,
          .mean = 1.83,
          .variance = 0.003},
         "fixed refractory",
         0},
        {{.name = "noise", UNIT, .connectivity = 1.5, .noise = 0.01, .mean = 1.5, .variance = 0.005}, "noise", 0},
        {{.name = "spectral",
          .reset = 1,
          .threshold = 2,
          .diffusion = 0.05,
          .connectivity = 0.5,
          .drive = 2,
          .mean = 1.8,
          .variance = 0.002},
         "spectral",
         1},
    };
    for (int k = 0; k < 3; k++) {
        run *r = prepare(&rows[k].p, NPDE_BLOWUP_JUMP, 0, 1e-6);
        if (rows[k].spectral) {
            npde_solver_free(r->solver);
            const double breaks[] = {-1, 0, 1, 1.5, 1.65, 1.8, 1.9, 1.97, 1.998, 1.9996, 1.99992, 1.999984, 2};
            const size_t degrees[] = {20, 20, 20, 16, 16, 16, 14, 12, 12, 12, 12, 12};
            OK(r->context, npde_grid_new(r->context, NPDE_SCHEME_SPECTRAL, breaks, 13, degrees, &r->grid));
            OK(r->context, npde_solver_new(r->model, r->grid, NPDE_METHOD_RODAS5P, &r->solver));
            OK(r->context, npde_solver_set_gaussian(r->solver, 0, 1.8, 0.002));
            OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_BLOWUP, NPDE_BLOWUP_JUMP));
        }
        ck_assert_msg(npde_solver_start(r->solver, 0) >= 0, "%s: %s", rows[k].p.name, npde_context_error(r->context));
        ANSWERS(r->context, NPDE_NOTICE_BLOWUP, npde_solver_advance(r->solver, 0.1, NULL));
        ck_assert_msg(strstr(npde_context_error(r->context), rows[k].why) != NULL, "%s: %s", rows[k].p.name,
                      npde_context_error(r->context));
        ck_assert(run_stat(r, NPDE_STAT_JUMPS) == 0);
        run_free(r);
    }
}
END_TEST

/* An excitatory population blows up although it feeds an inhibitory one, whose answer to a jump is not known. */
START_TEST(excitation_and_inhibition)
{
    const double weights[] = {3, -0.5, 1, -0.25};
    npde_context *c;
    npde_model *m;
    npde_solver *s;
    double t, value, rates[2];
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    for (int jump = 0; jump <= 1; jump++) {
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_LAYER, 1e-6));
        OK(c, npde_solver_set(s, NPDE_OPTION_BLOWUP, jump ? NPDE_BLOWUP_JUMP : NPDE_BLOWUP_STOP));
        OK(c, npde_solver_set_gaussian(s, 0, 1.5, 0.005));
        OK(c, npde_solver_set_gaussian(s, 1, 1.6, 0.005));
        OK(c, npde_solver_start(s, 0));
        const npde_status status = npde_solver_advance(s, 1, &t);
        ck_assert_msg(status == NPDE_NOTICE_BLOWUP || status == NPDE_NOTICE_ETERNAL, "%s at t = %g",
                      npde_status_name(status), t);
        OK(c, npde_solver_stat(s, NPDE_STAT_BLOWUP_EXPONENT, &value));
        NEAR(value, 0.5, 0.015);
        OK(c, npde_solver_rates(s, rates, 2));
        ck_assert(rates[0] > 1e3 && t > 0.01 && t < 0.1);
        npde_solver_free(s);
    }
    npde_model_free(m);
    npde_context_free(c);
}
END_TEST

typedef struct {
    npde_context *c;
    npde_model *m;
    npde_solver *s;
} pair;

/* Two populations with Gaussian data: population 0 with the weights b_00, b_01 on it, population 1 with b_10, b_11. */
static pair pair_of(const double *weights, double mean0, double variance0, double mean1, double variance1,
                    npde_id action)
{
    pair x;
    OK(x.c, npde_context_new(&x.c));
    OK(x.c, npde_model_new(x.c, NPDE_MODEL_LIF_NETWORK, 2, &x.m));
    OK(x.c, npde_model_set_matrix(x.m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(x.c, npde_solver_new(x.m, NULL, NPDE_METHOD_RODAS5P, &x.s));
    OK(x.c, npde_solver_set(x.s, NPDE_OPTION_BLOWUP, action));
    if (action == NPDE_BLOWUP_STOP) OK(x.c, npde_solver_set(x.s, NPDE_OPTION_LAYER, 1e-6));
    OK(x.c, npde_solver_set(x.s, NPDE_OPTION_RTOL, 1e-7));
    OK(x.c, npde_solver_set_gaussian(x.s, 0, mean0, variance0));
    OK(x.c, npde_solver_set_gaussian(x.s, 1, mean1, variance1));
    return x;
}

static void pair_free(pair *x)
{
    npde_solver_free(x->s);
    npde_model_free(x->m);
    npde_context_free(x->c);
}

/*
 * Population 1 is pushed by 1.3 Δ = 1.054 > V_F − V_R when population 0 blows up. If it excites nobody, its neurons fire a
 * second time and that is all, which is not known; round a loop with b_01 b_10 > 1 they fire for ever. Population 0 alone
 * blows up at 0.0024656661.
 */
START_TEST(firing_more_than_once_is_not_for_ever)
{
    const double feeds[] = {0.5, 0, 1.3, 0}, weak[] = {0.5, 1e-3, 1.3, 0}, loop[] = {0.5, 1.2, 1.3, 0};
    for (int jump = 0; jump < 2; jump++)
        for (int k = 0; k < 3; k++) {
            double t, value;
            pair x = pair_of(k == 0   ? feeds
                             : k == 1 ? weak
                                      : loop,
                             1.83, 0.003, 0, 0.04, jump ? NPDE_BLOWUP_JUMP : NPDE_BLOWUP_STOP);
            ck_assert_int_ge(npde_solver_start(x.s, 0), 0);
            ANSWERS(x.c, k < 2 ? NPDE_NOTICE_BLOWUP : NPDE_NOTICE_ETERNAL, npde_solver_advance(x.s, 0.01, &t));
            const char *text = npde_context_error(x.c);
            ck_assert_msg(strstr(text, "to jump") == NULL, "%s", text);
            if (k < 2) ck_assert_msg(strstr(text, jump ? "more than once" : "not known") != NULL, "%s", text);
            OK(x.c, npde_solver_stat(x.s, NPDE_STAT_BLOWUP_TIME, &value));
            NEAR(value, 0.0024656661, jump ? 2e-6 : 1e-8);
            OK(x.c, npde_solver_stat(x.s, NPDE_STAT_JUMPS, &value));
            ck_assert(value == 0);
            OK(x.c, npde_solver_stat(x.s, NPDE_STAT_JUMP_SIZE, &value));
            if (k < 2) NEAR(value, 0.810756, 1e-3);
            pair_free(&x);
        }
}
END_TEST

/*
 * Excitation that runs forward only makes no cascade, whether the target is quiet or has a layer of its own: a layer of the source
 * is all that fires. With a source that excites itself there is one.
 */
START_TEST(no_cascade_without_a_loop)
{
    const double forward[] = {0, 0, 1, 0}, strong[] = {0, 0, 5, 0}, loop[] = {1.2, 0, 1, 0};
    const double *const weights[] = {forward, strong, loop};
    for (int layers = 1; layers <= 2; layers++)
        for (int k = 0; k < 3; k++) {
            double fired[2], rates[2];
            int told = 0;
            pair x = pair_of(weights[k], 1.5, 0.005, 1.7, 0.01, NPDE_BLOWUP_STOP);
            for (size_t p = 0; p < (size_t)layers; p++) OK(x.c, npde_model_set(x.m, p, NPDE_PARAM_DRIVE, 60));
            ck_assert_int_ge(npde_solver_start(x.s, 0), 0);
            for (int i = 1; i <= 10; i++) {
                const npde_status status = npde_solver_advance(x.s, 1e-3 * i, NULL);
                ck_assert_msg(status >= 0, "%s", npde_context_error(x.c));
                told = status == NPDE_NOTICE_BLOWUP || status == NPDE_NOTICE_ETERNAL;
                if (told) break;
                const npde__run *of = x.s->run;
                const npde__cascade cascade =
                    of->system->ops->cascade(of->system, of->t, of->stepper.y, of->stepper.rates, fired);
                OK(x.c, npde_solver_rates(x.s, rates, 2));
                ck_assert(rates[0] > 0 && (k == 2 || cascade == NPDE__CASCADE_NONE));
            }
            ck_assert_msg(told == (k == 2), "weights %d, layers %d", k, layers);
            pair_free(&x);
        }
}
END_TEST

/* A start that the option cannot help is not told to set it. */
START_TEST(advice_that_helps)
{
    const data eternal = {1, 1.5, 0, 0};
    const double helped = 0.8, beyond = 1.5;
    for (int jump = 0; jump < 2; jump++) {
        run *r = begin_with(&eternal, beyond, jump ? NPDE_BLOWUP_JUMP : NPDE_BLOWUP_STOP, NPDE_ERR_RANGE);
        const char *text = npde_context_error(r->context);
        ck_assert_msg(strstr(text, "at once") && !strstr(text, "to jump"), "%s", text);
        run_free(r);
    }
    run *r = begin_with(&instant[1].d, helped, NPDE_BLOWUP_STOP, NPDE_ERR_RANGE);
    ck_assert_msg(strstr(npde_context_error(r->context), "option blowup to jump"), "%s",
                  npde_context_error(r->context));
    /* What jumps do not know. */
    OK(r->context, npde_model_set(r->model, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    OK(r->context, npde_model_set(r->model, 0, NPDE_PARAM_REFRACTORY_TIME, 0.2));
    ANSWERS(r->context, NPDE_ERR_RANGE, npde_solver_start(r->solver, 0));
    ck_assert_msg(!strstr(npde_context_error(r->context), "to jump"), "%s", npde_context_error(r->context));
    run_free(r);
}
END_TEST

/* A step that is given cannot follow a blow-up: jumps need adaptive ones. */
START_TEST(jumps_need_adaptive_steps)
{
    run *r = run_prepare(&cases[5].p, 0, NPDE_METHOD_RODAS5P, 1e-3);
    OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_BLOWUP, NPDE_BLOWUP_JUMP));
    ANSWERS(r->context, NPDE_ERR_UNSUPPORTED, npde_solver_start(r->solver, 0));
    ck_assert_ptr_nonnull(strstr(npde_context_error(r->context), "dt = 0"));
    run_free(r);
}
END_TEST

/* The regularised equations pass by where the plain one blows up: delay, random threshold. A refractory state alone does not. */
START_TEST(regularised)
{
    problem p = cases[0].p;
    p.delay = 0.1;
    run *r = begin(&p, NPDE_BLOWUP_STOP, 0, 1e-6);
    ck_assert(isfinite(run_rate(r, 4)) && isinf(run_stat(r, NPDE_STAT_BLOWUP_TIME)));
    run_free(r);
    p = cases[0].p;
    p.discharge = NPDE_DISCHARGE_STEP;
    p.kappa = 20;
    r = begin(&p, NPDE_BLOWUP_STOP, 0, 1e-6);
    ck_assert(run_rate(r, 6) <= 20 && isinf(run_stat(r, NPDE_STAT_BLOWUP_TIME)));
    run_free(r);
    p = cases[3].p;
    p.refractory = NPDE_REFRACTORY_EXPONENTIAL;
    p.tau = 0.5;
    r = begin(&p, NPDE_BLOWUP_STOP, 1e-6, 1e-7);
    ANSWERS(r->context, NPDE_NOTICE_BLOWUP, npde_solver_advance(r->solver, 1, NULL));
    NEAR(run_stat(r, NPDE_STAT_BLOWUP_EXPONENT), 0.5, 0.01);
    run_free(r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("blowup");
    TCase *tcase = tcase_create("blowup");
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, times_exponents_and_jumps, 0, N_CASES);
    tcase_add_test(tcase, every_adaptive_method);
    tcase_add_loop_test(tcase, finite_volumes, 0, N_CASES);
    tcase_add_loop_test(tcase, jumps_in_closed_form, 0, sizeof instant / sizeof instant[0]);
    tcase_add_test(tcase, where_the_jump_leads);
    tcase_add_test(tcase, a_network_jumps_as_one);
    tcase_add_test(tcase, stopped_at_each_step);
    tcase_add_test(tcase, noise_of_another_population);
    tcase_add_test(tcase, refractory_jump);
    tcase_add_test(tcase, two_jumps_as_particles_make_them);
    tcase_add_test(tcase, certificate);
    tcase_add_test(tcase, stopping_leaves_the_state);
    tcase_add_test(tcase, events_and_snapshots_of_a_jump);
    tcase_add_test(tcase, jumps_that_are_not_known);
    tcase_add_test(tcase, excitation_and_inhibition);
    tcase_add_test(tcase, firing_more_than_once_is_not_for_ever);
    tcase_add_test(tcase, no_cascade_without_a_loop);
    tcase_add_test(tcase, advice_that_helps);
    tcase_add_test(tcase, jumps_need_adaptive_steps);
    tcase_add_test(tcase, regularised);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
