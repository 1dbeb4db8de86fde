"""The activity of a state, looked at and set."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from conftest import small

import neuroai as na


def test_each_trial_starts_elsewhere():
    net = small(bias=0.1, noise=0.1)
    x = np.random.default_rng(1).normal(size=(4, 12)).astype(np.float32)
    state = net.state(4, seed=2)
    state.set_currents("E", x)
    assert np.array_equal(state.currents("E"), x) and np.array_equal(state.rates("E"), np.maximum(x, 0))
    assert not state.currents("E").flags.writeable
    state.run(np.ones((5, 4, 3)))
    for trial in range(4):
        one = net.state(1, seed=2)
        na._c.nai_state_set_first(one, trial)
        one.set_currents("E", x[trial])
        one.run(np.ones((5, 1, 3)))
        assert np.allclose(one.currents("E")[0], state.currents("E")[trial], atol=1e-6)
    state.set_currents("E", x[2])  # [n]: all trials alike
    assert (state.currents("E") == x[2]).all()


def test_rates_where_the_leak_is_on_the_rate():
    net = small(leak="rate")
    state = net.state(2)
    state.set_rates("I", [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert state.rates("I")[1].tolist() == [5, 6, 7, 8]
    with pytest.raises(na.UnsupportedError, match="'I' has its leak on the rate"):
        state.currents("I")
    with pytest.raises(na.UnsupportedError, match="its rates are what can be read and set"):
        state.set_currents("I", np.zeros((2, 4)))
    with pytest.raises(na.UnsupportedError, match="its currents are what can be set"):
        small().state().set_rates("I", np.zeros(4))


@pytest.mark.parametrize(
    "name, values, error, words",
    [
        ("E", np.full((2, 12), np.nan), na.NonfiniteError, r"currents\[0\]\[0\] is nan"),
        ("E", np.zeros((3, 12)), na.InvalidError, r"currents: expected shape \[2, 12\], got \[3, 12\]"),
        ("E", 0.0, na.InvalidError, "currents: expected shape"),
        ("E", "x", na.InvalidError, "currents: expected numbers"),
        ("F", np.zeros(12), na.UnknownNameError, "no population is called 'F', but E, I"),
        ("stimulus", np.zeros(3), na.UnknownNameError, "'stimulus'"),
    ],
)
def test_what_cannot_be_set_changes_nothing(name, values, error, words):
    state = small(noise=0.1).state(2)
    state.step(np.ones((2, 3)))
    before = state.snapshot()
    with pytest.raises(error, match=words):
        state.set_currents(name, values)
    assert state.snapshot() == before


def diverging(**how):
    net = na.Network(20).input("u", 1).population("E", 20, **how).population("I", 5).output("z", 1)
    net.connect("u", "E", initial=na.Constant(1.0)).connect("E", "E", initial=na.Constant(3.0))
    return net.connect("E", "I").connect("I", "E").connect("E", "z").build(1)


@pytest.mark.parametrize("how", [{}, {"leak": "rate"}, {"transfer": "power"}, {"model": "adaptive_rate"}])
def test_a_run_that_diverges_says_where_and_is_kept(how):
    net = diverging(**how)
    with pytest.warns(RuntimeWarning) as told:
        run = net.run(np.ones((60, 2, 1)), progress=False)
    assert len(told) == 1 and told[0].filename == __file__
    bad = ~np.isfinite(run.rates["E"])
    first = int(bad.any(axis=(1, 2)).argmax())
    trial, unit = np.argwhere(bad[first])[0]
    where = f"run: population 'E' is not finite from step {first + 1} on: unit {unit} of trial {trial} is "
    assert str(told[0].message).startswith(where) and 0 < first < 60 and np.isfinite(run.rates["E"][:first]).all()


def test_divergence_of_what_is_recorded_in_part_or_not_at_all():
    net = diverging()
    with pytest.warns(RuntimeWarning, match="'E' is not finite from step 40 on, of which every 10 are recorded: unit 7 of"):
        net.run(np.ones((60, 1, 1)), record={"E": [7, 3]}, every=10, progress=False)
    with pytest.warns(RuntimeWarning, match="output 'z' is not finite from step"):
        net.run(np.ones((60, 1, 1)), record="", progress=False)
    with pytest.warns(RuntimeWarning, match="population 'E' is not finite at step 60, in its state 'E'"):
        net.run(np.ones((60, 1, 1)), record="", every=100, progress=False)
    with pytest.warns(RuntimeWarning, match="from step 3[0-9] on") as told:
        pieces = list(net.state(1).chunks(np.ones((60, 1, 1)), size=10, progress=False))
    assert len(told) == 1 and len(pieces) == 6  # once, not for each piece


def two_of_many():
    """A network that diverges in trials 3 and 70 of 150, where it gets an input."""
    inputs = np.zeros((60, 150, 1), np.float32)
    inputs[:, [3, 70]] = 1
    return diverging(), na.Trials(inputs)


def test_an_evaluation_says_what_diverges_and_is_kept():
    net, trials = two_of_many()
    with pytest.warns(RuntimeWarning) as told:
        found = na.evaluate(net, trials)
    assert len(told) == 1 and told[0].filename == __file__
    assert str(told[0].message).startswith("evaluate: activity is not finite in 2 of 150 trials, first in trial 3 (a run of it says")
    assert str(told[0].message).endswith("the evaluation is kept as it is")
    for each in (found, copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert each.finite.dtype == bool and np.flatnonzero(~each.finite).tolist() == [3, 70]
    with pytest.warns(RuntimeWarning, match="evaluate: with Silence I activity is not finite in 2 of 150 trials"):
        na.evaluate(net, trials, silence="I")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert na.evaluate(net, trials, silence="E").finite.all()


@pytest.mark.parametrize(
    "call, how",
    [
        (lambda *a: na.experiment.compare(*a, {"I": na.Silence("I"), "E": na.Silence("E")}), "in 2 of 3"),
        (lambda *a: na.experiment.silence(*a, epochs=[None]), "in 2 of 3"),
        (lambda *a: na.experiment.cut(*a, [("I", "E"), ("E", "I"), ("E", "E")], epochs=[None]), "in 3 of 4"),
        (lambda *a: na.experiment.dose(*a, "I", [0, 0.5, 1], draws=2), "in 4 of 4"),
    ],
)
def test_an_experiment_says_once_that_activity_diverges(call, how):
    with pytest.warns(RuntimeWarning) as told:
        call(*two_of_many())
    assert len(told) == 1 and told[0].filename == __file__
    words = str(told[0].message)
    assert words.startswith("evaluate: activity is not finite in 2 of 150 trials, first in trial 3 ")
    assert f"; so it is {how} evaluations: " in words


def test_an_experiment_in_which_an_intervention_alone_diverges_says_which():
    quiet = na.Trials(np.zeros((60, 150, 1), np.float32))
    with pytest.warns(RuntimeWarning, match="evaluate: with Inject E activity is not finite in 150 of 150 trials.*; so it is in 1 of 3 "):
        na.experiment.compare(diverging(), quiet, {"I": na.Silence("I"), "current": na.Inject("E", 1.0)})


def test_what_is_looked_at_of_a_run_that_diverged():
    pytest.importorskip("scipy")
    net = diverging()
    with pytest.warns(RuntimeWarning):
        run = net.run(np.ones((60, 2, 1)), record="* *:x", progress=False)
    with pytest.raises(na.NonfiniteError, match="run: state 'E:x' is not finite in 2 of 2 trials, from step .*take a window before"):
        na.fixed_points(net, run, n=3, progress=False)
    na.fixed_points(net, run, n=3, window=(0, 200), progress=False)
    with pytest.raises(na.NonfiniteError, match="run: state 'E:x' is not finite in 1 of 2 trials"):
        na.linearise(run, progress=False)
    na.linearise(run, window=(0, 200), progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for panels in (na.plot.activity(run), na.plot.traces(run)):
            panels[0].figure.canvas.draw()
            assert any("not finite from" in text.get_text() for panel in panels for text in panel.texts)
        with pytest.raises(na.NonfiniteError, match="the orbit leaves all bounds [0-9]+ steps after the start: lower"):
            na.lyapunov(net, steps=3000, drop=0, start=np.ones(25), progress=False)


def with_conditions(diverges, steps=60, n=40):
    """A run of trials of two conditions, the last of which may diverge."""
    inputs = np.zeros((steps, n, 1), np.float32)
    inputs[:, -1] = 1.0 if diverges else 0.0
    trials = na.Trials(inputs, conditions={"side": np.arange(n) % 2 - 0.5})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return diverging(noise=0.0).run(trials, progress=False)


@pytest.mark.parametrize(
    "measure",
    [
        lambda run, **how: na.representational_similarity(run, "side", measure="euclidean", **how),
        lambda run, **how: na.noise_correlations(run, "side", **how),
        lambda run, **how: na.task_variance({"a": run}, **how),
        lambda run, **how: na.selectivity(run, "side", **how),
        lambda run, **how: na.decode(run, "side", progress=False, **how),
        lambda run, **how: na.timescales(run, bin=20.0, progress=False, **how),
        lambda run, **how: na.dimensionality(run, progress=False, **how),
        lambda run: na.condition_means(run, "side"),
        lambda run: na.pca(run, "side", progress=False),
        lambda run: na.plot.responses(run, "side"),
        lambda run: na.plot.trajectories(run, "side"),
    ],
)
def test_no_measure_goes_over_what_is_not_finite(measure):
    for module in ("scipy", "sklearn"):
        pytest.importorskip(module)
    run = with_conditions(True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(na.NonfiniteError, match="population 'E' is not finite in 1 of 40 trials, from step [0-9]+ on: unit [0-9]+ of trial 39"):
            measure(run)


def test_a_window_before_it_diverges_is_taken():
    run = with_conditions(True)
    assert np.isfinite(na.task_variance({"a": run}, window=(0, 300)).variance).all()
    assert na.dimensionality(run, window=(0, 300)).participation_ratio > 0


def test_what_never_differs_is_said():
    run = with_conditions(False)
    with pytest.raises(na.InvalidError, match="no unit differs between trials of one condition: the network needs noise"):
        na.noise_correlations(run, "side")
    for measure, words in (("correlation", "all units respond alike to"), ("cosine", "all units are silent in")):
        with pytest.raises(na.InvalidError, match=f"'{measure}' is not defined, as {words} a condition: take 'euclidean'"):
            na.representational_similarity(run, "side", measure=measure)
    three = na.Dissimilarity(("side",), np.arange(3.0)[:, None], 1 - np.eye(3), "euclidean")
    other = na.Dissimilarity(("side",), np.arange(3.0)[:, None], np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0.0]]), "euclidean")
    with pytest.raises(na.InvalidError, match="this one: all pairs of conditions are equally dissimilar"):
        three.compare(other)
    with pytest.raises(na.InvalidError, match="other: all pairs"):
        other.compare(three)
    with pytest.raises(na.InvalidError, match="0 of 25 units are active, 0 of them different, must be 3 and 2"):
        na.task_variance({"a": run}).clusters(progress=False)


def test_rounding_is_no_variance_and_no_distance():
    """Activity that is the same in all trials, in numbers of trials that round means."""
    net = na.Network(20).input("u", 1).population("E", 7).connect("u", "E").output("z", 1).connect("E", "z").build(1)
    net.set_bias("E", np.linspace(0.1, 0.7, 7))
    trials = na.Trials(np.zeros((20, 33, 1), np.float32), conditions={"side": np.arange(33) % 3 * (np.arange(33) < 20)})
    run = net.run(trials, progress=False)
    found = na.task_variance({"a": run, "b": run})
    assert np.all(found.variance == 0) and np.all(found.normalised == 0)
    assert np.all(na.representational_similarity(run, "side", measure="euclidean").matrix == 0)


@pytest.mark.parametrize("weights, words", [(3.0, "activity is not finite in 40 of 40"), (0.0, "are its outputs all alike")])
def test_without_a_choice_there_is_a_reason(weights, words):
    net = na.Network(20).input("u", 1).population("E", 20).output("z", 2)
    net.connect("u", "E", initial=na.Constant(weights)).connect("E", "E", initial=na.Constant(weights)).connect("E", "z").build(1)
    trials = na.Trials(np.ones((60, 40, 1), np.float32), np.zeros((60, 40), int), conditions={"x": np.arange(40) % 4 - 1.5})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = na.evaluate(net, trials, progress=False)
    for what in (found.fit, lambda: na.plot.psychometric(found), lambda: na.plot.confusion(found)):
        with pytest.raises(na.InvalidError, match=f"no choice was made in any of the trials: {words}"):
            what()


def test_neurons_that_diverge_fall_silent_and_it_is_said():
    net = na.Network(0.1).population("E", 3, model="lif", drive=40.0).build()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(net.run(steps=300, progress=False).spikes["E"])
    net = na.Network(0.1).input("u", 1).population("E", 3, model="lif").connect("u", "E", initial=na.Constant(1e6)).build()
    inputs = np.where(np.arange(300) % 2, 3e38, -3e38).reshape(300, 1, 1)
    with pytest.warns(RuntimeWarning, match="population 'E' is not finite at step 300, in its state 'E:"):
        net.run(inputs, progress=False)
