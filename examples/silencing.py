"""Which cell type is needed when? Excitatory, PV and SST cells learn to decide and to wait; then each type is silenced.

Usage: silencing.py [folder for the picture]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import neuroai as na

QUICK = bool(os.environ.get("NEUROAI_EXAMPLE_QUICK"))
TRIALS = 100 if QUICK else 2000


def compose():
    """PV cells receive the stimuli and inhibit each other; SST cells receive from the network only."""
    net = na.Network(dt=20)  # ms
    net.input("stimulus", 3)
    net.population("E", 80, sign=+1, tau=100, noise=0.15)
    net.population("PV", 10, sign=-1, tau=50, noise=0.15)
    net.population("SST", 10, sign=-1, tau=100, noise=0.15)
    net.output("choice", 3)
    net.connect("stimulus", "E PV")
    net.connect("E PV SST", "E PV")
    net.connect("E PV", "SST")
    net.connect("E", "choice")
    net.constrain("E PV SST", "*", na.Dale("clamp"))
    return net.build(seed=1)


def main(folder="."):
    net = compose()
    task = na.tasks.PerceptualDecisionMaking(
        fixation=100, stimulus=400, delay=[300, 600], decision=100,  # ms
        cue_until_decision=1, coherence=[6.4, 12.8, 25.6, 51.2],
    )
    cost = na.CrossEntropy("choice") + 1e-5 * na.L2Rates("*")
    na.Trainer(net, task, cost, optimizer=na.Adam(1e-3), clip=1).fit(20 if QUICK else 1000)

    # each type in each epoch, all on the same trials; the light goes off over 60 ms
    effects = na.experiment.silence(net, task, trials=TRIALS, fall=60)
    print(effects)

    # a part of the cells, or a part of their rate
    parts = {
        "all PV cells": na.Silence("PV", epoch="delay"),
        "half of them": na.Silence("PV", epoch="delay", fraction=0.5, seed=1),
        "all at half their rate": na.Scale("PV", 0.5, epoch="delay"),
    }
    curves = na.experiment.compare(net, task, parts, trials=TRIALS)

    # the same in a run, where the rates can be seen
    trials = task.trials(net, 1, seed=4)
    with_light = net.run(trials, interventions=na.Silence("PV", epoch="delay", fall=60))

    figure = plt.figure(figsize=(15, 4.2), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=[1.25, 1, 1])
    na.plot.silencing(effects, ax=axes[0])
    na.plot.comparison(curves, ax=axes[1])
    na.plot.traces(with_light, net.run(trials), ax=axes[2])
    path = Path(folder).resolve() / "silencing.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    print(f"picture: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
