"""What all pictures share: colours, axes and their room, labels. Excitation is red and inhibition blue, everywhere."""

from __future__ import annotations

from itertools import cycle
from typing import Any, Container, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.ticker import MaxNLocator

from ._handle import Names, joined, picked, positive
from ._kinds import of_their_kind
from ._room import arrange, layout, length_of
from .errors import InvalidError, brief
from .network import Network

__all__ = [
    "BY_SIGN",
    "CHANNELS",
    "DIVERGING",
    "EXCITATORY",
    "FAINT",
    "FREE",
    "INHIBITORY",
    "INK",
    "Panels",
    "SEQUENTIAL",
    "among",
    "averaged",
    "axes_of",
    "bar_beside",
    "channel_style",
    "chosen",
    "colours",
    "condition_colours",
    "cycle",
    "drawn",
    "limit_of",
    "note",
    "note_not_finite",
    "number",
    "panels_of",
    "pairs_among",
    "spread",
    "unit_of",
    "with_unit",
]

INK = "#333333"
FAINT = "#b8b8b8"
#: Shades of red, of blue, and of neither, the one of a lone population first. All can be read as text on white.
EXCITATORY = ["#c43c39", "#7f1d1d", "#de6650", "#a3324f"]
INHIBITORY = ["#2c6fbb", "#16375f", "#4492d4", "#4a55b0"]
FREE = ["#5a5a5a", "#8c6d31", "#4d7f4d", "#9a6fa0"]
#: Colour of all populations of one sign together.
BY_SIGN = {+1: EXCITATORY[0], -1: INHIBITORY[0], 0: FREE[0]}
#: Of channels, rules, conditions without an order: those of Okabe & Ito (2008), which the colour-blind tell apart.
CHANNELS = ["#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#D55E00", "#0072B2", "#000000", "#F0E442"]

#: Beyond so many channels colours come again, with other markers and lines.
MARKERS, LINES = "os^D", ("-", "--", ":", "-.")

#: The axes that a picture was drawn in, [n].
Panels = npt.NDArray[Any]

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


@of_their_kind
def colours(net: Network) -> Dict[str, str]:
    """A colour for each population: reds for excitatory ones, blues for inhibitory ones, greys for free ones."""
    signs = {name: net.sign(name) for name in net.populations}
    palettes = {+1: EXCITATORY, -1: INHIBITORY, 0: FREE}
    left = {sign: _shades(palette, list(signs.values()).count(sign)) for sign, palette in palettes.items()}
    return {name: left[sign].pop(0) for name, sign in signs.items()}


def _shades(palette: Sequence[str], n: int) -> List[str]:
    """So many colours of a palette; of more than it has, shades between them, from dark to light."""
    if n <= len(palette):
        return list(palette[:n])
    ordered = sorted(palette, key=lambda colour: sum(LUMINANCE * np.array(_rgb(colour))))
    between = LinearSegmentedColormap.from_list("neuroai_shades", ordered)
    order = np.argsort(np.arange(n) * 0.618 % 1)  # neighbours differ
    return [to_hex(between(place / (n - 1))) for place in order]


#: Of red, green and blue.
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def _rgb(colour: str) -> Tuple[float, ...]:
    return tuple(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))


def channel_style(k: int) -> Dict[str, Any]:
    """Colour, marker and line of a curve that is one of several."""
    again = k // len(CHANNELS) % len(MARKERS)
    return {"color": CHANNELS[k % len(CHANNELS)], "marker": MARKERS[again], "ls": LINES[again]}


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
    words = [number(level) for level in levels]
    kept = _apart(ticks, [6.0 * len(word) + 4 for word in words], length_of(ax, "x") * 0.8)
    ax.set_xticks(ticks[kept], [words[k] for k in kept])
    ax.set_xticks(np.delete(ticks, kept), minor=True)
    return np.asarray(found, np.float64)


def _apart(places: npt.NDArray[Any], widths: Sequence[float], length: float) -> List[int]:
    """Which words, in points wide, have room at their places along an axis of this length; the last one has."""
    scale = 0.9 * length / max(1e-12, float(np.ptp(places)))
    kept = [len(places) - 1]
    for k in range(len(places) - 2, -1, -1):
        if (places[kept[-1]] - places[k]) * scale >= (widths[k] + widths[kept[-1]]) / 2:
            kept.append(k)
    return kept[::-1]


def note_not_finite(ax: Axes, time: npt.NDArray[Any], rows: npt.NDArray[Any]) -> None:
    """Says from when on rows [T, ...] are not finite, if they are not: they are not drawn then."""
    good = np.isfinite(rows).reshape(len(rows), -1).all(axis=1)
    if not good.all():
        note(ax, f"not finite from {time[int(good.argmin())]:g} ms on")


def note(ax: Axes, words: str) -> None:
    """Says in the middle of a panel why there is nothing, or less than there should be."""
    box: Any = {"fc": "white", "ec": "none", "alpha": 0.85, "pad": 2}
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", color=EXCITATORY[0], bbox=box, fontsize="small")


def number(value: float) -> str:
    """A value with as many digits as tell conditions apart: 51.2, 0.017, 3.14."""
    return f"{0.0 if abs(value) < 1e-12 else float(f'{value:.3g}'):g}" if abs(value) < 1000 else f"{value:.6g}"


def unit_of(condition: str, task: Any, conditions: Optional[Mapping[str, Any]] = None) -> str:
    """The unit of a condition: that of the task, if one is given; or of the task that these conditions are from."""
    known: Dict[str, str] = getattr(task, "units", {}) or getattr(conditions, "units", {})
    unit = known.get(condition, "")
    return unit


def with_unit(condition: str, task: Any, conditions: Optional[Mapping[str, Any]] = None) -> str:
    """A condition as a label, with its unit where it is known."""
    unit = unit_of(condition, task, conditions)
    return condition.replace("_", " ") + (f" ({unit})" if unit else "")


def averaged(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rows of an image; of more than 1000 the means of 500 parts, as an image would show one of those that share a pixel."""
    n = len(rows)
    if n <= 1000:
        return rows
    starts = np.arange(500) * n // 500
    many = np.diff(np.append(starts, n))
    found: npt.NDArray[Any] = np.add.reduceat(np.asarray(rows, np.float64), starts, axis=0) / many[:, None]
    return found


def axes_of(ax: Optional[Axes], size: Tuple[float, float]) -> Axes:
    """The axes to draw in: those given, or those of a new figure; without the upper and the right line."""
    if ax is None:
        ax = plt.figure(figsize=size, layout=layout()).add_subplot()
    else:
        arrange(ax)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def limit_of(limit: Optional[float]) -> Optional[float]:
    """The value of the darkest colour, where it is given."""
    return None if limit is None else positive("limit", limit)


def drawn(ax: Axes) -> Panels:
    """What a picture of one panel returns, as all do: an array of axes."""
    found = np.empty(1, object)
    found[0] = ax
    return found


Place = Tuple[float, float, float, float]


def bar_beside(
    ax: Axes, image: Any, label: str = "", place: Place = (1.03, 0.0, 0.04, 1.0), **more: Any
) -> Any:
    """The scale of colours right of the axes, as high as these are drawn, whatever their shape."""
    figure: Any = ax.figure
    bar = figure.colorbar(image, cax=ax.inset_axes(place), **more)
    most = int(np.clip(place[3] * length_of(ax, "y") / 45, 1, 4))
    bar.locator = MaxNLocator(most)  # as many in each size, else numbers of other widths would not let a layout settle
    bar.set_label(label)
    bar.outline.set_visible(False)
    return bar


def panels_of(
    ax: Optional[Axes],
    rows: int,
    size: Tuple[float, float],
    ratios: Optional[Sequence[float]] = None,
    columns: int = 1,
    key: bool = False,
) -> Panels:
    """Panels one above the other (and side by side), in a new figure or in the place of ``ax``; row by row.

    ``key``: the last of them is narrow, without axes, right of all rows, for a legend.
    """
    figure: Any
    places: List[Any] = [(k // columns, k % columns) for k in range(rows * columns)]
    if key:
        places, columns = [*places, (slice(None), columns)], columns + 1
    laid_out = ax is None or getattr(ax, "get_subplotspec", lambda: None)() is not None
    widths = [1.0] * (columns - 1) + [0.01 if laid_out else 0.6] if key else None
    shape: Any = {"height_ratios": ratios, "width_ratios": widths}
    if ax is None:
        figure = plt.figure(figsize=size, layout=layout())
        grid = figure.add_gridspec(rows, columns, **shape)
        return _without_frame([figure.add_subplot(grid[place]) for place in places], key)
    arrange(ax)
    figure = ax.figure
    within = getattr(ax, "get_subplotspec", lambda: None)()  # free axes of old versions of matplotlib have none
    box = ax.get_position()
    ax.remove()
    if within is not None:
        grid = within.subgridspec(rows, columns, **shape)
        return _without_frame([figure.add_subplot(grid[place]) for place in places], key)
    edges = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
    free = figure.add_gridspec(rows, columns, **shape, **edges)  # no layout may move these, so that none is to see it
    return _without_frame([figure.add_axes(free[place].get_position(figure).bounds) for place in places], key)


def _without_frame(panels: Sequence[Axes], key: bool) -> Panels:
    found = np.empty(len(panels), object)
    for k, panel in enumerate(panels):
        panel.spines[["top", "right"]].set_visible(False)
        found[k] = panel
    if key:
        panels[-1].axis("off")
    return found


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
