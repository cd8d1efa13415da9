/* SPDX-License-Identifier: BSD-3-Clause
 * Bordered elimination of the source for a complex γ: operator.c once more, with complex numbers. */
#include "operators/operator.h"

#include <math.h>
#include <string.h>

npde_status npde__operator_make_complex(npde__operator *op)
{
    npde_context *c = op->context;
    op->shifted.response = npde__alloc(c, 2 * op->end, sizeof(double));
    op->shifted.factors = npde__alloc(c, op->scheme->complex_size(op), sizeof(double));
    if (!op->shifted.response || !op->shifted.factors) return NPDE_ERR_MEMORY;
    op->shifted.response_im = op->shifted.response + op->end;
    return NPDE_OK;
}

void npde__operator_free_complex(npde__operator *op)
{
    npde__free(op->context, op->shifted.response);
    npde__free(op->context, op->shifted.factors);
}

static npde__complex flux(const npde__operator *op, const double *re, const double *im)
{
    return (npde__complex){npde__operator_flux(op, re), npde__operator_flux(op, im)};
}

npde_status npde__operator_factor_complex(npde__operator *op, npde__complex gamma, npde__complex kappa)
{
    const npde_status status = op->scheme->factor_complex(op, gamma, op->shifted.factors);
    if (status) return status;
    double *re = op->shifted.response, *im = op->shifted.response_im;
    memset(re, 0, 2 * op->end * sizeof *re);
    re[op->reset] = 1;
    op->scheme->solve_complex(op, op->shifted.factors, re, im);
    npde__complex kept = {0, 0};
    for (size_t i = 0; i < op->end; i++) {
        kept.re += op->grid->w[i] * re[i];
        kept.im += op->grid->w[i] * im[i];
    }
    const npde__complex left = {1 - kappa.re, -kappa.im};
    const npde__complex border =
        npde__complex_add(kept, npde__complex_times(npde__complex_times(gamma, left), flux(op, re, im)));
    op->shifted.gamma = gamma;
    op->shifted.border = border;
    const double size = border.re * border.re + border.im * border.im;
    return isfinite(size) && size > 0 ? NPDE_OK : NPDE__RETRY;
}

npde__complex npde__operator_solve_complex(const npde__operator *op, npde__complex kappa, npde__complex m, double *re,
                                           double *im)
{
    const double *w = op->grid->w;
    for (size_t i = 0; i < op->end; i++) {
        re[i] *= w[i];
        im[i] *= w[i];
    }
    const npde__complex gamma = op->shifted.gamma, enters = npde__complex_times(gamma, m);
    re[op->reset] += enters.re;
    im[op->reset] += enters.im;
    op->scheme->solve_complex(op, op->shifted.factors, re, im);
    const npde__complex rate = npde__complex_times(flux(op, re, im), npde__complex_inverse(op->shifted.border));
    const npde__complex source = npde__complex_times(npde__complex_times(gamma, kappa), rate);
    const double *yr = op->shifted.response, *yi = op->shifted.response_im;
    for (size_t i = 0; i < op->end; i++) {
        re[i] += source.re * yr[i] - source.im * yi[i];
        im[i] += source.re * yi[i] + source.im * yr[i];
    }
    return rate;
}
