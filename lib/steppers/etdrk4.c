/* SPDX-License-Identifier: BSD-3-Clause
 * ETDRK4 (S. Cox & P. Matthews, J. Comput. Phys. 176, 2002, 430; A.-K. Kassam & L. Trefethen, SIAM J. Sci. Comput.
 * 26, 2005, 1214): the frozen linear part L exactly, all the rest R(t, y) = F − L y by a Runge–Kutta method,
 *
 *     a = e^{hL/2} y + Q R(t, y),   b = e^{hL/2} y + Q R(t + h/2, a),   c = e^{hL/2} a + Q (2 R(t + h/2, b) − R(t, y)),
 *     y⁺ = e^{hL} y + h[(φ_1 − 3φ_2 + 4φ_3) R(t, y) + (2φ_2 − 4φ_3)(R_a + R_b) + (4φ_3 − φ_2) R_c],
 *
 * φ_k at hL, Q = h/2 φ_1(hL/2). The slope in time of the rest is taken exactly as well (steppers/frozen.h): y is the
 * sum of what the above gives for R − τq and of τ² φ_2(τL) q. L stays frozen over many steps; its matrices are made
 * anew when the coefficients have moved too far, or for another size of step. A constant problem has R = 0, and its
 * steps are exact.
 */
#include "steppers/dense.h"
#include "steppers/frozen.h"

#include <string.h>

/* What multiplies y, R and q in half a step; y, R(t, y), R_a + R_b, R_c and q in a whole one. */
enum { HALF, Q, HALF_TURN, WHOLE, FIRST, MIDDLE, LAST, TURN, MATRICES };
enum { SLOTS = 2 }; /* the fixed step, and one that is cut short */

const npde__window npde__etdrk4_window = {-0.99, 0.99, 2.13};

typedef struct {
    double h; /* 0: none yet */
    int made; /* false after a restore */
    double *m[MATRICES];
} slot;

typedef struct {
    npde__dense dense;
    npde__frozen frozen;
    int loaded; /* dense holds the L that is frozen; false after a restore */
    slot slots[SLOTS];
} integrator;

static npde_status init(npde__stepper *s)
{
    npde_context *c = s->system->context;
    integrator *e = s->data = npde__alloc(c, 1, sizeof *e);
    if (!e) return NPDE_ERR_MEMORY;
    npde_status status = npde__dense_init(&e->dense, s, (size_t)SLOTS * MATRICES);
    if (!status) status = npde__frozen_init(&e->frozen, s->system);
    for (size_t k = 0; k < (size_t)SLOTS * MATRICES && !status; k++) {
        double **m = &e->slots[k / MATRICES].m[k % MATRICES];
        if (!(*m = npde__alloc(c, e->dense.all, sizeof **m))) status = NPDE_ERR_MEMORY;
    }
    return status;
}

static void release(npde__stepper *s)
{
    npde_context *c = s->system->context;
    integrator *e = s->data;
    if (!e) return;
    for (size_t k = 0; k < (size_t)SLOTS * MATRICES; k++) npde__free(c, e->slots[k / MATRICES].m[k % MATRICES]);
    npde__dense_free(&e->dense, c);
    npde__frozen_free(&e->frozen, c);
    npde__free(c, e);
}

static void accept(npde__stepper *s, double h)
{
    (void)h;
    npde__frozen_accept(&((integrator *)s->data)->frozen);
}

/* The matrices are made again from what is frozen. */
static void snapshot(npde__stepper *s, npde__bytes *bytes)
{
    integrator *e = s->data;
    npde__frozen_snapshot(&e->frozen, s->system, bytes);
    if (bytes->mode != NPDE__BYTES_READ) return;
    e->loaded = 0;
    for (size_t k = 0; k < SLOTS; k++) e->slots[k].made = 0;
}

/* ---- the matrices ---- */

/* From φ_1, φ_2, φ_3 and φ_1, φ_2 of the half step to the weights of a step. */
static void weigh(const npde__dense *d, double h, double *const *m)
{
    const double *const phi[] = {m[FIRST], m[MIDDLE], m[LAST]};
    const double first[] = {h, -3 * h, 4 * h}, middle[] = {2 * h, -4 * h}, last[] = {-h, 4 * h};
    const double half = h / 2, half_turn = h * h / 4, turn = h * h;
    double *row = d->scratch;
    d->kernels->combine(d->size, 1, &turn, &phi[1], m[TURN]);
    for (size_t j = 0; j < d->size;
         j += d->ld) { /* a column at a time: the results take the place of what they come from */
        const double *const x[] = {phi[0] + j, phi[1] + j, phi[2] + j};
        d->kernels->combine(d->ld, 3, first, x, row);
        d->kernels->combine(d->ld, 2, last, x + 1, row + d->ld);
        d->kernels->combine(d->ld, 2, middle, x + 1, m[MIDDLE] + j);
        memcpy(m[FIRST] + j, row, d->ld * sizeof *row);
        memcpy(m[LAST] + j, row + d->ld, d->ld * sizeof *row);
    }
    d->kernels->combine(d->size, 1, &half, (const double *const[]){m[Q]}, m[Q]);
    d->kernels->combine(d->size, 1, &half_turn, (const double *const[]){m[HALF_TURN]}, m[HALF_TURN]);
}

static void make(integrator *e, slot *of)
{
    const npde__dense *d = &e->dense;
    for (size_t p = 0; p < d->blocks; p++) {
        double *m[MATRICES];
        for (size_t k = 0; k < MATRICES; k++) m[k] = of->m[k] + p * d->size;
        double *const phi[] = {m[WHOLE], m[FIRST], m[MIDDLE], m[LAST]}, *const half[] = {m[HALF], m[Q], m[HALF_TURN]};
        npde__phi(d->n, d->ld, d->a + p * d->size, of->h, d->weights, NPDE__PHI_MOST, phi, half, d->scratch);
        weigh(d, of->h, m);
    }
    of->made = 1;
}

/* The matrices of a step of size h. */
static const slot *matrices(npde__stepper *s, double h)
{
    integrator *e = s->data;
    slot *of = &e->slots[h == s->dt ? 0 : 1];
    if (h != of->h) of->made = 0;
    of->h = h;
    if (!of->made) make(e, of);
    return of;
}

/* ---- the steps ---- */

/* L at the step's beginning, and *h as its matrices have it. */
static npde_status begin(npde__stepper *s, double t, double *h)
{
    integrator *e = s->data;
    const npde_status status = npde__frozen_begin(&e->frozen, s, t, h, e->dense.image);
    if (status || (e->loaded && !e->frozen.anew)) return status;
    npde__dense_load(&e->dense, s->system);
    for (size_t k = 0; k < SLOTS; k++) e->slots[k].made = 0;
    e->loaded = 1;
    return NPDE_OK;
}

/* out = y + E y + M r */
static void advance(npde__stepper *s, const double *e, const double *y, const double *m, const double *r, double *out)
{
    const npde__dense *d = &((integrator *)s->data)->dense;
    double *one = d->probe, *two = d->image;
    npde__dense_multiply(d, e, y, one);
    npde__dense_multiply(d, m, r, two);
    d->kernels->combine(s->system->n, 3, (const double[]){1, 1, 1}, (const double *const[]){y, one, two}, out);
}

static void add(npde__stepper *s, const double *m, const double *r, double *out)
{
    const npde__dense *d = &((integrator *)s->data)->dense;
    npde__dense_multiply(d, m, r, d->image);
    d->kernels->combine(s->system->n, 2, (const double[]){1, 1}, (const double *const[]){out, d->image}, out);
}

enum { R_A, R_B, R_C, A, B, STATE, HALF_SHIFT, SHIFT, VECTORS }; /* the last two: τ² φ_2(τL) q */

/* rest = R(t, y + shift) − τq: of the offset τ in the step. */
static npde_status evaluate(npde__stepper *s, double t, double tau, const double *y, const double *shift, double *rest)
{
    const npde__frozen *f = &((const integrator *)s->data)->frozen;
    const npde__kernels *kernels = npde__kernels_best();
    const size_t n = s->system->n;
    double *state = s->work[STATE];
    if (f->turns) kernels->combine(n, 2, (const double[]){1, 1}, (const double *const[]){y, shift}, state);
    const npde_status status =
        s->system->ops->remainder(s->system, t + tau, -1, f->turns ? state : y, s->rates_new, rest);
    if (!status && f->turns)
        kernels->combine(n, 2, (const double[]){1, -tau}, (const double *const[]){rest, f->turn}, rest);
    return status;
}

static npde_status stages(npde__stepper *s, const slot *of, double t, double h)
{
    const integrator *e = s->data;
    const npde__frozen *f = &e->frozen;
    const size_t n = s->system->n;
    double *const *w = s->work, *const c = s->y_new, *const both = w[B];
    if (f->turns) {
        npde__dense_multiply(&e->dense, of->m[HALF_TURN], f->turn, w[HALF_SHIFT]);
        npde__dense_multiply(&e->dense, of->m[TURN], f->turn, w[SHIFT]);
    }
    advance(s, of->m[HALF], s->y, of->m[Q], f->rest, w[A]);
    npde_status status = evaluate(s, t, h / 2, w[A], w[HALF_SHIFT], w[R_A]);
    if (status) return status;
    advance(s, of->m[HALF], s->y, of->m[Q], w[R_A], w[B]);
    status = evaluate(s, t, h / 2, w[B], w[HALF_SHIFT], w[R_B]);
    if (status) return status;
    for (size_t i = 0; i < n; i++) both[i] = 2 * w[R_B][i] - f->rest[i];
    advance(s, of->m[HALF], w[A], of->m[Q], both, c);
    status = evaluate(s, t, h, c, w[SHIFT], w[R_C]);
    if (status) return status;
    for (size_t i = 0; i < n; i++) both[i] = w[R_A][i] + w[R_B][i];
    advance(s, of->m[WHOLE], s->y, of->m[FIRST], f->rest, s->y_new);
    add(s, of->m[MIDDLE], both, s->y_new);
    add(s, of->m[LAST], w[R_C], s->y_new);
    for (size_t i = 0; i < n && f->turns; i++) s->y_new[i] += w[SHIFT][i];
    return NPDE_OK;
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    (void)want_error; /* there is none: the solver refuses adaptive steps */
    integrator *e = s->data;
    const double end = t + h;
    npde_status status = begin(s, t, &h);
    if (status) return status;
    const slot *of = matrices(s, h);
    memcpy(s->rates_new, s->rates, s->system->n_rates * sizeof *s->rates);
    memcpy(s->y_new, s->y, s->system->n * sizeof *s->y);
    if (s->system->constant) add(s, of->m[WHOLE], s->y, s->y_new);
    else status = stages(s, of, t, h);
    return status ? status : npde__frozen_end(&e->frozen, s, end, &npde__etdrk4_window, s->error);
}

const npde__method npde__etdrk4 = {.id = NPDE_METHOD_ETDRK4,
                                   .order = 4,
                                   .vectors = VECTORS,
                                   .step = step,
                                   .init = init,
                                   .free = release,
                                   .accept = accept,
                                   .ends_at_outputs = 1,
                                   .snapshot = snapshot};
