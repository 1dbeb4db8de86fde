"""Every picture can be read: its texts lie inside the figure and not on each other, wherever it is drawn.

What is checked are the texts that a renderer draws, each as the rectangle that it fills, turned as it is.
"""

import copy
import inspect
from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
import pytest
from every_picture import CASES, network
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import neuroai as na

#: Pixels (here points) by which texts may go beyond the figure, and by which two may lie on each other: rounding, and
#: the room that is kept below a line for letters that it has not.
BEYOND, UPON = 1.0, 2.0
#: The least height and width of panels, in pixels: smaller ones are not to be read.
LEAST = 16

PLACES = ["figure", "axes", "subplots"]
CALLS = sorted(CASES)


@pytest.fixture(autouse=True)
def closed():
    with plt.rc_context({"figure.dpi": 72}):
        yield
    plt.close("all")


# --- texts -----------------------------------------------------------------------------------------------------------


@contextmanager
def recorded():
    """The texts that are drawn: (what, corners [4, 2])."""
    found, draw = [], Text.draw

    def record(text, renderer, *rest, **more):
        draw(text, renderer, *rest, **more)
        if text.get_visible() and text.get_text().strip() and text.get_alpha() != 0:
            found.append((text.get_text(), corners(text, renderer)))

    Text.draw = record
    try:
        yield found
    finally:
        Text.draw = draw


def corners(text, renderer):
    """Of the rectangle of a text. It and the box around it have the same centre."""
    box = Text.get_window_extent(text, renderer)
    angle = text.get_rotation()
    if angle % 90:
        text.set_rotation(0)
        flat = Text.get_window_extent(text, renderer)
        text.set_rotation(angle)
        size = np.array([flat.width, flat.height])
    else:
        size, angle = np.array([box.width, box.height]), 0
    turn = np.deg2rad(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size / 2) @ matrix.T + [
        (box.x0 + box.x1) / 2,
        (box.y0 + box.y1) / 2,
    ]


def depth(one, other):
    """By how much two rectangles lie on each other: the least over the directions of their sides."""
    least = np.inf
    for rectangle in (one, other):
        for side in (rectangle[1] - rectangle[0], rectangle[2] - rectangle[1]):
            axis = side / max(1e-9, np.linalg.norm(side))
            a, b = one @ axis, other @ axis
            least = min(least, a.max() - b.min(), b.max() - a.min())
    return least


def faults(figure):
    """Draws a figure once, and says what cannot be read."""
    with recorded() as texts:
        figure.canvas.draw()
    width, height = figure.bbox.width, figure.bbox.height
    found = []
    for what, place in texts:
        low, high = place.min(axis=0), place.max(axis=0)
        beyond = max(-low[0], -low[1], high[0] - width, high[1] - height)
        if beyond > BEYOND:
            found.append(f"{what!r} runs {beyond:.0f} px out of the figure")
    boxes = np.array([[*place.min(axis=0), *place.max(axis=0)] for _, place in texts])
    near = (boxes[:, None, :2] < boxes[None, :, 2:] - UPON).all(axis=2)
    for k, j in zip(*np.nonzero(np.triu(near & near.T, 1))):
        over = depth(texts[k][1], texts[j][1])
        if over > UPON:
            found.append(f"{texts[k][0]!r} and {texts[j][0]!r} lie {over:.0f} px on each other")
    return found


def panels(axes):
    """Those that are given back, as all calls do it; too small ones are a fault."""
    found = []
    assert isinstance(axes, np.ndarray) and axes.ndim == 1 and all(isinstance(ax, Axes) for ax in axes)
    for ax in axes:
        box = ax.get_window_extent()
        if min(box.width, box.height) < LEAST:
            found.append(f"a panel of {box.width:.0f} x {box.height:.0f} px")
    return found


def test_the_test_sees_what_it_looks_for():
    figure = plt.figure(figsize=(4, 3))
    figure.text(0.5, 0.5, "alone")
    assert faults(figure) == []
    figure.text(0.52, 0.5, "upon it")
    figure.text(0.9, 0.1, "running out of it")
    figure.text(0.1, 0.9, "hidden", visible=False)
    figure.text(0.1, 0.9, "transparent", alpha=0)
    first, second = faults(figure)
    assert "running out of it" in first and "'alone' and 'upon it'" in second
    turned = plt.figure(figsize=(4, 3))
    for place in (0.3, 0.4):
        turned.text(place, 0.3, "names side by side", rotation=45)
    assert faults(turned) == []  # the boxes around them overlap; they do not
    turned.text(0.35, 0.35, "names side by side", rotation=45)
    assert len(faults(turned)) == 1 or len(faults(turned)) == 2


# --- every picture ---------------------------------------------------------------------------------------------------


def test_every_picture_has_a_case():
    drawing = {
        name
        for name in na.plot.__all__
        if inspect.isfunction(getattr(na.plot, name)) and "ax" in inspect.signature(getattr(na.plot, name)).parameters
    }
    assert drawing == set(CASES)


@pytest.mark.filterwarnings("error:constrained_layout not applied")
@pytest.mark.parametrize("call", CALLS)
def test_in_a_figure_of_its_own(call):
    found = {}
    for label, draw in CASES[call]:
        axes = draw()
        found[label] = faults(axes[0].figure) + panels(axes)
        plt.close("all")
    assert not any(found.values()), report(found)


@pytest.mark.filterwarnings("error:constrained_layout not applied")
@pytest.mark.parametrize("call", CALLS)
def test_in_given_axes(call):
    found = {}
    for label, draw in CASES[call]:
        axes = draw(plt.figure().add_subplot())
        found[label] = faults(axes[0].figure) + panels(axes)
        plt.close("all")
    assert not any(found.values()), report(found)


@pytest.mark.filterwarnings("error:constrained_layout not applied")
@pytest.mark.parametrize("call", CALLS)
def test_in_subplots(call):
    """Three at a time beside a picture of the user's own, in a figure without a layout."""
    found = {}
    for first in range(0, len(CASES[call]), 3):
        figure, grid = plt.subplots(2, 2, figsize=(11, 9))
        grid[0, 0].plot([0, 1])
        grid[0, 0].set(xlabel="time", ylabel="something", title="one's own")
        small = []
        some = CASES[call][first : first + 3]
        for (_, draw), place in zip(some, grid.ravel()[1:]):
            small.append(draw(place))
        found[", ".join(label for label, _ in some)] = faults(figure) + [one for axes in small for one in panels(axes)]
        plt.close("all")
    assert not any(found.values()), report(found)


def positions(figure):
    figure.canvas.draw()
    return [tuple(np.round(ax.get_position().bounds, 6)) for ax in figure.axes]


def test_what_a_user_has_arranged_stays_so():
    net, place = network(2), (0.3, 0.3, 0.4, 0.4)
    figure = plt.figure()
    na.plot.weight_distribution(net, ax=figure.add_axes(place))
    assert positions(figure) == [place]
    for arrange in (lambda figure: figure.subplots_adjust(wspace=0.7), lambda figure: figure.tight_layout()):
        for before in (True, False):
            figure, grid = plt.subplots(1, 2)
            if before:
                arrange(figure)
            na.plot.distance(net, ax=grid[0])
            na.plot.weight_distribution(net, ax=grid[1])
            if not before:
                arrange(figure)
            own = [ax.get_position().bounds for ax in figure.axes]
            assert np.allclose(positions(figure), own, atol=1e-6)
    figure = plt.figure()  # of two grids, which a layout would put upon each other
    left, right = figure.add_gridspec(1, 1, right=0.4), figure.add_gridspec(1, 1, left=0.6)
    na.plot.weight_distribution(net, ax=figure.add_subplot(left[0]))
    na.plot.distance(net, ax=figure.add_subplot(right[0]))
    (one, *others) = positions(figure)
    assert one[0] + one[2] == pytest.approx(0.4) and others[0][0] == pytest.approx(0.6)
    figure, grid = plt.subplots(1, 2, layout="tight")
    na.plot.weight_distribution(net, ax=grid[0])
    assert type(figure.get_layout_engine()).__name__ == "TightLayoutEngine"


def test_colours_hold_in_every_area():
    """Red and blue, each another, and dark enough to be read on white (a contrast of 3)."""
    for count in (9, 60):
        net = na.Network(20)
        for k in range(count):
            net.population(f"A{k}/{'EIX'[k % 3]}", 2, (+1, -1, 0)[k % 3])
        colours = {name: np.array(to_rgb(colour)) for name, colour in na.plot.colours(net).items()}
        for name, (red, green, blue) in colours.items():
            assert name[-1] != "E" or red > 1.3 * max(green, blue)
            assert name[-1] != "I" or blue > 1.2 * max(red, green)
            linear = np.array([red, green, blue]) ** 2.2 @ [0.2126, 0.7152, 0.0722]
            assert 1.05 / (linear + 0.05) > 3
        for sign in "EI":
            assert len({tuple(colour) for name, colour in colours.items() if name[-1] == sign}) == count // 3


def test_units_of_conditions_are_known_from_the_task():
    net = network(2)
    trials = na.tasks.DelayMatchSample().trials(net, 4)
    run = net.run(trials)
    (ax,) = na.plot.trajectories(run, "test", dimensions=2)
    assert ax.get_legend().get_title().get_text() == "test\n(rad)"  # the parameter of that name is a duration
    inputs = na.plot.activity(run)[0]
    assert "delay 1000 ms" in inputs.get_title() and "rad" in inputs.get_title()

    class Own(na.Task):
        steps, conditions, units = 5, ("size",), {"size": "mm"}

        def generate(self, batch):
            for b, generator in batch.generators():
                batch.conditions["size"][b] = generator.integers(3) / 3
                batch.classes[:, b] = generator.integers(3)

    assert na.plot.activity(net.run(Own().trials(net, 2)))[0].get_title() in ("size 0 mm", "size 0.333 mm", "size 0.667 mm")
    for evaluation in (na.evaluate(net, Own(), 60), na.evaluate(net, Own().trials(net, 60)), copy.deepcopy(na.evaluate(net, Own(), 60))):
        assert na.plot.psychometric(evaluation)[0].get_xlabel() == "size (mm)"


def report(found):
    return "\n" + "\n".join(
        f"{label}: " + "; ".join(some[:6]) + (f" ... {len(some)} in all" if len(some) > 6 else "")
        for label, some in found.items()
        if some
    )
