"""Python functions called by the C library: how they are found, and what they are shown.

The C tables point to the few trampolines of this module, which live as long as it does. Which Python object is meant
is told by the `user` pointer, a number under which the object is kept until the C object's ``destroy`` lets it go.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _c
from ._handle import View, text
from ._interrupt import at_once

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


# --- what a callback is shown ----------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def _dtype(element: Any) -> Any:
    """np.dtype() of a ctypes type, which takes microseconds."""
    return np.dtype(element)


def borrowed(
    pointer: Any, shape: Tuple[int, ...], strides: Optional[Tuple[int, ...]] = None, writable: bool = False
) -> Optional[npt.NDArray[Any]]:
    """Memory that is valid during a callback, as an array; None where the pointer is NULL. Strides in elements."""
    if not pointer:
        return None
    dtype = _dtype(pointer._type_)
    if 0 in shape:
        return np.empty(shape, dtype)
    address = ctypes.addressof(pointer.contents)
    in_bytes = None if strides is None else tuple(n * dtype.itemsize for n in strides)
    return np.asarray(View(None, address, dtype.str, shape, in_bytes, writable))


class Synapses:
    """The synapses of one projection, as a constraint or a cost sees them.

    The arrays are [n_post, n_pre], float32, views into the library: **valid only during the call**. Take a copy to
    keep one. Those marked *write* may be written in place.

    Attributes:
        source, target: names of the two ends.
        n_post, n_pre: numbers of units.
        population_sign: of the presynaptic population, +1, -1 or 0.
        seed: for `neuroai.random`; differs by projection and by constraint.
        weight: effective weights; None in ``wire``. *Write* in ``project``.
        exists: 1 where a synapse exists, else 0. *Write* in ``wire``.
        plastic: 1 where a synapse is plastic, else 0. *Write* in ``wire``.
        momentum: the optimiser's running mean of the gradient, or None. *Write* in ``project``.
        gradient: a cost adds scale * dJ/dw here; None outside of a cost, or when only the value is wanted. *Write*.
        post_position, pre_position: [n, 3], mm, or None.
    """

    def __init__(self, synapses: _c.nai_synapses, moment: str) -> None:
        self._struct = synapses
        self.source = text(getattr(synapses, "from"))
        self.target = text(synapses.to)
        self.n_post: int = synapses.n_post
        self.n_pre: int = synapses.n_pre
        self.population_sign: int = synapses.population_sign
        self.seed: int = synapses.seed
        wire, project, cost = moment == "wire", moment == "project", moment == "cost"
        self.weight = self._matrix(synapses.weight, project)
        self.exists = self._matrix(synapses.exists, wire)
        self.plastic = self._matrix(synapses.plastic, wire)
        self.momentum = self._matrix(synapses.momentum, project)
        self.gradient = self._matrix(synapses.gradient, cost)
        self.post_position = borrowed(synapses.post_position, (self.n_post, 3))
        self.pre_position = borrowed(synapses.pre_position, (self.n_pre, 3))

    def _matrix(self, pointer: Any, writable: bool) -> Any:
        return borrowed(pointer, (self.n_post, self.n_pre), (self._struct.stride, 1), writable)

    @property
    def sign(self) -> int:
        """Sign of all weights: +1, -1, or 0 for free. May be written in ``wire``."""
        return int(self._struct.sign)

    @sign.setter
    def sign(self, sign: int) -> None:
        self._struct.sign = sign

    def __repr__(self) -> str:
        return f"<Synapses {self.source} -> {self.target} [{self.n_post}, {self.n_pre}]>"


class OutputBatch:
    """An output over a batch, as a cost sees it. Views into the library: **valid only during the call**.

    Attributes:
        name: of the output.
        steps, trials, n: lengths.
        output: z [steps, trials, n], float32.
        target: [steps, trials, n], float32, or None.
        classes: [steps, trials], int32, or None.
        mask: [steps, trials, 1 or n], float32, 0 beyond a trial's end.
        gradient: add scale * dJ/dz here, [steps, trials, n]; None when only the value is wanted.
        scale: weight of the cost.
        mask_total: sum of the mask over the whole batch, which a mean over the mask divides by. This may be one trial
            of it, for a rule that wants the costs of single trials.
    """

    def __init__(self, batch: _c.nai_output_batch) -> None:
        self.name = text(batch.name)
        self.steps: int = batch.steps
        self.trials: int = batch.trials
        self.n: int = batch.n
        self.scale: float = batch.scale
        self.mask_total: float = batch.mask_total
        shape = (self.steps, self.trials, self.n)
        strides = (self.trials * batch.stride, batch.stride, 1)
        self.output = borrowed(batch.output, shape, strides)
        self.target = borrowed(batch.target, shape)
        self.classes = borrowed(batch.classes, shape[:2])
        self.mask = borrowed(batch.mask, (self.steps, self.trials, batch.mask_columns))
        self.gradient = borrowed(batch.gradient, shape, strides, writable=True)


class ErrorBatch:
    """What the rule sends back through units over a batch, as a cost sees it. Views: **valid only during the call**.

    Attributes:
        steps, trials, n: lengths; n units of all populations named, in the order in which they were added.
        length: [trials] steps of each trial.
        alpha: [n] dt / tau.
        error: e = dJ/dv of all costs on outputs and rates [steps, trials, n], float32.
        back: W^T e [steps, trials, n], W the weights from unit to unit, of the default delay.
        slope: dr/dx [steps, trials, n].
        gradient: write scale * d(cost)/d(W^T e) here, e being given [steps, trials, n].
        scale: weight of the cost.
    """

    def __init__(self, batch: _c.nai_error_batch) -> None:
        self.steps: int = batch.steps
        self.trials: int = batch.trials
        self.n: int = batch.n
        self.scale: float = batch.scale
        shape = (self.steps, self.trials, self.n)
        strides = (self.trials * batch.stride, batch.stride, 1)
        self.length = borrowed(batch.length, (self.trials,))
        self.alpha = borrowed(batch.alpha, (self.n,))
        self.error = borrowed(batch.error, shape, strides)
        self.back = borrowed(batch.back, shape, strides)
        self.slope = borrowed(batch.slope, shape, strides)
        self.gradient = borrowed(batch.gradient, shape, strides, writable=True)


class RateBatch:
    """Rates of one population over a batch, or over a part of one. Views: **valid only during the call**.

    Attributes:
        name: of the population.
        steps, trials, n: lengths here.
        first_step: time step of the first row, from 0.
        batch_trials, batch_steps: of the whole batch; a mean over trials divides by batch_trials.
        length: [trials] steps of each trial: those from there on do not count.
        rate: r [steps, trials, n], float32.
        gradient: add scale * dJ/dr here, [steps, trials, n]; None when only the value is wanted.
        scale: weight of the cost.
    """

    def __init__(self, batch: _c.nai_rate_batch) -> None:
        self.name = text(batch.name)
        self.steps: int = batch.steps
        self.trials: int = batch.trials
        self.n: int = batch.n
        self.first_step: int = batch.first_step
        self.batch_trials: int = batch.batch_trials
        self.batch_steps: int = batch.batch_steps
        self.scale: float = batch.scale
        shape = (self.steps, self.trials, self.n)
        strides = (batch.step_stride, batch.stride, 1)
        self.length = borrowed(batch.length, (self.trials,))
        self.rate = borrowed(batch.rate, shape, strides)
        self.gradient = borrowed(batch.gradient, shape, strides, writable=True)


class LocalStep:
    """One time step at the synapses onto a population, for a whole batch. Views: **valid only during the call**.

    Biases are synapses from one unit that is always at 1. Past a trial's end its ``running``, ``pre``, ``post``,
    ``slope`` and ``signal`` are 0.

    Attributes:
        source: presynaptic population or input; None for the biases.
        target: postsynaptic population.
        leak: of the postsynaptic population, "current" or "rate".
        step: time step, from 1.
        steps: of the batch.
        trials, n_post, n_pre: lengths.
        running: [trials] 1; 0 past the trial's end.
        pre: what the projection carried at this step [trials, n_pre], float32.
        post: rates after this step [trials, n_post].
        slope: of the transfer function at this step [trials, n_post].
        signal: dJ/dr of each rate [trials, n_post]: feedback of the outputs' errors, and what costs on rates say.
        alpha: dt / tau [n_post].
        weight: effective weights, or biases [n_post, n_pre].
        trace: the rule's own [traces, trials, n_post, n_pre], kept from step to step, 0 at the start of each trial;
            None without traces. *Write*.
        change: add the estimate of dJ/dW here [n_post, n_pre]. *Write*.
    """

    def __init__(self, step: _c.nai_local_step, n_traces: int) -> None:
        source: Optional[bytes] = getattr(step, "from")
        self.source = None if source is None else text(source)
        self.target = text(step.to)
        self.leak = "rate" if step.leak == _c.NAI_LEAK_RATE else "current"
        self.step: int = step.step
        self.steps: int = step.steps
        self.trials: int = step.trials
        self.n_post: int = step.n_post
        self.n_pre: int = step.n_pre
        units, synapses, strides = (self.trials, self.n_post), (self.n_post, self.n_pre), (step.stride, 1)
        self.running: Any = borrowed(step.running, (self.trials,))
        self.pre: Any = borrowed(step.pre, (self.trials, self.n_pre))
        self.post: Any = borrowed(step.post, units)
        self.slope: Any = borrowed(step.slope, units)
        self.signal: Any = borrowed(step.signal, units)
        self.alpha: Any = borrowed(step.alpha, (self.n_post,))
        self.weight: Any = borrowed(step.weight, synapses, strides)
        self.trace: Any = borrowed(step.trace, (n_traces, self.trials, *synapses), writable=True)
        self.change: Any = borrowed(step.change, synapses, strides, writable=True)

    def __repr__(self) -> str:
        source = "biases" if self.source is None else f"{self.source} ->"
        return f"<LocalStep {self.step}: {source} {self.target} [{self.n_post}, {self.n_pre}]>"


class TrialBatch:
    """A batch of trials for a task to fill. Views into the library: **valid only during the call**.

    On entry inputs, targets and classes are 0, the mask is 1 and every trial has its full length.

    Attributes:
        stream: "train" or "test".
        seed: of the stream; use it, or :meth:`generators`, and nothing else, so that runs repeat.
        first: number of the first trial.
        trials, steps: lengths.
        dt: time step, ms.
        input: [steps, trials, input channels], float32.
        target: [steps, trials, output channels], float32; None for a task with classes.
        classes: [steps, trials], int32, the right class; None for a task with targets.
        mask: [steps, trials], float32: 0 where an output does not count. [steps, trials, output channels] for a task
            with ``channel_mask``.
        length: [trials], int32, steps of each trial, 1 .. steps.
        conditions: for each condition's name [trials], float32.
    """

    def __init__(self, batch: _c.nai_trial_batch, conditions: Tuple[str, ...], channel_mask: bool) -> None:
        self.stream = "test" if batch.stream == _c.NAI_STREAM_TEST else "train"
        self.seed: int = batch.seed
        self.first: int = batch.first
        self.trials: int = batch.trials
        self.steps: int = batch.steps
        self.dt: float = batch.dt
        two = (self.steps, self.trials)
        self.input: Any = borrowed(batch.input, (*two, batch.n_inputs), writable=True)
        self.target: Any = borrowed(batch.target, (*two, batch.n_outputs), writable=True)
        self.classes: Any = borrowed(batch.classes, two, writable=True)
        mask_shape = (*two, batch.n_outputs) if channel_mask else two
        self.mask: Any = borrowed(batch.mask, mask_shape, writable=True)
        self.length: Any = borrowed(batch.length, (self.trials,), writable=True)
        rows: Any = borrowed(batch.condition, (batch.n_conditions, self.trials), writable=True)
        self.conditions: Dict[str, Any] = {name: rows[i] for i, name in enumerate(conditions)}

    def generators(self) -> Iterator[Tuple[int, np.random.Generator]]:
        """For each trial its place in the batch, and a NumPy generator that depends on (seed, number) alone."""
        for trial in range(self.trials):
            key = [self.seed, self.first + trial]
            yield trial, np.random.Generator(np.random.Philox(key=np.array(key, np.uint64)))


class Judgement:
    """One trial's outputs, for a task's own judgement. Views: **valid only during the call**.

    Attributes:
        output: z [steps of this trial, output channels], float32.
        conditions: value of each condition, by name.
        dt: time step, ms.
    """

    def __init__(self, judgement: _c.nai_judgement, conditions: Tuple[str, ...]) -> None:
        self.dt: float = judgement.dt
        shape = (judgement.steps, judgement.n)
        self.output: Any = borrowed(judgement.output, shape, (judgement.stride, 1))
        self.conditions = {name: float(judgement.condition[i]) for i, name in enumerate(conditions)}
