"""What takes a matrix of all pairs of units says so before it does, where the machine has no memory for it."""

import numpy as np
import pytest

import neuroai as na
from neuroai import _matrices


@pytest.fixture(scope="module")
def run():
    net = na.Network(20).input("u", 1).population("E", 20, noise=0.1).population("I", 10, noise=0.1).output("z", 1)
    net.connect("u", "E").connect("E I", "E I").connect("E", "z").build(1)
    trials = na.Trials(np.zeros((8, 6, 1)), np.zeros((8, 6, 1)), conditions={"side": np.arange(6) % 2})
    return net.run(trials, seed=1, record="* *:x")


@pytest.mark.parametrize(
    "words, matrices, ask",
    [
        ("a map of 30 units needs about 1.44e-05 GB", 1, lambda run: na.RateMap(run.net)),
        ("looking for fixed points of 30 units", 3, lambda run: na.fixed_points(run.net, run, n=2)),
        ("a linearisation at 7 steps of 30 units", 3, lambda run: na.linearise(run)),
        ("correlations of 30 units", 2, lambda run: na.noise_correlations(run, "side")),
        ("measuring a graph of 30 units", 5, lambda run: na.graph_measures(run.net)),
    ],
)
def test_it_is_said_before_it_is_taken(run, monkeypatch, words, matrices, ask):
    monkeypatch.setattr(_matrices, "_machine", lambda: 8.0 * 30 * 30 * matrices)
    with pytest.raises(na.OutOfMemoryError, match=words):
        ask(run)
    monkeypatch.undo()
    assert ask(run) is not None


def test_points_that_are_described_have_a_matrix_each(run, monkeypatch):
    around = na.RateMap(run.net)
    monkeypatch.setattr(_matrices, "_machine", lambda: 8.0 * 30 * 30 * 2)
    with pytest.raises(na.OutOfMemoryError, match="describing 1 points of 30 units .* take fewer starts"):
        na.fixed_points(around, np.zeros((1, 30)), slow=1e9)


def test_pairs_that_are_drawn(run, monkeypatch):
    found = na.noise_correlations(run, "side")
    monkeypatch.setattr(_matrices, "_machine", lambda: 1000.0)
    with pytest.raises(na.OutOfMemoryError, match="a picture of 30 units"):
        na.plot.noise_correlations(found)


def test_a_machine_that_does_not_tell(monkeypatch):
    monkeypatch.delattr(_matrices.os, "sysconf")
    _matrices.room_for("anything", 10**9, 1, "nothing")
