"""Yang & Wang 2020, "Artificial neural networks for neuroscientists: a primer": the two notebooks of nn-brain whose
printed results can be held against ours.

Training data there are fixed-length cuts through an endless row of trials, so a sequence may begin and end within a
trial; the network starts anew in each. What a notebook prints is a mean over the updates since the last print: so is
ours. The notebooks' units have two biases, one of the inputs and one of the recurrent weights; here the first is a
weight from an input that is always 1.
"""

from __future__ import annotations

import numpy as np
from harness import CLOSE, MET, NOT, PUBLISHED, TOO_SHORT, Result, Row, grade, median, spread, worst

import neuroai as na

BATCH, STEPS = 16, 100
PAPER = "Yang & Wang 2020"


def cut(rng, make_trial):
    """Inputs [STEPS, n] and classes [STEPS]: a cut at a random place through trials, one after the other."""
    inputs, classes = [], []
    length, first = 0, int(rng.integers(2 * STEPS))
    while length < first + STEPS:
        x, y = make_trial(rng)
        inputs.append(x)
        classes.append(y)
        length += len(y)
    return np.concatenate(inputs)[first : first + STEPS], np.concatenate(classes)[first : first + STEPS]


def batch(seed, update, make_trial):
    """The trials of one update. The network's own noise follows their numbers."""
    rng = np.random.default_rng([seed, update])
    inputs, classes = zip(*(cut(rng, make_trial) for _ in range(BATCH)))
    inputs = {"stimulus": np.stack(inputs, 1), "one": np.ones((STEPS, BATCH, 1))}
    return na.Trials(inputs, np.stack(classes, 1).astype(np.int32), first=update * BATCH)


def linear(rng, n_post, n_pre, fan_in=None):
    """Weights as PyTorch draws them for a linear layer."""
    limit = 1 / np.sqrt(fan_in or n_pre)
    return rng.uniform(-limit, limit, (n_post, n_pre))


# --- perceptual decision, by excitatory and inhibitory units ---------------------------------------------------------

N_E, N_I, DT = 40, 10, 20
PUBLISHED_LOSS = {200: 0.5400, 1000: 0.1166, 2000: 0.0735, 5000: 0.0586}
PUBLISHED_CORRECT = 0.848
COHERENCES = (0, 6.4, 12.8, 25.6, 51.2)


def decision_trial(rng):
    """neurogym's PerceptualDecisionMaking as it was when the notebook was run: the cue stays on up to the decision.

    neurogym turned it off at the stimulus later, as the library's task has it. Then the decision's beginning is hard to
    see, and the loss ends at 0.078 instead of the published 0.059.
    """
    fixation, stimulus = (int(rng.choice(times) / DT) for times in ((50, 100, 200, 400), (100, 200, 400, 800)))
    steps = fixation + stimulus + 100 // DT
    x, y = np.zeros((steps, 3)), np.zeros(steps)
    right, coherence = int(rng.integers(2)), rng.choice(COHERENCES)
    x[: fixation + stimulus, 0] = 1
    seen = slice(fixation, fixation + stimulus)
    x[seen, 1:] = rng.normal(0.5, 1 / np.sqrt(DT), (stimulus, 2))
    x[seen, 1 + right] += coherence / 200
    x[seen, 2 - right] -= coherence / 200
    y[fixation + stimulus :] = 1 + right
    return x, y


def decision_network(seed):
    rng = np.random.default_rng([seed, 12345])
    rec = np.abs(linear(rng, N_E + N_I, N_E + N_I))
    rec[:, :N_E] *= N_I / N_E
    rec[:, N_E:] *= -1
    spans = {"E": slice(0, N_E), "I": slice(N_E, N_E + N_I)}
    net = na.Network(dt=DT).input("stimulus", 3).input("one", 1)
    net.population("E", N_E, +1, noise=0.15).population("I", N_I, -1, noise=0.15).output("choice", 3)
    for post, rows in spans.items():
        net.connect("stimulus", post, initial=linear(rng, rows.stop - rows.start, 3))
        net.connect("one", post, initial=linear(rng, rows.stop - rows.start, 1, 3))
        for pre, columns in spans.items():
            net.connect(pre, post, initial=rec[rows, columns])
    net.constrain("E I", "E I", na.Dale("reflect"))
    # The readout may have both signs, as the notebook's has.
    net.connect("E", "choice", initial=linear(rng, 3, N_E)).constrain("E", "choice", na.Dale("off"))
    net.build(seed=seed)
    for name in ("E", "I"):
        net.set_bias(name, linear(rng, net.size(name), 1, N_E + N_I)[:, 0])
    net.set_bias("choice", linear(rng, 3, 1, N_E)[:, 0])
    return net


def test_decision(net, seed, trials=5000):
    """Fraction correct at the last step, with fixation and stimulus of 500 ms."""
    found = na.tasks.PerceptualDecisionMaking(fixation=500, stimulus=500).trials(_without_one(), trials, seed)
    stimulus = np.array(found.inputs)
    stimulus[..., 0] = found.targets == 0
    inputs = {"stimulus": stimulus, "one": np.ones((*stimulus.shape[:2], 1))}
    last = net.run(inputs, seed=seed).outputs["choice"][-1]
    return float(np.mean(last.argmax(axis=1) == found.targets[-1]))


def _without_one():
    """A network that has the task's own channels."""
    net = na.Network(dt=DT).input("stimulus", 3).population("E", 1).output("choice", 3)
    return net.connect("stimulus", "E").connect("E", "choice").build()


def measure_decision(seed, quick):
    net = decision_network(seed)
    trainer = na.Trainer(net, None, na.CrossEntropy("choice"), optimizer=na.Adam(1e-3), batch=BATCH, seed=seed)
    updates = 1000 if quick else 5000
    losses = [trainer.step(batch(seed, update, decision_trial))["total"] for update in range(updates)]
    correct = test_decision(net, seed)
    steps = list(range(200, updates + 1, 200))
    return {"steps": steps, "loss": [float(np.mean(losses[k - 200 : k])) for k in steps], "correct": correct}


def loss_at(values, step):
    return [value["loss"][value["steps"].index(step)] for value in values if step in value["steps"]]


def judge_loss(values, quick):
    """By the worst of the printed steps."""
    order = [MET, CLOSE, NOT]
    ours, levels, early = [], [MET], []
    for step, published in PUBLISHED_LOSS.items():
        losses = loss_at(values, step)
        if not losses:
            continue
        ours.append(f"{step}: {spread(losses, '{:.3f}')}")
        ratio = median(losses) / published
        levels.append(grade(ratio, (0, 1.15), (0, 1.35)))
        if ratio < 1 / 1.35:
            early.append(f"At step {step} ours is {1 / ratio:.1f} times lower.")
    level = max(levels, key=order.index)
    if quick:  # the later steps were not made
        ours.append("later steps not run")
        level = TOO_SHORT
    return Result("; ".join(ours), level, " ".join(early))


def judge_correct(values, quick):
    correct = [value["correct"] for value in values]
    level = grade(median(correct), (PUBLISHED_CORRECT - 0.02, 0.875), (PUBLISHED_CORRECT - 0.04, 0.9))
    return Result(spread(correct, "{:.3f}"), TOO_SHORT if quick and level == NOT else level)


def draw_loss(values, quick):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    for index, value in enumerate(values):
        ax.plot(value["steps"], value["loss"], color="0.6", lw=1, label="ours, each seed" if index == 0 else None)
    ax.plot(list(PUBLISHED_LOSS), list(PUBLISHED_LOSS.values()), "o", color="tab:red", label="published")
    ax.set(xlabel="updates", ylabel="cross-entropy, mean of 200 updates", yscale="log")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return figure


# --- delay comparison ------------------------------------------------------------------------------------------------

N, DT_DELAY = 64, 100
PUBLISHED_DELAY = {300: 0.543, 500: 0.803, 1000: 0.872, 2000: 0.899}
PAIRS = ((18, 10), (22, 14), (26, 18), (30, 22), (34, 26))


def delay_trial(rng):
    """neurogym's DelayComparison; the decision is one step (the notebook's "response" of 500 ms names no epoch)."""
    pair = PAIRS[int(rng.integers(len(PAIRS)))]
    right = int(rng.integers(2))
    first, second = pair if right == 0 else pair[::-1]
    delay = int(rng.choice((200, 400, 800, 1600, 3200))) // DT_DELAY
    x, y = np.zeros((16 + delay, 2)), np.zeros(16 + delay)
    x[:-1, 0] = 1
    for start, frequency in ((5, first), (10 + delay, second)):
        x[start : start + 5, 1] = rng.normal((1 + (frequency - 10) / 24) / 2, 1 / np.sqrt(DT_DELAY), 5)
    y[-1] = 1 + right
    return x, y


def delay_network(seed):
    rng = np.random.default_rng([seed, 54321])
    net = na.Network(dt=DT_DELAY).input("stimulus", 2).input("one", 1).population("units", N).output("choice", 3)
    net.connect("stimulus", "units", initial=linear(rng, N, 2)).connect("one", "units", initial=linear(rng, N, 1, 2))
    net.connect("units", "units", initial=linear(rng, N, N), autapses=True)
    net.connect("units", "choice", initial=linear(rng, 3, N)).build(seed=seed)
    net.set_bias("units", linear(rng, N, 1, N)[:, 0])
    net.set_bias("choice", linear(rng, 3, 1, N)[:, 0])
    return net


def measure_delay(seed, quick):
    net = delay_network(seed)
    trainer = na.Trainer(net, None, na.CrossEntropy("choice"), optimizer=na.Adam(1e-3), batch=BATCH, seed=seed)
    right = []
    updates = 1000 if quick else 2000
    for update in range(updates):
        trials = batch(seed, update, delay_trial)
        trainer.step(trials)
        due = trials.targets > 0
        right.append(np.mean(trainer.activity("choice").argmax(axis=2)[due] == trials.targets[due]))
    steps = list(range(100, updates + 1, 100))
    return {"steps": steps, "correct": [float(np.mean(right[k - 100 : k])) for k in steps]}


def judge_delay(values, quick):
    at = {step: [v["correct"][v["steps"].index(step)] for v in values if step in v["steps"]] for step in (1000, 2000)}
    level = grade(median(at[1000]), (0.87 - 0.03, 1), (0.87 - 0.07, 1))
    ours = "; ".join(f"{step}: {spread(found, '{:.3f}')}" for step, found in at.items() if found)
    return Result(ours, level)


def draw_delay(values, quick):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
    for index, value in enumerate(values):
        ax.plot(value["steps"], value["correct"], color="0.6", lw=1, label="ours, each seed" if index == 0 else None)
    ax.plot(list(PUBLISHED_DELAY), list(PUBLISHED_DELAY.values()), "o", color="tab:red", label="published")
    ax.set(xlabel="updates", ylabel="correct where a choice is due", ylim=(0, 1))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return figure


# --- a line attractor ------------------------------------------------------------------------------------------------

DT_LINE, LINE_UPDATES, LINE_STARTS, LINE_STEPS = 100, 1000, 128, 3000
#: Points that move less than this in a step are taken as fixed: the mean square of their units' moves.
SLOW = 1e-4


def long_decision_trial(rng):
    """The decision at a coarser time step; how long the notebook's epochs are it does not print."""
    fixation, stimulus = (int(rng.choice(times)) // DT_LINE for times in ((200, 400, 600), (400, 800, 1600)))
    steps = fixation + stimulus + 1
    x, y = np.zeros((steps, 3)), np.zeros(steps)
    right, coherence = int(rng.integers(2)), rng.choice(COHERENCES)
    x[: fixation + stimulus, 0] = 1
    seen = slice(fixation, fixation + stimulus)
    x[seen, 1:] = rng.normal(0.5, 1 / np.sqrt(DT_LINE), (stimulus, 2))
    x[seen, 1 + right] += coherence / 200
    x[seen, 2 - right] -= coherence / 200
    y[-1] = 1 + right
    return x, y


def line_network(seed):
    """64 units whose time constant is the time step: r(t) = [W r(t-1) + W_in x(t) + b]+."""
    rng = np.random.default_rng([seed, 64])
    net = na.Network(dt=DT_LINE).input("stimulus", 3).input("one", 1).population("units", N, tau=DT_LINE)
    net.output("choice", 3)
    net.connect("stimulus", "units", initial=linear(rng, N, 3)).connect("one", "units", initial=linear(rng, N, 1, 3))
    net.connect("units", "units", initial=linear(rng, N, N), autapses=True)
    net.connect("units", "choice", initial=linear(rng, 3, N)).build(seed=seed)
    net.set_bias("units", linear(rng, N, 1, N)[:, 0])
    return net


def slow_points(weights, drive, start):
    """Where r = [W r + drive]+ nearly holds: least squares by Adam from each start. Points, and how far each moves."""
    points, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, LINE_STEPS + 1):
        now = points @ weights.T + drive
        away = np.maximum(now, 0) - points
        gradient = (away * (now > 0)) @ weights - away
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        rate = 0.01 * (1 - step / LINE_STEPS)
        points -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    away = np.maximum(points @ weights.T + drive, 0) - points
    return points, (away**2).mean(axis=1)


def measure_line(seed, quick):
    """Fixed points with a stimulus of no coherence: how much of them lies on a line, and what moves along it."""
    net = line_network(seed)
    trainer = na.Trainer(net, None, na.CrossEntropy("choice"), optimizer=na.Adam(0.01), batch=BATCH, seed=seed)
    losses = [trainer.step(batch(seed, u, long_decision_trial))["total"] for u in range(LINE_UPDATES)]
    trials = batch(seed, LINE_UPDATES, long_decision_trial)
    rates = net.run(trials, seed=seed).rates["units"].astype(float)
    during = rates[np.array(trials.inputs["stimulus"])[..., 1] != 0]  # the stimulus is on
    rng = np.random.default_rng(seed)
    start = during[rng.integers(len(during), size=LINE_STARTS)]
    weights = np.array(net.weights("units", "units"), float)
    drive = net.weights("stimulus", "units").astype(float) @ [1, 0.5, 0.5] + net.weights("one", "units")[:, 0]
    points, moves = slow_points(weights, drive + net.bias("units"), start)
    slow = points[moves < SLOW]
    found = {"loss": float(np.mean(losses[-200:])), "slow": len(slow), "line": 0.0, "eigenvalue": 0.0, "along": 0.0}
    if len(slow) < 10:
        return found
    _, size, axes = np.linalg.svd(slow - slow.mean(axis=0), full_matrices=False)
    leading, along = zip(*(leading_mode(weights, drive + net.bias("units"), point, axes[0]) for point in slow))
    found.update(line=size[0] ** 2 / (size**2).sum(), eigenvalue=median(leading), along=median(along))
    place = (slow - slow.mean(axis=0)) @ axes[:2].T
    path = (during - slow.mean(axis=0)) @ axes[:2].T
    return {**found, "place": np.round(place, 4), "path": np.round(path[:400], 4)}


def leading_mode(weights, drive, point, axis):
    """Of the linear map about a point: its largest eigenvalue, and the cosine of that eigenvector with the line."""
    jacobian = weights * (weights @ point + drive > 0)[:, None]
    values, vectors = np.linalg.eig(jacobian)
    first = int(np.argmax(np.abs(values)))
    vector = np.real(vectors[:, first])
    return float(np.abs(values[first])), float(abs(vector @ axis) / max(np.linalg.norm(vector), 1e-12))


def judge_line(values, quick):
    names = {"line": "on a line", "eigenvalue": "largest eigenvalue", "along": "along the line"}
    found = {what: [value[what] for value in values] for what in names}
    level = worst(
        grade(median(found["line"]), (0.9, 1), (0.75, 1)),
        grade(median(found["eigenvalue"]), (0.9, 1.1), (0.8, 1.2)),
        grade(median(found["along"]), (0.8, 1), (0.6, 1)),
    )
    ours = "; ".join(f"{name} {spread(found[what], '{:.2f}')}" for what, name in names.items())
    slow = spread([value["slow"] for value in values], "{:.0f}")
    loss = spread([value["loss"] for value in values], "{:.3f}")
    return Result(ours, level, f"Slow points from {slow} of {LINE_STARTS} starts; loss {loss}.")


def draw_line(values, quick):
    import matplotlib.pyplot as plt

    shown = [value for value in values if "place" in value][:3]
    figure, axes = plt.subplots(1, max(len(shown), 1), figsize=(7.5, 2.6), layout="constrained", squeeze=False)
    for ax, value in zip(axes[0], shown):
        ax.plot(*np.array(value["path"]).T, ".", ms=2, color="0.75", label="activity during the stimulus")
        ax.plot(*np.array(value["place"]).T, ".", ms=4, color="tab:red", label="slow points")
        ax.set(xlabel="first axis of the slow points")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("second axis")
    axes[0, 0].legend(frameon=False, fontsize="x-small")
    return figure


ROWS = [
    Row(
        name="nnbrain.loss",
        paper=PAPER,
        claim="a network of 40 E and 10 I units learns a perceptual decision: loss at updates 200, 1000, 2000, 5000",
        compared_with=PUBLISHED,
        reference="0.540, 0.117, 0.074, 0.059",
        source="what the authors' notebook EI_RNN.ipynb of nn-brain printed",
        tolerance="median at each of the four at most 1.15 times the published; close: 1.35 times",
        measure=measure_decision,
        judge=judge_loss,
        draw=draw_loss,
        seeds=5,
        minutes=1,
        note="The fixation cue stays on up to the decision, as in neurogym at the time; today's turns it off at the "
        "stimulus, with which the loss ends at 0.078.",
    ),
    Row(
        name="nnbrain.correct",
        paper=PAPER,
        claim="the network of 40 E and 10 I units decides about stimuli of 500 ms: fraction correct",
        compared_with=PUBLISHED,
        reference="0.848 (500 trials)",
        source="what the authors' notebook EI_RNN.ipynb of nn-brain printed",
        tolerance="median 0.828 to 0.875 in 5000 trials (an ideal observer has 0.8645); close: 0.808 to 0.9",
        measure=measure_decision,
        judge=judge_correct,
        seeds=5,
        minutes=1,
    ),
    Row(
        name="nnbrain.delay",
        paper=PAPER,
        claim="64 units compare two stimuli across a delay: fraction correct at update 1000",
        compared_with=PUBLISHED,
        reference="0.872 (0.899 at 2000)",
        source="what the authors' notebook ParametricWorkingMemory.ipynb of nn-brain printed",
        tolerance="median at least 0.84; close: 0.80",
        measure=measure_delay,
        judge=judge_delay,
        draw=draw_delay,
        seeds=5,
        minutes=0.7,
    ),
    Row(
        name="nnbrain.line-attractor",
        paper=PAPER,
        claim="a network that has learnt a decision keeps it on a line of fixed points: share of their variance along "
        "one axis, largest eigenvalue there, cosine of its eigenvector with that axis",
        compared_with=PUBLISHED,
        reference="an approximate line attractor (a figure and a statement)",
        source="the authors' notebook RNN+DynamicalSystemAnalysis.ipynb of nn-brain",
        tolerance="medians at least 0.9, 0.9 to 1.1, and at least 0.8; close: 0.75, 0.8 to 1.2, 0.6",
        measure=measure_line,
        judge=judge_line,
        draw=draw_line,
        seeds=5,
        minutes=0.3,
        note="As in the notebook: 64 units, 1000 updates of Adam at 0.01, a step of 100 ms, the time constant. The "
        "input while points are sought is a stimulus of no coherence. How long epochs last is ours.",
    ),
]
