"""What all pictures share: colours, axes, labels. Excitation is red and inhibition blue, everywhere."""

from __future__ import annotations

from itertools import cycle
from typing import Any, Container, Dict, Iterator, List, Optional, Sequence, Tuple

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from ._handle import Names, joined, picked
from .errors import InvalidError, brief
from .network import Network

__all__ = [
    "CHANNELS",
    "DIVERGING",
    "EXCITATORY",
    "FAINT",
    "FREE",
    "INHIBITORY",
    "INK",
    "SEQUENTIAL",
    "among",
    "axes_of",
    "chosen",
    "colours",
    "condition_colours",
    "cycle",
    "panels_of",
    "pairs_among",
    "spread",
    "unit_of",
    "with_unit",
]

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


def condition_colours(values: npt.ArrayLike) -> List[Any]:
    """A colour for each value of a condition: orange below 0, grey at 0, purple above; of one sign, light to dark."""
    levels = np.asarray(values, np.float64)
    rank = np.searchsorted(np.unique(np.abs(levels)), np.abs(levels)) + 1.0
    strength = rank / rank.max()
    if np.any(levels < 0) and np.any(levels > 0):
        places = 0.5 + np.sign(levels) * (0.14 + 0.34 * strength)
        return ["#8a8a8a" if level == 0 else plt.get_cmap("PuOr")(place) for level, place in zip(levels, places)]
    few = np.linspace(0.78, 0.05, len(levels)) if len(levels) > 1 else [0.2]
    return [plt.get_cmap("viridis")(place) for place in few]


def spread(ax: Axes, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Where to draw values of at least 0 on the x axis; sets the ticks.

    By their logarithm, which suits doubling steps, with 0 at the left; as they are when they are many or lie close.
    """
    levels = np.unique(values)
    above = levels[levels > 0]
    if len(levels) > 12 or len(above) < 3 or above[-1] < 5 * above[0] or levels[0] < 0:
        return np.asarray(values, np.float64)
    places = np.log2(above)
    left = places[0] - float(np.mean(np.diff(places)))
    with np.errstate(divide="ignore"):
        found = np.where(values > 0, np.log2(values), left)
    ticks = places if len(above) == len(levels) else np.concatenate([[left], places])
    ax.set_xticks(ticks, [f"{level:g}" for level in levels])
    return np.asarray(found, np.float64)


def unit_of(condition: str, task: Any) -> str:
    """The unit of a condition, where a task of the library knows it, or nothing."""
    known = getattr(task, "parameters", {})
    parameter = known.get(condition, known.get(condition.replace("signed_", "")))
    return parameter.unit if parameter is not None and parameter.unit != "1" else ""


def with_unit(condition: str, task: Any) -> str:
    """A condition as a label, with its unit where a task of the library knows it."""
    unit = unit_of(condition, task)
    return condition.replace("_", " ") + (f" ({unit})" if unit else "")


def axes_of(ax: Optional[Axes], size: Tuple[float, float]) -> Axes:
    """The axes to draw in: those given, or those of a new figure; without the upper and the right line."""
    if ax is None:
        ax = plt.figure(figsize=size, layout="constrained").add_subplot()
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def panels_of(
    ax: Optional[Axes],
    rows: int,
    size: Tuple[float, float],
    ratios: Optional[Sequence[float]] = None,
    columns: int = 1,
    widths: Optional[Sequence[float]] = None,
) -> "npt.NDArray[Any]":
    """Panels one above the other (and side by side), in a new figure or in the place of ``ax``; row by row."""
    figure: Any
    grid: Any
    if ax is None:
        figure = plt.figure(figsize=size, layout="constrained")
        grid = figure.add_gridspec(rows, columns, height_ratios=ratios, width_ratios=widths)
    else:
        figure = ax.figure
        place = getattr(ax, "get_subplotspec", lambda: None)()  # free axes of old versions of matplotlib have none
        if place is None:
            box = ax.get_position()
            where = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
            grid = figure.add_gridspec(rows, columns, height_ratios=ratios, width_ratios=widths, **where)
        else:
            grid = place.subgridspec(rows, columns, height_ratios=ratios, width_ratios=widths)
        ax.remove()
    return np.array(
        [axes_of(figure.add_subplot(grid[row // columns, row % columns]), size) for row in range(rows * columns)]
    )


def chosen(net: Network, names: Names) -> Dict[str, int]:
    """Sizes of the populations that names or patterns choose, in the order of the network."""
    entries = joined(names).split()
    for entry in entries or [""]:
        if not picked([entry], net.populations):
            raise InvalidError(f"names: no population is called {brief(entry)}")
    return picked(entries, net.populations)


def pairs_among(net: Network, names: Container[str]) -> List[Tuple[str, str]]:
    """Pairs of these populations, (from, to), that are connected, onto whatever port."""
    return list(dict.fromkeys((source, target) for source, target, _ in among(net, names)))


def among(net: Network, names: Container[str]) -> Iterator[Tuple[str, str, Tuple[str, str]]]:
    """Projections among these populations, onto whatever port: (from, to), by name, and its two ends."""
    for ends in net.projections:
        source, target = (end.partition(":")[0] for end in ends)
        if source in names and target in names:
            yield source, target, ends
