"""The messages that docs/faq.md quotes are those of the library."""

import re
from pathlib import Path

import numpy as np
import pytest

import neuroai as na

PAGE = Path(__file__).resolve().parents[3] / "docs" / "faq.md"
TASK = na.tasks.PerceptualDecisionMaking()
CLASSES = na.CrossEntropy("choice")


def compose(channels=3, **parameters):
    net = na.Network(dt=20).input("stimulus", channels).output("choice", 3)
    net.population("E", 8, sign=+1, **parameters)
    return net.connect("stimulus E", "E").connect("E", "choice")


def built(*args):
    return compose(*args).build(seed=1)


def looped():
    net = na.Network(dt=20).input("s", 3).population("E", 8).population("F", 4)
    net.connect("s", "E").connect("E", "F", delay=0).connect("F", "E", delay=0).build(1)


def diverging():
    net = na.Network(dt=20).input("s", 1).output("z", 1).population("r", 8, transfer="relu")
    net.connect("s r", "r").connect("r", "z").build(1)
    trials = na.Trials(np.ones((50, 4, 1)), np.ones((50, 4, 1)))
    na.Trainer(net, trials, na.MSE("z"), optimizer=na.SGD(1e6)).fit(50, progress=False)


#: How each message comes about, in the order of the page.
CAUSES = [
    lambda: compose().connect("E", "choise"),
    lambda: compose().run(np.zeros((10, 1, 3))),
    lambda: built().population("I", 3),
    lambda: compose().connect("E", "E"),
    lambda: compose(tau=10),
    lambda: na.evaluate(built(), TASK.replace(stimulus=5)),
    looped,
    lambda: na.Trainer(built(2), TASK, CLASSES),
    lambda: na.Trainer(built(), TASK, na.MSE("choice")).fit(1, progress=False),
    lambda: na.Trainer(built(), TASK),
    lambda: built().run(np.zeros((4, 10, 2))),
    lambda: na.Trials(np.zeros((10, 4, 3)), np.zeros((10, 4))),
    lambda: built().set_weights("E", "E", -np.ones((8, 8))),
    lambda: na.Trainer(built(), TASK, CLASSES, na.EquilibriumPropagation()).fit(1, progress=False),
    diverging,
]


def quoted():
    """Messages in bold at the beginning of a paragraph or within one."""
    text = PAGE.read_text(encoding="utf-8").split("## It does not learn")[0]
    return [" ".join(found.rstrip(".").split()) for found in re.findall(r"\*\*`([^`]+)`", text)]


@pytest.mark.skipif(not PAGE.exists(), reason="the package without its documents")
def test_every_message_of_the_page_has_a_cause():
    assert len(quoted()) == len(CAUSES)


@pytest.mark.skipif(not PAGE.exists(), reason="the package without its documents")
@pytest.mark.parametrize("number", range(len(CAUSES)))
def test_messages_of_the_page_are_those_of_the_library(number):
    with pytest.raises((na.Error, TypeError)) as caught:
        CAUSES[number]()
    assert quoted()[number] in str(caught.value)


def test_a_parameter_that_a_task_has_not_is_named_with_the_task():
    with pytest.raises(na.InvalidError, match="^perceptual-decision-making has no parameter 'stimulos', but fixation"):
        na.tasks.PerceptualDecisionMaking(stimulos=500)
