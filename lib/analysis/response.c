/* SPDX-License-Identifier: BSD-3-Clause
 * Rate modulations by the equations of analysis/linear.h. A population of M neurons fires with fluctuations that are, without
 * coupling, those of M independent renewal processes,
 *
 *     S(ω) = N/M (1 − |φ|²)/|1 − φ|²,   φ = κ(iω) E[e^{−iωT}]   (Cox & Lewis, Statistical Analysis of Series of Events, 1966),
 *
 * and the network answers them as it answers any modulation: linear noise (Brunel & Hakim, Neural Comput. 11, 1999, 1621;
 * Lindner, Doiron & Longtin, PRE 72, 2005, 061919).
 */
#include "analysis/response.h"

#include <float.h>
#include <math.h>

npde_status npde__response_new(const npde__study *study, size_t index, npde_response **out)
{
    npde_context *c = study->context;
    npde_response *r = npde__alloc(c, 1, sizeof *r);
    if (!r) return NPDE_ERR_MEMORY;
    atomic_init(&r->refs, 1);
    npde__context_acquire(c);
    r->context = c;
    r->study = npde__study_acquire(study);
    r->index = index;
    r->n_pop = study->n_pop;
    const size_t n = r->n_pop;
    r->h = npde__alloc(c, n * n, sizeof *r->h);
    r->slope = npde__alloc(c, n * n, sizeof *r->slope);
    r->x = npde__alloc(c, n * n, sizeof *r->x);
    r->pivots = npde__alloc(c, n, sizeof *r->pivots);
    npde_status status = r->h && r->slope && r->x && r->pivots ? NPDE_OK : NPDE_ERR_MEMORY;
    r->slow = INFINITY;
    for (size_t p = 0; p < n; p++) {
        double drive, diffusion;
        npde__study_law(r->study, index, p, &drive, &diffusion);
        const double width = npde__model_value(r->study->model, p, NPDE_PARAM_V_THRESHOLD) -
                             npde__model_value(r->study->model, p, NPDE_PARAM_V_RESET);
        r->slow = fmin(r->slow, diffusion / (width * width));
    }
    if (!status) status = npde__response_resolve(r, 0);
    if (status) npde__response_release(r);
    else *out = r;
    return status;
}

void npde__response_release(npde_response *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1) return;
    npde_context *c = r->context;
    for (size_t k = 0; k < NPDE__DECADES; k++) npde__linear_free(&r->decade[k]);
    npde__study_release(r->study);
    void *const blocks[] = {r->h, r->slope, r->x, r->pivots};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
    npde__free(c, r);
    npde__context_release(c);
}

static const double largest = 1e200; /* beyond it powers of frequencies underflow */

static npde_status too_fast(const npde_response *r, double omega)
{
    return npde__fail(
        r->context, NPDE_ERR_RANGE,
        "omega = %g is too large: the layers at reset and threshold are too thin for a grid; the response falls like "
        "a power of omega there",
        omega);
}

npde_status npde__response_resolve(npde_response *r, double omega)
{
    const double beyond = r->study->given ? 0 : fmax(0, ceil(log10(fabs(omega) / r->slow)));
    size_t k = (size_t)fmin(beyond, NPDE__DECADES);
    if (r->decade[0].study && npde__linear_is_fast(&r->decade[0], npde__complex_of(0, omega))) k = 0;
    if (k == NPDE__DECADES || fabs(omega) > largest) return too_fast(r, omega);
    npde__linear *l = &r->decade[k];
    if (!l->study) {
        const double fast = k ? r->slow * pow(10, (double)k) : 0;
        const npde_status status = npde__linear_init(l, r->study, r->index, (npde__detail){.fast = fast}, NULL, 0);
        if (status) {
            npde__linear_free(l);
            return status == NPDE_ERR_GRID && k ? too_fast(r, omega) : status;
        }
        l->fast_forms = 1;
    }
    r->linear = l;
    return NPDE_OK;
}

static npde_status singular(const npde_response *r, double omega)
{
    return npde__fail(r->context, NPDE_ERR_RANGE, "the response at omega = %g is infinite: a Hopf or fold point",
                      omega);
}

static int has_entries(const npde_response *r, npde_id matrix, size_t p)
{
    for (size_t q = 0; q < r->n_pop; q++)
        if (npde__linear_entry(r->linear, matrix, p, q) != 0) return 1;
    return 0;
}

/*
 * On a grid the answer of a random threshold is what is left of numbers that cancel. Measured, with ω in units of a/(V_F − V_R)²,
 * rounding makes 17 ε ω of the answer to drive, and ε ω² of that to noise.
 */
static npde_status check_rounding(const npde_response *r, int noise, int coupled, size_t first, size_t last,
                                  double omega)
{
    static const double tolerable = 1e-6;
    double complex ignored, too;
    for (size_t p = 0; p < r->n_pop && !r->study->given; p++) {
        const npde__linear_population *pop = &r->linear->pop[p];
        if (pop->closed && npde__siegert_fast(&pop->neuron, npde__complex_of(0, omega), &ignored, &too)) continue;
        const int input = p >= first && p < last;
        const double width = npde__model_value(r->study->model, p, NPDE_PARAM_V_THRESHOLD) -
                             npde__model_value(r->study->model, p, NPDE_PARAM_V_RESET),
                     x = fabs(omega) * width * width / pop->passage.op.diffusion[0];
        const int by_noise = (input && noise) || (coupled && has_entries(r, NPDE_MATRIX_NOISE_WEIGHTS, p)),
                  by_drive = (input && !noise) || (coupled && has_entries(r, NPDE_MATRIX_WEIGHTS, p));
        const double error = DBL_EPSILON * fmax(by_noise ? x * x : 0, by_drive ? 17 * x : 0);
        if (error > tolerable)
            return npde__fail(r->context, NPDE_ERR_RANGE,
                              "omega = %g is too large: rounding would make about %.2g of population %zu's answer to "
                              "%s, of which %g is allowed; the response falls like a power of omega there",
                              omega, error, p, by_noise && DBL_EPSILON * x * x >= error ? "noise" : "drive", tolerable);
    }
    return NPDE_OK;
}

npde_status npde__response_rate(npde_response *r, int noise, int coupled, size_t first, size_t last, double omega,
                                double complex *out)
{
    npde__linear *l = r->linear;
    npde_status status = check_rounding(r, noise, coupled, first, last, omega);
    if (!status) status = npde__linear_matrix(l, npde__complex_of(0, omega), coupled, r->h, NULL);
    if (status) return status;
    for (size_t p = 0; p < r->n_pop; p++) {
        const double complex input = noise ? l->at[p].by_diffusion : l->at[p].by_drive;
        out[p] = p >= first && p < last ? -l->factor[p] * l->pop[p].mass * input : 0;
    }
    return npde__linear_solve(r->n_pop, r->h, r->pivots, 1, out) ? NPDE_OK : singular(r, omega);
}

/*
 * S M/N of one population without coupling. With 1 − φ = s g, g the diagonal of H without coupling, s = iω,
 * (1 − |φ|²)/|1 − φ|² = (−2 Im(g)/ω − |g|²)/|g|², and Im(g)/ω → g'(0): nothing cancels at low frequency.
 */
static double renewal(const npde_response *r, size_t p, double omega)
{
    const npde__linear_population *pop = &r->linear->pop[p];
    const double complex factor = r->linear->factor[p], g = r->h[p * r->n_pop + p] / factor;
    const double factor_slope = pop->refractory == NPDE_REFRACTORY_EXPONENTIAL ? pop->tau : 0;
    const double complex slope = (r->slope[p * r->n_pop + p] - g * factor_slope) / factor;
    const double low = omega != 0 ? cimag(g) / omega : creal(slope), size = creal(g) * creal(g) + cimag(g) * cimag(g);
    return (-2 * low - size) / size;
}

npde_status npde__response_spectrum(npde_response *r, const double *n_neurons, double omega, double *out)
{
    npde__linear *l = r->linear;
    const size_t n = r->n_pop;
    /* The fluctuations of each population alone, then how the network turns them into rates: (I − D)⁻¹ = H⁻¹ H_diagonal. */
    npde_status status = check_rounding(r, 0, 1, 0, 0, omega);
    if (!status) status = npde__linear_matrix(l, npde__complex_of(0, omega), 0, r->h, r->slope);
    if (status) return status;
    for (size_t p = 0; p < n; p++) {
        for (size_t q = 0; q < n; q++) r->x[q * n + p] = p == q ? r->h[p * n + p] : 0;
        out[p] = l->pop[p].rate / n_neurons[p] * renewal(r, p, omega);
    }
    if (!l->study->model->kind->coupled) return NPDE_OK;
    status = npde__linear_matrix(l, npde__complex_of(0, omega), 1, r->h, NULL);
    if (status) return status;
    if (!npde__linear_solve(n, r->h, r->pivots, n, r->x)) return singular(r, omega);
    for (size_t p = 0; p < n; p++) r->slope[p] = out[p];
    for (size_t p = 0; p < n; p++) {
        out[p] = 0;
        for (size_t q = 0; q < n; q++) {
            const double gain = cabs(r->x[q * n + p]);
            out[p] += gain * gain * creal(r->slope[q]);
        }
    }
    return NPDE_OK;
}
