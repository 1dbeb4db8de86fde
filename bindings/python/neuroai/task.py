"""Tasks: endless, seeded streams of trials, and tasks of your own; built-in tasks are in `neuroai.tasks`."""

from __future__ import annotations

import ctypes
import operator
from typing import Any, Callable, ClassVar, ContextManager, Mapping, Optional, Sequence, Tuple, Union

from . import _c
from ._callback import Judgement, TrialBatch, callback, called, destroy, lent, nothing, register
from ._closed import Closed, Conditions, Record
from ._handle import brief, expect, joined, whole, wrong_type
from ._interrupt import Bar, deferred_interrupt
from .errors import InvalidError, InvalidTypeError
from .network import Network
from .trials import Trials

__all__ = ["Task"]

_STREAMS = {"train": _c.NAI_STREAM_TRAIN, "test": _c.NAI_STREAM_TEST}

#: Trials that are made at once. More of them are made in pieces, as they may take long; a user's function may be slow.
_PIECE, _PIECE_OF_USER = 4096, 256

#: What a judgement is: whether the trial is correct (None: cannot be judged) and the choice made (None: none).
Verdict = Union[Tuple[Optional[bool], Optional[int]], Tuple[Optional[bool], Optional[int], Optional[float]]]


class Task(Closed):
    """Base of all tasks, and of your own.

    Either derive from this class, set ``steps`` and the other attributes, and override :meth:`generate`; or give a
    function: ``na.Task(generate, steps=50)``. Trial k must depend on (seed, k) only: draw random numbers from
    ``batch.generators()`` or `neuroai.random`. An exception in :meth:`generate` is raised by the call that led to it.

    Attributes:
        steps: of the longest trial.
        classes: True: targets are the correct class of the first output at each step; False: targets are real values
            of all outputs.
        channel_mask: True: the mask has a value for every output channel; False: one value per step for all of them.
        conditions: names of the conditions of a trial, such as ("coherence",).
        epochs: names of the epochs of a trial, such as ("sample", "delay"); :meth:`generate` says when they are, in
            ``batch.epochs``.
        parts: of a trial; :meth:`generate` says when they end, in ``batch.part_end``. With a method :meth:`respond` the
            task answers after each of them what the network did.
        block: True: a trial is a block of parts, each of which is judged as a trial is, and has conditions and epochs
            of its own. The network goes on from one to the next. An evaluation counts parts.
        n_inputs, n_outputs: channels of all inputs or outputs together; None: as many as the network has.
        units: of conditions, by name, for pictures: {"coherence": "%"}.
        name: of the task; default: the name of the class or function.
    """

    steps: int = 0
    classes: bool = True
    channel_mask: bool = False
    conditions: Tuple[str, ...] = ()
    epochs: Tuple[str, ...] = ()
    parts: int = 1
    block: bool = False
    n_inputs: Optional[int] = None
    n_outputs: Optional[int] = None
    units: Mapping[str, str] = Record({})
    name: str = ""
    _settable: ClassVar[Tuple[str, ...]] = (
        "steps",
        "classes",
        "channel_mask",
        "conditions",
        "epochs",
        "parts",
        "block",
        "n_inputs",
        "n_outputs",
        "units",
        "name",
        "generate",
        "judge",
        "respond",
    )
    _otherwise = "make another task"
    _calls_back = True  # whether Python is called while trials are made

    def __setattr__(self, name: str, value: Any) -> None:
        if "_used" in vars(self) and name in Task._settable and name != "generate":
            raise AttributeError(f"{type(self).__name__}.{name}: the task is in use as it was; make another one")
        super().__setattr__(name, value)

    def __init__(
        self,
        generate: Optional[Callable[[TrialBatch], None]] = None,
        *,
        steps: Optional[int] = None,
        classes: Optional[bool] = None,
        conditions: Optional[Sequence[str]] = None,
        judge: Optional[Callable[[Judgement], Verdict]] = None,
        name: Optional[str] = None,
        channel_mask: Optional[bool] = None,
        epochs: Optional[Sequence[str]] = None,
        parts: Optional[int] = None,
        block: Optional[bool] = None,
        respond: Optional[Callable[[TrialBatch], None]] = None,
    ) -> None:
        for what, function in (("generate", generate), ("judge", judge), ("respond", respond)):
            if function is not None and not callable(function):
                raise wrong_type(what, "a function", function)
        if generate is not None:
            self.generate = generate  # type: ignore[method-assign, assignment]
            self.name = getattr(generate, "__name__", "task")
        if judge is not None:
            self.judge = judge  # type: ignore[method-assign, assignment]
        if respond is not None:
            self.respond = respond  # type: ignore[method-assign, assignment]
        if parts is not None:
            self.parts = parts
        if block is not None:
            self.block = block
        if steps is not None:
            self.steps = steps
        if classes is not None:
            self.classes = classes
        if channel_mask is not None:
            self.channel_mask = channel_mask
        if conditions is not None:
            self.conditions = tuple(joined(conditions, "conditions").split())
        if epochs is not None:
            self.epochs = tuple(joined(epochs, "epochs").split())
        if name is not None:
            self.name = name

    def generate(self, batch: TrialBatch) -> None:
        """Fills a batch: ``batch.input``, ``batch.classes`` or ``batch.target``, and other arrays as needed."""
        raise NotImplementedError(f"{type(self).__name__} has no generate()")

    def judge(self, judgement: Judgement) -> Verdict:
        """Returns whether a trial is correct, the choice, and optionally its time, ms from the start of the trial.

        If it is not overridden, trials are judged by class, at the last step that counts.
        """
        raise NotImplementedError

    def respond(self, batch: TrialBatch) -> None:
        """Answers what the network did, when a part of some trials has ended: those with ``batch.part`` >= 0.

        It sees ``batch.output`` and may change, from ``batch.step`` on, inputs, targets or classes and mask of these
        trials, and conditions and epochs. What it wrote is given then: no rule takes a gradient through choices. It must
        depend on nothing but the batch. It is called for trials that a trainer or an evaluation draws itself; given
        trials, also those of :meth:`trials`, are run as they are: :func:`neuroai.play` makes them as they become.

        If it is not overridden, trials are as generated.
        """
        raise NotImplementedError

    def _overrides(self, method: str) -> bool:
        return method in self.__dict__ or getattr(type(self), method) is not getattr(Task, method)

    def _create(self, net: Network) -> Any:
        """A new C object, of which the caller has one reference."""
        conditions = tuple(joined(self.conditions, "conditions").split())
        epochs = tuple(joined(self.epochs, "epochs").split())
        ops = _c.nai_task_ops(destroy=destroy)
        ops.generate = _generate
        ops.flags = (_c.NAI_TASK_CHANNEL_MASK if self.channel_mask else 0) | (_c.NAI_TASK_BLOCK if self.block else 0)
        ops.name = (self.name or type(self).__name__).encode()
        ops.n_inputs = sum(net.inputs.values()) if self.n_inputs is None else whole("n_inputs", self.n_inputs)
        ops.n_outputs = sum(net.outputs.values()) if self.n_outputs is None else whole("n_outputs", self.n_outputs)
        ops.max_steps = self._checked_steps()
        ops.has_classes = int(bool(self.classes))
        ops.n_conditions = len(conditions)
        ops.condition_names = _c_names(conditions)
        ops.n_epochs = len(epochs)
        ops.epoch_names = _c_names(epochs)
        ops.parts = whole("parts", self.parts)
        if self._overrides("judge"):
            ops.judge = _judge
        if self._overrides("respond"):
            ops.respond = _respond
        pointer = _c.new(_c.nai_task)
        _c.nai_task_create_own(pointer, ops, net, register(_InUse(self, conditions, epochs)))
        vars(self)["_used"] = True
        return pointer

    def _checked_steps(self) -> int:
        steps = whole("steps", self.steps)
        if not 1 <= steps <= 2**31 - 1:
            raise InvalidError(
                f"steps of {type(self).__name__} is {steps}, must be 1 to {2**31 - 1}: the steps of the longest trial"
            )
        return steps

    def _lent(self, net: Network) -> ContextManager[Any]:
        """The C object for the length of one call, which may keep a reference."""
        expect("net", net, Network, "a neuroai.Network")
        return lent(lambda: self._create(net), _c.nai_task_destroy)

    def trials(
        self,
        net: Network,
        n: int,
        seed: int = 0,
        stream: str = "test",
        first: int = 0,
        progress: bool = True,
    ) -> Trials:
        """Trials ``first`` .. ``first + n - 1`` of a stream, as they are for this network. Ctrl-C ends the call.

        Args:
            net: a built network.
            n: number of trials.
            seed: of the stream.
            stream: "test", from which evaluations draw, or "train".
            first: number of the first trial.
            progress: whether to show a progress bar when it takes more than a second.
        """
        if not isinstance(stream, str) or stream not in _STREAMS:
            raise InvalidError(f"stream: expected 'train' or 'test', got {brief(stream)}")
        times = ctypes.c_int32()
        n, first = whole("n", n), whole("first", first, _c.uint64)
        size = _PIECE_OF_USER if self._calls_back else _PIECE
        with deferred_interrupt() as interrupt, self._lent(net) as task, Bar(n, "trials", progress) as bar:

            def generate(start: int, count: int) -> Trials:
                pointer = _c.new(_c.nai_trials)
                _c.nai_task_generate(pointer, task, seed, _STREAMS[stream], start, count)
                bar.at(start - first + count)
                interrupt.check()
                return Trials._of(net, pointer)

            _c.nai_task_has_times(times, task)
            if n <= size:
                trials = generate(first, n)
            elif first > 2**55 - n:
                raise InvalidError(f"first is {first}, must be at most 2^55 less the number of trials, {n}")
            else:
                trials = Trials._joined(n, (generate(first + k, min(size, n - k)) for k in range(0, n, size)))
        trials._has_times = None if times.value < 0 else bool(times.value)
        trials._keep(conditions=Conditions(trials.conditions, self.units))
        return trials

    def __repr__(self) -> str:
        name = self.name or type(self).__name__
        return f"<Task {name if len(name) <= 60 else brief(name)}>"


class Recorded(Task):
    """Given trials as a task: what a trainer makes of them."""

    def __init__(self, trials: Trials, test: Optional[Trials] = None) -> None:
        self._trials, self._test = trials, test

    def _create(self, net: Network) -> Any:
        pointer = _c.new(_c.nai_task)
        test = None if self._test is None else self._test._for(net)
        _c.nai_task_create_from_trials(pointer, self._trials._for(net), test, net)
        return pointer


def _c_names(names: Tuple[str, ...]) -> Any:
    return (ctypes.c_char_p * max(1, len(names)))(*[name.encode() for name in names])


class _InUse:
    """A task as the library has it: what sizes memory is as it was then, whatever an attribute says now."""

    def __init__(self, task: Task, conditions: Tuple[str, ...], epochs: Tuple[str, ...]) -> None:
        self.task, self.conditions, self.epochs = task, conditions, epochs
        self.channel_mask, self.block = bool(task.channel_mask), bool(task.block)


@callback(_c.on_generate)
def _generate(used: _InUse, batch: Any) -> None:
    shown = TrialBatch(batch.contents, used, "generate")
    nothing("generate", called(used.task.generate, [shown], shown), "write into batch.input, batch.classes, ...")


@callback(_c.on_generate)
def _respond(used: _InUse, batch: Any) -> None:
    shown = TrialBatch(batch.contents, used, "respond")
    nothing("respond", called(used.task.respond, [shown], shown), "write into batch.input, ...")


@callback(_c.on_judge)
def _judge(used: _InUse, judgement: Any) -> None:
    shown = Judgement(judgement.contents, used.conditions)
    correct, choice, time = _verdict(called(used.task.judge, [shown], shown))
    judgement.contents.correct = -1 if correct is None else correct
    judgement.contents.choice = -1 if choice is None else choice
    if time is not None:
        judgement.contents.time = time


def _verdict(verdict: Any) -> Tuple[Optional[int], Optional[int], Optional[float]]:
    """What judge() returned, checked."""
    try:
        correct, choice, *more = verdict
        time = more[0] if more else None
        found = (
            None if correct is None else int(bool(correct)),
            None if choice is None else operator.index(choice),
            None if time is None else float(time),
        )
        if len(more) <= 1 and not isinstance(verdict, str) and (choice is None or -1 <= choice < 2**31):
            return found
    except (TypeError, ValueError):
        pass
    raise InvalidTypeError(
        f"judge() returned {brief(verdict)}, must return (correct, choice) or (correct, choice, time): "
        "True, False or None; a whole number from 0, or None; ms, or None"
    )


def as_task(task: Any, name: str = "task") -> Task:
    """The task that was given, or a clear error."""
    if not isinstance(task, Task):
        raise wrong_type(name, "a neuroai.Task", task)
    return task
