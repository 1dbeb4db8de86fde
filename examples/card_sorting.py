"""Two areas of excitatory cells with dendrites, PV, SST and VIP cells learn to sort cards by a rule that only the
outcomes tell (Liu & Wang 2024, smaller). Then each cell type is silenced. Takes about three minutes.

Usage: card_sorting.py [folder for the picture]
"""

import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import neuroai as na

QUICK = bool(os.environ.get("NEUROAI_EXAMPLE_QUICK"))
TIMES = {"feedback": 100, "interval": 200, "centre": 100, "response": 200, "jitter": 40}  # ms


def compose():
    net = na.Network(dt=20).input("stimulus", 16, sign=+1).input("feedback", 2, sign=+1)
    net.output("response", 3).output("rule", 2)
    for area in ("sr", "pfc"):  # sensorimotor, prefrontal
        net.population(f"{area}/E", 30, +1, model="dendritic", branches=2, output_noise=0.01, plastic_bias=0)
        for cell in ("PV", "SST", "VIP"):
            net.population(f"{area}/{cell}", 5, -1, leak="rate", output_noise=0.01, plastic_bias=0)
        net.connect(f"{area}/E", f"{area}/E {area}/PV {area}/SST")
        net.connect(f"{area}/PV", f"{area}/E {area}/PV").connect(f"{area}/VIP", f"{area}/SST")
    net.connect("sr/SST", "sr/E:dendrite", outdegree=12).connect("sr/SST", "sr/PV sr/VIP")
    net.connect("pfc/SST", "pfc/E:dendrite pfc/PV pfc/VIP")
    net.connect("pfc/E", "sr/E:dendrite sr/PV sr/SST sr/VIP").connect("sr/E", "pfc/E:dendrite pfc/PV")
    net.connect("stimulus", "sr/E:dendrite sr/PV").connect("feedback", "pfc/E:dendrite pfc/PV")
    net.connect("sr/E", "response").connect("pfc/E", "rule")
    return net.constrain("*/E", "response rule", na.Dale("off")).build(1)


def main(folder="."):
    net = compose()
    task = na.tasks.WCST(shared=1, **TIMES)  # 20 cards, during which the rule switches three times
    trainer = na.Trainer(net, task, na.MSE("response") + na.MSE("rule"), na.BPTT(), na.Adam(1e-3), clip=1)
    trainer.set("batch", 16)
    trainer.set("evaluate_every", 5 if QUICK else 100)
    trainer.set("evaluate_trials", 20)
    history = trainer.fit(10 if QUICK else 2500)

    test = na.tasks.WCST(trials=40 if QUICK else 200, every=20, **{**TIMES, "jitter": 0})
    errors = na.analysis.errors_after_switch(na.evaluate(net, test, 5))
    silenced = na.experiment.silence(net, test, ["sr/SST", "sr/PV", "sr/VIP", "pfc/SST", "pfc/PV"], trials=5)
    print(f"errors after a switch of the rule: {errors.mean():.2f}; whoever infers it makes one")
    print(silenced)

    figure = plt.figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.2])
    na.plot.history(history, ax=left.subplots())
    na.plot.silencing(silenced, ax=right.subplots())
    figure.savefig(Path(folder) / "card_sorting.png", dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:])
