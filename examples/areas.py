"""Three areas of cortex, laid out from a published table, learn to tell which of two stimuli is stronger.

The stimuli reach V1; the choice is read from the prefrontal cortex. Usage: areas.py [folder for the picture]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import neuroai as na

QUICK = bool(os.environ.get("NEUROAI_EXAMPLE_QUICK"))


def compose(seed):
    """E, PV, SST and VIP cells in each area, as often connected as in slices; areas by distance and level."""
    cortex = na.anatomy.Areas("V1 V2 PFC", positions=[[0, 0, 0], [3, 1, 0], [8, 0, 0]], level=[0, 1, 2], density=1)
    net = na.Network(dt=20).input("stimulus", 3).output("choice", 3)
    for area in cortex.names:
        cells = {"E": 60, "PV": 10, "SST": 8, "VIP": 6}
        na.anatomy.populate(net, "allen_l23", cells, area=area, parameters={"*": {"noise": 0.1}})
    cortex.connect(net)
    return cortex, net.connect("stimulus", "V1/E V1/PV").connect("PFC/E", "choice").build(seed)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    cortex, net = compose(seed=1)
    print(na.anatomy.table("allen_l23"), cortex, sep="\n")
    task = na.tasks.PerceptualDecisionMaking(stimulus=600)
    trainer = na.Trainer(net, task, cost=na.CrossEntropy("choice"), optimizer=na.Adam(3e-3), clip=1, seed=1)
    history = trainer.fit(20 if QUICK else 400)
    print(f"correct {history.performance[-1]:.3f}")

    figure = plt.figure(figsize=(11, 9), layout="constrained")
    panels = figure.subplots(2, 2)
    na.plot.connectivity("allen_l23", ax=panels[0, 0])
    na.plot.areas(cortex, ax=panels[0, 1])
    na.plot.blocks(net, ax=panels[1, 0])
    na.plot.history(history, ax=panels[1, 1])
    figure.savefig(folder / "areas.png", dpi=120)


if __name__ == "__main__":
    main()
