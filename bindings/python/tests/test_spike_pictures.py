"""Pictures of spikes: drawn without error, for one, two and nine populations, and what they show is right."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from test_pictures import draw, span
from test_spikes import Izhikevich, pools_of_spikes

import neuroai as na


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module", params=[1, 2, 9])
def run(request):
    return pools_of_spikes(request.param)


PICTURES = ["raster", "population_rates", "intervals", "irregularity", "correlations", "power"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_of_one_two_and_nine_populations(run, picture):
    axes = draw(getattr(na.plot, picture)(run))
    assert all(panel.lines for panel in axes)
    figure = plt.figure()
    given = figure.add_subplot(1, 2, 1)
    own = getattr(na.plot, picture)(run, window=(100, 300), ax=given)
    assert all(panel.figure is figure for panel in draw(own))


def test_a_raster_has_the_spikes(run):
    raster, rates = draw(na.plot.raster(run, units=0, theory={"E0": 12.5}))
    sizes = [spikes.n for spikes in run.spikes.values()]
    drawn = [line for line in raster.lines if line.get_marker() == "|"]
    first = 0
    for line, spikes in zip(drawn, run.spikes.values()):
        assert np.array_equal(line.get_xdata(), spikes.times) and np.array_equal(line.get_ydata(), spikes.unit + first)
        first += spikes.n
    assert raster.get_ylim() == (sum(sizes) - 0.5, -0.5) and raster.get_xlim() == rates.get_xlim() == (0, 400)
    assert [line.get_ydata()[0] for line in rates.lines if line.get_linestyle() == "--"] == [12.5]
    few = draw(na.plot.raster(run, units=20))[0]
    shown = len(few.lines[0].get_xdata())
    assert 0 < shown < len(run.spikes["E0"])
    assert [label.get_text() for label in few.get_yticklabels()] == list(run.spikes)


def test_rates_that_are_drawn_are_those_of_the_spikes(run):
    ax = draw(na.plot.population_rates(run, smooth=0, bin=10, names="E0"))[0]
    line = ax.lines[0]
    assert np.array_equal(line.get_ydata(), run.spikes["E0"].population_rate(10)[:, 0])
    assert line.get_xdata()[:2].tolist() == [5, 15]


def test_interventions_are_shaded():
    net = na.Network(dt=1).population("E", 5, model=Izhikevich()).output("z", 1)
    net.connect("E", "z").build(1)
    run = net.run(steps=200, interventions=na.Inject("E", 10, start=50, end=150))
    raster, _ = draw(na.plot.raster(run))
    assert [span(patch) for patch in raster.patches] == [(50, 150)]
    assert len(run.spikes["E"].between(0, 50)) == 0 and len(run.spikes["E"]) > 0


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("picture", PICTURES)
def test_silent_populations_are_drawn_as_such(picture):
    net = na.Network(dt=1).population("E", 5, model=Izhikevich()).population("I", 3, model=Izhikevich())
    run = net.output("z", 1).connect("E", "z").build(1).run(steps=600)
    assert len(run.spikes["E"]) == 0
    axes = draw(getattr(na.plot, picture)(run))
    said = {
        "intervals": "no unit fired twice",
        "irregularity": "too few spikes",
        "correlations": "counts of too few units vary",
        "power": "the rates never vary",
    }
    if picture in said:  # where nothing at all would be seen
        for ax in axes:
            assert said[picture] in [" ".join(text.get_text().split()) for text in ax.texts]


def test_what_was_not_recorded_is_refused(run):
    for picture in PICTURES:
        with pytest.raises(na.UnknownNameError, match="no spikes of 'Q' were recorded, but E0"):
            getattr(na.plot, picture)(run, names="Q")
    with pytest.raises(na.InvalidError, match="units is -1"):
        na.plot.raster(run, units=-1)


def test_states_of_a_mean_field():
    from test_mean_field import pools

    theory = pools(0, 2.7)
    states = theory.states()
    ax = draw(na.plot.mean_field(theory, states=states))[0]
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    assert [mark.get_xdata()[0] for mark in marks] == [state.rates["s"] for state in states]
    assert [mark.get_markerfacecolor() for mark in marks].count("white") == 1
    curve = ax.lines[1]
    crossings = np.flatnonzero(np.diff(np.sign(curve.get_ydata() - curve.get_xdata())))
    assert len(crossings) == 3  # three states
    for state in states:
        assert theory.effective("s", state.rates["s"])[0] == pytest.approx(state.rates["s"], rel=1e-6)
    with pytest.raises(na.UnknownNameError, match="population: there is no 'Q', but s, o, n, I"):
        na.plot.mean_field(theory, "Q", states=states)
    assert na.MeanField("E", [[0]], 0, drive=30).effective("E", 5)[0] == pytest.approx(na.siegert(30, 0))
