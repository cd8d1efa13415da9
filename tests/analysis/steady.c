/* SPDX-License-Identifier: BSD-3-Clause
 * Steady states against roots of N (T + τ) = 1 by 30-digit quadrature, counted through folds, and against a scan. */
#include "study.h"

#include "analysis/siegert.h"

#include <string.h>

#define SHARP(v_r, v_f, b, a0, a1, i)                                                               \
    {                                                                                               \
        .reset = v_r, .threshold = v_f, .connectivity = b, .diffusion = a0, .noise = a1, .drive = i \
    }
#define HELD(b, kind, t)                                                                            \
    {                                                                                               \
        .reset = 1, .threshold = 2, .connectivity = b, .diffusion = 1, .refractory = kind, .tau = t \
    }
#define RANDOM(b, k, a, t)                                                                                            \
    {                                                                                                                 \
        .reset = 1, .threshold = 2, .connectivity = b, .diffusion = a, .tau = t,                                      \
        .refractory = (t) > 0 ? NPDE_REFRACTORY_EXPONENTIAL : NPDE_REFRACTORY_NONE, .discharge = NPDE_DISCHARGE_STEP, \
        .kappa = k                                                                                                    \
    }
enum { FIXED = NPDE_REFRACTORY_FIXED, EXPONENTIAL = NPDE_REFRACTORY_EXPONENTIAL };

static const struct {
    problem problem;
    size_t n;
    double rate[3], tolerance;
} cases[] = {
    /* linear; low noise, where exponentials overflow */
    {SHARP(1, 2, 0, 1, 0, 0), 1, {0.11997596523910496621}, 1e-14},
    {SHARP(0, 1, 0, 0.2, 0, 0), 1, {0.062578922255561259143}, 1e-14},
    {SHARP(0, 1, 0, 0.02, 0, 1.5), 1, {0.93731986437368370259}, 1e-14},
    {SHARP(-1, 0, 0, 1, 0, 0), 1, {1.1087605232141944015}, 1e-14},
    {SHARP(0, 1, 0, 0.005, 0, 0), 1, {1 / 4.7887530009939483e42}, 1e-13},
    {SHARP(0, 1, 0, 0.001, 0, 0), 1, {1 / 1.11369500395882842e216}, 1e-12},
    {SHARP(0, 1, 0, 1e-4, 0, 2), 1, {1 / 0.693109687588735678}, 1e-14},
    {SHARP(1, 2, 0, 0.1, 0, 0.5), 1, {2.33913290617407e-5}, 2e-14},
    {SHARP(1, 2, 0, 0.1, 0, 3), 1, {1.51283706253059}, 1e-14},
    {SHARP(1, 2, 0, 1, 0, 1), 1, {0.47769027587337727469}, 1e-14},
    /* network */
    {SHARP(1, 2, -20, 1, 0, 0), 1, {0.0321809871713324062}, 1e-14},
    {SHARP(1, 2, -10, 1, 0, 0), 1, {0.047335337249043635}, 1e-14},
    {SHARP(1, 2, -4, 1, 0, 0), 1, {0.0705996140733870711}, 1e-14},
    {SHARP(1, 2, -1.5, 1, 0, 0), 1, {0.0931160481023233194}, 1e-14},
    {SHARP(1, 2, -0.5, 1, 0, 0), 1, {0.108906747293063421}, 1e-14},
    {SHARP(1, 2, 0.3, 1, 0, 0), 1, {0.12827565177462453}, 1e-14},
    {SHARP(1, 2, 0.5, 1, 0, 0), 1, {0.134775079935250081}, 1e-14},
    {SHARP(1, 2, 0.9, 1, 0, 0), 1, {0.151141513560778914}, 1e-14},
    {SHARP(1, 2, 1.1, 1, 0, 0), 2, {0.161805240291967509, 14.3646169203744598}, 2e-14},
    {SHARP(1, 2, 1.3, 1, 0, 0), 2, {0.175071100444017123, 4.32229892880934347}, 2e-14},
    {SHARP(1, 2, 1.5, 1, 0, 0), 2, {0.192364012568479359, 2.2891257077468628}, 2e-14},
    {SHARP(1, 2, 1.8, 1, 0, 0), 2, {0.233645426503063056, 1.11835649919953466}, 2e-14},
    {SHARP(1, 2, 2, 1, 0, 0), 2, {0.292582851472102488, 0.689433839238298271}, 2e-14},
    {SHARP(1, 2, 2.2, 1, 0, 0), 0, {0}, 0},
    {SHARP(1, 2, 3, 1, 0, 0), 0, {0}, 0},
    {SHARP(0, 1, -45, 0.2, 0, 0), 1, {0.00869543351226822581}, 1e-14},
    {SHARP(0, 1, -10, 0.2, 0, 0), 1, {0.0223653092612265581}, 1e-14},
    {SHARP(0, 1, -1, 0.2, 0, 0), 1, {0.0506717652297065487}, 1e-14},
    {SHARP(0, 1, 0.5, 0.2, 0, 0), 1, {0.0721913576606695625}, 1e-14},
    {SHARP(0, 1, 0.9, 0.2, 0, 0), 1, {0.0837686788520883875}, 1e-14},
    {SHARP(0, 1, 1.2, 0.2, 0, 0), 2, {0.097203137323956529, 2.24256906881424704}, 2e-14},
    {SHARP(0, 1, 1.5, 0.2, 0, 0), 2, {0.121069878345070983, 0.700423862831162989}, 2e-14},
    {SHARP(0, 1, 1.8, 0.2, 0, 0), 0, {0}, 0},
    {SHARP(-2, 0, -35, 0.2, 0, 0), 1, {0.0324574842870039922}, 1e-14},
    /* noise that grows with the rate */
    {SHARP(1, 2, 0.5, 1, 0.1, 0), 1, {0.138703400296325085}, 1e-14},
    {SHARP(1, 2, 0.5, 0.4, 0.5, 0), 1, {0.00826303896386598494}, 1e-14},
    {SHARP(1, 2, 1.5, 1, 0.1, 0), 2, {0.203268713402123974, 2.07633700187448716}, 2e-14},
    {SHARP(1, 2, -4, 1, 0.5, 0), 1, {0.0747435799966102461}, 1e-14},
    {SHARP(1, 2, 0.5, 1, 1, 0), 1, {0.190148994376709475}, 1e-14},
    /* refractory state, of both kinds alike */
    {HELD(1.5, FIXED, 0.025), 3, {0.190736129367184114, 2.91698765547175817, 10.7133751876528569}, 2e-14},
    {HELD(1.5, EXPONENTIAL, 0.025), 3, {0.190736129367184114, 2.91698765547175817, 10.7133751876528569}, 2e-14},
    {HELD(1.5, FIXED, 0.2), 1, {0.180408480733869081}, 1e-14},
    {HELD(2.2, FIXED, 0.025), 1, {21.2231010451892464}, 2e-14},
    {HELD(3, EXPONENTIAL, 0.025), 1, {26.4114408242803518}, 2e-14},
    {HELD(3, EXPONENTIAL, 0.2), 1, {3.03481665437375387}, 1e-14},
    {HELD(0.5, EXPONENTIAL, 0.025), 1, {0.134264474159267714}, 1e-14},
    {HELD(-4, FIXED, 0.025), 1, {0.0705200914080614407}, 1e-14},
    /* random threshold, by the discrete operator */
    {RANDOM(0, 1, 1, 0), 1, {1 / 57.83311206928749}, 1e-13},
    {RANDOM(0, 10, 1, 0), 1, {1 / 16.42459567884568}, 1e-13},
    {RANDOM(0, 1000, 1, 0), 1, {1 / 8.926916763925176}, 1e-12},
    {RANDOM(0.5, 10, 1, 0), 1, {0.06485274239948637}, 1e-13},
    {RANDOM(3, 10, 1, 0.2), 1, {0.106513605960342}, 2e-13},
    {RANDOM(8, 10, 1, 0.2), 1, {2.86707195875364}, 1e-13},
    {RANDOM(3, 10, 1, 1), 1, {0.0916578615360135}, 1e-13},
    {RANDOM(8, 10, 1, 1), 1, {0.733531129034804}, 1e-13},
    {RANDOM(5, 20, 1, 1), 1, {0.5678758563190964}, 1e-13},
    {RANDOM(5, 5, 0.4, 0.5),
     3,
     {0.0022967078719, 0.405242118471, 0.9701554385430667},
     3e-11} /* as many digits as the reference has */,
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

START_TEST(all_states_of_the_reference)
{
    for (size_t k = 0; k < N_CASES; k++) {
        study s = study_of(&cases[k].problem);
        ck_assert_msg(s.n == cases[k].n, "case %zu: %zu states and not %zu", k, s.n, cases[k].n);
        for (size_t i = 0; i < s.n; i++) {
            const double rate = study_rate(&s, i), error = fabs(rate / cases[k].rate[i] - 1);
            ck_assert_msg(error <= cases[k].tolerance, "case %zu: rate %zu = %.17g, relative error %.2e", k, i, rate,
                          error);
        }
        study_free(&s);
    }
}
END_TEST

/*
 * Noise so low that no grid could be made: T → τ ln((μ − V_R)/(μ − V_F)) − a/2 (1/(μ − V_F)² − 1/(μ − V_R)²) and the density
 * → N/(μ − V), alone, with refractory time, and in a network.
 */
START_TEST(noise_as_low_as_it_may_be)
{
    static const struct {
        double size, a; /* the smallest noise that a model can have, and 1e-18 of the distance squared */
    } kinds[] = {{1, 1e-8}, {1, 1e-10}, {1, 1e-12}, {1e3, 1e-12}};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (int linked = 0; linked < 2; linked++) {
            const double size = kinds[k].size, a = kinds[k].a, b = linked ? -0.5 * size : 0, tau = linked ? 0.1 : 0;
            const problem p = {.reset = 0,
                               .threshold = size,
                               .diffusion = a,
                               .drive = 2 * size,
                               .connectivity = b,
                               .refractory = linked ? FIXED : 0,
                               .tau = tau};
            study s = study_of(&p);
            ck_assert_uint_eq(s.n, 1);
            const double rate = study_rate(&s, 0), drive = 2 * size + b * rate;
            const double time =
                log(drive / (drive - size)) - a / 2 * (1 / ((drive - size) * (drive - size)) - 1 / (drive * drive));
            NEAR(rate * (time + tau), 1, 5e-15 + 4 * a * a);
            for (double v = 0.1 * size; v < 0.95 * size; v += 0.2 * size) {
                double density;
                OK(s.context, npde_steady_evaluate(s.steady, 0, 0, &v, 1, &density));
                NEAR(density * (drive - v) / rate, 1, 1e-13 + 4 * a / (size * size));
            }
            study_free(&s);
        }
}
END_TEST

/* Milliseconds and millivolts: drive 15 mV, noise 5 mV, τ_m = 20 ms, τ = 2 ms; T = τ_m π erfi(1). */
START_TEST(units_of_the_laboratory)
{
    const problem p = {.reset = 10, .threshold = 20, .diffusion = 12.5 / 20, .refractory = FIXED, .tau = 2};
    study s = study_of(&p);
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_V_LEAK, 15));
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_TIME_CONSTANT, 20));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    ck_assert_uint_eq(s.n, 1);
    NEAR(1e3 * study_rate(&s, 0), 9.460799805759126, 1e-13);
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_V_LEAK, 5)); /* the rest by a drive of 10 mV/τ_m */
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_DRIVE, 10 / 20.));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    NEAR(1e3 * study_rate(&s, 0), 9.460799805759126, 1e-13);
    study_free(&s);
}
END_TEST

static size_t states_at(study *s, double b)
{
    OK(s->context, npde_model_set(s->model, 0, NPDE_PARAM_CONNECTIVITY, b));
    OK(s->context, npde_steady_solve(s->steady, &s->n));
    return s->n;
}

/* Through every fold of the reference: the number of states on both sides, ever closer. */
START_TEST(counts_close_to_folds)
{
    static const struct {
        problem problem;
        double b, rate, digits;
        size_t below, above;
    } folds[] = {
        {SHARP(1, 2, 0, 1, 0, 0), 2.100967760455788, 0.4242243597862841, 13, 2, 0},
        {SHARP(0, 1, 0, 0.2, 0, 0), 1.775182420427186, 0.2293325903077129, 13, 2, 0},
        {HELD(0, EXPONENTIAL, 0.025), 2.1234691793559, 0.42808376676154, 12, 3, 1},
        {HELD(0, EXPONENTIAL, 0.025), 1.4051847174393, 5.9576605576199, 12, 1, 3},
        {HELD(0, FIXED, 0.2), 2.2961802977103, 0.47222175090592, 12, 3, 1},
        {HELD(0, FIXED, 0.2), 2.1677349407259, 1.288111304759, 12, 1, 3},
    };
    for (size_t k = 0; k < sizeof folds / sizeof folds[0]; k++) {
        study s = study_of(&folds[k].problem);
        const double b = folds[k].b;
        for (double digit = 1; digit < folds[k].digits; digit += 0.25) {
            const double apart = pow(10, -digit) * (k == 5 || k == 4 ? 0.1 : 0.5); /* the last two folds are close */
            ck_assert_uint_eq(states_at(&s, b - apart), folds[k].below);
            if (folds[k].below > folds[k].above && digit > 6) {
                const size_t i = folds[k].below - 2 - (folds[k].below == 3 ? 1 : 0);
                NEAR(study_rate(&s, i), folds[k].rate, 10 * sqrt(apart));
            }
            ck_assert_uint_eq(states_at(&s, b + apart), folds[k].above);
        }
        study_free(&s);
    }
}
END_TEST

/* Where rounding hides how many there are, no more than there can be are told: within 1e-12 of a fold 0, 1 or 2. */
START_TEST(counts_at_a_fold)
{
    const problem p = SHARP(1, 2, 0, 1, 0, 0);
    const double b = 2.100967760455788;
    study s = study_of(&p);
    for (int k = -100; k <= 100; k++) ck_assert_uint_le(states_at(&s, b + k * 1e-14), 2);
    for (double digit = 11; digit < 13; digit += 0.1) {
        ck_assert_uint_eq(states_at(&s, b - pow(10, -digit) / 2), 2);
        ck_assert_uint_eq(states_at(&s, b + pow(10, -digit) / 2), 0);
    }
    study_free(&s);
}
END_TEST

/*
 * Two populations that inhibit each other, of which from w on one wins: one state before, where both rates are equal, three
 * after. There dN/dμ w = 1.
 */
START_TEST(counts_across_a_pitchfork)
{
    const double critical = 1.2256025391970613;
    study s = {0};
    OK(s.context, npde_context_new(&s.context));
    OK(s.context, npde_model_new(s.context, NPDE_MODEL_LIF_NETWORK, 2, &s.model));
    OK(s.context, npde_model_set(s.model, NPDE_ALL, NPDE_PARAM_DRIVE, 3));
    OK(s.context, npde_model_set(s.model, NPDE_ALL, NPDE_PARAM_DIFFUSION, 0.3));
    OK(s.context, npde_steady_new(s.model, NULL, &s.steady));
    const double step = test_scale() == 1 ? 0.25 : 1;
    for (double digit = 3; digit <= 12; digit += step)
        for (int side = -1; side <= 1; side += 2) {
            const double w = critical * (1 + side * pow(10, -digit)), weights[] = {0, -w, -w, 0};
            OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
            OK(s.context, npde_steady_solve(s.steady, &s.n));
            ck_assert_msg(s.n == 1 || s.n == 3, "%zu states at 1%+g", s.n, w / critical - 1);
            if (digit <= 6) ck_assert_uint_eq(s.n, side < 0 ? 1 : 3);
            double rates[2];
            OK(s.context, npde_steady_rates(s.steady, s.n / 2, rates, 2));
            /* Rounding errors over the distance from the pitchfork, and no more than the width of what cannot be told apart. */
            NEAR(rates[0] / rates[1], 1, fmin(2e-5, 5e-15 * pow(10, digit)));
        }
    study_free(&s);
}
END_TEST

/*
 * One state for b ≤ 1, two up to the fold, none beyond, in steps of 1e-3 (for b just above 1 the second is beyond the
 * window).
 */
START_TEST(counts_on_a_fine_sweep)
{
    const problem p = SHARP(1, 2, 0, 1, 0, 0);
    study s = study_of(&p);
    const int steps = test_scale() == 1 ? 4000 : 400;
    for (int k = 0; k <= steps; k++) {
        const double b = -1 + 4.0 * k / steps;
        if (b > 1 && b < 1.01) continue;
        const size_t expected = b <= 1 ? 1 : b < 2.100967760455788 ? 2 : 0;
        ck_assert_msg(states_at(&s, b) == expected, "b = %.6g: %zu states and not %zu", b, s.n, expected);
    }
    study_free(&s);
}
END_TEST

START_TEST(the_window_is_kept)
{
    const problem p = SHARP(1, 2, 1.5, 1, 0, 0);
    study s = study_of(&p);
    const double windows[][3] = {{0, 0.1, 0}, {0, 1, 1}, {0.2, 2, 0}, {0.2, 3, 1}, {0.19, 2.3, 2}, {5, 1e6, 0}};
    for (size_t k = 0; k < sizeof windows / sizeof windows[0]; k++) {
        OK(s.context, npde_steady_set(s.steady, NPDE_STEADY_RATE_MIN, windows[k][0]));
        OK(s.context, npde_steady_set(s.steady, NPDE_STEADY_RATE_MAX, windows[k][1]));
        OK(s.context, npde_steady_solve(s.steady, &s.n));
        ck_assert_uint_eq(s.n, (size_t)windows[k][2]);
    }
    study_free(&s);
}
END_TEST

/* ---- several populations ---- */

static study pair_of(double ee, double ie, double ei, double ii, double tau)
{
    const double weights[] = {ee, -ie, ei, -ii};
    study s;
    OK(s.context, npde_context_new(&s.context));
    OK(s.context, npde_model_new(s.context, NPDE_MODEL_LIF_NETWORK, 2, &s.model));
    OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    if (tau > 0) {
        OK(s.context, npde_model_set(s.model, NPDE_ALL, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_EXPONENTIAL));
        OK(s.context, npde_model_set(s.model, NPDE_ALL, NPDE_PARAM_REFRACTORY_TIME, tau));
    }
    OK(s.context, npde_steady_new(s.model, NULL, &s.steady));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    return s;
}

START_TEST(excitatory_and_inhibitory)
{
    static const struct {
        double ee, ie, ei, ii, tau;
        size_t n;
        double rates[3][2];
    } pairs[] = {
        {0.5, 0.75, 0.5, 0.25, 0, 1, {{0.112197851990846, 0.125274477349054}}},
        {1.8,
         0.75,
         0.5,
         0.25,
         0.025,
         3,
         {{0.168115039406468, 0.130718271303938},
          {1.84037886688505, 0.388616517932347},
          {12.6922228767053, 3.73841568614054}}},
        {3, 0.75, 0.5, 0.25, 0.025, 1, {{25.2749868119683, 7.57288350025721}}},
        {3,
         7,
         0.01,
         2,
         0.2,
         3,
         {{0.0485483374334377, 0.0861267845046753},
          {0.790287802656812, 0.0870334456607363},
          {2.82176571142774, 0.0895433942567207}}},
    };
    for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++) {
        study s = pair_of(pairs[k].ee, pairs[k].ie, pairs[k].ei, pairs[k].ii, pairs[k].tau);
        ck_assert_uint_eq(s.n, pairs[k].n);
        for (size_t i = 0; i < s.n; i++) {
            double rates[2];
            OK(s.context, npde_steady_rates(s.steady, i, rates, 2));
            for (int p = 0; p < 2; p++) NEAR(rates[p] / pairs[k].rates[i][p], 1, 5e-14 / 1e-1);
        }
        study_free(&s);
    }
}
END_TEST

/* ln(T + τ) of a unit neuron with V_R = 1, V_F = 2. */
static double level(double drive, double diffusion, double tau)
{
    const npde__siegert of = {0, 1, 1, 2, drive, diffusion};
    return log(exp(npde__siegert_escape(&of).log_time) + tau);
}

/*
 * The inhibitory rate that goes with an excitatory one, unique when inhibitory neurons do not excite themselves: by
 * halving.
 */
static double partner(const double *w, double tau, double excitatory)
{
    double low = -60, high = 10;
    for (int k = 0; k < 56; k++) {
        const double x = (low + high) / 2, g = x + level(w[2] * excitatory + w[3] * exp(x), 1, tau);
        if (g < 0) low = x;
        else high = x;
    }
    return exp(low);
}

/* As many states as changes of sign on a fine scan, for random pairs. */
START_TEST(none_missed_in_random_pairs)
{
    random_stream r = {11};
    const int trials = test_scale() == 1 ? 40 : 5, steps = 1500;
    size_t several = 0;
    for (int trial = 0; trial < trials; trial++) {
        const double w[] = {random_between(&r, 0, 3.5), -random_between(&r, 0, 5), random_between(&r, 0, 2),
                            -random_between(&r, 0, 3)},
                     tau = trial % 3 ? random_between(&r, 0.02, 0.3) : 0;
        study s = pair_of(w[0], -w[1], w[2], -w[3], tau);
        size_t changes = 0;
        double before = -1;
        const double low = -20, high = log(tau > 0 ? 1 / tau : 1e4);
        for (int k = 0; k <= steps; k++) {
            const double x = low + (high - low) * k / steps, rate = exp(x);
            const double g = x + level(w[0] * rate + w[1] * partner(w, tau, rate), 1, tau);
            changes += (g > 0) != (before > 0);
            before = g;
        }
        ck_assert_msg(s.n == changes, "%g %g %g %g, tau %g: %zu states, %zu changes of sign", w[0], w[1], w[2], w[3],
                      tau, s.n, changes);
        several += s.n > 1;
        study_free(&s);
    }
    if (trials == 40) ck_assert_uint_gt(several, 5);
}
END_TEST

START_TEST(none_missed_in_random_populations)
{
    random_stream r = {5};
    const int trials = test_scale() == 1 ? 300 : 30, steps = 20000;
    size_t several = 0;
    for (int trial = 0; trial < trials; trial++) {
        const problem p = {.reset = 1,
                           .threshold = 2,
                           .connectivity = random_between(&r, -3, 4),
                           .drive = random_between(&r, -1.5, 3),
                           .diffusion = exp(random_between(&r, -2, 1)),
                           .noise = trial % 2 ? random_between(&r, 0, 1) : 0,
                           .refractory = trial % 3 ? NPDE_REFRACTORY_EXPONENTIAL : 0,
                           .tau = trial % 3 ? random_between(&r, 0.01, 0.5) : 0};
        study s = study_of(&p);
        const double low = -100, high = log(p.tau > 0 ? 1 / p.tau : 1e4);
        double before = -1;
        size_t changes = 0;
        for (int k = 0; k <= steps; k++) {
            const double x = low + (high - low) * k / steps, rate = exp(x);
            const double g = x + level(p.drive + p.connectivity * rate, p.diffusion + p.noise * rate, p.tau);
            if ((g > 0) == (before > 0)) continue;
            ck_assert_uint_lt(changes, s.n);
            NEAR(log(study_rate(&s, changes)), x, 1.01 * (high - low) / steps);
            changes++;
            before = g;
        }
        ck_assert_uint_eq(s.n, changes);
        several += s.n > 1;
        study_free(&s);
    }
    if (trials == 300) ck_assert_uint_gt(several, 20);
}
END_TEST

/* A ring of populations in which every one inhibits the next. */
START_TEST(many_populations)
{
    enum { N = 24 };
    static double weights[N * N], rates[N];
    study s;
    OK(s.context, npde_context_new(&s.context));
    OK(s.context, npde_model_new(s.context, NPDE_MODEL_LIF_NETWORK, N, &s.model));
    for (size_t p = 0; p < N; p++) weights[p * N + (p + 1) % N] = -1.5;
    OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_WEIGHTS, weights, N, N));
    OK(s.context, npde_steady_new(s.model, NULL, &s.steady));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    ck_assert_uint_eq(s.n, 1);
    OK(s.context, npde_steady_rates(s.steady, 0, rates, N));
    for (size_t p = 0; p < N; p++) NEAR(rates[p], 0.0931160481023233194, 1e-15); /* each as if it inhibited itself */
    study_free(&s);
}
END_TEST

/* ---- other neurons by the discrete operator ---- */

static int32_t leak(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = -v[i];
    return 0;
}

static int32_t step(size_t pop, size_t n, const double *v, double *value, void *user)
{
    (void)pop, (void)user;
    for (size_t i = 0; i < n; i++) value[i] = v[i] > 2 ? 10 : 0;
    return 0;
}

/* The leaky drift and the step as callbacks: the discrete operator finds what the closed forms do. */
START_TEST(callbacks_give_the_same)
{
    const double b[] = {-10, 0.5, 1.5, 2};
    for (size_t k = 0; k < 4; k++) {
        const problem p = SHARP(1, 2, b[k], 1, 0, 0);
        study closed = study_of(&p), s = study_of(&p);
        OK(closed.context, npde_steady_set(closed.steady, NPDE_STEADY_RATE_MAX, 50));
        OK(closed.context, npde_steady_solve(closed.steady, &closed.n));
        OK(s.context, npde_model_set_drift(s.model, leak, NULL, NULL));
        OK(s.context, npde_steady_set(s.steady, NPDE_STEADY_RATE_MAX, 50));
        OK(s.context, npde_steady_solve(s.steady, &s.n));
        ck_assert_uint_eq(s.n, closed.n);
        for (size_t i = 0; i < s.n; i++) NEAR(study_rate(&s, i) / study_rate(&closed, i), 1, 1e-12);
        study_free(&s);
        study_free(&closed);
    }
    const problem p = RANDOM(0.5, 10, 1, 0);
    study s = study_of(&p);
    OK(s.context, npde_model_set_discharge(s.model, step, NULL, NULL));
    OK(s.context, npde_steady_set(s.steady, NPDE_STEADY_RATE_MAX, 10));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    ck_assert_uint_eq(s.n, 1);
    NEAR(study_rate(&s, 0), 0.06485274239948637, 1e-14);
    study_free(&s);
}
END_TEST

/* The rate of a population alone with this drive and noise. */
static double alone(study *s, double drive, double diffusion)
{
    OK(s->context, npde_model_set(s->model, 0, NPDE_PARAM_DRIVE, drive));
    OK(s->context, npde_model_set(s->model, 0, NPDE_PARAM_DIFFUSION, diffusion));
    OK(s->context, npde_steady_solve(s->steady, &s->n));
    ck_assert_uint_eq(s->n, 1);
    return study_rate(s, 0);
}

/*
 * Beyond a random threshold more noise makes neurons fire more rarely. Every state is one of a population alone with the
 * drive and the noise that it makes; a drift callback gives what the closed form gives.
 */
START_TEST(noise_that_grows_with_rates)
{
    const problem p = {.reset = 1, .threshold = 2, .diffusion = 0.1, .drive = 3, .noise = 0.5};
    study closed = study_of(&p), s = study_of(&p);
    OK(s.context, npde_model_set_drift(s.model, leak, NULL, NULL));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    ck_assert_uint_eq(s.n, closed.n);
    for (size_t i = 0; i < s.n; i++) NEAR(study_rate(&s, i) / study_rate(&closed, i), 1, 1e-12);
    OK(s.context, npde_model_set_drift(s.model, NULL, NULL, NULL));
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_DISCHARGE, NPDE_DISCHARGE_STEP));
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_DISCHARGE_RATE, 0.5));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    ck_assert_uint_eq(s.n, 1);
    const double rate = study_rate(&s, 0);
    NEAR(rate, 0.3461047, 1e-7);
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_NOISE_CONNECTIVITY, 0));
    NEAR(alone(&s, 3, 0.1 + 0.5 * rate), rate, 1e-13);
    study_free(&s);
    study_free(&closed);
}
END_TEST

/*
 * Random thresholds with noise weights: as many states as a fine scan of N = N_alone(μ + b N, a + a1 N) sees, where it
 * sees them.
 */
START_TEST(none_missed_with_noise_weights)
{
    random_stream r = {11};
    const int trials = test_scale() == 1 ? 40 : 8, steps = 200;
    size_t several = 0;
    for (int trial = 0; trial < trials; trial++) {
        problem p = {.reset = 1,
                     .threshold = 2,
                     .connectivity = random_between(&r, -1, 7),
                     .drive = random_between(&r, -0.5, 0.5),
                     .diffusion = exp(random_between(&r, -2, 0)),
                     .noise = random_between(&r, 0, 0.5),
                     .refractory = trial % 2 ? NPDE_REFRACTORY_EXPONENTIAL : 0,
                     .tau = trial % 2 ? random_between(&r, 0.05, 0.7) : 0,
                     .discharge = NPDE_DISCHARGE_STEP,
                     .kappa = exp(random_between(&r, 1, 3))};
        study s = study_of(&p);
        const problem free = {.reset = p.reset,
                              .threshold = p.threshold,
                              .diffusion = p.diffusion,
                              .refractory = p.refractory,
                              .tau = p.tau,
                              .discharge = p.discharge,
                              .kappa = p.kappa};
        study one = study_of(&free);
        const double low = log(1e-6), high = log(p.tau > 0 ? fmin(p.kappa, 1 / p.tau) : p.kappa);
        double before = -1;
        size_t changes = 0;
        for (int k = 0; k <= steps; k++) {
            const double x = low + (high - low) * k / steps, rate = exp(x);
            const double g = x - log(alone(&one, p.drive + p.connectivity * rate, p.diffusion + p.noise * rate));
            if ((g > 0) == (before > 0)) continue;
            ck_assert_uint_lt(changes, s.n);
            NEAR(log(study_rate(&s, changes)), x, 1.01 * (high - low) / steps);
            changes++;
            before = g;
        }
        ck_assert_uint_eq(s.n, changes);
        several += s.n > 1;
        study_free(&one);
        study_free(&s);
    }
    if (trials == 40) ck_assert_uint_gt(several, 3);
}
END_TEST

/* Long runs from afar end in the state that is found. */
START_TEST(long_runs_with_noise_weights)
{
    static const problem problems[] = {
        {.reset = 0,
         .threshold = 1,
         .diffusion = 0.2,
         .drive = 0.6,
         .connectivity = 0.5,
         .noise = 0.6,
         .discharge = NPDE_DISCHARGE_STEP,
         .kappa = 4,
         .mean = 0,
         .variance = 0.1},
        {.reset = 0,
         .threshold = 1,
         .diffusion = 0.3,
         .drive = 1,
         .connectivity = -1,
         .noise = 1,
         .refractory = EXPONENTIAL,
         .tau = 0.2,
         .discharge = NPDE_DISCHARGE_RAMP,
         .kappa = 1,
         .mean = 0,
         .variance = 0.1},
    };
    for (size_t k = 0; k < sizeof problems / sizeof problems[0]; k++) {
        study s = study_of(&problems[k]);
        ck_assert_uint_eq(s.n, 1);
        run *r = run_new(&problems[k], 0, NPDE_METHOD_RODAS5P, 0);
        NEAR(run_rate(r, 40) / study_rate(&s, 0), 1, 1e-6);
        run_free(r);
        study_free(&s);
    }
}
END_TEST

/*
 * Inhibition up to the largest rates of the window takes the density further than any grid: all the same the one state is
 * found.
 */
START_TEST(windows_beyond_all_grids)
{
    const problem p = {
        .reset = 1, .threshold = 2, .diffusion = 1, .connectivity = -5, .discharge = NPDE_DISCHARGE_RAMP};
    study s = study_of(&p);
    ck_assert_uint_eq(s.n, 1);
    ck_assert_str_eq(npde_context_error(s.context), "");
    const double wide = study_rate(&s, 0);
    OK(s.context, npde_steady_set(s.steady, NPDE_STEADY_RATE_MAX, 1));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    ck_assert_uint_eq(s.n, 1);
    NEAR(study_rate(&s, 0), wide, 1e-14);
    study_free(&s);
}
END_TEST

/*
 * Firing of one neuron in 10^9 time constants: the discrete operator, whose rounding is larger than the rate, keeps 8
 * digits.
 */
START_TEST(rare_firing_by_the_discrete_operator)
{
    const double a[] = {0.3, 0.2, 0.15, 0.1};
    for (size_t k = 0; k < 4; k++) {
        const problem p = SHARP(1, 2, 0, a[k], 0, 0);
        study closed = study_of(&p), s = study_of(&p);
        OK(s.context, npde_model_set_drift(s.model, leak, NULL, NULL));
        OK(s.context, npde_steady_solve(s.steady, &s.n));
        ck_assert_uint_eq(s.n, 1);
        NEAR(study_rate(&s, 0) / study_rate(&closed, 0), 1, 1e-9);
        study_free(&s);
        study_free(&closed);
    }
}
END_TEST

/* ---- densities ---- */

START_TEST(densities_of_the_reference)
{
    static const struct {
        problem problem;
        double p[4], mean, second;
    } sets[] = {
        {SHARP(1, 2, 0, 1, 0, 0),
         {.4239890771977848, .2571623747037231, .09395502246794332, .01323622616644966},
         -.119975965239104966,
         .820036052141342551},
        {SHARP(0, 1, 0, 0.2, 0, 0),
         {.08019242965763358, .9769437899982592, .4179105867480566, .03988560286984875},
         -.0625789222555612591,
         .16871053887221937},
        {SHARP(0, 1, 0, 0.02, 0, 1.5),
         {2.3458410225296584e-44, .6305895464637466, .9573229528299588, 1.537296110441559},
         .562680135626316297,
         .395360271252632595},
        {SHARP(-1, 0, 0, 1, 0, 0),
         {.1793086782261862, .8036057434230635, .510411567655843, .11050720359924},
         -1.1087605232141944,
         1.5543802616070972},
    };
    for (size_t k = 0; k < 4; k++) {
        study s = study_of(&sets[k].problem);
        const double r = sets[k].problem.reset, f = sets[k].problem.threshold;
        const double v[] = {r - 1, r, (r + f) / 2, f - 0.1};
        double p[4];
        OK(s.context, npde_steady_evaluate(s.steady, 0, 0, v, 4, p));
        for (int i = 0; i < 4; i++) NEAR(p[i] / sets[k].p[i], 1, i || k != 2 ? 1e-12 : 1e-11);
        npde_grid *grid;
        OK(s.context, npde_steady_grid(s.steady, &grid));
        const size_t n = npde_grid_size(grid, 0);
        double points[512], weights[512], density[512], mass = 0, mean = 0, second = 0;
        OK(s.context, npde_grid_points(grid, 0, points, n));
        OK(s.context, npde_grid_weights(grid, 0, weights, n));
        OK(s.context, npde_steady_state(s.steady, 0, 0, density, n));
        for (size_t i = 0; i < n; i++) {
            mass += weights[i] * density[i];
            mean += weights[i] * density[i] * points[i];
            second += weights[i] * density[i] * points[i] * points[i];
        }
        NEAR(mass, 1, 1e-11);
        NEAR(mean, sets[k].mean, 1e-11);
        NEAR(second, sets[k].second, 1e-11);
        npde_grid_free(grid);
        study_free(&s);
    }
}
END_TEST

/* A run that begins at a steady state, with its past, stays there. */
START_TEST(a_run_stays_at_a_steady_state)
{
    static const problem problems[] = {
        SHARP(1, 2, 0.5, 1, 0.1, 0), HELD(1.5, EXPONENTIAL, 0.25),
        HELD(-4, FIXED, 0.25),       RANDOM(0.5, 10, 1, 0),
        RANDOM(3, 10, 1, 0.2),       {.reset = 0, .threshold = 1, .diffusion = 0.2, .connectivity = -10, .delay = 1},
    };
    for (size_t k = 0; k < sizeof problems / sizeof problems[0]; k++) {
        study s = study_of(&problems[k]);
        npde_grid *grid;
        npde_solver *solver;
        double density[512], times[] = {0, 0.5, 2}, rates[3];
        const double rate = study_rate(&s, 0);
        OK(s.context, npde_steady_grid(s.steady, &grid));
        const size_t n = npde_grid_size(grid, 0);
        OK(s.context, npde_steady_state(s.steady, 0, 0, density, n));
        const double mass = 1 - rate * problems[k].tau;
        for (size_t i = 0; i < n; i++) density[i] /= mass;
        OK(s.context, npde_solver_new(s.model, grid, NPDE_METHOD_RODAS5P, &solver));
        OK(s.context, npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-8));
        OK(s.context, npde_solver_set_state(solver, 0, density, n));
        OK(s.context, npde_solver_set_past_rate(solver, 0, rate));
        OK(s.context, npde_solver_start(solver, 0));
        OK(s.context, npde_solver_sample(solver, times, 3, rates));
        for (int i = 0; i < 3; i++) NEAR(rates[i], rate, 1e-8 * rate);
        npde_solver_free(solver);
        npde_grid_free(grid);
        study_free(&s);
    }
}
END_TEST

/* On a grid of the user's the density is at its points; what has no closed form is that grid's own steady state. */
START_TEST(grids_of_the_user)
{
    const double breaks[] = {-7, 1, 2}, beyond[] = {-7, 1, 2, 8};
    double rate[2][2];
    for (int fine = 0; fine < 2; fine++)
        for (int random = 0; random < 2; random++) {
            const problem p = random ? (problem)RANDOM(0.5, 10, 1, 0) : (problem)SHARP(1, 2, 0.5, 1, 0, 0);
            const size_t cells[] = {(size_t)(fine ? 320 : 160), (size_t)(fine ? 40 : 20), (size_t)(fine ? 240 : 120)};
            study s = study_of(&p);
            npde_grid *grid;
            OK(s.context, npde_grid_new(s.context, NPDE_SCHEME_FINITE_VOLUME, random ? beyond : breaks, random ? 4 : 3,
                                        cells, &grid));
            npde_steady_free(s.steady);
            OK(s.context, npde_steady_new(s.model, grid, &s.steady));
            OK(s.context, npde_steady_solve(s.steady, &s.n));
            ck_assert_uint_eq(s.n, 1);
            rate[random][fine] = study_rate(&s, 0);
            const size_t n = npde_grid_size(grid, 0);
            double weights[1024], density[1024], mass = 0;
            OK(s.context, npde_grid_weights(grid, 0, weights, n));
            OK(s.context, npde_steady_state(s.steady, 0, 0, density, n));
            for (size_t i = 0; i < n; i++) mass += weights[i] * density[i];
            NEAR(mass, 1, random ? 1e-12 : 2e-4); /* the closed form at the points, or the scheme's own */
            npde_grid_free(grid);
            study_free(&s);
        }
    NEAR(rate[0][0], 0.134775079935250081, 1e-15);
    NEAR(rate[0][1], 0.134775079935250081, 1e-15);
    const double coarse = rate[1][0] - 0.06485274239948637, fine = rate[1][1] - 0.06485274239948637;
    ck_assert_double_lt(fabs(coarse), 1e-3);
    NEAR(coarse / fine, 4, 0.3); /* second order */
}
END_TEST

/* The study keeps a copy: what happens to the model, the grid, the search afterwards does not matter. */
START_TEST(a_study_is_a_copy)
{
    const problem p = RANDOM(5, 5, 0.4, 0.5);
    study s = study_of(&p);
    double before[4], after[4];
    const double v[] = {0, 1, 1.5, 3};
    ck_assert_uint_eq(s.n, 3);
    OK(s.context, npde_steady_evaluate(s.steady, 1, 0, v, 4, before));
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_CONNECTIVITY, -7));
    OK(s.context, npde_model_set(s.model, 0, NPDE_PARAM_V_RESET, 0));
    npde_model_free(s.model);
    s.model = NULL;
    OK(s.context, npde_steady_evaluate(s.steady, 1, 0, v, 4, after));
    ck_assert_int_eq(memcmp(before, after, sizeof before), 0);
    NEAR(study_rate(&s, 1), 0.405242118471, 1e-11);
    study_free(&s);
}
END_TEST

MAIN("steady", all_states_of_the_reference, noise_as_low_as_it_may_be, units_of_the_laboratory, counts_close_to_folds,
     counts_at_a_fold, counts_across_a_pitchfork, counts_on_a_fine_sweep, the_window_is_kept, excitatory_and_inhibitory,
     none_missed_in_random_pairs, none_missed_in_random_populations, many_populations, callbacks_give_the_same,
     noise_that_grows_with_rates, none_missed_with_noise_weights, long_runs_with_noise_weights,
     windows_beyond_all_grids, rare_firing_by_the_discrete_operator, densities_of_the_reference,
     a_run_stays_at_a_steady_state, grids_of_the_user, a_study_is_a_copy)
