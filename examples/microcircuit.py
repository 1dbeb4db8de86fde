"""A dendritic microcircuit learns to predict itself, then an association (Sacramento, Costa, Bengio & Senn 2018).

First interneurons learn, without a teacher, to take off what the output layer sends to apical dendrites. Then a teacher
pulls the output to a target, which apical dendrites feel at once, and all learn until it has nothing left to pull.

Usage: microcircuit.py [folder for the picture] [seed] [free or dale: Dale's law] [number of associations]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

SIZES = 30, 20, 10
STEPS = 1000  # of 0.1 ms, for each pattern
QUICK = bool(os.environ.get("NEUROAI_EXAMPLE_QUICK"))

#: Learning rates, 1/ms: bottom-up, to interneurons, from them to apical dendrites.
ALONE = {("x", "P1:basal"): 0, ("P1", "P2:basal"): 0, ("P1", "I1:basal"): 2.375e-4, ("I1", "P1:lateral"): 5e-4}
TAUGHT = {("x", "P1:basal"): 1.1875e-3, ("P1", "P2:basal"): 5e-4, ("P1", "I1:basal"): 1.1875e-3, ("I1", "P1:lateral"): 5e-4}


def patterns(x, target=None):
    """Each pattern for 100 ms; with a target, the teacher is on."""
    row = np.zeros((len(x), SIZES[0] + 2 * SIZES[-1]), np.float32)  # x, target, teach
    row[:, : SIZES[0]] = x
    if target is not None:
        row[:, SIZES[0] : -SIZES[-1]], row[:, -SIZES[-1] :] = target, 1
    return na.Trials(np.broadcast_to(row, (STEPS, *row.shape)))


def learn(net, trials, rates, updates, x, target=None):
    """Measures of the circuit while it learns."""
    updates = 20 if QUICK else updates
    trainer = na.Trainer(net, trials, rule=na.DendriticError(tau=30), optimizer=na.SGD(1), rates=rates, batch=1)
    track = na.MicrocircuitHistory(trainer, x, target, every=max(1, updates // 50))
    trainer.fit(updates, callback=track, evaluate_every=0)
    return track


def run(seed, dale, n):
    """The network, and its measures in both stages."""
    random = np.random.default_rng(seed)
    net = na.microcircuit(SIZES, dale=dale).build(seed)
    x = random.uniform(-1, 1, (200, SIZES[0]))
    alone = learn(net, patterns(x), ALONE, 200, x[:20])
    rate = random.uniform(0.1, 0.9, (n, SIZES[-1]))
    target = np.log(rate / (1 - rate))  # the potential of a logistic unit with this rate
    x = random.uniform(-1, 1, (n, SIZES[0]))
    return net, alone, learn(net, patterns(x, target), TAUGHT, 300 if n == 1 else 250 * n, x, target)


def main(folder=".", seed=1, signs="free", associations=1):
    net, alone, taught = run(int(seed), signs == "dale", int(associations))
    figure = plt.figure(figsize=(9, 8.5), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=[1, 1.6])
    na.plot.microcircuit(net, figure.add_subplot(grid[0, :]))
    for place, track, title in ((grid[1, 0], alone, "without a teacher"), (grid[1, 1], taught, "with a teacher")):
        na.plot.microcircuit_history(track, figure.add_subplot(place))[0].set_title(title, fontsize="medium")
    path = Path(folder) / "microcircuit.png"
    figure.savefig(path, dpi=100)
    for name, track in (("without a teacher", alone), ("with a teacher", taught)):
        print(f"{name}: apical potential {track.apical[0, 0]:.3g} -> {track.apical[-1, 0]:.3g}")
    print(f"squared error of the output {taught.error[0]:.3g} -> {taught.error[-1]:.3g}, drawn in {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
