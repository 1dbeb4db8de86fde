"""The activity of a state, looked at and set."""

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
