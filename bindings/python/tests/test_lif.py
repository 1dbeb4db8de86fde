"""Integrate-and-fire units against numbers of independent programs: spike trains equal, slopes with surrogates."""

import json
import pickle

import numpy as np
import pytest
from test_reference import REFERENCE, load

import neuroai as na

INDEX = json.loads((REFERENCE / "spiking_index.json").read_text())
LEARNING = [name for name in INDEX if name.startswith("spiking_")]


# --- spike trains ----------------------------------------------------------------------------------------------------


def arrivals(data, key, steps, channels):
    inputs = np.zeros((steps, 1, channels), np.float32)
    np.add.at(inputs, (data[f"{key}_step"] - 1, 0, data[f"{key}_source"]), 1)
    return inputs


def assert_spikes(run, names, data):
    step, neuron = np.nonzero(np.concatenate([run.traces[f"{name}:spike"][:, 0] for name in names], axis=1))
    np.testing.assert_array_equal(step + 1, data["spike_step"])
    np.testing.assert_array_equal(neuron, data["spike_neuron"])


def assert_potentials(run, names, expected, every):
    """To 1e-5 of the largest number: the tolerance of a rate, for single precision."""
    ours = np.concatenate([run.traces[f"{name}:v"][:, 0] for name in names], axis=1)
    assert np.abs(ours[every - 1 :: every] - expected[1:]).max() < 1e-5 * np.abs(expected).max()


def watched(names):
    return " ".join(f"{name}:spike {name}:v" for name in names)


@pytest.mark.parametrize("case", ["lif_delta_uniform", "lif_delta_delays"])
def test_jumps(case):
    d, p = load(case), INDEX[case]["parameters"]
    net = na.Network(dt=p["h_ms"]).input("x", 10)
    names = [f"n{i}" for i in range(8)]
    for name, drive, start in zip(names, d["mu"], d["V0"]):
        net.population(name, 1, model="lif", tau=p["tau"], threshold=p["theta"], reset=p["V_r"], drive=drive)
        net.set(name, refractory=p["tau_rp"], initial=start)
    for i, post in enumerate(names):
        net.connect("x", post, initial=d["W_ext"][i : i + 1])
        for j in np.flatnonzero(d["W"][i]):
            delay, start = d["delay"][i, j] * p["h_ms"], na.Constant(d["W"][i, j])
            net.connect(names[j], post, initial=start, delay=delay, autapses=i == j)
    run = net.build(1).run(arrivals(d, "ext", p["steps"], 10), record=watched(names))
    assert_spikes(run, names, d)
    assert_potentials(run, names, d["V"], 5)


def test_edges():
    """A rule each: equality fires, arrivals of a step are one, those of the refractory period are lost, ..."""
    d, p = load("lif_delta_edges"), INDEX["lif_delta_edges"]["parameters"]
    net = na.Network(dt=p["h_ms"]).input("x", 13)
    net.population("E", 13, model="lif", tau=p["tau"], threshold=p["theta"], reset=p["V_r"], refractory=p["tau_rp"])
    net.set("E", drive=d["mu"], initial=d["V0"])
    net.connect("x", "E", initial=np.eye(13)).build(1)
    inputs = np.zeros((p["steps"], 1, 13), np.float32)
    np.add.at(inputs, (d["in_step"] - 1, 0, d["in_neuron"]), d["in_weight"])
    run = net.run(inputs, record="E:spike E:v")
    assert_spikes(run, ["E"], d)
    assert_potentials(run, ["E"], d["V"], 4)


def test_currents():
    """Among them tau_exc = tau, where the usual propagator is 0 / 0."""
    d, p = load("lif_exp_single"), INDEX["lif_exp_single"]["parameters"]
    net = na.Network(dt=p["dt_ms"]).input("e", 1, sign=1).input("i", 1, sign=-1)
    net.population("E", 4, model="lif", tau=d["tau_m"], capacitance=d["C_m"], tau_exc=d["tau_ex"], tau_inh=d["tau_in"])
    net.set("E", refractory=d["t_ref"], rest=d["E_L"], reset=d["V_reset"], threshold=d["V_th"])
    net.set("E", drive=d["I_e"] * d["tau_m"] / d["C_m"], initial=d["V0"] - d["E_L"])
    net.connect("e", "E:exc", initial=d["in_weight"][:, :1]).connect("i", "E:inh", initial=d["in_weight"][:, 1:])
    train = arrivals(d, "in", p["steps"], 2)
    run = net.build(1).run({"e": train[..., :1], "i": train[..., 1:]}, record="E:spike E:v E:i_exc E:i_inh")
    assert_spikes(run, ["E"], d)
    assert_potentials(run, ["E"], d["V"], 5)
    for name, array in (("i_exc", "I_ex"), ("i_inh", "I_in")):
        assert np.abs(run.traces[f"E:{name}"][4::5, 0] - d[array][1:]).max() < 1e-6 * np.abs(d[array]).max()


def test_network_of_currents():
    d, p = load("lif_exp_network"), INDEX["lif_exp_network"]["parameters"]
    net = na.Network(dt=p["dt_ms"]).input("e", 5, sign=1).input("i", 1, sign=-1)
    names = [f"n{i}" for i in range(8)]
    numbers = dict(tau=p["tau_m"], capacitance=p["C_m"], tau_exc=p["tau_ex"], tau_inh=p["tau_in"])
    for i, name in enumerate(names):
        net.population(name, 1, 1 if i < 6 else -1, model="lif", **numbers)
        net.set(name, rest=p["E_L"], reset=p["V_reset"], threshold=p["V_th"], refractory=p["t_ref"])
        net.set(name, initial=d["V0"][i] - p["E_L"])
    for i, post in enumerate(names):
        net.connect("e", f"{post}:exc", initial=d["in_weight"][i : i + 1, :5])
        net.connect("i", f"{post}:inh", initial=d["in_weight"][i : i + 1, 5:])
        for j in np.flatnonzero(d["W"][i]):
            port, start = f"{post}:exc" if j < 6 else f"{post}:inh", na.Constant(d["W"][i, j])
            net.connect(names[j], port, initial=start, delay=d["delay"][i, j] * p["dt_ms"], autapses=i == j)
    train = arrivals(d, "in", p["steps"], 6)
    run = net.build(1).run({"e": train[..., :5], "i": train[..., 5:]}, record=watched(names))
    assert_spikes(run, names, d)
    assert_potentials(run, names, d["V"], 5)


# --- learning --------------------------------------------------------------------------------------------------------


class Learning:
    """spiking_*: a recurrent population that is read by leaky outputs."""

    def __init__(self, case, reset_gradient="cut"):
        d, p = self.data, self.parameters = load(case), INDEX[case]["parameters"]
        n, channels = d["W_in"].shape
        sigmoid = p["surrogate"] == "fast_sigmoid"
        net = self.net = na.Network(dt=p["dt_ms"]).input("x", channels)
        net.population("E", n, model="lif", tau=p["tau_ms"], threshold=p["theta"], soft_reset=1, bias=d["b"])
        net.set("E", adaptation=d["beta"], tau_adaptation=p["tau_a_ms"], refractory=p["n_ref"] * p["dt_ms"])
        net.set("E", normalise=int(p["gain"] != 1), dampening=p["gamma"], reset_gradient=reset_gradient)
        net.set("E", surrogate="fast_sigmoid" if sigmoid else "linear", width=1 / p["slope"] if sigmoid else 1)
        net.output("z", len(d["b_out"]), tau=p["tau_out_ms"], gain=p["gamma_out"], bias=d["b_out"])
        net.connect("x", "E", initial=d["W_in"]).connect("E", "E", initial=d["W_rec"])
        net.connect("E", "z", initial=d["W_out"]).build(1)
        self.inputs = d["x"].astype(np.float32)
        self.trials = na.Trials(self.inputs, d["target"], d["m"])

    def cost(self):
        p = self.parameters
        task = na.MSE("z") if p["cost"] == "mse" else na.CrossEntropy("z")
        return task + p["rate_weight"] * na.UnitRateTarget("E", p["rate_target"]) if "rate_weight" in p else task

    def gradient(self, rule, feedback=None):
        trainer = na.Trainer(self.net, self.trials, self.cost(), rule=rule)
        if feedback is not None:
            trainer.rule.set_feedback("E", feedback)
        g = trainer.gradient(self.trials)
        names = {"W_in": ("x", "E:delta"), "W_rec": ("E:spike", "E:delta"), "W_out": ("E:spike", "z")}
        return {name: g[ends] for name, ends in {**names, "b": "E", "b_out": "z"}.items()}

    def check(self, gradient, prefix, names=("W_in", "W_rec", "b")):
        for name in names:
            expected = self.data[f"{prefix}_{name}"]
            assert np.abs(gradient[name] - expected).max() < 2e-5 * np.abs(expected).max(), (prefix, name)


@pytest.mark.parametrize("case", LEARNING)
def test_trajectory(case):
    run = Learning(case).net.run(Learning(case).inputs, record="E:spike E:v")
    d = load(case)
    np.testing.assert_array_equal(run.traces["E:spike"], d["z"])
    assert np.abs(run.traces["E:v"] - d["v"]).max() < 1e-5 * np.abs(d["v"]).max()
    assert np.abs(run.outputs["z"] - d["y"]).max() < 1e-5 * np.abs(d["y"]).max()


@pytest.mark.parametrize("case", LEARNING)
def test_gradients(case):
    full = Learning(case, "full")
    gradient = full.gradient(na.BPTT())
    full.check(gradient, "grad_full")
    full.check(gradient, "grad", ("W_out", "b_out"))
    cut = Learning(case)
    cut.check(cut.gradient(na.BPTT()), "grad_cut_reset")


@pytest.mark.parametrize("case", LEARNING)
def test_eprop(case):
    cut = Learning(case)
    cut.check(cut.gradient(na.EProp("symmetric")), "grad_cut_recurrent")
    cut.check(cut.gradient(na.EProp("random", seed=2), cut.data["B_feedback"]), "eprop_random")


@pytest.mark.parametrize("case", LEARNING)
def test_slopes(case):
    """Against differences where nothing spikes, and the fused way back against the slopes."""
    for reset_gradient in ("cut", "full"):
        Learning(case, reset_gradient).net.check_model("E")


# --- in use ----------------------------------------------------------------------------------------------------------


def brunel(n_e, n_i):
    net, m = na.Network(dt=0.1), dict(model="lif", tau=20, threshold=20, reset=10, refractory=2)
    net.population("E", n_e, +1, background=20000, background_weight=0.1, **m)
    net.population("I", n_i, -1, background=20000, background_weight=0.1, **m)
    for name, n, weight in (("E", n_e, 1), ("I", n_i, -5)):
        how = dict(indegree=n // 10, initial=na.Constant(weight), plastic=False, delay=1.5)
        net.connect(name, "E:delta I:delta", **how)
    return net.build(1)


def test_files_copies_and_pickles(tmp_path):
    net = brunel(80, 20)
    expected = net.run(steps=400, seed=3, record="E:spike I:v").traces
    assert expected["E:spike"].sum() > 20
    net.save(tmp_path / "net.safetensors")
    for made in (na.Network.load(tmp_path / "net.safetensors"), net.copy(), pickle.loads(pickle.dumps(net))):
        traces = made.run(steps=400, seed=3, record="E:spike I:v").traces
        assert all((traces[name] == expected[name]).all() for name in expected)


def test_a_spiking_network_learns_by_eprop():
    """As the guide has it, and within trials."""
    spikes = np.random.default_rng(1).random((200, 4, 100)) < 0.02
    trials = na.Trials(spikes, np.sin(np.arange(200) / 30)[:, None, None] * np.ones((1, 4, 1)))
    for every in (0, 1):
        net = na.Network(dt=1).input("in", 100)
        net.population("E", 100, model="lif", tau=30, threshold=0.03, soft_reset=1).output("z", 1, tau=30)
        w = na.Normal(0, 0.003)
        net.connect("in", "E", initial=w).connect("E", "E", initial=w).connect("E", "z").build(1)
        cost = na.MSE("z") if every else na.MSE("z") + 1e-2 * na.RateTarget("E", 0.01)
        rule = na.EProp("random", seed=2, update_every=every)
        trainer = na.Trainer(net, trials, cost, rule, na.Adam(1e-3) if not every else na.SGD(1e-4))
        first = trainer.step(trials)["mse"]
        for _ in range(40):
            last = trainer.step(trials)["mse"]
        assert last < 0.7 * first, every
