/* SPDX-License-Identifier: BSD-3-Clause
 * The particles behind the handle: the stochastic network whose mean-field limit the equations are. For neuron i of
 * population p
 *
 *     dV = (f(V) + μ_p) dt + √(2a_p) dW + Σ_q (b_pq/n) Σ_{spikes of q, d_pq ago} δ,    V = V_F: fires, comes back at
 *     V_R.
 *
 * All neurons of a population move by the same coefficients; what one differs from another by is its random numbers,
 * and those are functions of seed, step and index (numerics/random.h). So any part of the network can be stepped by any
 * thread. The particles of kinetic kinds have a conductance as well, which the drive and the diffusion are of: see
 * conductance.c.
 */
#ifndef NPDE_PARTICLES_PARTICLES_H
#define NPDE_PARTICLES_PARTICLES_H

#include "models/model.h"
#include "numerics/history.h"
#include "numerics/kernels.h"
#include "numerics/random.h"
#include "particles/pool.h"
#include "particles/profile.h"

#include <string.h>

enum {
    NPDE__PARTICLES_CHUNK = 64,    /* words of 64 neurons that one job steps: they fit the first-level cache */
    NPDE__PARTICLES_SIZES = 33,    /* powers of two of cascade sizes */
    NPDE__PARTICLES_TICKS = 65536, /* parts of a step that ends of refractory times are rounded to */
    NPDE__CONDUCTANCE_CELLS = 1024 /* of the table of G(v) by the user */
};

/* Neurons of a chunk. */
#define NPDE__CHUNK_NEURONS ((size_t)64 * NPDE__PARTICLES_CHUNK)

/* Purposes of random numbers, beside those of the kernels. Neuron i draws twice for each of its spikes within a step.
 * */
#define NPDE__PURPOSE_SPIKE 2u
#define NPDE__PURPOSE_INTEGRAL 0x40000000u
#define NPDE__PURPOSE_CASCADE 0x80000000u
#define NPDE__PURPOSE_START 0xc0000000u
#define NPDE__PURPOSE_CONDUCTANCE 0xe0000000u

/* A neuron in its refractory state is a NaN that says when it will be back, in ticks since the start; padding never is.
 * */
#define NPDE__HELD (UINT64_C(0x7ff8) << 48)
#define NPDE__HELD_LONGEST ((UINT64_C(1) << 51) - 1)

/* What a population of a kinetic kind has besides. */
typedef struct {
    double g_leak, v_excitatory, sigma;
    double start_mean, start_variance; /* of the Gaussian that conductances begin with */
    float *g;
    double *mean, *at;     /* G by the user at the ends of cells in v, which begin at V_LEAK; NULL without */
    double per;            /* cells per potential */
    double added, lagging; /* what the last step's spikes add to all conductances, to their integrals over this step */
    /* of a step, see conductance.c */
    double drive, push, owed, decay, variance, spread, curve, middle, half, jitter;
} npde__conductances;

typedef struct {
    npde_id refractory;
    double hold;       /* refractory time */
    double leak, rate; /* f(v) = (leak − v) rate, where there is no profile */
    double drive0, diffusion0, reset, threshold;
    double past_rate;
    npde__profile *profile;          /* drift by the user, or random threshold; else NULL */
    npde__conductances *conductance; /* NULL but for kinetic kinds: no cascades, `fired` and `top` are NULL */
    int sharp;                       /* fires at the threshold, not by chance beyond it */
    double *v;                       /* potentials, before the pending kick */
    uint64_t *fired;                 /* bits: who fired in this step */
    double *top;                     /* largest potential of each chunk */
    double drive, diffusion;
    double kick;           /* what this step's spikes add to all potentials, when the next one begins */
    double pending;        /* what the last step's add as this one begins */
    int64_t spikes, total; /* of this step, since the start */
    npde__kernels_leaky step;
} npde__neurons;

typedef struct {
    npde_context *context;
    npde__kernels const *kernels;
    npde__neurons *pop;
    size_t n_pop, n, words, chunks; /* neurons, words and chunks of a population */
    uint64_t seed, number;          /* number of the step */
    int bridge;
    double began, t, h, dt;
    double *weights, *noise, *delays; /* n_pop × n_pop, NULL without coupling */
    int kicks, delayed;               /* some weight acts at once; some delay is looked at */
    double max_step;                  /* the shortest delay */
    npde__callback *coupling, *conductance;
    double *rates, *drive, *diffusion; /* n_pop each */
    /*
     * n_pop each: mean rates over the last step, 0 before there is one; their slope; spikes up to its end. The middle and
     * length of that step, the beginning of the present one. Those shorter than half of the usual are taken together.
     */
    double *recent, *slope, *counted;
    double recent_at, recent_length, counting;
    double *expected;      /* of kinetic kinds, n_pop: rates expected in the middle of the step */
    npde__history history; /* of all spikes since the start, by population */
    double *past, *counts; /* n_pop each: for the history */
    npde__pool *pool;      /* NULL: the caller's thread alone */
    size_t workers;
    double *after;   /* a chunk for each worker */
    int64_t *tally;  /* spikes of each chunk */
    int64_t *binned; /* n_pop: spikes when a bin began */
    int stuck;       /* a cascade that would not end */
    int64_t steps, cascades, generations, callbacks;
    int64_t sizes[NPDE__PARTICLES_SIZES];
    double largest, largest_time;
    uint64_t signature;
} npde__network;

struct npde_particles {
    atomic_size_t refs;
    npde_context *context;
    npde_model *model;
    size_t n;
    uint64_t seed;
    double *option;
    npde__initial *initial; /* one per population; state: n potentials */
    npde__network *network; /* NULL before the first start */
    int busy;
};

/* ---- make.c ---- */
npde_status npde__network_new(const npde_particles *p, double t0, npde__network **out);
void npde__network_free(npde__network *w); /* NULL is allowed */

/* ---- start.c ---- */
/* Places all neurons. */
npde_status npde__network_place(npde__network *w, const npde_model *m, const npde__initial *initial);

/* ---- network.c: a step, and what to read ---- */
/* The step where no output cuts it; an error if it is too short to be told in the present time. */
double npde__network_usual_step(const npde__network *w);
/* What to do for longer ones, for the end of an error's text. */
const char *npde__network_lengthen(const npde__network *w);
npde_status npde__network_check_time(const npde__network *w);
/* Are the conductances that a population begins with too large for a step? */
npde_status npde__network_check_start(const npde__network *w, size_t p);
/* Steps until t_end. */
npde_status npde__network_advance(npde__network *w, double t_end);
double npde__network_stat(const npde__network *w, npde_id stat);
int64_t npde__network_count(const npde__network *w, npde_id count);

/* ---- neurons.c: single neurons ---- */
/* Steps one chunk of a population; the number of spikes. */
int64_t npde__neurons_step(const npde__network *w, npde__neurons *pop, size_t p, size_t chunk, double *after);
/* How long a neuron is refractory; the NaN of one that is until t; how much of the step is left to it when it is back. */
double npde__neurons_wait(const npde__neurons *pop, double exponential);
double npde__neurons_held_until(const npde__network *w, double t);
double npde__neurons_left(const npde__network *w, double held);
/* When the integral of a discharge that grows linearly over a time h meets the exponential, which is less than all of it. */
double npde__neurons_discharge_time(double begin, double end, double h, double exponential);
/* Takes neuron i out for its refractory time, from now on. */
void npde__neurons_hold(const npde__network *w, npde__neurons *pop, size_t i, double now, double exponential);

/* ---- conductance.c: single neurons of kinetic kinds ---- */
/* Prepares a step of size h. */
void npde__conductances_load(npde__conductances *c, double drive, double diffusion, double h);
/* A step of size h is over in which the integral of the drive should have been more by `kick`: so it shall be. */
void npde__conductances_kick(npde__conductances *c, double kick, double h);
/* As npde__neurons_step. */
int64_t npde__conductances_step(const npde__network *w, npde__neurons *pop, size_t p, size_t chunk);

/* ---- cascade.c: what spikes do to others at once ---- */
npde_status npde__network_cascade(npde__network *w);
/* The kick of population p by all that has fired in this step. */
double npde__network_kick(const npde__network *w, size_t p);

/* ---- snapshot.c ---- */
npde_status npde__network_save(npde__network *w, void *buf, size_t capacity, size_t *need);
npde_status npde__network_restore(npde__network *w, const void *buf, size_t len);

static inline uint64_t npde__bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double npde__of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline double npde__conductance_now(const npde__conductances *c, size_t i)
{
    const double g = (double)c->g[i] + c->added;
    return g > 0 ? g : 0;
}

/* Index of a neuron among all, which its random numbers are drawn by. */
static inline uint32_t npde__network_index(const npde__network *w, size_t p, size_t i)
{
    return (uint32_t)(64 * w->words * p + i);
}

#endif
