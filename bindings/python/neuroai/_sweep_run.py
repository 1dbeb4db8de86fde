"""Running a sweep in processes: what joblib has, what is shown meanwhile, and what happens when one of them dies."""

from __future__ import annotations

import json
import math
import threading
import time
import warnings
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Dict, Iterator, List, Optional, Sequence

from ._needed import needed
from ._sweep_plan import Plan, run_planned, write_whole

#: So many times the process of a network may die among others, and then it is run alone, once.
TRIES = 2


class Bar:
    """Progress over all networks, in updates, of which those that run tell by their checkpoints."""

    def __init__(self, plan: Plan, wanted: bool) -> None:
        self._plan, self._wanted = plan, wanted
        self._over = threading.Event()
        self._done: Dict[int, bool] = {}
        self._thread: Optional[threading.Thread] = None

    def __enter__(self) -> "Bar":
        if self._wanted:
            needed("tqdm", "a progress bar (progress=False goes without)")
            from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

            for k in range(len(self._plan.jobs)):
                if self._plan.here(k).done:
                    self._done[k] = True
            total = self._plan.steps * len(self._plan.jobs)
            self._bar = tqdm(total=total, unit=" updates", unit_scale=True, dynamic_ncols=True, initial=self._now())
            self._show()
            self._thread = threading.Thread(target=self._watch, name="neuroai sweep", daemon=True)
            self._thread.start()
        return self

    def done(self, k: int) -> None:
        self._done[k] = self._plan.here(k).done

    def _now(self) -> int:
        """A network that stopped early counts as one that made all updates."""
        running = (self._plan.here(k) for k in range(len(self._plan.jobs)) if k not in self._done)
        return self._plan.steps * len(self._done) + sum(here.updates for here in running if here.running.exists())

    def _show(self) -> None:
        good = sum(self._done.values())
        failed = f", {len(self._done) - good} failed" if good < len(self._done) else ""
        self._bar.set_postfix_str(f"{good} of {len(self._plan.jobs)} networks{failed}", refresh=False)
        self._bar.update(max(0, self._now() - self._bar.n))
        self._bar.refresh()

    def _watch(self) -> None:
        wait = 1.0
        while not self._over.wait(wait):
            begun = time.monotonic()
            self._show()
            wait = max(1.0, 20 * (time.monotonic() - begun))  # the folders of thousands may be far away

    def __exit__(self, *exception: Any) -> None:
        if self._thread is not None:
            self._over.set()
            self._thread.join()
            self._show()
            self._bar.close()


def _in_processes(path: str, which: Sequence[int], workers: Optional[int]) -> Iterator[int]:
    """Gives the number of each network when it has ended, by the processes that joblib has: its own, or of a cluster."""
    joblib = needed("joblib", "a sweep in several processes (workers=1 goes without)", "sweeps")
    backend, chosen = joblib.parallel.get_active_backend()
    own = type(backend).__name__ == "LokyBackend"
    n = workers or (chosen if chosen not in (None, 1) else -1)
    how = {"backend": "loky", "inner_max_num_threads": 1} if own else {}
    unordered = {"return_as": "generator_unordered"} if getattr(backend, "supports_return_generator", True) else {}
    with joblib.parallel_config(**how):
        pool = joblib.Parallel(n_jobs=n, batch_size=1, pre_dispatch="2*n_jobs", **unordered)
        yield from pool(joblib.delayed(run_planned)(path, k) for k in which)


def run_all(plan: Plan, left: List[int], workers: Optional[int], bar: Bar) -> None:
    """Until each has a result. When a process dies, joblib ends the others; all go on from their checkpoints."""
    path, died = plan.write(), dict.fromkeys(left, 0)
    while left:
        together = [k for k in left if died[k] < TRIES]
        batch = together or left[:1]
        try:
            for k in _in_processes(path, batch, workers if together else 2):
                left.remove(k)
                bar.done(k)
        except BrokenProcessPool:
            for k in [k for k in left if plan.here(k).done]:
                left.remove(k)
            if not _mourn(plan, batch, left, died):
                raise  # no network was at work: the processes themselves cannot be started
            for k in set(batch).difference(left):
                bar.done(k)


def _mourn(plan: Plan, batch: List[int], left: List[int], died: Dict[int, int]) -> bool:
    """Which networks were at work when a process died; one that was alone has killed it. False: there were none."""
    at_work = [k for k in batch if k in left and plan.here(k).running.exists()]
    if not at_work:
        return False
    for k in at_work:
        died[k] += 1
        plan.here(k).running.unlink(missing_ok=True)
    if len(batch) > 1 or died[batch[0]] <= TRIES:
        warnings.warn("a process of the sweep died; its networks go on from their checkpoints", stacklevel=5)
        return True
    (k,) = batch
    setting, seed = plan.jobs[k]
    words = "its process died again and again: killed, crashed, or out of memory"
    record = {**setting, "seed": seed, "updates": plan.here(k).updates, "cost": math.nan, "performance": math.nan}
    found = {"record": {**record, "error": words}, "costs": [], "seconds": 0.0}
    write_whole(plan.here(k).path / "result.json", json.dumps(found))
    write_whole(plan.here(k).error, words + "\n")
    left.remove(k)
    return True
