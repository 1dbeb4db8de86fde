"""Pictures of tasks, curricula, behaviour, space and activity: drawn without error, and what they show is right."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

import neuroai as na
from neuroai import _plot_space


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def pdm(**values):
    return na.tasks.PerceptualDecisionMaking(**{"fixation": 40, "stimulus": 200, "decision": 40, **values})


def draw(axes):
    """Really draws, and gives the axes as a list."""
    axes = list(np.atleast_1d(axes))
    axes[0].figure.canvas.draw()
    return axes


def span(patch):
    """(from, to) on the x axis; older versions of matplotlib draw a span as a polygon."""
    x = patch.get_patch_transform().transform(patch.get_path().vertices)[:, 0]
    return round(float(x.min()), 6), round(float(x.max()), 6)


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def network(outputs=2, **population):
    net = na.Network(dt=20).input("stimulus", 3).population("E", 12, sign=+1, **population)
    return net.output("choice", outputs).connect("stimulus", "E").connect("E", "E").connect("E", "choice").build(3)


def dots(**values):
    return na.tasks.SongRandomDotsReactionTime(**{"catch_duration": 400, "stimulus": 500, "grace": 100, **values})


# --- the task --------------------------------------------------------------------------------------------------------


def test_a_task_with_classes(net):
    names = {"stimulus": ["cue", "left", "right"], "choice": ["wait", "left", "right"]}
    inputs, output = draw(na.plot.task(pdm(), net, trial=3, labels=names))
    trials = pdm().trials(net, 4)
    assert texts(inputs.get_legend()) == names["stimulus"] and len(inputs.lines) == 3 + 2  # epochs
    assert (inputs.lines[1].get_ydata()[1:] == trials.inputs[:, 3, 1]).all()
    target = int(trials.conditions["target"][3])
    bars = [(bar.get_x(), bar.get_width(), round(bar.get_y() + bar.get_height() / 2)) for bar in output.patches[-2:]]
    assert bars == [(0, 240, 0), (240, 40, target)]
    assert [tick.get_text() for tick in output.get_yticklabels()] == names["choice"]
    assert "ms" in inputs.get_title() and "%" in inputs.get_title() and output.get_xlim() == (0, 280)


def test_a_task_with_real_targets_and_a_mask():
    net = network()
    task = dots(catch=0)
    inputs, output = draw(na.plot.task(task, net))
    trials = task.trials(net, 1)
    time = np.arange(trials.steps + 1) * 20.0
    counted = [line for line in output.lines if line.get_linestyle() == "-"]
    shown = counted[0].get_ydata()[1:]
    counts = trials.mask[:, 0].max(axis=1) > 0
    assert (np.isfinite(shown) == counts).all() and (shown[counts] == trials.targets[counts, 0, 0]).all()
    spans = [span(patch) for patch in output.patches]
    starts = time[:-1][counts & ~np.concatenate([[False], counts[:-1]])]
    assert [first for first, _ in spans] == starts.tolist() and len(spans) == 2
    assert texts(output.get_legend())[-1] == "counts"


def test_epochs_have_their_names_above_and_a_line_where_they_begin(net):
    inputs, output = draw(na.plot.task(pdm(delay=100, decision=40), net))
    assert [text.get_text() for text in inputs.texts] == ["fixation", "stimulus", "delay", "decision"]
    epochs = pdm(delay=100, decision=40).trials(net, 1).epochs
    starts = [epochs[name][0, 0] * net.dt for name in ("stimulus", "delay", "decision")]
    dotted = [[line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"] for ax in (inputs, output)]
    assert dotted[0][-3:] == dotted[1][-3:] == starts

    steps = {"early": [[0, 4]], "late": [[2, 6]], "never": [[0, 0]]}
    (panel, _) = draw(na.plot.task(na.Trials(np.ones((6, 1, 3)), np.zeros((6, 1), int), epochs=steps), net))
    assert [text.get_text() for text in panel.texts] == ["early", "late"]
    assert panel.texts[0].xyann[1] < panel.texts[1].xyann[1]  # of two at once one stands above the other


def test_many_channels_are_a_heat_map_and_weights_of_steps_are_written():
    net = na.Network(dt=20).input("ring", 20).population("p", 3).output("z", 2)
    net.connect("ring", "p").connect("p", "z").build()
    inputs = np.random.default_rng(0).random((10, 1, 20))
    mask = np.repeat([1.0, 0.0, 5.0], [4, 2, 4])[:, None]
    trials = na.Trials(inputs, np.zeros((10, 1, 2)), mask, conditions={"x": [3]})
    ring, output = draw(na.plot.task(trials, net))
    assert np.allclose(ring.images[0].get_array(), inputs[:, 0].T)
    assert [text.get_text() for text in output.texts] == ["$\\times$1", "$\\times$5"] and ring.get_title() == "x 3"


def test_several_outputs_and_trials_without_targets():
    net = na.Network(dt=20).input("u", 2).population("p", 3).output("a", 2).output("b", 1)
    net.connect("u", "p").connect("p", "a").connect("p", "b").build()
    targets = {"a": np.zeros((6, 1), int), "b": np.ones((6, 1, 1))}
    axes = draw(na.plot.task(na.Trials(np.ones((6, 1, 2)), targets, lengths=[4]), net))
    assert [ax.get_ylabel() for ax in axes] == ["u", "a", "b"] and axes[-1].get_xlim() == (0, 80)
    axes = draw(na.plot.task(na.Trials(np.ones((6, 1, 2))), net))
    assert axes[1].texts[0].get_text() == "no targets"
    with pytest.raises(na.InvalidError, match="trial is 1"):
        na.plot.task(na.Trials(np.ones((6, 1, 2))), net, trial=1)
    with pytest.raises(na.InvalidError, match="2 channels"):
        na.plot.task(na.Trials(np.ones((6, 1, 2))), net, labels={"u": ["one"]})


# --- a curriculum ----------------------------------------------------------------------------------------------------


def test_the_course_of_a_curriculum(net):
    course = na.Curriculum(
        na.Stage("easy", 0, coherence=[51.2, 100]),
        na.Stage("shaped", 0, coherence=na.Staircase(100, 10, step=60, harder_at=0, easier_at=0)),
        na.Stage("last", 1, stimulus=100),
    )
    cost = na.CrossEntropy("choice")
    trainer = na.Trainer(net, pdm(), cost, curriculum=course, batch=4, evaluate_every=5, evaluate_trials=20)
    history = trainer.fit(40, progress=False)
    above, below = draw(na.plot.curriculum(history, course, pdm()))
    assert [text.get_text() for text in above.texts] == ["easy", "shaped", "last"]
    assert [span(patch) for patch in above.patches] == [(0, 5), (5, 20), (20, 40)]
    assert (above.lines[-1].get_ydata() == history.performance).all() and below.get_ylabel() == "coherence (%)"
    stairs = below.patches[-1].get_data()
    assert stairs.values.tolist() == [100, 40, 10, 10] and stairs.edges.tolist() == [5, 10, 15, 20, 20]
    assert len(draw(na.plot.curriculum(history))) == 1
    with pytest.raises(na.InvalidError, match="curriculum"):
        na.plot.curriculum(na.Trainer(net, pdm(), cost, batch=4).fit(3, progress=False))


# --- behaviour -------------------------------------------------------------------------------------------------------


def test_a_fitted_psychometric_curve(net):
    pytest.importorskip("scipy")
    evaluation = na.evaluate(net, pdm(), trials=300)
    known = evaluation.conditions["coherence"]

    class Better:
        """The same trials with choices that depend on them."""

        conditions = evaluation.conditions
        correct = (np.random.default_rng(0).random(300) < 1 - 0.5 * np.exp(-known / 12)).astype(np.int32)
        choice = np.where(correct == 1, conditions["target"], 3 - conditions["target"]).astype(np.int32)
        fit, where, _two_choices = na.Evaluation.fit, na.Evaluation.where, na.Evaluation._two_choices

    from neuroai._plot_behaviour import draw_fit

    fit = Better().fit()
    figure, axes = plt.subplots(1, 2)
    draw_fit(axes[0], fit, "coherence", Better())
    points = axes[0].containers[0].lines[0]
    assert np.allclose(points.get_ydata(), fit.fraction)
    assert [tick.get_text() for tick in axes[0].get_xticklabels()] == ["0", "6.4", "12.8", "25.6", "51.2"]
    assert "alpha" in axes[0].texts[0].get_text() and "300 trials" in axes[0].texts[0].get_text()
    curve = axes[0].lines[1]
    assert np.allclose(curve.get_ydata(), fit(2.0 ** curve.get_xdata()))
    draw_fit(axes[1], Better().fit(shape="logistic"), "signed coherence", Better())
    assert axes[1].get_ylabel() == "fraction of choice 2" and "bias" in axes[1].texts[0].get_text()
    figure.canvas.draw()


def test_psychometric_with_a_shape():
    pytest.importorskip("scipy")
    net = na.Network(dt=20).input("u", 2).population("p", 2, tau=20).output("z", 2)
    net.connect("u", "p", initial=np.eye(2)).connect("p", "z", initial=np.eye(2)).build()

    def compare(batch):
        for b, generator in batch.generators():
            x = generator.choice([-8, -4, -2, 2, 4, 8])
            batch.input[:, b] = [5, 5 + x / 5 + generator.normal()]
            batch.classes[:, b] = x > 0
            batch.conditions["x"][b] = x

    task = na.Task(compare, steps=1, conditions=["x"])
    (ax,) = draw(na.plot.psychometric(net, task, trials=500, shape="weibull"))
    assert ax.get_xlabel() == "x" and ax.get_ylabel() == "fraction correct" and "500 trials" in ax.texts[0].get_text()
    (ax,) = draw(na.plot.psychometric(net, task, trials=500, lapse=0.01))
    assert ax.get_ylabel() == "fraction of choice 1" and "bias" in ax.texts[0].get_text()


def test_confusion(net):
    evaluation = na.evaluate(net, pdm(), trials=200)
    (ax,) = draw(na.plot.confusion(evaluation, {1: "left", 2: "right"}))
    counts = evaluation.confusion().counts
    written = [int(text.get_text().split("(")[1][:-1]) for text in ax.texts if "(" in text.get_text()]
    assert written == counts.ravel().tolist() and ax.get_xlabel() == "choice"
    assert "left" in [tick.get_text() for tick in ax.get_yticklabels()]
    many = na.Confusion(np.arange(10), np.eye(10, dtype=int))
    assert len(draw(na.plot.confusion(many))[0].texts) == 10


def test_chronometric():
    net, task = network(noise=0.1), dots(catch=0)
    run = net.run(task.trials(net, 300))
    times = na.reaction_times(run, float(np.quantile(run.outputs["choice"].max(axis=(0, 2)), 0.3)))
    (ax,) = draw(na.plot.chronometric(times, task=task))
    table = times.curve()
    shown = table.n_correct > 0
    assert np.allclose(ax.containers[0].lines[0].get_ydata(), table.mean_correct[shown])
    assert ax.get_xlabel() == "coherence (%)" and str(table.n_correct.sum()) in texts(ax.get_legend())[0]


# --- space -----------------------------------------------------------------------------------------------------------


def test_the_network_in_space(net):
    for view in ("3d", "xy"):
        (ax,) = draw(na.plot.space(net, wires=20, view=view))
        synapses = sum(np.count_nonzero(net.mask(pre, post)) for pre in "EI" for post in "EI")
        assert f"strongest 20 of {synapses} wires" in texts(ax.get_legend())
        assert "E: 12 excitatory" in texts(ax.get_legend()) and ax.get_xlabel() == "x (mm)"
        wires, *units = ax.collections
        assert len(wires.get_linewidths()) == 20 and [len(scatter.get_offsets()) for scatter in units] == [12, 4]
    strongest = max(np.abs(net.weights(pre, post)).max() for pre in "EI" for post in "EI")
    sender = next(pre for pre in "EI" for post in "EI" if np.abs(net.weights(pre, post)).max() == strongest)
    assert to_rgba(na.plot.colours(net)[sender])[:3] == tuple(wires.get_colors()[-1][:3])
    ends = wires.get_segments()[-1]
    places = net.positions(sender)[:, :2]
    assert np.isclose(places, ends[0]).all(axis=1).any()
    assert np.all(np.diff(wires.get_linewidths()) >= 0)
    with pytest.raises(na.InvalidError, match="view"):
        na.plot.space(net, view="zx")
    with pytest.raises(na.InvalidError, match="place"):
        na.plot.space(network())


def test_weights_over_distance():
    net = na.Network(dt=20).input("u", 1).population("E", 60, sign=+1).population("I", 20, sign=-1).output("z", 1)
    net.place("E I", box=(1, 1, 1)).connect("u", "E").connect("E", "z")
    net.connect("E I", "E I", density=0.3).build(2)
    for pre in "EI":
        for post in "EI":
            apart = np.linalg.norm(net.positions(post)[:, None] - net.positions(pre)[None], axis=2)
            sign = net.sign(pre)
            net.set_weights(pre, post, sign * net.mask(pre, post) * np.exp(-apart))
    upper, lower = draw(na.plot.distance(net, bins=6))
    assert texts(upper.get_legend()) == ["excitatory, mean", "inhibitory, mean"]
    for container in upper.containers:
        x, y = container.lines[0].get_data()
        assert len(x) == 6 and np.allclose(y, np.exp(-x), atol=0.03)
    p = np.concatenate([container.lines[0].get_ydata() for container in lower.containers])
    assert np.allclose(p, 0.3, atol=0.12) and np.mean(p) == pytest.approx(0.3, abs=0.03)
    assert len(draw(na.plot.distance(net, "E", bins=3))) == 2
    with pytest.raises(na.InvalidError, match="bins"):
        na.plot.distance(net, bins=0)


@pytest.mark.parametrize("n", [2, 3])
def test_weights_over_one_distance(n):
    place = np.eye(3)[:n]  # all as far from each other
    net = na.Network(dt=20).population("E", n, sign=+1).place("E", positions=place).connect("E", "E").build(1)
    upper, lower = draw(na.plot.distance(net))
    assert [container.lines[0].get_data() for container in lower.containers] == [([pytest.approx(2**0.5)], [1.0])]


def test_weights_over_no_distance_are_refused():
    net = na.Network(dt=20).population("E", 1).place("E", box=(1, 1, 1)).connect("E", "E").build(1)
    with pytest.raises(na.InvalidError, match="names: no two of their units could have a synapse"):
        na.plot.distance(net)


def test_trajectories_of_few_units_say_what_may_be_asked_for():
    net = na.Network(dt=20).input("u", 1).population("E", 2).connect("u", "E").build(1)
    inputs = np.random.default_rng(1).normal(size=(9, 3, 1))
    run = net.run(na.Trials(inputs, conditions={"side": [1, 2, 2]}), progress=False)
    with pytest.raises(na.InvalidError, match="dimensions is 3, but there are 2 components"):
        na.plot.trajectories(run)


def placed(weight=None, n=60):
    net = na.Network(dt=20).population("E", n, sign=+1).population("I", n // 3, sign=-1).place("E I", box=(1, 1, 1))
    for name, sign in (("E", 1), ("I", -1)):
        initial = {} if weight is None else {"initial": na.Constant(sign * weight)}
        net.connect(name, "E I", density=0.3, **initial)
    return net.build(2)


def test_of_equal_wires_those_drawn_are_from_everywhere():
    net = placed(0.5)
    (ax,) = draw(na.plot.space(net, wires=100, view="xy"))
    wires = ax.collections[0]
    ends = {tuple(segment[1].round(5)) for segment in wires.get_segments()}
    assert len(wires.get_segments()) == 100 and len(ends) > 40  # units that receive one, of 80
    everything = draw(na.plot.space(net, wires=10**6, view="xy"))[0].collections[0].get_segments()
    assert len(everything) == sum(np.count_nonzero(net.mask(*ends) - same(net, *ends)) for ends in net.projections)
    assert len(draw(na.plot.space(net, wires=0))) == 1


def same(net, pre, post):
    return net.mask(pre, post) * np.eye(net.size(post), net.size(pre)) if pre == post else 0


def test_distances_of_many_units_are_of_some_pairs(monkeypatch):
    net = placed(n=150)
    every = draw(na.plot.distance(net, bins=5))
    monkeypatch.setattr(_plot_space, "_PAIRS", 8000)
    monkeypatch.setattr(_plot_space, "_DOTS", 500)
    some = draw(na.plot.distance(net, bins=5))
    for row in range(2):
        for one, other in zip(every[row].containers, some[row].containers):
            (x, y), (x_some, y_some) = one.lines[0].get_data(), other.lines[0].get_data()
            np.testing.assert_allclose(x_some, x, rtol=0.05)
            np.testing.assert_allclose(y_some, y, rtol=0.15)
    lines = [[line for line in panels[0].lines if line.get_marker() == "."] for panels in (every, some)]
    dots = [sum(len(line.get_xdata()) for line in those) for those in lines]
    assert dots[0] == len(net.synapses()) - sum(int(np.trace(net.mask(*ends))) for ends in (("E", "E"), ("I", "I")))
    assert 495 <= dots[1] <= 500


def test_no_picture_of_a_network_makes_a_matrix_of_all_units(monkeypatch):
    net = placed()

    def refuse(*_):
        raise AssertionError("a whole matrix")

    for name in ("weights", "mask", "plastic"):
        monkeypatch.setattr(na.Network, name, refuse)
    for show in ("mean", "sum", "density"):
        draw(na.plot.weights(net, show=show))
    for by in ("population", "sign", "projection"):
        draw(na.plot.degrees(net, by=by))
        draw(na.plot.weight_distribution(net, by=by))
    for picture in (na.plot.space, na.plot.distance, na.plot.blocks, na.plot.spectrum):
        draw(picture(net))
    draw(na.plot.microcircuit(na.microcircuit([4, 3, 2]).build(1)))


# --- activity --------------------------------------------------------------------------------------------------------


def test_responses(net):
    run = net.run(pdm().trials(net, 120))
    values, means = na.condition_means(run)
    panels = draw(na.plot.responses(run, units=[("E", 3), ("I", 0)], task=pdm()))
    assert [panel.get_title() for panel in panels] == ["E 3", "I 0"] and len(panels[0].lines) == len(values)
    assert np.allclose(panels[1].lines[4].get_ydata(), means[4, :, 12])
    assert len(draw(na.plot.responses(run, units=4))) == 4 and len(draw(na.plot.responses(run, units=1))) == 1
    selective = means.var(axis=0).mean(axis=0).argmax()
    (panel,) = na.plot.responses(run, units=1)
    assert panel.get_title() == (f"E {selective}" if selective < 12 else f"I {selective - 12}")
    panels = draw(na.plot.responses(run, kind="heat", where={"coherence": 51.2}))
    assert [panel.get_title().strip() for panel in panels] == ["\N{MINUS SIGN}51.2", "+51.2"]
    image = np.asarray(panels[0].images[0].get_array())
    assert np.allclose(np.sort(image.sum(axis=1)), np.sort(means[0].sum(axis=0)), atol=1e-4)
    for options, message in (
        ({"kind": "bars"}, "kind"),
        ({"units": 0}, "units is 0"),
        ({"units": [("E", 12)]}, "no unit"),
    ):
        with pytest.raises(na.InvalidError, match=message):
            na.plot.responses(run, **options)


def test_trajectories(net):
    run = net.run(pdm().trials(net, 120))
    found = na.pca(run)
    (ax,) = draw(na.plot.trajectories(run))
    assert ax.name == "3d" and ax.get_xlabel() == f"PC 1 ({100 * found.explained[0]:.0f} %)"
    (ax,) = draw(na.plot.trajectories(found, dimensions=2, task=pdm()))
    assert np.allclose(ax.lines[0].get_xydata(), found.trajectories[0, :, :2])
    legend = ax.get_legend()
    assert texts(legend)[0] == "+51.2" and texts(legend)[4] == "0" and "%" in legend.get_title().get_text()
    with pytest.raises(na.InvalidError, match="dimensions"):
        na.plot.trajectories(run, dimensions=4)
    with pytest.raises(na.InvalidError, match="2 components"):
        na.plot.trajectories(na.pca(run, components=2), dimensions=3)
    with pytest.raises(na.InvalidError, match="conditions"):
        na.plot.trajectories(net.run(np.ones((4, 3))))


def test_everything_in_axes_of_one_s_own(net):
    figure, axes = plt.subplots(3, 3, layout="constrained", figsize=(14, 12))
    run = net.run(pdm().trials(net, 60))
    na.plot.task(pdm(), net, ax=axes[0, 0])
    na.plot.confusion(na.evaluate(net, pdm(), trials=50), ax=axes[0, 1])
    na.plot.space(net, ax=axes[0, 2])
    na.plot.space(net, view="yz", ax=axes[1, 0])
    na.plot.distance(net, ax=axes[1, 1])
    na.plot.responses(run, ax=axes[1, 2])
    na.plot.responses(run, kind="heat", ax=axes[2, 0])
    na.plot.trajectories(run, ax=axes[2, 1])
    na.plot.trajectories(run, dimensions=2, ax=axes[2, 2])
    figure.canvas.draw()
    assert plt.get_fignums() == [figure.number]
    free = plt.figure().add_axes((0.2, 0.2, 0.5, 0.5))
    assert draw(na.plot.space(net, ax=free))[0].name == "3d"
    own = plt.figure().add_subplot(projection="3d")
    assert na.plot.space(net, ax=own)[0] is own


def test_colours_of_conditions_tell_sign_and_strength():
    from neuroai._draw import condition_colours

    values = [-51.2, -6.4, 0, 6.4, 51.2]
    light = [sum(to_rgba(colour)[:3]) for colour in condition_colours(values)]
    assert light[0] < light[1] and light[4] < light[3]
    assert to_rgba(condition_colours(values)[0])[0] > to_rgba(condition_colours(values)[0])[2]  # orange
    assert to_rgba(condition_colours(values)[4])[2] > to_rgba(condition_colours(values)[4])[1]  # purple
    assert len({tuple(to_rgba(colour)) for colour in condition_colours([1, 2, 3])}) == 3


# --- units with several ports ----------------------------------------------------------------------------------------


def branched():
    net = na.Network(dt=10).input("x", 2).output("z", 1)
    net.population("E", 6, +1, model="dendritic", branches=2).population("I", 4, -1).place("E I", box=(1, 1, 1))
    net.connect("x", "E:dendrite+").connect("I", "E:dendrite E:soma").connect("E", "I").connect("E", "z")
    return net.connect("E", "E:dendrite E:soma", density=0.5).build(1)


def test_weights_onto_ports_and_branches_are_added():
    net = branched()
    matrix = np.asarray(na.plot.weights(net)[0].images[0].get_array())
    for source, columns in (("E", slice(0, 6)), ("I", slice(6, 10))):
        sign = "+" if source == "E" else "-"
        onto = net.weights(source, f"E:dendrite{sign}")
        total = net.weights(source, "E:soma") + onto[:6] + onto[6:]
        np.testing.assert_allclose(matrix[:6, columns], total, rtol=1e-6)
    np.testing.assert_allclose(matrix[6:, :6], net.weights("E", "I"), rtol=1e-6)


def test_synapses_onto_ports_and_branches_count():
    net = branched()
    found = np.abs(np.asarray(na.plot.blocks(net)[0].images[0].get_array()))
    onto = net.mask("E", "E:dendrite+").sum() + net.mask("E", "E:soma").sum()
    np.testing.assert_allclose(found[0, 0], onto / (3 * 6 * 5), rtol=1e-6)  # without autapses
    np.testing.assert_allclose(found[0, 1], 1)
    draw(na.plot.space(net, wires=40))
    upper, lower = draw(na.plot.distance(net))
    drawn = sum(len(line.get_xdata()) for line in upper.lines if line.get_marker() == ".")
    assert drawn == onto + 3 * 6 * 4 + 6 * 4


def test_alignment_of_projections_onto_ports():
    net = branched()
    trials = na.Trials(np.ones((5, 2, 2), np.float32), np.ones((5, 2, 1), np.float32))
    trainer = na.Trainer(net, trials, na.MSE("z"), na.BPTT(), batch=2)
    (ax,) = na.plot.alignment(na.AlignmentHistory(trainer))
    assert "I \N{RIGHTWARDS ARROW} E:dendrite-" in [line.get_label() for line in ax.lines]
