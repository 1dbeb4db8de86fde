"""Callbacks of training: several, early stopping, the best weights, checkpoints, logs."""

import csv
import sys
import tracemalloc

import numpy as np
import pytest
from conftest import small
from test_checkpoint import make
from test_recorded_trials import recorded

import neuroai as na


def weights(net):
    found = {ends: net.weights(*ends).copy() for ends in net.projections}
    return {**found, **{name: net.bias(name).copy() for name in (*net.populations, *net.outputs)}}


def same(a, b):
    return all(np.array_equal(a[key], b[key]) for key in a)


class Noted(na.Callback):
    """Writes down what is called."""

    def __init__(self, name, said, **wrong):
        self._name, self._said, self._wrong = name, said, wrong

    def _say(self, moment):
        self._said.append(f"{self._name} {moment}")
        if moment in self._wrong:
            raise self._wrong[moment]

    def begin(self, trainer):
        self._trainer = trainer
        self._say("begins")

    def after(self, now):
        self._say(f"{now.step}")

    def end(self, trainer):
        assert trainer is self._trainer
        self._say("ends")


# --- several ---------------------------------------------------------------------------------------------------------


def test_all_are_called_in_turn_whatever_the_others_say():
    said, seen = [], []
    trainer = make()
    history = trainer.fit(
        9,
        progress=False,
        callback=lambda now: seen.append(now.step),
        callbacks=[Noted("a", said), lambda now: now.step == 2, Noted("b", said)],
    )
    assert len(history) == 2 and seen == [1, 2]
    assert said == ["a begins", "b begins", "a 1", "b 1", "a 2", "b 2", "a ends", "b ends"]
    assert len(trainer.fit(2, progress=False, callbacks=Noted("c", said))) == 2 and said[-1] == "c ends"


@pytest.mark.parametrize(
    "rule", [na.BPTT(), na.RFLO(seed=1), na.NodePerturbation(seed=1), na.RewardHebbian(), na.UORO(seed=1), na.KolenPollack(seed=1)],
    ids=repr,
)  # fmt: skip
def test_measuring_changes_no_bit(rule):
    def trainer():
        return na.Trainer(small(noise=0.1), make().task, na.CrossEntropy("choice"), rule, batch=8, evaluate_every=5)

    plain, watched = trainer(), trainer()
    plain.fit(12, progress=False)
    held_out = plain.task.trials(small(), 20)
    watched.fit(12, progress=False, callbacks=[na.Patience(50), na.Patience(9, "cost", every=3, trials=held_out)])
    assert np.array_equal(plain.history._rows, watched.history._rows, equal_nan=True)
    assert same(weights(plain.net), weights(watched.net))


@pytest.mark.parametrize("moment, updates", [("begins", 0), ("3", 3), ("ends", 9)])
def test_an_exception_ends_the_run_and_the_others_end_too(moment, updates):
    said = []
    trainer = make()
    with pytest.raises(ZeroDivisionError, match="here"):
        wrong = Noted("b", said, **{moment: ZeroDivisionError("here")})
        trainer.fit(9, progress=False, callbacks=[Noted("a", said), wrong, Noted("c", said)])
    assert trainer.updates == len(trainer.history) == updates
    begun = "ab" if moment == "begins" else "abc"
    assert [line for line in said if line.endswith("ends")] == [f"{name} ends" for name in begun]
    assert len(trainer.fit(2, progress=False)) == 2


def test_before_the_first_update_a_run_may_be_over():
    class Never(na.Callback):
        def begin(self, trainer):
            return True

    trainer = make()
    assert len(trainer.fit(5, progress=False, callbacks=[Never()])) == 0 and trainer.updates == 0


@pytest.mark.parametrize("wrong", [[3], [na.Patience], "patience", [None]])
def test_what_is_no_callback(wrong):
    with pytest.raises(na.InvalidTypeError, match="callbacks: expected functions of the progress, or objects"):
        make().fit(3, progress=False, callbacks=wrong)


def test_progress_says_what_is_new():
    found = []
    make(evaluate_every=5).fit(7, progress=False, callbacks=lambda now: found.append(now.evaluated))
    assert found == [False] * 4 + [True, False, True]


# --- early stopping --------------------------------------------------------------------------------------------------


def test_patience_waits_for_a_better_evaluation():
    patience = na.Patience(2)
    history = make(optimizer=na.SGD(1e-30)).fit(200, progress=False, callbacks=patience)
    assert len(history) == 15 and len(history.performance) == 3  # the first is the best, two are no better
    assert patience.best_step == 5 and patience.best == history.performance[0] and patience.waited == 2
    assert "2 of 2" in repr(patience)


def by_hand(values, n, by=0.0, lower=False):
    """The number of measurements until n in a row were no better."""
    best, waited = None, 0
    for k, value in enumerate(values, 1):
        if best is None or (best - value if lower else value - best) > by:
            best, waited = value, 0
        else:
            waited += 1
        if waited == n:
            return k, best
    return None, best


@pytest.mark.parametrize("by", [0.0, 0.05])
def test_patience_of_a_cost_is_of_its_means(by):
    whole = make(evaluate_every=0).fit(300, progress=False)
    for of, values in (("cost", whole.loss), ("l2_rates", whole.costs["l2_rates"])):
        means = [float(np.mean(values[k : k + 4])) for k in range(0, 300, 4)]
        measured, best = by_hand(means, 2, by if of == "cost" else 0.0, lower=True)
        patience = na.Patience(2, of, every=4, by=by if of == "cost" else 0.0)
        history = make(evaluate_every=0).fit(300, progress=False, callbacks=[patience])
        assert measured is not None and len(history) == 4 * measured
        assert patience.best == pytest.approx(best, rel=1e-12)


def test_patience_of_a_cost_on_held_out_trials():
    net, trials, test = small(noise=0.1), recorded(40), recorded(30, seed=1)
    real = [na.Trials(one.inputs, np.full((16, one.trials, 3), 0.3), lengths=one.lengths) for one in (trials, test)]
    trainer = na.Trainer(net, real[0], na.MSE("choice"), batch=8, optimizer=na.Adam(0.02), evaluate_every=0)
    costs = []
    patience = na.Patience(3, "cost", every=2, trials=real[1])
    spy = na.Patience(10**6, lambda: costs.append(trainer.costs(real[1])["total"]) or costs[-1], every=2, lower=True)
    history = trainer.fit(600, progress=False, callbacks=[patience, spy])
    assert len(history) < 600 and len(costs) == len(history) // 2
    assert by_hand(costs, 3, lower=True) == (len(costs), patience.best)
    assert spy.best == patience.best and spy.best_step == patience.best_step


def test_a_second_run_waits_anew():
    patience = na.Patience(1)
    trainer = make(optimizer=na.SGD(1e-30))
    assert [len(trainer.fit(100, progress=False, callbacks=patience)) for _ in range(2)] == [10, 10]


def test_what_cannot_be_measured():
    with pytest.raises(na.InvalidError, match='of is "performance", but evaluate_every is 0'):
        make(evaluate_every=0).fit(1, progress=False, callbacks=na.Patience())
    real = na.Trials(np.zeros((5, 2, 3)), np.zeros((5, 2, 3)))
    with pytest.raises(na.InvalidError, match='no classes, by which they could be judged: take of="cost"'):
        na.Trainer(small(), real, na.MSE("choice")).fit(1, progress=False, callbacks=na.KeepBest())
    with pytest.raises(na.UnknownNameError, match="of: there is no cost 'l1'; it may be performance, cost, cross_entropy"):
        make().fit(1, progress=False, callbacks=na.Patience(of="l1"))
    for wrong in (dict(n=0), dict(every=0), dict(by=-1.0), dict(trials=real)):
        with pytest.raises(na.InvalidError, match=f"{next(iter(wrong))}"):
            na.Patience(**wrong)
    with pytest.raises(na.InvalidTypeError, match="of: expected"):
        na.Patience(of=3)


# --- the best weights ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["end", "error"])
def test_the_best_weights_are_put_back(how):
    seen = {}

    def look(now):
        if now.evaluated:
            seen[now.performance] = seen.get(now.performance, weights(trainer.net))
        if how == "error" and now.step == 57:
            raise KeyboardInterrupt

    trainer = make(optimizer=na.Adam(0.05), evaluate_every=3)
    best = na.KeepBest()
    try:
        trainer.fit(60, progress=False, callbacks=[look, best])
    except KeyboardInterrupt:
        assert how == "error"
    top = max(seen)
    assert best.best == top and same(weights(trainer.net), seen[top])
    assert best.best_step == trainer.history.performance_step[trainer.history.performance.argmax()]


def noisy():
    rng = np.random.default_rng(1)
    return na.Trials(rng.normal(size=(5, 8, 2)), rng.normal(size=(5, 8, 1)))


@pytest.mark.parametrize("storage", ["dense", "listed"])
def test_what_is_pruned_meanwhile_stays_so(storage):
    net = na.Network(dt=20).input("u", 2).population("E", 9).output("z", 1)
    net.connect("u", "E").connect("E", "E", density=0.6, storage=storage).connect("E", "z").build(1)
    trainer = na.Trainer(net, noisy(), na.MSE("z"), optimizer=na.Adam(0.01), batch=8, evaluate_every=0)
    kept, values = {}, iter([0.0, 2.0, 1.0, 0.5, 0.0, 1.0])

    def then(now):
        if now.step == 2:
            kept.update(weights(net))
        if now.step == 4:
            net.prune("E", "E", fraction=0.5, smallest=True)

    trainer.fit(6, progress=False, callbacks=[na.KeepBest(of=lambda: next(values), every=1), then])
    there = net.mask("E", "E")
    assert 0 < there.sum() < np.count_nonzero(kept["E", "E"])
    assert same({**kept, ("E", "E"): kept["E", "E"] * there}, weights(net))


def test_the_best_of_many_units_needs_no_matrix():
    n = 2000
    net = na.Network(dt=20).input("u", 2).population("E", n).output("z", 1)
    net.connect("u", "E").connect("E", "E", indegree=5, storage="listed").connect("E", "z").build(1, progress=False)
    trainer = na.Trainer(net, noisy(), na.MSE("z"), batch=4, evaluate_every=0)
    tracemalloc.start()
    trainer.fit(3, progress=False, callbacks=na.KeepBest(of="cost", every=1))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < n * n  # of 4 n^2 bytes


def test_the_best_network_in_a_file(tmp_path):
    trainer = make(optimizer=na.Adam(0.05), evaluate_every=3)
    best, other = na.KeepBest(tmp_path / "best.safetensors"), make(optimizer=na.Adam(0.05), evaluate_every=3)
    trainer.fit(60, progress=False, callbacks=[best])
    other.fit(60, progress=False)
    assert same(weights(trainer.net), weights(other.net))  # it goes on as it is
    twin = make(optimizer=na.Adam(0.05), evaluate_every=3)
    twin.fit(60, progress=False, callbacks=lambda now: now.step == best.best_step)
    assert same(weights(na.Network.load(tmp_path / "best.safetensors")), weights(twin.net))


def test_initial_states_are_put_back_too():
    net = na.Network(dt=20).population("E", 4, initial=0.5, plastic_initial=1, transfer="tanh")
    net.output("z", 1).connect("E", "E").connect("E", "z").build(seed=1)
    trials = na.Trials(np.zeros((10, 3, 0)), np.ones((10, 3, 1)))
    trainer = na.Trainer(net, trials, na.MSE("z"), optimizer=na.SGD(0.1), evaluate_every=0)
    values = iter([0.0, 2.0, 1.0, 0.5])
    seen = []
    trainer.fit(4, progress=False, callbacks=[lambda now: seen.append(net.get("E", "initial")),
                                              na.KeepBest(of=lambda: next(values), every=1)])  # fmt: skip
    assert np.array_equal(net.get("E", "initial"), seen[1]) and not np.array_equal(seen[1], seen[3])


# --- what is written -------------------------------------------------------------------------------------------------


def test_checkpoints(tmp_path):
    trainer = make()
    trainer.fit(23, progress=False, callbacks=na.Checkpoints(tmp_path / "run-{step}.safetensors", every=7))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"run-{k}.safetensors" for k in (14, 21, 23, 7)]
    again = make().restore(tmp_path / "run-14.safetensors")
    again.fit(23 - again.updates, progress=False, callbacks=na.Checkpoints(tmp_path / "one", every=100))
    assert same(weights(again.net), weights(trainer.net))
    assert make().restore(tmp_path / "one").updates == 23
    for made in (na.Checkpoints, na.CSVLog):
        with pytest.raises(na.InvalidError, match="every is 0, must be at least 1"):
            made("x", every=0)
        with pytest.raises(na.InvalidTypeError, match="path: expected the name of a file"):
            made(3)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_that_grows(tmp_path):
    trainer = make()
    lengths = []
    table = na.CSVLog(tmp_path / "log.csv")

    def look(now):
        if now.evaluated:
            lengths.append(len(rows(table.path)))

    trainer.fit(12, progress=False, callbacks=[table, look])
    assert lengths == [5, 10, 12]  # whoever looks sees all rows until the last evaluation
    trainer.history.to_csv(tmp_path / "history.csv")
    ours, whole = rows(table.path), rows(tmp_path / "history.csv")
    assert ours == [{name: row[name] for name in ours[0]} for row in whole] and list(ours[0])[0] == "step"
    few = na.CSVLog(tmp_path / "few.csv", every=4)
    make().fit(12, progress=False, callbacks=few)
    assert [row["step"] for row in rows(few.path)] == ["4", "5", "8", "10", "12"]


def test_a_table_goes_on_where_the_checkpoint_is(tmp_path):
    table = na.CSVLog(tmp_path / "log.csv")
    whole = make()
    whole.fit(16, progress=False, callbacks=na.CSVLog(tmp_path / "whole.csv"))
    make().fit(16, progress=False, callbacks=[table, na.Checkpoints(tmp_path / "run-{step}", 10), lambda now: now.step == 13])
    with open(table.path, "a") as file:
        file.write("14,0.3")  # cut off
    trainer = make().restore(tmp_path / "run-10")
    trainer.fit(6, progress=False, callbacks=table)
    assert (tmp_path / "log.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    (tmp_path / "log.csv").write_text("a,b\n1,2\n")
    with pytest.raises(na.InvalidError, match="path: .* has other columns than step, loss"):
        trainer.fit(1, progress=False, callbacks=table)
    make().fit(1, progress=False, callbacks=table)  # which begins anew
    assert len(rows(table.path)) == 1


def test_curves_for_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event

    trainer = make()
    trainer.fit(12, progress=False, callbacks=na.TensorBoardLog(tmp_path / "run", every=2))
    (path,) = (tmp_path / "run").iterdir()
    found, data = {}, path.read_bytes()
    while data:  # records: length, its check, bytes, their check
        length = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + length])
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, value.simple_value))
        data = data[16 + length :]
    assert [step for step, _ in found["performance"]] == [5, 10, 12]
    assert [step for step, _ in found["cost"]] == [2, 4, 6, 8, 10, 12]
    np.testing.assert_allclose([value for _, value in found["cost"]], trainer.history.loss[1::2], rtol=1e-6)
    assert set(found) == {"performance", "cost", "gradient_norm", "costs/cross_entropy", "costs/l2_rates"}


def test_tensorboard_is_missed_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError) as caught:
        na.TensorBoardLog("runs")
    words = "TensorBoardLog needs tensorboardX: pip install tensorboardX (or: pip install neuroai[tensorboard])"
    assert str(caught.value) == words
