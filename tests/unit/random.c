/* SPDX-License-Identifier: BSD-3-Clause
 * Random numbers: the generator by its published vectors, what is made of it by the laws it must have, each variant of
 * the kernels by plain code. */
#include "numerics/kernels.h"
#include "numerics/random.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EACH_VARIANT(k)                           \
    const npde__kernels *k = npde__kernels_at(0); \
    for (size_t k##_i = 0; (k = npde__kernels_at(k##_i)); k##_i++)

/* Known answers of Philox4x32-10 (Salmon et al., SC11, 2011; the last is digits of π). */
START_TEST(published_vectors)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        const uint64_t seed = (uint64_t)known[i].key[1] << 32 | known[i].key[0];
        const uint64_t step = (uint64_t)known[i].counter[3] << 32 | known[i].counter[2];
        const npde__random r = npde__random_draw(seed, step, known[i].counter[1], known[i].counter[0]);
        ck_assert_int_eq(memcmp(r.word, known[i].answer, sizeof r.word), 0);
    }
}
END_TEST

START_TEST(ends_of_the_range)
{
    ck_assert(npde__random_uniform(0) > 0 && npde__random_uniform(0xffffffff) < 1);
    NEAR(npde__random_exponential(0), 33 * log(2), 1e-14);
    ck_assert(npde__random_exponential(0xffffffff) > 0);
    double z[2];
    npde__random_normal(0, 0, z);
    NEAR(hypot(z[0], z[1]), sqrt(66 * log(2)), 1e-14);
    for (uint32_t second = 0; second < 64; second++) { /* all directions are as many, and both signs */
        double w[2];
        npde__random_normal(1234567, second << 26, z);
        npde__random_normal(1234567, second << 26 ^ 0x80000000u, w);
        ck_assert(z[0] == -w[0] && z[1] == -w[1]);
    }
}
END_TEST

/* The vectors make of the same words the same numbers: at random, and at the ends of what words can be. */
START_TEST(variants_agree_with_plain_code)
{
    enum { GROUPS = 40 };
    EACH_VARIANT(k)
    {
        double z[32 * GROUPS + 1];
        for (uint64_t trial = 0; trial < 200; trial++) {
            const uint64_t seed = trial * UINT64_C(0x9e3779b97f4a7c15), step = trial << (trial % 40);
            const uint32_t first = (uint32_t)(trial * 1000003), purpose = (uint32_t)trial * 7;
            z[32 * GROUPS] = 42;
            k->normals(seed, step, purpose, first, GROUPS, z);
            for (uint32_t i = 0; i < 8 * GROUPS; i++) {
                const npde__random r = npde__random_draw(seed, step, purpose, first + i);
                double n[4];
                npde__random_normal(r.word[0], r.word[1], n);
                npde__random_normal(r.word[2], r.word[3], n + 2);
                for (size_t j = 0; j < 4; j++) {
                    const double have = z[32 * (i / 8) + 8 * j + i % 8];
                    if (!(fabs(have - n[j]) < 1e-11)) ck_abort_msg("%s: %.17g, not %.17g", k->name, have, n[j]);
                }
            }
            ck_assert_double_eq(z[32 * GROUPS], 42);
        }
    }
}
END_TEST

/* Moments and the distribution function of very many normals, within four standard errors. */
START_TEST(normals_are_normal)
{
    enum { GROUPS = 1000, BINS = 64 };
    const npde__kernels *k = npde__kernels_best();
    const size_t rounds = 20 + (size_t)(380 * test_scale());
    const double n = 32.0 * GROUPS * (double)rounds;
    double *z = malloc(32 * GROUPS * sizeof *z), sum[5] = {0}, pairs = 0;
    double count[BINS] = {0};
    ck_assert_ptr_nonnull(z);
    for (size_t r = 0; r < rounds; r++) {
        k->normals(7, r, 3, 0, GROUPS, z);
        for (size_t i = 0; i < 32 * GROUPS; i++) {
            double power = 1;
            for (int m = 0; m < 5; m++, power *= z[i]) sum[m] += power;
            if (i > 0) pairs += z[i] * z[i - 1];
            const double u = erfc(-z[i] / sqrt(2)) / 2;
            count[(size_t)fmin(BINS - 1, BINS * u)]++;
        }
    }
    NEAR(sum[1] / n, 0, 4 / sqrt(n));
    NEAR(sum[2] / n, 1, 4 * sqrt(2 / n));
    NEAR(sum[3] / n, 0, 4 * sqrt(15 / n));
    NEAR(sum[4] / n, 3, 4 * sqrt(96 / n));
    NEAR(pairs / n, 0, 4 / sqrt(n));
    double chi2 = 0;
    for (size_t b = 0; b < BINS; b++) chi2 += pow(count[b] - n / BINS, 2) / (n / BINS);
    NEAR(chi2, BINS - 1, 4 * sqrt(2.0 * (BINS - 1)));
    free(z);
}
END_TEST

/* A step of the kernel, neuron by neuron: held ones stay as they are to the bit, those to be looked at keep what they
 * were. */
START_TEST(leaky_steps_agree_with_plain_code)
{
    enum { WORDS = 9, N = 64 * WORDS };
    EACH_VARIANT(k)
    {
        random_stream stream = {17};
        size_t crossed = 0, looked_at = 0;
        for (int trial = 0; trial < 200; trial++) {
            double v[N + 1], before[N], after[N];
            uint64_t hit[WORDS + 1] = {0};
            const double h = pow(10, random_between(&stream, -4, 0)),
                         shift = trial % 3 ? random_between(&stream, -0.3, 0.3) : 0;
            const uint64_t held = UINT64_C(0x7ff8) << 48;
            npde__kernels_leaky s = {.seed = (uint64_t)trial, .step = 99, .decay = exp(-h)};
            s.spread = sqrt(1 - exp(-2 * h));
            s.add = s.decay * shift + 0.1;
            s.threshold = 2;
            s.before = 2 - shift;
            s.bridge = trial % 4 ? 1 / sinh(h) : 1e300;
            s.curve = trial % 4 ? random_between(&stream, -0.1, 0.1) : 0;
            s.due_before = held + 50;
            for (size_t i = 0; i < N; i++) {
                v[i] = random_between(&stream, -2, 2.1);
                const uint64_t bits = held + i % 100;
                if (i % 10 == 3) memcpy(&v[i], &bits, sizeof bits);
            }
            v[N] = 42;
            memcpy(before, v, sizeof before);
            const double top = k->leaky(&s, 1000, WORDS, v, hit, after);
            ck_assert(v[N] == 42 && hit[WORDS] == 0);
            double largest = -INFINITY;
            for (size_t i = 0; i < N; i++) {
                const uint32_t index = 1000 + (uint32_t)(8 * (i / 32) + i % 8);
                const size_t number = i % 32 / 8;
                const npde__random a = npde__random_draw(s.seed, s.step, NPDE__KERNELS_NORMALS, index);
                const npde__random b = npde__random_draw(s.seed, s.step, NPDE__KERNELS_CROSSINGS, index);
                double z[4];
                npde__random_normal(a.word[0], a.word[1], z);
                npde__random_normal(a.word[2], a.word[3], z + 2);
                const int is_hit = hit[i / 64] >> (i % 64) & 1;
                if (isnan(before[i])) {
                    ck_assert_int_eq(memcmp(&v[i], &before[i], sizeof v[i]), 0);
                    if (is_hit != (i % 100 < 50)) ck_abort_msg("%s: held neuron %zu", k->name, i);
                    continue;
                }
                const double v1 = s.decay * before[i] + s.add + s.spread * z[number];
                const double d0 = s.before - before[i], d1 = s.threshold - v1;
                const double exponent = s.bridge * (d0 + s.curve) * (d1 + s.curve),
                             variate = npde__random_exponential(b.word[number]);
                const int expected = d0 <= 0 || d1 <= 0 || exponent < variate;
                if (fabs(exponent - variate) > 1e-8 && is_hit != expected)
                    ck_abort_msg("%s: neuron %zu from %g to %g", k->name, i, before[i], v1);
                if (is_hit) ck_assert(v[i] == before[i] && fabs(after[i] - v1) < 1e-11);
                else if (!(fabs(v[i] - v1) < 1e-11)) ck_abort_msg("%s: %.17g, not %.17g", k->name, v[i], v1);
                crossed += is_hit && d0 > 0 && d1 > 0;
                looked_at += (size_t)is_hit;
                largest = fmax(largest, v[i]);
            }
            ck_assert_double_eq(top, largest);
        }
        ck_assert_uint_gt(crossed, 100);
        ck_assert_uint_gt(looked_at, 1000);
    }
}
END_TEST

MAIN("random", published_vectors, ends_of_the_range, variants_agree_with_plain_code, normals_are_normal,
     leaky_steps_agree_with_plain_code)
