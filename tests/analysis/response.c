/* SPDX-License-Identifier: BSD-3-Clause
 * Linear response against its closed form, against formulas that build networks from it, and against driven runs; spectra of
 * finite networks against renewal theory. */
#include "study.h"

#include "reference.h"

#include <complex.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static const struct {
    double reset, threshold, drive, a, static_drive, static_noise, rate, cv;
} sets[] = {
    {1, 2, 0, 1, .2104896777949897, .2355144234304804, 0.11997596523910496621, 1.19635455595851805},
    {0, 1, 0, 0.2, .253039734983319, .6600366207953459, 0.062578922255561259143, 0.980433954335335836},
    {0, 1, 1.5, 0.02, 1.060722678467275, 1.256942545544339, 0.93731986437368370259, 0.227833111554666691},
    {-1, 0, 0, 1, .7347020281808428, .4030297892435784, 1.1087605232141944015, 1.02287812748061522},
};

static problem problem_of_set(int k)
{
    return (problem){
        .reset = sets[k].reset, .threshold = sets[k].threshold, .drive = sets[k].drive, .diffusion = sets[k].a};
}

static npde_response *response_of(const study *s, size_t index)
{
    npde_response *r;
    OK(s->context, npde_response_new(s->steady, index, &r));
    return r;
}

static double complex at(const study *s, npde_response *r, npde_id input, double omega)
{
    double x[2];
    OK(s->context, npde_response_rate(r, input, 0, &omega, 1, x));
    return x[0] + x[1] * _Complex_I;
}

static void check_table(int together)
{
    enum { ROWS = sizeof response_table / sizeof response_table[0] };
    for (int k = 0; k < 4; k++) {
        const problem p = problem_of_set(k);
        study s = study_of(&p);
        npde_response *r = response_of(&s, 0);
        double omega[ROWS], drive[2 * ROWS], noise[2 * ROWS];
        size_t n = 0;
        for (size_t i = 0; i < ROWS; i++)
            if (response_table[i].set == k) omega[n++] = response_table[i].omega;
        for (size_t i = 0; i < n; i += together ? n : 1) {
            OK(s.context, npde_response_rate(r, NPDE_INPUT_DRIVE, 0, omega + i, together ? n : 1, drive + 2 * i));
            OK(s.context, npde_response_rate(r, NPDE_INPUT_DIFFUSION, 0, omega + i, together ? n : 1, noise + 2 * i));
        }
        for (size_t i = 0, at_row = 0; i < ROWS; i++) {
            if (response_table[i].set != k) continue;
            const double *d = response_table[i].drive, *e = response_table[i].noise;
            NEAR(hypot(drive[2 * at_row] - d[0], drive[2 * at_row + 1] - d[1]) / hypot(d[0], d[1]), 0, 5e-10);
            NEAR(hypot(noise[2 * at_row] - e[0], noise[2 * at_row + 1] - e[1]) / hypot(e[0], e[1]), 0, 5e-10);
            at_row++;
        }
        npde_response_free(r);
        study_free(&s);
    }
}

/* Five decades of frequency, one by one (grids grow finer on the way) and all at once. */
START_TEST(closed_form_over_five_decades)
{
    check_table(0);
    check_table(1);
}
END_TEST

/* Frequencies at which no grid would do, against the closed form in 75 digits and more, and its limits N/√(iωa), N/a. */
START_TEST(fast_modulation)
{
    static const struct {
        double omega, drive[2], noise[2];
    } rows[] = {
        {1e4, {0.000848423305934599477, -0.000860292148867750084}, {0.121672979076421708, -0.00169641938658140275}},
        {1e5, {0.000268276440974931523, -0.000269472161513953365}, {0.120512523462400361, -0.00053653943808747822}},
        {1e6, {0.0000848358823767402557, -0.0000849557309382813394}, {0.120145637173289665, -0.000169671340273980853}},
    };
    const problem p = problem_of_set(0);
    study s = study_of(&p);
    npde_response *r = response_of(&s, 0);
    for (size_t k = 0; k < 3; k++)
        for (int sign = -1; sign <= 1; sign += 2) {
            const double complex d = rows[k].drive[0] + sign * rows[k].drive[1] * _Complex_I,
                                 e = rows[k].noise[0] + sign * rows[k].noise[1] * _Complex_I;
            NEAR(cabs(at(&s, r, NPDE_INPUT_DRIVE, sign * rows[k].omega) / d - 1), 0, 1e-14);
            NEAR(cabs(at(&s, r, NPDE_INPUT_DIFFUSION, sign * rows[k].omega) / e - 1), 0, 1e-14);
        }
    npde_response_free(r);
    study_free(&s);
    for (int k = 0; k < 4; k++) {
        const problem q = problem_of_set(k);
        s = study_of(&q);
        r = response_of(&s, 0);
        for (double omega = 1e6; omega < 1e200; omega *= 1e6) {
            const double complex limit = sets[k].rate / csqrt(q.diffusion * omega * _Complex_I);
            NEAR(cabs(at(&s, r, NPDE_INPUT_DRIVE, omega) / limit - 1), 0, 3 / sqrt(omega) + 1e-14);
            NEAR(cabs(at(&s, r, NPDE_INPUT_DIFFUSION, omega) * q.diffusion / sets[k].rate - 1), 0,
                 5 / sqrt(omega) + 1e-14);
        }
        const double beyond = 1e201;
        double x[2];
        ANSWERS(s.context, NPDE_ERR_RANGE, npde_response_rate(r, NPDE_INPUT_DRIVE, 0, &beyond, 1, x));
        npde_response_free(r);
        study_free(&s);
    }
}
END_TEST

/*
 * Where the closed form takes over from the grid nothing jumps: along a geometric sequence the sixth differences of ln R
 * are small.
 */
START_TEST(closed_form_and_grid_agree)
{
    enum { STEPS = 64 };
    static const double bend[] = {1, -6, 15, -20, 15, -6, 1};
    for (int k = 0; k < 4; k++) {
        const problem p = problem_of_set(k);
        study s = study_of(&p);
        npde_response *r = response_of(&s, 0);
        for (npde_id input = NPDE_INPUT_DRIVE; input <= NPDE_INPUT_DIFFUSION; input++) {
            double complex x[STEPS];
            for (int i = 0; i < STEPS; i++) x[i] = clog(at(&s, r, input, 300 * pow(1.06, i)));
            for (int i = 0; i + 6 < STEPS; i++) {
                double complex sum = 0;
                for (int j = 0; j < 7; j++) sum += bend[j] * x[i + j];
                NEAR(cabs(sum), 0, 1e-8);
            }
        }
        npde_response_free(r);
        study_free(&s);
    }
}
END_TEST

/* An answer does not depend on what was asked before it: not in one bit. */
START_TEST(order_of_calls_does_not_matter)
{
    const problem kinds[] = {
        {.reset = 1, .threshold = 2, .diffusion = 1, .connectivity = -1, .delay = 0.3},
        {.reset = 0, .threshold = 1, .diffusion = 0.5, .drive = 0.5, .discharge = NPDE_DISCHARGE_STEP, .kappa = 10}};
    const double omega[] = {0, 0.3, 7, 80, 2e3, 5e4, 1e7};
    enum { N = sizeof omega / sizeof omega[0] };
    for (size_t k = 0; k < 2; k++) {
        study s = study_of(&kinds[k]);
        npde_response *up = response_of(&s, 0), *down = response_of(&s, 0), *once = response_of(&s, 0);
        double complex first[N];
        double all[2 * N], power[N], one;
        const double neurons = 1000;
        OK(s.context, npde_response_rate(once, NPDE_INPUT_DRIVE, 0, omega, N, all));
        OK(s.context, npde_response_spectrum(once, &neurons, 1, omega, N, power));
        for (size_t i = 0; i < N; i++) first[i] = at(&s, up, NPDE_INPUT_DRIVE, omega[i]);
        for (size_t i = N; i-- > 0;) {
            ck_assert(first[i] == at(&s, down, NPDE_INPUT_DRIVE, omega[i]));
            ck_assert(creal(first[i]) == all[2 * i] && cimag(first[i]) == all[2 * i + 1]);
            OK(s.context, npde_response_spectrum(down, &neurons, 1, omega + i, 1, &one));
            ck_assert_double_eq(one, power[i]);
        }
        npde_response_free(up);
        npde_response_free(down);
        npde_response_free(once);
        study_free(&s);
    }
}
END_TEST

/* Without a closed form a frequency may be too large for a grid: that is said, and the response stays as it was. */
START_TEST(too_fast_for_a_grid)
{
    const problem p = {
        .reset = 0, .threshold = 1, .diffusion = 0.5, .drive = 0.5, .discharge = NPDE_DISCHARGE_STEP, .kappa = 10};
    study s = study_of(&p);
    npde_response *r = response_of(&s, 0);
    const double complex before = at(&s, r, NPDE_INPUT_DRIVE, 2);
    double x[2] = {7, 7};
    for (double omega = 1e15; omega < 1e300; omega *= 1e50) {
        ANSWERS(s.context, NPDE_ERR_RANGE, npde_response_rate(r, NPDE_INPUT_DRIVE, 0, &omega, 1, x));
        ck_assert_ptr_nonnull(strstr(npde_context_error(s.context), "too large"));
        ck_assert_double_eq(x[0], 7);
    }
    ck_assert(before == at(&s, r, NPDE_INPUT_DRIVE, 2));
    /* As far as answers go, ω R tends to a constant: κ P(V_F) for drive, and for noise −κ ∂P(V_F). */
    const double refused[] = {4e8, 1e5};
    for (npde_id input = NPDE_INPUT_DRIVE; input <= NPDE_INPUT_DIFFUSION; input++) {
        const int noise = input == NPDE_INPUT_DIFFUSION;
        const double few = noise ? 1e4 : 1e7, many = noise ? 3e4 : 1e8;
        NEAR(few * cabs(at(&s, r, input, few)) / (many * cabs(at(&s, r, input, many))), 1, 3 / sqrt(few));
        ANSWERS(s.context, NPDE_ERR_RANGE, npde_response_rate(r, input, 0, &refused[noise], 1, x));
        ck_assert_ptr_nonnull(strstr(npde_context_error(s.context), noise ? "answer to noise" : "answer to drive"));
        ck_assert_double_eq(x[0], 7);
    }
    npde_response_free(r);
    study_free(&s);
}
END_TEST

START_TEST(static_gains_and_symmetry)
{
    for (int k = 0; k < 4; k++) {
        const problem p = problem_of_set(k);
        study s = study_of(&p);
        npde_response *r = response_of(&s, 0);
        NEAR(cabs(at(&s, r, NPDE_INPUT_DRIVE, 0) - sets[k].static_drive), 0, 1e-12);
        NEAR(cabs(at(&s, r, NPDE_INPUT_DIFFUSION, 0) - sets[k].static_noise), 0, 1e-12);
        NEAR(cabs(at(&s, r, NPDE_INPUT_DRIVE, -3) - conj(at(&s, r, NPDE_INPUT_DRIVE, 3))), 0, 1e-14);
        /* High frequency: N/√(a i ω), N/a. */
        const double omega = 1e6;
        NEAR(cabs(at(&s, r, NPDE_INPUT_DRIVE, omega) / (sets[k].rate / csqrt(sets[k].a * omega * _Complex_I)) - 1), 0,
             0.02);
        NEAR(cabs(at(&s, r, NPDE_INPUT_DIFFUSION, omega) / (sets[k].rate / sets[k].a) - 1), 0, 0.02);
        npde_response_free(r);
        study_free(&s);
    }
}
END_TEST

/* In a network R/(1 − (b R_drive + a1 R_noise) e^{−iωd}), with the responses of the neuron alone. */
START_TEST(networks_from_neurons)
{
    const problem problems[] = {
        {.reset = 1, .threshold = 2, .diffusion = 1, .connectivity = 0.5, .noise = 0.1},
        {.reset = 1, .threshold = 2, .diffusion = 1, .connectivity = 1.5, .delay = 0.1},
        {.reset = 0, .threshold = 1, .diffusion = 0.2, .connectivity = -10, .noise = 0.05, .delay = 1},
        {.reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 1.5,
         .refractory = NPDE_REFRACTORY_FIXED,
         .tau = 0.2},
        {.reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .connectivity = 1.5,
         .refractory = NPDE_REFRACTORY_EXPONENTIAL,
         .tau = 0.2,
         .noise = 0.1,
         .delay = 0.3},
    };
    for (size_t k = 0; k < sizeof problems / sizeof problems[0]; k++) {
        const problem *p = &problems[k];
        study s = study_of(p);
        const double rate = study_rate(&s, 0);
        /* The neuron alone, in the same state, without coupling. */
        problem alone = *p;
        alone.drive += p->connectivity * rate;
        alone.diffusion += p->noise * rate;
        alone.connectivity = alone.noise = alone.delay = 0;
        study t = study_of(&alone);
        npde_response *r = response_of(&s, 0), *q = response_of(&t, 0);
        for (double omega = 0; omega < 50; omega = 1.7 * omega + 0.1) {
            const double complex drive = at(&t, q, NPDE_INPUT_DRIVE, omega),
                                 noise = at(&t, q, NPDE_INPUT_DIFFUSION, omega);
            const double complex loop =
                (p->connectivity * drive + p->noise * noise) * cexp(-omega * p->delay * _Complex_I);
            NEAR(cabs(at(&s, r, NPDE_INPUT_DRIVE, omega) - drive / (1 - loop)), 0, 1e-11);
            NEAR(cabs(at(&s, r, NPDE_INPUT_DIFFUSION, omega) - noise / (1 - loop)), 0, 1e-11);
            NEAR(cabs(at(&s, r, NPDE_INPUT_DRIVE_ALONE, omega) - drive), 0, 1e-11);
            NEAR(cabs(at(&s, r, NPDE_INPUT_DIFFUSION_ALONE, omega) - noise), 0, 1e-11);
        }
        npde_response_free(r);
        npde_response_free(q);
        study_free(&s);
        study_free(&t);
    }
}
END_TEST

/* A refractory time only changes what re-enters: R (1 − ρ)/(1 − κρ) N'/N, ρ the transform of the first-passage time. */
START_TEST(refractory_neurons_from_others)
{
    const problem p = problem_of_set(2);
    study s = study_of(&p);
    npde_response *r = response_of(&s, 0);
    for (int fixed = 0; fixed < 2; fixed++) {
        problem held = p;
        held.tau = 0.3;
        held.refractory = fixed ? NPDE_REFRACTORY_FIXED : NPDE_REFRACTORY_EXPONENTIAL;
        study t = study_of(&held);
        npde_response *q = response_of(&t, 0);
        const double slower = study_rate(&t, 0) / study_rate(&s, 0);
        NEAR(slower, 1 / (1 + held.tau * sets[2].rate), 1e-14);
        /* ρ from the ratio at two frequencies would be a test of itself; renewal theory gives it: S M/N = Re (1 + ρ)/(1 − ρ). */
        for (double omega = 0.5; omega < 30; omega *= 1.9) {
            const double complex s_ = omega * _Complex_I,
                                 kappa = fixed ? cexp(-s_ * held.tau) : 1 / (1 + s_ * held.tau);
            const double complex ratio =
                at(&t, q, NPDE_INPUT_DRIVE, omega) / at(&s, r, NPDE_INPUT_DRIVE, omega) / slower;
            /* ratio = (1 − ρ)/(1 − κρ) gives ρ, which both inputs and both spectra must share. */
            const double complex rho = (1 - ratio) / (1 - kappa * ratio);
            const double complex other =
                at(&t, q, NPDE_INPUT_DIFFUSION, omega) / at(&s, r, NPDE_INPUT_DIFFUSION, omega);
            NEAR(cabs(other / slower - ratio), 0, 1e-11);
            double power;
            const double one = 1;
            OK(s.context, npde_response_spectrum(r, &one, 1, &omega, 1, &power));
            NEAR(power / sets[2].rate, creal((1 + rho) / (1 - rho)), 1e-10);
            OK(t.context, npde_response_spectrum(q, &one, 1, &omega, 1, &power));
            NEAR(power / (slower * sets[2].rate), creal((1 + kappa * rho) / (1 - kappa * rho)), 1e-10);
        }
        npde_response_free(q);
        study_free(&t);
    }
    npde_response_free(r);
    study_free(&s);
}
END_TEST

/* Renewal theory: S → N CV²/M at low frequency, N/M at high; a dead time makes N (1 − Nτ)² CV². */
START_TEST(finite_size_spectra)
{
    for (int k = 0; k < 4; k++) {
        const problem p = problem_of_set(k);
        study s = study_of(&p);
        npde_response *r = response_of(&s, 0);
        const double omega[] = {0, 1e-6, 1e6}, neurons = 1000;
        double power[3];
        OK(s.context, npde_response_spectrum(r, &neurons, 1, omega, 3, power));
        const double low = sets[k].rate * sets[k].cv * sets[k].cv / neurons;
        NEAR(power[0] / low, 1, 1e-9);
        NEAR(power[1] / low, 1, 1e-9);
        NEAR(power[2] / (sets[k].rate / neurons), 1, 5e-3);
        npde_response_free(r);
        study_free(&s);
        for (int fixed = 0; fixed < 2; fixed++) { /* variance of the interval: that of T, and τ² if exponential */
            problem held = p;
            held.tau = 0.2;
            held.refractory = fixed ? NPDE_REFRACTORY_FIXED : NPDE_REFRACTORY_EXPONENTIAL;
            study t = study_of(&held);
            r = response_of(&t, 0);
            OK(t.context, npde_response_spectrum(r, &neurons, 1, omega, 1, power));
            const double deviation = sets[k].cv / sets[k].rate, rate = 1 / (1 / sets[k].rate + held.tau);
            const double variance = deviation * deviation + (fixed ? 0 : held.tau * held.tau);
            NEAR(power[0] / (rate * rate * rate * variance / neurons), 1, 1e-9);
            npde_response_free(r);
            study_free(&t);
        }
    }
}
END_TEST

/* With coupling the spectrum is that without, times the squared gain of the loop. */
START_TEST(spectra_of_networks)
{
    const double weights[] = {0.6, -1.5, 1.1, -0.4}, delays[] = {0.1, 0.2, 0.3, 0}, sizes[] = {400, 100},
                 omega[] = {0, 0.7, 3};
    npde_context *c;
    npde_model *m;
    npde_steady *steady;
    npde_response *r, *alone[2];
    size_t n;
    OK(c, npde_context_new(&c));
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, 2, &m));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
    OK(c, npde_model_set_matrix(m, NPDE_MATRIX_DELAYS, delays, 2, 2));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DRIVE, 1));
    OK(c, npde_steady_new(m, NULL, &steady));
    OK(c, npde_steady_solve(steady, &n));
    ck_assert_uint_eq(n, 1);
    double rates[2], power[6], own[2][3], drive[2][6], together[12];
    OK(c, npde_steady_rates(steady, 0, rates, 2));
    OK(c, npde_response_new(steady, 0, &r));
    OK(c, npde_response_spectrum(r, sizes, 2, omega, 3, power));
    /* The populations alone. */
    for (int p = 0; p < 2; p++) {
        npde_model *single;
        npde_steady *state;
        OK(c, npde_model_new(c, NPDE_MODEL_LIF, 1, &single));
        OK(c,
           npde_model_set(single, 0, NPDE_PARAM_DRIVE, 1 + weights[2 * p] * rates[0] + weights[2 * p + 1] * rates[1]));
        OK(c, npde_steady_new(single, NULL, &state));
        OK(c, npde_steady_solve(state, &n));
        OK(c, npde_response_new(state, 0, &alone[p]));
        OK(c, npde_response_spectrum(alone[p], &sizes[p], 1, omega, 3, own[p]));
        OK(c, npde_response_rate(alone[p], NPDE_INPUT_DRIVE, 0, omega, 3, drive[p]));
        npde_steady_free(state);
        npde_model_free(single);
    }
    OK(c, npde_response_rate(r, NPDE_INPUT_DRIVE, NPDE_ALL, omega, 3, together));
    for (int i = 0; i < 3; i++) {
        double complex loop[2][2], gain[2][2];
        for (int p = 0; p < 2; p++)
            for (int q = 0; q < 2; q++)
                loop[p][q] = (p == q) - weights[2 * p + q] * cexp(-omega[i] * delays[2 * p + q] * _Complex_I) *
                                            (drive[p][2 * i] + drive[p][2 * i + 1] * _Complex_I);
        const double complex det = loop[0][0] * loop[1][1] - loop[0][1] * loop[1][0];
        gain[0][0] = loop[1][1] / det;
        gain[1][1] = loop[0][0] / det;
        gain[0][1] = -loop[0][1] / det;
        gain[1][0] = -loop[1][0] / det;
        for (int p = 0; p < 2; p++) {
            double expected = 0;
            double complex response = 0;
            for (int q = 0; q < 2; q++) {
                expected += cabs(gain[p][q]) * cabs(gain[p][q]) * own[q][i];
                response += gain[p][q] * (drive[q][2 * i] + drive[q][2 * i + 1] * _Complex_I);
            }
            NEAR(power[2 * i + p] / expected, 1, 1e-10);
            NEAR(cabs(together[4 * i + 2 * p] + together[4 * i + 2 * p + 1] * _Complex_I - response), 0, 1e-11);
        }
    }
    npde_response_free(alone[0]);
    npde_response_free(alone[1]);
    npde_response_free(r);
    npde_steady_free(steady);
    npde_model_free(m);
    npde_context_free(c);
}
END_TEST

/* ---- against driven runs ---- */

typedef struct {
    double omega, size;
    int noise;
} swing;

static int32_t modulate(double t, size_t n_pop, const double *rate, double *drive, double *diffusion, void *user)
{
    const swing *s = user;
    (void)n_pop, (void)rate;
    (s->noise ? diffusion : drive)[0] += s->size * cos(s->omega * t);
    return 0;
}

/* Fourier component of the rate over whole periods, after the transient has gone; its even harmonics go with size². */
static double complex driven(study *s, double omega, int noise)
{
    enum { SAMPLES = 64 };
    swing with = {omega, 1e-4, noise};
    npde_solver *solver;
    const double period = 2 * pi / omega, wait = ceil(16 / period) * period;
    double times[SAMPLES], rates[SAMPLES];
    double complex sum = 0;
    OK(s->context, npde_model_set_coupling(s->model, modulate, &with, NULL));
    OK(s->context, npde_model_set(s->model, 0, NPDE_PARAM_DRIVE_SWING, 1e-3));
    OK(s->context, npde_solver_new(s->model, NULL, NPDE_METHOD_RODAS5P, &solver));
    OK(s->context, npde_solver_set(solver, NPDE_OPTION_RTOL, 1e-9));
    OK(s->context, npde_solver_set(solver, NPDE_OPTION_ATOL, 1e-12));
    double mean, reset;
    OK(s->context, npde_model_get(s->model, 0, NPDE_PARAM_V_RESET, &reset));
    mean = reset - 0.5;
    OK(s->context, npde_solver_set_gaussian(solver, 0, mean, 0.1));
    OK(s->context, npde_solver_set_past_rate(solver, 0, study_rate(s, 0)));
    OK(s->context, npde_solver_start(solver, 0));
    for (int i = 0; i < SAMPLES; i++) times[i] = wait + period * i / SAMPLES;
    OK(s->context, npde_solver_sample(solver, times, SAMPLES, rates));
    for (int i = 0; i < SAMPLES; i++) sum += 2 * rates[i] * cexp(-omega * times[i] * _Complex_I) / SAMPLES;
    npde_solver_free(solver);
    OK(s->context, npde_model_set_coupling(s->model, NULL, NULL, NULL));
    return sum / with.size;
}

START_TEST(driven_runs)
{
    const problem problems[] = {
        {.reset = 1, .threshold = 2, .diffusion = 1, .connectivity = 0.5, .noise = 0.1},
        {.reset = 1, .threshold = 2, .diffusion = 1, .connectivity = -4, .delay = 0.4},
        {.reset = 1, .threshold = 2, .diffusion = 1, .drive = 2, .refractory = NPDE_REFRACTORY_FIXED, .tau = 0.2},
        {.reset = 1,
         .threshold = 2,
         .diffusion = 1,
         .drive = 1,
         .discharge = NPDE_DISCHARGE_STEP,
         .kappa = 10,
         .refractory = NPDE_REFRACTORY_EXPONENTIAL,
         .tau = 0.2},
    };
    for (size_t k = 0; k < sizeof problems / sizeof problems[0]; k++)
        for (int noise = 0; noise < 2; noise++) {
            study s = study_of(&problems[k]);
            npde_response *r = response_of(&s, 0);
            const double omega = 2.5;
            const double complex expected = at(&s, r, noise ? NPDE_INPUT_DIFFUSION : NPDE_INPUT_DRIVE, omega);
            const double complex found = driven(&s, omega, noise);
            ck_assert_msg(cabs(found - expected) <= 1e-4 * cabs(expected),
                          "problem %zu, noise %d: %g%+gi and not %g%+gi", k, noise, creal(found), cimag(found),
                          creal(expected), cimag(expected));
            npde_response_free(r);
            study_free(&s);
        }
}
END_TEST

/* A response keeps all it needs. */
START_TEST(a_response_outlives_its_study)
{
    const problem p = problem_of_set(0);
    study s = study_of(&p);
    npde_response *r = response_of(&s, 0);
    const double complex before = at(&s, r, NPDE_INPUT_DRIVE, 300);
    npde_model_free(s.model);
    npde_steady_free(s.steady);
    s.model = NULL;
    s.steady = NULL;
    NEAR(cabs(at(&s, r, NPDE_INPUT_DRIVE, 300) - before), 0, 0);
    npde_context_free(s.context);
    double omega = 1, x[2];
    ck_assert_int_eq(npde_response_rate(r, NPDE_INPUT_DRIVE, 0, &omega, 1, x), NPDE_OK);
    npde_response_free(r);
}
END_TEST

MAIN("response", fast_modulation, closed_form_and_grid_agree, order_of_calls_does_not_matter, too_fast_for_a_grid,
     closed_form_over_five_decades, static_gains_and_symmetry, networks_from_neurons, refractory_neurons_from_others,
     finite_size_spectra, spectra_of_networks, driven_runs, a_response_outlives_its_study)
