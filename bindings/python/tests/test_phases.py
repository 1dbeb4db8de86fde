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


# --- equilibrium propagation -----------------------------------------------------------------------------------------


def loops(**how):
    """Populations that project both ways: u, h, top, and an output that shows the top."""
    net = na.Network(dt=1).input("u", 4).population("h", 12, tau=2, transfer="tanh", **how)
    net.population("top", 3, tau=2, transfer="tanh", **how).output("y", 3)
    net.connect("u", "h").connect("h", "top").connect("top", "h").connect("top", "y", initial=np.eye(3), plastic=False)
    return net.build(seed=1)


def symmetric(**how):
    net = loops(**how)
    net.set_weights("h", "top", 0.3 * net.weights("h", "top"))  # where there is one state of rest
    net.set_weights("top", "h", net.weights("h", "top").T)
    return net


def resting(n=20, steps=60, seed=0):
    """Inputs that stay, and targets that count at the last step."""
    draw = np.random.default_rng(seed)
    inputs = draw.normal(size=n * 4).reshape(n, 4)
    mask = np.zeros((steps, n))
    mask[-1] = 1
    targets = 0.5 * np.tanh(inputs[:, :3] - inputs[:, 1:])
    return na.Trials(np.broadcast_to(inputs, (steps, n, 4)), np.broadcast_to(targets, (steps, n, 3)), mask)


def gradient(net, rule):
    return na.Trainer(net, cost=na.MSE("y"), rule=rule).gradient(resting())


@pytest.mark.parametrize("leak", ["current", "rate", "whole"])
@pytest.mark.parametrize("form, falls", [("one-sided", 2), ("symmetric", 4)])
def test_it_tends_to_the_gradient(leak, form, falls):
    net = symmetric(leak=leak)
    exact = gradient(net, na.BPTT())
    shared = {
        ("u", "h"): exact["u", "h"],
        ("h", "top"): exact["h", "top"] + exact["top", "h"].T,
        ("top", "h"): exact["h", "top"].T + exact["top", "h"],
        "h": exact["h"],
        "top": exact["top"],
    }
    off = []
    for beta in (0.2, 0.1, 0.05):
        ours = gradient(net, na.EquilibriumPropagation(form, beta=beta, steps=60))
        assert (ours["h", "top"] == ours["top", "h"].T).all()
        off.append(max(np.abs(ours[key] - shared[key]).max() / np.abs(shared[key]).max() for key in shared))
    assert off[0] / off[1] == pytest.approx(falls, rel=0.2) and off[1] / off[2] == pytest.approx(falls, rel=0.2)


@pytest.mark.parametrize("form", ["one-sided", "symmetric", "random"])
def test_it_learns_and_weights_stay_symmetric(form):
    net = symmetric(leak="rate")
    rule = na.EquilibriumPropagation(form, beta=0.3, steps=10)
    trainer = na.Trainer(net, cost=na.MSE("y"), rule=rule, optimizer=na.Adam(3e-3))
    first = trainer.step(resting(steps=15))["total"]
    for _ in range(400):
        last = trainer.step(resting(steps=15))["total"]
    assert last < 0.2 * first
    assert (net.weights("h", "top") == net.weights("top", "h").T).all()


@pytest.mark.parametrize("optimizer", [na.SGD, na.Momentum, na.RMSProp, na.Adam, na.AdamW], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("clip", [0, 0.01])
def test_weights_stay_symmetric_under_any_optimiser(optimizer, clip):
    net = symmetric()
    cost = na.MSE("y") + 0.01 * na.L2Weights("h top", "h top")
    rule = na.EquilibriumPropagation("random", steps=5)
    trainer = na.Trainer(net, cost=cost, rule=rule, optimizer=optimizer(0.01), clip=clip)
    before = net.weights("h", "top").copy()
    for seed in range(30):
        trainer.step(resting(n=7, steps=10, seed=seed))
    assert (net.weights("h", "top") != before).all()
    assert (net.weights("h", "top") == net.weights("top", "h").T).all()


def test_what_equilibrium_propagation_refuses():
    rule = na.EquilibriumPropagation()
    with pytest.raises(na.UnsupportedError, match="are not the transpose of those back, from 'h' to 'top'"):
        na.Trainer(loops(), cost=na.MSE("y"), rule=rule)
    with pytest.raises(na.UnsupportedError, match="there is noise in 'h'"):
        na.Trainer(symmetric(noise=0.1), cost=na.MSE("y"), rule=rule)
    with pytest.raises(na.UnsupportedError, match="cannot learn from cost 'l2_rates'"):
        na.Trainer(symmetric(), cost=na.MSE("y") + na.L2Rates("h"), rule=rule)
    with pytest.raises(ValueError, match="form is 'both', must be one of 'one-sided', 'symmetric', 'random'"):
        na.EquilibriumPropagation("both")
    with pytest.raises(ValueError, match="beta is -1"):
        na.EquilibriumPropagation(beta=-1)


def test_equilibrium_propagation_describes_itself():
    rule = na.EquilibriumPropagation("random", beta=0.25, steps=4, seed=7)
    assert rule.name == "equilibrium_propagation" and (rule.form, rule.beta, rule.steps) == ("random", 0.25, 4)
    assert repr(pickle.loads(pickle.dumps(rule))) == repr(rule)
    rule.form = "one-sided"
    assert rule.form == "one-sided"
