"""Linear decoding of a condition from population activity, within and across the values of another condition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from ._handle import Names, brief, frozen, positive, seed_of, whole
from ._interrupt import Bar
from ._kinds import of_their_kind
from ._windows import Window, means_of, values_of
from .errors import InvalidError
from ._needed import needed
from .run import Run

__all__ = ["Decoding", "decode"]

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Decoding:
    """Fractions of trials whose condition was read out of the activity; made by :func:`decode`."""

    #: The condition that is decoded, and its values.
    condition: str
    values: Doubles
    #: The condition across whose values decoders are tested, and these; None and [0] of a decoder within all trials.
    across: Optional[str]
    groups: Doubles
    #: Fraction correct, each value counting alike: [trained on this group, tested on this one]; cross-validated on the
    #: diagonal.
    accuracy: Doubles = field(repr=False)
    #: Trials of each group.
    trials: Integers = field(repr=False)

    @property
    def chance(self) -> float:
        """What guessing gives: one over the number of values."""
        return 1 / len(self.values)

    @property
    def within(self) -> float:
        """Mean accuracy in the group that the decoder was trained on, cross-validated."""
        return float(np.diagonal(self.accuracy).mean())

    @property
    def generalisation(self) -> float:
        """Mean accuracy in other groups than that which the decoder was trained on (cross-condition generalisation
        performance, Bernardi et al. 2020); NaN of one group."""
        apart = ~np.eye(len(self.groups), dtype=bool)
        return float(self.accuracy[apart].mean()) if apart.any() else float("nan")


@of_their_kind
def decode(
    run: Run,
    condition: str,
    across: Optional[str] = None,
    names: Names = "*",
    window: Window = None,
    folds: int = 5,
    penalty: float = 1.0,
    seed: int = 0,
    progress: bool = True,
) -> Decoding:
    """Decodes a condition linearly from mean rates: within each value of another condition, and across them.

    A logistic regression of z-scored rates (scikit-learn's ``LogisticRegression``), weighted such that each value counts
    alike. Trained on the trials of one value of ``across``, it is tested on those of each other one: above chance there, the
    code for ``condition`` is the same in both (Bernardi et al. 2020). On its own trials it is cross-validated.

    Args:
        run: of trials that have conditions.
        condition: what is decoded: two values or more.
        across: between whose values decoders are taken; None: one decoder of all trials.
        names: of which populations; shell patterns.
        window: (from, to), ms, or an epoch: of which steps the mean rates are.
        folds: of the cross-validation; each value needs so many trials in each group.
        penalty: weight of the squared weights, 1 / C of scikit-learn.
        seed: which trials are in which fold.
        progress: whether to show a progress bar if it takes more than a second.

    Needs scikit-learn: ``pip install neuroai[analysis]``.
    """
    linear = needed("sklearn.linear_model", "decoding", "analysis")
    if whole("folds", folds) < 2:
        raise InvalidError(f"folds is {folds}, must be at least 2")
    positive("penalty", penalty)
    if across == condition:
        raise InvalidError(f"across: it is {brief(across)}, which is decoded")
    values, label = values_of(run, condition, "condition")
    if len(values) < 2:
        raise InvalidError(f"condition: {brief(condition)} has one value in all trials, must have two")
    rates, groups, group = means_of(run, names, window), np.zeros((1, 1)), np.zeros(len(label), np.int64)
    if across is not None:
        groups, group = values_of(run, across, "across")
    group = np.where(label < 0, -1, group)
    _check_counts(label, group, len(values), groups, folds, across)
    model = _Model(linear, penalty, folds, len(values), np.random.default_rng(seed_of(seed)))
    accuracy = np.empty((len(groups), len(groups)))
    with Bar(len(groups) * (folds + 1), "decoders", progress) as model.bar:
        for trained in range(len(groups)):
            here = group == trained
            fitted = model.fit(rates[here], label[here])
            for tested in range(len(groups)):
                there = group == tested
                accuracy[trained, tested] = (
                    model.crossed(rates[here], label[here])
                    if tested == trained
                    else model.score(fitted.predict(rates[there]), label[there])
                )
    trials = np.array([(group == k).sum() for k in range(len(groups))], np.int64)
    return Decoding(condition, frozen(values[:, 0]), across, frozen(groups[:, 0]), frozen(accuracy), frozen(trials))


def _check_counts(label: Integers, group: Integers, n: int, groups: Doubles, folds: int, across: Optional[str]) -> None:
    for k in range(len(groups)):
        count = np.bincount(label[group == k], minlength=n)
        if count.min() < folds:
            where = f" with {brief(across)} {groups[k, 0]:g}" if across is not None else ""
            raise InvalidError(f"run: a value has {count.min()} trials{where}, must have {folds}: as many as folds")


class _Model:
    """A decoder that is fitted, scored and cross-validated."""

    def __init__(self, linear: Any, penalty: float, folds: int, n: int, draw: np.random.Generator) -> None:
        self.fitted, self.bar = 0, Bar(None, "", False)
        self.linear, self.penalty, self.folds, self.n, self.draw = linear, penalty, folds, n, draw
        self.pipeline = needed("sklearn.pipeline", "decoding", "analysis")
        self.scaling = needed("sklearn.preprocessing", "decoding", "analysis")

    def fit(self, rates: Doubles, label: Integers) -> Any:
        regression = self.linear.LogisticRegression(C=1 / self.penalty, class_weight="balanced", max_iter=5000)
        found = self.pipeline.make_pipeline(self.scaling.StandardScaler(), regression).fit(rates, label)
        self.fitted += 1
        self.bar.at(self.fitted)
        return found

    def score(self, guess: Integers, label: Integers) -> float:
        return float(np.mean([(guess[label == value] == value).mean() for value in range(self.n)]))

    def crossed(self, rates: Doubles, label: Integers) -> float:
        """Each value's trials are dealt out to the folds, so that all are in each."""
        fold = np.empty(len(label), np.int64)
        for value in range(self.n):
            here = self.draw.permutation(np.flatnonzero(label == value))
            fold[here] = np.arange(len(here)) % self.folds
        guess = np.empty(len(label), np.int64)
        for k in range(self.folds):
            guess[fold == k] = self.fit(rates[fold != k], label[fold != k]).predict(rates[fold == k])
        return self.score(guess, label)
