"""What goes to the workers of a pool and comes back: by pickle and by copy, the same numbers."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from conftest import small

import neuroai as na


def again(thing):
    return pickle.loads(pickle.dumps(thing))


WAYS = pytest.mark.parametrize("way", [again, copy.deepcopy, copy.copy], ids=["pickle", "deepcopy", "copy"])


def task(**values):
    return na.tasks.PerceptualDecisionMaking(**{"stimulus": 100, **values})


def trials():
    draw = np.random.default_rng(1)
    x, y = draw.standard_normal((6, 4, 3)), draw.integers(0, 3, (6, 4))
    return na.Trials(x, y, mask=np.ones((6, 4)), lengths=[6, 5, 4, 3], conditions={"c": np.arange(4)}, first=7)


class Halves(na.Constraint):
    def __init__(self, most):
        self.most = most

    def project(self, synapses):
        np.clip(synapses.weight, -self.most, self.most, out=synapses.weight)


def same_networks(a, b):
    assert repr(a) == repr(b) and a.projections == b.projections
    for ends in a.projections:
        assert np.array_equal(a.weights(*ends), b.weights(*ends)) and np.array_equal(a.mask(*ends), b.mask(*ends))
    for name in (*a.populations, *a.outputs):
        assert np.array_equal(a.bias(name), b.bias(name))


@WAYS
def test_a_network(way):
    net = small(noise=0.2)
    other = way(net)
    same_networks(net, other)
    assert np.array_equal(net.run(trials(), seed=3).outputs["choice"], other.run(trials(), seed=3).outputs["choice"])
    before = net.weights("E", "choice").copy()
    other.set_weights("E", "choice", np.zeros((3, 12)))
    assert np.array_equal(net.weights("E", "choice"), before)


@WAYS
def test_constraints_of_one_s_own_come_along(way):
    net = na.Network(20, kernels="portable").input("u", 3).population("E", 6).output("z", 3)
    net.connect("u", "E").connect("E", "E").connect("E", "z").constrain("E", "E", Halves(0.01)).build(1)
    other = way(way(net))
    same_networks(net, other)
    assert other.kernels == "portable"
    na.Trainer(other, cost=na.CrossEntropy("z"), optimizer=na.SGD(10.0)).step(trials())
    assert 0 < np.abs(other.weights("E", "E")).max() <= np.float32(0.01)


def test_a_network_that_is_not_built():
    with pytest.raises(TypeError, match="build it first"):
        pickle.dumps(na.Network(20).population("E", 2))


@WAYS
def test_trials(way):
    made = trials()
    other = way(made)
    assert np.array_equal(other.inputs, made.inputs) and np.array_equal(other.targets, made.targets)
    assert np.array_equal(other.mask, made.mask) and np.array_equal(other.lengths, made.lengths)
    assert np.array_equal(other.conditions["c"], made.conditions["c"]) and other.first == 7 and len(other) == 4
    for array in (other.inputs, other.targets, other.mask, other.lengths, other.conditions["c"]):
        assert not array.flags.writeable
    net = small()
    steps = [na.Trainer(small(), cost=na.CrossEntropy("choice")).step(each) for each in (made, other)]
    assert steps[0] == steps[1] and net.run(other).trials is other
    of_a_task = task().trials(net, 5)
    assert np.array_equal(way(of_a_task).inputs, of_a_task.inputs)


@WAYS
def test_states_and_runs(way):
    net = small(noise=0.3)
    run = net.run(trials(), seed=5)
    other = way(run)
    for name in ("rates", "outputs", "inputs"):
        for key, array in getattr(run, name).items():
            assert np.array_equal(getattr(other, name)[key], array)
    assert other.dt == run.dt and np.array_equal(other.time, run.time) and other.state.time == run.state.time
    if way is not copy.copy:  # which shares the state
        x = np.ones((3, 4, 3))
        assert np.array_equal(run.state.run(x).rates["E"], other.state.run(x).rates["E"])
        assert other.net is other.state.net and other.net is not net


@WAYS
def test_evaluations(way):
    net = small(noise=0.2)
    made = na.evaluate(net, task(), 60)
    other = way(way(made))
    assert other.performance == made.performance and repr(other) == repr(made) and isinstance(other, na.Evaluation)
    for name in ("correct", "choice"):
        assert np.array_equal(getattr(other, name), getattr(made, name)) and not getattr(other, name).flags.writeable
    assert all(np.array_equal(other.conditions[name], made.conditions[name]) for name in made.conditions)
    assert np.array_equal(other.curve(), made.curve()) and np.array_equal(other.right(), made.right())
    assert np.array_equal(other.confusion().counts, made.confusion().counts)
    for each in (made, other):
        with pytest.raises(na.UnsupportedError, match="reaction times"):
            each.time
        with pytest.raises(na.UnknownNameError):
            each.curve("nothing")


@WAYS
@pytest.mark.parametrize(
    "made",
    [na.SGD(0.5), na.Momentum(0.1, 0.8), na.RMSProp(), na.Adam(2e-3, beta1=0.8), na.AdamW(decay=0.2)],
    ids=lambda made: made.name,
)
def test_optimisers(way, made):
    made.schedule({0: 0.5, 10: 1.0})
    other = way(made)
    assert type(other) is type(made) and repr(other) == repr(made)
    assert [other.factor(k) for k in (0, 5, 20)] == [made.factor(k) for k in (0, 5, 20)]
    other.rate = 9.0
    assert made.rate != 9.0


def own_step(step):
    step.trace += 1
    step.change += step.trace[0].sum()


class OwnRule(na.LocalRule):
    traces = 1

    def __init__(self, size):
        super().__init__(seed=4)
        self.size = size

    def step(self, step):
        step.change += self.size


RULES = [
    na.BPTT(),
    na.TruncatedBPTT(3),
    na.RTRL(),
    na.UORO(5),
    na.RFLO(seed=3, update_every=2),
    na.EProp("adaptive", seed=2, decay=0.01),
    na.SnAp1(),
    na.DendriticError(tau=20, lag=3, update_every=5),
    na.FORCE(2.0),
    na.FullFORCE(seed=2, gain=1.1),
    na.FeedbackAlignment(3),
    na.DirectFeedbackAlignment(3),
    na.SignSymmetry("fixed", seed=2),
    na.KolenPollack(0.1, seed=3),
    na.WeightMirror(seed=2, rate=0.1),
    na.NodePerturbation(0.1, seed=2),
    na.RewardHebbian(seed=3, times_mean=True),
    na.LocalRule(own_step, traces=1, seed=3),
    OwnRule(2.0),
]


@WAYS
@pytest.mark.parametrize("made", RULES, ids=lambda made: made.name)
def test_rules(way, made):
    other = way(way(made))
    assert type(other) is type(made) and repr(other) == repr(made) and other.name == made.name
    if made.name in ("force", "full-force", "reward-hebbian", "dendritic_error"):
        return
    found = [na.Trainer(small(), cost=na.CrossEntropy("choice"), rule=rule).step(trials()) for rule in (made, other)]
    assert found[0] == found[1]
    if made.name != "bptt":
        g = [na.Trainer(small(), cost=na.CrossEntropy("choice"), rule=rule).gradient(trials()) for rule in (made, other)]
        assert all(np.array_equal(g[0][key], g[1][key]) for key in g[0])


@WAYS
@pytest.mark.parametrize(
    "made",
    [
        na.MSE("choice") + 0.5 * na.L2Rates("E", normalise=True),
        na.RateTarget("E", 0.5),
        na.UnitRateTarget("E", 0.5),
        na.Communicability("E", "E", 2.0),
        na.Sparse(0.2),
        na.Dale("reflect"),
        na.Mask(np.eye(3)),
        na.InDegree(3),
        na.List([0, 1], [2, 0]),
        Halves(2.0),
        na.Gamma(2, 0.1),
        task(coherence=[1, 2]),
        na.Stage("a", 0.9, coherence=[1, 2], stimulus=na.Staircase(10, 1, 1)),
        na.Curriculum(na.Stage("a", 0.9, coherence=[1, 2])),
        na.Adam().parameters,
        na.Adam().parameters["rate"],
        na.InvalidError("words"),
    ],
    ids=lambda made: type(made).__name__,
)
def test_values(way, made):
    other = way(made)
    assert type(other) is type(made)
    if not isinstance(made, Halves):
        assert repr(other) == repr(made)


@WAYS
def test_what_training_gave(way):
    t = na.Trainer(small(), task(), na.CrossEntropy("choice"), batch=4, evaluate_every=2)
    history = t.fit(4, progress=False)
    other = way(history)
    assert np.array_equal(other.loss, history.loss) and np.array_equal(other.performance, history.performance)
    assert list(other.costs) == list(history.costs) and repr(other) == repr(history)
    found = na.alignment(t)
    assert way(found).total == found.total and repr(way(found)) == repr(found)


def goes_on(made, other, steps=3, **how):
    """Both with the same bits, each in a network of its own."""
    assert other.net is not made.net and other.updates == made.updates and repr(other) == repr(made)
    assert {name: other.get(name) for name in other.parameters} == {name: made.get(name) for name in made.parameters}
    assert other.rates == made.rates
    before = {ends: made.net.weights(*ends).copy() for ends in made.net.projections}
    histories = [each.fit(steps, progress=False, **how) for each in (other, made)]
    same_networks(made.net, other.net)
    assert any((made.net.weights(*ends) != w).any() for ends, w in before.items())
    for name in ("loss", "performance", "gradient_norm"):
        assert np.array_equal(getattr(made.history, name), getattr(other.history, name), equal_nan=True)
    return histories


LEARNING = [
    rule for rule in RULES if rule.name not in ("force", "full-force", "reward-hebbian", "dendritic_error", "own_step")
]


@WAYS
@pytest.mark.parametrize("rule", LEARNING, ids=lambda rule: rule.name)
def test_trainers(way, rule):
    """Also of rules with feedback weights, and what they remember from update to update."""
    cost = na.CrossEntropy("choice") + 1e-3 * na.L2Rates("E")
    made = na.Trainer(
        small(noise=0.1), task(), cost, again(rule), na.Adam(2e-3).schedule({0: 1, 10: 0.5}),
        batch=4, seed=5, clip=1.0, evaluate_every=2, evaluate_trials=8,
    )
    made.fit(3, progress=False)
    made.stop_at = 1.0
    goes_on(made, way(made))


@WAYS
def test_trainers_on_given_trials_by_a_judge(way):
    made = na.Trainer(
        small(), trials(), na.CrossEntropy("choice"), batch=4, shards=2, recompute=2, test=trials()[1:3], judge=task(),
        rates={("E", "E"): 0.5, "E": 0}, evaluate_every=1,
    )
    made.fit(2, progress=False)
    other = way(made)
    goes_on(made, other)
    assert other.judge is not None and len(other.test) == 2 and other.rates["E", "E"] == 0.5


def easy_then_hard():
    return na.Curriculum(na.Stage("easy", 0.0, coherence=[50]), na.Stage("hard", 1.0, coherence=[1]))


@WAYS
def test_trainers_in_a_curriculum_and_without_a_task(way):
    made = na.Trainer(
        small(), task(), na.CrossEntropy("choice"), batch=4, evaluate_every=1, evaluate_trials=4, curriculum=easy_then_hard()
    )
    made.fit(2, progress=False)
    other = way(made)
    assert made.stage == other.stage == "hard"
    goes_on(made, other)
    bare = na.Trainer(small(), cost=na.CrossEntropy("choice"), rule=na.RFLO(seed=2))
    bare.step(trials())
    assert way(bare).step(trials()) == bare.step(trials())


class Mine(na.Trainer):
    """With arguments and attributes of one's own."""

    def __init__(self, name):
        super().__init__(small(), task(), na.CrossEntropy("choice"), batch=4)
        self.title = [name, self]


def test_trainers_of_one_s_own_and_with_their_network():
    made = Mine("mine")
    other, net = again((made, made.net))
    assert type(other) is Mine and other.title[0] == "mine" and other.title[1] is other and other.net is net
    found = []
    made.fit(3, progress=False, callback=lambda now: found.append(pickle.dumps(made)))  # in the middle
    other = pickle.loads(found[1])
    other.fit(1, progress=False)
    same_networks(made.net, other.net)


def test_a_trainer_goes_to_another_process():
    made = na.Trainer(small(), task(), na.CrossEntropy("choice"), rule=na.RFLO(seed=3), batch=4)
    program = """
import pickle, sys, neuroai as na
trainer = pickle.load(sys.stdin.buffer)
trainer.fit(3, progress=False)
pickle.dump(trainer, sys.stdout.buffer)
"""
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(made), capture_output=True, check=True)
    back = pickle.loads(done.stdout)
    made.fit(3, progress=False)
    goes_on(made, back)


@pytest.mark.parametrize("way", [again, copy.deepcopy, copy.copy])
def test_what_cannot_be_pickled_says_what_to_do(way):
    t = na.Trainer(small(), cost=na.MSE("choice"), rule=na.RFLO())
    for thing in (na.Agent(t), t.rule):
        with pytest.raises(TypeError, match="save"):
            way(thing)
    shared = na.Trainer(small(), task(), na.MSE("choice"), exchange=na.Exchange(0, 1))
    with pytest.raises(TypeError, match="works with other processes and cannot be pickled: save it"):
        way(shared)


def test_a_network_goes_to_another_process():
    net = small()
    program = """
import pickle, sys, neuroai as na
net, trials = pickle.load(sys.stdin.buffer)
pickle.dump(net.run(trials, seed=2), sys.stdout.buffer)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps((net, trials())), capture_output=True, check=True
    )
    back = pickle.loads(done.stdout)
    assert np.array_equal(back.outputs["choice"], net.run(trials(), seed=2).outputs["choice"])
