"""The twenty tasks of Yang et al. 2019, the one-choice maze, and masks of every channel."""

import numpy as np
import pytest

import neuroai as na
from neuroai.tasks import YANG_RULES


def wide(units=8, dt=20, apart=False, seed=1):
    net = na.Network(dt).input("fixation", 1).input("rings", 64).input("rules", 20)
    net.population("units", units, leak="rate", transfer="softplus", tau=100)
    net.connect("fixation rings rules", "units").connect("units", "units")
    if apart:
        net.output("fixate", 1).output("answer", 32).connect("units", "fixate answer")
    else:
        net.output("out", 33).connect("units", "out")
    return net.build(seed)


def task_of(rule, **values):
    return getattr(na.tasks, "Yang" + rule.capitalize())(**values)


def bump(angle):
    preferred = 2 * np.pi * np.arange(32) / 32
    distance = np.abs(np.asarray(angle)[..., None] - preferred)
    distance = np.minimum(distance, 2 * np.pi - distance)
    return 0.8 * np.exp(-0.5 * (distance / (np.pi / 8)) ** 2)


@pytest.mark.parametrize("rule", YANG_RULES)
def test_each_task_has_its_rule_its_targets_and_its_mask(rule):
    trials = task_of(rule).trials(wide(), 16)  # one block
    steps, number = trials.steps, YANG_RULES.index(rule)
    assert trials.targets.shape == trials.mask.shape == (steps, 16, 33) and (trials.lengths == steps).all()
    assert (trials.inputs[:, :, 65:] == (np.arange(20) == number)).all()
    assert (trials.conditions["rule"] == number).all()
    go = int(trials.conditions["go"][0]) // 20
    weight = np.concatenate([[0] * 5, [1] * (go - 5), [0] * 5, [25] * (steps - go - 5)])
    assert (trials.mask[:, :, 1:] == weight[:, None, None]).all()
    assert (trials.mask[:, :, 0] == 4 * weight[:, None]).all()
    answer = trials.conditions["answer"]
    assert (trials.targets[:go, :, 0] == np.float32(0.8)).all()
    assert (trials.targets[go:, :, 0] == np.where(answer < 0, np.float32(0.8), np.float32(0.05))).all()
    assert np.allclose(trials.targets[:go, :, 1:], 0.05)
    assert np.allclose(trials.targets[go:, :, 1:], 0.05 + np.where(answer < 0, 0, bump(answer).T).T, atol=1e-6)


def test_rules_are_those_of_the_library():
    names = [name[len("yang-") :] for name in na.tasks.available() if name.startswith("yang-")]
    assert names == [*YANG_RULES, "mixed"]
    assert na.tasks.YangMixed.parameters["rule"].list and not na.tasks.YangMixed.parameters["block"].list


def test_mixed_blocks_and_rules():
    net = wide(apart=True)
    mixed = na.tasks.YangMixed()
    trials = mixed.trials(net, 192, stream="train")
    rules = trials.conditions["rule"].reshape(3, 64)
    assert (rules == rules[:, :1]).all()
    assert trials.mask["fixate"].shape[2] == 1 and trials.mask["answer"].shape[2] == 32
    assert trials.targets["answer"].shape == (trials.steps, 192, 32)
    every = mixed.replace(block=1).trials(net, 400).conditions["rule"]
    assert set(every) == set(range(20))
    assert 0.25 < np.isin(every, [8, 9]).mean() < 0.47  # 10 of 28
    chosen = [YANG_RULES.index("dm1"), YANG_RULES.index("dm2")]
    assert set(mixed.replace(block=1, rule=chosen).trials(net, 50).conditions["rule"]) == set(chosen)


@pytest.mark.parametrize(
    "values, words",
    [({"block": [1, 2]}, "block"), ({"block": 0}, "block"), ({"rule": 20}, "rule"), ({"coherence": 2}, "coherence")],
)
def test_wrong_parameters_are_refused(values, words):
    with pytest.raises(na.InvalidError, match=words):
        na.tasks.YangMixed(**values)


def test_stimuli_and_responses_need_steps():
    with pytest.raises(na.InvalidError, match="grace"):
        na.tasks.YangDm1(response=100).trials(wide(), 1)
    with pytest.raises(na.InvalidError, match="no step"):
        na.tasks.YangDm1(stimulus=10).trials(wide(), 1)


def test_the_judge_sees_logistic_outputs():
    net = wide(apart=True)
    net.set_weights("units", "fixate", np.zeros((1, 8)))
    task = na.tasks.YangDmsgo(block=1)
    net.set_bias("fixate", [0.01])  # logistic: just above one half
    fixating = na.evaluate(net, task, trials=300)
    assert ((fixating.correct == 1) == (fixating.conditions["answer"] < 0)).all() and (fixating.choice == 0).all()
    net.set_bias("fixate", [-0.01])
    going = na.evaluate(net, task, trials=300)
    assert (going.correct[going.conditions["answer"] < 0] == 0).all() and (going.choice == 1).all()


def test_a_task_is_learnt_a_little():
    net = wide(32)
    trainer = na.Trainer(net, na.tasks.YangReactgo(onset_max=600), na.MSE("out"), optimizer=na.Adam(3e-3), batch=16)
    history = trainer.fit(60, progress=False)
    assert history.loss[-1] < 0.5 * history.loss[0]


# --- the maze --------------------------------------------------------------------------------------------------------


def test_the_maze_is_learnt():
    net = na.Network(1).input("seen", 8).population("units", 64, tau=1).output("way", 4)
    net.connect("seen", "units").connect("units", "units").connect("units", "way").build(1)
    task = na.tasks.Maze(goal=3, delay=1, choices=2)
    trials = task.trials(net, 64)
    assert trials.steps == 6 and set(trials.conditions["problem"]) == set(range(8))
    assert (trials.mask.sum(axis=0) == 1).all() and (trials.mask[-1] == 1).all()
    trainer = na.Trainer(net, task, na.CrossEntropy("way"), optimizer=na.Adam(3e-3), batch=64, evaluate_every=50)
    history = trainer.fit(400, stop_at=0.99, progress=False)
    assert history.performance[-1] >= 0.99


# --- masks of every channel, in tasks of one's own -------------------------------------------------------------------


class Channels(na.Task):
    """Targets 1; channel c of trial b counts b + c; what does not count is far off."""

    steps = 4
    classes = False
    channel_mask = True

    def generate(self, batch):
        assert batch.mask.shape == batch.target.shape and (batch.mask == 1).all()
        batch.target[:] = 1
        batch.mask[:] = (batch.first + np.arange(batch.trials))[:, None] + np.arange(33)
        batch.length[:] = 3


@pytest.mark.parametrize("apart", [False, True])
def test_a_task_of_one_s_own_may_mask_every_channel(apart):
    net = wide(apart=apart)
    trials = Channels().trials(net, 2, first=5)
    mask = np.concatenate([trials.mask["fixate"], trials.mask["answer"]], axis=2) if apart else trials.mask
    assert mask.shape == (3, 2, 33)
    assert (mask == np.arange(5, 7)[:, None] + np.arange(33)).all()
    outputs = ["fixate", "answer"] if apart else ["out"]
    cost = sum((na.MSE(name) for name in outputs[1:]), na.MSE(outputs[0]))
    assert np.isfinite(na.Trainer(net, Channels(), cost, batch=4).fit(2, progress=False).loss).all()


def test_a_mask_of_every_channel_weighs_each():
    net = wide()

    def only_channel_3(batch):
        batch.mask[:] = 0
        batch.mask[:, :, 3] = 2
        batch.target[:, :, 3] = 7

    task = na.Task(only_channel_3, steps=2, classes=False, channel_mask=True)
    assert task.channel_mask
    history = na.Trainer(net, task, na.MSE("out"), optimizer=na.SGD(0.0), batch=3).fit(1, progress=False)
    z = na.State(net, 3).run(np.zeros((2, 3, 85), np.float32)).outputs["out"]
    assert history.loss[0] == pytest.approx(np.mean((z[:, :, 3] - 7) ** 2), rel=1e-5)


def test_the_attribute_cannot_change_once_the_task_is_in_use():
    """The width of the mask is fixed when the library's object is made."""
    net, task = wide(), Channels()
    trainer = na.Trainer(net, task, na.MSE("out"), batch=4)
    with pytest.raises(AttributeError, match="channel_mask"):
        task.channel_mask = False
    Channels.channel_mask = False
    try:
        trainer.fit(2, progress=False)
    finally:
        Channels.channel_mask = True
