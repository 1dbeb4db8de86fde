"""Parts of recorded activity: which units, which steps, which trials; what analyses of populations begin with."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import Names, brief, expect, joined, listed, pair, picked, wrong_type
from .errors import InvalidError, NonfiniteError, UnknownNameError
from .evaluation import condition_of, decimals
from .run import Run

__all__ = [
    "Window",
    "activity_of",
    "all_finite",
    "going_of",
    "inside_of",
    "labels_of",
    "means_of",
    "samples_of",
    "steps_of",
    "times_of",
    "values_of",
]

Doubles = npt.NDArray[np.float64]

#: Part of the trials: (from, to), ms; the name of an epoch; None: all of it.
Window = Union[Tuple[float, float], str, None]

_BEFORE = "take a window before that, "


def _picked(run: Run, names: Names) -> List[str]:
    expect("run", run, Run, "a neuroai.Run")
    found = list(picked(joined(names).split(), run.rates))
    if not found:
        raise UnknownNameError(f"no population {brief(names)} was recorded, but {listed(run.rates) or 'none'}")
    return found


def activity_of(run: Run, names: Names, going: Optional[npt.NDArray[np.bool_]] = None) -> Doubles:
    """Rates of these populations, [T, B, units]; refused where they are not finite at steps that are ``going``, [T, B]."""
    found = [np.asarray(run.rates[name], np.float64) for name in _picked(run, names)]
    if going is not None:
        for name, rates in zip(_picked(run, names), found):
            all_finite(run, "population", name, rates, going, _BEFORE)
    return np.concatenate(found, axis=2)


def all_finite(
    run: Run, kind: str, name: str, rows: npt.NDArray[Any], going: npt.NDArray[np.bool_], besides: str = ""
) -> None:
    """Refuses recorded rows [T, B, n] that are not finite at a step that is ``going``, [T, B]: says where that begins."""
    lost = np.zeros(going.shape, bool)
    for row, here in enumerate(going):  # a step at a time: rows may be most of what there is memory for
        if here.any():
            lost[row] = here & ~np.isfinite(rows[row]).all(axis=1)
    if not lost.any():
        return
    trials, row = int(lost.any(axis=0).sum()), int(lost.any(axis=1).argmax())
    trial = int(lost[row].argmax())
    column = int(np.isfinite(rows[row, trial]).argmin())
    units = run.units.get(name)
    unit = column if units is None else int(units[column % len(units)])
    step = (run.start // run.every + row + 1) * run.every
    raise NonfiniteError(
        f"run: {kind} {brief(name)} is not finite in {trials} of {going.shape[1]} trials, from step {step} on: unit {unit} of "
        f"trial {trial} is {rows[row, trial, column]:g}: {besides}lower the weights' spectral radius, the inputs or dt"
    )


def steps_of(run: Run, names: Names, going: npt.NDArray[np.bool_]) -> "Iterator[Doubles]":
    """The same a step at a time, [B, units]: all steps in double precision may be more than there is memory for."""
    recorded = {name: run.rates[name] for name in _picked(run, names)}
    for step, here in enumerate(going):
        found = {name: np.asarray(rates[step], np.float64) for name, rates in recorded.items()}
        for name, rates in found.items():
            if not np.isfinite(rates[here]).all():
                all_finite(run, "population", name, recorded[name], going, _BEFORE)
        yield np.concatenate(list(found.values()), axis=1)


def labels_of(run: Run, names: Names) -> List[Tuple[str, int]]:
    """Population and number of each of these units."""
    return [(name, unit) for name in _picked(run, names) for unit in run.units[name].tolist()]


def going_of(run: Run, window: Window) -> npt.NDArray[np.bool_]:
    """Which steps of each trial lie in the window and before its end: bool [T, B]."""
    rows = len(run.time)
    found = np.arange(rows)[:, None] < run.lengths
    if isinstance(window, str):
        epochs = {} if run.trials is None else run.trials.epochs
        if window not in epochs:
            raise UnknownNameError(f"window: no epoch is called {brief(window)}, but {listed(epochs) or 'none'}")
        ends = np.asarray(epochs[window])
        if ends.ndim != 2:
            raise InvalidError("window: trials are blocks of parts, each of which has epochs: give (from, to), ms")
        step = (np.arange(rows)[:, None] + 1) * run.every - 1
        found = found & (step >= ends[:, 0]) & (step < ends[:, 1])
    elif window is not None:
        found = found & inside_of(run, window, " or the name of an epoch")[:, None]
    if not found.any():
        raise InvalidError(f"window is {brief(window)}, has no recorded step of any trial")
    return found


def times_of(window: Any, or_else: str = "") -> Tuple[float, float]:
    """A window that is no epoch: from when, and to when, ms."""
    return pair("window", window, f"(from, to), ms{',' + or_else if or_else else ''}")


def inside_of(run: Run, window: Any, or_else: str = "") -> npt.NDArray[np.bool_]:
    """Which steps of a run lie in a window that is no epoch, [T]."""
    first, last = times_of(window, or_else)
    return np.asarray((run.time > first) & (run.time <= last))


def samples_of(run: Run, names: Names, window: Window) -> Doubles:
    """Activity of every step of every trial that lies in the window, [samples, units]."""
    going = going_of(run, window)
    found: Doubles = activity_of(run, names, going)[going]
    return found


def means_of(run: Run, names: Names, window: Window) -> Doubles:
    """Mean rates of each trial in the window, [B, units]; every trial must have a step in it."""
    going = going_of(run, window)
    count = going.sum(axis=0)
    if (count == 0).any():
        raise InvalidError(f"window is {brief(window)}, has no step of trial {int(np.flatnonzero(count == 0)[0])}")
    total = np.zeros((going.shape[1], sum(run.rates[name].shape[2] for name in _picked(run, names))))
    for rates, here in zip(steps_of(run, names, going), going):
        if here.any():
            total += np.where(here[:, None], rates, 0)
    found: Doubles = total / count[:, None]
    return found


def values_of(run: Run, names: Union[str, Sequence[str]], what: str) -> Tuple[Doubles, npt.NDArray[np.int64]]:
    """Values that the trials have of one condition or of several together: [C, conditions], ascending, and which of them
    each trial has, [B]; -1 where one is NaN."""
    if run.trials is None or not run.trials.conditions:
        raise InvalidError("run: it must be one of trials that have conditions: net.run(task.trials(net, 200))")
    wanted: List[Any] = list(names) if isinstance(names, (list, tuple)) else [names]
    if not all(isinstance(name, str) for name in wanted):
        raise wrong_type(what, "the name of a condition", names)
    if not wanted:
        raise InvalidError(f"{what}: no condition was given")
    each = np.stack([_flat(run, name, what) for name in wanted], axis=1)
    known = np.isfinite(each).all(axis=1)
    values, index = np.unique(each[known], axis=0, return_inverse=True)
    which = np.full(len(each), -1, np.int64)
    which[known] = index.ravel()
    return values, which


def _flat(run: Run, name: str, what: str) -> Doubles:
    conditions: Dict[str, npt.NDArray[Any]] = {} if run.trials is None else run.trials.conditions
    values = condition_of(conditions, name)
    if values.ndim != 1:
        raise InvalidError(f"{what}: {brief(name)} is of the parts of blocks, not of trials")
    return decimals(values)
