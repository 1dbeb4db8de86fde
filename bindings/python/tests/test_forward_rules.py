"""Rules that go forward in time: RTRL, which is exact, and UORO, which is so on average."""

import numpy as np
import pytest
from conftest import small, threads

import neuroai as na


def trials(net, n=6, steps=12, seed=0):
    draw = np.random.default_rng(seed)
    return na.Trials(draw.random((steps, n, 3)), draw.integers(0, 3, (steps, n)), draw.random((steps, n)))


def trainer(rule, net=None, **options):
    cost = na.CrossEntropy("choice") + 1e-2 * na.L2Rates("E I") + 1e-3 * na.L1Weights("E", "I")
    options = {"cost": cost, "rule": rule, "optimizer": na.SGD(1e-2), **options}
    return na.Trainer(small(noise=0.1, transfer="softplus", tau=60) if net is None else net, **options)


def test_rtrl_is_backpropagation():
    exact = trainer(na.BPTT())
    forward = trainer(na.RTRL(), threads=threads())
    expected, ours = (t.gradient(trials(t.net)) for t in (exact, forward))
    assert list(expected) == list(ours)
    for key, array in expected.items():
        assert np.abs(array).max() > 0
        np.testing.assert_allclose(ours[key], array, rtol=0, atol=1e-5 * np.abs(array).max())


def test_rtrl_trains_as_backpropagation_does():
    exact, forward = trainer(na.BPTT()), trainer(na.RTRL())
    for k in range(5):
        for t in (exact, forward):
            t.step(trials(t.net, seed=k))
    for pair in (("stimulus", "E"), ("E", "I"), ("E", "choice")):
        np.testing.assert_allclose(forward.net.weights(*pair), exact.net.weights(*pair), rtol=0, atol=1e-5)


def test_uoro_is_exact_at_the_readout_and_noisy_elsewhere():
    exact, forward = trainer(na.BPTT()), trainer(na.UORO(seed=3))
    expected, ours = (t.gradient(trials(t.net)) for t in (exact, forward))
    for key in (("E", "choice"), "choice"):
        np.testing.assert_allclose(ours[key], expected[key], rtol=0, atol=1e-5 * np.abs(expected[key]).max())
    assert not np.allclose(ours["E", "E"], expected["E", "E"], rtol=0, atol=1e-2 * np.abs(expected["E", "E"]).max())


def test_uoro_is_backpropagation_on_average():
    expected = trainer(na.BPTT())
    expected = expected.gradient(trials(expected.net))["E", "E"]
    samples = [trainer(na.UORO(seed=seed)) for seed in range(400)]
    estimates = np.array([t.gradient(trials(t.net))["E", "E"] for t in samples])
    along = (estimates * expected).sum((1, 2)) / (expected**2).sum()  # mean 1 where the estimate is unbiased
    error = along.std() / np.sqrt(len(along))
    assert error < 0.1
    assert abs(along.mean() - 1) < 4 * error


def test_uoro_repeats():
    def estimate(seed, n=1):
        t = trainer(na.UORO(seed=seed), threads=n)
        return t.gradient(trials(t.net))["E", "E"]

    assert np.array_equal(estimate(3), estimate(3, threads()))
    assert not np.array_equal(estimate(3), estimate(4))
    t = trainer(na.UORO(seed=3))
    first = np.array(t.gradient(trials(t.net))["E", "E"])
    t.step(trials(t.net))
    assert not np.array_equal(first, t.gradient(trials(t.net))["E", "E"])  # other signs at each update


def remember():
    """Which of two cues came, asked 120 ms later."""
    net = na.Network(dt=20)
    net.input("cue", 2)
    net.population("h", 16, tau=60, transfer="tanh")
    net.output("choice", 2)
    net.connect("cue", "h")
    net.connect("h", "h")
    net.connect("h", "choice", plastic=False)  # only what goes forward in time can learn
    net.build(seed=2)
    cues = np.arange(16) % 2
    inputs, mask = np.zeros((8, 16, 2)), np.zeros((8, 16))
    inputs[0, np.arange(16), cues] = 2
    mask[6:] = 1
    return net, na.Trials(inputs, np.broadcast_to(cues, (8, 16)).copy(), mask)


@pytest.mark.parametrize("rule", [na.RTRL(), na.UORO(seed=1)], ids=repr)
def test_a_cue_is_remembered(rule):
    net, batch = remember()
    t = na.Trainer(net, cost=na.CrossEntropy("choice"), rule=rule, optimizer=na.Adam(3e-3))
    first = t.step(batch)
    for _ in range(300):
        last = t.step(batch)
    assert last["total"] < 0.5 * first["total"]


def test_names_and_parameters():
    assert na.RTRL().name == "rtrl" and na.UORO().name == "uoro"
    assert na.RTRL().parameters == {} and na.UORO().parameters == {}
    with pytest.raises(na.UnsupportedError, match="uoro"):
        na.Trainer(small(), cost=na.VanishingGradient("E I"), rule=na.UORO())
