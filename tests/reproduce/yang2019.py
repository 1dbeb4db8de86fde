"""Yang et al. 2019, "Task representations in neural networks trained to perform many cognitive tasks": one network of
256 units learns twenty tasks, told apart by a rule input, and its units form clusters by the tasks in which they vary.

The authors trained for up to 10^7 trials: REPRODUCE_YANG_UPDATES=156250 in the environment does; by default fewer, so
that it ends in half an hour.
"""

from __future__ import annotations

import math
import os
from typing import Any, Dict, Tuple

import numpy as np
from harness import AUTHORS, CLOSE, LEVELS, MET, NOT, PUBLISHED, TOO_SHORT, Result, Row, median, spread

import neuroai as na
from neuroai.tasks import YANG_RULES

BATCH = 64
UPDATES = int(os.environ.get("REPRODUCE_YANG_UPDATES", 40000))
UNITS = 256
#: The short form: six tasks, which are learnt early, in a smaller network.
QUICK_RULES, QUICK_UNITS, QUICK_UPDATES = ("fdgo", "reactgo", "delaygo", "fdanti", "reactanti", "delayanti"), 64, 4000
STAGES = 20  # points of the learning curves
TRIALS = 512  # a task, as in the paper
BLOCKS, BLOCK = 8, 64  # trials whose variance is taken share their durations and ring
#: Sums of the rules' inputs under which a task is tested, as in the authors' taskset.py: the last one is to make up for
#: the task's own rule, the others, each without a part of it, are not.
SUMS: Dict[str, Tuple[Dict[str, int], ...]] = {
    "delayanti": ({"fdanti": 1}, {"fdanti": 1, "delaygo": 1}, {"fdanti": 1, "delaygo": 1, "fdgo": -1}),
    "contextdelaydm1": (
        {"contextdelaydm2": 1},
        {"contextdm1": 1},
        {"contextdelaydm2": 1, "contextdm1": 1},
        {"contextdelaydm2": 1, "contextdm1": 1, "contextdm2": -1},
    ),
}
RULE_INPUTS = 65  # the first: fixation and two rings of 32 come before
LESION_TRIALS = 256  # a task, as in the authors' clustering.py
PERMUTATIONS = 999
ACTIVE = 1e-3  # a unit that varies less than this over all tasks together is left out
MOST_CLUSTERS, SHUFFLES = 30, 19


def compose(units, seed):
    """Leak on the rate, noise within f; W_rec starts as half the identity."""
    net = na.Network(dt=20)
    net.input("in", 85, noise=0.01, tau=100)
    net.population("h", units, leak="rate", transfer="softplus", tau=100, noise=0.05)
    net.output("out", 33)
    limit = math.sqrt(6 / (units + 33))
    net.connect("in", "h", initial=na.Normal(0, 1 / math.sqrt(85)))
    net.connect("h", "h", autapses=True, initial=na.Identity(0.5))
    net.connect("h", "out", initial=na.Uniform(-limit, limit))
    return net.build(seed=seed)


def only(rule):
    return na.tasks.YangMixed(rule=[float(YANG_RULES.index(rule))], block=BLOCK)


def performance(net, rules, trials, seed):
    return [na.evaluate(net, only(rule), trials=trials, seed=seed).performance for rule in rules]


def measure(seed, quick):
    rules, units, updates = (QUICK_RULES, QUICK_UNITS, QUICK_UPDATES) if quick else (YANG_RULES, UNITS, UPDATES)
    net, task = compose(units, seed), na.tasks.YangMixed()  # as published, contextdm1 and 2 five times as often
    if quick:
        task = na.tasks.YangMixed(rule=[float(YANG_RULES.index(rule)) for rule in rules])
    cost = na.LogisticMSE("out")
    trainer = na.Trainer(net, task, cost, na.BPTT(), na.Adam(1e-3), batch=BATCH, seed=seed, evaluate_every=0)
    curves = []
    for stage in range(STAGES):
        trainer.fit((stage + 1) * updates // STAGES - trainer.updates, progress=False)
        curves.append([trainer.updates, performance(net, rules, 128, seed)])
    found = {"rules": rules, "curves": curves, "trials": updates * BATCH}
    found["correct"], found["sums"] = performance(net, rules, TRIALS, seed + 1), composed(net, rules, seed + 1)
    variance = np.stack([task_variance(net, rule, seed) for rule in rules], axis=1)
    found.update(clusters(variance, seed))
    found["lost"] = lesions(net, rules, np.flatnonzero(active(variance)), found["label"], seed + 1)
    return {**found, **by_variance(found["lost"], found["profile"], found["label"], seed)}


# --- sums of rules ---------------------------------------------------------------------------------------------------


def composed(net, rules, seed):
    """Performance of each task under its own rule, and under each of its sums of rules' inputs."""
    found, weights = {}, net.weights("in", "h").copy()
    for task, sums in SUMS.items():
        if not {task}.union(*sums) <= set(rules):
            continue
        found[task] = []
        for parts in ({task: 1}, *sums):
            changed = weights.copy()
            changed[:, rule_input(task)] = sum(sign * weights[:, rule_input(rule)] for rule, sign in parts.items())
            net.set_weights("in", "h", changed)
            found[task] += performance(net, [task], TRIALS, seed)
    net.set_weights("in", "h", weights)
    return found


def rule_input(rule):
    return RULE_INPUTS + YANG_RULES.index(rule)


# --- lesions ---------------------------------------------------------------------------------------------------------


def lesions(net, rules, units, label, seed):
    """What is lost of the performance of each task without each cluster, [clusters, tasks]: its units send nothing, as
    in the authors' clustering.py."""
    recurrent, out = net.weights("h", "h").copy(), net.weights("h", "out").copy()
    intact, lost = np.array(performance(net, rules, LESION_TRIALS, seed)), []
    for kind in np.unique(label):
        silent = np.ones(len(recurrent), np.float32)
        silent[units[label == kind]] = 0
        net.set_weights("h", "h", recurrent * silent)
        net.set_weights("h", "out", out * silent)
        lost.append(intact - performance(net, rules, LESION_TRIALS, seed))
    net.set_weights("h", "h", recurrent)
    net.set_weights("h", "out", out)
    return np.array(lost)


def by_variance(lost, profile, label, seed):
    """Correlation, over clusters and tasks, of what is lost with the cluster's mean task variance, both about the means
    of each cluster and of each task; and how often tasks permuted for each cluster by itself give as much."""
    share = np.array([profile[label == kind].mean(axis=0) for kind in np.unique(label)])
    rng = np.random.default_rng(seed)
    found = together(lost, share)
    chance = [together(lost, rng.permuted(share, axis=1)) for _ in range(PERMUTATIONS)]
    return {"by_variance": found, "chance": (1 + sum(one >= found for one in chance)) / (1 + PERMUTATIONS)}


def together(a, b):
    a, b = (x - x.mean(axis=0) - x.mean(axis=1, keepdims=True) + x.mean() for x in (a, b))
    return float((a * b).sum() / max(np.sqrt((a**2).sum() * (b**2).sum()), 1e-12))


# --- clusters --------------------------------------------------------------------------------------------------------


def task_variance(net, rule, seed):
    """Variance of each unit's rate over trials, without noise; mean over time and over blocks of the same timing."""
    noise, found = {name: net.get(name, "noise") for name in ("in", "h")}, []
    net.set("in h", noise=0)
    for block in range(BLOCKS):
        trials = only(rule).trials(net, BLOCK, seed=seed, first=block * BLOCK)
        rates = net.run(trials, seed=seed).rates["h"][: int(trials.lengths.min())]
        found.append(rates.var(axis=1).mean(axis=0))
    for name, value in noise.items():
        net.set(name, noise=value)
    return np.mean(found, axis=0).astype(float)


def active(variance):
    """Which units vary enough over all tasks together."""
    return variance.sum(axis=1) > ACTIVE


def clusters(variance, seed):
    """Units' task variance, each divided by its largest; k-means with the k of the best silhouette; and the same of
    units whose tasks are shuffled, each in its own way."""
    rng = np.random.default_rng(seed)
    variance = variance[active(variance)]
    profile = variance / variance.max(axis=1, keepdims=True)
    score, label = best_clusters(profile, rng)
    shuffled = [best_clusters(rng.permuted(profile, axis=1), rng)[0] for _ in range(SHUFFLES)]
    return {"profile": np.round(profile, 3), "label": label, "silhouette": score, "shuffled": shuffled}


def best_clusters(points, rng):
    """(silhouette, label of each point) of the best number of clusters, 2 to MOST_CLUSTERS."""
    apart = np.linalg.norm(points[:, None] - points[None, :], axis=-1)
    found = []
    for k in range(2, min(MOST_CLUSTERS, len(points) - 1) + 1):
        label = k_means(points, k, rng)
        found.append((silhouette(apart, label), label))
    return max(found, key=lambda one: one[0])


def k_means(points, k, rng, restarts=8, rounds=100):
    """Lloyd's, each restart seeded as k-means++ does (Arthur & Vassilvitskii 2007)."""
    best, least = None, math.inf
    for _ in range(restarts):
        centre = points[rng.integers(len(points))][None]
        while len(centre) < k:
            far = squares(points, centre).min(axis=1)
            centre = np.vstack([centre, points[rng.choice(len(points), p=far / far.sum())]])
        label = None
        for _ in range(rounds):
            now = squares(points, centre).argmin(axis=1)
            if label is not None and (now == label).all():
                break
            label = now
            mine = [label == j for j in range(k)]
            centre = np.stack([points[m].mean(axis=0) if m.any() else centre[j] for j, m in enumerate(mine)])
        spent = squares(points, centre).min(axis=1).sum()
        if spent < least:
            best, least = label, spent
    return best


def squares(points, centre):
    """Squared distances [points, centres]."""
    found = (points**2).sum(axis=1)[:, None] - 2 * points @ centre.T + (centre**2).sum(axis=1)
    return np.maximum(found, 0)


def silhouette(apart, label):
    """Mean over points of (b - a) / max(a, b): a to its own cluster, b to the next (Rousseeuw 1987); 0 if alone."""
    kinds, label = np.unique(label, return_inverse=True)
    if len(kinds) < 2:
        return -1.0
    member = label[:, None] == np.arange(len(kinds))
    size = member.sum(axis=0)
    total = apart @ member
    own = size[label]
    a = total[np.arange(len(label)), label] / np.maximum(own - 1, 1)
    b = np.where(member, np.inf, total / size).min(axis=1)
    return float(np.mean(np.where(own > 1, (b - a) / np.maximum(np.maximum(a, b), 1e-12), 0)))


# --- judging and drawing ---------------------------------------------------------------------------------------------


def middle(levels):
    """The level of the median network."""
    return sorted(levels, key=LEVELS.index)[len(levels) // 2]


def judge_performance(values, quick):
    medians = [median(value["correct"]) for value in values]
    least = [min(value["correct"]) for value in values]
    good = [sum(one >= 0.9 for one in value["correct"]) for value in values]
    levels = [
        MET if low >= 0.8 and mid >= 0.95 else CLOSE if low >= 0.5 and mid >= 0.85 else NOT
        for low, mid in zip(least, medians)
    ]
    tasks = values[0]["rules"]
    each = {rule: median(value["correct"][place] for value in values) for place, rule in enumerate(tasks)}
    said = (
        f"median of {len(tasks)} tasks {spread(medians, '{:.3f}')}, worst {spread(least, '{:.3f}')}; "
        f"{spread(good, '{:.0f}')} at 0.9 or above"
    )
    note = ", ".join(f"{rule} {one:.2f}" for rule, one in each.items())
    note = f"After {values[0]['trials'] / 1e6:.2f} million trials, medians: {note}."
    return Result(said, TOO_SHORT if quick else middle(levels), note)


def judge_clusters(values, quick):
    counts = [len(set(value["label"])) for value in values]
    chance = [(1 + sum(o >= v["silhouette"] for o in v["shuffled"])) / (1 + len(v["shuffled"])) for v in values]
    levels = [MET if p <= 0.05 and n >= 4 else CLOSE if p <= 0.05 else NOT for p, n in zip(chance, counts)]
    said = (
        f"{spread(counts, '{:.0f}')} clusters of {spread([len(value['label']) for value in values], '{:.0f}')} units, "
        f"silhouette {spread([value['silhouette'] for value in values], '{:.2f}')}; p = {spread(chance, '{:.2g}')}"
    )
    shuffled = f"Silhouette of shuffled units: at most {max(max(value['shuffled']) for value in values):.2f}."
    return Result(said, TOO_SHORT if quick else middle(levels), shuffled)


def judge_sums(values, quick):
    """For each task: does it go on under the whole sum, and better than without a part of it?"""
    levels = []
    for value in values:
        each = value["sums"].values()
        good = [own >= 0.8 and sums[-1] >= max(0.9 * own, max(sums[:-1]) + 0.05) for own, *sums in each]
        levels.append(MET if good and all(good) else CLOSE if any(good) else NOT)
    said = []
    for task in values[0]["sums"]:
        own, *parts, whole = zip(*(value["sums"][task] for value in values))
        best = [max(ones) for ones in zip(*parts)]
        shown = [spread(ones, "{:.2f}") for ones in (whole, own, best)]
        said.append(f"{task}: {shown[0]}, own rule {shown[1]}, without a part at most {shown[2]}")
    return Result("; ".join(said), TOO_SHORT if quick else middle(levels))


def judge_lesions(values, quick):
    levels = [MET if v["chance"] <= 0.05 else CLOSE if v["by_variance"] > 0 else NOT for v in values]
    most = spread([np.max(value["lost"]) for value in values], "{:.2f}")
    said = (
        f"correlation {spread([value['by_variance'] for value in values], '{:.2f}')}, "
        f"p = {spread([value['chance'] for value in values], '{:.2g}')}; at most {most} of correct trials are lost"
    )
    return Result(said, TOO_SHORT if quick else middle(levels))


def draw_lesions(values, quick):
    import matplotlib.pyplot as plt

    value = values[0]
    lost = np.array(value["lost"])
    order = np.argsort(lost.argmax(axis=1), kind="stable")
    figure, ax = plt.subplots(figsize=(4.4, 4), layout="constrained")
    image = ax.imshow(lost[order].T, aspect="auto", cmap="RdBu_r", interpolation="nearest", vmin=-1, vmax=1)
    ax.set_yticks(range(len(value["rules"])), value["rules"], fontsize="small")
    ax.set(xlabel="cluster without which")
    figure.colorbar(image, ax=ax, label="fraction correct that is lost")
    return figure


def draw_performance(values, quick):
    import matplotlib.pyplot as plt

    value = values[0]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained", width_ratios=(3, 4))
    updates = np.array([one[0] for one in value["curves"]]) * BATCH / 1e6
    curves = np.array([one[1] for one in value["curves"]])
    left.plot(updates, curves, color="0.75", lw=0.8)
    left.plot(updates, np.median(curves, axis=1), color="black", lw=1.8, label="median task")
    left.plot(updates, curves.min(axis=1), color="C3", lw=1.4, label="worst task")
    left.set(xlabel="million trials", ylabel="fraction correct", ylim=(0, 1.02))
    left.legend(frameon=False)
    right.bar(range(len(value["rules"])), value["correct"], color="C0")
    right.set_xticks(range(len(value["rules"])), value["rules"], rotation=90, fontsize="small")
    right.set(ylim=(0, 1.02), ylabel="fraction correct, at the end")
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def draw_clusters(values, quick):
    import matplotlib.pyplot as plt

    value = values[0]
    profile, label = np.array(value["profile"]), np.array(value["label"])
    # clusters in the order of the task in which each varies most
    peak = {kind: profile[label == kind].mean(axis=0).argmax() for kind in set(label)}
    order = sorted(range(len(label)), key=lambda unit: (peak[label[unit]], label[unit]))
    edges = [place for place in range(1, len(order)) if label[order[place]] != label[order[place - 1]]]
    figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
    image = ax.imshow(profile[order].T, aspect="auto", cmap="magma", interpolation="nearest", vmin=0, vmax=1)
    for edge in edges:
        ax.axvline(edge - 0.5, color="white", lw=0.8)
    ax.set_yticks(range(len(value["rules"])), value["rules"], fontsize="small")
    ax.set(xlabel="unit, by cluster")
    figure.colorbar(image, ax=ax, label="variance over trials,\nrelative to the unit's largest")
    return figure


PAPER = "Yang et al. 2019"
SHARED: Dict[str, Any] = {"paper": PAPER, "measure": measure, "seeds": 2, "minutes": 23}

ROWS = [
    Row(
        name="yang2019.performance",
        claim="one network of 256 units learns twenty tasks",
        compared_with=AUTHORS,
        reference="one network learns all of them, in up to 10 million trials",
        source="read: train.py of multitask; it gives no levels",
        tolerance="in the median network the median task has 0.95, the worst 0.8; close: 0.85 and 0.5",
        judge=judge_performance,
        draw=draw_performance,
        note="The paper's number of trials: REPRODUCE_YANG_UPDATES=156250 make reproduce ROWS=yang2019.",
        **SHARED,
    ),
    Row(
        name="yang2019.clusters",
        claim="units of a network that has learnt twenty tasks form clusters by the tasks in which they vary",
        compared_with=PUBLISHED,
        reference="clusters emerge (a statement, no number)",
        source="the paper's abstract",
        tolerance=(
            f"in the median network 4 clusters or more, and a silhouette above that of all {SHUFFLES} sets of units "
            "with shuffled tasks (p = 0.05); close: fewer clusters"
        ),
        judge=judge_clusters,
        draw=draw_clusters,
        **SHARED,
    ),
    Row(
        name="yang2019.sums-of-rules",
        claim="a network performs a task under a sum of other rules' inputs: delayanti under fdanti + delaygo - fdgo, "
        "contextdelaydm1 under contextdelaydm2 + contextdm1 - contextdm2",
        compared_with=PUBLISHED,
        reference="a task is performed by combining the instructions of others (a statement)",
        source="the paper's abstract; the sums, and those without a part, are those of the authors' taskset.py",
        tolerance="in the median network either task, performed at 0.8 under its own rule, has 0.9 of that, and 0.05 "
        "more than under any of the sums without a part; close: one of them has",
        judge=judge_sums,
        **SHARED,
    ),
    Row(
        name="yang2019.lesions",
        claim="a cluster's lesion impairs the tasks in which its units vary",
        compared_with=PUBLISHED,
        reference="lesions of clusters impair certain tasks (a figure that we could not read)",
        source="the paper's figure 2, as quoted; the lesions are those of the authors' clustering.py",
        tolerance="in the median network the loss of performance, by cluster and task, correlates with the cluster's "
        "task variance more than when tasks are permuted in each cluster (p = 0.05); close: it is positive",
        judge=judge_lesions,
        draw=draw_lesions,
        note="Both about the means of clusters and of tasks, so that it does not count that some clusters are needed "
        "for all tasks. Variance relative to each unit's largest, as in the clusters.",
        **SHARED,
    ),
]
