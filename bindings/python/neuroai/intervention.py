"""Interventions: units that are silenced, clamped, scaled, frozen or given a current, and projections that are scaled
or cut, during a part of the trial.

One description for evaluations (:func:`neuroai.evaluate`), runs (:meth:`neuroai.Network.run`) and states
(:meth:`neuroai.State.intervene`)::

    na.evaluate(net, task, interventions=na.Silence("PV", epoch="delay"))
    net.run(trials, interventions=[na.Silence("E", fraction=0.2, seed=1), na.Inject("SST", 0.5, start=500, end=700)])
"""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any, ClassVar, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed
from ._handle import Names, as_array, brief, expect, given, joined, kept, listed, real, whole, wrong_type
from ._units import Chosen, chosen
from .errors import InvalidError, UnknownNameError, UnsupportedError

if TYPE_CHECKING:
    from .network import Network
    from .trials import Trials

__all__ = ["Clamp", "Freeze", "Inject", "Intervention", "Scale", "ScaleSynapses", "Silence", "Interventions"]

#: Steps first .. end - 1 of each trial, int64 [B, 2].
Windows = npt.NDArray[np.int64]
_NEVER_ENDS = np.iinfo(np.int64).max


class Intervention(Closed):
    """Base of all interventions; make one by :class:`Silence`, :class:`Clamp`, :class:`Inject`, :class:`Scale`,
    :class:`Freeze` or :class:`ScaleSynapses`.

    Interventions act in the order in which they are given. The states of units (their currents, or rates where the
    leak is on the rate) go on meanwhile, with what the units receive.

    Args:
        names: populations; or a mapping from their names to units, as ``{"E": [0, 3]}``.
        units: units of each of these populations: numbers from 0, none twice, or a mask of bool [n]. Default: all.
        fraction: of these units, drawn at random in each population, and rounded to a number of units. Those of a
            smaller fraction with the same seed are among those of a larger one.
        seed: of this draw.
        epoch: name of an epoch of the trials; ``start`` and ``end`` count from its first step, and it is over at its
            last. Default: the whole trial. In trials that are blocks each part is a trial: it has the epoch, ``start``
            and ``end`` count from its first step, and ``where`` asks for its conditions.
        start: ms, from here on. Trials start with rates of their own, which units receive in the first steps; a start
            below 0 imposes those, too.
        end: ms, until here. Default: to the end.
        rise: ms during which the effect rises linearly, from ``start`` on.
        fall: ms during which it falls linearly, until the end.
        steps: the first step in each trial and the one after the last, int [B, 2], in place of an epoch.
        trials: in which trials: numbers from 0, or a mask of bool [B]. Default: all.
        where: only in trials whose conditions have these values: ``{"context": 1}``.
    """

    names: Chosen
    units: Optional[npt.NDArray[Any]]
    fraction: float
    seed: int
    epoch: Optional[str]
    start: float
    end: Optional[float]
    rise: float
    fall: float
    steps: Optional[npt.NDArray[np.int32]]
    trials: Optional[npt.NDArray[Any]]
    where: Mapping[str, float]
    #: Rate, current or factor, one or one a unit; None for silence.
    value: Optional[npt.NDArray[np.float32]] = None
    _kind: ClassVar[int] = _c.NAI_SILENCE
    _what: ClassVar[str] = ""
    _done: ClassVar[str] = "silenced"
    _inputs_too: ClassVar[bool] = False
    _otherwise = "make another"

    def __init__(
        self,
        names: Chosen,
        units: Optional[npt.ArrayLike] = None,
        *,
        fraction: float = 1.0,
        seed: int = 0,
        epoch: Optional[str] = None,
        start: float = 0.0,
        end: Optional[float] = None,
        rise: float = 0.0,
        fall: float = 0.0,
        steps: Optional[npt.ArrayLike] = None,
        trials: Optional[npt.ArrayLike] = None,
        where: Optional[Mapping[str, float]] = None,
    ) -> None:
        if type(self) is Intervention:
            raise TypeError("make one by Silence, Clamp, Inject, Scale, Freeze or ScaleSynapses")
        if epoch is not None and steps is not None:
            raise InvalidError("epoch, steps: give one of them")
        if end is not None and not real("end", end) > real("start", start):
            raise InvalidError(f"end is {brief(end)} ms, must be above start, {brief(start)} ms")
        self._keep(names=_own(names), units=None if units is None else _own(units))
        self._keep(fraction=real("fraction", fraction), seed=whole("seed", seed, _c.uint64))
        self._keep(epoch=None if epoch is None else expect("epoch", epoch, str, "the name of an epoch"))
        self._keep(start=real("start", start), end=None if end is None else real("end", end))
        self._keep(rise=real("rise", rise), fall=real("fall", fall), where=_conditions(where))
        self._keep(steps=None if steps is None else kept(as_array("steps", steps, ("trials", 2), np.int32), steps))
        self._keep(trials=None if trials is None else _own(trials))

    def __repr__(self) -> str:
        what = [repr(end) for end in self._ends()] + ([] if self.value is None else [brief(self.value.tolist())])
        standard: Dict[str, Any] = dict(fraction=1.0, of="synapses", seed=0, start=0.0, rise=0.0, fall=0.0, where={})
        for name in ("units", "fraction", "of", "seed", "epoch", "start", "end", "rise", "fall", "steps", "trials", "where"):
            value = getattr(self, name, None)
            if value is not None and (isinstance(value, np.ndarray) or value != standard.get(name)):
                what.append(f"{name}={brief(value)}")
        return f"{type(self).__name__}({', '.join(what)})"

    @property
    def label(self) -> str:
        """In a few words, for pictures: ``Silence PV, delay``."""
        ends = [end if isinstance(end, str) else listed(end, 3) for end in self._ends()]
        part = f", {self.fraction:.0%}" if self.fraction < 1 else ""
        return f"{self._does()} {' to '.join(ends)}{part}" + (f", {self.epoch}" if self.epoch else "")

    def _does(self) -> str:
        return type(self).__name__

    def _ends(self) -> "Tuple[Any, ...]":
        """Between which names it acts: those of the units."""
        return (self.names,)

    @property
    def _deed(self) -> str:
        """What is done to them: ``PV silenced``."""
        return f"{self.names if isinstance(self.names, str) else listed(self.names, 3)} {self._done}"

    @property
    def _touched(self) -> Any:
        """Names of the populations in which it is seen."""
        return self.names

    # --- when --------------------------------------------------------------------------------------------------------

    def _mask(self, n: int) -> Optional[npt.NDArray[np.uint8]]:
        """In which of n trials, uint8 [n]; None: in all."""
        if self.trials is None:
            return None
        found = given("trials", self.trials) if np.size(self.trials) else np.zeros(0, np.int64)
        if found.dtype.kind == "b":
            return as_array("trials", found, (n,), np.bool_).astype(np.uint8)
        numbers = as_array("trials", np.atleast_1d(found), ("n",), np.int64)
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < n:
            raise InvalidError(f"trials: {numbers.min()} to {numbers.max()}, must be 0 to {n - 1}")
        mask = np.zeros(n, np.uint8)
        mask[numbers] = 1
        return mask

    def _of_parts(self, trials: "Optional[Trials]") -> "List[Any]":
        """Of blocks the parts, each of which is a trial; or the trials, in which given steps count from the start."""
        if trials is None or trials.parts is None or self.steps is not None:
            return [trials]
        return [_Part(trials, p) for p in range(trials.parts.shape[1])]

    def _windows(self, dt: float, n: int, steps: int, trials: "Union[Trials, _Part, None]") -> Windows:
        """The steps of n trials of so many steps in which it acts, [n, 2]; empty ones are 0, 0."""
        lengths = np.full(n, steps) if trials is None or trials.lengths is None else np.asarray(trials.lengths)
        starts = trials.starts if isinstance(trials, _Part) else np.zeros(n)
        span = np.stack([starts, lengths], 1).astype(np.int64)
        if self.steps is not None:
            chosen = as_array("steps", self.steps, (n, 2), np.int32).astype(np.int64)
            span = np.stack([chosen[:, 0], np.minimum(chosen[:, 1], lengths)], 1)
        elif self.epoch is not None:
            span = np.minimum(_epoch(trials, self.epoch), lengths[:, None])
        first = span[:, 0] + _steps(max(0.0, self.start), dt)
        end = span[:, 1] if self.end is None else np.minimum(span[:, 1], span[:, 0] + _steps(self.end, dt))
        acts = (first < end) & self._where(trials, n)
        mask = self._mask(n)
        acts &= True if mask is None else mask.astype(bool)
        return np.where(acts[:, None], np.stack([first, end], 1), 0)

    def _where(self, trials: "Union[Trials, _Part, None]", n: int) -> npt.NDArray[np.bool_]:
        from .evaluation import condition_of, matching

        if isinstance(trials, _Part):  # of which none may be such a trial
            found = np.ones(n, bool)
            for name, value in self.where.items():
                found &= np.isclose(condition_of(trials.conditions, name), value, rtol=1e-5, atol=0)
            return found
        return matching({} if trials is None else trials.conditions, self.where, n)

    # --- as the library takes it -------------------------------------------------------------------------------------

    def _entries(self, net: "Network", n: Optional[int], windows: Optional[Windows]) -> "List[Tuple[Any, Any]]":
        """Each with the arrays that it points to. ``windows``: its steps, where they are found already."""
        found = []
        for names, units in chosen(net, self.names, self.units, self._inputs_too):
            entry = _c.nai_intervention(kind=self._kind)
            alive: List[Any] = [units]
            entry.names = _c.Text.from_param(names).value
            entry.n_units = _c.NAI_ALL_UNITS if units is None else len(units)
            entry.units = _pointer(units, ctypes.c_int64)
            entry.fraction, entry.seed = self.fraction, self.seed
            if self.value is not None:
                entry.values, entry.n_values = _pointer(self.value, ctypes.c_float), len(self.value)
            entry.start, entry.rise, entry.fall = self.start, self.rise, self.fall
            if windows is None:
                self._say_when(entry, n, alive)
            else:
                entry.start = min(0.0, self.start)
                steps = np.ascontiguousarray(np.minimum(windows, np.iinfo(np.int32).max), np.int32)
                alive.append(steps)
                entry.steps, entry.n_trials = _pointer(steps, ctypes.c_int32), len(steps)
            found.append((entry, alive))
        return found

    def _say_when(self, entry: Any, n: Optional[int], alive: List[Any]) -> None:
        entry.end = 0.0 if self.end is None else self.end
        if self.epoch is not None:
            entry.epoch = _c.Text.from_param(self.epoch).value
        mask = None if n is None else self._mask(n)
        where = (_c.nai_where * len(self.where))()
        for condition, (name, value) in zip(where, self.where.items()):
            condition.condition, condition.value = _c.Text.from_param(name).value, value
        alive += [mask, where]
        entry.where, entry.n_where = where, len(where)
        entry.steps, entry.trials = _pointer(self.steps, ctypes.c_int32), _pointer(mask, ctypes.c_uint8)
        entry.n_trials = len(mask) if mask is not None else 0 if self.steps is None else len(self.steps)


class Silence(Intervention):
    """Units whose rate is 0: a lesion, or optogenetic silencing. Arguments: see :class:`Intervention`."""


class Freeze(Intervention):
    """Units that keep the rate which they have at the first of these steps, until the last one.

    With a ``start`` below 0 it is the rate that trials start with. A unit that spikes at that step goes on sending a
    spike at each. Arguments: see :class:`Intervention`.
    """

    _kind, _done = _c.NAI_FREEZE, "frozen"


class _Valued(Intervention):
    def _take(self, value: npt.ArrayLike) -> None:
        array = as_array(self._what, np.atleast_1d(given(self._what, value)), ("n",))
        self._keep(value=kept(array, value))


class Clamp(_Valued):
    """Units whose rate is ``rate``, one value or one a unit, whatever they receive.

    Arguments: see :class:`Intervention`.
    """

    _kind, _what, _done = _c.NAI_CLAMP, "rate", "clamped"

    def __init__(
        self, names: Chosen, rate: npt.ArrayLike, units: Optional[npt.ArrayLike] = None, **when: Any
    ) -> None:
        super().__init__(names, units, **when)
        self._take(rate)


class Inject(_Valued):
    """Units that receive ``current`` besides, one value or one a unit. Arguments: see :class:`Intervention`."""

    _kind, _what, _done = _c.NAI_INJECT, "current", "given a current"

    def __init__(
        self, names: Chosen, current: npt.ArrayLike, units: Optional[npt.ArrayLike] = None, **when: Any
    ) -> None:
        super().__init__(names, units, **when)
        self._take(current)


class Scale(_Valued):
    """Units whose rate is multiplied by ``factor`` >= 0, one value or one a unit: partial silencing.

    Arguments: see :class:`Intervention`.
    """

    _kind, _what, _done = _c.NAI_SCALE, "factor", "scaled"

    def __init__(
        self, names: Chosen, factor: npt.ArrayLike, units: Optional[npt.ArrayLike] = None, **when: Any
    ) -> None:
        super().__init__(names, units, **when)
        self._take(factor)


class ScaleSynapses(_Valued):
    """Projections whose weights are multiplied by ``factor`` >= 0: 0 cuts them.

    ::

        na.ScaleSynapses("E", "PV", 0, epoch="delay")               # PV cells hear nothing from E during the delay
        na.ScaleSynapses("*", "E", 0.5, fraction=0.3, seed=1)       # a third of the synapses onto E at half strength

    Short-term plasticity goes on from what is sent, as if nothing were done. Several that act on the same synapses are
    multiplied.

    Args:
        source: inputs and populations that send, or a mapping from their names to units.
        target: populations and outputs that receive.
        factor: one value, or one for each sending unit.
        units: sending units of each source. Default: all.
        fraction: of the synapses of each projection, drawn at random, and rounded to a number of them; with
            ``of="units"`` of the sending units. Those of a smaller fraction with the same seed are among those of a
            larger one, however the synapses are stored.
        of: ``"synapses"`` or ``"units"``.
        **when: other arguments of :class:`Intervention`.
    """

    target: Names
    of: str
    _kind, _what, _inputs_too = _c.NAI_SCALE_SYNAPSES, "factor", True

    def __init__(
        self,
        source: Chosen,
        target: Names,
        factor: npt.ArrayLike,
        units: Optional[npt.ArrayLike] = None,
        *,
        of: str = "synapses",
        **when: Any,
    ) -> None:
        super().__init__(source, units, **when)
        if of not in ("synapses", "units"):
            raise InvalidError(f"of is {brief(of)}, must be 'synapses' or 'units'")
        self._keep(target=joined(target, "target"), of=of)
        self._take(factor)

    def _does(self) -> str:
        assert self.value is not None
        return "Cut" if not self.value.any() else "Scale synapses"

    def _ends(self) -> "Tuple[Any, ...]":
        return (self.names, self.target)

    @property
    def _deed(self) -> str:
        ends = " to ".join(end if isinstance(end, str) else listed(end, 3) for end in self._ends())
        what = "synapses" if self.of == "synapses" else "units with synapses"
        return f"{what}, {ends}, {'cut' if self._does() == 'Cut' else 'scaled'}"

    @property
    def _touched(self) -> Any:
        return self.target

    def _entries(self, net: "Network", n: Optional[int], windows: Optional[Windows]) -> "List[Tuple[Any, Any]]":
        found = super()._entries(net, n, windows)
        for entry, _ in found:
            entry.to, entry.of_units = _c.Text.from_param(self.target).value, self.of == "units"
        return found


#: One, or several, which act in their order.
Interventions = Union[Intervention, Sequence[Intervention]]


# --- what other modules use too --------------------------------------------------------------------------------------


def as_interventions(value: Optional[Interventions], silence: Optional[Chosen] = None) -> List[Intervention]:
    """A list of what was given, after the units of ``silence``."""
    found: List[Intervention] = [] if silence is None else [Silence(silence)]
    if value is None:
        return found
    several = [value] if isinstance(value, Intervention) else value
    if not isinstance(several, (list, tuple)):
        raise wrong_type("interventions", "na.Silence(...) and the like, or a list of them", value)
    return found + [
        expect("interventions", one, Intervention, "na.Silence(...) and the like, or a list of them") for one in several
    ]


class Lent:
    """An array of nai_intervention, as the library takes it, with what it points to."""

    def __init__(
        self,
        net: "Network",
        interventions: Sequence[Intervention],
        n: Optional[int] = None,
        windows: Optional[Sequence[Windows]] = None,
    ) -> None:
        found = []
        for k, one in enumerate(interventions):
            found += one._entries(net, n, None if windows is None else windows[k])
        self.array = (_c.nai_intervention * len(found))(*(entry for entry, _ in found))
        self._alive = [alive for _, alive in found]

    def __len__(self) -> int:
        return len(self.array)


def _own(value: Any) -> Any:
    """A value that the caller cannot change any more."""
    if isinstance(value, Mapping):
        return {name: _own(units) for name, units in value.items()}
    if isinstance(value, (str, bytes)) or not isinstance(value, (list, tuple, np.ndarray)):
        return value
    array = np.array(value)
    array.flags.writeable = False
    return value if array.dtype.kind in "US" and not isinstance(value, np.ndarray) else array


def _conditions(where: Optional[Mapping[str, float]]) -> Dict[str, float]:
    if where is not None and not isinstance(where, Mapping):
        raise wrong_type("where", "a mapping from names of conditions to values", where)
    return {
        expect("where", name, str, "names of conditions"): real(f"where['{name}']", value)
        for name, value in (where or {}).items()
    }


def _steps(ms: float, dt: float) -> int:
    """As tasks count the steps of their epochs."""
    return _NEVER_ENDS if ms > 1e12 else math.floor(ms / dt * (1 + 1e-9))


def _pointer(array: Optional[npt.NDArray[Any]], element: Any) -> Any:
    return None if array is None else array.ctypes.data_as(ctypes.POINTER(element))


class _Part:
    """Part p of each block, with its conditions and epochs: a trial that begins later."""

    def __init__(self, trials: "Trials", p: int) -> None:
        assert trials.parts is not None
        several = trials.parts.shape[1] > 1
        self.starts = trials.parts[:, p - 1] if p else np.zeros(len(trials), np.int32)
        self.lengths = trials.parts[:, p]
        self.conditions = {name: values[:, p] if several else values for name, values in trials.conditions.items()}
        self.epochs = {name: steps[:, p] if several else steps for name, steps in trials.epochs.items()}


def _epoch(trials: "Union[Trials, _Part, None]", name: str) -> Windows:
    """The steps of an epoch in each trial, [B, 2]."""
    if trials is None:
        raise UnsupportedError(f"epoch is {brief(name)}, but only trials have epochs: give start and end, or steps")
    if name not in trials.epochs:
        known = f"but {listed(trials.epochs)}" if trials.epochs else "as the trials have none"
        raise UnknownNameError(f"epoch: no epoch is called {brief(name)}, {known}")
    return np.asarray(trials.epochs[name], np.int64)
