"""Outputs with a memory: z = b + y, y' = exp(-dt / tau) y + gain W r; and rules that learn through them."""

import numpy as np
import pytest

import neuroai as na

DT, STEPS, TRIALS = 10.0, 9, 5


def network(tau=(30.0, 0.0), gain=(0.5, 1.0), delay=None, transfer="tanh", **population):
    net = na.Network(dt=DT).input("u", 2).output("z", 2, tau=tau, gain=gain, bias=0.1)
    net.population("p", 6, transfer=transfer, tau=40, **population)
    net.connect("u", "p").connect("p", "p").connect("p", "z", delay=delay)
    return net.build(seed=3)


def trials(seed=0):
    draw = np.random.default_rng(seed)
    mask = (draw.random((STEPS, TRIALS)) < 0.6).astype(float)
    return na.Trials(draw.normal(size=(STEPS, TRIALS, 2)), draw.normal(size=(STEPS, TRIALS, 2)), mask)


def gradients(net, rule, **options):
    return na.Trainer(net, cost=na.MSE("z"), rule=rule, **options).gradient(trials())


# --- forward ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [None, 20.0])
def test_forward(delay):
    net = network(delay=delay)
    assert net.get("z", "tau").tolist() == [30, 0] and net.get("z", "gain").tolist() == [0.5, 1]
    run = net.run(trials().inputs)
    rates, y = run.rates["p"].astype(float), np.zeros((TRIALS, 2))
    shift = int((delay or 0) / DT)
    for t in range(STEPS):
        carried = rates[t - shift] if t >= shift else np.zeros_like(rates[0])
        y = np.exp([-DT / 30, -np.inf]) * y + [0.5, 1] * (carried @ net.weights("p", "z").T)
        np.testing.assert_allclose(run.outputs["z"][t], 0.1 + y, atol=1e-6)


def test_parameters_are_listed():
    listed = na.Network(1).parameters("outputs")
    assert listed["tau"].default == 0 and listed["tau"].unit == "ms" and listed["gain"].default == 1


# --- gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [na.BPTT, na.RTRL])
@pytest.mark.parametrize("leak", ["current", "rate"])
def test_central_differences(rule, leak):
    """Of weights on both sides of the outputs, and of biases; float32 costs: differences of 1e-2."""
    net = network(leak=leak, delay=10.0)
    t = na.Trainer(net, cost=na.MSE("z"), rule=rule(), threads=1)
    found = {key: np.array(value) for key, value in t.gradient(trials()).items()}

    def check(key, get, put):
        at = np.unravel_index(np.argmax(np.abs(found[key])), found[key].shape)
        value, ends = get().copy(), []
        for step in (1e-2, -1e-2):
            moved = value.copy()
            moved[at] += step
            put(moved)
            ends.append(mean_square(net))
        put(value)
        assert (ends[0] - ends[1]) / 2e-2 == pytest.approx(found[key][at], rel=2e-3)

    for ends in net.projections:
        check(ends, lambda: net.weights(*ends), lambda w: net.set_weights(*ends, w))
    for name in ("p", "z"):
        check(name, lambda: net.bias(name), lambda b: net.set_bias(name, b))


def mean_square(net):
    shown = trials()
    z = net.run(shown.inputs).outputs["z"].astype(float)
    return (shown.mask * (z - shown.targets) ** 2).sum() / (2 * shown.mask.sum())


def test_through_dendrites_and_adaptation():
    """Two ports, two states, two signs of ends, delays and a memory at once: central differences."""
    net = na.Network(dt=DT).input("u", 2, sign=+1).output("z", 2, tau=[40, 15], gain=0.7)
    net.population("E", 6, +1, model="dendritic", branches=2).population("A", 5, model="adaptive_rate", transfer="tanh")
    net.connect("u", "E:dendrite", initial=na.Uniform(0, 0.02)).connect("E", "E:soma", initial=na.Uniform(0, 0.05))
    net.connect("E", "A", initial=na.Normal(0, 0.05)).connect("A", "A", initial=na.Normal(0, 0.3))
    net.connect("E A", "z", delay=10, initial=na.Normal(0, 0.1)).constrain("E", "z", na.Dale("off")).build(1)
    found = gradients(net, na.BPTT())
    for ends in net.projections:
        weights, moved = net.weights(*ends).copy(), []
        at = np.unravel_index(np.argmax(np.abs(found[ends])), weights.shape)
        step = 1e-2 * max(abs(weights[at]), 0.05)
        for sign in (1, -1):
            there = weights.copy()
            there[at] += sign * step
            net.set_weights(*ends, there)
            moved.append(mean_square(net))
        net.set_weights(*ends, weights)
        assert (moved[0] - moved[1]) / (2 * step) == pytest.approx(found[ends][at], rel=5e-3)


def test_rtrl_is_bptt():
    exact, forward = gradients(network(delay=20.0), na.BPTT()), gradients(network(delay=20.0), na.RTRL())
    for key, value in exact.items():
        np.testing.assert_allclose(forward[key], value, atol=1e-5 * np.abs(value).max())


@pytest.mark.parametrize("rule", [lambda: na.EProp("random", seed=2), lambda: na.EProp("symmetric"), lambda: na.RFLO(seed=2)])
def test_eprop_filters_the_trace_by_the_outputs_memory(rule):
    """Bellec et al. 2020: dJ/dW = sum over t of (B dJ/dz(t)) times the trace, filtered with kappa."""
    tau = 30.0
    net = network(tau=tau, gain=1)
    trainer = na.Trainer(net, cost=na.MSE("z"), rule=rule())
    found = trainer.gradient(trials())
    symmetric = "symmetric" in trainer.rule.name
    feedback = net.weights("p", "z").T if symmetric else trainer.rule.feedback("p")
    shown = trials()
    run = net.run(shown.inputs)
    rates, z = run.rates["p"].astype(float), run.outputs["z"].astype(float)
    error = shown.mask * (z - shown.targets) / shown.mask.sum()
    kappa, alpha = np.exp(-DT / tau), DT / 40
    trace, filtered = np.zeros((TRIALS, 6)), np.zeros((TRIALS, 6, 6))
    expected = np.zeros((6, 6))
    for t in range(STEPS):
        sent = rates[t - 1] if t else np.zeros((TRIALS, 6))
        trace = (1 - alpha) * trace + alpha * sent
        eligible = (1 - rates[t] ** 2)[:, :, None] * trace[:, None, :]
        filtered = kappa * filtered + eligible
        expected += ((error[t] @ feedback.T)[:, :, None] * filtered).sum(0)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(found["p", "p"], expected, atol=2e-5 * np.abs(expected).max())
    np.testing.assert_allclose(found["z"], error.sum((0, 1)), rtol=1e-4)


@pytest.mark.parametrize("rule", [na.BPTT, na.RTRL])
def test_exact_rules_are_aligned(rule):
    """Both estimates are of the same run: dJ/dz goes back through the memory once for each."""
    found = na.alignment(na.Trainer(network(), cost=na.MSE("z"), rule=rule()), trials())
    assert len(found) == 5 and all(found[key].cosine == pytest.approx(1, abs=1e-5) for key in found)


EVERY = [
    na.BPTT,
    lambda: na.TruncatedBPTT(4),
    na.RFLO,
    na.EProp,
    na.SnAp1,
    na.RTRL,
    na.UORO,
    na.FeedbackAlignment,
    na.DirectFeedbackAlignment,
    na.SignSymmetry,
    na.KolenPollack,
    na.WeightMirror,
    lambda: na.NodePerturbation(0.01),
]


@pytest.mark.parametrize("make", EVERY)
def test_every_rule_lowers_the_cost(make):
    net = network(tau=30, gain=1)
    trainer = na.Trainer(net, cost=na.MSE("z"), rule=make(), optimizer=na.Adam(1e-2))
    before = mean_square(net)
    for _ in range(60):
        trainer.step(trials())
    assert mean_square(net) < 0.9 * before


def hebbian(now):
    now.change += (now.signal * now.slope).T @ now.pre


def test_own_rules_get_the_filtered_signal():
    """All credit of one step of units without memory: the exact gradient, where the rule leaves nothing out."""
    exact, own = (gradients(layer(), rule) for rule in (na.BPTT(), na.LocalRule(hebbian, feedback="symmetric")))
    np.testing.assert_allclose(own["u", "p"], exact["u", "p"], atol=1e-5 * np.abs(exact["u", "p"]).max())


def layer():
    net = na.Network(dt=DT).input("u", 2).output("z", 2, tau=50).population("p", 6, tau=DT, transfer="tanh")
    return net.connect("u", "p").connect("p", "z").build(seed=3)


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [na.FORCE, na.FullFORCE])
def test_rules_that_learn_within_trials(made):
    with pytest.raises(na.UnsupportedError, match=r"within a trial through output 'z'.*tau = 30 ms, gain = 0.5"):
        na.Trainer(network(), cost=na.MSE("z"), rule=made())


def test_agents():
    trainer = na.Trainer(network(), cost=na.MSE("z"), rule=na.RFLO())
    with pytest.raises(na.UnsupportedError, match="different memories: tau of 'z' is 30 ms, of 'z' 0 ms"):
        na.Agent(trainer)
    same = na.Trainer(network(tau=30), cost=na.MSE("z"), rule=na.RFLO(update_every=1), optimizer=na.SGD(0.01))
    costs = [same.step(trials())["total"] for _ in range(60)]
    assert costs[-1] < 0.9 * costs[0]
    assert all(np.isfinite(cost) for cost in trainer.step(trials()).values())


@pytest.mark.parametrize("wrong", [-1, float("nan"), "long"])
def test_numbers_that_cannot_be(wrong):
    with pytest.raises((na.InvalidError, TypeError), match="tau"):
        na.Network(dt=DT).output("z", 1, tau=wrong)


# --- kept ------------------------------------------------------------------------------------------------------------


def test_files_and_copies(tmp_path):
    net = network()
    net.save(tmp_path / "net.safetensors")
    expected = net.run(trials().inputs).outputs["z"]
    for made in (na.Network.load(tmp_path / "net.safetensors"), net.copy()):
        assert made.get("z", "tau").tolist() == [30, 0]
        assert (made.run(trials().inputs).outputs["z"] == expected).all()


def test_a_checkpoint_goes_on(tmp_path):
    ends = []
    for resumed in (False, True):
        trainer = na.Trainer(network(), cost=na.MSE("z"), rule=na.RFLO(seed=1), optimizer=na.Adam(1e-2))
        for k in range(6):
            trainer.step(trials(k))
            if resumed and k == 2:
                trainer.save(tmp_path / "checkpoint.safetensors")
                trainer = na.Trainer(network(), cost=na.MSE("z"), rule=na.RFLO(seed=1), optimizer=na.Adam(1e-2))
                trainer.restore(tmp_path / "checkpoint.safetensors")
        ends.append(trainer.net.weights("p", "p").copy())
    assert (ends[0] == ends[1]).all()


def test_snapshots():
    net = network()
    one, other = net.state(2), net.state(2)
    inputs = trials().inputs[:, :2]
    for t in range(4):
        one.step(inputs[t])
    other.restore(one.snapshot())
    for t in range(4, STEPS):
        assert (one.step(inputs[t]) == other.step(inputs[t])).all()
