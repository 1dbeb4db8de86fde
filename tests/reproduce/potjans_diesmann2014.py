"""Potjans & Diesmann 2014: eight rates of the column under 1 mm2 of cortex, 77 169 neurons and 299 million synapses.

A seed takes 7 GB of memory.
"""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
from harness import AUTHORS, CLOSE, MET, NOT, OURS, TOO_SHORT, Result, Row, spread

import neuroai as na

NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])
#: Relative differences that are met; two populations fire so little that chance shows.
NEAR = np.array([0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1])
#: ms, the first of which are left out; and the scale.
WARM, END, QUICK_SCALE, QUICK_END = 500, 10_500, 0.05, 1000


def measure(seed, quick):
    net = na.circuits.potjans_diesmann2014(QUICK_SCALE if quick else 1).build(seed, progress=False)
    theory = na.mean_field(net).rates
    state, total = net.state(seed=seed), dict.fromkeys(NAMES, 0)
    state.run(steps=round(WARM / net.dt), progress=False)
    end = QUICK_END if quick else END
    for _ in range((end - WARM) // 500):  # half a second at a time, for less memory
        run = net.run(steps=round(500 / net.dt), state=state, record=" ".join(NAMES), progress=False)
        for name in NAMES:
            total[name] += len(run.spikes[name])
    seconds = (end - WARM) / 1000
    return {
        "rates": [total[name] / net.populations[name] / seconds for name in NAMES],
        "theory": [theory[name] for name in NAMES],
    }


def numbers():
    return ", ".join(f"{name} {rate:g}" for name, rate in zip(NAMES, RATES))


def told(values, what):
    columns = np.array([value[what] for value in values]).T
    return ", ".join(f"{name} {spread(column, '{:.2f}')}" for name, column in zip(NAMES, columns)) + " Hz"


def judge(values, quick):
    off = np.abs(np.median([value["rates"] for value in values], axis=0) / RATES - 1) / NEAR
    level = MET if np.all(off <= 1) else CLOSE if np.all(off <= 2) else NOT
    return Result(told(values, "rates"), TOO_SHORT if quick and level != MET else level)


def judge_theory(values, quick):
    rates, theory = (np.median([value[what] for value in values], axis=0) for what in ("rates", "theory"))
    off = np.abs(theory / rates - 1) / NEAR
    level = MET if np.all(off <= 1) else CLOSE if np.all(off <= 2) else NOT
    return Result(told(values, "theory"), TOO_SHORT if quick and level != MET else level)


def draw(values, quick):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.6, 2.8), layout="constrained")
    places, found = np.arange(len(NAMES)), np.array([value["rates"] for value in values])
    colours = ["#c43c39" if name.endswith("E") else "#2a7f9e" for name in NAMES]
    ax.barh(places, np.median(found, axis=0), color=colours, alpha=0.75)
    ax.plot(RATES, places, "k|", ms=13, mew=2, label="the authors' program")
    ax.plot(np.median([value["theory"] for value in values], axis=0), places, "kx", ms=5, label="theory")
    ax.set_yticks(places, NAMES)
    ax.invert_yaxis()
    ax.set(xlabel="rate (Hz)")
    ax.legend(frameon=False, fontsize="small", loc="upper right")
    ax.spines[["top", "right"]].set_visible(False)
    return figure


COMMON: Dict[str, Any] = {"paper": "Potjans & Diesmann 2014", "measure": measure, "seeds": 2, "minutes": 15}

ROWS = [
    Row(
        name="potjans_diesmann2014.rates",
        claim="rates of the eight populations of the column at full scale, over 10 s",
        compared_with=AUTHORS,
        reference=f"{numbers()} Hz",
        source="what the authors' PyNEST program says of one seed",
        tolerance="medians within 10 %, of L23E and L6E 20 %; close: within twice that",
        judge=judge,
        draw=draw,
        note="The background is of Poisson trains, theirs is constant by default; no pair of neurons has several synapses.",
        **COMMON,
    ),
    Row(
        name="potjans_diesmann2014.theory",
        claim="the same in mean field, read from the synapses that were built",
        compared_with=OURS,
        tolerance="within 10 % of the rates above, of L23E and L6E 20 %; close: within twice that",
        judge=judge_theory,
        **COMMON,
    ),
]
