"""An agent: one animal that learns while it acts."""

import numpy as np
import pytest

import neuroai as na


def build(leak="current"):
    net = na.Network(dt=10)
    net.input("u", 2)
    net.population("r", 20, tau=50, transfer="tanh", leak=leak)
    net.output("z", 2)
    net.connect("u r", "r")
    net.connect("r", "z")
    net.build(seed=3)
    return net


def trainer_of(net, rule, rate=0.02):
    return na.Trainer(net, cost=na.MSE("z"), rule=rule, optimizer=na.SGD(rate))


def test_an_agent_learns_to_follow():
    """From a constant input it learns to put out a constant, in a few hundred steps."""
    agent = na.Agent(trainer_of(build(), na.RFLO(seed=2)))
    wanted = np.array([0.5, -0.3], np.float32)
    errors = [float(np.sum((agent.step([1, 0], target=wanted) - wanted) ** 2)) for _ in range(400)]
    assert agent.updates == 400
    assert np.mean(errors[-20:]) < 0.02 * np.mean(errors[:20])
    assert agent.activity("r").shape == (20,) and agent.activity("z").shape == (2,)
    assert "RFLO" in repr(agent)


def test_steps_add_up_to_the_trial():
    """With weights that stay, the gradients of the steps add up to the batch form's."""
    net = build("rate")
    rng = np.random.default_rng(1)
    inputs, targets = rng.normal(size=(15, 1, 2)), rng.normal(size=(15, 1, 2))
    batch = trainer_of(net, na.RFLO(seed=2), 0.0).gradient(na.Trials(inputs, targets))
    trainer = trainer_of(net, na.RFLO(seed=2), 0.0)
    trainer.set("clip", 1e9)  # asks to see the gradient
    agent = na.Agent(trainer)
    total = 0
    for x, y in zip(inputs, targets):
        agent.step(x[0], target=y[0], weight=1 / 15)
        total = total + agent.gradient("r", "r")
    assert np.abs(total - batch["r", "r"]).max() < 1e-5 * np.abs(batch["r", "r"]).max()


def test_a_trainer_updates_within_trials():
    net = build()
    trainer = trainer_of(net, na.RFLO(seed=2, update_every=5))
    trials = na.Trials(np.ones((20, 4, 2)), np.full((20, 4, 2), 0.4))
    costs = [trainer.step(trials)["total"] for _ in range(30)]
    assert costs[-1] < 0.05 * costs[0]
    assert trainer.activity("r").shape == (20, 4, 20)


def test_named_inputs_and_classes():
    net = na.Network(dt=10)
    net.input("light", 2)
    net.input("tone", 1)
    net.population("r", 10, tau=50)
    net.output("choice", 3)
    net.connect("light tone r", "r")
    net.connect("r", "choice")
    net.build()
    agent = na.Agent(na.Trainer(net, cost=na.CrossEntropy("choice"), rule=na.EProp(), optimizer=na.Adam(1e-2)))
    for _ in range(200):
        z = agent.step({"light": [1, 0], "tone": [0.5]}, target_class=2)
    assert z.argmax() == 2
    before = net.weights("r", "choice").copy()
    agent.step()  # nothing is said: nothing but Adam's momentum moves
    agent.begin()
    agent.rest()
    assert net.weights("r", "choice").shape == before.shape
    with pytest.raises(na.UnknownNameError, match="smell"):
        agent.step({"smell": [1]})
    with pytest.raises(na.InvalidError, match="target_class is 3"):
        agent.step(target_class=3)


def test_what_cannot_be():
    with pytest.raises(na.UnsupportedError, match="cannot learn within a trial"):
        na.Agent(trainer_of(build(), na.BPTT()))
    agent = na.Agent(trainer_of(build(), na.RFLO()))
    with pytest.raises(na.InvalidError, match=r"target: expected shape \[2\]"):
        agent.step(target=[1, 2, 3])
    with pytest.raises(na.NonfiniteError, match="reward"):
        agent.step(reward=float("nan"))
    with pytest.raises(na.UnsupportedError, match="without a gradient"):
        agent.gradient("r", "r")


def test_interventions():
    """By hand: with one unit silenced, what is learnt is what is learnt without its weights."""
    net = na.Network(dt=10).input("u", 2).population("r", 6, tau=50, transfer="tanh").output("z", 2)
    net.connect("u", "r").connect("r", "z").build(seed=3)
    agent = na.Agent(trainer_of(net, na.EProp("symmetric"), 0.1))
    onto, out = net.weights("u", "r").copy(), net.weights("r", "z").copy()
    agent.silence("r", [2])
    for _ in range(5):
        agent.step([1, -1], target=[0.5, 0.5])
    agent.rest()
    assert agent.activity("r")[2] == 0
    assert (net.weights("u", "r")[2] == onto[2]).all() and (net.weights("r", "z")[:, 2] == out[:, 2]).all()
    assert (net.weights("u", "r")[[0, 1, 3]] != onto[[0, 1, 3]]).all()
    agent.release({"r": [2]})
    agent.step([1, -1])
    assert agent.activity("r")[2] != 0
    agent.begin()
    agent.clamp("r", 0.3, [0], end=20)
    agent.freeze("r", [1])
    agent.inject("r", 5, [3], start=10)
    found = []
    for _ in range(4):
        agent.step([1, -1])
        found.append(agent.activity("r"))
    rates = np.array(found)
    assert (rates[:2, 0] == np.float32(0.3)).all() and (rates[2:, 0] != np.float32(0.3)).all()
    assert (rates[:, 1] == rates[0, 1]).all() and rates[1, 3] - rates[0, 3] > 0.3
    with pytest.raises(na.UnsupportedError, match="an agent has no epochs"):
        agent.silence("r", epoch="delay")


def test_synapses_that_are_scaled():
    """An agent that learns nothing plays as an evaluation does; one that learns leaves what is cut."""
    net = na.Network(dt=10).input("u", 2).population("r", 8, tau=50, noise=0.1, transfer="tanh").output("z", 2)
    net.connect("u", "r").connect("r", "r").connect("r", "z").build(seed=3)
    trials = na.Trials(np.random.default_rng(1).normal(0, 1, (9, 1, 2)))
    cut = na.ScaleSynapses("r", "r z", 0.3, fraction=0.5, seed=2, start=20, end=70, rise=30)
    agent = na.Agent(trainer_of(net, na.RFLO(seed=2), 0.0))
    agent.intervene(cut)
    played = [agent.step(u) for u in np.asarray(trials.inputs)[:, 0]]
    agent.rest()
    run = net.run(trials, interventions=cut)
    assert np.allclose(played, run.outputs["z"][:, 0], atol=1e-6)
    assert not np.allclose(played, net.run(trials).outputs["z"][:, 0], atol=1e-3)
    learner = na.Agent(trainer_of(net, na.RFLO(seed=2), 0.1))
    learner.scale_synapses({"r": [2]}, "r", 0)
    before = net.weights("r", "r").copy()
    for _ in range(5):
        learner.step([1, -1], target=[0.5, 0.5])
    learner.rest()
    moved = net.weights("r", "r") != before
    assert not moved[:, 2].any() and moved[:, [0, 1, 3]].sum() > 10
    learner.release_synapses("r")
    learner.step([1, -1], target=[0.5, 0.5])
    learner.rest()
    assert (net.weights("r", "r") != before)[:, 2].any()
    force = na.Agent(na.Trainer(net, cost=na.MSE("z"), rule=na.FORCE()))
    with pytest.raises(na.UnsupportedError, match="from 'r' to 'z' scaled: its rule learns by least squares"):
        force.scale_synapses("r", "z", 0)
