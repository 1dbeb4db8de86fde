"""Representational similarity: how different a population's responses to pairs of conditions are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import Names, brief, expect, frozen, spelt
from ._kinds import of_their_kind
from ._windows import Window, means_of, values_of
from .errors import InvalidError
from .run import Run

__all__ = ["Dissimilarity", "representational_similarity"]

Doubles = npt.NDArray[np.float64]

_MEASURES = ("correlation", "cosine", "euclidean")


@dataclass(frozen=True)
class Dissimilarity:
    """Dissimilarities of the responses to pairs of conditions; made by :func:`representational_similarity`."""

    #: Names of the conditions.
    conditions: Tuple[str, ...]
    #: Their values, [C, conditions], ascending.
    values: Doubles
    #: Dissimilarity of each pair, symmetric, 0 on the diagonal, [C, C].
    matrix: Doubles = field(repr=False)
    #: "correlation", "cosine" or "euclidean".
    measure: str

    def compare(self, other: "Dissimilarity") -> float:
        """Spearman's rank correlation of the pairs of the two, -1 to 1: second-order similarity, of networks or areas."""
        expect("other", other, Dissimilarity, "a neuroai.Dissimilarity")
        if self.values.shape != other.values.shape or not np.array_equal(self.values, other.values):
            raise InvalidError("other: it is of other values of conditions")
        rows, columns = np.triu_indices(len(self.matrix), 1)
        if len(rows) < 3:
            raise InvalidError(f"other: there are {len(rows)} pairs, must be 3 at least")
        one, two = _ranks(self.matrix[rows, columns]), _ranks(other.matrix[rows, columns])
        for what, ranks in (("this one", one), ("other", two)):
            if np.ptp(ranks) == 0:
                raise InvalidError(f"{what}: all pairs of conditions are equally dissimilar, so that there are no ranks to compare")
        return float(np.corrcoef(one, two)[0, 1])


def _ranks(values: Doubles) -> Doubles:
    """Ranks, those of ties their mean."""
    _, index, count = np.unique(values, return_inverse=True, return_counts=True)
    found: Doubles = (np.cumsum(count) - (count - 1) / 2)[index.ravel()]
    return found


@of_their_kind
def representational_similarity(
    run: Run,
    conditions: Union[str, Sequence[str]],
    names: Names = "*",
    window: Window = None,
    measure: str = "correlation",
) -> Dissimilarity:
    """The representational dissimilarity matrix of mean responses (Kriegeskorte, Mur & Bandettini 2008).

    Args:
        run: of trials that have conditions.
        conditions: a condition, or several, whose combinations that occur are compared.
        names: of which populations; shell patterns.
        window: (from, to), ms, or an epoch: of which steps the mean rates are.
        measure: of the responses a and b of all units: "correlation", 1 - Pearson's r; "cosine", 1 - a b / |a| |b|;
            "euclidean", |a - b|.
    """
    measure = spelt(measure, _MEASURES)
    if measure not in _MEASURES:
        raise InvalidError(f"measure: expected one of {', '.join(_MEASURES)}, got {brief(measure)}")
    values, which = values_of(run, conditions, "conditions")
    if len(values) < 2:
        raise InvalidError("conditions: all trials have the same values, there must be two at least")
    rates = means_of(run, names, window)
    means = np.array([rates[which == value].mean(axis=0) for value in range(len(values))])
    wanted = (conditions,) if isinstance(conditions, str) else tuple(conditions)
    return Dissimilarity(wanted, frozen(values), frozen(_pairs(means, measure)), measure)


def _pairs(means: Doubles, measure: str) -> Doubles:
    rounding = 1e-12 * np.linalg.norm(means, axis=1, keepdims=True)  # of means over different numbers of trials
    if measure == "euclidean":
        found: Doubles = np.linalg.norm(means[:, None] - means[None], axis=2)
        return np.where(found > rounding + rounding.T, found, 0)
    if measure == "correlation":
        means = means - means.mean(axis=1, keepdims=True)
    size = np.linalg.norm(means, axis=1, keepdims=True)
    if (size <= rounding).any():
        what = "all units are silent in" if measure == "cosine" else "all units respond alike to"
        raise InvalidError(f"measure: {brief(measure)} is not defined, as {what} a condition: take 'euclidean'")
    unit = means / size
    found = 1 - np.clip(unit @ unit.T, -1, 1)
    np.fill_diagonal(found, 0)
    return found
