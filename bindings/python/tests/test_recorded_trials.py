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
    with pytest.raises(na.InvalidError, match="stop_at is 0.9, but these trials have no classes"):
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
