"""Spiking neurons learn to draw a curve, by e-prop and by backpropagation through the surrogate slopes of their spikes.

A hundred integrate-and-fire neurons, half of them with adaptive thresholds, get the same input spikes in each trial and
produce four sines at once (the pattern generation of Bellec et al. 2020). Usage: spiking.py [folder for the picture]
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
STEPS, UPDATES = 1000, 20 if QUICK else 600  # of 1 ms
RULES = {
    "BPTT": lambda: na.BPTT(),
    "e-prop, symmetric": lambda: na.EProp("symmetric"),
    "e-prop, random": lambda: na.EProp("random", seed=2),
}
COLOURS = ["#333333", "#1b9e77", "#d98b0b"]


def compose():
    net = na.Network(dt=1).input("in", 100)
    lif = dict(model="lif", tau=20, threshold=1, refractory=3, soft_reset=1)
    net.population("LIF", 50, **lif).population("ALIF", 50, adaptation=0.1, tau_adaptation=300, **lif)
    net.output("z", 1, tau=20, gain=0.05)
    net.connect("in", "LIF ALIF", initial=na.Normal(0, 0.25)).connect("LIF ALIF", "LIF ALIF", initial=na.Normal(0, 0.1))
    return net.connect("LIF ALIF", "z", initial=na.Normal(0, 0.3)).build(seed=1)


def trial():
    """Input spikes of 10 Hz, and the sum of sines of 1, 2, 3 and 5 Hz."""
    draw, time = np.random.default_rng(3), np.arange(STEPS)[:, None] / 1000
    spikes = draw.random((STEPS, 1, 100)) < 0.01
    size, phase = draw.uniform(0.5, 2, 4), draw.random(4)
    target = (size * np.sin(2 * np.pi * ([1, 2, 3, 5] * time + phase))).sum(axis=1)
    return na.Trials(spikes.astype(np.float32), {"z": (target / np.abs(target).max())[:, None, None]})


def show_neurons(axes, run):
    """Spikes of all; and the potential of an adaptive neuron, what it has to reach, and when it does."""
    for k, (name, colour) in enumerate((("LIF", "#7570b3"), ("ALIF", "#1b9e77"))):
        step, unit = np.nonzero(run.traces[f"{name}:spike"][:, 0])
        axes["r"].plot(step, unit + 50 * k, ".", ms=2, color=colour)
        axes["r"].text(1005, 50 * k + 25, name, color=colour, rotation=90, va="center")
    spikes = run.traces["ALIF:spike"][:, 0]
    unit = np.argsort(spikes.sum(axis=0))[-10]
    v, threshold = run.traces["ALIF:v"][:, 0, unit], 1 + 0.1 * run.traces["ALIF:b"][:, 0, unit]
    axes["v"].plot(v, color="#1b9e77", lw=1)
    axes["v"].plot(threshold, ":", color="grey", label="threshold")
    for step in np.flatnonzero(spikes[:, unit]):
        axes["v"].plot(step, v.max() + 0.7, "|", color="black")


def main(folder="."):
    trials, figure = trial(), plt.figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplot_mosaic("oc;rc;vc", width_ratios=(3, 2), height_ratios=(1, 1.1, 0.8))
    cost = na.MSE("z") + 10 * na.UnitRateTarget("LIF ALIF", 0.01)
    for (name, rule), colour in zip(RULES.items(), COLOURS):
        net = compose()
        trainer = na.Trainer(net, trials, cost, rule(), na.Adam(2e-3), clip=0.1)  # BPTT explodes through spikes
        curve = [trainer.step(trials)["mse"] for _ in range(UPDATES)]
        axes["c"].semilogy(curve, color=colour, label=name)
        run = net.run(trials.inputs, record="LIF:spike ALIF:spike ALIF:v ALIF:b", progress=False)
        axes["o"].plot(run.outputs["z"][:, 0, 0], color=colour, lw=1)
        print(f"{name}: mse from {curve[0]:.3f} to {curve[-1]:.4f}, {1000 * run.traces['LIF:spike'].mean():.1f} Hz")
    axes["o"].plot(trials.targets["z"][:, 0, 0], ":", color="#c43c39", lw=2, label="target")
    show_neurons(axes, run)
    axes["o"].set(ylabel="output", xticklabels=[])
    axes["r"].set(ylabel="neuron", xticklabels=[])
    axes["v"].set(ylabel="an ALIF neuron: v", xlabel="time (ms)")
    axes["c"].set(xlabel="update", ylabel="mean squared error", title="the same start, three rules")
    for name, panel in axes.items():
        if name != "r":
            panel.legend(frameon=False, loc="upper left" if name == "v" else "upper right", fontsize="small")
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(folder) / "spiking.png", dpi=100)


if __name__ == "__main__":
    main(*sys.argv[1:])
