/* SPDX-License-Identifier: BSD-3-Clause
 * Blow-up: the rate becomes infinite in finite time, N ~ C (T − t)^{−1/2}. Steps that keep their error small follow it by
 * themselves; here is what tells it from a steep rate that comes down again, and what a run does then.
 *
 * A run stands before a blow-up when all of this holds:
 *   - a rate has grown by a factor of eleven, two decades of T − t, without a step back;
 *   - (t, N) at the beginning, middle and end of that lie on (T − t)^{−p} with p near 1/2;
 *   - the layer at the threshold is so thin that all else is as the cascade sees it, and the grid still resolves it;
 *   - a cascade set off by that layer does not die out.
 * Small steps alone are no blow-up: data that do not vanish at the threshold ask for them, too. But where no step is small
 * enough any more, a thin layer and the cascade are enough: a rate that was as high from the start has no two decades to show.
 */
#include "solve/solver.h"

#include <math.h>
#include <string.h>

enum { LAST = NPDE__BLOWUP_RECORDS - 1, MIDDLE = LAST / 2 + 1 };
static const double growth = 1.4142135623730951;          /* between records */
static const double least_power = 0.42, most_power = 0.6; /* of (T − t)^{−p} */
static const double suspect = 1e-2, enough = 1e-5;        /* width of the layer, in units of V_THRESHOLD − V_RESET */
static const double nothing = 1e-11;                      /* time left, relative to the time */
enum { MOST_AFTERSHOCKS = 100 };                          /* of one jump */

npde_status npde__blowup_init(npde__blowup *b, npde_context *c, size_t n_rates, npde_id action)
{
    b->action = action;
    b->time = INFINITY;
    b->growth = npde__alloc(c, n_rates, sizeof *b->growth);
    b->fired = npde__alloc(c, n_rates, sizeof *b->fired);
    b->jump = npde__alloc(c, n_rates, sizeof *b->jump);
    return b->growth && b->fired && b->jump ? NPDE_OK : NPDE_ERR_MEMORY;
}

void npde__blowup_free(npde__blowup *b, npde_context *c)
{
    npde__free(c, b->growth);
    npde__free(c, b->fired);
    npde__free(c, b->jump);
}

void npde__blowup_snapshot(npde__blowup *b, size_t n_rates, npde__bytes *bytes)
{
    int64_t *const counts[] = {&b->found, &b->jumps};
    double *const scalars[] = {&b->time, &b->exponent}, *const vectors[] = {b->fired, b->jump};
    for (size_t i = 0; i < 2; i++) npde__bytes_block(bytes, counts[i], sizeof(int64_t));
    for (size_t i = 0; i < 2; i++) npde__bytes_block(bytes, scalars[i], sizeof(double));
    for (size_t i = 0; i < 2; i++) npde__bytes_block(bytes, vectors[i], n_rates * sizeof(double));
    npde__bytes_block(bytes, b->growth, n_rates * sizeof *b->growth);
}

static double largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t k = 0; k < n; k++) most = x[k] > most || isnan(x[k]) ? x[k] : most;
    return most;
}

double npde__blowup_size(const npde__run *run)
{
    return largest(run->blowup.jump, run->system->n_rates);
}

/* ---- the fit ---- */

/* Remembers a rate where it has grown by the factor. */
static void record(npde__growth *g, double t, double rate)
{
    g->fresh = 0;
    if (g->n > 0 && !(rate >= g->rate[g->n - 1])) g->n = 0;
    if (!(rate > 0) || (g->n > 0 && rate < growth * g->rate[g->n - 1])) return;
    if (g->n > LAST) {
        memmove(g->t, g->t + 1, LAST * sizeof *g->t);
        memmove(g->rate, g->rate + 1, LAST * sizeof *g->rate);
        g->n = LAST;
    }
    g->t[g->n] = t;
    g->rate[g->n++] = rate;
    g->fresh = 1;
}

static int watched(const npde__run *run)
{
    return run->blowup.action != NPDE_BLOWUP_IGNORE && run->dt == 0 && run->system->ops->cascade;
}

void npde__blowup_record(npde__run *run)
{
    for (size_t k = 0; watched(run) && k < run->system->n_rates; k++)
        record(&run->blowup.growth[k], run->t, run->stepper.rates[k]);
}

/*
 * How far the exponent of a finite stretch lies above that of the end. In the time s with ds = bN dt the layer's width ε = a/(bN)
 * falls like ε' = −κ, so that ε² = 2aκ(T − t). Were κ constant, p would be 1/2. The layer's profile φ(x/ε) obeys φ'' = (κx/ε − 1)φ'
 * and does not quite vanish at infinity: it leaves a trace of the size of e^{−1/(2κ)} behind, which lowers κ, hardly ever and for
 * ever. Over four decades of N, solutions on spectral elements follow p − 1/2 = c κ^{−3/2} e^{−1/(2κ)} with this c.
 */
static double drift(double kappa)
{
    return 0.0466 * pow(kappa, -1.5) * exp(-1 / (2 * kappa));
}

/*
 * Through three records N_i = C (T − t_i)^{−p}: with x_i = N_i^{−1/p}, (t_3 − t_2)/(t_3 − t_1) = (x_2 − x_3)/(x_1 − x_3), where
 * the right side grows with p.
 */
static double fit(npde__blowup *b, const npde__growth *g, double layer_time)
{
    const double first = g->rate[0] / g->rate[LAST], middle = g->rate[MIDDLE] / g->rate[LAST];
    const double ratio = (g->t[LAST] - g->t[MIDDLE]) / (g->t[LAST] - g->t[0]);
    double low = 0.05, high = 20;
    for (int k = 0; k < 60; k++) {
        const double p = sqrt(low * high), one = pow(first, -1 / p), two = pow(middle, -1 / p);
        if ((two - 1) / (one - 1) < ratio) low = p;
        else high = p;
    }
    b->time = g->t[LAST] + (g->t[LAST] - g->t[MIDDLE]) / (pow(middle, -1 / low) - 1);
    b->exponent = low - drift(layer_time / (middle * middle) / (2 * (b->time - g->t[MIDDLE])));
    return low;
}

/* ---- the verdict ---- */

/* A time that is no matter. */
static double instant(const npde__run *run)
{
    return nothing * (1 + fabs(run->t));
}

/* Just after a start or a jump no step is small enough: is there so much at a threshold that more must fire at once? */
static npde__cascade judge_beginning(npde__run *run)
{
    npde__blowup *b = &run->blowup;
    const npde__cascade cascade = run->system->ops->cascade(run->system, run->t, run->stepper.y, NULL, b->fired);
    if (cascade) b->time = run->t;
    return cascade;
}

static npde__cascade judge_growth(npde__run *run, size_t k, int stuck)
{
    npde__blowup *b = &run->blowup;
    const npde__growth *g = &b->growth[k];
    const double time_before = b->time, exponent_before = b->exponent;
    const npde__system_ops *ops = run->system->ops;
    const npde__stepper *st = &run->stepper;
    const int known = g->n > LAST;
    double width, thinnest, time;
    if (!known && !stuck) return NPDE__CASCADE_NONE;
    ops->layer(run->system, run->t, st->rates, k, &width, &thinnest, &time);
    if (!(width <= suspect)) return NPDE__CASCADE_NONE;
    const double power = known ? fit(b, g, time) : 0;
    if (!known) b->time = run->t;
    const int near = power >= least_power && power <= most_power &&
                     (width <= fmax(enough, thinnest) || b->time - run->t <= instant(run));
    npde__cascade cascade = NPDE__CASCADE_NONE;
    if (near || stuck) cascade = ops->cascade(run->system, run->t, st->y, st->rates, b->fired);
    if (cascade) return cascade;
    b->time = time_before; /* what was told of an earlier one stays */
    b->exponent = exponent_before;
    return NPDE__CASCADE_NONE;
}

/*
 * Of the rates that have just grown the largest is judged, by a record of its own: which of two is the larger may change to and
 * fro. stuck: the largest of all.
 */
static npde__cascade judge(npde__run *run, int stuck)
{
    const npde__growth *growths = run->blowup.growth;
    const double *rates = run->stepper.rates;
    size_t top = run->system->n_rates;
    if (stuck && run->t - run->settle_from < instant(run)) return judge_beginning(run);
    for (size_t k = 0; k < run->system->n_rates; k++)
        if ((stuck || growths[k].fresh) && (top == run->system->n_rates || rates[k] > rates[top])) top = k;
    return top < run->system->n_rates ? judge_growth(run, top, stuck) : NPDE__CASCADE_NONE;
}

npde_status npde__blowup_watch(npde_solver *s, int stuck)
{
    npde__run *run = s->run;
    npde__blowup *b = &run->blowup;
    const size_t n = run->system->n_rates;
    if (b->found || !watched(run)) return NPDE_OK;
    b->found = judge(run, stuck);
    for (size_t k = 0; k < n; k++) b->growth[k].fresh = 0;
    if (!b->found) return NPDE_OK;
    memcpy(b->jump, b->fired, n * sizeof *b->jump);
    return npde__solver_notify(s, NPDE_EVENT_BLOWUP);
}

/* ---- what then ---- */

/* Would this cascade, at these rates, be passed by if the user asked for jumps? */
static int jump_helps(const npde_solver *s, npde__run *run, npde__cascade cascade, const double *rates)
{
    const npde__blowup *b = &run->blowup;
    if (cascade != NPDE__CASCADE_ENDS || b->action == NPDE_BLOWUP_JUMP || run->dt > 0) return 0;
    if (s->grid && run->system->smooth) return 0; /* of its own, the solver would make another */
    char text[sizeof s->context->error];
    memcpy(text, s->context->error, sizeof text);
    const npde_status status = run->system->ops->fire(run->system, run->t, NULL, rates, b->fired);
    memcpy(s->context->error, text, sizeof text); /* it was no error */
    return !status;
}

int npde__blowup_advise(const npde_solver *s, npde__run *run)
{
    if (!run->system->ops->cascade) return 0;
    return jump_helps(s, run, run->system->ops->cascade(run->system, run->t, run->stepper.y, NULL, run->blowup.fired),
                      NULL);
}

/* Those who fire count for the jump at the present time. */
static npde_status fire(npde__run *run, const double *rates)
{
    npde__blowup *b = &run->blowup;
    const npde_status status = run->system->ops->fire(run->system, run->t, run->stepper.y, rates, b->fired);
    for (size_t k = 0; k < run->system->n_rates && !status; k++) b->jump[k] += b->fired[k];
    return status;
}

/* The rates are the smallest that there are, looked for from 0; as long as there are none, more neurons must fire. */
static npde_status rates_by_firing(npde__run *run)
{
    npde__system *system = run->system;
    npde__stepper *st = &run->stepper;
    for (int k = 0; k < MOST_AFTERSHOCKS; k++) {
        memset(st->rates, 0, system->n_rates * sizeof(double));
        npde_status status = system->ops->rates(system, run->t, +1, st->y, st->rates);
        if (status <= 0) return status;
        const npde__cascade more = system->ops->cascade(system, run->t, st->y, NULL, run->blowup.fired);
        if (more == NPDE__CASCADE_ETERNAL)
            return npde__fail(system->context, NPDE__RETRY, "a cascade begins at the thresholds and never ends");
        if (!more) return status;
        if ((status = fire(run, NULL))) return status;
    }
    return NPDE__RETRY;
}

npde_status npde__blowup_rates(npde__run *run, npde_status status)
{
    npde__blowup *b = &run->blowup;
    const npde__system *system = run->system;
    double least = 0;
    for (size_t k = 0; k < system->n_rates; k++) least = fmin(least, run->stepper.rates[k]);
    if (status < 0 || (!status && least == 0) || !system->ops->cascade) return status;
    if (system->ops->cascade(run->system, run->t, run->stepper.y, NULL, b->fired) == NPDE__CASCADE_NONE) return status;
    if (b->action != NPDE_BLOWUP_JUMP)
        return npde__fail(system->context, NPDE__RETRY, "a cascade begins at the thresholds");
    if ((status = rates_by_firing(run))) return status;
    b->time = run->t;
    b->jumps++;
    return NPDE_OK;
}

/* The physical jump. */
static npde_status jump(npde_solver *s)
{
    npde__run *run = s->run;
    const npde__stepper *st = &run->stepper;
    npde__blowup *b = &run->blowup;
    const size_t n = run->system->n_rates;
    npde_status status = run->system->ops->fire(run->system, run->t, st->y, st->rates, b->fired);
    if (status) return status;
    memset(b->growth, 0, n * sizeof *b->growth);
    b->found = 0;
    b->jumps++;
    run->h_next = run->dt_max;
    run->scale = 0;
    status = rates_by_firing(run);
    if (status > 0)
        return npde__fail(s->context, NPDE_ERR_RANGE, "after the jump at t = %g there are no finite rates: %.300s",
                          run->t, s->context->reason);
    if (!status) status = npde__run_cross_jump(run);
    return status ? status : npde__solver_notify(s, NPDE_EVENT_JUMP);
}

npde_status npde__blowup_pass(npde_solver *s)
{
    const npde__blowup *b = &s->run->blowup;
    const int eternal = b->found == NPDE__CASCADE_ETERNAL;
    if (b->action == NPDE_BLOWUP_JUMP && !eternal) {
        const npde_status status = jump(s);
        return status == NPDE_ERR_UNSUPPORTED ? NPDE_NOTICE_BLOWUP : status; /* the text says why it stops */
    }
    npde__log(s->context, NPDE_LOG_NOTICE,
              eternal ? "the rate becomes infinite at t = %.10g, and the cascade never ends: those who fire are pushed "
                        "over the threshold again"
              : jump_helps(s, s->run, NPDE__CASCADE_ENDS, s->run->stepper.rates)
                  ? "the rate becomes infinite at t = %.10g; set the option blowup to jump to go on beyond"
                  : "the rate becomes infinite at t = %.10g, and the jump beyond is not known",
              b->time);
    return eternal ? NPDE_NOTICE_ETERNAL : NPDE_NOTICE_BLOWUP;
}
