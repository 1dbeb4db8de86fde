"""Pictures of activity by condition: responses of units, trajectories of the population."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ._draw import (
    INK,
    SEQUENTIAL,
    Panels,
    averaged,
    axes_of,
    bar_beside,
    chosen,
    colours,
    condition_colours,
    drawn,
    number,
    panels_of,
    with_unit,
)
from ._handle import Names
from ._kinds import of_their_kind
from ._labels import draw_borders, key_beside, name_ticks
from ._plot_space import axes_in_space, frame_in_space
from ._room import length_of
from ._windows import labels_of
from .analysis import PCA, condition_means, pca
from .errors import InvalidError, brief
from .evaluation import Where, signed_condition
from .run import Run
from .task import Task

__all__ = ["responses", "trajectories"]

#: More conditions than these have no legend of their own but a few of them.
MOST_NAMED = 12

Unit = Tuple[str, int]


def _condition(run: Run, condition: Optional[str]) -> str:
    if run.trials is None or not run.trials.conditions:
        raise InvalidError("run: it must be one of trials that have conditions: net.run(task.trials(net, 200))")
    return condition or signed_condition(run.trials.conditions)


def _key(ax: Axes, values: npt.NDArray[Any], title: str, **where: Any) -> None:
    """Which colour is which value."""
    palette = condition_colours(values)
    shown = range(len(values)) if len(values) <= MOST_NAMED else np.linspace(0, len(values) - 1, MOST_NAMED).astype(int)
    handles = [Line2D([], [], color=palette[i], lw=2, label=_word(values, values[i])) for i in reversed(shown)]
    key_beside(ax, handles, title, **where)


def _word(values: npt.NDArray[Any], value: float) -> str:
    """A value, with its sign where there are both."""
    return f"+{number(value)}" if value > 0 and np.any(values < 0) else number(value).replace("-", "\N{MINUS SIGN}")


def _narrow(label: str) -> str:
    """A label of several words as lines: the words of a name, then its unit."""
    return label.replace(" ", "\n")


# --- units -----------------------------------------------------------------------------------------------------------


@of_their_kind
def responses(
    run: Run,
    condition: Optional[str] = None,
    units: Union[int, Sequence[Unit]] = 6,
    names: Names = "*",
    kind: str = "lines",
    where: Optional[Where] = None,
    task: Optional[Task] = None,
    ax: Optional[Axes] = None,
) -> Panels:
    """Activity of units by condition: means over the trials of each value.

    Args:
        run: a run of trials, a few dozen for each value.
        condition: default: the first condition with values of both signs, or else the first.
        units: number of units, those whose mean rates differ most between the values; or a list of units:
            ``[("E", 3), ("I", 0)]``. "heat" shows all units of ``names``.
        names: of which populations; shell patterns.
        kind: "lines", one panel per unit; or "heat", one panel per value, with all units sorted by their preferred
            value and the time of their activity; more than 1000 are drawn
            as the means of 500 parts.
        where: of which trials: ``{"context": 1}``.
        task: for the unit of the condition.
        ax: where to draw.
    """
    if kind not in ("lines", "heat"):
        raise InvalidError(f"kind: expected 'lines' or 'heat', got {brief(kind)}")
    name = _condition(run, condition)
    values, means = condition_means(run, name, names, where)
    whole = np.isfinite(means).all(axis=(0, 2))
    time = np.concatenate([[0.0], run.time])[: int(whole.sum()) + 1]
    means = means[:, whole]
    if len(time) < 2:
        raise InvalidError("run: at no step do trials of every value go on")
    sizes = {key: len(run.units[key]) for key in chosen(run.net, names) if key in run.rates}
    assert run.trials is not None
    label = with_unit(name, task, run.trials.conditions)
    if kind == "heat":
        return _draw_heat(run, values, means, time, sizes, label, ax)
    labels = [(key, unit) for key in sizes for unit in run.units[key].tolist()]
    picked = _pick(means, units, labels)
    return _draw_units(run, values, means[:, :, picked], time, [labels[i] for i in picked], label, ax)


def _pick(means: npt.NDArray[Any], units: Union[int, Sequence[Unit]], labels: List[Unit]) -> List[int]:
    if isinstance(units, int):
        if units < 1:
            raise InvalidError(f"units is {units}, must be at least 1")
        selective = means.var(axis=0).mean(axis=0)  # over conditions, then time
        return sorted(np.argsort(-selective, kind="stable")[:units].tolist())
    missing = [unit for unit in units if tuple(unit) not in labels]
    if missing or not units:
        raise InvalidError(f"units: there is no unit {missing[0]}" if missing else "units: none was given")
    return [labels.index((unit[0], unit[1])) for unit in units]


def _draw_units(
    run: Run,
    values: npt.NDArray[Any],
    means: npt.NDArray[Any],
    time: npt.NDArray[Any],
    units: List[Unit],
    label: str,
    ax: Optional[Axes],
) -> Panels:
    columns = min(3, len(units))
    rows = -(-len(units) // columns)
    *axes, key = panels_of(ax, rows, (2.0 * columns + 1.2, 1.6 * rows + 0.4), columns=columns, key=True)
    _key(key, values, _narrow(label), loc="center left", bbox_to_anchor=(0.0, 0.5))
    names, palette = colours(run.net), condition_colours(values)
    for panel, (population, index), rates in zip(axes, units, np.moveaxis(means, 2, 0)):
        for mean, colour in zip(rates, palette):
            panel.plot(time[1:], mean, color=colour, lw=1.3)
        panel.set_title(f"{population} {index}", fontsize="small", color=names[population], fontweight="bold", pad=3)
        panel.set_ylim(bottom=min(0.0, float(rates.min())))
        panel.set_xlim(0, time[-1])
    for place, panel in enumerate(axes):
        panel.set_visible(place < len(units))
        if place + columns < len(units):
            panel.tick_params(labelbottom=False)
        else:
            panel.set_xlabel("time (ms)")
        if place % columns == 0:
            panel.set_ylabel("rate (a.u.)")
    return np.array(axes[: len(units)])


def _draw_heat(
    run: Run,
    values: npt.NDArray[Any],
    means: npt.NDArray[Any],
    time: npt.NDArray[Any],
    sizes: Dict[str, int],
    label: str,
    ax: Optional[Axes],
) -> Panels:
    if len(values) > MOST_NAMED:
        raise InvalidError(f"condition: {len(values)} values, a heat map takes at most {MOST_NAMED}: take kind='lines'")
    axes = panels_of(ax, 1, (1.2 + 1.25 * len(values), 3.6), columns=len(values))
    order = np.concatenate([_order(means[:, :, part]) + part.start for part in _slices(sizes)])
    high = float(np.percentile(means, 99.5)) or 1.0
    for panel, value, rates in zip(axes, values, means):
        image = panel.imshow(
            averaged(rates.T[order]),
            aspect="auto",
            cmap=SEQUENTIAL,
            vmin=min(0.0, float(means.min())),
            vmax=high,
            extent=(0, time[-1], len(order) - 0.5, -0.5),
            interpolation="nearest",
        )
        draw_borders(panel, sizes, "y")
        panel.set_title(_word(values, value), fontsize=min(8.3, 60 / len(values) + 1), color=INK)
        panel.set_xticks([0, _round(0.95 * time[-1])] if length_of(panel, "x") > 40 else [_round(0.95 * time[-1])])
        panel.tick_params(axis="x", labelsize="small")
        if panel is not axes[0]:
            panel.tick_params(labelleft=False, left=False)
            panel.set_xticklabels([])
    name_ticks(axes[0], run.net, sizes, "y")
    axes[0].set(xlabel="time (ms)", ylabel="units")
    bar_beside(axes[-1], image, "mean rate (a.u.)", (1.08, 0.1, 0.1, 0.8))
    place: Any = {"xy": (0, 1), "xytext": (0, 19), "xycoords": "axes fraction", "textcoords": "offset points"}
    axes[0].annotate(label, color=INK, **place).set_in_layout(False)  # it goes on above the other panels
    axes[0].annotate(" ", **place)  # keeps its height free
    return axes


def _round(value: float) -> float:
    """The largest number of one digit that is not above a value."""
    unit = 10.0 ** np.floor(np.log10(value))
    return float(np.floor(value / unit) * unit)


def _slices(sizes: Dict[str, int]) -> List[slice]:
    ends = np.cumsum(list(sizes.values()))
    return [slice(int(end) - n, int(end)) for end, n in zip(ends, sizes.values())]


def _order(means: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Units by the half of the values that they prefer, then by when they are active; silent ones last."""
    half = means.shape[0] // 2
    lead = means[-half:].mean(axis=(0, 1)) - means[:half].mean(axis=(0, 1)) if half else np.zeros(means.shape[2])
    active = np.maximum(means, 0).sum(axis=0)
    middle = np.arange(len(active)) @ active / np.maximum(active.sum(axis=0), 1e-9)
    silent = active.sum(axis=0) < 0.01 * active.sum(axis=0).max()
    return np.lexsort((middle, lead > 0, silent))


# --- the population --------------------------------------------------------------------------------------------------


@of_their_kind
def trajectories(
    run: Union[Run, PCA],
    condition: Optional[str] = None,
    names: Names = "*",
    dimensions: int = 3,
    where: Optional[Where] = None,
    task: Optional[Task] = None,
    ax: Optional[Axes] = None,
) -> Panels:
    """Trajectories of the population along its principal components, one for each value of a condition.

    They begin at the open circle and end at the filled ones. Axis labels give the variance explained by each component.

    Args:
        run: a run of trials; or the result of :func:`neuroai.pca`.
        condition: default: the first condition with values of both signs, or else the first.
        names: of which populations; shell patterns.
        dimensions: 2 or 3.
        where: of which trials: ``{"context": 1}``.
        task: for the unit of the condition.
        ax: where to draw; for 3 dimensions, axes without ``projection="3d"`` are replaced.
    """
    if dimensions not in (2, 3):
        raise InvalidError(f"dimensions is {dimensions}, must be 2 or 3")
    units = dimensions if isinstance(run, PCA) else len(labels_of(run, names))
    found = run if isinstance(run, PCA) else pca(run, condition, names, min(dimensions, units), where)
    if len(found.explained) < dimensions:
        raise InvalidError(f"dimensions is {dimensions}, but there are {len(found.explained)} components")
    ax = axes_in_space(ax) if dimensions == 3 else axes_of(ax, (4.6, 3.6))
    drawing: Any = ax
    for line, colour in zip(found.trajectories[..., :dimensions], condition_colours(found.values)):
        kept = line[np.isfinite(line).all(axis=1)]
        drawing.plot(*kept.T, color=colour, lw=1.6, solid_capstyle="round")
        drawing.plot(*kept[-1:].T, "o", color=colour, ms=5, mec="white", mew=0.6, zorder=4)
        drawing.plot(*kept[:1].T, "o", color="white", ms=5, mec=INK, mew=1.0, zorder=5)
    labels = [f"PC {k + 1} ({100 * share:.0f} %)" for k, share in enumerate(found.explained)]
    ax.set(xlabel=labels[0], ylabel=labels[1])
    if dimensions == 3:
        frame_in_space(drawing, labels[2])
        drawing.set_box_aspect(None, zoom=0.95)
        for one in (drawing.xaxis, drawing.yaxis, drawing.zaxis):
            one.set_ticklabels([])
            one.labelpad = -9
    conditions = run.trials.conditions if isinstance(run, Run) and run.trials is not None else None
    label = with_unit(found.condition, task, conditions)
    if found.unit and not label.endswith(")"):
        label += f" ({found.unit})"
    _key(ax, found.values, _narrow(label), bbox_to_anchor=(1.05 if dimensions == 3 else 1.0, 0.5))
    return drawn(ax)
