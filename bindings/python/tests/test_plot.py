"""Pictures are drawn without error, into axes of one's own or a new figure, and show what they should."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import small
from matplotlib.colors import to_rgb

import neuroai as na


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def task():
    return na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=200, decision=40)


def history(net, **options):
    cost = na.CrossEntropy("choice") + 1e-3 * na.L2Rates("E I")
    return na.Trainer(net, task(), cost, batch=8, evaluate_trials=20, **options).fit(30, progress=False)


def draw(axes):
    """Really draws, and gives the axes as a list."""
    axes = list(np.atleast_1d(axes))
    axes[0].figure.canvas.draw()
    return axes


def test_history(net):
    performance, costs = draw(na.plot.history(history(net, evaluate_every=10)))
    assert performance.get_ylabel() == "fraction correct" and costs.get_xlabel() == "updates"
    assert [text.get_text() for text in costs.get_legend().get_texts()] == ["sum", "cross entropy", "l2 rates"]
    assert len(draw(na.plot.history(history(net, evaluate_every=0)))) == 1


def test_weights(net):
    (ax,) = draw(na.plot.weights(net))
    matrix = ax.images[0].get_array()
    expected = np.block([[net.weights(pre, post) for pre in "EI"] for post in "EI"])
    assert (matrix == expected).all() and ax.images[0].norm.vmin == -ax.images[0].norm.vmax
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["E", "I"]
    assert len(draw(na.plot.weights(net, "E", limit=1))[0].lines) == 0
    for names in ("nobody", "E nobody", ""):
        with pytest.raises(na.InvalidError, match=f"no population is called '{names[-6:]}'"):
            na.plot.weights(net, names)


def populations(count, n, density=0.1):
    return unequal([n] * count, density)


def unequal(sizes, density=0.1, signs=None):
    net = na.Network(20)
    for k, n in enumerate(sizes):
        net.population(f"p{k}", n, signs[k] if signs else (-1) ** k)
    return net.connect("*", "*", density=density).build(1)


def whole(net, of):
    """What ``of`` gives for each pair of populations, as one matrix."""
    return np.block([[of(pre, post) for pre in net.populations] for post in net.populations])


def test_weights_of_many_units_are_means_over_bins():
    net = populations(2, 600)
    (ax,) = draw(na.plot.weights(net))
    matrix = np.asarray(ax.images[0].get_array())
    assert matrix.shape == (400, 400)
    expected = whole(net, net.weights).reshape(400, 3, 400, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(matrix, expected, atol=1e-7)
    assert ax.child_axes[0].get_ylabel() == "mean weight"
    assert list(ax.images[0].get_extent()) == [-0.5, 1199.5, 1199.5, -0.5]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["p0", "p1"]


def binned(net, edges, of, reduce):
    """A matrix of all pairs, reduced over bins with these borders."""
    matrix = whole(net, of)
    ends = list(zip(edges[:-1], edges[1:]))
    return np.array([[reduce(matrix[a:b, c:d]) for c, d in ends] for a, b in ends])


@pytest.mark.parametrize(
    "show, of, reduce, label",
    [
        ("mean", "weights", np.mean, "mean weight"),
        ("sum", "weights", np.sum, "sum of weights"),
        ("density", "mask", np.mean, "fraction of pairs with a synapse"),
    ],
)
def test_bins_of_weights_are_of_one_population_each(show, of, reduce, label):
    net = unequal([61, 30, 3, 1], 0.4, signs=[1, -1, 1, -1])
    (ax,) = draw(na.plot.weights(net, show=show, bins=10))
    matrix = np.asarray(ax.images[0].get_array())
    edges = [0, *(-(-61 * k // 6) for k in range(1, 7)), 71, 81, 91, 94, 95]
    np.testing.assert_allclose(np.abs(matrix), np.abs(binned(net, edges, getattr(net, of), reduce)), atol=1e-6)
    assert ax.child_axes[0].get_ylabel() == label
    borders = sorted({round(float(line.get_xdata()[0]), 6) for line in ax.lines if len(set(line.get_xdata())) == 1})
    assert np.allclose(borders, np.array([6, 9, 10]) * 95 / 11 - 0.5)
    (ax,) = draw(na.plot.weights(net, show=show, bins=1))  # one for each pair of populations
    np.testing.assert_allclose(
        np.abs(ax.images[0].get_array()), np.abs(binned(net, [0, 61, 91, 94, 95], getattr(net, of), reduce)), atol=1e-6
    )


def test_weights_in_more_bins_than_units_and_what_is_refused():
    net = unequal([20, 5])
    exact = np.asarray(na.plot.weights(net)[0].images[0].get_array())
    for bins in (25, 4000):
        assert np.array_equal(na.plot.weights(net, bins=bins)[0].images[0].get_array(), exact)
    for bins in (0, 4001):
        with pytest.raises(na.InvalidError, match=f"bins is {bins}, must be 1 to 4000"):
            na.plot.weights(net, bins=bins)
    with pytest.raises(na.InvalidTypeError, match="bins"):
        na.plot.weights(net, bins=2.5)
    with pytest.raises(na.InvalidError, match="show: expected one of mean, sum, density, got 'max'"):
        na.plot.weights(net, show="max")


def test_density_has_the_colours_of_the_senders():
    for signs, low, high in (([1, -1], -1, 1), ([1, 1], 0, 1), ([-1, -1], -1, 0), ([0, 0], 0, 1)):
        image = na.plot.weights(unequal([20, 10], 0.5, signs), show="density")[0].images[0]
        assert (image.norm.vmin, image.norm.vmax) == (low, high)  # of single units: there is a synapse or none
        red, _, blue, _ = np.moveaxis(image.to_rgba(image.get_array()), -1, 0)
        for columns, sign in ((slice(0, 20), signs[0]), (slice(20, 30), signs[1])):
            dark = np.abs(image.get_array()[:, columns]) == 1
            assert np.all(np.sign(np.round(red - blue, 2))[:, columns][dark] == sign)
    with_ports = na.Network(10).population("E", 6, +1, model="dendritic", branches=3)
    with_ports.connect("E", "E:soma").connect("E", "E:dendrite+").build(1)
    pairs = np.asarray(na.plot.weights(with_ports, show="density")[0].images[0].get_array())
    assert np.array_equal(pairs, 1 - np.eye(6))  # four synapses each, one pair


SIZES = {
    1: [30],
    2: [800, 4],
    4: [800, 200, 5, 1],
    9: [400, 100, 2, 1, 1, 1, 1, 10, 1],
    20: [200, 50, *[1] * 9, *[6] * 9],
}


@pytest.mark.parametrize("count", SIZES)
def test_names_beside_a_matrix_do_not_overlap(count):
    net = unequal(SIZES[count], 0.1)
    (ax,) = draw(na.plot.weights(net))
    for axis in (ax.xaxis, ax.yaxis):
        labels = axis.get_majorticklabels()
        assert [label.get_text() for label in labels] == list(net.populations)
        boxes = [label.get_window_extent() for label in labels if label.get_alpha() != 0]
        assert len(boxes) == count
        assert not any(box.overlaps(other) for box in boxes for other in boxes if box is not other)
        places = [(box.x0 + box.x1) / 2 if axis is ax.xaxis else -(box.y0 + box.y1) / 2 for box in boxes]
        assert places == sorted(places)
    figure = plt.figure(figsize=(2, 2))  # too small for 20
    (small,) = na.plot.weights(net, ax=figure.add_subplot())
    draw(small)
    shown = [label for label in small.get_yticklabels() if label.get_alpha() != 0]
    boxes = [label.get_window_extent() for label in shown]
    assert shown[0].get_text() == "p0" and not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:]))


def test_names_that_had_to_move_have_lines_to_their_units():
    net = unequal([400, 100, 2, 1])
    (ax,) = draw(na.plot.weights(net))
    lines = [artist for artist in ax.collections if artist.get_paths()]
    assert len(lines) == 2 and [len(side.get_paths()) for side in lines] == [4, 4]
    starts = [path.vertices[0] for path in lines[1].get_paths()]  # those at the left
    middles = ax.transData.inverted().transform(starts)[:, 1]
    np.testing.assert_allclose(middles, [199.5, 449.5, 500.5, 502], atol=1e-6)
    (ax,) = draw(na.plot.weights(unequal([400, 300])))
    assert [artist for artist in ax.collections if artist.get_paths()] == []


@pytest.mark.parametrize("count", [1, 2, 9])
def test_degrees_and_the_distribution_of_weights(count):
    net = populations(count, 40)
    onto, away = draw(na.plot.degrees(net))
    ends = net.projections
    for panel in (onto, away):
        assert sum(step.get_data().values.sum() for step in panel.patches) == 40 * count
    (ax,) = draw(na.plot.weight_distribution(net))
    assert sum(step.get_data().values.sum() for step in ax.patches) == sum(len(net.synapses(*p)) for p in ends)
    (ax,) = draw(na.plot.weight_distribution(net, "p0", log=True))
    (step,) = ax.patches
    assert ax.get_xscale() == "log" and step.get_data().values.sum() == (net.weights("p0", "p0") != 0).sum()
    low, high = step.get_data().edges[[0, -1]]
    there = np.abs(net.weights("p0", "p0"))
    assert low == pytest.approx(there[there > 0].min()) and high == pytest.approx(there.max())


def test_degrees_by_sign_and_by_projection():
    net = unequal([40, 20, 10])
    onto, away = draw(na.plot.degrees(net, by="sign"))
    assert [step.get_label() for step in onto.patches] == ["excitatory", "inhibitory"]
    assert [step.get_data().values.sum() for step in away.patches] == [50, 20]
    assert [text.get_text() for text in away.get_legend().get_texts()] == ["excitatory", "inhibitory"]
    onto, away = draw(na.plot.degrees(net, by="projection"))
    labels = [f"{pre} \N{RIGHTWARDS ARROW} {post}" for pre, post in net.projections]
    assert [label.get_text() for label in onto.get_yticklabels()] == labels
    for panel, side, axis in ((onto, 1, 1), (away, 0, 0)):
        for ends, step in zip(net.projections, panel.patches):
            values, edges, _ = step.get_data()
            degree = net.mask(*ends).sum(axis=axis)
            assert values.sum() == net.size(ends[side])
            assert np.array_equal(values, np.histogram(degree, edges)[0])
    with pytest.raises(na.InvalidError, match="by: expected one of population, sign, projection, got 'unit'"):
        na.plot.degrees(net, by="unit")
    with pytest.raises(na.InvalidError, match="144 curves, may be at most 120"):
        na.plot.degrees(populations(12, 2, 1.0), by="projection")
    lone = na.Network(20).population("a", 3).population("b", 2).connect("a", "b").build(1)
    with pytest.raises(na.InvalidError, match="no projection among b"):
        na.plot.degrees(lone, "b", by="projection")
    assert len(draw(na.plot.degrees(lone, "b"))) == 2


def test_weights_by_sign_and_by_projection():
    net = unequal([40, 20, 10])
    (ax,) = draw(na.plot.weight_distribution(net, by="sign"))
    excitatory = sum(len(net.synapses(pre, post)) for pre, post in net.projections if pre != "p1")
    assert [step.get_data().values.sum() for step in ax.patches] == [excitatory, len(net.synapses("p1", "*"))]
    (ax,) = draw(na.plot.weight_distribution(net, by="projection"))
    expected = [len(net.synapses(*ends)) for ends in net.projections]
    assert [step.get_data().values.sum() for step in ax.patches] == expected
    with pytest.raises(na.InvalidError, match="by: expected"):
        na.plot.weight_distribution(net, by="weight")


def test_curves_of_their_own_have_rows_as_high_as_they_are():
    net = unequal([900, 10])  # the small population would lie on the axis of the other
    onto, _ = draw(na.plot.degrees(net))
    assert [label.get_text() for label in onto.get_yticklabels()] == ["p0", "p1"]
    for row, step in enumerate(onto.patches):
        box = step.get_window_extent()
        (_, low), (_, high) = onto.transData.transform([(0, row + 1), (0, row)])
        assert low <= box.y0 and box.y1 <= high and box.height > 0.8 * (high - low)


def test_distributions_of_nothing_and_of_one_weight():
    net = na.Network(20).population("a", 3).population("b", 2).connect("a", "b", initial=na.Constant(0.5)).build(1)
    for log in (False, True):
        (ax,) = draw(na.plot.weight_distribution(net, log=log))
        assert ax.patches[0].get_data().values.sum() == 6
    with pytest.raises(na.InvalidError, match="no synapse among b"):
        na.plot.weight_distribution(net, "b")


def test_activity(net):
    trials = task().trials(net, 3)
    inputs, rates, outputs = draw(na.plot.activity(net.run(trials), trial=2))
    assert "coherence" in inputs.get_title() and outputs.get_xlabel() == "time (ms)"
    assert rates.images[0].get_array().shape == (16, trials.lengths[2]) and len(outputs.lines) == 3
    assert len(draw(na.plot.activity(net.run(np.ones((9, 3))), sort=False))) == 3
    silent = na.Network(20).population("p", 3).output("z", 1).connect("p", "z").build()
    assert len(draw(na.plot.activity(silent.run(steps=5)))) == 2


def test_activity_sorted_by_time_with_names_of_its_own(net):
    run = net.run(task().trials(net, 1))
    run.rates["E"][:] = 0
    n = run.rates["E"].shape[2]
    for unit in range(2, n):  # the last unit comes first; two are silent
        run.rates["E"][n - unit - 1 : n - unit + 1, 0, unit] = unit
    names = {"stimulus": ["cue", "left", "right"]}
    inputs, rates, outputs = draw(na.plot.activity(run, sort="time", labels=names))
    drawn = rates.images[0].get_array()[:n]
    assert (drawn.max(axis=1) == [*range(n - 1, 1, -1), 0, 0]).all()
    assert [line.get_label() for line in inputs.lines] == names["stimulus"]
    assert [line.get_label() for line in outputs.lines] == ["choice 0", "choice 1", "choice 2"]
    with pytest.raises(na.InvalidError, match="sort"):
        na.plot.activity(run, sort="size")
    with pytest.raises(na.InvalidError, match="3 channels"):
        na.plot.activity(run, labels={"choice": ["left", "right"]})


def test_activity_of_a_trial_that_is_shorter(net):
    trials = na.Trials(np.ones((9, 2, 3)), lengths=[9, 5])
    axes = draw(na.plot.activity(net.run(trials), trial=1))
    assert axes[1].images[0].get_array().shape == (16, 5) and axes[2].get_xlim() == (0, 100)


def test_psychometric(net):
    (ax,) = draw(na.plot.psychometric(net, task(), trials=200))
    assert ax.get_xlabel() == "signed coherence (%)" and "200 trials" in ax.texts[0].get_text()
    evaluation = na.evaluate(net, task(), trials=100)
    (ax,) = draw(na.plot.psychometric(evaluation, condition="coherence"))
    assert ax.get_xlabel() == "coherence (%)"  # the evaluation knows of which task it is
    with pytest.raises(na.InvalidError, match="task"):
        na.plot.psychometric(net)


@pytest.mark.parametrize("x, fits", [([-20.0, 20.0], False), ([-20.0, 0.0, 20.0], True)])
def test_two_points_are_joined_and_not_fitted(net, monkeypatch, x, fits):
    """A curve of two parameters goes through any two, and says nothing of what is between them."""
    from neuroai import _plot_behaviour

    n = np.full(len(x), 100.0)
    made = _plot_behaviour.Choices(np.array(x), np.linspace(0.1, 0.9, len(x)), n, True, "fraction of choice 2")
    monkeypatch.setattr(_plot_behaviour, "choices_over", lambda evaluation, condition: made)
    (ax,) = draw(na.plot.psychometric(net, task(), trials=200))
    assert max(len(line.get_xdata()) for line in ax.lines) == (400 if fits else 2)


def test_the_logistic_fit_finds_what_made_the_data():
    pytest.importorskip("scipy")
    from neuroai.fits import fit_psychometric, logistic_curve

    x, n = np.linspace(-40, 40, 9), np.full(9, 10_000)
    made = 1 / (1 + np.exp(-(0.3 + 0.08 * x)))
    np.testing.assert_allclose(logistic_curve(x, np.round(made * n), n)(x), made, atol=1e-4)
    trials = np.full(9, 10)
    for counts in ([3, 0, 4, 1, 5, 7, 9, 8, 10], [9, 8, 9, 3, 5, 2, 0, 1, 0], [5, 5, 5, 5, 5, 5, 5, 5, 6]):
        fitted = fit_psychometric(x, counts, trials, "logistic")
        np.testing.assert_allclose(logistic_curve(x, counts, trials)(x), fitted(x), atol=1e-4)
    step = logistic_curve(x, (x > 5) * 20, np.full(9, 20))  # separable
    np.testing.assert_allclose(step(x), x > 5, atol=1e-6)


def test_spectrum(net):
    (ax,) = draw(na.plot.spectrum(net))
    assert len(ax.lines[0].get_xdata()) == 16 and ax.get_aspect() == 1
    assert np.allclose(sorted(ax.lines[0].get_xdata()), sorted(net.spectrum().eigenvalues.real))
    assert [circle.get_label() for circle in ax.patches] == ["random weights", "|$\\lambda$| = 1", "radius"]
    assert ax.patches[2].radius == net.spectrum().radius


def test_the_leading_part_of_a_spectrum(net):
    pytest.importorskip("scipy")
    (ax,) = draw(na.plot.spectrum(net, k=5))
    found = net.spectrum(k=5)
    assert np.allclose(ax.lines[0].get_xdata(), found.eigenvalues.real)
    inner = next(circle for circle in ax.patches if circle.get_label() == "not computed")
    assert inner.radius == pytest.approx(np.abs(found.eigenvalues).min())
    assert ax.get_title() == f"5 leading of 16 eigenvalues of W,\nspectral radius {found.radius:.2f}"
    with pytest.raises(na.InvalidError, match="k is 15"):
        na.plot.spectrum(net, k=15)


def test_everything_in_axes_of_one_s_own(net):
    figure, axes = plt.subplots(2, 3, layout="constrained")
    record = history(net, evaluate_every=10)
    na.plot.history(record, ax=axes[0, 0])
    na.plot.weights(net, ax=axes[0, 1])
    na.plot.activity(net.run(np.ones((9, 3))), ax=axes[0, 2])
    na.plot.psychometric(net, task(), trials=50, ax=axes[1, 0])
    na.plot.spectrum(net, ax=axes[1, 1])
    figure.canvas.draw()
    assert plt.get_fignums() == [figure.number]
    free = plt.figure().add_axes((0.2, 0.2, 0.5, 0.5))
    assert len(draw(na.plot.history(record, ax=free))) == 2


def test_excitation_is_red_and_inhibition_blue():
    net = na.Network(20)
    for name, sign in (("E1", 1), ("E2", 1), ("I1", -1), ("I2", -1), ("x", 0)):
        net.population(name, 2, sign)
    colours = {name: to_rgb(colour) for name, colour in na.plot.colours(net).items()}
    assert len(set(colours.values())) == 5
    assert all(colours[name][0] > colours[name][2] for name in ("E1", "E2"))
    assert all(colours[name][2] > colours[name][0] for name in ("I1", "I2"))
    assert na.plot.colours(small()) == {"E": na.plot.EXCITATORY[0], "I": na.plot.INHIBITORY[0]}
