/* SPDX-License-Identifier: BSD-3-Clause
 * Bordered elimination of the source for a complex γ: operator.c once more, with complex numbers. */
#include "operators/operator.h"

#include <math.h>
#include <string.h>

npde_status npde__operator_make_complex(npde__shifted *z, const npde__operator *op, size_t lane)
{
    const npde__stencil *s = op->stencil;
    *z = (npde__shifted){.op = op, .lane = lane};
    z->response = npde__alloc(s->context, 2 * s->end, sizeof(double));
    z->factors = npde__alloc(s->context, s->scheme->complex_size(s), sizeof(double));
    if (!z->response || !z->factors) return NPDE_ERR_MEMORY;
    z->response_im = z->response + s->end;
    return NPDE_OK;
}

void npde__operator_free_complex(npde__shifted *z)
{
    if (!z->op) return;
    npde__free(z->op->stencil->context, z->response);
    npde__free(z->op->stencil->context, z->factors);
}

static npde__complex flux(const npde__shifted *z, const double *re, const double *im)
{
    const npde__stencil *s = z->op->stencil;
    const double *c = z->op->c + z->lane;
    npde__complex sum = {0, 0};
    for (size_t i = s->c_first; i < s->end; i++) {
        sum.re += c[i * z->op->lanes] * re[i];
        sum.im += c[i * z->op->lanes] * im[i];
    }
    return sum;
}

npde_status npde__operator_factor_complex(npde__shifted *z, npde__complex gamma, npde__complex kappa)
{
    const npde__stencil *s = z->op->stencil;
    const npde_status status = s->scheme->factor_complex(z->op, z->lane, gamma, z->factors);
    if (status) return status;
    double *re = z->response, *im = z->response_im;
    memset(re, 0, 2 * s->end * sizeof *re);
    re[s->reset] = 1;
    s->scheme->solve_complex(s, z->factors, re, im);
    npde__complex kept = {0, 0};
    for (size_t i = 0; i < s->end; i++) {
        kept.re += s->grid->w[i] * re[i];
        kept.im += s->grid->w[i] * im[i];
    }
    const npde__complex left = {1 - kappa.re, -kappa.im};
    const npde__complex border =
        npde__complex_add(kept, npde__complex_times(npde__complex_times(gamma, left), flux(z, re, im)));
    z->gamma = gamma;
    z->border = border;
    const double size = border.re * border.re + border.im * border.im;
    return isfinite(size) && size > 0 ? NPDE_OK : NPDE__RETRY;
}

npde__complex npde__operator_solve_complex(const npde__shifted *z, npde__complex kappa, npde__complex m, double *re,
                                           double *im)
{
    const npde__stencil *s = z->op->stencil;
    const double *w = s->grid->w;
    for (size_t i = 0; i < s->end; i++) {
        re[i] *= w[i];
        im[i] *= w[i];
    }
    const npde__complex gamma = z->gamma, enters = npde__complex_times(gamma, m);
    re[s->reset] += enters.re;
    im[s->reset] += enters.im;
    s->scheme->solve_complex(s, z->factors, re, im);
    const npde__complex rate = npde__complex_times(flux(z, re, im), npde__complex_inverse(z->border));
    const npde__complex source = npde__complex_times(npde__complex_times(gamma, kappa), rate);
    const double *yr = z->response, *yi = z->response_im;
    for (size_t i = 0; i < s->end; i++) {
        re[i] += source.re * yr[i] - source.im * yi[i];
        im[i] += source.re * yi[i] + source.im * yr[i];
    }
    return rate;
}
