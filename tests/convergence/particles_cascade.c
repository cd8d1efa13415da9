/* SPDX-License-Identifier: BSD-3-Clause
 * Cascades of particles: by hand, against the jump of the equation, without an end, over random networks. */
#include "problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static npde_context *c;

static void set_up(void)
{
    ck_assert_int_eq(npde_context_new(&c), NPDE_OK);
}

static void tear_down(void)
{
    npde_context_free(c);
}

/* Noisy leaky neurons with V_R = 1 and V_F = 2. */
static npde_model *network(size_t n_pop)
{
    npde_model *m;
    OK(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, n_pop, &m));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_V_RESET, 1));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_V_THRESHOLD, 2));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DRIVE, 0));
    OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DIFFUSION, 1));
    return m;
}

/*
 * A cascade by hand (five neurons, b = 1, at 2, 1.85, 1.7, 1.35, 0.9): generations {1}, {2}, {3}; then 1.6, 1.45, 1.3,
 * 1.95, 1.5. A step of 1e-9 without drift or noise to speak of is an instant.
 */
START_TEST(a_cascade_goes_by_generations)
{
    const double v[5] = {2, 1.85, 1.7, 1.35, 0.9}, after[5] = {1.6, 1.45, 1.3, 1.95, 1.5};
    for (int threads = 1; threads <= 2; threads++) {
        npde_model *m = network(1);
        OK(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, 1e-12));
        OK(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, 1));
        npde_particles *p;
        OK(c, npde_particles_new(m, 5, 1, &p));
        OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 1e-9));
        OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_THREADS, threads));
        OK(c, npde_particles_set_potentials(p, 0, v, 5));
        OK(c, npde_particles_start(p, 0));
        OK(c, npde_particles_advance(p, 1e-9, NULL));
        double out[5], largest, when;
        int64_t spikes, generations, cascades, sizes[4];
        OK(c, npde_particles_potentials(p, 0, out, 5));
        for (int i = 0; i < 5; i++) NEAR(out[i], after[i], 1e-8);
        OK(c, npde_particles_spikes(p, &spikes, 1));
        OK(c, npde_particles_count(p, NPDE_PARTICLE_COUNT_GENERATIONS, &generations));
        OK(c, npde_particles_count(p, NPDE_PARTICLE_COUNT_CASCADES, &cascades));
        OK(c, npde_particles_cascade_sizes(p, sizes, 4));
        OK(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_LARGEST_CASCADE, &largest));
        OK(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_LARGEST_CASCADE_TIME, &when));
        ck_assert_int_eq(spikes, 3);
        ck_assert_int_eq(generations, 2); /* beyond the first neuron */
        ck_assert_int_eq(cascades, 1);
        ck_assert(sizes[0] == 0 && sizes[1] == 1 && sizes[2] == 0 && sizes[3] == 0);
        NEAR(largest, 0.6, 1e-15);
        NEAR(when, 1e-9, 1e-24);
        npde_particles_free(p);
        npde_model_free(m);
    }
}
END_TEST

/*
 * A jump of a whole network: potentials on the ramp n = 2(v − V_F + L)/L², L = 1, b = 0.8: a share (2b/L − 1) L²/b² =
 * 0.9375 fires at one instant (all of the ramp, one neuron at the threshold sets it off).
 */
START_TEST(a_jump_has_the_size_of_the_equation)
{
    enum { N = 100000 };
    npde_model *m = network(1);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_DIFFUSION, 1e-12));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, 0.8));
    double *v = malloc(N * sizeof *v), largest;
    for (size_t i = 0; i < N; i++) v[i] = 1 + sqrt(((double)i + 1) / N);
    npde_particles *p;
    OK(c, npde_particles_new(m, N, 1, &p));
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 1e-9));
    OK(c, npde_particles_set_potentials(p, 0, v, N));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, 1e-9, NULL));
    OK(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_LARGEST_CASCADE, &largest));
    NEAR(largest, 0.9375, 2.0 / N);
    free(v);
    npde_particles_free(p);
    npde_model_free(m);
}
END_TEST

START_TEST(a_cascade_without_an_end_is_reported)
{
    enum { N = 1000 };
    npde_model *m = network(1);
    OK(c, npde_model_set(m, 0, NPDE_PARAM_CONNECTIVITY, 3));
    npde_particles *p;
    OK(c, npde_particles_new(m, N, 1, &p));
    OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 0.01));
    OK(c, npde_particles_set_gaussian(p, 0, 1.5, 0.01));
    OK(c, npde_particles_start(p, 0));
    double t = -1;
    ANSWERS(c, NPDE_ERR_CASCADE, npde_particles_advance(p, 10, &t));
    ck_assert(t > 0 && t < 1);
    ck_assert_ptr_nonnull(strstr(npde_context_error(c), "refractory"));
    ANSWERS(c, NPDE_ERR_CASCADE, npde_particles_advance(p, 10, NULL));
    int64_t spikes;
    OK(c, npde_particles_spikes(p, &spikes, 1));
    ck_assert_int_le(spikes, 2 * N);
    /* With a refractory state it ends. */
    OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY, NPDE_REFRACTORY_FIXED));
    OK(c, npde_model_set(m, 0, NPDE_PARAM_REFRACTORY_TIME, 0.5));
    OK(c, npde_particles_start(p, 0));
    OK(c, npde_particles_advance(p, 3, &t));
    double largest;
    OK(c, npde_particles_stat(p, NPDE_PARTICLE_STAT_LARGEST_CASCADE, &largest));
    ck_assert(largest > 0.5 && largest <= 1);
    npde_particles_free(p);
    npde_model_free(m);
}
END_TEST

/* A neuron fires at most once per cascade, and keeps within its bounds, over random networks. */
START_TEST(cascades_keep_their_rules)
{
    random_stream stream = {11};
    for (int trial = 0; trial < 20 + 180 * test_scale(); trial++) {
        const size_t n = (size_t)random_between(&stream, 1, 500);
        npde_model *m = network(2);
        const double weights[4] = {random_between(&stream, -1, 0.9), random_between(&stream, -1, 0.4),
                                   random_between(&stream, -1, 0.4), random_between(&stream, -1, 0.5)};
        OK(c, npde_model_set_matrix(m, NPDE_MATRIX_WEIGHTS, weights, 2, 2));
        OK(c, npde_model_set(m, NPDE_ALL, NPDE_PARAM_DIFFUSION, 1e-12));
        npde_particles *p;
        OK(c, npde_particles_new(m, n, (uint64_t)trial, &p));
        OK(c, npde_particles_set(p, NPDE_PARTICLE_OPTION_DT, 1e-9));
        double v[2][500], out[2][500];
        for (size_t q = 0; q < 2; q++) {
            for (size_t i = 0; i < n; i++) v[q][i] = random_between(&stream, 1, 2.001);
            OK(c, npde_particles_set_potentials(p, q, v[q], n));
        }
        OK(c, npde_particles_start(p, 0));
        const npde_status status = npde_particles_advance(p, 1e-9, NULL);
        if (status == NPDE_ERR_CASCADE) { /* weights of both populations may add up to more than the gap */
            npde_particles_free(p);
            npde_model_free(m);
            continue;
        }
        ck_assert_int_eq(status, NPDE_OK);
        int64_t spikes[2];
        OK(c, npde_particles_spikes(p, spikes, 2));
        for (size_t q = 0; q < 2; q++) {
            const double kick =
                (weights[2 * q] * (double)spikes[0] + weights[2 * q + 1] * (double)spikes[1]) / (double)n;
            OK(c, npde_particles_potentials(p, q, out[q], n));
            int64_t fired = 0;
            for (size_t i = 0; i < n; i++) {
                /* Who did not fire was kicked; who fired in the step came back at the reset, later ones lost the gap.
                 * */
                const double stays = v[q][i] + kick, falls = (v[q][i] >= 2 ? 1 : v[q][i] - 1) + kick;
                const int did = fabs(out[q][i] - falls) < fabs(out[q][i] - stays);
                NEAR(out[q][i], did ? falls : stays, 1e-7);
                if (!did) ck_assert(v[q][i] < 2 && (stays < 2 + 1e-9));
                fired += did;
            }
            ck_assert_int_eq(fired, spikes[q]);
        }
        npde_particles_free(p);
        npde_model_free(m);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_cascade_goes_by_generations, a_jump_has_the_size_of_the_equation,
                                  a_cascade_without_an_end_is_reported, cascades_keep_their_rules};
    return run_suite_with("cascades of particles", set_up, tear_down, tests, sizeof tests / sizeof tests[0]) != 0;
}
