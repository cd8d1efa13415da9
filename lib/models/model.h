/* SPDX-License-Identifier: BSD-3-Clause
 * The model behind the handle, and what a kind of model must offer. */
#ifndef NPDE_MODELS_MODEL_H
#define NPDE_MODELS_MODEL_H

#include "core/ids.h"
#include "operators/operator.h"
#include "system/initial.h"
#include "system/system.h"

enum { NPDE__MATRICES = 3 };

typedef struct npde__neuron npde__neuron;

typedef struct {
    npde_id id;
    size_t max_pop;
    int coupled; /* has the matrices of a network */
    /* Makes the semi-discrete problem for steps of an order and, if dt > 0, of that size; history: points per delay. */
    npde_status (*make)(const npde_model *model, const npde_grid *grid, npde_id flux, size_t order, double dt,
                        double history, npde__system **out);
    /* Fills the state y (zeroed) from the initial data; resolution: their distance in L1. */
    npde_status (*start)(npde__system *system, const npde__initial *initial, double *y, double *resolution);
    /*
     * A grid that fits the model, and the initial data if given (NULL or n_pop of them); layer as in npde__model_fit_grid().
     */
    npde_status (*fit_grid)(const npde_model *model, npde_id scheme, size_t cells, const npde__initial *initial,
                            double layer, npde_grid **out);
    /* Parameters of other kinds with a grid that the kind does not have, ended by 0; besides the coupling's of one without. */
    const npde_id *lacks;
    npde_status (*validate)(const npde_model *model, size_t pop); /* what else parameters must obey; may be NULL */
    int no_grid;                /* the state is no density on a grid: nothing of the last three */
    const npde__neuron *neuron; /* of single neurons; otherwise NULL */
} npde__model_kind;

/* The parameters of kinetic models, which the LIF kinds do not have. */
extern const npde_id npde__kinetic_params[];

struct npde_model {
    atomic_size_t refs;
    npde_context *context;
    const npde__model_kind *kind;
    size_t n_pop;
    size_t n_params;
    double *param;                  /* n_pop × n_params */
    double *matrix[NPDE__MATRICES]; /* n_pop × n_pop: weights, noise weights, delays; NULL without coupling */
    npde__callback *coupling, *drift, *discharge, *conductance;
};

const npde__model_kind *npde__model_kind_find(npde_id id);

npde_status npde__model_new(npde_context *c, const npde__model_kind *kind, size_t n_pop, npde_model **out);
npde_model *npde__model_acquire(npde_model *model);
/* A copy that changes of the model do not reach. */
npde_status npde__model_copy(const npde_model *model, npde_model **out);
void npde__model_release(npde_model *model); /* NULL is allowed */
/* Where a parameter's value lies, or NULL when the kind has no such parameter. */
double *npde__model_param(const npde_model *model, size_t pop, npde_id param);
/* Is it one of those that a coupling matrix holds? */
int npde__model_is_coupling(npde_id param);
/* Its value; 0 where the kind has no such parameter. */
double npde__model_value(const npde_model *model, size_t pop, npde_id param);
/* Entry of a matrix; 0 without coupling. */
double npde__model_entry(const npde_model *model, npde_id matrix, size_t p, size_t q);
/* Do the parameters fit together? */
npde_status npde__model_validate(const npde_model *model);

/* The drift and the discharge of one population as fields; the model must outlive them. */
typedef struct {
    const npde_model *model;
    size_t pop;
    double leak, rate, threshold, kappa;
    npde_id discharge;
} npde__population;
npde__population npde__model_population(const npde_model *model, size_t pop);
npde_status npde__model_drift(void *population, size_t n, const double *v, double *value);
npde_status npde__model_discharge(void *population, size_t n, const double *v, double *value);

/*
 * fit.c: a grid that fits the model, and the initial data if given (NULL or n_pop of them), and resolves layers of this width, in
 * units of V_THRESHOLD − V_RESET, at sharp thresholds (0: none).
 */
npde_status npde__model_fit_grid(const npde_model *model, npde_id scheme, size_t cells, const npde__initial *initial,
                                 double layer, npde_grid **out);
/* How much a grid for one population alone must resolve. */
enum { NPDE__DETAIL_LEVELS = 4 };
typedef struct {
    double fast; /* the largest frequency that the layers at reset and threshold must resolve; 0 for none */
    int level;   /* 0 … NPDE__DETAIL_LEVELS − 1: ever finer, and reaching further to the left */
} npde__detail;
/* A spectral grid for one population alone at this drive and diffusion. The model must be valid. */
npde_status npde__model_fit_frozen(const npde_model *model, size_t pop, double drive, double diffusion,
                                   npde__detail detail, npde_grid **out);
/* initial.c: projects initial data of one population on the unknowns of its operator, with this mass. */
npde_status npde__model_project(npde_context *c, const npde_grid *grid, size_t end, size_t pop,
                                const npde__initial *initial, double mass, double *density, double *resolution);

/* Points of V_RESET and V_THRESHOLD of a population on a grid, or NPDE_ERR_GRID with the text that says which to add. */
npde_status npde__model_locate(const npde_model *model, const npde_grid *grid, size_t pop, size_t *reset,
                               size_t *threshold);

/* Number of components of a single neuron's state. */
size_t npde__model_components(const npde__model_kind *kind);

extern const npde__model_kind npde__lif, npde__lif_network, npde__voltage_conductance, npde__reduced_kinetic,
    npde__macroscopic, npde__fast_voltage, npde__morris_lecar, npde__fitzhugh_nagumo, npde__hodgkin_huxley,
    npde__kuramoto;

#endif
