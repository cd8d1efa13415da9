/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/envelope.h"

#include <math.h>

npde_status npde__envelope_init(npde__envelope *e, npde_context *c, size_t n, const size_t *begin, size_t n_blocks)
{
    *e = (npde__envelope){.n = n};
    e->first = npde__alloc(c, n, sizeof *e->first);
    e->last = npde__alloc(c, n, sizeof *e->last);
    e->column = npde__alloc(c, n, sizeof *e->column);
    if (!e->first || !e->last || !e->column) return NPDE_ERR_MEMORY;
    size_t entries = 0;
    for (size_t b = 0, j = 0; b < n_blocks; b++) {
        const size_t end = b + 1 < n_blocks ? begin[b + 1] : n - 1; /* the shared unknown belongs to both blocks */
        if (b) e->last[j - 1] = end;
        for (; j <= end; j++) {
            e->first[j] = begin[b];
            e->last[j] = end;
        }
    }
    for (size_t j = 0; j < n; j++) {
        e->column[j] = entries;
        entries += e->last[j] - e->first[j] + 1;
    }
    e->k = npde__alloc(c, entries, sizeof *e->k);
    e->re = npde__alloc(c, entries, sizeof *e->re);
    e->im = npde__alloc(c, entries, sizeof *e->im);
    return e->k && e->re && e->im ? NPDE_OK : NPDE_ERR_MEMORY;
}

void npde__envelope_free(npde__envelope *e, npde_context *c)
{
    void *const blocks[] = {e->first, e->last, e->column, e->k, e->re, e->im};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
}

/* y −= f x */
static void subtract(size_t n, double f_re, double f_im, const double *restrict x_re, const double *restrict x_im,
                     double *restrict y_re, double *restrict y_im)
{
    for (size_t i = 0; i < n; i++) {
        y_re[i] -= f_re * x_re[i] - f_im * x_im[i];
        y_im[i] -= f_re * x_im[i] + f_im * x_re[i];
    }
}

int npde__envelope_factor(npde__envelope *e, double re, double im, const double *w)
{
    const size_t n = e->n, entries = e->column[n - 1] + e->last[n - 1] - e->first[n - 1] + 1;
    for (size_t i = 0; i < entries; i++) {
        e->re[i] = -e->k[i];
        e->im[i] = 0;
    }
    for (size_t j = 0; j < n; j++) {
        const size_t d = e->column[j] + j - e->first[j];
        e->re[d] += re * w[j];
        e->im[d] += im * w[j];
    }
    for (size_t j = 0; j < n; j++) {
        const size_t d = e->column[j] + j - e->first[j], below = e->last[j] - j;
        const double size = e->re[d] * e->re[d] + e->im[d] * e->im[d];
        const double p_re = e->re[d] / size, p_im = -e->im[d] / size;
        if (!isfinite(p_re) || !isfinite(p_im)) return 0;
        e->re[d] = p_re;
        e->im[d] = p_im;
        double *x_re = e->re + d + 1, *x_im = e->im + d + 1;
        for (size_t i = 0; i < below; i++) {
            const double t = x_re[i] * p_re - x_im[i] * p_im;
            x_im[i] = x_re[i] * p_im + x_im[i] * p_re;
            x_re[i] = t;
        }
        for (size_t c = j + 1; c <= e->last[j]; c++) {
            const size_t at = e->column[c] + j - e->first[c];
            subtract(below, e->re[at], e->im[at], x_re, x_im, e->re + at + 1, e->im + at + 1);
        }
    }
    return 1;
}

void npde__envelope_determinant(const npde__envelope *e, double *log_modulus, double *phase)
{
    *log_modulus = *phase = 0;
    for (size_t j = 0; j < e->n; j++) {
        const size_t d = e->column[j] + j - e->first[j];
        *log_modulus -= log(hypot(e->re[d], e->im[d]));
        *phase -= atan2(e->im[d], e->re[d]);
    }
}

static void scale(const npde__envelope *e, size_t j, double *re, double *im)
{
    const size_t d = e->column[j] + j - e->first[j];
    const double t = re[j] * e->re[d] - im[j] * e->im[d];
    im[j] = re[j] * e->im[d] + im[j] * e->re[d];
    re[j] = t;
}

void npde__envelope_solve(const npde__envelope *e, double *re, double *im)
{
    for (size_t j = 0; j < e->n; j++) {
        const size_t d = e->column[j] + j - e->first[j];
        subtract(e->last[j] - j, re[j], im[j], e->re + d + 1, e->im + d + 1, re + j + 1, im + j + 1);
    }
    for (size_t j = e->n; j-- > 0;) {
        const size_t first = e->first[j];
        scale(e, j, re, im);
        subtract(j - first, re[j], im[j], e->re + e->column[j], e->im + e->column[j], re + first, im + first);
    }
}

/* x_j −= Σ a_i x_i over n entries that begin at a and x */
static void subtract_product(size_t n, const double *a_re, const double *a_im, const double *x_re, const double *x_im,
                             double *re, double *im)
{
    double sum_re = 0, sum_im = 0;
    for (size_t i = 0; i < n; i++) {
        sum_re += a_re[i] * x_re[i] - a_im[i] * x_im[i];
        sum_im += a_re[i] * x_im[i] + a_im[i] * x_re[i];
    }
    *re -= sum_re;
    *im -= sum_im;
}

void npde__envelope_solve_transposed(const npde__envelope *e, double *re, double *im)
{
    for (size_t j = 0; j < e->n; j++) {
        const size_t first = e->first[j], at = e->column[j];
        subtract_product(j - first, e->re + at, e->im + at, re + first, im + first, re + j, im + j);
        scale(e, j, re, im);
    }
    for (size_t j = e->n; j-- > 0;) {
        const size_t d = e->column[j] + j - e->first[j];
        subtract_product(e->last[j] - j, e->re + d + 1, e->im + d + 1, re + j + 1, im + j + 1, re + j, im + j);
    }
}
