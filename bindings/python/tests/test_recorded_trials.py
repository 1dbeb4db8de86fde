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
    ax = na.plot.psychometric(net, trials)
    assert "200 trials" in ax.texts[-1].get_text() and ax.get_xlabel() == "coherence"
    assert len(na.plot.task(trials, net)) == 2
    evaluation = na.evaluate(net, trials)
    na.plot.psychometric(evaluation, trials)
    na.plot.confusion(evaluation)
