"""Dynamics of networks with few synapses, by sparse matrices, against those by whole ones."""

import numpy as np
import pytest
from test_dynamics import STEADY, mixed

import neuroai as na
from neuroai import _plot_dynamics, rate_maps


@pytest.fixture(scope="module")
def net():
    net = na.Network(10).input("u", 2).population("E", 48, +1, transfer="tanh", leak="rate").population("I", 12, -1)
    net.connect("u", "E I").connect("E I", "E I", density=0.2, storage="listed").output("z", 1).connect("E", "z")
    return net.radius("E I", 1.5).build(2)


@pytest.mark.parametrize("leak", ["current", "rate", "whole"])
def test_a_sparse_map_is_the_same_map(leak):
    u = [0.5, 0.2]
    whole, few = na.RateMap(mixed(leak), u), na.RateMap(mixed(leak), u, sparse=True)
    assert few.sparse and not whole.sparse
    np.testing.assert_array_equal(few.weights.toarray(), whole.weights)
    z = np.random.default_rng(0).normal(size=(2, 3, 7))
    np.testing.assert_allclose(few.step(z), whole.step(z), rtol=1e-12)
    np.testing.assert_allclose(few.jacobian(z[0, 0]).toarray(), whole.jacobian(z[0, 0]), rtol=1e-12)
    for d in (z[1, 0], z[1].T):
        np.testing.assert_allclose(few.carry(z[0, 0], d), whole.jacobian(z[0, 0]) @ d, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(whole.carry(z[0, 0], d), whole.jacobian(z[0, 0]) @ d)
    with pytest.raises(na.InvalidError, match="as the map is sparse"):
        few.jacobian(z)
    with pytest.raises(na.InvalidError, match="differences"):
        few.carry(z[0, 0], np.zeros(6))


def test_inputs_that_are_listed_arrive_without_a_matrix():
    def made(storage):
        net = na.Network(10).input("u", 30).population("E", 20).connect("u", "E", density=0.3, storage=storage)
        return na.RateMap(net.connect("E", "E").build(1), np.arange(30.0))

    np.testing.assert_allclose(made("listed").drive, made("dense").drive, rtol=1e-12)


def test_a_large_map_with_few_synapses_is_sparse(net, monkeypatch):
    assert not na.RateMap(net).sparse
    monkeypatch.setattr(rate_maps, "_LARGE", 59)
    assert not na.RateMap(net).sparse  # a fifth of the pairs
    monkeypatch.setattr(rate_maps, "_FEW", 0.25)
    assert na.RateMap(net).sparse and not na.RateMap(net, sparse=False).sparse
    monkeypatch.setattr(rate_maps, "has", lambda module: False)
    assert not na.RateMap(net).sparse


def test_points_are_the_same(net):
    starts = np.random.default_rng(1).normal(0, 0.1, (6, 60))
    whole = na.fixed_points(net, starts, [0.3, -0.2], **STEADY)
    few = na.fixed_points(na.RateMap(net, [0.3, -0.2], sparse=True), starts, k=4, **STEADY)
    assert len(few) == len(whole) >= 1
    for k, state in enumerate(few.states):
        near = int(np.abs(whole.states - state).max(axis=1).argmin())
        np.testing.assert_allclose(state, whole.states[near], atol=1e-8)
        np.testing.assert_allclose(np.abs(few.eigenvalues[k]), np.abs(whole.eigenvalues[near, :4]), rtol=1e-6)
        np.testing.assert_allclose(few.jacobians[k].toarray(), whole.jacobians[near], atol=1e-8)
        assert few.stable[k] == whole.stable[near]
    assert few.speed.max() < 1e-21 and few.time_constants.shape == (len(few), 4)
    part = na.fixed_points(net, starts, [0.3, -0.2], k=3, **STEADY)
    np.testing.assert_array_equal(part.eigenvalues, whole.eigenvalues[:, :3])
    with pytest.raises(na.InvalidError, match="k is 61, must be 1 to 60"):
        na.fixed_points(net, starts, k=61)


def test_a_slow_point():
    one = na.Network(10).population("E", 1, leak="current", transfer="power", tau=100, bias=1.05)
    one.connect("E", "E", initial=[[0.25]], autapses=True).build(0)
    found = na.fixed_points(na.RateMap(one, sparse=True), [[0.0], [2.5]], slow=1e-3, **STEADY)
    assert len(found) == 1 and not found.fixed[0] and found.states[0, 0] == pytest.approx(2, abs=1e-3)


def test_a_leading_mode_is_that_of_the_whole_matrix(net):
    around = na.RateMap(net, sparse=True)
    jacobian = around.jacobian(np.zeros(60))
    values, vectors = np.linalg.eig(jacobian.toarray())
    expected = vectors[:, np.abs(values).argmax()]
    np.testing.assert_allclose(abs(np.vdot(_plot_dynamics._leading_mode(jacobian), expected)), 1, atol=1e-6)
    ours = _plot_dynamics._leading_mode(jacobian)
    assert abs(ours[np.abs(ours).argmax()].imag) < 1e-9


def test_exponents_are_the_same(net):
    how = {"k": 3, "steps": 300, "drop": 50, "progress": False}
    whole, few = na.lyapunov(net, [0.3, -0.2], **how), na.lyapunov(na.RateMap(net, [0.3, -0.2], sparse=True), **how)
    np.testing.assert_allclose(few.exponents, whole.exponents, rtol=1e-6)


def test_linearisations_are_the_same(net, monkeypatch):
    run = net.run(np.random.default_rng(2).normal(size=(12, 1, 2)), record="* *:x", progress=False)
    whole = na.linearise(run, k=5, **STEADY)
    monkeypatch.setattr(rate_maps, "_LARGE", 59)
    monkeypatch.setattr(rate_maps, "_FEW", 0.25)
    few = na.linearise(run, k=5, **STEADY)
    assert len(few.jacobians) == 11 and few.eigenvalues.shape == whole.eigenvalues.shape == (11, 5)
    np.testing.assert_allclose(np.abs(few.eigenvalues), np.abs(whole.eigenvalues), rtol=1e-6)
    np.testing.assert_allclose(few.stretch, whole.stretch, rtol=1e-5, atol=1e-6)
    d = np.random.default_rng(3).normal(size=60)
    np.testing.assert_allclose(few.carry(d), whole.carry(d), rtol=1e-9, atol=1e-12)
    (ax,) = na.plot.linearisation(few)
    assert len(ax.lines) == 1 + 5 + 1
    few.jacobians[0].data[:] = 0
    assert (few.stretch == -np.inf).all()
