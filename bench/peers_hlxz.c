/* SPDX-License-Identifier: BSD-3-Clause
 * The published structure-preserving scheme (Hu, Liu, Xie & Zhou, J. Comput. Phys. 433, 2021, 110195): semi-implicit Euler with
 * Scharfetter–Gummel fluxes on equal cells,
 *
 *     h (n_i' − n_i)/Δt = J_{i−1/2} − J_{i+1/2} + N δ_{iR},   J_{i+1/2} = α n_i' − β n_{i+1}',
 *     α = (a/h) B(−z),  β = (a/h) B(z),  z = (μ − v_{i+1/2}) h/a,  B(z) = z/(eᶻ − 1),
 *
 * μ and a at the old rate; the source N explicit, or implicit by bordering, which costs a few operations more. N is the last
 * flux. Where μ and a stand still the matrix is factored once. */
#include "grids.h"
#include "peers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char group_hlxz[] = "semi-implicit Scharfetter-Gummel";

enum { HLXZ_RUNGS = 15 };
/* Steps between outputs. */
static const size_t hlxz_ladder[HLXZ_RUNGS] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};

typedef struct {
    bench_solver base;
    const problem *p;
    int implicit; /* the source */
} hlxz;

typedef struct {
    const problem *p;
    size_t n, reset;
    double h, dt, begin;
    double mu, a;            /* what alpha and beta were made for */
    double *alpha, *beta;    /* face i lies between points i and i + 1 */
    double *lower, *inverse; /* multipliers and inverse pivots */
    double *upper;           /* β Δt/h over the pivot */
    double *source;          /* forward-eliminated unit source at V_R */
    double *x, *y;           /* density; right side */
} stepper;

/* B(z) = g(z²) − z/2, for |z| < 1.5 to rounding: no function call, so that the compiler makes vectors of it. */
static double even_part(double y)
{
    return 1 + y * (1. / 12 +
                    y * (-1. / 720 +
                         y * (1. / 30240 + y * (-1. / 1209600 + y * (1. / 47900160 + y * (-691. / 1307674368000. +
                                                                                          y * (1. / 74724249600.)))))));
}

static void load_fluxes(stepper *s, double mu, double a)
{
    const double h = s->h, scale = a / h, first = (mu - s->begin - h / 2) * h / a, slope = -h * h / a;
    s->mu = mu;
    s->a = a;
    if (fmax(fabs(first), fabs(first + slope * (double)(s->n - 1))) < 1.5) {
        for (size_t i = 0; i < s->n; i++) {
            const double z = first + slope * (double)(int)i, g = even_part(z * z);
            s->alpha[i] = scale * (g + z / 2);
            s->beta[i] = scale * (g - z / 2);
        }
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        const double z = first + slope * (double)(int)i, b = fabs(z) < 1e-8 ? 1 - z / 2 : z / expm1(z);
        s->alpha[i] = scale * (b + z);
        s->beta[i] = scale * b;
    }
}

/* Factors I + Δt/h (…), and eliminates the unit source. */
static void factor(stepper *s)
{
    const double r = s->dt / s->h;
    double above = 0; /* upper entry of the row before */
    for (size_t i = 0; i < s->n; i++) {
        double pivot = 1 + r * (s->alpha[i] + (i ? s->beta[i - 1] : 0));
        s->lower[i] = i ? r * s->alpha[i - 1] * s->inverse[i - 1] : 0;
        pivot -= s->lower[i] * above;
        above = r * s->beta[i];
        s->inverse[i] = 1 / pivot;
        s->upper[i] = above * s->inverse[i];
    }
    s->source[s->reset] = r;
    for (size_t i = s->reset + 1; i < s->n; i++) s->source[i] = s->lower[i] * s->source[i - 1];
}

/* One step from the rate N; the new rate. */
static double step(stepper *s, int implicit, double rate)
{
    const size_t n = s->n, last = n - 1;
    double *x = s->x, *y = s->y, source = rate;
    y[0] = x[0];
    for (size_t i = 1; i < n; i++) y[i] = x[i] + s->lower[i] * y[i - 1];
    if (implicit) { /* N = α x_last with x_last = (y + N source)/pivot */
        const double c = s->alpha[last] * s->inverse[last];
        source = c * y[last] / (1 - c * s->source[last]);
    }
    for (size_t i = s->reset; i < n; i++) y[i] += source * s->source[i];
    x[last] = y[last] * s->inverse[last];
    for (size_t i = last; i-- > 0;) x[i] = y[i] * s->inverse[i] + s->upper[i] * x[i + 1];
    return s->alpha[last] * x[last];
}

static void initial(stepper *s)
{
    double mass = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double d = s->begin + s->h * (double)i - s->p->mean;
        s->x[i] = exp(-d * d / (2 * s->p->variance));
        mass += s->h * s->x[i];
    }
    for (size_t i = 0; i < s->n; i++) s->x[i] /= mass;
}

static int64_t integrate(stepper *s, int implicit, size_t steps, double *rates)
{
    const problem *p = s->p;
    const int moving = p->connectivity != 0 || p->noise != 0 || p->swing != 0;
    double rate = s->alpha[s->n - 1] * s->x[s->n - 1];
    int64_t factorizations = 1;
    for (size_t k = 0; k < PROBLEM_TIMES; k++) {
        for (size_t i = 0; i < steps; i++) {
            if (moving) {
                const double t = 0.1 * (double)k + s->dt * (double)(i + 1);
                load_fluxes(s, problem_drive(p, t) + p->connectivity * rate, problem_diffusion + p->noise * rate);
                factor(s);
                factorizations++;
            }
            rate = step(s, implicit, rate);
        }
        rates[k] = rate;
    }
    return factorizations;
}

static int run(bench_solver *self, size_t grid, size_t rung, size_t repeats, bench_point *out)
{
    const hlxz *solver = (const hlxz *)self;
    const volumes v = grids_volumes(solver->p, grid);
    const size_t n = v.left + v.right, steps = hlxz_ladder[rung];
    stepper s = {.p = solver->p, .n = n, .reset = v.left, .h = v.h, .begin = v.begin, .dt = 0.1 / (double)steps};
    double rates[PROBLEM_TIMES], *vectors = bench_alloc(8 * n, sizeof *vectors);
    double **const parts[] = {&s.alpha, &s.beta, &s.lower, &s.inverse, &s.upper, &s.source, &s.x, &s.y};
    for (size_t k = 0; k < 8; k++) *parts[k] = vectors + k * n;
    out->run = out->whole = INFINITY;
    for (size_t k = 0; k < repeats; k++) {
        const double begin = bench_clock();
        initial(&s);
        const double ready = bench_clock();
        load_fluxes(&s, problem_drive(s.p, 0), problem_diffusion);
        factor(&s);
        out->factorizations = integrate(&s, solver->implicit, steps, rates);
        const double end = bench_clock();
        out->run = fmin(out->run, end - ready);
        out->whole = fmin(out->whole, end - begin);
    }
    out->min_density = INFINITY;
    for (size_t i = 0; i < n; i++) out->min_density = fmin(out->min_density, s.x[i]);
    free(vectors);
    out->unknowns = (int64_t)n;
    out->steps = (int64_t)(steps * PROBLEM_TIMES);
    out->error = problem_error(solver->p, rates);
    snprintf(out->setting, sizeof out->setting, "n %zu; dt 0.1/%zu", n, steps);
    return 0;
}

static void release(bench_solver *self)
{
    free(self);
}

void hlxz_solvers(const problem *p, solver_list *list)
{
    for (int implicit = 0; implicit < 2; implicit++) {
        hlxz *s = bench_alloc(1, sizeof *s);
        *s = (hlxz){
            .base = {.group = group_hlxz, .n_grids = GRIDS_VOLUMES, .n_rungs = HLXZ_RUNGS, .run = run, .free = release},
            .p = p,
            .implicit = implicit};
        snprintf(s->base.name, sizeof s->base.name, "semi-implicit Euler, source %s",
                 implicit ? "implicit" : "explicit");
        solver_list_add(list, &s->base);
    }
}
