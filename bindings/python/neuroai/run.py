"""Running a network and recording its activity: all populations or some, every step or every k-th."""

from __future__ import annotations

import ctypes
import operator
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed, Record
from ._handle import Floats, Names, describe, frozen, joined, listed, picked
from ._interrupt import Bar, deferred_interrupt
from .errors import InvalidError, NonfiniteError, UnknownNameError, brief
from .spike_trains import Rates, Spikes

if TYPE_CHECKING:
    from .intervention import Intervention
    from .network import Network
    from .state import State
    from .trials import Trials

__all__ = ["Run", "parts"]

#: An intervention, and the steps of each trial in which it acts, [B, 2].
Acting = Tuple["Intervention", npt.NDArray[np.int64]]

#: Of one call into the library, seconds: far below what anybody notices between Ctrl-C and its effect.
_PIECE = 0.05
#: Rates and outputs that are kept until the wanted ones are picked from them, in numbers.
_ROOM = 1 << 21


class Run(Closed):
    """The recorded activity of a run.

    Attributes:
        rates: of each recorded population, [T, B, n], float32. Row j is step ``(j + 1) * every`` of the run. Of units
            that spike 1 for a spike: an array of 0 and 1, which is made anew from ``spikes`` when it is asked for.
        spikes: of each recorded population that spikes, :class:`neuroai.Spikes`: all of them, whatever ``every`` is.
        traces: of each recorded variable, such as ``"E:x"``, [T, B, n]; of branches [T, B, branches * n].
        outputs: of each output, [T, B, n].
        inputs: of each input, [T, B, n], as given, without the baseline and noise of the network's inputs.
        state: at the end; continue with ``net.run(inputs, state=run.state)``.
        net: the network.
        dt: time step of the network, ms; rows are ``every * dt`` apart.
        every: number of steps from one recorded row to the next.
        trials: the trials, if trials were given.
        interventions: what was done to units: each :class:`neuroai.Intervention` with the steps of each trial in which
            it acted, int [B, 2], the first and the one after the last; 0, 0 where it did not.
    """

    state: "State"
    net: "Network"
    dt: float
    rates: Dict[str, Floats]
    spikes: Dict[str, Spikes]
    traces: Dict[str, Floats]
    outputs: Dict[str, Floats]
    inputs: Dict[str, Floats]
    trials: Optional["Trials"]
    every: int
    interventions: "Tuple[Acting, ...]"
    _otherwise = "it is what was recorded"

    def __init__(
        self,
        state: "State",
        rates: Dict[str, Floats],
        outputs: Dict[str, Floats],
        inputs: Dict[str, Floats],
        trials: Optional["Trials"],
        every: int = 1,
        rows: Optional[int] = None,
        interventions: "Sequence[Acting]" = (),
        traces: Optional[Dict[str, Floats]] = None,
        spikes: Optional[Dict[str, Spikes]] = None,
    ) -> None:
        self._keep(interventions=tuple(interventions), traces=Record(traces or {}), spikes=Record(spikes or {}))
        self._keep(state=state, net=state.net, dt=state.net.dt, trials=trials, every=every)
        self._rows = len(next(iter({**rates, **outputs}.values()))) if rows is None else rows
        kept = [name for name in state.net.populations if name in rates or name in self.spikes]
        shown = Rates(rates, self.spikes, kept, every, self._rows) if spikes else Record(rates)
        self._keep(rates=shown, outputs=Record(outputs), inputs=Record(inputs))

    @property
    def time(self) -> npt.NDArray[np.float64]:
        """Time of each row from the start of the run, ms, [T]: that of row 0 is ``every * dt``."""
        return frozen(self.every * np.arange(1, self._rows + 1) * np.float64(self.dt))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Rows of each trial, int64 [B]: those from there on are of steps after its end."""
        given = None if self.trials is None else self.trials.lengths
        if given is None:
            return frozen(np.full(self.state.trials, self._rows, np.int64))
        return frozen(np.minimum(np.asarray(given, np.int64) // self.every, self._rows))

    def _recorded(self, steps: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Those rows of an array [steps, ...], such as a mask, that belong to the rows here: a view."""
        return steps[self.every - 1 :: self.every][: self._rows]

    def __repr__(self) -> str:
        often = f", every {self.every} steps" if self.every > 1 else ""
        events = [f"{name} {len(spikes)} spikes" for name, spikes in self.spikes.items()]
        dense = [{name: self.rates[name] for name in self.rates if name not in self.spikes}, self.traces, self.outputs]
        rows = [f"{name} {describe(array.shape)}" for arrays in dense for name, array in arrays.items()]
        return f"<Run: {listed([*events, *rows])}{often}>"


def parts(array: Floats, sizes: Mapping[str, int]) -> Dict[str, Floats]:
    """The columns of each name: views."""
    found, start = {}, 0
    for name, n in sizes.items():
        found[name] = array[..., start : start + n]
        start += n
    return found


# --- what is recorded ------------------------------------------------------------------------------------------------


def chosen(record: Optional[Names], sizes: Mapping[str, int]) -> List[str]:
    """The populations that names or patterns choose; all for None."""
    if record is None:
        return list(sizes)
    patterns = [entry for entry in joined(record, "record").split() if ":" not in entry]
    for pattern in patterns:
        if not picked([pattern], sizes):
            raise UnknownNameError(f"record: no population is called {brief(pattern)}, but {listed(sizes) or 'none'}")
    return list(picked(patterns, sizes))


def traced(record: Optional[Names], state: "State") -> Dict[str, int]:
    """The variables that names or patterns choose, as ``"*:x"``, and how many numbers each is."""
    found: Dict[str, int] = {}
    net = state.net
    for entry in () if record is None else joined(record, "record").split():
        if ":" not in entry:
            continue
        pattern, part = entry.split(":", 1)
        names = [f"{name}:{part}" for name in picked([pattern], net.populations)]
        if names and f"{pattern}:{part}" not in names:
            names = [name for name in names if _c.nai_network_size(net, _c.NAI_POPULATIONS, name) >= 0] or names
        for name in names or [entry]:
            found[name] = state.variable(name).shape[1]
    return found


def _whole(name: str, value: Any, low: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidError(f"{name}: expected a whole number, got {brief(value)}") from None
    if number < low:
        raise InvalidError(f"{name} is {number}, must be at least {low}")
    return number


def _check_finite(inputs: Floats, sizes: Mapping[str, int]) -> None:
    """All of them before the first step, so that what is refused moves nothing."""
    for first in range(0, len(inputs), 4096):
        block = inputs[first : first + 4096]
        if np.isfinite(block).all():
            continue
        row, trial, channel = np.argwhere(~np.isfinite(block))[0].tolist()
        value = block[row, trial, channel]
        for name, part in parts(block, sizes).items():
            if channel < part.shape[2]:
                break
            channel -= part.shape[2]
        where = f"'{name}', channel {channel} of trial {trial} at row {first + row}"
        raise NonfiniteError(f"inputs: {where} is {value:g}, must be finite")


@dataclass
class _Tape:
    """Where rates or outputs go, row by row: one array [rows, B, n] for each name that is kept."""

    sizes: Dict[str, int]
    kept: Dict[str, Floats]
    whole: Optional[Floats]
    room: Optional[Floats]

    @classmethod
    def create(cls, sizes: Dict[str, int], names: List[str], rows: int, trials: int, every: int) -> "_Tape":
        """``whole`` where the library writes all at once what is kept; else it writes into ``room``."""
        width = sum(sizes.values())
        if every == 1 and len(names) == len(sizes):
            whole = np.empty((rows, trials, width), np.float32)
            return cls(sizes, parts(whole, sizes), whole, None)
        kept = {name: np.empty((rows, trials, sizes[name]), np.float32) for name in names}
        steps = max(1, _ROOM // max(1, trials * width))
        return cls(sizes, kept, None, np.empty((steps, trials, width), np.float32) if names else None)

    @property
    def most(self) -> Optional[int]:
        """Steps that fit at once; None for any number."""
        return None if self.room is None else len(self.room)

    def target(self, done: int, steps: int) -> Optional[Floats]:
        """Where the library writes steps done + 1 .. done + steps; None where nothing is kept."""
        if self.whole is not None:
            return self.whole[done : done + steps]
        return None if self.room is None else self.room[:steps]

    def keep(self, done: int, steps: int, every: int) -> None:
        """Picks what is kept from the steps that were just made."""
        if self.room is None:
            return
        rows = self.room[every - 1 - done % every : steps : every]
        first = done // every
        for name, part in parts(rows, self.sizes).items():
            if name in self.kept:
                self.kept[name][first : first + len(rows)] = part

    def first(self, rows: int) -> Dict[str, Floats]:
        return {name: array[:rows] for name, array in self.kept.items()}


#: What the library writes for each spike, and how many it has room for at least.
_SPIKE = np.dtype([("step", np.int64), ("trial", np.int32), ("unit", np.int32)])
_SPIKES = 1 << 16


class _Events:
    """Where spikes go: what the library writes into a buffer is handed out to populations after each piece."""

    def __init__(self, sizes: Dict[str, int], state: "State") -> None:
        self.sizes, self.trials, self.before = sizes, state.trials, state.time
        self.ends = np.cumsum(list(sizes.values()))
        self.room = np.empty(max(_SPIKES, 2 * self.trials * sum(sizes.values())), _SPIKE)
        self.kept: Dict[str, List[npt.NDArray[Any]]] = {name: [] for name in sizes}

    def target(self, to: Any) -> None:
        """Has a recording write here."""
        self._names = " ".join(self.sizes).encode()  # as long as the recording reads it
        to.populations, to.room = self._names, len(self.room)
        to.spikes = self.room.ctypes.data_as(type(to.spikes))

    def keep(self, n: int) -> None:
        events = self.room[:n].copy()
        events["step"] -= self.before
        if len(self.sizes) == 1:
            return next(iter(self.kept.values())).append(events)
        which = np.searchsorted(self.ends, events["unit"], side="right")
        for k, name in enumerate(self.sizes):
            here = events[which == k]
            here["unit"] -= self.ends[k] - self.sizes[name]
            self.kept[name].append(here)

    def spikes(self, steps: int, dt: float, lengths: Optional[npt.NDArray[Any]]) -> Dict[str, Spikes]:
        found = {}
        for name, n in self.sizes.items():
            of = np.concatenate([np.empty(0, _SPIKE), *self.kept[name]])
            found[name] = Spikes(of["step"], of["unit"], n, steps, dt, of["trial"], self.trials, name, 0, lengths)
        return found


class _Pieces:
    """How many steps a call into the library makes: so many as take a moment."""

    def __init__(self, most: Optional[int]) -> None:
        self.steps, self.most = 1, most

    def next(self, left: int) -> int:
        self._started = time.monotonic()
        return min(self.steps, left)

    def made(self, steps: int) -> None:
        took = time.monotonic() - self._started
        if took > 2 * _PIECE:
            self.steps = max(1, self.steps // 2)
        elif took < _PIECE / 2 and steps == self.steps:
            self.steps = 2 * self.steps if self.most is None else min(2 * self.steps, self.most)


def _with_spikes(
    state: "State",
    steps: int,
    inputs: Optional[Floats],
    outputs: Optional[Floats],
    rates: Optional[Floats],
    variables: Dict[str, int],
    traces: Optional[Floats],
    events: _Events,
) -> int:
    """Records spikes besides; how many steps there was room for."""
    names = " ".join(variables).encode()
    to = _c.nai_recording(struct_size=ctypes.sizeof(_c.nai_recording), width=sum(variables.values()))
    for part, array in (("outputs", outputs), ("rates", rates), ("traces", traces)):
        if array is not None:
            setattr(to, part, array.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
    to.variables = names or None
    events.target(to)
    _c.nai_state_record_spikes(state, steps, inputs, to)
    events.keep(to.n)
    return int(to.made)


def record(
    state: "State",
    steps: int,
    inputs: Optional[Floats],
    trials: Optional["Trials"],
    names: Optional[Names],
    every: int,
    progress: bool,
    interventions: "Sequence[Acting]" = (),
    begin: Callable[[], None] = lambda: None,
) -> Run:
    """:meth:`State.run`, of inputs [steps, B, channels] that have been brought into shape.

    ``begin`` is called when all else has been checked, before the first step.
    """
    every, steps = _whole("every", every, 1), _whole("steps", steps, 0)
    populations, outputs, channels = state.net.populations, state.net.outputs, state.net.inputs
    shape = steps // every, state.trials
    wanted = chosen(names, populations)
    spiking = {name: populations[name] for name in wanted if state.net.spikes(name)}
    rates = _Tape.create(populations, [name for name in wanted if name not in spiking], *shape, every)
    events = _Events(spiking, state) if spiking else None
    variables = traced(names, state)
    traces = _Tape.create(variables, list(variables), *shape, every)
    z = _Tape.create(outputs, list(outputs), *shape, every)
    tapes = (rates, traces, z)
    if inputs is not None:
        _check_finite(inputs, channels)
    begin()

    def run_of(rows: int) -> Run:
        given = np.zeros((rows, state.trials, sum(channels.values())), np.float32) if inputs is None else inputs
        if every > 1 and inputs is not None:
            given = given[every - 1 :: every].copy()
        ends = None if trials is None else trials.lengths
        spikes = None if events is None else events.spikes(done, state.net.dt, ends)
        shown = parts(given[:rows], channels)
        return Run(
            state, rates.first(rows), z.first(rows), shown, trials, every, rows, interventions, traces.first(rows), spikes
        )

    done = 0
    try:
        with deferred_interrupt() as interrupt, Bar(steps, "steps", progress) as bar:
            pieces = _Pieces(min((tape.most for tape in tapes if tape.most is not None), default=None))
            while done < steps:
                n = pieces.next(steps - done)
                here = None if inputs is None else inputs[done : done + n]
                if events is not None:
                    dense = z.target(done, n), rates.target(done, n), variables, traces.target(done, n)
                    n = _with_spikes(state, n, here, *dense, events)
                elif variables:
                    also = " ".join(variables), traces.target(done, n), sum(variables.values())
                    _c.nai_state_record(state, n, here, z.target(done, n), rates.target(done, n), *also)
                else:
                    _c.nai_state_run(state, n, here, z.target(done, n), rates.target(done, n))
                pieces.made(n)
                for tape in tapes:
                    tape.keep(done, n, every)
                done += n
                bar.at(done)
                interrupt.check()
    except KeyboardInterrupt as stop:
        stop.run = run_of(done // every)  # type: ignore[attr-defined]
        raise
    return run_of(steps // every)
