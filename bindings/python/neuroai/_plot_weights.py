"""The weights among populations as a matrix: of a few units one by one, of many in bins."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap

from ._draw import DIVERGING, INK, Panels, axes_of, bar_beside, chosen, drawn, limit_of, pairs_among
from ._handle import Names, spelt, whole
from ._kinds import of_their_kind
from ._labels import draw_borders, name_ticks
from .errors import InvalidError, brief
from .network import Network
from .synapse_list import columns

__all__ = ["weights"]

#: Units from which on the matrix is drawn in bins; bins on each side of it then, and the most of them.
_LARGE, _BINS, _MOST = 1000, 400, 4000
#: Synapses that are sorted into bins at once.
_AT_ONCE = 1 << 22

_SHOWN = {"mean": "mean weight", "sum": "sum of weights", "density": "fraction of pairs with a synapse"}

Doubles = npt.NDArray[np.float64]


@of_their_kind
def weights(
    net: Network,
    names: Names = "*",
    ax: Optional[Axes] = None,
    limit: Optional[float] = None,
    show: str = "mean",
    bins: Optional[int] = None,
) -> Panels:
    """The weights among populations as one matrix [post, pre], with lines between populations.

    Those onto several ports of a unit, or onto its branches, are added. Of more than 1000 units, bins are drawn, each
    of units of one population onto units of one: a population has as many as its size asks for, and at least one. No
    matrix of all units is made.

    Args:
        net: a built network.
        names: which populations; shell patterns.
        ax: where to draw.
        limit: value of the darkest colour; default: the 97th percentile of the absolute values.
        show: of the pairs of units in each bin, "mean": their mean weight, absent synapses as 0; "sum": the sum of
            their weights; "density": the fraction that has a synapse, in the colour of the sender's sign.
        bins: about how many on each side, 1 to 4000. Few show small populations; with 1 there is one for each pair of
            populations. None: 400 of more than 1000 units, else one for each unit.
    """
    show = spelt(show, _SHOWN)
    if show not in tuple(_SHOWN):
        raise InvalidError(f"show: expected one of {', '.join(_SHOWN)}, got {brief(show)}")
    sizes = chosen(net, names)
    n = sum(sizes.values())
    counts = _counts(sizes, _wanted(bins, n))
    total = sum(counts.values())
    matrix = _in_bins(net, sizes, counts, show)
    limit = limit_of(limit)
    ax = axes_of(ax, _size(list(sizes)))
    signs = [net.sign(name) for name in sizes for _ in range(counts[name])]
    _draw(ax, matrix, limit, n, _label(show, total == n), signs)
    lengths = {name: count * n / total for name, count in counts.items()}
    draw_borders(ax, lengths, "both")
    name_ticks(ax, net, lengths, "both")
    ax.set(xlabel="from", ylabel="to")
    for spine in ax.spines.values():
        spine.set(color=INK, lw=0.8, visible=True)
    return drawn(ax)


def _wanted(bins: Optional[int], n: int) -> int:
    if bins is None:
        return n if n <= _LARGE else _BINS
    number = whole("bins", bins)
    if not 1 <= number <= _MOST:
        raise InvalidError(f"bins is {number}, must be 1 to {_MOST}")
    return number


def _size(names: Sequence[str]) -> Tuple[float, float]:
    """Of a figure in which the names of populations have room along the sides."""
    more = min(6.0, max(0.0, 0.15 * len(names) - 2.4)) + 0.09 * max(0, max(map(len, names)) - 7)
    return 4.4 + more, 3.8 + more


# --- bins ------------------------------------------------------------------------------------------------------------


def _counts(sizes: Mapping[str, int], wanted: int) -> Dict[str, int]:
    """How many bins each population has."""
    n = sum(sizes.values())
    return {name: min(size, max(1, round(wanted * size / n))) for name, size in sizes.items()}


def _in_bins(net: Network, sizes: Mapping[str, int], counts: Mapping[str, int], show: str) -> Doubles:
    bin_of = {name: np.arange(size) * counts[name] // size for name, size in sizes.items()}
    starts = dict(zip(counts, np.cumsum([0, *counts.values()])))
    total = np.zeros((sum(counts.values()),) * 2)
    for source, target in pairs_among(net, sizes):
        rows = slice(starts[target], starts[target] + counts[target])
        block = total[rows, starts[source] : starts[source] + counts[source]]
        for post, pre, weight in _pieces(net, source, target, show == "density"):
            cells = bin_of[target][post] * counts[source] + bin_of[source][pre]
            block += np.bincount(cells, weight, block.size).reshape(block.shape)
    if show == "sum":
        return total
    units = np.concatenate([np.bincount(found) for found in bin_of.values()])
    return np.asarray(total / np.outer(units, units), np.float64)


def _pieces(net: Network, source: str, target: str, once: bool) -> Iterator[Tuple[Any, Any, Any]]:
    """Synapses from one population onto another, some at a time: post, pre, weight. ``once``: of several between the
    same units the first, without weights."""
    found = columns(net, source, target, ["post", "pre"] if once else ["post", "pre", "weight"])
    post, pre = found["post"], found["pre"]
    first = np.ones(len(post) if once else 0, bool)
    first[1:] = (post[1:] != post[:-1]) | (pre[1:] != pre[:-1]) if once else True  # they lie one behind the other
    for start in range(0, len(post), _AT_ONCE):
        piece = slice(start, start + _AT_ONCE)
        if once:
            yield post[piece][first[piece]], pre[piece][first[piece]], None
        else:
            yield post[piece], pre[piece], found["weight"][piece]


# --- colours ---------------------------------------------------------------------------------------------------------


def _label(show: str, exact: bool) -> str:
    return "weight" if exact and show != "density" else _SHOWN[show]


def _draw(ax: Axes, matrix: Doubles, limit: Optional[float], n: int, label: str, signs: Any) -> None:
    if limit is None:
        present = np.abs(matrix[matrix != 0])
        limit = float(np.percentile(present, 97)) if len(present) else 1.0
    low, high = -limit, limit
    colours: Colormap = DIVERGING
    density = label == _SHOWN["density"]
    if density:
        matrix = matrix * np.where(np.asarray(signs) < 0, -1.0, 1.0)
        low, high, colours = _of_density(limit, signs)
    extent = (-0.5, n - 0.5, n - 0.5, -0.5)
    image = ax.imshow(matrix, cmap=colours, vmin=low, vmax=high, interpolation="nearest", extent=extent)
    beyond = bool(np.any(matrix < low)), bool(np.any(matrix > high))
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get(beyond, "neither")
    bar = bar_beside(ax, image, label, extend=extend)
    if density:
        bar.ax.yaxis.set_major_formatter(lambda value, place: f"{abs(value):.3g}")


def _of_density(limit: float, signs: Any) -> Tuple[float, float, Colormap]:
    """The part of the scale of weights that senders of these signs have; grey where all are free."""
    low = -limit if min(signs) < 0 else 0.0
    high = limit if max(signs) >= 0 else 0.0
    if not any(signs):
        return low, high, LinearSegmentedColormap.from_list("neuroai_free", ["#ffffff", INK])
    part = np.linspace(0.0 if low else 0.5, 1.0 if high else 0.5, 256)
    return low, high, ListedColormap(DIVERGING(part))
