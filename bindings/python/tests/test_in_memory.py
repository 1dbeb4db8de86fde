"""Networks and checkpoints as bytes, without a file."""

import numpy as np
import pytest
from conftest import small

import neuroai as na


class Halves(na.Constraint):
    def project(self, synapses):
        np.clip(synapses.weight, -0.5, 0.5, out=synapses.weight)


def trainer(net, task=None):
    given = task or na.tasks.PerceptualDecisionMaking(stimulus=100)
    return na.Trainer(net, given, na.CrossEntropy("choice"), batch=5, evaluate_every=0)


def same(a, b):
    for ends in a.projections:
        assert np.array_equal(a.weights(*ends), b.weights(*ends))
    return True


def test_bytes_are_those_of_the_file(tmp_path):
    net = small(noise=0.1)
    data = net.to_bytes()
    net.save(tmp_path / "net")
    assert data == (tmp_path / "net").read_bytes()
    for given in (data, bytearray(data), memoryview(data)):
        other = na.Network.from_bytes(given)
        assert same(net, other) and repr(other) == repr(net)
    drive = np.ones((5, 2, 3))
    assert net.run(drive, seed=1).outputs["choice"].tobytes() == other.run(drive, seed=1).outputs["choice"].tobytes()
    (tmp_path / "again").write_bytes(data)
    assert same(net, na.Network.load(tmp_path / "again"))


def test_own_constraints_and_limits():
    net = na.Network(20).input("u", 3).population("E", 6).output("z", 3)
    net.connect("u", "E").connect("E", "E").connect("E", "z").constrain("E", "E", Halves()).build(1)
    data = net.to_bytes()
    with pytest.raises(na.UnknownNameError, match="Halves"):
        na.Network.from_bytes(data)
    assert same(net, na.Network.from_bytes(data, [Halves()]))
    with pytest.raises(MemoryError, match="limit is 1000"):
        na.Network.from_bytes(data, [Halves()], memory_limit=1000)


def test_what_is_no_model_is_refused():
    data = small().to_bytes()
    for wrong, words in [(b"", "model in memory: the file has 0 bytes"), (data[:-1], "model in memory"), (b"{}" * 99, "model in")]:
        with pytest.raises(ValueError, match=words):
            na.Network.from_bytes(wrong)
    for wrong in ("text", None, 7, np.zeros(5)):
        with pytest.raises(TypeError, match=r"data: expected bytes, as to_bytes\(\) gives them"):
            na.Network.from_bytes(wrong)
    with pytest.raises(RuntimeError, match="not built"):
        na.Network(20).population("E", 1).to_bytes()


def test_the_best_of_a_training_is_kept_in_memory(tmp_path):
    one, other = trainer(small()), trainer(small())
    one.fit(3, progress=False)
    data = one.to_bytes()
    one.save(tmp_path / "run")
    assert data == (tmp_path / "run").read_bytes()
    one.fit(4, progress=False)
    assert other.restore_bytes(data) is other and other.updates == 3
    other.fit(4, progress=False)
    assert same(one.net, other.net) and np.array_equal(one.history.loss, other.history.loss)
    assert same(na.Network.from_bytes(data), one.restore_bytes(data).net) and one.updates == 3
    with pytest.raises(ValueError, match="checkpoint in memory"):
        one.restore_bytes(data[: len(data) // 2])
    with pytest.raises(TypeError, match="data: expected bytes"):
        one.restore_bytes("run.safetensors")
    with pytest.raises(ValueError, match="checkpoint in memory"):
        one.restore_bytes(one.net.to_bytes())
    assert one.updates == 3
