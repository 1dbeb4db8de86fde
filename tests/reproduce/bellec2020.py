"""Bellec et al. 2020, "A solution to the learning dilemma for recurrent networks of spiking neurons": a mouse runs past
seven cues, left or right, waits, and turns to the side on which there were more. Spiking neurons, half of which adapt
for two seconds, learn it by e-prop.

Each cue lasts 100 ms, with 50 ms between two; the delay is 500 to 1500 ms; then a cue of 150 ms asks for the answer, in
which the outputs count. Four groups of ten input neurons fire: two for the sides, one at the end, at 40 Hz; one all the
time, at 10 Hz. Numbers of neurons, time constants, thresholds and the target rate are those of the authors' program as
we remember it; the text was not at hand, so the claim has no reference.
"""

from __future__ import annotations

import numpy as np
from harness import CLOSE, MET, NOT, OURS, TOO_SHORT, Result, Row, median, spread

import neuroai as na

PAPER = "Bellec et al. 2020"
CUES, CUE, GAP, ANSWER, DELAY = 7, 100, 50, 150, (500, 1500)  # ms
BATCH, LOOK, MOST, QUICK_MOST = 32, 20, 600, 20
TESTS = 500


class Evidence(na.Task):
    """Which side had more cues; in each trial one side is the likelier one, by 0.7."""

    steps = CUES * (CUE + GAP) + DELAY[1] + ANSWER

    def generate(self, batch):
        batch.mask[:] = 0
        for trial, draw in batch.generators():
            right = draw.random(CUES) < draw.choice([0.3, 0.7])
            asked = CUES * (CUE + GAP) + int(draw.integers(*DELAY))
            end = asked + ANSWER
            rate = np.zeros((end, 4, 10))  # spikes in a step of 1 ms
            rate[:, 3] = 0.01
            rate[asked:, 2] = 0.04
            for k, side in enumerate(right.astype(int)):
                rate[k * (CUE + GAP) :, side][:CUE] = 0.04
            batch.input[:end, trial] = draw.random((end, 40)) < rate.reshape(end, 40)
            batch.classes[:, trial] = right.sum() > CUES / 2
            batch.mask[asked:end, trial] = 1
            batch.length[trial] = end


def compose(seed):
    lif = dict(model="lif", tau=20, threshold=0.6, refractory=5, soft_reset=1)
    net = na.Network(dt=1).input("in", 40).output("side", 2, tau=20, gain=0.05)
    net.population("LIF", 50, **lif).population("ALIF", 50, adaptation=0.0174, tau_adaptation=2000, **lif)
    net.connect("in", "LIF ALIF", initial=na.Normal(0, 0.158))
    net.connect("LIF ALIF", "LIF ALIF", initial=na.Normal(0, 0.1))
    return net.connect("LIF ALIF", "side", initial=na.Normal(0, 0.3)).build(seed)


def measure(seed, quick):
    """Errors on test trials every LOOK updates, until three looks in a row have one in twenty-five; then on others."""
    net, task = compose(seed), Evidence()
    cost = na.CrossEntropy("side") + na.UnitRateTarget("LIF ALIF", 0.01)
    how = {"batch": BATCH, "clip": 1, "threads": 1, "seed": seed, "evaluate_every": 0}
    trainer = na.Trainer(net, task, cost, na.EProp("symmetric"), na.Adam(5e-3), **how)
    curve = []
    while len(curve) * LOOK < (QUICK_MOST if quick else MOST) and (len(curve) < 3 or np.mean(curve[-3:]) > 0.04):
        trainer.fit(LOOK, progress=False)
        curve.append(1 - na.evaluate(net, task, trials=100, progress=False).performance)
    final = na.evaluate(net, task, trials=TESTS, seed=1, progress=False).performance
    return {"curve": curve, "error": 1 - final, "rate": 1000 * float(trainer.activity("ALIF").mean())}


def judge(values, quick):
    errors, rates = ([value[name] for value in values] for name in ("error", "rate"))
    updates = [len(value["curve"]) * LOOK for value in values]
    level = MET if median(errors) < 0.07 else CLOSE if median(errors) < 0.12 else NOT
    late = [float(np.mean(value["curve"][-5:])) for value in values]
    note = f"{spread(updates, '{:.0f}')} updates of {BATCH} trials; ALIF neurons fire at {spread(rates, '{:.0f}')} Hz. "
    note += f"The error goes up and down: over the last five looks of 100 trials it is {spread(late, '{:.3f}')}."
    return Result(f"error {spread(errors, '{:.3f}')}", TOO_SHORT if quick else level, note)


def draw(values, quick):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4, 3), layout="constrained")
    for value in values:
        ax.plot(np.arange(1, len(value["curve"]) + 1) * LOOK, value["curve"], lw=1)
    ax.axhline(0.07, color="0.6", lw=0.8, ls=":")
    ax.set(xlabel="update", ylabel="error", ylim=(0, 0.5))
    ax.spines[["top", "right"]].set_visible(False)
    return figure


ROWS = [
    Row(
        name="bellec2020.evidence",
        paper=PAPER,
        claim="By e-prop, spiking neurons learn to add up seven cues and to keep the sum for a second",
        compared_with=OURS,
        tolerance="median error on 500 test trials below 0.07; close: below 0.12",
        measure=measure,
        judge=judge,
        draw=draw,
        seeds=3,
        minutes=4,
        note="Numbers of the authors' program from memory.",
    )
]
