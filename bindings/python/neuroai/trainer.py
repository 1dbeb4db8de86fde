"""The trainer: combines an architecture, costs and a learning rule."""

from __future__ import annotations

import copy
import ctypes
import os
import time
from contextlib import ExitStack
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Record, Setting
from ._growing import mean_rates, tell_if_growing
from ._handle import (
    Floats,
    Handle,
    Names,
    Parameter,
    brief,
    expect,
    file_name,
    joined,
    parameters,
    real,
    text,
    view,
    whole,
    wrong_type,
)
from ._in_memory import as_bytes, written
from ._interrupt import Bar, Interrupt, Making, at_once, deferred_interrupt
from .callbacks import Called, Progress, Several
from .cost import Cost, Costs, _terms
from .curriculum import Curriculum
from .errors import InvalidError, OrderError
from .exchange import Exchange
from .history import History
from .network import Network
from .optimizer import Adam, Optimizer
from .rule import BPTT, Rule, RuleAtWork
from .task import Recorded, Task, as_task
from .trials import Trials, as_trials, has_classes

__all__ = ["Trainer"]

#: A projection as (from, to), or the name of a population or output, for its bias.
Key = Union[str, Tuple[str, str]]


class _Watch:
    """What is done after each update: show, ask, and notice Ctrl-C."""

    def __init__(
        self,
        bar: Any,
        ask: Optional[Callable[[Progress], Any]],
        trainer: "Trainer",
        interrupt: Interrupt,
    ) -> None:
        self.bar, self.ask, self.trainer, self.interrupt = bar, ask, trainer, interrupt
        self.shown = 0.0
        self.first: Optional[int] = None

    def __call__(self, pointer: Any, user: Any) -> int:
        try:
            return self.update(pointer.contents)
        except BaseException as exception:
            return _c.keep(exception)

    def update(self, now: _c.nai_progress) -> int:
        if self.trainer._first_rates is None:
            self.trainer._first_rates = mean_rates(self.trainer)
        if self.bar is not None:
            self.show(now)
        over = False
        if self.ask is not None:
            with at_once():
                over = bool(self.ask(Progress(now, self.trainer.cost_names, self.trainer.get("evaluate_every"))))
        self.interrupt.check()
        return _c.NAI_STOP if over else _c.NAI_OK

    def show(self, now: _c.nai_progress) -> None:
        moment = time.monotonic()
        if moment - self.shown >= 0.1:  # a bar that is written more often than it is read costs time
            self.shown = moment
            correct = f"  correct {now.performance:.3f}" if now.performance == now.performance else ""
            self.bar.set_postfix_str(f"cost {now.cost:.4f}{correct}", refresh=False)
        self.bar.update()


class Trainer(Handle):
    """Trains a built network on a task, with given costs and a learning rule.

    Args:
        net: a built network. Training changes its weights.
        task: the task; or trials, such as recorded ones, which are used repeatedly, in a different random order in each
            pass; or None if trials are given to :meth:`step` and :meth:`gradient` instead.
        cost: the cost to minimise: ``na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I")``. Rules that learn without
            one, such as :class:`DendriticError`, need none.
        rule: the learning rule; default ``na.BPTT()``.
        optimizer: default ``na.Adam(1e-3)``.
        batch: trials per update.
        threads: number of threads; results do not depend on it.
        seed: of trials and noise.
        clip: largest global norm of the gradient; 0: no clipping.
        recompute: for long trials, steps whose rates are kept at a time. Those of other steps are run again when the
            gradient needs them, from the state before each such span: less memory for about a third more time. -1
            or True: as many as take the least memory, about the square root of all steps; 0: all steps are kept. For rules
            that walk back through time, such as :class:`BPTT`, and not with costs that need all rates at once.
        shards: fixed parts, a power of two, that each batch of the task is cut into. Their gradients are added up in one
            tree: the same bits for any number of processes and threads, at the same number of shards.
        exchange: the processes that share out the shards, such as ``na.MPI()``; every one makes the same trainer and the
            same calls (docs/parallel.md).
        rates: factors on the learning rate: ``{("E", "I"): 0.1, "z": 0}``, for projections by (from, to) and for biases by
            the name of their population or output; all others 1. Names may be lists and patterns, of which the last that
            matches counts. See :meth:`set_rate`.
        evaluate_every: updates between evaluations on test trials; 0: no evaluations.
        evaluate_trials: test trials per evaluation; default 500, or all if trials are given.
        test: with given trials, the trials for evaluations, in their order; default: the same trials.
        judge: with given trials, the task by whose own judgement evaluations go, as in :func:`neuroai.evaluate`; default:
            by class at their last step that counts.
        curriculum: stages of the task.
        progress: whether to show a progress bar when a rule's warm-up (:class:`WeightMirror`) takes more than a second.

    Attributes:
        net, task, test, judge, cost, optimizer, curriculum, exchange: as given. The trainer works on a copy of the task or trials.
        cost_names: names of the costs, as in :meth:`step` and the history.
        batch, threads, seed, clip, recompute, shards, evaluate_every, evaluate_trials, stop_at: settings, which can be
            changed.

    An evaluation on given trials has the same result as ``na.evaluate(net, trials, seed=seed, judge=judge)``: trials have
    the noise of their own numbers. Trial k of training has the noise of number 2^54 + k, so noise never repeats.

    A trainer can be pickled, and copied, with its network, task, costs, rule, optimiser and all that was learnt: what
    comes of it goes on with the same bits. One that shares its work with other processes cannot.
    """

    net: Network
    task: Union[Task, Trials, None]
    test: Optional[Trials]
    judge: Optional[Task]
    cost: Union[Cost, Costs, None]
    optimizer: Optimizer
    curriculum: Optional[Curriculum]
    exchange: Optional[Exchange]
    cost_names: Tuple[str, ...]
    batch = Setting(int)
    threads = Setting(int)
    seed = Setting(int)
    clip = Setting(float)
    recompute = Setting(int)
    shards = Setting(int)
    evaluate_every = Setting(int)
    evaluate_trials = Setting(int)
    stop_at = Setting(float)
    _otherwise = "it is part of how the trainer was made; make another one, na.Trainer(net, ...)"
    _instead = {
        "optimizer": "change its numbers, trainer.optimizer.rate = 1e-4, or make another trainer with another optimiser",
        "rule": "change its numbers, trainer.rule.update_every = 5, or make another trainer with another rule",
        "rates": "call trainer.set_rate(source, target, factor)",
        "lr": "set trainer.optimizer.rate",
        "rate": "set trainer.optimizer.rate",
        "learning_rate": "set trainer.optimizer.rate",
    }
    _kept_by = "save it, trainer.save(path), and restore it into a trainer made in the same way, trainer.restore(path)"

    def __init__(
        self,
        net: Network,
        task: Union[Task, Trials, None] = None,
        cost: Union[Cost, Costs, None] = None,
        rule: Optional[Rule] = None,
        optimizer: Optional[Optimizer] = None,
        *,
        batch: int = 64,
        threads: int = 1,
        seed: int = 0,
        clip: float = 0.0,
        recompute: int = 0,
        shards: int = 1,
        exchange: Optional[Exchange] = None,
        rates: Optional[Mapping[Key, float]] = None,
        evaluate_every: int = 100,
        evaluate_trials: Optional[int] = None,
        test: Optional[Trials] = None,
        judge: Optional[Task] = None,
        curriculum: Optional[Curriculum] = None,
        progress: bool = True,
    ) -> None:
        made_rule: Rule = expect("rule", BPTT() if rule is None else rule, Rule, "a neuroai.Rule, such as na.BPTT()")
        if not isinstance(cost, (Cost, Costs)) and (cost is not None or made_rule._needs_cost):
            raise wrong_type("cost", "a neuroai.Cost or a sum of them, such as na.MSE('output')", cost)
        self._keep(net=expect("net", net, Network, "a neuroai.Network"), cost=cost)
        self._keep(task=task if task is None or isinstance(task, Trials) else as_task(task), test=test)
        if test is not None and not (isinstance(task, Trials) and isinstance(test, Trials)):
            raise InvalidError("test: expected neuroai.Trials beside given trials; a task has test trials of its own")
        if judge is not None and not isinstance(task, Trials):
            raise InvalidError("judge: is for given trials; a task judges its own")
        self._keep(judge=None if judge is None else as_task(judge, "judge"))
        made = Adam() if optimizer is None else optimizer
        self._keep(optimizer=expect("optimizer", made, Optimizer, "a neuroai.Optimizer, such as na.Adam(1e-3)"))
        self._rule: Rule = made_rule
        self._first_rates: Optional[Dict[str, float]] = None  # after the first update
        if curriculum is not None:
            expect("curriculum", curriculum, Curriculum, "a neuroai.Curriculum")
        self._create(progress)
        vars(self._rule)["_in_use"] = True
        for beta, term in () if cost is None else _terms(cost):
            with term._lent() as pointer:
                _c.nai_trainer_add_cost(self, pointer, beta)
        self._keep(cost_names=self._name_costs())
        self._set_rates({} if rates is None else rates)
        if evaluate_trials is None:
            evaluate_trials = len(task if test is None else test) if isinstance(task, Trials) else 500
        settings = {"batch": batch, "threads": threads, "seed": seed, "clip": clip, "recompute": recompute}
        settings["shards"] = shards
        for name, value in {**settings, "evaluate_every": evaluate_every, "evaluate_trials": evaluate_trials}.items():
            self.set(name, value)
        self._keep(curriculum=curriculum, exchange=exchange)
        if exchange is not None:
            with expect("exchange", exchange, Exchange, "a neuroai.Exchange, such as na.MPI()")._lent() as pointer:
                _c.nai_trainer_set_exchange(self, pointer)
        if self.judge is not None:
            with self.judge._lent(net) as pointer:
                _c.nai_trainer_set_judge(self, pointer)
        if curriculum is not None:
            _c.nai_trainer_set_curriculum(self, curriculum)

    def _create(self, progress: bool) -> None:
        pointer = _c.new(_c.nai_trainer)
        task = Recorded(self.task, self.test) if isinstance(self.task, Trials) else self.task
        making = Making()
        self._asks = _c.nai_work_callback(making)
        with ExitStack() as stack:
            lent = None if task is None else stack.enter_context(task._lent(self.net))
            stack.enter_context(deferred_interrupt())
            making.bar = stack.enter_context(Bar(0, "updates in mirror mode", progress))
            _c.nai_trainer_create_watched(pointer, self.net, self._rule, self.optimizer, lent, self._asks, None)
            self._adopt(pointer, _c.nai_trainer_destroy)
        making.bar = None

    def _name_costs(self) -> Tuple[str, ...]:
        """A name for each cost; where two have the same, with what they are on, or else with a number."""
        found: List[str] = []
        terms = [term for _, term in _terms(self.cost)] if self.cost is not None else []
        for index in range(_c.nai_trainer_cost_count(self)):
            found.append(text(_c.nai_trainer_cost_name(self, index)))
        again = {name for name in found if found.count(name) > 1}
        longer = [f"{name}({term._about()})" if name in again else name for name, term in zip(found, terms)]
        return tuple(name if name not in longer[:i] else f"{name} #{i + 1}" for i, name in enumerate(longer))

    @property
    def rule(self) -> RuleAtWork:
        """The learning rule, with its feedback weights in this trainer."""
        return RuleAtWork(self, self._rule)

    # --- settings ----------------------------------------------------------------------------------------------------

    @property
    def parameters(self) -> Dict[str, Parameter]:
        """The settings by name, each with unit, default and range."""
        return parameters(_c.nai_trainer_parameter)

    def set(self, parameter: str, value: float) -> None:
        """Sets a number by name.

        It is one of "batch", "threads", "seed", "clip", "recompute", "shards", "evaluate_every", "evaluate_trials",
        "stop_at".
        """
        if parameter == "recompute" and isinstance(value, bool):  # not spans of one step
            value = -1 if value else 0
        if parameter == "seed":  # any number of 64 bits, which a double would round
            _c.nai_trainer_set_seed(self, whole("seed", value, _c.uint64))
        else:
            _c.nai_trainer_set(self, parameter, value)

    def get(self, parameter: str) -> float:
        """Reads a setting by name."""
        if parameter == "seed":
            return int(_c.nai_trainer_seed(self))
        value = ctypes.c_double()
        _c.nai_trainer_get(value, self, parameter)
        return value.value

    def set_rate(self, source: Names, target: Optional[Names], factor: float) -> None:
        """Multiplies the learning rate of projections by a factor, for every optimiser; 0 holds them where they are.

        What is not the optimiser's stays: ``clip`` sees the whole gradient, and a rule's own decay of weights goes on
        (:meth:`Network.set_plastic` freezes a projection).

        Args:
            source, target: names or patterns; ``target`` None: the biases of populations or outputs ``source``.
            factor: 0 to 1e6.
        """
        ends = joined(source, "source"), None if target is None else joined(target, "target")
        _c.nai_trainer_set_rate(self, *ends, factor)

    @property
    def rates(self) -> Dict[Key, float]:
        """Factors on the learning rate, by the keys of :meth:`gradient`: 1, or what :meth:`set_rate` set."""
        keys: List[Key] = [*self.net.projections, *self.net.populations, *self.net.outputs]
        found: Dict[Key, float] = {}
        for key in keys:
            factor = ctypes.c_double()
            _c.nai_trainer_rate(factor, self, *((key, None) if isinstance(key, str) else key))
            found[key] = factor.value
        return Record(found)

    def _set_rates(self, rates: Mapping[Key, float]) -> None:
        if not isinstance(rates, Mapping):
            raise wrong_type("rates", 'a mapping such as {("E", "I"): 0.1}', rates)
        for key, factor in rates.items():
            if not isinstance(key, (str, tuple)) or (isinstance(key, tuple) and len(key) != 2):
                raise wrong_type("rates", 'keys (from, to), or a name for its bias', key)
            source, target = (key, None) if isinstance(key, str) else key
            self.set_rate(source, target, real(f"rates[{brief(key)}]", factor))

    # --- learning ----------------------------------------------------------------------------------------------------

    def fit(
        self,
        steps: int,
        stop_at: Optional[float] = None,
        progress: bool = True,
        callback: Optional[Called] = None,
        evaluate_every: Optional[int] = None,
        checkpoint: Union[str, bytes, "os.PathLike[Any]", None] = None,
        checkpoint_every: int = 100,
        callbacks: Union[Called, Sequence[Called]] = (),
    ) -> History:
        """Trains: makes ``steps`` updates with trials of the task.

        Ctrl-C ends the run after the current update and raises KeyboardInterrupt; an exception in a callback ends it
        likewise. What was learnt is kept, and the history of all updates is in ``trainer.history``.

        Args:
            steps: number of updates.
            stop_at: fraction correct on test trials at which the run ends; None: never.
            progress: whether to show a progress bar.
            callback: called after each update; ends the run if it returns a true value.
            evaluate_every: updates between evaluations, for this run.
            checkpoint: file for checkpoints, from which :meth:`restore` continues.
            checkpoint_every: updates between checkpoints; one more is written at the end of the run.
            callbacks: more of them, each a function or a :class:`Callback`: :class:`Patience`, :class:`KeepBest`,
                :class:`Checkpoints`, :class:`CSVLog`, :class:`TensorBoardLog`. All are called after each update, in
                this order, whatever the others return.

        Rates that have grown far beyond those of the first update, or a loss far above it, are told by a RuntimeWarning.

        Returns:
            The history of this run.
        """
        if self.task is None:
            raise OrderError("fit: the trainer has no task: make it with one, or call step(trials)")
        steps = whole("steps", steps, _c.int64)
        if steps < 0:
            raise InvalidError(f"steps is {steps}, must be at least 0")
        _c.nai_trainer_run(self, 0, _c.nai_progress_callback(), None)  # while it is at work nothing is set
        before = {name: self.get(name) for name in ("stop_at", "evaluate_every")}
        given = {"stop_at": stop_at, "evaluate_every": evaluate_every}
        self._check_stop(**{name: before[name] if value is None else value for name, value in given.items()})
        if stop_at is not None:
            self.set("stop_at", stop_at)
        if evaluate_every is not None:
            self.set("evaluate_every", evaluate_every)
        if checkpoint is not None:
            _c.nai_trainer_set_checkpoints(self, file_name("checkpoint", checkpoint), checkpoint_every)
        first = self.updates
        try:
            self._run(steps, Several(callback, callbacks), progress)
        finally:
            _c.nai_trainer_set_checkpoints(self, None, 0)
            for name, value in before.items():
                self.set(name, value)
        values = self._records()
        tell_if_growing(self, self._first_rates or {}, History(self.cost_names, values, 0).loss)
        return History(self.cost_names, values[first:], first)

    def _run(self, steps: int, asked: Several, progress: bool) -> None:
        bar = None
        try:
            over = asked.begin(self)
            bar = _bar(steps) if progress else None
            with deferred_interrupt() as interrupt:
                watch = _Watch(bar, asked.after if len(asked) else None, self, interrupt)
                _c.nai_trainer_run(self, 0 if over else steps, _c.nai_progress_callback(watch), None)
        finally:
            if bar is not None:
                bar.close()
            asked.end(self)

    def _check_stop(self, stop_at: float, evaluate_every: float) -> None:
        if not stop_at:
            return
        if not evaluate_every:
            raise InvalidError(f"stop_at is {stop_at}, but evaluate_every is 0: it would never be reached")
        if isinstance(self.task, Trials) and self.judge is None and not has_classes(self.task):
            raise InvalidError(
                f"stop_at is {stop_at}, but these trials have no classes, by which they could be judged: give the trainer "
                "a judge"
            )

    # --- what has been learnt ----------------------------------------------------------------------------------------

    @property
    def memory(self) -> int:
        """Bytes of memory that training takes, with its network; not counted are trials, agents and costs on errors.

        What would exceed the network's limit (:meth:`Network.set_memory_limit`) raises MemoryError before it is taken.
        """
        found = ctypes.c_int64()
        _c.nai_trainer_memory(found, self)
        return found.value

    @property
    def updates(self) -> int:
        """Number of updates so far."""
        return int(_c.nai_trainer_updates(self))

    @property
    def history(self) -> History:
        """History of all updates, including those of interrupted runs and those before a restored checkpoint."""
        return History(self.cost_names, self._records(), 0)

    def _records(self) -> npt.NDArray[np.float64]:
        rows, columns = ctypes.c_int64(), ctypes.c_int64()
        _c.nai_trainer_history(None, 0, rows, columns, self)
        values = np.empty((rows.value, columns.value))
        pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        _c.nai_trainer_history(pointer if values.size else None, values.size, rows, columns, self)
        return values

    @property
    def stage(self) -> Optional[str]:
        """Name of the current stage of the curriculum; None without one, or after the last stage is completed."""
        name = _c.nai_trainer_stage_name(self)
        return None if name is None else text(name)

    def save(self, path: Union[str, bytes, "os.PathLike[Any]"]) -> None:
        """Writes a checkpoint: a model file that also contains the state of the trainer."""
        _c.nai_trainer_save(self, file_name("path", path))

    def restore(self, path: Union[str, bytes, "os.PathLike[Any]"]) -> "Trainer":
        """Restores a checkpoint that was written by a trainer created with the same arguments.

        Training then continues with the same bits as if it had not been interrupted::

            trainer = na.Trainer(...).restore("run.safetensors")
            trainer.fit(5000 - trainer.updates, checkpoint="run.safetensors")
        """
        _c.nai_trainer_restore(self, file_name("path", path))
        return self

    def to_bytes(self) -> bytes:
        """The bytes of the checkpoint that :meth:`save` would write, in memory."""
        return written(_c.nai_trainer_save_memory, self)

    def restore_bytes(self, data: bytes) -> "Trainer":
        """Restores a checkpoint from the bytes that :meth:`to_bytes` gave, or that its file has. See :meth:`restore`."""
        held = as_bytes(data)
        _c.nai_trainer_restore_memory(self, held, len(held))
        return self

    def __reduce__(self) -> Any:
        """What it was made with, and its checkpoint: so it goes on as one that is restored."""
        if self.exchange is not None:
            raise TypeError(f"a Trainer with an exchange works with other processes and cannot be pickled: {self._kept_by}")
        names = ("net", "task", "cost", "optimizer", "test", "judge", "curriculum")
        made = {**{name: getattr(self, name) for name in names}, "rule": self._rule}
        made["rates"] = {key: factor for key, factor in self.rates.items() if factor != 1}
        settings = {name: self.get(name) for name in self.parameters}
        more = {name: value for name, value in vars(self).items() if name not in _ITS_OWN}
        return _again, (type(self), made, settings, self.to_bytes()), more or None

    def __copy__(self) -> "Trainer":
        """Never of the same network: two trainers would learn in it."""
        return copy.deepcopy(self)

    def step(self, trials: Optional[Trials] = None) -> Dict[str, float]:
        """Makes one update, with these trials or else with the task's next batch.

        Returns:
            Each cost on that batch, weighted, by name; and "total".
        """
        return self._once(_c.nai_trainer_step, trials)

    def gradient(self, trials: Optional[Trials] = None) -> Dict[Key, Floats]:
        """Estimates the gradient of J on these trials (or the task's next batch) by the rule, without an update.

        Returns:
            The gradient of each projection, with the key ("from", "to"), [n_post, n_pre], and of each bias, with the
            name of its population or output as the key, [n]; float32. It includes costs on weights, and is 0 where a
            synapse is absent or not plastic.
        """
        self._once(_c.nai_trainer_estimate_gradient, trials)
        found: Dict[Key, Floats] = {}
        for key, shown in self._gradients():
            found[key] = (self.net._matrix(*key, shown) if isinstance(key, tuple) else shown).copy()
        return found

    def _gradients(self) -> Iterator[Tuple[Key, Floats]]:
        """Views of the last gradient, as it is kept: of a listed projection one number for each place of its list."""
        for ends in self.net.projections:
            yield ends, view(self, _c.nai_trainer_gradient, self, *ends)
        for name in (*self.net.populations, *self.net.outputs):
            yield name, view(self, _c.nai_trainer_gradient, self, name, None)

    def costs(self, trials: Trials) -> Dict[str, float]:
        """The costs on these trials, without an update: each, weighted, by name; and "total".

        All trials are run at once, with the noise of their own numbers: those that were held out of training, or
        ``task.trials(net, 200)``. It takes as long as :meth:`gradient`, which is made, too.
        """
        return self._once(_c.nai_trainer_estimate_gradient, as_trials(trials))

    def gradient_initial(self, population: str) -> Floats:
        """The last gradient of a population's initial state [n]; 0 where ``plastic_initial`` is 0."""
        return view(self, _c.nai_trainer_initial_state_gradient, self, population).copy()

    def _once(self, function: Any, trials: Optional[Trials]) -> Dict[str, float]:
        handle = None if trials is None else as_trials(trials)._for(self.net)
        now = _c.nai_progress()
        with deferred_interrupt():
            function(now, self, handle)
        names, values = self.cost_names, now.costs
        costs: Dict[str, float] = dict(zip(names, values[: len(names)])) if names else {}
        costs["total"] = now.cost
        return costs

    def activity(self, name: str) -> Floats:
        """Rates of a population, or values of an output, in the last batch: a copy, float32 [T, B, n].

        Batches of evaluations count too: after :meth:`fit`, which ends with an evaluation, this is its last batch of
        test trials, whose number and length may differ from those in training. For the activity in training trials,
        create the trainer with ``evaluate_every=0``, call :meth:`step`, or read the activity in a callback.
        """
        return view(self, _c.nai_trainer_activity, self, name).copy()

    def __repr__(self) -> str:
        return f"<Trainer: {self.rule!r}, {self.optimizer!r}, cost {self.cost!r}, task {self.task!r}>"


#: Attributes of every trainer; others are of a class of the user's own.
_ITS_OWN = frozenset(
    "net task test judge cost optimizer curriculum exchange cost_names _first_rates _rule _asks _pointer _as_parameter_".split()
)


def _again(kind: Any, made: Dict[str, Any], settings: Dict[str, float], checkpoint: bytes) -> Trainer:
    """A trainer from what was pickled of it."""
    trainer: Trainer = kind.__new__(kind)
    Trainer.__init__(trainer, **made, progress=False)
    for name, value in settings.items():
        trainer.set(name, value)
    return trainer.restore_bytes(checkpoint)


def _bar(steps: int) -> Any:
    from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

    return tqdm(total=steps, unit=" updates", unit_scale=False, dynamic_ncols=True)
