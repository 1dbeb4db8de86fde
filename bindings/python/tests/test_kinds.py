"""Functions that are given another kind of object say which argument it is, and what it should be."""

import inspect
import pickle
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import small

import neuroai as na
from neuroai._kinds import kinds_of

#: Arguments of another kind than that of a function's first one.
WRONG = [None, 3, "net.safetensors", [], np.zeros((3, 3)), na.Network(dt=20), na.tasks.PerceptualDecisionMaking]


def public():
    """All functions whose arguments are objects of the library."""
    for module in (na, na.plot, na.experiment, na.spikes):
        for name in getattr(module, "__all__", dir(module)):
            function = getattr(module, name)
            if not inspect.isfunction(function) or not inspect.signature(function).parameters:
                continue
            kinds = kinds_of(function).get(next(iter(inspect.signature(function).parameters)), [])
            if kinds and all(isinstance(kind, type) for kind in kinds):
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


def functions():
    """All public functions with arguments; those of na.random are called for each number, and C looks at what they are given."""
    for module in (na, na.plot, na.experiment, na.spikes, na.circuits, na.anatomy, na.tasks):
        for name in getattr(module, "__all__", dir(module)):
            function = getattr(module, name)
            if inspect.isfunction(function) and inspect.signature(function).parameters:
                yield pytest.param(function, id=f"{module.__name__}.{name}")


@pytest.mark.parametrize("function", list(functions()))
def test_every_argument_that_is_an_object_or_a_number_is_looked_at(function):
    looked_at = kinds_of(function)
    for name, parameter in inspect.signature(function).parameters.items():
        if name in looked_at:
            with pytest.raises(na.InvalidTypeError, match=f"^{name}: expected "):
                function(**{name: object()})
        else:
            assert not re.fullmatch(r"(Optional\[)?(\w*Network|Run|History|int|float|bool|npt.ArrayLike)\]?", str(parameter.annotation)), name


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: na.siegert("a", 1), "mean: expected numbers, got 'a'"),
        (lambda: na.siegert(1, [[1], [2, 3]]), "sd: expected an array, got a list whose parts are of different lengths"),
        (lambda: na.siegert_slopes(1, None), "sd: expected numbers, got None"),
        (lambda: na.nmda_gate([1, "x"]), "rate: expected numbers, got an array of <U"),
        (lambda: na.nmda_gate(1, tau="x"), "tau: expected a number, got 'x'"),
        (lambda: na.cosine("a"), "steps: expected a whole number, got 'a'"),
        (lambda: na.cosine(0), "steps is 0, must be above warm_up, 0"),
        (lambda: na.cosine(5, 5), "steps is 5, must be above warm_up, 5"),
        (lambda: na.cosine(5, -1), "warm_up is -1, must be at least 0"),
        (lambda: na.d_prime(small(), [1]), "one: expected numbers, got Network"),
        (lambda: na.roc_area([1], "b"), "other: expected numbers, got 'b'"),
        (lambda: na.principal_angles(3j, 3), "one: expected a neuroai.PCA or numbers"),
        (lambda: na.plot.principal_angles("abc"), "found: expected numbers or a mapping, got 'abc'"),
        (lambda: na.graph_measures(na.Adam()), "graph: expected a neuroai.Network or numbers"),
        (lambda: na.circuits.brunel2000(g="a"), "g: expected a number, got 'a'"),
    ],
)
def test_numbers(call, words):
    with pytest.raises(na.InvalidError, match=f"^{re.escape(words)}"):
        call()


def test_names_of_classes_are_known():
    net, cost, task = small(), na.MSE("choice"), na.tasks.PerceptualDecisionMaking()
    for call, words in (
        (lambda: na.Trainer(net, task, cost, rule="full_force"), r"got 'full_force': did you mean na\.FullFORCE\(\)\?"),
        (lambda: na.Trainer(net, task, cost, rule="full-force"), r"did you mean na\.FullFORCE\(\)\?"),
        (lambda: na.Trainer(net, task, cost, optimizer="adam"), r"did you mean na\.Adam\(\)\?"),
        (lambda: na.Trainer(net, task, "mse"), r"did you mean na\.MSE\(\)\?"),
        (lambda: na.evaluate(net, "perceptual_decision_making"), r"did you mean na\.tasks\.PerceptualDecisionMaking\(\)\?"),
        (lambda: na.Trainer(net, task, cost, rule="adam"), r"got 'adam'$"),
        (lambda: na.evaluate(net, len), r"task: expected a neuroai.Task or a neuroai.Trials, got .*; of a function make one: na.Task\(function"),
        (lambda: na.plot.psychometric(net, len), r"task: expected .*; of a function make one: na.Task\(function"),
        (lambda: na.FullForce(), r"neuroai has no FullForce; did you mean FullFORCE\?"),
        (lambda: na.full_force(), r"neuroai has no full_force; did you mean FullFORCE\?"),
        (lambda: na.plot.weigths(net), r"neuroai.plot has no weigths; did you mean weights\?"),
        (lambda: na.circuits.potjans_diesmann(), r"neuroai.circuits has no potjans_diesmann; did you mean potjans_diesmann2014\?"),
        (lambda: na.tasks.perceptual_decision_making(), r"did you mean PerceptualDecisionMaking\?"),
    ):
        with pytest.raises((na.InvalidTypeError, AttributeError), match=words):
            call()


def test_words_may_be_spelt_a_little_differently():
    net = na.Network(20).population("E", 3, transfer="ReLU").population("L", 3, model="LIF")
    assert net.transfer("E") == "relu" and net.model("L") == "lif"
    assert na.Network(20).population("E", 3, model="lif-conductance").model("E") == "lif_conductance"
    for name in ("perceptual_decision_making", "PerceptualDecisionMaking", "perceptual-decision-making"):
        assert na.tasks.named(name) is na.tasks.PerceptualDecisionMaking
    assert na.anatomy.table("Potjans-Diesmann 2014").types == na.anatomy.table("potjans_diesmann2014").types
    assert na.circuits.brunel2000("ai", n=100, connections=10).populations == na.circuits.brunel2000("AI", n=100, connections=10).populations
    with pytest.raises(na.InvalidError, match="transfer: expected one of relu, .*, got 'RELUS'"):
        na.Network(20).population("E", 3, transfer="RELUS")


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
