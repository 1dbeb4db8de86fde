"""What a network that remembers two bits is made of: attractors, and the saddles between them.

A pulse on one of two inputs sets that bit to +1 or -1, and the output has to hold it (the flip-flop of Sussillo & Barak
2013, with two bits). Without input the trained network has a fixed point for each memory, one saddle on the way from
each to the next, and one between all of them.

Usage: fixed_points.py [folder for the picture]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

QUICK = bool(os.environ.get("NEUROAI_EXAMPLE_QUICK"))


class FlipFlop(na.Task):
    """Two bits; pulses of one step of 20 ms arrive at random, and one stands at the beginning."""

    steps, classes = 120, False

    def generate(self, batch):
        for b, draw in batch.generators():
            pulses = draw.choice([-1, 0, 1], (batch.steps, 2), p=[0.02, 0.96, 0.02])
            pulses[0] = draw.choice([-1, 1], 2)
            at = np.maximum.accumulate(np.where(pulses != 0, np.arange(batch.steps)[:, None], 0), axis=0)
            batch.input[:, b] = pulses
            batch.target[:, b] = np.take_along_axis(pulses, at, axis=0)


net = na.Network(dt=20).input("pulses", 2).population("units", 60, leak="rate", transfer="tanh", tau=60)
net.output("bits", 2).connect("pulses", "units").connect("units", "units bits").build(seed=1)
task = FlipFlop()
trainer = na.Trainer(net, task, na.MSE("bits"), na.BPTT(), na.Adam(3e-3), batch=32, clip=1, evaluate_every=0)
history = trainer.fit(20 if QUICK else 1200, progress=False)
print(f"mean squared error: {history.loss[-10:].mean():.4f}")

trials = task.trials(net, 30, seed=7)
run = net.run(trials)
found = na.fixed_points(net, run, n=300, slow=1e-9, jitter=0.05, seed=1, progress=False)
print(found)
bits = found.rates @ net.weights("units", "bits").T + net.bias("bits")
for k in range(min(9, len(found))):
    slowest = ", ".join(f"{tau:.0f}" for tau in found.time_constants[k, :2])
    print(f"bits {bits[k, 0]:+.2f} {bits[k, 1]:+.2f}: {found.unstable[k]} unstable directions, time constants {slowest} ms")
one = na.lyapunov(net, steps=2000, drop=500, start=run.rates["units"][-1, 0], progress=False)
print(f"largest Lyapunov exponent, at rest in a memory: {one.exponents[0]:.2f} 1/s")

figure = plt.figure(figsize=(13, 3.4), layout="constrained")
left, middle, right = (figure.add_subplot(1, 3, k) for k in (1, 2, 3))
na.plot.fixed_points(found, run, ax=left)
na.plot.eigenvalues(found, ax=middle)
na.plot.linearisation(na.linearise(run), ax=right)
figure.savefig(Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "fixed_points.png", dpi=100)
