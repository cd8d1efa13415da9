/* SPDX-License-Identifier: BSD-3-Clause
 * The network linearised at a steady state, as n_pop equations for the amplitudes N_q e^{st} of the rates.
 *
 * The mass of population p, density and reservoir, does not change. In Laplace space that is
 *
 *     [(1 − κ_p)/s + κ_p ψ_p·e_R] N_p + Σ_q e^{−s d_pq} [b_pq ψ_p·k_p + a1_pq ψ_p·l_p] N_q = −input,
 *
 * κ = 1, e^{−sτ} or 1/(1 + sτ) what re-enters of what fires, ψ the survival (analysis/passage.h), k = m (∂K/∂μ) P and
 * l = m (∂K/∂a) P with the density's mass m = 1 − Nτ; the input of a modulated drive is ψ_p·k_p. So with H the matrix on the
 * left, the eigenvalues are the zeros of det H(s): every population's zero eigenvalue, its mass, is divided out. With an
 * exponential refractory time the row is taken times 1 + sτ, so that H has no poles but the eigenvalues of K.
 */
#ifndef NPDE_ANALYSIS_LINEAR_H
#define NPDE_ANALYSIS_LINEAR_H

#include "analysis/study.h"

typedef struct {
    npde__passage passage;
    npde_id refractory;
    double tau, rate, mass;
    int closed; /* there is a closed form, of this neuron, for what changes fast */
    npde__siegert neuron;
} npde__linear_population;

typedef struct {
    const npde__study *study;
    size_t n;
    int fast_forms; /* closed forms are taken where they hold, instead of the grid; without ∂H/∂s of the coupling */
    size_t *member; /* n: which populations of the study these are */
    npde__linear_population *pop;
    npde__survival *at;     /* n: at the s of the last npde__linear_matrix() */
    double complex *factor; /* n: what row p was taken times */
} npde__linear;

/*
 * Of n populations of the study, or all of them when members is NULL: the others' rates are held. free() takes what a failed init
 * left; the study must live as long.
 */
npde_status npde__linear_init(npde__linear *l, const npde__study *study, size_t index, npde__detail detail,
                              const size_t *members, size_t n);
void npde__linear_free(npde__linear *l);
/* Do closed forms serve all populations at s? */
int npde__linear_is_fast(const npde__linear *l, double complex s);
/* Entry of a matrix of the model; 0 without coupling. */
double npde__linear_entry(const npde__linear *l, npde_id matrix, size_t p, size_t q);
/*
 * H(s), n × n column-major, with or without the coupling, and its derivative by s unless slope is NULL. NPDE_ERR_RANGE as
 * npde__passage_survive().
 */
npde_status npde__linear_matrix(npde__linear *l, double complex s, int coupled, double complex *h,
                                double complex *slope);
/* Solves H x = x for n_columns right sides by LU factors, which replace H; 0 if H is singular. pivots: n. */
int npde__linear_solve(size_t n, double complex *h, int *pivots, size_t n_columns, double complex *x);

#endif
