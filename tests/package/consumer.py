#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A binding in thirty lines: enums by introspection, a coupling callback, a run. Usage: consumer.py libneuropde.so.0"""
import ctypes
import sys

lib = ctypes.CDLL(sys.argv[1])
lib.npde_id_name.restype = lib.npde_context_error.restype = ctypes.c_char_p
size, i32, f64, handle = ctypes.c_size_t, ctypes.c_int32, ctypes.c_double, ctypes.c_void_p
f64p = ctypes.POINTER(f64)
coupling_fn = ctypes.CFUNCTYPE(i32, f64, size, f64p, f64p, f64p, handle)


def family(number):
    n, out = size(), i32()
    assert lib.npde_id_count(i32(number), ctypes.byref(n)) == 0
    ids = {}
    for i in range(n.value):
        assert lib.npde_id_at(i32(number), size(i), ctypes.byref(out)) == 0
        ids[lib.npde_id_name(out).decode()] = out.value
    return ids


kinds, methods, params, options = family(1), family(3), family(4), family(6)
assert {"lif", "lif_network"} <= kinds.keys() and "tr_bdf2" in methods

context, model, solver = handle(), handle(), handle()


def check(status):
    assert status >= 0, lib.npde_context_error(context).decode()


calls = []


@coupling_fn
def half_the_rate(t, n, rate, drive, diffusion, user):
    calls.append(t)
    drive[0] += 0.5 * rate[0]
    return 0


check(lib.npde_context_new(ctypes.byref(context)))
check(lib.npde_model_new(context, i32(kinds["lif_network"]), size(1), ctypes.byref(model)))
check(lib.npde_model_set_coupling(model, half_the_rate, None, None))
check(lib.npde_solver_new(model, None, i32(methods["tr_bdf2"]), ctypes.byref(solver)))
check(lib.npde_solver_set(solver, i32(options["rtol"]), f64(1e-7)))
check(lib.npde_solver_set_gaussian(solver, size(0), f64(0), f64(0.04)))
check(lib.npde_solver_start(solver, f64(0)))
times, rates = (f64 * 3)(1, 10, 60), (f64 * 3)()
check(lib.npde_solver_sample(solver, times, size(3), rates))
assert abs(rates[2] - 0.134775079935250081) < 1e-9, rates[2]
assert calls, "the callback was never called"
assert lib.npde_model_set(model, size(0), i32(params["diffusion"]), f64(-1)) == -2
assert b"diffusion = -1" in lib.npde_context_error(context)
for free, thing in ((lib.npde_context_free, context), (lib.npde_model_free, model), (lib.npde_solver_free, solver)):
    free(thing)
print("N(60) =", rates[2])
