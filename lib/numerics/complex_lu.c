/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/complex_lu.h"

#include <math.h>

/* x[from … to) −= f c[from … to) */
static void subtract(size_t from, size_t to, npde__complex f, const double *restrict cr, const double *restrict ci,
                     double *restrict xr, double *restrict xi)
{
    for (size_t i = from; i < to; i++) {
        xr[i] -= f.re * cr[i] - f.im * ci[i];
        xi[i] -= f.re * ci[i] + f.im * cr[i];
    }
}

int npde__complex_chain_factor(size_t m, size_t k, npde__complex_block b)
{
    for (size_t j = 0; j < k; j++) {
        double *re = b.re + j * b.ld, *im = b.im + j * b.ld;
        const npde__complex inverse = b.inverse[j] = npde__complex_inverse((npde__complex){re[j], im[j]});
        if (!isfinite(inverse.re) || !isfinite(inverse.im)) return 0;
        for (size_t i = j + 1; i < m; i++) {
            const npde__complex l = npde__complex_times((npde__complex){re[i], im[i]}, inverse);
            re[i] = l.re;
            im[i] = l.im;
        }
        for (size_t c = j + 1; c < m; c++) {
            double *x = b.re + c * b.ld, *y = b.im + c * b.ld;
            subtract(j + 1, m, (npde__complex){x[j], y[j]}, re, im, x, y);
        }
    }
    return 1;
}

void npde__complex_chain_forward(size_t m, size_t k, npde__complex_block b, double *re, double *im)
{
    for (size_t j = 0; j < k; j++)
        subtract(j + 1, m, (npde__complex){re[j], im[j]}, b.re + j * b.ld, b.im + j * b.ld, re, im);
}

void npde__complex_chain_backward(size_t m, size_t k, npde__complex_block b, double *re, double *im)
{
    if (m > k) subtract(0, k, (npde__complex){re[k], im[k]}, b.re + k * b.ld, b.im + k * b.ld, re, im);
    for (size_t j = k; j-- > 0;) {
        const npde__complex x = npde__complex_times((npde__complex){re[j], im[j]}, b.inverse[j]);
        re[j] = x.re;
        im[j] = x.im;
        subtract(0, j, x, b.re + j * b.ld, b.im + j * b.ld, re, im);
    }
}

enum { FALL, PIVOT, RISE, FACTORS }; /* of a row: down/pivot of the row before, 1/pivot, up/pivot */

void npde__complex_tridiagonal_factor(size_t n, npde__complex gamma, const double *w, const double *d,
                                      const double *down, const double *up, npde__complex *factors)
{
    npde__complex surplus = {w[0] + gamma.re * d[0], gamma.im * d[0]}, fall = {0, 0};
    for (size_t i = 0; i < n; i++, factors += FACTORS) {
        const npde__complex out = npde__complex_scale(down[i], gamma);
        const npde__complex inverse = npde__complex_inverse(npde__complex_add(surplus, out));
        factors[FALL] = fall;
        factors[PIVOT] = inverse;
        factors[RISE] =
            i + 1 < n ? npde__complex_times(npde__complex_scale(up[i], gamma), inverse) : (npde__complex){0, 0};
        fall = npde__complex_times(out, inverse);
        if (i + 1 < n)
            surplus = npde__complex_add((npde__complex){w[i + 1] + gamma.re * d[i + 1], gamma.im * d[i + 1]},
                                        npde__complex_times(factors[RISE], surplus));
    }
}

void npde__complex_tridiagonal_solve(size_t n, const npde__complex *factors, double *re, double *im)
{
    npde__complex x = {0, 0};
    for (size_t i = 0; i < n; i++) {
        x = npde__complex_add((npde__complex){re[i], im[i]}, npde__complex_times(factors[FACTORS * i + FALL], x));
        re[i] = x.re;
        im[i] = x.im;
    }
    x = (npde__complex){0, 0};
    for (size_t i = n; i-- > 0;) {
        const npde__complex z = npde__complex_times((npde__complex){re[i], im[i]}, factors[FACTORS * i + PIVOT]);
        x = npde__complex_add(z, npde__complex_times(factors[FACTORS * i + RISE], x));
        re[i] = x.re;
        im[i] = x.im;
    }
}
