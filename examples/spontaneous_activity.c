/* SPDX-License-Identifier: BSD-3-Clause
 * Spontaneous activity: an excitatory network with a refractory state and a random firing threshold finds a rhythm of its
 * own (Cáceres & Perthame, J. Theor. Biol. 350, 2014).
 *
 *     spontaneous_activity [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
    snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", name);
    FILE *file = folder ? fopen(path, "w") : tmpfile();
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return file;
}

static void plot(const char *folder, const char *commands)
{
    FILE *script = create(folder, "spontaneous_activity.gp");
    fprintf(script,
            "set terminal pngcairo size 1100,500 font 'DejaVu Sans,11'\nset output 'spontaneous_activity.png'\nset "
            "grid\n%s",
            commands);
    fclose(script);
    char command[8192];
    snprintf(command, sizeof command, "cd '%s' && gnuplot spontaneous_activity.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figure: gnuplot did not run\n");
    else printf("figure: %s/spontaneous_activity.png\n", folder);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    npde_model *model;
    npde_solver *solver;
    check(npde_context_new(&context));
    check(npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 5));
    check(npde_model_set(model, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
    check(npde_model_set(model, 0, NPDE_PARAM_REFRACTORY_TIME, 1));
    check(npde_model_set(model, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));
    check(npde_model_set(model, 0, NPDE_PARAM_DISCHARGE_RATE, 20));
    check(npde_model_set(model, 0, NPDE_PARAM_DRIVE_SWING, 13)); /* b N comes to 12.5: the grid must know */
    check(npde_solver_new(model, NULL, NPDE_METHOD_RODAS5P, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-8));
    check(npde_solver_set_gaussian(solver, 0, 0, 0.04));
    check(npde_solver_start(solver, 0));

    FILE *data = create(folder, "activity.dat");
    double before = 0, last = 0, period = 0, low = INFINITY, high = 0;
    for (int k = 0; k <= 4000; k++) {
        const double h = 0.01, t = h * k, level = 0.5;
        double rate, reservoir;
        check(npde_solver_sample(solver, &t, 1, &rate));
        check(npde_solver_reservoirs(solver, &reservoir, 1));
        fprintf(data, "%g %.9g %.9g\n", t, rate, reservoir);
        if (before < level && rate >= level) { /* a crossing upwards begins a period */
            const double crossing = t - h * (rate - level) / (rate - before);
            period = crossing - last;
            last = crossing;
        }
        if (t > 30) {
            low = fmin(low, rate);
            high = fmax(high, rate);
        }
        before = rate;
    }
    printf("period %.5f, rate from %.5f to %.5f\n", period, low, high);
    fclose(data);
    if (folder)
        plot(folder, "set xlabel 't'\nset xrange [0:25]\nset title 'Spontaneous activity: b = 5, refractory time 1, "
                     "threshold of rate "
                     "20'\nplot 'activity.dat' u 1:2 w l lw 2 t 'rate N', '' u 1:3 w l lw 2 t 'refractory R'\n");
    npde_solver_free(solver);
    npde_model_free(model);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
