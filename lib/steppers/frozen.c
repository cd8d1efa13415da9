/* SPDX-License-Identifier: BSD-3-Clause */
#include "steppers/frozen.h"

#include "core/time.h"
#include "numerics/kernels.h"

#include <math.h>

int npde__window_holds(const npde__window *window, const npde__system *s, double h, double theta_part, double s_part)
{
    double low, high, advection; /* (μ − μ_r)²/a_r */
    s->ops->drift(s, &low, &high, &advection);
    return low >= theta_part * window->low && high <= theta_part * window->high &&
           h * advection <= s_part * s_part * window->advection * window->advection;
}

npde_status npde__frozen_init(npde__frozen *f, const npde__system *s)
{
    if (!s->ops->drift)
        return npde__fail(s->context, NPDE_ERR_UNSUPPORTED,
                          "the method needs a model whose operator can be frozen at a reference; take rodas5p");
    f->rest = npde__alloc(s->context, s->n, sizeof *f->rest);
    f->before = npde__alloc(s->context, s->n, sizeof *f->before);
    f->turn = npde__alloc(s->context, s->n, sizeof *f->turn);
    return f->rest && f->before && f->turn ? NPDE_OK : NPDE_ERR_MEMORY;
}

void npde__frozen_free(npde__frozen *f, npde_context *c)
{
    npde__free(c, f->rest);
    npde__free(c, f->before);
    npde__free(c, f->turn);
}

/* The size of the step, and whether it goes on from the last one with the same L. */
static void round_step(npde__frozen *f, const npde__stepper *s, double t, double *h)
{
    const double slack = fmin(npde__time_slack(t + *h), 1e-6 * *h);
    if (fabs(*h - s->dt) <= slack) *h = s->dt;
    else if (fabs(*h - f->h) <= slack) *h = f->h;
    if (f->anew || *h != f->h) f->uses = 0;
    f->h = *h;
}

/* From a step that was much shorter, q would be rounding errors and less stable. */
static void find_turn(npde__frozen *f, size_t n, double h)
{
    f->turns = f->h_before > 0 && h <= 2 * f->h_before;
    for (size_t i = 0; i < n && f->turns; i++) f->turn[i] = (f->rest[i] - f->before[i]) / f->h_before;
}

npde_status npde__frozen_begin(npde__frozen *f, npde__stepper *s, double t, double *h, double *linear)
{
    npde__system *system = s->system;
    if (s->h_old == 0 || !s->slope_known) f->kept = 0; /* others have frozen it since, for a slope */
    npde_status status = s->slope_known ? NPDE_OK : npde__stepper_slope(s, t, *h);
    f->anew = !(f->kept && f->serves);
    if (!status && f->anew) status = system->ops->freeze(system, t, +1, s->rates);
    if (status) return status;
    if (f->anew) f->h_before = 0;
    f->kept = f->serves = 1;
    round_step(f, s, t, h);
    system->ops->apply(system, 0, s->y, linear);
    if (system->constant) return NPDE_OK;
    for (size_t i = 0; i < system->n; i++) f->rest[i] = s->slope[i] - linear[i];
    find_turn(f, system->n, *h);
    return NPDE_OK;
}

/* A model that cannot tell is frozen anew in each step. */
static int serves(const npde__stepper *s, const npde__window *window, double h)
{
    if (s->system->constant) return 1;
    if (!s->system->ops->drift) return 0;
    return npde__window_holds(window, s->system, h, 0.5, 0.5);
}

npde_status npde__frozen_end(npde__frozen *f, npde__stepper *s, double t, const npde__window *window, double *scratch)
{
    npde__system *system = s->system;
    npde_status status;
    s->slope_new_known = 1;
    system->ops->apply(system, 0, s->y_new, system->constant ? s->slope_new : scratch);
    if (system->constant) {
        status = system->ops->rates(system, t, -1, s->y_new, s->rates_new);
    } else {
        status = system->ops->remainder(system, t, -1, s->y_new, s->rates_new, s->slope_new);
        npde__kernels_best()->combine(system->n, 2, (const double[]){1, 1},
                                      (const double *const[]){s->slope_new, scratch}, s->slope_new);
    }
    f->serves_new = serves(s, window, f->h);
    return status;
}

/* A single short step, cut to land somewhere, does not take the place of what lies a fair distance back. */
static void remember_rest(npde__frozen *f)
{
    if (f->h < f->h_before / 2 && !f->skipped) {
        f->h_before += f->h;
        f->skipped = 1;
        return;
    }
    double *rest = f->rest;
    f->rest = f->before;
    f->before = rest;
    f->h_before = f->h;
    f->skipped = 0;
}

void npde__frozen_accept(npde__frozen *f)
{
    remember_rest(f);
    f->serves = f->serves_new;
    f->uses++;
}

void npde__frozen_snapshot(npde__frozen *f, const npde__system *s, npde__bytes *bytes)
{
    npde__bytes_block(bytes, &f->kept, sizeof f->kept);
    npde__bytes_block(bytes, &f->serves, sizeof f->serves);
    npde__bytes_block(bytes, &f->h, sizeof f->h);
    npde__bytes_block(bytes, &f->uses, sizeof f->uses);
    npde__bytes_block(bytes, &f->h_before, sizeof f->h_before);
    npde__bytes_block(bytes, &f->skipped, sizeof f->skipped);
    npde__bytes_block(bytes, f->before, s->n * sizeof *f->before);
}
