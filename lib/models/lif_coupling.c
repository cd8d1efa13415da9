/* SPDX-License-Identifier: BSD-3-Clause
 * Coupling of LIF populations: from rates, present and past, to drive and diffusion, and back by Newton's method. */
#include "models/lif.h"

#include "core/time.h"
#include "numerics/kernels.h"
#include "numerics/lapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the law ---- */

/* The built-in linear law, delays included. */
static void linear_law(const lif_system *l, double t, int side, const double *rates, double *drive, double *diffusion)
{
    const size_t n = l->base.n_rates;
    if (l->linked) npde__lif_act(l, &l->linear, rates, drive, diffusion);
    for (size_t p = 0; p < n; p++) {
        drive[p] = l->pop[p].drive0 + (l->linked ? drive[p] : 0);
        diffusion[p] = l->pop[p].diffusion0 + (l->linked && l->linear.noise ? diffusion[p] : 0);
        for (size_t q = l->apart ? p : 0; l->delayed && q < (l->apart ? p + 1 : n); q++) {
            const double b = l->weights[p * n + q], a1 = l->noise[p * n + q], d = l->delays[p * n + q];
            if ((b == 0 && a1 == 0) || d == 0) continue;
            const double rate = npde__history_at(&l->history, q, t - d, side);
            drive[p] += b * rate;
            diffusion[p] += a1 * rate;
        }
    }
}

/* The law with the user's callback on top. */
static npde_status law(lif_system *l, double t, int side, const double *rates, double *drive, double *diffusion)
{
    npde_context *c = l->base.context;
    linear_law(l, t, side, rates, drive, diffusion);
    if (l->coupling) {
        l->base.callbacks++;
        const int32_t answer = l->coupling->fn.coupling(npde__system_beside(&l->base, t, side), l->base.n_rates, rates,
                                                        drive, diffusion, l->coupling->user);
        l->base.answer = answer;
        if (answer > 0)
            return npde__fail(c, NPDE__RETRY, "the coupling callback returned %d at t = %g", (int)answer, t);
        if (answer < 0) {
            c->user_status = answer;
            return npde__fail(c, NPDE_ERR_CALLBACK, "the coupling callback returned %d at t = %g", (int)answer, t);
        }
    }
    for (size_t p = 0; p < l->base.n_rates; p++) {
        const int finite = isfinite(drive[p]) && isfinite(diffusion[p]);
        if (finite && diffusion[p] > 0) continue;
        /* Without a callback this is a rate that ran away: a smaller step may find the way back. */
        return npde__fail(
            c, l->coupling && !finite ? NPDE_ERR_CALLBACK : NPDE__RETRY,
            "population %zu: drive = %g and diffusion = %g at t = %g: both must be finite and diffusion > 0", p,
            drive[p], diffusion[p], t);
    }
    return NPDE_OK;
}

npde_status npde__lif_law(lif_system *l, double t, int side, const double *rates)
{
    return law(l, t, side, rates, l->drive, l->diffusion);
}

/* ---- its derivatives ---- */

/*
 * Column q of the callback's Jacobian by central differences, exact to about 1e-10; forward ones near rate 0, because no one
 * need know what a coupling is at negative rates.
 */
static npde_status jacobian_column(lif_system *l, double t, int side, const double *rates, size_t q,
                                   lif_jacobian *jacobian)
{
    const size_t n = l->base.n_rates;
    const double step = 1e-5 * (1 + fabs(rates[q]));
    const double below = rates[q] < step ? 0 : step;
    memcpy(l->probe_rates, rates, n * sizeof *rates);
    for (int sign = 1; sign >= -1; sign -= 2) {
        l->probe_rates[q] = sign > 0 ? rates[q] + step : rates[q] - below;
        const npde_status status = law(l, t, side, l->probe_rates, l->probe_drive, l->probe_diffusion);
        if (status) return status;
        for (size_t p = 0; p < n; p++) {
            const size_t k = l->diagonal ? p : q * l->ld + p;
            jacobian->drive[k] += sign * l->probe_drive[p] / (step + below);
            jacobian->diffusion[k] += sign * l->probe_diffusion[p] / (step + below);
        }
    }
    return NPDE_OK;
}

npde_status npde__lif_law_jacobian(lif_system *l, double t, int side, const double *rates, lif_jacobian *jacobian)
{
    const size_t n = l->base.n_rates;
    if (!l->iterate_callback) {
        *jacobian = l->linear;
        return NPDE_OK;
    }
    const size_t size = (l->diagonal ? n : n * l->ld) * sizeof(double);
    memset(jacobian->drive, 0, size);
    memset(jacobian->diffusion, 0, size);
    /* A first try moves all rates at once: a callback that only moves the drive in time then costs one call. */
    for (size_t k = 0; k < n; k++)
        l->probe_rates[k] = rates[k] + 1e-7 * (1 + fabs(rates[k])) * (1 + (double)k / (double)n);
    npde_status status = law(l, t, side, l->probe_rates, l->probe_drive, l->probe_diffusion);
    jacobian->noise = memcmp(l->probe_diffusion, l->diffusion, n * sizeof(double)) != 0;
    jacobian->any = jacobian->noise || memcmp(l->probe_drive, l->drive, n * sizeof(double)) != 0;
    for (size_t q = 0; q < n && jacobian->any && !status; q++) status = jacobian_column(l, t, side, rates, q, jacobian);
    return status;
}

void npde__lif_act(const lif_system *l, const lif_jacobian *jacobian, const double *x, double *drive, double *diffusion)
{
    const size_t n = l->base.n_rates;
    if (l->diagonal) {
        for (size_t p = 0; p < n; p++) drive[p] = jacobian->drive[p] * x[p];
        for (size_t p = 0; jacobian->noise && p < n; p++) diffusion[p] = jacobian->diffusion[p] * x[p];
        return;
    }
    npde__kernels_best()->multiply(n, n, jacobian->drive, l->ld, x, drive);
    if (jacobian->noise) npde__kernels_best()->multiply(n, n, jacobian->diffusion, l->ld, x, diffusion);
}

static npde_status singular(const lif_system *l)
{
    return npde__fail(l->base.context, NPDE__RETRY, "the Jacobian of the rates is singular");
}

npde_status npde__lif_factor_rates(lif_system *l, const lif_jacobian *jacobian, double *matrix, int *pivots)
{
    const size_t n = l->base.n_rates;
    const double *drive = jacobian->drive, *diffusion = jacobian->diffusion;
    if (l->diagonal) {
        for (size_t p = 0; p < n; p++)
            matrix[p] = 1 / (1 - l->to_drive[p] * drive[p] - (jacobian->noise ? l->to_diffusion[p] * diffusion[p] : 0));
        return npde__system_finite(matrix, n) ? NPDE_OK : singular(l);
    }
    for (size_t q = 0; q < n; q++, drive += l->ld, diffusion += l->ld) { /* column-major */
        double *column = matrix + q * n;
        for (size_t p = 0; p < n; p++) column[p] = -l->to_drive[p] * drive[p];
        for (size_t p = 0; jacobian->noise && p < n; p++) column[p] -= l->to_diffusion[p] * diffusion[p];
        column[q] += 1;
    }
    const int order = (int)n;
    int info = 0;
    dgetrf_(&order, &order, matrix, &order, pivots, &info);
    return info ? singular(l) : NPDE_OK;
}

npde_status npde__lif_solve_rates(lif_system *l, const double *matrix, const int *pivots, double *residual)
{
    const size_t n = l->base.n_rates;
    const int order = (int)n, one = 1;
    int info = 0;
    if (l->diagonal)
        for (size_t p = 0; p < n; p++) residual[p] *= matrix[p];
    else dgetrs_("N", &order, &one, matrix, &order, pivots, residual, &order, &info, 1);
    return npde__system_finite(residual, n) ? NPDE_OK : singular(l);
}

npde_status npde__lif_law_slope(lif_system *l, double t, double h, const double *rates, double *release)
{
    /* One-sided difference of fourth order: nothing before t, where coefficients may have jumped, and nothing beyond the step. */
    enum { POINTS = 5 };
    static const double weight[POINTS] = {-25. / 12, 4, -3, 4. / 3, -0.25};
    const size_t n = l->base.n_rates;
    const double step = h / 64;
    memset(l->drive, 0, n * sizeof(double));
    memset(l->diffusion, 0, n * sizeof(double));
    memset(release, 0, n * sizeof(double));
    for (int k = 0; k < POINTS; k++) {
        const double w = weight[k] / step, at = t + k * step;
        const npde_status status = law(l, at, +1, rates, l->probe_drive, l->probe_diffusion);
        if (status) return status;
        for (size_t p = 0; p < n; p++) {
            l->drive[p] += w * l->probe_drive[p];
            l->diffusion[p] += w * l->probe_diffusion[p];
            if (l->pop[p].refractory == NPDE_REFRACTORY_FIXED) release[p] += w * npde__lif_release(l, p, at, +1);
        }
    }
    memcpy(l->probe_drive, l->drive, n * sizeof(double));
    memcpy(l->probe_diffusion, l->diffusion, n * sizeof(double));
    return NPDE_OK;
}

/* ---- delays ---- */

double npde__lif_release(const lif_system *l, size_t p, double t, int side)
{
    /* Before the start the rate was constant, and C is the line that ends in R at the start. */
    const double tau = l->pop[p].tau, past = l->past[p], at = t - tau;
    const double fired =
        at < l->began ? past * (tau - (l->began - at)) : npde__history_at(&l->history, l->base.n_rates + p, at, +1);
    return npde__history_at(&l->history, p, at, side) + fired / tau;
}

static void fill_memory(lif_system *l, const double *y, const double *rates)
{
    const npde__system *s = &l->base;
    memcpy(l->memory, rates, s->n_rates * sizeof *rates);
    for (size_t p = 0; l->fired && p < s->n_rates; p++) {
        const double *reservoir = y + p * s->stride + s->points;
        l->memory[s->n_rates + p] = reservoir[0] + reservoir[1];
    }
}

void npde__lif_begin(npde__system *s, double t, const double *rates)
{
    lif_system *l = npde__lif_self(s);
    const size_t n = s->n_rates;
    l->began = l->accepted = t;
    if (!l->memory) return;
    memcpy(l->memory, rates, n * sizeof *rates);
    for (size_t p = 0; l->fired && p < n; p++) l->memory[n + p] = l->past[p] * l->pop[p].tau;
    npde__history_begin(&l->history, t, l->past, l->memory);
}

void npde__lif_remember(lif_system *l, double t, const double *y, const double *rates)
{
    if (!l->memory) return;
    fill_memory(l, y, rates);
    npde__history_push(&l->history, t, l->memory);
}

void npde__lif_jump(npde__system *s, double *y, const double *rates)
{
    lif_system *l = npde__lif_self(s);
    if (!l->memory) return;
    fill_memory(l, y, rates);
    npde__history_jump(&l->history, l->memory);
}

/* The first jump after t that delays carry on from one at `origin`. */
static double carried(const lif_system *l, double origin, double t)
{
    size_t low = 0, high = l->n_breaks;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (l->breaks[middle] <= t - origin) low = middle + 1;
        else high = middle;
    }
    return low < l->n_breaks ? origin + l->breaks[low] : INFINITY;
}

double npde__lif_next_break(const npde__system *s, double t)
{
    const lif_system *l = npde__lif_const(s);
    const double after = t + npde__time_slack(t);
    const size_t next = npde__system_jump_after(s, after);
    double first = fmin(next < s->n_jumps ? s->jumps[next] : INFINITY, carried(l, l->began, after));
    for (size_t i = next; l->n_breaks > 0 && i-- > 0 && s->jumps[i] + l->breaks[l->n_breaks - 1] > after;)
        if (s->jumps[i] > l->began) first = fmin(first, carried(l, s->jumps[i], after));
    return first;
}

/* ---- making it ---- */

/* What acts at once, as the Jacobian of the linear law. */
static npde_status make_linear(lif_system *l, const npde_model *m, size_t size)
{
    const size_t n = l->base.n_rates;
    l->linear.any = l->base.coupled;
    l->linear.noise = l->base.coupled && l->noisy;
    l->linear.drive = npde__alloc(l->base.context, size, sizeof(double));
    l->linear.diffusion = npde__alloc(l->base.context, size, sizeof(double));
    if (!l->linear.drive || !l->linear.diffusion) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < n; p++)
        for (size_t q = 0; q < n; q++) {
            if (m->matrix[2][p * n + q] > 0 || (l->diagonal && p != q)) continue;
            const size_t k = l->diagonal ? p : q * l->ld + p;
            l->linear.drive[k] = m->matrix[0][p * n + q];
            l->linear.diffusion[k] = m->matrix[1][p * n + q];
        }
    return NPDE_OK;
}

/* Finds out who acts on whom, and how soon. */
static void look_at_links(lif_system *l, const npde_model *m)
{
    const size_t n = m->n_pop;
    for (size_t k = 0; m->kind->coupled && k < n * n; k++) {
        const double b = m->matrix[0][k], a1 = m->matrix[1][k];
        if (b == 0 && a1 == 0) continue;
        l->linked = 1;
        if (a1 != 0) l->noisy = 1;
        if (k / n != k % n) l->apart = 0;
        if (m->matrix[2][k] > 0) {
            l->moves = l->delayed = 1;
            continue;
        }
        l->base.coupled = 1;
        if (k / n != k % n) l->diagonal = 0;
    }
}

npde_status npde__lif_make_coupling(lif_system *l, const npde_model *m)
{
    npde_context *c = l->base.context;
    const size_t n = m->n_pop;
    l->diagonal = l->apart = 1;
    l->coupling = npde__callback_acquire(m->coupling);
    l->moves = l->noisy = m->coupling != NULL;
    l->iterate_callback = m->coupling && m->kind->coupled;
    if (l->iterate_callback) {
        l->base.coupled = 1;
        l->diagonal = n == 1;
    }
    look_at_links(l, m);
    double **const to[NPDE__MATRICES] = {&l->weights, &l->noise, &l->delays};
    for (size_t i = 0; i < NPDE__MATRICES && l->delayed; i++) {
        if (!(*to[i] = npde__alloc(c, n * n, sizeof(double)))) return NPDE_ERR_MEMORY;
        memcpy(*to[i], m->matrix[i], n * n * sizeof(double));
    }
    l->ld = (n + 7) / 8 * 8;
    const size_t size = l->diagonal ? n : n * l->ld;
    if (l->linked && make_linear(l, m, size)) return NPDE_ERR_MEMORY;
    l->matrix = npde__alloc(c, size, sizeof(double));
    l->kept_matrix = npde__alloc(c, size, sizeof(double));
    l->pivots = npde__alloc(c, n, sizeof *l->pivots);
    l->kept_pivots = npde__alloc(c, n, sizeof *l->kept_pivots);
    if (!l->matrix || !l->kept_matrix || !l->pivots || !l->kept_pivots) return NPDE_ERR_MEMORY;
    double **const differences[] = {&l->present.drive, &l->present.diffusion, &l->kept.drive, &l->kept.diffusion};
    for (size_t i = 0; i < 4 && l->iterate_callback; i++)
        if (!(*differences[i] = npde__alloc(c, size, sizeof(double)))) return NPDE_ERR_MEMORY;
    if (!l->iterate_callback) l->present = l->kept = l->linear;
    return NPDE_OK;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts and takes out what is there twice. */
static size_t unique(double *x, size_t n)
{
    size_t kept = 0;
    qsort(x, n, sizeof *x, ascending);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || x[i] - x[kept - 1] > 1e-12 * x[i]) x[kept++] = x[i];
    return kept;
}

/*
 * Where the start's jump of the rates comes to the coefficients: after each delay, and, smoother by an order each time, after
 * sums of them. With very many different delays each is a small part of the whole, and steps do not stop for them.
 */
enum { MAX_BREAKS = 256 };

static void sum_breaks(lif_system *l, const double *delay, size_t n_delays, size_t generations)
{
    size_t begin = 0;
    l->n_breaks = 0;
    if (n_delays > MAX_BREAKS) return;
    memcpy(l->breaks, delay, n_delays * sizeof *delay);
    l->n_breaks = n_delays;
    for (size_t g = 1; g < generations && (l->n_breaks - begin) * n_delays + l->n_breaks <= MAX_BREAKS; g++) {
        const size_t end = l->n_breaks;
        for (size_t i = begin; i < end; i++)
            for (size_t k = 0; k < n_delays; k++) l->breaks[l->n_breaks++] = l->breaks[i] + delay[k];
        begin = end;
        l->n_breaks = begin + unique(l->breaks + begin, l->n_breaks - begin);
    }
    l->n_breaks = unique(l->breaks, l->n_breaks);
}

/* All delays in use, refractory times included, ascending; NULL when out of memory. */
static double *find_delays(lif_system *l, size_t *n_delays)
{
    const size_t n = l->base.n_rates;
    double *delay = npde__alloc(l->base.context, n + (l->delayed ? n * n : 0), sizeof *delay);
    if (!delay) return NULL;
    size_t found = 0;
    for (size_t p = 0; p < n; p++) {
        if (l->pop[p].refractory != NPDE_REFRACTORY_FIXED) continue;
        delay[found++] = l->pop[p].tau;
        l->fired = l->moves = 1;
    }
    for (size_t k = 0; l->delayed && k < n * n; k++)
        if (l->delays[k] > 0 && (l->weights[k] != 0 || l->noise[k] != 0)) delay[found++] = l->delays[k];
    *n_delays = unique(delay, found);
    return delay;
}

/* The ring holds the longest delay at a spacing that resolves the shortest; of fixed steps it holds all. */
static npde_status make_ring(lif_system *l, size_t order, double dt, double per_delay, double shortest, double longest)
{
    static const double most = 1 << 27; /* numbers: a gigabyte */
    const size_t n = l->base.n_rates, width = l->fired ? 2 * n : n;
    double spacing = fmin(longest / per_delay, shortest / 64);
    if (dt > 0) spacing = fmin(dt, shortest) / 2;
    const double points = ceil(longest / spacing) + 2 * (double)(order + 1) + 8 + 2 * MAX_BREAKS;
    if (points * (double)width > most)
        return npde__fail(l->base.context, NPDE_ERR_SIZE,
                          "delays from %g to %g with %s = %g need %.3g past rates, more than %.3g: make them less "
                          "different, or %s",
                          shortest, longest, dt > 0 ? "dt" : "history", dt > 0 ? dt : per_delay, points * (double)width,
                          most, dt > 0 ? "raise dt" : "lower history");
    if (!(l->memory = npde__alloc(l->base.context, width, sizeof *l->memory))) return NPDE_ERR_MEMORY;
    const size_t polynomial = order + 1 < NPDE__HISTORY_POINTS ? order + 1 : NPDE__HISTORY_POINTS;
    return npde__history_init(&l->history, l->base.context, width, (size_t)points, polynomial, spacing);
}

npde_status npde__lif_make_history(lif_system *l, size_t order, double dt, double per_delay)
{
    l->base.max_step = INFINITY;
    size_t n_delays = 0;
    double *delay = find_delays(l, &n_delays);
    if (!delay) return NPDE_ERR_MEMORY;
    npde_status status = NPDE_OK;
    if (n_delays) {
        const double shortest = delay[0], longest = delay[n_delays - 1];
        l->base.max_step = shortest;
        if ((l->breaks = npde__alloc(l->base.context, (size_t)2 * MAX_BREAKS, sizeof *l->breaks)))
            sum_breaks(l, delay, n_delays, order + 1);
        status = l->breaks ? make_ring(l, order, dt, per_delay, shortest, longest) : NPDE_ERR_MEMORY;
        if (!status && n_delays >= 16)
            npde__log(l->base.context, NPDE_LOG_INFO, "%zu different delays: steps do not stop for sums of them",
                      n_delays);
        if (!status && dt > shortest)
            npde__log(l->base.context, NPDE_LOG_INFO, "steps are no longer than the shortest delay, %g", shortest);
    }
    npde__free(l->base.context, delay);
    return status;
}

void npde__lif_free_coupling(lif_system *l)
{
    npde_context *c = l->base.context;
    void *const blocks[] = {l->linear.drive, l->linear.diffusion, l->weights,     l->noise,
                            l->delays,       l->breaks,           l->memory,      l->past,
                            l->matrix,       l->pivots,           l->kept_matrix, l->kept_pivots};
    void *const differences[] = {l->present.drive, l->present.diffusion, l->kept.drive, l->kept.diffusion};
    for (size_t i = 0; i < sizeof differences / sizeof differences[0] && l->iterate_callback; i++)
        npde__free(c, differences[i]);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__history_free(&l->history, c);
    npde__callback_release(l->coupling);
}

void npde__lif_snapshot_coupling(npde__system *s, lif_system *l, npde__bytes *bytes)
{
    double *const scalars[] = {&l->began, &l->accepted, &s->tail_mass, &s->mass_rounding};
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0]; i++)
        npde__bytes_block(bytes, scalars[i], sizeof(double));
    npde__bytes_block(bytes, &s->factorizations, sizeof s->factorizations);
    npde__bytes_block(bytes, &s->callbacks, sizeof s->callbacks);
    npde__bytes_block(bytes, l->past, s->n_rates * sizeof(double));
}
