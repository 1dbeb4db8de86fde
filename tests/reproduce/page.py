"""What `make reproduce` shows: figures, the table in the terminal, and docs/reproduced.md."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from harness import ANOTHER, FAILED, LEVELS, MET, NOT_RUN, OURS, OUTSIDE, VERDICTS, Result, Row, verdict_of

#: A figure may be this large, bytes.
LARGEST_FIGURE = 100_000


# --- figures ---------------------------------------------------------------------------------------------------------


def save_figure(row: Row, result: Result, folder: Path) -> None:
    """Draws the row's figure into ``folder``, small enough for a repository. Without values there is none."""
    if row.draw is None or result.level in (FAILED, NOT_RUN):
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


# --- tables ----------------------------------------------------------------------------------------------------------

COLUMNS = ("paper", "claim", "compared with", "reference", "ours: median (range)", "seeds", "verdict", "seconds")
_WIDTHS = (20, 36, 13, 24, 32, 5, 15, 7)


def cells(row: Row, result: Optional[Result]) -> Tuple[str, ...]:
    """The row's fields, as COLUMNS names them."""
    head = (row.paper, row.claim, row.compared_with, row.reference or "none")
    if result is None:
        return (*head, "", "", NOT_RUN, "")
    if result.level == NOT_RUN:
        return (*head, result.ours, "", NOT_RUN, "")
    return (*head, result.ours, str(result.seeds), verdict_of(row, result), f"{result.seconds:.0f}")


def _wrapped(fields: Sequence[str]) -> str:
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


# --- the summary -----------------------------------------------------------------------------------------------------


def counts(rows: Sequence[Row], results: Dict[str, Result]) -> Dict[str, Dict[str, int]]:
    """How many rows have each verdict: those with a reference from outside, those beside another program, ours."""
    groups = {"outside": OUTSIDE, "another": (ANOTHER,), "ours": (OURS,)}
    found: Dict[str, Dict[str, int]] = {}
    for group, kinds in groups.items():
        found[group] = {VERDICTS[kinds[0]][level]: 0 for level in LEVELS}
        for row in rows:
            if row.compared_with in kinds:
                verdict = verdict_of(row, results.get(row.name))
                found[group][verdict] = found[group].get(verdict, 0) + 1
    return found


def summary(rows: Sequence[Row], results: Dict[str, Result]) -> str:
    """One sentence; README.md and CHANGELOG.md have it too."""
    found = counts(rows, results)
    each = {group: ", ".join(f"{verdict} {n}" for verdict, n in part.items()) for group, part in found.items()}
    total = {group: sum(part.values()) for group, part in found.items()}
    return (
        f"Of {len(rows)} claims, {total['outside']} are compared with what the authors printed or with their program "
        f"({each['outside']}), {total['another']} with another program, which we wrote from the paper "
        f"({each['another']}), and {total['ours']} have no reference but our own expectation ({each['ours']})."
    )


# --- the document ----------------------------------------------------------------------------------------------------


def _section(row: Row, result: Optional[Result], figures: str) -> List[str]:
    met = VERDICTS[row.compared_with][MET]
    against = f"Compared with: {row.compared_with}"
    against += f", {row.reference} ({row.source})." if row.reference else ", no reference."
    lines = ["", f"## {row.paper}: {row.claim}", ""]
    lines += [f"`{row.name}`. {against} {met[0].upper()}{met[1:]} means: {row.tolerance}."]
    if result is None:
        return lines + ["", NOT_RUN.capitalize() + "." + _after(row.note)]
    if result.level == NOT_RUN:
        return lines + ["", f"{NOT_RUN.capitalize()}: {result.ours}." + _after(row.note)]
    by = "".join(f", by {made_by}" for made_by in result.made_by)
    found = f"Ours: {result.ours}: **{verdict_of(row, result)}** ({result.date}{by})."
    lines += ["", found + _after(row.note) + _after(result.note)]
    if result.figure:
        lines += ["", f"![{row.claim}]({figures}/{result.figure})"]
    return lines


def _after(note: str) -> str:
    return f" {note}" if note else ""


def markdown(rows: Sequence[Row], results: Dict[str, Result], figures: str = "reproduced", head: str = "") -> str:
    """The whole document: the summary, the table, then for each row its tolerance, notes and figure.

    Args:
        figures: folder of the figures, as seen from the document.
        head: what stands above the table.
    """

    def escaped(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    lines = [head.rstrip(), ""] if head else []
    lines += [summary(rows, results), ""]
    lines += ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(escaped(text) for text in cells(row, results.get(row.name))) + " |" for row in rows]
    for row in rows:
        lines += _section(row, results.get(row.name), figures)
    return "\n".join(lines) + "\n"
