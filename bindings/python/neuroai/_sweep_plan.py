"""The networks of a sweep: settings and seeds, the folder of each, and how one is trained, in whatever process."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import math
import os
import pickle
import re
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from . import _c
from ._handle import brief, expect, listed, whole, wrong_type
from ._needed import needed
from .callbacks import Called, KeepBest, Progress, Several
from .errors import InvalidError, OrderError
from .trainer import Trainer

#: What makes a setting and a seed a trainer; values of each setting; a folder.
Make = Callable[..., Trainer]
Settings = Union[None, Mapping[str, Sequence[Any]], Sequence[Mapping[str, Any]]]

#: Columns of the table beside settings and what is measured.
OWN = ("seed", "updates", "cost", "performance", "error")
#: Updates over which the cost of the table is a mean.
LAST = 100

# --- which networks --------------------------------------------------------------------------------------------------


def _plain(name: str, value: Any) -> Any:
    """A value of a setting as JSON has it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(name, one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise wrong_type(f"settings: {brief(name)}", "numbers, words, True, False or None, and let make() choose by them", value)


def as_read(value: Any) -> Any:
    """The other way; what is a list in JSON can be a key as a tuple."""
    return tuple(as_read(one) for one in value) if isinstance(value, list) else value


def every_setting(settings: Settings) -> List[Dict[str, Any]]:
    """One dictionary a setting: all combinations of the values of a mapping, in their order."""
    if settings is None:
        return [{}]
    if isinstance(settings, Mapping):
        for name, values in settings.items():
            if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, np.ndarray, range)):
                raise wrong_type(f"settings: {brief(name)}", "a list of its values", values)
        found = [dict(zip(settings, values)) for values in itertools.product(*settings.values())]
    else:
        if isinstance(settings, str) or not all(isinstance(one, Mapping) for one in settings):
            raise wrong_type("settings", "a mapping from names to lists of values, or a list of mappings", settings)
        found = [dict(one) for one in settings]
    if not found:
        raise InvalidError("settings: there are none")
    for one in found:
        if list(one) != list(found[0]):
            raise InvalidError(f"settings: {listed(one)} in one of them, {listed(found[0])} in the first")
    for name in found[0]:
        if not isinstance(name, str) or not name.isidentifier():
            raise wrong_type("settings", "names of arguments of make()", name)
        if name in OWN:
            raise InvalidError(f"settings: {brief(name)} is a column of its own; call the setting something else")
    return [{name: as_read(_plain(name, value)) for name, value in one.items()} for one in found]


def every_seed(seeds: Union[int, Sequence[int]]) -> List[int]:
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        if seeds < 1:
            raise InvalidError(f"seeds is {seeds}, must be at least 1")
        return list(range(int(seeds)))
    if isinstance(seeds, (str, bytes)) or not hasattr(seeds, "__iter__"):
        raise wrong_type("seeds", "their number, or a list of seeds", seeds)
    each: Any = seeds
    found = [whole("seeds", seed, _c.uint64) for seed in each]
    if not found:
        raise InvalidError("seeds: there are none")
    return found


def _word(value: Any) -> Optional[str]:
    """A value as it stands in the name of a folder, where no other value stands so."""
    if isinstance(value, str):
        return value if re.fullmatch(r"[A-Za-z_][\w-]*", value) and value not in ("None", "True", "False", "nan", "inf") else None
    return repr(value) if value is None or isinstance(value, (bool, int, float)) else None


def name_of(setting: Mapping[str, Any], seed: int) -> str:
    """The folder of a network: in words where they are short, so that it can be found, and else with a number of them."""
    words = {name: _word(value) for name, value in setting.items()}
    text = ",".join([*(f"{name}={word}" for name, word in words.items()), f"seed={seed}"])
    if None not in words.values() and len(text) <= 120:
        return text
    digest = hashlib.sha256(json.dumps(_plain("", [*setting.items(), seed])).encode()).hexdigest()[:12]
    return f"{','.join(f'{name}={word}' for name, word in words.items() if word)[:80]}-{digest},seed={seed}"


# --- files -----------------------------------------------------------------------------------------------------------


def write_whole(path: Path, data: Union[str, bytes]) -> None:
    """A file that is there as a whole, or as it was."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data.encode() if isinstance(data, str) else data)
    os.replace(beside, path)


def from_json(path: Path) -> Optional[Dict[str, Any]]:
    try:
        found: Dict[str, Any] = json.loads(path.read_text())
        return found
    except FileNotFoundError:
        return None


class Here:
    """The folder of one network."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint = path / "checkpoint.safetensors"
        self.running = path / "running"
        self.error = path / "error.txt"

    @property
    def result(self) -> Optional[Dict[str, Any]]:
        return from_json(self.path / "result.json")

    @property
    def done(self) -> bool:
        result = self.result
        return result is not None and not result["record"]["error"]

    @property
    def updates(self) -> int:
        """Updates at its last checkpoint."""
        steps = [int(path.stem.partition("-")[2]) for path in self.path.glob("memory-*.json")]
        return min(steps, default=0)


class _Saved(Several):
    """The callbacks of one network, with checkpoints and what the others have to remember, written before each."""

    def __init__(self, callbacks: Any, here: Here, every: float, stop_at: Optional[float]) -> None:
        super().__init__(callbacks)
        for one in self._all:
            if isinstance(one, KeepBest) and one.path is None:
                raise InvalidError('callbacks: KeepBest needs a path in a sweep: na.KeepBest(folder / "best.safetensors")')
        self._here, self._every, self._stop_at = here, every, stop_at
        self._trainer: Any = None
        self._moment = self._since = time.perf_counter()
        self._spent = 0.0

    def begin(self, trainer: Trainer) -> bool:
        self._trainer = trainer
        over = super().begin(trainer)
        memory = from_json(self._here.path / f"memory-{trainer.updates}.json")
        if memory is not None:
            for one, was in zip(self._all, memory["callbacks"]):
                one.recall(was)
            over, self._spent = memory["over"], memory["seconds"]
        return over

    def after(self, now: Progress) -> bool:
        over = super().after(now) or self._met(now)
        if over or now.step == now.steps or time.perf_counter() - self._moment >= self._every:
            self._save(over or now.step == now.steps)
        return over

    def _met(self, now: Progress) -> bool:
        """Whether the library ends the run here by itself, as it must not go on when it is resumed."""
        reached = self._stop_at is not None and now.evaluated and now.performance >= self._stop_at > 0
        return reached or (self._trainer.curriculum is not None and self._trainer.stage is None)

    def _save(self, over: bool) -> None:
        """A process that dies between the two files leaves the old pair, and one file more."""
        folder, memory = self._here.path, f"memory-{self._trainer.updates}.json"
        spent = self._spent + time.perf_counter() - self._since
        found = {"over": over, "seconds": spent, "callbacks": [one.memory() for one in self._all]}
        write_whole(folder / memory, json.dumps(found))
        self._trainer.save(self._here.checkpoint)
        for path in folder.glob("memory-*.json"):
            if path.name != memory:
                path.unlink(missing_ok=True)
        self._moment = time.perf_counter()


# --- one network -----------------------------------------------------------------------------------------------------


def _measured(measure: Optional[Callable[[Trainer], Any]], trainer: Trainer, taken: Sequence[str]) -> Dict[str, Any]:
    if measure is None:
        return {}
    found = measure(trainer)
    if not isinstance(found, Mapping):
        raise wrong_type("measure", 'a function that returns numbers by name, {"dimensions": 3.2}', found)
    for name in found:
        if not isinstance(name, str) or name in taken:
            raise InvalidError(f"measure: {brief(name)} is no name for a column, or is that of another one")
    return {name: _plain(name, value) for name, value in found.items()}


def _record(trainer: Trainer) -> Dict[str, Any]:
    history = trainer.history
    last = float(history.performance[-1]) if len(history.performance) else math.nan
    cost = float(np.mean(history.loss[-LAST:])) if len(history) else math.nan
    return {"updates": len(history), "cost": cost, "performance": last}


def _updates(plan: "Plan", k: int, here: Here, trainer: Trainer) -> float:
    """Makes what updates there are left; the seconds that all of them took."""
    begun = time.perf_counter()
    if here.checkpoint.exists():
        trainer.restore(here.checkpoint)
    asked = _Saved(plan.callbacks(here.path) if plan.callbacks else [], here, plan.save_every, plan.stop_at)
    left = max(0, plan.steps - trainer.updates)
    trainer.fit(left, plan.stop_at, False, evaluate_every=plan.evaluate_every, callbacks=asked)
    return asked._spent + time.perf_counter() - begun


@contextmanager
def _alone(here: Here) -> Iterator[None]:
    """No other process trains this network meanwhile, such as one that has outlived a sweep that was killed.

    The system gives the lock back when the process ends, however it does. Where there are no locks all are let in.
    """
    with open(here.path / "lock", "w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        except (ImportError, OSError):
            pass
        yield


def train(plan: "Plan", k: int) -> None:
    """Trains one network to its end and writes its result; what goes wrong is its result, too."""
    here = plan.here(k)
    if not here.done:
        here.path.mkdir(parents=True, exist_ok=True)
        with _alone(here):
            if not here.done:
                _train(plan, k, here)


def _train(plan: "Plan", k: int, here: Here) -> None:
    setting, seed = plan.jobs[k]
    here.running.write_text(str(os.getpid()))
    record: Dict[str, Any] = {**setting, "seed": seed, "updates": 0, "cost": math.nan, "performance": math.nan}
    trainer: Optional[Trainer] = None
    names: Sequence[str] = ()
    seconds = 0.0
    try:
        begun = time.perf_counter()
        made = plan.make(**setting, seed=seed)
        trainer = expect("make", made, Trainer, "a function that returns a neuroai.Trainer")
        seconds = time.perf_counter() - begun
        seconds += _updates(plan, k, here, trainer)
        record.update(_record(trainer))
        begun = time.perf_counter()
        record.update(_measured(plan.measure, trainer, list(record)))
        seconds += time.perf_counter() - begun
        names, error = trainer.cost_names, ""
        np.save(here.path / "history.npy", trainer.history._rows)
        here.error.unlink(missing_ok=True)
    except Exception as exception:
        error = f"{type(exception).__name__}: {exception}"
        record["updates"] = 0 if trainer is None else trainer.updates
        write_whole(here.error, traceback.format_exc())
    found = {"record": {**record, "error": error}, "costs": list(names), "seconds": seconds}
    write_whole(here.path / "result.json", json.dumps(found))
    here.running.unlink(missing_ok=True)


class Plan:
    """What a process has to know to train any of the networks."""

    def __init__(
        self,
        make: Make,
        jobs: List[Tuple[Dict[str, Any], int]],
        folder: Path,
        steps: int,
        stop_at: Optional[float],
        evaluate_every: Optional[int],
        save_every: float,
        callbacks: Optional[Callable[[Path], Sequence[Called]]],
        measure: Optional[Callable[[Trainer], Mapping[str, Any]]],
    ) -> None:
        self.make, self.jobs, self.folder, self.steps = make, jobs, folder, steps
        self.stop_at, self.evaluate_every, self.save_every = stop_at, evaluate_every, save_every
        self.callbacks, self.measure = callbacks, measure

    def here(self, k: int) -> Here:
        return Here(self.folder / name_of(*self.jobs[k]))

    def write(self) -> str:
        """The file from which processes take it: functions of a script's own go along."""
        dumps = needed("cloudpickle", "a sweep in several processes (workers=1 goes without)", "sweeps").dumps
        path = self.folder / "plan.pickle"
        write_whole(path, dumps(self))
        return str(path)


@functools.lru_cache(maxsize=1)
def plan_of(path: str, written: int) -> Plan:
    with open(path, "rb") as file:
        found: Plan = pickle.load(file)
    return found


def run_planned(path: str, k: int) -> int:
    """What processes call: the plan is read once by each."""
    train(plan_of(path, os.stat(path).st_mtime_ns), k)
    return k


def run_task(folder: Path, task: int, tasks: int) -> List[Dict[str, Any]]:
    """What a task of an array runs: the networks task, task + tasks, ..., of the sweep in this folder."""
    path = str(folder / "plan.pickle")
    if not os.path.exists(path):
        raise OrderError(f"folder: there is no plan of a sweep in {folder}: write its script first, Sweep.slurm()")
    plan = plan_of(path, os.stat(path).st_mtime_ns)
    if not 0 <= task < tasks:
        raise InvalidError(f"task is {task}, must be 0 to {tasks - 1}")
    found = []
    for k in range(task, len(plan.jobs), tasks):
        train(plan, k)
        result = plan.here(k).result
        found.append(dict(result["record"]) if result else {})
    return found
