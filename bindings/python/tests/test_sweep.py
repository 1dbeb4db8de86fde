"""Sweeps: which networks, their table, resumed and killed ones, failures, processes, Dask, scripts for Slurm."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from conftest import small
from test_callbacks import same, weights

import neuroai as na

TASK = na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=100, decision=40)


@pytest.fixture(autouse=True)
def tmp_path(monkeypatch):
    """In memory where there is such a folder: each checkpoint is flushed to the disk."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def make(rate=0.01, seed=0):
    """A network of a few units, some tenths of a millisecond an update."""
    settings = {"batch": 4, "evaluate_every": 10, "evaluate_trials": 40, "seed": seed}
    return na.Trainer(small(seed, noise=0.1), TASK, na.CrossEntropy("choice"), optimizer=na.Adam(rate), **settings)


def make_with_failures(rate, seed):
    if rate == 0.02 and seed == 1:
        raise ValueError("this one cannot be made")
    return make(rate, seed)


def sweep(folder=None, workers=1, made=make, **how):
    how = {"steps": 30, "progress": False, "workers": workers, "folder": folder, **how}
    return na.sweep(made, {"rate": [0.01, 0.02]}, 3, **how)


def same_tables(a, b):
    """To the last bit; NaN is NaN."""
    return json.dumps(a.records) == json.dumps(b.records)


# --- which networks, and their table ---------------------------------------------------------------------------------


def test_every_setting_and_seed_is_a_network():
    found = sweep()
    assert [(one["rate"], one["seed"]) for one in found.records] == [(r, s) for r in (0.01, 0.02) for s in range(3)]
    assert len(found) == 6 and not found.failures and not found.unfinished and "6 of 6 networks" in repr(found)
    for k, record in enumerate(found.records):
        alone = make(record["rate"], record["seed"])
        history = alone.fit(30, progress=False)
        assert record["updates"] == 30 and record["performance"] == history.performance[-1] and record["error"] == ""
        assert record["cost"] == np.mean(history.loss)  # of fewer than a hundred updates
        assert np.array_equal(found.history(k)._rows, alone.history._rows, equal_nan=True)
        assert same(weights(found.network(k)), weights(alone.net)) and same(weights(found.trainer(k).net), weights(alone.net))
        assert found.seconds[k] > 0
    assert {label: len(some) for label, some in found.histories("rate").items()} == {"rate 0.01": 3, "rate 0.02": 3}
    assert found.groups([]) == {"all": [0, 1, 2, 3, 4, 5]} and found.varied == ["rate"]


def test_tables(tmp_path, monkeypatch):
    found = sweep(measure=lambda trainer: {"dimensions": np.float32(2.5), "name": trainer.rule.name})
    assert [one["dimensions"] for one in found.records] == [2.5] * 6 and found.records[0]["name"] == "bptt"
    assert list(found.records[0]) == ["rate", "seed", "updates", "cost", "performance", "dimensions", "name", "error"]
    found.to_csv(tmp_path / "table.csv")
    with open(tmp_path / "table.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["cost"]) for row in rows] == [one["cost"] for one in found.records]
    pandas = pytest.importorskip("pandas")
    assert isinstance(found.table, pandas.DataFrame) and found.table.shape == (6, 8)
    assert found.table.groupby("rate")["cost"].median().loc[0.01] == np.median([one["cost"] for one in found.records[:3]])
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert found.table == found.records


def test_settings_of_many_kinds(tmp_path):
    seen = []

    def look(seed, **setting):
        seen.append((setting, seed))
        return make(seed=seed)

    def names(settings, seeds=1):
        seen.clear()
        planned = na.Sweep(look, settings, seeds, steps=0, folder=tmp_path)
        return [planned.path(k).name for k in range(len(planned))]

    assert names({"rule": ["RFLO", "BPTT"], "p": [None]}, [7]) == ["rule=RFLO,p=None,seed=7", "rule=BPTT,p=None,seed=7"]
    assert names(None, 2) == ["seed=0", "seed=1"]
    assert names([{"a": 1, "b": True}, {"a": 1.0, "b": False}]) == ["a=1,b=True,seed=0", "a=1.0,b=False,seed=0"]
    long = names({"a": ["a/b", "..", "1", 1, "None", None, (1, 2), "x" * 200, np.float64(2)]})
    assert len(set(long)) == 9 and all("/" not in name and len(name) < 130 for name in long) and long[-1] == "a=2.0,seed=0"
    na.Sweep(look, {"a": [(1, 2)]}, steps=0, folder=tmp_path).run(1, progress=False)
    assert seen == [({"a": (1, 2)}, 0)]


@pytest.mark.parametrize(
    "wrong, words",
    [
        (dict(settings={"rate": 3}), "settings: 'rate': expected a list of its values"),
        (dict(settings={"rate": "ab"}), "settings: 'rate': expected a list of its values"),
        (dict(settings={"rate": []}), "settings: there are none"),
        (dict(settings={"seed": [1]}), "settings: 'seed' is a column of its own"),
        (dict(settings={"rule": [na.BPTT()]}), "settings: 'rule': expected numbers, words"),
        (dict(settings=[{"a": 1}, {"b": 1}]), "settings: b in one of them, a in the first"),
        (dict(settings={"a": [1, 1]}), "settings: there are two networks of a=1,seed=0"),
        (dict(settings={"a b": [1]}), "settings: expected names of arguments"),
        (dict(settings="rate"), "settings: expected a mapping"),
        (dict(seeds=0), "seeds is 0, must be at least 1"),
        (dict(seeds=[]), "seeds: there are none"),
        (dict(seeds=1.5), "seeds: expected their number"),
        (dict(steps=-1), "steps is -1, must be at least 0"),
        (dict(workers=0), "workers is 0, must be at least 1"),
        (dict(save_every=-1), "save_every is -1"),
        (dict(measure=3), "measure: expected a function"),
        (dict(make=3), "make: expected a function"),
        (dict(folder=3), "folder: expected the name of a file"),
    ],
)
def test_what_is_refused(wrong, words):
    how = {"make": make, "settings": None, "seeds": 1, "steps": 1, "workers": 1, "progress": False, **wrong}
    with pytest.raises(na.InvalidError, match=words):
        na.sweep(**how)


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_network_that_fails_does_not_stop_the_others(tmp_path):
    found = sweep(tmp_path, made=make_with_failures)
    assert found.failures == {4: "ValueError: this one cannot be made"} and found.unfinished == [4]
    record = found.records[4]
    assert record["updates"] == 0 and np.isnan(record["cost"]) and record["error"] == found.failures[4]
    assert "make_with_failures" in (found.path(4) / "error.txt").read_text()
    assert "5 of 6 networks, 1 failed" in repr(found) and found.groups() == {"rate 0.01": [0, 1, 2], "rate 0.02": [3, 5]}
    with pytest.raises(na.OrderError, match="network 4 is not done: ValueError: this one"):
        found.history(4)
    with pytest.raises(na.OrderError, match="network 4 has no checkpoint yet"):
        found.network(4)
    again = sweep(tmp_path)  # with a function that can
    assert not again.failures and not (again.path(4) / "error.txt").exists()
    assert same_tables(again, sweep())


@pytest.mark.parametrize(
    "how, words",
    [
        (dict(made=lambda rate, seed: 3), "InvalidTypeError: make: expected a function that returns a neuroai.Trainer"),
        (dict(measure=lambda trainer: 3), "InvalidTypeError: measure: expected a function that returns numbers by name"),
        (dict(measure=lambda trainer: {"cost": 3}), "InvalidError: measure: 'cost' is no name for a column"),
        (dict(callbacks=lambda folder: [na.KeepBest()]), "InvalidError: callbacks: KeepBest needs a path in a sweep"),
        (dict(callbacks=lambda folder: [lambda now: now.step == 4 and 1 / 0]), "ZeroDivisionError: division by zero"),
        (dict(stop_at=0.5, evaluate_every=0), "InvalidError: stop_at is 0.5, but evaluate_every is 0"),
    ],
)
def test_failures_in_every_place(how, words):
    found = sweep(**how)
    assert len(found.failures) == 6 and all(message.startswith(words) for message in found.failures.values())
    assert found.records[0]["updates"] == (4 if "Zero" in words else 30 if "measure" in words else 0)


# --- interrupted and resumed -----------------------------------------------------------------------------------------


class Plug(na.Callback):
    """Ends the sweep once in each network, when it has made so many updates, as a power cut would."""

    def __init__(self, folder, at):
        self._flag, self._at = folder / "plug", at

    def after(self, now):
        if now.step == self._at and not self._flag.exists():
            self._flag.write_text("")
            raise KeyboardInterrupt


def watched(plug=None):
    def callbacks(folder):
        best = na.KeepBest(folder / "best.safetensors")
        ones = [na.Patience(2), na.Patience(9, "cost", every=7), best, na.CSVLog(folder / "log.csv")]
        return ones + ([Plug(folder, plug)] if plug else [])

    return callbacks


@pytest.mark.parametrize("at", [1, 13, 29])
def test_interrupted_and_resumed_gives_the_same_table(tmp_path, at):
    whole = sweep(tmp_path / "whole", save_every=0, callbacks=watched(), steps=200)
    assert len({one["updates"] for one in whole.records}) > 1  # by their patience
    for _ in range(6):
        with pytest.raises(KeyboardInterrupt):
            sweep(tmp_path / "cut", save_every=0, callbacks=watched(at), steps=200)
    resumed = sweep(tmp_path / "cut", callbacks=watched(), steps=200)
    assert same_tables(whole, resumed)
    for k in range(6):
        assert np.array_equal(whole.history(k)._rows, resumed.history(k)._rows, equal_nan=True)
        for name in ("log.csv", "best.safetensors"):
            assert (whole.path(k) / name).read_bytes() == (resumed.path(k) / name).read_bytes()


@pytest.mark.parametrize("how", [dict(stop_at=0.55), dict(callbacks=watched())], ids=["stop_at", "patience"])
def test_what_had_ended_makes_no_more_updates(tmp_path, how):
    """A process that died after the last checkpoint, before the result."""
    whole = sweep(tmp_path, steps=200, **how)
    before, made = whole.records, []
    for k in range(6):
        assert before[k]["updates"] < 200
        (whole.path(k) / "result.json").unlink()
        (whole.path(k) / "running").write_text("0")

    def again(folder):
        return [*(how["callbacks"](folder) if "callbacks" in how else []), lambda now: made.append(now.step)]

    assert sweep(tmp_path, steps=200, **{**how, "callbacks": again}).records == before and not made


def test_more_seeds_and_settings_are_added(tmp_path):
    trained = []

    def count(rate, seed):
        trained.append((rate, seed))
        return make(rate, seed)

    na.sweep(count, {"rate": [0.01]}, 2, steps=10, folder=tmp_path, workers=1, progress=False)
    found = na.sweep(count, {"rate": [0.02, 0.01]}, 3, steps=10, folder=tmp_path, workers=1, progress=False)
    assert trained == [(0.01, 0), (0.01, 1), (0.02, 0), (0.02, 1), (0.02, 2), (0.01, 2)] and len(found.records) == 6
    for name, value in (("steps", 11), ("stop_at", 0.8), ("evaluate_every", 5)):
        with pytest.raises(na.InvalidError, match=f"{name} is {value}, but .* in the sweep that is in .*: take another folder"):
            na.Sweep(make, None, 1, **{"steps": 10, "folder": tmp_path, name: value})


# --- processes -------------------------------------------------------------------------------------------------------


def test_processes_give_the_same_table(tmp_path, capsys):
    pytest.importorskip("joblib")
    found = sweep(tmp_path, workers=2, made=make_with_failures, progress=True)
    assert same_tables(found, sweep(made=make_with_failures))
    shown = capsys.readouterr().err
    assert "5 of 6 networks, 1 failed" in shown
    read = na.Sweep.load(tmp_path)
    assert read.records == json.loads(json.dumps(found.records)) or same_tables(read, found)
    assert read.trainer(0).updates == 30 and read.settings == found.settings


SCRIPT = """
    import os, signal, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    from test_sweep import *

    def once(folder):
        '''The process of one network is killed, once, amid its updates.'''
        def kill(now):
            flag = Path(sys.argv[2]) / "killed"
            if "seed=1" in folder.name and now.step == 17 and not flag.exists():
                flag.write_text("")
                os.kill(os.getpid(), signal.SIGKILL)
        return [kill]

    def always(folder):
        return [lambda now: os.kill(os.getpid(), signal.SIGKILL) if "rate=0.02,seed=1" in folder.name else None]

    if __name__ == "__main__":
        found = sweep(Path(sys.argv[2]) / "sweep", workers=2, save_every=0, callbacks=globals()[sys.argv[3]])
        print(json.dumps(found.records))
"""


def in_a_process(folder, which):
    (folder / "script.py").write_text(textwrap.dedent(SCRIPT))
    arguments = [sys.executable, str(folder / "script.py"), str(Path(__file__).parent), str(folder), which]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_killed_process_loses_nothing(tmp_path):
    pytest.importorskip("joblib")
    records, said = in_a_process(tmp_path, "once")
    assert (tmp_path / "killed").exists() and "a process of the sweep died" in said
    assert json.dumps(records) == json.dumps(sweep().records)


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_network_that_always_kills_its_process_is_a_failure(tmp_path):
    pytest.importorskip("joblib")
    records, _ = in_a_process(tmp_path, "always")
    expected = sweep().records
    assert [json.dumps(one) for k, one in enumerate(records) if k != 4] == [json.dumps(one) for k, one in enumerate(expected) if k != 4]
    assert records[4]["error"].startswith("its process died again and again")


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_the_whole_sweep_is_killed_and_called_again(tmp_path):
    program = "import sys; sys.path.insert(0, sys.argv[1]); from test_sweep import *; sweep(sys.argv[2], save_every=0, steps=400)"
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", program, str(Path(__file__).parent), str(tmp_path)])
        end = time.monotonic() + 60
        before = sum(path.stat().st_mtime_ns for path in tmp_path.glob("*/checkpoint*"))
        while sum(path.stat().st_mtime_ns for path in tmp_path.glob("*/checkpoint*")) == before and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert same_tables(sweep(tmp_path, steps=400), sweep(steps=400))


class Deadly:
    """Cannot even be read in another process."""

    def __call__(self, seed):
        return make(seed=seed)

    def __reduce__(self):
        return os._exit, (3,)


def test_processes_that_cannot_be_started_end_the_sweep(tmp_path):
    pytest.importorskip("joblib")
    with pytest.raises(BrokenProcessPool):
        na.sweep(Deadly(), None, 2, steps=1, folder=tmp_path, workers=2, progress=False)


def test_dask(tmp_path):
    joblib, distributed = pytest.importorskip("joblib"), pytest.importorskip("distributed")
    cluster = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "local_directory": str(tmp_path)}
    with distributed.Client(**cluster), joblib.parallel_config("dask"):
        found = sweep(tmp_path / "sweep", workers=None, made=make_with_failures)
    assert same_tables(found, sweep(made=make_with_failures)) and len(found.failures) == 1


@pytest.mark.skipif(os.name != "posix", reason="locks of POSIX")
def test_two_processes_do_not_train_one_network(tmp_path):
    """As when a process has outlived the sweep that was killed, and the sweep is called again."""
    import fcntl

    made, whole = [], sweep(tmp_path / "whole")

    def count(rate, seed):
        made.append(rate)
        return make(rate, seed)

    planned = na.Sweep(count, {"rate": [0.01]}, 1, steps=30, folder=tmp_path / "sweep")
    shutil.copytree(whole.path(0), planned.path(0))
    result = (planned.path(0) / "result.json").read_bytes()
    (planned.path(0) / "result.json").unlink()
    with open(planned.path(0) / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = threading.Thread(target=planned.run, args=(1, False))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive() and not made  # it waits
        (planned.path(0) / "result.json").write_bytes(result)
    thread.join(10)
    assert not thread.is_alive() and not made and planned.records == whole.records[:1]


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(ImportError, match=r"several processes \(workers=1 goes without\) needs joblib: .*neuroai\[sweeps\]"):
        sweep(workers=2)
    assert len(sweep(workers=1).records) == 6


# --- Slurm -----------------------------------------------------------------------------------------------------------


def test_the_script_of_an_array(tmp_path):
    """It is parsed by the shell, and by shellcheck where that is there; each of its tasks is run as Slurm would."""
    pytest.importorskip("cloudpickle")
    folder = tmp_path / "a folder"
    planned = na.Sweep(make_with_failures, {"rate": [0.01, 0.02]}, 3, steps=30, folder=folder)
    path = planned.slurm(tasks=4, at_once=2, options={"time": "1:00:00", "mem": "1G"}, before=["ulimit -c 0"])
    text = path.read_text()
    assert text.startswith("#!/bin/bash\n#SBATCH ") and '#SBATCH --array="0-3%2"\n' in text and '#SBATCH --time="1:00:00"\n' in text
    assert not planned.records and "0 of 6 networks" in repr(planned)
    subprocess.run(["bash", "-n", str(path)], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", str(path)], check=True)
    told = {}
    for task in range(4):
        environment = {**os.environ, "SLURM_ARRAY_TASK_ID": str(task), "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([str(path)], env=environment, capture_output=True, text=True)
        told[task] = done.stdout.splitlines()
        assert (done.returncode != 0) == (task == 0), done.stderr  # the one that has network 4
        assert ("1 of them failed" in done.stderr) == (task == 0)
        assert len(planned.records) == [2, 4, 5, 6][task]
    assert [len(lines) for lines in told.values()] == [2, 2, 1, 1] and told[1][0].startswith("rate 0.01, seed 1, updates 30")
    assert same_tables(planned, sweep(made=make_with_failures)) and same_tables(na.Sweep.load(folder), planned)


def test_scripts_that_cannot_be(tmp_path):
    planned = na.Sweep(make, None, 3, steps=1, folder=tmp_path)
    for wrong, words in ((dict(tasks=4), "tasks is 4, must be 1 to 3"), (dict(at_once=0), "at_once is 0, must be 1 to 3"),
                         (dict(options={"time": "a\nb"}), "options: 'time'"), (dict(options={"a b": 1}), "options: 'a b'")):  # fmt: skip
        with pytest.raises(na.InvalidError, match=words):
            planned.slurm(**wrong)
    assert not list(tmp_path.glob("array*"))
    with pytest.raises(na.OrderError, match="slurm: the sweep has no folder"):
        na.Sweep(make, None, 3, steps=1).slurm()
    with pytest.raises(na.OrderError, match="there is no plan of a sweep"):
        na.Sweep.load(tmp_path / "elsewhere")


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured():
    def measure(trainer):
        return {"value": trainer.seed * trainer.optimizer.rate, "word": "a"}

    def made(rate, kind, seed):
        return make(rate, seed)

    settings = {"rate": [0.25, 0.5], "kind": ["a", "b"]}
    return na.sweep(made, settings, [0, 2, 8], steps=1, workers=1, progress=False, measure=measure)


def test_a_picture_of_a_sweep(measured):
    (ax,) = na.plot.sweep(measured, y="value")
    lines = {line.get_label(): line for line in ax.lines if line.get_label() in ("a", "b")}
    assert len(lines) == 2 and ax.get_xlabel() == "rate" and ax.get_ylabel() == "value"
    for line in lines.values():  # medians over seeds
        assert line.get_xdata().tolist() == [0.25, 0.5] and line.get_ydata().tolist() == [0.5, 1.0]
    band = ax.collections[0].get_paths()[0].vertices
    assert {tuple(row) for row in np.round(band, 6)} >= {(0.25, 0.25), (0.25, 1.25), (0.5, 0.5), (0.5, 2.5)}  # quartiles
    assert ax.get_title() == "12 networks"
    (ax,) = na.plot.sweep(measured, "kind", "value")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"] and ax.get_xlabel() == "value"
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"rate 0.25", "rate 0.5"}
    for wrong, words in ((dict(x="gain"), "x: there is no setting 'gain', but rate, kind"),
                         (dict(y="gain"), "y: there is no column 'gain', but rate"),
                         (dict(y="word"), "y: no network has a number in column 'word'")):  # fmt: skip
        with pytest.raises(na.Error, match=words):
            na.plot.sweep(measured, **wrong)
    with pytest.raises(na.InvalidTypeError, match="found: expected a neuroai.Sweep"):
        na.plot.sweep({})


def run_with(performance, loss):
    """A history of one evaluation an update."""
    rows = np.full((len(loss), na._c.NAI_HISTORY_COSTS + 1), np.nan)
    rows[:, na._c.NAI_HISTORY_COST], rows[:, na._c.NAI_HISTORY_PERFORMANCE] = loss, performance
    return na.History(["mse"], rows)


def test_runs_compared(measured):
    short, one, other = run_with([0.5, 0.9], [3, 1.0]), run_with([0.5] * 4, [4.0] * 4), run_with([0.1] * 4, [2.0] * 4)
    above, below = na.plot.learning({"single": one, "several": [short, one, other]})
    assert above.lines[0].get_ydata().tolist() == [0.5] * 4 and above.get_ylabel() == "fraction correct"
    assert above.lines[1].get_ydata().tolist() == [0.5] * 4  # the short one stays at its last value, 0.9
    assert below.lines[1].get_ydata().tolist() == [3, 2, 2, 2]
    assert above.collections[0].get_paths()[0].get_extents().y1 == pytest.approx(0.7)
    assert [text.get_text() for text in below.get_legend().get_texts()] == ["single", "several (n = 3)"]
    assert len(na.plot.learning({"a": run_with([np.nan] * 3, [1.0, 2, 3])})) == 1
    assert len(na.plot.learning(measured.histories("kind"))) == 2
    for wrong in ({}, {"a": []}, {"a": na.History(["mse"])}):
        with pytest.raises(na.InvalidError, match="histories: "):
            na.plot.learning(wrong)
    for wrong in (one, {"a": 3}, {"a": [3]}):
        with pytest.raises(TypeError):
            na.plot.learning(wrong)
