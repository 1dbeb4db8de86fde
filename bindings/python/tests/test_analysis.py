"""Evaluation by class and condition, reaction times, means, principal components, stages."""

import numpy as np
import pytest
from conftest import small

import neuroai as na


def pdm(**values):
    return na.tasks.PerceptualDecisionMaking(**{"fixation": 40, "stimulus": 200, "decision": 40, **values})


def dots(**values):
    return na.tasks.SongRandomDotsReactionTime(**{"catch": 0.2, "catch_duration": 400, "stimulus": 500, **values})


def two_outputs():
    net = na.Network(dt=20).input("stimulus", 3).population("E", 12, sign=+1).population("I", 4, sign=-1)
    net.output("choice", 2).connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice")
    return net.build(3)


# --- evaluation ------------------------------------------------------------------------------------------------------


def test_confusion_counts_what_was_right_and_chosen(net):
    evaluation = na.evaluate(net, pdm(), trials=600, seed=4)
    confusion = evaluation.confusion()
    right = evaluation.conditions["target"]
    assert set(confusion.classes) <= {0, 1, 2}
    for i, row in enumerate(confusion.classes):
        for j, column in enumerate(confusion.classes):
            expected = np.sum((right == row) & (evaluation.choice == column))
            assert confusion.counts[i, j] == expected
    assert confusion.counts.sum() == 600 and np.trace(confusion.counts) == np.sum(evaluation.correct == 1)
    rows = confusion.fractions.sum(axis=1)
    assert np.allclose(rows[np.isfinite(rows)], 1) and "counts" in repr(confusion)


def test_the_right_class_of_a_task_with_classes_but_no_condition(net):
    def generate(batch):
        for b, generator in batch.generators():
            right = int(generator.integers(1, 3))
            batch.input[:, b, right] = 1
            batch.classes[-2:, b] = right
            batch.classes[:-2, b] = 0

    task = na.Task(generate, steps=8)
    evaluation = na.evaluate(net, task, trials=300, seed=2)
    trials = task.trials(net, 300, seed=2)
    assert (evaluation.right() == trials.targets[-1]).all()
    assert ((evaluation.right() == evaluation.choice) == (evaluation.correct == 1)).all()


def test_the_right_class_where_the_task_judges_for_itself():
    net = two_outputs()
    evaluation = na.evaluate(net, dots(), trials=200, seed=1)
    right = evaluation.right()
    assert set(right[evaluation.correct < 0]) == {-1} and set(right[evaluation.correct >= 0]) == {0, 1}
    assert evaluation.confusion().counts.sum() == np.sum(evaluation.correct >= 0)
    assert (evaluation.right("target") == right).all() and (evaluation.right(right) == right).all()
    with pytest.raises(na.InvalidError, match="contradict"):
        evaluation.right(1 - right)
    with pytest.raises(na.InvalidError, match="no classes"):
        evaluation.right("coherence")
    with pytest.raises(na.UnknownNameError, match="colour"):
        evaluation.right("colour")


def test_a_task_that_has_changed_is_noticed(net):
    class Own(na.Task):
        steps, conditions, level = 6, ("level",), 1.0

        def generate(self, batch):
            batch.input[...] = self.level
            batch.classes[...] = 1
            batch.conditions["level"][:] = self.level

    task = Own()
    evaluation = na.evaluate(net, task, trials=10)
    assert (evaluation.right() == 1).all()
    task.level = 2.0
    with pytest.raises(na.InvalidError, match="changed"):
        evaluation.right()


def test_confusion_and_fit_of_some_trials(net):
    evaluation = na.evaluate(net, pdm(), trials=400, seed=4)
    some = evaluation.where({"target": 1})
    assert (some == (evaluation.conditions["target"] == 1)).all() and evaluation.where().all()
    assert evaluation.confusion(where={"target": 1}).counts.sum() == some.sum()
    assert evaluation.where({"coherence": 6.4}).any(), "6.4 is not a float32"
    with pytest.raises(na.InvalidError, match="where"):
        evaluation.where({"coherence": 7})


class Known(na.Task):
    """The first input says what the network is to choose, which is what a psychometric function of x says."""

    steps, conditions = 2, ("x", "context")

    def generate(self, batch):
        for b, generator in batch.generators():
            x = float(generator.choice([-8, -4, -2, 2, 4, 8]))
            up = generator.random() < 1 / (1 + np.exp(-0.4 * (x - 1)))
            batch.input[:, b, 1 + up] = 1
            batch.classes[:, b] = 1 + (x > 0)
            batch.conditions["x"][b] = x
            batch.conditions["context"][b] = b % 2


def obedient():
    """A network whose output is its input."""
    net = na.Network(dt=20).input("u", 3).population("p", 3, tau=20).output("z", 3)
    net.connect("u", "p", initial=np.eye(3)).connect("p", "z", initial=np.eye(3))
    return net.build()


def test_the_fit_of_an_evaluation_finds_how_the_network_chooses():
    evaluation = na.evaluate(obedient(), Known(), trials=6000, seed=3)
    fit = evaluation.fit(shape="logistic")
    assert (
        fit.interval["bias"][0] < 1 < fit.interval["bias"][1]
        and fit.interval["slope"][0] < 0.4 < fit.interval["slope"][1]
    )
    assert fit.x.tolist() == [-8, -4, -2, 2, 4, 8] and fit.trials.sum() == 6000
    assert (
        fit.successes == [np.sum((evaluation.conditions["x"] == x) & (evaluation.choice == 2)) for x in fit.x]
    ).all()
    correct = evaluation.fit("x", where={"context": 1})
    assert correct.shape == "weibull" and correct.x.tolist() == [2, 4, 8] and correct.trials.sum() == 3000
    here = (evaluation.conditions["context"] == 1) & (np.abs(evaluation.conditions["x"]) == 4)
    assert correct.fraction[1] == pytest.approx(np.mean(evaluation.correct[here]))


def test_a_fit_of_choices_needs_two(net):
    evaluation = na.evaluate(net, na.Task(lambda batch: batch.classes.fill(1), steps=3, conditions=["x"]), trials=20)
    with pytest.raises(na.InvalidError, match="two choices"):
        evaluation.fit("x", "logistic")


# --- reaction times --------------------------------------------------------------------------------------------------


def ramps(threshold=1.0, **options):
    """Outputs that climb at a known pace: channel 0 or 1 by 0.1 or 0.25 a step; the last trial never does."""
    steps, pace, channel = 30, [0.1, 0.25, 0.25, 0.0], [0, 1, 0, 0]
    inputs = np.zeros((steps, 4, 3), np.float32)
    for trial, (step, which) in enumerate(zip(pace, channel)):
        inputs[:, trial, which] = step * np.arange(1, steps + 1)
    conditions = {"x": [-1, 2, 2, 2], "target": [0, 1, 1, 0], "onset": [0, 40, 40, 0]}
    run = obedient().run(na.Trials(inputs, conditions=conditions))
    return na.reaction_times(run, threshold, **options)


def test_reaction_times_of_ramps():
    found = ramps()
    # 0.1 a step is above 1 at step 11, 220 ms (in float32 10 of them are a little more than 1 or not: take 1.05 below)
    assert found.choice.tolist() == [0, 1, 0, -1] and found.correct.tolist() == [1, 1, 0, -1]
    assert np.isnan(found.time[3])
    found = ramps(1.05)
    assert found.time[:3].tolist() == [220, 100 - 40, 100 - 40]  # 0.25 a step at step 5, 100 ms; onset at 40 ms
    assert ramps(1.05, onset=0).time[1] == 100 and ramps(1.05, onset=[0, 10, 20, 30]).time[2] == 80
    assert ramps(1.05, channels=[1]).choice.tolist() == [-1, 1, -1, -1]
    assert ramps(1.05, right=[1, 1, 0, 0]).correct.tolist() == [0, 1, 1, -1]
    table = found.curve("x")
    assert table.value.tolist() == [1, 2] and table.trials.tolist() == [1, 3] and table.responses.tolist() == [1, 2]
    assert table.mean_correct.tolist() == [220, 60] and table.correct.tolist() == [1, 0.5]
    assert table.n_error.tolist() == [0, 1] and table.mean_error[1] == 60 and np.isnan(table.sd_correct).all()
    assert found.curve("x", signed=True).value.tolist() == [-1, 2] and len(found.curve("x", where={"x": 2})) == 1


def test_what_comes_before_the_stimulus_is_early():
    found = ramps(1.05, onset=[0, 100, 200, 0])
    assert found.time[1:3].tolist() == [0, -100]
    table = found.curve("x")
    assert table.early.tolist() == [0, 2] and table.n_correct.tolist() == [1, 0] and table.responses[1] == 2


def test_probabilities_and_lengths():
    inputs = np.zeros((20, 2, 3), np.float32)
    inputs[10:, :, 2] = 10
    run = obedient().run(na.Trials(inputs, lengths=[20, 8], conditions={"x": [1, 2]}))
    found = na.reaction_times(run, 0.9, probability=True)
    assert found.choice.tolist() == [2, -1] and found.time[0] == 220 and found.correct.tolist() == [-1, -1]


def test_a_trial_that_is_over_crosses_nothing():
    inputs = np.zeros((20, 2, 3), np.float32)
    inputs[10:, :, 2] = 10
    found = na.reaction_times(obedient().run(na.Trials(inputs, lengths=[11, 10], conditions={"x": [1, 2]})))
    assert found.threshold == 1 and found.choice.tolist() == [2, -1] and found.time[0] == 220


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_an_output_that_is_not_finite_is_no_choice(lost):
    """Nor is one after it, of any channel that may be chosen; one before it stands."""
    inputs = np.zeros((6, 3, 3), np.float32)
    inputs[3:, :, 1] = 2
    run = obedient().run(na.Trials(inputs, lengths=[6, 6, 5], conditions={"x": [1, 2, 3]}))
    for trial, step in enumerate((2, 4, 5)):
        run.outputs["z"][step, trial, 0] = lost
    found = na.reaction_times(run)
    assert found.choice.tolist() == [-1, 1, 1] and found.time[1:].tolist() == [80, 80] and np.isnan(found.time[0])
    assert na.reaction_times(run, channels=[1, 2]).choice.tolist() == [1, 1, 1]
    assert na.reaction_times(run, 0.5, channels=[1, 2], probability=True).choice.tolist() == [-1, 1, 1]


def test_a_response_whose_onset_is_not_known_has_no_time():
    found = na.ReactionTimes(
        np.array([100.0, np.nan, 140]), np.array([0, 1, 1]), np.array([1, 1, 1]), {"x": np.ones(3)}, 1.0
    )
    table = found.curve()
    assert table.mean_correct.tolist() == [120] and table.n_correct.tolist() == [2] and table.responses.tolist() == [3]
    assert "3 responses in 3 trials, mean 120 ms" in repr(found)


def test_moments_of_reaction_times():
    """Means, and standard deviations over trials - 1, of two times or more."""
    times, correct = np.array([100.0, 140, 300, 310, 330, 500]), np.array([1, 1, 0, 0, 0, 1])
    conditions = {"x": np.array([1.0, 1, 1, 1, 1, 2])}
    table = na.ReactionTimes(times, np.zeros(6, np.int64), correct, conditions, 1.0).curve()
    assert table.mean_correct.tolist() == [120, 500] and table.sd_correct[0] == pytest.approx(40 / np.sqrt(2))
    assert table.sd_error[0] == pytest.approx(np.std([300, 310, 330], ddof=1)) and np.isnan(table.sd_correct[1])


def test_reaction_times_are_what_the_task_judges():
    net, task = two_outputs(), dots(threshold=0.02)
    run = net.run(task.trials(net, 200, seed=6))
    found, evaluation = na.reaction_times(run, 0.02), na.evaluate(net, task, trials=200, seed=6)
    responded = (found.choice >= 0) & (evaluation.correct >= 0)
    assert responded.sum() > 50
    assert (found.choice == evaluation.choice)[responded].all()
    assert (found.correct == evaluation.correct)[responded].all()


def test_reaction_times_of_an_evaluation_are_those_of_the_task():
    net, task = two_outputs(), dots(threshold=0.02)
    judged = na.reaction_times(na.evaluate(net, task, trials=200, seed=6))
    found = na.reaction_times(net.run(task.trials(net, 200, seed=6)), 0.02)
    known = judged.choice >= 0
    assert known.sum() > 50 and np.allclose(judged.time[known], found.time[known])
    assert (judged.correct == found.correct)[known].all()


@pytest.mark.parametrize("threshold", [-1e3, 0.0, 0.5])
def test_tasks_without_reaction_times_give_none(threshold):
    """Outputs that are trained on epochs of fixed lengths: a crossing is of fixation, or of the first step."""
    net, task = small(), pdm()
    evaluation, run = na.evaluate(net, task, trials=10), net.run(task.trials(net, 10))
    for source in (evaluation, run):
        with pytest.raises(na.InvalidError, match="no reaction times.*SongRandomDotsReactionTime"):
            na.reaction_times(source, threshold)
    with pytest.raises(na.UnsupportedError, match="no reaction times"):
        evaluation.time
    arrays = na.Trials(run.inputs["stimulus"], lengths=run.trials.lengths, conditions=run.trials.conditions)
    crossed = na.reaction_times(net.run(arrays), float(np.quantile(run.outputs["choice"], 0.9)))
    assert np.isfinite(crossed.time).any()  # given as arrays, any crossing is found


def test_a_judgement_without_times_and_no_responses():
    net = small()

    class Own(na.Task):
        steps, classes, conditions, when = 4, True, ("x",), None

        def generate(self, batch):
            batch.conditions["x"][:] = 1

        def judge(self, judgement):
            return (True, 1) if self.when is None else (True, 1, self.when)

    task = Own()
    assert np.isnan(na.evaluate(net, task, 3).time).all()
    with pytest.raises(na.InvalidError, match="gave the time of a choice in none of the trials"):
        na.reaction_times(na.evaluate(net, task, 3))
    task.when = 60.0
    assert (na.reaction_times(na.evaluate(net, task, 3)).time == 60).all()
    dotted = two_outputs()
    times = na.reaction_times(dotted.run(dots().trials(dotted, 20)), 1e9)
    assert np.isnan(times.time).all() and times.curve().responses.sum() == 0
    with pytest.raises(na.InvalidError, match="none of the 20 trials has a response"):
        na.plot.chronometric(times)


def test_curves_of_what_is_not_there():
    net = small()
    plain = na.evaluate(net, na.Task(lambda batch: None, steps=3, classes=False, judge=lambda j: (None, None)), 5)
    assert np.isnan(plain.performance)
    for curve in (plain.curve, plain.fit, lambda: na.plot.psychometric(plain)):
        with pytest.raises(na.InvalidError, match="condition: the trials have none"):
            curve()
    with pytest.raises(na.InvalidError, match="no trial can be judged"):
        plain.confusion()

    def generate(batch):
        batch.conditions["x"][:] = 1

    task = na.Task(generate, steps=3, classes=False, conditions=["x"], judge=lambda j: (None, None))
    with pytest.raises(na.InvalidError, match="no choice was made in any of the trials"):
        na.plot.psychometric(net, task, trials=5)


def test_what_reaction_times_cannot_be_of(net):
    with pytest.raises(na.InvalidError, match="trials"):
        na.reaction_times(net.run(np.ones((5, 3))))
    run = net.run(pdm().trials(net, 3))
    with pytest.raises(na.UnknownNameError, match="nobody"):
        na.reaction_times(run, output="nobody")
    with pytest.raises(na.InvalidError, match="channels"):
        na.reaction_times(run, channels=[3])
    with pytest.raises(na.UnknownNameError, match="when"):
        na.reaction_times(run, onset="when")


# --- means and principal components ----------------------------------------------------------------------------------


def test_means_by_condition(net):
    run = net.run(pdm().trials(net, 60))
    values, means = na.condition_means(run)
    coherence = run.trials.conditions["signed_coherence"]
    assert values.tolist() == [-51.2, -25.6, -12.8, -6.4, 0, 6.4, 12.8, 25.6, 51.2]
    assert means.shape == (9, len(run.time), 16)
    expected = np.concatenate([run.rates[name][:, np.isclose(coherence, 12.8)].mean(axis=1) for name in "EI"], axis=1)
    assert np.allclose(means[6], expected, atol=1e-6)
    assert na.condition_means(run, "target", "I", where={"coherence": 0})[1].shape == (2, len(run.time), 4)
    with pytest.raises(na.UnknownNameError, match="nobody"):
        na.condition_means(run, names="nobody")
    with pytest.raises(na.InvalidError, match="conditions"):
        na.condition_means(net.run(np.ones((4, 3))))


def test_means_end_with_the_trials(net):
    inputs = np.random.default_rng(0).normal(size=(6, 3, 3))
    run = net.run(na.Trials(inputs, lengths=[6, 4, 3], conditions={"x": [1, 1, 2]}))
    values, means = na.condition_means(run, names="E")
    rates = run.rates["E"]
    assert np.allclose(means[0, :4], rates[:4, :2].mean(axis=1)) and np.allclose(means[0, 4:], rates[4:, 0])
    assert np.isnan(means[1, 3:]).all() and np.allclose(means[1, :3], rates[:3, 2])


def test_pca_finds_the_directions_that_the_activity_has():
    net = na.Network(dt=20).input("u", 2).population("p", 20, tau=20, transfer="linear").output("z", 1)
    generator = np.random.default_rng(5)
    axes = np.linalg.qr(generator.normal(size=(20, 2)))[0]
    net.connect("u", "p", initial=axes).connect("p", "z").build()
    time = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    inputs = np.stack([np.outer(3 * np.sin(time), [1, -1]), np.outer(np.cos(time), [1, 1])], axis=2)
    run = net.run(na.Trials(inputs, conditions={"x": [1, -1]}))
    found = na.pca(run, components=2)
    assert found.values.tolist() == [-1, 1] and found.trajectories.shape == (2, 50, 2)
    assert found.explained == pytest.approx([0.9, 0.1], abs=1e-4)  # variances 9/2 and 1/2
    assert found.dimensionality == pytest.approx(1 / (0.9**2 + 0.1**2), abs=1e-3)
    assert np.allclose(np.abs(found.components @ axes), np.eye(2), atol=1e-3)
    assert np.allclose(found.components @ found.components.T, np.eye(2))
    rates = run.rates["p"]
    assert np.allclose(found.project(rates[:, 1]), found.trajectories[0], atol=1e-5)
    rebuilt = found.trajectories[1] @ found.components + found.mean
    assert np.allclose(rebuilt, rates[:, 0], atol=1e-4)
    early = na.pca(run, components=1, window=(100, 500))  # after the fifth step, up to the 25th
    assert early.explained[0] > 0.5 and np.allclose(early.mean, rates[5:25].mean(axis=(0, 1)), atol=1e-6)
    with pytest.raises(na.InvalidError, match="components is 21"):
        na.pca(run, components=21)


def test_pca_is_of_the_condition_that_was_asked_for(net):
    run = net.run(pdm().trials(net, 60))
    assert na.pca(run).condition == "signed_coherence" and len(na.pca(run).values) == 9
    found = na.pca(run, "target")
    assert found.condition == "target" and found.values.tolist() == [1, 2]


def test_pca_of_silence():
    net = na.Network(dt=20).input("u", 1).population("p", 3).output("z", 1).connect("u", "p").connect("p", "z").build()
    run = net.run(na.Trials(np.zeros((5, 2, 1)), conditions={"x": [0, 1]}))
    with pytest.raises(na.InvalidError, match="never change"):
        na.pca(run, components=1)


# --- stages ----------------------------------------------------------------------------------------------------------


def curriculum(criterion=1.0):
    return na.Curriculum(
        na.Stage("easy", 0, coherence=[51.2, 100]),
        na.Stage("shaped", 0, coherence=na.Staircase(100, 10, step=60, harder_at=0, easier_at=0)),
        na.Stage("last", criterion, evaluations=2, stimulus=200),
    )


def trained(course):
    task = pdm(stimulus=100)
    return na.Trainer(
        small(noise=0.1),
        task,
        na.CrossEntropy("choice"),
        curriculum=course,
        batch=8,
        evaluate_every=5,
        evaluate_trials=20,
    )


def test_a_table_of_stages():
    course = curriculum()
    history = trained(course).fit(40, progress=False)
    table = na.stages(history, course, batch=8)
    assert table.name.tolist() == ["easy", "shaped", "last"] and table.stage.tolist() == [0, 1, 2]
    assert table["first"].tolist() == [1, 6, 21] and table["last"].tolist() == [5, 20, 40]
    assert table.trials.tolist() == [40, 120, 160] and table.evaluations.tolist() == [1, 3, 4]
    assert table.met.tolist() == [True, True, False] and table.performance[2] == history.performance[-1]
    assert table.best[1] == history.performance[1:4].max()
    plain = na.stages(history)
    assert plain.name.tolist() == ["0", "1", "2"] and plain.met.tolist() == [True, True, False]
    pandas = pytest.importorskip("pandas")
    assert pandas.DataFrame(table).set_index("name").updates["shaped"] == 15


def test_a_last_stage_that_is_met():
    course = curriculum(0.0)
    trainer = trained(course)
    history = trainer.fit(100, progress=False)
    assert trainer.stage is None and na.stages(history, course).met.all()


def test_a_stage_is_met_at_the_end_of_its_staircase():
    from neuroai.analysis import _met

    shaped = na.Staircase(100, 10, step=60, harder_at=0.5, easier_at=0.4)  # 100, 40, 10, 10 while it goes well
    stage = na.Stage("shaped", 0.8, evaluations=2, coherence=shaped)
    assert not _met(stage, np.array([0.9, 0.9, 0.9])) and _met(stage, np.array([0.5, 0.9, 0.9, 0.8]))
    assert not _met(stage, np.array([0.9, 0.9, 0.9, 0.7])) and not _met(stage, np.array([0.9]))


def test_a_staircase_is_followed_as_in_training():
    """The value of the task's own parameter, seen by a task that reports it."""
    from neuroai.analysis import follow_staircase

    rule = na.Staircase(100, 10, step=40, harder_at=0.8, easier_at=0.6)
    assert follow_staircase(rule, [0.9, 0.7, 0.9, 0.5, 0.8, 0.8]).tolist() == [100, 60, 60, 20, 60, 20, 10]
    rule = na.Staircase(0, 300, step=200, harder_at=0.5, easier_at=0.5)
    assert follow_staircase(rule, [0.5, 0.5, 0.4, 0.4, 0.4]).tolist() == [0, 200, 300, 100, 0, 0]


def test_stages_need_a_curriculum(net):
    history = na.Trainer(net, pdm(), na.CrossEntropy("choice"), batch=4).fit(3, progress=False)
    with pytest.raises(na.OrderError, match="curriculum"):
        na.stages(history)


def test_what_is_shown_of_much_stays_a_line():
    net = na.Network(dt=20).input("stimulus", 3).output("choice", 3)
    for k in range(50):
        net.population(f"population_{k}", 2)
    net.connect("stimulus", "population_*").connect("population_0", "choice").build()
    conditions = [f"condition_{k}" for k in range(50)]
    task = na.Task(lambda batch: None, steps=3, conditions=conditions, judge=lambda judgement: (True, 1, 20.0))
    evaluation = na.evaluate(net, task, 20)
    confusion = na.Confusion(np.arange(40), np.eye(40, dtype=int))
    many = [net.run(steps=2), task.trials(net, 2), evaluation, confusion, na.reaction_times(evaluation), net.state()]
    for what in many:
        assert len(repr(what)) < 300 and "\n" not in repr(what), type(what)
    assert "condition_7 and 42 more" in repr(evaluation) and "40 of 40 trials" in repr(confusion)
    state = net.state()
    for wrong in (lambda: evaluation.curve("x"), lambda: net.run(steps=1, record="x"), lambda: state.set_rates("x", 0)):
        with pytest.raises(na.UnknownNameError) as error:
            wrong()
        assert len(str(error.value)) < 300
