/* SPDX-License-Identifier: BSD-3-Clause
 * Closed forms of the voltage–conductance equation. */
#include "models/kinetic.h"

#include <float.h>
#include <math.h>

double npde__kinetic_mean(double mean, double variance)
{
    if (variance <= DBL_MIN) return fmax(mean, 0);
    /* ḡ = G + √a f(z)/F(z), z = G/√a, f and F the normal density and its integral. */
    const double sigma = sqrt(variance), z = mean / sigma;
    if (z > -5) return mean + sigma * exp(-z * z / 2) / (1.2533141373155002512 * erfc(-z / 1.4142135623730950488));
    double tail = -z; /* far below 0: 1/(x + 2/(x + 3/(x + …))), x = −z, without the cancellation */
    for (int k = 60; k >= 2; k--) tail = -z + k / tail;
    return sigma / tail;
}

double npde__kinetic_threshold(const kinetic_population *pop)
{
    return pop->g_leak * (pop->v_threshold - pop->v_leak) / (pop->v_excitatory - pop->v_threshold);
}

double npde__kinetic_crossing(const kinetic_population *pop, double g)
{
    const double a = npde__kinetic_a(pop, g), b = npde__kinetic_b(pop, g), out = a - b * pop->v_threshold;
    return out > 0 ? log1p(b * (pop->v_threshold - pop->v_reset) / out) / b : INFINITY;
}

kinetic_population npde__kinetic_read(const npde_model *m, size_t p)
{
    const npde_id refractory = (npde_id)npde__model_value(m, p, NPDE_PARAM_REFRACTORY);
    const double tau = npde__model_value(m, p, NPDE_PARAM_REFRACTORY_TIME);
    return (kinetic_population){.g_leak = npde__model_value(m, p, NPDE_PARAM_G_LEAK),
                                .v_leak = npde__model_value(m, p, NPDE_PARAM_V_LEAK),
                                .v_excitatory = npde__model_value(m, p, NPDE_PARAM_V_EXCITATORY),
                                .v_reset = npde__model_value(m, p, NPDE_PARAM_V_RESET),
                                .v_threshold = npde__model_value(m, p, NPDE_PARAM_V_THRESHOLD),
                                .refractory = refractory,
                                .tau = refractory == NPDE_REFRACTORY_NONE ? 0 : tau,
                                .growth_h = NAN,
                                .survival_h = NAN};
}
