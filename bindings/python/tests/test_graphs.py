"""Measures of graphs against an independent program, and by hand."""

import tracemalloc

import numpy as np
import pytest
from conftest import small
from test_reference import load

import neuroai as na

pytest.importorskip("scipy")
pytest.importorskip("sknetwork")
GRAPHS = ["ring", "modular", "small", "sparse", "signed"]


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("binary", [False, True])
def test_graphs_of_the_reference(name, binary):
    d = load("graph_measures")
    found = na.graph_measures(d[f"{name}_W"], binary=binary)
    expected = d[f"{name}_clustering_binary" if binary else f"{name}_clustering"]
    np.testing.assert_allclose(found.clustering, expected, atol=1e-12)
    paths = d[f"{name}_binary_paths" if binary else f"{name}_paths"]
    assert found.path_length == pytest.approx(paths[1]) and found.efficiency == pytest.approx(paths[2])
    assert np.isinf(found.distance).sum() == paths[3]
    if not binary:
        np.testing.assert_allclose(found.distance, d[f"{name}_distance"], rtol=1e-12)


@pytest.mark.parametrize("name", GRAPHS)
def test_communities_of_the_reference(name):
    d = load("graph_measures")
    found = na.graph_measures(d[f"{name}_W"], searches=40)
    a = found.weights
    excess = a - np.outer(a.sum(axis=1), a.sum(axis=0)) / a.sum()
    same = found.communities[:, None] == found.communities
    assert found.modularity == pytest.approx(excess[same].sum() / a.sum())
    assert found.modularity <= d[f"{name}_Q_louvain"][0] * 1.0001 + 0.02
    assert found.modularity > 0.9 * d[f"{name}_Q_louvain"][0]


def test_the_same_seed_finds_the_same_communities():
    w = np.random.default_rng(0).random((40, 40))  # without communities, so that each order ends elsewhere
    found = [na.graph_measures(w, searches=1, seed=seed).communities.tolist() for seed in (2**40, 2**40, 1)]
    assert found[0] == found[1] != found[2]
    many = na.graph_measures(w, searches=20, seed=1).modularity
    assert many > na.graph_measures(w, searches=1, seed=1).modularity


def test_the_direction_of_edges_counts_for_communities():
    """Two loops of four whose only common edges lead one way: by |W| + |W|^T over its own degrees another Q is best."""
    w = np.zeros((8, 8))
    for first in (0, 4):
        w[first : first + 4, first : first + 4] = np.roll(np.eye(4), 1, axis=0)
    w[4:, 0] = 1
    found = na.graph_measures(w)
    k_in, k_out, m = w.sum(axis=1), w.sum(axis=0), w.sum()
    q = lambda of: sum((w - np.outer(k_in, k_out) / m)[np.ix_(of == k, of == k)].sum() for k in set(of)) / m  # noqa: E731
    best = max(q(np.array([number >> unit & 1 for unit in range(8)])) for number in range(128))  # of all halves
    assert found.modularity == pytest.approx(q(found.communities)) and found.modularity >= best - 1e-12


def test_what_is_not_installed_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sknetwork.clustering", None)
    with pytest.raises(ImportError, match=r"needs sknetwork: pip install scikit-network \(or: pip install neuroai\[analysis\]\)"):
        na.graph_measures(np.ones((3, 3)))
    na.small_world(np.ones((3, 3)), nulls=1)  # has no communities


def test_a_ring_by_hand():
    ring = np.roll(np.eye(6), 1, axis=0)  # unit k sends to k + 1
    found = na.graph_measures(2 * ring)
    assert found.distance[1, 0] == 0.5 and found.distance[0, 1] == 2.5  # [post, pre], an edge is 1 / 2 long
    assert (found.clustering == 0).all() and found.density == pytest.approx(6 / 30)
    assert found.path_length == pytest.approx(1.5)


def test_the_small_world_of_the_reference():
    d = load("graph_small_world")
    found = na.small_world(d["A"], nulls=20, seed=1)
    assert [found.clustering, found.path_length] == pytest.approx(d["directed_C_L"].tolist())
    assert found.sigma == pytest.approx(d["directed_sigma"][0], abs=float(d["directed_sigma"][1]))
    sd = d["directed_null_sd"]
    for values, k in ((found.null_clustering, 0), (found.null_path_length, 1)):
        assert abs(values.mean() - d["directed_null_mean"][k]) < 4 * sd[k] / np.sqrt(20)


@pytest.mark.parametrize("n, density", [(70, 0.1), (70, 0.9), (130, 0.01)])  # the last in several words, and not connected
@pytest.mark.parametrize("binary", [False, True])
def test_random_graphs_against_networkx(n, density, binary):
    nx = pytest.importorskip("networkx")
    draw = np.random.default_rng(n)
    found = na.graph_measures(draw.gamma(2, 1, (n, n)) * (draw.random((n, n)) < density), binary=binary)
    other = nx.from_numpy_array(found.weights.T, create_using=nx.DiGraph)  # there rows send
    each = nx.clustering(other, weight=None if binary else "weight")
    np.testing.assert_allclose(found.clustering, [each[k] for k in range(n)], atol=1e-12)
    expected = np.full((n, n), np.inf)
    for pre, lengths in nx.all_pairs_dijkstra_path_length(other, weight=lambda u, v, edge: 1 / edge["weight"]):
        expected[list(lengths), pre] = list(lengths.values())
    np.testing.assert_allclose(found.distance, expected, rtol=1e-12)
    parts = [set(np.flatnonzero(found.communities == k).tolist()) for k in range(found.communities.max() + 1)]
    assert found.modularity == pytest.approx(nx.community.modularity(other, parts))
    if density < 0.5:
        theirs = max(nx.community.modularity(other, nx.community.louvain_communities(other, seed=k)) for k in range(3))
        assert found.modularity > 0.97 * theirs
    assert [min(part) for part in parts] == sorted(min(part) for part in parts)


def test_what_is_measured_in_blocks_is_the_same(monkeypatch):
    from neuroai import graphs

    d, whole = load("graph_measures")["modular_W"], {}
    for binary in (False, True):
        whole[binary] = na.graph_measures(d, binary=binary, searches=1)
    monkeypatch.setattr(graphs, "_blocks", lambda n, size: (slice(k, min(k + 7, n)) for k in range(0, n, 7)))
    for binary in (False, True):
        found = na.graph_measures(d, binary=binary, searches=1)
        np.testing.assert_allclose(found.clustering, whole[binary].clustering, rtol=1e-12)
        np.testing.assert_array_equal(found.distance, whole[binary].distance)


@pytest.mark.parametrize("binary", [False, True])
def test_paths_to_some_units_make_no_matrix(binary):
    draw = np.random.default_rng(4)
    w = np.where(draw.random((40, 40)) < 0.2, draw.normal(size=(40, 40)), 0)
    every, how = na.graph_measures(w, binary=binary), {"binary": binary, "paths": 7}
    some = na.graph_measures(w, **how)
    assert len(some.receivers) == 7 and (np.diff(some.receivers) > 0).all() and every.receivers.tolist() == list(range(40))
    np.testing.assert_allclose(some.weights.toarray(), every.weights)
    np.testing.assert_allclose(some.clustering, every.clustering, rtol=1e-9)
    np.testing.assert_allclose(some.distance, every.distance[some.receivers])
    np.testing.assert_array_equal(some.communities, every.communities)
    assert some.density == every.density and some.modularity == pytest.approx(every.modularity)
    away = [d for row, to in zip(some.distance, some.receivers) for pre, d in enumerate(row) if pre != to]
    assert some.efficiency == pytest.approx(np.mean(1 / np.array(away)))
    assert some.path_length == pytest.approx(np.mean([d for d in away if np.isfinite(d)]))
    with pytest.raises(na.InvalidError, match="paths is 41, must be 1 to 40"):
        na.graph_measures(w, paths=41)
    with pytest.raises(na.InvalidError, match="no edge"):
        na.graph_measures(np.eye(5), paths=2)


def test_a_list_of_synapses_is_the_graph_of_its_network():
    net = na.Network(20).population("E", 30, +1).population("I", 10, -1).connect("E I", "E I", density=0.3, storage="listed")
    every, some = na.graph_measures(net.build(3)), na.graph_measures(net, paths=40)
    np.testing.assert_allclose(some.weights.toarray(), every.weights)
    np.testing.assert_allclose(some.distance, every.distance)
    assert some.path_length == pytest.approx(every.path_length)
    assert len(na.plot.communities(some)[0].images) == 1


def test_a_small_world_of_paths_to_some_units():
    """Of all units it is the same; of a large network no matrix of all pairs is made."""
    a = load("graph_small_world")["A"]
    every, some = na.small_world(a, nulls=3, seed=1), na.small_world(a, nulls=3, seed=1, paths=len(a))
    assert some.sigma == pytest.approx(every.sigma, rel=1e-12)
    np.testing.assert_allclose(some.null_clustering, every.null_clustering)
    np.testing.assert_allclose(some.null_path_length, every.null_path_length)
    few = na.small_world(a, nulls=3, seed=1, paths=len(a) // 2)
    assert few.clustering == pytest.approx(every.clustering) and few.path_length != every.path_length
    assert few.sigma == pytest.approx(every.sigma, rel=0.1)
    with pytest.raises(na.InvalidError, match=f"paths is 0, must be 1 to {len(a)}"):
        na.small_world(a, paths=0)
    chain = np.zeros((50, 50))
    chain[0, 1:] = 1  # nobody has a path but to unit 0
    with pytest.raises(na.InvalidError, match="paths is 2: none of these units has a path from another"):
        na.small_world(chain, paths=2)
    net = na.Network(20).population("E", 4000).connect("E", "E", density=0.002, storage="listed").build(1)
    tracemalloc.start()
    assert na.small_world(net, nulls=1, paths=5).sigma > 0
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8 * 4000**2 / 3


def test_a_unit_with_most_edges_is_measured_in_parts(monkeypatch):
    from neuroai import graphs

    a = (np.random.default_rng(1).random((200, 200)) < 0.02).astype(float)
    a[0], a[:, 0] = 1, 1  # whose neighbours all have each other as neighbours at two steps
    whole = na.graph_measures(a, searches=1)
    blocks, real = [], graphs._blocks_of
    monkeypatch.setattr(graphs, "_blocks_of", lambda products: (blocks.append(products[rows]) or rows for rows in real(products)))
    monkeypatch.setattr(graphs, "_PRODUCTS", 3000)
    found = na.graph_measures(a, searches=1, paths=3)
    np.testing.assert_allclose(found.clustering, whole.clustering)
    assert sum(len(block) for block in blocks) == 200
    assert all(len(block) == 1 or block.sum() <= 3000 for block in blocks) and len(blocks) > 15


def test_swaps_keep_degrees():
    import scipy.sparse
    from neuroai.graphs import _swapped

    a = load("graph_small_world")["A"].astype(bool)
    np.fill_diagonal(a, False)
    other = _swapped(scipy.sparse, a, np.random.default_rng(0)) > 0
    as_list = _swapped(scipy.sparse, scipy.sparse.csr_matrix(a), np.random.default_rng(0))
    np.testing.assert_array_equal(as_list.toarray(), other)
    for axis in (0, 1):
        np.testing.assert_array_equal(other.sum(axis=axis), a.sum(axis=axis))
    assert not other.diagonal().any() and (other & a).sum() < 0.5 * a.sum()


def test_a_network_is_the_graph_of_its_populations():
    net = small()
    found = na.graph_measures(net)
    assert found.weights.shape == (16, 16)
    np.testing.assert_allclose(found.weights[12:, :12], np.abs(net.weights("E", "I")))
    only = na.graph_measures(net, "E")
    expected = np.abs(net.weights("E", "E")) * ~np.eye(12, dtype=bool)
    np.testing.assert_allclose(only.weights, expected)


def test_what_reaches_several_branches_is_one_edge():
    net = na.Network(2).population("D", 4, 1, model="dendritic", branches=3).population("P", 5, 1)
    net.connect("P", "D:dendrite+").connect("D", "P").build(1)
    w = np.abs(net.weights("P", "D:dendrite+"))
    assert w.shape == (12, 5)  # [branch * unit, pre]
    np.testing.assert_allclose(na.graph_measures(net).weights[:4, 4:], w[:4] + w[4:8] + w[8:])


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: na.graph_measures(np.zeros((4, 4))), na.InvalidError, "no edge"),
        (lambda: na.graph_measures(np.zeros((4, 3))), na.InvalidError, "graph"),
        (lambda: na.graph_measures(np.ones((2, 2))), na.InvalidError, "3 units at least"),
        (lambda: na.graph_measures(np.full((3, 3), np.nan)), na.InvalidError, "finite"),
        (lambda: na.graph_measures(np.ones((3, 3)), searches=0), na.InvalidError, "searches is 0"),
        (lambda: na.graph_measures(small(), "X"), na.UnknownNameError, "no population is called 'X'"),
        (lambda: na.small_world(np.ones((3, 3)), nulls=0), na.InvalidError, "nulls is 0"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_pictures():
    d = load("graph_measures")
    found = na.graph_measures(d["modular_W"])
    ax = na.plot.communities(found)[0]
    assert len(ax.lines) == found.communities.max() + 1 and ax.get_title() == f"Q = {found.modularity:.2f}"
    shown = ax.images[0].get_array()
    assert shown.sum() == pytest.approx(found.weights.sum())
    ax = na.plot.small_world(na.small_world(d["ring_W"], nulls=4))[0]
    assert len(ax.lines[0].get_xdata()) == 4
