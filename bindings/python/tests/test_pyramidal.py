"""Pyramidal neurons in microcircuits: numbers of an independent program, names, what must be told."""

import json

import numpy as np
import pytest
from test_reference import REFERENCE, assert_close, load

import neuroai as na

INDEX = json.loads((REFERENCE / "microcircuit_index.json").read_text())
ONE = {"initial": na.Identity(), "plastic": False}
CONDITIONS = ("free", "taught", "selfpred_free", "selfpred_taught")
STEPS = {"full": 1000, "steady": 50}


def microcircuit(case, condition, **population):
    """The built network of a reference case."""
    d, sizes = load(case), INDEX[case]["sizes"]
    g = INDEX[case]["conductances"]
    up, inter = ({"g_leak": g["leak"], "g_basal": g[basal], "g_soma": g["som"], **population} for basal in ("basal", "dend"))
    net = na.Network(dt=0.1).input("x", sizes[0]).input("target", sizes[-1]).input("teach", sizes[-1])
    top = len(sizes) - 1
    for k in range(1, top + 1):
        net.population(f"P{k}", sizes[k], model="pyramidal", g_apical=g["apical"] if k < top else 0, **up)
    for k in range(1, top):
        net.population(f"I{k}", sizes[k + 1], model="pyramidal", g_apical=0, nudge=1, **inter)
    for k in range(1, top + 1):
        net.connect(f"P{k - 1}" if k > 1 else "x", f"P{k}:basal", initial=d[f"W_up{k}"])
    for k in range(1, top):
        ip, pi = d[f"W_ip{k}"], d[f"W_pi{k}"]
        if condition.startswith("selfpred"):
            apical = g["apical"] if k + 1 < top else 0
            factor = g["basal"] / (g["leak"] + g["basal"] + apical) * (g["leak"] + g["dend"]) / g["dend"]
            ip, pi = factor * d[f"W_up{k + 1}"], -d[f"W_down{k}"]
        net.connect(f"P{k}", f"I{k}:basal", initial=ip).connect(f"P{k + 1}", f"P{k}:apical", initial=d[f"W_down{k}"])
        net.connect(f"I{k}", f"P{k}:lateral", initial=pi).connect(f"P{k + 1}:u", f"I{k}:target", **ONE)
    return net.connect("target", f"P{top}:target", **ONE).connect("teach", f"P{top}:nudge", **ONE).build(1)


def given(case, condition, steps):
    d = load(case)
    taught = np.full_like(d["target"], float(condition.endswith("taught")))
    given = {"x": d["r0"], "target": d["target"], "teach": taught}
    return {name: np.broadcast_to(values, (steps, *values.shape)) for name, values in given.items()}


@pytest.mark.parametrize("dynamics", STEPS)
@pytest.mark.parametrize("case", INDEX)
def test_steady_states(case, dynamics):
    soft = {"transfer": "softplus", "gain": 0.1, "threshold": 3} if "softrect" in case else {"transfer": "logistic"}
    top, d = len(INDEX[case]["sizes"]) - 1, load(case)
    record = [f"P{k}:u" for k in range(1, top + 1)]
    record += [name for k in range(1, top) for name in (f"I{k}:u", f"P{k}:apical", f"P{k}:lateral")]
    for condition in CONDITIONS:
        net = microcircuit(case, condition, dynamics=dynamics, **soft)
        traces = net.run(given(case, condition, STEPS[dynamics]), record=record).traces
        last = {name: trace[-1] for name, trace in traces.items()}
        for k in range(1, top + 1):
            assert_close(f"u{k}", last[f"P{k}:u"], d[f"{condition}_u{k}"])
        for k in range(1, top):
            assert_close(f"uI{k}", last[f"I{k}:u"], d[f"{condition}_uI{k}"])
            apical = last[f"P{k}:apical"] + last[f"P{k}:lateral"]
            assert abs(apical - d[f"{condition}_vA{k}"]).max() < 1e-6, "what is small of large sums"


def test_fields():
    fields = na.models()["pyramidal"]
    assert list(fields.ports) == ["basal", "apical", "lateral", "target", "nudge"]
    assert list(fields.signals) == ["rate", "u"] and list(fields.states) == ["u"]
    assert fields.parameters["dynamics"].words == ("full", "steady") and fields.parameters["nudge"].initial == 0


def test_weights_must_be_told():
    """A distribution or an array: the array is given after the build, which may not refuse it for that."""
    net = na.Network(dt=0.1).input("x", 2).population("P", 2, model="pyramidal")
    with pytest.raises(na.InvalidError, match="weights from 'x' to 'P:apical' must be told"):
        net.connect("x", "P:basal", initial=np.eye(2)).connect("x", "P:apical").build()
    net = na.Network(dt=0.1).input("x", 2).population("P", 2, model="pyramidal").connect("x", "P", initial=np.eye(2))
    assert net.build().weights("x", "P").tolist() == [[1, 0], [0, 1]]


def test_prospective_rates_lead():
    """After a step of the input they are there at once; u follows with its time constant."""
    rates = {}
    for prospective in (0, 1):
        net = na.Network(dt=0.1).input("x", 1)
        net.population("P", 1, model="pyramidal", transfer="linear", prospective=prospective)
        net.connect("x", "P", initial=na.Identity()).build()
        rates[prospective] = net.run(np.ones((200, 1), np.float32)).rates["P"][:, 0, 0]
    assert np.allclose(rates[1], 1 / 1.9) and rates[0][0] < 0.2 / 1.9 and np.allclose(rates[0][-1], 1 / 1.9)


def test_a_teacher_of_conductances():
    """g_exc (1 - u) + g_inh (-1 - u) as a nudge and a target that the inputs give, step by step."""
    draw, dt, g_soma = np.random.default_rng(3), 0.05, 0.8
    basal, excited, inhibited = draw.normal(size=60), draw.uniform(0, 1, 60), draw.uniform(0.1, 1, 60)
    net = na.Network(dt=dt).input("x", 1).input("target", 1).input("nudge", 1)
    net.population("P", 1, model="pyramidal", g_apical=0, transfer="linear")
    net.connect("x", "P:basal", **ONE).connect("target", "P:target", **ONE).connect("nudge", "P:nudge", **ONE).build()
    total = excited + inhibited
    inputs = {"x": basal, "target": (excited - inhibited) / total, "nudge": total / g_soma}
    u, expected = 0.0, []
    for v, e, i in zip(basal, excited, inhibited):
        u += dt * (-0.1 * u + (v - u) + e * (1 - u) + i * (-1 - u))
        expected.append(u)
    ours = net.run({name: values[:, None].astype(np.float32) for name, values in inputs.items()}).rates["P"]
    assert np.allclose(ours[:, 0, 0], expected, atol=1e-5)


def test_files(tmp_path):
    net = na.Network(dt=0.1).input("x", 2).population("P", 2, model="pyramidal", dynamics="steady", threshold=[1, 2])
    net.set("P", nudge=0.5, target=2).connect("x", "P", initial=np.eye(2)).build().save(tmp_path / "net.safetensors")
    again = na.Network.load(tmp_path / "net.safetensors")
    x = np.ones((5, 2), np.float32)
    assert np.array_equal(again.run(x).rates["P"], net.run(x).rates["P"])
    assert again.get("P", "threshold").tolist() == [1, 2] and again.get("P", "nudge").tolist() == [0.5, 0.5]
