"""Files of earlier releases: model files give the same activity, checkpoints go on as they did then."""

import json
import sys

import numpy as np
import pytest
from conftest import ROOT
from safetensors import safe_open
from safetensors.numpy import load_file

import neuroai as na

sys.path.insert(0, str(ROOT / "tests" / "golden"))
from recipes import NETWORKS, TRAINERS, drive  # noqa: E402

RELEASES = sorted(folder for folder in (ROOT / "tests" / "golden").iterdir() if (folder / "expected.npz").exists())
releases = pytest.mark.parametrize("folder", RELEASES, ids=[folder.name for folder in RELEASES])


def close(a, b, tolerance):
    assert a.shape == b.shape
    assert np.abs(a - b).max() <= tolerance * max(1e-6, np.abs(b).max())


@releases
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_acts_as_it_did(folder, name):
    expected = np.load(folder / "expected.npz")
    for net in (na.Network.load(folder / f"{name}.safetensors"), NETWORKS[name]()):
        run = net.run(drive(net), seed=7)
        for what, arrays in (("rates", run.rates), ("outputs", run.outputs)):
            for part, array in arrays.items():
                close(array, expected[f"{name}/{what}/{part.replace('/', '-')}"], 1e-5)


@releases
@pytest.mark.parametrize("name", NETWORKS)
def test_what_an_old_file_has_not_says_nothing(folder, name):
    net = na.Network.load(folder / f"{name}.safetensors")
    assert all(net.sign(source) == 0 for source in net.inputs)
    for output in net.outputs:
        assert (net.get(output, "tau") == 0).all() and (net.get(output, "gain") == 1).all()


def description(path):
    with safe_open(path, "numpy") as file:
        model = json.loads(file.metadata()["neuroai"])
    assert model.pop("library")
    return model


@releases
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_uses_nothing_new_is_written_as_it_was(folder, name, tmp_path):
    na.Network.load(folder / f"{name}.safetensors").save(tmp_path / "now.safetensors")
    assert description(tmp_path / "now.safetensors") == description(folder / f"{name}.safetensors")


@releases
@pytest.mark.parametrize("name", TRAINERS)
def test_a_checkpoint_goes_on_as_it_did(folder, name):
    """Within what other kernels round otherwise."""
    expected = np.load(folder / "expected.npz")
    trainer = TRAINERS[name]().restore(folder / f"{name}.safetensors")
    before = trainer.updates
    loss = expected[f"{name}/loss"]
    trainer.fit(len(loss) - before, progress=False)
    assert before > 0 and len(loss) > before
    close(trainer.history.loss, loss, 1e-3)
    for source, target in trainer.net.projections:
        close(trainer.net.weights(source, target), expected[f"{name}/weights/{source}-{target}"], 1e-3)


def as_today(name, array):
    """What release 0.1.0 kept of a rule: numbers of types of trials were two halves, as floats."""
    if name != "rule: trial types" or array.dtype == np.float64:
        return array
    known, high, low, mean = array.astype(float).reshape(-1, 4).T
    return np.stack([known, high * 65536 + low, mean], axis=1).ravel()


@releases
@pytest.mark.parametrize("name", TRAINERS)
def test_what_a_rule_keeps_is_what_it_kept(folder, name, tmp_path):
    then = load_file(folder / f"{name}.safetensors")
    TRAINERS[name]().restore(folder / f"{name}.safetensors").save(tmp_path / "now.safetensors")
    now = load_file(tmp_path / "now.safetensors")
    for tensor, array in then.items():
        if tensor.startswith("rule: ") and tensor != "rule: feedback":  # which is saved a projection at a time
            expected = as_today(tensor, array)
            assert now[tensor].dtype == expected.dtype and (now[tensor] == expected).all()
    if name == "reward_hebbian":
        assert (then["rule: trial types"].reshape(-1, 4)[:3, 1:3] > 0).all()  # there is something to tell apart
