"""No array that Python can hold shows memory that the library has given up."""

import gc
import subprocess
import sys

import numpy as np
import pytest
from conftest import small

import neuroai as na


def given(steps=5, n=4):
    draw = np.random.default_rng(steps)
    return na.Trials(draw.standard_normal((steps, n, 3)), draw.integers(0, 3, (steps, n)))


def churn():
    """Makes and frees memory, so that what was freed before is overwritten or gone."""
    t = na.Trainer(small(), cost=na.CrossEntropy("choice"))
    for steps, n in ((300, 200), (3, 2), (200, 300)):
        t.step(given(steps, n))
    gc.collect()


def test_activity_stays_as_it_was():
    t = na.Trainer(small(), na.tasks.PerceptualDecisionMaking(stimulus=100), na.CrossEntropy("choice"), batch=2)
    t.step(given())
    kept = t.activity("E")
    before = kept.copy()
    t.step(given(200, 512))
    t.fit(2, progress=False, evaluate_every=1)
    del t
    churn()
    assert np.array_equal(kept, before) and kept.base is None


KEPT = []


def keep(shown, *names):
    for name in names:
        array = getattr(shown, name)
        if array is not None:
            KEPT.extend([(name, part, part.copy()) for part in (array, array[..., 0], array.T)])


class Wires(na.Constraint):
    def wire(self, synapses):
        keep(synapses, "exists", "plastic", "post_position", "pre_position")

    def project(self, synapses):
        keep(synapses, "weight", "momentum", "exists")


class Outputs(na.Cost):
    def on_outputs(self, batch):
        keep(batch, "output", "target", "classes", "mask", "gradient")
        return 0.0


class Rates(na.Cost):
    def on_rates(self, batch):
        keep(batch, "rate", "length", "gradient")
        return 0.0


class Weights(na.Cost):
    def on_weights(self, synapses, scale):
        for each in synapses:
            keep(each, "weight", "gradient")
        return 0.0


class Errors(na.Cost):
    def on_errors(self, batch):
        keep(batch, "error", "back", "slope", "alpha", "length", "gradient")
        return 0.0


class Chooses(na.Task):
    steps, conditions = 4, ("a",)

    def generate(self, batch):
        keep(batch, "input", "classes", "mask", "length")
        keep_row = batch.conditions["a"]
        KEPT.append(("condition", keep_row, keep_row.copy()))

    def judge(self, judgement):
        keep(judgement, "output")
        return True, 1


def step(s):
    keep(s, "running", "pre", "post", "slope", "signal", "alpha", "weight", "change")
    if s.step == s.steps:
        keep(s, "trace")


def test_what_callbacks_keep_stays_as_it_was():
    KEPT.clear()
    net = na.Network(20).input("u", 3).population("E", 6).output("z", 3)
    net.place("E", box=(1, 1, 1))
    net.connect("u", "E").connect("E", "E").connect("E", "z").constrain("E", "E", Wires()).build(1)
    cost = na.CrossEntropy("z") + Outputs("z") + Rates("E") + Weights("E", "E")
    t = na.Trainer(net, Chooses(), cost + Errors("E"), batch=3)
    t.fit(2, progress=False, evaluate_every=1)
    na.Trainer(net, Chooses(), na.CrossEntropy("z"), rule=na.LocalRule(step, traces=2), batch=3).step()
    na.evaluate(net, Chooses(), 10)
    del t, net
    gc.collect()
    churn()
    names = {name for name, *_ in KEPT}
    assert {"exists", "weight", "output", "rate", "back", "input", "trace", "change", "condition"} <= names
    for name, array, before in KEPT:
        assert np.array_equal(array, before), name
    KEPT.clear()


def test_what_was_not_looked_at_is_refused_afterwards():
    seen = []
    task = na.Task(lambda batch: seen.append(batch), steps=4)
    task.trials(small(), 2)
    for name in ("input", "classes", "mask"):
        with pytest.raises(na.OrderError, match=f"TrialBatch.{name}.*during the call"):
            getattr(seen[0], name)
    assert seen[0].trials == 2 and seen[0].steps == 4 and "TrialBatch" in repr(seen[0])
    with pytest.raises(TypeError, match="save"):
        __import__("pickle").dumps(seen[0])


def test_views_keep_their_owners():
    net = small()
    state, e = net.state(3), na.evaluate(net, na.tasks.PerceptualDecisionMaking(stimulus=100), 20)
    t = na.Trainer(net, cost=na.CrossEntropy("choice"), rule=na.RFLO())
    trials = na.tasks.PerceptualDecisionMaking(stimulus=100).trials(net, 5)
    kept = [net.weights("E", "I"), net.mask("E", "I"), net.bias("E"), net.positions("E"), state.rates("E")]
    kept += [e.correct, e.choice, trials.inputs, trials.targets, trials.mask, trials.lengths, t.rule.feedback("E")]
    before = [array.copy() for array in kept]
    del net, state, e, t, trials
    gc.collect()
    churn()
    for array, was in zip(kept, before):
        assert np.array_equal(array, was, equal_nan=True) and not array.flags.writeable


def test_own_traces_are_kept_from_step_to_step_and_begin_at_0():
    seen = []

    def step(s):
        if s.source is None and s.target == "E":
            seen.append((s.step, float(s.trace.max())))
            s.trace += 1

    t = na.Trainer(small(), cost=na.CrossEntropy("choice"), rule=na.LocalRule(step, traces=1))
    t.step(given(3))
    t.step(given(3))
    assert seen == [(1, 0), (2, 1), (3, 2)] * 2
    seen.clear()
    agent = na.Agent(t)
    for _ in range(3):
        agent.step([1, 1, 1], target_class=1)
    agent.begin()
    agent.step([1, 1, 1], target_class=1)
    assert seen == [(1, 0), (2, 1), (3, 2), (1, 0)]


def test_a_failed_batch_leaves_no_traces_behind():
    seen, armed = [], [True]

    def step(s):
        if s.source is None and s.target == "E":
            seen.append(float(s.trace.max()))
            s.trace += 1
            if armed[0] and s.step == 2:
                raise KeyError("now")

    t = na.Trainer(small(), cost=na.CrossEntropy("choice"), rule=na.LocalRule(step, traces=1))
    with pytest.raises(KeyError):
        t.step(given(3))
    armed[0] = False
    t.step(given(3))
    assert seen == [0, 1, 0, 1, 2]


def test_arrays_that_live_longest_are_still_there_when_the_process_ends():
    program = """
import atexit, numpy as np, neuroai as na
kept = []
atexit.register(lambda: print(all(np.isfinite(a).all() for a in kept)))
def generate(batch):
    kept.extend([batch.input, batch.mask, batch.conditions["a"]])
net = na.Network(20).input("u", 3).population("E", 4).output("z", 3).connect("u", "E").connect("E", "z").build()
task = na.Task(generate, steps=5, conditions=["a"])
t = na.Trainer(net, task, na.CrossEntropy("z"), batch=3)
t.fit(2, progress=False)
kept.extend([t.activity("E"), net.weights("u", "E"), na.evaluate(net, task, 5).correct])
del net, task, t
"""
    done = subprocess.run([sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
