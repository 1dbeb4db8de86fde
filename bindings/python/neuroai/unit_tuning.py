"""What single units tell about a condition, and the correlations of their noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import Names, brief, expect, frozen, given, pair, seed_of, whole
from ._kinds import of_their_kind
from ._matrices import room_for
from ._windows import Window, labels_of, means_of, values_of
from .errors import InvalidError
from .run import Run

__all__ = ["NoiseCorrelations", "Selectivity", "d_prime", "noise_correlations", "roc_area", "selectivity"]

Doubles = npt.NDArray[np.float64]

#: Units whose pairs are taken a row at a time: indices of all take more than their correlations.
_MANY = 2000


# --- selectivity -----------------------------------------------------------------------------------------------------


def _two(one: npt.ArrayLike, other: npt.ArrayLike, least: int) -> Tuple[Doubles, Doubles]:
    found = []
    for what, values in (("one", one), ("other", other)):
        array = np.asarray(given(what, values), np.float64)
        if array.ndim < 1 or len(array) < least:
            raise InvalidError(f"{what}: it has {array.shape[0] if array.ndim else 0} trials, must have {least} at least")
        if not np.isfinite(array).all():
            raise InvalidError(f"{what}: it is not finite everywhere")
        found.append(array)
    if found[0].shape[1:] != found[1].shape[1:]:
        raise InvalidError(f"other: it is of {found[1].shape[1:]} units, must be of {found[0].shape[1:]}")
    return found[0], found[1]


@of_their_kind
def d_prime(one: npt.ArrayLike, other: npt.ArrayLike) -> Doubles:
    """d' = (mean one - mean other) / sqrt((var one + var other) / 2), variances over trials - 1 (Green & Swets 1966).

    Args:
        one, other: responses [trials, ...], at least two each.

    Returns:
        [...]; 0 where the means are the same, infinite where they differ without variance.
    """
    a, b = _two(one, other, 2)
    difference = a.mean(axis=0) - b.mean(axis=0)
    spread = np.sqrt((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return frozen(np.asarray(np.where(difference == 0, 0.0, difference / spread)))


@of_their_kind
def roc_area(one: npt.ArrayLike, other: npt.ArrayLike) -> Doubles:
    """Area under the ROC curve: P(one > other) + P(one = other) / 2 of a trial of each (Britten et al. 1992).

    Args:
        one, other: responses [trials, ...].

    Returns:
        [...]: 1 where each of ``one`` is larger, 0.5 where nothing tells them apart.
    """
    a, b = _two(one, other, 1)
    ordered = np.sort(b, axis=0).reshape(len(b), -1)
    flat = a.reshape(len(a), -1)
    found = np.empty(flat.shape[1])
    for unit in range(flat.shape[1]):
        below, upto = (np.searchsorted(ordered[:, unit], flat[:, unit], side) for side in ("left", "right"))
        found[unit] = (below + upto).mean() / (2 * len(b))
    return frozen(found.reshape(a.shape[1:]))


@dataclass(frozen=True)
class Selectivity:
    """How well each unit tells two values of a condition apart; made by :func:`selectivity`."""

    #: The condition.
    condition: str
    #: The two values: (one, other).
    values: Tuple[float, float]
    #: Population and number of each unit.
    units: List[Tuple[str, int]] = field(repr=False)
    #: d' of each unit, above 0 where it responds more to ``one``, [N].
    d_prime: Doubles = field(repr=False)
    #: Area under the ROC curve of each unit, [N].
    roc_area: Doubles = field(repr=False)
    #: p of each unit: fraction of shuffles of the trials whose area is as far from 0.5, [N]; NaN without shuffles.
    p: Doubles = field(repr=False)
    #: Trials of each value.
    trials: Tuple[int, int]


@of_their_kind
def selectivity(
    run: Run,
    condition: str,
    values: Optional[Tuple[float, float]] = None,
    names: Names = "*",
    window: Window = None,
    shuffles: int = 0,
    seed: int = 0,
) -> Selectivity:
    """d' and the area under the ROC curve of each unit's mean rate, between two values of a condition.

    Args:
        run: of trials that have conditions.
        condition: its name.
        values: (one, other); default: the largest and the smallest.
        names: of which populations; shell patterns.
        window: (from, to), ms, or an epoch: of which steps the mean rate is.
        shuffles: of which trial has which value, for p; 1000 tell 0.001 from 0.002.
        seed: of the shuffles.
    """
    expect("condition", condition, str, "the name of a condition")
    known, which = values_of(run, condition, "condition")
    if len(known) < 2:
        raise InvalidError(f"condition: {brief(condition)} has one value in all trials, must have two")
    wanted = (float(known[-1, 0]), float(known[0, 0])) if values is None else pair("values", values, "two values of the condition")
    if shuffles < 0:
        raise InvalidError(f"shuffles is {shuffles}, must be at least 0")
    places = [np.flatnonzero(np.isclose(known[:, 0], value, rtol=1e-6, atol=0)) for value in wanted]
    for value, place in zip(wanted, places):
        if not len(place):
            raise InvalidError(f"values: no trial has {brief(condition)} {value:g}")
    rates = means_of(run, names, window)
    one, other = (rates[which == place[0]] for place in places)
    for value, found in zip(wanted, (one, other)):
        if len(found) < 2:
            raise InvalidError(f"condition: one trial has {brief(condition)} {value:g}, must be two at least of each value")
    d, area = d_prime(one, other), roc_area(one, other)
    p = _shuffled(one, other, area, shuffles, seed)
    return Selectivity(condition, wanted, labels_of(run, names), d, area, frozen(p), (len(one), len(other)))


def _shuffled(one: Doubles, other: Doubles, area: Doubles, shuffles: int, seed: int) -> Doubles:
    """Phipson & Smyth (2010): what was measured is one of the shuffles, so that p is never 0."""
    if shuffles < 1:
        return np.full(len(area), np.nan)
    draw, both = np.random.default_rng(seed_of(seed)), np.concatenate([one, other])
    far, ranks, n = np.ones(len(area)), _ranks(both), len(one)
    for _ in range(shuffles):
        above = ranks[draw.permutation(len(both))[:n]].sum(axis=0) - n * (n + 1) / 2  # the statistic of Mann & Whitney
        far += np.abs(above / (n * len(other)) - 0.5) >= np.abs(area - 0.5) - 1e-12
    return far / (shuffles + 1)


def _ranks(rows: Doubles) -> Doubles:
    """Rank of each number in its column, from 1; those that are the same share their mean."""
    found = np.empty(rows.shape)
    for column, out in zip(rows.T, found.T):
        ordered = np.sort(column)
        out[:] = (np.searchsorted(ordered, column, "left") + np.searchsorted(ordered, column, "right") + 1) / 2
    return found


# --- correlations of noise -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NoiseCorrelations:
    """Correlations between units over trials of one condition; made by :func:`noise_correlations`."""

    #: Pearson's r of each pair, [N, N], 1 on the diagonal; NaN for units that never change within a condition.
    matrix: Doubles = field(repr=False)
    #: r of the mean responses of each pair over conditions, [N, N]: signal correlation; NaN of less than two conditions.
    signal: Doubles = field(repr=False)
    #: Population and number of each unit.
    units: List[Tuple[str, int]] = field(repr=False)
    #: Trials that were used.
    trials: int

    @property
    def pairs(self) -> Doubles:
        """r of each pair of different units, once, those that are known, [pairs]."""
        n = len(self.matrix)
        rows = self.rows() if n > _MANY else [(self.matrix[np.triu_indices(n, 1)],)]
        found = [row[0][np.isfinite(row[0])] for row in rows]
        return frozen(np.concatenate(found))

    def rows(self) -> "Iterator[Tuple[Doubles, Doubles]]":
        """r of the noise and of the signals of each pair, once, those of a unit with all behind it at a time."""
        for unit in range(len(self.matrix) - 1):
            yield self.matrix[unit, unit + 1 :], self.signal[unit, unit + 1 :]

    @property
    def mean(self) -> float:
        """Mean of ``pairs``."""
        return float(self.pairs.mean()) if len(self.pairs) else float("nan")


@of_their_kind
def noise_correlations(
    run: Run,
    conditions: Union[str, Sequence[str]],
    names: Names = "*",
    window: Window = None,
    *,
    units: Optional[int] = None,
    seed: int = 0,
) -> NoiseCorrelations:
    """Correlations of the trial-to-trial variability of pairs of units (Cohen & Kohn 2011).

    Mean rates in the window are z-scored over the trials of each value of the conditions; Pearson's r of a pair is over
    all trials of values that have two at least.

    Args:
        run: of trials that have conditions, of a network with noise.
        conditions: a condition, or several whose combinations are taken: all that the trials differ in.
        names: of which populations; shell patterns.
        window: (from, to), ms, or an epoch.
        units: of so many units, drawn at random from all; None: of all of them. Of n units it takes about 24 n^2 bytes.
        seed: of the draw.
    """
    known, which = values_of(run, conditions, "conditions")
    rates, labels = means_of(run, names, window), labels_of(run, names)
    if units is not None:
        if not 2 <= whole("units", units) <= len(labels):
            raise InvalidError(f"units is {units}, must be 2 to {len(labels)}")
        taken = np.sort(np.random.default_rng(seed_of(seed)).choice(len(labels), units, replace=False))
        rates, labels = rates[:, taken], [labels[unit] for unit in taken]
    room_for("correlations", rates.shape[1], 3, "take some units at random, units=2000, or fewer populations by `names`")
    parts, means = [], []
    for value in range(len(known)):
        here = rates[which == value]
        means.append(here.mean(axis=0))
        if len(here) > 1:
            spread = here.std(axis=0, ddof=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                parts.append(np.where(spread > 1e-9 * np.abs(means[-1]), (here - means[-1]) / spread, 0))
    if not parts:
        raise InvalidError("conditions: no value has two trials: take more trials, or fewer conditions")
    z = np.concatenate(parts)
    if not z.any():
        raise InvalidError("run: no unit differs between trials of one condition: the network needs noise, and units that are active")
    found, signal = _pearson(z), _pearson(np.array(means))
    return NoiseCorrelations(frozen(found), frozen(signal), labels, len(z))


def _pearson(rows: Doubles) -> Doubles:
    """r of each pair of columns; NaN of columns that do not change."""
    n = rows.shape[1]
    centred = rows - rows.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    size = np.where(size > 1e-12 * (1 + np.abs(rows).max(axis=0)), size, np.nan)
    unit = centred / size
    found: Doubles = np.clip(unit.T @ unit, -1, 1)
    return found if len(rows) > 1 else np.full((n, n), np.nan)
