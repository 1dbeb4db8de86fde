"""Costs that brains have: communicability, rate targets, logistic channels, and costs made into means."""

import numpy as np
import pytest
from conftest import small
from test_reference import INDEX, assert_close, load

import neuroai as na


def serial():
    """The case of an independent program, as a network and trials."""
    about, d = INDEX["rnn_serial_relu_communicability"], load("rnn_serial_relu_communicability")
    n = len(d["alpha"])
    net = na.Network(dt=about["dt"]).input("u", d["u"].shape[2])
    net.population("p", n, leak=about["kind"], transfer=about["phi"], tau=about["dt"] / d["alpha"])
    net.set("p", initial=d["x0"][0]).place("p", positions=d["position"]).output("z", d["W_out"].shape[0])
    net.connect("u", "p").connect("p", "p", mask=d["mask"]).connect("p", "z").build(1)
    for (pre, post), array in {("u", "p"): "W_in", ("p", "p"): "W_rec", ("p", "z"): "W_out"}.items():
        net.set_weights(pre, post, d[array])
    net.set_bias("p", d["b_rec"])
    net.set_bias("z", d["b_out"])
    return net, na.Trials(d["u"], d["y"].astype(np.int32), d["m"]), about["betas"]["communicability"], d


def test_communicability_of_an_independent_program():
    net, trials, beta, d = serial()
    trainer = na.Trainer(net, cost=na.CrossEntropy("z") + beta * na.Communicability("p", "p"))
    gradient = trainer.gradient(trials)
    places = {"W_in": ("u", "p"), "W_rec": ("p", "p"), "W_out": ("p", "z"), "b_rec": "p", "b_out": "z"}
    for key, where in places.items():
        assert_close(key, gradient[where], d[f"grad_{key}"])
    costs = trainer.step(trials)
    assert list(costs) == ["cross_entropy", "communicability", "total"]
    for key, name in {"J_task": "cross_entropy", "J_communicability": "communicability", "J": "total"}.items():
        assert_close(key, costs[name], d[key][0])


LENGTHS = [12, 4, 7, 12, 1, 9]


def some_trials(y=None, mask=None):
    draw = np.random.default_rng(0)
    y = draw.random((12, 6, 3)) if y is None else y
    return na.Trials(draw.random((12, 6, 3)), y, mask, lengths=LENGTHS if mask is None else None)


def measure(cost, trials=None):
    """The value of one cost in a network that starts anew, and the trainer."""
    trainer = na.Trainer(small(), cost=cost)
    costs = trainer.step(some_trials() if trials is None else trials)
    return costs["total"], trainer


@pytest.mark.parametrize("exponent", [1, 2.5])
def test_communicability_obeys_euler(net, exponent):
    trainer = na.Trainer(net, cost=na.Communicability(["E", "I"], "E I", exponent))
    gradient = trainer.gradient(some_trials())
    parts = [(pre, post) for pre in "EI" for post in "EI"]
    euler = sum((net.weights(*p).astype(float) * gradient[p]).sum() for p in parts)
    value = trainer.step(some_trials())["total"]
    assert value > 0 and abs(euler - value) < 1e-5 * value


def test_a_rate_target():
    mean, trainer = measure(na.L2Rates("E I", normalise=True))
    counts = np.arange(12)[:, None] < np.array(LENGTHS)
    rates = np.concatenate([trainer.activity("E"), trainer.activity("I")], axis=2)
    assert mean == pytest.approx((rates[counts].astype(float) ** 2).mean(), rel=1e-6)
    assert measure(na.RateTarget("E I", 2 * mean))[0] == pytest.approx(mean, rel=1e-6)
    assert measure(na.RateTarget("E I", 0))[0] == pytest.approx(mean, rel=1e-6)
    for bad in (-1, float("nan")):
        with pytest.raises(na.InvalidError, match="target is"):
            na.RateTarget("E", bad)


def test_logistic_channels():
    draw = np.random.default_rng(1)
    y = draw.random((12, 6, 3)).astype(np.float32)
    mask = draw.random((12, 6)).astype(np.float32)
    weight = np.repeat(mask[:, :, None], 3, axis=2).astype(float)
    for cost, formula in (
        (na.LogisticMSE("choice"), lambda s: (s - y) ** 2),
        (na.BinaryCrossEntropy("choice"), lambda s: -y * np.log(s) - (1 - y) * np.log(1 - s)),
    ):
        value, trainer = measure(cost, some_trials(y, mask))
        s = 1 / (1 + np.exp(-trainer.activity("choice").astype(float)))
        assert value == pytest.approx((weight * formula(s)).sum() / weight.sum(), rel=1e-6)
    with pytest.raises(na.InvalidError, match="binary_cross_entropy"):
        trainer.step(some_trials(y + 1, mask))


@pytest.mark.parametrize("make", [na.L1Weights, na.L2Weights, na.Distance, na.Communicability])
def test_costs_on_weights_as_means(net, make):
    synapses = sum(int(net.mask(pre, post).sum()) for pre in "EI" for post in "EI")
    whole, mean = (measure(make("E I", "E I", normalise=n))[0] for n in (False, True))
    assert 0 < synapses < 16 * 16 and mean == pytest.approx(whole / synapses, rel=1e-9)


@pytest.mark.parametrize("make", [na.L1Rates, na.L2Rates])
def test_costs_on_rates_as_means(make):
    whole, mean = (measure(make("E I", normalise=n))[0] for n in (False, True))
    assert mean == pytest.approx(whole * 6 / (sum(LENGTHS) * 16), rel=1e-9)


def test_what_is_refused(net):
    with pytest.raises(na.InvalidError, match="exponent is 0"):
        na.Communicability("E", "E", 0)
    with pytest.raises(na.InvalidError, match="'E' only sends"):
        na.Trainer(net, cost=na.Communicability("E", "I"))
    for make in (na.MSE, na.CrossEntropy, na.LogisticMSE, na.BinaryCrossEntropy):
        with pytest.raises(TypeError):
            make("choice", normalise=True)
    with pytest.raises(TypeError):
        na.RateTarget("E", 1, normalise=True)


def test_they_say_what_they_are():
    assert repr(na.Communicability("E I", "E I")) == "Communicability('E I', 'E I', exponent=1.0)"
    assert repr(na.RateTarget("E", 0.5)) == "RateTarget('E', target=0.5)"
    assert repr(0.1 * na.L2Rates("E", normalise=True) + na.MSE("z")) == "0.1 * L2Rates('E', normalise=True) + MSE('z')"
    assert repr(na.LogisticMSE("z")) == "LogisticMSE('z')"


def test_they_train():
    """A network learns with all of them, and each is reported apart."""
    net = small(noise=0.1)
    task = na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=200, decision=40)
    cost = na.CrossEntropy("choice") + 0.01 * na.Communicability("E I", "E I") + 10 * na.RateTarget("E I", 0.1)
    trainer = na.Trainer(net, task, cost=cost, optimizer=na.Adam(1e-2), batch=16, evaluate_every=0)
    first = trainer.step()
    assert list(first) == ["cross_entropy", "communicability", "rate_target", "total"]
    for _ in range(60):
        last = trainer.step()
    assert last["communicability"] < 0.9 * first["communicability"]
    assert last["rate_target"] < 0.5 * first["rate_target"]
