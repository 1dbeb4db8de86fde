"""A pool of neurons remembers a cue by its spikes, in the manner of Amit & Brunel (1997), as its mean field says.

Usage: working_memory.py [folder for the picture] [strength within a pool]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

SMALL = {"n": 800, "connections": 160, "weights": (0.5, 1, 2, 2)} if os.environ.get("NEUROAI_EXAMPLE_QUICK") else {}
CUE, END = (60, 260), 1000  # ms
POOL = "S3"


def main(folder=".", g_plus=2.7):
    net = na.circuits.amit_brunel1997(float(g_plus), **SMALL).build(1)
    theory = na.mean_field(net)
    spontaneous, delay = theory.solve(), theory.solve({POOL: 50, "N": 1, "I": 11})
    cue = np.zeros((round(END / net.dt), 1, 5), np.float32)
    cue[round(CUE[0] / net.dt) : round(CUE[1] / net.dt), 0, 2] = 2500  # Hz more, from outside
    run = net.run(cue)
    for name, spikes in run.spikes.items():
        rate = spikes.between(CUE[1] + 100).rate
        print(
            f"{name}: {rate:.1f} Hz after the cue; theory {delay.rates[name]:.1f} Hz, "
            f"spontaneous {spontaneous.rates[name]:.1f} Hz"
        )
    figure = plt.figure(figsize=(10, 4.4), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=[2.2, 1])
    panels = na.plot.raster(run, units=300, smooth=10, theory=delay, ax=figure.add_subplot(grid[0]))
    for panel in panels:
        panel.axvspan(*CUE, color="black", alpha=0.08, lw=0)
    panels[0].set_title(f"a cue for {POOL}; dashed: rates of the delay state in theory", fontsize="medium")
    (ax,) = na.plot.mean_field(theory, POOL, ax=figure.add_subplot(grid[1]))
    ax.set_title("states of one pool", fontsize="medium")
    path = Path(folder) / "working_memory.png"
    figure.savefig(path, dpi=100)
    print(f"{path}: spikes, rates, and the effective transfer function")


if __name__ == "__main__":
    main(*sys.argv[1:])
