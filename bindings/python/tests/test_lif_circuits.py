"""Circuits of integrate-and-fire neurons beside their theory: Brunel (2000), and memories of Amit & Brunel (1997).

Networks are small where time asks for it; `make reproduce` has the full ones.
"""

import numpy as np
import pytest

import neuroai as na
from neuroai import circuits


def ran(ms, net):
    """Spikes of the second half of so much time."""
    run = net.run(steps=round(ms / net.dt), progress=False)
    return {name: spikes.between(ms / 2, ms) for name, spikes in run.spikes.items()}


# --- Brunel 2000 -----------------------------------------------------------------------------------------------------

#: 2000 neurons with as many connections as 10000 have: more input is shared, so rates are some per cent off.
SMALL = {"n": 2000}


def test_regimes():
    """Within 25 % of theory, as 2000 neurons are; regular or not; slower with more inhibition."""
    found = {}
    for regime, how in [("SR", {}), ("SI fast", {}), ("AI", {}), (None, {"g": 8, "eta": 2})]:
        net = circuits.brunel2000(regime, **how, **SMALL).build(1, progress=False)
        found[regime] = ran(400, net)["E"]
        assert found[regime].rate == pytest.approx(na.mean_field(net).rates["E"], rel=0.25), regime
    assert found["SR"].rate > 300 > found["AI"].rate > 30 > found[None].rate
    assert np.nanmean(na.spikes.cv(found["SR"])) < 0.01
    assert np.nanmean(na.spikes.cv(found["SI fast"], 3)) > 0.7
    assert 0.3 < np.nanmean(na.spikes.cv(found["AI"])) < 0.6
    frequency, power = na.spikes.power_spectrum(found["SI fast"], segment=200)
    assert 140 < frequency[power.argmax()] < 220  # the paper says 180 Hz


def test_the_theory_of_a_network_is_that_of_its_numbers():
    """As many synapses with the same weights as in the paper, whatever the number of neurons."""
    net = circuits.brunel2000("C", **SMALL).build(1, progress=False)
    assert na.mean_field(net).rates["E"] == pytest.approx(37.9497, abs=1e-3)
    assert na.mean_field(net.set("E I", reset=0)).rates["I"] == pytest.approx(32.0331, abs=1e-3)
    assert circuits.brunel2000("A").populations == {"E": 10_000, "I": 2500}
    assert net.get("E", "background")[0] == 20_000


def test_wrong_circuits_of_brunel_are_refused():
    for arguments, words in [
        ({"regime": "E"}, "regime: 'E' is unknown; it may be SR, SI fast, AI, SI slow"),
        ({"regime": None, "g": 4}, "g, eta: needed without a regime"),
        ({"n": 1000}, "connections is 1000, must be 4 to 996"),
        ({"weight": 0}, "weight is 0, must be above 0"),
        ({"eta": -1}, "eta is -1, must be at least 0"),
    ]:
        with pytest.raises(na.InvalidError, match=words):
            circuits.brunel2000(**arguments)


# --- memories --------------------------------------------------------------------------------------------------------


def test_a_cued_pool_goes_on_firing():
    """As theory has it within 15 %, and the other pool below 1 Hz; before the cue both are about spontaneous."""
    net = circuits.amit_brunel1997(2.7, pools=2).build(1, progress=False)
    theory = na.mean_field(net)
    spontaneous, delay = theory.solve(), theory.solve({"S2": 50, "N": 1, "I": 11})
    assert spontaneous.rates["S2"] < 4 and delay.rates["S2"] > 40
    cue = np.zeros((6000, 1, 2), np.float32)
    cue[300:1500, 0, 1] = 2500
    run = net.run(cue, progress=False)
    for name in ("N", "I"):
        assert run.spikes[name].between(0, 30).rate == pytest.approx(spontaneous.rates[name], rel=0.4)
    after = {name: spikes.between(300, 600).rate for name, spikes in run.spikes.items()}
    assert after["S2"] == pytest.approx(delay.rates["S2"], rel=0.15) and after["S1"] < 1
    assert after["I"] == pytest.approx(delay.rates["I"], rel=0.15)


def test_strengths_keep_the_total():
    """g_- of f = .1 and g_+ = 2.7 is .8111; a neuron of a pool gets as much as one of none."""
    net = circuits.amit_brunel1997(2.7, n=400, connections=80).build(1)
    weight = {source: net.weights(source, "S1:delta") for source in ("S1", "S2", "N")}
    assert weight["S1"].max() == pytest.approx(0.27) and weight["S2"].max() == pytest.approx(0.1 * 0.8111, abs=1e-5)
    onto = sum(net.weights(source, "S1:delta").sum(axis=1) for source in ("S1", "S2", "S3", "S4", "S5", "N"))
    assert np.allclose(onto, 80 * 0.1, rtol=1e-5)
    assert (net.mask("cue", "S2:background").sum(axis=0) == [0, 40, 0, 0, 0]).all()


def test_memories_may_have_several_synapses_of_a_pair():
    """Excitatory ones as many in all, inhibitory ones as many for each neuron; weights are multiples."""
    net = circuits.amit_brunel1997(2.7, n=400, connections=80, multapses=True).build(1)
    weight = net.weights("S1", "S1:delta")
    assert weight.sum() == pytest.approx(0.27 * 40 * 8, rel=1e-5) and np.ptp(weight.sum(axis=1)) > 0.27
    assert np.allclose(weight / 0.27, np.rint(weight / 0.27), atol=1e-4) and weight.max() > 0.5
    assert np.allclose(net.weights("I", "I:delta").sum(axis=1), -0.4 * 20, rtol=1e-5)
    assert net.weights("I", "I:delta").min() < -0.5


def test_external_rates_make_the_spontaneous_state():
    """15.626 and 11.667 Hz a synapse, of 800."""
    net = circuits.amit_brunel1997(1)
    assert net.get("N", "background")[0] / 800 == pytest.approx(15.626, abs=1e-3)
    assert net.get("I", "background")[0] / 800 == pytest.approx(11.667, abs=1e-3)
    net = circuits.amit_brunel1997(1, weights=(0.1, 0.25, 0.25, 0.25))
    assert net.get("N", "background")[0] / 800 == pytest.approx(13.009, abs=1e-3)
    assert net.get("I", "background")[0] / 800 == pytest.approx(7.542, abs=1e-3)


def test_wrong_memories_are_refused():
    for arguments, words in [
        ({"g_plus": 11}, "g_plus is 11, must be 0 to 10"),
        ({"pools": 10}, "pools, coding: 10 pools of 0.1 are not fewer"),
        ({"coding": 1.0}, "pools, coding"),
        ({"weights": (1, 2)}, "weights: expected four"),
        ({"spontaneous": (0, 9)}, "spontaneous is"),
        ({"spontaneous": (300, 400), "weights": (0.1, 0.2, 0, 0)}, "without a background the rate is"),
    ]:
        with pytest.raises(na.InvalidError, match=words):
            circuits.amit_brunel1997(**arguments)


# --- reading a network -----------------------------------------------------------------------------------------------


def cells(**other):
    return {"model": "lif", "tau": 20, "threshold": 20, "reset": 10, "refractory": 2, **other}


def test_all_that_a_network_says_counts():
    """Weights that differ, a drive, a bias, an input onto the background and one onto the potential, sources, rest."""
    net = na.Network(dt=0.1).input("rate", 1).input("push", 1)
    net.population(
        "A", 40, +1, **cells(drive=3, background=1000, background_weight=0.2, rest=-60, threshold=-40, reset=-50)
    )
    net.population("B", 20, -1, **cells(bias=0.01)).output("z", 1)
    net.connect("A", "A:delta B:delta", density=0.5, initial=na.Gamma(2, 0.1), plastic=False)
    net.connect("B", "A:delta", initial=na.Constant(-0.3), plastic=False)
    net.connect("rate", "A:background", initial=na.Constant(2), plastic=False)
    net.connect("push", "B:delta", initial=na.Constant(0.05), plastic=False).connect("A", "z")
    net.build(1)
    theory = na.mean_field(net, {"rate": 300, "push": 0.2})
    nu = np.array([7.0, 11.0])
    mean, sd = theory.input(nu)
    a, b = (net.weights("A", f"{name}:delta").astype(np.float64) for name in "AB")
    leak = -np.expm1(-0.1 / 20)
    inhibition = 20 * 0.3
    expected = [
        3 + 0.02 * (a.sum() / 40 * 7 - inhibition * 11 + 0.2 * 1600),
        0.02 * b.sum() / 20 * 7 + (0.01 + 0.05 * 0.2) / leak,
    ]
    squares = [
        0.01 * ((a**2).sum() / 40 * 7 + 20 * 0.3**2 * 11 + 0.2**2 * 1600),
        0.01 * (b**2).sum() / 20 * 7,
    ]
    assert np.allclose(mean, expected, rtol=1e-6) and np.allclose(sd**2, squares, rtol=1e-6)
    mean, sd = na.mean_field(net.set("B", normalise=1), {"rate": 300, "push": 0.2}).input(
        nu
    )  # all that arrives times leak
    assert mean[1] == pytest.approx(expected[1] * leak, rel=1e-6)
    assert sd[1] ** 2 == pytest.approx(squares[1] * leak**2, rel=1e-6)


@pytest.mark.skipif("poisson" not in na.models(), reason="there is no such model")
def test_sources_of_spikes_have_the_rates_that_they_are_given():
    net = (
        na.Network(dt=0.1)
        .input("u", 1)
        .population("P", 50, +1, model="poisson", rate=5)
        .population("A", 10, +1, **cells())
    )
    net.output("z", 1).connect("u", "P", initial=na.Constant(2), plastic=False).connect("A", "z")
    net.connect("P", "A:delta", indegree=20, initial=na.Constant(0.5), plastic=False).build(1)
    mean, sd = na.mean_field(net, {"u": 10}).input([0])
    assert mean[0] == pytest.approx(0.02 * 20 * 0.5 * 25) and sd[0] ** 2 == pytest.approx(0.01 * 20 * 0.25 * 25)


def test_networks_without_such_a_theory_are_refused():
    def net(**other):
        made = na.Network(dt=0.1).population("A", 4, +1, **cells(**other)).output("z", 1)
        return made.connect("A", "A:delta", initial=na.Constant(0.1), plastic=False).connect("A", "z").build(1)

    for made, words in [
        (net(adaptation=1), "'A' adapts"),
        (net(soft_reset=1), "'A' has a soft reset"),
        (net(tau=[20, 20, 20, 30]), "tau of 'A' differs between its units"),
        (na.Network(dt=10).population("R", 2).output("z", 1).connect("R", "z").build(1), "'R' is of the model 'rate'"),
    ]:
        with pytest.raises(na.UnsupportedError, match=words):
            na.mean_field(made)
    with pytest.raises(na.UnknownNameError, match="inputs: there is no input 'q', but none"):
        na.mean_field(net(), {"q": 1})
    with pytest.raises(na.InvalidTypeError, match="net"):
        na.mean_field(3)
