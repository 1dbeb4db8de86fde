"""Room for what is written around pictures in a figure of the user's own, whose axes have places but no layout."""

from __future__ import annotations

from typing import Any, Tuple

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine, PlaceHolderLayoutEngine

from ._handle import wrong_type

__all__ = ["arrange", "layout", "length_of"]

#: How often a layout is made anew at most.
_MOST = 4
_EDGES = ("left", "right", "bottom", "top", "wspace", "hspace")


def arrange(ax: Axes) -> None:
    """Has the figure of these axes make room for texts when it is drawn, unless its user has arranged it himself.

    He has if the figure has a layout, or spaces of its own, or axes of several grids, which a layout would put upon
    each other.
    """
    if not isinstance(ax, Axes):
        raise wrong_type("ax", "Matplotlib's axes", ax)
    figure: Any = ax.figure
    while getattr(figure, "_parent", None) is not None:  # the figure of a subfigure
        figure = figure._parent
    if figure.get_layout_engine() is None and _has_defaults(figure) and _has_one_grid(figure):
        figure.set_layout_engine(_Room(_spaces(figure)))


def length_of(ax: Axes, side: str) -> float:
    """About how long a side ("x" or "y") will be, in points, once the axes have made room for what is around them."""
    figure: Any = ax.figure
    box = ax.get_window_extent()
    length = box.width if side == "x" else box.height
    if ax.get_aspect() != "auto":
        length = 0.9 * min(box.width, box.height)
    return float(length) * 72 / float(figure.dpi)


def layout() -> Any:
    """The layout of a figure that a picture has for itself."""
    return _Room(())


def _spaces(figure: Any) -> Tuple[float, ...]:
    return tuple(getattr(figure.subplotpars, edge) for edge in _EDGES)


def _has_defaults(figure: Any) -> bool:
    settings: Any = mpl.rcParams
    return _spaces(figure) == tuple(settings[f"figure.subplot.{edge}"] for edge in _EDGES)


def _has_one_grid(figure: Any) -> bool:
    grids = {}
    for ax in figure.axes:
        place = getattr(ax, "get_subplotspec", lambda: None)()
        if place is not None:
            grid = place.get_topmost_subplotspec().get_gridspec()
            grids[id(grid)] = grid
            if any(getattr(grid, edge, None) is not None for edge in _EDGES):
                return False
    laid_out = {id(ax.figure) for ax in figure.axes if getattr(ax, "get_subplotspec", lambda: None)()}
    return 0 < len(grids) == len(laid_out)


class _Room(PlaceHolderLayoutEngine):
    """A constrained layout that gives way: to subplots_adjust(), to tight_layout(), to another layout.

    Where panels keep their shape it goes on until nothing moves, as how much room texts need depends on that.
    """

    def __init__(self, spaces: Tuple[float, ...]) -> None:
        super().__init__(adjust_compatible=True, colorbar_gridspec=True)
        self._layout, self._before = ConstrainedLayoutEngine(), spaces

    def execute(self, fig: Any) -> None:
        if not self._before:
            self._before = _spaces(fig)
        if _spaces(fig) != self._before:
            return
        self._layout.execute(fig)
        if all(ax.get_aspect() == "auto" for ax in fig.axes):
            return
        before = _places(fig)
        for _ in range(_MOST - 1):
            self._layout.execute(fig)
            now = _places(fig)
            if before.shape == now.shape and np.abs(now - before).max(initial=0.0) < 1e-3:
                return
            before = now


def _places(figure: Any) -> npt.NDArray[np.float64]:
    return np.array([ax.get_position(original=True).bounds for ax in figure.axes])
