/* SPDX-License-Identifier: BSD-3-Clause */
#include "problems.h"

#include "golden.h"
#include "spectral.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>

const double problem_reset = 1, problem_threshold = 2, problem_diffusion = 1;

const problem problems[PROBLEMS] = {
    {"P1", .drive = 0.5, .mean = -1.5, .variance = 0.2, .low = 0.5, .golden = golden_p1},
    {"P2", .connectivity = 0.5, .noise = 0.1, .mean = -1.5, .variance = 0.2, .low = 0, .golden = golden_p2},
    {"P3", .connectivity = -1, .noise = 0.1, .drive = 1, .swing = 1, .mean = -1.5, .variance = 0.2, .low = -0.3,
     .golden = golden_p3},
    {"lin", .mean = -1, .variance = 0.25, .low = 0, .golden = golden_lin},
    {"sin", .drive = 1, .swing = 0.5, .mean = -1, .variance = 0.25, .low = 0.5, .golden = golden_sin},
    {"exc", .connectivity = 0.5, .mean = -1, .variance = 0.25, .low = 0, .golden = golden_exc},
    {"inh", .connectivity = -1, .mean = -1, .variance = 0.25, .low = -0.11, .golden = golden_inh},
};

static const double two_pi = 6.28318530717958647692;

const double *problem_times(void)
{
    static double times[PROBLEM_TIMES];
    for (int k = 0; k < PROBLEM_TIMES; k++) times[k] = (k + 1) / 10.0;
    return times;
}

double problem_drive(const problem *p, double t)
{
    return p->swing != 0 ? p->drive + p->swing * sin(two_pi * t) : p->drive;
}

void problem_check(npde_context *context, npde_status status)
{
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(context));
    exit(EXIT_FAILURE);
}

static int32_t sine(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    const problem *p = user;
    (void)rate;
    (void)diffusion;
    for (size_t k = 0; k < n_pop; k++) drive[k] += p->swing * sin(two_pi * t);
    return 0;
}

npde_model *problem_model(npde_context *c, const problem *p)
{
    npde_model *m;
    const int coupled = p->connectivity != 0 || p->noise != 0;
    problem_check(c, npde_model_new(c, coupled ? NPDE_MODEL_LIF_NETWORK : NPDE_MODEL_LIF, 1, &m));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, problem_reset));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_V_THRESHOLD, problem_threshold));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, problem_diffusion));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, p->drive));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE_SWING, fabs(p->swing)));
    if (coupled) problem_check(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, p->connectivity));
    if (coupled) problem_check(c, npde_model_set(m, 0, NPDE_PARAM_NOISE_CONNECTIVITY, p->noise));
    if (p->swing != 0) problem_check(c, npde_model_set_coupling(m, sine, (void *)(uintptr_t)p, NULL));
    return m;
}

double reference_error(const reference *r, const double *rates, size_t stride)
{
    double error = 0;
    for (size_t k = 0; k < PROBLEM_TIMES; k++) {
        if (!isfinite(rates[k * stride])) return INFINITY;
        error = fmax(error, fabs(rates[k * stride] - r->rates[k]));
    }
    return error / r->largest;
}

double problem_error(const problem *p, const double *rates)
{
    return reference_error(problem_reference(p), rates, 1);
}

/* Elements that resolve all seven problems to rounding, two sets without a common node but the kinks. */
static const double ends[2] = {8.5, 9.3};
static const layout reference_layouts[2] = {
    {.n = 5, .breaks = {0, -2.2, 1, 1.9, 1.99, 2}, .degrees = {32, 30, 18, 12, 12}},
    {.n = 6, .breaks = {0, -3.1, -0.6, 1, 1.86, 1.984, 2}, .degrees = {30, 24, 22, 21, 15, 15}},
};

void problem_compute(const problem *p, reference *r)
{
    double rates[2][PROBLEM_TIMES];
    for (int k = 0; k < 2; k++) {
        layout l = reference_layouts[k];
        l.breaks[0] = fmin(p->low, p->mean) - ends[k];
        spectral *s = spectral_new(p, &l);
        spectral_radau(s, k ? 6 : 5, k ? 5 : 6, rates[k]);
        spectral_free(s);
    }
    *r = (reference){.largest = 0};
    for (int k = 0; k < PROBLEM_TIMES; k++) {
        r->rates[k] = rates[1][k];
        r->largest = fmax(r->largest, fabs(rates[1][k]));
        r->apart = fmax(r->apart, fabs(rates[1][k] - rates[0][k]));
        if (p->golden) r->from_golden = fmax(r->from_golden, fabs(rates[1][k] - p->golden[k]));
    }
    r->apart /= r->largest;
    r->from_golden /= r->largest;
}

const reference *problem_reference(const problem *p)
{
    static reference known[PROBLEMS];
    static int have[PROBLEMS];
    const size_t k = (size_t)(p - problems);
    if (!have[k]) problem_compute(p, &known[k]);
    have[k] = 1;
    return &known[k];
}
