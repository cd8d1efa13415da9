/* SPDX-License-Identifier: BSD-3-Clause
 * The voltage–conductance equation: a network that begins in step, fires in volleys, and falls out of step. Prints the
 * rate with the run's health beside it, and draws p(v,g,t) as heat maps and N(t) with gnuplot.
 *
 *     voltage_conductance [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN = 6, TIMES = 300, PIXELS = 200 };
static const double shown[SHOWN] = {0, 0.25, 0.5, 0.75, 1, 3}, t_end = 3, g_shown = 1.4;

static npde_context *context;

static void check(npde_status status)
{
    if (status > 0) fprintf(stderr, "notice: %s\n", npde_context_error(context));
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(context));
    exit(EXIT_FAILURE);
}

static FILE *create(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file) return file;
    perror(path);
    exit(EXIT_FAILURE);
}

/* The point nearest to x among n ascending ones. */
static size_t nearest(const double *point, size_t n, double x)
{
    size_t i = 0;
    while (i + 1 < n && point[i + 1] - x < x - point[i]) i++;
    return i;
}

/* The density on equal pixels, as gnuplot's "nonuniform matrix": a line of potentials, then a line a conductance. */
static void write_density(npde_solver *solver, npde_grid *grid, const char *folder, int k)
{
    const size_t n_v = npde_grid_size(grid, 0), n_g = npde_grid_size(grid, 1);
    double *v = malloc(n_v * sizeof *v), *g = malloc(n_g * sizeof *g);
    const double *p;
    size_t n;
    char name[64];
    snprintf(name, sizeof name, "voltage_conductance_%d.dat", k);
    FILE *file = create(folder, name);
    check(npde_grid_points(grid, 0, v, n_v));
    check(npde_grid_points(grid, 1, g, n_g));
    check(npde_solver_state_view(solver, 0, &p, &n));
    fprintf(file, "%d", PIXELS);
    for (int i = 0; i < PIXELS; i++) fprintf(file, " %.5f", (i + 0.5) / PIXELS);
    for (int j = 0; j < PIXELS; j++) {
        const double at = g_shown * (j + 0.5) / PIXELS;
        const double *row = p + nearest(g, n_g, at) * n_v;
        fprintf(file, "\n%.5f", at);
        for (int i = 0; i < PIXELS; i++) fprintf(file, " %.4g", row[nearest(v, n_v, (i + 0.5) / PIXELS)]);
    }
    fprintf(file, "\n");
    fclose(file);
    free(v);
    free(g);
}

static void plot(const char *folder)
{
    FILE *g = create(folder, "voltage_conductance.gp");
    fprintf(
        g, "ext = exists('ext') ? ext : 'png'\n"
           "if (ext eq 'png') set terminal pngcairo size 1200,900 font 'DejaVu Sans,11'; else set terminal svg size "
           "1200,900 font 'DejaVu Sans,11' background 'white'\n"
           "set output 'voltage_conductance.'.ext\nset multiplot\nset size 1,0.3\nset origin 0,0\nset grid\nunset key\n"
           "set xlabel 't'\nset ylabel 'N(t)'\nplot 'voltage_conductance_rate.dat' with lines lw 2\n"
           "unset grid\nset palette defined (0 'white', 0.15 '#4575b4', 0.4 '#91bfdb', 0.7 '#fee090', 1 '#d73027')\n"
           "unset colorbox\nset xlabel 'v'\nset ylabel 'g'\nset xrange [0:1]\nset yrange [0:1.4]\nset size 0.333,0.35\n"
           "set cbrange [0:6]\n");
    for (int k = 0; k < SHOWN; k++)
        fprintf(g,
                "set origin %g,%g\nset title 't = %g'\nplot 'voltage_conductance_%d.dat' nonuniform matrix with image, "
                "3.0/11 with lines lc 'black' dt 2\n",
                0.333 * (k % 3), k < 3 ? 0.65 : 0.3, shown[k], k);
    fprintf(g, "unset multiplot\n");
    fclose(g);
    char command[8192];
    snprintf(command, sizeof command,
             "cd '%s' && gnuplot voltage_conductance.gp && gnuplot -e \"ext='svg'\" voltage_conductance.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("figures: %s/voltage_conductance.png and .svg\n", folder);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    npde_model *model;
    npde_grid *grid;
    npde_solver *solver;
    if (folder) mkdir(folder, 0777);
    check(npde_context_new(&context));
    /* g_L = 1, V_L = V_R = 0, V_F = 1, V_E = 14/3: neurons fire where g > g_F = 3/11. */
    check(npde_model_new(context, NPDE_MODEL_VOLTAGE_CONDUCTANCE, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_V_RESET, 0));
    check(npde_model_set(model, 0, NPDE_PARAM_V_THRESHOLD, 1));
    check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_TIME, 0.1));
    check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_INPUT, 0.4));
    check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_DIFFUSION, 0.02));
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 0.1)); /* G = 0.4 + 0.1 N */
    check(npde_grid_new_for(model, NPDE_SCHEME_CELLS_LIMITED, 160, &grid));
    check(npde_solver_new(model, grid, NPDE_METHOD_STRANG, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_DT, 0.0025));
    check(npde_solver_set_gaussian(solver, 0, 0.3, 0.002));
    check(npde_solver_start(solver, 0));

    printf("voltage-conductance network, %zu x %zu cells, G = 0.4 + 0.1 N, a = 0.02, sigma = 0.1\n",
           npde_grid_size(grid, 0), npde_grid_size(grid, 1));
    printf("%6s %14s %14s %14s\n", "t", "N(t)", "mass defect", "min density");
    FILE *rates = folder ? create(folder, "voltage_conductance_rate.dat") : NULL;
    for (int i = 0, k = 0; i <= TIMES; i++) {
        const double t = t_end * i / TIMES;
        double rate, defect, least;
        check(npde_solver_sample(solver, &t, 1, &rate));
        check(npde_solver_stat(solver, NPDE_STAT_MASS_DEFECT, &defect));
        check(npde_solver_stat(solver, NPDE_STAT_MIN_DENSITY, &least));
        if (rates) fprintf(rates, "%.5f %.8g\n", t, rate);
        if (i % 25 == 0) printf("%6.2f %14.8f %14.1e %14.1e\n", t, rate, defect, least);
        if (folder && k < SHOWN && t >= shown[k] - 1e-9) write_density(solver, grid, folder, k++);
    }
    if (rates) fclose(rates);
    if (folder) plot(folder);
    npde_solver_free(solver);
    npde_grid_free(grid);
    npde_model_free(model);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
