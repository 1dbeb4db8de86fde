"""Trials as plain arrays: inputs, targets, mask, lengths, conditions. Time first, [steps, trials, channels]."""

from __future__ import annotations

import weakref
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed, Conditions, Record
from ._handle import (
    Handle,
    as_array,
    brief,
    describe,
    expect,
    given,
    kept,
    listed,
    real,
    seed_of,
    texts,
    view,
    whole,
    wrong_shape,
    wrong_type,
)
from .errors import InvalidError, OrderError, OutOfMemoryError, UnknownNameError
from .network import Network

__all__ = ["Trials"]

#: An array, or one for each input or output by name.
Arrays = Union[npt.ArrayLike, Mapping[str, npt.ArrayLike]]


class _TrialsHandle(Handle):
    def __init__(self, pointer: Any) -> None:
        self._adopt(pointer, _c.nai_trials_destroy)


def _sequence(what: str, value: npt.ArrayLike) -> npt.NDArray[Any]:
    """[T, B, n]; [T, n] is taken as one trial."""
    array = given(what, value)
    if array.ndim == 2:
        array = array[:, None, :]
    if array.ndim != 3:
        raise wrong_shape(what, "[steps, trials, channels] or [steps, channels]", array.shape)
    return kept(as_array(what, array, ("steps", "trials", "channels")), value)


def _named(what: str, values: Optional[Mapping[str, npt.ArrayLike]]) -> Any:
    """The pairs of a mapping from names of conditions or epochs."""
    if values is None:
        return []
    if not isinstance(values, Mapping):
        raise wrong_type(what, "a mapping from names to arrays", values)
    return [(expect(what, name, str, "names"), value) for name, value in values.items()]


def _arrays(state: Any) -> Any:
    """All arrays in what was pickled."""
    for value in state.values():
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, dict):
            yield from _arrays(value)


def _by_name(value: Optional[Arrays]) -> Dict[Optional[str], npt.ArrayLike]:
    """A mapping as it is; an array under None, which stands for all together."""
    if value is None:
        return {}
    return {name: array for name, array in value.items()} if isinstance(value, Mapping) else {None: value}


def _room(shape: Tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
    try:
        return np.zeros(shape, dtype)
    except (MemoryError, ValueError):
        raise OutOfMemoryError(f"n: there is no memory for arrays of {describe(shape)}: make fewer trials at once") from None


def _put(arrays: Dict[Any, npt.NDArray[Any]], found: Mapping[Any, npt.NDArray[Any]], steps: int, n: int, here: slice) -> None:
    """Copies arrays [T, some, ...] to their place in arrays [steps, n, ...], which grow when trials are longer."""
    for name, array in found.items():
        room = arrays.get(name)
        if room is None or len(room) < steps:
            arrays[name] = _room((steps, n, *array.shape[2:]), array.dtype)
            if room is not None:
                arrays[name][: len(room)] = room
        arrays[name][: len(array), here] = array


class Trials(Closed):
    """A batch of trials. It belongs to no network, and is checked when it is first used with one.

    Arrays are copied, and are read-only.

    Args:
        inputs: [T, B, n] of all inputs in order, float32 (anything else is converted); or a mapping from an input's
            name to [T, B, n], where inputs that are left out are 0. [T, n] is taken as one trial.
        targets: desired outputs. Whole numbers [T, B]: the correct class at each step. Real values [T, B, n]: targets
            of all outputs in order. Or a mapping from names of outputs to either. Without targets the trials can be
            run, but not used for training.
        mask: weight of each step in the cost, >= 0: [T, B] or [T, B, n]; for all outputs, or a mapping from names of
            outputs.
        lengths: number of steps of each trial, [B]; later steps do not count in any cost.
        conditions: a mapping from names of conditions to their value in each trial, [B]; NaN where it has none.
        epochs: a mapping from names of epochs, such as "delay", to their steps in each trial, [B, 2]: the first one,
            counted from 0, and the one after the last, so that ``inputs[first:end, trial]`` is what came in then. No
            step where the two are equal. No cost depends on them.
        parts: makes each trial a block of parts, each of which is judged by itself and has conditions [B, P] and epochs
            [B, P, 2] of its own: steps until the end of each part, [B, P], ascending.
        first: number of the first trial; noise depends on (seed, trial number, step, unit).
    """

    steps: int
    trials: int
    first: int
    lengths: Optional[npt.NDArray[np.int32]]
    conditions: Dict[str, npt.NDArray[Any]]
    epochs: Dict[str, npt.NDArray[np.int32]]
    parts: Optional[npt.NDArray[np.int32]]
    _otherwise = "make other trials, na.Trials(inputs, targets, ...)"
    #: Whether the task that they are of has reaction times; None where that is not known.
    _has_times: Optional[bool] = None

    def __init__(
        self,
        inputs: Arrays,
        targets: Optional[Arrays] = None,
        mask: Optional[Arrays] = None,
        lengths: Optional[npt.ArrayLike] = None,
        conditions: Optional[Mapping[str, npt.ArrayLike]] = None,
        first: int = 0,
        epochs: Optional[Mapping[str, npt.ArrayLike]] = None,
        parts: Optional[npt.ArrayLike] = None,
    ) -> None:
        self._inputs = {name: _sequence("inputs", array) for name, array in _by_name(inputs).items()}
        if not self._inputs:
            raise InvalidError(
                "inputs: expected at least one array; for a network without inputs, one of shape [steps, trials, 0]"
            )
        steps, trials = next(iter(self._inputs.values())).shape[:2]
        self._keep(steps=steps, trials=trials, first=whole("first", first))
        for array in self._inputs.values():
            if array.shape[:2] != (self.steps, self.trials):
                raise wrong_shape("inputs", describe((self.steps, self.trials, "channels")), array.shape)
        self._targets = {name: self._target(array) for name, array in _by_name(targets).items()}
        self._mask = {name: self._columns("mask", array) for name, array in _by_name(mask).items()}
        self._keep(parts=None if parts is None else kept(as_array("parts", parts, (trials, "parts"), np.int32), parts))
        self._keep(
            lengths=None if lengths is None else kept(self._ends(lengths), lengths),
            conditions=Conditions(
                {name: self._condition(name, values) for name, values in _named("conditions", conditions)},
                getattr(conditions, "units", None),
            ),
            epochs=Record({name: self._epoch(name, values) for name, values in _named("epochs", epochs)}),
        )
        self._handles: "weakref.WeakKeyDictionary[Network, _TrialsHandle]" = weakref.WeakKeyDictionary()

    def _ends(self, lengths: npt.ArrayLike) -> npt.NDArray[np.int32]:
        array = as_array("lengths", lengths, (self.trials,), np.int32)
        for trial in np.flatnonzero((array < 1) | (array > self.steps))[:1]:
            raise InvalidError(f"lengths[{trial}] is {array[trial]}, must be 1 to {self.steps}")
        return array

    def _condition(self, name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
        return kept(as_array(f"condition '{name}'", values, self._own()), values)

    def _epoch(self, name: str, steps: npt.ArrayLike) -> npt.NDArray[np.int32]:
        return kept(as_array(f"epoch '{name}'", steps, (*self._own(), 2), np.int32), steps)

    def _own(self) -> Tuple[int, ...]:
        """[B], of blocks [B, P]."""
        return (self.trials,) if self.parts is None or self.parts.shape[1] == 1 else self.parts.shape

    def _columns(self, what: str, value: npt.ArrayLike) -> npt.NDArray[Any]:
        """[T, B, 1 or n]; [T, B] becomes [T, B, 1]."""
        array = given(what, value)
        if array.shape == (self.steps, self.trials):
            array = array[:, :, None]
        return kept(as_array(what, array, (self.steps, self.trials, "channels")), value)

    def _target(self, value: npt.ArrayLike) -> npt.NDArray[Any]:
        """Classes int32 [T, B] or targets float32 [T, B, n]."""
        array = given("targets", value)
        if array.ndim == 2 and array.dtype.kind in "iub":
            return kept(as_array("targets", array, (self.steps, self.trials), np.int32), value)
        if array.shape == (self.steps, self.trials):
            raise InvalidError(
                f"targets: {describe(array.shape)} is the shape of classes, which must be whole numbers; "
                f"real targets are {describe((self.steps, self.trials, 'n'))}"
            )
        if array.ndim == 2 and self.trials == 1:
            array = array[:, None, :]
        return kept(as_array("targets", array, (self.steps, self.trials, "n")), value)

    @classmethod
    def _of(cls, net: Network, pointer: Any) -> "Trials":
        """Trials that the library made: views, no copies."""
        handle = _TrialsHandle(pointer)

        def look(what: int, name: Optional[str] = None) -> npt.NDArray[Any]:
            return view(handle, _c.nai_trials_view, handle, what, name)

        def look_at_outputs(*kinds: int) -> Dict[Optional[str], npt.NDArray[Any]]:
            found: Dict[Optional[str], npt.NDArray[Any]] = {}
            for name in net.outputs:
                key = name if len(net.outputs) > 1 else None
                for kind in kinds:
                    try:
                        found[key] = look(kind, name)
                    except (InvalidError, OrderError):
                        continue  # this output has none of that kind
            return found

        trials = cls.__new__(cls)
        inputs = look(_c.NAI_TRIALS_INPUTS)
        trials._keep(steps=inputs.shape[0], trials=inputs.shape[1])
        trials._inputs = {None: inputs}
        trials._targets = look_at_outputs(_c.NAI_TRIALS_TARGETS, _c.NAI_TRIALS_CLASSES)
        trials._mask = look_at_outputs(_c.NAI_TRIALS_MASK)
        names = texts(lambda index: _c.nai_trials_condition_name(handle, index))
        epochs = texts(lambda index: _c.nai_trials_epoch_name(handle, index))
        try:
            trials._keep(parts=look(_c.NAI_TRIALS_PARTS))
        except OrderError:
            trials._keep(parts=None)  # no blocks
        trials._keep(
            lengths=look(_c.NAI_TRIALS_LENGTHS),
            conditions=Record({name: look(_c.NAI_TRIALS_CONDITION, name) for name in names}),
            epochs=Record({name: look(_c.NAI_TRIALS_EPOCH, name) for name in epochs}),
            first=_c.nai_trials_first(handle),
        )
        trials._handles = weakref.WeakKeyDictionary({net: handle})
        return trials

    @classmethod
    def _joined(cls, n: int, pieces: Iterator["Trials"]) -> "Trials":
        """``n`` trials made of pieces of one task, one after the other; each is dropped when it has been copied."""
        joined, done = cls.__new__(cls), 0
        for piece in pieces:
            if done == 0:
                joined._keep(first=piece.first, trials=n, steps=0, lengths=_room((n,), np.int32))
                own = (n, *piece._own()[1:])
                joined._keep(conditions=Record({name: _room(own, np.float32) for name in piece.conditions}))
                joined._keep(epochs=Record({name: _room((*own, 2), np.int32) for name in piece.epochs}))
                joined._keep(parts=None if piece.parts is None else _room(own, np.int32))
                joined._inputs, joined._targets, joined._mask = {}, {}, {}
            here = slice(done, done + len(piece))
            assert piece.lengths is not None and joined.lengths is not None
            joined.lengths[here] = piece.lengths
            if piece.parts is not None and joined.parts is not None:
                joined.parts[here] = piece.parts
            for name, values in piece.conditions.items():
                joined.conditions[name][here] = values
            for name, steps in piece.epochs.items():
                joined.epochs[name][here] = steps
            joined._keep(steps=max(joined.steps, piece.steps))
            _put(joined._inputs, piece._inputs, joined.steps, n, here)
            _put(joined._targets, piece._targets, joined.steps, n, here)
            _put(joined._mask, piece._mask, joined.steps, n, here)
            done += len(piece)
        joined._handles = weakref.WeakKeyDictionary()
        for array in _arrays(vars(joined)):
            array.flags.writeable = False
        return joined

    def __getstate__(self) -> Dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_handles"}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        state = {"epochs": Record({}), "parts": None, **state}  # what version 0.1.0 pickled has none
        vars(self).update(state, _handles=weakref.WeakKeyDictionary())
        for array in _arrays(state):
            array.flags.writeable = False

    def _for(self, net: Network) -> _TrialsHandle:
        """The C object for a network; made once."""
        handle = self._handles.get(net)
        if handle is None:
            handle = self._handles[net] = self._create(net)
        return handle

    def _create(self, net: Network) -> _TrialsHandle:
        pointer = _c.new(_c.nai_trials)
        _c.nai_trials_create(pointer, net, self.steps, self.trials)
        handle = _TrialsHandle(pointer)
        for name, array in self._inputs.items():
            expected = sum(net.inputs.values()) if name is None else net.inputs.get(name, array.shape[2])
            if array.shape[2] != expected:
                raise wrong_shape("inputs", describe((self.steps, self.trials, expected)), array.shape)
            _c.nai_trials_set_inputs(handle, name, array, array.shape[2])
        for name, array in self._targets.items():
            self._set_targets(net, handle, name, array)
        for name, array in self._mask.items():
            self._set_mask(net, handle, name, array)
        if self.lengths is not None:
            _c.nai_trials_set_lengths(handle, self.lengths)
        if self.parts is not None:
            _c.nai_trials_set_parts(handle, self.parts, self.parts.shape[1])
        for condition, values in self.conditions.items():
            _c.nai_trials_set_condition(handle, condition, values)
        for epoch, spans in self.epochs.items():
            _c.nai_trials_set_epoch(handle, epoch, spans)
        _c.nai_trials_set_first(handle, self.first)
        return handle

    def _set_targets(
        self, net: Network, handle: _TrialsHandle, name: Optional[str], array: npt.NDArray[Any]
    ) -> None:
        if array.ndim == 2:
            _c.nai_trials_set_classes(handle, name if name is not None else next(iter(net.outputs)), array)
            return
        for output, part in _split("targets", net, name, array):
            _c.nai_trials_set_targets(handle, output, part, part.shape[2])

    def _set_mask(self, net: Network, handle: _TrialsHandle, name: Optional[str], array: npt.NDArray[Any]) -> None:
        if array.shape[2] == 1:
            for output in net.outputs if name is None else [name]:
                _c.nai_trials_set_mask(handle, output, array, 1)
            return
        for output, part in _split("mask", net, name, array):
            _c.nai_trials_set_mask(handle, output, part, part.shape[2])

    @property
    def inputs(self) -> Any:
        """Inputs, float32 [T, B, n]; a mapping by name where they were given so."""
        return _as_given(self._inputs)

    @property
    def targets(self) -> Any:
        """Classes int32 [T, B] or targets float32 [T, B, n]; a mapping by name where there are several; or None."""
        return _as_given(self._targets)

    @property
    def mask(self) -> Any:
        """The cost mask, float32 [T, B, 1 or n]; a mapping by name where there are several; or None, for 1."""
        return _as_given(self._mask)

    def __getitem__(self, which: Union[slice, npt.ArrayLike]) -> "Trials":
        """Some of the trials: ``trials[:100]``, ``trials[[3, 5]]``, ``trials[trials.conditions["coherence"] > 0]``.

        Those in a row keep their numbers, and so their noise; others are numbered from ``first`` on.
        """
        chosen = _chosen(which, self.trials)
        in_a_row = bool(np.all(np.diff(chosen) == 1))

        def some(arrays: Mapping[Any, npt.NDArray[Any]]) -> Any:
            return _as_given({name: array[:, chosen] for name, array in arrays.items()})

        found = Trials(
            some(self._inputs),
            some(self._targets),
            some(self._mask),
            None if self.lengths is None else self.lengths[chosen],
            Conditions({k: v[chosen] for k, v in self.conditions.items()}, getattr(self.conditions, "units", None)),
            self.first + (int(chosen[0]) if in_a_row else 0),
            {name: steps[chosen] for name, steps in self.epochs.items()},
            None if self.parts is None else self.parts[chosen],
        )
        found._has_times = self._has_times
        return found

    def split(
        self, fraction: float = 0.8, seed: int = 0, by: Union[None, str, Sequence[str]] = None
    ) -> "Tuple[Trials, Trials]":
        """Two random parts, as to train on one and test on the other: ``train, test = trials.split(0.8, seed=1)``.

        The trials of each part are in the order that they have here.

        Args:
            fraction: of the trials that go into the first part.
            seed: of the draw.
            by: conditions of whose every combination of values this fraction goes into the first part, as nearly as whole
                trials allow.
        """
        if not 0 < real("fraction", fraction) < 1:
            raise InvalidError(f"fraction is {fraction}, must be above 0 and below 1")
        draw = np.random.default_rng(seed_of(seed))
        first = np.zeros(self.trials, bool)
        left = 0.0  # of trials that were rounded away
        for group in self._groups(by):
            wanted = fraction * len(group) + left
            n = int(np.clip(np.floor(wanted + 0.5), 0, len(group)))
            left = wanted - n
            first[draw.permutation(group)[:n]] = True
        if first.all() or not first.any():
            raise InvalidError(f"fraction is {fraction}: of {self.trials} trials one part has none")
        return self[np.flatnonzero(first)], self[np.flatnonzero(~first)]

    def _groups(self, by: Union[None, str, Sequence[str]]) -> "list[npt.NDArray[Any]]":
        """The trials of each combination of values of some conditions."""
        if by is None:
            return [np.arange(self.trials)]
        columns = []
        for name in [by] if isinstance(by, str) else by:
            if name not in self.conditions:
                raise UnknownNameError(f"by: no condition is called {brief(name)}, but {listed(self.conditions) or 'none'}")
            for column in self.conditions[name].reshape(self.trials, -1).T:
                columns.append(np.unique(column, return_inverse=True)[1].ravel())  # all NaN are one
        _, which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
        return [np.flatnonzero(which.ravel() == k) for k in range(int(which.max()) + 1)]

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        """One object to NumPy, not a sequence of sequences, so that who takes numbers can say what is wrong."""
        found = np.empty((), object)
        found[()] = self
        return found

    def __iter__(self) -> Iterator["Trials"]:
        return (self[[k]] for k in range(self.trials))

    def __len__(self) -> int:
        return int(self.trials)

    def __repr__(self) -> str:
        conditions = f", conditions {listed(self.conditions)}" if self.conditions else ""
        return f"<Trials: {self.trials} of {self.steps} steps{conditions}>"


def _chosen(which: Any, n: int) -> npt.NDArray[np.int64]:
    """The numbers of trials that a slice, numbers or a mask choose; never none."""
    if isinstance(which, slice):
        found: npt.NDArray[np.int64] = np.arange(n)[which]
    else:
        array = np.atleast_1d(np.asarray(which))
        if array.ndim != 1 or array.dtype.kind not in "iub":
            raise wrong_type("trials[...]", "a slice, numbers of trials, or a mask", which)
        if array.dtype.kind == "b" and len(array) != n:
            raise InvalidError(f"trials[...]: the mask is of {len(array)} trials, must be of {n}")
        if array.dtype.kind != "b" and array.size and not (-n <= array.min() and array.max() < n):
            worst = array.max() if array.max() >= n else array.min()
            raise InvalidError(f"trials[...]: there is no trial {worst}, must be 0 to {n - 1}")
        found = np.arange(n)[array]
    if not len(found):
        raise InvalidError("trials[...]: chooses no trial")
    return found


def _as_given(arrays: Mapping[Optional[str], npt.NDArray[Any]]) -> Any:
    return arrays[None] if None in arrays else Record(arrays) or None


def _split(
    what: str, net: Network, name: Optional[str], array: npt.NDArray[Any]
) -> "list[Tuple[str, npt.NDArray[Any]]]":
    """The part of each output, in order; of one output where it is named."""
    sizes = net.outputs if name is None else {name: net.size(name)}
    if array.shape[2] != sum(sizes.values()):
        raise wrong_shape(what, describe((*array.shape[:2], sum(sizes.values()))), array.shape)
    ends = np.cumsum(list(sizes.values()))
    parts = np.split(array, ends[:-1], axis=2)
    return [(output, np.ascontiguousarray(part)) for output, part in zip(sizes, parts)]


def as_trials(trials: Any) -> Trials:
    """The trials that were given, or a clear error."""
    found: Trials = expect("trials", trials, Trials, "neuroai.Trials, na.Trials(inputs, targets)")
    return found


def has_classes(trials: Trials) -> bool:
    """Whether the targets of the first output are classes."""
    targets = trials.targets
    first = next(iter(targets.values())) if isinstance(targets, dict) else targets
    return bool(first is not None and first.ndim == 2)
