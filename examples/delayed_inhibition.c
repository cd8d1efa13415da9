/* SPDX-License-Identifier: BSD-3-Clause
 * An inhibitory network with a transmission delay oscillates when its connectivity is strong, and comes to rest when it is
 * weak: beyond the Hopf point b = -33.676 at these parameters (V_R = 0, V_F = 1, a = 0.2, delay 1).
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
    FILE *script = create(folder, "delayed_inhibition.gp");
    fprintf(
        script,
        "set terminal pngcairo size 1100,500 font 'DejaVu Sans,11'\nset output 'delayed_inhibition.png'\nset grid\n%s",
        commands);
    fclose(script);
    char command[8192];
    snprintf(command, sizeof command, "cd '%s' && gnuplot delayed_inhibition.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figure: gnuplot did not run\n");
    else printf("figure: %s/delayed_inhibition.png\n", folder);
}

static double run(double connectivity, FILE *data)
{
    npde_model *model;
    npde_solver *solver;
    check(npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_V_RESET, 0));
    check(npde_model_set(model, 0, NPDE_PARAM_V_THRESHOLD, 1));
    check(npde_model_set(model, 0, NPDE_PARAM_DIFFUSION, 0.2));
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, connectivity));
    check(npde_model_set(model, 0, NPDE_PARAM_DELAY, 1));
    check(npde_solver_new(model, NULL, NPDE_METHOD_RODAS5P, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-7));
    check(npde_solver_set_gaussian(solver, 0, -1, 0.05));
    check(npde_solver_start(solver, 0));
    double before = 0, last = 0, period = 0, low = INFINITY, high = 0;
    for (int k = 0; k <= 6000; k++) {
        const double h = 0.01, t = h * k, level = 0.008;
        double rate;
        check(npde_solver_sample(solver, &t, 1, &rate));
        if (t <= 30) fprintf(data, "%g %.9g\n", t, rate);
        if (before < level && rate >= level) {
            const double crossing = t - h * (rate - level) / (rate - before);
            period = crossing - last;
            last = crossing;
        }
        if (t > 55) {
            low = fmin(low, rate);
            high = fmax(high, rate);
        }
        before = rate;
    }
    fprintf(data, "\n\n");
    printf("b = %g: rate from %.8f to %.8f", connectivity, low, high);
    if (high - low > 1e-3) printf(", period %.5f", period);
    printf("\n");
    npde_solver_free(solver);
    npde_model_free(model);
    return period;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    check(npde_context_new(&context));
    FILE *data = create(folder, "inhibition.dat");
    run(-10, data);
    run(-45, data);
    fclose(data);
    if (folder)
        plot(folder, "set xlabel 't'\nset ylabel 'N(t)'\nset title 'Inhibitory network with a delay of 1'\n"
                     "plot 'inhibition.dat' i 0 w l lw 2 t 'b = -10', '' i 1 w l lw 2 t 'b = -45'\n");
    npde_context_free(context);
    return EXIT_SUCCESS;
}
