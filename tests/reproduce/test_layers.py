"""Feed-forward networks of the rows on feedback alignment; and that the rows on images run, on a few made-up ones."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import akrout2019  # noqa: E402
import harness  # noqa: E402
import idx  # noqa: E402
import layers  # noqa: E402
import lillicrap2016  # noqa: E402
import nokland2016  # noqa: E402
import page  # noqa: E402

import neuroai as na  # noqa: E402


def test_angles():
    assert layers.angle([[1, 0], [0, 0]], [[1, 1], [0, 0]]) == pytest.approx(45)
    assert layers.angles(np.eye(2), np.array([[0, 3], [0, -2]])) == pytest.approx([90, 180])


def test_the_delta_of_an_output_is_its_error_and_that_of_a_hidden_unit_what_feedback_makes_of_it():
    rng = np.random.default_rng(1)
    weights, feedback = [rng.normal(size=(6, 4)), rng.normal(size=(3, 6))], rng.normal(size=(6, 3))
    net = layers.compose(weights, "logistic")
    trainer = na.Trainer(net, None, na.BinaryCrossEntropy("y"), na.FeedbackAlignment())
    trainer.rule.set_feedback("h1", "y", feedback)
    x, target = rng.normal(size=(5, 4)).astype(np.float32), layers.one_hot(np.arange(5) % 3, 3)
    gradient = trainer.gradient(layers.trials(x, target))
    e = layers.output_error(trainer, target)
    h = 1 / (1 + np.exp(-x @ weights[0].T))
    assert e == pytest.approx(1 / (1 + np.exp(-h @ weights[1].T)) - target, abs=1e-5)
    n = target.size  # the cost is a mean over trials and outputs
    assert gradient["h1", "y"] == pytest.approx(e.T @ h / n, abs=1e-5)
    assert gradient["x", "h1"] == pytest.approx((h * (1 - h) * (e @ feedback.T)).T @ x / n, abs=1e-5)


def test_an_epoch_sees_each_image_once():
    net = layers.compose([np.zeros((2, 7)), np.zeros((7, 2))], "tanh")
    trainer = na.Trainer(net, None, na.BinaryCrossEntropy("y"), batch=3)
    seen = []
    layers.epoch(trainer, np.eye(7, dtype=np.float32), np.eye(7, dtype=np.float32), 3,
                 np.random.default_rng(2), lambda update, chosen: seen.append((update, *chosen)))  # fmt: skip
    assert [update for update, *_ in seen] == [0, 1] and trainer.updates == 2
    assert len({image for _, *images in seen for image in images}) == 6


@pytest.fixture
def images(monkeypatch):
    """Ten classes of noisy prototypes."""
    rng = np.random.default_rng(3)
    prototypes = rng.random((10, 784)) < 0.2

    def drawn(n):
        labels = rng.integers(10, size=n).astype(np.int32)
        return np.clip(prototypes[labels] + rng.normal(0, 0.3, (n, 784)), 0, 1).astype(np.float32), labels

    found = idx.Images("other images", *drawn(640), *drawn(200))
    monkeypatch.setattr(idx, "load", lambda: found)
    for module, name, value in (
        (lillicrap2016, "HIDDEN", 100),
        (akrout2019, "MIRRORED", 5),
        (akrout2019, "EPOCHS", 2),
        (nokland2016, "SIZES", (784, 40, 40, 10)),
        (nokland2016, "SMALL", (784, 40, 40, 10)),
        (nokland2016, "RATE", 3e-3),
        (nokland2016, "QUICK_EPOCHS", 4),
    ):
        monkeypatch.setattr(module, name, value)
    return found


WITHOUT_IMAGES = {"lillicrap2016." + row for row in ("linear", "linear-control", "nonlinear", "depth")}


@pytest.mark.parametrize("module", [lillicrap2016, akrout2019, nokland2016])
def test_rows_run(images, module, tmp_path):
    values = {measure: [measure(1, True)] for measure in {row.measure for row in module.ROWS}}
    for row in module.ROWS:
        result = row.judge(values[row.measure], True)
        result.values = values[row.measure]
        assert result.level in (*harness.LEVELS, harness.TOO_SHORT)
        assert (row.name in WITHOUT_IMAGES or "other images" in result.note) and "nan" not in result.ours
        page.save_figure(row, result, tmp_path)
        assert "no figure" not in result.note
    assert list(tmp_path.iterdir())


def test_half_of_the_synapses_stay_absent(images):
    trainer, feedback = lillicrap2016.digits_trainer("FA, half", 1)
    absent = trainer.net.weights("h1", "y") == 0
    targets = layers.one_hot(images.train_labels)
    layers.epoch(trainer, images.train, targets, lillicrap2016.BATCH)
    assert 0.4 < absent.mean() < 0.6 and np.array_equal(trainer.net.weights("h1", "y") == 0, absent)
    assert trainer.rule.feedback("h1", "y") == pytest.approx(feedback, abs=1e-6)
    assert 0.15 < np.mean((feedback != 0) & ~absent.T) < 0.35


def test_from_zero_weights(images):
    """Direct feedback alignment learns; backpropagation has nothing to send."""
    value = nokland2016.measure_zero(1, True)
    assert value["moved"] == [0, 0, 0] and value["DFA from 0"][-1] < 20 < 60 < value["BP from 0"][-1]
