"""Running a network and keeping only a part of what it does."""

import tracemalloc

import numpy as np
import pytest
from conftest import small

import neuroai as na


@pytest.fixture
def noisy():
    return small(noise=0.1)


def given(steps=23, trials=4, seed=0):
    return np.random.default_rng(seed).random((steps, trials, 3), np.float32)


@pytest.mark.parametrize("record", [None, "*", "E", "I", "", [], ["I", "E"], ["E"]])
@pytest.mark.parametrize("every", [1, 2, 3, 10, 23, 24, 100])
def test_what_is_kept_is_that_part_of_the_whole(noisy, record, every):
    whole = noisy.run(given(), seed=3)
    run = noisy.run(given(), seed=3, record=record, every=every)
    kept = {"E", "I"} if record in (None, "*") else set(record)
    rows = slice(every - 1, None, every)
    assert set(run.rates) == kept and list(run.rates) == [name for name in ("E", "I") if name in kept]
    for name in kept:
        assert run.rates[name].tobytes() == whole.rates[name][rows].tobytes()
    assert run.outputs["choice"].tobytes() == whole.outputs["choice"][rows].tobytes()
    assert run.inputs["stimulus"].tobytes() == given()[rows].tobytes()
    assert run.time.tolist() == whole.time[rows].tolist()
    assert run.every == every and run.state.time == 23
    assert run.state.snapshot() == whole.state.snapshot()


def test_patterns_and_names_that_are_none(noisy):
    net = na.Network(dt=20).input("in", 1).output("out", 1)
    for name in ("pfc/E", "pfc/I", "ppc/E"):
        net.population(name, 2)
    net.connect("in", "p*").connect("*/E", "out")
    net.build()
    assert list(net.run(steps=2, record="pfc/*").rates) == ["pfc/E", "pfc/I"]
    assert list(net.run(steps=2, record=["ppc/*", "pfc/I"]).rates) == ["pfc/I", "ppc/E"]
    with pytest.raises(na.UnknownNameError, match="record: no population is called 'M1', but pfc/E, pfc/I, ppc/E"):
        net.run(steps=2, record="pfc/E M1")
    with pytest.raises(na.UnknownNameError, match="'out'"):
        net.run(steps=2, record="out")
    for every in (0, -1):
        with pytest.raises(na.InvalidError, match=f"every is {every}, must be at least 1"):
            net.run(steps=2, every=every)
    with pytest.raises(na.InvalidError, match="every: expected a whole number, got 1.5"):
        net.run(steps=2, every=1.5)
    with pytest.raises(na.InvalidError, match="steps is -1"):
        net.run(steps=-1)
    state = net.state()
    with pytest.raises(na.UnknownNameError):
        state.run(steps=5, record="none")
    assert state.time == 0


def test_a_run_in_parts_is_the_run(noisy):
    """Every third step counts from the start of each run."""
    whole = noisy.run(given(), seed=1)
    state = noisy.state(4, seed=1)
    first = state.run(given()[:10], every=3)
    second = state.run(given()[10:], every=4, record="I")
    assert first.rates["E"].tobytes() == whole.rates["E"][2:10:3].tobytes()
    assert second.rates["I"].tobytes() == whole.rates["I"][13::4].tobytes()
    assert state.run(steps=2, every=3).rates["E"].shape == (0, 4, 12) and state.time == 25
    assert len(state.run(steps=2, every=3).time) == 0


def test_many_calls_into_the_library_are_one_run(noisy):
    """However many steps each of them makes."""
    whole = noisy.run(given(300), seed=1)
    run = noisy.run(given(300), seed=1, every=7, record="I")
    assert run.rates["I"].tobytes() == whole.rates["I"][6::7].tobytes()
    assert run.outputs["choice"].tobytes() == whole.outputs["choice"][6::7].tobytes()


def test_inputs_that_are_not_finite_move_nothing(noisy):
    inputs = given(5000)
    inputs[4500, 2, 1] = np.nan
    state = noisy.state(4)
    with pytest.raises(na.NonfiniteError, match="inputs: 'stimulus', channel 1 of trial 2 at row 4500 is nan"):
        state.run(inputs)
    assert state.time == 0


def test_memory_is_taken_for_what_is_kept_alone():
    net = na.Network(dt=20).population("E", 200).population("I", 50).output("z", 1)
    net.connect("E I", "E I").connect("E", "z")
    net.build()
    steps = 60_000
    for how, numbers in (({"record": ""}, steps), ({"every": 100}, 2.51 * steps), ({"record": "I"}, 51 * steps)):
        tracemalloc.start()
        run = net.run(steps=steps, **how)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert run.state.time == steps and peak < 4 * numbers + 1_000_000, how


def test_pictures_and_analyses_of_a_part(noisy):
    """At every second step they see what they see of the whole at those steps."""
    task = na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=[100, 200], decision=60)
    drawn = task.trials(noisy, 30)
    mask = np.arange(drawn.steps)[:, None] >= 4 + np.zeros(30)
    trials = na.Trials(drawn.inputs, drawn.targets, mask, drawn.lengths, drawn.conditions)
    whole, run = noisy.run(trials, seed=1), noisy.run(trials, seed=1, every=2)
    assert run.lengths.tolist() == (trials.lengths // 2).tolist() and len(set(run.lengths)) == 2
    values, means = na.condition_means(whole)
    part_values, part = na.condition_means(run)
    assert (values == part_values).all() and np.array_equal(part, means[:, 1::2], equal_nan=True)
    axes = na.plot.activity(run, trial=int(np.argmin(trials.lengths)))
    assert axes[-1].get_xlim()[1] == run.lengths.min() * 2 * 20
    assert axes[-1].patches[-1].get_x() == 80  # the steps that count are shaded
    assert len(na.plot.activity(noisy.run(trials, record=""))) == 2
    times = na.reaction_times(run, threshold=0.0, channels=[1, 2])
    fine = na.reaction_times(whole, threshold=0.0, channels=[1, 2])
    here = np.isfinite(times.time)
    assert here.any() and (times.time[here] % 40 == 0).all() and (times.time[here] >= fine.time[here]).all()
    with pytest.raises(na.UnknownNameError, match="was recorded"):
        na.condition_means(noisy.run(trials, record="E"), names="I")
    assert len(na.plot.responses(noisy.run(trials, record="E"))) > 0


@pytest.fixture
def mixed():
    net = na.Network(dt=10).input("u", 2).output("z", 1)
    net.population("A", 3, model="adaptive_rate", tau=40, bias=0.5).population("R", 2, leak="rate")
    net.population("D", 2, model="dendritic", branches=3)
    return net.connect("u", "A R D D:dendrite+").connect("A", "R A z").build(1)


@pytest.mark.parametrize("every", [1, 3])
def test_variables_are_recorded_beside_rates(mixed, every):
    u = np.random.default_rng(0).random((12, 2, 2), np.float32)
    whole = mixed.run(u)
    run = mixed.run(u, record=["A:x", "*:a", "R", "D:d A:rate"], every=every)
    assert list(run.rates) == ["R"] and list(run.traces) == ["A:x", "A:a", "D:d", "A:rate"]
    rows = slice(every - 1, None, every)
    assert run.traces["A:rate"].tobytes() == whole.rates["A"][rows].tobytes()
    assert run.rates["R"].tobytes() == whole.rates["R"][rows].tobytes()
    assert np.array_equal(np.maximum(run.traces["A:x"], 0), run.traces["A:rate"])
    assert run.traces["D:d"].shape == (12 // every, 2, 6) and not whole.traces
    assert run.state.variable("A:a").tobytes() == mixed.run(u, record="A:a").traces["A:a"][-1].tobytes()
    state = mixed.state(2)
    for row in u:
        state.step(row)
    assert run.state.variable("D:d").tobytes() == state.variable("D:d").tobytes()
    assert set(mixed.run(u, record="*:rate").traces) == {"A:rate", "R:rate", "D:rate"}


def test_variables_that_there_are_not_are_listed(mixed):
    for record, words in [
        ("A:v", "'A' has no signal, state or port 'v'; it has rate, x, a, input"),
        ("R A:v", "'A' has no signal"),
        ("Q:x", "nothing is called 'Q' among the populations: A, R, D"),
        ("D:dendrite", "'D:dendrite' may be dendrite[+], dendrite-: say which"),
        ("*:q", "has no signal, state or port 'q'"),
    ]:
        with pytest.raises(na.UnknownNameError, match=words):
            mixed.run(np.zeros((3, 2), np.float32), record=record)
    with pytest.raises(na.UnknownNameError, match="it has rate, r, input"):
        mixed.state().variable("R:x")


# --- some units ------------------------------------------------------------------------------------------------------


@pytest.fixture
def spiking():
    net = na.Network(dt=0.5).input("u", 2).output("z", 1)
    net.population("R", 3).population("S", 7, sign=+1, model="lif").population("D", 2, model="dendritic", branches=3)
    net.population("T", 4, model="lif").connect("u", "R D D:dendrite+").connect("S", "R").connect("R", "z")
    net.connect("u", "S", initial=np.linspace(1, 9, 14).reshape(7, 2)).connect("u", "T", initial=np.full((4, 2), 5.0))
    return net.build(1)


MASK = np.array([0, 1, 0, 0, 1, 1, 0], bool)


@pytest.mark.parametrize("every", [1, 4])
def test_some_units_of_some_populations(spiking, every):
    u = np.random.default_rng(0).random((90, 2, 2), np.float32)
    whole = spiking.run(u, seed=2, record="* S:v D:d")
    record = {"R": [2, 0], "S": MASK, "T": None, "S:v": [6, 1], "D:d": [1]}
    run = spiking.run(u, seed=2, record=record, every=every)
    rows = slice(every - 1, None, every)
    assert list(run.rates) == ["R", "S", "T"] and list(run.traces) == ["S:v", "D:d"] and list(run.spikes) == ["S", "T"]
    assert run.rates["R"].tobytes() == whole.rates["R"][rows][:, :, [2, 0]].tobytes()
    assert run.rates["S"].tobytes() == whole.rates["S"][rows][:, :, MASK].tobytes()
    assert run.traces["S:v"].tobytes() == whole.traces["S:v"][rows][:, :, [6, 1]].tobytes()
    assert run.traces["D:d"].tobytes() == whole.traces["D:d"][rows][:, :, [1, 3, 5]].tobytes()
    expected = whole.spikes["S"].of([1, 4, 5])
    assert 10 < len(run.spikes["S"]) < len(whole.spikes["S"]) and run.spikes["S"].n == 3
    for name in ("step", "unit", "trial"):
        assert np.array_equal(getattr(run.spikes["S"], name), getattr(expected, name))
        assert np.array_equal(getattr(run.spikes["T"], name), getattr(whole.spikes["T"], name))
    assert {name: units.tolist() for name, units in run.units.items()} == {
        "R": [2, 0], "S": [1, 4, 5], "T": [0, 1, 2, 3], "S:v": [6, 1], "D:d": [1]
    }
    assert whole.units["S:v"].tolist() == list(range(7)) and not run.units["S"].flags.writeable
    assert run.state.snapshot() == whole.state.snapshot()


def test_spikes_of_units_in_any_order(spiking):
    u = np.ones((90, 2, 2))
    whole, run = spiking.run(u), spiking.run(u, record={"S": [6, 0, 3], "T": [2]})
    assert run.spikes["S"].count().tolist() == whole.spikes["S"].count()[:, [6, 0, 3]].tolist()
    assert run.spikes["T"].count().tolist() == whole.spikes["T"].count()[:, [2]].tolist()
    none = spiking.run(u, record={"S": [], "R": []})
    assert none.rates["R"].shape == (90, 2, 0) and none.spikes["S"].n == 0 and len(none.spikes["S"]) == 0


def test_patterns_have_the_units_of_all_that_they_choose(spiking):
    run = spiking.run(steps=3, record={"[RS]": [0, 1], "*:v": [1]})
    assert list(run.rates) == ["R", "S"] and run.rates["R"].shape == (3, 1, 2)
    assert list(run.traces) == ["S:v", "T:v"] and run.units["T:v"].tolist() == [1]


@pytest.mark.parametrize(
    "record, error, words",
    [
        ({"R": [3]}, na.InvalidError, "record: units of 'R': 3 to 3, must be 0 to 2"),
        ({"R": [-1, 0]}, na.InvalidError, "-1 to 0, must be 0 to 2"),
        ({"S:v": [7]}, na.InvalidError, "record: units of 'S:v': 7 to 7, must be 0 to 6"),
        ({"S": [1, 1]}, na.InvalidError, "record: units of 'S': 1 is there twice"),
        ({"S": MASK[:6]}, na.InvalidError, r"record: units of 'S': expected shape \[7\], the units of 'S'"),
        ({"S": [0.5]}, na.InvalidError, "whole numbers"),
        ({"S": "all"}, TypeError, "record: units of 'S'"),
        ({"Q": [0]}, na.UnknownNameError, "record: no population is called 'Q', but R, S, D, T"),
        ({"S:q": [0]}, na.UnknownNameError, "'S' has no signal, state or port 'q'"),
        ({"Q:x": [0]}, na.UnknownNameError, "nothing is called 'Q'"),
        ({"S": [0], "[SR]": [1]}, na.InvalidError, "record: the units of 'S' are chosen twice"),
        (7, TypeError, "record"),
    ],
)
def test_units_that_there_are_not(spiking, record, error, words):
    state = spiking.state()
    with pytest.raises(error, match=words):
        state.run(steps=2, record=record)
    assert state.time == 0


def test_memory_is_taken_for_the_units_that_are_kept():
    net = na.Network(dt=20).population("E", 200).population("I", 50).output("z", 1)
    net.connect("E I", "E I").connect("E", "z")
    net.build()
    steps = 60_000
    tracemalloc.start()
    run = net.run(steps=steps, record={"E": [0, 7, 9], "E:x": [1]}, every=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert run.rates["E"].shape == (steps // 3, 1, 3) and peak < 4 * 5 * steps // 3 + 200_000


def test_pictures_and_analyses_of_some_units(noisy):
    """They name units by their numbers in the population."""
    task = na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=[100, 200], decision=60)
    trials = task.trials(noisy, 30)
    whole, run = noisy.run(trials, seed=1), noisy.run(trials, seed=1, record={"E": [7, 2], "I": None})
    assert na.condition_means(run)[1].tobytes() == na.condition_means(whole)[1][:, :, [7, 2, 12, 13, 14, 15]].tobytes()
    titles = [panel.get_title() + panel.get_ylabel() for panel in na.plot.responses(run, units=[("E", 2)])]
    assert "E" in titles[0] and "2" in titles[0]
    with pytest.raises(na.InvalidError):
        na.plot.responses(run, units=[("E", 3)])
    assert len(na.plot.responses(run, kind="heat")) > 0 and len(na.plot.activity(run)) > 0
