"""Measures of networks as graphs: clustering, paths, communities, and how small a world they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import Names, as_array, brief, frozen, given, joined, listed, picked, whole
from ._needed import needed
from .errors import InvalidError, UnknownNameError
from .network import Network

__all__ = ["GraphMeasures", "SmallWorld", "graph_measures", "small_world"]

Doubles = npt.NDArray[np.float64]
Graph = Union[Network, npt.ArrayLike]


@dataclass(frozen=True)
class GraphMeasures:
    """Measures of a directed graph whose edges are |W|, without those of a unit onto itself; made by
    :func:`graph_measures`."""

    #: |W| of the graph, [post, pre]; of a binary one 0 and 1.
    weights: Doubles = field(repr=False)
    #: Clustering of each unit after Fagiolo (2007), of |W| over its largest, [N]; 0 of one with less than two neighbours.
    clustering: Doubles = field(repr=False)
    #: Shortest paths [post, pre], an edge being 1 / |w| long; infinite where there is none.
    distance: Doubles = field(repr=False)
    #: Community of each unit, from 0, int64 [N]: the best of several searches by Louvain's method.
    communities: npt.NDArray[np.int64] = field(repr=False)
    #: Q of these communities: sum of [A_ij - k_i^in k_j^out / m] / m within them (Leicht & Newman 2008).
    modularity: float

    @property
    def density(self) -> float:
        """Edges over pairs of different units."""
        n = len(self.weights)
        return float(np.count_nonzero(self.weights) / (n * (n - 1)))

    @property
    def path_length(self) -> float:
        """Mean of the shortest paths between different units, of those that there are."""
        away = self.distance[~np.eye(len(self.distance), dtype=bool)]
        reached = away[np.isfinite(away)]
        return float(reached.mean()) if len(reached) else float("inf")

    @property
    def efficiency(self) -> float:
        """Mean of 1 / shortest path between different units, 0 where there is none (Latora & Marchiori 2001)."""
        return float(np.mean(1 / self.distance[~np.eye(len(self.distance), dtype=bool)]))


def graph_measures(
    graph: Graph, names: Names = "*", binary: bool = False, searches: int = 10, seed: int = 0
) -> GraphMeasures:
    """Clustering, shortest paths and communities of a network, by networkx.

    Args:
        graph: a built network, or weights W [post, pre]; what counts is |W| without its diagonal.
        names: of which populations of a network; shell patterns.
        binary: whether every edge counts alike.
        searches: for communities, each in an order of its own; the best is kept, which need not be the best there is.
        seed: of these orders.

    Needs networkx: ``pip install neuroai[analysis]``.
    """
    nx = needed("networkx", "measuring graphs", "analysis")
    if whole("searches", searches) < 1:
        raise InvalidError(f"searches is {searches}, must be at least 1")
    a = _matrix(graph, names, binary)
    directed = nx.from_numpy_array(a.T, create_using=nx.DiGraph)  # there rows send
    weight = None if binary else "weight"
    each = nx.clustering(directed, weight=weight)
    clustering = np.array([each[unit] for unit in range(len(a))], np.float64)
    found = [_communities(nx, directed, seed + k) for k in range(searches)]
    best = max(found, key=lambda one: one[1])
    of = np.empty(len(a), np.int64)
    for number, members in enumerate(sorted(best[0], key=min)):
        of[list(members)] = number
    return GraphMeasures(frozen(a), frozen(clustering), frozen(_distances(nx, directed, len(a))), frozen(of), best[1])


def _communities(nx: Any, directed: Any, seed: int) -> Tuple[Any, float]:
    parts = nx.community.louvain_communities(directed, weight="weight", seed=seed)
    return parts, float(nx.community.modularity(directed, parts, weight="weight"))


def _distances(nx: Any, directed: Any, n: int) -> Doubles:
    found = np.full((n, n), np.inf)
    for pre, lengths in nx.all_pairs_dijkstra_path_length(directed, weight=lambda u, v, edge: 1 / edge["weight"]):
        for post, length in lengths.items():
            found[post, pre] = length
    return found


def _matrix(graph: Graph, names: Names, binary: bool) -> Doubles:
    """|W| without its diagonal, [N, N]."""
    w = _among(graph, names) if isinstance(graph, Network) else np.asarray(given("graph", graph), np.float64)
    a = np.abs(as_array("graph", w, ("n", len(w) if w.ndim else 0), np.float64))
    if len(a) < 3 or not np.isfinite(a).all():
        raise InvalidError(f"graph: expected finite weights [n, n] of 3 units at least, got {brief(a.shape)}")
    a = a * ~np.eye(len(a), dtype=bool)
    if not a.any():
        raise InvalidError("graph: it has no edge between different units")
    found: Doubles = (a > 0).astype(np.float64) if binary else a
    return found


def _among(net: Network, names: Names) -> Doubles:
    """Weights among populations, onto whatever port, [N, N]."""
    sizes = picked(joined(names).split(), net.populations)
    if not sizes:
        raise UnknownNameError(f"names: no population is called {brief(names)}, but {listed(net.populations) or 'none'}")
    ends = np.cumsum([0, *sizes.values()])
    at = {name: slice(int(ends[k]), int(ends[k + 1])) for k, name in enumerate(sizes)}
    found = np.zeros((int(ends[-1]), int(ends[-1])))
    for source, target in net.projections:
        pre, post = source.partition(":")[0], target.partition(":")[0]
        if pre in at and post in at:
            weights = np.abs(net.weights(source, target).astype(np.float64))
            found[at[post], at[pre]] += weights.reshape(-1, *found[at[post], at[pre]].shape).sum(axis=0)
    return found


# --- small worlds ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SmallWorld:
    """How small a world a graph is; made by :func:`small_world`."""

    #: (C / mean C of random graphs) / (L / mean L of them); above 1 for a small world (Humphries & Gurney 2008).
    sigma: float
    #: C, the mean clustering, and L, the mean shortest path between units that are connected.
    clustering: float
    path_length: float
    #: C and L of each random graph, [nulls].
    null_clustering: Doubles = field(repr=False)
    null_path_length: Doubles = field(repr=False)


def small_world(graph: Graph, names: Names = "*", nulls: int = 20, seed: int = 0) -> SmallWorld:
    """The small-world index of the directed binary graph of all synapses that are not 0.

    Random graphs have the same in- and outdegree of each unit: ten times as many swaps as there are edges are tried, where
    edges a -> b and c -> d become a -> d and c -> b unless that makes a double edge or one onto itself (Maslov & Sneppen
    2002).

    Args:
        graph: a built network, or weights W [post, pre].
        names: of which populations of a network; shell patterns.
        nulls: random graphs.
        seed: of their swaps.

    Needs networkx: ``pip install neuroai[analysis]``.
    """
    nx = needed("networkx", "measuring graphs", "analysis")
    if whole("nulls", nulls) < 1:
        raise InvalidError(f"nulls is {nulls}, must be at least 1")
    a, draw = _matrix(graph, names, True) > 0, np.random.default_rng(seed)
    c, length = _small(nx, a)
    others = np.array([_small(nx, _swapped(a, draw)) for _ in range(nulls)])
    c_null, l_null = others.mean(axis=0)
    sigma = float((c / c_null) / (length / l_null)) if c_null > 0 else float("inf") if c > 0 else float("nan")
    return SmallWorld(sigma, c, length, frozen(others[:, 0].copy()), frozen(others[:, 1].copy()))


def _small(nx: Any, a: npt.NDArray[np.bool_]) -> Tuple[float, float]:
    directed = nx.from_numpy_array(a.T.astype(int), create_using=nx.DiGraph)
    lengths = [steps for _, found in nx.all_pairs_shortest_path_length(directed) for steps in found.values() if steps]
    return float(np.mean(list(nx.clustering(directed).values()))), float(np.mean(lengths))


def _swapped(a: npt.NDArray[np.bool_], draw: np.random.Generator) -> npt.NDArray[np.bool_]:
    found = a.copy()
    posts, pres = (side.tolist() for side in np.nonzero(a))
    for one, other in draw.integers(len(posts), size=(10 * len(posts), 2)).tolist():
        b, d = posts[one], posts[other]
        start, begin = pres[one], pres[other]
        if start != d and begin != b and not found[d, start] and not found[b, begin]:
            found[b, start] = found[d, begin] = False
            found[d, start] = found[b, begin] = True
            posts[one], posts[other] = d, b
    return found
