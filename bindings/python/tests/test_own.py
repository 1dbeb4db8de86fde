"""Constraints, costs and tasks of one's own, written in Python."""

import gc
import pickle
import weakref

import numpy as np
import pytest
from conftest import small

import neuroai as na
from neuroai import _callback


def trials(net, n=6, steps=10, seed=0):
    draw = np.random.default_rng(seed)
    return na.Trials(draw.random((steps, n, 3)), draw.integers(0, 3, (steps, n)))


class Odd(Exception):
    """An exception that nobody else raises."""


# --- constraints -----------------------------------------------------------------------------------------------------


class Ring(na.Constraint):
    """Each unit hears its neighbours only, and no unit receives more than `total`."""

    def __init__(self, reach, total):
        self.reach, self.total = reach, total
        self.seen = []

    def wire(self, synapses):
        self.seen.append((synapses.source, synapses.target, synapses.weight is None, synapses.population_sign))
        i, j = np.arange(synapses.n_post), np.arange(synapses.n_pre)
        synapses.exists *= np.abs(i[:, None] - j[None, :]) <= self.reach
        synapses.plastic[0, :] = 0

    def project(self, synapses):
        strength = np.abs(synapses.weight).sum(axis=1, keepdims=True)
        synapses.weight[:] *= np.minimum(1, self.total / np.maximum(strength, 1e-9))


def ring_network(constraint):
    net = na.Network(20).input("stimulus", 3).population("E", 8, +1, bias=0.5).output("choice", 3)
    net.connect("stimulus", "E").connect("E", "E").connect("E", "choice")
    return net.constrain("E", "E", constraint).build(1)


def test_a_constraint_wires_and_projects():
    ring = Ring(2, 0.7)
    net = ring_network(ring)
    assert ring.seen == [("E", "E", True, 1)]
    mask, plastic = net.mask("E", "E"), net.plastic("E", "E")
    i = np.arange(8)
    assert (mask == ((np.abs(i[:, None] - i) <= 2) & (i[:, None] != i))).all()  # autapses stay off
    assert (plastic[0] == 0).all() and (plastic[1:] == mask[1:]).all()
    first = net.weights("E", "E")[0].copy()
    trainer = na.Trainer(net, cost=na.CrossEntropy("choice"), optimizer=na.Adam(0.1))
    for _ in range(10):
        trainer.step(trials(net))
        weights = net.weights("E", "E")
        assert (weights[mask == 0] == 0).all() and (weights >= 0).all()
        assert (weights[1:].sum(axis=1) <= 0.7 + 1e-5).all() and (weights[0] == first).all()


def test_a_constraint_may_set_the_sign_and_use_the_library_s_random_numbers():
    class Negative(na.Constraint):
        def wire(self, synapses):
            synapses.sign = -1
            self.draw = na.random.uniform(synapses.seed, 0, 0)
            self.positions = synapses.post_position

    negative = Negative()
    net = na.Network(20).population("a", 4).population("b", 5).connect("a", "b").constrain("a", "b", negative).build()
    assert (net.weights("a", "b") <= 0).all() and (net.weights("a", "b") < 0).any()
    assert 0 <= negative.draw < 1 and negative.positions is None


def test_views_that_may_not_be_written_are_read_only():
    class Wrong(na.Constraint):
        def project(self, synapses):
            synapses.exists[0, 0] = 1

    with pytest.raises(ValueError, match="read-only"):
        ring_network(Wrong())


LONG = "zwei\nZeilen \0 ä" + 300 * "x"


@pytest.mark.parametrize("error", [Odd("oh"), KeyboardInterrupt(), SystemExit(3), Odd(LONG)])
def test_exceptions_in_wire_come_out_of_build(error):
    class Failing(na.Constraint):
        def wire(self, synapses):
            raise error

    with pytest.raises(type(error)) as caught:
        ring_network(Failing())
    assert caught.value is error


def test_exceptions_in_project_come_out_of_the_step_and_nothing_is_learnt():
    class Failing(na.Constraint):
        armed = False

        def project(self, synapses):
            if self.armed:
                synapses.weight[:] = 0
                raise Odd("now")

    failing = Failing()
    net = ring_network(failing)
    trainer = na.Trainer(net, cost=na.CrossEntropy("choice"))
    trainer.step(trials(net))
    before = {ends: net.weights(*ends).copy() for ends in net.projections}
    failing.armed = True
    with pytest.raises(Odd, match="now"):
        trainer.step(trials(net))
    assert all((net.weights(*ends) == weights).all() for ends, weights in before.items())
    failing.armed = False
    trainer.step(trials(net))


# --- costs -----------------------------------------------------------------------------------------------------------


class OwnMSE(na.Cost):
    def on_outputs(self, batch):
        mask = np.broadcast_to(batch.mask, batch.output.shape)
        error, total = batch.output - batch.target, mask.sum()
        if batch.gradient is not None:
            batch.gradient += batch.scale * 2 * mask * error / total
        return (mask * error**2).sum() / total


class OwnRates(na.Cost):
    name = "own_rates"
    separable = True

    def on_rates(self, batch):
        counts = (batch.first_step + np.arange(batch.steps))[:, None] < batch.length[None, :]
        rate = batch.rate * counts[:, :, None]
        if batch.gradient is not None:
            batch.gradient += batch.scale * 2 * rate / batch.batch_trials
        return (rate.astype(float) ** 2).sum() / batch.batch_trials


class OwnWeights(na.Cost):
    def on_weights(self, synapses, scale):
        value = 0.0
        for part in synapses:
            value += (part.weight.astype(float) ** 2).sum()
            if part.gradient is not None:
                part.gradient += scale * 2 * part.weight
        return value


@pytest.mark.parametrize(
    "own, builtin",
    [
        (OwnMSE("choice"), na.MSE("choice")),
        (OwnRates("E I"), na.L2Rates("E I")),
        (OwnWeights("E I", "E I"), na.L2Weights("E I", "E I")),
    ],
)
def test_own_costs_give_what_the_library_s_do(own, builtin):
    draw = np.random.default_rng(1)
    real = na.Trials(draw.random((9, 5, 3)), draw.random((9, 5, 3)), draw.random((9, 5)), lengths=[9, 9, 7, 5, 2])
    found = []
    for term in (own, builtin):
        trainer = na.Trainer(small(bias=0.3), cost=na.MSE("choice") + 0.5 * term, optimizer=na.SGD(1e-3))
        gradient, costs = trainer.gradient(real), trainer.step(real)
        found.append((gradient, costs))
    assert list(found[0][1].values()) == pytest.approx(list(found[1][1].values()), rel=1e-5)
    for key, expected in found[1][0].items():
        assert np.allclose(found[0][0][key], expected, atol=1e-5 * max(1, np.abs(expected).max())), key
    assert len(trainer.cost_names) == 2


def test_names_of_own_costs(net):
    trainer = na.Trainer(net, cost=OwnMSE("choice", name="mine") + OwnRates("E") + OwnWeights("E", "I"))
    assert trainer.cost_names == ("mine", "own_rates", "OwnWeights")
    assert repr(OwnWeights("E", "I")) == "OwnWeights('E', 'I')" and repr(OwnRates("E")) == "OwnRates('E')"


@pytest.mark.parametrize("where", ["on_outputs", "on_rates", "on_weights"])
@pytest.mark.parametrize("use", ["step", "gradient", "fit"])
def test_exceptions_in_costs_come_out(net, where, use):
    def fail(self, *arguments):
        raise Odd(where)

    failing = type("Failing", (na.Cost,), {where: fail})
    cost = failing("choice" if where == "on_outputs" else "E", "I" if where == "on_weights" else None)
    task = na.tasks.PerceptualDecisionMaking(stimulus=100)
    trainer = na.Trainer(net, task, na.CrossEntropy("choice") + cost, batch=8)
    before = net.weights("E", "E").copy()
    with pytest.raises(Odd, match=where):
        trainer.fit(3, progress=False) if use == "fit" else getattr(trainer, use)()
    assert (net.weights("E", "E") == before).all()


def test_what_a_cost_returns_is_checked(net):
    class Nothing(na.Cost):
        def on_rates(self, batch):
            return None

    class Bad(na.Cost):
        def on_rates(self, batch):
            return float("nan")

    with pytest.raises(TypeError):
        na.Trainer(net, cost=na.CrossEntropy("choice") + Nothing("E")).step(trials(net))
    with pytest.raises(na.NonfiniteError):
        na.Trainer(net, cost=na.CrossEntropy("choice") + Bad("E")).step(trials(net))


def test_a_cost_without_functions_is_refused(net):
    with pytest.raises(na.InvalidError):
        na.Trainer(net, cost=na.Cost("E"))


# --- tasks -----------------------------------------------------------------------------------------------------------


class Louder(na.Task):
    """Which of two channels is louder?"""

    steps = 12
    conditions = ("difference",)

    def generate(self, batch):
        for b, rng in batch.generators():
            difference = rng.choice([-0.4, -0.1, 0.1, 0.4])
            batch.input[:, b, 0] = 0.5 + difference / 2 + 0.1 * rng.standard_normal(batch.steps)
            batch.input[:, b, 1] = 0.5 - difference / 2 + 0.1 * rng.standard_normal(batch.steps)
            batch.input[:, b, 2] = 1
            batch.classes[:, b] = 1 if difference > 0 else 2
            batch.mask[:6, b] = 0
            batch.length[b] = rng.integers(9, 13)
            batch.conditions["difference"][b] = difference


def test_a_task_of_one_s_own_can_be_learnt():
    net = small(2, noise=0.05)
    trainer = na.Trainer(net, Louder(), na.CrossEntropy("choice"), optimizer=na.Adam(0.02), evaluate_every=50)
    history = trainer.fit(300, stop_at=0.9, progress=False)
    assert history.performance[-1] >= 0.9
    evaluation = na.evaluate(net, Louder(), trials=400)
    assert evaluation.performance > 0.85 and list(evaluation.conditions) == ["difference"]
    curve = evaluation.curve()
    assert np.allclose(curve.value, [-0.4, -0.1, 0.1, 0.4]) and curve.choice[0] > 0.8 > 0.2 > curve.choice[-1]


def test_trials_of_a_task_of_one_s_own_do_not_depend_on_the_batch(net):
    whole = Louder().trials(net, 12, seed=5)
    part = Louder().trials(net, 4, seed=5, first=6)
    assert (part.inputs == whole.inputs[:, 6:10]).all()
    assert (part.conditions["difference"] == whole.conditions["difference"][6:10]).all()
    assert (part.lengths == whole.lengths[6:10]).all() and whole.lengths.min() < 12
    assert (whole.mask[:6] == 0).all() and all((whole.mask[n:, b] == 0).all() for b, n in enumerate(whole.lengths))
    assert (Louder().trials(net, 12, seed=5, stream="train").inputs != whole.inputs).any()


class Delayed(na.Task):
    """A sample, a delay of the trial's own, an answer."""

    steps, epochs = 12, ("sample", "delay", "answer")

    def generate(self, batch):
        batch.epochs["sample"] = 0, 3
        for b, draw in batch.generators():
            end = int(draw.integers(4, 9))
            batch.epochs["delay"][b] = 3, end
            batch.epochs["answer"][b] = end, end + 2
            batch.input[:3, b] = 1
            batch.length[b] = end + 2


def test_trials_say_when_their_epochs_are(net):
    trials = Delayed().trials(net, 300)  # made in two pieces
    assert list(trials.epochs) == ["sample", "delay", "answer"]
    assert trials.epochs["delay"].shape == (300, 2) and trials.epochs["delay"].dtype == np.int32
    assert (trials.epochs["sample"] == [0, 3]).all() and (trials.epochs["answer"][:, 1] == trials.lengths).all()
    assert len(set(trials.epochs["delay"][:, 1])) == 5
    for k, (first, end) in enumerate(trials.epochs["delay"]):
        assert (trials.inputs[first:end, k] == 0).all() and first == 3 and end == trials.lengths[k] - 2
    few = Delayed().trials(net, 4, first=7)
    assert (few.epochs["delay"] == trials.epochs["delay"][7:11]).all()
    with pytest.raises(TypeError, match="read"):
        few.epochs["delay"] = 3
    with pytest.raises(ValueError, match="read-only"):
        few.epochs["delay"][0] = 0

    given = na.Trials(few.inputs, few.targets, epochs=dict(few.epochs))
    again = pickle.loads(pickle.dumps(given))
    assert (again.epochs["delay"] == few.epochs["delay"]).all()
    assert na.Trials(few.inputs).epochs == {}


def test_epochs_that_cannot_be(net):
    inputs = np.zeros((5, 2, 3))
    with pytest.raises(na.InvalidError, match="epoch 'delay'.*expected.*\\[2, 2\\]"):
        na.Trials(inputs, epochs={"delay": [[0, 1]]})
    with pytest.raises(na.InvalidError, match="epoch 'delay' of trial 1 is from step 3 to before step 6"):
        na.evaluate(net, na.Trials(inputs, np.zeros((5, 2), int), epochs={"delay": [[0, 1], [3, 6]]}))
    with pytest.raises(na.InvalidTypeError, match="epochs: expected a mapping"):
        na.Trials(inputs, epochs=[[0, 1], [3, 6]])

    def generate(batch):
        batch.epochs["late"] = 0, 4

    with pytest.raises(na.InvalidError, match="task generate: epoch 'late' of trial 0 is from step 0 to before step 4"):
        na.Task(generate, steps=3, epochs="late").trials(net, 2)
    with pytest.raises(na.UnknownNameError, match="no epoch is called 'late', but early"):
        na.Task(generate, steps=3, epochs=["early"]).trials(net, 2)


def test_a_task_may_be_a_function_with_real_targets_and_its_own_judgement(net):
    streams = set()

    def echo(batch):
        streams.add(batch.stream)
        assert batch.classes is None and batch.dt == 20
        batch.input[:] = na.random.uniform(batch.seed, 0, batch.first)
        batch.target[:] = batch.input

    def judge(judgement):
        assert judgement.output.shape[1] == 3 and judgement.conditions == {} and judgement.dt == 20
        return bool(judgement.output[-1, 0] > -1e9), None

    task = na.Task(echo, steps=5, classes=False, judge=judge)
    assert "echo" in repr(task)
    given = task.trials(net, 3)
    assert given.targets.shape == (5, 3, 3) and (given.targets == given.inputs).all()
    evaluation = na.evaluate(net, task, trials=7)
    assert evaluation.performance == 1 and (evaluation.choice == -1).all()
    history = na.Trainer(net, task, na.MSE("choice"), batch=4).fit(3, progress=False)
    assert len(history) == 3 and streams == {"train", "test"}


@pytest.mark.parametrize("where", ["generate", "judge"])
def test_exceptions_in_tasks_come_out(net, where):
    def fail(self, _):
        raise Odd(where)

    task = type("Failing", (Louder,), {where: fail})()
    with pytest.raises(Odd, match=where):
        na.evaluate(net, task, trials=5, threads=2)
    trainer = na.Trainer(net, task, na.CrossEntropy("choice"), batch=8, evaluate_every=1, evaluate_trials=8, threads=2)
    with pytest.raises(Odd, match=where):
        trainer.fit(2, progress=False)
    if where == "generate":
        with pytest.raises(Odd, match=where):
            task.trials(net, 3)


@pytest.mark.parametrize(
    "task, words",
    [
        (na.Task(lambda batch: None), "steps"),
        (type("Wide", (Louder,), {"n_inputs": 7})(), "7"),
        (na.Task(lambda batch: batch.input.fill(np.nan), steps=3), "input"),
        (na.Task(lambda batch: batch.classes.fill(9), steps=3), "9"),
    ],
)
def test_wrong_tasks_are_refused(net, task, words):
    with pytest.raises(na.Error, match=words):
        na.evaluate(net, task, trials=3)


def test_trials_need_not_have_a_condition(net):
    def generate(batch):
        batch.input[:], batch.classes[:] = 1, 0
        number = np.arange(batch.first, batch.first + batch.trials)
        batch.conditions["cue"][:] = np.where(number % 3, number % 3, np.nan)
        batch.conditions["number"][:] = number

    task = na.Task(generate, steps=3, conditions=["cue", "number"])
    assert [(p.value, p.trials) for p in na.evaluate(net, task, trials=31).curve("cue")] == [(1, 10), (2, 10)]
    trials = task.trials(net, 60)[30:]  # copied, and set anew
    assert [(p.value, p.trials) for p in na.evaluate(net, trials).curve("cue")] == [(1, 10), (2, 10)]
    drawn = [trials.split(0.5, seed, by="cue")[0].conditions for seed in range(2)]
    none = [found["number"][np.isnan(found["cue"])].tolist() for found in drawn]
    assert len(none[0]) == len(none[1]) == 5 and none[0] != none[1]  # together they are one value


# --- how long they live ----------------------------------------------------------------------------------------------


def test_what_is_attached_lives_exactly_as_long_as_what_it_is_attached_to():
    gc.collect()
    before = len(_callback._objects)
    ring, cost, task = Ring(1, 1), OwnRates("E"), Louder()
    gone = [weakref.ref(thing) for thing in (ring, cost, task)]
    net = ring_network(ring)
    trainer = na.Trainer(net, task, na.CrossEntropy("choice") + cost, batch=4)
    del ring, cost, task
    vars(trainer).update(task=True, cost=None)  # the library holds both
    gc.collect()
    assert all(reference() is not None for reference in gone)
    trainer.step()
    del trainer
    gc.collect()
    assert [reference() is None for reference in gone] == [False, True, True]
    del net
    gc.collect()
    assert gone[0]() is None and len(_callback._objects) == before


def test_a_failed_attachment_leaves_nothing_behind(net):
    gc.collect()
    before = len(_callback._objects)
    for attach in (
        lambda: net.constrain("E", "E", Ring(1, 1)),  # built already
        lambda: na.Trainer(net, cost=OwnRates("nobody")),
        lambda: na.Trainer(net, na.Task(print, steps=-1), na.CrossEntropy("choice")),
        lambda: na.Trainer(net, cost=na.Cost("E")),
    ):
        with pytest.raises(na.Error):
            attach()
    gc.collect()
    assert len(_callback._objects) == before


def test_random_numbers_are_functions_of_their_arguments():
    draws = [na.random.uniform(1, 2, i) for i in range(2000)]
    assert draws[5] == na.random.uniform(1, 2, 5) and 0 <= min(draws) and max(draws) < 1
    assert abs(np.mean(draws) - 0.5) < 0.03
    normals = na.random.normals(4000, 1, 2)
    assert normals.dtype == np.float32 and (na.random.normals(10, 1, 2) == normals[:10]).all()
    assert abs(normals.mean()) < 0.06 and abs(normals.std() - 1) < 0.05
    assert abs(np.mean([na.random.normal(3, 0, i) for i in range(2000)])) < 0.08


def test_a_judge_may_say_when(net):
    task = na.Task(lambda batch: None, steps=10, classes=True, judge=lambda j: (True, 1, 7 * j.dt))
    assert (na.evaluate(net, task, trials=5).time == 140).all()
    task = na.Task(lambda batch: None, steps=10, classes=True, judge=lambda j: (True, 1))
    assert np.isnan(na.evaluate(net, task, trials=5).time).all()
