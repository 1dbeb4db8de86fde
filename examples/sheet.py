"""A wave over a sheet of cortex: synapses get fewer with distance, and what is sent takes its time.

6400 units on 4 x 4 mm are 41 million pairs; a list of the 130 000 synapses that exist is all that is kept of them.

Usage: sheet.py [folder for the picture]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

UNITS, SIDE, STEPS = 6400, 4.0, 100  # mm, ms
SPEEDS = {"0.2 m/s": 0.2, "1 m/s": 1.0}


def sheet(speed):
    """Adapting units, which fire and then fall silent; a flash is seen by those in the middle."""
    net = na.Network(dt=1).input("flash", 1)
    net.population("E", UNITS, sign=+1, transfer="tanh", model="adaptive_rate", tau=10, tau_adaptation=60, adaptation=5)
    net.place("E", box=(SIDE, SIDE, 0.01))
    net.connect("flash", "E", initial=na.Constant(1))
    net.connect("E", "E", delay=na.Conduction(speed, offset=1), initial=na.Constant(0.12), plastic=False)
    net.constrain("E", "E", na.DistanceDependent(0.6, 0.12)).build(seed=1)
    place = net.positions("E")[:, :2] - SIDE / 2
    net.set_weights("flash", "E", 1.0 * (np.hypot(*place.T) < 0.25)[:, None])
    return net, place


def main(folder="."):
    figure, axes = plt.subplots(1, 5, figsize=(14, 3.3), layout="constrained")
    for label, speed in SPEEDS.items():
        net, place = sheet(speed)
        flash = np.zeros((STEPS, 1, 1))
        flash[:10] = 3
        rate = net.run(flash).rates["E"][:, 0]
        distance = np.hypot(*place.T)
        fired = (rate.max(axis=0) > 0.3) & (distance > 0.3)
        arrival = (rate > 0.3).argmax(axis=0)
        axes[4].plot(distance[fired], arrival[fired], ".", ms=1, label=label)
        slope = np.polyfit(arrival[fired], distance[fired], 1)[0]
        print(f"axons of {label}: the wave goes {1000 * slope:.0f} um/ms; {len(net.synapses())} synapses", end=", ")
        print(f"delays up to {net.synapses('E', 'E').delay.max():.0f} ms, {net.memory / 1e6:.0f} MB")
        for ax, step in zip(axes, (12, 30, 45, 60)) if speed == SPEEDS["0.2 m/s"] else ():
            shown = ax.scatter(*place.T, c=rate[step], s=1.5, cmap="RdBu_r", vmin=-1, vmax=1)
            ax.set(title=f"{step} ms", aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2), xlabel="mm")
    figure.colorbar(shown, ax=axes[:4], label="rate", shrink=0.8, pad=0.01)
    axes[4].set(xlabel="from the flash (mm)", ylabel="arrival of the wave (ms)")
    axes[4].legend(frameon=False, markerscale=6)
    path = Path(folder) / "sheet.png"
    figure.savefig(path, dpi=100)
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
