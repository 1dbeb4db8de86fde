"""Learning rates of single projections and biases."""

import numpy as np
import pytest
from conftest import small

import neuroai as na

OPTIMIZERS = [na.SGD, na.Momentum, na.RMSProp, na.Adam, na.AdamW]


def trials(seed=0):
    draw = np.random.default_rng(seed)
    return na.Trials(draw.random((12, 6, 3)), draw.integers(0, 3, (12, 6)))


def trainer(optimizer=na.Adam, rule=None, net=None, **options):
    cost = na.CrossEntropy("choice") + 1e-2 * na.L2Weights("*", "*")
    return na.Trainer(small() if net is None else net, cost=cost, rule=rule, optimizer=optimizer(0.01), **options)


def learn(t, n):
    for k in range(n):
        t.step(trials(k))
    return {ends: t.net.weights(*ends).copy() for ends in t.net.projections}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_factors(optimizer):
    rates = {("stimulus", "E"): 0, ("I", "E I"): 0.5, "choice": 0}
    start = {ends: w.copy() for ends, w in learn(trainer(), 0).items()}
    plain, slow = trainer(optimizer), na.Trainer(small(), cost=trainer().cost, optimizer=optimizer(0.005))
    mixed = trainer(optimizer, rates=rates)
    before = mixed.net.bias("choice").copy()
    plain, slow, found = learn(plain, 1), learn(slow, 1), learn(mixed, 1)
    for ends, weights in found.items():
        wanted = start if ends == ("stimulus", "E") else slow if ends[0] == "I" else plain
        assert (weights == wanted[ends]).all()
        assert (plain[ends] != start[ends]).any()
    later = learn(mixed, 5)
    assert (later["stimulus", "E"] == start["stimulus", "E"]).all() and (mixed.net.bias("choice") == before).all()


def test_factors_are_shown_and_set():
    t = trainer(rates={("E", "*"): 0.5, "E I": 2})
    assert set(t.rates) == {*t.net.projections, "E", "I", "choice"}
    assert t.rates["E", "choice"] == t.rates["E", "E"] == 0.5 and t.rates["I", "E"] == 1
    assert t.rates["E"] == t.rates["I"] == 2 and t.rates["choice"] == 1
    t.set_rate("E", "choice", 0)
    t.set_rate("choice", None, 3)
    assert t.rates["E", "choice"] == 0 and t.rates["choice"] == 3 and t.rates["E", "I"] == 0.5


@pytest.mark.parametrize("rule", [na.RFLO, lambda: na.RFLO(update_every=1), lambda: na.EProp(update_every=3)])
def test_rules_that_learn_within_trials(rule):
    t = trainer(na.SGD, rule(), rates={("E", "E"): 0, ("E", "I"): 0.1})
    start = learn(t, 0)
    found = learn(t, 3)
    assert (found["E", "E"] == start["E", "E"]).all() and (found["I", "E"] != start["I", "E"]).any()


def test_dale_and_masks_hold():
    t = trainer(na.SGD, rates={("E I", "E I"): 100})
    masks = {ends: t.net.mask(*ends) for ends in t.net.projections}
    found = learn(t, 30)
    for post in "EI":
        assert (found["E", post] >= 0).all() and (found["I", post] <= 0).all()
    assert all((weights[masks[ends] == 0] == 0).all() for ends, weights in found.items())


def test_a_checkpoint_has_them(tmp_path):
    path, rates = tmp_path / "checkpoint.safetensors", {("E", "E"): 0.25, "choice": 0}
    straight = trainer(rates=rates)
    straight.step(trials())
    straight.save(path)
    resumed = trainer(rates=rates).restore(path)
    for t in (straight, resumed):
        t.step(trials(1))
    assert all((straight.net.weights(*ends) == resumed.net.weights(*ends)).all() for ends in straight.net.projections)
    with pytest.raises(na.InvalidError, match="trainer: rates is {...} in the file, not there here"):
        trainer().restore(path)
    with pytest.raises(na.InvalidError, match="trainer: rates: E -> E is 0.25 in the file"):
        trainer(rates={("E", "E"): 0.5, "choice": 0}).restore(path)
    trainer().save(path)
    with pytest.raises(na.InvalidError, match="trainer: rates is not there in the file"):
        trainer(rates=rates).restore(path)
    trainer(rates={("E", "E"): 1}).restore(path)  # says nothing


@pytest.mark.parametrize(
    "rates, words",
    [
        ({("E", "nobody"): 1}, "'nobody'"),
        ({("stimulus", "choice"): 1}, "no projection from 'stimulus' to 'choice'"),
        ({"stimulus": 1}, "'stimulus' is one of the inputs"),
        ({("E", "E"): -1}, "factor is -1, must be 0 to 1e6"),
        ({("E", "E"): float("nan")}, "factor is nan"),
        ({("E", "E"): "fast"}, r"rates\[\('E', 'E'\)\]: expected a number, got 'fast'"),
        ({("E", "E", "E"): 1}, r"rates: expected keys \(from, to\)"),
        ([("E", "E")], "rates: expected a mapping"),
    ],
)
def test_factors_that_cannot_be(rates, words):
    with pytest.raises((na.Error, TypeError), match=words):
        trainer(rates=rates)


def test_rules_without_an_optimizer():
    net = na.Network(dt=20).input("u", 3).population("r", 8).output("choice", 3)
    net.connect("u", "r").connect("r", "r choice").build()
    with pytest.raises(na.UnsupportedError, match="rule 'force' changes weights without an optimiser"):
        na.Trainer(net, cost=na.MSE("choice"), rule=na.FORCE(), rates={("r", "choice"): 0.5})


def test_they_are_not_assigned():
    with pytest.raises(AttributeError, match="call trainer.set_rate"):
        trainer().rates = {}
