"""Runs the rows of `make reproduce`: run.py [names] [--quick] [--jobs N] [--seeds N] [--build FOLDER] [--list]

Names are of rows ("nnbrain.loss"), papers ("nnbrain") or shell patterns; without any, all rows run. The table is
printed as rows finish, and how long is left stands below it. Each seed of each row is kept in the build folder as it
ends, so a run that was stopped goes on where it was, and rows can be run a few at a time. Of what is kept
build/reproduce/reproduced.md is written; once all rows are there, docs/reproduced.md, its figures, and the sentence in
README.md and CHANGELOG.md that counts the verdicts."""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import re
import shutil
import signal
import sys
import textwrap
import time
from pathlib import Path

import page
import running
from harness import FAILED, NOT_RUN
from kept import Kept

ROOT = Path(__file__).resolve().parents[2]
#: In the order of the table.
PAPERS = (
    "nnbrain",
    "song2016",
    "yang2019",
    "achterberg2023",
    "goudar2023",
    "kuan2024",
    "murray2019",
    "local_rules",
    "lillicrap2016",
    "nokland2016",
    "akrout2019",
    "force",
    "miconi2017",
    "dale",
    "liu2024",
    "masse2019",
    "sacramento2018",
    "whittington2017",
    "scellier2017",
    "brunel2000",
    "amit_brunel1997",
    "wang2002",
    "potjans_diesmann2014",
    "bellec2020",
)

HEAD = """# Published results, repeated

`make reproduce` writes this page: a row for each claim, what it is compared with, and what this library gives, median
and range over seeds. The verdict follows from what a row is compared with:

- **published**, a number, figure or statement that the authors printed, also as the output of their notebook or
  program; and **authors' program**, which was read or run: reproduced, close, or not reproduced;
- **another program**, which shares nothing with this library and which we wrote from the paper: agrees, nearly agrees,
  or disagrees;
- **ours**, without any reference: holds, nearly holds, or does not hold.

The tolerance of each row is in tests/reproduce/, and was there before the run. Settings that a paper does not give,
such as learning rates of Adam, were found on the first few seeds, which are among those of the table. Seconds are of
CPU time, of all seeds together."""
QUICK_HEAD = """# Published results, the short form

Of `QUICK=1 make reproduce`: few seeds, some runs shorter. It shows that the rows work, not that the claims hold."""

#: The sentence of page.summary(), as it may stand broken into lines.
SENTENCE = re.compile(r"Of \d+\s+claims,[^.]*\([^)]*\),[^.]*\([^)]*\),[^.]*\([^)]*\)\.")


def all_rows():
    """Rows of all papers. A file that is not there has none."""
    rows = []
    for paper in PAPERS:
        if (Path(__file__).parent / f"{paper}.py").exists():
            rows += importlib.import_module(paper).ROWS
    return rows


def chosen(rows, names):
    """Rows that some name fits; complains about a name that fits none."""
    found = []
    for name in names:
        fits = [row for row in rows if fnmatch.fnmatch(row.name, name) or row.name.split(".")[0] == name]
        if not fits:
            sys.exit(f"no row is called '{name}'; there are {', '.join(row.name for row in rows)}")
        found += [row for row in fits if row not in found]
    return found


def results_of(rows, store, quick, figures):
    """By name, of all that is kept, with their figures."""
    found = {row.name: running.result_of(row, store, quick) for row in rows}
    found = {name: result for name, result in found.items() if result is not None}
    for row in rows:
        if row.name in found:
            page.save_figure(row, found[row.name], figures)
    return found


def unready(rows, results):
    """Names of rows without which docs/reproduced.md is not written."""
    return [row.name for row in rows if row.name not in results or results[row.name].level in (FAILED, NOT_RUN)]


def say_so(text, sentence):
    """A list item's text with its sentence that counts the verdicts, which begins a line, brought up to date."""
    lines = textwrap.fill(sentence, 132, initial_indent="  ", subsequent_indent="  ").lstrip()
    return SENTENCE.sub(lambda old: lines, text, count=1)


def write(rows, store, quick, build):
    """The page of what is kept; docs/ too where that is everything.

    Returns the path, the rows that are missing, and those that another library or another program of the row made.
    """
    figures = build / ("quick" if quick else "reproduced")
    results = results_of(rows, store, quick, figures)
    path = build / ("quick.md" if quick else "reproduced.md")
    path.write_text(page.markdown(rows, results, figures.name, QUICK_HEAD if quick else HEAD), encoding="utf-8")
    missing = unready(rows, results)
    stale = [name for name, result in results.items() if not result.current and name not in missing]
    if quick or missing:
        return path, missing, stale
    docs = ROOT / "docs"
    shutil.rmtree(docs / "reproduced", ignore_errors=True)
    (docs / "reproduced").mkdir()
    for name in sorted(result.figure for result in results.values() if result.figure):
        shutil.copy(figures / name, docs / "reproduced" / name)
    shutil.copy(path, docs / "reproduced.md")
    for other in (ROOT / "README.md", ROOT / "CHANGELOG.md"):
        text = other.read_text(encoding="utf-8")
        other.write_text(say_so(text, page.summary(rows, results)), encoding="utf-8")
    return docs / "reproduced.md", missing, stale


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="rows, papers or patterns")
    parser.add_argument("--quick", action="store_true", help="few seeds, shorter runs; the verdicts say so")
    parser.add_argument("--seeds", type=int, help="so many, instead of the rows' own")
    parser.add_argument("--jobs", type=int, help="processes at once; one a core")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "reproduce", help="where results are kept")
    parser.add_argument("--list", action="store_true", help="only say which rows there are")
    parser.add_argument("--write", action="store_true", help="only write the page, of what is kept")
    return parser.parse_args()


def main():
    """Returns 1 when a row failed; a claim that is not met is a result, not a failure."""
    options = parsed()
    rows = all_rows()
    run = chosen(rows, options.names) if options.names else rows
    if options.list:
        print("\n".join(f"{row.name:<32} {row.compared_with:<17} {row.paper}: {row.claim}" for row in run))
        return 0
    options.build.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be stopped is like Ctrl-C: no process goes on
    store = Kept(options.build)
    start, failed, stopped = time.monotonic(), [], False
    if not options.write:
        print(page.plain_head(), flush=True)
        try:
            for row, result, progress in running.run_rows(
                run, store, options.quick, options.seeds, options.jobs, show=True
            ):
                progress.write(page.plain_row(row, result))
                failed += [row.name] if result.level == FAILED else []
        except KeyboardInterrupt:
            stopped = True
    path, missing, stale = write(rows, store, options.quick, options.build)
    print(f"\n{time.monotonic() - start:.0f} s; {path}")
    if failed:
        print(f"failed: {', '.join(failed)}")
    if missing and not options.quick:
        print(f"docs/reproduced.md waits for {len(missing)} rows: {', '.join(missing)}")
    if stale:
        print(f"made before something changed: {', '.join(stale)}")
    if stopped:
        print("stopped; the same command goes on from here")
    return 130 if stopped else 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
