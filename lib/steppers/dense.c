/* SPDX-License-Identifier: BSD-3-Clause */
#include "steppers/dense.h"

#include "core/ids.h"

#include <math.h>
#include <string.h>

static const double most_bytes = 1 << 30;

static npde_status refuse_size(const npde__stepper *s, size_t kept, size_t size)
{
    const npde__system *system = s->system;
    const char *name = npde__ids_row(s->method->id)->name;
    if (system->unknowns > NPDE__DENSE_MOST)
        return npde__fail(
            system->context, NPDE_ERR_UNSUPPORTED,
            "%s works with dense matrices, of at most %d unknowns a population, and there are %zu; take a "
            "coarser or a spectral grid, or a method that solves with bands, such as rodas5p",
            name, (int)NPDE__DENSE_MOST, system->unknowns);
    const double bytes = ((double)kept + 1) * (double)system->n_rates * (double)size * sizeof(double);
    if (bytes > most_bytes)
        return npde__fail(
            system->context, NPDE_ERR_UNSUPPORTED,
            "%s would keep %.1f GB of dense matrices for %zu populations, and 1 GB is the most; take fewer "
            "populations or unknowns, or a method that solves with bands, such as rodas5p",
            name, bytes / most_bytes, system->n_rates);
    return NPDE_OK;
}

npde_status npde__dense_init(npde__dense *d, npde__stepper *s, size_t kept)
{
    const npde__system *system = s->system;
    npde_context *c = system->context;
    const size_t n = system->stride, ld = npde__phi_leading(n);
    const npde_status status = refuse_size(s, kept, n * ld);
    if (status) return status;
    *d = (npde__dense){.n = n, .ld = ld, .blocks = system->n_rates, .size = n * ld, .all = system->n_rates * n * ld};
    d->kernels = npde__kernels_best();
    d->weights = npde__alloc(c, n, sizeof *d->weights);
    d->a = npde__alloc(c, d->all, sizeof *d->a);
    d->scratch = npde__alloc(c, NPDE__PHI_SCRATCH * d->size, sizeof *d->scratch);
    d->probe = npde__alloc(c, system->n, sizeof *d->probe);
    d->image = npde__alloc(c, system->n, sizeof *d->image);
    return d->weights && d->a && d->scratch && d->probe && d->image ? NPDE_OK : NPDE_ERR_MEMORY;
}

void npde__dense_free(npde__dense *d, npde_context *c)
{
    double *const blocks[] = {d->weights, d->a, d->scratch, d->probe, d->image};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) npde__free(c, blocks[i]);
}

void npde__dense_load(npde__dense *d, npde__system *s)
{
    memset(d->probe, 0, s->n * sizeof *d->probe);
    for (size_t j = 0; j < d->n; j++) {
        for (size_t p = 0; p < d->blocks; p++) d->probe[p * d->n + j] = 1;
        s->ops->measure(s, d->probe, &d->weights[j], d->image); /* and rates that nobody wants */
        s->ops->apply(s, 0, d->probe, d->image);
        for (size_t p = 0; p < d->blocks; p++) {
            memcpy(d->a + p * d->size + j * d->ld, d->image + p * d->n, d->n * sizeof *d->a);
            d->probe[p * d->n + j] = 0;
        }
    }
    for (size_t p = 0; p < d->blocks; p++) npde__phi_conserve(d->n, d->ld, d->weights, 0, d->a + p * d->size);
}

void npde__dense_multiply(const npde__dense *d, const double *m, const double *x, double *y)
{
    for (size_t p = 0; p < d->blocks; p++)
        d->kernels->multiply(d->n, d->n, m + p * d->size, d->ld, x + p * d->n, y + p * d->n);
}
