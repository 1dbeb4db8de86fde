"""Listed projections: what they show, what is set, files, own constraints and costs; held against dense ones."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np
import pytest

import neuroai as na


def circuit(storage: str, seed: int = 1, density: float = 0.1) -> na.Network:
    net = na.Network(dt=20)
    net.input("u", 3).output("z", 2)
    net.population("E", 80, sign=+1, noise=0.1).population("I", 21, sign=-1, noise=0.1)
    net.place("E I", box=(1, 1, 1))
    net.connect("u", "E").connect("E I", "E I", density=density, storage=storage).connect("E", "z")
    return net.build(seed=seed)


@pytest.fixture
def both() -> Tuple[na.Network, na.Network]:
    return circuit("dense"), circuit("listed")


def trials_of(seed: int) -> na.Trials:
    rng = np.random.default_rng(seed)
    inputs, targets = rng.normal(size=(9, 5, 3)), rng.normal(size=(9, 5, 2))
    return na.Trials(inputs, targets)


def test_matrices_are_the_same(both: Tuple[na.Network, na.Network]) -> None:
    dense, listed = both
    assert listed.storage("E", "I") == "listed" and dense.storage("E", "I") == "dense"
    assert listed.storage("u", "E") == "dense"
    for ends in dense.projections:
        for look in ("weights", "mask", "plastic"):
            one, other = getattr(dense, look)(*ends), getattr(listed, look)(*ends)
            assert one.shape == other.shape and np.array_equal(one, other)
            assert not other.flags.writeable
    assert (dense.synapses().matrix() != listed.synapses().matrix()).nnz == 0
    assert listed.memory < dense.memory * 2


def test_branches_are_rows_of_the_matrix() -> None:
    nets = []
    for storage in ("dense", "listed"):
        net = na.Network(dt=10).population("E", 9, sign=+1)
        net.population("D", 7, model="dendritic", branches=3)
        net.connect("E", "D:dendrite+", density=0.4, storage=storage)
        nets.append(net.build(seed=2))
    dense, listed = (net.weights("E", "D:dendrite+") for net in nets)
    assert dense.shape == (21, 9) and nets[1].storage("E", "D:dendrite+") == "listed"
    assert np.array_equal(dense, listed) and np.count_nonzero(dense) > 30


def test_weights_and_masks_are_set(both: Tuple[na.Network, na.Network]) -> None:
    dense, listed = both
    doubled = 2 * dense.weights("E", "I")
    thin = np.arange(21 * 80).reshape(21, 80) % 3 > 0
    for net in both:
        net.set_weights("E", "I", doubled)
        net.set_mask("E", "I", thin)
        with pytest.raises(na.InvalidError, match="must be 0: no synapse from 'E' to 'I' exists there"):
            net.set_weights("E", "I", np.ones((21, 80)))
    assert np.array_equal(listed.weights("E", "I"), np.where(thin, doubled, 0))
    assert np.array_equal(listed.weights("E", "I"), dense.weights("E", "I"))
    assert np.array_equal(listed.mask("E", "I"), dense.mask("E", "I"))
    assert len(listed.synapses()) == len(dense.synapses())
    one, other = (net.run(np.zeros((20, 4, 3)), seed=3).rates["E"] for net in both)
    assert np.abs(one - other).max() < 1e-5


@pytest.mark.parametrize("rule", [na.BPTT(), na.RFLO(), na.FeedbackAlignment(seed=2)], ids=repr)
def test_training_and_files(both: Tuple[na.Network, na.Network], tmp_path: Path, rule: na.Rule) -> None:
    given = trials_of(0)
    trainers: List[na.Trainer] = []
    for net in both:
        cost = na.MSE("z") + 1e-3 * na.L1Weights("E I", "E I") + 1e-3 * na.Distance("E I", "E I")
        trainers.append(na.Trainer(net, cost=cost, rule=rule, optimizer=na.SGD(0.05)))
    if isinstance(rule, na.FeedbackAlignment):
        for ends in itertools.product("EI", "EI"):
            trainers[0].rule.set_feedback(*ends, trainers[1].rule.feedback(*ends))
            assert np.array_equal(trainers[0].rule.feedback(*ends), trainers[1].rule.feedback(*ends))
    gradients = [trainer.gradient(given) for trainer in trainers]
    for key in gradients[0]:
        scale = np.abs(gradients[0][key]).max() + 1e-12
        assert np.abs(gradients[0][key] - gradients[1][key]).max() <= 1e-5 * scale, key
    for trainer in trainers:
        for _ in range(3):
            trainer.step(given)
    assert np.abs(both[0].weights("E", "E") - both[1].weights("E", "E")).max() < 1e-5
    path = tmp_path / "listed.safetensors"
    both[1].save(path)
    again = na.Network.load(path)
    assert again.storage("E", "E") == "listed"
    for ends in again.projections:
        assert np.array_equal(again.weights(*ends), both[1].weights(*ends))
    assert repr(again) == repr(both[1])
    twin = pickle.loads(pickle.dumps(both[1]))
    assert np.array_equal(twin.weights("E", "E"), again.weights("E", "E"))
    checkpoint = tmp_path / "trainer.safetensors"
    trainers[1].save(checkpoint)
    more = na.Trainer(again, cost=cost, rule=rule, optimizer=na.SGD(0.05))
    more.restore(checkpoint)
    for trainer in (trainers[1], more):
        trainer.step(given)
    assert np.array_equal(again.weights("E", "E"), both[1].weights("E", "E"))


def late(**keywords: Any) -> na.Network:
    net = na.Network(dt=2).input("u", 3).output("z", 2)
    net.population("A", 60, tau=2).population("B", 20, sign=+1, tau=2).place("A B", box=(1, 1, 1))
    net.connect("u", "A", delay=na.Delays(2, 3), density=0.5).connect("A", "A B", density=0.3, **keywords)
    return net.connect("B", "A", delay=na.Conduction(0.1, offset=1)).connect("A", "z").build(seed=3)


def test_the_gradient_of_an_agent_is_a_matrix(both: Tuple[na.Network, na.Network]) -> None:
    found = []
    for net in both:
        trainer = na.Trainer(net, None, na.MSE("z"), rule=na.RFLO(), optimizer=na.Adam(1e-3))
        agent = na.Agent(trainer)
        for _ in range(3):
            agent.step([1, 2, 3], target=[1, 0])
        found.append({ends: agent.gradient(*ends) for ends in net.projections})
    for ends, gradient in found[0].items():
        assert gradient.shape == found[1][ends].shape and np.allclose(gradient, found[1][ends], atol=1e-6)
    assert np.count_nonzero(found[1]["E", "E"])


def test_delays_differ(tmp_path: Path) -> None:
    net = late(delay=na.Delays(8, 4, least=4))
    found = net.synapses("A", "A")
    assert net.storage("A", "A") == net.storage("u", "A") == "listed" and net.storage("A", "z") == "dense"
    assert len(np.unique(found.delay)) > 5 and found.delay.min() >= 4 and np.all(found.delay % 2 == 0)
    assert abs(found.delay.mean() - 9) < 1 and net.delay("A", "A") == pytest.approx(found.delay.mean(), abs=1)
    order = found.post.astype(np.int64) * 60 + found.pre
    assert np.all(np.diff(order) > 0)
    assert net.synapses("u", "A").delay.min() == 0
    there = net.positions("A")[net.synapses("B", "A").post] - net.positions("B")[net.synapses("B", "A").pre]
    steps = np.maximum(1, np.round((1 + np.linalg.norm(there, axis=1) / 0.1) / 2))
    assert np.array_equal(net.synapses("B", "A").delay, 2 * steps)
    assert np.count_nonzero(net.weights("A", "A")) == len(found)
    assert np.array_equal(net.weights("A", "A")[found.post, found.pre], found.weight)
    path = tmp_path / "late.safetensors"
    net.save(path)
    again = na.Network.load(path)
    assert np.array_equal(again.synapses().delay, net.synapses().delay)
    doubled = 2 * net.weights("A", "A")
    again.set_weights("A", "A", doubled)
    assert np.array_equal(again.weights("A", "A"), doubled)


def test_delays_are_learnt_through() -> None:
    net = late(delay=na.Delays(8, 4))
    trainer = na.Trainer(net, cost=na.MSE("z"), rule=na.BPTT(), optimizer=na.Adam(0.01))
    given = na.Trials(np.random.default_rng(0).normal(size=(30, 8, 3)), np.ones((30, 8, 2)))
    costs = [trainer.step(given)["total"] for _ in range(60)]
    assert costs[-1] < 0.3 * costs[0]


def test_delays_that_are_refused() -> None:
    with pytest.raises(na.InvalidError, match="least is 1 ms, must be at least 2"):
        late(delay=na.Delays(8, 4, least=1))
    with pytest.raises(na.InvalidError, match="storage cannot be dense"):
        late(delay=na.Delays(8, 4), storage="dense")
    with pytest.raises(na.InvalidTypeError, match="mean"):
        na.Delays("8", 4)  # type: ignore[arg-type]
    net = na.Network(dt=2).population("A", 5)
    with pytest.raises(na.OrderError, match="'A' has no positions"):
        net.connect("A", "A", delay=na.Conduction(1)).build()


class Even(na.Constraint):
    """Units of even numbers are heard; no weight is above 0.1."""

    def wire(self, synapses: Any) -> None:
        synapses.exists *= np.arange(synapses.n_pre) % 2 == 0

    def project(self, synapses: Any) -> None:
        synapses.weight = np.minimum(synapses.weight, 0.1)


class Squares(na.Cost):
    """Sum of squares of weights, times the height of the receiver."""

    def on_weights(self, synapses: Any, scale: float) -> float:
        total = 0.0
        for s in synapses:
            height = s.post_position[:, 2:3] + s.pre_position[:, 0]
            if s.gradient is not None:
                s.gradient += 2 * scale * s.weight * height
            total += float((s.weight**2 * height).sum())
        return total


@pytest.mark.parametrize("flags", [False, True])
def test_own_constraints_and_costs(flags: bool) -> None:
    seen = []
    weights = []
    for storage in ("dense", "listed"):
        net = na.Network(dt=20).input("u", 3).output("z", 2).population("E", 70, sign=+1)
        net.place("E", box=(1, 1, 1))
        even, squares = Even(), Squares("E", "E")
        even.by_rows = even.by_synapse = squares.by_synapse = flags
        net.connect("u", "E").connect("E", "E", storage=storage).connect("E", "z").constrain("E", "E", even)
        net.build(seed=2)
        trainer = na.Trainer(net, cost=na.MSE("z") + squares, rule=na.BPTT(), optimizer=na.Adam(0.01))
        given = trials_of(0)
        seen.append([trainer.step(given)["total"] for _ in range(3)])
        weights.append(net.weights("E", "E"))
        assert weights[-1][:, 1::2].max() == 0 and weights[-1].max() <= np.float32(0.1)
    assert np.allclose(seen[0], seen[1], rtol=1e-5)
    assert np.abs(weights[0] - weights[1]).max() < 1e-5


def test_refusals() -> None:
    net = na.Network(dt=20).population("E", 10)
    with pytest.raises(na.InvalidError, match="storage"):
        net.connect("E", "E", storage="sparse")
    assert repr(circuit("listed")) == repr(circuit("dense"))


def test_a_local_rule_is_shown_rows() -> None:
    """Backpropagation onto units by a rule of one's own, row by row, traces kept; and who the senders are."""
    rows = []

    def hebb(step: na.LocalStep) -> None:
        step.trace[0] += step.post[:, :, None] * step.pre[:, None, :]
        step.change += step.trace[0].sum(axis=0)
        if step.pre_unit is not None and step.step == 1:
            assert step.n_post == 1 and step.change.shape == (1, step.n_pre)
            rows.append((step.source, step.target, step.first_post, list(step.pre_unit)))

    weights = []
    for storage in ("dense", "listed"):
        net = circuit(storage)
        given = trials_of(0)
        trainer = na.Trainer(net, cost=na.MSE("z"), rule=na.LocalRule(hebb, traces=1), optimizer=na.SGD(1e-5))
        trainer.step(given)
        weights.append(net.weights("E", "E"))
    assert np.abs(weights[0] - weights[1]).max() < 1e-5 * np.abs(weights[0]).max()
    synapses = net.synapses("E", "E")
    shown = [(row, pre) for source, target, row, pres in rows if source == target == "E" for pre in pres]
    assert shown == list(zip(synapses.post, synapses.pre))


def test_builds_by_threads() -> None:
    """The same network by any number of threads; a constraint of one's own is called as before."""
    built = []
    for threads in (1, 3):
        net = na.Network(dt=1).population("E", 2100, sign=+1).population("I", 301, sign=-1)
        net.connect("E I", "E", density=0.02, storage="listed").connect("E", "I", outdegree=3, storage="listed")
        net.build(seed=4, threads=threads)
        built.append(net.synapses("*", "*"))
    assert np.array_equal(built[0].weight, built[1].weight) and np.array_equal(built[0].pre, built[1].pre)
    net = na.Network(dt=1).population("E", 10).connect("E", "E")
    with pytest.raises(na.InvalidError, match="threads is 0, must be 1 to 256"):
        net.build(threads=0)
    with pytest.raises(TypeError, match="threads"):
        na.Network(dt=1).population("E", 10).build(threads=1.5)  # type: ignore[arg-type]
