/* SPDX-License-Identifier: BSD-3-Clause
 * The library on a problem: every method that the table of ids has, on every kind of grid, with fixed and adaptive steps. */
#include "grids.h"
#include "peers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps between outputs, which lie 0.1 apart; below 1 only where outputs need no step of their own. */
static const double ladder[] = {0.2, 0.3, 0.4, 0.6, 0.8, 1,   1.5, 2,   3,   4,   6,    8,    12,  16,
                                24,  32,  48,  64,  96,  128, 192, 256, 384, 512, 1024, 2048, 4096};
enum { LADDER = sizeof ladder / sizeof ladder[0], LADDER_FROM_ONE = 5, TOLERANCES = 26 };

typedef struct {
    bench_solver base;
    const problem *p;
    size_t n_pop; /* an ensemble, or 1 for the problem itself */
    npde_id scheme, method, coupling;
    npde_id output_option, output; /* 0 where the library has no such option */
    int adaptive, dense;
    const grids *layouts;
} library;

/* A run ready to start, in a context of its own. */
typedef struct {
    npde_context *context;
    npde_model *model;
    npde_grid *grid;
    npde_solver *solver;
    char setting[96];
} prepared;

static double step_of(const library *l, size_t rung)
{
    return 0.1 / ladder[rung + (l->dense ? 0 : LADDER_FROM_ONE)];
}

/* 0.1, 0.03, 0.01, … */
static double tolerance_of(size_t rung)
{
    return fmax(1e-14, pow(10, -1 - 0.5 * (double)rung));
}

static void make_grid(const library *l, size_t index, prepared *r, char *text, size_t size)
{
    if (l->scheme == NPDE_SCHEME_SPECTRAL) {
        const layout *at = &l->layouts->at[index];
        grids_describe(at, text, size);
        problem_check(r->context, npde_grid_new(r->context, l->scheme, at->breaks, at->n + 1, at->degrees, &r->grid));
        return;
    }
    const volumes v = grids_volumes(l->p, index);
    const double breaks[] = {v.begin, problem_reset, problem_threshold};
    const size_t cells[] = {v.left, v.right};
    snprintf(text, size, "n %zu", v.left + v.right);
    problem_check(r->context, npde_grid_new(r->context, l->scheme, breaks, 3, cells, &r->grid));
}

static void set(prepared *r, npde_id option, double value)
{
    problem_check(r->context, npde_solver_set(r->solver, option, value));
}

/* Populations with connectivities from −1 to 0.9, each on its own. */
static double ensemble_connectivity(size_t pop, size_t n_pop)
{
    return -1 + 1.9 * (double)pop / (double)(n_pop - 1);
}

static npde_model *ensemble_model(npde_context *c, const library *l)
{
    npde_model *m;
    problem_check(c, npde_model_new(c, NPDE_MODEL_LIF_NETWORK, l->n_pop, &m));
    for (size_t k = 0; k < l->n_pop; k++)
        problem_check(c, npde_model_set(m, k, NPDE_PARAM_CONNECTIVITY, ensemble_connectivity(k, l->n_pop)));
    return m;
}

/* First, middle and last population against references of their own; the middle one depends on n_pop, so it is kept by its b. */
static double ensemble_error(const library *l, const double *rates)
{
    enum { CHECKED = 3, KEPT = 32 };
    static problem kept[KEPT];
    static reference known[KEPT];
    static size_t n;
    double error = 0;
    for (size_t k = 0; k < CHECKED; k++) {
        const size_t pop = k * (l->n_pop - 1) / (CHECKED - 1);
        const double b = ensemble_connectivity(pop, l->n_pop);
        size_t at = 0;
        while (at < n && kept[at].connectivity != b) at++;
        if (at == KEPT) return NAN;
        if (at == n) {
            kept[n] = *l->p;
            kept[n].connectivity = b;
            kept[n].golden = NULL;
            problem_compute(&kept[n], &known[n]);
            n++;
        }
        error = fmax(error, reference_error(&known[at], rates + pop, l->n_pop));
    }
    return error;
}

/* A method may refuse a grid or a model at once, or at the start. */
static npde_status prepare(const library *l, size_t grid, size_t rung, prepared *r)
{
    char space[64];
    *r = (prepared){0};
    problem_check(NULL, npde_context_new(&r->context));
    r->model = l->n_pop > 1 ? ensemble_model(r->context, l) : problem_model(r->context, l->p);
    make_grid(l, grid, r, space, sizeof space);
    const npde_status status = npde_solver_new(r->model, r->grid, l->method, &r->solver);
    if (status < 0) return status;
    if (l->adaptive) {
        const double rtol = tolerance_of(rung);
        set(r, NPDE_OPTION_RTOL, rtol);
        set(r, NPDE_OPTION_ATOL, fmax(1e-16, 1e-2 * rtol));
        snprintf(r->setting, sizeof r->setting, "%s; rtol %.1e", space, rtol);
    } else {
        set(r, NPDE_OPTION_DT, step_of(l, rung));
        snprintf(r->setting, sizeof r->setting, "%s; dt 0.1/%g", space, 0.1 / step_of(l, rung));
    }
    set(r, NPDE_OPTION_COUPLING, l->coupling);
    if (l->output_option) set(r, l->output_option, l->output);
    return npde_solver_set_gaussian(r->solver, NPDE_ALL, l->p->mean, l->p->variance);
}

static void release(prepared *r)
{
    npde_solver_free(r->solver);
    npde_grid_free(r->grid);
    npde_model_free(r->model);
    npde_context_free(r->context);
}

static void read_counters(const npde_solver *s, bench_point *out)
{
    npde_solver_count(s, NPDE_COUNT_UNKNOWNS, &out->unknowns);
    npde_solver_count(s, NPDE_COUNT_STEPS, &out->steps);
    npde_solver_count(s, NPDE_COUNT_REJECTIONS, &out->rejections);
    npde_solver_count(s, NPDE_COUNT_FACTORIZATIONS, &out->factorizations);
}

/* Times started and stepped runs; negative in *started for a setting that is refused, in *ran for a run that fails. */
static void time_runs(const prepared *r, size_t repeats, npde_status *started, npde_status *ran, double *rates,
                      bench_point *out)
{
    out->run = out->whole = INFINITY;
    for (size_t k = 0; k < repeats && *started >= 0 && *ran >= 0; k++) {
        const double begin = bench_clock();
        *started = npde_solver_start(r->solver, 0);
        const double ready = bench_clock();
        if (*started < 0) return;
        *ran = npde_solver_sample(r->solver, problem_times(), PROBLEM_TIMES, rates);
        const double end = bench_clock();
        out->run = fmin(out->run, end - ready);
        out->whole = fmin(out->whole, end - begin);
    }
}

static int run(bench_solver *self, size_t grid, size_t rung, size_t repeats, bench_point *out)
{
    const library *l = (const library *)self;
    prepared r;
    double *rates = bench_alloc(PROBLEM_TIMES * l->n_pop, sizeof *rates);
    npde_status started = prepare(l, grid, rung, &r), ran = 0;
    time_runs(&r, repeats, &started, &ran, rates, out);
    snprintf(out->setting, sizeof out->setting, "%.223s", started < 0 ? npde_context_error(r.context) : r.setting);
    if (started >= 0 && ran >= 0) {
        out->error = l->n_pop > 1 ? ensemble_error(l, rates) : problem_error(l->p, rates);
        read_counters(r.solver, out);
    }
    free(rates);
    release(&r);
    return started < 0 ? -1 : ran < 0;
}

static int32_t watch(npde_solver *solver, npde_id event, double t, void *user)
{
    double *least = user, now;
    (void)event;
    (void)t;
    if (!npde_solver_stat(solver, NPDE_STAT_MIN_DENSITY, &now)) *least = fmin(*least, now);
    return 0;
}

double library_min_density(const bench_point *point)
{
    const library *l = (const library *)point->solver;
    prepared r;
    double rates[PROBLEM_TIMES], least = INFINITY;
    npde_status status = prepare(l, point->grid, point->rung, &r);
    if (status >= 0) status = npde_solver_observe(r.solver, NPDE_EVENT_STEP, watch, &least, NULL, NULL);
    if (status >= 0) status = npde_solver_start(r.solver, 0);
    if (status >= 0) status = npde_solver_sample(r.solver, problem_times(), PROBLEM_TIMES, rates);
    release(&r);
    return status < 0 ? NAN : least;
}

static double layout_floor(const bench_solver *self, size_t grid)
{
    return ((const library *)self)->layouts->at[grid].floor;
}

static void release_library(bench_solver *self)
{
    free(self);
}

static void add(solver_list *list, const library *like, const char *space)
{
    library *l = bench_alloc(1, sizeof *l);
    *l = *like;
    l->base.group = npde_id_name(l->method);
    l->base.n_grids = l->layouts ? l->layouts->n : (size_t)GRIDS_VOLUMES;
    l->base.n_rungs = l->adaptive ? TOLERANCES : l->dense ? LADDER : LADDER - LADDER_FROM_ONE;
    l->base.run = run;
    l->base.floor = l->layouts ? layout_floor : NULL;
    l->base.free = release_library;
    snprintf(l->base.name, sizeof l->base.name, "%s %s%s%s %s", npde_id_name(l->method),
             l->adaptive ? "adaptive" : "fixed", l->coupling == NPDE_COUPLING_EXTRAPOLATED ? " extrapolated" : "",
             l->dense ? " dense" : "", space);
    solver_list_add(list, &l->base);
}

/* The choices of the option output, by name: what it is called exact, and what dense. */
static size_t output_choices(library variants[2], const library *like)
{
    npde_id option;
    double low, high, preset;
    variants[0] = *like;
    if (npde_id_find(NPDE_FAMILY_OPTION, "output", &option) || npde_id_range(option, &low, &high, &preset)) return 1;
    size_t n = 0;
    for (npde_id choice = (npde_id)low; choice <= (npde_id)high && n < 2; choice++) {
        const char *name = npde_id_name(choice);
        const int dense = strcmp(name, "dense") == 0;
        if (!dense && strcmp(name, "exact") != 0) continue;
        variants[n] = *like;
        variants[n].output_option = option;
        variants[n].output = choice;
        variants[n++].dense = dense;
    }
    return n ? n : 1;
}

static void add_variants(solver_list *list, const library *like, const char *space)
{
    const problem *p = like->p;
    const int coupled = p->connectivity != 0 || p->noise != 0;
    library variants[2];
    for (int adaptive = 0; adaptive < 2; adaptive++)
        for (int extrapolated = 0; extrapolated <= coupled; extrapolated++) {
            library l = *like;
            l.adaptive = adaptive;
            l.coupling = extrapolated ? NPDE_COUPLING_EXTRAPOLATED : NPDE_COUPLING_NEWTON;
            const size_t n = output_choices(variants, &l);
            for (size_t k = 0; k < n; k++) add(list, &variants[k], space);
        }
}

/* The newest methods first: what is slower than they are is then given up early. */
static void add_methods(const library *like, const char *only, const char *space, solver_list *list)
{
    size_t n = 0;
    library l = *like;
    npde_id_count(NPDE_FAMILY_METHOD, &n);
    for (size_t k = n; k-- > 0;) {
        npde_id_at(NPDE_FAMILY_METHOD, k, &l.method);
        if (!only || strcmp(only, npde_id_name(l.method)) == 0) add_variants(list, &l, space);
    }
}

void library_solvers(const problem *p, library_schemes schemes, const char *only, solver_list *list)
{
    static const char *const names[GRIDS_FAMILIES] = {"spectral", "spectral, many elements"};
    library l = {.p = p, .n_pop = 1, .scheme = NPDE_SCHEME_SPECTRAL};
    for (int family = 0; family < GRIDS_FAMILIES && schemes != SCHEMES_VOLUMES; family++) {
        l.layouts = grids_spectral(p, (grids_family)family);
        add_methods(&l, only, names[family], list);
    }
    l.scheme = NPDE_SCHEME_FINITE_VOLUME;
    l.layouts = NULL;
    if (schemes != SCHEMES_SPECTRAL) add_methods(&l, only, "finite volume", list);
}

void library_ensemble(size_t n_pop, const char *only, solver_list *list)
{
    const problem *inhibitory = &problems[PROBLEMS - 1]; /* b = −1: its grid reaches furthest */
    library l = {.p = inhibitory, .n_pop = n_pop, .scheme = NPDE_SCHEME_SPECTRAL};
    l.layouts = grids_spectral(inhibitory, GRIDS_FEW);
    add_methods(&l, only, "spectral", list);
    l.layouts = grids_spectral(inhibitory, GRIDS_MANY);
    add_methods(&l, only, "spectral, many elements", list);
}
