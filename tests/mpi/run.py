"""Training and simulation over MPI, as users start them: the same files for 1, 2 and 4 processes, and after some were killed.

Usage: run.py PROGRAM SPIKES [--kills N] [--seed S] [--python PYTHON]

PROGRAM is examples/mpi_train.c, compiled, and SPIKES examples/mpi_spikes.c. Files are compared byte by byte: weights, moments, history. Each kill is one of SIGKILL
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


def simulate(command, ranks, folder):
    """The spikes of all neurons, and the most bytes that a process has."""
    done = subprocess.run([*mpirun(ranks), *command], cwd=folder, stdout=subprocess.PIPE, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{ranks} processes failed to simulate")
    megabytes = [float(line.split(" MB")[0].split()[-1]) for line in done.stdout.decode().splitlines()]
    if len(megabytes) != ranks:
        sys.exit(f"of {ranks} processes {len(megabytes)} came to the end")
    return (folder / "spikes").read_bytes(), max(megabytes)


def compare_spikes(program, place):
    """The same spikes however many processes there are, each of which has its share of the synapses."""
    command = [str(program), "spikes", "12500"]
    expected, whole = simulate(command, 1, new(place, "spikes1"))
    for ranks in (2, 3):
        found, part = simulate(command, ranks, new(place, f"spikes{ranks}"))
        if found != expected:
            sys.exit(f"{ranks} processes have simulated other spikes than one")
        if part > 1.3 * whole / ranks:
            sys.exit(f"one of {ranks} processes has {part} MB, one alone {whole} MB")
    print(f"  ok      1, 2 and 3 processes: the same {len(expected) // 16} spikes", flush=True)


def compare_columns(python, place):
    """The same of a circuit in Python, whose delays and weights are drawn: every process says the same."""
    said = set()
    for ranks in (1, 2, 4):
        command = [*mpirun(ranks), python, str(ROOT / "tests/mpi/column.py")]
        done = subprocess.run(command, cwd=place, stdout=subprocess.PIPE, timeout=600)
        lines = done.stdout.decode().splitlines()
        if done.returncode != 0 or len(lines) != ranks:
            sys.exit(f"{ranks} processes failed to simulate the column")
        said.update(lines)
    if len(said) != 1:
        sys.exit(f"1, 2 and 4 processes have simulated other columns: {said}")
    print(f"  ok      1, 2 and 4 processes: the same column in Python, {said.pop().split(',')[0]}", flush=True)


def lose_one(program, place):
    """A process that dies while others simulate: they say so within their patience, and end."""
    folder = new(place, "lost")
    with open(folder / "output.txt", "wb") as output:
        process = subprocess.Popen(
            [*mpirun(2, "--enable-recovery"), str(program), "spikes", "20000", str(PATIENCE)], cwd=folder, stdout=output, stderr=output
        )
        while process.poll() is None and not (folder / "spikes").exists():
            time.sleep(0.01)
        victims = children(process)
        if victims:
            os.kill(victims[-1], signal.SIGKILL)
        process.wait(PATIENCE + 20)
    said = (folder / "output.txt").read_text(errors="replace")
    if not any(words in said for words in SAID):
        sys.exit(f"a process was killed, and the other one said nothing of it: {said}")
    print("  ok      a process is killed while another one simulates with it, which says so", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("spikes", type=Path)
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

        compare_spikes(given.spikes.resolve(), place)
        lose_one(given.spikes.resolve(), place)
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
            print("  ok      the same in Python", flush=True)
            compare_columns(given.python, place)


if __name__ == "__main__":
    main()
