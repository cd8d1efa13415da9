/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/search.h"

#include "numerics/lapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    double low, high;
} interval;

/* Of L, and the ranges of −∂L/∂μ and −∂L/∂a. */
typedef struct {
    double low, high;
    interval by_drive, by_diffusion;
} bounds;

/* A list of rows of n numbers that grows. */
typedef struct {
    double *row;
    size_t width, count, capacity;
} rows;

typedef struct {
    const npde__search *s;
    rows boxes, roots;
    double *box;   /* 2n: low, then high ends */
    bounds *bound; /* n: over the box */
    npde__pace *point;
    double *centre, *value;           /* n */
    double *candidate;                /* n: of a root */
    double *slope;                    /* n × n, column-major: an inverse matrix */
    double *middle, *radius, *spread; /* n × n, row-major: the Jacobian over the box; n */
    int *pivots;
    double *work;
} state;

static const double widest_diffusion = 1.25; /* range of a over which L that may rise in a is bounded */

static npde_status append(npde_context *c, rows *r, const double *row)
{
    if (r->count == r->capacity) {
        const size_t capacity = r->capacity ? 2 * r->capacity : 64;
        double *more = npde__alloc(c, capacity * r->width, sizeof *more);
        if (!more) return NPDE_ERR_MEMORY;
        if (r->count) memcpy(more, r->row, r->count * r->width * sizeof *more);
        npde__free(c, r->row);
        r->row = more;
        r->capacity = capacity;
    }
    memcpy(r->row + r->count++ * r->width, row, r->width * sizeof *row);
    return NPDE_OK;
}

static double weight(const double *matrix, size_t k)
{
    return matrix ? matrix[k] : 0;
}

/* Drive and diffusion of population p at the corner of the box where they are least (high = 0) or most. */
static void corner(const state *z, size_t p, int high, double *drive, double *diffusion)
{
    const npde__search *s = z->s;
    const size_t n = s->n;
    *drive = s->drive[p];
    *diffusion = s->diffusion[p];
    for (size_t q = 0; q < n; q++) {
        const double b = weight(s->weights, p * n + q), a1 = weight(s->noise, p * n + q);
        if (b != 0) *drive += b * exp(z->box[(high ? b > 0 : b < 0) ? n + q : q]);
        if (a1 != 0) *diffusion += a1 * exp(z->box[high ? n + q : q]);
    }
}

static npde_status pace_at(const state *z, size_t p, double drive, double diffusion, npde__pace *out)
{
    return z->s->pace(z->s->self, p, drive, diffusion, out);
}

static void widen(interval *range, double value)
{
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

/* Room for what is not seen at the places that were looked at. */
static void add_slack(interval *range, double slack)
{
    const double more = slack * (range->high - range->low); /* NaN where a slope is not known, which nobody uses then */
    range->low -= more;
    range->high += more;
}

/* Its low end, middle, high end. */
static double place(interval range, int k)
{
    if (k == 1) return (range.low + range.high) / 2;
    return k == 0 ? range.low : range.high;
}

/* What L and its slopes can be at drives and diffusions in these ranges. */
static npde_status bound_pace(const state *z, size_t p, interval drive, interval diffusion, bounds *out)
{
    const int moves = drive.low < drive.high || diffusion.low < diffusion.high;
    const int rough = z->s->rough && z->s->rough[p] && diffusion.low < diffusion.high;
    double slack = 0;
    *out = (bounds){INFINITY, -INFINITY, {INFINITY, -INFINITY}, {INFINITY, -INFINITY}};
    if (rough && diffusion.high > widest_diffusion * diffusion.low) {
        const interval any = {-INFINITY, INFINITY};
        *out = (bounds){-INFINITY, INFINITY, any, any};
        return NPDE_OK;
    }
    for (int i = 0; i < (rough ? 6 : 1 + moves); i++) { /* least drive first */
        const int most = rough ? i % 2 : i;
        const double a = place(diffusion, rough ? i / 2 : 2 * most);
        npde__pace at;
        const npde_status status = pace_at(z, p, most ? drive.high : drive.low, a, &at);
        if (status) return status;
        if (!most) out->high = fmax(out->high, at.high);
        if (most || !moves) out->low = fmin(out->low, at.low);
        widen(&out->by_drive, at.by_drive);
        widen(&out->by_diffusion, at.by_diffusion);
        slack = fmax(slack, at.slack);
    }
    add_slack(&out->by_drive, slack);
    add_slack(&out->by_diffusion, slack);
    if (!rough) return NPDE_OK;
    const double steepest = fmax(fabs(out->by_diffusion.low), fabs(out->by_diffusion.high)),
                 apart = steepest * (diffusion.high - diffusion.low) / 4;
    /* Where neurons fire too rarely for slopes, ln T is a barrier over a. */
    const double more = isfinite(apart) ? apart : fabs(out->low) * (diffusion.high / diffusion.low - 1);
    out->low -= more;
    out->high += more;
    return NPDE_OK;
}

/* Cuts the box to where the rates can lie: N_p between 1/(T + τ) at its slowest and at its fastest. */
static npde_status contract(state *z, int *empty)
{
    const size_t n = z->s->n;
    *empty = 0;
    for (size_t p = 0; p < n && !*empty; p++) {
        interval drive, diffusion;
        corner(z, p, 0, &drive.low, &diffusion.low);
        corner(z, p, 1, &drive.high, &diffusion.high);
        const npde_status status = bound_pace(z, p, drive, diffusion, &z->bound[p]);
        if (status) return status;
        z->box[p] = fmax(z->box[p], -z->bound[p].high);
        z->box[n + p] = fmin(z->box[n + p], -z->bound[p].low);
        *empty = z->box[p] > z->box[n + p];
    }
    return NPDE_OK;
}

/* ∂G_p/∂x_q = δ_pq − N_q (b_pq (−∂L/∂μ) + a1_pq (−∂L/∂a)) over the box, as middle ± radius. */
static void enclose_jacobian(state *z)
{
    const npde__search *s = z->s;
    const size_t n = s->n;
    for (size_t p = 0; p < n; p++) {
        const interval by_drive = z->bound[p].by_drive, by_diffusion = z->bound[p].by_diffusion;
        for (size_t q = 0; q < n; q++) {
            const double b = weight(s->weights, p * n + q), a1 = weight(s->noise, p * n + q);
            const double least = (b >= 0 ? b * by_drive.low : b * by_drive.high) + a1 * by_diffusion.low;
            const double most = (b >= 0 ? b * by_drive.high : b * by_drive.low) + a1 * by_diffusion.high;
            const double few = exp(z->box[q]), many = exp(z->box[n + q]);
            double low = fmin(least * few, least * many), high = fmax(most * few, most * many);
            if (b == 0 && a1 == 0) low = high = 0; /* also where a slope is not known */
            z->middle[p * n + q] = (p == q) - (low + high) / 2;
            z->radius[p * n + q] = (high - low) / 2;
        }
    }
}

/* slope ← the inverse of the matrix with these entries, row-major in, column-major out; 0 when there is none. */
static int invert(state *z, const double *matrix)
{
    const int n = (int)z->s->n;
    int info = 0;
    if (!isfinite(matrix[0])) return 0;
    if (n == 1) {
        z->slope[0] = 1 / matrix[0];
        return isfinite(z->slope[0]);
    }
    for (int p = 0; p < n; p++)
        for (int q = 0; q < n; q++) {
            z->work[q * n + p] = matrix[p * n + q];
            if (!isfinite(matrix[p * n + q])) return 0;
            z->slope[q * n + p] = p == q;
        }
    dgetrf_(&n, &n, z->work, &n, z->pivots, &info);
    if (info) return 0;
    dgetrs_("N", &n, &n, z->work, &n, z->pivots, z->slope, &n, &info, 1);
    return !info;
}

/* G at the centre, its Jacobian there into middle, and the rounding error of G; 0 in known when some L is not known there. */
static npde_status evaluate(state *z, const double *x, double *noise, int *known)
{
    const npde__search *s = z->s;
    const size_t n = s->n;
    *noise = 0;
    *known = 1;
    for (size_t p = 0; p < n; p++) {
        double drive = s->drive[p], diffusion = s->diffusion[p];
        for (size_t q = 0; q < n; q++) {
            drive += weight(s->weights, p * n + q) * exp(x[q]);
            diffusion += weight(s->noise, p * n + q) * exp(x[q]);
        }
        npde__pace *at = &z->point[p];
        const npde_status status = pace_at(z, p, drive, diffusion, at);
        if (status) return status;
        *known = *known && isfinite(at->high);
        z->value[p] = x[p] + (at->low + at->high) / 2;
        *noise = fmax(*noise, (at->high - at->low) / 2 + 2e-16 * fabs(x[p]));
        for (size_t q = 0; q < n; q++) {
            const double b = weight(s->weights, p * n + q), a1 = weight(s->noise, p * n + q);
            z->middle[p * n + q] = (p == q) - exp(x[q]) * (b * at->by_drive + a1 * at->by_diffusion);
        }
    }
    return NPDE_OK;
}

/* Krawczyk's operator K(X) = c − Y G(c) + (I − Y J)(X − c) with Y the inverse of the middle of J. */
typedef enum { NOTHING, SMALLER, SINGLE } verdict;

static npde_status krawczyk(state *z, verdict *out)
{
    const size_t n = z->s->n;
    double noise;
    int known, regular;
    enclose_jacobian(z);
    *out = SMALLER;
    if (!invert(z, z->middle)) return NPDE_OK;
    double norm = 0;
    for (size_t p = 0; p < n; p++) { /* |I − Y J| ≤ |Y| radius, times the half-widths */
        double sum = 0;
        z->spread[p] = 0;
        for (size_t q = 0; q < n; q++) {
            double entry = 0;
            for (size_t k = 0; k < n; k++) entry += fabs(z->slope[k * n + p]) * z->radius[k * n + q];
            sum += entry;
            z->spread[p] += entry * (z->box[n + q] - z->box[q]) / 2;
        }
        norm = fmax(norm, sum);
    }
    if (!isfinite(norm)) return NPDE_OK;
    regular = norm < 0.9;
    for (size_t p = 0; p < n; p++) z->centre[p] = (z->box[p] + z->box[n + p]) / 2;
    const npde_status status = evaluate(z, z->centre, &noise, &known);
    if (status || !known) return status;
    for (size_t p = 0; p < n; p++) {
        double step = 0, error = 1e-15 * (1 + fabs(z->centre[p])) + z->spread[p];
        for (size_t k = 0; k < n; k++) {
            step += z->slope[k * n + p] * z->value[k];
            error += fabs(z->slope[k * n + p]) * 2 * noise;
        }
        z->box[p] = fmax(z->box[p], z->centre[p] - step - error);
        z->box[n + p] = fmin(z->box[n + p], z->centre[p] - step + error);
        if (z->box[p] > z->box[n + p]) *out = NOTHING;
    }
    if (*out != NOTHING && regular) *out = SINGLE;
    return NPDE_OK;
}

/* Newton's method from the box's centre; found when it ends within the box, or a little outside. */
static npde_status polish(state *z, int *found)
{
    const size_t n = z->s->n;
    double last = INFINITY, noise, slack = 0;
    int known;
    *found = 0;
    for (size_t p = 0; p < n; p++) {
        z->centre[p] = (z->box[p] + z->box[n + p]) / 2;
        slack = fmax(slack, 0.1 * (z->box[n + p] - z->box[p]));
    }
    slack += 10 * z->s->smallest;
    for (int k = 0; k < 30; k++) {
        const npde_status status = evaluate(z, z->centre, &noise, &known);
        if (status) return status;
        if (!known || !invert(z, z->middle)) return NPDE_OK;
        double size = 0;
        for (size_t p = 0; p < n; p++) {
            double step = 0;
            for (size_t q = 0; q < n; q++) step += z->slope[q * n + p] * z->value[q];
            z->centre[p] -= step;
            size = fmax(size, fabs(step) / (1 + fabs(z->centre[p])));
            if (!(z->centre[p] >= z->box[p] - slack && z->centre[p] <= z->box[n + p] + slack)) return NPDE_OK;
        }
        if (size <= 4e-16 || (size < 1e-7 && size >= last / 2)) { /* no longer converging: rounding */
            *found = 1;
            return NPDE_OK;
        }
        last = size;
    }
    return NPDE_OK;
}

static double largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t p = 0; p < n; p++) most = fmax(most, fabs(x[p]));
    return most;
}

static double apart(const double *x, const double *y, size_t n)
{
    double most = 0;
    for (size_t p = 0; p < n; p++) most = fmax(most, fabs(x[p] - y[p]));
    return most;
}

/*
 * From the centre to where G vanishes to rounding, across the directions in which J is not singular and not along the others: by
 * Levenberg's steps (JᵀJ + λ) d = −Jᵀ G. Its size over its rounding error there; infinite when G is not known.
 */
static npde_status settle(state *z, double *ratio)
{
    const size_t n = z->s->n;
    *ratio = INFINITY;
    for (int k = 0; k < 8; k++) {
        double noise;
        int known;
        const npde_status status = evaluate(z, z->centre, &noise, &known);
        if (status) return status;
        *ratio = known ? largest(z->value, n) / noise : INFINITY;
        if (!(*ratio > 1) || !known) return NPDE_OK;
        const double damping = 1e-8 * pow(fmax(1, largest(z->middle, n * n)), 2);
        for (size_t p = 0; p < n; p++)
            for (size_t q = 0; q < n; q++) {
                z->radius[p * n + q] = p == q ? damping : 0;
                for (size_t i = 0; i < n; i++) z->radius[p * n + q] += z->middle[i * n + p] * z->middle[i * n + q];
            }
        if (!invert(z, z->radius)) return NPDE_OK;
        for (size_t q = 0; q < n; q++) {
            z->spread[q] = 0;
            for (size_t i = 0; i < n; i++) z->spread[q] += z->middle[i * n + q] * z->value[i];
        }
        for (size_t p = 0; p < n; p++)
            for (size_t q = 0; q < n; q++) z->centre[p] -= z->slope[q * n + p] * z->spread[q];
    }
    return NPDE_OK;
}

/* |G| up to which a place may be a root, in rounding errors; a little more between two such places, where it varies. */
static const double root_noise = 4, path_noise = 8;
static const double far_apart = 1e-3; /* roots that are farther apart can always be told */

/* Does G vanish to rounding all the way from x to y? The way bends with the directions in which J is not singular. */
static npde_status connected(state *z, const double *x, const double *y, int *yes)
{
    enum { PIECES = 8 };
    const size_t n = z->s->n;
    const double whole = apart(x, y, n);
    *yes = whole <= far_apart;
    for (int k = 1; k < PIECES && *yes && whole > 10 * z->s->smallest; k++) {
        double ratio, moved = 0;
        for (size_t p = 0; p < n; p++) z->centre[p] = x[p] + (y[p] - x[p]) * k / PIECES;
        const npde_status status = settle(z, &ratio);
        if (status) return status;
        for (size_t p = 0; p < n; p++) moved = fmax(moved, fabs(z->centre[p] - (x[p] + (y[p] - x[p]) * k / PIECES)));
        *yes = ratio <= path_noise && moved <= whole / PIECES;
    }
    return NPDE_OK;
}

/*
 * Roots that cannot be told apart are one, as root r has it: its place, and the box of all places found. The place is the middle of
 * that where G vanishes there, too: at a pitchfork the outer states would be as good by |G|, and as bad.
 */
static npde_status merge(state *z, size_t r, const double *low, const double *high)
{
    const size_t n = z->s->n;
    double *place = z->roots.row + r * z->roots.width, *least = place + n, *most = least + n, ratio = 0;
    for (size_t p = 0; p < n; p++) {
        least[p] = fmin(least[p], low[p]);
        most[p] = fmax(most[p], high[p]);
        z->centre[p] = (least[p] + most[p]) / 2;
    }
    if (apart(least, most, n) <= 10 * z->s->smallest) return NPDE_OK;
    const npde_status status = settle(z, &ratio);
    if (!status && ratio <= root_noise) memcpy(place, z->centre, n * sizeof *place);
    return status;
}

/* Keeps the root at the centre, unless it cannot be told from one that is there already. */
static npde_status keep(state *z)
{
    const size_t n = z->s->n;
    for (size_t k = 0; k < 3; k++) memcpy(z->candidate + k * n, z->centre, n * sizeof *z->candidate);
    for (size_t r = 0; r < z->roots.count; r++) {
        int yes;
        const npde_status status = connected(z, z->roots.row + r * z->roots.width, z->candidate, &yes);
        if (status) return status;
        if (yes) return merge(z, r, z->candidate, z->candidate);
    }
    return append(z->s->context, &z->roots, z->candidate);
}

/* Roots that later ones, or better ones, have connected. */
static npde_status merge_all(state *z)
{
    const size_t n = z->s->n, width = z->roots.width;
    for (size_t r = 0; r < z->roots.count; r++)
        for (size_t k = r + 1; k < z->roots.count;) {
            double *other = z->roots.row + k * width;
            int yes;
            npde_status status = connected(z, z->roots.row + r * width, other, &yes);
            if (!status && yes) status = merge(z, r, other + n, other + 2 * n);
            if (status) return status;
            if (!yes) {
                k++;
                continue;
            }
            memmove(other, z->roots.row + --z->roots.count * width, width * sizeof *other);
            k = r + 1; /* root r may have moved */
        }
    return NPDE_OK;
}

/*
 * A box so small that G, along a direction in which J is singular, varies by rounding only: √noise. It is a
 * multiple root if G vanishes there to rounding; done when it is, or when the box is too small to halve.
 */
static npde_status judge_small(state *z, double width, int *done)
{
    const size_t n = z->s->n;
    double noise, ratio;
    int known;
    *done = width < z->s->smallest;
    for (size_t p = 0; p < n; p++) z->centre[p] = (z->box[p] + z->box[n + p]) / 2;
    npde_status status = evaluate(z, z->centre, &noise, &known);
    if (status || (!*done && !(known && width * width < noise))) return status;
    if (!known) {
        size_t p = 0;
        while (p + 1 < n && isfinite(z->point[p].high)) p++;
        return npde__fail(z->s->context, NPDE_ERR_GRID,
                          "no grid resolves how rarely the neurons fire in a steady state near rate %g of population "
                          "%zu: raise rate_min to leave it out",
                          exp(z->centre[p]), p);
    }
    status = settle(z, &ratio);
    if (status || !(ratio <= root_noise)) return status;
    for (size_t p = 0; p < n; p++) {
        const double slack = 0.1 * width + 1e-15 * fabs(z->centre[p]);
        if (!(z->centre[p] >= z->box[p] - slack && z->centre[p] <= z->box[n + p] + slack)) return NPDE_OK;
    }
    *done = 1;
    return keep(z);
}

static double widest(const state *z, size_t *which)
{
    const size_t n = z->s->n;
    double width = -1;
    for (size_t p = 0; p < n; p++) {
        if (z->box[n + p] - z->box[p] <= width) continue;
        width = z->box[n + p] - z->box[p];
        *which = p;
    }
    return width;
}

/* Works on the box until it is done with, or halves it. */
static npde_status treat(state *z)
{
    const size_t n = z->s->n;
    for (;;) {
        size_t which = 0;
        int empty, found;
        verdict v;
        const double before = widest(z, &which);
        npde_status status = contract(z, &empty);
        if (status || empty) return status;
        status = krawczyk(z, &v);
        if (status || v == NOTHING) return status;
        if (v == SINGLE) {
            status = polish(z, &found);
            if (status) return status;
            if (found) return keep(z);
        }
        const double width = widest(z, &which);
        if (width < 1e3 * z->s->smallest) {
            int done;
            status = judge_small(z, width, &done);
            if (status || done) return status;
        }
        if (width < 0.6 * before) continue;
        const double middle = (z->box[which] + z->box[n + which]) / 2, high = z->box[n + which];
        z->box[n + which] = middle;
        status = append(z->s->context, &z->boxes, z->box);
        z->box[which] = middle;
        z->box[n + which] = high;
        return status ? status : append(z->s->context, &z->boxes, z->box);
    }
}

static npde_status run(state *z)
{
    const npde__search *s = z->s;
    const size_t n = s->n;
    memcpy(z->box, s->low, n * sizeof *z->box);
    memcpy(z->box + n, s->high, n * sizeof *z->box);
    for (size_t p = 0; p < n; p++)
        if (s->low[p] > s->high[p]) return NPDE_OK;
    npde_status status = append(s->context, &z->boxes, z->box);
    for (size_t k = 0; !status && z->boxes.count; k++) {
        if (k >= s->boxes)
            return npde__fail(
                s->context, NPDE_ERR_TOO_MANY_STEPS,
                "the search for steady states has looked at %zu boxes of rates and is not done: narrow the "
                "window by rate_min and rate_max, or raise boxes",
                k);
        memcpy(z->box, z->boxes.row + --z->boxes.count * 2 * n, 2 * n * sizeof *z->box);
        status = treat(z);
    }
    return status;
}

static npde_status allocate(state *z)
{
    npde_context *c = z->s->context;
    const size_t n = z->s->n;
    double **const vectors[] = {&z->box,    &z->centre, &z->value, &z->slope,    &z->middle,
                                &z->radius, &z->spread, &z->work,  &z->candidate};
    const size_t sizes[] = {2 * n, n, n, n * n, n * n, n * n, n, n * n, 3 * n};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!(*vectors[i] = npde__alloc(c, sizes[i], sizeof(double)))) return NPDE_ERR_MEMORY;
    z->bound = npde__alloc(c, n, sizeof *z->bound);
    z->point = npde__alloc(c, n, sizeof *z->point);
    z->pivots = npde__alloc(c, n, sizeof *z->pivots);
    return z->bound && z->point && z->pivots ? NPDE_OK : NPDE_ERR_MEMORY;
}

static void sort(rows *r)
{
    for (size_t i = 1; i < r->count; i++) /* few, each a row */
        for (size_t k = i; k > 0 && r->row[(k - 1) * r->width] > r->row[k * r->width]; k--)
            for (size_t p = 0; p < r->width; p++) {
                const double t = r->row[k * r->width + p];
                r->row[k * r->width + p] = r->row[(k - 1) * r->width + p];
                r->row[(k - 1) * r->width + p] = t;
            }
}

npde_status npde__search_run(const npde__search *s, double **roots, size_t *n_found)
{
    npde_context *c = s->context;
    state z = {.s = s, .boxes.width = 2 * s->n, .roots.width = 3 * s->n};
    npde_status status = allocate(&z);
    if (!status) status = run(&z);
    if (!status) status = merge_all(&z);
    void *const blocks[] = {z.box,  z.centre, z.value, z.slope,  z.middle,    z.radius,   z.spread,
                            z.work, z.bound,  z.point, z.pivots, z.candidate, z.boxes.row};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    if (status) {
        npde__free(c, z.roots.row);
        return status;
    }
    sort(&z.roots);
    for (size_t r = 1; r < z.roots.count; r++)
        memmove(z.roots.row + r * s->n, z.roots.row + r * z.roots.width, s->n * sizeof *z.roots.row);
    *roots = z.roots.row;
    *n_found = z.roots.count;
    return NPDE_OK;
}
