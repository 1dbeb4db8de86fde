"""Evaluation: choices and performance on test trials, for each trial and each condition."""

from __future__ import annotations

from contextlib import ExitStack
from ctypes import POINTER, c_int32, c_int64
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _c
from ._closed import Conditions
from ._diverging import tell_of_trials
from ._handle import Handle, as_array, brief, frozen, listed, real, texts, view, whole, wrong_type
from ._interrupt import Bar, Watch, deferred_interrupt
from ._kinds import of_their_kind
from ._units import Chosen
from .errors import Error, InvalidError, UnknownNameError, UnsupportedError
from .fits import PsychometricFit, fit_psychometric
from .intervention import Intervention, Interventions, Lent, as_interventions
from .network import Network
from .task import Task, as_task
from .trials import Trials, has_classes

__all__ = ["Confusion", "Evaluation", "evaluate", "play"]

_POINT = np.dtype([("value", np.float64), ("correct", np.float64), ("choice", np.float64), ("trials", np.int64)])


#: Which trials: those where each of these conditions has this value.
Where = Mapping[str, float]


@dataclass(frozen=True)
class Confusion:
    """Confusion matrix: how often each choice was made for each correct class."""

    #: The classes that were correct or chosen, ascending, int64 [m]; -1: no choice.
    classes: npt.NDArray[np.int64]
    #: Number of trials [m, m]; row: correct class, column: choice.
    counts: npt.NDArray[np.int64]

    @property
    def fractions(self) -> npt.NDArray[np.float64]:
        """``counts`` as fractions of the trials with the correct class of the row, [m, m]; NaN if there are none."""
        total = self.counts.sum(axis=1, keepdims=True)
        return frozen(np.where(total > 0, self.counts / np.maximum(total, 1), np.nan))

    def __repr__(self) -> str:
        if len(self.classes) <= 8:
            return f"Confusion(classes={self.classes.tolist()}, counts={self.counts.tolist()})"
        right = int(np.trace(self.counts))
        return f"<Confusion: {len(self.classes)} classes, {right} of {self.counts.sum()} trials are correct>"


class Evaluation(Handle):
    """The result of an evaluation; made by :func:`evaluate`.

    Attributes:
        interventions: what was done to units.
    """

    interventions: Tuple[Intervention, ...]
    _otherwise = "evaluate again, na.evaluate(net, task, interventions=...)"

    def __init__(
        self,
        pointer: Any,
        source: Optional[Tuple[Network, Union[Task, Trials], int]] = None,
        interventions: Sequence[Intervention] = (),
    ) -> None:
        self._adopt(pointer, _c.nai_evaluation_destroy)
        self._source = source
        self._keep(interventions=tuple(interventions))

    @property
    def performance(self) -> float:
        """Fraction correct; NaN when no trial can be judged."""
        return float(_c.nai_evaluation_performance(self))

    @property
    def correct(self) -> npt.NDArray[np.int32]:
        """For each trial 1 if it is correct, 0 if not, -1 if it cannot be judged: int32 [trials]."""
        return view(self, _c.nai_evaluation_correct, self)

    @property
    def choice(self) -> npt.NDArray[np.int32]:
        """The choice made in each trial, -1 where there is none: int32 [trials]."""
        return view(self, _c.nai_evaluation_choice, self)

    @property
    def time(self) -> npt.NDArray[np.float32]:
        """Time of the choice, ms from the start of the trial; NaN where there is none: float32 [trials].

        Only for tasks with reaction times, such as ``SongRandomDotsReactionTime``, whose judgement gives the time of
        the choice.
        """
        return view(self, _c.nai_evaluation_time, self)

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """For each trial whether activity was finite to its end: bool [trials]; in a network that diverges it is not."""
        return frozen(view(self, _c.nai_evaluation_finite, self) == 1)

    @property
    def conditions(self) -> Dict[str, npt.NDArray[np.float32]]:
        """The value of each condition in each trial, float32 [trials], by name."""
        names = texts(lambda index: _c.nai_evaluation_condition_name(self, index))
        of = self._source[1] if self._source is not None else None
        units = getattr(of.conditions, "units", None) if isinstance(of, Trials) else getattr(of, "units", None)
        return Conditions({name: view(self, _c.nai_evaluation_condition, self, name) for name in names}, units)

    def curve(self, condition: Optional[str] = None) -> "np.recarray[Any, Any]":
        """A curve over a condition (the first one, if not named), its values in ascending order.

        Trials without it, where it is NaN, are left out.

        Returns:
            A record array with, for each value of the condition, ``value``, ``correct`` (fraction), ``choice`` (mean,
            scaled so that the lowest choice is 0 and the highest 1), and ``trials`` (their number).
        """
        if condition is None:
            condition = first_condition(self.conditions)
        room, count = 64, c_int64()
        while True:
            arrays = _c.nai_curve_arrays()
            found = {name: np.empty(room, _POINT[name]) for name in _POINT.names or ()}
            for name, array in found.items():
                setattr(arrays, name, np.ctypeslib.as_ctypes(array))
            _c.nai_evaluation_curve(arrays, room, count, self, condition)
            if count.value <= room:
                points = np.empty(count.value, _POINT)
                for name, array in found.items():
                    points[name] = array[: count.value]
                return points.view(np.recarray)
            room = count.value

    def where(self, where: Optional[Where] = None) -> npt.NDArray[np.bool_]:
        """In which trials the conditions have the values in ``where``, bool [trials]; without it, all True."""
        return matching(self.conditions, where, len(self.correct))

    def right(self, right: Union[str, npt.ArrayLike, None] = None, progress: bool = True) -> npt.NDArray[np.int64]:
        """The correct class of each trial, -1 where there is none: int64 [trials].

        Args:
            right: name of the condition that holds it, or the classes themselves. Without it the task's class at the
                last step that counts, for which the test trials are made again; or else the condition "target".
            progress: whether to show a progress bar when that takes more than a second.
        """
        found = self._right(right, progress)
        judged = self.correct >= 0
        if not np.array_equal((found == self.choice)[judged], (self.correct == 1)[judged]):
            raise InvalidError(
                "right: these classes contradict the task's own judgement of what is correct: "
                "give the name of the condition that says which choice was right, or the classes, one a trial"
            )
        return found

    def _right(self, right: Union[str, npt.ArrayLike, None], progress: bool = True) -> npt.NDArray[np.int64]:
        if isinstance(right, str):
            return classes_of(right, condition_of(self.conditions, right))
        if right is not None:
            return as_array("right", right, (len(self.correct),), np.int64)
        if self._source is None:
            raise InvalidError("right: this evaluation does not say of which task it is: give the classes, one a trial")
        net, task, seed = self._source
        if isinstance(task, Trials):
            classes = has_classes(task) or "target" not in self.conditions
            return final_classes(task)[: len(self.correct)] if classes else classes_of("target", self.conditions["target"])
        if "target" in self.conditions and not has_classes(task.trials(net, 1, seed, progress=False)):
            return classes_of("target", self.conditions["target"])
        with Bar(len(self.correct), "trials", progress) as bar:
            return self._right_of_task(net, task, seed, bar)

    def _right_of_task(self, net: Network, task: Task, seed: int, bar: Bar) -> npt.NDArray[np.int64]:
        """From the test trials, made again, some at a time."""
        found = np.empty(len(self.correct), np.int64)
        one = task.trials(net, 1, seed, progress=False)
        own = 1 if one.parts is None else one.parts.shape[1]
        if own > 1 or task._overrides("respond"):
            done = self.interventions
            trials = play(net, task, len(found) // own, seed, interventions=done, progress=False)
            self._check_conditions(trials, slice(None))
            return final_classes(trials)
        for first in range(0, len(found), 256):
            trials = task.trials(net, min(256, len(found) - first), seed, first=first, progress=False)
            part = slice(first, first + len(trials))
            self._check_conditions(trials, part)
            found[part] = final_classes(trials)
            bar.at(first + len(trials))
        return found

    def _check_conditions(self, trials: Trials, part: slice) -> None:
        for name, values in trials.conditions.items():
            if not np.array_equal(values.ravel(), self.conditions[name][part], equal_nan=True):
                raise InvalidError("task: it has changed since the evaluation, so that its classes are not known")

    def confusion(
        self, right: Union[str, npt.ArrayLike, None] = None, where: Optional[Where] = None, progress: bool = True
    ) -> Confusion:
        """Confusion matrix of choices and correct classes. Trials that cannot be judged are left out.

        Args:
            right: see :meth:`right`.
            where: of which trials: ``{"context": 1}``.
            progress: see :meth:`right`.
        """
        used = (self.correct >= 0) & self.where(where)
        if not used.any():
            raise InvalidError(f"{'where: ' if where else ''}no trial can be judged: there is no right choice")
        truth, choice = self.right(right, progress)[used], self.choice[used]
        classes = np.union1d(truth, choice).astype(np.int64)
        counts = np.zeros((len(classes), len(classes)), np.int64)
        np.add.at(counts, (np.searchsorted(classes, truth), np.searchsorted(classes, choice)), 1)
        return Confusion(classes, counts)

    def fit(
        self,
        condition: Optional[str] = None,
        shape: str = "weibull",
        *,
        where: Optional[Where] = None,
        guess: float = 0.5,
        lapse: Union[float, str] = 0.0,
        confidence: float = 0.95,
    ) -> PsychometricFit:
        """A psychometric function of a condition, by maximum likelihood; needs SciPy. See `neuroai.fits`.

        Args:
            condition: on the x axis. Without it the first that takes values of both signs, or else the first.
            shape: "weibull": the fraction correct over the condition's absolute value. "logistic" or "normal": of
                two choices the fraction of the higher one, over the condition with its sign.
            where: of which trials: ``{"context": 1}``.
            guess: of a Weibull, chance: 1 / number of choices.
            lapse: rate of lapses, or "fit".
            confidence: of the intervals, which are by profile likelihood.

        Returns:
            The fit; the points are its ``x``, ``successes`` and ``trials``.
        """
        name = signed_condition(self.conditions) if condition is None else condition
        x, used = decimals(condition_of(self.conditions, name)), self.where(where)
        if shape == "weibull" and not np.any(self.correct == 1):
            self._look_for_choices("fit")
        if shape == "weibull":
            used &= self.correct >= 0
            x, success = np.abs(x), self.correct == 1
        else:
            low, high = self._two_choices()
            used &= (self.choice == low) | (self.choice == high)
            success = self.choice == high
        used &= np.isfinite(x)
        ones = np.ones(int(used.sum()))
        return fit_psychometric(x[used], success[used], ones, shape, guess=guess, lapse=lapse, confidence=confidence)

    def _look_for_choices(self, what: str) -> None:
        """Refuses where none was made, and says why."""
        if np.any(self.choice >= 0):
            return
        lost, n = np.count_nonzero(~self.finite), len(self.choice)
        why = "are its outputs all alike, as of a silent network?"
        if lost:
            why = f"activity is not finite in {lost} of {n}: lower the weights' spectral radius, the inputs or dt"
        raise InvalidError(f"{what}: no choice was made in any of the trials: {why}")

    def _two_choices(self) -> Tuple[int, int]:
        """Those that are ever correct: a lapse into any other is left out."""
        choices = np.unique(self.choice[self.correct == 1])
        if len(choices) != 2:
            raise InvalidError(
                f"shape: 'logistic' and 'normal' are of two choices, but those that are correct in some trial are "
                f"{choices.tolist()}: take 'weibull', which is of the fraction correct"
            )
        return int(choices[0]), int(choices[1])

    def __reduce__(self) -> Any:
        """What was found, without the library's object, the network and the task."""
        try:
            right: Any = self._right(None)
        except InvalidError:
            right = None
        try:
            time: Any = self.time.copy()
        except UnsupportedError as error:
            time = str(error)
        found = {
            "performance": self.performance,
            "correct": self.correct.copy(),
            "choice": self.choice.copy(),
            "time": time,
            "finite": np.array(self.finite),
            "conditions": {name: values.copy() for name, values in self.conditions.items()},
            "units": getattr(self.conditions, "units", {}),
            "curves": {name: np.array(self.curve(name)) for name in self.conditions},
            "right": right,
            "interventions": self.interventions,
        }
        return _Found, (found,)

    def __repr__(self) -> str:
        conditions = f", conditions {listed(self.conditions)}" if self.conditions else ""
        done = f", {listed(one.label for one in self.interventions)}" if self.interventions else ""
        return f"<Evaluation: {self.performance:.4g} correct of {len(self.correct)} trials{conditions}{done}>"


class _Found(Evaluation):
    """An evaluation that was pickled or copied: what it had found."""

    def __init__(self, found: Dict[str, Any]) -> None:
        self._found, self._source = found, None
        self._keep(interventions=tuple(found.get("interventions", ())))
        for array in (found["correct"], found["choice"], *found["conditions"].values()):
            array.flags.writeable = False

    @property
    def performance(self) -> float:
        return float(self._found["performance"])

    @property
    def correct(self) -> npt.NDArray[np.int32]:
        return self._found["correct"]  # type: ignore[no-any-return]

    @property
    def choice(self) -> npt.NDArray[np.int32]:
        return self._found["choice"]  # type: ignore[no-any-return]

    @property
    def time(self) -> npt.NDArray[np.float32]:
        if isinstance(self._found["time"], str):
            raise UnsupportedError(self._found["time"])
        return self._found["time"]  # type: ignore[no-any-return]

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        return frozen(np.array(self._found.get("finite", np.ones(len(self.correct), bool))))

    @property
    def conditions(self) -> Dict[str, npt.NDArray[np.float32]]:
        return Conditions(self._found["conditions"], self._found.get("units"))

    def curve(self, condition: Optional[str] = None) -> "np.recarray[Any, Any]":
        name = first_condition(self.conditions) if condition is None else condition
        condition_of(self.conditions, name)
        return np.array(self._found["curves"][name]).view(np.recarray)

    def _right(self, right: Union[str, npt.ArrayLike, None], progress: bool = True) -> npt.NDArray[np.int64]:
        if right is None and self._found["right"] is not None:
            return self._found["right"]  # type: ignore[no-any-return]
        return super()._right(right)

    def __reduce__(self) -> Any:
        return _Found, (self._found,)


@of_their_kind
def evaluate(
    net: Network,
    task: Union[Task, Trials],
    trials: Optional[int] = None,
    seed: int = 0,
    threads: int = 1,
    *,
    interventions: Optional[Interventions] = None,
    silence: Optional[Chosen] = None,
    judge: Optional[Task] = None,
    progress: bool = True,
) -> Evaluation:
    """Runs test trials of a task, or given trials, with noise from ``seed``.

    Given trials are judged by class at their last step that counts; trials without classes cannot be judged, unless by
    ``judge``. They have the noise of their own numbers (``Trials.first``), as in :meth:`Network.run` with the same seed.

    Ctrl-C ends the evaluation within a fraction of a second. The KeyboardInterrupt then has the attribute
    ``evaluation`` with the trials that were done. Where activity becomes NaN or infinite a RuntimeWarning says so, and
    :attr:`Evaluation.finite` of which trials.

    Args:
        net: a built network.
        task: the task; or trials, such as recorded ones.
        trials: number of test trials of the task; default 1000. Given trials are all run.
        seed: of the trials of a task, and of the noise.
        threads: number of threads; the result does not depend on it.
        interventions: what is done to units, and when: ``na.Silence("PV", epoch="delay")``, or a list of such; see
            :class:`neuroai.Intervention`.
        silence: units with a rate of 0 in every trial (a lesion): short for ``na.Silence(silence)``.
        judge: for given trials, the task whose own judgement is used, which reads their conditions by name.
        progress: whether to show a progress bar if it takes more than a second.
    """
    found = evaluated(net, task, trials, seed, threads, as_interventions(interventions, silence), judge, progress)
    tell_of_trials([(listed(one.label for one in found.interventions), found.finite)])
    return found


def evaluated(
    net: Network,
    task: Union[Task, Trials],
    trials: Optional[int],
    seed: int,
    threads: int,
    planned: Sequence[Intervention],
    judge: Optional[Task] = None,
    progress: bool = False,
) -> Evaluation:
    """What :func:`evaluate` finds, without a word on activity that is not finite: of several evaluations there is one."""
    if judge is not None and not isinstance(task, Trials):
        raise InvalidError("judge: is for given trials; a task judges its own")
    numbers = {"threads": whole("threads", threads, _c.int64), "seed": whole("seed", seed, _c.uint64)}
    n = _number(task, trials)
    done = Lent(net, planned, n)
    options = _c.nai_evaluation_options(**numbers)
    options.interventions, options.n_interventions = done.array, len(done)
    with deferred_interrupt() as interrupt, Bar(n, "trials", progress) as bar:
        watch = Watch(interrupt, bar)
        options.progress = _c.nai_work_callback(watch)
        pointer = _c.new(_c.nai_evaluation)
        if isinstance(task, Trials):
            with ExitStack() as stack:
                by = None if judge is None else stack.enter_context(as_task(judge, "judge")._lent(net))
                _c.nai_evaluation_create_from_trials(pointer, net, task._for(net), by, options)
        else:
            with as_task(task)._lent(net) as lent:
                _c.nai_evaluation_create_with(pointer, net, lent, n, options)
        evaluation = Evaluation(pointer, (net, task, seed), planned)
        if watch.stopped is not None:
            watch.stopped.evaluation = evaluation  # type: ignore[attr-defined]
            raise watch.stopped
        return evaluation


#: More the library refuses.
_MOST_TRIALS = 100000000


@of_their_kind
def play(
    net: Network,
    task: Task,
    trials: int = 1,
    seed: int = 0,
    threads: int = 1,
    *,
    interventions: Optional[Interventions] = None,
    silence: Optional[Chosen] = None,
    progress: bool = True,
) -> Trials:
    """Test trials as they become when the network does the task, which answers between their parts.

    They are those that :func:`evaluate` runs with these arguments, after the task has responded. Given trials: run with
    the same seed and interventions, ``net.run(trials, seed=seed)``, they repeat what the network did to the last bit.
    Of a task that does not respond they are ``task.trials(net, trials, seed)``. Where activity becomes NaN or infinite a
    RuntimeWarning says so.

    Args:
        net: a built network.
        task: the task.
        trials: number of test trials, which all run at once.
        seed, threads, interventions, silence, progress: as in :func:`evaluate`. Ctrl-C ends the call.
    """
    numbers = {"threads": whole("threads", threads, _c.int64), "seed": whole("seed", seed, _c.uint64)}
    n = whole("trials", trials, _c.int64)
    planned = as_interventions(interventions, silence)
    done = Lent(net, planned, n)
    options = _c.nai_evaluation_options(**numbers)
    options.interventions, options.n_interventions = done.array, len(done)
    finite = np.ones(n if 0 < n <= _MOST_TRIALS else 0, np.int32)  # else the library refuses it
    options.finite = finite.ctypes.data_as(POINTER(c_int32))
    with deferred_interrupt() as interrupt, Bar(n, "trials", progress) as bar:
        watch = Watch(interrupt, bar)
        options.progress = _c.nai_work_callback(watch)
        pointer = _c.new(_c.nai_trials)
        try:
            with as_task(task)._lent(net) as lent:
                _c.nai_trials_create_played(pointer, net, lent, n, options)
        except Error:
            if watch.stopped is not None:
                raise watch.stopped from None
            raise
        made = Trials._of(net, pointer)
        made._keep(conditions=Conditions(made.conditions, task.units))
    tell_of_trials([(listed(one.label for one in planned), finite == 1)], "play", "trials are kept as they are")
    return made


def _number(task: Union[Task, Trials], trials: Optional[int]) -> int:
    """How many trials are run."""
    if not isinstance(task, Trials):
        return 1000 if trials is None else whole("trials", trials, _c.int64)
    if trials is not None and trials != len(task):
        raise InvalidError(f"trials is {trials}, but {len(task)} trials were given, of which all are run")
    return len(task)


# --- what other modules use too --------------------------------------------------------------------------------------


def _first(arrays: Any) -> Any:
    return next(iter(arrays.values())) if isinstance(arrays, dict) else arrays


def final_classes(trials: Trials) -> npt.NDArray[np.int64]:
    """The class of each trial, or part, at its last step that counts, -1 where none does: int64 [trials]."""
    classes, mask = _first(trials.targets), _first(trials.mask)
    if not has_classes(trials):
        raise InvalidError(
            "right: the task has no classes, but real targets: give the name of the condition that says which choice "
            "was right, or the classes, one a trial"
        )
    steps, n = classes.shape
    counts = np.ones((steps, n), bool) if mask is None else np.any(mask > 0, axis=2)
    if trials.lengths is not None:
        counts = counts & (np.arange(steps)[:, None] < trials.lengths)
    ends = np.full((n, 1), steps) if trials.parts is None else trials.parts
    found = np.empty(ends.shape, np.int64)
    for p, (first, end) in enumerate(zip([0, *ends.T[:-1]], ends.T)):
        here = counts & (np.arange(steps)[:, None] >= first) & (np.arange(steps)[:, None] < end)
        last = steps - 1 - np.argmax(here[::-1], axis=0)
        found[:, p] = np.where(here.any(axis=0), classes[last, np.arange(n)], -1)
    return found.ravel()


def first_condition(conditions: Mapping[str, npt.NDArray[Any]]) -> str:
    """The first condition, where there is any."""
    if not conditions:
        raise InvalidError("condition: the trials have none")
    return next(iter(conditions))


def signed_condition(conditions: Mapping[str, npt.NDArray[Any]]) -> str:
    """The first condition that takes values of both signs, or else the first."""
    first = first_condition(conditions)
    signed = [name for name, values in conditions.items() if np.any(values < 0) and np.any(values > 0)]
    return ([name for name in signed if name != "target"] or [first])[0]


def matching(conditions: Mapping[str, npt.NDArray[Any]], where: Optional[Where], n: int) -> npt.NDArray[np.bool_]:
    """Which of n trials have these conditions, bool [n]."""
    found = np.ones(n, bool)
    if where is not None and not isinstance(where, Mapping):
        raise wrong_type("where", "a mapping from conditions to values, {'context': 1}", where)
    for name, value in (where or {}).items():
        values = condition_of(conditions, name)
        found &= np.isclose(values, real(f"where[{name!r}]", value), rtol=1e-5, atol=0)
    if where and not found.any():
        raise InvalidError(f"where: no trial has {brief(dict(where or {}))}")
    return found


def decimals(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """float32 values as the decimals that they were set to: 3.2, not 3.2000000477."""
    unique, index = np.unique(values, return_inverse=True)
    return np.array([float(str(value)) for value in unique])[index.ravel()]


def condition_of(conditions: Mapping[str, npt.NDArray[Any]], name: str) -> npt.NDArray[Any]:
    if not isinstance(name, str):
        raise wrong_type("condition", "the name of a condition", name)
    if name not in conditions:
        raise UnknownNameError(f"no condition is called {brief(name)}, but {listed(conditions) or 'none'}")
    return conditions[name]


def classes_of(name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """A condition as classes; NaN is none."""
    known = np.where(np.isfinite(values), values, -1)
    if np.any(known != np.round(known)):
        example = known[known % 1 != 0][0]
        raise InvalidError(f"right: condition '{name}' has values that are no classes, such as {example:g}")
    return known.astype(np.int64)
