/* SPDX-License-Identifier: BSD-3-Clause */
#include "grids.h"

#include "bench.h"

#include <math.h>
#include <stdlib.h>

/* Distances of the left end from the lowest drive, in widths √a: no flux there changes the rate by about e^{−z²/2}. */
static const double reach[] = {4.6, 5.2, 5.8, 6.5, 7.5};
enum { REACHES = sizeof reach / sizeof reach[0] };

/* The left end: the bump around the lowest mean, and the initial Gaussian with as much of its tail. */
static double left_end(const problem *p, double z)
{
    return fmin(p->low - z, p->mean - z * sqrt(p->variance));
}

static void add_few(const problem *p, grids *all)
{
    for (size_t degree = 8; degree <= 34; degree += 2) {
        const size_t k = degree <= 12 ? 0 : degree <= 16 ? 1 : degree <= 20 ? 2 : degree <= 24 ? 3 : 4;
        const double begin = left_end(p, reach[k]);
        layout two = {
            .n = 2, .breaks = {begin, problem_reset, problem_threshold}, .degrees = {degree, (degree + 2) / 2}};
        all->at[all->n++] = two;
        if (degree < 10 || degree > 24) continue;
        layout three = {.n = 3,
                        .breaks = {begin, (begin + problem_reset) / 2, problem_reset, problem_threshold},
                        .degrees = {degree - 2, degree - 2, (degree + 2) / 2}};
        all->at[all->n++] = three;
        if (degree < 18) continue;
        /* Data that do not quite vanish at V_F empty through a thin layer there. */
        layout four = {
            .n = 4,
            .breaks = {begin, (begin + problem_reset) / 2, problem_reset, problem_threshold - 0.03, problem_threshold},
            .degrees = {degree - 2, degree - 2, degree / 2, 6}};
        all->at[all->n++] = four;
    }
}

/* Equal degrees, elements of length about one from the left end to V_R, one from there to V_F. */
static void add_many(const problem *p, grids *all)
{
    for (size_t degree = 6; degree <= 14; degree += 2)
        for (size_t elements = 3; elements <= 6; elements++) {
            const double begin = left_end(p, reach[degree / 2 - 3 < REACHES ? degree / 2 - 3 : REACHES - 1]);
            layout l = {.n = elements + 1};
            for (size_t s = 0; s <= elements; s++) {
                l.breaks[s] = begin + (problem_reset - begin) * (double)s / (double)elements;
                l.degrees[s] = degree;
            }
            l.breaks[elements] = problem_reset;
            l.breaks[elements + 1] = problem_threshold;
            all->at[all->n++] = l;
        }
}

/* What is left when time is exact: five stages of Radau IIA with thirty steps a unit of time err by some 1e-11. */
static double space_floor(const problem *p, const layout *l)
{
    double rates[PROBLEM_TIMES];
    spectral *s = spectral_new(p, l);
    spectral_radau(s, 5, 3, rates);
    spectral_free(s);
    return problem_error(p, rates);
}

static int by_unknowns(const void *a, const void *b)
{
    const size_t p = layout_unknowns(a), q = layout_unknowns(b);
    return p < q ? -1 : p > q;
}

static void keep_useful(grids *all)
{
    size_t kept = 0;
    double least = 0.1;
    qsort(all->at, all->n, sizeof all->at[0], by_unknowns);
    for (size_t k = 0; k < all->n; k++)
        if (all->at[k].floor < 0.6 * least && least > 1e-12) {
            least = all->at[k].floor;
            all->at[kept++] = all->at[k];
        }
    all->n = kept;
}

const grids *grids_spectral(const problem *p, grids_family family)
{
    static grids known[PROBLEMS][GRIDS_FAMILIES];
    grids *g = &known[p - problems][family];
    if (g->n) return g;
    if (family == GRIDS_FEW) add_few(p, g);
    else add_many(p, g);
    for (size_t k = 0; k < g->n; k++) g->at[k].floor = space_floor(p, &g->at[k]);
    keep_useful(g);
    return g;
}

void grids_describe(const layout *l, char *text, size_t size)
{
    int used = snprintf(text, size, "n %zu = ", layout_unknowns(l));
    for (size_t s = 0; s < l->n && used > 0 && (size_t)used < size; s++)
        used += snprintf(text + used, size - (size_t)used, "%s%zu", s ? "+" : "", l->degrees[s]);
}

volumes grids_volumes(const problem *p, size_t index)
{
    /* Cells between V_R and V_F; their number grows by a third to a half. */
    static const size_t cells[GRIDS_VOLUMES] = {8,   12,  16,  24,  32,  48,   64,   96,  128,
                                                192, 256, 384, 512, 768, 1024, 1280, 1536};
    const size_t right = cells[index < GRIDS_VOLUMES ? index : GRIDS_VOLUMES - 1];
    const double z = right <= 24 ? 4 : right <= 96 ? 4.6 : 5.4;
    volumes v = {.right = right, .h = (problem_threshold - problem_reset) / (double)right};
    v.left = (size_t)ceil((problem_reset - left_end(p, z)) / v.h);
    v.begin = problem_reset - v.h * (double)v.left;
    return v;
}
