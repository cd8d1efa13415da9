/* SPDX-License-Identifier: BSD-3-Clause
 * Transport along characteristics: exact solutions, mass, positivity, the kernels of all instruction sets. */
#include "operators/characteristics.h"
#include "support.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
enum { MOST = 2048 };

typedef struct {
    npde_context *c;
    npde_grid *grid;
    npde__characteristics f;
    double a, b, left, reset, right;
} line;

/* reset: a break. */
static line line_new(npde_id scheme, size_t segments, const double *breaks, const size_t *cells, size_t reset, double a,
                     double b)
{
    line l = {.a = a, .b = b, .left = breaks[0], .right = breaks[segments]};
    OK(l.c, npde_context_new(&l.c));
    OK(l.c, npde_grid_new(l.c, scheme, breaks, segments + 1, cells, &l.grid));
    l.reset = breaks[reset];
    ck_assert_int_eq(npde__characteristics_equal(l.grid), 1);
    OK(l.c, npde__characteristics_init(&l.f, l.c, l.grid, l.grid->node[reset]));
    return l;
}

static void line_free(line *l)
{
    npde__characteristics_free(&l->f);
    npde_grid_free(l->grid);
    npde_context_free(l->c);
}

/* Time from V_R to v, and from V_R to the end. */
static double age(const line *l, double v)
{
    return log((l->a - l->b * l->reset) / (l->a - l->b * v)) / l->b;
}

/*
 * n(v,t) = f(age(v) − t)/(A − Bv), with f of the period of the cycle V_R → V_F → V_R, solves the equation exactly.
 * Its mass between two points is the integral of f over ages.
 */
static double periodic_mass(const line *l, double left, double right, double t)
{
    const double period = age(l, l->right), w = 2 * PI / period, x = age(l, left), y = age(l, right);
    return (y - x) + 0.5 * (sin(w * (y - t)) - sin(w * (x - t))) / w;
}

static void fill(const line *l, double t, double *row)
{
    for (size_t i = 0; i < l->f.n; i++)
        row[i] = l->grid->faces[i] < l->reset - 1e-12
                     ? 0
                     : periodic_mass(l, l->grid->faces[i], l->grid->faces[i + 1], t) / l->grid->w[i];
}

enum { END, INSIDE, GRADED, GRADED_INSIDE, AXES };
static const char *const axis_name[] = {"at the end", "inside", "at the end, cells graded", "inside, cells graded"};

static line axis(npde_id scheme, int kind, size_t n)
{
    static const struct {
        double breaks[5];
        size_t shares[4], segments, reset; /* cells in 16ths */
    } of[AXES] = {{{0, 1}, {16}, 1, 0},
                  {{0, 0.25, 1}, {4, 12}, 2, 1},
                  {{0, 0.6, 0.9, 1}, {8, 4, 4}, 3, 0},
                  {{0, 0.25, 0.5, 0.85, 1}, {3, 4, 5, 4}, 4, 1}};
    size_t cells[4];
    for (size_t s = 0; s < of[kind].segments; s++) cells[s] = n / 16 * of[kind].shares[s];
    return line_new(scheme, of[kind].segments, of[kind].breaks, cells, of[kind].reset, 2.2, 1.5);
}

/* Error after `steps` steps to t = 1 in the mass up to any face, and in what fired. */
static double run_periodic(npde_id scheme, size_t n, int kind, int steps, double *fired_error)
{
    const double h = 1.0 / steps;
    line l = axis(scheme, kind, n);
    double row[MOST], exact[MOST], error = 0, sum = 0, fired = 0;
    fill(&l, 0, row);
    for (int k = 0; k < steps; k++) fired += npde__characteristics_flow(&l.f, l.a / l.b, expm1(l.b * h), 1, 0, row);
    fill(&l, 1, exact);
    for (size_t i = 0; i < n; i++) {
        sum += (row[i] - exact[i]) * l.grid->w[i];
        error = fmax(error, fabs(sum));
    }
    /* ∫ f(T − t) dt over [0, 1] */
    const double period = age(&l, 1), w = 2 * PI / period;
    *fired_error = fabs(fired - (1 + 0.5 * (sin(w * period) - sin(w * (period - 1))) / w));
    line_free(&l);
    return error;
}

/*
 * Of steps of any length, from a fraction of a cell to a whole cycle, the order in the width of cells is the fourth: it is the
 * fifth but for the ends and V_R. V_R at the left end and inside; cells of one width and of several.
 */
START_TEST(exact_cycle_is_followed_to_fourth_order)
{
    static const int steps[] = {6400, 400, 23, 1};
    for (int kind = 0; kind < AXES; kind++)
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            double out[2];
            const double coarse = run_periodic(NPDE_SCHEME_CELLS, 32, kind, steps[k], &out[0]);
            const double fine = run_periodic(NPDE_SCHEME_CELLS, 512, kind, steps[k], &out[1]);
            const double order = log2(coarse / fine) / 4;
            ck_assert_msg(order > 3.8 && fine < 1e-8 && out[1] < 5e-9,
                          "reset %s, %d steps: errors %.2e, %.2e, order %.2f; fired off by %.2e", axis_name[kind],
                          steps[k], coarse, fine, order, out[1]);
        }
}
END_TEST

/* Mass up to v of (1 − x²)⁸, x = (v − 0.4)/0.35: a bump that the ends know nothing of. */
static double bump_mass(double v)
{
    static const double c[] = {1, -8, 28, -56, 70, -56, 28, -8, 1};
    const double x = fmin(fmax((v - 0.4) / 0.35, -1), 1);
    double sum = 0, power = x;
    for (int k = 0; k <= 8; k++, power *= x * x) sum += c[k] * power / (2 * k + 1);
    return 0.35 * sum;
}

/* Largest error of the mass up to a face after `steps` steps to t = 0.2, in which it moves by a fifth towards 0.9. */
static double run_bump(size_t n, int graded, int steps)
{
    const double breaks[] = {0, 0.3, 0.6, 1}, h = 0.2 / steps, target = 0.9;
    const size_t cells[] = {n / 4, n / 2, n / 4};
    line l = graded ? line_new(NPDE_SCHEME_CELLS, 3, breaks, cells, 0, target, 1)
                    : line_new(NPDE_SCHEME_CELLS, 1, (const double[]){0, 1}, &n, 0, target, 1);
    double row[MOST], sum = 0, error = 0;
    for (size_t i = 0; i < n; i++)
        row[i] = (bump_mass(l.grid->faces[i + 1]) - bump_mass(l.grid->faces[i])) / l.grid->w[i];
    for (int k = 0; k < steps; k++) npde__characteristics_flow(&l.f, target, expm1(h), 1, 0, row);
    for (size_t i = 0; i < n; i++) {
        sum += l.grid->w[i] * row[i];
        const double foot = target - (target - l.grid->faces[i + 1]) * exp(0.2);
        error = fmax(error, fabs(sum - (bump_mass(foot) - bump_mass(-1))));
    }
    line_free(&l);
    return error;
}

START_TEST(smooth_data_are_moved_to_fifth_order)
{
    static const int steps[] = {20000, 1000, 10, 1};
    for (int graded = 0; graded < 2; graded++)
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            const double coarse = run_bump(64, graded, steps[k]), fine = run_bump(256, graded, steps[k]);
            const double order = log2(coarse / fine) / 2;
            ck_assert_msg(order > 4.8 && fine < 1e-8, "%d steps, %s: errors %.2e, %.2e, order %.2f", steps[k],
                          graded ? "cells graded" : "equal cells", coarse, fine, order);
        }
}
END_TEST

/* Rough data on cells of several widths, steps from a hundredth of a cell to several: what flows by, n (A − B v), stays within
 * bounds for as many cycles as there are steps for. */
START_TEST(rough_data_do_not_grow)
{
    static const double cells_a_step[] = {0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 1.5, 3.3};
    random_stream r = {11};
    const int steps = (int)(20000 * test_scale());
    for (int kind = 0; kind < AXES; kind++)
        for (size_t k = 0; k < sizeof cells_a_step / sizeof cells_a_step[0]; k++) {
            line l = axis(NPDE_SCHEME_CELLS, kind, 64);
            double row[MOST], first = 0, most = 0;
            for (size_t i = 0; i < l.f.n; i++) {
                row[i] = l.grid->faces[i] < l.reset ? 0 : random_between(&r, 0, 1);
                first = fmax(first, (l.a - l.b * l.grid->faces[i]) * row[i]);
            }
            const double h = cells_a_step[k] / 64 / l.a;
            for (int i = 0; i < steps; i++) npde__characteristics_flow(&l.f, l.a / l.b, expm1(l.b * h), 1, 0, row);
            for (size_t i = 0; i < l.f.n; i++) most = fmax(most, (l.a - l.b * l.grid->faces[i]) * fabs(row[i]));
            ck_assert_msg(most <= 1.1 * first, "reset %s, %g cells a step: %g grew to %g", axis_name[kind],
                          cells_a_step[k], first, most);
            line_free(&l);
        }
}
END_TEST

/* Where the drift vanishes on the axis all mass gathers there, and nothing enters at the ends: rough data do not grow, wherever
 * that is, near an end, V_R or where cells of another width begin. Not limited. */
START_TEST(what_gathers_does_not_grow)
{
    static const struct {
        double breaks[7];
        size_t cells[6], segments, reset;
    } of[] = {{{0, 1}, {64}, 1, 0},
              {{0, 0.3, 1}, {19, 45}, 2, 1},
              {{0, 0.9, 0.973, 0.9921, 0.9975, 0.9991, 1}, {82, 17, 11, 8, 6, 4}, 6, 0},
              {{0, 0.5, 0.8, 1}, {20, 18, 48}, 3, 0}};
    random_stream r = {5};
    const double h = 0.02, t = 400;
    const int places = test_scale() < 1 ? 40 : 160;
    for (size_t kind = 0; kind < sizeof of / sizeof *of; kind++)
        for (int i = 0; i < places; i++) {
            line l =
                line_new(NPDE_SCHEME_CELLS, of[kind].segments, of[kind].breaks, of[kind].cells, of[kind].reset, 1, 1);
            const size_t cell = (size_t)i * l.f.n / (size_t)places;
            const double target = l.grid->faces[cell] + random_between(&r, 0, 1) * l.grid->w[cell];
            double row[MOST], half = 0, whole = 0;
            for (size_t k = 0; k < l.f.n; k++) row[k] = random_between(&r, -1, 2);
            for (double s = 0; s < t / 2; s += h) npde__characteristics_flow(&l.f, target, expm1(h), 1, 0, row);
            for (size_t k = 0; k < l.f.n; k++) half += l.grid->w[k] * fabs(row[k]);
            for (double s = t / 2; s < t; s += h) npde__characteristics_flow(&l.f, target, expm1(h), 1, 0, row);
            for (size_t k = 0; k < l.f.n; k++) whole += l.grid->w[k] * fabs(row[k]);
            ck_assert_msg(whole <= 5 * half, "axis %zu, v* = %.15g: %g grew to %g", kind, target, half, whole);
            line_free(&l);
        }
}
END_TEST

START_TEST(limited_keeps_the_order_of_smooth_data_and_upwind_has_the_first)
{
    double out;
    const double limited[] = {run_periodic(NPDE_SCHEME_CELLS_LIMITED, 64, 0, 23, &out),
                              run_periodic(NPDE_SCHEME_CELLS_LIMITED, 256, 0, 23, &out)};
    const double upwind[] = {run_periodic(NPDE_SCHEME_CELLS_UPWIND, 128, 0, 4000, &out),
                             run_periodic(NPDE_SCHEME_CELLS_UPWIND, 256, 0, 4000, &out)};
    ck_assert_double_ge(log2(limited[0] / limited[1]) / 2, 3.6);
    NEAR(log2(upwind[0] / upwind[1]), 1, 0.1);
}
END_TEST

/* Drift that does not lead out: all mass goes to A/B at the rate B, and none leaves. */
START_TEST(nothing_leaves_where_the_drift_does_not_lead_out)
{
    const double breaks[] = {0, 1};
    const size_t n = 400;
    line l = line_new(NPDE_SCHEME_CELLS, 1, breaks, &n, 0, 0.6, 1);
    double row[MOST] = {0}, mean = 0, sum = 0;
    for (size_t i = 40; i < 200; i++) row[i] = pow(sin(PI * ((double)i - 40 + 0.5) / 160), 8);
    double before = 0, mean_before = 0;
    for (size_t i = 0; i < n; i++) {
        before += row[i];
        mean_before += row[i] * l.grid->v[i];
    }
    for (int k = 0; k < 10; k++) NEAR(npde__characteristics_flow(&l.f, 0.6, expm1(0.1), 1, 0, row), 0, 1e-15);
    for (size_t i = 0; i < n; i++) {
        sum += row[i];
        mean += row[i] * l.grid->v[i];
    }
    NEAR(sum, before, 1e-13 * before);
    NEAR(mean / sum, 0.6 + (mean_before / before - 0.6) * exp(-1), 1e-7);
    line_free(&l);
}
END_TEST

/* Random rows, drifts, resets, steps: mass to rounding in all schemes, no negative density in those that promise it. */
START_TEST(mass_and_positivity_for_random_rows)
{
    static const npde_id schemes[] = {NPDE_SCHEME_CELLS, NPDE_SCHEME_CELLS_LIMITED, NPDE_SCHEME_CELLS_UPWIND};
    random_stream r = {7};
    const int trials = (int)(3000 * test_scale());
    for (int k = 0; k < trials; k++) {
        const npde_id scheme = schemes[k % 3];
        const size_t n = (size_t)random_between(&r, 4, 60), inside = (size_t)random_between(&r, 1, (double)n);
        const int parted = k % 2 && inside < n; /* V_R inside, or only cells of two widths */
        const double place = k % 4 == 1 ? random_between(&r, 0.02, 0.98) : (double)inside / (double)n;
        const double breaks[] = {0, place, 1}, whole[] = {0, 1};
        const size_t cells[] = {inside, n - inside}, reset = parted && random_between(&r, 0, 1) < 0.7;
        const double b = random_between(&r, 0.05, 8), target = random_between(&r, 0, 2);
        line l = line_new(scheme, parted ? 2 : 1, parted ? breaks : whole, parted ? cells : &n, reset, target * b, b);
        double row[MOST], mass = 0, after = 0, least = INFINITY, phi[MOST], survival[MOST];
        for (size_t i = 0; i < n; i++) {
            row[i] = random_between(&r, 0, 1) < 0.3 ? 0 : exp(random_between(&r, -30, 2));
            phi[i] = i > n / 2 ? random_between(&r, 0, 20) : 0;
            mass += row[i] * l.grid->w[i];
        }
        const double h = exp(random_between(&r, -8, 1)) / b;
        for (size_t i = 0; i < n; i++) survival[i] = exp(-phi[i] * h / 2);
        double fired, entered = 0, held = 0; /* what waits */
        const double keep = random_between(&r, 0, 1);
        const npde__reentry later = {random_between(&r, 0, 1), keep, random_between(&r, -50, 50) / h, keep / h,
                                     random_between(&r, 0, 1) / h};
        if (k % 5 == 1) {
            const int threshold = k % 2;
            fired = npde__characteristics_discharge(&l.f, target, expm1(b * h), h, threshold ? NULL : phi,
                                                    threshold ? NULL : survival, &later, &entered, row);
            held = fired - entered;
            NEAR(entered, later.known + keep * fired, 1e-12 * (1 + entered));
            ck_assert_double_ge(entered, scheme == NPDE_SCHEME_CELLS ? -INFINITY : 0);
        } else if (k % 5) fired = npde__characteristics_flow(&l.f, target, expm1(b * h), 1, 0, row);
        else fired = npde__characteristics_discharge(&l.f, target, expm1(b * h), h, phi, survival, NULL, &entered, row);
        for (size_t i = 0; i < n; i++) {
            after += row[i] * l.grid->w[i];
            least = fmin(least, row[i]);
        }
        mass -= held;
        ck_assert_msg(fabs(after - mass) <= 1e-13 * (mass + fabs(held) + entered),
                      "trial %d, scheme %d: n %zu, reset %g, target %g, b h %g: mass %.15g became %.15g, fired %g", k,
                      (int)scheme, n, l.reset, target, b * h, mass, after, fired);
        if (scheme != NPDE_SCHEME_CELLS) {
            ck_assert_double_ge(least, 0);
            ck_assert_double_ge(fired, 0);
        }
        line_free(&l);
    }
}
END_TEST

/* The mass beyond v of a row that is constant in each cell. */
static double mass_beyond(const line *l, const double *row, double v)
{
    double sum = 0;
    for (size_t i = 0; i < l->f.n; i++) sum += row[i] * fmax(0, l->grid->faces[i + 1] - fmax(v, l->grid->faces[i]));
    return sum;
}

/* Whoever fires k + 1 times comes from beyond v* − (v* − V_F) e^{Bh} ((v* − V_F)/(v* − V_R))^k. */
static double fires(const line *l, const double *row, double target, double growth)
{
    const double way = target - l->right, shrink = way / (target - l->reset);
    double sum = 0, q = 1 + growth;
    for (int k = 0; way > 0 && k < 1000; k++, q *= shrink) sum += mass_beyond(l, row, fmax(target - way * q, l->left));
    return sum;
}

/* Rounding may put a foot a little beyond where it is: at the end of the last cell, or on the other side of a face. */
START_TEST(feet_on_faces_and_beyond_by_rounding)
{
    static const struct {
        double breaks[5];
        size_t segments, cells[4], reset;
        double target, growth; /* 0: right + 2.8e-14 */
    } of[] = {
        {{0, 0.17609465637746075, 0.79623375040084343, 0.86151154977172584},
         3,
         {1, 19, 2},
         0,
         0.86151154977172606,
         0.58494249815112431},
        {{-70, -22.831625125121612, -22.470820943401321, 73.469178557732846, 176.69576029945949},
         4,
         {3, 1, 79, 85},
         0,
         0,
         1.2511954146437487},
        {{0, 0.050476413244871489, 2.7962586794517046, 3.2030809051932918},
         3,
         {41, 48, 44},
         2,
         7.6124619874659132,
         0.092262886366788921},
        {{-1, 31}, 1, {64}, 0, 41, 0.05}, /* the foot of V_F on a face */
    };
    random_stream r = {31};
    for (size_t i = 0; i < 4 * sizeof of / sizeof of[0]; i++) {
        const size_t kind = i / 4, variant = i % 4;
        const npde_id scheme = variant == 3 ? NPDE_SCHEME_CELLS : NPDE_SCHEME_CELLS + (npde_id)variant;
        line l = line_new(scheme, of[kind].segments, of[kind].breaks, of[kind].cells, of[kind].reset, 1, 1);
        const double target = of[kind].target > 0 ? of[kind].target : l.right + 2.8e-14, *w = l.grid->w;
        l.f.bounded = variant == 3;
        double row[256], before = 0, after = 0;
        for (size_t k = 0; k < l.f.n; k++) {
            row[k] = random_between(&r, 0, 1);
            before += w[k] * row[k];
        }
        const double expected = fires(&l, row, target, of[kind].growth), last = row[l.f.n - 1],
                     fired = npde__characteristics_flow(&l.f, target, of[kind].growth, 1, 0, row);
        for (size_t k = 0; k < l.f.n; k++) {
            after += w[k] * row[k];
            ck_assert_double_ge(row[k], scheme == NPDE_SCHEME_CELLS ? -0.5 : 0);
        }
        NEAR(after, before, 1e-12 * before);
        if (scheme == NPDE_SCHEME_CELLS_UPWIND) NEAR(fired, expected, 1e-12 * before);
        if (kind == 3) NEAR(fired, w[l.f.n - 1] * last, 1e-12 * before);
        line_free(&l);
    }
}
END_TEST

/*
 * Constant discharge κ everywhere, V_R at the left: in the steady state n(v)(A − Bv) = N e^{−κ age(v)}, and the mass
 * fires at the rate κ. Age is unbounded: v never comes to A/B.
 */
START_TEST(steady_state_with_a_discharge)
{
    for (int k = 0; k < 2; k++) {
        const double breaks[] = {0, 1};
        const size_t n = k ? 128 : 64;
        line l = line_new(NPDE_SCHEME_CELLS, 1, breaks, &n, 0, 0.9, 1);
        const double kappa = 4, h = k ? 0.01 : 0.02, ends = 0.9;
        double row[MOST] = {0}, phi[MOST], survival[MOST], fired = 0, entered, error = 0, mass = 0;
        for (size_t i = 0; i < n; i++) {
            phi[i] = kappa;
            survival[i] = exp(-kappa * h / 2);
        }
        row[n / 2] = 1 / l.grid->w[n / 2];
        for (int j = 0; j < (k ? 2000 : 1000); j++)
            fired = npde__characteristics_discharge(&l.f, 0.9, expm1(h), h, phi, survival, NULL, &entered, row);
        NEAR(fired / h, kappa, kappa * 2 * kappa * kappa * h * h); /* of the mean over a step */
        for (size_t i = 0; i < n; i++) {
            const double left = fmin(l.grid->faces[i], ends), right = fmin(l.grid->faces[i + 1], ends);
            const double x = left < ends ? exp(-kappa * age(&l, left)) : 0,
                         y = right < ends ? exp(-kappa * age(&l, right)) : 0;
            error += fabs(row[i] * l.grid->w[i] - (x - y));
            mass += row[i] * l.grid->w[i];
        }
        NEAR(mass, 1, 1e-11);
        ck_assert_double_le(error, k ? 5e-4 : 2e-3); /* second order in h */
        line_free(&l);
    }
}
END_TEST

/* The mass up to x, in cells from m: of whole cells, and of a part of one as the kernel tells it. */
static double mass_up_to(const npde__kernels *kernels, const double *m, double x, int limited)
{
    double sum = 0, ends[2];
    const size_t whole = (size_t)x;
    for (size_t k = 0; k < whole; k++) sum += m[k];
    kernels->remap(1, m + whole, x - (double)whole, 0, 1, 0, limited, ends, NULL);
    ck_assert_double_eq(ends[0], ends[1]);
    return sum + ends[0];
}

/* All variants of the kernels agree to rounding, for every length; sums and products are what they say. */
START_TEST(kernels_agree)
{
    random_stream r = {3};
    const npde__kernels *first = npde__kernels_at(0), *other;
    for (size_t n = 1; n < 70; n++) {
        double m[180], ends[2][2], out[2][80];
        for (size_t i = 0; i < 180; i++) m[i] = random_between(&r, 0, 1);
        const double steep = n % 4 ? 0.01 : 0.9, slope = random_between(&r, -steep, steep),
                     theta = random_between(&r, 0, 1), scale = n % 3 ? random_between(&r, 0.1, 1) : 1;
        const int add = n % 2, limited = n % 5 < 2;
        memset(out, 0, sizeof out);
        first->remap(n, m + 2, theta, slope, scale, add, limited, ends[0], out[0]);
        for (size_t i = 0; i + 1 < n; i++) {
            const double from = theta + (double)i * (1 + slope), to = theta + (double)(i + 1) * (1 + slope);
            NEAR(out[0][i], scale * (mass_up_to(first, m + 2, to, limited) - mass_up_to(first, m + 2, from, limited)),
                 2e-13);
        }
        for (size_t k = 1; (other = npde__kernels_at(k)) != NULL; k++) {
            memset(out[1], 0, sizeof out[1]);
            other->remap(n, m + 2, theta, slope, scale, add, limited, ends[1], out[1]);
            for (size_t i = 0; i < 2; i++) NEAR(ends[0][i], ends[1][i], 4e-15);
            for (size_t i = 0; i < n; i++) NEAR(out[0][i], out[1][i], i + 1 < n ? 8e-15 : 0);
        }
        for (size_t k = 0; (other = npde__kernels_at(k)) != NULL; k++) {
            const double share = n % 4 ? random_between(&r, 0, 1) : 0;
            double moved[80], sum = 0;
            for (size_t i = 0; i < n; i++) moved[i] = share > 0 ? m[n - i] : NAN; /* which nothing is taken from */
            const double told = other->carry(n, scale, share, m, moved);
            for (size_t i = 0; i < n; i++) {
                NEAR(moved[i], scale * m[i] + share * m[n - i], 4e-16);
                sum += moved[i];
            }
            NEAR(told, sum, 1e-14 * (double)n);
        }
    }
}
END_TEST

MAIN("characteristics", exact_cycle_is_followed_to_fourth_order, smooth_data_are_moved_to_fifth_order,
     rough_data_do_not_grow, what_gathers_does_not_grow,
     limited_keeps_the_order_of_smooth_data_and_upwind_has_the_first, nothing_leaves_where_the_drift_does_not_lead_out,
     mass_and_positivity_for_random_rows, feet_on_faces_and_beyond_by_rounding, steady_state_with_a_discharge,
     kernels_agree)
