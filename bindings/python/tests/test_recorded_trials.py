"""Recorded trials in place of a task: evaluated, trained on, drawn."""

import numpy as np
import pytest
from conftest import small, threads

import neuroai as na


def recorded(n=30, steps=16, seed=0, conditions=True, **how):
    """Trials of two stimuli and unequal lengths, whose stronger stimulus is to be named at the end."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(8, steps + 1, n)
    coherence = draw.choice([-0.6, -0.3, 0.3, 0.6], n)
    inputs = draw.normal(0.5, 0.3, (steps, n, 3)).astype(np.float32)
    inputs[..., 1] += np.maximum(coherence, 0)
    inputs[..., 2] += np.maximum(-coherence, 0)
    classes = np.broadcast_to(np.where(coherence > 0, 1, 2), (steps, n)).copy()
    mask = (np.arange(steps)[:, None] >= lengths - 3).astype(np.float32)
    names = {"coherence": coherence} if conditions else None
    return na.Trials(inputs, classes, mask, lengths, names, **how)


def last_choices(run, trials):
    """By hand: the largest output at the last step of each trial."""
    z = run.outputs["choice"]
    return np.array([z[length - 1, b].argmax() for b, length in enumerate(trials.lengths)])


# --- evaluation ------------------------------------------------------------------------------------------------------


def test_an_evaluation_is_the_run_judged_at_the_last_step_that_counts():
    net, trials = small(noise=0.1), recorded(150)
    evaluation = na.evaluate(net, trials, seed=3, threads=threads())
    choice = last_choices(net.run(trials, seed=3), trials)
    assert (evaluation.choice == choice).all()
    right = np.asarray(trials.targets)[-1]
    assert (evaluation.correct == (choice == right)).all()
    assert evaluation.performance == np.mean(choice == right)
    assert evaluation.conditions["coherence"].tolist() == trials.conditions["coherence"].astype(np.float32).tolist()
    assert (evaluation.right() == right).all() and evaluation.confusion().counts.sum() == 150
    assert evaluation.curve("coherence").trials.sum() == 150
    assert (na.evaluate(net, trials, seed=4).choice != evaluation.choice).any()
    assert len(na.evaluate(net, trials, trials=150).correct) == 150
    with pytest.raises(na.InvalidError, match="trials is 100, but 150 trials were given"):
        na.evaluate(net, trials, 100)


def test_the_numbers_of_trials_have_the_noise_of_their_own():
    net = small(noise=0.3)
    whole = recorded(100)
    part = slice(40, 100)
    rest = na.Trials(whole.inputs[:, part], whole.targets[:, part], whole.mask[:, part], whole.lengths[part], first=40)
    assert (na.evaluate(net, rest).choice == na.evaluate(net, whole).choice[part]).all()


def test_trials_that_cannot_be_judged():
    net, trials = small(), recorded()
    real = na.Trials(trials.inputs, np.zeros((16, 30, 3)), trials.mask, conditions=trials.conditions)
    for these in (real, na.Trials(trials.inputs)):
        evaluation = na.evaluate(net, these)
        assert np.isnan(evaluation.performance) and (evaluation.correct == -1).all()
    never = na.Trials(trials.inputs, trials.targets, np.zeros((16, 30)))
    assert np.isnan(na.evaluate(net, never).performance)
    with pytest.raises(na.InvalidError, match="inputs"):
        na.evaluate(net, na.Trials(np.zeros((4, 2, 5)), np.zeros((4, 2), int)))


def test_a_lesion_of_recorded_trials():
    net, trials = small(noise=0.1), recorded(80)
    state = net.state(80)
    state.silence("E", units=[0, 1, 2])
    choice = last_choices(state.run(trials), trials)
    assert (na.evaluate(net, trials, silence={"E": [0, 1, 2]}).choice == choice).all()


def test_pictures_of_recorded_trials():
    net, trials = small(noise=0.1), recorded(200)
    (ax,) = na.plot.psychometric(net, trials)
    assert "200 trials" in ax.texts[-1].get_text() and ax.get_xlabel() == "coherence"
    assert len(na.plot.task(trials, net)) == 2
    evaluation = na.evaluate(net, trials)
    na.plot.psychometric(evaluation, trials)
    na.plot.confusion(evaluation)


@pytest.mark.parametrize("make", [lambda: na.tasks.SongSine(), lambda: na.tasks.SongRandomDotsReactionTime()])
def test_recorded_trials_are_judged_by_a_task(make):
    """As the task judges its own, of which they are."""
    task = make()
    net = na.Network(20).population("E", 20, noise=0.2).output("z", 1 if isinstance(task, na.tasks.SongSine) else 2)
    if not isinstance(task, na.tasks.SongSine):
        net.input("u", 3).connect("u", "E")
    net.connect("E", "E").connect("E", "z").build(1)
    own, trials = na.evaluate(net, task, 40, seed=2), task.trials(net, 40, seed=2)
    given = na.evaluate(net, trials, seed=2, judge=task)
    assert np.array_equal(given.correct, own.correct) and np.array_equal(given.choice, own.choice)
    if not isinstance(task, na.tasks.SongSine):
        assert np.array_equal(given.time, own.time, equal_nan=True)
        assert not np.array_equal(na.evaluate(net, trials, seed=2).choice, own.choice)


def test_a_judge_of_one_s_own():
    net, trials, seen = small(noise=0.1), recorded(12), []

    def judge(judgement):
        seen.append((judgement.output.shape, judgement.conditions["coherence"]))
        return judgement.output[-1, 1] > judgement.output[-1, 2], 1

    task = na.Task(lambda batch: None, steps=16, conditions=["coherence"], judge=judge)
    found = na.evaluate(net, trials, judge=task)
    z, ends = net.run(trials).outputs["choice"], trials.lengths - 1
    assert found.correct.tolist() == [int(z[end, b, 1] > z[end, b, 2]) for b, end in enumerate(ends)]
    assert seen == [((end + 1, 3), np.float32(c)) for end, c in zip(ends, trials.conditions["coherence"])]
    with pytest.raises(na.InvalidError, match="judge: is for given trials"):
        na.evaluate(net, task, judge=task)


def by_coherence(judgement):
    """Right where the two choices differ as the coherence of the trial does, at the step that counts."""
    difference = judgement.output[-1, 1] - judgement.output[-1, 2]
    return difference * judgement.conditions["coherence"] > 0, int(difference < 0)


@pytest.mark.parametrize("batch, shards", [(4, 1), (8, 2), (64, 1)])
def test_fit_goes_by_a_judge(batch, shards):
    """As evaluate() does on the same trials, which have no classes, and conditions that those of training have not."""
    net, task = small(noise=0.1), na.Task(lambda batch: None, steps=16, conditions=["coherence"], judge=by_coherence)

    def without_classes(trials, conditions):
        return na.Trials(trials.inputs, np.zeros((16, 33, 3)), trials.mask, trials.lengths, conditions)

    train, test = without_classes(recorded(33), None), recorded(33, seed=1)
    test = without_classes(test, {"more": np.arange(33), "coherence": test.conditions["coherence"]})
    made = na.Trainer(net, train, na.MSE("choice"), batch=batch, shards=shards, seed=2, evaluate_every=2, test=test, judge=task)
    assert made.judge is task
    history = made.fit(6, progress=False)
    judged = na.evaluate(net, test, seed=2, judge=task).performance
    assert len(history.performance) == 3 and history.performance[-1] == judged and 0 < judged < 1
    assert np.isnan(na.evaluate(net, test, seed=2).performance)
    assert len(made.fit(10, stop_at=judged / 2, evaluate_every=1, progress=False).loss) == 1
    made.fit(2, progress=False, callbacks=na.KeepBest())


def test_judges_that_are_refused():
    task = na.tasks.SongSine()
    with pytest.raises(na.InvalidError, match="judge: is for given trials; a task judges its own"):
        na.Trainer(small(), na.tasks.PerceptualDecisionMaking(), na.CrossEntropy("choice"), judge=task)
    with pytest.raises(na.InvalidTypeError, match="judge: expected a neuroai.Task, got function"):
        trainer(recorded(), judge=by_coherence)
    with pytest.raises(na.InvalidTypeError, match="judge: expected a neuroai.Task, got function"):
        na.evaluate(small(), recorded(), judge=by_coherence)
    with pytest.raises(AttributeError, match="judge"):
        trainer(recorded()).judge = task


# --- some of them ----------------------------------------------------------------------------------------------------


def test_some_trials():
    net, trials = small(noise=0.3), recorded(30, epochs={"answer": np.stack([np.arange(30), np.arange(30) + 2], 1)})
    run = net.run(trials, seed=4).outputs["choice"]
    part = trials[10:25]
    assert len(part) == 15 and part.first == 10 and np.array_equal(net.run(part, seed=4).outputs["choice"], run[:, 10:25])
    for which in ([3, 5, -1], trials.conditions["coherence"] > 0.4, np.array([7]), slice(None, None, 2)):
        chosen, here = trials[which], np.arange(30)[which]
        for name in ("inputs", "targets", "mask"):
            assert np.array_equal(getattr(chosen, name), getattr(trials, name)[:, here])
        assert np.array_equal(chosen.lengths, trials.lengths[here])
        assert np.array_equal(chosen.conditions["coherence"], trials.conditions["coherence"][here])
        assert np.array_equal(chosen.epochs["answer"], trials.epochs["answer"][here])
    assert len(trials[4]) == 1 and [len(one) for one in trials][:2] == [1, 1] and len(list(trials)) == 30
    for wrong, words in (([30], "there is no trial 30"), ([-31], "no trial -31"), ([], "a slice, numbers"),
                         ([True] * 3, "the mask is of 3 trials, must be of 30"), ("a", "a slice, numbers"),
                         (slice(3, 3), "chooses no trial")):  # fmt: skip
        with pytest.raises(na.InvalidError, match=rf"trials\[...\]: .*{words}"):
            trials[wrong]


def test_trials_are_no_array():
    with pytest.raises(na.InvalidTypeError, match="inputs: expected numbers, got <Trials: 30 of 16 steps"):
        na.Trials(recorded())


def test_some_trials_of_a_task_and_of_blocks():
    net, task = small(), na.tasks.PerceptualDecisionMaking()
    made = task.trials(net, 12, seed=1)
    some = made[[2, 9]]
    assert some.conditions.units == made.conditions.units and set(some.epochs) == set(made.epochs)
    assert np.array_equal(net.run(some).outputs["choice"], net.run(made).outputs["choice"][:, [2, 9]])
    blocks = na.Trials(np.zeros((6, 3, 3)), np.ones((6, 3), int), parts=[[2, 6], [3, 6], [4, 6]],
                       conditions={"c": np.arange(6).reshape(3, 2)})  # fmt: skip
    assert blocks[1:].parts.tolist() == [[3, 6], [4, 6]] and blocks[1:].conditions["c"].tolist() == [[2, 3], [4, 5]]
    two = na.Trials({"stimulus": np.ones((6, 3, 3))}, {"choice": np.zeros((6, 3, 3))})
    assert set(two[[0]].inputs) == {"stimulus"} and two[[0]].targets["choice"].shape == (6, 1, 3)


@pytest.mark.parametrize("by", [None, "coherence"])
def test_trials_to_train_on_and_trials_to_test_on(by):
    trials = recorded(50, conditions=True)
    numbered = na.Trials(trials.inputs, trials.targets, trials.mask, trials.lengths,
                         {**trials.conditions, "k": np.arange(50)})  # fmt: skip
    train, test = numbered.split(0.8, seed=3, by=by)
    k = [part.conditions["k"].astype(int).tolist() for part in (train, test)]
    assert len(train) == 40 and len(test) == 10 and sorted(k[0] + k[1]) == list(range(50)) and k[0] == sorted(k[0])
    assert numbered.split(0.8, seed=3, by=by)[1].conditions["k"].tolist() == k[1]
    assert numbered.split(0.8, seed=4, by=by)[1].conditions["k"].tolist() != k[1]
    if by:
        for level in np.unique(trials.conditions["coherence"]):
            share = np.mean(train.conditions["coherence"] == level) - np.mean(trials.conditions["coherence"] == level)
            assert abs(share * 40) <= 1
    for wrong, words in ((dict(fraction=0), "fraction is 0, must be above 0"), (dict(fraction=0.999), "one part has none"),
                         (dict(by="x"), "by: no condition is called 'x', but coherence, k")):  # fmt: skip
        with pytest.raises(na.Error, match=words):
            numbered.split(**wrong)


def test_trained_on_one_part_and_stopped_by_the_other():
    train, test = recorded(90).split(0.7, by="coherence")
    t = trainer(train, small(noise=0.05), test=test, evaluate_every=20)
    best = na.KeepBest()
    history = t.fit(2000, progress=False, callbacks=[na.Patience(5), best])
    assert len(history) < 2000 and history.performance.max() == best.best > 0.8
    assert na.evaluate(t.net, test, seed=t.seed).performance == best.best


# --- training --------------------------------------------------------------------------------------------------------


def trainer(trials, net=None, **how):
    how = {"batch": 8, "evaluate_every": 5, "optimizer": na.Adam(1e-2), **how}
    return na.Trainer(small(noise=0.1) if net is None else net, trials, na.CrossEntropy("choice"), **how)


def test_training_on_recorded_trials_learns_them():
    trials = recorded(60)
    t = trainer(trials, small(noise=0.05), evaluate_every=20)
    history = t.fit(400, stop_at=0.95, progress=False)
    assert history.performance[-1] >= 0.95 and len(history) < 400
    assert t.task is trials and "60 of 16 steps" in repr(t)


def test_an_evaluation_while_training_is_that_of_the_trials():
    net, trials = small(noise=0.1), recorded(45)
    t = trainer(trials, net, seed=7)
    assert t.get("evaluate_trials") == 45
    for _ in range(3):
        performance = t.fit(5, progress=False).performance[-1]
        assert performance == na.evaluate(net, trials, seed=7).performance
    t.set("evaluate_trials", 500)  # each of them once at most
    assert t.fit(5, progress=False).performance[-1] == na.evaluate(net, trials, seed=7).performance
    t.set("evaluate_trials", 20)
    assert t.fit(5, progress=False).performance[-1] == np.mean(na.evaluate(net, trials, seed=7).correct[:20])


def test_held_out_trials():
    net, trials, test = small(noise=0.1), recorded(20), recorded(33, steps=25, seed=1)
    t = trainer(trials, net, test=test, seed=2)
    assert t.get("evaluate_trials") == 33 and t.test is test
    assert t.fit(10, progress=False).performance[-1] == na.evaluate(net, test, seed=2).performance
    with pytest.raises(na.InvalidError, match="test: expected neuroai.Trials"):
        na.Trainer(net, na.tasks.PerceptualDecisionMaking(), na.CrossEntropy("choice"), test=test)
    real = na.Trials(test.inputs, np.zeros((25, 33, 3)))
    with pytest.raises(na.InvalidError, match="output 'choice': the trials have classes, the test trials targets"):
        trainer(trials, net, test=real)


def test_each_pass_has_every_trial_once():
    """By the costs of updates that move nothing; each pass in another order, which the seed tells."""

    def still(seed):
        return trainer(trials, net, batch=1, optimizer=na.SGD(1e-30), evaluate_every=0, seed=seed)

    net, trials = small(), recorded(6)
    arrays = trials.inputs, trials.targets, trials.mask
    alone = [na.Trials(*(a[:, [b]] for a in arrays), trials.lengths[[b]]) for b in range(6)]
    costs = [still(0).step(one)["total"] for one in alone]
    t = still(3)
    passes = np.array([t.step()["total"] for _ in range(24)]).reshape(4, 6)
    order = np.abs(passes[:, :, None] - costs).argmin(axis=2)
    assert (np.sort(order, axis=1) == np.arange(6)).all() and len({tuple(row) for row in order}) == 4
    again, other = still(3), still(4)
    assert [again.step()["total"] for _ in range(24)] == passes.ravel().tolist()
    assert [other.step()["total"] for _ in range(24)] != passes.ravel().tolist()


@pytest.mark.parametrize("n, batch", [(5, 8), (40, 7), (16, 16)])
def test_going_on_from_a_checkpoint_gives_the_same_bits(tmp_path, n, batch):
    """Also with evaluations between, and with another number of threads."""
    def fresh(k):
        return trainer(recorded(n), small(noise=0.1), batch=batch, seed=5, threads=k)

    whole = fresh(1)
    history = whole.fit(23, progress=False)
    first = fresh(threads())
    first.fit(11, progress=False)
    first.save(tmp_path / "run")
    rest = fresh(1).restore(tmp_path / "run")
    rest.fit(12, progress=False)
    assert rest.history.loss.tobytes() == history.loss.tobytes()
    for ends in whole.net.projections:
        assert whole.net.weights(*ends).tobytes() == rest.net.weights(*ends).tobytes()


def test_real_targets_have_no_performance_and_are_learnt():
    draw = np.random.default_rng(0)
    trials = na.Trials(draw.random((20, 10, 3)), 0.3 * np.ones((20, 10, 3)), lengths=draw.integers(5, 21, 10))
    t = na.Trainer(small(), trials, na.MSE("choice"), batch=10, optimizer=na.Adam(1e-2), evaluate_every=20)
    history = t.fit(60, progress=False)
    assert history.loss[-1] < history.loss[0] and len(history.performance) == 0
    with pytest.raises(na.InvalidError, match="stop_at is 0.9, but these trials have no classes.* give the trainer a judge"):
        t.fit(1, stop_at=0.9, progress=False)
    assert t.updates == 60
    with pytest.raises(na.InvalidError, match="neither classes nor targets"):
        na.Trainer(small(), na.Trials(np.zeros((5, 2, 3))), na.L2Rates("E"))


def test_what_is_refused():
    trials = recorded()
    stage = na.Stage("easy", criterion=0.9, coherence=[0.6])
    with pytest.raises(na.Error):
        trainer(trials, curriculum=na.Curriculum(stage))
    with pytest.raises(na.InvalidError, match="stop_at is 0.8, but evaluate_every is 0"):
        trainer(trials).fit(3, stop_at=0.8, evaluate_every=0, progress=False)
    with pytest.raises(na.InvalidError, match="would never be reached"):
        trainer(trials, evaluate_every=0).fit(3, stop_at=0.8, progress=False)
    without = na.Trainer(small(), cost=na.CrossEntropy("choice"))
    with pytest.raises(na.OrderError, match="fit: the trainer has no task: make it with one, or call step"):
        without.fit(3, progress=False)
    assert without.step(trials)["total"] > 0


def test_targets_of_three_outputs_are_in_order():
    net = na.Network(20).input("u", 1).population("E", 3).output("a", 1).output("b", 2).output("c", 1)
    net.connect("u", "E").connect("E", "a b c").build(1)
    inputs, targets = np.ones((2, 4, 1)), np.random.default_rng(0).random((2, 4, 4))
    named = {"a": targets[:, :, :1], "b": targets[:, :, 1:3], "c": targets[:, :, 3:]}
    for output in named:
        trainer = na.Trainer(net, cost=na.MSE(output), optimizer=na.SGD(0))
        assert trainer.step(na.Trials(inputs, targets)) == trainer.step(na.Trials(inputs, named))
