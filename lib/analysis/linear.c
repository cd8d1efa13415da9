/* SPDX-License-Identifier: BSD-3-Clause */
#include "analysis/linear.h"

#include "numerics/lapack.h"

#include <math.h>

npde_status npde__linear_init(npde__linear *l, const npde__study *study, size_t index, npde__detail detail,
                              const size_t *members, size_t n)
{
    npde_context *c = study->context;
    const npde_model *m = study->model;
    *l = (npde__linear){.study = study, .n = members ? n : study->n_pop};
    l->member = npde__alloc(c, l->n, sizeof *l->member);
    l->pop = npde__alloc(c, l->n, sizeof *l->pop);
    l->at = npde__alloc(c, l->n, sizeof *l->at);
    l->factor = npde__alloc(c, l->n, sizeof *l->factor);
    if (!l->member || !l->pop || !l->at || !l->factor) return NPDE_ERR_MEMORY;
    for (size_t p = 0; p < l->n; p++) {
        npde__linear_population *pop = &l->pop[p];
        const size_t of = l->member[p] = members ? members[p] : p;
        pop->refractory = (npde_id)npde__model_value(m, of, NPDE_PARAM_REFRACTORY);
        if (pop->refractory != NPDE_REFRACTORY_NONE) pop->tau = npde__model_value(m, of, NPDE_PARAM_REFRACTORY_TIME);
        pop->rate = npde__study_rate(study, index, of);
        pop->mass = 1 - pop->rate * pop->tau;
        pop->closed = !study->given && npde__study_neuron(study, index, of, &pop->neuron);
        const npde_status status = npde__study_passage(study, index, of, detail, &pop->passage);
        if (status) return status;
    }
    return NPDE_OK;
}

void npde__linear_free(npde__linear *l)
{
    if (!l->study) return;
    npde_context *c = l->study->context;
    for (size_t p = 0; l->pop && p < l->n; p++) npde__passage_free(&l->pop[p].passage);
    void *const blocks[] = {l->member, l->pop, l->at, l->factor};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    *l = (npde__linear){0};
}

double npde__linear_entry(const npde__linear *l, npde_id matrix, size_t p, size_t q)
{
    return npde__model_entry(l->study->model, matrix, l->member[p], l->member[q]);
}

/* (1 − e^{−z})/z and its derivative, by Taylor's series where they would cancel. */
static double complex held(double complex z, double complex *slope)
{
    if (cabs(z) > 0.5) {
        const double complex e = cexp(-z);
        *slope = (e - (1 - e) / z) / z;
        return (1 - e) / z;
    }
    double complex sum = 0, term = 1; /* Σ_k (−z)^k/(k + 1)! */
    *slope = 0;
    for (int k = 0; k < 16; k++) {
        sum += term;
        *slope -= term * (k + 1.0) / (k + 2.0); /* −(k + 1)(−z)^k/(k + 2)! */
        term *= -z / (k + 2.0);
    }
    return sum;
}

/* The diagonal term without coupling, (1 − κ)/s + κ ψ_R, taken times the row's factor. */
static double complex own(const npde__linear_population *pop, double complex s, const npde__survival *at,
                          double complex *slope)
{
    if (pop->refractory == NPDE_REFRACTORY_FIXED) {
        double complex part;
        const double complex z = s * pop->tau, kappa = cexp(-z), wait = pop->tau * held(z, &part);
        *slope = pop->tau * pop->tau * part + kappa * (at->reset_slope - pop->tau * at->reset);
        return wait + kappa * at->reset;
    }
    *slope = at->reset_slope;
    return pop->tau + at->reset; /* τ = 0 without a refractory state */
}

int npde__linear_is_fast(const npde__linear *l, double complex s)
{
    double complex by_drive, by_diffusion;
    for (size_t p = 0; p < l->n; p++)
        if (!l->pop[p].closed || !npde__siegert_fast(&l->pop[p].neuron, s, &by_drive, &by_diffusion)) return 0;
    return l->fast_forms;
}

/*
 * Of what changes so fast that nobody fires twice, the survival is 1/s. The mass R/s fires of e^{st}, so ψ·input = −R/s at
 * the rate 1/T of mass 1.
 */
static int survive_fast(const npde__linear_population *pop, double complex s, npde__survival *out)
{
    double complex by_drive, by_diffusion;
    if (!pop->closed || !npde__siegert_fast(&pop->neuron, s, &by_drive, &by_diffusion)) return 0;
    const double rate = pop->rate / pop->mass;
    *out = (npde__survival){.reset = 1 / s,
                            .by_drive = -by_drive * rate / s,
                            .by_diffusion = -by_diffusion * rate / s,
                            .reset_slope = -1 / (s * s),
                            .by_drive_slope = NAN,
                            .by_diffusion_slope = NAN};
    return 1;
}

npde_status npde__linear_matrix(npde__linear *l, double complex s, int coupled, double complex *h,
                                double complex *slope)
{
    const int linked = coupled && l->study->model->kind->coupled;
    const size_t n = l->n;
    for (size_t p = 0; p < n; p++) {
        npde__linear_population *pop = &l->pop[p];
        npde__survival *at = &l->at[p];
        const npde_status status = l->fast_forms && survive_fast(pop, s, at)
                                       ? NPDE_OK
                                       : npde__passage_survive(&pop->passage, s, slope != NULL, at);
        if (status) return status;
        const double factor_slope = pop->refractory == NPDE_REFRACTORY_EXPONENTIAL ? pop->tau : 0;
        l->factor[p] = 1 + s * factor_slope;
        double complex part;
        const double complex diagonal = own(pop, s, at, &part);
        for (size_t q = 0; q < n; q++) {
            h[q * n + p] = p == q ? diagonal : 0;
            if (slope) slope[q * n + p] = p == q ? part : 0;
            if (!linked) continue;
            const double b = pop->mass * npde__linear_entry(l, NPDE_MATRIX_WEIGHTS, p, q),
                         a1 = pop->mass * npde__linear_entry(l, NPDE_MATRIX_NOISE_WEIGHTS, p, q),
                         delay = npde__linear_entry(l, NPDE_MATRIX_DELAYS, p, q);
            if (b == 0 && a1 == 0) continue;
            const double complex late = cexp(-s * delay), term = b * at->by_drive + a1 * at->by_diffusion;
            h[q * n + p] += l->factor[p] * late * term;
            if (!slope) continue;
            slope[q * n + p] += l->factor[p] * late * (b * at->by_drive_slope + a1 * at->by_diffusion_slope) +
                                (factor_slope - delay * l->factor[p]) * late * term;
        }
    }
    return NPDE_OK;
}

int npde__linear_solve(size_t n, double complex *h, int *pivots, size_t n_columns, double complex *x)
{
    if (n == 1) {
        for (size_t k = 0; k < n_columns; k++) x[k] /= h[0];
        return h[0] != 0;
    }
    const int order = (int)n, columns = (int)n_columns;
    int info = 0;
    zgetrf_(&order, &order, (double *)h, &order, pivots, &info);
    if (info) return 0;
    zgetrs_("N", &order, &columns, (double *)h, &order, pivots, (double *)x, &order, &info, 1);
    return !info;
}
