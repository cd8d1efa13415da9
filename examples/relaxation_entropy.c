/* SPDX-License-Identifier: BSD-3-Clause
 * Relaxation of the linear equation: relative entropies fall, at last at twice the spectral gap, and their slope is what
 * diffusion and the jump from threshold to reset take.
 *
 *     relaxation_entropy [output directory]
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
    FILE *script = create(folder, "relaxation_entropy.gp");
    fprintf(
        script,
        "set terminal pngcairo size 1100,500 font 'DejaVu Sans,11'\nset output 'relaxation_entropy.png'\nset grid\n%s",
        commands);
    fclose(script);
    char command[8192];
    snprintf(command, sizeof command, "cd '%s' && gnuplot relaxation_entropy.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figure: gnuplot did not run\n");
    else printf("figure: %s/relaxation_entropy.png\n", folder);
}

/* The spectral gap of V_R = 1, V_F = 2, a = 1, by the characteristic function. */
static const double gap = 1.19096709239064;
enum { FUNCTIONS = 3, MOST = 2048 };
static const npde_id functions[FUNCTIONS] = {NPDE_ENTROPY_QUADRATIC, NPDE_ENTROPY_KULLBACK_LEIBLER,
                                             NPDE_ENTROPY_ABSOLUTE};

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    npde_model *model;
    npde_grid *grid;
    npde_solver *solver;
    npde_entropy *entropy;
    check(npde_context_new(&context));
    check(npde_model_new(context, NPDE_MODEL_LIF, 1, &model));
    check(npde_grid_new_for(model, NPDE_SCHEME_FINITE_VOLUME, 800, &grid));
    check(npde_solver_new(model, grid, NPDE_METHOD_RODAS5P, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-9));
    check(npde_solver_set_gaussian(solver, 0, -1, 0.1));
    check(npde_solver_start(solver, 0));
    check(npde_entropy_new(model, grid, 0, NULL, NPDE_FLUX_AUTOMATIC, &entropy));

    const size_t n = npde_grid_size(grid, 0);
    static double density[MOST];
    double before = 0;
    FILE *data = create(folder, "entropy.dat");
    printf("%5s %12s %12s %12s %12s %14s\n", "t", "(h-1)^2", "D_diff", "D_jump", "h ln h-h+1", "rate of decay");
    for (int k = 0; k <= 120; k++) {
        const double t = 0.05 * k;
        double s[FUNCTIONS], diffusion[FUNCTIONS], jump[FUNCTIONS];
        check(npde_solver_advance(solver, t, NULL));
        check(npde_solver_state(solver, 0, density, n));
        for (int f = 0; f < FUNCTIONS; f++)
            check(npde_entropy_measure(entropy, functions[f], density, n, 0, &s[f], &diffusion[f], &jump[f]));
        fprintf(data, "%g %g %g %g %g %g\n", t, s[0], s[1], s[2], diffusion[0], jump[0]);
        if (k % 20 == 0) {
            printf("%5.2f %12.4e %12.4e %12.4e %12.4e", t, s[0], diffusion[0], jump[0], s[1]);
            if (k) printf(" %14.6f", log(before / s[0]));
            printf("\n");
            before = s[0];
        }
    }
    printf("twice the spectral gap:%49.6f\n", 2 * gap);
    fclose(data);
    if (folder)
        plot(folder,
             "set multiplot layout 1,2\nset logscale y\nset format y '%g'\nset xlabel 't'\nset yrange [1e-6:10]\n"
             "set title 'Relative entropies'\nplot 'entropy.dat' u 1:2 w l lw 2 t '(h - 1)^2', '' u 1:3 w l lw 2 t "
             "'h ln h - h + 1', '' u 1:4 w l lw 2 t '|h - 1|', 0.05*exp(-2*1.19096709*x) w l dt 2 lc 0 t 'exp(-2 gap "
             "t)'\n"
             "set title 'What takes the first away'\nplot 'entropy.dat' u 1:5 w l lw 2 t 'diffusion', '' u 1:6 w l lw "
             "2 t "
             "'jump from threshold to reset'\nunset multiplot\n");
    npde_entropy_free(entropy);
    npde_solver_free(solver);
    npde_grid_free(grid);
    npde_model_free(model);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
