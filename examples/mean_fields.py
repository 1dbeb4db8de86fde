"""Theory beside spikes: the decision circuit of Wang (2002) and the microcircuit of Potjans & Diesmann (2014).

Of each, na.mean_field() reads the synapses that were built, conductances of one, currents of the other.

Usage: mean_fields.py [folder for the picture]
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
SCALE, COLUMN, END = (0.1, 0.03, 400) if QUICK else (1, 0.1, 1000)  # of each circuit; ms
REST, CUE, OVER = (200, 300, 500) if QUICK else (800, 1800, 3000)  # ms: a stimulus for A alone, and after it
COLOURS = {"A": "#c8741f", "B": "#6b4fa0", "N": "0.45", "I": "#2a7f9e"}


def decide(ax):
    """Rates at rest, with a stimulus and after it, beside the states of theory."""
    net = na.circuits.wang2002(scale=SCALE).build(1)
    stimulus = np.zeros((round(OVER / net.dt), 1, 1), np.float32)
    stimulus[round(REST / net.dt) : round(CUE / net.dt)] = 40
    run = net.run({"a": 1.5 * stimulus, "b": 0.5 * stimulus}, seed=1, record="A B N I")
    theory = na.mean_field(net)
    driven = na.mean_field(net, {"a": 60, "b": 20}).solve({"A": 40})
    spans = [((0, REST), theory.solve()), ((REST, CUE), driven), ((CUE, OVER), theory.solve({"A": 50}))]
    for name, colour in COLOURS.items():
        spikes = run.spikes[name]
        ax.plot(spikes.bins(10), spikes.population_rate(10, smooth=20)[:, 0], color=colour, lw=1.2, label=name)
        for (start, end), state in spans:
            ax.plot([start, end], [state.rates[name]] * 2, color=colour, lw=1.2, ls=(0, (4, 2)))
            found = spikes.between(start + 0.6 * (end - start), end).rate
            print(f"{name}, {start} to {end} ms: {found:.1f} Hz; theory {state.rates[name]:.1f} Hz")
    ax.axvspan(REST, CUE, color="0.95", zorder=0)
    ax.set(xlabel="time (ms)", ylabel="rate (Hz)", xlim=(0, OVER), ylim=(0, None))
    ax.set_title("Wang (2002); dashed: theory", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="upper left", ncols=2, columnspacing=1)
    return theory


def column(ax):
    """Rates of eight populations: run, of theory for the same network, and of full scale."""
    net = na.circuits.potjans_diesmann2014(COLUMN).build(1)
    run = net.run(steps=round(END / net.dt))
    theory = na.mean_field(net).rates
    names = list(net.populations)
    found = [run.spikes[name].between(100).rate for name in names]
    places = np.arange(len(names))
    ax.barh(places, found, color=["#c43c39" if name.endswith("E") else "#2a7f9e" for name in names], alpha=0.75)
    ax.plot([theory[name] for name in names], places, "k|", ms=15, mew=2, label="theory")
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.set(xlabel="rate (Hz)")
    ax.set_title(f"Potjans & Diesmann (2014), scale {COLUMN:g}", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="upper right")
    for name, rate in zip(names, found):
        print(f"{name}: {rate:.2f} Hz; theory {theory[name]:.2f} Hz")


def main(folder="."):
    figure = plt.figure(figsize=(11.5, 3.8), layout="constrained")
    grid = figure.add_gridspec(1, 3, width_ratios=[1.7, 1, 1.1])
    theory = decide(figure.add_subplot(grid[0]))
    (ax,) = na.plot.mean_field(theory, "A", 40, ax=figure.add_subplot(grid[1]))
    ax.set_title("states of pool A, no stimulus", fontsize="medium")
    column(figure.add_subplot(grid[2]))
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
    path = Path(folder) / "mean_fields.png"
    figure.savefig(path, dpi=110)
    print(f"picture: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
