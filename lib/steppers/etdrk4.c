/* SPDX-License-Identifier: BSD-3-Clause
 * ETDRK4 (S. Cox & P. Matthews, J. Comput. Phys. 176, 2002, 430; A.-K. Kassam & L. Trefethen, SIAM J. Sci. Comput. 26, 2005,
 * 1214): the frozen linear part L exactly, all the rest R(t, y) = F − L y by a Runge–Kutta method,
 *
 *     a = e^{hL/2} y + Q R(t, y),   b = e^{hL/2} y + Q R(t + h/2, a),   c = e^{hL/2} a + Q (2 R(t + h/2, b) − R(t, y)),
 *     y⁺ = e^{hL} y + h[(φ_1 − 3φ_2 + 4φ_3) R(t, y) + (2φ_2 − 4φ_3)(R_a + R_b) + (4φ_3 − φ_2) R_c],
 *
 * φ_k at hL, Q = h/2 φ_1(hL/2). L stays frozen over many steps; its matrices are made anew when the coefficients have moved
 * too far, or for another size of step. A constant problem has R = 0, and its steps are exact.
 */
#include "steppers/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { HALF, Q, WHOLE, FIRST, MIDDLE, LAST, MATRICES }; /* what multiplies y, R, y, R(t, y), R_a + R_b, R_c */
enum { SLOTS = 2 };                                     /* the fixed step, and one that is cut short */

/* Relative drift of L that is too far: a tenth of the size at which the explicit part would be unstable. */
static const double too_far = 0.05;

typedef struct {
    double h; /* 0: none yet */
    int made; /* false after a restore */
    double *m[MATRICES];
} slot;

typedef struct {
    npde__dense dense;
    int frozen; /* dense holds an L */
    slot slots[SLOTS];
} integrator;

static npde_status init(npde__stepper *s)
{
    npde_context *c = s->system->context;
    integrator *e = s->data = npde__alloc(c, 1, sizeof *e);
    if (!e) return NPDE_ERR_MEMORY;
    npde_status status = npde__dense_init(&e->dense, s, (size_t)SLOTS * MATRICES);
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
    npde__free(c, e);
}

static void snapshot(npde__stepper *s, npde__bytes *bytes)
{
    integrator *e = s->data;
    npde__bytes_block(bytes, &e->frozen, sizeof e->frozen);
    npde__bytes_block(bytes, e->dense.weights, e->dense.n * sizeof *e->dense.weights);
    npde__bytes_block(bytes, e->dense.a, e->dense.all * sizeof *e->dense.a);
    for (size_t k = 0; k < SLOTS; k++) {
        npde__bytes_block(bytes, &e->slots[k].h, sizeof e->slots[k].h);
        if (bytes->mode == NPDE__BYTES_READ) e->slots[k].made = 0;
    }
}

/* ---- the matrices ---- */

/* From φ_1, φ_2, φ_3 and φ_1 of the half step to the weights of a step. */
static void weigh(const npde__dense *d, double h, double *const *m)
{
    const double *const phi[] = {m[FIRST], m[MIDDLE], m[LAST]};
    const double first[] = {h, -3 * h, 4 * h}, middle[] = {2 * h, -4 * h}, last[] = {-h, 4 * h}, half = h / 2;
    double *row = d->scratch;
    for (size_t j = 0; j < d->size; j += d->ld) { /* a column at a time: the results take the place of what they come from */
        const double *const x[] = {phi[0] + j, phi[1] + j, phi[2] + j};
        d->kernels->combine(d->ld, 3, first, x, row);
        d->kernels->combine(d->ld, 2, last, x + 1, row + d->ld);
        d->kernels->combine(d->ld, 2, middle, x + 1, m[MIDDLE] + j);
        memcpy(m[FIRST] + j, row, d->ld * sizeof *row);
        memcpy(m[LAST] + j, row + d->ld, d->ld * sizeof *row);
    }
    d->kernels->combine(d->size, 1, &half, (const double *const[]){m[Q]}, m[Q]);
}

static void make(integrator *e, slot *of)
{
    const npde__dense *d = &e->dense;
    for (size_t p = 0; p < d->blocks; p++) {
        double *m[MATRICES];
        for (size_t k = 0; k < MATRICES; k++) m[k] = of->m[k] + p * d->size;
        double *const phi[] = {m[WHOLE], m[FIRST], m[MIDDLE], m[LAST]}, *const half[] = {m[HALF], m[Q]};
        npde__phi(d->n, d->ld, d->a + p * d->size, of->h, d->weights, NPDE__PHI_MOST, phi, half, d->scratch);
        weigh(d, of->h, m);
    }
    of->made = 1;
}

/* The matrices of a step of size h to t; sizes that differ by the rounding errors of times only are the same. */
static const slot *matrices(npde__stepper *s, double t, double h)
{
    integrator *e = s->data;
    const double slack = 4 * DBL_EPSILON * (fabs(t) + h);
    slot *of = &e->slots[fabs(h - s->dt) <= slack ? 0 : 1];
    if (!(fabs(h - of->h) <= slack)) {
        of->h = h;
        of->made = 0;
    }
    if (!of->made) make(e, of);
    return of;
}

/* ---- the steps ---- */

/* Freezes the coefficients at the step's beginning, and takes L anew if it has moved. */
static npde_status freeze(npde__stepper *s, double t, double h)
{
    integrator *e = s->data;
    npde_status status = npde__stepper_slope(s, t, h);
    if (!status) status = s->system->ops->freeze(s->system, t, +1, s->rates);
    if (status || (e->frozen && (s->system->constant || npde__dense_drift(&e->dense, s->system) <= too_far)))
        return status;
    npde__dense_load(&e->dense, s->system);
    for (size_t k = 0; k < SLOTS; k++) e->slots[k].made = 0;
    e->frozen = 1;
    return NPDE_OK;
}

/* slope = F and rest = F − L y at a state; its rates from a guess. */
static npde_status evaluate(npde__stepper *s, double t, const double *y, double *rates, double *slope, double *rest)
{
    npde__system *system = s->system;
    const npde__dense *d = &((integrator *)s->data)->dense;
    npde_status status = system->ops->rates(system, t, -1, y, rates);
    if (!status) status = system->ops->freeze(system, t, -1, rates);
    if (status) return status;
    system->ops->apply(system, 1, y, slope);
    if (!rest) return NPDE_OK;
    npde__dense_multiply(d, d->a, y, rest);
    for (size_t i = 0; i < system->n; i++) rest[i] = slope[i] - rest[i];
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

enum { R_Y, R_A, R_B, R_C, A, B, VECTORS };

static npde_status stages(npde__stepper *s, const slot *of, double t, double h)
{
    const npde__dense *d = &((integrator *)s->data)->dense;
    const size_t n = s->system->n;
    double **w = s->work, *slope = s->error, *const c = s->y_new, *const both = w[B];
    npde__dense_multiply(d, d->a, s->y, w[R_Y]);
    for (size_t i = 0; i < n; i++) w[R_Y][i] = s->slope[i] - w[R_Y][i];
    advance(s, of->m[HALF], s->y, of->m[Q], w[R_Y], w[A]);
    npde_status status = evaluate(s, t + h / 2, w[A], s->rates_new, slope, w[R_A]);
    if (status) return status;
    advance(s, of->m[HALF], s->y, of->m[Q], w[R_A], w[B]);
    status = evaluate(s, t + h / 2, w[B], s->rates_new, slope, w[R_B]);
    if (status) return status;
    for (size_t i = 0; i < n; i++) both[i] = 2 * w[R_B][i] - w[R_Y][i];
    advance(s, of->m[HALF], w[A], of->m[Q], both, c);
    status = evaluate(s, t + h, c, s->rates_new, slope, w[R_C]);
    if (status) return status;
    for (size_t i = 0; i < n; i++) both[i] = w[R_A][i] + w[R_B][i];
    advance(s, of->m[WHOLE], s->y, of->m[FIRST], w[R_Y], s->y_new);
    add(s, of->m[MIDDLE], both, s->y_new);
    add(s, of->m[LAST], w[R_C], s->y_new);
    return NPDE_OK;
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    (void)want_error;
    npde_status status = freeze(s, t, h);
    if (status) return status;
    const slot *of = matrices(s, t + h, h);
    memcpy(s->rates_new, s->rates, s->system->n_rates * sizeof *s->rates);
    if (s->system->constant) {
        const npde__dense *d = &((integrator *)s->data)->dense;
        npde__dense_multiply(d, of->m[WHOLE], s->y, d->image);
        for (size_t i = 0; i < s->system->n; i++) s->y_new[i] = s->y[i] + d->image[i];
    } else {
        status = stages(s, of, t, h);
    }
    s->slope_new_known = 1;
    return status ? status : evaluate(s, t + h, s->y_new, s->rates_new, s->slope_new, NULL);
}

const npde__method npde__etdrk4 = {.id = NPDE_METHOD_ETDRK4,
                                   .order = 4,
                                   .vectors = VECTORS,
                                   .step = step,
                                   .init = init,
                                   .free = release,
                                   .snapshot = snapshot};
