"""Wang 2002, a spiking circuit that decides about random dots, and its reduction to two gates by Wong & Wang 2006, both
on the library's own task, evaluated as trained networks are.
"""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
from harness import ANOTHER, CLOSE, MET, NOT, TOO_SHORT, Result, Row, grade, spread, worst

import neuroai as na

COHERENCES = (0, 3.2, 6.4, 12.8, 25.6, 51.2)
#: For each seed and coherence; all seeds are judged together.
TRIALS, QUICK_TRIALS = {"wang": 84, "reduced": 4000}, {"wang": 2, "reduced": 60}
#: Of the spiking circuit, trials whose rates are looked at, and trials at rest.
SHOWN, QUICK_SHOWN, RESTING = 36, 6, 8


def percent(correct):
    return ", ".join(f"{value:.3f}" for value in correct)


def curves(evaluation):
    """By coherence: numbers of trials, of choices, of correct ones; and times of both kinds."""
    c, times = evaluation.conditions["coherence"], na.reaction_times(evaluation)
    found: Dict[str, Any] = {"trials": [], "choices": [], "correct": [], "right": [], "wrong": []}
    for value in COHERENCES:
        here = np.abs(c - value) < 1e-3
        found["trials"].append(int(here.sum()))
        found["choices"].append(int((here & (times.choice >= 0)).sum()))
        found["correct"].append(int((here & (times.correct == 1)).sum()))
        for name, verdict in (("right", 1), ("wrong", 0)):
            found[name].append(times.time[here & (times.correct == verdict)])
    found["first"] = float(np.mean(evaluation.choice[(np.abs(c) < 1e-3) & (evaluation.choice >= 0)] == 0))
    return found


# --- Wong & Wang -----------------------------------------------------------------------------------------------------


def measure_reduced(seed, quick):
    net = na.circuits.wong_wang2006().build(1)
    task = na.circuits.RandomDots(net.dt, COHERENCES, mean=30, sd=0, window=0, stimulus=4000)
    n = len(COHERENCES) * (QUICK_TRIALS if quick else TRIALS)["reduced"]
    found = curves(na.evaluate(net, task, n, seed=seed, progress=False))
    for name in ("right", "wrong"):
        found[name + "_mean"] = [float(np.mean(times)) if len(times) else None for times in found.pop(name)]
    return found


def judge_accuracy(values, quick):
    """Of each seed, at 3.2 to 25.6 %."""
    target, room = np.array([0.675, 0.809, 0.964, 1.0]), np.array([0.025, 0.02, 0.01, 0.002])
    correct = np.array([np.array(value["correct"]) / value["choices"] for value in values])[:, 1:5]
    off = np.abs(np.median(correct, axis=0) - target)
    level = MET if np.all(off <= room) else CLOSE if np.all(off <= 2 * room) else NOT
    decided = sum(sum(value["choices"]) for value in values) / sum(sum(value["trials"]) for value in values)
    ours = ", ".join(spread(column, "{:.3f}") for column in correct.T)
    return Result(ours, TOO_SHORT if quick and level == NOT else level, f"Decided: {decided:.4f} of all trials.")


def judge_times(values, quick):
    """Of correct trials, at 0, 6.4, 25.6 and 51.2 %."""
    target, which = np.array([581, 516, 333, 231]), [0, 2, 4, 5]
    times = np.array([[value["right_mean"][k] for k in which] for value in values])
    off = np.abs(np.median(times, axis=0) / target - 1)
    level = MET if np.all(off <= 0.03) else CLOSE if np.all(off <= 0.06) else NOT
    ours = ", ".join(spread(column, "{:.0f}") for column in times.T) + " ms"
    return Result(ours, TOO_SHORT if quick and level == NOT else level)


def judge_errors(values, quick):
    """At 3.2, 6.4 and 12.8 %."""
    right = np.array([[value["right_mean"][k] or np.nan for k in (1, 2, 3)] for value in values])
    wrong = np.array([[value["wrong_mean"][k] or np.nan for k in (1, 2, 3)] for value in values])
    slower = np.median(wrong, axis=0) > np.median(right, axis=0)
    level = MET if np.all(wrong > right) else CLOSE if np.all(slower) else NOT
    ours = ", ".join(f"{b:.0f} against {a:.0f}" for a, b in zip(np.median(right, axis=0), np.median(wrong, axis=0)))
    return Result(ours + " ms", TOO_SHORT if quick and level != MET else level)


def judge_chance(values, quick):
    first = [value["first"] for value in values]
    level = grade(float(np.median(first)), (0.475, 0.525), (0.45, 0.55))
    return Result(spread(first, "{:.3f}"), TOO_SHORT if quick and level == NOT else level)


# --- Wang ------------------------------------------------------------------------------------------------------------


def rates_of(net, seed, quick):
    """Hz of winner and loser late in the stimulus, and of the winner once it is over, for each trial."""
    task = na.circuits.RandomDots(net.dt, COHERENCES, after=500)
    trials = task.trials(net, QUICK_SHOWN if quick else SHOWN, seed=1000 + seed)
    run = net.run(trials, seed=1000 + seed, record="", progress=False)
    rate, ms = run.outputs["rate"], 1 / net.dt
    late = rate[round(2000 * ms) : round(2500 * ms)].mean(axis=0)
    after = rate[round(2700 * ms) :].mean(axis=0)
    winner = late.argmax(axis=1)
    row = np.arange(len(late))
    return {"winner": late[row, winner], "loser": late[row, 1 - winner], "delay": after[row, winner]}


def rest_of(net, seed):
    """Hz of E and I, 0.5 to 1 s after a start with closed gates."""
    state = net.state(trials=RESTING, seed=seed)
    state.run(steps=round(500 / net.dt), progress=False)
    spikes = dict.fromkeys(net.populations, 0.0)
    for _ in range(10):
        for name, rates in net.run(steps=round(50 / net.dt), state=state, progress=False).rates.items():
            spikes[name] += float(rates.sum())
    seconds = 0.5 * RESTING
    return {"E": sum(spikes[name] for name in "ABN") / 1600 / seconds, "I": spikes["I"] / 400 / seconds}


def measure_wang(seed, quick):
    net = na.circuits.wang2002().build(1)
    n = len(COHERENCES) * (QUICK_TRIALS if quick else TRIALS)["wang"]
    evaluation = na.evaluate(net, na.circuits.RandomDots(net.dt, COHERENCES), n, seed=seed, progress=False)
    return {**curves(evaluation), "rest": rest_of(net, seed), "rates": rates_of(net, seed, quick)}


def together(values):
    """Fractions correct, mean times of all choices, and choices and correct ones, of all seeds, by coherence."""
    choices, correct = (np.sum([value[what] for value in values], axis=0) for what in ("choices", "correct"))
    times = [
        np.concatenate([np.atleast_1d(value[kind][k]) for value in values for kind in ("right", "wrong")])
        for k in range(len(COHERENCES))
    ]
    return correct / choices, np.array([np.mean(one) for one in times]), choices, correct


def judge_wang_accuracy(values, quick):
    correct, _, choices, _ = together(values)
    target, room = np.array([0.62, 0.745, 0.905, 0.99]), np.array([0.08, 0.07, 0.05, 0.02])
    off = np.abs(correct[1:5] - target)
    level = MET if np.all(off <= room) else CLOSE if np.all(off <= 2 * room) else NOT
    trials = np.sum([value["trials"] for value in values], axis=0)
    undecided = ", ".join(f"{100 * (1 - a / b):.1f}" for a, b in zip(choices, trials))
    note = f"{trials[0]} trials for each coherence; undecided: {undecided} %. "
    note += f"At 0 and 51.2 %: {correct[0]:.3f}, {correct[5]:.3f}."
    return Result(percent(correct[1:5]), TOO_SHORT if quick and level == NOT else level, note)


def judge_wang_times(values, quick):
    _, times, _, _ = together(values)
    off = np.abs(times[1:5] / np.array([929, 826, 788, 571]) - 1)
    level = MET if np.all(off <= 0.1) else CLOSE if np.all(off <= 0.15) else NOT
    note = f"At 0 and 51.2 %: {times[0]:.0f} and {times[5]:.0f} ms; the other program has 854 and 397."
    ours = ", ".join(f"{time:.0f}" for time in times[1:5]) + " ms"
    return Result(ours, TOO_SHORT if quick and level == NOT else level, note)


def judge_wang_rates(values, quick):
    names = ("winner", "loser", "delay")
    found = {name: np.concatenate([np.array(value["rates"][name]) for value in values]) for name in names}
    decided = found["winner"] > 15
    winner, loser, delay = (float(np.mean(found[name][decided])) for name in names)
    level = MET if winner > 20 and loser < 5 and 12 <= delay <= 20 else NOT
    note = f"Means over the {decided.sum()} of {decided.size} trials in which a pool is above 15 Hz at the end."
    return Result(f"{winner:.1f}, {loser:.1f}, {delay:.1f} Hz", level, note)


def judge_rest(values, quick):
    e, i = (float(np.mean([value["rest"][name] for value in values])) for name in "EI")
    level = worst(grade(e, (1.9, 2.9), (1.4, 3.4)), grade(i, (6.8, 9.2), (5.6, 10.4)))
    return Result(f"{e:.2f} and {i:.2f} Hz", level)


def weibull(values):
    _, _, choices, correct = together(values)
    return na.fit_psychometric(COHERENCES, correct, choices, "weibull")


def judge_weibull(values, quick):
    try:
        fit = weibull(values)
    except na.InvalidError:
        return Result("no fit", TOO_SHORT if quick else NOT)
    alpha, beta = fit.parameters["alpha"], fit.parameters["beta"]
    level = worst(grade(alpha, (7.2, 10.2), (5.7, 11.7)), grade(beta, (0.95, 1.65), (0.6, 2.0)))
    ends = "; ".join("{} {:.2f} to {:.2f}".format(name, *fit.interval[name]) for name in ("alpha", "beta"))
    note = f"95 % intervals: {ends}. The paper's are about 9.2 % and 1.5, which we could not read there."
    return Result(f"{alpha:.1f} %, {beta:.2f}", TOO_SHORT if quick and level == NOT else level, note)


def draw_wang(values, quick):
    import matplotlib.pyplot as plt

    correct, times, choices, _ = together(values)
    shown = np.array([1.6, *COHERENCES[1:]])
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.8), layout="constrained")
    left.errorbar(shown, correct, np.sqrt(correct * (1 - correct) / choices), fmt="o", color="C0", label="this library")
    left.plot(shown, [0.533, 0.622, 0.740, 0.904, 0.988, 1.0], "x", color="0.3", label="another program")
    fit = weibull(values)
    fine = np.geomspace(1.6, 51.2, 200)
    left.plot(fine, fit(fine), "-", color="C0", lw=1)
    right.plot(shown, times, "o-", color="C0")
    right.plot(shown, [854, 929, 826, 788, 571, 397], "x", color="0.3")
    left.set(ylabel="fraction correct", ylim=(0.45, 1.02))
    right.set(ylabel="decision time (ms)", ylim=(0, 1100))
    for ax in (left, right):
        ax.set_xscale("log", base=2)
        ax.set_xticks(shown, ["0", "3.2", "6.4", "12.8", "25.6", "51.2"])
        ax.set(xlabel="coherence (%)")
        ax.minorticks_off()
        ax.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False, fontsize="small")
    return figure


# --- rows ------------------------------------------------------------------------------------------------------------

FROM: Dict[str, Any] = {"compared_with": ANOTHER, "source": "a program in C, from the equations", "seeds": 3}
WANG: Dict[str, Any] = {"paper": "Wang 2002", "measure": measure_wang, "minutes": 6, **FROM}
REDUCED: Dict[str, Any] = {"paper": "Wong & Wang 2006", "measure": measure_reduced, **FROM}
NOTE = (
    "Stimuli of 2 s, drawn anew every 50 ms; the choice is the first pool whose rate over 50 ms is above 15 Hz, looked "
    "at every 5 ms; its time is the end of these 50 ms."
)

ROWS = [
    Row(
        name="wang2002.rest",
        claim="2000 neurons at rest: rates of the excitatory and of the inhibitory ones",
        reference="2.4 and 8.0 Hz",
        tolerance="within 0.5 and 1.2 Hz; close: within twice that",
        judge=judge_rest,
        note="0.5 to 1 s after all gates were closed.",
        **WANG,
    ),
    Row(
        name="wang2002.accuracy",
        claim="2000 neurons decide about random dots: fraction correct at 3.2, 6.4, 12.8 and 25.6 %",
        reference="0.62, 0.745, 0.905, 0.99 (250 trials)",
        tolerance="within 0.08, 0.07, 0.05 and 0.02; close: within twice that",
        judge=judge_wang_accuracy,
        draw=draw_wang,
        note=NOTE,
        **WANG,
    ),
    Row(
        name="wang2002.times",
        claim="2000 neurons decide about random dots: mean time of the decision at 3.2, 6.4, 12.8 and 25.6 %",
        reference="929, 826, 788, 571 ms",
        tolerance="each within 10 %; close: within 15 %",
        judge=judge_wang_times,
        note=NOTE,
        **WANG,
    ),
    Row(
        name="wang2002.weibull",
        claim="2000 neurons decide about random dots: threshold alpha and slope beta of a Weibull function",
        reference="8.7 %, 1.3",
        tolerance="within 1.5 % and 0.35; close: within twice that",
        judge=judge_weibull,
        **WANG,
    ),
    Row(
        name="wang2002.rates",
        claim="one pool wins and remembers: rates of winner and loser after 1.5 s, of the winner after the stimulus",
        reference="24 to 32, 1.6 to 3.3, 14 to 17 Hz, by coherence",
        tolerance="winner above 20, loser below 5, after the stimulus 12 to 20 Hz",
        judge=judge_wang_rates,
        note="After the stimulus: from 200 to 500 ms.",
        **WANG,
    ),
    Row(
        name="wang2002.reduced_accuracy",
        claim="two gates decide about random dots: fraction correct at 3.2, 6.4, 12.8 and 25.6 %",
        reference="0.675, 0.809, 0.964, 1.000 (4000 trials)",
        tolerance="within 0.025, 0.02, 0.01 and 0.002; close: within twice that",
        judge=judge_accuracy,
        **REDUCED,
    ),
    Row(
        name="wang2002.reduced_times",
        claim="two gates decide about random dots: mean time of correct decisions at 0, 6.4, 25.6 and 51.2 %",
        reference="581, 516, 333, 231 ms",
        tolerance="each within 3 %; close: within 6 %",
        judge=judge_times,
        **REDUCED,
    ),
    Row(
        name="wang2002.reduced_errors",
        claim="two gates are slower where they are wrong: at 3.2, 6.4 and 12.8 %",
        reference="599 against 551, 622 against 516, 650 against 443 ms",
        tolerance="slower at each coherence and seed; close: slower in the median",
        judge=judge_errors,
        **REDUCED,
    ),
    Row(
        name="wang2002.reduced_chance",
        claim="without coherence each of two gates wins as often",
        reference="0.50",
        tolerance="0.475 to 0.525; close: 0.45 to 0.55",
        judge=judge_chance,
        **REDUCED,
    ),
]
