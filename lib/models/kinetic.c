/* SPDX-License-Identifier: BSD-3-Clause
 * The voltage–conductance equation (Cai, Tao, Shelley & McLaughlin, PNAS 101, 2004; Perthame & Salort, Kinet. Relat.
 * Models 6, 2013)
 *
 *     ∂_t p + ∂_v[(g_L(V_L − v) + g(V_E − v)) p] = (1/σ) ∂_g[(g − G) p + a ∂_g p],    G = g_in + Σ S N, a = a0 + Σ a1 N,
 *
 * no flux at g = 0 and at the end of the grid; for g > g_F what leaves at V_F, N(g,t), enters at V_R at the same g, and
 * N = ∫ N(g,t) dg; its form with a discharge φ_F(v) (Perthame & Salort, Commun. Math. Sci. 17, 2019), and the limits
 * of fast conductance and of fast voltage. L is the relaxation in g alone; transport and relaxation are split.
 *
 * State of population p: its density at (g_j, v_i), v fastest; the mass in the refractory state; what it fired in the
 * last two steps; and who waits (kinetic_refractory.c). At the corner (V_F, g_F) the density is singular, and a flux read
 * off there would be of first order; what has fired is exact. The rate at the end of a step is therefore extrapolated from
 * the means over the last two.
 */
#include "models/kinetic.h"

#include <float.h>
#include <math.h>
#include <string.h>

static kinetic_system *self(npde__system *s)
{
    return (kinetic_system *)s;
}

static const kinetic_system *self_const(const npde__system *s)
{
    return (const kinetic_system *)s;
}

/* ---- rates ---- */

/* ∫ φ_F n over the rows, or what the rows' ends let out; g: the mean conductance of a macroscopic row. */
double npde__kinetic_rate(const kinetic_system *k, size_t p, const double *y, double g)
{
    const kinetic_population *pop = &k->pop[p];
    double rate = 0;
    for (size_t j = 0; j < k->n_g; j++) {
        const double *row = y + j * k->n_v;
        if (pop->phi) { /* and who comes to the end of the grid */
            const double at = k->g ? k->g->v[j] : g, end = k->v->breaks[k->v->n_segments];
            const double out = fmax(0, npde__kinetic_a(pop, at) - npde__kinetic_b(pop, at) * end);
            rate += (k->g ? k->g->w[j] : 1) * (npde__characteristics_rate(&pop->row, pop->phi, row) +
                                               out * npde__characteristics_end(&pop->row, row));
        } else if (!k->g) {
            const double out = npde__kinetic_a(pop, g) - npde__kinetic_b(pop, g) * pop->v_threshold;
            rate += fmax(out, 0) * npde__characteristics_end(&pop->row, row);
        } else if (pop->weight[j] != 0) {
            rate += pop->weight[j] * (k->v ? npde__characteristics_end(&pop->row, row) : row[0]);
        }
    }
    return rate;
}

enum {
    MEAN = NPDE__KINETIC_MEAN,
    DURATION = NPDE__KINETIC_DURATION,
    MEAN_BEFORE = NPDE__KINETIC_MEAN_BEFORE,
    DURATION_BEFORE = NPDE__KINETIC_DURATION_BEFORE
};

static int counts_fired(const kinetic_system *k)
{
    return k->v && !k->pop[0].phi;
}

/* Not below 0, where a volley has just passed. */
static double extrapolated(const double *extra)
{
    const double slope = (extra[MEAN] - extra[MEAN_BEFORE]) / (extra[DURATION] + extra[DURATION_BEFORE]);
    return fmax(0, extra[MEAN] + slope * extra[DURATION]);
}

npde_status npde__kinetic_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    kinetic_system *k = self(s);
    const int implicit = !k->g && counts_fired(k); /* the drift at V_F depends on the rates by itself */
    if (counts_fired(k) && y[s->points + DURATION] > 0) {
        for (size_t p = 0; p < s->n_rates; p++) rates[p] = extrapolated(y + p * s->stride + s->points);
        return NPDE_OK;
    }
    for (int i = 0; i < 200; i++) {
        double change = 0, size = 1;
        const npde_status status = implicit ? npde__lif_law(&k->coupling, t, side, rates) : NPDE_OK;
        if (status) return status;
        for (size_t p = 0; p < s->n_rates; p++) {
            const double g =
                implicit ? npde__kinetic_mean(k->coupling.drive[p], k->coupling.diffusion[p]) : k->pop[p].mean;
            const double rate = npde__kinetic_rate(k, p, y + p * s->stride, g);
            change = fmax(change, fabs(rate - rates[p]));
            size = fmax(size, fabs(rate));
            rates[p] = rate;
        }
        if (!implicit || !s->coupled || change <= 4 * DBL_EPSILON * size) return NPDE_OK;
        if (!isfinite(change)) break;
    }
    return npde__fail(s->context, NPDE__RETRY, "no consistent rates at t = %g", t);
}

/* ---- coefficients ---- */

/* G at n potentials by the user's callback. */
static npde_status ask(kinetic_system *k, double t, size_t p, const double *rates, size_t n, const double *v,
                       double *g_mean)
{
    npde__system *s = &k->coupling.base;
    npde_context *c = s->context;
    for (size_t i = 0; i < n; i++) g_mean[i] = fmax(0, k->coupling.drive[p]);
    s->callbacks++;
    const int32_t answer = k->conductance->fn.conductance(t, p, n, v, rates, g_mean, k->conductance->user);
    s->answer = answer;
    if (answer > 0) return npde__fail(c, NPDE__RETRY, "the conductance callback returned %d at t = %g", (int)answer, t);
    if (answer < 0) {
        c->user_status = answer;
        return npde__fail(c, NPDE_ERR_CALLBACK, "the conductance callback returned %d at t = %g", (int)answer, t);
    }
    for (size_t i = 0; i < n; i++)
        if (!isfinite(g_mean[i]) || g_mean[i] < 0)
            return npde__fail(c, NPDE_ERR_CALLBACK,
                              "the conductance callback of population %zu gave %g at v = %g, t = %g: it must be finite "
                              "and >= 0",
                              p, g_mean[i], v[i], t);
    return NPDE_OK;
}

static npde_status kinetic_freeze(npde__system *s, double t, int side, const double *rates)
{
    kinetic_system *k = self(s);
    const npde_status status = npde__lif_law(&k->coupling, t, side, rates);
    if (status) return status;
    for (size_t p = 0; p < s->n_rates; p++) {
        kinetic_population *pop = &k->pop[p];
        const double mean = k->coupling.drive[p], diffusion = k->coupling.diffusion[p];
        pop->mean = npde__kinetic_mean(mean, diffusion);
        pop->weighed = NULL;
        if (!k->g) continue;
        pop->g_mean[0] = mean;
        double at_reset = mean;
        npde_status asked = k->conductance ? ask(k, t, p, rates, k->n_v, k->v->v, pop->g_mean) : NPDE_OK;
        if (!asked && k->conductance && npde__kinetic_waits(k, pop))
            asked = ask(k, t, p, rates, 1, &pop->v_reset, &at_reset);
        if (asked) return asked;
        npde__relaxation_load(&pop->column, pop->g_mean, diffusion);
        if (npde__kinetic_waits(k, pop)) npde__relaxation_load(&pop->waiting, &at_reset, diffusion);
    }
    return NPDE_OK;
}

/* ---- mass ---- */

static double weight(const kinetic_system *k, size_t i, size_t j)
{
    return (k->v ? k->v->w[i] : 1) * (k->g ? k->g->w[j] : 1);
}

/* ∫ over v of row j. */
static double row_mass(const kinetic_system *k, size_t p, size_t j, const double *y)
{
    return y == k->pop[p].weighed ? k->pop[p].row_mass[j] : npde__kinetic_weigh(k, y + j * k->n_v);
}

/* Mass of a population by compensated summation over rows. */
static double mass(const npde__system *s, size_t p, const double *y)
{
    const kinetic_system *k = self_const(s);
    kinetic_sum all = {.sum = npde__kinetic_waiting_mass(k, &k->pop[p], 0, y)};
    for (size_t j = 0; j < k->n_g; j++) npde__kinetic_add(&all, (k->g ? k->g->w[j] : 1) * row_mass(k, p, j, y));
    return all.sum + all.lost;
}

static double kinetic_mass_defect(const npde__system *s, const double *y)
{
    double defect = 0;
    for (size_t p = 0; p < s->n_rates; p++) defect = fmax(defect, fabs(mass(s, p, y + p * s->stride) - 1));
    return defect;
}

static double kinetic_min_density(const npde__system *s, const double *y)
{
    const kinetic_system *k = self_const(s);
    double min = INFINITY;
    for (size_t p = 0; p < s->n_rates; p++) {
        const double *n = npde__kinetic_shown((npde__system *)s, p, y + p * s->stride);
        for (size_t i = 0; i < s->points; i++) min = fmin(min, n[i]);
        if (npde__kinetic_waits(k, &k->pop[p]))
            min = fmin(min, npde__kinetic_waiting_least(k, &k->pop[p], y + p * s->stride));
    }
    return min;
}

/*
 * The schemes conserve mass; rounding does not. When it has come to more than a few ulps it is put back by a factor;
 * a defect beyond rounding is not hidden.
 */
static void restore_mass(npde__system *s, size_t p, double *y)
{
    const kinetic_system *k = self_const(s);
    const double defect = mass(s, p, y) - 1;
    if (!(fabs(defect) <= 1e-12) || fabs(defect) < 2e-14) return;
    for (size_t i = 0; i < s->points; i++) y[i] -= defect * y[i];
    if (npde__kinetic_waits(k, &k->pop[p])) npde__kinetic_waiting_scale(k, &k->pop[p], 1 - defect, y);
    s->mass_rounding += fabs(defect);
    self(s)->pop[p].weighed = NULL;
}

static const double lost_mass = 1e-6;

/* A sum that is finite has no part that is not; where it is of what moved, what moved it must be finite as well. A mass that is
 * not 1 is what is left of large numbers of both signs. */
static int kinetic_finite(const npde__system *s, const double *y)
{
    const kinetic_system *k = self_const(s);
    for (size_t p = 0; p < s->n_rates; p++, y += s->stride) {
        const size_t known = y == k->pop[p].weighed ? s->points : 0;
        if (known && !(fabs(mass(s, p, y) - 1) <= lost_mass)) return 0;
        if (!npde__system_finite(y + known, s->stride - known)) return 0;
    }
    return 1;
}

/* Mass in the last tenth of the conductance axis, and of the potentials beyond V_F with a discharge. */
static void watch_tail(npde__system *s, size_t p, const double *y)
{
    const kinetic_system *k = self_const(s);
    const kinetic_population *pop = &k->pop[p];
    double tail = 0, beyond = 0;
    const double end = pop->phi ? k->v->breaks[k->v->n_segments] : 0, from = end - 0.1 * (end - pop->v_threshold);
    for (size_t j = 0; pop->phi && j < k->n_g; j++)
        for (size_t i = k->n_v; i-- > 0 && k->v->v[i] > from;) beyond += weight(k, i, j) * y[j * k->n_v + i];
    for (size_t j = k->n_g; k->g && j-- > 0 && k->g->v[j] > 0.9 * k->g->breaks[k->g->n_segments];)
        tail += k->g->w[j] * row_mass(k, p, j, y);
    s->tail_mass = fmax(s->tail_mass, fmax(tail, beyond));
}

static void kinetic_accept(npde__system *s, double t, double *y, const double *rates)
{
    kinetic_system *k = self(s);
    k->coupling.accepted = t;
    for (size_t p = 0; p < s->n_rates; p++) {
        restore_mass(s, p, y + p * s->stride);
        y[p * s->stride + s->points + NPDE__KINETIC_RESERVOIR] =
            npde__kinetic_reservoir(k, &k->pop[p], y + p * s->stride);
        watch_tail(s, p, y + p * s->stride);
        k->pop[p].weighed = NULL;
    }
    npde__lif_remember(&k->coupling, t, y, rates);
}

/* What is owed is owed at the coefficients before. */
static void kinetic_jump(npde__system *s, double *y, const double *rates)
{
    for (size_t p = 0; p < s->n_rates; p++) npde__kinetic_settle(s, p, y + p * s->stride);
    npde__lif_jump(s, y, rates);
}

static void kinetic_measure(const npde__system *s, const double *e, double *size, double *rates)
{
    const kinetic_system *k = self_const(s);
    *size = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        const double *y = e + p * s->stride;
        double sum = npde__kinetic_waiting_mass(k, &k->pop[p], 1, y);
        for (size_t j = 0; j < k->n_g; j++)
            for (size_t i = 0; i < k->n_v; i++) sum += weight(k, i, j) * fabs(y[j * k->n_v + i]);
        *size = fmax(*size, sum);
        rates[p] = npde__kinetic_rate(k, p, y, k->pop[p].mean);
    }
}

/* ---- memory ---- */

static void kinetic_snapshot(npde__system *s, npde__bytes *bytes)
{
    lif_system *l = &self(s)->coupling;
    npde__lif_snapshot_coupling(s, l, bytes);
    if (l->memory) npde__history_snapshot(&l->history, bytes);
}

static void kinetic_free(npde__system *s)
{
    kinetic_system *k = self(s);
    lif_system *l = &k->coupling;
    npde_context *c = s->context;
    for (size_t p = 0; k->pop && p < s->n_rates; p++) {
        kinetic_population *pop = &k->pop[p];
        npde__characteristics_free(&pop->row);
        npde__relaxation_free(&pop->column);
        npde__kinetic_waiting_free(pop, c);
        npde__kinetic_shown_free(pop, c);
        npde__kinetic_faces_free(pop->faces, c);
        npde__free(c, pop->other_k);
        double *const blocks[] = {pop->g_mean, pop->growth,   pop->moving,  pop->weight,
                                  pop->phi,    pop->survival, pop->row_mass};
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    }
    npde__lif_free_coupling(l);
    npde__callback_release(k->conductance);
    void *const blocks[] = {k->pop, k->weights, k->noise, k->scratch, l->pop, l->drive, l->diffusion};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__grid_release(l->grid);
    npde__free(c, k);
}

/* ---- making it ---- */

/* Mean discharge of each cell, by Gauss quadrature within the grid's segments, where it is smooth. */
static npde_status make_discharge(kinetic_system *k, const npde_model *m, size_t p)
{
    static const double x[3] = {-0.7745966692414833770, 0, 0.7745966692414833770}, w[3] = {5. / 18, 8. / 18, 5. / 18};
    kinetic_population *pop = &k->pop[p];
    npde_context *c = m->context;
    pop->phi = npde__alloc(c, k->n_v, sizeof *pop->phi);
    pop->survival = npde__alloc(c, k->n_v, sizeof *pop->survival);
    if (!pop->phi || !pop->survival) return NPDE_ERR_MEMORY;
    npde__population of = npde__model_population(m, p);
    for (size_t i = 0; i < k->n_v; i++) {
        double at[3], value[3];
        for (int q = 0; q < 3; q++) at[q] = k->v->v[i] + x[q] * k->v->w[i] / 2;
        const npde_status status = npde__model_discharge(&of, 3, at, value);
        if (status) return status;
        for (int q = 0; q < 3; q++) pop->phi[i] += w[q] * value[q];
    }
    return NPDE_OK;
}

static npde_status make_rows(kinetic_system *k, const npde_model *m, size_t p)
{
    kinetic_population *pop = &k->pop[p];
    npde_context *c = m->context;
    const size_t reset = k->v->node[npde__grid_break(k->v, pop->v_reset)];
    npde_status status = npde__characteristics_init(&pop->row, c, k->v, reset);
    pop->row.bounded =
        !k->g || k->g->scheme != NPDE_SCHEME_SPECTRAL; /* a relaxation that is not positive would undo it */
    const npde_id discharge = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE);
    if (!status && discharge && discharge != NPDE_DISCHARGE_NONE) status = make_discharge(k, m, p);
    return status;
}

static npde_status make_columns(kinetic_system *k, const npde_model *m, size_t p)
{
    kinetic_population *pop = &k->pop[p];
    npde_context *c = m->context;
    pop->g_mean = npde__alloc(c, k->n_v, sizeof *pop->g_mean);
    pop->growth = npde__alloc(c, k->n_g, sizeof *pop->growth);
    pop->moving = npde__alloc(c, k->n_g, sizeof *pop->moving);
    pop->weight = npde__alloc(c, k->n_g, sizeof *pop->weight);
    pop->row_mass = npde__alloc(c, k->n_g, sizeof *pop->row_mass);
    if (!pop->g_mean || !pop->growth || !pop->moving || !pop->weight || !pop->row_mass) return NPDE_ERR_MEMORY;
    for (size_t j = 0; j < k->n_g; j++) {
        const double g = k->g->v[j];
        pop->weight[j] = k->g->w[j] * fmax(0, npde__kinetic_a(pop, g) - npde__kinetic_b(pop, g) * pop->v_threshold);
    }
    if (!k->v) npde__kinetic_crossing_weights(k->g, pop, pop->weight);
    const npde_id scheme = (k->v ? k->v : k->g)->scheme;
    const int positive = scheme == NPDE_SCHEME_CELLS_LIMITED || scheme == NPDE_SCHEME_CELLS_UPWIND;
    return npde__relaxation_init(&pop->column, c, k->g, k->n_v, npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_TIME),
                                 positive, k->conductance != NULL);
}

static npde_status make_population(kinetic_system *k, const npde_model *m, size_t p, double dt)
{
    lif_population *coupled = &k->coupling.pop[p];
    coupled->drive0 = npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_INPUT);
    coupled->diffusion0 =
        fmax(DBL_MIN, npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_DIFFUSION)); /* 0 is none at all */
    coupled->refractory = NPDE_REFRACTORY_NONE; /* the memory of delays has no part in it */
    k->pop[p] = npde__kinetic_read(m, p);
    npde_status status = npde__kinetic_check_grid(m, k->coupling.grid, p);
    if (!status && k->v) status = make_rows(k, m, p);
    if (!status && k->g) status = make_columns(k, m, p);
    if (!status) status = npde__kinetic_waiting_init(k, m, p, dt);
    return status ? status : npde__kinetic_shown_init(k, p);
}

static uint64_t hash_axis(uint64_t h, const npde_grid *g)
{
    if (!g) return h;
    h = npde__bytes_hash(h, &g->scheme, sizeof g->scheme);
    return npde__bytes_hash(h, g->v, g->n * sizeof(double));
}

static uint64_t signature(const kinetic_system *k, const npde_model *m)
{
    const size_t n = m->n_pop;
    uint64_t h = npde__bytes_hash(NPDE__HASH, &m->kind->id, sizeof m->kind->id);
    h = npde__bytes_hash(h, m->param, n * m->n_params * sizeof(double));
    for (size_t i = 0; i < NPDE__MATRICES; i++) h = npde__bytes_hash(h, m->matrix[i], n * n * sizeof(double));
    const int callbacks[] = {m->coupling != NULL, m->conductance != NULL};
    h = npde__bytes_hash(h, callbacks, sizeof callbacks);
    h = hash_axis(hash_axis(h, k->v), k->g);
    h = npde__bytes_hash(h, &k->coupling.base.stride, sizeof k->coupling.base.stride); /* the room of conveyors */
    for (size_t p = 0; p < n; p++)
        if (k->pop[p].phi) h = npde__bytes_hash(h, k->pop[p].phi, k->n_v * sizeof(double));
    return npde__bytes_hash(h, &k->coupling.history.capacity, sizeof k->coupling.history.capacity);
}

static const npde__system_ops ops = {
    .free = kinetic_free,
    .rates = npde__kinetic_rates,
    .freeze = kinetic_freeze,
    .factor = npde__kinetic_factor,
    .solve = npde__kinetic_solve,
    .apply = npde__kinetic_apply,
    .correct = npde__kinetic_correct,
    .remainder = npde__kinetic_remainder,
    .drift = npde__kinetic_drift,
    .begin = npde__lif_begin,
    .accept = kinetic_accept,
    .jump = kinetic_jump,
    .next_break = npde__lif_next_break,
    .measure = kinetic_measure,
    .mass_defect = kinetic_mass_defect,
    .min_density = kinetic_min_density,
    .snapshot = kinetic_snapshot,
    .split_step = npde__kinetic_split_step,
    .finite = kinetic_finite,
    .shown = npde__kinetic_shown,
};

static npde_status allocate(kinetic_system *k, npde_context *c, size_t n)
{
    lif_system *l = &k->coupling;
    l->past = npde__alloc(c, n, sizeof(double));
    l->drive = npde__alloc(c, n, sizeof(double));
    l->diffusion = npde__alloc(c, n, sizeof(double));
    l->pop = npde__alloc(c, n, sizeof *l->pop);
    k->pop = npde__alloc(c, n, sizeof *k->pop);
    k->weights = npde__alloc(c, n * n, sizeof(double));
    k->noise = npde__alloc(c, n * n, sizeof(double));
    return l->past && l->drive && l->diffusion && l->pop && k->pop && k->weights && k->noise ? NPDE_OK
                                                                                             : NPDE_ERR_MEMORY;
}

/* The state, and steps no longer than what a conveyor holds. */
static void lay_out(kinetic_system *k)
{
    npde__system *s = &k->coupling.base;
    size_t most = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        const kinetic_population *pop = &k->pop[p];
        const size_t size = npde__kinetic_waiting_size(k, pop);
        if (size > most) most = size;
        if (pop->refractory == NPDE_REFRACTORY_FIXED && k->v) s->max_step = fmin(s->max_step, pop->tau);
    }
    const size_t lanes =
        NPDE__KERNELS_LANES; /* the rows of each population begin lines of the cache if those of the first do */
    s->stride = (s->points + NPDE__KINETIC_WAITING + most + lanes - 1) / lanes * lanes;
    s->n = s->n_rates * s->stride;
}

static npde_status make_explicit(kinetic_system *k, const npde_model *m, size_t order)
{
    npde__system *s = &k->coupling.base;
    npde_context *c = s->context;
    s->explicit_refused = npde__kinetic_refuses_explicit(k, order);
    if (s->explicit_refused) return NPDE_OK;
    s->explicit_rate = npde__kinetic_explicit_rate(k);
    if (!(k->scratch = npde__alloc(c, s->stride, sizeof *k->scratch))) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < s->n_rates; p++) {
        kinetic_population *pop = &k->pop[p];
        const size_t reset = k->v->node[npde__grid_break(k->v, npde__model_value(m, p, NPDE_PARAM_V_RESET))];
        const npde_status status = npde__kinetic_faces_new(c, k->v, reset, &pop->faces);
        if (status) return status;
        if (k->g->scheme == NPDE_SCHEME_SPECTRAL && !(pop->other_k = npde__alloc(c, k->n_g * k->n_g, sizeof(double))))
            return NPDE_ERR_MEMORY;
    }
    return NPDE_OK;
}

static npde_status make(const npde_model *m, const npde_grid *grid, npde_id flux, size_t order, double dt,
                        double history, npde__system **out)
{
    (void)flux; /* there is one */
    npde_context *c = m->context;
    kinetic_system *k = npde__alloc(c, 1, sizeof *k);
    if (!k) return NPDE_ERR_MEMORY;
    const size_t n = m->n_pop, points = grid->n;
    const int fast = m->kind->id == NPDE_MODEL_FAST_VOLTAGE;
    k->coupling.base = (npde__system){.ops = &ops, .context = c, .n_rates = n, .points = points};
    k->coupling.base.unknowns = points;
    k->coupling.grid = npde__grid_acquire(grid);
    k->v = fast ? NULL : npde__grid_axis(grid, 0);
    k->g = fast ? grid : npde__grid_axes(grid) == 2 ? npde__grid_axis(grid, 1) : NULL;
    k->n_v = k->v ? k->v->n : 1;
    k->n_g = k->g ? k->g->n : 1;
    k->conductance = npde__callback_acquire(m->conductance);
    npde_status status = allocate(k, c, n);
    if (!status) status = npde__lif_make_coupling(&k->coupling, m);
    if (!status) memcpy(k->weights, m->matrix[0], n * n * sizeof(double));
    if (!status) memcpy(k->noise, m->matrix[1], n * n * sizeof(double));
    for (size_t p = 0; p < n && !status; p++) status = make_population(k, m, p, dt);
    if (!status) status = npde__lif_make_history(&k->coupling, order, dt, history);
    if (!status) lay_out(k);
    if (!status) status = make_explicit(k, m, order);
    if (status) {
        kinetic_free(&k->coupling.base);
        return status;
    }
    if (k->conductance) k->coupling.base.coupled = 1;
    k->coupling.base.signature = signature(k, m);
    *out = &k->coupling.base;
    return NPDE_OK;
}

/* ---- the kinds ---- */

static npde_status validate(const npde_model *m, size_t p)
{
    const kinetic_population pop = npde__kinetic_read(m, p);
    const npde_id discharge = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE), kind = m->kind->id;
    if (!(pop.v_threshold < pop.v_excitatory))
        return npde__fail(
            m->context, NPDE_ERR_RANGE,
            "population %zu: v_threshold = %g must be less than v_excitatory = %g, which no potential passes", p,
            pop.v_threshold, pop.v_excitatory);
    if (!(pop.v_leak <= pop.v_reset))
        return npde__fail(m->context, NPDE_ERR_RANGE,
                          "population %zu: v_reset = %g must be at least v_leak = %g, where potentials end", p,
                          pop.v_reset, pop.v_leak);
    if (kind != NPDE_MODEL_MACROSCOPIC && !(npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_DIFFUSION) > 0))
        return npde__fail(
            m->context, NPDE_ERR_RANGE,
            "population %zu: conductance_diffusion = 0 must be > 0; without it, take the kind macroscopic", p);
    if (kind == NPDE_MODEL_REDUCED_KINETIC && discharge == NPDE_DISCHARGE_NONE)
        return npde__fail(
            m->context, NPDE_ERR_RANGE,
            "population %zu: the kind reduced_kinetic fires by discharge, which is none; set it, or take the "
            "kind voltage_conductance",
            p);
    const npde_id first = (npde_id)npde__model_value(m, 0, NPDE_PARAM_DISCHARGE);
    if (kind == NPDE_MODEL_MACROSCOPIC && (discharge == NPDE_DISCHARGE_NONE) != (first == NPDE_DISCHARGE_NONE))
        return npde__fail(
            m->context, NPDE_ERR_RANGE,
            "population %zu: discharge is %s and that of population 0 %s: the axis v they share either ends at "
            "v_threshold or goes on, so all need a discharge or none; in place of a threshold take the discharge step "
            "with a high discharge_rate",
            p, npde__ids_row(discharge)->name, npde__ids_row(first)->name);
    return NPDE_OK;
}

/* Also what the kinds without discharge lack; see the rows below. */
#define LIF_ONLY NPDE_PARAM_TIME_CONSTANT, NPDE_PARAM_DRIVE, NPDE_PARAM_DRIVE_SWING, NPDE_PARAM_DIFFUSION

static const npde_id threshold_lacks[] = {LIF_ONLY, NPDE_PARAM_DISCHARGE, NPDE_PARAM_DISCHARGE_RATE, 0};
static const npde_id discharge_lacks[] = {LIF_ONLY, 0};
static const npde_id macroscopic_lacks[] = {LIF_ONLY, NPDE_PARAM_CONDUCTANCE_TIME, 0};

const npde_id npde__kinetic_params[] = {NPDE_PARAM_G_LEAK,
                                        NPDE_PARAM_V_EXCITATORY,
                                        NPDE_PARAM_CONDUCTANCE_TIME,
                                        NPDE_PARAM_CONDUCTANCE_INPUT,
                                        NPDE_PARAM_CONDUCTANCE_DIFFUSION,
                                        0};

#define KIND(ID, LACKS)                                                                        \
    {                                                                                          \
        .id = (ID), .max_pop = 4096, .coupled = 1, .make = make, .start = npde__kinetic_start, \
        .fit_grid = npde__kinetic_fit_grid, .lacks = (LACKS), .validate = validate             \
    }
const npde__model_kind npde__voltage_conductance = KIND(NPDE_MODEL_VOLTAGE_CONDUCTANCE, threshold_lacks);
const npde__model_kind npde__reduced_kinetic = KIND(NPDE_MODEL_REDUCED_KINETIC, discharge_lacks);
const npde__model_kind npde__macroscopic = KIND(NPDE_MODEL_MACROSCOPIC, macroscopic_lacks);
const npde__model_kind npde__fast_voltage = KIND(NPDE_MODEL_FAST_VOLTAGE, threshold_lacks);
