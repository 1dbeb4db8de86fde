"""Runs that are handed over piece by piece: together they are the run in one piece."""

import signal
import tracemalloc

import numpy as np
import pytest
from conftest import small

import neuroai as na


@pytest.fixture
def net():
    net = na.Network(dt=0.5).input("u", 2).output("z", 1)
    net.population("R", 3, noise=0.1).population("S", 7, sign=+1, model="lif").connect("u", "R").connect("S", "R")
    net.connect("u", "S", initial=np.linspace(1, 9, 14).reshape(7, 2)).connect("R", "z")
    return net.build(1)


def drive(steps=90, trials=2):
    return np.random.default_rng(0).random((steps, trials, 2), np.float32)


def together(pieces, of):
    return np.concatenate([of(piece) for piece in pieces])


@pytest.mark.parametrize("size, every", [(1, 1), (7, 1), (90, 1), (1000, 1), (7, 3), (2, 5), (10, 10), (30, 7)])
def test_pieces_are_the_run(net, size, every):
    record = {"R": None, "S": [0, 4, 6], "S:v": [2], "R:x": None}
    whole = net.run(drive(), seed=3, record=record, every=every)
    state = net.state(2, seed=3)
    pieces = list(state.chunks(drive(), size=size, record=record, every=every))
    assert len(pieces) == -(-90 // size) and [piece.start for piece in pieces] == list(range(0, 90, size))
    for kind in ("rates", "traces", "outputs", "inputs"):
        for name, array in getattr(whole, kind).items():
            assert together(pieces, lambda piece: getattr(piece, kind)[name]).tobytes() == array.tobytes(), (kind, name)
    assert together(pieces, lambda piece: piece.time).tolist() == whole.time.tolist()
    for name in ("step", "unit", "trial"):
        found = together(pieces, lambda piece: getattr(piece.spikes["S"], name))
        assert len(found) > 20 and found.tolist() == getattr(whole.spikes["S"], name).tolist()
    assert [(piece.spikes["S"].start, piece.spikes["S"].end) for piece in pieces[:2]] == [
        (k, min(k + size, 90)) for k in range(0, min(90, 2 * size), size)
    ]
    assert state.snapshot() == whole.state.snapshot()


def test_trials_keep_their_lengths_and_masks():
    net = small(noise=0.1)
    task = na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=[100, 200], decision=60)
    trials = task.trials(net, 12)
    whole = net.run(trials, every=2)
    state = net.run(trials, steps=None, state=None).state
    state.reset()
    pieces = list(state.chunks(trials, size=5, every=2))
    assert sum(piece.lengths for piece in pieces).tolist() == whole.lengths.tolist()
    masks = together(pieces, lambda piece: piece._recorded(np.arange(trials.steps)))
    assert masks.tolist() == whole._recorded(np.arange(trials.steps)).tolist()


def test_inputs_may_be_made_as_they_are_needed(net):
    u, asked = drive(), []

    def given(start, stop):
        asked.append((start, stop))
        return {"u": u[start:stop]}

    whole = net.run(u, seed=1)
    pieces = list(net.state(2, seed=1).chunks(given, steps=90, size=40, record="R"))
    assert asked == [(0, 40), (40, 80), (80, 90)]
    assert together(pieces, lambda piece: piece.rates["R"]).tobytes() == whole.rates["R"].tobytes()
    by_name = list(net.state(2, seed=1).chunks({"u": u}, size=40, record="R"))
    assert by_name[1].rates["R"].tobytes() == pieces[1].rates["R"].tobytes()
    without = list(net.state(2, seed=1).chunks(steps=5, size=2))
    assert len(without) == 3 and without[2].inputs["u"].shape == (1, 2, 2)


def test_interventions_go_on_from_piece_to_piece(net):
    done = [na.Silence("R", start=10, end=30), na.Inject("S", 3.0, units=[1], start=20)]
    whole = net.run(drive(), seed=3, interventions=done)
    state = net.state(2, seed=3)
    pieces = list(state.chunks(drive(), size=13, interventions=done))
    assert together(pieces, lambda piece: piece.rates["R"]).tobytes() == whole.rates["R"].tobytes()
    assert (whole.rates["R"][20:60] == 0).all() and (whole.rates["R"][61:] != 0).any()
    assert state.run(steps=5).rates["R"].tobytes() == whole.state.run(steps=5).rates["R"].tobytes()


def test_memory_is_taken_for_a_piece(net):
    tracemalloc.start()
    seen = 0
    for piece in net.state(seed=1).chunks(steps=100_000, size=1000, record="R"):
        seen += len(piece.rates["R"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == 100_000 and peak < 400_000  # the run as a whole takes 1.6 MB


def test_ctrl_c_leaves_what_was_recorded(net, monkeypatch):
    from neuroai import _c

    calls, record = [], _c.nai_state_record

    def interrupted(to, state, steps, inputs):
        calls.append(steps)
        record(to, state, steps, inputs)
        if sum(calls) > 25:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(_c, "nai_state_record", interrupted)
    state = net.state(2, seed=3)
    pieces = state.chunks(drive(), size=20, record="R S", progress=False)
    first = next(pieces)
    with pytest.raises(KeyboardInterrupt) as stop:
        next(pieces)
    run = stop.value.run
    assert run.start == 20 and 0 < len(run.time) <= 20 and state.time == 20 + len(run.time)
    monkeypatch.undo()
    assert list(pieces) == []
    rest = state.run(drive()[state.time :])
    rates = np.concatenate([first.rates["R"], run.rates["R"], rest.rates["R"]])
    assert rates.tobytes() == net.run(drive(), seed=3).rates["R"].tobytes()


def test_what_cannot_be(net):
    state = net.state(2)
    for how, words in [
        ({"steps": 5, "size": 0}, "size is 0, must be at least 1"),
        ({"steps": 5, "size": 1.5}, "size: expected a whole number"),
        ({}, "steps: needed when there are no inputs"),
        ({"inputs": lambda start, stop: None}, "steps: needed"),
        ({"steps": -1}, "steps is -1"),
        ({"inputs": drive(9), "steps": 8}, "steps is 8, but the inputs have 9"),
        ({"steps": 5, "every": 0}, "every is 0"),
    ]:
        with pytest.raises(na.InvalidError, match=words):
            state.chunks(**how)
    with pytest.raises(na.UnknownNameError, match="no population"):
        state.chunks(steps=5, record="Q")
    pieces = state.chunks(drive(), size=20)
    next(pieces)
    state.step()
    with pytest.raises(na.InvalidError, match="state: it is at step 21, not at 20: it was moved between pieces"):
        next(pieces)
    bad = drive()
    bad[37, 1, 0] = np.inf
    state.reset()
    pieces = state.chunks(bad, size=20)
    next(pieces)
    with pytest.raises(na.NonfiniteError, match="'u', channel 0 of trial 1 at row 37 is inf"):
        next(pieces)
    assert state.time == 20
    with pytest.raises(na.InvalidError, match="inputs"):
        next(state.chunks(lambda start, stop: drive(3), steps=10, size=5))


def test_no_steps_are_no_pieces(net):
    assert list(net.state().chunks(steps=0)) == []
