"""A running network: the activity of one or more trials, step by step."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping  # that of typing takes a microsecond to say what is none
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._handle import Floats, Handle, Names, as_array, brief, describe, expect, given, joined, listed, view, whole, wrong_shape
from ._interrupt import Bar
from ._units import Chosen, chosen
from .errors import Error, InvalidError, UnknownNameError
from .intervention import (
    Clamp,
    Freeze,
    Inject,
    Intervention,
    Interventions,
    Lent,
    ScaleSynapses,
    Silence,
    as_interventions,
)
from .network import Network
from ._recording import Recorded, Recorder, whole_number
from ._starting import Start, Values, set_all, set_released, set_state, trials_of, variables_of
from .run import Acting, Run, parts
from .trials import Trials

__all__ = ["Run", "State"]

#: What a network can be run on: an array of all inputs, arrays by name, trials, or nothing.
Inputs = Union[npt.ArrayLike, Mapping[str, npt.ArrayLike], Trials, None]


#: A step whose inputs and outputs are no more numbers than these goes through memory of the state's own, of which the
#: library has the address: the copies take less time than to find out where an array of NumPy is.
_SMALL = 4096

_state_step, _ndarray, _FLOAT32 = _c.state_step, np.ndarray, np.dtype(np.float32)


def _room(shape: Tuple[int, int]) -> Tuple[Floats, Any]:
    """An array, and where it is."""
    array = np.empty(shape, np.float32)
    return array, _c.where(array)


class State(Handle):
    """The activity of a built network in ``trials`` parallel trials. Keeps the network alive, and does not change it.

    Memory is allocated when a state is created; the library allocates none in other calls.

    Args:
        net: a built network.
        trials: number of trials that run in parallel, B below.
        seed: of the noise: trial b has the noise of trial b of this seed.
        threads: that make each step: they share out the trials, or of one trial parts of populations of several
            thousand neurons that spike. What is computed does not depend on it.
    """

    net: Network
    trials: int
    threads: int
    _otherwise = "make another state, net.state(trials, seed)"

    def __init__(self, net: Network, trials: int = 1, seed: int = 0, threads: int = 1) -> None:
        expect("net", net, Network, "a neuroai.Network")
        pointer = _c.new(_c.nai_state)
        _c.nai_state_create(pointer, net, trials, seed)
        self._adopt(pointer, _c.nai_state_destroy)
        if whole("threads", threads, _c.int64) != 1:
            _c.nai_state_set_threads(self, threads)
        self._keep(net=net, trials=trials, threads=threads)
        self._inputs = net.inputs
        self._outputs = net.outputs
        self._n_inputs = sum(self._inputs.values())
        self._n_outputs = sum(self._outputs.values())
        self._in, self._out = (int(trials), self._n_inputs), (int(trials), self._n_outputs)
        self._small = trials * (self._n_inputs + self._n_outputs) <= _SMALL
        if self._small:
            self._given, self._given_at = _room(self._in)
            self._sent, self._sent_at = _room(self._out)

    def step(
        self, inputs: Union[npt.ArrayLike, Mapping[str, npt.ArrayLike], None] = None, out: Optional[Floats] = None
    ) -> Floats:
        """Makes one time step.

        Args:
            inputs: [B, channels of all inputs], in order; or a mapping from an input's name to [B, n]; None for 0.
            out: float32 [B, channels of all outputs], C-contiguous, to be filled instead of a new array.

        Returns:
            The outputs, float32 [B, channels of all outputs].
        """
        if not self._small:
            return self._step(inputs, out)
        given_at = None
        if inputs is not None:
            if not (type(inputs) is _ndarray and inputs.dtype is _FLOAT32 and inputs.shape == self._in):
                return self._step(inputs, out)
            self._given[...] = inputs
            given_at = self._given_at
        if out is not None and not (
            type(out) is _ndarray and out.dtype is _FLOAT32 and out.shape == self._out and out.flags.carray
        ):
            return self._step(inputs, out)
        status = _state_step(self._sent_at, self._as_parameter_, given_at)
        if status < 0:
            _c.fail(status)
        if out is None:
            return self._sent.copy()
        out[...] = self._sent
        return out

    def _step(self, inputs: Union[npt.ArrayLike, Mapping[str, npt.ArrayLike], None], out: Optional[Floats]) -> Floats:
        """The same of anything that is given, looked at closely."""
        if inputs is not None:
            inputs = self._gather(inputs, (self.trials,))
        if out is None:
            out = np.empty(self._out, np.float32)
        elif expect("out", out, np.ndarray, "an array of NumPy").shape != self._out:
            raise wrong_shape("out", describe(self._out), out.shape)
        _c.nai_state_step(out, self, inputs)
        return out

    def run(
        self,
        inputs: Inputs = None,
        steps: Optional[int] = None,
        record: Optional[Recorded] = None,
        every: int = 1,
        interventions: Optional[Interventions] = None,
        progress: bool = True,
    ) -> Run:
        """Makes and records as many steps as the inputs have, or ``steps`` without inputs. See :meth:`Network.run`.

        ``interventions`` count their times from the start of the run, and end with it.
        """
        trials, values, steps = _given(inputs, steps)
        array = None if values is None else self._gather(values, (steps, self.trials))
        steps = whole_number("steps", steps, 0)
        acting = self._acting(interventions, steps, trials)
        recorder = Recorder(self, record, every, trials, acting)
        with Bar(steps, "steps", progress) as bar:
            return recorder.run(steps, array, bar, lambda: self._plan_all(acting))

    def chunks(
        self,
        inputs: Union[Inputs, Callable[[int, int], Any]] = None,
        steps: Optional[int] = None,
        size: int = 10_000,
        record: Optional[Recorded] = None,
        every: int = 1,
        interventions: Optional[Interventions] = None,
        progress: bool = True,
    ) -> Iterator[Run]:
        """Runs as :meth:`run` does, and hands over what is recorded piece by piece: memory is taken for one of them.

        To the last bit the pieces are the run, one after the other::

            state = net.state(seed=1)
            for piece in state.chunks(steps=10**7, size=10**5, record={"E": [0, 3, 5]}, every=10):
                file.append(piece.rates["E"])  # or piece.spikes["E"], piece.traces["E:v"]

        Times, steps of spikes and rows count on from piece to piece: ``piece.start`` steps came before. The state is
        at the end of the piece that was handed over last, and must not be moved in between. Ctrl-C ends the piece
        at hand: the KeyboardInterrupt has the attribute ``run`` with what was recorded of it.

        Args:
            inputs: as those of :meth:`run`; or a function of two steps, ``inputs(start, stop)``, that returns those of
                the steps from ``start`` to before ``stop``, counted from 0: so not even the inputs are in memory at once.
            steps: needed if there are no inputs, or a function.
            size: steps of a piece; the last one has what is left.
            record, every: see :meth:`Network.run`. Rows are every so many steps of the whole run, wherever it is cut.
            interventions: times count from the start of the run.
            progress: whether to show a progress bar if the run takes more than a second.
        """
        size = whole_number("size", size, 1)
        trials, values, steps = _given(None if callable(inputs) else inputs, steps)
        of: Optional[Callable[[int, int], Any]] = inputs if callable(inputs) else None
        if values is not None:
            of = partial(_cut, _arrays(values))
        steps = whole_number("steps", steps, 0)
        acting = self._acting(interventions, steps, trials)
        return self._chunks(of, steps, size, Recorder(self, record, every, trials, acting), acting, progress)

    def _chunks(
        self,
        inputs: Optional[Callable[[int, int], Any]],
        steps: int,
        size: int,
        recorder: Recorder,
        acting: Sequence[Acting],
        progress: bool,
    ) -> Iterator[Run]:
        before = self.time
        recorder.begin()
        with Bar(steps, "steps", progress) as bar:
            for start in range(0, steps, size):
                n = min(size, steps - start)
                if self.time != before + start:
                    raise InvalidError(f"state: it is at step {self.time}, not at {before + start}: it was moved between pieces")
                array = None if inputs is None else self._gather(inputs(start, start + n), (n, self.trials))
                yield recorder.run(n, array, bar, lambda: None if start else self._plan_all(acting))

    def _acting(self, interventions: Optional[Interventions], steps: int, trials: Optional[Trials]) -> List[Acting]:
        """Each intervention, and the steps of each trial in which it acts."""
        return [
            (one, one._windows(self.net.dt, self.trials, steps, part))
            for one in as_interventions(interventions)
            for part in one._of_parts(trials)
        ]

    def _plan_all(self, acting: Sequence[Acting]) -> None:
        self._plan([one for one, _ in acting], [steps for _, steps in acting])

    def _gather(self, inputs: Any, before: "tuple[int, ...]") -> Floats:
        """Inputs as one array [*before, channels of all inputs]."""
        if not isinstance(inputs, Mapping):
            return as_array("inputs", _with_trial(inputs, before), (*before, self._n_inputs))
        for name in inputs:
            if name not in self._inputs:
                known = f"but {listed(self._inputs)}" if self._inputs else "as the network has none"
                raise UnknownNameError(f"inputs: there is no input {brief(name)}, {known}")
        array = np.zeros((*before, self._n_inputs), np.float32)
        for name, part in parts(array, self._inputs).items():
            if name in inputs:
                given = _with_trial(inputs[name], before)
                part[...] = as_array(f"inputs['{name}']", given, (*before, self._inputs[name]))
        return array

    def reset(self) -> None:
        """Returns to time 0: the initial state, no interventions, the same noise."""
        _c.nai_state_reset(self)

    def clamp(
        self, names: Chosen, rate: npt.ArrayLike, units: Optional[npt.ArrayLike] = None, **when: Any
    ) -> None:
        """Clamps units: from now on their rates are ``rate``, whatever their input.

        Args:
            names: populations; or a mapping from their names to units, as ``{"E": [0, 3]}``.
            rate: one value, or one value per unit.
            units: units of each of these populations: numbers from 0, none twice, or a mask of bool [n]. Default: all.
            **when: other arguments of :class:`neuroai.Clamp`, such as ``fraction`` or ``end``: then it is planned, as
                by :meth:`intervene`.
        """
        if when:
            return self.intervene(Clamp(names, rate, units, **when))
        array = as_array("rate", np.atleast_1d(given("rate", rate)), ("n",))
        self._intervene(names, units, _c.nai_state_clamp_units, array, len(array))

    def silence(self, names: Chosen, units: Optional[npt.ArrayLike] = None, **when: Any) -> None:
        """Clamps these units to 0: a lesion, or optogenetic silencing. Arguments: see :meth:`clamp`."""
        if when:
            return self.intervene(Silence(names, units, **when))
        self._intervene(names, units, _c.nai_state_silence_units)

    def inject(
        self, names: Chosen, current: npt.ArrayLike, units: Optional[npt.ArrayLike] = None, **when: Any
    ) -> None:
        """Injects currents: from now on ``current``, one value or one per unit, is added to the input of these units.

        Other arguments: see :meth:`clamp`.
        """
        if when:
            return self.intervene(Inject(names, current, units, **when))
        array = as_array("current", np.atleast_1d(given("current", current)), ("n",))
        self._intervene(names, units, _c.nai_state_inject_units, array, len(array))

    def freeze(self, names: Chosen, units: Optional[npt.ArrayLike] = None, **when: Any) -> None:
        """Plans that these units keep the rate of the next step. Arguments: see :class:`neuroai.Freeze`."""
        self.intervene(Freeze(names, units, **when))

    def scale_synapses(self, source: Chosen, target: Names, factor: npt.ArrayLike, **which: Any) -> None:
        """Plans that weights between these are multiplied by ``factor``; 0 cuts them.

        :meth:`release_synapses` ends it. Arguments: see :class:`neuroai.ScaleSynapses`.
        """
        self.intervene(ScaleSynapses(source, target, factor, **which))

    def release_synapses(self, source: Names = "*", target: Names = "*") -> None:
        """Ends all that is planned for projections between these."""
        _c.nai_state_release_synapses(self, joined(source, "source"), joined(target, "target"))

    def intervene(self, interventions: Interventions) -> None:
        """Plans interventions besides those that there are; their times count from now.

        A state has neither epochs nor conditions: they take trials, which are run with interventions by
        :meth:`Network.run`. :meth:`release` ends them, :meth:`release_synapses` those of projections.
        """
        self._plan(as_interventions(interventions))

    def _plan(self, interventions: Sequence[Intervention], windows: Optional[Sequence[Any]] = None) -> None:
        lent = Lent(self.net, interventions, self.trials, windows)
        _c.nai_state_intervene(self, lent.array, len(lent))

    def release(self, names: Chosen = "*", units: Optional[npt.ArrayLike] = None) -> None:
        """Ends all interventions in these units, also planned ones. ``names``, ``units``: see :meth:`clamp`."""
        self._intervene(names, units, _c.nai_state_release_units)

    def _intervene(self, names: Chosen, units: Optional[npt.ArrayLike], act: Any, *values: Any) -> None:
        """All of it, or nothing when any part is refused."""
        parts = chosen(self.net, names, units)
        before = self.snapshot() if len(parts) > 1 else None
        try:
            for part, numbers in parts:
                act(self, part, numbers, _c.NAI_ALL_UNITS if numbers is None else len(numbers), *values)
        except Exception:
            if before is not None:
                self.restore(before)
            raise

    def rates(self, name: str) -> Floats:
        """Current rates of a population, float32 [B, n]: a read-only view, which changes with the state."""
        return view(self, _c.nai_state_rates, self, name)

    def variable(self, name: str) -> Floats:
        """A variable of a population by its name, as it is now, float32 [B, n]: a read-only view that changes with it.

        Args:
            name: a signal, ``"E:rate"``, as it is sent; a state, ``"E:x"``, as units have it by themselves; or a port,
                ``"E:soma"``, what it received at the last step, with bias and injected currents. Without a colon the
                first signal. Rate units have the signal ``rate``, the state ``x`` (``r`` where the leak is on the rate)
                and the port ``input``; for others see :func:`neuroai.models`. Of branches [B, branches * n], branch
                after branch.
        """
        return view(self, _c.nai_state_variable, self, name)

    def short_term(self, source: str, target: str) -> Tuple[Floats, Floats]:
        """What synapses of a projection with short-term plasticity have now: their release probability u and resources x.

        Both are of the units that send, float32 [B, n]: read-only views that change with the state.
        """
        u = view(self, lambda shown: _c.nai_state_short_term(shown, None, self, source, target))
        x = view(self, lambda shown: _c.nai_state_short_term(None, shown, self, source, target))
        return u, x

    def variables(self) -> Dict[Union[str, Tuple[str, str]], Any]:
        """All states of all units by name, ``"E:x"``, [B, n], and (u, x) by the ends of projections with short-term
        plasticity, copies: what :meth:`set_variables` and ``initial=`` of :meth:`Network.run` take."""
        return variables_of(self)

    def set_variable(self, name: str, values: npt.ArrayLike) -> None:
        """Sets a state of a population by its name: ``"E:x"``, ``"E:v"``, ``"E:wait"``; see :meth:`variable`.

        What is sent now follows: rates, gates and potentials, but no spike, which was sent at the step that is over. At
        time 0 this includes what is under way in delays, as with initial states; later, what is under way does not
        change. Clamped units go on sending what they are clamped to; neurons that are refractory stay so, unless their
        ``wait``, in steps, is set as well.

        Args:
            name: the state; of rate units ``x``, or ``r`` where the leak is on the rate.
            values: [B, n]; or [n] or one number, for all trials alike. Of branches [B, branches * n].
        """
        set_state(self, name, values, "values")

    def set_short_term(
        self, source: str, target: str, u: Optional[npt.ArrayLike] = None, x: Optional[npt.ArrayLike] = None
    ) -> None:
        """Sets release probability u and resources x of synapses with short-term plasticity, 0 to 1: [B, n] or [n].

        To be set after what is sent, with which u and x of the step are made anew. None: it stays.
        """
        set_released(self, (source, target), u, x, "")

    def set_variables(self, values: Values) -> None:
        """Sets several states by their names, or none if one is refused: ``{"E:x": x, "PV:v": v, ("E", "I"): (u, x)}``.

        A name may be a pattern, ``"*:v"``; a population of rate units alone means its x, or r where the leak is on the
        rate. See :meth:`set_variable` and :meth:`set_short_term`.
        """
        set_all(self, values)

    def copy(self) -> "State":
        """A state of its own, of the same network, which goes on as this one does: with its noise and interventions."""
        other = type(self)(self.net, self.trials, 0, self.threads)
        other.restore(self.snapshot())
        return other

    __copy__ = copy

    def currents(self, name: str) -> Floats:
        """The currents of a population, x in r = phi(x), float32 [B, n]: a read-only view that changes with the state.

        Only for populations with the leak on the current; with the leak on the rate, the state consists of rates.
        """
        return view(self, _c.nai_state_currents, self, name)

    def set_currents(self, name: str, currents: npt.ArrayLike) -> None:
        """Sets the currents of a population, and its rates accordingly: [B, n], or [n] for all trials.

        At time 0 this includes the activity in delays, as with initial states; later, activity in delays does not
        change. Clamped units keep their rates. Where the leak is on the rate, set the rates.
        """
        _c.nai_state_set_currents(self, name, *self._rows("currents", name, currents))

    def set_rates(self, name: str, rates: npt.ArrayLike) -> None:
        """Sets the rates of a population with the leak on the rate; see :meth:`set_currents`."""
        _c.nai_state_set_rates(self, name, *self._rows("rates", name, rates))

    def _rows(self, what: str, name: str, values: npt.ArrayLike) -> "tuple[Floats, int]":
        n = self.net.populations.get(name)
        if n is None:
            raise UnknownNameError(f"name: no population is called {brief(name)}, but {listed(self.net.populations)}")
        array = given(what, values)
        if array.shape == (n,):
            array = np.broadcast_to(array, (self.trials, n))
        return as_array(what, array, (self.trials, n)), n

    @property
    def time(self) -> int:
        """Number of steps since time 0."""
        return int(_c.nai_state_time(self))

    def snapshot(self) -> bytes:
        """Everything that later steps depend on: activity, delays, time, interventions, noise."""
        buffer = bytearray(_c.nai_state_snapshot_size(self))
        writable = (ctypes.c_char * len(buffer)).from_buffer(buffer)
        _c.nai_state_snapshot(ctypes.addressof(writable), len(buffer), self)
        return bytes(buffer)

    def restore(self, snapshot: bytes) -> None:
        """Restores a snapshot; refused if network, number of trials or library differ."""
        snapshot = bytes(snapshot)
        _c.nai_state_restore(self, snapshot, len(snapshot))

    def __reduce__(self) -> Any:
        return _again, (self.net, self.trials, self.snapshot())

    def __repr__(self) -> str:
        return f"<State: {self.trials} trials at step {self.time}>"


def _again(net: Network, trials: int, snapshot: bytes) -> State:
    """A state from what was pickled of it."""
    state = State(net, trials)
    state.restore(snapshot)
    return state


def _with_trial(value: Any, before: "tuple[int, ...]") -> npt.NDArray[Any]:
    """One trial's array may come without the dimension of trials."""
    array = given("inputs", value)
    if before[-1] == 1 and array.ndim == len(before):
        return np.expand_dims(array, len(before) - 1)
    return array


def _given(inputs: Inputs, steps: Optional[int]) -> Tuple[Optional[Trials], Any, int]:
    """Trials, if they are given; values of inputs; and how many steps there are."""
    trials = inputs if isinstance(inputs, Trials) else None
    values: Any = trials.inputs if trials is not None else inputs
    if isinstance(values, Mapping) and not values:
        values = None  # all of them are left out
    if values is not None:
        t = _steps(values)
        if steps is not None and steps != t:
            raise InvalidError(f"steps is {steps}, but the inputs have {t}")
        steps = t
    if steps is None:
        raise InvalidError("steps: needed when there are no inputs")
    return trials, values, steps


def _arrays(inputs: Any) -> Any:
    if isinstance(inputs, Mapping):
        return {name: given(f"inputs['{name}']", value) for name, value in inputs.items()}
    return given("inputs", inputs)


def _cut(inputs: Any, start: int, stop: int) -> Any:
    """Some steps of inputs."""
    if isinstance(inputs, Mapping):
        return {name: array[start:stop] for name, array in inputs.items()}
    return inputs[start:stop]


def _first(inputs: Any) -> Any:
    return next(iter(inputs.values()), ()) if isinstance(inputs, Mapping) else inputs


def _steps(inputs: Any) -> int:
    array = given("inputs", _first(inputs))
    if array.ndim not in (2, 3):
        raise wrong_shape("inputs", "[steps, trials, channels] or [steps, channels]", array.shape)
    return int(array.shape[0])


def begun(net: Network, trials: Optional[int], seed: int, threads: int, initial: Optional[Start]) -> State:
    """:meth:`Network.state`."""
    if not isinstance(initial, (State, Run)):
        if trials is None:
            trials = 1 if initial is None else trials_of(initial)
        state = State(net, trials, seed, threads)
        if initial is not None:
            set_all(state, initial, "initial")
        return state
    end = initial if isinstance(initial, State) else initial._end()
    if trials is not None and trials != end.trials:
        raise InvalidError(
            f"initial: it has {end.trials} trials, not {trials}; state.variables(), run.final of one trial go for any number"
        )
    state = State(net, end.trials, seed, threads)
    try:
        state.restore(end.snapshot())
    except Error:
        raise InvalidError("initial: it is of another network") from None
    _c.nai_state_set_seed(state, seed)
    return state


def run(
    net: Network,
    inputs: Inputs,
    seed: int,
    trials: Optional[int],
    steps: Optional[int],
    state: Optional[State],
    threads: int,
    initial: Optional[Start],
    **how: Any,
) -> Run:
    """:meth:`Network.run`."""
    if state is not None:
        if expect("state", state, State, "a neuroai.State, net.state()").net is not net:
            raise InvalidError("state: it is of another network")
        if initial is not None:
            raise InvalidError("initial: the run continues from a state, which starts where it is")
        return state.run(inputs, steps, **how)
    values = inputs.inputs if isinstance(inputs, Trials) else inputs
    if values is not None and not (isinstance(values, Mapping) and not values):
        array = given("inputs", _first(values))
        found = array.shape[1] if array.ndim == 3 else 1
        if trials is not None and trials != found:
            raise InvalidError(f"trials is {trials}, but the inputs have {found}")
        trials = found
    fresh = begun(net, trials, seed, threads, initial)
    if isinstance(inputs, Trials):
        _c.nai_state_set_first(fresh, inputs.first)
    return fresh.run(inputs, steps, **how)
