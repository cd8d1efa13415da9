/* SPDX-License-Identifier: BSD-3-Clause
 * What a time-stepping method is, and the memory that all of them share. */
#ifndef NPDE_STEPPERS_STEPPER_H
#define NPDE_STEPPERS_STEPPER_H

#include "system/system.h"

enum {
    NPDE__STEPPER_VECTORS = 12, /* most work vectors of a method */
    NPDE__RODAS_VECTORS = 11    /* those of rodas5p, which starts multistep methods */
};

typedef struct npde__stepper npde__stepper;

typedef struct {
    npde_id id;
    size_t order;       /* 0: exact, a step of any size leaves rounding errors only */
    size_t error_order; /* the error estimate is O(h^(error_order + 1)); 0 without an estimate */
    size_t vectors;     /* work vectors of the length of the state */
    size_t past;        /* earlier steps that a step looks back at: 0 but for multistep methods */
    /*
     * What a tolerance means: an estimate of (κ tol)^{(error_order + 1)/order} is accepted, so that the error of a run goes as
     * tol, and with κ measured is about tol (methods of order 1 excepted). 0 for 1.
     */
    double calibration;
    /*
     * From the accepted (t, y, rates) to y_new, rates_new at t + h; error as well when asked for. Positive answers
     * (NPDE__RETRY) ask for a smaller step. The accepted state is not touched.
     */
    npde_status (*step)(npde__stepper *s, double t, double h, int want_error);
    /* What follows may be NULL. */
    int splits; /* takes the parts of F one by one; the others need all of it in L and its coupling, except with a */
    double
        reach; /* > 0: what L leaves out is explicit, h explicit_rate ≤ reach being stable for first and third order upwind */
    /* Allocates s->data, or refuses a system that the method can do nothing for. */
    npde_status (*init)(npde__stepper *s);
    void (*free)(npde__stepper *s);
    /* The offered state, reached with h, is about to become the accepted one. */
    void (*accept)(npde__stepper *s, double h);
    /* Forget earlier steps: after a start, or where coefficients jump. */
    void (*restart)(npde__stepper *s);
    /* Size of the next adaptive step, when one of size h has succeeded and before accept, where the method itself chooses it. */
    double (*next_step)(npde__stepper *s, double h);
    /* y ← the state at the fraction θ of the last accepted step; NULL: cubic Hermite interpolation. */
    void (*dense)(npde__stepper *s, double theta, double *y);
    /*
     * No step is interpolated: outputs are met by ending steps there. For methods that leave small stiff components
     * in the state, which its slope would show enlarged.
     */
    int ends_at_outputs;
    /* Walks s->data through a snapshot. */
    void (*snapshot)(npde__stepper *s, npde__bytes *bytes);
} npde__method;

struct npde__stepper {
    const npde__method *method;
    npde__system *system;
    double *y, *rates;         /* accepted */
    double *y_new, *rates_new; /* offered by the last step */
    double *error;
    double *slope, *slope_new; /* F(t, y) of the accepted and of the offered state, where known */
    int slope_known, slope_new_known;
    double *work[NPDE__STEPPER_VECTORS];
    double *rates_old; /* one step back, h_old ago; h_old = 0 after a (re)start */
    double h_old;
    double *residual; /* n_rates: work space of the stages */
    void *data;       /* the method's own */
    int foreign;      /* the offered state is not of the method: it forgets its past */
    int iterate;      /* Newton on the rates; otherwise extrapolate them */
    int64_t startup;  /* steps left that are done with backward Euler (crank_nicolson) */
    int64_t stages, iterations;
    size_t error_order; /* of the last step: the method's, unless it varies its order */
    double dt;          /* the fixed step; 0 for adaptive ones */
    double longest;     /* stable step; infinite if any is */
    /* Size of a change of the offered state in units of the tolerance. */
    double (*norm)(void *self, const double *e);
    void *norm_self;
};

const npde__method *npde__method_find(npde_id id);
/* The index-th method, or NULL. */
const npde__method *npde__method_at(size_t index);

npde_status npde__stepper_init(npde__stepper *s, const npde__method *method, npde__system *system);
void npde__stepper_free(npde__stepper *s);
/* The offered state becomes the accepted one. */
void npde__stepper_accept(npde__stepper *s, double h);
/* Forgets what was remembered of earlier steps: after a start, or where coefficients jump. */
void npde__stepper_restart(npde__stepper *s);

/* F(t, y) at the beginning of a step of size h, in s->slope. */
npde_status npde__stepper_slope(npde__stepper *s, double t, double h);
/* An implicit stage y = r + γ F(t + offset, y); rates receives its rates, begun from their extrapolation. */
npde_status npde__stepper_stage(npde__stepper *s, double t, double offset, double gamma, const double *r, double *y,
                                double *rates);
/* Rates of the offered state: the flux of the solution, where the stage's were taken at extrapolated coefficients. */
npde_status npde__stepper_finish(npde__stepper *s, double t);
/* F(t, y_new) at the end of a step, in s->slope_new. */
npde_status npde__stepper_end_slope(npde__stepper *s, double t);
/*
 * y ← the state at the fraction θ of the last accepted step, to the method's order. Where the method has no interpolant of its own
 * the slopes at both ends must be known.
 */
void npde__stepper_dense(npde__stepper *s, double theta, double *y);
/* error ← (I − γL)⁻¹ error: without it an estimate of stiff components would be far too large. */
void npde__stepper_filter(npde__stepper *s);

extern const npde__method npde__backward_euler, npde__imex_euler, npde__crank_nicolson, npde__tr_bdf2, npde__rodas5p,
    npde__rodas4p2, npde__rodas3, npde__sbdf2, npde__sbdf3, npde__sbdf4, npde__sbdf5, npde__bdf, npde__radau_iia5,
    npde__ars222, npde__ars443, npde__ark4, npde__etdrk4, npde__exact_propagator, npde__strang, npde__dopri5;

#endif
