"""How regular, how synchronous and how correlated spikes are: measures of spike trains.

Each takes the :class:`neuroai.Spikes` of a population, ``run.spikes["E"]``, and leaves out what it should not see by
``run.spikes["E"].between(500, 1500)``. What a unit fires too rarely for is NaN.

Intervals: :func:`intervals`, :func:`cv`, :func:`cv2`. Counts: :func:`fano_factor`, :func:`correlations`,
:func:`synchrony`. The population: :func:`power_spectrum`.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from ._closed import no_attribute
from ._handle import positive, seed_of
from ._kinds import of_their_kind
from .errors import InvalidError
from .spike_trains import Spikes

__all__ = ["correlations", "cv", "cv2", "fano_factor", "intervals", "power_spectrum", "synchrony"]


def __getattr__(name: str) -> Any:
    raise no_attribute(__name__, name, __all__)


Doubles = npt.NDArray[np.float64]


# --- intervals -------------------------------------------------------------------------------------------------------


def _intervals(spikes: Spikes) -> Tuple[Doubles, npt.NDArray[np.int64]]:
    """All intervals between spikes, ms, train by train in the order of time; of each its train, trial * n + unit."""
    counted = spikes.step <= spikes.lengths[spikes.trial]
    train = (spikes.trial[counted].astype(np.int64) * spikes.n) + spikes.unit[counted]
    order = np.argsort(train, kind="stable")  # events are in the order of time
    train, at = train[order], spikes.step[counted][order]
    same = train[1:] == train[:-1]
    return np.diff(at)[same] * spikes.dt, train[1:][same]


@of_their_kind
def intervals(spikes: Spikes) -> Doubles:
    """Intervals between successive spikes of each unit, ms, of all units and trials."""
    return _intervals(spikes)[0]


@of_their_kind
def cv(spikes: Spikes, least: int = 5) -> Doubles:
    """Coefficient of variation of each unit's intervals, [n]: their standard deviation over their mean.

    0 for a clock, 1 for a Poisson process, 1 / sqrt(k) for a gamma process of order k. Intervals of all trials are
    taken together. The standard deviation has m - 1 below; of few intervals the CV is too small on average.

    Args:
        spikes: of a population.
        least: units with fewer intervals are NaN.
    """
    found, train = _intervals(spikes)
    unit = train % spikes.n
    count = np.bincount(unit, minlength=spikes.n)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(unit, found, spikes.n) / count
        square = np.bincount(unit, (found - mean[unit]) ** 2, spikes.n) / (count - 1)
        return np.asarray(np.where(count >= max(2, least), np.sqrt(square) / mean, np.nan), np.float64)


@of_their_kind
def cv2(spikes: Spikes, least: int = 5) -> Doubles:
    """Local variation of each unit's intervals, [n]: the mean of 2 |b - a| / (a + b) over successive intervals a, b.

    As :func:`cv`, 0 for a clock and 1 for a Poisson process, but slow changes of the rate do not raise it (Holt et al.
    1996).

    Args:
        spikes: of a population.
        least: units with fewer pairs of intervals are NaN.
    """
    found, train = _intervals(spikes)
    pair = train[1:] == train[:-1]
    before, after, unit = found[:-1][pair], found[1:][pair], train[1:][pair] % spikes.n
    count = np.bincount(unit, minlength=spikes.n)
    total = np.bincount(unit, 2 * np.abs(after - before) / (after + before), spikes.n)
    return _quotient(total, count, count >= max(1, least))


# --- counts ----------------------------------------------------------------------------------------------------------


@of_their_kind
def fano_factor(spikes: Spikes, window: float = 100.0) -> Doubles:
    """Variance of each unit's spike counts over their mean, [n]: of a Poisson process 1, of a renewal process CV^2.

    Counts are of successive windows, ms, of all trials; units that never fire are NaN.
    """
    counts = spikes.count(window)
    counts = counts.reshape(counts.shape[0] * counts.shape[1], spikes.n)
    _several(len(counts), window, "counts")
    mean, variance = counts.mean(axis=0), counts.var(axis=0, ddof=1)
    return _quotient(variance, mean, mean > 0)


@of_their_kind
def synchrony(spikes: Spikes, window: float = 2.0) -> float:
    """Fano factor of the population's spike counts: 1 for independent Poisson units, up to n where all fire at once."""
    counts = spikes.population_count(window).ravel()
    _several(len(counts), window, "counts")
    mean = float(counts.mean())
    return float(counts.var(ddof=1)) / mean if mean > 0 else float("nan")


@of_their_kind
def correlations(
    spikes: Spikes, other: Optional[Spikes] = None, window: float = 50.0, most: int = 200, seed: int = 0
) -> Doubles:
    """Correlation coefficients of spike counts in the same windows, of pairs of units: [pairs].

    Counts are less the mean of their window over trials where there are several trials, so that what all trials have
    in common is no correlation of noise.

    Args:
        spikes: of a population.
        other: of another one of the same run: pairs are of a unit of each. Default: pairs within the population.
        window: ms.
        most: units that are paired, drawn among those that fire; 0 for all.
        seed: by which they are drawn.
    """
    if other is not None and (other.trials, other.start, other.end, other.dt) != (
        spikes.trials,
        spikes.start,
        spikes.end,
        spikes.dt,
    ):
        raise InvalidError("other: it must be of the same trials and the same time")
    rows = _normalised(spikes, window, most, seed)
    if other is None:
        return np.asarray((rows @ rows.T)[np.triu_indices(len(rows), 1)], np.float64)
    return np.asarray((rows @ _normalised(other, window, most, seed).T).ravel(), np.float64)


def _normalised(spikes: Spikes, window: float, most: int, seed: int) -> Doubles:
    """Counts of units that fire, less their means, of length 1: [units, bins * B]."""
    active = np.flatnonzero(np.bincount(spikes.unit, minlength=spikes.n))
    if 0 < most < len(active):
        active = np.sort(np.random.default_rng(seed_of(seed)).choice(active, most, replace=False))
    counts = spikes.of(active).count(window).astype(np.float64)
    _several(counts.shape[0] * counts.shape[1], window, "counts")
    counts -= counts.mean(axis=1, keepdims=True) if counts.shape[1] > 1 else counts.mean(axis=0)
    rows = counts.reshape(counts.shape[0] * counts.shape[1], len(active)).T
    rows = rows - rows.mean(axis=1, keepdims=True)
    norm = np.sqrt((rows**2).sum(axis=1))
    return np.asarray(rows[norm > 0] / norm[norm > 0, None], np.float64)


# --- the population --------------------------------------------------------------------------------------------------


@of_their_kind
def power_spectrum(spikes: Spikes, bin: float = 1.0, segment: Optional[float] = None) -> Tuple[Doubles, Doubles]:
    """Power spectrum of the population rate: frequencies, Hz, and power, Hz^2 / Hz, without the mean.

    By Welch's method: the mean over segments that overlap by half, each with a Hann window, and over trials. The
    density is that of both sides, so the integral over frequencies below and above 0 is the variance;
    independent Poisson units of rate r have the same power r / n at all frequencies.

    Args:
        spikes: of a population.
        bin: ms; frequencies go up to 500 / bin Hz.
        segment: length of a segment, ms; frequencies are 1000 / segment Hz apart. Default: an eighth of the trial, but
            at least 256 bins, if it has so many.
    """
    rate = spikes.population_rate(bin).T
    bins = rate.shape[1]
    length = min(bins, max(256, bins // 8)) if segment is None else int(round(positive("segment", segment) / bin))
    if not 4 <= length <= bins:
        raise InvalidError(f"segment: {length} bins of {bin:g} ms, must be 4 to {bins}")
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    starts = range(0, bins - length + 1, max(1, length // 2))
    pieces = np.stack([rate[:, start : start + length] for start in starts])
    pieces = (pieces - rate.mean(axis=1)[None, :, None]) * taper
    power = (np.abs(np.fft.rfft(pieces, axis=2)) ** 2).mean(axis=(0, 1)) * (bin / 1000.0) / float((taper**2).sum())
    frequency = np.asarray(np.fft.rfftfreq(length, bin / 1000.0), np.float64)
    return frequency[1:], power[1:]


def _quotient(above: npt.NDArray[Any], below: npt.NDArray[Any], where: npt.NDArray[np.bool_]) -> Doubles:
    """NaN elsewhere."""
    found = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=where)
    return found


def _several(counts: int, window: float, what: str) -> None:
    if counts < 2:
        raise InvalidError(f"window is {window:g} ms, of which there is {counts}: several {what} are needed")
