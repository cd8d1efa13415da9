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
    double *jumps;    /* announced ones, as they were at the start */
    npde__samples samples;
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

/* One accepted step, to t_limit at most. */
npde_status npde__solver_step(npde_solver *s, double t_limit, int64_t *budget);
/* Steps to t_end; budget: attempts left. */
npde_status npde__solver_advance(npde_solver *s, double t_end, int64_t *budget);
/* Steps through ascending times and writes the rates there. */
npde_status npde__solver_sample(npde_solver *s, const double *times, size_t n_times, double *rates, int64_t *budget);
/* Tells the observers of an event. */
npde_status npde__solver_notify(npde_solver *s, npde_id event);
/* Takes out removed observers. */
void npde__solver_sweep(npde_solver *s);
/* The notice that is due after a call that went well: told once a run. */
npde_status npde__solver_notice(npde_solver *s);
double npde__solver_stat(const npde_solver *s, npde_id stat);
int64_t npde__solver_count(const npde_solver *s, npde_id count);

/* snapshot.c */
npde_status npde__solver_save(const npde_solver *s, void *buf, size_t capacity, size_t *need);
npde_status npde__solver_restore(npde_solver *s, const void *buf, size_t len);

#endif
