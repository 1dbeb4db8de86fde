"""Rules that relax to a nudged state: predictive coding, equilibrium propagation."""

import pickle

import numpy as np
import pytest

import neuroai as na


def layers(sizes=(4, 12, 9, 3), transfer="tanh", **how):
    """Layers that answer within a step: u, h1, h2, ..., y."""
    names = ["u", *(f"h{k}" for k in range(1, len(sizes) - 1)), "y"]
    net = na.Network(dt=1).input("u", sizes[0]).output("y", sizes[-1])
    for name, n in zip(names[1:-1], sizes[1:-1]):
        net.population(name, n, tau=1, transfer=transfer, **how)
    for pre, post in zip(names, names[1:]):
        net.connect(pre, post, delay=0)
    return net.build(seed=1)


def trials(n=40, seed=0, steps=1):
    draw = np.random.default_rng(seed)
    inputs = draw.normal(size=(steps, n, 4))
    return na.Trials(inputs, np.stack([inputs[..., 0] * inputs[..., 1], inputs[..., 2], inputs[..., 3] ** 2], -1))


def off(net, rule, steps=1):
    """How far the rule's gradient is from backpropagation's, over the largest of each."""
    ours = na.Trainer(net, cost=na.MSE("y"), rule=rule).gradient(trials(steps=steps))
    exact = na.Trainer(net, cost=na.MSE("y"), rule=na.BPTT()).gradient(trials(steps=steps))
    return max(np.abs(ours[key] - exact[key]).max() / np.abs(exact[key]).max() for key in exact)


# --- predictive coding -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transfer", ["tanh", "softplus", "logistic", "relu"])
@pytest.mark.parametrize("steps", [1, 3])
def test_fixed_predictions_are_backpropagation(transfer, steps):
    assert off(layers(transfer=transfer), na.PredictiveCoding(fixed=True, steps=200), steps) < 1e-5


def test_outputs_that_pull_less_bring_it_near_to_backpropagation():
    far, near = (off(layers(), na.PredictiveCoding(steps=200, variance=variance)) for variance in (100, 200))
    assert near < 0.05 and far / near == pytest.approx(2, rel=0.1)


@pytest.mark.parametrize("fixed", [False, True])
def test_it_learns(fixed):
    rule = na.PredictiveCoding(fixed=fixed)
    trainer = na.Trainer(layers(transfer="softplus"), cost=na.MSE("y"), rule=rule, optimizer=na.Adam(3e-3))
    first = trainer.step(trials())["total"]
    for seed in range(1500):
        last = trainer.step(trials(seed=seed))["total"]
    assert last < 0.2 * first


def test_networks_that_are_refused():
    loop = na.Network(dt=1).input("u", 4).population("E", 5, tau=1).output("y", 3)
    loop.connect("u", "E").connect("E", "E y").build(1)
    with pytest.raises(na.UnsupportedError, match="there is a delay from 'E' to 'E'"):
        na.Trainer(loop, cost=na.MSE("y"), rule=na.PredictiveCoding())
    with pytest.raises(na.UnsupportedError, match="'h1' has noise"):
        na.Trainer(layers(noise=0.1), cost=na.MSE("y"), rule=na.PredictiveCoding())
    with pytest.raises(ValueError, match="rate is 2"):
        na.PredictiveCoding(rate=2)


def test_it_describes_itself():
    rule = na.PredictiveCoding(fixed=True, steps=7)
    assert rule.name == "predictive_coding" and (rule.fixed, rule.steps, rule.rate, rule.reach) == (True, 7, 0.2, 1.0)
    assert repr(rule) == "PredictiveCoding(fixed=1, steps=7, rate=0.2, reach=1, variance=10)"
    assert repr(pickle.loads(pickle.dumps(rule))) == repr(rule)
