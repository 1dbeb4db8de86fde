"""Runs what has to be measured, each seed in a fresh process of one thread, so many at once; shows how long is left."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import os
import sys
import time
import traceback
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import kept as kept_values
from harness import FAILED, NOT, NOT_RUN, TOO_SHORT, NotRun, Result, Row
from kept import Kept

#: One thread a process; this must stand in the environment before NumPy is imported.
_ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass
class Job:
    """One measure of one seed."""

    measure: Callable[[int, bool], Any]
    seed: int
    quick: bool
    #: CPU time that it takes, about.
    seconds: float
    process: Any = None
    pipe: Any = None
    started: float = 0.0


# --- one process -----------------------------------------------------------------------------------------------------


#: What a process sends: kind, value, CPU time, the library that made it, its key.
Answer = Tuple[str, Any, float, str, str]


def _work(pipe: Any, measure: Callable[[int, bool], Any], seed: int, quick: bool, library: str) -> None:
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # where the bars of long evaluations go
    if "neuroai" in sys.modules:  # the library may have been built again since the run began
        library = kept_values.library()
    key = kept_values.key(measure, library)
    start = time.process_time()
    try:
        value: Any = json.loads(json.dumps(measure(seed, quick), default=_plain))
        kind = "value"
    except NotRun as exception:
        kind, value = "not run", str(exception)
    except BaseException as exception:
        said = f"seed {seed}: {type(exception).__name__}: {exception}"
        kind, value = "failed", (said, traceback.format_exc())
    pipe.send((kind, value, time.process_time() - start, library, key))


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"measure() must return plain numbers, lists and dicts, not {type(value).__name__}")


def _start(context: Any, job: Job) -> None:
    job.pipe, theirs = context.Pipe(duplex=False)
    job.process = context.Process(target=_work, args=(theirs, job.measure, job.seed, job.quick, kept_values.library()))
    job.process.start()
    job.started = time.monotonic()
    theirs.close()


def _end(job: Job) -> Answer:
    """What a job sent; a process that died without a word has crashed."""
    try:
        answer = job.pipe.recv()
    except EOFError:
        job.process.join()
        said = f"seed {job.seed}: the process ended with exit code {job.process.exitcode}"
        answer = ("failed", (said, said), 0.0, "", "")
    job.process.join()
    job.pipe.close()
    return answer


# --- many ------------------------------------------------------------------------------------------------------------


class Progress:
    """A bar over the time that everything takes, about. Without ``show`` it does nothing."""

    def __init__(self, jobs: Sequence[Job], processes: int, show: bool) -> None:
        self._bar, self._done, self._processes = None, 0.0, processes
        self.every = 60.0
        if show and jobs:
            from tqdm import tqdm

            self.every = 1.0 if sys.stderr.isatty() else 60.0
            form = "{percentage:3.0f} % of " + str(len(jobs)) + " runs |{bar}| {elapsed} gone, about {desc} left"
            total = sum(job.seconds for job in jobs)
            self._bar = tqdm(total=total, bar_format=form, dynamic_ncols=True, mininterval=0, file=sys.stderr)
            self.update([])

    def ended(self, job: Job) -> None:
        self._done += job.seconds

    def update(self, running: Sequence[Job]) -> None:
        """A run that is going on counts by its time, but never as ended."""
        if self._bar is None:
            return
        now = time.monotonic()
        going = sum(min(now - job.started, 0.95 * job.seconds) for job in running)
        self._bar.n = min(self._done + going, self._bar.total)
        gone, share = self._bar.format_dict["elapsed"], self._bar.n / self._bar.total
        # Until a twentieth is through, by the estimate alone.
        left = gone * (1 - share) / share if share > 0.05 else (self._bar.total - self._bar.n) / self._processes
        self._bar.set_description_str(self._bar.format_interval(left), refresh=False)
        self._bar.refresh()

    def write(self, text: str) -> None:
        """Prints above the bar."""
        if self._bar is None:
            print(text, flush=True)
        else:
            self._bar.write(text, file=sys.stdout)
            sys.stdout.flush()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _all_done(jobs: List[Job], processes: int, progress: Progress) -> Iterable[Tuple[Job, Answer]]:
    """Runs jobs in this order, so many at once, each in a fresh process; yields them as they end."""
    os.environ.update(_ONE_THREAD)  # children inherit it
    context = multiprocessing.get_context("spawn")
    waiting, running = list(jobs), []  # type: ignore[var-annotated]
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                job = waiting.pop(0)
                _start(context, job)
                running.append(job)
            ready = multiprocessing.connection.wait([job.pipe for job in running], timeout=progress.every)
            for job in [job for job in running if job.pipe in ready]:
                running.remove(job)
                progress.ended(job)
                yield job, _end(job)
            progress.update(running)
    finally:
        for job in running:
            job.process.terminate()


def seeds_of(row: Row, quick: bool, seeds: Optional[int] = None) -> range:
    return range(1, (seeds or (row.quick_seeds if quick else row.seeds)) + 1)


def needed(rows: Sequence[Row], quick: bool, seeds: Optional[int], store: Kept) -> List[Job]:
    """What has to be run, the longest first."""
    jobs: Dict[Tuple[Any, int], Job] = {}
    for row in rows:
        for seed in seeds_of(row, quick, seeds):
            if not store.current(row.measure, seed, quick):
                record = store.get(row.measure, seed, quick)
                known = record["seconds"] if record and record["kind"] == "value" else 0
                minutes = row.minutes / (6 if quick else 1)
                jobs.setdefault((row.measure, seed), Job(row.measure, seed, quick, known or 60 * minutes))
    return sorted(jobs.values(), key=lambda job: -job.seconds)


def run_rows(
    rows: Sequence[Row],
    store: Kept,
    quick: bool = False,
    seeds: Optional[int] = None,
    processes: Optional[int] = None,
    show: bool = False,
) -> Iterable[Tuple[Row, Result, Progress]]:
    """Runs what is not kept yet on the machine's cores; yields each row as it is complete, the kept ones at once.

    Args:
        rows: which.
        store: of earlier runs; each value goes there as it ends.
        quick: the short form.
        seeds: so many instead of the rows' own.
        processes: at once; the number of cores.
        show: a progress bar on stderr.
    """
    waiting = {row.name: row for row in rows}
    jobs = needed(rows, quick, seeds, store)
    processes = processes or os.cpu_count() or 1
    missing = {(job.measure, job.seed) for job in jobs}
    progress = Progress(jobs, processes, show)

    def complete() -> Iterable[Tuple[Row, Result, Progress]]:
        for row in list(waiting.values()):
            if not any((row.measure, seed) in missing for seed in seeds_of(row, quick, seeds)):
                del waiting[row.name]
                result = result_of(row, store, quick, seeds)
                assert result is not None
                yield row, result, progress

    try:
        yield from complete()
        for job, (kind, value, seconds, library, key) in _all_done(jobs, processes, progress):
            record = {"kind": kind, "value": value, "seconds": seconds, "date": time.strftime("%Y-%m-%d")}
            record.update(key=key, library=library)
            store.put(job.measure, job.seed, quick, record)
            missing.discard((job.measure, job.seed))
            yield from complete()
    finally:
        progress.close()


# --- judging ---------------------------------------------------------------------------------------------------------


def result_of(row: Row, store: Kept, quick: bool, seeds: Optional[int] = None) -> Optional[Result]:
    """The row judged by what is kept, whatever made it; None where some seed was never run."""
    numbers = seeds_of(row, quick, seeds)
    records = [store.get(row.measure, seed, quick) for seed in numbers]
    found = [record for record in records if record is not None]
    if len(found) < len(records):
        return None
    result = _judged(row, found, quick)
    result.name, result.seeds, result.quick = row.name, len(found), quick
    result.values = [record["value"] for record in found if record["kind"] == "value"]
    result.seconds = sum(record["seconds"] for record in found)
    result.date = max(record["date"] for record in found)
    result.made_by = sorted({record["library"] for record in found} - {""})
    result.current = all(store.current(row.measure, seed, quick) for seed in numbers)
    return result


def _judged(row: Row, records: List[Dict[str, Any]], quick: bool) -> Result:
    values = [record["value"] for record in records if record["kind"] == "value"]
    failures = [record["value"] for record in records if record["kind"] == "failed"]
    missing = [record["value"] for record in records if record["kind"] == "not run"]
    if failures:
        # A claim about seeds is not judged on those that happened to end.
        return Result("; ".join(said for said, _ in failures), FAILED, failures[0][1].strip().splitlines()[-1])
    if missing:
        return Result(missing[0], NOT_RUN)
    try:
        result = row.judge(values, quick)
    except Exception as exception:
        return Result(f"judge: {type(exception).__name__}: {exception}", FAILED)
    if result.level == TOO_SHORT and not quick:
        result.level = NOT
    return result
