/* SPDX-License-Identifier: BSD-3-Clause
 * An excitatory and an inhibitory population with transmission delays and a refractory state, driven through a callback.
 * Prints t, N_E, N_I, and how many neurons of each are refractory. */
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>
#include <stdlib.h>

static npde_context *context;

static void check(npde_status status)
{
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(context));
    exit(EXIT_FAILURE);
}

/* A pulse of drive to the excitatory population, on top of the weights. */
static int32_t pulse(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    (void)n_pop, (void)rate, (void)diffusion, (void)user;
    drive[0] += 2 * exp(-8 * (t - 4) * (t - 4));
    return 0;
}

int main(void)
{
    /* Row: the population that is acted on; column: the one that acts. */
    const double weights[] = {1.8, -0.75, 0.5, -0.25}, delays[] = {0.1, 0.1, 0.15, 0.05};
    npde_model *model;
    npde_solver *solver;
    check(npde_context_new(&context));
    check(npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 2, &model));
    check(npde_model_set_matrix(model, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    check(npde_model_set_matrix(model, NPDE_MATRIX_DELAYS, delays, 2, 2));
    check(npde_model_set(model, NPDE_ALL, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    check(npde_model_set(model, NPDE_ALL, NPDE_PARAM_REFRACTORY_TIME, 0.25));
    check(npde_model_set(model, 0, NPDE_PARAM_DRIVE_SWING, 2)); /* what the callback adds, so that the grid holds it */
    check(npde_model_set_coupling(model, pulse, NULL, NULL));
    check(npde_solver_new(model, NULL, NPDE_METHOD_TR_BDF2, &solver));
    check(npde_solver_set_gaussian(solver, NPDE_ALL, 0, 0.04));
    check(npde_solver_start(solver, 0));
    printf("#%6s %12s %12s %12s %12s\n", "t", "N_E", "N_I", "R_E", "R_I");
    for (int i = 0; i <= 40; i++) {
        const double t = 0.25 * i;
        double rates[2], refractory[2];
        check(npde_solver_sample(solver, &t, 1, rates));
        check(npde_solver_reservoirs(solver, refractory, 2));
        printf("%7.2f %12.8f %12.8f %12.8f %12.8f\n", t, rates[0], rates[1], refractory[0], refractory[1]);
    }
    npde_solver_free(solver);
    npde_model_free(model);
    npde_context_free(context);
    return EXIT_SUCCESS;
}
