"""Measures of networks as graphs: clustering, paths, communities, and how small a world they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._handle import Names, as_array, brief, frozen, given, joined, listed, picked, seed_of, whole
from ._interrupt import Bar
from ._kinds import of_their_kind
from ._matrices import room, room_for
from ._needed import needed
from .errors import InvalidError, OrderError, UnknownNameError
from .network import Network
from .synapse_list import synapses

__all__ = ["GraphMeasures", "SmallWorld", "graph_measures", "small_world"]

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_PRODUCTS = 20_000_000  # that are made, and at most kept, at a time

_RISE = 1e-7  # a search ends when Q rises by less; the single precision of its sums allows no finer one


@dataclass(frozen=True)
class GraphMeasures:
    """Measures of a directed graph whose edges are |W|, without those of a unit onto itself; made by
    :func:`graph_measures`."""

    #: |W| of the graph, [post, pre]; of a binary one 0 and 1. Where ``paths`` were asked for, a ``csr_matrix``.
    weights: Any = field(repr=False)
    #: Clustering of each unit after Fagiolo (2007), of |W| over its largest, [N]; 0 of one with less than two neighbours.
    clustering: Doubles = field(repr=False)
    #: Shortest paths [post, pre], an edge being 1 / |w| long; infinite where there is none. Where ``paths`` were asked
    #: for, of ``receivers`` alone: [paths, pre].
    distance: Doubles = field(repr=False)
    #: Community of each unit, from 0, int64 [N]: the best of several searches by Louvain's method (Dugué & Perez 2015).
    communities: npt.NDArray[np.int64] = field(repr=False)
    #: Q of these communities: sum of [A_ij - k_i^in k_j^out / m] / m within them (Leicht & Newman 2008).
    modularity: float
    #: Units to which shortest paths were found, ascending, int64; all of them, or as many as were asked for.
    receivers: npt.NDArray[np.int64] = field(repr=False)

    @property
    def density(self) -> float:
        """Edges over pairs of different units."""
        n = self.weights.shape[0]
        edges = np.count_nonzero(self.weights) if isinstance(self.weights, np.ndarray) else self.weights.nnz
        return float(edges / (n * (n - 1)))

    @property
    def path_length(self) -> float:
        """Mean of the shortest paths between different units, of those that there are and were looked for."""
        away = self._away()
        reached = away[np.isfinite(away)]
        return float(reached.mean()) if len(reached) else float("inf")

    @property
    def efficiency(self) -> float:
        """Mean of 1 / shortest path between different units, 0 where there is none (Latora & Marchiori 2001)."""
        return float(np.mean(1 / self._away()))

    def _away(self) -> Doubles:
        different = np.ones(self.distance.shape, bool)
        different[np.arange(len(self.receivers)), self.receivers] = False
        return np.asarray(self.distance[different])


@of_their_kind
def graph_measures(
    graph: Union[Network, npt.ArrayLike],
    names: Names = "*",
    binary: bool = False,
    searches: int = 10,
    seed: int = 0,
    progress: bool = True,
    *,
    paths: Optional[int] = None,
) -> GraphMeasures:
    """Clustering, shortest paths and communities of a network.

    It takes some arrays of N² doubles, and up to 100 bytes an edge. On one core it takes .1 s of 200 units with 90 % of all edges,
    10 s of 2000 with 10 %, three minutes of 8000 with 5 %: 90 s for shortest paths, which go with N times the edges, and 10 s
    for each search. Of larger networks ask for ``paths=200``: those to so many units, drawn at random; no matrix of all pairs is
    made then.

    Args:
        graph: a built network, or weights W [post, pre]; what counts is |W| without its diagonal.
        names: of which populations of a network; shell patterns.
        binary: whether every edge counts alike.
        searches: for communities, each in an order of its own; the best is kept, which need not be the best there is.
        seed: of these orders, and of the draw of units.
        progress: whether to show progress bars of what takes more than a second. Ctrl-C ends the call; of communities when
            the search that is under way has ended.
        paths: to how many units, drawn at random, shortest paths are found. None: to all of them.

    Needs SciPy and scikit-network: ``pip install neuroai[analysis]``.
    """
    sparse = needed("scipy.sparse", "measuring graphs", "analysis")
    clusters = needed("sknetwork.clustering", "finding communities", "analysis")
    if whole("searches", searches) < 1:
        raise InvalidError(f"searches is {searches}, must be at least 1")
    a, receivers = _graph(sparse, graph, names, binary, paths, seed, "graph_measures")
    clustering = _clustering(sparse, a, progress)
    distance = _distances(sparse, a, progress, receivers)
    of, q = _communities(clusters, sparse.csr_matrix(a), searches, seed, progress)
    kept = frozen(a) if paths is None else a
    return GraphMeasures(kept, frozen(clustering), frozen(distance), frozen(of), q, frozen(receivers))


# --- clustering ------------------------------------------------------------------------------------------------------


def _clustering(sparse: Any, a: Any, progress: bool) -> Doubles:
    """After Fagiolo (2007): triangles of each unit, in all directions, over those that its neighbours allow."""
    return _clustering_of_matrix(sparse, a, progress) if isinstance(a, np.ndarray) else _clustering_of_list(a, progress)


def _clustering_of_matrix(sparse: Any, a: Doubles, progress: bool) -> Doubles:
    there = a > 0
    total = there.sum(axis=0) + there.sum(axis=1)
    allowed = (total * (total - 1) - 2 * (there & there.T).sum(axis=1)).astype(np.float64)
    s = np.cbrt(a / a.max())
    s = s + s.T
    few = np.count_nonzero(s) < 0.05 * s.size
    both = sparse.csr_array(s) if few else s
    found = np.empty(len(a))
    with Bar(len(a), "units clustered", progress) as bar:
        for rows in _blocks(len(a), 4_000_000_000 // s.size):
            part = both[rows] @ both
            cubes = part.multiply(both[rows]).sum(axis=1) if few else np.einsum("ij,ij->i", part, s[rows])
            found[rows] = cubes
            bar.at(rows.stop)
    return np.asarray(np.divide(found, 2 * allowed, out=np.zeros_like(found), where=allowed > 0))


def _clustering_of_list(a: Any, progress: bool) -> Doubles:
    """The same of a sparse matrix."""
    n, there = a.shape[0], a.copy()
    there.data[:] = 1
    total = np.asarray(there.sum(axis=0)).ravel() + np.asarray(there.sum(axis=1)).ravel()
    allowed = total * (total - 1) - 2 * np.asarray(there.multiply(there.T).sum(axis=1)).ravel()
    s = a / a.data.max()
    s.data = np.cbrt(s.data)
    both = (s + s.T).tocsr()
    found = np.empty(n)
    degree = np.diff(both.indptr).astype(np.float64)
    with Bar(n, "units clustered", progress) as bar:
        for rows in _blocks_of(both.astype(bool) @ degree):
            part = both[rows]
            found[rows] = np.asarray((part @ both).multiply(part).sum(axis=1)).ravel()
            bar.at(rows.stop)
    return np.asarray(np.divide(found, 2 * allowed, out=np.zeros(n), where=allowed > 0))


def _blocks(n: int, size: int) -> Iterator[slice]:
    """Rows, some at a time: each takes a moment, so that Ctrl-C is answered."""
    size = max(1, min(n, size))
    for start in range(0, n, size):
        yield slice(start, min(n, start + size))


def _blocks_of(products: npt.NDArray[Any]) -> Iterator[slice]:
    """The same of rows that take so many products each: where a few units have most of the edges these differ much."""
    until, n, start = np.cumsum(products, dtype=np.float64), len(products), 0
    while start < n:
        before = until[start - 1] if start else 0.0
        stop = max(start + 1, int(np.searchsorted(until, before + _PRODUCTS, "right")))
        yield slice(start, stop)
        start = stop


# --- paths -----------------------------------------------------------------------------------------------------------


def _distances(sparse: Any, a: Any, progress: bool, receivers: Optional[npt.NDArray[np.int64]] = None) -> Doubles:
    """[post, pre]: from each unit, or from some, back along edges that are 1 / |w| long."""
    dijkstra = needed("scipy.sparse.csgraph", "measuring graphs", "analysis").dijkstra
    edges, n = sparse.csr_array(a), a.shape[0]  # of a sparse one without a copy of its numbers
    edges.data = 1 / edges.data
    wanted = np.arange(n) if receivers is None else receivers
    found = np.empty((len(wanted), n))
    with Bar(len(wanted), "units whose paths are found", progress) as bar:
        for rows in _blocks(len(wanted), 50_000_000 // (edges.nnz + 50 * n)):
            found[rows] = dijkstra(edges, indices=wanted[rows])
            bar.at(rows.stop)
    return found


# --- communities -----------------------------------------------------------------------------------------------------


def _communities(clustering: Any, edges: Any, searches: int, seed: int, progress: bool) -> Tuple[npt.NDArray[np.int64], float]:
    """The best of some searches, by the first unit of each community; and Q, which is the same of the transposed graph."""
    louvain = clustering.Louvain(
        modularity="dugue",  # whose Q is Leicht & Newman's
        tol_optimization=_RISE,
        tol_aggregation=_RISE,
        shuffle_nodes=True,
        return_probs=False,
        return_aggregate=False,
        random_state=np.random.RandomState(np.random.MT19937(seed_of(seed))),
    )
    best, most = np.zeros(edges.shape[0], np.int64), -np.inf
    with Bar(searches, "searches for communities", progress) as bar:
        for k in range(searches):
            of = louvain.fit_predict(edges)
            q = float(clustering.get_modularity(edges, of))
            if q > most:
                best, most = of, q
            bar.at(k + 1)
    firsts = np.unique(best, return_index=True)[1]
    return np.argsort(np.argsort(firsts))[best], most


# --- the matrix ------------------------------------------------------------------------------------------------------


def _graph(
    sparse: Any, graph: Any, names: Names, binary: bool, paths: Optional[int], seed: int, call: str
) -> Tuple[Any, npt.NDArray[np.int64]]:
    """|W| without its diagonal, and the units to which paths are looked for: all of them, or some of a sparse matrix."""
    if isinstance(graph, Network) and not graph.built:
        raise OrderError("net: it must be built: net.build()")
    if paths is None:
        a = _matrix(graph, names, binary, f", or {call}(net, paths=200)")
        return a, np.arange(len(a))
    edges = _listed(sparse, graph, names, binary)
    n = edges.shape[0]
    if not 1 <= whole("paths", paths) <= n:
        raise InvalidError(f"paths is {paths}, must be 1 to {n}: the number of units")
    room(f"measuring a graph of {n} units", 16.0 * paths * n, f"for paths to {paths} of them", "ask for fewer `paths`")
    return edges, np.sort(np.random.default_rng(seed_of(seed)).choice(n, paths, replace=False))


def _matrix(graph: Any, names: Names, binary: bool, or_else: str) -> Doubles:
    """|W| without its diagonal, [N, N]."""
    w = _among(graph, names, or_else) if isinstance(graph, Network) else np.asarray(given("graph", graph), np.float64)
    a = np.abs(_square(w))
    np.fill_diagonal(a, 0)
    if not a.any():
        raise InvalidError("graph: it has no edge between different units")
    found: Doubles = (a > 0).astype(np.float64) if binary else a
    return found


def _square(w: Doubles) -> Doubles:
    found: Doubles = as_array("graph", w, ("n", len(w) if w.ndim else 0), np.float64)
    if len(found) < 3 or not np.isfinite(found).all():
        raise InvalidError(f"graph: expected finite weights [n, n] of 3 units at least, got {brief(found.shape)}")
    return found


def _listed(sparse: Any, graph: Any, names: Names, binary: bool) -> Any:
    """The same as a sparse matrix, whose zeros are left out."""
    if isinstance(graph, Network):
        sizes = _sizes(graph, names)
        found = synapses(graph, list(sizes), list(sizes))
        w = found.matrix(np.abs(found.weight.astype(np.float64)))
        if w.shape[0] < 3:
            raise InvalidError(f"graph: expected 3 units at least, got {w.shape[0]}")
    else:
        w = sparse.csr_matrix(_square(np.asarray(given("graph", graph), np.float64)))
    a = w.tocoo()
    off = (a.row != a.col) & (a.data != 0)
    values = np.ones(int(off.sum())) if binary else np.abs(a.data[off])
    if not len(values):
        raise InvalidError("graph: it has no edge between different units")
    return sparse.coo_matrix((values, (a.row[off], a.col[off])), a.shape).tocsr()


def _sizes(net: Network, names: Names) -> Dict[str, int]:
    found: Dict[str, int] = picked(joined(names).split(), net.populations)
    if not found:
        raise UnknownNameError(f"names: no population is called {brief(names)}, but {listed(net.populations) or 'none'}")
    return found


def _among(net: Network, names: Names, or_else: str) -> Doubles:
    """Weights among populations, onto whatever port, [N, N]."""
    sizes = _sizes(net, names)
    ends = np.cumsum([0, *sizes.values()])
    room_for("measuring a graph", int(ends[-1]), 6, "take fewer populations by `names`" + or_else)
    at = {name: slice(int(ends[k]), int(ends[k + 1])) for k, name in enumerate(sizes)}
    found = np.zeros((int(ends[-1]), int(ends[-1])))
    for source, target in net.projections:
        pre, post = source.partition(":")[0], target.partition(":")[0]
        if pre in at and post in at:
            weights, sum_ = net.weights(source, target), found[at[post], at[pre]]
            for copy in weights.reshape(-1, *sum_.shape):  # onto each branch
                sum_ += np.abs(copy)
    return found


# --- small worlds ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SmallWorld:
    """How small a world a graph is; made by :func:`small_world`."""

    #: (C / mean C of random graphs) / (L / mean L of them); above 1 for a small world (Humphries & Gurney 2008).
    sigma: float
    #: C, the mean clustering, and L, the mean shortest path between units that are connected; of those ``paths`` that were
    #: asked for.
    clustering: float
    path_length: float
    #: C and L of each random graph, [nulls].
    null_clustering: Doubles = field(repr=False)
    null_path_length: Doubles = field(repr=False)


@of_their_kind
def small_world(
    graph: Union[Network, npt.ArrayLike],
    names: Names = "*",
    nulls: int = 20,
    seed: int = 0,
    progress: bool = True,
    *,
    paths: Optional[int] = None,
) -> SmallWorld:
    """The small-world index of the directed binary graph of all synapses that are not 0.

    Random graphs have the same in- and outdegree of each unit: ten times as many swaps as there are edges are tried, where
    edges a -> b and c -> d become a -> d and c -> b unless that makes a double edge or one onto itself (Maslov & Sneppen
    2002). Each random graph of 8000 units with 5 % of all edges takes a minute and a half. Of larger networks ask for
    ``paths=200``: those to so many units, drawn at random; no matrix of all pairs is made then.

    Args:
        graph: a built network, or weights W [post, pre].
        names: of which populations of a network; shell patterns.
        nulls: random graphs.
        seed: of their swaps, and of the draw of units.
        progress: whether to show a progress bar if it takes more than a second. Ctrl-C ends the call.
        paths: to how many units, drawn at random, shortest paths are found, the same ones in all graphs. None: to all of
            them.

    Needs SciPy: ``pip install neuroai[analysis]``.
    """
    sparse = needed("scipy.sparse", "measuring graphs", "analysis")
    if whole("nulls", nulls) < 1:
        raise InvalidError(f"nulls is {nulls}, must be at least 1")
    a, receivers = _graph(sparse, graph, names, True, paths, seed, "small_world")
    c, length = _small(sparse, a, receivers, progress)
    if not length > 0:
        raise InvalidError(f"paths is {paths}: none of these units has a path from another: ask for more of them")
    others, draw = np.empty((nulls, 2)), np.random.default_rng(seed_of(seed))
    with Bar(nulls, "random graphs", progress) as bar:
        for k in range(nulls):
            others[k] = _small(sparse, _swapped(sparse, a, draw, lambda: bar.at(k)), receivers, False)
            bar.at(k + 1)
    c_null, l_null = others.mean(axis=0)
    sigma = float((c / c_null) / (length / l_null)) if c_null > 0 else float("inf") if c > 0 else float("nan")
    return SmallWorld(sigma, c, length, frozen(others[:, 0].copy()), frozen(others[:, 1].copy()))


def _small(sparse: Any, a: Any, receivers: npt.NDArray[np.int64], progress: bool) -> Tuple[float, float]:
    steps = _distances(sparse, a, progress, receivers)
    reached = np.isfinite(steps)
    pairs = int(np.count_nonzero(reached)) - len(receivers)
    return float(_clustering(sparse, a, progress).mean()), float(steps[reached].sum() / max(1, pairs))


def _swapped(sparse: Any, a: Any, draw: np.random.Generator, shown: Callable[[], None] = lambda: None) -> Any:
    """Half of the edges are paired with the other half, and all that can be swapped are, twenty times."""
    n = a.shape[0]
    posts, pres = (ends.astype(np.int64) for ends in a.nonzero())
    half = len(posts) // 2
    for _ in range(20):
        shown()
        order = draw.permutation(len(posts))
        one, other = order[:half], order[half : 2 * half]
        b, start, d, begin = posts[one], pres[one], posts[other], pres[other]
        fresh = np.concatenate([d * n + start, b * n + begin])
        first = _first_of_each(fresh, np.sort(posts * n + pres), np.tile((start != d) & (begin != b), 2))
        both = first[:half] & first[half:]  # of two pairs that would make the same edge one is swapped
        posts[one[both]], posts[other[both]] = d[both], b[both]
    if not isinstance(a, np.ndarray):
        return sparse.coo_matrix((np.ones(len(posts)), (posts, pres)), a.shape).tocsr()
    found = np.zeros(a.shape)
    found[posts, pres] = 1
    return found


def _first_of_each(fresh: npt.NDArray[np.int64], there: npt.NDArray[np.int64], can: Bools) -> Bools:
    """Which edges, as numbers, are the first of their kind among those that can be made: both halves of a swap can, and
    neither is there, in ascending order, already."""
    by = np.argsort(fresh, kind="stable")  # so that numbers are looked up one after the other
    at = np.searchsorted(there, fresh[by]) % max(1, len(there))
    new = np.empty(len(fresh), bool)
    new[by] = there[at] != fresh[by]
    half = len(fresh) // 2
    by = by[(can & np.tile(new[:half] & new[half:], 2))[by]]
    first = np.zeros(len(fresh), bool)
    first[by[np.flatnonzero(np.diff(fresh[by], prepend=-1))]] = True
    return first
