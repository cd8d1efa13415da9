/* SPDX-License-Identifier: BSD-3-Clause
 * Stability of the steady states of the macroscopic equation; ages, S and Φ as in macroscopic.c.
 *
 * Perturbations like e^{λt}: Ψ(s), the mean of e^{−λ (time to fire)}, solves Ψ' = (λ + φ)Ψ − φ, and λ is an eigenvalue where
 *
 *     f(λ) = 1 − Ψ(0) − e^{−λd} ḡ'(N) N ∫ p Ψ' S ds = 0,    p = (V_E − v)/(A − B v) = 1/B + (V_E − v*)/(B (v* − V_R)) e^{Bs}.
 *
 * With a refractory state before Ψ(0) stands the mean of e^{−λ (time in it)}, 1/(1 + λτ) or e^{−λτ}. λ = 0, the mass, is
 * no eigenvalue.
 *
 * With a discharge f → 1 for |λ| → ∞, Re λ ≥ 0, so the eigenvalues to the right of a line Re λ = σ ≥ 0 can be counted by how
 * far f turns along it. With a threshold there are chains of eigenvalues that go up along a line (macroscopic_chain.c); to the
 * right of it the same goes for f/D. */
#include "models/macroscopic.h"

#include <float.h>
#include <math.h>

enum { MOST_STARTS = 32 };

/* The linearised equation at a steady rate. */
typedef struct {
    npde__ages *ages;
    double rate, slope; /* N, ḡ'(N) */
    double time;        /* T */
    npde__chain chain;  /* with a threshold */
    double work;        /* panels gone through to count */
    size_t n_starts;
    double complex start[MOST_STARTS]; /* where |f| is least along a line */
} linear;

/* p(s) = α + β e^{Bs}. */
static double p_growing(const npde__ages *s)
{
    const double target = s->a / s->b, way = target - s->pop.v_reset;
    return way != 0 ? (s->pop.v_excitatory - target) / (s->b * way) : 0;
}

static double p_at(const npde__ages *s, double age)
{
    return 1 / s->b + p_growing(s) * exp(s->b * age);
}

/* Is v so near v* that p, which is large, and Ψ', which is small, lose their digits? */
static int near_target(const npde__ages *s, double age)
{
    return s->b * age > 17;
}

/* ∫ p Ψ' S over a panel without discharge, where Ψ' = λΨ. */
static double complex quiet(const npde__ages *s, size_t k, double complex lambda, double complex psi)
{
    const double length = s->length[k], b = s->b, end = s->begin[k] + length;
    const double complex even = (1 - cexp(-lambda * length)) / b,
                         growing = lambda / (lambda + b) * (1 - cexp(-(lambda + b) * length));
    return psi * exp(-s->passed_end[k]) * (even + p_growing(s) * exp(b * end) * growing);
}

/* f(λ)/λ at the ages cut for the rate; the root λ = 0, the mass, is divided out. */
static double complex characteristic(const linear *l, double complex lambda)
{
    enum { POINTS = NPDE__AGE_POINTS };
    const npde__ages *s = l->ages;
    const int sharp = s->discharge == NPDE_DISCHARGE_NONE;
    double complex psi = sharp ? 1 : s->tail_phi / (s->tail_phi + lambda), sum = 0, settled = 0;
    if (!sharp) { /* p Ψ' where v is v*, from the derivative of the equation for Ψ */
        settled = s->tail_slope * (s->pop.v_excitatory - s->a / s->b) * (1 - psi) / (lambda + s->tail_phi + s->b);
        sum = settled * exp(-s->tail_passed) / s->tail_phi;
    }
    for (size_t k = s->n_panels; k-- > 0;) {
        const double length = s->length[k], end = s->passed_end[k], before = k ? s->passed_end[k - 1] : 0;
        if (!(end > before)) {
            sum += quiet(s, k, lambda, psi);
            psi *= cexp(-lambda * length);
            continue;
        }
        double complex kernel[POINTS]; /* φ e^{−λ(u − s_r) − Φ(u) + Φ_r}, from the panel's right end */
        double complex total = 0, wave[POINTS];
        for (size_t i = 0; i < POINTS; i++) {
            wave[i] = cexp(lambda * (length * (1 - s->x[i])) + (end - s->passed[k][i]));
            kernel[i] = s->phi[k][i] * wave[i];
            total += length * s->w[i] * kernel[i];
        }
        for (size_t i = POINTS; i-- > 0;) {
            double complex part = total;
            for (size_t j = 0; j < POINTS; j++) part -= length * s->integral[i * POINTS + j] * kernel[j];
            const double complex here = (psi + part) / wave[i];
            const double age = s->begin[k] + length * s->x[i];
            const double complex moved =
                near_target(s, age) ? settled : ((lambda + s->phi[k][i]) * here - s->phi[k][i]) * p_at(s, age);
            sum += length * s->w[i] * moved * exp(-s->passed[k][i]);
        }
        psi = (psi + total) * cexp(-lambda * length - (end - before));
    }
    const double complex waits =
        s->pop.refractory == NPDE_REFRACTORY_FIXED ? cexp(-lambda * s->pop.tau) : 1 / (1 + lambda * s->pop.tau);
    return (1 - waits * psi - cexp(-lambda * s->delay) * l->slope * l->rate * sum) / lambda;
}

static int has_chain(const linear *l)
{
    return l->ages->discharge == NPDE_DISCHARGE_NONE;
}

/* Panels of 1/B · longest or less on which e^{λs} turns or grows little. */
static npde_status resolve(linear *l, double longest, double size)
{
    npde__ages *s = l->ages;
    s->longest = fmin(longest, 6 / (size / s->b));
    return npde__macroscopic_cut(s, npde__macroscopic_mean(s, l->rate), &l->time);
}

/* ---- searching ---- */

/* The integrals over all ages converge to the right of −φ(v*); with a threshold they end at V_F. */
static double limit(const linear *l)
{
    return has_chain(l) ? -12 * l->rate : -0.999 * l->ages->tail_phi;
}

/* The secant method; 0 when it does not come to a root. */
static int secant(const linear *l, double complex *lambda)
{
    const npde__ages *s = l->ages;
    double complex before = *lambda * 1.001 + 1e-3 * l->rate, f_before = characteristic(l, before);
    for (int i = 0; i < 40; i++) {
        const double complex f = characteristic(l, *lambda);
        double complex move = f * (*lambda - before) / (f - f_before);
        const double size = cabs(*lambda) + l->rate, apart = cabs(*lambda - before);
        if (!isfinite(creal(move)) || !isfinite(cimag(move))) return f == 0;
        if (cabs(move) > size) move *= size / cabs(move);
        before = *lambda;
        f_before = f;
        *lambda -= move;
        if (creal(*lambda) < limit(l) || cabs(*lambda) * s->longest > 6 * s->b)
            return 0; /* beyond what panels resolve */
        /* A slope from afar may be any: to the left f grows fast. */
        if (cabs(move) < 1e-11 * size && apart < 1e-3 * size) return cabs(*lambda) > 1e-7 * l->rate;
    }
    return 0;
}

/* Keeps what the secant method comes to from a start if it lies further to the right. */
static void try(const linear *l, double complex lambda, double *re_im)
{
    if (!secant(l, &lambda) || creal(lambda) <= re_im[0]) return;
    re_im[0] = creal(lambda);
    re_im[1] = fabs(cimag(lambda)) > 1e-9 * l->rate ? fabs(cimag(lambda)) : 0;
}

/*
 * The largest real root > 0, NaN if there is none: f tends to 1 for λ → ∞, so coming down from there it is where the sign
 * changes, however sharply potentials are driven over V_F. A state between two others always has one. (Of one too large for
 * the panels a lower bound.)
 */
static npde_status real_root(linear *l, double *root)
{
    npde__ages *s = l->ages;
    const int closed = s->discharge == NPDE_DISCHARGE_NONE || s->discharge == NPDE_DISCHARGE_STEP;
    const int highest = closed ? 60 : 13, lowest = -9;
    double high = NAN, low = ldexp(s->b, highest), f = 1;
    npde_status status = NPDE_OK;
    *root = NAN;
    for (int k = highest; k > lowest && !status && f > 0; k--) {
        high = low;
        low = high / 2;
        s->growth = high;
        status = resolve(l, s->longest, 0);
        if (!status && s->n_panels < NPDE__AGE_PANELS) f = creal(characteristic(l, low));
    }
    for (int i = 0; i < 100 && f < 0 && !status; i++) {
        const double middle = (low + high) / 2;
        if (!(middle > low && middle < high)) break;
        if (creal(characteristic(l, middle)) < 0) low = middle;
        else high = middle;
        *root = middle;
    }
    s->growth = 0;
    return status;
}

static npde_status search(linear *l, double *re_im)
{
    enum { REAL = 5, MODES = 17, CHAIN = 105, FAR = 8 };
    static const double real[REAL] = {-2.5, -1, -0.2, 0.5, 3};
    /* Up to six turns a spike, or forty of a chain; and along the real axis, on finer panels. */
    const int modes = has_chain(l) ? CHAIN : MODES;
    npde_status status = resolve(l, 0.5, 2.5 * modes * l->rate);
    for (int k = 0; k < REAL * modes && !status; k++) {
        const int mode = k / REAL;
        try(l, l->rate * (real[k % REAL] + I * (2.4 * mode)), re_im);
    }
    if (!status) status = resolve(l, 0.025, 0);
    for (int k = 0; k < FAR && !status; k++) try(l, l->ages->b * pow(2, 1.5 * k - 3), re_im);
    double root = NAN;
    if (!status) status = real_root(l, &root);
    if (root > re_im[0] || (root > 0 && isnan(re_im[0]))) {
        re_im[0] = root;
        re_im[1] = 0;
    }
    return status;
}

/* ---- counting ---- */

/*
 * A bound of |λ||f(λ) − 1| (of f/D with a threshold) for Re λ ≥ σ ≥ 0. By parts |λΨ(0)| ≤ φ(V_R) + ∫ |d(φS)|, and
 *
 *     ∫ p Ψ' S ds = ∫ (1 − Ψ(u)) S(u) ∫_0^u p(s) e^{−λ(u−s)} ds dφ(u),
 *
 * in which |1 − Ψ| ≤ 2 and the inner integral is 2|p(u)|/|λ| at most, because |p| grows.
 */
static double far_bound(const linear *l, double sigma)
{
    const npde__ages *s = l->ages;
    if (has_chain(l)) return npde__chain_far(&l->chain, sigma);
    const double settled = fabs(s->tail_slope * (s->pop.v_excitatory - s->a / s->b)); /* |φ'p| near v* */
    double phi = s->phi[0][0], left = 1, age = 0, fires = phi, moves = 0;
    for (size_t k = 0; k < s->n_panels; k++)
        for (size_t i = 0; i < NPDE__AGE_POINTS; i++) {
            const double weight = s->length[k] * s->w[i] * left, step = fabs(s->phi[k][i] - phi) * left;
            age = s->begin[k] + s->length[k] * s->x[i];
            phi = s->phi[k][i];
            fires += step + weight * phi * phi;
            moves += near_target(s, age) ? weight * settled : step * fabs(p_at(s, age));
            left = exp(-s->passed[k][i]);
        }
    const size_t last = s->n_panels - 1;
    const double step = fabs(s->tail_phi - phi);
    left = exp(-s->tail_passed);
    age = s->begin[last] + s->length[last];
    fires += (step + s->tail_phi) * left;
    moves += left * ((near_target(s, age) ? 0 : step * fabs(p_at(s, age))) + settled / s->tail_phi);
    return fires + 4 * exp(-sigma * s->delay) * fabs(l->slope) * l->rate * moves;
}

/* f(λ) (λ + N)/λ, which turns as far as f does without its root λ = 0; with a threshold that over D. */
static double complex turning(linear *l, double complex lambda)
{
    const double closed = 0.2; /* what a closed form costs, in panels */
    l->work += has_chain(l) ? closed : 1 + (double)l->ages->n_panels;
    const double complex f = characteristic(l, lambda) * (lambda + l->rate);
    return has_chain(l) ? f / npde__chain_at(&l->chain, lambda) : f;
}

/* Keeps a local minimum of |f|. */
static void remember(linear *l, double complex lambda)
{
    if (l->n_starts < MOST_STARTS) l->start[l->n_starts++] = lambda;
}

/* A step along the line at λ, on which no delay turns e^{λs} much and neither the nearest known root is passed at once. */
static double longest_step(const linear *l, double complex lambda, double complex known)
{
    const npde__ages *s = l->ages;
    const double sigma = creal(lambda), tau = s->pop.refractory == NPDE_REFRACTORY_FIXED ? s->pop.tau : 0;
    double turns = DBL_MIN;
    if (sigma * s->delay < 40) turns += s->delay;
    if (sigma * (l->time + tau) < 40) turns += 2 * l->time + tau;
    return fmin(1 / turns, 0.5 * cabs(lambda - known));
}

/*
 * Roots with Re λ > σ: along the line from the real axis up to where f is nearly 1, in steps on both halves of which it
 * turns by less than 0.6 < π/4. −1 if there are too many of these steps or panels, or a root is on the line. known: the root
 * next to the line.
 */
static npde_status count(linear *l, double sigma, double complex known, int *roots)
{
    static const double pi = 3.14159265358979323846, most_work = 3e5;
    const npde__ages *s = l->ages;
    double omega = 0, resolved = 4 * l->rate, sum = 0;
    *roots = -1;
    npde_status status = resolve(l, 0.5, sigma + resolved);
    if (status || s->n_panels >= NPDE__AGE_PANELS || !isfinite(l->time)) return status;
    const double far = fmax(2.5 * far_bound(l, sigma), 4 * l->rate);
    double complex at = creal(turning(l, fmax(sigma, 1e-6 * l->rate)));
    double step = 1e-3 * longest_step(l, sigma, known), size[2] = {INFINITY, cabs(at)};
    l->n_starts = 0;
    while (omega < far) {
        const double complex lambda = sigma + I * omega;
        step = fmin(step, longest_step(l, lambda, known));
        if (omega + step > resolved) {
            resolved = 2 * (omega + step);
            status = resolve(l, 0.5, sigma + resolved);
            if (status || s->n_panels >= NPDE__AGE_PANELS) return status;
        }
        const double complex half = turning(l, lambda + I * (step / 2)), next = turning(l, lambda + I * step);
        const double one = carg(half / at), two = carg(next / half);
        if (!isfinite(one) || !isfinite(two) || l->work > most_work || step < 1e-12 * l->rate) return status;
        if (fmax(fabs(one), fabs(two)) > 0.6) {
            step /= 4;
            continue;
        }
        if (size[1] < size[0] && size[1] < cabs(next)) remember(l, lambda);
        size[0] = size[1];
        size[1] = cabs(next);
        sum += one + two;
        omega += step;
        at = next;
        step *= 2;
    }
    const double n = (carg(at) - sum) / pi;
    if (fabs(n - round(n)) < 0.05 && n > -0.05) *roots = (int)round(n);
    return status;
}

/* Looks for a root to the right of σ from the minima of |f| along the line, then from a net of starts. */
static npde_status search_right(linear *l, double sigma, double *re_im)
{
    enum { COLUMNS = 8, ROWS = 24 };
    const double far = far_bound(l, sigma);
    double best[2] = {sigma, NAN};
    npde_status status = NPDE_OK;
    for (size_t i = 0; i < l->n_starts && !status; i++) {
        status = resolve(l, 0.5, 2 * cabs(l->start[i]) + 12 * l->rate);
        if (!status) try(l, l->start[i], best);
    }
    const double ratio = pow(far / l->rate, 1. / (COLUMNS - 1));
    for (int i = 0; i < COLUMNS * ROWS && !status && isnan(best[1]); i++) {
        const int row = i / COLUMNS;
        const double complex start =
            sigma + 0.1 * l->rate * pow(ratio, i % COLUMNS) + I * far * pow(row, 2) / (ROWS * ROWS);
        status = resolve(l, 0.5, 2 * cabs(start) + 12 * l->rate);
        if (!status) try(l, start, best);
    }
    if (!isnan(best[1])) {
        re_im[0] = best[0];
        re_im[1] = best[1];
    }
    return status;
}

/*
 * Until no root is further to the right than the one found: those that are get found, or at least bounded. If they cannot be
 * counted, a root > 0 stays, whatever there may be beyond it; otherwise nothing is known.
 */
static npde_status certify(linear *l, double *re_im)
{
    enum { ROUNDS = 12 };
    l->work = 0;
    for (int k = 0; k < ROUNDS; k++) {
        const int unstable = re_im[0] >= 0, chain = isnan(re_im[1]);
        const double line = unstable ? re_im[0] + (chain ? 1e-3 : 1e-4) * (re_im[0] + l->rate) : 0;
        const double complex known = unstable ? re_im[0] + I * (chain ? 0 : re_im[1]) : -0.01 * l->rate;
        int roots;
        npde_status status = count(l, line, known, &roots);
        if (!status && roots < 0 && !unstable) re_im[0] = re_im[1] = NAN;
        if (status || roots <= 0) return status;
        status = search_right(l, line, re_im);
        if (status) return status;
        if (!(re_im[0] > line)) {
            re_im[0] = line;
            break;
        }
    }
    re_im[1] = NAN;
    return NPDE_OK;
}

npde_status npde__macroscopic_leading(npde__ages *s, double rate, double *re_im)
{
    re_im[0] = re_im[1] = NAN;
    if (rate == 0) return NPDE_OK;
    const double step = 1e-5 * rate;
    const double slope = (npde__macroscopic_mean(s, rate + step) - npde__macroscopic_mean(s, rate - step)) / (2 * step);
    linear l = {.ages = s, .rate = rate, .slope = slope};
    s->b = npde__kinetic_b(&s->pop, npde__macroscopic_mean(s, rate));
    npde_status status = resolve(&l, 0.5, 0);
    if (has_chain(&l)) l.chain = npde__chain_of(s, rate, slope, l.time, limit(&l));
    if (!status && has_chain(&l) && isinf(l.chain.abscissa)) {
        re_im[0] = INFINITY;
        return NPDE_OK;
    }
    if (!status) status = search(&l, re_im);
    const double least = has_chain(&l) ? l.chain.abscissa : limit(&l);
    if (!(re_im[0] > least + 1e-9 * rate)) { /* also the chain's own, to rounding */
        re_im[0] = least;
        re_im[1] = NAN;
    }
    if (!status) status = certify(&l, re_im);
    s->longest = 0.5;
    return status;
}
