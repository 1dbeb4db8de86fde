"""What training on some ranks would take."""

import tracemalloc

import numpy as np
import pytest

import neuroai as na


def trainer(**more):
    net = na.Network(20).input("stimulus", 3).population("E", 40, +1).population("I", 10, -1).output("choice", 3)
    net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice").build(1)
    task = na.tasks.PerceptualDecisionMaking(stimulus=100)
    return na.Trainer(net, task, na.CrossEntropy("choice"), batch=32, **{"shards": 8, **more})


class Silent(na.Exchange):
    """One of some ranks, which is asked for nothing but what it would take."""

    def gather(self, everything, first, size):
        raise RuntimeError("nobody is there")


def test_memory_is_that_of_a_rank():
    asked = trainer()
    for ranks in (1, 2, 4, 8):
        said = na.estimate_training(asked, ranks).memory
        true = trainer(exchange=Silent(0, ranks)).memory if ranks > 1 else trainer().memory
        assert true * 0.98 < said < true * 1.02


def test_lists_are_asked_for_no_matrix():
    n = 2000
    net = na.Network(20).input("u", 1).population("E", n).output("z", 1)
    net.connect("u", "E").connect("E", "E", indegree=5, storage="listed").connect("E", "z").build(1, progress=False)
    asked = na.Trainer(net, na.Trials(np.zeros((2, 2, 1)), np.zeros((2, 2, 1))), na.MSE("z"), batch=2, shards=2)
    tracemalloc.start()
    found = na.estimate_training(asked, 2)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < n * n  # of 4 n^2 bytes
    assert found.bytes == pytest.approx(4 * (n + 5 * n + n + n + 1), rel=0.01)


def test_it_stays_as_it_is():
    asked, other = trainer(), trainer()
    na.estimate_training(asked, 4)
    assert asked.updates == 0 and asked.batch == 32 and asked.shards == 8
    assert asked.step() == other.step()
    assert np.array_equal(asked.net.weights("E", "E"), other.net.weights("E", "E"))


def test_what_is_sent():
    asked = trainer()
    numbers = sum(g.size for g in asked.gradient().values())
    four = na.estimate_training(asked, 4, latency=3.0, bandwidth=2.0)
    assert four.ranks == 4 and four.shards == 8
    assert four.bytes == pytest.approx(4 * numbers * (3 / 4 + 1 / 4), rel=1e-3)
    assert four.seconds["latency"] == pytest.approx(3e-6 * 5 * 2)
    assert four.seconds["bytes"] == pytest.approx(8e-9 * numbers * 3 / 4 / 2)
    assert four.update == pytest.approx(sum(four.seconds.values()))
    assert "8 shards on 4 ranks" in repr(four) and "memory on each" in repr(four)
    alone = na.estimate_training(asked)
    assert alone.bytes == alone.seconds["latency"] == alone.seconds["bytes"] == 0
    assert alone.seconds["shards"] > four.seconds["shards"] > 0


@pytest.mark.parametrize(
    "error, words, values",
    [
        (na.InvalidError, "ranks is 3, must divide the trainer's shards, 8", {"ranks": 3}),
        (na.InvalidError, "ranks is 16, must divide", {"ranks": 16}),
        (na.InvalidError, "ranks is 0, must divide", {"ranks": 0}),
        (na.InvalidError, "latency is -1.0, must be at least 0", {"latency": -1.0}),
        (na.InvalidError, "bandwidth is 0, must be above 0", {"bandwidth": 0}),
    ],
)
def test_bad_arguments(error, words, values):
    with pytest.raises(error, match=words):
        na.estimate_training(trainer(), **values)


def test_trainers_that_cannot_tell():
    with pytest.raises(na.OrderError, match="has an exchange"):
        na.estimate_training(trainer(exchange=Silent(0, 2)), 2)
    net = trainer().net
    with pytest.raises(na.OrderError, match="has no task"):
        na.estimate_training(na.Trainer(net, cost=na.CrossEntropy("choice")))
    with pytest.raises(TypeError, match="trainer: expected a neuroai.Trainer"):
        na.estimate_training(net)
