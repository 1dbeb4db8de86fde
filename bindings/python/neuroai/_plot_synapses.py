"""How many synapses units have, and how weights are distributed."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.transforms import Affine2D

from ._draw import BY_SIGN, Panels, among, axes_of, chosen, colours, drawn, pairs_among, panels_of
from ._handle import Names
from ._kinds import of_their_kind
from ._labels import key_beside, name_rows
from .errors import InvalidError, brief
from .network import Network
from .synapse_list import columns

__all__ = ["degrees", "weight_distribution"]

#: What has a curve of its own.
_BY = ("population", "sign", "projection")
_SIGNS = {sign: (word, BY_SIGN[sign]) for sign, word in ((1, "excitatory"), (-1, "inhibitory"), (0, "free"))}
#: Curves that are drawn together, if their colours differ and none is so many times higher than another; else in rows.
_TOGETHER, _HIGHER = 4, 20
#: Inches of a row; the most rows.
_ROW, _ROWS = 0.27, 120

Doubles = npt.NDArray[np.float64]


class _Curve(NamedTuple):
    label: str
    colour: str
    values: List[Any]  # arrays, one behind the other


def _known(by: str) -> None:
    if by not in _BY:
        raise InvalidError(f"by: expected one of {', '.join(_BY)}, got {brief(by)}")


def _labelled(net: Network, by: str, population: str, ends: Tuple[str, str]) -> Tuple[str, str]:
    """Label and colour of the curve of a population, or of a projection from it."""
    if by == "sign":
        return _SIGNS[net.sign(population)]
    label = population if by == "population" else f"{ends[0]} \N{RIGHTWARDS ARROW} {ends[1]}"
    return label, colours(net)[population]


# --- degrees ---------------------------------------------------------------------------------------------------------


@of_their_kind
def degrees(net: Network, names: Names = "*", ax: Optional[Axes] = None, by: str = "population") -> Panels:
    """How many synapses units have from others, and onto others.

    Only synapses among the chosen populations count; those onto several ports of a unit, or onto its branches, are
    added. Up to four curves of about the same height and in different colours are drawn together; else each has a row
    of its own, and fills it.

    Args:
        net: a built network.
        names: which populations; shell patterns.
        ax: where to draw.
        by: what has a curve of its own: the units of each "population"; of populations of each "sign"; or each
            "projection", whose synapses alone it counts.
    """
    _known(by)
    sizes = chosen(net, names)
    curves = _by_projection(net, sizes) if by == "projection" else _by_population(net, sizes, by)
    if not curves[0]:
        raise InvalidError(f"names: no projection among {', '.join(sizes)}")
    drawn = [_binned(found) for found in curves]
    together = all(_together(found, counts) for found, (counts, _) in zip(curves, drawn))
    panels = panels_of(ax, 1, (6.4, _height(curves[0], together)), columns=2)
    for panel, found, (counts, edges), label in zip(panels, curves, drawn, ("onto", "from")):
        _draw(panel, found, counts, edges, together)
        panel.set(xlabel=f"synapses {label} a unit")
    if together:
        panels[0].set_ylabel("units")
        key_beside(panels[1])
    else:
        panels[1].tick_params(labelleft=False)
    return panels


def _binned(curves: Sequence[_Curve]) -> Tuple[List[Any], Doubles]:
    """Histograms of whole numbers in at most 40 bins, and their borders."""
    every = np.concatenate([part for curve in curves for part in curve.values])
    width = max(1, -(-int(every.max() - every.min() + 1) // 40))
    edges = np.arange(every.min() - 0.5, every.max() + width + 0.5, width)
    return [np.histogram(np.concatenate(curve.values), edges)[0] for curve in curves], edges


def _by_population(net: Network, sizes: Mapping[str, int], by: str) -> Tuple[List[_Curve], List[_Curve]]:
    onto, away = ({name: np.zeros(n, np.int64) for name, n in sizes.items()} for _ in range(2))
    for source, target in pairs_among(net, sizes):
        found = columns(net, source, target, ["post", "pre"])
        onto[target] += np.bincount(found["post"], minlength=sizes[target])
        away[source] += np.bincount(found["pre"], minlength=sizes[source])
    labels = [(*_labelled(net, by, name, ("", "")), name) for name in sizes]
    return (
        _gathered((label, colour, onto[name]) for label, colour, name in labels),
        _gathered((label, colour, away[name]) for label, colour, name in labels),
    )


def _by_projection(net: Network, sizes: Mapping[str, int]) -> Tuple[List[_Curve], List[_Curve]]:
    onto, away = [], []
    for source, target, ends in among(net, sizes):
        found = columns(net, *ends, ["post", "pre"])
        label, colour = _labelled(net, "projection", source, ends)
        onto.append(_Curve(label, colour, [np.bincount(found["post"], minlength=sizes[target])]))
        away.append(_Curve(label, colour, [np.bincount(found["pre"], minlength=sizes[source])]))
    return onto, away


def _gathered(parts: Iterator[Tuple[str, str, Any]]) -> List[_Curve]:
    """A curve for each label, in the order in which they first come."""
    found: Dict[str, _Curve] = {}
    for label, colour, values in parts:
        found.setdefault(label, _Curve(label, colour, [])).values.append(values)
    return list(found.values())


# --- weights ---------------------------------------------------------------------------------------------------------


@of_their_kind
def weight_distribution(
    net: Network, names: Names = "*", ax: Optional[Axes] = None, log: bool = False, by: str = "population"
) -> Panels:
    """How weights are distributed: synapses that exist, in 60 bins.

    Up to four curves of about the same height and in different colours are drawn together; else each has a row of its
    own, and fills it.

    Args:
        net: a built network.
        names: which populations; shell patterns.
        ax: where to draw.
        log: whether the size of weights is drawn, on a logarithmic axis; weights of 0 are left out then.
        by: what has a curve of its own: the synapses from each "population"; from populations of each "sign"; or those
            of each "projection".
    """
    _known(by)
    sizes = chosen(net, names)
    curves = [curve for curve in _gathered(_weights(net, sizes, by, log)) if any(len(part) for part in curve.values)]
    if not curves:
        raise InvalidError(f"names: no synapse among {', '.join(sizes)}" + (" has a weight other than 0" if log else ""))
    parts = [part for curve in curves for part in curve.values if len(part)]
    low, high = min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, 61)
    counts = [sum(np.histogram(part, 60, (low, high))[0] for part in curve.values) for curve in curves]
    together = _together(curves, counts)
    ax = axes_of(ax, (4.4, _height(curves, together)))
    _draw(ax, curves, counts, 10**edges if log else edges, together)
    if log:
        ax.set_xscale("log")
    ax.set_xlabel("size of weight" if log else "weight")
    if together:
        ax.set_ylabel("synapses")
        key_beside(ax)
    return drawn(ax)


def _weights(net: Network, sizes: Mapping[str, int], by: str, log: bool) -> Iterator[Tuple[str, str, Any]]:
    """Weights, or the logarithms of their sizes, of each projection."""
    for source, _, ends in among(net, sizes):
        weight = columns(net, *ends, ["weight"])["weight"]
        if log:
            weight = np.log10(np.abs(weight[weight != 0]))
        yield (*_labelled(net, by, source, ends), weight)


# --- curves ----------------------------------------------------------------------------------------------------------


def _together(curves: Sequence[_Curve], counts: Sequence[Any]) -> bool:
    """Whether they can be told apart in one panel."""
    peaks = [int(heights.max()) for heights in counts]
    distinct = len({curve.colour for curve in curves}) == len(curves) <= _TOGETHER
    return distinct and max(peaks) <= _HIGHER * min(peaks)


def _height(curves: Sequence[_Curve], together: bool) -> float:
    """Of their figure, in inches."""
    if len(curves) > _ROWS:
        hint = "choose fewer populations, or another by"
        raise InvalidError(f"names: there are {len(curves)} curves, may be at most {_ROWS}: {hint}")
    return 2.6 if together else max(2.6, 0.8 + _ROW * len(curves))


def _draw(ax: Axes, curves: Sequence[_Curve], counts: Sequence[Any], edges: Doubles, together: bool) -> None:
    """Histograms, together or in rows from above."""
    if together:
        for curve, heights in zip(curves, counts):
            ax.stairs(heights, edges, color=curve.colour, lw=1.4, label=curve.label)
        ax.set_ylim(0, None)
        return
    for row, (curve, heights) in enumerate(zip(curves, counts)):
        scale = Affine2D().scale(1, -0.86 / max(1, heights.max())).translate(0, row + 0.9)
        face = to_rgba(curve.colour, 0.3)
        style: Any = {"fc": face, "ec": curve.colour, "lw": 1, "transform": scale + ax.transData}
        ax.stairs(heights, edges, fill=True, label=curve.label, **style)
    ax.set(xlim=(edges[0], edges[-1]), ylim=(len(curves), 0))
    ax.spines["left"].set_visible(False)
    name_rows(ax, [curve.label for curve in curves], [curve.colour for curve in curves], 0.6)
