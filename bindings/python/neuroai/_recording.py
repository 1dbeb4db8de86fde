"""What of a run is recorded, all or a part, in one piece or several; Ctrl-C and the progress of runs."""

from __future__ import annotations

import ctypes
import operator
import time
from collections.abc import Mapping as AnyMapping
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._diverging import tell_if_diverging
from ._handle import Floats, Names, joined, listed, picked
from ._interrupt import Bar, deferred_interrupt
from ._units import numbers_of
from .errors import InvalidError, NonfiniteError, UnknownNameError, brief
from .run import Acting, Run, parts
from .spike_trains import Spikes

if TYPE_CHECKING:
    from .network import Network
    from .state import State
    from .trials import Trials

#: Populations and variables; or a mapping from these to units, numbers or a mask, where None is all.
Recorded = Union[Names, Mapping[str, Optional[npt.ArrayLike]]]

Numbers = npt.NDArray[np.int64]

#: Of one call into the library, seconds: far below what anybody notices between Ctrl-C and its effect.
_PIECE = 0.05


# --- what is recorded ------------------------------------------------------------------------------------------------


class Chosen(NamedTuple):
    """Populations and variables by name, and the units of each; None for all."""

    populations: Dict[str, Optional[Numbers]]
    variables: Dict[str, Optional[Numbers]]


def _entries(record: Optional[Recorded]) -> List[Tuple[str, Any]]:
    """Names and patterns one by one, with their units."""
    if record is None:
        return [("*", None)]
    if not isinstance(record, AnyMapping):
        return [(entry, None) for entry in joined(record, "record").split()]
    return [(entry, units) for names, units in record.items() for entry in joined(names, "record").split()]


def variables_named(net: "Network", entry: str) -> List[str]:
    """The variables that an entry with a ':' means, as ``"*:x"``."""
    pattern, part = entry.split(":", 1)
    names = [f"{name}:{part}" for name in picked([pattern], net.populations)]
    if names and f"{pattern}:{part}" not in names:
        names = [name for name in names if _c.nai_network_size(net, _c.NAI_POPULATIONS, name) >= 0] or names
    return names or [entry]


def _populations(net: "Network", entry: str) -> List[str]:
    found = list(picked([entry], net.populations))
    if not found and entry != "*":
        raise UnknownNameError(
            f"record: no population is called {brief(entry)}, but {listed(net.populations) or 'none'}"
        )
    return found


def _units(net: "Network", name: str, units: Any) -> Optional[Numbers]:
    """Of the population of a name, from 0, none twice, in the order given."""
    population = name.split(":", 1)[0]
    if units is None or population not in net.populations:
        return None
    what, n = f"record: units of '{name}'", net.populations[population]
    found = numbers_of(net, population, units, what)
    if len(found) and not 0 <= found.min() <= found.max() < n:
        raise InvalidError(f"{what}: {found.min()} to {found.max()}, must be 0 to {n - 1}")
    values, counts = np.unique(found, return_counts=True)
    if len(values) < len(found):
        raise InvalidError(f"{what}: {values[counts > 1][0]} is there twice, must be once")
    return found


def chosen(net: "Network", record: Optional[Recorded]) -> Chosen:
    """What ``record`` means; populations in the network's order."""
    populations: Dict[str, Optional[Numbers]] = {}
    variables: Dict[str, Optional[Numbers]] = {}
    for entry, units in _entries(record):
        kind = variables if ":" in entry else populations
        for name in variables_named(net, entry) if ":" in entry else _populations(net, entry):
            if name in kind and not (units is None and kind[name] is None):
                raise InvalidError(f"record: the units of '{name}' are chosen twice")
            kind[name] = _units(net, name, units)
    return Chosen({name: populations[name] for name in net.populations if name in populations}, variables)


# --- rows ------------------------------------------------------------------------------------------------------------


class _Columns:
    """Variables that are recorded as rows, one after the other, and which of their numbers."""

    def __init__(self, state: "State", chosen: Chosen, spiking: Mapping[str, Any]) -> None:
        self.units = {name: units for name, units in chosen.populations.items() if name not in spiking}
        self.traced = chosen.variables
        self.sizes: Dict[Tuple[bool, str], int] = {}  # whether it is a variable, and its name
        found: List[Numbers] = []
        start = 0
        for is_variable, kind in ((False, self.units), (True, self.traced)):
            for name, units in kind.items():
                width = state.variable(name).shape[1]
                columns = np.arange(width) if units is None else _of_copies(units, width, state.net, name)
                self.sizes[is_variable, name] = len(columns)
                found.append(start + columns)
                start += width
        self.some = any(units is not None for kind in (self.units, self.traced) for units in kind.values())
        self.names = " ".join([*self.units, *self.traced]).encode()
        self.columns = np.concatenate(found).astype(np.int64) if start else np.empty(0, np.int64)

    def target(self, to: Any) -> None:
        """Has a recording record these."""
        if not self.names:
            return
        to.variables, to.width = self.names, len(self.columns)
        if self.some:
            to.columns = self.columns.ctypes.data_as(type(to.columns))

    def split(self, rows: Floats) -> Tuple[Dict[str, Floats], Dict[str, Floats]]:
        """Rates of populations, and traces of variables."""
        rates: Dict[str, Floats] = {}
        traces: Dict[str, Floats] = {}
        start = 0
        for (is_variable, name), n in self.sizes.items():
            (traces if is_variable else rates)[name] = rows[..., start : start + n]
            start += n
        return rates, traces


def _of_copies(units: Numbers, width: int, net: "Network", name: str) -> Numbers:
    """Of branches [branches * n] those of all branches of these units, branch after branch."""
    n = net.populations[name.split(":", 1)[0]]
    return (np.arange(0, width, n)[:, None] + units).ravel()


# --- spikes ----------------------------------------------------------------------------------------------------------

#: What the library writes for each spike, and how many it has room for at least.
_SPIKE = np.dtype([("step", np.int64), ("trial", np.int32), ("unit", np.int32)])
_SPIKES = 1 << 16


class _Events:
    """Where spikes go: what the library writes into a buffer is handed out to populations after each piece."""

    def __init__(self, sizes: Dict[str, int], units: Dict[str, Optional[Numbers]], state: "State") -> None:
        self.sizes, self.units, self.trials = sizes, units, state.trials
        self.ends = np.cumsum(list(sizes.values()))
        self.names = " ".join(sizes).encode()
        self.before = state.time
        self.wanted = self._wanted()
        most = sum(sizes.values()) if self.wanted is None else len(self.wanted)
        self.room = np.empty(max(_SPIKES, 2 * self.trials * most), _SPIKE)
        self.places = {name: _places(units[name], n) for name, n in sizes.items()}
        self.kept: Dict[str, List[npt.NDArray[Any]]] = {name: [] for name in sizes}

    def _wanted(self) -> Optional[Numbers]:
        """Counted through the populations; None where all units are."""
        if all(self.units[name] is None for name in self.sizes):
            return None
        starts = self.ends - list(self.sizes.values())
        found = [
            start + (np.arange(n) if units is None else np.sort(units))
            for start, n, units in zip(starts, self.sizes.values(), map(self.units.get, self.sizes))
        ]
        return np.concatenate(found).astype(np.int64)

    def target(self, to: Any) -> None:
        """Has a recording write here."""
        to.populations, to.room = self.names, len(self.room)
        to.spikes = self.room.ctypes.data_as(type(to.spikes))
        if self.wanted is not None:
            to.units, to.n_units = self.wanted.ctypes.data_as(type(to.units)), len(self.wanted)

    def keep(self, n: int) -> None:
        events = self.room[:n].copy()
        events["step"] -= self.before
        which = np.searchsorted(self.ends, events["unit"], side="right")
        for k, (name, size) in enumerate(self.sizes.items()):
            here = events[which == k] if len(self.sizes) > 1 else events
            here["unit"] -= self.ends[k] - size
            places = self.places[name]
            if places is not None:
                here["unit"] = places[here["unit"]]
            self.kept[name].append(here)

    def take(self, start: int, end: int, dt: float, lengths: Optional[npt.NDArray[Any]]) -> Dict[str, Spikes]:
        """Those since the last time."""
        found = {}
        for name, size in self.sizes.items():
            of = np.concatenate([np.empty(0, _SPIKE), *self.kept[name]])
            units = self.units[name]
            n = size if units is None else len(units)
            found[name] = Spikes(of["step"], of["unit"], n, end, dt, of["trial"], self.trials, name, start, lengths)
            self.kept[name] = []
        return found


def _places(units: Optional[Numbers], n: int) -> Optional[npt.NDArray[np.int32]]:
    """Where each unit stands among those that are chosen."""
    if units is None:
        return None
    places = np.full(n, -1, np.int32)
    places[units] = np.arange(len(units))
    return places


# --- running ---------------------------------------------------------------------------------------------------------


def whole_number(name: str, value: Any, low: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidError(f"{name}: expected a whole number, got {brief(value)}") from None
    if number < low:
        raise InvalidError(f"{name} is {number}, must be at least {low}")
    return number


def _check_finite(inputs: Floats, sizes: Mapping[str, int], before: int) -> None:
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
        where = f"'{name}', channel {channel} of trial {trial} at row {before + first + row}"
        raise NonfiniteError(f"inputs: {where} is {value:g}, must be finite")


#: Units and steps of a call where ranks share the network, and the least steps: a multiple of most shortest delays.
_SHARED, _LEAST = 2**21, 240


class _Calls:
    """How many steps a call into the library makes: so many as take a moment.

    Where ranks share the network, all of them make the same calls, whatever time these take on each.
    """

    def __init__(self, net: "Network") -> None:
        self.same = net._shared
        self.steps = max(_LEAST, _SHARED // sum(net.populations.values())) if self.same else 1

    def next(self, left: int) -> int:
        self._started = time.monotonic()
        return min(self.steps, left)

    def made(self, steps: int) -> None:
        if self.same:
            return
        took = time.monotonic() - self._started
        if took > 2 * _PIECE:
            self.steps = max(1, self.steps // 2)
        elif took < _PIECE / 2 and steps == self.steps:
            self.steps = 2 * self.steps


class Recorder:
    """Runs a state and records, in as many pieces as are asked for: together they are what one piece would be.

    Args:
        state: moves on.
        record, every: see :meth:`neuroai.Network.run`.
        trials: those that inputs are of, if they are.
        interventions: what acts, for the runs to tell.
    """

    def __init__(
        self,
        state: "State",
        record: Optional[Recorded],
        every: int,
        trials: Optional["Trials"] = None,
        interventions: Sequence[Acting] = (),
    ) -> None:
        net = state.net
        self.every = whole_number("every", every, 1)
        self.state, self.trials, self.interventions = state, trials, interventions
        self.chosen = chosen(net, record)
        spiking = {name: net.populations[name] for name in self.chosen.populations if net.spikes(name)}
        self._columns = _Columns(state, self.chosen, spiking)
        self._events = _Events(spiking, self.chosen.populations, state) if spiking else None
        self._calls = _Calls(net)
        self.done = 0
        self._told = False  # of activity that is not finite
        self._inputs, self._outputs = net.inputs, net.outputs

    def begin(self) -> None:
        """From where the state is now."""
        if self._events is not None:
            self._events.before = self.state.time

    def run(
        self, steps: int, inputs: Optional[Floats], bar: Bar, begin: Callable[[], None] = lambda: None
    ) -> Run:
        """The next steps. ``begin`` is called when all else has been checked, before the first of them."""
        if inputs is not None:
            _check_finite(inputs, self._inputs, self.done)
        begin()
        piece = _Piece(self, steps, inputs)
        try:
            with deferred_interrupt() as interrupt:
                while piece.made < steps:
                    piece.move(self._calls)
                    bar.at(self.done)
                    interrupt.check()
        except KeyboardInterrupt as stop:
            stop.run = piece.run()  # type: ignore[attr-defined]
            raise
        found = piece.run()
        self._told = self._told or tell_if_diverging(found, piece.last())
        return found


class _Place:
    """Where a recording writes rows of an array: its pointer is moved on without an object for each."""

    def __init__(self, to: Any, field: str, rows: Floats) -> None:
        self._pointer = ctypes.c_void_p.from_buffer(to, getattr(type(to), field).offset)
        self._start = rows.ctypes.data
        self._stride = rows.strides[0] if rows.size else 0

    def at(self, row: int) -> None:
        self._pointer.value = self._start + row * self._stride


class _Piece:
    """Some steps of a run, and the rows that are recorded of them."""

    def __init__(self, of: Recorder, steps: int, inputs: Optional[Floats]) -> None:
        self.of, self.steps, self.inputs, self.start = of, steps, inputs, of.done
        self.made = self.rows = 0
        self.since = of.done % of.every
        rows, trials = (self.since + steps) // of.every, of.state.trials
        self.z = np.empty((rows, trials, sum(of._outputs.values())), np.float32)
        self.traces = np.empty((rows, trials, len(of._columns.columns)), np.float32)
        self.to = _c.nai_recording(every=of.every, since=self.since)
        of._columns.target(self.to)
        if of._events is not None:
            of._events.target(self.to)
        self.places = [_Place(self.to, "outputs", self.z), _Place(self.to, "traces", self.traces)]

    def move(self, calls: _Calls) -> None:
        """Makes a call into the library."""
        of, to = self.of, self.to
        n = calls.next(self.steps - self.made)
        for place in self.places:
            place.at(self.rows)
        here = None if self.inputs is None else self.inputs[self.made : self.made + n]
        to.n = 0
        _c.nai_state_record(to, of.state, n, here)
        calls.made(to.made)
        if of._events is not None:
            of._events.keep(to.n)
        self.rows += to.rows
        self.made += to.made
        of.done += to.made

    def last(self) -> List[Floats]:
        """The last row."""
        return [rows[max(0, self.rows - 1) : self.rows] for rows in (self.traces, self.z)]

    def run(self) -> Run:
        """What has been recorded so far."""
        of, net, rows, every = self.of, self.of.state.net, self.rows, self.of.every
        ends = None if of.trials is None else of.trials.lengths
        spikes = None if of._events is None else of._events.take(self.start, of.done, net.dt, ends)
        rates, traces = of._columns.split(self.traces[:rows])
        return Run(
            of.state,
            rates,
            parts(self.z[:rows], of._outputs),
            parts(self._inputs(), of._inputs),
            of.trials,
            every,
            rows,
            of.interventions,
            traces,
            spikes,
            self.start,
            {**of.chosen.populations, **of.chosen.variables},
        )

    def _inputs(self) -> Floats:
        """Those of the rows."""
        every = self.of.every
        if self.inputs is None:
            return np.zeros((self.rows, self.of.state.trials, sum(self.of._inputs.values())), np.float32)
        if every == 1:
            return self.inputs[: self.rows]
        return self.inputs[every - 1 - self.start % every :: every][: self.rows].copy()
