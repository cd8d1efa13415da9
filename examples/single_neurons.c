/* SPDX-License-Identifier: BSD-3-Clause
 * Single neurons: how the firing rate of two Morris–Lecar neurons depends on the current (class I starts at rate 0, class II with a
 * jump), and the phase plane of FitzHugh and Nagumo. Draws both with gnuplot.
 *
 *     single_neurons [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CURRENTS = 61, STARTS = 4, POINTS = 1500 };

static npde_context *context;

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

/* The last interval of each neuron: user is an array of them. */
static int32_t on_spike(npde_solver *solver, npde_id event, double t, void *user)
{
    double population, interval;
    (void)event, (void)t;
    check(npde_solver_stat(solver, NPDE_STAT_SPIKE_POPULATION, &population));
    check(npde_solver_stat(solver, NPDE_STAT_SPIKE_INTERVAL, &interval));
    ((double *)user)[(size_t)population] = interval;
    return 0;
}

/* Rates in Hz of one neuron at many currents: as many populations, one run. */
static void rate_curve(int class, const double *current, double *rate)
{
    npde_model *model;
    npde_solver *solver;
    const double rest[2] = {-60, 0.01};
    double interval[CURRENTS];
    check(npde_model_new(context, NPDE_MODEL_MORRIS_LECAR, CURRENTS, &model));
    if (class == 1) {
        check(npde_model_set(model, NPDE_ALL, NPDE_PARAM_ML_G_CALCIUM, 4));
        check(npde_model_set(model, NPDE_ALL, NPDE_PARAM_ML_V3, 12));
        check(npde_model_set(model, NPDE_ALL, NPDE_PARAM_ML_V4, 17.4));
        check(npde_model_set(model, NPDE_ALL, NPDE_PARAM_ML_PHI, 0.067));
    }
    check(npde_solver_new(model, NULL, NPDE_METHOD_DOPRI5, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-7));
    check(npde_solver_observe(solver, NPDE_EVENT_SPIKE, on_spike, interval, NULL, NULL));
    for (size_t p = 0; p < CURRENTS; p++) {
        interval[p] = INFINITY;
        check(npde_model_set(model, p, NPDE_PARAM_DRIVE, current[p]));
        check(npde_solver_set_state(solver, p, rest, 2));
    }
    check(npde_solver_start(solver, 0));
    check(npde_solver_advance(solver, 1000, NULL));
    for (size_t p = 0; p < CURRENTS; p++) interval[p] = INFINITY; /* those that fire for ever do so again */
    check(npde_solver_advance(solver, 3000, NULL));
    for (size_t p = 0; p < CURRENTS; p++) rate[p] = isfinite(interval[p]) ? 1000 / interval[p] : 0;
    npde_solver_free(solver);
    npde_model_free(model);
}

/* Trajectories of FitzHugh and Nagumo from several starts, blocks of V, W. */
static void phase_plane(FILE *file)
{
    static const double start[STARTS][2] = {{-2, -0.6}, {2, 1.6}, {-1, 1.6}, {0.5, -0.5}};
    npde_model *model;
    npde_solver *solver;
    check(npde_model_new(context, NPDE_MODEL_FITZHUGH_NAGUMO, STARTS, &model));
    check(npde_model_set(model, NPDE_ALL, NPDE_PARAM_DRIVE, 0.5));
    check(npde_solver_new(model, NULL, NPDE_METHOD_RODAS5P, &solver));
    for (size_t p = 0; p < STARTS; p++) check(npde_solver_set_state(solver, p, start[p], 2));
    for (size_t p = 0; p < STARTS; p++) {
        check(npde_solver_start(solver, 0));
        for (int k = 0; k < POINTS; k++) {
            double y[2];
            check(npde_solver_advance(solver, 0.08 * k, NULL));
            check(npde_solver_state(solver, p, y, 2));
            fprintf(file, "%.6f %.6f\n", y[0], y[1]);
        }
        fprintf(file, "\n\n");
    }
    npde_solver_free(solver);
    npde_model_free(model);
}

static void plot(const char *folder)
{
    FILE *g = create(folder, "single_neurons.gp");
    fprintf(
        g,
        "ext = exists('ext') ? ext : 'png'\n"
        "if (ext eq 'png') set terminal pngcairo size 1200,480 font 'DejaVu Sans,11'; else set terminal svg size "
        "1200,480 font 'DejaVu Sans,11' background 'white'\n"
        "set output 'single_neurons.'.ext\nset encoding utf8\nset grid\nset multiplot layout 1,2\n"
        "set title 'Morris–Lecar: rate against current'\nset xlabel 'I (µA/cm²)'\nset ylabel 'rate (Hz)'\n"
        "set key top left\n"
        "plot 'rates.dat' using 1:2 with linespoints pt 7 ps 0.5 title 'class I: saddle-node at I = 39.963', "
        "'rates.dat' using 1:3 with linespoints pt 7 ps 0.5 title 'class II: Hopf bifurcation at I = 93.858'\n"
        "set title 'FitzHugh–Nagumo, I = 0.5: phase plane'\nset xlabel 'V'\nset ylabel 'W'\nset xrange [-2.5:2.5]\n"
        "set yrange [-1:2.2]\nset key bottom right\n"
        "plot for [k=0:%d] 'plane.dat' index k with lines lw 1.5 lc k+1 notitle, x - x**3/3 + 0.5 with lines dt 2 lc "
        "'gray40' title 'V'' = 0', (x + 0.7)/0.8 with lines dt 3 lc 'gray40' title 'W'' = 0'\n"
        "unset multiplot\n",
        STARTS - 1);
    fclose(g);
    char command[8192];
    snprintf(command, sizeof command,
             "cd '%s' && gnuplot single_neurons.gp && gnuplot -e \"ext='svg'\" single_neurons.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("figures: %s/single_neurons.png and .svg\n", folder);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    double current[CURRENTS], rate[2][CURRENTS];
    if (folder) mkdir(folder, 0777);
    check(npde_context_new(&context));
    for (int k = 0; k < CURRENTS; k++) current[k] = 30 + 1.5 * k;
    for (int class = 1; class <= 2; class ++) rate_curve(class, current, rate[class - 1]);
    printf("%8s %14s %14s\n", "I", "class I, Hz", "class II, Hz");
    for (int k = 0; k < CURRENTS; k += 4) printf("%8.1f %14.6f %14.6f\n", current[k], rate[0][k], rate[1][k]);
    if (folder) {
        FILE *rates = create(folder, "rates.dat"), *plane = create(folder, "plane.dat");
        for (int k = 0; k < CURRENTS; k++) fprintf(rates, "%g %.9g %.9g\n", current[k], rate[0][k], rate[1][k]);
        phase_plane(plane);
        fclose(rates);
        fclose(plane);
        plot(folder);
    }
    npde_context_free(context);
    return EXIT_SUCCESS;
}
