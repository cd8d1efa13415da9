/* SPDX-License-Identifier: BSD-3-Clause
 * In step or not: a network of the voltage–conductance equation that excites itself. With little noise it fires in volleys for
 * ever, with ten times as much each neuron fires in its own time, and N(t) is constant. Prints what the rates come to, and draws
 * p(v,g) over one period and both N(t) with gnuplot.
 *
 *     conductance_synchrony [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN = 4, TIMES = 1200, PIXELS = 200 };
static const double shown[SHOWN] = {8.34, 8.45, 8.8, 9.3}, t_end = 12, g_shown = 0.9;

static npde_context *context;
static const char *folder;

static void check(npde_status status)
{
    if (status > 0) fprintf(stderr, "notice: %s\n", npde_context_error(context));
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(context));
    exit(EXIT_FAILURE);
}

static FILE *create(const char *name)
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
static void write_density(npde_solver *solver, npde_grid *grid, int k)
{
    const size_t n_v = npde_grid_size(grid, 0), n_g = npde_grid_size(grid, 1);
    double *v = malloc(n_v * sizeof *v), *g = malloc(n_g * sizeof *g);
    const double *p;
    size_t n;
    char name[64];
    snprintf(name, sizeof name, "conductance_synchrony_%d.dat", k);
    FILE *file = create(name);
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

/* Rates of the network with this noise, and its densities if they are to be drawn. */
static void run(double noise, int draw, double *rates)
{
    /* Volleys drive conductances further than any grid for a steady network goes. */
    const double v_breaks[] = {0, 1}, g_breaks[] = {0, 3.0 / 11, 1.5};
    const size_t v_cells[] = {160}, g_cells[] = {48, 216};
    npde_model *model;
    npde_grid *v, *g, *grid;
    npde_solver *solver;
    check(npde_model_new(context, NPDE_MODEL_VOLTAGE_CONDUCTANCE, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_V_RESET, 0));
    check(npde_model_set(model, 0, NPDE_PARAM_V_THRESHOLD, 1));
    check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_TIME, 0.1));
    check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_INPUT, 0.3)); /* G = 0.3 + 0.1 N, a little above g_F = 3/11 */
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 0.1));
    check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_DIFFUSION, noise));
    check(npde_grid_new(context, NPDE_SCHEME_CELLS_LIMITED, v_breaks, 2, v_cells, &v));
    check(npde_grid_new(context, NPDE_SCHEME_CELLS, g_breaks, 3, g_cells, &g));
    check(npde_grid_new_product(v, g, &grid));
    check(npde_solver_new(model, grid, NPDE_METHOD_STRANG, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_DT, 0.0025));
    check(npde_solver_set_gaussian(solver, 0, 0.3, 0.002));
    check(npde_solver_start(solver, 0));
    for (int i = 0, k = 0; i < TIMES; i++) {
        const double t = t_end * (i + 1) / TIMES;
        check(npde_solver_sample(solver, &t, 1, rates + i));
        if (draw && folder && k < SHOWN && t >= shown[k] - 1e-9) write_density(solver, grid, k++);
    }
    npde_solver_free(solver);
    npde_grid_free(grid);
    npde_grid_free(g);
    npde_grid_free(v);
    npde_model_free(model);
}

/* What the last half of a run is like. */
static void describe(double noise, const double *rates)
{
    double least = INFINITY, most = 0, first = 0, last = 0;
    int volleys = 0;
    for (int i = TIMES / 2; i + 1 < TIMES; i++) {
        least = fmin(least, rates[i]);
        most = fmax(most, rates[i]);
        if (!(rates[i] > 2 && rates[i] > rates[i - 1] && rates[i] >= rates[i + 1])) continue;
        last = t_end * (i + 1) / TIMES;
        if (!volleys++) first = last;
    }
    printf("a = %-6g N between %.4f and %.4f", noise, least, most);
    if (volleys > 1) printf(", volleys %.3f apart", (last - first) / (volleys - 1));
    printf("\n");
}

static void plot(void)
{
    FILE *g = create("conductance_synchrony.gp");
    fprintf(g,
            "ext = exists('ext') ? ext : 'png'\n"
            "if (ext eq 'png') set terminal pngcairo size 1200,640 font 'DejaVu Sans,11'; else set terminal svg size "
            "1200,640 font 'DejaVu Sans,11' background 'white'\n"
            "set output 'conductance_synchrony.'.ext\nset multiplot\nset size 1,0.5\nset origin 0,0\nset grid\n"
            "set xlabel 't'\nset ylabel 'N(t)'\nset key top right\n"
            "plot 'conductance_synchrony_rates.dat' using 1:2 with lines lw 2 title 'a = 0.002', '' using 1:3 with "
            "lines lw 2 title 'a = 0.02'\n"
            "unset grid\nunset key\nset palette defined (0 'white', 0.15 '#4575b4', 0.4 '#91bfdb', 0.7 '#fee090', 1 "
            "'#d73027')\nunset colorbox\nset xlabel 'v'\nset ylabel 'g'\nset xrange [0:1]\nset yrange [0:0.9]\n"
            "set size 0.25,0.5\nset cbrange [0:20]\nset xtics 0.25\n");
    for (int k = 0; k < SHOWN; k++)
        fprintf(g,
                "set origin %g,0.5\nset title 't = %g'\nplot 'conductance_synchrony_%d.dat' nonuniform matrix with "
                "image, 3.0/11 with lines lc 'black' dt 2\n",
                0.25 * k, shown[k], k);
    fprintf(g, "unset multiplot\n");
    fclose(g);
    char command[8192];
    snprintf(command, sizeof command,
             "cd '%s' && gnuplot conductance_synchrony.gp && gnuplot -e \"ext='svg'\" conductance_synchrony.gp",
             folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("figures: %s/conductance_synchrony.png and .svg\n", folder);
}

int main(int argc, char **argv)
{
    double volleys[TIMES], steady[TIMES];
    folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    check(npde_context_new(&context));
    run(0.002, 1, volleys);
    run(0.02, 0, steady);
    printf("voltage-conductance network, G = 0.3 + 0.1 N, sigma = 0.1, t from %g to %g\n", t_end / 2, t_end);
    describe(0.002, volleys);
    describe(0.02, steady);
    if (folder) {
        FILE *file = create("conductance_synchrony_rates.dat");
        for (int i = 0; i < TIMES; i++)
            fprintf(file, "%.5f %.8g %.8g\n", t_end * (i + 1) / TIMES, volleys[i], steady[i]);
        fclose(file);
        plot();
    }
    npde_context_free(context);
    return EXIT_SUCCESS;
}
