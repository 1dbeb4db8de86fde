"""Memory and time of an update on long trials, kept whole and recomputed in spans.

Usage: long_trials.py [folder for the picture]
"""

import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

UNITS = 256
STEPS = [100, 300, 1000, 3000, 10_000, 30_000, 100_000]
MODES = {"kept whole": 0, "recomputed in spans": -1}  # recompute=


def update(steps, recompute):
    """Bytes of the activity of one trial, and seconds of an update with it."""
    net = na.Network(dt=1).input("u", 2).population("E", UNITS, tau=20, noise=0.05).output("z", 1)
    net.connect("u", "E").connect("E", "E z").build(seed=1)
    draw = np.random.default_rng(1)
    trials = na.Trials(draw.standard_normal((steps, 1, 2)), draw.standard_normal((steps, 1, 1)))
    trainer = na.Trainer(net, cost=na.MSE("z") + 1e-4 * na.L2Rates("E"), recompute=recompute)
    before, times = trainer.memory, []
    for _ in range(2 + 3000 // steps):  # the first one takes the memory
        start = time.perf_counter()
        trainer.step(trials)
        times.append(time.perf_counter() - start)
    return trainer.memory - before, min(times[1:])


def main(folder="."):
    found = {name: np.array([update(steps, recompute) for steps in STEPS]) for name, recompute in MODES.items()}
    figure, (memory, longer) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, values in found.items():
        memory.loglog(STEPS, values[:, 0] / 1e6, "o-", label=name)
        longer.loglog(STEPS, values[:, 1], "o-", label=name)
    root = found["recomputed in spans"][0, 0] * np.sqrt(np.array(STEPS) / STEPS[0]) / 1e6
    memory.loglog(STEPS, root, ":", color="grey", label="the root of the steps")
    memory.set(xlabel="steps of the trial", ylabel="memory of its activity (MB)")
    longer.set(xlabel="steps of the trial", ylabel="an update (s)")
    memory.legend(frameon=False)
    longer.legend(frameon=False)
    path = Path(folder) / "long_trials.png"
    figure.savefig(path, dpi=100)
    whole, spans = found.values()
    print(f"{path}: {STEPS[-1]} steps in {spans[-1, 0] / 1e6:.1f} MB, not {whole[-1, 0] / 1e6:.0f} MB,", end=" ")
    print(f"in {spans[-1, 1] / whole[-1, 1]:.2f} times the time")


if __name__ == "__main__":
    main(*sys.argv[1:])
