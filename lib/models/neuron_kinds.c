/* SPDX-License-Identifier: BSD-3-Clause
 * Three neurons: Morris & Lecar, Biophys. J. 35 (1981) 193, reduced form; FitzHugh (1961) and Nagumo; Hodgkin & Huxley,
 * J. Physiol. 117 (1952) 500, with the modern sign of the potential. */
#include "models/neuron.h"

#include <math.h>

/* ---- Morris–Lecar: C V' = I − g_L (V − V_L) − g_Ca m∞ (V − V_Ca) − g_K w (V − V_K), w' = λ (w∞ − w) ---- */

enum { C, G_L, G_CA, G_K, V_L, V_CA, V_K, V1, V2, V3, V4, PHI, ML_PARAMS };

static void morris_lecar(const double *p, double drive, const double *y, double *dy)
{
    const double v = y[0], w = y[1];
    const double m = 0.5 * (1 + tanh((v - p[V1]) / p[V2])), rest = 0.5 * (1 + tanh((v - p[V3]) / p[V4]));
    const double rate = p[PHI] * cosh((v - p[V3]) / (2 * p[V4]));
    dy[0] = (drive - p[G_L] * (v - p[V_L]) - p[G_CA] * m * (v - p[V_CA]) - p[G_K] * w * (v - p[V_K])) / p[C];
    dy[1] = rate * (rest - w);
}

static void morris_lecar_jacobian(const double *p, const double *y, double *j)
{
    const double v = y[0], w = y[1], a = (v - p[V1]) / p[V2], b = (v - p[V3]) / p[V4];
    const double m = 0.5 * (1 + tanh(a)), rest = 0.5 * (1 + tanh(b)), rate = p[PHI] * cosh(b / 2);
    const double m_slope = 0.5 * (1 - tanh(a) * tanh(a)) / p[V2], rest_slope = 0.5 * (1 - tanh(b) * tanh(b)) / p[V4];
    const double rate_slope = p[PHI] * sinh(b / 2) / (2 * p[V4]);
    j[0] = -(p[G_L] + p[G_CA] * (m + m_slope * (v - p[V_CA])) + p[G_K] * w) / p[C];
    j[1] = -p[G_K] * (v - p[V_K]) / p[C];
    j[2] = rate_slope * (rest - w) + rate * rest_slope;
    j[3] = -rate;
}

/* ---- FitzHugh–Nagumo: V' = V − V³/3 − W + I, W' = ε (V + α − β W) ---- */

enum { EPSILON, ALPHA, BETA, FHN_PARAMS };

static void fitzhugh_nagumo(const double *p, double drive, const double *y, double *dy)
{
    dy[0] = y[0] - y[0] * y[0] * y[0] / 3 - y[1] + drive;
    dy[1] = p[EPSILON] * (y[0] + p[ALPHA] - p[BETA] * y[1]);
}

static void fitzhugh_nagumo_jacobian(const double *p, const double *y, double *j)
{
    j[0] = 1 - y[0] * y[0];
    j[1] = -1;
    j[2] = p[EPSILON];
    j[3] = -p[EPSILON] * p[BETA];
}

/* ---- Hodgkin–Huxley: C V' = I − g_Na m³h (V − E_Na) − g_K n⁴ (V − E_K) − g_L (V − E_L), x' = α_x (1 − x) − β_x x ----
 * */

enum { HH_C, G_NA, HH_G_K, HH_G_L, E_NA, E_K, E_L, HH_PARAMS };

/* x/(1 − e^{−x}) and its derivative; the singularity at 0 can be lifted. */
static double linoid(double x, double *slope)
{
    if (fabs(x) < 1e-4) {
        *slope = 0.5 + x / 6;
        return 1 + x / 2 + x * x / 12;
    }
    const double e = -expm1(-x), y = x / e;
    *slope = (1 - y * exp(-x)) / e;
    return y;
}

typedef struct {
    double alpha, beta, alpha_slope, beta_slope;
} gate;

static void gates(double v, gate g[3])
{
    double slope;
    g[0].alpha = linoid((v + 40) / 10, &slope);
    g[0].alpha_slope = slope / 10;
    g[0].beta = 4 * exp(-(v + 65) / 18);
    g[0].beta_slope = -g[0].beta / 18;
    g[1].alpha = 0.07 * exp(-(v + 65) / 20);
    g[1].alpha_slope = -g[1].alpha / 20;
    g[1].beta = 1 / (1 + exp(-(v + 35) / 10));
    g[1].beta_slope = g[1].beta * (1 - g[1].beta) / 10;
    g[2].alpha = 0.1 * linoid((v + 55) / 10, &slope);
    g[2].alpha_slope = 0.1 * slope / 10;
    g[2].beta = 0.125 * exp(-(v + 65) / 80);
    g[2].beta_slope = -g[2].beta / 80;
}

/* The state is V, m, h, n. */
static void hodgkin_huxley(const double *p, double drive, const double *y, double *dy)
{
    const double v = y[0], m = y[1], h = y[2], n = y[3];
    gate g[3];
    gates(v, g);
    dy[0] = (drive - p[G_NA] * m * m * m * h * (v - p[E_NA]) - p[HH_G_K] * n * n * n * n * (v - p[E_K]) -
             p[HH_G_L] * (v - p[E_L])) /
            p[HH_C];
    for (int k = 0; k < 3; k++) dy[k + 1] = g[k].alpha * (1 - y[k + 1]) - g[k].beta * y[k + 1];
}

static void hodgkin_huxley_jacobian(const double *p, const double *y, double *j)
{
    const double v = y[0], m = y[1], h = y[2], n = y[3];
    gate g[3];
    gates(v, g);
    for (int k = 0; k < 16; k++) j[k] = 0;
    j[0] = -(p[G_NA] * m * m * m * h + p[HH_G_K] * n * n * n * n + p[HH_G_L]) / p[HH_C];
    j[1] = -p[G_NA] * 3 * m * m * h * (v - p[E_NA]) / p[HH_C];
    j[2] = -p[G_NA] * m * m * m * (v - p[E_NA]) / p[HH_C];
    j[3] = -p[HH_G_K] * 4 * n * n * n * (v - p[E_K]) / p[HH_C];
    for (size_t k = 1; k < 4; k++) {
        j[4 * k] = g[k - 1].alpha_slope * (1 - y[k]) - g[k - 1].beta_slope * y[k];
        j[4 * k + k] = -g[k - 1].alpha - g[k - 1].beta;
    }
}

const npde__neuron npde__morris_lecar_neuron = {NPDE_PARAM_ML_CAPACITANCE, ML_PARAMS, 2, morris_lecar,
                                                morris_lecar_jacobian};
const npde__neuron npde__fitzhugh_nagumo_neuron = {NPDE_PARAM_FHN_EPSILON, FHN_PARAMS, 2, fitzhugh_nagumo,
                                                   fitzhugh_nagumo_jacobian};
const npde__neuron npde__hodgkin_huxley_neuron = {NPDE_PARAM_HH_CAPACITANCE, HH_PARAMS, 4, hodgkin_huxley,
                                                  hodgkin_huxley_jacobian};
