"""Trajectories, costs and gradients against numbers from an independent program in double precision.

float32 must agree within 1e-4 of the largest value of each array.
"""

import json

import numpy as np
import pytest
from conftest import ROOT
from safetensors.numpy import load_file

import neuroai as na

REFERENCE = ROOT / "tests" / "reference"
INDEX = json.loads((REFERENCE / "index.json").read_text())
RECURRENT = [name for name in INDEX if name.startswith("rnn_") and "communicability" not in INDEX[name]["betas"]]
FEEDFORWARD = [name for name in INDEX if name.startswith("mlp_")]


def load(name):
    return load_file(str(REFERENCE / f"{name}.safetensors"))


def assert_close(what, ours, expected):
    expected = np.asarray(expected, np.float64)
    ours = np.asarray(ours, np.float64)
    assert ours.shape == expected.shape, what
    worst = np.abs(ours - expected).max() / max(np.abs(expected).max(), 1e-30)
    assert worst < 1e-4, f"{what}: off by {worst:.2g} of its largest value"


def test_there_are_cases():
    assert len(RECURRENT) == 5 and len(FEEDFORWARD) == 2


class Recurrent:
    """A case as a network: one population, or pE and pI where there are signs."""

    def __init__(self, name):
        self.about, self.data = INDEX[name], load(name)
        d = self.data
        self.parts = {"p": slice(None)}
        if self.about["dale"]:
            n_e = int((d["sign"] > 0).sum())
            assert (d["sign"][:n_e] == 1).all() and (d["sign"][n_e:] == -1).all()
            self.parts = {"pE": slice(0, n_e), "pI": slice(n_e, None)}
        self.net = net = na.Network(dt=self.about["dt"])
        net.input("u", d["u"].shape[2])
        for part, rows in self.parts.items():
            alpha = d["alpha"][rows]
            sign = int(d["sign"][rows][0])
            net.population(part, len(alpha), sign, leak=self.about["kind"], transfer=self.about["phi"])
            net.set(part, tau=self.about["dt"] / alpha, initial=d["x0"][0, rows])
            net.place(part, positions=d["position"][rows])
            net.connect("u", part)
        for pre, columns in self.parts.items():
            for post, rows in self.parts.items():
                net.connect(pre, post, mask=d["mask"][rows, columns])
        net.output("z", d["y"].shape[2] if d["y"].ndim == 3 else d["W_out"].shape[0])
        for part in self.parts:
            net.connect(part, "z")
        if self.about["dale"]:
            net.constrain("p*", "z", na.Dale("off"))  # the cases do not say that readout weights have signs
        net.build(seed=5)
        for part, rows in self.parts.items():
            net.set_weights("u", part, d["W_in"][rows])
            net.set_weights(part, "z", d["W_out"][:, rows])
            net.set_bias(part, d["b_rec"][rows])
        for pre, columns in self.parts.items():
            for post, rows in self.parts.items():
                net.set_weights(pre, post, d["W_rec"][rows, columns])
        net.set_bias("z", d["b_out"])

    def cost(self):
        betas = self.about["betas"]
        cost = 1.0 * (na.MSE("z") if self.about["cost"] == "mse" else na.CrossEntropy("z"))
        if "l1_weight" in betas:
            cost = cost + betas["l1_weight"] * na.L1Weights("p*", "p*")
        if "l2_rate" in betas:
            cost = cost + betas["l2_rate"] * na.L2Rates("p*")
        if "distance" in betas:
            cost = cost + betas["distance"] * na.Distance("p*", "p*")
        return cost

    def trials(self):
        y = self.data["y"]
        targets = y.astype(np.int64) if y.ndim == 2 else y
        return na.Trials(self.data["u"], targets, self.data["m"])

    def gathered(self, gradient):
        d = self.data
        found = {key: np.zeros(d[key].shape) for key in ("grad_W_in", "grad_W_rec", "grad_b_rec", "grad_W_out")}
        for part, rows in self.parts.items():
            found["grad_W_in"][rows] = gradient["u", part]
            found["grad_W_out"][:, rows] = gradient[part, "z"]
            found["grad_b_rec"][rows] = gradient[part]
            for pre, columns in self.parts.items():
                found["grad_W_rec"][rows, columns] = gradient[pre, part]
        return {**found, "grad_b_out": gradient["z"]}


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_trajectory(name):
    case = Recurrent(name)
    run = case.net.run(case.data["u"])
    assert_close("rate", np.concatenate([run.rates[part] for part in case.parts], axis=2), case.data["rate"])
    assert_close("output", run.outputs["z"], case.data["output"])


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_costs_and_gradient(name):
    case = Recurrent(name)
    trainer = na.Trainer(case.net, cost=case.cost(), rule=na.BPTT(), optimizer=na.SGD(1e-3))
    for key, ours in case.gathered(trainer.gradient(case.trials())).items():
        assert_close(key, ours, case.data[key])
    before = case.net.weights(next(iter(case.parts)), "z").copy()
    costs = trainer.step(case.trials())  # the same trials: the costs are those before the update
    assert (case.net.weights(next(iter(case.parts)), "z") != before).any()
    assert_close("J", costs.pop("total"), case.data["J"][0])
    names = ["J_task", *(f"J_{key}" for key in ("l1_weight", "l2_rate", "distance") if key in case.about["betas"])]
    assert len(costs) == len(names)
    for (what, ours), key in zip(costs.items(), names):
        assert_close(what, ours, case.data[key][0])


@pytest.mark.parametrize("name", FEEDFORWARD)
def test_feedforward(name):
    about, d = INDEX[name], load(name)
    layers = [f"h{i}" for i in range(1, len(about["sizes"]) - 1)]
    chain = ["x", *layers, "z"]
    net = na.Network(dt=1)
    net.input("x", about["sizes"][0])
    for layer, n in zip(layers, about["sizes"][1:]):
        net.population(layer, n, tau=1, transfer=about["phi"])
    net.output("z", about["sizes"][-1])
    for pre, post in zip(chain, chain[1:]):
        net.connect(pre, post, delay=0)
    net.build()
    for i, (pre, post) in enumerate(zip(chain, chain[1:])):
        net.set_weights(pre, post, d[f"W{i}"])
        net.set_bias(post, d[f"b{i}"])
    inputs = d["x"][None]
    assert_close("output", net.run(inputs).outputs["z"][0], d["output"])
    is_mse = about["cost"] == "mse"
    targets = d["y"][None] if is_mse else d["y"][None].astype(np.int32)
    trainer = na.Trainer(net, cost=na.MSE("z") if is_mse else na.CrossEntropy("z"))
    trials = na.Trials(inputs, targets)
    gradient = trainer.gradient(trials)
    for i, (pre, post) in enumerate(zip(chain, chain[1:])):
        assert_close(f"grad_W{i}", gradient[pre, post], d[f"grad_W{i}"])
        assert_close(f"grad_b{i}", gradient[post], d[f"grad_b{i}"])
    assert_close("J", trainer.step(trials)["total"], d["J"][0])


def test_gradient_agrees_with_central_differences():
    """The first case again, without the independent program: a few weights moved up and down."""
    case = Recurrent("rnn_rate_softplus_ei")
    trainer = na.Trainer(case.net, cost=case.cost(), optimizer=na.SGD(0))
    trials = case.trials()
    gradient = trainer.gradient(trials)["pE", "pI"]
    weights = case.net.weights("pE", "pI").copy()
    h = 1e-2
    for i, j in np.argwhere(case.net.mask("pE", "pI"))[::7]:
        total = []
        for sign in (+1, -1):
            moved = weights.copy()
            moved[i, j] += sign * h
            case.net.set_weights("pE", "pI", np.maximum(moved, 0))
            total.append(trainer.step(trials)["total"])
        case.net.set_weights("pE", "pI", weights)
        if weights[i, j] > h:
            assert abs((total[0] - total[1]) / (2 * h) - gradient[i, j]) < 2e-3 * np.abs(gradient).max()
