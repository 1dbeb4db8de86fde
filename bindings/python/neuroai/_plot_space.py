"""Pictures of a network in space: its units and wires, its weights over distance."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D

from ._draw import BY_SIGN, FAINT, INK, Panels, among, axes_of, chosen, colours, drawn, pairs_among, panels_of
from ._handle import Names
from ._kinds import of_their_kind
from ._labels import key_below, key_beside
from ._room import arrange, layout
from .errors import Error, InvalidError, brief
from .network import Network
from .synapse_list import columns, count

__all__ = ["axes_in_space", "distance", "frame_in_space", "space"]

_VIEWS = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}
_KINDS = {sign: (word, BY_SIGN[sign]) for sign, word in ((1, "excitatory"), (-1, "inhibitory"), (0, "free"))}
#: Units that have room at their full size; synapses that are drawn as dots; pairs of units that distances are taken of.
_APART, _DOTS, _PAIRS = 400, 20_000, 4_000_000
#: Distances that are computed at once; units of a population that are many for a file of vectors.
_AT_ONCE, _MANY = 1 << 20, 2000


def _places(net: Network, names: Names) -> Dict[str, npt.NDArray[Any]]:
    """Positions of the units of connected populations."""
    sizes, found = chosen(net, names), {}
    for name in sizes:
        try:
            found[name] = np.asarray(net.positions(name))
        except Error as error:
            raise InvalidError(f"net: {error}: place the units first, net.place(names, box=(1, 1, 1))") from None
    if not pairs_among(net, sizes):
        raise InvalidError("names: no projection connects these populations")
    return found


def _some(n: int, most: int) -> npt.NDArray[np.int64]:
    """Numbers below n, in ascending order: all, or as many at random, the same each time."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.Generator(np.random.PCG64(0)).choice(n, most, replace=False, shuffle=False))


class _Wires(NamedTuple):
    """Synapses between units of two placed populations, without those of a unit onto itself."""

    source: str
    target: str
    post: npt.NDArray[Any]  # [s]
    pre: npt.NDArray[Any]  # [s]
    weight: npt.NDArray[Any]  # [s]


def _wires(net: Network, places: Dict[str, npt.NDArray[Any]]) -> Iterator[_Wires]:
    """Of each projection in turn, so that no more are in memory."""
    for source, target, ends in among(net, places):
        arrays = columns(net, *ends, ["post", "pre", "weight"])
        found = _Wires(source, target, arrays["post"], arrays["pre"], arrays["weight"])
        yield found if source != target else _kept(found, found.post != found.pre)


def _kept(found: _Wires, which: npt.NDArray[Any]) -> _Wires:
    return found._replace(post=found.post[which], pre=found.pre[which], weight=found.weight[which])


# --- the network in space --------------------------------------------------------------------------------------------


@of_their_kind
def space(
    net: Network,
    names: Names = "*",
    wires: int = 250,
    view: str = "3d",
    ax: Optional[Axes] = None,
) -> Panels:
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
    places = _places(net, names)
    palette = colours(net)
    found, sent, number = _strongest(net, places, wires)
    weight = np.concatenate([np.zeros(0, np.float32), *(each.weight for each in found)])
    order = _largest(np.abs(weight), wires)[::-1]
    strength = np.abs(weight[order]) / max(1e-12, float(np.abs(weight).max(initial=0.0)))
    share = min(1.0, _APART / sum(map(len, places.values())))  # what is drawn is smaller, the more units there are
    rgba = np.concatenate([np.tile(to_rgba(palette[each.source]), (len(each.pre), 1)) for each in found])[order]
    rgba[:, 3] = (0.12 + 0.7 * strength) * share**0.25
    ends = [np.stack([places[each.source][each.pre], places[each.target][each.post]], axis=1) for each in found]
    segments = np.concatenate(ends)[order]
    more = 0.07 * max(0, len(places) - 2)
    ax = axes_in_space(ax, more) if view == "3d" else axes_of(ax, (4.4, 3.8 + more))
    axis = _VIEWS.get(view, (0, 1, 2))
    drawing: Any = ax
    _draw_wires(ax, segments[..., list(axis)], rgba, (0.3 + 2.2 * strength) * share**0.25)
    for name, sizes in _areas(sent, share).items():
        style: Any = {"s": sizes, "color": palette[name], "edgecolors": "white", "zorder": 3}
        style["linewidths"] = np.minimum(0.5, 0.1 * np.sqrt(sizes))
        style["rasterized"] = len(sizes) > _MANY  # else a file of vectors is large
        drawing.scatter(*(places[name][:, k] for k in axis), **style, **_depth(view))
    _frame(ax, np.concatenate(list(places.values())), axis)
    _legend(ax, net, places, palette, len(order), number)
    return drawn(ax)


def _strongest(
    net: Network, places: Dict[str, npt.NDArray[Any]], most: int
) -> Tuple[List[_Wires], Dict[str, npt.NDArray[Any]], int]:
    """The strongest synapses of each projection, what each unit sends in all, and how many synapses there are."""
    found, number = [], 0
    sent = {name: np.zeros(len(place)) for name, place in places.items()}
    for each in _wires(net, places):
        size = np.abs(each.weight)
        sent[each.source] += np.bincount(each.pre, size, len(places[each.source]))
        number += len(size)
        found.append(_kept(each, np.sort(_largest(size, most))))
    return found, sent, number


def _largest(values: npt.NDArray[Any], most: int) -> npt.NDArray[np.int64]:
    """Numbers of the largest values, the largest first; where not all that are equal are among them, any of these."""
    if most == 0:
        return np.zeros(0, np.int64)
    if len(values) > most:
        least = np.partition(values, len(values) - most)[len(values) - most]
        above, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
        which = np.sort(np.concatenate([above, equal[_some(len(equal), most - len(above))]]))
    else:
        which = np.arange(len(values))
    return np.asarray(which[np.argsort(-values[which], kind="stable")], np.int64)


def axes_in_space(ax: Optional[Axes], more: float = 0.0) -> Any:
    import matplotlib.pyplot as plt

    if ax is None:
        return plt.figure(figsize=(4.8, 4.4 + more), layout=layout()).add_subplot(projection="3d")
    arrange(ax)
    if ax.name == "3d":
        return ax
    figure: Any = ax.figure
    place = getattr(ax, "get_subplotspec", lambda: None)()
    box = ax.get_position().bounds
    ax.remove()
    return figure.add_subplot(place, projection="3d") if place is not None else figure.add_axes(box, projection="3d")


def _draw_wires(ax: Any, segments: npt.NDArray[Any], rgba: npt.NDArray[Any], width: npt.NDArray[Any]) -> None:
    if not len(segments):  # of which matplotlib makes no collection in space
        return
    if segments.shape[2] == 2:
        ax.add_collection(LineCollection(list(segments), colors=rgba, linewidths=width, zorder=1))
        return
    from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped, unused-ignore]

    ax.add_collection3d(Line3DCollection(list(segments), colors=rgba, linewidths=width))


def _depth(view: str) -> Dict[str, Any]:
    return {"depthshade": False} if view == "3d" else {}


def _areas(sent: Dict[str, npt.NDArray[Any]], share: float) -> Dict[str, npt.NDArray[Any]]:
    """Area of each unit, by what it sends."""
    largest = max(1e-12, float(max(total.max(initial=0.0) for total in sent.values())))
    return {name: share * (10 + 40 * total / largest) for name, total in sent.items()}


def _frame(ax: Any, points: npt.NDArray[Any], axis: Tuple[int, ...]) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.04 * float((high - low).max() or 1.0)
    low, high = low - room, high + room
    ax.set(xlim=(low[axis[0]], high[axis[0]]), ylim=(low[axis[1]], high[axis[1]]))
    ax.set(xlabel="xyz"[axis[0]] + " (mm)", ylabel="xyz"[axis[1]] + " (mm)")
    if len(axis) == 2:
        ax.set_aspect("equal")
        return
    ax.set(zlim=(low[2], high[2]))
    frame_in_space(ax, "z (mm)", high - low)
    for one in (ax.xaxis, ax.yaxis, ax.zaxis):
        one.line.set_color(FAINT)
        one.set_major_locator(_few())


def frame_in_space(ax: Any, label: str, shape: Any = None) -> None:
    """Pale walls, and a box with labels and numbers that lie within the axes, which is all a layout knows."""
    ax.set_zlabel(label, labelpad=7)
    ax.set_box_aspect(shape, zoom=0.85)
    ax.view_init(elev=20, azim=-58)
    for one in (ax.xaxis, ax.yaxis, ax.zaxis):
        one.set_pane_color((0.965, 0.965, 0.965, 1))
        one._axinfo["grid"].update(color="#e2e2e2", linewidth=0.5)
        one.get_tightbbox = lambda *_, **more: None  # where its label lies is known only when it has been drawn


def _few() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _legend(ax: Any, net: Network, places: Dict[str, Any], palette: Dict[str, str], drawn: int, number: int) -> None:
    handles: List[Line2D] = []
    for name, place in places.items():
        label = f"{name}: {len(place)} {_KINDS[net.sign(name)][0]}"
        handles.append(Line2D([], [], ls="", marker="o", ms=6, color=palette[name], label=label))
    if drawn:
        which = f"all {number}" if drawn == number else f"strongest {drawn} of {number}"
        handles.append(Line2D([], [], color=INK, lw=1.5, alpha=0.6, label=f"{which} wires"))
    key_below(ax, handles, 4 if ax.name == "3d" else 36)


# --- weights over distance -------------------------------------------------------------------------------------------


@of_their_kind
def distance(net: Network, names: Names = "*", bins: int = 12, ax: Optional[Axes] = None) -> Panels:
    """Weights against the distance of the units: absolute weight of each synapse, with means in bins; and below it the
    connection probability.

    Bins contain equal numbers of pairs of units. Bars are standard errors (binomial for the probability). The largest
    hundredth of the weights is beyond the axis. Of more than 20 000 synapses so many, drawn at random, are shown, while
    means are of all; of more than 4 million pairs of units so many tell how many there are at each distance.

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
    places = _places(net, names)
    pairs = _pairs(net, places)
    edges = _quantiles(pairs, bins)
    kinds = _by_sign(net, places, pairs, edges)
    upper, lower = axes = panels_of(ax, 2, (4.4, 4.0), ratios=[1.7, 1.0])
    for sign, (label, colour) in _KINDS.items():
        if sign in kinds:
            _draw_kind(axes, kinds[sign], label, colour)
    sizes = np.concatenate([kind.weight for kind in kinds.values()])
    top = float(np.percentile(sizes, 99)) if len(sizes) else 0.0
    upper.set(ylabel="|weight|", ylim=(0, 1.05 * top or 1.0))
    upper.tick_params(labelbottom=False)
    upper.sharex(lower)
    key_beside(upper)
    lower.set(xlabel="distance (mm)", ylabel="P(synapse)", xlim=(0, edges[-1] * 1.02))
    lower.set_ylim(0, max(0.05, lower.get_ylim()[1] * 1.1))
    return axes


class _Pairs(NamedTuple):
    """Pairs of units that a projection could connect, all of them or some."""

    source: str
    apart: npt.NDArray[Any]  # mm
    each: float  # for how many pairs, and branches, one stands


def _pairs(net: Network, places: Dict[str, npt.NDArray[Any]]) -> List[_Pairs]:
    found = []
    sizes = {name: len(place) for name, place in places.items()}
    every = sum(sizes[source] * sizes[target] for source, target, _ in among(net, places))
    for source, target, ends in among(net, places):
        n = sizes[source] * sizes[target]
        which = _some(n, n if every <= _PAIRS else max(1000, _PAIRS * n // every))
        post, pre = np.divmod(which, sizes[source])
        if source == target:
            post, pre = post[post != pre], pre[post != pre]
            n -= sizes[source]
        apart = _distances(places, source, target, post, pre)
        branches = net.size(ends[1]) // sizes[target]
        found.append(_Pairs(source, apart, branches * n / max(1, len(apart))))
    return found


def _distances(places: Dict[str, npt.NDArray[Any]], source: str, target: str, post: Any, pre: Any) -> npt.NDArray[Any]:
    found = np.empty(len(post), np.float32)
    for start in range(0, len(post), _AT_ONCE):
        piece = slice(start, start + _AT_ONCE)
        found[piece] = np.linalg.norm(places[target][post[piece]] - places[source][pre[piece]], axis=1)
    return found


def _quantiles(pairs: List[_Pairs], bins: int) -> npt.NDArray[np.float64]:
    """Borders of bins that hold equal numbers of pairs."""
    if not any(len(one.apart) for one in pairs):
        raise InvalidError("names: no two of their units could have a synapse")
    apart = np.concatenate([one.apart for one in pairs])
    count = np.concatenate([np.full(len(one.apart), one.each) for one in pairs])
    order = np.argsort(apart)
    below = np.cumsum(count[order])
    share = (below - below[0]) / max(1e-12, float(below[-1] - below[0]))
    edges = np.unique(np.interp(np.linspace(0, 1, bins + 1), share, apart[order]))
    return edges if len(edges) > 1 else np.array([0.0, edges[0] or 1.0])  # all are as far apart


class _Kind(NamedTuple):
    """Synapses of one sign: of those that are drawn distance and weight; of all, bin by bin, sums."""

    reach: npt.NDArray[Any]
    weight: npt.NDArray[Any]
    n: npt.NDArray[np.float64]  # synapses
    total: npt.NDArray[np.float64]  # weight
    square: npt.NDArray[np.float64]  # weight^2
    pairs: npt.NDArray[np.float64]  # how many there could be
    apart: npt.NDArray[np.float64]  # sum of distances of these


def _by_sign(
    net: Network, places: Dict[str, npt.NDArray[Any]], pairs: List[_Pairs], edges: npt.NDArray[np.float64]
) -> Dict[int, _Kind]:
    bins = len(edges) - 1
    sums = {net.sign(name): np.zeros((5, bins)) for name in places}
    dots: Dict[int, List[Tuple[Any, Any]]] = {sign: [] for sign in sums}
    number = sum(count(net, *ends) for *_, ends in among(net, places))
    for found, one in zip(_wires(net, places), pairs):
        sign, weight = net.sign(found.source), np.abs(found.weight)
        reach = _distances(places, found.source, found.target, found.post, found.pre)
        place = _bin_of(reach, edges)
        for row, values in enumerate((None, weight, weight.astype(np.float64) ** 2)):
            sums[sign][row] += np.bincount(place, values, bins)
        place = _bin_of(one.apart, edges)
        sums[sign][3] += one.each * np.bincount(place, None, bins)
        sums[sign][4] += one.each * np.bincount(place, one.apart, bins)
        shown = _some(len(reach), len(reach) if number <= _DOTS else _DOTS * len(reach) // number)
        dots[sign].append((reach[shown], weight[shown]))
    return {
        sign: _Kind(*(np.concatenate(column) for column in zip(*dots[sign])), *rows)
        for sign, rows in sums.items()
        if rows[0].any()
    }


def _bin_of(reach: npt.NDArray[Any], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    found = np.searchsorted(edges, reach, side="right") - 1
    return np.asarray(np.clip(found, 0, len(edges) - 2), np.int64)


def _draw_kind(axes: Any, kind: _Kind, label: str, colour: str) -> None:
    """Synapses of one sign."""
    n = np.maximum(kind.n, 1)
    x, mean = kind.apart / np.maximum(kind.pairs, 1), kind.total / n
    error = np.sqrt(np.maximum(kind.square / n - mean**2, 0) / np.maximum(kind.n - 1, 1))
    axes[0].plot(kind.reach, kind.weight, ".", ms=3.2, color=colour, alpha=0.3, mec="none", rasterized=True)
    shown = kind.n > 0
    style: Dict[str, Any] = {"fmt": "o-", "color": colour, "ms": 4, "lw": 1.5, "mec": "white", "mew": 0.6, "zorder": 4}
    axes[0].errorbar(x[shown], mean[shown], error[shown], label=f"{label}, mean", **style)
    there = kind.pairs > 0
    p = kind.n[there] / kind.pairs[there]
    axes[1].errorbar(x[there], p, np.sqrt(np.maximum(p * (1 - p), 0) / kind.pairs[there]), **style)
