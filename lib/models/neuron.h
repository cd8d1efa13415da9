/* SPDX-License-Identifier: BSD-3-Clause
 * Single neurons as systems of a few ordinary equations: what a kind of neuron is. */
#ifndef NPDE_MODELS_NEURON_H
#define NPDE_MODELS_NEURON_H

#include "models/model.h"

enum { NPDE__NEURON_MOST = 4 }; /* components of a state, the potential first */

/* F(y) and ∂F_i/∂y_j, row by row, at parameters (in the order of their ids) and a drive. */
struct npde__neuron {
    npde_id first_param;
    size_t n_params, components;
    void (*slope)(const double *param, double drive, const double *y, double *dy);
    void (*jacobian)(const double *param, const double *y, double *j);
};

extern const npde__neuron npde__morris_lecar_neuron, npde__fitzhugh_nagumo_neuron, npde__hodgkin_huxley_neuron;

#endif
