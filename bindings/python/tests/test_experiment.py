"""Experiments: the same trials with and without interventions, as numbers and as pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import small

import neuroai as na


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def net():
    """It has learnt something, which is lost when it is silenced while it decides."""
    net = small(seed=4, noise=0.1, tau=60)
    cost = na.CrossEntropy("choice")
    na.Trainer(net, perceptual(), cost, optimizer=na.Adam(0.01), batch=32).fit(250, progress=False)
    return net


def perceptual():
    return na.tasks.PerceptualDecisionMaking(
        fixation=40, stimulus=[100, 200], delay=[0, 60], decision=40, coherence=51.2, cue_until_decision=1
    )


def test_each_population_in_each_epoch(net):
    found = na.experiment.silence(net, perceptual(), trials=200, seed=3, threads=2)
    assert found.names == ("E", "I") and found.epochs == ("fixation", "stimulus", "delay", "decision", None)
    control = na.evaluate(net, perceptual(), 200, seed=3)
    assert (found.control.choice == control.choice).all() and control.performance > 0.8
    for row, name in enumerate(found.names):
        for column, epoch in enumerate(found.epochs):
            alone = na.evaluate(net, perceptual(), 200, seed=3, interventions=na.Silence(name, epoch=epoch))
            assert (found.evaluations[name, epoch].correct == alone.correct).all()
            change = alone.correct - control.correct
            assert found.performance[row, column] == alone.performance
            assert np.isclose(found.effect[row, column], change.mean())
            assert np.isclose(found.error[row, column], change.std(ddof=1) / np.sqrt(200))
    assert found.effect[0, 3] < -0.3 and found.effect[0, 4] < -0.3  # no rates, no choice
    assert "change with" in repr(found) and "decision" in repr(found)


def test_which_and_how(net):
    trials = perceptual().trials(net, 100, seed=3)
    found = na.experiment.silence(net, trials, ["E I", "*"], ["stimulus"], fraction=0.5, seed=3)
    assert found.names == ("E I", "*") and (found.performance[0] == found.performance[1]).all()
    current = na.experiment.silence(
        net, trials, "I", [None], seed=3, act=lambda names, **how: na.Inject(names, 2, **how), rise=100
    )
    alone = na.evaluate(net, trials, seed=3, interventions=na.Inject("I", 2, rise=100))
    assert (current.evaluations["I", None].choice == alone.choice).all()


def test_in_windows_of_time(net):
    found = na.experiment.silence(net, perceptual(), "E", [(0, 100), [100, 200], "delay"], trials=100, seed=3)
    assert found.epochs == ((0, 100), (100, 200), "delay")
    alone = na.evaluate(net, perceptual(), 100, seed=3, interventions=na.Silence("E", start=100, end=200))
    assert (found.evaluations["E", (100, 200)].choice == alone.choice).all() and "100-200 ms" in repr(found)
    labels = [label.get_text() for label in na.plot.silencing(found)[0].get_xticklabels()]
    assert labels == ["0-100 ms", "100-200 ms", "delay"]


def test_more_and_more_units(net):
    found = na.experiment.dose(net, perceptual(), "E", [1, 0, 0.5], draws=2, trials=100, seed=3, epoch="stimulus")
    assert found.fractions.tolist() == [0, 0.5, 1] and found.performance.shape == (3, 2)
    whole = na.evaluate(net, perceptual(), 100, seed=3)
    assert (found.performance[0] == whole.performance).all() and found.performance[2, 0] == found.performance[2, 1]
    half = na.Silence("E", fraction=0.5, seed=1, epoch="stimulus")
    assert found.performance[1, 1] == na.evaluate(net, perceptual(), 100, seed=3, interventions=half).performance
    (ax,) = na.plot.dose(found)
    assert np.allclose(ax.lines[-1].get_ydata(), found.performance.mean(axis=1)) and "0.5: " in repr(found)


def test_each_projection_in_each_epoch(net):
    found = na.experiment.cut(net, perceptual(), epochs=["stimulus", None], trials=100, seed=3)
    assert found.names[0] == "stimulus to E" and len(found.names) == len(net.projections)
    alone = na.evaluate(net, perceptual(), 100, seed=3, interventions=na.ScaleSynapses("E", "choice", 0))
    assert (found.evaluations["E to choice", None].choice == alone.choice).all()
    some = na.experiment.cut(net, perceptual(), [("E I", "E")], [None], 100, 3, factor=0.5, fraction=0.4)
    what = na.ScaleSynapses("E I", "E", 0.5, fraction=0.4)
    assert (some.evaluations["E I to E", None].choice == na.evaluate(net, perceptual(), 100, 3, interventions=what).choice).all()
    for bad, error, words in (
        (["E"], na.InvalidTypeError, "projections: expected pairs of names"),
        ([], na.InvalidError, "projections: there is none"),
        ([("E", "I")] * 2, na.InvalidError, "one of them twice"),
    ):
        with pytest.raises(error, match=words):
            na.experiment.cut(net, perceptual(), bad, [None], 10)


def test_more_and_more_synapses(net):
    found = na.experiment.dose(
        net, perceptual(), "E", [0, 0.5, 1], 2, 100, 3, act=lambda names, **how: na.ScaleSynapses(names, "choice", 0, **how)
    )
    assert found.performance[2, 0] < found.performance[0, 0] and "synapses, E to choice, cut" in repr(found)
    (ax,) = na.plot.dose(found)
    assert ax.get_xlabel().replace("\n", " ") == "fraction of synapses, E to choice, cut"


def test_a_comparison(net):
    what = {"half": na.Scale("E", 0.5, epoch="stimulus"), "both": [na.Silence("I"), na.Inject("E", 0.1)]}
    found = na.experiment.compare(net, perceptual(), what, 150, seed=2)
    assert list(found.evaluations) == list(found.performance) == ["half", "both"]
    for name, one in what.items():
        alone = na.evaluate(net, perceptual(), 150, seed=2, interventions=one)
        assert found.performance[name] == alone.performance
        assert np.isclose(found.effect[name], alone.performance - found.control.performance)
        assert 0 <= found.error[name] < 0.1
    assert "half" in repr(found)


BAD = [
    (lambda net: na.experiment.silence(net, perceptual(), "F", trials=9), na.UnknownNameError, "'F'"),
    (lambda net: na.experiment.silence(net, perceptual(), "E", "nap", trials=9), na.UnknownNameError, "'nap'"),
    (lambda net: na.experiment.silence(net, perceptual(), [], trials=9), na.InvalidError, "names: there is none"),
    (lambda net: na.experiment.silence(net, perceptual(), [3], trials=9), na.InvalidTypeError, "names: expected names"),
    (lambda net: na.experiment.silence(net, perceptual(), "E E", trials=9), na.InvalidError, "one of them twice"),
    (lambda net: na.experiment.silence(net, na.Trials(np.zeros((5, 2, 3)))), na.UnknownNameError, "have none"),
    (lambda net: na.experiment.silence(net, perceptual(), "E", [(1, 2, 3)]), na.InvalidTypeError, "pairs of times"),
    (lambda net: na.experiment.dose(net, perceptual(), "E", [0, 1.5]), na.InvalidError, "must be 0 to 1"),
    (lambda net: na.experiment.dose(net, perceptual(), "E", []), na.InvalidError, "must be 0 to 1"),
    (lambda net: na.experiment.dose(net, perceptual(), "E", draws=0), na.InvalidError, "draws is 0"),
    (lambda net: na.experiment.compare(net, perceptual(), {}), na.InvalidError, "the mapping is empty"),
    (lambda net: na.experiment.compare(net, perceptual(), na.Silence("E")), na.InvalidTypeError, "a mapping from names"),
]


@pytest.mark.parametrize("call, error, words", BAD, ids=range(len(BAD)))
def test_what_cannot_be(net, call, error, words):
    with pytest.raises(error, match=words):
        call(net)


# --- pictures --------------------------------------------------------------------------------------------------------


def spans(ax):
    found = []
    for patch in ax.patches:
        x = patch.get_patch_transform().transform(patch.get_path().vertices)[:, 0]
        found.append((round(float(x.min()), 6), round(float(x.max()), 6)))
    return found


def test_the_matrix_of_effects(net):
    found = na.experiment.silence(net, perceptual(), trials=100)
    (ax,) = na.plot.silencing(found)
    ax.figure.canvas.draw()
    assert np.array_equal(np.asarray(ax.images[0].get_array()), found.effect)
    words = ["0" if abs(effect) < 0.005 else f"{effect:+.2f}" for effect in found.effect.ravel()]
    assert [text.get_text() for text in ax.texts] == words
    assert [label.get_text() for label in ax.get_yticklabels()] == ["E", "I"]
    assert [label.get_text() for label in ax.get_xticklabels()][-2:] == ["decision", "whole trial"]
    bold = [text.get_fontweight() == "bold" for text in ax.texts]
    assert bold == (np.abs(found.effect) > 2 * found.error).ravel().tolist()


def test_curves_beside_each_other(net):
    found = na.experiment.compare(net, perceptual(), {"no E": na.Silence("E", epoch="stimulus")}, 200)
    (ax,) = na.plot.comparison(found)
    ax.figure.canvas.draw()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0].startswith("without: ") and labels[1].startswith("no E: ")
    curve = found.evaluations["no E"].curve("signed_coherence")
    assert np.allclose(ax.containers[1].lines[0].get_ydata(), curve.choice[np.isfinite(curve.choice)])


def test_traces_with_what_was_silenced_shaded(net):
    trials = perceptual().trials(net, 5)
    run = net.run(trials, interventions=[na.Silence("I", epoch="stimulus"), na.Inject("E", 1, start=40, end=80)])
    of_e, of_i = na.plot.traces(run, net.run(trials), trial=2)
    of_e.figure.canvas.draw()
    first, end = trials.epochs["stimulus"][2] * 20
    assert spans(of_i) == [(first, end)] and spans(of_e) == [(40, 80)]
    assert f"Silence I, stimulus: {first:g} to {end:g} ms" in of_e.get_title()
    inside = (run.time > first) & (run.time <= end)
    assert (of_i.lines[0].get_ydata()[inside[: len(of_i.lines[0].get_ydata())]] == 0).all()
    panels = na.plot.activity(run, trial=2)
    for panel in panels:
        assert {(first, end), (40, 80)} <= set(spans(panel))
    twice = net.run(trials, interventions=[na.Silence("I", start=0, end=40), na.Silence("I", start=80, end=100)])
    assert na.plot.traces(twice)[0].get_title() == "Silence I: 2 times"
    with pytest.raises(na.InvalidError, match="without: it is a run of"):
        na.plot.traces(run, net.run(trials, record="E"))


class Blocks(na.Task):
    """Each of three parts of a block shows a stimulus at its start, and then asks for it."""

    parts, block, steps, epochs, conditions = 3, True, 12, ("cue", "answer"), ("stimulus",)

    def generate(self, batch):
        batch.mask[:] = 0
        for b, draw in batch.generators():
            for p, side in enumerate(draw.integers(0, 2, 3)):
                batch.input[4 * p, b, side] = 1
                batch.classes[4 * p : 4 * p + 4, b] = side
                batch.mask[4 * p + 3, b] = 1
                batch.conditions["stimulus"][b, p] = side
                batch.epochs["cue"][b, p] = 4 * p, 4 * p + 1
                batch.epochs["answer"][b, p] = 4 * p + 3, 4 * p + 4


def test_parts_of_blocks_are_trials():
    net = na.Network(20).input("seen", 2).population("E", 10, transfer="tanh", noise=0.3).output("choice", 2)
    net.connect("seen", "E").connect("E", "E choice").build(2)
    found = na.experiment.silence(net, Blocks(), "E", trials=20, seed=1)
    assert found.epochs == ("cue", "answer", None) and len(found.control.correct) == 60
    trials = Blocks().trials(net, 20, seed=1)
    run = net.run(trials, seed=1, interventions=na.Silence("E", epoch="answer"))
    assert ((run.rates["E"] == 0).all(axis=(1, 2)) == (np.arange(12) % 4 == 3)).all()
    assert na.plot.traces(run)[0].get_title() == "Silence E, answer: 3 times"
