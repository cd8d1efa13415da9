/* SPDX-License-Identifier: BSD-3-Clause
 * The limit of fast conductance: the kinetic equation with discharge tends to the macroscopic one as ε → 0, at a fixed step; a
 * macroscopic network with three steady states, the middle one of which parts silence from activity: from either side of the border
 * between them runs stay near it for a while and leave at the rate of its eigenvalue; and one that fires in step.
 *
 *     fast_conductance [output directory]
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TIMES = 400 };

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

/* φ_F = 10 beyond V_F = 1; V_L = V_R = 0, V_E = 14/3, g_L = 1; G = input + strength N. */
static npde_model *make(npde_id kind, double epsilon, double input, double strength, double noise)
{
    npde_model *model;
    check(npde_model_new(context, kind, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_V_RESET, 0));
    check(npde_model_set(model, 0, NPDE_PARAM_V_THRESHOLD, 1));
    check(npde_model_set(model, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));
    check(npde_model_set(model, 0, NPDE_PARAM_DISCHARGE_RATE, 10));
    check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_INPUT, input));
    check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_DIFFUSION, noise));
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, strength));
    if (kind == NPDE_MODEL_REDUCED_KINETIC) check(npde_model_set(model, 0, NPDE_PARAM_CONDUCTANCE_TIME, epsilon));
    return model;
}

/* Rates at TIMES times up to t_end from a Gaussian; cells: in v up to V_F. The domain in v ends at `end`. */
static void run(npde_model *model, size_t cells, double end, double mean, double variance, double dt, double t_end,
                double *rates)
{
    const double v_breaks[] = {0, 1, end}, g_breaks[] = {0, 3.0 / 11, 3.4};
    const size_t v_cells[] = {cells, (size_t)((double)cells * (end - 1) + 0.5)}, g_cells[] = {12, 128};
    npde_grid *v, *g, *grid;
    npde_solver *solver;
    double value, times[TIMES];
    for (int i = 0; i < TIMES; i++) times[i] = t_end * (i + 1) / TIMES;
    check(npde_grid_new(context, NPDE_SCHEME_CELLS, v_breaks, 3, v_cells, &v));
    check(npde_grid_new(context, NPDE_SCHEME_CELLS, g_breaks, 3, g_cells, &g));
    check(npde_grid_new_product(v, g, &grid));
    const int kinetic =
        npde_model_get(model, 0, NPDE_PARAM_CONDUCTANCE_TIME, &value) == NPDE_OK; /* it has a conductance */
    check(npde_solver_new(model, kinetic ? grid : v, NPDE_METHOD_STRANG, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_DT, dt));
    check(npde_solver_set_gaussian(solver, 0, mean, variance));
    check(npde_solver_start(solver, 0));
    check(npde_solver_sample(solver, times, TIMES, rates));
    npde_solver_free(solver);
    npde_grid_free(grid);
    npde_grid_free(g);
    npde_grid_free(v);
    npde_model_free(model);
}

static void write_rates(const char *name, double t_end, const double *rates)
{
    FILE *file = create(name);
    for (int i = 0; i < TIMES; i++) fprintf(file, "%.6f %.10g\n", t_end * (i + 1) / TIMES, rates[i]);
    fclose(file);
}

static void small_epsilon(void)
{
    double limit[TIMES], rates[TIMES];
    FILE *file = folder ? create("fast_conductance_epsilon.dat") : NULL;
    run(make(NPDE_MODEL_MACROSCOPIC, 0, 0.5, 0.1, 0.05), 96, 3, 0.5, 0.0025, 0.005, 2, limit);
    printf("largest |N_epsilon - N| up to t = 2, step 0.005 throughout\n");
    for (int k = 1; k <= 8; k++) {
        const double epsilon = pow(10, -k);
        double error = 0;
        run(make(NPDE_MODEL_REDUCED_KINETIC, epsilon, 0.5, 0.1, 0.05), 96, 3, 0.5, 0.0025, 0.005, 2, rates);
        for (int i = 0; i < TIMES; i++) error = fmax(error, fabs(rates[i] - limit[i]));
        printf("  epsilon 1e-%d: %.3e\n", k, error);
        if (file) fprintf(file, "%g %.6g\n", epsilon, error);
    }
    if (file) fclose(file);
}

/* φ_F = 20 (v − 1) beyond V_F, without input but for noise. */
static npde_model *bistable(void)
{
    npde_model *model = make(NPDE_MODEL_MACROSCOPIC, 0, 0, 0.5, 0.05);
    check(npde_model_set(model, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_RAMP));
    check(npde_model_set(model, 0, NPDE_PARAM_DISCHARGE_RATE, 20));
    return model;
}

/* Its rates from Gaussians at means in the middle of which the border is, 1e-5 apart. */
static void from_both_sides(double t_end, double *up, double *down)
{
    double low = 0.2, high = 1, rates[TIMES];
    while (high - low > 1e-5) {
        const double mean = (low + high) / 2;
        run(bistable(), 200, 4, mean, 0.1, 1e-3, t_end, rates);
        const int rose = rates[TIMES - 1] > 1;
        if (rose) high = mean;
        else low = mean;
        memcpy(rose ? up : down, rates, sizeof rates);
    }
    printf("  in time: from v = %.6f to N = %.6f, from v = %.6f to N = %.6f\n", high, up[TIMES - 1], low,
           fabs(down[TIMES - 1]));
}

/* Takes the model. */
static void steady_states(npde_model *model, const char *what)
{
    double rates[8], eigenvalues[16];
    size_t n;
    check(npde_macroscopic_steady(model, 50, rates, eigenvalues, 8, &n));
    printf("\nsteady states of %s\n", what);
    for (size_t i = 0; i < n && i < 8; i++) {
        printf("  N = %.12f", rates[i]);
        if (rates[i] == 0) printf(", silent\n");
        else
            printf(", leading eigenvalue %.6f%+.6fi: %s\n", eigenvalues[2 * i],
                   isnan(eigenvalues[2 * i + 1]) ? 0 : eigenvalues[2 * i + 1],
                   eigenvalues[2 * i] < 0 ? "stable" : "unstable");
    }
    npde_model_free(model);
}

static void plot(void)
{
    FILE *g = create("fast_conductance.gp");
    fprintf(
        g,
        "ext = exists('ext') ? ext : 'png'\n"
        "if (ext eq 'png') set terminal pngcairo size 1300,420 font 'DejaVu Sans,11'; else set terminal svg size "
        "1300,420 font 'DejaVu Sans,11' background 'white'\n"
        "set output 'fast_conductance.'.ext\nset multiplot layout 1,3\nset grid\n"
        "set title 'kinetic to macroscopic, fixed step'\nset logscale xy\nset format '10^{%%T}'\nset xlabel 'epsilon'\n"
        "set ylabel 'largest error of N'\nset key top left\n"
        "plot 'fast_conductance_epsilon.dat' with linespoints pt 7 lw 2 title 'measured', 100*x dt 2 title '100 "
        "epsilon'\n"
        "unset logscale\nset format '%%g'\nset xlabel 't'\nset ylabel 'N(t)'\nset title 'from both sides of the middle "
        "state'\n"
        "set yrange [-0.2:]\n"
        "plot 'fast_conductance_up.dat' with lines lw 2 title 'up', 'fast_conductance_down.dat' with lines "
        "lw 2 title 'down', 1.02619088904 dt 2 lc 'gray40' title 'unstable'\n"
        "set yrange [0:*]\nset title 'in step: an unstable focus, a limit cycle'\n"
        "plot 'fast_conductance_cycle.dat' with lines lw 2 notitle, 0.8651322847285101 dt 2 lc 'gray40' title 'steady "
        "rate'\n"
        "unset multiplot\n");
    fclose(g);
    char command[8192];
    snprintf(command, sizeof command,
             "cd '%s' && gnuplot fast_conductance.gp && gnuplot -e \"ext='svg'\" fast_conductance.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figures: gnuplot did not run\n");
    else printf("\nfigures: %s/fast_conductance.png and .svg\n", folder);
}

int main(int argc, char **argv)
{
    double up[TIMES], down[TIMES], cycle[TIMES];
    folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    check(npde_context_new(&context));
    small_epsilon();

    steady_states(bistable(), "G = 0.5 N, a = 0.05, a ramp of 20 (v - 1)");
    from_both_sides(4, up, down);

    steady_states(make(NPDE_MODEL_MACROSCOPIC, 0, 0.3, 0.1, 0), "G = 0.3 + 0.1 N, a = 0");
    run(make(NPDE_MODEL_MACROSCOPIC, 0, 0.3, 0.1, 0), 800, 2, 0.5, 0.0025, 5e-4, 10, cycle);
    double least = INFINITY, most = 0;
    for (int i = TIMES / 2; i < TIMES; i++) {
        least = fmin(least, cycle[i]);
        most = fmax(most, cycle[i]);
    }
    printf("  in time: between %.4f and %.3f\n", least, most);
    if (folder) {
        write_rates("fast_conductance_up.dat", 4, up);
        write_rates("fast_conductance_down.dat", 4, down);
        write_rates("fast_conductance_cycle.dat", 10, cycle);
        plot();
    }
    npde_context_free(context);
    return EXIT_SUCCESS;
}
