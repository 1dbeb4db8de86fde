"""Intrinsic timescales: how slowly the fluctuations of activity decay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from ._handle import Names, brief, frozen, given, real
from ._interrupt import Bar
from ._kinds import of_their_kind
from ._windows import Window, activity_of, going_of, labels_of
from .errors import InvalidError
from ._needed import needed
from .run import Run

__all__ = ["Timescales", "timescales"]

Doubles = npt.NDArray[np.float64]

#: What a correlation must fall by within the lags for its decay to be one.
_LEAST = 0.01


@dataclass(frozen=True)
class Timescales:
    """Autocorrelations over trials and the timescales of their decay; made by :func:`timescales`."""

    #: Lags, ms, [L]: 1, 2, ... bins.
    lags: Doubles
    #: Mean autocorrelation of the units at each lag, [L].
    mean: Doubles
    #: tau of the fit A (exp(-lag / tau) + B) to the mean, ms; NaN where it does not decay within the lags.
    tau: float
    #: A and B of that fit.
    amplitude: float
    offset: float
    #: Autocorrelation of each unit, [N, L]; NaN of units without fluctuations.
    units: Doubles = field(repr=False)
    #: tau of each unit, ms, [N]; NaN where it does not decay within the lags.
    taus: Doubles = field(repr=False)
    #: Population and number of each unit.
    labels: List[Tuple[str, int]] = field(repr=False)

    def curve(self, lag: npt.ArrayLike) -> Doubles:
        """The fit at these lags, ms."""
        found: Doubles = self.amplitude * (np.exp(-np.asarray(given("lag", lag), np.float64) / self.tau) + self.offset)
        return found


@of_their_kind
def timescales(
    run: Run, names: Names = "*", window: Window = None, bin: Optional[float] = None, lags: int = 0, progress: bool = True
) -> Timescales:
    """Intrinsic timescales of units and of their population, as in Murray et al. (2014).

    Rates are averaged in bins; R(k) is Pearson's r over trials between bins i and j = i + k, averaged over i; and
    A (exp(-k bin / tau) + B) is fitted to it by least squares, from the lag of the largest R of the first three on, as
    adaptation may hold the first ones down. Trials must be of one condition and one length, or the conditions' differences
    count as slow fluctuations.

    Args:
        run: of trials of a network with noise, 50 or more; rates or spikes.
        names: of which populations; shell patterns.
        window: (from, to), ms, or an epoch: before the stimulus, as a rule; the same steps in all trials.
        bin: ms, a multiple of the time between rows; default: that next to 50 ms, of the paper.
        lags: how many; 0: as many as the window has but one.
        progress: whether to show a progress bar if it takes more than a second: some ms for each unit.

    Needs SciPy: ``pip install neuroai[fits]``.
    """
    optimize = needed("scipy.optimize", "fitting timescales", "fits")
    row = run.every * run.dt
    if bin is None:
        bin = max(1, round(50.0 / row)) * row
    rows = real("bin", bin) / row
    if not rows >= 1 - 1e-9 or abs(rows - round(rows)) > 1e-6:
        raise InvalidError(f"bin is {brief(bin)} ms, must be a multiple of {row:g} ms, the time between rows of the run")
    binned = _binned(run, names, window, round(rows))
    most = len(binned) - 1
    if most < 4 or binned.shape[1] < 3:
        raise InvalidError(f"window: it has {most + 1} bins of {binned.shape[1]} trials, must have 5 of 3 at least")
    if not (lags == 0 or 4 <= lags <= most):
        raise InvalidError(f"lags is {brief(lags)}, must be 4 to {most}, or 0 for all")
    units = _correlated(binned, lags or most)
    known = np.all(np.isfinite(units), axis=1)
    if not known.any():
        raise InvalidError("run: no unit differs between trials: the network needs noise")
    at, mean = np.arange(1, units.shape[1] + 1) * float(bin), units[known].mean(axis=0)
    amplitude, tau, offset = _fitted(at, mean, optimize)
    taus = np.full(len(units), np.nan)
    with Bar(len(units), "units fitted", progress) as bar:
        for unit in np.flatnonzero(known):
            taus[unit] = _fitted(at, units[unit], optimize)[1]
            bar.at(int(unit))
    parts = frozen(units), frozen(taus), labels_of(run, names)
    return Timescales(frozen(at), frozen(mean), tau, amplitude, offset, *parts)


def _binned(run: Run, names: Names, window: Window, rows: int) -> Doubles:
    """Mean rates in bins, [bins, B, units]."""
    going = going_of(run, window)
    if (going != going[:, :1]).any():
        raise InvalidError(f"window is {brief(window)}, has not the same steps in all trials: give (from, to), ms")
    rates = activity_of(run, names, going)[going[:, 0]]
    bins = len(rates) // rows
    found: Doubles = rates[: bins * rows].reshape(bins, rows, *rates.shape[1:]).mean(axis=1)
    return found


def _correlated(binned: Doubles, lags: int) -> Doubles:
    """Pearson's r over trials between bins that are 1, 2, ... apart, averaged: [units, lags]."""
    centred = binned - binned.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = centred / np.where(size > 1e-9, size, np.nan)[:, None]
    found = [np.einsum("tbn,tbn->tn", unit[:-lag], unit[lag:]) for lag in range(1, lags + 1)]
    return np.array([_mean_known(each) for each in found]).T


def _mean_known(values: Doubles) -> Doubles:
    """Means over rows of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    found: Doubles = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return found


def _fitted(lags: Doubles, r: Doubles, optimize: Any) -> Tuple[float, float, float]:
    """A, tau and B; tau is NaN where it ends at a bound, or the curve does not fall."""
    first = int(np.argmax(r[:3]))
    x, y = lags[first:], r[first:]
    low, high = lags[0] / 20, 10 * lags[-1]

    def residuals(p: Doubles) -> Doubles:
        found: Doubles = p[0] * np.exp(-x / np.exp(p[1])) + p[2] - y
        return found

    best = None
    for start in (lags[0], lags[-1] / 3):
        begin = [max(float(y[0] - y[-1]), 0.01), float(np.log(start)), float(y[-1])]
        bounds = [[0, np.log(low), -1], [np.inf, np.log(high), 1]]
        found = optimize.least_squares(residuals, np.clip(begin, np.array(bounds[0]), np.array(bounds[1])), bounds=bounds)
        if best is None or found.cost < best.cost:
            best = found
    a, log_tau, floor = (float(value) for value in best.x)  # type: ignore[union-attr]
    tau = float(np.exp(log_tau))
    falls = a * (np.exp(-x[0] / tau) - np.exp(-x[-1] / tau))
    inside = 1.01 * low < tau < 0.99 * high and falls > _LEAST
    return a, tau if inside else float("nan"), floor / a if a > 0 else float("nan")
