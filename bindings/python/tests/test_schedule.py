"""Learning-rate schedules."""

import numpy as np
import pytest
from conftest import small

import neuroai as na


def test_factors_lie_on_lines():
    adam = na.Adam(1e-3)
    assert adam.factor(17) == 1
    assert adam.schedule({100: 1, 0: 0, 300: 0.5}) is adam
    assert [adam.factor(update) for update in (0, 50, 100, 200, 300, 10**9)] == [0, 0.5, 1, 0.75, 0.5, 0.5]
    adam.schedule({})
    assert adam.factor(0) == 1


def test_cosine():
    factors = na.cosine(1000, warm_up=100, least=0.1)
    adam = na.Adam(1e-3).schedule(factors)
    assert adam.factor(0) == 0 and adam.factor(100) == 1 and adam.factor(1000) == pytest.approx(0.1)
    assert adam.factor(550) == pytest.approx(0.55, abs=1e-3)


@pytest.mark.parametrize("factors", [{-1: 1}, {0: -1}, {0: np.nan}, {0: np.inf}])
def test_bad_schedules_are_refused(factors):
    adam = na.Adam(1e-3).schedule({0: 0.5})
    with pytest.raises(ValueError, match=r"update\[0\]|factor\[0\]"):
        adam.schedule(factors)
    assert adam.factor(0) == 0.5


def test_an_update_moves_at_the_rate_of_its_number():
    net = small()
    trials = na.Trials(np.ones((5, 2, 3)), np.ones((5, 2), int))
    trainer = na.Trainer(net, cost=na.CrossEntropy("choice"), optimizer=na.SGD(0.1).schedule({0: 0, 1: 1, 2: 0.5}))
    moved = []
    for _ in range(3):
        before = net.bias("choice").copy()
        gradient = trainer.gradient(trials)["choice"].copy()
        trainer.step(trials)
        moved.append(np.abs((net.bias("choice") - before) / (0.1 * gradient)).max())
    assert np.allclose(moved, [0, 1, 0.5], rtol=1e-3)
