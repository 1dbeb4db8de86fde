"""What synapses with short-term plasticity carry when their sender's rate steps up, and down again.

Usage: short_term.py [folder for the picture]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

DT = 1  # ms
ON, OFF, END = 200, 1700, 4000  # ms, of the step
LOW, HIGH = 0, 5  # Hz

#: Those of Masse et al. (2019).
KINDS = {
    "facilitating": na.TsodyksMarkram(U=0.15, tau_x=200, tau_u=1500),
    "depressing": na.TsodyksMarkram(U=0.45, tau_x=1500, tau_u=200),
}


def response(short_term):
    """Time, the rate, u, x and what is released, each [steps]."""
    net = na.Network(dt=DT).population("S", 1).population("T", 1, tau=DT, transfer="linear")
    net.connect("S", "T", short_term=short_term, delay=0, initial=na.Constant(1)).build()
    time, state = np.arange(0, END, DT), net.state()
    rate = np.where((time >= ON) & (time < OFF), HIGH, LOW)
    u, x, released = np.empty((3, len(time)))
    for step, now in enumerate(rate):
        state.clamp("S", float(now))
        state.step()
        (u[step],), (x[step],) = (each[0] for each in state.short_term("S", "T"))
        released[step] = state.rates("T")[0, 0]
    return time, rate, u, x, released


def main(folder="."):
    figure, axes = plt.subplots(2, 2, figsize=(9, 5), sharex=True, sharey="row", layout="constrained")
    for (above, below), (kind, short_term) in zip(axes.T, KINDS.items()):
        time, rate, u, x, released = response(short_term)
        above.plot(time, rate, ":", color="grey", label="rate sent")
        above.plot(time, released, label="released, u x r")
        above.set(title=kind, ylabel="Hz")
        below.plot(time, u, label="release probability u")
        below.plot(time, x, label="resources x")
        below.plot(time, u * x, "--", label="u x")
        below.set(xlabel="time (ms)", ylim=(0, 1))
        above.legend(frameon=False)
        below.legend(frameon=False)
    path = Path(folder) / "short_term.png"
    figure.savefig(path, dpi=100)
    print(f"{path}: what is released of {HIGH} Hz, and what is left of it")


if __name__ == "__main__":
    main(*sys.argv[1:])
