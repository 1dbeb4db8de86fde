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
    net.population("A", len(d["x"]), model="wong_wang", noise=0, current=0).connect("x", "A", initial=na.Identity()).build(1)
    run = net.run({"x": d["x"][None, None]}, record="A:rate")
    rate = run.traces["A:rate"][0, 0]
    # a x - b cancels near threshold: an error of 270 x 2^-24 times the slope.
    assert np.all(np.abs(rate - d["H"]) <= 1e-5 * np.abs(d["H"]) + 1e-5)
    assert abs(rate[np.argmin(np.abs(d["x"] - 0.4))] - 1 / 0.154) < 1e-3
