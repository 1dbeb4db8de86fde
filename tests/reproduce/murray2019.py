"""Murray 2019, "Local online learning in recurrent networks with random feedback": RFLO beside backpropagation through
time, on the two tasks that need a memory of many time constants: a periodic output without any input, and an interval
that is measured and produced.

The unit of time is the step, dt = 1 ms here, and tau = 10 steps. The published losses stand in figures that we could
not read; where a row compares with numbers, another program measured them, written in C from the paper and the
notebook.

The learning rate. The paper's loss is L = 1/(2T) sum e^2 with e = y* - y, and its update, as in its notebook, is

    dW = (eta / T) sum over t of [B e]_a p_ab(t).

Ours is J = sum m (y - y*)^2 / sum m = 1/T sum e^2 = 2 L for one trial, so dJ/dy_t = -2 e_t / T, and plain gradient
descent at the rate r makes the step r (2 / T) sum [B e] p: the published one is r = eta / 2. For the readout weights,
and for backpropagation, whose gradient is that of L, the same. Where the updates of 10 trials are added up, J of the
10 is their mean, so r = 10 eta / 2.
"""

from __future__ import annotations

import math

import numpy as np
from harness import ANOTHER, CLOSE, MET, NOT, OURS, PUBLISHED, TOO_SHORT, Result, Row, grade, median, spread

import neuroai as na

PAPER = "Murray 2019"
TAU = 10
#: 1/2 of the mean square of the target: the loss of an output that stays at 0.
UNTRAINED = 0.5 * 0.5 * (1 + 0.25 + 0.0625)


def drawn(seed, n, n_in, small):
    """Weights as published: recurrent, of the output (times ``small``), of the feedback, from the input."""
    rng = np.random.default_rng([seed, 2019])
    recurrent = rng.normal(0, 1.5 / np.sqrt(n), (n, n))
    output = small * rng.uniform(-1, 1, (1, n)) / np.sqrt(n)
    return recurrent, output, rng.normal(size=(n, 1)), rng.uniform(-1, 1, (n, n_in))


def free(seed, n, *, initial, small=1.0, hears=False):
    """A network and its feedback. It has no biases; where it hears nothing, its input is always 0."""
    recurrent, output, feedback, from_input = drawn(seed, n, 1, small)
    net = na.Network(dt=1).input("cues", 1)
    net.population("units", n, leak="rate", transfer="tanh", tau=TAU, initial=initial, plastic_bias=0)
    net.output("y", 1, plastic_bias=0)
    net.connect("cues", "units", plastic=hears, initial=from_input)
    net.connect("units", "units", autapses=True, initial=recurrent).connect("units", "y", initial=output)
    return net.build(seed=seed), {"units": feedback}


def with_dale(seed, n):
    """The same, half of the units excitatory and half inhibitory: W = sign of the sender times |W|."""
    recurrent, output, feedback, _ = drawn(seed, n, 1, 1.0)
    span = {"E": slice(0, n // 2), "I": slice(n // 2, n)}
    signs = {"E": +1, "I": -1}
    net = na.Network(dt=1).input("cues", 1)
    for name, sign in signs.items():
        net.population(name, n // 2, sign, leak="rate", transfer="tanh", tau=TAU, initial=0.1, plastic_bias=0)
    net.output("y", 1, plastic_bias=0).connect("cues", "E I", plastic=False)
    for pre, sign in signs.items():
        for post in signs:
            net.connect(pre, post, autapses=True, initial=sign * np.abs(recurrent[span[post], span[pre]]))
        net.connect(pre, "y", initial=output[:, span[pre]])
    net.constrain("E I", "E I", na.Dale("clamp")).constrain("E I", "y", na.Dale("off"))
    return net.build(seed=seed), {name: feedback[rows] for name, rows in span.items()}


def trained_by(net, feedback, rule, rate):
    """A trainer by plain gradient descent, with the published feedback where the rule has one."""
    trainer = na.Trainer(net, None, na.MSE("y"), rule=rule, optimizer=na.SGD(rate), threads=1)
    for name, weights in feedback.items():
        if rule.name == "rflo":
            trainer.rule.set_feedback(name, weights)
    return trainer


# --- periodic output -------------------------------------------------------------------------------------------------

TRIALS = 10_000
#: The published learning rates by period, which were the best of a grid.
RATES = {200: (0.03, 0.03), 400: (0.01, 0.03), 800: (0.001, 0.01), 1600: (0.0003, 0.03)}
RULES = {"rflo": na.RFLO, "bptt": na.BPTT}
#: Of the network with Dale's law: the best median of seeds 101 to 109 among 0.001, 0.003, 0.01, 0.03 and 0.1.
DALE_RATE = 0.01


def periodic(period):
    t = 2 * np.pi * np.arange(1, period + 1) / period
    target = np.sin(t) + 0.5 * np.sin(2 * t) + 0.25 * np.sin(4 * t)
    return na.Trials(np.zeros((period, 1, 1)), target[:, None, None])


def cosine(net, feedback):
    """Between the readout weights and the feedback."""
    output = np.concatenate([net.weights(name, "y")[0] for name in feedback])
    back = np.concatenate([weights[:, 0] for weights in feedback.values()])
    return float(output @ back / np.linalg.norm(output) / np.linalg.norm(back))


def learn_periodic(made, rule, eta, period, quick):
    """Losses every 100 trials, and how readout and feedback lie at the end. A run that diverged has the loss inf."""
    net, feedback = made
    trainer, trials = trained_by(net, feedback, rule, eta / 2), periodic(period)
    losses = []
    try:
        for _ in range(TRIALS // 10 if quick else TRIALS):
            losses.append(trainer.step(trials)["total"] / 2)
    except na.errors.NonfiniteError:
        losses.append(math.inf)
    return {"loss": losses[99::100], "last": losses[-1], "cosine": cosine(net, feedback)}


def both_rules(seed, quick, period):
    return {
        name: learn_periodic(free(seed, 30, initial=0.1), make(), eta, period, quick)
        for (name, make), eta in zip(RULES.items(), RATES[period])
    }


def measure_200(seed, quick):
    found = both_rules(seed, quick, 200)
    return {**found, "dale": learn_periodic(with_dale(seed, 30), na.RFLO(), DALE_RATE, 200, quick)}


def measure_periods(seed, quick):
    return {str(period): both_rules(seed, quick, period) for period in RATES}


def measure_notebook(seed, quick):
    return {
        name: learn_periodic(free(seed, 50, initial=0.1, small=0.1), make(), 0.03, 100, quick)
        for name, make in RULES.items()
    }


def of(values, rule, what="last"):
    return [value[rule][what] for value in values]


def unless_quick(quick, level):
    """A quick run has a tenth of the trials: what it missed says nothing."""
    return TOO_SHORT if quick and level != MET else level


def worst(*levels):
    return max(levels, key=[MET, CLOSE, NOT].index)


def judge_200(values, quick):
    rflo, bptt = of(values, "rflo"), of(values, "bptt")
    level = worst(
        grade(median(rflo), (0, 2.4e-3), (0, 7.2e-3)),
        grade(median(bptt), (0, 1.9e-4), (0, 5.7e-4)),
    )
    ours = f"RFLO {spread(rflo, '{:.1e}')}; BPTT {spread(bptt, '{:.1e}')}"
    return Result(ours, unless_quick(quick, level))


def judge_cosine(values, quick):
    rflo, bptt = of(values, "rflo", "cosine"), of(values, "bptt", "cosine")
    least = max(abs(cosine) for cosine in bptt)
    level = grade(median(rflo), (0.65, 0.85), (0.55, 0.95))
    if abs(median(bptt)) > 0.2:
        level = NOT
    ours = f"RFLO {spread(rflo, '{:.2f}')}; BPTT {spread(bptt, '{:.2f}')}"
    return Result(ours, unless_quick(quick, level), f"Of BPTT at most {least:.2f} in size.")


def judge_dale(values, quick):
    rflo, dale = of(values, "rflo"), of(values, "dale")
    ratio = median(dale) / median(rflo)
    ours = f"with Dale's law {spread(dale, '{:.1e}')}; without {spread(rflo, '{:.1e}')}"
    level = unless_quick(quick, grade(ratio, (0, 3), (0, 10)))
    return Result(ours, level, f"The ratio of the medians is {ratio:.1f}.")


def judge_periods(values, quick):
    parts, shown = [], {}
    for period in values[0]:
        rflo, bptt = (median(value[period][rule]["last"] for value in values) for rule in RULES)
        parts.append(f"T = {period}: {rflo:.1e} / {bptt:.1e}")
        shown[period] = bptt < UNTRAINED / 10 and rflo >= 3 * bptt
    level = MET if shown["1600"] else CLOSE if shown["800"] else NOT
    return Result("; ".join(parts), unless_quick(quick, level))


def judge_notebook(values, quick):
    rflo, cosines = of(values, "rflo"), of(values, "rflo", "cosine")
    level = worst(
        grade(median(rflo), (0, 1.5e-3), (0, 3e-3)),
        grade(median(cosines), (0.78, 0.92), (0.68, 1)),
    )
    ours = f"loss {spread(rflo, '{:.1e}')}, cosine {spread(cosines, '{:.2f}')}"
    return Result(ours, unless_quick(quick, level), f"BPTT: {spread(of(values, 'bptt'), '{:.1e}')}.")


COLOURS = {"rflo": "tab:blue", "bptt": "tab:orange", "dale": "tab:green"}
LABELS = {"rflo": "RFLO", "bptt": "BPTT", "dale": "RFLO, Dale's law"}


def draw_losses(values, quick):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    trials = 100 * np.arange(1, len(values[0]["bptt"]["loss"]) + 1)
    for rule in (rule for rule in LABELS if rule in values[0]):
        courses = [value[rule]["loss"] for value in values]
        courses = [course for course in courses if len(course) == len(trials)]  # others diverged
        for course in courses:
            ax.plot(trials, course, color=COLOURS[rule], alpha=0.25, lw=0.7)
        ax.plot(trials, np.median(courses, axis=0), color=COLOURS[rule], lw=2, label=LABELS[rule])
    ax.axhline(UNTRAINED, color="0.6", ls=":", lw=1)
    ax.set(xlabel="trials", ylabel="loss", yscale="log")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small", title="median and each seed", title_fontsize="x-small")
    return figure


def draw_periods(values, quick):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.5, 3.2), layout="constrained")
    periods = np.array([int(period) for period in values[0]])
    for rule in RULES:
        losses = np.array([[value[period][rule]["last"] for period in value] for value in values])
        ax.plot(np.tile(periods, (len(losses), 1)).T, losses.T, "o", ms=3, color=COLOURS[rule], alpha=0.4)
        ax.plot(periods, np.median(losses, axis=0), color=COLOURS[rule], lw=1.5, label=LABELS[rule])
    ax.axhline(UNTRAINED, color="0.6", ls=":", lw=1, label="untrained")
    ax.set(xscale="log", yscale="log", xlabel="period T (steps; tau = 10)", ylabel="loss at the end")
    ax.set_xticks(periods, [str(period) for period in periods], minor=False)
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize="small")
    return figure


# --- an interval, measured and produced ------------------------------------------------------------------------------

#: Pulses are Gaussian; "ready" comes at step READY, and as much time is left after the last pulse.
WIDTH, READY = 15, 50
INTERVAL_RATES = {"rflo": 0.001, "bptt": 0.003}
ADDED_UP, INTERVAL_TRIALS = 10, 5000


def pulses(steps, centres):
    """[steps, trials]: one pulse in each trial, 1 at its centre."""
    return np.exp(-0.5 * ((np.arange(1, steps + 1)[:, None] - np.asarray(centres)) / WIDTH) ** 2)


def interval_trials(delays):
    """Ready, set a delay later, and the output due after the same delay once more."""
    delays = np.asarray(delays)
    steps = 2 * READY + 2 * int(delays.max())
    cues = pulses(steps, READY + 0 * delays) + pulses(steps, READY + delays)
    due = pulses(steps, READY + 2 * delays)
    return na.Trials(cues[..., None], due[..., None])


def learn_interval(seed, rule, low, high, quick):
    """Delays are whole numbers of steps from ``low`` to ``high``.

    Returns:
        The loss at the end over that of the best constant, and how far from the due step the output is at its largest
        once the second cue is over: the mean over delays.
    """
    net, feedback = free(seed, 100, initial=0, hears=True)
    trainer = trained_by(net, feedback, RULES[rule](), ADDED_UP * INTERVAL_RATES[rule] / 2)
    rng = np.random.default_rng([seed, 1])
    for _ in range(INTERVAL_TRIALS // ADDED_UP // (5 if quick else 1)):
        delays = rng.integers(low, high + 1, ADDED_UP)
        delays[0] = high  # so that all updates are of trials of one length
        trainer.step(interval_trials(delays))
    delays = np.unique(np.linspace(low, high, 11).astype(int))
    trials = interval_trials(delays)
    output, due = net.run(trials).outputs["y"][..., 0], trials.targets[..., 0]
    steps = np.arange(1, len(due) + 1)[:, None]
    peak = np.where(steps > READY + delays + 2 * WIDTH, output, -np.inf).argmax(axis=0) + 1
    error = float(((output - due) ** 2).mean() / due.var())
    return {"error": error, "peak": float(np.abs(peak - READY - 2 * delays).mean()), "output": output[:, -1]}


def measure_intervals(seed, quick):
    """By rule and delay: 15 tau, 25 tau, and, by backpropagation, one drawn from 10 to 15 tau in each trial."""
    cases = {"rflo 15": ("rflo", 150, 150), "bptt 15": ("bptt", 150, 150), "bptt 25": ("bptt", 250, 250)}
    cases = {**cases, "bptt 10 to 15": ("bptt", 100, 150)}
    return {name: learn_interval(seed, *case, quick) for name, case in cases.items()}


def judge_interval(values, quick, case):
    error, peak = of(values, case, "error"), of(values, case, "peak")
    level = worst(grade(median(error), (0, 0.5), (0, 0.9)), grade(median(peak), (0, TAU), (0, 3 * TAU)))
    ours = f"error {spread(error, '{:.2f}')}, peak off by {spread(peak, '{:.1f}')} steps"
    return Result(ours, unless_quick(quick, level))


def judge_interval_rflo(values, quick):
    return judge_interval(values, quick, "rflo 15")


def judge_interval_bptt(values, quick):
    return judge_interval(values, quick, "bptt 25")


def judge_interval_drawn(values, quick):
    return judge_interval(values, quick, "bptt 10 to 15")


def draw_intervals(values, quick):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(8, 2.4), layout="constrained", sharey=True)
    for ax, (case, delay) in zip(axes, (("rflo 15", 150), ("bptt 15", 150), ("bptt 25", 250))):
        trials = interval_trials([delay])
        t = np.arange(1, len(trials.targets) + 1) / TAU
        for value in values:
            ax.plot(t, value[case]["output"], color=COLOURS[case[:4]], lw=0.8, alpha=0.6)
        ax.plot(t, trials.targets[:, 0, 0], "k--", lw=1)
        ax.fill_between(t, pulses(len(t), [READY, READY + delay]).sum(1), color="0.9", zorder=0)
        ax.set(xlabel="time (tau)", ylim=(-0.4, 1.2))
        ax.set_title(f"{LABELS[case[:4]]}, {delay // TAU} tau", fontsize="small")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("output, each seed")
    return figure


# --- rows ------------------------------------------------------------------------------------------------------------

_OTHER = (
    "The paper shows figures alone. The tolerance is the spread of the other program's five seeds; seeds 1 to 19 had "
    "been run before it was written down."
)
_INTERVAL = (
    "Error: mean square over that of the best constant. The cues are at step 50 and a delay later, one delay a "
    "network; the paper may have laid this out otherwise."
)

ROWS = [
    Row(
        name="murray2019.periodic",
        paper=PAPER,
        claim="periodic output, 30 units, T = 20 tau: loss after 10,000 trials",
        compared_with=ANOTHER,
        reference="RFLO 1.0e-3 (8e-5 - 2.4e-3), BPTT 1.0e-4 (8e-5 - 1.9e-4)",
        source="written in C from the paper and its notebook, five seeds",
        tolerance="medians at most 2.4e-3 and 1.9e-4, the worst of the other program's seeds; close: three times these",
        measure=measure_200,
        judge=judge_200,
        draw=draw_losses,
        seeds=9,
        quick_seeds=2,
        minutes=0.1,
        note=_OTHER + f" An output that stays at 0 has the loss {UNTRAINED:.3f}.",
    ),
    Row(
        name="murray2019.alignment",
        paper=PAPER,
        claim="the same: the readout weights come to lie along the random feedback (cosine)",
        compared_with=ANOTHER,
        reference="RFLO 0.69 - 0.81; BPTT near 0",
        source="written in C from the paper and its notebook, five seeds",
        tolerance="median of RFLO 0.65 to 0.85, of BPTT within 0.2 of 0; close: 0.55 to 0.95",
        measure=measure_200,
        judge=judge_cosine,
        seeds=9,
        quick_seeds=2,
        minutes=0.1,
        note=_OTHER,
    ),
    Row(
        name="murray2019.dale",
        paper=PAPER,
        claim="the same with Dale's law, 15 excitatory and 15 inhibitory units, clipped: as good as without",
        compared_with=PUBLISHED,
        reference="similar (a statement)",
        source="the paper's results on Dale's law",
        tolerance="ratio of the median losses by RFLO at most 3; close: 10",
        measure=measure_200,
        judge=judge_dale,
        seeds=9,
        quick_seeds=2,
        minutes=0.1,
        note=f"The learning rate with Dale's law, {DALE_RATE:g}, is the best of 0.001, 0.003, 0.01, 0.03 and 0.1 on "
        "nine other seeds (101 to 109); without it the published one. Readout weights have no signs.",
    ),
    Row(
        name="murray2019.periods",
        paper=PAPER,
        claim="long periods: RFLO is clearly worse than BPTT at T = 160 tau (losses RFLO / BPTT)",
        compared_with=PUBLISHED,
        reference="clearly worse (a figure)",
        source="the paper's figure 2",
        tolerance="at T = 1600 BPTT gets below a tenth of the untrained loss, and the median loss by RFLO is at least "
        "three times its; close: the same at 800",
        measure=measure_periods,
        judge=judge_periods,
        draw=draw_periods,
        seeds=9,
        minutes=0.5,
        note="10,000 trials each, at the published learning rates. How many trials the paper gave the long periods we "
        "could not find out. In so many BPTT itself does not learn the two longest ones, nor in 100,000 trials the "
        "longest one (two seeds); at three times the published rate and more, runs begin to diverge there.",
    ),
    Row(
        name="murray2019.notebook",
        paper=PAPER,
        claim="the notebook's network, 50 units, T = 10 tau: RFLO after 10,000 trials",
        compared_with=ANOTHER,
        reference="loss 3.4e-4 - 1.2e-3, cosine 0.81 - 0.89",
        source="written in C from the paper and its notebook, five seeds",
        tolerance="median loss at most 1.5e-3, median cosine 0.78 to 0.92; close: 3e-3, at least 0.68",
        measure=measure_notebook,
        judge=judge_notebook,
        draw=draw_losses,
        seeds=9,
        quick_seeds=2,
        minutes=0.05,
    ),
    Row(
        name="murray2019.interval-rflo",
        paper=PAPER,
        claim="ready, set, go, 100 units, 5000 trials: RFLO produces an interval of 15 tau",
        compared_with=PUBLISHED,
        reference="good up to 15 tau",
        source="the paper's figure 3",
        tolerance="median error at most half that of a constant, peak within 1 tau; close: 0.9, 3 tau",
        measure=measure_intervals,
        judge=judge_interval_rflo,
        draw=draw_intervals,
        seeds=9,
        quick_seeds=2,
        minutes=0.15,
        note=_INTERVAL,
    ),
    Row(
        name="murray2019.interval-bptt",
        paper=PAPER,
        claim="the same by BPTT: an interval of 25 tau",
        compared_with=PUBLISHED,
        reference="good up to 25 tau",
        source="the paper's figure 3",
        tolerance="median error at most half that of a constant, peak within 1 tau; close: 0.9, 3 tau",
        measure=measure_intervals,
        judge=judge_interval_bptt,
        seeds=9,
        quick_seeds=2,
        minutes=0.15,
        note=_INTERVAL,
    ),
    Row(
        name="murray2019.interval-drawn",
        paper=PAPER,
        claim="the same by BPTT, the interval drawn from 10 to 15 tau in each trial",
        compared_with=OURS,
        tolerance="median error at most half that of a constant, peak within 1 tau; close: 0.9, 3 tau",
        measure=measure_intervals,
        judge=judge_interval_drawn,
        seeds=9,
        quick_seeds=2,
        minutes=0.15,
    ),
]
