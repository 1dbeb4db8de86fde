"""Environments whose observations depend on actions, as tasks: with a TrialEnv in neurogym's form, and neurogym's own."""

import pickle
import sys
import types

import numpy as np
import pytest

import neuroai as na


class Space:
    def __init__(self, shape, n=None):
        self.shape = shape
        if n is not None:
            self.n = n


class TrialEnv:
    """What of neurogym's class a task uses."""

    def __init__(self, dt=100):
        self.dt, self.timing, self.start_ind, self.end_ind = dt, {}, {}, {}
        self.rng = np.random.RandomState()
        self.t = self.t_ind = 0

    def seed(self, seed=None):
        self.rng = np.random.RandomState(seed)

    @property
    def gt_now(self):
        return self.gt[self.t_ind]

    def new_trial(self):
        return self._new_trial()

    def step(self, action):
        ob, info = self._step(action)
        self.t += self.dt
        self.t_ind += 1
        if self.t_ind >= len(self.ob) and not info.get("new_trial"):
            info["new_trial"] = True
        if info.get("new_trial"):
            self.t = self.t_ind = 0
            self.new_trial()
        return self.post_step(ob if ob is not None else self.ob[self.t_ind]), 0.0, False, False, info

    def post_step(self, ob):
        return ob


class Tracking(TrialEnv):
    """A cursor on a line is to be moved to a target; both are seen. Right: the way to it."""

    def __init__(self, dt=20, ends=True):
        super().__init__(dt)
        self.observation_space, self.action_space, self.ends = Space((2,)), Space((), 3), ends

    def _new_trial(self):
        self.cursor, self.target = 0.0, float(self.rng.choice([-3, -2, 2, 3]))
        self.ob = np.zeros((8, 2), np.float32)
        self.ob[:, 0] = self.target
        self.gt = np.full(8, 2 if self.target > 0 else 1)
        self.start_ind, self.end_ind = {"early": 0, "late": 4}, {"early": 4, "late": 8}
        return {"ground_truth": self.target}

    def _step(self, action):
        self.cursor += {0: 0, 1: -1, 2: 1}[action]
        self.gt[self.t_ind + 1 :] = 0 if self.cursor == self.target else 2 if self.cursor < self.target else 1
        return None, {"new_trial": self.ends and self.cursor == self.target}

    def post_step(self, ob):
        ob = ob.copy()
        ob[1] = self.cursor
        return ob


class Still(Tracking):
    """The same for those who only look."""

    def _step(self, action):
        return None, {"new_trial": False}

    def post_step(self, ob):
        return ob


@pytest.fixture
def gym(monkeypatch):
    module, core = types.ModuleType("neurogym"), types.ModuleType("neurogym.core")
    core.TrialEnv = TrialEnv
    monkeypatch.setitem(sys.modules, "neurogym", module)
    monkeypatch.setitem(sys.modules, "neurogym.core", core)


def network(noise=0.1):
    net = na.Network(20).input("seen", 2).population("E", 20, transfer="tanh", noise=noise).output("move", 3)
    return net.connect("seen", "E").connect("E", "E move").build(4)


@pytest.fixture
def net():
    return network()


def followed(env, actions, trial, seed_of):
    """Observations, what is right and when it is over, of these actions in an environment of its own."""
    na.neurogym._draw(env, na.neurogym._seeds(seed_of, trial))
    env.t = env.t_ind = 0
    seen, right = [np.array(env.ob[0])], [int(env.gt[0])]
    for action in actions[:-1]:
        ob, _, _, _, info = env.step(int(action))
        if info["new_trial"]:
            break
        seen.append(ob)
        right.append(int(env.gt_now))
    return np.array(seen), right


def test_the_network_acts(gym):
    net = network(noise=1)
    task = na.tasks.Neurogym(Tracking(), steps=10)
    assert task.parts == 10 and task.conditions == ("ground_truth",) and task.epochs == ("early", "late")
    trials = na.play(net, task, 30, seed=6)
    assert trials.parts is None and (trials.lengths == 8).all() and (trials.epochs["late"] == [4, 8]).all()
    actions = net.run(trials, seed=6).outputs["move"].argmax(axis=2)
    seen = []
    probe = na.Task(lambda batch: seen.append(batch.seed), steps=1)
    probe.trials(net, 1, seed=6)
    lengths = set()
    for b in range(30):
        observed, right = followed(Tracking(), actions[:, b], b, seen[0])
        n = len(observed)
        lengths.add(n)
        assert (trials.inputs[:n, b] == observed).all() and (trials.inputs[n:, b] == 0).all()
        assert (trials.targets[:n, b] == right).all()
        assert (trials.mask[:n, b] == 1).all() and (trials.mask[n:, b] == 0).all()
    assert len(lengths) > 1 and trials.inputs[:, :, 1].std() > 0.5
    again = na.play(net, task, 7, seed=6, threads=2)
    assert (again.inputs == trials.inputs[:, :7]).all()
    assert (na.play(net, pickle.loads(pickle.dumps(task)), 7, seed=6).inputs == again.inputs).all()


def test_it_learns_to_move(gym, net):
    task = na.tasks.Neurogym(Tracking(ends=False), steps=8)
    before = na.evaluate(net, task, 100).performance
    trainer = na.Trainer(net, task, na.CrossEntropy("move"), na.BPTT(), na.Adam(0.02), batch=16, evaluate_every=0)
    trainer.fit(80, progress=False)
    after = na.evaluate(net, task, 100)
    assert after.performance > max(0.7, before + 0.2)
    arrived = na.play(net, task, 100)
    assert (arrived.inputs[7, :, 1] == arrived.inputs[7, :, 0]).mean() > 0.6
    assert after.confusion().counts.sum() == 100


def test_rules_that_go_on_while_it_acts(gym, net):
    for rule in (na.RFLO(seed=1, update_every=2), na.NodePerturbation(0.1)):
        task = na.tasks.Neurogym(Tracking(), steps=8)
        trainer = na.Trainer(net, task, na.CrossEntropy("move"), rule, na.SGD(0.01), batch=6, evaluate_every=0)
        assert np.isfinite(trainer.fit(2, progress=False).loss).all()


def test_who_only_looks_does_not_act(gym, net):
    task = na.tasks.Neurogym(Still())
    assert task.parts == 1 and not task._overrides("respond")
    assert (na.play(net, task, 3).inputs == task.trials(net, 3).inputs).all()
    assert na.tasks.Neurogym(Still(), acts=True).parts > 1
    assert na.tasks.Neurogym(Tracking(), acts=False).parts == 1


def test_a_ground_truth_that_is_no_action(gym, net):
    class Place(Tracking):
        """As in Reaching1D of neurogym: the ground truth is where, not how."""

        def _new_trial(self):
            said = super()._new_trial()
            self.gt = np.full(8, self.target / 2)
            return said

        def _step(self, action):
            self.cursor += {0: 0, 1: -1, 2: 1}[action]
            return None, {}

    with pytest.raises(na.InvalidError, match="ground truth of Place is no action, such as"):
        na.tasks.Neurogym(Place())
    task = na.tasks.Neurogym(Place(), right=lambda env: 0 if env.cursor == env.target else 2 if env.cursor < env.target else 1)
    trials = na.play(net, task, 20)
    cursor, target = trials.inputs[:8, :, 1], trials.inputs[:8, :, 0]
    assert (trials.targets[:8] == np.where(cursor == target, 0, np.where(cursor < target, 2, 1))).all()


def test_reaching_of_neurogym():
    pytest.importorskip("neurogym")
    net = na.Network(100).input("seen", 32).population("E", 20, transfer="tanh").output("move", 3)
    net.connect("seen", "E").connect("E", "E move").build(1)

    def right(env):
        turn = np.sin(env.gt_now - env.state)
        return 0 if abs(turn) < 0.025 else 1 if turn > 0 else 2

    task = na.tasks.Neurogym("Reaching1D-v0", right=right)
    assert task.parts == task.steps and {"fixation", "reach"} <= set(task.epochs)
    trials = na.play(net, task, 5)
    position = np.arctan2(trials.inputs[1:10, :, 20], trials.inputs[1:10, :, 16])
    assert np.abs(np.diff(np.unwrap(position, axis=0), axis=0)).max() < 0.06
    assert np.isfinite(na.Trainer(net, task, na.CrossEntropy("move"), batch=4, evaluate_every=0).fit(2, progress=False).loss).all()
