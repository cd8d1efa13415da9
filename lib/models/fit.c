/* SPDX-License-Identifier: BSD-3-Clause
 * A grid that fits a model: leaky or with the user's drift.
 *
 * All lengths are in units of σ = √a, the width of the Ornstein–Uhlenbeck bump, times √TIME_CONSTANT. The left end follows
 * the truncation rule: no flux at z σ below the mean changes the rate by about e^{−z²/2} (1e-13 at z = 7.5). Elements of up
 * to 10σ with degree 13 + 2.2 length/σ give steady rates to 1e-13 for all drives and noises of the literature. A grid for one
 * population at a frozen drive is for eigenfunctions as well, which reach further (the k-th like z^k e^{−z²/2}) and oscillate.
 */
#include "models/model.h"

#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

enum { FINITE_VOLUME_CELLS = 400, LAYER_CELLS = 2400, MAX_BREAKS = 4096, MARCH = 1 << 15 };
static const double longest_data = 14; /* in deviations of the data */

/*
 * Lengths in σ: how far to the left, the longest element; degrees of an element beside what its length adds; σ over the width of a
 * layer to the left of the reset that gets an element of its own.
 */
typedef struct {
    double reach, longest, base, layer, thin;
} rule;
static const rule for_runs = {7.5, 10, 13, 10, 12}, for_spectra[] = {
                                                        {9.5, 5, 11, 13, 5},
                                                        {11, 6, 15, 17, 4},
                                                        {12.5, 5, 19, 21, 3},
                                                        {14, 4, 23, 25, 2},
};
enum { TAIL = 14 }; /* powers of e that the density falls by in the element to the right of a random threshold */

typedef struct {
    const rule *rule;
    size_t first, last; /* the populations that the grid is for: first … last − 1 */
    double breaks[MAX_BREAKS];
    size_t n;
    double sigma; /* the smallest, which the elements must resolve */
    double fast;  /* what changes within 1/fast is resolved at reset and threshold; 0 for the steady state only */
    struct range *ranges; /* one per population */
    /* Where the strongest drive meets a threshold and a reset, and 1/width of the layers it makes to the left of them. */
    double threshold, threshold_layer, reset, reset_layer;
    double thinnest; /* layer to resolve at sharp thresholds, in units of the distance to the reset; 0 for none */
    double tail;     /* where the density beyond a random threshold has begun to vanish, for spectra */
} layout;

/* Rate of a population without coupling, roughly: Siegert's integral by a plain rule is more than an estimate needs. */
static double rough_rate(double mean, double sigma, double reset, double threshold)
{
    const double r = (reset - mean) / sigma, f = (threshold - mean) / sigma, h = 0.02;
    const int n = (int)((12 + fmin(fmax(f, 0), 100)) / h);
    double time = 0;
    for (int k = 0; k < n; k++) {
        const double s = h * (k + 0.5);
        time += h * exp(-s * s / 2) * (exp(s * f) - exp(s * r)) / s;
    }
    return time > 0 && isfinite(time) ? 1 / time : 0;
}

/* What the grid must hold of one population. */
typedef struct range {
    npde__population of;
    double a, reset, threshold;
    double low, high; /* bounds of the drive */
    double reach;     /* of the rule */
} range;

/* Rate of a population at its strongest drive without inhibition, in its own time. */
static double free_rate(const npde_model *m, size_t q)
{
    const double tau = npde__model_value(m, q, NPDE_PARAM_TIME_CONSTANT);
    const double mean =
        npde__model_value(m, q, NPDE_PARAM_V_LEAK) +
        tau * (npde__model_value(m, q, NPDE_PARAM_DRIVE) + npde__model_value(m, q, NPDE_PARAM_DRIVE_SWING));
    return rough_rate(mean, sqrt(tau * npde__model_value(m, q, NPDE_PARAM_DIFFUSION)),
                      npde__model_value(m, q, NPDE_PARAM_V_RESET), npde__model_value(m, q, NPDE_PARAM_V_THRESHOLD)) /
           tau;
}

/* Bounds of the drive: the constant part, its announced swing, and the other populations at their free rates. */
static range drive_range(const npde_model *m, size_t p, const double *rate)
{
    range r = {.of = npde__model_population(m, p),
               .a = npde__model_value(m, p, NPDE_PARAM_DIFFUSION),
               .reset = npde__model_value(m, p, NPDE_PARAM_V_RESET),
               .threshold = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD)};
    const double drive = npde__model_value(m, p, NPDE_PARAM_DRIVE),
                 swing = npde__model_value(m, p, NPDE_PARAM_DRIVE_SWING);
    r.low = drive - swing;
    r.high = drive + swing;
    for (size_t q = 0; m->kind->coupled && q < m->n_pop; q++) {
        const double b = npde__model_entry(m, NPDE_MATRIX_WEIGHTS, p, q);
        const double a1 = npde__model_entry(m, NPDE_MATRIX_NOISE_WEIGHTS, p, q);
        if (b == 0 && a1 == 0) continue;
        if (b < 0) r.low += 1.5 * b * rate[q];
        else r.high += 1.5 * b * rate[q];
        r.a += a1 * rate[q];
    }
    return r;
}

static npde_status drift_at(range *r, double v, double *f)
{
    return npde__model_drift(&r->of, 1, &v, f);
}

/* Width of the bump where the drift falls with slope −f': √(a/|f'|), σ for the leaky neuron. */
static npde_status local_scale(range *r, double left, double right, double *scale)
{
    enum { SAMPLES = 16 };
    const double h = (right - left) / SAMPLES;
    double steepest = 0, before, f;
    npde_status status = drift_at(r, left + 1e-9 * h, &before);
    for (int k = 1; k <= SAMPLES && !status; k++, before = f) {
        status = drift_at(r, left + (k - 1e-9) * h, &f);
        steepest = fmax(steepest, fabs(f - before) / h);
    }
    *scale = steepest > 0 ? sqrt(r->a / steepest) : INFINITY;
    return status;
}

/* The step of the marches below: small where reset and threshold are close together, then growing to what the noise allows. */
static double stride(const range *r, double scale, int k)
{
    return fmin(scale, (r->threshold - r->reset) * pow(1.01, k)) / 32;
}

static npde_status unconfined(const range *r, const char *side)
{
    return npde__fail(
        r->of.model->context, NPDE_ERR_GRID,
        "population %zu: the density is not confined to the %s by drift or discharge within %d widths; give a grid of "
        "your own",
        r->of.pop, side, MARCH / 32);
}

/*
 * The left end, by a march from the reset with the lowest drive: where the potential U = −∫(f + μ)/a has risen by reach²/2
 * above its minimum. For the leaky neuron that is μ − z σ, or μ − √((μ − V_R)² + z² a) for a mean beyond the reset.
 */
static npde_status left_end(range *r, double scale, double *end)
{
    const double low = r->reset - 3 * scale;
    double v = r->reset, u = 0, least = 0, h;
    for (int k = 0; k < MARCH; k++, v -= h) {
        h = stride(r, scale, k);
        if (u - least > r->reach * r->reach / 2 && (v < low || u - least > 4 * r->reach * r->reach)) {
            *end = v;
            return NPDE_OK;
        }
        double f;
        const npde_status status = drift_at(r, v - h / 2, &f);
        if (status) return status;
        u += h * (f + r->low) / r->a;
        least = fmin(least, u);
    }
    return unconfined(r, "left");
}

/*
 * The right end with a random threshold, by a march with the strongest drive u = f + μ: the density decays like the solution
 * of a n'' − u n' − φ_F n = 0, at the rate (√(u² + 4 a φ_F) − u)/(2a).
 */
static npde_status right_end(range *r, double scale, double *tail, double *end)
{
    double v = r->threshold, decayed = 0, h;
    for (int k = 0; k < MARCH; k++, v += h) {
        h = stride(r, scale, k);
        if (decayed > r->reach * r->reach / 2 + 4) {
            *end = v;
            return NPDE_OK;
        }
        const double at = v + h / 2;
        double u, phi;
        npde_status status = drift_at(r, at, &u);
        if (!status) status = npde__model_discharge(&r->of, 1, &at, &phi);
        if (status) return status;
        u += r->high;
        if (decayed < TAIL) *tail = at;
        decayed += h * (sqrt(u * u + 4 * r->a * phi) - u) / (2 * r->a);
    }
    return unconfined(r, "right");
}

static npde_status add(const npde_model *m, layout *l, double v)
{
    if (l->n == MAX_BREAKS)
        return npde__fail(m->context, NPDE_ERR_SIZE, "the grid would need more than %d breaks: %s", (int)MAX_BREAKS,
                          m->n_pop > 1 ? "make grids for fewer populations"
                                       : "layers are too thin beside the reach of the density; make a grid by hand");
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

/* Keeps the thinnest layer, of width a/(f + μ), that the drive makes to the left of a kink. */
static npde_status thinnest_layer(range *r, double at, double *where, double *layer)
{
    double drift = 0;
    const npde_status status = drift_at(r, at, &drift);
    const double found = (drift + r->high) / r->a;
    if (!status && found > *layer) {
        *layer = found;
        *where = at;
    }
    return status;
}

/* Breaks that one population needs: reset, threshold, the ends. */
static npde_status lay_out_population(const npde_model *m, size_t p, const npde__initial *initial, layout *l,
                                      double *left, double *right)
{
    range r = l->ranges[p];
    double scale, end = 0;
    r.reach = l->rule->reach;
    npde_status status = local_scale(&r, r.reset - (r.threshold - r.reset), r.threshold, &scale);
    if (!isfinite(scale)) scale = r.threshold - r.reset;
    if (!status) status = left_end(&r, scale, &end);
    if (status) return status;
    *left = fmin(*left, end);
    if ((npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) != NPDE_DISCHARGE_NONE) {
        if ((status = right_end(&r, scale, &l->tail, &end))) return status;
        *right = fmax(*right, end);
    }
    status = thinnest_layer(&r, r.threshold, &l->threshold, &l->threshold_layer);
    if (!status) status = thinnest_layer(&r, r.reset, &l->reset, &l->reset_layer);
    if (status) return status;
    if (initial && initial[p].kind == NPDE__INITIAL_GAUSSIAN)
        *left = fmin(*left, initial[p].mean - l->rule->reach * sqrt(initial[p].variance));
    l->sigma = fmin(l->sigma, scale);
    status = add(m, l, r.reset);
    return status ? status : add(m, l, r.threshold);
}

/*
 * Deviation of Gaussian data as the elements resolve it, NaN for other data and point masses. Data narrower than a thousandth
 * of the noise forget that within 1e-6 time constants, and elements as narrow would cost digits for the whole run.
 */
static double resolved_deviation(const layout *l, const npde__initial *initial)
{
    if (initial->kind != NPDE__INITIAL_GAUSSIAN || initial->variance == 0) return NAN;
    return fmax(sqrt(initial->variance), 1e-3 * l->sigma);
}

static int sharp(const npde_model *m, size_t p)
{
    return (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
}

/* Elements that shrink geometrically towards each sharp threshold, the last one as wide as eight of the thinnest layers. */
static npde_status lay_out_layers(const npde_model *m, layout *l)
{
    npde_status status = NPDE_OK;
    for (size_t p = 0; l->thinnest > 0 && p < m->n_pop; p++) {
        const range *r = &l->ranges[p];
        const double distance = r->threshold - r->reset;
        for (double h = 8 * l->thinnest; sharp(m, p) && h < 0.3 && !status; h *= 4)
            status = add(m, l, r->threshold - h * distance);
    }
    return status;
}

/* Breaks around initial data narrower than the bump, and near a threshold that data or a strong drive reach. */
static npde_status lay_out_elements(const npde_model *m, const npde__initial *initial, layout *l)
{
    npde_status status = lay_out_layers(m, l);
    for (size_t p = 0; initial && p < m->n_pop && !status; p++) {
        const double deviation = resolved_deviation(l, &initial[p]), mean = initial[p].mean;
        if (!(deviation <= 0.7 * l->sigma)) continue;
        for (int side = -1; side <= 1 && !status; side += 2)
            status = add_near(m, l, mean + 6 * side * deviation, 2 * deviation);
    }
    /* Data that do not vanish at the threshold empty through a thin layer there. */
    for (size_t p = 0; initial && p < m->n_pop && !status; p++) {
        const double threshold = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD);
        if (initial[p].kind == NPDE__INITIAL_GAUSSIAN && threshold - initial[p].mean < 7 * sqrt(initial[p].variance) &&
            (npde_id)npde__model_value(m, p, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE)
            status = add_near(m, l, threshold - 0.02 * l->sigma, 0.01 * l->sigma);
    }
    const double at_reset = 16 / l->reset_layer, at_threshold = 16 / l->threshold_layer;
    if (!status && l->reset_layer * l->sigma > l->rule->thin)
        status = add_near(m, l, l->reset - at_reset, at_reset / 3);
    if (!status && l->threshold_layer * l->sigma > 20)
        status = add_near(m, l, l->threshold - at_threshold, at_threshold / 3);
    return status;
}

static npde_status find_ranges(const npde_model *m, layout *l)
{
    double *rate = npde__alloc(m->context, m->n_pop, sizeof *rate);
    l->ranges = npde__alloc(m->context, m->n_pop, sizeof *l->ranges);
    const int ok = rate && l->ranges;
    for (size_t p = 0; ok && m->kind->coupled && p < m->n_pop; p++) rate[p] = free_rate(m, p);
    for (size_t p = 0; ok && p < m->n_pop; p++) l->ranges[p] = drive_range(m, p, rate);
    npde__free(m->context, rate);
    return ok ? NPDE_OK : NPDE_ERR_MEMORY;
}

static npde_status lay_out(const npde_model *m, npde_id scheme, const npde__initial *initial, double layer, layout *l)
{
    l->thinnest = layer;
    double left = INFINITY, right = -INFINITY;
    npde_status status = NPDE_OK;
    l->sigma = INFINITY;
    for (size_t p = l->first; p < l->last && !status; p++) status = lay_out_population(m, p, initial, l, &left, &right);
    if (!status) status = add(m, l, left);
    if (!status && right > l->breaks[l->n - 1]) status = add(m, l, right);
    if (!status && scheme == NPDE_SCHEME_SPECTRAL) status = lay_out_elements(m, initial, l);
    return status;
}

/* The finest scale an element must resolve: σ, a steeper drift of the user's, or narrower initial data that lie in it. */
static npde_status finest(const npde_model *m, const layout *l, const npde__initial *initial, size_t s, double *scale)
{
    *scale = l->sigma;
    for (size_t p = l->first; m->drift && p < l->last; p++) {
        double local;
        const npde_status status = local_scale(&l->ranges[p], l->breaks[s], l->breaks[s + 1], &local);
        if (status) return status;
        *scale = p > l->first ? fmin(*scale, local) : local;
    }
    *scale = fmin(*scale, (l->breaks[l->n - 1] - l->breaks[0]) / 2);
    for (size_t p = 0; initial && p < m->n_pop; p++) {
        const double deviation = resolved_deviation(l, &initial[p]), mean = initial[p].mean;
        if (l->breaks[s] < mean + 5.5 * deviation && l->breaks[s + 1] > mean - 5.5 * deviation)
            *scale = fmin(*scale, deviation);
    }
    return NPDE_OK;
}

/* Splits what is longer than an element should be, and gives each its degree. */
static npde_status make_elements(const npde_model *m, layout *l, const npde__initial *initial, size_t degree,
                                 size_t *cells)
{
    for (size_t s = 0; s + 1 < l->n;) {
        const double length = l->breaks[s + 1] - l->breaks[s];
        double scale;
        npde_status status = finest(m, l, initial, s, &scale);
        if (status) return status;
        const int data = scale < l->sigma && !m->drift; /* data are resolved point by point */
        const double per_length = data ? 3 : 2.2, limit = data ? longest_data : l->rule->longest;
        if (length > limit * scale * (1 + 1e-9)) {
            if ((status = add(m, l, (l->breaks[s] + l->breaks[s + 1]) / 2))) return status;
            continue;
        }
        double wanted = l->rule->base + per_length * length / scale;
        if (l->breaks[s + 1] == l->threshold) wanted = fmax(wanted, l->rule->layer + length * l->threshold_layer);
        if (l->rule != &for_runs && l->breaks[s] >= l->threshold) wanted = fmax(wanted, TAIL + l->rule->base);
        if (l->breaks[s + 1] == l->reset && length * l->reset_layer < 20)
            wanted = fmax(wanted, 2 + length * l->reset_layer);
        cells[s++] = degree ? degree : (size_t)fmin(NPDE__MAX_DEGREE, ceil(wanted));
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

/* Widths in geometric progression from left to right whose last is this one: the last over the first. */
static double grading(double length, size_t cells, double last)
{
    double low = 1, high = 1e3; /* of the growth from the last cell leftwards */
    for (int k = 0; k < 200; k++) {
        const double q = sqrt(low * high), sum = q > 1 ? last * expm1((double)cells * log(q)) / (q - 1) : 0;
        if (sum < length) low = q;
        else high = q;
    }
    return pow(low, 1 - (double)cells);
}

/* Cells that shrink geometrically towards the sharp thresholds; two thirds of all for them, the rest equal. */
static void grade_cells(const npde_model *m, layout *l, size_t total, size_t *cells, double *ratios)
{
    double graded = 0;
    for (size_t s = 0; s + 1 < l->n; s++) {
        ratios[s] = 1;
        for (size_t p = 0; p < m->n_pop; p++)
            if (sharp(m, p) && l->ranges[p].threshold == l->breaks[s + 1])
                ratios[s] = l->thinnest * (l->ranges[p].threshold - l->ranges[p].reset) / 10;
        graded += ratios[s] < 1;
    }
    double rest = 0;
    for (size_t s = 0; s + 1 < l->n; s++)
        if (ratios[s] == 1) rest += l->breaks[s + 1] - l->breaks[s];
    for (size_t s = 0; s + 1 < l->n; s++) {
        const double length = l->breaks[s + 1] - l->breaks[s];
        if (ratios[s] < 1) {
            cells[s] = (size_t)fmax(100, 2.0 / 3 * (double)total / graded);
            ratios[s] = grading(length, cells[s], ratios[s]);
        } else {
            cells[s] = (size_t)fmax(1, 1.0 / 3 * (double)total * length / rest);
        }
    }
}

/* What changes as fast lives in layers of width √(a/fast) at the kinks: breaks around them, ever further apart. */
static npde_status lay_out_fast_layers(const npde_model *m, size_t p, layout *l)
{
    const range *r = &l->ranges[p];
    const double widest = (r->threshold - r->reset) / 2;
    npde_status status = NPDE_OK;
    for (double width = 5 * sqrt(r->a / l->fast); width < 0.9 * widest && !status; width *= 2) {
        const double at[] = {r->threshold - width, r->reset + width, r->reset - width, r->threshold + width};
        for (size_t i = 0; i < sizeof at / sizeof at[0] && !status; i++) status = add_near(m, l, at[i], width / 2);
    }
    return status;
}

npde_status npde__model_fit_frozen(const npde_model *m, size_t pop, double drive, double diffusion, npde__detail detail,
                                   npde_grid **out)
{
    npde_context *c = m->context;
    layout *l = npde__alloc(c, 1, sizeof *l);
    size_t *numbers = npde__alloc(c, MAX_BREAKS, sizeof *numbers);
    if (l) l->ranges = npde__alloc(c, m->n_pop, sizeof *l->ranges);
    npde_status status = l && l->ranges && numbers ? NPDE_OK : NPDE_ERR_MEMORY;
    if (!status) {
        l->rule = &for_spectra[detail.level];
        l->first = pop;
        l->last = pop + 1;
        l->fast = detail.fast;
        l->ranges[pop] = (range){.of = npde__model_population(m, pop),
                                 .a = diffusion,
                                 .reset = npde__model_value(m, pop, NPDE_PARAM_V_RESET),
                                 .threshold = npde__model_value(m, pop, NPDE_PARAM_V_THRESHOLD),
                                 .low = drive,
                                 .high = drive};
        status = lay_out(m, NPDE_SCHEME_SPECTRAL, NULL, 0, l);
    }
    if (!status && l->tail > l->threshold) status = add_near(m, l, l->tail, 0.2 * (l->tail - l->threshold));
    if (!status && detail.fast > 0) status = lay_out_fast_layers(m, pop, l);
    if (!status) status = make_elements(m, l, NULL, 0, numbers);
    if (!status) status = npde__grid_new(c, NPDE_SCHEME_SPECTRAL, l->breaks, l->n, numbers, NULL, out);
    if (l) npde__free(c, l->ranges);
    npde__free(c, l);
    npde__free(c, numbers);
    return status;
}

npde_status npde__model_fit_grid(const npde_model *m, npde_id scheme, size_t cells, const npde__initial *initial,
                                 double layer, npde_grid **out)
{
    npde_context *c = m->context;
    npde_status status = npde__model_validate(m);
    if (status) return status;
    layout *l = npde__alloc(c, 1, sizeof *l);
    size_t *numbers = npde__alloc(c, MAX_BREAKS, sizeof *numbers);
    double *ratios = npde__alloc(c, MAX_BREAKS, sizeof *ratios);
    const int graded = layer > 0 && scheme == NPDE_SCHEME_FINITE_VOLUME;
    status = l && numbers && ratios ? find_ranges(m, l) : NPDE_ERR_MEMORY;
    if (!status) {
        l->rule = &for_runs;
        l->last = m->n_pop;
        status = lay_out(m, scheme, initial, layer, l);
    }
    if (!status && scheme == NPDE_SCHEME_SPECTRAL) status = make_elements(m, l, initial, cells, numbers);
    else if (!status && graded) grade_cells(m, l, cells ? cells : LAYER_CELLS, numbers, ratios);
    else if (!status) make_cells(l, cells ? cells : FINITE_VOLUME_CELLS, numbers);
    if (!status) status = npde__grid_new(c, scheme, l->breaks, l->n, numbers, graded ? ratios : NULL, out);
    if (!status)
        npde__log(c, NPDE_LOG_INFO, "grid fitted to the model: [%g, %g], %zu segments, %zu points", l->breaks[0],
                  l->breaks[l->n - 1], l->n - 1, (*out)->n);
    if (l) npde__free(c, l->ranges);
    npde__free(c, l);
    npde__free(c, numbers);
    npde__free(c, ratios);
    return status;
}
