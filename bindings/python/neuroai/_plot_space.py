"""Pictures of a network in space: its units and wires, its weights over distance."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D

from ._draw import EXCITATORY, FAINT, FREE, INHIBITORY, INK, among, axes_of, chosen, colours, panels_of
from ._handle import Names
from .errors import Error, InvalidError, brief
from .network import Network

__all__ = ["distance", "space"]

_VIEWS = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}


class _Wires(NamedTuple):
    """The synapses among placed populations, one after the other."""

    start: npt.NDArray[Any]  # [s, 3], mm
    end: npt.NDArray[Any]  # [s, 3], mm
    weight: npt.NDArray[Any]  # [s]
    sender: npt.NDArray[Any]  # [s], number of the sending population


def _places(net: Network, sizes: Dict[str, int]) -> Dict[str, npt.NDArray[Any]]:
    found = {}
    for name in sizes:
        try:
            found[name] = np.asarray(net.positions(name))
        except Error as error:
            raise InvalidError(f"net: {error}: place the units first, net.place(names, box=(1, 1, 1))") from None
    return found


def _wires(net: Network, places: Dict[str, npt.NDArray[Any]]) -> _Wires:
    parts: List[Tuple[Any, ...]] = []
    order = list(places)
    for source, target, ends in among(net, places):
        rows, pre = np.nonzero(net.mask(*ends))
        post = rows % len(places[target])  # of branches their unit
        if source == target:
            rows, post, pre = (each[post != pre] for each in (rows, post, pre))
        weight = net.weights(*ends)[rows, pre]
        parts.append((places[source][pre], places[target][post], weight, np.full(len(pre), order.index(source))))
    if not parts:
        raise InvalidError("names: no projection connects these populations")
    return _Wires(*(np.concatenate(column) for column in zip(*parts)))


# --- the network in space --------------------------------------------------------------------------------------------


def space(
    net: Network,
    names: Names = "*",
    wires: int = 250,
    view: str = "3d",
    ax: Optional[Axes] = None,
) -> Axes:
    """The units at their positions, in the colours of their populations, and the strongest connections among them.

    Connections have the colour of their presynaptic population; the larger the weight, the wider and less transparent
    they are. The size of a unit shows the sum of the absolute weights from it.

    Args:
        net: a built network with positions.
        names: which populations; shell patterns.
        wires: number of connections to draw, the strongest ones.
        view: "3d", or a projection: "xy", "xz", "yz".
        ax: where to draw; for "3d", axes without ``projection="3d"`` are replaced.
    """
    if view != "3d" and view not in _VIEWS:
        raise InvalidError(f"view: expected one of 3d, {', '.join(_VIEWS)}, got {brief(view)}")
    if wires < 0:
        raise InvalidError(f"wires is {wires}, must be at least 0")
    places = _places(net, chosen(net, names))
    found = _wires(net, places)
    strongest = np.argsort(-np.abs(found.weight), kind="stable")[:wires][::-1]
    palette = colours(net)
    strength = np.abs(found.weight[strongest]) / max(1e-12, float(np.abs(found.weight).max()))
    rgba = np.array([to_rgba(palette[name]) for name in places])[found.sender[strongest]]
    rgba[:, 3] = 0.12 + 0.7 * strength
    segments = np.stack([found.start[strongest], found.end[strongest]], axis=1)
    ax = _axes_3d(ax) if view == "3d" else axes_of(ax, (4.4, 3.8))
    axis = _VIEWS.get(view, (0, 1, 2))
    drawing: Any = ax
    _draw_wires(ax, segments[..., list(axis)], rgba, 0.3 + 2.2 * strength)
    for name, sizes in _sizes(net, places).items():
        style: Any = {"s": sizes, "color": palette[name], "edgecolors": "white", "linewidths": 0.5, "zorder": 3}
        drawing.scatter(*(places[name][:, k] for k in axis), **style, **_depth(view))
    _frame(ax, np.concatenate(list(places.values())), axis)
    _legend(ax, net, places, palette, len(strongest), len(found.weight))
    return ax


def _axes_3d(ax: Optional[Axes]) -> Any:
    import matplotlib.pyplot as plt

    if ax is None:
        return plt.figure(figsize=(4.8, 4.4), layout="constrained").add_subplot(projection="3d")
    if ax.name == "3d":
        return ax
    figure: Any = ax.figure
    place = getattr(ax, "get_subplotspec", lambda: None)()
    box = ax.get_position().bounds
    ax.remove()
    return figure.add_subplot(place, projection="3d") if place is not None else figure.add_axes(box, projection="3d")


def _draw_wires(ax: Any, segments: npt.NDArray[Any], rgba: npt.NDArray[Any], width: npt.NDArray[Any]) -> None:
    if segments.shape[2] == 2:
        ax.add_collection(LineCollection(list(segments), colors=rgba, linewidths=width, zorder=1))
        return
    from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped, unused-ignore]

    ax.add_collection3d(Line3DCollection(list(segments), colors=rgba, linewidths=width))


def _depth(view: str) -> Dict[str, Any]:
    return {"depthshade": False} if view == "3d" else {}


def _sizes(net: Network, places: Dict[str, npt.NDArray[Any]]) -> Dict[str, npt.NDArray[Any]]:
    """Area of each unit, by what it sends."""
    sent = {name: np.zeros(len(place)) for name, place in places.items()}
    for source, _, ends in among(net, places):
        sent[source] += np.abs(net.weights(*ends)).sum(axis=0)
    found = {}
    for name, total in sent.items():
        found[name] = 10 + 40 * total / max(1e-12, float(max(other.max() for other in sent.values())))
    return found


def _frame(ax: Any, points: npt.NDArray[Any], axis: Tuple[int, ...]) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.04 * float((high - low).max() or 1.0)
    low, high = low - room, high + room
    ax.set(xlim=(low[axis[0]], high[axis[0]]), ylim=(low[axis[1]], high[axis[1]]))
    ax.set(xlabel="xyz"[axis[0]] + " (mm)", ylabel="xyz"[axis[1]] + " (mm)")
    if len(axis) == 2:
        ax.set_aspect("equal")
        return
    ax.set(zlim=(low[2], high[2]), zlabel="z (mm)")
    ax.set_box_aspect(high - low)
    ax.view_init(elev=18, azim=-58)
    for one in (ax.xaxis, ax.yaxis, ax.zaxis):
        one.set_pane_color((0.965, 0.965, 0.965, 1))
        one.line.set_color(FAINT)
        one._axinfo["grid"].update(color="#e2e2e2", linewidth=0.5)
        one.set_major_locator(_few())


def _few() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _legend(ax: Any, net: Network, places: Dict[str, Any], palette: Dict[str, str], drawn: int, number: int) -> None:
    kinds = {1: "excitatory", -1: "inhibitory", 0: "free"}
    handles: List[Line2D] = [
        Line2D(
            [], [], ls="", marker="o", ms=6, color=palette[name], label=f"{name}: {len(place)} {kinds[net.sign(name)]}"
        )
        for name, place in places.items()
    ]
    if drawn:
        which = f"all {number}" if drawn == number else f"strongest {drawn} of {number}"
        handles.append(Line2D([], [], color=INK, lw=1.5, alpha=0.6, label=f"{which} wires"))
    below = 0.0 if ax.name == "3d" else -0.14
    ax.legend(
        handles=handles,
        frameon=False,
        fontsize="small",
        loc="upper center",
        bbox_to_anchor=(0.5, below),
        ncols=len(handles),
        handlelength=1.2,
        columnspacing=1.2,
        handletextpad=0.4,
    )


# --- weights over distance -------------------------------------------------------------------------------------------


def distance(net: Network, names: Names = "*", bins: int = 12, ax: Optional[Axes] = None) -> "npt.NDArray[Any]":
    """Weights against the distance of the units: absolute weight of each synapse, with means in bins; and below it the
    connection probability.

    Bins contain equal numbers of pairs of units. Bars are standard errors (binomial for the probability). The largest
    hundredth of the weights is beyond the axis.

    Args:
        net: a built network with positions.
        names: which populations; shell patterns.
        bins: of distance.
        ax: where to draw.

    Returns:
        The two axes.
    """
    if bins < 1:
        raise InvalidError(f"bins is {bins}, must be at least 1")
    places = _places(net, chosen(net, names))
    found = _wires(net, places)
    pairs, sender = _pairs(net, places)
    edges = np.unique(np.quantile(pairs, np.linspace(0, 1, bins + 1)))
    reach = np.linalg.norm(found.end - found.start, axis=1)
    upper, lower = axes = panels_of(ax, 2, (4.4, 4.0), ratios=[1.7, 1.0])
    signs = np.array([net.sign(name) for name in places])
    kinds = ((1, "excitatory", EXCITATORY[0]), (-1, "inhibitory", INHIBITORY[0]), (0, "free", FREE[0]))
    for sign, label, colour in kinds:
        here = signs[found.sender] == sign
        if here.any():
            among = np.isin(sender, np.flatnonzero(signs == sign))
            _draw_kind(axes, edges, reach[here], np.abs(found.weight[here]), pairs[among], label, colour)
    size = np.abs(found.weight)
    upper.set(ylabel="|weight|", ylim=(0, 1.05 * float(np.percentile(size, 99)) or 1.0))
    upper.tick_params(labelbottom=False)
    upper.sharex(lower)
    upper.legend(frameon=False, fontsize="small")
    lower.set(xlabel="distance (mm)", ylabel="P(synapse)", xlim=(0, edges[-1] * 1.02))
    lower.set_ylim(0, max(0.05, lower.get_ylim()[1] * 1.1))
    return axes


def _pairs(net: Network, places: Dict[str, npt.NDArray[Any]]) -> Tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Distance of each pair of units that a projection could connect, and the number of its sending population."""
    order, found, sender = list(places), [], []
    for source, target, ends in among(net, places):
        apart = np.linalg.norm(places[target][:, None] - places[source][None], axis=2)
        kept = apart[~np.eye(len(apart), dtype=bool)] if source == target else apart.ravel()
        kept = np.tile(kept, len(net.mask(*ends)) // len(apart))  # onto each branch
        found.append(kept)
        sender.append(np.full(len(kept), order.index(source)))
    return np.concatenate(found), np.concatenate(sender)


def _draw_kind(
    axes: Any,
    edges: npt.NDArray[Any],
    reach: npt.NDArray[Any],
    weight: npt.NDArray[Any],
    pairs: npt.NDArray[Any],
    label: str,
    colour: str,
) -> None:
    """Synapses of one sign."""
    bins = len(edges) - 1
    place = np.clip(np.searchsorted(edges, reach, side="right") - 1, 0, bins - 1)
    pair_place = np.clip(np.searchsorted(edges, pairs, side="right") - 1, 0, bins - 1)
    n, all_pairs = np.bincount(place, minlength=bins), np.bincount(pair_place, minlength=bins)
    x = np.bincount(pair_place, pairs, bins) / np.maximum(all_pairs, 1)
    mean = np.bincount(place, weight, bins) / np.maximum(n, 1)
    variance = np.bincount(place, weight**2, bins) / np.maximum(n, 1) - mean**2
    error = np.sqrt(np.maximum(variance, 0) / np.maximum(n - 1, 1))
    axes[0].plot(reach, weight, ".", ms=3.2, color=colour, alpha=0.3, mec="none", rasterized=True)
    shown = n > 0
    style: Dict[str, Any] = {"fmt": "o-", "color": colour, "ms": 4, "lw": 1.5, "mec": "white", "mew": 0.6, "zorder": 4}
    axes[0].errorbar(x[shown], mean[shown], error[shown], label=f"{label}, mean", **style)
    there = all_pairs > 0
    p = n[there] / all_pairs[there]
    axes[1].errorbar(x[there], p, np.sqrt(p * (1 - p) / all_pairs[there]), **style)
