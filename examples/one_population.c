/* SPDX-License-Identifier: BSD-3-Clause */
#include <neuropde/neuropde.h>
#include <stdio.h>

int main(void)
{
    npde_context *context;
    npde_model *model;
    npde_solver *solver;
    double times[] = {0.25, 0.5, 1, 2, 4, 8, 16}, rates[7], defect;

    if (npde_context_new(&context)) return 1;
    npde_status status = npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model);
    if (status >= 0) status = npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 0.5);
    if (status >= 0) status = npde_solver_new(model, NULL, NPDE_METHOD_RODAS5P, &solver);
    if (status >= 0) status = npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-8);
    if (status >= 0) status = npde_solver_set_gaussian(solver, 0, 0.0, 0.04); /* mean, variance */
    if (status >= 0) status = npde_solver_start(solver, 0.0);
    if (status >= 0) status = npde_solver_sample(solver, times, 7, rates);
    if (status >= 0) status = npde_solver_stat(solver, NPDE_STAT_MASS_DEFECT, &defect);
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", npde_status_name(status), npde_context_error(context));
        return 1;
    }
    for (int i = 0; i < 7; i++) printf("N(%5.2f) = %.10f\n", times[i], rates[i]);
    printf("mass defect %.1e; the exact steady rate is 0.1347750799\n", defect);
    npde_solver_free(solver);
    npde_model_free(model);
    npde_context_free(context);
    return 0;
}
