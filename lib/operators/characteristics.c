/* SPDX-License-Identifier: BSD-3-Clause */
#include "operators/characteristics.h"

#include <math.h>
#include <string.h>

npde_status npde__characteristics_init(npde__characteristics *f, npde_context *c, const npde_grid *v, size_t reset)
{
    *f = (npde__characteristics){.context = c, .scheme = v->scheme, .n = v->n, .reset = reset, .left = v->faces[0]};
    f->kernels = npde__kernels_best();
    f->width = (v->faces[v->n] - v->faces[0]) / (double)v->n;
    double **const rows[] = {&f->masses, &f->below, &f->above, &f->partial};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!(*rows[i] = npde__alloc(c, f->n + 2, sizeof(double)))) return NPDE_ERR_MEMORY;
    return NPDE_OK;
}

void npde__characteristics_free(npde__characteristics *f)
{
    double *const rows[] = {f->masses, f->below, f->above, f->partial};
    for (size_t i = 0; f->context && i < sizeof rows / sizeof rows[0]; i++) npde__free(f->context, rows[i]);
}

int npde__characteristics_equal(const npde_grid *v)
{
    const double width = (v->faces[v->n] - v->faces[0]) / (double)v->n;
    for (size_t i = 0; i < v->n; i++)
        if (fabs(v->w[i] - width) > 1e-9 * width) return 0;
    return 1;
}

/* ---- the profile within a cell ---- */

/*
 * Mass of cell k up to the fraction θ of it: with D∓ = m_{k∓1} − m_k,
 *
 *     φ(θ) = θ m_k + θ(1 − θ)[(2 − θ) D− − (1 + θ) D+]/6,
 *
 * the integral of a parabola with the right means in three cells. The limiter of Zhang & Shu (J. Comput. Phys. 229,
 * 2010) scales the parabola's deviation from its mean, D∓, to what keeps it positive; upwind has none. At V_R, where
 * what enters makes a jump, parabolas are one-sided.
 */
static void shape(npde__characteristics *f)
{
    const double *m = f->masses + 1;
    const size_t reset = f->reset;
    for (size_t k = 0; k < f->n; k++) {
        double below = m[(ptrdiff_t)k - 1] - m[k], above = m[k + 1] - m[k];
        if (k == reset && k > 0 && k + 2 < f->n) below = 2 * m[k] - 3 * m[k + 1] + m[k + 2];
        if (k + 1 == reset && k >= 2) above = 2 * m[k] - 3 * m[k - 1] + m[k - 2];
        f->below[k] = below;
        f->above[k] = above;
        if (f->scheme == NPDE_SCHEME_CELLS) continue;
        if (f->scheme == NPDE_SCHEME_CELLS_UPWIND) below = above = 0;
        /* Without a branch that depends on the data. */
        const double left = (2 * below - above) / 6, right = (2 * above - below) / 6, sum = left + right;
        const double at = 2 * left + right; /* the vertex lies at the fraction at/(3 sum) */
        const int inside = (sum > 0) & (at > 0) & (at < 3 * sum);
        const double lower = left < right ? left : right;
        const double least = inside ? left - at * at / (inside ? 3 * sum : 1) : lower;
        const double scale = least < -m[k] ? m[k] / (least < 0 ? -least : 1) : 1;
        f->below[k] = scale * below;
        f->above[k] = scale * above;
    }
}

static double up_to(const npde__characteristics *f, size_t k, double theta)
{
    const double *m = f->masses + 1;
    const double bend = (2 - theta) * f->below[k] - (1 + theta) * f->above[k];
    const double mass = theta * m[k] + theta * (1 - theta) * bend / 6;
    const double up = mass > 0 ? mass : 0;
    return f->scheme == NPDE_SCHEME_CELLS ? mass : up < m[k] ? up : m[k];
}

/* The parabolas are what the kernel makes of the masses. */
static int plain(const npde__characteristics *f)
{
    return f->scheme == NPDE_SCHEME_CELLS && f->reset == 0;
}

/* ---- feet of the faces ---- */

/* Where a face's characteristic came from: cell, fraction of it. */
typedef struct {
    size_t cell;
    double theta;
} foot;

static foot foot_at(size_t n, double x)
{
    if (!(x > 0)) return (foot){0, 0};
    if (x >= (double)n) return (foot){n, 0};
    const size_t cell = (size_t)x;
    return (foot){cell, x - (double)cell};
}

static double mass_between(const npde__characteristics *f, size_t from, size_t to)
{
    double sum = 0;
    for (size_t k = from; k < to; k++) sum += f->masses[k + 1];
    return sum;
}

/* How many faces have their feet in consecutive cells: θ, which changes by `slope` from one to the next, stays in [0, 1). */
static size_t run_length(double theta, double slope, size_t most)
{
    if (most <= 1 || slope == 0) return most;
    const double steps = slope > 0 ? (1 - theta) / slope : theta / -slope;
    if (!(steps < (double)most)) return most;
    /* θ + (length − 1) slope is the last one inside. */
    size_t length = (size_t)steps + 1;
    while (length > 1 && !(theta + (double)(length - 1) * slope < 1 && theta + (double)(length - 1) * slope >= 0))
        length--;
    while (length < most && theta + (double)length * slope < 1 && theta + (double)length * slope >= 0) length++;
    return length;
}

static void run_masses(npde__characteristics *f, size_t face, foot at, double slope, size_t length, double *row)
{
    const double *m = f->masses + 1 + at.cell;
    double *partial = f->partial;
    if (plain(f)) {
        f->kernels->remap(length, m, at.theta, slope, partial, row + face);
        return;
    }
    for (size_t i = 0; i < length; i++) partial[i] = up_to(f, at.cell + i, at.theta + (double)i * slope);
    for (size_t i = 0; i + 1 < length; i++) row[face + i] += (m[i] - partial[i]) + partial[i + 1];
}

/*
 * Adds to the row what the faces from `first` on bring, with feet at x_i = x* − (x* − i) q in units of cells; what
 * they leave beyond the last face.
 */
static double branch(npde__characteristics *f, double target, double q_less_1, size_t first, double *row)
{
    const size_t n = f->n;
    size_t face = first;
    const double start = (double)face + ((double)face - target) * q_less_1;
    if (start < 0) { /* the first face with its foot inside: the one before it brings all from the left end */
        const double inside = floor(target * q_less_1 / (1 + q_less_1));
        if (inside >= (double)n) return mass_between(f, 0, n);
        if (inside > (double)face) face = (size_t)inside;
    }
    foot before = {0, 0};
    double mass_before = 0;
    for (size_t begin = face; begin <= n;) {
        const foot at = foot_at(n, (double)begin + ((double)begin - target) * q_less_1);
        const size_t to_end = n - begin + 1, most = at.cell + to_end > n ? n - at.cell : to_end;
        const int outside = at.cell == n || (at.cell == 0 && at.theta == 0);
        const size_t length = outside ? 1 : run_length(at.theta, q_less_1, most);
        if (at.cell < n) run_masses(f, begin, at, q_less_1, length, row);
        const double mass = at.cell < n ? f->partial[0] : 0;
        if (begin > face) {
            const double step = mass_between(f, before.cell, at.cell) - mass_before + mass;
            row[begin - 1] += f->scheme == NPDE_SCHEME_CELLS ? step : fmax(step, 0); /* rounding must not be negative */
        }
        before = (foot){at.cell + length - 1, 0};
        mass_before = at.cell < n ? f->partial[length - 1] : 0;
        if (at.cell == n) return 0;
        begin += length;
    }
    return mass_between(f, before.cell, n) - mass_before;
}

/* Moves the row into the scratch of masses, extrapolates beyond the ends by parabolas, and empties the row. */
static void take(npde__characteristics *f, double *row)
{
    const size_t n = f->n;
    double *m = f->masses + 1;
    memcpy(m, row, n * sizeof *m);
    memset(row, 0, n * sizeof *row);
    m[-1] = 3 * (m[0] - m[1]) + m[2];
    m[n] = 3 * (m[n - 1] - m[n - 2]) + m[n - 3];
    if (!plain(f)) shape(f);
}

double npde__characteristics_flow(npde__characteristics *f, double target, double growth, double *row)
{
    const double n = (double)f->n, x = (target - f->left) / f->width, reset = (double)f->reset;
    take(f, row);
    double fired = branch(f, x, growth, 0, row);
    if (!(x > n)) return fired; /* nothing gets to the end */
    /* Passing V_R backwards after time t1, e^{B t1} = (x* − R)/(x* − i), it goes on from the right end. */
    const double shrink = (x - n) / (x - reset);
    for (double q = (1 + growth) * shrink; x - (x - reset) * q < n && q > 0; q *= shrink)
        fired += branch(f, x, q - 1, f->reset, row);
    return fired;
}

/* ---- discharge ---- */

/*
 * What enters at V_R between 0 and h, at the rate N(s) = 1/h (uniform) or s − h/2 (tilt), is at h between V_R and the
 * place it would have reached from the beginning: the mass beyond a face is what entered before h − T, T the time
 * from V_R to the face. n masses each, without what has left at the right end by then; the range of cells.
 */
static void entry(npde__characteristics *f, double x, double growth, double h, double *uniform, double *tilt,
                  size_t *first, size_t *last)
{
    const double reset = (double)f->reset, from = x - reset, rate = log1p(growth) / h;
    const int right = from >= 0;
    size_t cell = right || f->reset == 0 ? f->reset : f->reset - 1;
    *first = *last = cell;
    double beyond = 1, tilted = 0; /* mass beyond the face before */
    for (;;) {
        const double face = right ? (double)cell + 1 : (double)cell, to = x - face;
        double next = 0, next_tilted = 0;
        if (from / to > 0 && fabs(to) < fabs(from)) {
            const double s = h - log(from / to) / rate;
            if (s > 0) {
                next = s / h;
                next_tilted = s * (s - h) / 2;
            }
        }
        uniform[cell] = beyond - next;
        tilt[cell] = tilted - next_tilted;
        if (right) *last = cell;
        else *first = cell;
        if (next == 0 || cell == (right ? f->n - 1 : 0)) return;
        beyond = next;
        tilted = next_tilted;
        cell = right ? cell + 1 : cell - 1;
    }
}

static double discharge(size_t n, const double *survival, double *row)
{
    double fired = 0;
    for (size_t i = 0; i < n; i++) {
        const double stays = row[i] * survival[i];
        fired += row[i] - stays;
        row[i] = stays;
    }
    return fired;
}

static double rate(size_t n, const double *phi, const double *row)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += phi[i] * row[i];
    return sum;
}

double npde__characteristics_discharge(npde__characteristics *f, double target, double growth, double h,
                                       const double *phi, const double *survival, const npde__reentry *later,
                                       double *entered, double *row)
{
    const size_t n = f->n;
    const double before = later ? 0 : rate(n, phi, row), x = (target - f->left) / f->width;
    double fired = phi ? discharge(n, survival, row) : 0;
    take(f, row);
    fired += branch(f, x, growth, 0, row);
    if (phi) fired += discharge(n, survival, row);
    const npde__reentry at_once = {.share = 1, .slope = later ? 0 : (rate(n, phi, row) - before) / h};
    if (!later) later = &at_once;

    double *uniform = f->below, *tilt = f->above; /* free by now */
    size_t first, last;
    entry(f, x, growth, h, uniform, tilt, &first, &last);
    double stays = 0, stays_tilted = 0;
    for (size_t i = first; i <= last; i++) {
        stays += uniform[i] * (phi ? survival[i] : 1);
        stays_tilted += tilt[i] * (phi ? survival[i] : 1);
    }
    /* Of what enters a part fires again: all fired = fired + (1 − stays) entered − slope × stays_tilted. */
    const double part = 1 - later->share * (1 - stays);
    if (!(part > 1e-100)) { /* it would fire at V_R, again and again */
        for (size_t i = first; i <= last; i++) row[i] += fired * uniform[i];
        *entered = fired;
        return fired;
    }
    double enters = (later->known + later->share * fired) / part;
    const double by_slope = -later->share * stays_tilted / part;
    const double most = 2 * fmax(enters, 0) / (h * h + 2 * fabs(by_slope)); /* so that its rate stays positive */
    const double slope = later->slope + later->follow * (fired + (1 - stays) * enters - enters);
    const double tilts = fmin(fmax(slope, -most), most);
    enters += by_slope * tilts;
    for (size_t i = first; i <= last; i++) row[i] += (enters * uniform[i] + tilts * tilt[i]) * (phi ? survival[i] : 1);
    *entered = enters;
    return fired + (1 - stays) * enters - tilts * stays_tilted;
}

double npde__characteristics_end(const npde__characteristics *f, const double *row)
{
    const double *m = row + f->n - 4;
    if (f->scheme == NPDE_SCHEME_CELLS_UPWIND) return m[3];
    const double cubic = (25 * m[3] - 23 * m[2] + 13 * m[1] - 3 * m[0]) / 12;
    return f->scheme == NPDE_SCHEME_CELLS ? cubic : fmax(cubic, 0);
}
