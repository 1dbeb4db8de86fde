"""Numbers of inputs, populations and outputs: listed, named in messages, and read from files of other releases."""

import json
import struct

import numpy as np
import pytest
from conftest import ROOT

import neuroai as na

OLD = ROOT / "tests" / "golden" / "0.1.0"
MODELS = ["numbers", "decision", "constraints"]
KINDS = ["inputs", "populations", "outputs"]


def edit(path, new, change):
    """A copy of a model file whose description went through ``change``."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    description = json.loads(header["__metadata__"]["neuroai"])
    change(description)
    header["__metadata__"]["neuroai"] = json.dumps(description)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    new.write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])
    return new


def test_numbers_are_listed_by_kind():
    net = na.Network(20).input("u", 1).population("E", 2).output("z", 1)
    assert list(net.parameters("inputs")) == ["tau", "noise", "noise_tau", "baseline", "rectify"]
    assert net.parameters()["tau"].low == 20 and net.parameters()["tau"].unit == "ms"
    for kind, name in zip(KINDS, "uEz"):
        for parameter in net.parameters(kind).values():
            assert np.all(net.get(name, parameter.name) == parameter.default)
    with pytest.raises(ValueError, match="kind: expected one of inputs, populations, outputs, got 'E'"):
        net.parameters("E")


def test_an_unknown_number_gives_the_choices():
    net = na.Network(20).population("E", 2)
    with pytest.raises(KeyError, match="population 'E' has no parameter 'tua'; it has tau, noise, noise_tau, bias"):
        net.set("E", tua=3)


@pytest.mark.parametrize("model", MODELS)
def test_a_number_that_an_old_file_has_not_is_its_default(tmp_path, model):
    defaults = {kind: na.Network(20).parameters(kind) for kind in KINDS}
    whole = na.Network.load(OLD / f"{model}.safetensors")
    for kind in KINDS:
        for name, parameter in defaults[kind].items():
            if name == "bias":  # a tensor, which every file has
                continue

            def forget(description, kind=kind, name=name):
                for node in description[kind]:
                    node.pop(name, None)  # golden files are from before some of them

            net = na.Network.load(edit(OLD / f"{model}.safetensors", tmp_path / "less.safetensors", forget))
            for node in getattr(net, kind):
                assert np.all(net.get(node, name) == parameter.default)
                for other in set(defaults[kind]) - {name}:
                    np.testing.assert_array_equal(net.get(node, other), whole.get(node, other))


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_of_a_later_release_is_refused_by_name(tmp_path, kind):
    def add(description):
        description[kind][0]["threshold"] = 0.5

    with pytest.raises(na.FormatError, match="has no parameter 'threshold'; it has"):
        na.Network.load(edit(OLD / "decision.safetensors", tmp_path / "more.safetensors", add))


def small_trainer(coherence=None, rate=1e-3, seed=3, sd=None):
    task = na.tasks.PerceptualDecisionMaking(**({} if coherence is None else {"coherence": coherence}))
    net = na.Network(20).input("u", 3).population("E", 4).output("choice", 3)
    net.connect("u", "E").connect("E", "E").connect("E", "choice").build(1)
    rule = na.NodePerturbation(seed=seed) if sd is None else na.NodePerturbation(sd, seed=seed)
    return na.Trainer(net, task, na.CrossEntropy("choice"), rule, na.Adam(rate), batch=2)


def entries(description):
    """Numbers of a trainer, each in the entry that holds it."""
    trainer = description["trainer"]
    for entry in ("task", "rule_numbers", "optimizer"):
        for name, value in trainer[entry].items():
            if name not in ("name", "seed", "schedule"):
                yield trainer[entry], name, value


def test_a_number_that_an_old_checkpoint_has_not_is_its_default(tmp_path):
    path = tmp_path / "whole.safetensors"
    small_trainer().save(path)

    def forget(description):
        numbers = list(entries(description))
        assert len(numbers) > 10
        for entry, name, _ in numbers:
            del entry[name]

    less = edit(path, tmp_path / "less.safetensors", forget)
    trainer = small_trainer().restore(less)
    assert np.all(trainer.net.weights("E", "E") == small_trainer().restore(path).net.weights("E", "E"))
    for other, message in (
        (small_trainer(coherence=5), "trainer: task: coherence is not there in the file"),
        (small_trainer(rate=2e-3), "trainer: optimizer: rate is not there in the file, 0.002 here"),
        (small_trainer(sd=0.5), "trainer: rule_numbers: sd is not there in the file, 0.5 here"),
    ):
        with pytest.raises(na.InvalidError, match=message):
            other.restore(less)
