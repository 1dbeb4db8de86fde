"""How many synapses units have, and how weights are distributed."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ._draw import among, axes_of, chosen, colours, panels_of
from ._handle import Names
from .errors import InvalidError
from .network import Network

__all__ = ["degrees", "weight_distribution"]

Doubles = npt.NDArray[np.float64]


def _degrees(net: Network, sizes: Dict[str, int]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    onto = {name: np.zeros(n, np.int64) for name, n in sizes.items()}
    away = {name: np.zeros(n, np.int64) for name, n in sizes.items()}
    for source, target, ends in among(net, sizes):
        synapses = net.synapses(*ends)
        onto[target] += np.bincount(synapses.post, minlength=sizes[target])
        away[source] += np.bincount(synapses.pre, minlength=sizes[source])
    return onto, away


def _steps(ax: Axes, values: Dict[str, Any], edges: Doubles, palette: Dict[str, str]) -> None:
    for name, found in values.items():
        ax.stairs(np.histogram(found, edges)[0], edges, color=palette[name], lw=1.4, label=name)


def _legend(ax: Axes, names: Dict[str, Any]) -> None:
    """Beside the panel: nowhere else is room for many names."""
    size = "small" if len(names) > 6 else None
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.02), handlelength=1.2, fontsize=size)


def degrees(net: Network, names: Names = "*", ax: Optional[Axes] = None) -> "npt.NDArray[Any]":
    """How many synapses units of each population have from others, and onto others. Returns the two axes.

    Only synapses among the chosen populations count; those onto several ports of a unit, or onto its branches, are
    added.

    Args:
        net: a built network.
        names: which populations; shell patterns.
        ax: where to draw.
    """
    sizes = chosen(net, names)
    panels = panels_of(ax, 1, (6.4, 2.6), columns=2)
    palette = colours(net)
    for panel, values, label in zip(panels, _degrees(net, sizes), ("synapses onto a unit", "synapses from a unit")):
        every = np.concatenate(list(values.values()))
        width = max(1, -(-int(every.max() - every.min() + 1) // 40))
        _steps(panel, values, np.arange(every.min() - 0.5, every.max() + width + 0.5, width), palette)
        panel.set(xlabel=label, ylim=(0, None))
    panels[0].set_ylabel("units")
    _legend(panels[1], sizes)
    return panels


def weight_distribution(net: Network, names: Names = "*", ax: Optional[Axes] = None, log: bool = False) -> Axes:
    """How weights are distributed, by sending population: synapses that exist, in 60 bins.

    Args:
        net: a built network.
        names: which populations; shell patterns.
        ax: where to draw.
        log: whether the size of weights is drawn, on a logarithmic axis; weights of 0 are left out then.
    """
    sizes = chosen(net, names)
    found: Dict[str, List[Any]] = {name: [] for name in sizes}
    for source, _, ends in among(net, sizes):
        found[source].append(net.synapses(*ends).weight)
    values = {name: np.abs(np.concatenate(w)) if log else np.concatenate(w) for name, w in found.items() if w}
    if log:
        values = {name: w[w > 0] for name, w in values.items()}
    every = np.concatenate([*values.values(), np.empty(0, np.float32)])
    if not len(every):
        raise InvalidError(f"names: no synapse among {', '.join(sizes)}" + (" has a weight other than 0" if log else ""))
    low, high = float(every.min()), float(every.max())
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    ax = axes_of(ax, (4.4, 2.6))
    _steps(ax, values, np.geomspace(low, high, 61) if log else np.linspace(low, high, 61), colours(net))
    if log:
        ax.set_xscale("log")
    ax.set(xlabel="size of weight" if log else "weight", ylabel="synapses", ylim=(0, None))
    _legend(ax, values)
    return ax
