/* SPDX-License-Identifier: BSD-3-Clause
 * Inner loops, compiled once for each instruction set and chosen at run time.
 *
 * Results of two variants agree to rounding and not to the bit: those with fused multiply-add round once where the portable
 * one rounds twice. Nothing is allocated here; work space is the caller's.
 *
 * "Lanes": eight systems side by side, element i of system l at x[8 i + l]. No address needs an alignment.
 */
#ifndef NPDE_NUMERICS_KERNELS_H
#define NPDE_NUMERICS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    NPDE__KERNELS_LANES = 8,
    NPDE__KERNELS_COLUMNS = 64,                      /* that are swept together, at most */
    NPDE__KERNELS_MATRICES = 3,                      /* most of a product in lanes */
    NPDE__KERNELS_TERMS = 12,                        /* most vectors of a combination */
    NPDE__KERNELS_CHUNKS = 16,                       /* of a single tridiagonal system */
    NPDE__KERNELS_CHUNKED = 4 * NPDE__KERNELS_CHUNKS /* shorter systems are not cut: the separators would cost more */
};

/* Purposes of random numbers (numerics/random.h) that kernels draw; callers take others. */
enum { NPDE__KERNELS_NORMALS = 0, NPDE__KERNELS_CROSSINGS = 1 };

/* A step of leaky neurons: v ← decay v + add + spread ξ. */
typedef struct {
    uint64_t seed, step;
    double decay, add, spread;
    double threshold; /* for what v becomes; for what it was: before */
    double before;
    /* A pair v₀, v₁ below it crosses with probability exp(−bridge (before + curve − v₀)(threshold + curve − v₁)). */
    double bridge, curve;
    /* A neuron that is held is a NaN and stays what it is; its bits below these, it is to be looked at. */
    uint64_t due_before;
} npde__kernels_leaky;

/*
 * The tridiagonal matrices are the column-dominant M-matrices of numerics/tridiagonal.h, given by the same arrays sum, down
 * and up, and factored and solved without a subtraction: for r ≥ 0 each entry of x is ≥ 0 and accurate to a few ulps.
 */
typedef struct {
    const char *name;

    /* One system, cut into chunks that are swept side by side. `factors` holds npde__kernels_line_size(n) numbers, a part of
     * them scratch of the solve. x ← T⁻¹ x in natural order. */
    void (*line_factor)(size_t n, const double *sum, const double *down, const double *up, double *factors);
    void (*line_solve)(size_t n, double *factors, double *x);

    /* Eight systems with coefficients of their own: every array has 8 n numbers in lanes. `climb` is up/pivot.
     * The solve takes n_groups groups of eight, each array of group g at 8 n g. */
    void (*batch_factor)(size_t n, const double *sum, const double *down, const double *up, double *ratio,
                         double *inverse, double *climb);
    void (*batch_solve)(size_t n, size_t n_groups, const double *ratio, const double *inverse, const double *climb,
                        double *x);

    /* One matrix, eight right sides in lanes in each of n_groups groups. `factors` holds 3 n numbers. */
    void (*shared_factor)(size_t n, const double *sum, const double *down, const double *up, double *factors);
    void (*shared_solve)(size_t n, size_t n_groups, const double *factors, double *x);
    /*
     * Two solves for the columns of n rows, `stride` apart, but for the last sweep, as operators/relaxation.c asks for them:
     *
     *     z_i = p_i + a_i z_{i−1},    y_i = b_i z_i + c_i y_{i+1},    u_i = y_i + keep p_i + d_i u_{i+1}.
     *
     * first holds a_i, b_i, c_i row by row, second d_i, with a_0 = c_{n−1} = d_{n−1} = 0; work holds NPDE__KERNELS_COLUMNS n
     * numbers. From p to u; they may be the same. On the way back p comes from z: it has itself left the near caches by then.
     */
    void (*shared_flow)(size_t n, size_t columns, size_t stride, const double *first, const double *second, double keep,
                        const double *from, double *to, double *work);

    /*
     * A chain of dense blocks, each sharing its last unknown with the first of the next: the matrix of spectral elements. In the
     * natural order elimination fills nothing outside the blocks. Of an m × m block (in columns, ld ≥ m a multiple of 8, 0 in the
     * rows from m on) the factor eliminates the first k = m − 1 or, of the last block, k = m unknowns in place; with k = m − 1 the
     * last diagonal entry becomes what the next block's first must have added to it. `inverses` holds 16 ld numbers. The solves
     * do the block's part of a sweep; x begins at its first unknown and holds ld numbers, which may not be NaN or infinite beyond
     * m and stay what they are there. 0 if a pivot is 0 or not finite.
     *
     * There is no pivoting. The matrices are W − γK of a drift–diffusion operator, which is close to self-adjoint and of one sign
     * in the weight of its own steady state; elimination does not see a scaling of rows or columns by such a weight.
     */
    int (*chain_factor)(size_t m, size_t k, size_t ld, double *block, double *inverses);
    void (*chain_forward)(size_t k, size_t ld, const double *block, const double *inverses, double *x);
    void (*chain_backward)(size_t m, size_t ld, const double *block, const double *inverses, double *x);

    /* The same of eight blocks in lanes, element i, j of lane l at block[8 (j m + i) + l]; inverses of the pivots, whatever they
     * are, take the diagonal. */
    void (*lanes_factor)(size_t m, size_t k, double *block);
    void (*lanes_forward)(size_t m, size_t k, const double *block, double *x);
    void (*lanes_backward)(size_t m, size_t k, const double *block, double *x);

    /* Into lanes, x[8 i + l] = scale[i] p[at[l] + i] for i < n, and out of them, p[at[l] + i] = scale[i] x[8 i + l]; scale may be
     * NULL for 1. Lanes may be given twice if they hold the same. */
    void (*gather)(size_t n, const size_t *at, const double *p, const double *scale, double *x);
    void (*scatter)(size_t n, const size_t *at, const double *scale, const double *x, double *p);

    /* y[8 i + l] = Σ_k c[8 k + l] x_k[i] for i < n, over m ≤ NPDE__KERNELS_MATRICES vectors common to all
     * lanes. */
    void (*spread)(size_t n, size_t m, const double *c, const double *const *x, double *y);

    /* y += Σ_k A_k (c_k x) in lanes, over m ≤ NPDE__KERNELS_MATRICES matrices common to all of them, in columns, ld ≥ rows, and
     * factors c[8 k + l]. */
    void (*lanes_multiply)(size_t rows, size_t columns, size_t m, const double *const *a, size_t ld, const double *c,
                           const double *x, double *y);

    /* y = A x, A in columns, ld ≥ rows, a multiple of 8. What A has below its rows is read and has no effect. */
    void (*multiply)(size_t rows, size_t columns, const double *a, size_t ld, const double *x, double *y);

    /* y = Σ c_k x_k over m ≤ NPDE__KERNELS_TERMS vectors, of which one may be y. */
    void (*combine)(size_t n, size_t m, const double *c, const double *const *x, double *y);

    /* Σ a_i b_i */
    double (*dot)(size_t n, const double *a, const double *b);

    /* m ← scale x + share m; Σ m_i. share = 0 does not look at m. */
    double (*carry)(size_t n, double scale, double share, const double *x, double *m);

    /* Semi-Lagrangian transport of n − 1 cells between n feet, see operators/characteristics.h. Foot i is at
     * x_i = x + i (1 + slope) in cells from m, slope ≥ −1. M(x_i) is the mass up to there, the sum of the cells before and part_i,
     * that up to a fraction of the cell around it, of a profile of the means of five cells that is limited to the sign of the
     * middle one or not: out[i] ← (add ? out[i] : 0) + scale (M(x_{i+1}) − M(x_i)); ends: part_0 and part_{n−1}; returned:
     * the cell in which the last foot was taken to be. Up to 16 means beyond those of the cells with feet are read. */
    size_t (*remap)(size_t n, const double *m, double x, double slope, double scale, int add, int limited, double *ends,
                    double *out);

    /* n rows of a matrix, `stride` apart, of which 8 n_groups columns go to lanes: x ← keep x + take W p, with the weights w of the
     * rows; keep = 0 does not look at x. And back: p ← W⁻¹ x. */
    void (*to_lanes)(size_t n, size_t n_groups, const double *w, double keep, double take, const double *p,
                     size_t stride, double *x);
    void (*from_lanes)(size_t n, size_t n_groups, const double *w, const double *x, size_t stride, double *p);

    /* Normal variates: z[32 g + 8 k + l] is number k of the counter first + 8 g + l. */
    void (*normals)(uint64_t seed, uint64_t step, uint32_t purpose, uint32_t first, size_t n_groups, double *z);
    /*
     * Steps 64 n_words neurons with the normals of the counters from `first` on. Those to be looked at, because they crossed the
     * threshold or are due, are the bits of `hit`; they keep their v, and where they would be is in `after`. The largest v.
     */
    double (*leaky)(const npde__kernels_leaky *s, uint32_t first, size_t n_words, double *v, uint64_t *hit,
                    double *after);
} npde__kernels;

/* Every variant that this machine can run, the portable one first; NULL past the end. */
const npde__kernels *npde__kernels_at(size_t index);
/* The last of them, of the widest vectors. */
const npde__kernels *npde__kernels_best(void);

size_t npde__kernels_line_size(size_t n);

#endif
