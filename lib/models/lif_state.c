/* SPDX-License-Identifier: BSD-3-Clause
 * States of the LIF system looked at: their mass and what rounding does to it, tails, sizes. */
#include "models/lif.h"

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
 * that (limit) is not hidden: it stays.
 */
void npde__lif_restore_mass(npde__system *s, double *n, double limit)
{
    const double *w = self(s)->grid->w, defect = mass(s, n) - 1;
    if (!(fabs(defect) <= limit) || defect == 0) return;
    size_t top = 0;
    for (size_t i = 1; i < s->points; i++)
        if (w[i] * n[i] > w[top] * n[top]) top = i;
    n[top] -= defect / w[top];
    s->mass_rounding += fabs(defect);
}

/*
 * Watches an end of the grid for density that the truncation cuts off: the mass in the last tenth before it, averaged over the
 * time that diffusion takes to cross that. What wiggles of unresolved data leave there in passing averages out.
 */
static void watch_tail(npde__system *s, size_t p, const double *n, double h, int right)
{
    lif_population *pop = &self(s)->pop[p];
    const npde_grid *g = self_const(s)->grid;
    const size_t last = s->points - 1, end = right ? last : 0;
    const double width =
        (right ? g->v[last] - g->v[pop->threshold] : g->v[npde__lif_operator(self(s), p)->stencil->reset] - g->v[0]) /
        10;
    double mass = 0;
    for (size_t k = 0; k <= last; k++) {
        const size_t i = right ? last - k : k;
        if (k > 0 && fabs(g->v[i] - g->v[end]) > width) break;
        mass += g->w[i] * n[i];
    }
    pop->tail[right] -= expm1(-h * pop->diffusion / (width * width)) * (mass - pop->tail[right]);
    s->tail_mass = fmax(s->tail_mass, pop->tail[right]);
}

void npde__lif_accept(npde__system *s, double t, double *y, const double *rates)
{
    lif_system *l = self(s);
    const double h = t - l->accepted;
    l->accepted = t;
    for (size_t p = 0; p < s->n_rates; p++) {
        double *n = y + p * s->stride;
        const npde__operator *op = npde__lif_operator(l, p);
        npde__lif_restore_mass(s, n, fmin(1e-8, 1e-13 * (1 + h * op->stiffest[l->pop[p].lane])));
        watch_tail(s, p, n, h, 0);
        if (!op->stencil->absorbing) watch_tail(s, p, n, h, 1);
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
        *size = fmax(*size, sum);
    }
    for (size_t k = 0; k < l->n_groups; k++) {
        const lif_group *g = &l->group[k];
        double rate[NPDE__LANES];
        npde__operator_flux(&g->op, e, rate);
        for (size_t i = 0; i < g->count; i++) rates[g->pop[i]] = rate[i];
    }
}
