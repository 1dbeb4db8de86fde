"""Figures.

Training: :func:`task`, :func:`curriculum`, :func:`history`, :func:`learning` of several runs,
:func:`sweep`, :func:`alignment`. Behaviour: :func:`psychometric`,
:func:`chronometric`, :func:`confusion`. Network: :func:`weights`,
:func:`weight_distribution`, :func:`degrees`, :func:`space`, :func:`distance`, :func:`spectrum`.
Anatomy: :func:`connectivity`, :func:`areas`, :func:`blocks`, :func:`microcircuit`, whose measures are in
:func:`microcircuit_history`. Interventions: :func:`silencing`, :func:`comparison`,
:func:`dose`, :func:`traces`.
Activity: :func:`activity`, :func:`responses`, :func:`trajectories`. Dynamics: :func:`fixed_points`,
:func:`eigenvalues`, :func:`linearisation`, :func:`lyapunov`. Populations and their units: :func:`dimensionality`,
:func:`principal_angles`, :func:`decoding`, :func:`dissimilarity`, :func:`timescales`, :func:`noise_correlations`,
:func:`selectivity`, :func:`task_variance`. Graphs: :func:`communities`, :func:`small_world`. Spikes: :func:`raster`, :func:`population_rates`,
:func:`intervals`, :func:`irregularity`, :func:`correlations`, :func:`power`, and :func:`mean_field` of a theory. And :func:`label_ends`, for lines of your own.

Every function draws into ``ax``, or into a new figure if there is none, and returns an array of the axes that it drew
in, of one panel as of several, from the top to the bottom and from the left to the right:
``na.plot.weights(net)[0].set_title("after training")``. Several panels, and those in space, replace ``ax`` and share
its place. Excitation is red and inhibition is blue in all figures, in every area.

Texts lie inside the figure and not on each other: in a figure with a layout (``plt.subplots(layout="constrained")``)
by that layout; in one without, room is made for them when the figure is drawn, unless you have arranged it yourself
by ``subplots_adjust()``, ``tight_layout()`` or grids of your own.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from ._closed import no_attribute
from ._draw import (
    DIVERGING,
    EXCITATORY,
    FAINT,
    INHIBITORY,
    INK,
    SEQUENTIAL,
    Panels,
    averaged,
    axes_of,
    bar_beside,
    colours,
    drawn,
    note_not_finite,
    panels_of,
)
from ._handle import Names, number_below
from ._kinds import of_their_kind
from ._labels import draw_borders, in_lines, key_below, label_ends, name_ticks
from ._plot_anatomy import areas, blocks, connectivity
from ._plot_activity import responses, trajectories
from ._plot_behaviour import chronometric, confusion, draw_choices, draw_several
from ._plot_dynamics import eigenvalues, fixed_points, linearisation, lyapunov
from ._plot_experiment import comparison, dose, shade_interventions, silencing, traces
from ._plot_graphs import communities, small_world
from ._plot_learning import alignment
from ._plot_microcircuit import microcircuit, microcircuit_history
from ._plot_population import (
    decoding,
    dimensionality,
    dissimilarity,
    noise_correlations,
    principal_angles,
    selectivity,
    task_variance,
    timescales,
)
from ._plot_runs import history, learning, sweep
from ._plot_space import distance, space
from ._plot_synapses import degrees, weight_distribution
from ._plot_spikes import correlations, intervals, irregularity, mean_field, population_rates, power, raster
from ._plot_task import curriculum, draw_channels, task, words_of
from ._plot_weights import weights
from ._units import Chosen
from .errors import InvalidError, brief
from .evaluation import Evaluation, evaluate
from .intervention import Interventions, as_interventions
from .network import Network, Spectrum
from .run import Run
from .task import Task
from .trials import Trials

__all__ = [
    "DIVERGING",
    "EXCITATORY",
    "INHIBITORY",
    "SEQUENTIAL",
    "activity",
    "alignment",
    "areas",
    "blocks",
    "chronometric",
    "colours",
    "communities",
    "comparison",
    "confusion",
    "connectivity",
    "correlations",
    "curriculum",
    "decoding",
    "degrees",
    "dimensionality",
    "dissimilarity",
    "distance",
    "dose",
    "eigenvalues",
    "fixed_points",
    "history",
    "intervals",
    "irregularity",
    "label_ends",
    "learning",
    "linearisation",
    "lyapunov",
    "mean_field",
    "microcircuit",
    "microcircuit_history",
    "noise_correlations",
    "population_rates",
    "power",
    "principal_angles",
    "psychometric",
    "raster",
    "responses",
    "selectivity",
    "silencing",
    "small_world",
    "space",
    "spectrum",
    "sweep",
    "task",
    "task_variance",
    "timescales",
    "traces",
    "trajectories",
    "weight_distribution",
    "weights",
]


def __getattr__(name: str) -> Any:
    raise no_attribute(__name__, name, __all__)



@of_their_kind
def activity(
    run: Run,
    trial: int = 0,
    ax: Optional[Axes] = None,
    sort: Union[bool, str] = True,
    labels: Optional[Mapping[str, Sequence[str]]] = None,
) -> Panels:
    """One trial: its inputs, the rates of all units by population, its outputs.

    More than eight channels are a heat map. More than 1000 units are drawn as the
    means of 500 parts, in the order in which they are sorted.

    Args:
        run: the result of :meth:`neuroai.Network.run`. If it is of trials, the steps that count for the cost are
            shaded, and the title shows the conditions. Interventions are shaded in colour.
        trial: number of the trial.
        ax: where to draw.
        sort: whether units are sorted within their population, the most active first; "time": by the time of their
            activity, the earliest first.
        labels: names of the channels of inputs and outputs: ``{"choice": ["wait", "left", "right"]}``.
    """
    if isinstance(sort, str) and sort != "time":
        raise InvalidError(f'sort: expected True, False or "time", got {brief(sort)}')
    length = int(run.lengths[number_below("trial", trial, len(run.lengths))])
    time = np.concatenate([[0.0], run.time[:length]])
    ratios = [ratio for there, ratio in ((run.inputs, 1.0), (run.rates, 2.6), (run.outputs, 1.0)) if there]
    axes = panels_of(ax, len(ratios), (4.6, 0.6 + 0.83 * sum(ratios)), ratios=ratios)
    free = iter(axes)
    if run.inputs:
        _lines(next(free), time, run.inputs, trial, length, "input", labels or {})
    if run.rates:
        _heat(next(free), time, run, trial, length, sort)
    if run.outputs:
        _lines(next(free), time, run.outputs, trial, length, "output", labels or {})
    for panel in axes[:-1]:
        panel.tick_params(labelbottom=False)
        panel.sharex(axes[-1])
    axes[-1].set(xlabel="time (ms)", xlim=(0, time[-1]))
    if run.trials is not None:
        _shade(axes[-1], time, run, trial, length)
        axes[0].set_title(in_lines(words_of(run.trials, trial), axes[0]), fontsize="medium", color=INK)
    shade_interventions(axes, run, trial)
    return axes


def _lines(
    ax: Axes,
    time: npt.NDArray[Any],
    arrays: Dict[str, Any],
    trial: int,
    length: int,
    what: str,
    labels: Mapping[str, Sequence[str]],
) -> None:
    named: Dict[str, npt.NDArray[Any]] = {}
    for name, array in arrays.items():
        every = [f"{name} {i}" for i in range(array.shape[2])] if array.shape[2] > 1 else [name]
        own = labels.get(name, every)
        if len(own) != array.shape[2]:
            raise InvalidError(f"labels: {brief(name)} has {array.shape[2]} channels, got {len(own)} names")
        for channel, label in enumerate(own):
            named[label] = array[:length, trial, channel]
    ax.set_ylabel(what)
    draw_channels(ax, time, named)


def _sorted(rates: npt.NDArray[Any], sort: Union[bool, str]) -> npt.NDArray[Any]:
    """Rows [units, steps] in the order in which they are drawn."""
    if not sort:
        return rates
    known = np.where(np.isfinite(rates), rates, 0)
    total = known.sum(axis=1)
    if sort != "time":
        return rates[np.argsort(-total, kind="stable")]
    above = np.maximum(known, 0)
    middle = above @ np.arange(rates.shape[1]) / np.maximum(above.sum(axis=1), 1e-9)
    silent = total < 0.02 * total.max()  # last, for they have no time
    return rates[np.lexsort((middle, silent))]


def _heat(ax: Axes, time: npt.NDArray[Any], run: Run, trial: int, length: int, sort: Union[bool, str]) -> None:
    sizes = {name: array.shape[2] for name, array in run.rates.items()}
    rows = [np.asarray(array[:length, trial], np.float64).T for array in run.rates.values()]
    matrix = np.concatenate([_sorted(each, sort) for each in rows])
    shown = matrix[np.isfinite(matrix)] if np.isfinite(matrix).any() else np.zeros(1)
    low = min(0.0, float(shown.min()))
    high = float(np.percentile(shown, 99.5)) or 1.0
    n = len(matrix)
    image = ax.imshow(
        averaged(matrix),
        aspect="auto",
        cmap=SEQUENTIAL,
        vmin=low,
        vmax=max(high, low + 1e-9),
        extent=(time[0], time[-1], n - 0.5, -0.5),
        interpolation="nearest",
    )
    bar_beside(ax, image, "rate (a.u.)", (1.03, 0.1, 0.03, 0.8))
    draw_borders(ax, sizes, "y")
    name_ticks(ax, run.net, sizes, "y")
    ax.set_ylabel("units")
    note_not_finite(ax, time[1:], matrix.T)


def _shade(ax: Axes, time: npt.NDArray[Any], run: Run, trial: int, length: int) -> None:
    """Marks the steps that count for the cost, the darker the more they count; unless all count the same."""
    mask = None if run.trials is None else run.trials.mask
    if isinstance(mask, dict):
        mask = next(iter(mask.values()))
    if mask is None:
        return
    counts = run._recorded(np.asarray(mask))[:length, trial].max(axis=1)
    starts = np.flatnonzero(np.diff(counts, prepend=np.nan))
    if len(starts) < 2:
        return
    for start, end in zip(starts, [*starts[1:], length]):
        ax.axvspan(time[start], time[end], color=INK, alpha=0.13 * counts[start] / counts.max(), lw=0, zorder=0)


@of_their_kind
def psychometric(
    net: Union[Network, Evaluation, Mapping[str, Evaluation]],
    task: Union[Task, Trials, None] = None,
    condition: Optional[str] = None,
    trials: Optional[int] = None,
    seed: int = 0,
    threads: int = 1,
    ax: Optional[Axes] = None,
    shape: Optional[str] = None,
    interventions: Optional[Interventions] = None,
    silence: Optional[Chosen] = None,
    progress: bool = True,
    **fit: Any,
) -> Panels:
    """Psychometric curve: choices against a condition, with binomial standard errors and a fit by maximum likelihood.

    Without a shape the fit is logistic, its parameters are not written, and it needs no SciPy; it is left out where
    more than two choices are right or the condition has fewer than three values, and points are joined instead.

    Args:
        net: a network, which is run on test trials of ``task``; or an evaluation; or several evaluations, by name,
            whose Weibull functions are shown on the same axes: ``{"Wang 2002": evaluation, "trained": other}``.
        task: the task, or trials, such as recorded ones; with an evaluation, only used for the unit of the x axis.
        condition: on the x axis; default: the first condition with values of both signs, or else the first.
        trials: number of test trials of the task; default 4000. Given trials are all run.
        seed, threads: of the test trials.
        ax: where to draw.
        shape: "weibull" (fraction correct against the absolute value), "logistic" or "normal": fits this function by
            :meth:`neuroai.Evaluation.fit`, which needs SciPy, and shows its parameters with confidence intervals.
        interventions, silence: what is done to units, as in :func:`neuroai.evaluate`.
        progress: whether to show a progress bar when the test trials take more than a second.
        **fit: other arguments of this method: ``where``, ``guess``, ``lapse``, ``confidence``.
    """
    if isinstance(net, (Evaluation, Mapping)):
        for name, value in (("silence", silence), ("interventions", interventions)):
            if value is not None:
                raise InvalidError(f"{name}: the evaluation is made already; give it to neuroai.evaluate()")
    if isinstance(net, Mapping):
        return drawn(draw_several(ax, net, condition, task, shape, fit))
    if isinstance(net, Evaluation):
        evaluation = net
    elif task is None:
        raise InvalidError("task: needed with a network")
    else:
        n = 4000 if trials is None and not isinstance(task, Trials) else trials
        given = as_interventions(interventions, silence)
        evaluation = evaluate(net, task, n, seed, threads, interventions=given, progress=progress)
    return drawn(draw_choices(ax, evaluation, condition, task, shape, fit))


@of_their_kind
def spectrum(
    net: Union[Network, Spectrum], names: Names = "*", ax: Optional[Axes] = None, progress: bool = True, k: Optional[int] = None
) -> Panels:
    """Eigenvalues of the recurrent weights, with the disc that those of random weights with their variance would fill.

    A circle shows the spectral radius. Of the leading eigenvalues alone, those that were not computed lie within the
    hatched disc.

    Args:
        net: a built network; or what :meth:`neuroai.Network.spectrum` found, which takes minutes of 20 000 units.
        names: among which populations of a network; shell patterns.
        ax: where to draw.
        progress: as in :meth:`neuroai.Network.spectrum`.
        k: how many eigenvalues, those of the largest modulus: for large networks with few synapses. None: all of them.
    """
    found = net if isinstance(net, Spectrum) else net.spectrum(names, progress, k)
    ax = axes_of(ax, (3.6, 3.4))
    every, radius = len(found.eigenvalues) == found.n, found.radius
    circles = [
        Circle((0, 0), found.bulk, fc="#ececec", ec="none", zorder=0, label="random weights"),
        Circle((0, 0), 1, fc="none", ec=FAINT, ls="--", lw=1, zorder=1, label="|$\\lambda$| = 1"),
        Circle((0, 0), radius, fc="none", ec=INK, lw=0.9, zorder=1, label="radius"),
    ]
    if not every:
        least = float(np.abs(found.eigenvalues).min())
        look: Any = {"fc": "none", "ec": "#d0d0d0", "hatch": "////", "lw": 0}
        circles.insert(1, Circle((0, 0), least, zorder=0.5, label="not computed", **look))
    for circle in circles:
        ax.add_patch(circle)
    ax.plot(found.eigenvalues.real, found.eigenvalues.imag, "o", ms=3.5, color=INK, mec="none", alpha=0.8, zorder=2)
    size = 1.1 * max(1.0, radius, found.bulk)
    key_below(ax, circles, 36)
    ax.set(xlim=(-size, size), ylim=(-size, size), xlabel="Re $\\lambda$", ylabel="Im $\\lambda$", aspect="equal")
    what = "eigenvalues of W" if every else f"{len(found.eigenvalues)} leading of {found.n} eigenvalues of W"
    ax.set_title(f"{what},{' ' if every else chr(10)}spectral radius {radius:.2f}", fontsize="medium", color=INK)
    return drawn(ax)
