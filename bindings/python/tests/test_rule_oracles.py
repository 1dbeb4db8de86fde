"""Learning rules against numbers that an independent program in double precision made from their equations.

Sweeps of dendritic error in circuits whose dynamics are steady, full or prospective; adaptive e-prop with updates
within trials, by trainers and by agents.
"""

import json

import numpy as np
import pytest
from conftest import ROOT
from safetensors.numpy import load_file

import neuroai as na

REFERENCE = ROOT / "tests" / "reference"
INDEX = json.loads((REFERENCE / "rules_index.json").read_text())
ARRAYS = load_file(str(REFERENCE / "rules.safetensors"))
DT = {"sweep": 0.1, "eprop": 10.0}


class Case:
    """Arrays of one case by their names."""

    def __init__(self, name):
        self.name = name
        self.settings = INDEX[name.rstrip("0123456789")][name]

    def __getitem__(self, key):
        return ARRAYS[f"{self.name}: {key}"]

    def named(self, what):
        first = f"{self.name}: {what} "
        return {tuple(key[len(first) :].split(" ")): key for key in ARRAYS if key.startswith(first)}

    def stored(self, ends):
        how = self.settings["storage"]
        return dict(mask=self["mask " + " ".join(ends)], **({"storage": how} if how else {}))


def assert_close(what, ours, expected):
    assert ours.shape == expected.shape, what
    worst = np.abs(ours - expected).max()
    assert worst < 1e-4 * np.abs(expected).max() + 1e-7, f"{what}: off by {worst:.2g}"


# --- dendritic error, by a sweep -------------------------------------------------------------------------------------


def circuit(case):
    s = case.settings
    sizes, top = s["sizes"], len(s["sizes"]) - 1
    net = na.Network(dt=DT["sweep"]).input("x", sizes[0]).input("target", sizes[top]).input("teach", sizes[top])
    p = {k: s[k] for k in ("dynamics", "transfer", "prospective", "g_leak", "g_basal", "g_soma", "plastic_bias")}
    for k in range(1, top + 1):
        apical = s["g_apical"] if k < top else 0
        net.population(f"P{k}", sizes[k], model="pyramidal", g_apical=apical, bias=case[f"bias P{k}"], **p)
    for k in range(1, top):
        net.population(f"I{k}", sizes[k + 1], model="pyramidal", g_apical=0, nudge=1, **p)
    for ends in case.named("W"):
        source, target = ends
        up = target.endswith(":basal")
        more = {} if source == "x" else {"delay": 0 if up else DT["sweep"]}
        net.connect(source, target, initial=na.Uniform(-1, 1), plastic=up or source[0] == "I" or s["down"], **case.stored(ends), **more)
    one = dict(initial=na.Identity(), plastic=False)
    for k in range(1, top):
        net.connect(f"P{k + 1}:u", f"I{k}:target", delay=DT["sweep"], **one)
    net.connect("target", f"P{top}:target", **one).connect("teach", f"P{top}:nudge", **one).build(1)
    for source, target in case.named("W"):
        net.set_weights(source, target, case[f"W {source} {target}"])
    return net


@pytest.mark.parametrize("name", INDEX["sweep"])
def test_sweeps(name):
    case = Case(name)
    net = circuit(case)
    rule = na.DendriticError(sweep=1, update_every=0)
    trainer = na.Trainer(net, None, rule=rule, optimizer=na.SGD(1))
    found = trainer.gradient(na.Trials({k: case[k] for k in ("x", "target", "teach")}))
    expected = case.named("gradient")
    assert len(expected) >= 5
    for key, stored in expected.items():
        ends = next(k for k in found if k == key[0] or (len(key) == 2 and (k[0].split(":")[0], k[1]) == key))
        assert_close(key, found[ends], ARRAYS[stored])


# --- adaptive e-prop, within trials ----------------------------------------------------------------------------------


def recurrent(case):
    s = case.settings
    net = na.Network(dt=DT["eprop"]).input("u", case["inp"].shape[2])
    for name, sign in (("A", s["sign"]), ("B", -s["sign"])):
        p = dict(tau=case[f"tau{name}"], transfer=s["transfer"], leak=s["leak"], initial=case[f"initial {name}"])
        net.population(name, len(case[f"tau{name}"]), sign, **p)
    net.output("z", case["tz"].shape[2]).output("y", case["ty"].shape[2])
    for ends in case.named("W"):
        delay = DT["eprop"] * s["delay"] if ends == ("A", "B") else DT["eprop"]
        more = {"delay": delay} if ends[0] != "u" and ends[1] in "AB" else {}
        net.connect(*ends, **case.stored(ends), **more)
    net.build(1)
    for ends in case.named("W"):
        net.set_weights(*ends, case["W " + " ".join(ends)])
    for (name,) in case.named("bias"):
        net.set_bias(name, case[f"bias {name}"])
    return net


def learn(case, trainer):
    """Twice the same batch; or, by an agent, each of its trials, where the mask of the first output weighs both."""
    targets = {"z": case["tz"], "y": case["ty"]}
    if not case.settings["agent"]:
        trials = na.Trials(case["inp"], targets, {"z": case["mz"], "y": case["my"]})
        trainer.step(trials)
        trainer.step(trials)
        return
    agent = na.Agent(trainer)
    both = np.concatenate(list(targets.values()), axis=2)
    for trial in range(both.shape[1]):
        agent.begin()
        for x, wanted, weight in zip(case["inp"][:, trial], both[:, trial], case["mz"][:, trial]):
            agent.step(x, target=wanted, weight=float(weight))
        agent.rest()


@pytest.mark.parametrize("name", INDEX["eprop"])
def test_adaptive_eprop_within_trials(name):
    case = Case(name)
    s, net = case.settings, recurrent(case)
    cost = na.MSE("z") + 0.3 * na.MSE("y")
    if s["rates"]:
        cost = cost + 0.01 * na.L2Rates("A B")
    rule = na.EProp("adaptive", seed=5, decay=s["decay"], update_every=s["update_every"])
    optimizer = na.SGD(0.05) if s["optimizer"] == "sgd" else na.Adam(0.01)
    trainer = na.Trainer(net, None, cost, rule, optimizer, **({"clip": s["clip"]} if s["clip"] else {}))
    for ends in case.named("B"):
        if ends[0] != "learnt":
            trainer.rule.set_feedback(*ends, case["B " + " ".join(ends)])
    learn(case, trainer)
    for key, stored in case.named("learnt").items():
        assert_close(key, net.weights(*key) if len(key) == 2 else net.bias(*key), ARRAYS[stored])
    for ends, stored in case.named("B learnt").items():
        assert_close(("B", *ends), trainer.rule.feedback(*ends), ARRAYS[stored])
