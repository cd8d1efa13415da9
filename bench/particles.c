/* SPDX-License-Identifier: BSD-3-Clause
 * Particles: how fast, how far from the equation against their number and the step, blow-up by them and by the
 * equation, Brian2 beside them. V_R = 1, V_F = 2. Errors come with the standard errors that the replicates show. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "problems.h"

#include <math.h>
#include <stdlib.h>

enum { BINS = 8, FINE = 32, MOST_POINTS = 12 };
static const double end = 2,
                    exact_rate = 0.11997596523910496621; /* of the uncoupled neuron, a = 1: Siegert's integral */

static int unmeasured;

static void line(const char *name, double measured, const char *goal, int met, const char *detail)
{
    unmeasured += isnan(measured);
    printf("%-66s %10.4g  goal %-14s %s  %s\n", name, measured, goal,
           isnan(measured) ? "NOT MEASURED"
           : met           ? "met"
                           : "short",
           detail);
}

/* ---- runs ---- */

static npde_model *network(npde_context *c, double b, double drive, double diffusion)
{
    npde_model *m;
    problem_check(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 1, &m));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, b));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_DRIVE, drive));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, diffusion));
    return m;
}

static npde_particles *started(npde_context *c, npde_model *m, size_t n, uint64_t seed, double dt, int bridge,
                               double mean, double variance)
{
    npde_particles *p;
    problem_check(c, npde_particles_new(m, n, seed, &p));
    problem_check(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, dt));
    problem_check(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_BRIDGE, bridge));
    problem_check(c, npde_particles_set_gaussian(p, 0, mean, variance));
    problem_check(c, npde_particles_start(p, 0));
    return p;
}

/* Mean rates of the equation in bins until `end`, by Simpson's rule. */
static void limit_rates(npde_context *c, npde_model *m, double *bins)
{
    double times[BINS * FINE + 1], fine[BINS * FINE + 1];
    npde_solver *s;
    problem_check(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
    problem_check(c, npde_solver_set(s, NPDE_OPTION_RTOL, 1e-9));
    problem_check(c, npde_solver_set_gaussian(s, 0, 0, 0.04));
    problem_check(c, npde_solver_start(s, 0));
    for (size_t k = 0; k <= BINS * FINE; k++) times[k] = end * (double)k / (BINS * FINE);
    problem_check(c, npde_solver_sample(s, times, BINS * FINE + 1, fine));
    for (size_t b = 0; b < BINS; b++) {
        bins[b] = 0;
        for (size_t k = 0; k <= FINE; k++)
            bins[b] += fine[b * FINE + k] * (k == 0 || k == FINE ? 1 : k % 2 ? 4 : 2) / (3.0 * FINE);
    }
    npde_solver_free(s);
}

static void sample_bins(npde_context *c, npde_model *m, size_t n, uint64_t seed, double dt, double *rates)
{
    double ends[BINS];
    for (size_t b = 0; b < BINS; b++) ends[b] = end * (double)(b + 1) / BINS;
    npde_particles *p = started(c, m, n, seed, dt, 1, 0, 0.04);
    problem_check(c, npde_particles_sample(p, ends, BINS, rates));
    npde_particles_free(p);
}

/* ---- slopes ---- */

typedef struct {
    size_t n;
    double x[MOST_POINTS], error[MOST_POINTS], deviation[MOST_POINTS];
} curve;

static void add(curve *c, const char *study, const char *name, double x, double error, double deviation, FILE *csv)
{
    c->x[c->n] = x;
    c->error[c->n] = error;
    c->deviation[c->n++] = deviation;
    printf("  %-8s %-24s %-10.6g error %10.3e +- %.1e\n", study, name, x, error, deviation);
    if (csv) fprintf(csv, "%s,%s,%.10g,%.6g,%.6g\n", study, name, x, fabs(error), deviation);
}

/* Slope of log |error| against log x, weighted by the errors' errors; its own standard error. */
static double slope(const curve *c, double *deviation)
{
    double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
    for (size_t k = 0; k < c->n; k++) {
        const double x = log(c->x[k]), y = log(fabs(c->error[k])), weight = pow(c->error[k] / c->deviation[k], 2);
        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    const double spread = w * wxx - wx * wx;
    *deviation = sqrt(w / spread);
    return (w * wxy - wx * wy) / spread;
}

static void report_slope(const char *name, const curve *c, double goal, double within)
{
    char text[64], range[64];
    double deviation;
    const double have = slope(c, &deviation);
    snprintf(text, sizeof text, "+- %.2g", deviation);
    snprintf(range, sizeof range, "%g +- %g", goal, within);
    line(name, have, range, fabs(have - goal) <= within, text);
}

/* Root mean square over bins and replicates of the distance to the equation, relative to its mean rate. */
static void against_number(npde_context *c, int quick, FILE *csv)
{
    static const struct {
        const char *name;
        double b;
    } cases[] = {{"linear", 0}, {"excitatory b = 1", 1}, {"inhibitory b = -4", -4}};
    for (size_t i = 0; i < 3; i++) {
        npde_model *m = network(c, cases[i].b, 0, 1);
        double limit[BINS], mean = 0;
        curve found = {0};
        limit_rates(c, m, limit);
        for (size_t b = 0; b < BINS; b++) mean += limit[b] / BINS;
        for (size_t n = 64; n <= (quick ? 4096u : 262144u); n *= 4) {
            const size_t runs = quick ? 16 : n < 10000 ? 400 : n < 100000 ? 100 : 40;
            double sum = 0, squares = 0;
            for (size_t r = 0; r < runs; r++) {
                double rates[BINS], square = 0;
                sample_bins(c, m, n, 1000 + r, 0.01, rates);
                for (size_t b = 0; b < BINS; b++) square += pow((rates[b] - limit[b]) / mean, 2) / BINS;
                sum += square / (double)runs;
                squares += square * square / (double)runs;
            }
            const double error = sqrt(sum), of_square = sqrt((squares - sum * sum) / (double)(runs - 1));
            add(&found, "number", cases[i].name, (double)n, error, of_square / (2 * error), csv);
        }
        char name[80];
        snprintf(name, sizeof name, "distance to the equation against n, %s", cases[i].name);
        report_slope(name, &found, -0.5, 0.05);
        npde_model_free(m);
    }
}

/* Bias of the spikes until `end`, over replicates. */
static void against_step(npde_context *c, int quick, FILE *csv)
{
    static const struct {
        const char *name;
        double b;
    } cases[] = {{"inhibitory b = -4", -4}, {"excitatory b = 1.5", 1.5}};
    const size_t n = quick ? 50000 : 1000000, runs = quick ? 4 : 16;
    for (size_t i = 0; i < 2; i++) {
        npde_model *m = network(c, cases[i].b, 0, 1);
        double limit[BINS], all = 0;
        curve found = {0};
        limit_rates(c, m, limit);
        for (size_t b = 0; b < BINS; b++) all += limit[b] / BINS;
        for (size_t k = 0; k < (quick ? 3u : 5u); k++) {
            const double dt = 0.25 / (double)(1 << k);
            double sum = 0, squares = 0;
            for (size_t r = 0; r < runs; r++) {
                double rates[BINS], mean = 0;
                sample_bins(c, m, n, 2000 + r, dt, rates);
                for (size_t b = 0; b < BINS; b++) mean += rates[b] / BINS;
                sum += (mean / all - 1) / (double)runs;
                squares += pow(mean / all - 1, 2) / (double)runs;
            }
            add(&found, "step", cases[i].name, dt, sum, sqrt((squares - sum * sum) / (double)(runs - 1)), csv);
        }
        char name[80];
        snprintf(name, sizeof name, "bias against dt, %s", cases[i].name);
        report_slope(name, &found, 1, 0.15);
        npde_model_free(m);
    }
}

/* Relative bias of the uncoupled neuron's steady rate; error by renewal theory. */
static double steady_bias(npde_context *c, size_t n, double dt, int bridge, double length, double *deviation)
{
    npde_model *m = network(c, 0, 0, 1);
    npde_particles *p = started(c, m, n, 7, dt, bridge, 0, 0.5);
    const double times[2] = {10, 10 + length};
    double rates[2];
    problem_check(c, npde_particles_sample(p, times, 2, rates));
    npde_particles_free(p);
    npde_model_free(m);
    *deviation = 1.196 / sqrt(rates[1] * (double)n * length);
    return rates[1] / exact_rate - 1;
}

static void of_steady_rate(npde_context *c, int quick, FILE *csv)
{
    const size_t n = quick ? 20000 : 200000;
    curve plain = {0}, drawn = {0};
    for (size_t k = 0; k < (quick ? 3u : 4u); k++) {
        const double dt = 0.02 / (double)(1 << (2 * k));
        double deviation;
        const double bias = steady_bias(c, n, dt, 0, 10, &deviation);
        add(&plain, "step", "linear: ends of steps", dt, bias, deviation, csv);
    }
    report_slope("bias against dt, linear, ends of steps only", &plain, 0.5, 0.1);
    for (size_t k = 0; k < 4; k++) {
        const double dt = 0.5 / (double)(1 << k);
        double deviation;
        const double bias = steady_bias(c, n, dt, 1, quick ? 100 : 400, &deviation);
        add(&drawn, "step", "linear: crossings drawn", dt, bias, deviation, csv);
    }
    double deviation;
    const double bias = steady_bias(c, n, 0.01, 1, quick ? 20 : 60, &deviation);
    char text[96];
    snprintf(text, sizeof text, "bias %.2e +- %.1e", bias, deviation);
    line("steady rate at dt = 0.01: standard errors from the exact one", fabs(bias) / deviation, "<= 3",
         fabs(bias) <= 3 * deviation, text);
}

/* ---- speed ---- */

static double steps_a_second(npde_context *c, double b, size_t n, double dt)
{
    npde_model *m = network(c, b, 0, 1);
    npde_particles *p = started(c, m, n, 1, dt, 1, 0, 0.5);
    problem_check(c, npde_particles_advance(p, 4, NULL));
    double best = 0;
    const int steps = 5 + (int)(2e6 / (double)n);
    for (int k = 0; k < 10; k++) {
        const double begin = bench_clock();
        problem_check(c, npde_particles_advance(p, 4 + dt * steps * (k + 1), NULL));
        best = fmax(best, (double)n * steps / (bench_clock() - begin));
    }
    npde_particles_free(p);
    npde_model_free(m);
    return best;
}

/* Of the kinetic kinds there is no goal but the memory. */
static void with_conductances(npde_context *c, npde_id kind, size_t n)
{
    char text[96];
    double bytes, best = INFINITY;
    npde_model *m;
    problem_check(c, npde_model_new(c, kind, 1, &m));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_V_RESET, 0));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_V_THRESHOLD, 1));
    problem_check(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, 0.1));
    if (kind == NPDE_MODEL_REDUCED_KINETIC)
        problem_check(c, npde_model_set(m, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));
    npde_particles *p = started(c, m, n, 1, 0.01, 1, 0.4, 0.01);
    for (int k = 1; k <= 10; k++) {
        const double begin = bench_clock();
        problem_check(c, npde_particles_advance(p, 0.1 * k, NULL));
        best = fmin(best, (bench_clock() - begin) / (10 * (double)n));
    }
    problem_check(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_BYTES_PER_NEURON, &bytes));
    snprintf(text, sizeof text, "%s, n = %zu, dt = 0.01: %.3g x 10^6 neuron-steps per CPU second", npde_id_name(kind),
             n, 1e-6 / best);
    line("bytes a neuron with a conductance", bytes, "<= 16", bytes <= 16, text);
    npde_particles_free(p);
    npde_model_free(m);
}

static void speed(npde_context *c, int quick)
{
    static const double steps[] = {0.01, 0.001};
    double bytes;
    char text[96];
    for (size_t n = 10000; n <= (quick ? 10000u : 10000000u); n *= 10)
        for (size_t k = 0; k < 2; k++) {
            if (n > 1000000 && k > 0) continue; /* it takes long to settle */
            const double have = steps_a_second(c, 0.5, n, steps[k]) / 1e6;
            snprintf(text, sizeof text, "n = %zu, dt = %g", n, steps[k]);
            line("10^6 neuron-steps per CPU second, network b = 0.5", have, ">= 150", have >= 150, text);
        }
    npde_model *m = network(c, 0.5, 0, 1);
    npde_particles *p = started(c, m, 1000000, 1, 0.01, 1, 0, 0.5);
    problem_check(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_BYTES_PER_NEURON, &bytes));
    line("bytes a neuron", bytes, "<= 16", bytes <= 16, "n = 1000000");
    npde_particles_free(p);
    npde_model_free(m);
    with_conductances(c, NPDE_MODEL_VOLTAGE_CONDUCTANCE, quick ? 10000 : 1000000);
    with_conductances(c, NPDE_MODEL_REDUCED_KINETIC, quick ? 10000 : 1000000);
}

/* ---- blow-up ---- */

/* The time that the solver fits, on a grid of its own that is fine at the threshold. */
static double equation_blow_up(npde_context *c, npde_model *m, double mean, double variance)
{
    npde_solver *s;
    double t = NAN;
    problem_check(c, npde_solver_new(m, NULL, NPDE_METHOD_RODAS5P, &s));
    problem_check(c, npde_solver_set_gaussian(s, 0, mean, variance));
    problem_check(c, npde_solver_set(s, NPDE_OPTION_LAYER, 1e-6));
    problem_check(c, npde_solver_start(s, 0));
    const npde_status status = npde_solver_advance(s, 10, NULL);
    if (status == NPDE_NOTICE_BLOWUP || status == NPDE_NOTICE_ETERNAL)
        problem_check(c, npde_solver_stat(s, NPDE_STAT_BLOWUP_TIME, &t));
    npde_solver_free(s);
    return t;
}

static void blow_up(npde_context *c, int quick)
{
    static const struct {
        double b, drive, diffusion, mean, variance,
            jump; /* by the physical continuation of the equation; 0: without an end */
    } cases[] = {{1.5, 0, 1, 1.5, 0.005, 0}, {0.8, 2, 0.1, 1.6, 0.01, 0.7046}, {0.5, 0, 1, 1.83, 0.003, 0.8108}};
    for (size_t i = 0; i < 3; i++) {
        npde_model *m = network(c, cases[i].b, cases[i].drive, cases[i].diffusion);
        const double expected = equation_blow_up(c, m, cases[i].mean, cases[i].variance);
        for (size_t k = 0; k < (quick ? 1u : 3u); k++) {
            const size_t n = quick ? 20000 : (size_t)10000 << (3 * k);
            const double dt = expected / (quick ? 200 : 400 << (2 * k));
            npde_particles *p = started(c, m, n, 11, dt, 1, cases[i].mean, cases[i].variance);
            double t, largest, when;
            const npde_status status = npde_particles_advance(p, 1.5 * expected, &t);
            problem_check(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_LARGEST_CASCADE, &largest));
            problem_check(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_LARGEST_CASCADE_TIME, &when));
            if (status == NPDE_ERR_CASCADE) when = t;
            printf("  blow-up  b = %-4g a = %-4g n = %-8zu dt = %-9.3g at %.6f, equation %.6f (%+.2f %%); ", cases[i].b,
                   cases[i].diffusion, n, dt, when, expected, 100 * (when / expected - 1));
            if (status == NPDE_ERR_CASCADE)
                printf("a cascade without an end%s\n", cases[i].jump > 0 ? ", unexpected" : ", as it must be");
            else printf("share that fired %.4f, equation %.4f\n", largest, cases[i].jump);
            npde_particles_free(p);
        }
        npde_model_free(m);
    }
}

/* ---- Brian2 ---- */

static int brian(size_t n, double dt, double settle, double until, double *seconds, double *bias, double *deviation)
{
    char command[1024];
    double rate = 0, spikes = 0;
    /* Debian's package is for Debian's Python, which need not be the first one of the path. */
    snprintf(command, sizeof command,
             "for p in /usr/bin/python3 python3; do $p '%s' %zu %g %g %g 2>/dev/null && break; done", BRIAN_SCRIPT, n,
             dt, settle, until);
    FILE *f = popen(command, "r");
    const int read = f ? fscanf(f, "%lf %lf %lf", seconds, &rate, &spikes) : 0;
    if (f) pclose(f);
    *bias = rate / exact_rate - 1;
    *deviation = 1.196 / sqrt(fmax(spikes, 1));
    return read == 3;
}

static void against_brian(npde_context *c)
{
    double theirs, bias, deviation;
    char text[160];
    if (!brian(100000, 1e-3, 3, 8, &theirs, &bias, &deviation)) {
        printf("  Brian2 was not found (Debian: python3-brian): not compared\n");
        return;
    }
    const double ours = 1 / steps_a_second(c, 0, 100000, 1e-3);
    snprintf(text, sizeof text, "%.3g ns against %.3g ns; n = 100000, dt = 0.001", 1e9 * theirs, 1e9 * ours);
    line("Brian2: CPU time of a neuron-step over ours", theirs / ours, ">= 3", theirs / ours >= 3, text);
    /* Its bias falls with the root of the step: what 1 % takes. Ours at a step that leaves less. */
    const double step = 1e-3 * pow(0.01 / bias, 2), large = 0.25;
    double our_deviation;
    const double our_bias = steady_bias(c, 200000, large, 1, 200, &our_deviation);
    const double ratio = theirs / step / (1 / steps_a_second(c, 0, 100000, large) / large);
    snprintf(text, sizeof text, "bias %.2g +- %.1g at 0.001, so 1 %% at %.2g; ours %.1g +- %.1g at %g", bias, deviation,
             step, our_bias, our_deviation, large);
    line("Brian2: CPU time of a unit of time at a bias of 1 % over ours", fabs(our_bias) < 0.01 ? ratio : NAN, ">= 100",
         ratio >= 100, text);
}

/* ---- figure ---- */

static const char script[] =
    "ext = exists('ext') ? ext : 'png'\n"
    "if (ext eq 'png') set terminal pngcairo size 1100,480 font 'DejaVu Sans,10'; else set terminal svg size 1100,480 "
    "font 'DejaVu "
    "Sans,10' background 'white'\n"
    "set output 'particles.'.ext\nset encoding utf8\nset datafile separator ','\nset logscale xy\nset format "
    "'10^{%L}'\nset grid\n"
    "set multiplot layout 1,2 title 'Particles and the equation that is their limit' font ',13'\n"
    "of(s, n) = sprintf(\"< awk -F, '$1==\\\"%s\\\" && $2==\\\"%s\\\"' particles.csv\", s, n)\n"
    "set xlabel 'neurons n'\nset ylabel 'root mean square distance of the rates'\nset key top right\n"
    "plot of('number','linear') using 3:4:5 with yerrorlines pt 7 ps 0.5 title 'linear', "
    "of('number','excitatory b = 1') using 3:4:5 with yerrorlines pt 7 ps 0.5 title 'b = 1', "
    "of('number','inhibitory b = -4') using 3:4:5 with yerrorlines pt 7 ps 0.5 title 'b = −4', "
    "2/sqrt(x) with lines dt 2 lc 'gray' title 'slope −½'\n"
    "set xlabel 'step Δt'\nset ylabel '|bias| of the rate'\nset key top left\nset yrange [1e-5:1]\n"
    "plot of('step','linear: ends of steps') using 3:4:5 with yerrorlines pt 7 ps 0.5 title 'linear, ends of steps "
    "only', "
    "of('step','inhibitory b = -4') using 3:4:5 with yerrorlines pt 7 ps 0.5 title 'b = −4, crossings drawn', "
    "of('step','excitatory b = 1.5') using 3:4:5 with yerrorlines pt 7 ps 0.5 title 'b = 1.5, crossings drawn', "
    "of('step','linear: crossings drawn') using 3:4:5 with yerrorlines pt 7 ps 0.5 title 'linear, crossings drawn', "
    "1.6*sqrt(x) with lines dt 2 lc 'gray' title 'slope ½', 0.15*x with lines dt 3 lc 'gray' title 'slope 1'\n"
    "unset multiplot\n";

int bench_particles(const bench_options *options)
{
    npde_context *c;
    problem_check(NULL, npde_context_new(&c));
    FILE *csv = options->out ? bench_create(options->out, "particles", ".csv") : NULL;
    if (csv) fprintf(csv, "study,case,x,error,deviation\n");
    unmeasured = 0;
    speed(c, options->quick);
    of_steady_rate(c, options->quick, csv);
    against_number(c, options->quick, csv);
    against_step(c, options->quick, csv);
    blow_up(c, options->quick);
    if (!options->quick) against_brian(c);
    npde_context_free(c);
    if (csv) {
        fclose(csv);
        FILE *g = bench_create(options->out, "particles", ".gp");
        fputs(script, g);
        fclose(g);
        bench_draw(options->out, "particles");
    }
    return unmeasured > 0;
}
