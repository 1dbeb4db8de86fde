"""Feed-forward networks for the rows on feedback alignment and its kin: units without memory (tau = dt), layers that
answer within the step (delay 0), so a trial is one step long; and what those rows measure."""

from __future__ import annotations

import numpy as np

import neuroai as na


def chain(n_hidden):
    """Names from input to output: x, h1, ..., y."""
    return ["x", *(f"h{k + 1}" for k in range(n_hidden)), "y"]


def compose(weights, transfer, biases=None, constraints=()):
    """A network of these weights, [post, pre] each, from the input on.

    Args:
        transfer: of the hidden layers. The output is linear; BinaryCrossEntropy makes it logistic.
        biases: of each layer, fixed; None: they start at 0 and learn.
        constraints: (layer's index, constraint) of its weights.
    """
    names, learn = chain(len(weights) - 1), 0.0 if biases is not None else 1.0
    net = na.Network(dt=1).input("x", weights[0].shape[1])
    for name, w in zip(names[1:-1], weights):
        net.population(name, len(w), tau=1, transfer=transfer, plastic_bias=learn)
    net.output("y", len(weights[-1]), plastic_bias=learn)
    for pre, post, w in zip(names, names[1:], weights):
        net.connect(pre, post, delay=0, initial=w)
    for layer, constraint in constraints:
        net.constrain(names[layer], names[layer + 1], constraint)
    net.build()
    for name, bias in zip(names[1:], biases or ()):
        net.set_bias(name, bias)
    return net


def one_hot(labels, n=10):
    return np.eye(n, dtype=np.float32)[labels]


def trials(inputs, targets):
    """A batch of one-step trials from [B, n]."""
    return na.Trials(inputs[None], targets[None])


def epoch(trainer, images, targets, batch, rng=None, seen=None):
    """Once through the images, in an order drawn from ``rng``, or as they stand; a batch that is not full is left out.

    ``seen(update, chosen)`` is called after each update with the images that it had.
    """
    order = np.arange(len(images)) if rng is None else rng.permutation(len(images))
    for update in range(len(images) // batch):
        chosen = order[update * batch : (update + 1) * batch]
        trainer.step(trials(images[chosen], targets[chosen]))
        if seen is not None:
            seen(update, chosen)


def error(net, images, labels):
    """Percentage of images that are taken for another class."""
    found = np.concatenate([net.run(part[None]).outputs["y"][0].argmax(1) for part in np.array_split(images, 10)])
    return 100 * float(np.mean(found != labels))


def output_error(trainer, targets):
    """s - y of a logistic output, for the batch that was last learnt from: [B, n]."""
    return 1 / (1 + np.exp(-np.array(trainer.activity("y")[0], np.float64))) - targets


def angles(a, b):
    """Angle between each row of ``a`` and that of ``b``, degrees."""
    cosine = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def angle(a, b):
    """Angle between two arrays taken as vectors, degrees."""
    return float(angles(np.ravel(a).astype(np.float64), np.ravel(b).astype(np.float64)))
