"""Pictures: training history, weights, activity, psychometric curve, spectrum.

Every function draws into ``ax``, or into a new figure when there is none, and returns the axes. Where a picture has
several panels they share the place of ``ax``, which they replace. Excitation is red and inhibition blue, everywhere.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Circle

from ._handle import Names
from .errors import InvalidError
from .evaluation import Evaluation, evaluate
from .network import Network
from .state import Run
from .task import Task
from .trainer import History

__all__ = ["activity", "colours", "history", "psychometric", "spectrum", "weights"]

INK = "#333333"
FAINT = "#b8b8b8"
EXCITATORY = ["#c43c39", "#e08214", "#8e2a5b", "#d6604d"]
INHIBITORY = ["#2c6fbb", "#35978f", "#5e4fa2", "#4393c3"]
FREE = ["#5a5a5a", "#8c6d31", "#4d7f4d", "#9a6fa0"]
CHANNELS = ["#1b9e77", "#d98b0b", "#7570b3", "#66a61e", "#a6761d", "#e7298a", "#666666", "#1f78b4"]

#: Weights: blue below 0, white at 0, red above.
DIVERGING = LinearSegmentedColormap.from_list(
    "neuroai",
    [
        (0.0, "#123c69"),
        (0.15, INHIBITORY[0]),
        (0.4, "#9cc3ea"),
        (0.5, "#ffffff"),
        (0.6, "#f5aea3"),
        (0.85, EXCITATORY[0]),
        (1.0, "#6d1513"),
    ],
)
#: Rates: white at 0.
SEQUENTIAL = LinearSegmentedColormap.from_list("neuroai_rate", ["#ffffff", "#f3d9b1", "#e08b5a", "#a23b52", "#2d1440"])


def colours(net: Network) -> Dict[str, str]:
    """A colour for each population: reds for excitatory ones, blues for inhibitory ones, greys for free ones."""
    left = {+1: list(EXCITATORY), -1: list(INHIBITORY), 0: list(FREE)}
    found = {}
    for name in net.populations:
        palette = left[net.sign(name)]
        found[name] = palette[0]
        palette.append(palette.pop(0))
    return found


def history(history: History, ax: Optional[Axes] = None) -> "npt.NDArray[Any]":
    """Learning curve: performance on test trials above, the costs below, each apart. Returns the two axes.

    A history without evaluations has the costs only.
    """
    rows = 2 if len(history.performance) else 1
    axes = _panels(ax, rows, (4.2, 3.6), ratios=[1.0, 1.25][-rows:])
    if rows == 2:
        axes[0].plot(history.performance_step, history.performance, ".-", color=INK, lw=1.2, ms=4)
        axes[0].set(ylabel="fraction correct", ylim=(min(0.4, history.performance.min()) - 0.02, 1.02))
        axes[0].tick_params(labelbottom=False)
        axes[0].sharex(axes[1])
    below = axes[-1]
    several = len(history.costs) > 1
    _smooth(below, history.step, history.loss, INK, "sum" if several else "cost")
    for (name, values), colour in zip(history.costs.items() if several else [], _cycle(CHANNELS)):
        if np.any(values > 0):
            _smooth(below, history.step, values, colour, name.replace("_", " "))
    below.set(xlabel="updates", ylabel="cost, weighted")
    if np.all(history.loss > 0):
        below.set_yscale("log")
    if several:
        below.legend(frameon=False, fontsize="small", ncols=2, handlelength=1.2, columnspacing=1.0)
    return axes


def _smooth(ax: Axes, x: npt.NDArray[Any], y: npt.NDArray[Any], colour: str, label: str) -> None:
    """A noisy curve, faint, and its running mean."""
    width = max(1, len(y) // 60)
    if width == 1:
        ax.plot(x, y, color=colour, lw=1.2, label=label)
        return
    ax.plot(x, y, color=colour, lw=0.5, alpha=0.25)
    sums = np.cumsum(np.concatenate([[0.0], y]))
    mean = (sums[width:] - sums[:-width]) / width
    ax.plot(x[width // 2 : width // 2 + len(mean)], mean, color=colour, lw=1.4, label=label)


def weights(net: Network, names: Names = "*", ax: Optional[Axes] = None, limit: Optional[float] = None) -> Axes:
    """The weights among populations as one matrix [post, pre], with the borders of the populations.

    Args:
        net: a built network.
        names: which populations; shell patterns.
        ax: where to draw.
        limit: weight of the darkest colour; without it, the 97th percentile of the absolute weights.
    """
    sizes = _chosen(net, names)
    starts = dict(zip(sizes, np.cumsum([0, *sizes.values()])))
    n = sum(sizes.values())
    matrix = np.zeros((n, n), np.float32)
    for source, target in net.projections:
        if source in sizes and target in sizes:
            rows = slice(starts[target], starts[target] + sizes[target])
            matrix[rows, starts[source] : starts[source] + sizes[source]] = net.weights(source, target)
    ax = _axes(ax, (4.4, 3.8))
    if limit is None:
        present = np.abs(matrix[matrix != 0])
        limit = float(np.percentile(present, 97)) if len(present) else 1.0
    image = ax.imshow(matrix, cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest")
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.046, pad=0.03, extend="both")
    bar.set_label("weight")
    bar.outline.set_visible(False)
    for border in list(starts.values())[1:]:
        ax.axhline(border - 0.5, color=INK, lw=0.8)
        ax.axvline(border - 0.5, color=INK, lw=0.8)
    _name_ticks(ax, net, sizes, "both")
    ax.set(xlabel="from", ylabel="to")
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    for spine in ax.spines.values():
        spine.set(color=INK, lw=0.8, visible=True)
    return ax


def activity(run: Run, trial: int = 0, ax: Optional[Axes] = None, sort: bool = True) -> "npt.NDArray[Any]":
    """One trial: its inputs, the rates of all units by population, its outputs. Returns the axes.

    Args:
        run: what :meth:`neuroai.Network.run` returned. If it was given trials, the steps that count for the cost are
            shaded, and the conditions stand above.
        trial: which of them.
        ax: where to draw.
        sort: whether units are sorted within their population, the most active first.
    """
    length = len(run.time)
    if run.trials is not None and run.trials.lengths is not None:
        length = int(run.trials.lengths[trial])
    time = np.concatenate([[0.0], run.time[:length]])
    axes = _panels(ax, 3 if run.inputs else 2, (4.6, 4.4), ratios=[1.0, 2.6, 1.0] if run.inputs else [2.6, 1.0])
    if run.inputs:
        _lines(axes[0], time, run.inputs, trial, length, "input")
    _heat(axes[-2], time, run, trial, length, sort)
    _lines(axes[-1], time, run.outputs, trial, length, "output")
    for panel in axes[:-1]:
        panel.tick_params(labelbottom=False)
        panel.sharex(axes[-1])
    axes[-1].set(xlabel="time (ms)", xlim=(0, time[-1]))
    if run.trials is not None:
        _shade(axes[-1], time, run.trials.mask, trial, length)
        conditions = run.trials.conditions
        names = [name for name in conditions if f"signed_{name}" not in conditions]
        words = [f"{name.replace('_', ' ')} {conditions[name][trial]:g}" for name in names]
        axes[0].set_title(", ".join(words), fontsize="medium", color=INK)
    return axes


def _lines(ax: Axes, time: npt.NDArray[Any], arrays: Dict[str, Any], trial: int, length: int, what: str) -> None:
    colour = _cycle(CHANNELS)
    channels = sum(array.shape[2] for array in arrays.values())
    for name, array in arrays.items():
        for channel in range(array.shape[2]):
            label = f"{name} {channel}" if array.shape[2] > 1 else name
            values = array[:length, trial, channel]
            ax.step(time, np.concatenate([values[:1], values]), color=next(colour), lw=1.3, label=label, where="pre")
    ax.set_ylabel(what)
    if channels <= 8:
        ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.0)


def _heat(ax: Axes, time: npt.NDArray[Any], run: Run, trial: int, length: int, sort: bool) -> None:
    sizes = {name: array.shape[2] for name, array in run.rates.items()}
    rows = []
    for array in run.rates.values():
        rates = np.asarray(array[:length, trial]).T
        rows.append(rates[np.argsort(-rates.mean(axis=1), kind="stable")] if sort else rates)
    matrix = np.concatenate(rows)
    low = min(0.0, float(matrix.min()))
    high = float(np.percentile(matrix, 99.5)) or 1.0
    n = len(matrix)
    image = ax.imshow(
        matrix,
        aspect="auto",
        cmap=SEQUENTIAL,
        vmin=low,
        vmax=max(high, low + 1e-9),
        extent=(time[0], time[-1], n - 0.5, -0.5),
        interpolation="nearest",
    )
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0.1, 0.03, 0.8)))  # the panels keep their common width
    bar.set_label("rate")
    bar.outline.set_visible(False)
    for border in np.cumsum(list(sizes.values()))[:-1]:
        ax.axhline(border - 0.5, color=INK, lw=0.8)
    _name_ticks(ax, run.net, sizes, "y")
    ax.set_ylabel("units")


def _shade(ax: Axes, time: npt.NDArray[Any], mask: Any, trial: int, length: int) -> None:
    """Marks the steps that count for the cost, the darker the more they count; unless all count the same."""
    if isinstance(mask, dict):
        mask = next(iter(mask.values()))
    if mask is None:
        return
    counts = np.asarray(mask)[:length, trial].max(axis=1)
    starts = np.flatnonzero(np.diff(counts, prepend=np.nan))
    if len(starts) < 2:
        return
    for start, end in zip(starts, [*starts[1:], length]):
        ax.axvspan(time[start], time[end], color=INK, alpha=0.13 * counts[start] / counts.max(), lw=0, zorder=0)


def psychometric(
    net: Union[Network, Evaluation],
    task: Optional[Task] = None,
    condition: Optional[str] = None,
    trials: int = 4000,
    seed: int = 0,
    threads: int = 1,
    ax: Optional[Axes] = None,
) -> Axes:
    """Psychometric curve: the choice made against a condition, with binomial standard errors and a logistic fit.

    Args:
        net: a network, which is then run on test trials of ``task``; or an evaluation.
        task: the task; of an evaluation only for the unit on the x axis.
        condition: on the x axis; without it the first that takes values of both signs, or else the first of all.
        trials, seed, threads: of the test trials.
        ax: where to draw.
    """
    if isinstance(net, Evaluation):
        evaluation = net
    elif task is None:
        raise InvalidError("task: needed with a network")
    else:
        evaluation = evaluate(net, task, trials, seed, threads)
    condition = condition or _signed(evaluation.conditions)
    points = evaluation.curve(condition)
    points = points[np.isfinite(points.choice)]
    ax = _axes(ax, (3.8, 3.2))
    error = np.sqrt(np.maximum(points.choice * (1 - points.choice), 0.25 / points.trials) / points.trials)
    if len(points) > 2:
        bias, slope = _logistic(points.value, points.choice, points.trials)
        x = np.linspace(points.value.min(), points.value.max(), 200)
        ax.plot(x, 1 / (1 + np.exp(-(bias + slope * x))), color=INK, lw=1.4, zorder=2)
    ax.errorbar(points.value, points.choice, error, fmt="o", color=EXCITATORY[0], ms=5, lw=1.2, zorder=3)
    ax.axhline(0.5, color=FAINT, lw=0.8, ls=":", zorder=1)
    ax.axvline(0, color=FAINT, lw=0.8, ls=":", zorder=1)
    known = getattr(task, "parameters", {})
    parameter = known.get(condition, known.get(condition.replace("signed_", "")))
    unit = f" ({parameter.unit})" if parameter is not None and parameter.unit not in ("", "1") else ""
    choices = np.unique(evaluation.choice[evaluation.correct == 1])
    what = f"fraction of choice {choices[-1]}" if len(choices) == 2 else "mean choice, lowest 0, highest 1"
    ax.set(xlabel=condition.replace("_", " ") + unit, ylabel=what, ylim=(-0.04, 1.04))
    ax.text(
        0.97,
        0.06,
        f"{evaluation.performance:.3f} correct\n{int(points.trials.sum())} trials",
        transform=ax.transAxes,
        ha="right",
        va="bottom",
        fontsize="small",
        color=INK,
    )
    return ax


def _signed(conditions: Dict[str, npt.NDArray[Any]]) -> str:
    if not conditions:
        raise InvalidError("condition: the task has none")
    signed = [name for name, values in conditions.items() if values.min() < 0 < values.max()]
    return (signed or list(conditions))[0]


def _logistic(x: npt.NDArray[Any], y: npt.NDArray[Any], n: npt.NDArray[Any]) -> Tuple[float, float]:
    """Logistic regression of fractions y of n on x, by reweighted least squares; a faint prior keeps it finite."""
    scale = float(np.abs(x).max()) or 1.0
    design = np.stack([np.ones_like(x), x / scale], axis=1)
    beta = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        weight = n * p * (1 - p)
        hessian = design.T @ (weight[:, None] * design) + 1e-3 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (n * (y - p)) - 1e-3 * beta)
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return float(beta[0]), float(beta[1] / scale)


def spectrum(net: Network, names: Names = "*", ax: Optional[Axes] = None) -> Axes:
    """Eigenvalues of the recurrent weights, with the disc that random weights of their variance would fill.

    Args:
        net: a built network.
        names: among which populations; shell patterns.
        ax: where to draw.
    """
    found = net.spectrum(names)
    ax = _axes(ax, (3.6, 3.4))
    ax.add_patch(Circle((0, 0), found.bulk, fc="#f2f2f2", ec="none", zorder=0))
    ax.add_patch(Circle((0, 0), 1, fc="none", ec=FAINT, ls="--", lw=1, zorder=1))
    ax.plot(found.eigenvalues.real, found.eigenvalues.imag, "o", ms=3.5, color=INK, mec="none", alpha=0.8, zorder=2)
    size = 1.1 * max(1.0, found.radius, found.bulk)
    ax.set(xlim=(-size, size), ylim=(-size, size), xlabel="Re $\\lambda$", ylabel="Im $\\lambda$", aspect="equal")
    ax.set_title(f"radius {found.radius:.2f}", fontsize="medium", color=INK)
    return ax


# --- what they share -------------------------------------------------------------------------------------------------


def _axes(ax: Optional[Axes], size: Tuple[float, float]) -> Axes:
    """The axes to draw in: those given, or those of a new figure; without the upper and the right line."""
    if ax is None:
        ax = plt.figure(figsize=size, layout="constrained").add_subplot()
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _panels(
    ax: Optional[Axes], rows: int, size: Tuple[float, float], ratios: Sequence[float]
) -> "npt.NDArray[Any]":
    """Panels one above the other, in a new figure or in the place of ``ax``."""
    figure: Any
    grid: Any
    if ax is None:
        figure = plt.figure(figsize=size, layout="constrained")
        grid = figure.add_gridspec(rows, 1, height_ratios=ratios)
    else:
        figure = ax.figure
        place = getattr(ax, "get_subplotspec", lambda: None)()  # free axes of old versions of matplotlib have none
        if place is None:
            box = ax.get_position()
            where = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
            grid = figure.add_gridspec(rows, 1, height_ratios=ratios, **where)
        else:
            grid = place.subgridspec(rows, 1, height_ratios=ratios)
        ax.remove()
    return np.array([_axes(figure.add_subplot(grid[row]), size) for row in range(rows)])


def _chosen(net: Network, names: Names) -> Dict[str, int]:
    """Sizes of the populations that names or patterns choose, in the order of the network."""
    from fnmatch import fnmatchcase

    patterns = names.split() if isinstance(names, str) else [word for name in names for word in name.split()]
    sizes = {name: n for name, n in net.populations.items() if any(fnmatchcase(name, p) for p in patterns)}
    if not sizes:
        raise InvalidError(f"names: no population is called {names!r}")
    return sizes


def _name_ticks(ax: Axes, net: Network, sizes: Dict[str, int], which: str) -> None:
    """Population names in the middle of their units, in their colours."""
    starts = np.cumsum([0, *sizes.values()])
    middles: List[float] = list((starts[:-1] + starts[1:]) / 2 - 0.5)
    palette = colours(net)
    for axis in [ax.yaxis] if which == "y" else [ax.xaxis, ax.yaxis]:
        axis.set_ticks(middles, list(sizes))
        axis.set_tick_params(length=0)
        for label, name in zip(axis.get_ticklabels(), sizes):
            label.set(color=palette[name], fontweight="bold")
        # names that are set above the matrix use the second of the two labels
        for tick, name in zip(axis.get_major_ticks(), sizes):
            tick.label2.set(color=palette[name], fontweight="bold")


def _cycle(palette: Sequence[str]) -> Any:
    import itertools

    return itertools.cycle(palette)
