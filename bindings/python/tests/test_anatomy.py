"""Published tables of connection probability, networks laid out from them, and pictures of both."""

import copy
import ctypes
import pickle

import matplotlib.pyplot as plt
import numpy as np
import pytest

import neuroai as na
from neuroai import _c, anatomy


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def sizes():
    return {"E": 80, "PV": 20, "SST": 15, "VIP": 10}


# --- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", anatomy.tables())
def test_tables_are_labelled_arrays(name):
    table = anatomy.table(name)
    n = len(table.types)
    assert table.name == name and table.probability.shape == (n, n) and table.probability.dtype == np.float64
    assert not table.probability.flags.writeable
    assert table.species and table.area and table.measured and table.source
    assert all(sign == (1 if each.endswith("E") else -1) for each, sign in table.signs.items())
    row = table.probability[n - 1]
    found = [table.between(each, table.types[n - 1]) for each in table.types]
    assert np.array_equal(found, row, equal_nan=True)
    lines = repr(table).splitlines()
    assert len(lines) == n + 2 and lines[1].split() == list(table.types)
    assert [line.split()[0] for line in lines[2:]] == list(table.types)


def test_numbers_of_some_tables():
    assert {"billeh2020", "potjans_diesmann2014", "allen_l23", "pfeffer2013"} < set(anatomy.tables())
    column = anatomy.table("potjans_diesmann2014")
    assert sum(column.cells.values()) == 77169 and column.between("L5I", "L5E") == 0.3726
    assert column.scaled(0.01)["L23E"] == 207 and column.scaled(1e-6)["L5I"] == 1
    assert anatomy.table("allen_l23").between("PV", "E") == 0.3469 and anatomy.table("allen_l23").cells is None
    assert anatomy.table("billeh2020").distance == 0.075
    assert np.isnan(anatomy.table("pfeffer2013").between("PV", "SST"))


def test_tables_of_one_s_own():
    table = anatomy.Table("E I", [[0.1, 0.4], [0.3, 0.2]], cells=[40, 10], name="mine")
    assert dict(table.signs) == {"E": 1, "I": -1} and table.between("I", "E") == 0.4
    assert dict(table.cells) == {"E": 40, "I": 10} and repr(table).startswith("mine: ")
    other = anatomy.Table(["pyr", "cck"], np.full((2, 2), 0.5), signs={"pyr": 1, "cck": -1})
    assert dict(other.signs) == {"pyr": 1, "cck": -1}
    net = anatomy.populate(na.Network(20), table).build(1)
    assert dict(net.populations) == {"E": 40, "I": 10} and len(net.projections) == 4
    with pytest.raises(AttributeError, match="make another table"):
        table.types = ("a",)


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda: anatomy.table("billeh"), na.UnknownNameError, "billeh2020"),
        (lambda: anatomy.table("allen_l23").between("E", "PVALB"), na.UnknownNameError, "target: .*no cell type 'PVALB'"),
        (lambda: anatomy.Table("E I", [[0.1, 0.2]]), na.InvalidError, r"probability: expected shape \[2, 2\]"),
        (lambda: anatomy.Table("E I", [[0.1, 2], [0, 0]]), na.InvalidError, "from 'I' to 'E' is 2, must be 0 to 1"),
        (lambda: anatomy.Table("E X", np.zeros((2, 2))), na.InvalidError, "signs: give that of 'X'"),
        (lambda: anatomy.Table("E E", np.zeros((2, 2))), na.UnknownNameError, "'E' is there twice"),
        (lambda: anatomy.Table("", np.zeros((0, 0))), na.InvalidError, "n of the table is 0"),
        (lambda: anatomy.Table("E I", np.zeros((2, 2)), cells=[1]), na.InvalidError, "cells: expected 2 numbers"),
        (lambda: anatomy.Table("E I", np.zeros((2, 2)), cells={"E": 1}), na.InvalidError, "cells: none for I"),
        (lambda: anatomy.Table("E I", np.zeros((2, 2)), signs=[1, 3]), na.InvalidError, "that of 'I' is 3"),
        (lambda: anatomy.Table("E I", np.zeros((2, 2)), distance=-1), na.InvalidError, "distance of the table is -1 mm"),
        (lambda: anatomy.table("allen_l23").scaled(0.1), na.UnsupportedError, "allen_l23 has no numbers of cells"),
        (lambda: anatomy.table("bos2020").scaled(0), na.InvalidError, "factor is 0"),
    ],
)
def test_tables_that_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


# --- laying out ------------------------------------------------------------------------------------------------------


def test_populations_and_projections_follow_the_table():
    counts = {"E": 200, "PV": 120, "SST": 100, "VIP": 80}
    net = na.Network(20).input("u", 2)
    assert anatomy.populate(net, "allen_l23", counts, area="V1", parameters={"*": {"tau": 40}, "E": {"noise": 0.1}}) is net
    net.connect("u", "V1/E").build(3)
    table = anatomy.table("allen_l23")
    assert dict(net.populations) == {f"V1/{each}": n for each, n in counts.items()}
    assert [net.sign(f"V1/{each}") for each in counts] == [1, -1, -1, -1]
    assert net.get("V1/PV", "tau")[0] == 40 and net.get("V1/E", "noise")[0] == 0.1 and net.get("V1/PV", "noise")[0] == 0
    for source in counts:
        for target in counts:
            p = table.between(source, target)
            if p == 0:
                assert (f"V1/{source}", f"V1/{target}") not in net.projections
                continue
            mask = net.mask(f"V1/{source}", f"V1/{target}")
            pairs = mask.size - (len(mask) if source == target else 0)
            assert abs(mask.sum() / pairs - p) < 5 * np.sqrt(p * (1 - p) / pairs)


def test_the_same_network_in_c():
    """nai_network_populate() makes the synapses that populate() makes."""
    table = anatomy.table("allen_l23")
    here = anatomy.populate(na.Network(20), table, sizes(), area="V1").build(5)
    there = na.Network(20)
    layout = _c.nai_layout(area=b"V1", missing=-1)
    layout.cells = (ctypes.c_int64 * 4)(*sizes().values())
    _c.nai_network_populate(there, table._struct(), layout)
    there.build(5)
    assert there.projections == here.projections
    assert all(np.array_equal(there.weights(*ends), here.weights(*ends)) for ends in here.projections)


def test_populations_that_are_there_are_connected():
    net = na.Network(20).population("S1/E", 30, +1).population("S1/PV", 10, -1).population("E", 5, +1)
    anatomy.connect(net, "barrel_l4", area="S1", delay=40, plastic=False).build(1)
    assert len(net.projections) == 4 and net.delay("S1/E", "S1/PV") == 40
    assert not net.plastic("S1/E", "S1/E").any()


def test_probabilities_that_fall_with_distance():
    net = anatomy.populate(na.Network(20), "litwin_kumar2016", {"E": 400, "VIP": 100}, length=anatomy.LOCAL_LENGTH)
    net.place("*", box=(0.5, 0.5, 0)).build(1)
    apart = np.linalg.norm(net.positions("VIP")[:, None] - net.positions("E")[None], axis=2)
    expected = 0.2 * np.exp(-apart / 0.23).mean()
    assert abs(net.mask("E", "VIP").mean() - expected) < 5 * np.sqrt(expected / apart.size)
    with pytest.raises(na.OrderError, match="place it"):
        anatomy.populate(na.Network(20), "litwin_kumar2016", {"E": 4}, length=0.23).build(1)


def test_what_was_not_measured_is_asked_for():
    with pytest.raises(na.UnsupportedError, match="pfeffer2013 has no probability from 'PV' to 'SST'.*missing="):
        anatomy.populate(na.Network(20), "pfeffer2013", {"PV": 5, "SST": 5})
    net = anatomy.populate(na.Network(20), "pfeffer2013", {"PV": 30, "SST": 30}, missing=0)
    assert net.projections == (("PV", "PV"), ("SST", "PV"))
    anatomy.populate(na.Network(20), "pfeffer2013", {"PV": 5}).build(1)


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({"table": 3}, na.InvalidTypeError, "table: expected a name or a na.anatomy.Table"),
        ({"counts": None}, na.InvalidError, "counts: allen_l23 has no numbers of cells"),
        ({"counts": {"E": 4, "pv": 2}}, na.UnknownNameError, "counts: there is no cell type 'pv'"),
        ({"counts": {"E": -4}}, na.InvalidError, "counts: that of 'E' is -4"),
        ({"counts": {"E": 2.5}}, na.InvalidTypeError, "counts of 'E': expected a whole number, got 2.5"),
        ({"counts": {}}, na.InvalidError, "no unit of any cell type"),
        ({"counts": 40}, na.InvalidTypeError, "counts: expected whole numbers by cell type"),
        ({"counts": [1, 2]}, na.InvalidError, "counts: expected 4 numbers, for E, PV, SST, VIP, got 2"),
        ({"parameters": {"X": {}}}, na.UnknownNameError, "parameters: there is no cell type 'X'"),
        ({"ports": {("E", "X"): "dendrite"}}, na.UnknownNameError, "ports: there is no cell type 'X'"),
        ({"ports": {"E": "dendrite"}}, na.InvalidTypeError, "ports: expected pairs of types"),
        ({"missing": 2}, na.InvalidError, "missing is 2, must be 0 to 1"),
    ],
)
def test_layouts_that_are_refused(arguments, error, words):
    net = na.Network(20)
    with pytest.raises(error, match=words):
        anatomy.populate(net, **{"table": "allen_l23", "counts": sizes(), **arguments})
    assert dict(net.populations) == {}
    anatomy.populate(net, "allen_l23", sizes()).build(1)  # nothing is lost


# --- areas -----------------------------------------------------------------------------------------------------------

LINE = [[0, 0, 0], [3, 0, 0], [10, 0, 0]]


def cortex(**options):
    return anatomy.Areas("V1 V2 PFC", **{"positions": LINE, "level": [0, 1, 3], "density": 1, **options})


def laid_out(areas, counts=None, table="allen_l23"):
    net = na.Network(20).input("u", 2).output("z", 1)
    for area in areas.names:
        anatomy.populate(net, table, counts or sizes(), area=area)
    return net.connect("u", "V1/E").connect("PFC/E", "z")


def test_links_by_hand():
    areas = cortex(density=0.5, length=5)
    near, far = np.exp(-0.6), np.exp(-1.4)
    assert areas.names == ("V1", "V2", "PFC") and areas.distances[0].tolist() == [0, 3, 10]
    assert np.allclose(areas.weights, [[0, near, np.exp(-2)], [near, 0, far], [np.exp(-2), far, 0]])
    assert areas.links.tolist() == [[False, True, False], [True, False, True], [False, False, False]]
    assert np.allclose(areas.fln, [[0, 1, 0], [near / (near + far), 0, far / (near + far)], [0, 0, 0]])
    assert np.allclose(areas.sln[1], [0.841345, 0, 0.02275], atol=1e-6) and areas.density == 0.5
    assert repr(areas) == "Areas(V1, V2, PFC: 3 of 6 links)"
    flat = anatomy.Areas("V1 V2 PFC", distances=areas.distances, density=0.5, length=5)
    assert np.array_equal(flat.links, areas.links) and flat.positions is None and set(flat.sln[flat.links]) == {0.5}
    assert not areas.fln.flags.writeable


@pytest.mark.parametrize("random", [False, True])
def test_the_distance_rule(random):
    """Fact 42: densities of macaque and mouse, and the slope of the logarithm of weights over distance."""
    for species, density, length, tolerance in (("macaque", 0.66, None, 0.02), ("mouse", 0.97, 1.3, 0.01)):
        found = []
        for seed in range(3):
            names = [f"A{k}" for k in range(29)]
            options = {"species": species, "length": length, "spread": 0.5, "random": random, "seed": seed}
            areas = anatomy.Areas(names, sphere=20 if species == "macaque" else 5, **options)
            found.append(areas.density)
            pairs = ~np.eye(29, dtype=bool)
            slope = np.polyfit(areas.distances[pairs], np.log(areas.weights[pairs]), 1)[0]
            assert abs(slope * (length or 1 / 0.19) + 1) < 0.1
            linked = areas.links.any(axis=1)
            assert np.allclose(areas.fln.sum(axis=1), linked)
            assert np.allclose(np.linalg.norm(areas.positions, axis=1), 20 if species == "macaque" else 5)
        assert abs(np.mean(found) - density) < tolerance


def test_four_of_five_synapses_are_local():
    areas = cortex()
    net = laid_out(areas)
    planned = areas.plan(net)
    areas.connect(net)
    net.build(1)
    local = between = 0.0
    for source, target in net.projections:
        if "/" in source and "/" in target:
            n = float(net.mask(source, target).sum())
            local, between = (local + n, between) if source.split("/")[0] == target.split("/")[0] else (local, between + n)
            assert source.split("/")[0] == target.split("/")[0] or source.endswith("/E")
    assert abs(local / (local + between) - 0.8) < 0.02
    up = {each.target: each.probability for each in planned if each.source == "V1/E" and each.target.startswith("V2")}
    assert up["V2/PV"] > 4 * up["V2/SST"] == 4 * up["V2/VIP"]
    assert np.isclose(up["V2/E"], up["V2/PV"] + up["V2/SST"])  # both streams reach E
    down = {each.target: each.probability for each in planned if each.source == "V2/E" and each.target.startswith("V1")}
    assert down["V1/SST"] > 4 * down["V1/PV"]


def test_links_of_macaque_cortex_are_those_of_the_network():
    """Fact 42, counted in networks: 0.66 of the pairs of 29 areas are linked, 0.8 of the synapses are local."""
    densities, local = [], []
    for seed in range(3):
        areas = anatomy.Areas([f"A{k}" for k in range(29)], sphere=20, spread=0.5, seed=seed)
        net = na.Network(20)
        for area in areas.names:
            anatomy.populate(net, "litwin_kumar2016", {"E": 40, "PV": 8, "SST": 6, "VIP": 6}, area=area)
        areas.connect(net).build(seed)
        synapses = np.zeros((29, 29))
        for source, target in net.projections:
            ends = [areas.names.index(end.split("/")[0]) for end in (target, source)]
            synapses[tuple(ends)] += net.mask(source, target).sum()
        links = (synapses > 0) & ~np.eye(29, dtype=bool)
        assert not (links & ~areas.links).any()
        densities.append(links.sum() / (29 * 28))
        local.append(np.trace(synapses) / synapses.sum())
    assert np.allclose(densities, 0.66, atol=0.02) and np.allclose(local, 0.8, atol=0.02)


def test_weak_links_get_their_least():
    areas = cortex(level=None, length=1.0)
    net = laid_out(areas)

    def onto(least):
        found = dict.fromkeys(("V2", "PFC"), 0.0)
        for each in areas.plan(net, indegree=2, least=least):
            area, target = each.source.split("/")[0], each.target.split("/")
            if target[0] == "V1":
                found[area] += each.probability * 80 * sizes()[target[1]]
        return found

    all_of_them, far = 2.0 * sum(sizes().values()), areas.fln[0, 2]
    assert far < 1e-3 and np.isclose(onto(0)["PFC"], all_of_them * far)
    assert np.isclose(onto(7)["PFC"], 7 + (all_of_them - 14) * far) and np.isclose(sum(onto(7).values()), all_of_them)
    assert np.isclose(onto(1e6)["PFC"], all_of_them / 2)


def test_the_same_areas_in_c():
    """nai_network_connect_areas() makes the synapses that connect() makes."""
    areas = cortex()
    here = areas.connect(laid_out(areas)).build(2)
    there = laid_out(areas)
    streams = _c.nai_streams(local=0.8, least=5)
    streams.feedforward, streams.feedback = b"*E *PV *I", b"*E *SST *VIP *I"
    streams.feedforward_from = streams.feedback_from = b"*"
    _c.nai_network_connect_areas(there, areas, streams)
    there.build(2)
    assert there.projections == here.projections
    assert all(np.array_equal(there.weights(*ends), here.weights(*ends)) for ends in here.projections)


def test_ports_delays_and_keywords_of_links():
    areas = cortex()
    net = na.Network(20)
    for area in areas.names:
        parameters = {"E": {"model": "dendritic", "branches": 2}}
        anatomy.populate(net, "allen_l23", sizes(), area=area, ports={("SST", "E"): "dendrite"}, parameters=parameters)
    assert ("V1/SST", "V1/E:dendrite-") in net.projections and ("V1/PV", "V1/E:soma") in net.projections
    planned = areas.plan(net, feedforward="E PV", feedback="E:dendrite SST VIP", indegree=5)
    ends = {"E:soma": 80, "PV": 20, "E:dendrite+": 160, "SST": 15, "VIP": 10}
    assert {each.target.partition("/")[2] for each in planned} == set(ends)
    onto = sum(each.probability * 80 * ends[each.target[3:]] for each in planned if each.target[:3] == "V1/")
    assert np.isclose(onto, 5 * sum(sizes().values()))
    with pytest.raises(na.UnknownNameError, match="apical"):
        areas.plan(net, feedback="E:apical")
    areas.connect(net, feedback="E:dendrite SST VIP", indegree=5, velocity=0.1, plastic=False)
    net.build(1)
    assert net.delay("V2/E", "V1/E:dendrite") == 40 and net.delay("PFC/E", "V1/E:soma") == 100
    assert net.delay("V1/E", "V1/E") == 20 and net.mask("V2/E", "V1/E:dendrite").shape == (160, 80)
    assert not net.plastic("PFC/E", "V1/SST").any() and net.plastic("V1/E", "V1/E").any()
    image = np.ma.filled(na.plot.blocks(net, "V1/*")[0].images[0].get_array(), np.nan)
    assert np.isclose(image[0, 2], -net.mask("V1/SST", "V1/E:dendrite").mean())


def test_signs_and_masks_hold_under_learning():
    """Fact 30: senders keep their sign, absent synapses are 0, no autapses, however many updates."""
    areas = cortex()
    net = areas.connect(laid_out(areas)).build(1)
    masks = {ends: net.mask(*ends).copy() for ends in net.projections}
    rng = np.random.default_rng(0)
    trials = na.Trials(rng.normal(size=(10, 8, 2)), rng.normal(size=(10, 8, 1)))
    before = {ends: net.weights(*ends).copy() for ends in net.projections}
    na.Trainer(net, trials, cost=na.MSE("z"), optimizer=na.Adam(0.05), seed=1).fit(30, progress=False)
    moved = 0
    for (source, target), mask in masks.items():
        w = net.weights(source, target)
        assert (w[mask == 0] == 0).all() and np.array_equal(net.mask(source, target), mask)
        if "/" in source:
            assert (w * net.sign(source) >= 0).all()
        if source == target:
            assert (np.diag(w) == 0).all()
        moved += int((w != before[source, target]).sum())
    assert moved > 5000 and set(net.projections) == set(masks)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_tables_and_areas_are_copied_and_pickled(again):
    for name in ("pfeffer2013", "potjans_diesmann2014"):
        table, other = anatomy.table(name), again(anatomy.table(name))
        assert repr(other) == repr(table) and other.cells == table.cells and other.measured == table.measured
        assert np.array_equal(other.probability, table.probability, equal_nan=True) and not other.probability.flags.writeable
    areas = anatomy.Areas("a b c d", sphere=7, random=True, spread=1.0, level=[0, 1, 2, 3], seed=5)
    other = again(areas)
    for what in ("positions", "level", "distances", "weights", "links", "fln", "sln"):
        assert np.array_equal(getattr(other, what), getattr(areas, what)), what
    assert other.names == areas.names and other.density == areas.density


#: Which populations send to which in the network of Liu & Wang (2024), within and between its areas.
SORTING = {
    "sr/E": "sr/E sr/PV sr/SST pfc/E",
    "sr/PV": "sr/E sr/PV sr/SST pfc/E",
    "sr/SST": "sr/E sr/VIP pfc/E",
    "sr/VIP": "sr/SST pfc/E",
    "pfc/E": "pfc/E pfc/PV pfc/SST sr/E",
    "pfc/PV": "pfc/E pfc/PV pfc/SST sr/E",
    "pfc/SST": "pfc/E pfc/VIP",
    "pfc/VIP": "pfc/SST",
}


def test_the_network_that_sorts_cards():
    """Facts 28, 30 and 31 of it: its cells and branches, which of them are connected, and that this and signs hold."""
    net = na.Network(10).input("stimulus", 16, sign=+1).input("feedback", 2, sign=+1).output("response", 3).output("rule", 2)
    parameters = {"*": {"plastic_bias": 0}, "E": {"model": "dendritic", "branches": 2, "output_noise": 0.01}}
    parameters.update({each: {"leak": "rate"} for each in ("PV", "SST", "VIP")})
    for area in ("sr", "pfc"):
        anatomy.populate(net, "liu_wang2024", area=area, parameters=parameters, ports={("SST", "E"): "dendrite"})
    net.constrain("sr/SST", "sr/E:dendrite", na.OutDegree(28))
    net.connect("pfc/E", "sr/E:dendrite sr/PV sr/SST sr/VIP").connect("sr/E", "pfc/E:dendrite pfc/PV")
    net.connect("stimulus", "sr/E:dendrite sr/PV").connect("feedback", "pfc/E:dendrite pfc/PV")
    net.connect("sr/E", "response").connect("pfc/E", "rule").constrain("*/E", "response rule", na.Dale("off")).build(1)
    cells, branches = sum(net.populations.values()), net.size("sr/E:dendrite+") + net.size("pfc/E:dendrite+")
    assert list(net.populations.values()) == [70, 10, 10, 10] * 2 and (cells, branches, cells + branches) == (200, 280, 480)
    allowed = {(source, target) for target, sources in SORTING.items() for source in sources.split()}
    found = {(source, target.split(":")[0]) for source, target in net.projections if "/" in source and "/" in target}
    assert found == allowed
    onto = {source for source, target in net.projections if target.endswith((":dendrite+", ":dendrite-"))}
    assert onto == {"sr/SST", "pfc/SST", "sr/E", "pfc/E", "stimulus", "feedback"}
    assert (net.mask("sr/SST", "sr/E:dendrite").sum(axis=0) == 28).all() and net.mask("sr/SST", "sr/E:dendrite").shape[0] == 140
    masks = {ends: net.mask(*ends).copy() for ends in net.projections}
    rng = np.random.default_rng(1)
    trials = na.Trials(rng.random((8, 6, 18)), {"response": rng.random((8, 6, 3)), "rule": rng.random((8, 6, 2))})
    cost = na.MSE("response") + na.MSE("rule")
    na.Trainer(net, trials, cost=cost, optimizer=na.Adam(0.02), seed=1).fit(25, progress=False)
    for source, target in net.projections:
        w, mask = net.weights(source, target), masks[source, target]
        assert np.array_equal(net.mask(source, target), mask) and (w[mask == 0] == 0).all()
        if source == target.split(":")[0]:
            assert (np.diag(mask) == 0).all() and mask.sum() == mask.size - len(mask)
        if target not in ("response", "rule"):
            assert (w * net.sign(source) >= 0).all() and (w != 0).any()


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"positions": None}, na.InvalidError, "positions: give them"),
        ({"distances": np.zeros((3, 3))}, na.InvalidError, "distances: give them, or positions"),
        ({"positions": [[0, 0, 0]]}, na.InvalidError, r"positions: expected shape \[3, 3\]"),
        ({"positions": None, "distances": [[0, 1, 1], [1, 0, -1], [1, 1, 0]]}, na.InvalidError, "from 'PFC' to 'V2' is -1"),
        ({"sphere": 4}, na.InvalidError, "must be on the sphere of radius 4"),
        ({"species": "mouse"}, na.InvalidError, "length is 0 mm.*could not be read, so set it"),
        ({"species": "human"}, na.UnknownNameError, "macaque, mouse"),
        ({"density": 1.2}, na.InvalidError, "density is 1.2, must be 0 to 1"),
        ({"length": 0.0}, na.InvalidError, "length is 0 mm"),
        ({"spread": -1}, na.InvalidError, "spread is -1"),
        ({"level": [1, 2]}, na.InvalidError, "level: expected shape"),
        ({"level": [1, 2, np.nan]}, na.InvalidError, r"level\[2\] is nan"),
    ],
)
def test_areas_that_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        cortex(**options)


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"feedback": "PVALB"}, na.UnknownNameError, "no population of 'V1' is a target, by 'PVALB'"),
        ({"feedforward_from": "PV"}, na.UnknownNameError, "is excitatory and a sender"),
        ({"feedback_from": "E:dendrite"}, na.UnknownNameError, "senders have none"),
        ({"local": 0}, na.InvalidError, "local is 0, must be above 0 and at most 1"),
        ({"indegree": -2}, na.InvalidError, "indegree is -2"),
        ({"least": -1}, na.InvalidError, "least is -1"),
        ({"indegree": 1000}, na.UnsupportedError, "too few units for so many synapses"),
        ({"velocity": 0}, na.InvalidError, "velocity is 0 mm/ms"),
    ],
)
def test_links_that_are_refused(options, error, words):
    areas = cortex()
    net = laid_out(areas)
    before = net.projections
    with pytest.raises(error, match=words):
        areas.connect(net, **options)
    assert net.projections == before
    areas.connect(net).build(1)  # nothing is lost


def test_both_length_constants_in_one_network():
    """Within areas probabilities fall over 0.23 mm, between them over 5.3 mm, and 0.8 of the synapses are local."""
    areas = cortex()
    net = na.Network(20)
    for area in areas.names:
        anatomy.populate(net, "allen_l23", sizes(), area=area, length=anatomy.LOCAL_LENGTH)
        net.place(f"{area}/*", box=(0.4, 0.4, 0.1))
    areas.connect(net).build(4)
    synapses = {ends: float(net.mask(*ends).sum()) for ends in net.projections}
    within = {ends: n for ends, n in synapses.items() if ends[0].split("/")[0] == ends[1].split("/")[0]}
    assert abs(sum(within.values()) / sum(synapses.values()) - 0.8) < 0.02
    table = anatomy.table("allen_l23")
    near = sum(net.mask(*ends).size * table.between(*(end.split("/")[1] for end in ends)) for ends in within)
    assert sum(within.values()) < 0.6 * near  # as many as if all were neighbours


def test_synapses_that_cannot_be_counted():
    areas = cortex()
    net = laid_out(areas)
    for area in areas.names:
        net.constrain(f"{area}/E", f"{area}/E", na.DistanceDependent(1, 0.23))
    with pytest.raises(na.UnsupportedError, match="constraint 'distance': place the units, or set indegree"):
        areas.connect(net)
    net.place("*/E", box=(1, 1, 1))
    areas.connect(net).build(1)


# --- pictures --------------------------------------------------------------------------------------------------------


def test_a_picture_of_a_table():
    table = anatomy.table("allen_l23")
    (ax,) = na.plot.connectivity(table)
    ax.figure.canvas.draw()
    image = ax.images[0].get_array()
    assert np.allclose(np.abs(image), table.probability)
    assert (image[:, 0] >= 0).all() and (image[:, 1:] <= 0).all()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(table.types)
    assert {text.get_text() for text in ax.texts} >= {".062", ".347", "0"}
    assert "allen_l23" in ax.get_title() and ax.get_ylabel() == "to"


def test_what_was_not_measured_is_hatched():
    (ax,) = na.plot.connectivity("pfeffer2013")
    assert len(ax.patches) == 2 and all(patch.get_hatch() for patch in ax.patches) and len(ax.texts) == 2
    given = plt.figure().add_subplot()
    assert na.plot.connectivity("bos2020", ax=given, limit=1)[0].images[0].get_clim() == (-1, 1)
    with pytest.raises(na.InvalidTypeError, match="table"):
        na.plot.connectivity(3)


def test_a_picture_of_areas():
    (ax,) = na.plot.areas(cortex())
    ax.figure.canvas.draw()
    assert {text.get_text() for text in ax.texts} >= {"V1", "V2", "PFC"}
    assert len([text for text in ax.texts if text.get_text() == ""]) == 6  # arrows
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["feed-forward", "feedback"]
    assert "6 of 6 links" in ax.get_title()
    far = anatomy.Areas("a b c", distances=cortex().distances, density=1)
    (drawn,) = na.plot.areas(far, strongest=2)
    place = drawn.collections[0].get_offsets()
    apart = np.linalg.norm(place[:, None] - place[None], axis=2)
    assert np.allclose(apart, cortex().distances, atol=1e-6) and "2 of 6 links" in drawn.get_title()
    na.plot.areas(anatomy.Areas("a", positions=[[0, 0, 0]]))[0].figure.canvas.draw()


def test_a_picture_of_blocks():
    areas = cortex()
    net = areas.connect(laid_out(areas)).build(1)
    (ax,) = na.plot.blocks(net)
    ax.figure.canvas.draw()
    image, names = np.ma.filled(ax.images[0].get_array(), np.nan), list(net.populations)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == names
    mask = net.mask("V1/PV", "V1/E")
    assert np.isclose(image[names.index("V1/E"), names.index("V1/PV")], -mask.mean())
    assert np.isnan(image[names.index("V2/E"), names.index("V1/PV")])
    assert len(ax.lines) == 4  # between areas
    assert len(na.plot.blocks(net, "V1/*")[0].get_yticklabels()) == 4
