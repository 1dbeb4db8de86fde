"""Names beside pictures, of which none lies on another: of populations along a matrix, of lines at their ends."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform

from ._draw import INK, colours
from .network import Network

Doubles = npt.NDArray[np.float64]

__all__ = ["apart", "draw_borders", "label_ends", "name_ticks"]

#: Height of a line of text over its font size; the smallest font, in points.
_LINE, _SMALLEST = 1.2, 5.0
#: Between the axes and names, in points: where names are beside what they name, and where lines lead there.
_CLOSE, _FAR = 3.5, 13.0


def apart(
    places: Sequence[float], room: Union[float, npt.ArrayLike], low: float = 0.0, high: float = 1.0
) -> npt.NDArray[np.float64]:
    """Places that leave ``room`` for each, in the same order, by the least sum of squared moves.

    They are within ``low`` and ``high`` if they fit.
    """
    order = np.argsort(places, kind="stable")
    wide = np.broadcast_to(np.asarray(room, np.float64), (len(order),))[order]
    ahead = np.concatenate([[0.0], np.cumsum((wide[:-1] + wide[1:]) / 2)])[: len(order)]
    blocks: List[List[float]] = []  # of equal places: their mean, how many (pool adjacent violators)
    for place in np.asarray(places, np.float64)[order] - ahead:
        blocks.append([float(place), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, n = blocks.pop()
            before, m = blocks.pop()
            blocks.append([(before * m + mean * n) / (m + n), m + n])
    means = np.concatenate([np.zeros(0), *(np.full(int(n), mean) for mean, n in blocks)])
    over = max(0.0, float(ahead.max(initial=0.0)) - (high - low))  # what does not fit goes beyond both ends
    found = np.empty(len(order))
    found[order] = np.clip(means, low - over / 2, max(low, high - ahead.max(initial=0.0)) - over / 2) + ahead
    return found


# --- populations -----------------------------------------------------------------------------------------------------


def name_ticks(ax: Axes, net: Network, sizes: Mapping[str, float], which: str) -> None:
    """Names of populations beside their units, in their colours, at the left ("y") or at the left and above ("both").

    Those that have no room there are moved along the side, with a line to the middle of their units. Where there is no
    room for all, those of the smallest populations are hidden.

    Args:
        ax: with an image of all the units, those of one population behind the other.
        net: whose populations they are.
        sizes: length of each along the axes.
        which: "y" or "both".
    """
    if which == "both":
        ax.xaxis.tick_top()
        ax.xaxis.set_label_position("top")
    for axis in [ax.yaxis] if which == "y" else [ax.xaxis, ax.yaxis]:
        _name_side(ax, axis, sizes, colours(net))


def _name_side(ax: Axes, axis: Any, sizes: Mapping[str, float], palette: Mapping[str, str]) -> None:
    names, length = list(sizes), _length(ax, axis.axis_name)
    extent = np.array(list(sizes.values()), np.float64)
    middles = np.cumsum(extent) - extent / 2 - 0.5
    axis.set_tick_params(length=0)
    axis.set_ticks(middles, names)
    font = _font(axis.get_majorticklabels()[0].get_fontsize(), length, len(names))
    width = np.array([(0.65 * len(name) + 0.8) * font for name in names])
    turned = axis.axis_name == "x" and bool(width.sum() > length)
    room = np.full(len(names), _LINE * font) if turned or axis.axis_name == "y" else width
    places = (middles + 0.5) * length / extent.sum()
    crowded = bool(np.any(np.diff(places) < (room[:-1] + room[1:]) / 2))
    axis.set_tick_params(pad=_FAR if crowded else _CLOSE, rotation=90 if turned else 0)
    labels = axis.get_majorticklabels()
    for label, name in zip(labels, names):
        label.set(color=palette[name], fontweight="bold")
    if len(names) > 1:
        ax.add_artist(_Names(axis.axis_name, labels, middles, extent, crowded))


def _font(size: float, length: float, lines: int) -> float:
    """The size, or a smaller one by which so many lines fit."""
    return max(_SMALLEST, min(size, length / (_LINE * lines)))


def _length(ax: Axes, side: str) -> float:
    """About how long a side will be, in points, once the axes have made room for what is around them."""
    figure: Any = ax.figure
    box = ax.get_window_extent()
    length = box.width if side == "x" else box.height
    if ax.get_aspect() != "auto":
        length = 0.9 * min(box.width, box.height)
    return float(length) * 72 / float(figure.dpi)


def draw_borders(ax: Axes, sizes: Mapping[str, float], which: str) -> None:
    """Lines between populations of an image, thin between thin ones, which they would hide. ``which``: as above."""
    extent = np.array(list(sizes.values()), np.float64)
    points = extent * _length(ax, "y") / extent.sum()
    for k, border in enumerate(np.cumsum(extent)[:-1] - 0.5):
        style: Any = {"color": INK, "lw": min(0.8, max(0.15, 0.2 * float(points[k : k + 2].min())))}
        ax.axhline(border, **style)
        if which == "both":
            ax.axvline(border, **style)


class _Names(LineCollection):
    """Keeps names along one side of the axes apart, and draws the lines from those to what they name.

    How far they have to move is known when the picture is drawn, in whatever size.
    """

    def __init__(self, side: str, labels: Sequence[Text], middles: Doubles, sizes: Doubles, lines: bool) -> None:
        super().__init__([], linewidths=0.7, transform=IdentityTransform(), clip_on=False, zorder=0.5)
        self._side, self._names, self._middles, self._lines = side, list(labels), middles, lines
        scattered = np.arange(len(sizes)) * 0.618 % 1  # of equally large populations some are shown all along the side
        self._ranked = np.lexsort((scattered, -sizes))
        self._size = float(labels[0].get_fontsize())
        self._moves = [Affine2D() for _ in labels]
        for label, move in zip(self._names, self._moves):
            label.set_transform(label.get_transform() + move)

    def _arrange(self, renderer: Any) -> None:
        axes: Any = self.axes
        along, point = 0 if self._side == "x" else 1, axes.figure.dpi / 72
        wanted = axes.transData.transform(np.column_stack([self._middles] * 2))[:, along]
        low, high = axes.bbox.min[along], axes.bbox.max[along]
        if along == 0 and not self._names[0].get_rotation():
            room = np.array([label.get_window_extent(renderer).width for label in self._names]) + 3 * point
        else:
            font = _font(self._size, (high - low) / point, len(self._names))
            for label in self._names:
                label.set_fontsize(font)
            room = np.full(len(self._names), _LINE * font * point)
        fits = np.cumsum(room[self._ranked]) - room[self._ranked] / 2 <= high - low  # half of two ends may stand out
        shown = np.sort(self._ranked[: max(1, int(fits.sum()))])
        found = wanted.copy()
        found[shown] = apart(wanted[shown], room[shown], low, high)
        for k, (label, move) in enumerate(zip(self._names, self._moves)):
            by = found[k] - wanted[k]
            move.clear().translate(*((by, 0.0) if along == 0 else (0.0, by)))
            label.set_alpha(1.0 if k in shown else 0.0)
        if self._lines:
            edge, out = (axes.bbox.y1, point) if along == 0 else (axes.bbox.x0, -point)
            near, far = edge + out, edge + out * (_FAR - 1.5)
            ends = [((wanted[k], near), (found[k], far)) for k in shown]
            self.set_segments(ends if along == 0 else [[end[::-1] for end in line] for line in ends])
            self.set_color([self._names[k].get_color() for k in shown])

    def draw(self, renderer: Any) -> None:
        self._arrange(renderer)
        super().draw(renderer)

    def get_tightbbox(self, renderer: Any = None) -> Optional[Bbox]:
        self._arrange(renderer)
        return Bbox.union([label.get_window_extent(renderer) for label in self._names])


# --- lines -----------------------------------------------------------------------------------------------------------


def label_ends(ax: Axes, gap: float = 0.062) -> None:
    """Writes each line's label beside its last point, in its colour; labels that would overlap are moved apart.

    Args:
        ax: with lines that have labels.
        gap: smallest distance between labels, as a fraction of the height of the axes.
    """
    lines = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
    ends: List[float] = []
    for line in lines:
        values = np.asarray(line.get_ydata(), np.float64)
        known = values[np.isfinite(values)]
        point = (0.0, float(known[-1]) if len(known) else 0.0)
        ends.append(float(ax.transAxes.inverted().transform(ax.transData.transform(point))[1]))
    for line, end, place in zip(lines, ends, apart(ends, gap)):
        colour = line.get_color()
        ax.annotate(
            str(line.get_label()),
            (1.0, end),
            xytext=(1.05, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            fontsize="small",
            color=colour,
            fontweight="bold" if line.get_linewidth() > 2 else "normal",
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 1, "shrinkB": 1, "relpos": (0, 0.5)},
        )
