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


# --- networks without inputs, or without outputs ---------------------------------------------------------------------


@pytest.fixture
def alone():
    net = na.Network(dt=20).population("E", 8, bias=0.3, noise=0.1).population("I", 4, sign=-1).output("hand", 1)
    return net.connect("E I", "E I").connect("E I", "hand").build(1)


def test_a_network_without_inputs_steps_and_runs(alone):
    states = [alone.state(2, seed=3) for _ in range(3)]
    none = [None, np.zeros((2, 0)), {}]
    expected = states[0].step()
    for state, inputs in zip(states[1:3], none[1:3]):
        assert np.array_equal(state.step(inputs), expected)
    runs = [alone.run(inputs, trials=2, steps=5, seed=1) for inputs in (None, {}, np.zeros((5, 2, 0)))]
    for run in runs:
        assert run.inputs == {} and np.array_equal(run.outputs["hand"], runs[0].outputs["hand"])
    with pytest.raises(na.UnknownNameError, match="no input 'light', as the network has none"):
        alone.state().step({"light": [[1.0]]})
    with pytest.raises(na.InvalidError, match=r"inputs: expected shape \[2, 0\], got \[2, 1\]"):
        alone.state(2).step(np.ones((2, 1)))
    with pytest.raises(na.InvalidError, match="steps: needed"):
        alone.run({})


def test_a_network_without_inputs_learns_and_is_evaluated(alone):
    task = na.tasks.SongSine()
    assert len(na.evaluate(alone, task, 5).correct) == 5
    run = alone.run(task.trials(alone, 4))
    assert run.outputs["hand"].shape == (run.trials.steps, 4, 1)
    assert len(na.plot.activity(run)) == 2  # rates, outputs
    assert na.Trainer(alone, task, na.MSE("hand"), batch=2).fit(2, progress=False).loss.shape == (2,)
    own = na.Trials(np.zeros((5, 2, 0)), np.zeros((5, 2, 1), np.float32))
    assert alone.run(own).outputs["hand"].shape == (5, 2, 1)
    with pytest.raises(na.InvalidError, match=r"without inputs, one of shape \[steps, trials, 0\]"):
        na.Trials({}, np.zeros((5, 2, 1), np.float32))


@pytest.mark.filterwarnings("error")
def test_all_inputs_left_out_and_no_outputs():
    net = small()
    left_out = net.run({}, trials=2, steps=4)
    assert (left_out.inputs["stimulus"] == 0).all() and left_out.rates["E"].shape == (4, 2, 12)
    mute = na.Network(dt=20).population("E", 3).build()
    run = mute.run(steps=3)
    assert run.outputs == {} and mute.state(2).step().shape == (2, 0)
    assert len(na.plot.activity(run)) == 1
