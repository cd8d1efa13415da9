/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/study.h"

#include "analysis/search.h"
#include "numerics/quadrature.h"

#include <math.h>
#include <string.h>

/* ---- ln(T + τ) of one population ---- */

static npde_id choice(const npde_model *m, size_t pop, npde_id param)
{
    return (npde_id)npde__model_value(m, pop, param);
}

static double refractory_time(const npde_model *m, size_t pop)
{
    return choice(m, pop, NPDE_PARAM_REFRACTORY) == NPDE_REFRACTORY_NONE
               ? 0
               : npde__model_value(m, pop, NPDE_PARAM_REFRACTORY_TIME);
}

/* Siegert's formula holds for the leaky neuron with a sharp threshold. */
static int has_closed_form(const npde_model *m, size_t pop)
{
    return !m->drift && choice(m, pop, NPDE_PARAM_DISCHARGE) == NPDE_DISCHARGE_NONE;
}

static npde__siegert siegert(const npde_model *m, size_t pop, double drive, double diffusion)
{
    return (npde__siegert){.leak = npde__model_value(m, pop, NPDE_PARAM_V_LEAK),
                           .time_constant = npde__model_value(m, pop, NPDE_PARAM_TIME_CONSTANT),
                           .reset = npde__model_value(m, pop, NPDE_PARAM_V_RESET),
                           .threshold = npde__model_value(m, pop, NPDE_PARAM_V_THRESHOLD),
                           .drive = drive,
                           .diffusion = diffusion};
}

typedef struct {
    const npde_model *model;
    npde_grid *given;
} pacer;

/* Of ln T, between low and high; adds the refractory time. */
static npde__pace with_refractory(double low, double high, npde__escape e, double slack, double tau)
{
    if (tau == 0) return (npde__pace){low, high, e.by_drive, e.by_diffusion, slack};
    const double part = 1 / (1 + tau * exp(-e.log_time));
    return (npde__pace){low < 700 ? log(exp(low) + tau) : low, high < 700 ? log(exp(high) + tau) : high,
                        e.by_drive * part, e.by_diffusion * part, slack};
}

static npde_status discrete_pace(const pacer *of, size_t pop, double drive, double diffusion, npde__pace *out)
{
    static const npde__escape unknown = {INFINITY, INFINITY, INFINITY};
    const double tau = refractory_time(of->model, pop);
    npde__passage p;
    const npde_status status = npde__passage_init(&p, of->model, pop, of->given, drive, diffusion, (npde__detail){0});
    const npde__escape e = p.escape;
    const double error = p.error, floor = p.floor;
    npde__passage_free(&p);
    if (status) return status;
    /* Firing may be too rare to be resolved: all that is known then is that it is. */
    *out = isfinite(e.log_time) ? with_refractory(e.log_time - error, e.log_time + error, e, 1, tau)
                                : with_refractory(log(0.01 / floor), INFINITY, unknown, 1, tau);
    return NPDE_OK;
}

/*
 * Where no grid can be made, because the drive takes the density too far, L is bounded by what it is at a drive nearer to the
 * constant one: it falls in the drive.
 */
static npde_status bounded_pace(const pacer *of, size_t pop, double drive, double diffusion, npde__pace *out)
{
    enum { HALVINGS = 40 };
    npde_context *c = of->model->context;
    char text[sizeof c->error];
    memcpy(text, c->error, sizeof text);
    const double constant = npde__model_value(of->model, pop, NPDE_PARAM_DRIVE);
    npde_status status = discrete_pace(of, pop, drive, diffusion, out);
    if (status != NPDE_ERR_GRID || of->given) return status;
    double apart = drive - constant;
    for (int k = 0; k < HALVINGS && status == NPDE_ERR_GRID; k++) {
        apart /= 2;
        status = discrete_pace(of, pop, constant + apart, diffusion, out);
    }
    if (status) return status;
    memcpy(c->error, text, sizeof text); /* it was no error */
    if (apart < 0) out->high = INFINITY;
    else out->low = -INFINITY;
    out->by_drive = out->by_diffusion = INFINITY;
    return NPDE_OK;
}

static npde_status pace(void *self, size_t pop, double drive, double diffusion, npde__pace *out)
{
    const pacer *of = self;
    if (!has_closed_form(of->model, pop)) return bounded_pace(of, pop, drive, diffusion, out);
    const npde__siegert s = siegert(of->model, pop, drive, diffusion);
    const npde__escape e = npde__siegert_escape(&s);
    const double noise = 4e-16 * (1 + fabs(e.log_time));
    *out = with_refractory(e.log_time - noise, e.log_time + noise, e, 0, refractory_time(of->model, pop));
    return NPDE_OK;
}

/* ---- the search ---- */

/* The largest rate that a population can have. */
static double ceiling(const npde_model *m, size_t pop, double rate_max)
{
    const npde_id discharge = choice(m, pop, NPDE_PARAM_DISCHARGE);
    const double tau = refractory_time(m, pop);
    if (tau > 0) rate_max = fmin(rate_max, 1 / tau);
    if (discharge == NPDE_DISCHARGE_STEP)
        rate_max = fmin(rate_max, npde__model_value(m, pop, NPDE_PARAM_DISCHARGE_RATE));
    return rate_max;
}

static npde_status search(npde__study *s, double rate_min, double rate_max, size_t boxes)
{
    const npde_model *m = s->model;
    const size_t n = s->n_pop;
    pacer of = {m, s->given};
    int closed = 1;
    double *v = npde__alloc(s->context, 4 * n, sizeof *v);
    unsigned char *rough = npde__alloc(s->context, n, 1);
    if (!v || !rough) {
        npde__free(s->context, v);
        npde__free(s->context, rough);
        return NPDE_ERR_MEMORY;
    }
    for (size_t p = 0; p < n; p++) {
        v[p] = npde__model_value(m, p, NPDE_PARAM_DRIVE);
        v[n + p] = npde__model_value(m, p, NPDE_PARAM_DIFFUSION);
        v[2 * n + p] = fmax(log(rate_min), -700); /* e^{−700}: the smallest numbers there are */
        v[3 * n + p] = log(ceiling(m, p, rate_max));
        rough[p] = !has_closed_form(m, p);
        closed = closed && !rough[p];
    }
    const npde__search what = {.context = s->context,
                               .n = n,
                               .pace = pace,
                               .self = &of,
                               .drive = v,
                               .diffusion = v + n,
                               .weights = m->matrix[npde__ids_slot(NPDE_MATRIX_WEIGHTS)],
                               .noise = m->matrix[npde__ids_slot(NPDE_MATRIX_NOISE_WEIGHTS)],
                               .rough = rough,
                               .low = v + 2 * n,
                               .high = v + 3 * n,
                               .boxes = boxes,
                               .smallest = closed ? 1e-9 : 1e-7};
    const npde_status status = npde__search_run(&what, &s->log_rates, &s->n_found);
    npde__free(s->context, v);
    npde__free(s->context, rough);
    return status;
}

static npde_status make(npde__study *s, const npde_model *model, npde_grid *given, double rate_min, double rate_max,
                        size_t boxes)
{
    npde_status status = npde__model_copy(model, &s->model);
    if (!status) status = npde__model_validate(s->model);
    size_t reset, threshold;
    for (size_t p = 0; given && p < s->n_pop && !status; p++)
        status = npde__model_locate(s->model, given, p, &reset, &threshold);
    if (status) return status;
    if (given) s->given = npde__grid_acquire(given);
    return search(s, rate_min, rate_max, boxes);
}

npde_status npde__study_new(const npde_model *model, npde_grid *given, double rate_min, double rate_max, size_t boxes,
                            npde__study **out)
{
    npde__study *s = npde__alloc(model->context, 1, sizeof *s);
    if (!s) return NPDE_ERR_MEMORY;
    atomic_init(&s->refs, 1);
    s->context = model->context;
    npde__context_acquire(s->context);
    s->n_pop = model->n_pop;
    const npde_status status = make(s, model, given, rate_min, rate_max, boxes);
    if (status) npde__study_release(s);
    else *out = s;
    return status;
}

npde__study *npde__study_acquire(const npde__study *study)
{
    npde__study *s = (npde__study *)study; /* a reference count is not part of what const promises */
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void npde__study_release(npde__study *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) return;
    npde_context *c = s->context;
    npde__model_release(s->model);
    npde__grid_release(s->given);
    npde__free(c, s->log_rates);
    npde__free(c, s);
    npde__context_release(c);
}

/* ---- one steady state ---- */

double npde__study_rate(const npde__study *s, size_t index, size_t pop)
{
    return exp(s->log_rates[index * s->n_pop + pop]);
}

void npde__study_law(const npde__study *s, size_t index, size_t pop, double *drive, double *diffusion)
{
    *drive = npde__model_value(s->model, pop, NPDE_PARAM_DRIVE);
    *diffusion = npde__model_value(s->model, pop, NPDE_PARAM_DIFFUSION);
    for (size_t q = 0; s->model->kind->coupled && q < s->n_pop; q++) {
        const double rate = npde__study_rate(s, index, q);
        *drive += npde__model_entry(s->model, NPDE_MATRIX_WEIGHTS, pop, q) * rate;
        *diffusion += npde__model_entry(s->model, NPDE_MATRIX_NOISE_WEIGHTS, pop, q) * rate;
    }
}

int npde__study_neuron(const npde__study *s, size_t index, size_t pop, npde__siegert *out)
{
    if (!has_closed_form(s->model, pop)) return 0;
    double drive, diffusion;
    npde__study_law(s, index, pop, &drive, &diffusion);
    *out = siegert(s->model, pop, drive, diffusion);
    return 1;
}

npde_status npde__study_passage(const npde__study *s, size_t index, size_t pop, npde__detail detail, npde__passage *out)
{
    double drive, diffusion;
    npde__study_law(s, index, pop, &drive, &diffusion);
    const npde_status status = npde__passage_init(out, s->model, pop, s->given, drive, diffusion, detail);
    if (status || isfinite(out->escape.log_time)) return status;
    return npde__fail(s->context, NPDE_ERR_GRID,
                      "population %zu: a grid of %zu unknowns does not resolve a steady state of rate %g", pop, out->n,
                      npde__study_rate(s, index, pop));
}

npde_status npde__study_grid(const npde__study *s, npde_grid **out)
{
    if (!s->given) return npde__model_fit_grid(s->model, NPDE_SCHEME_SPECTRAL, 0, NULL, 0, out);
    *out = npde__grid_acquire(s->given);
    return NPDE_OK;
}

static double interpolate(const npde__passage *p, double v)
{
    double l[NPDE__MAX_NODES], sum = 0;
    size_t first = 0;
    const size_t n = npde__grid_interpolate(p->grid, v, &first, l);
    for (size_t j = 0; j < n && first + j < p->n; j++) sum += l[j] * p->density[first + j];
    return sum;
}

npde_status npde__study_density(const npde__study *s, size_t index, size_t pop, const double *v, size_t n, double *out)
{
    const double log_rate = s->log_rates[index * s->n_pop + pop];
    npde__siegert of;
    if (npde__study_neuron(s, index, pop, &of)) {
        for (size_t i = 0; i < n; i++) out[i] = npde__siegert_density(&of, log_rate, v[i]);
        return NPDE_OK;
    }
    npde__passage p;
    const npde_status status = npde__study_passage(s, index, pop, (npde__detail){0}, &p);
    const double mass = 1 - exp(log_rate) * refractory_time(s->model, pop);
    for (size_t i = 0; i < n && !status; i++) out[i] = mass * interpolate(&p, v[i]);
    npde__passage_free(&p);
    return status;
}
