"""Pictures of graphs: communities, and how small a world it is."""

from __future__ import annotations

from typing import Optional

import numpy as np
from matplotlib.axes import Axes

from ._draw import EXCITATORY, FAINT, INHIBITORY, INK, SEQUENTIAL, Panels, axes_of, bar_beside, drawn
from ._kinds import of_their_kind
from ._labels import in_lines, key_beside
from .graphs import GraphMeasures, SmallWorld

__all__ = ["communities", "small_world"]


@of_their_kind
def communities(found: GraphMeasures, ax: Optional[Axes] = None) -> Panels:
    """Weights of a graph, receiving units in rows, in the order of its communities, each in a frame.

    Args:
        found: the result of :func:`neuroai.graph_measures`.
        ax: where to draw.
    """
    order = np.argsort(found.communities, kind="stable")
    ax = axes_of(ax, (4.2, 3.8))
    shown = found.weights[np.ix_(order, order)]
    bar_beside(ax, ax.imshow(shown, cmap=SEQUENTIAL, vmin=0.0, interpolation="nearest"), "|weight|")
    edges = np.concatenate([[0], np.cumsum(np.bincount(found.communities))]) - 0.5
    for low, high in zip(edges[:-1], edges[1:]):
        ax.plot([low, high, high, low, low], [low, low, high, high, low], color=INHIBITORY[0], lw=1.2, clip_on=False)
    ax.set(xlabel="from", ylabel="to", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(in_lines(f"Q = {found.modularity:.2f}", ax), fontsize="medium", color=INK)
    return drawn(ax)


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
