/* SPDX-License-Identifier: BSD-3-Clause
 * Making the LIF system: its populations, which of them go side by side, initial state, memory, snapshots. */
#include "models/lif.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST = NPDE__LANES / 2 }; /* of a group: lanes cost the same, full or empty */

static lif_system *self(npde__system *s)
{
    return npde__lif_self(s);
}

static void lif_snapshot(npde__system *s, npde__bytes *bytes)
{
    lif_system *l = self(s);
    npde__lif_snapshot_coupling(s, l, bytes);
    for (size_t p = 0; p < s->n_rates; p++) {
        lif_population *pop = &l->pop[p];
        double *const frozen[] = {&pop->drive, &pop->diffusion, &pop->release, &pop->tail[0], &pop->tail[1]};
        for (size_t i = 0; i < sizeof frozen / sizeof frozen[0]; i++)
            npde__bytes_block(bytes, frozen[i], sizeof(double));
    }
    if (bytes->mode == NPDE__BYTES_READ) npde__lif_load(l);
    npde__lif_snapshot_complex(s, bytes);
    if (l->memory) npde__history_snapshot(&l->history, bytes);
}

static void lif_free(npde__system *s)
{
    lif_system *l = self(s);
    npde_context *c = s->context;
    npde__lif_free_complex(l);
    for (size_t k = 0; k < l->n_groups; k++) npde__operator_free(&l->group[k].op);
    npde__stencil_free_all(l->stencils);
    npde__lif_free_coupling(l);
    void *const blocks[] = {l->pop,         l->group,        l->drive,           l->diffusion,          l->probe_rates,
                            l->probe_drive, l->residual,     l->probe_diffusion, l->to_drive,           l->to_diffusion,
                            l->by_drive,    l->by_diffusion, l->drive_response,  l->diffusion_response, l->work,
                            l->cascade,     l->sums};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__grid_release(l->grid);
    npde__free(c, l);
}

/* ---- making it ---- */

/* A population and the stencil it goes by. */
typedef struct {
    npde__stencil *stencil;
    size_t pop;
} placed;

static npde_status make_population(lif_system *l, const npde_model *m, size_t p, npde_id flux, placed *place)
{
    lif_population *pop = &l->pop[p];
    pop->drive0 = npde__model_value(m, p, NPDE_PARAM_DRIVE);
    pop->diffusion0 = npde__model_value(m, p, NPDE_PARAM_DIFFUSION);
    pop->refractory = (npde_id)npde__model_value(m, p, NPDE_PARAM_REFRACTORY);
    pop->tau = npde__model_value(m, p, NPDE_PARAM_REFRACTORY_TIME);
    size_t reset;
    npde_status status = npde__model_locate(m, l->grid, p, &reset, &pop->threshold);
    if (status) return status;
    npde__population of = npde__model_population(m, p);
    const double end = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD);
    pop->distance = end - npde__model_value(m, p, NPDE_PARAM_V_RESET);
    pop->leaky = m->drift == NULL;
    const double below = end - (pop->leaky ? 0 : 1e-9 * pop->distance); /* a drift of the user's may jump at a break */
    if ((status = npde__model_drift(&of, 1, &below, &pop->leak))) return status;
    const int sharp = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
    const npde__field drift = {npde__model_drift, &of}, discharge = {sharp ? NULL : npde__model_discharge, &of};
    const int fixed_coefficients = !l->linked && !l->coupling;
    const int exact = flux == NPDE_FLUX_EXACT || (flux == NPDE_FLUX_AUTOMATIC && fixed_coefficients);
    place->pop = p;
    status = npde__stencil_find(&l->stencils, l->base.context, l->grid, reset, pop->threshold, drift, discharge, exact,
                                &place->stencil);
    if (!status && place->stencil->end > l->base.unknowns) l->base.unknowns = place->stencil->end;
    return status;
}

static int by_stencil(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    if (x->stencil->number != y->stencil->number) return x->stencil->number < y->stencil->number ? -1 : 1;
    return (x->pop > y->pop) - (x->pop < y->pop);
}

static npde_status make_group(lif_system *l, const placed *place, size_t count)
{
    lif_group *g = &l->group[l->n_groups];
    size_t at[NPDE__LANES];
    g->count = count;
    g->factored_gamma = NAN;
    for (size_t i = 0; i < NPDE__LANES; i++) {
        g->pop[i] = place[i < count ? i : count - 1].pop;
        at[i] = g->pop[i] * l->base.stride;
        if (i < count) {
            l->pop[g->pop[i]].group = l->n_groups;
            l->pop[g->pop[i]].lane = i;
        }
    }
    l->n_groups++;
    return npde__operator_init(&g->op, place->stencil, count, at, l->work);
}

/* Populations that have a stencil in common go side by side, as long as they fill half of the lanes. */
static npde_status make_groups(lif_system *l, const placed *place)
{
    const size_t n = l->base.n_rates;
    npde_status status = NPDE_OK;
    for (size_t p = 0; p < n && !status;) {
        size_t count = 1;
        while (count < NPDE__LANES && p + count < n && place[p + count].stencil == place[p].stencil) count++;
        if (count < FEWEST) count = 1;
        status = make_group(l, place + p, count);
        p += count;
    }
    return status;
}

static npde_status make_populations(lif_system *l, const npde_model *m, npde_id flux)
{
    const size_t n = l->base.n_rates;
    placed *place = npde__alloc(l->base.context, n, sizeof *place);
    npde_status status = place ? NPDE_OK : NPDE_ERR_MEMORY;
    for (size_t p = 0; p < n && !status; p++) status = make_population(l, m, p, flux, &place[p]);
    if (!status) {
        qsort(place, n, sizeof *place, by_stencil);
        status = make_groups(l, place);
    }
    for (size_t p = 0; p < n && !status; p++) npde__lif_find_tails(l, p);
    npde__free(l->base.context, place);
    return status;
}

/* Hash of all that defines the problem; drift, discharge and flux by what the assembled operator does to a vector. */
static uint64_t signature(lif_system *l, const npde_model *m)
{
    const size_t n = m->n_pop;
    double *probe = l->by_drive, *image = l->by_diffusion;
    uint64_t h = npde__bytes_hash(NPDE__HASH, &m->kind->id, sizeof m->kind->id);
    h = npde__bytes_hash(h, m->param, n * m->n_params * sizeof(double));
    for (size_t i = 0; m->kind->coupled && i < NPDE__MATRICES; i++)
        h = npde__bytes_hash(h, m->matrix[i], n * n * sizeof(double));
    const int callback = l->coupling != NULL;
    h = npde__bytes_hash(h, &callback, sizeof callback);
    h = npde__bytes_hash(h, l->grid->v, l->grid->n * sizeof(double));
    h = npde__bytes_hash(h, &l->grid->scheme, sizeof l->grid->scheme);
    for (size_t p = 0; p < n; p++) {
        l->pop[p].drive = l->pop[p].drive0;
        l->pop[p].diffusion = l->pop[p].diffusion0;
        for (size_t i = 0; i < l->grid->n; i++) probe[p * l->base.stride + i] = 1 + (double)(i % 7);
    }
    npde__lif_load(l);
    l->base.ops->apply(&l->base, 0, probe, image);
    h = npde__bytes_hash(h, image, l->base.n * sizeof(double));
    return npde__bytes_hash(h, &l->history.capacity, sizeof l->history.capacity);
}

static const npde__system_ops ops = {
    .free = lif_free,
    .rates = npde__lif_rates,
    .freeze = npde__lif_freeze,
    .factor = npde__lif_factor,
    .solve = npde__lif_solve,
    .apply = npde__lif_apply,
    .correct = npde__lif_correct,
    .remainder = npde__lif_remainder,
    .evaluate = npde__lif_evaluate,
    .raise = npde__lif_raise,
    .drift = npde__lif_drift,
    .linearize = npde__lif_linearize,
    .factor_jacobian = npde__lif_factor_jacobian,
    .solve_jacobian = npde__lif_solve_jacobian,
    .make_complex = npde__lif_make_complex,
    .factor_jacobian_complex = npde__lif_factor_complex,
    .solve_jacobian_complex = npde__lif_solve_complex,
    .begin = npde__lif_begin,
    .accept = npde__lif_accept,
    .jump = npde__lif_jump,
    .next_break = npde__lif_next_break,
    .measure = npde__lif_measure,
    .mass_defect = npde__lif_mass_defect,
    .min_density = npde__lif_min_density,
    .layer = npde__lif_layer,
    .cascade = npde__lif_cascade,
    .fire = npde__lif_fire,
    .certificate = npde__lif_certificate,
    .snapshot = lif_snapshot,
};

static npde_status allocate(lif_system *l, npde_context *c, size_t n)
{
    double **const arrays[] = {&l->past,        &l->residual,        &l->drive,    &l->diffusion,    &l->probe_rates,
                               &l->probe_drive, &l->probe_diffusion, &l->to_drive, &l->to_diffusion, &l->cascade};
    double **const states[] = {&l->by_drive, &l->by_diffusion, &l->drive_response, &l->diffusion_response};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!(*arrays[i] = npde__alloc(c, n, sizeof(double)))) return NPDE_ERR_MEMORY;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (!(*states[i] = npde__alloc(c, l->base.n, sizeof(double)))) return NPDE_ERR_MEMORY;
    l->pop = npde__alloc(c, n, sizeof *l->pop);
    l->group = npde__alloc(c, n, sizeof *l->group);
    l->work = npde__alloc(c, npde__operator_work(l->grid), sizeof *l->work);
    return l->pop && l->group && l->work ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status make(const npde_model *m, const npde_grid *grid, npde_id flux, size_t order, double dt,
                        double history, npde__system **out)
{
    npde_context *c = m->context;
    const size_t n = m->n_pop;
    lif_system *l = npde__alloc(c, 1, sizeof *l);
    if (!l) return NPDE_ERR_MEMORY;
    l->base = (npde__system){.ops = &ops, .context = c, .n_rates = n, .points = grid->n, .stride = grid->n + 2};
    l->base.n = n * l->base.stride;
    l->grid = npde__grid_acquire(grid);
    npde_status status = allocate(l, c, n);
    if (!status) status = npde__lif_make_coupling(l, m);
    if (!status && l->base.coupled && !(l->sums = npde__alloc(c, (n + 1) * l->base.stride, sizeof *l->sums)))
        status = NPDE_ERR_MEMORY;
    if (!status) status = make_populations(l, m, flux);
    if (!status) status = npde__lif_make_history(l, order, dt, history);
    if (status) {
        lif_free(&l->base);
        return status;
    }
    l->base.constant = !l->base.coupled && !l->moves;
    l->base.smooth = l->grid->scheme == NPDE_SCHEME_SPECTRAL;
    l->base.signature = signature(l, m);
    *out = &l->base;
    return NPDE_OK;
}

/* The same Gaussian? */
static int alike(const npde__initial *a, const npde__initial *b)
{
    return a->kind == NPDE__INITIAL_GAUSSIAN && b->kind == a->kind && a->mean == b->mean && a->variance == b->variance;
}

/* Initial state: past rates, what they left in the reservoirs, the projected densities. */
static npde_status start(npde__system *s, const npde__initial *initial, double *y, double *resolution)
{
    lif_system *l = self(s);
    *resolution = 0;
    double error = 0, before = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        const lif_population *pop = &l->pop[p];
        double *n = y + p * s->stride;
        const double held = pop->refractory == NPDE_REFRACTORY_NONE ? 0 : pop->tau * initial[p].past_rate;
        if (!(held < 1))
            return npde__fail(s->context, NPDE_ERR_RANGE,
                              "population %zu: past rate %g x refractory time %g = %g must be < 1, the mass of all", p,
                              initial[p].past_rate, pop->tau, held);
        l->past[p] = initial[p].past_rate;
        n[s->points] = held;
        if (p > 0 && held == before && alike(&initial[p], &initial[p - 1]) &&
            npde__lif_operator(l, p)->stencil->end == npde__lif_operator(l, p - 1)->stencil->end) {
            memcpy(n, n - s->stride, s->points * sizeof *n);
            continue;
        }
        before = held;
        const npde_status status = npde__model_project(s->context, l->grid, npde__lif_operator(l, p)->stencil->end, p,
                                                       &initial[p], 1 - held, n, &error);
        if (status) return status;
        npde__lif_restore_mass(s, n, 1e-13);
        *resolution = fmax(*resolution, error);
    }
    s->mass_rounding = 0;
    return NPDE_OK;
}

const npde__model_kind npde__lif = {.id = NPDE_MODEL_LIF,
                                    .max_pop = 65536,
                                    .make = make,
                                    .start = start,
                                    .fit_grid = npde__model_fit_grid,
                                    .lacks = npde__kinetic_params};
const npde__model_kind npde__lif_network = {.id = NPDE_MODEL_LIF_NETWORK,
                                            .max_pop = 4096,
                                            .coupled = 1,
                                            .make = make,
                                            .start = start,
                                            .fit_grid = npde__model_fit_grid,
                                            .lacks = npde__kinetic_params};
