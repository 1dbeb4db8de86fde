"""Activity that is not finite any more: a run, or an evaluation, goes on and is kept, and a warning says where it began."""

from __future__ import annotations

import sys
import warnings
from typing import Dict, Iterator, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from ._handle import Floats
from .run import Run

__all__ = ["tell_if_diverging", "tell_of_trials", "warn"]

_REMEDY = "lower the weights' spectral radius, the inputs or dt; the {}"


def tell_if_diverging(run: Run, last: Sequence[Floats]) -> bool:
    """Warns if activity is not finite at the end of a run: NaN and infinity stay. Whether it did.

    ``last``: the last row of all that is recorded.
    """
    if all(np.isfinite(row).all() for row in last) and not _in_state(run):
        return False
    warn(f"run: {_where(run)}: {_REMEDY.format('run is kept as it is')}")
    return True


def tell_of_trials(
    evaluations: Sequence[Tuple[str, npt.NDArray[np.bool_]]], call: str = "evaluate", kept: str = "evaluation is kept as it is"
) -> None:
    """Warns if activity was not finite in some trial of one of these: what was done in it, and whether it was, [trials]."""
    bad = [(what, ~finite) for what, finite in evaluations if not finite.all()]
    if not bad:
        return
    what, trials = bad[0]
    where = f"{np.count_nonzero(trials)} of {len(trials)} trials, first in trial {trials.argmax()}"
    others = f"; so it is in {len(bad)} of {len(evaluations)} evaluations" if len(evaluations) > 1 else ""
    done = f"with {what} " if what else ""
    told = f"{done}activity is not finite in {where} (a run of it says at which step){others}"
    warn(f"{call}: {told}: {_REMEDY.format(kept)}")


def warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=_level())


def _recorded(run: Run) -> Iterator[Tuple[str, str, Floats]]:
    """What it is, its name, and rows [T, B, n]; of what spikes only what is recorded besides spikes."""
    yield from (("population", name, run.rates[name]) for name in run.rates if name not in run.spikes)
    yield from (("variable", name, rows) for name, rows in run.traces.items())
    yield from (("output", name, rows) for name, rows in run.outputs.items())


def _in_state(run: Run) -> "Dict[str, str]":
    """Of populations whose rates are not among the rows, those with a state that is not finite: its name."""
    found: Dict[str, str] = {}
    for name in [name for name in run.net.populations if name not in run.units or name in run.spikes]:
        fields = run.net._fields(name) if run.net.model(name) != "rate" else None
        states = [name] if fields is None else [f"{name}:{state}" for state in fields.states]
        bad = next((state for state in states if not np.isfinite(run.state.variable(state)).all()), None)
        if bad is not None:
            found[name] = bad
    return found


def _where(run: Run) -> str:
    first = None
    for kind, name, rows in _recorded(run):
        bad = ~np.isfinite(rows)
        row = int(bad.any(axis=(1, 2)).argmax()) if bad.any() else len(rows)
        if row < len(rows) and (first is None or row < first[0]):
            trial, column = np.argwhere(bad[row])[0].tolist()
            first = row, kind, name, trial, column, float(rows[row, trial, column])
    if first is None:
        name, state = next(iter(_in_state(run).items()))
        return f"population '{name}' is not finite at step {run.state.time}, in its state '{state}'"
    row, kind, name, trial, column, value = first
    units = run.units.get(name)
    unit = column if units is None else int(units[column % len(units)])
    step = (run._before + row + 1) * run.every
    often = f", of which every {run.every} are recorded" if run.every > 1 else ""
    return f"{kind} '{name}' is not finite from step {step} on{often}: unit {unit} of trial {trial} is {value:g}"


def _level() -> int:
    """How far up the caller of the package is."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "neuroai":
        level, frame = level + 1, frame.f_back
    return level
