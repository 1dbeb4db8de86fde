"""Kuan et al. 2024, opponent inhibition in posterior parietal cortex, and the pattern of excitation and inhibition in
the trained networks of Yang & Wang 2020: excitatory units drive inhibitory ones of their own preference, which inhibit
those of the other.
"""

from __future__ import annotations

import math
from typing import Any, Dict

import numpy as np
from harness import AUTHORS, CLOSE, MET, NOT, PUBLISHED, TOO_SHORT, Result, Row, spread

import neuroai as na

# --- the linear network of four populations --------------------------------------------------------------------------

#: Sum and difference of the weights within and across pools; a negative D_EI is opponent inhibition.
S_EI, S_IE, D_EI, D_IE = 2.0, 2.0, -0.7, 1.0
GAINS = {"preferred": 1.767, "other": -1.567}  # (1/5 + 1/0.3) / 2 and (1/5 - 1/0.3) / 2
DRIVE = 1.0


def compose_linear():
    """E1, I1, E2, I2, each one linear unit, tau dx/dt = -x + J x + input to E1; signs as Dale has them."""
    within = {("E", "I"): (S_IE + D_IE) / 2, ("I", "E"): -(S_EI + D_EI) / 2}
    across = {("E", "I"): (S_IE - D_IE) / 2, ("I", "E"): -(S_EI - D_EI) / 2}
    net = na.Network(dt=1).input("drive", 1)
    for pool in "12":
        for kind, sign in (("E", +1), ("I", -1)):
            net.population(kind + pool, 1, sign, transfer="linear", tau=100, plastic_bias=0)
    net.connect("drive", "E1", initial=[[DRIVE]])
    for pre in "12":
        for post in "12":
            for (source, target), weight in (within if pre == post else across).items():
                net.connect(source + pre, target + post, initial=[[weight]])
    net.balance("*", False)
    return net.build(seed=1)


def measure_gains(seed, quick):
    """Run until it stands still: the slowest mode has 100 ms / (1 - sqrt(0.7)) = 612 ms."""
    net = compose_linear()
    run = net.run(np.ones((20000, 1, 1), np.float32))
    rates = {name: rate[:, 0, 0].astype(float) for name, rate in run.rates.items()}
    still = max(abs(rate[-1] - rate[-2000]) for rate in rates.values())
    shown = slice(0, 4000, 20)
    return {
        "preferred": rates["E1"][-1] / DRIVE,
        "other": rates["E2"][-1] / DRIVE,
        "still": still,
        "time": run.time[shown],
        "rates": {name: rate[shown] for name, rate in rates.items()},
    }


def judge_gains(values, quick):
    value = values[0]
    off = max(abs(value[which] - gain) for which, gain in GAINS.items())
    level = NOT if off > 0.01 or value["still"] > 1e-3 else MET if off <= 0.001 else CLOSE
    return Result(f"{value['preferred']:+.3f} / {value['other']:+.3f}", level)


def draw_gains(values, quick):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.2, 3.2), layout="constrained")
    for name, rate in values[0]["rates"].items():
        colour, style = "C0" if name[0] == "E" else "C3", "-" if name[1] == "1" else "--"
        ax.plot(np.array(values[0]["time"]) / 1000, rate, style, color=colour, label=name)
    for gain in GAINS.values():
        ax.axhline(gain, color="0.7", lw=1, ls=":")
    ax.set(xlabel="time (s)", ylabel="activity, input 1 to E1")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, ncols=2)
    return figure


# --- a trained network -----------------------------------------------------------------------------------------------

N_E, N_I, UPDATES, SHUFFLES = 80, 20, 5000, 5000  # as many updates as in the primer
TASK = {"fixation": 500, "stimulus": 500}  # ms
CORRECT = 0.8  # an ideal observer: 0.8645; a network that has not learnt says nothing
LEAST = 0.25  # d' below which a unit is said to prefer nothing
LEVEL = 0.05


def compose(seed):
    """As the primer of Yang & Wang 2020: Dale's law as training |W|, readout from E only, no autapses."""
    net = na.Network(dt=20)
    net.input("stimulus", 3).output("choice", 3)
    net.population("E", N_E, +1, noise=0.15).population("I", N_I, -1, noise=0.15)
    net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice")
    net.constrain("E I", "E I", na.Dale("reflect"))
    return net.build(seed=seed)


def preferences(net, seed):
    """d' of each unit's mean rate during the stimulus, target 2 against target 1, by population."""
    run = net.run(na.tasks.PerceptualDecisionMaking(**TASK).trials(net, 1000, seed=seed), seed=seed)
    target = run.trials.conditions["target"]
    during = (run.time > TASK["fixation"]) & (run.time <= TASK["fixation"] + TASK["stimulus"])
    found = {}
    for name, rates in run.rates.items():
        rate = rates[during].mean(axis=0).astype(float)
        one, two = rate[target == target.min()], rate[target == target.max()]
        spread_of = np.sqrt((one.var(axis=0) + two.var(axis=0)) / 2)
        found[name] = (two.mean(axis=0) - one.mean(axis=0)) / np.maximum(spread_of, 1e-6)
    return found


def contrast(weights, post, pre):
    """Mean weight between units of the same preference less that between units of different ones, over the mean."""
    same = np.outer(post, pre) > 0
    return (weights[same].mean() - weights[~same].mean()) / weights.mean()


def test(weights, post, pre, direction, rng):
    """The contrast; and how often labels shuffled at both ends give one as far in the direction expected.

    Args:
        post, pre: preferences of the two ends, +1 or -1; one array when the units are the same.
        direction: +1 where the contrast should be positive, else -1.
    """
    seen = contrast(weights, post, pre)
    tied = post is pre
    others = []
    for _ in range(SHUFFLES):
        a = rng.permutation(post)
        others.append(contrast(weights, a, a if tied else rng.permutation(pre)))
    beyond = sum(direction * other >= direction * seen for other in others)
    return {"contrast": seen, "p": (1 + beyond) / (1 + SHUFFLES), "shuffled": np.percentile(others, [2.5, 50, 97.5])}


def patterns(net, seed):
    """The three claims about this network's weights, with what was measured."""
    rng = np.random.default_rng(seed)
    d = preferences(net, 1000 + seed)
    clear = {name: np.abs(values) >= LEAST for name, values in d.items()}
    e, i = (np.sign(d[name][clear[name]]) for name in "EI")
    if min(len(set(e)), len(set(i))) < 2:
        return None
    excitation = net.weights("E", "I")[np.ix_(clear["I"], clear["E"])].astype(float)
    inhibition = -net.weights("I", "E")[np.ix_(clear["E"], clear["I"])].astype(float)
    return {
        "excitation": test(excitation, i, e, +1, rng),
        "inhibition": test(inhibition, e, i, -1, rng),
        "opponent": test(inhibition @ excitation, e, e, -1, rng),
        "E": [int((e < 0).sum()), int((e > 0).sum())],
        "I": [int((i < 0).sum()), int((i > 0).sum())],
    }


def measure_trained(seed, quick):
    net, task = compose(seed), na.tasks.PerceptualDecisionMaking(**TASK)
    before = patterns(net, seed)
    trainer = na.Trainer(net, task, na.CrossEntropy("choice"), na.BPTT(), na.Adam(1e-3), seed=seed)
    trainer.fit(UPDATES, progress=False, evaluate_every=0)
    correct = na.evaluate(net, task, trials=2000, seed=seed).performance
    return {"correct": correct, "before": before, "after": patterns(net, seed)}


#: Which way each claim goes.
DIRECTION = {"excitation": +1, "inhibition": -1, "opponent": -1}


def sign_test(successes, n):
    """How likely so many successes of ``n`` are, or more, where each is as likely as not."""
    return sum(math.comb(n, k) for k in range(successes, n + 1)) / 2**n


def judge_pattern(what, less_untrained=False):
    """A judge over networks, each of which counts by the sign of its contrast, less that before training or not."""

    def judge(values, quick):
        learnt = [value for value in values if value["correct"] >= CORRECT and value["after"] and value["before"]]
        if not learnt:
            return Result("no network learnt the task", TOO_SHORT if quick else NOT)
        after, before = ([value[when][what]["contrast"] for value in learnt] for when in ("after", "before"))
        found = [a - b for a, b in zip(after, before)] if less_untrained else after
        held = sum(DIRECTION[what] * one > 0 for one in found)
        p = sign_test(held, len(found))
        level = MET if p < LEVEL else CLOSE if held > len(found) / 2 else NOT
        said = f"{spread(found, '{:+.2f}')}; so in {held} of {len(found)}, p = {p:.2g}"
        chance = [sum(value[when][what]["p"] < LEVEL for value in learnt) for when in ("after", "before")]
        note = (
            f"Trained {spread(after, '{:+.2f}')}, untrained {spread(before, '{:+.2f}')}; against shuffled preferences "
            f"p < {LEVEL} in {chance[0]} trained and {chance[1]} untrained ones. "
            f"Correct: {spread([value['correct'] for value in learnt], '{:.3f}')}."
        )
        return Result(said, level if not quick or level == MET else TOO_SHORT, note)

    return judge


def draw_patterns(values, quick):
    import matplotlib.pyplot as plt

    names = {"excitation": "E to I", "inhibition": "I to E", "opponent": "E to I to E"}
    figure, ax = plt.subplots(figsize=(4.6, 3.2), layout="constrained")
    ax.axhline(0, color="0.8", lw=1)
    for place, what in enumerate(names):
        found = [value["after"][what] for value in values if value["after"]]
        untrained = [value["before"][what]["contrast"] for value in values if value["before"]]
        label = "untrained networks" if place == 0 else None
        ax.plot([place + 0.38] * len(untrained), untrained, "_", ms=8, color="0.4", label=label)
        for shift, one in zip(np.linspace(-0.25, 0.25, len(found)) if len(found) > 1 else [0], found):
            low, _, high = one["shuffled"]
            first = place == 0 and one is found[0]
            label = ("labels shuffled, 95 %", "trained networks") if first else (None, None)
            colour = "C3" if what == "excitation" else "C0"
            ax.plot([place + shift] * 2, [low, high], color="0.75", lw=4, solid_capstyle="butt", label=label[0])
            ax.plot(place + shift, one["contrast"], "o", ms=5, color=colour, label=label[1])
    ax.set_xticks(range(len(names)), names.values())
    ax.set(ylabel="weight, same less other preference\n(relative to the mean)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small")
    return figure


PAPER = "Kuan et al. 2024"
NOTE = (
    f"Perceptual decision-making, {N_E} E and {N_I} I units, Adam, {UPDATES} updates of 64 trials. Preference: sign of "
    f"d' of the rate during the stimulus; units with |d'| < {LEAST} are left out. "
    "Contrast: mean weight of same less other preference, relative to the mean. Untrained networks show some of it."
)
TOLERANCE = f"a sign test over the networks has p < {LEVEL} (one-sided); close: most networks"
SHARED: Dict[str, Any] = {"paper": PAPER, "measure": measure_trained, "seeds": 12, "quick_seeds": 2, "minutes": 0.4}

ROWS = [
    Row(
        name="kuan2024.gains",
        paper=PAPER,
        claim="gains of the linear network of two E and two I populations, of the preferred and of the other E",
        compared_with=AUTHORS,
        reference="+1.767 / -1.567",
        source="the parameters of gen_fig4_linear.ipynb, solved by hand",
        tolerance="both within 0.001, and nothing moves any more; close: within 0.01",
        measure=measure_gains,
        judge=judge_gains,
        draw=draw_gains,
        minutes=0.1,
    ),
    Row(
        name="kuan2024.excitation",
        claim="in networks that have learnt a decision, E units drive I units of their own preference more",
        compared_with=PUBLISHED,
        reference="more (r = +0.19)",
        source="what the authors' notebook gen_fig4_RNN.ipynb printed, of a network fitted to recordings",
        tolerance=TOLERANCE,
        judge=judge_pattern("excitation"),
        draw=draw_patterns,
        note=NOTE,
        **SHARED,
    ),
    Row(
        name="kuan2024.inhibition",
        claim="training a decision makes I units inhibit E units of the other preference more",
        compared_with=PUBLISHED,
        reference="more (rho = -0.09)",
        source="what the authors' notebook gen_fig4_RNN.ipynb printed, of a network fitted to recordings",
        tolerance=TOLERANCE + "; of the contrast of each network less its contrast before training",
        judge=judge_pattern("inhibition", less_untrained=True),
        note=NOTE,
        **SHARED,
    ),
    Row(
        name="kuan2024.opponent",
        claim="in networks that have learnt a decision, E units inhibit E units of the other preference more, over the "
        "I units",
        compared_with=PUBLISHED,
        reference="opponent inhibition (a statement)",
        source="the paper's abstract",
        tolerance=TOLERANCE,
        judge=judge_pattern("opponent"),
        note=NOTE,
        **SHARED,
    ),
]
