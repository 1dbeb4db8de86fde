"""Copies of a network in memory, and synapses removed after the build."""

import copy
import pickle

import numpy as np
import pytest
from conftest import small

import neuroai as na


@pytest.mark.parametrize("how", [na.Network.copy, copy.copy, copy.deepcopy])
def test_a_copy_is_the_same_and_independent(how):
    net = small()
    other = how(net)
    assert repr(other) == repr(net) and other.kernels == net.kernels
    drive = np.random.default_rng(1).normal(size=(9, 2, 3))
    before = net.run(drive, seed=2).outputs["choice"]
    np.testing.assert_array_equal(other.run(drive, seed=2).outputs["choice"], before)
    other.set_bias("E", np.ones(other.size("E")))
    np.testing.assert_array_equal(net.run(drive, seed=2).outputs["choice"], before)


def test_a_copy_before_the_build_keeps_given_weights():
    net = na.Network(20).population("E", 2).connect("E", "E", autapses=True, initial=[[1, 2], [3, 4]])
    other = net.copy().build()
    assert (other.weights("E", "E") == [[1, 2], [3, 4]]).all() and not net.built


def test_a_mask_removes_for_good(tmp_path):
    net = small()
    mask = net.mask("E", "I").copy()
    mask[:, :2] = 0
    net.set_mask("E", "I", mask)
    assert (net.mask("E", "I") == mask).all() and (net.weights("E", "I")[:, :2] == 0).all()
    net.save(tmp_path / "net.safetensors")
    assert (na.Network.load(tmp_path / "net.safetensors").mask("E", "I") == mask).all()
    with pytest.raises(ValueError, match="mask"):
        net.set_mask("E", "I", mask[:, :2])
    mask[1, 2] = np.nan
    with pytest.raises(na.NonfiniteError, match=r"mask: \[1, 2\] is nan"):
        net.set_mask("E", "I", mask)
    with pytest.raises(na.NonfiniteError, match=r"Mask: \[1, 2\] is nan"):
        na.Mask(mask)
    with pytest.raises(RuntimeError, match="not built"):
        na.Network(20).population("E", 1).connect("E", "E").set_mask("E", "E", [[0]])


def test_memory_is_known_before_it_is_taken():
    net = na.Network(20, memory_limit=10000).population("E", 100).connect("E", "E")
    assert net.memory > 4 * 100 * 100
    with pytest.raises(MemoryError, match="bytes of memory, the network's limit is 10000"):
        net.build()
    assert small().memory > 0


def test_limits_hold_for_what_is_made_of_a_network(tmp_path):
    net = small()
    path = tmp_path / "net.safetensors"
    net.save(path)
    with pytest.raises(MemoryError, match="needs [0-9]+ bytes of memory, the network's limit is 1000") as said:
        na.Network.load(path, memory_limit=1000)
    need = int(str(said.value).split("needs ")[1].split()[0])
    assert net.memory <= need < 1.1 * net.memory  # loaded, each projection has constraints of its own
    with pytest.raises(MemoryError, match=f"needs {need} bytes of memory"):
        na.Network.load(path, memory_limit=need - 1)
    again = na.Network.load(path, memory_limit=need)
    assert again.memory == need
    for make in (lambda: na.Trainer(again, cost=na.CrossEntropy("choice")), again.set_memory_limit(1).copy):
        with pytest.raises(MemoryError, match="bytes of memory, the network's limit is"):
            make()
    t = na.Trainer(again.set_memory_limit(None), cost=na.CrossEntropy("choice"))
    assert t.memory > 2 * again.memory


def test_what_is_pruned_stays_away(net, tmp_path):
    """What an intervention cuts during a trial, for good: after training with an optimiser that remembers it, too."""
    task = na.tasks.PerceptualDecisionMaking(stimulus=200)
    trainer = na.Trainer(net, task, na.CrossEntropy("choice"), optimizer=na.Adam(0.01), batch=8)
    trainer.fit(3, progress=False)
    inputs = np.random.default_rng(1).normal(size=(20, 2, 3)).astype(np.float32)
    cut = net.run(inputs, interventions=na.ScaleSynapses("E", "E I", 0, fraction=0.4, seed=2)).rates["E"]
    before = net.mask("E", "E").sum()
    net.prune("E", "E I", fraction=0.4, seed=2)
    assert np.allclose(net.run(inputs).rates["E"], cut, atol=1e-5)
    gone = net.mask("E", "E") == 0
    assert net.mask("E", "E").sum() == before - np.floor(0.4 * before + 0.5)
    trainer.fit(3, progress=False)
    net.save(tmp_path / "pruned.safetensors")
    for other in (net, net.copy(), pickle.loads(pickle.dumps(net)), na.Network.load(tmp_path / "pruned.safetensors")):
        assert (other.weights("E", "E")[gone] == 0).all() and np.array_equal(other.mask("E", "E") == 0, gone)
    kept = np.abs(net.weights("E", "E")[~gone])
    net.prune("E", "E", fraction=0.5, smallest=True)
    left = np.abs(net.weights("E", "E")[net.mask("E", "E") == 1])
    assert np.allclose(np.sort(left), np.sort(kept)[-len(left) :]) and len(left) == len(kept) - round(len(kept) / 2 + 1e-9)
    net.prune_units({"E": [0, 3], "I": np.array([True, False, False, False])})
    assert net.mask("stimulus", "E")[[0, 3]].sum() == 0 and net.mask("I", "E")[:, 0].sum() == 0
    net.prune_units("I", fraction=0.5, seed=1)
    before = net.mask("E", "choice").sum()
    for bad, error, words in (
        (lambda: net.prune("E", "F"), na.UnknownNameError, "'F'"),
        (lambda: net.prune(fraction=2), na.InvalidError, "fraction is 2"),
        (lambda: net.prune_units("E", [12]), na.InvalidError, r"units\[0\] is 12"),
        (lambda: net.prune_units({"E": [1], "F": [0]}), na.UnknownNameError, "'F'"),
        (lambda: net.prune_units({"E": [1], "I": [9]}), na.InvalidError, "9"),
        (lambda: na.Network(20).population("E", 1).connect("E", "E").prune(), na.OrderError, "built"),
    ):
        with pytest.raises(error, match=words):
            bad()
    assert net.mask("E", "choice").sum() == before
