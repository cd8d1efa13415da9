/* SPDX-License-Identifier: BSD-3-Clause
 * The methods: one line each. */
#include "steppers/stepper.h"

static const npde__method *const methods[] = {
    &npde__backward_euler,
    &npde__imex_euler,
    &npde__crank_nicolson,
    &npde__tr_bdf2,
    &npde__rodas5p,
    &npde__rodas4p2,
    &npde__rodas3,
    &npde__sbdf2,
    &npde__sbdf3,
    &npde__sbdf4,
    &npde__sbdf5,
    &npde__radau_iia5,
    &npde__bdf,
    &npde__ars222,
    &npde__ars443,
    &npde__ark4,
    &npde__etdrk4,
    &npde__exact_propagator,
    &npde__strang,
    &npde__dopri5,
};

enum { N_METHODS = sizeof methods / sizeof methods[0] };

const npde__method *npde__method_at(size_t index)
{
    return index < N_METHODS ? methods[index] : NULL;
}

const npde__method *npde__method_find(npde_id id)
{
    for (size_t i = 0; i < N_METHODS; i++)
        if (methods[i]->id == id) return methods[i];
    return NULL;
}
