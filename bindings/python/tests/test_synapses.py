"""Synapses as arrays, the sparse matrix that they make, and the leading part of its spectrum."""

import sys

import numpy as np
import pytest

import neuroai as na

scipy_sparse = pytest.importorskip("scipy.sparse")


def sparse_net(n_e=40, n_i=10, density=0.3):
    net = na.Network(dt=10)
    net.output("z", 2)
    net.population("E", n_e, sign=+1)
    net.population("I", n_i, sign=-1)
    net.input("u", 3)
    net.connect("u", "E I").connect("E I", "E I", density=density).connect("E", "z")
    net.connect("I", "z", delay=30)
    return net.build(seed=4)


def branched_net():
    net = na.Network(dt=10)
    net.population("I", 4, sign=-1)
    net.population("E", 6, sign=+1, model="dendritic", branches=3)
    net.connect("E", "E:soma").connect("E", "E:dendrite+").connect("I", "E:dendrite-").connect("E", "I")
    return net.build(seed=2)


def dense(net, sources, targets):
    """The same matrix from whole ones."""
    starts = [dict(zip(sizes, np.cumsum([0, *sizes.values()]))) for sizes in (sources, targets)]
    matrix = np.zeros((sum(targets.values()), sum(sources.values())))
    for ends in net.projections:
        of, to = (end.partition(":")[0] for end in ends)
        if of in sources and to in targets:
            rows, columns = slice(starts[1][to], starts[1][to] + targets[to]), slice(starts[0][of], starts[0][of] + sources[of])
            matrix[rows, columns] += net.weights(*ends).astype(float).reshape(-1, targets[to], sources[of]).sum(axis=0)
    return matrix


@pytest.mark.parametrize("make", [sparse_net, branched_net])
def test_they_are_the_matrices_without_what_does_not_exist(make):
    net = make()
    found = net.synapses()
    assert list(found.sources) == [*net.inputs, *net.populations] and list(found.targets) == [*net.populations, *net.outputs]
    assert np.allclose(found.matrix().toarray(), dense(net, found.sources, found.targets), atol=1e-6)
    assert len(found) == sum(int(net.mask(*ends).sum()) for ends in net.projections)
    order = np.lexsort((found.copy, found.projection, found.pre, found.post))
    assert np.array_equal(order, np.arange(len(found)))
    for k, (of, to) in enumerate(net.projections):
        here = found.projection == k
        rows = found.copy[here] * net.populations.get(to.partition(":")[0], 0) + found.post_unit[here]
        assert np.array_equal(found.weight[here], net.weights(of, to)[rows, found.pre_unit[here]])
        assert np.array_equal(found.plastic[here], net.plastic(of, to)[rows, found.pre_unit[here]])
        assert np.all(found.delay[here] == net.delay(of, to))


def test_those_that_are_asked_for():
    net = sparse_net()
    found = net.synapses("I", ["E", "z"])
    assert found.sources == {"I": 10} and found.targets == {"E": 40, "z": 2} and found.shape == (42, 10)
    assert np.array_equal(found.matrix().toarray()[:40], net.weights("I", "E"))
    assert np.array_equal(found.post_unit[found.post >= 40] + 40, found.post[found.post >= 40])
    assert set(np.unique(found.delay)) == {10.0, 30.0}
    assert np.array_equal(found.matrix(found.delay).toarray() > 0, dense(net, found.sources, found.targets) != 0)
    assert "SynapseList" in repr(found) and str(len(found)) in repr(found)
    with pytest.raises(na.InvalidError, match="values"):
        found.matrix([1.0])
    with pytest.raises(na.UnknownNameError, match="'nobody'"):
        net.synapses("nobody", "E")
    with pytest.raises(na.UnknownNameError, match="no projection from 'u' to 'z'"):
        net.synapses("u", "z")
    with pytest.raises(na.OrderError):
        na.Network(dt=10).input("u", 1).population("E", 2).connect("u", "E").synapses()


def test_they_are_a_copy_that_nobody_changes():
    net = sparse_net()
    found = net.synapses("E", "E")
    before = found.weight.copy()
    net.set_weights("E", "E", 2 * net.weights("E", "E"))
    assert np.array_equal(found.weight, before) and np.array_equal(net.synapses("E", "E").weight, 2 * before)
    for name in ("post", "pre", "weight", "delay", "plastic", "projection", "copy", "post_unit", "pre_unit"):
        with pytest.raises(ValueError):
            getattr(found, name)[0] = 0


@pytest.mark.parametrize("make", [sparse_net, branched_net])
def test_their_weights_are_set(make):
    net, other = make(), make()
    for ends in (("*", "*"), (["E"], "I E"), ("I", "*")):
        wanted = 0.5 * net.synapses(*ends).weight
        net.set_weights(*ends, wanted)
        assert np.array_equal(net.synapses(*ends).weight, wanted)
    for ends in net.projections:
        other.set_weights(*ends, net.weights(*ends))
    run = [one.run(steps=9, trials=1, seed=3, progress=False).rates for one in (net, other)]
    assert all(np.array_equal(run[0][name], run[1][name]) for name in net.populations)


def test_weights_of_synapses_that_are_refused():
    net = sparse_net()
    before = net.synapses().weight
    n = len(net.synapses("E", "E").weight)
    for wrong, error, words in (
        (np.zeros(n + 1), na.InvalidError, rf"weights: expected shape \[{n}\], one a synapse, or of one projection \[n_post, n_pre\], got \[{n + 1}\]"),
        (np.full(n, -1.0), na.InvalidError, r"weights\[0\] is -1, must be at least 0 from 'E' to 'E'"),
        (np.full(n, np.nan), na.NonfiniteError, r"weights\[0\] is nan"),
        (np.zeros(n, bool), na.InvalidTypeError, "expected numbers"),
    ):
        with pytest.raises(error, match=words):
            net.set_weights("E", "E", wrong)
    assert np.array_equal(net.synapses().weight, before)


def test_a_network_shows_how_many_exist():
    net = sparse_net()
    assert f"E -> E ({int(net.mask('E', 'E').sum())} of 1600)" in repr(net)


# --- the leading part of the spectrum --------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 7, 48])
def test_leading_eigenvalues_are_those_of_all(k):
    net = sparse_net()
    every, found = net.spectrum(), net.spectrum(k=k)
    moduli = np.sort(np.abs(every.eigenvalues))[::-1]
    assert found.eigenvalues.shape == (k,) and found.n == 50
    assert np.allclose(np.abs(found.eigenvalues), moduli[:k], atol=1e-8 * moduli[0])
    assert max(np.abs(every.eigenvalues - value).min() for value in found.eigenvalues) < 1e-8
    assert found.radius == pytest.approx(every.radius, rel=1e-10) and found.bulk == pytest.approx(every.bulk, rel=1e-10)
    assert found.outlier == pytest.approx(every.outlier, rel=1e-9) and np.isnan(found.entropy)
    assert f"the leading {k}" in repr(found)


def test_leading_eigenvalues_of_some_populations_and_branches():
    for net in (sparse_net(), branched_net()):
        for names in ("E", "*"):
            every, found = net.spectrum(names), net.spectrum(names, k=2)
            assert np.abs(found.eigenvalues[0]) == pytest.approx(every.radius, rel=1e-9) and found.n == every.n


def test_leading_eigenvalues_are_the_same_each_time():
    net = sparse_net(300, 100, 0.05)
    assert np.array_equal(net.spectrum(k=5).eigenvalues, net.spectrum(k=5, progress=False).eigenvalues)
    assert np.abs(net.spectrum(k=5).eigenvalues) == pytest.approx(np.sort(np.abs(net.spectrum().eigenvalues))[:-6:-1])


def test_without_recurrence_they_are_0():
    net = na.Network(dt=10).population("E", 5).population("F", 5)
    net.connect("E", "F", delay=0).build(seed=1)
    assert np.abs(net.spectrum("E", k=2).eigenvalues).max() == 0 and net.spectrum("E", k=2).outlier == 0
    assert np.abs(net.spectrum(k=2).eigenvalues).max() < 1e-3  # nilpotent: what rounding makes of it


def test_what_cannot_be_found_is_refused(monkeypatch):
    net = sparse_net()
    for k in (0, -1, 49):
        with pytest.raises(na.InvalidError, match=f"k is {k}, must be 1 to 48 of 50 units"):
            net.spectrum(k=k)
    with pytest.raises(na.InvalidTypeError, match="k"):
        net.spectrum(k=2.5)
    few = na.Network(dt=10).population("E", 2).connect("E", "E").build(1)
    with pytest.raises(na.InvalidError, match="k is 1, must be left out where there are less than 3 units"):
        few.spectrum(k=1)
    for names in ("nobody", "E nobody", "", "E:soma"):
        with pytest.raises(na.UnknownNameError, match="names"):
            net.spectrum(names, k=2)
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r"needs scipy: pip install scipy \(or: pip install neuroai\[sparse\]\)"):
        net.spectrum(k=2)
    with pytest.raises(ImportError, match="a sparse matrix needs scipy"):
        net.synapses("E", "E").matrix()


def test_a_matrix_that_does_not_fit_says_what_would(monkeypatch):
    net = na.Network(dt=10)
    net.population("E", 100)
    net.connect("E", "E", indegree=3, storage="listed")
    net.build(seed=1)

    def refuse(*_):
        raise MemoryError

    monkeypatch.setattr("neuroai.synapse_list.np.zeros", refuse)
    for read in (net.weights, net.mask):
        with pytest.raises(MemoryError, match=r"100 by 100 \(4e-05 GB\).*net.synapses\('E', 'E'\)") as error:
            read("E", "E")
        assert isinstance(error.value, na.OutOfMemoryError)
    assert len(net.synapses("E", "E")) == 300
