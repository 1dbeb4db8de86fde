"""Short-term plasticity: numbers of an independent program, steady states, what may share it, files and messages."""

import json
import pickle

import numpy as np
import pytest
from test_reference import REFERENCE, assert_close, load

import neuroai as na

INDEX = json.loads((REFERENCE / "models_index.json").read_text())
FACILITATING = dict(U=0.15, tau_x=200, tau_u=1500)
DEPRESSING = dict(U=0.45, tau_x=1500, tau_u=200)


# --- an independent program ------------------------------------------------------------------------------------------


def reference_network(case, kernels=None):
    """stp_rnn_*: static synapses have U = 1 and see no rates."""
    d, n = load(case), len(load(case)["b"])
    net = na.Network(dt=10, kernels=kernels).input("u", d["W_in"].shape[1]).output("z", d["W_out"].shape[0])
    net.population("E", n, tau=100, leak={"code": "whole"}.get(case[8:], case[8:]), initial=d["r0"])
    short_term = na.TsodyksMarkram(
        U=np.where(d["dyn"], d["U"], 1), tau_x=d["tau_x"], tau_u=d["tau_u"], hz=d["dyn"].astype(float)
    )
    net.connect("u", "E").connect("E", "E", short_term=short_term).connect("E", "z").build(1)
    for ends, array in {("u", "E"): "W_in", ("E", "E"): "W_rec", ("E", "z"): "W_out"}.items():
        net.set_weights(*ends, d[array])
    net.set_bias("E", d["b"])
    net.set_bias("z", d["b_out"])
    return net, d


@pytest.mark.parametrize("case", [case for case in INDEX if case.startswith("stp_rnn_")])
def test_reference(case, kernels):
    net, d = reference_network(case, kernels)
    run = net.run(d["u_in"].astype(np.float32))
    assert_close("rates", run.rates["E"], d["r"])
    assert_close("outputs", run.outputs["z"], d["z"])
    trials = na.Trials(d["u_in"].astype(np.float32), d["target"], mask=d["m"])
    trainer = na.Trainer(net, cost=na.MSE("z"), rule=na.BPTT(), optimizer=na.SGD(0))
    gradient = trainer.gradient(trials)
    assert_close("J", trainer.step(trials)["total"], d["J"][0])
    for ends, array in {("u", "E"): "W_in", ("E", "E"): "W_rec", ("E", "z"): "W_out"}.items():
        assert_close(array, gradient[ends], d[f"grad_{array}"])
    assert_close("bias", gradient["E"], d["grad_b"])
    assert_close("bias of the output", gradient["z"], d["grad_b_out"])


def test_what_synapses_have(kernels):
    """u and x of the reference are those of a running state, which stepped once at time 0."""
    net, d = reference_network("stp_rnn_rate", kernels)
    plastic, u_in = d["dyn"] == 1, d["u_in"].astype(np.float32)
    state = net.state(trials=u_in.shape[1])
    for step in range(len(u_in)):
        u, x = state.short_term("E", "E")
        assert_close("u", u[:, plastic], d["u"][step][:, plastic])
        assert_close("x", x[:, plastic], d["x"][step][:, plastic])
        state.step(u_in[step])


# --- what there is ---------------------------------------------------------------------------------------------------


def two_kinds(**how):
    """Half of the units facilitate, half depress, as those of Masse et al."""
    half = np.arange(6) % 2 == 0
    short_term = na.TsodyksMarkram(
        **{name: np.where(half, FACILITATING[name], DEPRESSING[name]) for name in FACILITATING}, **how
    )
    net = na.Network(dt=10).input("u", 2).population("E", 6, 1).population("I", 2, -1).output("z", 2)
    net.connect("u", "E").connect("E", "E I", short_term=short_term).connect("I", "E", short_term=na.TsodyksMarkram())
    return net.connect("E", "z").build(3), short_term


def test_numbers_and_names():
    net, short_term = two_kinds(hz=2)
    assert (short_term.U == np.tile([0.15, 0.45], 3)).all() and (short_term.hz == 2).all()
    got = net.short_term("E", "I")
    assert (got.tau_x == short_term.tau_x).all() and net.short_term("E", "z") is None
    assert repr(na.TsodyksMarkram()) == "TsodyksMarkram(U=0.15, tau_x=200, tau_u=1500, hz=1)"
    again = pickle.loads(pickle.dumps(short_term))
    assert (again.tau_u == short_term.tau_u).all()
    assert net.short_term("I", "E").U == 0.15


def test_facilitation_and_depression():
    """What is released of a steady rate grows in one half and falls in the other."""
    net, _ = two_kinds()
    state = net.state()
    state.clamp("E", 20)
    u, x = state.short_term("E", "E")
    before = (u * x).copy()
    for _ in range(40):
        state.step(np.zeros((1, 2), np.float32))
    u, x = state.short_term("E", "E")
    assert ((u * x)[0, 0::2] > before[0, 0::2]).all() and ((u * x)[0, 1::2] < before[0, 1::2]).all()


def test_files_and_copies(tmp_path):
    net, short_term = two_kinds()
    net.save(tmp_path / "net.safetensors")
    inputs = np.random.default_rng(1).normal(size=(12, 3, 2)).astype(np.float32)
    for again in (na.Network.load(tmp_path / "net.safetensors"), net.copy(), pickle.loads(pickle.dumps(net))):
        assert (again.short_term("E", "I").U == short_term.U).all()
        assert (again.run(inputs).outputs["z"] == net.run(inputs).outputs["z"]).all()


def test_checkpoints_are_of_the_same_plasticity(tmp_path):
    trials = na.Trials(np.ones((8, 2, 2), np.float32), np.zeros((8, 2, 2), np.float32))

    def trainer(**how):
        return na.Trainer(two_kinds(**how)[0], cost=na.MSE("z"), rule=na.BPTT(), optimizer=na.Adam(1e-2))

    first = trainer()
    first.step(trials)
    first.save(tmp_path / "trainer.safetensors")
    first.step(trials)
    second = trainer()
    second.restore(tmp_path / "trainer.safetensors")
    second.step(trials)
    assert (first.net.weights("E", "E") == second.net.weights("E", "E")).all()
    with pytest.raises(na.InvalidError, match="hz"):
        trainer(hz=3).restore(tmp_path / "trainer.safetensors")


def test_silenced_senders_recover():
    """What is silenced in an evaluation or a state releases nothing, and its resources come back."""
    net, _ = two_kinds()
    inputs = np.ones((150, 1, 2), np.float32)
    state = net.state()
    net.run(inputs, state=state)
    x = state.short_term("E", "E")[1].copy()
    state.silence("E")
    net.run(inputs, state=state)
    assert (state.short_term("E", "E")[1] >= x).all() and (state.rates("I") < 1e-3).all()


@pytest.mark.parametrize(
    "numbers, words",
    [
        (dict(U=1.5), "U\\[0\\] is 1.5, must be 0 to 1"),
        (dict(tau_x=0), "tau_x\\[0\\] is 0, must be 1e-06 to 1e\\+09"),
        (dict(tau_u=[10, np.nan]), "tau_u\\[1\\] is nan"),
        (dict(hz=-1), "hz\\[0\\] is -1"),
        (dict(U=[0.1, 0.2], hz=[1, 2, 3]), "U has 2 values, others have 3"),
        (dict(U=[]), "U: it has no values"),
        (dict(U=[[0.1]]), "U: expected shape \\[units\\]"),
        (dict(U="half"), "U: expected numbers"),
    ],
)
def test_wrong_numbers(numbers, words):
    with pytest.raises(na.Error, match=words):
        na.TsodyksMarkram(**numbers)


def test_wrong_projections():
    def net():
        return na.Network(dt=10).input("u", 2).population("E", 4)

    with pytest.raises(na.InvalidTypeError, match="short_term: expected a na.TsodyksMarkram, got 0.5"):
        net().connect("E", "E", short_term=0.5)
    with pytest.raises(na.UnsupportedError, match="'u' is an input"):
        net().connect("u", "E", short_term=na.TsodyksMarkram())
    with pytest.raises(na.InvalidError, match="short_term has 3 values, must have 1 or 4, one for each unit of 'E'"):
        net().connect("E", "E", short_term=na.TsodyksMarkram(U=[0.1, 0.2, 0.3]))
    with pytest.raises(na.UnknownNameError, match="stands before projections"):
        net().population("F", 2, model="tsodyks_markram")


def test_other_rules_refuse_it():
    net, _ = two_kinds()
    for rule in (na.UORO(), na.NodePerturbation(), na.FORCE(), na.LocalRule(lambda step: None)):
        with pytest.raises(na.UnsupportedError, match="short-term plasticity, as from 'E' to 'E'"):
            na.Trainer(net, cost=na.MSE("z"), rule=rule)
