/* SPDX-License-Identifier: BSD-3-Clause */
#include "operators/characteristics.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- pieces ---- */

/* Where cell k of the row and those around it have their place among the densities, in piece s. */
static size_t place(size_t s, size_t k)
{
    return k + 4 * s + NPDE__KERNELS_LANES;
}

/* Of the k-th Lagrange polynomial of the first n + 1 faces, its value at x. */
static double lagrange(const double *faces, size_t n, size_t k, double x)
{
    double value = 1;
    for (size_t j = 0; j <= n; j++)
        if (j != k) value *= (x - faces[j]) / (faces[k] - faces[j]);
    return value;
}

/* And its slope at face `at`. */
static double lagrange_slope(const double *faces, size_t n, size_t k, size_t at)
{
    double slope = k == at ? 0 : 1 / (faces[k] - faces[at]);
    for (size_t j = 0; j <= n; j++) {
        if (j == k || j == at) continue;
        if (k == at) slope += 1 / (faces[at] - faces[j]);
        else slope *= (faces[at] - faces[j]) / (faces[k] - faces[j]);
    }
    return slope;
}

/* The first of at most `wanted` cells around face `at`, or as near to it as low and high let them be, and how many they are. */
static size_t around(size_t at, size_t wanted, size_t low, size_t high, size_t *count)
{
    *count = high - low < wanted ? high - low : wanted;
    const size_t first = at < low + wanted / 2 ? low : at - wanted / 2;
    return first + *count > high ? high - *count : first;
}

static void find_places(const npde__characteristics *f, size_t first, size_t count, npde__characteristics_sum *sum)
{
    size_t s = 0;
    for (size_t q = 0; q < NPDE__AROUND; q++) {
        const size_t cell = first + (q < count ? q : count - 1);
        while (cell >= f->piece[s].end) s++;
        sum->place[q] = place(s, cell);
    }
}

/* The density at face `at`, the slope there of the polynomial with the right masses up to the faces of `wanted` cells. */
static npde__characteristics_sum at_face(const npde__characteristics *f, size_t at, size_t wanted, size_t low,
                                         size_t high)
{
    npde__characteristics_sum sum = {{0}, {0}};
    size_t count;
    const size_t first = around(at, wanted, low, high, &count);
    const double *faces = f->v->faces + first;
    find_places(f, first, count, &sum);
    double slopes = 0; /* by the mass up to a face, from the last one down */
    for (size_t k = count; k > 0; k--) {
        slopes += lagrange_slope(faces, count, k, at - first);
        sum.weight[k - 1] = slopes * (faces[k] - faces[k - 1]);
    }
    return sum;
}

/* The same of the polynomial that has the density `given` at the end as well: what it takes is to add a multiple of the one that is
 * zero at all the faces. */
static void give(const npde__characteristics *f, size_t at, size_t end, size_t low, size_t high,
                 npde__characteristics_edge *edge)
{
    size_t count;
    const size_t first = around(at, 3, low, high, &count);
    const double *faces = f->v->faces + first;
    const npde__characteristics_sum without = at_face(f, end, 3, low, high);
    double share = 1;
    for (size_t j = 0; j <= count; j++) {
        if (first + j != at) share *= faces[at - first] - faces[j];
        if (first + j != end) share /= faces[end - first] - faces[j];
    }
    edge->next = at_face(f, at, 3, low, high);
    for (size_t q = 0; q < NPDE__AROUND; q++) edge->next.weight[q] -= share * without.weight[q];
    edge->given = share;
}

/* Two cells beyond a face behind which others of another width follow, from there on: their masses are differences of those up to
 * places one and two widths away, of polynomials through the faces around these, none of them on this side. */
static void look_across(const npde__characteristics *f, size_t s, int up, size_t low, size_t high,
                        npde__characteristics_edge *edge)
{
    const npde__characteristics_piece *p = &f->piece[s];
    const double *faces = f->v->faces;
    const size_t here = up ? p->end : p->begin;
    double before = faces[here];
    for (int k = 0; k < 2; k++) {
        npde__characteristics_beyond *b = &edge->beyond[k];
        const double x = up ? fmin(faces[here] + (k + 1) * p->width, faces[high])
                            : fmax(faces[here] - (k + 1) * p->width, faces[low]);
        size_t cell = up ? here : here - 1, count;
        while (up ? faces[cell + 1] < x : faces[cell] > x) cell += up ? 1 : (size_t)-1;
        const size_t first = around(cell + 1, NPDE__AROUND, up ? here : low, up ? high : here, &count);
        const double *from = faces + first;
        find_places(f, first, count, &b->part);
        double sum = 0; /* of what is up to x of each face's polynomial, from the far side on */
        for (size_t q = 0; q < count; q++) {
            const size_t c = up ? count - 1 - q : q;
            sum += lagrange(from, count, up ? c + 1 : c, x);
            b->part.weight[c] = sum * (from[c + 1] - from[c]);
        }
        b->begin = up ? here : first + count;
        b->end = up ? first : here;
        b->piece = s;
        while (f->piece[b->piece].begin > b->begin) b->piece--;
        while (f->piece[b->piece].end <= b->begin && b->begin < b->end) b->piece++;
        b->inverse = fabs(x - before) > 1e-9 * p->width ? 1 / fabs(x - before) : 0;
        before = x;
    }
}

static void make_edges(npde__characteristics *f, size_t s)
{
    npde__characteristics_piece *p = &f->piece[s];
    const size_t jump = f->piece[f->reset].begin;
    const size_t low = p->begin < jump ? 0 : jump, high = p->begin < jump ? jump : f->n;
    for (int up = 0; up < 2; up++) {
        npde__characteristics_edge *edge = &p->edge[up];
        const size_t end = up ? p->end : p->begin, next = up ? end - 1 : end + 1;
        edge->closed = end == low || end == high;
        if (!edge->closed) {
            look_across(f, s, up, low, high, edge);
            continue;
        }
        edge->end = at_face(f, end, NPDE__AROUND, low, high);
        give(f, next, end, low, high, edge);
    }
}

/* Segments of the grid with cells of one width are one piece, but for V_R. */
static void make_pieces(npde__characteristics *f, size_t reset)
{
    const npde_grid *v = f->v;
    size_t s = 0;
    for (size_t k = 0; k < v->n_segments; k++) {
        const size_t begin = v->node[k], end = begin + v->cells[k];
        npde__characteristics_piece *last = s ? &f->piece[s - 1] : NULL;
        const double width = (v->faces[end] - v->faces[begin]) / (double)(end - begin);
        if (!last || begin == reset || fabs(width - last->width) > 1e-9 * width) {
            if (begin == reset) f->reset = s;
            f->piece[s++] = (npde__characteristics_piece){.begin = begin, .left = v->faces[begin]};
        }
        last = &f->piece[s - 1];
        last->end = end;
        last->right = v->faces[end];
        last->width = (last->right - last->left) / (double)(end - last->begin);
        last->inverse = 1 / last->width;
    }
    f->n_pieces = s;
    for (size_t k = 0; k < s; k++) make_edges(f, k);
}

npde_status npde__characteristics_init(npde__characteristics *f, npde_context *c, const npde_grid *v, size_t reset)
{
    *f = (npde__characteristics){.context = c, .v = v, .scheme = v->scheme, .n = v->n};
    f->kernels = npde__kernels_best();
    f->piece = npde__alloc(c, v->n_segments, sizeof *f->piece);
    if (!f->piece) return NPDE_ERR_MEMORY;
    make_pieces(f, reset);
    double **const rows[] = {&f->density, &f->below, &f->above};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!(*rows[i] = npde__alloc(c, f->n + 4 * f->n_pieces + (size_t)3 * NPDE__KERNELS_LANES, sizeof(double))))
            return NPDE_ERR_MEMORY;
    return NPDE_OK;
}

void npde__characteristics_free(npde__characteristics *f)
{
    void *const blocks[] = {f->piece, f->density, f->below, f->above};
    for (size_t i = 0; f->context && i < sizeof blocks / sizeof blocks[0]; i++) npde__free(f->context, blocks[i]);
}

int npde__characteristics_equal(const npde_grid *v)
{
    for (size_t s = 0; s < v->n_segments; s++)
        for (size_t i = v->node[s]; i < v->node[s] + v->cells[s]; i++)
            if (fabs(v->w[i] - v->w[v->node[s]]) > 1e-9 * v->w[i]) return 0;
    return 1;
}

/* ---- the profile within a cell ---- */

/*
 * For the limited scheme and the upwind one: mass of cell k up to the fraction θ of it, in units of a cell, with what the
 * densities at its faces, those of the quartic with the right means in five cells, are more than its mean, L and R,
 *
 *     φ(θ) = θ n_k + θ(1 − θ)[(1 − θ) L − θ R],
 *
 * the integral of the parabola. The limiter of Zhang & Shu (J. Comput. Phys. 229, 2010) scales L and R to what keeps the parabola
 * positive; upwind has none.
 */
static void shape(npde__characteristics *f, size_t s)
{
    const npde__characteristics_piece *p = &f->piece[s];
    for (size_t k = p->begin; k < p->end; k++) {
        const double *m = f->density + place(s, k);
        double left = (27 * m[-1] - 13 * (m[0] + m[1]) - 3 * m[-2] + 2 * m[2]) / 60;
        double right = (27 * m[1] - 13 * (m[0] + m[-1]) - 3 * m[2] + 2 * m[-2]) / 60;
        if (f->scheme == NPDE_SCHEME_CELLS_UPWIND) left = right = 0;
        /* Without a branch that depends on the data. */
        const double sum = left + right, at = 2 * left + right; /* the vertex lies at the fraction at/(3 sum) */
        const int inside = (sum > 0) & (at > 0) & (at < 3 * sum);
        const double lower = left < right ? left : right;
        const double least = inside ? left - at * at / (inside ? 3 * sum : 1) : lower;
        const double scale = least < -m[0] ? m[0] / (least < 0 ? -least : 1) : 1;
        f->below[k] = scale * left;
        f->above[k] = scale * right;
    }
}

static double up_to(const npde__characteristics *f, size_t s, size_t k, double theta)
{
    const double n = f->density[place(s, k)];
    const double mass = theta * (n + (1 - theta) * ((1 - theta) * f->below[k] - theta * f->above[k]));
    const double up = mass > 0 ? mass : 0;
    return up < n ? up : n;
}

/* ---- feet of the faces ---- */

/* Where a face's characteristic came from: piece, cell, fraction of it. */
typedef struct {
    size_t piece, cell;
    double theta;
} foot;

/* The foot at v, in this piece or one after it. */
static foot foot_at(const npde__characteristics *f, size_t s, double v)
{
    if (!(v > f->piece[0].left)) return (foot){0, 0, 0};
    while (s < f->n_pieces && v >= f->piece[s].right) s++;
    if (s == f->n_pieces) return (foot){s, f->n, 0};
    const npde__characteristics_piece *p = &f->piece[s];
    const double from = (v - p->left) * p->inverse, x = from > 0 ? from : 0;
    size_t cell = (size_t)x;
    if (cell >= p->end - p->begin) cell = p->end - p->begin - 1; /* by rounding */
    return (foot){s, p->begin + cell, fmin(x - (double)cell, 1 - DBL_EPSILON)};
}

/* Mass of the whole cells from one foot to another; negative if rounding has exchanged them. */
static double mass_between(const npde__characteristics *f, foot from, foot to)
{
    const int exchanged = to.cell < from.cell;
    const foot low = exchanged ? to : from;
    const size_t high = exchanged ? from.cell : to.cell;
    double sum = 0;
    for (size_t s = low.piece, k = low.cell; s < f->n_pieces && k < high; s++) {
        const npde__characteristics_piece *p = &f->piece[s];
        const size_t end = p->end < high ? p->end : high;
        double part = 0;
        for (; k < end; k++) part += f->density[place(s, k)];
        sum += p->width * part;
    }
    return exchanged ? -sum : sum;
}

/* How many of `most` feet, the first of which is at x and each `slope` more than a cell after the one before, lie in the first
 * `cells` cells. */
static size_t feet_within(double x, double slope, size_t cells, size_t most)
{
    const double pace = 1 + slope, steps = (double)(most - 1);
    size_t count = 1 + (size_t)(pace > 0 ? fmin(((double)cells - x) / pace, steps) : steps);
    while (count > 1 && !(x + (double)(count - 1) * pace < (double)cells)) count--;
    return count;
}

/* The masses up to the first and the last of `length` feet, of which the first is `at`, below it in its cell; what lies between
 * goes to out, `scale` to the unit there. Returns how many cells further the last one is. */
static size_t run(npde__characteristics *f, foot at, double slope, size_t length, double scale, int add, double *ends,
                  double *out)
{
    const double *m = f->density + place(at.piece, at.cell);
    if (f->scheme == NPDE_SCHEME_CELLS)
        return f->kernels->remap(length, m, at.theta, slope, scale, add, f->bounded, ends, out);
    size_t last = 0;
    ends[0] = ends[1] = up_to(f, at.piece, at.cell, at.theta);
    for (size_t i = 1; i < length; i++) {
        const double x = at.theta + (double)i * (1 + slope);
        const size_t cell = (size_t)x;
        const double up = up_to(f, at.piece, at.cell + cell, x - (double)cell);
        /* The rest of the last cell first: a tail beside it keeps its digits. */
        double step = cell > last ? m[last++] - ends[1] + up : up - ends[1];
        for (; last < cell; last++) step += m[last];
        out[i - 1] = (add ? out[i - 1] : 0) + scale * (step < 0 ? 0 : step); /* rounding must not be negative */
        ends[1] = up;
    }
    return last;
}

/* What is up to the last foot that was looked at, and the mass that lies below it in its cell. */
typedef struct {
    foot at;
    double mass;
    int begun;
} last_foot;

static void clear(double *row, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) row[i] = 0;
}

/*
 * The faces of one piece, but for the first if that was the last one of the piece before: what they bring to its cells. Their feet
 * are at v + (v − v*)(q − 1). Returns 0 when nothing is left for faces that follow.
 */
static int branch_piece(npde__characteristics *f, const npde__characteristics_piece *p, double target, double q_less_1,
                        int add, last_foot *last, double *row)
{
    const size_t cells = p->end - p->begin;
    size_t face = last->begun ? 1 : 0;
    if (!last->begun && p->left + (p->left - target) * q_less_1 < f->piece[0].left) {
        /* The first face with its foot inside: the one before it brings all from the left end. */
        const double inside = ((f->piece[0].left + target * q_less_1) / (1 + q_less_1) - p->left) * p->inverse;
        face = inside < (double)cells + 1 ? (size_t)fmax(inside, 0) : cells + 1;
        if (!add) clear(row, p->begin, p->begin + (face < cells ? face : cells));
        if (face && face <= cells) last->begun = 1; /* at the left end */
    }
    while (face <= cells) {
        const double v = p->left + (double)face * p->width;
        const foot at = foot_at(f, last->at.piece, v + (v - target) * q_less_1);
        const int end = at.piece == f->n_pieces, outside = end || (at.piece == 0 && at.cell == 0 && at.theta == 0);
        double mass = 0, ends[2] = {0, 0};
        size_t length = 1;
        foot to = at;
        if (!end) {
            const npde__characteristics_piece *from = &f->piece[at.piece];
            const size_t left = from->end - at.cell, right = cells - face + 1;
            double slope = q_less_1, scale = 1;
            if (p != from) {
                slope = ((p->width - from->width) + p->width * q_less_1) * from->inverse;
                scale = from->width * p->inverse;
            }
            if (!outside) length = feet_within(at.theta, slope, left, right);
            to.cell += run(f, at, slope, length, scale, add, ends, row + p->begin + face);
            mass = from->width * ends[0];
        }
        if (last->begun) {
            const double step = mass_between(f, last->at, at) - last->mass + mass;
            /* rounding must not be negative */
            double *cell = row + p->begin + face - 1;
            *cell = (add ? *cell : 0) + (f->scheme == NPDE_SCHEME_CELLS ? step : fmax(step, 0)) * p->inverse;
        }
        if (end) {
            if (!add) clear(row, p->begin + face, f->n);
            return 0;
        }
        *last = (last_foot){to, f->piece[to.piece].width * ends[1], 1};
        face += length;
    }
    return 1;
}

/* What the faces from piece `first` on bring is, or is added to, the row from there on; what they leave beyond the last one. */
static double branch(npde__characteristics *f, double target, double q_less_1, size_t first, int add, double *row)
{
    last_foot last = {{0, 0, 0}, 0, 0};
    for (size_t s = first; s < f->n_pieces; s++)
        if (!branch_piece(f, &f->piece[s], target, q_less_1, add, &last, row)) return 0;
    const double beyond = mass_between(f, last.at, (foot){f->n_pieces, f->n, 0}) - last.mass;
    return f->scheme == NPDE_SCHEME_CELLS ? beyond : fmax(beyond, 0);
}

static double weigh(const npde__characteristics *f, const npde__characteristics_sum *sum)
{
    const double *n = f->density, *w = sum->weight;
    const size_t *at = sum->place;
    return (w[0] * n[at[0]] + w[1] * n[at[1]]) + (w[2] * n[at[2]] + w[3] * n[at[3]]);
}

/* The density with which characteristics enter piece s at an edge that is an end or V_R; NaN where they leave it. */
static double entering(const npde__characteristics *f, size_t s, int up, double target, double jump)
{
    const npde__characteristics_piece *p = &f->piece[s];
    const int outermost = up ? s + 1 == f->n_pieces : s == 0;
    const double step = !up && s == f->reset ? jump : up && s + 1 == f->reset ? -jump : 0;
    if (!(up ? target < p->right : target > p->left)) return NAN;
    return (outermost ? 0 : weigh(f, &f->piece[up ? s + 1 : s - 1].edge[!up].end)) + step;
}

/* Two cells beyond an edge, of which m is the first cell on this side and m[inwards] the next: where mass leaves, of a
 * parabola; with a cubic what leaves and enters elsewhere would grow. */
static void look_beyond(npde__characteristics *f, const npde__characteristics_edge *edge, double enters, double *m,
                        ptrdiff_t inwards)
{
    if (edge->closed && isnan(enters)) {
        m[-inwards] = 3 * (m[0] - m[inwards]) + m[2 * inwards];
        m[-2 * inwards] = 6 * m[0] - 8 * m[inwards] + 3 * m[2 * inwards];
        return;
    }
    if (edge->closed) {
        const double next = weigh(f, &edge->next) + edge->given * enters;
        m[-inwards] = 7 * (m[0] + m[inwards]) - m[2 * inwards] - 12 * next;
        m[-2 * inwards] = 7 * (m[-inwards] + m[0]) - m[inwards] - 12 * enters;
        return;
    }
    double before = 0;
    for (int k = 0; k < 2; k++) {
        const npde__characteristics_beyond *b = &edge->beyond[k];
        const double mass = mass_between(f, (foot){b->piece, b->begin, 0}, (foot){0, b->end, 0}) + weigh(f, &b->part);
        m[-(k + 1) * inwards] = b->inverse > 0 ? (mass - before) * b->inverse : m[-k * inwards];
        before = mass;
    }
}

/* Open edges first: where a piece has less than three cells, its closed edge looks at what is beyond the open one. */
static void look_around(npde__characteristics *f, size_t s, double target, double jump)
{
    const npde__characteristics_piece *p = &f->piece[s];
    const size_t cells = p->end - p->begin;
    double *first = f->density + place(s, p->begin), *last = first + cells - 1;
    if (cells < 3 && p->edge[0].closed && p->edge[1].closed) { /* nothing to be told but the mean */
        first[-2] = first[-1] = first[0];
        last[2] = last[1] = last[0];
        return;
    }
    for (int closed = 0; closed < 2; closed++)
        for (int up = 0; up < 2; up++)
            if (p->edge[up].closed == closed)
                look_beyond(f, &p->edge[up], closed ? entering(f, s, up, target, jump) : NAN, up ? last : first,
                            up ? -1 : 1);
}

/* How much larger the density is behind V_R than before it: what enters there is given, or it is what leaves at the right
 * end. Where the drift at V_R vanishes, what enters has not made as much yet. */
static double jump_at_reset(const npde__characteristics *f, double target, double enters)
{
    const npde__characteristics_piece *last = &f->piece[f->n_pieces - 1], *p = &f->piece[f->reset];
    const double way = target - p->left;
    if (isnan(enters)) return target > last->right ? (target - last->right) / way * weigh(f, &last->edge[1].end) : 0;
    return enters / copysign(fmax(fabs(way), 2 * p->width), way);
}

/* Scratch of densities ← scale × the row + carry × what there is, with what is beyond the pieces. What enters at V_R, by
 * 1/B; NaN: what leaves at the right end. */
static void take(npde__characteristics *f, double target, double enters, double scale, double carry, const double *row)
{
    f->mass = 0;
    for (size_t s = 0; s < f->n_pieces; s++) {
        const npde__characteristics_piece *p = &f->piece[s];
        double *m = f->density + place(s, p->begin);
        f->mass += p->width * f->kernels->carry(p->end - p->begin, scale, carry, row + p->begin, m);
    }
    const double jump = jump_at_reset(f, target, enters);
    for (size_t s = 0; s < f->n_pieces; s++) {
        look_around(f, s, target, jump);
        if (f->scheme != NPDE_SCHEME_CELLS) shape(f, s);
    }
}

double npde__characteristics_flow(npde__characteristics *f, double target, double growth, double scale, double carry,
                                  double *row)
{
    const double right = f->piece[f->n_pieces - 1].right, reset = f->piece[f->reset].left;
    take(f, target, NAN, scale, carry, row);
    double fired = branch(f, target, growth, 0, 0, row);
    if (!(target > right)) { /* nothing gets to the end but what rounding has sent there */
        row[f->n - 1] += fired * f->piece[f->n_pieces - 1].inverse;
        return 0;
    }
    /* Passing V_R backwards after time t1, e^{B t1} = (v* − R)/(v* − v), it goes on from the right end. */
    const double shrink = (target - right) / (target - reset);
    for (double q = (1 + growth) * shrink; target - (target - reset) * q < right && q > 0; q *= shrink)
        fired += branch(f, target, q - 1, f->reset, 1, row);
    return fired;
}

/* ---- discharge ---- */

/*
 * What enters at V_R between 0 and h, at the rate N(s) = 1/h (uniform) or s − h/2 (tilt), is at h between V_R and the
 * place it would have reached from the beginning: the mass beyond a face is what entered before h − T, T the time
 * from V_R to the face. n masses each, without what has left at the right end by then; the range of cells.
 */
static void entry(npde__characteristics *f, double target, double growth, double h, double *uniform, double *tilt,
                  size_t *first, size_t *last)
{
    const size_t reset = f->piece[f->reset].begin;
    const double from = target - f->v->faces[reset], rate = log1p(growth) / h;
    const int right = from >= 0;
    size_t cell = right || reset == 0 ? reset : reset - 1;
    *first = *last = cell;
    double beyond = 1, tilted = 0; /* mass beyond the face before */
    for (;;) {
        const double to = target - f->v->faces[right ? cell + 1 : cell];
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

/* What the survivors leave behind. */
static double discharge(const npde__characteristics *f, const double *survival, double *row)
{
    double fired = 0;
    for (size_t i = 0; i < f->n; i++) {
        const double stays = row[i] * survival[i];
        fired += f->v->w[i] * (row[i] - stays);
        row[i] = stays;
    }
    return fired;
}

double npde__characteristics_rate(const npde__characteristics *f, const double *phi, const double *row)
{
    double sum = 0;
    for (size_t i = 0; i < f->n; i++) sum += f->v->w[i] * phi[i] * row[i];
    return sum;
}

double npde__characteristics_discharge(npde__characteristics *f, double target, double growth, double h,
                                       const double *phi, const double *survival, const npde__reentry *later,
                                       double *entered, double *row)
{
    const double before = later ? 0 : npde__characteristics_rate(f, phi, row), *w = f->v->w;
    double fired = phi ? discharge(f, survival, row) : 0;
    take(f, target, (later ? later->first : before) * h / log1p(growth), 1, 0, row);
    fired += branch(f, target, growth, 0, 0, row);
    if (phi) fired += discharge(f, survival, row);
    const npde__reentry at_once = {
        .first = before, .share = 1, .slope = later ? 0 : (npde__characteristics_rate(f, phi, row) - before) / h};
    if (!later) later = &at_once;

    double *uniform = f->below, *tilt = f->above; /* free by now */
    size_t first, last;
    entry(f, target, growth, h, uniform, tilt, &first, &last);
    double stays = 0, stays_tilted = 0;
    for (size_t i = first; i <= last; i++) {
        stays += uniform[i] * (phi ? survival[i] : 1);
        stays_tilted += tilt[i] * (phi ? survival[i] : 1);
    }
    /* Of what enters a part fires again: all fired = fired + (1 − stays) entered − slope × stays_tilted. */
    const double part = 1 - later->share * (1 - stays);
    if (!(part > 1e-100)) { /* it would fire at V_R, again and again */
        for (size_t i = first; i <= last; i++) row[i] += fired * uniform[i] / w[i];
        *entered = fired;
        return fired;
    }
    double enters = (later->known + later->share * fired) / part;
    const double by_slope = -later->share * stays_tilted / part;
    const double most = 2 * fmax(enters, 0) / (h * h + 2 * fabs(by_slope)); /* so that its rate stays positive */
    const double slope = later->slope + later->follow * (fired + (1 - stays) * enters - enters);
    const double tilts = fmin(fmax(slope, -most), most);
    enters += by_slope * tilts;
    for (size_t i = first; i <= last; i++)
        row[i] += (enters * uniform[i] + tilts * tilt[i]) * (phi ? survival[i] : 1) / w[i];
    *entered = enters;
    const double again = (1 - stays) * enters - tilts * stays_tilted;
    return fired + (f->scheme == NPDE_SCHEME_CELLS ? again : fmax(again, 0)); /* rounding must not be negative */
}

double npde__characteristics_end(const npde__characteristics *f, const double *row)
{
    const npde__characteristics_piece *p = &f->piece[f->n_pieces - 1];
    const double *m = row + f->n - 4;
    if (f->scheme == NPDE_SCHEME_CELLS_UPWIND || p->end - p->begin < 4) return m[3];
    const double cubic = (25 * m[3] - 23 * m[2] + 13 * m[1] - 3 * m[0]) / 12;
    return f->scheme == NPDE_SCHEME_CELLS ? cubic : fmax(cubic, 0);
}
