/* SPDX-License-Identifier: BSD-3-Clause
 * Strang's splitting of the kinetic kinds: half a relaxation along g, the transport of the rows along v, the other half. */
#include "models/kinetic.h"

#include <math.h>
#include <string.h>

static const double very_short = 0.1; /* of the step before */
static const double longest = 600;    /* step, in times that potentials take */

/*
 * The conductance that moves a row for a whole step of the splitting. Taking g_j itself, a step that is long against
 * σ would spread potentials like h Var(g)/2 and not like the true σ Var(g): the conductance of the middle stays for
 * the step. Scaling its deviation from the mean by √(tanh(x/2)/(x/2)), x = h/σ, makes the sum of many steps spread as
 * it should for every x; it is 1 − x²/24 for short steps, and for σ → 0 all rows move with ḡ. With a mean for each v
 * there is no common ḡ, and none is taken.
 */
static double row_conductance(const kinetic_system *k, const kinetic_population *pop, size_t j, double h)
{
    if (k->conductance) return k->g->v[j];
    const double half = h / (2 * pop->column.sigma), scale = half > 0 ? sqrt(tanh(half) / half) : 1;
    return pop->mean + (k->g->v[j] - pop->mean) * scale;
}

static void prepare_rows(const kinetic_system *k, kinetic_population *pop, double h)
{
    if (k->g && (pop->growth_h != h || pop->growth_mean != pop->mean))
        for (size_t j = 0; j < k->n_g; j++) {
            pop->moving[j] = row_conductance(k, pop, j, h);
            pop->growth[j] = expm1(h * npde__kinetic_b(pop, pop->moving[j]));
        }
    pop->growth_mean = pop->mean;
    if (pop->survival_h != h && pop->phi)
        for (size_t i = 0; i < k->n_v; i++) pop->survival[i] = exp(-pop->phi[i] * h / 2);
    pop->growth_h = pop->survival_h = h;
}

/* Transport of one row, of which a sweep along the rows may be left to do; what fired. y is the population's state. */
static double transport_row(const kinetic_system *k, kinetic_population *pop, size_t j, double h,
                            npde__relaxation_row left_to_do, double *y)
{
    const double g = k->g ? pop->moving[j] : pop->mean, b = npde__kinetic_b(pop, g);
    const double target = npde__kinetic_a(pop, g) / b, growth = k->g ? pop->growth[j] : expm1(h * b);
    double *row = y + j * k->n_v, entered;
    if (npde__kinetic_waits(k, pop)) {
        const npde__reentry left = npde__kinetic_waiting_leave(k, pop, j, h, y);
        const double fired = npde__characteristics_discharge(&pop->row, target, growth, h, pop->phi, pop->survival,
                                                             &left, &entered, row);
        npde__kinetic_waiting_enter(k, pop, j, &left, fired, y);
        return fired;
    }
    return pop->phi ? npde__characteristics_discharge(&pop->row, target, growth, h, pop->phi, pop->survival, NULL,
                                                      &entered, row)
                    : npde__characteristics_flow(&pop->row, target, growth, left_to_do.scale, left_to_do.carry, row);
}

double npde__kinetic_weigh(const kinetic_system *k, const double *row)
{
    return k->v ? npde__kernels_best()->dot(k->n_v, k->v->w, row) : row[0];
}

/* What fired. rows: there is a sweep left. A row is weighed while it is at hand; without a refractory state or a discharge on its
 * way, since what leaves at V_F enters the same row. */
static double transport(const kinetic_system *k, kinetic_population *pop, double h, int rows, double *y)
{
    double fired = 0;
    if (npde__kinetic_waits(k, pop)) npde__kinetic_waiting_begin(k, pop, h, y);
    for (size_t j = 0; j < k->n_g; j++) {
        const npde__relaxation_row left =
            rows ? npde__relaxation_last(&pop->column, j) : (npde__relaxation_row){.scale = 1};
        fired += (k->g ? k->g->w[j] : 1) * transport_row(k, pop, j, h, left, y);
        if (k->g) pop->row_mass[j] = rows ? pop->row.mass : npde__kinetic_weigh(k, y + j * k->n_v);
    }
    return fired;
}

/* A mean over a very short step would be the flux at the corner: it is joined with the one before. */
static void record(double *extra, double mean, double duration)
{
    const double both = extra[NPDE__KINETIC_DURATION] + duration;
    if (duration < very_short * extra[NPDE__KINETIC_DURATION]) {
        extra[NPDE__KINETIC_MEAN] =
            (extra[NPDE__KINETIC_DURATION] * extra[NPDE__KINETIC_MEAN] + duration * mean) / both;
        extra[NPDE__KINETIC_DURATION] = both;
        return;
    }
    extra[NPDE__KINETIC_MEAN_BEFORE] = extra[NPDE__KINETIC_MEAN];
    extra[NPDE__KINETIC_DURATION_BEFORE] = extra[NPDE__KINETIC_DURATION];
    extra[NPDE__KINETIC_MEAN] = mean;
    extra[NPDE__KINETIC_DURATION] = duration;
}

/* e^{Bh} must be a number. The last row moves fastest. */
static npde_status check_step(const kinetic_system *k, const kinetic_population *pop, double h)
{
    const double fastest = k->g ? pop->moving[k->n_g - 1] : pop->mean, turns = h * npde__kinetic_b(pop, fastest);
    if (turns <= longest) return NPDE_OK;
    return npde__fail(k->coupling.base.context, NPDE__RETRY,
                      "a step of %.3g is %.3g times what potentials take at a conductance of %.3g, more than %g", h,
                      turns, fastest, longest);
}

/* A row that is moved as it is may be the last sweep of the relaxation as well; the first rate is of a whole state. */
static int sweeps_rows(const kinetic_system *k, const kinetic_population *pop, const double *extra)
{
    return k->v && !pop->phi && !npde__kinetic_waits(k, pop) && extra[NPDE__KINETIC_DURATION] > 0;
}

static npde_status split_population(kinetic_system *k, size_t p, double h, const double *from, double *y)
{
    const npde__system *s = &k->coupling.base;
    kinetic_population *pop = &k->pop[p];
    const int rows = k->g && sweeps_rows(k, pop, from + s->points);
    double *extra = y + s->points;
    npde_status status = NPDE_OK;
    if (k->v) {
        prepare_rows(k, pop, h);
        status = check_step(k, pop, h);
        if (status) return status;
    }
    if (k->g) status = npde__kinetic_relax(k, p, h / 2, rows, from, y);
    else memcpy(y, from, s->stride * sizeof *y);
    if (status) return status;
    if (k->v) {
        if (extra[NPDE__KINETIC_DURATION] == 0) extra[NPDE__KINETIC_MEAN] = npde__kinetic_rate(k, p, y, pop->mean);
        record(extra, transport(k, pop, h, rows, y) / h, h);
    }
    if (k->g) status = npde__kinetic_relax_later(k, p, h / 2, y);
    pop->weighed = extra[NPDE__KINETIC_OWED] > 0 ? y : NULL;
    return status;
}

npde_status npde__kinetic_split_step(npde__system *s, double h, const double *from, double *y)
{
    npde_status status = NPDE_OK;
    for (size_t p = 0; p < s->n_rates && !status; p++)
        status = split_population((kinetic_system *)s, p, h, from + p * s->stride, y + p * s->stride);
    return status;
}
