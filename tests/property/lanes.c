/* SPDX-License-Identifier: BSD-3-Clause
 * Populations solved side by side are populations solved one by one: over all methods, both schemes, refractory states, sharp and
 * random thresholds, apart and coupled, now and later, for 1 to 20 of them. What goes one by one is a model whose populations
 * have drifts that differ in the last digits. */
#include "models/lif.h"
#include "solve/solver.h"
#include "support.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST = 20, TIMES = 4, POINTS = 120 };

static const double times[TIMES] = {0.1, 0.2, 0.33, 0.5};

/* What a trial draws. */
typedef struct {
    size_t n;
    int spectral, network, driven;
    double drive[MOST], diffusion[MOST], mean[MOST], past[MOST];
    npde_id refractory[MOST], discharge[MOST];
    double weights[MOST * MOST], noise[MOST * MOST], delays[MOST * MOST];
} trial;

/* What comes out. */
typedef struct {
    npde_status status;
    size_t groups;
    double rates[TIMES * MOST], density[MOST][POINTS], reservoirs[MOST], defect;
} outcome;

static int one_by_one;

static int32_t leak(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)user;
    const double scale = 1 + (one_by_one ? (double)pop * DBL_EPSILON : 0);
    for (size_t i = 0; i < n; i++) value[i] = -v[i] * scale;
    return 0;
}

static int32_t sway(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)user;
    for (size_t p = 0; p < n_pop; p++) {
        drive[p] += 0.3 * sin(6 * t + (double)p);
        diffusion[p] += 0.1 * rate[n_pop - 1 - p];
    }
    return 0;
}

static npde_id one_of(random_stream *s, npde_id first, size_t n)
{
    return first + (npde_id)fmin((double)n - 1, floor(random_between(s, 0, (double)n)));
}

static trial draw(random_stream *s, int index)
{
    trial t = {.n = (size_t)index % MOST + 1, .spectral = index / 2 % 2, .network = index / 4 % 4};
    const int mixed = index % 3 == 0, random = index % 5 < 2;
    t.driven = index % 4 == 3;
    for (size_t p = 0; p < t.n; p++) {
        t.drive[p] = random_between(s, -0.5, 1);
        t.diffusion[p] = random_between(s, 0.5, 1.2);
        t.mean[p] = random_between(s, -1, 0);
        t.past[p] = random_between(s, 0, 0.5);
        t.refractory[p] = mixed ? one_of(s, NPDE_REFRACTORY_NONE, 3) : NPDE_REFRACTORY_NONE + index / 7 % 3;
        t.discharge[p] = random && !(mixed && p % 3 == 1) ? one_of(s, NPDE_DISCHARGE_STEP, 2) : NPDE_DISCHARGE_NONE;
        for (size_t q = 0; q < t.n; q++) {
            const size_t k = p * t.n + q;
            if (t.network < 2 && p != q) continue; /* 0: no network; 1: each on its own */
            t.weights[k] = random_between(s, -1, 0.6) / (t.network < 2 ? 1 : (double)t.n);
            t.noise[k] = index % 2 ? 0 : random_between(s, 0, 0.1) / (double)t.n;
            t.delays[k] = t.network == 3 && (p + q) % 2 ? 0.07 + 0.05 * (double)(q % 3) : 0;
        }
    }
    return t;
}

static npde_model *make_model(npde_context *c, const trial *t)
{
    npde_model *m;
    OK(c, npde_model_new(c, t->network ? NPDE_MODEL_LIF_NETWORK : NPDE_MODEL_LIF, t->n, &m));
    OK(c, npde_model_set_drift(m, leak, NULL, NULL));
    if (t->driven) OK(c, npde_model_set_coupling(m, sway, NULL, NULL));
    for (size_t p = 0; p < t->n; p++) {
        OK(c, npde_model_set(m, p, NPDE_PARAM_DRIVE, t->drive[p]));
        OK(c, npde_model_set(m, p, NPDE_PARAM_DIFFUSION, t->diffusion[p]));
        OK(c, npde_model_set(m, p, NPDE_PARAM_REFRACTORY, t->refractory[p]));
        OK(c, npde_model_set(m, p, NPDE_PARAM_REFRACTORY_TIME, 0.15));
        OK(c, npde_model_set(m, p, NPDE_PARAM_DISCHARGE, t->discharge[p]));
        OK(c, npde_model_set(m, p, NPDE_PARAM_DISCHARGE_RATE, 8));
    }
    if (!t->network) return m;
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, t->weights, t->n, t->n));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_NOISE_WEIGHTS, t->noise, t->n, t->n));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, t->delays, t->n, t->n));
    return m;
}

static void solve(const trial *t, npde_id method, outcome *o)
{
    static const double breaks[] = {-6, 1, 2, 4};
    static const size_t cells[] = {70, 10, 20}, degrees[] = {20, 10, 12};
    npde_context *c;
    npde_grid *grid;
    npde_solver *s;
    OK(c, npde_context_new(&c));
    npde_model *m = make_model(c, t);
    OK(c, npde_grid_new(c, t->spectral ? NPDE_SCHEME_SPECTRAL : NPDE_SCHEME_FINITE_VOLUME, breaks, 4,
                        t->spectral ? degrees : cells, &grid));
    OK(c, npde_solver_new(m, grid, method, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.01));
    for (size_t p = 0; p < t->n; p++) {
        OK(c, npde_solver_set_gaussian(s, p, t->mean[p], 0.1));
        OK(c, npde_solver_set_past_rate(s, p, t->past[p]));
    }
    o->status = npde_solver_start(s, 0);
    if (o->status >= 0) {
        o->groups = npde__lif_const(s->run->system)->n_groups;
        o->status = npde_solver_sample(s, times, TIMES, o->rates);
        ck_assert_msg(o->status >= 0, "%s", npde_context_error(c));
        for (size_t p = 0; p < t->n; p++) OK(c, npde_solver_state(s, p, o->density[p], npde_grid_size(grid, 0)));
        OK(c, npde_solver_reservoirs(s, o->reservoirs, t->n));
        OK(c, npde_solver_stat(s, NPDE_STAT_MASS_DEFECT, &o->defect));
    }
    npde_solver_free(s);
    npde_grid_free(grid);
    npde_model_free(m);
    npde_context_free(c);
}

START_TEST(side_by_side_is_one_by_one)
{
    random_stream stream = {31};
    const npde__method *method;
    size_t in_lanes = 0;
    for (int index = 0; index < 40 + 120 * test_scale(); index++) {
        const trial t = draw(&stream, index);
        for (size_t i = 0; (method = npde__method_at(i)) != NULL; i++) {
            static outcome together, apart;
            one_by_one = 0;
            solve(&t, method->id, &together);
            one_by_one = 1;
            solve(&t, method->id, &apart);
            ck_assert_int_eq(together.status, apart.status);
            if (together.status < 0) continue; /* not for this method */
            ck_assert_uint_eq(apart.groups, t.n);
            in_lanes += together.groups < t.n;
            for (size_t k = 0; k < TIMES * t.n; k++)
                ck_assert_msg(fabs(together.rates[k] - apart.rates[k]) <= 1e-12 * (1 + fabs(apart.rates[k])),
                              "trial %d, %s: rate %zu of %zu populations is %.17g and not %.17g", index,
                              npde_id_name(method->id), k, t.n, together.rates[k], apart.rates[k]);
            for (size_t p = 0; p < t.n; p++) {
                for (size_t v = 0; v < POINTS; v++) NEAR(together.density[p][v], apart.density[p][v], 1e-11);
                NEAR(together.reservoirs[p], apart.reservoirs[p], 1e-12);
            }
            ck_assert_double_le(together.defect, 1e-14);
        }
    }
    ck_assert_uint_gt(in_lanes, 100);
}
END_TEST

/* n equal populations, each acting on each with b/n, are one with b. */
START_TEST(equal_populations_are_one)
{
    const npde__method *method;
    one_by_one = 0;
    for (size_t n = 2; n <= MOST; n += 3)
        for (size_t i = 0; (method = npde__method_at(i)) != NULL; i++)
            for (int spectral = 0; spectral < 2; spectral++) {
                trial t = {.n = 1, .spectral = spectral, .network = 2}, many;
                static outcome single, all;
                t.diffusion[0] = 1;
                t.mean[0] = -0.5;
                t.refractory[0] = NPDE_REFRACTORY_EXPONENTIAL;
                t.discharge[0] = NPDE_DISCHARGE_NONE;
                t.weights[0] = 0.8;
                many = t;
                many.n = n;
                for (size_t p = 0; p < n; p++) {
                    many.diffusion[p] = 1;
                    many.mean[p] = -0.5;
                    many.refractory[p] = t.refractory[0];
                    many.discharge[p] = t.discharge[0];
                    for (size_t q = 0; q < n; q++) many.weights[p * n + q] = 0.8 / (double)n;
                }
                solve(&t, method->id, &single);
                solve(&many, method->id, &all);
                ck_assert_int_eq(all.status, single.status);
                for (size_t k = 0; k < TIMES * n && single.status >= 0; k++)
                    NEAR(all.rates[k], single.rates[k / n], 1e-12);
            }
}
END_TEST

MAIN("lanes", side_by_side_is_one_by_one, equal_populations_are_one)
