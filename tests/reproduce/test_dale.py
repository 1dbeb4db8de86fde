"""The bench of Dale's law: its networks obey it, its verdicts are what the tolerance says."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import dale  # noqa: E402
from harness import CLOSE, MET, NOT, TOO_SHORT  # noqa: E402


@pytest.mark.parametrize("percent", dale.PERCENT)
@pytest.mark.parametrize("kind", ["colei", "dann", "balanced", "strong"])
def test_columns_have_signs_and_rows_are_balanced(kind, percent):
    net = dale.compose(kind, 1, percent)
    assert net.size("I") == percent and net.size("E") == 100 - percent
    assert (net.weights("E", "E") >= 0).all() and (net.weights("I", "E") <= 0).all()
    if kind == "dann":  # inhibition takes the mean off
        inhibition = net.weights("I", "E") @ net.weights("E", "I")
        np.testing.assert_allclose(net.weights("E", "E").mean(), -inhibition.mean(), rtol=1e-4)
    else:
        rows = net.weights("E", "E").sum(1) + net.weights("I", "E").sum(1)
        np.testing.assert_allclose(rows, 0, atol=1e-4)


@pytest.mark.parametrize(
    "free, strong, best, level",
    [(0.93, 0.92, 0.91, MET), (0.93, 0.90, 0.89, CLOSE), (0.93, 0.89, 0.80, NOT), (0.93, 0.92, 0.92, NOT)],
)
def test_verdicts(free, strong, best, level):
    correct = {"free": free, "colei 10": 0.1, "dann 10": best, "balanced 10": 0.2, "strong 10": strong + 1e-9}
    if level == NOT and strong == best:
        correct["strong 10"] = strong
    assert dale.judge([{"Adam": correct}], False, "Adam", 10).level == level
    assert dale.judge([{"Adam": correct}], True, "Adam", 10).level == TOO_SHORT


@pytest.mark.parametrize("start", ["free", *dale.CONTEXT_STARTS])
def test_networks_of_context_decisions(start):
    net = dale.decider(start, 1)
    if start == "free":
        assert (net.weights("units", "units") < 0).any()
    else:
        assert (net.weights("E", "E") >= 0).all() and (net.weights("I", "E") <= 0).all()


@pytest.mark.parametrize(
    "least, default, level", [(0.85, 0.9, MET), (0.7, 0.9, CLOSE), (0.85, 0.86, CLOSE), (0.5, 0.5, NOT)]
)
def test_verdicts_on_context_decisions(least, default, level):
    values = [{"free": 0.92, "balanced": 0.9, "default": one} for one in (least, default, default)]
    assert dale.judge_context(values, False).level == level
    assert dale.judge_context(values, True).level == TOO_SHORT
