/* SPDX-License-Identifier: BSD-3-Clause */
#include "numerics/kernels.h"

extern const npde__kernels npde__kernels_portable;

/* The build defines NPDE__KERNELS_X86 where it has made the variants for it, for the instructions asked for here and no more. */
#ifdef NPDE__KERNELS_X86
extern const npde__kernels npde__kernels_avx2, npde__kernels_avx512;

static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

const npde__kernels *npde__kernels_at(size_t index)
{
    if (index == 0) return &npde__kernels_portable;
#ifdef NPDE__KERNELS_X86
    if (index == 1 && has_avx2()) return &npde__kernels_avx2;
    if (index == 2 && has_avx512()) return &npde__kernels_avx512;
#endif
    return NULL;
}

const npde__kernels *npde__kernels_best(void)
{
    const npde__kernels *best = NULL, *next;
    for (size_t i = 0; (next = npde__kernels_at(i)); i++) best = next;
    return best;
}

/* See line_layout. */
size_t npde__kernels_line_size(size_t n)
{
    const size_t chunks = NPDE__KERNELS_CHUNKS, rows = (n + chunks - 1) / chunks - 1;
    return n < NPDE__KERNELS_CHUNKED ? 3 * n : chunks * (6 * rows + 1 + chunks);
}
