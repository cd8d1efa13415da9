/* SPDX-License-Identifier: BSD-3-Clause
 * Blow-up and beyond: an excitatory network whose rate becomes infinite in finite time. The run approaches the singularity,
 * tells time and exponent, fires the minimal cascade at once, and goes on. Neurons of the same model do the same.
 *
 *     blowup [output directory]
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
    FILE *script = create(folder, "blowup.gp");
    fprintf(script, "set terminal pngcairo size 1400,420 font 'DejaVu Sans,11'\nset output 'blowup.png'\nset grid\n%s",
            commands);
    fclose(script);
    char command[8192];
    snprintf(command, sizeof command, "cd '%s' && gnuplot blowup.gp", folder);
    if (strchr(folder, '\'') || system(command) != 0) fprintf(stderr, "no figure: gnuplot did not run\n");
    else printf("figure: %s/blowup.png\n", folder);
}

static FILE *densities;

static void write_density(npde_solver *solver)
{
    enum { POINTS = 1001 };
    static double v[POINTS], p[POINTS];
    for (int i = 0; i < POINTS; i++) v[i] = 0.5 + 1.5 * i / (POINTS - 1);
    check(npde_solver_evaluate(solver, 0, v, POINTS, p));
    for (int i = 0; i < POINTS; i++) fprintf(densities, "%g %g\n", v[i], p[i]);
    fprintf(densities, "\n\n");
}

static double statistic(npde_solver *solver, npde_id id)
{
    double value;
    check(npde_solver_stat(solver, id, &value));
    return value;
}

/* Called just before the jump, and just after it. */
static int32_t tell(npde_solver *solver, npde_id event, double t, void *user)
{
    (void)user;
    double rate;
    check(npde_solver_rates(solver, &rate, 1));
    if (event == NPDE_EVENT_BLOWUP)
        printf("blow-up at t = %.8f, N ~ (T - t)^-%.3f, N has reached %.2g; a fraction %.5f fires at once\n",
               statistic(solver, NPDE_STAT_BLOWUP_TIME), statistic(solver, NPDE_STAT_BLOWUP_EXPONENT), rate,
               statistic(solver, NPDE_STAT_JUMP_SIZE));
    else
        printf("after the jump N = %.2g at t = %.8f, mass defect %.0e\n", rate, t,
               statistic(solver, NPDE_STAT_MASS_DEFECT));
    write_density(solver);
    return 0;
}

/* The mean potential. */
static double mean(npde_solver *solver)
{
    enum { MOST = 10000 };
    static double v[MOST], weights[MOST], p[MOST];
    npde_grid *grid;
    check(npde_solver_grid(solver, &grid));
    const size_t n = npde_grid_size(grid, 0);
    if (n > MOST) exit(EXIT_FAILURE);
    check(npde_grid_points(grid, 0, v, n));
    check(npde_grid_weights(grid, 0, weights, n));
    check(npde_solver_state(solver, 0, p, n));
    npde_grid_free(grid);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += weights[i] * v[i] * p[i];
    return sum;
}

/* What the neurons have fired, for each of them. */
static void write_particles(npde_model *model, FILE *spikes)
{
    enum { NEURONS = 100000 };
    npde_particles *particles;
    int64_t fired;
    check(npde_particles_new(model, NEURONS, 1, &particles));
    check(npde_particles_set_gaussian(particles, 0, 1.6, 0.01));
    check(npde_particles_set(particles, NPDE_PARTICLE_OPTION_DT, 5e-4));
    check(npde_particles_start(particles, 0));
    for (int k = 0; k <= 50; k++) {
        check(npde_particles_advance(particles, k / 50.0, NULL));
        check(npde_particles_spikes(particles, &fired, 1));
        fprintf(spikes, "%g %g\n", k / 50.0, (double)fired / NEURONS);
    }
    npde_particles_free(particles);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    if (folder) mkdir(folder, 0777);
    npde_model *model;
    npde_solver *solver;
    check(npde_context_new(&context));
    check(npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model));
    check(npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 0.8));
    check(npde_model_set(model, 0, NPDE_PARAM_DIFFUSION, 0.1));
    check(npde_model_set(model, 0, NPDE_PARAM_DRIVE, 2));
    check(npde_solver_new(model, NULL, NPDE_METHOD_RODAS5P, &solver));
    check(npde_solver_set(solver, NPDE_OPTION_BLOWUP, NPDE_BLOWUP_JUMP));
    check(npde_solver_set_gaussian(solver, 0, 1.6, 0.01));
    check(npde_solver_observe(solver, NPDE_EVENT_BLOWUP, tell, NULL, NULL, NULL));
    check(npde_solver_observe(solver, NPDE_EVENT_JUMP, tell, NULL, NULL, NULL));
    densities = create(folder, "densities.dat");
    FILE *rates = create(folder, "rates.dat");
    check(npde_solver_start(solver, 0));
    printf("moment certificate %.3f (from 1 on a blow-up is proved)\n", statistic(solver, NPDE_STAT_CERTIFICATE));
    /* All that has fired, M, by d<v> = (2 - <v>) dt + (0.8 - 1) dM, jumps included. */
    const double first = mean(solver);
    double t = 0, before = first, integral = 0;
    while (t < 1) {
        double rate, reached;
        check(npde_solver_step(solver, fmin(1, t + 2e-3), &reached));
        check(npde_solver_rates(solver, &rate, 1));
        const double now = mean(solver);
        integral += (reached - t) * (before + now) / 2;
        t = reached;
        before = now;
        fprintf(rates, "%.9f %.9g %.9g\n", t, rate, (now - first - 2 * t + integral) / (0.8 - 1));
    }
    FILE *spikes = create(folder, "spikes.dat");
    write_particles(model, spikes);
    fclose(spikes);
    printf("%.0f jumps to t = 1\n", statistic(solver, NPDE_STAT_JUMPS));
    fclose(rates);
    fclose(densities);
    if (folder)
        plot(folder,
             "set multiplot layout 1,3\nset logscale y\nset format y '%g'\nset xlabel 't'\nset ylabel 'N(t)'\nset "
             "yrange [0.01:1e5]\nset title 'Two blow-ups and what follows'\nplot 'rates.dat' w l lw 2 notitle\n"
             "unset logscale\nset ylabel 'spikes per neuron'\nset yrange [0:*]\nset key left\n"
             "set title 'The equation and 100000 neurons'\n"
             "plot 'rates.dat' u 1:3 w l lw 2 t 'equation', 'spikes.dat' w p pt 6 lc 7 t 'neurons'\n"
             "set xlabel 'v'\nset ylabel 'n(v)'\nset title 'The first jump'\n"
             "plot 'densities.dat' i 0 w l lw 2 t 'before', '' i 1 w l lw 2 t 'after', 1/0.8 w l dt 2 lc 0 t '1/b'\n"
             "unset multiplot\n");
    npde_solver_free(solver);
    npde_model_free(model);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
