/* SPDX-License-Identifier: BSD-3-Clause
 * Relaxation that is put off. A step of the splitting ends with half a relaxation, and the next one begins with half of one:
 * the state owes the first until the second, and both are one, from the middle of a step to that of the next. Its coefficients, G
 * and a, go from those of the first to those of the second, and its last stage takes the latter: what relaxes fast is then where
 * the transport that follows expects it. What fires does not see it, as it moves no mass along v. What is looked at is a copy
 * that owes nothing.
 */
#include "models/kinetic.h"

#include <math.h>
#include <string.h>

enum { OWED = NPDE__KINETIC_OWED, OWED_MEAN = NPDE__KINETIC_OWED_MEAN, OWED_DIFFUSION = NPDE__KINETIC_OWED_DIFFUSION };

/* With a G for each cell in v, or for those who wait, there is more than two coefficients to remember; without v what is put off
 * would change the rate. */
static int may_owe(const kinetic_system *k, const kinetic_population *pop)
{
    return k->v && k->g && !k->conductance && !npde__kinetic_waits(k, pop);
}

/* The relaxation with the coefficients of the first stage, between those of what is owed and the frozen ones. */
static npde__relaxation *early_stage(const kinetic_system *k, size_t p, const double *extra)
{
    kinetic_population *pop = &k->pop[p];
    const double mean = k->coupling.drive[p] - extra[OWED_MEAN],
                 diffusion = k->coupling.diffusion[p] - extra[OWED_DIFFUSION];
    if (mean == 0 && diffusion == 0) return &pop->column;
    const double early = extra[OWED_MEAN] + NPDE__RELAXATION_EARLY * mean;
    npde__relaxation_load(&pop->settling, &early, extra[OWED_DIFFUSION] + NPDE__RELAXATION_EARLY * diffusion);
    return &pop->settling;
}

npde_status npde__kinetic_relax(kinetic_system *k, size_t p, double h, int rows, const double *from, double *y)
{
    npde__system *s = &k->coupling.base;
    kinetic_population *pop = &k->pop[p];
    npde__relaxation *early = &pop->column;
    double *extra = y + s->points;
    if (from != y) memcpy(extra, from + s->points, (s->stride - s->points) * sizeof *y);
    if (extra[OWED] > 0) {
        h += extra[OWED];
        extra[OWED] = 0;
        early = early_stage(k, p, extra);
    }
    s->factorizations += isnan(pop->column.gamma);
    const npde_status status = rows ? npde__relaxation_flow_rows(early, &pop->column, h, from, y)
                                    : npde__relaxation_flow(early, &pop->column, h, from, y);
    return status ? status : npde__kinetic_waiting_relax(k, pop, h, y);
}

npde_status npde__kinetic_relax_later(kinetic_system *k, size_t p, double h, double *y)
{
    double *extra = y + k->coupling.base.points;
    if (!may_owe(k, &k->pop[p])) return npde__kinetic_relax(k, p, h, 0, y, y);
    extra[OWED] = h;
    extra[OWED_MEAN] = k->coupling.drive[p];
    extra[OWED_DIFFUSION] = k->coupling.diffusion[p];
    return NPDE_OK;
}

npde_status npde__kinetic_shown_init(kinetic_system *k, size_t p)
{
    kinetic_population *pop = &k->pop[p];
    npde_context *c = k->coupling.base.context;
    if (!may_owe(k, pop)) return NPDE_OK;
    pop->shown = npde__alloc(c, k->coupling.base.points, sizeof *pop->shown);
    if (!pop->shown) return NPDE_ERR_MEMORY;
    return npde__relaxation_init(&pop->settling, c, k->g, k->n_v, pop->column.sigma, pop->column.positive, 0);
}

void npde__kinetic_shown_free(kinetic_population *pop, npde_context *c)
{
    npde__relaxation_free(&pop->settling);
    npde__free(c, pop->shown);
}

const double *npde__kinetic_shown(npde__system *s, size_t p, const double *y)
{
    kinetic_population *pop = &((kinetic_system *)s)->pop[p];
    const double *extra = y + s->points;
    if (extra[OWED] == 0) return y;
    npde__relaxation_load(&pop->settling, &extra[OWED_MEAN], extra[OWED_DIFFUSION]);
    return npde__relaxation_flow(&pop->settling, &pop->settling, extra[OWED], y, pop->shown) ? y : pop->shown;
}

void npde__kinetic_settle(npde__system *s, size_t p, double *y)
{
    const double *settled = npde__kinetic_shown(s, p, y);
    if (settled == y) return;
    memcpy(y, settled, s->points * sizeof *y);
    y[s->points + OWED] = 0;
}
