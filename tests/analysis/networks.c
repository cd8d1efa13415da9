/* SPDX-License-Identifier: BSD-3-Clause
 * Eigenvalues of networks that fall into those of single populations: identical populations, and networks without loops. */
#include "study.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 6, PAIRS = 24 };

typedef struct {
    double reset, threshold, drive, diffusion, noise, delay, tau;
    npde_id refractory;
} neuron;

static void set_neuron(study *s, size_t p, const neuron *of)
{
    const npde_id id[] = {NPDE_PARAM_V_RESET,   NPDE_PARAM_V_THRESHOLD, NPDE_PARAM_DRIVE,
                          NPDE_PARAM_DIFFUSION, NPDE_PARAM_REFRACTORY,  NPDE_PARAM_REFRACTORY_TIME};
    const double value[] = {of->reset, of->threshold, of->drive, of->diffusion, of->refractory, of->tau};
    for (size_t i = 0; i < (of->refractory == NPDE_REFRACTORY_NONE ? 5 : 6); i++)
        OK(s->context, npde_model_set(s->model, p, id[i], value[i]));
}

/* n populations of a network with these matrices, which may be NULL. */
static study network(size_t n, const neuron *of, const double *weights, const double *noise, const double *delays)
{
    study s;
    OK(s.context, npde_context_new(&s.context));
    OK(s.context, npde_model_new(s.context, NPDE_MODEL_LIF_NETWORK, n, &s.model));
    for (size_t p = 0; p < n; p++) set_neuron(&s, p, &of[p]);
    if (weights) OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_WEIGHTS, weights, n, n));
    if (noise) OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_NOISE_WEIGHTS, noise, n, n));
    if (delays) OK(s.context, npde_model_set_matrix(s.model, NPDE_MATRIX_DELAYS, delays, n, n));
    OK(s.context, npde_steady_new(s.model, NULL, &s.steady));
    OK(s.context, npde_steady_solve(s.steady, &s.n));
    return s;
}

/* The state whose rates are all nearest to this one. */
static size_t state_near(const study *s, size_t n_pop, double rate)
{
    size_t best = 0;
    double least = INFINITY, rates[MOST];
    for (size_t i = 0; i < s->n; i++) {
        double apart = 0;
        OK(s->context, npde_steady_rates(s->steady, i, rates, n_pop));
        for (size_t p = 0; p < n_pop; p++) apart = fmax(apart, fabs(rates[p] / rate - 1));
        if (apart < least) best = i;
        least = fmin(least, apart);
    }
    ck_assert_double_lt(least, 1e-9);
    return best;
}

/*
 * Appends `copies` times the leading eigenvalues of one population at drive μ + b N + rest N, a + a1 N + … with the weights b, a1
 * of its own rate.
 */
static size_t append(double *list, size_t at, const neuron *of, double b, double rest, double a1, double rest_a1,
                     double rate, size_t copies, size_t pairs)
{
    neuron one = *of;
    one.drive += rest * rate;
    one.diffusion += rest_a1 * rate;
    study s = network(1, &one, &b, &a1, &of->delay);
    double found[2 * PAIRS];
    OK(s.context, npde_steady_eigenvalues(s.steady, state_near(&s, 1, rate), found, pairs));
    for (size_t k = 0; k < copies; k++, at += 2 * pairs) memcpy(list + at, found, 2 * pairs * sizeof *found);
    study_free(&s);
    return at;
}

static int descending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    if (fabs(x[0] - y[0]) > 1e-8) return x[0] < y[0] ? 1 : -1;
    return (fabs(x[1]) > fabs(y[1]) + 1e-8) - (fabs(x[1]) < fabs(y[1]) - 1e-8);
}

/* The same numbers, in whatever order those with the same real part are. */
static void same(const double *found, const double *list, size_t n_list, size_t pairs, double tolerance)
{
    int used[PAIRS * MOST] = {0};
    for (size_t i = 0; i < pairs; i++) {
        size_t nearest = n_list;
        double least = INFINITY;
        for (size_t k = 0; k < n_list; k++) {
            const double apart = hypot(found[2 * i] - list[2 * k], found[2 * i + 1] - list[2 * k + 1]);
            if (used[k] || apart >= least) continue;
            least = apart;
            nearest = k;
        }
        ck_assert_msg(least <= tolerance * (1 + hypot(found[2 * i], found[2 * i + 1])),
                      "eigenvalue %zu = %.15g%+.15gi is %.1e off the nearest that is not taken", i, found[2 * i],
                      found[2 * i + 1], least);
        used[nearest] = 1;
    }
}

/* ---- identical populations ---- */

/*
 * n populations that act on themselves with b and on each of the others with c, and so with noise. In a state of equal rates their
 * sum moves like one population with b + (n − 1) c, and n − 1 differences like one with b − c at the same drive.
 */
static void identical(size_t n, const neuron *of, double b, double c, double a1, double c1, size_t pairs)
{
    double weights[MOST * MOST], noise[MOST * MOST], delays[MOST * MOST];
    neuron all[MOST];
    for (size_t k = 0; k < n * n; k++) {
        weights[k] = k % (n + 1) ? c : b;
        noise[k] = k % (n + 1) ? c1 : a1;
        delays[k] = of->delay;
    }
    for (size_t p = 0; p < n; p++) all[p] = *of;
    const double others = (double)(n - 1), sum = b + others * c, sum1 = a1 + others * c1;
    study one = network(1, of, &sum, &sum1, &of->delay);
    const double rate = study_rate(&one, 0);
    study_free(&one);
    double list[2 * PAIRS * MOST], found[2 * PAIRS];
    size_t at = append(list, 0, of, sum, 0, sum1, 0, rate, 1, pairs);
    at = append(list, at, of, b - c, (double)n * c, a1 - c1, (double)n * c1, rate, n - 1, pairs);
    qsort(list, at / 2, 2 * sizeof *list, descending);
    study s = network(n, all, weights, noise, delays);
    OK(s.context, npde_steady_eigenvalues(s.steady, state_near(&s, n, rate), found, pairs));
    same(found, list, at / 2, pairs, 1e-9);
    for (size_t i = 0; i < pairs; i++) /* none is passed over: the i-th has the i-th real part */
        NEAR(found[2 * i], list[2 * i], 1e-8 * (1 + fabs(list[2 * i])));
    study_free(&s);
}

static const neuron
    plain = {.reset = 1, .threshold = 2, .diffusion = 1, .drive = 1, .refractory = NPDE_REFRACTORY_NONE},
    driven = {.reset = 0,
              .threshold = 1,
              .diffusion = 0.05,
              .drive = 1.3,
              .tau = 0.1,
              .refractory = NPDE_REFRACTORY_EXPONENTIAL},
    late = {.reset = 0,
            .threshold = 1,
            .diffusion = 0.2,
            .drive = 0.8,
            .delay = 0.7,
            .tau = 0.2,
            .refractory = NPDE_REFRACTORY_FIXED},
    rare = {.reset = 0, .threshold = 1, .diffusion = 0.03, .drive = -0.2, .refractory = NPDE_REFRACTORY_NONE};

START_TEST(identical_populations)
{
    const neuron *const kinds[] = {&plain, &driven, &late};
    for (size_t k = 0; k < 3; k++)
        for (size_t n = 2; n <= (test_scale() == 1 ? 5 : 3); n++) identical(n, kinds[k], -0.4, -0.3, 0.02, 0.01, 6);
}
END_TEST

START_TEST(nearly_identical_eigenvalues)
{
    const double apart[] = {1e-3, 1e-6, 1e-7, 1e-8, 1e-9, 1e-12, 0};
    for (size_t k = 0; k < sizeof apart / sizeof apart[0]; k += test_scale() == 1 ? 1 : 3) {
        identical(2, &plain, 0.2, apart[k], 0, 0, 6);
        identical(3, &driven, -0.2, -apart[k], 0, 0, 7);
        identical(4, &late, -0.2, apart[k], 0, 0, 5);
    }
}
END_TEST

/* Rows of the coupling that are equal: the differences of populations do not feel it. */
START_TEST(equal_rows)
{
    const double weights[] = {0.9, -1.4, 0.9, -1.4};
    const neuron both[] = {plain, plain};
    study s = network(2, both, weights, NULL, NULL);
    ck_assert_uint_eq(s.n, 1);
    const double rate = study_rate(&s, 0);
    double list[2 * PAIRS * MOST], found[2 * PAIRS];
    size_t at = append(list, 0, &plain, -0.5, 0, 0, 0, rate, 1, 6);
    at = append(list, at, &plain, 0, -0.5, 0, 0, rate, 1, 6);
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 8));
    same(found, list, at / 2, 8, 1e-9);
    study_free(&s);
}
END_TEST

/* Where neurons hardly fire, all populations have nearly the eigenvalues −1, −2, … of the free process. */
START_TEST(rarely_firing)
{
    for (size_t n = 2; n <= 4; n++) identical(n, &rare, 0.5, 0.3, 0, 0, 8);
}
END_TEST

/* ---- networks without loops ---- */

/* One population of a network in its state, alone: with the drive that the others give it. */
static size_t append_held(double *list, size_t at, const study *of, const neuron *neurons, size_t n, size_t p,
                          const double *weights, size_t pairs)
{
    double rates[MOST];
    neuron alone = neurons[p];
    OK(of->context, npde_steady_rates(of->steady, 0, rates, n));
    for (size_t q = 0; q < n; q++) alone.drive += weights[p * n + q] * rates[q];
    return append(list, at, &alone, 0, 0, 0, 0, rates[p], 1, pairs);
}

START_TEST(a_chain_with_long_delays)
{
    const neuron chain[] = {
        plain,
        driven,
        late,
        {.reset = -1, .threshold = 0, .diffusion = 0.5, .drive = 0.2, .refractory = NPDE_REFRACTORY_NONE}};
    double weights[16] = {0}, delays[16] = {0}, list[2 * PAIRS * MOST], found[2 * PAIRS];
    for (size_t p = 1; p < 4; p++)
        for (size_t q = 0; q < p; q++) {
            weights[p * 4 + q] = p == q + 1 ? 1.5 : -0.7;
            delays[p * 4 + q] = 20 + (double)q;
        }
    study s = network(4, chain, weights, NULL, delays);
    ck_assert_uint_eq(s.n, 1);
    size_t at = 0;
    for (size_t p = 0; p < 4; p++) at = append_held(list, at, &s, chain, 4, p, weights, 6);
    qsort(list, at / 2, 2 * sizeof *list, descending);
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 10));
    same(found, list, at / 2, 10, 1e-9);
    for (size_t i = 0; i < 10; i++) NEAR(found[2 * i], list[2 * i], 1e-8 * (1 + fabs(list[2 * i])));
    study_free(&s);
}
END_TEST

/* Two loops, the first of which feeds the second: the eigenvalues of both. */
START_TEST(loops_in_a_row)
{
    const neuron four[] = {plain, driven, plain, late};
    double weights[16] = {0}, delays[16] = {0}, list[2 * PAIRS * MOST], found[2 * PAIRS], rates[4];
    const double loop[2][4] = {{0.3, -1, 0.5, -0.2}, {0.2, -0.6, 0.9, 0}};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < 4; i++) {
            weights[(2 * k + i / 2) * 4 + 2 * k + i % 2] = loop[k][i];
            delays[(2 * k + i / 2) * 4 + 2 * k + i % 2] = 0.3 * (double)i;
        }
    for (size_t i = 0; i < 4; i++) {
        weights[(2 + i / 2) * 4 + i % 2] = 0.4;
        delays[(2 + i / 2) * 4 + i % 2] = 30;
    }
    study s = network(4, four, weights, NULL, delays);
    ck_assert_uint_eq(s.n, 1);
    OK(s.context, npde_steady_rates(s.steady, 0, rates, 4));
    for (size_t k = 0; k < 2; k++) {
        neuron two[] = {four[2 * k], four[2 * k + 1]};
        const double some[] = {0, 0.3, 0.6, 0.9};
        for (size_t i = 0; i < 2 && k == 1; i++) two[i].drive += 0.4 * (rates[0] + rates[1]);
        study pair = network(2, two, loop[k], NULL, some);
        ck_assert_uint_eq(pair.n, 1);
        OK(pair.context, npde_steady_eigenvalues(pair.steady, 0, list + k * 20, 10));
        study_free(&pair);
    }
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 10));
    qsort(list, 20, 2 * sizeof *list, descending);
    same(found, list, 20, 10, 1e-9);
    for (size_t i = 0; i < 10; i++) NEAR(found[2 * i], list[2 * i], 1e-8 * (1 + fabs(list[2 * i])));
    study_free(&s);
}
END_TEST

/* Strong weights that nearly cancel, one way rare and the other often: what counts is the strength of a loop. */
START_TEST(a_loop_of_a_strong_and_a_weak_link)
{
    const neuron pair[] = {driven, rare};
    const double weights[] = {0, -3e4, 1e-2, 0}, delays[] = {0, 0.5, 0.5, 0};
    study s = network(2, pair, weights, NULL, delays);
    double found[12], more[16];
    ck_assert_uint_eq(s.n, 1);
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, 6));
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, more, 8));
    for (size_t i = 0; i < 12; i++) NEAR(found[i], more[i], 1e-9 * (1 + fabs(more[i])));
    study_free(&s);
}
END_TEST

/* What cannot be counted is refused soon, and the text says why. */
START_TEST(too_long_to_count)
{
    const double weight = -3, delay = 1e7;
    study s = network(1, &plain, &weight, NULL, &delay);
    double pair[2] = {7, 7};
    ANSWERS(s.context, NPDE_ERR_SIZE, npde_steady_eigenvalues(s.steady, 0, pair, 1));
    ck_assert_ptr_nonnull(strstr(npde_context_error(s.context), "delays up to 1e+07"));
    study_free(&s);
    const neuron both[] = {plain, plain};
    const double weights[] = {40, -50, 40, -50}, delays[] = {300, 300, 300, 300};
    s = network(2, both, weights, NULL, delays);
    ANSWERS(s.context, NPDE_ERR_TOO_MANY_STEPS, npde_steady_eigenvalues(s.steady, 0, pair, 1));
    ck_assert_ptr_nonnull(strstr(npde_context_error(s.context), "delays up to 300"));
    ck_assert_double_eq(pair[0], 7);
    study_free(&s);
}
END_TEST

/*
 * Noise that answers with a delay: eigenvalues gather at Re s = ln c/d, c = a1 N/a times the mass that does not wait. Those to the
 * right are found, and those to the left are not counted.
 */
START_TEST(delayed_noise)
{
    const double weight = -1, noise = 0.1, delay = 0.8;
    study s = network(1, &driven, &weight, &noise, &delay);
    ck_assert_uint_eq(s.n, 1);
    const double rate = study_rate(&s, 0), diffusion = driven.diffusion + noise * rate,
                 line = log(noise * rate / diffusion * (1 - rate * driven.tau)) / delay;
    double found[2 * PAIRS];
    size_t n = 0;
    npde_status status = NPDE_OK;
    for (size_t pairs = 1; pairs < PAIRS && status == NPDE_OK; pairs++) {
        status = npde_steady_eigenvalues(s.steady, 0, found, pairs);
        if (status == NPDE_OK) n = pairs;
    }
    ck_assert_int_eq(status, NPDE_ERR_SIZE);
    ck_assert_ptr_nonnull(strstr(npde_context_error(s.context), "delay"));
    ck_assert_uint_gt(n, 0);
    OK(s.context, npde_steady_eigenvalues(s.steady, 0, found, n));
    for (size_t i = 0; i < n; i++) ck_assert_double_gt(found[2 * i], line - 0.5);
    study_free(&s);
}
END_TEST

MAIN("networks", identical_populations, nearly_identical_eigenvalues, equal_rows, rarely_firing,
     a_chain_with_long_delays, loops_in_a_row, a_loop_of_a_strong_and_a_weak_link, too_long_to_count, delayed_noise)
