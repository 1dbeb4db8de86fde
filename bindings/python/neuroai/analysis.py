"""Analysis of recorded activity: reaction times, means by condition, principal components; performance by stage; and
dendritic microcircuits: :func:`microcircuit`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import Names, as_array, brief, finite, given, joined, listed, picked, real, wrong_shape
from ._interrupt import Bar, in_lapack
from ._kinds import of_their_kind
from ._windows import all_finite, inside_of
from .curriculum import Curriculum, Stage, Staircase
from .errors import InvalidError, OrderError, UnknownNameError, UnsupportedError
from .evaluation import (
    Evaluation,
    Where,
    classes_of,
    condition_of,
    decimals,
    final_classes,
    matching,
    signed_condition,
)
from .history import History
from .microcircuit_measures import MicrocircuitHistory, MicrocircuitMeasures, microcircuit
from .run import Run
from .trials import has_classes

__all__ = [
    "MicrocircuitHistory",
    "MicrocircuitMeasures",
    "PCA",
    "ReactionTimes",
    "condition_means",
    "errors_after_switch",
    "microcircuit",
    "pca",
    "reaction_times",
    "stages",
]

Doubles = npt.NDArray[np.float64]

# --- reaction times --------------------------------------------------------------------------------------------------

_CHRONOMETRIC = np.dtype(
    [
        ("value", np.float64),
        ("trials", np.int64),
        ("responses", np.int64),
        ("early", np.int64),
        ("correct", np.float64),
        ("n_correct", np.int64),
        ("mean_correct", np.float64),
        ("sd_correct", np.float64),
        ("n_error", np.int64),
        ("mean_error", np.float64),
        ("sd_error", np.float64),
    ]
)


_NO_TIMES = (
    "run: its task has no reaction times, as its judgement gives no time of a choice. Tasks that have them are "
    "na.tasks.SongRandomDotsReactionTime and your own with a judge() that returns a time"
)


@dataclass(frozen=True)
class ReactionTimes:
    """Time at which an output first crossed a threshold in each trial, and which; made by :func:`reaction_times`."""

    #: From the onset of the stimulus, ms, NaN where no output crossed it or the onset is not known: float64 [trials].
    #: Times of 0 or less are earlier than the stimulus could have an effect: :meth:`curve` counts them as early, and
    #: not in means.
    time: Doubles
    #: The channel that crossed it, -1 where none did: int64 [trials].
    choice: npt.NDArray[np.int64]
    #: 1 if that is the correct one, 0 if not, -1 if it is not known or there was no response: int64 [trials].
    correct: npt.NDArray[np.int64]
    #: Of each trial, by name, [trials].
    conditions: Dict[str, npt.NDArray[Any]]
    #: Threshold of the outputs; NaN if times are from the task's own judgement.
    threshold: float

    def curve(
        self, condition: Optional[str] = None, where: Optional[Where] = None, signed: bool = False
    ) -> "np.recarray[Any, Any]":
        """A chronometric curve: reaction times over a condition, its values in ascending order.

        Args:
            condition: without it the first that takes values of both signs, or else the first.
            where: of which trials: ``{"context": 1}``.
            signed: whether the condition keeps its sign; else its absolute value.

        Returns:
            A record array with, for each value, ``trials``, ``responses`` (how many ended with one, early ones
            included), ``early``, ``correct`` (fraction of the responses that can be judged), and of the trials that
            were correct, and of the errors, ``n_``, ``mean_`` and ``sd_`` of the reaction time (ms; NaN where there
            are too few).
        """
        values = decimals(condition_of(self.conditions, condition or signed_condition(self.conditions)))
        values = values if signed else np.abs(values)
        used = matching(self.conditions, where, len(self.time)) & np.isfinite(values)
        found = [self._point(value, used & (values == value)) for value in np.unique(values[used])]
        return np.array(found, _CHRONOMETRIC).view(np.recarray)

    def __repr__(self) -> str:
        responded, timed = self.choice >= 0, np.isfinite(self.time)
        mean = f", mean {np.mean(self.time[timed]):.4g} ms" if timed.any() else ""
        return f"<ReactionTimes: {responded.sum()} responses in {len(self.time)} trials{mean}>"

    def _point(self, value: float, here: npt.NDArray[np.bool_]) -> Tuple[Any, ...]:
        responded = here & (self.choice >= 0)
        early = responded & (self.time <= 0)
        judged = responded & (self.correct >= 0)
        timed = judged & ~early & np.isfinite(self.time)  # an onset may be unknown
        right, wrong = (self.time[timed & (self.correct == verdict)] for verdict in (1, 0))
        correct = float(np.mean(self.correct[judged])) if judged.any() else np.nan
        counts = int(here.sum()), int(responded.sum()), int(early.sum())
        return (value, *counts, correct, *_moments(right), *_moments(wrong))


def _moments(times: Doubles) -> Tuple[int, float, float]:
    n = len(times)
    return n, float(np.mean(times)) if n else np.nan, float(np.std(times, ddof=1)) if n > 1 else np.nan


@of_their_kind
def reaction_times(
    run: Union[Run, Evaluation],
    threshold: float = 1.0,
    output: Optional[str] = None,
    onset: Union[float, str, npt.ArrayLike, None] = None,
    channels: Optional[Sequence[int]] = None,
    right: Union[str, npt.ArrayLike, None] = None,
    probability: bool = False,
) -> ReactionTimes:
    """Reaction times as in Song, Yang & Wang (2016): the first time at which an output is above a threshold.

    Trials of tasks without reaction times are refused: their outputs are trained with epochs of fixed durations. To
    find first crossings of a threshold in them nevertheless, give the trials as arrays, ``na.Trials(inputs, ...)``.
    From the first step on at which one of the channels is NaN or infinite a trial has no response.

    Args:
        run: a run of test trials: ``net.run(task.trials(net, 1000), seed=1)``; or an evaluation of a task whose
            judgement gives the time of the choice, with which only ``onset`` is used.
        threshold: of the outputs. If two channels cross it at the same step, the larger one is the choice.
        output: its name; default: the first output.
        onset: of the stimulus, from which times count, ms from the start of the trial: one, one a trial, or the name
            of a condition. Without it the condition "onset", or 0 if there is none.
        channels: those that are choices; without it all of the output. A channel for waiting is none.
        right: the channel that is right in each trial: name of a condition, or [trials], -1 for none. Without it the
            task's classes, or the condition "target", or nothing is said about what is correct.
        probability: whether the threshold is of the probabilities that cross-entropy makes of the outputs.
    """
    if isinstance(run, Evaluation):
        return _judged_times(run, onset)
    if run.trials is None:
        raise InvalidError("run: it must be one of trials: net.run(task.trials(net, 1000))")
    if not run.outputs:
        raise InvalidError("run: the network has no output")
    if np.isnan(real("threshold", threshold)):
        raise InvalidError("threshold is nan, must be a number")
    name = next(iter(run.outputs)) if output is None else output
    if name not in run.outputs:
        raise UnknownNameError(f"no output is called {brief(name)}, but {listed(run.outputs)}")
    if not len(run.time):
        raise InvalidError("run: it has no steps")
    z = _choices(run, np.asarray(run.outputs[name], np.float64), channels, probability)
    steps, n, _ = z.shape
    above = z.max(axis=2) > threshold
    crossed = above.any(axis=0)
    first = np.argmax(above, axis=0)
    largest = np.argmax(z[first, np.arange(n)], axis=1)
    choice = np.where(crossed, largest, -1).astype(np.int64)
    time = np.where(crossed, run.time[first] - _onset(run.trials.conditions, onset, n), np.nan)
    truth = _truth(run, right, n, z.shape[2])
    if run.trials._has_times is False:
        raise InvalidError(_NO_TIMES)
    correct = np.where((choice >= 0) & (truth >= 0), choice == truth, -1).astype(np.int64)
    return ReactionTimes(time, choice, correct, run.trials.conditions, threshold)


def _choices(run: Run, z: Doubles, channels: Optional[Sequence[int]], probability: bool) -> Doubles:
    """Outputs [T, B, n]; -infinity where a channel is no choice, the trial is over or an output has not been finite."""
    kept = np.ones(z.shape[2], bool)
    if channels is not None:
        chosen = np.asarray(channels)
        if chosen.size == 0 or chosen.dtype.kind not in "iu" or chosen.min() < 0 or chosen.max() >= z.shape[2]:
            raise InvalidError(f"channels: expected numbers from 0 to {z.shape[2] - 1}, got {channels}")
        kept &= np.isin(np.arange(z.shape[2]), chosen)
    going = np.arange(len(z))[:, None] < run.lengths
    lost = ~np.isfinite(z if probability else z[:, :, kept]).all(axis=2)
    going &= ~np.logical_or.accumulate(lost, axis=0)
    z = np.where(going[:, :, None], z, 0)
    if probability:
        z = np.exp(z - z.max(axis=2, keepdims=True))
        z /= z.sum(axis=2, keepdims=True)
    return np.where(going[:, :, None] & kept, z, -np.inf)


def _judged_times(evaluation: Evaluation, onset: Union[float, str, npt.ArrayLike, None]) -> ReactionTimes:
    """As the task itself judges; a choice that it makes without a time is no response."""
    try:
        when = evaluation.time.astype(np.float64)
    except UnsupportedError:
        raise InvalidError(_NO_TIMES) from None
    if not np.isfinite(when).any():
        raise InvalidError("run: the task's judgement gave the time of a choice in none of the trials")
    conditions = evaluation.conditions
    responded = np.isfinite(when) & (evaluation.choice >= 0)
    time = np.where(responded, when - _onset(conditions, onset, len(when)), np.nan)
    choice = np.where(responded, evaluation.choice, -1).astype(np.int64)
    correct = np.where(responded, evaluation.correct, -1).astype(np.int64)
    return ReactionTimes(time, choice, correct, conditions, float("nan"))


def _onset(conditions: Mapping[str, npt.NDArray[Any]], onset: Union[float, str, npt.ArrayLike, None], n: int) -> Any:
    if onset is None:
        onset = "onset" if "onset" in conditions else 0.0
    if isinstance(onset, str):
        return condition_of(conditions, onset).astype(np.float64)
    return finite("onset", as_array("onset", onset, () if np.ndim(onset) == 0 else (n,), np.float64))


def _truth(run: Run, right: Union[str, npt.ArrayLike, None], n: int, channels: int) -> npt.NDArray[np.int64]:
    trials = run.trials
    if right is not None and not isinstance(right, str):
        channel_of = as_array("right", right, (n,), np.int64)
        for channel in channel_of[(channel_of < -1) | (channel_of >= channels)][:1]:
            raise InvalidError(f"right is {channel}, must be -1 to {channels - 1}: a channel of the output")
        return channel_of
    if right is None and trials is not None and has_classes(trials):
        return final_classes(trials)
    conditions = trials.conditions if trials is not None else {}
    if right is not None:
        return classes_of(right, condition_of(conditions, right))
    values = conditions.get("target", np.full(n, np.nan))
    known = np.where(np.isfinite(values), values, -1)
    return (known if (known % 1 == 0).all() else np.full(n, -1)).astype(np.int64)


# --- means by condition ----------------------------------------------------------------------------------------------


def _units(run: Run, names: Names, going: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Rates of the populations that names or patterns choose, [T, B, units]; refused where they are not finite."""
    found = picked(joined(names).split(), run.rates)
    if not found:
        raise UnknownNameError(f"no population {brief(names)} was recorded, but {listed(run.rates) or 'none'}")
    for name, rates in found.items():
        all_finite(run, "population", name, rates, going)
    return np.concatenate(list(found.values()), axis=2)


@of_their_kind
def condition_means(
    run: Run, condition: Optional[str] = None, names: Names = "*", where: Optional[Where] = None
) -> Tuple[Doubles, Doubles]:
    """Mean rates over the trials of each value of a condition.

    Args:
        run: of a network on trials.
        condition: without it the first that takes values of both signs, or else the first.
        names: of which populations; shell patterns.
        where: of which trials: ``{"context": 1}``.

    Returns:
        The values, ascending, [C]; and the means [C, T, units], NaN where every trial of that value is over.
    """
    if run.trials is None or not run.trials.conditions:
        raise InvalidError("run: it must be one of trials that have conditions: net.run(task.trials(net, 200))")
    conditions = run.trials.conditions
    values = decimals(condition_of(conditions, condition or signed_condition(conditions)))
    used = matching(conditions, where, len(values)) & np.isfinite(values)
    running = np.arange(len(run.time))[:, None] < run.lengths
    rates = _units(run, names, running & used)
    levels = np.unique(values[used])
    means = np.empty((len(levels), len(rates), rates.shape[2]))
    for level, out in zip(levels, means):
        here = used & (values == level)
        count = running[:, here].sum(axis=1)[:, None]
        total = np.where(running[:, here, None], rates[:, here], 0).sum(axis=1, dtype=np.float64)
        out[...] = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return levels, means


# --- principal components --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PCA:
    """Principal components of population activity; made by :func:`pca`."""

    #: Weight of each unit in each component, orthonormal rows [k, units].
    components: Doubles = field(repr=False)
    #: Fraction of the variance along each, [k], descending.
    explained: Doubles
    #: Mean rate of each unit, which is subtracted, [units].
    mean: Doubles = field(repr=False)
    #: Participation ratio of all variances, (sum l)^2 / sum l^2: the effective number of dimensions.
    dimensionality: float
    #: Name of the condition.
    condition: str
    #: Its values, ascending, [C].
    values: Doubles
    #: The mean activity of each value along the components, [C, T, k]; NaN where all its trials are over.
    trajectories: Doubles = field(repr=False)
    #: Time of each step, ms, [T].
    time: Doubles = field(repr=False)
    #: Unit of the condition, where it is known.
    unit: str = ""

    def __repr__(self) -> str:
        shares = listed((f"{share:.3g}" for share in self.explained), 6)
        return (
            f"<PCA: {self.components.shape[0]} components of {self.components.shape[1]} units, explained {shares}, "
            f"dimensionality {self.dimensionality:.3g}, {len(self.values)} values of {brief(self.condition)}>"
        )

    def project(self, rates: npt.ArrayLike) -> Doubles:
        """Rates [..., units] along the components, [..., k]."""
        array = np.asarray(given("rates", rates), np.float64)
        if array.ndim < 1 or array.shape[-1] != len(self.mean):
            raise wrong_shape("rates", f"[..., {len(self.mean)}]", array.shape)
        return (array - self.mean) @ self.components.T


@of_their_kind
def pca(
    run: Run,
    condition: Optional[str] = None,
    names: Names = "*",
    components: int = 3,
    where: Optional[Where] = None,
    window: Optional[Tuple[float, float]] = None,
    progress: bool = True,
) -> PCA:
    """Principal components of the mean activity of each value of a condition.

    Rates are first averaged over the trials of each value, so the components reflect differences over time and between
    conditions rather than noise. Signs are such that the largest weight of each component is positive.

    Args:
        run: of a network on trials.
        condition: without it the first that takes values of both signs, or else the first.
        names: of which populations; shell patterns.
        components: how many to keep.
        where: of which trials: ``{"context": 1}``.
        window: (from, to), ms: part of the trial from which components are computed; trajectories cover all of it.
        progress: whether to show for how long it has been computed when that is more than a second.
    """
    if run.trials is None or not run.trials.conditions:
        raise InvalidError("run: it must be one of trials that have conditions: net.run(task.trials(net, 200))")
    condition = condition or signed_condition(run.trials.conditions)
    values, means = condition_means(run, condition, names, where)
    inside = np.ones(len(run.time), bool)
    if window is not None:
        inside = inside_of(run, window)
        if not inside.any():
            raise InvalidError(f"window is {brief(window)}, has no recorded step of any trial")
    samples = means[:, inside].reshape(-1, means.shape[2])
    samples = samples[np.isfinite(samples).all(axis=1)]
    most = min(len(samples) - 1, means.shape[2])
    if not 1 <= components <= most:
        raise InvalidError(
            f"components is {components}, must be 1 to {most}: of {len(samples)} samples of the activity"
        )
    mean = samples.mean(axis=0)
    with Bar(None, "computing components", progress) as bar:
        find = partial(np.linalg.svd, samples - mean, full_matrices=False)
        singular, rows = in_lapack(find, 4.0 * samples.size * min(samples.shape), lambda: bar.at(0))[1:]
    variance = singular**2
    if not variance[0] > 0:
        raise InvalidError("run: these units never change their rates, so that there is nothing to be seen")
    kept = rows[:components]
    kept = kept * np.sign(kept[np.arange(components), np.abs(kept).argmax(axis=1)])[:, None]
    explained = variance[:components] / variance.sum()
    ratio = float(variance.sum() ** 2 / (variance**2).sum())
    unit = getattr(run.trials.conditions, "units", {}).get(condition, "")
    return PCA(kept, explained, mean, ratio, condition, values, (means - mean) @ kept.T, run.time, unit)


# --- stages of a curriculum ------------------------------------------------------------------------------------------

_STAGES = np.dtype(
    [
        ("stage", np.int64),
        ("name", "U64"),
        ("first", np.int64),
        ("last", np.int64),
        ("updates", np.int64),
        ("trials", np.int64),
        ("evaluations", np.int64),
        ("performance", np.float64),
        ("best", np.float64),
        ("met", np.bool_),
    ]
)


@of_their_kind
def errors_after_switch(evaluation: Evaluation) -> npt.NDArray[np.int64]:
    """How many errors in a row followed each switch of the rule: int64 [switches], in the order of trials.

    Of an evaluation of ``na.tasks.WCST``: whoever infers the rule from the outcomes makes one error a switch.
    """
    since = condition_of(evaluation.conditions, "since_switch")
    wrong, starts = evaluation.correct != 1, np.flatnonzero(since == 0)
    ends = np.append(np.flatnonzero(since <= 0), len(since))
    lengths = ends[np.searchsorted(ends, starts, side="right")] - starts
    return np.array(
        [int(np.logical_and.accumulate(wrong[at : at + n]).sum()) for at, n in zip(starts, lengths)], np.int64
    )


@of_their_kind
def stages(history: History, curriculum: Optional[Curriculum] = None, batch: int = 0) -> "np.recarray[Any, Any]":
    """Performance by stage of a curriculum: a small table, one row a stage that was begun.

    Args:
        history: of a trainer with a curriculum.
        curriculum: for the names of the stages, and to know whether the last one was met.
        batch: trials an update: ``trainer.get("batch")``.

    Returns:
        A record array with ``stage`` (number), ``name``, ``first`` and ``last`` update, ``updates``, ``trials`` (to
        criterion where the stage was met; 0 without ``batch``), ``evaluations`` (their number), ``performance`` (at the
        last evaluation; NaN without one), ``best``, and ``met`` (whether the criterion was). ``pandas.DataFrame`` takes
        it as it is.
    """
    number = history.stage
    if len(number) == 0 or number.min() < 0:
        raise OrderError("history: it has no stages: train with a curriculum")
    rows = []
    for stage in np.unique(number):
        step = history.step[number == stage]
        performance = history.performance[np.isin(history.performance_step, step)]
        known = None if curriculum is None or stage >= len(curriculum) else curriculum.stages[stage]
        met = bool(stage < number.max()) or (known is not None and _met(known, performance))
        last, best = (performance[-1], performance.max()) if len(performance) else (np.nan, np.nan)
        name = str(stage) if known is None else known.name
        n = len(step)
        rows.append((stage, name, step[0], step[-1], n, n * int(batch), len(performance), last, best, met))
    return np.array(rows, _STAGES).view(np.recarray)


def follow_staircase(rule: Staircase, performance: npt.NDArray[np.float64]) -> Doubles:
    """Value of a staircase during each evaluation of its stage, and after the last, [m + 1]."""
    low, high = sorted((rule.start, rule.hardest))
    up = rule.step if rule.hardest > rule.start else -rule.step
    found: List[float] = [rule.start]
    for value in performance:
        move = up if value >= rule.harder_at else -up if value < rule.easier_at else 0.0
        found.append(min(max(found[-1] + move, low), high))
    return np.array(found)


def staircases(stage: Stage) -> Mapping[str, Staircase]:
    """The staircases of a stage, by parameter."""
    return {name: rule for name, rule in stage.parameters.items() if isinstance(rule, Staircase)}


def _met(stage: Stage, performance: npt.NDArray[np.float64]) -> bool:
    """Whether a stage of which all evaluations are known has ended by its criterion."""
    at_end = np.ones(len(performance), bool)
    for rule in staircases(stage).values():
        at_end &= follow_staircase(rule, performance)[:-1] == rule.hardest
    held = at_end & (performance >= stage.criterion)
    return len(held) >= stage.evaluations and bool(held[-stage.evaluations :].all())
