"""The structure of a multi-area model: that what is built follows the rules, and that it is active, loosely."""

from statistics import NormalDist

import numpy as np
import pytest

import neuroai as na
from neuroai import circuits, multi_area

TYPES = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])
SCALE = 0.01


@pytest.fixture(scope="module")
def cortex():
    return circuits.visual_areas()


@pytest.fixture(scope="module")
def net():
    return circuits.multi_area(SCALE, indegree_scale=SCALE).build(1, progress=False)


@pytest.fixture(scope="module")
def ends(net):
    """Of each synapse: area and type of its receiver and of its sender, by number; weight; delay."""
    names = [name.split("/") for name in net.populations]
    areas = list(dict.fromkeys(area for area, _ in names))
    area = np.repeat([areas.index(a) for a, _ in names], list(net.populations.values()))
    kind = np.repeat([TYPES.index(t) for _, t in names], list(net.populations.values()))
    of = net.synapses()
    assert not of.plastic.any()
    return area[of.post], kind[of.post], area[of.pre], kind[of.pre], of.weight, of.delay


def counts(ends):
    """[area, area]: synapses, to and from."""
    return np.histogram2d(ends[0], ends[2], bins=[np.arange(33)] * 2)[0]


def test_areas_are_linked_by_the_rules(cortex):
    assert len(cortex.names) == 32 and cortex.names[0] == "V1" and cortex.names[-1] == "TH"
    assert cortex.density == pytest.approx(0.66, abs=0.02)
    pairs = ~np.eye(32, dtype=bool)
    slope, _ = np.polyfit(cortex.distances[pairs], np.log(cortex.weights[pairs]), 1)
    assert slope == pytest.approx(-0.19, rel=0.1)
    assert (np.diff(cortex.distances[0]) > 0).all() and (np.diff(cortex.level) > 0).all()
    above = cortex.level[:, None] - cortex.level[None, :]
    expected = np.vectorize(NormalDist().cdf)(3 * above)
    assert cortex.sln[cortex.links] == pytest.approx(expected[cortex.links], abs=1e-9)
    assert (circuits.visual_areas(2).distances != cortex.distances).any()


def test_at_full_scale_it_is_as_large_as_the_published_model(cortex):
    """Composed, not built: 4.13 million neurons and 24.2 billion synapses."""
    full = circuits.multi_area(1)
    neurons = full.populations
    assert sum(neurons.values()) == pytest.approx(4.13e6, rel=1e-4)
    assert len(neurons) == 32 * 8 - 2 and "TH/L4E" not in neurons and "TH/L4I" not in neurons
    assert {name.split("/")[0] for name in neurons} == set(cortex.names)
    assert neurons["V1/L23E"] == pytest.approx(1.691 * 20683, rel=1e-3)
    plan = multi_area._plan(cortex, frozenset({"TH"}))
    synapses = sum(each.synapses for each in multi_area._projections(plan))
    assert synapses == pytest.approx(24.2e9, rel=0.08)
    assert full.get("V1/L23E", "background_exc_weight")[0] == pytest.approx(87.8, abs=0.1)
    assert full.get("V1/L23E", "drive")[0] == pytest.approx(0, abs=1e-9)


def test_of_the_synapses_onto_an_area_79_in_100_are_local(ends):
    """Of a whole area: what reaches 1 mm² from within it is what a Gaussian of 0.297 mm has there, drawn here."""
    found = counts(ends)
    drawn = np.random.default_rng(1)
    where = [
        np.sqrt(drawn.uniform(size=10**6) / np.pi) * np.exp(2j * np.pi * drawn.uniform(size=10**6)) for _ in range(2)
    ]
    within = np.exp(-(abs(where[0] - where[1]) ** 2) / (2 * 0.2965**2)).mean() / (2 * np.pi * 0.2965**2)
    local = np.diag(found) / within
    other = found.sum(1) - np.diag(found)
    share = local / ((local + other) / (1 - 0.013))
    assert share.mean() == pytest.approx(0.79, abs=0.005)
    assert np.abs(share - 0.79).max() < 0.02


def test_links_have_synapses_by_the_distance_rule(ends, cortex):
    found = counts(ends)
    np.fill_diagonal(found, 0)
    assert ((found > 0) <= cortex.links).all()
    fln = found / found.sum(1, keepdims=True)
    assert fln == pytest.approx(cortex.fln, abs=0.005)


def test_only_three_populations_send_to_other_areas_and_layers_follow_the_hierarchy(ends, cortex):
    to, onto, of, sender, weight, _ = ends
    between = to != of
    assert set(np.unique(sender[between])) == {TYPES.index(name) for name in ("L23E", "L5E", "L6E")}
    number = to[between] * 32 + of[between]
    many = np.bincount(number, minlength=1024).reshape(32, 32)
    upper = np.bincount(number, sender[between] == 0, minlength=1024).reshape(32, 32)
    layer_4 = np.bincount(number, np.isin(onto[between], (2, 3)), minlength=1024).reshape(32, 32)
    streams = 0
    for a, b in zip(*np.nonzero(many > 500)):
        sln, part = cortex.sln[a, b], layer_4[a, b] / many[a, b]
        assert upper[a, b] / many[a, b] == pytest.approx(sln, abs=0.02)
        if sln > 0.65:
            assert part == (a != 31), "feed-forward: layer 4, or what TH has"
        elif sln < 0.35:
            assert part == 0, "feedback: the others"
        else:
            assert part == pytest.approx((21915 + 5479) / 77169 * (a != 31), abs=0.02)
        streams |= 1 if sln > 0.65 else 2 if sln < 0.35 else 4
    assert streams == 7
    assert weight[between].mean() == pytest.approx(87.8 / np.sqrt(SCALE), rel=1e-3)


def test_delays_are_distances_over_the_speed(ends, cortex):
    to, _, of, sender, _, delay = ends
    far = to != of
    steps = np.maximum(1, np.rint(cortex.distances[to[far], of[far]] / 3.5 / 0.1))
    assert delay[far] == pytest.approx(0.1 * steps)
    assert set(np.round(np.unique(delay[~far & (sender % 2 == 0)]), 6)) == {1.5}
    assert set(np.round(np.unique(delay[~far & (sender % 2 == 1)]), 6)) == {0.8}
    drawn = circuits.multi_area(0.001, circuits_of_three(), indegree_scale=0.1, delay_spread=0.5)
    assert drawn.build(1, progress=False).synapses("A/L23E", "B/L4E").delay.std() > 0.5
    slow = circuits.multi_area(0.001, circuits_of_three(), speed=0.35).build(1, progress=False)
    assert slow.delay("A/L23E", "B/L4E:exc") == pytest.approx(10 / 0.35, abs=0.051)


def circuits_of_three():
    return na.anatomy.Areas("A B C", positions=[[0, 0, 0], [10, 0, 0], [0, 12, 0]], level=[0, 1, 2], density=1)


def test_a_neuron_gets_the_mean_and_variance_that_it_gets_in_the_column(net, ends):
    """At the rates of the column, from the synapses that were built; of TH the mean, which a constant drive fills up."""
    p = na.anatomy.table("potjans_diesmann2014").probability
    full = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
    k = np.log(1 - p) / np.log1p(-1 / np.outer(full, full)) / full[:, None]
    w = 87.8 * np.tile([1.0, -4.0], (8, 4))
    w[0, 2] *= 2
    outside = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]) * 8.0
    mean, variance = 0.5e-3 * ((k * w) @ RATES + outside * 87.8) * 10 / 250, (k * w**2) @ RATES + outside * 87.8**2
    to, onto, _, sender, weight, _ = ends
    for name in ("V1/L23E", "V1/L6I", "MT/L4E", "46/L4I", "AITd/L5E", "TH/L5E"):
        area, i = circuits.visual_areas().names.index(name.split("/")[0]), TYPES.index(name.split("/")[1])
        mine, n = (to == area) & (onto == i), net.size(name)
        jump, rate = (net.get(name, f"background_exc{end}")[0] for end in ("_weight", ""))
        current = 0.5e-3 * ((weight[mine].astype(float) * RATES[sender[mine]]).sum() / n + jump * rate)
        assert net.get(name, "drive")[0] + current * 10 / 250 == pytest.approx(mean[i], abs=0.5), name
        if area != 31:
            power = (weight[mine].astype(float) ** 2 * RATES[sender[mine]]).sum() / 1.01 / n + jump**2 * rate
            assert power == pytest.approx(variance[i], rel=0.03), name


def test_all_populations_are_active_and_none_explodes(cortex):
    """The six lowest areas, in the synapses of the default: rates between a fifth and five times those of the column."""
    six = na.anatomy.Areas(
        list(cortex.names[:6]), distances=cortex.distances[:6, :6], level=np.arange(6) / 5, steepness=3, seed=1
    )
    net = circuits.multi_area(0.02, six).build(1, progress=False)
    run = net.run(steps=2500, progress=False)
    rate = {name: spikes.between(100, 250).rate for name, spikes in run.spikes.items()}
    assert len(rate) == 48 and max(rate.values()) < 40
    for name, expected in zip(TYPES, RATES):
        of_areas = [found for each, found in rate.items() if each.endswith("/" + name)]
        assert expected / 5 < np.mean(of_areas) < expected * 5, name
        assert min(of_areas) > 0, name


def test_other_areas_and_what_is_refused():
    three = circuits.multi_area(0.01, circuits_of_three(), without_layer_4="C")
    assert set(three.populations) == {f"{a}/{t}" for a in "AB" for t in TYPES} | {f"C/{t}" for t in TYPES if "4" not in t}
    dense = three.build(1, progress=False).synapses("A/L5I", "A/L5E")  # several synapses of a pair are one
    assert dense.weight.mean() < 1.2 * -4 * 87.8 / np.sqrt(0.1)
    for arguments, words in [
        ({"scale": 0}, "scale is 0, must be 0.00028 to 1"),
        ({"scale": 2}, "scale is 2, must be"),
        ({"indegree_scale": float("nan")}, "indegree_scale is nan, must be"),
        ({"areas": "V1"}, "areas"),
        ({"speed": 0}, "speed is 0 mm/ms, must be above 0"),
        ({"delay_spread": -1}, "delay_spread is -1, must be 0 to 1"),
        ({"rates": [1, 2]}, "rates: expected 8 of at least 0, Hz"),
        ({"dt": 0}, "dt"),
    ]:
        with pytest.raises((na.InvalidError, TypeError), match=words):
            circuits.multi_area(**arguments)
