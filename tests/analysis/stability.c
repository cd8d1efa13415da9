/* SPDX-License-Identifier: BSD-3-Clause
 * Eigenvalues of the linearised equation against roots of characteristic functions in 30 digits, and against runs. */
#include "study.h"

#define NETWORK(v_r, v_f, b, a0, a1, d)                                                             \
    {                                                                                               \
        .reset = v_r, .threshold = v_f, .connectivity = b, .diffusion = a0, .noise = a1, .delay = d \
    }
#define HELD(b, kind, t)                                                                            \
    {                                                                                               \
        .reset = 1, .threshold = 2, .connectivity = b, .diffusion = 1, .refractory = kind, .tau = t \
    }
#define RANDOM(b, k, a, t)                                                                      \
    {                                                                                           \
        .reset = 1, .threshold = 2, .connectivity = b, .diffusion = a, .tau = t,                \
        .refractory = NPDE_REFRACTORY_EXPONENTIAL, .discharge = NPDE_DISCHARGE_STEP, .kappa = k \
    }

/* Real and imaginary parts; of conjugated pairs the upper one, so that the next entry is the next eigenvalue. */
static const struct {
    problem problem;
    size_t state, n;
    double eigenvalue[5][2], tolerance;
} cases[] = {
    /* linear */
    {NETWORK(1, 2, 0, 1, 0, 0),
     0,
     5,
     {{-1.19096709239063956},
      {-2.60267997825347183},
      {-4.14055953667321527},
      {-5.75045544328530149},
      {-7.40654862320940846}},
     1e-11},
    {NETWORK(0, 1, 0, 0.2, 0, 0),
     0,
     5,
     {{-1.24278652501131147},
      {-2.68746811440717719},
      {-4.20498737239815352},
      {-5.72240337893489323},
      {-7.20833584789415097}},
     1e-11},
    {NETWORK(-1, 0, 0, 1, 0, 0),
     0,
     4,
     {{-2.47091939090015019}, {-4.68154339288702338}, {-6.83999950098454191}, {-8.97302445747891496}},
     1e-11},
    /* network */
    {NETWORK(1, 2, 0.5, 1, 0, 0), 0, 3, {{-1.1099622657365}, {-2.6197634791301}, {-4.1838844477699}}, 1e-11},
    {NETWORK(1, 2, 1.5, 1, 0, 0), 0, 3, {{-.83043544856541}, {-2.6922585892}, {-4.3405274814332}}, 2e-10},
    {NETWORK(1, 2, 1.5, 1, 0, 0), 1, 1, {{3.8817950745965}}, 1e-11},
    {NETWORK(1, 2, -4, 1, 0, 0), 0, 2, {{-1.5006429263424}, {-2.5612839256278}}, 1e-11},
    {NETWORK(1, 2, 0.5, 1, 0.1, 0), 0, 2, {{-1.116551084}, {-2.6052337196}}, 1e-9},
    {NETWORK(1, 2, 1.5, 1, 0, 0.1), 0, 1, {{-.7859297964957}}, 1e-11},
    {NETWORK(1, 2, 1.5, 1, 0, 0.1), 1, 1, {{1.5098170303238}}, 1e-11},
    {HELD(1.5, NPDE_REFRACTORY_EXPONENTIAL, 0.025), 0, 1, {{-.82959770245}}, 1e-10},
    {HELD(1.5, NPDE_REFRACTORY_EXPONENTIAL, 0.025), 1, 1, {{3.9832875733}}, 1e-9},
    {HELD(1.5, NPDE_REFRACTORY_EXPONENTIAL, 0.025), 2, 1, {{20.454756349, 35.448613868}}, 1e-9},
    {HELD(3, NPDE_REFRACTORY_EXPONENTIAL, 0.2), 0, 1, {{11.286274757, 19.127099129}}, 1e-9},
    /* delayed inhibition */
    {NETWORK(0, 1, -45, 0.2, 0, 1), 0, 1, {{.093982488489293, 2.2761454215266}}, 1e-11},
    {NETWORK(0, 1, -10, 0.2, 0, 1), 0, 1, {{-.48116105880496, 2.1642330921734}}, 1e-11},
    {NETWORK(-2, 0, -35, 0.2, 0, 1), 0, 1, {{.87405092579005, 2.5068690231901}}, 1e-11},
    {NETWORK(1, 2, -20, 1, 0, 5), 0, 1, {{.054747342173886, .55363961984851}}, 1e-11},
    /* random threshold */
    {RANDOM(5, 20, 1, 1), 0, 1, {{.51113549, 2.71255497}}, 1e-8},
    {RANDOM(5, 5, 0.4, 0.5), 1, 1, {{3.752318}}, 1e-6},
    {RANDOM(5, 5, 0.4, 0.5), 2, 1, {{.27992811, 4.28483304}}, 1e-8},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

START_TEST(eigenvalues_of_the_reference)
{
    for (size_t k = 0; k < N_CASES; k++) {
        study s = study_of(&cases[k].problem);
        double found[20];
        size_t pairs = 0;
        for (size_t i = 0; i < cases[k].n; i++) pairs += cases[k].eigenvalue[i][1] != 0 ? 2 : 1;
        OK(s.context, npde_steady_eigenvalues(s.steady, cases[k].state, found, pairs));
        for (size_t i = 0, at = 0; i < cases[k].n; i++) {
            const double *e = cases[k].eigenvalue[i], size = 1 + hypot(e[0], e[1]);
            const double apart = hypot(found[2 * at] - e[0], found[2 * at + 1] - e[1]);
            ck_assert_msg(apart <= cases[k].tolerance * size, "case %zu: eigenvalue %zu = %.15g%+.15gi, off by %.1e", k,
                          i, found[2 * at], found[2 * at + 1], apart);
            if (e[1] != 0) {
                ck_assert_double_eq(found[2 * at + 2], found[2 * at]);
                ck_assert_double_eq(found[2 * at + 3], -found[2 * at + 1]);
                at++;
            }
            at++;
        }
        study_free(&s);
    }
}
END_TEST

static const double complex_pairs[][2] = {{-0.937265687140064434, 5.94753098933594396},
                                          {-3.5833904595774333, 12.1111992237775697},
                                          {-7.75699212281996204, 18.4427571142453392},
                                          {-13.4120531844461241, 24.8423437301262837}};

/* Complex spectrum of a neuron driven beyond its threshold at low noise. */
START_TEST(complex_spectrum)
{
    const problem p = {.reset = 0, .threshold = 1, .diffusion = 0.02, .drive = 1.5};
    study s = study_of(&p);
    double found[16];
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 8));
    for (int i = 0; i < 8; i++) {
        NEAR(found[2 * i], complex_pairs[i / 2][0], 1e-11);
        NEAR(found[2 * i + 1], (i % 2 ? -1 : 1) * complex_pairs[i / 2][1], 1e-11);
    }
    study_free(&s);
}
END_TEST

/* On grids of at most 60 unknowns, three or four leading eigenvalues to 1e-9. */
START_TEST(sixty_unknowns)
{
    static const struct {
        problem problem;
        double breaks[4];
        size_t degrees[3];
        double eigenvalue[3];
    } grids[] = {
        {NETWORK(1, 2, 0, 1, 0, 0),
         {-9.5, -4.25, 1, 2},
         {22, 22, 16},
         {-1.19096709239063956, -2.60267997825347183, -4.14055953667321527}},
        {NETWORK(0, 1, 0, 0.2, 0, 0),
         {-4.25, -2.1, 0, 1},
         {22, 22, 16},
         {-1.24278652501131147, -2.68746811440717719, -4.20498737239815352}},
        {NETWORK(-1, 0, 0, 1, 0, 0),
         {-9.5, -5.25, -1, 0},
         {22, 22, 14},
         {-2.47091939090015019, -4.68154339288702338, -6.83999950098454191}},
        {NETWORK(1, 2, 1.5, 1, 0, 0),
         {-9.5, -4.25, 1, 2},
         {22, 22, 16},
         {-.830435448565410, -2.6922585893, -4.3405274814332}},
    };
    for (size_t k = 0; k < sizeof grids / sizeof grids[0]; k++) {
        study s = study_of(&grids[k].problem);
        npde_grid *grid;
        double found[6];
        OK(s.context, npde_grid_new(s.context, NPDE_SCHEME_SPECTRAL, grids[k].breaks, 4, grids[k].degrees, &grid));
        ck_assert_uint_le(npde_grid_size(grid, 0), 61); /* the point at the threshold is no unknown */
        npde_steady_free(s.steady);
        OK(s.context, npde_steady_new(s.model, grid, &s.steady));
        OK(s.context, npde_steady_solve(s.steady, &s.n));
        OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 3));
        for (int i = 0; i < 3; i++) NEAR(found[2 * i], grids[k].eigenvalue[i], 1e-9);
        npde_grid_free(grid);
        study_free(&s);
    }
}
END_TEST

/* The same for the complex spectrum: two elements, the left one no longer than the density reaches. */
START_TEST(sixty_unknowns_for_a_complex_spectrum)
{
    const problem p = {.reset = 0, .threshold = 1, .diffusion = 0.02, .drive = 1.5};
    const double breaks[] = {-0.4, 0, 1};
    const size_t degrees[] = {22, 38};
    study s = study_of(&p);
    npde_grid *grid;
    double found[12];
    OK(s.context, npde_grid_new(s.context, NPDE_SCHEME_SPECTRAL, breaks, 3, degrees, &grid));
    npde_steady_free(s.steady);
    OK(s.context, npde_steady_new(s.model, grid, &s.steady));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 6));
    for (int i = 0; i < 6; i++) {
        NEAR(found[2 * i], complex_pairs[i / 2][0], 1e-11);
        NEAR(found[2 * i + 1], (i % 2 ? -1 : 1) * complex_pairs[i / 2][1], 1e-11);
    }
    npde_grid_free(grid);
    study_free(&s);
}
END_TEST

/* ---- Hopf points ---- */

static double growth(study *s, npde_id param, double value, double *frequency)
{
    double pair[4];
    OK(s->context, npde_model_set(s->model, 0, param, value));
    OK(s->context, npde_steady_solve(s->steady, &s->n));
    OK(s->context, npde_steady_eigenvalues(s->steady, 0, pair, 2));
    *frequency = pair[1];
    return pair[0];
}

/* Where the leading real part vanishes, by the secant method. */
static double hopf(study *s, npde_id param, double a, double b, double *frequency)
{
    double at_a = growth(s, param, a, frequency);
    for (int k = 0; k < 20 && fabs(b - a) > 1e-13 * fabs(b); k++) {
        const double at_b = growth(s, param, b, frequency), next = b - at_b * (b - a) / (at_b - at_a);
        a = b;
        at_a = at_b;
        b = next;
    }
    return b;
}

START_TEST(hopf_points)
{
    static const struct {
        double reset, threshold, a, d, b, omega, rate;
    } points[] = {
        {0, 1, .2, 1, -33.6760436617533, 2.260214663478656, .01062708115903134},
        {-2, 0, .2, 1, -2.952230513560838, 2.575150509232634, .1946067808837558},
        {1, 2, 1, 5, -11.26807523236085, .5525760943944213, .0445015788619098},
        {1, 2, 1, 1, -41.96438540303076, 2.26496537390623, .01997990819779657},
    };
    for (size_t k = 0; k < 4; k++) {
        const problem p = {.reset = points[k].reset,
                           .threshold = points[k].threshold,
                           .diffusion = points[k].a,
                           .delay = points[k].d,
                           .connectivity = points[k].b};
        study s = study_of(&p);
        double omega;
        const double b = hopf(&s, NPDE_PARAM_CONNECTIVITY, 0.97 * points[k].b, 0.98 * points[k].b, &omega);
        NEAR(b / points[k].b, 1, 1e-10);
        NEAR(omega / points[k].omega, 1, 1e-11);
        NEAR(study_rate(&s, 0) / points[k].rate, 1, 1e-10);
        /* The same point as a critical delay at this connectivity. */
        OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_CONNECTIVITY, points[k].b));
        const double d = hopf(&s, NPDE_PARAM_DELAY, 0.97 * points[k].d, 0.98 * points[k].d, &omega);
        NEAR(d / points[k].d, 1, 1e-9);
        NEAR(omega / points[k].omega, 1, 1e-9);
        study_free(&s);
    }
}
END_TEST

/* ---- against runs ---- */

/* Runs from near a steady state: the deviation of the rate at four times in a row obeys the recurrence of its leading pair. */
static void grow(study *s, const double *lead, double dt, double begin, double nudge, double tolerance)
{
    npde_grid *grid;
    npde_solver *solver;
    double density[512], other[512], rates[8], times[4];
    OK(s->context, npde_steady_grid(s->steady, &grid));
    const size_t n = npde_grid_size(grid, 0);
    size_t n_pop = 1;
    while (npde_steady_rates(s->steady, 0, rates, n_pop) == NPDE_ERR_SIZE) n_pop++;
    OK(s->context, npde_solver_new(s->model, grid, NPDE_METHOD_RODAS5P, &solver));
    OK(s->context, npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-10));
    OK(s->context, npde_solver_set(solver, NPDE_OPTION_ATOL, 1e-13));
    double points[512], weights[512];
    OK(s->context, npde_grid_points(grid, 0, points, n));
    OK(s->context, npde_grid_weights(grid, 0, weights, n));
    for (size_t p = 0; p < n_pop; p++) {
        double tau, refractory, mass = 0;
        OK(s->context, npde_model_get(s->model, p, NPDE_PARAM_REFRACTORY_TIME, &tau));
        OK(s->context, npde_model_get(s->model, p, NPDE_PARAM_REFRACTORY, &refractory));
        OK(s->context, npde_steady_state(s->steady, 0, p, density, n));
        for (size_t i = 0; i < n; i++) {
            other[i] = density[i] * (1 + nudge * sin(2 * points[i] + (double)p));
            mass += weights[i] * other[i];
        }
        for (size_t i = 0; i < n; i++) other[i] /= mass;
        OK(s->context, npde_solver_set_state(solver, p, other, n));
        OK(s->context, npde_solver_set_past_rate(solver, p, rates[p]));
    }
    for (int i = 0; i < 4; i++) times[i] = begin + i * dt;
    double sampled[4 * 8], y[4];
    OK(s->context, npde_solver_start(solver, 0));
    OK(s->context, npde_solver_sample(solver, times, 4, sampled));
    for (int i = 0; i < 4; i++) y[i] = sampled[(size_t)i * n_pop] - rates[0];
    const double size = exp(lead[0] * dt);
    if (lead[1] == 0) {
        NEAR(y[1] / y[0], size, tolerance * size);
    } else { /* y_2 = 2 e^{λ dt} cos(ω dt) y_1 − e^{2λ dt} y_0 */
        const double scale = fabs(y[0]) + fabs(y[1]) + fabs(y[2]);
        NEAR(y[2], 2 * size * cos(lead[1] * dt) * y[1] - size * size * y[0], tolerance * scale);
        NEAR(y[3], 2 * size * cos(lead[1] * dt) * y[2] - size * size * y[1], tolerance * scale);
    }
    npde_solver_free(solver);
    npde_grid_free(grid);
}

START_TEST(perturbations_of_runs_grow_as_they_should)
{
    static const struct {
        problem problem;
        double dt, begin, nudge, tolerance;
    } runs[] = {
        {NETWORK(1, 2, 0.5, 1, 0.1, 0), 0.5, 6, 1e-3, 1e-4},
        {HELD(1.5, NPDE_REFRACTORY_EXPONENTIAL, 0.25), 0.5, 7, 1e-3, 1e-4},
        {HELD(0.5, NPDE_REFRACTORY_FIXED, 0.25), 0.5, 7, 1e-3, 1e-4},
        {NETWORK(0, 1, -45, 0.2, 0, 1), 0.4, 12, 1e-4, 1e-3},
        {RANDOM(5, 20, 1, 1), 0.3, 5, 1e-5, 1e-3},
    };
    for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++) {
        study s = study_of(&runs[k].problem);
        double lead[4];
        OK(s.context, npde_steady_eigenvalues(s.steady, 0, lead, 2));
        grow(&s, lead, runs[k].dt, runs[k].begin, runs[k].nudge, runs[k].tolerance);
        study_free(&s);
    }
}
END_TEST

/*
 * Behind a random threshold the answer to noise falls with frequency: eigenvalues are found however far to the left, with delays
 * too. The later ones by Newton's method on the characteristic equation.
 */
START_TEST(noise_with_a_delay_behind_random_thresholds)
{
    static const struct {
        double delay, begin, tolerance, second[2], third[2];
    } runs[] = {{0.3, 4, 5e-3, {0}, {0}}, {0.5, 0, 0, {-2.787, 11.10}, {-3.913, 22.82}}};
    for (size_t k = 0; k < sizeof runs / sizeof runs[0]; k++) {
        const problem p = {.reset = 1,
                           .threshold = 2,
                           .drive = 2,
                           .diffusion = 0.5,
                           .noise = 0.5,
                           .discharge = NPDE_DISCHARGE_STEP,
                           .kappa = 10,
                           .delay = runs[k].delay};
        study s = study_of(&p);
        double lead[10];
        OK(s.context, npde_steady_eigenvalues(s.steady, 0, lead, 5));
        if (runs[k].begin > 0) grow(&s, lead, 0.3, runs[k].begin, 1e-2, runs[k].tolerance);
        for (int i = 0; i < 2 && runs[k].second[0] != 0; i++) {
            NEAR(lead[4 + i], runs[k].second[i], 5e-3);
            NEAR(lead[8 + i], runs[k].third[i], 5e-3);
        }
        study_free(&s);
    }
}
END_TEST

/* An excitatory–inhibitory pair with four different delays and both refractory kinds. */
static study delayed_pair(void)
{
    const double weights[] = {1.2, -3, 2, -0.5}, delays[] = {0.3, 0.7, 1.1, 0}, noise[] = {0.1, 0, 0, 0.2};
    study s;
    OK(s.context, npde_context_new(&s.context));
    OK(s.context, npde_model_new(s.context, NPDE_MODEL_LIF_NETWORK, 2, &s.model));
    OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_DELAYS, delays, 2, 2));
    OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_NOISE_WEIGHTS, noise, 2, 2));
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    OK(s.context, npde_model_set(s.model, 1, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_REFRACTORY_TIME, 0.2));
    OK(s.context, npde_model_set(s.model, 1, NPDE_PARAM_REFRACTORY_TIME, 0.1));
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_DRIVE, 1.5));
    OK(s.context, npde_model_set(s.model, 1, NPDE_PARAM_DRIVE, 1));
    OK(s.context, npde_steady_new(s.model, NULL, &s.steady));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    ck_assert_uint_eq(s.n, 1);
    return s;
}

START_TEST(a_pair_with_delays)
{
    study s = delayed_pair();
    double lead[12], more[20];
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, lead, 4));
    grow(&s, lead, 0.4, 8, 1e-3, 1e-3);
    /* Asking for more does not change the first ones. */
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, more, 7));
    for (int i = 0; i < 8; i++) NEAR(lead[i], more[i], 1e-10 * (1 + fabs(more[i])));
    study_free(&s);
}
END_TEST

/* Populations that do not act on one another have the eigenvalues of each. */
START_TEST(uncoupled_populations)
{
    study s;
    double found[8];
    OK(s.context, npde_context_new(&s.context));
    OK(s.context, npde_model_new(s.context, NPDE_MODEL_LIF, 2, &s.model));
    OK(s.context, npde_model_set(s.model, 1, NPDE_PARAM_V_RESET, 0));
    OK(s.context, npde_model_set(s.model, 1, NPDE_PARAM_V_THRESHOLD, 1));
    OK(s.context, npde_model_set(s.model, 1, NPDE_PARAM_DIFFUSION, 0.2));
    OK(s.context, npde_steady_new(s.model, NULL, &s.steady));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    ck_assert_uint_eq(s.n, 1);
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 4));
    const double exact[] = {-1.19096709239063956, -1.24278652501131147, -2.60267997825347183, -2.68746811440717719};
    for (int i = 0; i < 4; i++) NEAR(found[2 * i], exact[i], 1e-11);
    study_free(&s);
}
END_TEST

/* At a fold an eigenvalue passes through 0; the upper state is unstable. */
START_TEST(folds_exchange_stability)
{
    const problem p = NETWORK(1, 2, 2.1, 1, 0, 0);
    study s = study_of(&p);
    const double fold = 2.100967760455788;
    for (double apart = 1e-2; apart > 1e-9; apart /= 10) {
        double low[2], high[2];
        OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_CONNECTIVITY, fold - apart));
        OK(s.context, npde_steady_solve(s.steady, &s.n));
        ck_assert_uint_eq(s.n, 2);
        OK(s.context, npde_steady_eigenvalues(s.steady, 0, low, 1));
        OK(s.context, npde_steady_eigenvalues(s.steady, 1, high, 1));
        ck_assert_double_lt(low[0], 0);
        ck_assert_double_gt(high[0], 0);
        NEAR(low[0], -high[0],
             5 * apart + 1e-6 * sqrt(apart)); /* ± a square root of the distance, then a straight line */
        ck_assert_double_lt(high[0], 3 * sqrt(apart));
    }
    study_free(&s);
}
END_TEST

/* Finite volumes see the same spectrum, to second order. */
START_TEST(finite_volumes_converge)
{
    double error[2];
    for (int fine = 0; fine < 2; fine++) {
        const problem p = NETWORK(1, 2, 1.5, 1, 0, 0.1);
        const double breaks[] = {-7, 1, 2};
        const size_t cells[] = {(size_t)(fine ? 320 : 160), (size_t)(fine ? 40 : 20)};
        study s = study_of(&p);
        npde_grid *grid;
        double found[2];
        OK(s.context, npde_grid_new(s.context, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, &grid));
        npde_steady_free(s.steady);
        OK(s.context, npde_steady_new(s.model, grid, &s.steady));
        OK(s.context, npde_steady_solve(s.steady, &s.n));
        OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 1));
        error[fine] = found[0] + .7859297964957;
        npde_grid_free(grid);
        study_free(&s);
    }
    ck_assert_double_lt(fabs(error[1]), 1e-3);
    NEAR(error[0] / error[1], 4, 0.2);
}
END_TEST

MAIN("stability", eigenvalues_of_the_reference, complex_spectrum, sixty_unknowns, sixty_unknowns_for_a_complex_spectrum,
     hopf_points, perturbations_of_runs_grow_as_they_should, noise_with_a_delay_behind_random_thresholds,
     a_pair_with_delays, uncoupled_populations, folds_exchange_stability, finite_volumes_converge)
