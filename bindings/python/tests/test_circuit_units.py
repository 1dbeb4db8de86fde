"""Units of decision circuits: numbers of independent programs."""

import json

import numpy as np
import pytest
from test_reference import REFERENCE, load

import neuroai as na

INDEX = json.loads((REFERENCE / "circuits_index.json").read_text())


# --- Wong & Wang (2006) ----------------------------------------------------------------------------------------------


def pools(n, **numbers):
    """``n`` circuits of two pools, without noise: unit i of A and of B are of one circuit."""
    p = INDEX["wong_wang"]["parameters"]
    net = na.Network(dt=1000 * p["dt_s"]).input("a", n).input("b", n)
    for name in "AB":
        start = numbers.get(name, 0.1)
        net.population(name, n, model="wong_wang", noise=0, initial=start, plastic_bias=0)
    for name, other in ("AB", "BA"):
        net.connect(name, name, initial=p["J11"] * np.eye(n), autapses=True)
        net.connect(name, other, initial=-p["J12"] * np.eye(n))
    net.connect("a", "A", initial=p["J_ext"] * np.eye(n)).connect("b", "B", initial=p["J_ext"] * np.eye(n))
    return net.build(1)


def test_trajectories_of_wong_wang():
    d = load("wong_wang")
    c = d["coherence"]
    net = pools(len(c), A=np.where(c == 0, 0.101, 0.1))
    on = ((np.arange(5000) >= 1000) & (np.arange(5000) < 3000))[:, None] * INDEX["wong_wang"]["parameters"]["mu0_Hz"]
    run = net.run({"a": on * (1 + c / 100), "b": on * (1 - c / 100)}, record="A:gate B:gate A:rate B:rate")
    gate = np.stack([run.traces["A:gate"][:, 0].T, run.traces["B:gate"][:, 0].T], axis=-1)
    rate = np.stack([run.traces["A:rate"][:, 0].T, run.traces["B:rate"][:, 0].T], axis=-1)
    # Row k is S after step k + 1, and the rate of step k + 1, which is of the state k.
    assert np.abs(gate[:, 99::100] - d["S_euler"][:, 1:]).max() < 1e-5
    assert np.abs(rate[:, ::100] - d["rate_euler"][:, :50]).max() < 1e-5 * d["rate_euler"].max()


def test_fixed_points_of_wong_wang():
    d = load("wong_wang")
    n = len(d["fp_S1"])
    net = pools(n, A=d["fp_S1"], B=d["fp_S2"])
    mu, c = d["fp_mu0"], d["fp_coherence"] / 100
    inputs = {"a": (mu * (1 + c))[None, None], "b": (mu * (1 - c))[None, None]}
    run = net.run(inputs, record="A:gate B:gate A:rate B:rate")
    for name, number in ("A", 1), ("B", 2):
        assert np.abs(run.traces[f"{name}:gate"][0, 0] - d[f"fp_S{number}"]).max() < 2e-7
        assert np.abs(run.traces[f"{name}:rate"][0, 0] - d[f"fp_rate{number}"]).max() < 2e-4
    assert np.sum((d["fp_mu0"] == 0) & (d["fp_coherence"] == 0)) == 5
    # Moved a little, two seconds later: back where they are stable, far away where they are not.
    net.set("A", initial=d["fp_S1"] + 1e-4)
    inputs = {name: np.repeat(array, 4000, 0) for name, array in inputs.items()}
    moved = np.abs(net.run(inputs, record="A:gate", every=4000).traces["A:gate"][0, 0] - d["fp_S1"])
    stable = d["fp_eig1"] < 0
    assert moved[stable].max() < 3e-5  # S is rounded by 3e-8 a step, of which 500 add up at the slowest
    assert moved[~stable].min() > 2e-4


def test_rates_of_wong_wang():
    d = load("wong_wang")
    net = na.Network(dt=0.5).input("x", len(d["x"]))
    net.population("A", len(d["x"]), model="wong_wang", noise=0, current=0)
    net.connect("x", "A", initial=na.Identity()).build(1)
    run = net.run({"x": d["x"][None, None]}, record="A:rate")
    rate = run.traces["A:rate"][0, 0]
    # a x - b cancels near threshold: an error of 270 x 2^-24 times the slope.
    assert np.all(np.abs(rate - d["H"]) <= 1e-5 * np.abs(d["H"]) + 1e-5)
    assert abs(rate[np.argmin(np.abs(d["x"] - 0.4))] - 1 / 0.154) < 1e-3


def test_pools_learn_by_gradients():
    """Along the gradient of J by the weights between gates, J grows as it says."""
    net = na.Network(dt=2).input("x", 2).output("rate", 1)
    net.population("A", 2, model="wong_wang", noise=0, initial=0.2)
    net.connect("x", "A", initial=na.Normal(0.02, 0.01)).connect("A", "A", initial=na.Normal(0.1, 0.05))
    net.connect("A:rate", "rate", initial=na.Constant(0.1)).build(1)
    rng = np.random.default_rng(1)
    trials = na.Trials(rng.normal(size=(60, 4, 2)).astype(np.float32), rng.normal(size=(60, 4, 1)).astype(np.float32))
    trainer = na.Trainer(net, cost=na.MSE("rate"), rule=na.BPTT(), optimizer=na.SGD(0))
    for ends in (("x", "A"), ("A:gate", "A")):
        gradient, w = trainer.gradient(trials)[ends].copy(), net.weights(*ends).copy()
        norm, costs = np.linalg.norm(gradient), []
        for sign in (1, -1):
            net.set_weights(*ends, w + sign * 1e-3 * gradient / norm)
            costs.append(trainer.step(trials)["total"])
        net.set_weights(*ends, w)
        assert (costs[0] - costs[1]) / 2e-3 == pytest.approx(norm, rel=2e-3)


def test_weights_in_nanoamperes_must_be_told():
    net = na.Network(dt=1).population("A", 2, model="wong_wang").connect("A", "A")
    with pytest.raises(na.Error, match="from 'A:gate' to 'A' must be told: its port 'current' is in nA"):
        net.build(1)


# --- Wang (2002) -----------------------------------------------------------------------------------------------------

WANG = INDEX["lif_wang_network"]["parameters"]
FIRES = 2e5  # pA for a step: what brings a neuron from rest or reset above threshold


def neurons(net, name, n, kind, start, **numbers):
    p = WANG[kind]
    numbers = {"initial": start - WANG["V_L"], "refractory": p["t_ref"], **numbers}
    numbers.update(capacitance=p["C_m"], g_leak=p["g_L"])
    net.population(name, n, {"E": 1, "I": -1}[kind], model="lif_conductance", **numbers)


def trains(steps, index, n, count=1):
    """Numbers of spikes [T, 1, n]."""
    train = np.zeros((1000, 1, n), np.float32)
    np.add.at(train, (steps - 1, 0, index), count)
    return train


def external(d, n):
    return trains(d["ext_step"], d["ext_neuron"], n, d["ext_count"])


def receive(net, d, name, rows, kind, sources):
    """What arrives at neurons of a kind: weights of the file times the conductance of each synapse."""
    g, later = WANG[kind], dict(delay=WANG["delay_ms"], autapses=True)
    excite, inhibit = sources
    net.connect(excite, f"{name}:ampa", initial=g["g_AMPA"] * d["w_AMPA"][rows], **later)
    net.connect(f"{excite}:nmda", f"{name}:nmda", initial=g["g_NMDA"] * d["w_NMDA"][rows], **later)
    net.connect(inhibit, f"{name}:gaba", initial=-g["g_GABA"] * d["w_GABA"][rows], **later)


def conductances(d, kind, rows, columns):
    """Of AMPA with the background, and of GABA, at every tenth step from 10 on."""
    g = WANG[kind]
    ampa = g["g_ext"] * d["s_ext_euler"][:, columns] + g["g_AMPA"] * d["s_AMPA_euler"] @ d["w_AMPA"][rows].T
    return ampa[1:], g["g_GABA"] * (d["s_GABA_euler"] @ d["w_GABA"][rows].T)[1:]


def test_neurons_below_threshold():
    """Sources fire when they are told; each of the two neurons is a population of one."""
    d = load("lif_wang_subthreshold")
    net = na.Network(dt=WANG["dt_ms"]).input("ext", 2, sign=1).input("e", 3).input("i", 2)
    for k, name in enumerate("EI"):
        neurons(net, name, 1, name, d["V0"][k], threshold=1e6)
        weight = WANG[name]["g_ext"] * np.eye(2)[[k]]
        net.connect("ext", f"{name}:ampa", initial=weight)
    neurons(net, "excite", 3, "E", WANG["V_L"], refractory=0)
    neurons(net, "inhibit", 2, "I", WANG["V_L"], refractory=0)
    net.connect("e", "excite", initial=FIRES * np.eye(3)).connect("i", "inhibit", initial=FIRES * np.eye(2))
    for k, name in enumerate("EI"):
        receive(net, d, name, [k], name, ("excite", "inhibit"))
    net.build(1)
    kinds = [d["src_is_inhibitory"] == k for k in (0, 1)]
    e, i = (trains(d["src_step"][kind], d["src_index"][kind], n) for kind, n in zip(kinds, (3, 2)))
    shown = "excite inhibit E:v I:v E:g_ampa I:g_ampa E:g_gaba I:g_gaba excite:nmda"
    run = net.run({"ext": external(d, 2), "e": e, "i": i}, record=shown)
    assert np.array_equal(run.rates["excite"], e) and np.array_equal(run.rates["inhibit"], i)
    for k, name in enumerate("EI"):
        # Potentials in single precision: 4e-6 mV a step, which leak away within 20 ms.
        assert np.abs(run.traces[f"{name}:v"][:, 0, 0] - d["V_euler"][1:, k]).max() < 1e-4
        ampa, gaba = conductances(d, name, [k], [k])
        assert np.abs(run.traces[f"{name}:g_ampa"][9::10, 0] - ampa).max() < 1e-5 * ampa.max()
        assert np.abs(run.traces[f"{name}:g_gaba"][9::10, 0] - gaba).max() < 1e-5 * gaba.max()
    # Their gates belong to the sender and arrive later: the file has what has arrived.
    late = round(WANG["delay_ms"] / WANG["dt_ms"])
    assert np.abs(run.traces["excite:nmda"][9 - late :: 10, 0][:100] - d["s_NMDA_euler"][1:]).max() < 1e-6


def test_neurons_that_fire():
    d = load("lif_wang_network")
    net = na.Network(dt=WANG["dt_ms"]).input("ext", 4, sign=1)
    neurons(net, "E", 3, "E", d["V0"][:3])
    neurons(net, "I", 1, "I", d["V0"][3:])
    net.connect("ext", "E:ampa", initial=WANG["E"]["g_ext"] * np.eye(4)[:3])
    net.connect("ext", "I:ampa", initial=WANG["I"]["g_ext"] * np.eye(4)[3:])
    receive(net, d, "E", slice(0, 3), "E", ("E", "I"))
    receive(net, d, "I", slice(3, 4), "I", ("E", "I"))
    run = net.build(1).run({"ext": external(d, 4)}, record="E I E:v I:v E:x E:nmda E:g_ampa E:g_gaba")
    spikes = np.concatenate([run.rates["E"], run.rates["I"]], axis=-1)[:, 0]
    steps, index = np.nonzero(spikes)
    assert np.array_equal(steps + 1, d["spike_step"]) and np.array_equal(index, d["spike_neuron"])
    v = np.concatenate([run.traces["E:v"], run.traces["I:v"]], axis=-1)[:, 0]
    assert np.abs(v - d["V_euler"][1:]).max() < 5e-4
    ampa, gaba = conductances(d, "E", slice(0, 3), slice(0, 3))
    assert np.abs(run.traces["E:g_ampa"][9::10, 0] - ampa).max() < 1e-5 * ampa.max()
    assert np.abs(run.traces["E:g_gaba"][9::10, 0] - gaba).max() < 1e-5 * gaba.max()
    late = round(WANG["delay_ms"] / WANG["dt_ms"])
    for ours, array in ("E:nmda", "s_NMDA_euler"), ("E:x", "x_euler"):
        assert np.abs(run.traces[ours][9 - late :: 10, 0][:100] - d[array][1:]).max() < 1e-5


def test_magnesium_blocks():
    """A conductance of 1 nS that arrives at step 1 moves v at step 2 by dt / C times the current through it."""
    d = load("lif_wang_subthreshold")
    v, n = d["mg_V"], len(d["mg_V"])
    net = na.Network(dt=0.1).input("g", 1, sign=1)
    numbers = dict(capacitance=0.1, g_leak=0, threshold=1e6, initial=v + 70, e_exc=v + 1)
    net.population("E", n, model="lif_conductance", **numbers)
    net.connect("g", "E:nmda", initial=na.Constant(1)).build(1)
    run = net.run({"g": np.ones((2, 1, 1))}, record="E:v")
    assert np.abs(run.traces["E:v"][1, 0] - v - d["mg_factor"]).max() < 1e-5
    assert np.abs(d["mg_factor"][np.isin(v, [-60, -40, 0])] - [0.0796, 0.2302, 0.7812]).max() < 1e-4  # mV, not V
    net.set("E", magnesium=0)
    run = net.run({"g": np.ones((2, 1, 1))}, record="E:v")
    assert np.abs(run.traces["E:v"][1, 0] - v - 1).max() < 1e-5
