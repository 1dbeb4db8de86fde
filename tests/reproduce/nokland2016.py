"""Nokland 2016, "Direct feedback alignment provides learning in deep neural networks": two hidden layers of 800 tanh
units learn MNIST from weights that are all 0, where backpropagation has no error to send. And sign symmetry (Liao,
Leibo & Poggio 2016) beside backpropagation and feedback alignment in such a network of 256 units a layer.

As in the published code: batches of 64, RMSprop (Torch's: 0.99 of the mean square is kept), logistic outputs with
cross-entropy, feedback weights uniform within 1 / sqrt(800). It ran for 300 epochs at 1e-4; here the rate is five times
that, for epochs enough that the errors stand still. And seven layers of 240 learn 10,000 images by heart.

Sign symmetry, backpropagation and feedback alignment start from Xavier's uniform weights, and so do the feedback
weights of the latter, as in BioTorch, whose numbers (LeNet, 100 epochs) stand in the row: the order of the rules is
compared, not the errors.
"""

from __future__ import annotations

import math

import idx
import layers
import numpy as np
from harness import AUTHORS, CLOSE, MET, NOT, PUBLISHED, TOO_SHORT, Result, Row, median, spread

import neuroai as na

NOKLAND, LIAO = "Nokland 2016", "Liao et al. 2016"
DEEP, DEEP_EPOCHS = (784, *[240] * 7, 10), 60
SIZES, SMALL, BATCH, RATE = (784, 800, 800, 10), (784, 256, 256, 10), 64, 5e-4
EPOCHS, QUICK_EPOCHS, QUICK_IMAGES = 6, 2, 10_000
#: The error at the end: the mean of so many epochs.
LAST = 2
CHANCE = 80.0  # percent wrong that counts as nothing learnt; guessing the most frequent class gives 89


def zeros(sizes):
    return [np.zeros((post, pre)) for pre, post in zip(sizes, sizes[1:])]


def xavier(rng, sizes):
    limits = [(pre, post, math.sqrt(6 / (pre + post))) for pre, post in zip(sizes, sizes[1:])]
    return [rng.uniform(-limit, limit, (post, pre)) for pre, post, limit in limits]


def trainer_of(weights, rule):
    net = layers.compose(weights, "tanh")
    return na.Trainer(net, None, na.BinaryCrossEntropy("y"), rule, na.RMSProp(RATE, decay=0.99), batch=BATCH)


def course(trainer, images, epochs, seed):
    """Test error after each epoch, in percent."""
    targets, order, errors = layers.one_hot(images.train_labels), np.random.default_rng([seed, 1]), []
    for _ in range(epochs):
        layers.epoch(trainer, images.train, targets, BATCH, order)
        errors.append(layers.error(trainer.net, images.test, images.test_labels))
    return errors


def data(quick):
    images = idx.load()
    return (images.first(QUICK_IMAGES), QUICK_EPOCHS) if quick else (images, EPOCHS)


def at_the_end(errors):
    return float(np.mean(errors[-LAST:]))


# --- from zero weights -----------------------------------------------------------------------------------------------


def direct(seed, sizes):
    trainer = trainer_of(zeros(sizes), na.DirectFeedbackAlignment())
    rng, limit = np.random.default_rng([seed, 784_800]), 1 / math.sqrt(sizes[1])
    for layer, n in enumerate(sizes[1:-1]):
        trainer.rule.set_feedback(f"h{layer + 1}", rng.uniform(-limit, limit, (n, sizes[-1])))
    return trainer


def measure_zero(seed, quick):
    images, epochs = data(quick)
    blind = trainer_of(zeros(SIZES), na.BPTT())
    found = {
        "data": images.name,
        "DFA from 0": course(direct(seed, SIZES), images, epochs, seed),
        "BP from 0": course(blind, images, 1, seed),
        "BP": course(trainer_of(xavier(np.random.default_rng(seed), SIZES), na.BPTT()), images, epochs, seed),
    }
    moved = [np.abs(blind.net.weights(pre, post)).max() for pre, post in (("x", "h1"), ("h1", "h2"), ("h2", "y"))]
    return {**found, "moved": moved}


def judge_zero(values, quick):
    """DFA learns, and backpropagation from the same start does not move a weight."""
    dfa, bp, stuck = ([at_the_end(value[which]) for value in values] for which in ("DFA from 0", "BP", "BP from 0"))
    more, moved = median(dfa) - median(bp), max(max(value["moved"]) for value in values)
    level = MET if more <= 1 else CLOSE if more <= 2 else NOT
    if moved > 0 or min(stuck) < CHANCE:
        level = NOT
    ours = f"DFA {spread(dfa, '{:.2f}')} %, BP {spread(bp, '{:.2f}')} %; BP from 0 {spread(stuck, '{:.1f}')} %"
    return finish(ours, level, values, quick)


def finish(ours, level, values, quick):
    if quick and level != MET:
        level = TOO_SHORT
    return Result(ours, level, f"Learnt and tested on {values[0]['data']}.")


# --- deep networks ---------------------------------------------------------------------------------------------------


def measure_deep(seed, quick):
    """Percentage wrong of the images that were learnt from, after each of some epochs, and of test images at the end,
    by direct feedback alignment in a deep network whose weights start at 0."""
    images, every = idx.load().first(QUICK_IMAGES), 1 if quick else DEEP_EPOCHS // 6
    trainer, targets = direct(seed, DEEP), layers.one_hot(images.train_labels)
    order, found = np.random.default_rng([seed, 2]), {"data": images.name, "epochs": [], "learnt": []}
    for epoch in range(2 if quick else DEEP_EPOCHS):
        layers.epoch(trainer, images.train, targets, BATCH, order)
        if (epoch + 1) % every == 0:
            found["epochs"].append(epoch + 1)
            found["learnt"].append(layers.error(trainer.net, images.train, images.train_labels))
    return {**found, "test": layers.error(trainer.net, images.test, images.test_labels)}


def judge_deep(values, quick):
    learnt = [value["learnt"][-1] for value in values]
    level = MET if median(learnt) <= 0.1 else CLOSE if median(learnt) <= 1 else NOT
    ours = f"{spread(learnt, '{:.2f}')} %; test images {spread([value['test'] for value in values], '{:.2f}')} %"
    return finish(ours, level, values, quick)


# --- sign symmetry ---------------------------------------------------------------------------------------------------

RULES = {
    "BP": na.BPTT,
    "uSF": lambda: na.SignSymmetry("uniform"),
    "brSF": lambda: na.SignSymmetry("batch"),
    "frSF": lambda: na.SignSymmetry("fixed"),
    "FA": na.FeedbackAlignment,
}


def measure_sign(seed, quick):
    images, epochs = data(quick)
    found = {"data": images.name}
    for which, rule in RULES.items():
        rng = np.random.default_rng([seed, 784_256])
        trainer = trainer_of(xavier(rng, SMALL), rule())
        if which == "FA":
            feedback = xavier(rng, SMALL)
            trainer.rule.set_feedback("h1", "h2", feedback[1].T)
            trainer.rule.set_feedback("h2", "y", feedback[2].T)
        found[which] = course(trainer, images, epochs, seed)
    return found


def judge_sign(values, quick):
    last = {which: [at_the_end(value[which]) for value in values] for which in RULES}
    worst = max(median(last[which]) for which in ("uSF", "brSF", "frSF")) - median(last["BP"])
    level = MET if worst <= 0.5 else CLOSE if worst <= 1 else NOT
    ours = "; ".join(f"{which} {spread(errors, '{:.2f}')}" for which, errors in last.items()) + " %"
    return finish(ours, level, values, quick)


# --- rows ------------------------------------------------------------------------------------------------------------


def draw_of(names):
    def draw(values, quick):
        import matplotlib.pyplot as plt

        figure, ax = plt.subplots(figsize=(4.6, 3), layout="constrained")
        for index, name in enumerate(names):
            for value in values:
                epochs = range(1, len(value[name]) + 1)
                ax.plot(epochs, value[name], "o-", ms=3, color=f"C{index}", label=name if value is values[0] else None)
        ax.set(xlabel="epoch", ylabel=f"test error on {values[0]['data']}, %", yscale="log")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize="small")
        return figure

    return draw


END = f"after {EPOCHS} epochs (mean of the last {LAST}, median of the seeds)"

ROWS = [
    Row(
        name="nokland2016.zero",
        paper=NOKLAND,
        claim="MNIST, 784-800-800-10 tanh: direct feedback alignment learns from zero weights, backpropagation cannot",
        compared_with=AUTHORS,
        reference="DFA starts from weights that are 0 (1.45 % with dropout, after 300 epochs)",
        source="read: mlp.lua of dfa-torch; the error stands in the abstract",
        tolerance=f"{END} DFA has at most 1 point of test error more than backpropagation from random weights; no "
        f"weight moves under backpropagation from 0, and its error is above {CHANCE:.0f} %; close: 2 points",
        measure=measure_zero,
        judge=judge_zero,
        draw=draw_of(("DFA from 0", "BP", "BP from 0")),
        seeds=3,
        minutes=3,
        note="A bias of the outputs does learn under backpropagation from 0, so it guesses a frequent class.",
    ),
    Row(
        name="nokland2016.deep",
        paper=NOKLAND,
        claim="direct feedback alignment from zero weights learns 10,000 images of MNIST by heart in a deep "
        "network, 784-240x7-10 tanh (error on them)",
        compared_with=PUBLISHED,
        reference="no error on training images, also in very deep networks (a statement)",
        source="the paper's abstract",
        tolerance=f"median error at most 0.1 % after {DEEP_EPOCHS} epochs of {QUICK_IMAGES} images; close: 1 %",
        measure=measure_deep,
        judge=judge_deep,
        seeds=3,
        minutes=1,
        note="The first 10,000 images, so that it takes a minute.",
    ),
    Row(
        name="nokland2016.sign-symmetry",
        paper=LIAO,
        claim="MNIST, 784-256-256-10 tanh: sign symmetry (uniform, redrawn and fixed sizes) learns as well as "
        "backpropagation",
        compared_with=PUBLISHED,
        reference="BP 0.91, uSF 0.94, brSF 0.91, frSF 0.97, FA 1.7 % (LeNet, 100 epochs)",
        source="Benchmarks.md of BioTorch, Sanfiz & Akrout 2021",
        tolerance=f"{END} each of the three has at most 0.5 points of test error more than backpropagation; close: 1 "
        "point",
        measure=measure_sign,
        judge=judge_sign,
        draw=draw_of(tuple(RULES)),
        seeds=3,
        minutes=4,
        note="A network of another kind than BioTorch's, so the order of the rules is compared, not the errors.",
    ),
]
