"""Names beside pictures, of which none lies on another: of populations along a matrix, of lines at their ends."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import Any, List, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform

from ._draw import INK, colours
from ._kinds import of_their_kind
from ._room import length_of
from .network import Network

Doubles = npt.NDArray[np.float64]

__all__ = [
    "apart",
    "draw_borders",
    "in_lines",
    "key_below",
    "key_beside",
    "label_ends",
    "name_rows",
    "name_sides",
    "name_ticks",
]

#: Height of a line of text over its font size; the smallest font, in points.
_LINE, _SMALLEST = 1.2, 5.0
#: Between the axes and names, in points: where names are beside what they name, and where lines lead there.
_CLOSE, _FAR = 3.5, 13.0


def apart(
    places: npt.ArrayLike, room: Union[float, npt.ArrayLike], low: float = 0.0, high: float = 1.0
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
    names, length = list(sizes), length_of(ax, axis.axis_name)
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


def name_sides(
    ax: Axes,
    columns: Sequence[str],
    rows: Sequence[str] = (),
    colours: Optional[Sequence[str]] = None,
    own: Optional[Sequence[str]] = None,
) -> None:
    """Names at 0, 1, 2, ... below or above columns, and beside rows: turned, small, or only some, as room is.

    Args:
        ax: whose limits need not be known yet.
        columns, rows: names; no rows: the y axis is left alone.
        colours: of the rows, in bold; and of the columns, if ``own`` is not given.
        own: colours of the columns.
    """
    size = float(FontProperties(size="medium").get_size_in_points())
    wide = 0.85 * length_of(ax, "x") / max(1, len(columns))
    turned = max(map(len, columns)) * 0.62 * size > wide
    _name_cells(ax.xaxis, columns, wide, size, 90 if turned else 0, own if own is not None else colours)
    if rows:
        _name_cells(ax.yaxis, rows, 0.85 * length_of(ax, "y") / len(rows), size, 0, colours)


def name_rows(ax: Axes, names: Sequence[str], colours: Sequence[str], first: float = 0.0) -> None:
    """Names beside rows at ``first``, ``first`` + 1, ..."""
    room = 0.85 * length_of(ax, "y") / len(names)
    _name_cells(ax.yaxis, names, room, float(FontProperties(size="medium").get_size_in_points()), 0, colours, first)


def _name_cells(
    axis: Any, names: Sequence[str], room: float, size: float, turn: int, colours: Any, first: float = 0.0
) -> None:
    flat = axis.axis_name == "x" and turn == 0
    font = size if flat else max(_SMALLEST, min(size, room / _LINE))
    every = 1 if flat else max(1, math.ceil(_LINE * font / room - 0.05))
    axis.set_ticks(np.arange(0, len(names), every) + first, list(names)[::every])
    axis.set_tick_params(length=0, labelsize=font, labelrotation=turn)
    for label, colour in zip(axis.get_majorticklabels(), (colours or [])[::every]):
        label.set(color=colour, fontweight="bold")


def _font(size: float, length: float, lines: int) -> float:
    """The size, or a smaller one by which so many lines fit."""
    return max(_SMALLEST, min(size, length / (_LINE * lines)))


def draw_borders(ax: Axes, sizes: Mapping[str, float], which: str) -> None:
    """Lines between populations of an image, thin between thin ones, which they would hide. ``which``: as above."""
    extent = np.array(list(sizes.values()), np.float64)
    points = extent * length_of(ax, "y") / extent.sum()
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


@of_their_kind
def label_ends(ax: Axes, gap: float = 0.062) -> None:
    """Writes each line's label beside its last point, in its colour; labels that would overlap are moved apart.

    Where there is no room for all, letters are smaller; beyond that some labels are left out, thick lines' last.

    Args:
        ax: with lines that have labels.
        gap: smallest distance between labels, as a fraction of the height of the axes, if so much is there.
    """
    lines = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
    if lines:
        ax.add_artist(_Ends(ax, lines, gap))


class _Ends(LineCollection):
    """Labels at the ends of lines, kept apart when the picture is drawn, in whatever size."""

    def __init__(self, ax: Axes, lines: Sequence[Any], gap: float) -> None:
        super().__init__([], linewidths=0.6, transform=IdentityTransform(), clip_on=False, zorder=0.5)
        self._of, self._gap = list(lines), gap
        self._labels = [self._text(ax, line) for line in lines]
        self._size = float(self._labels[0].get_fontsize())
        scattered = np.arange(len(lines)) * 0.618 % 1
        self._ranked = np.lexsort((scattered, [-line.get_linewidth() for line in lines]))

    @staticmethod
    def _text(ax: Axes, line: Any) -> Text:
        weight = "bold" if line.get_linewidth() > 2 else "normal"
        style: Any = {"va": "center", "fontsize": "small", "fontweight": weight, "color": line.get_color()}
        text = ax.text(0, 0, str(line.get_label()), transform=IdentityTransform(), **style)
        text.set_in_layout(False)  # this artist says how much room they need
        return text

    def _arrange(self) -> None:
        axes: Any = self.axes
        box, point = axes.bbox, axes.figure.dpi / 72
        wanted = np.clip([self._end(line) for line in self._of], box.y0, box.y1)
        font = _font(self._size, box.height / point, len(self._of))
        room = max(_LINE * font * point, min(self._gap * box.height, box.height / len(self._of)))
        fit = max(1, int(box.height / room + 1e-6) + 1)  # half of the first and of the last may stand out
        shown = np.sort(self._ranked[:fit])
        found = apart(wanted[shown], room, box.y0, box.y1)
        left = box.x1 + 9 * point
        for label in self._labels:
            label.set(fontsize=font, visible=False)
        for k, place in zip(shown, found):
            self._labels[k].set(position=(left + 2 * point, place), visible=True)
        self.set_segments([[(box.x1 + point, wanted[k]), (left, place)] for k, place in zip(shown, found)])
        self.set_color([self._of[k].get_color() for k in shown])

    def _end(self, line: Any) -> float:
        values = np.asarray(line.get_ydata(), np.float64)
        known = values[np.isfinite(values)]
        axes: Any = self.axes
        return float(axes.transData.transform((axes.get_xlim()[0], known[-1] if len(known) else 0.0))[1])

    def draw(self, renderer: Any) -> None:
        self._arrange()
        super().draw(renderer)

    def get_tightbbox(self, renderer: Any = None) -> Optional[Bbox]:
        self._arrange()
        return Bbox.union([label.get_window_extent(renderer) for label in self._labels if label.get_visible()])


# --- keys ------------------------------------------------------------------------------------------------------------

#: Width of a letter over its font size, about; room for the handle of an entry, in letters.
_LETTER, _HANDLE = 0.52, 4
#: Letters smaller than so many points are read less well than a second column.
_READABLE = 6.5


def key_beside(ax: Axes, handles: Optional[Sequence[Any]] = None, title: Optional[str] = None, **more: Any) -> Any:
    """A legend right of the axes, in as many columns, and in letters as small, as its height asks for."""
    shown = list(ax.get_legend_handles_labels()[0] if handles is None else handles)
    height, size = length_of(ax, "y"), _small()
    above = len((title or "").splitlines())
    rows = max(1, int(height / (1.1 * _LINE * _READABLE)) - above)
    columns = max(1, min(3, -(-len(shown) // rows)))
    font = _font(size, height / 1.1, -(-len(shown) // columns) + above)
    style: Any = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "fontsize": font, "title_fontsize": size}
    style.update(frameon=False, ncols=columns, handlelength=1.2, handletextpad=0.5)
    style.update(labelspacing=0.25, columnspacing=1.0)
    return ax.legend(handles=shown, title=title, alignment="left", **{**style, **more})


def key_below(ax: Axes, handles: Sequence[Any], pad: float) -> Any:
    """A legend below the axes and their label, ``pad`` points off, in as many columns as fit its width."""
    size = _small()
    figure: Any = ax.figure
    width = 0.9 * float(figure.bbox.width) * 72 / float(figure.dpi) / _across(ax)
    columns = _columns([len(str(handle.get_label())) for handle in handles], int(width / (_LETTER * size)))
    style: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "borderaxespad": pad / size, "fontsize": size}
    style.update(frameon=False, ncols=columns, handlelength=1.2, columnspacing=1.2, handletextpad=0.4, labelspacing=0.3)
    return ax.legend(handles=list(handles), **style)


def _small() -> float:
    return float(FontProperties(size="small").get_size_in_points())


def _across(ax: Axes) -> int:
    """How many axes lie side by side in the figure."""
    place = getattr(ax, "get_subplotspec", lambda: None)()
    return 1 if place is None else int(place.get_topmost_subplotspec().get_gridspec().ncols)


def _columns(letters: List[int], most: int) -> int:
    """Columns of a legend that is at most so many letters wide, its handles and gaps with them."""
    for n in range(len(letters), 1, -1):
        if sum(max(column) + _HANDLE for column in np.array_split(letters, n)) <= most:
            return n
    return 1


def in_lines(words: str, ax: Axes, most: int = 2) -> str:
    """Words for above the axes, in at most so many lines of their width; what is too much is left out."""
    letters = max(20, int(length_of(ax, "x") / (_LETTER * float(FontProperties(size="medium").get_size_in_points()))))
    lines = wrap(words, letters, max_lines=most, placeholder=" ...")
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")
