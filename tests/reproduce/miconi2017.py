"""Miconi 2017, "Biologically plausible learning in recurrent neural networks reproduces neural dynamics observed during
cognitive tasks": a chaotic network learns delayed non-match to sample from one number a trial.

The paper and the program that its author published differ: in learning rate, running means, limit, size of the pushes,
the number of constant units, and in a factor of the update, the mean error of the type, that the paper's text does not
have. One row has the program's numbers, two the printed ones, of which one has the program's limit. All else is as in
the program: three of the 200 units are constant, of current 1, 1 and -1; one of the others is the output, which gets no
stimuli; currents start at random; types of trials take turns; nothing is learnt in the first 101 trials.

A trial is correct if its error, the mean of |output - target| over the last 200 ms, is below 1. The program that drew
the paper's figure takes the criterion as met when more than 95 of the last 100 trials were correct, and counts trials
from 0, those without learning included. So do we.
"""

from __future__ import annotations

import math

import numpy as np
from harness import PUBLISHED, TOO_SHORT, Result, Row, grade, median, spread

import neuroai as na

PAPER = "Miconi 2017"
N, GAIN, TAU, DT = 200, 1.5, 30, 1
STEPS, JUDGED, SIZE = 1000, 200, 0.98
#: Of these stimuli, A or B: the target is SIZE where they differ, else -SIZE.
STIMULI = (slice(1, 201), slice(400, 600))
UNLEARNT, WINDOW, CRITERION = 101, 100, 95
#: Trials to a point of the figure.
BLOCK = 20
MEDIAN, QUARTILES = 843, (692, 1125)

PROGRAM = {
    "constants": (1, 1, -1),
    "rate": 0.1,
    "rule": {"reward_memory": 0.75, "limit": 3e-4, "amplitude": 16 * DT / TAU, "times_mean": True},
}
#: The fourth constant is 1 in a line of the program that is commented out.
PRINTED = {
    "constants": (1, 1, -1, 1),
    "rate": 0.5,
    "rule": {"reward_memory": 0.33, "limit": 1e-4, "amplitude": 0.5, "times_mean": False},
}
PRINTED_BUT_LIMIT = {**PRINTED, "rule": {**PRINTED["rule"], "limit": PROGRAM["rule"]["limit"]}}
#: Trials; about twice the published median, and three times.
LONG, QUICK_LONG = 1700, 1200
PRINTED_LONG, PRINTED_QUICK_LONG = 2500, 300


class AbsoluteError(na.Cost):
    """The mean of |output - target| where the mask is 1."""

    def on_outputs(self, batch):
        away = batch.output - batch.target
        if batch.gradient is not None:
            batch.gradient += batch.scale * batch.mask * np.sign(away) / batch.mask_total
        return float((batch.mask * np.abs(away)).sum(dtype=np.float64) / batch.mask_total)


def trial(kind):
    """One of the four types: AA, AB, BA, BB."""
    shown = divmod(kind, 2)
    inputs, target, mask = np.zeros((STEPS, 1, 2)), np.full((STEPS, 1, 1), SIZE), np.zeros((STEPS, 1))
    for when, which in zip(STIMULI, shown):
        inputs[when, 0, which] = 1
    if shown[0] == shown[1]:
        target *= -1
    mask[-JUDGED:] = 1
    return na.Trials(inputs, target, mask, conditions={"type": [float(kind)]})


def compose(rng, seed, constants):
    """Constant units are far into the saturation of tanh, so that pushes leave them as they are."""
    constants = np.array(constants, float)
    n = N - len(constants)
    weights = GAIN * rng.normal(size=(n, N)) / np.sqrt(N)
    net = na.Network(dt=DT).input("stimuli", 2)
    net.population("units", n, tau=TAU, transfer="tanh", plastic_bias=0)
    far = 50 * constants
    gain = np.tanh(np.abs(constants))
    net.population("constants", len(far), tau=TAU, transfer="tanh", bias=far, initial=far, gain=gain, plastic_bias=0)
    net.output("y", 1, plastic_bias=0)
    stimuli = rng.uniform(-1, 1, (n, 2))
    stimuli[0] = 0  # the output unit
    net.connect("stimuli", "units", plastic=False, initial=stimuli)
    net.connect("units", "units", autapses=True, initial=weights[:, :n])
    net.connect("constants", "units", initial=weights[:, n:])
    return net.connect("units", "y", plastic=False, initial=np.eye(1, n)).build(seed=seed)


def learn(seed, settings, trials):
    """The error of each trial."""
    rng = np.random.default_rng([seed, 2017])
    net = compose(rng, seed, settings["constants"])
    rule, optimizer = na.RewardHebbian(seed, **settings["rule"]), na.SGD(0)
    trainer = na.Trainer(net, None, AbsoluteError("y"), rule, optimizer, batch=1, threads=1, seed=seed)
    kinds, errors = [trial(kind) for kind in range(4)], []
    for number in range(trials):
        if number == UNLEARNT:
            optimizer.rate = settings["rate"]
        net.set("units", initial=rng.uniform(-0.1, 0.1, net.size("units")))
        errors.append(trainer.step(kinds[number % 4])["total"])
    return {"error": errors}


def measure_program(seed, quick):
    return learn(seed, PROGRAM, QUICK_LONG if quick else LONG)


def measure_printed(seed, quick):
    return learn(seed, PRINTED, PRINTED_QUICK_LONG if quick else PRINTED_LONG)


def measure_printed_but_limit(seed, quick):
    return learn(seed, PRINTED_BUT_LIMIT, PRINTED_QUICK_LONG if quick else PRINTED_LONG)


def correct(errors):
    """How many of the last 100 trials were correct: from trial 100 on."""
    right = np.cumsum(np.asarray(errors) < 1)
    return right[WINDOW:] - right[:-WINDOW]


def needed(errors):
    """Trials until the criterion is met; infinite where it is not."""
    met = np.flatnonzero(correct(errors) > CRITERION)
    return WINDOW + int(met[0]) if len(met) else math.inf


def shown(trials, long):
    return f"{trials:.0f}".replace("inf", f"more than {long}")


def judge(values, quick):
    found, long = sorted(needed(value["error"]) for value in values), len(values[0]["error"])
    level = grade(median(found), QUARTILES, (MEDIAN / 2, 2 * MEDIAN))
    if quick and not math.isfinite(median(found)):
        level = TOO_SHORT
    ours = shown(median(found), long)
    if len(found) > 1:
        fourth = len(found) // 4
        low, high, first, last = (shown(found[at], long) for at in (fourth, -1 - fourth, 0, -1))
        ours += f", quartiles {low} and {high} ({first} - {last})"
    met, error = sum(map(math.isfinite, found)), [np.mean(value["error"][-WINDOW:]) for value in values]
    note = f"{met} of {len(found)} met it within {long} trials; error of the last 100 trials {spread(error, '{:.2f}')}."
    return Result(ours, level, note)


def draw(values, quick):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained", sharex=True)
    errors = np.array([value["error"] for value in values])
    right = np.array([correct(row) for row in errors])[:, ::BLOCK]
    smooth = errors[:, : errors.shape[1] // BLOCK * BLOCK].reshape(len(errors), -1, BLOCK).mean(axis=2)
    for ax, courses, first in ((axes[0], smooth, BLOCK / 2), (axes[1], right, WINDOW)):
        trials = first + BLOCK * np.arange(courses.shape[1])
        ax.plot(trials, courses.T, color="0.8", lw=0.6)
        ax.plot(trials, np.median(courses, axis=0), color="tab:blue", lw=2)
        ax.set_xlabel("trial")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set(ylabel=f"error, mean of {BLOCK} trials", ylim=(0, None))
    axes[1].set(ylabel="correct of the last 100")
    axes[1].axhline(CRITERION, color="0.5", ls=":", lw=1)
    axes[1].axvspan(*QUARTILES, color="tab:red", alpha=0.12, lw=0)
    axes[1].axvline(MEDIAN, color="tab:red", ls="--", lw=1, label="published: median, quartiles")
    ours = median(needed(value["error"]) for value in values)
    if math.isfinite(ours):
        axes[1].axvline(ours, color="tab:blue", ls="--", lw=1, label="criterion met: median of seeds")
    axes[0].plot([], [], color="0.8", lw=0.6, label="each seed")
    axes[0].plot([], [], color="tab:blue", lw=2, label="median of seeds")
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize="x-small")
    return figure


# --- rows ------------------------------------------------------------------------------------------------------------

_CLAIM = "200 chaotic units learn delayed non-match to sample from a reward a trial: trials to 95 % correct, "
_ROW = {
    "paper": PAPER,
    "compared_with": PUBLISHED,
    "reference": "median 843, quartiles 692 and 1125 (20 runs)",
    "source": "the caption of the paper's figure 1",
    "tolerance": "median of the seeds, those that never got there included, between the published quartiles; close: "
    "half to twice the published median",
    "judge": judge,
    "draw": draw,
}

ROWS = [
    Row(
        name="miconi2017.dnms",
        claim=_CLAIM + "with the numbers of the author's program",
        measure=measure_program,
        seeds=20,
        minutes=0.3,
        note="Paper and program differ: the program has a rate of 0.1 (paper: 0.5), keeps 0.75 of the mean reward "
        "(0.33), limits moves to 3e-4 (1e-4), pushes currents by up to 0.53 (0.5), has 3 constant units (4) and "
        "multiplies moves with the mean error of the type. The criterion is the program's too: more than 95 of 100. "
        "A version of the program written in NumPy, in double precision, gave 1222, quartiles 817 and more than 1700 "
        "(539 - more than 1700), in 20 runs of its own, in which the output unit got stimuli.",
        **_ROW,
    ),
    Row(
        name="miconi2017.printed",
        claim=_CLAIM + "with the numbers printed in the paper",
        measure=measure_printed,
        seeds=5,
        minutes=0.4,
        note="The numbers in brackets of the row above, and no such factor. It fails for the limit of moves: see the "
        "next.",
        **_ROW,
    ),
    Row(
        name="miconi2017.printed-limit",
        claim=_CLAIM + "with the numbers printed in the paper but for the limit of moves, 3e-4 as in the program",
        measure=measure_printed_but_limit,
        seeds=5,
        minutes=0.4,
        **_ROW,
    ),
]
