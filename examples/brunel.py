"""The four regimes of Brunel's network of integrate-and-fire neurons (2000), with the rates of theory beside them.

The theory is read from the network: na.mean_field() counts the synapses that were built, and takes their weights.

Usage: brunel.py [folder for the picture] [excitatory neurons, 10000 in the paper]
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
NEURONS, CONNECTIONS = (400, 100) if QUICK else (10_000, 1000)
END = 300 if QUICK else 1200  # ms
NAMES = {
    "SR": "synchronous regular",
    "SI fast": "synchronous irregular, fast",
    "AI": "asynchronous irregular",
    "SI slow": "synchronous irregular, slow",
}


def main(folder=".", neurons=NEURONS):
    figure = plt.figure(figsize=(10, 7), layout="constrained")
    grid = figure.add_gridspec(2, 2)
    for place, (regime, name) in zip(grid, NAMES.items()):
        net = na.circuits.brunel2000(regime, n=int(neurons), connections=CONNECTIONS, weight=100 / CONNECTIONS).build(1)
        theory = na.mean_field(net).rates
        run = net.run(steps=round(END / net.dt))
        late = run.spikes["E"].between(END / 2)
        cv = np.nanmean(na.spikes.cv(late)) if late.rate * END > 6000 else np.nan
        print(
            f"{name}: E {late.rate:.1f} Hz, theory {theory['E']:.1f} Hz, CV {cv:.2f}, "
            f"synchrony {na.spikes.synchrony(late):.0f}"
        )
        above, _ = na.plot.raster(
            run, window=(END - 200, END), theory=theory, bin=1, units=60, ax=figure.add_subplot(place)
        )
        above.set_title(f"{name}: {late.rate:.1f} Hz, theory {theory['E']:.1f} Hz", fontsize="medium")
    path = Path(folder) / "brunel.png"
    figure.savefig(path, dpi=100)
    print(f"{path}: spikes of some neurons, and rates of the populations; dashed: theory")


if __name__ == "__main__":
    main(*sys.argv[1:])
