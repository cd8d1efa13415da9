#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Noisy leaky integrate-and-fire neurons with Brian2: CPU seconds per neuron and step, rate after a settling time.

    bench/brian_lif.py NEURONS STEP SETTLE END

V_R = 1, V_F = 2, a = 1, no coupling, all from a Gaussian of variance 0.5 below the threshold. Exit status 3 without Brian2.
"""
import sys
import time

try:
    import brian2 as b2
except ImportError:
    sys.exit(3)

n, step, settle, end = int(float(sys.argv[1])), *map(float, sys.argv[2:5])
b2.seed(1)
b2.defaultclock.dt = step * b2.second
neurons = b2.NeuronGroup(
    n, "dv/dt = -v/tau + sqrt(2/tau)*xi : 1", threshold="v >= 2", reset="v = 1", method="euler",
    namespace={"tau": 1 * b2.second})
neurons.v = "clip(0.7*randn(), -10, 1.9)"
spikes = b2.SpikeMonitor(neurons, record=False)
network = b2.Network(neurons, spikes)
network.run(settle * b2.second)
before = spikes.num_spikes
begin = time.process_time()
network.run((end - settle) * b2.second)
seconds = time.process_time() - begin
fired = spikes.num_spikes - before
print(seconds / (n * round((end - settle) / step)), fired / (n * (end - settle)), fired)
