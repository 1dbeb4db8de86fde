"""Masse, Yang, Song, Wang & Freedman 2019, "Circuit mechanisms for the maintenance and manipulation of information in
working memory": where synapses have short-term plasticity, a network holds the sample of a delayed match in them, and
fires less during the delay.

As in the authors' program (parameters.py, model.py): 80 excitatory and 20 inhibitory units of 100 ms whose rectifier
stands around the leak, half of the senders facilitating (U .15, tau_x 200 ms, tau_u 1500 ms), half depressing (U .45,
1500, 200); noise of .5 in units and .1 in inputs; weights gamma of shape .1 from E and .2 from I and inputs, a third
of these between units where synapses are static, as theirs (what is released is smaller than what is sent); a cost of
.02 on the mean square of rates; Adam. Ours are smaller: steps of 20 ms, 64 trials a batch, a lower learning rate. With
that cost from the start a network of static synapses does not learn within so few trials, so both start with a
twentieth of it. No number of the paper could be read, so the rows have no reference.
"""

from __future__ import annotations

import numpy as np
from harness import CLOSE, MET, NOT, OURS, TOO_SHORT, Result, Row, median, spread

import neuroai as na

PAPER = "Masse et al. 2019"
DT, TAU = 20, 100  # ms
UNITS = {"E": (80, 1), "I": (20, -1)}
KINDS = {"U": (0.15, 0.45), "tau_x": (200, 1500), "tau_u": (1500, 200)}  # facilitating, depressing
SHAPES = {"E": 0.1, "I": 0.2, "motion": 0.2}
FIXATION, SAMPLE, DELAY = 500, 500, 1000  # ms
BEFORE_TEST = (FIXATION + SAMPLE + DELAY) // DT  # steps
#: Weight of the cost on rates, and updates with it.
STAGES = ((0.001, 600), (0.02, 1400))
BATCH, RATE, QUICK_UPDATES = 64, 2e-3, 30
DECODED_FROM, TRIALS = 400, 800


def compose(seed, plastic):
    net = na.Network(dt=DT).input("motion", 24, noise=0.1, tau=TAU, rectify=1).output("answer", 3)
    for name, (n, sign) in UNITS.items():
        net.population(name, n, sign, tau=TAU, leak="whole", noise=0.5)
    net.connect("motion", "E I", initial=na.Gamma(SHAPES["motion"], 1)).connect("E", "answer")
    for name, (n, _) in UNITS.items():
        kinds = {number: np.where(np.arange(n) % 2 == 0, *values) for number, values in KINDS.items()}
        start = na.Gamma(SHAPES[name], 1 if plastic else 1 / 3)
        net.connect(name, "E I", initial=start, short_term=na.TsodyksMarkram(**kinds) if plastic else None)
    return net.build(seed)


def train(net, task, seed, quick):
    for weight, updates in STAGES:
        cost = na.CrossEntropy("answer") + weight * na.L2Rates("E I", normalise=True)
        trainer = na.Trainer(net, task, cost, na.BPTT(), na.Adam(RATE), batch=BATCH, clip=1, threads=1, seed=seed)
        trainer.fit(QUICK_UPDATES if quick else updates, progress=False, evaluate_every=0)


def decoded(features, classes):
    """Share of trials whose class is that of the nearest mean, by the pooled variance of each feature."""
    known, wanted = np.unique(classes), slice(DECODED_FROM, None)
    means = np.stack([features[:DECODED_FROM][classes[:DECODED_FROM] == c].mean(axis=0) for c in known])
    rest = features[:DECODED_FROM] - means[np.searchsorted(known, classes[:DECODED_FROM])]
    scale = np.sqrt(rest.var(axis=0) + 1e-12)
    distance = (((features[wanted, None] - means) / scale) ** 2).mean(axis=2)
    return float((known[distance.argmin(axis=1)] == classes[wanted]).mean())


def look_at(net, task, seed, plastic):
    """New trials: rates by step; and what the end of the delay holds of the sample."""
    trials = task.trials(net, TRIALS, seed=1000 + seed)
    state = net.state(trials=TRIALS, seed=seed)
    run = net.run(trials.inputs[:BEFORE_TEST], state=state, progress=False)
    sample = np.asarray(trials.conditions["sample"])
    rates = np.concatenate([run.rates[name] for name in UNITS], axis=2)
    mean = rates.mean(axis=(1, 2))
    found = {
        "rates": mean.tolist(),
        "rate": float(mean[-DELAY // DT :].mean()),
        "from rates": decoded(rates[-1], sample),
    }
    if plastic:
        held = [np.multiply(*state.short_term(name, "E")) for name in UNITS]
        found["from synapses"] = decoded(np.concatenate(held, axis=1), sample)
    return found


def measure(seed, quick):
    found = {}
    for plastic in (True, False):
        net = compose(seed, plastic)
        task = na.tasks.MasseDMS(fixation=FIXATION, sample=SAMPLE, delay=DELAY)
        train(net, task, seed, quick)
        correct = na.evaluate(net, task, trials=TRIALS, seed=seed, progress=False).performance
        found["plastic" if plastic else "static"] = {"correct": correct, **look_at(net, task, seed, plastic)}
    return found


# --- rows ------------------------------------------------------------------------------------------------------------


def of(values, which, what):
    return [value[which][what] for value in values]


def judge_synapses(values, quick):
    correct, synapses = of(values, "plastic", "correct"), of(values, "plastic", "from synapses")
    rates = of(values, "plastic", "from rates")
    level = MET if median(correct) >= 0.9 and median(synapses) >= 0.9 else NOT
    if level == NOT and median(correct) >= 0.8 and median(synapses) >= 0.7:
        level = CLOSE
    said = f"correct {spread(correct, '{:.2f}')}; the sample from synapses {spread(synapses, '{:.2f}')}"
    static = of(values, "static", "from rates")
    note = f"From rates at the same time {spread(rates, '{:.2f}')}, chance 1/8; where synapses are static, which have "
    note += f"nothing else, {spread(static, '{:.2f}')}."
    return Result(said, TOO_SHORT if quick else level, note)


def judge_rates(values, quick):
    correct = [min(value["plastic"]["correct"], value["static"]["correct"]) for value in values]
    ratio = [value["plastic"]["rate"] / value["static"]["rate"] for value in values]
    level = MET if median(correct) >= 0.9 and median(ratio) <= 0.8 else NOT
    if level == NOT and median(correct) >= 0.8 and median(ratio) <= 1:
        level = CLOSE
    said = f"the rate in the delay is {spread(ratio, '{:.2f}')} of that without"
    rates = (f"{spread(of(values, which, 'rate'), '{:.2f}')}" for which in ("plastic", "static"))
    note = "Mean rates {} and {}; correct, of the two the less: {}.".format(*rates, spread(correct, "{:.2f}"))
    return Result(said, TOO_SHORT if quick else level, note)


def draw(values, quick):
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
    time = np.arange(1, BEFORE_TEST + 1) * DT - FIXATION
    for which, colour in (("plastic", "C0"), ("static", "C1")):
        for k, value in enumerate(values):
            label = {"plastic": "short-term plasticity", "static": "static synapses"}[which]
            left.plot(time, value[which]["rates"], color=colour, lw=1, label=None if k else label)
    left.axvspan(0, SAMPLE, color="0.93", lw=0)
    left.set(xlabel="from the sample (ms)", ylabel="mean rate", ylim=(0, None))
    left.legend(frameon=False, fontsize=8)
    bars = (("plastic", "from synapses"), ("plastic", "from rates"), ("static", "from rates"))
    for k, (which, what) in enumerate(bars):
        right.plot([k] * len(values), of(values, which, what), "o", color="C0" if which == "plastic" else "C1", ms=5)
    right.axhline(1 / 8, color="0.6", lw=0.8, ls=":")
    right.set_xticks(range(3), ["synapses u x", "rates", "rates, static"])
    right.set(ylabel="sample decoded, end of delay", ylim=(0, 1.05), xlim=(-0.5, 2.5))
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    return figure


SHARED = {
    "paper": PAPER,
    "compared_with": OURS,
    "measure": measure,
    "seeds": 3,
    "minutes": 1.8,
    "note": "Steps of 20 ms (theirs 10), 64 trials a batch (1024), 2000 updates of which the first 600 have a "
    "twentieth of the cost on rates; no number of the paper could be read. Synapses hold the sample before "
    "any training, too: that they are used shows in what is correct.",
}
ROWS = [
    Row(
        name="masse2019.synapses",
        claim="with short-term plasticity, synapses hold the sample at the end of the delay of a match to sample",
        tolerance="median correct at least 0.9, and sample decoded from u x in 0.9 of trials; nearly: 0.8 and 0.7",
        judge=judge_synapses,
        draw=draw,
        **SHARED,
    ),
    Row(
        name="masse2019.rates",
        claim="a network whose synapses have it fires less during the delay than one whose synapses are static",
        tolerance="median ratio of rates in the delay at most 0.8, both correct in 0.9; nearly: at most 1, 0.8",
        judge=judge_rates,
        **SHARED,
    ),
]
