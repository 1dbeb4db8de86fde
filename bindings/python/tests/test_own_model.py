"""Unit models of one's own: the numbers of the built-in ones, checks of slopes, what is refused, copies, files."""

import copy
import pickle
import threading

import numpy as np
import pytest

import neuroai as na

STEPS, TRIALS = 12, 5


# --- models that repeat the built-in ones ----------------------------------------------------------------------------


class Rate(na.Model):
    """rate, with the leak on the current or on the rate, and tanh."""

    parameters = {"tau": (100, "ms"), "noise": na.Field("noise", high=1e6), "leak_on": "current rate"}
    states = {"x": 0}
    normals = 1

    def begin(self, s):
        s.rate = np.where(s.leak_on == 1, s.x, np.tanh(s.x))

    def step(self, s):
        alpha = np.float32(s.dt) / s.tau
        noise = s.noise * s.normal[0]
        current = s.x + alpha * (s.input - s.x) + np.sqrt(2 * alpha) * noise
        rate = s.x + alpha * (np.tanh(s.input + np.sqrt(2 / alpha) * noise) - s.x)
        s.x = np.where(s.leak_on == 1, rate, current)
        s.rate = np.where(s.leak_on == 1, s.x, np.tanh(s.x))

    def slopes(self, s):
        on_rate = s.leak_on == 1
        if s.step == 0:
            s.zs[0, 0] = np.where(on_rate, 1, 1 - s.rate**2)
            return
        alpha = np.float32(s.dt) / s.tau
        inside = (s.rate - (1 - alpha) * s.x) / alpha
        slope = 1 - np.where(on_rate, inside, s.rate) ** 2
        s.ss[0, 0] = 1 - alpha
        s.sp[0, 0] = alpha * np.where(on_rate, slope, 1)
        s.zs[0, 0] = (1 - alpha) * np.where(on_rate, 1, slope)
        s.zp[0, 0] = alpha * slope


class Adaptive(na.Model):
    """adaptive_rate with tanh."""

    parameters = {"tau": 100, "adaptation": 1, "tau_adaptation": (500, "ms", "of the adaptation")}
    states = ["x", "a"]
    wrong = None

    def begin(self, s):
        s.rate[:] = np.tanh(s.x)

    def step(self, s):
        s.x += np.float32(s.dt) / s.tau * (s.input - s.a - s.x)
        s.rate[:] = np.tanh(s.x)
        s.a += np.float32(s.dt) / s.tau_adaptation * (s.adaptation * s.rate - s.a)

    def slopes(self, s):
        slope = 1 - s.rate**2
        if s.step == 0:
            s.zs[0, 0] = slope
            return
        alpha, share = np.float32(s.dt) / s.tau, np.float32(s.dt) / s.tau_adaptation
        push = share * s.adaptation * slope
        s.ss[0, 0], s.ss[0, 1], s.sp[0, 0] = 1 - alpha, -alpha, alpha
        s.zs[0, 0], s.zs[0, 1], s.zp[0, 0] = slope * (1 - alpha), -slope * alpha, slope * alpha
        s.ss[1, 0], s.ss[1, 1], s.sp[1, 0] = push * (1 - alpha), 1 - share - push * alpha, push * alpha
        if self.wrong:
            block, after, before, factor = self.wrong
            getattr(s, block)[after, before] *= np.float32(factor)


class Dendritic(na.Model):
    """dendritic, subtractive, with softplus."""

    sizes = {"branches": 1}
    parameters = {"tau": 100, "lag": na.Field("lag", high=1)}
    states = {"r": 0, "d": na.Field("d", copies="branches")}
    ports = [
        "soma",
        na.Field("dendrite+", copies="branches"),
        na.Field("dendrite-", copies="branches"),
    ]
    sends_state = True

    def look(self, s):
        d = np.tanh(s["dendrite+"] + s["dendrite-"])
        v = s.soma + np.where(s.lag == 1, s.d.sum(1), d.sum(1))
        return d, v, np.float32(s.dt) / s.tau

    def step(self, s):
        d, v, alpha = self.look(s)
        s.r += alpha * (np.logaddexp(0, v.astype(float)).astype(np.float32) - s.r)
        s.rate[:] = s.r
        s.d[:] = d

    def slopes(self, s):
        d, v, alpha = self.look(s)
        by_input = alpha / (1 + np.exp(-v))
        s.ss[0, 0] = s.zs[0, 0] = 1 - alpha
        s.sp[0, 0] = s.zp[0, 0] = by_input
        for j in range(s.branches):
            slope, e, i = 1 - d[:, j] ** 2, 1 + j, 1 + s.branches + j
            s.sp[1 + j, e] = s.sp[1 + j, i] = slope
            s.ss[0, 1 + j] = s.zs[0, 1 + j] = by_input * (s.lag == 1)
            for port in (e, i):
                s.sp[0, port] = s.zp[0, port] = by_input * slope * (s.lag == 0)


def network(own, lag=0, leak="current", **models):
    net = na.Network(dt=10).input("u", 3)
    both = dict(tau=30, initial=0.2, plastic_initial=1)
    a = dict(adaptation=0.8, tau_adaptation=60, **both)
    d = dict(branches=2, lag=lag, **both)
    if own:
        net.population("A", 5, model=models.get("A", Adaptive()), **a)
        net.population("D", 4, model=Dendritic(), **d)
        net.population("R", 3, model=Rate(), leak_on=leak, noise=0.1, **both)
    else:
        net.population("A", 5, model="adaptive_rate", transfer="tanh", **a)
        net.population("D", 4, model="dendritic", transfer="softplus", **d)
        net.population("R", 3, leak=leak, transfer="tanh", noise=0.1, **both)
    net.output("z", 2)
    rng = np.random.default_rng(1)
    sizes = {"u": 3, "A": 5, "D": 4, "D:soma": 4, "D:dendrite+": 8, "D:dendrite-": 8, "R": 3, "z": 2}
    ends = "u A, u D:dendrite+, u D:soma, u R, A A, A R, A D:dendrite+, A D:dendrite-, D D:soma, D A, R D:soma"
    for source, target in (pair.split() for pair in (ends + ", A z, D z, R z").split(", ")):
        w = rng.normal(0, 0.5, (sizes[target], sizes[source]))
        w = np.abs(w) + 0.05 if target[-1] == "+" else -np.abs(w) - 0.05 if target[-1] == "-" else w
        net.connect(source, target, initial=w)
    return net.build(1)


def gradient(net, rule):
    rng = np.random.default_rng(2)
    trials = na.Trials(rng.normal(0, 1, (STEPS, TRIALS, 3)), {"z": rng.normal(0, 1, (STEPS, TRIALS, 2))})
    trainer = na.Trainer(net, trials, na.MSE("z") + 0.1 * na.L2Rates("*"), rule, na.Adam(1e-3))
    found = trainer.gradient()
    return {ends: np.array(found[ends]) for ends in net.projections}


RULES = {
    "bptt": na.BPTT,
    "truncated": lambda: na.TruncatedBPTT(4),
    "rflo": lambda: na.RFLO(seed=2),
    "eprop symmetric": lambda: na.EProp("symmetric"),
    "eprop random": lambda: na.EProp("random", seed=2),
    "snap1": na.SnAp1,
    "rtrl": na.RTRL,
    "uoro": lambda: na.UORO(seed=2),
    "feedback alignment": lambda: na.FeedbackAlignment(2),
    "direct feedback alignment": lambda: na.DirectFeedbackAlignment(2),
    "sign symmetry": lambda: na.SignSymmetry(seed=2),
    "kolen pollack": lambda: na.KolenPollack(seed=2),
}


@pytest.mark.parametrize("rule", RULES)
def test_gradients_of_every_rule(rule):
    for lag, leak in ((0, "current"), (1, "rate")):
        right = gradient(network(False, lag, leak), RULES[rule]())
        mine = gradient(network(True, lag, leak), RULES[rule]())
        largest = max(np.abs(g).max() for g in right.values())
        assert largest > 0
        for ends in right:
            assert np.abs(right[ends] - mine[ends]).max() <= 1e-6 * largest, (rule, ends)


def test_rates():
    inputs = np.random.default_rng(3).normal(0, 1, (STEPS, 2, 3))
    for lag, leak in ((0, "current"), (1, "rate")):
        right, mine = (network(own, lag, leak).run(inputs, seed=4) for own in (False, True))
        for name in "ADR":
            np.testing.assert_allclose(mine.rates[name], right.rates[name], atol=1e-6)


# --- the program of the design ---------------------------------------------------------------------------------------


class Izhikevich(na.Model):
    parameters = {"a": (0.02, "1/ms"), "b": (0.2, "1/ms"), "c": (-65, "mV"), "d": (8, "mV/ms")}
    states = {"v": -65, "u": -13}
    ports = ["current"]
    signals = ["spike"]
    spikes = True

    def step(self, s):
        s.v += s.dt * (0.04 * s.v**2 + 5 * s.v + 140 - s.u + s.current)
        s.u += s.dt * s.a * (s.b * s.v - s.u)
        fired = s.v >= 30
        s.spike[:] = fired
        s.v[:] = np.where(fired, s.c, s.v)
        s.u += fired * s.d


def test_spikes():
    net = na.Network(dt=0.5).input("I", 1).population("E", 10, +1, model=Izhikevich(), a=0.1)
    net.connect("I", "E", initial=np.ones((10, 1)), plastic=False).output("z", 1).connect("E", "z").build(1)
    spikes = net.run(np.full((1000, 1, 1), 12.0)).rates["E"]
    v, u, count = -65.0, -13.0, 0
    for _ in range(1000):
        v += 0.5 * (0.04 * v**2 + 5 * v + 140 - u + 12)
        u += 0.5 * 0.1 * (0.2 * v - u)
        if v >= 30:
            v, u, count = -65.0, u + 8, count + 1
    assert set(np.unique(spikes)) == {0, 1}
    assert 5 < count and abs(spikes[:, 0, 0].sum() - count) <= 1
    assert net.get("E", "a") == pytest.approx([0.1] * 10) and net.get("E", "c") == pytest.approx([-65] * 10)
    assert net.model("E") == "Izhikevich"
    with pytest.raises(na.UnsupportedError, match="'Izhikevich', which has no slopes"):
        net.check_model("E")
    with pytest.raises(na.Error, match="'E' is of model 'Izhikevich'"):
        na.Trainer(net, na.Trials(np.zeros((5, 1, 1)), np.zeros((5, 1, 1))), na.MSE("z"))


# --- checks ----------------------------------------------------------------------------------------------------------


def test_right_slopes_pass():
    network(True).check_model("A").check_model("D").check_model("R")
    Rate().check(dt=10, noise=0.2)
    Dendritic().check(dt=10, branches=3, lag=1)
    na.Network(1).population("E", 3, model="dendritic").build().check_model("E")


@pytest.mark.parametrize("block, after, before", [("ss", 0, 0), ("ss", 1, 1), ("sp", 1, 0), ("zs", 0, 1), ("zp", 0, 0)])
@pytest.mark.parametrize("factor", [1.1, -1, np.nan])
def test_wrong_slopes_are_found(block, after, before, factor):
    model = Adaptive()
    model.wrong = (block, after, before, factor)
    state = "xa"[after] if block[0] == "s" else "rate"
    cause = "xa"[before] if block[1] == "s" else "input"
    with pytest.raises(na.InvalidError, match=f"{block} of model 'Adaptive': '{state}' by '{cause}' is .* central"):
        model.check(dt=10, tau=40, tau_adaptation=30)


def test_slopes_that_are_no_numbers():
    model = Adaptive()
    model.wrong = ("sp", 0, 0, np.nan)
    net = network(True, A=model)
    before = net.weights("A", "A").copy()
    trials = na.Trials(np.ones((STEPS, TRIALS, 3)), {"z": np.ones((STEPS, TRIALS, 2))})
    with pytest.raises(na.NonfiniteError):
        na.Trainer(net, trials, na.MSE("z"), na.BPTT()).fit(1)
    assert np.array_equal(net.weights("A", "A"), before)


# --- what is shown ---------------------------------------------------------------------------------------------------


class Looking(na.Model):
    """Keeps what it was shown, and does what a test wants."""

    sizes = {"k": 2}
    parameters = {"p": 3, "q": na.Field("q", copies="k", initial=1)}
    states = {"v": 0.5}
    ports = ["input", "gate+"]
    normals = 2

    def __init__(self, act=None, where="step"):
        self.act, self.where, self.seen, self.threads = act, where, [], set()

    def begin(self, s):
        self.look(s, "begin")

    def step(self, s):
        self.look(s, "step")

    def look(self, s, moment):
        self.seen.append(s)
        self.threads.add(threading.get_ident())
        if self.act is not None and moment == self.where:
            return self.act(s)


def looking(act=None, where="step", n=3):
    model = Looking(act, where)
    net = na.Network(dt=2).input("u", 2).population("E", n, model=model, k=4).output("z", 1)
    return model, net.connect("u", "E").connect("E", "z").build(1)


def test_what_is_shown():
    def act(s):
        shapes = {"p": (3,), "q": (4, 3), "v": (2, 3), "input": (2, 3), "gate+": (2, 3), "rate": (2, 3)}
        assert {name: s[name].shape for name in shapes} == shapes
        assert (s.n, s.trials, s.dt, s.k) == (3, 2, 2, 4)
        assert [xi.shape for xi in s.normal] == [(2, 3), (2, 3)] and s.v.dtype == np.float32
        assert s.ss is None
        assert "at step" in repr(s)
        s.v = s.v + 1
        s["rate"] = s.v

    model, net = looking(act)
    rates = net.run(np.zeros((3, 2, 2)), trials=2).rates["E"]
    assert np.allclose(rates[:, 0, 0], [1.5, 2.5, 3.5])
    assert [s.step for s in model.seen] == [0, 1, 2, 3]
    model, net = looking()
    net.run(np.zeros((3, 2, 2)), trials=2)
    with pytest.raises(na.OrderError, match="during the call only"):
        model.seen[1].input


@pytest.mark.parametrize(
    "act, error, words",
    [
        (lambda s: s.v, na.InvalidTypeError, r"look|step\(\) returned"),
        (lambda s: setattr(s, "input", 1), AttributeError, "can only be read"),
        (lambda s: setattr(s, "v", np.ones(5)), na.InvalidError, r"expected shape \[2, 3\], got \[5\]"),
        (lambda s: setattr(s, "w", 1), AttributeError, "has no attribute 'w'"),
        (lambda s: s["w"], na.UnknownNameError, "there is no 'w'; there are k, p, q"),
        (lambda s: 1 / 0, ZeroDivisionError, "division"),
    ],
)
def test_what_steps_may_not_do(act, error, words):
    class Returning(Looking):
        def step(self, s):
            return self.look(s, "step")

    model = Returning(act)
    net = na.Network(dt=2).input("u", 2).population("E", 3, model=model).connect("u", "E").build(1)
    with pytest.raises(error, match=words):
        net.run(np.zeros((3, 2, 2)), trials=2)
    state = net.state()
    with pytest.raises(error):
        state.step(np.zeros(2))


@pytest.mark.parametrize("where", ["begin", "step", "slopes"])
def test_exceptions_come_out_and_weights_stay(where):
    class Failing(Adaptive):
        fails = False

    def fail(self, s):
        if Failing.fails and s.step in (0, 3):
            raise KeyError("asleep")
        getattr(Adaptive, where)(self, s)

    setattr(Failing, where, fail)
    net = network(True, A=Failing())
    trials = na.Trials(np.ones((STEPS, TRIALS, 3)), {"z": np.ones((STEPS, TRIALS, 2))})
    trainer = na.Trainer(net, trials, na.MSE("z"), na.BPTT(), threads=2)
    trainer.fit(1, progress=False)
    before = net.weights("A", "A").copy()
    Failing.fails = True
    with pytest.raises(KeyError, match="asleep"):
        trainer.fit(1, progress=False)
    assert np.array_equal(net.weights("A", "A"), before)
    Failing.fails = False
    trainer.fit(1, progress=False)
    assert not np.array_equal(net.weights("A", "A"), before)


def test_all_trials_at_once_on_the_thread_that_calls():
    model, net = looking(lambda s: s.rate.fill(1), n=3)
    trials = na.Trials(np.zeros((4, 70, 2)), {"z": np.zeros((4, 70, 1))})
    na.Trainer(net, trials, na.MSE("z"), na.NodePerturbation(0.1), batch=70, threads=3).fit(1, progress=False)
    assert model.threads == {threading.get_ident()}
    assert {s.trials for s in model.seen} == {70} and len(model.seen) % 5 == 0


# --- what is refused -------------------------------------------------------------------------------------------------


def made(sign=0, **attributes):
    kind = type("Mine", (na.Model,), {"step": lambda self, s: None, **attributes})
    return na.Network(1).population("E", 3, sign, model=kind())


@pytest.mark.parametrize(
    "attributes, words",
    [
        ({"parameters": {"dt": 1}}, "'dt' is the name of an attribute"),
        ({"parameters": {"bias": 1}}, r"'bias' is the name of an attribute or argument of population\(\)"),
        ({"sizes": {"sign": 1}}, "'sign' is the name"),
        ({"states": {"ss": 1}}, "'ss' is the name"),
        ({"states": ["x"], "signals": ["x"]}, "'x' is among states already"),
        ({"states": ["x", "x"]}, "has a name twice"),
        ({"parameters": {"p": [1, 2]}}, "parameters 'p': expected a number"),
        ({"parameters": {"p": na.Field("p", initial=3, high=2)}}, "parameter 'p' starts at 3"),
        ({"parameters": 3}, "parameters: expected names, or a dictionary"),
        ({"ports": [3]}, "ports: expected names"),
        ({"ports": []}, "n_ports of model 'Mine' is 0, must be 1 to 8"),
        ({"ports": ["in+"]}, r"port 'in\+' is the first of model 'Mine'"),
        ({"ports": ["a:b"]}, 'port "a:b" has'),
        ({"signals": [na.Field("y", potential=True)], "ports": [na.Field("in", potential=True)]}, "potential of port 'in'"),
        ({"normals": 5}, "n_normals of model 'Mine' is 5"),
        ({"normals": 0.5}, "normals: expected a whole number"),
        ({"name": "dendritic"}, "'dendritic' is a built-in model"),
        ({"sends_state": True}, "sends its first state, which it has not"),
    ],
)
def test_wrong_fields_are_refused(attributes, words):
    with pytest.raises(na.Error, match=words):
        made(**attributes)


def test_potentials_have_no_sign():
    for potential in (False, True):
        signals = ["y", na.Field("sent", "mV", potential=potential)]
        net = made(-1, signals=signals).output("z", 1).connect("E:sent", "z").build(1)
        if not potential:
            with pytest.raises(na.Error, match="must be at most 0"):
                net.set_weights("E:sent", "z", [[1, 2, 3]])
            continue
        net.set_weights("E:sent", "z", [[1, -2, 3]])
        assert (net.weights("E:sent", "z") == [[1, -2, 3]]).all()


def test_parameters_are_added_to_ports():
    class Sum(na.Model):
        ports = ["basal", "apical"]
        parameters = {"apical": (2, "1", "constant")}

        def step(self, s):
            s.rate = s.basal + 10 * s.apical

    net = na.Network(dt=1).input("u", 2).population("E", 2, model=Sum(), apical=[3, 4], bias=0.5)
    net.connect("u", "E:apical", initial=na.Identity()).build()
    assert net.run(np.full((1, 2), 0.25, np.float32)).rates["E"][0, 0].tolist() == [33, 43]
    net.set("E", apical=0)
    assert net.run(np.full((1, 2), 0.25, np.float32)).rates["E"][0, 0].tolist() == [3, 3]


def test_wrong_models_are_refused():
    with pytest.raises(na.InvalidTypeError, match="model: .* got the class Rate itself: make one of it"):
        na.Network(1).population("E", 3, model=Rate)
    with pytest.raises(na.InvalidTypeError, match="model: expected the name of a model, or a neuroai.Model, got 3"):
        na.Network(1).population("E", 3, model=3)
    with pytest.raises(na.InvalidError, match="step of model 'Empty' is NULL"):
        na.Network(1).population("E", 3, model=type("Empty", (na.Model,), {})())
    with pytest.raises(na.UnknownNameError, match="of model 'Rate', has no parameter 'speed'; it has tau"):
        na.Network(1).population("E", 3, model=Rate(), speed=3)
    with pytest.raises(na.UnsupportedError, match="has no transfer"):
        na.Network(1).population("E", 3, model=Rate(), transfer="tanh")
    model = Rate()
    na.Network(1).population("E", 3, model=model)
    with pytest.raises(AttributeError, match="it has units already"):
        model.parameters = {}


# --- copies and files ------------------------------------------------------------------------------------------------


def same(net, other):
    inputs = np.random.default_rng(3).normal(0, 1, (STEPS, 2, 3))
    right, mine = (each.run(inputs, seed=4) for each in (net, other))
    return all(np.array_equal(right.rates[name], mine.rates[name]) for name in "ADR")


def test_copies_and_pickles():
    net = network(True)
    for other in (net.copy(), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert same(net, other) and other.model("A") == "Adaptive"
        assert other.get("D", "lag").shape == (4,)
        other.check_model("A")
    assert type(pickle.loads(pickle.dumps(Adaptive()))) is Adaptive
    again = copy.deepcopy(Adaptive())
    na.Network(1).population("E", 2, model=again)


def test_files(tmp_path):
    net, path = network(True), tmp_path / "net"
    net.save(path)
    with pytest.raises(na.UnknownNameError, match="it needs the user's own model 'Adaptive', which was not given"):
        na.Network.load(path)
    with pytest.raises(na.InvalidTypeError, match="models: expected neuroai.Models"):
        na.Network.load(path, models=["Adaptive"])
    other = na.Network.load(path, models=[Rate(), Adaptive(), Dendritic()])
    assert same(net, other)
    pickle.loads(pickle.dumps(other))


def test_checkpoints(tmp_path):
    weights = []
    for again in range(2):
        net = network(True)
        trials = na.Trials(np.ones((STEPS, TRIALS, 3)), {"z": np.ones((STEPS, TRIALS, 2))})
        trainer = na.Trainer(net, trials, na.MSE("z"), na.BPTT(), na.Adam(1e-2))
        if again:
            trainer.restore(tmp_path / "trainer")
        else:
            trainer.fit(2, progress=False)
            trainer.save(tmp_path / "trainer")
        trainer.fit(2, progress=False)
        weights.append(net.weights("A", "A").copy())
    assert np.array_equal(*weights)


def test_models_go_with_their_networks():
    import gc
    import weakref

    model = Rate()
    net = na.Network(1).population("E", 2, model=model).build()
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is not None
    del net
    gc.collect()
    assert gone() is None
