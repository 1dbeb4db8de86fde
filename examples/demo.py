"""A sparse network of excitatory and inhibitory neurons learns to decide, and is looked at.

Two noisy stimuli stand side by side for half a second: which one is stronger? Usage: demo.py [folder for the picture]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

IDEAL = 0.8645  # fraction correct of an ideal observer, who adds up the evidence without noise of his own
THREADS = min(4, os.cpu_count() or 1)
UPDATES = 150 if os.environ.get("NEUROAI_EXAMPLE_QUICK") else 1500


def compose():
    """Architecture and constraints: a cubic millimetre of E and I units, a fifth of whose synapses exist."""
    net = na.Network(dt=20)  # ms
    net.input("stimulus", 3)  # fixation cue, evidence for the one, evidence for the other
    net.population("E", 80, sign=+1, tau=100, noise=0.15)
    net.population("I", 20, sign=-1, tau=100, noise=0.15)
    net.output("choice", 3)  # wait, the one, the other
    net.place("E I", box=(1, 1, 1))  # mm
    net.connect("stimulus", "E I")
    net.connect("E I", "E I", density=0.2)
    net.connect("E", "choice")
    net.constrain("E I", "*", na.Dale("clamp"))
    return net.build(seed=1)


def draw(net, task, history, evaluation, path):
    """Five pictures side by side."""
    trials = task.trials(net, 100, seed=5)
    clear = int(np.argmax(np.abs(trials.conditions["signed_coherence"] - 25.6) < 0.1))
    figure = plt.figure(figsize=(13, 8), layout="constrained")
    axes = figure.subplot_mosaic([["learn", "curve", "spectrum"], ["weights", "activity", "activity"]])
    na.plot.history(history, ax=axes["learn"])[0].axhline(IDEAL, color="0.6", ls="--", lw=1)
    na.plot.psychometric(evaluation, task, ax=axes["curve"])
    na.plot.spectrum(net, ax=axes["spectrum"])
    na.plot.weights(net, ax=axes["weights"])
    na.plot.activity(net.run(trials, seed=5), trial=clear, ax=axes["activity"])
    score = f"{evaluation.performance:.3f} correct, {IDEAL} would be ideal (dashed)"
    figure.suptitle(f"80 excitatory and 20 inhibitory neurons learn a perceptual decision: {score}")
    figure.savefig(path, dpi=150)


def main(folder="."):
    net = compose()
    task = na.tasks.PerceptualDecisionMaking(fixation=500, stimulus=500)  # ms
    cost = na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I") + 1e-5 * na.Distance("E I", "E I")
    trainer = na.Trainer(net, task, cost, rule=na.BPTT(), optimizer=na.Adam(1e-3), batch=64, threads=THREADS)
    history = trainer.fit(UPDATES)
    evaluation = na.evaluate(net, task, trials=10000, seed=99, threads=THREADS)
    path = Path(folder).resolve() / "demo.png"
    draw(net, task, history, evaluation, path)
    print(net)
    print(f"{evaluation.performance:.4f} correct on 10000 new trials; an ideal observer reaches {IDEAL}")
    print(f"picture: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
