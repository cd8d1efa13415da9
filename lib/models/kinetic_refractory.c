/* SPDX-License-Identifier: BSD-3-Clause
 * The refractory state of the kinetic kinds. Who has fired waits at V_R while the conductance goes on relaxing:
 *
 *     exponential:  ∂_t r = N(g,t) − r/τ + (1/σ) ∂_g[(g − G) r + a ∂_g r],    r/τ enters at (V_R, g),
 *     fixed:        ∂_t r + ∂_s r = (1/σ) ∂_g[(g − G) r + a ∂_g r],  r(g,0,t) = N(g,t),    r(g,τ,t) enters at (V_R, g),
 *
 * s the time since the spike. In the state r is a column like those of the cells in v; a fixed τ makes it a conveyor of
 * parcels, a column for what each step fired, with the time that it took. A parcel leaves as evenly as it came, in one
 * step or two: what has fired by t − τ is then a linear interpolant of its values at the ends of steps, of second order,
 * and the time that a parcel relaxes is τ in the mean. Steps cut short share a parcel, up to the length of a whole one.
 *
 * Without an axis g the density r is a mass. With potentials much faster than conductances only the mean time from spike
 * to spike matters, T(g) + τ for both kinds, and no one need be kept in mind.
 */
#include "models/kinetic.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { WAITING = NPDE__KINETIC_WAITING, BLOCK = NPDE__KERNELS_LANES }; /* parcels side by side */

/* Of a fixed time: the oldest parcel, their number, their durations (0 for none), then the columns. */
enum { FIRST, COUNT, DURATIONS };

static double *waiting(const kinetic_system *k, double *n)
{
    return n + k->coupling.base.points + WAITING;
}

static const double *waiting_const(const kinetic_system *k, const double *n)
{
    return n + k->coupling.base.points + WAITING;
}

int npde__kinetic_waits(const kinetic_system *k, const kinetic_population *pop)
{
    return k->v && pop->refractory != NPDE_REFRACTORY_NONE;
}

static int fixed(const kinetic_population *pop)
{
    return pop->refractory == NPDE_REFRACTORY_FIXED;
}

/* First number of a column; the next g is BLOCK further, or the next number where there is a single column. */
static size_t column(const kinetic_system *k, const kinetic_population *pop, size_t parcel)
{
    return fixed(pop) ? DURATIONS + pop->room + parcel / BLOCK * BLOCK * k->n_g + parcel % BLOCK : 0;
}

static size_t spacing(const kinetic_population *pop)
{
    return fixed(pop) ? BLOCK : 1;
}

static double weight(const kinetic_system *k, size_t j)
{
    return k->g ? k->g->w[j] : 1;
}

/* ---- making it ---- */

/* As many parcels as steps in τ, and one more; twice that where steps are cut, as no two neighbours are shorter than one. */
static npde_status make_room(kinetic_population *pop, const npde_model *m, size_t p, size_t n_g)
{
    static const double most = 1 << 27; /* numbers: a gigabyte */
    if (!(pop->dt > 0))
        return npde__fail(
            m->context, NPDE_ERR_UNSUPPORTED,
            "population %zu: a fixed refractory time needs fixed steps: set the option dt, and take strang", p);
    const double parcels = 2 * ceil(pop->tau / pop->dt) + 4;
    if (!(parcels * (double)n_g <= most))
        return npde__fail(
            m->context, NPDE_ERR_SIZE,
            "population %zu: refractory_time = %g with dt = %g needs %.3g numbers for those who wait, more "
            "than %.3g: raise dt, or set refractory to exponential",
            p, pop->tau, pop->dt, parcels * (double)n_g, most);
    pop->room = ((size_t)parcels + BLOCK - 1) / BLOCK * BLOCK;
    return NPDE_OK;
}

npde_status npde__kinetic_waiting_init(kinetic_system *k, const npde_model *m, size_t p, double dt)
{
    kinetic_population *pop = &k->pop[p];
    npde_context *c = m->context;
    if (!npde__kinetic_waits(k, pop)) return NPDE_OK;
    pop->dt = fmin(dt, pop->tau);
    pop->room = 1;
    if (fixed(pop)) {
        const npde_status status = make_room(pop, m, p, k->n_g);
        if (status) return status;
    }
    pop->leaving = npde__alloc(c, k->n_g, sizeof(double));
    pop->tilt = npde__alloc(c, k->n_g, sizeof(double));
    if (!pop->leaving || !pop->tilt) return NPDE_ERR_MEMORY;
    if (!k->g) return NPDE_OK;
    return npde__relaxation_init(&pop->waiting, c, k->g, spacing(pop), pop->column.sigma, pop->column.positive, 0);
}

void npde__kinetic_waiting_free(kinetic_population *pop, npde_context *c)
{
    npde__relaxation_free(&pop->waiting);
    npde__free(c, pop->leaving);
    npde__free(c, pop->tilt);
}

size_t npde__kinetic_waiting_size(const kinetic_system *k, const kinetic_population *pop)
{
    if (!npde__kinetic_waits(k, pop)) return 0;
    return fixed(pop) ? DURATIONS + pop->room * (1 + k->n_g) : k->n_g;
}

void npde__kinetic_waiting_start(const kinetic_system *k, const kinetic_population *pop, double mass, const double *q,
                                 double *n)
{
    if (!npde__kinetic_waits(k, pop)) return;
    double *r = waiting(k, n);
    if (fixed(pop)) { /* one parcel, evenly from all of the past τ */
        r[COUNT] = 1;
        r[DURATIONS] = pop->tau;
    }
    for (size_t j = 0; j < k->n_g; j++) r[column(k, pop, 0) + j * spacing(pop)] = mass * q[j];
}

/* ---- transport ---- */

/* Takes what a step h releases off the conveyor, into leaving and tilt. */
static void release(const kinetic_system *k, kinetic_population *pop, double h, double *r)
{
    const size_t room = pop->room, oldest = (size_t)r[FIRST];
    double *duration = r + DURATIONS, need = h;
    memset(pop->leaving, 0, k->n_g * sizeof(double));
    memset(pop->tilt, 0, k->n_g * sizeof(double));
    /* The slope of the rate, from the oldest parcel to the one after, where the step reaches that. */
    const size_t next = (oldest + 1) % room, from = column(k, pop, oldest), to = column(k, pop, next);
    const double a = duration[oldest], b = duration[next];
    if (r[COUNT] > 1 && a <= h * (1 + 1e-9))
        for (size_t j = 0; j < k->n_g; j++)
            pop->tilt[j] = (r[to + j * BLOCK] / b - r[from + j * BLOCK] / a) / fmax(b, (a + b) / 2);
    while (r[COUNT] > 0 && need > 1e-12 * h) {
        const size_t first = (size_t)r[FIRST], at = column(k, pop, first);
        const int whole = duration[first] <= need * (1 + 1e-12);
        const double share = whole ? 1 : need / duration[first];
        for (size_t j = 0; j < k->n_g; j++) {
            const double leaves = share * r[at + j * BLOCK];
            pop->leaving[j] += leaves;
            r[at + j * BLOCK] -= leaves;
        }
        need -= whole ? duration[first] : need;
        duration[first] = whole ? 0 : duration[first] * (1 - share);
        if (!whole) break;
        r[FIRST] = (double)((first + 1) % room);
        r[COUNT]--;
    }
}

static size_t youngest(const kinetic_population *pop, const double *r)
{
    return ((size_t)r[FIRST] + (size_t)r[COUNT] - 1) % pop->room;
}

/* Makes place for what the step fires: the conveyor is τ long again. */
static void append(const kinetic_population *pop, double h, double *r)
{
    double *duration = r + DURATIONS, sum = 0;
    const int joins = r[COUNT] > 0 && duration[youngest(pop, r)] + h <= pop->dt * (1 + 1e-9);
    if (!joins && r[COUNT] < (double)pop->room) r[COUNT]++;
    const size_t last = youngest(pop, r);
    for (size_t c = 0; c < pop->room; c++) sum += c == last ? 0 : duration[c];
    duration[last] = pop->tau - sum;
}

void npde__kinetic_waiting_begin(const kinetic_system *k, kinetic_population *pop, double h, double *n)
{
    const double x = h / pop->tau;
    if (fixed(pop)) {
        release(k, pop, h, waiting(k, n));
        append(pop, h, waiting(k, n));
    } else {
        pop->gone = -expm1(-x);
        pop->hold = pop->gone / x;
    }
}

npde__reentry npde__kinetic_waiting_leave(const kinetic_system *k, const kinetic_population *pop, size_t j, double h,
                                          const double *n)
{
    if (fixed(pop))
        return (npde__reentry){
            .first = pop->leaving[j] / h - pop->tilt[j] * h / 2, .known = pop->leaving[j], .slope = pop->tilt[j]};
    /* What fires evenly: r(h) = e^{−x} r + (1 − e^{−x})/x × fired, x = h/τ. What enters is the rest. */
    const double r = waiting_const(k, n)[j];
    return (npde__reentry){
        .first = r / pop->tau, .known = r * pop->gone, .share = 1 - pop->hold, .follow = 1 / (pop->tau * h)};
}

void npde__kinetic_waiting_enter(const kinetic_system *k, const kinetic_population *pop, size_t j,
                                 const npde__reentry *left, double fired, double *n)
{
    double *r = waiting(k, n);
    if (fixed(pop)) r[column(k, pop, youngest(pop, r)) + j * BLOCK] += fired;
    else r[j] = (r[j] - left->known) + (1 - left->share) * fired;
}

/* ---- relaxation, and what is looked at ---- */

/* Is there anyone in a block of parcels? */
static int used(const kinetic_population *pop, const double *r, size_t block)
{
    double sum = 0;
    for (size_t i = 0; i < BLOCK && fixed(pop); i++) sum += r[DURATIONS + block * BLOCK + i];
    return !fixed(pop) || sum > 0;
}

static size_t blocks(const kinetic_population *pop)
{
    return fixed(pop) ? pop->room / BLOCK : 1;
}

npde_status npde__kinetic_waiting_relax(const kinetic_system *k, kinetic_population *pop, double h, double *n)
{
    npde_status status = NPDE_OK;
    if (!k->g || !npde__kinetic_waits(k, pop)) return status;
    double *r = waiting(k, n);
    for (size_t b = 0; b < blocks(pop) && !status; b++) {
        double *block = r + column(k, pop, b * BLOCK);
        if (used(pop, r, b)) status = npde__relaxation_flow(&pop->waiting, &pop->waiting, h, block, block);
    }
    return status;
}

double npde__kinetic_waiting_mass(const kinetic_system *k, const kinetic_population *pop, int absolute, const double *n)
{
    kinetic_sum all = {0};
    if (!npde__kinetic_waits(k, pop)) return 0;
    const double *r = waiting_const(k, n);
    for (size_t b = 0; b < blocks(pop); b++)
        for (size_t j = 0; j < k->n_g; j++) {
            const double *row = r + column(k, pop, b * BLOCK) + j * spacing(pop);
            for (size_t i = 0; i < spacing(pop); i++)
                npde__kinetic_add(&all, weight(k, j) * (absolute ? fabs(row[i]) : row[i]));
        }
    return all.sum + all.lost;
}

double npde__kinetic_reservoir(const kinetic_system *k, const kinetic_population *pop, const double *n)
{
    double sum = 0;
    if (k->v) return npde__kinetic_waiting_mass(k, pop, 0, n);
    for (size_t j = 0; j < k->n_g; j++) sum += pop->tau * pop->weight[j] * n[j]; /* τ/(T + τ) of those at g */
    return sum;
}

double npde__kinetic_waiting_least(const kinetic_system *k, const kinetic_population *pop, const double *n)
{
    const size_t begin = column(k, pop, 0), end = npde__kinetic_waiting_size(k, pop);
    double least = INFINITY;
    for (size_t i = begin; i < end; i++) least = fmin(least, waiting_const(k, n)[i]);
    return least;
}

void npde__kinetic_waiting_scale(const kinetic_system *k, const kinetic_population *pop, double factor, double *n)
{
    const size_t begin = column(k, pop, 0), end = npde__kinetic_waiting_size(k, pop);
    for (size_t i = begin; i < end; i++) waiting(k, n)[i] *= factor;
}
