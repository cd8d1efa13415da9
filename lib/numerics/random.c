/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/random.h"

#include <Random123/philox.h>
#include <math.h>

npde__random npde__random_draw(uint64_t seed, uint64_t step, uint32_t purpose, uint32_t index)
{
    const philox4x32_ctr_t counter = {{index, purpose, (uint32_t)step, (uint32_t)(step >> 32)}};
    const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    const philox4x32_ctr_t drawn = philox4x32(counter, key);
    return (npde__random){{drawn.v[0], drawn.v[1], drawn.v[2], drawn.v[3]}};
}

double npde__random_uniform(uint32_t word)
{
    return (word + 0.5) * 0x1p-32;
}

double npde__random_exponential(uint32_t word)
{
    return -log(npde__random_uniform(word));
}

void npde__random_normal(uint32_t first, uint32_t second, double normal[2])
{
    /* The first bit of the angle is the sign, the others are an angle within (−π/2, π/2). */
    static const double half_turn = 1.5707963267948966192;
    const double radius = sqrt(2 * npde__random_exponential(first));
    const double angle = half_turn * ((second & 0x7fffffffu) - (0x1p30 - 0.5)) * 0x1p-30;
    const double sign = second >> 31 ? -1 : 1;
    normal[0] = sign * radius * cos(angle);
    normal[1] = sign * radius * sin(angle);
}
