/* SPDX-License-Identifier: BSD-3-Clause
 * The solver behind the handle: a stepper on a system, the step loop, observers. */
#ifndef NPDE_SOLVE_SOLVER_H
#define NPDE_SOLVE_SOLVER_H

#include "core/ids.h"
#include "solve/controller.h"
#include "steppers/stepper.h"
#include "system/initial.h"

typedef struct npde__observer {
    struct npde__observer *next;
    npde_id event;
    int32_t token;
    int removed; /* from within a run: taken out at its end */
    npde__callback *callback;
} npde__observer;

/* Where npde_solver_sample() wants rates: what is left of its times, and where they go. */
typedef struct {
    const double *times;
    size_t n;
    double *rates;
    int dense; /* interpolated within steps */
} npde__samples;

/* Spikes of single neurons: of the last one that was told time, interval, population; how many were. */
typedef struct {
    double time, interval, population, count;
    double *last;    /* time of the last spike of each population; NULL where there are no single neurons */
    double *above;   /* work space: how far each is above its level, at two times */
    double *queue;   /* times and populations of the last step's spikes that are not told yet, the first one first */
    int64_t waiting; /* how many those are */
} npde__spikes;

/* Times and values at which a rate had grown by a factor; fresh: the last one is of the last step. */
enum { NPDE__BLOWUP_RECORDS = 8 };
typedef struct {
    double t[NPDE__BLOWUP_RECORDS], rate[NPDE__BLOWUP_RECORDS];
    int64_t n, fresh;
} npde__growth;

/* The watch for a blow-up. */
typedef struct {
    npde_id action;
    npde__growth *growth; /* of each rate */
    int64_t found;        /* the run stands before a blow-up: the npde__cascade of it, or 0 */
    double time, exponent;
    int64_t jumps;
    double *fired; /* n_rates: fractions that fire in the last cascade */
    double *jump;  /* n_rates: those of the last jump, aftershocks included */
} npde__blowup;

/* A run: all that a start makes and the next one replaces. */
typedef struct {
    npde_grid *grid;
    npde__system *system;
    npde__stepper stepper;
    double t, h, h_next;
    double dt, rtol, atol, dt_min, dt_max, max_steps, startup; /* options as they were at the start */
    double calibration;                                        /* estimate that a step is allowed, over the tolerance */
    double scale; /* largest rate so far: what rate errors are relative to */
    double error, resolution;
    int64_t steps, rejections;
    npde__controller controller;
    int truncation_told;
    int jump_pending; /* the present time is that of a jump that could not be crossed yet */
    int step_untold;  /* observers have not heard of the last step yet */
    double *jumps;    /* announced ones, as they were at the start */
    npde__samples samples;
    npde__spikes spikes;
    double settle_from; /* time of the last data that may have to settle */
    npde__blowup blowup;
} npde__run;

struct npde_solver {
    atomic_size_t refs;
    npde_context *context;
    npde_model *model;
    npde_grid *grid; /* NULL: made at each start */
    const npde__method *method;
    double *option;
    npde__initial *initial; /* one per population */
    size_t n_pop;
    double *jumps; /* announced by the user, ascending */
    size_t n_jumps;
    npde__run *run; /* NULL before the first start */
    npde__observer *observers;
    int32_t last_token;
    int busy; /* in a start or a run: from within a callback it may be read, not changed */
};

double npde__solver_option(const npde_solver *s, npde_id option);
void npde__run_free(npde_context *c, npde__run *run); /* NULL is allowed */
/* Reads the options, computes the first rates and step; the run has its system and state. */
npde_status npde__run_begin(const npde_solver *s, npde__run *run, double t0);

/* Coefficients or state jump at the present time: what comes next begins with the limits from the right. */
npde_status npde__run_cross_jump(npde__run *run);

/* The state a share theta of the last accepted step after its beginning, until the next attempt. */
void npde__run_interpolate(npde__run *run, double theta, double *y);

/* One accepted step, to t_limit at most. */
npde_status npde__solver_step(npde_solver *s, double t_limit, int64_t *budget);
/* Steps to t_end; budget: attempts left. */
npde_status npde__solver_advance(npde_solver *s, double t_end, int64_t *budget);
/* Steps through ascending times and writes the rates there. */
npde_status npde__solver_sample(npde_solver *s, const double *times, size_t n_times, double *rates, int64_t *budget);
/* Tells the observers of an event. */
npde_status npde__solver_notify(npde_solver *s, npde_id event);
/* The same at a time that is not the present one. */
npde_status npde__solver_notify_at(npde_solver *s, npde_id event, double t);
/* Takes out removed observers. */
void npde__solver_sweep(npde_solver *s);
/* The notice that is due after a call that went well: told once a run. */
npde_status npde__solver_notice(npde_solver *s);
double npde__solver_stat(const npde_solver *s, npde_id stat);
int64_t npde__solver_count(const npde_solver *s, npde_id count);

/* blowup.c */
npde_status npde__blowup_init(npde__blowup *b, npde_context *c, size_t n_rates, npde_id action);
void npde__blowup_free(npde__blowup *b, npde_context *c);
/* Remembers the rates of an accepted step. */
void npde__blowup_record(npde__run *run);
/* Judges what was remembered of the last step; stuck: no step is small enough. Tells of a blow-up that it finds. */
npde_status npde__blowup_watch(npde_solver *s, int stuck);
/* The largest fraction of a population that fired in the last jump. */
double npde__blowup_size(const npde__run *run);
/* A run that stands before a blow-up: jumps, or says once more why it stops. */
npde_status npde__blowup_pass(npde_solver *s);
/* Would the option blowup = jump bring a start beyond the cascade that its data set off? */
int npde__blowup_advise(const npde_solver *s, npde__run *run);
/*
 * The answer to the first rates of a run. Data so dense at a threshold that they blow up at once have none, or negative ones:
 * then it jumps if it may; the answer is that of the rates afterwards, and otherwise NPDE__RETRY.
 */
npde_status npde__blowup_rates(npde__run *run, npde_status status);
void npde__blowup_snapshot(npde__blowup *b, size_t n_rates, npde__bytes *bytes);

/* spikes.c */
enum { NPDE__SPIKES = 4 }; /* most of a neuron that are found in a step */
npde_status npde__spikes_begin(npde__run *run);
/* Before a step is accepted: where it begins. What a method has made of that state by the end is its own. */
void npde__spikes_before(npde__run *run);
/* Looks for spikes in the step from `begin` to now. */
void npde__spikes_find(npde__run *run, double begin);
/* Tells the observers of those that were found. */
npde_status npde__spikes_tell(npde_solver *s);
double npde__spikes_stat(const npde__spikes *spikes, npde_id stat);
void npde__spikes_snapshot(npde__spikes *spikes, size_t n, npde__bytes *bytes);

/* snapshot.c */
npde_status npde__solver_save(const npde_solver *s, void *buf, size_t capacity, size_t *need);
npde_status npde__solver_restore(npde_solver *s, const void *buf, size_t len);

#endif
