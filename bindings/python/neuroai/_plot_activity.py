"""Pictures of activity by condition: responses of units, trajectories of the population."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ._draw import INK, SEQUENTIAL, axes_of, chosen, colours, condition_colours, panels_of, with_unit
from ._handle import Names
from ._labels import draw_borders, name_ticks
from ._plot_space import _axes_3d
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


def _key(ax: Axes, values: npt.NDArray[Any], title: str, apart: bool = False, **where: Any) -> None:
    """Which colour is which value; ``apart``: it takes no room from the panels."""
    palette = condition_colours(values)
    sign = "+" if np.any(values < 0) else ""
    shown = range(len(values)) if len(values) <= MOST_NAMED else np.linspace(0, len(values) - 1, MOST_NAMED).astype(int)
    handles = [
        Line2D([], [], color=palette[i], lw=2, label=f"{values[i]:{sign}g}" if values[i] else "0")
        for i in reversed(shown)
    ]
    ax.legend(
        handles=handles,
        title=title,
        frameon=False,
        fontsize="small",
        title_fontsize="small",
        handlelength=1.2,
        labelspacing=0.25,
        alignment="left",
        **where,
    ).set_in_layout(not apart)


# --- units -----------------------------------------------------------------------------------------------------------


def responses(
    run: Run,
    condition: Optional[str] = None,
    units: Union[int, Sequence[Unit]] = 6,
    names: Names = "*",
    kind: str = "lines",
    where: Optional[Where] = None,
    task: Optional[Task] = None,
    ax: Optional[Axes] = None,
) -> "npt.NDArray[Any]":
    """Activity of units by condition: means over the trials of each value.

    Args:
        run: a run of trials, a few dozen for each value.
        condition: default: the first condition with values of both signs, or else the first.
        units: number of units, those whose mean rates differ most between the values; or a list of units:
            ``[("E", 3), ("I", 0)]``. "heat" shows all units of ``names``.
        names: of which populations; shell patterns.
        kind: "lines", one panel per unit; or "heat", one panel per value, with all units sorted by their preferred
            value and the time of their activity.
        where: of which trials: ``{"context": 1}``.
        task: for the unit of the condition.
        ax: where to draw.

    Returns:
        The axes.
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
    sizes = {key: n for key, n in chosen(run.net, names).items() if key in run.rates}
    if kind == "heat":
        return _draw_heat(run, values, means, time, sizes, with_unit(name, task), ax)
    labels = [(key, index) for key, n in sizes.items() for index in range(n)]
    picked = _pick(means, units, labels)
    return _draw_units(run, values, means[:, :, picked], time, [labels[i] for i in picked], with_unit(name, task), ax)


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
) -> "npt.NDArray[Any]":
    columns = min(3, len(units))
    rows = -(-len(units) // columns)
    widths = [1.0] * columns + [0.65]
    grid = panels_of(ax, rows, (2.0 * columns + 1.2, 1.6 * rows + 0.4), columns=columns + 1, widths=widths)
    for panel in grid[columns :: columns + 1]:
        panel.axis("off")
    _key(grid[columns], values, label.replace(" ", "\n"), loc="upper left", bbox_to_anchor=(-0.15, 1.05), apart=True)
    axes = grid.reshape(rows, columns + 1)[:, :columns].ravel()
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
            panel.set_ylabel("rate")
    return axes[: len(units)]


def _draw_heat(
    run: Run,
    values: npt.NDArray[Any],
    means: npt.NDArray[Any],
    time: npt.NDArray[Any],
    sizes: Dict[str, int],
    label: str,
    ax: Optional[Axes],
) -> "npt.NDArray[Any]":
    if len(values) > MOST_NAMED:
        raise InvalidError(f"condition: {len(values)} values, a heat map takes at most {MOST_NAMED}: take kind='lines'")
    axes = panels_of(ax, 1, (1.2 + 1.25 * len(values), 3.6), columns=len(values))
    order = np.concatenate([_order(means[:, :, part]) + part.start for part in _slices(sizes)])
    high = float(np.percentile(means, 99.5)) or 1.0
    for panel, value, rates in zip(axes, values, means):
        image = panel.imshow(
            rates.T[order],
            aspect="auto",
            cmap=SEQUENTIAL,
            vmin=min(0.0, float(means.min())),
            vmax=high,
            extent=(0, time[-1], len(order) - 0.5, -0.5),
            interpolation="nearest",
        )
        draw_borders(panel, sizes, "y")
        word = f"{value:+g}" if value and values.min() < 0 else f"{value:g}"
        panel.set_title(f"\n{word}", fontsize="small", color=INK)  # the first line is that of the label
        panel.set_xticks([0, _round(0.95 * time[-1])])
        panel.tick_params(axis="x", labelsize="small")
        if panel is not axes[0]:
            panel.tick_params(labelleft=False, left=False)
            panel.set_xticklabels([])
    name_ticks(axes[0], run.net, sizes, "y")
    axes[0].set(xlabel="time (ms)", ylabel="units")
    bar = axes[-1].figure.colorbar(image, cax=axes[-1].inset_axes((1.08, 0.1, 0.08, 0.8)))
    bar.set_label("mean rate")
    bar.outline.set_visible(False)
    place: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center"}
    axes[len(axes) // 2].annotate(label, (0.5, 1), xytext=(0, 19), color=INK, **place).set_in_layout(False)
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


def trajectories(
    run: Union[Run, PCA],
    condition: Optional[str] = None,
    names: Names = "*",
    dimensions: int = 3,
    where: Optional[Where] = None,
    task: Optional[Task] = None,
    ax: Optional[Axes] = None,
) -> Axes:
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
    found = run if isinstance(run, PCA) else pca(run, condition, names, dimensions, where)
    if len(found.explained) < dimensions:
        raise InvalidError(f"dimensions is {dimensions}, but there are {len(found.explained)} components")
    ax = _axes_3d(ax) if dimensions == 3 else axes_of(ax, (4.6, 3.6))
    drawing: Any = ax
    for line, colour in zip(found.trajectories[..., :dimensions], condition_colours(found.values)):
        kept = line[np.isfinite(line).all(axis=1)]
        drawing.plot(*kept.T, color=colour, lw=1.6, solid_capstyle="round")
        drawing.plot(*kept[-1:].T, "o", color=colour, ms=5, mec="white", mew=0.6, zorder=4)
        drawing.plot(*kept[:1].T, "o", color="white", ms=5, mec=INK, mew=1.0, zorder=5)
    labels = [f"PC {k + 1} ({100 * share:.0f} %)" for k, share in enumerate(found.explained)]
    ax.set(xlabel=labels[0], ylabel=labels[1])
    if dimensions == 3:
        _frame(drawing, labels[2])
    where_key: Dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.1 if dimensions == 3 else 1.0, 0.5)}
    _key(ax, found.values, with_unit(found.condition, task).replace(" (", "\n("), **where_key)
    return ax


def _frame(ax: Any, label: str) -> None:
    ax.set_zlabel(label, labelpad=-10)
    ax.xaxis.labelpad = ax.yaxis.labelpad = -10
    ax.set_box_aspect(None, zoom=1.05)
    ax.view_init(elev=22, azim=-60)
    for one in (ax.xaxis, ax.yaxis, ax.zaxis):
        one.set_pane_color((0.965, 0.965, 0.965, 1))
        one._axinfo["grid"].update(color="#e2e2e2", linewidth=0.5)
        one.set_ticklabels([])
