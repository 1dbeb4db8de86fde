"""The model file."""

import json
import os

import numpy as np
import pytest
from conftest import small
from safetensors import safe_open
from safetensors.numpy import load_file

import neuroai as na


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def test_a_network_comes_back_as_it_was(net, path):
    net.set("E", tau=np.linspace(40, 90, 12), noise=0.1)
    net.save(path)
    again = na.Network.load(str(path))
    assert again.built and repr(again) == repr(net)
    assert again.populations == net.populations and again.projections == net.projections and again.dt == net.dt
    for ends in net.projections:
        for what in ("weights", "mask", "plastic"):
            assert (getattr(again, what)(*ends) == getattr(net, what)(*ends)).all()
        assert again.delay(*ends) == net.delay(*ends)
    for name in ("E", "I"):
        assert (again.positions(name) == net.positions(name)).all() and again.sign(name) == net.sign(name)
        for parameter in ("tau", "noise", "bias", "initial", "gain", "plastic_bias"):
            assert (again.get(name, parameter) == net.get(name, parameter)).all()
    inputs = np.random.default_rng(0).random((20, 3, 3))
    assert (again.run(inputs, seed=5).outputs["choice"] == net.run(inputs, seed=5).outputs["choice"]).all()


def test_the_safetensors_package_reads_it(net, path):
    net.save(path)
    tensors = load_file(str(path))
    shapes = {array.shape for array in tensors.values()}
    assert {(4, 12), (12, 12), (12, 3), (12,)} <= shapes
    for source, target in net.projections:
        weights = net.weights(source, target)
        assert any(array.shape == weights.shape and (array == weights).all() for array in tensors.values())
    with safe_open(str(path), "numpy") as file:
        metadata = file.metadata()
    assert metadata and all(isinstance(value, str) for value in metadata.values())
    assert any(isinstance(json.loads(value), dict) for value in metadata.values() if value.startswith("{"))


def test_constraints_are_kept_in_training_after_loading(net, path):
    net.save(path)
    again = na.Network.load(path)
    draw = np.random.default_rng(0)
    trials = na.Trials(draw.random((9, 4, 3)), draw.integers(0, 3, (9, 4)))
    trainer = na.Trainer(again, cost=na.CrossEntropy("choice"), optimizer=na.Adam(0.1))
    for _ in range(10):
        trainer.step(trials)
    assert (again.weights("E", "E") >= 0).all() and (again.weights("I", "E") <= 0).all()
    assert (again.weights("E", "E")[net.mask("E", "E") == 0] == 0).all()


class Ceiling(na.Constraint):
    def __init__(self, high):
        self.high = high

    def project(self, synapses):
        np.minimum(synapses.weight, self.high, out=synapses.weight)


def test_a_constraint_of_one_s_own_is_asked_for(path):
    net = na.Network(20).population("a", 5).connect("a", "a").constrain("a", "a", Ceiling(0.1)).build()
    net.save(path)
    with pytest.raises(na.Error, match="Ceiling"):
        na.Network.load(path)
    again = na.Network.load(path, constraints=[Ceiling(0.1)])
    assert (again.weights("a", "a") == net.weights("a", "a")).all()


def test_names_with_any_letters(tmp_path):
    folder = tmp_path / "ñandú – 脳"
    folder.mkdir()
    small().save(folder / "é.safetensors")
    assert na.Network.load(folder / "é.safetensors").size("E") == 12


def test_damaged_files_are_refused(net, path):
    net.save(path)
    whole = path.read_bytes()
    for data in (b"", whole[:100], whole[:-4], whole + b"\0" * 8, b"\xff" * 8 + whole[8:], b"not a model" * 50):
        path.write_bytes(data)
        with pytest.raises(na.FormatError) as caught:
            na.Network.load(path)
        assert isinstance(caught.value, ValueError) and str(caught.value)
    start = int.from_bytes(whole[:8], "little") + 8
    path.write_bytes(whole[:start] + np.full((len(whole) - start) // 4, np.nan, np.float32).tobytes())
    with pytest.raises(na.Error):
        na.Network.load(path)


def test_the_file_system_says_no(net, path):
    with pytest.raises(na.FileError) as caught:
        na.Network.load(path)
    assert isinstance(caught.value, OSError)
    with pytest.raises(na.FileError):
        net.save(path.parent / "no such folder" / "net")
    with pytest.raises(na.OrderError):
        na.Network(20).save(path)
    assert os.listdir(path.parent) == []
