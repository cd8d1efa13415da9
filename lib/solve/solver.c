/* SPDX-License-Identifier: BSD-3-Clause
 * The step loop: how far to go, what to do when a step fails, when to stop. */
#include "solve/solver.h"

#include "core/time.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const double forget = 0.95; /* per step, of the largest rate that rate errors are relative to */
static const double settle_first = 1e-13, settle_share = 0.02, settle_last = 1e-10; /* see settle_step() */
static const double tail_limit = 1e-6; /* of the mass at an end of the grid: a rate error of about as much */

double npde__solver_option(const npde_solver *s, npde_id option)
{
    return s->option[npde__ids_slot(option)];
}

void npde__run_free(npde_context *c, npde__run *run)
{
    if (!run) return;
    npde__stepper_free(&run->stepper);
    npde__blowup_free(&run->blowup, c);
    npde__free(c, run->jumps);
    npde__free(c, run->spikes.last);
    if (run->system) run->system->ops->free(run->system);
    npde__free(c, run);
}

/* ---- error control ---- */

/* The error estimate that is allowed a step, over the tolerance. */
static double calibration(const npde__method *m, double tolerance)
{
    if (m->error_order == 0) return 1;
    /* At first order this would take as many steps as there are digits to the square: there it is an estimate per step. */
    const double power = m->order == 1 ? 1 : (double)(m->error_order + 1) / (double)m->order;
    return pow((m->calibration > 0 ? m->calibration : 1) * tolerance, power) / tolerance;
}

/* An error in units of what is allowed: a step is accepted at ≤ 1. Mass is 1; rates count in proportion to the largest so far. */
static double scaled_error(void *self, const double *e)
{
    const npde__run *run = self;
    const npde__stepper *st = &run->stepper;
    double mass, *rates = st->residual;
    run->system->ops->measure(run->system, e, &mass, rates);
    double error = mass / (run->atol + run->rtol), scale = run->scale;
    for (size_t k = 0; k < run->system->n_rates; k++) scale = fmax(scale, fabs(st->rates_new[k]));
    for (size_t k = 0; k < run->system->n_rates; k++)
        error = fmax(error, fabs(rates[k]) / (run->atol + run->rtol * scale));
    return isfinite(error) ? error / run->calibration : INFINITY;
}

/* A first step small enough for h‖F‖ ≈ tol^{1/(p+1)}. */
static double first_step(const npde__run *run, double slope)
{
    const double power = 1.0 / (double)(run->stepper.error_order + 1);
    return fmin(run->dt_max, 0.1 * pow(run->calibration * (run->atol + run->rtol), power) / fmax(slope, 1e-3));
}

/*
 * At a start and after a jump: a step that is small enough for the slope there. *rough: within a step of h_next the data would
 * change by more than all of their mass, or the rates in no proportion to it.
 */
static npde_status first_slope(npde__run *run, int *rough)
{
    npde__stepper *st = &run->stepper;
    const npde__system *system = run->system;
    const npde_status status = npde__stepper_slope(st, run->t, 0);
    if (status) return status;
    double slope, turn = 0;
    system->ops->measure(system, st->slope, &slope, st->residual);
    for (size_t k = 0; k < system->n_rates; k++) turn = fmax(turn, fabs(st->residual[k]));
    if (run->dt == 0 && st->method->order > 0)
        run->h_next = fmin(run->h_next, first_step(run, fmax(slope, turn / (slope + run->scale))));
    *rough = slope * run->h_next > 1 || turn * run->h_next > 1e-3 * slope;
    return NPDE_OK;
}

/* Damping steps before a method that does not damp by itself: as many as the user asks for, or two on rough data. */
static int64_t damping_steps(const npde__run *run, int rough)
{
    return run->startup >= 0 ? (int64_t)run->startup : rough ? 2 : 0;
}

/* No smaller step helps at the very start. */
static npde_status no_start(const npde_solver *s, npde__run *run, double t0)
{
    npde_context *c = s->context;
    if (run->system->answer > 0) {
        c->user_status = run->system->answer;
        return npde__fail(c, NPDE_ERR_CALLBACK, "at the start no step can be made smaller: %s", c->reason);
    }
    return npde__fail(c, NPDE_ERR_RANGE,
                      "the initial data have no finite rate at t = %g: %.300s. With excitation, b n(v_threshold) >= 1, "
                      "the equation blows up at once: start with less density there%s",
                      t0, c->reason, npde__blowup_advise(s, run) ? ", or set the option blowup to jump" : "");
}

/*
 * Data that do not vanish at a threshold empty through a layer that no step resolves at first, and that grows like √t. Unless the
 * method likes its own error sooner, the first steps are of backward Euler and pass unmeasured: they are too short to matter,
 * and soon a step is so small a part of the time that has passed that the method resolves it.
 */
static double settle_step(const npde__run *run)
{
    const double unit = fmax(1, fabs(run->t)), passed = run->t - run->settle_from;
    return passed < settle_last * unit ? fmax(fmax(settle_first * unit, run->dt_min), settle_share * passed) : 0;
}

static void settle(npde__run *run)
{
    run->settle_from = run->t;
    if (run->dt == 0) run->h_next = fmax(run->h_next, settle_step(run));
}

/* May a step of this size pass unmeasured? */
static int settles(const npde__run *run, double h)
{
    return run->dt == 0 && h <= settle_step(run);
}

npde_status npde__run_begin(const npde_solver *s, npde__run *run, double t0)
{
    npde__stepper *st = &run->stepper;
    npde__system *system = run->system;
    run->t = t0;
    run->dt = npde__solver_option(s, NPDE_OPTION_DT);
    run->rtol = npde__solver_option(s, NPDE_OPTION_RTOL);
    run->atol = npde__solver_option(s, NPDE_OPTION_ATOL);
    run->calibration = calibration(s->method, run->rtol + run->atol);
    run->dt_min = npde__solver_option(s, NPDE_OPTION_DT_MIN);
    run->dt_max = npde__solver_option(s, NPDE_OPTION_DT_MAX);
    run->startup = npde__solver_option(s, NPDE_OPTION_STARTUP_STEPS);
    run->max_steps = npde__solver_option(s, NPDE_OPTION_MAX_STEPS);
    st->dt = run->dt;
    st->norm = scaled_error;
    st->norm_self = run;
    st->iterate = (npde_id)npde__solver_option(s, NPDE_OPTION_COUPLING) == NPDE_COUPLING_NEWTON;

    if (run->dt > st->longest)
        return npde__fail(s->context, NPDE_ERR_RANGE,
                          "dt = %g is more than %.6g, up to which the explicit transport of the method %s is stable on "
                          "this grid: make it shorter, or take strang",
                          run->dt, st->longest, npde__ids_row(st->method->id)->name);

    npde_status status = npde__blowup_init(&run->blowup, s->context, system->n_rates,
                                           (npde_id)npde__solver_option(s, NPDE_OPTION_BLOWUP));
    if (status) return status;
    npde__controller_begin(&run->controller, (npde_id)npde__solver_option(s, NPDE_OPTION_CONTROLLER));
    status = npde__spikes_begin(run);
    if (status) return status;
    if (s->n_jumps > 0) {
        run->jumps = npde__alloc(s->context, s->n_jumps, sizeof *run->jumps);
        if (!run->jumps) return NPDE_ERR_MEMORY;
        memcpy(run->jumps, s->jumps, s->n_jumps * sizeof *run->jumps);
        system->jumps = run->jumps;
        system->n_jumps = s->n_jumps;
    }

    memset(st->rates, 0, system->n_rates * sizeof(double));
    system->ops->begin(system, t0, st->rates); /* so that delays see the past; again below, with the rates at t0 */
    status = system->ops->rates(system, t0, +1, st->y, st->rates);
    if (system->answer <= 0) status = npde__blowup_rates(run, status);
    if (status > 0) return no_start(s, run, t0);
    if (status) return status;
    system->ops->begin(system, t0, st->rates);

    run->h_next = run->dt > 0 ? run->dt : run->dt_max;
    int rough = 0;
    status = first_slope(run, &rough);
    settle(run);
    st->startup = damping_steps(run, rough);
    return status > 0 ? no_start(s, run, t0) : status;
}

/* ---- observers ---- */

void npde__solver_sweep(npde_solver *s)
{
    npde__observer *removed = NULL;
    for (npde__observer **at = &s->observers; *at;) {
        npde__observer *o = *at;
        if (!o->removed) {
            at = &o->next;
            continue;
        }
        *at = o->next;
        o->next = removed;
        removed = o;
    }
    while (removed) { /* out of the list: what a release function does to the solver does no harm */
        npde__observer *o = removed;
        removed = o->next;
        npde__callback_release(o->callback);
        npde__free(s->context, o);
    }
}

npde_status npde__solver_notify(npde_solver *s, npde_id event)
{
    return npde__solver_notify_at(s, event, s->run->t);
}

npde_status npde__solver_notify_at(npde_solver *s, npde_id event, double t)
{
    npde_status status = NPDE_OK;
    for (npde__observer *o = s->observers; o && status >= 0; o = o->next) {
        if (o->event != event || o->removed) continue;
        const int32_t answer = o->callback->fn.observer(s, event, t, o->callback->user);
        if (answer > 0) status = NPDE_STOP;
        if (answer < 0) {
            s->context->user_status = answer;
            status = npde__fail(s->context, NPDE_ERR_CALLBACK, "an observer of %s returned %d at t = %g",
                                npde__ids_row(event)->name, (int)answer, t);
        }
    }
    return status;
}

/* ---- steps ---- */

/* The method's step, and its scaled error. */
static npde_status try_method(npde__run *run, const npde__method *method, double h, int adaptive)
{
    npde__stepper *st = &run->stepper;
    const npde__system *s = run->system;
    const npde_status status = method->step(st, run->t, h, adaptive);
    if (status) return status;
    const int finite = s->ops->finite ? s->ops->finite(s, st->y_new) : npde__system_finite(st->y_new, s->n);
    if (!finite || !npde__system_finite(st->rates_new, s->n_rates))
        return npde__fail(s->context, NPDE__RETRY, "the state is not finite or has lost its mass");
    run->error = adaptive ? scaled_error(run, st->error) : 0;
    return NPDE_OK;
}

/* One attempt at a step of size h; NPDE__RETRY when it must be smaller. */
static npde_status attempt(npde__run *run, double h)
{
    npde__stepper *st = &run->stepper;
    const int looked_into = run->samples.dense || run->system->ops->above;
    const int adaptive = run->dt == 0, hermite = looked_into && !st->method->dense;
    npde_status status = hermite ? npde__stepper_slope(st, run->t, h) : NPDE_OK;
    st->foreign = 0;
    if (!status) status = try_method(run, st->method, h, adaptive);
    if ((status > 0 || run->error > 1) && settles(run, h)) {
        status = try_method(run, &npde__backward_euler, h, 0);
        run->error = 2; /* whatever it is */
        st->foreign = 1;
    }
    if (status) return status;
    if (run->error > 1 && !settles(run, h))
        return npde__fail(run->system->context, NPDE__RETRY, "the error estimate is %g times the tolerance",
                          run->error);
    return hermite ? npde__stepper_end_slope(st, run->t + h) : NPDE_OK;
}

static void accept(npde__run *run, double t, double h)
{
    npde__stepper *st = &run->stepper;
    npde__system *system = run->system;
    run->t = t;
    run->h = h;
    run->steps++;
    npde__stepper_accept(st, h);
    system->ops->accept(system, t, st->y, st->rates);
    run->scale *= forget;
    for (size_t k = 0; k < system->n_rates; k++) run->scale = fmax(run->scale, fabs(st->rates[k]));
    npde__blowup_record(run);
    run->step_untold = 1;
}

npde_status npde__run_cross_jump(npde__run *run)
{
    npde__stepper *st = &run->stepper;
    npde__system *system = run->system;
    run->jump_pending = 1; /* should a callback fail, a call that goes on begins here */
    npde__stepper_restart(st);
    npde__controller_begin(&run->controller, run->controller.kind);
    npde_status status = system->ops->rates(system, run->t, +1, st->y, st->rates);
    if (status == NPDE_OK) system->ops->jump(system, st->y, st->rates);
    int rough;
    if (status == NPDE_OK) status = first_slope(run, &rough);
    settle(run);
    if (npde__system_jump_at(system, run->t)) st->startup = damping_steps(run, 1);
    if (status == NPDE_OK) run->jump_pending = 0;
    return status > 0 ? npde__fail(system->context, NPDE_ERR_RANGE,
                                   "at t = %g coefficients jump so that the rates are not finite: %.300s", run->t,
                                   system->context->reason)
                      : status;
}

void npde__run_interpolate(npde__run *run, double theta, double *y)
{
    npde__stepper *st = &run->stepper;
    if (run->error <= 1) npde__stepper_dense(st, theta, y);
    else /* a step that settles is not the method's, which has kept nothing of it: y_new is where it began */
        for (size_t i = 0; i < run->system->n; i++) y[i] = (1 - theta) * st->y_new[i] + theta * st->y[i];
}

/* The samples that lie within the step from `begin`, before its end. */
static npde_status interpolate_samples(npde__run *run, double begin)
{
    npde__stepper *st = &run->stepper;
    npde__samples *left = &run->samples;
    const npde__system *system = run->system;
    for (; left->n > 0 && left->times[0] < run->t;
         left->n--, left->times++, left->rates += npde__system_outputs(system)) {
        const double t = left->times[0], theta = (t - begin) / (run->t - begin);
        double *y = st->error; /* not in use between steps */
        npde__run_interpolate(run, theta, y);
        double *rates = st->residual;
        for (size_t k = 0; k < system->n_rates; k++) rates[k] = (1 - theta) * st->rates_old[k] + theta * st->rates[k];
        const npde_status status = system->ops->rates(run->system, t, -1, y, rates);
        if (status > 0)
            return npde__fail(system->context, NPDE_ERR_RANGE, "no rates at the output time %g: %.300s", t,
                              system->context->reason);
        if (status) return status;
        memcpy(left->rates, rates, npde__system_outputs(system) * sizeof *rates);
    }
    return NPDE_OK;
}

/* No step is small enough: where a solution blows up that is what happens. */
static npde_status too_small(npde_solver *s, double h)
{
    const npde_status told = npde__blowup_watch(s, 1);
    if (told || s->run->blowup.found) return told ? told : npde__blowup_pass(s);
    return npde__fail(
        s->context, NPDE_ERR_STEP_TOO_SMALL,
        "at t = %.15g the next step would be %.3g, below dt_min = %g or what the time can resolve: %.300s. A solution "
        "that blows up on a grid too coarse at v_threshold does this: refine it there (npde_grid_new_graded(), option "
        "layer); "
        "otherwise loosen the tolerances or the step",
        s->run->t, h, s->run->dt_min, s->context->reason);
}

/* Steps below this are no progress: the user's minimum, and some spacings of the floating-point time. */
static double smallest_step(const npde__run *run)
{
    return fmax(run->dt_min, 16 * DBL_EPSILON * fabs(run->t));
}

/* The answer of a call: its first error, otherwise its last notice. */
static void answer(npde_status *status, npde_status next)
{
    if (*status >= 0 && next) *status = next;
}

/*
 * What an accepted step brings with it. An error ends it; the rest then comes first in the next call. What an observer's request to
 * stop holds back is only the jump.
 */
static npde_status conclude(npde_solver *s)
{
    npde__run *run = s->run;
    npde_status status = npde__spikes_tell(s);
    if (status >= 0 && run->jump_pending) answer(&status, npde__run_cross_jump(run));
    if (status >= 0 && run->step_untold) {
        run->step_untold = 0;
        answer(&status, npde__solver_notify(s, NPDE_EVENT_STEP));
    }
    if (status >= 0) answer(&status, npde__blowup_watch(s, 0));
    return !status && run->blowup.found ? npde__blowup_pass(s) : status;
}

npde_status npde__solver_step(npde_solver *s, double t_limit, int64_t *budget)
{
    npde__run *run = s->run;
    const int adaptive = run->dt == 0;
    const npde_status pending = conclude(s);
    if (pending) return pending;
    /* Where coefficients jump, a step ends and the next one begins anew. */
    const double jump = run->system->ops->next_break(run->system, run->t), target = fmin(t_limit, jump);
    const double wanted = fmin(fmin(run->h_next, adaptive ? run->dt_max : INFINITY), run->system->max_step);
    double h = wanted;
    const double rest = target - run->t;
    /* Rounding in t makes no sliver of a step, nor one of another size that would have to be factored for. */
    const int reaches = h * (1 + 1e-6) >= rest;
    if (reaches && fabs(h - rest) > npde__time_slack(target)) h = rest;
    if (!reaches && adaptive && h > rest / 2 && rest / 2 >= smallest_step(run))
        h = rest / 2; /* two even steps and no sliver */
    const double first = h;
    const int clipped = h < wanted;
    if (h < smallest_step(run) && !reaches) {
        (void)npde__fail(s->context, NPDE__RETRY, "the step asked for is that small");
        return too_small(s, h);
    }

    for (;;) {
        if ((*budget)-- <= 0)
            return npde__fail(
                s->context, NPDE_ERR_TOO_MANY_STEPS,
                "max_steps = %g attempts are used up at t = %.15g; call again to go on, or raise max_steps",
                run->max_steps, run->t);
        const npde_status status = attempt(run, h);
        if (status == NPDE_OK) break;
        if (status != NPDE__RETRY) return status;
        double smaller =
            h *
            (run->error > 1 ? npde__controller_reject(&run->controller, run->stepper.error_order, run->error) : 0.5);
        if (h > settle_step(run) && settles(run, settle_step(run))) smaller = fmax(smaller, settle_step(run));
        if (smaller < smallest_step(run)) return too_small(s, smaller);
        h = smaller;
        run->error = 0;
        const npde_status told = npde__solver_notify(s, NPDE_EVENT_REJECT);
        run->rejections++; /* not before: a snapshot taken by the observer goes on from before the step */
        if (told) return told;
    }
    const int lands = reaches && h == first;
    const double t = lands ? target : run->t + h;
    if (adaptive) {
        const npde__method *method = run->stepper.method;
        const double next = run->error > 1 ? h
                            : method->next_step
                                ? method->next_step(&run->stepper, h)
                                : h * npde__controller_accept(&run->controller, run->stepper.error_order, run->error);
        /* A step cut short to land says nothing against the size that was wanted. */
        run->h_next = fmin(run->dt_max, clipped && h == first ? fmax(next, wanted) : next);
    }
    const double begin = run->t;
    npde__spikes_before(run);
    accept(run, t, h);
    if (lands && jump - target <= npde__time_slack(target))
        run->jump_pending = 1; /* whatever fails before it is crossed */
    npde__spikes_find(run, begin);
    const npde_status sampled = run->samples.dense ? interpolate_samples(run, begin) : NPDE_OK;
    return sampled ? sampled : conclude(s);
}

/* Does t lie ahead? Not by the rounding errors of times alone: a step of that size would be one across a jump. */
static int ahead(const npde__run *run, double t)
{
    return t - run->t > npde__time_slack(t);
}

npde_status npde__solver_advance(npde_solver *s, double t_end, int64_t *budget)
{
    while (ahead(s->run, t_end)) {
        const npde_status status = npde__solver_step(s, t_end, budget);
        if (status) return status;
    }
    return NPDE_OK;
}

static int observed(const npde_solver *s, npde_id event)
{
    for (const npde__observer *o = s->observers; o; o = o->next)
        if (o->event == event && !o->removed) return 1;
    return 0;
}

npde_status npde__solver_sample(npde_solver *s, const double *times, size_t n_times, double *rates, int64_t *budget)
{
    npde__run *run = s->run;
    npde__samples *left = &run->samples;
    const size_t width = npde__system_outputs(run->system);
    *left = (npde__samples){.times = times, .n = n_times, .rates = rates};
    /* An observer of an output is shown the state of that time. */
    left->dense = (npde_id)npde__solver_option(s, NPDE_OPTION_OUTPUT) == NPDE_OUTPUT_DENSE &&
                  !run->stepper.method->ends_at_outputs && !observed(s, NPDE_EVENT_OUTPUT);
    npde_status status = NPDE_OK;
    while (left->n > 0) {
        if (ahead(run, left->times[0])) {
            if (status) break;
            /* Right after a start or a jump the slopes of what does not fit have nothing to do with the step: none is used. */
            const int within = left->dense && (run->stepper.h_old > 0 || run->stepper.method->order == 0);
            status = npde__solver_step(s, left->times[within ? left->n - 1 : 0], budget);
            if (status < 0) break;
            continue;
        }
        memcpy(left->rates, run->stepper.rates, width * sizeof *rates);
        left->n--;
        left->times++;
        left->rates += width;
        if (!status) status = npde__solver_notify(s, NPDE_EVENT_OUTPUT);
    }
    *left = (npde__samples){0};
    return status;
}

npde_status npde__solver_notice(npde_solver *s)
{
    npde__run *run = s->run;
    if (run->truncation_told || run->system->tail_mass <= tail_limit) return NPDE_OK;
    run->truncation_told = 1;
    npde__log(
        s->context, NPDE_LOG_NOTICE,
        "the mass next to an end of the grid, or of oscillators the last mode, has come to %.2g: rates are off by "
        "about as much as it becomes (the statistic tail_mass), or more where it drives what fires; make the grid "
        "longer on the left, with a random threshold on the right, of a conductance axis at its end; or take more "
        "modes",
        run->system->tail_mass);
    return NPDE_NOTICE_TRUNCATED;
}

/* ---- reading ---- */

static double certificate(const npde__run *run, double *time)
{
    const npde__system *system = run->system;
    return system->ops->certificate ? system->ops->certificate(system, run->t, run->stepper.y, time) : 0;
}

double npde__solver_stat(const npde_solver *s, npde_id stat)
{
    const npde__run *run = s->run;
    double time = INFINITY;
    switch (stat) {
    case NPDE_STAT_TIME: return run->t;
    case NPDE_STAT_STEP_SIZE: return run->h;
    case NPDE_STAT_NEXT_STEP_SIZE: return run->h_next;
    case NPDE_STAT_MASS_DEFECT: return run->system->ops->mass_defect(run->system, run->stepper.y);
    case NPDE_STAT_MASS_ROUNDING: return run->system->mass_rounding;
    case NPDE_STAT_MIN_DENSITY: return run->system->ops->min_density(run->system, run->stepper.y);
    case NPDE_STAT_TAIL_MASS: return run->system->tail_mass;
    case NPDE_STAT_RESOLUTION: return run->resolution;
    case NPDE_STAT_BLOWUP_TIME: return run->blowup.time;
    case NPDE_STAT_BLOWUP_EXPONENT: return run->blowup.exponent;
    case NPDE_STAT_JUMP_SIZE: return npde__blowup_size(run);
    case NPDE_STAT_JUMPS: return (double)run->blowup.jumps;
    case NPDE_STAT_CERTIFICATE: return certificate(run, &time);
    case NPDE_STAT_CERTIFIED_TIME: (void)certificate(run, &time); return time;
    case NPDE_STAT_ERROR_ESTIMATE: return run->error;
    case NPDE_STAT_ORDER_PARAMETER:
    case NPDE_STAT_ORDER_PHASE:
    case NPDE_STAT_CRITICAL_COUPLING:
        return run->system->ops->stat ? run->system->ops->stat(run->system, stat, run->stepper.y) : NAN;
    default: return npde__spikes_stat(&run->spikes, stat);
    }
}

int64_t npde__solver_count(const npde_solver *s, npde_id count)
{
    const npde__run *run = s->run;
    switch (count) {
    case NPDE_COUNT_STEPS: return run->steps;
    case NPDE_COUNT_REJECTIONS: return run->rejections;
    case NPDE_COUNT_STAGES: return run->stepper.stages;
    case NPDE_COUNT_FACTORIZATIONS: return run->system->factorizations;
    case NPDE_COUNT_NEWTON_ITERATIONS: return run->stepper.iterations;
    case NPDE_COUNT_CALLBACKS: return run->system->callbacks;
    default: return (int64_t)run->system->unknowns; /* NPDE_COUNT_UNKNOWNS */
    }
}
