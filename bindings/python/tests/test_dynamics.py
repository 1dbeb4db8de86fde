"""Fixed points, linearisations and Lyapunov exponents against an independent program, and by hand."""

import numpy as np
import pytest
from conftest import small
from test_reference import load

import neuroai as na

STEADY = {"progress": False}


def network(case, gain, model):
    """One population with the weights of a case; weights are kept in single precision."""
    d = case
    n, channels = d["W_in"].shape if "W_in" in d else (len(d["W_rec"]), 0)
    net = na.Network(dt=model["dt"]).population("E", n, leak=model["leak"], transfer=model["phi"], tau=model["tau"])
    net.connect("E", "E", initial=gain * d["W_rec"])
    if channels:
        net.input("u", channels).connect("u", "E", initial=d["W_in"])
    net.set("E", bias=d["b_rec"] if "b_rec" in d else d["b"])
    return net.build(0)


TANH = {"dt": 1, "tau": 10, "leak": "rate", "phi": "tanh"}
RELU = {"dt": 20, "tau": 100, "leak": "current", "phi": "relu"}


def cases(name):
    d = load(name)
    return sorted(set(zip(d["fp_gain"].tolist(), d["fp_input"].tolist())))


@pytest.mark.parametrize(
    "name, model, states, gain, case",
    [("fixed_points_tanh", TANH, "fp_r", *pair) for pair in cases("fixed_points_tanh")]
    + [("fixed_points_relu", RELU, "fp_x", *pair) for pair in cases("fixed_points_relu")],
)
def test_every_fixed_point_of_the_reference_is_found(name, model, states, gain, case):
    d = load(name)
    here = (d["fp_gain"] == gain) & (d["fp_input"] == case)
    net = network(d, d["gain"][gain], model)
    starts = np.random.default_rng(1).normal(0, 1, (60, d[states].shape[1]))
    found = na.fixed_points(net, starts, d["u"][case], **STEADY)
    assert len(found) == here.sum() and found.fixed.all() and found.hits.sum() <= 60
    for z, eigen_re, eigen_im, unstable in zip(d[states][here], d["fp_eig_re"][here], d["fp_eig_im"][here], d["fp_unstable"][here]):
        k = int(np.abs(found.states - z).max(axis=1).argmin())
        np.testing.assert_allclose(found.states[k], z, atol=1e-5 * np.abs(z).max())
        ours, theirs = found.eigenvalues[k], eigen_re + 1j * eigen_im
        assert max(np.abs(theirs - value).min() for value in ours) < 2e-5
        assert found.unstable[k] == unstable and found.stable[k] == (unstable == 0)
        assert (np.diff(np.abs(ours)) <= 1e-12).all()
        slowest = -model["dt"] / np.log(np.abs(theirs).max())
        assert found.time_constants[k, 0] == pytest.approx(slowest, rel=1e-3)


@pytest.mark.parametrize("name, model, states", [("fixed_points_tanh", TANH, "fp_r"), ("fixed_points_relu", RELU, "fp_x")])
def test_jacobians_of_the_reference(name, model, states):
    d = load(name)
    for k, expected in enumerate(d["fp_jacobian"]):
        step = na.RateMap(network(d, d["gain"][d["fp_gain"][k]], model), d["u"][d["fp_input"][k]])
        np.testing.assert_allclose(step.jacobian(d[states][k]), expected, atol=2e-6)


def test_speeds_of_the_reference():
    d = load("fixed_points_tanh")
    step = na.RateMap(network(d, 1.0, TANH), {"u": d["u"][1]})
    np.testing.assert_allclose(step.speed(d["q_state"]), d["q_value"], rtol=1e-5)


# --- the map is the step of the library ------------------------------------------------------------------------------


def mixed(leak):
    """Two populations with different leaks and transfers, a baseline that is rectified, unequal time constants."""
    net = na.Network(dt=10).input("u", 2, baseline=[0.3, -0.4], rectify=1)
    net.population("E", 4, +1, leak=leak, transfer="tanh", tau=[20, 40, 60, 80], gain=1.3, bias=0.1, initial=0.1)
    net.population("I", 3, -1, transfer="softplus", tau=30, initial=0.2).output("z", 1)
    return net.connect("u", "E I").connect("E I", "E I").connect("E", "z").build(3)


@pytest.mark.parametrize("leak", ["current", "rate", "whole"])
def test_the_map_makes_the_steps_of_the_library(leak):
    net = mixed(leak)
    u = np.array([0.5, -1.0])
    run = net.run(np.tile(u, (30, 1, 1)), record="* *:x" if leak == "current" else "* I:x", progress=False)
    step = na.RateMap(net, u)
    from neuroai.stationary_points import states_of

    states = states_of(step, run)[:, 0]
    np.testing.assert_allclose(step.step(states[:-1]), states[1:], atol=1e-6)
    rates = np.concatenate([run.rates["E"], run.rates["I"]], axis=2)[:, 0]
    np.testing.assert_allclose(step.rates(states), rates, atol=1e-6)
    assert step.alpha[:4] == pytest.approx([0.5, 0.25, 1 / 6, 0.125])


@pytest.mark.parametrize("leak", ["current", "rate", "whole"])
def test_jacobians_are_central_differences(leak):
    step = na.RateMap(mixed(leak), [0.5, 0.2])
    z, h = np.random.default_rng(0).normal(size=(5, 7)), 1e-6
    for state, ours in zip(z, step.jacobian(z)):
        for k in range(7):
            shift = h * np.eye(7)[k]
            np.testing.assert_allclose(ours[:, k], (step.step(state + shift) - step.step(state - shift)) / (2 * h), atol=1e-8)


def test_a_linearisation_carries_small_differences():
    net = mixed("rate")
    u = np.random.default_rng(2).normal(size=(25, 1, 2))
    run = net.run(u, record="* I:x", progress=False)
    found = na.linearise(run)
    assert found.states.shape == (24, 7) and found.time[0] == 20 and found.time[-1] == 250
    step, d = na.RateMap(net), 1e-5 * np.random.default_rng(3).normal(size=7)
    one, other = found.states[0].copy(), found.states[0] + d
    for row in range(24):
        drive = step.drive_of(u[row + 1, 0])
        one, other = step.step(one, drive), step.step(other, drive)
    np.testing.assert_allclose(found.carry(d)[-1], other - one, rtol=1e-3, atol=1e-4 * np.abs(d).max())
    product = np.linalg.multi_dot(found.jacobians[::-1])
    assert found.stretch[-1] == pytest.approx(np.log(np.linalg.norm(product, 2)) / 0.24)
    assert (found.rates[:, 0] < 0).all() == (np.abs(found.eigenvalues[:, 0]) < 1).all()
    part = na.linearise(run, window=(100, 150))
    np.testing.assert_array_equal(part.time, [110, 120, 130, 140, 150])
    np.testing.assert_array_equal(part.jacobians, found.jacobians[9:14])


# --- points by hand --------------------------------------------------------------------------------------------------


def one_unit(w, leak="rate", phi="tanh", **more):
    net = na.Network(dt=10).population("E", 1, leak=leak, transfer=phi, tau=100, **more)
    return net.connect("E", "E", initial=[[w]], autapses=True).build(0)


def test_two_attractors_and_the_saddle_between_them():
    found = na.fixed_points(one_unit(2), np.linspace(-2, 2, 21)[:, None], **STEADY)
    assert len(found) == 3 and found.stable.tolist() == [True, True, False] and found.hits.sum() == 21
    r = np.abs(found.states[0, 0])
    assert r == pytest.approx(np.tanh(2 * r), abs=1e-9) and abs(found.states[2, 0]) < 1e-9
    # at 0: 1 - 0.1 + 0.1 * 2 = 1.1 a step of 10 ms
    assert found.eigenvalues[2, 0] == pytest.approx(1.1) and found.time_constants[2, 0] == pytest.approx(-10 / np.log(1.1))
    assert found.frequencies[2, 0] == 0 and found.unstable.tolist() == [0, 0, 1]
    assert "3 fixed points, 2 of them stable" in repr(found)


def test_a_slow_point_where_there_is_no_fixed_one():
    """x' = relu(x)^2 / 4 + 1.05 - x has its least speed at x = 2: 0.05."""
    net = one_unit(0.25, "current", "power", bias=1.05)
    assert len(na.fixed_points(net, [[0.0], [1.0], [2.5]], **STEADY)) == 0
    found = na.fixed_points(net, [[0.0], [1.0], [2.5]], slow=1e-3, **STEADY)
    assert len(found) == 1 and not found.fixed[0] and not found.stable[0] and found.hits[0] == 3
    assert found.states[0, 0] == pytest.approx(2, abs=1e-3)
    assert found.speed[0] == pytest.approx(0.5 * (0.1 * 0.05) ** 2, rel=1e-3)


def test_a_rotation_has_its_frequency():
    net = na.Network(dt=1).population("E", 2, leak="rate", transfer="linear", tau=10)
    net.connect("E", "E", initial=[[0, -3], [3, 0]]).build(0)
    found = na.fixed_points(net, [[0.3, 0.1]], **STEADY)
    value = 0.9 + 0.3j
    assert found.frequencies[0, 0] == pytest.approx(np.angle(value) / (2 * np.pi) * 1000)
    assert found.time_constants[0, 0] == pytest.approx(-1 / np.log(abs(value)))


def test_starts_along_trials():
    net = small(leak="rate", noise=0.1)
    trials = na.tasks.PerceptualDecisionMaking().trials(net, 4)
    run = net.run(trials, seed=0, progress=False)
    found = na.fixed_points(net, trials, {"stimulus": [1, 0, 0]}, n=10, window=(500, 1000), **STEADY)
    again = na.fixed_points(net, run, {"stimulus": [1, 0, 0]}, n=10, window=(500, 1000), **STEADY)
    np.testing.assert_array_equal(found.states, again.states)
    assert found.hits.sum() <= 10
    moved = na.fixed_points(na.RateMap(net, [1, 0, 0]), run, n=10, jitter=0.01, seed=3, **STEADY)
    assert len(moved) >= 1 and moved.speed.max() < 1e-20


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda net, run: na.fixed_points(net, run), na.InvalidError, "has no 'E:x', as its leak is on the current"),
        (lambda net, run: na.fixed_points(net, np.zeros((2, 3))), na.InvalidError, "starts.*16"),
        (lambda net, run: na.fixed_points(net, np.full((1, 16), np.nan)), na.NonfiniteError, "starts: nan"),
        (lambda net, run: na.fixed_points(net, np.zeros((1, 16)), apart=0), na.InvalidError, "apart is 0"),
        (lambda net, run: na.fixed_points(net, np.zeros((1, 16)), slow=-1), na.InvalidError, "slow is -1"),
        (lambda net, run: na.fixed_points(net, np.zeros((1, 16)), window=(0, 1)), na.InvalidError, "window"),
        (lambda net, run: na.fixed_points(na.RateMap(net), np.zeros((1, 16)), [0, 0, 0]), na.InvalidError, "inputs: the map"),
        (lambda net, run: na.fixed_points(net, run.trials, n=0), na.InvalidError, "n is 0"),
        (lambda net, run: na.fixed_points(net, run.trials, window=(5, 6)), na.InvalidError, "no step of any trial"),
        (lambda net, run: na.RateMap(net, {"u": [1]}), na.UnknownNameError, "no input 'u', but stimulus"),
        (lambda net, run: na.RateMap(net, [1, 2]), na.InvalidError, r"inputs.*3"),
        (lambda net, run: na.RateMap(na.Network(20).population("E", 1)), na.OrderError, "built"),
        (lambda net, run: na.linearise(run), na.InvalidError, "has no 'E:x'"),
        (lambda net, run: na.linearise(net.run(run.trials, record="* *:x"), trial=2), na.InvalidError, "trial is 2.*0 to 1"),
        (lambda net, run: na.linearise(net.run(run.trials, every=2)), na.InvalidError, "every 2 steps"),
        (lambda net, run: na.linearise(net.run(run.trials, interventions=na.Silence("E"))), na.InvalidError, "interventions"),
        (lambda net, run: na.lyapunov(net, k=17), na.InvalidError, "k is 17, must be 1 to 16"),
        (lambda net, run: na.lyapunov(net, steps=10), na.InvalidError, "steps is 10"),
        (lambda net, run: na.lyapunov(net, start=np.zeros((2, 16))), na.InvalidError, "start"),
        (lambda net, run: na.lyapunov(one_unit(3, phi="linear")), na.NonfiniteError, "leaves all bounds"),
    ],
)
def test_refusals(call, error, words):
    net = small()
    run = net.run(na.tasks.PerceptualDecisionMaking().trials(net, 2), progress=False)
    with pytest.raises(error, match=words), np.errstate(all="ignore"):
        call(net, run)


def test_units_that_are_no_rates_delays_and_short_term_plasticity_are_refused():
    spiking = na.Network(dt=1).population("E", 2, model="lif").build(0)
    with pytest.raises(na.UnsupportedError, match="'E' is of the model 'lif'"):
        na.RateMap(spiking)
    late = na.Network(dt=10).population("E", 2).connect("E", "E", delay=30).build(0)
    with pytest.raises(na.UnsupportedError, match="delay from 'E' to 'E' is 30 ms, must be 10"):
        na.RateMap(late)
    tired = na.Network(dt=10).population("E", 2).connect("E", "E", short_term=na.TsodyksMarkram(U=0.5, tau_x=100, tau_u=100))
    with pytest.raises(na.UnsupportedError, match="short-term"):
        na.RateMap(tired.build(0))


# --- exponents -------------------------------------------------------------------------------------------------------


def test_the_exponents_of_a_chaotic_network():
    d = load("lyapunov_chaos")
    net = network(d, 1.0, TANH)
    orbit, step = [np.full(50, 0.1)], na.RateMap(net)
    for _ in range(40):
        orbit.append(step.step(orbit[-1]))
    np.testing.assert_allclose(orbit, d["orbit_start"], atol=1e-3)
    found = na.lyapunov(net, k=2, **STEADY)
    # of a step of 1 ms, where ours are of a second
    assert found.exponents[0] / 1000 == pytest.approx(d["lyap_2e5"][0], abs=float(d["lyap_tolerance"][0]))
    assert found.exponents[0] > 3 * found.error[0] > 0 and found.estimates.shape == (100, 2)
    assert found.time[-1] == 10000 and found.estimates[-1] == pytest.approx(found.exponents)
    assert np.isnan(found.dimension)


@pytest.mark.parametrize("case", [0, 1])
def test_the_exponents_of_quiet_networks(case):
    d = load("fixed_points_tanh")
    found = na.lyapunov(network(d, d["lyap_gain"][case], TANH), d["u"][0], k=11, **STEADY)
    assert found.exponents[0] / 1000 == pytest.approx(d["lyap_1e4"][case][0], abs=float(d["lyap_tolerance"][case]))
    assert found.exponents[0] < 0 and found.dimension == 0


def test_errors_are_the_spread_of_windows():
    """Of 20 windows half are at 0 and half at 2, of a second exponent all at 3, which comes first."""
    from neuroai.lyapunov_exponents import _summed

    growth = np.stack([np.repeat(np.arange(20) % 2 * 2.0, 10), np.full(200, 3.0)], axis=1)
    found = _summed(growth, 5.0, np.zeros(2))
    assert found.exponents.tolist() == [3, 1] and found.error == pytest.approx([0, 1 / np.sqrt(19)])
    assert found.estimates[[0, 9, -1]] == pytest.approx(np.array([[3, 0], [3, 1], [3, 1]]))
    assert found.time[[0, -1]].tolist() == [10, 1000]


def test_kaplan_and_yorke():
    d = load("lyapunov_chaos")
    found = na.Lyapunov(1000 * d["lyap_2e5"], np.zeros(50), np.zeros((100, 50)), np.zeros(100), np.zeros(50))
    assert found.dimension == pytest.approx(float(d["kaplan_yorke"][0]), rel=1e-6)
