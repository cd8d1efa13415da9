/* SPDX-License-Identifier: BSD-3-Clause
 * All solutions of the steady equations in a box of rates, by branch and prune.
 *
 * With x_p = ln N_p the equations are
 *
 *     G_p(x) = x_p + L_p(μ_p, a_p) = 0,   L = ln(T + τ),   μ_p = μ0_p + Σ_q b_pq N_q,   a_p = a0_p + Σ_q a1_pq N_q.
 *
 * T is the Laplace transform of a positive measure in (t, t²/2) (analysis/siegert.h), τ adds an atom at 0: so L, −∂L/∂μ and
 * −∂L/∂a all fall in μ and in a, and their ranges over a box of rates are what they are at two corners. These are exact
 * enclosures, without any overestimate but rounding. A box is cut to where N_p can lie, tested by Krawczyk's operator
 * (Krawczyk, Computing 4, 1969, 187; Neumaier, Interval Methods, 1990), and otherwise halved. For a random threshold and for a
 * drift of the user's, L falls in μ as well (paths with more drive fire earlier); that its slopes do is an assumption, with room
 * left for it (slack). In a it need not fall: more noise takes neurons beyond a random threshold sooner, and back again
 * sooner. There boxes are halved until a varies by a quarter at most; L is then looked at for three a at the least and at the
 * most μ, and between them it is assumed not to be steeper than −∂L/∂a is at these six places, plus slack times the range
 * that is seen there.
 */
#ifndef NPDE_ANALYSIS_SEARCH_H
#define NPDE_ANALYSIS_SEARCH_H

#include "core/context.h"

/* L at some drive and diffusion: between low and high; −∂L/∂μ and −∂L/∂a, which may vary by slack times their range. */
typedef struct {
    double low, high, by_drive, by_diffusion, slack;
} npde__pace;

typedef struct {
    npde_context *context;
    size_t n;
    npde_status (*pace)(void *self, size_t p, double drive, double diffusion, npde__pace *out);
    void *self;
    const double *drive, *diffusion; /* n: μ0, a0 */
    const double *weights, *noise;   /* n × n: b, a1; NULL for none */
    const unsigned char *rough;      /* n: whether L may rise in a */
    const double *low, *high;        /* n: the window, ln of rates */
    size_t boxes;                    /* most boxes to look at */
    double smallest;                 /* width of a box that is not halved any more */
} npde__search;

/*
 * roots receives n_found × n values ln N, ascending by the first population, for the caller to free. Roots between which
 * G vanishes to rounding all the way are found as one. NPDE_ERR_TOO_MANY_STEPS when the boxes do not suffice.
 */
npde_status npde__search_run(const npde__search *s, double **roots, size_t *n_found);

#endif
