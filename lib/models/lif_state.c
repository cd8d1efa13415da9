/* SPDX-License-Identifier: BSD-3-Clause
 * States of the LIF system looked at: their mass and what rounding does to it, tails, sizes. */
#include "models/lif.h"

#include <float.h>
#include <math.h>

static lif_system *self(npde__system *s)
{
    return npde__lif_self(s);
}

static const lif_system *self_const(const npde__system *s)
{
    return npde__lif_const(s);
}

/* ---- mass ---- */

/* Mass of a population by compensated summation (Knuth's TwoSum): the defect is looked at to the last digit. */
static double mass(const npde__system *s, const double *n)
{
    enum { CHAINS = 4 }; /* none waits for the others */
    const double *w = self_const(s)->grid->w;
    double sum[CHAINS] = {n[s->points]}, lost[CHAINS] = {0};
    size_t i = 0;
    for (; i + CHAINS <= s->points; i += CHAINS)
        for (size_t k = 0; k < CHAINS; k++) {
            const double x = w[i + k] * n[i + k], next = sum[k] + x, added = next - sum[k];
            lost[k] += (sum[k] - (next - added)) + (x - added);
            sum[k] = next;
        }
    for (size_t k = 0; k < CHAINS; k++) {
        const double x = i + k < s->points ? w[i + k] * n[i + k] : 0, next = sum[k] + x, added = next - sum[k];
        lost[k] += (sum[k] - (next - added)) + (x - added);
        sum[k] = next;
    }
    double total = sum[0], rest = lost[0];
    for (size_t k = 1; k < CHAINS; k++) {
        const double next = total + sum[k], added = next - total;
        rest += lost[k] + (total - (next - added)) + (sum[k] - added);
        total = next;
    }
    return total + rest;
}

double npde__lif_mass_defect(const npde__system *s, const double *y)
{
    double defect = 0;
    for (size_t p = 0; p < s->n_rates; p++) defect = fmax(defect, fabs(mass(s, y + p * s->stride) - 1));
    return defect;
}

double npde__lif_min_density(const npde__system *s, const double *y)
{
    double min = INFINITY;
    for (size_t p = 0; p < s->n_rates; p++)
        for (size_t i = 0, end = npde__lif_operator(self_const(s), p)->stencil->end; i < end; i++)
            min = fmin(min, y[p * s->stride + i]);
    return min;
}

/*
 * The scheme conserves mass; 10^5 steps of rounding do not. What rounding took or gave is put back at the point that holds
 * most mass, where it is smallest in proportion. Rounding of a step h is a few ulps of h × the stiffest entry; a defect beyond
 * that (limit) is not hidden: it stays. What is less than an ulp or two waits for more.
 */
void npde__lif_restore_mass(npde__system *s, double *n, double limit)
{
    const double *w = self(s)->grid->w, defect = mass(s, n) - 1;
    if (!(fabs(defect) <= limit) || fabs(defect) <= 2 * DBL_EPSILON) return;
    size_t top = 0;
    for (size_t i = 1; i < s->points; i++)
        if (w[i] * n[i] > w[top] * n[top]) top = i;
    n[top] -= defect / w[top];
    s->mass_rounding += fabs(defect);
}

/*
 * An end of the grid is watched for density that the truncation cuts off: the mass in the last tenth before it, averaged over the
 * time that diffusion takes to cross that. What wiggles of unresolved data leave there in passing averages out.
 */
void npde__lif_find_tails(lif_system *l, size_t p)
{
    lif_population *pop = &l->pop[p];
    const npde__stencil *stencil = npde__lif_operator(l, p)->stencil;
    const double *v = l->grid->v;
    const size_t last = l->base.points - 1;
    pop->tail_width[0] = (v[stencil->reset] - v[0]) / 10;
    pop->tail_width[1] = (v[last] - v[pop->threshold]) / 10;
    for (size_t side = 0; side < (stencil->absorbing ? 1 : 2); side++) {
        size_t k = 1;
        while (k <= last && fabs(side ? v[last] - v[last - k] : v[k] - v[0]) <= pop->tail_width[side]) k++;
        pop->tail_points[side] = k;
    }
}

/* 1 − e^{−x}; populations that are alike ask for the same over and over. */
typedef struct {
    double x, value;
} decay;

static double decay_of(decay *known, double x)
{
    if (x != known->x) *known = (decay){x, -expm1(-x)};
    return known->value;
}

static void watch_tails(npde__system *s, lif_population *pop, const double *n, double h, decay *known)
{
    const double *w = self_const(s)->grid->w;
    for (size_t side = 0; side < 2 && pop->tail_points[side] > 0; side++) {
        const size_t first = side ? s->points - pop->tail_points[1] : 0;
        double mass = 0;
        for (size_t i = first; i < first + pop->tail_points[side]; i++) mass += w[i] * n[i];
        const double x = h * pop->diffusion / (pop->tail_width[side] * pop->tail_width[side]);
        pop->tail[side] += decay_of(&known[side], x) * (mass - pop->tail[side]);
        if (pop->tail[side] > s->tail_mass) s->tail_mass = pop->tail[side];
    }
}

void npde__lif_accept(npde__system *s, double t, double *y, const double *rates)
{
    lif_system *l = self(s);
    const double h = t - l->accepted;
    decay known[2] = {{0, 0}, {0, 0}};
    l->accepted = t;
    for (size_t p = 0; p < s->n_rates; p++) {
        double *n = y + p * s->stride;
        const double stiffest = npde__lif_operator(l, p)->stiffest[l->pop[p].lane];
        npde__lif_restore_mass(s, n, fmin(1e-8, 1e-13 * (1 + h * stiffest)));
        watch_tails(s, &l->pop[p], n, h, known);
    }
    npde__lif_remember(l, t, y, rates);
}

/* ---- size ---- */

void npde__lif_measure(const npde__system *s, const double *e, double *size, double *rates)
{
    const lif_system *l = self_const(s);
    *size = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        const double *n = e + p * s->stride;
        double sum = fabs(n[s->points]);
        for (size_t i = 0; i < s->points; i++) sum += l->grid->w[i] * fabs(n[i]);
        if (!(sum <= *size)) *size = sum; /* NaN as well */
    }
    for (size_t k = 0; k < l->n_groups; k++) {
        const lif_group *g = &l->group[k];
        double rate[NPDE__LANES];
        npde__operator_flux(&g->op, e, rate);
        for (size_t i = 0; i < g->count; i++) rates[g->pop[i]] = rate[i];
    }
}
