"""Files of earlier releases: model files give the same activity, checkpoints go on as they did then."""

import sys

import numpy as np
import pytest
from conftest import ROOT

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
