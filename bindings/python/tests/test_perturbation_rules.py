"""Rules that learn from the cost of each trial alone: node perturbation, reward-modulated Hebbian learning."""

import numpy as np
import pytest
from conftest import small

import neuroai as na

TRIALS, STEPS = 8, 12


def cost():
    return na.CrossEntropy("choice") + 1e-3 * na.L2Rates("E I")


def trials(seed=0):
    """Of every trial a random one of three inputs is on; it is the class at the end."""
    draw = np.random.default_rng(seed)
    which = draw.integers(0, 3, TRIALS)
    inputs = np.zeros((STEPS, TRIALS, 3))
    inputs[:, np.arange(TRIALS), which] = 1
    mask = np.zeros((STEPS, TRIALS))
    mask[STEPS // 2 :] = 1
    classes = np.broadcast_to(which, (STEPS, TRIALS)).astype(np.int32)
    return na.Trials(inputs, classes, mask)


# --- node perturbation -----------------------------------------------------------------------------------------------


def test_node_perturbation_describes_itself():
    rule = na.NodePerturbation()
    assert rule.name == "node_perturbation" and rule.get("sd") == 0.3 and list(rule.parameters) == ["sd", "mean_rate"]
    assert repr(na.NodePerturbation(sd=0.5, seed=3)) == "NodePerturbation(sd=0.5, mean_rate=0.1)"
    with pytest.raises(na.InvalidError, match="sd is 0"):
        na.NodePerturbation(sd=0)


def test_node_perturbation_points_along_the_gradient():
    net, batch = small(), trials()
    exact = na.Trainer(net, cost=cost(), rule=na.BPTT()).gradient(batch)
    mean = {key: np.zeros_like(g, float) for key, g in exact.items()}
    for seed in range(400):
        for key, g in na.Trainer(net, cost=cost(), rule=na.NodePerturbation(1e-3, seed)).gradient(batch).items():
            mean[key] += np.array(g, float) / 400
    for key in (("E", "choice"), "choice", ("stimulus", "E"), "E"):
        a, b = mean[key].ravel(), np.ravel(exact[key]).astype(float)
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.7, key


def test_node_perturbation_trains():
    trainer = na.Trainer(small(), cost=cost(), rule=na.NodePerturbation(0.01, seed=1), optimizer=na.Adam(0.01))
    total = [trainer.step(trials(seed))["total"] for seed in range(1500)]
    assert np.mean(total[-50:]) < 0.6 * np.mean(total[:50])


def test_node_perturbation_shows_the_run_that_was_not_perturbed():
    net, batch = small(noise=0.1), trials()
    costs = [
        na.Trainer(net, cost=cost(), rule=rule, optimizer=na.SGD(0)).step(batch)["total"]
        for rule in (na.BPTT(), na.NodePerturbation(1.0))
    ]
    assert costs[0] == pytest.approx(costs[1], rel=1e-12)


# --- costs of one's own ----------------------------------------------------------------------------------------------


class OfTheBatch(na.Cost):
    def on_outputs(self, batch):
        return float((batch.mask * batch.output**2).sum() / batch.mask_total)


class OfWhatIsThere(na.Cost):
    def on_outputs(self, batch):
        assert batch.mask_total >= batch.mask.sum() - 1e-3
        return float((batch.mask * batch.output**2).sum() / batch.mask.sum())


def test_own_costs_add_up_over_trials():
    for rule in (na.NodePerturbation(), na.RewardHebbian()):
        na.Trainer(small(), cost=OfTheBatch("choice"), rule=rule).step(trials())
        with pytest.raises(na.UnsupportedError, match="divide by mask_total"):
            na.Trainer(small(), cost=OfWhatIsThere("choice"), rule=rule).step(trials())


# --- reward-modulated Hebbian learning -------------------------------------------------------------------------------


def test_reward_hebbian_describes_itself():
    rule = na.RewardHebbian()
    paper = {
        "frequency": 3,
        "amplitude": 0.5,
        "activity_memory": 0.05,
        "reward_memory": 0.33,
        "limit": 1e-4,
        "types": 16,
        "times_mean": 0,
    }
    assert rule.name == "reward_hebbian" and {name: rule.get(name) for name in rule.parameters} == paper
    assert na.RewardHebbian(types=4, times_mean=True).get("times_mean") == 1
    with pytest.raises(na.InvalidError, match="types"):
        na.RewardHebbian(types=1000)


def test_reward_hebbian_wants_the_leak_on_the_current():
    with pytest.raises(na.UnsupportedError, match="'reward_hebbian'.*population 'E' has its leak on the rate"):
        na.Trainer(small(leak="rate"), cost=cost(), rule=na.RewardHebbian())
    with pytest.raises(na.UnsupportedError, match="'reward_hebbian' cannot learn from cost 'rate_target'"):
        na.Trainer(small(), cost=cost() + na.RateTarget("E", 0.1), rule=na.RewardHebbian())


def chaotic(units=50, seed=1):
    """As in the paper, smaller: g = 1.5, one of the units is the output."""
    draw = np.random.default_rng(seed)
    net = na.Network(dt=5)
    net.input("in", 2)
    net.population("units", units, tau=30, transfer="tanh")
    net.output("out", 1)
    net.connect("in", "units")
    net.connect("units", "units")
    net.connect("units", "out")
    net.build(seed)
    net.set_weights("in", "units", draw.uniform(-1, 1, (units, 2)))
    weights = 1.5 * draw.normal(size=(units, units)) / np.sqrt(units)
    np.fill_diagonal(weights, 0)
    net.set_weights("units", "units", weights)
    net.set_weights("units", "out", np.eye(1, units))
    return net


def remembered(which):
    """A short stimulus on one of two inputs; after a delay the output is to be -0.98 or 0.98."""
    inputs, targets, mask = np.zeros((60, 1, 2)), np.full((60, 1, 1), 0.98 * (2 * which - 1)), np.zeros((60, 1))
    inputs[2:22, 0, which] = 1
    mask[-15:] = 1
    return na.Trials(inputs, targets, mask, conditions={"stimulus": [float(which)]})


@pytest.mark.parametrize("times_mean, rate", [(False, 0.5), (True, 2.0)])  # the mean cost starts at 1/4
def test_reward_hebbian_trains(times_mean, rate):
    net = chaotic()
    rule = na.RewardHebbian(seed=1, limit=1e-3, times_mean=times_mean)
    trainer = na.Trainer(net, cost=na.MSE("out"), rule=rule, optimizer=na.SGD(rate))
    fixed = [net.weights(*ends).copy() for ends in (("in", "units"), ("units", "out"))]
    before = net.weights("units", "units").copy()
    trainer.step(remembered(0))  # the first trial of a type sets its mean
    assert (net.weights("units", "units") == before).all()
    total = []
    for trial in range(800):
        last = net.weights("units", "units").copy()
        total.append(trainer.step(remembered(trial % 2))["total"])
        assert np.abs(net.weights("units", "units") - last).max() <= 1e-3 * (1 + 1e-4)
    assert np.mean(total[-80:]) < 0.25 * np.mean(total[:80])
    for ends, weights in zip((("in", "units"), ("units", "out")), fixed):
        assert (net.weights(*ends) == weights).all()


def bandit(sd, seed, trials=600):
    """Fraction of the last hundred choices that were of the better of two arms, which pay in 80 % and 20 % of trials."""
    net = na.Network(20).input("cue", 1).population("u", 30, tau=40, transfer="tanh").output("arm", 2)
    net.connect("cue", "u").connect("u", "u").connect("u", "arm").build(seed)
    rule = na.NodePerturbation(seed=seed) if sd is None else na.NodePerturbation(sd, seed)
    agent = na.Agent(na.Trainer(net, cost=na.MSE("arm"), rule=rule, optimizer=na.Adam(1e-3), seed=seed))
    rng, better, chosen = np.random.default_rng(seed), seed % 2, []
    for _ in range(trials):
        agent.begin()
        for _ in range(2):
            output = agent.step([1.0])
        chosen.append(int(np.argmax(output)))
        agent.step([1.0], reward=float(rng.random() < (0.8 if chosen[-1] == better else 0.2)))
    return np.mean(np.array(chosen[-100:]) == better)


def test_node_perturbation_learns_a_bandit_by_default():
    """At 0.01, choices stay what the first weights make them: right in half of the networks."""
    assert np.mean([bandit(None, seed) for seed in range(8)]) > 0.75
    assert np.mean([bandit(0.01, seed) for seed in range(8)]) < 0.65
