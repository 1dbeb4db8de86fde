"""Measures for the tests of the harness: cheap to import, as each run of one is a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

from harness import NotRun


def three_times(seed, quick):
    return {"value": 3 * seed + quick}


def raises(seed, quick):
    if seed == 2:
        raise ArithmeticError("no such number")
    return 1


def dies(seed, quick):
    os._exit(7)


def lacks(seed, quick):
    raise NotRun("no data: bring some")


def counted(seed, quick):
    """Leaves a file for each time it was run."""
    folder = Path(os.environ["REPRODUCE_TEST"])
    (folder / f"{seed}.{len(list(folder.glob(f'{seed}.*')))}").touch()
    if (folder / f"fail {seed}").exists():
        raise ArithmeticError("as told")
    return {"value": seed}
