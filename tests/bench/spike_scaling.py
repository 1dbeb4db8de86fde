"""Time of a biological second of spiking neurons against their number, the synapses of each and their rate.

    PYTHONPATH=bindings/python NEUROAI_LIBRARY=build/libneuroai.so python tests/bench/spike_scaling.py [folder [processors]]

Writes spike_scaling.json and spike_scaling.png. The network is Brunel's, with synapses that carry all spikes but weigh next
to nothing, so that the background alone sets the rate, whatever else changes. Times are the best of many parts of a
second, by one thread and by two; drawn are those of the clock or, for a machine with other work on it, of processors.
"""

import json
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import neuroai as na

USUAL = {"neurons": 12500, "synapses": 1250, "rate": 10}
AXES = {
    "neurons": [2000, 5000, 12500, 25000, 40000],
    "synapses": [40, 125, 400, 1250, 4000],
    "rate": [1, 3, 10, 30, 100],
}
LABELS = {"neurons": "neurons", "synapses": "synapses a neuron", "rate": "firing rate (Hz)"}
DT, PART, WEIGHT = 0.1, 25, 0.1  # ms, ms, mV
NEURON = {"model": "lif", "tau": 20, "threshold": 20, "reset": 10, "refractory": 2, "background_weight": WEIGHT}
LEAST_BITS = 0.05  # density of lib/kernels/fans.c


def background(rate):
    """Hz of the Poisson train that makes a neuron fire so often, by bisection."""
    low, high = 0.0, 1e5
    for _ in range(60):
        middle = (low + high) / 2
        mean, sd = 0.02 * WEIGHT * middle, WEIGHT * (0.01 * middle) ** 0.5
        found = float(na.siegert(mean, sd, tau=20, threshold=20, reset=10, refractory=2))
        low, high = (middle, high) if found < rate else (low, middle)
    return low


def compose(neurons, synapses, rate):
    net, draw = na.Network(dt=DT), np.random.default_rng(1)
    for name, share, sign in (("E", 0.8, +1), ("I", 0.2, -1)):
        n = round(neurons * share)
        net.population(name, n, sign, **NEURON, background=background(rate), initial=draw.uniform(0, 19, n))
    for name, share, sign in (("E", 0.8, +1), ("I", 0.2, -1)):
        # small networks have matrices by themselves, which cost as much whoever fires
        how = {"initial": na.Constant(sign * 1e-9), "plastic": False, "delay": 1.5, "storage": "listed"}
        net.connect(name, "E I", indegree=round(synapses * share), **how)
    return net.build(seed=1, progress=False)


def second(net, threads, seconds=0.8):
    """Seconds of a biological second, of processors in it, and the rate that it had."""
    state = net.state(threads=threads)
    state.run(steps=1000, record="E I", progress=False)
    times, spikes, end = [], 0, time.perf_counter() + seconds
    while len(times) < 4 or time.perf_counter() < end:
        start, busy = time.perf_counter(), time.process_time()
        run = state.run(steps=round(PART / DT), record="E I", progress=False)
        times.append((time.perf_counter() - start, time.process_time() - busy))
        spikes += sum(len(run.spikes[name].step) for name in "EI")
    parts = 1000 / PART
    took, busy = (parts * min(column) for column in zip(*times))
    return took, busy, parts * spikes / len(times) / sum(net.size(name) for name in "EI")


def measure():
    found = {}
    for axis, values in AXES.items():
        for value in values:
            net = compose(**{**USUAL, axis: value})
            for threads in (1, 2):
                took, busy, rate = second(net, threads)
                found.setdefault(f"{axis}, {threads}", []).append([took, busy, rate])
                print(f"  {axis} {value}, {threads} threads: {took:.3f} s ({busy:.3f}) at {rate:.1f} Hz", flush=True)
    return found


def draw(found, path, processors):
    figure, panels = plt.subplots(1, 3, figsize=(12, 3.9), layout="constrained", sharey=True)
    for panel, (axis, values) in zip(panels, AXES.items()):
        for threads, label, style in ((1, "one thread", "o-"), (2, "two threads", "s--")):
            panel.loglog(values, np.array(found[f"{axis}, {threads}"])[:, int(processors)], style, label=label)
        panel.set_xticks(values, [f"{value:,}".replace(",", " ") for value in values])
        panel.minorticks_off()
        panel.tick_params(axis="x", labelsize=8)
        panel.set_xlabel(LABELS[axis])
    for panel, where, words in (
        (panels[0], USUAL["synapses"] / LEAST_BITS, ("rows of bits ", " lists")),
        (panels[1], LEAST_BITS * USUAL["neurons"], ("lists ", " rows of bits")),
    ):
        panel.axvline(where, color="grey", linestyle=":")
        for side, word in zip(("right", "left"), words):
            panel.text(where, 0.03, word, ha=side, transform=panel.get_xaxis_transform())
    panels[0].set_ylabel("processors in a second (s)" if processors else "a biological second (s)")
    panels[0].legend(frameon=False)
    figure.suptitle("Spiking neurons; where nothing else is said 12 500 of them, each with 1250 synapses, at 10 Hz")
    figure.savefig(path, dpi=100)


def main(folder="build", what="clock"):
    found = measure()
    (Path(folder) / "spike_scaling.json").write_text(json.dumps(found, indent=2) + "\n")
    draw(found, Path(folder) / "spike_scaling.png", what == "processors")
    print(f"  {folder}/spike_scaling.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
