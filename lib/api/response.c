/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/response.h"

#include "analysis/steady.h"
#include "api/check.h"

npde_status npde_response_new(const npde_steady *steady, size_t index, npde_response **out)
{
    if (!steady) return NPDE_ERR_NULL;
    NPDE__GIVEN(steady->context, __func__, out);
    NPDE__TRY(npde__steady_check(steady, __func__, index));
    return npde__response_new(steady->study, index, out);
}

void npde_response_free(npde_response *response)
{
    npde__response_release(response);
}

npde_status npde_response_rate(npde_response *r, npde_id input, size_t pop, const double *omega, size_t n,
                               double *re_im)
{
    if (!r) return NPDE_ERR_NULL;
    const npde__id_row *row;
    size_t first, last;
    NPDE__GIVEN(r->context, __func__, omega);
    NPDE__GIVEN(r->context, __func__, re_im);
    NPDE__TRY(npde__check_id(r->context, __func__, "input", NPDE_FAMILY_INPUT, input, &row));
    NPDE__TRY(npde__check_population(r->context, __func__, pop, r->n_pop, 1, &first, &last));
    NPDE__TRY(npde__check_values(r->context, __func__, "omega", omega, n));
    const int noise = input == NPDE_INPUT_DIFFUSION || input == NPDE_INPUT_DIFFUSION_ALONE,
              coupled = input == NPDE_INPUT_DRIVE || input == NPDE_INPUT_DIFFUSION;
    for (size_t i = 0; i < n; i++) {
        NPDE__TRY(npde__response_resolve(r, omega[i]));
        NPDE__TRY(npde__response_rate(r, noise, coupled, first, last, omega[i], r->x));
        for (size_t p = 0; p < r->n_pop; p++) {
            re_im[2 * (i * r->n_pop + p)] = creal(r->x[p]);
            re_im[2 * (i * r->n_pop + p) + 1] = cimag(r->x[p]);
        }
    }
    return NPDE_OK;
}

npde_status npde_response_spectrum(npde_response *r, const double *n_neurons, size_t n_pop, const double *omega,
                                   size_t n, double *power)
{
    if (!r) return NPDE_ERR_NULL;
    NPDE__GIVEN(r->context, __func__, n_neurons);
    NPDE__GIVEN(r->context, __func__, omega);
    NPDE__GIVEN(r->context, __func__, power);
    NPDE__TRY(npde__check_size(r->context, __func__, "n_pop", n_pop, r->n_pop));
    NPDE__TRY(npde__check_ranges(r->context, __func__, "n_neurons", n_neurons, n_pop, 1e-12, 1e300));
    NPDE__TRY(npde__check_values(r->context, __func__, "omega", omega, n));
    for (size_t i = 0; i < n; i++) {
        NPDE__TRY(npde__response_resolve(r, omega[i]));
        NPDE__TRY(npde__response_spectrum(r, n_neurons, omega[i], power + i * n_pop));
    }
    return NPDE_OK;
}
