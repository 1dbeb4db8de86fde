"""The measures of graphs by which rows are judged, against networkx."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import graph  # noqa: E402

networkx = pytest.importorskip("networkx")

#: Random graphs with so many units and edges; the third falls into parts, of the last some units have no edge.
SIZES = [(20, 50), (100, 495), (40, 45), (30, 12)]


def drawn(n, edges):
    rng = np.random.default_rng(n)
    one = graph.random_graph(n, edges, rng)
    return one, networkx.from_numpy_array(one), rng


def grouped(rng, groups=4, size=10):
    """Units of a group have an edge with probability 0.7, others with 0.05."""
    inside = np.kron(np.eye(groups), np.ones((size, size)))
    upper = np.triu(rng.random(inside.shape) < np.where(inside, 0.7, 0.05), 1)
    return upper | upper.T, inside.astype(bool)


@pytest.mark.parametrize("n, edges", SIZES)
def test_clustering_and_distances(n, edges):
    one, other, _ = drawn(n, edges)
    assert other.number_of_edges() == edges and not one.diagonal().any()
    assert graph.clustering(one) == pytest.approx(networkx.average_clustering(other), abs=1e-12)
    found = np.full((n, n), np.inf)
    for sender, to in networkx.all_pairs_shortest_path_length(other):
        found[sender, list(to)] = list(to.values())
    assert (graph.distances(one) == found).all()
    assert 1 / graph.path_length(one) == pytest.approx(networkx.global_efficiency(other), abs=1e-12)


def test_small_worldness():
    """Of a ring whose edges were rewired: from networkx's measures of it and of the same random graphs."""
    one = networkx.to_numpy_array(networkx.connected_watts_strogatz_graph(60, 6, 0.1, seed=2)).astype(bool)
    found = graph.small_worldness(one, np.random.default_rng(5), nulls=20)
    rng = np.random.default_rng(5)
    nulls = [networkx.from_numpy_array(graph.random_graph(60, int(one.sum()) // 2, rng)) for _ in range(20)]
    c0, e0 = (np.mean([of(null) for null in nulls]) for of in (networkx.average_clustering, lambda g: 1 / networkx.global_efficiency(g)))
    whole = networkx.from_numpy_array(one)
    assert found == pytest.approx(networkx.average_clustering(whole) / c0 / (1 / networkx.global_efficiency(whole) / e0), rel=1e-12)
    assert found > 2


def test_modularity_of_communities_that_are_known():
    """Q of the groups is networkx's; what the search finds is at least that, and at most what networkx finds plus little."""
    for seed in range(5):
        one, inside = grouped(np.random.default_rng(seed))
        other = networkx.from_numpy_array(one)
        groups = [set(range(10 * k, 10 * k + 10)) for k in range(4)]
        known = networkx.community.modularity(other, groups)
        best = max(
            networkx.community.modularity(other, networkx.community.louvain_communities(other, seed=k)) for k in range(10)
        )
        assert known - 1e-12 <= graph.modularity(one) <= best + 1e-9
        excess = one - np.outer(one.sum(0), one.sum(0)) / one.sum()
        assert excess[inside].sum() / one.sum() == pytest.approx(known, abs=1e-12)


@pytest.mark.parametrize("n, edges", SIZES)
def test_modularity_of_random_graphs_is_near_the_best_known(n, edges):
    one, other, _ = drawn(n, edges)
    best = max(networkx.community.modularity(other, networkx.community.louvain_communities(other, seed=k)) for k in range(10))
    assert 0.9 * best <= graph.modularity(one) <= best + 0.02
    assert graph.modularity_und(one) <= graph.modularity(one) + 1e-12


def test_rewired_graphs_keep_what_they_should():
    one, other, rng = drawn(100, 495)
    shuffled = networkx.from_numpy_array(graph.rewired(one, rng))
    assert dict(shuffled.degree()) == dict(other.degree())
    assert abs(networkx.average_clustering(shuffled) - 0.1) < 0.03


@pytest.mark.parametrize("density", [0.05, 0.1, 0.3])
def test_strongest_pairs(density):
    weights = np.random.default_rng(3).normal(size=(50, 50))
    one = graph.strongest(weights, density)
    whole = networkx.from_numpy_array(np.abs(weights) + np.abs(weights).T)
    whole.remove_edges_from(networkx.selfloop_edges(whole))
    order = sorted(whole.edges(data="weight"), key=lambda edge: -edge[2])[: round(density * 1225)]
    assert networkx.from_numpy_array(one).edges == networkx.Graph((a, b) for a, b, _ in order).edges
