"""Ranks that train one network together: here threads, and an exchange between them of Python's own."""

import random
import threading
from types import SimpleNamespace

import numpy as np
import pytest

import neuroai as na
from neuroai import _recording


class Team:
    """Where ranks of one process meet."""

    def __init__(self, ranks, fails=None):
        self.ranks, self.fails = ranks, fails
        self.barrier = threading.Barrier(ranks, timeout=60)
        self.given = [None] * ranks


class Threads(na.Exchange):
    def __init__(self, team, rank):
        super().__init__(rank, team.ranks)
        self.team, self.calls = team, 0

    def swap(self, partner, give, take):
        assert not give.flags.writeable and 0 <= partner < self.ranks
        self.meet(give)
        take[:] = self.team.given[partner]
        self.team.barrier.wait()

    def gather(self, everything, first, size):
        assert len(first) == len(size) == self.ranks
        self.meet(everything)
        for rank, (start, n) in enumerate(zip(first, size)):
            if rank != self.rank:
                everything[start : start + n] = self.team.given[rank][start : start + n]
        self.team.barrier.wait()

    def meet(self, given):
        self.calls += 1
        if self.rank == 1 and self.calls == self.team.fails:
            self.team.barrier.abort()
            raise ConnectionError("the line is dead")
        self.team.given[self.rank] = given
        self.team.barrier.wait()


def trainer(**settings):
    net = na.Network(20).input("u", 3).population("E", 12, +1, noise=0.1).population("I", 4, -1).output("choice", 3)
    net.connect("u", "E I").connect("E I", "E I").connect("E", "choice").build(1)
    cost = na.CrossEntropy("choice") + 1e-3 * na.L2Rates("*")
    settings = {"batch": 10, "clip": 0.1, "evaluate_every": 2, "evaluate_trials": 30, **settings}
    return na.Trainer(net, na.tasks.PerceptualDecisionMaking(), cost, **settings)


def together(ranks, work, fails=None):
    """What ``work(exchange)`` returns or raises on each rank."""
    team, found = Team(ranks, fails), [None] * ranks

    def live(rank):
        try:
            found[rank] = work(Threads(team, rank))
        except Exception as error:
            found[rank] = error

    threads = [threading.Thread(target=live, args=(rank,)) for rank in range(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def weights(made):
    return b"".join(made.net.weights(*ends).tobytes() for ends in made.net.projections)


def learn(exchange, path=None):
    made = trainer(shards=4, exchange=exchange, threads=2)
    if path:
        made.restore(path)
    made.fit(4 - made.updates, progress=False)
    return weights(made), made.history.loss.tobytes(), made.history.performance.tobytes()


def test_any_number_of_ranks_makes_the_same_weights():
    alone = learn(None)
    assert alone[0] != weights(trainer())
    for ranks in (1, 2, 4):
        for found in together(ranks, learn):
            assert found == alone


def test_checkpoints_go_on_with_any_number_of_ranks(tmp_path):
    path = tmp_path / "training.safetensors"

    def begin(exchange):
        made = trainer(shards=4, exchange=exchange)
        made.fit(2, progress=False, checkpoint=path if exchange.rank == 1 else None)

    assert together(2, begin) == [None, None]
    for found in together(4, lambda exchange: learn(exchange, path)):
        assert found == learn(None)


def test_an_exception_of_the_exchange_comes_out():
    found = together(2, learn, fails=9)
    assert isinstance(found[1], ConnectionError) and str(found[1]) == "the line is dead"
    assert isinstance(found[0], threading.BrokenBarrierError)


def test_an_exception_on_one_rank_is_an_error_on_all():
    def work(exchange):
        def callback(now):
            if exchange.rank == 1 and now.step == 2:
                raise ZeroDivisionError("enough")

        made = trainer(shards=2, exchange=exchange)
        try:
            made.fit(4, progress=False, callback=callback)
        finally:
            assert made.updates == 2

    found = together(2, work)
    assert isinstance(found[1], ZeroDivisionError)
    assert isinstance(found[0], na.Error) and "rank 1: " in str(found[0]) and "enough" in str(found[0])


def test_one_rank_ends_the_run_of_all():
    def work(exchange):
        made = trainer(shards=2, exchange=exchange)
        made.fit(9, progress=False, callback=lambda now: exchange.rank == 0 and now.step == 3)
        return made.updates

    assert together(2, work) == [3, 3]


# --- simulations -----------------------------------------------------------------------------------------------------


def circuit():
    return na.circuits.brunel2000("AI", n=1000, connections=100, weight=1.0)


def simulate(exchange=None):
    net = circuit() if exchange is None else circuit().share(exchange)
    run = net.build(3).run(steps=400, progress=False)
    traced = net.run(steps=50, record="E:v", progress=False).traces["E:v"]
    assert len(run.spikes["E"]) > 50
    return [found.times.tobytes() for found in run.spikes.values()], traced.tobytes()


def test_ranks_simulate_one_network():
    alone = simulate()
    for ranks in (1, 2, 3):
        assert together(ranks, simulate) == [alone] * ranks


def test_ranks_make_the_same_calls_however_long_these_take(monkeypatch):
    alone = simulate()
    monkeypatch.setattr(_recording, "time", SimpleNamespace(monotonic=lambda: random.uniform(0, 10)))
    assert together(2, simulate) == [alone] * 2


def test_what_ranks_cannot_share_is_refused():
    def work(exchange):
        with pytest.raises(na.UnsupportedError, match="'E' of model 'rate'"):
            na.Network(1).population("E", 4).share(exchange).build(1)
        net = circuit().share(exchange).build(3)
        with pytest.raises(na.UnsupportedError, match="a copy needs all synapses of the network, which 2 ranks share"):
            net.copy()
        with pytest.raises(na.UnsupportedError, match="a state of several trials"):
            net.state(2)
        with pytest.raises(na.InvalidTypeError, match="exchange: expected a neuroai.Exchange"):
            na.Network(1).share(None)
        return "refused"

    assert together(2, work) == ["refused", "refused"]


def test_what_is_refused():
    team = Team(2)
    with pytest.raises(na.InvalidError, match="shards is 1, which the 2 ranks"):
        trainer(exchange=Threads(team, 0))
    with pytest.raises(na.InvalidError, match="shards is 3, must be a power of two"):
        trainer(shards=3)
    with pytest.raises(na.InvalidTypeError, match="exchange: expected a neuroai.Exchange"):
        trainer(shards=2, exchange=3)
    with pytest.raises(na.InvalidError, match="rank is 2, must be 0 to 1"):
        Threads(team, 2)
    with pytest.raises(na.InvalidTypeError, match="ranks"):
        na.Exchange(0, 2.5)
    with pytest.raises(na.UnsupportedError, match="node_perturbation"):
        trainer(shards=2, rule=na.NodePerturbation())
    made = trainer(shards=2)
    assert made.shards == 2 and made.exchange is None
    with pytest.raises(na.UnsupportedError, match="trials that are given at an update are not cut"):
        made.step(na.Trials({"u": np.zeros((4, 2, 3))}, {"choice": np.zeros((4, 2), int)}))
    assert repr(Threads(team, 1)) == "Threads(rank 1 of 2)"
    with pytest.raises(NotImplementedError):
        na.Exchange(0, 1).swap(0, None, None)
    with pytest.raises(NotImplementedError):
        na.Exchange(0, 1).gather(None, (), ())


def test_mpi_of_one_process():
    pytest.importorskip("mpi4py")
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # no MPI on this machine
        pytest.skip(str(error))
    assert learn(na.MPI(MPI.COMM_SELF)) == learn(None)
    with pytest.raises(na.InvalidTypeError, match="comm: expected a communicator"):
        na.MPI(3)
    with pytest.raises(na.InvalidError, match="timeout is 0, must be above 0"):
        na.MPI(MPI.COMM_SELF, timeout=0)
