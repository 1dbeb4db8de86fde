"""Time and memory of an update against units, steps, trials and the share of synapses that exist.

    PYTHONPATH=bindings/python NEUROAI_LIBRARY=build/libneuroai.so python tests/bench/scaling.py [folder]

Writes scaling.json and scaling.png. One thread; times are the best of several.
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

USUAL = {"units": 256, "steps": 50, "trials": 32}
SHARES = {"all synapses": 1.0, "1 in 10": 0.1}
AXES = {
    "units": [32, 64, 128, 256, 512, 1024, 2048],
    "steps": [10, 30, 100, 300, 1000],
    "trials": [1, 2, 4, 8, 16, 32, 64, 128],
}
DENSITIES = [0.02, 0.05, 0.1, 0.2, 0.29, 0.31, 0.4, 0.5, 0.7, 1.0]
UNITS = 512  # where the density changes


def update(units, steps, trials, density):
    """Seconds of an update by backpropagation through time, and bytes that training takes with its network."""
    net = na.Network(dt=20).input("u", 3).population("E", units, tau=100, noise=0.1).output("z", 3)
    net.connect("u", "E").connect("E", "E z")
    if density < 1:
        net.constrain("E", "E", na.Sparse(density))
    net.build(seed=1)
    draw = np.random.default_rng(1)
    batch = na.Trials(draw.standard_normal((steps, trials, 3)), draw.standard_normal((steps, trials, 3)))
    trainer = na.Trainer(net, cost=na.MSE("z"), optimizer=na.Adam(1e-4), threads=1)
    trainer.step(batch)
    times, end = [], time.perf_counter() + 0.4
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        trainer.step(batch)
        times.append(time.perf_counter() - start)
    return min(times), trainer.memory


def measure():
    found = {}
    for axis, values in AXES.items():
        for name, density in SHARES.items():
            print(f"  {axis}, {name}", flush=True)
            found[f"{axis}, {name}"] = [update(**{**USUAL, axis: value}, density=density) for value in values]
    print("  density", flush=True)
    found["density"] = [update(UNITS, USUAL["steps"], USUAL["trials"], density) for density in DENSITIES]
    return found


def draw(found, path):
    figure, panels = plt.subplots(2, 4, figsize=(13, 5.6), layout="constrained", sharex="col")
    for row, (part, scale, label) in enumerate([(0, 1e3, "an update (ms)"), (1, 1e-6, "memory (MB)")]):
        for panel, (axis, values) in zip(panels[row], AXES.items()):
            for name in SHARES:
                panel.loglog(values, scale * np.array(found[f"{axis}, {name}"])[:, part], "o-", label=name)
            panel.set(xlabel=axis if row else None, ylabel=label if axis == "units" else None)
        panel = panels[row, 3]
        panel.semilogx(DENSITIES, scale * np.array(found["density"])[:, part], "o-", color="C2")
        panel.axvline(0.3, color="grey", linestyle=":")
        panel.set(ylim=(0, 1.1 * panel.get_ylim()[1]), xlabel=f"share of synapses, {UNITS} units" if row else None)
    panels[0, 0].legend(frameon=False)
    for side, word in (("right", "lists "), ("left", " whole")):
        panels[0, 3].text(0.3, 0.06, word, ha=side, transform=panels[0, 3].get_xaxis_transform())
    usual = ", ".join(f"{value} {name}" for name, value in USUAL.items())
    figure.suptitle(f"Backpropagation through time, one thread; where nothing else is said {usual}")
    figure.savefig(path, dpi=100)


def main(folder="build"):
    found = measure()
    (Path(folder) / "scaling.json").write_text(json.dumps(found, indent=2) + "\n")
    draw(found, Path(folder) / "scaling.png")
    print(f"  {folder}/scaling.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
