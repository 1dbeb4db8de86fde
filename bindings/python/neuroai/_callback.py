"""Python functions called by the C library: how they are found, and what they are shown.

The C tables point to the few trampolines of this module, which live as long as it does. Which Python object is meant
is told by the `user` pointer, a number under which the object is kept until the C object's ``destroy`` lets it go.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import math
import threading
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed, Record
from ._handle import View, as_array, brief, listed, text
from ._interrupt import at_once
from .errors import InvalidError, InvalidTypeError, OrderError, UnknownNameError

_objects: Dict[int, Any] = {}
_numbers = itertools.count(1)


def register(owner: Any) -> int:
    """Keeps ``owner`` alive until the library destroys what it is the `user` of."""
    number = next(_numbers)
    _objects[number] = owner
    return number


def callback(kind: Any) -> Callable[[Callable[..., None]], Any]:
    """Makes a C function of ``function(owner, ...)``. An exception is kept, and comes back out of the outer call."""

    def make(function: Callable[..., None]) -> Any:
        def trampoline(user: int, *arguments: Any) -> int:
            try:
                with at_once():
                    function(_objects[user], *arguments)
            except BaseException as exception:
                return _c.keep(exception)
            return _c.NAI_OK

        return kind(trampoline)

    return make


def _destroy(user: int) -> None:
    _objects.pop(user, None)


#: The `destroy` of every table.
destroy = _c.on_destroy(_destroy)


@contextmanager
def lent(create: Callable[[], Any], give_up: Callable[[Any], Any]) -> Iterator[Any]:
    """The C object that ``create`` makes, for the length of one call, which may keep a reference."""
    pointer = create()
    try:
        yield pointer
    finally:
        give_up(pointer)


# --- what a callback is shown ----------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def _dtype(element: Any) -> Any:
    """np.dtype() of a ctypes type, which takes microseconds."""
    return np.dtype(element)


def _borrowed(pointer: Any, shape: Tuple[int, ...], strides: Optional[Tuple[int, ...]]) -> npt.NDArray[Any]:
    """Memory of the library as an array. Strides in elements."""
    dtype = _dtype(pointer._type_)
    if 0 in shape:
        return np.empty(shape, dtype)
    address = ctypes.addressof(pointer.contents)
    in_bytes = None if strides is None else tuple(n * dtype.itemsize for n in strides)
    return np.asarray(View(None, address, dtype.str, shape, in_bytes, writable=True))


def _copied(pointer: Any, shape: Tuple[int, ...]) -> npt.NDArray[Any]:
    """Dense memory of the library, which is not empty, as an array that can only be read."""
    dtype = _dtype(pointer._type_)
    return np.frombuffer(ctypes.string_at(pointer, math.prod(shape) * dtype.itemsize), dtype).reshape(shape)


#: Held while memory of the library is read or written, so that no thread does so after the call.
_showing = threading.Lock()

#: Where an array of a C structure is: pointer, shape, and strides in elements (None: dense).
Place = Tuple[Any, Tuple[int, ...], Optional[Tuple[int, ...]]]


class Shown(Closed):
    """Base of what callbacks are shown: a C structure whose arrays can be read, and some of them written, in the call.

    The library's memory is gone, or holds something else, after the call, but an array of NumPy may be kept for ever.
    So each array is a copy, made when it is first looked at, and those that may be written are put back at the end.
    """

    _struct: Any
    _moment: Any
    _arrays: Dict[str, Any]
    _written: List[Tuple[npt.NDArray[Any], npt.NDArray[Any]]]
    _otherwise = "the library reads nothing back from it"

    def _show(self, struct: Any, moment: Any = True) -> None:
        vars(self).update(_struct=struct, _moment=moment, _arrays={}, _written=[])

    def _close(self, write: bool) -> None:
        """Ends the call: from now on this is Python's memory alone."""
        with _showing:
            if write:
                for view, array in self._written:
                    view[...] = array if array.dtype == view.dtype else array != 0
            vars(self).update(_struct=None, _written=[])

    def _take(self, name: str, where: Callable[[Any], Place], write: bool) -> Any:
        with _showing:
            if self._struct is None:
                raise OrderError(f"{type(self).__name__}.{name}: it could be read during the call only")
            pointer, shape, strides = where(self)
            array: Any = None
            if pointer and not write and strides is None and 0 not in shape:
                array = _copied(pointer, shape)
            elif pointer:
                view = _borrowed(pointer, shape, strides)
                array = view.astype(np.float32) if view.dtype == np.uint8 else view.copy()
                if write:
                    self._written.append((view, array))
                else:
                    array.flags.writeable = False
            self._arrays[name] = array
        return array

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled; keep or save its arrays instead")


class Shows:
    """One array of a :class:`Shown`, as an attribute.

    Args:
        where: pointer, shape and strides, from the C structure.
        write: whether it may be written: True, False, or at which moment.
    """

    def __init__(self, where: Callable[[Any], Place], write: Union[bool, str] = False) -> None:
        self.where, self.write = where, write

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, shown: Optional[Shown], owner: type) -> Any:
        if shown is None:
            return self
        try:
            return shown._arrays[self.name]
        except KeyError:
            return shown._take(self.name, self.where, self.write in (True, shown._moment))

    def __set__(self, shown: Shown, value: Any) -> None:
        array = self.__get__(shown, type(shown))
        if value is array:  # batch.input += 1
            return
        what = f"{type(shown).__name__}.{self.name}"
        if array is None:
            raise AttributeError(f"{what}: there is none here")
        if self.write is False or not array.flags.writeable:
            when = f" but in {self.write}()" if isinstance(self.write, str) else ""
            raise AttributeError(f"{what} can only be read{when}")
        fill(what, array, value)


def fill(what: str, array: npt.NDArray[Any], value: Any) -> None:
    """Writes ``value`` into ``array``, all of it: an array of the same shape, or one number."""
    array[...] = as_array(what, value, array.shape if np.ndim(value) else (), array.dtype)


def called(function: Callable[..., Any], shown: Sequence[Shown], *arguments: Any) -> Any:
    """What ``function`` returns. What it was shown is put back, if it did not fail, and closed."""
    done = False
    try:
        result = function(*arguments)
        done = True
        return result
    finally:
        for each in shown:
            each._close(write=done)


def nothing(method: str, result: Any, instead: str) -> None:
    """Refuses what a method returns whose results are elsewhere."""
    if result is not None:
        raise InvalidTypeError(f"{method}() returned {brief(result)}, which nobody would read: {instead}")


def number(method: str, result: Any) -> float:
    """What a cost returns."""
    try:
        return float(result)
    except (TypeError, ValueError):
        pass
    raise InvalidTypeError(f"{method}() returned {brief(result)}, must be the cost's value, a number")


def _dense(name: str, *lengths: str) -> Callable[[Any], Place]:
    """An array without gaps; its lengths are fields of the structure."""

    def where(shown: Shown) -> Place:
        struct = shown._struct
        return getattr(struct, name), tuple([getattr(struct, length) for length in lengths]), None

    return where


def _matrix(name: str) -> Callable[[Any], Place]:
    def where(shown: Shown) -> Place:
        s = shown._struct
        return getattr(s, name), (s.n_post, s.n_pre), (s.stride, 1)

    return where


def _by_unit(name: str) -> Callable[[Any], Place]:
    def where(shown: Shown) -> Place:
        s = shown._struct
        return getattr(s, name), (s.steps, s.trials, s.n), (s.trials * s.stride, s.stride, 1)

    return where


def _positions(end: str) -> Callable[[Any], Place]:
    def where(shown: Shown) -> Place:
        s = shown._struct
        return getattr(s, f"{end}_position"), (getattr(s, f"n_{end}"), 3), None

    return where


class Synapses(Shown):
    """The synapses of one projection, for a constraint or a cost.

    Arrays are copies, [n_post, n_pre], float32. Those marked *write* are copied back when the method returns.

    Attributes:
        source, target: names of the two ends.
        n_post, n_pre: numbers of units.
        first_post: number of the first postsynaptic unit, where only some rows are shown; else 0.
        population_sign: of the presynaptic population or input, +1, -1 or 0.
        seed: for `neuroai.random`; differs by projection and by constraint.
        weight: effective weights; None in ``wire``. *Write* in ``project``.
        exists: 1 where a synapse exists, else 0. *Write* in ``wire``.
        plastic: 1 where a synapse is plastic, else 0. *Write* in ``wire``.
        momentum: the optimiser's running mean of the gradient, or None. *Write* in ``project``.
        gradient: a cost adds scale * dJ/dw here; None outside of a cost, or if only the value is needed. *Write*.
        post_position, pre_position: [n, 3], mm, or None.
    """

    source: str
    target: str
    n_post: int
    n_pre: int
    first_post: int
    population_sign: int
    seed: int
    weight: Any = Shows(_matrix("weight"), "project")
    exists: Any = Shows(_matrix("exists"), "wire")
    plastic: Any = Shows(_matrix("plastic"), "wire")
    momentum: Any = Shows(_matrix("momentum"), "project")
    gradient: Any = Shows(_matrix("gradient"), "on_weights")
    post_position: Any = Shows(_positions("post"))
    pre_position: Any = Shows(_positions("pre"))

    def __init__(self, synapses: _c.nai_synapses, moment: str) -> None:
        self._show(synapses, moment)
        self._keep(source=text(getattr(synapses, "from")), target=text(synapses.to))
        self._keep(n_post=synapses.n_post, n_pre=synapses.n_pre, population_sign=synapses.population_sign)
        self._keep(seed=synapses.seed, first_post=synapses.first_post)
        self._sign = int(synapses.sign)

    @property
    def sign(self) -> int:
        """Sign of all weights: +1, -1, or 0 for free. May be written in ``wire``."""
        return self._sign

    @sign.setter
    def sign(self, sign: int) -> None:
        if self._moment != "wire" or self._struct is None:
            raise AttributeError("Synapses.sign can only be read but in wire()")
        if sign not in (-1, 0, 1):
            raise InvalidError(f"Synapses.sign: expected +1, -1 or 0, got {brief(sign)}")
        self._struct.sign = self._sign = int(sign)

    def __repr__(self) -> str:
        return f"<Synapses {self.source} -> {self.target} [{self.n_post}, {self.n_pre}]>"


class OutputBatch(Shown):
    """An output over a batch, for a cost. Arrays are copies; ``gradient`` is copied back at the end.

    Attributes:
        name: of the output.
        steps, trials, n: lengths.
        output: z [steps, trials, n], float32.
        target: [steps, trials, n], float32, or None.
        classes: [steps, trials], int32, or None.
        mask: [steps, trials, 1 or n], float32, 0 beyond a trial's end.
        gradient: add scale * dJ/dz here, [steps, trials, n]; None if only the value is needed.
        scale: weight of the cost.
        mask_total: sum of the mask over the whole batch; divide by it for a mean over the mask. The arrays may be a
            single trial of the batch, for rules that need the costs of single trials.
    """

    name: str
    steps: int
    trials: int
    n: int
    scale: float
    mask_total: float
    output: Any = Shows(_by_unit("output"))
    target: Any = Shows(_dense("target", "steps", "trials", "n"))
    classes: Any = Shows(_dense("classes", "steps", "trials"))
    mask: Any = Shows(_dense("mask", "steps", "trials", "mask_columns"))
    gradient: Any = Shows(_by_unit("gradient"), True)

    def __init__(self, batch: _c.nai_output_batch) -> None:
        self._show(batch)
        self._keep(name=text(batch.name), steps=batch.steps, trials=batch.trials, n=batch.n)
        self._keep(scale=batch.scale, mask_total=batch.mask_total)


class ErrorBatch(Shown):
    """The errors that a rule propagates back through units over a batch, for a cost. Arrays are copies.

    Attributes:
        steps, trials, n: lengths; n units of all populations named, in the order in which they were added.
        length: [trials] steps of each trial.
        alpha: [n] dt / tau.
        error: e = dJ/dv of all costs on outputs and rates [steps, trials, n], float32.
        back: W^T e [steps, trials, n], W the weights from unit to unit, of the default delay.
        slope: dr/dx [steps, trials, n].
        gradient: write scale * d(cost)/d(W^T e) here, for constant e [steps, trials, n]; copied back at the end.
        scale: weight of the cost.
    """

    steps: int
    trials: int
    n: int
    scale: float
    length: Any = Shows(_dense("length", "trials"))
    alpha: Any = Shows(_dense("alpha", "n"))
    error: Any = Shows(_by_unit("error"))
    back: Any = Shows(_by_unit("back"))
    slope: Any = Shows(_by_unit("slope"))
    gradient: Any = Shows(_by_unit("gradient"), True)

    def __init__(self, batch: _c.nai_error_batch) -> None:
        self._show(batch)
        self._keep(steps=batch.steps, trials=batch.trials, n=batch.n, scale=batch.scale)


def _rates(name: str) -> Callable[[Any], Place]:
    def where(shown: Shown) -> Place:
        s = shown._struct
        return getattr(s, name), (s.steps, s.trials, s.n), (s.step_stride, s.stride, 1)

    return where


class RateBatch(Shown):
    """Rates of one population over a batch, or a part of one. Arrays are copies; ``gradient`` is copied back.

    Attributes:
        name: of the population.
        steps, trials, n: lengths here.
        first_step: time step of the first row, from 0.
        batch_trials, batch_steps: of the whole batch; a mean over trials divides by batch_trials.
        length: [trials] steps of each trial: those from there on do not count.
        rate: r [steps, trials, n], float32.
        gradient: add scale * dJ/dr here, [steps, trials, n]; None if only the value is needed.
        scale: weight of the cost.
    """

    name: str
    steps: int
    trials: int
    n: int
    first_step: int
    batch_trials: int
    batch_steps: int
    scale: float
    length: Any = Shows(_dense("length", "trials"))
    rate: Any = Shows(_rates("rate"))
    gradient: Any = Shows(_rates("gradient"), True)

    def __init__(self, batch: _c.nai_rate_batch) -> None:
        self._show(batch)
        self._keep(name=text(batch.name), steps=batch.steps, trials=batch.trials, n=batch.n, scale=batch.scale)
        self._keep(first_step=batch.first_step, batch_trials=batch.batch_trials, batch_steps=batch.batch_steps)


def _traces(shown: Any) -> Place:
    s = shown._struct
    return s.trace, (shown._traces.n, s.trials, s.n_post, s.n_pre), None


class Traces:
    """Traces of an own rule. Those of a batch are kept here from step to step, which spares two copies at each.

    The library only clears them, at the start of a batch, so that they need not be put back until it has ended.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.arrays: Dict[int, npt.NDArray[np.float32]] = {}

    @staticmethod
    def place(step: _c.nai_local_step) -> int:
        """Which these are: where the library would keep them. 0: it does."""
        return ctypes.cast(step.trace, ctypes.c_void_p).value or 0 if step.steps > 0 else 0

    def begin(self, step: _c.nai_local_step) -> None:
        if self.arrays and step.step == 1:
            self.arrays.pop(self.place(step), None)

    def end(self, step: _c.nai_local_step, failed: bool) -> None:
        if self.arrays and (failed or step.step == step.steps):
            self.arrays.pop(self.place(step), None)

    def of(self, step: _c.nai_local_step) -> Optional[npt.NDArray[np.float32]]:
        """None: where the library keeps them."""
        place = self.place(step)
        if not place:
            return None
        if place not in self.arrays:
            shape = self.n, step.trials, step.n_post, step.n_pre
            self.arrays[place] = np.zeros(shape, np.float32)
        return self.arrays[place]


class LocalStep(Shown):
    """One time step at the synapses onto a population, for a whole batch. Arrays are copies.

    Biases are synapses from one unit with a constant rate of 1. Each row is a postsynaptic unit, or one copy of a port
    that has several (branches). Beyond the end of a trial all but ``weight``, ``trace`` and ``change`` is 0.

    A listed projection is shown one row after the other: n_post is 1, n_pre the number of synapses onto that unit; where
    delays differ, so often for each delay. What a rule does to each synapse by itself needs to know nothing of it.

    The slopes ``ss``, ``sp``, ``zs`` and ``zp`` say, for units of every model, how states after the step (first letter
    s) and signals (z) depend on states before it (s) and on what this port received (p).

    Attributes:
        source: presynaptic population or input; None for the biases.
        target: postsynaptic population.
        port: of the postsynaptic population, on which the synapses are.
        leak: of postsynaptic rate units, "current", "rate" or "whole"; None of other models.
        step: time step, from 1.
        steps: of the batch.
        trials, n_post, n_pre, n_states, n_signals: lengths.
        running: [trials] 1; 0 beyond the end of a trial.
        pre: presynaptic rates that arrive at this step [trials, n_pre], float32.
        post: rates after this step [trials, n_post].
        state: states after this step [n_states, trials, n_post].
        signal: dJ/dr of each rate [trials, n_post]: feedback of the outputs' errors, plus that of costs on rates.
        signals: the same of each signal [n_signals, trials, n_post]; the first is ``signal``.
        ss: state by state [n_states after, n_states before, trials, n_post]; None, as the next three, of a model
            without slopes.
        sp: state by what this port received [n_states, trials, n_post].
        zs: signal by state [n_signals, n_states, trials, n_post].
        zp: signal by what this port received [n_signals, trials, n_post].
        slope: of the transfer function of rate units at this step [trials, n_post]; None of other models.
        alpha: dt / tau of rate units [n_post]; None of other models.
        weight: effective weights, or biases [n_post, n_pre].
        trace: traces of the rule [traces, trials, n_post, n_pre], kept from step to step, 0 at the start of each trial;
            None without traces. *Write*: copied back at the end.
        change: add the estimate of dJ/dW here [n_post, n_pre]. *Write*: copied back at the end.
        first_post: number of the row that is shown, where it is one of a list; else 0.
        pre_unit: presynaptic units of a list's row, ascending [n_pre]; None: all of them in order.
    """

    source: Optional[str]
    target: str
    port: str
    leak: Optional[str]
    step: int
    steps: int
    trials: int
    n_post: int
    n_pre: int
    n_states: int
    n_signals: int
    running: Any = Shows(_dense("running", "trials"))
    pre: Any = Shows(_dense("pre", "trials", "n_pre"))
    post: Any = Shows(_dense("post", "trials", "n_post"))
    state: Any = Shows(_dense("state", "n_states", "trials", "n_post"))
    signal: Any = Shows(_dense("signal", "trials", "n_post"))
    signals: Any = Shows(_dense("signal", "n_signals", "trials", "n_post"))
    ss: Any = Shows(_dense("ss", "n_states", "n_states", "trials", "n_post"))
    sp: Any = Shows(_dense("sp", "n_states", "trials", "n_post"))
    zs: Any = Shows(_dense("zs", "n_signals", "n_states", "trials", "n_post"))
    zp: Any = Shows(_dense("zp", "n_signals", "trials", "n_post"))
    slope: Any = Shows(_dense("slope", "trials", "n_post"))
    alpha: Any = Shows(_dense("alpha", "n_post"))
    weight: Any = Shows(_matrix("weight"))
    trace: Any = Shows(_traces, True)
    change: Any = Shows(_matrix("change"), True)
    first_post: int
    pre_unit: Any = Shows(_dense("pre_unit", "n_pre"))

    _traces: Traces

    def __init__(self, step: _c.nai_local_step, traces: Traces) -> None:
        source: Optional[bytes] = getattr(step, "from")
        self._show(step)
        traces.begin(step)
        self._keep(
            source=None if source is None else text(source),
            target=text(step.to),
            port=text(step.port),
            leak=("current", "rate", "whole")[step.leak] if step.leak >= 0 else None,
            step=step.step,
            steps=step.steps,
            trials=step.trials,
            n_post=step.n_post,
            n_pre=step.n_pre,
            n_states=step.n_states,
            n_signals=step.n_signals,
            first_post=step.first_post,
            _traces=traces,
        )

    def _take(self, name: str, where: Callable[[Any], Place], write: bool) -> Any:
        if name == "trace" and self._struct is not None:
            kept = self._traces.of(self._struct)
            if kept is not None:
                self._arrays[name] = kept
                return kept
        return super()._take(name, where, write)

    def _close(self, write: bool) -> None:
        self._traces.end(self._struct, failed=not write)
        super()._close(write)

    def __repr__(self) -> str:
        source = "biases" if self.source is None else f"{self.source} ->"
        return f"<LocalStep {self.step}: {source} {self.target} [{self.n_post}, {self.n_pre}]>"


def _mask(shown: Any) -> Place:
    s = shown._struct
    return s.mask, (s.steps, s.trials, s.n_outputs) if shown._channel_mask else (s.steps, s.trials), None


def _outputs(shown: Shown) -> Place:
    s = shown._struct
    return s.output, (s.steps, s.n), (s.stride, 1)


def _own(shown: Any) -> Tuple[int, ...]:
    """[trials], or [trials, parts] of a block."""
    s = shown._struct
    return (s.trials, s.parts) if shown._block else (s.trials,)


def _conditions(shown: Any) -> Place:
    return shown._struct.condition, (shown._struct.n_conditions, *_own(shown)), None


def _spans(shown: Any) -> Place:
    return shown._struct.epoch, (shown._struct.n_epochs, *_own(shown), 2), None


def _made(shown: Shown) -> Place:
    s = shown._struct
    return s.output, (s.step, s.trials, s.n_outputs), (s.output_step, s.output_trial, 1)


class TrialBatch(Shown):
    """A batch of trials to be filled by a task, or to be answered. Arrays are copied into the library at the end.

    In ``generate`` inputs, targets and classes are 0 at first, the mask is 1 and every trial has all steps, in parts of
    equal lengths.

    In ``respond`` the arrays hold what was written before; inputs, targets or classes and mask may be changed from
    ``step`` on, of the trials in which a part has just ended, and conditions and epochs.

    Attributes:
        stream: "train" or "test".
        seed: of the stream; draw random numbers only from it, or from :meth:`generators`, so that runs repeat.
        first: number of the first trial.
        trials, steps: lengths.
        dt: time step, ms.
        input: [steps, trials, input channels], float32.
        target: [steps, trials, output channels], float32; None for a task with classes, or without
            outputs.
        classes: [steps, trials], int32, the correct class; None for a task with targets.
        mask: [steps, trials], float32: 0 where an output does not count. [steps, trials, output channels] for a task
            with ``channel_mask``; None without outputs.
        length: [trials], int32, steps of each trial, 1 .. steps.
        conditions: for each condition's name [trials], float32; of a block [trials, parts].
        epochs: for each epoch's name [trials, 2], int32: its first step and the one after its last,
            ``batch.epochs["delay"][trial] = 50, 150``; initially 0, 0: no step. Of a block [trials, parts, 2].
        parts: parts of a trial.
        part_end: [trials, parts], int32: steps until the end of each part, ascending; of the last, the trial's length.
            Two that are equal: a part without steps. None without parts.
        step: in ``respond`` the steps made, so the first one that may be changed; 0 in ``generate``.
        part: in ``respond`` [trials], int32, the part that ended just now, or -1; None in ``generate``.
        output: in ``respond`` z [step, trials, output channels], float32, of the steps made; to be relied on in trials
            that ended a part. None in ``generate``.
    """

    stream: str
    seed: int
    first: int
    trials: int
    steps: int
    dt: float
    parts: int
    step: int
    input: Any = Shows(_dense("input", "steps", "trials", "n_inputs"), True)
    target: Any = Shows(_dense("target", "steps", "trials", "n_outputs"), True)
    classes: Any = Shows(_dense("classes", "steps", "trials"), True)
    mask: Any = Shows(_mask, True)
    length: Any = Shows(_dense("length", "trials"), "generate")
    part_end: Any = Shows(_dense("part_end", "trials", "parts"), "generate")
    part: Any = Shows(_dense("part", "trials"))
    output: Any = Shows(_made)
    _condition: Any = Shows(_conditions, True)
    _epoch: Any = Shows(_spans, True)

    def __init__(self, batch: _c.nai_trial_batch, used: Any, moment: str) -> None:
        self._show(batch, moment)
        self._keep(
            stream="test" if batch.stream == _c.NAI_STREAM_TEST else "train",
            seed=batch.seed,
            first=batch.first,
            trials=batch.trials,
            steps=batch.steps,
            dt=batch.dt,
            parts=batch.parts,
            step=batch.step,
            _channel_mask=used.channel_mask,
            _block=used.block,
            _names={"condition": used.conditions, "epoch": used.epochs},
        )

    def _close(self, write: bool) -> None:
        """What is over cannot be changed any more."""
        if write and self.step and self._struct is not None:
            over = {id(array) for name, array in self._arrays.items() if name in ("input", "target", "classes", "mask")}
            kept = []
            for view, array in self._written:
                if id(array) in over:
                    if not np.array_equal(view[: self.step], array[: self.step], equal_nan=array.dtype.kind == "f"):
                        name = next(name for name, own in self._arrays.items() if own is array)
                        super()._close(False)
                        raise InvalidError(
                            f"TrialBatch.{name}: steps before {self.step} are over and cannot be changed in respond()"
                        )
                    view, array = view[self.step :], array[self.step :]
                kept.append((view, array))
            vars(self)["_written"] = kept
        super()._close(write)

    @property
    def conditions(self) -> "Named":
        """For each condition's name [trials], float32: ``batch.conditions["coherence"][:] = ...``."""
        return Named(self, "condition")

    @conditions.setter
    def conditions(self, values: Mapping[str, Any]) -> None:
        self.conditions.update(values)

    @property
    def epochs(self) -> "Named":
        """For each epoch's name [trials, 2], int32, its first step and the one after its last."""
        return Named(self, "epoch")

    @epochs.setter
    def epochs(self, values: Mapping[str, Any]) -> None:
        self.epochs.update(values)

    def generators(self) -> Iterator[Tuple[int, np.random.Generator]]:
        """For each trial its place in the batch, and a NumPy generator that depends on (seed, number) alone."""
        for trial in range(self.trials):
            key = [self.seed, self.first + trial]
            yield trial, np.random.Generator(np.random.Philox(key=np.array(key, np.uint64)))


class Named(Mapping[str, Any]):
    """The conditions, or the epochs, of a :class:`TrialBatch`, by name."""

    def __init__(self, batch: TrialBatch, what: str) -> None:
        self._batch, self._what = batch, what

    def _all(self) -> Tuple[str, ...]:
        names: Tuple[str, ...] = vars(self._batch)["_names"][self._what]
        return names

    def __getitem__(self, name: str) -> Any:
        names = self._all()
        if name not in names:
            raise UnknownNameError(f"no {self._what} is called {brief(name)}, but {listed(names) or 'none'}")
        return getattr(self._batch, f"_{self._what}")[names.index(name)]

    def __setitem__(self, name: str, value: Any) -> None:
        row = self[name]
        if value is row:
            return
        if self._what == "epoch" and np.shape(value) == (2,):  # the same steps everywhere
            value = np.broadcast_to(np.asarray(value), row.shape)
        fill(f"TrialBatch.{self._what}s['{name}']", row, value)

    def update(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self[name] = value

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"<{self._what.capitalize()}s: {listed(self) or 'none'}>"


class Judgement(Shown):
    """The outputs of one trial, to be judged by a task. The array is a copy.

    Attributes:
        output: z [steps of this trial, output channels], float32.
        conditions: value of each condition, by name.
        dt: time step, ms.
    """

    dt: float
    conditions: Dict[str, float]
    output: Any = Shows(_outputs)

    def __init__(self, judgement: _c.nai_judgement, conditions: Tuple[str, ...]) -> None:
        self._show(judgement)
        values = Record({name: float(judgement.condition[i]) for i, name in enumerate(conditions)})
        self._keep(dt=judgement.dt, conditions=values)
