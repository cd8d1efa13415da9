/* SPDX-License-Identifier: BSD-3-Clause
 * What a program that links the installed library does, valid in C and C++. complex.h and, where there is one, the BLAS
 * header define the macro I: it must not trouble the library's headers. */
#include <complex.h>
#ifdef WITH_CBLAS
#include <cblas.h>
#endif
#include <math.h>
#include <neuropde/neuropde.h>
#include <stdio.h>

int main(void)
{
    npde_context *context = NULL;
    npde_model *model = NULL;
    npde_solver *solver = NULL;
    double rate = 0;
    npde_status status = npde_context_new(&context);
    if (!status) status = npde_model_new(context, NPDE_MODEL_LIF_NETWORK, 1, &model);
    if (!status) status = npde_model_set(model, 0, NPDE_PARAM_CONNECTIVITY, 0.5);
    if (!status) status = npde_solver_new(model, NULL, NPDE_METHOD_TR_BDF2, &solver);
    if (!status) status = npde_solver_set_gaussian(solver, 0, 0, 0.04);
    if (!status) status = npde_solver_start(solver, 0);
    if (!status) status = npde_solver_advance(solver, 60, NULL);
    if (!status) status = npde_solver_rates(solver, &rate, 1);
    printf("%s: N(60) = %.12f\n", npde_status_name(status), rate);
    npde_solver_free(solver);
    npde_model_free(model);
    npde_context_free(context);
    /* The exact steady rate: root of N T(N/2) = 1. */
    return status || fabs(rate - 0.134775079935250081) > 1e-9 || npde_abi_version() != NPDE_ABI_VERSION;
}
