/* SPDX-License-Identifier: BSD-3-Clause
 * The network LIF equation at the parameters of Cáceres, Carrillo & Perthame (J. Math. Neurosci. 1:7, 2011): V_R = 1,
 * V_F = 2, a = 1 and connectivities b with one, one, two and one steady states. Prints N(t) with the run's health beside
 * it, and draws N(t) and the densities with gnuplot.
 *
 *     network_lif [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Exact steady rates: roots of N T(bN) = 1, T the mean first-passage time (Siegert), by 30-digit quadrature. */
static const struct {
    const char *name, *title;
    double connectivity, steady[2];
} cases[] = {
    {"linear", "linear, b = 0", 0, {0.11997596523910496621, 0}},
    {"excitatory", "excitatory, b = 0.5", 0.5, {0.134775079935250081, 0}},
    {"two_states", "excitatory, b = 1.5, two steady states", 1.5, {0.192364012568479359, 2.2891257077468628}},
    {"inhibitory", "inhibitory, b = -4", -4, {0.0705996140733870711, 0}},
};
enum { N_CASES = sizeof cases / sizeof cases[0], N_TIMES = 480, N_DENSITIES = 5, N_POINTS = 400 };
static const double t_end = 24, shown[] = {0, 0.5, 1, 2, 4, 8, 16, 24},
                    density_times[N_DENSITIES] = {0, 0.25, 0.5, 1, 4};

static npde_context *context;

static void check(npde_status status)
{
    if (status > 0) fprintf(stderr, "notice: %s\n", npde_context_error(context));
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(context));
    exit(EXIT_FAILURE);
}

static FILE *create(const char *folder, const char *name, const char *ending)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return file;
}

static double statistic(npde_solver *solver, npde_id id)
{
    double value;
    check(npde_solver_stat(solver, id, &value));
    return value;
}

static long long count(npde_solver *solver, npde_id id)
{
    int64_t value;
    check(npde_solver_count(solver, id, &value));
    return value;
}

static void progress(double done)
{
    if (!isatty(STDERR_FILENO)) return;
    const int width = 40, full = (int)(done * width + 0.5);
    fprintf(stderr, "\r[%.*s%*s] %3.0f %%%s", full, "########################################", width - full, "",
            100 * done, done >= 1 ? "\r\033[K" : "");
    fflush(stderr);
}

static void write_density(npde_solver *solver, FILE *file)
{
    double v[N_POINTS], p[N_POINTS];
    for (int i = 0; i < N_POINTS; i++) v[i] = -4 + 6.0 * i / (N_POINTS - 1);
    check(npde_solver_evaluate(solver, 0, v, N_POINTS, p));
    for (int i = 0; i < N_POINTS; i++) fprintf(file, "%.6f %.12g\n", v[i], p[i]);
    fprintf(file, "\n\n");
}

static int in(const double *times, int n, double t)
{
    for (int i = 0; i < n; i++)
        if (fabs(times[i] - t) < 1e-9) return 1;
    return 0;
}

/* One case from t = 0 to t_end: table on standard output, N(t) and densities to files. */
static void run(int k, npde_id scheme, npde_id method, double dt, const char *folder)
{
    npde_model *model;
    npde_grid *grid = NULL;
    npde_solver *solver;
    check(npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, cases[k].connectivity));
    if (scheme == NPDE_SCHEME_FINITE_VOLUME) check(npde_grid_new_for(model, scheme, 800, &grid));
    check(npde_solver_new(model, grid, method, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_DT, dt));
    check(npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-7));
    check(npde_solver_set_gaussian(solver, 0, 0, 0.04));
    check(npde_solver_start(solver, 0));

    printf("\n%s: %s, %s, %lld unknowns\n", cases[k].title, npde_id_name(method), npde_id_name(scheme),
           count(solver, NPDE_COUNT_UNKNOWNS));
    printf("%6s %20s %12s %12s %14s %8s %9s\n", "t", "N(t)", "mass defect", "min density", "N/N_steady - 1", "steps",
           "ms");
    FILE *rates = folder ? create(folder, cases[k].name, "_rate.dat") : NULL;
    FILE *densities = folder ? create(folder, cases[k].name, "_density.dat") : NULL;
    clock_t spent = 0;
    for (int i = 0; i <= N_TIMES; i++) {
        const double t = t_end * i / (N_TIMES);
        double rate;
        const clock_t begin = clock();
        check(npde_solver_sample(solver, &t, 1, &rate));
        spent += clock() - begin;
        if (rates) fprintf(rates, "%.6f %.15g\n", t, rate);
        if (densities && in(density_times, N_DENSITIES, t)) write_density(solver, densities);
        if (in(shown, sizeof shown / sizeof shown[0], t))
            printf("%6.2f %20.15f %12.1e %12.1e %14.1e %8lld %9.2f\n", t, rate,
                   statistic(solver, NPDE_STAT_MASS_DEFECT), statistic(solver, NPDE_STAT_MIN_DENSITY),
                   rate / cases[k].steady[0] - 1, count(solver, NPDE_COUNT_STEPS),
                   1e3 * (double)spent / CLOCKS_PER_SEC);
        progress((k + (double)i / (N_TIMES)) / N_CASES);
    }
    if (rates) fclose(rates);
    if (densities) fclose(densities);
    npde_solver_free(solver);
    npde_grid_free(grid);
    npde_model_free(model);
}

static void plot(const char *folder)
{
    FILE *g = create(folder, "network_lif", ".gp");
    fprintf(g,
            "ext = exists('ext') ? ext : 'png'\n"
            "if (ext eq 'png') set terminal pngcairo size 1200,900 font 'DejaVu Sans,11'; else set terminal svg size "
            "1200,900 font 'DejaVu Sans,11' background 'white'\n"
            "set output 'network_lif.'.ext\nset multiplot\nset grid\nset key right\nset size 1,0.5\nset origin 0,0.5\n"
            "set title 'Firing rate of the network LIF equation (V_R = 1, V_F = 2, a = 1)'\n"
            "set xlabel 't'\nset ylabel 'N(t)'\nset xrange [0:10]\nset yrange [0:0.22]\nset key bottom\nplot ");
    for (int k = 0; k < N_CASES; k++)
        fprintf(g, "%s'%s_rate.dat' with lines lw 2 lc %d title '%s', %.15g with lines dt 2 lc %d notitle",
                k ? ", " : "", cases[k].name, k + 1, cases[k].title, cases[k].steady[0], k + 1);
    fprintf(
        g,
        "\nunset title\nset size 0.25,0.5\nset xlabel 'v'\nset ylabel 'n(v,t)'\nset xrange [-3:2]\nset yrange [0:1]\n"
        "set key top left\n");
    for (int k = 0; k < N_CASES; k++) {
        fprintf(g, "set origin %g,0\nset title 'b = %g'\nplot ", 0.25 * k, cases[k].connectivity);
        for (int d = 0; d < N_DENSITIES; d++)
            fprintf(g, "%s'%s_density.dat' index %d with lines lw 2 title 't = %g'", d ? ", " : "", cases[k].name, d,
                    density_times[d]);
        fprintf(g, "\n");
    }
    fprintf(g, "unset multiplot\n");
    fclose(g);
    char command[8192];
    snprintf(command, sizeof command, "cd '%s' && gnuplot network_lif.gp && gnuplot -e \"ext='svg'\" network_lif.gp",
             folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("\nfigures: %s/network_lif.png and .svg\n", folder);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    setvbuf(stdout, NULL, _IOLBF, 0);
    check(npde_context_new(&context));
    printf("libneuropde %s: the network LIF equation from a Gaussian at v = 0 of variance 0.04\n", npde_version());
    for (int k = 0; k < N_CASES; k++) run(k, NPDE_SCHEME_SPECTRAL, NPDE_METHOD_TR_BDF2, 0, folder);
    printf("\nThe same, positive for any step: finite volumes and backward Euler.\n");
    for (int k = 0; k < N_CASES; k++) run(k, NPDE_SCHEME_FINITE_VOLUME, NPDE_METHOD_BACKWARD_EULER, 0.01, NULL);
    printf("\nb = 1.5 has a second steady state, N = %.12f: unstable, so no run ends there.\n", cases[2].steady[1]);
    if (folder) plot(folder);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
