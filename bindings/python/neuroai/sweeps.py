"""Sweeps: many networks, each of a setting and a seed, trained side by side, and what has become of them in one table.

A sweep lives in a folder, with a folder for each network: its checkpoint, and in the end its result. Whoever runs the
sweep (processes of this machine, Dask, an array of Slurm) only has to see that folder; so what is interrupted goes on
from there, with the same bits as if it had not been.
"""

from __future__ import annotations

import copy
import csv
import json
import math
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from . import _c
from ._closed import Closed, Record
from ._handle import brief, file_name, frozen, listed, real, whole, wrong_type
from ._kinds import of_their_kind
from ._needed import needed
from ._sweep_plan import Make, Plan, Settings, as_read, every_seed, every_setting, from_json, name_of, plan_of, train, write_whole
from ._sweep_run import Bar, run_all
from ._sweep_slurm import script
from .callbacks import Called
from .errors import InvalidError, OrderError, UnknownNameError
from .history import History
from .network import Network
from .trainer import Trainer

__all__ = ["Sweep", "sweep"]

Folder = Union[str, "os.PathLike[str]"]


class Sweep(Closed):
    """Networks of every setting and seed, in a folder, and their results as far as there are any; see :func:`sweep`.

    ``Sweep(...)`` only plans; :meth:`run` trains what has no result yet, :meth:`slurm` writes a script that does.

    Attributes:
        folder: of the sweep.
        settings: of each network, one dictionary a network; ``seeds`` likewise.
        steps: updates that each network makes at most.
    """

    folder: Path
    settings: Tuple[Dict[str, Any], ...]
    seeds: Tuple[int, ...]
    steps: int
    _otherwise = "it is as it was planned; make another one, na.Sweep(make, ...)"

    def __init__(
        self,
        make: Make,
        settings: Settings = None,
        seeds: Union[int, Sequence[int]] = 1,
        *,
        steps: int,
        folder: Optional[Folder] = None,
        stop_at: Optional[float] = None,
        evaluate_every: Optional[int] = None,
        save_every: float = 10.0,
        callbacks: Optional[Callable[[Path], Sequence[Called]]] = None,
        measure: Optional[Callable[[Trainer], Mapping[str, Any]]] = None,
    ) -> None:
        for what, function in (("make", make), ("callbacks", callbacks), ("measure", measure)):
            if not callable(function) and not (function is None and what != "make"):
                raise wrong_type(what, "a function", function)
        if whole("steps", steps, _c.int64) < 0:
            raise InvalidError(f"steps is {steps}, must be at least 0")
        if not real("save_every", save_every) >= 0:
            raise InvalidError(f"save_every is {save_every}, must be at least 0")
        jobs = [(one, seed) for one in every_setting(settings) for seed in every_seed(seeds)]
        (name, count), *_ = Counter(name_of(*job) for job in jobs).most_common(1)
        if count > 1:
            raise InvalidError(f"settings: there are two networks of {name}")
        self._temporary = tempfile.TemporaryDirectory(prefix="neuroai-sweep-") if folder is None else None
        where = os.fsdecode(file_name("folder", folder if self._temporary is None else self._temporary.name))
        path = Path(os.path.abspath(where))
        path.mkdir(parents=True, exist_ok=True)
        self._plan = Plan(make, jobs, path, steps, stop_at, evaluate_every, float(save_every), callbacks, measure)
        self._agree()
        self._tell()

    def _tell(self) -> None:
        jobs = self._plan.jobs
        self._keep(folder=self._plan.folder, steps=self._plan.steps)
        self._keep(settings=tuple(Record(one) for one, _ in jobs), seeds=tuple(seed for _, seed in jobs))

    def _agree(self) -> None:
        """Results of a sweep with other numbers would be taken for those of this one."""
        path = self._plan.folder / "sweep.json"
        ours = {name: getattr(self._plan, name) for name in ("steps", "stop_at", "evaluate_every")}
        theirs = from_json(path)
        for name, value in ours.items():
            if theirs is not None and theirs[name] != value:
                raise InvalidError(f"{name} is {value}, but {theirs[name]} in the sweep that is in {self._plan.folder}: take another folder")
        write_whole(path, json.dumps(ours))

    @classmethod
    def load(cls, folder: Folder) -> "Sweep":
        """The sweep in a folder, as it was planned by whoever ran it in several processes or wrote its script."""
        path = Path(os.path.abspath(os.fsdecode(file_name("folder", folder))))
        if not (path / "plan.pickle").exists():
            raise OrderError(f"folder: there is no plan of a sweep in {path}")
        found = cls.__new__(cls)
        found._temporary, found._plan = None, copy.copy(plan_of(str(path / "plan.pickle"), (path / "plan.pickle").stat().st_mtime_ns))
        found._plan.folder = path
        found._tell()
        return found

    # --- running it --------------------------------------------------------------------------------------------------

    def run(self, workers: Optional[int] = None, progress: bool = True) -> "Sweep":
        """Trains the networks that have no result yet, or failed; see :func:`sweep`."""
        if workers is not None and whole("workers", workers) < 1:
            raise InvalidError(f"workers is {workers}, must be at least 1")
        left = [k for k in range(len(self)) if not self._plan.here(k).done]
        for k in left:
            self._plan.here(k).running.unlink(missing_ok=True)  # of a process that was killed
        with Bar(self._plan, progress) as bar:
            if workers == 1:
                for k in left:
                    train(self._plan, k)
                    bar.done(k)
            elif left:
                run_all(self._plan, left, workers, bar)
        return self

    def slurm(
        self,
        path: Optional[Folder] = None,
        *,
        tasks: Optional[int] = None,
        at_once: Optional[int] = None,
        options: Optional[Mapping[str, Union[str, int]]] = None,
        before: Sequence[str] = (),
        python: str = sys.executable,
    ) -> Path:
        """Writes a script for an array of Slurm, ``sbatch PATH``; nothing is run.

        Each task trains its networks one after the other, on one core. The same command again finishes what is left, as
        after a time limit. When all are done, :meth:`run` has nothing to do, and the results are there.

        Args:
            path: of the script; default: "array.sh" in the folder of the sweep, which all nodes must see.
            tasks: of the array; default: one a network, at most 1000 (a common limit, MaxArraySize).
            at_once: how many of them may run at a time.
            options: of sbatch, by their long names: ``{"time": "2:00:00", "mem": "2G", "partition": "short"}``.
            before: lines of shell that come first, such as ``["module load python"]``.
            python: the Python of the nodes, which has neuroai.

        Returns:
            The path of the script.
        """
        if self._temporary is not None:
            raise OrderError("slurm: the sweep has no folder of its own: give it one that all nodes see")
        n = min(len(self), 1000) if tasks is None else whole("tasks", tasks)
        for name, value, most in (("tasks", n, len(self)), ("at_once", 1 if at_once is None else at_once, n)):
            if not 1 <= whole(name, value) <= most:
                raise InvalidError(f"{name} is {value}, must be 1 to {most}")
        text = script(self.folder, n, at_once, options or {}, before, python)
        self._plan.write()
        where = Path(os.path.abspath(os.fsdecode(file_name("path", self.folder / "array.sh" if path is None else path))))
        write_whole(where, text)
        where.chmod(0o755)
        return where

    # --- what has become of it ---------------------------------------------------------------------------------------

    @property
    def records(self) -> List[Dict[str, Any]]:
        """One dictionary a network that has a result, in the order of the settings and then of the seeds.

        It has the settings and the seed; ``updates`` that were made; ``cost``, the mean of J over the last 100 of them;
        ``performance`` at the last evaluation, or NaN; what was measured; ``error``, "" where there was none.
        """
        found = [result["record"] for _, result in self._results()]
        columns = dict.fromkeys(name for record in found for name in record if name != "error")
        order = [*columns, "error"]
        return [{name: as_read(record.get(name, math.nan)) for name in order} for record in found]

    def _results(self) -> Iterator[Tuple[int, Dict[str, Any]]]:
        for k in range(len(self)):
            result = self._plan.here(k).result
            if result is not None:
                yield k, result

    @property
    def table(self) -> Any:
        """The records as a pandas.DataFrame, one row a network; without pandas the records themselves."""
        try:
            pandas = needed("pandas", "a table of the sweep", "tables")
        except ImportError:
            return self.records
        return pandas.DataFrame(self.records)

    def to_csv(self, path: Folder) -> None:
        """Writes the records as a table."""
        records = self.records
        with open(file_name("path", path), "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(records[0] if records else ())
            writer.writerows(["" if value != value else value for value in record.values()] for record in records)

    @property
    def failures(self) -> Dict[int, str]:
        """The message of each network that failed, by its number; its traceback is in error.txt of its folder."""
        return {k: result["record"]["error"] for k, result in self._results() if result["record"]["error"]}

    @property
    def unfinished(self) -> List[int]:
        """The numbers of the networks that have no result yet, or failed."""
        return [k for k in range(len(self)) if not self._plan.here(k).done]

    @property
    def seconds(self) -> Dict[int, float]:
        """How long each network took, all its interrupted runs together, by its number."""
        return {k: float(result["seconds"]) for k, result in self._results()}

    def path(self, k: int) -> Path:
        """The folder of a network."""
        return self._plan.here(self._number(k)).path

    def history(self, k: int) -> History:
        """The history of a network that is done."""
        here = self._plan.here(self._number(k))
        result = here.result
        if result is None or result["record"]["error"]:
            raise OrderError(f"history: network {k} is not done: {result['record']['error'] if result else 'it has no result'}")
        return History(result["costs"], frozen(np.load(here.path / "history.npy")))

    def histories(self, by: Union[None, str, Sequence[str]] = None) -> Dict[str, List[History]]:
        """The histories of networks that are done, by the values of some settings; default: of all that differ."""
        return {label: [self.history(k) for k in numbers] for label, numbers in self.groups(by).items()}

    def groups(self, by: Union[None, str, Sequence[str]] = None) -> Dict[str, List[int]]:
        """The numbers of the networks that are done, by the values of some settings: ``{"gain 0.5": [0, 1], ...}``."""
        names = self.varied if by is None else [by] if isinstance(by, str) else list(by)
        for name in names:
            if name not in self.settings[0]:
                raise UnknownNameError(f"by: there is no setting {brief(name)}, but {listed(self.settings[0]) or 'none'}")
        found: Dict[str, List[int]] = {}
        for k, setting in enumerate(self.settings):
            if self._plan.here(k).done:
                found.setdefault(label_of({name: setting[name] for name in names}), []).append(k)
        return found

    @property
    def varied(self) -> List[str]:
        """The settings that have more than one value."""
        return [name for name in self.settings[0] if len({repr(one[name]) for one in self.settings}) > 1]

    def network(self, k: int) -> Network:
        """A network as it was at its last checkpoint, at the end if it is done."""
        return Network.load(self._checkpoint(k), progress=False)

    def trainer(self, k: int) -> Trainer:
        """The trainer of a network, made again, as it was at its last checkpoint."""
        checkpoint = self._checkpoint(k)
        return self._plan.make(**self.settings[k], seed=self.seeds[k]).restore(checkpoint)

    def _checkpoint(self, k: int) -> Path:
        here = self._plan.here(self._number(k))
        if not here.checkpoint.exists():
            raise OrderError(f"network {k} has no checkpoint yet")
        return here.checkpoint

    def _number(self, k: int) -> int:
        if not 0 <= whole("k", k) < len(self):
            raise InvalidError(f"k is {k}, must be 0 to {len(self) - 1}")
        return k

    def __len__(self) -> int:
        return len(self.seeds)

    def __repr__(self) -> str:
        failed = len(self.failures)
        done = len(self) - len(self.unfinished)
        return f"<Sweep: {done} of {len(self)} networks{f', {failed} failed' if failed else ''}, in {self.folder}>"


def label_of(setting: Mapping[str, Any]) -> str:
    """A setting in words: a word stands for itself, a number follows its name."""
    words = [value if isinstance(value, str) else f"{name.replace('_', ' ')} {_short(value)}" for name, value in setting.items()]
    return ", ".join(words) or "all"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@of_their_kind
def sweep(
    make: Make,
    settings: Settings = None,
    seeds: Union[int, Sequence[int]] = 1,
    *,
    steps: int,
    folder: Optional[Folder] = None,
    workers: Optional[int] = None,
    stop_at: Optional[float] = None,
    evaluate_every: Optional[int] = None,
    save_every: float = 10.0,
    callbacks: Optional[Callable[[Path], Sequence[Called]]] = None,
    measure: Optional[Callable[[Trainer], Mapping[str, Any]]] = None,
    progress: bool = True,
) -> Sweep:
    """Trains a network of every setting and seed, in processes of their own, and gives the results as a table::

        def make(gain, seed):
            net = na.Network(dt=20)...build(seed)
            return na.Trainer(net, task, na.CrossEntropy("choice"), seed=seed)

        found = na.sweep(make, {"gain": [0.5, 1, 2]}, seeds=10, steps=2000, folder="gain")
        print(found.table)
        na.plot.sweep(found, "gain")

    With a folder the sweep can be interrupted, by Ctrl-C or by force: the same call again goes on with the networks that
    have no result, each from its checkpoint, and ends with the same table to the last bit. More settings and seeds may
    be added. A network that fails has its message in the table; the others go on, and the next call tries it again.

    Args:
        make: gets the setting and the seed by name and returns a trainer. Functions of a script go along to the
            processes; what it needs should be made in it, or be small.
        settings: values by name, of which all combinations are taken: ``{"gain": [0.5, 1], "rule": ["BPTT", "RFLO"]}``; or
            a list of mappings. Numbers, words, and lists of them.
        seeds: their number (0, 1, ...), or a list.
        steps: updates that each network makes at most.
        folder: of the sweep; None: one that goes with the object that is returned.
        workers: processes; default: as many as this process may use cores. 1: this process, without joblib. The backend
            is joblib's own, or that of ``joblib.parallel_config``, such as "dask".
        stop_at, evaluate_every: as in :meth:`Trainer.fit`.
        save_every: seconds between checkpoints: what a killed process loses.
        callbacks: gives the callbacks of one network, from its folder:
            ``lambda folder: [na.Patience(5), na.CSVLog(folder / "log.csv")]``.
        measure: gets each trainer at the end and returns further columns, by name.
        progress: whether to show a progress bar.
    """
    planned = Sweep(
        make,
        settings,
        seeds,
        steps=steps,
        folder=folder,
        stop_at=stop_at,
        evaluate_every=evaluate_every,
        save_every=save_every,
        callbacks=callbacks,
        measure=measure,
    )
    return planned.run(workers, progress)
