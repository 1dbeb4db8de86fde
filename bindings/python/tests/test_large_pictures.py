"""Pictures of networks so large that units are averaged, binned or counted."""

import numpy as np
import pytest

import neuroai as na
from neuroai import _plot_graphs


def test_a_spectrum_is_drawn_that_was_found_before(monkeypatch):
    net = na.Network(20).population("E", 40).connect("E", "E", density=0.3).build(1)
    found = net.spectrum(k=4)
    expected = na.plot.spectrum(net, k=4)[0].lines[0].get_xydata()
    monkeypatch.setattr(na.Network, "spectrum", None)
    (ax,) = na.plot.spectrum(found)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), expected)
    assert "4 leading of 40" in ax.get_title().replace("\n", " ")


@pytest.mark.parametrize("n, rows", [(1000, 1000), (1003, 500)])
def test_many_rows_are_averaged(n, rows):
    net = na.Network(20).input("u", 1).population("E", n, noise=0.1).connect("u", "E").build(1)
    trials = na.Trials(np.ones((4, 2, 1)), {}, conditions={"side": [0, 1]})
    run = net.run(trials, seed=1)
    images = [image for ax in na.plot.activity(run) for image in ax.images]
    shown = np.asarray(images[0].get_array())
    images += [image for ax in na.plot.responses(run, kind="heat") for image in ax.images]
    assert [image.get_array().shape for image in images] == [(rows, 4)] * 3
    assert all(tuple(image.get_extent())[2:] == (n - 0.5, -0.5) for image in images)
    weights = np.diff(np.append(np.arange(rows) * n // rows, n))
    np.testing.assert_allclose(weights @ shown, run.rates["E"][:, 0].sum(axis=1), rtol=1e-5)


def test_few_eigenvalues_are_shown_within_the_whole_circle():
    net = na.Network(10).population("E", 12, leak="rate", transfer="tanh").connect("E", "E").build(1)
    found = na.fixed_points(net, np.zeros((1, 12)), k=3, progress=False)
    (ax,) = na.plot.eigenvalues(found)
    assert ax.get_xlim()[0] < -1 and ax.get_xlim()[1] > 1 and "3 leading of 12" in ax.get_title()
    (ax,) = na.plot.eigenvalues(na.fixed_points(net, np.zeros((1, 12)), progress=False))
    assert ax.get_title() == "" and ax.get_xlim()[0] > -1


@pytest.mark.parametrize("kind", ["whole", "sparse"])
def test_weights_of_many_units_are_binned(kind):
    from scipy import sparse

    draw = np.random.default_rng(0)
    weights = np.where(draw.random((50, 50)) < 0.2, draw.random((50, 50)), 0)
    order = draw.permutation(50)
    expected = weights[np.ix_(order, order)].reshape(10, 5, 10, 5).mean(axis=(1, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_plot_graphs, "_BINS", 10)
        ours = _plot_graphs._binned(sparse.csr_matrix(weights) if kind == "sparse" else weights, order)
    np.testing.assert_allclose(ours, expected)


def test_activity_is_looked_at_a_step_at_a_time():
    import tracemalloc

    net = na.Network(20).input("u", 1).population("E", 2000, noise=0.1).connect("u", "E").build(1)
    run = net.run(na.Trials(np.zeros((40, 10, 1)), {}, conditions={"side": np.arange(10) % 2}))
    for ask in (lambda: na.task_variance({"a": run}), lambda: na.selectivity(run, "side")):
        tracemalloc.start()
        ask()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < run.rates["E"].nbytes / 2 + 40 * 8 * 2000


def test_units_without_names_have_no_ticks():
    draw = np.random.default_rng(0)
    found = na.TaskVariance(("one", "other"), draw.random((300, 2)), [("E", k) for k in range(300)])
    (ax,) = na.plot.task_variance(found)
    assert len(ax.get_xticks()) == 1 and [text.get_text() for text in ax.get_yticklabels()] == ["one", "other"]
