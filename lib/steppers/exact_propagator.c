/* SPDX-License-Identifier: BSD-3-Clause
 * The exact propagator of a problem with constant coefficients, y' = L y: y(t + h) = e^{hL} y for any h, with
 * rounding errors alone. Two ways lead there.
 *
 * Equal steps share one matrix e^{hL} − I. It is made for the first size of step, and anew for one that comes twice
 * in a row.
 *
 * Steps of any other size are a product. With δ, a power of two so small that δ‖L‖ ≤ 2^−8,
 *
 *     h = r + δ Σ_k d_k 4^k,  0 ≤ d_k < 4,  0 ≤ r < δ:   e^{hL} = e^{rL} Π_k e^{d_k 4^k δ L},
 *
 * six terms of Taylor's series for the first factor and a table of matrices for the others, made when it is first
 * asked for.
 */
#include "steppers/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    LEVELS = 14, /* reach 4^14 δ: a hundred time constants and more for the usual grids */
    TERMS = 6
};

typedef struct {
    npde__dense dense;
    int loaded;     /* dense and δ are there */
    double *whole;  /* e^{hL} − I for h = whole_h */
    double *table;  /* e^{d 4^k δ L} − I, d = 1, 2, 3 */
    int made_whole; /* false after a restore */
    int made_table;
    double delta;
    double whole_h, last_h; /* 0: none yet; a size that came once and not as whole_h */
    double looked_at;       /* time since the step's beginning that work[1] is the state of; −1: none */
    double *product;
} propagator;

static npde_status refuse(npde__stepper *s)
{
    return npde__fail(s->system->context, NPDE_ERR_UNSUPPORTED,
                      "exact_propagator is for constant coefficients: no coupling, delay, callback or fixed refractory "
                      "time; take rodas5p, or etdrk4 with fixed steps");
}

static npde_status init(npde__stepper *s)
{
    if (!s->system->constant) return refuse(s);
    propagator *e = s->data = npde__alloc(s->system->context, 1, sizeof *e);
    if (!e) return NPDE_ERR_MEMORY;
    const npde_status status = npde__dense_init(&e->dense, s, 3 * LEVELS + 1);
    if (status) return status;
    e->whole = npde__alloc(s->system->context, e->dense.all, sizeof *e->whole);
    e->table = npde__alloc(s->system->context, (size_t)3 * LEVELS * e->dense.all, sizeof *e->table);
    e->product = npde__alloc(s->system->context, s->system->n, sizeof *e->product);
    return e->whole && e->table && e->product ? NPDE_OK : NPDE_ERR_MEMORY;
}

static void release(npde__stepper *s)
{
    propagator *e = s->data;
    if (!e) return;
    double *const blocks[] = {e->whole, e->table, e->product};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(s->system->context, blocks[i]);
    npde__dense_free(&e->dense, s->system->context);
    npde__free(s->system->context, e);
}

static npde_status load(npde__stepper *s, double t)
{
    propagator *e = s->data;
    if (e->loaded) return NPDE_OK;
    const npde_status status = s->system->ops->freeze(s->system, t, +1, s->rates);
    if (status) return status;
    npde__dense *d = &e->dense;
    double norm = 0;
    npde__dense_load(d, s->system);
    for (size_t p = 0; p < d->blocks; p++)
        norm = fmax(norm, npde__phi_norm(d->n, d->ld, d->a + p * d->size, d->weights));
    int exponent;
    frexp(norm, &exponent);
    e->delta = ldexp(1, -8 - exponent);
    e->loaded = 1;
    return NPDE_OK;
}

/* ---- the matrices ---- */

static void make_whole(propagator *e, double h)
{
    const npde__dense *d = &e->dense;
    for (size_t p = 0; p < d->blocks; p++) {
        double *const phi[] = {e->whole + p * d->size};
        npde__phi(d->n, d->ld, d->a + p * d->size, h, d->weights, 0, phi, NULL, d->scratch);
    }
    e->whole_h = h;
    e->made_whole = 1;
}

/* The matrix of digit 1, 2 or 3 at a level, for all populations. */
static double *entry(const propagator *e, size_t level, size_t digit)
{
    return e->table + (3 * level + digit - 1) * e->dense.all;
}

static void make_table(propagator *e)
{
    const npde__dense *d = &e->dense;
    for (size_t p = 0; p < d->blocks; p++) {
        const size_t at = p * d->size, bytes = d->size * sizeof(double);
        double *const first[] = {entry(e, 0, 1) + at};
        npde__phi(d->n, d->ld, d->a + at, e->delta, d->weights, 0, first, NULL, d->scratch);
        for (size_t level = 0; level < LEVELS; level++) {
            double *one = entry(e, level, 1) + at, *two = entry(e, level, 2) + at, *three = entry(e, level, 3) + at;
            memcpy(two, one, bytes);
            npde__phi_double(d->n, d->ld, d->weights, two, d->scratch);
            npde__phi_multiply(d->n, d->ld, one, two, three);
            d->kernels->combine(d->size, 3, (const double[]){1, 1, 1}, (const double *const[]){one, two, three}, three);
            npde__phi_conserve(d->n, d->ld, d->weights, 0, three);
            if (level + 1 == LEVELS) break;
            double *next = entry(e, level + 1, 1) + at;
            memcpy(next, two, bytes);
            npde__phi_double(d->n, d->ld, d->weights, next, d->scratch);
        }
    }
    e->made_table = 1;
}

/* ---- the steps ---- */

/* y ← y + M y */
static void add_product(const propagator *e, size_t n, const double *m, double *y)
{
    npde__dense_multiply(&e->dense, m, y, e->product);
    e->dense.kernels->combine(n, 2, (const double[]){1, 1}, (const double *const[]){y, e->product}, y);
}

static void by_table(propagator *e, size_t n, double h, double *term, double *y)
{
    if (!e->made_table) make_table(e);
    const npde__kernels *kernels = e->dense.kernels;
    uint64_t steps = (uint64_t)(h / e->delta);
    const double rest = h - (double)steps * e->delta; /* exact: δ is a power of two */
    memcpy(term, y, n * sizeof *y);
    for (int k = 1; k <= TERMS; k++) {
        npde__dense_multiply(&e->dense, e->dense.a, term, e->product);
        kernels->combine(n, 1, (const double[]){rest / k}, (const double *const[]){e->product}, term);
        kernels->combine(n, 2, (const double[]){1, 1}, (const double *const[]){y, term}, y);
    }
    for (size_t level = 0; steps > 0; level++, steps /= 4)
        if (steps % 4 > 0) add_product(e, n, entry(e, level, steps % 4), y);
}

/* A step of size h to t is one of size other but for the rounding errors of times: a few spacings of the numbers near t. */
static int same(double h, double other, double t)
{
    return fabs(h - other) <= fmin(8 * DBL_EPSILON * (fabs(t) + h), 1e-6 * h);
}

/* y ← e^{hL} y */
static void propagate(propagator *e, size_t n, double t, double h, double *term, double *y)
{
    const int shared = same(h, e->whole_h, t);
    if (!shared && e->whole_h > 0 && !same(h, e->last_h, t) && h < ldexp(e->delta, 2 * LEVELS)) {
        e->last_h = h;
        by_table(e, n, h, term, y);
        return;
    }
    if (!shared) make_whole(e, h);
    else if (!e->made_whole) make_whole(e, e->whole_h);
    add_product(e, n, e->whole, y);
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    const npde__system *system = s->system;
    const npde_status status = load(s, t);
    if (status) return status;
    if (want_error) memset(s->error, 0, system->n * sizeof *s->error);
    memcpy(s->y_new, s->y, system->n * sizeof *s->y);
    propagate(s->data, system->n, t + h, h, s->work[0], s->y_new);
    s->slope_new_known = 0;
    return system->ops->rates(s->system, t + h, -1, s->y_new, s->rates_new);
}

static double any_step(npde__stepper *s, double h)
{
    (void)s;
    (void)h;
    return INFINITY;
}

/* The next look into a step will be the first. */
static void accept(npde__stepper *s, double h)
{
    (void)h;
    ((propagator *)s->data)->looked_at = -1;
}

/* From the time within the step that was looked at before, so that equal distances share a matrix. */
static void dense(npde__stepper *s, double theta, double *y)
{
    propagator *e = s->data;
    const size_t n = s->system->n;
    const double at = theta * s->h_old;
    double *last = s->work[1];
    if (!(e->looked_at >= 0 && e->looked_at <= at)) {
        memcpy(last, s->y_new, n * sizeof *last); /* the step's beginning */
        e->looked_at = 0;
    }
    propagate(e, n, at, at - e->looked_at, s->work[0], last);
    e->looked_at = at;
    memcpy(y, last, n * sizeof *y);
}

static void snapshot(npde__stepper *s, npde__bytes *bytes)
{
    propagator *e = s->data;
    npde__bytes_block(bytes, &e->whole_h, sizeof e->whole_h);
    npde__bytes_block(bytes, &e->last_h, sizeof e->last_h);
    if (bytes->mode == NPDE__BYTES_READ) e->made_whole = 0;
}

const npde__method npde__exact_propagator = {.id = NPDE_METHOD_EXACT_PROPAGATOR,
                                             .order = 0,
                                             .error_order = 0,
                                             .vectors = 2,
                                             .step = step,
                                             .init = init,
                                             .free = release,
                                             .accept = accept,
                                             .next_step = any_step,
                                             .dense = dense,
                                             .snapshot = snapshot};
