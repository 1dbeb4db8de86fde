"""Dendritic error: the program of a microcircuit, its numbers in NumPy, without cost, what is refused."""

import numpy as np
import pytest
from conftest import small

import neuroai as na

STEPS = 1000
RATES = {("x", "P1:basal"): 0, ("P1", "P2:basal"): 0, ("P1", "I1:basal"): 2.4e-4, ("I1", "P1:lateral"): 5e-4}


def circuit(**population):
    """Sacramento et al. 2018, 30-20-10."""
    net = na.Network(dt=0.1).input("x", 30).input("target", 10).input("teach", 10)
    p = dict(model="pyramidal", transfer="logistic", **population)
    w, one = dict(initial=na.Uniform(-1, 1)), dict(initial=na.Identity(), plastic=False)
    net.population("P1", 20, g_apical=0.8, **p).population("P2", 10, g_apical=0, **p)
    net.population("I1", 10, g_apical=0, nudge=1, **p)
    net.connect("x", "P1:basal", **w).connect("P1", "P2:basal I1:basal", **w)
    net.connect("P2", "P1:apical", plastic=False, **w).connect("I1", "P1:lateral", **w)
    net.connect("P2:u", "I1:target", **one).connect("target", "P2:target", **one)
    return net.connect("teach", "P2:nudge", **one).build(1)


def constant(n, seed, steps=STEPS, **more):
    """Inputs that last for a trial, without targets."""
    x = np.random.default_rng(seed).uniform(-1, 1, (1, n, 30))
    given = {"x": x, **{name: np.reshape(value, (1, 1, -1)) for name, value in more.items()}}
    return na.Trials({name: np.broadcast_to(value, (steps, n, value.shape[2])) for name, value in given.items()})


def apical(net, trials):
    traces = net.run(trials, record="P1:apical P1:lateral").traces
    return ((traces["P1:apical"][-1] + traces["P1:lateral"][-1]) ** 2).sum(-1).mean()


def test_it_learns_to_predict_itself():
    net, probe = circuit(noise=0.1), constant(10, 1)
    rule, sgd = na.DendriticError(tau=30), na.SGD(1)
    trainer = na.Trainer(net, constant(40, 2), rule=rule, optimizer=sgd, batch=1, rates=RATES, evaluate_every=0)
    before, up = apical(net, probe), net.weights("x", "P1:basal").copy()
    history = trainer.fit(40, progress=False)
    assert before > 5 and apical(net, probe) < 0.2 * before
    assert (history.loss == 0).all() and len(history.loss) == 40 and trainer.cost is None and trainer.cost_names == ()
    assert (net.weights("x", "P1:basal") == up).all()


def steps_in_numpy(w, delta, x, rates, tau, steps):
    """A trial of the circuit and its plasticity, without noise and biases."""
    phi, dt, g = (lambda u: 1 / (1 + np.exp(-u))), 0.1, {"P1": 1.9, "P2": 1.1, "I1": 1.1}
    u = {"P1": np.zeros(20), "P2": np.zeros(10), "I1": np.zeros(10)}
    for _ in range(steps):
        r = {name: phi(potential) for name, potential in u.items()}
        basal = {"P1": w["up1"] @ x, "P2": w["up2"] @ r["P1"], "I1": w["ip"] @ r["P1"]}
        v = w["down"] @ r["P2"] + w["pi"] @ r["I1"]
        error = {name: r[name] - phi(basal[name] / g[name]) for name in u}
        induced = {
            "up1": np.outer(error["P1"], x),
            "up2": np.outer(error["P2"], r["P1"]),
            "ip": np.outer(error["I1"], r["P1"]),
            "pi": np.outer(-v, r["I1"]),
        }
        new = {
            "P1": u["P1"] + dt * (basal["P1"] + 0.8 * v - 1.9 * u["P1"]),
            "P2": u["P2"] + dt * (basal["P2"] - 1.1 * u["P2"]),
            "I1": u["I1"] + dt * (basal["I1"] + 0.8 * u["P2"] - 1.9 * u["I1"]),
        }
        for name, what in induced.items():
            delta[name] += min(dt / tau, 1) * (what - delta[name])
            w[name] = w[name] + rates[name] * dt * delta[name]
        u = new


def test_biases_stay_where_nobody_asks():
    """As the program of the paper is spelled, rates are of pathways alone."""
    net = circuit(noise=0.1)
    na.Trainer(net, None, rule=na.DendriticError(tau=30), optimizer=na.SGD(1), batch=1).step(constant(1, 2, 200))
    assert not any(np.any(net.bias(name)) for name in ("P1", "P2", "I1"))


def test_weights_of_another_program():
    """Two trials one after another, all pathways plastic but the one down."""
    ends = {"up1": ("x", "P1:basal"), "up2": ("P1", "P2:basal"), "ip": ("P1", "I1:basal"), "pi": ("I1", "P1:lateral")}
    rates = {"up1": 2e-2, "up2": 1e-2, "ip": 3e-2, "pi": 2e-2}
    net = circuit()
    w = {name: net.weights(*pair).astype(float) for name, pair in {**ends, "down": ("P2", "P1:apical")}.items()}
    trials, delta = constant(2, 3, 200), {name: np.zeros_like(w[name]) for name in ends}
    factors = {pair: rates[name] for name, pair in ends.items()}
    na.Trainer(net, rule=na.DendriticError(tau=5), optimizer=na.SGD(1), rates=factors).step(trials)
    start = {name: w[name].copy() for name in ends}
    for trial in range(2):
        steps_in_numpy(w, delta, np.asarray(trials._inputs["x"][0, trial], float), rates, 5, 200)
    for name, pair in ends.items():
        moved = np.abs(w[name] - start[name]).max()
        assert moved > 1e-3 and np.abs(net.weights(*pair) - w[name]).max() < 2e-3 * moved + 2e-6, name


def test_one_association_is_learnt():
    """From the exact self-predicting state; after that the circuit answers without a teacher."""
    net = circuit()
    net.set_weights("P1", "I1:basal", net.weights("P1", "P2:basal"))
    net.set_weights("I1", "P1:lateral", -net.weights("P2", "P1:apical"))
    rate = np.random.default_rng(5).uniform(0.1, 0.9, 10)
    taught = constant(1, 4, target=np.log(rate / (1 - rate)), teach=np.ones(10))
    asked = constant(1, 4)
    fast = {("x", "P1:basal"): 1.19e-3, ("P1", "P2:basal"): 5e-4, ("P1", "I1:basal"): 1.19e-3}
    fast["I1", "P1:lateral"] = 5e-4
    trainer = na.Trainer(net, rule=na.DendriticError(), optimizer=na.SGD(1), rates=fast)
    distances = []
    for updates in (0, 60):
        for _ in range(updates):
            trainer.step(taught)
        distances.append(((net.run(asked).rates["P2"][-1, 0] - rate) ** 2).sum())
    assert distances[1] < 0.1 * distances[0], distances


class Inputs(na.Task):
    steps, classes = 20, False

    def generate(self, batch):
        assert batch.target is None and batch.classes is None and batch.mask is None
        for k, draw in batch.generators():
            batch.input[:, k] = draw.uniform(-1, 1, batch.input.shape[2])


def test_tasks_without_outputs():
    net = circuit()
    before = net.weights("P1", "I1:basal").copy()
    trainer = na.Trainer(net, Inputs(), rule=na.DendriticError(), optimizer=na.SGD(1), batch=3, evaluate_every=2)
    history = trainer.fit(4, progress=False)
    assert len(history.loss) == 4 and (net.weights("P1", "I1:basal") != before).any()
    with pytest.raises(na.InvalidError, match="Inputs has classes, so it needs an output"):
        na.Trainer(net, type("Inputs", (Inputs,), {"classes": True})(), rule=na.DendriticError())
    with pytest.raises(na.InvalidError, match="neither classes nor targets"):
        na.Trainer(net, Inputs(), na.L2Rates("P1"), rule=na.BPTT())


@pytest.mark.parametrize("every", [0, 1, 7])
def test_agents_threads_and_checkpoints(every, tmp_path):
    made = []
    for again in (False, True):
        net = circuit(noise=0.1)
        rule, trials = na.DendriticError(3, update_every=every), constant(20, 2, 30)
        trainer = na.Trainer(net, trials, rule=rule, optimizer=na.SGD(0.1), batch=10, threads=1 + again)
        if again:
            trainer.restore(tmp_path / "half.safetensors")
        else:
            trainer.fit(2, progress=False)
            trainer.save(tmp_path / "half.safetensors")
        trainer.fit(2, progress=False)
        made.append([net.weights(*ends).copy() for ends in net.projections])
    assert all((a == b).all() for a, b in zip(*made))


class Copier(na.Model):
    """Sends what it receives on its first port; the other says what that should have been."""

    ports = ["first_one", "aim"]
    fails = False

    def step(self, s):
        s.rate = s.first_one

    def errors(self, s):
        if self.fails:
            raise ValueError("no errors today")
        assert (s.error["aim"] == 0).all() and s.error["first_one"].shape == (s.trials, s.n)
        s.error["first_one"] = s.aim - s.first_one


@pytest.mark.parametrize("every", [0, 1])
def test_own_models_have_errors(every):
    """The delta rule finds y = A x."""
    draw, copier = np.random.default_rng(1), Copier()
    a, x = draw.normal(size=(2, 3)), draw.normal(size=(200, 4, 3))
    net = na.Network(dt=1).input("x", 3).input("y", 2).population("E", 2, model=copier, plastic_bias=0)
    net.connect("x", "E").connect("y", "E:aim", initial=na.Identity(), plastic=False).build()
    rule = na.DendriticError(tau=0, update_every=every)
    trainer = na.Trainer(net, rule=rule, optimizer=na.SGD(0.1 if every else 2e-3), threads=2)
    for _ in range(2 if every else 30):
        trainer.step(na.Trials({"x": x, "y": x @ a.T}))
    assert np.allclose(net.weights("x", "E"), a, atol=1e-3)
    copier.fails, before = True, net.weights("x", "E").copy()
    with pytest.raises(ValueError, match="no errors today"):
        trainer.step(na.Trials({"x": x, "y": x @ a.T}))
    assert (net.weights("x", "E") == before).all()


@pytest.mark.parametrize(
    "act, error, words",
    [
        (lambda s: s.error["first"], na.UnknownNameError, "there is no port 'first'; there are first_one, aim"),
        (lambda s: s.error.__setitem__("aim", np.ones(3)), na.Error, "error of aim"),
        (lambda s: setattr(s, "first_one", 0), AttributeError, "first_one can only be read"),
        (lambda s: setattr(s, "error", 0), AttributeError, "error"),
    ],
)
def test_what_errors_may_not_do(act, error, words):
    class Acting(Copier):
        def errors(self, s):
            act(s)

    net = na.Network(dt=1).input("x", 2).population("E", 2, model=Acting()).connect("x", "E").build()
    with pytest.raises(error, match=words):
        na.Trainer(net, rule=na.DendriticError()).step(na.Trials(np.ones((3, 1, 2))))


def test_errors_are_shown_in_errors_alone():
    class Early(Copier):
        def step(self, s):
            s.error["aim"] = 1

    net = na.Network(dt=1).input("x", 2).population("E", 2, model=Early()).connect("x", "E").build()
    with pytest.raises(AttributeError, match="there is none here"):
        net.run(np.ones((3, 1, 2)))


def test_two_steps():
    """Sacramento et al. 2018, section 3.4, in NumPy."""
    sizes, mix, top, trials = [20, 15, 12, 5], 0.3, 0.1, 7
    net = na.microcircuit(
        sizes, dt=1, delay=1, dynamics="steady", noise=0, g_leak=0, g_apical=mix / (1 - mix), g_soma=top / (1 - top)
    )
    net.build(1).self_predict()
    rng = np.random.default_rng(1)
    net.set_weights("P1", "I1", net.weights("P1", "I1") + rng.normal(0, 0.2, (12, 15)))
    x, u_target = rng.random((trials, 20)), rng.normal(size=(trials, 5))
    shown = np.concatenate([x, u_target, np.ones((trials, 5))], axis=1)[None]
    rule = na.DendriticError(sweep=1, update_every=0)
    found = na.Trainer(net, None, rule=rule, optimizer=na.SGD(1)).gradient(na.Trials(shown))

    def through(r, source, target):
        return r @ np.asarray(net.weights(source, target), np.float64).T

    def phi(u):
        return 1 / (1 + np.exp(-u))

    v1 = (1 - mix) * through(x, "x", "P1")
    v2 = (1 - mix) * through(phi(v1), "P1", "P2")
    v3 = through(phi(v2), "P2", "P3")
    i1, i2 = through(phi(v1), "P1", "I1"), through(phi(v2), "P2", "I2")
    u3 = (1 - top) * v3 + top * u_target
    j2 = (1 - top) * i2 + top * u3
    a2 = through(phi(u3), "P3", "P2") + through(phi(j2), "I2", "P2")
    u2 = v2 + mix * a2
    j1 = (1 - top) * i1 + top * u2
    a1 = through(phi(u2), "P2", "P1") + through(phi(j1), "I1", "P1")
    u1 = v1 + mix * a1
    expected = {
        ("x", "P1:basal"): (phi(u1) - phi(v1)).T @ x,
        ("P1:rate", "P2:basal"): (phi(u2) - phi(v2)).T @ phi(u1),
        ("P2:rate", "P3:basal"): (phi(u3) - phi(v3)).T @ phi(u2),
        ("P1:rate", "I1:basal"): (phi(j1) - phi(i1)).T @ phi(u1),
        ("P2:rate", "I2:basal"): (phi(j2) - phi(i2)).T @ phi(u2),
        ("I1:rate", "P1:lateral"): -a1.T @ phi(j1),
        ("I2:rate", "P2:lateral"): -a2.T @ phi(j2),
    }
    for ends, change in expected.items():
        np.testing.assert_allclose(found[ends], -change / trials, atol=1e-6, err_msg=str(ends))
    with pytest.raises(na.Error, match="update_every is 1, must be 0, as sweep is 1"):
        na.Trainer(net, None, rule=na.DendriticError(sweep=1))


def test_what_is_refused():
    with pytest.raises(TypeError, match="cost: expected a neuroai.Cost"):
        na.Trainer(small(), rule=na.BPTT())
    with pytest.raises(na.UnsupportedError, match="'E' is of model 'rate', which has none: freeze what is onto it"):
        na.Trainer(small(), rule=na.DendriticError())
    with pytest.raises(na.InvalidError, match="tau is -1"):
        na.DendriticError(tau=-1)
    with pytest.raises(na.InvalidError, match="lag is -2"):
        na.DendriticError(lag=-2)
    with pytest.raises(na.Error, match="update_every"):
        na.DendriticError(update_every=0.5)
    with pytest.raises(na.UnsupportedError, match="cannot learn from cost 'l2_rates'"):
        na.Trainer(circuit(), None, na.L2Rates("P1"), rule=na.DendriticError())
    rule = na.DendriticError(tau=20, lag=3)
    assert (rule.tau, rule.lag, rule.update_every) == (20, 3, 1)
