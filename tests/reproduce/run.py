"""Runs the rows of `make reproduce`: run.py [names] [--quick] [--seeds N] [--build FOLDER] [--list]

Names are of rows ("nnbrain.loss"), papers ("nnbrain") or shell patterns; without any, all rows run. The table is
printed as rows finish. What has ever been run is kept in the build folder, so that rows can be run one by one; of it
docs/reproduced.md and the figures in docs/reproduced/ are written. A quick run writes the same into the build folder
instead."""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import sys
import time
from pathlib import Path

import harness

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
)

HEAD = """# Published results, reproduced

`make reproduce` writes this page: a row for each claim, what was published, and what this library gives, median and
range over seeds. The tolerance of each row is in tests/reproduce/, and was there before the run. Settings that a paper
does not give, such as learning rates of Adam, were found on the first few seeds, which are among those of the table.
Seconds are of CPU time, of all seeds together."""
QUICK_HEAD = """# Published results, the short form

Of `QUICK=1 make reproduce`: few seeds, some runs shorter. It shows that the rows work, not that the claims hold."""


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


def write(rows, results, quick, build):
    """The document, as far as it is known."""
    page = build / "reproduced.md" if quick else ROOT / "docs" / "reproduced.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    figures = "quick" if quick else "reproduced"
    page.write_text(harness.markdown(rows, results, figures, QUICK_HEAD if quick else HEAD))
    return page


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="rows, papers or patterns")
    parser.add_argument("--quick", action="store_true", help="few seeds, shorter runs; the verdicts say so")
    parser.add_argument("--seeds", type=int, help="so many, instead of the rows' own")
    parser.add_argument("--processes", type=int, help="at once; one a core")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "reproduce", help="where results are kept")
    parser.add_argument("--list", action="store_true", help="only say which rows there are")
    parser.add_argument("--write", action="store_true", help="only write the document, of what is kept")
    return parser.parse_args()


def main():
    """Returns 1 when a row failed; a claim that is not reproduced is a result, not a failure."""
    options = parsed()
    rows = all_rows()
    run = chosen(rows, options.names) if options.names else rows
    if options.list:
        print("\n".join(f"{row.name:<32} {row.paper}: {row.claim}" for row in run))
        return 0
    kept = options.build / ("quick.json" if options.quick else "results.json")
    figures = options.build / "quick" if options.quick else ROOT / "docs" / "reproduced"
    results = harness.load_results(kept)
    start, failed = time.monotonic(), 0
    if not options.write:
        print(harness.plain_head(), flush=True)
        for row, result in harness.run_rows(run, options.quick, options.seeds, options.processes):
            harness.save_figure(row, result, figures)
            print(harness.plain_row(row, result), flush=True)
            results = harness.keep(harness.load_results(kept), result)  # another run may have written meanwhile
            failed += result.verdict == harness.FAILED
            harness.save_results(kept, results)
            write(rows, results, options.quick, options.build)
    page = write(rows, results, options.quick, options.build)
    print(f"\n{time.monotonic() - start:.0f} s; {page}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
