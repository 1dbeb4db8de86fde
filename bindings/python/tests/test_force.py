"""FORCE and full-FORCE from Python: learning an oscillation, and what is refused."""

import neuroai as na
import numpy as np
import pytest

N, PERIOD = 100, 200


def looped(seed=1):
    rng = np.random.default_rng(seed)
    net = na.Network(dt=1)
    net.population("units", N, tau=10, transfer="tanh", initial=rng.normal(0, 0.5, N))
    net.population("loop", 1, tau=1, transfer="linear").output("z", 1)
    net.connect("units", "units", initial=rng.normal(0, 1.3 / np.sqrt(N), (N, N)), autapses=True, plastic=False)
    net.connect("units", "loop", delay=0)
    net.connect("loop", "units", initial=rng.uniform(-1, 1, (N, 1)), plastic=False)
    return net.connect("loop", "z", initial=np.eye(1), plastic=False).build(seed=seed)


def oscillation(periods, learnt):
    """Trials of a sine that is taught for the first periods only; and that sine."""
    target = np.sin(2 * np.pi * np.arange(periods * PERIOD) / PERIOD)
    mask = (np.arange(len(target)) < learnt * PERIOD).astype(np.float32)
    return na.Trials(np.zeros((len(target), 1, 0)), target[:, None, None], mask[:, None]), target


def error_by_period(trainer, trials, target):
    trainer.step(trials)
    return np.abs(trainer.activity("z")[:, 0, 0] - target).reshape(-1, PERIOD).mean(axis=1)


def test_force_goes_on_alone():
    net = looped()
    before = {key: net.weights(*key).copy() for key in net.projections}
    error = error_by_period(na.Trainer(net, None, na.MSE("z"), na.FORCE(), batch=1), *oscillation(13, 10))
    assert error[9] < 0.02
    assert np.all(error[10:] < 0.1)
    for key, weights in before.items():
        assert np.array_equal(net.weights(*key), weights) == (key != ("units", "loop"))


def test_full_force_goes_on_alone():
    net = na.Network(dt=1).population("units", N, tau=10, transfer="tanh", initial=0.1).output("z", 1)
    net.connect("units", "units").connect("units", "z").build(seed=1)
    before = net.weights("units", "units").copy()
    error = error_by_period(na.Trainer(net, None, na.MSE("z"), na.FullFORCE(seed=2), batch=1), *oscillation(18, 15))
    assert np.all(error[15:] < 0.05)
    after = net.weights("units", "units")
    assert not np.array_equal(after, before)
    assert np.all(np.diag(after) == 0)


def test_the_optimiser_is_not_asked():
    found = []
    for optimizer in (na.Adam(0.1), na.SGD(1e6)):
        net = looped()
        na.Trainer(net, None, na.MSE("z"), na.FORCE(), optimizer, batch=1).step(oscillation(1, 1)[0])
        found.append(net.weights("units", "loop").copy())
    assert np.array_equal(*found)


def test_parameters():
    assert repr(na.FORCE(lam=2, update_every=3)) == "FORCE(lambda=2, update_every=3)"
    assert repr(na.FullFORCE(gain=1.2)) == "FullFORCE(gain=1.2, target_gain=1, lambda=1, update_every=2)"
    assert na.FORCE().parameters["lambda"].default == 1
    with pytest.raises(na.InvalidError, match="update_every is 0"):
        na.FORCE(update_every=0)


def test_refusals():
    net = looped()
    trials = na.Trials(np.zeros((5, 1, 0)), np.zeros((5, 1), np.int32))
    trainer = na.Trainer(net, None, na.CrossEntropy("z"), na.FORCE(), batch=1)
    with pytest.raises(na.UnsupportedError, match="numbers, output 'z' has classes"):
        trainer.step(trials)
    with pytest.raises(na.UnsupportedError, match="rule 'force' cannot learn from cost 'l2_rates'"):
        na.Trainer(net, None, na.MSE("z") + na.L2Rates("units"), na.FORCE())
    with pytest.raises(na.UnsupportedError, match="estimates no gradient"):
        na.Trainer(net, None, na.MSE("z"), na.FORCE()).gradient(oscillation(1, 1)[0])
    with pytest.raises(na.UnsupportedError, match="other than one step from 'units' to 'loop'"):
        na.Trainer(net, None, na.MSE("z"), na.FullFORCE())


def test_a_constraint_that_raises_leaves_the_weights():
    class Refuses(na.Constraint):
        asked = 0

        def project(self, synapses):
            self.asked += 1
            if self.asked > 3:
                raise RuntimeError("enough")

    net = na.Network(dt=1).population("x", 5, tau=10, transfer="tanh", initial=0.5).output("z", 1)
    refuses = Refuses()
    net.connect("x", "x").connect("x", "z").constrain("x", "z", refuses).build()
    refuses.asked = 0
    before = net.weights("x", "z").copy()
    trainer = na.Trainer(net, None, na.MSE("z"), na.FORCE(), batch=1)
    trials = na.Trials(np.zeros((6, 1, 0)), np.ones((6, 1, 1)))
    with pytest.raises(RuntimeError, match="enough"):
        trainer.step(trials)
    assert refuses.asked == 4
    assert np.array_equal(net.weights("x", "z"), before)


def test_what_diverges_is_told_what_force_has():
    net = na.Network(dt=10).population("A", 5, transfer="linear", tau=10, initial=1.0).output("z", 1)
    net.connect("A", "A", initial=np.full((5, 5), 1e12)).connect("A", "z").build(1)
    trials = na.Trials(np.zeros((9, 2, 0)), np.zeros((9, 2, 1)), mask=[[0, 0]] * 8 + [[1, 1]])
    trainer = na.Trainer(net, trials, na.MSE("z"), na.FORCE(), batch=2)
    with pytest.raises(na.NonfiniteError, match="of the trial: lower the spectral radius of weights, or look at the inputs"):
        trainer.step()
