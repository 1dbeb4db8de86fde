"""Curricula, checkpoints, and histories that outlive a process."""

import csv
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from conftest import small

import neuroai as na


def make(curriculum=None, **options):
    task = na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=100, decision=40)
    options = {"batch": 8, "evaluate_every": 5, "evaluate_trials": 20, **options}
    cost = na.CrossEntropy("choice") + 1e-3 * na.L2Rates("E I")
    return na.Trainer(small(noise=0.1), task, cost, curriculum=curriculum, **options)


def stages(**options):
    return na.Curriculum(
        na.Stage("easy", 0, coherence=[51.2, 100]),
        na.Stage("shaped", 0, coherence=na.Staircase(100, 10, step=60, harder_at=0, easier_at=0)),
        na.Stage("last", 1, stimulus=200),
        **options,
    )


def test_stages():
    begun = []
    trainer = make(stages(on_stage=lambda number, name: begun.append((number, name))))
    assert trainer.stage == "easy" and begun == [(0, "easy")] and len(trainer.curriculum) == 3
    history = trainer.fit(40, progress=False)
    assert trainer.stage == "last" and begun == [(0, "easy"), (1, "shaped"), (2, "last")]
    # 100, 40, 10 and the evaluation at which it is at its end
    assert history.stage.tolist() == [0] * 5 + [1] * 15 + [2] * 20


def test_a_run_ends_when_the_last_stage_is_met():
    trainer = make(na.Curriculum(na.Stage("one", 0), na.Stage("two", 0, evaluations=2)))
    assert len(trainer.fit(100, progress=False)) == 15 and trainer.stage is None


def test_a_bad_curriculum_says_which_stage():
    with pytest.raises(na.UnknownNameError, match="stage 'b': .*'colour'"):
        make(na.Curriculum(na.Stage("a", 0.5), na.Stage("b", 0.5, colour=3)))


def test_an_exception_of_on_stage_comes_out():
    def fail(number, name):
        if name == "last":
            raise RuntimeError("not this one")

    trainer = make(stages(on_stage=fail))
    with pytest.raises(RuntimeError, match="not this one"):
        trainer.fit(40, progress=False)
    assert trainer.updates == 20


def same(a, b):
    for key in a.net.projections:
        assert (a.net.weights(*key) == b.net.weights(*key)).all()
    ours, theirs = a.history, b.history
    assert np.array_equal(ours._rows, theirs._rows, equal_nan=True)


def test_resumed_ends_with_the_same_bits(tmp_path):
    path = tmp_path / "run.safetensors"
    whole = make(stages())
    whole.fit(40, progress=False)
    stopped = make(stages())
    stopped.fit(40, progress=False, callback=lambda now: now.step == 17, checkpoint=path, checkpoint_every=7)
    resumed = make(stages(), batch=2).restore(path)  # the batch is that of the file
    assert resumed.updates == 14 and resumed.stage == "shaped" and resumed.get("batch") == 8
    history = resumed.fit(26, progress=False)
    assert history.step[0] == 15 and len(history) == 26 and len(resumed.history) == 40
    same(whole, resumed)


def test_another_trainer_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    make().save(path)
    with pytest.raises(ValueError, match=r"stages 'easy' is not there in the file"):
        make(stages()).restore(path)
    with pytest.raises(ValueError, match=r"optimizer: rate is 0\.001 in the file, 0\.1 here"):
        make(optimizer=na.Adam(0.1)).restore(path)


SCRIPT = """
    import sys
    sys.path.insert(0, sys.argv[2])
    from test_checkpoint import make, stages
    make(stages()).fit(10**6, progress=False, checkpoint=sys.argv[1], checkpoint_every=1)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_and_resumed(tmp_path):
    path = tmp_path / "run.safetensors"
    arguments = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(path), os.path.dirname(__file__)]
    process = subprocess.Popen(arguments)
    end = time.monotonic() + 60
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    resumed = make(stages()).restore(path)
    assert resumed.updates >= 1
    end = resumed.updates + 20
    for trainer in (resumed, whole := make(stages())):
        trainer.fit(10**6, progress=False, callback=lambda now: now.step == end)
    same(whole, resumed)


def test_tables(tmp_path):
    trainer = make()
    trainer.fit(12, progress=False)
    history = trainer.history
    history.to_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, 13))
    assert [row["performance"] != "" for row in rows] == [step in (5, 10, 12) for step in range(1, 13)]
    assert np.allclose([float(row["cross_entropy"]) for row in rows], history.costs["cross_entropy"], rtol=0, atol=0)
    pandas = pytest.importorskip("pandas")
    table = history.to_pandas()
    assert isinstance(table, pandas.DataFrame) and table.index.name == "step" and len(table) == 12
    assert (table["loss"] == history.loss).all()


def test_initial_states_learn():
    net = na.Network(dt=20).population("E", 4, initial=0.5, plastic_initial=[1, 1, 0, 0], transfer="tanh")
    net.output("z", 1).connect("E", "E").connect("E", "z").build(seed=1)
    trainer = na.Trainer(net, cost=na.MSE("z"), optimizer=na.SGD(0.1))
    trials = na.Trials(np.zeros((10, 3, 0)), np.ones((10, 3, 1)))
    for _ in range(5):
        trainer.step(trials)
    moved = net.get("E", "initial") != 0.5
    assert moved.tolist() == [True, True, False, False]
    assert (trainer.gradient_initial("E") != 0).tolist() == [True, True, False, False]
