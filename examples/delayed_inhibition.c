/* SPDX-License-Identifier: BSD-3-Clause
 * An inhibitory network with a transmission delay (V_R = 0, V_F = 1, a = 0.2, d = 1; Ikeda, Roux, Salort & Smets, Math. Neurosci.
 * Appl. 2, 2022): where its steady state gives way to an oscillation, and runs on both sides of that Hopf point.
 *
 *     delayed_inhibition [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static npde_context *context;
static const double pi = 3.14159265358979323846, shown[] = {-15, -30, -45};
enum { SHOWN = 3, SAMPLES = 1200 };

static void check(npde_status status)
{
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(context));
    exit(EXIT_FAILURE);
}

static FILE *create(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return file;
}

static npde_model *network(void)
{
    npde_model *model;
    check(npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_V_RESET, 0));
    check(npde_model_set(model, 0, NPDE_PARAM_V_THRESHOLD, 1));
    check(npde_model_set(model, 0, NPDE_PARAM_DIFFUSION, 0.2));
    check(npde_model_set(model, 0, NPDE_PARAM_DELAY, 1));
    return model;
}

/* Steady rate and leading eigenvalue pair at a value of a parameter. */
static double lead(npde_model *model, npde_steady *steady, npde_id param, double value, double *rate, double *omega)
{
    size_t n;
    double pair[4];
    check(npde_model_set(model, 0, param, value));
    check(npde_steady_solve(steady, &n));
    check(npde_steady_rates(steady, 0, rate, 1));
    check(npde_steady_eigenvalues(steady, 0, pair, 2));
    *omega = pair[1];
    return pair[0];
}

/* The secant method on the real part. */
static double hopf(npde_model *model, npde_steady *steady, npde_id param, double a, double b, double *omega)
{
    double rate, at_a = lead(model, steady, param, a, &rate, omega);
    while (fabs(b - a) > 1e-12 * fabs(b)) {
        const double at_b = lead(model, steady, param, b, &rate, omega), next = b - at_b * (b - a) / (at_b - at_a);
        a = b;
        at_a = at_b;
        b = next;
    }
    return b;
}

static void run(npde_model *model, double b, FILE *file)
{
    npde_solver *solver;
    double times[SAMPLES], rates[SAMPLES], low = INFINITY, high = 0;
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, b));
    check(npde_solver_new(model, NULL, NPDE_METHOD_RODAS5P, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-6));
    check(npde_solver_set_gaussian(solver, 0, -1, 0.05));
    check(npde_solver_start(solver, 0));
    for (int i = 0; i < SAMPLES; i++) times[i] = 60.0 * i / (SAMPLES - 1);
    check(npde_solver_sample(solver, times, SAMPLES, rates));
    for (int i = 0; i < SAMPLES; i++) {
        if (file) fprintf(file, "%.5f %.10g\n", times[i], rates[i]);
        if (times[i] < 54) continue;
        low = fmin(low, rates[i]);
        high = fmax(high, rates[i]);
    }
    if (file) fprintf(file, "\n\n");
    printf("b = %g: N between %.6f and %.6f in the last 6 time constants\n", b, low, high);
    npde_solver_free(solver);
}

static void plot(const char *folder, double b, double omega)
{
    FILE *g = create(folder, "delayed_inhibition.gp");
    fprintf(
        g,
        "ext = exists('ext') ? ext : 'png'\n"
        "if (ext eq 'png') set terminal pngcairo size 1200,450 font 'DejaVu Sans,11'; else set terminal svg size "
        "1200,450 font 'DejaVu Sans,11' background 'white'\n"
        "set output 'delayed_inhibition.'.ext\nset multiplot layout 1,2\nset grid\nset key right top\n"
        "set title 'Leading eigenvalue; Hopf point at b = %.4f'\nset xlabel 'b'\nset ylabel 'growth rate'\n"
        "set y2label 'frequency'\nset y2tics\nset ytics nomirror\nset arrow from %g, graph 0 to %g, graph 1 nohead dt "
        "2\n"
        "plot 'eigenvalues.dat' using 1:2 with lines lw 2 title 'growth rate', '' using 1:3 axes x1y2 with lines lw 2 "
        "title 'frequency'\nunset arrow\nunset y2label\nunset y2tics\nset ytics mirror\n"
        "set title 'Runs; period at onset %.3f'\nset xlabel 't'\nset ylabel 'N(t)'\nset xrange [0:30]\nplot ",
        b, b, b, 2 * pi / omega);
    for (int k = 0; k < SHOWN; k++)
        fprintf(g, "%s'runs.dat' index %d with lines lw 2 title 'b = %g'", k ? ", " : "", k, shown[k]);
    fprintf(g, "\nunset multiplot\n");
    fclose(g);
    char command[8192];
    snprintf(command, sizeof command,
             "cd '%s' && gnuplot delayed_inhibition.gp && gnuplot -e \"ext='svg'\" delayed_inhibition.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("figures: %s/delayed_inhibition.png and .svg\n", folder);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    check(npde_context_new(&context));
    npde_model *model = network();
    npde_steady *steady;
    double rate, omega, omega_delay;
    check(npde_steady_new(model, NULL, &steady));
    FILE *file = folder ? create(folder, "eigenvalues.dat") : NULL;
    for (double b = -60; b <= -5; b += 1) {
        const double growth = lead(model, steady, NPDE_PARAM_CONNECTIVITY, b, &rate, &omega);
        if (file) fprintf(file, "%g %.12g %.12g %.12g\n", b, growth, omega, rate);
    }
    if (file) fclose(file);
    const double b = hopf(model, steady, NPDE_PARAM_CONNECTIVITY, -30, -35, &omega);
    printf("Hopf point at delay 1:  b = %.10f, omega = %.10f, period %.6f\n", b, omega, 2 * pi / omega);
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, -45));
    const double d = hopf(model, steady, NPDE_PARAM_DELAY, 0.8, 0.85, &omega_delay);
    printf("Hopf point at b = -45:  delay = %.10f, omega = %.10f\n", d, omega_delay);
    check(npde_model_set(model, 0, NPDE_PARAM_DELAY, 1));
    file = folder ? create(folder, "runs.dat") : NULL;
    for (int k = 0; k < SHOWN; k++) run(model, shown[k], file);
    if (file) fclose(file);
    if (folder) plot(folder, b, omega);
    npde_steady_free(steady);
    npde_model_free(model);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
