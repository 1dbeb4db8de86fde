"""The Wisconsin card sorting test from Python: a network that sorts, its curriculum, errors after a switch."""

import numpy as np
import pytest

import neuroai as na

SHORT = {"feedback": 40, "interval": 40, "centre": 40, "response": 80, "jitter": 20, "trials": 8, "switches": 2}


def network(more=False):
    net = na.Network(20).input("stimulus", 16).input("feedback", 2)
    if more:
        net.input("previous", 19)
    net.population("E", 40, transfer="tanh", tau=60).output("response", 3).output("rule", 2)
    net.connect("stimulus feedback previous" if more else "stimulus feedback", "E")
    return net.connect("E", "E response rule").build(1)


def test_it_is_a_task_of_blocks():
    net = network()
    trials = na.tasks.WCST().trials(net, 3)
    assert na.tasks.WCST.__name__ in dir(na.tasks) and "wcst" in na.tasks.available()
    assert trials.parts.shape == (3, 20) and trials.conditions["rule"].shape == (3, 20)
    assert (np.diff(trials.epochs["feedback"][..., 0]) == 105).all()  # 2100 ms at 20 ms, without jitter in tests
    assert set(trials.targets) == {"response", "rule"}
    assert na.tasks.WCST(trials=5).trials(network(more=True), 2).inputs.shape[2] == 37
    axes = na.plot.task(na.tasks.WCST(**SHORT), net)
    assert {"feedback", "centre", "response"} <= {text.get_text() for text in axes[0].texts}


def test_a_network_is_told_how_it_chose():
    net, task = network(more=True), na.tasks.WCST(**SHORT)
    trials = na.play(net, task, 20, seed=2)
    run = net.run(trials, seed=2)
    evaluation = na.evaluate(net, task, 20, seed=2)
    mean = np.stack([run.outputs["response"][end - 4 : end].mean(axis=0) for end in trials.parts[0]], axis=1)
    choice = mean.argmax(axis=2)
    assert (evaluation.choice == choice.ravel()).all()
    right = choice == trials.conditions["target"]
    assert (evaluation.correct == right.ravel()).all() and 0 < right.mean() < 1
    starts = trials.parts[0, :-1]
    assert (trials.inputs[starts, :, 16].T == right[:, :-1]).all() and (trials.inputs[starts, :, 17].T != right[:, :-1]).all()
    assert (trials.inputs[starts][:, :, 34:].argmax(axis=2).T == choice[:, :-1]).all()
    assert (trials.inputs[starts][:, :, 18:34] == trials.inputs[starts - 1][:, :, :16]).all()


def test_it_is_learnt_through_its_curriculum():
    net = network(more=True)
    trainer = na.Trainer(
        net,
        na.tasks.WCST(**SHORT),
        na.MSE("response") + na.MSE("rule"),
        na.BPTT(),
        na.Adam(3e-3),
        clip=1,
        batch=20,
        curriculum=na.tasks.wcst_curriculum(0.1, 1),
        evaluate_every=2,
        evaluate_trials=10,
    )
    history = trainer.fit(40, progress=False)
    assert history.loss[-1] < 0.8 * history.loss[0]
    assert list(np.unique(history.stage)) in ([0, 1], [0, 1, 2])


def test_errors_after_a_switch_are_counted():
    net, task = network(), na.tasks.WCST(**SHORT)
    evaluation = na.evaluate(net, task, 30, seed=1)
    since, correct = evaluation.conditions["since_switch"], evaluation.correct
    expected = []
    for at in np.flatnonzero(since == 0):
        end = at + 1
        while end < len(since) and since[end] > 0:
            end += 1
        errors = 0
        while at + errors < end and correct[at + errors] == 0:
            errors += 1
        expected.append(errors)
    assert (na.analysis.errors_after_switch(evaluation) == expected).all() and len(expected) == 60
    with pytest.raises(na.UnknownNameError, match="since_switch"):
        three = na.Network(20).input("u", 3).population("E", 4).output("z", 3).connect("u", "E").connect("E", "z").build(1)
        na.analysis.errors_after_switch(na.evaluate(three, na.tasks.PerceptualDecisionMaking(), 5))
