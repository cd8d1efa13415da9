#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Linear response of the leaky neuron by its closed form, in 40 digits and more; needs mpmath.

    python3 tests/analysis/reference.py > tests/analysis/reference.h

    R_drive = N/(sqrt(a) (1 + s)) (E(s+1, w_F) - E(s+1, w_R))/(E(s, w_F) - E(s, w_R)),    s = i omega,
    R_noise = N/(a (2 + s)) (E(s+2, w_F) - E(s+2, w_R))/(E(s, w_F) - E(s, w_R)),
    E(s, w) = int_0^inf t^(s-1) exp(-t^2/2 + t w) dt = Gamma(s) exp(w^2/4) D_{-s}(-w),    w = (V - drive)/sqrt(a)

(Brunel & Hakim, Neural Comput. 11, 1999, 1621; Lindner & Schimansky-Geier, PRL 86, 2001, 2934).
"""
import mpmath as mp

SETS = [(1, 2, 0, 1), (0, 1, 0, mp.mpf("0.2")), (0, 1, mp.mpf("1.5"), mp.mpf("0.02")), (-1, 0, 0, 1)]


def e(s, w):
    return mp.gamma(s) * mp.exp(w * w / 4) * mp.pcfd(-s, -w)


def response(reset, threshold, drive, a, omega):
    f, r = (threshold - drive) / mp.sqrt(a), (reset - drive) / mp.sqrt(a)
    time = mp.quad(lambda t: mp.exp(-t * t / 2) * (mp.exp(t * f) - mp.exp(t * r)) / t, [0, 1, 2, 4, 8, 16, 32])
    s, rate = mp.mpc(0, omega), 1 / time
    below = e(s, f) - e(s, r)
    return (rate / (mp.sqrt(a) * (1 + s)) * (e(s + 1, f) - e(s + 1, r)) / below,
            rate / (a * (2 + s)) * (e(s + 2, f) - e(s + 2, r)) / below)


print("/* SPDX-License-Identifier: BSD-3-Clause\n * Written by tests/analysis/reference.py. */")
print("static const struct {\n    int set;\n    double omega, drive[2], noise[2];\n} response_table[] = {")
for i, case in enumerate(SETS):
    for k in range(-8, 13):
        omega = mp.mpf(float(mp.mpf(10) ** (mp.mpf(k) / 4)))
        mp.mp.dps = 50 + int(3 * omega ** 0.5)
        x = [mp.nstr(part, 18) for r in response(*case, omega) for part in (r.real, r.imag)]
        print(f"    {{{i}, {float(omega)!r}, {{{x[0]}, {x[1]}}}, {{{x[2]}, {x[3]}}}}},")
print("};")
