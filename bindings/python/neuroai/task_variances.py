"""Which units take part in which tasks: their task variances, and clusters of units by them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, List, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from ._handle import Names, expect, frozen, seed_of, whole
from ._interrupt import Bar
from ._kinds import of_their_kind
from ._windows import Window, going_of, labels_of, steps_of
from .errors import InvalidError
from ._needed import needed
from .run import Run

__all__ = ["Clusters", "TaskVariance", "task_variance"]

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Clusters:
    """Units in clusters; made by :meth:`TaskVariance.clusters`."""

    #: Cluster of each unit, from 0; -1 of units that are not active, int64 [N].
    of: npt.NDArray[np.int64]
    #: Mean normalised task variance of each cluster, [k, tasks].
    centres: Doubles = field(repr=False)
    #: Silhouette score of each number of clusters that was tried, by ``numbers``.
    scores: Doubles
    #: These numbers.
    numbers: npt.NDArray[np.int64]


@dataclass(frozen=True)
class TaskVariance:
    """Variance over trials of each unit in each task; made by :func:`task_variance`."""

    #: Names of the tasks.
    tasks: Tuple[str, ...]
    #: Mean over time of the variance over trials, [N, tasks].
    variance: Doubles = field(repr=False)
    #: Population and number of each unit.
    units: List[Tuple[str, int]] = field(repr=False)

    @property
    def normalised(self) -> Doubles:
        """``variance`` over its largest value of each unit, [N, tasks]; 0 of a unit that never varies."""
        largest = self.variance.max(axis=1, keepdims=True)
        return frozen(np.divide(self.variance, largest, out=np.zeros(self.variance.shape), where=largest > 0))

    def active(self, least: float = 1e-3) -> npt.NDArray[np.bool_]:
        """Units whose summed variance is above ``least``, bool [N] (Yang et al. 2019 take 1e-3)."""
        return frozen(self.variance.sum(axis=1) > least)

    def clusters(self, k: Optional[int] = None, least: float = 1e-3, most: int = 30, seed: int = 0, progress: bool = True) -> Clusters:
        """Clusters of the active units by normalised variance, by k-means with ``k`` clusters, or with that number whose
        silhouette score is largest, as in Yang et al. (2019).

        Args:
            k: number of clusters; None: that of 2 to ``most`` with the largest silhouette score.
            least: summed variance from which a unit is active.
            most: the largest number that is tried.
            seed: of the first centres, of which ten are tried.
            progress: whether to show a progress bar if it takes more than a second.

        Needs scikit-learn: ``pip install neuroai[analysis]``.
        """
        cluster = needed("sklearn.cluster", "finding clusters", "analysis")
        metrics = needed("sklearn.metrics", "finding clusters", "analysis")
        active = self.active(least)
        rows = self.normalised[active]
        different = len(np.unique(rows, axis=0))
        top = min(whole("most", most), different, len(rows) - 1)
        if top < 2 and k is None:
            why = f"{len(rows)} of {len(active)} units are active, {different} of them different, must be 3 and 2"
            raise InvalidError(f"least is {least:g}: {why}: take a smaller one, or see whether the network is silent")
        if top < 2 or (k is not None and not 2 <= whole("k", k) <= top):
            raise InvalidError(f"k is {k}, must be 2 to {top}: of {len(rows)} active units, {different} of them different")
        numbers = np.arange(2, top + 1) if k is None else np.array([k])
        found, scores = [], np.empty(len(numbers))
        state: Any = seed_of(seed)  # of 32 bits scikit-learn takes them itself
        state = state if state < 2**32 else np.random.RandomState(np.random.MT19937(state))
        with Bar(len(numbers), "numbers of clusters", progress) as bar:
            for tried, n in enumerate(numbers):
                found.append(cluster.KMeans(int(n), n_init=10, random_state=state).fit(rows))
                scores[tried] = metrics.silhouette_score(rows, found[-1].labels_)
                bar.at(tried + 1)
        best = found[int(scores.argmax())]
        order = np.lexsort((np.arange(len(best.cluster_centers_)), best.cluster_centers_.argmax(axis=1)))
        of = np.full(len(active), -1, np.int64)
        of[active] = np.argsort(order)[best.labels_]
        centres = np.asarray(best.cluster_centers_, np.float64)[order]
        return Clusters(frozen(of), frozen(centres), frozen(scores), frozen(numbers.astype(np.int64)))


@of_their_kind
def task_variance(
    runs: Mapping[str, Run], names: Names = "*", window: Window = None, progress: bool = True
) -> TaskVariance:
    """Task variance of each unit: the variance of its rate over the trials of a task, averaged over time (Yang et al. 2019).

    Args:
        runs: of one network, by the name of the task: ``{"Go": net.run(go.trials(net, 200)), ...}``. Without noise within
            the network the variance is that of the stimuli alone, as the paper has it.
        names: of which populations; shell patterns.
        window: (from, to), ms, or an epoch: which steps; a step counts while two trials go on.
        progress: whether to show a progress bar if it takes more than a second.
    """
    if not isinstance(runs, Mapping) or not runs:
        raise InvalidError("runs: expected runs of one network by the name of the task: {'Go': net.run(...), ...}")
    for run in runs.values():
        expect("runs", run, Run, "a neuroai.Run by the name of each task")
    first = next(iter(runs.values()))
    columns = []
    for name, run in runs.items():
        if run.net is not first.net:
            raise InvalidError(f"runs: '{name}' is of another network")
        going = going_of(run, window)
        count = going.sum(axis=1)
        several = count > 1
        if not several.any():
            raise InvalidError(f"runs: '{name}' has one trial in the window, must have two")
        weights = going / np.maximum(count, 1)[:, None]
        with Bar(len(going), "steps", progress) as bar:
            steps = [
                _variance(rates, going[step], weights[step])
                for step, rates in enumerate(_shown(steps_of(run, names, going), bar))
                if several[step]
            ]
        columns.append(np.mean(steps, axis=0))
    return TaskVariance(tuple(runs), frozen(np.array(columns).T), labels_of(first, names))


def _shown(steps: Iterator[Doubles], bar: Bar) -> Iterator[Doubles]:
    for done, rates in enumerate(steps):
        bar.at(done)
        yield rates


def _variance(rates: Doubles, going: npt.NDArray[np.bool_], weights: Doubles) -> Doubles:
    """Over the trials that go on, of each unit: of [B, units]."""
    here, each = going[:, None], weights[:, None]
    mean = (np.where(here, rates, 0) * each).sum(axis=0, keepdims=True)
    found: Doubles = (np.where(here, rates - mean, 0) ** 2 * each).sum(axis=0)
    size = np.abs(np.where(here, rates, 0)).max(axis=0)
    return np.where(found > (1e-12 * size) ** 2, found, 0)  # less is rounding
