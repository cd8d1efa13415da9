#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Steady states of the macroscopic equation and their stability, from the paths of neurons: numpy, scipy.

    python3 tests/convergence/macroscopic.py > tests/convergence/macroscopic_states.h

Random models, g_L = 1, V_L = V_R = 0, V_F = 1, V_E = 14/3, half of them with a step, half with a ramp beyond V_F. Rates by
brentq on N (T + tau) = 1 over 20000 intervals, T = int dv/J exp(-int phi/J) for the ramp by quad over v.

The neuron that was at V_R a time s ago is at v(s) + x(s) e^(lambda t) when N is perturbed by N_1 e^(lambda t); x' = -(B +
lambda) x + (V_E - v) g_1, g_1 = e^(-lambda d) g'(N) N_1, and the exponent Phi of its survival S = e^(-Phi) by y, y' = phi'(v) x -
lambda y. What fires per time is N_1 W int phi S e^(-lambda s) ds + N int S (phi' x - phi y) ds, W = 1/(1 + lambda tau) or
e^(-lambda tau), and the last integral is lambda int S y ds by parts; f = 1 - that for N_1 = 1 is zero at eigenvalues, and at
0, which is the mass. x and y are sums of exponentials in closed form; the integrals as well for the step, by Gauss's rule
on equal panels for the ramp.

The number of eigenvalues to the right of a line is the winding of f (1 + c/lambda) along it; the leading one is found by
Newton's method from a net and checked by winding numbers on both sides of it, NAN if it does not pass. Where neurons take
very long to fire only the largest real root is looked for (1 is then "one or more"); -1: not known, also where v* is V_F to
rounding.
"""
import multiprocessing

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr

V_E, RATE_MAX = 14 / 3, 20.0
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(20)


def mean(g, a):
    if a <= 0:
        return max(g, 0.0)
    z = g / np.sqrt(a)
    return g + np.sqrt(a) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi) / ndtr(z)


def along(f, path, rounds):
    """f along a path, its intervals halved until the phase turns little in each."""
    value = f(path)
    for _ in range(rounds):
        bad = np.flatnonzero(abs(np.angle(value[1:] / value[:-1])) > 0.35)
        if not len(bad):
            return value
        more = (path[bad] + path[bad + 1]) / 2
        path, value = np.insert(path, bad + 1, more), np.insert(value, bad + 1, f(more))
    raise ArithmeticError("a root on the path")


class Model:
    def __init__(self, rng, ramp):
        self.ramp = ramp
        self.input, self.strength = rng.uniform(0.05, 0.65), rng.uniform(0, 0.6)
        self.noise, self.noisy = rng.choice([0, 1]) * rng.uniform(0, 0.1), rng.choice([0, 1]) * rng.uniform(0, 0.05)
        self.delay = rng.choice([0, 1]) * rng.uniform(0, 1)
        self.kappa, self.refractory = rng.uniform(2, 22), int(rng.integers(3))
        self.tau = rng.uniform(0.05, 0.45) if self.refractory else 0.0
        for name in ("input", "strength", "noise", "noisy", "delay", "kappa", "tau"):
            setattr(self, name, round(float(getattr(self, name)), 4))

    def ages(self, rate):
        g = mean(self.input + self.strength * rate, self.noise + self.noisy * rate)
        self.b, self.star = 1 + g, V_E * g / (1 + g)
        if self.star <= 1:
            return False
        self.first, self.way = -np.log1p(-1 / self.star) / self.b, self.star - 1
        return True

    def excess(self, rate):
        if not self.ages(rate):
            return -rate
        t = self.first
        if not self.ramp:
            t += 1 / self.kappa
        else:  # w = v* - v: int_1 phi/J dv = k/b (way log(way/w) - way + w)
            k, b, way = self.kappa / self.b, self.b, self.way
            end = 60.0
            s = lambda u: np.exp(-self.kappa * way * (u + np.expm1(-b * u) / b))
            scale = min(1 / np.sqrt(self.kappa * way * b), 1.0)
            cuts = [0, scale / 2, scale, 2 * scale, 4 * scale, 8 * scale, 16 * scale, max(end / (self.kappa * way), 20 * scale)]
            t += sum(quad(s, p, q, epsabs=1e-14, epsrel=1e-12)[0] for p, q in zip(cuts, cuts[1:]))
        return 1 / (t + self.tau) - rate

    def rates(self):
        at = RATE_MAX * np.linspace(0, 1, 1501 if self.ramp else 6001) ** 3
        f = [self.excess(r) for r in at]
        found = [0.0] if f[0] == 0 else []
        for i in range(1, len(at)):
            if f[i - 1] * f[i] < 0:
                found.append(brentq(self.excess, at[i - 1], at[i], xtol=1e-14, rtol=1e-14))
        return found

    def linearise(self, rate):
        h = 1e-4 * rate
        g = lambda r: mean(self.input + self.strength * r, self.noise + self.noisy * r)
        self.slope = (8 * (g(rate + h) - g(rate - h)) - (g(rate + 2 * h) - g(rate - 2 * h))) / (12 * h)
        if not self.ages(rate):
            self.way = 0.0  # v* is V_F to rounding
        self.rate = rate

    def end(self, phi):
        """The age since V_F at which Phi is phi."""
        return brentq(lambda u: self.kappa * self.way * (u + np.expm1(-self.b * u) / self.b) - phi, 1e-9, 1e9)

    def f(self, lam):
        lam = np.atleast_1d(np.asarray(lam, complex))
        b, star, first, way, kappa = self.b, self.star, self.first, self.way, self.kappa
        g1 = self.slope * np.exp(-lam * self.delay)
        x = lambda s: g1 * ((V_E - star) * (1 - np.exp(-(lam + b) * s)) / (lam + b)
                            + star * np.exp(-b * s) * (1 - np.exp(-lam * s)) / lam)
        wait = [1, 1 / (1 + lam * self.tau), np.exp(-lam * self.tau)][self.refractory]
        if not self.ramp:
            psi = np.exp(-lam * first) * kappa / (kappa + lam)
            moved = kappa * x(first) / (b * way) * lam / (kappa + lam)
        else:
            psi, moved = np.zeros_like(lam), np.zeros_like(lam)
            end = self.end(36 / (1 + min(0, np.min(lam.real)) / (kappa * way)))
            for part in np.array_split(np.argsort(abs(lam)), len(lam) // 100 + 1):
                panels = int(20 + end * (3 * b + np.max(abs(lam[part])) / 5))
                u = (np.arange(panels)[:, None] + (POINTS + 1) / 2).ravel() * end / panels
                weight = np.tile(WEIGHTS, panels) * end / (2 * panels) * np.exp(-kappa * way * (u + np.expm1(-b * u) / b))
                z, g = lam[part][:, None], g1[part][:, None]
                wave, fall = np.exp(-z * u), np.exp(-b * u)
                even, rest = (V_E - star) * g / (z + b), star * g / z
                y = kappa * (even * (1 - wave) / z - (even + rest) * np.exp(-(z + b) * first) * wave * (1 - fall) / b
                             + rest * np.exp(-b * first) * (fall - wave) / (z - b))
                psi[part] = np.exp(-lam[part] * first) * (wave @ (weight * kappa * way * (1 - np.exp(-b * u))))
                moved[part] = lam[part] * (y @ weight)
        return 1 - wait * psi - self.rate * moved

    def winding(self, sigma):
        """Zeros with Re > sigma (> -kappa, and not 0): from omega = 0 up, the intervals halved until the phase turns little."""
        c = 0.5 * self.rate
        whole = lambda om: self.f(sigma + 1j * om) * (1 + c / (sigma + 1j * om)) if sigma >= 0 else self.f(sigma + 1j * om)
        far = 25.0
        if self.ramp and far * self.end(36) > 2000:
            return None, far
        while np.max(abs(self.f(sigma + 1j * far * np.linspace(1, 3, 60)) - 1)) > 0.3:
            far *= 1.5
            if self.ramp and far * self.end(36) > 2000:
                return None, far
        om = np.concatenate([[1e-5], np.linspace(0, far, int(far * 4 * (self.delay + self.first + self.tau + 0.5)) + 100)[1:]])
        value = along(whole, om, 30)
        start = 0 if value[0].real > 0 else np.pi
        total = np.sum(np.angle(value[1:] / value[:-1])) + np.angle(value[0] / np.cos(start)) - np.angle(value[-1])
        count = -total / np.pi
        if sigma < 0:
            count -= 1  # the mass
        assert abs(count - round(count)) < 0.02, count
        return round(count), far

    def largest_real(self):
        at = np.geomspace(1e5 if not self.ramp else 300, 1e-2 * self.rate, 80)
        value = [self.f(z)[0].real for z in at]
        for i in range(1, len(at)):
            if value[i] < 0:
                return brentq(lambda z: self.f(z)[0].real, at[i], at[i - 1], xtol=1e-13, rtol=1e-13)
        return np.nan

    def leading(self):
        if self.way < 1e-12:  # v* is V_F to rounding
            return -1, np.nan, np.nan
        unstable, far = self.winding(0.0)
        if unstable is None:  # too slow at the other end of the line: all that is known is the real axis
            root = self.largest_real()
            return (1, root, 0.0) if root > 0 else (-1, np.nan, np.nan)
        low = max(-0.6 * (self.kappa * (1 if not self.ramp else self.way)), -3.0 * self.rate)
        re, im = np.meshgrid(np.concatenate([np.linspace(low, 3 * self.rate, 8), np.geomspace(4 * self.rate, 1e3, 4)]),
                             np.linspace(0, min(far, 100.0), 80))
        z = (re + 1j * im).ravel()
        for _ in range(30):
            f, d = self.f(z), 1e-5 * (1 + abs(z))
            slope = (self.f(z + d) - f) / d
            move = f / slope
            big = abs(move) > 0.5 * abs(z) + 0.5
            move[big] *= (0.5 * abs(z[big]) + 0.5) / abs(move[big])
            z = z - move
            keep = np.isfinite(z) & (z.real > low) & (abs(z) < (200 if self.ramp else 1e6))
            z, move = z[keep], move[keep]
            if not len(z):
                break
            # one of each
            _, index = np.unique(np.round(z, 7), return_index=True)
            done = np.max(abs(move[index]) / (1 + abs(z[index]))) < 1e-10
            z = z[index]
            if done:
                break
        z = z[(abs(z) > 1e-3 * self.rate) & (abs(self.f(z)) < 1e-6)] if len(z) else z
        if not len(z):
            return unstable, np.nan, np.nan
        best = z[np.argmax(z.real)]
        best = best.real + 1j * abs(best.imag)
        for _ in range(6):
            d = 1e-5 * (1 + abs(best))
            near = self.f([best, best - d, best + d])
            best -= near[0] * 2 * d / (near[2] - near[1])
        gap = 1e-5 * (1 + abs(best.real))
        right, left = self.winding(best.real + gap)[0], self.winding(best.real - gap)[0]
        if right != 0 or left != (1 if abs(best.imag) < 1e-6 else 2):
            return unstable, np.nan, np.nan
        return unstable, best.real, 0.0 if abs(best.imag) < 1e-6 else best.imag


def row(m):
    number = lambda x: "NAN" if np.isnan(x) else f"{x:.13g}"
    states = []
    for rate in m.rates():
        if rate == 0:
            states.append((0.0, 0, np.nan, np.nan))
            continue
        m.linearise(rate)
        states.append((rate, *m.leading()))
    each = "".join("        {%s, %d, %s, %s},\n" % (number(r), u, number(a), number(b)) for r, u, a, b in states)
    return (f"    {{{m.ramp}, {m.refractory}, {m.input}, {m.strength}, {m.noise}, {m.noisy}, {m.delay}, {m.kappa}, {m.tau},"
            f" {len(states)}, {{\n{each}    }}}},")


if __name__ == "__main__":
    rng = np.random.default_rng(20)
    np.seterr(all="ignore")
    models = [Model(rng, i % 2) for i in range(48)]
    print("/* SPDX-License-Identifier: BSD-3-Clause\n * By macroscopic.py. */")
    with multiprocessing.Pool(2) as pool:
        for line in pool.imap(row, models):
            print(line, flush=True)
