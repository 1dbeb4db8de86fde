"""Measures and pictures that are given what they cannot take: each says which argument, and what it should be."""

from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import small
from every_picture import CASES
from test_spikes import pools_of_spikes

import neuroai as na

NAN = float("nan")


@pytest.fixture(scope="module")
def run():
    net = small(noise=0.1)
    return net.run(na.tasks.PerceptualDecisionMaking().trials(net, 24), seed=1, record="* *:x")


@lru_cache(maxsize=None)
def spiking():
    return pools_of_spikes(2)


def two_tasks(run):
    return na.task_variance({"one": run, "other": run.net.run(run.trials, seed=2, interventions=na.Inject("E", 0.3))})


# --- seeds -----------------------------------------------------------------------------------------------------------

SEEDED = {
    "fixed_points": lambda run, seed: na.fixed_points(run.net, run, n=1, seed=seed),
    "decode": lambda run, seed: na.decode(run, "target", seed=seed, progress=False),
    "noise_correlations": lambda run, seed: na.noise_correlations(run, "target", units=3, seed=seed),
    "selectivity": lambda run, seed: na.selectivity(run, "target", shuffles=2, seed=seed),
    "graph_measures": lambda run, seed: na.graph_measures(run.net, searches=1, seed=seed),
    "graph_measures, some paths": lambda run, seed: na.graph_measures(run.net, searches=1, paths=3, seed=seed),
    "small_world": lambda run, seed: na.small_world(run.net, nulls=1, seed=seed),
    "clusters": lambda run, seed: two_tasks(run).clusters(2, least=0.0, seed=seed),
    "split": lambda run, seed: run.trials.split(0.5, seed=seed),
    "correlations": lambda run, seed: na.spikes.correlations(spiking().spikes["E0"], most=2, seed=seed),
}


@pytest.mark.parametrize("name", SEEDED)
def test_seeds(run, name):
    for seed, words in ((-1, "seed is -1, must be at least 0"), (0.5, "seed: expected a whole number, got 0.5")):
        with pytest.raises(na.InvalidError, match=words):
            SEEDED[name](run, seed)
    if name != "fixed_points":  # whose trials may be run, by a seed of 64 bits
        SEEDED[name](run, 2**70)


# --- windows ---------------------------------------------------------------------------------------------------------

WINDOWED = {
    "pca": lambda run, window: na.pca(run, window=window),
    "dimensionality": lambda run, window: na.dimensionality(run, window=window),
    "decode": lambda run, window: na.decode(run, "target", window=window),
    "selectivity": lambda run, window: na.selectivity(run, "target", window=window),
    "timescales": lambda run, window: na.timescales(run, window=window),
    "fixed_points": lambda run, window: na.fixed_points(run.net, run, n=1, window=window),
    "linearise": lambda run, window: na.linearise(run, window=window),
    "raster": lambda run, window: na.plot.raster(spiking(), window=window),
}
@pytest.mark.parametrize("name", WINDOWED)
@pytest.mark.parametrize("window", [(), (1,), (1, 2, 3), 5, ("a", "b"), [[1, 2]], NAN], ids=repr)
def test_windows_that_are_none(run, name, window):
    before = plt.get_fignums()
    with pytest.raises(na.InvalidTypeError, match="window: expected "):
        WINDOWED[name](run, window)
    assert plt.get_fignums() == before


@pytest.mark.parametrize("name", WINDOWED)
@pytest.mark.parametrize("window", [(500, 100), (NAN, 100), (100, NAN), (1e6, 2e6)], ids=repr)
def test_windows_without_a_step(run, name, window):
    with pytest.raises(na.InvalidError, match="has no|there is no step"):
        WINDOWED[name](run, window)


def test_epochs_where_only_times_will_do(run):
    for name in ("pca", "fixed_points", "linearise", "raster"):
        with pytest.raises(na.InvalidTypeError, match=r"window: expected \(from, to\), ms, got 'stimulus'"):
            WINDOWED[name](run, "stimulus")


# --- reaction times --------------------------------------------------------------------------------------------------


def test_reaction_times(run):
    given = run.net.run(na.Trials(np.zeros((9, 3, 3)), conditions={"target": [0, 1, 0.5], "when": [20, NAN, 20]}), seed=1)
    for words, options in {
        "threshold is nan, must be a number": {"threshold": NAN},
        "onset: nan is not finite": {"onset": NAN},
        r"onset: nan is not finite$": {"onset": [0, NAN, 0]},
        "right is 3, must be -1 to 2": {"right": [0, 1, 3]},
        "right: condition 'target' has values that are no classes, such as 0.5": {"right": "target"},
    }.items():
        with pytest.raises((na.InvalidError, na.NonfiniteError), match=words):
            na.reaction_times(given, **{"threshold": -1e9, **options})
    found = na.reaction_times(given, -1e9)
    assert found.correct.tolist() == [-1, -1, -1]  # a target that is no channel says nothing of them
    assert np.isnan(na.reaction_times(given, -1e9, onset="when").time).tolist() == [False, True, False]
    nothing = run.net.run(na.Trials(np.zeros((0, 3, 3))))
    with pytest.raises(na.InvalidError, match="run: it has no steps"):
        na.reaction_times(nothing)


# --- and what else there is ------------------------------------------------------------------------------------------


def test_what_results_are_asked(run):
    n = 16
    found, linear = na.pca(run), na.linearise(run)
    for ask, words in (
        (lambda: found.project([1, 2, 3]), r"rates: expected shape \[..., 16\], got \[3\]"),
        (lambda: found.project("a"), "rates: expected numbers, got 'a'"),
        (lambda: linear.carry([1, 2]), r"difference: expected shape \[16\], got \[2\]"),
        (lambda: linear.carry("a"), "difference: expected numbers, got 'a'"),
        (lambda: linear.carry([NAN] * n), "difference: nan is not finite"),
        (lambda: na.selectivity(run, "target", values=(1,)), "values: expected two values of the condition, got"),
        (lambda: na.selectivity(run, "target", values=3), "values: expected two values of the condition, got 3"),
        (lambda: na.selectivity(run, "target", shuffles=-1), "shuffles is -1, must be at least 0"),
        (lambda: na.task_variance({"Go": 3}), "runs: expected a neuroai.Run by the name of each task, got 3"),
        (lambda: na.graph_measures(na.Network(20).population("E", 5)), "net: it must be built"),
    ):
        with pytest.raises(na.Error, match=words):
            ask()
    assert found.project(np.zeros((4, 5, n))).shape == (4, 5, 3)


@pytest.mark.parametrize("name", [name for name in CASES if name != "label_ends"])
def test_axes_that_are_none(name):
    draw = CASES[name][0][1]
    before = plt.get_fignums()
    with pytest.raises(na.InvalidTypeError, match="ax: expected Matplotlib's axes.*, got 99"):
        draw(99)
    assert plt.get_fignums() == before


def test_where_and_conditions(run):
    evaluation = na.evaluate(run.net, na.tasks.PerceptualDecisionMaking(), 10, progress=False)
    for ask in (evaluation.where, lambda where: na.condition_means(run, "target", where=where), lambda where: na.pca(run, where=where)):
        for where, words in (
            ("target", "where: expected a mapping from conditions to values, .* got 'target'"),
            ({"target": "a"}, r"where\['target'\]: expected a number, got 'a'"),
            ({"target": [1, 2]}, r"where\['target'\]: expected a number, got \[1, 2\]"),
            ({"target": None}, r"where\['target'\]: expected a number, got None"),
        ):
            with pytest.raises(na.InvalidTypeError, match=words):
                ask(where)
    for ask in (
        lambda: na.condition_means(run, ["target"]),
        lambda: na.selectivity(run, ["target", "coherence"]),  # which was of a part of the trials
    ):
        with pytest.raises(na.InvalidTypeError, match=r"condition: expected the name of a condition, got \['target'"):
            ask()


def test_trials_that_there_are_not(run):
    for draw in (na.plot.traces, na.plot.activity, na.linearise):
        for trial in (24, -1):
            with pytest.raises(na.InvalidError, match=f"trial is {trial}, must be 0 to 23"):
                draw(run, trial=trial)
    with pytest.raises(na.InvalidError, match="trial is 3, must be 0 to 0"):
        na.plot.traces(run, run.net.run(run.trials[:1]), trial=3)


def test_a_penalty_that_leaves_nothing(run):
    with pytest.raises(na.InvalidError, match="penalty is inf, must be above 0 and finite"):
        na.decode(run, "target", penalty=np.inf)


# --- spikes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value, words", [(np.inf, "and finite"), (NAN, "above 0|at least 0"), ("a", "expected a number")], ids=repr)
def test_bins_of_spikes(value, words):
    spikes = spiking().spikes["E0"]
    for ask in (
        spikes.count,
        spikes.population_rate,
        lambda value: spikes.population_rate(1.0, value),
        lambda value: na.spikes.fano_factor(spikes, value),
        lambda value: na.spikes.synchrony(spikes, value),
        lambda value: na.spikes.correlations(spikes, window=value),
        lambda value: na.spikes.power_spectrum(spikes, value),
        lambda value: na.spikes.power_spectrum(spikes, 1.0, value),
        lambda value: na.Spikes.from_times([1.0], [0], 1, value),
        lambda value: na.Spikes.from_times([1.0], [0], 1, 10, dt=value),
    ):
        with pytest.raises(na.InvalidError, match=words):
            ask(value)


def test_spikes_of_whom():
    spikes = spiking().spikes["E0"]
    for ask, words in (
        (lambda: spikes.train(40), "unit is 40, must be 0 to 39"),
        (lambda: spikes.train(0, 1), "trial is 1, must be 0 to 0"),
        (lambda: spikes.between("a"), "start: expected a number, got 'a'"),
        (lambda: spikes.between(0, NAN), "there is no step"),
        (lambda: na.Spikes.from_times([], [], -1, 10), "n is -1, must be at least 0"),
        (lambda: na.Spikes.from_times([], [], 1.5, 10), "n: expected a whole number, got 1.5"),
    ):
        with pytest.raises(na.InvalidError, match=words):
            ask()
    assert spikes.between(-np.inf, np.inf).end == spikes.end


@pytest.mark.filterwarnings("error")
def test_spikes_of_nobody():
    none = spiking().spikes["E0"].of([])
    assert np.isnan(none.rate) and "0 of 0 units" in repr(none)
    assert np.isnan(none.population_rate(1.0, 5.0)).all() and len(none.population_rate(1.0)) == 400
    assert na.spikes.fano_factor(none).shape == (0,) and len(na.spikes.correlations(none)) == 0


def test_rates_that_are_smoothed_by_more_than_there_is():
    spikes = spiking().spikes["E0"]
    rate = spikes.population_rate(1.0)
    np.testing.assert_allclose(spikes.population_rate(1.0, 1e9), np.broadcast_to(rate.mean(), rate.shape), rtol=1e-6)
    far = np.exp(-0.5 * ((np.arange(400)[:, None] - np.arange(400)) / 150.0) ** 2)
    expected = far @ rate / far.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(spikes.population_rate(1.0, 150.0), expected, rtol=1e-6)


# --- experiments -----------------------------------------------------------------------------------------------------


def test_experiments(run):
    net, task = run.net, na.tasks.PerceptualDecisionMaking()
    silence, dose, cut = na.experiment.silence, na.experiment.dose, na.experiment.cut
    for ask, words in (
        (lambda: silence(net, task, act=lambda *names, **how: None), "act: it must make an intervention, made None"),
        (lambda: dose(net, task, "E", act=3), "act: expected a function that makes an intervention.*, got 3"),
        (lambda: dose(net, task, "E", fractions=0.5), "fractions: expected numbers, got 0.5"),
        (lambda: silence(net, task, epochs=3), "epochs: expected names or pairs of times, got 3"),
        (lambda: silence(net, task, names=3), "names: expected names, got 3"),
        (lambda: cut(net, task, 3), r"projections: expected pairs of names, \('E', 'PV'\), got 3"),
        (lambda: na.dimensionality(run).needed("a"), "fraction: expected a number, got 'a'"),
    ):
        with pytest.raises(na.InvalidTypeError, match=words):
            ask()


def test_pictures_of_what_nobody_judges(run):
    trials, before = na.Trials(np.zeros((5, 3, 3))), plt.get_fignums()
    for draw, found in (
        (na.plot.silencing, na.experiment.silence(run.net, trials, epochs=[None])),
        (na.plot.dose, na.experiment.dose(run.net, trials, "E", fractions=[0, 1])),
    ):
        with pytest.raises(na.InvalidError, match="found: no trial can be judged"):
            draw(found)
    assert plt.get_fignums() == before


@pytest.mark.parametrize("lengths, words", [([3, 4], r"lengths\[1\] is 4, must be 1 to 3"), ([0, 3], r"lengths\[0\] is 0")])
def test_lengths_of_trials(lengths, words):
    with pytest.raises(na.InvalidError, match=words):
        na.Trials(np.zeros((3, 2, 3)), lengths=lengths)


@pytest.mark.filterwarnings("error")
def test_a_mean_that_is_no_number():
    for rate in (na.siegert, na.siegert_slopes):
        with pytest.raises(na.InvalidError, match="mean"):
            rate([1.0, NAN], 2.0)


# --- pictures of several, and colours --------------------------------------------------------------------------------


def test_pictures_of_several_of_another_kind(run):
    before = plt.get_fignums()
    for draw, words in (
        (na.plot.psychometric, r"net\['a'\]: expected a neuroai.Evaluation, got 3"),
        (na.plot.chronometric, r"times\['a'\]: expected a neuroai.ReactionTimes, got 3"),
        (na.plot.alignment, r"track\['a'\]: expected a neuroai.AlignmentHistory, got 3"),
        (na.plot.dimensionality, r"found\['a'\]: expected a neuroai.Dimensionality, got 3"),
    ):
        with pytest.raises(na.InvalidTypeError, match=words):
            draw({"a": 3})
    assert plt.get_fignums() == before


@pytest.mark.parametrize("limit, words", [(0, "limit is 0, must be above 0"), (NAN, "limit is nan"), ("a", "limit: expected a number")])
def test_limits_of_colours(run, limit, words):
    net, before = run.net, plt.get_fignums()
    found = na.experiment.silence(net, na.tasks.PerceptualDecisionMaking(), epochs=[None], trials=5)
    for draw in (
        lambda: na.plot.silencing(found, limit=limit),
        lambda: na.plot.weights(net, limit=limit),
        lambda: na.plot.blocks(net, limit=limit),
        lambda: na.plot.connectivity("billeh2020", limit=limit),
    ):
        with pytest.raises(na.InvalidError, match=words):
            draw()
    assert plt.get_fignums() == before


@pytest.mark.filterwarnings("error")
def test_states_that_no_network_has(run):
    """Squares of which are infinite."""
    for ask, words in (
        (lambda: na.fixed_points(run.net, np.full((2, 16), 1e300)), "starts: 1e.300 is more than single precision holds"),
        (lambda: na.lyapunov(run.net, start=np.full(16, 1e300)), "start: 1e.300 is more than"),
        (lambda: na.fixed_points(run.net, run, {"stimulus": [1e300, 0, 0]}), r"inputs\['stimulus'\]: 1e.300 is more than"),
        (lambda: na.RateMap(run.net, [1e300, 0, 0]), "inputs: 1e.300 is more than"),
    ):
        with pytest.raises(na.InvalidError, match=words):
            ask()
