"""Pictures of graphs: communities, and how small a world it is."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ._draw import EXCITATORY, FAINT, INHIBITORY, INK, SEQUENTIAL, Panels, axes_of, bar_beside, drawn
from ._kinds import of_their_kind
from ._labels import in_lines, key_beside
from .graphs import GraphMeasures, SmallWorld

__all__ = ["communities", "small_world"]

#: Units from which on weights are drawn in bins; bins on each side.
_LARGE, _BINS = 1000, 400


@of_their_kind
def communities(found: GraphMeasures, ax: Optional[Axes] = None) -> Panels:
    """Weights of a graph, receiving units in rows, in the order of its communities, each in a frame.

    Of more than 1000 units mean weights are drawn, of bins of units; the darkest colour is the 97th percentile.

    Args:
        found: the result of :func:`neuroai.graph_measures`.
        ax: where to draw.
    """
    order = np.argsort(found.communities, kind="stable")
    ax = axes_of(ax, (4.2, 3.8))
    n = len(order)
    shown = _binned(found.weights, order) if n > _LARGE else found.weights[order][:, order]
    shown = shown if isinstance(shown, np.ndarray) else shown.toarray()
    top = float(np.percentile(shown[shown > 0], 97)) if n > _LARGE else None
    image = ax.imshow(shown, cmap=SEQUENTIAL, vmin=0.0, vmax=top, interpolation="nearest", extent=(-0.5, n - 0.5, n - 0.5, -0.5))
    more: Any = {"extend": "max"} if n > _LARGE else {}
    bar_beside(ax, image, "mean |weight|" if n > _LARGE else "|weight|", **more)
    edges = np.concatenate([[0], np.cumsum(np.bincount(found.communities))]) - 0.5
    for low, high in zip(edges[:-1], edges[1:]):
        ax.plot([low, high, high, low, low], [low, low, high, high, low], color=INHIBITORY[0], lw=1.2, clip_on=False)
    ax.set(xlabel="from", ylabel="to", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(in_lines(f"Q = {found.modularity:.2f}", ax), fontsize="medium", color=INK)
    return drawn(ax)


def _binned(weights: Any, order: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Means over bins of units in this order, of a whole matrix or of a sparse one."""
    n = len(order)
    bin_of = np.empty(n, np.int64)
    bin_of[order] = np.arange(n) * _BINS // n
    total = np.zeros((_BINS, _BINS))
    for start in range(0, n, _BINS):  # some rows at a time: places of all take more memory than the weights
        part = weights[start : start + _BINS]
        post, pre = part.nonzero()
        values = np.asarray(part[post, pre]).ravel()
        cells = bin_of[start + post] * _BINS + bin_of[pre]
        total += np.bincount(cells, values, _BINS**2).reshape(total.shape)
    many = np.bincount(bin_of)
    return np.asarray(total / np.outer(many, many), np.float64)


@of_their_kind
def small_world(found: SmallWorld, ax: Optional[Axes] = None) -> Panels:
    """Clustering and path length of a graph, and those of random graphs with its degrees.

    Args:
        found: the result of :func:`neuroai.small_world`.
        ax: where to draw.
    """
    ax = axes_of(ax, (4.4, 3.0))
    ax.plot(found.null_path_length, found.null_clustering, "o", ms=4, color=FAINT, label="random")
    ax.plot([found.path_length], [found.clustering], "o", ms=7, color=EXCITATORY[0], label="the graph")
    ax.set(xlabel="path length (edges)", ylabel="clustering")
    ax.set_title(in_lines(f"sigma = {found.sigma:.2f}", ax), fontsize="medium", color=INK)
    key_beside(ax)
    return drawn(ax)
