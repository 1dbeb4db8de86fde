"""Local rules on the network of the library's own example: 80 excitatory and 20 inhibitory units in a cubic
millimetre, a fifth of whose synapses exist, that obey Dale's law, fire little and have short wires, and learn to decide
which of two noisy stimuli of 500 ms was stronger.

No paper has these numbers. What RFLO is held against is a prototype of it, another program, which had 84 % correct
within 1000 updates of 64 trials; an ideal observer has 86.45 %.
"""

from __future__ import annotations

import math

import numpy as np
from harness import ANOTHER, CLOSE, MET, NOT, OURS, TOO_SHORT, Result, Row, median, spread

import neuroai as na

PAPER = "local rules"
CRITERION, EVERY, UPDATES, TEST = 0.82, 50, 1000, 4000

RULES = {
    "bptt": lambda seed: na.BPTT(),
    "rflo": lambda seed: na.RFLO(seed),
    "symmetric": lambda seed: na.EProp("symmetric"),
    "adaptive": lambda seed: na.EProp("adaptive", seed),
}
LABELS = {"bptt": "BPTT", "rflo": "RFLO", "symmetric": "e-prop, symmetric", "adaptive": "e-prop, adaptive"}


def compose(seed):
    net = na.Network(dt=20).input("stimulus", 3)
    net.population("E", 80, sign=+1, tau=100, noise=0.15).population("I", 20, sign=-1, tau=100, noise=0.15)
    net.output("choice", 3).place("E I", box=(1, 1, 1))
    net.connect("stimulus", "E I").connect("E I", "E I", density=0.2).connect("E", "choice")
    net.constrain("E I", "*", na.Dale("clamp"))
    return net.build(seed=seed)


def learn(rule, seed, quick):
    """Fraction correct every EVERY updates."""
    net, task = compose(seed), na.tasks.PerceptualDecisionMaking(fixation=500, stimulus=500)
    cost = na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I") + 1e-5 * na.Distance("E I", "E I")
    settings = {"batch": 64, "threads": 1, "seed": seed, "evaluate_every": 0}
    trainer = na.Trainer(net, task, cost, RULES[rule](seed), na.Adam(1e-3), **settings)
    correct = []
    while trainer.updates < (UPDATES // 2 if quick else UPDATES):
        trainer.fit(EVERY, progress=False)
        correct.append(na.evaluate(net, task, TEST, seed=22).performance)
    return {"correct": correct, "kept": keeps_to_the_rules(net)}


def keeps_to_the_rules(net):
    """Whether signs are Dale's and about a fifth of the synapses exist, whatever the rule did."""
    for pre, sign in (("E", 1), ("I", -1)):
        for post in ("E", "I"):
            weights, exists = net.weights(pre, post), net.mask(pre, post) != 0
            if (sign * weights < 0).any() or weights[~exists].any() or abs(exists.mean() - 0.2) > 0.05:
                return False
    return bool((net.weights("E", "choice") >= 0).all())


def measure(seed, quick):
    return {rule: learn(rule, seed, quick) for rule in RULES}


def updates_needed(course):
    """Updates until the criterion is first met; infinite where it is not."""
    return next((EVERY * (k + 1) for k, correct in enumerate(course) if correct >= CRITERION), math.inf)


def judge(values, quick, rule):
    courses = [value[rule]["correct"] for value in values]
    needed, last = [updates_needed(course) for course in courses], [course[-1] for course in courses]
    level = MET if median(last) >= 0.83 else CLOSE if median(last) >= 0.81 else NOT
    if not all(map(math.isfinite, needed)):
        level = NOT if level == NOT else CLOSE
    if not all(value[rule]["kept"] for value in values):
        level = NOT
    if quick and level != MET:
        level = TOO_SHORT
    ours = f"{spread(needed, '{:.0f}').replace('inf', 'never')} updates; at the end {spread(last, '{:.3f}')}"
    return Result(ours, level)


def judge_bptt(values, quick):
    return judge(values, quick, "bptt")


def judge_rflo(values, quick):
    return judge(values, quick, "rflo")


def judge_symmetric(values, quick):
    return judge(values, quick, "symmetric")


def judge_adaptive(values, quick):
    return judge(values, quick, "adaptive")


def draw(values, quick):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    for index, (rule, label) in enumerate(LABELS.items()):
        courses = np.array([value[rule]["correct"] for value in values])
        updates = EVERY * np.arange(1, courses.shape[1] + 1)
        ax.plot(updates, courses.T, color=f"C{index}", lw=0.6, alpha=0.3)
        ax.plot(updates, np.median(courses, axis=0), color=f"C{index}", lw=1.8, label=label)
    ax.axhline(0.8645, color="0.6", ls="--", lw=1, label="ideal observer")
    ax.axhline(CRITERION, color="tab:red", ls=":", lw=1, label="criterion")
    ax.set(xlabel="updates of 64 trials", ylabel="fraction correct", ylim=(0.6, 0.88), xlim=(0, None))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return figure


_ROW = {
    "paper": PAPER,
    "tolerance": "every seed has 0.82 within 1000 updates, and the median after 1000 is at least 0.83; close: 0.81",
    "measure": measure,
    "seeds": 5,
    "minutes": 0.5,
}
_CLAIM = "sparse network with Dale's law decides by {}: updates to 0.82, and correct after 1000"

ROWS = [
    Row(
        name="local_rules.bptt",
        claim=_CLAIM.format("BPTT"),
        compared_with=OURS,
        judge=judge_bptt,
        draw=draw,
        **_ROW,
    ),
    Row(
        name="local_rules.rflo",
        claim=_CLAIM.format("RFLO"),
        compared_with=ANOTHER,
        reference="0.84 within 1000 updates",
        source="a prototype of RFLO in NumPy",
        judge=judge_rflo,
        note="The library's own feedback, whose size was chosen on seeds 1, 2 and 5: smaller, it took 450 updates and "
        "ended at 0.832.",
        **_ROW,
    ),
    Row(
        name="local_rules.eprop-symmetric",
        claim=_CLAIM.format("e-prop, the transposed readout"),
        compared_with=OURS,
        judge=judge_symmetric,
        note="Inhibitory units have no readout here, so they get no error, and learn for the costs alone.",
        **_ROW,
    ),
    Row(
        name="local_rules.eprop-adaptive",
        claim=_CLAIM.format("e-prop, feedback that follows the readout"),
        compared_with=OURS,
        judge=judge_adaptive,
        **_ROW,
    ),
]
