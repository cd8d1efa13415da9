/* SPDX-License-Identifier: BSD-3-Clause
 * The operator of one population and of several in lanes, of both space schemes, sharp and random threshold: what the layers
 * above rely on. */
#include "operators/operator.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 130, L = NPDE__LANES, STATE = L * MAX };

static npde_context *context;
static npde_grid *grid;
static npde__stencil *stencil;
static npde__operator op;
static size_t count; /* populations of the operator */
static double *work;

static npde_status leak(void *self, size_t n, const double *v, double *value)
{
    const double *shift = self;
    for (size_t i = 0; i < n; i++) value[i] = *shift - v[i];
    return NPDE_OK;
}

static npde_status jump(void *self, size_t n, const double *v, double *value)
{
    (void)self;
    for (size_t i = 0; i < n; i++) value[i] = v[i] > 2 ? 5 : 0;
    return NPDE_OK;
}

static double shift;

/* The grid and what operators on it have in common; kind: bit 0 spectral, bit 1 random threshold, bit 2 exact flux. */
static void make_stencil(int kind)
{
    const int spectral = kind & 1, random = kind & 2;
    const double breaks[] = {-6, 1, 2, 5};
    const size_t fine[] = {70, 10, 30}, degrees[] = {20, 8, 14};
    OK(context, npde_context_new(&context));
    OK(context, npde_grid_new(context, spectral ? NPDE_SCHEME_SPECTRAL : NPDE_SCHEME_FINITE_VOLUME, breaks,
                              random ? 4 : 3, spectral ? degrees : fine, &grid));
    const npde__field drift = {leak, &shift}, discharge = {random ? jump : NULL, NULL};
    npde__stencil *found;
    stencil = NULL;
    for (int again = 0; again < 2; again++)
        OK(context, npde__stencil_find(&stencil, context, grid, grid->node[1], grid->node[2], drift, discharge,
                                       (kind & 4) != 0, &found));
    ck_assert_ptr_eq(found, stencil);
    ck_assert_ptr_null(stencil->next);
    ck_assert_uint_le(grid->n, MAX);
    work = calloc(npde__operator_work(grid), sizeof *work);
    ck_assert_ptr_nonnull(work);
}

/* Populations at places of the state that do not ascend. */
static void make_operator(npde__operator *o, size_t first, size_t n)
{
    size_t at[L];
    for (size_t l = 0; l < n; l++) at[l] = MAX * ((5 * (first + l)) % L);
    OK(context, npde__operator_init(o, stencil, n, at, work));
}

static void make(int kind, size_t n)
{
    make_stencil(kind);
    count = n;
    make_operator(&op, 0, n);
}

static void clear_stencil(void)
{
    npde__stencil_free_all(stencil);
    npde_grid_free(grid);
    npde_context_free(context);
    free(work);
}

static void clear(void)
{
    npde__operator_free(&op);
    clear_stencil();
}

/* A state: numbers in [0, 1] at the unknowns, and NaN where the operator has no business. */
static void random_density(random_stream *stream, double *n)
{
    for (size_t i = 0; i < STATE; i++) n[i] = i % MAX < stencil->end ? random_between(stream, 0, 1) : NAN;
}

/* A number for each lane; later lanes repeat the last population. */
static void random_lanes(random_stream *stream, double low, double high, double *x)
{
    for (size_t l = 0; l < L; l++) x[l] = l == 0 || l < count ? random_between(stream, low, high) : x[l - 1];
}

static double norm(const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < stencil->end; i++) sum += fabs(x[i]);
    return sum;
}

/* out = K n in place of each population, and the rates. */
static void apply(const double *n, double *out, double *rate)
{
    const double none[L] = {0};
    npde__operator_apply(&op, n, rate);
    npde__operator_emit(&op, 0, none, out);
    for (size_t l = 0; l < count; l++)
        for (size_t i = 0; i < stencil->end; i++) out[op.at[l] + i] *= grid->w[i];
}

static const size_t sizes[] = {1, 5, 8};
#define EACH_KIND(kind)                  \
    for (int kind = 0; kind < 8; kind++) \
        for (size_t size_i = 0; size_i < 3; size_i++)

/* 1ᵀK n = −c·n for every n: what the rows lose is the rate. */
START_TEST(loses_exactly_the_rate)
{
    random_stream stream = {11};
    EACH_KIND(kind)
    {
        make(kind, sizes[size_i]);
        for (int trial = 0; trial < 10; trial++) {
            static double n[STATE], out[STATE];
            double drive[L], diffusion[L], rate[L], again[L];
            random_density(&stream, n);
            random_lanes(&stream, -5, 5, drive);
            random_lanes(&stream, 0.05, 3, diffusion);
            ck_assert(npde__operator_load(&op, drive, diffusion));
            ck_assert(!npde__operator_load(&op, drive, diffusion));
            apply(n, out, rate);
            npde__operator_flux(&op, n, again);
            for (size_t l = 0; l < count; l++) {
                double sum = 0;
                for (size_t i = 0; i < stencil->end; i++) sum += out[op.at[l] + i];
                NEAR(sum, -rate[l], 1e-14 * norm(out + op.at[l]));
                NEAR(again[l], rate[l], 0);
            }
        }
        clear();
    }
}
END_TEST

/* (W − γK) n − γκ N e_R = W r + γ m e_R, and the rate that the solve returns is the flux of its result. */
START_TEST(solve_solves)
{
    random_stream stream = {12};
    EACH_KIND(kind)
    {
        make(kind, sizes[size_i]);
        for (int trial = 0; trial < 12; trial++) {
            static double r[STATE], n[STATE], out[STATE];
            double drive[L], diffusion[L], kappa[L], m[L], rate[L], flux[L];
            const double gamma = pow(10, random_between(&stream, -4, 1));
            random_density(&stream, r);
            memcpy(n, r, sizeof n);
            random_lanes(&stream, -3, 3, drive);
            random_lanes(&stream, 0.3, 3, diffusion);
            random_lanes(&stream, 0, 1, kappa);
            random_lanes(&stream, 0, 1, m);
            if (trial % 3 == 0) /* all lanes alike */
                for (size_t l = 1; l < L; l++) {
                    drive[l] = drive[0];
                    diffusion[l] = diffusion[0];
                }
            npde__operator_load(&op, drive, diffusion);
            OK(context, npde__operator_factor(&op, gamma, kappa));
            npde__operator_solve(&op, kappa, m, n, rate);
            apply(n, out, flux);
            for (size_t l = 0; l < count; l++) {
                double *image = out + op.at[l];
                NEAR(rate[l], flux[l], 1e-9 * (1 + fabs(rate[l])));
                image[stencil->reset] += kappa[l] * rate[l] + m[l];
                const double scale = 1 + gamma * norm(image);
                for (size_t i = 0; i < stencil->end; i++)
                    NEAR(grid->w[i] * n[op.at[l] + i] - gamma * image[i], grid->w[i] * r[op.at[l] + i], 1e-11 * scale);
            }
            for (size_t i = 0; i < STATE; i++) ck_assert(isnan(n[i]) == isnan(r[i]));
        }
        clear();
    }
}
END_TEST

/* The same with a complex γ, population by population, for the real and for the imaginary part. */
START_TEST(solve_solves_with_a_complex_step)
{
    random_stream stream = {16};
    EACH_KIND(kind)
    {
        make(kind, sizes[size_i]);
        for (int trial = 0; trial < 10; trial++) {
            static double r[2][STATE], n[2][STATE], out[2][STATE];
            double drive[L], diffusion[L], flux[2][L];
            const size_t l = (size_t)trial % count, at = op.at[l];
            const double size = pow(10, random_between(&stream, -4, 1)), angle = random_between(&stream, -1.2, 1.2);
            const npde__complex gamma = {size * cos(angle), size * sin(angle)};
            const npde__complex kappa = {random_between(&stream, 0, 1), random_between(&stream, -0.3, 0.3)};
            const npde__complex m = {random_between(&stream, 0, 1), random_between(&stream, -1, 1)};
            random_density(&stream, r[0]);
            random_density(&stream, r[1]);
            memcpy(n, r, sizeof n);
            random_lanes(&stream, -3, 3, drive);
            random_lanes(&stream, 0.3, 3, diffusion);
            npde__operator_load(&op, drive, diffusion);
            npde__shifted z;
            OK(context, npde__operator_make_complex(&z, &op, l));
            OK(context, npde__operator_factor_complex(&z, gamma, kappa));
            const npde__complex rate = npde__operator_solve_complex(&z, kappa, m, n[0] + at, n[1] + at);
            const npde__complex enters = npde__complex_add(npde__complex_times(kappa, rate), m);
            for (int part = 0; part < 2; part++) {
                apply(n[part], out[part], flux[part]);
                NEAR(part ? rate.im : rate.re, flux[part][l], 1e-9 * (1 + fabs(rate.re)));
                out[part][at + stencil->reset] += part ? enters.im : enters.re;
            }
            const double scale = 1 + size * (norm(out[0] + at) + norm(out[1] + at));
            for (size_t i = 0; i < stencil->end; i++) {
                const npde__complex change =
                    npde__complex_times(gamma, (npde__complex){out[0][at + i], out[1][at + i]});
                NEAR(grid->w[i] * n[0][at + i] - change.re, grid->w[i] * r[0][at + i], 1e-11 * scale);
                NEAR(grid->w[i] * n[1][at + i] - change.im, grid->w[i] * r[1][at + i], 1e-11 * scale);
            }
            npde__operator_free_complex(&z);
        }
        clear();
    }
}
END_TEST

/* The tangents are the derivatives of apply and flux by drive and diffusion. */
START_TEST(tangents_are_derivatives)
{
    random_stream stream = {13};
    EACH_KIND(kind)
    {
        make(kind, sizes[size_i]);
        for (int trial = 0; trial < 5; trial++) {
            static double n[STATE], by[2][STATE], plus[STATE], minus[STATE];
            double at[2][L], moved[2][L], rate[L], flux_by[2][L], up[L], down[L], none[L] = {0}, unused[2][L];
            const double h = 1e-5;
            random_density(&stream, n);
            random_lanes(&stream, -3, 3, at[0]);
            random_lanes(&stream, 0.3, 3, at[1]);
            npde__operator_load(&op, at[0], at[1]);
            npde__operator_tangent(&op, n, 1);
            npde__operator_emit(&op, 0, none, by[0]);
            npde__operator_emit(&op, 1, none, by[1]);
            npde__operator_flux_at(&op, at[0], at[1], n, rate, flux_by[0], flux_by[1]);
            for (int k = 0; k < 2; k++) {
                for (int sign = -1; sign <= 1; sign += 2) {
                    memcpy(moved, at, sizeof moved);
                    for (size_t l = 0; l < L; l++) moved[k][l] += sign * h;
                    npde__operator_load(&op, moved[0], moved[1]);
                    apply(n, sign > 0 ? plus : minus, rate);
                    npde__operator_flux_at(&op, moved[0], moved[1], n, sign > 0 ? up : down, unused[0], unused[1]);
                }
                for (size_t l = 0; l < count; l++) {
                    double *slope = by[k] + op.at[l];
                    for (size_t i = 0; i < stencil->end; i++) slope[i] *= grid->w[i];
                    const double scale = 1 + norm(slope);
                    for (size_t i = 0; i < stencil->end; i++)
                        NEAR((plus[op.at[l] + i] - minus[op.at[l] + i]) / (2 * h), slope[i], 1e-7 * scale);
                    NEAR((up[l] - down[l]) / (2 * h), flux_by[k][l], 1e-7 * scale);
                }
            }
        }
        clear();
    }
}
END_TEST

/* The residual is the difference of two operators, without loading the second; apply_at() is the second. */
START_TEST(residual_is_a_difference)
{
    random_stream stream = {15};
    EACH_KIND(kind)
    {
        make(kind, sizes[size_i]);
        static double n[STATE], first[STATE], second[STATE], difference[STATE], whole[STATE];
        double drive[2][L], diffusion[2][L], rate[L], loaded[L], none[L] = {0};
        random_density(&stream, n);
        for (int k = 0; k < 2; k++) {
            random_lanes(&stream, -1, 1, drive[k]);
            random_lanes(&stream, 0.5, 1.5, diffusion[k]);
        }
        npde__operator_load(&op, drive[0], diffusion[0]);
        npde__operator_residual(&op, drive[1], diffusion[1], n, loaded);
        npde__operator_emit(&op, 0, none, difference);
        apply(n, first, rate);
        for (size_t l = 0; l < count; l++) NEAR(loaded[l], rate[l], 0);
        npde__operator_apply_at(&op, drive[1], diffusion[1], n);
        npde__operator_emit(&op, 0, none, whole);
        npde__operator_load(&op, drive[1], diffusion[1]);
        apply(n, second, rate);
        for (size_t l = 0; l < count; l++) {
            const size_t at = op.at[l];
            const double scale = norm(second + at);
            for (size_t i = 0; i < stencil->end; i++) {
                NEAR(grid->w[i] * difference[at + i], second[at + i] - first[at + i], 1e-14 * scale);
                NEAR(grid->w[i] * whole[at + i], second[at + i], 1e-14 * scale);
            }
        }
        clear();
    }
}
END_TEST

/* flux_at() without loading is what the loaded functional gives. */
START_TEST(flux_is_the_functional)
{
    random_stream stream = {14};
    EACH_KIND(kind)
    {
        make(kind, sizes[size_i]);
        static double n[STATE];
        double drive[L], diffusion[L], other[L], rate[L], at[L], a[L], b[L];
        random_density(&stream, n);
        random_lanes(&stream, -2, 2, drive);
        random_lanes(&stream, 0.5, 2, diffusion);
        random_lanes(&stream, -2, 2, other);
        npde__operator_load(&op, drive, diffusion);
        npde__operator_flux(&op, n, rate);
        npde__operator_load(&op, other, diffusion);
        npde__operator_flux_at(&op, drive, diffusion, n, at, a, b);
        for (size_t l = 0; l < count; l++) NEAR(at[l], rate[l], 1e-10 * (1 + fabs(rate[l])));
        clear();
    }
}
END_TEST

/* All that an operator in lanes does is what operators of one population do, to rounding. */
START_TEST(lanes_are_populations)
{
    random_stream stream = {16};
    EACH_KIND(kind)
    {
        static double n[STATE], x[2][STATE], none[L] = {0};
        double drive[2][L], diffusion[2][L], kappa[L], m[L], rate[2][6][L];
        npde__operator one[L], *const many = &op;
        make(kind, sizes[size_i]);
        random_density(&stream, n);
        for (int k = 0; k < 2; k++) {
            random_lanes(&stream, -3, 3, drive[k]);
            random_lanes(&stream, 0.3, 3, diffusion[k]);
        }
        random_lanes(&stream, 0, 1, kappa);
        random_lanes(&stream, 0, 1, m);
        for (size_t l = 0; l < count; l++) make_operator(&one[l], l, 1);
        for (int what = 0; what < 6; what++) {
            for (size_t k = 0; k <= count; k++) { /* the last one in lanes, the others one by one */
                npde__operator *o = k < count ? &one[k] : many;
                const size_t l = k < count ? k : 0;
                double *out = x[k == count], *r = &rate[k == count][what][l];
                npde__operator_load(o, drive[0] + l, diffusion[0] + l);
                if (what == 0) npde__operator_apply(o, n, r);
                if (what == 1) npde__operator_residual(o, drive[1] + l, diffusion[1] + l, n, r);
                if (what == 2 || what == 3) {
                    npde__operator_tangent(o, n, 1);
                    npde__operator_flux(o, n, r);
                }
                if (what == 4) {
                    npde__operator_apply_at(o, drive[1] + l, diffusion[1] + l, n);
                    npde__operator_flux(o, n, r);
                }
                if (what < 5) {
                    npde__operator_emit(o, what == 3, none, out);
                    continue;
                }
                for (size_t i = 0; i < o->lanes; i++) memcpy(out + o->at[i], n + o->at[i], MAX * sizeof *n);
                OK(context, npde__operator_factor(o, 0.1, kappa + l));
                npde__operator_solve(o, kappa + l, m + l, out, r);
            }
            for (size_t l = 0; l < count; l++) {
                const size_t at = op.at[l];
                const double size = 1e-13 * (1 + norm(x[0] + at));
                NEAR(rate[1][what][l], rate[0][what][l], 1e-13 * (1 + fabs(rate[0][what][l])) + size * (what == 5));
                for (size_t i = 0; i < stencil->end; i++) NEAR(x[1][at + i], x[0][at + i], size);
                NEAR(one[l].stiffest[0], op.stiffest[l], 1e-14 * op.stiffest[l]);
            }
        }
        for (size_t l = 0; l < count; l++) npde__operator_free(&one[l]);
        clear();
    }
}
END_TEST

/* Operators share what they have in common, and nothing else. */
START_TEST(stencils_are_shared_by_what_they_are)
{
    for (int kind = 0; kind < 8; kind++) {
        make_stencil(kind);
        npde__stencil *found, *first = stencil;
        const npde__field drift = {leak, &shift}, discharge = {jump, NULL}, sharp = {NULL, NULL};
        const int random = kind & 2, exact = (kind & 4) != 0;
        const size_t reset = grid->node[1], threshold = grid->node[2];
        double other = shift + 1e-15;
        const npde__field moved = {leak, &other};
        OK(context, npde__stencil_find(&stencil, context, grid, reset, threshold, moved, random ? discharge : sharp,
                                       exact, &found));
        ck_assert_ptr_ne(found, first);
        OK(context, npde__stencil_find(&stencil, context, grid, reset - 1, threshold, drift, random ? discharge : sharp,
                                       exact, &found));
        ck_assert_ptr_ne(found, first);
        OK(context, npde__stencil_find(&stencil, context, grid, reset, threshold, drift, random ? sharp : discharge,
                                       exact, &found));
        ck_assert_ptr_ne(found, first);
        OK(context, npde__stencil_find(&stencil, context, grid, reset, threshold, drift, random ? discharge : sharp,
                                       exact, &found));
        ck_assert_ptr_eq(found, first);
        clear_stencil();
    }
}
END_TEST

/*
 * Drift exactly zero at faces and points (the reset and leak at a face's midpoint, drive 0), and a hair beside it: the
 * Bernoulli function's removable singularity leaves no trace.
 */
START_TEST(drift_zero_at_a_face_is_harmless)
{
    for (int kind = 0; kind < 8; kind += 4) {
        static double at_zero[STATE], beside[STATE], n[STATE];
        const double drive = 0, diffusion = 1;
        double rate;
        for (size_t i = 0; i < STATE; i++) n[i] = 1 + cos(0.1 * (double)i);
        for (int k = 0; k < 3; k++) {
            shift = -5.95 + (k == 1 ? 1e-17 : k == 2 ? 1e-9 : 0); /* the first face of the grid lies at −5.95 */
            make(kind, 1);
            npde__operator_load(&op, &drive, &diffusion);
            apply(n, k ? beside : at_zero, &rate);
            for (size_t i = 0; i < stencil->end; i++) {
                ck_assert(isfinite(k ? beside[i] : at_zero[i]));
                if (k) NEAR(beside[i], at_zero[i], 1e-7);
            }
            clear();
        }
    }
    shift = 0;
}
END_TEST

/* Across the switch between series and closed form the Bernoulli function and its slope are smooth. */
START_TEST(bernoulli_is_smooth_across_its_switch)
{
    /* Two points and one cell of width h: c = (a/h) B(−z), z = drift h/a; a = 1, h = 1. */
    const double breaks[] = {-1, 0, 1};
    const size_t cells[] = {1, 1};
    shift = 0.5; /* f(midpoint of the last cell) = 0 */
    OK(context, npde_context_new(&context));
    OK(context, npde_grid_new(context, NPDE_SCHEME_FINITE_VOLUME, breaks, 3, cells, &grid));
    const npde__field drift = {leak, &shift}, none = {NULL, NULL};
    npde__stencil *found;
    stencil = NULL;
    OK(context, npde__stencil_find(&stencil, context, grid, 1, 2, drift, none, 0, &found));
    work = calloc(npde__operator_work(grid), sizeof *work);
    ck_assert_ptr_nonnull(work);
    OK(context, npde__operator_init(&op, stencil, 1, (const size_t[]){0}, work));
    for (double z = -60; z < 60; z += 0.0137) {
        const double n[3] = {0, 1, 0}, one = 1, h = 1e-4, higher = z + h, lower = z - h;
        double value, plus, minus, by_drive, by_diffusion, unused[2];
        npde__operator_flux_at(&op, &z, &one, n, &value, &by_drive, &by_diffusion);
        const long double x = -z,
                          exact = fabsl(x) < 1e-3L ? 1 - x / 2 + x * x / 12 - x * x * x * x / 720 : x / expm1l(x);
        NEAR(value, (double)exact, 4e-16 * (1 + fabs(z)) + 4e-16 * (double)exact);
        npde__operator_flux_at(&op, &higher, &one, n, &plus, &unused[0], &unused[1]);
        npde__operator_flux_at(&op, &lower, &one, n, &minus, &unused[0], &unused[1]);
        NEAR(by_drive, (plus - minus) / (2 * h), 1e-8);
    }
    clear();
    shift = 0;
}
END_TEST

MAIN("operator", loses_exactly_the_rate, solve_solves, solve_solves_with_a_complex_step, tangents_are_derivatives,
     residual_is_a_difference, flux_is_the_functional, lanes_are_populations, stencils_are_shared_by_what_they_are,
     drift_zero_at_a_face_is_harmless, bernoulli_is_smooth_across_its_switch)
