"""Composing a network and looking at it."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
from conftest import small

import neuroai as na
from neuroai.network import _TRANSFERS


def test_names_sizes_and_projections(net):
    assert net.inputs == {"stimulus": 3} and net.populations == {"E": 12, "I": 4} and net.outputs == {"choice": 3}
    assert net.projections[0] == ("stimulus", "E") and ("I", "E") in net.projections and len(net.projections) == 7
    assert net.size("E") == 12 and net.size("choice") == 3 and net.size("stimulus") == 3
    assert net.sign("E") == 1 and net.sign("I") == -1
    assert net.dt == 20 and net.delay("E", "I") == 20 and net.delay("E", "choice") == 0
    assert net.kernels and net.built


def test_composing_can_be_chained_and_takes_lists_and_patterns():
    net = na.Network(dt=10).input("u", 2).population("pfc/E", 4, +1).population("pfc/I", 2, -1).output("z", 1)
    net.connect("u", ["pfc/E", "pfc/I"]).connect("pfc/*", "pfc/?").connect("pfc/E", "z").build()
    assert len(net.projections) == 2 + 4 + 1


def test_numbers_one_value_or_one_a_unit(net):
    taus = np.linspace(50, 100, 12)
    net.set("E", tau=taus, noise=0.1)
    assert np.allclose(net.get("E", "tau"), taus) and (net.get("E", "noise") == 0.1).all()
    with pytest.raises(na.InvalidError, match="tau of 'E' is 1, must be 20"):
        net.set("E", tau=1)
    with pytest.raises(na.InvalidError, match="n is 3, 'E' has 12"):
        net.set("E", tau=[20, 30, 40])
    with pytest.raises(na.UnknownNameError, match="no parameter .colour.; it has tau, noise"):
        net.set("E", colour=1)


def test_every_number_of_population_input_and_output_arrives():
    numbers = dict(tau=50, noise=0.1, bias=0.2, initial=0.3, gain=1.5, exponent=3, plastic_bias=0)
    net = na.Network(20).population("p", 2, transfer="power", leak="rate", **numbers)
    net.input("u", 2, noise=0.01, tau=40, baseline=0.2, rectify=1).output("z", 1, bias=0.5, plastic_bias=0)
    for name, expected in [
        ("p", numbers),
        ("u", dict(noise=0.01, tau=40, baseline=0.2, rectify=1)),
        ("z", dict(bias=0.5, plastic_bias=0)),
    ]:
        for parameter, value in expected.items():
            assert np.allclose(net.get(name, parameter), value), parameter


@pytest.mark.parametrize("transfer", _TRANSFERS)
@pytest.mark.parametrize("leak", ["current", "rate"])
def test_transfer_functions_and_leaks(transfer, leak):
    functions = {
        "relu": lambda x: np.maximum(x, 0),
        "tanh": np.tanh,
        "softplus": lambda x: np.log1p(np.exp(x)),
        "logistic": lambda x: 1 / (1 + np.exp(-x)),
        "linear": lambda x: x,
        "rectified_tanh": lambda x: np.maximum(np.tanh(x), 0),
        "power": lambda x: np.maximum(x, 0) ** 2,
    }
    bias = np.array([-0.7, 0.0, 0.4, 1.1])
    net = na.Network(20).population("p", 4, tau=20, transfer=transfer, leak=leak, bias=bias).build()
    assert np.allclose(net.run(steps=1).rates["p"][0, 0], functions[transfer](bias), atol=1e-6)


def test_views_show_the_library_s_own_memory(net):
    weights, bias = net.weights("E", "I"), net.bias("E")
    assert weights.shape == (4, 12) and weights.dtype == np.float32 and not weights.flags.writeable
    assert not weights.flags.owndata
    assert net.weights("E", "I").ctypes.data == weights.ctypes.data
    with pytest.raises(ValueError):
        weights[0, 0] = 1
    doubled = 2 * weights
    net.set_weights("E", "I", doubled)
    assert (weights == doubled).all()
    net.set_bias("E", np.arange(12))
    assert (bias == np.arange(12)).all() and net.get("E", "bias")[3] == 3


def test_a_view_keeps_its_network_alive():
    net = small()
    address = weakref.ref(net)
    view, part = net.weights("E", "E"), net.bias("E")[3:]
    expected = view.copy()
    del net
    gc.collect()
    assert address() is not None and (view == expected).all()
    del view
    gc.collect()
    assert address() is not None and part.shape == (9,)
    del part
    gc.collect()
    assert address() is None


def test_masks_and_dale(net):
    for source, target in net.projections:
        weights, mask = net.weights(source, target), net.mask(source, target)
        assert set(np.unique(mask)) <= {0, 1} and (weights[mask == 0] == 0).all()
    assert (net.weights("E", "I") >= 0).all() and (net.weights("I", "E") <= 0).all()
    assert 0.2 < net.mask("E", "E").mean() < 0.7 and (np.diag(net.mask("E", "E")) == 0).all()


@pytest.mark.parametrize("sign", [+1, -1, 0])
def test_inputs_have_signs(sign, tmp_path):
    net = na.Network(20).input("u", 5, sign=sign, noise=0.1).population("E", 8, +1).population("F", 9).output("z", 2)
    net.connect("u", "E F").connect("E F", "E F z").constrain("u", "F", na.Dale("reflect")).build(3)
    net.save(tmp_path / "net.safetensors")
    for other in (net, net.copy(), pickle.loads(pickle.dumps(net)), na.Network.load(tmp_path / "net.safetensors")):
        assert other.sign("u") == sign and f"u 5{ {1: ' (+)', -1: ' (-)', 0: ''}[sign]}\n" in repr(other)
        draw = np.random.default_rng(0)
        trainer = na.Trainer(other, cost=na.MSE("z"), optimizer=na.SGD(0.3), clip=1)
        for _ in range(20):
            trainer.step(na.Trials(draw.normal(size=(9, 4, 5)), 3 * draw.normal(size=(9, 4, 2))))
            signs = {np.sign(w) for target in "EF" for w in other.weights("u", target).ravel()} - {0}
            assert signs == ({sign} if sign else {+1, -1})
        wrong = np.zeros((8, 5))
        wrong[2, 3] = -sign or 1
        if sign:
            with pytest.raises(ValueError, match=r"weights\[2\]\[3\]"):
                other.set_weights("u", "E", wrong)
        else:
            other.set_weights("u", "E", wrong)


def test_signs_are_set_before_the_build():
    net = na.Network(20).input("u", 2).input("v", 2).population("E", 3, +1).connect("u v", "E").connect("E", "E")
    net.set(["u", "v"], sign=-1).set("E", sign=np.int32(-1)).set("v", sign=0).build()
    assert [net.sign(name) for name in ("u", "v", "E")] == [-1, 0, -1]
    assert (net.weights("u", "E") < 0).all() and (net.weights("E", "E") <= 0).all()
    with pytest.raises(na.OrderError, match="structure is fixed"):
        net.set("u", sign=+1)


def test_set_weights_refuses_what_constraints_forbid(net):
    before = net.weights("E", "I").copy()
    for wrong in (-np.abs(before) - 1, np.where(net.mask("E", "I") == 0, 1.0, before), before * np.nan):
        with pytest.raises(na.Error):
            net.set_weights("E", "I", wrong)
        assert (net.weights("E", "I") == before).all()


def test_connect_options():
    net = na.Network(20).population("a", 3).population("b", 3).output("z", 2)
    net.connect("a", "a", autapses=True, initial=na.Identity(0.5))
    net.connect("a", "b", mask=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], delay=40, initial=np.full((3, 3), 0.25))
    plastic = np.array([[1, 0, 1], [1, 1, 1], [0, 0, 0]])
    net.connect("b", "a", plastic=plastic, initial=na.Uniform(0.1, 0.2))
    net.connect("b", "z", plastic=False)
    net.build(3)
    assert (net.weights("a", "a") == 0.5 * np.eye(3)).all()
    assert (net.weights("a", "b") == 0.25 * np.eye(3)).all() and net.delay("a", "b") == 40
    assert (net.plastic("b", "a") == plastic).all() and (net.plastic("b", "z") == 0).all()
    assert (net.weights("b", "a") >= 0.1).all() and (net.weights("b", "a") <= 0.2).all()
    net.set_plastic("b", "z", True)
    assert (net.plastic("b", "z") == 1).all()


@pytest.mark.parametrize(
    "initial, check",
    [
        (na.Default(), lambda w: np.isfinite(w).all()),
        (na.Uniform(-1, 2), lambda w: w.min() >= -1 and w.max() <= 2 and 0.3 < w.mean() < 0.7),
        (na.Normal(0.5, 0.1), lambda w: abs(w.mean() - 0.5) < 0.02 and abs(w.std() - 0.1) < 0.02),
        (na.Gamma(2, 0.1), lambda w: (w >= 0).all() and abs(w.mean() - 0.2) < 0.02),
        (na.LogNormal(1, 0.5), lambda w: (w > 0).all() and abs(w.mean() - 1) < 0.1 and abs(w.std() - 0.5) < 0.1),
        (na.Orthogonal(2), lambda w: np.allclose(w @ w.T, 4 * np.eye(40), atol=1e-4)),
        (na.Identity(3), lambda w: (w == 3 * np.eye(40)).all()),
    ],
)
def test_initial_weights(initial, check):
    net = na.Network(20).population("a", 40).population("b", 40)
    net.connect("a", "b", initial=initial, autapses=True).build(7)
    assert check(net.weights("a", "b"))


@pytest.mark.parametrize(
    "constraint, check",
    [
        (na.Sparse(0.25), lambda w, m: 0.15 < m.mean() < 0.35),
        (na.Mask(np.eye(20)), lambda w, m: (m == np.eye(20)).all()),
        (na.Sign(-1), lambda w, m: (w <= 0).all() and (w < 0).any()),
        (na.Nonnegative(), lambda w, m: (w >= 0).all() and (w > 0).any()),
        (na.MaxWeight(0.01), lambda w, m: np.abs(w).max() <= np.float32(0.01)),
        (na.DistanceDependent(1, 0.2), lambda w, m: 0 < m.mean() < 0.9),
    ],
)
def test_constraints(constraint, check):
    net = na.Network(20).population("a", 20).population("b", 20).place("a b", box=(1, 1, 1))
    net.connect("a", "b").constrain("a", "b", constraint).build(2)
    assert check(net.weights("a", "b"), net.mask("a", "b"))
    assert type(constraint).__name__ in repr(constraint)


def test_fixed_and_dale_modes():
    net = na.Network(20).population("a", 5, +1).output("y", 2).output("z", 2)
    net.connect("a", "y z").constrain("a", "y", na.Fixed()).constrain("a", "z", na.Dale("off")).build()
    assert (net.plastic("a", "y") == 0).all() and (net.plastic("a", "z") == 1).all()
    net.set_weights("a", "z", -np.ones((2, 5)))
    with pytest.raises(na.InvalidError, match="one of clamp, reflect, off"):
        na.Dale("mirror")
    with pytest.raises(na.InvalidError, match="density is 2"):
        na.Sparse(2)
    with pytest.raises(TypeError, match="neuroai.Constraint"):
        na.Network(1).constrain("a", "b", 0.2)


def test_places():
    net = na.Network(20)
    for name in ("box", "sphere", "lattice", "given"):
        net.population(name, 8)
    net.place("box", box=(1, 2, 0)).place("sphere", sphere=2).place("lattice", lattice=0.5)
    net.place("given", positions=np.arange(24).reshape(8, 3)).build(1)
    box = net.positions("box")
    assert box.shape == (8, 3) and (box <= [1, 2, 0]).all() and (box >= 0).all() and not box.flags.writeable
    assert np.allclose(np.linalg.norm(net.positions("sphere"), axis=1), 2, atol=1e-5)
    assert set(np.unique(net.positions("lattice"))) == {0, 0.5}
    net.set_positions("given", np.ones((8, 3)))
    assert (net.positions("given") == 1).all()
    with pytest.raises(na.InvalidError, match="exactly one"):
        net.place("box", box=(1, 1, 1), sphere=2)


def test_radius_balance_and_spectrum():
    net = na.Network(20).population("E", 40, +1).population("I", 10, -1)
    net.connect("E I", "E I").radius("E I", 1.3).balance("E I").build(4)
    spectrum = net.spectrum()
    assert spectrum.n == 50 and spectrum.eigenvalues.shape == (50,)
    assert abs(spectrum.radius - 1.3) < 1e-3 and abs(np.abs(spectrum.eigenvalues).max() - spectrum.radius) < 1e-9
    weights = np.block([[net.weights(pre, post) for pre in "EI"] for post in "EI"])
    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(spectrum.radius, abs=1e-4)
    assert np.abs(weights.sum(axis=1)).max() < 1e-4
    assert net.spectrum("E").n == 40 and 0 < spectrum.entropy <= 1 and "radius" in repr(spectrum)


def test_the_same_seed_gives_the_same_network():
    one, same, other = small(1), small(1), small(2)
    for ends in one.projections:
        assert (one.weights(*ends) == same.weights(*ends)).all()
    assert (one.weights("E", "E") != other.weights("E", "E")).any()


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (lambda: na.Network(-1), ValueError, "dt is -1 ms"),
        (lambda: na.Network("fast"), ValueError, "expected a number, got 'fast'"),
        (lambda: na.Network(20).build(-1), ValueError, "-1 is outside of 0 to"),
        (lambda: na.Network(20).input("u", 2.5), ValueError, "whole number, got 2.5"),
        (lambda: na.Network(20).input("u", 0), ValueError, "n of 'u' is 0"),
        (lambda: na.Network(20).input("u\0", 1), ValueError, "NUL"),
        (lambda: na.Network(20).input("u", 1, sign=2), ValueError, "sign of 'u' is 2, must be -1, 0 or 1"),
        (lambda: na.Network(20).input("u", 1, sign="+"), TypeError, "sign: expected a whole number, got '\\+'"),
        (lambda: na.Network(20).input("u", 1, sign=1.0), TypeError, "sign: expected a whole number, got 1.0"),
        (lambda: na.Network(20).output("z", 1).set("z", sign=1), KeyError, "'z' is one of the outputs"),
        (lambda: na.Network(20).input(None, 1), na.Error, "name is NULL"),
        (lambda: na.Network(20).population("p", 3, transfer="step"), ValueError, "one of relu, tanh"),
        (lambda: na.Network(20).population("p", 3, leak="both"), ValueError, "one of current, rate"),
        (lambda: na.Network(20).connect("a", "b"), KeyError, "nothing is called 'a'"),
        (lambda: na.Network(20, kernels="abacus"), NotImplementedError, "abacus"),
        (lambda: small().build(), RuntimeError, "built already"),
        (lambda: small().weights("E", "choice2"), KeyError, "target: nothing is called 'choice2'"),
        (lambda: small().set_weights("E", "I", np.ones((12, 4))), ValueError, r"\[4, 12\], got \[12, 4\]"),
        (lambda: small().set_bias("E", np.ones(3)), ValueError, r"bias: expected shape \[12\], got \[3\]"),
        (lambda: small().set_bias("E", ["a"] * 12), ValueError, "expected numbers"),
        (lambda: small().bias("nobody"), KeyError, "nobody"),
    ],
)
def test_errors_are_clear(wrong, error, words):
    with pytest.raises(error, match=words) as caught:
        wrong()
    assert isinstance(caught.value, na.Error)


def test_a_failed_composition_says_so_again():
    net = na.Network(20)
    with pytest.raises(na.UnknownNameError):
        net.connect("a", "b")
    with pytest.raises(na.UnknownNameError, match="must be made anew"):
        net.input("u", 1)


def test_whole_numbers_from_numpy():
    net = na.Network(np.float32(20)).input("u", np.int64(3)).population("p", np.int32(2)).connect("u", "p")
    assert net.build(np.uint64(2**63)).inputs == {"u": 3}


def test_a_network_describes_itself(net):
    text = repr(net)
    assert "dt=20 ms" in text and "E 12 (+), I 4 (-)" in text and "E -> choice (36 of 36)" in text
    assert "not built yet" in repr(na.Network(20))


def test_agents_and_rules_are_not_copied(net):
    trainer = na.Trainer(net, cost=na.MSE("choice"), rule=na.RFLO())
    for other in (na.Agent(trainer), trainer.rule):
        with pytest.raises(TypeError, match="cannot be copied.*save"):
            copy.deepcopy(other)


@pytest.mark.parametrize("initial", [None, na.Default(), na.Balanced(), na.StrongWeak()])
def test_starts_under_dales_law(initial, tmp_path):
    """Each row sums to 0; each unit has one strong excitatory synapse where that was asked for."""
    net = na.Network(dt=20).population("E", 40, +1).population("I", 10, -1)
    net.connect("E I", "E I", initial=initial).build(seed=1)
    for post in ("E", "I"):
        e, i = net.weights("E", post), net.weights("I", post)
        np.testing.assert_allclose(e.sum(1) + i.sum(1), 0, atol=1e-5)
        strong = (e >= 1).sum(1)
        assert (strong == 1).all() if not isinstance(initial, na.Balanced) else (strong == 0).any()
    net.save(tmp_path / "net.safetensors")
    again = na.Network.load(tmp_path / "net.safetensors")
    assert (again.weights("E", "E") == net.weights("E", "E")).all()


def test_strong_synapses_need_dales_law():
    net = na.Network(dt=20).population("R", 4).connect("R", "R", initial=na.StrongWeak())
    with pytest.raises(na.InvalidError, match="strong and weak weights from 'R' to 'R' need recurrent excitation"):
        net.build(seed=1)


def test_a_constant_is_every_weight(tmp_path):
    net = na.Network(dt=20).population("E", 6, +1).population("I", 4, -1)
    net.connect("E", "E I", density=0.5, initial=na.Constant(0.1)).connect("I", "E I", initial=na.Constant(-0.3)).build(1)
    net.save(tmp_path / "net.safetensors")
    for made in (net, na.Network.load(tmp_path / "net.safetensors"), net.copy()):
        for post in "EI":
            np.testing.assert_array_equal(made.weights("E", post), np.float32(0.1) * made.mask("E", post))
            np.testing.assert_array_equal(made.weights("I", post), np.float32(-0.3) * made.mask("I", post))


def test_a_constant_is_not_mirrored():
    net = na.Network(dt=20).population("I", 4, -1).connect("I", "I", initial=na.Constant(0.3))
    with pytest.raises(na.InvalidError, match="constant initial weight from 'I' to 'I' is 0.3, must be at most 0"):
        net.build()


def test_numbers_of_synapses(tmp_path):
    net = na.Network(dt=20).population("E", 20, +1).population("I", 10, -1).output("z", 2)
    net.connect("E", "E I", indegree=7).connect("I", "E I", outdegree=4).connect("E", "z")
    net.constrain("E", "z", na.Total(30)).build(1)
    net.save(tmp_path / "net.safetensors")
    for made in (net, na.Network.load(tmp_path / "net.safetensors"), net.copy()):
        for post in "EI":
            assert (made.mask("E", post).sum(1) == 7).all() and (made.mask("I", post).sum(0) == 4).all()
            assert ((made.weights("E", post) != 0) == (made.mask("E", post) != 0)).all()
        assert made.mask("E", "z").sum() == 30
        assert np.diag(made.mask("E", "E")).sum() == 0 and np.diag(made.mask("I", "I")).sum() == 0


def test_several_synapses_of_a_pair():
    """Weights are multiples of the one, and add up; what spikes and does not learn goes by them too."""
    cells = {"model": "lif", "tau": 20, "threshold": 20, "reset": 10, "initial": np.linspace(0, 19, 60)}
    net = na.Network(dt=0.1).population("E", 60, +1, drive=25, **cells).population("I", 60, -1, **cells)
    for to, drawn in (("E", na.InDegree(30, multapses=True)), ("I", na.Total(2000, True))):
        net.connect("E", f"{to}:delta", initial=na.Constant(0.5), delay=1.5, plastic=False).constrain("E", f"{to}:delta", drawn)
    net.build(3)
    assert [net.storage("E", f"{to}:delta") for to in "EI"] == ["listed", "listed"]
    onto = net.weights("E", "E:delta"), net.weights("E", "I:delta")
    assert (onto[0].sum(axis=1) == 15).all() and onto[1].sum() == 1000 and onto[1].max() >= 1.5
    assert set(np.unique(onto[0] % 0.5)) == {0} and np.diag(onto[0]).sum() == 0
    same = na.Network(dt=0.1).population("E", 60, +1, drive=25, **cells).population("I", 60, -1, **cells)
    for to, weights in zip("EI", onto):
        same.connect("E", f"{to}:delta", mask=weights != 0, initial=weights, delay=1.5, plastic=False)
    runs = [each.run(steps=2000, progress=False).spikes for each in (net, same.build(1))]
    for name in "EI":
        assert len(runs[0][name].times) > 50
        np.testing.assert_array_equal(runs[0][name].times, runs[1][name].times)
        np.testing.assert_array_equal(runs[0][name].unit, runs[1][name].unit)


def test_numbers_of_synapses_hold_under_learning(tmp_path):
    net = na.Network(dt=20).input("u", 2).population("E", 10, +1).population("I", 5, -1).output("z", 1)
    net.connect("u", "E").connect("E I", "E I", indegree=3).connect("E", "z").build(1)
    inputs, targets = np.random.default_rng(0).normal(size=(2, 8, 4, 2)).astype(np.float32)
    masks = {ends: net.mask(*ends) for ends in net.projections}
    trainer = na.Trainer(net, cost=na.MSE("z"))
    for _ in range(20):
        trainer.step(na.Trials(inputs, targets[..., :1]))
    net.save(tmp_path / "net.safetensors")
    for made in (net, na.Network.load(tmp_path / "net.safetensors")):
        for ends, mask in masks.items():
            assert (made.mask(*ends) == mask).all() and (made.weights(*ends)[mask == 0] == 0).all()


def test_degrees_are_drawn_from_a_mask():
    mask = np.tri(10, 12, 4) != 0
    net = na.Network(dt=20).population("a", 12).population("b", 10).connect("a", "b", mask=mask, indegree=5).build()
    assert (net.mask("a", "b").sum(1) == 5).all() and not net.mask("a", "b")[~mask].any()


def test_listed_synapses(tmp_path):
    pre, post = [0, 0, 3, 2], [1, 2, 0, 3]
    net = na.Network(dt=20).population("a", 4).population("b", 5).connect("a", "a b")
    net.constrain("a", "a", na.List(pre, post)).constrain("a", "b", na.List(pre=[], post=[])).build()
    wanted = np.zeros((4, 4))
    wanted[post, pre] = 1
    net.save(tmp_path / "net.safetensors")
    for made in (net, na.Network.load(tmp_path / "net.safetensors")):
        assert (made.mask("a", "a") == wanted).all() and not made.mask("a", "b").any()
    assert "4 synapses" in repr(na.List(pre, post))


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: na.InDegree(-1), "indegree is -1, must be 0 to"),
        (lambda: na.InDegree(2.5), "indegree: expected a whole number"),
        (lambda: na.OutDegree(10**8), "outdegree is 100000000, must be 0 to 10000000"),
        (lambda: na.Total(-3), "total is -3"),
        (lambda: na.Total(3, multapses="yes"), "multapses: expected True or False, got 'yes'"),
        (lambda: na.InDegree(-3, True), "indegree is -3"),
        (lambda: na.List([0, 1], [0]), r"post: expected shape \[2\], got \[1\]"),
        (lambda: na.List([0.5], [0]), "pre: expected whole numbers"),
        (lambda: na.List([True, False], [0, 1]), "pre: expected numbers of units, got an array of bool"),
        (lambda: na.List([0], [-1]), r"post\[0\] is -1"),
        (lambda: pair().connect("a", "b", indegree=5).build(), "indegree is 5, but unit 0 of 'b' can have only 4"),
        (lambda: pair().connect("a", "a", outdegree=4).build(), "outdegree is 4, but unit 0 of 'a' can have only 3"),
        (lambda: pair().connect("a", "b", indegree=2, outdegree=2), "at most one of density, indegree, outdegree"),
        (lambda: pair().connect("a", "b", indegree=2, density=0.5), "at most one of density, indegree, outdegree"),
    ],
)
def test_numbers_of_synapses_that_cannot_be(wrong, words):
    with pytest.raises((na.InvalidError, TypeError), match=words):
        wrong()


def pair():
    return na.Network(dt=20).population("a", 4).population("b", 3)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"indegree": -1}, "indegree is -1"),
        ({"outdegree": "many"}, "outdegree: expected a whole number"),
        ({"density": 2}, "density is 2"),
        ({"indegree": 1, "density": 1}, "at most one of"),
        ({"mask": [1, 0]}, "Mask: expected shape"),
        ({"initial": 0.5}, r"initial: expected an array .* or a distribution, such as na.Constant\(0.5\), got 0.5"),
        ({"initial": np.zeros((4, 3))}, r"initial: expected shape \[3, 4\], got \[4, 3\]"),
        ({"initial": "normal"}, "initial: expected an array"),
        ({"initial": na.Constant}, "initial: expected an array"),
        ({"autapses": "no"}, "autapses: expected True or False, got 'no'"),
        ({"autapses": 2}, "autapses: expected True or False, got 2"),
        ({"plastic": "no"}, "plastic: expected True or False, got 'no'"),
        ({"delay": "long"}, "delay: expected a number, got 'long'"),
    ],
)
def test_a_refused_keyword_connects_nothing(wrong, words):
    net = pair()
    with pytest.raises((na.InvalidError, TypeError), match=words):
        net.connect("a", "b", **wrong)
    assert net.projections == ()
    assert net.connect("a", "b", indegree=1).build().mask("a", "b").sum() == 3


def test_initial_arrays_are_of_one_projection():
    for target in ("a b", "*", ["a", "b"]):
        with pytest.raises(na.InvalidError, match="initial: an array is of one projection, not of all from 'a' to"):
            pair().connect("a", target, initial=np.zeros((3, 4)))


@pytest.mark.parametrize("make", [na.Constant, na.Identity, na.Orthogonal, lambda x: na.Normal(0, x), lambda x: na.Gamma(x, 1)])
@pytest.mark.parametrize("wrong", ["x", None, [1, 2]])
def test_numbers_of_initial_weights_are_numbers(make, wrong):
    with pytest.raises(TypeError, match=r"of na\.\w+: expected a number"):
        make(wrong)


def test_keywords_act_on_the_projections_of_the_call():
    net = na.Network(dt=20).population("a", 6).population("b", 6)
    net.connect("a", "a", initial=na.Constant(1))
    net.connect("a", "b", indegree=2, delay=60, plastic=False, initial=na.Constant(2))
    net.connect("b", "*", outdegree=3, autapses=True, initial=na.Constant(3)).build()
    assert net.mask("a", "a").sum() == 30 and net.delay("a", "a") == 20 and net.plastic("a", "a").sum() == 30
    assert net.mask("a", "b").sum() == 12 and net.delay("a", "b") == 60 and net.plastic("a", "b").sum() == 0
    assert {net.weights(*ends).max() for ends in net.projections} == {1, 2, 3}
    assert (net.mask("b", "b").sum(0) == 3).all() and (net.mask("b", "a").sum(0) == 3).all()


def dendrites():
    net = na.Network(dt=10).input("u", 4, sign=+1).output("z", 1, tau=40).population("E", 6, +1, model="dendritic", branches=2)
    return net.connect("E", "z", initial=na.Constant(0.3))


def test_keywords_of_several_projections_between_the_same_populations():
    net = dendrites().connect("E", "E:soma", outdegree=3, initial=na.Constant(0.1), delay=20)
    net.connect("E", "E:dendrite", indegree=2, initial=na.Constant(0.2), plastic=False)
    net.connect("u", "E:dendrite", outdegree=5, initial=na.Constant(0.5)).build(1)
    assert (net.mask("E", "E:soma").sum(0) == 3).all() and (net.mask("E", "E:dendrite").sum(1) == 2).all()
    assert net.weights("u", "E:dendrite").shape == (12, 4) and (net.mask("u", "E:dendrite").sum(0) == 5).all()
    assert [net.delay("E", port) for port in ("E:soma", "E:dendrite")] == [20, 10]
    assert net.plastic("E", "E:soma").any() and not net.plastic("E", "E:dendrite").any()
    assert [float(net.weights(*ends).max()) for ends in net.projections] == pytest.approx([0.3, 0.1, 0.2, 0.5])
    branches = net.mask("E", "E:dendrite").reshape(2, 6, 6)
    assert not any(np.diag(branch).any() for branch in branches)


def test_lists_onto_branches():
    net = dendrites().connect("E", "E:dendrite", initial=na.Constant(0.2))
    net.constrain("E", "E:dendrite", na.List([1, 0], [6, 11])).build()
    assert np.argwhere(net.mask("E", "E:dendrite")).tolist() == [[6, 1], [11, 0]]
    net = dendrites().connect("E", "E:dendrite", initial=na.Constant(0.2))
    with pytest.raises(na.InvalidError, match=r"pre\[1\] is 1 and post\[1\] is 7 in the list from 'E' to 'E:dendrite.*autapse"):
        net.constrain("E", "E:dendrite", na.List([0, 1], [1, 7])).build()


def test_rates_of_several_projections_between_the_same_populations():
    net = dendrites().connect("E", "E:soma", initial=na.Constant(0.1)).connect("u", "E:dendrite", initial=na.Constant(0.5))
    net.connect("E", "E:dendrite", initial=na.Constant(0.2)).build(1)
    trainer = na.Trainer(net, cost=na.MSE("z"), rates={("E", "E:soma"): 0, ("u", "E"): 0})
    draw = np.random.default_rng(0)
    trainer.step(na.Trials(draw.random((20, 6, 4)), draw.random((20, 6, 1))))
    assert (net.weights("E", "E:soma") == np.float32(0.1) * net.mask("E", "E:soma")).all()
    assert (net.weights("u", "E:dendrite") == np.float32(0.5)).all()
    assert (net.weights("E", "E:dendrite") != np.float32(0.2) * net.mask("E", "E:dendrite")).any()


def test_sizes_are_those_of_now_and_can_only_be_read():
    """They are looked up once when the network is built, and each time before."""
    net = na.Network(dt=10).input("u", 3)
    assert net.inputs == {"u": 3} and net.populations == {}
    net.input("v", 2).population("E", 4).output("z", 1).connect("u v", "E").connect("E", "z")
    assert net.inputs == {"u": 3, "v": 2} and net.populations == {"E": 4}
    net.build(seed=1)
    for sizes in (net.inputs, net.inputs, net.copy().inputs):
        assert sizes == {"u": 3, "v": 2}
        with pytest.raises(TypeError, match="only be read"):
            sizes["w"] = 1
    with pytest.raises(na.OrderError):
        net.population("late", 2)
    assert net.populations == {"E": 4} and net.outputs == {"z": 1}
