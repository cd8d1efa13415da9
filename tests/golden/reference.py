#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reference transients for the tests, made without the library and by another method.

    python3 tests/golden/reference.py > tests/golden/golden.h        (needs numpy and scipy; some minutes)

Chebyshev collocation of the strong form on four intervals. At the interior nodes

    n' = -d/dv[(mu - v) n] + a n_vv,   mu = I(t) + b N,   a = a0 + a1 N,

and the values at the interval ends follow from them linearly: n = 0 at both ends of the domain, n and n' continuous, but for
n'(V_R-) - n'(V_R+) = -n'(V_F): what leaves at V_F enters at V_R. N = -a n'(V_F). In time Radau IIA of order 5 with tolerances
near rounding. Each number is computed at two resolutions and two tolerances; printed is the finer, and how far they are apart.
"""
import numpy as np
from scipy.integrate import solve_ivp

V_R, V_F = 1.0, 2.0
TIMES = np.arange(1, 51) / 10
PROBLEMS = {
    # name: b, a0, a1, drive(t), mean and variance of the Gaussian at t = 0
    "p1": (0.0, 1.0, 0.0, lambda t: 0.5, -1.5, 0.2),
    "p2": (0.5, 1.0, 0.1, lambda t: 0.0, -1.5, 0.2),
    "p3": (-1.0, 1.0, 0.1, lambda t: 1 + np.sin(2 * np.pi * t), -1.5, 0.2),
    "lin": (0.0, 1.0, 0.0, lambda t: 0.0, -1.0, 0.25),
    "sin": (0.0, 1.0, 0.0, lambda t: 1 + 0.5 * np.sin(2 * np.pi * t), -1.0, 0.25),
    "exc": (0.5, 1.0, 0.0, lambda t: 0.0, -1.0, 0.25),
    "inh": (-1.0, 1.0, 0.0, lambda t: 0.0, -1.0, 0.25),
}
# N(5) as two other codes have it (spectral elements with Radau IIA at two resolutions): a check of this one.
KNOWN = {"lin": 0.119543167540, "sin": 0.407805836972, "exc": 0.133966413308, "inh": 0.100041899837}


def chebyshev(n, left, right):
    """Nodes, derivative matrix and Clenshaw-Curtis weights on [left, right] (Trefethen, Spectral Methods in MATLAB)."""
    theta = np.pi * np.arange(n + 1) / n
    x = -np.cos(theta)
    c = np.r_[2, np.ones(n - 1), 2] * (-1.0) ** np.arange(n + 1)
    dx = x[:, None] - x[None, :]
    d = np.outer(c, 1 / c) / (dx + np.eye(n + 1))
    d -= np.diag(d.sum(axis=1))
    k = np.arange(0, n + 1, 2)
    w = np.array([(2 / n) * sum((0.5 if j in (0, n) else 1) * 2 / (1 - j * j) * np.cos(j * t) for j in k) for t in theta])
    w[[0, -1]] /= 2
    half = (right - left) / 2
    return left + half * (x + 1), d / half, w * half


class Problem:
    def __init__(self, b, a0, a1, drive, mean, variance, degrees):
        self.b, self.a0, self.a1, self.drive = b, a0, a1, drive
        breaks = [-10.5, -4.0, V_R, 1.9, V_F]
        parts = [chebyshev(n, breaks[i], breaks[i + 1]) for i, n in enumerate(degrees)]
        total = sum(n + 1 for n in degrees)
        first = np.cumsum([0] + [n + 1 for n in degrees])[:-1]
        self.v = np.concatenate([p[0] for p in parts])
        D = np.zeros((total, total))
        for f, p in zip(first, parts):
            D[f:f + len(p[0]), f:f + len(p[0])] = p[1]
        w = np.concatenate([p[2] for p in parts])
        ends = sorted([*first, *(f + n for f, n in zip(first, degrees))])
        inner = np.setdiff1d(np.arange(total), ends)
        # One row a condition on all values: solve for the values at the ends.
        rows = []
        unit = np.eye(total)
        rows += [unit[0], unit[-1]]
        for i in range(1, len(degrees)):
            left, right = first[i] - 1, first[i]
            rows.append(unit[left] - unit[right])
            rows.append(D[left] - D[right] + (D[-1] if breaks[i] == V_R else 0))
        B = np.array(rows)
        lift = np.zeros((total, len(inner)))
        lift[inner] = np.eye(len(inner))
        lift[ends] = -np.linalg.solve(B[:, ends], B[:, inner])
        self.first_derivative = (D @ lift)[inner]
        self.second_derivative = (D @ D @ lift)[inner]
        self.leak = (D @ (self.v[:, None] * lift))[inner]
        self.slope = -(D[-1] @ lift)  # -n'(V_F)
        n0 = np.exp(-(self.v[inner] - mean) ** 2 / (2 * variance))
        self.n0 = n0 / (w @ (lift @ n0))

    def rate(self, n):
        s = self.slope @ n
        return self.a0 * s / (1 - self.a1 * s)

    def right_side(self, t, n):
        rate = self.rate(n)
        mu, a = self.drive(t) + self.b * rate, self.a0 + self.a1 * rate
        return self.leak @ n - mu * (self.first_derivative @ n) + a * (self.second_derivative @ n)

    def jacobian(self, t, n):
        s = self.slope @ n
        rate = self.rate(n)
        mu, a = self.drive(t) + self.b * rate, self.a0 + self.a1 * rate
        by_rate = -self.b * (self.first_derivative @ n) + self.a1 * (self.second_derivative @ n)
        gradient = self.a0 * self.slope / (1 - self.a1 * s) ** 2
        return self.leak - mu * self.first_derivative + a * self.second_derivative + np.outer(by_rate, gradient)

    def run(self, tolerance):
        n, t, rates = self.n0, 0.0, []
        for target in TIMES:
            out = solve_ivp(self.right_side, (t, target), n, "Radau", jac=self.jacobian, rtol=tolerance,
                            atol=tolerance * 1e-2, first_step=1e-7 if t == 0 else None)
            n, t = out.y[:, -1], target
            rates.append(self.rate(n))
        return np.array(rates)


def main():
    print("/* SPDX-License-Identifier: BSD-3-Clause")
    print(" * Reference rates N(t) at t = 0.1, 0.2, ... 5, written by tests/golden/reference.py: Chebyshev collocation with")
    print(" * Radau IIA. In each comment: how far two resolutions and two tolerances are apart, and where known how far N(5) is")
    print(" * from what another code has. */")
    print("#ifndef NPDE_TESTS_GOLDEN_H\n#define NPDE_TESTS_GOLDEN_H\n")
    for name, (b, a0, a1, drive, mean, variance) in PROBLEMS.items():
        coarse = Problem(b, a0, a1, drive, mean, variance, (44, 44, 24, 20)).run(3e-12)
        fine = Problem(b, a0, a1, drive, mean, variance, (56, 56, 30, 24)).run(3e-13)
        note = f"apart by {abs(coarse - fine).max():.1e}"
        if name in KNOWN:
            note += f"; N(5) from elsewhere: {abs(fine[-1] - KNOWN[name]):.1e}"
        print(f"/* {name}: {note} */")
        print(f"static const double golden_{name}[50] = {{")
        for i in range(0, 50, 5):
            print("    " + ", ".join(f"{x:.13e}" for x in fine[i:i + 5]) + ("," if i < 45 else ""))
        print("};\n")
    print("#endif")


main()
