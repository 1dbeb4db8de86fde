"""Circuits that decide: their numbers, their task, what they choose."""

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import neuroai as na

matplotlib.use("Agg")


# --- Wang (2002) -----------------------------------------------------------------------------------------------------


def test_weights_of_wang():
    net = na.circuits.wang2002().build(1)
    assert net.populations == {"A": 240, "B": 240, "N": 1120, "I": 400}
    expected = {("A", "A"): 1.7, ("A", "B"): 0.87647, ("N", "B"): 0.87647, ("A", "N"): 1, ("N", "N"): 1, ("A", "I"): 1}
    for (source, to), w in expected.items():
        inhibitory = to == "I"
        ampa, nmda = net.weights(source, f"{to}:ampa+"), net.weights(f"{source}:nmda", f"{to}:nmda+")
        assert ampa.shape == nmda.shape == (net.populations[to], net.populations[source])
        assert_allclose(ampa, w * (0.04 if inhibitory else 0.05), rtol=1e-5)
        assert_allclose(nmda, w * (0.13 if inhibitory else 0.165), rtol=1e-5)
    assert_allclose(net.weights("I", "A:gaba-"), -1.3, rtol=1e-6)
    assert_allclose(net.weights("I", "I:gaba-"), -1, rtol=1e-6)
    assert_allclose(net.weights("B", "rate"), [[0] * 240, [1000 / 0.1 / 240] * 240], rtol=1e-6)
    for name, numbers in {"A": (500, 25, 2, 2.1), "I": (200, 20, 1, 1.62)}.items():
        found = [net.get(name, what)[0] for what in ("capacitance", "g_leak", "refractory", "background_weight")]
        assert_allclose(found, numbers)
        assert_allclose(net.get(name, "background"), 2400)


def test_programs_compose_the_same():
    """Part by part, as docs/circuits.md has it."""
    net = na.Network(dt=0.1).input("a", 1).input("b", 1)
    m, k = dict(model="lif_conductance", background=2400), dict(plastic=False, delay=0.5, autapses=True)
    for n, size in (("A", 240), ("B", 240), ("N", 1120)):
        net.population(n, size, +1, background_weight=2.1, **m)
    net.population("I", 400, -1, capacitance=200, g_leak=20, refractory=1, background_weight=1.62, **m)
    for s in "ABN":
        for to in "ABNI":
            w, i = 1 if to in "NI" else 1.7 if s == to else 1 - 0.15 * 0.7 / 0.85, to == "I"
            net.connect(s, f"{to}:ampa", initial=na.Constant(w * (0.04 if i else 0.05)), **k)
            net.connect(f"{s}:nmda", f"{to}:nmda", initial=na.Constant(w * (0.13 if i else 0.165)), **k)
    net.connect("I", "A:gaba B:gaba N:gaba", initial=na.Constant(-1.3), **k)
    net.connect("I", "I:gaba", initial=na.Constant(-1), **k)
    for name, pool in ("a", "A"), ("b", "B"):
        net.connect(name, f"{pool}:background", initial=na.Constant(1), plastic=False)
    inputs = {"a": np.full((600, 2, 1), 900), "b": np.zeros((600, 2, 1))}
    one, other = (n.build(1).run(inputs, seed=3, progress=False) for n in (net, na.circuits.wang2002()))
    assert one.rates["A"].sum() > 100 and one.rates["I"].sum() > 100
    for name in "ABNI":
        assert_array_equal(one.rates[name], other.rates[name])


def test_wang_at_rest_and_deciding():
    """Another program of the same equations has 2.4 and 8.0 Hz at rest, and 397 (96) ms at 51.2 %."""
    net = na.circuits.wang2002().build(1)
    state = net.state(trials=4, seed=2)
    state.run(steps=5000)  # NMDA gates start closed
    rest = net.run(steps=2000, state=state, progress=False)
    hz = {name: 1e4 * rates.mean() for name, rates in rest.rates.items()}
    assert (240 * (hz["A"] + hz["B"]) + 1120 * hz["N"]) / 1600 == pytest.approx(2.4, abs=0.5)
    assert hz["I"] == pytest.approx(8.0, abs=1.2)
    task = na.circuits.RandomDots(net.dt, [51.2], before=200, stimulus=1000)
    run = net.run(task.trials(net, 6, seed=4), seed=4, record="A", progress=False)
    evaluation = na.evaluate(net, task, 6, seed=4, progress=False)
    assert evaluation.performance == 1
    times = na.reaction_times(evaluation).time
    assert times.mean() == pytest.approx(397, abs=3 * 96 / np.sqrt(6))
    last = run.outputs["rate"][-4000:].mean(axis=0)
    target = run.trials.conditions["target"].astype(int)
    winner, loser = last[range(6), target], last[range(6), 1 - target]
    assert np.all(winner > 20) and np.all(loser < 5)


def test_files_snapshots_and_threads(tmp_path):
    """Of a small one: the same spikes whatever holds it, and however its trials are grouped."""
    net = na.circuits.wang2002(scale=0.1).build(1)
    inputs = {"a": np.full((800, 5, 1), 900), "b": np.full((800, 5, 1), 300)}
    spikes = net.run(inputs, seed=3, progress=False).rates
    assert all(spikes[name].sum() > 10 for name in "ABNI")
    net.save(tmp_path / "circuit.safetensors")
    again = na.Network.load(tmp_path / "circuit.safetensors")
    state = again.state(trials=5, seed=3)
    before, after = ({name: values[part] for name, values in inputs.items()} for part in (slice(400), slice(400, None)))
    first = again.run(before, state=state, progress=False).rates
    kept = state.snapshot()
    runs = []
    for _ in range(2):
        state.restore(kept)
        runs.append(again.run(after, state=state, progress=False).rates)
    for name in "ABNI":
        assert_array_equal(np.concatenate([first[name], runs[0][name]]), spikes[name])
        assert_array_equal(runs[0][name], runs[1][name])
    task = na.circuits.RandomDots(net.dt, [51.2], before=20, stimulus=40, window=10, stride=5, threshold=5)
    found = [na.evaluate(net, task, 7, seed=2, threads=threads, progress=False) for threads in (1, 2, 3)]
    assert np.isfinite(found[0].time).any()
    for other in found[1:]:
        assert_array_equal(other.choice, found[0].choice)
        assert_array_equal(other.time, found[0].time)


def test_wang_refuses():
    with pytest.raises(ValueError, match="w_plus is 7, must be 0 to 6.667"):
        na.circuits.wang2002(w_plus=7)
    with pytest.raises(ValueError, match="scale is 0, must be above 0"):
        na.circuits.wang2002(scale=0)
    with pytest.raises(ValueError, match="scale is 0.001: there would be no neuron in a pool"):
        na.circuits.wang2002(scale=0.001)
    with pytest.raises(ValueError, match="delay"):
        na.circuits.wang2002(dt=0.3).build(1)


# --- Wong & Wang (2006) ----------------------------------------------------------------------------------------------


def dots(net, **numbers):
    return na.circuits.RandomDots(net.dt, **{"mean": 30, "sd": 0, "window": 0, **numbers})


def test_wong_and_wang_decide():
    """Another program has .51, .675, .809, .964, 1, 1 correct and 581, 551, 516, 443, 333, 231 ms (4000 trials)."""
    net = na.circuits.wong_wang2006().build(1)
    evaluation = na.evaluate(net, dots(net), 1200, seed=1, progress=False)
    found = evaluation.curve("coherence")
    assert_allclose(found.correct, [0.51, 0.675, 0.809, 0.964, 1, 1], atol=0.1)  # 3 standard errors of 200 trials
    times = na.reaction_times(evaluation).curve("coherence")
    assert_allclose(times.mean_correct, [581, 551, 516, 443, 333, 231], rtol=0.06)
    assert np.all(times.mean_error[1:3] > times.mean_correct[1:3])
    assert np.all(evaluation.choice >= 0)
    assert 0.4 < evaluation.choice[evaluation.conditions["coherence"] == 0].mean() < 0.6
    fit = evaluation.fit("coherence", shape="weibull")
    assert fit.parameters["alpha"] == pytest.approx(6.6, abs=1.5)


def test_circuits_are_drawn_as_trained_networks_are():
    net = na.circuits.wong_wang2006().build(1)
    evaluation = na.evaluate(net, dots(net), 240, seed=1, progress=False)
    (axes,) = na.plot.psychometric(evaluation, shape="weibull")
    assert "fraction correct" in axes.get_ylabel()
    (axes,) = na.plot.psychometric(evaluation)
    assert "fraction of choice 1" in axes.get_ylabel()
    (axes,) = na.plot.chronometric(na.reaction_times(evaluation))
    assert axes.get_ylabel() == "reaction time (ms)"
    confusion = evaluation.confusion()
    assert confusion.counts.shape == (2, 2) and np.trace(confusion.counts) == (evaluation.correct == 1).sum()
    silenced = na.evaluate(net, dots(net), 24, seed=1, silence="A", progress=False)
    assert np.all(silenced.choice == 1)  # what is said of networks may be said of circuits


def test_several_on_the_same_axes():
    """Values that only some have keep their places; each curve has its name."""
    net = na.circuits.wong_wang2006().build(1)
    one = na.evaluate(net, dots(net, coherences=[0, 3.2, 6.4, 12.8]), 320, seed=1, progress=False)
    other = na.evaluate(net, dots(net, coherences=[3.2, 6.4, 12.8, 25.6]), 320, seed=2, progress=False)
    (axes,) = na.plot.psychometric({"one": one, "other": other})
    names = [words.get_text().split(":")[0] for words in axes.get_legend().get_texts()]
    assert names == ["one", "other"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "3.2", "6.4", "12.8", "25.6"]
    first, second = (container.lines[0] for container in axes.containers)
    assert_array_equal(first.get_xdata()[1:], second.get_xdata()[:3])
    assert_allclose(second.get_ydata(), other.curve("coherence").correct)
    (axes,) = na.plot.chronometric({name: na.reaction_times(e) for name, e in {"one": one, "other": other}.items()})
    first, second = (container.lines[0] for container in axes.containers)
    assert_array_equal(first.get_xdata()[1:], second.get_xdata()[:3])
    assert_allclose(first.get_ydata(), na.reaction_times(one).curve("coherence").mean_correct)
    for call, words in (
        (lambda: na.plot.psychometric({}), "there is no evaluation"),
        (lambda: na.plot.psychometric({"one": one}, shape="normal"), "of several evaluations it is 'weibull'"),
        (lambda: na.plot.psychometric({"one": one}, silence="A"), "silence: the evaluation is made already"),
        (lambda: na.plot.chronometric({}), "times: there are none"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_noise_of_wong_and_wang():
    net = na.circuits.wong_wang2006().build(1)
    run = net.run(steps=4000, state=net.state(trials=100, seed=1), record="A:I_noise", progress=False)
    assert run.traces["A:I_noise"][100:].std() == pytest.approx(0.02 / np.sqrt(2), rel=0.01)


# --- their task ------------------------------------------------------------------------------------------------------


def test_random_dots():
    net = na.circuits.wong_wang2006().build(1)
    task = na.circuits.RandomDots(net.dt, [0, 12.8, 51.2], mean=40, sd=4, stimulus=1000, after=100)
    assert task.steps == 3200
    trials = task.trials(net, 60, seed=3)
    c = trials.conditions
    for value in (0, 12.8, 51.2):
        for target in (0, 1):
            assert np.sum((np.abs(c["coherence"] - value) < 1e-4) & (c["target"] == target)) == 10
    assert_allclose(c["signed_coherence"], c["coherence"] * (2 * c["target"] - 1), rtol=1e-6)
    assert np.all(c["onset"] == 500)
    assert_array_equal(trials.epochs["stimulus"], np.tile([1000, 3000], (60, 1)))
    a, b = np.moveaxis(trials.inputs, 2, 0)
    assert np.all(a[:1000] == 0) and np.all(a[3000:] == 0) and np.all(a[1000:3000] > 0)
    steps = a[1000:3000].reshape(20, 100, 60)  # 50 ms
    assert np.all(steps == steps[:, :1]) and np.all(np.diff(steps[:, 0], axis=0) != 0)
    mean = 40 * (1 - c["signed_coherence"] / 100)
    assert (steps[:, 0] - mean).mean() == pytest.approx(0, abs=4 * 4 / np.sqrt(1200))
    assert (steps[:, 0] - mean).std() == pytest.approx(4, rel=0.1)
    assert (b[1000:3000] + a[1000:3000]).mean() == pytest.approx(80, abs=1)
    assert_array_equal(task.trials(net, 10, seed=3, first=50).inputs, trials.inputs[:, 50:])


class Verdicts:
    """Outputs that are given, as a judgement shows them."""

    def __init__(self, output, target):
        self.output, self.conditions = output, {"target": target}


def test_choices_are_of_running_means():
    task = na.circuits.RandomDots(1, [0], before=100, stimulus=200, after=50, threshold=15, window=50, stride=5)
    output = np.zeros((350, 2), np.float32)
    assert task.judge(Verdicts(output, 0)) == (None, None, None)
    output[150:, 1] = 60  # above 15 on average once more than 12.5 ms of 50 are there: looked at after 15
    assert task.judge(Verdicts(output, 0)) == (False, 1, 165)
    assert task.judge(Verdicts(output, 1)) == (True, 1, 165)
    output[152:, 0] = 70  # both at once: the larger one
    output[150:164, 1] = 0
    assert task.judge(Verdicts(output, 0)) == (True, 0, 165)
    late = np.zeros((350, 2), np.float32)
    late[300:] = 1000  # after the stimulus nothing counts
    assert task.judge(Verdicts(late, 0)) == (None, None, None)
    early = np.zeros((350, 2), np.float32)
    early[:60, 0] = 100  # nor before it
    assert task.judge(Verdicts(early, 0)) == (None, None, None)
    plain = na.circuits.RandomDots(1, [0], before=100, stimulus=200, window=0)
    one = np.zeros((300, 2), np.float32)
    one[99], one[120, 0] = 100, 15.1
    assert plain.judge(Verdicts(one, 0)) == (True, 0, 121)


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("window", [0, 50])
def test_a_rate_that_is_not_finite_is_no_choice(lost, window):
    task = na.circuits.RandomDots(1, [0], before=100, stimulus=200, window=window)
    output = np.zeros((300, 2), np.float32)
    output[150:, 1] = 60
    for step, verdict in ((140, (None, None, None)), (280, (True, 1, 151 if window == 0 else 165))):
        given = output.copy()
        given[step, 0] = lost
        assert task.judge(Verdicts(given, 1)) == verdict


def test_random_dots_refuse():
    for numbers, words in (
        ({"coherences": []}, "coherences: expected numbers from 0 to 100 %"),
        ({"coherences": [101]}, "coherences: expected numbers from 0 to 100 %"),
        ({"sd": -1}, "sd is -1, must be at least 0"),
        ({"stimulus": 0}, "stimulus is 0 ms, must be 1 or more steps of 0.5 ms"),
        ({"every": 0.7}, "every is 0.7 ms, must be 1 or more steps of 0.5 ms"),
        ({"before": -1}, "before is -1 ms, must be 0 or more steps"),
    ):
        with pytest.raises(ValueError, match=words):
            na.circuits.RandomDots(0.5, **numbers)
    with pytest.raises(ValueError, match="dt is 0, must be at least 1e-06"):
        na.circuits.RandomDots(0)
    with pytest.raises(Exception, match="dt of the task is 1 ms, that of the network 0.5 ms"):
        na.circuits.RandomDots(1).trials(na.circuits.wong_wang2006().build(1), 1)
