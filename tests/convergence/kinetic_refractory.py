#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Steady state of the voltage-conductance equation with a refractory state, by another discretisation: numpy, scipy.

    python3 tests/convergence/kinetic_refractory.py     (the numbers of kinetic_refractory.c: steady_rates)

The linear problem G = 0.5, a = 0.05, sigma = 0.25, g_L = 1, V_L = V_R = 0, V_F = 1, V_E = 14/3, tau = 0.2 on n_v x n_g cells:
third-order upwind-biased fluxes along v, Scharfetter-Gummel along g, one sparse system for all densities and for those who
wait. Exponential: A p + E r/tau = 0, (K - 1/tau) r + O p = 0, O p what fires at each g. Fixed: what fires comes back as
exp(tau K) O p, and tau O p in mass waits. Prints rate, waiting mass and the mean potential of the others; the rate is
singular at the corner (V_F, g_F) and good to about 2e-5 on the finest grid.
"""
import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg

V_E, G_F, G_END, SIGMA, G, A, TAU = 14 / 3, 3 / 11, 2.3, 0.25, 0.5, 0.05, 0.2


def stencil(face, n, right):
    """Weights of the cell means for the value at a face: three cells, more of them upstream where there are."""
    if right:
        if face == n:
            return {n - 1: 11 / 6, n - 2: -7 / 6, n - 3: 2 / 6}
        if face == 1:
            return {0: 2 / 6, 1: 5 / 6, 2: -1 / 6}
        return {face - 2: -1 / 6, face - 1: 5 / 6, face: 2 / 6}
    if face == n - 1:
        return {n - 1: 2 / 6, n - 2: 5 / 6, n - 3: -1 / 6}
    return {face - 1: 2 / 6, face: 5 / 6, face + 1: -1 / 6}


def relaxation(faces):
    g, w = (faces[1:] + faces[:-1]) / 2, np.diff(faces)
    d, n = np.diff(g), len(w)
    z = (G - (g[1:] + g[:-1]) / 2) * d / A
    bernoulli = lambda x: np.where(abs(x) < 1e-8, 1 - x / 2, x / np.expm1(x))
    up, down = A / (SIGMA * d) * bernoulli(-z), A / (SIGMA * d) * bernoulli(z)
    k = sp.diags([np.append(-up, 0) - np.append(0, down), up, down], [0, -1, 1], (n, n))
    return sp.diags(1 / w) @ k


def steady(n_v, n_g, fixed):
    below = round(n_g * G_F / G_END)
    faces = np.concatenate([np.linspace(0, G_F, below + 1), np.linspace(G_F, G_END, n_g - below + 1)[1:]])
    g, w, dv, v = (faces[1:] + faces[:-1]) / 2, np.diff(faces), 1 / n_v, np.linspace(0, 1, n_v + 1)
    k, move, out = relaxation(faces), sp.lil_matrix((n_v * n_g, n_v * n_g)), sp.lil_matrix((n_g, n_v * n_g))
    for j in range(n_g):
        for face in range(1, n_v + 1):
            drift = -v[face] + g[j] * (V_E - v[face])
            if face == n_v and drift <= 0:
                continue
            for cell, weight in stencil(face, n_v, drift > 0).items():
                move[j * n_v + face - 1, j * n_v + cell] -= drift * weight / dv
                if face < n_v:
                    move[j * n_v + face, j * n_v + cell] += drift * weight / dv
                else:
                    out[j, j * n_v + cell] += drift * weight
    inside = move.tocsr() + sp.kron(k, sp.eye(n_v))
    out = out.tocsr()
    enter = sp.csr_matrix((np.full(n_g, 1 / dv), (np.arange(n_g) * n_v, np.arange(n_g))), shape=(n_v * n_g, n_g))
    mass = np.kron(w, np.full(n_v, dv))
    if fixed:
        matrix = inside + enter @ sp.csr_matrix(scipy.linalg.expm(TAU * k.toarray())) @ out
        row = mass + TAU * (out.T @ w)
    else:
        matrix = sp.bmat([[inside, enter / TAU], [out, k - sp.eye(n_g) / TAU]])
        row = np.concatenate([mass, w])
    matrix = matrix.tolil()
    matrix[0, :] = row  # mass 1 in place of an equation that the others imply
    right = np.zeros(len(row))
    right[0] = 1
    p = scipy.sparse.linalg.spsolve(matrix.tocsc(), right)[: n_v * n_g]
    mean = (v[1:] + v[:-1]) / 2 @ (w @ p.reshape(n_g, n_v)) * dv
    return w @ (out @ p), 1 - mass @ p, mean


if __name__ == "__main__":
    for fixed in (False, True):
        for n in (64, 128, 256):
            print("fixed" if fixed else "exponential", n, *steady(n, n, fixed), flush=True)
