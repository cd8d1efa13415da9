/* SPDX-License-Identifier: BSD-3-Clause
 * The kinetic kinds for implicit–explicit methods: L is the relaxation in g, and what is left of F is explicit, the transport in v
 * by fluxes through the faces of cells,
 *
 *     w_i dp_i/dt = J_i p(v_i) − J_{i+1} p(v_{i+1}),    J = A − B v at the face,
 *
 * with p at a face the slope there of the cubic mass through four faces, two upstream and one downstream: third order (van Leer's
 * κ = 1/3 on equal cells), or with cells_upwind that of the cell upstream. What leaves at V_F or is discharged enters the cell
 * next to V_R, or r/τ does. Nothing is kept of the trick that makes Strang's splitting exact for fast conductances. */
#include "models/kinetic.h"

#include <math.h>
#include <string.h>

typedef struct {
    size_t first;
    double weight[3];
} stencil;

struct npde__kinetic_faces {
    size_t n, reset;
    stencil *up, *down; /* faces 1 … n − 1, for what flows up and down in v */
};

/* Slopes at a face of the cubic through the masses up to faces first … first + 3, as weights of the three densities. */
static stencil make_stencil(const npde_grid *v, size_t face, size_t first)
{
    stencil s = {.first = first};
    const double *x = v->faces + first;
    const size_t at = face - first;
    for (size_t k = 1; k < 4;
         k++) { /* the slope at x[at] of the k-th Lagrange polynomial counts for all cells below face k */
        double slope = at == k ? 0 : 1;
        for (size_t m = 0; m < 4; m++) {
            if (m == k) continue;
            if (at == k) slope += 1 / (x[k] - x[m]);
            else slope *= (m == at ? 1 : x[at] - x[m]) / (x[k] - x[m]);
        }
        for (size_t c = 0; c < k; c++) s.weight[c] += slope * (x[c + 1] - x[c]);
    }
    return s;
}

/* Three cells around a face, on one side of V_R, where the density jumps. */
static stencil around(const npde_grid *v, const npde__kinetic_faces *f, size_t face, int up, int upwind)
{
    const size_t upstream = up ? face - 1 : face;
    if (upwind)
        return (stencil){.first = upstream < f->n - 3 ? upstream : f->n - 3,
                         .weight = {upstream <= f->n - 3, upstream == f->n - 2, upstream == f->n - 1}};
    size_t low = 0, high = f->n, first = up ? (face >= 2 ? face - 2 : 0) : face - 1;
    if (f->reset >= 3 && upstream < f->reset) high = f->reset;
    if (f->n - f->reset >= 3 && upstream >= f->reset) low = f->reset;
    if (first + 3 > high) first = high - 3;
    if (first < low) first = low;
    return make_stencil(v, face, first);
}

npde_status npde__kinetic_faces_new(npde_context *c, const npde_grid *v, size_t reset, npde__kinetic_faces **out)
{
    npde__kinetic_faces *f = *out = npde__alloc(c, 1, sizeof *f);
    if (!f) return NPDE_ERR_MEMORY;
    f->n = v->n;
    f->reset = reset;
    f->up = npde__alloc(c, v->n, sizeof *f->up);
    f->down = npde__alloc(c, v->n, sizeof *f->down);
    if (!f->up || !f->down) return NPDE_ERR_MEMORY;
    const int upwind = v->scheme == NPDE_SCHEME_CELLS_UPWIND;
    for (size_t face = 1; face < v->n; face++) {
        f->up[face] = around(v, f, face, 1, upwind);
        f->down[face] = around(v, f, face, 0, upwind);
    }
    return NPDE_OK;
}

void npde__kinetic_faces_free(npde__kinetic_faces *f, npde_context *c)
{
    if (!f) return;
    npde__free(c, f->up);
    npde__free(c, f->down);
    npde__free(c, f);
}

/* ---- when, and how long a step ---- */

const char *npde__kinetic_refuses_explicit(const kinetic_system *k, size_t order)
{
    if (!k->v || !k->g) return "a kind of one variable has no relaxation to split off";
    if (k->conductance) return "conductances G(v, N) by callback need the method strang";
    if (k->v->scheme == NPDE_SCHEME_CELLS_LIMITED) return "the scheme cells_limited needs the method strang";
    if (order < 2 && k->v->scheme != NPDE_SCHEME_CELLS_UPWIND)
        return "with first order in time only the scheme cells_upwind is stable";
    for (size_t p = 0; p < k->coupling.base.n_rates; p++)
        if (k->pop[p].refractory == NPDE_REFRACTORY_FIXED) return "a fixed refractory time needs the method strang";
    return NULL;
}

double npde__kinetic_explicit_rate(const kinetic_system *k)
{
    double most = 0;
    const double g = k->g->v[k->n_g - 1];
    for (size_t p = 0; p < k->coupling.base.n_rates; p++) {
        const kinetic_population *pop = &k->pop[p];
        const double a = npde__kinetic_a(pop, g), b = npde__kinetic_b(pop, g);
        double rate = 0, phi = 0;
        for (size_t i = 0; i <= k->n_v; i++) { /* the larger of the two cells' at each face; and at no conductance */
            const double v = k->v->faces[i], drift = fmax(fabs(a - b * v), pop->g_leak * fabs(pop->v_leak - v));
            const double width = i == 0 ? k->v->w[0] : i == k->n_v ? k->v->w[i - 1] : fmin(k->v->w[i - 1], k->v->w[i]);
            rate = fmax(rate, drift / width);
        }
        for (size_t i = 0; pop->phi && i < k->n_v; i++) phi = fmax(phi, pop->phi[i]);
        most = fmax(most, rate + phi + (pop->refractory == NPDE_REFRACTORY_NONE ? 0 : 1 / pop->tau));
    }
    return most;
}

/* ---- the transport's share of F ---- */

static double at_face(const stencil *s, const double *row)
{
    const double *p = row + s->first;
    return s->weight[0] * p[0] + s->weight[1] * p[1] + s->weight[2] * p[2];
}

/* One row; what it fires. */
static double add_row(const kinetic_system *k, const kinetic_population *pop, size_t j, const double *row, double *out)
{
    const npde__kinetic_faces *f = pop->faces;
    const double g = k->g->v[j], a = npde__kinetic_a(pop, g), b = npde__kinetic_b(pop, g), *w = k->v->w;
    double fired = 0;
    for (size_t face = 1; face < f->n; face++) {
        const double drift = a - b * k->v->faces[face];
        const double flux = drift * at_face(drift > 0 ? &f->up[face] : &f->down[face], row);
        out[face - 1] -= flux / w[face - 1];
        out[face] += flux / w[face];
    }
    const double end = a - b * k->v->faces[f->n];
    if (end > 0) {
        fired = end * npde__characteristics_end(&pop->row, row);
        out[f->n - 1] -= fired / w[f->n - 1];
    }
    for (size_t i = 0; pop->phi && i < f->n; i++) {
        out[i] -= pop->phi[i] * row[i];
        fired += w[i] * pop->phi[i] * row[i];
    }
    return fired;
}

static void add_transport(const kinetic_system *k, size_t p, const double *y, double *out)
{
    const kinetic_population *pop = &k->pop[p];
    const size_t points = k->coupling.base.points;
    const double *r = y + points + NPDE__KINETIC_WAITING;
    double *change = out + points + NPDE__KINETIC_WAITING;
    for (size_t j = 0; j < k->n_g; j++) {
        const double g = k->g->v[j], fired = add_row(k, pop, j, y + j * k->n_v, out + j * k->n_v);
        const int up = npde__kinetic_a(pop, g) - npde__kinetic_b(pop, g) * pop->v_reset >= 0;
        const size_t cell = up || pop->faces->reset == 0 ? pop->faces->reset : pop->faces->reset - 1;
        double enters = fired;
        if (npde__kinetic_waits(k, pop)) {
            enters = r[j] / pop->tau;
            change[j] += fired - enters;
        }
        out[j * k->n_v + cell] += enters / k->v->w[cell];
    }
}

/* ---- what is left of the relaxation where the rates are not those of L ---- */

static void load(npde__relaxation *r, const npde__relaxation *frozen, double *mean, double *k)
{
    *r = *frozen; /* its factors stay as they are: this one is only applied */
    r->mean = mean;
    r->k = k;
}

/* out = (L(N) − L) x for a block of columns; scratch is as long. */
static void relaxation_difference(npde__relaxation *frozen, kinetic_population *pop, double drive, double diffusion,
                                  const double *x, double *scratch, double *out)
{
    npde__relaxation now;
    double mean = frozen->mean[0];
    load(&now, frozen, &mean, pop->other_k);
    now.diffusion = NAN;
    npde__relaxation_load(&now, &drive, diffusion);
    npde__relaxation_apply(&now, x, out);
    npde__relaxation_apply(frozen, x, scratch);
    for (size_t i = 0; i < frozen->n * frozen->columns; i++) out[i] -= scratch[i];
}

static void add_relaxation_rest(kinetic_system *k, size_t p, const double *y, double *out)
{
    kinetic_population *pop = &k->pop[p];
    const double drive = k->coupling.drive[p], diffusion = k->coupling.diffusion[p];
    const size_t waits = k->coupling.base.points + NPDE__KINETIC_WAITING;
    if (drive == pop->column.mean[0] && diffusion == pop->column.diffusion) return;
    relaxation_difference(&pop->column, pop, drive, diffusion, y, k->scratch, out);
    if (npde__kinetic_waits(k, pop))
        relaxation_difference(&pop->waiting, pop, drive, diffusion, y + waits, k->scratch, out + waits);
}

/* ---- the seam ---- */

void npde__kinetic_apply(npde__system *s, int forced, const double *y, double *out)
{
    kinetic_system *k = (kinetic_system *)s;
    memset(out, 0, s->n * sizeof *out);
    for (size_t p = 0; p < s->n_rates && k->g; p++) {
        kinetic_population *pop = &k->pop[p];
        const double *n = y + p * s->stride;
        double *slope = out + p * s->stride;
        npde__relaxation_apply(&pop->column, n, slope);
        if (!pop->faces) continue;
        if (npde__kinetic_waits(k, pop))
            npde__relaxation_apply(&pop->waiting, n + s->points + NPDE__KINETIC_WAITING,
                                   slope + s->points + NPDE__KINETIC_WAITING);
        if (forced) add_transport(k, p, n, slope);
    }
}

npde_status npde__kinetic_factor(npde__system *s, double gamma)
{
    kinetic_system *k = (kinetic_system *)s;
    npde_status status = NPDE_OK;
    for (size_t p = 0; p < s->n_rates && !status; p++) {
        s->factorizations += !(k->pop[p].column.gamma == gamma);
        status = npde__relaxation_factor(&k->pop[p].column, gamma);
        if (!status && npde__kinetic_waits(k, &k->pop[p])) status = npde__relaxation_factor(&k->pop[p].waiting, gamma);
    }
    return status;
}

void npde__kinetic_solve(npde__system *s, int forced, double *x, double *rates)
{
    kinetic_system *k = (kinetic_system *)s;
    for (size_t p = 0; p < s->n_rates; p++) {
        kinetic_population *pop = &k->pop[p];
        double *n = x + p * s->stride;
        if (forced) {
            memset(k->scratch, 0, s->stride * sizeof *k->scratch);
            add_transport(k, p, n, k->scratch);
            for (size_t i = 0; i < s->stride; i++) n[i] += pop->column.gamma * k->scratch[i];
        }
        npde__relaxation_solve(&pop->column, n);
        if (npde__kinetic_waits(k, pop)) npde__relaxation_solve(&pop->waiting, n + s->points + NPDE__KINETIC_WAITING);
        rates[p] = npde__kinetic_rate(k, p, n, pop->mean);
    }
}

npde_status npde__kinetic_remainder(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    kinetic_system *k = (kinetic_system *)s;
    npde_status status = npde__kinetic_rates(s, t, side, y, rates);
    if (!status) status = npde__lif_law(&k->coupling, t, side, rates);
    memset(out, 0, s->n * sizeof *out);
    for (size_t p = 0; p < s->n_rates && !status; p++) {
        add_relaxation_rest(k, p, y + p * s->stride, out + p * s->stride);
        add_transport(k, p, y + p * s->stride, out + p * s->stride);
    }
    return status;
}

/* The rates follow from the state alone. */
npde_status npde__kinetic_correct(npde__system *s, double t, int side, const double *rates, const double *y,
                                  double *residual, int *linear)
{
    (void)s, (void)t, (void)side, (void)rates, (void)y, (void)residual;
    *linear = 1;
    return NPDE_OK;
}

void npde__kinetic_drift(const npde__system *s, double *low, double *high, double *advection)
{
    const kinetic_system *k = (const kinetic_system *)s;
    *low = *high = *advection = 0;
    for (size_t p = 0; p < s->n_rates; p++) {
        const npde__relaxation *r = &k->pop[p].column;
        const double a = r->diffusion, shift = k->coupling.drive[p] - r->mean[0];
        *low = fmin(*low, k->coupling.diffusion[p] / a - 1);
        *high = fmax(*high, k->coupling.diffusion[p] / a - 1);
        *advection = fmax(*advection, shift * shift / (a * r->sigma));
    }
}
