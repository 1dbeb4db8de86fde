"""Local learning rules of one's own, written in Python."""

import gc
import weakref

import numpy as np
import pytest

import neuroai as na
from neuroai import _callback

STEPS, TRIALS = 12, 5
LENGTHS = np.array([12, 4, 12, 1, 9])


class Odd(Exception):
    """An exception that nobody else raises."""


def build(seed=1):
    """Two leaks, two delays, Dale's law, masks, noise, two outputs."""
    net = na.Network(dt=20).input("stimulus", 3)
    net.population("E", 9, sign=+1, tau=80, noise=0.1, bias=0.3, transfer="softplus")
    net.population("I", 4, sign=-1, tau=50, leak="rate", bias=0.2, transfer="tanh")
    net.output("choice", 3).output("real", 2)
    net.connect("stimulus", "E I").connect("E", "E I", density=0.7).connect("I", "I").connect("I", "E", delay=60)
    return net.connect("E", "choice").connect("E I", "real").build(seed)


def trials(net, n=TRIALS):
    draw = np.random.default_rng(3)
    targets = {"real": draw.normal(size=(STEPS, n, 2)), "choice": draw.integers(0, 3, (STEPS, n))}
    return na.Trials(draw.normal(size=(STEPS, n, 3)), targets, lengths=LENGTHS[np.arange(n) % TRIALS])


def cost():
    return na.MSE("real") + na.CrossEntropy("choice") + 0.01 * na.L2Rates("E I") + 0.1 * na.RateTarget("E", 0.4)


def rflo(step):
    """Murray 2019, equations 3 to 6; e-prop for rate units when the feedback is symmetric."""
    current = step.leak == "current"
    gain = np.broadcast_to(step.alpha, step.post.shape) if current else step.alpha * step.slope
    signal = step.signal * step.slope if current else step.signal
    step.trace[0] *= (1 - step.alpha)[:, None]
    step.trace[0] += gain[:, :, None] * step.pre[:, None, :]
    step.change += np.einsum("bi,bij->ij", signal, step.trace[0])


class RFLO(na.LocalRule):
    traces = 1

    def step(self, step):
        rflo(step)


@pytest.mark.parametrize(
    "own, builtin",
    [
        (lambda: na.LocalRule(rflo, traces=1, seed=4), lambda: na.RFLO(4)),
        (lambda: RFLO(seed=4), lambda: na.RFLO(4)),
        (lambda: na.LocalRule(rflo, traces=1, feedback="symmetric"), lambda: na.EProp()),
    ],
)
def test_own_rules_give_what_the_library_s_do(own, builtin):
    found = []
    for rule in (own(), builtin()):
        net = build()
        trainer = na.Trainer(net, cost=cost(), rule=rule, optimizer=na.SGD(0.01))
        gradient = trainer.gradient(trials(net))
        for n in (5, 20, 3):
            costs = trainer.step(trials(net, n))
        found.append((gradient, costs, {ends: net.weights(*ends).copy() for ends in net.projections}))
    (ours, our_costs, our_weights), (theirs, their_costs, their_weights) = found
    for key, expected in theirs.items():
        largest = np.abs(expected).max()
        assert largest > 0 and np.abs(ours[key] - expected).max() <= 1e-5 * largest, key
    assert our_costs == pytest.approx(their_costs, rel=1e-5)
    for ends, expected in their_weights.items():
        assert np.allclose(our_weights[ends], expected, rtol=0, atol=1e-6), ends


def from_slopes(step):
    """RFLO, or e-prop, of units of every model."""
    assert (step.signals[0] == step.signal).all() and step.state.shape == (step.n_states, *step.post.shape)
    eps, r = step.trace[: step.n_states], step.pre[:, None, :]  # [states, trials, n_post, n_pre]
    moved = np.einsum("zsbi,sbij->zbij", step.zs, eps) + step.zp[..., None] * r
    step.change += np.einsum("zbi,zbij->ij", step.signals, moved)
    eps[:] = np.einsum("ksbi,sbij->kbij", step.ss, eps) + step.sp[..., None] * r


def dendrites():
    net = na.Network(dt=10).input("u", 3, sign=1).output("z", 2)
    net.population("E", 4, 1, model="dendritic", branches=2, lag=1).population("I", 3, -1, leak="rate", tau=20)
    net.population("A", 3, 1, model="adaptive_rate", tau=30, tau_adaptation=60, transfer="tanh")
    net.connect("u E A I", "E:dendrite").connect("u E I A", "I A").connect("A", "E:soma", delay=30)
    return net.connect("E A", "z").build(2)


@pytest.mark.parametrize("every", [0, 1])
@pytest.mark.parametrize("feedback, builtin", [("random", na.RFLO), ("symmetric", na.EProp)])
def test_rules_from_slopes_train_units_of_every_model(feedback, builtin, every):
    draw = np.random.default_rng(3)
    data = na.Trials(draw.normal(size=(9, 4, 3)), {"z": draw.normal(size=(9, 4, 2))})
    own = na.LocalRule(from_slopes, traces=4, feedback=feedback, seed=4)
    own.update_every = every
    theirs = builtin(seed=4, update_every=every) if builtin is na.RFLO else builtin(update_every=every)
    weights = []
    for rule in (own, theirs):
        net = dendrites()
        trainer = na.Trainer(net, cost=na.MSE("z") + 0.1 * na.L2Rates("*"), rule=rule, optimizer=na.SGD(0.01))
        for _ in range(3):
            trainer.step(data)
        weights.append({ends: net.weights(*ends) for ends in net.projections})
    start = dendrites()
    for ends, expected in weights[1].items():
        assert np.abs(expected - start.weights(*ends)).max() > 1e-6, ends
        assert np.allclose(weights[0][ends], expected, rtol=0, atol=1e-5), ends


def test_what_a_step_sees():
    net = build()
    seen, alive = {}, []

    def look(step):
        seen.setdefault(step.step, []).append((step.source, step.target))
        b, i, j = step.trials, step.n_post, step.n_pre
        assert step.steps == STEPS and b == TRIALS
        assert i == net.populations[step.target] and step.leak == ("rate" if step.target == "I" else "current")
        running = step.step <= LENGTHS
        assert step.running.shape == (b,) and (step.running == running).all()
        assert step.pre.shape == (b, j) and (step.pre[~running] == 0).all()
        if step.source is None:
            assert j == 1 and (step.pre[:, 0] == running).all()
            assert (step.weight[:, 0] == net.bias(step.target)).all()
        else:
            assert (step.weight == net.weights(step.source, step.target)).all()
        post = trainer.activity(step.target)[step.step - 1]
        assert step.post.shape == (b, i) and (step.post[running] == post[running]).all()
        if step.target == "E":  # softplus: the slope is 1 - exp(-r)
            assert np.allclose(step.slope[running], 1 - np.exp(-post[running]), atol=1e-6)
        for array in (step.post, step.slope, step.signal):
            assert (array[~running] == 0).all() and not array.flags.writeable
        assert (step.signal[running] != 0).all()
        assert np.allclose(step.alpha, 20 / (50 if step.target == "I" else 80))
        assert step.trace.shape == (2, b, i, j) and (step.trace == [[[[step.step - 1]]], [[[0]]]]).all()
        assert step.change.shape == (i, j) and step.change.dtype == np.float32
        step.trace[0] += 1
        step.change += 1
        alive.append(repr(step))

    trainer = na.Trainer(net, cost=cost(), rule=na.LocalRule(look, traces=2))
    for _ in range(2):
        gradient = trainer.gradient(trials(net))
    once = [(None, "E"), ("stimulus", "E"), ("E", "E"), ("I", "E")]
    once += [(None, "I"), ("stimulus", "I"), ("E", "I"), ("I", "I")]
    assert seen == {t: 2 * once for t in range(1, STEPS + 1)}
    assert alive[0] == "<LocalStep 1: biases E [9, 1]>" and alive[1] == "<LocalStep 1: stimulus -> E [9, 3]>"
    assert (gradient["E", "E"] == STEPS * net.mask("E", "E")).all() and (gradient["I"] == STEPS).all()


def test_a_rule_without_traces_and_without_outputs():
    net = na.Network(10).input("u", 2).population("a", 3, transfer="tanh").connect("u", "a").connect("a", "a").build(2)

    def oja(step):
        assert step.trace is None and (step.signal == 0).all()
        step.change -= np.einsum("bi,bj->ij", step.post, step.pre)
        step.change += np.einsum("bi,bi->i", step.post, step.post)[:, None] * step.weight

    trainer = na.Trainer(net, cost=0 * na.L2Rates("a"), rule=na.LocalRule(oja, feedback="symmetric"))
    given = na.Trials(np.random.default_rng(0).normal(size=(7, 4, 2)))
    before = net.weights("u", "a").copy()
    gradient = trainer.gradient(given)
    rate = trainer.activity("a").astype(float)
    expected = -np.einsum("tbi,tbj->ij", rate, given.inputs.astype(float))
    expected += (rate**2).sum(axis=(0, 1))[:, None] * before
    assert np.allclose(gradient["u", "a"], expected, rtol=1e-5, atol=1e-6)


def test_dale_s_law_holds():
    def push(step):
        step.change += 5 * np.sign(step.weight) + 1

    net = build()
    trainer = na.Trainer(net, cost=cost(), rule=na.LocalRule(push), optimizer=na.Adam(0.5))
    mask = net.mask("E", "E").copy()
    for _ in range(5):
        trainer.step(trials(net))
    assert (net.weights("E", "E") >= 0).all() and (net.weights("I", "E") <= 0).all()
    assert (mask == 0).any() and (net.weights("E", "E")[mask == 0] == 0).all()


@pytest.mark.parametrize("use", ["step", "gradient", "fit"])
@pytest.mark.parametrize("error", [Odd("oh"), KeyboardInterrupt(), SystemExit(3)])
def test_exceptions_come_out_and_nothing_is_learnt(use, error):
    calls = []

    def fail(step):
        calls.append(step.step)
        step.change += 1
        if step.step == 3 and armed:
            raise error

    net = na.Network(20).input("u", 3).population("E", 8).output("choice", 3)
    net.connect("u", "E").connect("E", "E choice").build()
    task = na.tasks.PerceptualDecisionMaking(stimulus=100)
    trainer = na.Trainer(net, task, na.CrossEntropy("choice"), na.LocalRule(fail), batch=8)
    before, armed = net.weights("E", "E").copy(), True
    with pytest.raises(type(error)) as caught:
        trainer.fit(3, progress=False) if use == "fit" else getattr(trainer, use)()
    assert caught.value is error and calls[-1] == 3
    assert (net.weights("E", "E") == before).all()
    armed = False
    trainer.step()
    assert (net.weights("E", "E") != before).any()


def test_what_may_not_be_written_is_read_only():
    def write(step):
        step.weight[0, 0] = 1

    net = build()
    with pytest.raises(ValueError, match="read-only"):
        na.Trainer(net, cost=cost(), rule=na.LocalRule(write)).step(trials(net))


def test_wrong_rules_are_refused():
    with pytest.raises(na.InvalidError, match="feedback is 'adaptive', must be one of 'symmetric', 'random'"):
        na.LocalRule(rflo, feedback="adaptive")
    with pytest.raises(na.InvalidError, match="n_traces of rule 'rflo' is 65, must be 0 to 64"):
        na.LocalRule(rflo, traces=65)
    with pytest.raises(na.InvalidError, match="n_traces of rule 'rflo' is -1"):
        na.LocalRule(rflo, traces=-1)
    net = build()
    with pytest.raises(NotImplementedError, match=r"LocalRule has no step\(\)"):
        na.Trainer(net, cost=cost(), rule=na.LocalRule()).step(trials(net))
    with pytest.raises(na.UnsupportedError, match="'rflo' cannot learn from cost"):
        na.Trainer(net, cost=na.VanishingGradient("E"), rule=na.LocalRule(rflo))

    class Hasty(na.LocalRule):
        def __init__(self):
            self.rate = 1

    with pytest.raises(na.InvalidError, match=r"Hasty.__init__ did not call super\(\).__init__\(\)"):
        na.Trainer(net, cost=cost(), rule=Hasty())


def test_names_and_feedback():
    assert na.LocalRule(rflo).name == "rflo" and RFLO().name == "RFLO"
    assert na.LocalRule(rflo, name="mine").name == "mine" and repr(RFLO(name="mine")) == "<LocalRule mine>"
    assert list(na.LocalRule(rflo).parameters) == ["update_every"]
    net = build()
    trainer = na.Trainer(net, cost=cost(), rule=RFLO())
    assert trainer.rule.feedback("E").shape == (9, 5) and (trainer.rule.feedback("E") != 0).all()
    trainer.rule.set_feedback("E", np.zeros((9, 5)))
    trainer.rule.set_feedback("I", np.zeros((4, 5)))
    only_rates = na.Trainer(net, cost=0.01 * na.L2Rates("E I") + 0.1 * na.RateTarget("E", 0.4), rule=RFLO())
    ours, expected = trainer.gradient(trials(net)), only_rates.gradient(trials(net))
    assert np.allclose(ours["E", "E"], expected["E", "E"], rtol=1e-5, atol=1e-9)
    assert np.abs(ours["choice"]).max() > 0


def test_a_rule_lives_as_long_as_it_is_used():
    gc.collect()
    before = len(_callback._objects)
    rule = RFLO()
    gone = weakref.ref(rule)
    net = build()
    one, two = (na.Trainer(net, cost=cost(), rule=rule) for _ in range(2))
    del rule
    gc.collect()
    one.step(trials(net))
    del one
    gc.collect()
    two.step(trials(net))
    assert gone() is not None and len(_callback._objects) == before + 1
    del two
    gc.collect()
    assert gone() is None and len(_callback._objects) == before
    with pytest.raises(na.InvalidError):
        na.LocalRule(rflo, traces=99)
    gc.collect()
    assert len(_callback._objects) == before


def test_a_rule_of_one_s_own_learns_a_decision():
    net = na.Network(20).input("u", 3).population("E", 20, tau=100).output("choice", 3)
    net.connect("u", "E").connect("E", "E choice").build(1)
    task = na.tasks.PerceptualDecisionMaking(fixation=100, stimulus=300)
    trainer = na.Trainer(net, task, na.CrossEntropy("choice"), RFLO(), na.Adam(0.01), batch=16, evaluate_every=0)
    start = na.evaluate(net, task, trials=500).performance
    trainer.fit(400, progress=False)
    assert na.evaluate(net, task, trials=500).performance > max(0.7, start + 0.1)
