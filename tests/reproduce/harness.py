"""The rows of `make reproduce`: what a row is, what it is compared with, and which verdicts it may have.

A row is one claim of one paper. Files <paper>.py of this folder each have a list ``ROWS``; run.py finds them. To add
one::

    from harness import CLOSE, MET, NOT, PUBLISHED, Result, Row, spread

    def measure(seed, quick):                    # top level: it runs in a process of its own, with one thread
        ...                                      # compose, train, evaluate: no printing, progress=False, threads=1
        return {"correct": 0.84, "curve": [...]} # what this seed gave: plain numbers, lists, dicts (it goes to JSON)

    def judge(values, quick):                    # the values of all seeds that ended, in the order of the seeds
        correct = [value["correct"] for value in values]
        level = MET if median(correct) >= 0.83 else CLOSE if median(correct) >= 0.80 else NOT
        return Result(ours=spread(correct, "{:.3f}"), level=level, note="")

    def draw(values, quick):                     # optional: a matplotlib figure (backend Agg is set)
        ...
        return figure

    ROWS = [Row(name="paper2020.claim", paper="Author et al. 2020", claim="...", compared_with=PUBLISHED,
                reference="0.848", source="the printout of the authors' notebook",
                tolerance="median >= 0.83; close: >= 0.80", measure=measure, judge=judge, draw=draw,
                seeds=5, quick_seeds=1, minutes=2)]

The tolerance is written before the run, and judge() must do what it says. judge() returns how far the claim was met;
the word on the page follows from that and from what the row is compared with (VERDICTS), so that nothing counts as
reproduced without the authors' own numbers, figures, statements or program. ``quick`` is the short form: fewer seeds
and, where measure() heeds it, shorter runs. The verdicts of a quick run are marked, and go to the build folder, never
to docs/. Where a quick run is too short for the claim to be met, judge() returns the level TOO_SHORT with what was seen
in ``ours``. An exception (or crash) in one seed makes the row "failed", with the reason; it is not hidden. Where data
are missing that a user has to bring, measure() raises NotRun with a sentence that says which, and the row is "not run".

A row with several numbers: make several rows that share a measure(); a measure that is shared, the same function with
the same ``seeds``, is run once for all of them.

kept.py keeps what measure() returned, and runs nothing twice; running.py runs; page.py writes tables and figures.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, List, Optional, Sequence, Tuple

# --- what a row is compared with -------------------------------------------------------------------------------------

#: A number, a figure or a statement that the authors printed, also as the output of their notebook or program.
PUBLISHED = "published"
#: The authors' program, which somebody read or ran.
AUTHORS = "authors' program"
#: A program of ours that shares nothing with this library, written from the paper.
ANOTHER = "another program"
#: No reference: what we expect ourselves.
OURS = "ours"
KINDS = (PUBLISHED, AUTHORS, ANOTHER, OURS)
#: With a reference from outside: only these can be reproduced.
OUTSIDE = (PUBLISHED, AUTHORS)

# --- how far a claim was met, and the verdict ------------------------------------------------------------------------

MET = "met"
CLOSE = "close"
NOT = "not met"
LEVELS = (MET, CLOSE, NOT)
#: Only of a quick run: it ended before the claim could be met or missed.
TOO_SHORT = "too short to tell"
#: Set by the harness alone.
FAILED = "failed"
NOT_RUN = "not run"

_REPRODUCED = {MET: "reproduced", CLOSE: "close", NOT: "not reproduced"}
#: By what a row is compared with.
VERDICTS = {
    PUBLISHED: _REPRODUCED,
    AUTHORS: _REPRODUCED,
    ANOTHER: {MET: "agrees", CLOSE: "nearly agrees", NOT: "disagrees"},
    OURS: {MET: "holds", CLOSE: "nearly holds", NOT: "does not hold"},
}


class NotRun(Exception):
    """Raised by measure() when something is missing that a user has to bring; says what, without a full stop."""


@dataclass(frozen=True)
class Row:
    """One claim. See the top of this file."""

    #: "<paper>.<claim>", also the name of its figure.
    name: str
    paper: str
    claim: str
    #: One of KINDS.
    compared_with: str
    #: What "met" and "close" mean, said before the run.
    tolerance: str
    #: (seed, quick) -> what this seed gave; must be at the top level of its module.
    measure: Callable[[int, bool], Any]
    #: (values of all seeds, quick) -> Result
    judge: Callable[[List[Any], bool], "Result"]
    #: What the authors or the other program have. None with OURS.
    reference: str = ""
    #: Where that stands. None with OURS.
    source: str = ""
    #: (values, quick) -> figure; None: no figure.
    draw: Optional[Callable[[List[Any], bool], Any]] = None
    #: Seeds 1 .. seeds.
    seeds: int = 1
    quick_seeds: int = 1
    #: Of one seed, about, on one core; what takes longest starts first.
    minutes: float = 1.0
    #: How the set-up differs from the published one; "" where it does not.
    note: str = ""

    def __post_init__(self) -> None:
        if self.compared_with not in KINDS:
            raise ValueError(f"{self.name}: compared_with is '{self.compared_with}', must be one of {', '.join(KINDS)}")
        if self.compared_with == OURS and (self.reference or self.source):
            raise ValueError(f"{self.name}: a row compared with '{OURS}' has neither reference nor source")
        if self.compared_with != OURS and not (self.reference and self.source):
            raise ValueError(f"{self.name}: compared with '{self.compared_with}', it needs a reference and its source")


@dataclass
class Result:
    """What judge() returns; the harness fills the rest."""

    #: Ours in words and numbers: ``spread()`` makes "median (lowest - highest)".
    ours: str
    #: MET, CLOSE, NOT, or TOO_SHORT in a quick run.
    level: str
    note: str = ""
    # Filled by the harness:
    name: str = ""
    seeds: int = 0
    #: CPU time of all seeds together.
    seconds: float = 0.0
    quick: bool = False
    date: str = ""
    #: Which builds of the library the values are from.
    made_by: List[str] = field(default_factory=list)
    #: Whether they are from this library and from the row's program as it is now.
    current: bool = True
    figure: str = ""
    #: The values of measure(), by seed.
    values: List[Any] = field(default_factory=list)


def verdict_of(row: Row, result: Optional[Result]) -> str:
    """The word for it. It follows from the level and from what the row is compared with, and from nothing else."""
    if result is None:
        return NOT_RUN
    if result.level not in LEVELS and result.level not in (TOO_SHORT, FAILED, NOT_RUN):
        raise ValueError(f"{row.name}: its level is '{result.level}', which is none")
    if result.level in (NOT_RUN, FAILED):
        return result.level
    if result.quick:
        return f"{result.level} (quick)"
    return VERDICTS[row.compared_with][NOT if result.level == TOO_SHORT else result.level]


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


def grade(value: float, met: Tuple[float, float], close: Tuple[float, float]) -> str:
    """MET, CLOSE or NOT, by two closed intervals; NaN is NOT."""
    if met[0] <= value <= met[1]:
        return MET
    return CLOSE if close[0] <= value <= close[1] else NOT


def worst(*levels: str) -> str:
    """The lowest of these."""
    return max(levels, key=LEVELS.index)
