"""The microcircuit of Potjans and Diesmann (2014), four layers of cortex: spikes, and rates beside those of full scale.

Usage: column.py [folder for the picture] [scale, 0.2: 15 435 neurons; of their synapses 20 %, too]
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
SCALE, END = (0.03, 400) if QUICK else (0.2, 1000)  # ms
FULL = {"L23E": 0.903, "L23I": 2.965, "L4E": 4.414, "L4I": 5.876, "L5E": 7.569, "L5I": 8.633, "L6E": 1.105, "L6I": 7.829}


def main(folder=".", scale=SCALE):
    net = na.circuits.potjans_diesmann2014(float(scale)).build(1)
    run = net.run(steps=round(END / net.dt))
    figure = plt.figure(figsize=(10, 6), layout="constrained")
    left, right = figure.add_gridspec(1, 2, width_ratios=[1.6, 1])
    above, below = na.plot.raster(run, units=1200, window=(END - 300, END), smooth=2, ax=figure.add_subplot(left))
    above.set_title(f"{sum(net.populations.values()):,} neurons")
    colours = [line.get_color() for line in below.get_lines()]  # in the order of the populations
    if below.get_legend():
        below.get_legend().remove()  # the names stand beside the spikes
    found = {name: spikes.between(min(100, END / 2)) for name, spikes in run.spikes.items()}
    axes = figure.add_subplot(right)
    places = np.arange(len(FULL))
    axes.barh(places, [found[name].rate for name in FULL], color=colours)
    axes.plot(list(FULL.values()), places, "k|", ms=16, mew=2, label="at full scale, the authors' program")
    axes.set_yticks(places, list(FULL))
    axes.invert_yaxis()
    axes.set(xlabel="rate (Hz)", title="rates")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper right", fontsize="small")
    for name, spikes in found.items():
        print(f"{name}: {spikes.rate:.2f} Hz, at full scale {FULL[name]:.2f} Hz")
    path = Path(folder) / "column.png"
    figure.savefig(path, dpi=100)
    print(f"{path}: spikes of some neurons, and rates")


if __name__ == "__main__":
    main(*sys.argv[1:])
