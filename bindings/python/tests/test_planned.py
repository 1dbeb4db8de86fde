"""Interventions as objects: in evaluations, in runs and in states, and what they refuse."""

import copy
import pickle

import numpy as np
import pytest
from conftest import small

import neuroai as na


@pytest.fixture
def net():
    return small(seed=4, noise=0.1, bias=0.5, transfer="softplus")


def perceptual():
    return na.tasks.PerceptualDecisionMaking(stimulus=[100, 200])


def last_outputs(run):
    return run.outputs["choice"][run.lengths - 1, np.arange(len(run.lengths))]


WAYS = [
    na.Silence("I"),
    na.Silence({"E": [0, 3], "I": np.array([True, False, False, True])}, start=60),
    na.Clamp("E", 2.0, start=40, end=120),
    na.Clamp("E", [1, 2], units=[3, 7], start=-1),
    na.Inject("E I", -0.5, fraction=0.5, seed=3, start=100, rise=60, fall=40),
    na.Scale(["E", "I"], 0.3, end=200),
    na.Silence("E", where={"coherence": 51.2}),
    [na.Silence("I", trials=np.arange(100) % 3 == 0), na.Inject("E", 1, trials=[1, 5, 99])],
    na.Silence("E", epoch="stimulus"),
    na.Inject("I", 2, fraction=0.5, epoch="stimulus", start=40, end=120, fall=40),
    na.Scale("E", 0, steps=np.stack([np.arange(100) % 7, np.arange(100) % 7 + 5], 1)),
    na.ScaleSynapses("E", "I", 0, epoch="stimulus"),
    na.ScaleSynapses("*", "*", 0.3, fraction=0.5, seed=2, start=60, rise=60),
    na.ScaleSynapses({"stimulus": [True, False, True], "E": [3, 0]}, ["E", "choice"], 2, trials=np.arange(100) % 3 == 0),
    [na.Freeze("E", epoch="stimulus", start=40), na.ScaleSynapses("I", "E", np.arange(4), fraction=0.5, of="units")],
]


@pytest.mark.parametrize("what", WAYS, ids=range(len(WAYS)))
def test_an_evaluation_and_a_run_are_the_same(net, what):
    task, n = perceptual(), 100
    evaluation = na.evaluate(net, task, n, seed=4, interventions=what)
    trials = task.trials(net, n, seed=4)
    outputs = last_outputs(net.run(trials, seed=4, interventions=what))
    shared = (outputs == outputs.max(axis=1, keepdims=True)).sum(axis=1) > 1
    assert (evaluation.choice == np.where(shared, -1, outputs.argmax(axis=1))).all()
    assert (na.evaluate(net, task, n, seed=4, threads=3, interventions=what).choice == evaluation.choice).all()
    assert not np.array_equal(outputs, last_outputs(net.run(trials, seed=4)))


def test_silence_is_short_for_an_intervention(net):
    short = na.evaluate(net, perceptual(), 80, silence={"E": [0, 1, 2]})
    assert (short.choice == na.evaluate(net, perceptual(), 80, interventions=na.Silence("E", [0, 1, 2])).choice).all()


def test_a_run_has_them_from_its_own_start_and_ends_them(net):
    state = net.state(2, seed=1)
    state.run(steps=10)
    first = net.run(steps=10, state=state, interventions=na.Clamp("E", 3, start=40, end=100))
    held = (first.rates["E"] == 3).all(axis=2)
    assert held.T.tolist() == [[False] * 2 + [True] * 3 + [False] * 5] * 2
    net.run(steps=5, state=state, interventions=na.Clamp("E", 3))
    assert (state.run(steps=1).rates["E"] != 3).all()
    (what, steps), = first.interventions
    assert repr(what) == "Clamp('E', [3.0], start=40.0, end=100.0)" and steps.tolist() == [[2, 5]] * 2


def test_a_state_goes_on_with_what_is_planned(net):
    state = net.state(2, seed=1)
    state.intervene([na.Clamp("E", 3, start=40), na.Silence("I", trials=[1])])
    rates = state.run(steps=4).rates
    assert (rates["E"] == 3).all(axis=2).T.tolist() == [[False, False, True, True]] * 2
    assert (rates["I"] == 0).all(axis=2).T.tolist() == [[False] * 4, [True] * 4]
    other = net.state(2)
    other.restore(state.snapshot())
    assert np.array_equal(other.run(steps=3).rates["E"], state.run(steps=3).rates["E"])
    state.release("E")
    assert (state.run(steps=1).rates["E"] != 3).all() and (state.rates("I")[1] == 0).all()
    state.reset()
    assert np.array_equal(state.run(steps=3).rates["I"], net.run(steps=3, trials=2, seed=1).rates["I"])


def test_calls_of_a_state_plan_what_has_a_time_or_a_fraction(net):
    one, other = net.state(2, seed=1), net.state(2, seed=1)
    one.silence("E", fraction=0.5, seed=2)
    one.clamp("I", 2, [1], start=40)
    one.inject("E", 0.5, end=60, rise=40)
    same = na.Silence("E", fraction=0.5, seed=2), na.Clamp("I", 2, [1], start=40), na.Inject("E", 0.5, end=60, rise=40)
    for what in same:
        other.intervene(what)
    assert one.snapshot() == other.snapshot() and one.snapshot() != net.state(2, seed=1).snapshot()
    with pytest.raises(TypeError, match="fractions"):
        one.silence("E", fractions=0.5)


@pytest.mark.parametrize(
    "model", [{}, {"leak": "rate"}, {"model": "adaptive_rate", "adaptation": 0.5}, {"model": "dendritic", "branches": 2}]
)
def test_units_of_every_kind_go_on_from_their_own_states(model):
    net = na.Network(dt=10).input("u", 2, sign=+1).population("A", 4, sign=+1, tau=50, **model).output("z", 2)
    where = "A:dendrite" if "branches" in model else "A"
    net.connect("u", where).connect("A", "z").build(1)
    u = np.random.default_rng(1).random((20, 3, 2), np.float32)
    alone, halved = net.run(u), net.run(u, interventions=na.Scale("A", 0.5, start=50, end=100))
    factor = np.where((np.arange(20) >= 5) & (np.arange(20) < 10), 0.5, 1).astype(np.float32)[:, None, None]
    assert np.array_equal(halved.rates["A"], factor * alone.rates["A"]) and (alone.rates["A"] > 0).any()
    silent = net.run(u, interventions=na.Silence("A:rate", start=50, end=100)).outputs["z"]
    assert (silent[5:10] == net.bias("z")).all() and np.array_equal(silent[10:], alone.outputs["z"][10:])


def test_an_interrupted_plan_changes_nothing(net):
    state = net.state(2)
    before = state.snapshot()
    with pytest.raises(na.InvalidError):
        state.intervene([na.Clamp("E", 3), na.Clamp("E", 3, [12])])
    with pytest.raises(na.NonfiniteError, match="inputs"):
        state.run(np.full((3, 2, 3), np.nan), interventions=na.Silence("E"))
    assert state.snapshot() == before


def test_they_are_values():
    units = np.array([1, 2])
    what = na.Inject("E", [1, 2], units, start=10, where={"context": 1}, trials=np.array([True, False]))
    units[0] = 7
    for same in (what, copy.deepcopy(what), pickle.loads(pickle.dumps(what))):
        assert same.units.tolist() == [1, 2] and same.where == {"context": 1} and same.value.tolist() == [1, 2]
    with pytest.raises(AttributeError, match="cannot be set"):
        what.start = 5
    assert na.Silence(["PV", "SST"], fraction=0.25, epoch="delay").label == "Silence PV, SST, 25%, delay"


def test_projections_as_values(net):
    what = na.ScaleSynapses(["E", "I"], ["E", "choice"], 0.5, fraction=0.25, of="units", epoch="delay")
    assert repr(what) == (
        "ScaleSynapses(['E', 'I'], 'E choice', [0.5], fraction=0.25, of='units', epoch='delay')"
    )
    assert what.label == "Scale synapses E, I to E choice, 25%, delay"
    assert na.ScaleSynapses("E", "I", 0).label == "Cut E to I" and na.Freeze("E").label == "Freeze E"
    for same in (copy.deepcopy(what), pickle.loads(pickle.dumps(what))):
        assert (same.target, same.of, same.value.tolist()) == ("E choice", "units", [0.5])
        with pytest.raises(AttributeError, match="cannot be set"):
            same.target = "I"


def test_a_cut_projection_is_one_without_weights(net):
    """Beside other projections in the same matrix: as a copy of the network whose weights are 0."""
    other = net.copy()
    other.set_weights("E", "I", np.zeros((4, 12), np.float32))
    inputs = np.random.default_rng(3).normal(size=(20, 5, 3)).astype(np.float32)
    cut = net.run(inputs, interventions=na.ScaleSynapses("E", "I", 0))
    assert np.allclose(cut.rates["E"], other.run(inputs).rates["E"], atol=1e-5)  # chains of 20 steps, to rounding
    assert not np.allclose(cut.rates["E"], net.run(inputs).rates["E"], atol=1e-3)


def test_states_scale_projections_and_freeze_units(net):
    state, alone = net.state(2, seed=1), net.state(2, seed=1)
    state.scale_synapses("E", "*", 0, end=100)
    state.freeze("I", [0, 1], start=20)
    alone.intervene([na.ScaleSynapses("E", "*", 0, end=100), na.Freeze("I", [0, 1], start=20)])
    assert state.snapshot() == alone.snapshot()
    rates = state.run(steps=8).rates["I"]
    assert (rates[1:, :, :2] == rates[1, :, :2]).all() and (rates[2:, :, 2:] != rates[1, :, 2:]).any()
    state.release("I")
    alone.run(steps=4)
    assert len(alone.snapshot()) > len(net.state(2).snapshot())
    alone.release_synapses("E")
    alone.release()
    assert len(alone.snapshot()) == len(net.state(2).snapshot())
    with pytest.raises(na.UnknownNameError, match="'F'"):
        state.release_synapses("F", "E")


def test_the_noise_is_the_same(net):
    """What nothing of the perturbation reaches is as without it, to the last bit."""
    apart = na.Network(dt=10).population("A", 5, sign=+1, noise=0.3).population("B", 5, sign=+1, noise=0.3)
    apart.population("C", 5, noise=0.3, bias=0.2).connect("A", "A").connect("B", "B").connect("A", "B").build(2)
    whole = apart.run(steps=30, trials=3, seed=5)
    for what in (na.Freeze("A", start=50, end=200), na.ScaleSynapses("A", "B", 0, start=50, end=200)):
        run = apart.run(steps=30, trials=3, seed=5, interventions=what)
        assert np.array_equal(run.rates["C"], whole.rates["C"])
        assert np.array_equal(run.rates["B"][:5], whole.rates["B"][:5])
        assert not np.array_equal(run.rates["B"][6:], whole.rates["B"][6:])
        if isinstance(what, na.ScaleSynapses):
            assert np.array_equal(run.rates["A"], whole.rates["A"])


BAD = [
    (lambda: na.ScaleSynapses("E", "F", 0), na.UnknownNameError, "to: nothing is called 'F'"),
    (lambda: na.ScaleSynapses("choice", "E", 0), na.UnknownNameError, "'choice' is one of the outputs"),
    (lambda: na.ScaleSynapses("E", "I", -1), na.InvalidError, "is -1, must be at least 0, a factor"),
    (lambda: na.ScaleSynapses("E", "I", [1, 2]), na.InvalidError, "2 values, must have 1 or 12"),
    (lambda: na.ScaleSynapses("E", "I", 0, of="cells"), na.InvalidError, "of is 'cells', must be 'synapses' or 'units'"),
    (lambda: na.ScaleSynapses("E", 3, 0), na.InvalidTypeError, "target: expected a name"),
    (lambda: na.ScaleSynapses("E", "I", 0, fraction=1e-4), na.InvalidError, "none of the .* synapses from 'E' to 'I'"),
    (lambda: na.Freeze("E", [12]), na.InvalidError, r"units\[0\] is 12, must be 0 to 11"),
    (lambda: na.Silence("F"), na.UnknownNameError, "'F'"),
    (lambda: na.Silence("E", [12]), na.InvalidError, r"units\[0\] is 12, must be 0 to 11"),
    (lambda: na.Silence("E", np.ones(11, bool)), na.InvalidError, r"expected shape \[12\]"),
    (lambda: na.Silence({}), na.InvalidError, "mapping is empty"),
    (lambda: na.Silence("E", fraction=0), na.InvalidError, "fraction is 0"),
    (lambda: na.Silence("E", fraction="half"), na.InvalidTypeError, "fraction: expected a number"),
    (lambda: na.Silence("E", seed=-1), na.InvalidError, "seed is -1"),
    (lambda: na.Silence("E", start=50, end=50), na.InvalidError, "end is 50 ms, must be above start, 50 ms"),
    (lambda: na.Silence("E", start=41, end=45), na.InvalidError, "no step of dt = 20 ms"),
    (lambda: na.Silence("E", epoch="delay", steps=[[0, 1]]), na.InvalidError, "give one of them"),
    (lambda: na.Silence("E", epoch=3), na.InvalidTypeError, "epoch: expected the name of an epoch"),
    (lambda: na.Silence("E", epoch="nap"), na.UnknownNameError, "epoch: no epoch of these trials is called 'nap'"),
    (lambda: na.Silence("E", steps=[[0, 1]] * 7), na.InvalidError, "n_trials is 7, must be 40"),
    (lambda: na.Silence("E", steps=[0, 1]), na.InvalidError, r"steps: expected shape \[trials, 2\]"),
    (lambda: na.Silence("E", trials=[40]), na.InvalidError, "trials: 40 to 40, must be 0 to 39"),
    (lambda: na.Silence("E", trials=np.ones(39, bool)), na.InvalidError, r"trials: expected shape \[40\]"),
    (lambda: na.Silence("E", where={"colour": 1}), na.UnknownNameError, "'colour'"),
    (lambda: na.Silence("E", where={"coherence": 3}), na.InvalidError, "where: no trial has coherence 3"),
    (lambda: na.Silence("E", where="colour"), na.InvalidTypeError, "where: expected a mapping"),
    (lambda: na.Clamp("E", [1, 2, 3]), na.InvalidError, "3 values, must have 1 or 12"),
    (lambda: na.Clamp("E", np.nan), na.NonfiniteError, "nan, must be finite"),
    (lambda: na.Scale("E", -1), na.InvalidError, "is -1, must be at least 0"),
    (lambda: na.Inject("E", "much"), na.InvalidTypeError, "current: expected numbers"),
    (lambda: "E", na.InvalidTypeError, "interventions: expected na.Silence"),
    (lambda: [na.Silence("E"), "E"], na.InvalidTypeError, "interventions: expected na.Silence"),
    (lambda: na.Silence, na.InvalidTypeError, "got the class Silence itself"),
]


@pytest.mark.parametrize("make, error, words", BAD, ids=range(len(BAD)))
def test_what_cannot_be(net, make, error, words):
    with pytest.raises(error, match=words):
        na.evaluate(net, perceptual(), 40, interventions=make())


def test_a_state_has_neither_epochs_nor_conditions(net):
    with pytest.raises(na.UnsupportedError, match="epoch is 'delay', but a state has no epochs"):
        net.state().intervene(na.Silence("E", epoch="delay"))
    with pytest.raises(na.UnsupportedError, match="epoch is 'delay', but only trials have epochs"):
        net.run(steps=5, interventions=na.Silence("E", epoch="delay"))
    with pytest.raises(na.UnsupportedError, match="a state has no conditions"):
        net.state().intervene(na.Silence("E", where={"context": 1}))
    with pytest.raises(TypeError, match="make one by"):
        na.Intervention("E")


def test_a_psychometric_curve_with_interventions(net):
    pytest.importorskip("matplotlib")
    what = na.Silence("E", fraction=0.3)
    (ax,) = na.plot.psychometric(net, perceptual(), trials=200, seed=4, interventions=what)
    evaluation = na.evaluate(net, perceptual(), 200, seed=4, interventions=what)
    points = evaluation.curve("signed_coherence")
    assert np.allclose(ax.containers[0].lines[0].get_ydata(), points.choice[np.isfinite(points.choice)])
    with pytest.raises(na.InvalidError, match="interventions: the evaluation is made already"):
        na.plot.psychometric(evaluation, interventions=what)
