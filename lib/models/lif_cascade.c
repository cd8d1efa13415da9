/* SPDX-License-Identifier: BSD-3-Clause
 * Blow-up of LIF populations: the layer at the threshold, the cascade, the jump, the moment certificate.
 *
 * Where μ = bN → ∞ the density is n ≈ (N/μ)(1 − e^{−μ(V_F − v)/a}) near V_F, a layer of width a/μ that lacks the mass
 * aN/μ² of the density outside. The physical solution (Delarue, Inglis, Rubenthaler & Tanré, Stoch. Process. Appl. 125,
 * 2015) lets fire at once the smallest fraction that can be enough for itself,
 *
 *     Δ = inf{x > 0 : P(bx) < x},    P(x) = mass within x below V_F,
 *
 * shifts all others by bΔ, and brings those who fired to v + bΔ − (V_F − V_R). Here Δ is found as the limit of the cascade
 * x ← P(bx) + kick, begun at 0: monotone, so that it ends at the smallest solution. In a network x ← P(Σ_q b_pq x_q), and
 * those of the largest rates begin.
 */
#include "models/lif.h"

#include "numerics/quadrature.h"

#include <math.h>

static const double kick = 3;       /* in units of the layer's missing mass: what sets a cascade off */
static const double alone = 1e-9;   /* the smallest kick where there is no layer */
static const double thin = 0.05;    /* a layer, relative to V_F − V_R */
static const double together = 0.1; /* populations whose rates are this much of the largest begin a cascade with it */
static const double sets_off = 20;  /* a cascade fires this much more than its kick */
enum { MOST = 100000, GAUSS = 12, ROUNDS = 100 };

/* ---- mass below the threshold ---- */

/* Left end of what the mass of point i covers: its control volume. */
static double edge(const npde__stencil *of, size_t i)
{
    const double *v = of->grid->v;
    return i == 0 ? v[0] : i == of->grid->n ? v[i - 1] : (v[i - 1] + v[i]) / 2;
}

/* Right end of all mass: the threshold but for its half cell, where the density is 0, or the end of the grid. */
static double right_end(const npde__stencil *of)
{
    const npde_grid *g = of->grid;
    return g->scheme == NPDE_SCHEME_SPECTRAL ? g->v[of->end] : edge(of, of->end);
}

/* sum[i] = mass from the i-th edge (finite volumes) or point (spectral) to the right end, i ≤ end. */
static void accumulate(const npde__stencil *of, const double *n, double *sum)
{
    const npde_grid *g = of->grid;
    const size_t end = of->end;
    double x[GAUSS], w[GAUSS];
    npde__quadrature_gauss(GAUSS, x, w);
    sum[end] = 0;
    for (size_t i = end; i-- > 0;) {
        sum[i] = sum[i + 1];
        if (g->scheme == NPDE_SCHEME_FINITE_VOLUME) {
            sum[i] += g->w[i] * n[i];
            continue;
        }
        const double half = (g->v[i + 1] - g->v[i]) / 2;
        for (size_t q = 0; q < GAUSS; q++) {
            double l[NPDE__MAX_NODES];
            size_t first = 0;
            const size_t points = npde__grid_interpolate(g, g->v[i] + half * (x[q] + 1), &first, l);
            for (size_t j = 0; j < points; j++) sum[i] += half * w[q] * l[j] * n[first + j];
        }
    }
}

static double smaller(double a, double b)
{
    return a * b <= 0 ? 0 : fabs(a) < fabs(b) ? a : b;
}

/* Slope of the density within a control volume: the smaller of those to its neighbours, so that nothing overshoots. */
static double slope(const npde__stencil *of, const double *n, size_t i)
{
    const double *v = of->grid->v;
    if (i == 0 || i + 1 >= of->end) return 0;
    return smaller((n[i] - n[i - 1]) / (v[i] - v[i - 1]), (n[i + 1] - n[i]) / (v[i + 1] - v[i]));
}

/* Mass from v to the right end, by the sums. */
static double mass_above(const npde__stencil *of, const double *n, const double *sum, double v)
{
    const npde_grid *g = of->grid;
    const int spectral = g->scheme == NPDE_SCHEME_SPECTRAL;
    size_t low = 0, high = of->end;
    if (v <= g->v[0]) return sum[0];
    if (v >= right_end(of)) return 0;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if ((spectral ? g->v[middle] : edge(of, middle)) <= v) low = middle;
        else high = middle;
    }
    if (!spectral) {
        const double left = edge(of, low), right = edge(of, high);
        const double part = (right - v) / (right - left), width = right - left;
        return sum[high] + part * (sum[low] - sum[high]) + slope(of, n, low) * part * (1 - part) * width * width / 2;
    }
    /* Cubic Hermite: the density is minus the slope of the sums. */
    const double h = g->v[high] - g->v[low], s = (v - g->v[low]) / h, r = 1 - s;
    return r * r * (1 + 2 * s) * sum[low] + s * s * (1 + 2 * r) * sum[high] - h * s * r * (r * n[low] - s * n[high]);
}

/* ---- the cascade ---- */

static const npde__stencil *stencil_of(const lif_system *l, size_t p)
{
    return npde__lif_operator(l, p)->stencil;
}

/* Work space of population p. */
static double *sums_of(const lif_system *l, size_t p)
{
    return l->sums + p * l->base.stride;
}

/* Drive at the threshold, f + μ, at what the law last gave. */
static double push(const lif_system *l, size_t p)
{
    return l->pop[p].leak + l->drive[p];
}

/* The law and its Jacobian at these rates, NULL for none; 0 when nothing depends on them. */
static int look(lif_system *l, double t, const double *rates)
{
    for (size_t p = 0; p < l->base.n_rates; p++) l->residual[p] = rates ? rates[p] : 0;
    return l->base.coupled && !npde__lif_law(l, t, -1, l->residual) &&
           !npde__lif_law_jacobian(l, t, -1, l->residual, &l->present) && l->present.any;
}

/* What rates add to drives and diffusions, into probe_drive and probe_diffusion. */
static void act(lif_system *l, const double *rates)
{
    for (size_t p = 0; p < l->base.n_rates; p++) l->probe_diffusion[p] = 0;
    npde__lif_act(l, &l->present, rates, l->probe_drive, l->probe_diffusion);
}

/*
 * Noise that grows with the rate, a = a0 + a1 N, keeps the density's layer from shrinking, and N = a0 |n'|/(1 − a1 |n'|) blows up
 * all the same: what vanishes is the share of a0, and time is no matter.
 */
void npde__lif_layer(npde__system *s, double t, const double *rates, size_t k, double *width, double *thinnest,
                     double *time)
{
    lif_system *l = npde__lif_self(s);
    const npde__stencil *of = stencil_of(l, k);
    *width = *thinnest = *time = INFINITY;
    if (!of->absorbing || !look(l, t, rates)) return;
    act(l, rates);
    const double added = l->probe_diffusion[k], own = l->diffusion[k] - added, distance = l->pop[k].distance;
    const double speed = push(l, k) + added / distance;
    if (!(speed > 0)) return;
    *width = own / speed / distance;
    *thinnest = 4 * (l->grid->v[of->end] - l->grid->v[of->end - 1]) / distance;
    if (added == 0) *time = own / (speed * speed);
}

/* Is a neuron that fires pushed over the threshold a second time? */
static int fires_again(const lif_system *l, size_t p, double shift)
{
    return stencil_of(l, p)->absorbing && l->pop[p].refractory == NPDE_REFRACTORY_NONE && shift >= l->pop[p].distance;
}

/*
 * Does population p excite itself, alone or round a loop of others? With B_qp = b_qp/(V_F − V_R), how often a neuron of q fires in
 * the long run for each time that all of p do, some (B^k)_pp must be as large as least, and not 0. With again a loop leads only
 * through those who come back at once.
 */
static int excites_itself(lif_system *l, size_t p, double least, int again)
{
    const size_t n = l->base.n_rates, rounds = n > ROUNDS ? n : ROUNDS;
    double *from = l->probe_rates, *to = l->residual;
    for (size_t q = 0; q < n; q++) from[q] = q == p;
    for (size_t k = 0; k < rounds; k++) {
        double most = 0;
        npde__lif_act(l, &l->present, from, to, l->probe_diffusion);
        for (size_t q = 0; q < n; q++) {
            const int takes_part =
                stencil_of(l, q)->absorbing && (!again || l->pop[q].refractory == NPDE_REFRACTORY_NONE);
            from[q] = takes_part ? fmin(fmax(0, to[q]) / l->pop[q].distance, 1e100) : 0;
            most = fmax(most, from[q]);
        }
        if (from[p] > 0 && from[p] >= least) return 1;
        if (most == 0) return 0;
    }
    return 0;
}

static size_t top_of(const npde__system *s, const double *rates)
{
    size_t top = 0;
    for (size_t p = 1; p < s->n_rates; p++)
        if (rates[p] > rates[top]) top = p;
    return top;
}

/*
 * What population p fires at this shift beside what P has: the kick if it begins the cascade, otherwise what its layer lacks as far
 * as the shift reaches into it.
 */
static double begun(const lif_system *l, size_t p, int begins, double part, double shift)
{
    if (begins) return part * l->cascade[p];
    return l->cascade[p] > 0 && shift > 0 ? l->cascade[p] * fmin(1, shift * push(l, p) / l->diffusion[p]) : 0;
}

/* x ← P(bx) + part of the kicks, to its limit; 0 when it is eternal. The kicks are in l->cascade. rates NULL: all begin. */
static int spread(npde__system *s, const double *y, const double *rates, double part, double *fired)
{
    lif_system *l = npde__lif_self(s);
    const double least = rates ? together * rates[top_of(s, rates)] : 0;
    for (int k = 0; k < MOST; k++) {
        double change = 0;
        act(l, fired);
        for (size_t p = 0; p < s->n_rates; p++) {
            const npde__stencil *of = stencil_of(l, p);
            if (!of->absorbing) continue;
            const double shift = l->probe_drive[p], before = fired[p];
            if (fires_again(l, p, shift) && excites_itself(l, p, 1, 1)) return 0;
            fired[p] = begun(l, p, !rates || rates[p] >= least, part, shift);
            if (shift > 0) fired[p] += mass_above(of, y + p * s->stride, sums_of(l, p), right_end(of) - shift);
            change = fmax(change, fabs(fired[p] - before));
        }
        if (change <= 1e-14) break;
    }
    return 1;
}

/* Without a layer: the mass that the last cell, where the density goes to 0, lacks when it is critical, b n = 1. */
static void find_unseen(lif_system *l)
{
    for (size_t q = 0; q < l->base.n_rates; q++) l->residual[q] = 1;
    act(l, l->residual);
    for (size_t p = 0; p < l->base.n_rates; p++) {
        const npde__stencil *of = stencil_of(l, p);
        const double b = l->probe_drive[p];
        l->cascade[p] = !of->absorbing ? 0 : alone;
        if (of->absorbing && b > 0) l->cascade[p] = fmax(alone, (l->grid->v[of->end] - l->grid->v[of->end - 1]) / b);
    }
}

/*
 * Does a cascade that ends fire much more than its kick? A population without a layer had none, and one that does not excite
 * itself sets nothing off: it only follows the others.
 */
static int spreads_by_itself(lif_system *l, const double *fired)
{
    for (size_t p = 0; p < l->base.n_rates; p++)
        if (l->cascade[p] > 0 && fired[p] > sets_off * kick * l->cascade[p] && excites_itself(l, p, 0, 0)) return 1;
    return 0;
}

/* ∂a_p/∂N_q */
static double noise_of(const lif_system *l, size_t p, size_t q)
{
    if (!l->present.noise) return 0;
    return !l->diagonal ? l->present.diffusion[q * l->ld + p] : q == p ? l->present.diffusion[p] : 0;
}

/* Does the noise of any population grow with the rate of q? */
static int makes_noise(const lif_system *l, size_t q)
{
    for (size_t p = 0; p < l->base.n_rates; p++)
        if (noise_of(l, p, q) != 0) return 1;
    return 0;
}

npde__cascade npde__lif_cascade(npde__system *s, double t, const double *y, const double *rates, double *fired)
{
    lif_system *l = npde__lif_self(s);
    for (size_t p = 0; p < s->n_rates; p++) fired[p] = 0;
    if (!look(l, t, rates)) return NPDE__CASCADE_NONE;
    if (rates && makes_noise(l, top_of(s, rates))) { /* no cascade of shifts: the rate's word is taken */
        for (size_t p = 0; p < s->n_rates; p++) fired[p] = NAN;
        return NPDE__CASCADE_ENDS;
    }
    if (!rates) find_unseen(l);
    for (size_t p = 0; p < s->n_rates; p++) {
        const npde__stencil *of = stencil_of(l, p);
        const double u = push(l, p), width = l->diffusion[p] / u;
        const int layer = of->absorbing && u > 0 && width <= thin * l->pop[p].distance;
        if (rates) l->cascade[p] = layer ? width * rates[p] / u : 0;
        if (of->absorbing) accumulate(of, y + p * s->stride, sums_of(l, p));
    }
    int ends = spread(s, y, rates, kick, fired);
    if (ends && !spreads_by_itself(l, fired)) return NPDE__CASCADE_NONE;
    /* What the layer lacks belongs to the cascade, the rest of the kick does not. */
    if (ends) ends = spread(s, y, rates, rates ? 1 : 0, fired);
    for (size_t p = 0; p < s->n_rates; p++) fired[p] = ends ? fmin(1, fired[p]) : stencil_of(l, p)->absorbing;
    return ends ? NPDE__CASCADE_ENDS : NPDE__CASCADE_ETERNAL;
}

/* ---- the jump ---- */

/*
 * Moves the density by the shift and brings those who fired back, by the mass on the edges of the control volumes: values at points
 * would make spikes on a graded grid, and the spikes a false second jump. sum has room for end + 1, moved for end values.
 */
static void move(const lif_population *pop, const npde__stencil *of, double shift, double *n, double *reservoir,
                 double *sum, double *moved)
{
    const npde_grid *g = of->grid;
    const size_t end = of->end;
    accumulate(of, n, sum);
    const double first = right_end(of) - shift; /* from here on they fire, at a sharp threshold */
    const double fired = of->absorbing ? mass_above(of, n, sum, first) : 0;
    const int back = of->absorbing && pop->refractory == NPDE_REFRACTORY_NONE;
    double above = 0, returned = 0;
    for (size_t i = end; i-- > 0;) { /* from the right: what of either kind lies above the left edge of i */
        const double from = i ? edge(of, i) - shift : -INFINITY, home = i ? edge(of, i) + pop->distance - shift : first;
        const double now = mass_above(of, n, sum, from) - fired;
        const double again = back ? mass_above(of, n, sum, fmax(home, first)) : 0;
        moved[i] = (fmax(0, now - above) + fmax(0, again - returned)) / g->w[i];
        above = fmax(above, now);
        returned = fmax(returned, again);
    }
    if (of->absorbing && !back) *reservoir += fired;
    for (size_t i = 0; i < end; i++) n[i] = moved[i];
}

static npde_status unsupported(const npde__system *s, size_t p, const char *why)
{
    return npde__fail(s->context, NPDE_ERR_UNSUPPORTED,
                      "the run stops before the blow-up: the jump is not known with %s (population %zu)", why, p);
}

/* Is it known how population p takes the firing? probe_drive are its shifts. */
static npde_status check_effects(const npde__system *s, size_t p, const double *fired)
{
    const lif_system *l = npde__lif_const(s);
    const size_t n = s->n_rates;
    if (fires_again(l, p, l->probe_drive[p]))
        return unsupported(s, p,
                           "neurons that would fire more than once, although no loop of excitation keeps them firing");
    if (fired[p] > 0 && l->pop[p].refractory == NPDE_REFRACTORY_FIXED)
        return unsupported(s, p, "a fixed refractory time");
    for (size_t q = 0; q < n; q++) {
        const size_t k = p * n + q; /* of q on p */
        if (fired[q] == 0) continue;
        if (noise_of(l, p, q) != 0) return unsupported(s, p, "noise that grows with the rates");
        if (l->delayed && l->delays[k] > 0 && (l->weights[k] != 0 || l->noise[k] != 0))
            return unsupported(s, p, "a delay after those who fire");
        if ((l->diagonal ? (q == p ? l->present.drive[p] : 0) : l->present.drive[q * l->ld + p]) < 0)
            return unsupported(s, p, "inhibition by those who fire");
    }
    return NPDE_OK;
}

npde_status npde__lif_fire(npde__system *s, double t, double *y, const double *rates, const double *fired)
{
    lif_system *l = npde__lif_self(s);
    if (!look(l, t, rates)) return unsupported(s, 0, "a callback that fails there");
    if (y && s->smooth)
        return unsupported(s, 0,
                           "a spectral grid, which cannot hold the discontinuities after it: take finite volumes");
    act(l, fired);
    for (size_t p = 0; p < s->n_rates; p++) {
        const npde_status status = check_effects(s, p, fired);
        if (status) return status;
    }
    for (size_t p = 0; y && p < s->n_rates; p++) {
        double *density = y + p * s->stride;
        if (l->probe_drive[p] > 0)
            move(&l->pop[p], stencil_of(l, p), l->probe_drive[p], density, density + s->points, sums_of(l, p),
                 sums_of(l, s->n_rates));
    }
    return NPDE_OK;
}

/* ---- the certificate ---- */

/* b_pp where the theorem applies to population p, 0 elsewhere. */
static double certified_weight(const lif_system *l, size_t p)
{
    const size_t n = l->base.n_rates;
    if (!l->linear.any || l->coupling || !stencil_of(l, p)->absorbing || !l->pop[p].leaky) return 0;
    for (size_t q = 0; q < n; q++)
        if ((!l->diagonal && l->linear.drive[q * l->ld + p] < 0) || (l->delayed && l->weights[p * n + q] < 0)) return 0;
    return fmax(0, l->linear.drive[l->diagonal ? p : p * l->ld + p]);
}

/*
 * With f + I ≥ −d below V_F and b > 0, the moment M = ∫ e^{μ(v − V_F)} n obeys M' ≥ μ(μa − d + bN) M − N: from bμM ≥ 1 on it grows
 * like e^{μ(μa − d)t}, and it is at most 1 (Cáceres, Carrillo & Perthame, J. Math. Neurosci. 1:7, 2011, theorem 2.2). Any
 * μ > max(1/b, d/a) will do.
 */
double npde__lif_certificate(const npde__system *s, double t, const double *y, double *time)
{
    static const double multiples[] = {1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 4, 6, 10, 20};
    const lif_system *l = npde__lif_const(s);
    double best = 0;
    *time = INFINITY;
    for (size_t p = 0; p < s->n_rates; p++) {
        const lif_population *pop = &l->pop[p];
        const double b = certified_weight(l, p), a = pop->diffusion0, d = -pop->leak - pop->drive0;
        for (size_t k = 0; b > 0 && k < sizeof multiples / sizeof multiples[0]; k++) {
            const double mu = multiples[k] * fmax(1 / b, d / a), growth = mu * (mu * a - d);
            const double *v = l->grid->v, *w = l->grid->w, *density = y + p * s->stride;
            const size_t end = stencil_of(l, p)->end;
            double moment = 0;
            for (size_t i = 0; i < end; i++) moment += w[i] * density[i] * exp(mu * (v[i] - v[end]));
            best = fmax(best, b * mu * moment);
            if (b * mu * moment >= 1) *time = fmin(*time, t - log(moment) / growth);
        }
    }
    return best;
}
