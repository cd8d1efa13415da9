/* SPDX-License-Identifier: BSD-3-Clause
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw, SC11, 2011) from Random123. What is drawn
 * is a function of seed, purpose, step and index, and of nothing else: no order of drawing, no thread can change it. */
#ifndef NPDE_NUMERICS_RANDOM_H
#define NPDE_NUMERICS_RANDOM_H

#include <stdint.h>

typedef struct {
    uint32_t word[4];
} npde__random;

/* The four words of a counter. */
npde__random npde__random_draw(uint64_t seed, uint64_t step, uint32_t purpose, uint32_t index);
/* A word as a number in (0, 1), and −ln of it: an exponential variate. */
double npde__random_uniform(uint32_t word);
double npde__random_exponential(uint32_t word);
/* Two words as two independent normal variates (Box & Muller). */
void npde__random_normal(uint32_t first, uint32_t second, double normal[2]);

#endif
