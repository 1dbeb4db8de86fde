"""Inputs of a running network that are not what they seem."""

import numpy as np
import pytest
from conftest import small

import neuroai as na


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_inputs_that_are_not_finite_move_nothing(bad):
    net = small(noise=0.1)
    state, other = net.state(2, seed=3), net.state(2, seed=3)
    for s in (state, other):
        s.step(np.ones((2, 3)))
    before = state.snapshot()
    inputs = np.ones((2, 3))
    inputs[1, 2] = bad
    with np.errstate(over="ignore"), pytest.raises(na.NonfiniteError, match="'stimulus', channel 2 of trial 1 is"):
        state.step(inputs)
    with np.errstate(over="ignore"), pytest.raises(na.NonfiniteError, match="channel 2 of trial 1 at row 4 is"):
        state.run(np.stack([np.ones((2, 3))] * 4 + [inputs]))
    assert state.snapshot() == before
    assert np.array_equal(state.step(np.ones((2, 3))), other.step(np.ones((2, 3))))
    with np.errstate(over="ignore"), pytest.raises(FloatingPointError, match="must be finite"):
        net.run({"stimulus": np.stack([inputs] * 3)})
