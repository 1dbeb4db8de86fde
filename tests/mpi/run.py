"""Training over MPI, as users start it: the same file for 1, 2 and 4 processes, and after some were killed.

Usage: run.py PROGRAM [--kills N] [--seed S] [--python PYTHON]

PROGRAM is examples/mpi_train.c, compiled. Files are compared byte by byte: weights, moments, history. Each kill is one of SIGKILL
to a random process at a random moment; half of the time mpirun ends the others, which is its habit, and half of the time it is
told to leave them alone (--enable-recovery), so that they have to notice by themselves, within PATIENCE seconds. Then all begin
anew from the checkpoint, with another number of processes. With --python, examples/mpi_train.py is run too (it needs mpi4py).
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE, LONG = 2, 300  # s that a process waits for another one: where one is killed, and else
UPDATES = 120
FILE = "training.safetensors"
SAID = ("has not answered", "MPI reports a failure", "rank ")


def mpirun(ranks, *options):
    """How to start so many processes, on however few cores."""
    as_root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return ["mpirun", *as_root, "--oversubscribe", *options, "-n", str(ranks)]


def train(command, ranks, folder, updates=UPDATES):
    """Runs to the end; what the file holds then."""
    done = subprocess.run(
        [*mpirun(ranks), *command(updates, LONG)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
    )
    if done.returncode != 0:
        sys.exit(f"{ranks} processes failed: {done.stdout.decode(errors='replace')}")
    return (folder / FILE).read_bytes()


def new(place, name):
    folder = place / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def compare(command, place):
    """The same bytes however many processes there are, and when their number changes half way."""
    started = time.monotonic()
    expected = train(command, 1, new(place, "one"))
    seconds = time.monotonic() - started
    for ranks in (2, 4):
        if train(command, ranks, new(place, "more")) != expected:
            sys.exit(f"{ranks} processes have made another file than one")
    folder = new(place, "changed")
    for ranks, updates in ((4, UPDATES // 3), (1, 2 * UPDATES // 3), (2, UPDATES)):
        found = train(command, ranks, folder, updates)
    if found != expected:
        sys.exit("4, then 1, then 2 processes have made another file than one")
    return expected, seconds


def children(process):
    """Processes that mpirun has started on this machine."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], stdout=subprocess.PIPE)
    return [int(word) for word in listed.stdout.split()]


def kill_one(command, place, expected, seconds, alone, chance):
    """Kills one process of two or four; the others end, and what is begun anew ends as if nothing had been. 1: it was at work."""
    folder = new(place, "killed")
    ranks = chance.choice((2, 4))
    options = ("--enable-recovery",) if alone else ()
    with open(folder / "output.txt", "wb") as output:
        process = subprocess.Popen([*mpirun(ranks, *options), *command(UPDATES, PATIENCE)], cwd=folder, stdout=output, stderr=output)
        while alone and process.poll() is None and not (folder / FILE).exists():
            time.sleep(0.01)  # who dies within MPI_Init() leaves the others there for ever: MPI's matter, not ours
        time.sleep(chance.random() * seconds)
        victims = children(process)
        if victims:
            os.kill(chance.choice(victims), signal.SIGKILL)
        killed = time.monotonic()
        try:
            process.wait(PATIENCE + 20)
        except subprocess.TimeoutExpired:
            process.kill()
            said = (folder / "output.txt").read_text(errors="replace")
            if f"{UPDATES} updates by" not in said:  # else they wait in MPI_Finalize()
                sys.exit(f"the others have not ended: {said}")
    took = time.monotonic() - killed
    said = (folder / "output.txt").read_text(errors="replace")
    at_work = f"{UPDATES} updates by" not in said
    noticed = any(words in said for words in SAID)
    if at_work and alone and not noticed:
        sys.exit(f"the others did not say why they ended: {said}")
    if train(command, chance.choice((1, 2, 4)), folder) != expected:
        sys.exit("begun anew after a process was killed: another file")
    return at_work, took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--python", default=None)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    program = given.program.resolve()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)

        def in_c(updates, patience):
            return [str(program), str(updates), str(patience)]

        expected, seconds = compare(in_c, place)
        print("  ok      1, 2, 4 processes, and changed half way: the same file", flush=True)
        killed, longest = 0, 0.0
        for k in range(given.kills):
            at_work, took = kill_one(in_c, place, expected, seconds, k % 2, chance)
            killed, longest = killed + at_work, max(longest, took)
        print(
            f"  ok      {given.kills} times SIGKILL (seed {given.seed}), {killed} of them at work: the others ended within "
            f"{longest:.1f} s, the same file in the end"
        )
        if given.python:
            compare(lambda updates, _: [given.python, str(ROOT / "examples/mpi_train.py"), ".", str(updates)], place)
            print("  ok      the same in Python")


if __name__ == "__main__":
    main()
