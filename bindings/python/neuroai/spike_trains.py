"""Spikes of a population as events: what a run records of units that spike, and what is simply counted from it."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from ._closed import Closed, Record
from ._handle import Floats, describe, frozen, given, number_below, positive, real, whole, wrong_shape
from .errors import InvalidError, all_are, brief

__all__ = ["Rates", "Spikes"]

Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


class Spikes(Closed):
    """The spikes of a population, as events in the order of time: event k is a spike of ``unit[k]`` in ``trial[k]``.

    A run has those of the populations that it records, ``run.spikes["E"]``; :meth:`from_times` makes them of spikes
    recorded elsewhere. Memory is taken for spikes alone, whatever the number of units and steps.

    Attributes:
        trial, unit: of each event, int32, from 0.
        step: time step of each event, int64, from 1: it ends at ``step * dt``.
        n: number of units.
        trials: number of trials.
        dt: time step, ms.
        start, end: the steps that were looked at: those after ``start``, up to ``end``.
        lengths: last step of each trial, int64 [B]; what comes after it is not counted.
        name: of the population.
    """

    trial: "npt.NDArray[np.int32]"
    unit: "npt.NDArray[np.int32]"
    step: Numbers
    n: int
    trials: int
    dt: float
    start: int
    end: int
    lengths: Numbers
    name: str
    _otherwise = "it is what was recorded"

    def __init__(
        self,
        step: npt.ArrayLike,
        unit: npt.ArrayLike,
        n: int,
        end: int,
        dt: float,
        trial: Optional[npt.ArrayLike] = None,
        trials: int = 1,
        name: str = "",
        start: int = 0,
        lengths: Optional[npt.ArrayLike] = None,
    ) -> None:
        steps = _whole("step", step, np.int64)
        units = _whole("unit", unit, np.int64)
        of_trial = np.zeros(len(steps), np.int64) if trial is None else _whole("trial", trial, np.int64)
        if not len(steps) == len(units) == len(of_trial):
            raise InvalidError(f"unit, trial: {len(units)} and {len(of_trial)} for {len(steps)} spikes: one for each")
        positive("dt", dt)
        for what, number in (("n", n), ("trials", trials)):
            if whole(what, number) < 0:
                raise InvalidError(f"{what} is {number}, must be at least 0")
        if end < start:
            raise InvalidError(f"end is {end}, must be at least {start}, where it starts")
        for what, array, low, high in (
            ("step", steps, start + 1, end),
            ("unit", units, 0, n - 1),
            ("trial", of_trial, 0, trials - 1),
        ):
            if len(array) and not low <= array.min() <= array.max() <= high:
                raise InvalidError(f"{what}: {array.min()} to {array.max()}, must be {low} to {high}")
        units, of_trial = units.astype(np.int32), of_trial.astype(np.int32)  # which hold them, as has been seen
        if len(steps) and np.any(np.diff(steps) < 0):
            order = np.lexsort((units, of_trial, steps))
            steps, units, of_trial = steps[order], units[order], of_trial[order]
        last = np.full(trials, end, np.int64) if lengths is None else _whole("lengths", lengths, np.int64)
        if last.shape != (trials,):
            raise InvalidError(f"lengths: expected shape [{trials}], got {describe(last.shape)}")
        self._keep(
            step=frozen(steps), unit=frozen(units), trial=frozen(of_trial), lengths=frozen(np.minimum(last, end))
        )
        self._keep(n=int(n), trials=int(trials), dt=float(dt), start=int(start), end=int(end), name=name)

    @classmethod
    def from_times(
        cls,
        times: npt.ArrayLike,
        unit: npt.ArrayLike,
        n: int,
        duration: float,
        trial: Optional[npt.ArrayLike] = None,
        trials: int = 1,
        dt: float = 0.1,
        name: str = "",
    ) -> "Spikes":
        """Spikes recorded elsewhere: of an experiment, or of another simulator.

        Args:
            times: of the spikes, ms, above 0 and at most ``duration``, in any order. They are kept as the steps of
                ``dt`` that they are in.
            unit, trial: of each.
            n, trials: how many there are, of which some may be silent.
            duration: of a trial, ms.
            dt: ms.
            name: of the population.
        """
        positive("dt", dt)
        positive("duration", duration, zero=True)
        at = np.asarray(given("times", times), np.float64)
        all_are("times", at, np.isfinite(at), "finite")
        steps = np.ceil(np.round(at / dt, 6)).astype(np.int64)
        return cls(steps, unit, n, int(np.ceil(round(duration / dt, 6))), dt, trial, trials, name)

    # --- parts of it -------------------------------------------------------------------------------------------------

    def between(self, start: float, end: Optional[float] = None) -> "Spikes":
        """Those after ``start`` and up to ``end``, ms; rates are of that time. Without ``end``: to the last step."""
        first = self._step_at(real("start", start))
        last = self.end if end is None else self._step_at(real("end", end))
        if not first < last:
            raise InvalidError(
                f"start, end: from {start:g} to {'the end' if end is None else f'{end:g} ms'} there is no step"
            )
        here = slice(*np.searchsorted(self.step, (first, last), side="right"))
        return self._of(here, start=int(first), end=int(last))

    def _step_at(self, time: float) -> float:
        """The step of a time, ms, no further than there are any; NaN of no time."""
        return time if np.isnan(time) else min(self.end, max(self.start, np.round(time / self.dt)))

    def of(self, units: Optional[npt.ArrayLike] = None, trials: Optional[npt.ArrayLike] = None) -> "Spikes":
        """Those of some units, or of some trials, which in what is returned count from 0, in the order given.

        Args:
            units, trials: numbers, each once, or a mask of bool, [n] or [B].
        """
        unit, n = _renumbered("units", self.unit, units, self.n)
        trial, b = _renumbered("trials", self.trial, trials, self.trials)
        here = (unit >= 0) & (trial >= 0)
        lengths = self.lengths if trials is None else self.lengths[np.atleast_1d(trials)]
        return self._of(here, unit=unit[here], trial=trial[here], n=n, trials=b, lengths=lengths)

    def _of(self, here: Any, **other: Any) -> "Spikes":
        kept: Dict[str, Any] = {"step": self.step[here], "unit": self.unit[here], "trial": self.trial[here]}
        kept.update(n=self.n, trials=self.trials, dt=self.dt, start=self.start, end=self.end)
        return Spikes(**{**kept, "lengths": self.lengths, "name": self.name, **other})

    def train(self, unit: int, trial: int = 0) -> Doubles:
        """Times of the spikes of one unit in one trial, ms."""
        number_below("unit", unit, self.n)
        number_below("trial", trial, self.trials)
        return np.asarray(self.times[(self.unit == unit) & (self.trial == trial)], np.float64)

    # --- what is counted ---------------------------------------------------------------------------------------------

    @property
    def times(self) -> Doubles:
        """Time of each event, ms: the end of its step."""
        return np.asarray(self.step * self.dt, np.float64)

    @property
    def durations(self) -> Doubles:
        """How long each trial was looked at, ms, [B]."""
        return np.asarray(np.maximum(np.minimum(self.lengths, self.end) - self.start, 0) * self.dt, np.float64)

    @property
    def _counted(self) -> npt.NDArray[np.bool_]:
        return self.step <= self.lengths[self.trial]

    @property
    def rates(self) -> Doubles:
        """Mean rate of each unit, Hz, [n]."""
        total = float(self.durations.sum())
        counts = np.bincount(self.unit[self._counted], minlength=self.n)
        return np.asarray(counts * 1000.0 / total if total > 0 else np.full(self.n, np.nan), np.float64)

    @property
    def rate(self) -> float:
        """Mean rate of the population, Hz."""
        return float(self.rates.mean()) if self.n else float("nan")

    def count(self, bin: Optional[float] = None) -> "npt.NDArray[np.int32]":
        """Number of spikes: of each trial and unit, [B, n]; with ``bin``, ms, in each whole bin, [bins, B, n].

        This one is dense: :meth:`population_count` does without units.
        """
        if bin is None:
            where = self.trial.astype(np.int64) * self.n + self.unit
            return self._tally(where[self._counted], (self.trials, self.n))
        bins, row, here = self._bins(bin)
        where = (row * self.trials + self.trial[here]) * self.n + self.unit[here]
        return self._tally(where, (bins, self.trials, self.n))

    def population_count(self, bin: float) -> "npt.NDArray[np.int32]":
        """Number of spikes of all units in each whole bin, ms: [bins, B]."""
        bins, row, here = self._bins(bin)
        return self._tally(row * self.trials + self.trial[here], (bins, self.trials))

    def population_rate(self, bin: float = 1.0, smooth: float = 0.0) -> Doubles:
        """Rate of the population in each whole bin, Hz, [bins, B].

        Args:
            bin: ms.
            smooth: standard deviation of a Gaussian by which it is smoothed, ms; 0: not at all. At both ends it is the
                mean of what there is.
        """
        positive("smooth", smooth, zero=True)
        counts = self.population_count(bin)
        rate = np.asarray(counts * (1000.0 / (bin * self.n) if self.n else np.nan), np.float64)
        return smoothed(rate, smooth / bin) if smooth > 0 and self.n else rate

    def bins(self, bin: float) -> Doubles:
        """Middle of each whole bin, ms, [bins]."""
        width, bins = self._width(bin)
        return np.asarray((self.start + (np.arange(bins) + 0.5) * width) * self.dt, np.float64)

    def _width(self, bin: float) -> Tuple[int, int]:
        """Steps of a bin, and how many whole ones there are while the shortest trial goes on."""
        width = int(round(positive("bin", bin) / self.dt))
        if width < 1 or abs(width * self.dt - bin) > 1e-6 * bin:
            raise InvalidError(f"bin is {bin:g} ms, must be a multiple of dt = {self.dt:g} ms")
        last = int(min(self.end, self.lengths.min(initial=self.end)))
        bins = (last - self.start) // width
        if bins < 1:
            raise InvalidError(f"bin is {bin:g} ms, but the shortest trial has {max(0, last - self.start) * self.dt:g}")
        return width, bins

    def _bins(self, bin: float) -> Tuple[int, Numbers, npt.NDArray[np.bool_]]:
        """Number of bins; the bin of each event that is in one; which events those are."""
        width, bins = self._width(bin)
        row = (self.step - self.start - 1) // width
        here = row < bins
        return bins, row[here], here

    @staticmethod
    def _tally(where: Any, shape: Tuple[int, ...]) -> "npt.NDArray[np.int32]":
        return np.bincount(where, minlength=int(np.prod(shape))).astype(np.int32).reshape(shape)

    def rows(self, every: int = 1, rows: Optional[int] = None, before: int = 0) -> Floats:
        """As rates are recorded: [rows, B, n], 1 where a unit fires at step ``(before + row + 1) * every``, else 0."""
        rows = self.end // every - before if rows is None else rows
        dense = np.zeros((rows, self.trials, self.n), np.float32)
        row = self.step // every - 1 - before
        here = (self.step % every == 0) & (row >= 0) & (row < rows)
        dense[row[here], self.trial[here], self.unit[here]] = 1
        return dense

    def __len__(self) -> int:
        return len(self.step)

    def __repr__(self) -> str:
        trials = "1 trial" if self.trials == 1 else f"{self.trials} trials"
        what = f" of {brief(self.name)}" if self.name else ""
        ms = (self.end - self.start) * self.dt
        return f"<Spikes{what}: {len(self)} of {self.n} units in {trials} of {ms:g} ms, {self.rate:.4g} Hz>"


class Rates(Record[str, Floats]):
    """Recorded rates by population; those of populations that spike are made of events when they are asked for."""

    def __init__(
        self, stored: Mapping[str, Floats], spikes: Mapping[str, Spikes], names: Any, every: int, rows: int, before: int = 0
    ) -> None:
        nothing = np.empty(0, np.float32)
        super().__init__({name: stored.get(name, nothing) for name in names})
        vars(self).update(spikes=spikes, every=every, rows=rows, before=before)

    def __getitem__(self, name: str) -> Floats:
        spikes: Optional[Spikes] = vars(self)["spikes"].get(name)
        if spikes is None:
            return super().__getitem__(name)
        return spikes.rows(vars(self)["every"], vars(self)["rows"], vars(self)["before"])

    def __iter__(self) -> Iterator[str]:  # a dictionary that is copied asks for this, or it would take what is stored
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default

    def values(self) -> Any:
        return [self[name] for name in self]

    def items(self) -> Any:
        return ((name, self[name]) for name in self)

    def shape(self, name: str) -> Tuple[int, ...]:
        """Of one of them, which is not made."""
        spikes: Optional[Spikes] = vars(self)["spikes"].get(name)
        return super().__getitem__(name).shape if spikes is None else (vars(self)["rows"], spikes.trials, spikes.n)

    def _parts(self) -> Tuple[Any, ...]:
        spikes = vars(self)["spikes"]
        stored = {name: self[name] for name in self if name not in spikes}
        return stored, dict(spikes), list(self), vars(self)["every"], vars(self)["rows"], vars(self)["before"]

    def __eq__(self, other: Any) -> bool:
        return self is other

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: {describe(self.shape(name))}" for name in self) + "}"

    def __reduce__(self) -> Any:
        return type(self), self._parts()

    def __deepcopy__(self, memo: Optional[Dict[int, Any]] = None) -> "Rates":
        import copy

        return type(self)(*copy.deepcopy(self._parts(), memo))


def smoothed(rows: Doubles, sd: float) -> Doubles:
    """Rows [T, ...] smoothed along T by a Gaussian of ``sd`` rows."""
    reach = int(min(np.ceil(4 * sd), len(rows)))  # rows that are further apart do not meet
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2)
    length = len(rows) + 2 * reach
    kernel = np.fft.rfft(weight, length)

    def spread(values: Doubles) -> Doubles:
        long = np.fft.irfft(
            np.fft.rfft(values, length, axis=0) * kernel.reshape(-1, *[1] * (values.ndim - 1)), length, axis=0
        )
        return np.asarray(long[reach : reach + len(values)], np.float64)

    share = spread(np.ones(len(rows)))
    total = np.maximum(spread(np.asarray(rows, np.float64)), 0)
    return np.asarray(total / share.reshape(-1, *[1] * (rows.ndim - 1)), np.float64)


def _whole(what: str, value: Any, dtype: Any) -> npt.NDArray[Any]:
    array = given(what, value)
    if array.ndim != 1:
        raise InvalidError(f"{what}: expected one number for each, got shape {describe(array.shape)}")
    if array.dtype.kind not in "iu" and array.size:
        raise InvalidError(f"{what}: expected whole numbers, got an array of {array.dtype}")
    return np.array(array, dtype)


def _renumbered(
    what: str, numbers: npt.NDArray[Any], chosen: Optional[npt.ArrayLike], n: int
) -> Tuple[npt.NDArray[Any], int]:
    """The new number of each, -1 where it is not chosen; and how many there are."""
    if chosen is None:
        return numbers, n
    array = np.atleast_1d(given(what, chosen))
    if array.dtype.kind == "b" and array.shape != (n,):
        raise wrong_shape(what, describe((n,)), array.shape)
    picked = _whole(what, np.flatnonzero(array) if array.dtype.kind == "b" else array, np.int64)
    if len(picked) and not 0 <= picked.min() <= picked.max() < n:
        raise InvalidError(f"{what}: {picked.min()} to {picked.max()}, must be 0 to {n - 1}")
    numbered, times = np.unique(picked, return_counts=True)
    if len(numbered) < len(picked):
        raise InvalidError(f"{what}: {numbered[times > 1][0]} is there twice, must be once")
    place = np.full(n, -1, np.int32)
    place[picked] = np.arange(len(picked))
    return place[numbers], len(picked)
