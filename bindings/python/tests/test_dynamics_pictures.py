"""Pictures of dynamics draw what was found."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import small
from test_dynamics import one_unit

import neuroai as na


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def found():
    return na.fixed_points(one_unit(2), np.linspace(-2, 2, 5)[:, None], progress=False)


def test_fixed_points_alone_and_among_trajectories():
    points = found()
    ax = na.plot.fixed_points(points)[0]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["stable", "unstable"] and ax.get_xlabel() == "PC 1 (100 %)"
    places = ax.lines[-3].get_xdata()  # of the stable ones, after which come saddles and slow points
    assert np.ptp(places) == pytest.approx(np.ptp(points.states[:2, 0]))
    run = points.map.net.run(np.zeros((10, 3, 0)), progress=False)
    again = na.plot.fixed_points(points, run, ax=plt.figure().add_subplot())[0]
    assert len(again.lines) == len(ax.lines) + 3


def test_eigenvalues_that_grow_lie_beyond_the_circle():
    ax = na.plot.eigenvalues(found())[0]
    assert ax.lines[1].get_xdata() == pytest.approx([1.1])
    np.testing.assert_allclose(np.hypot(*ax.lines[-1].get_data()), 1)


def test_growth_along_a_trajectory():
    net = small(leak="rate")
    lines = na.linearise(net.run(na.tasks.PerceptualDecisionMaking().trials(net, 1), progress=False))
    ax = na.plot.linearisation(lines, modes=3)[0]
    assert len(ax.lines) == 5
    np.testing.assert_array_equal(ax.lines[-1].get_ydata(), lines.stretch)
    with pytest.raises(na.InvalidError, match="modes is 17, must be 1 to 16"):
        na.plot.linearisation(lines, modes=17)


def test_a_linearisation_of_few_units_has_all_modes():
    net = na.Network(dt=20).input("u", 1).population("E", 2, transfer="tanh").connect("u", "E").connect("E", "E").build(1)
    lines = na.linearise(net.run(np.ones((9, 1)), record="* *:x", progress=False))
    assert len(na.plot.linearisation(lines)[0].lines) == len(na.plot.linearisation(lines, modes=2)[0].lines)


@pytest.mark.parametrize("k", [1, 16])
def test_exponents(k):
    settled = na.lyapunov(small(), k=k, steps=200, drop=100, progress=False)
    ax = na.plot.lyapunov(settled)[0]
    assert ax.get_ylabel() == "Lyapunov exponent (1/s)"
    assert ax.get_xlabel() == ("number" if k == 16 else "time along the orbit (ms)")


def test_nothing_found():
    net = one_unit(0.25, "current", "power", bias=1.05)
    none = na.fixed_points(net, [[0.0]], progress=False)
    for draw in (na.plot.fixed_points, na.plot.eigenvalues):
        with pytest.raises(na.InvalidError, match="there is no point"):
            draw(none)
    run = net.run(steps=5, record="* *:x", progress=False)
    ax = na.plot.fixed_points(none, run)[0]  # its trajectory alone
    assert [len(line.get_xdata()) for line in ax.lines] == [5, 0, 0, 0] and ax.get_legend() is None
