"""Three ways to decide about random dots, on the same axes: Wang's spiking circuit (2002), its reduction by Wong & Wang
(2006), and a network of rate units under Dale's law that has learnt it (as in Song et al. 2016); and two monkeys.

Usage: circuits.py [folder for the picture]
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
WANG, REDUCED, TRAINED = (12, 600, 400) if QUICK else (480, 6000, 8000)  # test trials
UPDATES = 500 if QUICK else 6000
COHERENCES = (0, 3.2, 6.4, 12.8, 25.6, 51.2)
#: Both monkeys of Roitman & Shadlen (2002, J. Neurosci. 22:9475), 6149 trials of the record that its authors gave out:
#: at each of these coherences the fraction correct, and ms from dots to saccade in correct trials, with movement.
MONKEYS = ((0.500, 0.642, 0.777, 0.941, 0.995, 1.0), (828, 806, 758, 675, 542, 423))


def trained():
    """80 excitatory and 20 inhibitory units, who say when they have decided."""
    net = na.Network(dt=20)  # ms
    net.input("stimulus", 3, noise=0.01, baseline=0.2, rectify=1).output("choice", 2)
    net.population("E", 80, sign=+1, noise=0.15).population("I", 20, sign=-1, noise=0.15)
    net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice")
    net.build(seed=1)
    task = na.tasks.SongRandomDotsReactionTime()
    na.Trainer(net, task, na.MSE("choice"), optimizer=na.Adam(1e-3), batch=20, clip=1).fit(UPDATES)
    return net, task.replace(stimulus=1500)


def one_trial(ax):
    """Rates of both pools over 50 ms, and spikes of some neurons of each, at a coherence of 12.8 %."""
    net = na.circuits.wang2002().build(1)
    task = na.circuits.RandomDots(net.dt, [12.8], after=500)
    trials = task.trials(net, 2, seed=3)
    run = net.run(trials, seed=3, record="A B")
    at, rates = task.rates(run.outputs["rate"][:, 1])
    for pool, colour, height, rate in zip("AB", ("#c8741f", "#6b4fa0"), (57, 45), rates.T):
        steps, neurons = np.nonzero(run.rates[pool][:, 1, ::12])
        ax.plot(run.time[steps] - 500, height + 0.5 * neurons, ",", color=colour)
        ax.plot(at * net.dt - 500, rate, color=colour, label=f"pool {pool}")
    ax.axvspan(0, 2000, color="0.95", zorder=0)
    ax.axhline(task.threshold, color="0.6", lw=0.8, ls=":")
    ax.set(xlabel="time from the stimulus (ms)", ylabel="rate (Hz); above, spikes of 20 neurons of each")
    ax.set(xlim=(-450, 2500), ylim=(0, 68), yticks=range(0, 41, 10), title="Wang (2002), a trial at 12.8 %")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(0.02, 0.64))


def add_monkeys(correct, times):
    """Their points where the curves have these coherences."""
    for ax, points in zip((correct, times), MONKEYS):
        ax.plot(ax.get_xticks()[: len(points)], points, "ks", ms=4.5, zorder=4, label="two monkeys")
        ax.legend(frameon=False, fontsize="small")
    times.set_ylim(0, 1.3 * times.get_ylim()[1])  # room for it


def main(folder="."):
    wang, reduced = na.circuits.wang2002().build(1), na.circuits.wong_wang2006().build(1)
    learnt, task = trained()
    dots = na.circuits.RandomDots(reduced.dt, COHERENCES, mean=30, sd=0, window=0)
    evaluations = {
        "Wang (2002)": na.evaluate(wang, na.circuits.RandomDots(wang.dt, COHERENCES), WANG, threads=2),
        "Wong & Wang (2006)": na.evaluate(reduced, dots, REDUCED),
        "trained E/I network": na.evaluate(learnt, task, TRAINED),
    }
    times = {name: na.reaction_times(evaluation) for name, evaluation in evaluations.items()}
    for name in evaluations:
        print(name, evaluations[name], times[name], sep="\n  ")
    figure, axes = plt.subplots(1, 3, figsize=(12.5, 3.6), layout="constrained")
    one_trial(axes[0])
    na.plot.psychometric(evaluations, task, "coherence", ax=axes[1])
    na.plot.chronometric(times, "coherence", task=task, ax=axes[2])
    add_monkeys(*axes[1:])
    path = Path(folder).resolve() / "circuits.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    print(f"picture: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
