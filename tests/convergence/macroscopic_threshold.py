#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Steady states of the macroscopic equation with a threshold and their stability, from the paths of neurons: numpy, scipy.

    python3 tests/convergence/macroscopic_threshold.py > tests/convergence/macroscopic_thresholds.h

Random models, g_L = 1, V_L = V_R = 0, V_F = 1, V_E = 14/3; mean conductance and linearised paths x(s) as in macroscopic.py. Whoever
fires at t was at V_R at theta = t - T + x(T) e^(lambda t)/J(V_F), so f(lambda) = 1 - w e^(-lambda T) - N lambda x(T)/J(V_F).

f is almost periodic far up. The chains' abscissa is the largest sigma at which |1 - P e^(-sigma d) z| = e^(-sigma T) |w - Q e^(-sigma
d) z| for some phase z of e^(-i omega d) (1 without delay) and, with a fixed wait, some phase of e^(-i omega tau), found on a net of
phases and of sigma, and checked: zeros of f come as near to it between 1000 and 3000 turns, and none surpasses it. Without
delay and P >= 1 it is infinite. The zeros further to the right are counted on rectangles up to 300 turns, and the leading one is found
by Newton's method from a net and checked by a count to the right of it; NAN if there is none.
"""
import multiprocessing

import numpy as np
from scipy.optimize import brentq

from macroscopic import V_E, along, mean

RATE_MAX, NONE, EXPONENTIAL, FIXED = 20.0, 0, 1, 2


class Model:
    def __init__(self, rng, index):
        self.input, self.strength = rng.uniform(0.05, 0.65), rng.uniform(-0.4, 0.4) * rng.choice([0.2, 1])
        self.noise, self.noisy = rng.choice([0, 1]) * rng.uniform(0, 0.1), rng.choice([0, 1]) * rng.uniform(0, 0.03)
        self.delay = (index // 3 % 2) * rng.uniform(0, 1.5)
        self.refractory = index % 3
        self.tau = rng.uniform(0.05, 0.9) if self.refractory else 0.0
        for name in ("input", "strength", "noise", "noisy", "delay", "tau"):
            setattr(self, name, round(float(getattr(self, name)), 4))

    def g(self, rate):
        return mean(self.input + self.strength * rate, self.noise + self.noisy * rate)

    def excess(self, rate):
        g = self.g(rate)
        self.b, self.star = 1 + g, V_E * g / (1 + g)
        if self.star <= 1:
            return -rate
        self.time = -np.log1p(-1 / self.star) / self.b
        return 1 / (self.time + self.tau) - rate

    def rates(self):
        at = np.concatenate([[0], np.geomspace(1e-9, RATE_MAX, 20000)])
        f = [self.excess(r) for r in at]
        found = [0.0] if f[0] == 0 else []
        return found + [brentq(self.excess, at[i - 1], at[i], xtol=1e-15, rtol=1e-14)
                        for i in range(1, len(at)) if f[i - 1] * f[i] < 0]

    def linearise(self, rate):
        h = 1e-4 * rate
        self.slope = (8 * (self.g(rate + h) - self.g(rate - h)) - (self.g(rate + 2 * h) - self.g(rate - 2 * h))) / (12 * h)
        self.excess(rate)
        self.rate = rate
        out = self.b * (self.star - 1)
        self.p, self.q = self.slope * rate * (V_E - 1) / out, self.slope * rate * V_E / (self.b * self.star)

    def f(self, lam):
        lam = np.asarray(lam, complex)
        b, star, t = self.b, self.star, self.time
        x = self.slope * np.exp(-lam * self.delay) * ((V_E - star) * (1 - np.exp(-(lam + b) * t)) / (lam + b)
                                                      + star * np.exp(-b * t) * (1 - np.exp(-lam * t)) / lam)
        wait = [1, 1 / (1 + lam * self.tau), np.exp(-lam * self.tau)][self.refractory]
        return 1 - wait * np.exp(-lam * t) - self.rate * lam * x / (b * (star - 1))

    def abscissa(self):
        if self.delay == 0 and self.p >= 1:
            return np.inf
        if self.star - 1 < 1e-12:  # v* is V_F to rounding
            return np.nan

        def gap(sigma, z, y):
            late = np.exp(-sigma * self.delay) * z
            w = [1, 0, np.exp(-sigma * self.tau) * y][self.refractory]
            return abs(1 - self.p * late) - np.exp(-sigma * self.time) * abs(w - self.q * late)

        half = np.exp(1j * np.linspace(0, np.pi, 1001 if self.refractory != FIXED else 101))
        full = np.exp(1j * np.linspace(0, 2 * np.pi, 201)) if self.refractory == FIXED else np.ones(1)
        z, y = np.meshgrid(half if self.delay else np.ones(1), full)
        z, y = z.ravel(), y.ravel()
        scale = 12 / self.time + (abs(np.log(abs(self.p) + 1e-300)) / self.delay if self.delay else 0)
        best = np.log(abs(self.p)) / self.delay if self.delay and abs(self.p) > 1 else -np.inf  # 1 - P e^(-sigma d) z = 0
        sigma = np.linspace(scale, -12 / self.time, 3001)
        if np.isfinite(best):
            sigma = np.sort(np.concatenate([sigma, best + np.geomspace(1e-14, 1, 600) * scale]))[::-1]
        for k in range(1, len(sigma)):
            low = np.flatnonzero(gap(sigma[k], z, y) <= 0)
            if len(low):
                return max(best, *(brentq(lambda s: gap(s, z[i], y[i]), sigma[k], sigma[k - 1], xtol=1e-14) for i in low))
        return best

    def newton(self, z, left):
        for _ in range(40):
            f, d = self.f(z), 1e-6 * (1 + abs(z))
            move = 2 * d * f / (self.f(z + d) - self.f(z - d))
            size = np.minimum(1, 0.3 / (self.time * abs(move) + 1e-300))
            z = z - move * size
            keep = np.isfinite(z) & (z.real > left)
            z, move = z[keep], move[keep]
            if not len(z) or np.max(abs(move)) < 1e-12:
                break
        return z[(abs(self.f(z)) < 1e-8) & (abs(z) > 1e-4 * self.rate)] if len(z) else z

    def count(self, sigma, turns=300):
        """Zeros in [sigma, right] x [-top, top]."""
        top, right = turns * 2 * np.pi / self.time, sigma + 40 / self.time + (40 / self.delay if self.delay else 0)
        n = int(turns * 40 * (1 + (self.delay + self.tau) / self.time))
        up = sigma + 1j * np.concatenate([np.linspace(0, 1, 400)[:-1] * top / n, np.linspace(top / n, top, n)])
        path = np.concatenate([up, np.linspace(sigma, right, 4000)[1:] + 1j * top, (right + 1j * np.linspace(top, 0, n))[1:]])
        whole = lambda z: self.f(z) * (1 + z * self.tau) if self.refractory == EXPONENTIAL else self.f(z)  # without its pole
        value = along(whole, path, 40)
        count = -np.sum(np.angle(value[1:] / value[:-1])) / np.pi
        assert abs(count - round(count)) < 0.02, count
        return round(count)

    def leading(self):
        chain = self.abscissa()
        if not np.isfinite(chain) and chain != -np.inf:
            return chain, np.nan, np.nan
        turn, low = 2 * np.pi / self.time, max(chain, -12 * self.rate)
        if chain > -8 / self.time:
            high = self.newton(chain - 0.01 / self.time + 1j * turn * np.linspace(1000, 3000, 40000), chain - 3 / self.time)
            assert abs(np.max(high.real) - chain) < 0.05 / self.time, (chain, np.max(high.real))
        re, im = np.meshgrid(low + np.geomspace(1e-3, 60, 16) / self.time, np.linspace(0, 40 * turn, 1200))
        z = self.newton((re + 1j * im).ravel(), low - 1 / self.time)
        z = z[z.real > low + 1e-6 * self.rate]
        if not len(z):
            count = self.count(low + 2e-3 * self.rate)
            assert count == (1 if low < -2e-3 * self.rate else 0), (count, low)  # the mass
            return low, np.nan, np.nan
        best = z[np.argmax(z.real)]
        gap = 1e-4 * self.rate
        count = self.count(best.real + gap)
        assert count == (1 if best.real + gap < 0 else 0), (count, best, low)
        return low, best.real, 0.0 if abs(best.imag) < 1e-7 else abs(best.imag)


def row(m):
    number = lambda x: "NAN" if np.isnan(x) else "INFINITY" if np.isinf(x) else f"{x:.13g}"
    states = []
    for rate in m.rates():
        if rate == 0:
            states.append((0.0, np.nan, np.nan, np.nan))
            continue
        m.linearise(rate)
        states.append((rate, *m.leading()))
    each = "".join("        {%s},\n" % ", ".join(number(x) for x in s) for s in states or [(0, 0, 0, 0)])
    return (f"    {{{m.refractory}, {m.input}, {m.strength}, {m.noise}, {m.noisy}, {m.delay}, {m.tau},"
            f" {len(states)}, {{\n{each}    }}}},")


if __name__ == "__main__":
    rng = np.random.default_rng(99)
    np.seterr(all="ignore")
    models = [Model(rng, i) for i in range(84)]
    print("/* SPDX-License-Identifier: BSD-3-Clause\n * By macroscopic_threshold.py. */")
    with multiprocessing.Pool(2) as pool:
        for line in pool.imap(row, models):
            print(line, flush=True)
