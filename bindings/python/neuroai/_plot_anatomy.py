"""Pictures of anatomy: tables of connection probability."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ._draw import DIVERGING, EXCITATORY, FREE, INHIBITORY, INK, axes_of
from ._handle import expect
from .anatomy import Table
from .anatomy import table as named

_COLOUR = {+1: EXCITATORY[0], -1: INHIBITORY[0], 0: FREE[0]}


def connectivity(table: Union[str, Table], ax: Optional[Axes] = None, limit: Optional[float] = None) -> Axes:
    """A table of connection probability as a matrix: red from excitatory types, blue from inhibitory ones.

    What was not measured is hatched.

    Args:
        table: the name of a published table, or a :class:`neuroai.anatomy.Table`.
        ax: where to draw.
        limit: probability of the darkest colour; default: the largest one.
    """
    shown = named(table) if isinstance(table, str) else expect("table", table, Table, "a name or a na.anatomy.Table")
    n = len(shown.types)
    signs = np.array([shown.signs[each] or 1 for each in shown.types])
    ax = axes_of(ax, (max(3.4, 1.6 + 0.46 * n), 1.3 + 0.42 * n))
    top = float(np.nanmax(shown.probability, initial=0.0)) if limit is None else limit
    draw_matrix(ax, shown.probability * signs, shown.probability, top or 1.0, "probability of connection", n <= 12)
    label_matrix(ax, shown.types, [shown.signs[each] for each in shown.types])
    about = ", ".join(word for word in (shown.species, shown.area) if word)
    ax.set_title("\n".join(word for word in (shown.name, about) if word), fontsize="medium", color=INK)
    return ax


def draw_matrix(
    ax: Axes, signed: npt.NDArray[Any], values: npt.NDArray[Any], top: float, label: str, written: bool
) -> None:
    """Values of at least 0 in the colours of their senders' signs, each with its number; NaN hatched."""
    image = ax.imshow(signed, cmap=DIVERGING, vmin=-top, vmax=top, interpolation="nearest")
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.046, pad=0.03)
    bar.set_label(label)
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_formatter(lambda value, place: f"{abs(value):.3g}")
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, hatch="////", ec="#cccccc", lw=0))
        elif written:
            dark = value > 0.45 * top
            number = f"{round(float(value), 3):g}".replace("0.", ".", 1) if value < 1 else f"{value:g}"
            ax.text(column, row, number, ha="center", va="center", fontsize=6.5, color="white" if dark else INK)


def label_matrix(ax: Axes, names: Sequence[str], signs: Sequence[int]) -> None:
    """Names along both sides, in the colours of their signs; senders above."""
    ticks: List[int] = list(range(len(names)))
    ax.set_xticks(ticks, list(names), rotation=90 if max(map(len, names)) > 3 else 0)
    ax.set_yticks(ticks, list(names))
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set(xlabel="from", ylabel="to")
    ax.tick_params(length=0)
    for axis in (ax.xaxis, ax.yaxis):
        for text, sign in zip(axis.get_ticklabels(), signs):
            text.set(color=_COLOUR[sign], fontweight="bold")
    for spine in ax.spines.values():
        spine.set(color=INK, lw=0.8, visible=True)
