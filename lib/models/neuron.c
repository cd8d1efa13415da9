/* SPDX-License-Identifier: BSD-3-Clause
 * Single neurons on the seam. A few equations y' = F(t, y) whose nonlinearity is everywhere: here every component is a
 * rate, the potentials of all neurons first, L = 0 and g(t, N) = F(t, N). Newton's method on the rates is then Newton's
 * method on the state.
 *
 * Errors of a step are measured component by component against 1 + the largest value that the component had. */
#include "models/neuron.h"

#include "core/time.h"

#include <math.h>
#include <string.h>

enum { MOST = NPDE__NEURON_MOST };

typedef struct {
    npde__system base;
    const npde__neuron *kind;
    size_t d, n_pop;
    double *param, *level,
        *drive0; /* of each neuron: its parameters, the level that a spike crosses, the constant drive */
    npde__callback *coupling;
    double *drive, *diffusion, *given; /* n_pop: for the callback */
    double *g, *at;                    /* frozen F and the state it was taken at */
    double *size;                      /* n: what errors are relative to */
    double *jacobian, *factors;        /* n_pop matrices d × d: ∂F/∂y of the last linearize; I − γJ, factored */
    double gamma;
} neurons;

static neurons *self(npde__system *s)
{
    return (neurons *)s;
}

/* Component k of neuron p in the state and among the rates. */
static size_t in_state(const neurons *w, size_t p, size_t k)
{
    return p * w->d + k;
}

static size_t in_rates(const neurons *w, size_t p, size_t k)
{
    return k * w->n_pop + p;
}

static void to_rates(const neurons *w, const double *y, double *rates)
{
    for (size_t p = 0; p < w->n_pop; p++)
        for (size_t k = 0; k < w->d; k++) rates[in_rates(w, p, k)] = y[in_state(w, p, k)];
}

static void to_state(const neurons *w, const double *rates, double *y)
{
    for (size_t p = 0; p < w->n_pop; p++)
        for (size_t k = 0; k < w->d; k++) y[in_state(w, p, k)] = rates[in_rates(w, p, k)];
}

/* ---- the equations ---- */

/* The drive of every neuron; the callback sees their potentials. */
static npde_status law(neurons *w, double t, int side, const double *y)
{
    npde_context *c = w->base.context;
    memcpy(w->drive, w->drive0, w->n_pop * sizeof(double));
    if (!w->coupling) return NPDE_OK;
    for (size_t p = 0; p < w->n_pop; p++) {
        w->diffusion[p] = 0;
        w->given[p] = y[in_state(w, p, 0)];
    }
    w->base.callbacks++;
    const double beside = npde__system_beside(&w->base, t, side);
    const int32_t answer =
        w->coupling->fn.coupling(beside, w->n_pop, w->given, w->drive, w->diffusion, w->coupling->user);
    w->base.answer = answer;
    if (answer < 0) c->user_status = answer;
    if (answer)
        return npde__fail(c, answer > 0 ? NPDE__RETRY : NPDE_ERR_CALLBACK,
                          "the coupling callback returned %d at t = %g", (int)answer, t);
    for (size_t p = 0; p < w->n_pop; p++)
        if (!isfinite(w->drive[p]))
            return npde__fail(c, NPDE_ERR_CALLBACK,
                              "neuron %zu: the coupling callback gave drive = %g at t = %g: it must be finite", p,
                              w->drive[p], t);
    return NPDE_OK;
}

static npde_status slope_at(neurons *w, double t, int side, const double *y, double *out)
{
    const npde_status status = law(w, t, side, y);
    for (size_t p = 0; p < w->n_pop && !status; p++)
        w->kind->slope(w->param + p * w->kind->n_params, w->drive[p], y + p * w->d, out + p * w->d);
    return status;
}

static npde_status neuron_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    (void)t, (void)side;
    to_rates(self(s), y, rates);
    return NPDE_OK;
}

static npde_status neuron_freeze(npde__system *s, double t, int side, const double *rates)
{
    neurons *w = self(s);
    to_state(w, rates, w->at);
    return slope_at(w, t, side, w->at, w->g);
}

static npde_status neuron_factor(npde__system *s, double gamma)
{
    self(s)->gamma = gamma;
    return NPDE_OK;
}

static void neuron_solve(npde__system *s, int forced, double *x, double *rates)
{
    const neurons *w = self(s);
    for (size_t i = 0; forced && i < s->n; i++) x[i] += w->gamma * w->g[i];
    to_rates(w, x, rates);
}

static void neuron_apply(npde__system *s, int forced, const double *y, double *out)
{
    (void)y;
    if (forced) memcpy(out, self(s)->g, s->n * sizeof *out);
    else memset(out, 0, s->n * sizeof *out);
}

static npde_status neuron_evaluate(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    to_rates(self(s), y, rates);
    return slope_at(self(s), t, side, y, out);
}

/* ---- Jacobians ---- */

/* Gaussian elimination with pivots kept in the rows' order, on x at once: x ← a⁻¹ x. a is overwritten. */
static int eliminate(size_t d, double *a, double *x)
{
    for (size_t k = 0; k < d; k++) {
        size_t pivot = k;
        for (size_t i = k + 1; i < d; i++)
            if (fabs(a[i * d + k]) > fabs(a[pivot * d + k])) pivot = i;
        if (!(fabs(a[pivot * d + k]) > 0)) return 0;
        for (size_t j = 0; j < d && pivot != k; j++) {
            const double swap = a[k * d + j];
            a[k * d + j] = a[pivot * d + j];
            a[pivot * d + j] = swap;
        }
        const double swap = x[k];
        x[k] = x[pivot];
        x[pivot] = swap;
        for (size_t i = k + 1; i < d; i++) {
            const double factor = a[i * d + k] / a[k * d + k];
            for (size_t j = k; j < d; j++) a[i * d + j] -= factor * a[k * d + j];
            x[i] -= factor * x[k];
        }
    }
    for (size_t k = d; k-- > 0;) {
        for (size_t j = k + 1; j < d; j++) x[k] -= a[k * d + j] * x[j];
        x[k] /= a[k * d + k];
    }
    return 1;
}

/* x ← (I − γJ)⁻¹ x with the matrix of one neuron. */
static npde_status solve_one(const neurons *w, double gamma, const double *jacobian, double *x)
{
    double a[MOST * MOST] = {0};
    for (size_t i = 0; i < w->d * w->d; i++) a[i] = (i % (w->d + 1) == 0) - gamma * jacobian[i];
    return eliminate(w->d, a, x) ? NPDE_OK
                                 : npde__fail(w->base.context, NPDE__RETRY, "the Jacobian of a stage is singular");
}

static npde_status neuron_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                                  double *residual, int *linear)
{
    (void)t, (void)side, (void)rates, (void)y;
    const neurons *w = self(s);
    npde_status status = NPDE_OK;
    *linear = 0;
    for (size_t p = 0; p < w->n_pop && !status; p++) {
        double j[MOST * MOST] = {0}, x[MOST] = {0};
        w->kind->jacobian(w->param + p * w->kind->n_params, w->at + p * w->d, j); /* freeze was at the rates */
        for (size_t k = 0; k < w->d; k++) x[k] = residual[in_rates(w, p, k)];
        status = solve_one(w, w->gamma, j, x);
        for (size_t k = 0; k < w->d; k++) residual[in_rates(w, p, k)] = x[k];
    }
    return status;
}

/* ∂F/∂t comes from the drive alone: a one-sided difference of fourth order, nothing before t and nothing beyond the
 * step. */
static npde_status neuron_linearize(npde__system *s, double t, double h, const double *y, const double *rates,
                                    double *slope)
{
    enum { POINTS = 5 };
    static const double weight[POINTS] = {-25. / 12, 4, -3, 4. / 3, -0.25};
    neurons *w = self(s);
    for (size_t p = 0; p < w->n_pop; p++)
        w->kind->jacobian(w->param + p * w->kind->n_params, y + p * w->d, w->jacobian + p * w->d * w->d);
    if (slope) memset(slope, 0, s->n * sizeof *slope);
    for (int k = 0; slope && w->coupling && k < POINTS; k++) {
        const npde_status status = slope_at(w, t + k * h / 64, +1, y, w->g);
        if (status) return status;
        for (size_t i = 0; i < s->n; i++) slope[i] += weight[k] * 64 / h * w->g[i];
    }
    return neuron_freeze(s, t, +1, rates);
}

static npde_status neuron_factor_jacobian(npde__system *s, double gamma)
{
    self(s)->gamma = gamma;
    s->factorizations++;
    return NPDE_OK;
}

static npde_status neuron_solve_jacobian(npde__system *s, double *x)
{
    const neurons *w = self(s);
    npde_status status = NPDE_OK;
    for (size_t p = 0; p < w->n_pop && !status; p++)
        status = solve_one(w, w->gamma, w->jacobian + p * w->d * w->d, x + p * w->d);
    return status;
}

/* ---- steps ---- */

static void grow_sizes(neurons *w, const double *rates)
{
    for (size_t p = 0; p < w->n_pop; p++)
        for (size_t k = 0; k < w->d; k++) {
            double *size = &w->size[in_state(w, p, k)];
            *size = fmax(*size, 1 + fabs(rates[in_rates(w, p, k)]));
        }
}

static void neuron_begin(npde__system *s, double t, const double *rates)
{
    (void)t;
    memset(self(s)->size, 0, s->n * sizeof(double));
    grow_sizes(self(s), rates);
}

static void neuron_accept(npde__system *s, double t, double *y, const double *rates)
{
    (void)t, (void)y;
    grow_sizes(self(s), rates);
}

static void neuron_jump(npde__system *s, double *y, const double *rates)
{
    (void)s, (void)y, (void)rates;
}

static double neuron_next_break(const npde__system *s, double t)
{
    const size_t next = npde__system_jump_after(s, t + npde__time_slack(t));
    return next < s->n_jumps ? s->jumps[next] : INFINITY;
}

static void neuron_measure(const npde__system *s, const double *e, double *mass, double *rates)
{
    const neurons *w = (const neurons *)s;
    *mass = 0;
    for (size_t i = 0; i < s->n; i++) *mass = fmax(*mass, fabs(e[i]) / w->size[i]);
    memset(rates, 0, s->n_rates * sizeof *rates);
}

static double nothing(const npde__system *s, const double *y)
{
    (void)s, (void)y;
    return 0; /* there is no density */
}

static double neuron_above(const npde__system *s, size_t p, const double *y)
{
    const neurons *w = (const neurons *)s;
    return y[in_state(w, p, 0)] - w->level[p];
}

static void neuron_snapshot(npde__system *s, npde__bytes *bytes)
{
    npde__bytes_block(bytes, &s->factorizations, sizeof s->factorizations);
    npde__bytes_block(bytes, &s->callbacks, sizeof s->callbacks);
    npde__bytes_block(bytes, self(s)->size, s->n * sizeof(double));
}

static void neuron_free(npde__system *s)
{
    neurons *w = self(s);
    npde_context *c = s->context;
    double *const blocks[] = {w->param, w->level, w->drive0, w->drive, w->diffusion,
                              w->given, w->g,     w->at,     w->size,  w->jacobian};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__callback_release(w->coupling);
    npde__free(c, w);
}

static const npde__system_ops ops = {
    .free = neuron_free,
    .rates = neuron_rates,
    .freeze = neuron_freeze,
    .factor = neuron_factor,
    .solve = neuron_solve,
    .apply = neuron_apply,
    .correct = neuron_correct,
    .remainder = neuron_evaluate, /* L = 0 */
    .evaluate = neuron_evaluate,
    .linearize = neuron_linearize,
    .factor_jacobian = neuron_factor_jacobian,
    .solve_jacobian = neuron_solve_jacobian,
    .begin = neuron_begin,
    .accept = neuron_accept,
    .jump = neuron_jump,
    .next_break = neuron_next_break,
    .measure = neuron_measure,
    .mass_defect = nothing,
    .min_density = nothing,
    .above = neuron_above,
    .snapshot = neuron_snapshot,
};

/* ---- making them ---- */

static npde_status fill(neurons *w, const npde_model *m)
{
    npde_context *c = m->context;
    const size_t n = w->n_pop, n_params = w->kind->n_params;
    const struct {
        double **at;
        size_t size;
    } arrays[] = {{&w->param, n * n_params}, {&w->level, n},
                  {&w->drive0, n},           {&w->drive, n},
                  {&w->diffusion, n},        {&w->given, n},
                  {&w->g, n * w->d},         {&w->at, n * w->d},
                  {&w->size, n * w->d},      {&w->jacobian, n * w->d * w->d}};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!(*arrays[i].at = npde__alloc(c, arrays[i].size, sizeof(double)))) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < n; p++) {
        for (size_t i = 0; i < n_params; i++)
            w->param[p * n_params + i] = npde__model_value(m, p, w->kind->first_param + (npde_id)i);
        w->level[p] = npde__model_value(m, p, NPDE_PARAM_SPIKE_LEVEL);
        w->drive0[p] = npde__model_value(m, p, NPDE_PARAM_DRIVE);
    }
    w->coupling = npde__callback_acquire(m->coupling);
    return NPDE_OK;
}

static npde_status make(const npde_model *m, const npde__neuron *kind, npde__system **out)
{
    npde_context *c = m->context;
    neurons *w = npde__alloc(c, 1, sizeof *w);
    if (!w) return NPDE_ERR_MEMORY;
    w->kind = kind;
    w->d = kind->components;
    w->n_pop = m->n_pop;
    w->base = (npde__system){.ops = &ops, .context = c, .points = w->d, .stride = w->d, .unknowns = w->d, .coupled = 1};
    w->base.n = w->base.n_rates = w->d * w->n_pop;
    w->base.outputs = w->n_pop;
    w->base.ordinary = 1;
    w->base.max_step = INFINITY;
    const npde_status status = fill(w, m);
    if (status) {
        neuron_free(&w->base);
        return status;
    }
    const int callback = m->coupling != NULL;
    uint64_t h = npde__bytes_hash(NPDE__HASH, &m->kind->id, sizeof m->kind->id);
    h = npde__bytes_hash(h, m->param, m->n_pop * npde__ids_size(NPDE_FAMILY_PARAM) * sizeof(double));
    w->base.signature = npde__bytes_hash(h, &callback, sizeof callback);
    *out = &w->base;
    return NPDE_OK;
}

static npde_status start(npde__system *s, const npde__initial *initial, double *y, double *resolution)
{
    const neurons *w = self(s);
    *resolution = 0;
    for (size_t p = 0; p < w->n_pop; p++) memcpy(y + p * w->d, initial[p].state, w->d * sizeof *y);
    return NPDE_OK;
}

#define KIND(name, ID)                                                                                                \
    static npde_status make_##name(const npde_model *m, const npde_grid *grid, npde_id flux, size_t order, double dt, \
                                   double history, npde__system **out)                                                \
    {                                                                                                                 \
        (void)grid, (void)flux, (void)order, (void)dt, (void)history;                                                 \
        return make(m, &npde__##name##_neuron, out);                                                                  \
    }                                                                                                                 \
    const npde__model_kind npde__##name = {.id = NPDE_MODEL_##ID,                                                     \
                                           .max_pop = 65536,                                                          \
                                           .make = make_##name,                                                       \
                                           .start = start,                                                            \
                                           .no_grid = 1,                                                              \
                                           .neuron = &npde__##name##_neuron}
KIND(morris_lecar, MORRIS_LECAR);
KIND(fitzhugh_nagumo, FITZHUGH_NAGUMO);
KIND(hodgkin_huxley, HODGKIN_HUXLEY);
