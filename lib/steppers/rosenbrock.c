/* SPDX-License-Identifier: BSD-3-Clause
 * Rosenbrock methods with the exact Jacobian, in the transformed form of Hairer & Wanner (Solving Ordinary Differential
 * Equations II, IV.7): with J = ∂F/∂y and F_t = ∂F/∂t at the beginning of the step,
 *
 *     (I − γhJ) k_i = γh F(t + c_i h, y + Σ_{j<i} a_ij k_j) + γ Σ_{j<i} C_ij k_j + γ h² d_i F_t,
 *     y⁺ = y + Σ_j a_sj k_j + k_s,      error = k_s:
 *
 * one factorisation for all stages, no iteration. All three are L-stable and stiffly accurate.
 *
 * RODAS5P: G. Steinebach, BIT Numer. Math. 63:27, 2023, order 5(4). RODAS4P2: G. Steinebach, in: Progress in Differential-
 * Algebraic Equations II, 2020, order 4(3). RODAS3: A. Sandu et al., Atmos. Environ. 31, 1997, 3459, order 3(2).
 */
#include "steppers/stepper.h"

#include "numerics/kernels.h"

#include <string.h>

enum { MOST = 8 };

typedef struct {
    size_t stages;
    double gamma;
    double c[MOST], d[MOST];
    double a[MOST * (MOST - 1) / 2],
        C[MOST * (MOST - 1) / 2]; /* row by row below the diagonal; the last row of a is y⁺ */
} tableau;

/* clang-format off: a row of the tableau a line */
static const tableau rodas5p = {
    8,
    0.21193756319429014,
    {0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1, 1, 1},
    {0.21193756319429014, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0, 0, 0},
    {3.0,
     2.849394379747939,
     0.45842242204463923,
     -6.954028509809101,
     2.489845061869568,
     -10.358996098473584,
     2.8029986275628964,
     0.5072464736228206,
     -0.3988312541770524,
     -0.04721187230404641,
     -7.502846399306121,
     2.561846144803919,
     -11.627539656261098,
     -0.18268767659942256,
     0.030198172008377946,
     -7.502846399306121,
     2.561846144803919,
     -11.627539656261098,
     -0.18268767659942256,
     0.030198172008377946,
     1,
     -7.502846399306121,
     2.561846144803919,
     -11.627539656261098,
     -0.18268767659942256,
     0.030198172008377946,
     1,
     1},
    {-14.155112264123755, -17.97296035885952,  -2.859693295451294,  147.12150275711716, -1.41221402718213,
     71.68940251302358,   165.43517024871676,  -0.4592823456491126, 42.90938336958603,  -5.961986721573306,
     24.854864614690072,  -3.0009227002832186, 47.4931110020768,    5.5814197821558125, -0.6610691825249471,
     30.91273214028599,   -3.1208243349937974, 77.79954646070892,   34.28646028294783,  -19.097331116725623,
     -28.087943162872662, 37.80277123390563,   -3.2571969029072276, 112.26918849496327, 66.9347231244047,
     -40.06618937091002,  -54.66780262877968,  -9.48861652309627}};

/* Interpolation of fourth order: y(θ) = (1 − θ) y + θ (y⁺ + (1 − θ) Σ_j (D_1j + θ D_2j + θ² D_3j) k_j). */
static const double rodas5p_dense[3][MOST] = {
    {25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
     1.1241088310450404, 0.4272876194431874, -0.17202221070155493},
    {-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796, 20.176138334709044,
     15.98066361424651, -6.789040303419874, -6.710236069923372},
    {11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654,
     -59.78993625266729, -0.15582684282751913, 4.883087185713722}};

static const tableau rodas4p2 = {
    6,
    0.25,
    {0, 0.75, 0.321448134013046, 0.519745732277726, 1, 1},
    {0.25, -0.5, -0.189532918363016, 0.085612108792769, 0, 0},
    {3, 0.906377755268814, -0.189707390391685, 3.758617027739064, 1.161741776019525, -0.849258085312803,
     7.089566927282776, 4.573591406461604, -8.423496976860259, -0.959280113459775, 7.089566927282776, 4.573591406461604,
     -8.423496976860259, -0.959280113459775, 1},
    {-12, -6.354581592719008, 0.338972550544623, -8.575016317114033, -7.606483992117508, 12.224997650124820,
     -5.888975457523102, -8.157396617841821, 24.805546872612922, 12.790401512796979, -4.408651676063871,
     -6.692003137674639, 24.625568527593117, 16.627521966636085, -5.714285714285718}};

static const tableau rodas3 = {4, 0.5, {0, 0, 1, 1}, {0.5, 1.5, 0, 0}, {0, 2, 0, 2, 0, 1}, {4, 1, -1, 1, -1, -8.0 / 3}};

/* clang-format on */

/* The vectors of a step: the stages k_i, then the state of a stage, F there, and ∂F/∂t. */
enum { STATE = MOST, SLOPE, TIME_SLOPE, VECTORS };
_Static_assert((int)VECTORS == (int)NPDE__RODAS_VECTORS, "what other methods set aside for it");

/* out = y + Σ_{j<i} a_ij k_j */
static void stage_state(const npde__stepper *s, const npde__kernels *kernels, const double *row, size_t i, double *out)
{
    double weight[MOST + 1] = {1};
    const double *x[MOST + 1] = {s->y};
    size_t terms = 1;
    for (size_t j = 0; j < i; j++) {
        if (row[j] == 0) continue;
        weight[terms] = row[j];
        x[terms++] = s->work[j];
    }
    kernels->combine(s->system->n, terms, weight, x, out);
}

/* F of a stage: the frozen linear part and all the rest. That of the first is the accepted state's slope. */
static npde_status stage_slope(npde__stepper *s, double t, int side, size_t i, double *out)
{
    npde__system *system = s->system;
    const double *y = s->work[STATE];
    if (i == 0) { /* linearize has frozen the coefficients at the step's beginning */
        if (!s->slope_known) system->ops->apply(system, 1, s->y, s->slope);
        s->slope_known = 1;
        return NPDE_OK;
    }
    if (system->constant) {
        system->ops->apply(system, 1, y, out);
        return NPDE_OK;
    }
    return system->ops->evaluate(system, t, side, y, s->rates_new, out);
}

static npde_status stage(npde__stepper *s, const npde__kernels *kernels, const tableau *m, double t, double h, size_t i)
{
    const size_t row = i > 0 ? i * (i - 1) / 2 : 0;
    const double *a = m->a + row, *C = m->C + row;
    if (i > 0) stage_state(s, kernels, a, i, s->work[STATE]);
    const npde_status status = stage_slope(s, t + m->c[i] * h, m->c[i] > 0 ? -1 : +1, i, s->work[SLOPE]);
    if (status) return status;
    double weight[MOST + 2] = {m->gamma * h};
    const double *x[MOST + 2] = {i > 0 ? s->work[SLOPE] : s->slope};
    size_t terms = 1;
    for (size_t j = 0; j < i; j++) {
        weight[terms] = m->gamma * C[j];
        x[terms++] = s->work[j];
    }
    if (m->d[i] != 0 && !s->system->constant) {
        weight[terms] = m->gamma * h * h * m->d[i];
        x[terms++] = s->work[TIME_SLOPE];
    }
    kernels->combine(s->system->n, terms, weight, x, s->work[i]);
    return s->system->ops->solve_jacobian(s->system, s->work[i]);
}

static npde_status step_with(const tableau *m, npde__stepper *s, double t, double h)
{
    npde__system *system = s->system;
    const npde__kernels *kernels = npde__kernels_best();
    npde_status status = system->ops->linearize(system, t, h, s->y, s->rates, s->work[TIME_SLOPE]);
    if (!status) status = system->ops->factor_jacobian(system, m->gamma * h);
    memcpy(s->rates_new, s->rates, system->n_rates * sizeof *s->rates);
    for (size_t i = 0; i < m->stages && !status; i++) status = stage(s, kernels, m, t, h, i);
    if (status) return status;
    s->stages += (int64_t)m->stages;
    const size_t last = m->stages - 1;
    memcpy(s->error, s->work[last], system->n * sizeof *s->error);
    kernels->combine(system->n, 2, (const double[]){1, 1}, (const double *const[]){s->work[STATE], s->work[last]},
                     s->y_new);
    s->slope_new_known = 0;
    return system->ops->rates(system, t + h, -1, s->y_new, s->rates_new);
}

static npde_status rodas5p_step(npde__stepper *s, double t, double h, int want_error)
{
    (void)want_error; /* it is there anyway */
    return step_with(&rodas5p, s, t, h);
}

static npde_status rodas4p2_step(npde__stepper *s, double t, double h, int want_error)
{
    (void)want_error;
    return step_with(&rodas4p2, s, t, h);
}

static npde_status rodas3_step(npde__stepper *s, double t, double h, int want_error)
{
    (void)want_error;
    return step_with(&rodas3, s, t, h);
}

static void rodas5p_interpolate(npde__stepper *s, double theta, double *y)
{
    const double back = 1 - theta;
    double weight[MOST + 2] = {back, theta};
    const double *x[MOST + 2] = {s->y_new, s->y};
    for (size_t j = 0; j < MOST; j++) {
        const double d1 = rodas5p_dense[0][j], d2 = rodas5p_dense[1][j], d3 = rodas5p_dense[2][j];
        weight[j + 2] = theta * back * (d1 + theta * (d2 + theta * d3));
        x[j + 2] = s->work[j];
    }
    npde__kernels_best()->combine(s->system->n, MOST + 2, weight, x, y);
}

const npde__method npde__rodas5p = {.id = NPDE_METHOD_RODAS5P,
                                    .calibration = 6,
                                    .order = 5,
                                    .error_order = 4,
                                    .vectors = VECTORS,
                                    .step = rodas5p_step,
                                    .dense = rodas5p_interpolate};
const npde__method npde__rodas4p2 = {.id = NPDE_METHOD_RODAS4P2,
                                     .ends_at_outputs = 1,
                                     .calibration = 2,
                                     .order = 4,
                                     .error_order = 3,
                                     .vectors = VECTORS,
                                     .step = rodas4p2_step};
const npde__method npde__rodas3 = {.id = NPDE_METHOD_RODAS3,
                                   .ends_at_outputs = 1,
                                   .calibration = 2.2,
                                   .order = 3,
                                   .error_order = 2,
                                   .vectors = VECTORS,
                                   .step = rodas3_step};
