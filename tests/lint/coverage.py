"""What the C tests, and the fuzzer's corpus, reach of lib/: lines and branches, room by room.

Usage: coverage.py FOLDER   after they ran in an instrumented build in FOLDER (make coverage). GCOV: the program to use.

Writes FOLDER/unreached.txt, which names each line and branch that no test takes, and fails where a room has less than it has to
(LINES, BRANCHES: per cent).

A branch is a way on from a line: each side of an `if`, `?:`, `&&`, a loop. Ways on from an assert do not count, as the one
that fails has no test. All others count, those of memory that runs out too: tests let every allocation fail.
"""

import json
import os
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GCOV = shlex.split(os.environ.get("GCOV", "gcov"))
LINES = 95
BRANCHES = {"base": 97, "file": 97, "train": 97}


def reports(folder):
    """What gcov says of each object of a folder, whether it ran or not."""
    for notes in sorted(folder.rglob("*.gcno")):
        command = [*GCOV, "--json-format", "--stdout", "--branch-probabilities", notes.name]
        done = subprocess.run(command, cwd=notes.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{shlex.join(command)}\n{done.stderr}")
        for line in done.stdout.splitlines():
            yield json.loads(line)


def path_in_lib(name, directory):
    """A source file's path from the root, when it is in lib/."""
    path = Path(os.path.normpath(os.path.join(directory, name)))
    path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(name)
    return path.as_posix() if path.parts[0] == "lib" else None


def gather(folder):
    """How often each line ran and each branch was taken: two dicts, by (path, line) and (path, line, branch)."""
    lines, branches = defaultdict(int), defaultdict(int)
    for report in reports(folder):
        for file in report["files"]:
            path = path_in_lib(file["file"], report["current_working_directory"])
            if not path:
                continue
            source = (ROOT / path).read_text(encoding="utf-8").splitlines()
            for line in file["lines"]:
                number = line["line_number"]
                lines[path, number] += line["count"]
                if "assert(" in source[number - 1]:
                    continue
                for index, branch in enumerate(line["branches"]):
                    branches[path, number, index] += branch["count"]
    return lines, branches


def share(counts):
    """(per cent reached, how many there are) of some counts."""
    return (100 * sum(1 for count in counts if count) / len(counts) if counts else 100.0), len(counts)


def unreached(lines, branches):
    """A line of text for each line that never ran, and for each that did with a way on that was never taken."""
    ways = defaultdict(list)
    for (path, number, _), count in branches.items():
        ways[path, number].append(count)
    for (path, number), count in sorted(lines.items()):
        missed = sum(1 for way in ways[path, number] if not way)
        if not count:
            yield f"{path}:{number}: never ran"
        elif missed:
            yield f"{path}:{number}: {missed} of {len(ways[path, number])} ways on never taken"


def main(folder):
    folder = Path(folder).resolve()
    lines, branches = gather(folder / "static")
    if not lines:
        sys.exit(f"{folder} has no numbers: make coverage")
    (folder / "unreached.txt").write_text("\n".join([*unreached(lines, branches), ""]), encoding="utf-8")
    rooms = sorted({path.split("/")[1] for path, _ in lines})
    faults = []
    for room in [*rooms, ""]:
        where = f"lib/{room}/" if room else "lib/"
        shares = [share([count for key, count in counts.items() if key[0].startswith(where)]) for counts in (lines, branches)]
        text = "".join(f"  {percent:5.1f} % of {n:5d} {what}" for (percent, n), what in zip(shares, ("lines", "branches")))
        print(f"  {where:16}{text}")
        for (percent, _), least, what in zip(shares, (LINES, BRANCHES.get(room, 0)), ("lines", "branches")):
            if percent < least:
                faults.append(f"  FAILED  {where}: {percent:.1f} % of {what}, at least {least} %")
    print(f"  what was not reached: {folder / 'unreached.txt'}")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main(*sys.argv[1:])
