"""Functions that are given another kind of object say which argument it is, and what it should be."""

import inspect
import pickle

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import small

import neuroai as na

#: Arguments of another kind than that of a function's first one.
WRONG = [None, 3, "net.safetensors", [], np.zeros((3, 3)), na.Network(dt=20), na.tasks.PerceptualDecisionMaking]


def public():
    """All functions whose arguments are objects of the library."""
    for module in (na, na.plot, na.experiment, na.spikes):
        for name in getattr(module, "__all__", dir(module)):
            function = getattr(module, name)
            if inspect.isfunction(function) and hasattr(function, "__wrapped__"):
                yield pytest.param(function, id=f"{module.__name__}.{name}")


@pytest.mark.parametrize("function", list(public()))
def test_what_is_of_another_kind_is_refused_by_name(function):
    parameters = list(inspect.signature(function).parameters.values())
    first, more = parameters[0], sum(one.default is one.empty for one in parameters) - 1
    refused, before = 0, plt.get_fignums()
    for wrong in WRONG:
        try:
            function(wrong, *[None] * more)
        except na.InvalidTypeError as error:
            refused += str(error).startswith(f"{first.name}: expected a")
        except na.Error:
            pass  # a network, which is not built
        assert plt.get_fignums() == before
    assert refused >= 5


def test_all_that_take_a_network_or_a_run_are_looked_at():
    left = set()
    for module in (na, na.plot, na.experiment, na.spikes):
        for name in getattr(module, "__all__", dir(module)):
            function = getattr(module, name)
            if inspect.isfunction(function) and function.__module__.startswith("neuroai"):
                kinds = {str(one.annotation) for one in inspect.signature(function).parameters.values()}
                if kinds & {"Network", "Run", "History", "Evaluation", "Trainer", "Spikes"} and not hasattr(function, "__wrapped__"):
                    left.add(name)
    assert left <= {"estimate", "estimate_training", "check_dales_law"}  # which look themselves


def test_what_is_said():
    net = small()
    run = net.run(np.zeros((5, 3)), progress=False)
    for call, words in (
        (lambda: na.plot.activity(net), "run: expected a neuroai.Run, got Network"),
        (lambda: na.plot.confusion(net), "confusion: expected a neuroai.Confusion or a neuroai.Evaluation, got Network"),
        (lambda: na.plot.traces(run, without=net), "without: expected a neuroai.Run, got Network"),
        (lambda: na.plot.chronometric(3), "times: expected a neuroai.ReactionTimes or a mapping, got 3"),
        (lambda: na.plot.weights(na.Network), "net: expected a neuroai.Network, got the class Network itself"),
        (lambda: na.spikes.cv(run), "spikes: expected a neuroai.Spikes, got <Run"),
        (lambda: na.decode(run, 3), "run: it must be one of trials that have conditions"),
    ):
        with pytest.raises(na.Error, match=words):
            call()
    run = net.run(na.Trials(np.zeros((5, 4, 3)), conditions={"side": [1, 1, 2, 2]}), progress=False)
    for wrong in (3, None, net, [1]):
        with pytest.raises(na.InvalidTypeError, match="condition: expected the name of a condition"):
            na.selectivity(run, wrong)


def test_they_are_functions_as_before():
    assert pickle.loads(pickle.dumps(na.pca)) is na.pca and na.pca.__doc__.startswith("Principal")
    with pytest.raises(TypeError, match="pca\\(\\) missing 1 required positional argument: 'run'"):
        na.pca()
    with pytest.raises(TypeError, match="unexpected keyword argument 'of'"):
        na.pca(small().run(np.zeros((5, 3)), progress=False), of=3)
