/* SPDX-License-Identifier: BSD-3-Clause
 * Single neurons against what is known of them to many digits: equilibria and Hopf bifurcations, periods of limit
 * cycles, values on trajectories, all found by other codes (root-finding in 30 digits, Taylor and Radau integration).
 * */
#include "models/neuron.h"
#include "steppers/stepper.h"

#include "one.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void set(npde_id param, double value)
{
    OK(c, npde_model_set(m, NPDE_ALL, param, value));
}

/* Sets of Rinzel & Ermentrout; the presets are the first. */
enum { HOPF, SNLC, HOMOCLINIC };

static void morris_lecar(int which, double drive)
{
    npde_model_free(m);
    OK(c, npde_model_new(c, NPDE_MODEL_MORRIS_LECAR, 1, &m));
    set(NPDE_PARAM_DRIVE, drive);
    if (which == HOPF) return;
    set(NPDE_PARAM_ML_G_CALCIUM, 4);
    set(NPDE_PARAM_ML_V3, 12);
    set(NPDE_PARAM_ML_V4, 17.4);
    set(NPDE_PARAM_ML_PHI, which == SNLC ? 0.067 : 0.23);
}

static void fitzhugh_nagumo(double epsilon, double alpha, double beta, double drive)
{
    npde_model_free(m);
    OK(c, npde_model_new(c, NPDE_MODEL_FITZHUGH_NAGUMO, 1, &m));
    set(NPDE_PARAM_FHN_EPSILON, epsilon);
    set(NPDE_PARAM_FHN_ALPHA, alpha);
    set(NPDE_PARAM_FHN_BETA, beta);
    set(NPDE_PARAM_DRIVE, drive);
}

static void hodgkin_huxley(double drive)
{
    npde_model_free(m);
    OK(c, npde_model_new(c, NPDE_MODEL_HODGKIN_HUXLEY, 1, &m));
    set(NPDE_PARAM_DRIVE, drive);
}

/* A run from a state; dt = 0: adaptive, as exact as it goes. */
static void begin(npde_id method, double dt, const double *y, size_t n)
{
    npde_solver_free(s);
    OK(c, npde_solver_new(m, NULL, method, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_DT, dt));
    OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-13));
    OK(c, npde_solver_set(s, NPDE_OPTION_ATOL, 1e-14));
    OK(c, npde_solver_set_state(s, 0, y, n));
    OK(c, npde_solver_start(s, 0));
}

/* ---- the vector fields alone ---- */

static const npde__neuron *field(double *param)
{
    const npde__neuron *k = m->kind->neuron;
    for (size_t i = 0; i < k->n_params; i++) OK(c, npde_model_get(m, 0, k->first_param + (npde_id)i, &param[i]));
    return k;
}

START_TEST(jacobians_are_those_of_the_fields)
{
    random_stream stream = {1};
    for (int kind = 0; kind < 3; kind++)
        for (int trial = 0; trial < 100; trial++) {
            if (kind == 0) morris_lecar(trial % 3, 0);
            if (kind == 1) fitzhugh_nagumo(0.3, 0.7, 0.8, 0);
            if (kind == 2) hodgkin_huxley(0);
            double p[16], y[4], exact[16];
            const npde__neuron *k = field(p);
            const size_t d = k->components;
            y[0] = kind == 1 ? random_between(&stream, -3, 3) : random_between(&stream, -80, 50);
            if (kind == 2 && trial < 4) y[0] = trial % 2 ? -40 : -55; /* where singularities are lifted */
            for (size_t i = 1; i < d; i++) y[i] = random_between(&stream, 0, 1);
            k->jacobian(p, y, exact);
            for (size_t j = 0; j < d; j++) { /* central differences of fourth order */
                double slope[4][4], h = 1e-3 * (j == 0 ? 1 : 0.1);
                for (int e = 0; e < 4; e++) {
                    double at[4];
                    memcpy(at, y, sizeof at);
                    at[j] += h * (e < 2 ? e - 2 : e - 1);
                    k->slope(p, 0, at, slope[e]);
                }
                for (size_t i = 0; i < d; i++) {
                    const double by_difference =
                        (slope[0][i] - 8 * slope[1][i] + 8 * slope[2][i] - slope[3][i]) / (12 * h);
                    NEAR(exact[i * d + j], by_difference, 1e-7 * (1 + fabs(by_difference)));
                }
            }
        }
}
END_TEST

/* det(J − iω) by elimination: 0 at a Hopf bifurcation. */
static double complex determinant(const double *j, size_t d, double omega)
{
    double complex a[16], det = 1;
    for (size_t i = 0; i < d * d; i++) a[i] = j[i] - (i % (d + 1) == 0 ? omega * I : 0);
    for (size_t k = 0; k < d; k++) {
        det *= a[k * d + k];
        for (size_t i = k + 1; i < d; i++)
            for (size_t l = d; l-- > k;) a[i * d + l] -= a[i * d + k] / a[k * d + k] * a[k * d + l];
    }
    return det;
}

/* The equilibrium with this potential. */
static void equilibrium(const npde__neuron *k, const double *p, double v, double *y)
{
    y[0] = v;
    for (size_t i = 1; i < k->components; i++) y[i] = 0;
    for (int pass = 0; pass < 3; pass++) { /* each gate by itself, linear in it */
        double j[16], f[4];
        k->slope(p, 0, y, f);
        k->jacobian(p, y, j);
        for (size_t i = 1; i < k->components; i++) y[i] -= f[i] / j[i * k->components + i];
    }
}

START_TEST(hopf_bifurcations)
{
    static const struct {
        int kind;
        double v, drive, omega;
    } known[] = {{HOPF, -25.27010487958268, 93.85761837372545, 0.07977978411459636},
                 {HOPF, 7.800663866971202, 212.0188161003744, 0.148602170744454},
                 {SNLC, 8.334122714707045, 97.64616392152591, 0.2527480806336796},
                 {HOMOCLINIC, 4.410755716879145, 36.31621749620345, 0.3788608047370792},
                 {3, -0.967470929795826, 0.331281337454746, 0.275506805723561},
                 {3, 0.967470929795826, 1.41871866254525, 0.275506805723561},
                 {4, -59.654143602995, 9.7754379953931, 0.58623381313029},
                 {4, -43.058092012984, 154.52243366581, 1.0629218067603}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].kind < 3) morris_lecar(known[i].kind, 0);
        if (known[i].kind == 3) fitzhugh_nagumo(0.08, 0.7, 0.8, 0);
        if (known[i].kind == 4) hodgkin_huxley(0);
        double p[16], y[4], f[4], j[16];
        const npde__neuron *k = field(p);
        equilibrium(k, p, known[i].v, y);
        k->slope(p, known[i].drive, y, f);
        k->jacobian(p, y, j);
        /* The digits given are 12 at least; V and I are off by half a unit of the last. */
        for (size_t l = 0; l < k->components; l++) NEAR(f[l], 0, 1e-10);
        const double scale = cabs(determinant(j, k->components, 1.1 * known[i].omega));
        NEAR(cabs(determinant(j, k->components, known[i].omega)), 0, 1e-9 * scale);
    }
}
END_TEST

/* Saddle-node of the equilibria (rheobase of the SNLC set): F = 0 and det J = 0. */
START_TEST(folds)
{
    static const double known[2][2] = {{-29.38977740548439, 39.96315309274535}, {-4.0485177879423, -9.949039322623065}};
    for (int i = 0; i < 2; i++) {
        morris_lecar(SNLC, 0);
        double p[16], y[4], f[4], j[16];
        const npde__neuron *k = field(p);
        equilibrium(k, p, known[i][0], y);
        k->slope(p, known[i][1], y, f);
        k->jacobian(p, y, j);
        NEAR(f[0], 0, 1e-12);
        NEAR(f[1], 0, 1e-14);
        NEAR(j[0] * j[3] - j[1] * j[2], 0, 1e-13);
    }
}
END_TEST

/* ---- trajectories ---- */

START_TEST(values_on_trajectories)
{
    static const double hh[4] = {-75.0730901030022268, 0.0227715975424194068, 0.142058472621995713,
                                 0.691737172415112023};
    const npde_id methods[] = {NPDE_METHOD_DOPRI5, NPDE_METHOD_RODAS5P};
    for (int i = 0; i < 2; i++) {
        double y[4], v;
        fitzhugh_nagumo(1, 0, 0, 0); /* van der Pol's equation */
        begin(methods[i], 0, (const double[]){2, 0}, 2);
        OK(c, npde_solver_advance(s, 10, NULL));
        OK(c, npde_solver_state(s, 0, y, 2));
        NEAR(y[0], -1.9140278917637069, 1e-11);
        NEAR(y[1], -0.022778232078433964, 1e-11);
        OK(c, npde_solver_rates(s, &v, 1));
        ck_assert_double_eq(v, y[0]); /* the rate of a neuron is its potential */
        fitzhugh_nagumo(1, -1.2, 0, 0);
        begin(methods[i], 0, (const double[]){0, 0}, 2);
        OK(c, npde_solver_advance(s, 5, NULL));
        OK(c, npde_solver_state(s, 0, y, 2));
        NEAR(y[0], 1.3280164641412989, 1e-11);
        NEAR(y[1], 0.7785061722699797, 1e-11);
        hodgkin_huxley(10);
        begin(methods[i], 0, (const double[]){-65, 0.05, 0.6, 0.32}, 4);
        OK(c, npde_solver_advance(s, 5, NULL));
        OK(c, npde_solver_state(s, 0, y, 4));
        NEAR(y[0], hh[0], 1e-9);
        for (int k = 1; k < 4; k++) NEAR(y[k], hh[k], 1e-11);
    }
}
END_TEST

/* Time between spikes on the limit cycle, after `settle` of them. */
static double period(npde_id method, const double *y, size_t n, int settle)
{
    double count = 0, interval, t = 0;
    begin(method, 0, y, n);
    for (int k = 0; k < 100000 && count < settle; k++) {
        OK(c, npde_solver_step(s, 1e6, &t));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKES, &count));
    }
    ck_assert_double_ge(count, settle);
    OK(c, npde_solver_stat(s, NPDE_STAT_SPIKE_INTERVAL, &interval));
    return interval;
}

START_TEST(periods_of_limit_cycles)
{
    const npde_id methods[] = {NPDE_METHOD_DOPRI5, NPDE_METHOD_RODAS5P};
    for (int i = 0; i < 2; i++) {
        const npde_id method = methods[i];
        const double rest[2] = {-20, 0}, hh[4] = {-65, 0.05, 0.6, 0.32};
        morris_lecar(HOPF, 100);
        NEAR(period(method, (const double[]){-10, 0}, 2, 12), 85.29064104291239, 1e-9);
        morris_lecar(HOPF, 150);
        NEAR(period(method, rest, 2, 12), 66.16175273452851, 1e-9);
        morris_lecar(SNLC, 50);
        NEAR(period(method, rest, 2, 6), 75.41741293134513, 1e-9);
        morris_lecar(HOMOCLINIC, 38);
        NEAR(period(method, rest, 2, 40), 29.91782889410427, 1e-9);
        fitzhugh_nagumo(1, 0, 0, 0);
        NEAR(period(method, (const double[]){2, 0}, 2, 10), 6.66328685932312, 1e-10);
        fitzhugh_nagumo(0.08, 0.7, 0.8, 0.5);
        NEAR(period(method, (const double[]){0, 0}, 2, 8), 39.4744149802418, 1e-9);
        fitzhugh_nagumo(0.08, 0.7, 0.8, 1);
        NEAR(period(method, (const double[]){0, 0}, 2, 8), 36.6987944166032, 1e-9);
        hodgkin_huxley(10);
        NEAR(period(method, hh, 4, 12), 14.6362099898316, 1e-10);
    }
}
END_TEST

/* Below the saddle-node no spike after the transient, above it spikes: the rheobase of the SNLC set, to 1e-6 of the
 * current. */
START_TEST(rheobase)
{
    for (int above = 0; above < 2; above++) {
        double count, begun;
        morris_lecar(SNLC, 39.96315309274535 + (above ? 1e-6 : -1e-6) * 39.96);
        begin(NPDE_METHOD_DOPRI5, 0, (const double[]){-40, 0}, 2);
        OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-10));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_advance(s, 1000, NULL));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKES, &begun));
        OK(c, npde_solver_advance(s, 200000, NULL));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKES, &count));
        ck_assert_msg(above ? count >= 2 : count == begun, "%g spikes", count);
    }
}
END_TEST

/* ---- methods ---- */

static double error_of(npde_id method, double dt)
{
    double y[4];
    hodgkin_huxley(10);
    begin(method, dt, (const double[]){-65, 0.05, 0.6, 0.32}, 4);
    OK(c, npde_solver_advance(s, 5, NULL));
    OK(c, npde_solver_state(s, 0, y, 4));
    return fabs(y[0] + 75.0730901030022268);
}

START_TEST(every_method_has_its_order)
{
    const npde__method *method;
    int refused = 0;
    for (size_t i = 0; (method = npde__method_at(i)) != NULL; i++) {
        hodgkin_huxley(10);
        npde_solver_free(s);
        OK(c, npde_solver_new(m, NULL, method->id, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_DT, 0.1));
        OK(c, npde_solver_set_state(s, 0, (const double[]){-65, 0.05, 0.6, 0.32}, 4));
        const npde_status status = npde_solver_start(s, 0);
        npde_solver_free(s);
        s = NULL;
        if (status) {
            ck_assert_int_eq(status, NPDE_ERR_UNSUPPORTED); /* methods that split the operator */
            refused++;
            continue;
        }
        const double dt = method->order == 1 ? 5e-4 : method->order == 2 ? 2e-3 : 1e-2;
        if (method->restart) { /* multistep methods show their order where the solution is smoother than a spike */
            ck_assert_double_lt(error_of(method->id, dt / 4), 1e-5);
            continue;
        }
        const double order = log2(error_of(method->id, dt) / error_of(method->id, dt / 2));
        NEAR(order, (double)method->order, 0.25);
    }
    ck_assert_int_eq(refused, 11); /* those that freeze an operator or split, and radau_iia5 */
    NEAR(log2(error_of(NPDE_METHOD_DOPRI5, 0.02) / error_of(NPDE_METHOD_DOPRI5, 0.01)), 5, 0.3);
}
END_TEST

/* The step is interpolated to fourth order. */
START_TEST(output_within_steps)
{
    double error[2];
    for (int k = 0; k < 2; k++) {
        fitzhugh_nagumo(1, 0, 0, 0);
        begin(NPDE_METHOD_DOPRI5, 0.1 / (1 << k), (const double[]){2, 0}, 2);
        OK(c, npde_solver_set(s, NPDE_OPTION_OUTPUT, NPDE_OUTPUT_DENSE));
        OK(c, npde_solver_start(s, 0));
        double times[101], v[101];
        for (int i = 0; i <= 100; i++) times[i] = 0.0437 * i;
        OK(c, npde_solver_sample(s, times, 101, v));
        begin(NPDE_METHOD_DOPRI5, 0, (const double[]){2, 0}, 2);
        double exact[101];
        OK(c, npde_solver_sample(s, times, 101, exact));
        error[k] = 0;
        for (int i = 0; i <= 100; i++) error[k] = fmax(error[k], fabs(v[i] - exact[i]));
    }
    ck_assert_double_gt(log2(error[0] / error[1]), 3.8);
    ck_assert_double_lt(error[1], 1e-6);
}
END_TEST

/* Up and down again within a step: a level just below the peak of van der Pol's oscillation is crossed once a period. */
START_TEST(short_excursions_are_spikes)
{
    enum { FINE = 20000 };
    static double times[FINE], v[FINE];
    double peak = -INFINITY, count[2], interval;
    fitzhugh_nagumo(1, 0, 0, 0);
    begin(NPDE_METHOD_DOPRI5, 0, (const double[]){2, 0}, 2);
    for (int i = 0; i < FINE; i++) times[i] = 40 + 7.0 * i / FINE;
    OK(c, npde_solver_sample(s, times, FINE, v));
    for (int i = 0; i < FINE; i++) peak = fmax(peak, v[i]);
    fitzhugh_nagumo(1, 0, 0, 0);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_SPIKE_LEVEL, peak - 1e-5));
    begin(NPDE_METHOD_DOPRI5, 0.02, (const double[]){1.9, 0}, 2);
    for (int k = 0; k < 2; k++) {
        OK(c, npde_solver_advance(s, 20 + 10 * 6.66328685932312 * k, NULL));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKES, &count[k]));
    }
    OK(c, npde_solver_stat(s, NPDE_STAT_SPIKE_INTERVAL, &interval));
    ck_assert_double_eq(count[1] - count[0], 10);
    NEAR(interval, 6.66328685932312, 1e-5);
}
END_TEST

/* ---- populations, drives, spikes, snapshots ---- */

static double told[64];
static int n_told;

static int32_t listen(npde_solver *solver, npde_id event, double t, void *user)
{
    double time, population;
    (void)user;
    ck_assert_int_eq(event, NPDE_EVENT_SPIKE);
    ck_assert_int_eq(npde_solver_stat(solver, NPDE_STAT_SPIKE_TIME, &time), NPDE_OK);
    ck_assert_int_eq(npde_solver_stat(solver, NPDE_STAT_SPIKE_POPULATION, &population), NPDE_OK);
    ck_assert_double_eq(time, t);
    if (population == 1 && n_told < 64) told[n_told++] = t;
    return 0;
}

static int32_t pulse(double t, size_t n_pop, const double *v, double *drive, double *diffusion, void *user)
{
    (void)v, (void)diffusion, (void)user;
    for (size_t p = 0; p < n_pop; p++) drive[p] += 5 * sin(t);
    return 0;
}

START_TEST(populations_are_neurons_of_their_own)
{
    const double drives[3] = {0, 50, 100}, y[2] = {-20, 0}, times[2] = {120, 300};
    double together[6], alone[2];
    OK(c, npde_model_new(c, NPDE_MODEL_MORRIS_LECAR, 3, &m));
    for (size_t p = 0; p < 3; p++) OK(c, npde_model_set(m, p, NPDE_PARAM_DRIVE, drives[p]));
    OK(c, npde_model_set(m, 1, NPDE_PARAM_ML_G_CALCIUM, 4));
    OK(c, npde_model_set(m, 1, NPDE_PARAM_ML_V3, 12));
    OK(c, npde_model_set(m, 1, NPDE_PARAM_ML_V4, 17.4));
    OK(c, npde_model_set(m, 1, NPDE_PARAM_ML_PHI, 0.067));
    OK(c, npde_model_set_coupling(m, pulse, NULL, NULL));
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-11));
    for (size_t p = 0; p < 3; p++) OK(c, npde_solver_set_state(s, p, y, 2));
    OK(c, npde_solver_observe(s, NPDE_EVENT_SPIKE, listen, NULL, NULL, NULL));
    OK(c, npde_solver_start(s, 0));
    n_told = 0;
    OK(c, npde_solver_sample(s, times, 2, together));
    ck_assert_int_ge(n_told, 3);
    morris_lecar(SNLC, 50);
    OK(c, npde_model_set_coupling(m, pulse, NULL, NULL));
    begin(NPDE_METHOD_DOPRI5, 0, y, 2);
    OK(c, npde_solver_sample(s, times, 2, alone));
    for (int k = 0; k < 2; k++) NEAR(together[3 * k + 1], alone[k], 1e-6);
    double count, last;
    OK(c, npde_solver_stat(s, NPDE_STAT_SPIKES, &count));
    OK(c, npde_solver_stat(s, NPDE_STAT_SPIKE_TIME, &last));
    ck_assert_double_eq(count, n_told);
    NEAR(last, told[n_told - 1], 1e-6);
}
END_TEST

typedef struct {
    double time[16], population[16];
    int told, steps;
    int fails_at; /* answers an error at this spike */
    char *bytes;  /* takes a snapshot at the first spike of a step with several */
    size_t n;
    int kept;
} listener;

static int32_t hear(npde_solver *solver, npde_id event, double t, void *user)
{
    listener *l = user;
    (void)t;
    if (event == NPDE_EVENT_STEP) return l->steps++, 0;
    ck_assert_int_lt(l->told, 16);
    ck_assert_int_eq(npde_solver_stat(solver, NPDE_STAT_SPIKE_TIME, &l->time[l->told]), NPDE_OK);
    ck_assert_int_eq(npde_solver_stat(solver, NPDE_STAT_SPIKE_POPULATION, &l->population[l->told]), NPDE_OK);
    if (l->bytes && !l->kept++) ck_assert_int_eq(npde_solver_save(solver, l->bytes, l->n, &l->n), NPDE_OK);
    return ++l->told == l->fails_at ? -7 : 0;
}

/* Four neurons that reach their levels within one step: told in the order of time, none lost to an error or a snapshot. */
START_TEST(several_spikes_in_a_step)
{
    listener heard[3] = {{.told = 0}, {.fails_at = 1}, {.told = 0}};
    double count, last;
    char *bytes = NULL;
    for (int k = 0; k < 3; k++) {
        npde_model_free(m);
        npde_solver_free(s);
        OK(c, npde_model_new(c, NPDE_MODEL_FITZHUGH_NAGUMO, 4, &m));
        OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_FHN_EPSILON, 1));
        OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_FHN_ALPHA, 0));
        OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_FHN_BETA, 0));
        for (size_t p = 0; p < 4; p++) OK(c, npde_model_set(m, p, NPDE_PARAM_SPIKE_LEVEL, 0.03 - 0.01 * (double)p));
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_DOPRI5, &s));
        for (size_t p = 0; p < 4; p++) OK(c, npde_solver_set_state(s, p, (const double[]){2, 0}, 2));
        OK(c, npde_solver_observe(s, NPDE_EVENT_SPIKE, hear, &heard[k], NULL, NULL));
        OK(c, npde_solver_observe(s, NPDE_EVENT_STEP, hear, &heard[k], NULL, NULL));
        OK(c, npde_solver_start(s, 0));
        if (k == 2) {
            OK(c, npde_solver_save(s, NULL, 0, &heard[k].n));
            bytes = heard[k].bytes = malloc(heard[k].n);
            ck_assert_ptr_nonnull(bytes);
        }
        if (k == 1) ck_assert_int_eq(npde_solver_advance(s, 14, NULL), NPDE_ERR_CALLBACK);
        OK(c, npde_solver_advance(s, 14, NULL));
        if (k == 2) { /* the first spike of the snapshot was told before it; the others again */
            ck_assert_int_eq(heard[k].told, 8);
            heard[k].told = 1;
            OK(c, npde_solver_restore(s, bytes, heard[k].n));
            OK(c, npde_solver_advance(s, 14, NULL));
        }
        int64_t steps;
        OK(c, npde_solver_count(s, NPDE_COUNT_STEPS, &steps));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKES, &count));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKE_TIME, &last));
        if (k < 2) ck_assert_int_eq(heard[k].steps, (int)steps);
        ck_assert_int_eq(heard[k].told, 8);
        ck_assert_double_eq(count, 8);
        ck_assert_double_eq(last, heard[0].time[7]);
        for (int i = 0; i < 8; i++) {
            ck_assert_double_eq(heard[k].population[i], 3 - i % 4);
            ck_assert_double_eq(heard[k].time[i], heard[0].time[i]);
            ck_assert(i == 0 || heard[k].time[i] > heard[k].time[i - 1]);
        }
    }
    free(bytes);
}
END_TEST

START_TEST(snapshots_go_on)
{
    const npde_id methods[] = {NPDE_METHOD_DOPRI5, NPDE_METHOD_RODAS5P, NPDE_METHOD_TR_BDF2};
    for (int i = 0; i < 3; i++) {
        double y[4], again[4], interval[2];
        size_t n;
        hodgkin_huxley(10);
        begin(methods[i], 0, (const double[]){-65, 0.05, 0.6, 0.32}, 4);
        OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-8));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_advance(s, 40, NULL));
        OK(c, npde_solver_save(s, NULL, 0, &n));
        void *bytes = malloc(n);
        OK(c, npde_solver_save(s, bytes, n, &n));
        OK(c, npde_solver_advance(s, 70, NULL));
        OK(c, npde_solver_state(s, 0, y, 4));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKE_INTERVAL, &interval[0]));
        OK(c, npde_solver_start(s, 0));
        OK(c, npde_solver_restore(s, bytes, n));
        OK(c, npde_solver_advance(s, 70, NULL));
        OK(c, npde_solver_state(s, 0, again, 4));
        OK(c, npde_solver_stat(s, NPDE_STAT_SPIKE_INTERVAL, &interval[1]));
        ck_assert_int_eq(memcmp(y, again, sizeof y), 0);
        ck_assert(interval[0] == interval[1] && interval[0] > 10);
        free(bytes);
    }
}
END_TEST

static int32_t quit(double t, size_t n_pop, const double *v, double *drive, double *diffusion, void *user)
{
    (void)n_pop, (void)v, (void)diffusion, (void)user;
    if (t > 1) drive[0] = NAN;
    return 0;
}

static int32_t zero(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)v, (void)user;
    memset(value, 0, n * sizeof *value);
    return 0;
}

START_TEST(misuse)
{
    double y[4] = {-65, 0.05, 0.6, 0.32}, x;
    const double breaks[] = {-6, 1, 2};
    const size_t cells[] = {8, 4};
    npde_grid *g;
    hodgkin_huxley(10);
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set(m, 0, NPDE_PARAM_V_RESET, 0));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set(m, 0, NPDE_PARAM_ML_PHI, 0));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, 0));
    ANSWERS(c, NPDE_ERR_RANGE, npde_model_set(m, 0, NPDE_PARAM_HH_CAPACITANCE, 0));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set_drift(m, zero, NULL, NULL));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set_discharge(m, zero, NULL, NULL));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_grid_new_for(m, NPDE_SCHEME_SPECTRAL, 0, &g));
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_DOPRI5, &s));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_start(s, 0));
    OK(c, npde_solver_set_gaussian(s, 0, 0, 1));
    ANSWERS(c, NPDE_ERR_STATE, npde_solver_start(s, 0));
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "npde_solver_set_state() with 4 numbers"));
    ANSWERS(c, NPDE_ERR_SIZE, npde_solver_set_state(s, 0, y, 3));
    OK(c, npde_solver_set_state(s, 0, y, 4));
    OK(c, npde_solver_start(s, 0));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_solver_reservoirs(s, y, 1));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_solver_evaluate(s, 0, &x, 1, y));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_solver_grid(s, &g));
    ANSWERS(c, NPDE_ERR_SIZE, npde_solver_state(s, 0, y, 5));
    OK(c, npde_model_set_coupling(m, quit, NULL, NULL));
    OK(c, npde_solver_start(s, 0));
    double t;
    ANSWERS(c, NPDE_ERR_CALLBACK, npde_solver_advance(s, 5, &t));
    ck_assert(t > 0 && t <= 1);
    npde_particles *p;
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_particles_new(m, 1, 1, &p));
    npde_solver_free(s);
    OK(c, npde_grid_new(c, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, &g));
    OK(c, npde_solver_new(m, g, NPDE_METHOD_DOPRI5, &s));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_solver_start(s, 0));
    npde_grid_free(g);
    npde_solver_free(s);
    npde_model_free(m);
    /* A density takes no explicit method. */
    OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_model_set(m, 0, NPDE_PARAM_HH_G_LEAK, 1));
    OK(c, npde_solver_new(m, NULL, NPDE_METHOD_DOPRI5, &s));
    OK(c, npde_solver_set_gaussian(s, 0, 0, 1));
    ANSWERS(c, NPDE_ERR_UNSUPPORTED, npde_solver_start(s, 0));
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "explicit"));
}
END_TEST

/* ---- the noisy leaky neuron: first-passage times by its density ---- */

START_TEST(first_passage_density)
{
    static const struct {
        double reset, threshold, drive, diffusion, at[5], mean, cv;
    } sets[4] = {
        {1,
         2,
         0,
         1,
         {.396574304151495, .2429884801589747, .1289385724735641, .07553927560449087, .05332249416879235},
         1 / 0.11997596523910496621,
         1.19635455595851805},
        {0,
         1,
         0,
         0.2,
         {.0100808573426943, .04584869648672172, .06531816933357673, .06000726168088042, .05060022259477048},
         1 / 0.062578922255561259143,
         0.980433954335335836},
        {0,
         1,
         1.5,
         0.02,
         {8.379020827675434e-12, .008331053966721692, 1.788787253087354, .01586435679867712, 3.948898745813385e-8},
         1 / 0.93731986437368370259,
         0.227833111554666691},
        {-1,
         0,
         0,
         1,
         {1.164847061173919, .7198107217444601, .3375876876297991, .1099871363184276, .01461866909638844},
         1 / 1.1087605232141944015,
         1.02287812748061522},
    };
    for (int i = 0; i < 4; i++) {
        enum { POINTS = 4000 };
        OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &m));
        set(NPDE_PARAM_V_RESET, sets[i].reset);
        set(NPDE_PARAM_V_THRESHOLD, sets[i].threshold);
        set(NPDE_PARAM_DRIVE, sets[i].drive);
        set(NPDE_PARAM_DIFFUSION, sets[i].diffusion);
        set(NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL); /* who fired does not come back */
        set(NPDE_PARAM_REFRACTORY_TIME, 1e12);
        OK(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
        OK(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-10));
        OK(c, npde_solver_set_gaussian(s, 0, sets[i].reset, 0));
        ck_assert_int_ge(npde_solver_start(s, 0), 0);
        const double times[5] = {.25, .5, 1, 2, 4}, unit = 25 * sets[i].mean / POINTS;
        double rates[5], *grid = malloc(POINTS * sizeof *grid), *f = malloc(POINTS * sizeof *f), reservoir;
        ck_assert_int_ge(npde_solver_sample(s, times, 5, rates), 0);
        for (int k = 0; k < 5; k++) NEAR(rates[k], sets[i].at[k], 1e-7 * (sets[i].at[k] + 0.01));
        ck_assert_int_ge(npde_solver_start(s, 0), 0);
        for (int k = 0; k < POINTS; k++) grid[k] = (k + 1) * unit;
        ck_assert_int_ge(npde_solver_sample(s, grid, POINTS, f), 0);
        OK(c, npde_solver_reservoirs(s, &reservoir, 1));
        NEAR(reservoir, 1, 1e-6);
        double
            first = 0,
            second =
                0; /* the trapezoidal rule, for a density that is 0 at both ends: error beyond all orders but the first one's */
        for (int k = 0; k < POINTS; k++) {
            first += unit * f[k] * grid[k];
            second += unit * f[k] * grid[k] * grid[k];
        }
        NEAR(first, sets[i].mean, 5e-6 * sets[i].mean);
        NEAR(sqrt(second - first * first) / first, sets[i].cv, 5e-6);
        free(grid);
        free(f);
        npde_solver_free(s);
        npde_model_free(m);
        s = NULL;
        m = NULL;
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {jacobians_are_those_of_the_fields,
                                  hopf_bifurcations,
                                  folds,
                                  values_on_trajectories,
                                  periods_of_limit_cycles,
                                  rheobase,
                                  every_method_has_its_order,
                                  output_within_steps,
                                  short_excursions_are_spikes,
                                  several_spikes_in_a_step,
                                  populations_are_neurons_of_their_own,
                                  snapshots_go_on,
                                  misuse,
                                  first_passage_density};
    return run_suite_with("neurons", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
