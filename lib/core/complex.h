/* SPDX-License-Identifier: BSD-3-Clause
 * Complex numbers: C's own type is optional, and its product looks out for infinities. */
#ifndef NPDE_CORE_COMPLEX_H
#define NPDE_CORE_COMPLEX_H

typedef struct {
    double re, im;
} npde__complex;

static inline npde__complex npde__complex_add(npde__complex a, npde__complex b)
{
    return (npde__complex){a.re + b.re, a.im + b.im};
}

static inline npde__complex npde__complex_scale(double a, npde__complex b)
{
    return (npde__complex){a * b.re, a * b.im};
}

static inline npde__complex npde__complex_times(npde__complex a, npde__complex b)
{
    return (npde__complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static inline npde__complex npde__complex_inverse(npde__complex a)
{
    const double square = a.re * a.re + a.im * a.im;
    return (npde__complex){a.re / square, -a.im / square};
}

#endif
