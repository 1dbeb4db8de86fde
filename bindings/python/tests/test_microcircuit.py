"""Dendritic microcircuits: laid out in one call, the self-predicting state, measures and pictures."""

import json

import numpy as np
import pytest
from conftest import ROOT
from numpy.testing import assert_allclose, assert_array_equal

import neuroai as na

REFERENCE = ROOT / "tests" / "reference"


def composed(seed=1):
    """The microcircuit 30-20-10 part by part."""
    net = na.Network(dt=0.1).input("x", 30).input("target", 10).input("teach", 10)
    p = dict(model="pyramidal", transfer="logistic", noise=0.1, plastic_bias=0)
    w, one = dict(initial=na.Uniform(-1, 1)), dict(initial=na.Identity(), plastic=False)
    net.population("P1", 20, g_apical=0.8, **p).population("P2", 10, g_apical=0, **p)
    net.population("I1", 10, g_apical=0, nudge=1, **p)
    net.connect("x", "P1:basal", **w).connect("P1", "P2:basal I1:basal", **w)
    net.connect("P2", "P1:apical", plastic=False, **w).connect("I1", "P1:lateral", **w)
    net.connect("P2:u", "I1:target", **one).connect("target", "P2:target", **one).connect("teach", "P2:nudge", **one)
    return net.build(seed)


def settled(net, x, target=None, teach=0.0, steps=3000):
    """Potentials by name at the end of a long run with constant inputs, [trials, units]; and v_A of each layer."""
    outputs = net.inputs["target"]
    shape = (steps, len(x), outputs)
    given = {"x": np.broadcast_to(x, (steps, *np.shape(x))).astype(np.float32)}
    if target is not None:
        given["target"] = np.broadcast_to(target, shape).astype(np.float32)
        given["teach"] = np.full(shape, teach, np.float32)
    run = net.run(given, record="*:u *:apical *:lateral", every=steps)
    found = {name: run.traces[f"{name}:u"][-1] for name in net.populations}
    for name in net.populations:
        if name.startswith("P"):
            found[f"vA{name[1:]}"] = run.traces[f"{name}:apical"][-1] + run.traces[f"{name}:lateral"][-1]
    return found


def test_it_is_the_network_that_is_composed_by_hand():
    laid_out, by_hand = na.microcircuit([30, 20, 10]).build(1), composed(1)
    assert laid_out.inputs == by_hand.inputs and laid_out.populations == by_hand.populations
    assert laid_out.projections == by_hand.projections
    for ends in by_hand.projections:
        assert_array_equal(laid_out.weights(*ends), by_hand.weights(*ends))
        assert_array_equal(laid_out.plastic(*ends), by_hand.plastic(*ends))
        assert laid_out.delay(*ends) == by_hand.delay(*ends)
    for name in by_hand.populations:
        for parameter in na.models()["pyramidal"].parameters:
            assert_array_equal(laid_out.get(name, parameter), by_hand.get(name, parameter))
        assert laid_out.transfer(name) == by_hand.transfer(name)
    x = np.random.default_rng(0).uniform(-1, 1, (50, 2, 30)).astype(np.float32)
    assert_array_equal(laid_out.run({"x": x}).rates["P2"], by_hand.run({"x": x}).rates["P2"])


def test_any_number_of_layers():
    net = na.microcircuit([4, 6, 5, 3, 2]).build(1)
    assert net.populations == {"P1": 6, "P2": 5, "P3": 3, "P4": 2, "I1": 5, "I2": 3, "I3": 2}
    assert len(net.projections) == 1 + 4 * 3 + 3 + 2
    assert_array_equal(net.weights("P3:u", "I2:target"), np.eye(3))
    assert na.microcircuit([4, 2]).build(1).populations == {"P1": 2}


def test_options_reach_the_parts():
    net = na.microcircuit(
        [3, 4, 2], dt=0.2, transfer="softplus", gain=0.1, slope=2, threshold=3, g_leak=0.2, g_basal=0.9, g_dendrite=0.7,
        g_apical=0.5, g_soma=0.3, noise=0, width={"up": 0.1, "down": 2}, plastic="up down", plastic_bias=True,
        dynamics="steady", prospective=True,
    ).build(1)  # fmt: skip
    assert net.dt == 0.2
    expected = {"gain": 0.1, "slope": 2, "threshold": 3, "g_leak": 0.2, "g_soma": 0.3, "noise": 0, "plastic_bias": 1}
    for name in net.populations:
        assert net.transfer(name) == "softplus"
        for parameter, value in {**expected, "dynamics": 1, "prospective": 1}.items():
            assert_allclose(net.get(name, parameter), value)
    assert [net.get(name, "g_basal")[0] for name in ("P1", "P2", "I1")] == [0.9, 0.9, 0.7]
    assert [net.get(name, "g_apical")[0] for name in ("P1", "P2", "I1")] == [0.5, 0, 0]
    assert [net.get(name, "nudge")[0] for name in ("P1", "P2", "I1")] == [0, 0, 1]
    for ends, width, learns in (
        (("x", "P1:basal"), 0.1, 1),
        (("P1:rate", "P2:basal"), 0.1, 1),
        (("P1:rate", "I1:basal"), 1, 0),
        (("P2:rate", "P1:apical"), 2, 1),
        (("I1:rate", "P1:lateral"), 1, 0),
    ):
        assert 0.5 * width < np.abs(net.weights(*ends)).max() <= width
        assert np.all(net.plastic(*ends) == learns)


@pytest.mark.parametrize(
    "sizes, options, words",
    [
        ([3], {}, "n is 1, must be 2 to 1024"),
        ([3, 0, 2], {}, r"sizes\[1\] is 0, must be at least 1"),
        ([3, 2.5, 2], {}, r"sizes\[1\]"),
        ("3 2", {}, "sizes: expected a list"),
        (3, {}, "sizes: expected a list"),
        ([3, 2], {"dt": 0}, "dt is 0"),
        ([3, 2], {"transfer": "sigmoid"}, "transfer: expected one of"),
        ([3, 2], {"g_basal": -1}, "g_basal"),
        ([3, 2], {"g_dendrite": "much"}, "g_dendrite"),
        ([3, 2], {"noise": float("nan")}, "noise"),
        ([3, 2], {"width": -1}, "width_up is -1, must be 0 to 1e"),
        ([3, 2], {"width": {"sideways": 1}}, "there is no pathway 'sideways'; there are up, inter, down, lateral"),
        ([3, 2], {"width": {"up": "wide"}}, "width of 'up'"),
        ([3, 2], {"plastic": "up across"}, "there is no pathway 'across'"),
        ([3, 2], {"plastic_bias": 2}, "plastic_bias"),
        ([3, 2], {"dynamics": "slow"}, "dynamics"),
        ([3, 2], {"dynamics": 1}, "dynamics"),
        ([3, 2], {"prospective": "yes"}, "prospective"),
        ([3, 2], {"dale": 7}, "dale"),
    ],
)
def test_what_is_refused(sizes, options, words):
    with pytest.raises((na.Error, TypeError), match=words):
        na.microcircuit(sizes, **options)


# --- the self-predicting state ---------------------------------------------------------------------------------------


def reference(name):
    """Weights and states of a case, and its network without noise."""
    with open(REFERENCE / f"{name}.safetensors", "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + size])
    arrays = {}
    for key, entry in entries.items():
        if key == "__metadata__":
            continue
        first, last = (8 + size + offset for offset in entry["data_offsets"])
        dtype = {"F64": np.float64, "F32": np.float32}[entry["dtype"]]
        arrays[key] = np.frombuffer(data[first:last], dtype).reshape(entry["shape"])
    with open(REFERENCE / "microcircuit_index.json") as file:
        sizes = json.load(file)[name]["sizes"]
    options = {} if "logistic" in name else dict(transfer="softplus", gain=0.1, threshold=3)
    net = na.microcircuit(sizes, noise=0, **options).build(1)
    for k in range(1, len(sizes)):
        net.set_weights("x" if k == 1 else f"P{k - 1}:rate", f"P{k}:basal", arrays[f"W_up{k}"])
    for k in range(1, len(sizes) - 1):
        net.set_weights(f"P{k + 1}:rate", f"P{k}:apical", arrays[f"W_down{k}"])
        net.set_weights(f"P{k}:rate", f"I{k}:basal", arrays[f"W_ip{k}"])
        net.set_weights(f"I{k}:rate", f"P{k}:lateral", arrays[f"W_pi{k}"])
    return net, arrays


@pytest.mark.parametrize("name", ["microcircuit_logistic", "microcircuit_softrect_deep"])
@pytest.mark.parametrize("condition", ["free", "taught", "selfpred_free", "selfpred_taught"])
def test_steady_states_of_the_reference(name, condition):
    net, arrays = reference(name)
    if condition.startswith("selfpred"):
        net.self_predict()
    teach = 1.0 if condition.endswith("taught") else 0.0
    found = settled(net, arrays["r0"], arrays["target"], teach)
    for key, values in arrays.items():
        kind, _, rest = key.rpartition("_")
        if kind == condition and rest in ("u1", "u2", "u3"):
            assert_allclose(found["P" + rest[1:]], values, atol=1e-5)
        elif kind == condition and rest[:2] in ("uI", "vA"):
            assert_allclose(found[rest.replace("uI", "I")], values, atol=1e-5)


def test_without_a_teacher_apical_potentials_are_zero_over_time():
    net = na.microcircuit([30, 20, 10], noise=0).build(1).self_predict()
    x = np.random.default_rng(1).uniform(-1, 1, (3, 30)).repeat(200, axis=0)[:, None].astype(np.float32)
    run = net.run({"x": x}, record="P1:apical P1:lateral P1:u")
    above = run.traces["P1:apical"] + run.traces["P1:lateral"]
    assert np.abs(above).max() < 1e-6 < np.abs(run.traces["P1:apical"]).max()
    again = na.microcircuit([30, 20, 10], noise=0).build(1)
    run = again.run({"x": x}, record="P1:apical P1:lateral")
    assert np.abs(run.traces["P1:apical"] + run.traces["P1:lateral"]).max() > 0.1


def test_deep_circuits_with_other_conductances_unit_by_unit():
    net = na.microcircuit([8, 12, 9, 7, 4], noise=0, g_dendrite=0.6, plastic_bias=True).build(3)
    random = np.random.default_rng(2)
    for name in ("P2", "P3", "I2"):
        net.set(name, g_leak=random.uniform(0.05, 0.5, net.size(name)), g_basal=random.uniform(0.5, 2, net.size(name)))
    for name in ("P1", "P2", "P3", "P4"):
        net.set_bias(name, random.normal(size=net.size(name)))
    assert net.self_predict() is net
    found = settled(net, random.uniform(-1, 1, (2, 8)))
    for k in (1, 2, 3):
        assert np.abs(found[f"vA{k}"]).max() < 2e-6
        assert_allclose(found[f"I{k}"], found[f"P{k + 1}"], atol=1e-6)


def hand_made(**changes):
    """A hidden layer with other names, as somebody composes it; ``changes`` spoil it."""
    net = na.Network(dt=0.1).input("stimulus", 5)
    p = dict(model="pyramidal", transfer="logistic")
    net.population("low", 6, **p).population("high", 4, g_apical=0, **p)
    net.population("sst", 4, g_apical=0, nudge=1, **{**p, **changes.get("sst", {})})
    w = dict(initial=na.Uniform(-1, 1))
    net.connect("stimulus", "low:basal", **w).connect("low", "high:basal", **w).connect("high", "low:apical", **w)
    if "deaf" not in changes:
        net.connect("low", "sst:basal", density=changes.get("density"), **w)
    if "silent" not in changes:
        net.connect("sst", "low:lateral", **w)
    net.connect("high:u", "sst:target", initial=changes.get("one", na.Identity()), plastic="learns" in changes)
    if "more" in changes:
        net.connect("stimulus", "sst:basal", **w)
    if "skip" in changes:
        net.connect("stimulus", "high:basal", **w)
    if "stray" in changes:
        net.population("stray", 3, **p).connect("stray", "low:lateral", **w)
    if "twice" in changes:
        net.population("twin", 4, **p).connect("low", "twin:basal", **w).connect("twin", "low:lateral", **w)
        net.connect("high:u", "twin:target", initial=na.Identity(), plastic=False)
    return net.build(1)


def test_circuits_composed_by_hand():
    net = hand_made().self_predict()
    assert_array_equal(net.weights("sst:rate", "low:lateral"), -net.weights("high:rate", "low:apical"))
    assert_allclose(net.weights("low:rate", "sst:basal"), net.weights("low:rate", "high:basal"))
    skip = hand_made(skip=1, more=1).self_predict()
    assert_allclose(skip.weights("stimulus", "sst:basal"), skip.weights("stimulus", "high:basal"))


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(silent=1), "'high' reaches 'low:apical', but no interneurons that hear 'high:u' on their target"),
        (dict(learns=1), "one to one and frozen"),
        (dict(one=na.Uniform(-1, 1)), "one to one and frozen"),
        (dict(deaf=1), "'low' reaches the basal dendrite of 'high', but not that of 'sst'"),
        (dict(more=1), "'stimulus' reaches the basal dendrite of 'sst', but not that of 'high'"),
        (dict(skip=1), "'stimulus' reaches the basal dendrite of 'high', but not that of 'sst'"),
        (dict(stray=1), "'stray' reaches 'low:lateral', but predicts none"),
        (dict(twice=1), "both predict 'high' for 'low'"),
        (dict(density=0.5), "from 'low:rate' to 'sst:basal' would be .*, but no synapse exists there"),
        (dict(sst=dict(transfer="tanh")), "'sst' cannot predict the rates of 'high': their transfer differs"),
        (dict(sst=dict(threshold=1)), "their threshold differs"),
        (dict(sst=dict(gain=2)), "their gain differs"),
        (dict(sst=dict(sign=1)), "from 'sst:rate' to 'low:lateral' would be .*, but must be at least 0"),
    ],
)
def test_what_is_no_microcircuit_keeps_its_weights(changes, words):
    net = hand_made(**changes)
    before = {ends: net.weights(*ends).copy() for ends in net.projections}
    with pytest.raises(na.UnsupportedError, match=words):
        net.self_predict()
    for ends, weights in before.items():
        assert_array_equal(net.weights(*ends), weights)


def test_networks_of_other_kinds_are_refused(net):
    with pytest.raises(na.UnsupportedError, match="nothing reaches the apical port"):
        net.self_predict()
    with pytest.raises(na.OrderError, match="is not built yet"):
        na.microcircuit([3, 2]).self_predict()


# --- measures --------------------------------------------------------------------------------------------------------


def weak(mixing, **options):
    """A circuit whose mixing factors are all ``mixing``, with feedback by the transpose, in the self-predicting state."""
    g = 1.1 * mixing / (1 - mixing)
    net = na.microcircuit([30, 20, 10], g_soma=g, g_apical=g, **options).build(1)
    net.set_weights("P2:rate", "P1:apical", net.weights("P1:rate", "P2:basal").T)
    return net.self_predict()


def patterns(n=8, inputs=30, outputs=10):
    random = np.random.default_rng(0)
    return random.uniform(-1, 1, (n, inputs)), random.uniform(-1, 1, (n, outputs))


def test_with_weak_feedback_errors_are_those_of_backpropagation():
    x, target = patterns()
    found = {mixing: na.analysis.microcircuit(weak(mixing), x, target) for mixing in (0.02, 0.01)}
    assert (found[0.01].angle < 0.3).all()
    assert_allclose(found[0.02].angle / found[0.01].angle, 2, rtol=0.05)
    assert_allclose(found[0.01].ratio / [0.01**2, 0.01], 1, atol=0.01)
    other = na.microcircuit([30, 20, 10], g_soma=0.011, g_apical=0.011).build(1).self_predict()
    angle = na.analysis.microcircuit(other, x, target).angle
    assert 60 < angle[0] < 110 and angle[1] < 0.3  # random weights top-down


def test_measures_are_those_of_the_settled_network():
    net, arrays = reference("microcircuit_softrect_deep")
    net.set("*1 *2 *3", noise=0.3)  # which they do without
    assert "target" in net.inputs and net.get("P1", "noise")[0] == 0.3
    taught = na.analysis.microcircuit(net, arrays["r0"], arrays["target"])
    free = na.analysis.microcircuit(net, arrays["r0"])
    for found, condition in ((taught, "taught"), (free, "free")):
        for k in (1, 2):
            expected = np.sqrt(np.mean(arrays[f"{condition}_vA{k}"] ** 2))
            assert_allclose(found.apical[k - 1], expected, rtol=1e-6)
            apart = arrays[f"{condition}_u{k + 1}"] - arrays[f"{condition}_uI{k}"]
            assert_allclose(found.mismatch[k - 1], np.sqrt(np.mean(apart**2)), rtol=1e-6)
    assert np.isnan(free.angle).all() and np.isnan(free.error) and np.isfinite(taught.angle).all()

    def phi(u):
        return 0.1 * np.log1p(np.exp(u - 3))

    u, r = None, arrays["r0"]
    for k in (1, 2, 3):
        u = r @ arrays[f"W_up{k}"].T / (1.9 if k < 3 else 1.1)
        r = phi(u)
    assert_allclose(taught.error, np.mean(np.sum((phi(u) - phi(arrays["target"])) ** 2, axis=1)))
    assert net.get("P1", "noise")[0] == 0.3 and "angle" in repr(taught)


def test_angles_are_those_of_the_gradient():
    """J = sum phi'(u) (u_target - u) du of the last layer, by central differences of what it sends on."""
    net = weak(0.1, transfer="tanh", noise=0)
    x, target = patterns(3)
    weights = [net.weights("x", "P1:basal"), net.weights("P1:rate", "P2:basal")]
    share = [1 / (1.1 + net.get("P1", "g_apical")[0]), 1 / 1.1]
    u1 = x @ weights[0].T.astype(float) * share[0]
    u2 = np.tanh(u1) @ weights[1].T.astype(float) * share[1]
    delta2 = (1 - np.tanh(u2) ** 2) * (target - u2)

    def projected(first):
        return np.sum(delta2 * (np.tanh(first) @ weights[1].T.astype(float)))

    exact = np.empty_like(u1)
    for place in np.ndindex(*u1.shape):
        step = np.zeros_like(u1)
        step[place] = 1e-5
        exact[place] = (projected(u1 + step) - projected(u1 - step)) / 2e-5
    taught = settled(net, x, target, 1.0)
    ours = np.tanh(taught["P1"]) - np.tanh(u1)
    cosine = np.sum(ours * exact) / np.linalg.norm(ours) / np.linalg.norm(exact)
    found = na.analysis.microcircuit(net, x, target)
    assert_allclose(found.angle[0], np.degrees(np.arccos(cosine)), rtol=1e-2)
    assert_allclose(found.ratio[0], np.linalg.norm(ours) / np.linalg.norm(exact), rtol=1e-3)


@pytest.mark.parametrize("transfer", ["relu", "tanh", "softplus", "logistic", "linear", "rectified_tanh", "power"])
def test_transfer_functions_are_those_of_the_library(transfer):
    from neuroai.microcircuit_measures import Circuit

    net = na.microcircuit([3, 4, 2], transfer=transfer, gain=0.7, slope=1.5, threshold=0.2, noise=0).build(1)
    x = np.random.default_rng(1).normal(size=(30, 5, 3)).astype(np.float32)
    run = net.run({"x": x}, record="P1:u P1:rate")
    u, circuit = run.traces["P1:u"].astype(float), Circuit(net)
    assert_allclose(circuit.rate("P1", u), run.traces["P1:rate"], atol=1e-6)
    away = np.abs(u - 0.2) > 1e-3
    numeric = (circuit.rate("P1", u + 1e-6) - circuit.rate("P1", u - 1e-6)) / 2e-6
    assert_allclose(circuit.slope("P1", u)[away], numeric[away], atol=1e-6)


def test_one_trial_and_no_hidden_layer():
    net = na.microcircuit([3, 2]).build(1)
    found = na.analysis.microcircuit(net, [0.1, 0.2, 0.3], [[0.5, -0.5]])
    assert len(found.apical) == 0 and found.angle.shape == (1,) and found.angle[0] < 20


@pytest.mark.parametrize(
    "arguments, words",
    [
        (([[1, 2]],), "x: expected shape"),
        (([[0.0] * 30], [[0.0] * 10, [0.0] * 10]), "target: there are 2 trials, but 1 of x"),
        (([[0.0] * 30], [[0.0] * 9]), "target: expected shape"),
        ((np.zeros((0, 30)),), "x: there is no trial"),
        (([[float("nan")] * 30],), "x: it is not finite"),
        (([[0.0] * 30], None, 0), "settle is 0 ms"),
        (([[0.0] * 30], None, "long"), "settle"),
    ],
)
def test_measures_that_are_refused(arguments, words):
    with pytest.raises((na.Error, TypeError), match=words):
        na.analysis.microcircuit(na.microcircuit([30, 20, 10]).build(1), *arguments)


def test_networks_that_cannot_be_measured(net):
    with pytest.raises(na.UnsupportedError, match="one population must hear an input on 'target', there is none"):
        na.analysis.microcircuit(net, [[0.0] * 3])
    skip = na.microcircuit([3, 4, 2]).connect("x", "P2:basal", initial=na.Uniform(-1, 1)).build(1)
    with pytest.raises(na.UnsupportedError, match="one projection must reach 'P2:basal', there are"):
        na.plot.microcircuit(skip)
    with pytest.raises(na.InvalidTypeError, match="net"):
        na.analysis.microcircuit("net", [[0.0] * 3])
    p, one = dict(model="pyramidal"), dict(initial=na.Identity(), plastic=False)
    odd = na.Network(dt=0.1).input("x", 2).population("P", 2, **p).population("Q", 2, **p)
    odd.connect("x", "P:target P:nudge Q:basal", **one).connect("Q", "P:basal", **one).connect("P", "Q:apical", **one)
    with pytest.raises(na.UnsupportedError, match="one projection must reach 'Q:lateral', there is none"):
        na.analysis.microcircuit(odd.build(1), [[0.0] * 2])
    loop = na.Network(dt=0.1).input("x", 2).population("P", 2, **p)
    loop.connect("x", "P:target P:nudge P:basal", **one).connect("P", "P:apical", autapses=True, **one)
    with pytest.raises(na.UnsupportedError, match="it is no chain of layers: 'P' sends to P:apical"):
        na.analysis.microcircuit(loop.build(1), [[0.0] * 2])


def trained(every=2, target=True):
    net = na.microcircuit([4, 6, 5, 3], noise=0).output("z", 3).connect("P3", "z").build(1)
    x, wanted = patterns(2, 4, 3)
    inputs = np.zeros((20, 2, 4 + 6), np.float32)
    inputs[..., :4] = x
    trials = na.Trials(inputs, np.zeros((20, 2, 3), np.float32))
    trainer = na.Trainer(net, trials, na.MSE("z"), na.BPTT(), na.SGD(0.1), batch=2)
    return trainer, na.MicrocircuitHistory(trainer, x, wanted if target else None, every=every, settle=30)


def test_measures_over_training():
    trainer, track = trained()
    trainer.fit(5, callback=track, progress=False)
    assert_array_equal(track.step, [0, 2, 4])
    assert track.apical.shape == track.mismatch.shape == (3, 2) and track.angle.shape == track.ratio.shape == (3, 3)
    assert track.error.shape == (3,) and track.layers == ("P1", "P2", "P3") and "3 measurements" in repr(track)
    last = track.measure()
    assert track.step[-1] == 5 and np.any(track.apical[-1] != track.apical[0])
    assert_array_equal(track.angle[-1], last.angle)
    other, none = trained(every=100)
    other.fit(5, callback=none, progress=False)
    assert_array_equal(other.net.weights("P1:rate", "P2:basal"), trainer.net.weights("P1:rate", "P2:basal"))
    with pytest.raises(na.InvalidError, match="every is 0"):
        na.MicrocircuitHistory(trainer, [[0.0] * 4], every=0)


def test_dales_law():
    net = na.microcircuit([8, 12, 9, 4], noise=0, dale=True).build(2)
    assert [net.sign(name) for name in ("P1", "P3", "I1", "x")] == [1, 1, -1, 0]
    assert_allclose([net.bias(name)[0] for name in ("P1", "P2", "P3", "I1")], [0, -12 / 4, -9 / 4, -12 / 4])
    net.self_predict()
    for source, target in net.projections:
        if source.endswith(":rate"):
            assert (net.weights(source, target) * net.sign(source[:2]) >= 0).all() and net.weights(source, target).any()
    found = settled(net, patterns(2, 8)[0])
    assert max(np.abs(found["vA1"]).max(), np.abs(found["vA2"]).max()) < 2e-6
    rates = 1 / (1 + np.exp(-found["P2"]))
    assert 0.1 < rates.min() and rates.max() < 0.9 and rates.std() > 0.02  # neither silent nor saturated


@pytest.mark.parametrize("dale", [False, True])
def test_an_association_is_learnt(dale):
    """From the self-predicting state, by local plasticity that never stops, in one phase."""
    net = na.microcircuit([30, 20, 10], noise=0, dale=dale).build(1).self_predict()
    (x, target), rates = patterns(1), {("x", "P1:basal"): 1.1875e-3, ("P1", "P2:basal"): 5e-4}
    inputs = np.concatenate([x, 2 * target, np.ones((1, 10))], axis=1)
    trials = na.Trials(np.broadcast_to(inputs.astype(np.float32), (1000, 1, 50)))
    rates.update({("P1", "I1:basal"): 1.1875e-3, ("I1", "P1:lateral"): 5e-4})
    trainer = na.Trainer(net, trials, rule=na.DendriticError(tau=30), optimizer=na.SGD(1), batch=1, rates=rates)
    track = na.MicrocircuitHistory(trainer, x, 2 * target, every=80)
    trainer.fit(80, callback=track, evaluate_every=0, progress=False)
    assert track.error[-1] < 0.1 * track.error[0] and track.apical[-1] < 0.3 * track.apical[0]
    for source, target in net.projections if dale else ():
        assert not source.endswith(":rate") or (net.weights(source, target) * net.sign(source[:2]) >= 0).all()


# --- pictures --------------------------------------------------------------------------------------------------------


def words_of(ax):
    return [text.get_text() for text in ax.texts]


def test_picture_of_a_circuit():
    net = na.microcircuit([30, 20, 15, 10], plastic="up inter down", dale=True).build(1)
    (ax,) = na.plot.microcircuit(net)
    ax.figure.canvas.draw()
    for words in ("P1\n20", "P3\n10", "I2\n10", "x\n30", "apical", "basal", "target,\nteach"):
        assert words in words_of(ax)
    arrows = [patch for patch in ax.patches if hasattr(patch, "get_arrowstyle")]
    assert len(arrows) == 3 + 2 * 3 + 2 + 1  # up; inter, down, lateral; one to one; the teacher
    bars = [arrow for arrow in arrows if "BarAB" in type(arrow.get_arrowstyle()).__name__]
    dashed = [arrow for arrow in arrows if arrow.get_linestyle() not in ("-", "solid")]
    assert len(bars) == len(dashed) == 2 and bars == dashed  # laterals, which are frozen
    (shallow,) = na.plot.microcircuit(na.microcircuit([3, 2]).build(1))
    assert "P1\n2" in words_of(shallow) and "apical" not in words_of(shallow)


def test_pictures_of_measures():
    trainer, track = trained()
    trainer.fit(4, callback=track, progress=False)
    axes = na.plot.microcircuit_history(track)
    axes[0].figure.canvas.draw()
    labels = [ax.get_ylabel() for ax in axes]
    assert labels == ["apical potential", "mismatch", "output error", "angle (deg.)"]
    assert_array_equal(axes[0].lines[1].get_ydata(), track.apical[:, 1])
    assert_array_equal(axes[3].lines[0].get_ydata(), track.angle[:, 0])
    assert len(na.plot.microcircuit_history(trained(target=False)[1])) == 2
    with pytest.raises(na.InvalidTypeError, match="track"):
        na.plot.microcircuit_history("track")
