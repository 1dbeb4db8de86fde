"""Published tables of connection probability, networks laid out from them, and pictures of both."""

import ctypes

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
    layout = _c.nai_layout(struct_size=ctypes.sizeof(_c.nai_layout), area=b"V1", missing=-1)
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


# --- pictures --------------------------------------------------------------------------------------------------------


def test_a_picture_of_a_table():
    table = anatomy.table("allen_l23")
    ax = na.plot.connectivity(table)
    ax.figure.canvas.draw()
    image = ax.images[0].get_array()
    assert np.allclose(np.abs(image), table.probability)
    assert (image[:, 0] >= 0).all() and (image[:, 1:] <= 0).all()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(table.types)
    assert {text.get_text() for text in ax.texts} >= {".062", ".347", "0"}
    assert "allen_l23" in ax.get_title() and ax.get_ylabel() == "to"


def test_what_was_not_measured_is_hatched():
    ax = na.plot.connectivity("pfeffer2013")
    assert len(ax.patches) == 2 and all(patch.get_hatch() for patch in ax.patches) and len(ax.texts) == 2
    given = plt.figure().add_subplot()
    assert na.plot.connectivity("bos2020", ax=given, limit=1).images[0].get_clim() == (-1, 1)
    with pytest.raises(na.InvalidTypeError, match="table"):
        na.plot.connectivity(3)
