/* SPDX-License-Identifier: BSD-3-Clause
 * Convergence in space: second order for finite volumes, exponential for spectral elements. */
#include "../golden/golden.h"
#include "problem.h"

#include <math.h>

static const double exact[] = {0.0178869875041593, 0.06364856829968214,
                               0.1042148936536382}; /* N(.5), N(1), N(2), Laplace inversion */
static const double times[] = {0.5, 1, 2};
static const problem smooth = {
    .name = "smooth", .reset = 1, .threshold = 2, .diffusion = 1, .mean = -1, .variance = 0.1};

/* Transient rates with the time error taken out by Richardson's extrapolation from steps h and h/2. */
static void extrapolated(const problem *p, npde_id scheme, const double *breaks, size_t n, const size_t *cells,
                         double *rates)
{
    double fine[3], coarse[3];
    for (int k = 0; k < 2; k++) {
        run *r = run_new_on(p, scheme, breaks, n, cells, NPDE_METHOD_TR_BDF2, 0.002 / (1 << k));
        ck_assert_int_ge(npde_solver_sample(r->solver, times, 3, k ? fine : coarse), 0);
        run_free(r);
    }
    for (int i = 0; i < 3; i++) rates[i] = fine[i] + (fine[i] - coarse[i]) / 3;
}

START_TEST(finite_volume_transients_are_second_order)
{
    const double breaks[] = {-7, 1, 2};
    double error[2][3];
    for (size_t k = 0; k < 2; k++) {
        const size_t cells[] = {k ? 800u : 400u, k ? 100u : 50u};
        extrapolated(&smooth, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, error[k]);
        for (int i = 0; i < 3; i++) error[k][i] = fabs(error[k][i] - exact[i]);
    }
    for (int i = 0; i < 3; i++) NEAR(log2(error[0][i] / error[1][i]), 2, 0.15);
}
END_TEST

START_TEST(exact_flux_transients_are_second_order_too)
{
    const double breaks[] = {-7, 1, 2};
    double error[2];
    for (size_t k = 0; k < 2; k++) {
        const size_t cells[] = {k ? 800u : 400u, k ? 100u : 50u};
        run *r = run_new_on(&smooth, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, NPDE_METHOD_TR_BDF2, 0.0005);
        OK(r->context, npde_solver_set(r->solver, NPDE_OPTION_FLUX, NPDE_FLUX_EXACT));
        OK(r->context, npde_solver_start(r->solver, 0));
        error[k] = fabs(run_rate(r, 1) - exact[1]);
        run_free(r);
    }
    NEAR(log2(error[0] / error[1]), 2, 0.15);
}
END_TEST

/* Geometric cells within the segments, finest at the threshold, keep the order. */
START_TEST(graded_cells_are_second_order)
{
    const double breaks[] = {-7, 1, 2}, ratios[] = {0.1, 0.1};
    double rate[3];
    for (size_t k = 0; k < 3; k++) {
        npde_context *c;
        npde_grid *grid;
        npde_solver *solver;
        OK(c, npde_context_new(&c));
        npde_model *model = problem_model(c, &smooth);
        const size_t cells[] = {(size_t)200 << k, (size_t)50 << k};
        OK(c, npde_grid_new_graded(c, breaks, 3, cells, ratios, &grid));
        OK(c, npde_solver_new(model, grid, NPDE_METHOD_TR_BDF2, &solver));
        OK(c, npde_solver_set(solver, NPDE_OPTION_DT, 0.001));
        OK(c, npde_solver_set_gaussian(solver, 0, smooth.mean, smooth.variance));
        OK(c, npde_solver_start(solver, 0));
        OK(c, npde_solver_sample(solver, &times[1], 1, &rate[k]));
        npde_solver_free(solver);
        npde_grid_free(grid);
        npde_model_free(model);
        npde_context_free(c);
    }
    NEAR(log2(fabs((rate[0] - rate[1]) / (rate[1] - rate[2]))), 2, 0.15);
    NEAR(rate[2], exact[1], 1e-5);
}
END_TEST

/* Each four degrees more divide the error by more than 10, down to the error left in time. */
START_TEST(spectral_elements_converge_exponentially)
{
    const double breaks[] = {-8, -4, -2, 1, 2};
    double last = 1;
    for (size_t degree = 8; degree <= 24; degree += 4) {
        const size_t cells[] = {degree, degree, degree, degree};
        double rates[3], error = 0;
        extrapolated(&smooth, NPDE_SCHEME_SPECTRAL, breaks, 5, cells, rates);
        for (int i = 0; i < 3; i++) error = fmax(error, fabs(rates[i] - exact[i]));
        ck_assert_msg(error < fmax(last / 10, 5e-10), "degree %zu: error %.2e after %.2e", degree, error, last);
        last = error;
    }
    ck_assert_double_lt(last, 5e-10);
}
END_TEST

/*
 * The fitted grid against a much finer one at the same steps, where the time error is the same: what is left is the space
 * error, 1e-11 of the largest rate. The last four start with density at the threshold, where N(0+) is infinite: what the
 * coupling makes of that in the first steps depends on steps and grid together, so the two networks among them take smaller
 * steps and stop earlier, when the difference is largest.
 */
START_TEST(fitted_grids_leave_a_space_error_below_1e_11)
{
    const double *const golden[] = {golden_p1, golden_p2, golden_p3, golden_lin, golden_sin, golden_exc, golden_inh};
    const problem table[] = {
        {.name = "P1", .reset = 1, .threshold = 2, .diffusion = 1, .drive = 0.5, .mean = -1.5, .variance = 0.2},
        {.name = "P2",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 0.5,
         .noise = 0.1,
         .mean = -1.5,
         .variance = 0.2},
        {.name = "P3",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .drive = 1,
         .swing = 1,
         .connectivity = -1,
         .noise = 0.1,
         .mean = -1.5,
         .variance = 0.2},
        {.name = "lin", .reset = 1, .threshold = 2, .diffusion = 1, .mean = -1, .variance = 0.25},
        {.name = "sin",
         .reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .drive = 1,
         .swing = 0.5,
         .mean = -1,
         .variance = 0.25},
        {.name = "exc", .reset = 1, .threshold = 2, .diffusion = 1, .connectivity = 0.5, .mean = -1, .variance = 0.25},
        {.name = "inh", .reset = 1, .threshold = 2, .diffusion = 1, .connectivity = -1, .mean = -1, .variance = 0.25},
    };
    const double breaks[] = {-10, -6, -4, -3, -2, -1, 0, 1, 1.5, 1.9, 1.98, 1.998, 2};
    const size_t cells[] = {24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 20, 20};
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
        const int early = k >= 5, outputs = test_scale() < 1 ? 3 : early ? 5 : 50;
        const double dt = early ? 1e-4 : 1e-3;
        run *fitted = run_new(&table[k], 0, NPDE_METHOD_TR_BDF2, dt);
        run *fine = run_new_on(&table[k], NPDE_SCHEME_SPECTRAL, breaks, 13, cells, NPDE_METHOD_TR_BDF2, dt);
        double apart = 0, largest = 0;
        for (int i = 0; i < 50; i++) largest = fmax(largest, golden[k][i]);
        for (int i = 1; i <= outputs; i++)
            apart = fmax(apart, fabs(run_rate(fitted, 0.1 * i) - run_rate(fine, 0.1 * i)));
        ck_assert_msg(apart <= 1e-11 * largest, "%s: %.2e of the largest rate", table[k].name, apart / largest);
        run_free(fitted);
        run_free(fine);
    }
}
END_TEST

MAIN("space_order", finite_volume_transients_are_second_order, exact_flux_transients_are_second_order_too,
     graded_cells_are_second_order, spectral_elements_converge_exponentially,
     fitted_grids_leave_a_space_error_below_1e_11)
