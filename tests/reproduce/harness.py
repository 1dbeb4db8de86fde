"""The harness of `make reproduce`: rows, how they are run, and the tables made of them.

A row is one claim of one paper. Files <paper>.py of this folder each have a list ``ROWS``; run.py finds them. To add
one::

    from harness import CLOSE, NOT, REPRODUCED, Result, Row, spread

    def measure(seed, quick):                    # top level: it runs in a process of its own, with one thread
        ...                                      # compose, train, evaluate: no printing, progress=False, threads=1
        return {"correct": 0.84, "curve": [...]} # what this seed gave: plain numbers, lists, dicts (it goes to JSON)

    def judge(values, quick):                    # the values of all seeds that ended, in the order of the seeds
        correct = [value["correct"] for value in values]
        verdict = REPRODUCED if median(correct) >= 0.83 else CLOSE if median(correct) >= 0.80 else NOT
        return Result(ours=spread(correct, "{:.3f}"), verdict=verdict, note="")

    def draw(values, quick):                     # optional: a matplotlib figure (backend Agg is set)
        ...
        return figure

    ROWS = [Row(name="paper2020.claim", paper="Author et al. 2020", claim="...", published="0.848",
                tolerance="median >= 0.83; close: >= 0.80", measure=measure, judge=judge, draw=draw,
                seeds=5, quick_seeds=1, minutes=2)]

The tolerance is written before the run, and judge() must do what it says. ``quick`` is the short form: fewer seeds and,
where measure() heeds it, shorter runs. The harness marks all verdicts of a quick run, none of which says "reproduced",
and they go to the build folder, never to docs/. Where a quick run is too short for the claim to be met, judge() returns
the verdict TOO_SHORT with what was seen in ``ours``. An exception (or crash) in one seed makes the row "failed", with
the reason; it is not hidden. Where data are missing that a user has to bring, measure() raises NotRun with a sentence
that says which, and the row is "not run".

A row with several numbers: make several rows that share a measure(); a measure that is shared, the same function with
the same ``seeds``, is run once for all of them.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import multiprocessing.connection
import os
import statistics
import time
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

REPRODUCED = "reproduced"
CLOSE = "close"
NOT = "not"
#: Only of a quick run: it ended before the claim could be met or missed.
TOO_SHORT = "too short to tell"
#: Set by the harness alone.
FAILED = "failed"
NOT_RUN = "not run"

#: A figure may be this large, bytes.
LARGEST_FIGURE = 100_000

#: One thread a process; this must stand in the environment before NumPy is imported.
_ONE_THREAD = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}


class NotRun(Exception):
    """Raised by measure() when something is missing that a user has to bring; says what, without a full stop."""


@dataclass(frozen=True)
class Row:
    """One claim. See the top of this file."""

    #: "<paper>.<claim>", also the name of its figure.
    name: str
    paper: str
    claim: str
    published: str
    #: What "reproduced" and "close" mean, said before the run.
    tolerance: str
    #: (seed, quick) -> what this seed gave; must be at the top level of its module.
    measure: Callable[[int, bool], Any]
    #: (values of all seeds, quick) -> Result
    judge: Callable[[List[Any], bool], "Result"]
    #: (values, quick) -> figure; None: no figure.
    draw: Optional[Callable[[List[Any], bool], Any]] = None
    #: Seeds 1 .. seeds.
    seeds: int = 1
    quick_seeds: int = 1
    #: Of one seed, about, on one core; what takes longest starts first.
    minutes: float = 1.0
    #: How the set-up differs from the published one; "" where it does not.
    note: str = ""


@dataclass
class Result:
    """What judge() returns; the harness fills the rest."""

    #: Ours in words and numbers: ``spread()`` makes "median (lowest - highest)".
    ours: str
    #: REPRODUCED, CLOSE, NOT, or TOO_SHORT in a quick run.
    verdict: str
    note: str = ""
    # Filled by the harness:
    name: str = ""
    seeds: int = 0
    #: CPU time of all seeds together.
    seconds: float = 0.0
    quick: bool = False
    date: str = ""
    figure: str = ""
    #: The values of measure(), by seed.
    values: List[Any] = field(default_factory=list)


# --- numbers ---------------------------------------------------------------------------------------------------------


def median(values: Iterable[float]) -> float:
    """Of the values; NaN without any. A run that never got there is infinite, and counts as such."""
    values = list(values)
    return statistics.median(values) if values else math.nan


def spread(values: Sequence[float], form: str = "{:.3g}") -> str:
    """"median (lowest - highest)"; of one value, that value."""
    values = [float(value) for value in values]
    if not values:
        return "-"
    shown = [form.format(value) for value in (median(values), min(values), max(values))]
    return shown[0] if len(values) == 1 else f"{shown[0]} ({shown[1]} - {shown[2]})"


def grade(value: float, reproduced: Tuple[float, float], close: Tuple[float, float]) -> str:
    """REPRODUCED, CLOSE or NOT, by two closed intervals; NaN is NOT."""
    if reproduced[0] <= value <= reproduced[1]:
        return REPRODUCED
    return CLOSE if close[0] <= value <= close[1] else NOT


# --- running ---------------------------------------------------------------------------------------------------------

#: A measure as it is shared: rows with the same key share its values.
Key = Tuple[Any, int]


@dataclass
class _Job:
    measure: Callable[[int, bool], Any]
    seed: int
    quick: bool
    process: Any = None
    pipe: Any = None


def _work(pipe: Any, measure: Callable[[int, bool], Any], seed: int, quick: bool) -> None:
    start = time.process_time()
    try:
        value: Any = json.loads(json.dumps(measure(seed, quick), default=_plain))
        pipe.send(("value", value, time.process_time() - start))
    except NotRun as exception:
        pipe.send(("not run", str(exception), time.process_time() - start))
    except BaseException as exception:
        said = f"seed {seed}: {type(exception).__name__}: {exception}"
        pipe.send(("failed", (said, traceback.format_exc()), time.process_time() - start))


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"measure() must return plain numbers, lists and dicts, not {type(value).__name__}")


def _start(context: Any, job: _Job) -> None:
    job.pipe, theirs = context.Pipe(duplex=False)
    job.process = context.Process(target=_work, args=(theirs, job.measure, job.seed, job.quick))
    job.process.start()
    theirs.close()


def _end(job: _Job) -> Tuple[str, Any, float]:
    """What a job sent; a process that died without a word has crashed."""
    try:
        answer = job.pipe.recv()
    except EOFError:
        job.process.join()
        said = f"seed {job.seed}: the process ended with exit code {job.process.exitcode}"
        answer = ("failed", (said, said), 0.0)
    job.process.join()
    job.pipe.close()
    return answer


def _all_done(jobs: List[_Job], processes: int) -> Iterable[Tuple[_Job, Tuple[str, Any, float]]]:
    """Runs jobs in this order, so many at once, each in a fresh process; yields them as they end."""
    context = multiprocessing.get_context("spawn")
    waiting, running = list(jobs), []
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                job = waiting.pop(0)
                _start(context, job)
                running.append(job)
            ready = multiprocessing.connection.wait([job.pipe for job in running])
            for job in [job for job in running if job.pipe in ready]:
                running.remove(job)
                yield job, _end(job)
    finally:
        for job in running:
            job.process.terminate()


def run_rows(
    rows: Sequence[Row], quick: bool = False, seeds: Optional[int] = None, processes: Optional[int] = None
) -> Iterable[Tuple[Row, Result]]:
    """Runs rows on the machine's cores, one process of one thread a seed; yields each as it is complete.

    Args:
        rows: which.
        quick: the short form.
        seeds: so many instead of the rows' own.
        processes: at once; the number of cores.
    """
    os.environ.update(_ONE_THREAD)  # children inherit it
    waiting: Dict[str, Row] = {row.name: row for row in rows}
    count = {row.name: seeds or (row.quick_seeds if quick else row.seeds) for row in rows}
    found: Dict[Key, Tuple[str, Any, float]] = {}
    jobs: Dict[Key, _Job] = {}
    for row in sorted(rows, key=lambda row: -row.minutes):
        for seed in range(1, count[row.name] + 1):
            jobs.setdefault((row.measure, seed), _Job(row.measure, seed, quick))
    for job, answer in _all_done(list(jobs.values()), processes or os.cpu_count() or 1):
        found[job.measure, job.seed] = answer
        for row in list(waiting.values()):
            keys = [(row.measure, seed) for seed in range(1, count[row.name] + 1)]
            if all(key in found for key in keys):
                del waiting[row.name]
                yield row, _result(row, [found[key] for key in keys], quick)


def _result(row: Row, answers: List[Tuple[str, Any, float]], quick: bool) -> Result:
    values = [value for kind, value, _ in answers if kind == "value"]
    failures = [value for kind, value, _ in answers if kind == "failed"]
    missing = [value for kind, value, _ in answers if kind == "not run"]
    if failures:
        # A claim about seeds is not judged on those that happened to end.
        result = Result("; ".join(said for said, _ in failures), FAILED, failures[0][1].strip().splitlines()[-1])
    elif missing:
        result = Result(missing[0], NOT_RUN)
    else:
        try:
            result = row.judge(values, quick)
        except Exception as exception:
            result = Result(f"judge: {type(exception).__name__}: {exception}", FAILED)
    if result.verdict == TOO_SHORT and not quick:
        result.verdict = NOT
    result.name, result.seeds, result.quick, result.values = row.name, len(answers), quick, values
    result.seconds = sum(seconds for _, _, seconds in answers)
    result.date = time.strftime("%Y-%m-%d")
    return result


# --- figures ---------------------------------------------------------------------------------------------------------


def save_figure(row: Row, result: Result, folder: Path) -> None:
    """Draws the row's figure into ``folder``, small enough for a repository. Without values there is none."""
    if row.draw is None or result.verdict in (FAILED, NOT_RUN):
        return
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    try:
        figure = row.draw(result.values, result.quick)
    except Exception as exception:  # the numbers stand without their picture
        result.note += f" (no figure: {type(exception).__name__}: {exception})"
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{row.name}.png"
    for dpi in (110, 80, 60, 40):
        figure.savefig(path, dpi=dpi, pil_kwargs={"optimize": True})
        if path.stat().st_size < LARGEST_FIGURE:
            break
    plt.close(figure)
    result.figure = path.name


# --- what was run, kept ----------------------------------------------------------------------------------------------


def keep(results: Dict[str, Result], result: Result) -> Dict[str, Result]:
    """The results with this one among them; that a row could not be run now does not undo that it was."""
    known = results.get(result.name)
    if result.verdict == NOT_RUN and known is not None and known.verdict != FAILED:
        return results
    return {**results, result.name: result}


def load_results(path: Path) -> Dict[str, Result]:
    """Results by name, as :func:`save_results` wrote them."""
    if not path.exists():
        return {}
    return {name: Result(**result) for name, result in json.loads(path.read_text()).items()}


def save_results(path: Path, results: Dict[str, Result]) -> None:
    """So that rows that are run one by one end up in one table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({name: asdict(result) for name, result in results.items()}))
    part.replace(path)


# --- tables ----------------------------------------------------------------------------------------------------------

COLUMNS = ("paper", "claim", "published", "ours: median (range)", "seeds", "verdict", "seconds")
_WIDTHS = (22, 40, 26, 34, 5, 18, 7)


def verdict_of(result: Optional[Result]) -> str:
    if result is None:
        return NOT_RUN
    if not result.quick or result.verdict == NOT_RUN:
        return result.verdict
    return ("agrees" if result.verdict == REPRODUCED else result.verdict) + " (quick)"


def cells(row: Row, result: Optional[Result]) -> Tuple[str, ...]:
    """The row's fields, as COLUMNS names them."""
    if result is None:
        return (row.paper, row.claim, row.published, "", "", NOT_RUN, "")
    if result.verdict == NOT_RUN:
        return (row.paper, row.claim, row.published, result.ours, "", NOT_RUN, "")
    seconds = f"{result.seconds:.0f}"
    return (row.paper, row.claim, row.published, result.ours, str(result.seeds), verdict_of(result), seconds)


def _wrapped(fields: Sequence[str]) -> str:
    import textwrap

    columns = [textwrap.wrap(text, width) or [""] for text, width in zip(fields, _WIDTHS)]
    lines = []
    for index in range(max(len(column) for column in columns)):
        parts = [column[index] if index < len(column) else "" for column in columns]
        lines.append("  ".join(part.ljust(width) for part, width in zip(parts, _WIDTHS)).rstrip())
    return "\n".join(lines)


def plain_head() -> str:
    """Head of the table in plain text."""
    return _wrapped(COLUMNS) + "\n" + "  ".join("-" * width for width in _WIDTHS)


def plain_row(row: Row, result: Optional[Result]) -> str:
    """A row of it."""
    return _wrapped(cells(row, result))


def markdown(rows: Sequence[Row], results: Dict[str, Result], figures: str = "reproduced", head: str = "") -> str:
    """The whole document: the table, then for each row its tolerance, notes and figure.

    Args:
        figures: folder of the figures, as seen from the document.
        head: what stands above the table.
    """

    def escaped(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    lines = [head.rstrip(), ""] if head else []
    lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(escaped(text) for text in cells(row, results.get(row.name))) + " |" for row in rows]
    for row in rows:
        result = results.get(row.name)
        lines += ["", f"## {row.paper}: {row.claim}", ""]
        lines += [f"`{row.name}`. Published: {row.published}. Reproduced means: {row.tolerance}."]
        if result is None:
            lines += ["", NOT_RUN.capitalize() + "." + _after(row.note)]
            continue
        if result.verdict == NOT_RUN:
            lines += ["", f"{NOT_RUN.capitalize()}: {result.ours}." + _after(row.note)]
            continue
        found = f"Ours: {result.ours}: **{verdict_of(result)}** ({result.date})."
        lines += ["", found + _after(row.note) + _after(result.note)]
        if result.figure:
            lines += ["", f"![{row.claim}]({figures}/{result.figure})"]
    return "\n".join(lines) + "\n"


def _after(note: str) -> str:
    return f" {note}" if note else ""
