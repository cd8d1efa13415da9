/* SPDX-License-Identifier: BSD-3-Clause
 * A grid that fits a model.
 *
 * All lengths are in units of σ = √a, the width of the Ornstein–Uhlenbeck bump, times √TIME_CONSTANT. The left end follows
 * the truncation rule: no flux at z σ below the mean changes the rate by about e^{−z²/2} (1e-13 at z = 7.5). Elements of up
 * to 10σ with degree 13 + 2.2 length/σ give steady rates to 1e-13 for all drives and noises of the literature.
 */
#include "models/model.h"

#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

enum { FINITE_VOLUME_CELLS = 400, MAX_BREAKS = 4096 };
static const double reach = 7.5, longest = 10, longest_data = 14; /* in σ, the last in deviations of the data */

typedef struct {
    double breaks[MAX_BREAKS];
    size_t n;
    double sigma;            /* the smallest, which the elements must resolve */
    double threshold, layer; /* where the strongest drive meets a threshold, and 1/width of the layer it makes */
} layout;

/* Rate of a population without coupling, roughly: Siegert's integral by a plain rule is more than an estimate needs. */
static double rough_rate(double mean, double sigma, double reset, double threshold)
{
    const double r = (reset - mean) / sigma, f = (threshold - mean) / sigma;
    double time = 0;
    const double h = 0.02;
    for (double s = h / 2; s < 12 + fmax(f, 0); s += h) time += h * exp(-s * s / 2) * (exp(s * f) - exp(s * r)) / s;
    return time > 0 && isfinite(time) ? 1 / time : 0;
}

typedef struct {
    double leak, tau, sigma, reset, threshold;
    double low, high; /* bounds of the resting mean that the drive may impose */
} range;

/* Bounds of the drive: the constant part, its announced swing, and the other populations at their rates without inhibition. */
static range drive_range(const npde_model *m, size_t p)
{
    range r = {.leak = npde__model_value(m, p, NPDE_PARAM_V_LEAK), .tau = npde__model_value(m, p, NPDE_PARAM_TIME_CONSTANT),
               .reset = npde__model_value(m, p, NPDE_PARAM_V_RESET), .threshold = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD)};
    const double drive = npde__model_value(m, p, NPDE_PARAM_DRIVE), swing = npde__model_value(m, p, NPDE_PARAM_DRIVE_SWING);
    double low = drive - swing, high = drive + swing, diffusion = npde__model_value(m, p, NPDE_PARAM_DIFFUSION);
    for (size_t q = 0; m->kind->coupled && q < m->n_pop; q++) {
        const double b = npde__model_entry(m, NPDE_MATRIX_WEIGHTS, p, q);
        const double a1 = npde__model_entry(m, NPDE_MATRIX_NOISE_WEIGHTS, p, q);
        if (b == 0 && a1 == 0) continue;
        const double tau = npde__model_value(m, q, NPDE_PARAM_TIME_CONSTANT);
        const double mean = npde__model_value(m, q, NPDE_PARAM_V_LEAK) +
                            tau * (npde__model_value(m, q, NPDE_PARAM_DRIVE) + npde__model_value(m, q, NPDE_PARAM_DRIVE_SWING));
        const double rate = rough_rate(mean, sqrt(tau * npde__model_value(m, q, NPDE_PARAM_DIFFUSION)),
                                       npde__model_value(m, q, NPDE_PARAM_V_RESET),
                                       npde__model_value(m, q, NPDE_PARAM_V_THRESHOLD));
        if (b < 0) low += 1.5 * b * rate;
        else high += 1.5 * b * rate;
        diffusion += a1 * rate;
    }
    r.sigma = sqrt(r.tau * diffusion);
    r.low = r.leak + r.tau * low;
    r.high = r.leak + r.tau * high;
    return r;
}

/* Where the density has fallen by e^{−reach²/2}: around the mean, or around the reset where the drift points away from it. */
static double left_end(const range *r)
{
    const double over = r->low - r->reset, z = reach * r->sigma;
    return fmin(over > 0 ? r->low - sqrt(over * over + z * z) : r->low - z, r->reset - 3 * r->sigma);
}

/* With a random threshold: where discharge has emptied the density, or the Ornstein–Uhlenbeck bump has ended. */
static double right_end(const npde_model *m, size_t p, const range *r)
{
    const double kappa = npde__model_value(m, p, NPDE_PARAM_DISCHARGE_RATE);
    const double a = r->sigma * r->sigma / r->tau;
    const double speed = fmax(0, (r->high - r->threshold) / r->tau);
    const double decay = (sqrt(speed * speed + 4 * a * kappa) - speed) / (2 * a); /* of a n'' − speed n' − κ n = 0 */
    const double bump = fmax(r->high, r->threshold) + reach * r->sigma;
    const npde_id kind = (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE);
    return kind == NPDE_DISCHARGE_STEP ? fmin(bump, r->threshold + 34 / decay) : bump;
}

static npde_status add(const npde_model *m, layout *l, double v)
{
    if (l->n == MAX_BREAKS)
        return npde__fail(m->context, NPDE_ERR_SIZE, "the populations need more than %d different breaks; make grids for fewer",
                          (int)MAX_BREAKS);
    size_t i = l->n;
    while (i > 0 && l->breaks[i - 1] > v) i--;
    if (i > 0 && l->breaks[i - 1] == v) return NPDE_OK;
    memmove(l->breaks + i + 1, l->breaks + i, (l->n - i) * sizeof(double));
    l->breaks[i] = v;
    l->n++;
    return NPDE_OK;
}

/* Adds a break unless one of those that must be there is near. */
static npde_status add_near(const npde_model *m, layout *l, double v, double distance)
{
    for (size_t i = 0; i < l->n; i++)
        if (fabs(l->breaks[i] - v) < distance) return NPDE_OK;
    return v > l->breaks[0] && v < l->breaks[l->n - 1] ? add(m, l, v) : NPDE_OK;
}

static npde_status lay_out(const npde_model *m, npde_id scheme, const npde__initial *initial, layout *l)
{
    double left = INFINITY, right = -INFINITY;
    npde_status status = NPDE_OK;
    l->sigma = INFINITY;
    for (size_t p = 0; p < m->n_pop && !status; p++) {
        const range r = drive_range(m, p);
        left = fmin(left, left_end(&r));
        if ((npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) != NPDE_DISCHARGE_NONE)
            right = fmax(right, right_end(m, p, &r));
        l->sigma = fmin(l->sigma, r.sigma);
        const double layer = (r.high - r.threshold) / (r.sigma * r.sigma);
        if (layer > l->layer) {
            l->layer = layer;
            l->threshold = r.threshold;
        }
        if (initial && initial[p].kind == NPDE__INITIAL_GAUSSIAN)
            left = fmin(left, initial[p].mean - reach * sqrt(initial[p].variance));
        status = add(m, l, r.reset);
        if (!status) status = add(m, l, r.threshold);
    }
    if (!status) status = add(m, l, left);
    if (!status && right > l->breaks[l->n - 1]) status = add(m, l, right);
    /* Elements around initial data that are narrower than the bump. */
    for (size_t p = 0; initial && scheme == NPDE_SCHEME_SPECTRAL && p < m->n_pop && !status; p++) {
        const double deviation = sqrt(initial[p].variance), mean = initial[p].mean;
        if (initial[p].kind != NPDE__INITIAL_GAUSSIAN || deviation == 0 || deviation > 0.7 * l->sigma) continue;
        for (int side = -1; side <= 1 && !status; side += 2)
            status = add_near(m, l, mean + 6 * side * deviation, 2 * deviation);
    }
    /* Data that do not vanish at the threshold empty through a thin layer there. */
    for (size_t p = 0; initial && scheme == NPDE_SCHEME_SPECTRAL && p < m->n_pop && !status; p++) {
        const double threshold = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD);
        if (initial[p].kind == NPDE__INITIAL_GAUSSIAN && threshold - initial[p].mean < 7 * sqrt(initial[p].variance) &&
            (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE)
            status = add_near(m, l, threshold - 0.02 * l->sigma, 0.01 * l->sigma);
    }
    return status;
}

/* The finest scale an element must resolve: σ, or narrower initial data that lie in it. */
static double finest(const npde_model *m, const layout *l, const npde__initial *initial, size_t s)
{
    double scale = l->sigma;
    for (size_t p = 0; initial && p < m->n_pop; p++) {
        const double deviation = sqrt(initial[p].variance), mean = initial[p].mean;
        if (initial[p].kind == NPDE__INITIAL_GAUSSIAN && deviation > 0 && l->breaks[s] < mean + 5.5 * deviation &&
            l->breaks[s + 1] > mean - 5.5 * deviation)
            scale = fmin(scale, deviation);
    }
    return scale;
}

/* Splits what is longer than an element should be, and gives each its degree. */
static npde_status make_elements(const npde_model *m, layout *l, const npde__initial *initial, size_t degree, size_t *cells)
{
    for (size_t s = 0; s + 1 < l->n; s++) {
        const double length = l->breaks[s + 1] - l->breaks[s], scale = finest(m, l, initial, s);
        const double limit = scale < l->sigma ? longest_data * scale : longest * scale;
        if (length <= limit * (1 + 1e-9)) continue;
        const npde_status status = add(m, l, l->breaks[s] + length / ceil(length / limit - 1e-9));
        if (status) return status;
    }
    for (size_t s = 0; s + 1 < l->n; s++) {
        const double length = l->breaks[s + 1] - l->breaks[s];
        const double scale = finest(m, l, initial, s);
        double wanted = 13 + (scale < l->sigma ? 3 : 2.2) * length / scale; /* data are resolved point by point */
        /* A drive beyond the threshold makes a layer of width a/(f + μ) there. */
        if (l->breaks[s + 1] == l->threshold) wanted = fmax(wanted, 12 + length * l->layer);
        cells[s] = degree ? degree : (size_t)fmin(NPDE__MAX_DEGREE, ceil(wanted));
    }
    return NPDE_OK;
}

/*
 * Equal cells, as far as the breaks allow. For one reset and one threshold the left end moves to make them exactly equal:
 * the errors of the mass at the two kinks then cancel, and the steady rate of the exact flux is of fourth order.
 */
static void make_cells(layout *l, size_t total, size_t *cells)
{
    const double span = l->breaks[l->n - 1] - l->breaks[0];
    for (size_t s = 0; s + 1 < l->n; s++)
        cells[s] = (size_t)fmax(1, floor((double)total * (l->breaks[s + 1] - l->breaks[s]) / span));
    if (l->n == 3 && cells[1] < total) {
        cells[0] = total - cells[1];
        l->breaks[0] = l->breaks[1] - (double)cells[0] * ((l->breaks[2] - l->breaks[1]) / (double)cells[1]);
    }
}

npde_status npde__model_fit_grid(const npde_model *m, npde_id scheme, size_t cells, const npde__initial *initial,
                                 npde_grid **out)
{
    npde_context *c = m->context;
    npde_status status = npde__model_validate(m);
    if (status) return status;
    layout *l = npde__alloc(c, 1, sizeof *l);
    size_t *numbers = npde__alloc(c, MAX_BREAKS, sizeof *numbers);
    status = l && numbers ? lay_out(m, scheme, initial, l) : NPDE_ERR_MEMORY;
    if (!status && scheme == NPDE_SCHEME_SPECTRAL) status = make_elements(m, l, initial, cells, numbers);
    else if (!status) make_cells(l, cells ? cells : FINITE_VOLUME_CELLS, numbers);
    if (!status) status = npde__grid_new(c, scheme, l->breaks, l->n, numbers, NULL, out);
    if (!status)
        npde__log(c, NPDE_LOG_INFO, "grid fitted to the model: [%g, %g], %zu segments, %zu points", l->breaks[0],
                  l->breaks[l->n - 1], l->n - 1, (*out)->n);
    npde__free(c, l);
    npde__free(c, numbers);
    return status;
}
