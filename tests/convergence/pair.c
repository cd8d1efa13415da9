/* SPDX-License-Identifier: BSD-3-Clause
 * An excitatory–inhibitory pair with transmission delays and a refractory state: no closed form, but two space schemes that
 * know nothing of each other must meet, at the finite volumes' order. */
#include "support.h"

#include <math.h>

static const double weights[] = {1.8, -0.75, 0.5, -0.25}, delays[] = {0.1, 0.1, 0.15, 0.05}, times[] = {0.5, 1, 2, 4};

/* Rates at the times, E and I in turn. */
static void pair(npde_id refractory, size_t cells_per_unit, double dt, npde_id method, double *rates)
{
    npde_context *c;
    npde_model *m;
    npde_grid *grid = NULL;
    npde_solver *s;
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_REFRACTORY, refractory));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_REFRACTORY_TIME, 0.25));
    if (cells_per_unit) {
        const double breaks[] = {-7, 1, 2};
        const size_t cells[] = {8 * cells_per_unit, cells_per_unit};
        OK(c, npde_grid_new(c, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, &grid));
    }
    OK(c, npde_solver_new(m, grid, method, &s));
    OK(c, npde_solver_set(s, NPDE_OPTION_DT, dt));
    OK(c, npde_solver_set_gaussian(s, NPDE_ALL, 0, 0.04));
    OK(c, npde_solver_start(s, 0));
    OK(c, npde_solver_sample(s, times, 4, rates));
    double defect;
    OK(c, npde_solver_stat(s, NPDE_STAT_MASS_DEFECT, &defect));
    ck_assert_double_le(defect, 1e-15);
    npde_solver_free(s);
    npde_grid_free(grid);
    npde_model_free(m);
    npde_context_free(c);
}

static double apart(const double *a, const double *b)
{
    double max = 0;
    for (int i = 0; i < 8; i++) max = fmax(max, fabs(a[i] - b[i]));
    return max;
}

START_TEST(schemes_meet_at_second_order)
{
    const npde_id kinds[] = {NPDE_REFRACTORY_EXPONENTIAL, NPDE_REFRACTORY_FIXED};
    for (int k = 0; k < 2; k++) {
        double spectral[8], coarse[8], fine[8];
        pair(kinds[k], 0, 0.005, NPDE_METHOD_TR_BDF2, spectral);
        pair(kinds[k], 80, 0.005, NPDE_METHOD_TR_BDF2, coarse);
        pair(kinds[k], 160, 0.005, NPDE_METHOD_TR_BDF2, fine);
        NEAR(log2(apart(coarse, spectral) / apart(fine, spectral)), 2, 0.15);
        ck_assert_double_le(apart(fine, spectral), 1e-5);
    }
}
END_TEST

START_TEST(both_schemes_are_second_order_in_time)
{
    for (size_t cells = 0; cells <= 40; cells += 40) {
        double rates[3][8];
        for (int k = 0; k < 3; k++) pair(NPDE_REFRACTORY_FIXED, cells, 0.025 / (1 << k), NPDE_METHOD_TR_BDF2, rates[k]);
        NEAR(log2(apart(rates[0], rates[1]) / apart(rates[1], rates[2])), 2, 0.2);
    }
}
END_TEST

MAIN("pair", schemes_meet_at_second_order, both_schemes_are_second_order_in_time)
