/* SPDX-License-Identifier: BSD-3-Clause
 * The kinds of model: one line each. */
#include "models/model.h"

static const npde__model_kind *const kinds[] = {
    &npde__lif,          &npde__lif_network,  &npde__voltage_conductance, &npde__reduced_kinetic, &npde__macroscopic,
    &npde__fast_voltage, &npde__morris_lecar, &npde__fitzhugh_nagumo,     &npde__hodgkin_huxley,  &npde__kuramoto,
};

const npde__model_kind *npde__model_kind_find(npde_id id)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i]->id == id) return kinds[i];
    return NULL;
}
