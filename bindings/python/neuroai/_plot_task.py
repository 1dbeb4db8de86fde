"""Pictures of training: the structure of a task, the course of a curriculum."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ._draw import (
    CHANNELS,
    DIVERGING,
    FAINT,
    INK,
    SEQUENTIAL,
    Panels,
    bar_beside,
    number,
    panels_of,
    unit_of,
    with_unit,
)
from ._kinds import of_their_kind
from ._labels import in_lines, key_beside, name_rows
from .analysis import follow_staircase, staircases
from .curriculum import Curriculum
from .errors import InvalidError, brief
from .history import History
from .network import Network
from .task import Task, as_task
from .trials import Trials

__all__ = ["curriculum", "draw_channels", "task", "words_of"]

#: More channels than these are drawn as a heat map.
MOST_LINES = 8
COUNTED = "#e9eef5"

Labels = Mapping[str, Sequence[str]]


# --- a task ----------------------------------------------------------------------------------------------------------


@of_their_kind
def task(
    task: Union[Task, Trials],
    net: Network,
    trial: int = 0,
    seed: int = 0,
    labels: Optional[Labels] = None,
    ax: Optional[Axes] = None,
) -> Panels:
    """The structure of a trial: inputs; then targets or classes of each output, shaded where they count for the cost.

    Epochs have their names above, and a dotted line where each begins.

    Args:
        task: the task, or trials.
        net: a network with the inputs and outputs of the task, for their names; it is not run.
        trial: number of the test trial, or of the given trials.
        seed: of the test trials.
        labels: names of the channels of inputs and outputs: ``{"choice": ["wait", "left", "right"]}``.
        ax: where to draw.

    Returns:
        The axes, one for each input and each output.
    """
    if trial < 0 or isinstance(task, Trials) and trial >= len(task):
        most = f"0 to {len(task) - 1}" if isinstance(task, Trials) else "at least 0"
        raise InvalidError(f"trial is {trial}, must be {most}")
    if isinstance(task, Trials):
        trials = task
    else:
        trials, trial = as_task(task).trials(net, 1, seed, first=trial), 0
    length = trials.steps if trials.lengths is None else int(trials.lengths[trial])
    inputs = _named(trials._inputs, net.inputs)
    targets, masks = _targets(trials, net), _masks(trials, net)
    axes = panels_of(ax, len(inputs) + len(net.outputs), (5.2, 1.0 + 1.25 * (len(inputs) + len(net.outputs))))
    time = np.arange(length + 1) * net.dt
    for panel, (name, array) in zip(axes, inputs.items()):
        _draw_channels(panel, time, array[:length, trial], name, labels or {}, None)
    for panel, name in zip(axes[len(inputs) :], net.outputs):
        _draw_output(panel, time, name, net.outputs[name], targets.get(name), masks.get(name), trial, labels or {})
    for panel in axes[:-1]:
        panel.tick_params(labelbottom=False)
        panel.sharex(axes[-1])
    axes[-1].set(xlabel="time (ms)", xlim=(0, time[-1]))
    room = _draw_epochs(axes, trials, trial, net.dt, length)
    axes[0].set_title(in_lines(words_of(trials, trial, task), axes[0]), fontsize="medium", color=INK, pad=6 + room)
    return axes


def _draw_epochs(axes: Panels, trials: Trials, trial: int, dt: float, length: int) -> float:
    """Names of the epochs above the first panel, and a line where each begins; returns the height of the names.

    Of a block those of its first part, and where each part ends.
    """
    spans: List[Tuple[str, int, int]] = []
    for name, steps in trials.epochs.items():
        first, end = steps[trial].reshape(-1, 2)[0].tolist()
        spans.append((name, first, end))
    for end in [] if trials.parts is None else np.unique(trials.parts[trial][:-1]):
        for panel in axes:
            panel.axvline(end * dt, color=FAINT, lw=0.9)
    highest = 0.0
    ends: List[int] = []  # where the last name of each row of names ends
    for name, first, end in sorted(spans, key=lambda span: span[1:]):
        if first == end:
            continue
        row = next((row for row, last in enumerate(ends) if last <= first), len(ends))
        ends[row:] = [max(end, first + int(0.017 * length * len(name)))]
        axes[0].annotate(
            name,
            (first * dt, 1.0),
            xytext=(1, 2 + 9 * row),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            fontsize="x-small",
            color="#7f8ea3",
        )
        highest = max(highest, 9.0 * (row + 1))
        for panel in axes if first else []:
            panel.axvline(first * dt, color=FAINT, lw=0.7, ls=":", zorder=0)
    return highest


def _named(arrays: Mapping[Optional[str], Any], sizes: Mapping[str, int]) -> Dict[str, Any]:
    """Arrays by name, also where they were given as one."""
    if None not in arrays:
        return {str(name): array for name, array in arrays.items()}
    starts = np.cumsum([0, *sizes.values()])
    return {name: arrays[None][..., start : start + n] for (name, n), start in zip(sizes.items(), starts)}


def _targets(trials: Trials, net: Network) -> Dict[str, Any]:
    arrays = trials._targets
    classes = arrays.get(None) is not None and arrays[None].ndim == 2
    return {next(iter(net.outputs)): arrays[None]} if classes else _named(arrays, net.outputs) if arrays else {}


def _masks(trials: Trials, net: Network) -> Dict[str, Any]:
    arrays = trials._mask
    if None in arrays and arrays[None].shape[2] == 1:
        return {name: arrays[None] for name in net.outputs}
    return _named(arrays, net.outputs) if arrays else {}


def words_of(trials: Trials, trial: int, task: Any = None) -> str:
    """The conditions of a trial with their units: of a block its first ones, of a signed one the signed alone."""
    known = {name: float(np.ravel(values[trial])[0]) for name, values in trials.conditions.items()}
    words = []
    for name, value in known.items():
        unit = unit_of(name, task, trials.conditions)
        if f"signed_{name}" in known or not np.isfinite(value) or unit == "rad" and value == -1:  # no direction
            continue
        words.append(f"{name.replace('_', ' ')} {number(value)} {unit}".strip().replace(" ", "\N{NO-BREAK SPACE}"))
    return ", ".join(words)


def _names(name: str, n: int, labels: Labels) -> List[str]:
    named = list(labels.get(name, [str(i) for i in range(n)] if n > 1 else [name]))
    if len(named) != n:
        raise InvalidError(f"labels: {brief(name)} has {n} channels, got {len(named)} names")
    return named


def _draw_channels(
    ax: Axes, time: npt.NDArray[Any], values: npt.NDArray[Any], name: str, labels: Labels, mask: Optional[Any]
) -> None:
    """Channels [T, n] as lines, faint where they do not count; many as a heat map."""
    n = values.shape[1]
    ax.set_ylabel(name)
    named = _names(name, n, labels) if n <= MOST_LINES or name in labels else [str(k) for k in range(n)]
    if mask is None or n > MOST_LINES:
        draw_channels(ax, time, dict(zip(named, values.T)))
        return
    for channel, label in enumerate(named):
        line = np.concatenate([values[:1, channel], values[:, channel]])
        colour = CHANNELS[channel % len(CHANNELS)]
        counts = mask[:, min(channel, mask.shape[1] - 1)] > 0
        ax.step(time, line, color=colour, lw=0.9, where="pre", ls=":", alpha=0.7)
        shown = np.where(counts, values[:, channel], np.nan)
        ax.step(time, np.concatenate([shown[:1], shown]), color=colour, lw=2, where="pre", label=label)
    _frame(ax, values)
    _legend(ax)


def draw_channels(ax: Axes, time: npt.NDArray[Any], named: Mapping[str, npt.NDArray[Any]]) -> None:
    """Channels [T] by name as lines with a key; many as a heat map."""
    values = np.stack([np.asarray(each, np.float64) for each in named.values()], axis=1)
    if len(named) > MOST_LINES:
        _draw_heat(ax, time, values)
        return
    for (label, each), colour in zip(named.items(), CHANNELS):
        ax.step(time, np.concatenate([each[:1], each]), color=colour, lw=1.3, where="pre", label=label)
    _frame(ax, values)
    key_beside(ax, handlelength=1.0)


def _frame(ax: Axes, values: npt.NDArray[Any]) -> None:
    shown = np.asarray(values[np.isfinite(values)], np.float64)
    if not len(shown):
        return
    middle, half = (shown.max() + shown.min()) / 2, max(0.62 * float(np.ptp(shown)), 0.25)
    ax.set_ylim(middle - half, middle + half)


def _legend(ax: Axes) -> None:
    """The channels, and what the shade means."""
    handles = [*ax.get_legend_handles_labels()[0], Patch(color=COUNTED, label="counts")]
    key_beside(ax, handles, handlelength=1.0)


def _draw_heat(ax: Axes, time: npt.NDArray[Any], values: npt.NDArray[Any]) -> None:
    both = values.min() < -1e-3 * np.abs(values).max()
    limit = float(np.percentile(np.abs(values), 99.5)) or 1.0
    image = ax.imshow(
        values.T,
        aspect="auto",
        cmap=DIVERGING if both else SEQUENTIAL,
        vmin=-limit if both else 0,
        vmax=limit,
        extent=(time[0], time[-1], values.shape[1] - 0.5, -0.5),
        interpolation="nearest",
    )
    bar_beside(ax, image, "", (1.03, 0.1, 0.03, 0.8))


def _draw_output(
    ax: Axes,
    time: npt.NDArray[Any],
    name: str,
    n: int,
    target: Optional[Any],
    mask: Optional[Any],
    trial: int,
    labels: Labels,
) -> None:
    length = len(time) - 1
    weight = np.ones((length, 1)) if mask is None else np.asarray(mask[:length, trial])
    if target is None:
        ax.set_ylabel(name)
        ax.text(0.5, 0.5, "no targets", transform=ax.transAxes, ha="center", va="center", color=FAINT)
        return
    _shade(ax, time, weight.max(axis=1))
    if target.ndim == 2:
        _draw_classes(ax, time, target[:length, trial], weight.max(axis=1) > 0, _names(name, n, labels))
        ax.set_ylabel(name)
    else:
        _draw_channels(ax, time, target[:length, trial], name, labels, weight)


def _draw_classes(
    ax: Axes, time: npt.NDArray[Any], classes: npt.NDArray[Any], counts: npt.NDArray[np.bool_], names: List[str]
) -> None:
    """A bar for each stretch of the same class, pale where it does not count."""
    for start, end in _stretches(np.stack([classes, counts], axis=1)):
        number = int(classes[start])
        colour = CHANNELS[number % len(CHANNELS)]
        pale = 1.0 if counts[start] else 0.25
        ax.barh(number, time[end] - time[start], left=time[start], height=0.7, color=colour, alpha=pale, lw=0)
    if len(names) <= MOST_LINES:
        name_rows(ax, names, ())
    ax.set_ylim(-0.6, len(names) - 0.4)
    _legend(ax)


def _stretches(rows: npt.NDArray[Any]) -> Iterator[Tuple[int, int]]:
    """(from, to) of each stretch of equal rows."""
    if len(rows) == 0:
        return
    changes = np.flatnonzero(np.any(np.diff(rows, axis=0) != 0, axis=tuple(range(1, rows.ndim)))) + 1
    bounds = [0, *changes.tolist(), len(rows)]
    yield from zip(bounds[:-1], bounds[1:])


def _shade(ax: Axes, time: npt.NDArray[Any], weight: npt.NDArray[Any]) -> None:
    """Marks the steps that count for the cost, the darker the more they do."""
    most = float(weight.max()) or 1.0
    levels = []
    for start, end in _stretches(weight[:, None]):
        if weight[start] > 0:
            levels.append(float(weight[start]))
            ax.axvspan(time[start], time[end], color=COUNTED, alpha=0.35 + 0.65 * weight[start] / most, lw=0, zorder=0)
    if len(set(levels)) > 1:
        for start, end in _stretches(weight[:, None]):
            if weight[start] > 0 and (end - start) * 25 > len(weight):
                middle = (time[start] + time[end]) / 2
                ax.annotate(
                    f"$\\times${weight[start]:g}",
                    (middle, 1),
                    xycoords=("data", "axes fraction"),
                    ha="center",
                    va="bottom",
                    fontsize="x-small",
                    color="#7f8ea3",
                )


# --- a curriculum ----------------------------------------------------------------------------------------------------


@of_their_kind
def curriculum(
    history: History,
    curriculum: Optional[Curriculum] = None,
    task: Optional[Task] = None,
    ax: Optional[Axes] = None,
) -> Panels:
    """The course of a curriculum: performance on test trials over updates, by stage; and below it each staircase.

    Args:
        history: of a trainer with a curriculum, from its first update on: ``trainer.history``.
        curriculum: the curriculum, for names, criteria (dashed) and staircases of the stages.
        task: for the units of parameters.
        ax: where to draw.

    Returns:
        The axes: performance, then one for each parameter that a staircase moved.
    """
    if not len(history) or history.stage.min() < 0:
        raise InvalidError("history: it has no stages: train with a curriculum")
    known = curriculum.stages if curriculum is not None else []
    parameters = list(dict.fromkeys(name for stage in known for name in staircases(stage)))
    rows = 1 + len(parameters)
    axes = panels_of(ax, rows, (5.2, 2.6 + 1.1 * len(parameters)), ratios=[2.4, *[1.0] * len(parameters)])
    bands = list(_stretches(history.stage[:, None]))
    for row, panel in enumerate(axes):
        _draw_stages(panel, history, bands, known, named=row == 0)
    axes[0].plot(history.performance_step, history.performance, ".-", color=INK, lw=1.2, ms=4, zorder=3)
    low = min(0.4, float(np.min(history.performance, initial=1.0)))
    axes[0].set(ylabel="fraction correct", ylim=(low - 0.02, 1.02))
    for panel, name in zip(axes[1:], parameters):
        _draw_staircases(panel, history, bands, known, name)
        panel.set_ylabel(with_unit(name, task))
    for panel in axes[:-1]:
        panel.tick_params(labelbottom=False)
        panel.sharex(axes[-1])
    axes[-1].set(xlabel="updates", xlim=(history.step[0] - 1, history.step[-1]))
    return axes


def _draw_stages(ax: Axes, history: History, bands: Any, known: Sequence[Any], named: bool) -> None:
    total = len(history)
    for start, end in bands:
        stage = int(history.stage[start])
        x = history.step[start] - 1, history.step[end - 1]
        ax.axvspan(*x, color=("#f4f1ea", "#e3e9f1")[stage % 2], lw=0, zorder=0)
        if not named:
            continue
        name = known[stage].name if stage < len(known) else f"stage {stage}"
        narrow = (end - start) < 0.013 * total * (len(name) + 1)
        ax.annotate(
            name,
            (sum(x) / 2, 1.0),
            xytext=(0, 4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="left" if narrow else "center",
            va="bottom",
            rotation=40 if narrow else 0,
            fontsize="small",
            color=INK,
        )
        if stage < len(known):
            ax.plot(x, [known[stage].criterion] * 2, ls="--", color="#8a6d3b", lw=1.1, zorder=2)
    if named and known:
        ax.legend(
            handles=[Line2D([], [], color="#8a6d3b", ls="--", lw=1.1, label="criterion")],
            frameon=False,
            fontsize="small",
            loc="lower right",
            handlelength=1.8,
        )


def _draw_staircases(ax: Axes, history: History, bands: Any, known: Sequence[Any], name: str) -> None:
    """The value during each stretch between evaluations, followed by the same rule as in training."""
    for start, end in bands:
        stage = int(history.stage[start])
        rule = staircases(known[stage]).get(name) if stage < len(known) else None
        if rule is None:
            continue
        first, last = history.step[start], history.step[end - 1]
        here = (history.performance_step >= first) & (history.performance_step <= last)
        values = follow_staircase(rule, history.performance[here])
        edges = [first - 1, *history.performance_step[here], last]
        ax.stairs(values, edges, baseline=None, color=CHANNELS[1], lw=1.8)
        ax.axhline(rule.hardest, color=FAINT, lw=0.8, ls=":", zorder=1)
        ax.margins(y=0.15)
