"""Recursive least squares: FORCE (Sussillo & Abbott 2009) and full-FORCE (DePasquale et al. 2018).

FORCE: a sparse chaotic network gets its output back and learns to make a sum of four sines on its own. Target, time
constants and the number of updates are those of the program that the authors published with the paper (1440 tau of
learning, an update every second step); they use 1000 units. full-FORCE: the oscillation of the authors' demo, a sine
whose frequency goes from 1 to 3 Hz and back, started by a pulse; they learn it for 200 trials.

Learning is on while the mask is 1: before and after, the network runs on as it is.
"""

from __future__ import annotations

import numpy as np
from harness import AUTHORS, NOT, PUBLISHED, TOO_SHORT, Result, Row, grade, median, spread

import neuroai as na

# --- FORCE: a sum of four sines --------------------------------------------------------------------------------------

N, GAIN, DENSITY, TAU, DT = 500, 1.5, 0.1, 10, 1
PERIOD = 1200  # steps
BEFORE, DURING, AFTER = 1, 12, 3  # periods
SINES = ((1, 1.0), (2, 1 / 2), (3, 1 / 6), (4, 1 / 3))


def sines(periods):
    t = 2 * np.pi * np.arange(periods * PERIOD) / PERIOD
    return 1.3 / 1.5 * sum(size * np.sin(k * t) for k, size in SINES)


def looped_network(seed, gain=GAIN):
    """Units that get back, by fixed weights, what a linear unit makes of them; that unit is the output."""
    rng = np.random.default_rng([seed, 2009])
    weights = rng.normal(0, gain / np.sqrt(DENSITY * N), (N, N)) * (rng.random((N, N)) < DENSITY)
    net = na.Network(dt=DT).population("units", N, tau=TAU, transfer="tanh", initial=rng.normal(0, 0.5, N))
    net.population("loop", 1, tau=DT, transfer="linear").output("z", 1)
    net.connect("units", "units", initial=weights, autapses=True, plastic=False)
    net.connect("units", "loop", delay=0, initial=np.zeros((1, N)))
    net.connect("loop", "units", initial=rng.uniform(-1, 1, (N, 1)), plastic=False)
    return net.connect("loop", "z", initial=np.eye(1), plastic=False).build(seed=seed)


def taught(net, rule, inputs, target, mask):
    """One trial, lived through; the output of each step."""
    trainer = na.Trainer(net, None, na.MSE("z"), rule, batch=1)
    trainer.step(na.Trials(inputs[:, None, :], target[:, None, None], mask[:, None]))
    return np.array(trainer.activity("z")[:, 0, 0])


def measure_sines(seed, quick):
    target = sines(BEFORE + DURING + AFTER)
    mask = np.zeros(len(target))
    mask[BEFORE * PERIOD : (BEFORE + DURING) * PERIOD] = 1
    z = taught(looped_network(seed), na.FORCE(update_every=2), np.zeros((len(target), 0)), target, mask)
    error = np.abs(z - target).reshape(-1, PERIOD).mean(axis=1) / np.abs(target).mean()
    shown = slice((BEFORE + DURING - 2) * PERIOD, None, 8)
    return {
        "before": error[:BEFORE].mean(),
        "during": error[BEFORE : BEFORE + DURING].mean(),
        "after": error[BEFORE + DURING :].mean(),
        "z": z[shown],
        "target": target[shown],
    }


def judge_sines(values, quick):
    found = {phase: [value[phase] for value in values] for phase in ("before", "during", "after")}
    level = grade(median(found["after"]), (0, 0.10), (0, 0.25))
    ours = "; ".join(f"{phase}: {spread(errors, '{:.1%}')}" for phase, errors in found.items())
    follow = sum(error <= 0.25 for error in found["after"])
    note = f"{follow} of {len(values)} follow; there the error grows from period to period as the phase drifts."
    return Result(ours, level, note)


def draw_sines(values, quick):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(values), 1, figsize=(7, 0.9 * len(values) + 0.9), sharex=True, layout="constrained")
    for seed, (ax, value) in enumerate(zip(np.atleast_1d(axes), values), 1):
        time = 8 * DT * np.arange(len(value["z"])) - 2 * PERIOD * DT
        ax.plot(time, value["target"], color="tab:green", lw=3, alpha=0.4, label="target")
        ax.plot(time, value["z"], color="tab:red", lw=1, label="output")
        ax.axvline(0, color="0.3", lw=0.8, ls="--")
        ax.set(ylim=(-2, 2), yticks=(-1, 1), ylabel=f"seed {seed}")
        ax.spines[["top", "right"]].set_visible(False)
    top = np.atleast_1d(axes)[0]
    top.legend(frameon=False, fontsize="small", ncols=2, loc="lower left", bbox_to_anchor=(0, 0.95))
    top.text(20, 1.7, "learning off", fontsize="small")
    ax.set_xlabel("ms")
    return figure


# --- FORCE: how it depends on g, from quiet networks to chaotic ones --------------------------------------------------

GAINS = (0.8, 1.0, 1.2, 1.5)
#: Learning is taken as done in the first period in which the error is below this.
DONE = 0.05


def measure_gains(seed, quick):
    """Of each g the error when learning is off, the size of the readout weights, the periods that learning took."""
    target = sines(DURING + AFTER)
    mask = np.zeros(len(target))
    mask[: DURING * PERIOD] = 1
    found = {}
    for gain in GAINS:
        net = looped_network(seed, gain)
        z = taught(net, na.FORCE(update_every=2), np.zeros((len(target), 0)), target, mask)
        error = np.abs(z - target).reshape(-1, PERIOD).mean(axis=1) / np.abs(target).mean()
        done = np.flatnonzero(error[:DURING] < DONE)
        found[f"{gain:g}"] = {
            "after": error[DURING:].mean(),
            "size": float(np.linalg.norm(net.weights("units", "loop"))),
            "periods": int(done[0]) + 1 if len(done) else DURING + 1,
        }
    return found


def judge_gains(values, quick):
    """By the most chaotic network against the quietest."""
    quiet, chaotic = f"{GAINS[0]:g}", f"{GAINS[-1]:g}"
    middle = {gain: {what: median(v[gain][what] for v in values) for what in v0} for gain, v0 in values[0].items()}
    ratio = {what: middle[chaotic][what] / middle[quiet][what] for what in ("after", "size")}
    level = grade(max(ratio.values()), (0, 0.5), (0, 1))
    ours = "; ".join(
        f"g = {gain}: error {spread([v[gain]['after'] for v in values], '{:.1%}')}, weights {middle[gain]['size']:.2f}"
        for gain in middle
    )
    periods = ", ".join(f"{middle[gain]['periods']:.0f}" for gain in middle)
    return Result(ours, level, f"Periods of learning until the error was below {DONE:.0%}: {periods}.")


def draw_gains(values, quick):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(6.4, 2.7), layout="constrained")
    for ax, what, label in zip(axes, ("after", "size"), ("error, learning off", "size of the readout weights")):
        for value in values:
            ax.plot(GAINS, [value[f"{gain:g}"][what] for gain in GAINS], "o-", ms=3, color="tab:blue", alpha=0.5)
        ax.set(xlabel="g", ylabel=label, yscale="log")
        ax.spines[["top", "right"]].set_visible(False)
    return figure


# --- full-FORCE: a sine that sweeps ----------------------------------------------------------------------------------

N_FULL, STEPS, LEARNT, QUICK_LEARNT, TESTED = 300, 2000, 30, 12, 10


def sweep():
    """Input and target of one trial."""
    half = STEPS // 2
    rising = np.sin(2 * np.pi * np.linspace(1, 3, half) * np.arange(half) * DT / 1000)
    pulse = np.zeros(STEPS)
    pulse[:50] = 1
    return pulse, np.concatenate([rising, -rising[::-1]])


def measure_sweep(seed, quick):
    rng = np.random.default_rng([seed, 2018])
    learnt = QUICK_LEARNT if quick else LEARNT
    net = na.Network(dt=DT).input("pulse", 1).population("units", N_FULL, tau=TAU, transfer="tanh").output("z", 1)
    net.connect("pulse", "units", initial=rng.uniform(-1, 1, (N_FULL, 1)), plastic=False)
    net.connect("units", "units", initial=np.zeros((N_FULL, N_FULL)), autapses=True)
    net.connect("units", "z", initial=np.zeros((1, N_FULL))).build(seed=seed)
    pulse, target = (np.tile(one, 1 + learnt + TESTED) for one in sweep())
    mask = np.zeros(len(target))
    mask[STEPS : (1 + learnt) * STEPS] = 1
    z = taught(net, na.FullFORCE(seed=seed, update_every=2), pulse[:, None], target, mask)
    error = ((z - target) ** 2).reshape(-1, STEPS).sum(axis=1) / np.sum(sweep()[1] ** 2)
    return {"before": error[0], "during": error[1 : 1 + learnt].mean(), "after": error[1 + learnt :].mean()}


def judge_sweep(values, quick):
    found = {phase: [value[phase] for value in values] for phase in ("before", "during", "after")}
    level = grade(median(found["after"]), (0, 0.05), (0, 0.15))
    ours = "; ".join(f"{phase}: {spread(errors, '{:.1%}')}" for phase, errors in found.items())
    return Result(ours, TOO_SHORT if quick and level == NOT else level)


ROWS = [
    Row(
        name="force.sines",
        paper="Sussillo & Abbott 2009",
        claim="FORCE: the network goes on with a sum of four sines when learning is switched off (Fig. 2D)",
        compared_with=PUBLISHED,
        reference="output and target look the same before and after (a figure, no number)",
        source="the paper's figure 2D",
        tolerance="mean absolute error over the 3 periods after the switch, of the mean size of the target: median at "
        "most 10 %; close: 25 %",
        measure=measure_sines,
        judge=judge_sines,
        draw=draw_sines,
        seeds=5,
        minutes=0.1,
        note="500 units where the authors' program has 1000.",
    ),
    Row(
        name="force.gain",
        paper="Sussillo & Abbott 2009",
        claim="FORCE learns better in chaotic networks: errors and readout weights are smaller at g = 1.5 than at 0.8",
        compared_with=PUBLISHED,
        reference="both fall as g grows to 1.5 (a figure, no number)",
        source="the paper's figure 4, as quoted",
        tolerance="median error after learning, and median size of the readout weights, at g = 1.5 at most half those "
        "at 0.8; close: smaller",
        measure=measure_gains,
        judge=judge_gains,
        draw=draw_gains,
        seeds=5,
        minutes=0.2,
        note="The sum of four sines of the row above, 500 units.",
    ),
    Row(
        name="force.full",
        paper="DePasquale et al. 2018",
        claim="full-FORCE: 300 units make a sine that sweeps from 1 to 3 Hz and back, started by a pulse",
        compared_with=AUTHORS,
        reference="300 units learn it",
        source="read: the oscillation of full-FORCE-demos, which prints no number",
        tolerance="summed squared error over 10 trials after learning, of the target's: median at most 5 %; "
        "close: 15 %",
        measure=measure_sweep,
        judge=judge_sweep,
        seeds=3,
        minutes=0.3,
        note="30 trials of learning where the authors' demo has 200; updates at every second step, there at random "
        "with probability 1/2.",
    ),
]
