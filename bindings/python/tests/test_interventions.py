"""Units that are clamped, silenced or given currents: in a state, and in an evaluation."""

import functools

import numpy as np
import pytest
from conftest import small

import neuroai as na

U = np.ones((3, 3), np.float32)


@pytest.fixture
def net():
    return small(seed=4, noise=0.1, bias=0.5, transfer="softplus")


@pytest.fixture
def state(net):
    state = net.state(3, seed=1)
    state.step(U)
    return state


MASK = np.isin(np.arange(12), [0, 2, 5])


@pytest.mark.parametrize("units", [[5, 0, 2], (0, 2, 5), np.array([0, 2, 5], np.uint8), MASK])
def test_some_units_by_number_and_by_mask(state, units):
    rest = [u for u in range(12) if u not in (0, 2, 5)]
    state.silence("E", units=units)
    state.step(U)
    assert (state.rates("E")[:, [0, 2, 5]] == 0).all() and (state.rates("E")[:, rest] > 0).all()
    state.release("E", units=units)
    state.clamp("E", 2.5, units=units)
    state.step(U)
    assert (state.rates("E")[:, [0, 2, 5]] == 2.5).all() and (state.rates("E")[:, rest] != 2.5).all()
    state.release("E", [0])
    state.step(U)
    assert (state.rates("E")[:, 0] != 2.5).all() and (state.rates("E")[:, [2, 5]] == 2.5).all()


def test_one_value_a_unit(state):
    state.clamp("E", [3, 1, 2], units=[7, 8, 9])
    state.clamp("I", np.arange(4))
    state.step(U)
    assert (state.rates("E")[:, 7:10] == [3, 1, 2]).all() and (state.rates("I") == np.arange(4)).all()
    state.release()
    other = state.net.state(3)
    other.restore(state.snapshot())
    state.inject("E", [1, -1], units=[3, 4])
    row = np.zeros(12)
    row[[3, 4]] = 1, -1
    other.inject("E", row)
    assert state.snapshot() == other.snapshot()


def test_a_mapping_is_names_and_units_and_never_all(state):
    state.silence({"E": [1, 2], "I": np.array([True, False, False, True])})
    state.step(U)
    assert (state.rates("E") == 0).all(axis=0).nonzero()[0].tolist() == [1, 2]
    assert (state.rates("I") == 0).all(axis=0).nonzero()[0].tolist() == [0, 3]
    state.release({"E": [1]})
    state.step(U)
    assert (state.rates("E")[:, 1] > 0).all() and (state.rates("E")[:, 2] == 0).all()


def test_no_units_are_not_all(state):
    before = state.snapshot()
    for nothing in ([], np.array([], int), np.zeros(12, bool)):
        state.silence("E", units=nothing)
        state.silence({"E": nothing})
    assert state.snapshot() == before


BAD = [
    ("E", [0, 12], na.InvalidError, r"units\[1\] is 12, must be 0 to 11, the units of 'E'"),
    ("E", [-1], na.InvalidError, r"units\[0\] is -1"),
    ("E I", [4], na.InvalidError, "must be 0 to 3, the units of 'I'"),
    ("E", [1, 1], na.InvalidError, r"units\[1\] is 1, which was given before"),
    ("E", [0.0, 1.0], na.InvalidError, "units: expected whole numbers"),
    ("E", ["a"], na.InvalidError, "units: expected numbers"),
    ("E", [[0, 1]], na.InvalidError, r"units: expected shape \[n\], got \[1, 2\]"),
    ("E", np.ones(11, bool), na.InvalidError, r"units: expected shape \[12\], the units of 'E', got \[11\]"),
    ("E I", np.ones(12, bool), na.InvalidError, r"expected shape \[4\], the units of 'I'"),
    ("E", True, na.InvalidError, r"expected shape \[12\], the units of 'E', got \[\]"),
    ("F", [0], na.UnknownNameError, "'F'"),
    ({"I": [0], "E": [12]}, None, na.InvalidError, r"units\[0\] is 12"),
    ({"I": [0], "F": [1]}, None, na.UnknownNameError, "'F'"),
    ({"I": [0]}, [0], na.InvalidError, "units: the names are a mapping"),
    ({}, None, na.InvalidError, "mapping is empty"),
]


@pytest.mark.parametrize("names, units, error, words", BAD)
def test_bad_units_change_nothing(state, names, units, error, words):
    before = state.snapshot()
    clamp = functools.partial(state.clamp, rate=1)
    inject = functools.partial(state.inject, current=1)
    for act in (state.silence, clamp, inject, state.release):
        with pytest.raises(error, match=words):
            act(names, units=units)
        assert state.snapshot() == before


@pytest.mark.parametrize("bad", [np.nan, np.inf, [0, np.nan], [[1.0]], "a", [1, 2, 3]])
def test_bad_values_change_nothing(state, bad):
    before = state.snapshot()
    for act in (state.clamp, state.inject):
        with pytest.raises((na.InvalidError, na.NonfiniteError), match="rate|current"):
            act("E", bad, units=[3, 4])
    assert state.snapshot() == before


# --- evaluations -----------------------------------------------------------------------------------------------------


def perceptual():
    return na.tasks.PerceptualDecisionMaking(stimulus=[100, 200])


@pytest.mark.parametrize("silence", [{"E": [0, 3, 7]}, {"E": np.arange(12) < 5, "I": [2]}, "I", ["E", "I"]])
def test_an_evaluation_with_a_lesion_is_that_of_silenced_states(net, silence):
    task, n = perceptual(), 100
    trainer = na.Trainer(net, task, na.CrossEntropy("choice"), optimizer=na.Adam(1e-2))
    trainer.fit(200, progress=False)  # untrained, the network makes one choice
    evaluation = na.evaluate(net, task, n, seed=4, silence=silence)
    trials = task.trials(net, n, seed=4)
    state = net.state(n, seed=4)
    na._c.nai_state_set_first(state, trials.first)
    state.silence(silence)
    outputs = state.run(trials).outputs["choice"]
    last = np.asarray(trials.lengths if trials.lengths is not None else [len(outputs)] * n) - 1
    answer = outputs[last, np.arange(n)]
    shared = (answer == answer.max(axis=1, keepdims=True)).sum(axis=1) > 1  # all is silent: no choice
    assert (evaluation.choice == np.where(shared, -1, answer.argmax(axis=1))).all()
    assert (na.evaluate(net, task, n, seed=4, threads=3, silence=silence).choice == evaluation.choice).all()
    whole = na.evaluate(net, task, n, seed=4)
    assert (whole.choice != evaluation.choice).any()
    assert (na.evaluate(net, task, n, seed=4, silence={"E": []}).choice == whole.choice).all()


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"silence": {"E": [12]}}, r"units\[0\] is 12, must be 0 to 11"),
        ({"silence": {"F": [0]}}, "'F'"),
        ({"silence": {}}, "empty"),
        ({"threads": 2**33}, "threads"),
        ({"threads": "two"}, "threads"),
        ({"threads": 0}, "threads is 0"),
        ({"seed": -1}, "seed"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_evaluations_that_cannot_be(net, wrong, words):
    with pytest.raises(na.Error, match=words):
        na.evaluate(net, perceptual(), 10, **wrong)


def test_a_psychometric_curve_with_a_lesion(net):
    pytest.importorskip("matplotlib")
    lesion = {"E": [0, 3, 7, 8]}
    (ax,) = na.plot.psychometric(net, perceptual(), trials=200, seed=4, silence=lesion)
    evaluation = na.evaluate(net, perceptual(), 200, seed=4, silence=lesion)
    points = evaluation.curve("signed_coherence")
    assert np.allclose(ax.containers[0].lines[0].get_ydata(), points.choice[np.isfinite(points.choice)])
    with pytest.raises(na.InvalidError, match="silence: the evaluation is made already"):
        na.plot.psychometric(evaluation, silence=lesion)
