"""Learning rules: each trains, describes itself, and shows its feedback weights."""

import numpy as np
import pytest
from conftest import small
from test_reference import RECURRENT, Recurrent, assert_close

import neuroai as na

#: What makes it, its name, its numbers.
RULES = [
    (na.BPTT, "bptt", {}),
    (lambda: na.TruncatedBPTT(5), "truncated_bptt", {"steps": 5}),
    (na.RFLO, "rflo", {}),
    (na.EProp, "eprop_symmetric", {}),
    (lambda: na.EProp("random", seed=2), "eprop_random", {}),
    (lambda: na.EProp("adaptive", decay=0.01), "eprop_adaptive", {"decay": 0.01}),
    (na.SnAp1, "snap1", {}),
    (na.FeedbackAlignment, "feedback_alignment", {}),
    (na.DirectFeedbackAlignment, "direct_feedback_alignment", {}),
    (na.SignSymmetry, "sign_symmetry", {"form": 0}),
    (lambda: na.SignSymmetry("batch", seed=2), "sign_symmetry", {"form": 1}),
    (lambda: na.SignSymmetry("fixed"), "sign_symmetry", {"form": 2}),
    (na.KolenPollack, "kolen_pollack", {"decay": 1e-3}),
    (na.WeightMirror, "weight_mirror", {"rate": 0.01, "noise": 0.1, "samples": 128, "warm_up": 0}),
    (lambda: na.WeightMirror(rate=0.1, warm_up=3), "weight_mirror", {"rate": 0.1, "warm_up": 3}),
]
DIRECT = [na.RFLO, lambda: na.EProp("random"), na.DirectFeedbackAlignment]
LAYERED = [na.FeedbackAlignment, na.KolenPollack, na.WeightMirror]
WITHOUT = [na.BPTT, lambda: na.TruncatedBPTT(5), na.EProp, na.SnAp1]


def cost():
    return na.CrossEntropy("choice") + 1e-3 * na.L2Rates("E I")


def trials(seed=0):
    draw = np.random.default_rng(seed)
    return na.Trials(draw.random((12, 6, 3)), draw.integers(0, 3, (12, 6)), draw.random((12, 6)))


def trainer(rule, net=None, **options):
    return na.Trainer(small() if net is None else net, **{"cost": cost(), "rule": rule, **options})


# --- every rule ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make, name, numbers", RULES)
def test_every_rule_trains_and_describes_itself(make, name, numbers):
    rule = make()
    assert rule.name == name and isinstance(rule, na.Rule)
    assert {key: rule.get(key) for key in numbers} == pytest.approx(numbers)
    assert set(numbers) <= set(rule.parameters)
    assert repr(rule).startswith(type(rule).__name__ + "(") and all(f"{key}=" in repr(rule) for key in rule.parameters)
    t = trainer(rule, optimizer=na.SGD(0.1))
    assert repr(t.rule) == repr(rule) and t.rule.name == name and t.rule.parameters == rule.parameters
    gradient = t.gradient(trials())
    assert all(np.isfinite(g).all() and (g != 0).any() for g in gradient.values())
    before = {ends: t.net.weights(*ends).copy() for ends in t.net.projections}
    first = t.step(trials())
    for (source, target), weights in before.items():
        now = t.net.weights(source, target)
        assert (now != weights).any() and (now[t.net.mask(source, target) == 0] == 0).all()
        assert source == "stimulus" or (now * t.net.sign(source) >= 0).all()
    for _ in range(60):
        last = t.step(trials())
    assert last["total"] < first["total"]


@pytest.mark.parametrize("make, name, numbers", RULES)
def test_every_rule_repeats_with_any_number_of_threads(make, name, numbers):
    found = []
    for threads in (1, 2):
        t = trainer(make(), threads=threads)
        for seed in range(4):
            t.step(trials(seed))
        found.append([t.net.weights(*ends).copy() for ends in t.net.projections])
    assert all((a == b).all() for a, b in zip(*found))


def test_numbers_are_set_by_name():
    rule = na.KolenPollack(decay=0.5)
    described = rule.parameters["decay"]
    assert (described.low, described.high, described.unit) == (0, 1, "1") and "update" in described.meaning
    rule.set("decay", 0.25)
    assert rule.get("decay") == 0.25 and repr(rule) == "KolenPollack(decay=0.25)"
    assert repr(na.BPTT()) == "BPTT()" and repr(na.TruncatedBPTT(20)) == "TruncatedBPTT(steps=20)"


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (lambda: na.TruncatedBPTT(0), ValueError, "steps is 0, must be 1 to"),
        (lambda: na.EProp("none"), ValueError, "feedback is 'none', must be one of 'symmetric', 'random', 'adaptive'"),
        (lambda: na.EProp("adaptive", decay=2), ValueError, "decay is 2, must be 0 to 1"),
        (lambda: na.SignSymmetry("large"), ValueError, "form is 'large', must be one of 'uniform', 'batch', 'fixed'"),
        (lambda: na.KolenPollack(decay=-1), ValueError, "decay is -1, must be 0 to 1"),
        (lambda: na.WeightMirror(noise=0), ValueError, "noise is 0"),
        (lambda: na.WeightMirror(samples=1), ValueError, "samples is 1"),
        (lambda: na.RFLO().set("decay", 1), KeyError, "rflo has no parameter 'decay'"),
        (lambda: trainer(na.RFLO(), cost=cost() + na.VanishingGradient("E")), na.UnsupportedError, "rflo.*vanishing"),
    ],
)
def test_errors_are_clear(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()


# --- feedback weights ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", DIRECT)
def test_feedback_from_the_outputs(make):
    t = trainer(make(), cost=na.CrossEntropy("choice"))
    before = t.rule.feedback("I").copy()
    assert t.rule.feedback("E").shape == (12, 3) and not t.rule.feedback("E").flags.writeable
    assert len(np.unique(t.rule.feedback("E"))) == 36
    values = np.arange(36).reshape(12, 3) / 18 - 1
    view = t.rule.feedback("E")
    t.rule.set_feedback("E", values)
    assert (view == values.astype(np.float32)).all() and (t.rule.feedback("I") == before).all()
    once = t.gradient(trials())
    for scale in (0, 2):
        t.rule.set_feedback("E", scale * values)
        again = t.gradient(trials())
        for key in (("E", "E"), ("I", "E"), ("stimulus", "E"), "E"):
            assert (again[key] == scale * once[key]).all() and (once[key] != 0).any()
        for key in (("E", "choice"), ("E", "I"), "choice"):
            assert (again[key] == once[key]).all()


@pytest.mark.parametrize("make", LAYERED)
def test_feedback_in_place_of_transposed_weights(make):
    t = trainer(make())
    mask = t.net.mask("E", "I").T
    assert t.rule.feedback("E", "I").shape == (12, 4) and t.rule.feedback("E", "choice").shape == (12, 3)
    assert ((t.rule.feedback("E", "I") != 0) == (mask != 0)).all()
    t.rule.set_feedback("E", "I", np.full((12, 4), 2.0))
    assert (t.rule.feedback("E", "I") == 2 * mask).all()
    assert ((t.rule.feedback("E", "choice") != 0).all()) and (t.rule.feedback("I", "E") != 2).all()


def test_transposed_weights_make_feedback_alignment_backpropagation():
    net = small()
    t, exact = trainer(na.FeedbackAlignment(seed=3), net), trainer(na.BPTT(), net)
    ours, expected = t.gradient(trials()), exact.gradient(trials())
    assert not np.allclose(ours["E", "E"], expected["E", "E"], rtol=0.1)
    for source, target in net.projections:
        if source != "stimulus":
            t.rule.set_feedback(source, target, net.weights(source, target).T)
    for key, value in t.gradient(trials()).items():
        assert (value == expected[key]).all()


@pytest.mark.parametrize("form", ["uniform", "batch", "fixed"])
def test_sign_symmetry_shows_the_signs_of_the_weights(form):
    t = trainer(na.SignSymmetry(form), optimizer=na.SGD(0.1))
    for _ in range(5):
        t.step(trials())
        for source, target in (("E", "I"), ("I", "E"), ("E", "choice")):
            assert (np.sign(t.rule.feedback(source, target)) == np.sign(t.net.weights(source, target).T)).all()


def test_kolen_pollack_brings_feedback_to_the_weights():
    t = trainer(na.KolenPollack(decay=0.1))
    apart = [t.rule.feedback("E", "choice") - t.net.weights("E", "choice").T]
    for _ in range(10):
        t.step(trials())
        apart.append(t.rule.feedback("E", "choice") - t.net.weights("E", "choice").T)
        assert np.allclose(apart[-1], 0.9 * apart[-2], rtol=0, atol=1e-6)


def test_each_trainer_has_feedback_of_its_own():
    rule = na.RFLO(seed=4)
    one, other = trainer(rule), trainer(rule)
    assert (one.rule.feedback("E") == other.rule.feedback("E")).all()
    one.rule.set_feedback("E", np.zeros((12, 3)))
    assert (other.rule.feedback("E") != 0).all()
    assert (trainer(na.RFLO(seed=5)).rule.feedback("E") != other.rule.feedback("E")).all()


def test_feedback_views_outlive_the_trainer():
    t = trainer(na.RFLO())
    view, expected = t.rule.feedback("E"), t.rule.feedback("E").copy()
    del t
    assert (view == expected).all()


@pytest.mark.parametrize("make", WITHOUT)
def test_rules_without_feedback_weights_say_so(make):
    t = trainer(make())
    with pytest.raises(na.UnsupportedError, match="has no feedback from outputs to populations"):
        t.rule.feedback("E")
    with pytest.raises(na.UnsupportedError, match="has no feedback weights for projections"):
        t.rule.set_feedback("E", "I", np.zeros((12, 4)))


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (lambda rflo, fa: rflo.feedback("X"), KeyError, "nothing is called 'X'"),
        (lambda rflo, fa: rflo.feedback("stimulus"), KeyError, "'stimulus' is one of the inputs"),
        (lambda rflo, fa: rflo.feedback("E", "I"), na.UnsupportedError, "rflo"),
        (lambda rflo, fa: fa.feedback("E"), na.UnsupportedError, "feedback_alignment"),
        (lambda rflo, fa: fa.feedback("stimulus", "E"), ValueError, "sends no errors back from 'E' to 'stimulus'"),
        (lambda rflo, fa: fa.feedback("E", "X"), KeyError, "target: nothing is called 'X' among"),
        (lambda rflo, fa: rflo.set_feedback("E", np.zeros((3, 12))), ValueError, r"values: expected shape \[12, 3\]"),
        (lambda rflo, fa: rflo.set_feedback("E", np.full((12, 3), np.nan)), FloatingPointError, r"values\[0\]\[0\]"),
        (lambda rflo, fa: rflo.set_feedback("E"), TypeError, "a population and an array"),
        (lambda rflo, fa: fa.set_feedback("E", "I", "I", 0), TypeError, "two populations and an array"),
        (lambda rflo, fa: rflo.feedbacks("E"), AttributeError, "feedbacks"),
    ],
)
def test_feedback_errors_are_clear(wrong, error, words):
    rflo, fa = trainer(na.RFLO()), trainer(na.FeedbackAlignment())
    with pytest.raises(error, match=words):
        wrong(rflo.rule, fa.rule)


def test_feedback_that_follows_the_weights_cannot_be_set():
    with pytest.raises(na.UnsupportedError, match="makes its feedback from the weights"):
        trainer(na.SignSymmetry()).rule.set_feedback("E", "I", np.zeros((12, 4)))


# --- against numbers, and as the documentation has it ----------------------------------------------------------------


@pytest.mark.parametrize("name", RECURRENT)
def test_rflo_reference(name):
    case = Recurrent(name)
    task_cost = na.MSE("z") if case.about["cost"] == "mse" else na.CrossEntropy("z")
    trainer = na.Trainer(case.net, cost=task_cost, rule=na.RFLO(seed=1), optimizer=na.SGD(1e-3))
    for part, rows in case.parts.items():
        trainer.rule.set_feedback(part, case.data["B_feedback"][rows])
    gradient = case.gathered(trainer.gradient(case.trials()))
    for key in ("W_in", "W_rec", "b_rec"):
        assert_close(key, gradient[f"grad_{key}"], case.data[f"rflo_grad_{key}"])
    for key in ("grad_W_out", "grad_b_out"):  # exact, and no penalty is on the readout
        assert_close(key, gradient[key], case.data[key])


def test_the_program_of_the_design(tmp_path):
    """As the design has it, with fewer updates."""
    net = na.Network(dt=20)
    net.input("stimulus", 3)
    net.population("E", 80, sign=+1, tau=100, noise=0.15)
    net.population("I", 20, sign=-1, tau=100, noise=0.15)
    net.output("choice", 3)
    net.place("E I", box=(1, 1, 1))
    net.connect("stimulus", "E I")
    net.connect("E I", "E I", density=0.2)
    net.connect("E", "choice")
    net.constrain("E I", "*", na.Dale("clamp"))
    net.build(seed=1)

    trainer = na.Trainer(
        net,
        task=na.tasks.PerceptualDecisionMaking(),
        cost=na.CrossEntropy("choice") + 1e-5 * na.L2Rates("E I") + 1e-5 * na.Distance("E I", "E I"),
        rule=na.RFLO(seed=2),
        optimizer=na.Adam(1e-3),
        batch=64,
        threads=2,
    )
    history = trainer.fit(steps=30, stop_at=0.83, progress=False)
    assert history.loss[-1] < history.loss[0] and len(history.performance) == 1
    net.save(tmp_path / "decision.safetensors")
    again = na.Network.load(tmp_path / "decision.safetensors")
    assert (again.weights("E", "I") == net.weights("E", "I")).all()
    assert trainer.rule.feedback("E").shape == (80, 3)


@pytest.mark.parametrize("make", [na.RFLO, na.KolenPollack, na.WeightMirror])
def test_checkpoints_hold_the_feedback(make, tmp_path):
    path = tmp_path / "run.safetensors"
    whole = trainer(make())
    for seed in range(6):
        if seed == 3:
            whole.save(path)
        whole.step(trials(seed))
    again = trainer(make()).restore(path)
    for seed in range(3, 6):
        again.step(trials(seed))
    for ends in whole.net.projections:
        assert (whole.net.weights(*ends) == again.net.weights(*ends)).all()
    with pytest.raises(na.InvalidError, match="seed is 0 in the file, 9 here"):
        trainer(make(seed=9)).restore(path)
