/* SPDX-License-Identifier: BSD-3-Clause
 * What the spikes of a step do to others at once (Delarue, Inglis, Rubenthaler & Tanré, Ann. Appl. Probab. 25, 2015):
 * Γ₀ fired in the step; all are kicked by Σ b |Γ₀|/n; those then at or beyond the threshold are Γ₁, and so on, each
 * neuron at most once. With Γ their union, V ← V + Σ b |Γ|/n − (V_F − V_R) 1{in Γ}. */
#include "particles/particles.h"

#include <math.h>

double npde__network_kick(const npde__network *w, size_t p)
{
    double kick = 0;
    for (size_t q = 0; q < w->n_pop; q++) {
        const size_t k = p * w->n_pop + q;
        if (w->weights[k] != 0 && w->delays[k] == 0) kick += w->weights[k] * (double)w->pop[q].spikes / (double)w->n;
    }
    return kick;
}

/* Fires those of a chunk whom the kick takes to the threshold. */
static int64_t scan(const npde__network *w, npde__neurons *pop, size_t p, size_t chunk)
{
    const size_t first = NPDE__CHUNK_NEURONS * chunk, all = 64 * w->words;
    const size_t last = first + NPDE__CHUNK_NEURONS < all ? first + NPDE__CHUNK_NEURONS : all;
    const double level = pop->threshold - pop->kick;
    double top = -INFINITY;
    int64_t spikes = 0;
    for (size_t i = first; i < last; i++) {
        const uint64_t bit = UINT64_C(1) << (i % 64);
        if (pop->v[i] >= level && !(pop->fired[i / 64] & bit)) {
            pop->fired[i / 64] |= bit;
            spikes++;
            if (pop->refractory == NPDE_REFRACTORY_NONE) {
                pop->v[i] -= pop->threshold - pop->reset;
            } else {
                const npde__random a =
                    npde__random_draw(w->seed, w->number, NPDE__PURPOSE_CASCADE, npde__network_index(w, p, i));
                npde__neurons_hold(w, pop, i, w->t + w->h, npde__random_exponential(a.word[0]));
            }
        }
        if (pop->v[i] > top && !(pop->fired[i / 64] & bit)) top = pop->v[i];
    }
    pop->top[chunk] = top;
    return spikes;
}

static npde_status endless(npde__network *w, size_t p)
{
    const npde__neurons *pop = &w->pop[p];
    w->stuck = 1;
    return npde__fail(
        w->context, NPDE_ERR_CASCADE,
        "population %zu: at t = %.15g the spikes of one instant kick by %g, as much as v_threshold - v_reset = "
        "%g or more: those who fired would fire again at once, and if they excite themselves, without an end. Start "
        "with "
        "smaller weights, a delay or a refractory state, or, when so many fire in a step anyway, with a smaller dt",
        p, w->t + w->h, pop->kick, pop->threshold - pop->reset);
}

/* A generation; how many fired in it. */
static npde_status generation(npde__network *w, int64_t *spikes)
{
    *spikes = 0;
    for (size_t p = 0; p < w->n_pop; p++) w->pop[p].kick = npde__network_kick(w, p);
    for (size_t p = 0; p < w->n_pop; p++) {
        npde__neurons *pop = &w->pop[p];
        if (pop->spikes > 0 && pop->kick >= pop->threshold - pop->reset && pop->refractory == NPDE_REFRACTORY_NONE &&
            pop->sharp)
            return endless(w, p);
    }
    for (size_t p = 0; p < w->n_pop; p++) {
        npde__neurons *pop = &w->pop[p];
        int64_t fired = 0;
        for (size_t k = 0; k < w->chunks && pop->kick > 0 && pop->sharp; k++)
            if (pop->top[k] + pop->kick >= pop->threshold) fired += scan(w, pop, p, k);
        pop->spikes += fired; /* the next generation's kick: within this one all populations see the same */
        *spikes += fired;
    }
    return NPDE_OK;
}

static void count(npde__network *w, int64_t generations)
{
    int64_t size = 0;
    size_t power = 0;
    for (size_t p = 0; p < w->n_pop; p++) size += w->pop[p].spikes;
    while (size >> (power + 1)) power++;
    w->sizes[power]++;
    w->cascades++;
    if (generations > w->generations) w->generations = generations;
    const double share = (double)size / (double)(w->n * w->n_pop);
    if (share > w->largest) {
        w->largest = share;
        w->largest_time = w->t + w->h;
    }
}

npde_status npde__network_cascade(npde__network *w)
{
    int64_t generations = 0, spikes = 1;
    while (w->kicks && spikes > 0) {
        const npde_status status = generation(w, &spikes);
        if (status) return status;
        generations += spikes > 0;
    }
    if (generations > 0) count(w, generations);
    return NPDE_OK;
}
