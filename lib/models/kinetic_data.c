/* SPDX-License-Identifier: BSD-3-Clause
 * Grids and initial data of the kinetic kinds. */
#include "models/kinetic.h"

#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

enum { GAUSS = 8, CELLS = 128 };

/* ---- grids ---- */

static npde_status wrong(const npde_model *m, const char *what)
{
    return npde__fail(m->context, NPDE_ERR_GRID, "the kind %s takes %s", npde__ids_row(m->kind->id)->name, what);
}

static npde_status no_break(const npde_model *m, size_t pop, const char *what, double value)
{
    return npde__fail(m->context, NPDE_ERR_GRID,
                      "population %zu: the grid has no break at %s = %.17g; add it to the breaks of npde_grid_new()",
                      pop, what, value);
}

static npde_status check_voltage(const npde_model *m, const npde_grid *v, size_t p, int discharge)
{
    const kinetic_population pop = npde__kinetic_read(m, p);
    if (!npde__grid_scheme_cells(v->scheme) || !npde__characteristics_equal(v) || v->n < 4)
        return npde__fail(
            m->context, NPDE_ERR_GRID,
            "the axis v must have at least 4 cells of a scheme of cells, equal within each segment of npde_grid_new()");
    const size_t leak = npde__grid_break(v, pop.v_leak), reset = npde__grid_break(v, pop.v_reset);
    const size_t threshold = npde__grid_break(v, pop.v_threshold);
    if (reset > v->n_segments) return no_break(m, p, "v_reset", pop.v_reset);
    if (threshold > v->n_segments) return no_break(m, p, "v_threshold", pop.v_threshold);
    if (leak != 0)
        return npde__fail(m->context, NPDE_ERR_GRID,
                          "population %zu: the axis v begins at %g and must begin at v_leak = %g, where potentials end",
                          p, v->breaks[0], pop.v_leak);
    if ((threshold == v->n_segments) == discharge)
        return npde__fail(m->context, NPDE_ERR_GRID,
                          discharge
                              ? "population %zu: with a discharge the axis v must go on beyond v_threshold = %g; add a "
                                "break, at v_excitatory = %g at most"
                              : "population %zu: the axis v must end at v_threshold = %g (v_excitatory = %g)",
                          p, pop.v_threshold, pop.v_excitatory);
    return NPDE_OK;
}

static npde_status check_conductance(const npde_model *m, const npde_grid *g, size_t p, int discharge)
{
    const kinetic_population pop = npde__kinetic_read(m, p);
    const double threshold = npde__kinetic_threshold(&pop);
    if (g->scheme == NPDE_SCHEME_FINITE_VOLUME)
        return wrong(m, "an axis g of the scheme cells or spectral, not finite_volume");
    if (g->breaks[0] != 0)
        return npde__fail(m->context, NPDE_ERR_GRID, "the axis g begins at %g and must begin at 0", g->breaks[0]);
    if (m->conductance && g->scheme == NPDE_SCHEME_SPECTRAL)
        return npde__fail(m->context, NPDE_ERR_UNSUPPORTED,
                          "a conductance G(v, N) by callback needs an axis g of the scheme cells, not spectral");
    if (discharge) return NPDE_OK;
    const size_t at = npde__grid_break(g, threshold);
    if (at > g->n_segments || at == g->n_segments) /* at the end nothing would fire */
        return npde__fail(
            m->context, NPDE_ERR_GRID,
            "population %zu: the axis g must have a break at g_F = g_leak (v_threshold - v_leak)/(v_excitatory - "
            "v_threshold) = %.17g and go on beyond it",
            p, threshold);
    return NPDE_OK;
}

npde_status npde__kinetic_check_grid(const npde_model *m, const npde_grid *grid, size_t p)
{
    const npde_id kind = m->kind->id, discharging = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE);
    const int discharge = discharging && discharging != NPDE_DISCHARGE_NONE;
    const size_t axes = npde__grid_axes(grid);
    if (kind == NPDE_MODEL_MACROSCOPIC)
        return axes == 1 ? check_voltage(m, grid, p, discharge) : wrong(m, "a grid with one axis, v");
    if (kind == NPDE_MODEL_FAST_VOLTAGE)
        return axes == 1 ? check_conductance(m, grid, p, 0) : wrong(m, "a grid with one axis, g");
    if (axes != 2) return wrong(m, "a product of an axis v and an axis g; see npde_grid_new_product()");
    const npde_status status = check_voltage(m, npde__grid_axis(grid, 0), p, discharge);
    return status ? status : check_conductance(m, npde__grid_axis(grid, 1), p, discharge);
}

/* ---- a grid that fits ---- */

/* The end of the conductance axis: eight widths beyond the mean at the rate of neurons that stay there, found by iteration. */
static double fit_end(const npde_model *m)
{
    double end = 0;
    for (size_t p = 0; p < m->n_pop; p++) {
        const kinetic_population pop = npde__kinetic_read(m, p);
        const double input = npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_INPUT);
        const double noise = npde__model_value(m, p, NPDE_PARAM_CONDUCTANCE_DIFFUSION);
        double strength = 0, noisy = 0, rate = 0, g = 0;
        for (size_t q = 0; q < m->n_pop; q++) {
            strength += fmax(0, npde__model_entry(m, NPDE_MATRIX_WEIGHTS, p, q));
            noisy += npde__model_entry(m, NPDE_MATRIX_NOISE_WEIGHTS, p, q);
        }
        for (int i = 0; i < 20; i++) {
            const double mean = npde__kinetic_mean(input + strength * rate, noise + noisy * rate);
            rate = fmax(rate, 1 / (npde__kinetic_crossing(&pop, mean) + pop.tau));
            g = input + strength * rate + 8 * sqrt(noise + noisy * rate);
        }
        end = fmax(end, fmax(g, 2 * npde__kinetic_threshold(&pop)));
    }
    return end;
}

static int insert(double *breaks, size_t *n, size_t most, double value)
{
    size_t i = *n;
    for (size_t k = 0; k < *n; k++)
        if (fabs(breaks[k] - value) <= 1e-12 * fabs(breaks[*n - 1] - breaks[0])) return 1;
    if (*n == most) return 0;
    for (; i > 0 && breaks[i - 1] > value; i--) breaks[i] = breaks[i - 1];
    breaks[i] = value;
    ++*n;
    return 1;
}

enum { MOST_BREAKS = 64, MOST_ZONES = 11 };

/* Cells in zones of v, which begin at distances from V_L in units of V_F − V_L; the last goes to the end of the axis. */
typedef struct {
    size_t n;
    double from[MOST_ZONES], cells[MOST_ZONES];
} zones;

static const zones even = {1, {0}, {128}};
/*
 * The density is singular at the corner (V_F, g_F), where the error is as the width of a cell: 2.2e-4 with 128 of them. Elsewhere
 * it is of the fourth order. From zone to zone cells are 2.4 to 3 times as wide: at twice, what gathers near where they meet could
 * grow a little, see operators/characteristics.h.
 */
static const zones corner = {6, {0, 0.9, 0.973, 0.9921, 0.9975, 0.9991}, {82, 17, 11, 8, 6, 4}};
/*
 * A discharge that jumps at V_F makes an error as the square of the width of a cell there, over the way on which neurons fire; one
 * that grows from V_F on an error as the square of those where it fires them. Far beyond hardly a neuron comes.
 */
static const zones beyond = {
    11, {0, 0.84, 0.96, 0.992, 1, 1.008, 1.04, 1.16, 1.5, 2, 3}, {39, 15, 10, 6, 6, 10, 13, 14, 7, 5, 3}};

/* Cells below a distance from V_L on an axis that ends at `end`. */
static double cells_below(const zones *z, double distance, double end)
{
    double sum = 0;
    for (size_t i = 0; i < z->n && z->from[i] < distance; i++) {
        const double to = i + 1 < z->n ? z->from[i + 1] : end;
        sum += z->cells[i] * fmin(1, (distance - z->from[i]) / (to - z->from[i]));
    }
    return sum;
}

/* Of all cells, the share between two potentials: the mean of what is right for each population. */
static double share(const npde_model *m, const zones *z, double left, double right, double end)
{
    double sum = 0;
    for (size_t p = 0; p < m->n_pop; p++) {
        const kinetic_population pop = npde__kinetic_read(m, p);
        const double unit = pop.v_threshold - pop.v_leak, all = (end - pop.v_leak) / unit;
        sum += (cells_below(z, (right - pop.v_leak) / unit, all) - cells_below(z, (left - pop.v_leak) / unit, all)) /
               cells_below(z, all, all);
    }
    return sum / (double)m->n_pop;
}

/* The begin of a zone as a break, unless there is no room, or a break so close that cells would be tiny. */
static void insert_zone(const zones *z, size_t i, double leak, double unit, double *breaks, size_t *n)
{
    const double from = leak + z->from[i] * unit, before = z->from[i] - z->from[i - 1];
    const double shorter = unit * (i + 1 < z->n ? fmin(before, z->from[i + 1] - z->from[i]) : before);
    if (from > breaks[*n - 1]) return;
    for (size_t k = 0; k < *n; k++)
        if (fabs(breaks[k] - from) < shorter / 4) return;
    (void)insert(breaks, n, MOST_BREAKS, from);
}

/* What each population must have as a break, and, as far as there is room, the zones around its V_F. */
static npde_status voltage_breaks(const npde_model *m, const zones *z, double *breaks, size_t *n)
{
    int fits = 1;
    for (size_t p = 0; p < m->n_pop; p++) {
        const kinetic_population pop = npde__kinetic_read(m, p);
        fits = fits && insert(breaks, n, MOST_BREAKS, pop.v_reset) && insert(breaks, n, MOST_BREAKS, pop.v_threshold);
    }
    if (!fits)
        return npde__fail(
            m->context, NPDE_ERR_SIZE,
            "the populations have too many different v_reset and v_threshold, more than %d in all; make a "
            "grid for fewer",
            (int)MOST_BREAKS - 2);
    for (size_t p = 0; p < m->n_pop; p++) {
        const kinetic_population pop = npde__kinetic_read(m, p);
        for (size_t i = 1; i < z->n; i++) insert_zone(z, i, pop.v_leak, pop.v_threshold - pop.v_leak, breaks, n);
    }
    return NPDE_OK;
}

static npde_status fit_voltage(const npde_model *m, size_t total, npde_id scheme, npde_grid **out)
{
    double breaks[MOST_BREAKS];
    size_t n = 2, cells[MOST_BREAKS];
    const kinetic_population first = npde__kinetic_read(m, 0);
    const npde_id discharge = (npde_id)npde__model_value(m, 0, NPDE_PARAM_DISCHARGE);
    const int ends = !discharge || discharge == NPDE_DISCHARGE_NONE; /* at V_F */
    const zones *z = !ends ? &beyond : m->kind->id == NPDE_MODEL_VOLTAGE_CONDUCTANCE ? &corner : &even;
    breaks[0] = first.v_leak;
    breaks[1] = ends ? first.v_threshold : first.v_excitatory;
    const npde_status status = voltage_breaks(m, z, breaks, &n);
    if (status) return status;
    for (size_t s = 0; s + 1 < n; s++)
        cells[s] = (size_t)fmax(2, floor((double)total * share(m, z, breaks[s], breaks[s + 1], breaks[n - 1]) + 0.5));
    return npde__grid_new(m->context, scheme, breaks, n, cells, NULL, out);
}

static npde_status fit_conductance(const npde_model *m, npde_id scheme, size_t total, npde_grid **out)
{
    double breaks[MOST_BREAKS] = {0, fit_end(m)};
    size_t n = 2, cells[MOST_BREAKS];
    for (size_t p = 0; p < m->n_pop; p++) {
        const kinetic_population pop = npde__kinetic_read(m, p);
        if (!insert(breaks, &n, MOST_BREAKS, npde__kinetic_threshold(&pop)))
            return npde__fail(m->context, NPDE_ERR_SIZE,
                              "the populations have more than %d different g_F; make a grid for fewer",
                              (int)MOST_BREAKS - 2);
    }
    for (size_t s = 0; s + 1 < n; s++) {
        const double share = (breaks[s + 1] - breaks[s]) / breaks[n - 1];
        cells[s] = scheme == NPDE_SCHEME_SPECTRAL ? (total ? total : 32) : (size_t)fmax(2, ceil((double)total * share));
    }
    return npde__grid_new(m->context, scheme, breaks, n, cells, NULL, out);
}

npde_status npde__kinetic_fit_grid(const npde_model *m, npde_id scheme, size_t cells, const npde__initial *initial,
                                   double layer, npde_grid **out)
{
    (void)initial, (void)layer;
    npde_grid *v = NULL, *g = NULL;
    npde_status status = npde__model_validate(m);
    if (status) return status;
    if (scheme == NPDE_SCHEME_FINITE_VOLUME)
        return npde__fail(
            m->context, NPDE_ERR_UNSUPPORTED,
            "a grid for the kind %s has the scheme cells, cells_limited, cells_upwind, or spectral (along g)",
            npde__ids_row(m->kind->id)->name);
    const int spectral = scheme == NPDE_SCHEME_SPECTRAL;
    if (m->kind->id != NPDE_MODEL_FAST_VOLTAGE)
        status = fit_voltage(m, cells && !spectral ? cells : CELLS, spectral ? NPDE_SCHEME_CELLS : scheme, &v);
    if (!status && m->kind->id != NPDE_MODEL_MACROSCOPIC)
        status = fit_conductance(m, scheme, cells || spectral ? cells : CELLS, &g);
    if (!status && v && g) status = npde__grid_new_product(v, g, out);
    else if (!status) *out = npde__grid_acquire(v ? v : g);
    npde__grid_release(v);
    npde__grid_release(g);
    return status;
}

/* ---- the rate of the fast-voltage limit ---- */

/* Adds ∫ l_i(g)/(T(g) + τ) dg over [left, right], panels halving towards the left end, where 1/T has a logarithm. */
static void add_crossing(const npde_grid *g, const kinetic_population *pop, double left, double right, int graded,
                         double *weight)
{
    double x[GAUSS], w[GAUSS], end = right;
    npde__quadrature_gauss(GAUSS, x, w);
    for (int k = graded ? 60 : 0; k >= 0 && end > left; k--) {
        const double begin = k ? left + (end - left) / 2 : left;
        for (size_t q = 0; q < GAUSS; q++) {
            double l[NPDE__MAX_NODES] = {1};
            size_t first = 0;
            const double at = begin + (end - begin) * (x[q] + 1) / 2;
            const double value = w[q] * (end - begin) / 2 / (npde__kinetic_crossing(pop, at) + pop->tau);
            if (g->scheme != NPDE_SCHEME_SPECTRAL) {
                weight[0] += value;
                continue;
            }
            const size_t n = npde__grid_interpolate(g, at, &first, l);
            for (size_t i = 0; i < n; i++) weight[first + i] += value * l[i];
        }
        end = begin;
    }
}

void npde__kinetic_crossing_weights(const npde_grid *g, const kinetic_population *pop, double *weight)
{
    const double threshold = npde__kinetic_threshold(pop);
    memset(weight, 0, g->n * sizeof *weight);
    if (g->scheme != NPDE_SCHEME_SPECTRAL) {
        for (size_t j = 0; j < g->n; j++)
            if (g->v[j] > threshold)
                add_crossing(g, pop, fmax(threshold, g->faces[j]), g->faces[j + 1], j == 0 || g->v[j - 1] < threshold,
                             weight + j);
        return;
    }
    for (size_t s = 0; s < g->n_segments; s++) {
        const double middle = (g->breaks[s] + g->breaks[s + 1]) / 2, panels = 32;
        if (middle < threshold) continue;
        const double width = (g->breaks[s + 1] - g->breaks[s]) / panels;
        for (int k = 0; k < panels; k++)
            add_crossing(g, pop, g->breaks[s] + k * width, g->breaks[s] + (k + 1) * width,
                         k == 0 && g->breaks[s] <= threshold * (1 + 1e-9), weight);
    }
}

/* ---- initial data ---- */

/* One population's data over one variable: a Gaussian or the user's function. */
typedef struct {
    npde_context *c;
    size_t pop;
    double mean, variance;
    npde__callback *function; /* NULL: the Gaussian */
} data;

/* Mass in [left, right]. */
static npde_status mass_in(const data *d, double left, double right, double *mass)
{
    if (!d->function) {
        const double scale = 1 / sqrt(2 * d->variance), x = (left - d->mean) * scale, y = (right - d->mean) * scale;
        if (d->variance == 0) *mass = left <= d->mean && d->mean < right;
        else *mass = x > 0 ? (erfc(x) - erfc(y)) / 2 : y < 0 ? (erfc(-y) - erfc(-x)) / 2 : (erf(y) - erf(x)) / 2;
        return NPDE_OK;
    }
    double x[GAUSS], w[GAUSS], v[GAUSS], value[GAUSS];
    npde__quadrature_gauss(GAUSS, x, w);
    for (size_t q = 0; q < GAUSS; q++) {
        v[q] = left + (right - left) * (x[q] + 1) / 2;
        value[q] = NAN;
    }
    const int32_t answer = d->function->fn.profile(d->pop, GAUSS, v, value, d->function->user);
    if (answer) {
        d->c->user_status = answer;
        return npde__fail(d->c, NPDE_ERR_CALLBACK, "the density callback of population %zu returned %d", d->pop,
                          (int)answer);
    }
    *mass = 0;
    for (size_t q = 0; q < GAUSS; q++) {
        if (!isfinite(value[q]) || value[q] < 0)
            return npde__fail(d->c, NPDE_ERR_CALLBACK,
                              "the density callback of population %zu gave %g at v = %g: it must be finite and >= 0",
                              d->pop, value[q], v[q]);
        *mass += w[q] * (right - left) / 2 * value[q];
    }
    return NPDE_OK;
}

/* Densities of the cells, scaled to mass 1; resolution: their L1 distance from the data at the resolution of half cells. */
static npde_status project_cells(const data *d, const npde_grid *g, double *density, double *resolution)
{
    double total = 0, distance = 0;
    for (size_t i = 0; i < g->n; i++) {
        double half[2] = {0, 0};
        for (size_t k = 0; k < 2; k++) {
            const double left = k ? g->v[i] : g->faces[i], right = k ? g->faces[i + 1] : g->v[i];
            const npde_status status = mass_in(d, left, right, &half[k]);
            if (status) return status;
        }
        density[i] = (half[0] + half[1]) / g->w[i];
        total += half[0] + half[1];
    }
    if (!(total > 0))
        return npde__fail(d->c, NPDE_ERR_RANGE, "population %zu: the initial data have no mass on the grid [%g, %g]",
                          d->pop, g->faces[0], g->faces[g->n]);
    for (size_t i = 0; i < g->n; i++) { /* the parabola through three cells, cut in half */
        double left = 0, right = 0;
        (void)mass_in(d, g->faces[i], g->v[i], &left);
        (void)mass_in(d, g->v[i], g->faces[i + 1], &right);
        const double below = density[i ? i - 1 : 0], above = density[i + 1 < g->n ? i + 1 : i];
        distance += fabs(left - right - g->w[i] / 8 * (below - above));
    }
    for (size_t i = 0; i < g->n; i++) density[i] /= total;
    *resolution = fmax(*resolution, distance / total);
    return NPDE_OK;
}

/* q(g) of a population on the conductance axis, with mass 1. */
static npde_status conductance(const kinetic_system *k, size_t p, const npde__initial *initial, double *q,
                               double *resolution)
{
    const npde_grid *g = k->g;
    const int only = !k->v; /* the one variable there is: what is given is over g */
    const int given = initial[p].conductance || only;
    const double mean = only ? initial[p].mean : given ? initial[p].g_mean : k->coupling.drive[p];
    const double variance = only ? initial[p].variance : given ? initial[p].g_variance : k->coupling.diffusion[p];
    npde__callback *function = only && initial[p].kind == NPDE__INITIAL_DENSITY ? initial[p].density : NULL;
    if (given && g->scheme != NPDE_SCHEME_SPECTRAL) {
        const data d = {k->coupling.base.context, p, mean, variance, function};
        return project_cells(&d, g, q, resolution);
    }
    if (function)
        return npde__fail(k->coupling.base.context, NPDE_ERR_UNSUPPORTED,
                          "population %zu: a density over g by a function needs an axis g of the scheme cells", p);
    if (variance == 0)
        return npde__fail(k->coupling.base.context, NPDE_ERR_RANGE,
                          "population %zu: a conductance of variance 0 needs an axis g of the scheme cells", p);
    double least = INFINITY, total = 0; /* the discrete equilibrium, or its like */
    for (size_t j = 0; j < g->n; j++) least = fmin(least, (g->v[j] - mean) * (g->v[j] - mean));
    for (size_t j = 0; j < g->n; j++) {
        q[j] = exp((least - (g->v[j] - mean) * (g->v[j] - mean)) / (2 * variance));
        total += g->w[j] * q[j];
    }
    for (size_t j = 0; j < g->n; j++) q[j] /= total;
    return NPDE_OK;
}

static npde_status voltage(const kinetic_system *k, size_t p, const npde__initial *initial, double *n,
                           double *resolution)
{
    const data d = {k->coupling.base.context, p, initial[p].mean, initial[p].variance,
                    initial[p].kind == NPDE__INITIAL_DENSITY ? initial[p].density : NULL};
    return project_cells(&d, k->v, n, resolution);
}

/* The user's state, scaled to mass 1. */
static npde_status copy_state(const kinetic_system *k, size_t p, const double *state, double *y)
{
    double total = 0;
    for (size_t j = 0; j < k->n_g; j++)
        for (size_t i = 0; i < k->n_v; i++)
            total += (k->v ? k->v->w[i] : 1) * (k->g ? k->g->w[j] : 1) * state[j * k->n_v + i];
    if (!(fabs(total - 1) <= 1e-6))
        return npde__fail(k->coupling.base.context, NPDE_ERR_RANGE,
                          "population %zu: the mass of the given state is %.10g; it must be 1 to 1e-6", p, total);
    for (size_t i = 0; i < k->coupling.base.points; i++) y[i] = state[i] / total;
    return NPDE_OK;
}

/* The marginal over g of a population of mass 1. */
static void marginal(const kinetic_system *k, const double *y, double *q)
{
    for (size_t j = 0; j < k->n_g; j++) {
        q[j] = 0;
        for (size_t i = 0; i < k->n_v; i++) q[j] += k->v->w[i] * y[j * k->n_v + i];
    }
}

/*
 * The product of what is given over v and over g; work holds a row and a column. Who waits has the same conductances as the
 * others.
 */
static npde_status start_population(kinetic_system *k, size_t p, const npde__initial *initial, double *work, double *y,
                                    double *resolution)
{
    const npde__system *s = &k->coupling.base;
    const kinetic_population *pop = &k->pop[p];
    const double held = npde__kinetic_waits(k, pop) ? pop->tau * initial[p].past_rate : 0;
    if (!(held < 1))
        return npde__fail(s->context, NPDE_ERR_RANGE,
                          "population %zu: past rate %g x refractory time %g = %g must be < 1, the mass of all", p,
                          initial[p].past_rate, pop->tau, held);
    double *n = work, *q = work + k->n_v;
    npde_status status = NPDE_OK;
    n[0] = q[0] = 1;
    if (initial[p].kind == NPDE__INITIAL_STATE) {
        status = copy_state(k, p, initial[p].state, y);
        if (held > 0) marginal(k, y, q);
    } else {
        if (k->v) status = voltage(k, p, initial, n, resolution);
        if (!status && k->g) status = conductance(k, p, initial, q, resolution);
        for (size_t j = 0; j < k->n_g && !status; j++)
            for (size_t i = 0; i < k->n_v; i++) y[j * k->n_v + i] = q[j] * n[i];
    }
    if (status) return status;
    for (size_t i = 0; i < s->points && held > 0; i++) y[i] *= 1 - held;
    npde__kinetic_waiting_start(k, pop, held, q, y);
    y[s->points + NPDE__KINETIC_RESERVOIR] = npde__kinetic_reservoir(k, pop, y);
    return NPDE_OK;
}

npde_status npde__kinetic_start(npde__system *s, const npde__initial *initial, double *y, double *resolution)
{
    kinetic_system *k = (kinetic_system *)s;
    lif_system *l = &k->coupling;
    double *work = npde__alloc(s->context, k->n_v + k->n_g, sizeof *work);
    if (!work) return NPDE_ERR_MEMORY;
    *resolution = 0;
    /* The equilibrium of the built-in law at the past rates. */
    for (size_t p = 0; p < s->n_rates; p++) {
        l->past[p] = initial[p].past_rate;
        l->drive[p] = l->pop[p].drive0;
        l->diffusion[p] = l->pop[p].diffusion0;
        for (size_t q = 0; q < s->n_rates; q++) {
            l->drive[p] += k->weights[p * s->n_rates + q] * initial[q].past_rate;
            l->diffusion[p] += k->noise[p * s->n_rates + q] * initial[q].past_rate;
        }
    }
    npde_status status = NPDE_OK;
    for (size_t p = 0; p < s->n_rates && !status; p++)
        status = start_population(k, p, initial, work, y + p * s->stride, resolution);
    npde__free(s->context, work);
    return status;
}
