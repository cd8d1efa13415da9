/* SPDX-License-Identifier: BSD-3-Clause
 * How many steady states? The bifurcation diagram N(b) of the excitatory network (V_R = 1, V_F = 2, a = 1), without refractory
 * state and with two refractory times, its folds by halving, and the basins of the two states at b = 1.5: runs that begin
 * between them, P_low + θ (P_high − P_low), fall to the lower one for θ < 1 and blow up for θ > 1.
 *
 *     bifurcation [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static npde_context *context;
static const double taus[] = {0, 0.025, 0.2}, thetas[] = {0.5, 0.9, 0.99, 1.01, 1.1};
enum { TAUS = 3, THETAS = 5, STEPS = 400, MOST_POINTS = 512 };

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

static npde_model *network(double tau)
{
    npde_model *model;
    check(npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model));
    if (tau > 0) {
        check(npde_model_set(model, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
        check(npde_model_set(model, 0, NPDE_PARAM_REFRACTORY_TIME, tau));
    }
    return model;
}

/* Number of steady states at a connectivity. */
static size_t states(npde_model *model, npde_steady *steady, double b)
{
    size_t n;
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, b));
    check(npde_steady_solve(steady, &n));
    return n;
}

/* Where the number of states changes between two connectivities. */
static double fold(npde_model *model, npde_steady *steady, double low, double high)
{
    const size_t below = states(model, steady, low);
    while (high - low > 1e-14 * high) {
        const double middle = (low + high) / 2;
        if (middle == low || middle == high) break;
        if (states(model, steady, middle) == below) low = middle;
        else high = middle;
    }
    return low;
}

/* b, N and the leading eigenvalue of every state along the way; folds on standard output. */
static void diagram(double tau, FILE *file)
{
    npde_model *model = network(tau);
    npde_steady *steady;
    check(npde_steady_new(model, NULL, &steady));
    const double from = 0, to = 3;
    size_t before = 0;
    for (int k = 0; k <= STEPS; k++) {
        const double b = from + (to - from) * k / STEPS;
        const size_t n = states(model, steady, b);
        for (size_t i = 0; i < n; i++) {
            double rate, lead[2];
            check(npde_steady_rates(steady, i, &rate, 1));
            if (rate > 100) continue;
            check(npde_steady_eigenvalues(steady, i, lead, 1));
            if (file) fprintf(file, "%.6f %.12g %.8g %d\n", b, rate, lead[0], lead[0] < 0);
        }
        if (k > 0 && n != before && b > 1.1) {
            const double at = fold(model, steady, from + (to - from) * (k - 1) / STEPS, b);
            printf("refractory time %-5g: %zu states, then %zu, fold at b = %.12f\n", tau, before, n, at);
        }
        before = n;
    }
    if (file) fprintf(file, "\n\n");
    npde_steady_free(steady);
    npde_model_free(model);
}

/* A run from a mixture of the two steady states at b = 1.5. */
static void run(double theta, FILE *file)
{
    npde_model *model = network(0);
    npde_steady *steady;
    npde_solver *solver;
    npde_grid *grid;
    size_t n;
    double low[MOST_POINTS], high[MOST_POINTS], rate = 0, rates[2];
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 1.5));
    check(npde_grid_new_for(model, NPDE_SCHEME_SPECTRAL, 32, &grid));
    check(npde_steady_new(model, grid, &steady));
    check(npde_steady_solve(steady, &n));
    for (size_t i = 0; i < 2; i++) check(npde_steady_rates(steady, i, &rates[i], 1));
    n = npde_grid_size(grid, 0);
    check(npde_steady_state(steady, 0, 0, low, n));
    check(npde_steady_state(steady, 1, 0, high, n));
    for (size_t i = 0; i < n; i++) low[i] += theta * (high[i] - low[i]);
    check(npde_solver_new(model, grid, NPDE_METHOD_RODAS5P, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-8));
    check(npde_solver_set_state(solver, 0, low, n));
    check(npde_solver_start(solver, 0));
    double t = 0, end = 0;
    for (int k = 0; k <= 500; k++) {
        t = 0.01 * k;
        const npde_status status = npde_solver_sample(solver, &t, 1, &rate);
        if (status < 0 || rate > 50) break; /* no step is small enough: the rate becomes infinite */
        if (file) fprintf(file, "%.4f %.12g\n", t, rate);
        end = t;
    }
    if (file) fprintf(file, "\n\n");
    if (end < 4.99) printf("theta = %.2f: blows up after t = %.2f\n", theta, end);
    else printf("theta = %.2f: N(%g) = %.6f, on the way to %.6f\n", theta, end, rate, rates[0]);
    npde_solver_free(solver);
    npde_steady_free(steady);
    npde_grid_free(grid);
    npde_model_free(model);
}

static void plot(const char *folder)
{
    FILE *g = create(folder, "bifurcation.gp");
    fprintf(g,
            "ext = exists('ext') ? ext : 'png'\n"
            "if (ext eq 'png') set terminal pngcairo size 1200,500 font 'DejaVu Sans,11'; else set terminal svg size "
            "1200,500 font 'DejaVu Sans,11' background 'white'\n"
            "set output 'bifurcation.'.ext\nset multiplot layout 1,2\nset grid\nset logscale y\nset key right bottom\n"
            "set title 'Steady states: full circles stable, open ones unstable'\nset xlabel 'b'\nset ylabel 'N'\n"
            "set yrange [0.08:100]\nplot ");
    for (int k = 0; k < TAUS; k++)
        fprintf(
            g,
            "%s'diagram.dat' index %d using 1:($4==1?$2:NaN) with points pt 7 ps 0.4 lc %d title 'refractory time %g', "
            "'' index %d using 1:($4==0?$2:NaN) with points pt 6 ps 0.5 lc %d notitle",
            k ? ", " : "", k, k + 1, taus[k], k, k + 1);
    fprintf(g, "\nset title 'b = 1.5: runs from P_{low} + {/Symbol q}(P_{high} - P_{low})'\nset xlabel 't'\nset ylabel "
               "'N(t)'\nset yrange [0.1:50]\nset xrange [0:5]\nset key right top\nplot ");
    for (int k = 0; k < THETAS; k++)
        fprintf(g, "'runs.dat' index %d with lines lw 2 title '{/Symbol q} = %g', ", k, thetas[k]);
    fprintf(g,
            "0.192364012568479359 dt 2 lc 'black' title 'steady states', 2.2891257077468628 dt 2 lc 'black' notitle\n"
            "unset multiplot\n");
    fclose(g);
    char command[8192];
    snprintf(command, sizeof command, "cd '%s' && gnuplot bifurcation.gp && gnuplot -e \"ext='svg'\" bifurcation.gp",
             folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("figures: %s/bifurcation.png and .svg\n", folder);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    check(npde_context_new(&context));
    FILE *file = folder ? create(folder, "diagram.dat") : NULL;
    for (int k = 0; k < TAUS; k++) diagram(taus[k], file);
    if (file) fclose(file);
    file = folder ? create(folder, "runs.dat") : NULL;
    for (int k = 0; k < THETAS; k++) run(thetas[k], file);
    if (file) fclose(file);
    if (folder) plot(folder);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
