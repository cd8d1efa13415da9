/* SPDX-License-Identifier: BSD-3-Clause
 * Time of the closed-form rate, beside scipy's quadrature of it in the same run when there is one, of searches for steady
 * states, of eigenvalues and of linear response. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include "analysis/siegert.h"

#include <neuropde/neuropde.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 30, FREQUENCIES = 256, SETS = 4 };

static const struct {
    const char *name;
    double reset, threshold, drive, diffusion, time; /* the mean first-passage time by 30-digit quadrature */
} sets[SETS] = {
    {"A", 1, 2, 0, 1, 8.3350027483176271972},
    {"B", 0, 1, 0, 0.2, 15.979821383247489089},
    {"C", 0, 1, 1.5, 0.02, 1.0668716603677220776},
    {"D", -1, 0, 0, 1, 0.90190801265280650064},
};

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static volatile double sink;

/* Seconds of one closed-form rate, the best of many samples; its relative error. */
static double rate_seconds(int k, double *error)
{
    npde__siegert s = {0, 1, sets[k].reset, sets[k].threshold, sets[k].drive, sets[k].diffusion};
    double best = INFINITY;
    *error = fabs(exp(npde__siegert_escape(&s).log_time) / sets[k].time - 1);
    for (int sample = 0; sample < SAMPLES; sample++) {
        const double begin = now();
        for (int i = 0; i < 1000; i++) {
            s.drive = sets[k].drive + 1e-15 * i; /* no two alike */
            sink = exp(-npde__siegert_escape(&s).log_time);
        }
        best = fmin(best, (now() - begin) / 1000);
    }
    return best;
}

double bench_studies_rate(double *error)
{
    double worst = 0;
    *error = 0;
    for (int k = 0; k < SETS; k++) {
        double off;
        worst = fmax(worst, rate_seconds(k, &off));
        *error = fmax(*error, off);
    }
    return worst;
}

/* What scipy's adaptive quadrature of Siegert's integral takes, microseconds a call for each set; 0 when neither Debian's Python
 * nor the path's has scipy. */
static int scipy_times(double *microseconds)
{
    static const char script[] =
        "import time, numpy as np\n"
        "from scipy.integrate import quad\n"
        "from scipy.special import erfcx\n"
        "f = lambda u: erfcx(-u)\n"
        "for r, t, m, a in ((1, 2, 0, 1), (0, 1, 0, .2), (0, 1, 1.5, .02), (-1, 0, 0, 1)):\n"
        "    s = (2 * a) ** .5; best = 1e9\n"
        "    for k in range(20):\n"
        "        b = time.perf_counter()\n"
        "        for i in range(50): quad(f, (r - m) / s, (t - m) / s, epsabs=0, epsrel=1e-13)\n"
        "        best = min(best, (time.perf_counter() - b) / 50)\n"
        "    print(1e6 * best)\n";
    char command[2048];
    snprintf(command, sizeof command, "for p in /usr/bin/python3 python3; do $p -c '%s' 2>/dev/null && break; done",
             script);
    FILE *pipe = popen(command, "r");
    int n = 0;
    while (pipe && n < SETS && fscanf(pipe, "%lf", &microseconds[n]) == 1) n++;
    if (pipe) pclose(pipe);
    return n == SETS;
}

static void check(npde_context *c, npde_status status)
{
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(c));
    exit(1);
}

typedef struct {
    npde_context *c;
    npde_model *model;
    npde_steady *steady;
    size_t n;
} study;

static study new_study(int k, double b)
{
    study s;
    check(NULL, npde_context_new(&s.c));
    check(s.c, npde_model_new(s.c, NPDE_MODEL_LIF_NETWORK, 1, &s.model));
    check(s.c, npde_model_set(s.model, 0, NPDE_PARAM_V_RESET, sets[k].reset));
    check(s.c, npde_model_set(s.model, 0, NPDE_PARAM_V_THRESHOLD, sets[k].threshold));
    check(s.c, npde_model_set(s.model, 0, NPDE_PARAM_DRIVE, sets[k].drive));
    check(s.c, npde_model_set(s.model, 0, NPDE_PARAM_DIFFUSION, sets[k].diffusion));
    check(s.c, npde_model_set(s.model, 0, NPDE_PARAM_CONNECTIVITY, b));
    check(s.c, npde_steady_new(s.model, NULL, &s.steady));
    check(s.c, npde_steady_solve(s.steady, &s.n));
    return s;
}

static void free_study(study *s)
{
    npde_steady_free(s->steady);
    npde_model_free(s->model);
    npde_context_free(s->c);
}

/* Seconds a frequency, from ω = 0.01 to 1000 in one call. */
static double response_seconds(int k)
{
    double omega[FREQUENCIES], x[2 * FREQUENCIES], best = INFINITY;
    for (int i = 0; i < FREQUENCIES; i++) omega[i] = 0.01 * pow(10, 5.0 * i / (FREQUENCIES - 1));
    study s = new_study(k, 0);
    npde_response *r;
    check(s.c, npde_response_new(s.steady, 0, &r));
    for (int sample = 0; sample < SAMPLES; sample++) {
        const double begin = now();
        check(s.c, npde_response_rate(r, NPDE_INPUT_DRIVE, 0, omega, FREQUENCIES, x));
        best = fmin(best, (now() - begin) / FREQUENCIES);
    }
    npde_response_free(r);
    free_study(&s);
    return best;
}

double bench_studies_response(void)
{
    double worst = 0;
    for (int k = 0; k < SETS; k++) worst = fmax(worst, response_seconds(k));
    return worst;
}

static double search_seconds(double b, size_t *n)
{
    double best = INFINITY;
    study s = new_study(0, b);
    for (int sample = 0; sample < SAMPLES; sample++) {
        const double begin = now();
        check(s.c, npde_steady_solve(s.steady, n));
        best = fmin(best, now() - begin);
    }
    free_study(&s);
    return best;
}

static double eigenvalue_seconds(double b)
{
    double best = INFINITY, pairs[8];
    study s = new_study(0, b);
    for (int sample = 0; sample < 5; sample++) {
        const double begin = now();
        check(s.c, npde_steady_eigenvalues(s.steady, 0, pairs, 3));
        best = fmin(best, now() - begin);
    }
    free_study(&s);
    return best;
}

int bench_studies(const bench_options *options)
{
    double scipy[SETS];
    (void)options;
    const int compare = scipy_times(scipy);
    for (int k = 0; k < SETS; k++) {
        double error;
        const double t = 1e6 * rate_seconds(k, &error);
        printf("closed-form rate, set %s: %.3f us, relative error %.1e", sets[k].name, t, error);
        if (compare) printf("; scipy's quadrature %.1f us, %.0f times as long", scipy[k], scipy[k] / t);
        printf("\n");
    }
    if (!compare) printf("(no scipy for python3: its quadrature is not compared)\n");
    const double b[] = {-20, 0.5, 1.5, 2.1};
    for (int i = 0; i < 4; i++) {
        size_t n;
        const double t = search_seconds(b[i], &n);
        printf("all steady states, set A with b = %g: %.0f us, %zu found\n", b[i], 1e6 * t, n);
    }
    for (int i = 0; i < 3; i++)
        printf("three leading eigenvalues, set A with b = %g: %.2f ms\n", b[i], 1e3 * eigenvalue_seconds(b[i]));
    for (int k = 0; k < SETS; k++)
        printf("linear response, set %s, omega to 1000: %.1f us a frequency\n", sets[k].name,
               1e6 * response_seconds(k));
    return 0;
}
