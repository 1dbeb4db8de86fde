"""What takes a matrix of all pairs of units says so before it does, where the machine has no memory for it."""

import numpy as np
import pytest

import neuroai as na
from neuroai import _matrices, _plot_population, unit_tuning


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
        ("measuring a graph of 30 units .*, or graph_measures", 5, lambda run: na.graph_measures(run.net)),
        ("measuring a graph of 30 units .*, or small_world", 5, lambda run: na.small_world(run.net)),
        ("30 units .* for paths to 20 of them", 1, lambda run: na.graph_measures(run.net, paths=20)),
        ("30 units .* ask for fewer `paths`", 1, lambda run: na.small_world(run.net, paths=20)),
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


def test_some_units_at_random(run):
    every, some = na.noise_correlations(run, "side"), na.noise_correlations(run, "side", units=12, seed=3)
    taken = [every.units.index(unit) for unit in some.units]
    assert len(taken) == 12 and taken == sorted(set(taken)) and taken != list(range(12))
    np.testing.assert_allclose(some.matrix, every.matrix[np.ix_(taken, taken)], rtol=1e-12)
    with pytest.raises(na.InvalidError, match="units is 31, must be 2 to 30"):
        na.noise_correlations(run, "side", units=31)


@pytest.mark.parametrize("conditions", ["side", "one"])
def test_many_pairs_are_counted(run, monkeypatch, conditions):
    trials = na.Trials(*[np.zeros((8, 6, 1))] * 2, conditions={"side": np.arange(6) % 2, "one": np.zeros(6)})
    found = na.noise_correlations(run.net.run(trials, seed=1), conditions)
    monkeypatch.setattr(unit_tuning, "_MANY", 29)
    np.testing.assert_array_equal(found.pairs, found.matrix[np.triu_indices(30, 1)])
    monkeypatch.setattr(_plot_population, "_MANY_PAIRS", 434)
    axes = na.plot.noise_correlations(found)
    assert axes[0].get_title().replace("\n", " ") == f"mean {found.mean:.3f} of 435 pairs"
    if conditions == "side":
        assert np.nansum(axes[0].collections[0].get_array()) == 435
    else:
        assert axes[0].patches[0].get_data().values.sum() == 435


def test_a_matrix_of_a_list(monkeypatch):
    net = na.Network(20).population("E", 30).connect("E", "E", density=0.1, storage="listed").build(1)
    monkeypatch.setattr(_matrices, "_machine", lambda: 4.0 * 30 * 30 - 1)
    for ask in (net.weights, net.mask, net.plastic):
        with pytest.raises(na.OutOfMemoryError, match=r"a matrix of 30 by 30 needs .* net.synapses\('E', 'E'\)"):
            ask("E", "E")
    monkeypatch.undo()
    assert net.weights("E", "E").shape == (30, 30)


def test_what_a_job_may_have(monkeypatch, tmp_path):
    assert _matrices._machine() > 0
    (tmp_path / "some").write_text("4096\n")
    (tmp_path / "any").write_text("max\n")
    monkeypatch.setattr(_matrices, "_LIMITS", [str(tmp_path / "any"), str(tmp_path / "no file")])
    whole = _matrices._machine()
    assert _matrices._have()[0] == whole
    with pytest.raises(na.OutOfMemoryError, match=r"a net of 10000000 units needs .*, the machine has .* GB: less"):
        _matrices.room_for("a net", 10**7, 1, "less")
    monkeypatch.setattr(_matrices, "_LIMITS", [str(tmp_path / "any"), str(tmp_path / "some")])
    assert _matrices._have()[0] == 4096 < whole
    words = f"of them, of which {tmp_path / 'some'} lets this process have 4.1e-06 GB: less"
    with pytest.raises(na.OutOfMemoryError, match=words):
        _matrices.room_for("a net", 30, 1, "less")


def test_a_machine_that_does_not_tell(monkeypatch):
    monkeypatch.delattr(_matrices.os, "sysconf")
    _matrices.room_for("anything", 10**9, 1, "nothing")
