/* SPDX-License-Identifier: BSD-3-Clause */
#include "solve/controller.h"

#include <math.h>

enum { PAST = 2 };

static const double safety = 0.9, grow = 5, shrink = 0.2;
static const double least = 1e-10; /* errors below say no more than this */

/* Exponents times the error's order, of e_n, e_{n−1}, e_{n−2}. */
static const double integral[PAST + 1] = {-1}, proportional[PAST + 1] = {-0.7, 0.4},
                                    derivative[PAST + 1] = {-0.58, 0.21, -0.1};

void npde__controller_begin(npde__controller *c, npde_id kind)
{
    *c = (npde__controller){.kind = kind};
}

double npde__controller_accept(npde__controller *c, size_t error_order, double error)
{
    const double *exponent = c->known == 0                         ? integral
                             : c->kind == NPDE_CONTROLLER_INTEGRAL ? integral
                             : c->kind == NPDE_CONTROLLER_PI       ? proportional
                             : c->known < PAST                     ? proportional
                                                                   : derivative;
    const double order = (double)(error_order + 1), now = fmax(error, least);
    double factor = safety * pow(now, exponent[0] / order);
    for (int k = 0; k < PAST; k++)
        if (exponent[k + 1] != 0) factor *= pow(c->error[k], exponent[k + 1] / order);
    c->error[1] = c->error[0];
    c->error[0] = now;
    if (c->known < PAST) c->known++;
    return fmin(grow, fmax(shrink, factor));
}

double npde__controller_reject(const npde__controller *c, size_t error_order, double error)
{
    (void)c; /* a step that failed is repeated by the plain rule */
    return fmin(0.9, fmax(shrink, safety * pow(error, -1 / (double)(error_order + 1))));
}
