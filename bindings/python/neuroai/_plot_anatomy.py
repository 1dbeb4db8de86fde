"""Pictures of anatomy: tables of connection probability, areas and their links, networks as blocks."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ._draw import BY_SIGN, DIVERGING, INK, Panels, among, axes_of, bar_beside, chosen, drawn, limit_of
from ._handle import Names, expect
from ._kinds import of_their_kind
from ._labels import key_below, name_sides
from ._room import length_of
from .anatomy import Areas, Table
from .anatomy import table as named
from .network import Network
from .synapse_list import columns, count


@of_their_kind
def connectivity(table: Union[str, Table], ax: Optional[Axes] = None, limit: Optional[float] = None) -> Panels:
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
    top = limit_of(limit) or float(np.nanmax(shown.probability, initial=0.0))
    ax = axes_of(ax, (max(3.8, 1.6 + 0.46 * n), max(2.9, 1.3 + 0.42 * n)))
    draw_matrix(ax, shown.probability * signs, shown.probability, top or 1.0, "probability of connection", n <= 12)
    label_matrix(ax, shown.types, [shown.signs[each] for each in shown.types])
    about = ", ".join(word for word in (shown.species, shown.area) if word)
    ax.set_title("\n".join(word for word in (shown.name, about) if word), fontsize="medium", color=INK)
    return drawn(ax)


def draw_matrix(
    ax: Axes,
    signed: npt.NDArray[Any],
    values: npt.NDArray[Any],
    top: float,
    label: str,
    written: bool,
    hatch: str = "////",
) -> None:
    """Values of at least 0 in the colours of their senders' signs, each with its number; NaN hatched, or grey."""
    image = ax.imshow(signed, cmap=DIVERGING, vmin=-top, vmax=top, interpolation="nearest")
    size = min(6.5, 0.3 * length_of(ax, "y") / len(values))
    written = written and size >= 4
    bar = bar_beside(ax, image, label)
    bar.ax.yaxis.set_major_formatter(lambda value, place: f"{abs(value):.3g}")
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            look: Any = {"fill": False, "hatch": hatch, "ec": "#cccccc"} if hatch else {"fc": "#efefef"}
            ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, lw=0, **look))
        elif written:
            dark = value > 0.45 * top
            number = f"{round(float(value), 3):g}".replace("0.", ".", 1) if value < 1 else f"{value:g}"
            ax.text(column, row, number, ha="center", va="center", fontsize=size, color="white" if dark else INK)


def label_matrix(ax: Axes, names: Sequence[str], signs: Sequence[int]) -> None:
    """Names along both sides, in the colours of their signs; senders above."""
    name_sides(ax, names, names, [BY_SIGN[sign] for sign in signs])
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set(xlabel="from", ylabel="to")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set(color=INK, lw=0.8, visible=True)


# --- areas -----------------------------------------------------------------------------------------------------------

_FORWARD, _BACK = "#d98b0b", "#7570b3"


@of_their_kind
def areas(areas: Areas, ax: Optional[Axes] = None, strongest: Optional[int] = None) -> Panels:
    """Areas and the links between them, from above: orange where most is feed-forward, purple where most is feedback.

    Width goes with the logarithm of the fraction of labelled neurons (FLN). Areas lie where their positions are (x and
    y); those of which only distances are known, where these are kept best.

    Args:
        areas: of :class:`neuroai.anatomy.Areas`.
        ax: where to draw.
        strongest: how many links are drawn, those of largest FLN; default: all.
    """
    expect("areas", areas, Areas, "na.anatomy.Areas")
    ax = axes_of(ax, (4.6, 4.6))
    place = _places(areas)
    order = sorted(zip(*np.nonzero(areas.links)), key=lambda link: areas.fln[link])
    order = order[-strongest:] if strongest else order
    least = min((areas.fln[link] for link in order), default=1.0)
    for target, source in order:
        share = 1 + np.log(areas.fln[target, source] / least) / (1e-9 + np.log(1 / least)) if least < 1 else 2.0
        sln = areas.sln[target, source]
        colour = _FORWARD if sln > 0.5 else _BACK if sln < 0.5 else "#777777"
        ax.annotate(
            "",
            xy=place[target],
            xytext=place[source],
            arrowprops={
                "arrowstyle": "-|>",
                "color": colour,
                "lw": 0.3 + 1.4 * (share - 1),
                "alpha": 0.3 + 0.6 * (share - 1),
                "shrinkA": 9,
                "shrinkB": 9,
                "mutation_scale": 4 + 5 * (share - 1),
                "connectionstyle": "arc3,rad=0.12",
            },
        )
    ax.scatter(place[:, 0], place[:, 1], s=150, color="white", ec=INK, lw=1.0, zorder=3)
    for name, at in zip(areas.names, place):
        ax.text(float(at[0]), float(at[1]), name, ha="center", va="center", fontsize=7, color=INK, zorder=4)
    reach = float(np.ptp(place, axis=0).max()) or 1.0
    middle = (place.max(axis=0) + place.min(axis=0)) / 2
    ax.set(xlim=middle[0] + reach * np.array([-0.6, 0.6]), ylim=middle[1] + reach * np.array([-0.6, 0.6]))
    ax.set(xlabel="mm", ylabel="mm", aspect="equal")
    _streams_legend(ax, areas)
    pairs = len(areas.names) * (len(areas.names) - 1)
    ax.set_title(f"{len(order)} of {int(areas.links.sum())} links, of {pairs} possible", fontsize="medium", color=INK)
    return drawn(ax)


def _streams_legend(ax: Axes, areas: Areas) -> None:
    sln = areas.sln[areas.links]
    kinds = ((sln > 0.5, _FORWARD, "feed-forward"), (sln < 0.5, _BACK, "feedback"), (sln == 0.5, "#777777", "both"))
    handles = [Line2D([], [], color=colour, lw=2, label=label) for there, colour, label in kinds if there.any()]
    if handles:
        key_below(ax, handles, 36)


def _places(areas: Areas) -> npt.NDArray[np.float64]:
    """Where areas are drawn [n, 2]; from distances alone by classical scaling (Torgerson 1952)."""
    if areas.positions is not None:
        return np.asarray(areas.positions[:, :2], np.float64)
    n = len(areas.names)
    apart = (areas.distances + areas.distances.T) / 2
    centred = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-centred @ apart**2 @ centred / 2)
    found = np.zeros((n, 2))
    kept = min(2, n)
    found[:, :kept] = vectors[:, ::-1][:, :kept] * np.sqrt(np.maximum(values[::-1][:kept], 0))
    return found


# --- blocks ----------------------------------------------------------------------------------------------------------


@of_their_kind
def blocks(net: Network, names: Names = "*", ax: Optional[Axes] = None, limit: Optional[float] = None) -> Panels:
    """Which populations are connected, and how densely: for each pair the fraction of synapses that exist.

    Red from excitatory populations, blue from inhibitory ones; pairs without a projection are grey. Lines separate
    areas, the parts of names before "/".

    Args:
        net: a built network.
        names: which populations; shell patterns.
        ax: where to draw.
        limit: fraction of the darkest colour; default: the largest one.
    """
    sizes = chosen(net, names)
    order = {name: place for place, name in enumerate(sizes)}
    n = len(order)
    synapses, pairs = np.zeros((n, n)), np.zeros((n, n))
    for source, target, ends in among(net, order):  # those onto several ports count together
        onto = net.size(ends[1])  # each branch
        possible = onto * sizes[source] if source != target or _autapses(net, ends) else onto * (sizes[source] - 1)
        synapses[order[target], order[source]] += count(net, *ends)
        pairs[order[target], order[source]] += possible
    found = np.divide(synapses, pairs, out=np.full((n, n), np.nan), where=pairs > 0)
    signs = [net.sign(name) for name in sizes]
    top = limit_of(limit) or float(np.nanmax(found, initial=0.0))
    ax = axes_of(ax, (max(3.8, 1.8 + 0.3 * n), max(2.9, 1.6 + 0.3 * n)))
    signed = found * np.array([sign or 1 for sign in signs])
    draw_matrix(ax, signed, found, top or 1.0, "fraction of synapses that exist", n <= 12, hatch="")
    label_matrix(ax, list(sizes), signs)
    area = [name.rpartition("/")[0] for name in sizes]
    for place in range(1, n):
        if area[place] != area[place - 1]:
            ax.axhline(place - 0.5, color=INK, lw=0.9)
            ax.axvline(place - 0.5, color=INK, lw=0.9)
    return drawn(ax)


def _autapses(net: Network, ends: Tuple[str, str]) -> bool:
    """Whether a projection within a population connects any unit to itself."""
    found = columns(net, *ends, ["post", "pre"])
    return bool(np.any(found["post"] == found["pre"]))
