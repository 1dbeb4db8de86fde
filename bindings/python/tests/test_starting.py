"""Where trials start: states of units that are set by name, for each trial; runs that go on from the end of another."""

import copy

import numpy as np
import pytest
from conftest import small

import neuroai as na


@pytest.fixture
def net():
    """One of each: currents, rates, adaptation, branches, neurons, short-term plasticity, delays, noise."""
    net = na.Network(dt=0.5).input("u", 2).output("z", 1)
    net.population("E", 3, noise=0.1).population("R", 2, leak="rate").population("A", 2, model="adaptive_rate")
    net.population("D", 2, model="dendritic", branches=3).population("S", 4, sign=+1, model="lif")
    net.population("W", 2, sign=+1, model="wong_wang").connect("u", "E A D D:dendrite+")
    net.connect("u", "S", initial=np.linspace(1, 9, 8).reshape(4, 2)).connect("S", "E", delay=2.0)
    net.connect("E", "R", short_term=na.TsodyksMarkram(U=0.4, tau_x=50, tau_u=60, hz=100)).connect("A D", "R")
    return net.connect("R", "z").build(1)


def drive(steps=60, trials=3):
    return np.random.default_rng(0).random((steps, trials, 2), np.float32)


EVERYTHING = "* E:x R:r A:x A:a D:r D:d S:v S:wait"


def same(a, b, rows=slice(None)):
    for kind in ("rates", "traces", "outputs"):
        for name, array in getattr(a, kind).items():
            assert array.tobytes() == getattr(b, kind)[name][rows].tobytes(), (kind, name)


# --- one by one ------------------------------------------------------------------------------------------------------


def test_states_are_set_by_name(net):
    state = net.state(3)
    state.run(drive(20))
    v = np.linspace(-80, -60, 12).reshape(3, 4)
    state.set_variable("S:v", v)
    assert np.array_equal(state.variable("S:v"), v.astype(np.float32))
    state.set_variable("A:a", [1, 2])
    assert state.variable("A:a").tolist() == [[1, 2]] * 3
    state.set_variable("R:r", 0.25)
    assert (state.rates("R") == 0.25).all() and state.time == 20
    d = np.arange(18).reshape(3, 6)
    state.set_variable("D:d", d)
    assert state.variable("D:d").tolist() == d.tolist()
    state.set_short_term("E", "R", u=[0.1, 0.2, 0.3], x=np.full((3, 3), 0.5))
    u, x = state.short_term("E", "R")
    assert np.allclose(u, [[0.1, 0.2, 0.3]] * 3) and (x == 0.5).all()
    state.set_short_term("E", "R", x=1)
    assert (x == 1).all() and np.allclose(u[2], [0.1, 0.2, 0.3])


def test_a_neuron_fires_when_its_wait_is_over(net):
    state = net.state()
    state.set_variables({"S:v": 100, "S:wait": [0, 1, 2, 4]})
    spikes = state.run(steps=4, record="S").spikes["S"]
    assert [spikes.step[spikes.unit == k][0] for k in range(4)] == [1, 1, 2, 4]


def test_all_or_nothing(net):
    state = net.state(3)
    state.run(drive(5))
    before = state.snapshot()
    for values, error, words in [
        ({"E:x": np.zeros(3), "S:v": np.zeros(3)}, na.InvalidError, r"values\['S:v'\]: expected .*4.* or .*3, 4"),
        ({"E": np.zeros((2, 3))}, na.InvalidError, r"values\['E'\]"),
        ({"E:x": [1, np.nan, 0]}, na.NonfiniteError, r"values\[0\]\[1\] is nan"),
        ({"E:x": np.zeros(3), "S:wait": -1}, na.InvalidError, "is -1, must be 0 to"),
        ({"E:x": np.zeros(3), ("E", "R"): (2, None)}, na.InvalidError, r"u\[0\]\[0\] is 2, must be 0 to 1"),
        ({("E", "R"): 0.5}, TypeError, "u and x"),
        ({("E", "R", "A"): (1, 1)}, TypeError, "source and a target"),
        ({("A", "R"): (1, 1)}, na.InvalidError, "no short-term plasticity from 'A'"),
        ({"E:q": 1}, na.UnknownNameError, "'E' has no state 'q'; it has x"),
        ({"S:spike": 1}, na.UnknownNameError, "'S' has no state 'spike'; it has v, i_exc"),
        ({"Q:x": 1}, na.UnknownNameError, "nothing is called 'Q'"),
        ({"Q": 1}, na.UnknownNameError, "values: no population is called 'Q', but E, R"),
        ({"S": 1}, na.UnknownNameError, "'S' is of model 'lif': say which state"),
        ({7: 1}, TypeError, "values"),
        ([1, 2], TypeError, "values: expected a mapping from states"),
    ]:
        with pytest.raises(error, match=words):
            state.set_variables(values)
        assert state.snapshot() == before
    for call in (lambda: state.set_variable("E:x", [1, 2]), lambda: state.set_short_term("E", "R", u=[1, 2])):
        with pytest.raises(na.InvalidError, match="expected"):
            call()
        assert state.snapshot() == before


# --- trials that start somewhere -------------------------------------------------------------------------------------


def test_each_trial_starts_where_it_is_told(net):
    x, v = np.linspace(-1, 1, 9).reshape(3, 3), np.linspace(-75, -55, 4)
    run = net.run(drive(), seed=2, record=EVERYTHING, initial={"E": x, "S:v": v})
    state = net.state(3, seed=2)
    state.set_currents("E", x)
    state.set_variable("S:v", v)
    same(run, state.run(drive(), record=EVERYTHING))
    begun = net.state(3, initial={"E:x": x})
    assert np.array_equal(begun.currents("E"), x.astype(np.float32)) and begun.time == 0
    other = net.copy().set("E", initial=x[1])
    alike = net.run(drive(), seed=2, record="E:x", initial={"E": x[1]})
    assert other.run(drive(), seed=2, record="E:x").traces["E:x"].tobytes() == alike.traces["E:x"].tobytes()
    patterns = net.state(2, initial={"[ER]": 0.5, "*:wait": 3})
    assert (patterns.variable("S:wait") == 3).all() and (patterns.currents("E") == 0.5).all()
    with pytest.raises(na.InvalidError, match=r"initial\['E'\]"):
        net.run(drive(), initial={"E": np.zeros((2, 3))})
    with pytest.raises(TypeError, match="initial: expected a mapping"):
        net.run(drive(), initial=7)
    with pytest.raises(na.InvalidError, match="initial: the run continues from a state"):
        net.run(drive(), initial={"E": x}, state=net.state(3))


def test_trials_of_a_task_may_start_elsewhere():
    net = small(noise=0.1)
    trials = na.tasks.PerceptualDecisionMaking(stimulus=100).trials(net, 5)
    x = np.random.default_rng(1).normal(size=(5, 12))
    run = net.run(trials, seed=4, initial={"E": x}, record="E:x")
    assert run.traces["E:x"].tobytes() != net.run(trials, seed=4, record="E:x").traces["E:x"].tobytes()
    assert run.traces["E:x"].shape[1] == 5


# --- going on --------------------------------------------------------------------------------------------------------


def test_there_are_as_many_trials_as_are_told_where_to_start(net):
    end = net.run(drive(20), progress=False).final
    assert net.run(steps=3, initial=end, progress=False).outputs["z"].shape == (3, 3, 1)
    assert net.state(initial={"E:x": [[1, 2, 3], [4, 5, 6]]}).trials == 2
    assert net.state(initial={("E", "R"): (None, np.ones((4, 3)))}).trials == 4
    assert net.state(initial={"E:x": [1, 2, 3]}).trials == net.state(initial={"E:x": [[1, 2, 3]]}).trials == 1
    with pytest.raises(na.InvalidError, match=r"expected shape \[3\] or \[2, 3\], got \[3, 3\]"):
        net.state(2, initial=end)


def test_a_run_goes_on_from_another(net):
    whole = net.run(drive(), seed=3, record=EVERYTHING)
    first = net.run(drive()[:37], seed=3)
    before = first.state.snapshot()
    for initial in (first, first.state, first.state.copy(), copy.deepcopy(first.state.copy())):
        rest = net.run(drive()[37:], seed=3, initial=initial, record=EVERYTHING)
        same(rest, whole, slice(37, None))
        assert first.state.snapshot() == before and rest.time[0] == 0.5
    other = net.run(drive()[37:], seed=4, initial=first, record=EVERYTHING)
    assert other.traces["E:x"].tobytes() != rest.traces["E:x"].tobytes()
    assert net.state(seed=3, initial=first).trials == 3
    assert net.state(3, initial=first).time == 37
    for call in (lambda: net.run(drive(trials=2), initial=first), lambda: net.state(1, initial=first)):
        with pytest.raises(na.InvalidError, match="initial: it has 3 trials, not [12]; .*run.final"):
            call()
    with pytest.raises(ValueError, match="initial: it is of another network"):
        small().state(initial=first)
    net.run(drive()[37:], state=first.state)
    for call in (lambda: net.run(drive()[37:], initial=first), lambda: first.final):
        with pytest.raises(na.InvalidError, match="run: its state has moved on to step 60 from 37"):
            call()


def test_the_end_of_a_trial_is_the_start_of_many(net):
    settled = net.run(drive(30, 1), seed=1)
    assert list(settled.final) == [
        "E:x", "R:r", "A:x", "A:a", "D:r", "D:d", "S:v", "S:i_exc", "S:i_inh", "S:wait", "S:b", "W:S", "W:I_noise", ("E", "R")
    ]
    state = net.state(4, initial=settled.final)
    assert state.time == 0
    for name, value in settled.final.items():
        if isinstance(name, tuple):
            assert all(np.array_equal(a, np.repeat(b, 4, 0)) for a, b in zip(state.short_term(*name), value))
        else:
            assert np.array_equal(state.variable(name), np.repeat(value, 4, 0)), name
    for trial in range(4):
        assert np.array_equal(state.rates("R")[trial], settled.state.rates("R")[0])


def test_a_copy_of_a_state_goes_its_own_way(net):
    state = net.state(2, seed=5, threads=2)
    state.silence("A")
    state.run(drive(10, 2))
    for other in (state.copy(), copy.copy(state)):
        assert other.net is net and other.threads == 2 and other.snapshot() == state.snapshot()
        other.step(np.ones((2, 2)))
        assert other.time == 11 and state.time == 10
    again = state.copy()
    same(state.run(drive(10, 2)), again.run(drive(10, 2)))


def test_models_of_one_s_own_have_states_too():
    class Leaky(na.Model):
        states = {"v": 0.5}
        signals = ["rate"]

        def begin(self, s):
            s.rate[:] = s.v**2

        def step(self, s):
            s.v *= 0.5
            s.rate[:] = s.v**2

    net = na.Network(10).population("L", 2, model=Leaky()).build()
    state = net.state(2, initial={"L:v": [[1, 2], [3, 4]]})
    assert state.rates("L").tolist() == [[1, 4], [9, 16]]
    state.step()
    state.set_variable("L:v", [4, 6])
    assert state.rates("L").tolist() == [[16, 36]] * 2 and list(state.variables()) == ["L:v"]
    assert net.run(steps=1, initial=state.variables(), trials=2).rates["L"].tolist() == [[[4, 9], [4, 9]]]


def test_a_spike_that_was_sent_stays():
    class Clock(na.Model):
        states = {"left": 2}
        signals = ["spike"]
        spikes = True

        def begin(self, s):
            s.spike[:] = 0

        def step(self, s):
            s.left -= 1
            s.spike[:] = s.left == 0

    net = na.Network(10).population("C", 2, model=Clock()).build()
    state = net.state()
    state.run(steps=2)
    state.set_variable("C:left", [3, 1])
    assert state.rates("C").tolist() == [[1, 1]]
    assert state.run(steps=3).rates["C"][:, 0].tolist() == [[0, 1], [0, 0], [1, 0]]
