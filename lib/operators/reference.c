/* SPDX-License-Identifier: BSD-3-Clause */
#include "operators/reference.h"

#include "numerics/kernels.h"

/* out, n × columns: a, n × n, times what `column` has in columns */
static void multiply(const npde__reference *r, const double *a, size_t columns, const double *b, double *out)
{
    const npde__kernels *kernels = npde__kernels_best();
    for (size_t j = 0; j < columns; j++) kernels->multiply(r->n, r->n, a, r->ld, b + j * r->ld, out + j * r->ld);
}

static void fill(npde__reference *r, double *work)
{
    const size_t n = r->n, ld = r->ld;
    double *derivative = work, *transposed = work + n * n, *weighted = transposed + n * ld;
    npde__quadrature_lobatto(n - 1, r->x, r->w);
    npde__quadrature_barycentric(n, r->x, r->b);
    npde__quadrature_derivative(n, r->x, r->b, derivative);
    npde__quadrature_gauss(r->gauss, r->gx, r->gw);
    for (size_t q = 0; q < n; q++)
        for (size_t i = 0; i < n; i++) transposed[q * ld + i] = derivative[q * n + i]; /* l_i'(x_q) */
    for (size_t j = 0; j < n; j++)
        for (size_t q = 0; q < n; q++) {
            weighted[j * ld + q] = -r->w[q] * derivative[q * n + j];
            r->first[j * ld + q] = r->w[j] * derivative[j * n + q];
        }
    multiply(r, transposed, n, weighted, r->second);
    for (size_t q = 0; q < r->gauss; q++) npde__quadrature_lagrange(n, r->x, r->b, r->gx[q], r->value + q * ld);
    multiply(r, transposed, r->gauss, r->value, r->slope); /* a derivative by its nodal values */
}

npde_status npde__reference_new(npde_context *c, size_t degree, npde__reference **out)
{
    npde__reference *r = npde__alloc(c, 1, sizeof *r);
    if (!r) return NPDE_ERR_MEMORY;
    r->n = degree + 1;
    r->gauss = degree + 2;
    r->ld = (r->n + 7) / 8 * 8;
    r->matrices = npde__alloc(c, 2 * r->ld * (r->n + r->gauss), sizeof(double));
    double *work = npde__alloc(c, r->n * (r->n + 2 * r->ld), sizeof *work);
    if (!r->matrices || !work) {
        npde__free(c, work);
        npde__reference_free(c, r);
        return NPDE_ERR_MEMORY;
    }
    r->first = r->matrices;
    r->second = r->first + r->n * r->ld;
    r->value = r->second + r->n * r->ld;
    r->slope = r->value + r->gauss * r->ld;
    fill(r, work);
    npde__free(c, work);
    *out = r;
    return NPDE_OK;
}

void npde__reference_free(npde_context *c, npde__reference *r)
{
    if (r) npde__free(c, r->matrices);
    npde__free(c, r);
}
