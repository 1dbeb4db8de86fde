"""32 areas of visual cortex with a column of four layers each: the structure of a multi-area model, by rules; what it does.

Usage: multi_area.py [folder for the picture] [scale, 0.02: 82 594 neurons with 41 million synapses]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

import neuroai as na

QUICK = bool(os.environ.get("NEUROAI_EXAMPLE_QUICK"))
SCALE, END = (0.002, 60) if QUICK else (0.02, 400)  # ms
TYPES = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]


def draw_links(cortex, axes):
    image = axes.imshow(np.where(cortex.links, cortex.fln, np.nan), norm=LogNorm(1e-4, 1), cmap="viridis")
    some = range(0, len(cortex.names), 5)
    axes.set_xticks(some, [cortex.names[k] for k in some])
    axes.set_yticks(some, [cortex.names[k] for k in some])
    axes.set(title=f"links: {100 * cortex.density:.0f} % of all", xlabel="from", ylabel="to")
    return image


def draw_spikes(run, cortex, axes):
    """Areas from above, layers from above in each of them."""
    row = 0
    for area in cortex.names:
        for name in TYPES:
            spikes = run.spikes.get(f"{area}/{name}")
            if spikes is not None:
                shown = spikes.between(END - 150, END)
                n = max(1, spikes.n // 10)
                few = shown.unit < n
                axes.plot(shown.times[few], row + shown.unit[few], ",", color="tab:red" if name.endswith("I") else "black")
                row += n
    axes.set(title="spikes, a tenth of the neurons", xlabel="time (ms)", xlim=(END - 150, END), ylim=(row, 0), yticks=[])
    axes.set_ylabel("V1 (above) to TH (below), inhibitory in red")


def draw_rates(run, cortex, axes):
    rates = np.full((len(TYPES), len(cortex.names)), np.nan)
    for (k, name), (a, area) in ((k, a) for k in enumerate(TYPES) for a in enumerate(cortex.names)):
        if f"{area}/{name}" in run.spikes:
            rates[k, a] = run.spikes[f"{area}/{name}"].between(min(100, END / 2)).rate
    image = axes.imshow(rates, norm=LogNorm(0.1, 100), cmap="magma", aspect="auto")
    axes.set_xticks(range(len(cortex.names)), cortex.names, rotation=90, fontsize="small")
    axes.set_yticks(range(len(TYPES)), TYPES)
    axes.set_title("rates")
    return image, rates


def main(folder=".", scale=SCALE):
    cortex = na.circuits.visual_areas()
    net = na.circuits.multi_area(float(scale), cortex)
    print(f"{sum(net.populations.values()):,} neurons, {len(net.projections):,} projections, {net.memory / 1e6:.0f} MB")
    run = net.build(1).run(steps=round(END / net.dt))
    figure, axes = plt.subplot_mosaic([["links", "spikes"], ["rates", "rates"]], figsize=(10, 8), layout="constrained")
    figure.colorbar(draw_links(cortex, axes["links"]), ax=axes["links"], label="FLN")
    draw_spikes(run, cortex, axes["spikes"])
    image, rates = draw_rates(run, cortex, axes["rates"])
    figure.colorbar(image, ax=axes["rates"], label="Hz")
    for name, of in zip(TYPES, rates):
        print(f"{name}: {np.nanmin(of):.2f} to {np.nanmax(of):.2f} Hz, mean {np.nanmean(of):.2f} Hz")
    path = Path(folder) / "multi_area.png"
    figure.savefig(path, dpi=100)
    print(f"{path}: links, spikes, rates")


if __name__ == "__main__":
    main(*sys.argv[1:])
