"""Callbacks of training: early stopping, keeping the best weights, checkpoints, logs; and the base of your own."""

from __future__ import annotations

import csv
import os
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Closed, Record
from ._handle import brief, expect, file_name, flag, listed, real, whole, wrong_type
from ._needed import needed
from .errors import InvalidError, OrderError, UnknownNameError
from .network import Network
from .synapse_list import columns
from .trials import Trials, has_classes

__all__ = ["CSVLog", "Callback", "Checkpoints", "KeepBest", "Patience", "Progress", "TensorBoardLog"]

Path = Union[str, bytes, "os.PathLike[Any]"]


class Progress(Closed):
    """Progress of a run, for a callback.

    Attributes:
        step: number of updates of this trainer, including this one.
        steps: value of ``step`` at the end of this run.
        cost: J, the weighted sum, on the batch of this update.
        costs: its parts, weighted, by name.
        performance: fraction correct on test trials at the last evaluation; NaN before the first.
        evaluated: whether an evaluation followed this update, so that ``performance`` is new.
        gradient_norm: global norm of the gradient, before clipping.
    """

    step: int
    steps: int
    cost: float
    costs: Dict[str, float]
    performance: float
    evaluated: bool
    gradient_norm: float
    _otherwise = "it tells how the run stands"

    def __init__(self, now: _c.nai_progress, names: Sequence[str], every: float = 0) -> None:
        self._keep(step=now.step, steps=now.steps, cost=now.cost, performance=now.performance)
        self._keep(costs=Record({name: float(now.costs[i]) for i, name in enumerate(names)}))
        self._keep(evaluated=bool(every) and (now.step % every == 0 or now.step == now.steps))
        self._keep(gradient_norm=now.gradient_norm)

    def __repr__(self) -> str:
        return f"<Progress: {self.step} of {self.steps}, cost {self.cost:.4g}, performance {self.performance:.4g}>"


class Callback(Closed):
    """Base of what :meth:`Trainer.fit` calls, and of your own, which override what they need::

        class Rates(na.Callback):
            def begin(self, trainer):
                self.trainer, self.rates = trainer, []

            def after(self, now):
                self.rates.append(self.trainer.activity("E").mean())

        trainer.fit(1000, callbacks=[Rates(), na.Patience(5)])

    A function is called as :meth:`after` is. An exception in any of them ends the run and comes out of ``fit``.
    """

    _otherwise = "it is as it was made; make another one"

    def begin(self, trainer: Any) -> Any:
        """Before the first update of a run; a true value: no update is made."""

    def after(self, now: Progress) -> Any:
        """After each update, and its evaluation if there is one; a true value ends the run."""

    def end(self, trainer: Any) -> None:
        """After the last update, also of a run that was ended by Ctrl-C or by an error."""

    def memory(self) -> Dict[str, Any]:
        """What a network of a sweep has to know to go on after an interruption as if there had been none, for JSON."""
        return {}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Takes up what :meth:`memory` gave; called after :meth:`begin`."""


class _Function(Callback):
    def __init__(self, function: Callable[[Progress], Any]) -> None:
        self._function = function

    def after(self, now: Progress) -> Any:
        return self._function(now)


#: A callback: a function of the progress, or an object.
Called = Union[Callback, Callable[[Progress], Any]]


class Several(Callback):
    """Callbacks as one: each is called, whatever the others say; ``end`` of each that has begun, whatever happens."""

    def __init__(self, *groups: Union[None, Called, Sequence[Called]]) -> None:
        self._all: List[Callback] = []
        for group in groups:
            if group is not None:
                self._all += [_as_callback(one) for one in (group if isinstance(group, (list, tuple)) else [group])]
        self._begun: List[Callback] = []

    def begin(self, trainer: Any) -> bool:
        self._begun, over = [], False
        for one in self._all:
            self._begun.append(one)
            over = bool(one.begin(trainer)) or over
        return over

    def after(self, now: Progress) -> bool:
        over = False
        for one in self._all:
            over = bool(one.after(now)) or over
        return over

    def end(self, trainer: Any) -> None:
        first: Optional[BaseException] = None
        for one in self._begun:
            try:
                one.end(trainer)
            except BaseException as error:  # the others have something to close or to put back, too
                first = first or error
        self._begun = []
        if first is not None:
            raise first

    def __len__(self) -> int:
        return len(self._all)


def _as_callback(one: Any) -> Callback:
    if isinstance(one, Callback):
        return one
    if not callable(one) or (isinstance(one, type) and issubclass(one, Callback)):
        raise wrong_type("callbacks", "functions of the progress, or objects derived from na.Callback", one)
    return _Function(one)


# --- measured while training -----------------------------------------------------------------------------------------


class _Judge(Callback):
    """What goes by one number that is measured again and again while training."""

    of: Union[str, Callable[[], float]]
    every: int
    trials: Optional[Trials]
    lower: bool
    best: float
    best_step: int

    def __init__(
        self,
        of: Union[str, Callable[[], float]],
        every: int,
        trials: Optional[Trials],
        lower: Optional[bool],
    ) -> None:
        if not isinstance(of, str) and not callable(of):
            raise wrong_type("of", '"performance", "cost", the name of a cost, or a function', of)
        if whole("every", every) < 1:
            raise InvalidError(f"every is {every}, must be at least 1")
        if trials is not None:
            expect("trials", trials, Trials, "neuroai.Trials")
            if of == "performance" or not isinstance(of, str):
                raise InvalidError(f"trials: they are for costs, but of is {brief(of)}")
        falls = isinstance(of, str) and of != "performance"
        self._keep(of=of, every=every, trials=trials, lower=falls if lower is None else flag("lower", lower))
        self._keep(best=float("nan"), best_step=0)
        self._trainer: Any = None
        self._sum, self._n = 0.0, 0

    def begin(self, trainer: Any) -> None:
        self._keep(best=float("nan"), best_step=0)
        self._trainer, self._sum, self._n = trainer, 0.0, 0
        if self.of == "performance":
            self._check_performance(trainer)
        elif isinstance(self.of, str) and self.of not in ("cost", *trainer.cost_names):
            known = listed(["performance", "cost", *trainer.cost_names])
            raise UnknownNameError(f"of: there is no cost {brief(self.of)}; it may be {known}")

    @staticmethod
    def _check_performance(trainer: Any) -> None:
        if not trainer.evaluate_every:
            raise InvalidError('of is "performance", but evaluate_every is 0: there would be no evaluations')
        judged = trainer.test if trainer.test is not None else trainer.task
        if isinstance(judged, Trials) and trainer.judge is None and not has_classes(judged):
            raise InvalidError(
                'of is "performance", but these trials have no classes, by which they could be judged: take of="cost", or '
                "give the trainer a judge"
            )

    def _measure(self, now: Progress) -> Optional[float]:
        """A new measurement, where there is one after this update."""
        if self.of == "performance":
            return now.performance if now.evaluated else None
        if self.trials is None and isinstance(self.of, str):
            return self._mean(now)
        if now.step % self.every:
            return None
        if not isinstance(self.of, str):
            return real("of", self.of())
        costs: Dict[str, float] = self._trainer.costs(self.trials)
        return costs["total" if self.of == "cost" else self.of]

    def _mean(self, now: Progress) -> Optional[float]:
        """The mean over the updates since the last measurement, as that of one batch says little."""
        self._sum += now.cost if self.of == "cost" else now.costs[str(self.of)]
        self._n += 1
        if self._n < self.every:
            return None
        mean, self._sum, self._n = self._sum / self._n, 0.0, 0
        return mean

    def _better(self, value: float, step: int, by: float = 0.0) -> bool:
        """Whether it is the best until now, which is kept. NaN is no better than anything."""
        gain = self.best - value if self.lower else value - self.best
        if value == value and (self.best != self.best or gain > by):
            self._keep(best=value, best_step=step)
            return True
        return False

    def memory(self) -> Dict[str, Any]:
        return {"best": self.best, "best_step": self.best_step, "sum": self._sum, "n": self._n}

    def recall(self, memory: Mapping[str, Any]) -> None:
        self._keep(best=memory["best"], best_step=memory["best_step"])
        self._sum, self._n = memory["sum"], memory["n"]

    def _words(self) -> str:
        return self.of if isinstance(self.of, str) else getattr(self.of, "__name__", "a function")


class Patience(_Judge):
    """Early stopping: ends the run after ``n`` measurements in a row without a better one.

    Args:
        n: measurements.
        of: "performance" at each evaluation; "cost" or the name of one of the trainer's costs: its mean over each
            ``every`` updates; or a function without arguments, called every ``every`` updates.
        every: updates between measurements, where they are not evaluations.
        trials: trials on which the cost is measured, instead of the batches, by :meth:`Trainer.costs`: recorded trials
            that were held out, or ``task.trials(net, 200)``.
        by: by how much better a measurement has to be.
        lower: whether lower is better; default: of costs.

    Attributes:
        best, best_step: the best measurement, and the number of updates at it.
    """

    n: int
    by: float
    waited: int

    def __init__(
        self,
        n: int = 5,
        of: Union[str, Callable[[], float]] = "performance",
        *,
        every: int = 100,
        trials: Optional[Trials] = None,
        by: float = 0.0,
        lower: Optional[bool] = None,
    ) -> None:
        super().__init__(of, every, trials, lower)
        if whole("n", n) < 1:
            raise InvalidError(f"n is {n}, must be at least 1")
        if not real("by", by) >= 0:
            raise InvalidError(f"by is {by}, must be at least 0")
        self._keep(n=n, by=float(by), waited=0)

    def begin(self, trainer: Any) -> None:
        super().begin(trainer)
        self._keep(waited=0)

    def after(self, now: Progress) -> bool:
        value = self._measure(now)
        if value is not None:
            self._keep(waited=0 if self._better(value, now.step, self.by) else self.waited + 1)
        return self.waited >= self.n

    def memory(self) -> Dict[str, Any]:
        return {**super().memory(), "waited": self.waited}

    def recall(self, memory: Mapping[str, Any]) -> None:
        super().recall(memory)
        self._keep(waited=memory["waited"])

    def __repr__(self) -> str:
        return f"<Patience: {self.waited} of {self.n}, best {self._words()} {self.best:.4g} at {self.best_step}>"


class KeepBest(_Judge):
    """Keeps the weights, biases and initial states of the best measurement.

    Without a path the network has them again at the end of the run, however it ends; what the optimiser keeps stays as
    it is. With one, each best network is written there as a model file, and the trainer's goes on as it is.

    Args:
        path: of the model file.
        of, every, trials, lower: as of :class:`Patience`.

    Attributes:
        best, best_step: the best measurement, and the number of updates at it.
    """

    path: Optional[Path]

    def __init__(
        self,
        path: Optional[Path] = None,
        of: Union[str, Callable[[], float]] = "performance",
        *,
        every: int = 100,
        trials: Optional[Trials] = None,
        lower: Optional[bool] = None,
    ) -> None:
        super().__init__(of, every, trials, lower)
        if path is not None:
            file_name("path", path)
        self._keep(path=path)
        self._kept: Optional[_Learnt] = None

    def begin(self, trainer: Any) -> None:
        super().begin(trainer)
        self._kept = None

    def after(self, now: Progress) -> None:
        value = self._measure(now)
        if value is None or not self._better(value, now.step):
            return
        if self.path is None:
            self._kept = _Learnt(self._trainer.net, self._kept)
        else:
            self._trainer.net.save(os.fsdecode(file_name("path", self.path)), progress=False)

    def end(self, trainer: Any) -> None:
        if self._kept is not None:
            self._kept.put_back(trainer.net)
            self._kept = None

    def recall(self, memory: Mapping[str, Any]) -> None:
        if self.path is None:
            raise OrderError("KeepBest: the best weights of a run that is resumed have to be in a file: give it a path")
        super().recall(memory)

    def __repr__(self) -> str:
        return f"<KeepBest: {self._words()} {self.best:.4g} at {self.best_step}>"


class _Learnt:
    """What training changes in a network, copied: of weights one for each synapse, however they are stored."""

    def __init__(self, net: Network, before: "Optional[_Learnt]" = None) -> None:
        self.weights: npt.NDArray[np.float32] = _of_all(net, "weight")[:, 0]
        same = before is not None and len(before.weights) == len(self.weights)  # synapses go, but none comes
        self.which: npt.NDArray[np.int32] = before.which if before is not None and same else _of_all(net, *_PLACE)
        self.biases = {name: net.bias(name).copy() for name in (*net.populations, *net.outputs)}
        self.initial: Dict[str, npt.NDArray[np.float64]] = {name: net.get(name, "initial") for name in net.populations}

    def put_back(self, net: Network) -> None:
        if net.projections:
            there = _of_all(net, *_PLACE)
            net.set_weights("*", "*", self.weights[_among(self.which, there)])  # what was pruned meanwhile stays so
        for name, bias in self.biases.items():
            net.set_bias(name, bias)
        for name, initial in self.initial.items():
            net.set(name, initial=initial)


_PLACE = ("projection", "copy", "post", "pre")


def _of_all(net: Network, *wanted: str) -> npt.NDArray[Any]:
    """[synapses, wanted]."""
    if not net.projections:
        return np.empty((0, len(wanted)), np.float32)
    return np.stack(list(columns(net, "*", "*", wanted).values()), axis=1)


def _among(rows: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which of these rows are among the others; none is in an array twice."""
    if len(rows) == len(others):
        return np.ones(len(rows), np.bool_)
    both = np.concatenate([rows, others])
    order = np.lexsort(both.T)  # of two that are equal the one of `rows` comes first
    again = (both[order[1:]] == both[order[:-1]]).all(axis=1)
    found = np.zeros(len(rows), np.bool_)
    found[order[:-1][again]] = True
    return found


# --- written while training ------------------------------------------------------------------------------------------


class Checkpoints(Callback):
    """Checkpoints every so many updates, and one at the end, each in a file of its own or all in one.

    Args:
        path: of the file; "{step}" in it is the number of updates: ``"run-{step}.safetensors"``.
        every: updates between them.

    Each is restored by :meth:`Trainer.restore`, and is a model file for :meth:`Network.load`. An interrupted file is
    never left: the one before stays until the new one is whole.
    """

    path: str
    every: int

    def __init__(self, path: Path, every: int = 100) -> None:
        if whole("every", every) < 1:
            raise InvalidError(f"every is {every}, must be at least 1")
        self._keep(path=os.fsdecode(file_name("path", path)), every=every)
        self._trainer: Any = None
        self._last = -1

    def begin(self, trainer: Any) -> None:
        self._trainer, self._last = trainer, trainer.updates

    def after(self, now: Progress) -> None:
        if now.step % self.every == 0:
            self._save(self._trainer)

    def end(self, trainer: Any) -> None:
        if trainer.updates != self._last:
            self._save(trainer)

    def _save(self, trainer: Any) -> None:
        trainer.save(self.path.replace("{step}", str(trainer.updates)))
        self._last = trainer.updates


class CSVLog(Callback):
    """A table that grows with the run: one row an update, with the columns of :meth:`History.to_csv` but the stage.

    A trainer that goes on from a checkpoint goes on with the table, without rows of updates after the checkpoint; one
    that begins, begins the table.

    Args:
        path: of the file.
        every: updates from one row to the next; those with an evaluation have one in any case.
    """

    path: str
    every: int

    def __init__(self, path: Path, every: int = 1) -> None:
        if whole("every", every) < 1:
            raise InvalidError(f"every is {every}, must be at least 1")
        self._keep(path=os.fsdecode(file_name("path", path)), every=every)
        self._file: Any = None
        self._writer: Any = None
        self._flushed = 0.0

    def begin(self, trainer: Any) -> None:
        columns = ["step", "loss", "gradient_norm", "performance", *trainer.cost_names]
        before = self._before(columns, trainer.updates) if trainer.updates else []
        self._file = open(self.path, "w", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)
        self._writer.writerows(before)
        self._file.flush()
        self._flushed = time.monotonic()

    def _before(self, columns: List[str], updates: int) -> List[List[str]]:
        """The rows of updates that the trainer has made; a row that was cut off has no number of them."""
        if not os.path.exists(self.path):
            return []
        with open(self.path, newline="") as file:
            rows = list(csv.reader(file))
        if not rows or rows[0] != columns:
            raise InvalidError(f"path: {self.path} is there, and has other columns than {listed(columns)}")
        return [row for row in rows[1:] if len(row) == len(columns) and row[0].isdigit() and int(row[0]) <= updates]

    def after(self, now: Progress) -> None:
        if now.step % self.every and not now.evaluated:
            return
        performance = now.performance if now.evaluated and now.performance == now.performance else ""
        self._writer.writerow([now.step, now.cost, now.gradient_norm, performance, *now.costs.values()])
        moment = time.monotonic()
        if now.evaluated or moment - self._flushed > 1:  # a killed process loses a second of it
            self._file.flush()
            self._flushed = moment

    def end(self, trainer: Any) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class TensorBoardLog(Callback):
    """Curves for TensorBoard, through tensorboardX: ``pip install neuroai[tensorboard]``; ``tensorboard --logdir runs``.

    Args:
        folder: of this run, in which the writer makes its file; runs side by side are folders side by side.
        every: updates between points; evaluations have one in any case.
    """

    folder: str
    every: int

    def __init__(self, folder: Path, every: int = 1) -> None:
        if whole("every", every) < 1:
            raise InvalidError(f"every is {every}, must be at least 1")
        self._made = needed("tensorboardX", "TensorBoardLog", "tensorboard").SummaryWriter
        self._keep(folder=os.fsdecode(file_name("folder", folder)), every=every)
        self._writer: Any = None

    def begin(self, trainer: Any) -> None:
        self._writer = self._made(self.folder, purge_step=trainer.updates + 1 if trainer.updates else None)

    def after(self, now: Progress) -> None:
        for name, value in self._points(now):
            self._writer.add_scalar(name, value, now.step)

    def _points(self, now: Progress) -> List[Tuple[str, float]]:
        found = [("performance", now.performance)] if now.evaluated and now.performance == now.performance else []
        if now.step % self.every == 0:
            parts = now.costs.items() if len(now.costs) > 1 else []
            found += [("cost", now.cost), ("gradient_norm", now.gradient_norm)]
            found += [(f"costs/{name}", value) for name, value in parts]
        return found

    def end(self, trainer: Any) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
