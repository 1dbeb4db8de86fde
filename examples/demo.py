"""A sparse network of excitatory and inhibitory neurons learns to decide, and is looked at.

Two noisy stimuli stand side by side for half a second: which one is stronger? Usage: demo.py [folder for the picture]
"""

import math
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
LABELS = {"stimulus": ["fixation cue", "stimulus 1", "stimulus 2"], "choice": ["wait", "choose 1", "choose 2"]}


def compose():
    """Architecture and constraints: a cubic millimetre of E and I units, a fifth of whose synapses exist."""
    net = na.Network(dt=20)  # ms
    net.input("stimulus", 3)
    net.population("E", 80, sign=+1, tau=100, noise=0.15)
    net.population("I", 20, sign=-1, tau=100, noise=0.15)
    net.output("choice", 3)
    net.place("E I", box=(1, 1, 1))  # mm
    net.connect("stimulus", "E I")
    net.connect("E I", "E I", density=0.2)
    net.connect("E", "choice")
    net.constrain("E I", "*", na.Dale("clamp"))
    return net.build(seed=1)


def draw_ideal(ax):
    """What the best possible observer of these stimuli chooses: 25 samples, each with noise of 1 / sqrt(20 ms)."""
    coherence = np.linspace(-51.2, 51.2, 200)
    separation = coherence / 100 * math.sqrt(25 / 2) * math.sqrt(20)
    ideal = [0.5 * (1 + math.erf(x / math.sqrt(2))) for x in separation]
    ax.plot(coherence, ideal, color="0.6", ls="--", lw=1.2, label="ideal observer")
    ax.legend(frameon=False, fontsize="small", loc="upper left")


def draw_evidence(run, ax):
    """How far the outputs of the two choices move apart, a line for each coherence."""
    lead = run.outputs["choice"][..., 2] - run.outputs["choice"][..., 1]
    coherence = run.trials.conditions["signed_coherence"]
    values = np.unique(coherence)
    colours = plt.get_cmap("PuOr")(0.5 + np.sign(values) * (0.16 + 0.34 * np.abs(values) / values.max()))
    for value, colour in zip(values, colours):
        mean = lead[:, coherence == value].mean(axis=1)
        ax.plot(run.time, mean, color=colour if value else "0.5", lw=1.6, label=f"{value:+.1f} %" if value else "0")
    ax.axvspan(500, 1000, color="0.94", zorder=0)
    ax.set(xlabel="time (ms)", ylabel="output 2 - output 1", xlim=(0, run.time[-1]))
    ax.set_title("evidence adds up while the stimuli last", fontsize="medium")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="x-small", loc="lower left", reverse=True, handlelength=1.2, labelspacing=0.3)


def draw(net, task, history, evaluation, path):
    """Six pictures side by side."""
    run = net.run(task.trials(net, 1000, seed=5), seed=5)
    clear = int(np.argmax(np.abs(run.trials.conditions["signed_coherence"] - 25.6) < 0.1))
    figure = plt.figure(figsize=(14, 8), layout="constrained")
    axes = figure.subplot_mosaic(
        [["learn"] * 4 + ["curve"] * 4 + ["evidence"] * 4, ["weights"] * 4 + ["spectrum"] * 3 + ["activity"] * 5]
    )
    na.plot.history(history, ax=axes["learn"])[0].axhline(IDEAL, color="0.6", ls="--", lw=1.2)
    na.plot.psychometric(evaluation, task, ax=axes["curve"])
    draw_ideal(axes["curve"])
    draw_evidence(run, axes["evidence"])
    na.plot.weights(net, ax=axes["weights"])
    na.plot.spectrum(net, ax=axes["spectrum"])
    panels = na.plot.activity(run, trial=clear, ax=axes["activity"], sort="time", labels=LABELS)
    panels[0].set_title("one trial: stimulus 2 is stronger, 25.6 % coherence", fontsize="medium")
    score = f"{evaluation.performance:.3f} correct, an ideal observer {IDEAL} (dashed)"
    figure.suptitle(f"80 excitatory and 20 inhibitory neurons learn a perceptual decision: {score}")
    figure.savefig(path, dpi=120)


def main(folder="."):
    net = compose()
    task = na.tasks.PerceptualDecisionMaking(fixation=500, stimulus=500)  # ms
    cost = na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I") + 1e-5 * na.Distance("E I", "E I")
    trainer = na.Trainer(net, task, cost, na.BPTT(), na.Adam(1e-3), batch=64, threads=THREADS, evaluate_trials=2000)
    history = trainer.fit(UPDATES)
    evaluation = na.evaluate(net, task, trials=10000, seed=99, threads=THREADS)
    path = Path(folder).resolve() / "demo.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(net, task, history, evaluation, path)
    net.save(path.with_name("demo.safetensors"))
    print(net)
    print(f"{evaluation.performance:.4f} correct on 10000 new trials; an ideal observer reaches {IDEAL}")
    print(f"picture: {path}\nmodel:   {path.with_name('demo.safetensors')}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
