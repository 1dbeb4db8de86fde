"""Tasks whose trials are blocks, and tasks that answer what the network did."""

import pickle
import warnings

import numpy as np
import pytest

import neuroai as na

PARTS, LENGTH = 4, 5


class Echo(na.Task):
    """Each part shows a stimulus at its start; the next one shows also what the network chose."""

    parts, block, steps = PARTS, True, PARTS * LENGTH
    conditions, epochs = ("stimulus", "choice"), ("cue",)

    def __init__(self):
        self.calls = []

    def generate(self, batch):
        assert batch.parts == PARTS and batch.step == 0 and batch.part is None and batch.output is None
        assert (batch.part_end == LENGTH * np.arange(1, PARTS + 1)).all()
        batch.mask[:] = 0
        for b, draw in batch.generators():
            side = draw.integers(0, 2, PARTS)
            for p in range(PARTS):
                now = p * LENGTH
                batch.input[now, b, side[p]] = 1
                batch.classes[now : now + LENGTH, b] = side[p]
                batch.mask[now + LENGTH - 1, b] = 1
                batch.epochs["cue"][b, p] = now, now + 1
            batch.conditions["stimulus"][b] = side
        batch.conditions["choice"][:] = -1

    def respond(self, batch):
        self.calls.append((batch.step, batch.trials))
        assert batch.output.shape == (batch.step, batch.trials, 2)
        (p,) = set(batch.part)
        choice = batch.output[-1].argmax(axis=1)
        batch.conditions["choice"][:, p] = choice
        if batch.step < batch.steps:
            batch.input[batch.step, np.arange(batch.trials), 2] = 2 * choice - 1


@pytest.fixture
def net():
    net = na.Network(20).input("seen", 3).population("E", 16, transfer="tanh", noise=0.5).output("choice", 2)
    return net.connect("seen", "E").connect("E", "E choice").build(2)


def test_play_says_in_which_trials_activity_is_not_finite():
    net = na.Network(20).input("seen", 3).population("E", 16).output("choice", 2)
    net.connect("seen", "E").connect("E", "E choice").build(2)
    with pytest.warns(RuntimeWarning, match=r"^play: with Inject E activity is not finite in 1 of 30 trials, first in trial 4 ") as told:
        na.play(net, Echo(), 30, seed=3, interventions=na.Inject("E", 3e38, trials=[4]))
    assert len(told) == 1 and told[0].filename == __file__
    assert str(told[0].message).endswith("the trials are kept as they are")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        na.play(net, Echo(), 30, seed=3)


def test_what_the_network_chose_comes_back(net):
    task = Echo()
    trials = na.play(net, task, 30, seed=3)
    assert task.calls == [(LENGTH * (p + 1), 30) for p in range(PARTS)]
    run = net.run(trials, seed=3)
    chosen = run.outputs["choice"][LENGTH - 1 :: LENGTH].argmax(axis=2)
    assert (trials.conditions["choice"] == chosen.T).all() and 0 < chosen.mean() < 1
    assert (trials.inputs[LENGTH::LENGTH, :, 2] == 2 * chosen[:-1] - 1).all()
    assert (np.delete(trials.inputs[:, :, 2], np.s_[LENGTH::LENGTH], axis=0) == 0).all()
    assert trials.conditions["stimulus"].shape == (30, PARTS) and trials.epochs["cue"].shape == (30, PARTS, 2)
    assert (trials.parts == LENGTH * np.arange(1, PARTS + 1)).all()
    assert (task.trials(net, 30, seed=3).inputs[:, :, 2] == 0).all()  # nobody ran them


def test_evaluations_count_parts(net):
    evaluation = na.evaluate(net, Echo(), 30, seed=3, threads=2)
    trials = na.play(net, Echo(), 30, seed=3)
    right = trials.conditions["choice"] == trials.conditions["stimulus"]
    assert len(evaluation.correct) == 30 * PARTS and evaluation.performance == right.mean()
    assert (evaluation.correct == right.ravel()).all()
    assert (evaluation.conditions["stimulus"] == trials.conditions["stimulus"].ravel()).all()
    assert evaluation.curve("choice").trials.sum() == 30 * PARTS
    assert evaluation.confusion().counts.sum() == 30 * PARTS
    given = na.evaluate(net, trials, seed=3)
    assert (given.correct == evaluation.correct).all() and given.confusion().counts.trace() == right.sum()


def test_training_is_answered_and_repeats(net):
    def trained(threads):
        copy, task = net.copy(), Echo()
        trainer = na.Trainer(
            copy, task, na.CrossEntropy("choice"), na.BPTT(), na.Adam(0.01), batch=40, threads=threads, evaluate_trials=20
        )
        history = trainer.fit(20, progress=False)
        assert len(task.calls) >= 20 * PARTS
        return copy.weights("E", "choice")[0].copy(), history

    (one, history), (three, _) = trained(1), trained(3)
    assert (one == three).all() and history.loss[-1] < history.loss[0]


def test_blocks_are_kept_by_given_trials(net):
    trials = na.play(net, Echo(), 300, seed=3)
    again = pickle.loads(pickle.dumps(trials))
    copies = na.Trials(
        trials.inputs,
        trials.targets,
        trials.mask,
        conditions=dict(trials.conditions),
        epochs=dict(trials.epochs),
        parts=trials.parts,
        first=trials.first,
    )
    expected = na.evaluate(net, trials, seed=3).correct
    for other in (again, copies):
        assert (na.evaluate(net, other, seed=3).correct == expected).all()
    joined = Echo().trials(net, 300, seed=3)  # made in two pieces
    assert joined.parts.shape == (300, PARTS) and joined.conditions["stimulus"].shape == (300, PARTS)
    assert (joined.conditions["stimulus"] == trials.conditions["stimulus"]).all()
    trainer = na.Trainer(net, trials, na.CrossEntropy("choice"), batch=10, evaluate_trials=20)
    trainer.fit(2, progress=False)


def test_what_was_right_when_units_were_silenced(net):
    evaluation = na.evaluate(net, Echo(), 30, seed=3, interventions=na.Silence("E", epoch="cue"))
    again = pickle.loads(pickle.dumps(evaluation))
    for one in (evaluation, again):
        assert one.confusion().counts.trace() == (evaluation.correct == 1).sum()
        assert [what.label for what in one.interventions] == ["Silence E, cue"] and "Silence E, cue" in repr(one)


def test_a_block_is_silenced_part_by_part(net):
    silence = na.Silence("E", epoch="cue", where={"stimulus": 1})
    trials = na.play(net, Echo(), 30, seed=3, interventions=silence)
    evaluation = na.evaluate(net, Echo(), 30, seed=3, interventions=silence)
    assert (evaluation.conditions["choice"] == trials.conditions["choice"].ravel()).all()
    assert (evaluation.correct != na.evaluate(net, Echo(), 30, seed=3).correct).any()
    run = net.run(trials, seed=3, interventions=silence)
    for p in range(PARTS):
        silent = (run.rates["E"][p * LENGTH] == 0).all(axis=1)
        assert (silent == (trials.conditions["stimulus"][:, p] == 1)).all()
        assert not (run.rates["E"][p * LENGTH + 1] == 0).all(axis=1).any()
    chosen = run.outputs["choice"][LENGTH - 1 :: LENGTH].argmax(axis=2)
    assert (trials.conditions["choice"] == chosen.T).all()
    late = net.run(trials, seed=3, interventions=na.Silence("E", start=40, end=60))  # in each part
    assert ((late.rates["E"] == 0).all(axis=(1, 2)) == (np.arange(PARTS * LENGTH) % LENGTH == 2)).all()


def test_pictures_of_a_block_show_where_parts_end(net):
    axes = na.plot.task(Echo(), net)
    ends = [line.get_xdata()[0] for line in axes[0].lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert ends == [100, 200, 300] and [text.get_text() for text in axes[0].texts] == ["cue"]


@pytest.mark.parametrize(
    "fault, error, words",
    [
        (lambda batch: batch.input.__setitem__((0, 0, 0), 7), na.InvalidError, "TrialBatch.input: steps before 5 are over"),
        (lambda batch: batch.mask.__setitem__((4, 0), 7), na.InvalidError, "TrialBatch.mask: steps before 5 are over"),
        (lambda batch: batch.length.__setitem__(0, 7), ValueError, "read-only"),
        (lambda batch: batch.part_end.__setitem__(0, 7), ValueError, "read-only"),
        (lambda batch: batch.output.__setitem__(0, 7), ValueError, "read-only"),
        (lambda batch: batch.input.__setitem__((5, 1, 2), np.nan), na.NonfiniteError, "respond of task Broken: input"),
        (lambda batch: batch.classes.__setitem__((6, 1), 2), na.InvalidError, "respond of task Broken: classes"),
        (lambda batch: 1 / 0, ZeroDivisionError, "division"),
        (lambda batch: 7, na.InvalidTypeError, "respond\\(\\) returned 7"),
    ],
)
def test_faults_of_answers_come_out_and_nothing_is_learnt(net, fault, error, words):
    class Broken(Echo):
        def respond(self, batch):
            result = fault(batch)
            return result

    before = net.weights("E", "choice")[0].copy()
    trainer = na.Trainer(net, Broken(), na.CrossEntropy("choice"), batch=4)
    for call in (lambda: trainer.step(), lambda: na.evaluate(net, Broken(), 4), lambda: na.play(net, Broken(), 4)):
        with pytest.raises(error, match=words):
            call()
    assert (net.weights("E", "choice")[0] == before).all() and trainer.updates == 0


def test_a_task_of_functions_that_answers(net):
    def generate(batch):
        batch.input[:, :, 0] = 1
        batch.part_end[:] = [2, 2, 6]

    seen = []

    def respond(batch):
        seen.append((batch.step, list(batch.part)))

    task = na.Task(generate, steps=6, parts=3, respond=respond)
    trials = na.play(net, task, 2)
    assert seen == [(2, [0, 0]), (6, [2, 2])] and trials.parts is None  # no block
    with pytest.raises(na.InvalidError, match="parts of task 'generate' is 9, must be 0 to 6"):
        na.Task(generate, steps=6, parts=9).trials(net, 1)

    def unordered(batch):
        batch.part_end[0] = [4, 2, 6]

    with pytest.raises(na.InvalidError, match=r"part_end\[0\]\[1\] is 2, must be 4 to 6"):
        na.Task(unordered, steps=6, parts=3).trials(net, 1)
    with pytest.raises(na.InvalidTypeError, match="respond: expected a function"):
        na.Task(generate, steps=6, respond=3)
