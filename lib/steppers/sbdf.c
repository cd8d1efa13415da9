/* SPDX-License-Identifier: BSD-3-Clause
 * SBDF of order k = 2 … 5 with fixed steps (Ascher, Ruuth & Wetton, SIAM J. Numer. Anal. 32, 1995, 797): BDF for the linear
 * operator L frozen at a reference, extrapolation for all the rest, G = F − L y,
 *
 *     (I − βhL) y_{m+1} = Σ_{j≤k} α_j y_{m+1−j} + βh Σ_{j≤k} e_j G_{m+1−j},    e_j = (−1)^{j+1} C(k, j).
 *
 * One product with a dense inverse (or one solve with factors, where that is cheaper) and one G a step, no iteration, and the order
 * holds where drives move and Runge–Kutta methods lose some of theirs. The first steps are RODAS5P's.
 *
 * L stays frozen while von Neumann's condition holds. A mode of frozen damping x = βh a κ², that the rest changes by
 * −θx ± i s √x with θ = (a − a_r)/a_r and s = |μ − μ_r| √(βh/a_r), is stable for all x when
 *
 *     s = 0:  −1/(1 + (2 cos(π/k))^k) < θ < 1/(2^k − 1),        θ = 0:  s < s_k,
 *
 * s_k from the roots of the characteristic polynomial; half of s_k is allowed next to 0.8 of the window of θ. The reference's
 * diffusion is raised to put θ in the middle of its window.
 */
#include "numerics/kernels.h"
#include "steppers/frozen.h"
#include "steppers/inverse.h"

#include <math.h>
#include <string.h>

enum {
    MOST = 5,
    SETTLE = 2, /* steps that damp the layer of data or coefficients that do not fit, before the history begins */
    MANY = 4    /* rates: populations solved side by side cost less than reading an inverse for each */
};

typedef struct {
    double beta, alpha[MOST], e[MOST];
    npde__window window; /* of θ, and s_k */
} formula;

static const formula formulas[MOST + 1] = {
    [2] = {2. / 3, {4. / 3, -1. / 3}, {2, -1}, {-1, 1. / 3, 0.904}},
    [3] = {6. / 11, {18. / 11, -9. / 11, 2. / 11}, {3, -3, 1}, {-1. / 2, 1. / 7, 0.502}},
    [4] = {12. / 25, {48. / 25, -36. / 25, 16. / 25, -3. / 25}, {4, -6, 4, -1}, {-1. / 5, 1. / 15, 0.271}},
    [5] = {60. / 137,
           {300. / 137, -300. / 137, 200. / 137, -75. / 137, 12. / 137},
           {5, -10, 10, -5, 1},
           {-0.08271182329550228, /* cos(π/5) = (1 + √5)/4 */
            1. / 31, 0.143}},
};

typedef struct {
    size_t order;
    double *y[MOST + 1], *g[MOST + 1]; /* states and G, the present ones first; the last pair is room for the next */
    double *rest;                      /* right side */
    npde__inverse inverse;             /* of I − βhL; not for many rates */
    int64_t settling;                  /* steps left that damp the layer after a restart, before the history begins */
    int64_t count;                     /* states at the spacing dt, the present one included; 0 after a restart */
    int frozen;                        /* g holds G of the frozen L, otherwise F */
    int inverted;                      /* what is frozen is factored and inverted */
    int offered;                       /* y[0] is not yet the accepted state (it is put right between steps) */
    int regular;                       /* the offered state lies a full step on */
    int drifted,
        offered_drifted; /* what is frozen serves the coefficients of the accepted, of the offered state no more */
    int interpolated;    /* the last step was RODAS5P's: its interpolant, not ours */
    double *vectors;
} memory;

static memory *self(npde__stepper *s)
{
    return s->data;
}

/* ---- reference ---- */

static npde_status invert(npde__stepper *s, double gamma)
{
    const memory *m = self(s);
    const npde_status status = s->system->ops->factor(s->system, gamma);
    if (!status && m->inverse.a) npde__inverse_make(&m->inverse, s->system, m->rest, s->residual);
    return status;
}

/* g ← g + sign L y over the history: from F to G of what is frozen and back. */
static void convert(npde__stepper *s, double sign)
{
    memory *m = self(s);
    for (size_t j = 0; j < m->order; j++) {
        s->system->ops->apply(s->system, 0, m->y[j], m->rest);
        npde__kernels_best()->combine(s->system->n, 2, (const double[]){1, sign},
                                      (const double *const[]){m->g[j], m->rest}, m->g[j]);
    }
}

/* Others are about to freeze: the history holds F again. */
static void thaw(npde__stepper *s)
{
    if (self(s)->frozen) convert(s, +1);
    self(s)->frozen = self(s)->inverted = 0;
}

static npde_status freeze(npde__stepper *s, const formula *f, double t)
{
    memory *m = self(s);
    thaw(s);
    const npde_status status = s->system->ops->freeze(s->system, t, +1, s->rates);
    if (status) return status;
    s->system->ops->raise(s->system, 1 / (1 + (f->window.low + f->window.high) / 2));
    convert(s, -1);
    m->frozen = 1;
    m->drifted = 0;
    return NPDE_OK;
}

/* ---- steps ---- */

/* One step of RODAS5P, which also serves where a step must be cut; F at its end for the history. */
static npde_status single_step(npde__stepper *s, double t, double h)
{
    memory *m = self(s);
    thaw(s);
    npde_status status = npde__rodas5p.step(s, t, h, 0);
    if (!status) status = npde__stepper_end_slope(s, t + h);
    if (status) return status;
    memcpy(m->g[m->order], s->slope_new, s->system->n * sizeof(double));
    m->interpolated = 1;
    return NPDE_OK;
}

static npde_status multistep(npde__stepper *s, const formula *f, double t, double h)
{
    memory *m = self(s);
    npde__system *system = s->system;
    const npde__kernels *kernels = npde__kernels_best();
    const size_t k = m->order;
    const double gamma = f->beta * s->dt; /* h but for rounding; the inverse is made again from it after a snapshot */
    npde_status status = NPDE_OK;
    if (!m->frozen || m->drifted) status = freeze(s, f, t);
    if (!status && !m->inverted) status = invert(s, gamma);
    if (status) return status;
    m->inverted = 1;

    double weight[2 * MOST];
    const double *x[2 * MOST];
    size_t terms = 0;
    for (size_t j = 0; j < k; j++, terms++) weight[terms] = f->alpha[j], x[terms] = m->y[j];
    for (size_t j = 0; j < k && !system->constant; j++, terms++) weight[terms] = gamma * f->e[j], x[terms] = m->g[j];
    kernels->combine(system->n, terms, weight, x, m->inverse.a ? m->rest : s->y_new);
    if (m->inverse.a) npde__inverse_multiply(&m->inverse, system, m->rest, s->y_new);
    else system->ops->solve(system, 0, s->y_new, s->rates_new);
    s->stages++;
    memcpy(s->rates_new, s->rates, system->n_rates * sizeof *s->rates);
    m->interpolated = 0;
    s->slope_new_known = 0;
    if (system->constant) return system->ops->rates(system, t + h, -1, s->y_new, s->rates_new);
    status = system->ops->remainder(system, t + h, -1, s->y_new, s->rates_new, m->g[k]);
    m->offered_drifted = !npde__window_holds(&f->window, system, gamma, 0.8, 0.5);
    return status;
}

static npde_status step(npde__stepper *s, double t, double h, int want_error)
{
    (void)want_error; /* there is none: the solver refuses adaptive steps */
    memory *m = self(s);
    const size_t bytes = s->system->n * sizeof(double);
    if (m->offered || m->count == 0) memcpy(m->y[0], s->y, bytes);
    m->offered = 0;
    if (m->count == 0) {
        const npde_status status = npde__stepper_slope(s, t, h);
        if (status) return status;
        memcpy(m->g[0], s->slope, bytes);
        m->count = 1;
    }
    m->regular = fabs(h - s->dt) <= 1e-9 * s->dt;
    if (m->regular && m->count >= (int64_t)m->order) return multistep(s, &formulas[m->order], t, h);
    return single_step(s, t, h);
}

static void rotate(double **x, size_t last)
{
    double *room = x[last];
    memmove(x + 1, x, last * sizeof *x);
    x[0] = room;
}

static void accept(npde__stepper *s, double h)
{
    (void)h;
    memory *m = self(s);
    m->count = m->regular && m->settling == 0 ? m->count + 1 : 0;
    if (m->regular && m->settling > 0) m->settling--;
    m->drifted = m->offered_drifted;
    rotate(m->y, m->order);
    rotate(m->g, m->order);
    m->offered = 1;
}

static void restart(npde__stepper *s)
{
    self(s)->count = 0;
    self(s)->frozen = 0;
    self(s)->settling = SETTLE;
}

/* The polynomial of degree k through the last k + 1 states. */
static void dense(npde__stepper *s, double theta, double *y)
{
    const memory *m = s->data;
    if (m->interpolated) {
        npde__rodas5p.dense(s, theta, y);
        return;
    }
    double weight[MOST + 1];
    const double *x[MOST + 1] = {s->y};
    for (size_t i = 0; i <= m->order; i++) {
        weight[i] = 1;
        if (i > 0) x[i] = m->y[i];
        for (size_t j = 0; j <= m->order; j++)
            if (j != i) weight[i] *= (theta - 1 + (double)j) / ((double)j - (double)i);
    }
    npde__kernels_best()->combine(s->system->n, m->order + 1, weight, x, y);
}

/* ---- memory ---- */

static npde_status init(npde__stepper *s)
{
    npde__system *system = s->system;
    npde_context *c = system->context;
    if (!system->ops->drift)
        return npde__fail(c, NPDE_ERR_UNSUPPORTED,
                          "sbdf methods need a model whose operator can be frozen at a reference; take rodas5p");
    memory *m = npde__alloc(c, 1, sizeof *m);
    if (!m) return NPDE_ERR_MEMORY;
    s->data = m;
    m->order = s->method->order;
    m->settling = SETTLE;
    const size_t n = system->n, vectors = 2 * (m->order + 1) + 1;
    m->vectors = npde__alloc(c, vectors * n, sizeof(double));
    if (!m->vectors) return NPDE_ERR_MEMORY;
    for (size_t j = 0; j <= m->order; j++) {
        m->y[j] = m->vectors + 2 * j * n;
        m->g[j] = m->y[j] + n;
    }
    m->rest = m->vectors + (vectors - 1) * n;
    return system->n_rates >= MANY ? NPDE_OK : npde__inverse_init(&m->inverse, system);
}

static void release(npde__stepper *s)
{
    memory *m = self(s);
    if (!m) return;
    npde__free(s->system->context, m->vectors);
    npde__inverse_free(&m->inverse, s->system->context);
    npde__free(s->system->context, m);
}

/* The inverse is made again from what is frozen. */
static void snapshot(npde__stepper *s, npde__bytes *bytes)
{
    memory *m = self(s);
    int *const flags[] = {&m->frozen, &m->offered, &m->regular, &m->interpolated, &m->drifted, &m->offered_drifted};
    npde__bytes_block(bytes, &m->count, sizeof m->count);
    npde__bytes_block(bytes, &m->settling, sizeof m->settling);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) npde__bytes_block(bytes, flags[i], sizeof(int));
    for (size_t j = 0; j < m->order; j++) {
        npde__bytes_block(bytes, m->y[j], s->system->n * sizeof(double));
        npde__bytes_block(bytes, m->g[j], s->system->n * sizeof(double));
    }
    if (bytes->mode == NPDE__BYTES_READ) m->inverted = 0;
}

#define SBDF(k)                                                         \
    const npde__method npde__sbdf##k = {.id = NPDE_METHOD_SBDF##k,      \
                                        .order = (k),                   \
                                        .past = (k)-1,                  \
                                        .vectors = NPDE__RODAS_VECTORS, \
                                        .step = step,                   \
                                        .init = init,                   \
                                        .free = release,                \
                                        .accept = accept,               \
                                        .restart = restart,             \
                                        .dense = dense,                 \
                                        .snapshot = snapshot}
SBDF(2);
SBDF(3);
SBDF(4);
SBDF(5);
