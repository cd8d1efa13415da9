/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file types.h
 * Types shared by every header: handles, status codes, callbacks.
 *
 * Only pointers to incomplete structs, fixed-width integers, `size_t`, `double` and C callbacks cross the interface, so
 * that every foreign-function interface can spell it.
 */
#ifndef NEUROPDE_TYPES_H
#define NEUROPDE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define NPDE_API __attribute__((visibility("default"))) /**< marks an exported function */
#else
#define NPDE_API /**< marks an exported function */
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct npde_context npde_context;     /**< allocator, log, text of the last error */
typedef struct npde_model npde_model;         /**< physics: kind, parameters, populations, weights, delays, callbacks */
typedef struct npde_grid npde_grid;           /**< space: breakpoints, cells, space scheme */
typedef struct npde_solver npde_solver;       /**< model × grid × method: the state and the step loop */
typedef struct npde_entropy npde_entropy;     /**< relative entropy against the steady state of a linear equation */
typedef struct npde_steady npde_steady;       /**< all steady states of a model, and their stability */
typedef struct npde_response npde_response;   /**< small modulations around one steady state */
typedef struct npde_particles npde_particles; /**< the stochastic network behind a model */

/** 0 ok, > 0 notice (the call did its work), < 0 error (nothing was changed; a run stays at its last accepted step) */
typedef int32_t npde_status;
typedef int32_t npde_id; /**< a pinned constant of ids.h */

#define NPDE_ALL SIZE_MAX /**< as a population index: every population */

/** Status codes. The values are pinned: never renumbered, never reused. */
enum {
    NPDE_OK = 0,                   /**< all went well */
    NPDE_STOP = 1,                 /**< an observer asked for a clean stop */
    NPDE_NOTICE_UNRESOLVED = 2,    /**< the grid cannot resolve the initial data; the run goes on */
    NPDE_NOTICE_TRUNCATED = 3,     /**< density has reached the left end of the grid; the run goes on */
    NPDE_NOTICE_BLOWUP = 4,        /**< the rate becomes infinite: the run stands just before */
    NPDE_NOTICE_ETERNAL = 5,       /**< the cascade of the blow-up never ends: the run stands just before */
    NPDE_ERR_NULL = -1,            /**< a required pointer is NULL */
    NPDE_ERR_RANGE = -2,           /**< a value is outside its allowed range */
    NPDE_ERR_NOT_FINITE = -3,      /**< a value is NaN or infinite */
    NPDE_ERR_SIZE = -4,            /**< a length or an index does not fit */
    NPDE_ERR_STATE = -5,           /**< the call came at the wrong time */
    NPDE_ERR_UNSUPPORTED = -6,     /**< this combination makes no sense; the text names one that does */
    NPDE_ERR_MEMORY = -7,          /**< the allocator returned NULL */
    NPDE_ERR_CALLBACK = -8,        /**< a user callback asked to stop with an error, or gave a non-finite value */
    NPDE_ERR_STEP_TOO_SMALL = -9,  /**< the step needed is below its minimum */
    NPDE_ERR_TOO_MANY_STEPS = -10, /**< the step budget of one call is used up; call again to go on */
    NPDE_ERR_ID = -11,             /**< not an id, or an id of another family */
    NPDE_ERR_GRID = -12,           /**< the grid does not fit the model */
    NPDE_ERR_SNAPSHOT = -13,       /**< a snapshot is truncated, damaged or of another problem */
    NPDE_ERR_CASCADE = -16         /**< spikes of particles would set off others at one instant without an end */
};

/** Levels of the log callback. */
enum {
    NPDE_LOG_NONE = 0,   /**< nothing */
    NPDE_LOG_NOTICE = 1, /**< what a user should know about a result */
    NPDE_LOG_INFO = 2    /**< choices the library made (the grid it built) */
};

/**
 * Allocates @p size bytes (> 0), aligned for any type; returns NULL when it cannot.
 */
typedef void *(*npde_alloc_fn)(size_t size, void *user);
/** Gives back what the matching npde_alloc_fn returned; never called with NULL. */
typedef void (*npde_dealloc_fn)(void *block, void *user);
/** Receives one line of text without a newline; @p text lives until the return. */
typedef void (*npde_log_fn)(int32_t level, const char *text, void *user);
/** Called once, when the library will not use @p user again. */
typedef void (*npde_release_fn)(void *user);

/**
 * The coupling: drive μ and diffusion a of every population from the rates.
 *
 * @param t          time
 * @param n_pop      number of populations
 * @param rate       n_pop present rates N(t); read only. Steps try rates near the solution's, and with data that a spectral
 *                   grid does not resolve a rate may be slightly negative: answer finite values there
 * @param drive      n_pop values, already filled with DRIVE + Σ_q b_pq N_q(t − d_pq); change what you want
 * @param diffusion  n_pop values, already filled with DIFFUSION + Σ_q a1_pq N_q(t − d_pq); must stay > 0
 * @param user       the pointer given with the callback
 * @return 0 to go on; > 0 to have the step tried again with a smaller size; < 0 to stop now: the state stays at the last
 *         accepted step and npde_context_user_status() returns the value
 */
typedef int32_t (*npde_coupling_fn)(double t, size_t n_pop, const double *rate, double *drive, double *diffusion,
                                    void *user);

/**
 * A profile over the potential: a drift f(v), a discharge φ_F(v), an initial density p(v).
 *
 * @param pop    population
 * @param n      number of points
 * @param v      n potentials
 * @param value  n values to fill
 * @param user   the pointer given with the callback
 * @return 0, or any other value to make the calling function fail with NPDE_ERR_CALLBACK
 */
typedef int32_t (*npde_profile_fn)(size_t pop, size_t n, const double *v, double *value, void *user);

/**
 * The mean conductance G(v, N) of a kinetic model.
 *
 * @param t       time
 * @param pop     population
 * @param n       number of potentials
 * @param v       n potentials
 * @param rate    the rates of all populations at t, as the step knows them (extrapolated from the steps before)
 * @param g_mean  n values, already filled with CONDUCTANCE_INPUT + Σ_q b_pq N_q(t − d_pq), or with 0 where inhibition
 *                takes that below 0; must stay ≥ 0
 * @param user    the pointer given with the callback
 * @return 0 to go on; > 0 to have the step tried again with a smaller size; < 0 to stop now
 */
typedef int32_t (*npde_conductance_fn)(double t, size_t pop, size_t n, const double *v, const double *rate,
                                       double *g_mean, void *user);

/**
 * Observes a run. The solver may be read in it by every getter, and may not be changed.
 *
 * @return 0 to go on; NPDE_STOP for a clean stop after this step; < 0 to stop with NPDE_ERR_CALLBACK (a value > 0 other
 *         than NPDE_STOP stops cleanly as well)
 */
typedef int32_t (*npde_observer_fn)(npde_solver *solver, npde_id event, double t, void *user);

#ifdef __cplusplus
}
#endif
#endif
