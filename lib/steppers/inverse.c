/* SPDX-License-Identifier: BSD-3-Clause */
#include "steppers/inverse.h"

#include "numerics/kernels.h"

#include <string.h>

enum {
    LONGEST = 128,  /* block */
    LARGE = 1 << 24 /* numbers of all blocks that are too many */
};

npde_status npde__inverse_init(npde__inverse *inverse, const npde__system *s)
{
    inverse->ld = (s->stride + 7) / 8 * 8;
    if (s->stride > LONGEST || s->n * inverse->ld > LARGE) return NPDE_OK;
    inverse->a = npde__alloc(s->context, s->n * inverse->ld, sizeof *inverse->a);
    return inverse->a ? NPDE_OK : NPDE_ERR_MEMORY;
}

void npde__inverse_free(npde__inverse *inverse, npde_context *c)
{
    npde__free(c, inverse->a);
}

void npde__inverse_make(const npde__inverse *inverse, npde__system *s, double *scratch, double *rates)
{
    const size_t stride = s->stride;
    for (size_t j = 0; j < stride; j++) { /* column j of all blocks at once */
        memset(scratch, 0, s->n * sizeof *scratch);
        for (size_t b = 0; b < s->n; b += stride) scratch[b + j] = 1;
        s->ops->solve(s, 0, scratch, rates);
        for (size_t b = 0; b < s->n; b += stride)
            memcpy(inverse->a + (b + j) * inverse->ld, scratch + b, stride * sizeof *scratch);
    }
}

void npde__inverse_multiply(const npde__inverse *inverse, const npde__system *s, const double *x, double *y)
{
    const npde__kernels *kernels = npde__kernels_best();
    for (size_t b = 0; b < s->n; b += s->stride)
        kernels->multiply(s->stride, s->stride, inverse->a + b * inverse->ld, inverse->ld, x + b, y + b);
}
