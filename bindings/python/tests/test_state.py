"""Running a network."""

import gc
import time
import weakref

import numpy as np
import pytest
from conftest import small

import neuroai as na


@pytest.fixture
def noisy():
    return small(noise=0.2, bias=0.3)


def inputs(steps=20, trials=4, seed=0):
    return np.random.default_rng(seed).random((steps, trials, 3)).astype(np.float32)


def test_run_records_rates_and_outputs(noisy):
    run = noisy.run(inputs(), seed=3)
    assert run.rates["E"].shape == (20, 4, 12) and run.rates["I"].shape == (20, 4, 4)
    assert run.outputs["choice"].shape == (20, 4, 3) and run.inputs["stimulus"].shape == (20, 4, 3)
    assert run.state.time == 20 and run.time[0] == 20 and run.time[-1] == 400 and "E [20, 4, 12]" in repr(run)
    expected = run.rates["E"] @ noisy.weights("E", "choice").T + noisy.bias("choice")
    assert np.allclose(run.outputs["choice"], expected, atol=1e-5)


def test_the_equation_by_hand():
    """Leak on the current: x' = (1 - alpha) x + alpha (W r + W u + b), r = max(x, 0)."""
    net = small(bias=0.1, tau=50)
    u = inputs(15, 1)
    names = ["E", "I"]
    recurrent = np.block([[net.weights(pre, post) for pre in names] for post in names]).astype(float)
    feed = np.concatenate([net.weights("stimulus", post) for post in names]).astype(float)
    x = np.zeros(16)
    run = net.run(u)
    for t in range(15):
        x = 0.6 * x + 0.4 * (recurrent @ np.maximum(x, 0) + feed @ u[t, 0] + 0.1)
        ours = np.concatenate([run.rates[name][t, 0] for name in names])
        assert np.allclose(ours, np.maximum(x, 0), atol=1e-5)


def test_seeds_repeat_bit_for_bit_and_trials_do_not_depend_on_the_batch(noisy):
    one, same, other = (noisy.run(inputs(), seed=seed).rates["E"] for seed in (3, 3, 4))
    assert (one == same).all() and (one != other).any()
    assert np.allclose(noisy.run(inputs()[:, :2], seed=3).rates["E"], one[:, :2], atol=1e-6)


def test_all_forms_of_inputs(noisy):
    u = inputs()
    expected = noisy.run(u, seed=1).outputs["choice"]
    for form in (u.astype(np.float64), {"stimulus": u}, na.Trials(u), np.asfortranarray(u), u.tolist()):
        assert (noisy.run(form, seed=1).outputs["choice"] == expected).all()
    one = noisy.run(u[:, 0], seed=1).outputs["choice"]
    assert one.shape == (20, 1, 3) and np.allclose(one[:, 0], expected[:, 0], atol=1e-6)
    assert (noisy.run({"stimulus": u[:, 0]}, seed=1).outputs["choice"] == one).all()
    nothing = noisy.run(seed=1, steps=20, trials=4).outputs["choice"]
    assert (nothing == noisy.run(np.zeros_like(u), seed=1).outputs["choice"]).all()


def test_inputs_by_name_are_put_in_order():
    net = na.Network(20).input("a", 1).input("b", 2).population("p", 3, transfer="linear", tau=20)
    net.connect("a b", "p").build()
    a, b = np.ones((5, 2, 1)), 2 * np.ones((5, 2, 2))
    both = net.run({"b": b, "a": a}).rates["p"]
    assert (both == net.run(np.concatenate([a, b], axis=2)).rates["p"]).all()
    assert (net.run({"a": a}).rates["p"] == net.run(np.concatenate([a, 0 * b], axis=2)).rates["p"]).all()
    assert (net.run(na.Trials({"b": b, "a": a})).rates["p"] == both).all()


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda net: net.run(inputs()[..., :2]), r"expected shape \[20, 4, 3\], got \[20, 4, 2\]"),
        (lambda net: net.run(np.zeros(3)), r"got \[3\]"),
        (lambda net: net.run({"stimulus": inputs()[..., :2]}), r"inputs\['stimulus'\]: expected shape \[20, 4, 3\]"),
        (lambda net: net.run({"other": inputs()}), "no input 'other', but stimulus"),
        (lambda net: net.run(), "steps: needed"),
        (lambda net: net.run(inputs(), trials=3), "trials is 3, but the inputs have 4"),
        (lambda net: net.run(inputs(), steps=3), "steps is 3, but the inputs have 20"),
        (lambda net: net.run(inputs(), state=small().state(4)), "another network"),
        (lambda net: net.state(2).step(np.zeros((3, 3))), r"expected shape \[2, 3\], got \[3, 3\]"),
        (lambda net: net.state(2).step(out=np.zeros((3, 3), np.float32)), r"out: expected shape \[2, 3\]"),
        (lambda net: net.state(0), "trials is 0"),
        (lambda net: net.state(1).clamp("X", 0), "nothing is called 'X'"),
        (lambda net: net.state(1).restore(b"nonsense"), "."),
        (lambda net: na.Network(20).population("p", 1).state(), "not built"),
    ],
)
def test_errors_are_clear(net, wrong, words):
    with pytest.raises(na.Error, match=words):
        wrong(net)


def test_steps_are_the_same_as_a_run(noisy):
    u = inputs()
    run = noisy.run(u, seed=9)
    state = noisy.state(4, seed=9)
    rates = state.rates("E")
    assert rates.shape == (4, 12) and not rates.flags.writeable
    out = np.empty((4, 3), np.float32)
    for t in range(20):
        assert state.step(u[t], out=out) is out
        assert (out == run.outputs["choice"][t]).all() and (rates == run.rates["E"][t]).all() and state.time == t + 1
    state.reset()
    assert state.time == 0 and (state.step(u[0].astype(float)) == run.outputs["choice"][0]).all()
    assert (noisy.state(4, seed=9).step({"stimulus": u[0]}) == run.outputs["choice"][0]).all()
    assert noisy.state().step(u[0, 0]).shape == (1, 3)


def forms(x):
    """The same inputs in every form that a step takes, quick or not."""
    frozen = x.copy()
    frozen.flags.writeable = False
    wide = np.zeros((len(x), 6), np.float32)
    wide[:, ::2] = x
    off = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    swapped = x.astype(x.dtype.newbyteorder())
    mapped = x.view(np.memmap) if len(x) > 1 else x.view(np.matrix)
    return [x, frozen, wide[:, ::2], np.asfortranarray(x), off, swapped, mapped, x.astype(float), x.tolist(), {"stimulus": x}]


@pytest.mark.parametrize("trials", [1, 4, 2000])
def test_a_step_is_the_same_from_and_into_every_form_of_array(noisy, trials):
    """Few numbers go through memory of the state's own; many, and what is no plain array of float32, do not."""
    x = inputs(1, trials)[0]
    start = noisy.state(trials, seed=9)
    start.step(x)
    before, expected = start.snapshot(), start.step(x)
    for form in forms(x):
        for out in (None, np.empty((trials, 3), np.float32), np.empty((trials, 3), np.float32).view(np.memmap), x.copy()):
            start.restore(before)
            got = start.step(form, out)
            assert (out is None or got is out) and type(expected) is np.ndarray and (got == expected).all()
            assert got.flags.writeable and got.flags.c_contiguous and got.dtype == np.float32
    start.restore(before)
    both = x.copy()
    assert (start.step(both, out=both) == expected).all()
    kept = expected.copy()
    start.step(x)
    assert (expected == kept).all()  # an array that was returned belongs to the caller


@pytest.mark.parametrize("trials", [1, 2000])
def test_what_a_step_refuses_leaves_the_state_as_it_was(noisy, trials):
    state, x = noisy.state(trials), inputs(1, trials)[0]
    state.step(x)
    before = state.snapshot()
    frozen = np.zeros((trials, 3), np.float32)
    frozen.flags.writeable = False
    wrong = x.copy()
    wrong[0, 1] = np.nan
    for given, out, error, words in (
        (x, frozen, na.InvalidError, "outputs: expected a C-contiguous array that can be written"),
        (x, np.zeros((trials, 6), np.float32)[:, ::2], na.InvalidError, "outputs: expected a C-contiguous array"),
        (x, np.zeros((trials, 3)), na.InvalidTypeError, "outputs: expected a NumPy array of float32, got float64"),
        (x, np.zeros((trials, 2), np.float32), na.InvalidError, "out: expected shape"),
        (x, [0, 0, 0], na.InvalidTypeError, "out: expected an array of NumPy"),
        (x[:, :2], None, na.InvalidError, "inputs: expected shape"),
        ("x", None, na.InvalidTypeError, "inputs: expected numbers"),
        (np.ma.masked_array(x, x >= 0), None, na.InvalidError, "inputs: it has masked entries"),
        (wrong, None, na.NonfiniteError, "'stimulus'"),
        (wrong, np.zeros((trials, 3), np.float32), na.NonfiniteError, "'stimulus'"),
    ):
        with pytest.raises(error, match=words):
            state.step(given, out)
        assert state.snapshot() == before and not frozen.any()


def test_a_run_goes_on_from_a_state(noisy):
    u = inputs()
    whole = noisy.run(u, seed=2)
    first = noisy.run(u[:8], seed=2)
    second = noisy.run(u[8:], state=first.state)
    assert (np.concatenate([first.rates["I"], second.rates["I"]]) == whole.rates["I"]).all()


def test_clamp_silence_inject_release(noisy):
    state = noisy.state(2)
    state.clamp("I", 0.5)
    state.silence("E")
    state.step()
    assert (state.rates("I") == 0.5).all() and (state.rates("E") == 0).all()
    state.release("E I")
    state.inject("E", np.full(12, 100.0))
    for _ in range(3):
        state.step()
    assert (state.rates("E") > 1).all()
    state.inject("E", -100.0)
    state.release()
    assert "2 trials at step 4" in repr(state)


def test_snapshot_and_restore(noisy):
    state = noisy.state(2, seed=5)
    state.step()
    state.clamp("I", 0.25)
    snapshot = state.snapshot()
    assert isinstance(snapshot, bytes)
    future = [state.step().copy() for _ in range(5)]
    state.restore(snapshot)
    assert all((state.step() == expected).all() for expected in future)
    other = noisy.state(2)
    other.restore(snapshot)
    assert (other.step() == future[0]).all()
    with pytest.raises(na.Error):
        noisy.state(3).restore(snapshot)


def test_a_state_and_its_views_keep_the_network_alive():
    net = small()
    address = weakref.ref(net)
    rates = net.state(2).rates("E")
    del net
    gc.collect()
    assert address() is not None and (rates == 0).all()
    del rates
    gc.collect()
    assert address() is None


def test_a_step_is_quick(net):
    """Not a benchmark, of which see tests/bench/calls.py: it fails when a step's call takes ten times what it should."""
    state, u, out = net.state(), np.zeros((1, 3), np.float32), np.empty((1, 3), np.float32)

    def took():
        start = time.perf_counter()
        for _ in range(100):
            state.step(u, out)
        return (time.perf_counter() - start) / 100

    assert min(took() for _ in range(50)) < 20e-6


def test_trials_run_as_they_were_evaluated():
    net = small(noise=0.3)
    task = na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=200)
    evaluation = na.evaluate(net, task, trials=50, seed=4)
    run = net.run(task.trials(net, 50, seed=4), seed=4)
    assert (run.outputs["choice"][-1].argmax(axis=1) == evaluation.choice).all()


def test_coloured_noise():
    """An Ornstein-Uhlenbeck process of standard deviation ``noise``, in units and in inputs, stationary at once."""
    net = na.Network(dt=10).input("u", 400, noise=0.2, noise_tau=30)
    net.population("A", 400, leak="rate", transfer="linear", tau=10, noise=0.5, noise_tau=50)
    net.population("B", 400, leak="rate", transfer="linear", tau=10).connect("u", "B", initial=na.Identity(1))
    net.build(seed=1)
    assert (net.get("A", "noise_tau") == 50).all() and (net.get("u", "noise_tau") == 30).all()
    run = net.run(steps=60, trials=50, seed=2)
    for name, sd, tau in (("A", 0.5, 50), ("B", 0.2, 30)):
        x = run.rates[name].astype(float) / sd
        assert abs(x[0].std() - 1) < 4 * np.sqrt(0.5 / x[0].size)
        for lag in (0, 1, 4):  # 20,000 series of 60 steps
            assert abs((x[: 60 - lag] * x[lag:]).mean() - np.exp(-10 * lag / tau)) < 0.01
    with pytest.raises(ValueError, match="noise_tau of 'A' is -1"):
        net.set("A", noise_tau=-1)


def test_threads_change_nothing():
    net = na.Network(dt=10).input("u", 3).population("E", 40, noise=0.2).output("z", 2)
    net.connect("u", "E").connect("E", "E z").build(1)
    u = np.random.default_rng(1).normal(size=(12, 5, 3))
    one, three = net.run(u, seed=2), net.run(u, seed=2, threads=3)
    assert np.array_equal(one.rates["E"], three.rates["E"]) and np.array_equal(one.outputs["z"], three.outputs["z"])
    assert net.state(5, threads=2).threads == 2
    with pytest.raises(na.InvalidError, match="threads is 0, must be 1 to 1024"):
        net.state(5, threads=0)
