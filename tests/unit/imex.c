/* SPDX-License-Identifier: BSD-3-Clause
 * Methods that freeze the operator and take the rest explicitly: order conditions of the tableaus, and the drift of
 * the coefficients that they stand, shown by their own steps of a single mode.
 */
#include "steppers/imex_rk.h"
#include "support.h"

#include <math.h>

enum { MOST = NPDE__IMEX_STAGES };

typedef struct {
    npde_id method;
    const npde__imex_tableau *tableau;
    int order;
} row;

static const row rows[] = {
    {NPDE_METHOD_ARS222, &npde__imex_ars222, 2},
    {NPDE_METHOD_ARS443, &npde__imex_ars443, 3},
    {NPDE_METHOD_ARK4, &npde__imex_ark4, 4},
};
enum { ROWS = 3 };

typedef const double (*matrix)[MOST];

/* Σ_j a_ij x_j */
static void multiply(matrix a, const double *x, double *out)
{
    for (int i = 0; i < MOST; i++) {
        out[i] = 0;
        for (int j = 0; j < MOST; j++) out[i] += a[i][j] * x[j];
    }
}

/* Σ_i b_i x_i y_i */
static double sum(const double *b, const double *x, const double *y)
{
    double s = 0;
    for (int i = 0; i < MOST; i++) s += b[i] * x[i] * y[i];
    return s;
}

/*
 * How far the weights are from an order: the trees of additive Runge–Kutta methods whose parts share their nodes
 * (Kennedy & Carpenter 2003), any mixture of the two matrices.
 */
static double defect(const npde__imex_tableau *m, const double *b, int order)
{
    const matrix a[] = {m->a, m->a_hat};
    const double one[MOST] = {1, 1, 1, 1, 1, 1}, *c = m->c;
    double c2[MOST], worst = fabs(sum(b, one, one) - 1);
    for (int i = 0; i < MOST; i++) c2[i] = c[i] * c[i];
    if (order >= 2) worst = fmax(worst, fabs(sum(b, c, one) - 1. / 2));
    if (order >= 3) worst = fmax(worst, fabs(sum(b, c, c) - 1. / 3));
    if (order >= 4) worst = fmax(worst, fabs(sum(b, c2, c) - 1. / 4));
    for (int k = 0; k < 2; k++) {
        double ac[MOST], ac2[MOST], aac[MOST];
        multiply(a[k], c, ac);
        multiply(a[k], c2, ac2);
        if (order >= 3) worst = fmax(worst, fabs(sum(b, ac, one) - 1. / 6));
        if (order < 4) continue;
        worst = fmax(worst, fabs(sum(b, ac, c) - 1. / 8));
        worst = fmax(worst, fabs(sum(b, ac2, one) - 1. / 12));
        for (int l = 0; l < 2; l++) {
            multiply(a[l], ac, aac);
            worst = fmax(worst, fabs(sum(b, aac, one) - 1. / 24));
        }
    }
    return worst;
}

START_TEST(order_conditions)
{
    for (int k = 0; k < ROWS; k++) {
        const npde__imex_tableau *m = rows[k].tableau;
        const double one[MOST] = {1, 1, 1, 1, 1, 1}, *b = m->a[m->stages - 1];
        const double *b_hat = m->explicit_weights ? b : m->a_hat[m->stages - 1];
        double nodes[2][MOST];
        multiply(m->a, one, nodes[0]);
        multiply(m->a_hat, one, nodes[1]);
        for (size_t i = 0; i < m->stages; i++)
            for (int part = 0; part < 2; part++) NEAR(nodes[part][i], m->c[i], 2e-16);
        for (size_t i = 1; i < m->stages; i++) NEAR(m->a[i][i], m->a[1][1], 0);
        ck_assert_double_le(defect(m, b, rows[k].order), 1e-15);
        ck_assert_double_le(defect(m, b_hat, rows[k].order), 1e-15);
        if (rows[k].order < 4) ck_assert_double_ge(defect(m, b, rows[k].order + 1), 1e-3);
        const npde__method *method = npde__method_find(rows[k].method);
        ck_assert_uint_eq(method->order, (size_t)rows[k].order);
        ck_assert_int_eq(method->error_order > 0, m->embedded != NULL);
        if (!m->embedded) continue;
        ck_assert_double_le(defect(m, m->embedded, (int)method->error_order), 1e-15);
        ck_assert_double_ge(defect(m, m->embedded, (int)method->error_order + 1), 1e-3);
    }
}
END_TEST

/* The difference that is filtered in ark4 is O(h³), which its fourth order lives by. */
START_TEST(the_last_stage_is_of_second_order)
{
    const npde__imex_tableau *m = &npde__imex_ark4;
    const double one[MOST] = {1, 1, 1, 1, 1, 1};
    NEAR(sum(m->a_hat[m->stages - 1], m->c, one), 0.5, 1e-15);
}
END_TEST

/* ---- one mode: y' = −x y + (−θ x + i s √x) y, the first term frozen ---- */

typedef struct {
    npde__system base;
    double x, theta, s, gamma;
} mode;

static npde_status no_rates(npde__system *s, double t, int side, const double *y, double *rates)
{
    (void)s, (void)t, (void)side, (void)y;
    rates[0] = 0;
    return NPDE_OK;
}

static npde_status freeze(npde__system *s, double t, int side, const double *rates)
{
    (void)s, (void)t, (void)side, (void)rates;
    return NPDE_OK;
}

static npde_status factor(npde__system *s, double gamma)
{
    ((mode *)s)->gamma = gamma;
    return NPDE_OK;
}

static void solve(npde__system *s, int forced, double *x, double *rates)
{
    (void)forced;
    const mode *m = (const mode *)s;
    for (int i = 0; i < 2; i++) x[i] /= 1 + m->gamma * m->x;
    rates[0] = 0;
}

static npde_status remainder_of(npde__system *s, double t, int side, const double *y, double *rates, double *out)
{
    const mode *m = (const mode *)s;
    const double real = -m->theta * m->x, imaginary = m->s * sqrt(m->x), y0 = y[0], y1 = y[1];
    out[0] = real * y0 - imaginary * y1;
    out[1] = real * y1 + imaginary * y0;
    return no_rates(s, t, side, y, rates);
}

static void apply(npde__system *s, int forced, const double *y, double *out)
{
    const mode *m = (const mode *)s;
    double rest[2] = {0, 0}, rates;
    if (forced) remainder_of(s, 0, 1, y, &rates, rest);
    for (int i = 0; i < 2; i++) out[i] = -m->x * y[i] + rest[i];
}

static void drift(const npde__system *s, double *low, double *high, double *advection)
{
    (void)s;
    *low = *high = *advection = 0; /* L is to stay as it is */
}

static void massless(const npde__system *s, const double *e, double *mass, double *rates)
{
    (void)s, (void)e;
    *mass = rates[0] = 0;
}

static const npde__system_ops ops = {.rates = no_rates,
                                     .freeze = freeze,
                                     .factor = factor,
                                     .solve = solve,
                                     .apply = apply,
                                     .remainder = remainder_of,
                                     .drift = drift,
                                     .measure = massless};

/* How much larger a mode gets from the second third to the last of so many steps of size 1; the most over all x. */
static double growth(npde_id method, double theta, double s)
{
    enum { STEPS = 240 };
    double most = 0;
    for (double e = -3; e < 7.5; e += 0.1) {
        npde_context *c;
        npde__stepper st;
        OK(c, npde_context_new(&c));
        mode system = {.base = {.ops = &ops, .context = c, .n = 2, .n_rates = 1, .stride = 2, .coupled = 1}};
        system.x = pow(10, e);
        system.theta = theta;
        system.s = s;
        OK(c, npde__stepper_init(&st, npde__method_find(method), &system.base));
        st.y[0] = st.dt = 1;
        double third[3] = {0};
        for (int i = 0; i < STEPS; i++) {
            OK(c, st.method->step(&st, i, 1, 0));
            npde__stepper_accept(&st, 1);
            double *size = &third[3 * i / STEPS];
            *size = fmax(*size, hypot(st.y[0], st.y[1]));
        }
        if (third[1] > 1e-200) most = fmax(most, third[2] / third[1]);
        npde__stepper_free(&st);
        npde_context_free(c);
    }
    return most;
}

static void check_window(npde_id method, npde__window w)
{
    const char *name = npde_id_name(method);
    for (double part = 0.2; part <= 1; part += 0.4)
        for (int side = 0; side < 2; side++) {
            const double theta = part / 2 * (side ? w.high : w.low),
                         most = growth(method, theta, part / 2 * w.advection);
            ck_assert_msg(most <= 1 + 1e-6, "%s: growth %.6f at theta = %g", name, most, theta);
        }
    const double edges[][2] = {{w.low, 0}, {w.high, 0}, {0, w.advection}};
    for (int k = 0; k < 3; k++) {
        const double inside = growth(method, edges[k][0], edges[k][1]);
        const double outside = growth(method, 1.06 * edges[k][0], 1.06 * edges[k][1]);
        ck_assert_msg(inside <= 1 + 1e-6 && outside >= 1.01, "%s, edge %d: growth %.6f within, %.6f beyond", name, k,
                      inside, outside);
    }
}

START_TEST(stable_within_their_windows)
{
    for (int k = 0; k < ROWS; k++) check_window(rows[k].method, rows[k].tableau->window);
    check_window(NPDE_METHOD_ETDRK4, npde__etdrk4_window);
}
END_TEST

MAIN("imex", order_conditions, the_last_stage_is_of_second_order, stable_within_their_windows)
